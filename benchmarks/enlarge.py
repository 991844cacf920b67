"""A synthetic enlargement of a set of instructions, for benchmarks of near-duplicate detection.

Each new instruction is a walk through the given ones: it starts where a random one starts and copies word after word;
before each further word it jumps, with probability `JUMP`, to another place where its last word stands. So word
frequencies, pairs of neighbouring words and lengths are those of the given set. A set of a million also has words that
a set of fifty thousand has not: every word that the given set has at most `RARE` times stands for a family of words,
of which the walk takes one with a heavy-tailed (Pareto) choice; the vocabulary then grows about as the square root of
the number of words, as it does within the given set (Heaps' law). Nothing is removed: candidates that are near-
duplicates of earlier ones are for the filter to find, as in a real stream.
"""

import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence

JUMP = 0.4
RARE = 3
TAIL = 0.7
"""Pareto exponent of the choice within a family of rare words; smaller is more new words."""


def enlarge(texts: Sequence[str], rng_seed: int) -> Iterator[str]:
    """Endless new instructions made of the words of `texts`, the same for the same arguments."""
    rng = random.Random(rng_seed)
    corpus = [words for text in texts if (words := re.findall(r"\w+|[^\w\s]", text))]
    counts = Counter(word for words in corpus for word in words)
    places: dict[str, list[tuple[int, int]]] = {}
    for number, words in enumerate(corpus):
        for position, word in enumerate(words):
            places.setdefault(word, []).append((number, position))
    while True:
        number, position = rng.randrange(len(corpus)), 0
        walk = []
        for _ in range(len(rng.choice(corpus)) + 8):
            word = corpus[number][position]
            walk.append(word if counts[word] > RARE else _relative(word, rng))
            if rng.random() < JUMP:
                number, position = rng.choice(places[word])
            position += 1
            if position == len(corpus[number]):
                break
        yield " ".join(walk)


def _relative(word: str, rng: random.Random) -> str:
    kin = min(int(rng.paretovariate(TAIL)), 10**9)
    return word if kin == 1 else f"{word}{kin}"
