"""Long texts, of which there are few: scanned one by one, by what they cannot share.

`postings` takes texts of up to 255 tokens. Longer ones, and those that a longer one could resemble, are kept
here with their tokens counted into 512 buckets. The sum of the differences between two such counts is at most the
number of tokens that the texts do not share, m + n - 2 LCS for a pair that qualifies; so what differs more cannot be a
near-duplicate, and what is left is compared. About 0.1 ms per thousand texts.
"""

import numpy as np

from selfalign.novelty.postings import least_lcs

BUCKETS = 512


class LongTexts:
    """The counts of the long texts, in the order they came."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._size = 0
        self._texts = np.empty(16, np.int64)
        self._lengths = np.empty(16, np.int64)
        self._counts = np.empty((16, BUCKETS), np.uint8)

    def add(self, text: int, tokens: np.ndarray) -> None:
        """Take in a text: its number, and its tokens as numbers."""
        if self._size == len(self._texts):
            self._texts, self._lengths, self._counts = (
                np.concatenate([held, np.empty_like(held)]) for held in (self._texts, self._lengths, self._counts)
            )
        self._texts[self._size] = text
        self._lengths[self._size] = len(tokens)
        self._counts[self._size] = _count(tokens)
        self._size += 1

    def candidates(self, length: int, known: np.ndarray, longer_than: int) -> list[int]:
        """The texts of more than `longer_than` tokens that a text of `length` tokens may be a near-duplicate of.

        `known` are those of its tokens that any text has.
        """
        lengths = self._lengths[: self._size]
        least = np.ceil(self._threshold * (lengths + length) / 2 - 1e-6)
        possible = np.flatnonzero((lengths > longer_than) & (least <= np.minimum(lengths, length)))
        if not len(possible):
            return []
        ours, theirs = _count(known), self._counts[possible]
        differences = (np.maximum(ours, theirs) - np.minimum(ours, theirs)).sum(axis=1, dtype=np.int64)
        close = differences <= len(known) + lengths[possible] - 2 * np.maximum(1, least[possible])
        return self._texts[possible[close]].tolist()


def shortest_match(length: int, threshold: float) -> int:
    """The length of the shortest text that one of `length` tokens can be a near-duplicate of."""
    shortest = 1
    while least_lcs(length, shortest, threshold) > shortest:
        shortest += 1
    return shortest


def _count(tokens: np.ndarray) -> np.ndarray:
    # Clipped, not wrapped: clipping can only make two counts more alike, so nothing is lost.
    return np.minimum(np.bincount(tokens % BUCKETS, minlength=BUCKETS), 255).astype(np.uint8)
