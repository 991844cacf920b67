"""The export: the same journals give the same bytes, and what other libraries read is what was answered."""

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfalign.dataset import balance, parquet
from selfalign.dataset.export import DatasetSpec, export, is_held_out
from selfalign.dataset.summary import read_summary
from selfalign.errors import RunDirError
from selfalign.publish.hub import refuse
from selfalign.records import Cell, CheckResult, FailureReason, Verdict
from selfalign.report import write_report
from selfalign.run import directory as rundir
from selfalign.show.status import describe
from tests.run_fixtures import example, failure, instruction, rows_of, write_run


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def _load(folder: Path, configuration: str, split: str = "train") -> list[dict]:
    import datasets

    cache = folder.parent / "cache"
    return datasets.load_dataset(str(folder), configuration, split=split, cache_dir=str(cache)).to_list()


def test_both_configurations_load_with_the_rows_in_order_of_id(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [example(3), failure(2), example(1, context="The Rhine")])
    folder = export(run)
    assert [row["messages"] for row in _load(folder, "engraving")] == [
        [
            {"role": "user", "content": "Name 1 rivers.\n\nThe Rhine"},
            {"role": "assistant", "content": "Here are 1 rivers."},
        ],
        [{"role": "user", "content": "Name 3 rivers."}, {"role": "assistant", "content": "Here are 3 rivers."}],
    ]
    first = _load(folder, "full")[0]
    assert first["id"] == "p0000001-00"
    assert (first["instruction"], first["context"]) == ("Name 1 rivers.", "The Rhine")
    assert first["thought"] == "A plain question of geography."
    assert first["principles_cited"] == ["informative", "candor"]
    assert first["checks"][0] == {"name": "length", "verdict": "pass", "number": 21.0, "reason": ""}
    assert (first["model"], first["model_revision"]) == ("someone/base-7b", "abc123")
    assert json.loads(first["sampling"])["temperature"] == 0.5
    assert first["cell"] is None
    assert first["digests"]["constitution"] == "c" * 64


def test_every_check_that_ran_has_its_verdict_in_every_row(tmp_path: Path) -> None:
    flagged = replace(example(1), checks=(CheckResult("loop", Verdict.FLAG, 0.4, "again"),))
    run = write_run(
        tmp_path / "run", [flagged, example(2)], {"checks": {"leak": "fail", "loop": "flag", "echo": "off"}}
    )
    rows = _load(export(run), "full")
    verdicts = [{check["name"]: check["verdict"] for check in row["checks"]} for row in rows]
    assert (verdicts[0]["leak"], verdicts[0]["loop"], verdicts[1]["loop"]) == ("pass", "flag", "pass")
    assert all("echo" not in row and "refusal" in row for row in verdicts)


def test_what_is_known_of_the_whole_is_measured_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = write_run(tmp_path / "run", [example(1), example(2), failure(3)])
    export(run)
    monkeypatch.setattr(balance.Tally, "add", lambda *_: pytest.fail("measured again"))
    write_report(run)
    assert any("balance   of 2 rows of the dataset" in line for line in describe(run))
    refuse(run, with_report=False)


def test_a_target_that_was_raised_since_the_export_counts(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [example(1)], {"propose": {"target": 1}})
    export(run)
    assert "  finished  " in next(describe(run))
    raised = {**rundir.read_recipe(run), "propose": {"target": 70}}
    rundir.write_atomically(run / rundir.RECIPE, json.dumps(raised))
    assert read_summary(run).counters.target == 70
    assert "  unfinished  " in next(describe(run))


def test_a_summary_of_other_journals_is_not_used(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [example(1), example(2)])
    folder = export(run)
    assert read_summary(run).balance.num_examples == 2
    with open(run / rundir.OUTCOMES, "a") as file:
        file.write(rows_of([example(3)]))
    assert read_summary(run) is None
    assert any(line.startswith("examples          3") for line in describe(run))
    export(run)
    (folder / "summary.json").write_text('{"of": "another version"}')
    assert read_summary(run) is None


def test_a_guided_row_knows_its_cell(tmp_path: Path) -> None:
    asked = replace(instruction(1), cell=Cell("fraud", "fake shops", "benign twin", "direct"))
    folder = export(write_run(tmp_path / "run", [replace(example(1), instruction=asked), example(2)]))
    cells = [row["cell"] for row in _load(folder, "full")]
    assert cells == [{"kind": "fraud", "topic": "fake shops", "stance": "benign twin", "style": "direct"}, None]


def test_the_bytes_depend_on_the_rows_and_not_on_the_order_of_finishing(tmp_path: Path) -> None:
    answered = [example(number) for number in range(40)] + [failure(number) for number in range(40, 45)]
    first = _files(export(write_run(tmp_path / "a" / "run", answered)))
    random.Random(1).shuffle(answered)
    second = _files(export(write_run(tmp_path / "b" / "run", answered)))
    assert first == second


def test_a_second_export_replaces_the_first_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [example(1), example(2)])
    before = _files(export(run))
    (run / "dataset" / "stray.txt").write_text("old")
    (run / ".dataset.new").mkdir()
    (run / ".dataset.new" / "half.parquet").write_text("left by a kill")
    assert _files(export(run)) == before
    assert not list(run.glob(".dataset*"))


def test_a_torn_last_line_is_not_a_row(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [example(1), example(2)])
    with open(run / rundir.OUTCOMES, "rb+") as file:
        file.truncate(file.seek(0, 2) - 5)
    assert [row["id"] for row in _load(export(run), "full")] == ["p0000001-00"]


