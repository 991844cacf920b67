"""One run from beginning to end: load what the recipe names, replay the journals, run, export.

A fresh run is a resume of an empty directory, so there is one path. What the recipe resolved to (versions, digests,
the constitution itself) goes into the manifest, and a later start with other sources is refused.
"""

import asyncio
import contextlib
import hashlib
import platform
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, TextIO, TypeVar

from selfalign import __version__, pipeline
from selfalign.align import Judge
from selfalign.align.constitution import PersonaSpec, has_house_persona, load_constitution
from selfalign.align.contrast import Contrasting, open_contrasting
from selfalign.align.prompt import render_shared
from selfalign.checks import warm_up
from selfalign.engine import Engine, open_engine
from selfalign.engine.patience import PatientEngine
from selfalign.engine.provenance import provenance, vllm_version
from selfalign.engine.spec import MINIATURE, StartedEngine, estimate_tokens, find_token_counter
from selfalign.engine.start import sigterm_as_interrupt
from selfalign.errors import RecipeError, RunChanged, RunDirError, did_you_mean
from selfalign.novelty.index import NoveltyIndex
from selfalign.probe.calibrate import Known, load_known, measure_judge
from selfalign.propose import (
    Guide,
    Ledger,
    Pool,
    is_exhausted,
    load_guide,
    load_seeds,
    seeds_digest,
    source_digest,
    window_of,
)
from selfalign.recipe import Recipe, recipe_row
from selfalign.records import Constitution, Failure, Seed, to_row
from selfalign.run import directory as rundir
from selfalign.run.budget import Budget
from selfalign.run.directory import RunDir
from selfalign.run.memory import survivors_frozen
from selfalign.run.meter import Meter
from selfalign.run.progress import Counters, Ticker, failure_label

T = TypeVar("T")
ENGINE_LOG = "engine.log"
OpenEngine = Callable[..., contextlib.AbstractAsyncContextManager[Engine]]


@dataclass(frozen=True, slots=True)
class Sources:
    """The files a recipe names, loaded and checked. `known` are answers that measure the judge; none without one."""

    seeds: tuple[Seed, ...]
    constitution: Constitution
    guide: Guide | None = None
    contrary: Constitution | None = None
    known: tuple[Known, ...] = ()


@dataclass(slots=True)
class State:
    """A run's state: the replay of its journals. `attempts` says how often an instruction was answered before;
    `orphan_ids` are of outcomes whose instruction is in no round, as a power loss can leave them."""

    pool: Pool
    answered_ids: set[str]
    attempts: Counter[str]
    orphan_ids: set[str]
    counters: Counters


def load_sources(recipe: Recipe) -> Sources:
    """Read seeds, constitutions, guide, and what measures the judge. Raises `RecipeError` with file and line."""
    guide = load_guide(recipe.propose.guide) if recipe.propose.is_guided else None
    constitution = load_constitution(recipe.constitution, recipe.persona)
    contrary = None
    if recipe.pairs and recipe.pairs.contrary:
        contrary = load_constitution(recipe.pairs.contrary, PersonaSpec(**to_row(constitution.persona)))
    known = load_known(recipe.constitution, constitution, recipe.judge) if recipe.judge.score else ()
    return Sources(load_seeds(recipe.seeds), constitution, guide, contrary, known)


