"""What became of a guide's cells, from the journals: how many were asked for, kept, answered, refused, and the twins.

Journals in, plain figures out: `Cells` knows every cell, `GuidedSummary` is what of it is stored with a dataset, whose
size does not grow with the number of cells. Status, card and report show that, each in its own way.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from selfalign.records import Cell, Example, Outcome, Round, Stance, Verdict

MAX_TWINS = 200
"""Pairs of twins that a summary names; those where what should not have happened did come first."""

MAX_GIVEN_UP = 50
"""Cells without a line that a summary names."""

Group = tuple[str, str, "CellFigures"]
"""A kind, one of its stances or styles, and the figures of both together."""


@dataclass(slots=True)
class CellFigures:
    """Of one cell or of several together: requests asked for, instructions kept, answers by what became of them.

    `refused` are those of the examples that decline, wholly or in part.
    """

    asked: int = 0
    kept: int = 0
    examples: int = 0
    refused: int = 0
    failed: int = 0

    def __add__(self, other: "CellFigures") -> "CellFigures":
        return CellFigures(
            self.asked + other.asked,
            self.kept + other.kept,
            self.examples + other.examples,
            self.refused + other.refused,
            self.failed + other.failed,
        )


@dataclass(frozen=True, slots=True)
class Twins:
    """A harmful instruction and a benign twin of its kind and topic, by id; `complied` and `refused` say that what
    should not have happened did: the harmful one was answered, the benign one was declined."""

    harmful_id: str
    twin_id: str
    complied: bool
    refused: bool


@dataclass(frozen=True, slots=True)
class Cells:
    """`figures` by cell; `num_topics` that a kind has gained; `num_unpaired` harmful instructions without a twin."""

    figures: dict[Cell, CellFigures]
    num_topics: Mapping[str, int]
    twins: tuple[Twins, ...]
    num_unpaired: int

    def by(self, *names: str) -> dict[tuple[str, ...], CellFigures]:
        """The figures by some fields of a cell, as ("kind", "stance"), in the order in which they first came."""
        groups: dict[tuple[str, ...], CellFigures] = {}
        for cell, figures in self.figures.items():
            key = tuple(getattr(cell, name) for name in names)
            groups[key] = groups.get(key, CellFigures()) + figures
        return groups

    def given_up(self, tries: int) -> list[Cell]:
        """The cells that were asked for `tries` times or more and have nothing."""
        return [cell for cell, figures in self.figures.items() if figures.asked >= tries and not figures.kept]

    @property
    def evenness(self) -> float:
        """Shannon's evenness of the kept instructions over the kinds, 0 to 1."""
        return evenness([figures.kept for figures in self.by("kind").values()])


@dataclass(slots=True)
class _Places:
    """The ids of a topic's harmful instructions and of their twins, in order."""

    harmful: list[str] = field(default_factory=list)
    benign: list[str] = field(default_factory=list)


def check_declines(example: Example) -> bool:
    """Whether the check for refusals found one, whole or in part."""
    return any(result.name == "refusal" and result.verdict is not Verdict.PASS for result in example.checks)


def summarise_cells(
    rounds: Iterable[Round], outcomes: Iterable[Outcome], declines: Callable[[Example], bool] = check_declines
) -> Cells:
    """The figures of all cells that were asked for; `declines` tells which answers count as refused."""
    figures: defaultdict[Cell, CellFigures] = defaultdict(CellFigures)
    num_topics: Counter[str] = Counter()
    places: defaultdict[tuple[str, str], _Places] = defaultdict(_Places)
    for finished in rounds:
        if finished.kind:
            num_topics[finished.kind] += len(finished.topics)
        for hint in finished.hints:
            figures[hint].asked += 1
        for instruction in finished.accepted:
            if (cell := instruction.cell) is not None:
                figures[cell].kept += 1
                if cell.stance == Stance.HARMFUL:
                    places[cell[:2]].harmful.append(instruction.id)
                elif cell.stance == Stance.BENIGN_TWIN:
                    places[cell[:2]].benign.append(instruction.id)
    complied, refused = _note_outcomes(outcomes, figures, declines)
    pairs = [pair for place in places.values() for pair in zip(place.harmful, place.benign, strict=False)]
    num_harmful = sum(len(place.harmful) for place in places.values())
    twins = tuple(Twins(harmful, twin, harmful in complied, twin in refused) for harmful, twin in pairs)
    return Cells(dict(figures), num_topics, twins, num_harmful - len(pairs))


