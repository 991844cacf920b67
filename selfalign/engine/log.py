"""What the engine's processes say, kept apart from what we say.

vLLM writes tracebacks of several processes to both streams. A user gets one line, so these go into a file without a
name, from which the line is taken. Where the user has set VLLM_LOGGING_LEVEL, everything stays visible on stderr.
"""

import contextlib
import logging
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from typing import IO, Self

from selfalign.errors import one_line

MAX_READ = 1 << 20
"""Bytes at the end of the log that are searched for an error."""

_ERROR = re.compile(r"\b(?:\w+\.)*(\w*(?:Error|Exception)): (.+)")
# What vLLM raises because something else was raised before it.
_CONSEQUENCES = ("Engine core initialization failed", "Engine core proc", "EngineCore encountered", "Worker failed")


class EngineLog:
    """The log of one engine, from its start to its end."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        if "VLLM_LOGGING_LEVEL" not in os.environ:
            self._file = tempfile.TemporaryFile(prefix="selfalign-engine-")
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

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

    def last_error(self) -> str:
        """The root of the last error in the log, as one line; empty where there is none."""
        if self._file is None:
            return ""
        size = os.fstat(self._file.fileno()).st_size
        text = os.pread(self._file.fileno(), MAX_READ, max(0, size - MAX_READ)).decode("utf-8", "replace")
        found = [f"{name}: {message}" for name, message in _ERROR.findall(text) if not _is_consequence(message)]
        return one_line(found[-1]) if found else ""


def _is_consequence(message: str) -> bool:
    return message.startswith(_CONSEQUENCES)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # a closed or broken stream has nothing left to say
            stream.flush()
