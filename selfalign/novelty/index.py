"""Is there a near-duplicate? ROUGE-L against every kept instruction, exactly, without comparing with every one.

Self-Instruct (Wang et al. 2023, arXiv 2212.10560, section 3.1) keeps an instruction if its ROUGE-L F-measure with every
kept one is at most 0.7. The verdicts here are the same, to the last bit of rouge_score's floating-point numbers (at
exactly 0.7 they are sometimes above it). Most of the pool is ruled out unseen: by what texts share (`postings`), by
signatures of 64 bits, one or-ed in per token, in which texts of m and n tokens that share o differ in at most
m + n - 2 o bits, and by counting what they share.

**The context.** Published code compares instructions alone, so that of all instructions "Summarise the following text"
one survives. Here the context counts (`NoveltySpec.context`):

- both have a context: the pair is as similar as its less similar half. The same request about different texts is no
  near-duplicate, nor are different questions about one text;
- one or none has: the whole user turns are compared, instruction and context in one. So "Summarise: <text>" meets the
  same text given as a context, and a request without the text it speaks of is not the request with it.

A context of more than `CONTEXT_TOKENS` tokens counts by as many, half from its beginning and half from its end: enough
to tell texts apart, and a pool of articles costs no more than one of paragraphs.

What comes out depends on what was kept and in which order, on nothing else: not on time, not on the machine, not on
whether the pool was filled one by one (`add`) or at once (`extend`).
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from rapidfuzz.distance import LCSseq

from selfalign.novelty.postings import SEGMENT_TEXTS, LengthLimits, Limits, Ranking, Segment, Texts, build_segment
from selfalign.novelty.tokens import TOKENISERS, tokeniser

CONTEXT_TOKENS = 64
"""How many tokens of a context count."""

MAX_TOKENS = 16_384
"""How many tokens of a text count, the first ones: comparing takes time and memory for every token."""

LOOSE_TOKENS = 16_384
"""So many tokens of new texts make a segment; until then these texts are found by a scan."""

MERGE = 3
"""A segment is merged with those before it that are at most this many times as long: fewer to look into."""

_BITS = [1 << bit for bit in range(64)]
_BUILDER = ThreadPoolExecutor(1, "novelty")


@dataclass(frozen=True, slots=True)
class NoveltySpec:
    """What counts as a near-duplicate: ROUGE-L F above `threshold` (0 to 1; at 1 nothing does).

    `tokeniser` is "unicode" or "rouge" (see `tokens`). `context` is "both" (the context counts, see above) or
    "ignore" (instructions alone are compared; with "rouge" the published rule of Self-Instruct and Alpaca).
    """

    threshold: float = 0.7
    tokeniser: str = "unicode"
    context: str = "both"

    def __post_init__(self) -> None:
        if isinstance(self.threshold, bool) or not isinstance(self.threshold, (int, float)):
            raise ValueError(f"threshold: must be a number, is {self.threshold!r}")
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold: must be between 0 and 1, is {self.threshold}")
        if self.tokeniser not in TOKENISERS:
            raise ValueError(f"tokeniser: {' or '.join(TOKENISERS)}, not {self.tokeniser!r}")
        if self.context not in ("both", "ignore"):
            raise ValueError(f"context: both or ignore, not {self.context!r}")


class Neighbour(NamedTuple):
    """A kept instruction that is a near-duplicate, and its similarity (ROUGE-L F, 0 to 1)."""

    id: str
    similarity: float


class _Turn(NamedTuple):
    """The tokens of an instruction and its context in one; the first `head` are the instruction's."""

    tokens: list[str]
    head: int


