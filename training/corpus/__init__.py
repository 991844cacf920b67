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

KINDS: dict[str, Kind] = {
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
"""Every kind by name."""

_NAMES = tuple(KINDS)
_WEIGHTS = tuple(kind.weight for kind in KINDS.values())


def sample_item(rng: Random, held_out: bool = False, kinds: tuple[str, ...] = ()) -> Item:
    """One item of a random kind (of `kinds` where given), from the training or from the held-out side."""
    while True:
        name = rng.choice(kinds) if kinds else rng.choices(_NAMES, _WEIGHTS)[0]
        item = KINDS[name].make(rng)
        if is_held_out(item.user_turn) == held_out:
            return item
