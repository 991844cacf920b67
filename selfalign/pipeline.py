"""Proposals feeding answers on one engine; the only place that spawns tasks.

    engine <- patience (a request that failed is asked again) <- slots <- proposals, answers

Every request takes a slot, proposal or answer, first come first served: at most `slots` are in flight. Accepted
instructions wait in a backlog for their slot; proposing runs ahead until it is full. While a slow proposal holds up
the rounds behind it (they are committed in order), the backlog keeps the engine busy.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from selfalign.align.ask import AlignSpec
from selfalign.align.contrast import Contrasting, contrast
from selfalign.align.debate import debate
from selfalign.align.improve import keep_better, low_principle
from selfalign.align.judging import Judge, keep_judging, score, score_contrasts
from selfalign.align.outcome import align
from selfalign.align.revise import revise
from selfalign.checks import ChecksSpec
from selfalign.engine.patience import PatientEngine
from selfalign.engine.spec import Engine
from selfalign.errors import EngineDied, SelfAlignError
from selfalign.propose import Pool, ProposeSpec, open_proposers, propose, propose_from_source, window_of
from selfalign.records import (
    Completion,
    Constitution,
    Example,
    Instruction,
    Outcome,
    Prompt,
    RejectionReason,
    Round,
    Sampling,
    Usage,
    derive_seed,
)
from selfalign.run.meter import FirstGuess, Meter
from selfalign.run.progress import Counters, failure_label
from selfalign.run.speed import BACKLOG_PER_SLOT
from selfalign.run.streak import Streak


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
    revise: Sampling | None = None
    pairs: Contrasting | None = None
    judge: Judge | None = None


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
    attempts: Mapping[str, int] = MappingProxyType({}),
    meter: Meter | None = None,
    journal_round: Callable[[Round], None],
    journal_outcome: Callable[[Outcome], None],
) -> None:
    """Propose up to the target and answer what has no outcome in `answered_ids`, as far as the budget of `meter` goes.

    `attempts` says how often an instruction was answered before; it is then asked with another seed. `pool` and
    `counters` hold the replay of the journals. Raises the first `SelfAlignError` that a request or a journal met,
    once, however many requests were open; what was finished is journalled by then.
    """
    engine, slots = PatientEngine(engine, took=counters.count_request), asyncio.Semaphore(plan.slots)
    answers, proposed, meter = Streak("answers"), Streak("proposals"), meter or Meter(counters)
    waiting = [instruction for instruction in pool.accepted if instruction.id not in answered_ids]

    def commit_round(finished: Round) -> None:
        journal_round(finished)
        counters.count_round(finished)
        meter.end_round(finished)
        if not finished.kind:  # a round of topics says nothing about instructions
            proposed.note(*_failure_of_round(finished))

    async def answer(instruction: Instruction) -> None:
        began = meter.clock.now()
        try:
            rng_seed = _seed_of_attempt(plan.rng_seed, attempts.get(instruction.id, 0))
            outcome = await outcome_of(engine, instruction, plan, rng_seed, counters)
            journal_outcome(outcome)
            counters.count_outcome(outcome)
            meter.end_answer(outcome, began)
            answers.note(*_failure_of_outcome(outcome))
        finally:
            counters.in_flight -= 1
            slots.release()

    proposals = _instructions(SlottedEngine(engine, slots, counters), plan, pool, commit_round, meter.admit_round)
    backlog: asyncio.Queue[Instruction | None] = asyncio.Queue(BACKLOG_PER_SLOT * plan.slots)
    with one_error():
        async with _until(meter.seconds_left), contextlib.aclosing(proposals), asyncio.TaskGroup() as group:
            group.create_task(_fill(backlog, waiting, proposals, meter))
            is_first = True
            async for instruction in _affordable(backlog, meter, slots):
                counters.in_flight += 1
                task = group.create_task(answer(instruction))
                if is_first:
                    # Requests that start together cannot share a prefix that none has computed yet: one goes ahead.
                    await asyncio.wait([task])
                    is_first = False


async def outcome_of(
    engine: Engine, instruction: Instruction, plan: Plan, rng_seed: int, counters: Counters
) -> Outcome:
    """All requests of one instruction, one after the other in its slot; they make one line in the journal."""
    how = {"style": plan.style, "rng_seed": rng_seed}
    answer = debate if plan.align.debate else align
    outcome = await answer(engine, instruction, plan.constitution, plan.align, plan.checks, judge=plan.judge, **how)
    if plan.revise is not None:
        with counters.timing("revise"):
            revised = await revise(engine, outcome, plan.constitution, plan.revise, plan.checks, **how)
        outcome = keep_judging(outcome, revised)
    if plan.judge is not None:
        outcome = await score(engine, outcome, plan.constitution, plan.judge, style=plan.style)
        outcome = await _improve(engine, outcome, plan, plan.judge, rng_seed, counters)
    if plan.pairs is not None:
        with counters.timing("pairs"):
            outcome = await contrast(engine, outcome, plan.constitution, plan.pairs, plan.checks, **how)
        if plan.judge is not None and plan.pairs.is_scored:
            outcome = await score_contrasts(engine, outcome, plan.constitution, plan.judge, style=plan.style)
    return outcome


async def _improve(
    engine: Engine, outcome: Outcome, plan: Plan, judge: Judge, rng_seed: int, counters: Counters
) -> Outcome:
    """Revise what the judge scored low; the judge's questions are no time of revising."""
    principle = low_principle(outcome, judge) if plan.revise is not None else None
    if principle is None:
        return outcome
    with counters.timing("revise"):
        how = {"style": plan.style, "rng_seed": rng_seed, "low": principle}
        revised = await revise(engine, outcome, plan.constitution, plan.revise, plan.checks, **how)
    return await keep_better(engine, outcome, revised, plan.constitution, judge, style=plan.style)


