"""A YAML file as values that know where they stand, so that every complaint names file, line and key.

The parser's node tree is read as it is: that keeps line numbers, and no tag constructs anything but plain values.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from selfalign.errors import RecipeError, did_you_mean
from selfalign.markers import hostile, role_marker

_TEXT_TAG = "tag:yaml.org,2002:str"
_BOOL_TAG = "tag:yaml.org,2002:bool"
_NUMBER_TAGS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


@dataclass(frozen=True, slots=True)
class Value:
    """A value of the file at `where` ("principles[3].rule"); what is wrong with it raises RecipeError."""

    path: Path
    where: str
    node: yaml.Node

    def fail(self, message: str, *, at: yaml.Node | None = None) -> NoReturn:
        """Raise the complaint, with the line of this value or of the node `at`."""
        line = (at or self.node).start_mark.line + 1
        raise RecipeError(f"{self.path}:{line}: {self.where + ': ' if self.where else ''}{message}")

    def mapping(self, required: Sequence[str], optional: Sequence[str] = ()) -> "dict[str, Value]":
        """The values under these keys, and no others."""
        if not isinstance(self.node, yaml.MappingNode):
            self.fail(f"must be a mapping with the keys {', '.join(required)}")
        values: dict[str, Value] = {}
        for key_node, value_node in self.node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else "<not text>"
            if key not in (*required, *optional):
                self.fail(f"unknown key {key!r}{did_you_mean(key, (*required, *optional))}", at=key_node)
            if key in values:
                self.fail(f"duplicate key {key!r}", at=key_node)
            values[key] = Value(self.path, f"{self.where}.{key}".lstrip("."), value_node)
        for key in required:
            if key not in values:
                self.fail(f"the key {key!r} is missing")
        return values

    def items(self) -> "dict[str, Value]":
        """The values of a mapping with any keys."""
        if not isinstance(self.node, yaml.MappingNode):
            self.fail("must be a mapping")
        return self.mapping((), [key.value for key, _ in self.node.value if isinstance(key, yaml.ScalarNode)])

    def one_or_more(self) -> "list[Value]":
        """The entries of a list, or the value itself where it is none."""
        return self.entries() if isinstance(self.node, yaml.SequenceNode) else [self]

    def entries(self) -> "list[Value]":
        """The entries of a list that has at least one."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.fail("must be a list")
        if not self.node.value:
            self.fail("the list is empty; at least one entry is needed")
        return [Value(self.path, f"{self.where}[{index}]", node) for index, node in enumerate(self.node.value)]

    def scalar(self) -> str:
        """A single value as it is written, whatever its type."""
        if not isinstance(self.node, yaml.ScalarNode):
            self.fail("must be a single value, not a list or mapping")
        return self.node.value

    def text(self) -> str:
        """Text that may stand in a prompt, without blank space around it, and not empty."""
        text = self.scalar().strip()
        if not text:
            self.fail("is empty")
        if self.node.tag != _TEXT_TAG:
            self.fail(f"must be text; put {text[:40]!r} in quotes")
        self.refuse_hostile(text)
        return text

    def line(self) -> str:
        """Text of a single line."""
        text = self.text()
        if "\n" in text:
            self.fail("must be a single line")
        return text

    def flag(self) -> bool:
        """True or false."""
        value = self.scalar()
        if self.node.tag != _BOOL_TAG:
            self.fail(f"must be true or false, not {value[:40]!r}")
        return value.lower() in ("true", "yes", "on")

    def number(self, low: float, high: float) -> float:
        """A number between two bounds, which are allowed."""
        text = self.scalar()
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if self.node.tag not in _NUMBER_TAGS or not low <= number <= high:
            self.fail(f"must be a number between {low:g} and {high:g}, not {text[:40]!r}")
        return number

    def refuse_hostile(self, text: str) -> None:
        """Complain if `text`, made from this value, would break a prompt."""
        if found := hostile(text) or role_marker(text):
            self.fail(f"may not contain {found}")


def read_yaml(path: Path) -> Value:
    """The document in a UTF-8 YAML file; raises RecipeError with the line where it cannot be read or is empty."""
    node = _compose(path)
    if node is None:
        raise RecipeError(f"{path}:1: the file is empty")
    return Value(path, "", node)


def read_plain(path: Path) -> tuple[dict[str, Any], dict[str, int]]:
    """The mapping in a YAML file as plain values (empty for an empty file), and the line of each dotted key.

    Raises RecipeError, with the line, for anything else and for a key that is there twice.
    """
    node = _compose(path)
    if node is None:
        return {}, {}
    if not isinstance(node, yaml.MappingNode):
        raise RecipeError(f"{path}:{node.start_mark.line + 1}: must be a mapping of keys to values")
    lines: dict[str, int] = {}
    _note_lines(path, node, "", lines)
    return yaml.constructor.SafeConstructor().construct_document(node), lines


def _note_lines(path: Path, node: yaml.Node, prefix: str, lines: dict[str, int]) -> None:
    """Enter the line of every key below `node`; YAML itself would let a later key silently replace an earlier one."""
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _note_lines(path, item, f"{prefix}[{index}]", lines)
    elif isinstance(node, yaml.MappingNode):
        for key_node, value_node in node.value:
            key, line = f"{prefix}.{key_node.value}".lstrip("."), key_node.start_mark.line + 1
            if key in lines:
                raise RecipeError(f"{path}:{line}: duplicate key {key!r}")
            lines[key] = line
            _note_lines(path, value_node, key, lines)


def _compose(path: Path) -> yaml.Node | None:
    text = _read(path)
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise RecipeError(f"{path}:{line}: character U+{ord(text[error.position]):04X} may not stand in YAML") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise RecipeError(f"{path}:{line}: not valid YAML: {error.problem or error.context}") from None
    except RecursionError:
        raise RecipeError(f"{path}:1: nested too deeply") from None


def _read(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RecipeError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise RecipeError(f"{path}:{line}: not UTF-8 text; save the file as UTF-8") from None
