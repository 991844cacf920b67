"""Reading a continued list of tasks as models really write it: generous in form, strict in what is an instruction.

Items open at a heading ("### Task 9", "**Task 9: Tides**", "Task 9:"), where there is none at the next number ("9.",
"9)"), else at a label ("Instruction:"). A preamble, a closing remark and the model's own answer belong to no item.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from selfalign.engine.chat import remove_think_block
from selfalign.propose.screen import normalise_context

Item = tuple[str, str] | None
"""Instruction and context of a task; None where there is no instruction."""


class _Opening(NamedTuple):
    """Where an item opens: its heading runs from `start` to `end`; `title` is what else the heading says."""

    start: int
    end: int
    number: int
    title: str = ""


def parse_list(text: str, style: str, first: int) -> tuple[list[Item], bool]:
    """The tasks of a list that goes on from number `first`, in order, and whether the last one is whole even where the
    token limit ended the text. `style` "text" means that the prompt has opened the first item, "chat" that it has not.
    """
    text = _FENCED.sub(r"\1", remove_think_block(text).replace("\r\n", "\n"))
    if style == "chat":
        text = _CLOSING.sub("", text)
    begun = _BEGUN.search(text)
    is_whole = begun is not None
    text = text[: begun.start()] if begun else text
    openings = _headings(text, first) or _numbers(text, style, first) or _labels(text, style)
    items = [head] if (head := _head(text, style, first, openings)) else []
    for opening, following in pairwise([*openings, _Opening(len(text), 0, 0)]):
        body = text[opening.end : following.start]
        if opening.title.strip() or body.strip():
            items.append(_item(body, opening.title))
        elif following.start == len(text):
            is_whole = True
    return items, is_whole


def _headings(text: str, first: int) -> list[_Opening]:
    """Headings with a task's number; without any markup it must be the number that is due."""
    openings: list[_Opening] = []
    for match in _HEADING.finditer(text):
        number, title = int(match["number"]), match["title"].lstrip(" \t*_:.)–—-").rstrip(" \t*_:")
        is_due = number in (first + len(openings), first + len(openings) + 1)
        if match["mark"] or (is_due and (match["title"][:1] in ":.)" or not title)):
            openings.append(_Opening(match.start(), match.end(), number, title))
    return openings


def _numbers(text: str, style: str, first: int) -> list[_Opening]:
    """Lines that open with the number that is due; numbered lines within an input are none of these."""
    found = [(int(match[1]), match) for match in _NUMBER.finditer(text)]
    starts = (first, 1) if style == "chat" else (first, first + 1)
    due = next((number for number, _ in found if number in starts), None)
    openings: list[_Opening] = []
    for number, match in found:
        if number == due:
            openings.append(_Opening(match.start(), match.end(), number))
            due += 1
    return openings


def _labels(text: str, style: str) -> list[_Opening]:
    if style == "text" and text.strip() and not _INSTRUCTION.match(text.lstrip()):
        return []
    return [_Opening(match.start(), match.start(), 0) for match in _INSTRUCTION.finditer(text)]


def _head(text: str, style: str, first: int, openings: Sequence[_Opening]) -> Item:
    """The item before the first heading, which goes on from the prompt; None where there is but a preamble."""
    head = text[: openings[0].start] if openings else text
    if label := _INSTRUCTION.search(head):
        return _item(head[label.start() :])
    numbers = [opening.number for opening in openings]
    starts_over = numbers[:2] == [first, first + 1] or (numbers == [first] and head.rstrip().endswith((":", "：", "!")))
    if style == "chat" or starts_over:
        return None
    return _item(_PREAMBLE.sub("", head), is_first=True) if _PREAMBLE.sub("", head).strip() else None


def _item(body: str, title: str = "", *, is_first: bool = False) -> Item:
    """One item; without a label it must read like a sentence, but for the first, whose label is the prompt's."""
    label = None if is_first else _INSTRUCTION.search(body)
    if label:
        body = body[label.end() :]
    elif not is_first:
        body = f"{title}\n{body}" if _SENTENCE.search(title) else body
        if not _SENTENCE.search(_INPUT.split(_ANSWER.split(body)[0])[0].strip()):
            return None
    text, context = _without_answer(body, bool(label and (label["hash"] or label["bold"])))
    text = _BOLD.sub(r"\1", _RULE.sub("", text).strip())
    return (text, normalise_context(_RULE.sub("", context.rstrip()))) if text else None


