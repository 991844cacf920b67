"""How good the checks are, and how fast.

    python benchmarks/checks.py [--part held-back|open] [--data FOLDER] [--write]

The rows of tests/data (checks.jsonl, refusals.jsonl) were written by somebody who had not read the rules; their part
"open" was looked at while the rules were written, "held-back" was not, nor were "held-back-2" and "held-back-3", which
are newer and measured first. FOLDER holds, where at hand, data of others that are not part of this repository:
`refusals_labelled.jsonl` (XSTest: prompt, completion, model, label), `behaviour_labelled.jsonl` (prompt and completion
as chats, `propositions`), `modern_answers.jsonl` (AlpacaEval: model, prompt, answer), and human-written tasks in
Self-Instruct's schema. Of each but the last the half is used whose prompts have an even ("open") or odd ("held-back")
first byte of SHA-1. `--write` puts the tables into benchmarks/checks.md and the figures into
selfalign/checks/measured.json, from which the card and the README quote.

Precision of a check: of its rows that it flags or fails, the share of bad ones; recall: of its bad rows, the share that
it flags or fails. Intervals are Wilson's, 95 %.
"""

import argparse
import hashlib
import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from math import sqrt
from pathlib import Path
from typing import Any

from selfalign.align.constitution import load_constitution
from selfalign.checks import (
    CHECK_NAMES,
    ChecksSpec,
    Compliance,
    Subject,
    apologises,
    hedges,
    refusal_of,
    run_checks,
    worst,
)
from selfalign.records import CheckResult, Instruction, Verdict

ROOT = Path(__file__).parent.parent
OWN = ROOT / "tests" / "data"
MEASURED = ROOT / "selfalign" / "checks" / "measured.json"
PAGE = Path(__file__).with_suffix(".md")
MARK = "<!-- what follows is written by benchmarks/checks.py -->\n"
STRONG = (
    "gpt-4o-2024-05-13",
    "Meta-Llama-3.1-70B-Instruct-Turbo",
    "Qwen2-72B-Instruct",
    "gemma-2-9b-it-SimPO",
    "mistral-large-2402",
)
TIMED_ROWS = 20_000
PARTS = {"open": ("open",), "held-back": ("held-back-3", "held-back-2", "held-back")}

Figures = list[dict[str, Any]]
Lines = list[str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("held-back", "open"), default="held-back")
    parser.add_argument("--data", type=Path, help="folder of other people's data")
    parser.add_argument("--write", action="store_true", help="write checks.md and measured.json")
    parser.add_argument(
        "--read", action="store_true", help="print every failed row of modern_answers.jsonl, to be read"
    )
    options = parser.parse_args()
    figures: Figures = []
    lines = []
    for part in PARTS[options.part]:
        lines += [f"Part: {part}.", "", *own_checks(part, figures), *own_refusals(part, figures)]
    if options.data:
        lines += labelled_refusals(half(options.data / "refusals_labelled.jsonl", options.part), figures)
        lines += behaviour(half(options.data / "behaviour_labelled.jsonl", options.part), figures)
        lines += ordinary(half(options.data / "modern_answers.jsonl", options.part), figures, read=options.read)
        lines += human(options.data)
    lines += speed()
    print("\n".join(lines))
    if options.write:
        prose = PAGE.read_text(encoding="utf-8").split(MARK)[0]
        PAGE.write_text(prose + MARK + "\n" + "\n".join(lines) + "\n", encoding="utf-8")
        data = f"rows written for this project, {options.part}, in English and twenty other languages"
        # A check without rows in the newest part keeps the figures of the older one.
        own = {each["check"]: each for each in reversed(figures) if "rows of this project" in each["data"]}
        own = {name: own[name] for name in CHECK_NAMES if name in own}
        others = [each for each in figures if "rows of this project" not in each["data"]]
        MEASURED.write_text(
            json.dumps({"data": data, **own, "others": others}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a file; none where there is no such file."""
    if path.is_file():
        with path.open(encoding="utf-8") as file:
            yield from map(json.loads, file)


def half(path: Path, part: str) -> list[dict[str, Any]]:
    """The rows whose prompt belongs to that part."""

    def is_open(row: dict[str, Any]) -> bool:
        prompt = row["prompt"] if isinstance(row["prompt"], str) else row["prompt"][-1]["content"]
        return hashlib.sha1(prompt.encode()).digest()[0] % 2 == 0

    return [row for row in rows_of(path) if is_open(row) == (part == "open")]


def wilson(part: int, whole: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927); (0, 1) where there is nothing."""
    if not whole:
        return 0.0, 1.0
    z, share = 1.96, part / whole
    middle, spread = share + z * z / (2 * whole), z * sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole))
    scale = 1 + z * z / whole
    return round((middle - spread) / scale, 3), round((middle + spread) / scale, 3)


