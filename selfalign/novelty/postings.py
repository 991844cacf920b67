"""An exact index for "which texts share enough with this one?", in slices that never hold anybody up.

A text here is a set of elements (its tokens; a k-th repetition of a token is an element of its own), so two texts with
m and n elements cannot have a longest common subsequence of o tokens unless they share o elements. Three filters, each
exact in the sense that it never loses a text that qualifies:

1. prefix: put the elements in one global order, rarest first. If two texts share o elements, the first one they share
   stands at place i <= m - o of the one and j <= n - o of the other (Xiao et al. 2008, "Efficient Similarity Joins for
   Near Duplicate Detection"). So only the first part of each text is posted, with n and j beside its number. In a long
   text that part has common elements too; there it is made longer by h - 1 places, and h shared elements are wanted
   (Wang, Li and Feng 2012, "Can We Beat the Prefix Filtering?");
2. signature: 64 bits, one or-ed in per element. It differs from another in at most m + n - 2 o bits;
3. the caller compares what is left.

`Segment` is the index of a run of consecutive blocks of texts; it is never changed, only replaced by that of a longer
run, which `build_segment` makes bit by bit: whoever drives it decides how much happens at a time.
"""

from bisect import bisect_left
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import NamedTuple

import numpy as np

MAX_LENGTH = 255
"""The longest text, in elements, that a segment takes."""

BLOCK = 1024
"""Texts in a block; at most 4096 (`Ranking.prefixes` has 12 bits for a place in it)."""

ELEMENTS_PER_HIT = 16
"""A text of n elements wants n / 16 shared ones among the first, at least one; found by trial."""

_PIECE = 1 << 15
"""So many numbers are written at once. It is not the writing that takes time but the system, which hands out a page of
memory when it is first written to: some microseconds each, and a large array has thousands."""

_SORTED_AT_ONCE = 1 << 15
_COUNT_LIMIT = (1 << 20) - 1
_ELEMENT = (1 << 32) - 1


class Block(NamedTuple):
    """Consecutive texts from number `first` on: their elements in the order of the text, one after the other; those of
    the i-th are `lengths[i]` many and stand at `ends[i]` to `ends[i + 1]`, the first `heads[i]` the instruction's.
    """

    first: int
    elements: np.ndarray
    lengths: np.ndarray
    ends: np.ndarray
    heads: np.ndarray


