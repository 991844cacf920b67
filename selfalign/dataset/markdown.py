"""Foreign text inside Markdown: generated, user-written or from a path, it can never become markup of the page."""

import re

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_MARKUP = re.compile(r"([\\`*_\[\]!|~$])")
_LINE_MARKUP = re.compile(r"^([#+=-]|\d+(?=[.)](?:\s|$)))")
_LINES = re.compile(r"\s*[\r\n\u2028\u2029]\s*")


def inline(text: object, limit: int = 0) -> str:
    """The text on one line, every character that Markdown or HTML could read as markup escaped.

    Safe in a paragraph, a list item, a heading and a table cell. `limit` (characters, 0 for none) clips it with an
    ellipsis.
    """
    line = clip(_LINES.sub(" ", clean(str(text))).strip(), limit)
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _LINE_MARKUP.sub(_escape_opening, _MARKUP.sub(r"\\\1", line))


def _escape_opening(found: re.Match[str]) -> str:
    """What would open a heading or a list at the start of a line; a number is kept apart from its point."""
    return f"{found[1]}&#8203;" if found[1].isdigit() else f"\\{found[1]}"


def fenced(text: str, language: str = "text", limit: int = 0) -> str:
    """The text as a code block whose fence is longer than any run of backticks in it."""
    content = clip(clean(text).replace("\r\n", "\n").replace("\r", "\n").strip("\n"), limit)
    longest = max((len(run) for run in re.findall(r"`+", content)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{content}\n{fence}"


def clean(text: str) -> str:
    """Without control characters, halves of characters and marks that turn the direction of writing."""
    return _CONTROL.sub("\ufffd", text)


def clip(text: str, limit: int) -> str:
    """At most `limit` characters (0 for no limit), with an ellipsis where something was cut."""
    return text if not limit or len(text) <= limit else text[: limit - 1].rstrip() + "…"