def generate(
    recipe: Recipe,
    output: Path,
    *,
    stream: TextIO | None = None,
    set_aside: bool = False,
    retry: Collection[str] = (),
    budget: Budget | None = None,
    start_engine: OpenEngine = open_engine,
) -> Counters:
    """Run a recipe in a run directory, new or begun, until its target is reached or its budget is spent; returns the
    run's counters.

    `stream` takes the progress. With `set_aside` a run of another recipe in `output` is renamed first. Instructions
    that failed for one of the reasons in `retry` ("all", or as `failure_label` has them) are asked again. Raises any
    `SelfAlignError`, and KeyboardInterrupt on Ctrl-C and SIGTERM. Whatever was finished is journalled by then, and the
    same call continues.
    """
    sources = load_sources(recipe)
    _say_whose_voice(recipe, sources.constitution, stream)
    with _open_run(output, recipe_row(recipe), make_manifest(recipe, sources), set_aside, stream) as run:
        if retry:
            run.take_out(_failed_ids(output, retry))
        recipe = resolved(recipe, output)
        state = replay(output, recipe, sources)
        if state.orphan_ids:
            run.take_out(state.orphan_ids)
            _say(
                stream,
                f"warning: {output}: {len(state.orphan_ids)} answers without their instruction set aside in "
                f"{rundir.RETRIED}; a power loss leaves such lines",
            )
        meter = _open_meter(output, recipe, state, budget)
        if not is_finished(recipe, state) and not meter.is_spent():
            _note_provenance(run, recipe)
            with sigterm_as_interrupt():
                asyncio.run(_run(run, recipe, sources, state, meter, stream, start_engine))
    for line in meter.lines(is_finished(recipe, state)):
        _say(stream, line)
    return state.counters


def make_manifest(recipe: Recipe, sources: Sources) -> dict[str, Any]:
    """What the recipe resolved to; keys that end in "_digest" may not change within a run."""
    manifest: dict[str, Any] = {
        "selfalign": __version__,
        "date": str(date.today()),
        "python": platform.python_version(),
        "vllm": vllm_version(),
        "model": recipe.model.model,
        "model_revision": recipe.model.revision,
        "seeds": list(recipe.seeds),
        "seeds_digest": seeds_digest(sources.seeds),
        "constitution": to_row(sources.constitution),
        "constitution_digest": sources.constitution.digest,
        "propose_window": window_of(recipe.propose, recipe.slots),
    }
    if sources.guide is not None:
        manifest["guide_digest"] = sources.guide.digest
    if sources.contrary is not None:
        manifest["contrary_digest"] = sources.contrary.digest
    if recipe.decontaminate:
        manifest["decontaminate_digest"] = _files_digest(recipe.decontaminate)
    if recipe.propose.source is not None:
        manifest["source_digest"] = source_digest(recipe.propose.source)
    return manifest


def _note_provenance(run: RunDir, recipe: Recipe) -> None:
    """Write down which weights answer; raises `RunChanged` where they are not those that the run was begun with.

    Only before the engine is started: a finished run can be exported when its model is gone.
    """
    if recipe.model.endpoints:
        return  # what a server loaded is the server's to know
    facts, manifest = provenance(recipe.model), rundir.read_manifest(run.path)
    rundir.refuse_changed_digests(run.path, {key: manifest[key] for key in facts if key in manifest}, facts)
    rundir.write_manifest(run.path, facts | manifest)


def resolved(recipe: Recipe, output: Path) -> Recipe:
    """The recipe with the window that the run was begun with, so that other slots do not change a prompt."""
    window = rundir.read_manifest(output).get("propose_window") or window_of(recipe.propose, recipe.slots)
    return replace(recipe, propose=replace(recipe.propose, window=window))


def replay(output: Path, recipe: Recipe, sources: Sources) -> State:
    """The state that the journals of a run add up to. Raises `RunDirError` where they are damaged."""
    counters = Counters(target=recipe.propose.target)
    pool = open_pool(recipe, sources)
    pool.replay(_counted(rundir.read_rounds(output), counters.count_round))
    accepted_ids = {instruction.id for instruction in pool.accepted}
    answered_ids: set[str] = set()
    orphan_ids: set[str] = set()
    for outcome in rundir.read_outcomes(output):
        if outcome.instruction_id not in accepted_ids:
            orphan_ids.add(outcome.instruction_id)
            continue
        if outcome.instruction_id in answered_ids:
            raise RunDirError(
                f"{output / rundir.OUTCOMES}: {outcome.instruction_id} is there twice; the journal was changed"
            )
        answered_ids.add(outcome.instruction_id)
        counters.count_outcome(outcome)
    return State(pool, answered_ids, rundir.read_attempts(output), orphan_ids, counters)


