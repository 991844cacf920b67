"""How many continued lists are read right: those the parser was worked on with, and those held back.

    python -m benchmarks.proposals

Reads tests/data/proposals.jsonl (tests/data/README.md says how it was made). A list counts as right if exactly the
expected tasks come out of it, in order, with the expected inputs.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from selfalign.propose.listing import parse_list

FIRST = 9
"""The number of the first task that was asked for."""

DATA = Path(__file__).parent.parent / "tests" / "data" / "proposals.jsonl"


def tasks(row: dict[str, Any]) -> list[dict[str, str]]:
    """What is read from one row's reply, in the form in which the row has what is expected."""
    items, is_whole = parse_list(row["reply"], row["style"], FIRST)
    if row["truncated"] and not is_whole:
        items = items[:-1]
    return [{"text": item[0], "context": item[1]} for item in items if item]


def main() -> None:
    total: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for line in DATA.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        total[row["part"]] += 1
        right[row["part"]] += tasks(row) == row["expected"]
    print("| part | lists | read right |\n|---|---|---|")
    for part in sorted(total):
        print(f"| {part} | {total[part]} | {right[part]} |")


if __name__ == "__main__":
    main()
