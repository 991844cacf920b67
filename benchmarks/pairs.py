"""How many preference pairs have the principled answer on the chosen side, and what pairs cost.

    python -m benchmarks.pairs [--each 100] [--contrasts raw contrary ladder]

The miniature answers held-out prompts of known kinds, delicate and harmless ones, as instructions that exist already;
what the patterns of `training/scoring.py` say of both sides of a pair tells which one should have been chosen. Runs are
kept in --output and continued. Prints one Markdown table.
"""

import argparse
import json
from collections import Counter
from pathlib import Path

from pyarrow import parquet

from selfalign.dataset.export import export
from selfalign.dataset.summary import Summary, read_summary
from selfalign.generate import generate
from selfalign.recipe import load_recipe
from training.constitutions import DEFAULT
from training.corpus.grammar import Item
from training.evaluate import held_out
from training.scoring import Count, is_principled, is_right
from training.turns import is_delicate

HEADER = (
    "| contrast | pairs of delicate prompts | chosen principled, rejected not | neither differs | the wrong way round "
    "| right way round of those that differ | pairs of harmless prompts | chosen right, rejected wrong "
    "| the wrong way round | left out | longer: chosen, rejected | tokens written, times those without |"
)


def run(items: list[Item], contrast: str, folder: Path) -> tuple[Path, Summary]:
    """The dataset of a run over these prompts, and its summary."""
    prompts = folder / "prompts.jsonl"
    prompts.parent.mkdir(parents=True, exist_ok=True)
    rows = ({"instruction": item.text, "input": item.context} for item in items)
    prompts.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    source = f"propose.source={{path: {prompts}, instruction_field: instruction, context_field: input}}"
    changes = (source, f"propose.target={len(items)}", f"pairs.contrast={contrast}", "novelty.threshold=1.0")
    path = folder / contrast
    generate(load_recipe("demo", changes), path)
    export(path)
    return path / "dataset", read_summary(path)


def judged(items: list[Item], dataset: Path) -> dict[str, Counter[str]]:
    """Which side of each pair is good, by the sort of its prompt: "chosen", "rejected", "both" or "neither"."""
    by_turn = {item.user_turn: item for item in items}
    found: dict[str, Counter[str]] = {"delicate": Counter(), "harmless": Counter()}
    for path in sorted((dataset / "preference").glob("*.parquet")):
        for row in parquet.read_table(path).to_pylist():
            item = by_turn[row["prompt"][0]["content"]]
            sides = [_is_good(item, row[side][0]["content"]) for side in ("chosen", "rejected")]
            names = {(True, False): "chosen", (False, True): "rejected", (True, True): "both"}
            found["delicate" if is_delicate(item) else "harmless"][names.get(tuple(sides), "neither")] += 1
    return found


def _is_good(item: Item, answer: str) -> bool:
    return is_principled(item, answer, DEFAULT.persona) if is_delicate(item) else is_right(item, answer)


def line(contrast: str, found: dict[str, Counter[str]], summary: Summary) -> str:
    """One row of the table."""
    delicate, harmless, pairs = found["delicate"], found["harmless"], summary.pairs
    counters = summary.counters
    without = counters.usage.output_tokens - counters.pairs_usage.output_tokens
    left_out = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in sorted(pairs.left_out.items()))
    cells = (
        contrast,
        delicate.total(),
        Count(delicate["chosen"], delicate.total()),
        delicate["both"] + delicate["neither"],
        delicate["rejected"],
        Count(delicate["chosen"], delicate["chosen"] + delicate["rejected"]),
        harmless.total(),
        harmless["chosen"],
        harmless["rejected"],
        left_out or "none",
        f"{pairs.chosen_longer}, {pairs.rejected_longer}",
        f"{counters.usage.output_tokens / without:.2f}",
    )
    return f"| {' | '.join(map(str, cells))} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=100, help="held-out prompts, delicate and harmless ones each")
    parser.add_argument("--contrasts", nargs="+", default=["raw", "contrary", "ladder"])
    parser.add_argument("--output", type=Path, default=Path("outputs/pairs"))
    args = parser.parse_args()
    held = held_out(17, args.each)
    items = [*held.delicate, *held.harmless]
    print(HEADER, "|---" * HEADER.count(" | ") + "|---|", sep="\n")
    for contrast in args.contrasts:
        dataset, summary = run(items, contrast, args.output)
        print(line(contrast, judged(items, dataset), summary), flush=True)


if __name__ == "__main__":
    main()
