"""A run's journals become a dataset: Parquet in two configurations, three where the run makes pairs, and a card.

    outputs/<name>/dataset/
      README.md                        the card; its YAML header is what `load_dataset` and the Hub read
      summary.json                     figures of the whole: funnel, balance, checks (see `summary`)
      engraving/train-00000-of-N.parquet   messages only: the rows of the paper's principle engraving
      full/train-00000-of-N.parquet        everything that is known of the same rows
      preference/train-00000-of-N.parquet  pairs: prompt, chosen, rejected (see `pairs`)
      withheld.jsonl                   finished examples that were left out, each with its reason
      unpaired.jsonl                   contrasting answers that make no pair, each with its reason

Everything here is derived: it can be deleted and is rebuilt byte for byte. Rows are sorted by instruction id and
written in bounded memory (the journal is read through an index of line offsets).
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from selfalign.dataset.caps import BalanceSpec, surplus
from selfalign.dataset.card import Card, Split, render_card
from selfalign.dataset.judged import are_pairs_scored, judge_spec, margin_of
from selfalign.dataset.pairs import UNPAIRED, Unpaired
from selfalign.dataset.parquet import Shards, engraving_row, full_row, preference_row, schema
from selfalign.dataset.paths import public
from selfalign.dataset.summary import (
    FOLDER,
    WITHHELD,
    Measure,
    Outcomes,
    checks_of,
    read_places,
    scan_outcomes,
    write_summary,
)
from selfalign.errors import RunDirError
from selfalign.novelty.index import NoveltySpec
from selfalign.records import Example, to_row
from selfalign.run import directory as rundir

Spec = TypeVar("Spec")

CONFIGURATIONS = ("engraving", "full", "preference")
CARD = "README.md"


@dataclass(frozen=True, slots=True)
class DatasetSpec:
    """What the exported dataset looks like and says of itself.

    `holdout` is the share of rows (0 to below 1) that goes into a `test` split, chosen by the hash of the row's id:
    a row keeps its split when the run grows. `licence` is the Hub's identifier ("apache-2.0"); without one nothing
    can be pushed. `language` are ISO 639-1 codes, for rows too short to tell their own. `title` is the card's heading,
    by default the run's name.
    """

    holdout: float = 0.0
    licence: str = ""
    language: tuple[str, ...] = ("en",)
    title: str = ""
    tags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0.0 <= self.holdout < 1.0:
            raise ValueError(f"holdout: a share of the rows from 0 to below 1, not {self.holdout}")


def export(run_path: Path) -> Path:
    """Rebuild `<run>/dataset` from the journals and return its path; also works while the run goes on.

    The new folder replaces the old one only when it is whole. Raises `RunDirError` where `run_path` is no run, has
    no finished example yet, has a damaged journal, or cannot be written.
    """
    recipe = rundir.read_recipe(run_path)
    outcomes = scan_outcomes(run_path)
    if not outcomes.examples:
        raise RunDirError(f"{run_path}: no finished example yet, nothing to export; see `selfalign status {run_path}`")
    withheld = _withheld(run_path, outcomes, recipe)
    if len(withheld) == len(outcomes.examples):
        raise RunDirError(
            f"{run_path}: all {len(withheld)} finished examples are withheld; see `balance` in its recipe"
        )
    building, target = run_path / f".{FOLDER}.new", run_path / FOLDER
    try:
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir()
        _write(building, run_path, outcomes, withheld)
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


def _withheld(run_path: Path, outcomes: Outcomes, recipe: Mapping[str, Any]) -> dict[str, str]:
    """Why an example stays out of the dataset, by id, in order of id."""
    reasons = dict.fromkeys(outcomes.unstorable, "invalid_unicode")
    storable = [place for place in outcomes.examples if place[0] not in reasons]
    if recipe.get("decontaminate"):
        reasons |= _contaminated(read_places(run_path, storable), recipe)
    reasons |= {id_: reason for id_, reason in outcomes.judged.low.items() if id_ not in reasons}
    spec = _spec_of(BalanceSpec, recipe.get("balance"))
    if spec != BalanceSpec():
        clean = [place for place in storable if place[0] not in reasons]
        reasons |= surplus(read_places(run_path, clean), spec, checks_of(recipe))
    return dict(sorted(reasons.items()))


def _contaminated(examples: Iterable[Example], recipe: Mapping[str, Any]) -> dict[str, str]:
    """The examples of which an answer holds an evaluation item; instructions that do were never accepted."""
    from selfalign.novelty.decontaminate import DecontaminationSpec, Decontaminator

    rule = _spec_of(DecontaminationSpec, recipe.get("decontamination"))
    find = Decontaminator(recipe["decontaminate"], _spec_of(NoveltySpec, recipe.get("novelty")), rule).find
    answers = ((each.instruction_id, (each.answer, *(other.answer for other in each.contrasts))) for each in examples)
    found = ((id_, next(filter(None, (find("", "", text) for text in texts)), None)) for id_, texts in answers)
    return {id_: f"contaminated: {match}" for id_, match in found if match}


def _write(folder: Path, run_path: Path, outcomes: Outcomes, withheld: Mapping[str, str]) -> None:
    """Everything of the dataset, into an empty folder."""
    recipe, manifest = rundir.read_recipe(run_path), rundir.read_manifest(run_path)
    spec = _spec_of(DatasetSpec, recipe.get("dataset"))
    origin, ran = _origin(recipe, manifest), checks_of(recipe)
    weights, has_margins = judge_spec(recipe).weights, are_pairs_scored(recipe, manifest)
    kept = [place for place in outcomes.examples if place[0] not in withheld]
    measure, shown, unpaired = Measure(run_path, kept), [], []
    splits: list[Split] = []
    for name in ("train", "test"):
        places = [place for place in kept if is_held_out(place[0], spec.holdout) == (name == "test")]
        examples = read_places(run_path, places)
        if name == "train":
            examples = _showing(examples, shown, len(places))
        rows = _rows(examples, measure, unpaired, partial(full_row, origin=origin, ran=ran), weights)
        splits += _write_split(folder, name, rows, has_margins)
    summary = measure.summary(outcomes, withheld)
    write_summary(folder, summary)
    _write_lines(folder / WITHHELD, ({"id": id_, "reason": reason} for id_, reason in withheld.items()))
    _write_lines(folder / UNPAIRED, map(to_row, unpaired))
    title = spec.title or run_path.resolve().name
    constitution = rundir.read_constitution(run_path)
    card = render_card(Card(title, spec, recipe, manifest, constitution, summary, tuple(splits), tuple(shown)))
    (folder / CARD).write_text(card, encoding="utf-8")


def _write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Rows as JSON lines; no file where there are none."""
    if text := "".join(f"{json.dumps(row)}\n" for row in rows):
        path.write_text(text, encoding="utf-8")


