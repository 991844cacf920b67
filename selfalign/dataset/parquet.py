"""The rows of a dataset and the Parquet files that hold them, written in bounded memory and byte for byte alike."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from selfalign.dataset.paths import public
from selfalign.records import Cell, CheckResult, Example, Verdict

_ROWS_PER_FILE = 100_000
_ROWS_PER_GROUP = 2_000
_REVISION = ("principle", "draft", "fault", "critique")


def engraving_row(example: Example) -> dict[str, Any]:
    """User and assistant only: principles, demonstrations and thoughts are pruned (arXiv 2305.03047, section 3.3)."""
    return {
        "messages": [
            {"role": "user", "content": example.instruction.user_turn},
            {"role": "assistant", "content": example.answer},
        ]
    }


def full_row(example: Example, origin: Mapping[str, Any], ran: Sequence[str] = ()) -> dict[str, Any]:
    """Everything that is known of an example; `origin` has the columns that are the same in every row.

    `ran` names the checks that ran: those of which the journal says nothing have passed.
    """
    told = {result.name: result for result in example.checks}
    revision = example.revision if example.revision and example.revision.draft != example.answer else None
    checks = [told.get(name) or CheckResult(name, Verdict.PASS) for name in dict.fromkeys([*ran, *told])]
    return {
        "id": example.instruction.id,
        "instruction": example.instruction.text,
        "context": example.instruction.context,
        "thought": example.thought,
        "principles_cited": list(example.principles_cited),
        "answer": example.answer,
        "source": public(example.instruction.source),
        "cell": example.instruction.cell and example.instruction.cell._asdict(),
        # Spelled out: `to_row` takes ten times as long, on fifteen of them in every row.
        "checks": [
            {"name": each.name, "verdict": each.verdict.value, "number": each.number, "reason": each.reason}
            for each in checks
        ],
        "contrasts": [{"rung": each.rung, "answer": each.answer} for each in example.contrasts],
        "revision": revision and {name: getattr(revision, name) for name in _REVISION},
        "scores": _scores(example),
        **origin,
    }


def preference_row(user_turn: str, chosen: str, rejected: str, margin: float | None = None) -> dict[str, Any]:
    """A pair in the conversational form that TRL's trainers take, with the prompt apart. `margin` says how much higher
    the judge scores the chosen side; its column is there only in `schema` with margins."""
    return {
        "prompt": [{"role": "user", "content": user_turn}],
        "chosen": [{"role": "assistant", "content": chosen}],
        "rejected": [{"role": "assistant", "content": rejected}],
        "margin": margin,
    }


def _scores(example: Example) -> list[dict[str, Any]] | None:
    """One entry for each principle the judge was asked about; None where nothing was judged."""
    scores = (example.judging or {}).get("scores") or {}
    return [{"principle": id_, "score": score} for id_, score in scores.items()] or None


def schema(configuration: str, has_margins: bool = False) -> Any:
    """The columns of a configuration, a pyarrow schema; spelled out, so that an empty column keeps its type."""
    import pyarrow as pa

    text = pa.string()
    messages = pa.list_(pa.struct([("role", text), ("content", text)]))
    if configuration == "engraving":
        return pa.schema([("messages", messages)])
    if configuration == "preference":
        margins = [("margin", pa.float64())] * has_margins
        return pa.schema([(name, messages) for name in ("prompt", "chosen", "rejected")] + margins)
    check = pa.struct([("name", text), ("verdict", text), ("number", pa.float64()), ("reason", text)])
    digests = pa.struct([("constitution", text), ("seeds", text), ("recipe", text), ("model", text)])
    cell = pa.struct([(name, text) for name in Cell._fields])
    columns = {"principles_cited": pa.list_(text), "checks": pa.list_(check), "digests": digests, "cell": cell}
    columns["contrasts"] = pa.list_(pa.struct([("rung", text), ("answer", text)]))
    columns["revision"] = pa.struct([(name, text) for name in _REVISION])
    columns["scores"] = pa.list_(pa.struct([("principle", text), ("score", pa.float64())]))
    names = "id instruction context thought principles_cited answer source cell checks".split()
    names += "contrasts revision scores model model_revision sampling digests".split()
    return pa.schema([(name, columns.get(name, text)) for name in names])


class Shards:
    """The Parquet files of one split of one configuration; holds one row group in memory."""

    def __init__(self, folder: Path, split: str, schema: Any) -> None:
        self._folder = folder
        self._split = split
        self._schema = schema
        self._paths: list[Path] = []
        self._rows: list[dict[str, Any]] = []
        self._num_bytes = 0
        self._writer: Any = None
        self.num_rows = 0

    def add(self, row: dict[str, Any]) -> None:
        """Write one row. Raises OSError where the disk does."""
        self._rows.append(row)
        self.num_rows += 1
        if self.num_rows % _ROWS_PER_FILE == 0:
            self._close_file()
        elif len(self._rows) == _ROWS_PER_GROUP:
            self._flush()

    def close(self) -> int:
        """Finish the last file, and name all of them now that their number is known; returns the bytes of all rows in
        memory, the Hub's `num_bytes`."""
        if self._rows or self._writer:
            self._close_file()
        for path in self._paths:
            path.rename(path.with_name(f"{path.stem}-of-{len(self._paths):05d}.parquet"))
        return self._num_bytes

    def _flush(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self._writer is None:
            self._folder.mkdir(exist_ok=True)
            self._paths.append(self._folder / f"{self._split}-{len(self._paths):05d}.parquet")
            # Content-defined chunks: pushing a grown dataset again moves only what is new.
            self._writer = pq.ParquetWriter(
                self._paths[-1], self._schema, compression="zstd", use_content_defined_chunking=True
            )
        table = pa.Table.from_pylist(self._rows, schema=self._schema)
        self._writer.write_table(table)
        self._num_bytes += table.nbytes
        self._rows = []

    def _close_file(self) -> None:
        if self._rows:
            self._flush()
        self._writer.close()
        self._writer = None
