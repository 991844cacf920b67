"""How many replies are read right, of those in tests/data/replies.jsonl.

    python -m benchmarks.replies [--part open|held-back] [--failures]

A good reply is read right where it becomes an example with exactly the cited principles and the answer that were
expected; a bad one where it becomes none. The parser is worked on with the open part; --failures names the rows.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from selfalign.align import load_constitution, read_outcome
from selfalign.checks import ChecksSpec
from selfalign.records import Completion, Example, Instruction, Outcome, Usage

REPLIES = Path(__file__).parent.parent / "tests" / "data" / "replies.jsonl"


@dataclass
class Figures:
    """Rows of one part: how many there are, how many were read right, and the ids of the others."""

    num_good: int = 0
    num_bad: int = 0
    misread: list[str] = field(default_factory=list)
    failed_by_checks: list[str] = field(default_factory=list)
    wrongly_examples: list[str] = field(default_factory=list)
    wrongly_flagged: list[str] = field(default_factory=list)

    def count(self, row: dict[str, Any], outcome: Outcome) -> None:
        """Take in one row and what became of it."""
        self.num_good += row["good"]
        self.num_bad += not row["good"]
        if not row["good"]:
            self.wrongly_examples += [row["id"]] * isinstance(outcome, Example)
        elif (outcome.answer, list(outcome.principles_cited)) != (row["answer"], row["cited"]):
            self.misread.append(row["id"])
        else:
            is_flagged = any(result.name == "citation" for result in outcome.checks)
            self.failed_by_checks += [row["id"]] * (not isinstance(outcome, Example))
            self.wrongly_flagged += [row["id"]] * (is_flagged != row.get("flag", False))


def read_part(part: str) -> Iterator[tuple[dict[str, Any], Outcome]]:
    """Every row of a part with what becomes of its reply."""
    constitution, spec = load_constitution("default"), ChecksSpec(leak="fail", rule_leak="fail", role_marker="fail")
    with REPLIES.open(encoding="utf-8") as file:
        for row in map(json.loads, file):
            if row["part"] == part:
                instruction = Instruction(row["id"], row["prompt"], "", "replies")
                yield row, read_outcome(instruction, Completion(row["reply"], "stop", Usage()), constitution, spec)


def measure(part: str) -> Figures:
    """The figures of a part."""
    figures = Figures()
    for row, outcome in read_part(part):
        figures.count(row, outcome)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("open", "held-back"), action="append", help="only this part")
    parser.add_argument("--failures", action="store_true", help="name the rows that were not read right")
    options = parser.parse_args()
    print("part       good  read right  failed by checks  wrongly flagged   bad  examples of them")
    for part in options.part or ("open", "held-back"):
        found = measure(part)
        right = found.num_good - len(found.misread)
        print(
            f"{part:9} {found.num_good:5} {right:5} ({right / found.num_good:.1%}) {len(found.failed_by_checks):14} "
            f"{len(found.wrongly_flagged):16} {found.num_bad:8} {len(found.wrongly_examples):6}"
        )
        if options.failures:
            print(*found.misread, *found.failed_by_checks, *found.wrongly_flagged, *found.wrongly_examples, sep="\n")


if __name__ == "__main__":
    main()
