"""Pairs for preference tuning: which answers make one, which teach the wrong thing, and how even the two sides are.

Which side is chosen follows from the prompts alone (see `align.contrast`), so a pair can be wrong in ways that no
prompt shows. One that differs only in length, form or language teaches that and nothing else; one whose sides say the
same teaches noise. Preference tuning finds the cheapest difference there is, often length (Singhal et al. 2023, arXiv
2310.03716), so lengths and refusals of the two sides are measured as well.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from types import MappingProxyType
from typing import Any, NamedTuple

from rapidfuzz.distance import Indel, LCSseq

from selfalign.align.contrast import PairsSpec
from selfalign.checks import CHECK_NAMES, Compliance, worst
from selfalign.checks.languages import language_of, same_language
from selfalign.checks.text import plain, word_set, words_of
from selfalign.dataset.balance import LEAST_TO_JUDGE, lengths_of, ranked, share, stance_of
from selfalign.dataset.caps import drop_surplus
from selfalign.records import CheckResult, Example, Verdict

UNPAIRED = "unpaired.jsonl"
ALIGNED = "aligned"
"""The side that is the example's own answer."""

MAX_LONGER = 0.7
"""The share of the pairs in which one side may be the longer one without a warning."""

_MAX_MORE_REFUSALS = 0.2
_MARKUP = re.compile(r"^[ \t]*\d{1,3}[.)]\s|[\s*_#`>~|•\-]+", re.MULTILINE)
_LEAST_CONTAINED = 4  # fewer words stand in any long text by accident, unless they stand there in a row
_TURNING = word_set("no not never none nothing neither nor without yes cannot can't won't don't doesn't isn't aren't")

# Declining is what many pairs are about, and no fault; two others compare with a thought, which contrasts lack.
_COMPARED = set(CHECK_NAMES) - {"refusal", "apology", "at_odds", "principle_conflict"}


class Side(NamedTuple):
    """An answer of a pair, and what the model was shown: `ALIGNED` or the rung of a contrast."""

    rung: str
    answer: str
    checks: tuple[CheckResult, ...]
    stance: Compliance
    words: list[str]


class Pair(NamedTuple):
    """Two answers to one instruction, the better one first."""

    chosen: Side
    rejected: Side


PairKey = tuple[str, str]
"""A pair by its example's id and the rung of its rejected side."""


@dataclass(frozen=True, slots=True)
class Unpaired:
    """A contrasting answer that makes no pair: what it would have been rejected for, and why not."""

    id: str
    chosen: str
    rejected: str
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PairFigures:
    """The pairs of a dataset: every contrasting answer is in exactly one of them or of `left_out`, counted by reason.

    `chosen_words` and `rejected_words` are medians; the rest are numbers of pairs in which a side is longer or refuses.
    """

    num_pairs: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    chosen_words: int = 0
    rejected_words: int = 0
    chosen_longer: int = 0
    rejected_longer: int = 0
    chosen_refuses: int = 0
    rejected_refuses: int = 0

    @property
    def warnings(self) -> list[str]:
        """What looks wrong, in words; nothing of too few pairs to tell."""
        return list(_warnings(self)) if self.num_pairs >= LEAST_TO_JUDGE else []


def figures_from_row(row: Mapping[str, Any] | None) -> PairFigures | None:
    """The inverse of `records.to_row`; raises KeyError or TypeError on a foreign row."""
    return row and PairFigures(**{**row, "left_out": Counter(row["left_out"])})


def _warnings(figures: PairFigures) -> Iterator[str]:
    num = figures.num_pairs
    for side, longer in (("chosen", figures.chosen_longer), ("rejected", figures.rejected_longer)):
        if longer > MAX_LONGER * num:
            yield f"the {side} side is the longer one in {longer / num:.0%} of the pairs: they teach length"
    more = (figures.chosen_refuses - figures.rejected_refuses) / num
    if abs(more) > _MAX_MORE_REFUSALS:
        shares = f"{figures.chosen_refuses / num:.0%} of the chosen sides and {figures.rejected_refuses / num:.0%}"
        yield f"{shares} of the rejected ones refuse: the pairs teach {'' if more > 0 else 'not '}to refuse"


def compare_sides(figures: PairFigures) -> list[tuple[str, str, str]]:
    """A table for people: what is measured, of the chosen sides, of the rejected ones."""
    num = figures.num_pairs
    return [
        ("median words", f"{figures.chosen_words}", f"{figures.rejected_words}"),
        ("the longer one", share(figures.chosen_longer, num), share(figures.rejected_longer, num)),
        ("refuses", share(figures.chosen_refuses, num), share(figures.rejected_refuses, num)),
    ]


def describe_pairs(figures: PairFigures) -> Iterator[str]:
    """The figures as lines for a terminal, warnings last."""
    left_out = ", ".join(f"{reason.replace('_', ' ')} {count:,}" for reason, count in ranked(figures.left_out))
    yield f"{figures.num_pairs:,} pairs, {figures.left_out.total():,} left out{f' ({left_out})' if left_out else ''}"
    if figures.num_pairs:
        yield "chosen and rejected: " + ", ".join(
            f"{what} {chosen} and {rejected}" for what, chosen, rejected in compare_sides(figures)
        )
    yield from (f"warning: {each}" for each in figures.warnings)


