"""Is there a near-duplicate? ROUGE-L against every kept instruction, exactly, without comparing with every one.

Self-Instruct (Wang et al. 2023, arXiv 2212.10560, section 3.1) keeps an instruction if its ROUGE-L F-measure with every
kept one is at most 0.7. The verdicts here are the same, to the last bit of rouge_score's floating-point numbers (at
exactly 0.7 they are sometimes above it); how most of the pool is ruled out unseen stands in `postings`.

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
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from rapidfuzz.distance import LCSseq

from selfalign.novelty.elements import Elements
from selfalign.novelty.longtexts import LongTexts, shortest_match
from selfalign.novelty.postings import BLOCK, MAX_LENGTH, Block, LengthLimits, Limits, Ranking, Segment, build_segment
from selfalign.novelty.signatures import Signature, Signatures
from selfalign.novelty.tokens import TOKENISERS, tokeniser

CONTEXT_TOKENS = 64
"""How many tokens of a context count."""

MAX_TOKENS = 16_384
"""How many tokens of a text count, the first ones: comparing takes time and memory for every token."""

MERGE = 3
"""A segment is merged with those before it that are at most this many times as long: fewer to look into."""

_MANY = 2_000
"""Of more postings than this it pays to look at the places before the signatures."""

_RESERVED_ELEMENTS = 16_000_000
"""Elements there is room for from the beginning (see `selfalign.novelty.signatures.RESERVED`)."""


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

    Both `nearest` and `add` return within milliseconds at a pool of a million: what has to be rebuilt as the pool grows
    is rebuilt a little with every `add`. Until it is, the newest texts are found by a scan of their signatures.
    """

    def __init__(self, spec: NoveltySpec, block_size: int = BLOCK) -> None:
        self.spec = spec
        self._block_size = block_size
        self._tokenise = tokeniser(spec.tokeniser)
        self._limits = Limits(spec.threshold)
        self._ids: list[list[str]] = [[]]  # by blocks: a list of a million is slow to grow
        self._elements = Elements()
        self._counts = np.zeros(_RESERVED_ELEMENTS, np.int32)
        self._signatures = Signatures()
        self._blocks: list[Block] = []
        self._open = array("I")
        self._open_ends = array("I", [0])
        self._open_heads = array("B")
        self._long = LongTexts(spec.threshold)
        self._long_tokens: dict[int, tuple[array, int]] = {}
        self._long_from = shortest_match(MAX_LENGTH + 1, spec.threshold)
        self._ranking = Ranking(np.zeros(1, np.uint32))
        self._segments: list[Segment] = []
        self._work: Generator[None, None, None] | None = None
        self._last: tuple[str, str, _Turn] = ("", "", _Turn([], 0))

    def __len__(self) -> int:
        return len(self._signatures)

    def nearest(self, text: str, context: str = "") -> Neighbour | None:
        """The most similar kept instruction above the threshold, the earliest of several; else None.

        A text without any token resembles nothing.
        """
        turn = self._turn(text, context)
        if not turn.tokens:
            return None
        candidates = self._candidates(turn.tokens)
        if not candidates:
            return None
        best, similarity = -1, self.spec.threshold
        comparison = _Comparison(turn, self._elements)
        for candidate in sorted(candidates):
            found = comparison.similarity(*self._stored(candidate))
            if found > similarity:
                best, similarity = candidate, found
                if found == 1.0:
                    break
        if best < 0:
            return None
        block, place = divmod(best, self._block_size)
        return Neighbour(self._ids[block][place], similarity)

    def add(self, item_id: str, text: str, context: str = "") -> None:
        """Keep an instruction, whatever it resembles."""
        self._append(item_id, text, context)
        if self._work is None and self._first_loose < len(self._blocks):
            self._work = self._index_blocks()
        if self._work is not None and next(self._work, "done") == "done":
            self._work = None

    def extend(self, items: Iterable[tuple[str, str, str]]) -> None:
        """Keep many instructions, (id, text, context) each: `add` for every one, faster; holds up whoever waits."""
        for item in items:
            self._append(*item)
        self._work = None
        if self._first_loose < len(self._blocks):
            for _ in self._index_blocks():
                pass

    @property
    def _first_loose(self) -> int:
        """The first block that is in no segment yet."""
        return self._segments[-1].last if self._segments else 0

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

    # -- keeping

    def _append(self, item_id: str, text: str, context: str) -> None:
        turn = self._turn(text, context)
        number, length = len(self), len(turn.tokens)
        numbers = self._elements.number_tokens(turn.tokens)
        if length >= self._long_from:
            self._long.add(number, np.array(numbers, np.int64))
        if length > MAX_LENGTH:
            self._long_tokens[number] = array("I", numbers), turn.head
            elements = []
        else:
            elements = self._elements.number(numbers)
        self._signatures.add(elements)
        self._open.extend(elements)
        self._open_ends.append(len(self._open))
        self._open_heads.append(turn.head if elements else 0)
        self._ids[-1].append(item_id)
        if len(self._open_ends) > self._block_size:
            self._close_block()

    def _close_block(self) -> None:
        """Make the open texts a block, and count its elements for the next ranking."""
        first = len(self._blocks) * self._block_size
        lengths = self._signatures.lengths[first : first + self._block_size].copy()
        ends, heads = np.array(self._open_ends, np.uint32), np.array(self._open_heads, np.uint8)
        block = Block(first, np.array(self._open, np.uint32), lengths, ends, heads)
        while len(self._counts) < len(self._elements):
            self._counts = np.append(self._counts, np.zeros_like(self._counts))
        np.add.at(self._counts, block.elements, 1)
        self._blocks.append(block)
        self._open, self._open_ends, self._open_heads = array("I"), array("I", [0]), array("B")
        self._ids.append([])

    def _index_blocks(self) -> Generator[None, None, None]:
        """Put the loose blocks into a segment, merged with those before it that are not much longer.

        Where that is all of them, the order of the elements is made anew: it then fits what the pool has become.
        """
        first, last, kept = self._first_loose, len(self._blocks), len(self._segments)
        while kept and first - self._segments[kept - 1].first <= MERGE * (last - first):
            kept -= 1
            first = self._segments[kept].first
        size, ranking = len(self._elements), self._ranking
        if first == 0:
            ranking = yield from Ranking.of(self._counts[:size])
        segment = yield from build_segment(self._blocks, first, last, size, ranking, self._limits)
        self._ranking = ranking
        self._segments[kept:] = [segment]

    # -- asking

    def _candidates(self, tokens: list[str]) -> set[int]:
        """The kept texts that may be near-duplicates: all that are, and a few more."""
        length = len(tokens)
        numbers = self._elements.find_tokens(tokens)
        found: set[int] = set()
        if length <= MAX_LENGTH:
            limits = self._limits.of_length(length)
            signature = Signature(self._elements.find(numbers))
            loose = self._signatures.scan(self._first_loose * self._block_size, signature, limits)
            close = np.concatenate([loose, self._from_segments(signature, limits, length)])
            if len(close):
                found.update(self._signatures.sift(close, signature, limits).tolist())
        if length >= self._long_from:
            longer_than = MAX_LENGTH if length <= MAX_LENGTH else 0
            found.update(self._long.candidates(length, np.array(numbers, np.int64), longer_than))
        return found

    def _from_segments(self, signature: Signature, limits: LengthLimits, length: int) -> np.ndarray:
        unknown = length - signature.size  # the rarest of all: they take the first places of the prefix
        ranked = self._ranking.sort(signature.elements)
        places: list[int] = []
        sizes: list[int] = []
        texts: list[np.ndarray] = []
        codes: list[np.ndarray] = []
        for place, element in zip(range(unknown, len(limits.codes)), ranked, strict=False):
            for segment in self._segments:
                start, end = segment.range_of(element, limits.codes[place])
                if start < end:
                    places.append(place)
                    sizes.append(end - start)
                    texts.append(segment.texts[start:end])
                    codes.append(segment.codes[start:end])
        if not texts:
            return np.empty(0, np.int64)
        text, code = np.concatenate(texts), np.concatenate(codes)
        if limits.most_hits > 1 or len(code) > _MANY:
            qualified = np.flatnonzero(limits.places.take(code) > np.repeat(np.array(places, np.uint8), sizes))
            text, code = text.take(qualified), code.take(qualified)
        if limits.most_hits > 1:
            text, hits = np.unique(text, return_counts=True)
            return text[hits >= limits.hits.take(self._signatures.lengths.take(text))]
        return self._signatures.close_in_first(text, signature, limits.bits_at.take(code) + signature.size)

    def _stored(self, number: int) -> tuple[Sequence[int], int]:
        """The elements of a kept text in the order of the text, and how many are the instruction's."""
        if number in self._long_tokens:
            return self._long_tokens[number]
        block, place = divmod(number, self._block_size)
        if block == len(self._blocks):
            elements = self._open[self._open_ends[place] : self._open_ends[place + 1]]
            return elements, self._open_heads[place]
        _, elements, _, ends, heads = self._blocks[block]
        return elements[ends[place] : ends[place + 1]].tolist(), int(heads[place])


