"""The slots of one item: each is drawn, or calculated, when a pattern first asks for it, and keeps its value."""

import ast
import operator
from collections.abc import Mapping, Sequence
from random import Random
from string import digits
from typing import Any

from training.corpus.functions import FUNCTIONS
from training.corpus.grammar import fill, say

Lists = Mapping[str, Sequence[Any]]
"""What slots are drawn from, by name: words, numbers, or rows of a table."""

_OPERATORS: dict[type[ast.AST], Any] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Eq: operator.eq,
    ast.Gt: operator.gt,
}
_SYNTAX = (ast.Expression, ast.BinOp, ast.Compare, ast.IfExp, ast.Call, ast.Attribute, ast.Name, ast.Load, ast.Constant)


def base_of(slot: str) -> str:
    """The list behind a slot: {role2} draws from `role`."""
    return slot.rstrip(digits)


class Slots(dict[str, Any]):
    """Values by slot; {role}, {role2} and {role3} are three different entries of the list `role`.

    `row` is the kind's own row: its fields are slots too. `sums` are parsed expressions.
    """

    def __init__(
        self, rng: Random, lists: Lists, row: Mapping[str, Any], sums: Mapping[str, ast.expr] | None = None
    ) -> None:
        super().__init__()
        self._rng, self._lists, self._row, self._sums = rng, lists, row, sums or {}
        self._chosen: dict[str, Any] = {}

    def __missing__(self, slot: str) -> Any:
        base = base_of(slot)
        if slot in self._sums:
            self[slot] = calculated(self._sums[slot], self)
        else:
            self[slot] = self.drawn(slot, self._row[base] if base in self._row else self._lists[base], self._chosen)
        return self[slot]

    def drawn(self, slot: str, options: Any, chosen: dict[str, Any]) -> Any:
        """One of the options that no sibling of the slot has taken; its text is a pattern with slots of its own."""
        if not isinstance(options, list | range):
            options = [options]
        taken = [chosen[other] for other in chosen if base_of(other) == base_of(slot)]
        entry = chosen[slot] = self._rng.choice([it for it in options if it not in taken] if taken else options)
        if isinstance(entry, Mapping):
            return Row(self, entry)
        return fill(self._rng, entry, self) if isinstance(entry, str) else entry

    def say(self, pattern: Any) -> str:
        """The pattern, or one of several, as a sentence."""
        return say(self._rng, self._rng.choice(pattern) if isinstance(pattern, list) else str(pattern), self)


class Row:
    """A row of a table: {animal} is its first field, {animal.food} another one."""

    def __init__(self, slots: Slots, fields: Mapping[str, Any]) -> None:
        self._slots, self.fields = slots, fields
        self._values: dict[str, Any] = {}
        self._chosen: dict[str, Any] = {}

    def __getattr__(self, slot: str) -> Any:
        if base_of(slot) not in self.fields:
            raise AttributeError(slot)
        if slot not in self._values:
            self._values[slot] = self._slots.drawn(slot, self.fields[base_of(slot)], self._chosen)
        return self._values[slot]

    def __str__(self) -> str:
        return str(getattr(self, next(iter(self.fields))))


def parsed(expression: str) -> ast.expr:
    """The expression of a `let`; raises ValueError for anything but sums, comparisons and the functions named."""
    try:
        made = ast.parse(str(expression), mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"{expression!r} is no expression") from error
    for node in ast.walk(made):
        if not isinstance(node, (*_SYNTAX, *_OPERATORS)):
            raise ValueError(f"{expression!r} may not hold {type(node).__name__}")
        if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS):
            raise ValueError(f"no function {ast.unparse(node.func)}; there are {', '.join(FUNCTIONS)}")
    return made


def calculated(node: ast.expr, slots: Mapping[str, Any]) -> Any:
    """The value of a parsed expression."""
    match node:
        case ast.BinOp(left, how, right) | ast.Compare(left, [how], [right]):
            return _OPERATORS[type(how)](calculated(left, slots), calculated(right, slots))
        case ast.IfExp(test, body, orelse):
            return calculated(body if calculated(test, slots) else orelse, slots)
        case ast.Call(ast.Name(name), arguments):
            return FUNCTIONS[name](*(calculated(it, slots) for it in arguments))
        case ast.Attribute(value, field):
            return getattr(calculated(value, slots), field)
        case ast.Name(name):
            return slots[name]
    return ast.literal_eval(node)
