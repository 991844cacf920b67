"""Asking every probe under every condition, condition after condition, so that each shared prefix is computed once."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace

from selfalign.align.parse import ReplyError
from selfalign.align.prompt import STOP
from selfalign.checks import Compliance, refusal_of
from selfalign.engine.spec import Engine
from selfalign.errors import PromptRefused
from selfalign.judge import better_of
from selfalign.probe.conditions import Condition
from selfalign.probe.expect import Seen
from selfalign.probe.load import Probe
from selfalign.records import Sampling, derive_seed

GREEDY = Sampling(temperature=0.0, max_tokens=512)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one probe under one condition, in one draw.

    `seen` is the reply; None for a pair, and where the reply could not be read, which `unread` then explains.
    `complaints` are the expectations that do not hold; for a pair they say which answer won, or that it was a tie.
    `is_told` is False where nothing could be told: every expectation is about citations, and there are none here.
    """

    probe: Probe
    condition: str
    draw: int
    seen: Seen | None = None
    unread: str = ""
    complaints: tuple[str, ...] = ()
    is_told: bool = True
    is_tie: bool = False

    @property
    def passed(self) -> bool:
        return self.is_told and not self.unread and not self.complaints

    @property
    def stance(self) -> Compliance | None:
        """What the answer does with the request; None without an answer."""
        return refusal_of(self.seen.answer, self.seen.asked).stance if self.seen else None


async def run_probes(
    engine: Engine,
    probes: Sequence[Probe],
    conditions: Iterable[Condition],
    *,
    style: str,
    sampling: Sampling = GREEDY,
    draws: int = 1,
    slots: int = 64,
) -> AsyncIterator[Result]:
    """Yield a result for every probe, draw and condition, in that order within a condition.

    Pairs are asked once, whatever `draws` says. Raises whatever the engine raises but `PromptRefused`.
    """
    free = asyncio.Semaphore(slots)

    async def one(condition: Condition, probe: Probe, draw: int) -> Result:
        async with free:
            if probe.prefers is not None:
                return await _ask_pair(engine, condition, probe, style)
            return await _ask(engine, condition, probe, draw, style, sampling)

    for condition in conditions:
        wanted = [(probe, draw) for probe in probes for draw in range(1 if probe.prefers is not None else draws)]
        tasks = []
        for number, (probe, draw) in enumerate(wanted):
            tasks.append(asyncio.create_task(one(condition, probe, draw)))
            if number == 0:  # the prefix is computed by the first and shared by the rest
                await asyncio.wait(tasks)
        try:
            for task in tasks:
                yield await task
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _ask(engine: Engine, condition: Condition, probe: Probe, draw: int, style: str, sampling: Sampling) -> Result:
    stopping = replace(sampling, stop=(*sampling.stop, STOP))
    try:
        prompt = condition.prompt(probe.instruction, style)
        completion = await engine.generate(prompt, stopping, rng_seed=derive_seed(1, "probe", draw))
        seen = condition.read(completion.text, probe.instruction.user_turn)
    except (PromptRefused, ReplyError) as error:
        return Result(probe, condition.name, draw, unread=str(error))
    # A principle that is not there cannot be cited: to hold that against a reply would prove nothing about it.
    told = list(filter(None, (each.among(condition.ids) for each in probe.expect)))
    complaints = tuple(filter(None, (each.complaint(seen) for each in told)))
    return Result(probe, condition.name, draw, seen, complaints=complaints, is_told=bool(told))


async def _ask_pair(engine: Engine, condition: Condition, probe: Probe, style: str) -> Result:
    pair, principle = probe.prefers, condition.principle(probe.principle)
    try:
        found = await better_of(engine, principle, probe.instruction.user_turn, pair.better, pair.worse, style=style)
    except PromptRefused as error:
        return Result(probe, condition.name, 0, unread=str(error))
    said = {"first": (), "second": ("prefers the worse answer",), "tie": ("tie: the two orders disagree",)}
    return Result(probe, condition.name, 0, complaints=said[found.winner], is_tie=found.winner == "tie")
