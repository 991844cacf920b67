"""One answer, read once: what several checks need of it, and what a check says of it."""

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from selfalign.checks.refusal import Refusal, refusal_of_plain
from selfalign.checks.spec import ChecksSpec
from selfalign.checks.text import plain, words_of
from selfalign.records import Constitution, Instruction


@dataclass(frozen=True, slots=True)
class Subject:
    """What is checked: an answer, the thought before it, and what they answer.

    `cited` holds ids of principles; `finish_reason` is the engine's ("stop", "length" ...).
    """

    instruction: Instruction
    thought: str
    answer: str
    cited: tuple[str, ...]
    finish_reason: str = "stop"


class Finding(NamedTuple):
    """What one check found: how bad it is, what it measured, and why, for a person."""

    grade: int
    number: float | None = None
    reason: str = ""


CLEAN, SLIGHT, GRAVE = 0, 1, 2
NOTHING = Finding(CLEAN)


class Reading:
    """A `Subject` with its texts in `plain` form and their words.

    Everything nearly every check needs is made at once: a cached property costs more than what it would save.
    """

    __slots__ = (
        "_refusal", "answer", "cited_names", "constitution", "cues", "instruction", "instruction_words", "longest",
        "pairs", "plain", "spec", "subject", "thought", "vocabulary", "words",
    )  # fmt: skip

    def __init__(
        self, subject: Subject, constitution: Constitution | None, spec: ChecksSpec, watched: frozenset[str]
    ) -> None:
        self.subject = subject
        self.constitution = constitution
        self.spec = spec
        self.answer = subject.answer
        self.plain = plain(subject.answer)
        self.words = words = words_of(self.plain)
        self.vocabulary = set(words)
        # Of the distinct words those that a check watches for: most see from them that they have nothing to find.
        self.cues = watched & self.vocabulary
        # The distinct pairs of neighbours: few of them repeat, unless something is wrong.
        self.pairs = set(pairwise(words))
        self.longest = max(words, key=len, default="")
        self.instruction = plain(subject.instruction.text)
        self.instruction_words = words_of(self.instruction)
        self.thought = plain(subject.thought)
        self.cited_names = _names(constitution, subject.cited) if constitution else frozenset[str]()
        self._refusal: Refusal | None = None

    @property
    def asked(self) -> str:
        """The whole user turn, context included."""
        return plain(self.subject.instruction.user_turn)

    @property
    def refusal(self) -> Refusal:
        """What the answer does with the request."""
        if self._refusal is None:
            self._refusal = refusal_of_plain(self.plain, self.cues, self.instruction, self.instruction_words)
        return self._refusal


def _names(constitution: Constitution, cited: tuple[str, ...]) -> frozenset[str]:
    """Lower-case names of the cited principles."""
    return frozenset(item.name.lower() for item in constitution.principles if item.id in cited)