def _shares(blocks: Sequence[Block]) -> Iterator[Block]:
    """The same texts in blocks that hold about `_PIECE` elements at most."""
    for first, elements, lengths, ends, heads in blocks:
        step = ceil(len(lengths) / (1 + len(elements) // _PIECE))
        for start in range(0, len(lengths), step):
            texts = slice(start, start + step)
            of_share = ends[start : start + step + 1]
            share = elements[of_share[0] : of_share[-1]]
            yield Block(first + start, share, lengths[texts], of_share - of_share[0], heads[texts])


def least_lcs(m: int, n: int, threshold: float) -> int:
    """The smallest longest common subsequence with which texts of m and n tokens can exceed a ROUGE-L F threshold.

    1e-6 stands above every rounding error: a tie counts as possible, and its floating-point number decides.
    """
    return max(1, ceil(threshold * (m + n) / 2 - 1e-6))


class Limits:
    """What a ROUGE-L F threshold means for lengths, as tables.

    `least[m, n]` is `least_lcs`, `hits[m, n]` the number of shared elements wanted among the first ones; `prefix[n]` is
    the number of places j that a text of n elements posts. (n, j) is kept as one number, its code, `first[n] + j`.
    """

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        lengths = np.arange(MAX_LENGTH + 1)
        self.least = np.maximum(1, np.ceil(threshold * (lengths[:, None] + lengths) / 2 - 1e-6)).astype(np.int64)
        self.hits = np.minimum(np.maximum(1, lengths // ELEMENTS_PER_HIT), self.least)
        self.possible = self.least <= np.minimum(lengths[:, None], lengths)
        self.prefix = np.where(self.possible, lengths - self.least + self.hits, 0).max(axis=0)
        self.first = np.cumsum(self.prefix) - self.prefix
        self.length_at = np.repeat(lengths, self.prefix)
        self.place_at = np.arange(len(self.length_at)) - self.first[self.length_at]
        # Up to MAX_LENGTH + 1 of them, 60 kB each at most; real lengths take a few dozen.
        self.of_length = lru_cache(maxsize=None)(self._of_length)

    def _of_length(self, length: int) -> "LengthLimits":
        lengths = np.arange(MAX_LENGTH + 1)
        least, hits, possible = self.least[length], self.hits[length], self.possible[length]
        theirs, ours = np.where(possible, (lengths - least + hits, length - least + hits), 0)
        places = np.where(self.place_at < theirs[self.length_at], ours[self.length_at], 0)
        bits = np.where(possible, lengths - 2 * least, -1 - 2 * MAX_LENGTH)
        qualified = [np.flatnonzero(places > place) for place in range(places.max(initial=0))]
        return LengthLimits(
            hits=hits.astype(np.uint8),
            most_hits=int(hits.max(where=possible, initial=1)),
            codes=[(int(codes[0]), int(codes[-1]) + 1) if len(codes) else (0, 0) for codes in qualified],
            places=places.astype(np.uint8),
            bits=bits.astype(np.int16),
            bits_at=bits[self.length_at].astype(np.int16),
        )


@dataclass(frozen=True, slots=True)
class LengthLimits:
    """The limits for a query of one length.

    Of the query's elements, rarest first, as many matter as `codes` is long. A posting coded c qualifies for the one
    at place i if i < `places[c]`; all that do have codes in the range `codes[i]`. A text of n elements needs `hits[n]`
    such postings, at most `most_hits`. Signatures may differ in `bits[n]` bits (`bits_at[c]`), plus one for each
    element of the query that its signature has.
    """

    hits: np.ndarray
    most_hits: int
    codes: list[tuple[int, int]]
    places: np.ndarray
    bits: np.ndarray
    bits_at: np.ndarray


class Ranking:
    """The global order of elements: by how often they had been seen when it was made, then by number."""

    def __init__(self, counts: np.ndarray) -> None:
        # The last entry stands for every element that came later: not seen, so the rarest.
        self._counts = counts
        self._lookup = memoryview(counts)

    @classmethod
    def of(cls, counts: np.ndarray) -> Generator[None, None, "Ranking"]:
        """Make the ranking by these counts, with a pause (yield) after each bit of work."""
        ranked = np.zeros(len(counts) + 1, np.uint32)
        for piece in _pieces(len(counts)):
            np.minimum(counts[piece], _COUNT_LIMIT, out=ranked[piece], casting="unsafe")
            yield
        return cls(ranked)

    def sort(self, elements: Sequence[int]) -> list[int]:
        """The elements, rarest first."""
        lookup, last = self._lookup, len(self._counts) - 1
        ranks = [(lookup[element] << 32 | element) if element < last else element for element in elements]
        ranks.sort()
        return [rank & _ELEMENT for rank in ranks]

    def prefixes(self, block: Block, limits: Limits) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What a block's texts post: elements, and for each the text's place in the block and the code of (n, j)."""
        texts = np.repeat(np.arange(len(block.lengths), dtype=np.uint64), block.lengths)
        counts = self._counts.take(block.elements, mode="clip").astype(np.uint64)
        ranks = texts << np.uint64(52) | counts << np.uint64(32) | block.elements
        ranks.sort()
        places = np.arange(len(ranks)) - block.ends[texts]
        lengths = block.lengths[texts]
        posted = np.flatnonzero(places < limits.prefix[lengths])
        elements = (ranks[posted] & np.uint64(_ELEMENT)).astype(np.int64)
        codes = (limits.first[lengths[posted]] + places[posted]).astype(np.uint16)
        return elements, texts[posted].astype(np.uint32), codes


class Segment:
    """The postings of consecutive blocks: those of element e stand at `starts[e]` to `starts[e + 1]`, by code."""

    def __init__(self, first: int, last: int, starts: np.ndarray) -> None:
        self.first = first
        self.last = last
        self.size = len(starts) - 1
        self.starts = memoryview(starts)
        self.texts = np.empty(int(starts[-1]), np.uint32)
        self.codes = np.empty(int(starts[-1]), np.uint16)
        self._lookup = memoryview(self.codes)

    def range_of(self, element: int, codes: tuple[int, int]) -> tuple[int, int]:
        """Where the postings of an element with codes in a range stand."""
        if element >= self.size:
            return 0, 0
        start, end = self.starts[element], self.starts[element + 1]
        start = bisect_left(self._lookup, codes[0], start, end)
        return start, bisect_left(self._lookup, codes[1], start, end)


def build_segment(
    blocks: Sequence[Block], first: int, last: int, size: int, ranking: Ranking, limits: Limits
) -> Generator[None, None, Segment]:
    """Make the segment of blocks `first` to `last` (exclusive), with a pause (yield) after each bit of work.

    `size` is the number of elements known when the blocks were full.
    """
    starts = np.zeros(size + 1, np.uint32)
    for piece in _pieces(size + 1):
        starts[piece] = 0
        yield
    for share in _shares(blocks[first:last]):
        elements, _, _ = ranking.prefixes(share, limits)
        np.add.at(starts, elements + 1, 1)
        yield
    total = 0
    for piece in _pieces(size + 1):
        starts[piece] = np.cumsum(starts[piece], dtype=np.uint32) + np.uint32(total)
        total = int(starts[piece][-1])
        yield
    segment = Segment(first, last, starts)
    cursor = np.empty(size, np.uint32)
    for piece in _pieces(size):
        cursor[piece] = starts[piece]
        yield
    for piece in _pieces(total):
        segment.texts[piece] = 0
        segment.codes[piece] = 0
        yield
    for share in _shares(blocks[first:last]):
        elements, texts, codes = ranking.prefixes(share, limits)
        # Sorted by element: the r-th posting of an element in this block goes r places after the element's cursor.
        order = np.sort(elements << 20 | np.arange(len(elements)))
        elements, order = order >> 20, order & ((1 << 20) - 1)
        firsts = np.flatnonzero(np.diff(elements, prepend=-1))
        runs = np.diff(firsts, append=len(elements))
        targets = cursor[elements] + (np.arange(len(elements)) - np.repeat(firsts, runs))
        segment.texts[targets] = texts[order] + np.uint32(share.first)
        segment.codes[targets] = codes[order]
        cursor[elements[firsts]] += runs.astype(np.uint32)
        yield
    yield from _sort_by_code(segment)
    return segment


def _sort_by_code(segment: Segment) -> Generator[None, None, None]:
    """Sort the postings of each element, for so many elements at a time as have `_SORTED_AT_ONCE` postings, or one."""
    starts = np.asarray(segment.starts)
    element = 0
    while element < segment.size:
        start = int(starts[element])
        following = int(np.searchsorted(starts[: element + _PIECE], start + _SORTED_AT_ONCE, "right")) - 1
        following = max(element + 1, following)
        codes = segment.codes[start : starts[following]]
        if following == element + 1:
            order = np.argsort(codes, kind="stable")
        else:
            sizes = np.diff(starts[element : following + 1])
            owner = np.repeat(np.arange(following - element, dtype=np.uint64), sizes)
            keys = owner << np.uint64(32) | codes.astype(np.uint64) << np.uint64(16)
            order = np.sort(keys | np.arange(len(keys), dtype=np.uint64)) & np.uint64(_SORTED_AT_ONCE - 1)
        codes[:] = codes[order]
        texts = segment.texts[start : starts[following]]
        texts[:] = texts[order]
        element = following
        yield


def _pieces(size: int) -> Iterator[slice]:
    """Slices that cover so many numbers, small enough to be written without a noticeable pause."""
    return (slice(start, min(start + _PIECE, size)) for start in range(0, size, _PIECE))