def is_finished(recipe: Recipe, state: State) -> bool:
    """Whether nothing is left to ask the engine."""
    if state.counters.num_unanswered:
        return False
    source = recipe.propose.source
    if source is None or len(state.pool.accepted) >= recipe.propose.target:
        return state.pool.is_finished(recipe.propose)
    return is_exhausted(source, state.pool.num_screened)


def _failed_ids(output: Path, reasons: Collection[str]) -> set[str]:
    """The ids of what failed for one of these reasons."""
    failed = {
        outcome.instruction_id: outcome for outcome in rundir.read_outcomes(output) if isinstance(outcome, Failure)
    }
    labels = {id_: {"all", failure_label(failure), failure.reason.value} for id_, failure in failed.items()}
    known = sorted({"all", *(failure_label(failure) for failure in failed.values())})
    for reason in reasons:
        if not any(reason in names for names in labels.values()):
            raise RecipeError(f"--retry-failed {reason}: nothing failed for this reason{did_you_mean(reason, known)}")
    return {id_ for id_, names in labels.items() if not names.isdisjoint(reasons)}


def _open_run(
    output: Path, recipe: dict[str, Any], manifest: dict[str, Any], set_aside: bool, stream: TextIO | None
) -> RunDir:
    try:
        return RunDir(output, recipe, manifest)
    except RunChanged as change:
        if not set_aside:
            raise
        _say(stream, f"warning: {change}")
    _say(stream, f"warning: the run that was there is set aside as {rundir.set_aside(output)}; a new one begins")
    return RunDir(output, recipe, manifest)


def _say_whose_voice(recipe: Recipe, constitution: Constitution, stream: TextIO | None) -> None:
    if recipe.model.model != MINIATURE and has_house_persona(constitution) and not recipe.persona.given():
        who = constitution.persona
        _say(
            stream,
            f"note: answers speak as {who.name}, made by {who.maker}, knowledge until {who.knowledge_date}; "
            "set persona in the recipe to make them your model's",
        )


def _say(stream: TextIO | None, line: str) -> None:
    if stream is not None:
        stream.write(f"{line}\n")
        stream.flush()


def _open_meter(output: Path, recipe: Recipe, state: State, budget: Budget | None) -> Meter:
    """What all starts of a run have spent."""
    clock, lost = rundir.read_clock(output), rundir.read_lost_usage(output)
    return Meter(state.counters, budget, slots=recipe.slots, clock=clock, lost=lost)


def plan_of(recipe: Recipe, sources: Sources) -> pipeline.Plan:
    """What a run of the recipe does."""
    return pipeline.Plan(
        rng_seed=recipe.rng_seed,
        slots=recipe.slots,
        style=recipe.model.style,
        constitution=sources.constitution,
        propose=recipe.propose,
        align=recipe.align,
        checks=recipe.checks,
        revise=(recipe.revise.sampling or recipe.align.sampling) if recipe.revise else None,
        pairs=contrasting_of(recipe, sources),
    )


async def _run(
    run: RunDir,
    recipe: Recipe,
    sources: Sources,
    state: State,
    meter: Meter,
    stream: TextIO | None,
    start_engine: OpenEngine,
) -> None:
    plan = plan_of(recipe, sources)
    how = {
        "slots": recipe.slots,
        "request_tokens": max(each.max_tokens for each in pipeline.samplings(plan)),
        "today": date.fromisoformat(rundir.read_manifest(run.path).get("date") or str(date.today())),
        "log_path": run.path / ENGINE_LOG,
        "stream": stream,
    }
    async with start_engine(recipe.model, **how) as engine:
        shared = _prepare_constitution(engine, sources.constitution, recipe)
        _refuse_long_contrasts(engine, plan.pairs, recipe)
        plan = replace(plan, judge=await _open_judge(engine, run, recipe, sources.known, stream))
        meter.guess = pipeline.first_guess(plan, shared)
        meter.clock.start_working()
        ticker = Ticker(state.counters, meter.clock, run.metrics.append, stream, meter.share_spent)
        ticking = asyncio.create_task(ticker.run())
        # Done before the first answer comes, which would have to wait for it.
        warming = asyncio.create_task(asyncio.to_thread(warm_up))
        try:
            with survivors_frozen():
                await pipeline.run(
                    engine,
                    plan,
                    state.pool,
                    answered_ids=state.answered_ids,
                    attempts=state.attempts,
                    counters=state.counters,
                    meter=meter,
                    journal_round=run.journal_round,
                    journal_outcome=run.journal_outcome,
                )
        finally:
            ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ticking
            await warming