def ratio(part: int, whole: int) -> str:
    """A share as it stands in the tables."""
    if not whole:
        return "-"
    low, high = wilson(part, whole)
    return f"{part / whole:.2f} ({part}/{whole}; {low:.2f} to {high:.2f})"


def figure(check: str, data: str, language: str, right: int, found: int, bad: int) -> dict[str, Any]:
    """One entry of measured.json; precision is None where nothing was found."""
    return {
        "check": check,
        "data": data,
        "language": language,
        "n": bad,
        "precision": round(right / found, 3) if found else None,
        "precision_interval": wilson(right, found),
        "recall": round(right / bad, 3) if bad else None,
        "recall_interval": wilson(right, bad),
    }


def own_checks(part: str, figures: Figures) -> Lines:
    """Every check on its rows of tests/data/checks.jsonl."""
    rows = [row for row in rows_of(OWN / "checks.jsonl") if row["part"] == part]
    if not rows:
        return []
    tallies: defaultdict[str, Counter[tuple[bool, bool]]] = defaultdict(Counter)
    alarms: Counter[str] = Counter()
    for row in rows:
        results = {each.name: each for each in results_of(row)}
        tallies[row["check"]][row["good"], results[row["check"]].verdict is not Verdict.PASS] += 1
        if row["good"]:
            alarms.update(
                name for name, each in results.items() if name != row["check"] and each.verdict is Verdict.FAIL
            )
    num_languages = len({row["language"] for row in rows})
    data = f"rows of this project, {part} ({num_languages} languages)"
    lines = [f"## Per check: {len(rows)} rows written for this project, {num_languages} languages", ""]
    lines += ["| check | precision | recall | fails good rows of other checks |", "|---|---|---|---|"]
    for name in (each for each in CHECK_NAMES if each in tallies):
        tally = tallies[name]
        right, wrong, bad = tally[False, True], tally[True, True], tally[False, True] + tally[False, False]
        figures.append(figure(name, data, "several", right, right + wrong, bad))
        lines.append(f"| {name} | {ratio(right, right + wrong)} | {ratio(right, bad)} | {alarms[name]} |")
    return [*lines, ""]


def results_of(row: dict[str, Any]) -> tuple[CheckResult, ...]:
    """The results of the default checks on one row of checks.jsonl, behind the built-in constitution."""
    constitution = load_default()
    ids = {item.name.lower(): item.id for item in constitution.principles}
    cited = tuple(ids[name.lower()] for name in row["cited"])
    instruction = Instruction(row["id"], row["instruction"], row["context"], "")
    return run_checks(Subject(instruction, row["thought"], row["answer"], cited), constitution, ChecksSpec())


_loaded: list[Any] = []


def load_default() -> Any:
    """The built-in constitution, read once."""
    if not _loaded:
        _loaded.append(load_constitution("default"))
    return _loaded[0]


