import errno
import json
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfalign.errors import RunDirError
from selfalign.records import (
    CheckResult,
    Example,
    Failure,
    FailureReason,
    Instruction,
    Rejection,
    RejectionReason,
    Round,
    Usage,
    Verdict,
    to_row,
)
from selfalign.records.lines import outcome_from_row, round_from_row
from selfalign.run import directory as rundir
from selfalign.run.directory import Journal, RunDir

RECIPE = {"name": "x", "slots": 8, "propose": {"target": 10, "window": 2}, "dataset": {"holdout": 0.0}}
MANIFEST = {"selfalign": "0", "seeds_digest": "a"}


def begin(path):
    """A run that has got to its first round."""
    with RunDir(path, RECIPE, MANIFEST) as run:
        run.rounds.append(Round(0, (), (), (), Usage()))


anything = st.text(st.characters(codec=None, categories=None), max_size=30)
instructions = st.builds(Instruction, anything, anything, anything, anything)
rounds = st.builds(
    Round,
    st.integers(0, 10**6),
    st.lists(anything, max_size=3).map(tuple),
    st.lists(instructions, max_size=3).map(tuple),
    st.lists(
        st.builds(Rejection, anything, anything, st.sampled_from(RejectionReason), anything, st.floats(0, 1), anything),
        max_size=3,
    ).map(tuple),
    st.builds(Usage, st.integers(0), st.integers(0), st.integers(0)),
)
checks = st.lists(st.builds(CheckResult, anything, st.sampled_from(Verdict), st.none() | st.floats(0, 1), anything))
examples = st.builds(
    Example, instructions, anything, anything, st.lists(anything).map(tuple), checks.map(tuple), st.just(Usage(1, 2, 3))
)
failures = st.builds(
    Failure, instructions, anything, st.sampled_from(FailureReason), anything, anything, st.just(Usage()), anything
)


@given(rounds)
def test_a_round_survives_its_journal_line_whatever_text_it_holds(tmp_path_factory, record):
    path = tmp_path_factory.mktemp("journal") / "rounds.jsonl"
    journal = Journal(path)
    journal.append(record)
    journal.close()
    assert path.read_bytes().count(b"\n") == 1
    assert [round_from_row(row) for row in rundir.read_lines(path)] == [record]


@given(examples | failures)
def test_an_outcome_survives_json(record):
    assert outcome_from_row(json.loads(json.dumps(to_row(record)))) == record


@given(st.lists(st.integers(), max_size=5), st.binary(max_size=20).filter(lambda torn: b"\n" not in torn))
def test_a_torn_last_line_is_skipped_by_readers_and_cut_by_the_writer(tmp_path_factory, numbers, torn):
    path = tmp_path_factory.mktemp("journal") / "j.jsonl"
    path.write_bytes(b"".join(b'{"n": %d}\n' % number for number in numbers) + torn)
    assert [row["n"] for row in rundir.read_lines(path)] == numbers
    journal = Journal(path)
    journal.append({"n": 99})
    journal.close()
    assert [row["n"] for row in rundir.read_lines(path)] == [*numbers, 99]


def test_a_long_torn_line_is_cut_too(tmp_path):
    path = tmp_path / "j.jsonl"
    path.write_bytes(b'{"n":1}\n' + b"x" * 200_000)
    Journal(path).close()
    assert path.read_bytes() == b'{"n":1}\n'


def test_a_full_disk_leaves_the_journal_readable_and_says_so(tmp_path, monkeypatch):
    path = tmp_path / "j.jsonl"
    journal = Journal(path)
    journal.append({"n": 1})
    real_write = os.write

    def write_half_then_fail(file, data):
        if len(data) > 5:
            return real_write(file, data[:5])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", write_half_then_fail)
    with pytest.raises(RunDirError, match=r"disk is full.*run the same command again"):
        journal.append({"n": 22})
    assert path.read_bytes() == b'{"n":1}\n'
    monkeypatch.undo()
    journal.append({"n": 3})
    assert [row["n"] for row in rundir.read_lines(path)] == [1, 3]


def test_a_damaged_line_in_the_middle_is_named(tmp_path):
    path = tmp_path / rundir.ROUNDS
    path.write_text('{"index": 0\n{}\n')
    with pytest.raises(RunDirError, match=r"rounds\.jsonl:1: not JSON"):
        list(rundir.read_rounds(tmp_path))
    path.write_text("{}\n")
    with pytest.raises(RunDirError, match=r"rounds\.jsonl:1: not a line this version wrote"):
        list(rundir.read_rounds(tmp_path))


def test_a_second_process_is_refused_and_told_who_holds_the_lock(tmp_path):
    with RunDir(tmp_path / "run", RECIPE, MANIFEST):
        assert rundir.is_running(tmp_path / "run")
        with pytest.raises(RunDirError, match=f"in use by process {os.getpid()}"):
            RunDir(tmp_path / "run", RECIPE, MANIFEST)
    assert not rundir.is_running(tmp_path / "run")
    RunDir(tmp_path / "run", RECIPE, MANIFEST).__exit__(None, None, None)


