"""Token ids of prompts that begin alike: the shared beginning is tokenised once.

Every answer's prompt opens with the same constitution, a few thousand tokens of it, and ends in one instruction. To
tokenise all of that anew takes milliseconds per request, on a core that the engine may need.

The beginning is cut behind a line end, where tokens end too. Whether they do is never taken for granted: what follows
is tokenised together with the last line before the cut, and only if that line's tokens come out unchanged are the rest
joined to the known ones. A beginning is used only after two whole prompts came out right.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

LEAST_SHARED = 1_000
"""Characters: a shorter beginning is not worth it."""

_NUM_BEGINNINGS = 4
_NUM_REMEMBERED = 4

Encode = Callable[[str, bool], list[int]]
"""From a text, and whether the model's special tokens are put around it, to token ids."""


@dataclass(frozen=True, slots=True)
class _Beginning:
    """The start of many prompts with its token ids, and its last line with those that this line has by itself."""

    text: str
    is_special: bool
    ids: list[int]
    last_line: str
    ids_of_line: list[int]


class PromptTokens:
    """`encode` with a memory; gives what `encode` gives."""

    def __init__(self, encode: Encode) -> None:
        self._encode = encode
        self._beginnings: deque[_Beginning] = deque(maxlen=_NUM_BEGINNINGS)
        self._remembered: deque[tuple[str, bool, list[int]]] = deque(maxlen=_NUM_REMEMBERED)

    def encode(self, text: str, add_special_tokens: bool = True) -> list[int]:
        """The token ids of a prompt."""
        for beginning in self._beginnings:
            if beginning.is_special == add_special_tokens and text.startswith(beginning.text):
                rest = self._rest(text, len(beginning.text), beginning.last_line, beginning.ids_of_line)
                if rest is not None:
                    return beginning.ids + rest
        ids = self._encode(text, add_special_tokens)
        self._learn(text, add_special_tokens, ids)
        return ids

    def _learn(self, text: str, is_special: bool, ids: list[int]) -> None:
        """Find out what the prompt shares with one of the last ones, and keep the prompt for the next."""
        for other, other_is_special, other_ids in self._remembered:
            cut = _cut(text, other)
            if cut < LEAST_SHARED or other_is_special != is_special or text == other:
                continue
            last_line = text[text.rfind("\n", 0, cut - 1) + 1 : cut]
            ids_of_line = self._encode(last_line, False)
            rests = [self._rest(each, cut, last_line, ids_of_line) for each in (text, other)]
            if None in rests:
                continue
            beginning = ids[: len(ids) - len(rests[0])]
            if beginning + rests[0] == ids and beginning + rests[1] == other_ids:
                self._beginnings.append(_Beginning(text[:cut], is_special, beginning, last_line, ids_of_line))
                return
        self._remembered.append((text, is_special, ids))

    def _rest(self, text: str, cut: int, last_line: str, ids_of_line: list[int]) -> list[int] | None:
        """The token ids of a prompt behind the cut; None where a token reaches across it."""
        ids = self._encode(last_line + text[cut:], False)
        return ids[len(ids_of_line) :] if ids[: len(ids_of_line)] == ids_of_line else None


def _cut(text: str, other: str) -> int:
    """Where the lines end that both texts begin with."""
    cut = 0
    for line, other_line in zip(text.split("\n")[:-1], other.split("\n")[:-1], strict=False):
        if line != other_line:
            break
        cut += len(line) + 1
    return cut
