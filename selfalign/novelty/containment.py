"""Does a text hold an item, as a part of something longer? Two rules, both exact.

`Containment`: of the item's m tokens a share of at least `LEAST_SHARE` stands in the text, in order, within a window of
m + `GAPS` m tokens. So an item is found behind "Answer this question:", with a name changed or a word left out, and
words that merely occur somewhere in a long text are not enough. An item of fewer than `LEAST_TOKENS` tokens ("What is
pi?") says too little to be looked for inside of texts.

`NGrams`: the published rule (Brown et al. 2020, arXiv 2005.14165, appendix C, and after it most others): 13 tokens of
the item in a row; all of them where it has fewer, and at least `LEAST_TOKENS`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from math import ceil
from typing import NamedTuple

from rapidfuzz.distance import LCSseq

LEAST_TOKENS = 8
LEAST_SHARE = 0.9
GAPS = 0.25
N = 13


class Contained(NamedTuple):
    """The number of an item that a text holds, and the share of it: tokens in order, or n-grams."""

    item: int
    share: float


class Containment:
    """Items, each a list of tokens, to be found in order inside of longer texts."""

    def __init__(self, items: Sequence[Sequence[str]]) -> None:
        self._items = items
        self._by_token: dict[str, list[int]] = {}
        counts = Counter(token for item in items for token in set(item))
        for number, item in enumerate(items):
            if len(item) >= LEAST_TOKENS:
                # Whoever has all but so many of its tokens has one of the rarest so many and one.
                rarest = sorted(item, key=lambda token: (counts[token], token))[: len(item) - _least(item) + 1]
                for token in set(rarest):
                    self._by_token.setdefault(token, []).append(number)

    def find(self, tokens: Sequence[str]) -> Contained | None:
        """The item of which the text holds the largest share, the first of several; None where it holds none."""
        met = {number for token in set(tokens) for number in self._by_token.get(token, ())}
        return _largest(Contained(number, self.share(number, tokens)) for number in sorted(met))

    def share(self, number: int, tokens: Sequence[str]) -> float:
        """The share of an item, of any length, that the text holds; 0 where it is less than `LEAST_SHARE`."""
        item = self._items[number]
        least, most = _least(item), 0
        characters = {token: chr(number) for number, token in enumerate(dict.fromkeys(item), start=1)}
        if len(tokens) < least or len(characters) > 0xD000:
            return 0.0
        ours = "".join([characters[token] for token in item])
        theirs = "".join([characters.get(token, "\0") for token in tokens])
        for start, end in _windows(theirs, len(item) + int(GAPS * len(item)), least):
            most = max(most, LCSseq.similarity(ours, theirs[start:end]))
            if most == len(item):
                break
        return most / len(item) if most >= least else 0.0


def _windows(text: str, width: int, least: int) -> Iterator[tuple[int, int]]:
    """Where at least so many of the text's known tokens stand close together; each window begins with one."""
    sums = [0, *accumulate(character != "\0" for character in text)]
    for start, character in enumerate(text):
        end = min(len(text), start + width)
        if character != "\0" and sums[end] - sums[start] >= least:
            yield start, end


class NGrams:
    """Items, each a list of tokens, to be recognised by any `N` tokens in a row."""

    def __init__(self, items: Sequence[Sequence[str]]) -> None:
        self._items = items
        self._by_hash: dict[int, int] = {}
        self._sizes = {min(N, len(item)) for item in items if len(item) >= LEAST_TOKENS}
        for number, item in enumerate(items):
            if len(item) >= LEAST_TOKENS:
                for gram in _grams(item, min(N, len(item))):
                    self._by_hash.setdefault(hash(gram), number)

    def find(self, tokens: Sequence[str]) -> Contained | None:
        """The item of which the text holds the largest share of n-grams, the first of several; else None."""
        met = {
            number
            for size in self._sizes
            for gram in _grams(tokens, size)
            if (number := self._by_hash.get(hash(gram))) is not None
        }
        return _largest(Contained(number, self._share(number, tokens)) for number in sorted(met))

    def _share(self, number: int, tokens: Sequence[str]) -> float:
        size = min(N, len(self._items[number]))
        wanted = set(_grams(self._items[number], size))
        return len(wanted.intersection(_grams(tokens, size))) / len(wanted)


def _largest(found: Iterable[Contained]) -> Contained | None:
    return max((each for each in found if each.share), key=lambda each: each.share, default=None)


def _least(item: Sequence[str]) -> int:
    return ceil(LEAST_SHARE * len(item) - 1e-9)


def _grams(tokens: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    return zip(*(tokens[start:] for start in range(size)), strict=False)
