"""Numbers for tokens and for their repetitions, so that a text is a set of numbers.

The first occurrence of a token in a text is one element, the second another, and so on: with that, what two texts share
as sets is what they share as bags of tokens. Elements are numbered in the order in which they were first seen.
"""

from array import array
from collections.abc import Hashable, Sequence

_SHARDS = 64


class Elements:
    """The elements seen so far."""

    def __init__(self) -> None:
        # One dictionary would stop everything whenever it grows, for 20 ms at 700,000 entries; of these each is small.
        self._shards: tuple[dict[Hashable, int], ...] = tuple({} for _ in range(_SHARDS))
        self._tokens = array("I")

    def __len__(self) -> int:
        return len(self._tokens)

    def token(self, element: int) -> int:
        """The number of an element's token: the element that is the token's first occurrence."""
        return self._tokens[element]

    def find_token(self, token: str) -> int | None:
        """A token's number; None where it has not been seen."""
        return self._shards[hash(token) % _SHARDS].get(token)

    def find_tokens(self, tokens: Sequence[str]) -> list[int]:
        """The numbers of those tokens that have been seen."""
        shards = self._shards
        numbers = [shards[hash(token) % _SHARDS].get(token) for token in tokens]
        return [number for number in numbers if number is not None] if None in numbers else numbers

    def number_tokens(self, tokens: Sequence[str]) -> list[int]:
        """The numbers of tokens, new ones for those that have not been seen."""
        numbers = [self._shards[hash(token) % _SHARDS].get(token) for token in tokens]
        if None in numbers:
            numbers = [self._number(token, None) for token in tokens]
        return numbers

    def find(self, numbers: list[int]) -> list[int]:
        """The elements of a text whose tokens have these numbers; repetitions that have not been seen are left out."""
        if len(set(numbers)) == len(numbers):
            return numbers
        elements = [self._shards[hash(key) % _SHARDS].get(key) if key else number for number, key in _repeated(numbers)]
        return [element for element in elements if element is not None]

    def number(self, numbers: list[int]) -> list[int]:
        """The elements of a text whose tokens have these numbers, new ones for repetitions that have not been seen."""
        if len(set(numbers)) == len(numbers):
            return numbers
        return [self._number(key, number) if key else number for number, key in _repeated(numbers)]

    def _number(self, key: Hashable, token: int | None) -> int:
        shard = self._shards[hash(key) % _SHARDS]
        element = shard.get(key)
        if element is None:
            element = shard[key] = len(self._tokens)
            self._tokens.append(element if token is None else token)
        return element


def _repeated(numbers: list[int]) -> list[tuple[int, int]]:
    """Each number with a key for its k-th repetition, 0 where it occurs for the first time."""
    seen: dict[int, int] = {}
    pairs = []
    for number in numbers:
        times = seen.get(number, 0)
        seen[number] = times + 1
        pairs.append((number, times << 40 | number if times else 0))
    return pairs
