"""Rows of a user's data file, streamed, each with the number of its line; and lines into a file that appears whole.

A file is JSON lines (`.jsonl`, gzipped `.jsonl.gz`, any other name), a JSON array (`.json` that opens with a bracket),
Parquet (`.parquet`), or a folder of the `datasets` library: one that `save_to_disk` wrote, or one with data files in
it as the Hub has them. Line numbers count from 1; outside JSON lines they are the row's number. Nothing is skipped:
what is no row is a `RecipeError` that names file and line.
"""

import gzip
import json
import os
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Any, TextIO, TypeVar

from selfalign.errors import RecipeError, RunDirError, first_line

T = TypeVar("T")

LIVE_LINE_SECONDS = 0.2
PLAIN_LINE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its line (from 1), its fields, and the text it was read from where it was read from JSON lines."""

    line: int
    fields: dict[str, Any]
    raw: str | None = None


def read_rows(path: str | Path, configuration: str = "", split: str = "") -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number, fields) of every row; arguments and errors are those of `read_raw_rows`."""
    for row in read_raw_rows(path, configuration, split):
        yield row.line, row.fields


def read_raw_rows(path: str | Path, configuration: str = "", split: str = "") -> Iterator[Row]:
    """Yield every row of a file or folder, in order, without holding more than a few in memory.

    `configuration` and `split` choose within a folder that has several. Raises `RecipeError`, naming file and line,
    where there is no such file, where it cannot be read, and at a line that is no JSON object. Empty lines at the end
    of JSON lines are no rows; elsewhere they are errors.
    """
    path = Path(path)
    try:
        if path.is_dir():
            yield from _folder_rows(path, configuration, split)
        elif path.suffix == ".parquet":
            yield from _parquet_rows(path)
        else:
            yield from _json_rows(path)
    except FileNotFoundError:
        raise RecipeError(f"{path}: does not exist") from None
    except (OSError, EOFError, zlib.error) as error:
        raise RecipeError(f"{path}: cannot be read ({first_line(error)})") from error


def count_rows(path: str | Path) -> int | None:
    """About how many rows a file has, for a progress bar; None where only reading it all would tell."""
    path = Path(path)
    if not path.is_file() or path.suffix == ".gz":
        return None
    if path.suffix == ".parquet":
        return _parquet_count(path)
    try:
        with path.open("rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    except OSError:  # reading the rows says it better
        return None


def value_at(fields: Mapping[str, Any], name: str, where: str, *, required: bool = True) -> Any:
    """What stands under a field name, or under a dotted path into the row ("messages.0.content"); None if nothing.

    Raises `RecipeError`, which opens with `where` ("file:line"), where that is missing or null and `required`.
    """
    value: Any = fields
    for part in [name] if name in fields else name.split("."):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            value = None
    if value is None and required:
        known = ", ".join(sorted(map(str, fields))[:8]) or "none"
        raise RecipeError(f"{where}: no field {name!r} (fields here: {known}); name the field that holds the text")
    return value


def text_field(fields: Mapping[str, Any], name: str, where: str, *, required: bool = True) -> str:
    """The text under a field name or dotted path; missing or null is "" unless `required`.

    Raises `RecipeError` where a required field is missing and where the field holds something else than text.
    """
    value = value_at(fields, name, where, required=required)
    if value is not None and not isinstance(value, str):
        raise RecipeError(f"{where}: field {name!r} holds {type(value).__name__}, not text")
    return value or ""


_ROLES = {"human": "user", "gpt": "assistant", "model": "assistant", "bot": "assistant"}


def turns_of(value: Any, where: str) -> list[tuple[str, str]]:
    """(role, text) of every turn of a chat, in OpenAI's form or ShareGPT's; roles are "user", "assistant", "system".

    A plain text and the texts of a list are turns whose role is "". Raises `RecipeError`, which opens with `where`,
    for anything else.
    """
    if isinstance(value, str):
        return [("", value)]
    if not isinstance(value, list) or not all(isinstance(turn, str | Mapping) for turn in value):
        raise RecipeError(f"{where} holds {type(value).__name__}, not text and not a chat")
    return [("", turn) if isinstance(turn, str) else _turn(turn, where) for turn in value]


def last_turn(value: Any, role: str, where: str) -> str:
    """The text of a chat's last turn of `role`, or of its last turn where none has that role."""
    turns = turns_of(value, where)
    return next((text for role_, text in reversed(turns) if role_ == role), turns[-1][1] if turns else "")


def _turn(turn: Mapping[str, Any], where: str) -> tuple[str, str]:
    content = turn.get("content", turn.get("value"))
    if isinstance(content, list):
        content = "".join(part.get("text") or "" for part in content if isinstance(part, Mapping))
    if content is not None and not isinstance(content, str):
        raise RecipeError(f"{where}: a turn's content is {type(content).__name__}, not text")
    role = str(turn.get("role", turn.get("from", "")))
    return _ROLES.get(role, role), content or ""


@contextmanager
def written_whole(path: Path | None) -> Iterator[Callable[[str], None]]:
    """A function that writes a line into a file which takes its place at the end, or never where the work fails.

    Without a path the lines go nowhere. Raises `RunDirError` where the file cannot be written.
    """
    if path is None:
        yield lambda line: None
        return
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            # A lone surrogate cannot be encoded; its backslash escape is what JSON itself would write.
            yield lambda line: file.write(line.encode("utf-8", "backslashreplace") + b"\n")
        part.replace(path)
    except OSError as error:
        raise RunDirError(f"{path}: cannot be written ({error.strerror})") from error
    finally:
        part.unlink(missing_ok=True)


def watched(items: Iterable[T], total: int | None, doing: str, stream: TextIO | None) -> Iterator[T]:
    """The same items; to `stream` goes how many there were: one live line on a terminal, else a line now and then."""
    if stream is None:
        yield from items
        return
    is_live = stream.isatty()
    seconds = LIVE_LINE_SECONDS if is_live else PLAIN_LINE_SECONDS
    due = time.monotonic() + seconds
    for num, item in enumerate(items, start=1):
        yield item
        if num % 64 == 0 and time.monotonic() >= due:
            line = f"{doing} {num:,}" + (f" of {total:,} ({num / max(num, total):.0%})" if total else "")
            stream.write(f"\r\x1b[2K{line}" if is_live else f"{line}\n")
            stream.flush()
            due = time.monotonic() + seconds
    if is_live:
        stream.write("\r\x1b[2K")


def _json_rows(path: Path) -> Iterator[Row]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rb") as file:
        first = file.readline()
        if path.suffix == ".json" and first.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"["):
            yield from _array_rows(path, first + file.read())
        else:
            yield from _line_rows(path, first, file)