def _showing(examples: Iterable[Example], shown: list[Example], num_rows: int) -> Iterator[Example]:
    """The same examples; into `shown` goes what the card prints.

    That is the middle of each third, so that early and late rounds are seen.
    """
    wanted = {num_rows * part // 6 for part in (1, 3, 5)}
    for number, example in enumerate(examples):
        if number in wanted:
            shown.append(example)
        yield example


def _rows(
    examples: Iterable[Example],
    measure: Measure,
    unpaired: list[Unpaired],
    full: Callable[[Example], dict[str, Any]],
    weights: Mapping[str, float],
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows that examples make, each with its configuration; the examples are measured as they go by."""
    for example in examples:
        pairs, without = measure.add(example)
        unpaired += without
        yield "engraving", engraving_row(example)
        yield "full", full(example)
        for chosen, rejected in pairs:
            margin = margin_of(example, chosen.rung, rejected.rung, weights)
            yield "preference", preference_row(example.instruction.user_turn, chosen.answer, rejected.answer, margin)


def _write_split(folder: Path, name: str, rows: Iterable[tuple[str, dict[str, Any]]], has_margins: bool) -> list[Split]:
    """The Parquet files of one split in every configuration that has rows."""
    files = {kind: Shards(folder / kind, name, schema(kind, has_margins)) for kind in CONFIGURATIONS}
    for kind, row in rows:
        files[kind].add(row)
    closed = [Split(kind, name, shards.num_rows, shards.close()) for kind, shards in files.items()]
    return [split for split in closed if split.num_rows]


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
    return {key: value for key, value in rundir.lasting(recipe).items() if key != "propose.target"}


def _replace(new: Path, target: Path) -> None:
    """Put the finished folder in the old one's place; a kill in between leaves the old one as `.dataset.old`."""
    old = target.with_name(f".{FOLDER}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        os.replace(target, old)
    os.replace(new, target)
    shutil.rmtree(old, ignore_errors=True)
