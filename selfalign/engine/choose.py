"""Choosing among options: how probable each is as the text that comes next.

The options' tokens behind the prompt form a tree. Every token that leads on from one of its nodes is asked for by id,
one output token for each node: options of one token each are one request, and those that share their first tokens
share the requests for them. An option's log-probability is the sum along its path.

Tokens may reach across the end of the prompt (a space there and the word behind it are often one). So that every
option is read as the model would write it, they part where the prompt's own tokens and those of the prompt with each
option do; what the prompt has behind that place belongs to the options.
"""

import math
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise

from selfalign.errors import PromptRefused

Encode = Callable[[str], list[int]]
"""From a text to its token ids."""

Score = Callable[[list[int], list[int]], Awaitable[Sequence[float]]]
"""From the token ids so far, and ids of tokens that may come next, to the log-probability of each of those."""


async def choose_by_tokens(encode: Encode, text: str, options: Sequence[str], score: Score) -> tuple[float, ...]:
    """The options' probabilities as the text behind `text`, as shares of 1 over the options alone.

    Raises ValueError for fewer than two options, an empty one, or one that another begins with, `PromptRefused` where
    no token of the prompt is left in front of the options, and what `encode` and `score` raise.
    """
    refuse_options(options)
    beginning, paths = _split(encode, text, options)
    sums = [0.0] * len(paths)
    for node, next_ids in _tree(paths).items():
        of_token = dict(zip(next_ids, await score(beginning + list(node), next_ids), strict=True))
        for number, path in enumerate(paths):
            if path[: len(node)] == node and len(path) > len(node):
                sums[number] += of_token[path[len(node)]]
    return shares(sums)


def refuse_options(options: Sequence[str]) -> None:
    """Raise ValueError for options whose probabilities as the next text cannot be told apart."""
    if len(options) < 2:
        raise ValueError(f"at least two options are needed, not {list(options)!r}")
    ordered = sorted(options)
    for one, other in pairwise(ordered):
        if other.startswith(one):
            raise ValueError(f"the option {one!r} is empty or the beginning of {other!r}")


def shares(log_probabilities: Sequence[float]) -> tuple[float, ...]:
    """Probabilities made to sum to 1. Where the model gives none of them any chance, all are alike."""
    highest = max(log_probabilities)
    if highest == -math.inf:
        return (1 / len(log_probabilities),) * len(log_probabilities)
    weights = [math.exp(value - highest) for value in log_probabilities]
    return tuple(weight / sum(weights) for weight in weights)


def _split(encode: Encode, text: str, options: Sequence[str]) -> tuple[list[int], list[tuple[int, ...]]]:
    """The token ids that the prompt has in common with all it becomes, and each option's behind those."""
    alone = encode(text)
    wholes = [encode(text + option) for option in options]
    num_common = min(_num_common(alone, whole) for whole in wholes)
    if num_common == 0:
        raise PromptRefused("the prompt is too short to choose behind it: not one of its tokens is kept")
    paths = [tuple(whole[num_common:]) for whole in wholes]
    for one in paths:
        if any(one == other[: len(one)] for other in paths if other is not one):
            raise ValueError("options that the tokenizer cannot tell apart: " + ", ".join(map(repr, options)))
    return alone[:num_common], paths


def _num_common(one: Sequence[int], other: Sequence[int]) -> int:
    pairs = zip(one, other, strict=False)
    return next((number for number, (left, right) in enumerate(pairs) if left != right), min(len(one), len(other)))


def _tree(paths: Sequence[tuple[int, ...]]) -> dict[tuple[int, ...], list[int]]:
    """For each beginning of a path the ids that come next, shortest beginnings first."""
    nodes: dict[tuple[int, ...], list[int]] = {}
    for length in range(max(map(len, paths))):
        for path in paths:
            if len(path) > length:
                next_ids = nodes.setdefault(path[:length], [])
                if path[length] not in next_ids:
                    next_ids.append(path[length])
    return nodes