def _line_rows(path: Path, first: bytes, rest: IO[bytes]) -> Iterator[Row]:
    # Lines end at "\n" alone: text files would also be cut at U+2028 and friends, which JSON allows inside a string.
    empty_line = 0
    for number, line in enumerate(chain([first] if first else [], rest), start=1):
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line.strip():
            empty_line = empty_line or number
            continue
        if empty_line:
            raise RecipeError(f"{path}:{empty_line}: an empty line, not a JSON object; remove it")
        where = f"{path}:{number}"
        raw = _decode(line, where).strip()
        yield Row(number, _object(_parse(raw, where), where), raw)


def _array_rows(path: Path, content: bytes) -> Iterator[Row]:
    items = _parse(_decode(content.removeprefix(b"\xef\xbb\xbf"), str(path)), str(path))
    for number, item in enumerate(items, start=1):
        yield Row(number, _object(item, f"{path}:{number}"))


def _decode(line: bytes, where: str) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RecipeError(f"{where}: not UTF-8 text (byte {error.start + 1}); convert the file to UTF-8") from None


def _parse(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise RecipeError(f"{where}: JSON nested too deeply") from None
    except ValueError as error:
        raise RecipeError(f"{where}: no JSON ({first_line(error)}); expected one JSON object per line") from None


def _object(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        kind = {list: "an array", str: "a string", type(None): "null", bool: "a boolean"}.get(type(value), "a number")
        raise RecipeError(f"{where}: {kind}, not a JSON object; every row is an object with named fields")
    return value


def _parquet_rows(path: Path) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            batches = (batch.to_pylist() for batch in file.iter_batches(batch_size=1_000))
            for number, fields in enumerate(chain.from_iterable(batches), start=1):
                yield Row(number, fields)
    except pa.ArrowException as error:
        raise RecipeError(f"{path}: cannot be read as Parquet ({first_line(error)})") from error


def _parquet_count(path: Path) -> int | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_metadata(path).num_rows
    except (pa.ArrowException, OSError):
        return None


def _folder_rows(path: Path, configuration: str, split: str) -> Iterator[Row]:
    import datasets

    try:
        if (path / "dataset_dict.json").is_file() or (path / "state.json").is_file():
            loaded = datasets.load_from_disk(str(path))
        else:
            loaded = datasets.load_dataset(str(path), configuration or None, streaming=True)
        rows = enumerate(_choose_split(loaded, split, path), start=1)
        yield from (Row(number, dict(fields)) for number, fields in rows)
    except RecipeError:
        raise
    except Exception as error:  # the library raises whatever its readers and fsspec raise
        message = f"{type(error).__name__}: {first_line(error)}"
        raise RecipeError(f"{path}: cannot be loaded as a dataset folder ({message})") from error


def _choose_split(loaded: Any, split: str, path: Path) -> Any:
    if not isinstance(loaded, Mapping):
        return loaded
    names = ", ".join(sorted(map(str, loaded)))
    if not split and len(loaded) > 1:
        raise RecipeError(f"{path}: has the splits {names}; choose one (--split)")
    if split and split not in loaded:
        raise RecipeError(f"{path}: has no split {split!r}; it has {names}")
    return loaded[split] if split else next(iter(loaded.values()))
