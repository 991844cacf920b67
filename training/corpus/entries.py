"""YAML files whose texts know the line they stand on, so that a mistake can be found."""

from pathlib import Path
from typing import Any

import yaml


class Text(str):
    """A text or key of a file; `line` counts from 1."""

    line: int

    def __new__(cls, value: str, line: int) -> "Text":
        made = super().__new__(cls, value)
        made.line = line
        return made


class EntryError(Exception):
    """A mistake, and the line of the text where it was found."""

    def __init__(self, where: Any, message: str) -> None:
        super().__init__(message)
        self.line = line_of(where)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Makes `Text` of texts and refuses a key that stands there already."""

    def text(self, node: yaml.ScalarNode) -> Text:
        return Text(self.construct_scalar(node), node.start_mark.line + 1)

    def mapping(self, node: yaml.MappingNode) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in made:
                raise EntryError(key, f"duplicate key {key!r}")
            made[key] = self.construct_object(value_node, deep=True)
        return made


_Loader.add_constructor("tag:yaml.org,2002:str", _Loader.text)
_Loader.add_constructor("tag:yaml.org,2002:map", _Loader.mapping)


def line_of(where: Any) -> int:
    return getattr(where, "line", 0)


def read_entries(path: Path) -> dict[Any, Any]:
    """The file's entries; raises ValueError, one line with file and line, where it is no mapping of entries."""
    try:
        made = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except EntryError as error:
        raise ValueError(f"{path.name}:{error.line}: {error}") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise ValueError(f"{path.name}:{line}: {error.problem}") from None
    if not isinstance(made, dict):
        raise ValueError(f"{path.name}:1: entries are wanted, each a name with what belongs to it")
    return made
