"""What stands against publishing a dataset, before any of it leaves the machine.

    secrets          text that looks like an access token, a key or a password
    miniature        rows of the built-in demo model
    decontamination  rows that repeat an evaluation prompt
    licence          a card without one
    outdated         a run whose examples are others since the dataset was exported

Each objection can be accepted by its name. The rows are read from the Parquet files, because those are what goes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from selfalign.checks.private import find_secret
from selfalign.dataset.export import CARD, WITHHELD, is_miniature
from selfalign.errors import PublishError
from selfalign.records import Example
from selfalign.run import directory as rundir

OBJECTIONS = ("secrets", "miniature", "decontamination", "licence", "outdated")

_TEXTS = ("instruction", "context", "thought", "answer")
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
    if with_report and (rows := list(_report_secrets(run_path))):
        yield Objection(
            "secrets",
            f"{_named(rows)}: text that looks like a secret, shown by the report only: leave it out (--no-report)",
        )
    files = tuple(decontaminate) or tuple(recipe.get("decontaminate") or ())
    if files and (rows := list(_contaminated(dataset, files, recipe))):
        yield Objection("decontamination", f"{_named(rows)}: repeats an evaluation prompt")


def read_header(card: Path) -> dict[str, object]:
    """The metadata of a card. Raises `PublishError` where there is no card or no metadata."""
    try:
        content = yaml.safe_load(card.read_text(encoding="utf-8").split("---\n")[1])
    except FileNotFoundError:
        raise PublishError(
            f"{card.parent}: no dataset here; make it with `selfalign export {card.parent.parent}`"
        ) from None
    except (OSError, ValueError, IndexError, yaml.YAMLError) as error:
        raise PublishError(f"{card}: its YAML header cannot be read; make it again with `selfalign export`") from error
    return content if isinstance(content, dict) else {}


def dataset_rows(dataset: Path, columns: Sequence[str] = ("id", *_TEXTS)) -> Iterator[dict[str, str]]:
    """The id and the texts of every row, as they will be published. Raises `PublishError` on a damaged file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for path in sorted((dataset / "full").glob("*.parquet")):
        try:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(batch_size=2_000, columns=list(columns)):
                    yield from batch.to_pylist()
        except (pa.ArrowException, OSError) as error:
            raise PublishError(f"{path}: damaged ({str(error).splitlines()[0]}); make it again with export") from error


def _num_other_examples(run_path: Path, dataset: Path) -> int:
    """How many examples are in the journal or in the dataset (its rows and what it withholds), but not in both."""
    journalled = {item.instruction_id for item in rundir.read_outcomes(run_path) if isinstance(item, Example)}
    exported = {row["id"] for row in dataset_rows(dataset, ["id"])}
    if (dataset / WITHHELD).is_file():
        exported.update(row["id"] for row in rundir.read_lines(dataset / WITHHELD))
    return len(journalled ^ exported)


def _rows_with_secrets(dataset: Path) -> Iterator[str]:
    if kind := find_secret((dataset / CARD).read_text(encoding="utf-8")):
        yield f"{CARD} ({kind})"
    for row in dataset_rows(dataset):
        for column in _TEXTS:
            if kind := find_secret(row[column]):
                yield f"{row['id']} ({column}: {kind})"


def _report_secrets(run_path: Path) -> Iterator[str]:
    for name in (rundir.ROUNDS, rundir.OUTCOMES):
        with open(run_path / name, encoding="utf-8", errors="replace") as file:
            for number, line in enumerate(file, start=1):
                if kind := find_secret(line):
                    yield f"{name}:{number} ({kind})"


def _contaminated(dataset: Path, files: tuple[str, ...], recipe: dict) -> Iterator[str]:
    from selfalign.novelty.decontaminate import Decontaminator
    from selfalign.novelty.index import NoveltySpec

    find = Decontaminator(files, NoveltySpec(**(recipe.get("novelty") or {}))).find
    for row in dataset_rows(dataset):
        if place := find(row["instruction"], row["context"]):
            yield f"{row['id']} ({place})"


def _named(rows: Sequence[str]) -> str:
    more = f" and {len(rows) - _NAMED_ROWS:,} more" if len(rows) > _NAMED_ROWS else ""
    return ", ".join(rows[:_NAMED_ROWS]) + more
