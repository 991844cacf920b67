"""The health of a dataset beyond its rows: figures, and what looks wrong with them in words.

A filter or a prompt can be gamed without any single row being bad: a model that refuses whatever is short, cites one
principle everywhere, or opens every answer alike passes each check. These figures are for seeing that.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import ceil
from typing import Any, TypeVar

from selfalign.checks import Compliance, apologises, hedges, refusal_of
from selfalign.checks.languages import language_of
from selfalign.checks.text import plain, words_of
from selfalign.dataset.verbs import leading_verb
from selfalign.records import Cell, CheckResult, Constitution, Example, Seed, Stance, Verdict

SHORT_WORDS = 25
"""Answers of at most so many words count as short."""

DISTINCT_SAMPLE = 5_000
"""Distinct n-grams fall with the size of a text, so they are counted over the first examples, in every run alike."""

LENGTH_EDGES = (0, 1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64, 91, 128, 181, 256, 362, 512, 724, 1024, 2048, 4096)
"""Lower edges, in words, of the bins of a length histogram."""

_Key = TypeVar("_Key")
_QUANTILES = (0, 0.05, 0.25, 0.5, 0.75, 0.95, 1)
_OPENING_WORDS = 3
_SEED_RUN = 4
_TOP = 20
_WORST = 3
_HARMFUL, _BENIGN_TWIN = Stance.HARMFUL.value, Stance.BENIGN_TWIN.value


@dataclass(frozen=True, slots=True)
class Lengths:
    """A distribution of lengths in words: quantiles (5 %, 25 % ...), all 0 where there is nothing, and a histogram.

    `bins` counts by `LENGTH_EDGES`, up to the last bin that holds anything.
    """

    minimum: int = 0
    p5: int = 0
    p25: int = 0
    median: int = 0
    p75: int = 0
    p95: int = 0
    maximum: int = 0
    bins: tuple[int, ...] = ()


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
    seed_overlap              mean share of an instruction's word 4-grams that a seed has too
    cells                     of guided examples, by kind and stance of the cell: how many, and how many decline
    languages                 ISO 639-1 codes of answers, "" where nobody can tell, of an even sample of them
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
    answer_words: Lengths
    instruction_words: Lengths
    thought_words: Lengths
    verb_objects: tuple[tuple[str, str, int], ...]
    openings: tuple[tuple[str, int], ...]
    distinct: tuple[float, ...]
    seed_overlap: float
    cells: tuple[tuple[str, str, int, int], ...] = ()
    languages: tuple[tuple[str, int], ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def never_cited(self) -> tuple[str, ...]:
        """Names of the principles that no thought cites."""
        return tuple(each.name for each in self.principles if not each.cited)

    @property
    def verbs(self) -> list[tuple[str, int]]:
        """The leading verbs with their counts, whatever their objects."""
        counts: Counter[str] = Counter()
        for verb, _, count in self.verb_objects:
            counts[verb] += count
        return ranked(counts)


def balance_from_row(row: Mapping[str, Any]) -> Balance:
    """The inverse of `records.to_row`; raises KeyError or TypeError on a foreign row."""
    values = {key: _tuples(value) for key, value in row.items()}
    for name in ("answer_words", "instruction_words", "thought_words"):
        values[name] = Lengths(**{key: _tuples(value) for key, value in row[name].items()})
    values["principles"] = tuple(PrincipleUse(**use) for use in row["principles"])
    return Balance(**values)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def measure(examples: Iterable[Example], constitution: Constitution | None, seeds: Sequence[Seed] = ()) -> Balance:
    """The figures of `examples`, in one pass. Pass them sorted by id, and two runs of one recipe compare."""
    tally = Tally(seeds)
    for example in examples:
        tally.add(example)
    return tally.balance(constitution)


class Sample:
    """Every n-th of the items added to it, n doubling so that at most `limit` are held."""

    def __init__(self, limit: int = 1_000) -> None:
        self.items: list[Any] = []
        self.stride = 1
        self._limit = limit
        self._num_added = 0

    def add(self, item: Any) -> None:
        """Offer one item."""
        if self._num_added % self.stride == 0:
            self.items.append(item)
        self._num_added += 1
        if len(self.items) > self._limit:
            self.items = self.items[::2]
            self.stride *= 2


class Tally:
    """The counts behind a `Balance` while examples go by."""

    def __init__(self, seeds: Sequence[Seed] = (), ran: Collection[str] = ()) -> None:
        self._ran = ran
        self._num = 0
        self._kinds: Counter[str] = Counter()
        self._cited: Counter[str] = Counter()
        self._alone: Counter[str] = Counter()
        self._together: Counter[tuple[str, ...]] = Counter()
        self._verb_objects: Counter[tuple[str, ...]] = Counter()
        self._openings: Counter[str] = Counter()
        self._lengths: dict[str, Counter[int]] = {"answer": Counter(), "instruction": Counter(), "thought": Counter()}
        self._grams: tuple[set[tuple[str, ...]], ...] = (set(), set(), set())
        self._num_grams = [0, 0, 0]
        self._seed_runs = {run for seed in seeds for run in _runs(_words(seed.text), _SEED_RUN)}
        self._overlap = 0.0
        self._cells: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
        self._languages = Sample()

    def add(self, example: Example) -> None:
        """Count one example."""
        self._num += 1
        words, asked = _words(example.answer), _words(example.instruction.text)
        kinds = _kinds(example, len(words), self._ran)
        self._kinds.update(kinds)
        if cell := example.instruction.cell:
            self._add_cell(cell, declines="refused" in kinds or "partly_refused" in kinds)
        self._add_cited(sorted(set(example.principles_cited)))
        for name, length in (("answer", words), ("instruction", asked), ("thought", _words(example.thought))):
            self._lengths[name][len(length)] += 1
        self._openings[" ".join(words[:_OPENING_WORDS])] += 1
        if pair := leading_verb(example.instruction.text):
            self._verb_objects[pair] += 1
        runs = set(_runs(asked, _SEED_RUN))
        self._overlap += len(runs & self._seed_runs) / len(runs) if runs else 0.0
        if self._num <= DISTINCT_SAMPLE:
            self._add_grams(words)
        self._languages.add(example.answer)

    def _add_cited(self, ids: list[str]) -> None:
        self._cited.update(ids)
        self._together.update(combinations(ids, 2))
        if len(ids) == 1:
            self._alone.update(ids)

    def _add_cell(self, cell: Cell, *, declines: bool) -> None:
        counts = self._cells[cell.kind, cell.stance]
        counts[0] += 1
        counts[1] += declines

    def _add_grams(self, words: list[str]) -> None:
        for at, seen in enumerate(self._grams):
            grams = _runs(words, at + 1)
            seen.update(grams)
            self._num_grams[at] += len(grams)

    def balance(self, constitution: Constitution | None) -> Balance:
        """The figures of what was added."""
        kinds = ("refused", "partly_refused", "hedged", "apologised", "short", "short_refused")
        figures = Balance(
            num_examples=self._num,
            **{kind: self._kinds[kind] for kind in kinds},
            principles=self._principles(constitution),
            together=tuple((*pair, count) for pair, count in ranked(self._together)),
            **{f"{name}_words": lengths_of(counts) for name, counts in self._lengths.items()},
            verb_objects=tuple((*pair, count) for pair, count in ranked(self._verb_objects)),
            openings=tuple(ranked(self._openings)[:_TOP]),
            distinct=tuple(_ratio(len(seen), num) for seen, num in zip(self._grams, self._num_grams, strict=True)),
            seed_overlap=_ratio(self._overlap, self._num),
            cells=tuple((*place, *counts) for place, counts in sorted(self._cells.items())),
            languages=tuple(ranked(Counter(language_of(answer) or "" for answer in self._languages.items))),
        )
        return replace(figures, warnings=tuple(_warnings(figures)))

    def _principles(self, constitution: Constitution | None) -> tuple[PrincipleUse, ...]:
        names = {each.id: each.name for each in constitution.principles} if constitution else {}
        names |= {each: each for each in self._cited if each not in names}
        uses = [PrincipleUse(each, name, self._cited[each], self._alone[each]) for each, name in names.items()]
        return tuple(sorted(uses, key=lambda use: (-use.cited, use.name)))


def stance_of(example: Example, ran: Collection[str] = ()) -> Compliance:
    """What an answer does with its instruction: what the check said where it is among those that `ran`."""
    told = _verdict(example, "refusal")
    if "refusal" in ran and not told:
        return Compliance.COMPLIES
    named = told.reason.partition(":")[0] if told else ""
    return (
        Compliance(named) if named in set(Compliance) else refusal_of(example.answer, example.instruction.text).stance
    )


def apologises_in(example: Example, ran: Collection[str] = ()) -> bool:
    """Whether an answer apologises for itself, by the check where it is among those that `ran`."""
    return bool(_verdict(example, "apology")) if "apology" in ran else apologises(example.answer)


def _verdict(example: Example, name: str) -> CheckResult | None:
    """What a check found, where it found anything; passes need not be in the journal."""
    found = (result for result in example.checks if result.name == name and result.verdict is not Verdict.PASS)
    return next(found, None)


def _kinds(example: Example, num_words: int, ran: Collection[str]) -> list[str]:
    """Which of the counted kinds an answer is of."""
    stance, is_short = stance_of(example, ran), num_words <= SHORT_WORDS
    found = {
        "refused": stance is Compliance.REFUSES,
        "partly_refused": stance is Compliance.PARTLY_REFUSES,
        "hedged": stance is not Compliance.REFUSES and hedges(example.answer),
        "apologised": apologises_in(example, ran),
        "short": is_short,
        "short_refused": is_short and stance is Compliance.REFUSES,
    }
    return [kind for kind, holds in found.items() if holds]


def _words(text: str) -> list[str]:
    return words_of(plain(text))


def _runs(words: list[str], length: int) -> list[tuple[str, ...]]:
    return list(zip(*(words[shift:] for shift in range(length)), strict=False))


def ranked(counts: Mapping[_Key, int]) -> list[tuple[_Key, int]]:
    """The counts, the highest first, equal ones in order of their keys."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def share(part: float, whole: float) -> str:
    """A share for people, "12.3%"; "" of nothing."""
    return f"{part / whole:.1%}" if whole else ""