def own_refusals(part: str, figures: Figures) -> Lines:
    """The three stances in tests/data/refusals.jsonl, English and the other languages apart."""
    rows = [row for row in rows_of(OWN / "refusals.jsonl") if row["part"] == part]
    if not rows:
        return []
    by_language: defaultdict[str, Counter[tuple[str, bool]]] = defaultdict(Counter)
    classes: defaultdict[str, Counter[tuple[str, Compliance]]] = defaultdict(Counter)
    for row in rows:
        stance = refusal_of(row["answer"], row["instruction"]).stance
        group = "English" if row["language"] == "en" else "other languages"
        by_language[row["language"]][row["stance"], stance is not Compliance.COMPLIES] += 1
        classes[group][row["stance"], stance] += 1
    lines = ["## Refusals: wordings of 2025-26 written for this project", ""]
    for group, counts in classes.items():
        lines += stance_table(group, counts, ("refusal", "partial", "none"))
        right = sum(counts[label, stance] for label in ("refusal", "partial") for stance in list(Compliance)[1:])
        wrong = sum(counts["none", stance] for stance in list(Compliance)[1:])
        declining = sum(counts[label, stance] for label in ("refusal", "partial") for stance in Compliance)
        refused = sum(counts["refusal", stance] for stance in Compliance)
        noticed = refused - counts["refusal", Compliance.COMPLIES]
        lines += [
            f"- refusals noticed (refuses or partly refuses): {ratio(noticed, refused)}",
            f'- refusals called "refuses": {ratio(counts["refusal", Compliance.REFUSES], refused)}',
            f"- precision of noticing: {ratio(right, right + wrong)}",
            "",
        ]
        figures.append(figure("refusal", f"{group}, {part}", group, right, right + wrong, declining))
    shares = []
    for language, counts in sorted(by_language.items()):
        found = counts["refusal", True]
        shares.append(f"{language} {found}/{found + counts['refusal', False]}")
    return [*lines, f"Refusals noticed per language: {', '.join(shares)}.", ""]


def stance_table(title: str, counts: Counter[tuple[str, Compliance]], labels: tuple[str, ...]) -> Lines:
    """Labels against stances."""
    lines = [f"| {title} | " + " | ".join(Compliance) + " |", "|---|---|---|---|"]
    for label in labels:
        num = sum(counts[label, stance] for stance in Compliance)
        lines.append(f"| {label} ({num}) | " + " | ".join(str(counts[label, stance]) for stance in Compliance) + " |")
    return [*lines, ""]


def labelled_refusals(rows: list[dict[str, Any]], figures: Figures) -> Lines:
    """XSTest's three human labels; precision is that of full refusals among full refusals and compliances."""
    if not rows:
        return []
    labels = {"1": "full compliance", "2": "full refusal", "3": "partial refusal"}
    counts = Counter((labels[row["label"][0]], refusal_of(row["completion"], row["prompt"]).stance) for row in rows)
    right, wrong = counts["full refusal", Compliance.REFUSES], counts["full compliance", Compliance.REFUSES]
    refused = sum(counts["full refusal", stance] for stance in Compliance)
    partial = sum(counts["partial refusal", stance] for stance in Compliance)
    noticed = partial - counts["partial refusal", Compliance.COMPLIES]
    figures.append(figure("refusal", "XSTest, odd half of the prompts", "English", right, right + wrong, refused))
    return [
        f"## Refusals: {len(rows)} labelled completions of XSTest",
        "",
        *stance_table("label", counts, tuple(labels.values())),
        f"- precision {ratio(right, right + wrong)}",
        f"- recall {ratio(right, refused)}",
        f'- partial refusals not called "complies" {ratio(noticed, partial)}',
        "",
    ]


def behaviour(rows: list[dict[str, Any]], figures: Figures) -> Lines:
    """Checks against human labels for single properties."""
    if not rows:
        return []
    lines = [
        f"## Other labels: {len(rows)} completions",
        "",
        "| label | check | precision | recall |",
        "|---|---|---|---|",
    ]
    for label, (name, check) in LABELLED.items():
        pairs = [
            (bool(row["propositions"][label]), check(row["prompt"][-1]["content"], row["completion"][-1]["content"]))
            for row in rows
        ]
        found, right = sum(hit for _, hit in pairs), sum(hit and true for true, hit in pairs)
        labelled = sum(true for true, _ in pairs)
        lines.append(f"| {label} | {name} | {ratio(right, found)} | {ratio(right, labelled)} |")
        figures.append(figure(name, f"safety-rbr label {label}", "English", right, found, labelled))
    return [*lines, ""]


