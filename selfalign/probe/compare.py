"""The work of `selfalign diff`: the same instructions under two constitutions. What did a change of wording do?"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, TextIO

from selfalign.checks import Compliance
from selfalign.checks.text import plain, words_of
from selfalign.engine import EngineSpec, open_engine
from selfalign.engine.patience import PatientEngine
from selfalign.probe.command import OpenEngine
from selfalign.probe.conditions import Condition
from selfalign.probe.load import Probe
from selfalign.probe.recorded import RecordedEngine
from selfalign.probe.run import Result, run_probes
from selfalign.probe.tally import Share
from selfalign.records import Constitution, Instruction
from selfalign.rows import read_rows, text_field
from selfalign.run import directory as rundir


@dataclass(frozen=True, slots=True)
class Compared:
    """One instruction under both constitutions; `differs` names what is not the same: "stance", "citations", "length"
    (by more than half), "readability"."""

    instruction: Instruction
    before: Result
    after: Result
    differs: tuple[str, ...] = field(default_factory=tuple)


def read_instructions(source: Path, field_name: str, limit: int) -> list[Instruction]:
    """The first instructions of a run or of a file. Raises `RecipeError` naming file and line."""
    if rundir.is_run(source):
        found = (item for round_ in rundir.read_rounds(source) for item in round_.accepted)
        return [item for item, _ in zip(found, range(limit), strict=False)]
    rows = zip(read_rows(source), range(limit), strict=False)
    return [
        Instruction(f"{line}", text_field(row, field_name, f"{source}:{line}"), "", f"{source.name}:{line}")
        for (line, row), _ in rows
    ]


def compare(
    constitutions: tuple[Constitution, Constitution],
    instructions: Sequence[Instruction],
    model: EngineSpec,
    journal: Path,
    *,
    identity: str = "",
    stream: TextIO | None = None,
    start_engine: OpenEngine = open_engine,
) -> list[Compared]:
    """Ask everything twice, greedily, and set the replies side by side. `identity` is the model's, for the journal.

    Raises any `SelfAlignError`.
    """
    probes = [Probe(each.id, each) for each in instructions]
    conditions = [Condition(name, each) for name, each in zip(("A", "B"), constitutions, strict=True)]

    async def run() -> list[Result]:
        async with start_engine(model, slots=64, stream=stream) as opened:
            engine = RecordedEngine(PatientEngine(opened), journal, identity or model.location)
            try:
                return [each async for each in run_probes(engine, probes, conditions, style=model.style)]
            finally:
                engine.close()

    results = asyncio.run(run())
    num = len(instructions)
    rows = zip(instructions, results[:num], results[num:], strict=True)
    return [Compared(item, before, after, _differences(before, after)) for item, before, after in rows]


def lines(compared: Sequence[Compared], names: tuple[str, str], most: int) -> Iterator[str]:
    """The rates with intervals, then the rows that differ, stance first."""
    width = max(map(len, names))
    yield f"{'':{width}}  {'declines':>18}  {'in part':>18}  words  cites  unreadable"
    for name, side in zip(names, ("before", "after"), strict=True):
        yield f"{name:{width}}  {_rates([getattr(each, side) for each in compared])}"
    for kind in ("stance", "citations", "length", "readability"):
        changed = Share(sum(kind in each.differs for each in compared), len(compared))
        low, high = changed.interval
        yield f"{kind} differs in {changed} ({low:.0%} to {high:.0%})"
    order = sorted((each for each in compared if each.differs), key=lambda each: "stance" not in each.differs)
    for each in order[:most]:
        yield ""
        yield f"{each.instruction.id}  {', '.join(each.differs)}"
        yield f"  asked  {' '.join(each.instruction.user_turn.split())[:300]}"
        for mark, result in (("A", each.before), ("B", each.after)):
            yield f"  {mark}      {_said(result)}"
    if len(order) > most:
        yield f"... and {len(order) - most} more rows that differ: --failures {len(order)} shows them"


def _differences(before: Result, after: Result) -> tuple[str, ...]:
    if before.seen is None or after.seen is None:
        return () if before.seen is after.seen else ("readability",)
    long, short = sorted((len(before.seen.answer), len(after.seen.answer)), reverse=True)
    found = {
        "stance": before.stance is not after.stance,
        "citations": set(before.seen.cited or ()) != set(after.seen.cited or ()),
        "length": long > 1.5 * short,
    }
    return tuple(kind for kind, holds in found.items() if holds)


def _rates(results: Sequence[Result]) -> str:
    seen = [each for each in results if each.seen]
    parts = []
    for stance in (Compliance.REFUSES, Compliance.PARTLY_REFUSES):
        part = Share(sum(each.stance is stance for each in seen), len(seen))
        low, high = part.interval
        parts.append(f"{f'{part.value:.0%} ({low:.0%} to {high:.0%})':>18}")
    words = median(len(words_of(plain(each.seen.answer))) for each in seen) if seen else 0
    cites = sum(len(each.seen.cited or ()) for each in seen) / max(1, len(seen))
    return f"{'  '.join(parts)}  {words:5.0f}  {cites:5.2f}  {len(results) - len(seen):10}"


def _said(result: Result) -> str:
    if result.seen is None:
        return f"unreadable: {result.unread}"
    cited = f"[{', '.join(result.seen.cited or ())}] " if result.seen.cited else ""
    return cited + " ".join(result.seen.answer.split())[:300]


def row_of(each: Compared) -> dict[str, Any]:
    """One row as plain values, for JSON."""
    sides = {
        side: None if result.seen is None else {"answer": result.seen.answer, "cited": list(result.seen.cited or ())}
        for side, result in (("a", each.before), ("b", each.after))
    }
    return {"id": each.instruction.id, "asked": each.instruction.user_turn, "differs": list(each.differs), **sides}