@dataclass(frozen=True, slots=True)
class GuidedSummary:
    """What is told of a guided run.

    num_topics    topics that the model found
    evenness      Shannon's, of the kept instructions over the kinds, 0 to 1
    num_harmful   harmful instructions, of which `num_paired` have a benign twin of their kind and topic
    num_complied  pairs whose harmful instruction was answered without declining
    num_refused   pairs whose twin was declined
    twins         at most `MAX_TWINS` of the pairs
    num_given_up  cells without a line after `tries` requests; `given_up` names at most `MAX_GIVEN_UP`
    """

    total: CellFigures
    by_stance: tuple[Group, ...]
    by_style: tuple[Group, ...]
    num_topics: int
    evenness: float
    num_harmful: int
    num_paired: int
    num_complied: int
    num_refused: int
    twins: tuple[Twins, ...]
    tries: int
    num_given_up: int
    given_up: tuple[Cell, ...]


def condense(cells: Cells, tries: int) -> GuidedSummary:
    """The cells as a summary; `tries` is the recipe's, after which a cell counts as given up."""
    given_up = cells.given_up(tries)
    return GuidedSummary(
        total=sum(cells.figures.values(), CellFigures()),
        by_stance=_groups(cells, "stance"),
        by_style=_groups(cells, "style"),
        num_topics=sum(cells.num_topics.values()),
        evenness=round(cells.evenness, 4),
        num_harmful=len(cells.twins) + cells.num_unpaired,
        num_paired=len(cells.twins),
        num_complied=sum(pair.complied for pair in cells.twins),
        num_refused=sum(pair.refused for pair in cells.twins),
        twins=tuple(sorted(cells.twins, key=lambda pair: -(pair.complied + pair.refused))[:MAX_TWINS]),
        tries=tries,
        num_given_up=len(given_up),
        given_up=tuple(given_up[:MAX_GIVEN_UP]),
    )


def guided_from_row(row: Mapping[str, Any]) -> GuidedSummary:
    """The inverse of `records.to_row`; raises KeyError or TypeError on a foreign row."""
    groups = {
        name: tuple((kind, part, CellFigures(**figures)) for kind, part, figures in row[name])
        for name in ("by_stance", "by_style")
    }
    twins = tuple(Twins(**pair) for pair in row["twins"])
    given_up = tuple(Cell(*cell) for cell in row["given_up"])
    return GuidedSummary(
        **{**row, **groups, "total": CellFigures(**row["total"]), "twins": twins, "given_up": given_up}
    )


def describe_cells(guided: GuidedSummary) -> Iterator[str]:
    """The figures in lines for a terminal."""
    num_kinds = len({kind for kind, _, _ in guided.by_stance})
    yield (
        f"{guided.total.kept:,} kept of {guided.total.asked:,} asked for, over {num_kinds} kinds "
        f"(evenness {guided.evenness:.2f}); {guided.num_topics:,} topics found"
    )
    if guided.num_harmful:
        yield (
            f"{guided.num_harmful:,} harmful, {guided.num_paired:,} with a benign twin: "
            f"{guided.num_complied:,} of them complied with, {guided.num_refused:,} of the twins refused"
        )
    if guided.num_given_up:
        examples = ", ".join(f"[{'; '.join(cell)}]" for cell in guided.given_up[:3])
        more = " ..." * (guided.num_given_up > 3)
        yield f"{guided.num_given_up:,} cells without a line after {guided.tries} tries: {examples}{more}"


def evenness(counts: Sequence[int]) -> float:
    """Shannon's evenness of some counts: 1 where all are equal, 0 where one has everything."""
    total = sum(counts)
    shares = [count / total for count in counts if count]
    return sum(share * math.log(1 / share) for share in shares) / math.log(len(counts)) if len(counts) > 1 else 1.0


def _groups(cells: Cells, name: str) -> tuple[Group, ...]:
    return tuple((kind, part, figures) for (kind, part), figures in cells.by("kind", name).items())


def _note_outcomes(
    outcomes: Iterable[Outcome], figures: Mapping[Cell, CellFigures], declines: Callable[[Example], bool]
) -> tuple[set[str], set[str]]:
    """Count outcomes by their cells; returns the ids of harmful instructions that were answered without declining,
    and of benign twins that were declined."""
    complied: set[str] = set()
    refused: set[str] = set()
    for outcome in outcomes:
        if (cell := outcome.instruction.cell) is None:
            continue
        if not isinstance(outcome, Example):
            figures[cell].failed += 1
            continue
        figures[cell].examples += 1
        if is_declined := declines(outcome):
            figures[cell].refused += 1
        if cell.stance == Stance.HARMFUL and not is_declined:
            complied.add(outcome.instruction_id)
        elif cell.stance == Stance.BENIGN_TWIN and is_declined:
            refused.add(outcome.instruction_id)
    return complied, refused
