"""The health of a dataset beyond its rows: figures, warnings in words, and caps enforced by dropping the surplus.

A filter or a prompt can be gamed without any single row being bad: a model that refuses whatever is short, cites one
principle everywhere, or opens every answer alike passes each check. These figures are for seeing that.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from itertools import combinations, pairwise
from math import ceil
from typing import TypeVar

from selfalign.checks import Stance, apologises, hedges, refusal_of
from selfalign.checks.text import plain, words_of
from selfalign.dataset.verbs import leading_verb
from selfalign.records import Constitution, Example, Seed

SHORT_WORDS = 25
"""Answers of at most so many words count as short."""

DISTINCT_SAMPLE = 5_000
"""Distinct n-grams fall with the size of a text, so they are counted over the first examples, in every run alike."""

_Key = TypeVar("_Key")
_OPENING_WORDS = 3
_SEED_RUN = 4
_TOP = 20


@dataclass(frozen=True, slots=True)
class BalanceSpec:
    """Caps, each a share of the examples that are kept (0 to 1); None is no cap.

    `max_principle_share` holds for every principle by itself. Raises ValueError ("<key>: what is wrong").
    """

    max_refusal_share: float | None = None
    max_hedge_share: float | None = None
    max_apology_share: float | None = None
    max_principle_share: float | None = None

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if value is not None and not 0 <= value <= 1:
                raise ValueError(f"{each.name}: must lie between 0 and 1, is {value}")


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Of a distribution: minimum, 5 %, 25 %, median, 75 %, 95 %, maximum; all 0 where there is nothing."""

    minimum: int = 0
    p5: int = 0
    p25: int = 0
    median: int = 0
    p75: int = 0
    p95: int = 0
    maximum: int = 0


@dataclass(frozen=True, slots=True)
class PrincipleUse:
    """How many thoughts cite a principle, and how many cite it alone."""

    id: str
    name: str
    cited: int
    alone: int


@dataclass(frozen=True, slots=True)
class Balance:
    """The figures of one dataset. Shares run from 0 to 1; lists are sorted by falling count, then by name.

    refused, partly_refused   examples in the two classes (checks.refusal)
    together                  pairs of principle ids cited by one thought, with counts
    verb_objects              leading verb, its object ("" where there is none) and count, of instructions
    openings                  the first three words of answers, with counts
    distinct                  distinct 1-, 2- and 3-grams over all, of the first `DISTINCT_SAMPLE` answers
    seed_overlap              mean share of an instruction's word 4-grams that stand in a seed
    warnings                  what looks wrong, in words
    """

    num_examples: int
    refused: int
    partly_refused: int
    hedged: int
    apologised: int
    short: int
    short_refused: int
    principles: tuple[PrincipleUse, ...]
    together: tuple[tuple[str, str, int], ...]
    answer_words: Quantiles
    instruction_words: Quantiles
    verb_objects: tuple[tuple[str, str, int], ...]
    openings: tuple[tuple[str, int], ...]
    distinct: tuple[float, float, float]
    seed_overlap: float
    warnings: tuple[str, ...]

    @property
    def never_cited(self) -> tuple[str, ...]:
        """Names of the principles that no thought cites."""
        return tuple(each.name for each in self.principles if not each.cited)


def measure(examples: Iterable[Example], constitution: Constitution | None, seeds: Sequence[Seed] = ()) -> Balance:
    """The figures of `examples`, in one pass. Pass them sorted by id, and two runs of one recipe compare."""
    tally = _Tally(seeds)
    for example in examples:
        tally.add(example)
    return tally.result(constitution)


