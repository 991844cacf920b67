"""Token ids of prompts that begin alike: the shared beginning is tokenised once.

Every answer's prompt opens with the same constitution, a few thousand tokens of it, and ends in one instruction. To
tokenise all of that anew takes milliseconds per request, on a core that the engine may need.

The beginning is cut behind one of its last line ends, where tokens usually end too. That is checked and never taken
for granted: once with two whole prompts, and for every prompt by the last line before the cut, which must keep its
tokens when it is read together with what follows. Where it does not, the whole prompt is read.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

Encode = Callable[[str, bool], list[int]]
"""From a text, and whether the model's special tokens are put around it, to token ids."""

_MAX_CUTS = 8
"""Line ends that are tried; tokenizers that join an empty line with the line end before it need more than one."""

_ENDINGS = ("Name a river.", "- 7 \u6f22\n")
"""What the check puts behind a beginning: a word, and what is no word."""


@dataclass(frozen=True, slots=True)
class _Beginning:
    """The start of many prompts with its token ids, and its last line with those that this line has by itself."""

    text: str
    is_special: bool
    ids: list[int]
    last_line: str
    ids_of_line: list[int]


class PromptTokens:
    """A tokenizer's `encode` that knows beginnings; it returns exactly what `encode` returns."""

    def __init__(self, encode: Encode) -> None:
        self._encode = encode
        self._beginnings: list[_Beginning] = []

    def prepare(self, text: str, add_special_tokens: bool = True) -> None:
        """Read a text that many prompts will begin with."""
        wholes = [(text + ending, self._encode(text + ending, add_special_tokens)) for ending in _ENDINGS]
        for cut in islice(_line_ends(text), _MAX_CUTS):
            last_line = text[text.rfind("\n", 0, cut - 1) + 1 : cut]
            ids = self._encode(text[:cut], add_special_tokens)
            found = _Beginning(text[:cut], add_special_tokens, ids, last_line, self._encode(last_line, False))
            if all(self._joined(found, whole) == whole_ids for whole, whole_ids in wholes):
                self._beginnings.append(found)
                return

    def encode(self, text: str, add_special_tokens: bool = True) -> list[int]:
        """The token ids of a prompt."""
        for beginning in self._beginnings:
            if beginning.is_special == add_special_tokens and text.startswith(beginning.text):
                ids = self._joined(beginning, text)
                if ids is not None:
                    return ids
        return self._encode(text, add_special_tokens)

    def _joined(self, beginning: _Beginning, text: str) -> list[int] | None:
        """The token ids of a prompt with this beginning; None where a token reaches across the cut."""
        rest = self._encode(beginning.last_line + text[len(beginning.text) :], False)
        num_known = len(beginning.ids_of_line)
        return beginning.ids + rest[num_known:] if rest[:num_known] == beginning.ids_of_line else None


def _line_ends(text: str) -> Iterator[int]:
    """The places behind line ends, last first."""
    end = len(text)
    while (end := text.rfind("\n", 0, end)) >= 0:
        yield end + 1
