"""A run's journals become a dataset: Parquet in two configurations, and a card.

    outputs/<name>/dataset/
      README.md                        the card; its YAML header is what `load_dataset` and the Hub read
      engraving/train-00000-of-N.parquet   messages only: the rows of the paper's principle engraving
      full/train-00000-of-N.parquet        everything that is known of the same rows
      withheld.jsonl                   finished examples that were left out, each with its reason

Everything here is derived: it can be deleted and is rebuilt byte for byte. Rows are sorted by instruction id and
written in bounded memory (the journal is read through an index of line offsets).
"""

import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from selfalign.dataset.balance import BalanceSpec, measure, surplus
from selfalign.dataset.card import CardFacts, Split, public, render_card
from selfalign.dataset.parquet import Shards, engraving_row, full_row, schema
from selfalign.engine.spec import MINIATURE
from selfalign.errors import RunDirError
from selfalign.records import Constitution, Example, Outcome, constitution_from_row, outcome_from_row
from selfalign.run import directory as rundir
from selfalign.run.progress import Counters, count_run

Spec = TypeVar("Spec")

FOLDER = "dataset"
CONFIGURATIONS = ("engraving", "full")
CARD = "README.md"
WITHHELD = "withheld.jsonl"


@dataclass(frozen=True, slots=True)
class DatasetSpec:
    """What the exported dataset looks like and says of itself.

    `holdout` is the share of rows (0 to below 1) that goes into a `test` split, chosen by the hash of the row's id:
    a row keeps its split when the run grows. `licence` is the Hub's identifier ("apache-2.0"); without one nothing
    can be pushed. `language` are ISO 639-1 codes. `title` is the card's heading, by default the run's name.
    """

    holdout: float = 0.0
    licence: str = ""
    language: tuple[str, ...] = ("en",)
    title: str = ""
    tags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0.0 <= self.holdout < 1.0:
            raise ValueError(f"holdout: a share of the rows from 0 to below 1, not {self.holdout}")


@dataclass(frozen=True, slots=True)
class _Line:
    """One finished example in the journal: its id and the offset of its line; `withheld` is the reason it stays out."""

    id: str
    offset: int
    withheld: str = ""


def export(run_path: Path) -> Path:
    """Rebuild `<run>/dataset` from the journals and return its path; also works while the run goes on.

    The new folder replaces the old one only when it is whole. Raises `RunDirError` where `run_path` is no run, has
    no finished example yet, has a damaged journal, or cannot be written.
    """
    recipe, manifest = rundir.read_recipe(run_path), rundir.read_manifest(run_path)
    spec = _spec_of(DatasetSpec, recipe.get("dataset"))
    counters = count_run(rundir.read_rounds(run_path), (), _target(recipe))
    lines = _index(run_path, counters)
    if not lines:
        raise RunDirError(f"{run_path}: no finished example yet, nothing to export; see `selfalign status {run_path}`")
    building, target = run_path / f".{FOLDER}.new", run_path / FOLDER
    try:
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir()
        lines = _withhold_surplus(run_path, lines, _spec_of(BalanceSpec, recipe.get("balance")))
        _write(building, run_path, lines, spec, recipe, manifest, counters)
        _replace(building, target)
    except OSError as error:
        raise RunDirError(f"{target}: cannot be written ({error.strerror or error}); the run is untouched") from error
    return target


def is_held_out(instruction_id: str, share: float) -> bool:
    """Whether a row belongs to the held-out split: a pure function of its id."""
    number = int.from_bytes(hashlib.sha256(instruction_id.encode()).digest()[:8], "big")
    return number < share * 2**64


def _spec_of(kind: type[Spec], values: Mapping[str, Any] | None) -> Spec:
    """A part of the run's own recipe, which was checked when the run began."""
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in (values or {}).items()})


def _target(recipe: Mapping[str, Any]) -> int:
    return int((recipe.get("propose") or {}).get("target", 0))


def _index(run_path: Path, counters: Counters) -> list[_Line]:
    """Every finished example, sorted by id; all that was answered goes into the counters."""
    lines: list[_Line] = []
    for offset, record in _records(run_path / rundir.OUTCOMES):
        counters.count_outcome(record)
        if not isinstance(record, Example):
            continue
        lines.append(_Line(record.instruction_id, offset, "" if _is_unicode(record) else "invalid_unicode"))
    lines.sort(key=lambda line: line.id)
    for before, after in pairwise(lines):
        if before.id == after.id:
            raise RunDirError(f"{run_path / rundir.OUTCOMES}: {after.id} stands twice; the journal was changed")
    return lines


def _withhold_surplus(run_path: Path, lines: list[_Line], spec: BalanceSpec) -> list[_Line]:
    """The lines, those marked that stand above a cap of the recipe."""
    if spec == BalanceSpec():
        return lines
    with open(run_path / rundir.OUTCOMES, "rb") as journal:
        reasons = surplus(_examples_at(journal, [line for line in lines if not line.withheld]), spec)
    return [replace(line, withheld=line.withheld or reasons.get(line.id, "")) for line in lines]


def _records(path: Path) -> Iterator[tuple[int, Outcome]]:
    if not path.exists():
        return
    with open(path, "rb") as file:
        offset = 0
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                return
            yield offset, _record(path, number, line)
            offset += len(line)


def _record(path: Path, number: int, line: bytes) -> Outcome:
    try:
        return outcome_from_row(json.loads(line))
    except (KeyError, TypeError, ValueError) as error:
        raise RunDirError(f"{path}:{number}: not a line this version wrote ({error!r})") from error


