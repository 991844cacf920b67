"""The types that cross a boundary, and their JSON form.

All are frozen and slotted; derived facts are properties. `to_row`, at the end, is the only way a record becomes a line
of a journal; `records.lines` is the way back.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, NamedTuple

Messages = tuple[Mapping[str, str], ...]
"""A chat: mappings with "role" ("system", "user", "assistant") and "content"."""

Prompt = str | Messages
"""Text for a base model, messages for a chat model."""

SELF_INSTRUCT = "self-instruct"
"""The proposer of a round that names none."""

# A field that a row leaves out where it has its default: most rows do, and journals are long.
_SPARSE = {"sparse": True}


class RejectionReason(StrEnum):
    """Why a proposed instruction was not kept."""

    MALFORMED = "malformed"
    TRUNCATED = "truncated"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    NOT_TEXT = "not_text"
    PUNCTUATION = "punctuation"
    CONTROL_CHARACTERS = "control_characters"
    ROLE_MARKER = "role_marker"
    REPEATS_SHOWN = "repeats_shown"
    NEAR_DUPLICATE = "near_duplicate"
    CONTAMINATED = "contaminated"
    PROMPT_REFUSED = "prompt_refused"
    NO_TWIN = "no_twin"


class FailureReason(StrEnum):
    """Why an instruction was left without a finished example."""

    PROMPT_REFUSED = "prompt_refused"
    TRUNCATED = "truncated"
    UNPARSEABLE = "unparseable"
    EMPTY = "empty"
    NO_CITATION = "no_citation"
    UNKNOWN_PRINCIPLE = "unknown_principle"
    PLACEHOLDER = "placeholder"
    THINKS_ALOUD = "thinks_aloud"
    RECITES = "recites"
    SPEAKS_FOR_USER = "speaks_for_user"
    CHECK = "check"


class Verdict(StrEnum):
    """What one check says of one answer."""

    PASS = "pass"
    FLAG = "flag"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Seed:
    """A human-written seed task; `context` is Self-Instruct's "input"."""

    id: str
    name: str
    text: str
    context: str
    answer: str
    is_classification: bool


class Stance(StrEnum):
    """What a guided request is after; a benign twin looks like a harmful one and is harmless."""

    PLAIN = "plain"
    HARMFUL = "harmful"
    BENIGN_TWIN = "benign twin"


class Cell(NamedTuple):
    """What a guided request is about, as its hint says it."""

    kind: str
    topic: str
    stance: str
    style: str


class Topic(NamedTuple):
    """A topic that the model has found for a kind of request."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Instruction:
    """What flows: an instruction with an optional context.

    `id` sorts in the order of acceptance ("p0000012-03": round 12, item 3); `source` says where it came from
    ("self-instruct", "guided", "<file>:<line>", "run:<name>"); a guided one answers the hint of `cell`.
    """

    id: str
    text: str
    context: str
    source: str
    cell: Cell | None = field(default=None, metadata=_SPARSE)

    @property
    def user_turn(self) -> str:
        """The text a user would send: the instruction, and below it the context where there is one."""
        return f"{self.text}\n\n{self.context}" if self.context else self.text


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one or several requests; `cached_tokens` is the part of the prompt the prefix cache served."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.cached_tokens + other.cached_tokens,
            self.output_tokens + other.output_tokens,
        )


@dataclass(frozen=True, slots=True)
class Rejection:
    """A proposed instruction that was not kept.

    `nearest_id` and `similarity` (ROUGE-L F, 0 to 1) are set for a near-duplicate; `detail` is the further
    explanation a person reads ("evaluation.jsonl:17").
    """

    text: str
    context: str
    reason: RejectionReason
    nearest_id: str | None = None
    similarity: float | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Round:
    """One proposal and what became of it; `proposer` names who made it.

    A guided one asked for requests that answer `hints`, or for more topics of `kind`, of which `topics` were new.
    """

    index: int
    shown_ids: tuple[str, ...]
    accepted: tuple[Instruction, ...]
    rejected: tuple[Rejection, ...]
    usage: Usage
    proposer: str = field(default=SELF_INSTRUCT, metadata=_SPARSE)
    hints: tuple[Cell, ...] = field(default=(), metadata=_SPARSE)
    kind: str = field(default="", metadata=_SPARSE)
    topics: tuple[str, ...] = field(default=(), metadata=_SPARSE)


@dataclass(frozen=True, slots=True)
class Principle:
    """One rule of a constitution; `name` is what a thought cites beside the number."""

    id: str
    name: str
    rule: str


@dataclass(frozen=True, slots=True)
class Demonstration:
    """User text, internal thought, the ids of the principles it cites, answer; whether the answer declines."""

    user: str
    thought: str
    cites: tuple[str, ...]
    answer: str
    declines: bool = False


@dataclass(frozen=True, slots=True)
class Persona:
    """Who answers. `character` completes the sentence "<name> is ..." that opens every thought."""

    name: str
    maker: str
    knowledge_date: str
    character: str


@dataclass(frozen=True, slots=True)
class Constitution:
    """A named set of principles with the demonstrations that show them in use.

    `digest` is the SHA-256 (hex) of everything that reaches a prompt: it changes when the constitution does.
    `about` is one line for people; `licence` is an SPDX identifier.
    """

    name: str
    about: str
    licence: str
    persona: Persona
    principles: tuple[Principle, ...]
    demonstrations: tuple[Demonstration, ...]
    digest: str

    def __hash__(self) -> int:
        # Caches ask for it with every row; that of all fields would read every rule again.
        return hash(self.digest)


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the engine samples one completion; the names and meanings are vLLM's `SamplingParams`.

    Raises ValueError ("<key>: ...") for a value that no engine takes.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    max_tokens: int = 256
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    repetition_penalty: float = 1.0
    stop: tuple[str, ...] = ()
    bad_words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        bounds = {
            "temperature": (0.0, 2.0),
            "top_p": (1e-6, 1.0),
            "min_p": (0.0, 1.0),
            "max_tokens": (1, 2**20),
            "presence_penalty": (-2.0, 2.0),
            "frequency_penalty": (-2.0, 2.0),
            "repetition_penalty": (1e-6, 10.0),
        }
        for name, (low, high) in bounds.items():
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name}: must lie between {low:g} and {high:g}, is {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class Completion:
    """What the engine returned; `finish_reason` is "stop", "length", "abort", "error" or "repetition"."""

    text: str
    finish_reason: str
    usage: Usage

    @property
    def is_truncated(self) -> bool:
        """Whether the token limit, not the model, ended the text."""
        return self.finish_reason == "length"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check's verdict; `number` is what it measured, where it measures anything."""

    name: str
    verdict: Verdict
    number: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Contrast:
    """What the same model says to an instruction behind less, or behind the contrary: the other side of a pair.

    `rung` names what it was shown: "raw", "contrary" or "rules". Where `reply` holds no answer, `answer` is empty,
    `reason` is why and `detail` explains it.
    """

    rung: str
    reply: str
    usage: Usage
    answer: str = ""
    checks: tuple[CheckResult, ...] = field(default=(), metadata=_SPARSE)
    reason: FailureReason | None = field(default=None, metadata=_SPARSE)
    detail: str = field(default="", metadata=_SPARSE)


