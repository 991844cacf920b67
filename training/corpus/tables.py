"""Kinds of instruction from the files in data/kinds/*.yaml, with the words in data/words.yaml.

A kind is added without Python: write an entry like this one into the file of its topic, then look at what it makes
with `python -m training.show price --count 5`.

    price:
      weight: 0.8                share among the other kinds; practice: share in training; 1 where left out
      group: harmless            or unknowable, missing, harmful, identity, disputed; harmless where left out
      held: true                 never trained on: only the evaluation asks it
      cites: reasoning, helpful  names of principles; where the kind is not harmless, the first one decides
      text: A {role} buys {k} {thing}s for {each} coins each. [What does it cost?|How much is that?]
      context: ...               what stands below the text, if anything
      thought: The price of one must be multiplied by the number, {k} times {each}.
      answer: "{k} times {each} is {sum}, so it costs {sum}."
      naive: It costs {sum}.     the answer where left out
      keys: ["{sum}."]           one of them stands in a right answer; `keys: fruit.word` is every word of that list
      numbers: {k: 2 to 6, each: [2, 3, 5, 10]}        a range, or one of several
      let: {sum: k * each}       what is calculated: sums, `a if b > c else d`, functions of functions.py
      words: {thing: [pen, old {object}]}              lists of this kind's own
      rows: [{...}, {...}]       one is drawn (`share` is its weight): its fields are slots, or take the place of text,
                                 context, thought, answer, naive, keys or cites

Text is a pattern: [a|b] takes one of the alternatives, {role} draws from the list `role`, and {role2} another entry of
it. A list in the place of a pattern draws one of its patterns. What is drawn from may hold slots itself. Where the
entries of a list are rows, {animal} is the first field and {animal.food} another one. An entry `shared` holds words and
numbers for all kinds of its file. Any mistake is one line with file and line.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from string import Formatter
from typing import Any

from training.corpus.entries import EntryError, Text, line_of, read_entries
from training.corpus.grammar import DELICATE_GROUPS, IDS, Item, Kind
from training.corpus.slots import Lists, Slots, base_of, parsed

DATA = Path(__file__).parent.parent / "data"
_PATTERNS = ("text", "context", "thought", "answer", "naive")
_IN_ROWS = {*_PATTERNS, "keys", "cites"}
_NEEDED = ("text", "thought", "answer", "cites")
_DRAWN = ("words", "numbers", "let")
_FIELDS = {*_IN_ROWS, *_DRAWN, "rows", "group", "weight", "practice", "held"}


def load_words(path: Path = DATA / "words.yaml") -> dict[str, list[Any]]:
    """The word lists, by slot name."""
    return read_entries(path)


def load_kinds(path: Path, words: Lists) -> dict[str, tuple[Kind, bool]]:
    """The kinds of a file, and whether each is held out; raises ValueError, one line, for anything that is wrong."""
    entries = read_entries(path)
    try:
        shared = _lists(entries.pop("shared", {}))
        return {str(name): _checked(name, spec, {**words, **shared}) for name, spec in entries.items()}
    except EntryError as error:
        raise ValueError(f"{path.name}:{error.line}: {error}") from None


def load_all(folder: Path = DATA / "kinds") -> tuple[dict[str, Kind], dict[str, Kind]]:
    """The kinds of all files of a folder: those trained on, and those held out."""
    trained: dict[str, Kind] = {}
    held: dict[str, Kind] = {}
    words = load_words()
    for path in sorted(folder.glob("*.yaml")):
        for name, (kind, is_held) in load_kinds(path, words).items():
            if name in trained or name in held:
                raise ValueError(f"{path.name}: there is a kind {name} in another file already")
            (held if is_held else trained)[name] = kind
    return trained, held


def _lists(spec: Mapping[str, Any]) -> dict[str, Any]:
    made = {name: words if isinstance(words, list) else [words] for name, words in spec.get("words", {}).items()}
    return made | {name: _numbers(name, options) for name, options in spec.get("numbers", {}).items()}


def _numbers(name: str, options: Any) -> list[int] | range:
    if isinstance(options, list):
        return options
    if not (found := re.fullmatch(r"(\d+) to (\d+)", str(options))):
        raise EntryError(name, f"{name}: numbers are a range such as 2 to 9, or a list")
    return range(int(found[1]), int(found[2]) + 1)


def _checked(name: str, spec: Mapping[str, Any], words: Lists) -> tuple[Kind, bool]:
    try:
        return _kind(name, spec, words)
    except (TypeError, AttributeError, KeyError, ValueError) as error:
        raise EntryError(name, f"{name}: {error}") from None


def _sum(name: str, expression: str) -> ast.expr:
    try:
        return parsed(expression)
    except ValueError as error:
        raise EntryError(expression, f"{name}: {error}") from None


@dataclass(frozen=True, slots=True)
class _Form:
    """A kind's fields with one of its rows in their place."""

    fields: Mapping[str, Any]
    row: Mapping[str, Any]


def _kind(name: str, spec: Mapping[str, Any], words: Lists) -> tuple[Kind, bool]:
    rows = spec.get("rows", [{}])
    forms = [_Form({**spec, **row}, {key: row[key] for key in row if key not in _IN_ROWS}) for row in rows]
    lists, sums = {**words, **_lists(spec)}, {key: _sum(name, it) for key, it in spec.get("let", {}).items()}
    _check(name, spec, forms, lists)
    shares = [form.row.get("share", 1) for form in forms]
    group, cites = str(spec.get("group", "harmless")), forms[0].fields["cites"]

    def make(rng: Random) -> Item:
        form = rng.choices(forms, shares)[0] if len(forms) > 1 else forms[0]
        return _item(str(name), group, form.fields, Slots(rng, lists, form.row, sums))

    governed_by = IDS[_names(cites)[0]] if group in DELICATE_GROUPS else ""
    return Kind(make, spec.get("weight", 1.0), spec.get("practice", 0.0), governed_by), spec.get("held", False)


