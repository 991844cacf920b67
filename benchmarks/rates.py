"""How many rows a second a run makes by itself, and what each further step costs it.

    python benchmarks/rates.py INSTRUCTIONS [--rows 3000] [--times 3]

No engine: ready texts come back at once, so that all the time is the run's own: prompts, near-duplicates, screens,
parse, checks, journals, progress. INSTRUCTIONS is a JSON lines file with the field "instruction", enlarged where it is
too short (see benchmarks/enlarge.py); one answer in ten repeats itself and is failed. Every step is switched on by
itself, in turn with the run that has none, each time in a process of its own. Prints the medians: seconds and rows a
second, and the median of the ratios to the plain run before it.
"""

import argparse
import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from itertools import chain
from pathlib import Path
from typing import Any

from enlarge import enlarge
from ready import ReadyEngine

from selfalign.generate import generate
from selfalign.recipe import build_recipe
from selfalign.rows import read_rows, text_field

LOOPS_EVERY = 10
STEPS: dict[str, dict[str, Any]] = {
    "none": {},
    "pairs": {"pairs": {}},
    "revise": {"revise": {}},
    "judge": {"judge": {"score": True}},
    "samples: 2": {"judge": {"score": True}, "align": {"samples": 2}},
}


def run(step: str, instructions: Path, num_rows: int) -> float:
    """Seconds of a run of so many rows with this step, the reading of its files not counted."""
    given = [text_field(row, "instruction", str(instructions)) for _, row in read_rows(instructions)]
    engine = ReadyEngine(chain(given, enlarge(given, rng_seed=1)), 0, LOOPS_EVERY)
    recipe = build_recipe({"propose": {"target": num_rows}, **STEPS[step]}, "benchmark")
    took = 0.0

    @contextlib.asynccontextmanager
    async def open_engine(spec: object, **how: object) -> AsyncIterator[ReadyEngine]:
        nonlocal took
        started = time.perf_counter()
        yield engine
        took = time.perf_counter() - started

    with tempfile.TemporaryDirectory() as folder:
        counters = generate(recipe, Path(folder) / "run", start_engine=open_engine)
    assert counters.num_answered >= num_rows
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("instructions", type=Path)
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--only", choices=STEPS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        print(run(options.only, options.instructions, options.rows))
        return

    def seconds(step: str) -> float:
        ours = [__file__, str(options.instructions), "--rows", str(options.rows), "--only", step]
        return float(subprocess.run([sys.executable, *ours], check=True, stdout=subprocess.PIPE, text=True).stdout)

    print("| step | seconds | rows a second | times the plain run |\n|---|---|---|---|")
    for step in STEPS:
        pairs = [(seconds("none"), seconds(step)) for _ in range(options.times)]
        took = statistics.median(mine for _, mine in pairs)
        ratio = statistics.median(mine / plain for plain, mine in pairs)
        print(f"| {step} | {took:.1f} | {options.rows / took:,.0f} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()
