"""How models mark the parts of a reply: "### Answer", "## Answer:", "**Answer:** ...", "Answer:", "<answer>".

A heading is strong where its marking alone shows that it is one (number signs, bold, a tag), plain where it is a word
and a colon, or a word on a line of its own. All quantifiers are bounded: replies may be enormous.
"""

import re

from selfalign.align.prompt import opening
from selfalign.records import Constitution

_COLON = r"[ \t]{0,3}[:：]"
_ANSWER_NAMES = (
    r"(?:(?:the|my|your|final|full|complete|actual|\w{1,20}['’]s)[ \t]){0,2}(?:answer|response|reply)"
    r"(?:[ \t]to[ \t]the[ \t]user)?|"
    r"respuesta|réponse|antwort|resposta|risposta|antwoord|svar|ответ|回答|答案|答え"
)
_THOUGHT_NAMES = r"(?:(?:my|internal|inner|initial|\w{1,20}['’]s)[ \t]){0,2}(?:thoughts?|thinking|thought[ \t]process)"
_ASSESSMENT_NAMES = r"reasoning|analysis|assessment|internal[ \t]reasoning|pensamientos?|gedanken|pensées?|мысли|思考"


def _heading(names: str) -> re.Pattern[str]:
    sign = r"[^\w\s#*_:：<>\[\](){}`'\"|\-]{0,2}[ \t]?"  # an emoji
    lead = rf"{sign}(?:[0-9]{{1,2}}[.)][ \t]{{0,2}})?"
    dash = r"[ \t]{1,3}[–—-][ \t]"
    return re.compile(
        rf"""^[ \t>]{{0,8}}(?:[-•+][ \t]{{1,3}})?(?:
            (?P<hash>\#{{1,6}})[ \t]{{0,3}}[*_]{{0,3}}{lead}(?:{names})[*_]{{0,3}}
              (?:{_COLON}[*_]{{0,3}}|{dash}|[ \t\#]{{0,9}}$)
          | {sign}(?P<bold>[*_]{{1,3}})(?:\#{{1,6}}[ \t]{{0,3}})?{lead}(?:{names})(?:{_COLON})?[ \t]?
              (?P=bold)(?!\w)(?:{_COLON})?
          | (?P<tag><(?:{names})>|\[(?:{names})\]:?)
          | {lead}(?:{names})(?P<plain>{_COLON}|[ \t]{{0,9}}$(?:\n[=\-]{{3,80}}[ \t]{{0,9}}$)?)
        )""",
        re.IGNORECASE | re.MULTILINE | re.VERBOSE,
    )


ANSWER = _heading(_ANSWER_NAMES)
THOUGHTS = _heading(_THOUGHT_NAMES)
FIRST_THOUGHTS = _heading(f"{_THOUGHT_NAMES}|{_ASSESSMENT_NAMES}")
"""What may stand above the thought: there a few more words are no answer's heading."""

ANY_STRONG = re.compile(
    r"^[ \t]{0,3}(#{1,6})[ \t]{0,3}\S|^[ \t]{0,3}(\*\*|__)[^*_\n]{1,80}(?:\*\*|__)[ \t]{0,3}:?[ \t]{0,3}$", re.M
)


def style_of(found: re.Match[str]) -> str:
    """How a heading is marked: its number signs, "bold", "tag" or "plain"."""
    groups = found.groupdict()
    return groups["hash"] or next((each for each in ("bold", "tag") if groups[each]), "plain")


CLOSING = re.compile(r"(?:^|(?<=\s))principles?[ \t]*:", re.IGNORECASE)
"""What opens the closing line of a thought, in the form that prompts show."""

_QUALIFIER = (
    r"(?:(?:the|my|all|most|main|key|core|these|following|relevant|related|applicable|applied|applying|guiding|governing|"
    r"chosen|selected|cited|used|\w{1,20}['’]s)[ \t]{1,3}){0,3}"
)
_PRINCIPLES = (
    r"(?:principles?(?:\(s\))?|rules?|cit(?:es|ed|ations?)|principios|principes|prinzipien|"
    r"grunds[äa]tze|princípios|principi|принципы|原则|原則)"
)
_LINE_START = r"^[ \t>]{0,8}(?:[-•+*][ \t]{1,3})?[#*_ \t(\[]{0,8}(?:[0-9]{1,2}[.)][ \t]{1,3})?"
_BEHIND = r"(?:[ \t]{1,3}[^\W\d][\w'’]{0,20}){0,5}"

LABEL = re.compile(
    rf"(?:{_LINE_START}|(?<=\s)[*_(\[]{{0,3}}|(?<=[。！？])){_QUALIFIER}{_PRINCIPLES}{_BEHIND}"
    r"[*_)\] \t]{0,4}[:：=][*_]{0,3}"
    rf"|{_LINE_START}{_QUALIFIER}{_PRINCIPLES}{_BEHIND}[*_)\] \t#]{{0,9}}$(?:\n[=\-]{{3,80}}$)?",
    re.IGNORECASE | re.MULTILINE,
)
"""What opens a citation: "Principles:", "**Relevant principles**", "### Principles", also in the middle of a line."""

NUMBERED_LABEL = re.compile(
    r"(?<!\w)(?:principles?|rules?)(?:[ \t](?:that|which|to|apply|applied|here|are|is|used|cited)){0,4}"
    r"[ \t]{0,3}[-–—=>→]{0,2}[ \t]{0,3}(?=[#(\[]{0,2}[0-9])",
    re.IGNORECASE,
)
"""The same without a colon: "Principle 2 (informative)"."""


def opening_pattern(constitution: Constitution) -> re.Pattern[str]:
    """The sentence that opens every thought, whatever stands between its words ("honest, and careful")."""
    words = re.findall(r"\w+", opening(constitution))
    return re.compile(r"[^\w\n]{1,3}".join(map(re.escape, words)) + r"(?!\w)[.!:*_]{0,3}", re.IGNORECASE)
