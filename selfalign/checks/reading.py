"""One answer, read once: what several checks need of it, and what a check says of it."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from selfalign.checks.languages import language_of
from selfalign.checks.refusal import Refusal, refusal_of
from selfalign.checks.spec import ChecksSpec
from selfalign.checks.text import WANTS_TEXT, plain, sentences_of, without_quotes, words_of
from selfalign.records import Constitution, Instruction


@dataclass(frozen=True, slots=True)
class Subject:
    """What is checked: an answer, the thought before it, and what they answer.

    `cited` holds ids of principles. A `judged` stance, where a judge has one, is taken in place of what the wording
    says.
    """

    instruction: Instruction
    thought: str
    answer: str
    cited: tuple[str, ...]
    judged: Refusal | None = None


class Finding(NamedTuple):
    """What one check found: how bad it is, what it measured, and why, for a person."""

    grade: int
    number: float | None = None
    reason: str = ""


CLEAN, SLIGHT, GRAVE = 0, 1, 2
NOTHING = Finding(CLEAN)


_WANTS_CODE = re.compile(r"\b(?:functions?|code|python|javascript|java|sql|program|class|regex|query|html|css|bash)\b")
# "How do I calm down before a speech?" wants no speech.
_ASKS_ABOUT = re.compile(r"\W*(?:how|what|why|when|where|who|which|is|are|does|do|did|can|recommend|explain|tell me)\b")
_WANTS_WRITING = re.compile(
    r"\b(?:writ\w+|draft|compos\w+|pretend|imagine|act|role\w*|translat\w+|rephras\w+|paraphras\w+|say|correct|line)\b"
)
# "As an AI ..., but here is your poem" is still the assistant; "Dear hiring team" is not.
_PRESENTS = re.compile(r"\b(?:here(?:'s| is| are)|below|can't|cannot|however|happy to|sure|certainly|of course)\b")


class Reading:
    """A `Subject` with its texts in `plain` form and their words, each made when a check first asks for it."""

    def __init__(self, subject: Subject, constitution: Constitution | None, spec: ChecksSpec) -> None:
        self.subject = subject
        self.constitution = constitution
        self.spec = spec
        self.answer = subject.answer
        self.plain = plain(subject.answer)
        self.words = words_of(self.plain)

    @cached_property
    def instruction(self) -> str:
        """The instruction without its context."""
        return plain(self.subject.instruction.text)

    @cached_property
    def instruction_words(self) -> list[str]:
        """The words of the instruction without its context."""
        return words_of(self.instruction)

    @cached_property
    def asked(self) -> str:
        """The whole user turn, context included."""
        return plain(self.subject.instruction.user_turn)

    @cached_property
    def own_words(self) -> str:
        """The answer where the assistant itself speaks: no quotations, no code, no text that was asked for."""
        spoken = without_quotes(self.plain)
        if not WANTS_TEXT.search(self.asked) or _WANTS_CODE.search(self.asked):
            return spoken
        if _ASKS_ABOUT.match(self.asked) and not _WANTS_WRITING.search(self.asked):
            return spoken
        opening = (sentences_of(spoken) or [""])[0]
        return opening if _PRESENTS.search(opening) else ""

    @cached_property
    def thought(self) -> str:
        """The thought."""
        return plain(self.subject.thought)

    @cached_property
    def cited_names(self) -> frozenset[str]:
        """Lower-case names of the cited principles; none without a constitution."""
        principles = self.constitution.principles if self.constitution else ()
        return frozenset(item.name.lower() for item in principles if item.id in self.subject.cited)

    @cached_property
    def language(self) -> str | None:
        """The language of the answer; None where it is too short to tell."""
        return language_of(self.answer)

    @cached_property
    def refusal(self) -> Refusal:
        """What the answer does with the request."""
        return self.subject.judged or refusal_of(self.plain, self.instruction)

    def cites(self, names: tuple[str, ...]) -> bool:
        """Whether the thought cites one of the principles of these names."""
        return not self.cited_names.isdisjoint(map(str.lower, names))