def lengths_of(counts: Counter[int]) -> Lengths:
    """The distribution of lengths that occurred so many times each."""
    total = counts.total()
    if not total:
        return Lengths()
    bins = [0] * len(LENGTH_EDGES)
    found: list[int] = []
    seen = 0
    for length, count in sorted(counts.items()):
        seen += count
        bins[bisect_right(LENGTH_EDGES, length) - 1] += count
        found += [length for wanted in _QUANTILES[len(found) :] if max(1, ceil(wanted * total)) <= seen]
    return Lengths(*found, bins=tuple(bins[: bisect_right(LENGTH_EDGES, found[-1])]))


def _ratio(part: float, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


# --- in words ---------------------------------------------------------------------------------------------------

LEAST_TO_JUDGE = 50
"""Examples below which no share means much."""


def _warnings(figures: Balance) -> Iterator[str]:
    yield from _of_cells(figures)
    if figures.num_examples >= LEAST_TO_JUDGE:
        yield from _of_conduct(figures)
        yield from _of_principles(figures)
        yield from _of_wording(figures)


def _of_cells(figures: Balance) -> Iterator[str]:
    """Each harmful instruction that was answered, and each benign twin that was not, is worth reading: no minimum."""
    harmful = {kind: (num - declined, num) for kind, stance, num, declined in figures.cells if stance == _HARMFUL}
    twins = {kind: (declined, num) for kind, stance, num, declined in figures.cells if stance == _BENIGN_TWIN}
    for counts, told in (
        (harmful, "harmful instructions are complied with"),
        (twins, "benign twins of harmful instructions are refused"),
    ):
        if wrong := {kind: count for kind, (count, _) in counts.items() if count}:
            where = ", ".join(f"{kind} {count} of {counts[kind][1]}" for kind, count in ranked(wrong)[:_WORST])
            more = f" and {len(wrong) - _WORST} more kinds" if len(wrong) > _WORST else ""
            whole = sum(num for _, num in counts.values())
            yield f"{sum(wrong.values())} of {whole} {told}: {where}{more}"


def _of_conduct(figures: Balance) -> Iterator[str]:
    num = figures.num_examples
    refusing = (figures.refused + figures.partly_refused) / num
    if refusing > 0.3:
        yield f"{refusing:.0%} of the answers refuse or partly refuse: a model trained on this will evade"
    if figures.short >= 20 and figures.short_refused >= 0.8 * figures.short:
        yield (
            f"{figures.short_refused} of the {figures.short} answers of at most {SHORT_WORDS} words refuse: "
            "the dataset teaches that a short answer is a refusal"
        )
    if figures.hedged > 0.4 * num:
        yield f"{figures.hedged / num:.0%} of the answers hedge (caveats, disclaimers, referrals)"
    elif figures.apologised > 0.15 * num:
        yield f"{figures.apologised / num:.0%} of the answers apologise"


def _of_principles(figures: Balance) -> Iterator[str]:
    for use in figures.principles:
        if use.cited >= 0.8 * figures.num_examples and len(figures.principles) > 1:
            told = f"{use.cited / figures.num_examples:.0%} of the thoughts"
            yield f"principle {use.name!r} is cited in {told}: it says little"
    if figures.never_cited and figures.num_examples >= 4 * LEAST_TO_JUDGE:
        yield f"never cited: {', '.join(figures.never_cited)}"


def _of_wording(figures: Balance) -> Iterator[str]:
    num = figures.num_examples
    opening, count = figures.openings[0]
    if count >= 0.2 * num:
        yield f'{count / num:.0%} of the answers open alike: "{opening} ..."'
    low, high = figures.answer_words.p5, figures.answer_words.p95
    if low >= 20 and high < 1.3 * low:
        yield f"the answers are all about the same length ({low} to {high} words)"
    if figures.distinct[2] < 0.3:
        yield f"answers repeat each other: only {figures.distinct[2]:.0%} of their three-word sequences are distinct"
    verb, count = figures.verbs[0] if figures.verbs else ("", 0)
    if count > 0.35 * num:
        yield f'{count / num:.0%} of the instructions begin with "{verb}"'
    if figures.seed_overlap > 0.25:
        yield f"{figures.seed_overlap:.0%} of the instructions' wording is taken from the seeds"


def describe(balance: Balance) -> list[str]:
    """The figures as lines for a terminal, warnings last."""
    num = balance.num_examples
    if not num:
        return ["no examples"]
    words = balance.answer_words
    uses = ", ".join(f"{use.name} {use.cited / num:.0%}" for use in balance.principles[:6])
    lines = [
        f"refuses {share(balance.refused, num)}, refuses in part {share(balance.partly_refused, num)}, "
        f"hedges {share(balance.hedged, num)}, apologises {share(balance.apologised, num)} of the time",
        f"median answer {words.median} words (5% have fewer than {words.p5}, 5% more than {words.p95}); "
        f"distinct 1-, 2- and 3-grams {', '.join(f'{each:.2f}' for each in balance.distinct)}",
        f"principles cited: {uses}" if uses else "no principles cited",
    ]
    if balance.never_cited:
        lines.append(f"never cited: {', '.join(balance.never_cited)}")
    return lines + [f"warning: {each}" for each in balance.warnings]
