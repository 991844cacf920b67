"""kill -9 of the whole process tree, five times in one run on real vLLM: nothing is lost, nothing stands twice."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from pyarrow import parquet

from selfalign.records import Example
from selfalign.run import directory as rundir

TARGET = 150
# Whole lines in the journal of rounds or of outcomes, after which the processes are killed.
MOMENTS = (
    (rundir.ROUNDS, 1),
    (rundir.OUTCOMES, 10),
    (rundir.OUTCOMES, 45),
    (rundir.OUTCOMES, 80),
    (rundir.OUTCOMES, 120),
)
PATIENCE = 300
"""Seconds until a start has to have come to its moment."""


def start(run: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "selfalign", "generate", "demo", "--output", str(run), "--target", str(TARGET)]
    command += ["--set", "slots=16"]  # answers that end together must not jump over a moment
    return subprocess.Popen(
        command,
        cwd=Path(__file__).parent.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def num_lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def kill_tree(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """SIGKILL for a process and everything it has started; returns who that was."""
    tree = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    os.killpg(process.pid, signal.SIGKILL)
    for member in tree:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    process.wait()
    process.stdout.close()
    return tree


def whole_lines(path: Path) -> bytes:
    content = path.read_bytes() if path.exists() else b""
    return content[: content.rfind(b"\n") + 1]


@pytest.mark.engine
def test_five_kills_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    run = tmp_path / "run"
    for journal, lines in MOMENTS:
        before = whole_lines(run / rundir.OUTCOMES)
        process = start(run)
        deadline = time.monotonic() + PATIENCE
        while num_lines(run / journal) < lines:
            assert process.poll() is None, process.stdout.read()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        killed = kill_tree(process)
        assert len(killed) > 1, "there was no engine to kill"
        assert (run / rundir.OUTCOMES).read_bytes().startswith(before)

    kept = {journal: whole_lines(run / journal) for journal in (rundir.ROUNDS, rundir.OUTCOMES)}
    assert kept[rundir.OUTCOMES].count(b"\n") < TARGET, "the run was over before the last kill"
    last = start(run)
    output, _ = last.communicate(timeout=PATIENCE)
    assert last.returncode == 0, output
    for journal, content in kept.items():
        assert (run / journal).read_bytes().startswith(content)

    rounds = list(rundir.read_rounds(run))
    answered = list(rundir.read_outcomes(run))
    accepted_ids = [instruction.id for finished in rounds for instruction in finished.accepted]
    assert [finished.index for finished in rounds] == list(range(len(rounds)))
    assert len(accepted_ids) == len(set(accepted_ids)) >= TARGET
    assert sorted(item.instruction_id for item in answered) == sorted(accepted_ids)
    num_examples = sum(isinstance(item, Example) for item in answered)
    assert num_examples > TARGET / 2
    parts = (run / "dataset" / "full").glob("*.parquet")
    assert sum(parquet.read_metadata(part).num_rows for part in parts) == num_examples
