"""What a run has spent of its budget, and what may still begin.

What is in flight is counted before it is paid for: as it will probably come out, within the limit, and as dear as it
can become, within `TOLERANCE` of it; a round of proposals with the answers that it will bring. So a run stops proposing
while there is enough left to answer what it has kept. This decides whether a request is sent, never what is in it.
"""

import asyncio
import math
from collections import deque
from dataclasses import dataclass, field

from selfalign.records import Outcome, Round, Usage
from selfalign.run.budget import Budget, weighed
from selfalign.run.progress import Clock, Counters, format_seconds, format_tokens, usage_of

CLOSE_ENOUGH = 0.01
"""The share of a limit that is not worth another round of requests."""

SPENT = 0.97
"""The share of a limit behind which a run that starts again does not start its engine."""

RECENT = 64
"""The last requests, whose times tell how long the next ones may take."""

TOLERANCE = 0.02
"""The share of a limit in tokens by which it may be overshot, if everything in flight turns out as dear as it can."""


@dataclass(frozen=True, slots=True)
class FirstGuess:
    """The most that an answer and a round cost, as far as that can be said before there was one, and how many
    instructions a round brings."""

    answer: Usage = field(default_factory=Usage)
    round: Usage = field(default_factory=Usage)
    brings: float = 1.0


