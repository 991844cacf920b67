"""Is a plan right? `selfalign plan demo`, then the demo itself, five times, each in fresh processes.

    python benchmarks/plan.py [--times 5] [--past RUN]
    python benchmarks/plan.py --growth RUN

Prints a table: tokens (read and written together, and written alone) and seconds until the last answer, the engine's
start included, as planned and as they came. With --past the plan is made from that run instead of 20 requests.
With --growth no engine is needed: how many rounds the model gives a run, from its first rounds alone.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from selfalign.records import Usage
from selfalign.run.directory import read_rounds
from selfalign.run.forecast import Course

UNITS = {"tokens": 1.0, "ktok": 1e3, "Mtok": 1e6, "Gtok": 1e9, "": 3600.0}
SPAN = re.compile(r"([\d.e-]+) ?([a-zA-Z]*) to ([\d.e-]+) ?([a-zA-Z]*), likely ([\d.e-]+) ?([a-zA-Z]*)")


def planned(lines: list[str]) -> dict[str, tuple[float, float, float]]:
    """Low, likely, high of tokens, tokens written and seconds (from the hours of the one device, which are exact)."""
    found = {}
    for name, start in (("tokens", "tokens"), ("written", "written"), ("seconds", "GPU hours")):
        line = next(each for each in lines if each.strip().startswith(start))
        low, low_unit, high, high_unit, likely, likely_unit = SPAN.search(line).groups()
        found[name] = (
            float(low) * UNITS[low_unit],
            float(likely) * UNITS[likely_unit],
            float(high) * UNITS[high_unit],
        )
    return found


def came(run: Path) -> dict[str, float]:
    """The same of a finished run."""
    row = json.loads((run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    written = row["output_tokens"]
    return {"tokens": row["prompt_tokens"] + written, "written": written, "seconds": row["seconds"]}


def command(*arguments: str) -> list[str]:
    """The lines that a command of ours prints."""
    ours = [sys.executable, "-m", "selfalign", *arguments]
    return subprocess.run(ours, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()


def print_growth(path: Path) -> None:
    """The rounds that a run's first rounds foretell for all that it kept, beside those that it took."""
    rounds = list(read_rounds(path))
    target = sum(len(each.accepted) for each in rounds)
    print(
        f"{target} kept of {target + sum(len(each.rejected) for each in rounds)} candidates in {len(rounds)} rounds\n"
    )
    print("| rounds seen | kept, repeats | likely | range |\n|---|---|---|---|")
    for seen in (6, len(rounds) // 8, len(rounds) // 4, len(rounds) // 2):
        course = Course()
        for each in rounds[:seen]:
            course.count_round(each)
        course.answer.add(Usage())
        low, likely, high = course.left(target).rounds
        print(f"| {seen} | {course.num_kept}, {course.num_repeats} | {likely:.0f} | {low:.0f} to {high:.0f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--past", help="a run directory to plan from")
    parser.add_argument("--growth", type=Path, help="a run directory to foretell from its beginning")
    arguments = parser.parse_args()
    if arguments.growth:
        print_growth(arguments.growth)
        return
    print("| | planned | range | came | off by |\n|---|---|---|---|---|", flush=True)
    for number in range(1, arguments.times + 1):
        with tempfile.TemporaryDirectory() as folder:
            plan = planned(command("plan", "demo", *(["--from", arguments.past] if arguments.past else [])))
            command("generate", "demo", "--output", f"{folder}/run")
            for name, value in came(Path(folder) / "run").items():
                low, likely, high = plan[name]
                inside = "" if low <= value <= high else ", outside"
                row = f"{low:,.0f} to {high:,.0f}{inside} | {value:,.0f} | {likely / value - 1:+.1%}"
                print(f"| {number} {name} | {likely:,.0f} | {row} |", flush=True)


if __name__ == "__main__":
    main()
