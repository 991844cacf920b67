"""The price of a run before it begins: from a few requests, or from a run that there was. Nothing is written.

    for line in plan(recipe, price=parse_price(per_gpu_hour="2.50")): ...

The requests are those that the run would begin with, and count as its beginning in the model of `run.forecast`.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TextIO

from selfalign.align import Judge
from selfalign.align.prompt import render_shared
from selfalign.engine import Engine, open_engine
from selfalign.engine.patience import PatientEngine
from selfalign.engine.spec import estimate_tokens, find_token_counter
from selfalign.errors import RecipeError, RunDirError
from selfalign.generate import OpenEngine, Sources, load_sources, open_pool, plan_of
from selfalign.pipeline import outcome_of
from selfalign.propose import open_proposers, propose, propose_from_source, window_of
from selfalign.recipe import Recipe, recipe_of_run, recipe_row
from selfalign.records import Completion, Instruction, Prompt, Sampling, Usage
from selfalign.run import directory as rundir
from selfalign.run.budget import Price
from selfalign.run.forecast import Course, Left, Mean, Range
from selfalign.run.progress import Counters, format_seconds, format_tokens, usage_of
from selfalign.run.speed import Load, Trial, fit_speed, play
from selfalign.show.preview import as_instruction

REQUESTS, PROPOSALS = 20, 6
"""Requests that are made at most; proposals among them."""

MACHINES = Range(0.85, 1.0, 1.2)
"""How much faster or slower the same machine is another time."""

BEYOND = 2
"""So many times as many requests in flight as were tried are taken to be served as well as the tried ones say."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What a plan rests on: the course of a run, lines about where that is from, the seconds of the engine's start, and
    those of all requests; None where they cannot be known."""

    course: Course
    left: Left
    lines: tuple[str, ...]
    start: float | None
    working: Range | None


def plan(
    recipe: Recipe,
    *,
    past: Path | None = None,
    price: Price | None = None,
    devices: int = 1,
    stream: TextIO | None = None,
    start_engine: OpenEngine = open_engine,
) -> Iterator[str]:
    """The lines that `selfalign plan` prints. Raises `RecipeError`, as a run would, `RunDirError` for `past`, and what
    the engine raises."""
    sources = load_sources(recipe)
    if past is not None:
        basis = _from_run(past, recipe)
    else:
        basis = asyncio.run(_from_trials(recipe, sources, stream, start_engine))
    return _lines(recipe, basis, price or Price(), devices)


def _from_run(path: Path, recipe: Recipe) -> Basis:
    before, target = recipe_of_run(path), recipe.propose.target
    counters = Counters(target=target)
    for outcome in rundir.read_outcomes(path):
        counters.count_outcome(outcome)
    for finished in rundir.read_rounds(path):
        counters.count_round(finished)
    left, working = counters.course.left(target), rundir.read_clock(path).working()
    if left is None:
        raise RunDirError(f"{path}: too little was done to plan from it: no instruction was kept, or none answered")
    written = counters.usage.output_tokens
    seconds = left.written.times(working / written).times(MACHINES) if working and written else None
    first = next(rundir.read_metrics(path), {})
    lines = [f"from      {path}: {counters.num_accepted:,} instructions in {counters.num_rounds:,} rounds"]
    lines += _differences(path, before, recipe)
    return Basis(counters.course, left, tuple(lines), first.get("seconds") or None, seconds)


def _differences(path: Path, before: Recipe, recipe: Recipe) -> Iterator[str]:
    """A line for whatever made the run that the recipe has otherwise."""
    rows = (recipe_row(before), recipe_row(recipe))
    old, new = ({**rundir.lasting(row), "slots": row["slots"]} for row in rows)
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key) and key not in ("propose.target", "name", "rng_seed"):
            yield f"warning: {path} was made with {key} = {old.get(key)!r}, this is for {new.get(key)!r}"


class _TimedEngine:
    """The engine, and what was asked of it when."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.trials: list[Trial] = []
        self.num_sent = 0

    async def generate(self, prompt: Prompt, sampling: Sampling, *, rng_seed: int) -> Completion:
        self.num_sent += 1
        began = time.monotonic()
        completion = await self._engine.generate(prompt, sampling, rng_seed=rng_seed)
        self.trials.append(Trial(began, time.monotonic(), completion.usage))
        return completion

    async def choose(self, prompt: Prompt, options: Sequence[str]) -> tuple[float, ...]:
        self.num_sent += 1
        return await self._engine.choose(prompt, options)


