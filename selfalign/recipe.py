"""A recipe: everything that decides what a run does, from YAML and `--set`, resolved once before work starts.

Defaults < the recipe's file < `--set propose.target=5000` < the flags people type daily. Each module owns its part
(a frozen "spec"); `Recipe` composes them, and every function receives its spec, never the whole. After this module
nobody sees YAML or flags. Every complaint is a `RecipeError` that names the file and the key.
"""

import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

import yaml

from selfalign.align.ask import AlignSpec
from selfalign.builtin import builtin_names, find_data
from selfalign.checks import ChecksSpec
from selfalign.dataset.balance import BalanceSpec
from selfalign.dataset.export import DatasetSpec
from selfalign.engine.spec import EngineSpec
from selfalign.errors import RecipeError, did_you_mean
from selfalign.novelty.index import NoveltySpec
from selfalign.propose.selfinstruct import ProposeSpec
from selfalign.records import to_row
from selfalign.run.directory import RECIPE, read_recipe


@dataclass(frozen=True, slots=True)
class Recipe:
    """A dataset build. `seeds` and `constitution` are built-in names or paths; `decontaminate` are files of
    evaluation prompts that no instruction may repeat; `slots` requests are in flight at most."""

    name: str = "default"
    rng_seed: int = 1
    slots: int = 64
    model: EngineSpec = field(default_factory=EngineSpec)
    seeds: tuple[str, ...] = ("default",)
    constitution: str = "default"
    decontaminate: tuple[str, ...] = ()
    propose: ProposeSpec = field(default_factory=ProposeSpec)
    novelty: NoveltySpec = field(default_factory=NoveltySpec)
    align: AlignSpec = field(default_factory=AlignSpec)
    checks: ChecksSpec = field(default_factory=ChecksSpec)
    balance: BalanceSpec = field(default_factory=BalanceSpec)
    dataset: DatasetSpec = field(default_factory=DatasetSpec)

    def __post_init__(self) -> None:
        if self.slots < 1:
            raise ValueError(f"slots: must be at least 1, is {self.slots}")
        if not self.seeds:
            raise ValueError("seeds: at least one file of seed tasks is needed")


def load_recipe(name_or_path: str, overrides: Sequence[str] = ()) -> Recipe:
    """The recipe of a file or of a built-in name, with `key=value` overrides (values are YAML).

    Raises `RecipeError` with the file and the key.
    """
    path = find_data("recipes", name_or_path, ".yaml")
    if path is None:
        names = builtin_names("recipes", ".yaml")
        raise RecipeError(f"{name_or_path}: no such file or built-in recipe{did_you_mean(name_or_path, names)}")
    content = _read_yaml(path)
    content.setdefault("name", path.stem)
    return build_recipe(content, str(path), overrides)


def recipe_of_run(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """The resolved recipe of a run directory. Raises `RunDirError` where there is none."""
    return build_recipe(read_recipe(path), str(path / RECIPE), overrides)


def build_recipe(content: Mapping[str, Any], origin: str, overrides: Sequence[str] = ()) -> Recipe:
    """A recipe from plain values; `origin` names their file in complaints. Raises `RecipeError`."""
    recipe = _build(Recipe, content, origin, "")
    if not overrides:
        return recipe
    # Built twice, so that a complaint names the file or the flag, whichever is to blame.
    merged = recipe_row(recipe)
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals or not key.strip():
            raise RecipeError(f"--set {override}: write it as key=value, for example --set propose.target=5000")
        _set_value(merged, key.strip(), _parse_value(text, override), override)
    return _build(Recipe, merged, "--set", "")


def recipe_row(recipe: Recipe) -> dict[str, Any]:
    """The recipe as plain values: what `recipe.yaml` of a run holds."""
    return to_row(recipe)


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeyLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise RecipeError(f"{path}:{line}: not valid YAML ({error.problem})") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RecipeError(f"{path}: cannot be read ({str(error).splitlines()[0]})") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise RecipeError(f"{path}: a recipe is a mapping of keys to values, not a {_yaml_type(content)}")
    return content


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML lets a later key silently replace an earlier one; in a recipe that is a mistake."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"key {key.value!r} stands twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _parse_value(text: str, override: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RecipeError(f"--set {override}: {str(error).splitlines()[0]}") from error


def _set_value(content: dict[str, Any], key: str, value: Any, override: str) -> None:
    *path, last = key.split(".")
    for name in path:
        inner = content.get(name)
        if inner is None and name in content:
            inner = content[name] = {}
        if not isinstance(inner, dict):
            raise RecipeError(f"--set {override}: unknown key {name!r}{did_you_mean(name, content)}")
        content = inner
    content[last] = value


def _build(kind: Any, content: Any, origin: str, prefix: str) -> Any:
    """A spec from plain values, checked field by field against its type hints."""
    if not isinstance(content, Mapping):
        raise RecipeError(f"{origin}: {prefix.rstrip('.')}: a mapping is needed, not a {_yaml_type(content)}")
    hints = typing.get_type_hints(kind)
    for key in content:
        if key not in hints:
            raise RecipeError(f"{origin}: unknown key {prefix}{key}{did_you_mean(str(key), hints)}")
    values = {key: _convert(hints[key], value, origin, f"{prefix}{key}") for key, value in content.items()}
    for item in fields(kind):
        if item.name not in values and item.default is MISSING and item.default_factory is MISSING:
            raise RecipeError(f"{origin}: {prefix}{item.name} is missing")
    try:
        return kind(**values)
    except ValueError as error:
        raise RecipeError(f"{origin}: {prefix}{error}") from error


def _convert(hint: Any, value: Any, origin: str, key: str) -> Any:
    """The value as its hint wants it: nested specs, tuples for lists, floats for whole numbers."""
    alternatives = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if value is None and types.NoneType in alternatives:
        return None
    wanted = next(option for option in alternatives if option is not types.NoneType)
    if is_dataclass(wanted):
        return _build(wanted, value, origin, f"{key}.")
    if typing.get_origin(wanted) is tuple:
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise RecipeError(f"{origin}: {key}: a list is needed, not {value!r}")
        inner = typing.get_args(wanted)[0]
        return tuple(_convert(inner, item, origin, f"{key}[{number}]") for number, item in enumerate(value))
    if typing.get_origin(wanted) in (Mapping, dict) or wanted in (Mapping, dict):
        if not isinstance(value, Mapping):
            raise RecipeError(f"{origin}: {key}: a mapping is needed, not {value!r}")
        return dict(value)
    return _convert_scalar(wanted, value, origin, key)


def _convert_scalar(wanted: Any, value: Any, origin: str, key: str) -> Any:
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if wanted is Any:
        return value
    if typing.get_origin(wanted) is typing.Literal:
        choices = typing.get_args(wanted)
        if value is False and "off" in choices:
            return "off"  # YAML reads a bare off as false
        if value not in choices:
            raise RecipeError(f"{origin}: {key}: one of {', '.join(map(str, choices))}, not {value!r}")
        return value
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise RecipeError(f"{origin}: {key}: {_TYPE_NAMES.get(wanted, wanted)} is needed, not {value!r}")
    return value


def _yaml_type(value: Any) -> str:
    return {list: "list", str: "text", type(None): "nothing"}.get(type(value), type(value).__name__)


_TYPE_NAMES = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