def _without_answer(body: str, marked: bool) -> tuple[str, str]:
    """Instruction and context of a body; what stands behind a label of the model's own answer is neither.

    Within an input "Answer:" may belong to it: there it ends the input only where it is marked up as the item's other
    labels are, or where there is no input.
    """
    own, label = _ANSWER.search(body), _INPUT.search(body)
    if label is None or (own and own.start() < label.start()):
        return body[: own.start()] if own else body, ""
    for answer in _ANSWER.finditer(body, label.end()):
        before = body[label.end() : answer.start()]
        is_marked = marked and (answer["hash"] or answer["bold"])
        if is_marked or answer["name"].lower().endswith("output") or not normalise_context(before):
            return body[: label.start()], before
    return body[: label.start()], body[label.end() :]


def _label(names: str) -> re.Pattern[str]:
    """A label that opens a line: "Input:", "**Input:**", "* **Input**:", "#### Input"."""
    return re.compile(
        rf"^[ \t]*(?:[-*•][ \t]+|\d+[.)][ \t]*)?(?:(?P<hash>\#{{1,6}})[ \t]*)?(?P<bold>\*\*|__)?(?P<name>{names})"
        rf"(?:\*\*|__)?[ \t]*(?:[:：](?:\*\*|__)?|(?(hash)$|(?!)))",
        re.MULTILINE | re.IGNORECASE,
    )


_INSTRUCTION, _INPUT, _ANSWER = map(
    _label, ("instruction", "input|context", r"(?:(?:expected|sample|example)[ \t]+)?output|answer|response")
)
_HEADING = re.compile(
    r"^[ \t]*(?P<mark>#{1,6}[ \t]*(?:\*\*|__)?|\*\*|__|)[ \t]*Task[ \t]*(?P<number>\d+)(?P<title>(?!\w).*)$",
    re.MULTILINE | re.IGNORECASE,
)
_NUMBER = re.compile(r"^[ \t]*(?:#{1,6}[ \t]*)?(?:\*\*)?(\d+)(?:\*\*)?[.):](?:\*\*)?(?=[ \t]|$)", re.MULTILINE)
# A heading that the token limit has cut before its item began.
_BEGUN = re.compile(r"\n[ \t]*(?:#{1,6}[ \t]*(?:\*\*)?|\*\*)(?:t|ta|tas|task[ \t]*)?\Z", re.IGNORECASE)
_SENTENCE = re.compile(r"[.?!:;。？！।…][\"'”’»)*_]*\Z")
_BOLD = re.compile(r"\A\*\*([^*]+)\*\*\Z")
# A reply that is one block of code from beginning to end.
_FENCED = re.compile(r"\A\s*```\w*\n((?:(?!```).|\n)*)\n```\s*\Z")
_RULE = re.compile(r"(?:\n[ \t]*(?:-{3,}|\*{3,}|_{3,})[ \t]*)+\Z")
_PREAMBLE = re.compile(
    r"\A\s*(?:(?:sure|certainly|of course|absolutely|okay|ok|great)\b[,.!:][^\n]*"
    r"|here (?:are|is)\b[^\n]*\b(?:tasks?|list|items?|instructions?)\b[^\n]*:"
    r"|i(?:'m| am) sorry,? but i (?:can't|cannot|can’t)\b[^\n]*|i(?:’m) sorry,? but i (?:can't|cannot|can’t)\b[^\n]*)"
    r"[ \t]*(?:\n|\Z)",
    re.IGNORECASE,
)
# What a chat model says to whoever asked for the list, in a paragraph of its own at the end.
_CLOSING = re.compile(
    r"\n[ \t]*\n(?=[^\n]*\b(?:let me know|would you like|feel free|i hope|hope th|these tasks|these cover|happy to)\b)"
    r"(?=[^\n]*\b(?:more|others?|another|further|additional|tasks?|continue|list|adjust|changes?)\b)[^\n]*\s*\Z",
    re.IGNORECASE,
)
