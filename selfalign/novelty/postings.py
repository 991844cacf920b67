"""Which kept texts share enough tokens with this one? A prefix filter that never loses a text that qualifies.

A text of n tokens is n elements: a token's first occurrence is one, its second another, and so on. Two texts cannot
have a common subsequence of o tokens unless they share o elements. Put the elements in one order for all texts, rarest
first: then the first h that two texts of m and n elements share stand among the first m - o + h of the one and the
first n - o + h of the other (h = 1: Xiao et al. 2008, "Efficient Similarity Joins for Near Duplicate Detection"; h > 1,
for long texts, whose first elements are not all rare: Wang, Li and Feng 2012, "Can We Beat the Prefix Filtering?").
So only a text's first elements are posted, and only a query's first elements are looked up.

A `Segment` is the sorted array of the postings of consecutive texts, each one 64-bit number: element, length of the
text, number of the text. All postings of one element with a length from a range are then one slice. Segments never
change; `build_segment` reads nothing but copies, so it may run in a thread while the pool grows.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

MAX_LENGTH = (1 << 16) - 1
"""Texts are shorter than this, in tokens."""

SEGMENT_TEXTS = 1 << 20
"""Most texts in a segment: a posting has 28 bits for the element, 16 for the length, 20 for the text."""

TOKENS_PER_HIT = 16
"""A text of n tokens wants n / 16 shared elements among the first, at least one; found by trial."""

_TEXT, _LENGTH, _ELEMENT = (1 << 20) - 1, (1 << 16) - 1, (1 << 28) - 1
_COUNT = (1 << 20) - 1
_CHUNK = 1 << 17  # elements; what numpy does not release the lock for then takes about a millisecond


@dataclass(slots=True)
class Texts:
    """The elements of all texts, as numbers, one text after the other; text i has those from `ends[i]` to
    `ends[i + 1]`.

    Both only ever grow. Slices of an array are copies, made while no other thread runs.
    """

    elements: array
    ends: array

    def __getitem__(self, text: int) -> array:
        return self.elements[self.ends[text] : self.ends[text + 1]]

    def chunks(self, first: int, last: int) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """The texts from `first` to `last` (exclusive), some at a time: number of the first, elements, ends."""
        while first < last:
            start = self.ends[first]
            until = bisect_right(self.ends, start + _CHUNK, first + 1, min(last, first + _LENGTH) + 1) - 1
            until = max(until, first + 1)
            ends = np.array(self.ends[first : until + 1], np.int64) - start
            yield first, np.frombuffer(self.elements[start : start + int(ends[-1])], np.uint32), ends
            first = until


class Limits:
    """What a ROUGE-L F threshold means for the lengths of two texts."""

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        lengths = np.arange(MAX_LENGTH + 1)
        self._hits = np.maximum(1, lengths // TOKENS_PER_HIT)
        # Of m tokens with m = least(m, n), the shortest that can match: the fewest shared, so the longest prefix.
        self._shortest = np.ceil((threshold * lengths / 2 - 1e-6) / (1 - threshold / 2) - 1e-9).astype(np.int64)
        least = self.least(self._shortest, lengths)
        self.prefix = lengths - least + np.minimum(self._hits, least)
        self.of_length = lru_cache(maxsize=256)(self._of_length)

    def least(self, m: np.ndarray | int, n: np.ndarray | int) -> np.ndarray:
        """The smallest common subsequence with which texts of m and n tokens may exceed the threshold.

        1e-6 stands above every rounding error: a tie counts as possible, and its floating-point number decides.
        """
        return np.maximum(1, np.ceil(self.threshold * np.add(m, n) / 2 - 1e-6)).astype(np.int64)

    def _of_length(self, m: int) -> "LengthLimits":
        longest = int((2 * m + 1) / self.threshold) - m if self.threshold > 1e-3 else MAX_LENGTH
        longest = min(longest, MAX_LENGTH - 1)
        lengths = np.arange(longest + 2)  # the last stands for all that are longer
        least = self.least(m, lengths)
        least[(least > np.minimum(m, lengths)) | (lengths > longest)] = 2 * MAX_LENGTH
        hits = np.minimum(self._hits[: len(least)], least)
        possible = np.flatnonzero(least <= m)
        places = m - least[possible] + hits[possible]
        lows, highs = np.full(m, longest), np.zeros(m, np.int64)
        np.minimum.at(lows, places - 1, possible)
        np.maximum.at(highs, places - 1, possible + 1)
        lows, highs = np.minimum.accumulate(lows[::-1])[::-1], np.maximum.accumulate(highs[::-1])[::-1]
        num_places = int(places.max(initial=0))
        ranges = np.array([lows[:num_places], highs[:num_places]], np.uint64) << np.uint64(20)
        return LengthLimits(ranges, least, hits, int(hits[possible].max(initial=1)))


@dataclass(frozen=True, slots=True)
class LengthLimits:
    """The limits for queries of one length.

    Of the query's elements, rarest first, as many matter as `ranges` has columns. To look at for one are texts with
    lengths from the first row to the second (exclusive), shifted to where a posting has its length. A text of n tokens
    (clipped to the tables) must share `least[n]` elements, and be met `hits[n]` times; that is at most `most_hits`.
    """

    ranges: np.ndarray
    least: np.ndarray
    hits: np.ndarray
    most_hits: int

    def bits(self, lengths: np.ndarray) -> np.ndarray:
        """In how many bits the signatures of texts may differ, less the query's number of known tokens."""
        return lengths - 2 * self.least.take(lengths, mode="clip")


