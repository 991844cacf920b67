"""From a completion back to its parts: the thought, the principles it cites, the answer."""

import re
from dataclasses import dataclass

from selfalign.align.prompt import opening
from selfalign.markers import ROLE_HEADING, hostile
from selfalign.records import Constitution, FailureReason

CLOSING = re.compile(r"(?:^|(?<=\s))principles?[ \t]*:", re.IGNORECASE)
"""What opens the closing line of a thought."""

_CITATION = re.compile(r"([0-9]+) ?\(([^()]+)\)")
_CITATION_LIST = re.compile(r"\x00(?: ?(?:,|;|,? ?and|&) ?\x00)*\.?")


@dataclass(frozen=True, slots=True)
class Reply:
    """A parsed completion: the thought without its fixed sentences, the ids it cites, the answer."""

    thought: str
    cited: tuple[str, ...]
    answer: str


class ReplyError(Exception):
    """A completion that is no reply; `reason` and `detail` become a `Failure` at step "parse"."""

    def __init__(self, reason: FailureReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def parse_reply(text: str, constitution: Constitution) -> Reply:
    """The parts of a completion of `render_prompt`; raises `ReplyError`, and nothing else, for any other text.

    The heading and the opening sentence may be repeated; spacing is free. Everything else is strict: one answer
    heading, a closing line whose numbers and names agree, nothing that speaks for the user, nothing hostile.
    """
    text = text.replace("\r\n", "\n")
    if found := hostile(text):
        raise ReplyError(FailureReason.UNPARSEABLE, found)
    thoughts, answer = _split(_without_opening(text, constitution))
    thought, cited = _read_thoughts(thoughts, constitution)
    for part, content in (("thought", thought), ("answer", answer)):
        if not content:
            raise ReplyError(FailureReason.EMPTY, f"the {part} is empty")
    return Reply(thought, cited, answer)


def _without_opening(text: str, constitution: Constitution) -> str:
    text = text.strip()
    heading = ROLE_HEADING.match(text)
    if heading and heading.group(1).lower().startswith("thought"):
        text = text[heading.end() :].lstrip()
    return text.removeprefix(opening(constitution)).lstrip()


def _split(text: str) -> tuple[str, str]:
    headings = ROLE_HEADING.finditer(text)
    first = next(headings, None)
    if first is None:
        raise ReplyError(FailureReason.UNPARSEABLE, "no '### Answer' line")
    if first.group(1).lower() != "answer":
        raise ReplyError(FailureReason.UNPARSEABLE, f"'{first.group().strip()}' before the answer")
    if (second := next(headings, None)) is not None:
        raise ReplyError(FailureReason.SPEAKS_FOR_USER, f"the answer goes on with '{second.group().strip()}'")
    return text[: first.start()].strip(), text[first.end() :].strip()


def _read_thoughts(text: str, constitution: Constitution) -> tuple[str, tuple[str, ...]]:
    closings = list(CLOSING.finditer(text))
    if not closings:
        raise ReplyError(FailureReason.NO_CITATION, "the thought does not close with 'Principles: ...'")
    closing = " ".join(text[closings[-1].end() :].split())
    if not _CITATION_LIST.fullmatch(_CITATION.sub("\x00", closing)):
        raise ReplyError(FailureReason.NO_CITATION, f"cannot read the citation {closing[:80]!r}")
    cited = [_cited_id(number, name, constitution) for number, name in _CITATION.findall(closing)]
    return text[: closings[-1].start()].strip(), tuple(dict.fromkeys(cited))


def _cited_id(number: str, name: str, constitution: Constitution) -> str:
    count = len(constitution.principles)
    if len(number) > 6 or not 1 <= int(number) <= count:
        raise ReplyError(FailureReason.UNKNOWN_PRINCIPLE, f"principle {number[:20]} of {count}")
    principle = constitution.principles[int(number) - 1]
    if folded(name) != folded(principle.name):
        detail = f"principle {number} is {principle.name!r}, not {name[:60]!r}"
        raise ReplyError(FailureReason.CITATION_MISMATCH, detail)
    return principle.id


def folded(name: str) -> str:
    """A principle's name for comparison: case and spacing do not count."""
    return " ".join(name.split()).casefold()
