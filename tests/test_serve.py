"""A recipe's model as a server, and workers: command lines, and on real vLLM runs through them that lose one."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from waiting import wait_for

from selfalign.engine.log import EngineLog
from selfalign.engine.serve import Place, server_flags
from selfalign.engine.spec import EngineSpec
from selfalign.engine.workers import _line_to_first, layout_of, work, worker_commands, workers_heard
from selfalign.errors import EngineStartError, RecipeError
from selfalign.recipe import load_recipe
from selfalign.records import Example
from selfalign.run import directory as rundir

ROOT = Path(__file__).parent.parent
LONG = 400
"""Seconds that a start may take where everything else is busy."""


def test_arguments_become_vllms_command_line() -> None:
    chosen = {
        "model": "some/model",
        "revision": None,
        "enforce_eager": True,
        "enable_chunked_prefill": False,
        "block_size": 32,
        "prefix_cache_retention_interval": None,
        "compilation_config": {"mode": 3},
        "allowed_media_domains": ["a", "b"],
    }
    flags = server_flags(chosen, EngineSpec("some/model"), Place("::1", 8001))
    assert flags == [
        *("--host=::1", "--port=8001", "--served-model-name=some/model", "--enable-prompt-tokens-details"),
        *("--disable-uvicorn-access-log", "--generation-config=vllm", "--model=some/model", "--enforce-eager"),
        *("--no-enable-chunked-prefill", "--block-size=32", "--prefix-cache-retention-interval=None"),
        *('--compilation-config={"mode": 3}', "--allowed-media-domains", "a", "b"),
    ]
    assert Place("::1", 8001).address == "http://[::1]:8001/v1"
    assert Place("0.0.0.0").address == "http://127.0.0.1:8000/v1"


def cluster(size: int = 6, here: int | None = 2, **more: Any) -> EngineSpec:
    engine = {"data_parallel_size": size, "data_parallel_address": "127.0.0.1", **more}
    return EngineSpec(engine=engine if here is None else {**engine, "data_parallel_size_local": here})


def test_the_line_for_the_other_machines_has_what_concerns_the_engine_and_each_its_rank() -> None:
    given = ["model.model=a b", "propose.target=9", "slots=7", "model.engine.data_parallel_size=6"]
    assert worker_commands(cluster(), "my recipe.yaml", given) == [
        "selfalign worker 'my recipe.yaml' --set 'model.model=a b' --set slots=7 "
        f"--set model.engine.data_parallel_size=6 --start-rank {rank}"
        for rank in (2, 4)
    ]
    assert worker_commands(cluster(here=None), "demo", given) == []
    assert worker_commands(EngineSpec(), "demo", given) == []


def test_a_rank_that_is_not_the_workers_is_refused() -> None:
    for rank in (1, 5, 9):
        with pytest.raises(RecipeError, match=rf"--start-rank {rank}: .*can start at 2, 4"):
            work(cluster(), rank, slots=8)
    with pytest.raises(RecipeError, match="the first machine's address is needed"):
        layout_of(EngineSpec(engine={"data_parallel_size": 2, "data_parallel_size_local": 1}))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_a_worker_that_ends_is_heard_and_the_end_of_the_run_is_told() -> None:
    spec = cluster(data_parallel_rpc_port=free_port() - 1)
    layout = layout_of(spec)
    with EngineLog() as log, workers_heard(spec, log):
        with _line_to_first(layout, 2, 5) as line:
            time.sleep(0.2)
            assert log.last_error() == ""
            assert line.end is None
        wait_for(log.last_error)
        assert log.last_error() == "the worker that began at replica 2 ended"
    with EngineLog() as quiet, contextlib.ExitStack() as run:
        run.enter_context(workers_heard(spec, quiet))
        with _line_to_first(layout, 4, 5) as line:
            stopped: list[bool] = []
            line.when_it_ends(lambda: stopped.append(True))
            with pytest.raises(EngineStartError, match="cannot listen for workers"), workers_heard(spec, quiet):
                pass
            assert not stopped
            run.close()
            wait_for(lambda: stopped)
        assert quiet.last_error() == ""


def test_a_worker_without_a_run_says_where_it_looked() -> None:
    layout = layout_of(cluster(data_parallel_rpc_port=free_port() - 1))
    with pytest.raises(EngineStartError, match="no run listens there"), _line_to_first(layout, 2, 0.1):
        pass


# On real vLLM.


class Command:
    """A command of ours in a process group of its own, with what it has said."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.said = folder / f"{arguments[0]}-{time.monotonic_ns()}.err"
        with self.said.open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "selfalign", *arguments],
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                cwd=folder,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                start_new_session=True,
            )

    def has_said(self, text: str) -> bool:
        if text in self.text():
            return True
        assert self.process.poll() is None, self.text()
        return False

    def text(self) -> str:
        return self.said.read_text(encoding="utf-8")

    def end(self, seconds: float = LONG) -> int:
        return self.process.wait(seconds)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def commands(tmp_path: Path) -> Iterator[Callable[..., Command]]:
    started: list[Command] = []

    def command(*arguments: str) -> Command:
        started.append(Command(tmp_path, *arguments))
        return started[-1]

    yield command
    for each in started:
        if each.process.poll() is None:
            each.process.send_signal(signal.SIGINT)
            each.end()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the miniature, served."""
    port = free_port()
    served = Command(tmp_path_factory.mktemp("server"), "serve", "demo", "--port", str(port))
    wait_for(lambda: served.has_said("serving; in a recipe"), LONG)
    yield f"http://127.0.0.1:{port}/v1"
    served.process.send_signal(signal.SIGINT)
    assert served.end() == 130


def processor_seconds(command: Command) -> float:
    """Processor time of a command's engine: of its descendants."""
    times = [child.cpu_times() for child in psutil.Process(command.process.pid).children(recursive=True)]
    return sum(each.user + each.system for each in times)


