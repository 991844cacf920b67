"""What a run of 500,000 outcomes takes to open, to show and to export: seconds and memory.

    python benchmarks/resume.py [--outcomes 500000] [--at 5000000]

Writes the journals of such a run (instructions of 8 to 20 words from a vocabulary of 20,000, answers of 60 words, 15
checks of which one flags) into a temporary folder, and of one with a fifth of the outcomes. Each job is done in a fresh
process: open (the replay with which a run continues, index of near-duplicates included), status (of a run without a
dataset), export. What stands under --at lies on the line through both sizes, for seconds and memory alike; the exponent
of the seconds between the two sizes tells whether that may be believed: above 1, more than linear.
"""

import argparse
import json
import math
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from itertools import count, islice
from pathlib import Path

from selfalign.generate import load_sources, make_manifest
from selfalign.recipe import Recipe, build_recipe, recipe_row
from selfalign.records import CheckResult, Example, Instruction, Round, Usage, Verdict, to_row
from selfalign.run import directory as rundir

ACCEPTED_PER_ROUND = 5
CHECKS = (CheckResult("refusal", Verdict.FLAG, 0.3, "partly_refuses: declines in the first sentence"),)

JOBS = {
    "open": "from selfalign import generate as g; from selfalign.recipe import recipe_of_run; "
    "recipe = recipe_of_run(path); g.replay(path, recipe, g.load_sources(recipe))",
    "status": "from selfalign.show.status import describe; list(describe(path))",
    "export": "from selfalign.dataset import export; export.export(path)",
}
JOB = """
import resource, sys, time
from pathlib import Path
path, started = Path(sys.argv[1]), time.perf_counter()
{job}
print(time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
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


def measure(num_outcomes: int) -> dict[str, tuple[float, float]]:
    """Seconds and peak megabytes of each job on a run of that size."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large"
        write_run(path, num_outcomes)
        print(f"{num_outcomes:,} outcomes written", file=sys.stderr)
        found = {}
        for name, job in JOBS.items():
            command = [sys.executable, "-c", JOB.format(job=job), str(path)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            seconds, megabytes = done.stdout.split()[-2:]
            found[name] = float(seconds), float(megabytes)
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--outcomes", type=int, default=500_000)
    parser.add_argument("--at", type=int, default=5_000_000)
    options = parser.parse_args()
    smaller = options.outcomes // 5
    few, many = measure(smaller), measure(options.outcomes)
    print(f"| job | {smaller:,} outcomes | {options.outcomes:,} outcomes | exponent | {options.at:,}, extrapolated |")
    print("|---|---|---|---|---|")
    for name in JOBS:
        exponent = math.log(many[name][0] / few[name][0], options.outcomes / smaller)
        steps = (options.at - options.outcomes) / (options.outcomes - smaller)
        at = [b + steps * (b - a) for a, b in zip(few[name], many[name], strict=True)]
        cells = [f"{seconds:,.1f} s, {megabytes:,.0f} MB" for seconds, megabytes in (few[name], many[name], at)]
        print(f"| {name} | {cells[0]} | {cells[1]} | {exponent:.2f} | {cells[2]} |")


if __name__ == "__main__":
    main()
