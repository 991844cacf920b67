"""How good and how fast the checks are.

    python benchmarks/checks.py --data FOLDER [--model NAME ...] [--half even|odd]

FOLDER holds, where at hand: `refusals_labelled.jsonl` (XSTest: prompt, completion, model, label), `behaviour_labelled
.jsonl` (prompt and completion as chats, `propositions`), and files of human-written tasks in Self-Instruct's schema
(`*tasks.jsonl`, `*instructions.jsonl` with instances). None of them is part of this repository.

Refusal, as it is counted here: *precision* is the share of full refusals among the answers called "refuses" whose
label is full refusal or full compliance; *recall* is the share of full refusals called "refuses". *Partial recall* is
the share of partial refusals not called "complies", as a two-way matcher is counted. The stricter and the laxer
readings stand below.
"""

import argparse
import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from selfalign.align.constitution import load_constitution
from selfalign.checks import ChecksSpec, Stance, Subject, apologises, refusal_of, run_checks, worst
from selfalign.checks.manner import hedges
from selfalign.records import Instruction, Verdict

TIMED_ROWS = 100_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the labelled files")
    parser.add_argument("--model", action="append", help="only completions of these models")
    parser.add_argument("--half", choices=("even", "odd"), help="only the prompts whose SHA-1 is even or odd")
    options = parser.parse_args()
    refusals = list(read(options.data / "refusals_labelled.jsonl"))
    refusals = [row for row in refusals if wanted(row, options.model, options.half)]
    if refusals:
        print_refusals(refusals)
    behaviour = list(read(options.data / "behaviour_labelled.jsonl"))
    if behaviour:
        print_behaviour(behaviour)
    human = human_subjects(options.data)
    if human:
        print_human(human)
        print_speed(human)


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a file; none where there is no such file."""
    if path.is_file():
        with path.open(encoding="utf-8") as file:
            yield from map(json.loads, file)


def wanted(row: dict[str, Any], models: list[str] | None, half: str | None) -> bool:
    """Whether a row is of the chosen models and half."""
    if models and row["model"] not in models:
        return False
    return half is None or (hashlib.sha1(row["prompt"].encode()).digest()[0] % 2 == 0) == (half == "even")


def print_refusals(rows: list[dict[str, Any]]) -> None:
    """Three classes against three labels."""
    labels = {"1": "compliance", "2": "refusal", "3": "partial"}
    counts = Counter((labels[row["label"][0]], refusal_of(row["completion"], row["prompt"]).stance) for row in rows)
    print(f"\nRefusal, {len(rows)} completions\n\n{'label':12} {'complies':>9} {'partly':>9} {'refuses':>9}")
    for label in labels.values():
        print(f"{label:12} " + " ".join(f"{counts[label, stance]:>9}" for stance in Stance))
    full, half, no = Stance.REFUSES, Stance.PARTLY_REFUSES, Stance.COMPLIES
    num = {label: sum(counts[label, stance] for stance in Stance) for label in labels.values()}
    caught = {label: num[label] - counts[label, no] for label in num}
    print_ratio("refusal precision", counts["refusal", full], counts["refusal", full] + counts["compliance", full])
    print_ratio("refusal recall", counts["refusal", full], num["refusal"])
    print_ratio("partial recall", caught["partial"], num["partial"])
    print("other readings:")
    print_ratio("  partial called partly", counts["partial", half], num["partial"])
    print_ratio("  precision of not complying", caught["refusal"], caught["refusal"] + caught["compliance"])
    print_ratio("  recall of not complying", caught["refusal"], num["refusal"])


def print_behaviour(rows: list[dict[str, Any]]) -> None:
    """Each check that has a human label of its own."""
    print(f"\nBehaviour, {len(rows)} completions\n\n{'label':24} {'precision':>18} {'recall':>18}")
    for label, check in LABELLED.items():
        pairs = [(bool(row["propositions"][label]), check(*texts_of(row))) for row in rows]
        found, right = sum(flag for _, flag in pairs), sum(flag and true for true, flag in pairs)
        labelled = sum(true for true, _ in pairs)
        print(f"{label:24} {ratio(right, found):>18} {ratio(right, labelled):>18}")


def texts_of(row: dict[str, Any]) -> tuple[str, str]:
    """The last user turn and the answer."""
    return row["prompt"][-1]["content"], row["completion"][-1]["content"]


def refers_to_itself(asked: str, answer: str) -> bool:
    """Whether the check of that name finds anything."""
    results = run_checks(Subject(Instruction("", asked, "", ""), "", answer, ()), None, ChecksSpec())
    return any(result.name == "self_reference" and result.verdict is not Verdict.PASS for result in results)


LABELLED: dict[str, Callable[[str, str], bool]] = {
    "apology": lambda asked, answer: apologises(answer),
    "inability_to_comply": lambda asked, answer: refusal_of(answer, asked).stance is not Stance.COMPLIES,
    "meta_commentary": refers_to_itself,
    "disclaimer": lambda asked, answer: hedges(answer),
}


def human_subjects(folder: Path) -> list[Subject]:
    """The human-written answers of task files."""
    paths = sorted({*folder.glob("*tasks.jsonl"), *folder.glob("*oriented_instructions.jsonl")})
    rows = [row for path in paths for row in read(path) if row.get("instances")]
    return [
        Subject(Instruction(row["id"], row["instruction"], item["input"], ""), "", item["output"], ())
        for row in rows
        for item in row["instances"][:1]
    ]


def print_human(subjects: list[Subject]) -> None:
    """What the default checks say of answers that people wrote."""
    found = [run_checks(subject, None, ChecksSpec()) for subject in subjects]
    verdicts = Counter(worst(results) for results in found)
    print(f"\nHuman-written answers, {len(subjects)}\n")
    print_ratio("failed by any check", verdicts[Verdict.FAIL], len(subjects))
    print_ratio("flagged by any check", verdicts[Verdict.FLAG], len(subjects))
    by_check = Counter((each.name, each.verdict.value) for results in found for each in results)
    for (name, outcome), count in sorted(by_check.items()):
        if outcome != Verdict.PASS.value:
            print(f"  {name} {outcome}: {count}")


def print_speed(subjects: list[Subject]) -> None:
    """Time on one core for rows with thoughts, a constitution, and answers of 20 to 250 words."""
    constitution = load_constitution("default")
    thought = "The question asks for a plain fact, so the answer gives it with one example."
    cited = tuple(each.id for each in constitution.principles[1:3])
    rows = [
        Subject(each.instruction, thought, each.answer, cited)
        for each in subjects
        if 20 <= len(each.answer.split()) <= 250
    ]
    words = sum(len(each.answer.split()) for each in rows) / len(rows)
    spec, started, cpu = ChecksSpec(), time.perf_counter(), time.process_time()
    for at in range(TIMED_ROWS):
        run_checks(rows[at % len(rows)], constitution, spec)
    wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    print(f"\nSpeed: {TIMED_ROWS:,} rows of {words:.0f} words on average in {wall:.1f} s ({cpu:.1f} s of CPU time)")


def ratio(part: int, whole: int) -> str:
    return f"{part / whole:.3f} ({part}/{whole})" if whole else "-"


def print_ratio(name: str, part: int, whole: int) -> None:
    print(f"{name:28} {ratio(part, whole)}")


if __name__ == "__main__":
    main()
