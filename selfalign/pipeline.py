"""Proposals feeding answers on one engine; the only place that spawns tasks.

Every request takes a slot: proposals when they are sent, answers before their instruction is taken from the
proposals. So at most `slots` requests are in flight, answers fill the time in which a proposal waits for its turn,
and proposing runs no further ahead than its window.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass

from selfalign.align import AlignSpec, align
from selfalign.checks import ChecksSpec
from selfalign.engine import Engine
from selfalign.errors import EngineDied, SelfAlignError
from selfalign.progress import Counters
from selfalign.propose import Pool, ProposeSpec, propose, propose_from_source
from selfalign.records import Answered, Completion, Constitution, Instruction, Prompt, Round, Sampling


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a run does that is not the engine, the journals or the state: a recipe with its files loaded."""

    rng_seed: int
    slots: int
    style: str
    constitution: Constitution
    propose: ProposeSpec
    align: AlignSpec
    checks: ChecksSpec


class SlottedEngine:
    """The engine behind the slots: `generate` waits for one and holds it until the completion is there."""

    def __init__(self, engine: Engine, slots: asyncio.Semaphore, counters: Counters) -> None:
        self._engine = engine
        self._slots = slots
        self._counters = counters

    async def generate(self, prompt: Prompt, sampling: Sampling, *, rng_seed: int) -> Completion:
        async with self._slots:
            self._counters.in_flight += 1
            try:
                return await self._engine.generate(prompt, sampling, rng_seed=rng_seed)
            finally:
                self._counters.in_flight -= 1


async def run(
    engine: Engine,
    plan: Plan,
    pool: Pool,
    *,
    answered_ids: set[str],
    counters: Counters,
    journal_round: Callable[[Round], None],
    journal_answered: Callable[[Answered], None],
) -> None:
    """Propose up to the target and answer every accepted instruction that has no outcome in `answered_ids` yet.

    `pool` and `counters` hold the replay of the journals. Raises the first `SelfAlignError` that a request or a
    journal met, once, however many requests were open; what was finished is journalled by then.
    """
    slots = asyncio.Semaphore(plan.slots)
    waiting = [instruction for instruction in pool.accepted if instruction.id not in answered_ids]

    def commit_round(finished: Round) -> None:
        journal_round(finished)
        counters.count_round(finished)

    async def answer(instruction: Instruction) -> None:
        try:
            outcome = await align(
                engine,
                instruction,
                plan.constitution,
                plan.align,
                plan.checks,
                style=plan.style,
                rng_seed=plan.rng_seed,
            )
            journal_answered(outcome)
            counters.count_answered(outcome)
        finally:
            counters.in_flight -= 1
            slots.release()

    proposals = _instructions(SlottedEngine(engine, slots, counters), plan, pool, commit_round)
    with _one_error():
        async with contextlib.aclosing(proposals), asyncio.TaskGroup() as group:
            async for instruction in _chain(waiting, proposals):
                await slots.acquire()
                counters.in_flight += 1
                group.create_task(answer(instruction))


def _instructions(
    engine: Engine, plan: Plan, pool: Pool, commit_round: Callable[[Round], None]
) -> AsyncIterator[Instruction]:
    if plan.propose.source is not None:
        return propose_from_source(pool, plan.propose, journal=commit_round)
    return propose(engine, pool, plan.propose, style=plan.style, rng_seed=plan.rng_seed, journal=commit_round)


async def _chain(waiting: Iterable[Instruction], proposals: AsyncIterator[Instruction]) -> AsyncIterator[Instruction]:
    for instruction in waiting:
        yield instruction
    async for instruction in proposals:
        yield instruction


@contextlib.contextmanager
def _one_error() -> Iterator[None]:
    """Of an exception group, the user's error alone (a dead engine before what followed from it); bugs pass whole."""
    try:
        yield
    except BaseExceptionGroup as group:
        ours, bugs = group.split(SelfAlignError)
        if ours is None or bugs is not None:
            raise
        errors = list(_leaves(ours))
        raise next((error for error in errors if isinstance(error, EngineDied)), errors[0]) from None


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error
