"""The work of `selfalign check`: the checks on anybody's rows, one verdict per row, in order.

A verdict is one JSON object: `line` (of the row, from 1), `refusal` ("complies", "partly_refuses", "refuses"),
`apology`, `verdict` ("pass", "flag", "fail"), and `checks` with name, verdict, number and reason of each check.
"""

import json
import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, TextIO

from selfalign.checks import CHECK_NAMES, ChecksSpec, Stance, Subject, apologises, refusal_of, run_checks, worst
from selfalign.errors import RecipeError, RunDirError
from selfalign.records import Constitution, Instruction, Verdict, to_row
from selfalign.rows import count_rows, read_rows
from selfalign.run.progress import LIVE_LINE_SECONDS, PLAIN_LINE_SECONDS


@dataclass(frozen=True, slots=True)
class Columns:
    """The fields that hold the texts; each may be a dotted path. A field may hold text or a chat (a list of
    `{"role", "content"}`): of the prompt the last user turn counts, of the answer what the assistant said."""

    prompt: str = "prompt"
    answer: str = "answer"
    thought: str = ""
    cited: str = ""


@dataclass(slots=True)
class Summary:
    """What was found: rows by verdict, by stance, and each check's verdicts."""

    verdicts: Counter[str] = field(default_factory=Counter)
    stances: Counter[str] = field(default_factory=Counter)
    apologies: int = 0
    by_check: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def num_rows(self) -> int:
        return self.verdicts.total()

    def count(self, found: Mapping[str, Any]) -> None:
        """Take in one verdict."""
        self.verdicts[found["verdict"]] += 1
        self.stances[found["refusal"]] += 1
        self.apologies += found["apology"]
        self.by_check.update((each["name"], each["verdict"]) for each in found["checks"])

    def lines(self) -> list[str]:
        """A table for a terminal."""
        width = max(map(len, CHECK_NAMES))
        lines = [f"{'check':{width}}  {'pass':>9}  {'flag':>9}  {'fail':>9}"]
        for name in CHECK_NAMES:
            counts = [self.by_check[name, each.value] for each in Verdict]
            if any(counts):
                lines.append(f"{name:{width}}  " + "  ".join(f"{count:>9,}" for count in counts))
        lines.append(f"{'rows':{width}}  " + "  ".join(f"{self.verdicts[each.value]:>9,}" for each in Verdict))
        stances = ", ".join(f"{stance.value} {self.stances[stance.value]:,}" for stance in Stance)
        return [*lines, "", f"{self.num_rows:,} rows: {stances}; apologies {self.apologies:,}"]


def check_file(
    path: Path,
    columns: Columns,
    constitution: Constitution | None,
    spec: ChecksSpec,
    *,
    out: Path | None,
    part: tuple[str, str] = ("", ""),
    stream: TextIO | None = None,
) -> Summary:
    """Judge every row of a file or dataset folder; verdicts go to `out`, progress to `stream`.

    `part` is the configuration and the split of a dataset folder, "" where there is only one. `out` appears whole or
    not at all. Raises `RecipeError` (file and line) for a row that cannot be read, and `RunDirError` where `out`
    cannot be written.
    """
    if out is not None and out.exists() and path.exists() and out.samefile(path):
        raise RecipeError(f"{out}: --out is the file that is checked; name another")
    summary = Summary()
    with _written_whole(out) as file:
        for found in _watched(_verdicts(path, columns, constitution, spec, part), path, stream):
            summary.count(found)
            if file is not None:
                _write(file, out, found)
    return summary


def judge_row(subject: Subject, constitution: Constitution | None, spec: ChecksSpec) -> dict[str, Any]:
    """The verdict on one row, without its line."""
    results = run_checks(subject, constitution, spec)
    return {
        "refusal": refusal_of(subject.answer, subject.instruction.user_turn).stance.value,
        "apology": apologises(subject.answer),
        "verdict": worst(results).value,
        "checks": to_row(results),
    }


def _verdicts(
    path: Path, columns: Columns, constitution: Constitution | None, spec: ChecksSpec, part: tuple[str, str]
) -> Iterator[dict[str, Any]]:
    for line, fields in read_rows(path, *part):
        subject = _subject(fields, columns, constitution, f"{path}:{line}")
        yield {"line": line, **judge_row(subject, constitution, spec)}


