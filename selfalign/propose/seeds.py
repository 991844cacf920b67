"""seeds/*.jsonl -> `Seed`: the tasks that proposing starts from.

The schema is that of Self-Instruct's `seed_tasks.jsonl` (Wang et al. 2023, arXiv 2212.10560): one JSON object per
line with id, name, instruction, instances of {input, output}, is_classification. Their file loads unchanged.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from typing import Any

from selfalign.builtin import builtin_names, require_data
from selfalign.errors import RecipeError
from selfalign.markers import LIST_ITEM, hostile, role_marker
from selfalign.records import Seed
from selfalign.rows import read_rows

_KINDS = {str: "text", bool: "true or false", list: "a list", dict: "an object"}


def load_seeds(names_or_paths: Sequence[str]) -> tuple[Seed, ...]:
    """The seeds of all these files (built-in names or paths), in order.

    Of several instances the first is taken; "name" and "is_classification" may be missing, further keys may be there.
    Raises RecipeError, one line with file and line number, for anything that is missing or wrong, and where two
    seeds have the same id.
    """
    seeds: list[Seed] = []
    places: dict[str, str] = {}
    for name_or_path in names_or_paths:
        path = require_data("seeds", name_or_path, ".jsonl", "a file of seeds")
        size_before = len(seeds)
        for line, row in read_rows(path):
            where = f"{path}:{line}"
            seed = _seed(row, where)
            if seed.id in places:
                raise RecipeError(f"{where}: the id {seed.id!r} stands in {places[seed.id]} already")
            places[seed.id] = where
            seeds.append(seed)
        if len(seeds) == size_before:
            raise RecipeError(f"{path}: no seeds in it; one JSON object per line is expected")
    if not seeds:
        raise RecipeError(f"no seeds: name a file or one of {', '.join(builtin_names('seeds', '.jsonl'))}")
    return tuple(seeds)


def seeds_digest(seeds: Sequence[Seed]) -> str:
    """SHA-256 (hex) of what the seeds say, for the manifest: other spacing in the file does not change it."""
    content = json.dumps([astuple(seed) for seed in seeds], ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()


def _seed(row: Mapping[str, Any], where: str) -> Seed:
    id_ = _text(row, "id", where)
    instances = _field(row, "instances", list, where)
    if not instances or not isinstance(instances[0], dict):
        raise RecipeError(f"{where}: 'instances' must hold at least one object with 'input' and 'output'")
    return Seed(
        id=id_,
        name=_text(row, "name", where) if "name" in row else id_,
        text=_text(row, "instruction", where),
        context=_text(instances[0], "input", where, may_be_empty=True),
        answer=_text(instances[0], "output", where),
        is_classification="is_classification" in row and _field(row, "is_classification", bool, where),
    )


def _text(row: Mapping[str, Any], key: str, where: str, *, may_be_empty: bool = False) -> str:
    text = _field(row, key, str, where).strip()
    if not text and not may_be_empty:
        raise RecipeError(f"{where}: '{key}' is empty")
    if found := hostile(text) or role_marker(text):
        raise RecipeError(f"{where}: '{key}' may not contain {found}")
    if key in ("instruction", "input") and (item := LIST_ITEM.search(text)):
        raise RecipeError(f"{where}: '{key}' may not contain the line {item.group().strip()!r}")
    return text


def _field(row: Mapping[str, Any], key: str, kind: type, where: str) -> Any:
    if key not in row:
        raise RecipeError(f"{where}: '{key}' is missing; the row has: {', '.join(row)[:200]}")
    if not isinstance(row[key], kind):
        raise RecipeError(f"{where}: '{key}' must be {_KINDS[kind]}, not {json.dumps(row[key], default=str)[:40]}")
    return row[key]