@dataclass(frozen=True, slots=True)
class Revision:
    """A `draft` that a check failed or the judge scored low (`fault` says which and why), its critique by the principle
    it broke (an id), and the draft written anew.

    `reply` is the whole completion, the critique first; `finish_reason` is its own. `answer` is what the revision
    answers, "" where it could not be read, and `detail` says what is still wrong with it.
    """

    principle: str
    draft: str
    fault: str
    reply: str
    usage: Usage
    finish_reason: str = "stop"
    critique: str = ""
    answer: str = ""
    detail: str = field(default="", metadata=_SPARSE)


@dataclass(frozen=True, slots=True)
class Example:
    """A finished row: an instruction with thought, cited principles (ids) and answer, and the `reply` they stood in.

    Where a `revision` took its place, thought and answer are the revised ones, and `reply` is what was revised. `usage`
    is the reply's and that of all draws beside it; contrasts and revision have their own. `judging` is what the judge
    made of the answer, as plain values (align.judging).
    """

    instruction: Instruction
    thought: str
    answer: str
    principles_cited: tuple[str, ...]
    checks: tuple[CheckResult, ...]
    usage: Usage
    reply: str = ""
    contrasts: tuple[Contrast, ...] = field(default=(), metadata=_SPARSE)
    revision: Revision | None = field(default=None, metadata=_SPARSE)
    judging: Mapping[str, Any] | None = field(default=None, metadata=_SPARSE)

    @property
    def instruction_id(self) -> str:
        return self.instruction.id


@dataclass(frozen=True, slots=True)
class Failure:
    """An unfinished row: `step` is "align", "parse" or "check"; one at "check" has thought, answer and results."""

    instruction: Instruction
    step: str
    reason: FailureReason
    detail: str
    reply: str
    usage: Usage
    thought: str = ""
    answer: str = ""
    principles_cited: tuple[str, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    contrasts: tuple[Contrast, ...] = field(default=(), metadata=_SPARSE)
    revision: Revision | None = field(default=None, metadata=_SPARSE)
    judging: Mapping[str, Any] | None = field(default=None, metadata=_SPARSE)

    @property
    def instruction_id(self) -> str:
        return self.instruction.id


Outcome = Example | Failure
"""What became of one accepted instruction."""


def instruction_id(number: int, position: int) -> str:
    """The id of an item of a round."""
    return f"p{number:07d}-{position:02d}"


def derive_seed(rng_seed: int, *names: object) -> int:
    """A seed for one request: 31 bits of the SHA-256 of the run's seed and the request's name."""
    digest = hashlib.sha256("/".join(map(str, (rng_seed, *names))).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def to_row(record: Any) -> Any:
    """The record as JSON-ready lists, dicts and scalars."""
    if isinstance(record, (list, tuple)):
        return [to_row(item) for item in record]
    if isinstance(record, StrEnum) or not hasattr(record, "__dataclass_fields__"):
        return record
    return {
        item.name: to_row(value)
        for item in fields(record)
        if (value := getattr(record, item.name)) != item.default or "sparse" not in item.metadata
    }
