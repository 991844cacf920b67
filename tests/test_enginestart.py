"""While an engine starts: what the user is told, and that a wait for other machines ends. No engine is started."""

import asyncio
import contextlib
import io
import logging
import os
import signal
import time
from pathlib import Path

import pytest

from selfalign.engine import start
from selfalign.engine.log import EngineLog
from selfalign.engine.spec import EngineSpec
from selfalign.engine.start import Progress, interrupts_heard, machines_awaited, sigterm_as_interrupt
from selfalign.errors import EngineStartError

# As vLLM writes it, on a GPU.
LOG = """\
(EngineCore pid=7) INFO 11-24 10:00:01 [core.py:133] Initializing a V1 LLM engine (v0.32.0) with config: ...
(EngineCore pid=7) INFO 11-24 10:00:03 [gpu_model_runner.py:5040] Starting to load model some/model...
(EngineCore pid=7) INFO 11-24 10:00:40 [default_loader.py:501] Loading weights took 31.20 seconds
(EngineCore pid=7) INFO 11-24 10:00:50 [backends.py:1166] Dynamo bytecode transform time: 4.11 s
(EngineCore pid=7) INFO 11-24 10:01:30 [monitor.py:62] torch.compile takes 33.07 s in total
"""
BAR = "Capturing CUDA graphs (decode, FULL):  10%|#  | 3/35\rCapturing CUDA graphs (decode, FULL):  20%|## | 7/35\r"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VLLM_LOGGING_LEVEL", raising=False)
    monkeypatch.setattr(start, "LOOKS_EVERY", 0.01)


def wait_for(stream: io.StringIO, text: str) -> None:
    deadline = time.monotonic() + 10
    while text not in stream.getvalue():
        assert time.monotonic() < deadline, stream.getvalue()
        time.sleep(0.01)


def test_every_step_is_said_once_as_it_begins(tmp_path: Path) -> None:
    stream = io.StringIO()
    with EngineLog() as log, Progress(stream) as progress:
        with log.taking_over(), progress.following(log, EngineSpec(str(tmp_path))):
            for line in (*LOG.splitlines(keepends=True), BAR):
                os.write(2, line.encode())
            wait_for(stream, "capturing")
        progress.say_ready()
    assert stream.getvalue().splitlines() == [
        "engine: loading the weights",
        "engine: compiling for this device",
        "engine: capturing CUDA graphs",
        "engine: ready after 0 s",
    ]


def test_a_download_is_said_with_its_size_and_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    on_disk = iter(range(10**9, 10**13, 10**9))
    monkeypatch.setattr(start, "SAYS_EVERY", 0.02)
    monkeypatch.setattr(start, "bytes_to_download", lambda *_: 15_200_000_000)
    monkeypatch.setattr(start, "bytes_on_disk", lambda _: next(on_disk))
    stream = io.StringIO()
    with EngineLog() as log, Progress(stream) as progress, progress.following(log, EngineSpec("some/model")):
        wait_for(stream, "downloaded 3.0 GB of 15.2 GB")
    assert stream.getvalue().startswith(
        "engine: downloading some/model: 15.2 GB\nengine: downloaded 1.0 GB of 15.2 GB\n"
    )


def test_the_users_terminal_stays_the_users_while_the_log_takes_it_over(capfd: pytest.CaptureFixture[str]) -> None:
    with open(os.dup(2), "w") as terminal, EngineLog() as log, Progress(terminal) as progress, log.taking_over():
        progress.say("starting")
        os.write(2, b"a line for the log\n")
    assert capfd.readouterr() == ("", "engine: starting\n")


def test_no_stream_and_a_closed_one_are_no_trouble() -> None:
    closed = io.StringIO()
    closed.close()
    for stream in (None, closed):
        with Progress(stream) as progress:
            progress.say("starting")


def waits(local: int, remote: int, what: str = "connect") -> None:
    """What vLLM says to debuggers every ten seconds."""
    line = f"Waiting for %d local, %d remote core engine proc(s) to {what}."
    logging.getLogger("vllm.v1.engine.utils").debug(line, local, remote)


def test_a_wait_for_other_machines_is_said_and_ends_with_a_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([0.0, 0.0, 10.0, 20.0, 30.0, 40.0])
    stream = io.StringIO()
    with Progress(stream) as progress, machines_awaited(progress, seconds=25):
        monkeypatch.setattr(time, "monotonic", lambda: next(now))
        waits(2, 0)
        for _ in range(3):
            waits(0, 3)
        with pytest.raises(EngineStartError, match=r"^3 replicas on other machines did not join within 25 s: start a"):
            waits(0, 3)
    assert stream.getvalue() == "engine: waiting for 3 replicas on other machines to join, 25 s at most\n"
    waits(0, 3)  # nobody listens any more


def test_machines_that_have_joined_may_take_their_time() -> None:
    stream = io.StringIO()
    with Progress(stream) as progress, machines_awaited(progress, seconds=1):
        for _ in range(2):
            waits(1, 1, "start")
    assert stream.getvalue() == "engine: waiting for 1 replica on other machines to load the model\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_heard_by_code_that_swallows_a_keyboard_interrupt(number: signal.Signals) -> None:
    def wait_as_vllm_does() -> None:
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(number)
        pytest.fail("it went on waiting")

    def wait_and_be_heard() -> None:
        with interrupts_heard():
            wait_as_vllm_does()

    # Somebody handles both: a job in the background may have been started with SIGINT ignored.
    before = {each: signal.signal(each, lambda *_: pytest.fail("too late")) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        with pytest.raises(KeyboardInterrupt):
            wait_and_be_heard()
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def test_a_sigterm_that_nobody_handles_stays_deadly() -> None:
    with interrupts_heard():
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


@pytest.mark.parametrize("on_ctrl_c", [signal.default_int_handler, signal.SIG_IGN], ids=["heard", "ignored"])
def test_the_end_of_a_job_is_heard_even_where_ctrl_c_is_ignored(on_ctrl_c: object) -> None:
    """As in a script that puts its jobs into the background."""

    async def job() -> None:
        signal.raise_signal(signal.SIGTERM)
        await asyncio.sleep(10)

    before = signal.signal(signal.SIGINT, on_ctrl_c)
    try:
        with pytest.raises(KeyboardInterrupt), sigterm_as_interrupt():
            asyncio.run(job())
    finally:
        signal.signal(signal.SIGINT, before)
