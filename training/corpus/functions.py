"""What the kinds' `let` lines may call: the little that is computed and not drawn."""

from collections.abc import Callable
from typing import Any


def ascending(*values: Any) -> str:
    return ", ".join(map(str, sorted(values)))


def descending(*values: Any) -> str:
    return ", ".join(map(str, sorted(values, reverse=True)))


def lookup(key: Any, *pairs: Any) -> Any:
    """What stands behind `key` in key, value, key, value ..."""
    return dict(zip(pairs[::2], pairs[1::2], strict=True))[key]


def bare(text: str) -> str:
    """Without its article "a" or "an"."""
    return text.removeprefix("a ").removeprefix("an ")


def titled(text: str) -> str:
    """As in a headline."""
    return text.title().replace("'S", "'s")


def unmarked(text: str) -> str:
    """In small letters and without full stops."""
    return text.lower().replace(".", "")


def ended(text: str) -> str:
    """With a full stop, unless it is a question."""
    return text if text.endswith("?") else f"{text}."


def clause(text: str) -> str:
    """Up to the first comma or "and"."""
    return text.split(",")[0].split(" and ")[0]


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "max": max,
    "min": min,
    "ascending": ascending,
    "descending": descending,
    "lookup": lookup,
    "bare": bare,
    "capitalised": str.capitalize,
    "titled": titled,
    "unmarked": unmarked,
    "ended": ended,
    "clause": clause,
    "first": lambda text, count: text[:count],
    "last": lambda text, count: text[-count:],
    "replaced": str.replace,
    "words": lambda text: len(text.split()),
}
