"""Instructions that exist already, instead of proposing new ones.

A source is another run (its accepted instructions keep their ids, so that a changed constitution answers the same
instructions again), a JSON lines or Parquet file, a folder of the `datasets` library, or a dataset on the Hub; the
last three with the names of the fields that hold instruction and context. Dromedary-2 took its prompts this way.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from selfalign import rundir
from selfalign.errors import RecipeError
from selfalign.records import Instruction

Located = tuple[str, int, Mapping[str, Any]]
"""A row with where it stands: the source's name, the row's number from 1."""


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """Where existing instructions come from.

    `path` is a run directory, a file (.jsonl, .json, .parquet), a `datasets` folder, or a dataset's name on the Hub;
    `configuration`, `split` and `revision` matter to the last two only. The fields may be paths into a row
    ("messages.0.content"). A row without `context_field` has no context; `limit` takes the first rows only.
    """

    path: str
    instruction_field: str = "instruction"
    context_field: str = "context"
    configuration: str = ""
    split: str = "train"
    revision: str = ""
    limit: int | None = None

    def __post_init__(self) -> None:
        if not self.path:
            raise ValueError("path: a run, a file, a folder or a dataset's name on the Hub is needed")
        if not self.instruction_field:
            raise ValueError("instruction_field: the name of the field that holds the instruction is needed")
        if self.limit is not None and self.limit < 1:
            raise ValueError(f"limit: at least 1 row, not {self.limit}")


def read_source(spec: SourceSpec) -> Iterator[Instruction]:
    """The instructions of a source, in its own order; ids sort in that order.

    Raises `RecipeError` naming file and line where a row has no text under `instruction_field`, and where the source
    does not exist or cannot be read.
    """
    path = Path(spec.path)
    instructions = _from_run(path) if rundir.is_run(path) else _from_rows(spec, path)
    return islice(instructions, spec.limit)


def source_digest(spec: SourceSpec) -> str:
    """SHA-256 (hex) of what decides which instructions come: a file's content, else the names that identify it.

    Another run is identified by its recipe and manifest: it may grow, and what it has already given stays.
    """
    digest = hashlib.sha256()
    path = Path(spec.path)
    if rundir.is_run(path):
        parts = [path / rundir.RECIPE, path / rundir.MANIFEST]
    elif path.is_file():
        parts = [path]
    else:
        parts = sorted(item for item in path.rglob("*") if item.is_file()) if path.is_dir() else []
        digest.update(f"{spec.path}\n{spec.configuration}\n{spec.split}\n{spec.revision}".encode())
    for part in parts:
        with open(part, "rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _from_run(path: Path) -> Iterator[Instruction]:
    name = path.resolve().name
    for round_ in rundir.read_rounds(path):
        for item in round_.accepted:
            yield Instruction(item.id, item.text, item.context, f"run:{name}")


def _from_rows(spec: SourceSpec, path: Path) -> Iterator[Instruction]:
    for name, number, row in _rows(spec, path):
        where = f"{name}:{number}"
        text = _text(row, spec.instruction_field, where)
        if text is None:
            fields = ", ".join(sorted(map(str, row))[:8]) or "none"
            raise RecipeError(
                f"{where}: no field {spec.instruction_field!r} (it has: {fields}); set propose.source.instruction_field"
            )
        context = _text(row, spec.context_field, where) if spec.context_field else None
        yield Instruction(f"q{number:08d}", text, context or "", f"{Path(name).name}:{number}")


def _text(row: Any, field: str, where: str) -> str | None:
    """The text under a field or a dotted path, stripped; None where there is nothing."""
    value = row
    for part in [field] if isinstance(row, Mapping) and field in row else field.split("."):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    if value is not None and not isinstance(value, str):
        raise RecipeError(f"{where}: {field!r} holds {type(value).__name__}, not text")
    return None if value is None else value.strip()


def _rows(spec: SourceSpec, path: Path) -> Iterator[Located]:
    if path.is_file() and path.suffix == ".parquet":
        return ((str(path), number, row) for number, row in enumerate(_parquet_rows(path), start=1))
    if path.is_file():
        from selfalign.rows import read_rows

        return ((str(path), number, row) for number, row in read_rows(path))
    return ((spec.path, number, row) for number, row in enumerate(_datasets_rows(spec, path), start=1))


def _parquet_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=1_000):
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise RecipeError(f"{path}: cannot be read as Parquet ({_first_line(error)})") from error


def _datasets_rows(spec: SourceSpec, path: Path) -> Iterator[Mapping[str, Any]]:
    """Rows through the `datasets` library: a folder of its own, a folder of data files, or a name on the Hub."""
    if not path.is_dir() and (path.is_absolute() or spec.path.startswith(".") or spec.path.count("/") > 1):
        raise RecipeError(f"propose.source.path: {spec.path} does not exist")
    import datasets

    try:
        if (path / "dataset_dict.json").is_file() or (path / "state.json").is_file():
            loaded = datasets.load_from_disk(spec.path)
            rows = loaded[spec.split] if isinstance(loaded, datasets.DatasetDict) else loaded
        else:
            rows = datasets.load_dataset(
                spec.path, spec.configuration or None, split=spec.split, streaming=True, revision=spec.revision or None
            )
        yield from rows
    except RecipeError:
        raise
    except Exception as error:  # the library raises whatever its readers, the Hub's client and fsspec raise
        message = f"{type(error).__name__}: {_first_line(error)}"
        raise RecipeError(f"propose.source.path: {spec.path} cannot be loaded ({message})") from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[0]