def _is_unicode(example: Example) -> bool:
    """Whether the texts can be stored: a lone surrogate (half a character) has no UTF-8 form."""
    try:
        for text in (example.instruction.text, example.instruction.context, example.thought, example.answer):
            text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _write(
    folder: Path,
    run_path: Path,
    lines: list[_Line],
    spec: DatasetSpec,
    recipe: Mapping[str, Any],
    manifest: Mapping[str, Any],
    counters: Counters,
) -> None:
    """Everything of the dataset, into an empty folder."""
    kept = [line for line in lines if not line.withheld]
    if not kept:
        raise RunDirError(f"{run_path}: all {len(lines)} finished examples are withheld; see `balance` in its recipe")
    constitution = _constitution(run_path, manifest)
    tally = _Tally()
    rows = _write_rows(folder, run_path, kept, spec, _origin(recipe, manifest), tally)
    balance = measure(rows, constitution)
    _write_withheld(folder / WITHHELD, lines)
    facts = CardFacts(
        title=spec.title or run_path.resolve().name,
        licence=spec.licence,
        language=spec.language,
        tags=spec.tags,
        recipe=recipe,
        manifest=manifest,
        counters=counters,
        withheld=Counter(line.withheld for line in lines if line.withheld),
        balance=balance,
        checks=tally.checks,
        splits=tuple(tally.splits),
        constitution=constitution,
        shown=tuple(tally.shown),
        is_miniature=is_miniature(recipe),
    )
    (folder / CARD).write_text(render_card(facts), encoding="utf-8")


def _write_rows(
    folder: Path, run_path: Path, lines: list[_Line], spec: DatasetSpec, origin: Mapping[str, Any], tally: "_Tally"
) -> Iterator[Example]:
    """Write the Parquet files of every split, yielding each example as it goes by."""
    for split in ("train", "test"):
        members = [line for line in lines if is_held_out(line.id, spec.holdout) == (split == "test")]
        if not members:
            continue
        files = {name: Shards(folder / name, split, len(members), schema(name)) for name in CONFIGURATIONS}
        with open(run_path / rundir.OUTCOMES, "rb") as journal:
            for number, example in enumerate(_examples_at(journal, members)):
                files["engraving"].add(engraving_row(example))
                files["full"].add(full_row(example, origin))
                tally.add(example, is_shown=split == "train" and number in _spread(len(members)))
                yield example
        tally.splits += [Split(name, split, len(members), shards.close()) for name, shards in files.items()]


class _Tally:
    """What the card needs of the rows while they go by."""

    def __init__(self) -> None:
        self.splits: list[Split] = []
        self.shown: list[Example] = []
        self.checks: Counter[tuple[str, str]] = Counter()

    def add(self, example: Example, *, is_shown: bool) -> None:
        self.checks.update((check.name, check.verdict.value) for check in example.checks)
        if is_shown:
            self.shown.append(example)


def is_miniature(recipe: Mapping[str, Any]) -> bool:
    """Whether a run's model is the built-in one, whose rows are for trying, testing and teaching."""
    return (recipe.get("model") or {}).get("model") == MINIATURE


def _constitution(run_path: Path, manifest: Mapping[str, Any]) -> Constitution:
    try:
        return constitution_from_row(manifest["constitution"])
    except (KeyError, TypeError, ValueError) as error:
        where = run_path / rundir.MANIFEST
        raise RunDirError(f"{where}: no constitution this version wrote ({error!r})") from error


def _spread(num_rows: int) -> set[int]:
    """The rows that the card shows: the middle of each third, so that early and late rounds are seen."""
    return {num_rows * part // 6 for part in (1, 3, 5)}


def _write_withheld(path: Path, lines: list[_Line]) -> None:
    rows = [{"id": line.id, "reason": line.withheld} for line in lines if line.withheld]
    if rows:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _examples_at(journal: BinaryIO, lines: list[_Line]) -> Iterator[Example]:
    for line in lines:
        journal.seek(line.offset)
        yield outcome_from_row(json.loads(journal.readline()))


def _origin(recipe: Mapping[str, Any], manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What is the same in every row: the model, how it was sampled, and the digests of what it was shown."""
    model = recipe.get("model") or {}
    align = recipe.get("align") or {}
    canonical = json.dumps(_lasting(recipe), sort_keys=True, ensure_ascii=False)
    return {
        "model": str(public(model.get("model", ""))),
        "model_revision": str(manifest.get("model_revision") or ""),
        "sampling": json.dumps(align.get("sampling") or {}, sort_keys=True),
        "digests": {
            "constitution": str(manifest.get("constitution_digest", "")),
            "seeds": str(manifest.get("seeds_digest", "")),
            "recipe": hashlib.sha256(canonical.encode()).hexdigest(),
            "model": str(manifest.get("model_digest") or ""),
        },
    }


def _lasting(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe without what may change while a run grows, so that its earlier rows stay as they are."""
    kept = {key: value for key, value in recipe.items() if key not in rundir.CHANGEABLE}
    if "propose" in kept:
        kept["propose"] = {key: value for key, value in kept["propose"].items() if key != "target"}
    return kept


def _replace(new: Path, target: Path) -> None:
    """Put the finished folder in the old one's place; a kill in between leaves the old one as `.dataset.old`."""
    old = target.with_name(f".{FOLDER}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        os.replace(target, old)
    os.replace(new, target)
    shutil.rmtree(old, ignore_errors=True)