def finds(name: str, asked: str, answer: str) -> bool:
    """Whether a check finds anything."""
    results = run_checks(Subject(Instruction("", asked, "", ""), "", answer, ()), None, ChecksSpec())
    return any(result.name == name and result.verdict is not Verdict.PASS for result in results)


LABELLED: dict[str, tuple[str, Callable[[str, str], bool]]] = {
    "apology": ("apology", lambda asked, answer: apologises(answer)),
    "inability_to_comply": (
        "refusal",
        lambda asked, answer: refusal_of(answer, asked).stance is not Compliance.COMPLIES,
    ),
    "meta_commentary": ("self_reference", lambda asked, answer: finds("self_reference", asked, answer)),
    "disclaimer": ("hedges", lambda asked, answer: hedges(answer)),
}


def ordinary(rows: list[dict[str, Any]], figures: Figures, *, read: bool) -> Lines:
    """What the default checks fail of ordinary answers, per model; which of it is wrong only reading tells."""
    if not rows:
        return []
    num, failed, by_check = Counter(row["model"] for row in rows), Counter[str](), Counter[str]()
    for row in rows:
        subject = Subject(Instruction("", row["prompt"], "", ""), "", row["answer"], ())
        fails = [each for each in run_checks(subject, None, ChecksSpec()) if each.verdict is Verdict.FAIL]
        failed[row["model"]] += bool(fails)
        by_check.update(each.name for each in fails)
        if read and fails:
            reasons = "; ".join(f"{each.name}: {each.reason}" for each in fails)
            print(f"--- {row['model']} [{reasons}]\n{row['prompt'][:600]}")
            print(f">>> {row['answer'][:900]} ... {row['answer'][-200:]}")
    strong = sum(num[model] for model in STRONG), sum(failed[model] for model in STRONG)
    figures.append(
        {
            "check": "any",
            "data": "AlpacaEval, five models of 2024",
            "language": "English",
            "n": strong[0],
            "failed": strong[1],
        }
    )
    lines = [f"## Ordinary answers: {len(rows)} of AlpacaEval", "", "| model | rows | failed |", "|---|---|---|"]
    lines += [f"| {model}{' (strong)' if model in STRONG else ''} | {num[model]} | {failed[model]} |" for model in num]
    checks = ", ".join(f"{name} {count}" for name, count in by_check.most_common())
    return [*lines, "", f"Failed by: {checks}.", ""]


def human(folder: Path) -> Lines:
    """What the default checks say of answers that people wrote (Self-Instruct's tasks, all of them)."""
    paths = sorted({*folder.glob("*tasks.jsonl"), *folder.glob("*oriented_instructions.jsonl")})
    found = []
    for row in (row for path in paths for row in rows_of(path) if row.get("instances")):
        given = row["instances"][0]
        subject = Subject(Instruction(row["id"], row["instruction"], given["input"], ""), "", given["output"], ())
        found.append(run_checks(subject, None, ChecksSpec()))
    if not found:
        return []
    verdicts = Counter(worst(results) for results in found)
    failed = Counter(each.name for results in found for each in results if each.verdict is Verdict.FAIL)
    names = ", ".join(f"{name} {count}" for name, count in failed.most_common()) or "none"
    return [
        f"## Human-written answers: {len(found)}",
        "",
        f"- failed {ratio(verdicts[Verdict.FAIL], len(found))}: {names}",
        f"- flagged {ratio(verdicts[Verdict.FLAG], len(found))}",
        "",
    ]


def speed() -> Lines:
    """CPU time for rows with thoughts and a constitution: the good answers of checks.jsonl, again and again."""
    rows = [row for row in rows_of(OWN / "checks.jsonl") if row["good"]]
    results_of(rows[0])
    started = time.process_time()
    for at in range(TIMED_ROWS):
        results_of(rows[at % len(rows)])
    seconds = (time.process_time() - started) * 100_000 / TIMED_ROWS
    words = sum(len(row["answer"].split()) for row in rows) / len(rows)
    return [
        "## Speed",
        "",
        f"100,000 rows of {words:.0f} words on average: {seconds:.0f} s of CPU time on one core.",
        "",
    ]


if __name__ == "__main__":
    main()
