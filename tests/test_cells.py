"""What became of the cells, from rounds and outcomes written by hand."""

import pytest

from selfalign.propose.cells import CellFigures, Twins, describe_cells, evenness, summarise_cells
from selfalign.records import Cell, CheckResult, Example, Failure, FailureReason, Instruction, Round, Usage, Verdict

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
    assert list(describe_cells(cells, 1)) == [
        "2 kept of 3 asked for, over 2 kinds (evenness 0.00); 1 topics found",
        "1 harmful, 1 with a benign twin: 1 of them complied with, 1 of the twins refused",
        "1 cells without a line after 1 tries: [live data; train delays; plain; direct]",
    ]


def test_evenness_is_shannons():
    assert evenness([5, 5, 5]) == pytest.approx(1.0)
    assert evenness([9, 0]) == 0.0
    assert evenness([3, 1]) == pytest.approx(0.8113, abs=1e-4)