async def _open_judge(
    engine: Engine, run: RunDir, recipe: Recipe, known: tuple[Known, ...], stream: TextIO | None
) -> Judge | None:
    """The run's judge, measured once: what it may do is in the manifest from then on. None where nothing is judged."""
    if not recipe.judge.score:
        return None
    count = find_token_counter(recipe.model) or estimate_tokens
    with pipeline.one_error():
        how = {"style": recipe.model.style, "slots": recipe.slots, "count": count}
        facts = await measure_judge(PatientEngine(engine), known, run.path, recipe.judge, **how)
    _say(stream, f"judge    {facts['line']}")
    return Judge(recipe.judge.weights, facts["may_choose"], facts["scores_failures"], count, recipe.judge.threshold)


def _prepare_constitution(engine: StartedEngine, constitution: Constitution, recipe: Recipe) -> int:
    """Let the engine read what all prompts share, and return its tokens; a constitution that leaves no room for an
    answer is refused at once, since every instruction would fail."""
    num_tokens = engine.prepare(render_shared(constitution, recipe.model.style))
    room = engine.context_length - num_tokens
    if room < recipe.align.sampling.max_tokens:
        raise RecipeError(
            f"the constitution {constitution.name!r} takes {num_tokens} of the model's {engine.context_length} tokens "
            f"and leaves less than align.sampling.max_tokens ({recipe.align.sampling.max_tokens}): choose a "
            "shorter one, a model with a longer context, or raise model.engine.max_model_len"
        )
    return num_tokens


def contrasting_of(recipe: Recipe, sources: Sources) -> Contrasting | None:
    """What contrasts are asked for behind; None where the recipe wants no pairs."""
    if recipe.pairs is None:
        return None
    return open_contrasting(recipe.pairs, sources.constitution, sources.contrary, recipe.align.sampling)


def _refuse_long_contrasts(engine: StartedEngine, how: Contrasting | None, recipe: Recipe) -> None:
    count = find_token_counter(recipe.model) or estimate_tokens
    for rung, before in (how.before if how else {}).items():
        num_tokens = count(before)
        if engine.context_length - num_tokens < how.sampling.max_tokens:
            raise RecipeError(
                f"pairs: what stands before the request of the {rung} contrast takes {num_tokens} of the model's "
                f"{engine.context_length} tokens and leaves less than max_tokens ({how.sampling.max_tokens})"
            )


def _counted(records: Iterator[T], count: Callable[[T], None]) -> Iterator[T]:
    for record in records:
        count(record)
        yield record


def open_pool(recipe: Recipe, sources: Sources) -> Pool:
    """The pool that a run begins with."""
    window = window_of(recipe.propose, recipe.slots)
    ledger = Ledger(sources.guide, recipe.propose.guided, window) if sources.guide else None
    pool = Pool(sources.seeds, NoveltyIndex(recipe.novelty), ledger)
    if recipe.decontaminate:
        from selfalign.novelty.decontaminate import Decontaminator

        evaluation = Decontaminator(recipe.decontaminate, recipe.novelty, recipe.decontamination)
        pool.find_contamination = lambda text, context: str(evaluation.find(text, context) or "")
    return pool


def _files_digest(paths: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        try:
            with open(path, "rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:
            raise RecipeError(f"decontaminate: {path} cannot be read ({error.strerror})") from error
    return digest.hexdigest()
