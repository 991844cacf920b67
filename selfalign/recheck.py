"""Read the replies of a run again, by today's parser and by other checks, without the engine.

Every outcome keeps the model's whole reply in the journal, so any of them can change sides. The outcomes are written
anew beside the old ones and replace them in one rename; then the recipe takes the new checks. A kill in between leaves
a run that the same command, given again, finishes. A large run is read by all processors.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path

import yaml

from selfalign.align import read_again
from selfalign.checks import ChecksSpec
from selfalign.errors import RecipeError, RunDirError
from selfalign.recipe import recipe_of_run, recipe_row
from selfalign.records import Constitution, Example, Outcome
from selfalign.records.lines import constitution_from_row
from selfalign.run import directory as rundir
from selfalign.run.directory import RECIPE, RunDir
from selfalign.run.journal import rewritten
from selfalign.run.progress import Counters

BYTES_PER_PROCESS = 8_000_000
"""Of outcomes: some thousands, a few seconds' work. For less, another process is not worth its start."""
_BATCH = 8192


@dataclass
class Rechecked:
    """The counters of the outcomes as they are now, and how many changed sides."""

    counters: Counters = field(default_factory=Counters)
    num_recovered: int = 0
    num_lost: int = 0

    def count(self, before: Outcome, now: Outcome) -> None:
        """Take in one outcome."""
        self.counters.count_outcome(now)
        self.num_recovered += isinstance(now, Example) > isinstance(before, Example)
        self.num_lost += isinstance(now, Example) < isinstance(before, Example)


def recheck(path: Path, overrides: Sequence[str]) -> Rechecked:
    """Read all replies of a run again, with the checks of its recipe changed by `overrides` (keys under "checks.").

    Raises `RecipeError` for any other key, `RunDirError` where the run is
    damaged, in use or cannot be written.
    """
    for override in overrides:
        if not override.startswith("checks."):
            raise RecipeError(
                f"--set {override}: only checks can be changed once answers are there (checks.<name>=...)"
            )
    before = recipe_of_run(path)
    recipe = replace(before, checks=recipe_of_run(path, overrides).checks)
    manifest = rundir.read_manifest(path)
    constitution = constitution_from_row(manifest["constitution"])
    rechecked = Rechecked()
    with RunDir(path, recipe_row(before), manifest):
        with rewritten(path / rundir.OUTCOMES) as journal:
            lines = rundir.read_outcome_lines(path)
            for before_it, line, outcome in _all_again(lines, constitution, recipe.checks, _num_processes(path)):
                if outcome == before_it:
                    journal.append_line(line)  # most are: what needs no new line costs none
                else:
                    journal.append(outcome)
                rechecked.count(before_it, outcome)
        row = yaml.safe_dump(recipe_row(recipe), sort_keys=False, allow_unicode=True)
        rundir.write_atomically(path / RECIPE, row)
    return rechecked


def _num_processes(path: Path) -> int:
    worth = (path / rundir.OUTCOMES).stat().st_size // BYTES_PER_PROCESS
    return max(1, min(worth, os.cpu_count() or 1))


def _all_again(
    lines: Iterator[tuple[Outcome, bytes]], constitution: Constitution, checks: ChecksSpec, num_processes: int
) -> Iterator[tuple[Outcome, bytes, Outcome]]:
    """Every outcome, its line, and what is made of it now, in order."""
    again = partial(_again, constitution=constitution, checks=checks)
    if num_processes == 1:
        yield from map(again, lines)
        return
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(num_processes, context, initializer=_begin) as pool:
            while batch := list(islice(lines, _BATCH)):
                yield from pool.map(again, batch, chunksize=64)
    except BrokenProcessPool as error:
        raise RunDirError(
            "a process that read replies again was killed, perhaps for its memory; nothing has changed, try again"
        ) from error


def _begin() -> None:
    # Ctrl-C reaches every process of a terminal; the parent alone answers it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    # A killed parent does not say goodbye, and a pool's processes would wait for its next row for ever.
    multiprocessing.parent_process().join()
    os._exit(1)


def _again(
    entry: tuple[Outcome, bytes], constitution: Constitution, checks: ChecksSpec
) -> tuple[Outcome, bytes, Outcome]:
    outcome, line = entry
    return outcome, line, read_again(outcome, constitution, checks)
