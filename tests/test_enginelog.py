"""What the engine's processes write is kept from the terminal, and one line of it is found."""

import logging
import os
import subprocess
import sys

import pytest

from selfalign.engine.log import EngineLog
from selfalign.errors import MAX_LINE, one_line

TRACEBACK = """\
(EngineCore pid=7) ERROR 11-21 [core.py:88] EngineCore failed to start.
(EngineCore pid=7) ERROR 11-21 [core.py:88] Traceback (most recent call last):
(EngineCore pid=7) ERROR 11-21 [core.py:88]   File "core.py", line 1, in <module>
(EngineCore pid=7) ERROR 11-21 [core.py:88] ValueError: There is no room for the cache.
RuntimeError: Engine core initialization failed. See root cause above.
"""


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VLLM_LOGGING_LEVEL", raising=False)


def write_everywhere(line: str) -> None:
    # Not print(): under pytest it does not write to the process's own streams.
    os.write(1, line.encode())
    os.write(2, line.encode())
    subprocess.run([sys.executable, "-c", "import sys; print(sys.argv[1])", line], check=True)


def test_both_streams_of_every_process_go_to_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    with EngineLog() as log:
        with log.taking_over():
            write_everywhere("OddError: inside\n")
        assert log.last_error() == "OddError: inside"
        os.write(1, b"outside\n")
    assert capfd.readouterr() == ("outside\n", "")


def test_the_root_of_an_error_is_found_behind_its_consequences() -> None:
    with EngineLog() as log, log.taking_over():
        os.write(2, TRACEBACK.encode())
    with EngineLog() as log:
        with log.taking_over():
            os.write(2, TRACEBACK.encode())
        assert log.last_error() == "ValueError: There is no room for the cache."


def test_a_log_without_an_error_has_none() -> None:
    with EngineLog() as log:
        with log.taking_over():
            os.write(2, b"INFO all is well\n\xff\n")
        assert log.last_error() == ""


def test_a_user_who_asked_for_the_log_sees_it_on_stderr(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VLLM_LOGGING_LEVEL", "INFO")
    with EngineLog() as log:
        with log.taking_over():
            os.write(1, b"ValueError: for results?\n")
        assert log.last_error() == ""
        log.silence("some.engine")
    assert logging.getLogger("some.engine").isEnabledFor(logging.ERROR)
    assert capfd.readouterr() == ("", "ValueError: for results?\n")


def test_this_process_is_silenced() -> None:
    with EngineLog() as log:
        log.silence("another.engine")
    assert not logging.getLogger("another.engine.part").isEnabledFor(logging.CRITICAL)


def test_messages_are_one_line_of_bounded_length() -> None:
    assert one_line(ValueError("a\n  b\t c")) == "a b c"
    assert one_line(ValueError()) == "ValueError"
    assert len(one_line(ValueError("x" * 10_000))) == MAX_LINE
