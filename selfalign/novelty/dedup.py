"""The work of `selfalign dedup`: the near-duplicate filter on anybody's rows, streaming, in one pass.

Kept rows come out unchanged and in order. A dropped row is one JSON object: `line` (of the row, from 1), `reason`
("near_duplicate" or "contaminated"), `nearest_line` and `similarity` of the kept row it resembles most, or
`repeats` ("file:line") and `match` (`text`, `rule`, `part`, `share`: see `Match`) where it repeats an evaluation item,
and `row`, the row itself.
"""

import dataclasses
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

from selfalign.errors import RecipeError
from selfalign.novelty.decontaminate import DecontaminationSpec, Decontaminator
from selfalign.novelty.index import NoveltyIndex, NoveltySpec
from selfalign.rows import Row, count_rows, read_raw_rows, text_field, watched, written_whole


@dataclass(frozen=True, slots=True)
class DedupSpec:
    """What is filtered and by what: the data, the fields with instruction, context and answer (dotted paths, "" for
    none of the latter two), the rule, and files of evaluation prompts that no row may repeat, with the rule for that.
    """

    path: Path
    novelty: NoveltySpec
    field: str = "instruction"
    context_field: str = ""
    answer_field: str = ""
    decontaminate: Sequence[Path] = ()
    decontamination: DecontaminationSpec = dataclasses.field(default_factory=DecontaminationSpec)
    configuration: str = ""
    split: str = ""


@dataclass(slots=True)
class DedupSummary:
    """How many rows there were and what became of them; `num_contexts` of them had a context."""

    num_kept: int = 0
    num_near_duplicates: int = 0
    num_contaminated: int = 0
    num_contexts: int = 0

    @property
    def num_rows(self) -> int:
        return self.num_kept + self.num_near_duplicates + self.num_contaminated

    def lines(self) -> list[str]:
        """For a terminal."""
        counts = {
            "rows": self.num_rows,
            "with a context": self.num_contexts,
            "kept": self.num_kept,
            "near-duplicates": self.num_near_duplicates,
            "contaminated": self.num_contaminated,
        }
        share = max(1, self.num_rows)
        return [f"{name:<16}{count:>12,}{count / share:>9.1%}" for name, count in counts.items()]


def dedup(
    spec: DedupSpec, *, kept: Path | None = None, dropped: Path | None = None, stream: TextIO | None = None
) -> DedupSummary:
    """Filter a file or dataset folder; rows go to `kept` and `dropped` (JSON lines), progress to `stream`.

    Either file appears whole or not at all. Raises `RecipeError` (file and line) for a row that cannot be read or has
    no text under the field, and `RunDirError` where a file cannot be written.
    """
    _refuse_overwriting(spec, kept, dropped)
    evaluation = None
    if spec.decontaminate:
        evaluation = Decontaminator(spec.decontaminate, spec.novelty, spec.decontamination)
    summary = DedupSummary()
    with ExitStack() as files:
        keep = files.enter_context(written_whole(kept))
        drop = files.enter_context(written_whole(dropped))
        rows = read_raw_rows(spec.path, spec.configuration, spec.split)
        judged = _judged(spec, rows, evaluation, summary)
        for row, verdict in watched(judged, count_rows(spec.path), "compared", stream):
            if verdict is None:
                keep(_json(row, spec.path))
            else:
                # The row's own text goes in as it is: nothing of it is lost on the way through numbers and objects.
                drop(f'{json.dumps(verdict)[:-1]}, "row": {_json(row, spec.path)}}}')
    return summary


def _judged(
    spec: DedupSpec, rows: Iterator[Row], evaluation: Decontaminator | None, summary: DedupSummary
) -> Iterator[tuple[Row, dict[str, Any] | None]]:
    """Every row with None where it is kept, else with what speaks against it."""
    index = NoveltyIndex(spec.novelty)
    for row in rows:
        where = f"{spec.path}:{row.line}"
        text = text_field(row.fields, spec.field, where)
        context = text_field(row.fields, spec.context_field, where, required=False) if spec.context_field else ""
        answer = text_field(row.fields, spec.answer_field, where, required=False) if spec.answer_field else ""
        summary.num_contexts += bool(context)
        if neighbour := index.nearest(text, context):
            summary.num_near_duplicates += 1
            nearest = {"nearest_line": int(neighbour.id), "similarity": neighbour.similarity}
            yield row, {"line": row.line, "reason": "near_duplicate", **nearest}
        elif evaluation and (match := evaluation.find(text, context, answer)):
            summary.num_contaminated += 1
            found = match._asdict()
            nearest = {"nearest_line": None, "similarity": None, "repeats": found.pop("place"), "match": found}
            yield row, {"line": row.line, "reason": "contaminated", **nearest}
        else:
            index.add(str(row.line), text, context)
            summary.num_kept += 1
            yield row, None


def _refuse_overwriting(spec: DedupSpec, kept: Path | None, dropped: Path | None) -> None:
    if kept is not None and dropped is not None and kept.absolute() == dropped.absolute():
        raise RecipeError(f"{kept}: kept and dropped rows cannot go to the same file")
    for output in (kept, dropped):
        for read in (spec.path, *spec.decontaminate):
            if output is not None and output.exists() and read.exists() and output.samefile(read):
                raise RecipeError(f"{output}: is read by this command; name another file for the result")


def _json(row: Row, path: Path) -> str:
    if row.raw is not None:
        return row.raw
    try:
        return json.dumps(row.fields, ensure_ascii=False, default=_plain)
    except (TypeError, ValueError) as error:
        raise RecipeError(f"{path}:{row.line}: cannot be written as JSON ({error}); leave that column out") from None


def _plain(value: Any) -> Any:
    """What Parquet knows and JSON does not, as text."""
    if isinstance(value, (date, datetime, time)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"a value of type {type(value).__name__}")
