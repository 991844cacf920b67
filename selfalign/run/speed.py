"""How fast an engine is, from a few requests, and how long it then takes for a run.

**Speed.** With b requests in flight every one of them gets a token each `step + b * beside` seconds, and reading a
token that is not in the prefix cache takes `read` seconds in which nobody else is served. The three are fitted to the
times of the requests that were tried. On a CPU most of it is `beside`, on a GPU `step`, so that there many requests
take hardly longer than few, up to a point which a few requests do not show.

**A run** is played through with that: proposals in their window, committed in order, answers in the slots that are
left, requests as long as those that were tried. Of a long run only a part is played, `PLAYED` times as long as it takes
to fill its slots and its window, and the rest goes on like that.
"""

import math
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import combinations
from typing import NamedTuple

from selfalign.records import Usage

PLAYED = 30
BACKLOG_PER_SLOT = 4
"""Instructions that may wait for an answer, for each slot, while more are proposed."""


class Trial(NamedTuple):
    """A request that was tried: when it began and ended (seconds), and its tokens."""

    began: float
    ended: float
    usage: Usage


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds for a step of all requests in flight, for each of them more, and for a token that is read."""

    step: float
    beside: float
    read: float


@dataclass(frozen=True, slots=True)
class Load:
    """What a run asks for: requests in flight and rounds open at most, instructions to reach, instructions that a
    round brings; and requests of either kind to draw from."""

    slots: int
    window: int
    target: int
    brings: float
    proposals: Sequence[Usage]
    answers: Sequence[Usage]


def fit_speed(trials: Sequence[Trial]) -> Speed:
    """The speed that explains the times of these requests best (least squares, nothing below zero)."""
    import numpy as np

    rows = np.array([[each.usage.output_tokens * part for part in (1.0, _beside(each, trials))] for each in trials])
    read = [
        sum(_uncached(other.usage) for other in trials if each.began <= other.began < each.ended) for each in trials
    ]
    rows = np.column_stack([rows, read])
    seconds = np.array([each.ended - each.began for each in trials])
    best, least = np.zeros(3), float("inf")
    for used in (list(names) for size in (3, 2, 1) for names in combinations(range(3), size)):
        found, *_ = np.linalg.lstsq(rows[:, used], seconds, rcond=None)
        error = float(np.sum((rows[:, used] @ found - seconds) ** 2))
        if (found >= 0).all() and error < least:
            best, least = np.zeros(3), error
            best[used] = found
    return Speed(*map(float, best))


def play(load: Load, speed: Speed) -> float:
    """Seconds that a run takes, from its first request to its last answer."""
    short = min(load.target, PLAYED * math.ceil(load.slots + load.window * load.brings / 4))
    return _Game(load, speed, short).play() * load.target / short


class _Game:
    """A run played through. Time passes in steps of the engine, one token for everybody in flight."""

    def __init__(self, load: Load, speed: Speed, target: int) -> None:
        self._load, self._speed, self._target = load, speed, target
        self._random = random.Random(1)
        self._ends: list[tuple[float, int, bool]] = []  # step, number of the request, whether it is a proposal
        self._open: deque[int] = deque()
        self._back: set[int] = set()
        self._seconds = self._steps = self._kept = 0.0
        self._num_sent = self._num_asked = self._num_answered = 0

    def play(self) -> float:
        """Seconds until the last answer."""
        while self._num_answered < self._target:
            self._send()
            step, number, is_proposal = heappop(self._ends)
            num_in_flight = len(self._ends) + 1
            self._seconds += (step - self._steps) * (self._speed.step + num_in_flight * self._speed.beside)
            self._steps = step
            if is_proposal:
                self._commit(number)
            else:
                self._num_answered += 1
        return self._seconds

    def _send(self) -> None:
        while len(self._ends) < self._load.slots:
            if self._wants_round():
                self._open.append(self._num_sent)
                self._begin(self._load.proposals, is_proposal=True)
            elif self._num_asked < min(self._target, int(self._kept + 1e-9)):
                self._num_asked += 1
                self._begin(self._load.answers, is_proposal=False)
            else:
                return

    def _wants_round(self) -> bool:
        expected = self._kept + len(self._open) * self._load.brings
        has_room = self._kept - self._num_asked < BACKLOG_PER_SLOT * self._load.slots
        return has_room and len(self._open) < self._load.window and expected < self._target

    def _begin(self, like: Sequence[Usage], *, is_proposal: bool) -> None:
        usage = self._random.choice(like)
        self._seconds += _uncached(usage) * self._speed.read
        heappush(self._ends, (self._steps + usage.output_tokens, self._num_sent, is_proposal))
        self._num_sent += 1

    def _commit(self, number: int) -> None:
        self._back.add(number)
        while self._open and self._open[0] in self._back:
            self._back.discard(self._open.popleft())
            self._kept += self._load.brings


def _beside(trial: Trial, trials: Sequence[Trial]) -> float:
    """How many requests were in flight while this one was, on the average, itself among them."""
    shared = (min(trial.ended, other.ended) - max(trial.began, other.began) for other in trials)
    return sum(max(0.0, each) for each in shared) / max(trial.ended - trial.began, 1e-9)


def _uncached(usage: Usage) -> int:
    return usage.prompt_tokens - usage.cached_tokens