def _names(cites: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in cites.split(","))


def _item(name: str, group: str, fields: Mapping[str, Any], slots: Slots) -> Item:
    said = {key: slots.say(fields[key]) if key in fields else "" for key in _PATTERNS}
    said["naive"] = said["naive"] or said["answer"]
    keys = fields.get("keys", [])
    if isinstance(keys, str):
        table, _, field = keys.partition(".")
        keys = slots[table].fields[field]
    made = tuple(slots.say(key).lower() for key in keys)
    return Item(kind=name, group=group, cites=_names(fields["cites"]), keys=made, **said)


# --- Mistakes --------------------------------------------------------------------------------------------------


def _check(name: str, spec: Mapping[str, Any], forms: list[_Form], lists: Lists) -> None:
    """Raise EntryError, with its line, for the first mistake in a kind."""
    for key in spec:
        if key not in _FIELDS:
            raise EntryError(key, f"{name}: unknown field {key!r}")
        _check_values(name, key, spec[key])
    if spec.get("group", "harmless") not in ("harmless", *DELICATE_GROUPS):
        raise EntryError(spec["group"], f"{name}: unknown group {spec['group']!r}")
    for key in ("weight", "practice"):
        if not isinstance(spec.get(key, 1), int | float):
            raise EntryError(_key(spec, key), f"{name}: {key} is no number")
    used: set[str] = {"share"}
    for form in forms:
        for key in _NEEDED:
            if key not in form.fields:
                raise EntryError(next(iter(form.row), name), f"{name}: no {key}")
        for key in _PATTERNS:
            if not all(isinstance(pattern, str) for pattern in _flat(form.fields.get(key, ""))):
                raise EntryError(
                    _key(form.fields, key), f"{name}: {key} is no text; one that begins with a brace wants quotes"
                )
        for cite in _names(form.fields["cites"]):
            if cite not in IDS:
                raise EntryError(form.fields["cites"], f"{name}: unknown principle {cite!r}")
        used |= _slots_used(name, form, spec.get("let", {}), lists)
    own = [key for group in _DRAWN for key in spec.get(group, {})] + [key for form in forms for key in form.row]
    for key in own:
        if key not in used:
            raise EntryError(key, f"{name}: {key} is never used")


def _key(fields: Mapping[str, Any], key: str) -> Any:
    """The key as it stands in the file, with its line."""
    return next(own for own in fields if own == key)


def _check_values(name: str, key: str, value: Any) -> None:
    """Nothing may be left empty: that is what YAML makes of `{role}` without quotes."""
    if value is None or value == {} or value == []:
        raise EntryError(key, f"{name}: {key} is empty; a text that begins with a brace or bracket wants quotes")
    if isinstance(value, Mapping):
        for inner, it in value.items():
            _check_values(name, inner, it)
    for it in value if isinstance(value, list) else []:
        _check_values(name, key, it)


def _slots_used(name: str, form: _Form, sums: Mapping[str, str], lists: Lists) -> set[str]:
    """The names behind all the slots that the form may fill, found from its patterns on."""
    keys = form.fields.get("keys", [])
    waiting: list[Any] = [form.fields[key] for key in _PATTERNS if key in form.fields]
    waiting.append(Text(f"{{{keys}}}", line_of(keys)) if isinstance(keys, str) else keys)
    used: set[str] = set()
    while waiting:
        for pattern in _texts(waiting.pop()):
            for slot, *path in _slots(name, pattern):
                origin = slot if slot in sums else base_of(slot)
                options = _first(origin, sums if slot in sums else {}, form.row, lists)
                if options is None:
                    raise EntryError(pattern, f"{name}: no words for {{{slot}}}")
                _check_path(name, pattern, slot, path, options)
                if origin not in used:
                    used.add(origin)
                    waiting.append(_in_sum(options) if slot in sums else options)
    return used


def _check_path(name: str, pattern: str, slot: str, path: list[str], options: Any) -> None:
    """Every row that {slot.field} may draw from must have that field."""
    for field in path:
        rows = options if isinstance(options, list) else [options]
        if not all(isinstance(row, Mapping) and base_of(field) in row for row in rows):
            raise EntryError(pattern, f"{name}: {{{slot}}} has no field {field!r} in each of its rows")
        options = [it for row in rows for it in _flat(row[base_of(field)])]


def _first(name: str, *tables: Mapping[str, Any]) -> Any:
    return next((table[name] for table in tables if name in table), None)


def _in_sum(expression: str) -> list[str]:
    """The slots of an expression, as patterns on its line."""
    nodes = list(ast.walk(parsed(expression)))
    inner = [id(node.func) for node in nodes if isinstance(node, ast.Call)]
    inner += [id(node.value) for node in nodes if isinstance(node, ast.Attribute)]
    found = [node for node in nodes if isinstance(node, ast.Name | ast.Attribute) and id(node) not in inner]
    return [Text(f"{{{ast.unparse(node)}}}", line_of(expression)) for node in found]


def _flat(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _texts(value: Any) -> Iterator[str]:
    """All patterns within a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(part)


def _slots(name: str, pattern: str) -> list[list[str]]:
    """The slots of a pattern, split at their dots."""
    if pattern.count("[") != pattern.count("]"):
        raise EntryError(pattern, f"{name}: a bracket is not closed in {pattern!r}")
    try:
        return [slot.split(".") for _, slot, _, _ in Formatter().parse(pattern) if slot is not None]
    except ValueError as error:
        raise EntryError(pattern, f"{name}: {error} in {pattern!r}") from None