@dataclass(slots=True)
class _Tried:
    """What was tried: the course so far, the requests by kind, and what was kept."""

    course: Course = field(default_factory=Course)
    proposals: list[Trial] = field(default_factory=list)
    answers: list[Usage] = field(default_factory=list)
    kept: list[Instruction] = field(default_factory=list)


async def _from_trials(recipe: Recipe, sources: Sources, stream: TextIO | None, start_engine: OpenEngine) -> Basis:
    began = time.monotonic()
    how = {"slots": recipe.slots, "request_tokens": recipe.align.sampling.max_tokens, "stream": stream}
    async with start_engine(recipe.model, **how) as opened:
        start = time.monotonic() - began
        shared = opened.prepare(render_shared(sources.constitution, recipe.model.style))
        engine, tried = _TimedEngine(PatientEngine(opened)), _Tried()
        began = time.monotonic()
        await _try_proposals(engine, tried, recipe, sources)
        await _try_answers(engine, tried, recipe, sources)
        capacity = getattr(opened, "capacity", None)
    # A source has been read to its end: what it brings is known.
    target, known = (recipe.propose.target, 0) if recipe.propose.source is None else [len(tried.kept)] * 2
    left = tried.course.left(target, kept=known)
    if left is None or not left.answers.likely:
        raise RecipeError(f"nothing of {engine.num_sent} requests was kept or answered: see `selfalign show RECIPE`")
    own = recipe.align.sampling.max_tokens
    fitting = min(recipe.slots, capacity.requests(shared, own) if capacity else recipe.slots)
    lines = [f"tried     {engine.num_sent} requests in {format_seconds(time.monotonic() - began)}"]
    return Basis(tried.course, left, tuple(lines), start, _working(recipe, tried, left, engine.trials, max(1, fitting)))


async def _try_proposals(engine: _TimedEngine, tried: _Tried, recipe: Recipe, sources: Sources) -> None:
    """Ask for the first rounds, or read a source to its end."""
    spec = replace(recipe.propose, window=window_of(recipe.propose, recipe.slots))
    pool = open_pool(recipe, sources)
    if spec.source is not None:
        tried.kept = [item async for item in propose_from_source(pool, spec, journal=tried.course.count_round)]
        return

    async def is_among_first() -> bool:
        is_among_first.num_asked += 1
        return is_among_first.num_asked <= PROPOSALS

    is_among_first.num_asked = 0
    style, seed = recipe.model.style, recipe.rng_seed
    proposer_of = open_proposers(pool, spec, style=style, rng_seed=seed)
    rounds = propose(
        engine, pool, spec, proposer_of, rng_seed=seed, journal=tried.course.count_round, may_open=is_among_first
    )
    tried.kept = [item async for item in rounds]
    tried.proposals = list(engine.trials)