class NoveltyIndex:
    """The kept instructions, ready to be asked for the nearest one.

    What has to be rebuilt as the pool grows is rebuilt in a thread. Until it is, the newest texts are found by a scan
    of their signatures, so no answer depends on how far that thread has come.
    """

    def __init__(self, spec: NoveltySpec, loose_tokens: int = LOOSE_TOKENS) -> None:
        self.spec = spec
        self._loose_tokens = loose_tokens
        self._tokenise = tokeniser(spec.tokeniser)
        self._limits = Limits(spec.threshold)
        # Every element has a number: a token's first occurrence in a text, and (token, n) for its further ones.
        self._vocabulary: dict[str | tuple[str, int], int] = {}
        self._first_of = array("I")  # by element, the one of its token's first occurrence
        self._codes = np.zeros(1, np.uint32)
        # One entry a text; how many tokens it has, and how many of these are the instruction's.
        self._ids: list[str] = []
        self._texts = Texts(array("I"), array("I", [0]))
        self._signatures, self._lengths, self._heads = array("Q"), array("H"), array("H")
        self._ranking = Ranking(self._texts, 0, 0)
        self._segments: list[Segment] = []
        self._work: Future[tuple[int, Ranking, Segment]] | None = None
        self._last: tuple[str, str, _Turn] = ("", "", _Turn([], 0))

    def __len__(self) -> int:
        return len(self._ids)

    def nearest(self, text: str, context: str = "") -> Neighbour | None:
        """The most similar kept instruction above the threshold, the earliest of several; else None.

        A text without any token resembles nothing.
        """
        turn = self._turn(text, context)
        limits = self._limits.of_length(len(turn.tokens))
        elements = [self._vocabulary.get(element) for element in _elements(turn.tokens)]
        candidates = self._candidates([each for each in elements if each is not None], len(elements), limits)
        best, similarity = -1, self.spec.threshold
        for candidate, found in self._similarities(turn, candidates, limits):
            if found > similarity:
                best, similarity = candidate, found
                if found == 1.0:
                    break
        return Neighbour(self._ids[best], similarity) if best >= 0 else None

    def add(self, item_id: str, text: str, context: str = "") -> None:
        """Keep an instruction, whatever it resembles."""
        self._append(item_id, text, context)
        if self._work is None:
            if self._is_due:
                self._work = _BUILDER.submit(self._build)
        elif self._work.done():
            self.settle()

    def extend(self, items: Iterable[tuple[str, str, str]]) -> None:
        """Keep many instructions, (id, text, context) each: `add` for every one, faster; holds up whoever waits."""
        self.settle()
        for item in items:
            self._append(*item)
        while self._is_due:
            self._take(*self._build())

    def settle(self) -> None:
        """Wait for the segment that is being built, if one is."""
        if self._work is not None:
            self._take(*self._work.result())
            self._work = None

    # -- keeping

    def _turn(self, text: str, context: str) -> _Turn:
        if self._last[0] == text and self._last[1] == context:  # an instruction is mostly added after it was asked for
            return self._last[2]
        tokens = self._tokenise(text)[:MAX_TOKENS]
        head = len(tokens)
        if context and self.spec.context == "both":
            of_context = self._tokenise(context)
            if len(of_context) > CONTEXT_TOKENS:
                of_context = of_context[: CONTEXT_TOKENS // 2] + of_context[-CONTEXT_TOKENS // 2 :]
            tokens = tokens + of_context
        turn = _Turn(tokens, head)
        self._last = (text, context, turn)
        return turn

    def _append(self, item_id: str, text: str, context: str) -> None:
        turn, vocabulary = self._turn(text, context), self._vocabulary
        elements = _elements(turn.tokens)
        numbers = [vocabulary.setdefault(element, len(vocabulary)) for element in elements]
        for element, number in zip(elements, numbers, strict=True):
            if number == len(self._first_of):
                self._first_of.append(number if isinstance(element, str) else vocabulary[element[0]])
        self._texts.elements.extend(numbers)
        self._texts.ends.append(len(self._texts.elements))
        self._signatures.append(_signature(numbers))
        self._lengths.append(len(numbers))
        self._heads.append(turn.head)
        self._ids.append(item_id)  # last: a segment that is being built meanwhile counts whole texts only

    @property
    def _first_loose(self) -> int:
        """The first text that is in no segment yet."""
        return self._segments[-1].last if self._segments else 0

    @property
    def _is_due(self) -> bool:
        ends = self._texts.ends
        return ends[-1] - ends[self._first_loose] >= self._loose_tokens

    def _build(self) -> tuple[int, Ranking, Segment]:
        """A segment of the loose texts, merged with those before it that are not much longer: how many stay, the
        ranking, the segment.

        Where that is all of them, the order of the elements is made anew: it then fits what the pool has become.
        """
        first, kept, ranking = self._first_loose, len(self._segments), self._ranking
        last = min(len(self), first + SEGMENT_TEXTS)
        while kept:
            before = self._segments[kept - 1].first
            if first - before > MERGE * (last - first) or last - before > SEGMENT_TEXTS:
                break
            kept, first = kept - 1, before
        if first == 0:
            ranking = Ranking(self._texts, last, len(self._vocabulary))
        return kept, ranking, build_segment(self._texts, first, last, ranking, self._limits)

    def _take(self, kept: int, ranking: Ranking, segment: Segment) -> None:
        self._ranking = ranking
        self._segments[kept:] = [segment]

    # -- asking

    def _candidates(self, known: list[int], length: int, limits: LengthLimits) -> np.ndarray:
        """The kept texts that may be near-duplicates, in order: all that are, and some more."""
        signature = np.uint64(_signature(known))
        found = [self._scan(signature, len(known), limits)]
        unknown = length - len(known)  # the rarest of all: they take the first places
        elements = self._ranking.sort(known)[: max(0, limits.ranges.shape[1] - unknown)]
        if elements and self._segments:
            bounds = np.array(elements, np.uint64) << np.uint64(36)
            bounds = bounds + limits.ranges[:, unknown : unknown + len(elements)]
            for segment in self._segments:
                texts = self._sift(segment.matches(bounds), segment.first, signature, len(known), limits)
                found.append(texts)
        return np.unique(np.concatenate(found))

    def _scan(self, signature: np.uint64, known: int, limits: LengthLimits) -> np.ndarray:
        """Those of the loose texts whose signatures are close enough."""
        first = self._first_loose
        if first == len(self):
            return np.empty(0, np.int64)
        lengths = np.frombuffer(self._lengths, np.uint16, offset=2 * first).astype(np.int64)
        bits = np.bitwise_count(np.frombuffer(self._signatures, np.uint64, offset=8 * first) ^ signature)
        return np.flatnonzero(bits <= limits.bits(lengths) + known) + first

    def _sift(
        self, texts: np.ndarray, first: int, signature: np.uint64, known: int, limits: LengthLimits
    ) -> np.ndarray:
        """Those of the texts met in a segment that were met often enough and whose signatures are close enough."""
        if limits.most_hits > 1:
            hits = np.bincount(texts)
            texts = np.flatnonzero(hits)
            lengths = np.frombuffer(self._lengths, np.uint16, offset=2 * first).take(texts)
            texts = texts[hits[texts] >= limits.hits.take(lengths, mode="clip")]
        texts = texts + first
        lengths = np.frombuffer(self._lengths, np.uint16).take(texts).astype(np.int64)
        bits = np.bitwise_count(np.frombuffer(self._signatures, np.uint64).take(texts) ^ signature)
        return texts[bits <= limits.bits(lengths) + known]

    def _similarities(self, turn: _Turn, candidates: np.ndarray, limits: LengthLimits) -> Iterable[tuple[int, float]]:
        """The similarity to each candidate that shares enough tokens."""
        if not len(candidates):
            return
        if len(self._codes) < len(self._vocabulary):
            self._codes = np.zeros(2 * len(self._vocabulary), np.uint32)
        # Every token of the query becomes a character (there are fewer than surrogates begin at), every other one zero.
        characters: dict[str, int] = {}
        ours = "".join([chr(characters.setdefault(token, len(characters) + 1)) for token in turn.tokens])
        known = [token for token in characters if token in self._vocabulary]
        places = [self._vocabulary[token] for token in known]
        self._codes[places] = [characters[token] for token in known]
        texts = array("I")
        ends = [0]
        for candidate in candidates.tolist():
            texts.extend(self._texts[candidate])
            ends.append(len(texts))
        codes = self._codes.take(np.frombuffer(self._first_of, np.uint32).take(np.frombuffer(texts, np.uint32)))
        self._codes[places] = 0
        shared = np.add.reduceat(codes > 0, ends[:-1], dtype=np.int64)
        theirs = codes.tobytes().decode("utf-32-le")
        for place in np.flatnonzero(shared >= limits.least.take(np.diff(ends), mode="clip")).tolist():
            candidate = int(candidates[place])
            yield candidate, _similarity(ours, turn.head, theirs[ends[place] : ends[place + 1]], self._heads[candidate])


def _elements(tokens: list[str]) -> list[str | tuple[str, int]]:
    """The elements of a text in the order of its tokens (see `postings`), as keys of the vocabulary."""
    if len(set(tokens)) == len(tokens):
        return tokens
    seen: Counter[str] = Counter()
    elements = []
    for token in tokens:
        elements.append((token, seen[token]) if token in seen else token)
        seen[token] += 1
    return elements


def _signature(elements: Sequence[int]) -> int:
    # Numbers are given in the order of first sight, so the frequent ones spread over the bits evenly.
    signature = 0
    for element in elements:
        signature |= _BITS[element & 63]
    return signature


def _similarity(one: str, head: int, other: str, other_head: int) -> float:
    """As the module says, for two turns whose first characters are the instruction's."""
    if head < len(one) and other_head < len(other):
        return min(_rouge_l(one[:head], other[:other_head]), _rouge_l(one[head:], other[other_head:]))
    return _rouge_l(one, other)


def _rouge_l(one: str, other: str) -> float:
    """ROUGE-L F (Lin 2004), computed as rouge_score does: the same floating-point number."""
    # Without score_cutoff: given one, rapidfuzz 3.14 misses some pairs that reach it exactly (t1 ... t254 and the last
    # 138 of these with one more behind, score_cutoff=138: 0).
    lcs = LCSseq.similarity(one, other)
    if not lcs:
        return 0.0
    precision, recall = lcs / len(other), lcs / len(one)
    return 2 * precision * recall / (precision + recall)