class Ranking:
    """The order of all elements: by how often they had been seen when this was made, later ones never."""

    def __init__(self, texts: Texts, last: int, num_elements: int) -> None:
        self._counts = np.zeros(num_elements + 1, np.uint32)
        for _, elements, _ in texts.chunks(0, last):
            np.add.at(self._counts, elements, 1)
        np.minimum(self._counts, _COUNT, out=self._counts)
        self._lookup = memoryview(self._counts)

    def sort(self, elements: Iterable[int]) -> list[int]:
        """The elements of a text, rarest first."""
        lookup, unseen = self._lookup, len(self._counts) - 1
        ranks = sorted([lookup[element] << 28 | element if element < unseen else element for element in elements])
        return [rank & _ELEMENT for rank in ranks]

    def postings(self, first: int, elements: np.ndarray, ends: np.ndarray, limits: Limits) -> np.ndarray:
        """What texts post: `first` is the number of the first in its segment."""
        lengths = np.diff(ends)
        owners = np.repeat(np.arange(len(lengths)), lengths)
        counts = self._counts.take(elements, mode="clip").astype(np.int64)
        ranks = owners << 48 | counts << 28 | elements
        ranks.sort()  # by text still, and in each by rank
        posted = np.flatnonzero(np.arange(len(ranks)) - ends[owners] < limits.prefix[lengths][owners])
        owners = owners[posted]
        low = (lengths[owners] << 20 | owners + first).astype(np.uint64)
        return (ranks[posted].astype(np.uint64) & np.uint64(_ELEMENT)) << np.uint64(36) | low


class Segment:
    """The postings of the texts from `first` to `last` (exclusive)."""

    def __init__(self, first: int, last: int, postings: np.ndarray) -> None:
        self.first = first
        self.last = last
        self._postings = postings

    def matches(self, bounds: np.ndarray) -> np.ndarray:
        """The texts that have postings from bounds in row 0 to those in row 1, as often as they have some."""
        starts, ends = self._postings.searchsorted(bounds).tolist()
        slices = [self._postings[start:end] for start, end in zip(starts, ends, strict=True) if start < end]
        return (np.concatenate(slices) & np.uint64(_TEXT)).view(np.int64) if slices else np.empty(0, np.int64)


def build_segment(texts: Texts, first: int, last: int, ranking: Ranking, limits: Limits) -> Segment:
    """The segment of texts `first` to `last` (exclusive), at most `SEGMENT_TEXTS`."""
    postings = [
        ranking.postings(start - first, elements, ends, limits) for start, elements, ends in texts.chunks(first, last)
    ]
    joined = np.concatenate(postings)
    joined.sort()
    return Segment(first, last, joined)
