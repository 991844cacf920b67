"""Whether what stands under the answer's heading is an answer.

It is none where it is empty, a placeholder, the citation again, another thought, a reasoning model's own thinking, a
next turn, a second answer or a recital of the constitution's rules. Code blocks may show anything of that.
"""

import re
from itertools import islice

from selfalign.align.citation import MAX_CLOSING, read_citation
from selfalign.align.headings import ANSWER, ANY_STRONG, LABEL, THOUGHTS, opening_pattern, style_of
from selfalign.align.turns import next_turn
from selfalign.checks import is_placeholder, recites
from selfalign.checks.text import without_code
from selfalign.markers import ROLE_HEADING
from selfalign.records import Constitution, FailureReason

Wrong = tuple[FailureReason, str]

_MARKUP = re.compile(r"[\s*_#>`~\-=|]*(?:```\w*[\s`]*)?")
_THINK_TAG = re.compile(r"</?(?:think|thinking|thoughts?|reasoning|reflection|scratchpad)>|\[/?THINK\]", re.IGNORECASE)
_ANNOUNCES = re.compile(
    r"(?:i will|i'll|i should|i need to|i'm going to|let me) (?:now )?(?:write|give|explain|provide|name|list|answer|"
    r"describe|summari[sz]e|translate|compare|decline|suggest|offer|keep|start|point out|show) (?:a|an|one|two|three|"
    r"the|it|this|them|each|both|some|several|with|by|in|to|how|why|what|that)\b[^\n]{20,}"
)
_MAX_LABELS = 50


_PLANS = re.compile(
    r"\b(?:(?:so|therefore|hence) i (?:should|will|must|need to|'ll) (?:answer|reply|respond|explain|give|keep)|"
    r"also (?:sollte|muss|werde) ich|je (?:dois|vais|devrais) (?:donc )?(?:répondre|expliquer)|"
    r"(?:debo|debería|voy a|devo|dovrei) (?:responder|explicar|rispondere|spiegare))\b"
)


def what_is_wrong(answer: str, constitution: Constitution, asked: str, style: str) -> Wrong | None:
    """Why the text is no answer, with its reason; None if it is one.

    `asked` is the user turn; `style` is how the answer's heading was marked (`headings.style_of`).
    """
    if _MARKUP.fullmatch(answer):
        return FailureReason.EMPTY, "the answer is empty"
    if is_placeholder(answer) or ANSWER.fullmatch(answer.strip("*_.:# ")):
        return FailureReason.PLACEHOLDER, f"the answer is a placeholder: {answer[:60]!r}"
    return (
        _thinks(answer, constitution, asked)
        or _goes_on(answer, constitution, asked, style)
        or _recites(answer, constitution, asked)
    )


def _thinks(answer: str, constitution: Constitution, asked: str) -> Wrong | None:
    text = without_code(answer)
    if found := ROLE_HEADING.search(answer):
        return FailureReason.SPEAKS_FOR_USER, f"the answer goes on with '{found.group().strip()}'"
    if found := _THINK_TAG.search(text):
        return FailureReason.THINKS_ALOUD, f"the answer holds '{found.group()}'"
    found = opening_pattern(constitution).search(text)
    if "thought" not in asked.lower():
        found = found or THOUGHTS.match(answer) or _own_thoughts(text)
    if found:
        return FailureReason.THINKS_ALOUD, f"the answer is another thought: '{found.group().strip()[:60]}'"
    lower = answer.lower().replace("’", "'")
    if "\n" not in answer and ". " not in answer and (_ANNOUNCES.fullmatch(lower) or _PLANS.search(lower)):
        return FailureReason.THINKS_ALOUD, "the answer only says what it will say"
    return None


def _own_thoughts(text: str) -> re.Match[str] | None:
    """A heading over second thoughts; one among several headings of its kind is a part of the answer."""
    for found in THOUGHTS.finditer(text):
        style = style_of(found)
        others = sum((each[1] or "bold") == style for each in ANY_STRONG.finditer(text))
        if style == "tag" or (style != "plain" and others < 2):
            return found
    return None


def _goes_on(answer: str, constitution: Constitution, asked: str, style: str) -> Wrong | None:
    if turn := next_turn(without_code(answer), asked, constitution.persona.name):
        return FailureReason.SPEAKS_FOR_USER, f"the answer goes on with '{turn}'"
    text = without_code(answer)
    again = next((each for each in ANSWER.finditer(text) if style_of(each) == style), None)
    if again:
        return FailureReason.SPEAKS_FOR_USER, f"a second answer: '{again.group().strip()}'"
    return None


def _recites(answer: str, constitution: Constitution, asked: str) -> Wrong | None:
    text = without_code(answer)
    if cited := _citation_in(text, constitution):
        return FailureReason.RECITES, f"the answer cites principles: '{cited[:60]}'"
    names = read_citation(text, constitution)
    if names.is_all and not re.search(r"[0-9]", text) and text.strip(" *_.").casefold() not in asked.casefold():
        return FailureReason.RECITES, f"the answer only names principles: '{text.strip()[:60]}'"
    if rule := recites(answer, constitution):
        return FailureReason.RECITES, f"the answer recites a rule: '{rule[:60]}'"
    return None


def _citation_in(text: str, constitution: Constitution) -> str | None:
    """A line of the answer that is a citation and nothing else, or a whole answer of such lines."""
    for label in islice(LABEL.finditer(text), _MAX_LABELS):
        behind = text[label.end() : label.end() + MAX_CLOSING].lstrip()
        if label.group().lstrip()[0] in "([":
            behind = re.split(r"[)\]](?!,)(?=[\s.,;]|$)", behind, maxsplit=1)[0] + ")"
        line, paragraph = behind.partition("\n")[0], behind.partition("\n\n")[0]
        if read_citation(line if "(" in line else paragraph, constitution).is_all:
            return f"{label.group().strip()} {line}"
    if (
        "(" in text
        and len(text) < MAX_CLOSING
        and re.match(r"[\s\-*•#]*[0-9]", text)
        and read_citation(text, constitution).is_all
    ):
        return text.strip().splitlines()[0]
    return None
