"""Sequences of tokens, made of documents on the fly."""

from dataclasses import dataclass
from random import Random

from transformers import PreTrainedTokenizerFast

from training.documents import Documents
from training.turns import WRITTEN, Piece

COPYING = 0.03
"""Share of sequences that only teach copying: half of what the miniature writes is copied from the prompt."""
FARTHEST = 3200
"""Positions behind a prefix are moved on at random up to here: distance is learned without paying for it."""


@dataclass(slots=True)
class Row:
    """One sequence: token ids, their marks, their positions."""

    ids: list[int]
    marks: list[int]
    positions: list[int]


def encode(documents: Documents, tokenizer: PreTrainedTokenizerFast, rng: Random, tokens: int) -> Row:
    """One sequence of exactly `tokens` tokens, tokenised as a whole, as the engine will do it."""
    if rng.random() < COPYING:
        return _repeated(rng, len(tokenizer), tokens)
    pieces, has_prefix = documents.next(tokens)
    ids, marks = _tokenised(pieces, tokenizer, tokens)
    while len(ids) < tokens:
        more = _tokenised(documents.next(tokens)[0], tokenizer, tokens)
        ids, marks = ids + more[0], marks + more[1]
    prefix = len(tokenizer.backend_tokenizer.encode(pieces[0].text).ids) if has_prefix else 0
    return Row(ids[:tokens], marks[:tokens], _positions(rng, prefix, tokens))


def _tokenised(pieces: list[Piece], tokenizer: PreTrainedTokenizerFast, tokens: int) -> tuple[list[int], list[int]]:
    text, marks = "", bytearray()
    for piece in pieces:
        start = len(text)
        text += piece.text
        marks += bytes([piece.mark]) * len(piece.text)
        for a, b, mark in piece.marks:
            marks[start + a : start + b] = bytes([mark]) * (b - a)
        if len(text) > tokens * 6:
            break
    made = tokenizer.backend_tokenizer.encode(text)
    # A token takes the mark of its first letter: the space before a word belongs to the token, not to the mark.
    starts = (start + (text[start] == " " and end - start > 1) for start, end in made.offsets)
    return made.ids, [marks[start] for start in starts]


def _positions(rng: Random, prefix: int, tokens: int) -> list[int]:
    if not 0 < prefix < tokens or rng.random() < 0.6:
        return list(range(tokens))
    gap = rng.randint(0, max(0, FARTHEST - tokens))
    return [*range(prefix), *range(prefix + gap, tokens + gap)]


def _repeated(rng: Random, vocabulary: int, tokens: int) -> Row:
    """A stretch of random tokens, again and again: what comes next can only be copied."""
    stretch = [rng.randrange(2, vocabulary) for _ in range(rng.randint(12, 120))]
    ids = (stretch * (tokens // len(stretch) + 1))[:tokens]
    marks = [0] * len(stretch) + [WRITTEN] * (tokens - len(stretch))
    return Row(ids, marks, list(range(tokens)))


def draw_length(rng: Random, fraction: float, longest: int) -> int:
    """Tokens of the next step's sequences: short without a prefix, longer behind one, and the longest in the end."""
    if rng.random() < 0.25:
        return 512
    return min(longest, rng.choices((1024, 2048, 3072), (1, 0, 0) if fraction < 0.83 else (5, 3, 2))[0])