def _subject(fields: Mapping[str, Any], columns: Columns, constitution: Constitution | None, where: str) -> Subject:
    prompt = _text(_value(fields, columns.prompt, where), "user", f"{where}: field {columns.prompt!r}")
    answer = _text(_value(fields, columns.answer, where), "assistant", f"{where}: field {columns.answer!r}")
    thought = _value(fields, columns.thought, where) if columns.thought else ""
    cited = _value(fields, columns.cited, where) if columns.cited else ()
    return Subject(
        Instruction(id="", text=prompt, context="", source=where),
        _text(thought, "assistant", f"{where}: field {columns.thought!r}"),
        answer,
        _ids(cited, constitution, f"{where}: field {columns.cited!r}"),
    )


def _value(fields: Mapping[str, Any], name: str, where: str) -> Any:
    """The field of that name, or what stands at a dotted path ("messages.0.content")."""
    value: Any = fields
    for part in [name] if name in fields else name.split("."):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            value = None
    if value is None:
        known = ", ".join(sorted(map(str, fields))[:8]) or "none"
        raise RecipeError(f"{where}: no field {name!r} (fields here: {known}); name it with --prompt-field and so on")
    return value


def _text(value: Any, role: str, where: str) -> str:
    """Text as it is; of a chat the last turn of `role`, or the last turn of all where roles are missing."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or not all(isinstance(turn, Mapping) for turn in value):
        raise RecipeError(f"{where} holds {type(value).__name__}, not text and not a chat")
    turns = [turn for turn in value if _role(turn) == role] or value
    content = turns[-1].get("content", turns[-1].get("value")) if turns else ""
    if isinstance(content, list):
        content = "".join(part.get("text", "") for part in content if isinstance(part, Mapping))
    if content is not None and not isinstance(content, str):
        raise RecipeError(f"{where}: a turn's content is {type(content).__name__}, not text")
    return content or ""


_ROLES = {"human": "user", "gpt": "assistant", "model": "assistant", "bot": "assistant"}


def _role(turn: Mapping[str, Any]) -> str:
    role = str(turn.get("role", turn.get("from", "")))
    return _ROLES.get(role, role)


def _ids(value: Any, constitution: Constitution | None, where: str) -> tuple[str, ...]:
    """Cited principles, as ids or names, in a list or separated by commas."""
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, Sequence) or not all(isinstance(each, str) for each in names):
        raise RecipeError(f"{where} holds {type(value).__name__}, not a list of principles")
    ids = {each.name.lower(): each.id for each in constitution.principles} if constitution else {}
    return tuple(ids.get(each.strip().lower(), each.strip()) for each in names if each.strip())


@contextmanager
def _written_whole(path: Path | None) -> Iterator[IO[bytes] | None]:
    """A file beside `path` that takes its place at the end; nothing is left of it where the work fails."""
    if path is None:
        yield None
        return
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(path)
    except OSError as error:
        raise RunDirError(f"{path}: cannot be written ({error.strerror})") from error
    finally:
        part.unlink(missing_ok=True)


def _write(file: IO[bytes], path: Path | None, found: Mapping[str, Any]) -> None:
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    try:
        # A lone surrogate cannot be encoded; its backslash escape is what JSON itself would write.
        file.write(text.encode("utf-8", "backslashreplace") + b"\n")
    except OSError as error:
        raise RunDirError(f"{path}: cannot be written ({error.strerror}); free some space") from error


def _watched(found: Iterator[dict[str, Any]], path: Path, stream: TextIO | None) -> Iterator[dict[str, Any]]:
    """The same verdicts, with a live line on a terminal and a plain one now and then elsewhere."""
    if stream is None:
        yield from found
        return
    is_live = stream.isatty()
    num_rows = count_rows(path)
    total = f" of {num_rows:,}" if num_rows else ""
    due = time.monotonic() + (LIVE_LINE_SECONDS if is_live else PLAIN_LINE_SECONDS)
    for num, each in enumerate(found, start=1):
        yield each
        if num % 256 == 0 and time.monotonic() >= due:
            stream.write(f"\r\x1b[2Kchecked {num:,}{total}" if is_live else f"checked {num:,}{total}\n")
            stream.flush()
            due = time.monotonic() + (LIVE_LINE_SECONDS if is_live else PLAIN_LINE_SECONDS)
    if is_live:
        stream.write("\r\x1b[2K")
        stream.flush()
