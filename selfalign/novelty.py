"""Is there a near-duplicate? ROUGE-L by rapidfuzz, exactly."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from rapidfuzz.distance import LCSseq

from selfalign.tokens import tokeniser


@dataclass(frozen=True, slots=True)
class NoveltySpec:
    """What counts as a near-duplicate: ROUGE-L F above `threshold` (0 to 1; 1 turns the filter off).

    `tokeniser` is "unicode" or "rouge" (see `selfalign.tokens`); `context` is "both" (an instruction's context counts)
    or "ignore" (instructions alone are compared, as Self-Instruct and Alpaca did).
    """

    threshold: float = 0.7
    tokeniser: str = "unicode"
    context: str = "both"

    def __post_init__(self) -> None:
        if isinstance(self.threshold, bool) or not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold: must be between 0 and 1, is {self.threshold}")
        tokeniser(self.tokeniser)
        if self.context not in ("both", "ignore"):
            raise ValueError(f"context: 'both' or 'ignore', not {self.context!r}")


class Neighbour(NamedTuple):
    """A kept instruction that is a near-duplicate, and its similarity (ROUGE-L F, 0 to 1)."""

    id: str
    similarity: float


class NoveltyIndex:
    """The kept instructions."""

    def __init__(self, spec: NoveltySpec) -> None:
        self.spec = spec
        self._tokenise = tokeniser(spec.tokeniser)
        self._kept: list[tuple[str, list[str], list[str]]] = []

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, item_id: str, text: str, context: str = "") -> None:
        """Keep an instruction."""
        self._kept.append((item_id, *self._tokens(text, context)))

    def extend(self, items: Iterable[tuple[str, str, str]]) -> None:
        """Keep many instructions: (id, text, context)."""
        for item in items:
            self.add(*item)

    def nearest(self, text: str, context: str = "") -> Neighbour | None:
        """The most similar kept instruction above the threshold (the earliest of several), else None."""
        tokens, context_tokens = self._tokens(text, context)
        best = None
        for item_id, other, other_context in self._kept:
            if context_tokens and other_context:
                similarity = min(rouge_l(tokens, other), rouge_l(context_tokens, other_context))
            else:
                similarity = rouge_l(tokens + context_tokens, other + other_context)
            if similarity > (best.similarity if best else self.spec.threshold):
                best = Neighbour(item_id, similarity)
        return best

    def _tokens(self, text: str, context: str) -> tuple[list[str], list[str]]:
        return self._tokenise(text), self._tokenise(context) if self.spec.context == "both" else []


def rouge_l(one: list[str], other: list[str]) -> float:
    """ROUGE-L F of two token lists, to the last bit what rouge_score computes (Lin 2004)."""
    lcs = LCSseq.similarity(one, other)
    if not lcs:
        return 0.0
    precision, recall = lcs / len(other), lcs / len(one)
    return 2 * precision * recall / (precision + recall)
