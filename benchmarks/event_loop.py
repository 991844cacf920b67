"""How long a run holds the event loop, and so the engine's next request, at a pool of a million instructions.

    python benchmarks/event_loop.py INSTRUCTIONS [--pool 1000000] [--accepted 10000]

Writes the journals of a finished run of that many instructions, no two of them near-duplicates (a synthetic enlargement
of INSTRUCTIONS, a JSON lines file with the field "instruction"; see benchmarks/enlarge.py), opens it with a higher
target and continues it: replay, near-duplicates, checks, journals, progress, everything but the engine, in whose place
ready texts come back after 5 ms. The index is made to re-rank all of the pool again and again for as long as the run
lasts, the worst there is.

Every callback of the event loop is timed twice: by the CPU time of its thread, and by the clock on the wall, which also
sees what it waits for the thread that builds the index. Some are long because the machine was elsewhere, so the same
number of seconds of a loop that does nothing but read the clock is timed next to it.
"""

import argparse
import asyncio
import contextlib
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from enlarge import enlarge
from ready import ReadyEngine
from resume import ACCEPTED_PER_ROUND, write_journals

from selfalign.checks import warm_up
from selfalign.generate import generate
from selfalign.novelty import index as novelty
from selfalign.recipe import Recipe, build_recipe
from selfalign.records import Example, Instruction, Usage
from selfalign.rows import read_rows, text_field

LONG = 0.030
"""Seconds that no callback should take."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("instructions", type=Path)
    parser.add_argument("--pool", type=int, default=1_000_000)
    parser.add_argument("--accepted", type=int, default=10_000)
    options = parser.parse_args()
    rows = read_rows(options.instructions)
    given = [text_field(row, "instruction", str(options.instructions)) for _, row in rows]
    texts = chain(given, enlarge(given, rng_seed=1))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run"
        write_journals(path, make_recipe(options.pool), examples_of(islice(new_ones(texts), options.pool)))
        novelty.MERGE = sys.maxsize  # every new block is merged with everything before it, which ranks all anew
        seconds, callbacks, waits, num_rerankings = continue_run(path, texts, options.pool + options.accepted)
    print("| what | result |\n|---|---|")
    print(f"| callbacks at a pool of {options.pool:,} and {options.accepted:,} more | {len(callbacks):,} |")
    print(f"| the index ranked anew and rebuilt | {num_rerankings} times |")
    _report("callbacks, CPU time", callbacks)
    _report("callbacks, on the wall", waits)
    _report(f"a loop that reads the clock, {seconds:.0f} s", idle(seconds))


def _report(name: str, times: np.ndarray) -> None:
    shown = ", ".join(f"{1e3 * each:.1f}" for each in np.sort(times)[:-6:-1])
    above = f"{np.count_nonzero(times > LONG)} above {1e3 * LONG:.0f} ms"
    print(f"| {name}: 99.9th percentile | {1e3 * np.quantile(times, 0.999):.2f} ms |")
    print(f"| {name}: the five longest | {shown} ms; {above} |")


def new_ones(texts: Iterator[str]) -> Iterator[str]:
    """Those of the texts that are no near-duplicates of earlier ones."""
    index = novelty.NoveltyIndex(novelty.NoveltySpec())
    for text in texts:
        if index.nearest(text) is None:
            index.add("", text)
            yield text


def make_recipe(target: int) -> Recipe:
    return build_recipe({"name": "large", "slots": 64, "propose": {"target": target}}, "benchmark")


def examples_of(texts: Iterator[str]) -> Iterator[Example]:
    """A plain answer to each text, with ids as a run gives them."""
    for number, text in enumerate(texts):
        index, item = divmod(number, ACCEPTED_PER_ROUND)
        instruction = Instruction(f"p{index:07d}-{item:02d}", text, "", "self-instruct")
        yield Example(instruction, "As asked.", "Done.", ("informative",), (), Usage())


def continue_run(path: Path, texts: Iterator[str], target: int) -> tuple[float, np.ndarray, np.ndarray, int]:
    """Wall seconds; CPU and wall time of each callback in seconds; how often the index was ranked anew."""
    times: list[float] = []
    waits: list[float] = []
    segments: list[object] = []
    started = 0.0

    def timed(handle: asyncio.Handle, run: Callable[[asyncio.Handle], None] = asyncio.Handle._run) -> None:
        before, clock = time.thread_time(), time.perf_counter()
        run(handle)
        times.append(time.thread_time() - before)
        waits.append(time.perf_counter() - clock)

    def counted(*arguments: object, build_segment: Callable[..., Any] = novelty.build_segment) -> object:
        segments.append(build_segment(*arguments))
        return segments[-1]

    @contextlib.asynccontextmanager
    async def open_engine(spec: object, **how: object) -> AsyncIterator[ReadyEngine]:
        nonlocal started
        started = time.perf_counter()
        with patch.object(asyncio.Handle, "_run", timed), patch.object(novelty, "build_segment", counted):
            yield ReadyEngine(texts)

    warm_up()  # a run does this while it waits for its first answers; here they come at once
    generate(make_recipe(target), path, start_engine=open_engine)
    return time.perf_counter() - started, np.array(times), np.array(waits), len(segments)


def idle(seconds: float) -> np.ndarray:
    """The time between two readings of the clock, for so many seconds."""
    times, last = [], time.perf_counter()
    end = last + seconds
    while last < end:
        now = time.perf_counter()
        if now - last > 1e-4:
            times.append(now - last)
        last = now
    return np.array(times or [0.0])


if __name__ == "__main__":
    main()
