"""The pool: everything kept so far, and what a new candidate is screened against."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from selfalign.novelty.index import NoveltyIndex
from selfalign.propose.ledger import Ledger
from selfalign.propose.screen import ScreenSpec, find_fault
from selfalign.propose.spec import ProposeSpec
from selfalign.records import Instruction, Rejection, RejectionReason, Round, Seed, Stance, Topic, Usage

Candidate = Instruction | Topic | Rejection
"""What a reply holds: an instruction or a topic to be screened, or what can be neither."""


class Shown(Protocol):
    """What an example in a proposal needs: seeds and instructions have it."""

    @property
    def id(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def context(self) -> str: ...


@dataclass
class Pool:
    """What has been kept so far, and how far the rounds have come; the state that `propose` continues from.

    `index` knows every seed, every line of the guide and every accepted instruction; `sizes[i]` is the number of
    accepted instructions after round i, `num_screened` the number of verdicts so far. `ledger` has the cells of a run
    with a guide. `find_contamination` names file and line of an evaluation prompt that a text repeats, or None.
    """

    seeds: tuple[Seed, ...]
    index: NoveltyIndex
    ledger: Ledger | None = None
    find_contamination: Callable[[str, str], str | None] = lambda text, context: None
    accepted: list[Instruction] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    dry_rounds: int = 0
    num_screened: int = 0

    def __post_init__(self) -> None:
        self._index_all(self.seeds)
        if self.ledger is not None:
            self._index_all(tuple(self.ledger.guide.lines))

    def replay(self, rounds: Iterable[Round]) -> None:
        """Take in the journalled rounds of an earlier start, in order."""
        for earlier in rounds:
            self.note(earlier)
        self._index_all(self.accepted)

    def _index_all(self, items: Sequence[Shown]) -> None:
        self.index.extend((item.id, item.text, item.context) for item in items)

    def note(self, finished: Round) -> None:
        """Count a round whose accepted instructions are in the index already."""
        self.accepted.extend(finished.accepted)
        self.num_screened += len(finished.accepted) + len(finished.rejected)
        self.sizes.append(len(self.accepted))
        self.dry_rounds = 0 if finished.accepted else self.dry_rounds + (not finished.topics)
        if self.ledger is not None:
            self.ledger.note(finished)

    def is_finished(self, spec: ProposeSpec) -> bool:
        """Whether the target is reached, or novelty has run dry."""
        return len(self.accepted) >= spec.target or self.dry_rounds >= spec.max_dry_rounds

    async def screen_all(self, candidates: Iterable[Candidate], shown: Sequence[Shown], spec: ScreenSpec) -> Round:
        """The next round: what is kept of the candidates, each screened against all that was kept before it, and what
        is not. Instructions enter the index at once.

        A verdict takes up to some milliseconds at a large pool: in between, others have their turn on the event loop.
        """
        accepted: list[Instruction] = []
        rejected: list[Rejection] = []
        topics: list[str] = []
        for candidate in candidates:
            if isinstance(candidate, Topic):
                if self.ledger is not None and self.ledger.is_new(candidate):
                    topics.append(candidate.name)
                continue
            rejection = candidate if isinstance(candidate, Rejection) else self._fault(candidate, shown, accepted, spec)
            if rejection:
                rejected.append(rejection)
            else:
                self.index.add(candidate.id, candidate.text, candidate.context)
                accepted.append(candidate)
            await asyncio.sleep(0)
        ids = tuple(item.id for item in shown)
        return Round(len(self.sizes), ids, tuple(accepted), tuple(rejected), Usage(), topics=tuple(topics))

    def _fault(
        self, candidate: Instruction, shown: Sequence[Shown], just_kept: Sequence[Instruction], spec: ScreenSpec
    ) -> Rejection | None:
        """Why a candidate may not be kept, or None: the cheap rules first, then the pool."""

        def reject(reason: RejectionReason, **explanation: object) -> Rejection:
            return Rejection(candidate.text, candidate.context, reason, **explanation)

        if fault := find_fault(candidate, spec):
            return reject(fault.reason, detail=fault.detail)
        for item in shown:
            if item.text.casefold() == candidate.text.casefold() and item.context == candidate.context:
                return reject(RejectionReason.REPEATS_SHOWN, nearest_id=item.id, similarity=1.0)
        if neighbour := self.index.nearest(candidate.text, candidate.context):
            return reject(RejectionReason.NEAR_DUPLICATE, nearest_id=neighbour.id, similarity=neighbour.similarity)
        if place := self.find_contamination(candidate.text, candidate.context):
            return reject(RejectionReason.CONTAMINATED, detail=place)
        cell = candidate.cell
        is_harmful = cell is not None and cell.stance == Stance.HARMFUL
        if is_harmful and self.ledger is not None and self.ledger.lacks_twin(cell, just_kept):
            return reject(RejectionReason.NO_TWIN, detail=f"of the topic {cell.topic!r}")
        return None
