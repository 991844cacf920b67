"""Evaluation prompts must not stand in training data: which prompt of which file does a text repeat?

A text repeats a prompt where it would be a near-duplicate of it, by the same rule and threshold that a run's own
instructions are compared by (`selfalign.novelty.index`). Files are those of `selfalign.rows`; of each row the prompt is
what stands under the first of `PROMPT_FIELDS` that it has, with the first of `CONTEXT_FIELDS` as its context.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from selfalign.errors import RecipeError
from selfalign.novelty.index import NoveltyIndex, NoveltySpec
from selfalign.rows import read_rows, turns_of

PROMPT_FIELDS = ("instruction", "prompt", "question", "query", "problem", "input", "text", "turns", "messages")
CONTEXT_FIELDS = ("context", "input", "passage")


class Decontaminator:
    """The prompts of evaluation files.

    Raises `RecipeError` (file and line) where a file cannot be read and where a row has no prompt that is known here.
    """

    def __init__(self, paths: Sequence[str | Path], spec: NoveltySpec) -> None:
        self._index = NoveltyIndex(spec)
        self._index.extend(_distinct(prompt for path in paths for prompt in _prompts(Path(path))))

    def __len__(self) -> int:
        return len(self._index)

    def find(self, text: str, context: str = "") -> str | None:
        """The nearest evaluation prompt that the text repeats, as "file:line"; None where it repeats none."""
        neighbour = self._index.nearest(text, context)
        return neighbour.id if neighbour else None


def _prompts(path: Path) -> Iterator[tuple[str, str, str]]:
    for line, fields in read_rows(path):
        where = f"{path}:{line}"
        name = next((name for name in PROMPT_FIELDS if fields.get(name)), None)
        if name is None:
            known = ", ".join(sorted(map(str, fields))[:8]) or "none"
            raise RecipeError(f"{where}: no prompt under any of {', '.join(PROMPT_FIELDS)} (fields here: {known})")
        for role, text in turns_of(fields[name], f"{where}: field {name!r}"):
            if role in ("", "user"):
                yield from ((where, text, context) for context in _contexts(fields, name))


def _contexts(fields: Mapping[str, Any], prompt_field: str) -> list[str]:
    """The contexts that the row's prompt comes with; Self-Instruct's own schema has a list of them."""
    instances = [each for each in fields.get("instances") or () if isinstance(each, Mapping)]
    texts = [each.get("input") for each in instances]
    texts.append(next((fields[each] for each in CONTEXT_FIELDS if each != prompt_field and fields.get(each)), None))
    return [text for text in texts if text and isinstance(text, str)] or [""]


def _distinct(prompts: Iterator[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    # A benchmark may ask the same thing a thousand times; its first line stands for all of them.
    seen: set[tuple[str, str]] = set()
    for where, text, context in prompts:
        if (text, context) not in seen:
            seen.add((text, context))
            yield where, text, context
