"""Append-only files of JSON lines: the one writer, and the one reader.

A last line without its newline was never written: the reader skips it, the writer cuts it.
"""

import contextlib
import errno
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from selfalign.errors import RunDirError
from selfalign.records import to_row

Record = TypeVar("Record")
FromRow = Callable[[Mapping[str, Any]], Record]


class Line(NamedTuple):
    """One whole line of a journal, its newline included: its number from 1 and the byte it begins at."""

    number: int
    offset: int
    text: bytes


class Journal:
    """A journal opened for writing; each line is one `write`, so a kill leaves at most one torn line.

    Raises `RunDirError` where the file cannot be opened or written; after a failed write the file is cut back to
    its last whole line, so a full disk leaves it readable.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            self._end = _end_of_last_line(self._file)
            os.ftruncate(self._file, self._end)
            os.lseek(self._file, self._end, os.SEEK_SET)
        except OSError as error:
            raise RunDirError(f"{path}: cannot be opened for writing ({error.strerror})") from error

    def append(self, record: Any) -> None:
        """Write one record (a record of `records`, or anything JSON) as one line."""
        text = json.dumps(to_row(record), ensure_ascii=False, separators=(",", ":"))
        # A lone surrogate cannot be encoded; its backslash escape is what JSON itself would write.
        self.append_line(text.encode("utf-8", "backslashreplace") + b"\n")

    def append_line(self, line: bytes) -> None:
        """Write one line as another journal has it, its newline included."""
        try:
            _write_all(self._file, line)
        except OSError as error:
            os.ftruncate(self._file, self._end)
            os.lseek(self._file, self._end, os.SEEK_SET)
            raise RunDirError(f"{self.path}: {write_advice(error)}") from error
        self._end += len(line)

    def sync(self) -> None:
        """Have the disk hold what was written. Raises `RunDirError` where it cannot."""
        try:
            os.fdatasync(self._file)
        except OSError as error:
            raise RunDirError(f"{self.path}: {write_advice(error)}") from error

    def close(self) -> None:
        """Flush to the disk and close."""
        os.fsync(self._file)
        os.close(self._file)


@contextlib.contextmanager
def rewritten(path: Path) -> Iterator[Journal]:
    """A journal that takes the place of the one at `path` at the end, in one rename; where the work fails, never."""
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    journal = Journal(temporary)
    try:
        yield journal
    finally:
        journal.close()
    os.replace(temporary, path)


def num_bytes(path: Path) -> int:
    """The size of a journal's whole lines; 0 where there is no such file."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return 0
    try:
        return _end_of_last_line(file)
    finally:
        os.close(file)


def whole_lines(path: Path) -> Iterator[Line]:
    """The whole lines of a journal, unparsed; none where there is no such file."""
    if not path.exists():
        return
    with open(path, "rb") as file:
        offset = 0
        for number, text in enumerate(file, start=1):
            if not text.endswith(b"\n"):
                return
            yield Line(number, offset, text)
            offset += len(text)


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The JSON object of every line. Raises `RunDirError` naming file and line where one is anything else."""
    for line in whole_lines(path):
        row = _parse(path, line)
        if not isinstance(row, dict):
            raise RunDirError(f"{path}:{line.number}: not a JSON object; the journal was changed by something else")
        yield row


def read_records(path: Path, from_row: FromRow[Record]) -> Iterator[tuple[Record, Line]]:
    """The record of every line, with its line. Raises `RunDirError` naming file and line where one is damaged."""
    for line in whole_lines(path):
        row = _parse(path, line)
        try:
            yield from_row(row), line
        except (KeyError, TypeError, ValueError) as error:
            raise RunDirError(f"{path}:{line.number}: not a line this version wrote ({error!r})") from error


def read_at(path: Path, offsets: Iterable[int], from_row: FromRow[Record]) -> Iterator[Record]:
    """The records whose lines begin at these bytes, as `read_records` found them, in the order given."""
    with open(path, "rb") as file:
        for offset in offsets:
            file.seek(offset)
            yield from_row(json.loads(file.readline()))


def write_advice(error: OSError) -> str:
    """What to say and do where a write failed, after the file's name."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full; what was journalled is kept: make room and run the same command again"
    return f"cannot be written ({error.strerror})"


def _parse(path: Path, line: Line) -> Any:
    try:
        return json.loads(line.text)
    except ValueError as error:
        raise RunDirError(f"{path}:{line.number}: not JSON ({error}); restore the file or delete the run") from error


def _end_of_last_line(file: int, block: int = 1 << 16) -> int:
    """The offset behind the last newline, found from the end."""
    end = os.lseek(file, 0, os.SEEK_END)
    while end > 0:
        start = max(0, end - block)
        newline = os.pread(file, end - start, start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0


def _write_all(file: int, line: bytes) -> None:
    written = 0
    while written < len(line):
        written += os.write(file, line[written:])
