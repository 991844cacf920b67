"""What choosing cells costs at 100,000 guided instructions, how evenly they are filled, and how large the ledger gets.

    python benchmarks/guided.py [--instructions 100000] [--accept 0.6]

No engine: each round's outcome is drawn at random (a request is kept with the given probability, a round of topics
brings 0 to 10 new ones until its kind has 3,000), so that what is timed is the ledger alone. Prints the mean and the
99th percentile over the last tenth of the rounds, in milliseconds; then what it costs to tell of all the cells.
"""

import argparse
import json
import random
import statistics
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable

from selfalign.propose import Ledger, condense, load_guide, summarise_cells
from selfalign.propose.cells import evenness
from selfalign.propose.spec import GuidedSpec
from selfalign.records import Cell, Example, Instruction, Round, Stance, Usage, to_row

WINDOW = 512
MAX_TOPICS = 3_000


class Draws:
    """Rounds as an engine might have left them."""

    def __init__(self, accept: float) -> None:
        self.rng = random.Random(1)
        self.accept = accept
        self.num_topics: Counter[str] = Counter()

    def finish(self, number: int, kind: str, hints: tuple[Cell, ...], ledger: Ledger) -> Round:
        """The round of these hints, or of topics of this kind."""
        kept: list[Instruction] = []
        for cell in sorted(hints, key=lambda cell: cell.stance == Stance.HARMFUL):
            instruction = Instruction(f"p{number:07d}-{len(kept):02d}", "", "", "guided", cell)
            is_alone = cell.stance == Stance.HARMFUL and ledger.lacks_twin(cell, kept)
            if self.rng.random() < self.accept and not is_alone:
                kept.append(instruction)
        num_new = min(self.rng.randint(0, 10), MAX_TOPICS - self.num_topics[kind]) if kind else 0
        topics = tuple(f"topic {self.num_topics[kind] + at}" for at in range(num_new))
        self.num_topics[kind] += num_new
        return Round(number, (), tuple(kept), (), Usage(), "guided", hints, kind, topics)


def run(
    num_instructions: int, accept: float, keep: Callable[[Round], None] = lambda finished: None
) -> tuple[list[float], Counter[str], Counter[str], int]:
    """Seconds each choice took with what it led to; kept lines by kind and by stance; rounds of topics. `keep` gets
    every round."""
    ledger, draws = Ledger(load_guide("default"), GuidedSpec(), WINDOW), Draws(accept)
    seconds: list[float] = []
    kinds: Counter[str] = Counter()
    stances: Counter[str] = Counter()
    waiting: list[tuple[int, str, tuple[Cell, ...]]] = []
    num_topic_rounds = 0
    while kinds.total() < num_instructions:
        number = len(seconds)
        started = time.thread_time()
        kind, hints = ledger.choose(number, random.Random(number))
        seconds.append(time.thread_time() - started)
        num_topic_rounds += bool(kind)
        waiting.append((number, kind, hints))
        if len(waiting) == WINDOW:
            finished = draws.finish(*waiting.pop(0), ledger)
            started = time.thread_time()
            ledger.note(finished)
            seconds[-1] += time.thread_time() - started
            keep(finished)
            kinds.update(item.cell.kind for item in finished.accepted)
            stances.update(item.cell.stance for item in finished.accepted)
    return seconds, kinds, stances, num_topic_rounds


def measure_summary(rounds: list[Round]) -> str:
    """What it costs to tell of the cells of these rounds, as a row of a table: every instruction is answered."""
    answered = [Example(item, "", "", (), (), Usage()) for each in rounds for item in each.accepted]
    started = time.thread_time()
    summary = condense(summarise_cells(rounds, answered), GuidedSpec().tries)
    seconds = time.thread_time() - started
    size = len(json.dumps(to_row(summary)))
    tracemalloc.start()
    cells = summarise_cells(rounds, answered)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return f"| {len(cells.figures):,} | {seconds:.1f} s | {peak / 2**20:.0f} MB | {size / 1000:.0f} kB |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instructions", type=int, default=100_000)
    parser.add_argument("--accept", type=float, default=0.6)
    options = parser.parse_args()
    seconds, kinds, stances, num_topic_rounds = run(options.instructions, options.accept)
    last = sorted(seconds[-len(seconds) // 10 :])
    rounds: list[Round] = []
    run(options.instructions, options.accept, rounds.append)
    summary = measure_summary(rounds)
    rounds.clear()
    tracemalloc.start()
    run(options.instructions // 10, options.accept)
    tenth = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    run(options.instructions // 5, options.accept)
    fifth = tracemalloc.get_traced_memory()[1]
    print("| instructions | rounds | of topics | mean | p99 | evenness | harmful | twins | memory at 1/10, 1/5 |")
    print("|---|---|---|---|---|---|---|---|---|")
    print(
        f"| {kinds.total():,} | {len(seconds):,} | {num_topic_rounds / len(seconds):.0%} "
        f"| {1000 * statistics.mean(last):.3f} ms | {1000 * last[len(last) * 99 // 100]:.3f} ms "
        f"| {evenness(list(kinds.values())):.4f} | {stances['harmful']:,} | {stances['benign twin']:,} "
        f"| {tenth / 2**20:.0f} MB, {fifth / 2**20:.0f} MB |"
    )
    print("\n| cells | summary | memory | in summary.json |\n|---|---|---|---|")
    print(summary)


if __name__ == "__main__":
    main()
