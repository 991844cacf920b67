"""While an engine starts: the user sees what is happening, and is heard. A start takes from seconds to half an hour."""

import asyncio
import contextlib
import logging
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from typing import Self, TextIO

from selfalign.engine.log import EngineLog
from selfalign.engine.modelfiles import bytes_on_disk, bytes_to_download
from selfalign.engine.spec import EngineSpec
from selfalign.errors import EngineStartError

LOOKS_EVERY = 0.5
"""Seconds between two looks at the engine's log."""

SAYS_EVERY = 30.0
"""Seconds between two lines about a download."""

# vLLM's words for what it does, and ours.
_PHASES = (
    (re.compile(r"Starting to load model"), "loading the weights"),
    (re.compile(r"torch\.compile takes|Starting torch\.compile|Dynamo bytecode"), "compiling for this device"),
    (re.compile(r"Capturing CUDA graphs"), "capturing CUDA graphs"),
    (re.compile(r"Warming up model"), "warming up"),
)
_WAITS = re.compile(r"Waiting for %d local, %d remote core engine proc\(s\) to (connect|start)")


class Progress:
    """Lines about a start on the user's stream, also while the log takes the process's own streams over."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream, self._is_copy = _copied(stream)
        self._started = time.monotonic()
        self._said: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_copy:
            self._stream.close()

    def say(self, what: str) -> None:
        """One line, once."""
        if self._stream is not None and what not in self._said:
            self._said.add(what)
            say(self._stream, what)

    def say_ready(self) -> None:
        """The last line."""
        self.say(f"ready after {time.monotonic() - self._started:.0f} s")

    @contextlib.contextmanager
    def following(self, log: EngineLog, spec: EngineSpec) -> Iterator[None]:
        """Inside, a thread says what the log shows: a start leaves the event loop no time."""
        is_over = threading.Event()
        thread = threading.Thread(target=self._follow, args=(log, spec, is_over), daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()

    def _follow(self, log: EngineLog, spec: EngineSpec, is_over: threading.Event) -> None:
        missing = bytes_to_download(spec.location, spec.revision)
        before = bytes_on_disk(spec.location) if missing else 0
        if missing:
            self.say(f"downloading {spec.model}: {_size(missing)}")
        offset, next_line = 0, time.monotonic() + SAYS_EVERY
        while not is_over.wait(LOOKS_EVERY):
            written = log.read(offset)
            written = written[: max(written.rfind(b"\n"), written.rfind(b"\r")) + 1]
            offset += len(written)
            self._say_phases(written.decode("utf-8", "replace"))
            if missing and time.monotonic() > next_line and "loading the weights" not in self._said:
                next_line += SAYS_EVERY
                self.say(f"downloaded {_size(bytes_on_disk(spec.location) - before)} of {_size(missing)}")

    def _say_phases(self, text: str) -> None:
        for line in re.split(r"[\r\n]+", text):
            for pattern, phase in _PHASES:
                if pattern.search(line):
                    self.say(phase)


def say(stream: TextIO | None, what: str) -> None:
    """One line of the engine on the user's stream, if there is one."""
    if stream is not None:
        with contextlib.suppress(OSError, ValueError):  # a closed terminal ends no run
            stream.write(f"engine: {what}\n")
            stream.flush()


class _Machines(logging.Handler):
    """Hears how vLLM waits for other machines, which it says every ten seconds and to debuggers only."""

    def __init__(self, progress: Progress, seconds: int) -> None:
        super().__init__(logging.DEBUG)
        self._progress = progress
        self._seconds = seconds
        self._since: float | None = None

    def emit(self, record: logging.LogRecord) -> None:
        match = _WAITS.match(str(record.msg))
        num_missing = record.args[1] if match and isinstance(record.args, tuple) else 0
        if not num_missing:
            return
        what = f"{num_missing} replica{'s' if num_missing > 1 else ''} on other machines"
        if match[1] == "start":
            self._progress.say(f"waiting for {what} to load the model")
            return
        self._progress.say(f"waiting for {what} to join, {self._seconds} s at most")
        self._since = self._since or time.monotonic()
        if time.monotonic() - self._since >= self._seconds:
            raise EngineStartError(
                f"{what} did not join within {self._seconds} s: start a worker there, or set model.join_seconds"
            )


@contextlib.contextmanager
def machines_awaited(progress: Progress, seconds: int) -> Iterator[None]:
    """Inside, a wait for other machines is said, and is an `EngineStartError` after so many seconds."""
    logger, handler = logging.getLogger("vllm.v1.engine.utils"), _Machines(progress, seconds)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


@contextlib.contextmanager
def interrupts_heard() -> Iterator[None]:
    """Inside, Ctrl-C, and a SIGTERM that somebody handles, are a KeyboardInterrupt at once.

    Starting blocks the event loop, which would hear of them only at the end. What the signal raises is another
    exception at first: vLLM swallows a KeyboardInterrupt while it waits for its processes, and would go on waiting.
    """

    def stop(*_: object) -> None:
        raise asyncio.CancelledError

    numbers = [number for number in (signal.SIGINT, signal.SIGTERM) if callable(signal.getsignal(number))]
    if threading.current_thread() is not threading.main_thread():
        numbers = []
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def sigterm_as_interrupt() -> Iterator[None]:
    """Inside, SIGTERM, which ends a cluster's jobs, does what Ctrl-C does: what is finished stays.

    Also where Ctrl-C is ignored, as it is in what a script has put into the background.
    """

    def interrupt(*_: object) -> None:
        on_ctrl_c = signal.getsignal(signal.SIGINT)  # asyncio's own where it runs
        (on_ctrl_c if callable(on_ctrl_c) else signal.default_int_handler)(signal.SIGINT, None)

    if threading.current_thread() is not threading.main_thread():  # signals are somebody else's
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def engine_environment(is_local: bool) -> Iterator[None]:
    """vLLM's own switches, for its import and for the processes it starts; what the user has set stays."""
    wanted = {
        "VLLM_LOGGING_LEVEL": "INFO",
        "VLLM_LOGGING_STREAM": "ext://sys.stderr",  # stdout is for results
        "VLLM_NO_USAGE_STATS": "1",
    }
    if is_local:
        import huggingface_hub.constants  # noqa: F401 - reads its variable now, so that this process stays online

        wanted["HF_HUB_OFFLINE"] = "1"
    added = {name: value for name, value in wanted.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def _copied(stream: TextIO | None) -> tuple[TextIO | None, bool]:
    """A stream of its own to where another goes now, or that one where it has no file; and whether it is a copy."""
    try:
        return os.fdopen(os.dup(stream.fileno()), "w", encoding="utf-8", errors="replace"), True
    except (OSError, ValueError, AttributeError):  # none, in memory, or closed
        return stream, False


def _size(num_bytes: int) -> str:
    return f"{num_bytes / 1e9:.1f} GB" if num_bytes >= 1e8 else f"{num_bytes / 1e6:.1f} MB"