class _Tally:
    """The counts while examples go by."""

    def __init__(self, seeds: Sequence[Seed]) -> None:
        self.kinds: Counter[str] = Counter()
        self.cited: Counter[str] = Counter()
        self.alone: Counter[str] = Counter()
        self.together: Counter[tuple[str, str]] = Counter()
        self.verb_objects: Counter[tuple[str, str]] = Counter()
        self.openings: Counter[str] = Counter()
        self.answer_words: Counter[int] = Counter()
        self.instruction_words: Counter[int] = Counter()
        self.grams: tuple[set[object], ...] = (set(), set(), set())
        self.num_grams = [0, 0, 0]
        self.seed_runs = {run for seed in seeds for run in _runs(words_of(plain(seed.text)))}
        self.overlap = 0.0
        self.num = 0

    def add(self, example: Example) -> None:
        answer = plain(example.answer)
        words = words_of(answer)
        asked = words_of(plain(example.instruction.text))
        self.num += 1
        self.kinds.update(_kinds(_stance(example, answer), answer, len(words)))
        self.cited.update(set(example.principles_cited))
        if len(example.principles_cited) == 1:
            self.alone.update(example.principles_cited)
        self.together.update(combinations(sorted(set(example.principles_cited)), 2))
        self.answer_words[len(words)] += 1
        self.instruction_words[len(asked)] += 1
        self.openings[" ".join(words[:_OPENING_WORDS])] += 1
        pair = leading_verb(example.instruction.text)
        if pair is not None:
            self.verb_objects[pair] += 1
        runs = _runs(asked)
        self.overlap += len(runs & self.seed_runs) / len(runs) if runs else 0.0
        if self.num <= DISTINCT_SAMPLE:
            self._add_grams(words)

    def _add_grams(self, words: list[str]) -> None:
        for at, grams in enumerate(
            (words, list(pairwise(words)), list(zip(words, words[1:], words[2:], strict=False)))
        ):
            self.grams[at].update(grams)
            self.num_grams[at] += len(grams)

    def result(self, constitution: Constitution | None) -> Balance:
        distinct = [
            round(len(seen) / num, 4) if num else 0.0 for seen, num in zip(self.grams, self.num_grams, strict=True)
        ]
        figures = Balance(
            num_examples=self.num,
            refused=self.kinds["refused"],
            partly_refused=self.kinds["partly_refused"],
            hedged=self.kinds["hedged"],
            apologised=self.kinds["apologised"],
            short=self.kinds["short"],
            short_refused=self.kinds["short_refused"],
            principles=self._principles(constitution),
            together=tuple((*pair, count) for pair, count in _ranked(self.together)[:_TOP]),
            answer_words=_quantiles(self.answer_words),
            instruction_words=_quantiles(self.instruction_words),
            verb_objects=tuple((*pair, count) for pair, count in _ranked(self.verb_objects)),
            openings=tuple(_ranked(self.openings)[:_TOP]),
            distinct=(distinct[0], distinct[1], distinct[2]),
            seed_overlap=round(self.overlap / self.num, 4) if self.num else 0.0,
            warnings=(),
        )
        return _with_warnings(figures)

    def _principles(self, constitution: Constitution | None) -> tuple[PrincipleUse, ...]:
        names = {each.id: each.name for each in constitution.principles} if constitution else {}
        names |= {each: each for each in self.cited if each not in names}
        uses = [PrincipleUse(each, name, self.cited[each], self.alone[each]) for each, name in names.items()]
        return tuple(sorted(uses, key=lambda use: (-use.cited, use.name)))


def _stance(example: Example, answer: str) -> Stance:
    """What an answer (in plain form) does with its instruction."""
    return refusal_of(answer, example.instruction.text).stance


def _kinds(stance: Stance, answer: str, num_words: int) -> list[str]:
    """Which of the counted kinds an answer (in plain form) is of."""
    found = {
        "refused": stance is Stance.REFUSES,
        "partly_refused": stance is Stance.PARTLY_REFUSES,
        "hedged": stance is not Stance.REFUSES and hedges(answer),
        "apologised": apologises(answer),
        "short": num_words <= SHORT_WORDS,
        "short_refused": num_words <= SHORT_WORDS and stance is Stance.REFUSES,
    }
    return [kind for kind, holds in found.items() if holds]


def _runs(words: list[str]) -> set[tuple[str, ...]]:
    return set(zip(*(words[shift:] for shift in range(_SEED_RUN)), strict=False))


