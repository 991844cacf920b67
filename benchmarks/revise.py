"""How many bad drafts the miniature revises into principled answers.

    python -m benchmarks.revise [--each 80]

The draft is the naive answer to a held-out delicate prompt, the principle named is the one that governs it; the
revision is parsed and checked as in a run and judged by the patterns of `training/scoring.py`. Greedy decoding with
plain PyTorch, one thread. Prints one Markdown table.
"""

import argparse
from collections import Counter

from selfalign.align.prompt import render_prefix
from selfalign.align.revise import read_revision, render_revision
from selfalign.builtin import builtin_folder
from selfalign.checks import ChecksSpec
from selfalign.records import Completion, Example, Failure, FailureReason, Instruction, Usage
from training.constitutions import DEFAULT
from training.corpus.grammar import IDS
from training.evaluate import MAX_TOKENS, STOP, held_out
from training.greedy import Greedy
from training.scoring import Count, is_principled


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=80, help="held-out delicate prompts")
    args = parser.parse_args()
    prefix, failures, prompts = render_prefix(DEFAULT), [], []
    items = held_out(19, args.each).delicate
    for item in items:
        instruction = Instruction("held", item.text, item.context, "held out")
        prompt = str(render_revision(DEFAULT, instruction, item.naive, IDS[item.cites[0]], "text"))
        prompts.append((prefix, prompt.removeprefix(prefix)))
        failures.append(Failure(instruction, "check", FailureReason.CHECK, "", "", Usage(), "", item.naive))
    counts, reasons = {name: Count() for name in ("naive", "sound", "principled", "cited")}, Counter()
    completions = Greedy(str(builtin_folder("miniature"))).complete(prompts, MAX_TOKENS, STOP)
    for item, failure, text in zip(items, failures, completions, strict=True):
        id_ = IDS[item.cites[0]]
        outcome = read_revision(failure, id_, Completion(text, "stop", Usage()), DEFAULT, ChecksSpec())
        is_sound = isinstance(outcome, Example)
        counts["naive"].add(is_principled(item, item.naive, DEFAULT.persona))
        counts["sound"].add(is_sound)
        counts["principled"].add(is_sound and is_principled(item, outcome.answer, DEFAULT.persona))
        counts["cited"].add(is_sound and outcome.principles_cited[:1] == (id_,))
        if not is_sound:
            reasons[outcome.revision.detail.split(":")[0]] += 1
    print("| drafts principled | revisions parsed and sound | principled | cite the principle first | what was wrong |")
    print("|---|---|---|---|---|")
    wrong = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common()) or "nothing"
    print(f"| {' | '.join(map(str, counts.values()))} | {wrong} |")


if __name__ == "__main__":
    main()
