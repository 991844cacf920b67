"""The work of `selfalign test`: load, ask what was not asked before, add up."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TextIO

from selfalign.engine import Engine, EngineSpec, open_engine
from selfalign.engine.patience import PatientEngine
from selfalign.probe.conditions import AS_IS, Condition, as_is, control, without
from selfalign.probe.load import Probe
from selfalign.probe.pressure import all_under
from selfalign.probe.recorded import RecordedEngine
from selfalign.probe.run import GREEDY, Result, run_probes
from selfalign.probe.tally import Removal, by_condition, removals
from selfalign.records import Constitution, Sampling
from selfalign.rows import watched

DRAWN = Sampling(temperature=0.7, top_p=0.95, max_tokens=512)
"""How replies are sampled where several draws are asked for; a single one is greedy."""

OpenEngine = Callable[..., AbstractAsyncContextManager[Engine]]


@dataclass(frozen=True, slots=True)
class ProbeSpec:
    """What is tested, and how. `against` names control conditions, `under` names styles; `ablate` removes one principle
    after the other; `draws` replies are sampled for each probe. `journal` is where answers are kept, for the model of
    this `identity` (see `recorded.identity_of`; "" for its location alone)."""

    constitution: Constitution
    probes: tuple[Probe, ...]
    model: EngineSpec
    journal: Path
    against: tuple[str, ...] = ()
    under: tuple[str, ...] = ()
    ablate: bool = False
    draws: int = 1
    slots: int = 64
    identity: str = ""


@dataclass(frozen=True, slots=True)
class Tested:
    """The results by condition (`AS_IS` first), and what removals changed."""

    grouped: Mapping[str, Sequence[Result]]
    removed: Sequence[Removal] = field(default_factory=tuple)


def run_tests(spec: ProbeSpec, *, stream: TextIO | None = None, start_engine: OpenEngine = open_engine) -> Tested:
    """Run the probes. Raises `RecipeError` for an unknown condition or style, before the engine is started."""
    plan = list(_plan(spec))
    results = asyncio.run(_run(spec, plan, stream, start_engine))
    grouped = by_condition(results)
    ids = [each.id for each in spec.constitution.principles] if spec.ablate else []
    return Tested(grouped, removals(grouped, ids))


def _plan(spec: ProbeSpec) -> Iterable[tuple[Condition, Sequence[Probe]]]:
    """Every condition with the probes that are asked under it, each shared prefix in one piece."""
    whole = as_is(spec.constitution)
    yield whole, spec.probes
    for style, probes in all_under(spec.probes, spec.under).items():
        yield replace(whole, name=f"{AS_IS}, {style}"), probes
    for name in spec.against:
        yield control(name, spec.constitution), spec.probes
    if spec.ablate:
        for principle in spec.constitution.principles:
            yield without(spec.constitution, principle.id), spec.probes


async def _run(
    spec: ProbeSpec, plan: Sequence[tuple[Condition, Sequence[Probe]]], stream: TextIO | None, start_engine: OpenEngine
) -> list[Result]:
    results: list[Result] = []
    num_wanted = sum(len(probes) for _, probes in plan)
    async with start_engine(spec.model, slots=spec.slots, stream=stream) as opened:
        engine = RecordedEngine(PatientEngine(opened), spec.journal, spec.identity or spec.model.location)
        try:
            counter = watched(range(10**9), num_wanted * spec.draws, "asked", stream)
            for condition, probes in plan:
                found = run_probes(
                    engine,
                    probes,
                    [condition],
                    style=spec.model.style,
                    sampling=GREEDY if spec.draws == 1 else DRAWN,
                    draws=spec.draws,
                    slots=spec.slots,
                )
                async for result in found:
                    results.append(result)
                    next(counter)
        finally:
            engine.close()
    return results
