"""Labelled answers of the user's: a file of JSON lines, written by `selfalign show --to-label`, filled in, read back.

    {"id": "p0000012-03", "user": "...", "answer": "...", "principle": "candor", "label": true}

`label` says whether the answer follows the principle: true, false, or null where nobody has said so yet.
The arguments that `--argue` adds, `for` and `against`, may stay.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from selfalign.errors import RecipeError, did_you_mean
from selfalign.records import Constitution
from selfalign.rows import read_rows

KEYS = ("id", "user", "answer", "principle", "label")
_ARGUMENTS = ("for", "against")


@dataclass(frozen=True, slots=True)
class Label:
    """Whether an answer to a user turn follows a principle; `id` is the row's in a run, or anything else."""

    id: str
    user_turn: str
    answer: str
    principle: str
    is_good: bool


def load_labels(path: str, constitution: Constitution) -> tuple[Label, ...]:
    """The labelled rows of a file. Raises `RecipeError`, with file and line, for any row that is not as described."""
    known = {principle.id for principle in constitution.principles}
    labels: dict[tuple[str, str, str], Label] = {}
    for line, row in read_rows(path):
        label = _label(row, known, f"{path}:{line}")
        if label is None:
            continue
        asked = (label.user_turn, label.answer, label.principle)
        if asked in labels:
            raise RecipeError(f"{path}:{line}: this answer is labelled twice for {label.principle!r}")
        labels[asked] = label
    return tuple(labels.values())


def _label(row: Mapping[str, Any], known: set[str], where: str) -> Label | None:
    """The label of a row; None where it is still null."""
    for key in row:
        if key not in (*KEYS, *_ARGUMENTS):
            raise RecipeError(f"{where}: unknown key {key!r}{did_you_mean(str(key), KEYS)}")
    for key in KEYS:
        if key not in row:
            raise RecipeError(f"{where}: the key {key!r} is missing")
        if key != "label" and not isinstance(row[key], str):
            raise RecipeError(f"{where}: {key}: must be text, not {row[key]!r}")
    if row["principle"] not in known:
        said = did_you_mean(row["principle"], known)
        raise RecipeError(f"{where}: principle: the constitution has no {row['principle']!r}{said}")
    if row["label"] is None:
        return None
    if not isinstance(row["label"], bool):
        raise RecipeError(f"{where}: label: must be true, false or null, not {row['label']!r}")
    return Label(*(row[key] for key in KEYS[:-1]), is_good=row["label"])
