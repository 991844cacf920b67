"""Arguments for and against answers whose labels are in doubt. This needs the engine, and writes nothing."""

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TextIO

from selfalign.engine import Engine, open_engine
from selfalign.engine.patience import PatientEngine
from selfalign.errors import PromptRefused
from selfalign.generate import OpenEngine
from selfalign.judge.argue import SAMPLING, SIDES, argument_question
from selfalign.pipeline import one_error
from selfalign.recipe import Recipe, recipe_of_run
from selfalign.records import Example, Principle, derive_seed
from selfalign.run import directory as rundir

Arguments = Mapping[str, str]
"""The arguments about one answer by their side, "for" and "against"; a side may be missing."""


def argue(
    path: Path,
    rows: Iterable[tuple[Example, str]],
    *,
    stream: TextIO | None = None,
    start_engine: OpenEngine = open_engine,
) -> dict[str, Arguments]:
    """By id, the strongest arguments for and against rows of a run, each by the principle (an id) beside it.

    Raises `RunDirError` where `path` is no run, and what the engine raises.
    """
    recipe = recipe_of_run(path)
    principles = {each.id: each for each in rundir.read_constitution(path).principles}
    asked = [(row, principles[id_]) for row, id_ in rows]
    return asyncio.run(_argue(recipe, asked, stream, start_engine)) if asked else {}


async def _argue(
    recipe: Recipe, asked: list[tuple[Example, Principle]], stream: TextIO | None, start_engine: OpenEngine
) -> dict[str, Arguments]:
    found: dict[str, dict[str, str]] = {row.instruction_id: {} for row, _ in asked}
    slots = asyncio.Semaphore(recipe.slots)

    async def ask(engine: Engine, row: Example, principle: Principle, side: str) -> None:
        seed = derive_seed(recipe.rng_seed, "argue", side, row.instruction_id)
        try:
            prompt = argument_question(principle, row.instruction.user_turn, row.answer, side, recipe.model.style)
            async with slots:
                completion = await engine.generate(prompt, SAMPLING, rng_seed=seed)
        except PromptRefused:
            return
        if text := completion.text.partition("###")[0].strip():
            found[row.instruction_id][side] = f"{text} ..." if completion.is_truncated else text

    how = {"slots": recipe.slots, "request_tokens": SAMPLING.max_tokens, "stream": stream}
    async with start_engine(recipe.model, **how) as opened:
        engine = PatientEngine(opened)
        with one_error():
            async with asyncio.TaskGroup() as group:
                for row, principle in asked:
                    for side in SIDES:
                        group.create_task(ask(engine, row, principle, side))
    return {id_: {side: sides[side] for side in SIDES if side in sides} for id_, sides in found.items()}
