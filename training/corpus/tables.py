"""Kinds of instruction from YAML: patterns and tables in data/kinds/*.yaml, words in data/words.yaml.

    opening_hours:
      group: unknowable            harmless where left out
      weight: 0.8                  its share among the other kinds; practice: its share in training
      held: true                   never trained on: only the evaluation asks it
      cites: static, candor
      rows: [{what: library}, ...]             one is drawn, its keys are slots (strings are patterns themselves)
      numbers: {k: [2, 9], p: [2, 5, 10, 20]}  a range of two, or one of several
      let: {c: a + b, most: max(a, b)}         sums of them
      text, context, answer, naive, thought: patterns; the naive answer is the answer where it is left out
      keys: ["{c} "]               one of them stands in a right answer

A slot such as {role} or {role2} draws from the list `role` of the words, {role} and {role2} not the same word.
"""

import ast
import operator
import re
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import yaml

from training.corpus.grammar import Item, Kind, item, say

DATA = Path(__file__).parent.parent / "data"
_SLOT = re.compile(r"(?<!\{)\{([a-z_]+)([0-9]*)\}(?!\})")
_PERSONA = ("name", "maker", "knowledge_date")
_PATTERNS = ("text", "context", "answer", "naive", "thought")
_FIELDS = {*_PATTERNS, "group", "weight", "practice", "held", "cites", "rows", "numbers", "let", "keys"}
_OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.FloorDiv: operator.floordiv}


def load_words(path: Path = DATA / "words.yaml") -> dict[str, list[str]]:
    """The word lists, by slot name."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def load_kinds(path: Path, words: Mapping[str, list[str]]) -> dict[str, tuple[Kind, bool]]:
    """The kinds of a file, and whether each is held out; raises ValueError for an unknown key or slot."""
    listed = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {name: (_kind(f"{path.name}: {name}", name, spec, words), spec.get("held", False)) for name, spec in
            listed.items()}  # fmt: skip


def _kind(where: str, name: str, spec: Mapping[str, Any], words: Mapping[str, list[str]]) -> Kind:
    if unknown := set(spec) - _FIELDS:
        raise ValueError(f"{where}: unknown {sorted(unknown)}")
    slots = _slots(where, spec, words)

    def make(rng: Random) -> Item:
        return _item(rng, name, spec, _filled(rng, spec, slots, words))

    return Kind(make, spec.get("weight", 1.0), spec.get("practice", 0.0))


def _slots(where: str, spec: Mapping[str, Any], words: Mapping[str, list[str]]) -> list[tuple[str, str]]:
    """Every slot that draws from the words: (slot, list)."""
    rows = spec.get("rows", [])
    own = {key for row in rows for key in row} | set(spec.get("numbers", ())) | set(spec.get("let", ()))
    texts = [spec.get(key, "") for key in _PATTERNS] + [str(key) for key in spec.get("keys", ())]
    texts += [value for row in rows for value in row.values() if isinstance(value, str)]
    found = dict.fromkeys(match.groups() for text in texts for match in _SLOT.finditer(text))
    slots = [(base + digits, base) for base, digits in found if base + digits not in own]
    for slot, base in slots:
        if base not in words:
            raise ValueError(f"{where}: no words for {{{slot}}}")
    return slots


def _filled(
    rng: Random, spec: Mapping[str, Any], slots: list[tuple[str, str]], words: Mapping[str, list[str]]
) -> dict[str, object]:
    values: dict[str, object] = {}
    for slot, base in slots:
        taken = [values[other] for other, same in slots if same == base and other in values]
        values[slot] = rng.choice([word for word in words[base] if word not in taken])
    for key, options in spec.get("numbers", {}).items():
        values[key] = rng.randint(*options) if len(options) == 2 else rng.choice(options)
    row = dict(rng.choice(spec["rows"])) if "rows" in spec else {}
    values |= {key: _within(rng, value, values) for key, value in row.items()}
    for key, expression in spec.get("let", {}).items():
        values[key] = _calculated(ast.parse(expression, mode="eval").body, values)
    return values


def _within(rng: Random, value: object, values: Mapping[str, object]) -> object:
    """A row's text with its own slots filled; it keeps its first letter."""
    if not isinstance(value, str) or not ("{" in value or "[" in value):
        return value
    made = say(rng, value, **values)
    return value[:1] + made[1:] if value[:1] not in "{[" else made[:1].lower() + made[1:]


def _calculated(node: ast.expr, values: Mapping[str, object]) -> Any:
    if isinstance(node, ast.BinOp):
        return _OPERATORS[type(node.op)](_calculated(node.left, values), _calculated(node.right, values))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return {"max": max, "min": min}[node.func.id](_calculated(arg, values) for arg in node.args)
    return values[node.id] if isinstance(node, ast.Name) else ast.literal_eval(node)


def _item(rng: Random, name: str, spec: Mapping[str, Any], values: dict[str, object]) -> Item:
    return item(
        rng,
        name,
        spec["text"],
        spec["answer"],
        spec["thought"],
        spec["cites"],
        naive=spec.get("naive", ""),
        context=spec.get("context", ""),
        group=spec.get("group", "harmless"),
        keys=tuple(say(rng, str(key), **values) for key in spec.get("keys", ())),
        **values,
    )
