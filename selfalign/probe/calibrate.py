"""Measuring the judge of a run on answers whose worth is known, once, before the run.

Known are the pairs among the constitution's probes, a user's labels, and the answers of its demonstrations, which are
good but have no bad ones beside them: they only wear the canaries' disguises. All questions go to the run's
`judge.jsonl` as they are answered, so that a start after a kill asks the rest.
"""

import asyncio
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from selfalign.checks import Compliance, refusal_of
from selfalign.engine.spec import Engine, TokenCounter
from selfalign.errors import PromptRefused
from selfalign.judge import CANARIES, JudgeSpec, follows_question, load_labels, refuse_unknown_weights
from selfalign.judge.question import YES_NO
from selfalign.judge.record import DEMONSTRATIONS, LABELS, PROBES, Asked, asked_from_row, facts, key_of, model_of
from selfalign.probe.load import probes_of
from selfalign.records import Constitution, Principle, Prompt
from selfalign.run import directory as rundir
from selfalign.run.journal import Journal, read_records, rewritten

MAX_DISGUISED = 64
"""Known answers that the canaries are tried on at most."""


@dataclass(frozen=True, slots=True)
class Known:
    """An answer of which it is known whether it follows a principle; `kind` is "good", "bad" or "known"."""

    source: str
    principle: Principle
    user_turn: str
    answer: str
    kind: str


@dataclass(frozen=True, slots=True)
class _Question:
    key: str
    known: Known
    kind: str
    plain: str
    prompt: Prompt


def load_known(name_or_path: str, constitution: Constitution, spec: JudgeSpec) -> tuple[Known, ...]:
    """The known answers of a constitution and a user's labels. Raises `RecipeError` for a mistake in either, and for a
    weight of a principle that does not exist."""
    by_id = {principle.id: principle for principle in constitution.principles}
    refuse_unknown_weights(spec, constitution.principles)
    found = [
        Known(PROBES, by_id[probe.principle], probe.instruction.user_turn, answer, kind)
        for probe in probes_of(name_or_path, constitution)
        if probe.prefers is not None and probe.principle is not None
        for answer, kind in ((probe.prefers.better, "good"), (probe.prefers.worse, "bad"))
    ]
    for label in load_labels(spec.labels, constitution) if spec.labels else ():
        kind = "good" if label.is_good else "bad"
        found.append(Known(LABELS, by_id[label.principle], label.user_turn, label.answer, kind))
    found += [
        Known(DEMONSTRATIONS, by_id[shown.cites[0]], shown.user, shown.answer, "known")
        for shown in constitution.demonstrations
        if shown.cites
    ]
    return tuple(found)


async def measure_judge(
    engine: Engine,
    known: Sequence[Known],
    run_path: Path,
    spec: JudgeSpec,
    *,
    style: str,
    slots: int,
    count: TokenCounter,
) -> dict[str, Any]:
    """What a run's manifest says of its judge (`judge.record.facts`); it is measured where it says nothing yet.

    Raises like `calibrate`.
    """
    manifest = rundir.read_manifest(run_path)
    if "judge" not in manifest:
        path = run_path / rundir.JUDGE
        how = {"style": style, "slots": slots, "count": count, "model": model_of(manifest)}
        asked = await calibrate(engine, known, path, **how)
        manifest["judge"] = facts(asked, spec.min_auc)
        rundir.write_manifest(run_path, manifest)
    return manifest["judge"]


async def calibrate(
    engine: Engine,
    known: Sequence[Known],
    path: Path,
    *,
    style: str,
    slots: int,
    count: TokenCounter,
    model: Iterable[Any],
) -> list[Asked]:
    """Ask about every known answer, plain and disguised, what `path` does not have the answer to yet.

    Returns all of them. Raises whatever `Engine.choose` raises but `PromptRefused`.
    """
    questions = {each.key: each for each in _questions(known, style, tuple(model))}
    had = _kept(path, questions)
    free = asyncio.Semaphore(slots)
    journal = Journal(path)

    async def ask(question: _Question) -> None:
        async with free:
            asked = await _ask(engine, question, count)
        journal.append(asked)
        had[asked.key] = asked

    try:
        async with asyncio.TaskGroup() as group:
            for question in questions.values():
                if question.key not in had:
                    group.create_task(ask(question))
    finally:
        journal.close()
    return [replace(had[key], kind=each.kind, plain=each.plain) for key, each in questions.items()]


def _kept(path: Path, questions: Container[str]) -> dict[str, Asked]:
    """What was asked before, by key. Answers to other questions, or of another model, are cut from the file."""
    had = {each.key: each for each, _ in read_records(path, asked_from_row)}
    kept = {key: each for key, each in had.items() if key in questions}
    if len(kept) < len(had):
        with rewritten(path) as journal:
            for each in kept.values():
                journal.append(each)
    return kept


async def _ask(engine: Engine, question: _Question, count: TokenCounter) -> Asked:
    score, num_tokens = None, 0
    try:
        yes, _ = await engine.choose(question.prompt, YES_NO)
        score, num_tokens = round(yes, 6), count(question.prompt)
    except PromptRefused:
        pass
    known = question.known
    return Asked(question.key, known.source, known.principle.id, question.kind, question.plain, score, num_tokens)


def _questions(known: Sequence[Known], style: str, model: tuple[Any, ...]) -> Iterator[_Question]:
    step = max(1, -(-len(known) // MAX_DISGUISED))
    for number, each in enumerate(known):
        plain = _question(each, each.kind, each.answer, "", style, model)
        if plain is None:
            continue
        yield plain
        if number % step == 0:
            for name in _disguises(each):
                disguised = _question(each, name, CANARIES[name](each.answer), plain.key, style, model)
                if disguised is not None:
                    yield disguised


def _disguises(known: Known) -> list[str]:
    """A refusal may well be better than a bad answer, and as good as an answer that declines itself."""
    is_refusal_worse = known.kind != "bad" and refusal_of(known.answer, known.user_turn).stance is Compliance.COMPLIES
    return [name for name in CANARIES if name != "refusal" or is_refusal_worse]


def _question(known: Known, kind: str, answer: str, plain: str, style: str, model: tuple[Any, ...]) -> _Question | None:
    """None for a text that could pass for a part of the question."""
    try:
        prompt = follows_question(known.principle, known.user_turn, answer, style)
    except PromptRefused:
        return None
    return _Question(key_of(prompt, model), known, kind, plain, prompt)
