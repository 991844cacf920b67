"""How long a run holds the event loop, and so the engine's next request, at a pool of a million instructions.

    python benchmarks/event_loop.py INSTRUCTIONS [--pool 1000000] [--accepted 10000]

Writes the journals of a finished run of that many instructions, no two of them near-duplicates (a synthetic enlargement
of INSTRUCTIONS, a JSON lines file with the field "instruction"; see benchmarks/enlarge.py), opens it with a higher
target and continues it: replay, near-duplicates, checks, journals, progress, everything but the engine, in whose place
ready texts come back after 5 ms. The index is made to re-rank all of the pool again and again for as long as the run
lasts, the worst there is.

Every callback of the event loop is timed in the process's CPU time. Some are long because the machine was elsewhere
(a virtual processor is taken away without the process being told), so the same number of seconds of a loop that does
nothing but read the clock is timed next to it.
"""

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import chain, islice
from pathlib import Path

import numpy as np
from enlarge import enlarge

from selfalign import novelty, rundir
from selfalign.generate import generate, load_sources, make_manifest
from selfalign.propose import HEADING
from selfalign.recipe import build_recipe, recipe_row
from selfalign.records import Completion, Example, Instruction, Prompt, Round, Sampling, Usage, to_row
from selfalign.rows import read_rows, text_field

ACCEPTED_PER_ROUND = 8
REPLY = (
    " The request is plain and harmless.\nPrinciples: 2 (informative), 3 (helpful).\n### Answer\nThe first thing to "
    "look at is what is already there: write it down in a few lines, leave out what nobody will miss, and begin with "
    "the part that the others wait for. After a week, compare the list with what was done."
)
LONG = 0.010
"""Seconds that no callback should take."""


class ReadyEngine:
    """Answers proposals with the next texts of a stream, everything else with one fixed reply."""

    context_length = 8192

    def __init__(self, texts: Iterator[str]) -> None:
        self._texts = texts

    def count_tokens(self, prompt: Prompt) -> int:
        return len(prompt) // 4

    async def generate(self, prompt: Prompt, sampling: Sampling, *, rng_seed: int) -> Completion:
        await asyncio.sleep(0.005)
        text = self._propose() if HEADING in str(prompt) else REPLY
        return Completion(text, "stop", Usage(2000, 1900, 80))

    def _propose(self) -> str:
        items = islice(self._texts, ACCEPTED_PER_ROUND)
        return " " + "\n\n".join(
            f"### Task {number}\nInstruction: {text}" if number > 9 else text for number, text in enumerate(items, 9)
        )


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
        write_run(path, new_ones(texts), options.pool)
        novelty.MERGE = sys.maxsize  # every new block is merged with everything before it, which ranks all anew
        seconds, callbacks, num_rerankings = continue_run(path, texts, options.pool + options.accepted)
    print("| what | result |\n|---|---|")
    print(f"| callbacks at a pool of {options.pool:,} and {options.accepted:,} more | {len(callbacks):,} |")
    print(f"| the index ranked anew and rebuilt | {num_rerankings} times |")
    _report("callbacks", callbacks)
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


def make_recipe(target: int) -> dict:
    return {"name": "large", "slots": 64, "seeds": ["default"], "propose": {"target": target}}


def write_run(path: Path, texts: Iterator[str], size: int) -> None:
    """The journals of a run in which so many instructions were accepted and answered."""
    recipe = build_recipe(make_recipe(size), "benchmark")
    path.mkdir()
    rundir.write_atomically(path / rundir.RECIPE, json.dumps(recipe_row(recipe)))
    rundir.write_atomically(path / rundir.MANIFEST, json.dumps(make_manifest(recipe, load_sources(recipe))))
    with open(path / rundir.ROUNDS, "w") as rounds, open(path / rundir.OUTCOMES, "w") as outcomes:
        for index in range(-(-size // ACCEPTED_PER_ROUND)):
            accepted = tuple(
                Instruction(f"p{index:07d}-{item:02d}", text, "", "self-instruct")
                for item, text in enumerate(islice(texts, ACCEPTED_PER_ROUND))
            )
            rounds.write(json.dumps(to_row(Round(index, (), accepted, (), Usage()))) + "\n")
            for instruction in accepted:
                example = Example(instruction, "As asked.", "Done.", ("informative",), (), Usage())
                outcomes.write(json.dumps(to_row(example)) + "\n")


def continue_run(path: Path, texts: Iterator[str], target: int) -> tuple[float, np.ndarray, int]:
    """Wall seconds, the CPU time of each callback in seconds, and how often the index was ranked anew."""
    times: list[float] = []
    rankings: Counter[int] = Counter()
    started = 0.0

    @contextlib.asynccontextmanager
    async def open_engine(spec: object) -> AsyncIterator[ReadyEngine]:
        nonlocal started
        started = time.perf_counter()
        with _timed_callbacks(times), _counted_rankings(rankings):
            yield ReadyEngine(texts)

    generate(build_recipe(make_recipe(target), "benchmark"), path, start_engine=open_engine)
    return time.perf_counter() - started, np.array(times), rankings.total()


@contextlib.contextmanager
def _timed_callbacks(times: list[float]) -> Iterator[None]:
    run: Callable[[asyncio.Handle], None] = asyncio.Handle._run

    def timed(handle: asyncio.Handle) -> None:
        started = time.process_time()
        run(handle)
        times.append(time.process_time() - started)

    asyncio.Handle._run = timed
    try:
        yield
    finally:
        asyncio.Handle._run = run


@contextlib.contextmanager
def _counted_rankings(rankings: Counter[int]) -> Iterator[None]:
    build_segment = novelty.build_segment

    def counted(*arguments: object) -> Iterator[object]:
        segment = yield from build_segment(*arguments)
        rankings[segment.first] += 1
        return segment

    novelty.build_segment = counted
    try:
        yield
    finally:
        novelty.build_segment = build_segment


def idle(seconds: float) -> np.ndarray:
    """The CPU time between two readings of the clock, for so many seconds."""
    times, last, end = [], time.process_time(), time.perf_counter() + seconds
    while time.perf_counter() < end:
        now = time.process_time()
        if now - last > 1e-4:
            times.append(now - last)
        last = now
    return np.array(times or [0.0])


if __name__ == "__main__":
    main()
