"""What the engine's processes write, kept apart from what we write.

vLLM writes logs and tracebacks of several processes to both streams. A user gets one line, so these go into a file,
the run's `engine.log` or one without a name, from which the line is taken. Where the user has set VLLM_LOGGING_LEVEL,
everything stays visible on stderr.
"""

import contextlib
import logging
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Self

from selfalign.errors import EngineStartError, one_line

MAX_READ = 1 << 20
"""Bytes at the end of the log that are searched for an error."""

_ERROR = re.compile(r"\b(?:\w+\.)*(\w*(?:Error|Exception)): (.+)")
_NO_ERROR = re.compile(r"(?:\([^)]*\) )?(?:DEBUG|INFO|WARNING) ")
# What vLLM raises because something else was raised before it.
_CONSEQUENCES = ("Engine core initialization failed", "Engine core proc", "EngineCore encountered", "Worker failed")


class EngineLog:
    """The log of one engine, from its start to its end; with a path it is added to that file, under a dated line.

    Raises `EngineStartError` where the file cannot be written.
    """

    def __init__(self, path: Path | None = None, title: str = "") -> None:
        self.path = path
        self._title = title
        self._file: IO[bytes] | None = None
        self._start = 0
        self._blamed = ""

    def __enter__(self) -> Self:
        if "VLLM_LOGGING_LEVEL" in os.environ:
            self.path = None
        elif self.path is None:
            self._file = tempfile.TemporaryFile(prefix="selfalign-engine-")
        else:
            self._file = self._begin(self.path)
            self._start = os.fstat(self._file.fileno()).st_size
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    @property
    def reference(self) -> str:
        """The end of an error message that names the log; empty where it has no name."""
        return f"; the engine's log: {self.path}" if self.path else ""

    @contextlib.contextmanager
    def taking_over(self) -> Iterator[None]:
        """Inside, both streams of this process and of those it starts go into the log; those keep theirs there."""
        target = 2 if self._file is None else self._file.fileno()
        _flush()
        before = os.dup(1), os.dup(2)
        try:
            os.dup2(target, 1)
            os.dup2(target, 2)
            yield
        finally:
            _flush()
            for stream, descriptor in enumerate(before, start=1):
                os.dup2(descriptor, stream)
                os.close(descriptor)

    def silence(self, logger: str) -> None:
        """This process hears of errors as exceptions; its own copies of them in the log would go to the terminal."""
        if self._file is not None:
            logging.getLogger(logger).setLevel(logging.CRITICAL + 1)

    def read(self, offset: int = 0) -> bytes:
        """What this engine has written, from an offset on; at most `MAX_READ` bytes."""
        return b"" if self._file is None else os.pread(self._file.fileno(), MAX_READ, self._start + offset)

    def blame(self, reason: str) -> None:
        """Say what is the root of all errors from now on."""
        self._blamed = self._blamed or reason

    def last_error(self) -> str:
        """The root of the last error of this engine in the log, as one line; empty where there is none."""
        if self._blamed or self._file is None or self._file.closed:
            return self._blamed
        size = os.fstat(self._file.fileno()).st_size - self._start
        lines = self.read(max(0, size - MAX_READ)).decode("utf-8", "replace").splitlines()
        errors = [match for line in lines if not _NO_ERROR.match(line) for match in _ERROR.findall(line)]
        found = [f"{name}: {message}" for name, message in errors if not message.startswith(_CONSEQUENCES)]
        return one_line(found[-1]) if found else ""

    def _begin(self, path: Path) -> IO[bytes]:
        try:
            file = path.open("a+b", buffering=0)
            file.write(f"===== {datetime.now():%Y-%m-%d %H:%M:%S} {self._title} =====\n".encode())
        except OSError as error:
            raise EngineStartError(f"{path}: the engine's log cannot be written ({error.strerror})") from error
        return file


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # a closed or broken stream has nothing left to say
            stream.flush()
