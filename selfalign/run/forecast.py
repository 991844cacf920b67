"""What a run still takes, from what it has shown so far: the one model behind `selfalign plan` and the live line.

**Tokens.** A round brings about as many candidates as any other and costs about as many tokens, an answer costs about
as many as any other. What changes is how many candidates are kept: the fuller the pool, the more of them repeat
something in it. When n are kept, there were about

    a n^(1 + k)

such repeats in all. With k = 0 the pool's size does not matter; with k = 1 a candidate meets each instruction in the
pool with the same chance; in between some are met again and again and others never. Their number so far gives a, and
their share in the first half of the pool gives k, which is pulled towards 1/2 as if `PRIOR` repeats had said so.

**Ranges.** Two standard errors of every mean, and of counts taken as Poisson's; all taken to be wrong the same way.

**Time.** Tokens written, at the rate of the run so far.
"""

import math
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import NamedTuple

from selfalign.records import RejectionReason, Round, Usage

PRIOR = 10.0
MARK_EVERY = 1.03
"""The pool grows by such a factor between two notes of how many repeats there were."""

_REPEATS = {RejectionReason.NEAR_DUPLICATE, RejectionReason.REPEATS_SHOWN}


class Range(NamedTuple):
    """A figure that is not known: the likely one, between two that it should not leave."""

    low: float
    likely: float
    high: float

    def times(self, factor: "float | Range") -> "Range":
        """The range of a product."""
        other = factor if isinstance(factor, Range) else Range(factor, factor, factor)
        return Range(*(a * b for a, b in zip(self, other, strict=True)))

    def plus(self, other: "Range") -> "Range":
        """The range of a sum."""
        return Range(*(a + b for a, b in zip(self, other, strict=True)))


@dataclass(slots=True)
class Mean:
    """The mean of some numbers, and how sure it is."""

    count: int = 0
    total: float = 0.0
    squares: float = 0.0

    def add(self, value: float) -> None:
        """Take in one number."""
        self.count += 1
        self.total += value
        self.squares += value * value

    @property
    def value(self) -> float:
        return self.total / self.count if self.count else 0.0

    @property
    def range(self) -> Range:
        """The mean, two standard errors to either side; of a single number, half of it."""
        mean = self.value
        if self.count < 2:
            return Range(mean / 2, mean, mean * 2)
        variance = max(0.0, self.squares - self.count * mean * mean) / (self.count - 1)
        width = 2 * math.sqrt(variance / self.count)
        return Range(max(0.0, mean - width), mean, mean + width)


@dataclass(slots=True)
class Cost:
    """Tokens of one kind of request: read, read from the prefix cache, written."""

    read: Mean = field(default_factory=Mean)
    cached: Mean = field(default_factory=Mean)
    written: Mean = field(default_factory=Mean)

    def add(self, usage: Usage) -> None:
        """Take in one request."""
        self.read.add(usage.prompt_tokens)
        self.cached.add(usage.cached_tokens)
        self.written.add(usage.output_tokens)


class Left(NamedTuple):
    """What is left to do: rounds of proposals, answers, and tokens as in `Usage`."""

    rounds: Range
    answers: Range
    read: Range
    cached: Range
    written: Range


@dataclass(slots=True)
class Course:
    """What a run has shown so far. `marks` has pairs of instructions kept and repeats met until then."""

    num_kept: int = 0
    num_repeats: int = 0
    num_others: int = 0
    candidates: Mean = field(default_factory=Mean)
    proposal: Cost = field(default_factory=Cost)
    answer: Cost = field(default_factory=Cost)
    marks: list[tuple[int, int]] = field(default_factory=lambda: [(0, 0)])

    def count_round(self, finished: Round) -> None:
        """Take in one round."""
        repeats = sum(rejection.reason in _REPEATS for rejection in finished.rejected)
        self.num_kept += len(finished.accepted)
        self.num_repeats += repeats
        self.num_others += len(finished.rejected) - repeats
        self.candidates.add(len(finished.accepted) + len(finished.rejected))
        self.proposal.add(finished.usage)
        if self.num_kept >= MARK_EVERY * self.marks[-1][0] + 1:
            self.marks.append((self.num_kept, self.num_repeats))

    def left(self, target: int, *, kept: int = 0, answered: int = 0) -> Left | None:
        """From `kept` instructions and `answered` answers up to `target`; None where nothing of it is known yet."""
        rounds, answers = Range(0, 0, 0), Range(*[max(0.0, max(target, kept) - answered)] * 3)
        if target > kept:
            if not self.num_kept:
                return None
            rounds = self._rounds(kept, target)
            # The round that reaches the target goes beyond it, by half of what a round brings.
            brings = (target - kept) / max(1.0, rounds.likely)
            answers = answers.plus(Range(0.0, max(0.0, (brings - 1) / 2), max(0.0, brings - 1)))
        if answers.likely and not self.answer.written.count:
            return None
        tokens = (
            rounds.times(getattr(self.proposal, name).range).plus(answers.times(getattr(self.answer, name).range))
            for name in ("read", "cached", "written")
        )
        return Left(rounds, answers, *tokens)

    def kept_of(self, num_kept: int) -> Range:
        """The share of candidates that is kept from this size of the pool on, while it grows by a tenth of what was
        seen."""
        span = max(1, self.num_kept // 10)
        needed = self._needed(num_kept, num_kept + span)
        return Range(span / needed.high, span / needed.likely, span / needed.low)

    def _rounds(self, kept: int, target: int) -> Range:
        needed, brings = self._needed(kept, target), self.candidates.range
        return Range(needed.low / brings.high, needed.likely / brings.likely, needed.high / max(brings.low, 1e-9))

    def _needed(self, kept: int, target: int) -> Range:
        """Candidates until the pool has grown from one size to another."""
        grown = target - kept
        others = _counted(self.num_others).times(grown / self.num_kept)
        ends = [self._repeats(target, place) - self._repeats(kept, place) for place in range(3)]
        return Range(grown, grown, grown).plus(others).plus(Range(min(ends), ends[1], max(ends)))

    def _repeats(self, size: int, place: int) -> float:
        """Repeats until the pool has this size; `place` is that of a range."""
        if place == 1 and size <= self.num_kept:
            return self._noted(size)
        return _counted(self.num_repeats)[place] * (size / self.num_kept) ** (1 + self._power()[place])

    def _power(self) -> Range:
        """k, from the share of the repeats that fell into the first half of the pool."""
        weight = self.num_repeats + PRIOR
        share = (self._noted(self.num_kept / 2) + PRIOR * 2**-1.5) / weight
        width = 2 * math.sqrt(share * (1 - share) / weight)
        low, likely, high = (-math.log2(max(each, 2.0**-9)) - 1 for each in (share + width, share, share - width))
        likely = max(0.0, likely)
        return Range(max(0.0, low), likely, max(likely, min(high, 1.0)))

    def _noted(self, size: float) -> float:
        """Repeats until the pool had this size, between two marks in proportion."""
        if size >= self.num_kept:
            return self.num_repeats
        marks = [*self.marks, (self.num_kept, self.num_repeats)]
        place = max(1, min(len(marks) - 1, bisect_left(marks, (size, -1))))
        (size_before, before), (size_after, after) = marks[place - 1 : place + 1]
        return before + (after - before) * min(1.0, (size - size_before) / (size_after - size_before))


def _counted(number: int) -> Range:
    """What a count may have been, had it been taken again."""
    return Range(max(0.0, number + 2 - 2 * math.sqrt(number + 1)), number, number + 2 + 2 * math.sqrt(number + 1))