def test_a_folder_with_other_things_in_it_is_refused_and_untouched(tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(RunDirError, match=r"not a run directory .*'thesis\.tex'.*another --output"):
        RunDir(tmp_path, RECIPE, MANIFEST)
    assert not (tmp_path / rundir.RECIPE).exists()


def test_a_folder_that_cannot_be_made_is_one_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunDirError, match="cannot be written"):
        RunDir(tmp_path / "file" / "run", RECIPE, MANIFEST)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"name": "y"}, "made with name = 'x', now 'y'"),
        ({"propose": {"target": 10, "window": 3}}, r"propose\.window = 2, now 3"),
        ({"propose": {"target": 9, "window": 2}}, r"propose\.target was 10, now 9: it may only grow"),
        ({"extra": 1}, "extra = None, now 1"),
    ],
)
def test_a_changed_recipe_is_refused_naming_the_key(tmp_path, change, complaint):
    begin(tmp_path)
    with pytest.raises(RunDirError, match=complaint):
        RunDir(tmp_path, {**RECIPE, **change}, MANIFEST)


def test_target_upwards_slots_and_dataset_may_change(tmp_path):
    begin(tmp_path)
    changed = {**RECIPE, "slots": 2, "dataset": {"holdout": 0.1}, "propose": {"target": 11, "window": 2}}
    with RunDir(tmp_path, changed, MANIFEST):
        pass
    assert rundir.read_recipe(tmp_path) == changed


def test_changed_seeds_are_refused_but_another_version_is_not(tmp_path):
    begin(tmp_path)
    with RunDir(tmp_path, RECIPE, {**MANIFEST, "selfalign": "1"}):
        pass
    assert rundir.read_manifest(tmp_path) == MANIFEST
    with pytest.raises(RunDirError, match="the seeds changed since this run began"):
        RunDir(tmp_path, RECIPE, {**MANIFEST, "seeds_digest": "b"})


def test_a_run_is_set_aside_under_the_first_free_name(tmp_path):
    for _ in range(2):
        with RunDir(tmp_path / "run", RECIPE, MANIFEST):
            pass
        rundir.set_aside(tmp_path / "run")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run-1", "run-2"]
    assert rundir.is_run(tmp_path / "run-2")


def test_what_is_no_run_is_said_to_be_none(tmp_path):
    with pytest.raises(RunDirError, match="not a run directory"):
        rundir.read_recipe(tmp_path)
    assert not rundir.is_run(tmp_path)


def test_a_run_that_made_nothing_yet_may_take_another_recipe(tmp_path):
    with RunDir(tmp_path, RECIPE, MANIFEST):
        pass
    with RunDir(tmp_path, {**RECIPE, "name": "y"}, {**MANIFEST, "seeds_digest": "b"}):
        pass
    assert rundir.read_recipe(tmp_path)["name"] == "y"
    assert rundir.read_manifest(tmp_path)["seeds_digest"] == "b"


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_filesystem_without_flock_is_locked_in_another_way(tmp_path, monkeypatch, number):
    def no_flock(file, how):
        raise OSError(number, "No locks available")

    monkeypatch.setattr(rundir.fcntl, "flock", no_flock)
    with RunDir(tmp_path / "run", RECIPE, MANIFEST):
        program = (
            "import fcntl, sys\nfile = open(sys.argv[1], 'r+')\n"
            "try:\n    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)\nexcept BlockingIOError:\n    sys.exit(7)"
        )
        command = [sys.executable, "-c", program, str(tmp_path / "run" / rundir.LOCK)]
        assert subprocess.run(command, check=False).returncode == 7


def test_a_filesystem_without_any_lock_is_one_clear_line(tmp_path, monkeypatch):
    def no_lock(file, how):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(rundir.fcntl, "flock", no_lock)
    monkeypatch.setattr(rundir.fcntl, "lockf", no_lock)
    with pytest.raises(RunDirError, match=r"run: cannot be locked \(No locks available\); choose an --output"):
        RunDir(tmp_path / "run", RECIPE, MANIFEST)


def test_an_answer_reaches_the_disk_after_its_round(tmp_path, monkeypatch):
    happened = []
    real_write, real_sync = os.write, os.fdatasync
    with RunDir(tmp_path / "run", RECIPE, MANIFEST) as run:
        names = {run.rounds._file: "round", run.outcomes._file: "outcome"}

        def write(file, data):
            happened.append(f"{names.get(file, file)} written")
            return real_write(file, data)

        def sync(file):
            happened.append(f"{names.get(file, file)} synced")
            return real_sync(file)

        monkeypatch.setattr(rundir.os, "write", write)
        monkeypatch.setattr(rundir.os, "fdatasync", sync)
        for number in range(2):
            run.journal_round(Round(number, (), (), (), Usage()))
        for number in range(2):
            instruction = Instruction(str(number), "Go.", "", "")
            run.journal_outcome(Failure(instruction, "parse", FailureReason.EMPTY, "", "", Usage()))
        monkeypatch.undo()
    assert happened == ["round written", "round written", "round synced", "outcome written", "outcome written"]