def test_the_held_out_rows_stay_held_out_when_the_run_grows(tmp_path: Path) -> None:
    recipe = {"dataset": {"holdout": 0.3, "licence": "apache-2.0"}}
    small = export(write_run(tmp_path / "small", [example(number) for number in range(60)], recipe))
    large = export(write_run(tmp_path / "large", [example(number) for number in range(120)], recipe))
    held_out = {row["id"] for row in _load(small, "full", "test")}
    assert 5 < len(held_out) < 35
    assert held_out < {row["id"] for row in _load(large, "full", "test")}
    assert held_out.isdisjoint(row["id"] for row in _load(large, "full"))
    assert len(_load(small, "engraving", "test")) == len(held_out)


@given(st.floats(0, 1, exclude_max=True), st.text(min_size=1, max_size=20))
@settings(max_examples=50)
def test_a_larger_share_holds_out_at_least_the_same_rows(share: float, instruction_id: str) -> None:
    if is_held_out(instruction_id, share / 2):
        assert is_held_out(instruction_id, share)
    assert not is_held_out(instruction_id, 0.0)


def test_many_rows_are_split_into_files_that_load_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_ROWS_PER_FILE", 50)
    monkeypatch.setattr(parquet, "_ROWS_PER_GROUP", 20)
    folder = export(write_run(tmp_path / "run", [example(number) for number in range(100)]))
    assert sorted(path.name for path in (folder / "full").iterdir()) == [
        "train-00000-of-00002.parquet",
        "train-00001-of-00002.parquet",
    ]
    assert [row["id"] for row in _load(folder, "full")] == [f"p{number:07d}-00" for number in range(100)]


def test_hostile_text_comes_back_as_it_was_and_half_characters_stay_out_with_a_reason(tmp_path: Path) -> None:
    hostile = "a\x00b\u2028c\U0001f600 </s> <|im_start|> ---\n# x\n" + "y" * 100_000
    run = write_run(tmp_path / "run", [example(1, hostile), example(2, "half \ud83d of one"), example(3)])
    folder = export(run)
    assert [row["answer"] for row in _load(folder, "full")] == [hostile, "Here are 3 rivers."]
    withheld = [json.loads(line) for line in (folder / "withheld.jsonl").read_text().splitlines()]
    assert withheld == [{"id": "p0000002-00", "reason": "invalid_unicode"}]


def test_what_is_above_a_cap_is_withheld_with_that_reason_and_the_first_stay(tmp_path: Path) -> None:
    refusals = [example(number, "I cannot help with that request, sorry.") for number in range(5, 10)]
    run = write_run(
        tmp_path / "run",
        [*refusals, *(example(number) for number in range(5))],
        {"balance": {"max_refusal_share": 0.375, "max_hedge_share": None}, "dataset": {"licence": "mit"}},
    )
    folder = export(run)
    assert [row["id"] for row in _load(folder, "full")] == [f"p{number:07d}-00" for number in range(8)]
    withheld = [json.loads(line) for line in (folder / "withheld.jsonl").read_text().splitlines()]
    assert [row["id"] for row in withheld] == ["p0000008-00", "p0000009-00"]
    assert {row["reason"] for row in withheld} == {"balance: refusals above 37.5 %"}
    assert "withheld: balance: refusals above 37.5 %" in (folder / "README.md").read_text()


def test_a_dataset_of_which_nothing_may_stay_is_refused(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [example(1, "I cannot help.")], {"balance": {"max_refusal_share": 0.0}})
    with pytest.raises(RunDirError, match="all 1 finished examples are withheld"):
        export(run)


@pytest.mark.parametrize("answered", [[], [failure(1), failure(2, FailureReason.EMPTY)]])
def test_nothing_finished_is_said_in_one_line(tmp_path: Path, answered: list) -> None:
    with pytest.raises(RunDirError, match="no finished example yet"):
        export(write_run(tmp_path / "run", answered))


def test_a_folder_that_is_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunDirError, match="not a run directory"):
        export(tmp_path)


def test_a_damaged_journal_is_named_with_its_line_and_the_old_dataset_stays(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [example(1)])
    before = _files(export(run))
    with open(run / rundir.OUTCOMES, "a") as file:
        file.write('{"instruction": 3}\n')
    with pytest.raises(RunDirError, match=r"outcomes\.jsonl:2"):
        export(run)
    assert _files(run / "dataset") == before


def test_an_example_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunDirError, match="p0000001-00 occurs twice"):
        export(write_run(tmp_path / "run", [example(1), example(1)]))


def test_a_full_disk_is_one_line_and_keeps_the_old_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow.parquet as pq

    run = write_run(tmp_path / "run", [example(1)])
    before = _files(export(run))

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "ParquetWriter", full)
    with pytest.raises(RunDirError, match="No space left"):
        export(run)
    assert _files(run / "dataset") == before


@pytest.mark.parametrize("share", [-0.1, 1.0, 2.0])
def test_a_share_outside_its_range_names_the_key(share: float) -> None:
    with pytest.raises(ValueError, match="holdout"):
        DatasetSpec(holdout=share)


def test_an_answer_that_holds_an_evaluation_item_is_withheld(tmp_path: Path) -> None:
    item = "Which river flows through the city of Basel before it reaches the sea at Rotterdam?"
    (tmp_path / "benchmark.jsonl").write_text(json.dumps({"prompt": item}) + "\n")
    answer = f"Here is a question for your quiz. {item} Give a point for it."
    path = write_run(
        tmp_path / "run", [example(1), example(2, answer)], {"decontaminate": [str(tmp_path / "benchmark.jsonl")]}
    )
    folder = export(path)
    assert [row["id"] for row in _load(folder, "full")] == [example(1).instruction_id]
    assert "contaminated: benchmark.jsonl:1" in (folder / "withheld.jsonl").read_text().replace(str(tmp_path) + "/", "")