async def _try_answers(engine: _TimedEngine, tried: _Tried, recipe: Recipe, sources: Sources) -> None:
    """Answer the first instructions, one ahead of the others; what is asked for one answer says how many there are."""

    async def answer(instruction: Instruction) -> None:
        usage = usage_of(await outcome_of(engine, instruction, steps, recipe.rng_seed, Counters()))
        tried.course.answer.add(usage)
        tried.answers.append(usage)

    steps, before = plan_of(recipe, sources), engine.num_sent
    if recipe.judge.score:
        # What the judge may do is measured when a run begins; its questions cost the same whatever that is.
        count = find_token_counter(recipe.model) or estimate_tokens
        steps = replace(steps, judge=Judge(recipe.judge.weights, True, True, count, recipe.judge.threshold))
    # Where little was kept, seeds are as good to measure an answer's length by.
    first, *others = (*tried.kept, *map(as_instruction, sources.seeds))
    await answer(first)
    # The first has read what all share, which the others find in the cache: it says nothing about that.
    tried.course.answer.cached = Mean()
    each = max(1, engine.num_sent - before)
    await asyncio.gather(*map(answer, others[: max(0, REQUESTS - engine.num_sent) // each]))


def _working(recipe: Recipe, tried: _Tried, left: Left, trials: Sequence[Trial], slots: int) -> Range:
    """Seconds from the first request to the last answer."""
    speed = fit_speed(trials)
    answers = round(left.answers.likely)
    load = Load(
        slots=slots,
        window=window_of(recipe.propose, recipe.slots),
        target=answers,
        brings=answers / (left.rounds.likely or 1),
        proposals=[trial.usage for trial in tried.proposals] or [Usage()],
        answers=tried.answers[1:] or tried.answers,
    )
    tried_at_once = max(PROPOSALS, len(tried.answers) - 1)
    likely = play(load, speed)
    slower = play(replace(load, slots=min(slots, BEYOND * tried_at_once)), speed)
    more = Range(*(each / left.written.likely for each in left.written)) if left.written.likely else Range(1, 1, 1)
    return Range(likely, likely, max(likely, slower)).times(more).times(MACHINES)


def _lines(recipe: Recipe, basis: Basis, price: Price, devices: int) -> Iterator[str]:
    left, target = basis.left, recipe.propose.target
    yield f"plan      {recipe.name}: {target:,} instructions, model {recipe.model.model}, nothing is written"
    yield from basis.lines
    if left.rounds.likely:
        first, last = (basis.course.kept_of(size) for size in (0, target))
        yield f"kept      {_shares(first)} of the candidates at first, {_shares(last)} at {target:,}"
        yield f"rounds    {_counts(left.rounds)}"
    yield f"answers   {_counts(left.answers)}"
    total = left.read.plus(left.written)
    yield f"tokens    {_tokens(total)}"
    yield f"  read    {_tokens(left.read)}"
    yield f"  cached  {_tokens(left.cached)} of what is read"
    yield f"  written {_tokens(left.written)}"
    yield from _times(basis, price, devices)


def _times(basis: Basis, price: Price, devices: int) -> Iterator[str]:
    left, working, start = basis.left, basis.working, basis.start
    if working is None:
        yield "engine    not known: the run was begun with a version that did not note it"
        return
    yield f"engine    {_seconds(working)} at work" + (f", after a start of {format_seconds(start)}" if start else "")
    wall = working.plus(Range(*[start or 0.0] * 3))
    yield f"wall      {_seconds(wall)} until the last answer"
    hours = wall.times(devices / 3600)
    yield f"GPU hours {hours.low:.3g} to {hours.high:.3g}, likely {hours.likely:.3g} ({devices} x time)"
    usages = [Usage(round(read), 0, round(written)) for read, written in zip(left.read, left.written, strict=True)]
    costs = [price.of(usage, seconds, devices) for usage, seconds in zip(usages, wall, strict=True)]
    if None not in costs:
        yield f"money     {costs[0]:.2f} to {costs[2]:.2f}, likely {costs[1]:.2f}"


def _shares(share: Range) -> str:
    return f"{share.low:.0%} to {share.high:.0%}"


def _counts(number: Range) -> str:
    return f"{number.low:,.0f} to {number.high:,.0f}, likely {number.likely:,.0f}"


def _tokens(number: Range) -> str:
    return f"{format_tokens(number.low)} to {format_tokens(number.high)}, likely {format_tokens(number.likely)}"


def _seconds(number: Range) -> str:
    return f"{format_seconds(number.low)} to {format_seconds(number.high)}, likely {format_seconds(number.likely)}"
