"""What a judge is worth: how well it tells good answers from bad ones, and what it falls for. Pure functions of scores.

The area under the curve is the share of pairs of a good and a bad answer in which the good one scores higher (Mann and
Whitney 1947; ties one half). Its interval is the score interval of Newcombe (2006, "Confidence intervals for an effect
size measure based on the Mann-Whitney statistic", method 5), which stays honest for a few answers and an area of 1.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from selfalign.judge.canaries import CANARIES

MIN_LABELLED = 5
"""Good answers, bad answers, and answers for each canary, with fewer of which nothing is known."""

MAX_GAIN = 0.02
"""Probability that a canary may add on average; a judge that gives it more has fallen for it."""

_Z = 1.96


@dataclass(frozen=True, slots=True)
class Canary:
    """How much higher a judge scores answers in this disguise: mean, 95 % interval of the mean, number of answers."""

    name: str
    gain: float
    low: float
    high: float
    num: int

    @property
    def is_fallen_for(self) -> bool:
        return self.gain > MAX_GAIN


@dataclass(frozen=True, slots=True)
class Measure:
    """A judge measured on labelled answers. `auc` and its 95 % interval mean nothing where either number is 0."""

    auc: float
    low: float
    high: float
    num_good: int
    num_bad: int
    canaries: tuple[Canary, ...]

    def objection(self, min_auc: float) -> str:
        """Why the judge may not filter, in words; "" where it may."""
        if min(self.num_good, self.num_bad) < MIN_LABELLED:
            return f"fewer than {MIN_LABELLED} good and {MIN_LABELLED} bad answers to measure it on"
        if self.auc < min_auc:
            return f"its AUC is below {min_auc:g}"
        if unknown := [each.name for each in self.canaries if each.num < MIN_LABELLED]:
            return f"too few answers for the canary {unknown[0]!r}"
        if fallen := [each.name for each in self.canaries if each.is_fallen_for]:
            return f"gamed: it scores answers higher that are only {' or '.join(map(_disguise, fallen))}"
        return ""

    def line(self, min_auc: float) -> str:
        """The figures and what follows from them, in one line."""
        of = f"{self.num_good} good and {self.num_bad} bad answers"
        objection = self.objection(min_auc)
        told = (
            f"AUC {self.auc:.2f} ({self.low:.2f} to {self.high:.2f}) on {of}; " if self.num_good * self.num_bad else ""
        )
        return told + (f"may not filter or choose: {objection}" if objection else "may filter and choose")


def measure(
    good: Sequence[float], bad: Sequence[float], canaries: Mapping[str, Sequence[tuple[float, float]]]
) -> Measure:
    """A judge by its scores of good and of bad answers; `canaries` has by name pairs (plain answer, in disguise)."""
    auc = area(good, bad) if good and bad else 0.5
    low, high = area_interval(auc, len(good), len(bad)) if good and bad else (0.0, 1.0)
    effects = tuple(_effect(name, canaries.get(name, ())) for name in CANARIES)
    return Measure(auc, low, high, len(good), len(bad), effects)


def area(good: Sequence[float], bad: Sequence[float]) -> float:
    """The area under the curve, 0 to 1; 0.5 is chance. Neither may be empty."""
    ranked = sorted(bad)
    wins = sum(bisect_left(ranked, score) + bisect_right(ranked, score) for score in good)
    return wins / (2 * len(good) * len(bad))


def area_interval(auc: float, num_good: int, num_bad: int) -> tuple[float, float]:
    """Its 95 % interval: all areas from which the one found is less than 1.96 of their standard errors away."""
    others = (num_good + num_bad) / 2 - 1

    def is_near(true: float) -> bool:
        spread = 1 + others * (1 - true) / (2 - true) + others * true / (1 + true)
        return abs(auc - true) <= _Z * math.sqrt(true * (1 - true) * spread / (num_good * num_bad))

    return _edge(is_near, auc, 0.0), _edge(is_near, auc, 1.0)


def _edge(is_near: Callable[[float], bool], inside: float, outside: float) -> float:
    for _ in range(40):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if is_near(middle) else (inside, middle)
    return inside


def _effect(name: str, pairs: Sequence[tuple[float, float]]) -> Canary:
    gains = [disguised - plain for plain, disguised in pairs]
    if not gains:
        return Canary(name, 0.0, -1.0, 1.0, 0)
    mean = fmean(gains)
    spread = _Z * stdev(gains) / math.sqrt(len(gains)) if len(gains) > 1 else 1.0
    return Canary(name, mean, mean - spread, mean + spread, len(gains))


def _disguise(name: str) -> str:
    return {"stuffed": "stuffed with praise", "padded": "longer", "refusal": "polite refusals"}[name]
