"""The ledger of cells: how often each was asked for and answered, and which are asked for next.

Empty and thin cells come first: the kind with the fewest lines for its weight, of that kind the topic with the fewest,
of that topic the unit (a style, and whether plain or harmful with its twin) with the fewest. What was asked for counts
as answered until its round says otherwise, so that one cell is not asked for again and again while replies are open.

What is chosen for round n depends on what was chosen before it and on what came of the rounds up to n - window; both
stand in the journal, so a replay ends in the state in which the run was.
"""

import heapq
import math
import random
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from selfalign.propose.guide import Guide, Kind
from selfalign.propose.spec import GuidedSpec
from selfalign.records import Cell, Instruction, Round, Stance, Topic

EXPECTED_TOPICS = 8
"""New topics that an open round of topics is taken to bring."""


@dataclass(slots=True)
class _Topic:
    """A topic's lines by unit, and how many requests in a row have come to nothing."""

    name: str
    counts: list[int]
    dry: list[int]
    total: int = 0


class _Shelf:
    """One kind: its topics, thinnest first."""

    def __init__(self, kind: Kind, tries: int) -> None:
        self.kind = kind
        self.num_lines = 0
        self.num_units = 0
        self.unit_counts = [0] * len(kind.units)
        self.open_topic_rounds = 0
        self.dry_topic_rounds = 0
        self.topics: list[_Topic] = []
        self._positions: dict[str, int] = {}
        self._tries = tries
        # (lines, position) of topics; an entry whose number of lines is no longer true is passed over.
        self._thinnest: list[tuple[int, int]] = []
        # A unit is known by the stance and style of its first line; a twin belongs to the unit of its harmful line.
        self._units = {unit[0]: number for number, unit in enumerate(kind.units)}
        for topic in kind.topics:
            self.add(topic)

    def add(self, topic: str) -> None:
        """Take in a topic, unless it is here."""
        if topic in self._positions:
            return
        num_units = len(self.unit_counts)
        self._positions[topic] = len(self.topics)
        self.topics.append(_Topic(topic, [0] * num_units, [0] * num_units))
        heapq.heappush(self._thinnest, (0, len(self.topics) - 1))

    @property
    def thinness(self) -> float:
        """Lines there are or are being asked for, by weight."""
        return self.num_lines / self.kind.weight

    @property
    def is_filled(self) -> bool:
        """Whether there are, or are being asked for, as many lines as the kind has cells."""
        return self.num_units >= len(self.topics) * len(self.unit_counts)

    def thinnest(self) -> tuple[Cell, ...]:
        """The cells of the thinnest unit of the thinnest topic; none where every cell was tried in vain."""
        while self._thinnest:
            total, position = self._thinnest[0]
            topic = self.topics[position]
            units = [unit for unit, dry in enumerate(topic.dry) if dry < self._tries]
            if topic.total == total and units:
                unit = min(units, key=lambda unit: (topic.counts[unit], self.unit_counts[unit]))
                return tuple(Cell(self.kind.name, topic.name, *line) for line in self.kind.units[unit])
            heapq.heappop(self._thinnest)
        return ()

    def ask(self, cell: Cell) -> None:
        """Count a cell that is asked for."""
        self.num_lines += 1
        self._count(cell, 1)

    def settle(self, cell: Cell, *, is_kept: bool) -> None:
        """Note what came of a cell that was asked for."""
        if not is_kept:
            self.num_lines -= 1
        if (unit := self._units.get((cell.stance, cell.style))) is None:
            return
        topic = self.topics[self._positions[cell.topic]]
        topic.dry[unit] = 0 if is_kept else topic.dry[unit] + 1
        self._count(cell, 0 if is_kept else -1)

    def _count(self, cell: Cell, change: int) -> None:
        if (unit := self._units.get((cell.stance, cell.style))) is None:
            return
        position = self._positions[cell.topic]
        topic = self.topics[position]
        topic.counts[unit] += change
        topic.total += change
        self.unit_counts[unit] += change
        self.num_units += change
        heapq.heappush(self._thinnest, (topic.total, position))
        if len(self._thinnest) > 4 * len(self.topics) + 64:
            self._thinnest = sorted({(topic.total, position) for position, topic in enumerate(self.topics)})

    def fullness(self, least: int) -> float:
        """Topics there are or are being asked for, as a share of those wanted: as many as give each cell one line."""
        if self.dry_topic_rounds >= self._tries:
            return math.inf
        wanted = max(least, -(-self.num_units // len(self.unit_counts)))
        return (len(self.topics) + EXPECTED_TOPICS * self.open_topic_rounds) / wanted


@dataclass
class Ledger:
    """The cells of a guide. `window` is that of the run: rounds open at a time."""

    guide: Guide
    spec: GuidedSpec
    window: int
    _shelves: dict[str, _Shelf] = field(init=False)
    _known_topics: set[Topic] = field(init=False)
    _spare_twins: Counter[tuple[str, str]] = field(default_factory=Counter, init=False)
    _num_harmful: int = field(default=0, init=False)
    _num_unpaired: int = field(default=0, init=False)
    _unsettled: deque[Round] = field(default_factory=deque, init=False)
    _num_chosen: int = field(default=0, init=False)
    _asked_for_topics: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._shelves = {kind.name: _Shelf(kind, self.spec.tries) for kind in self.guide.kinds}
        self._known_topics = {Topic(kind.name, topic) for kind in self.guide.kinds for topic in kind.topics}

    def choose(self, number: int, rng: random.Random) -> tuple[str, tuple[Cell, ...]]:
        """What round `number` asks for: more topics of a kind, or requests for some cells; neither where every cell
        was tried in vain and no kind brings new topics. Rounds must be chosen in order."""
        self._settle(number)
        kind = self._needs_topics()
        hints = () if kind and not self._asked_for_topics else self._ask_thin_cells(rng)
        if hints:
            kind = ""
        self._begin(number, kind)
        return kind, hints

    def topics(self, kind: str) -> list[str]:
        """The topics of a kind that the round chosen last may show."""
        return [topic.name for topic in self._shelves[kind].topics]

    def is_new(self, topic: Topic) -> bool:
        """Whether a topic is not there yet."""
        return topic not in self._known_topics

    def lacks_twin(self, harmful: Cell, just_kept: Sequence[Instruction]) -> bool:
        """Whether a harmful instruction would be one too many without a benign twin; `just_kept` are those of its own
        round."""
        place = (harmful.kind, harmful.topic)
        same = Counter(item.cell.stance for item in just_kept if item.cell and item.cell[:2] == place)
        if self._spare_twins[place] + same[Stance.BENIGN_TWIN] > same[Stance.HARMFUL]:
            return False
        return self._num_unpaired + 1 > (1 - self.guide.twins) * (self._num_harmful + 1)

    def note(self, finished: Round) -> None:
        """Take in a round, just finished or from the journal."""
        if not (finished.hints or finished.kind):
            return
        if finished.index >= self._num_chosen:  # from the journal: it was chosen by an earlier start
            self._settle(finished.index)
            self._begin(finished.index, finished.kind)
            for cell in finished.hints:
                self._shelves[cell.kind].ask(cell)
        self._known_topics.update(Topic(finished.kind, name) for name in finished.topics)
        self._pair(item.cell for item in finished.accepted if item.cell)
        self._unsettled.append(finished)

    def _pair(self, kept: Iterable[Cell]) -> None:
        for cell in kept:
            place = (cell.kind, cell.topic)
            if cell.stance == Stance.BENIGN_TWIN:
                self._spare_twins[place] += 1
            elif cell.stance == Stance.HARMFUL:
                self._num_harmful += 1
                if self._spare_twins[place]:
                    self._spare_twins[place] -= 1
                else:
                    self._num_unpaired += 1

    def _settle(self, number: int) -> None:
        """Let what came of the rounds up to `number` - window be seen."""
        while self._unsettled and self._unsettled[0].index <= number - self.window:
            finished = self._unsettled.popleft()
            if finished.kind:
                shelf = self._shelves[finished.kind]
                shelf.open_topic_rounds -= 1
                shelf.dry_topic_rounds = 0 if finished.topics else shelf.dry_topic_rounds + 1
                for topic in finished.topics:
                    shelf.add(topic)
            kept = {item.cell for item in finished.accepted}
            for cell in finished.hints:
                self._shelves[cell.kind].settle(cell, is_kept=cell in kept)

    def _begin(self, number: int, kind: str) -> None:
        self._num_chosen = number + 1
        self._asked_for_topics = bool(kind)
        if kind:
            self._shelves[kind].open_topic_rounds += 1

    def _needs_topics(self) -> str:
        """The kind that is to have more topics; none where all have enough.

        First those whose every cell has a line or is being asked for, thinnest first; then one kind after the other is
        brought to the number that each should have.
        """
        fullness = {name: shelf.fullness(self.spec.topics) for name, shelf in self._shelves.items()}
        lacking = [name for name, full in fullness.items() if full < 1]
        filled = [name for name in lacking if self._shelves[name].is_filled]
        return min(filled, key=fullness.__getitem__) if filled else max(lacking, key=fullness.__getitem__, default="")

    def _ask_thin_cells(self, rng: random.Random) -> tuple[Cell, ...]:
        """Ask for cells of the kinds with the fewest lines, of equally thin kinds any. One that falls behind, since
        little comes of it, is asked for twice in a round, not more: the others shall not wait for it."""
        hints: list[Cell] = []
        most = max(2, -(-self.spec.asked // len(self._shelves)))
        waiting = [(shelf.thinness, rng.random(), 1, name) for name, shelf in self._shelves.items()]
        heapq.heapify(waiting)
        while waiting and len(hints) < self.spec.asked:
            _, tie, times, name = heapq.heappop(waiting)
            shelf = self._shelves[name]
            cells = shelf.thinnest()
            if cells and len(hints) + len(cells) <= self.spec.asked and not set(cells) & set(hints):
                hints += cells
                for cell in cells:
                    shelf.ask(cell)
                if times < most:
                    heapq.heappush(waiting, (shelf.thinness, tie, times + 1, name))
        return tuple(hints)
