"""The little machinery under the corpus: items, kinds, patterns with alternatives in brackets, the held-out side."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

DELICATE_GROUPS = ("unknowable", "missing", "harmful", "identity", "disputed")
"""Groups of kinds that want more than an answer; the other group is "harmless"."""

IDS = {
    name: name.replace(" ", "-")
    for name in (
        "ethical",
        "informative",
        "helpful",
        "question assessment",
        "reasoning",
        "multi-aspect",
        "candor",
        "knowledge recitation",
        "static",
        "clarification",
        "numerical sensitivity",
        "dated knowledge",
        "step-by-step",
        "creative",
        "operational",
    )
} | {"balanced & informative perspectives": "balanced-perspectives"}
"""Names of principles as the corpus cites them -> ids of `default`."""

_ALTERNATIVES = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")
_SENTENCE_START = re.compile(r"(?<=[a-z0-9][.!?] )[a-z]")
_ARTICLE = re.compile(r"\b([Aa]) (?=[aeio]|u(?!se|ni|til))")


@dataclass(frozen=True, slots=True)
class Item:
    """One instruction with two answers: what a naive model says, and what the principles ask for.

    `cites` holds names of principles; `keys` are texts of which one must stand in a correct answer of a harmless
    kind (compared in lower case; empty where correctness cannot be told from the words). `group` is "harmless" or one
    of `DELICATE_GROUPS`.
    """

    kind: str
    group: str
    text: str
    context: str
    thought: str
    cites: tuple[str, ...]
    answer: str
    naive: str
    keys: tuple[str, ...]

    @property
    def user_turn(self) -> str:
        return f"{self.text}\n\n{self.context}" if self.context else self.text


@dataclass(frozen=True, slots=True)
class Kind:
    """A way to make items; `weight` is its share among the others, `practice` (if not 0) its share in training."""

    make: Callable[[Random], Item]
    weight: float = 1.0
    practice: float = 0.0
    governed_by: str = ""
    """The id of the principle that decides; empty for a harmless kind."""


def fill(rng: Random, pattern: str, slots: Mapping[str, object]) -> str:
    """The pattern with one alternative taken from every [a|b] (nested ones too) and its {slots} filled."""
    text = pattern
    while True:
        text, count = _ALTERNATIVES.subn(lambda match: rng.choice(match.group(1).split("|")), text)
        if not count:
            return text.format_map(slots)


def say(rng: Random, pattern: str, slots: Mapping[str, object] | None = None, **more: object) -> str:
    """What `fill` gives, as a sentence: it begins with a capital letter, and "a" becomes "an" before a vowel."""
    text = fill(rng, pattern, more if slots is None else slots)
    text = _ARTICLE.sub(r"\1n ", text)
    text = _SENTENCE_START.sub(lambda match: match.group().upper(), text)
    return text[:1].upper() + text[1:]


def is_held_out(user_turn: str) -> bool:
    """Whether this user turn is kept away from training (one in 24, by its hash)."""
    return hashlib.sha256(user_turn.encode()).digest()[0] % 24 == 0


def listed(things: list[str], last: str = "and") -> str:
    """ "a, b and c"."""
    return things[0] if len(things) == 1 else f"{', '.join(things[:-1])} {last} {things[-1]}"