def examples(path: Path) -> dict[str, Any]:
    """Every outcome by its instruction, without what the engine counted; nothing may be there twice."""
    outcomes = list(rundir.read_outcomes(path))
    found = {}
    for outcome in outcomes:
        row = {name: getattr(outcome, name) for name in ("instruction", "thought", "answer", "principles_cited")}
        found[outcome.instruction_id] = (isinstance(outcome, Example), row)
    assert len(found) == len(outcomes)
    return found


@pytest.mark.engine
def test_a_run_through_a_server_is_the_run_in_this_process(
    server: str, commands: Callable[..., Command], tmp_path: Path
) -> None:
    through = commands("generate", "demo", "--target", "40", "--output", "through", "--set", f"model.endpoint={server}")
    assert through.end() == 0, through.text()
    here = commands("generate", "demo", "--target", "40", "--output", "here")
    assert here.end() == 0, here.text()
    assert examples(tmp_path / "through") == examples(tmp_path / "here")
    rounds = [list(rundir.read_rounds(tmp_path / name)) for name in ("through", "here")]
    assert [each.rejected for each in rounds[0]] == [each.rejected for each in rounds[1]]
    metrics = (tmp_path / "through" / rundir.METRICS).read_text(encoding="utf-8").splitlines()
    assert json.loads(metrics[-1])["cached_tokens"] > 0


@pytest.mark.engine
def test_of_two_servers_one_is_killed_and_the_run_ends_whole(
    server: str, commands: Callable[..., Command], tmp_path: Path
) -> None:
    port = free_port()
    other = commands("serve", "demo", "--port", str(port))
    wait_for(lambda: other.has_said("serving; in a recipe"), LONG)
    run = commands(
        *("generate", "demo", "--output", "run", "--target", "120", "--set", "slots=4", "--set", "propose.window=4"),
        *("--set", f"model.endpoint=[{server}, http://127.0.0.1:{port}/v1]"),
    )
    outcomes = tmp_path / "run" / rundir.OUTCOMES
    wait_for(lambda: outcomes.exists() and len(outcomes.read_bytes().splitlines()) > 20, LONG)
    other.kill()
    assert run.end() == 0, run.text()
    assert f"http://127.0.0.1:{port}/v1 is gone (" in run.text()
    answered = [outcome.instruction_id for outcome in rundir.read_outcomes(tmp_path / "run")]
    accepted = [item.id for each in rundir.read_rounds(tmp_path / "run") for item in each.accepted]
    assert sorted(answered) == sorted(accepted)
    assert len(accepted) >= 120


@pytest.mark.engine
def test_a_worker_shares_the_run_and_when_it_is_killed_the_run_ends_and_continues(
    server: str, commands: Callable[..., Command], tmp_path: Path
) -> None:
    engine = {"size": 2, "size_local": 1, "address": "127.0.0.1", "rpc_port": free_port() - 1}
    settings = [
        part for key, value in engine.items() for part in ("--set", f"model.engine.data_parallel_{key}={value}")
    ]
    run = commands("generate", "demo", "--target", "3000", "--output", "run", *settings)
    line = next(each for each in wait_for(run.text, LONG).splitlines() if each.startswith("on another machine: "))
    worker = commands(*line.removeprefix("on another machine: selfalign ").split())
    outcomes = tmp_path / "run" / rundir.OUTCOMES

    def has_answered(number: int) -> bool:
        assert run.process.poll() is None, run.text()
        return outcomes.exists() and len(outcomes.read_bytes().splitlines()) > number

    wait_for(lambda: has_answered(5), LONG)
    before = [processor_seconds(each) for each in (run, worker)]

    def shares_the_work() -> bool:
        # On a busy machine vLLM may give the first requests to one replica; here it is to have work at some time.
        ours, its = (processor_seconds(each) - at for each, at in zip((run, worker), before, strict=True))
        return has_answered(60) and its > ours / 5

    wait_for(shares_the_work, LONG)
    worker.kill()
    assert run.end() == 4
    assert "the engine stopped (the worker that began at replica 1 ended)" in run.text()
    kept = examples(tmp_path / "run")
    resumed = load_recipe(str(tmp_path / "run" / "recipe.yaml"))
    assert resumed.propose.target == 3000
    assert len(kept) > 60
    # The same run goes on elsewhere, here for as many tokens as another forty answers take.
    lines = (tmp_path / "run" / rundir.METRICS).read_text(encoding="utf-8").splitlines()
    spent = json.loads(lines[-1])
    budget = f"{spent['prompt_tokens'] + spent['output_tokens'] + 130_000}tok"
    more = commands(
        *("generate", "demo", "--target", "3000", "--output", "run", "--budget", budget),
        *("--set", f"model.endpoint={server}"),
    )
    assert more.end() == 0, more.text()
    assert "spent; the same command with a larger --budget continues" in more.text()
    answered = examples(tmp_path / "run")
    assert len(answered) > len(kept)
    assert answered.items() >= kept.items()
