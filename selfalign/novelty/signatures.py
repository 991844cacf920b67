"""Signatures: what two texts cannot share, seen from a few bits of each.

Every element of a text sets one bit. A bit that only one of two texts has set stands for an element that only this one
has, so texts of m and n elements that share o differ in at most m + n - 2 o bits. Three signatures are kept, in the
order in which they are looked at: two of 64 bits, where the elements fall on different bits, and for texts of more than
`SHORT` elements, which fill those, one of 512 bits. Of a text that is asked about only the elements count that any kept
text has; it is then as if it had only these.
"""

from collections.abc import Sequence

import numpy as np

from selfalign.novelty.postings import LengthLimits

SHORT = 32
"""Texts of up to so many elements have no wide signature."""

RESERVED = 4_000_000
"""Texts there is room for from the beginning: making room stops everything for as long as copying takes, and room that
is not used costs nothing, as the operating system gives pages of zeros when they are written to."""

_WORDS = 8
_BITS = [1 << bit for bit in range(64)]


class Signature:
    """The signatures of a text that is asked about, and how many elements they stand for."""

    def __init__(self, elements: Sequence[int]) -> None:
        self.elements = elements
        self.size = len(elements)
        self.first = np.uint64(_first(elements))


class Signatures:
    """The signatures of the kept texts, and the texts' lengths (of 0 where it has none)."""

    def __init__(self) -> None:
        self._size = self._num_wide = 0
        self._firsts, self._seconds, self._wide_rows, self.lengths = _columns(RESERVED)
        self._wides = np.zeros((RESERVED // 4, _WORDS), np.uint64)

    def __len__(self) -> int:
        return self._size

    def add(self, elements: Sequence[int]) -> None:
        """Take in the next text; without elements it is close to none."""
        if self._size == len(self._firsts):
            held = (self._firsts, self._seconds, self._wide_rows, self.lengths)
            self._firsts, self._seconds, self._wide_rows, self.lengths = _columns(2 * self._size, held)
        self._firsts[self._size] = _first(elements)
        self._seconds[self._size] = _second(elements)
        self.lengths[self._size] = len(elements)
        if len(elements) > SHORT:
            if self._num_wide == len(self._wides):
                self._wides = np.concatenate([self._wides, np.zeros_like(self._wides)])
            self._wides[self._num_wide] = _wide(elements)
            self._wide_rows[self._size] = self._num_wide
            self._num_wide += 1
        self._size += 1

    def close_in_first(self, texts: np.ndarray, signature: Signature, allowed: np.ndarray) -> np.ndarray:
        """Those texts whose first signature differs in no more bits than are allowed (for each)."""
        return texts[np.bitwise_count(self._firsts.take(texts) ^ signature.first) <= allowed]

    def scan(self, first: int, signature: Signature, limits: LengthLimits) -> np.ndarray:
        """Those of the texts from `first` on whose first signature is close enough."""
        bits = np.bitwise_count(self._firsts[first : self._size] ^ signature.first)
        allowed = limits.bits.take(self.lengths[first : self._size]) + signature.size
        return np.flatnonzero(bits <= allowed) + first

    def sift(self, texts: np.ndarray, signature: Signature, limits: LengthLimits) -> np.ndarray:
        """Those texts whose other signatures are close enough as well."""
        lengths = self.lengths.take(texts)
        allowed = limits.bits.take(lengths) + signature.size
        second = np.uint64(_second(signature.elements))
        close = np.flatnonzero(np.bitwise_count(self._seconds.take(texts) ^ second) <= allowed)
        texts, lengths = texts[close], lengths[close]
        if not len(texts) or lengths.max() <= SHORT:
            return texts
        # Short texts get the first row of the wide signatures, which says nothing about them: they pass.
        wide = np.bitwise_count(self._wides.take(self._wide_rows.take(texts), axis=0) ^ _wide(signature.elements))
        return texts[(wide.sum(axis=1, dtype=np.int64) <= allowed[close]) | (lengths <= SHORT)]


def _first(elements: Sequence[int]) -> int:
    # Numbers are given in the order of first sight, so the frequent elements spread over the bits evenly.
    signature = 0
    for element in elements:
        signature |= _BITS[element & 63]
    return signature


def _second(elements: Sequence[int]) -> int:
    # Multiplication by 2 ** 64 / the golden ratio scatters the numbers (Knuth 1973, volume 3, section 6.4).
    signature = 0
    for element in elements:
        signature |= _BITS[(element * 0x9E3779B97F4A7C15 >> 40) & 63]
    return signature


def _wide(elements: Sequence[int]) -> np.ndarray:
    numbers = np.array(elements, np.uint64)
    signature = np.zeros(_WORDS, np.uint64)
    words = (numbers >> np.uint64(6)) % np.uint64(_WORDS)
    np.bitwise_or.at(signature, words.astype(np.int64), np.uint64(1) << (numbers & np.uint64(63)))
    return signature


def _columns(capacity: int, held: Sequence[np.ndarray] = ()) -> list[np.ndarray]:
    """Room for what is kept of so many texts, with what is held already.

    In one large array: smaller ones might be made of memory that was used before, and be written to. The last column is
    the one of single bytes, so that the others stand at multiples of their size.
    """
    kinds = (np.uint64, np.uint64, np.uint32, np.uint8)
    sizes = [capacity * np.dtype(kind).itemsize for kind in kinds]
    pieces = np.split(np.zeros(sum(sizes), np.uint8), np.cumsum(sizes)[:-1])
    columns = [piece.view(kind) for piece, kind in zip(pieces, kinds, strict=True)]
    for column, filled in zip(columns, held, strict=False):
        column[: len(filled)] = filled
    return columns