def samplings(plan: Plan) -> list[Sampling]:
    """Those of the requests that one instruction takes at most."""
    contrasts = [plan.pairs.sampling] * len(plan.pairs.before) if plan.pairs else []
    answers = plan.align.debate.completions if plan.align.debate else plan.align.samples
    return [*[plan.align.sampling] * answers, *([plan.revise] if plan.revise else []), *contrasts]


def first_guess(plan: Plan, shared_tokens: int) -> FirstGuess:
    """The most that requests may cost; a prompt is taken to be as long as its reply may be, behind what all share, and
    a debate's drafts come on top."""
    each, proposal = samplings(plan), plan.propose.sampling.max_tokens
    written = sum(sampling.max_tokens for sampling in each)
    drafts = plan.align.debate.shown_drafts * plan.align.sampling.max_tokens if plan.align.debate else 0
    answer = Usage(len(each) * shared_tokens + written + drafts, 0, written)
    if plan.propose.source is not None:
        return FirstGuess(answer, brings=0.0)
    return FirstGuess(answer, Usage(proposal, 0, proposal), plan.propose.asked)


def _seed_of_attempt(rng_seed: int, num_before: int) -> int:
    return derive_seed(rng_seed, "attempt", num_before) if num_before else rng_seed


def _failure_of_outcome(outcome: Outcome) -> tuple[str | None, str]:
    if isinstance(outcome, Example):
        return None, ""
    return failure_label(outcome), outcome.reply or outcome.answer or outcome.detail


def _failure_of_round(finished: Round) -> tuple[str | None, str]:
    """What kept every instruction of a round out, where that is one thing and not that they were known already."""
    reasons = {rejection.reason for rejection in finished.rejected}
    if finished.accepted or len(reasons) != 1 or not reasons.isdisjoint(_KNOWN_ALREADY):
        return None, ""
    first = finished.rejected[0]
    return first.reason.value, first.text or first.detail


_KNOWN_ALREADY = {RejectionReason.NEAR_DUPLICATE, RejectionReason.REPEATS_SHOWN, RejectionReason.CONTAMINATED}


async def _fill(
    backlog: asyncio.Queue[Instruction | None],
    waiting: Iterable[Instruction],
    proposals: AsyncIterator[Instruction],
    meter: Meter,
) -> None:
    """Put first what an earlier start left unanswered, then what is accepted now; None says that this was all."""
    for instruction in waiting:
        await backlog.put(instruction)
    async for instruction in proposals:
        await backlog.put(instruction)
    meter.drop_rounds()
    await backlog.put(None)


async def _affordable(
    backlog: asyncio.Queue[Instruction | None], meter: Meter, slots: asyncio.Semaphore
) -> AsyncIterator[Instruction]:
    """What the budget has room to answer, each with a slot; the rest is tried again with the next one, and at the
    end."""
    waiting: deque[Instruction] = deque()
    while True:
        instruction = await backlog.get()
        if instruction is not None:
            waiting.append(instruction)
        while waiting and await meter.admit_answer():
            await slots.acquire()
            yield waiting.popleft()
        if instruction is None:
            return


def _instructions(
    engine: Engine,
    plan: Plan,
    pool: Pool,
    commit_round: Callable[[Round], None],
    may_open: Callable[[], Awaitable[bool]],
) -> AsyncIterator[Instruction]:
    if plan.propose.source is not None:
        return propose_from_source(pool, plan.propose, journal=commit_round, may_open=may_open)
    spec = replace(plan.propose, window=window_of(plan.propose, plan.slots))
    proposer_of = open_proposers(pool, spec, style=plan.style, rng_seed=plan.rng_seed)
    return propose(engine, pool, spec, proposer_of, rng_seed=plan.rng_seed, journal=commit_round, may_open=may_open)


@contextlib.asynccontextmanager
async def _until(seconds: float | None) -> AsyncIterator[None]:
    """What is inside is cancelled after so many seconds, and that is no error."""
    try:
        async with asyncio.timeout(seconds) as limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise


@contextlib.contextmanager
def one_error() -> Iterator[None]:
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
