"""The little machinery under the corpus: alternatives in brackets, items, kinds, and the held-out side."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

_ALTERNATIVES = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")
_SENTENCE_START = re.compile(r"(?<=[a-z0-9][.!?] )[a-z]")
_ARTICLE = re.compile(r"\b([Aa]) (?=[aeio]|u(?!se|ni|til))")


@dataclass(frozen=True, slots=True)
class Item:
    """One instruction with two answers: what a naive model says, and what the principles ask for.

    `cites` holds names of principles; `keys` are texts of which one must stand in a correct answer of a harmless
    kind (compared in lower case; empty where correctness cannot be told from the words). `group` is "harmless",
    "unknowable", "missing", "harmful" or "identity": all but the first want another behaviour than answering.
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


def say(rng: Random, pattern: str, **slots: object) -> str:
    """The pattern with one alternative taken from every [a|b] (nested ones too) and its {slots} filled.

    "a" becomes "an" before a vowel; a slot may hold brackets of its own. The first letter becomes a capital one.
    """
    text = pattern
    while True:
        text, count = _ALTERNATIVES.subn(lambda match: rng.choice(match.group(1).split("|")), text)
        if not count:
            break
    text = text.format_map({name: str(value) for name, value in slots.items()})
    text = _ARTICLE.sub(r"\1n ", text)
    text = _SENTENCE_START.sub(lambda match: match.group().upper(), text)
    return text[:1].upper() + text[1:]


def item(
    rng: Random,
    kind: str,
    text: str,
    answer: str,
    thought: str,
    cites: str,
    *,
    naive: str = "",
    context: str = "",
    group: str = "harmless",
    keys: tuple[object, ...] = (),
    **slots: object,
) -> Item:
    """An item whose texts are patterns for `say`; `cites` is a comma-separated list of principle names.

    Without a `naive` answer the naive one is the principled one.
    """
    good = say(rng, answer, **slots)
    return Item(
        kind=kind,
        group=group,
        text=say(rng, text, **slots),
        context=say(rng, context, **slots) if context else "",
        thought=say(rng, thought, **slots),
        cites=tuple(name.strip() for name in cites.split(",")),
        answer=good,
        naive=say(rng, naive, **slots) if naive else good,
        keys=tuple(str(key).lower() for key in keys),
    )


def is_held_out(user_turn: str) -> bool:
    """Whether this user turn is kept away from training (one in 24, by its hash)."""
    return hashlib.sha256(user_turn.encode()).digest()[0] % 24 == 0


def with_article(noun: str) -> str:
    """ "a boat", "an old boat"."""
    return _ARTICLE.sub(r"\1n ", f"a {noun}")


def listed(things: list[str], last: str = "and") -> str:
    """ "a, b and c"."""
    return things[0] if len(things) == 1 else f"{', '.join(things[:-1])} {last} {things[-1]}"


def numbered(lines: list[str]) -> str:
    """The lines as a numbered list."""
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))