class _Comparison:
    """One text against many: its tokens become characters, so that rapidfuzz reads the sequences as strings."""

    def __init__(self, turn: _Turn, elements: Elements) -> None:
        # At most MAX_TOKENS characters, below the surrogates. rapidfuzz is fastest with the first 255.
        tokens = turn.tokens
        if len(tokens) > 255:
            tokens = [token for token, _ in Counter(tokens).most_common()]
        characters: dict[str, str] = {}
        for token in tokens:
            characters.setdefault(token, chr(len(characters) + 1))
        self._turn = "".join([characters[token] for token in turn.tokens])
        self._head = turn.head
        self._token = elements.token
        self._character = {elements.find_token(token): character for token, character in characters.items()}

    def similarity(self, elements: Sequence[int], head: int) -> float:
        """As the module says, for a kept text of these elements, the first `head` of them the instruction's."""
        character, token = self._character, self._token
        other = "".join([character.get(token(element), "\0") for element in elements])
        turn, ours = self._turn, self._head
        if ours < len(turn) and head < len(other):
            return min(_rouge_l(turn[:ours], other[:head]), _rouge_l(turn[ours:], other[head:]))
        return _rouge_l(turn, other)


def _rouge_l(one: str, other: str) -> float:
    """ROUGE-L F (Lin 2004), computed as rouge_score does: the same floating-point number."""
    # Without score_cutoff: given one, rapidfuzz 3.14 misses some pairs that reach it exactly (t1 ... t254 and the last
    # 138 of these with one more behind, score_cutoff=138: 0).
    lcs = LCSseq.similarity(one, other)
    if not lcs:
        return 0.0
    precision, recall = lcs / len(other), lcs / len(one)
    return 2 * precision * recall / (precision + recall)
