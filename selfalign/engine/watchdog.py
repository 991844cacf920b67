"""A process that watches ours, and ends the engine's when ours is gone.

vLLM's processes notice a parent that closes them, not one that is killed (by `kill -9`, by the kernel out of memory):
they stay, hold the GPU's memory, and answer the next start's handshake. A pipe from the parent cannot tell of its end,
because children that are forked hold it open as well; the parent's number can, since it changes for an orphan.

Reads /proc and imports only the standard library, because it runs as a script in a Python of its own:

    with engine_watched():
        ...start and use the engine
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

LOOKS_EVERY = 0.25, 2.0
"""Seconds between two looks at the processes, at least and at most: a look shall take a twentieth of the time."""

PATIENCE = 10.0
"""Seconds for which processes that do not end are killed again."""

TRACKER_PATIENCE = 2.0
"""Seconds that Python's tracker of shared memory has to end by itself."""

Process = tuple[int, int]
"""Number and time of birth: numbers are used again, pairs are not."""


@contextlib.contextmanager
def engine_watched() -> Iterator[None]:
    """Inside, whatever this process starts ends with it, within a few seconds, however it ends.

    Behind it, nothing is left that was started by what we have started: a start that is broken off leaves such.
    """
    command = [sys.executable, "-I", "-S", str(Path(__file__).resolve()), str(os.getpid())]
    # A session of its own: no Ctrl-C reaches it, and no kill of our process group.
    nothing = subprocess.DEVNULL
    pipe = subprocess.PIPE
    watchdog = subprocess.Popen(command, stdin=nothing, stdout=pipe, stderr=nothing, start_new_session=True)
    watchdog.stdout.read()  # until it closes its end: it has begun to watch
    watchdog.stdout.close()
    try:
        yield
    finally:
        watchdog.terminate()
        watchdog.wait()


def watch(parent: int) -> None:
    """Wait for the end of a parent process, then end everything that it had started since.

    SIGTERM ends the watch: then only what the parent has lost, its children's children, is ended.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    born = _stat(os.getpid())[1]
    family = os.getpgid(parent), _command(parent)
    os.close(1)
    known: set[Process] = set()
    while os.getppid() == parent:
        looked = time.monotonic()
        known |= {found for found in _descendants({parent}) if found[1] >= born}
        took = time.monotonic() - looked
        if signal.sigtimedwait([signal.SIGTERM], min(max(20 * took, LOOKS_EVERY[0]), LOOKS_EVERY[1])):
            _end(_lost(known, parent))
            return
    _end(known | _newborn_orphans(*family, born))


def _lost(known: set[Process], parent: int) -> set[Process]:
    """Those that say of themselves that their parent is neither ours nor one of them: it has died and left them."""
    family = {parent, *(pid for pid, _ in known)}
    found = set()
    for process in known:
        with contextlib.suppress(OSError, ValueError, IndexError):
            above, born, _ = _stat(process[0])
            if born == process[1] and above not in family:
                found.add(process)
    return found


def _end(known: set[Process]) -> None:
    """Kill processes and what they have started until none is left. Python's own process for shared memory ends by
    itself when the others are gone, and cleans up behind them: it is killed only where it does not."""
    started = time.monotonic()
    while known and time.monotonic() - started < PATIENCE:
        is_late = time.monotonic() - started > TRACKER_PATIENCE
        doomed = _frozen({process for process in known if is_late or not _is_tracker(process)})
        _send(signal.SIGKILL, doomed)
        time.sleep(0.1)
        known = {process for process in known | doomed if _is_alive(process)}


def _frozen(known: set[Process]) -> set[Process]:
    """Stop processes and those that they have started, so that none starts another one while it is being killed."""
    stopped: set[Process] = set()
    while new := known - stopped:
        _send(signal.SIGSTOP, new)
        stopped |= new
        time.sleep(0.01)  # for what is in the middle of starting one
        known = known | {found for found in _descendants({pid for pid, _ in known}) if not _is_tracker(found)}
    return known


def _send(number: signal.Signals, processes: set[Process]) -> None:
    for process in processes:
        if _is_alive(process):
            with contextlib.suppress(OSError):
                os.kill(process[0], number)


def _is_tracker(process: Process) -> bool:
    return b"resource_tracker" in _command(process[0])


def _newborn_orphans(group: int, command: bytes, born: int) -> set[Process]:
    """What was started after the last look at the parent: forks of it, and processes of Python's multiprocessing."""
    return {
        (pid, birth)
        for pid, (parent, birth, its_group) in _processes().items()
        if (parent, its_group) == (os.getppid(), group)
        and birth >= born
        and (_command(pid) == command or b"multiprocessing" in _command(pid))
    }


def _descendants(ancestors: set[int]) -> set[Process]:
    """What processes have started, and what those have, without this process itself."""
    processes = _processes()
    found: set[Process] = set()
    family = set(ancestors)
    while new := {pid for pid, (parent, *_) in processes.items() if parent in family and pid not in family}:
        family |= new
        found |= {(pid, processes[pid][1]) for pid in new if pid != os.getpid()}
    return found


def _processes() -> dict[int, tuple[int, int, int]]:
    """Every process's parent, time of birth and group."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                found[int(name)] = _stat(int(name))
    return found


def _stat(pid: int) -> tuple[int, int, int]:
    """Parent, time of birth (clock ticks since the machine's start) and process group."""
    text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    state, parent, group, *rest = text.rpartition(")")[2].split()
    if state == "Z":
        raise ProcessLookupError(pid)
    return int(parent), int(rest[16]), int(group)


def _is_alive(process: Process) -> bool:
    with contextlib.suppress(OSError, ValueError, IndexError):
        return _stat(process[0])[1] == process[1]
    return False


def _command(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


if __name__ == "__main__":
    watch(int(sys.argv[1]))
