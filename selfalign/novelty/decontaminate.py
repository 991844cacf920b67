"""Evaluation items must not stand in training data: which item of which file does a row repeat, and how?

An item is a prompt of an evaluation file with its context. By default a row repeats it where its instruction with its
context, or its answer, contains the item (`selfalign.novelty.containment`) or is a near-duplicate of it
(`selfalign.novelty.index`, by the run's own rule and threshold) that has all but a tenth of a short item's words: "What
is the difference between HTML and JavaScript?" has many near-duplicates that ask something else.

Files are those of `selfalign.rows`; the prompt is what stands under the first of `PROMPT_FIELDS` that a row has, its
context under the first of `CONTEXT_FIELDS`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from selfalign.errors import RecipeError
from selfalign.novelty.containment import Containment, NGrams
from selfalign.novelty.index import MAX_TOKENS, NoveltyIndex, NoveltySpec
from selfalign.novelty.tokens import tokeniser
from selfalign.rows import read_rows, turns_of

PROMPT_FIELDS = ("instruction", "prompt", "question", "query", "problem", "input", "text", "turns", "messages")
CONTEXT_FIELDS = ("context", "input", "passage")
SHORT = 20
"""Items of fewer tokens differ from their near-duplicates by the words that matter."""
RULES = ("near-duplicate", "containment", "13-gram")


@dataclass(frozen=True, slots=True)
class DecontaminationSpec:
    """When a row repeats an evaluation item: "near-duplicate" compares whole instructions and whole answers with it;
    "containment" (the default) finds it inside of longer texts as well, and asks more of near-duplicates of a short
    one; "13-gram" is the published rule alone, 13 tokens in a row.
    """

    rule: str = "containment"

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise ValueError(f"rule: {', '.join(RULES[:-1])} or {RULES[-1]}, not {self.rule!r}")


class Match(NamedTuple):
    """What a row repeats: the item's text and place ("file:line"), by which rule, in which part of the row
    ("instruction" or "answer"), and how much of it: ROUGE-L F, or the share of the item that is contained (0 to 1).
    """

    place: str
    text: str
    rule: str
    part: str
    share: float

    def __str__(self) -> str:
        """For a person to judge by."""
        text = " ".join(self.text.split())
        text = text if len(text) <= 200 else f"{text[:200]}..."
        return f"{self.place} ({self.rule}, {self.part}, {self.share:.2f}): {text}"


class Decontaminator:
    """The items of evaluation files.

    Raises `RecipeError` (file and line) where a file cannot be read and where a row has no prompt that is known here.
    """

    def __init__(
        self, paths: Sequence[str | Path], novelty: NoveltySpec, spec: DecontaminationSpec = DecontaminationSpec()
    ) -> None:
        self._items = list(_distinct(prompt for path in paths for prompt in _prompts(Path(path))))
        self._tokenise = tokeniser(novelty.tokeniser)
        self._index = NoveltyIndex(novelty)
        self._inside: Containment | NGrams | None = None
        self._rule = spec.rule
        if spec.rule != "13-gram":
            self._index.extend((str(number), *item[1:]) for number, item in enumerate(self._items))
        if spec.rule != "near-duplicate":
            kind = NGrams if spec.rule == "13-gram" else Containment
            self._inside = kind([self._tokens(text, context) for _, text, context in self._items])

    def __len__(self) -> int:
        return len(self._items)

    def find(self, text: str, context: str = "", answer: str = "") -> Match | None:
        """What the row repeats, a near-duplicate first, then its instruction, then its answer; else None."""
        for part, said, behind in (("instruction", text, context), ("answer", answer, "")):
            if not said:
                continue
            tokens, neighbour = self._tokens(said, behind), self._index.nearest(said, behind)
            if neighbour and self._is_repeated(int(neighbour.id), tokens):
                return self._match(int(neighbour.id), "near-duplicate", part, neighbour.similarity)
            if self._inside and (contained := self._inside.find(tokens)):
                return self._match(contained.item, self._rule, part, contained.share)
        return None

    def _is_repeated(self, number: int, tokens: list[str]) -> bool:
        """Whether a near-duplicate counts."""
        if not isinstance(self._inside, Containment) or len(self._tokens(*self._items[number][1:])) >= SHORT:
            return True
        return self._inside.share(number, tokens) > 0

    def _match(self, number: int, rule: str, part: str, share: float) -> Match:
        place, text, context = self._items[number]
        return Match(place, f"{text}\n{context}".strip(), rule, part, share)

    def _tokens(self, text: str, context: str) -> list[str]:
        return (self._tokenise(text) + self._tokenise(context))[:MAX_TOKENS]


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
