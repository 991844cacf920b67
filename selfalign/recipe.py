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
from typing import Any, NoReturn

import yaml

from selfalign.align.ask import AlignSpec
from selfalign.align.constitution import PersonaSpec
from selfalign.align.contrast import PairsSpec
from selfalign.align.revise import ReviseSpec
from selfalign.builtin import builtin_names, find_data
from selfalign.checks import ChecksSpec
from selfalign.dataset.caps import BalanceSpec
from selfalign.dataset.export import DatasetSpec
from selfalign.engine.spec import EngineSpec
from selfalign.errors import RecipeError, did_you_mean
from selfalign.judge import JudgeSpec
from selfalign.novelty.decontaminate import DecontaminationSpec
from selfalign.novelty.index import NoveltySpec
from selfalign.propose import ProposeSpec
from selfalign.records import to_row
from selfalign.run.directory import RECIPE, read_recipe
from selfalign.yamlfile import read_plain


@dataclass(frozen=True, slots=True)
class Recipe:
    """A dataset build. `seeds` and `constitution` are built-in names or paths; `persona` overrides who answers;
    `decontaminate` are files of
    evaluation prompts that no instruction may repeat; `slots` requests are in flight at most."""

    name: str = "default"
    rng_seed: int = 1
    slots: int = 64
    model: EngineSpec = field(default_factory=EngineSpec)
    seeds: tuple[str, ...] = ("default",)
    constitution: str = "default"
    persona: PersonaSpec = field(default_factory=PersonaSpec)
    decontaminate: tuple[str, ...] = ()
    decontamination: DecontaminationSpec = field(default_factory=DecontaminationSpec)
    propose: ProposeSpec = field(default_factory=ProposeSpec)
    novelty: NoveltySpec = field(default_factory=NoveltySpec)
    align: AlignSpec = field(default_factory=AlignSpec)
    checks: ChecksSpec = field(default_factory=ChecksSpec)
    revise: ReviseSpec | None = None
    pairs: PairsSpec | None = None
    judge: JudgeSpec = field(default_factory=JudgeSpec)
    balance: BalanceSpec = field(default_factory=BalanceSpec)
    dataset: DatasetSpec = field(default_factory=DatasetSpec)

    def __post_init__(self) -> None:
        if self.slots < 1:
            raise ValueError(f"slots: must be at least 1, is {self.slots}")
        if not self.seeds:
            raise ValueError("seeds: at least one file of seed tasks is needed")
        if self.align.samples > 1 and not self.judge.score:
            raise ValueError("align.samples: several answers need a judge to choose among them; set judge.score=true")
        if self.pairs and self.pairs.scored and not self.judge.score:
            raise ValueError("pairs.scored: nothing is scored without a judge; set judge.score=true")


def load_recipe(name_or_path: str, overrides: Sequence[str] = ()) -> Recipe:
    """The recipe of a file or of a built-in name, with `key=value` overrides (values are YAML).

    Raises `RecipeError` with the file and the key.
    """
    path = find_data("recipes", name_or_path, ".yaml")
    if path is None:
        names = builtin_names("recipes", ".yaml")
        raise RecipeError(f"{name_or_path}: no such file or built-in recipe{did_you_mean(name_or_path, names)}")
    content, lines = read_plain(path)
    content.setdefault("name", path.stem)
    return build_recipe(content, str(path), overrides, lines)


def recipe_of_run(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """The resolved recipe of a run directory. Raises `RunDirError` where there is none."""
    return build_recipe(read_recipe(path), str(path / RECIPE), overrides)


def build_recipe(
    content: Mapping[str, Any], name: str, overrides: Sequence[str] = (), lines: Mapping[str, int] | None = None
) -> Recipe:
    """A recipe from plain values; complaints name their file, `name`, and the line of the key. Raises `RecipeError`."""
    recipe = _build(Recipe, content, _Origin(name, lines or {}), "")
    if not overrides:
        return recipe
    # Built twice, so that a complaint names the file or the flag, whichever is to blame.
    merged = recipe_row(recipe)
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals or not key.strip():
            raise RecipeError(f"--set {override}: write it as key=value, for example --set propose.target=5000")
        _set_value(merged, key.strip(), _parse_value(text, override), override)
    return _build(Recipe, merged, _Origin("--set"), "")


def recipe_row(recipe: Recipe) -> dict[str, Any]:
    """The recipe as plain values: what `recipe.yaml` of a run holds."""
    return to_row(recipe)


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


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where values came from: a file, or a flag, and the line of each dotted key where there are lines."""

    name: str
    lines: Mapping[str, int] = field(default_factory=dict)

    def fail(self, key: str, message: str) -> NoReturn:
        """Raise the complaint about a key; one that is not there has the line of what it is missing from."""
        nearest = key
        while nearest and nearest not in self.lines:
            nearest = nearest.rpartition(".")[0]
        line = f":{self.lines[nearest]}" if nearest else ""
        raise RecipeError(f"{self.name}{line}: {key}: {message}")


def _build(kind: Any, content: Any, origin: _Origin, prefix: str) -> Any:
    """A spec from plain values, checked field by field against its type hints."""
    if not isinstance(content, Mapping):
        origin.fail(prefix.rstrip("."), f"a mapping is needed, not {content!r}")
    hints = typing.get_type_hints(kind)
    for key in content:
        if key not in hints:
            origin.fail(f"{prefix}{key}", f"unknown key{did_you_mean(str(key), hints)}")
    values = {key: _convert(hints[key], value, origin, f"{prefix}{key}") for key, value in content.items()}
    for item in fields(kind):
        if item.name not in values and item.default is MISSING and item.default_factory is MISSING:
            origin.fail(f"{prefix}{item.name}", "is missing")
    try:
        return kind(**values)
    except ValueError as error:
        key, _, message = str(error).partition(": ")
        origin.fail(f"{prefix}{key}", message)


def _convert(hint: Any, value: Any, origin: _Origin, key: str) -> Any:
    """The value as its hint wants it: nested specs, tuples for lists, floats for whole numbers."""
    alternatives = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if value is None and types.NoneType in alternatives:
        return None
    if len(alternatives) > 1 and isinstance(value, str) and str in alternatives:
        return value
    wanted = next(option for option in reversed(alternatives) if option is not types.NoneType)
    if is_dataclass(wanted):
        return _build(wanted, value, origin, f"{key}.")
    if typing.get_origin(wanted) is tuple:
        if isinstance(value, str) or not isinstance(value, Sequence):
            origin.fail(key, f"a list is needed, not {value!r}")
        inner = typing.get_args(wanted)[0]
        return tuple(_convert(inner, item, origin, f"{key}[{number}]") for number, item in enumerate(value))
    if typing.get_origin(wanted) in (Mapping, dict) or wanted in (Mapping, dict):
        if not isinstance(value, Mapping):
            origin.fail(key, f"a mapping is needed, not {value!r}")
        return dict(value)
    return _convert_scalar(wanted, value, origin, key)


def _convert_scalar(wanted: Any, value: Any, origin: _Origin, key: str) -> Any:
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if wanted is Any:
        return value
    if typing.get_origin(wanted) is typing.Literal:
        choices = typing.get_args(wanted)
        if value is False and "off" in choices:
            return "off"  # YAML reads a bare off as false
        if value not in choices:
            origin.fail(key, f"one of {', '.join(map(str, choices))}, not {value!r}")
        return value
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        origin.fail(key, f"{_TYPE_NAMES.get(wanted, wanted)} is needed, not {value!r}")
    return value


_TYPE_NAMES = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
