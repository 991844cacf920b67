"""From a completion back to its parts: the thought, the principles it cites, the answer.

Generous in form: a part may open with "### Answer", "## Answer:", "**Answer**" or "Answer:", and the principles may be
cited in any kind of list. Strict in meaning: one thought with a citation, one answer behind it, and nothing more.
"""

import re
from dataclasses import dataclass

from selfalign.align.answer import what_is_wrong
from selfalign.align.citation import Citation, read_citation
from selfalign.align.headings import ANSWER, FIRST_THOUGHTS, LABEL, NUMBERED_LABEL, THOUGHTS, opening_pattern, style_of
from selfalign.checks import is_placeholder
from selfalign.engine.chat import remove_think_block
from selfalign.markers import ROLE_HEADING, hostile
from selfalign.records import CheckResult, Constitution, FailureReason

_MAX_PREAMBLE = 300
_MAX_LABELS = 20
_FENCED = re.compile(r"```\w{0,12}\n(.*)\n```", re.DOTALL)
_RULE_LINE = re.compile(r"^(?:[-*_=][ \t]?){3,80}$", re.MULTILINE)
_MARKS = re.compile(r"[#*_>]{0,6}\s*")
_LAST_SENTENCE = re.compile(r"(?:[.!?]\s|\n)(?=[^.!?\n]*\Z)")


@dataclass(frozen=True, slots=True)
class Reply:
    """A parsed completion: the thought without its fixed sentences, the ids it cites, the answer.

    `remarks` are flags on the form of the citation: a number that disagrees with its name.
    """

    thought: str
    cited: tuple[str, ...]
    answer: str
    remarks: tuple[CheckResult, ...] = ()


