"""The miniature's corpus: a grammar of many kinds of instructions with answers and thoughts.

The kinds stand in data/kinds/*.yaml; how one is written is told in tables.py.
"""

from random import Random

from training.corpus.grammar import Item, Kind, is_held_out
from training.corpus.tables import load_all

KINDS: dict[str, Kind]
"""Every kind that is trained on, by name."""
HELD_OUT_KINDS: dict[str, Kind]
"""Kinds that only the evaluation asks."""
KINDS, HELD_OUT_KINDS = load_all()

GOVERNED: dict[str, tuple[str, ...]] = {
    id_: tuple(name for name, kind in KINDS.items() if kind.governed_by == id_)
    for id_ in dict.fromkeys(kind.governed_by for kind in KINDS.values() if kind.governed_by)
}
"""Kinds of delicate request by the principle that decides how they are answered."""

_NAMES = tuple(KINDS)
_WEIGHTS = tuple(kind.weight for kind in KINDS.values())


def sample_item(rng: Random, held_out: bool = False, kinds: tuple[str, ...] = ()) -> Item:
    """One item of a random kind (of `kinds` where given), from the training or from the held-out side."""
    while True:
        name = rng.choice(kinds) if kinds else rng.choices(_NAMES, _WEIGHTS)[0]
        item = (KINDS.get(name) or HELD_OUT_KINDS[name]).make(rng)
        if is_held_out(item.user_turn) == held_out:
            return item