def _ranked(counts: Counter[_Key]) -> list[tuple[_Key, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _quantiles(counts: Counter[int]) -> Quantiles:
    total = counts.total()
    if not total:
        return Quantiles()
    wanted = [max(1, ceil(share * total)) for share in (0, 0.05, 0.25, 0.5, 0.75, 0.95, 1)]
    found, seen = [], 0
    for value in sorted(counts):
        seen += counts[value]
        while len(found) < len(wanted) and wanted[len(found)] <= seen:
            found.append(value)
    return Quantiles(*found)


# --- warnings ---------------------------------------------------------------------------------------------------

_LEAST_TO_JUDGE = 50
"""Examples below which no share means much."""


def _with_warnings(figures: Balance) -> Balance:
    if figures.num_examples < _LEAST_TO_JUDGE:
        return figures
    found = [_refusals(figures), _short(figures), _hedging(figures), *_principle_use(figures), _openings(figures)]
    found += [_lengths(figures), _repetition(figures), _verbs(figures), _seeds(figures)]
    return replace(figures, warnings=tuple(each for each in found if each))


def _refusals(figures: Balance) -> str:
    share = (figures.refused + figures.partly_refused) / figures.num_examples
    if share <= 0.3:
        return ""
    return f"{share:.0%} of the answers refuse or partly refuse: a model trained on this will evade"


def _short(figures: Balance) -> str:
    if figures.short < 20 or figures.short_refused < 0.8 * figures.short:
        return ""
    return (
        f"{figures.short_refused} of the {figures.short} answers of at most {SHORT_WORDS} words refuse: "
        "the dataset teaches that a short answer is a refusal"
    )


def _hedging(figures: Balance) -> str:
    hedged, apologised = figures.hedged / figures.num_examples, figures.apologised / figures.num_examples
    if hedged > 0.4:
        return f"{hedged:.0%} of the answers hedge (caveats, disclaimers, referrals)"
    return f"{apologised:.0%} of the answers apologise" if apologised > 0.15 else ""


def _principle_use(figures: Balance) -> list[str]:
    found = [
        f"principle {use.name!r} is cited in {use.cited / figures.num_examples:.0%} of the thoughts: it says little"
        for use in figures.principles
        if use.cited >= 0.8 * figures.num_examples and len(figures.principles) > 1
    ]
    if figures.never_cited and figures.num_examples >= 4 * _LEAST_TO_JUDGE:
        found.append(f"never cited: {', '.join(figures.never_cited)}")
    return found


def _openings(figures: Balance) -> str:
    opening, count = figures.openings[0]
    if count < 0.2 * figures.num_examples:
        return ""
    return f'{count / figures.num_examples:.0%} of the answers open alike: "{opening} ..."'


def _lengths(figures: Balance) -> str:
    low, high = figures.answer_words.p5, figures.answer_words.p95
    return f"answers are all of one length ({low} to {high} words)" if low >= 20 and high < 1.3 * low else ""


def _repetition(figures: Balance) -> str:
    if figures.distinct[2] >= 0.3:
        return ""
    return f"answers repeat each other: only {figures.distinct[2]:.0%} of their three-word sequences are distinct"


def _verbs(figures: Balance) -> str:
    verbs: Counter[str] = Counter()
    for verb, _, count in figures.verb_objects:
        verbs[verb] += count
    verb, count = max(verbs.items(), key=lambda item: (item[1], item[0]), default=("", 0))
    share = count / figures.num_examples
    return f'{share:.0%} of the instructions begin with "{verb}"' if share > 0.35 else ""


def _seeds(figures: Balance) -> str:
    if figures.seed_overlap <= 0.25:
        return ""
    return f"{figures.seed_overlap:.0%} of the instructions' wording stands in the seeds already"


def describe(balance: Balance) -> list[str]:
    """The figures as lines for a terminal, warnings last."""
    num = balance.num_examples
    if not num:
        return ["no examples"]
    words = balance.answer_words
    uses = ", ".join(f"{use.name} {use.cited / num:.0%}" for use in balance.principles[:6])
    lines = [
        f"refuses {balance.refused / num:.1%}, partly {balance.partly_refused / num:.1%}, "
        f"hedges {balance.hedged / num:.1%}, apologises {balance.apologised / num:.1%}",
        f"answers of {words.median} words (5 % below {words.p5}, 5 % above {words.p95}), "
        f"distinct 1/2/3-grams {' / '.join(f'{each:.2f}' for each in balance.distinct)}",
        f"principles {uses}" if uses else "no principles cited",
    ]
    if balance.never_cited:
        lines.append(f"never cited {', '.join(balance.never_cited)}")
    return lines + [f"warning: {each}" for each in balance.warnings]


# --- caps -------------------------------------------------------------------------------------------------------


def surplus(examples: Iterable[Example], spec: BalanceSpec) -> dict[str, str]:
    """Which examples (instruction ids) must go so that every cap holds for the rest, each with its reason.

    The first in the order of ids stay. The result depends on nothing but the examples and the spec. A single cap drops
    as few as it can; several caps are met one after the other until all hold, and then hold exactly.
    """
    caps = _caps(spec)
    if not caps:
        return {}
    kept = {example.instruction_id: _capped_kinds(example, caps) for example in examples}
    kept = dict(sorted(kept.items()))
    dropped: dict[str, str] = {}
    while excess := _excess(kept, caps):
        kind, num_surplus = excess
        holders = [each for each, kinds in kept.items() if kind in kinds]
        for each in holders[len(holders) - num_surplus :]:
            del kept[each]
            dropped[each] = f"balance: {kind} above {float(100 * caps[_cap_of(kind)]):g} %"
    return dropped


def _caps(spec: BalanceSpec) -> dict[str, Fraction]:
    values = {
        "refusals": spec.max_refusal_share,
        "hedges": spec.max_hedge_share,
        "apologies": spec.max_apology_share,
        "principle": spec.max_principle_share,
    }
    # The decimal that was written, not the binary float next to it.
    return {kind: Fraction(str(value)) for kind, value in values.items() if value is not None}


def _cap_of(kind: str) -> str:
    return kind.split(" ", 1)[0]


def _capped_kinds(example: Example, caps: dict[str, Fraction]) -> frozenset[str]:
    """The capped kinds an example is of; a principle is a kind of its own."""
    answer = plain(example.answer)
    kinds = [f"principle {each}" for each in example.principles_cited] if "principle" in caps else []
    refuses = _stance(example, answer) is Stance.REFUSES
    if "refusals" in caps and refuses:
        kinds.append("refusals")
    if "hedges" in caps and not refuses and hedges(answer):
        kinds.append("hedges")
    if "apologies" in caps and apologises(answer):
        kinds.append("apologies")
    return frozenset(kinds)


def _excess(kept: dict[str, frozenset[str]], caps: dict[str, Fraction]) -> tuple[str, int] | None:
    """The first kind that is above its cap, and how many of it are too many; None where all caps hold."""
    counts = Counter(kind for kinds in kept.values() for kind in kinds)
    for kind, count in sorted(counts.items()):
        cap = caps[_cap_of(kind)]
        if count > cap * len(kept):
            # Each one dropped also makes the whole smaller: count - n <= cap * (total - n).
            return kind, min(count, ceil((count - cap * len(kept)) / (1 - cap)))
    return None
