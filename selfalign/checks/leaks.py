"""Text that came from the prompt, not from the answer: demonstrations, and the instruction itself."""

from typing import NamedTuple

from selfalign.checks.reading import CLEAN, GRAVE, NOTHING, SLIGHT, Finding, Reading
from selfalign.checks.text import COMMON, plain, runs_of, words_of
from selfalign.records import Constitution

RUN = 5
"""Words in the shortest run that counts as copied."""

_FEW = 4
_EXPLAINED = 0.5
_TELLING = 0.3


class _Demonstrations(NamedTuple):
    runs: dict[tuple[str, ...], int]
    asked: tuple[frozenset[str], ...]


_prepared: dict[str, _Demonstrations] = {}


def leak(reading: Reading) -> Finding:
    """Whether the answer repeats a demonstration of its constitution.

    Runs of `RUN` words are compared. What the instruction explains (its own words, or a demonstration whose user
    asked nearly the same) and what is common language (runs of function words, runs that several demonstrations
    share) does not count. The number is the share of the answer's words inside copied runs.
    """
    if reading.constitution is None:
        return NOTHING
    shown = _demonstrations(reading.constitution)
    hits = [(at, run) for at, run in enumerate(runs_of(reading.words, RUN)) if run in shown.runs]
    if not hits:
        return NOTHING
    asked = words_of(reading.asked)
    content = _content(asked)
    # Demonstrations whose user asked for nearly what is asked here: the same answer is no leak.
    explained = {at for at, each in enumerate(shown.asked) if each and len(each & content) >= _EXPLAINED * len(each)}
    own = set(runs_of(asked, RUN))
    return _grade(reading, [at for at, run in hits if run not in own and shown.runs[run] not in explained])


def _grade(reading: Reading, hits: list[int]) -> Finding:
    if not hits:
        return NOTHING
    covered = {at + shift for at in hits for shift in range(RUN)}
    share = round(len(covered) / len(reading.words), 3)
    start, length = _longest(hits)
    if share < reading.spec.leak_share and length < reading.spec.leak_words and length < RUN + 2:
        return Finding(CLEAN, share)
    grave = share >= reading.spec.leak_share or length >= reading.spec.leak_words
    quote = " ".join(reading.words[start : start + length])
    return Finding(GRAVE if grave else SLIGHT, share, f'repeats a demonstration: "{_short(quote)}"')


def _longest(hits: list[int]) -> tuple[int, int]:
    """Start and length in words of the longest copied run."""
    best = start = previous = hits[0]
    length = RUN
    for at in hits[1:]:
        start = start if at == previous + 1 else at
        previous = at
        if at - start + RUN > length:
            best, length = start, at - start + RUN
    return best, length


def _demonstrations(constitution: Constitution) -> _Demonstrations:
    known = _prepared.get(constitution.digest)
    if known is None:
        known = _prepared[constitution.digest] = _prepare(constitution)
    return known


def _prepare(constitution: Constitution) -> _Demonstrations:
    runs: dict[tuple[str, ...], int] = {}
    shared = set()
    persona = set(words_of(plain(f"{constitution.persona.name} {constitution.persona.maker}")))
    for at, demonstration in enumerate(constitution.demonstrations):
        for text in (demonstration.user, demonstration.thought, demonstration.answer):
            for run in runs_of(words_of(plain(text)), RUN):
                if runs.setdefault(run, at) != at or len(set(run) - COMMON - persona) < 2:
                    shared.add(run)
    asked = tuple(_content(words_of(plain(item.user))) for item in constitution.demonstrations)
    return _Demonstrations({run: at for run, at in runs.items() if run not in shared}, asked)


def _content(words: list[str]) -> frozenset[str]:
    return frozenset(words) - COMMON


def echo(reading: Reading) -> Finding:
    """Whether the answer only says the instruction again.

    An answer that *is* the user turn, or opens with the whole instruction before it goes on, is grave; the number is
    the share of its words that repeat the instruction in order. Context is not counted: to quote or edit it is work.
    """
    words, asked = reading.words, reading.instruction_words
    if len(asked) < _FEW or not words:
        return NOTHING
    if words in (asked, words_of(reading.asked)):
        return Finding(GRAVE, 1.0, "only repeats the instruction")
    if len(asked) >= 2 * _FEW and words[: len(asked)] == asked:
        return Finding(GRAVE, round(len(asked) / len(words), 2), "opens with the whole instruction")
    own, said = set(runs_of(asked, 3)), runs_of(words, 3)
    share = round(sum(run in own for run in said) / max(len(said), 1), 2)
    if share < reading.spec.echo_share or len(said) < len(own) / 2:
        return Finding(CLEAN, share) if share >= _TELLING else NOTHING
    return Finding(GRAVE, share, f"{share:.0%} of it only repeats the instruction")


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."
