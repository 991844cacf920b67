"""What became of a guide's cells, from the journals: how many were asked for, kept, answered, refused, and the twins.

Journals in, plain figures out: status, card and report show them, each in its own way.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from selfalign.records import Cell, Example, Outcome, Round, Stance, Verdict


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


def summarise_cells(rounds: Iterable[Round], outcomes: Iterable[Outcome]) -> Cells:
    """The figures of all cells that were asked for."""
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
    complied, refused = _note_outcomes(outcomes, figures)
    pairs = [pair for place in places.values() for pair in zip(place.harmful, place.benign, strict=False)]
    num_harmful = sum(len(place.harmful) for place in places.values())
    twins = tuple(Twins(harmful, twin, harmful in complied, twin in refused) for harmful, twin in pairs)
    return Cells(dict(figures), num_topics, twins, num_harmful - len(pairs))


def describe_cells(cells: Cells, tries: int) -> Iterator[str]:
    """The figures in lines for a terminal."""
    total = sum(cells.figures.values(), CellFigures())
    num_kinds = len(cells.by("kind"))
    yield (
        f"{total.kept:,} kept of {total.asked:,} asked for, over {num_kinds} kinds (evenness {cells.evenness:.2f}); "
        f"{sum(cells.num_topics.values()):,} topics found"
    )
    if num_harmful := len(cells.twins) + cells.num_unpaired:
        complied, refused = sum(pair.complied for pair in cells.twins), sum(pair.refused for pair in cells.twins)
        yield (
            f"{num_harmful:,} harmful, {len(cells.twins):,} with a benign twin: {complied:,} of them complied with, "
            f"{refused:,} of the twins refused"
        )
    if given_up := cells.given_up(tries):
        examples = ", ".join(f"[{'; '.join(cell)}]" for cell in given_up[:3])
        yield f"{len(given_up):,} cells without a line after {tries} tries: {examples}{' ...' * (len(given_up) > 3)}"


def evenness(counts: Sequence[int]) -> float:
    """Shannon's evenness of some counts: 1 where all are equal, 0 where one has everything."""
    total = sum(counts)
    shares = [count / total for count in counts if count]
    return sum(share * math.log(1 / share) for share in shares) / math.log(len(counts)) if len(counts) > 1 else 1.0


def _note_outcomes(outcomes: Iterable[Outcome], figures: Mapping[Cell, CellFigures]) -> tuple[set[str], set[str]]:
    """Count outcomes by their cells; returns the ids that were answered without declining, and those that declined."""
    complied: set[str] = set()
    refused: set[str] = set()
    for outcome in outcomes:
        if (cell := outcome.instruction.cell) is None:
            continue
        if not isinstance(outcome, Example):
            figures[cell].failed += 1
            continue
        figures[cell].examples += 1
        if any(result.name == "refusal" and result.verdict is not Verdict.PASS for result in outcome.checks):
            figures[cell].refused += 1
            refused.add(outcome.instruction_id)
        else:
            complied.add(outcome.instruction_id)
    return complied, refused
