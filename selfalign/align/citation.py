"""Which principles a closing line cites, in the many forms that models write it.

A citation is resolved by its name, whatever the case, spaces, hyphens, "and" or "&", quotes and brackets around it; a
number alone resolves too. Where a number disagrees with its name, the name counts and a remark is made. A name that
the constitution does not have is no principle.
"""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from selfalign.records import CheckResult, Constitution, Verdict

CITATION = "citation"
"""The name under which remarks stand among an outcome's checks."""

MAX_CLOSING = 2000
"""Characters behind "Principles:" that are read: no citation is longer, and a model may write for ever."""

_DECORATION = re.compile(r"[*_`\"“”„'‘’«»]")
_JOIN = r"(?:and|as well as|principles?|plus|also|or|y|e|et|und|en|och|и)\b"
_SEPARATORS = re.compile(rf"(?:[\s,;/+&|•·\-–—、と和及()\[\]{{}}<>]|{_JOIN})*", re.IGNORECASE)
_STOP = re.compile(r"[.。!]+")
_LEAD = r"(?:principles?|rules?|no\.|nr\.|number)?\s{0,3}"
_NUMBER = r"#?\s?(?P<number>[0-9]++)\s{0,3}[)\].:]{0,2}"
_NUMBERED_LINE = re.compile(r"^[ \t]*([0-9]{1,2})[.)][ \t]+", re.MULTILINE)
_LIST_INDEX = re.compile(r"^[ \t]*[0-9]{1,2}[.)][ \t]+(?=#?[0-9]+[ \t]*[(.:)])", re.MULTILINE)
_BARE_NUMBER = re.compile(
    rf"{_LEAD}{_NUMBER}(?!\s*[(\[:])(?!\s*(?!{_JOIN}|appl|are\b|here\b|fit)[^\W\d])", re.IGNORECASE
)
_NAME_ENDS = re.compile(
    rf"\s*(?:$|[,;.:\n()\[\]{{}}<>/+&|–—、。\-]|{_JOIN}|appl|are\b|is\b|here\b|both\b|fit|principles?\b)", re.IGNORECASE
)
_CLOSES = re.compile(r"[^()\[\]{}<>\n]{0,80}[)\]}>]")
_NUMBER_BEHIND = re.compile(
    rf"(?:[ \t]{{1,2}}principle)?[ \t]{{0,2}}(?:[(\[]\s?#?([0-9]++)\s?[)\]]|#([0-9]++))(?![ \t]*(?!{_JOIN})[^\W\d])",
    re.IGNORECASE,
)
_EXPLAINS = re.compile(r"\s{0,2}(?:[:–—]|-{1,2}[ \t]|→|=|because\b|since\b|as\b|for\b)")
_UNKNOWN = re.compile(rf"\S[^,;\n.]{{0,60}}?(?=\s*(?:[,;\n]|\.|\b{_JOIN}|$))", re.IGNORECASE)
_NOTHING = re.compile(r"(?:none|no principles?|nothing|n/?a)\b", re.IGNORECASE)
_MAX_NAME_WORDS = 4


class Citation(NamedTuple):
    """What a closing line cites: ids in order, remarks on numbers that disagree, and what is left.

    `unknown` are names and numbers that the constitution does not have; `rest` is the text behind the citation.
    """

    ids: tuple[str, ...]
    remarks: tuple[CheckResult, ...]
    unknown: tuple[str, ...]
    rest: str

    @property
    def is_all(self) -> bool:
        """Whether the text was a citation and nothing else."""
        return bool(self.ids) and not self.unknown and not self.rest


def folded(name: str) -> str:
    """A principle's name for comparison: case, spaces, hyphens, quotes and "and" or "&" make no difference."""
    return "".join(_words(name))


def read_citation(text: str, constitution: Constitution) -> Citation:
    """The principles that `text`, which stands behind "Principles:", cites."""
    reader = _Reader(_plain(text[:MAX_CLOSING]), constitution)
    reader.read()
    rest = reader.text[reader.at :].strip(" \t\n.)]*-–—")
    return Citation(tuple(dict.fromkeys(reader.ids)), tuple(reader.remarks), tuple(reader.unknown), rest)


