"""The miniature's corpus: a grammar of many kinds of instructions with answers and thoughts."""

from random import Random

from training.corpus import (
    editing,
    everyday,
    ideas,
    knowledge,
    language,
    numbers,
    opinions,
    play,
    programs,
    reading,
    refusing,
    sayings,
    vocabulary,
    writing,
)
from training.corpus.grammar import Item, Kind, is_held_out
from training.corpus.tables import DATA, load_kinds, load_words

_WORDS = load_words()
_TABLES = {
    name: kind for path in sorted((DATA / "kinds").glob("*.yaml")) for name, kind in load_kinds(path, _WORDS).items()
}

KINDS: dict[str, Kind] = {
    **{name: kind for name, (kind, is_held) in _TABLES.items() if not is_held},
    **editing.KINDS,
    **everyday.KINDS,
    **ideas.KINDS,
    **knowledge.KINDS,
    **language.KINDS,
    **numbers.KINDS,
    **opinions.KINDS,
    **play.KINDS,
    **programs.KINDS,
    **reading.KINDS,
    **refusing.KINDS,
    **sayings.KINDS,
    **vocabulary.KINDS,
    **writing.KINDS,
}
"""Every kind that is trained on, by name."""

HELD_OUT_KINDS: dict[str, Kind] = {name: kind for name, (kind, is_held) in _TABLES.items() if is_held}
"""Kinds that only the evaluation asks."""

_NAMES = tuple(KINDS)
_WEIGHTS = tuple(kind.weight for kind in KINDS.values())


def sample_item(rng: Random, held_out: bool = False, kinds: tuple[str, ...] = ()) -> Item:
    """One item of a random kind (of `kinds` where given), from the training or from the held-out side."""
    while True:
        name = rng.choice(kinds) if kinds else rng.choices(_NAMES, _WEIGHTS)[0]
        item = (KINDS.get(name) or HELD_OUT_KINDS[name]).make(rng)
        if is_held_out(item.user_turn) == held_out:
            return item