@dataclass(slots=True)
class _Kind:
    """Requests of one kind: when those in flight began, the dearest so far in tokens, the seconds of the last ones."""

    begun: deque[float] = field(default_factory=deque)
    dearest: float = 0.0
    seconds: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))

    def end(self, tokens: float, seconds: float) -> None:
        self.dearest = max(self.dearest, tokens)
        self.seconds.append(seconds)

    @property
    def long(self) -> float:
        """Seconds that nine in ten of the last ones took at most."""
        return sorted(self.seconds)[9 * len(self.seconds) // 10] if self.seconds else 0.0


class Meter:
    """A run's budget while it runs; `slots` requests are in flight at most.

    `lost` are tokens that the run has paid for and its counters no longer know.
    """

    def __init__(
        self,
        counters: Counters,
        budget: Budget | None = None,
        *,
        slots: int = 1,
        clock: Clock | None = None,
        lost: Usage | None = None,
    ) -> None:
        self.budget = budget or Budget()
        self.clock = clock or Clock()
        self.guess = FirstGuess()
        self._counters = counters
        self._slots = slots
        self._lost = lost or Usage()
        self._rounds, self._answers = _Kind(), _Kind()
        self._num_answering = 0
        self._is_refusing = False
        self._changed = asyncio.Event()

    @property
    def seconds_left(self) -> float | None:
        """Until everything has to end; None without such a limit."""
        return None if math.isinf(self.budget.seconds) else max(0.0, self.budget.seconds - self.clock.seconds())

    def is_spent(self) -> bool:
        """Whether what is left is not worth starting an engine for."""
        return self._tokens() >= SPENT * self.budget.tokens or self.clock.seconds() >= SPENT * self.budget.seconds

    def share_spent(self) -> float | None:
        """How much of the budget is spent, of tokens or time, whichever is nearer its end; None without a budget."""
        if not self.budget.text:
            return None
        return max(self._tokens() / self.budget.tokens, self.clock.seconds() / self.budget.seconds)

    async def admit_round(self) -> bool:
        """Whether one more round may be opened. Where none is open, this waits until one may be, or none ever will."""
        while not self._has_room_for_round():
            if self._rounds.begun or not self._is_answering or self._is_nearly_spent:
                return False
            await self._change()
        self._rounds.begun.append(self.clock.now())
        return True

    async def admit_answer(self) -> bool:
        """Whether one more instruction may be answered; where others are being answered, this may wait for them. What
        open rounds bring back may make room later."""
        while not self._has_room_for_answer():
            if not self._num_answering:
                self._is_refusing = True
                self._changed.set()
                return False
            await self._change()
        self._is_refusing = False
        self._num_answering += 1
        return True

    def end_round(self, finished: Round) -> None:
        """Take in a round that was admitted, after the counters have."""
        self._rounds.end(self._weighed(finished.usage), self.clock.now() - self._rounds.begun.popleft())
        self._changed.set()

    def drop_rounds(self) -> None:
        """Forget the rounds that are open yet: nothing more is proposed."""
        self._rounds.begun.clear()
        self._changed.set()

    def end_answer(self, outcome: Outcome, began: float) -> None:
        """Take in an answer that was admitted, after the counters have; `began` is when it was asked for, by the
        meter's clock."""
        self._num_answering -= 1
        self._answers.end(self._weighed(usage_of(outcome)), self.clock.now() - began)
        self._changed.set()

    def lines(self, is_finished: bool) -> list[str]:
        """What the budget has bought, and whether it was enough."""
        if not self.budget.text:
            return []
        tokens = weighed(self._usage, (1.0, 1.0))
        spent = f"{format_seconds(self.clock.seconds())} and {format_tokens(tokens)}"
        end = "the run is complete" if is_finished else "spent; the same command with a larger --budget continues"
        bought = f"{self._counters.num_examples:,} examples of {self._counters.num_accepted:,} instructions"
        return [f"budget   {self.budget.text}: {bought} for {spent}; {end}"]

    @property
    def _is_answering(self) -> bool:
        """Whether anything is being answered, or will be."""
        return bool(self._num_answering) or (self._counters.num_unanswered > 0 and not self._is_refusing)

    @property
    def _is_nearly_spent(self) -> bool:
        """Whether the answers that are to come take what is left, but for a rest that is not worth waiting for."""
        expected = self._tokens() + self._counters.num_unanswered * self._mean_answer
        return expected >= (1 - CLOSE_ENOUGH) * self.budget.tokens

    @property
    def _usage(self) -> Usage:
        """Tokens of everything so far, in all starts."""
        return self._counters.propose_usage + self._counters.answers_usage + self._lost

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def _weighed(self, usage: Usage) -> float:
        return weighed(usage, self.budget.weights)

    def _tokens(self) -> float:
        return self._weighed(self._usage)

    def _has_room_for_answer(self) -> bool:
        is_in_time = math.isinf(self.budget.seconds) or self.clock.seconds() + self._answers.long <= self.budget.seconds
        return is_in_time and self._has_tokens(self._num_answering + 1, len(self._rounds.begun))

    def _has_room_for_round(self) -> bool:
        promised = self._counters.num_unanswered - self._num_answering + (len(self._rounds.begun) + 1) * self._brings
        num_rounds = len(self._rounds.begun) + 1
        return self._has_time_for_round(promised) and self._has_tokens(self._num_answering, num_rounds, promised)

    def _has_time_for_round(self, promised: float) -> bool:
        """Whether it would be back, and what waits for an answer would be answered, in time."""
        if math.isinf(self.budget.seconds) or not self._answers.seconds:
            return self.clock.seconds() < self.budget.seconds
        mean = sum(self._answers.seconds) / len(self._answers.seconds)
        needed = self._rounds.long + promised * mean / self._slots + self._answers.long
        return self.clock.seconds() + needed <= self.budget.seconds

    def _has_tokens(self, num_answers: int, num_rounds: int, promised: float = 0.0) -> bool:
        """Whether so many answers and rounds may be in flight, and so many instructions wait to be answered."""
        if math.isinf(self.budget.tokens):
            return True
        mean_answer, mean_round = self._mean_answer, self._mean_round
        dearest_answer = max(self._answers.dearest, self._weighed(self.guess.answer))
        dearest_round = max(self._rounds.dearest, self._weighed(self.guess.round))
        spent, waiting = self._tokens(), promised * mean_answer
        expected = spent + num_answers * mean_answer + num_rounds * mean_round + waiting
        at_most = spent + num_answers * dearest_answer + num_rounds * dearest_round + waiting
        return expected <= self.budget.tokens and at_most <= (1 + TOLERANCE) * self.budget.tokens

    @property
    def _brings(self) -> float:
        counters = self._counters
        return counters.num_accepted / counters.num_rounds if counters.num_rounds else self.guess.brings

    @property
    def _mean_round(self) -> float:
        number = self._counters.num_rounds
        return self._weighed(self._counters.propose_usage) / number if number else self._weighed(self.guess.round)

    @property
    def _mean_answer(self) -> float:
        number = self._counters.num_answered
        return self._weighed(self._counters.answers_usage) / number if number else self._weighed(self.guess.answer)
