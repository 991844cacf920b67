"""How busy the slots are with proposals committed in order, by the width of the window.

    python -m benchmarks.window [--slots 64 512] [--sigma 0.8]

On a clock that only waiting moves: requests of log-normal length, of which a proposal brings `asked` instructions, 60 %
of them accepted, up to 60 a slot. "busy" is the time that the same requests would take, all known beforehand, over the
time that they took, start and end included. The default window is marked.
"""

import argparse
import asyncio
import heapq
import random
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from scripted import ScriptedEngine
from test_pipeline import SleepClockLoop

from selfalign import pipeline
from selfalign.align.constitution import load_constitution
from selfalign.propose import Pool, ProposeSpec, window_of
from selfalign.recipe import Recipe
from selfalign.records import Completion, Example, Sampling, Usage
from selfalign.run.progress import Counters

FACTORS = (1, 2, 4, 8)
ACCEPTED = 0.6
PER_SLOT = 60


class NoIndex:
    """An index to which everything is new: what is measured is the waiting."""

    def extend(self, items: Any) -> None:
        list(items)

    def add(self, *item: str) -> None:
        pass

    def nearest(self, *item: str) -> None:
        return None


async def answer(engine: Any, instruction: Any, *rest: Any, **how: Any) -> Example:
    """In place of aligning: one request."""
    await engine.generate("answer", Sampling(), rng_seed=0)
    return Example(instruction, "", "", (), (), Usage())


def busy(slots: int, asked: int, window: int | None, sigma: float, per_slot: int = PER_SLOT) -> float:
    """The share of the slots' time that is used, of a run with this window."""
    lengths = random.Random(3)
    seconds: list[float] = []

    def delay(seed: int) -> float:
        seconds.append(lengths.lognormvariate(0, sigma))
        return seconds[-1]

    def respond(prompt: str, sampling: Sampling, seed: int) -> Completion:
        items = (f"Explain {seed} and {at}." if lengths.random() < ACCEPTED else "No." for at in range(asked))
        return Completion(" " + "\n### Task 10\nInstruction: ".join(items), "stop", Usage())

    spec = ProposeSpec(target=per_slot * slots, asked=asked, window=window, max_dry_rounds=10**6)
    recipe = Recipe(slots=slots, propose=spec)
    plan = pipeline.Plan(1, slots, "text", load_constitution("short"), spec, recipe.align, recipe.checks)
    with mock.patch.object(pipeline, "align", answer), asyncio.Runner(loop_factory=SleepClockLoop) as runner:
        runner.run(
            pipeline.run(
                ScriptedEngine(respond, delay=delay),
                plan,
                Pool((), NoIndex()),
                answered_ids=set(),
                counters=Counters(target=spec.target),
                journal_round=lambda finished: None,
                journal_outcome=lambda outcome: None,
            )
        )
        wall = runner.get_loop().time()
    free_at = [0.0] * slots
    for length in seconds:
        heapq.heapreplace(free_at, free_at[0] + length)
    return max(free_at) / wall


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slots", type=int, nargs="+", default=[64, 512])
    parser.add_argument("--sigma", type=float, default=0.8)
    options = parser.parse_args()
    print("| slots | asked | window | busy |\n|---|---|---|---|")
    for slots in options.slots:
        for asked in (1, 8):
            default = window_of(replace(ProposeSpec(), asked=asked), slots)
            for window in sorted({default, *(factor * slots for factor in FACTORS)}):
                mark = " (default)" if window == default else ""
                print(
                    f"| {slots} | {asked} | {window}{mark} | {busy(slots, asked, window, options.sigma):.3f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
