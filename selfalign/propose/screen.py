"""What makes an instruction unfit whatever else has been kept: length, form, and what text alone cannot do.

The published filters throw away every instruction with a word such as "image", "graph" or "file" in it
(Self-Instruct, section 3.1): 4 % of good human-written instructions. The rules here ask what is wanted *of* the image.
"""

import re
from dataclasses import dataclass

from selfalign.markers import LIST_ITEM, bad_character, chat_token, role_marker
from selfalign.records import Instruction, RejectionReason


@dataclass(frozen=True, slots=True)
class ScreenSpec:
    """Bounds in words (a character counts as a word in scripts without spaces); both ends are allowed.

    `min_words` counts the instruction together with its context: "Solve this equation." is enough above one.
    """

    min_words: int = 3
    max_words: int = 150
    max_context_words: int = 600

    def __post_init__(self) -> None:
        if not 1 <= self.min_words <= self.max_words:
            raise ValueError(f"min_words: must lie between 1 and max_words ({self.max_words}), is {self.min_words}")
        if self.max_context_words < 0:
            raise ValueError(f"max_context_words: must be at least 0, is {self.max_context_words}")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an instruction is unfit; `detail` quotes what was found."""

    reason: RejectionReason
    detail: str


def find_fault(instruction: Instruction, spec: ScreenSpec) -> Fault | None:
    """The first fault of an instruction, or None."""
    text, whole = instruction.text, instruction.user_turn
    if control := bad_character(whole):
        return Fault(RejectionReason.CONTROL_CHARACTERS, f"U+{ord(control):04X}")
    if marker := find_role_marker(whole):
        return Fault(RejectionReason.ROLE_MARKER, marker)
    if not _OPENING.match(text) or not any(character.isalnum() for character in text):
        return Fault(RejectionReason.PUNCTUATION, text[:20])
    num_words, num_context_words = count_words(text), count_words(instruction.context)
    if num_words + num_context_words < spec.min_words:
        return Fault(RejectionReason.TOO_SHORT, f"{num_words + num_context_words} words")
    if num_words > spec.max_words:
        return Fault(RejectionReason.TOO_LONG, f"{num_words} words")
    if num_context_words > spec.max_context_words:
        return Fault(RejectionReason.TOO_LONG, f"context of {num_context_words} words")
    if found := find_other_medium(text, has_context=bool(instruction.context)):
        return Fault(RejectionReason.NOT_TEXT, found)
    return None


def normalise_context(context: str) -> str:
    """The context without blank space around it, and empty where the model says in words that there is none."""
    context = context.strip()
    return "" if _NO_CONTEXT.fullmatch(context) else context


def count_words(text: str) -> int:
    """Words between blanks; in scripts that write no blanks every character is a word."""
    return len(_WORD.findall(text))


def find_role_marker(text: str) -> str | None:
    """What could pass for a turn of a conversation, a chat template's token or an item of the proposal's list."""
    found = role_marker(text) or chat_token(text)
    if found is None and (item := LIST_ITEM.search(text)):
        found = item.group().strip()
    return found


def find_other_medium(text: str, *, has_context: bool) -> str | None:
    """What the instruction wants that text is not: a picture drawn, a recording made, a file that is not there."""
    for pattern in _MAKES_MEDIUM, _ACTS_OUTSIDE:
        if found := pattern.search(text):
            return found.group().strip()
    if not has_context and (found := _POINTS_TO_MEDIUM.search(text)):
        return found.group().strip()
    return None


_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\s{_UNSPACED}]+")
# A letter or digit of any script, or an opening quotation mark, bracket or inverted mark before it.
_OPENING = re.compile(r"[\"'“‘«„‚「『《〈(\[¿¡`$€£<\-+]?[^\W_]|[`$]{1,3}\S")
_NO_CONTEXT = re.compile(
    r"\W*(?:(?:none|nil|null|empty|no ?(?:additional |further )?(?:input|context))"
    r"(?: is)?(?: needed| required| necessary| provided| given)?"
    r"|n/?a|not (?:applicable|needed|required|provided)"
    r"|keine?|aucune?|ningun[oa]|nessuno|нет|无|無|なし|없음)?\W*",
    re.IGNORECASE,
)
_MEDIUM = (
    r"(?:image|picture|photo(?:graph)?|painting|drawing|illustration|video(?:\s+clip)?|animation|gif|audio(?:\s+clip)?"
    r"|recording|podcast\s+episode|screenshot)s?"
)
_MAKES_MEDIUM = re.compile(
    r"^(?:please\s+|can you\s+|could you\s+)?(?:draw|sketch|paint|photoshop|doodle)\s+(?:me\s+|us\s+)?(?:an?|the|some|"
    r"your)\s+(?!(?:[\w-]+\s+){0,2}(?:conclusion|comparison|distinction|parallel|inference|analogy|line))"
    r"|\b(?:generate|create|make|produce|render|design|record|film|edit|crop|upload|send|show|take)\s+(?:me\s+|us\s+)?"
    rf"(?:an?|the|some|this|your|my)\s+(?:[\w-]+\s+){{0,2}}{_MEDIUM}\b(?!\s+(?:caption|description|title|idea|prompt|"
    r"script|file|editing|essay|concept|list|class|gallery|component|processing|classifier|tag|element|url))",
    re.IGNORECASE,
)
_ACTS_OUTSIDE = re.compile(
    r"\b(?:play|sing|hum|whistle)\s+(?:me\s+|us\s+)?(?:a|the|some|your)\s+(?:[\w-]+\s+)?(?:song|music|tune|melody)\b"
    r"|\b(?:click|tap|press)\s+(?:on\s+)?(?:the|this)\s+(?:link|button|icon)\b(?=.{0,20}$)"
    r"|\b(?:call|phone|text|email)\s+(?:my|the)\s+(?:mother|mom|mum|father|dad|friend|boss|doctor)\s+(?:now|for me)\b"
    r"|\bturn\s+(?:on|off)\s+the\s+(?:lights?|tv|television|heating)\b",
    re.IGNORECASE,
)
_POINTS_TO_MEDIUM = re.compile(
    r"\b(?:in|of|from|at|to|describe|caption|watch|see|given|using)\s+(?:(?:the|this|these)\s+)?"
    rf"(?:attached|enclosed|uploaded|linked|following|given|provided)\s+(?:{_MEDIUM}|files?|pdf|spreadsheet)\b"
    r"|\b(?:attached|uploaded|enclosed)\s+(?:file|pdf|document|spreadsheet|image|photo|picture)s?\b"
    rf"|\bin\s+(?:this|these)\s+{_MEDIUM}\b(?!\s+of)",
    re.IGNORECASE,
)
