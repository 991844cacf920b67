"""How long it takes to judge a finished run again by other checks.

    python benchmarks/recheck.py [--outcomes 100000]

Writes a run whose answers are those of the built-in seed tasks into a temporary folder, then rechecks it with another
threshold, as `selfalign recheck RUN --set checks.loop_share=0.4` does. Prints wall and CPU time of this process.
"""

import argparse
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

from selfalign.generate import load_sources, make_manifest
from selfalign.propose.seeds import load_seeds
from selfalign.recheck import recheck
from selfalign.recipe import build_recipe, recipe_row
from selfalign.records import Example, Instruction, Round, Usage
from selfalign.run import directory as rundir

THOUGHT = "The question asks for something plain, so the answer gives it and keeps to what was asked."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--outcomes", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        words = write_run(Path(folder) / "run", options.outcomes)
        started, cpu = time.perf_counter(), time.process_time()
        counters = recheck(Path(folder) / "run", ["checks.loop_share=0.4"]).counters
        wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    print(f"{counters.num_answered:,} answers of {words:.0f} words on average judged again")
    print(f"{wall:.1f} s, {cpu:.1f} s of CPU time; {counters.num_examples:,} pass, {counters.num_failed:,} fail")


def write_run(path: Path, num_outcomes: int) -> float:
    """A run with that many examples; returns the average words of their answers."""
    recipe = build_recipe({}, "defaults")
    sources = load_sources(recipe)
    cited = tuple(each.id for each in sources.constitution.principles[1:3])
    seeds = [seed for seed in load_seeds(["default"]) if seed.answer]
    with rundir.RunDir(path, recipe_row(recipe), make_manifest(recipe, sources)) as run:
        run.rounds.append(Round(0, (), (), (), Usage()))
        for at, seed in enumerate(islice(cycle(seeds), num_outcomes)):
            instruction = Instruction(f"p{at:07}-00", seed.text, seed.context, "self-instruct")
            run.outcomes.append(Example(instruction, THOUGHT, seed.answer, cited, (), Usage(1850, 1790, 60)))
    return sum(len(seed.answer.split()) for seed in seeds) / len(seeds)


if __name__ == "__main__":
    main()
