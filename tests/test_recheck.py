"""`selfalign recheck`: replies read again from the journal, in place, without an engine."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from unittest.mock import patch

import psutil
import pytest
import yaml
from run_fixtures import MANIFEST, example, failure, write_run
from waiting import wait_for

from selfalign.align import load_constitution
from selfalign.errors import RunDirError
from selfalign.recheck import recheck
from selfalign.recipe import build_recipe, recipe_row
from selfalign.records import Example, FailureReason, to_row
from selfalign.run import directory as rundir

REPLY = " A plain question.\nPrinciples: 2 (informative).\n## Answer\nThe Rhine, the Rhône and the Po."


@pytest.fixture
def run(tmp_path):
    from dataclasses import replace

    lost = replace(failure(1, FailureReason.UNPARSEABLE), step="parse", reply=REPLY)
    bad = replace(failure(2, FailureReason.NO_CITATION), step="parse", reply="Rivers.")
    spoilt = replace(example(3), reply=REPLY + "\n\n### User\nAnd lakes?")
    constitution = load_constitution("default")
    manifest = {**MANIFEST, "constitution": to_row(constitution), "constitution_digest": constitution.digest}
    path = write_run(tmp_path / "run", [lost, bad, spoilt], manifest=manifest)
    (path / rundir.RECIPE).write_text(yaml.safe_dump(recipe_row(build_recipe({}, "defaults"))), encoding="utf-8")
    return path


def test_parse_failures_are_recovered_and_examples_are_read_again_too(run):
    done = recheck(run, [])
    assert (done.num_recovered, done.num_lost, done.counters.num_answered) == (1, 1, 3)
    recovered, still, spoilt = rundir.read_outcomes(run)
    assert isinstance(recovered, Example)
    assert recovered.answer == "The Rhine, the Rhône and the Po."
    assert still.reason is FailureReason.UNPARSEABLE
    assert spoilt.reason is FailureReason.SPEAKS_FOR_USER
    before = (run / rundir.OUTCOMES).read_bytes()
    assert (recheck(run, []).num_recovered, (run / rundir.OUTCOMES).read_bytes()) == (0, before)


def test_a_large_run_is_read_by_several_processes_with_the_same_result(run, monkeypatch):
    monkeypatch.setattr("selfalign.recheck.BYTES_PER_PROCESS", 1)
    monkeypatch.setattr("selfalign.recheck._BATCH", 2)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr("selfalign.recheck.read_again", None)  # only another process has it
    done = recheck(run, [])
    assert (done.num_recovered, done.num_lost, done.counters.num_answered) == (1, 1, 3)


def test_a_killed_process_is_one_line_and_the_run_is_as_before(run, monkeypatch):
    monkeypatch.setattr("selfalign.recheck.BYTES_PER_PROCESS", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    before = (run / rundir.OUTCOMES).read_bytes()
    monkeypatch.setattr("selfalign.recheck._again", _dies)
    with pytest.raises(RunDirError, match="was killed, perhaps for its memory; nothing has changed"):
        recheck(run, [])
    assert (run / rundir.OUTCOMES).read_bytes() == before


def _dies(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_kill_leaves_no_process_behind(run):
    code = f"import test_recheck; test_recheck.recheck_for_ever({str(run)!r})"
    parent = subprocess.Popen([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})
    # One is Python's own, which cleans up behind the others.
    children = wait_for(lambda: found if len(found := psutil.Process(parent.pid).children()) >= 2 else None, 60)
    wait_for((run.parent / "asleep").exists, 60)
    parent.kill()
    parent.wait()
    assert psutil.wait_procs(children, timeout=20)[1] == []


def recheck_for_ever(run):
    """For the test above: in a process of its own, whose pool never answers."""
    with (
        patch("selfalign.recheck.BYTES_PER_PROCESS", 1),
        patch("os.cpu_count", lambda: 2),
        patch("selfalign.recheck._again", _sleeps),
    ):
        os.chdir(Path(run).parent)
        recheck(Path(run), [])


def _sleeps(*args, **kwargs):
    Path("asleep").touch()
    time.sleep(600)


def test_a_journal_without_replies_is_refused_in_one_line(run):
    row = json.loads((run / rundir.OUTCOMES).read_text(encoding="utf-8").splitlines()[0])
    row["excerpt"] = row.pop("reply")
    (run / rundir.OUTCOMES).write_text(json.dumps(row) + "\n", encoding="utf-8")
    with pytest.raises(RunDirError, match="it lacks the reply, which earlier versions did not keep"):
        recheck(run, [])