class ReplyError(Exception):
    """A completion that is no reply; `reason` and `detail` become a `Failure` at step "parse"."""

    def __init__(self, reason: FailureReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def parse_reply(text: str, constitution: Constitution, asked: str = "") -> Reply:
    """The parts of a completion of `render_prompt`, in text style or chat style.

    `asked` is the user turn: what it asks for ("a dialogue") may stand in an answer. Raises `ReplyError`, and nothing
    else, for any text that is no reply.
    """
    text = text.replace("\r\n", "\n")
    if found := hostile(text):
        raise ReplyError(FailureReason.UNPARSEABLE, found)
    text = _without_opening(_without_fence(remove_think_block(text).strip()), constitution)
    heading, citation, thought = _find_answer(text, constitution)
    answer = _without_rule(text[heading.end() :].strip())
    if heading["tag"]:
        answer = answer.removesuffix(heading["tag"].replace("<", "</")).rstrip()
    if not thought:
        raise ReplyError(FailureReason.EMPTY, "the thought is empty")
    if is_placeholder(thought):
        raise ReplyError(FailureReason.PLACEHOLDER, "the thought is a placeholder")
    if wrong := what_is_wrong(answer, constitution, asked, style_of(heading)):
        raise ReplyError(*wrong)
    return Reply(thought, citation.ids, answer, citation.remarks)


def _without_rule(answer: str) -> str:
    """The answer without a rule that only sets it off from its heading; front matter has a second one."""
    rule = _RULE_LINE.match(answer)
    return answer[rule.end() :].lstrip() if rule and not _RULE_LINE.search(answer, rule.end()) else answer


def _without_fence(text: str) -> str:
    """The reply out of one code block that holds all of it."""
    fenced = _FENCED.fullmatch(text)
    return fenced[1].strip() if fenced and ANSWER.search(fenced[1]) else text


def _without_opening(text: str, constitution: Constitution) -> str:
    """The text without what a chat model says before its thoughts, their heading and the opening sentence."""
    first = FIRST_THOUGHTS.match(text)
    later = THOUGHTS.search(text, 0, _MAX_PREAMBLE)
    if first is None and later and style_of(later) != "plain" and _is_preamble(text[: later.start()]):
        first = later
    text = text[first.end() :].lstrip() if first else text
    opening = opening_pattern(constitution).match(text)
    return text[opening.end() :].lstrip() if opening else text


def _is_preamble(text: str) -> bool:
    return not (LABEL.search(text) or ROLE_HEADING.search(text) or ANSWER.search(text))


def _find_answer(text: str, constitution: Constitution) -> tuple[re.Match[str], Citation, str]:
    """The heading of the answer, the citation that stands before it, and the thought before that.

    A plain "Answer:" is a heading only behind a citation: a thought may say the word.
    """
    for heading in ANSWER.finditer(text):
        try:
            citation, thought = _read_thoughts(text[: heading.start()], constitution)
        except ReplyError:
            if style_of(heading) == "plain":
                continue
            raise
        return heading, citation, thought
    if role := ROLE_HEADING.search(text):
        raise ReplyError(FailureReason.UNPARSEABLE, f"'{role.group().strip()}' before the answer")
    raise ReplyError(FailureReason.UNPARSEABLE, "no '### Answer' line")


def _read_thoughts(text: str, constitution: Constitution) -> tuple[Citation, str]:
    role = ROLE_HEADING.search(text) or THOUGHTS.search(text)
    if role and (role.re is ROLE_HEADING or style_of(role) != "plain"):
        raise ReplyError(FailureReason.UNPARSEABLE, f"'{role.group().strip()}' before the answer")
    citation, start = _find_citation(text, constitution)
    return citation, _without_rules(text[:start]) or citation.rest.partition("\n\n")[0].strip()


def _without_rules(thoughts: str) -> str:
    """Thoughts without the rules above and below them, and without marks of the heading that follows."""
    lines = thoughts.strip().split("\n")
    while lines and (not lines[0].strip() or _RULE_LINE.match(lines[0])):
        del lines[0]
    while lines and (_MARKS.fullmatch(lines[-1]) or _RULE_LINE.match(lines[-1])):
        del lines[-1]
    return "\n".join(lines).strip()


def _find_citation(text: str, constitution: Constitution) -> tuple[Citation, int]:
    """The last citation in the thoughts, and where it begins."""
    labels = list(LABEL.finditer(text))[-_MAX_LABELS:]
    unknown: tuple[str, ...] = ()
    for label in reversed(labels):
        citation = read_citation(text[label.end() :], constitution)
        if citation.ids:
            return _with_lines_before(citation, labels[: labels.index(label) + 1], text, constitution)
        unknown += citation.unknown
    if found := _unlabelled(text, constitution):
        return found
    if unknown:
        raise ReplyError(FailureReason.UNKNOWN_PRINCIPLE, f"no principle is named {unknown[0][:60]!r}")
    why = "the citation names no principle" if labels else "the thought does not close with 'Principles: ...'"
    raise ReplyError(FailureReason.NO_CITATION, why)


def _with_lines_before(
    citation: Citation, labels: list[re.Match[str]], text: str, constitution: Constitution
) -> tuple[Citation, int]:
    """The citation together with those right before it, where each principle has a label of its own."""
    start = labels[-1].start()
    for label in reversed(labels[:-1]):
        before = read_citation(text[label.end() : start], constitution)
        if not before.is_all:
            break
        ids, remarks = dict.fromkeys(before.ids + citation.ids), before.remarks + citation.remarks
        citation, start = citation._replace(ids=tuple(ids), remarks=remarks), label.start()
    return citation, start


def _unlabelled(text: str, constitution: Constitution) -> tuple[Citation, int] | None:
    """A citation without a colon: "Principle 2 (informative)", "I follow principles 2 and 3", or a last line of it."""
    for label in reversed(list(NUMBERED_LABEL.finditer(text))[-_MAX_LABELS:]):
        citation = read_citation(text[label.end() :], constitution)
        if citation.ids:
            before = text[: label.start()]
            sentence = list(_LAST_SENTENCE.finditer(before))
            return citation, sentence[-1].end() if sentence else (label.start() if not before.strip() else len(text))
    start = text.rstrip().rfind("\n") + 1
    citation = read_citation(text[start:], constitution)
    if citation.is_all and re.search(r"[0-9]", text[start:]):
        return citation, start
    return None
