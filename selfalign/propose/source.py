"""Instructions that exist already, instead of proposing new ones.

A source is another run (its accepted instructions keep their ids, so that a changed constitution answers the same
instructions again), a JSON lines or Parquet file, a folder of the `datasets` library, or a dataset on the Hub; the
last three with the names of the fields that hold instruction and context. Dromedary-2 took its prompts this way.
"""

import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from selfalign.errors import RecipeError
from selfalign.propose.pool import Pool
from selfalign.propose.spec import ProposeSpec, SourceSpec
from selfalign.propose.window import always
from selfalign.records import Instruction, Round
from selfalign.rows import read_rows, text_field
from selfalign.run import directory as rundir

# A name with the ending of a data file is a file that is not there.
_HUB_NAME = re.compile(r"(?!.*\.(?:jsonl?|parquet|gz)$)[A-Za-z0-9][\w.-]*(?:/[A-Za-z0-9][\w.-]*)?")


SOURCE = "source"
"""The proposer's name in a run's rounds."""

ROWS_PER_ROUND = 64
"""Rows that make one round."""


async def propose_from_source(
    pool: Pool, spec: ProposeSpec, *, journal: Callable[[Round], None], may_open: Callable[[], Awaitable[bool]] = always
) -> AsyncIterator[Instruction]:
    """Like `propose`, with the instructions of `spec.source` in place of the engine's, screened by the same rules.

    Ends with the source, at the target, or when `may_open` says so. Raises `RecipeError` for a source that cannot be
    read.
    """
    instructions = read_source(spec.source)
    # Every row was screened once, so the verdicts journalled say how many rows are behind us.
    next(islice(instructions, pool.num_screened, pool.num_screened), None)
    while len(pool.accepted) < spec.target and await may_open():
        rows = tuple(islice(instructions, ROWS_PER_ROUND))
        if not rows:
            return
        finished = replace(await pool.screen_all(rows, (), spec.screen), proposer=SOURCE)
        journal(finished)
        pool.note(finished)
        for instruction in finished.accepted:
            yield instruction


def read_source(spec: SourceSpec) -> Iterator[Instruction]:
    """The instructions of a source, in its own order; ids sort in that order.

    Raises `RecipeError` naming file and line where a row has no text under `instruction_field`, and where the source
    does not exist or cannot be read.
    """
    path = Path(spec.path)
    instructions = _from_run(path) if rundir.is_run(path) else _from_rows(spec, path)
    return islice(instructions, spec.limit)


def is_exhausted(spec: SourceSpec, num_read: int) -> bool:
    """Whether a source has no instruction behind the first `num_read`; raises like `read_source`."""
    return next(islice(read_source(spec), num_read, num_read + 1), None) is None


def source_digest(spec: SourceSpec) -> str:
    """SHA-256 (hex) of what decides which instructions come: a file's content, else the names that identify it.

    Another run is identified by what it may not change: it may grow, and what it has already given stays.
    """
    digest = hashlib.sha256()
    path = Path(spec.path)
    if rundir.is_run(path):
        digest.update(repr(sorted(rundir.identity(path).items())).encode())
        return digest.hexdigest()
    if path.is_file():
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
    rows = read_rows(path, spec.configuration, spec.split) if path.exists() else enumerate(_hub_rows(spec), start=1)
    for number, row in rows:
        where = f"{spec.path}:{number}"
        text = text_field(row, spec.instruction_field, where).strip()
        context = text_field(row, spec.context_field, where, required=False).strip() if spec.context_field else ""
        # Only the file's name: a path would carry this machine's folders into a published dataset.
        yield Instruction(f"q{number:08d}", text, context, f"{path.name if path.exists() else spec.path}:{number}")


def _hub_rows(spec: SourceSpec) -> Iterator[Mapping[str, Any]]:
    if not _HUB_NAME.fullmatch(spec.path):
        raise RecipeError(f"propose.source.path: {spec.path} does not exist, and is no dataset's name on the Hub")
    import datasets

    try:
        yield from datasets.load_dataset(
            spec.path, spec.configuration or None, split=spec.split, streaming=True, revision=spec.revision or None
        )
    except Exception as error:  # the library raises whatever its readers, the Hub's client and fsspec raise
        message = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise RecipeError(f"propose.source.path: {spec.path} cannot be loaded from the Hub ({message})") from error
