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
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

from training.corpus.entries import EntryError, read_entries
from training.corpus.grammar import DELICATE_GROUPS, IDS, Item, Kind
from training.corpus.mistakes import IN_ROWS, PATTERNS, Form, check, names_of
from training.corpus.slots import Lists, Slots, parsed

DATA = Path(__file__).parent.parent / "data"


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


def _kind(name: str, spec: Mapping[str, Any], words: Lists) -> tuple[Kind, bool]:
    rows = spec.get("rows", [{}])
    forms = [Form({**spec, **row}, {key: row[key] for key in row if key not in IN_ROWS}) for row in rows]
    lists, sums = {**words, **_lists(spec)}, {key: _sum(name, it) for key, it in spec.get("let", {}).items()}
    check(name, spec, forms, lists)
    shares = [form.row.get("share", 1) for form in forms]
    group, cites = str(spec.get("group", "harmless")), forms[0].fields["cites"]

    def make(rng: Random) -> Item:
        form = rng.choices(forms, shares)[0] if len(forms) > 1 else forms[0]
        return _item(str(name), group, form.fields, Slots(rng, lists, form.row, sums))

    governed_by = IDS[names_of(cites)[0]] if group in DELICATE_GROUPS else ""
    return Kind(make, spec.get("weight", 1.0), spec.get("practice", 0.0), governed_by), spec.get("held", False)


def _item(name: str, group: str, fields: Mapping[str, Any], slots: Slots) -> Item:
    said = {key: slots.say(fields[key]) if key in fields else "" for key in PATTERNS}
    said["naive"] = said["naive"] or said["answer"]
    keys = fields.get("keys", [])
    if isinstance(keys, str):
        table, _, field = keys.partition(".")
        keys = slots[table].fields[field]
    made = tuple(slots.say(key).lower() for key in keys)
    return Item(kind=name, group=group, cites=names_of(fields["cites"]), keys=made, **said)
