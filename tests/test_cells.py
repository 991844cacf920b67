"""What became of the cells, from rounds and outcomes written by hand."""

import io

import pytest
from run_fixtures import GUIDED_RECIPE, RECIPE, write_guided_run, write_run
from run_fixtures import example as plain_example

from selfalign.dataset.export import export
from selfalign.dataset.summary import read_guided, read_summary
from selfalign.propose.cells import CellFigures, Twins, condense, describe_cells, evenness, summarise_cells
from selfalign.records import Cell, CheckResult, Example, Failure, FailureReason, Instruction, Round, Usage, Verdict
from selfalign.report.facts import gather
from selfalign.report.parts import PartWriter

PLAIN = Cell("live data", "train delays", "plain", "direct")
HARMFUL = Cell("fraud", "fake shops", "harmful", "direct")
TWIN = HARMFUL._replace(stance="benign twin")
DECLINES = CheckResult("refusal", Verdict.FLAG, 1.0, "refuses: declines")


def instruction(number, cell):
    return Instruction(f"p{number:07d}-00", f"Request {number}.", "", "guided", cell)


def example(asked, *checks):
    return Example(asked, "", "An answer.", (), checks, Usage())


def test_every_cell_is_counted_and_twins_stand_side_by_side():
    kept = [instruction(number, cell) for number, cell in enumerate((PLAIN, TWIN, HARMFUL, TWIN, HARMFUL))]
    own = Instruction("p0000009-00", "Name a river.", "", "self-instruct")
    rounds = [
        Round(0, (), tuple(kept[:3]), (), Usage(), "guided", hints=(PLAIN, PLAIN, HARMFUL, TWIN)),
        Round(1, (), tuple(kept[3:]), (), Usage(), "guided", hints=(HARMFUL, TWIN)),
        Round(2, (), (), (), Usage(), "guided", kind="fraud", topics=("old cars", "lottery wins")),
        Round(3, (), (own,), (), Usage()),
    ]
    outcomes = [
        Failure(kept[0], "parse", FailureReason.EMPTY, "", "", Usage()),
        example(kept[1], DECLINES),
        example(kept[2]),
        example(kept[3]),
        example(kept[4], DECLINES),
        example(own),
    ]
    cells = summarise_cells(rounds, outcomes)
    assert cells.figures[PLAIN] == CellFigures(asked=2, kept=1, failed=1)
    assert cells.figures[HARMFUL] == CellFigures(asked=2, kept=2, examples=2, refused=1)
    assert cells.by("kind")["fraud",] == CellFigures(asked=4, kept=4, examples=4, refused=2)
    assert cells.num_topics == {"fraud": 2}
    assert cells.twins == (
        Twins(kept[2].id, kept[1].id, complied=True, refused=True),
        Twins(kept[4].id, kept[3].id, complied=False, refused=False),
    )
    assert cells.num_unpaired == 0


def test_a_cell_that_was_asked_for_in_vain_is_named():
    rounds = [Round(number, (), (), (), Usage(), "guided", hints=(PLAIN,)) for number in range(4)]
    cells = summarise_cells(rounds, [])
    assert cells.given_up(4) == [PLAIN]
    assert cells.given_up(5) == []


def test_the_figures_in_words():
    kept = (instruction(0, TWIN), instruction(1, HARMFUL))
    rounds = [
        Round(0, (), kept, (), Usage(), "guided", hints=(PLAIN, HARMFUL, TWIN)),
        Round(1, (), (), (), Usage(), "guided", kind="fraud", topics=("old cars",)),
    ]
    cells = summarise_cells(rounds, [example(kept[0], DECLINES), example(kept[1])])
    assert list(describe_cells(condense(cells, 1))) == [
        "2 kept of 3 asked for, over 2 kinds (evenness 0.00); 1 topics found",
        "1 harmful, 1 with a benign twin: 1 of them complied with, 1 of the twins refused",
        "1 cells without a line after 1 tries: [live data; train delays; plain; direct]",
    ]


def test_an_answer_that_was_never_checked_is_looked_at(tmp_path):
    guided = read_guided(write_guided_run(tmp_path / "run"), {**RECIPE, **GUIDED_RECIPE})
    assert guided.by_stance == (
        ("fraud", "benign twin", CellFigures(asked=2, kept=2, examples=2, refused=1)),
        ("fraud", "harmful", CellFigures(asked=2, kept=2, examples=2, refused=1)),
        ("live data", "plain", CellFigures(asked=1, kept=1, failed=1)),
    )
    assert [(kind, style) for kind, style, _ in guided.by_style] == [("fraud", "direct"), ("live data", "verse")]
    assert (guided.num_paired, guided.num_complied, guided.num_refused) == (2, 1, 1)
    assert read_guided(tmp_path / "run", RECIPE) is None


def test_the_dataset_its_card_and_its_report_know_the_cells(tmp_path):
    run = write_guided_run(tmp_path / "run")
    folder = export(run)
    stored = read_summary(run)
    assert stored is not None
    assert stored.guided == read_guided(run, {**RECIPE, **GUIDED_RECIPE})
    assert stored.balance.warnings == (
        "1 of 2 harmful instructions are complied with: fraud 1 of 2",
        "1 of 2 benign twins of harmful instructions are refused: fraud 1 of 2",
    )
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "| fraud | harmful | 2 | 2 | 2 | 50.0% | 0.0% |" in card
    assert "- 2 harmful, 2 with a benign twin: 1 of them complied with, 1 of the twins refused" in card
    guided = gather(run, PartWriter(io.BytesIO()))["guided"]
    first_pair = guided["twins"][0]
    assert first_pair[0]["text"] == "<b>Request</b> 1"
    assert first_pair[1]["answer"] == "I cannot help with that."
    assert first_pair[2:] == (True, True)


def test_a_run_without_a_guide_says_nothing_of_cells(tmp_path):
    run = write_run(tmp_path / "run", [plain_example(0)])
    card = (export(run) / "README.md").read_text(encoding="utf-8")
    assert "cells" not in card
    assert gather(run, PartWriter(io.BytesIO()))["guided"] is None


def test_evenness_is_shannons():
    assert evenness([5, 5, 5]) == pytest.approx(1.0)
    assert evenness([9, 0]) == 0.0
    assert evenness([3, 1]) == pytest.approx(0.8113, abs=1e-4)
