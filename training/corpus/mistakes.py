"""Whether an entry of a kinds' file is well formed, found out before anything is drawn from it."""

import ast
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any

from training.corpus.entries import EntryError, Text, line_of
from training.corpus.grammar import DELICATE_GROUPS, IDS
from training.corpus.slots import Lists, base_of, parsed

PATTERNS = ("text", "context", "thought", "answer", "naive")
IN_ROWS = {*PATTERNS, "keys", "cites"}
"""Fields whose place a row may take."""
_NEEDED = ("text", "thought", "answer", "cites")
_DRAWN = ("words", "numbers", "let")
_FIELDS = {*IN_ROWS, *_DRAWN, "rows", "group", "weight", "practice", "held"}

Mistakes = Iterator[tuple[Any, str]]
"""Text or key of the file, which has a line, and what is wrong there."""


@dataclass(frozen=True, slots=True)
class Form:
    """A kind's fields with one of its rows in their place, and the slots of that row."""

    fields: Mapping[str, Any]
    row: Mapping[str, Any]


def names_of(cites: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in cites.split(","))


def check(name: str, spec: Mapping[str, Any], forms: list[Form], lists: Lists) -> None:
    """Raise EntryError for the first mistake in the kind `name`."""
    for where, message in _mistakes(name, spec, forms, lists):
        raise EntryError(where, f"{name}: {message}")


def _mistakes(name: str, spec: Mapping[str, Any], forms: list[Form], lists: Lists) -> Mistakes:
    yield from _in_fields(spec)
    used = {"share"}
    for form in forms:
        yield from _in_form(name, form)
        used |= yield from _in_slots(form, spec.get("let", {}), lists)
    for own in (*(spec.get(group, {}) for group in _DRAWN), *(form.row for form in forms)):
        yield from ((key, f"{key} is never used") for key in own if key not in used)


def _in_fields(spec: Mapping[str, Any]) -> Mistakes:
    for key, value in spec.items():
        if key not in _FIELDS:
            yield key, f"unknown field {key!r}"
        if key == "group" and value not in ("harmless", *DELICATE_GROUPS):
            yield value, f"unknown group {value!r}"
        if key in ("weight", "practice") and not isinstance(value, int | float):
            yield key, f"{key} is no number"
        yield from _empty(key, value)


def _empty(key: str, value: Any) -> Mistakes:
    """Nothing may be left empty: that is what YAML makes of `{role}` without quotes."""
    if value is None or value == {} or value == []:
        yield key, f"{key} is empty; a text that begins with a brace or bracket wants quotes"
    for inner, it in value.items() if isinstance(value, Mapping) else ():
        yield from _empty(inner, it)
    for it in value if isinstance(value, list) else ():
        yield from _empty(key, it)


def _in_form(name: str, form: Form) -> Mistakes:
    for needed in _NEEDED:
        if needed not in form.fields:
            yield next(iter(form.row), name), f"no {needed}"
    for key, value in form.fields.items():
        if key in PATTERNS and not all(isinstance(pattern, str) for pattern in _several(value)):
            yield key, f"{key} is no text; one that begins with a brace wants quotes"
    for cite in names_of(form.fields["cites"]):
        if cite not in IDS:
            yield form.fields["cites"], f"unknown principle {cite!r}"


def _in_slots(form: Form, sums: Mapping[str, str], lists: Lists) -> Generator[tuple[Any, str], None, set[str]]:
    """Follows every slot that the form may fill, from its patterns on; returns the names behind them."""
    keys = form.fields.get("keys", [])
    waiting: list[Any] = [form.fields[key] for key in PATTERNS if key in form.fields]
    waiting.append(Text(f"{{{keys}}}", line_of(keys)) if isinstance(keys, str) else keys)
    siblings: dict[str, set[str]] = {}
    while waiting:
        for pattern in _texts(waiting.pop()):
            for slot, *path in (yield from _in_pattern(pattern)):
                origin = slot if slot in sums else base_of(slot)
                options = _options(slot, sums, form, lists)
                if options is None:
                    yield pattern, f"no words for {{{slot}}}"
                yield from _in_path(pattern, slot, path, options)
                if origin not in siblings:
                    waiting.append(_slots_of(options) if slot in sums else options)
                siblings.setdefault(origin, set()).add(slot)
                if isinstance(options, list | range) and len(siblings[origin]) > len(options):
                    yield pattern, f"{{{slot}}}: only {len(options)} to draw from"
    return set(siblings)


def _options(slot: str, sums: Mapping[str, str], form: Form, lists: Lists) -> Any:
    """What the slot is drawn from: a list, a range or a text that is calculated or filled; None if there is nothing."""
    if slot in sums:
        return sums[slot]
    base = base_of(slot)
    return form.row[base] if base in form.row else lists.get(base)


def _in_pattern(pattern: str) -> Generator[tuple[Any, str], None, list[list[str]]]:
    """Returns the slots of a pattern, split at their dots."""
    if pattern.count("[") != pattern.count("]"):
        yield pattern, f"a bracket is not closed in {pattern!r}"
    try:
        return [slot.split(".") for _, slot, _, _ in Formatter().parse(pattern) if slot is not None]
    except ValueError as error:
        yield pattern, f"{error} in {pattern!r}"
    return []


def _in_path(pattern: str, slot: str, path: list[str], options: Any) -> Mistakes:
    """Every row that {slot.field} may draw from must have that field."""
    for field in path:
        rows = _several(options)
        if not all(isinstance(row, Mapping) and base_of(field) in row for row in rows):
            yield pattern, f"{{{slot}}} has no field {field!r} in each of its rows"
        options = [it for row in rows for it in _several(row[base_of(field)])]


def _slots_of(expression: str) -> list[str]:
    """The slots of a `let`, as patterns on its line."""
    nodes = list(ast.walk(parsed(expression)))
    inner = [node.func if isinstance(node, ast.Call) else node.value for node in nodes
             if isinstance(node, ast.Call | ast.Attribute)]  # fmt: skip
    found = [node for node in nodes if isinstance(node, ast.Name | ast.Attribute) and node not in inner]
    return [Text(f"{{{ast.unparse(node)}}}", line_of(expression)) for node in found]


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _texts(value: Any) -> Iterator[str]:
    """All patterns within a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(part)
