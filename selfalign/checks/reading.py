"""One answer, read once: what several checks need of it, and what a check says of it."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from selfalign.checks.apology import apologises_plain
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


GRAM = 4
"""Words in the runs that repetition is counted by."""


class Reading:
    """A `Subject` with its texts in `plain` form and its words, each made when first asked for."""

    def __init__(self, subject: Subject, constitution: Constitution | None, spec: ChecksSpec) -> None:
        self.subject = subject
        self.constitution = constitution
        self.spec = spec
        self.answer = subject.answer
        self.plain = plain(subject.answer)

    @cached_property
    def words(self) -> list[str]:
        return words_of(self.plain)

    @cached_property
    def vocabulary(self) -> set[str]:
        """The distinct words; most checks see from them alone that they have nothing to find."""
        return set(self.words)

    @cached_property
    def grams(self) -> set[tuple[str, ...]]:
        """The distinct runs of `GRAM` words."""
        words = self.words
        return set(zip(words, words[1:], words[2:], words[3:], strict=False))

    @cached_property
    def asked(self) -> str:
        """The whole user turn."""
        return plain(self.subject.instruction.user_turn)

    @cached_property
    def asked_words(self) -> list[str]:
        return words_of(self.asked)

    @cached_property
    def refusal(self) -> Refusal:
        return refusal_of_plain(self.plain, self.vocabulary, self.asked, self.asked_words)

    @cached_property
    def apologises(self) -> bool:
        return apologises_plain(self.plain)

    @cached_property
    def thought(self) -> str:
        return plain(self.subject.thought)

    @cached_property
    def cited_names(self) -> frozenset[str]:
        """Lower-case names of the cited principles."""
        if self.constitution is None:
            return frozenset()
        return frozenset(item.name.lower() for item in self.constitution.principles if item.id in self.subject.cited)
