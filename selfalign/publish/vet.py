"""What stands against publishing a dataset, before any of it leaves the machine.

    secrets          text that looks like an access token, a key or a password
    folders          a report, made by an earlier version, that names folders of this machine
    miniature        rows of the built-in demo model
    decontamination  rows that repeat an evaluation prompt
    licence          a card without one
    outdated         a run whose examples are others since the dataset was exported

Each objection can be accepted by its name. The rows are read from the Parquet files, because those are what goes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import yaml

from selfalign.dataset.card import is_miniature
from selfalign.dataset.export import CARD
from selfalign.dataset.paths import public
from selfalign.dataset.summary import read_summary, read_withheld
from selfalign.errors import PublishError, RecipeError
from selfalign.publish.secrets import find_secret
from selfalign.records import Example
from selfalign.report import FILE as REPORT
from selfalign.report import page_texts
from selfalign.rows import read_rows
from selfalign.run import directory as rundir

OBJECTIONS = ("secrets", "folders", "miniature", "decontamination", "licence", "outdated")

_TEXTS = ("instruction", "context", "thought", "answer", "contrasts", "revision")
_NAMED_ROWS = 5


@dataclass(frozen=True, slots=True)
class Objection:
    """One reason not to publish; `name` is what accepts it."""

    name: str
    text: str


def object_to(run_path: Path, dataset: Path, *, with_report: bool, decontaminate: Sequence[str]) -> Iterator[Objection]:
    """Every objection against publishing a run's dataset (and its report, which shows rejected and failed rows too).

    `decontaminate` are files of evaluation prompts. Raises `PublishError` where the dataset cannot be read,
    `RunDirError` where the journals cannot, `RecipeError` where a file of prompts cannot.
    """
    recipe = rundir.read_recipe(run_path)
    if "license" not in read_header(dataset / CARD):
        yield Objection("licence", "its card names no licence: set dataset.licence in the recipe and export again")
    if is_miniature(recipe):
        yield Objection("miniature", "it was made by the built-in miniature, which only demonstrates: say --demo")
    if num_other := _num_other_examples(run_path, dataset):
        yield Objection(
            "outdated",
            f"the run's examples are not those of its dataset ({num_other:,} differ): run `selfalign export` first",
        )
    if rows := list(_rows_with_secrets(dataset)):
        yield Objection("secrets", f"{_named(rows)}: text that looks like a secret; remove it, or accept it by name")
    secrets, folders = _look_at_report(run_path) if with_report else ([], [])
    if secrets:
        only = "shown by the report only: leave it out (--no-report)"
        yield Objection("secrets", f"{_named(secrets)}: text that looks like a secret, {only}")
    if folders:
        again = "make it again with `selfalign report`, or leave it out (--no-report)"
        yield Objection("folders", f"{_named(folders)}: names a folder of this machine; {again}")
    files = tuple(decontaminate) or tuple(recipe.get("decontaminate") or ())
    if files and (rows := list(_contaminated(dataset, files, recipe))):
        yield Objection("decontamination", f"{_named(rows)}: repeats an evaluation prompt")


def read_header(card: Path) -> dict[str, object]:
    """The metadata of a card. Raises `PublishError` where there is no card or no metadata."""
    try:
        content = yaml.safe_load(card.read_text(encoding="utf-8").split("---\n")[1])
    except FileNotFoundError:
        how = f"make it with `selfalign export {card.parent.parent}`"
        raise PublishError(f"{card.parent}: no dataset here; {how}") from None
    except (OSError, ValueError, IndexError, yaml.YAMLError) as error:
        raise PublishError(f"{card}: its YAML header cannot be read; make it again with `selfalign export`") from error
    return content if isinstance(content, dict) else {}


def dataset_rows(dataset: Path) -> Iterator[dict[str, Any]]:
    """Every row with all that is known of it, as it will be published. Raises `PublishError` on a damaged file."""
    for path in sorted((dataset / "full").glob("*.parquet")):
        try:
            yield from (row for _, row in read_rows(path))
        except RecipeError as error:
            raise PublishError(f"{error}; make it again with `selfalign export`") from error


def _num_other_examples(run_path: Path, dataset: Path) -> int:
    """How many examples are in the journal or in the dataset (its rows and what it withholds), but not in both."""
    if read_summary(run_path):
        return 0
    journalled = {item.instruction_id for item in rundir.read_outcomes(run_path) if isinstance(item, Example)}
    exported = {row["id"] for row in dataset_rows(dataset)} | read_withheld(run_path).keys()
    return len(journalled ^ exported)


def _rows_with_secrets(dataset: Path) -> Iterator[str]:
    if kind := find_secret((dataset / CARD).read_text(encoding="utf-8")):
        yield f"{CARD} ({kind})"
    for row in dataset_rows(dataset):
        for column in _TEXTS:
            if kind := next(filter(None, map(find_secret, _strings(row.get(column)))), None):
                yield f"{row['id']} ({column}: {kind})"


def _look_at_report(run_path: Path) -> tuple[list[str], list[str]]:
    """Where the report shows what looks like a secret, and where it names a folder of this machine."""
    private, secrets, folders = _private_folders(run_path), [], []
    for place, held in _report_texts(run_path):
        text = "\n".join(_strings(held))
        if kind := find_secret(text):
            secrets.append(f"{place} ({kind})")
        if place.startswith(REPORT) and any(folder in text for folder in private):
            folders.append(place)
    return secrets, folders


def _report_texts(run_path: Path) -> Iterator[tuple[str, Any]]:
    """What the report shows, with its places: the finished page, or the journals where it is still to be made."""
    page = run_path / REPORT
    if page.is_file():
        try:
            yield from ((f"{REPORT}: {place}", held) for place, held in page_texts(page))
        except ValueError as error:
            raise PublishError(f"{page}: damaged ({error}); make it again with `selfalign report`") from error
        return
    for name in (rundir.ROUNDS, rundir.OUTCOMES):
        yield from ((f"{name}:{at}", row) for at, row in enumerate(rundir.read_lines(run_path / name), start=1))


def _private_folders(run_path: Path) -> list[str]:
    """Folders of this machine that nothing published may name: those of the recipe, of the run, and one's home."""
    told = [*_strings(rundir.read_recipe(run_path)), *_strings(rundir.read_manifest(run_path))]
    folders = {str(PurePath(each).parent) for each in told if public(each) != each}
    folders |= {str(run_path.resolve().parent), str(Path.home())}
    return sorted(folder for folder in folders if len(PurePath(folder).parts) > 2)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)


def _contaminated(dataset: Path, files: tuple[str, ...], recipe: dict) -> Iterator[str]:
    from selfalign.novelty.decontaminate import DecontaminationSpec, Decontaminator
    from selfalign.novelty.index import NoveltySpec

    novelty = NoveltySpec(**(recipe.get("novelty") or {}))
    rule = DecontaminationSpec(**(recipe.get("decontamination") or {}))
    find = Decontaminator(files, novelty, rule).find
    for row in dataset_rows(dataset):
        for answer in (row["answer"], *(each["answer"] for each in row.get("contrasts") or ())):
            if match := find(row["instruction"], row["context"], answer):
                yield f"{row['id']} ({match})"
                break


def _named(rows: Sequence[str]) -> str:
    more = f" and {len(rows) - _NAMED_ROWS:,} more" if len(rows) > _NAMED_ROWS else ""
    return ", ".join(rows[:_NAMED_ROWS]) + more