def surplus_pairs(examples: Iterable[Example], spec: PairsSpec, ran: Collection[str]) -> dict[PairKey, str]:
    """Which pairs must go so that every cap holds for the rest, each with its reason; the first in order stay."""
    shares = {"longer": spec.max_longer_share, "refusing": spec.max_refusal_share}
    caps = {
        f"{kind}_{side}": Fraction(str(share))  # the decimal that was written, not the binary float next to it
        for kind, share in shares.items()
        for side in Pair._fields
        if share is not None
    }
    if not caps:
        return {}
    tally, kept = PairTally(spec, ran), {}
    for example in examples:
        for pair in tally.add(example)[0]:
            kept[example.instruction_id, pair.rejected.rung] = tuple(kind for kind in _kinds(pair) if kind in caps)
    return drop_surplus(kept, caps)


def _kinds(pair: Pair) -> Iterator[str]:
    """What sets the sides apart that has nothing to do with what they say."""
    lengths, refuses = ([get(side) for side in pair] for get in (_length, _refuses))
    if lengths[0] != lengths[1]:
        yield f"longer_{'chosen' if lengths[0] > lengths[1] else 'rejected'}"
    if refuses[0] != refuses[1]:
        yield f"refusing_{'chosen' if refuses[0] else 'rejected'}"


def _length(side: Side) -> int:
    return len(side.words)


def _refuses(side: Side) -> bool:
    return side.stance is Compliance.REFUSES


class PairTally:
    """Makes the pairs of examples while they go by, and counts them. `ran` are the checks that ran, `surplus` has the
    pairs that are too many of a kind."""

    def __init__(
        self, spec: PairsSpec, ran: Collection[str], surplus: Mapping[PairKey, str] = MappingProxyType({})
    ) -> None:
        self._spec = spec
        self._ran = ran
        self._surplus = surplus
        self._left_out: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()
        self._words: tuple[Counter[int], Counter[int]] = (Counter(), Counter())

    def add(self, example: Example) -> tuple[list[Pair], list[Unpaired]]:
        """The pairs of one example, and the contrasts that make none."""
        pairs, unpaired = [], []
        better = self._side(example, ALIGNED, example.answer, example.checks)
        for contrast in reversed(example.contrasts):
            if contrast.reason:
                told = f"{contrast.reason.value}: {contrast.detail}"
                unpaired.append(Unpaired(example.instruction_id, better.rung, contrast.rung, "broken", told))
                continue
            worse = self._side(example, contrast.rung, contrast.answer, contrast.checks)
            surplus = self._surplus.get((example.instruction_id, worse.rung), "")
            if reason := why_not(better, worse, self._spec) or surplus:
                unpaired.append(Unpaired(example.instruction_id, better.rung, worse.rung, reason))
            else:
                pairs.append(Pair(better, worse))
            better = worse
        self._left_out.update(each.reason for each in unpaired)
        for pair in pairs:
            self._count(pair)
        return pairs, unpaired

    def _side(self, example: Example, rung: str, answer: str, checks: tuple[CheckResult, ...]) -> Side:
        stance = stance_of(replace(example, answer=answer, checks=checks), self._ran)
        return Side(rung, answer, checks, stance, words_of(plain(answer)))

    def _count(self, pair: Pair) -> None:
        for name, side, other, counts in zip(pair._fields, pair, reversed(pair), self._words, strict=True):
            counts[_length(side)] += 1
            self._counts[f"{name}_longer"] += _length(side) > _length(other)
            self._counts[f"{name}_refuses"] += _refuses(side)

    def figures(self) -> PairFigures:
        """The figures of what was added."""
        chosen, rejected = (lengths_of(counts).median for counts in self._words)
        return PairFigures(self._words[0].total(), self._left_out, chosen, rejected, **self._counts)


def why_not(chosen: Side, rejected: Side, spec: PairsSpec) -> str:
    """What is wrong with a pair, "" if nothing is.

    chosen_worse     the checks find more fault with the chosen side
    other_language   the sides are in two languages
    only_form        the same but for blanks, markup and case
    same_substance   nearly the same words, and none of those that differ is a number or turns the meaning round
    only_length      one side is the other with more around it

    `surplus_pairs` has further reasons, which no pair shows by itself: longer_chosen, refusing_chosen ...
    """
    if _rank(chosen) > _rank(rejected):
        return "chosen_worse"
    languages = [language_of(side.answer) for side in (chosen, rejected)]
    if None not in languages and not same_language(*languages):
        return "other_language"
    similarity = Indel.normalized_similarity(chosen.words, rejected.words)
    # Most pairs are nowhere near: only list numbers can be in the words and not in the bare text.
    if similarity > 0.4 and _bare(chosen.answer) == _bare(rejected.answer):
        return "only_form"
    if similarity > spec.max_similarity:
        return "same_substance" if _turning(chosen) == _turning(rejected) else ""
    if chosen.stance is rejected.stance and _is_contained(chosen.words, rejected.words, spec.max_contained):
        return "only_length"
    return ""


def _rank(side: Side) -> int:
    verdict = worst(check for check in side.checks if check.name in _COMPARED)
    return (Verdict.PASS, Verdict.FLAG, Verdict.FAIL).index(verdict)


def _bare(text: str) -> str:
    """The text without blanks, markup, list numbers and case."""
    return " ".join(_MARKUP.sub(" ", text).split()).casefold()


def _turning(side: Side) -> Counter[str]:
    """Its numbers, and the words that turn a meaning round."""
    words = (word.strip(".,;:!?()\"'") for word in _bare(plain(side.answer)).split())
    return Counter(word for word in words if word in _TURNING or any(map(str.isdigit, word)))


def _is_contained(one: list[str], other: list[str], most: float) -> bool:
    short, long = sorted((one, other), key=len)
    if len(short) < _LEAST_CONTAINED:
        return any(long[start : start + len(short)] == short for start in range(len(long)))
    return LCSseq.similarity(short, long) > most * len(short)
