"""How long it takes to open a run of 500,000 outcomes to continue it, and how much memory.

    python benchmarks/resume.py [--outcomes 500000]

Writes the journals of such a run (instructions of 8 to 20 words from a vocabulary of 20,000, answers of 60 words, 15
checks of which one flags) into a temporary folder, then replays them in a fresh process, index of near-duplicates
included. Prints seconds and the peak of the process's resident memory.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from itertools import count, islice
from pathlib import Path

from selfalign.generate import load_sources, make_manifest
from selfalign.recipe import Recipe, build_recipe, recipe_row
from selfalign.records import CheckResult, Example, Instruction, Round, Usage, Verdict, to_row
from selfalign.run import directory as rundir

ACCEPTED_PER_ROUND = 5
CHECKS = (CheckResult("refusal", Verdict.FLAG, 0.3, "partly_refuses: declines in the first sentence"),)

REPLAY = """
import resource, sys, time
from pathlib import Path
from selfalign.generate import load_sources, replay
from selfalign.recipe import recipe_of_run
started = time.perf_counter()
path = Path(sys.argv[1])
recipe = recipe_of_run(path)
state = replay(path, recipe, load_sources(recipe))
seconds = time.perf_counter() - started
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(len(state.answered_ids), round(seconds, 1), round(peak))
"""


def write_run(path: Path, num_outcomes: int) -> None:
    """Journals as a run would leave them; text without meaning but with realistic lengths."""
    rng = random.Random(1)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(3, 9))) for _ in range(20_000)]

    def example(number: int) -> Example:
        index, item = divmod(number, ACCEPTED_PER_ROUND)
        text, answer = " ".join(rng.choices(words, k=rng.randint(8, 20))), " ".join(rng.choices(words, k=60))
        instruction = Instruction(f"p{index:07d}-{item:02d}", text, "", "self-instruct")
        return Example(instruction, answer[:150], answer, ("informative",), CHECKS, Usage(2000, 1900, 120))

    recipe = build_recipe({"name": "large", "propose": {"target": num_outcomes}}, "benchmark")
    write_journals(path, recipe, map(example, range(num_outcomes)))


def write_journals(path: Path, recipe: Recipe, examples: Iterable[Example]) -> None:
    """The run directory of a recipe in which `ACCEPTED_PER_ROUND` instructions a round were accepted and answered."""
    path.mkdir()
    manifest = make_manifest(recipe, load_sources(recipe))
    rundir.write_atomically(path / rundir.RECIPE, json.dumps(recipe_row(recipe)))
    rundir.write_atomically(path / rundir.MANIFEST, json.dumps(manifest))
    examples = iter(examples)
    with open(path / rundir.ROUNDS, "w") as rounds, open(path / rundir.OUTCOMES, "w") as outcomes:
        for index in count():
            answered = list(islice(examples, ACCEPTED_PER_ROUND))
            if not answered:
                return
            accepted = tuple(each.instruction for each in answered)
            finished = Round(index, ("seed-1",) * 8, accepted, (), Usage(900, 300, 400))
            rounds.write(json.dumps(to_row(finished)) + "\n")
            outcomes.writelines(json.dumps(to_row(each)) + "\n" for each in answered)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--outcomes", type=int, default=500_000)
    num_outcomes = parser.parse_args().outcomes
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large"
        started = time.perf_counter()
        write_run(path, num_outcomes)
        print(f"written in {time.perf_counter() - started:.0f} s", file=sys.stderr)
        replayed = subprocess.run([sys.executable, "-c", REPLAY, str(path)], check=True, capture_output=True, text=True)
    answered, seconds, megabytes = replayed.stdout.split()
    print("| outcomes | seconds to open | peak memory |\n|---|---|---|")
    print(f"| {int(answered):,} | {seconds} | {megabytes} MB |")


if __name__ == "__main__":
    main()
