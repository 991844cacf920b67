"""Nothing that a process has started outlives it, however and whenever it is killed; no engine is started."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

SECONDS = 5
# Starts processes that ignore every polite signal, says their numbers, and waits to be killed.
PARENT = """
import multiprocessing, os, signal, subprocess, sys, time
from selfalign.engine.watchdog import engine_watched

def stubborn():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"])
    print(os.getpid(), child.pid, flush=True)
    time.sleep(100)

if __name__ == "__main__":
    how, ending = sys.argv[1:]
    with engine_watched():
        context = multiprocessing.get_context(how)
        processes = [context.Process(target=stubborn) for _ in range(2)]
        for process in processes:
            process.start()
        if ending == "at once":
            os.kill(os.getpid(), signal.SIGKILL)
        if ending == "lost":  # the first process dies, its child is nobody's
            sys.stdin.readline()
            time.sleep(3)
            processes[0].kill()
            processes[0].join()
        else:
            time.sleep(100)
    print("closed", flush=True)
    time.sleep(100)
"""


def run_parent(folder: Path, how: str, ending: str) -> subprocess.Popen[str]:
    script = folder / "parent_of_stubborn_processes.py"
    script.write_text(PARENT, encoding="utf-8")
    return subprocess.Popen(
        [sys.executable, str(script), how, ending],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def pids_said(process: subprocess.Popen[str]) -> list[int]:
    return [int(pid) for _ in range(2) for pid in process.stdout.readline().split()]


def remaining(pids: list[int]) -> list[int]:
    """Those that are still there when the seconds are over."""
    deadline = time.monotonic() + SECONDS
    while pids and time.monotonic() < deadline:
        pids = [pid for pid in pids if is_alive(pid)]
        time.sleep(0.05)
    return pids


def everybody(session: int) -> list[int]:
    """All processes of a session."""
    return [pid for pid in psutil.pids() if is_alive(pid) and os.getsid(pid) == session]


def is_alive(pid: int) -> bool:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).status() != "zombie"
    return False


@pytest.mark.parametrize("how", ["spawn", "fork"])
def test_children_and_their_children_end_with_a_killed_process(tmp_path: Path, how: str) -> None:
    process = run_parent(tmp_path, how, "wait")
    pids = pids_said(process)
    watchdogs = [child.pid for child in psutil.Process(process.pid).children() if "watchdog" in str(child.cmdline())]
    assert len(watchdogs) == 1
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert remaining([*pids, *watchdogs]) == []
    assert everybody(process.pid) == []


@pytest.mark.parametrize("how", ["spawn", "fork"])
def test_children_that_were_started_just_before_end_as_well(tmp_path: Path, how: str) -> None:
    process = run_parent(tmp_path, how, "at once")
    process.wait()
    deadline = time.monotonic() + SECONDS
    while everybody(process.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert everybody(process.pid) == []


def test_the_end_of_the_watch_ends_what_is_lost_and_spares_what_is_ours(tmp_path: Path) -> None:
    process = run_parent(tmp_path, "fork", "lost")
    said = [process.stdout.readline().split() for _ in range(2)]
    process.stdin.write("\n")
    process.stdin.flush()
    assert process.stdout.readline() == "closed\n"
    families = [[int(pid) for pid in pids] for pids in said]
    alive = [[pid for pid in family if is_alive(pid)] for family in families]
    try:
        assert sorted(map(len, alive)) == [0, 2]
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