class _Reader:
    """Goes through a closing line item by item, and stops where it is no list any more."""

    def __init__(self, text: str, constitution: Constitution) -> None:
        self.text = text
        self.at = 0
        self.ids: list[str] = []
        self.remarks: list[CheckResult] = []
        self.unknown: list[str] = []
        self._constitution = constitution
        self._item = _known_item(constitution)

    def read(self) -> None:
        is_new_sentence = False
        while True:
            self.at = _SEPARATORS.match(self.text, self.at).end()
            if stop := _STOP.match(self.text, self.at):
                self.at, is_new_sentence = stop.end(), True
            elif not (self._take_known(is_new_sentence) or (not is_new_sentence and self._take_other())):
                return

    def _take_known(self, is_new_sentence: bool) -> bool:
        found = self._item.match(self.text, self.at)
        if found is None or (is_new_sentence and not found["number"]):
            return False
        number, end = found["number"], found.end()
        if found["open"] and (closes := _CLOSES.match(self.text, end)):
            end = closes.end()
        elif not number and not _NAME_ENDS.match(self.text, end):
            return False
        if not found["open"] and (behind := _NUMBER_BEHIND.match(self.text, end)):
            number, end = behind[1] or behind[2], behind.end()
        self._cite(_id_of(found, self._constitution), number)
        self.at = self._behind_explanation(end)
        return True

    def _cite(self, id_: str, number: str | None) -> None:
        self.ids.append(id_)
        if number and _numbers(self._constitution).get(number.lstrip("0")) != id_:
            reason = f"{id_} is cited as number {number[:20]}, which it is not; the name counts"
            self.remarks.append(CheckResult(CITATION, Verdict.FLAG, None, reason))

    def _behind_explanation(self, end: int) -> int:
        """Where the item's explanation ends ("2 (informative): facts, not padding"), if it has one."""
        explains = _EXPLAINS.match(self.text, end)
        if not explains or self._item.match(self.text, _SEPARATORS.match(self.text, explains.end()).end()):
            return end
        line_end = self.text.find("\n", end)
        line_end = len(self.text) if line_end < 0 else line_end
        others = self._item.finditer(self.text, explains.end(), line_end)
        return next((found.start() for found in others if found["number"]), line_end)

    def _take_other(self) -> bool:
        """A number alone, or a short item that is no principle of this constitution."""
        if number := _BARE_NUMBER.match(self.text, self.at):
            id_ = _numbers(self._constitution).get(number["number"].lstrip("0"))
            (self.ids if id_ else self.unknown).append(id_ or number.group().strip()[:40])
            self.at = number.end()
            return True
        item = _UNKNOWN.match(self.text, self.at)
        if item is None or len(item.group().split()) > _MAX_NAME_WORDS:
            return False
        if not _NOTHING.match(item.group()):
            self.unknown.append(item.group().strip())
        self.at = item.end()
        return True


def _plain(text: str) -> str:
    numbered = _NUMBERED_LINE.findall(text)
    if len(numbered) > 1 and numbered == [str(number) for number in range(1, len(numbered) + 1)]:
        text = _NUMBERED_LINE.sub("", text)  # the numbers of the list's lines, not of principles
    return _LIST_INDEX.sub("", _DECORATION.sub("", unicodedata.normalize("NFKC", text)))


def _words(name: str) -> list[str]:
    return re.findall(r"\w+", _plain(name).replace("&", " and ").replace("+", " and ").casefold())


@lru_cache(maxsize=16)
def _numbers(constitution: Constitution) -> dict[str, str]:
    return {str(number): principle.id for number, principle in enumerate(constitution.principles, start=1)}


@lru_cache(maxsize=16)
def _names(constitution: Constitution) -> dict[str, str]:
    """Every way to fold a principle's id or name, and the id it stands for."""
    ids = {folded(principle.id): principle.id for principle in constitution.principles}
    return ids | {folded(principle.name): principle.id for principle in constitution.principles}


@lru_cache(maxsize=16)
def _known_item(constitution: Constitution) -> re.Pattern[str]:
    """What matches one principle by name, with its number where it has one."""
    names = {tuple(_words(each)) for item in constitution.principles for each in (item.name, item.id)}
    between = r"(?:[^\w(),;]|_){0,3}"
    patterns = [
        between.join("(?:and|&|\\+)" if word == "and" else re.escape(word) for word in name)
        for name in sorted(names, key=lambda name: -len("".join(name)))
    ]
    name = rf"(?P<open>[(\[{{<])?\s{{0,2}}(?P<name>{'|'.join(patterns)})(?!\w)"
    lead = rf"{_LEAD}(?:{_NUMBER}\s{{0,3}}[–—=\-]?\s{{0,3}})?(?:the\s)?"
    return re.compile(rf"(?<!\w){lead}{name}", re.IGNORECASE)


def _id_of(found: re.Match[str], constitution: Constitution) -> str:
    return _names(constitution)[folded(found["name"])]
