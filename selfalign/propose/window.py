"""The window: proposals in flight, screened and committed strictly in the order of their rounds.

    choose -> render -> ask -> parse -> screen -> commit

Choosing, rendering and parsing are the proposer's. Up to `window` rounds are open, but round n is screened only after
round n-1, and its prompt was made from what was kept after round n - window. So prompts, ids and verdicts depend on
what the engine answered, never on when.
"""

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from selfalign.engine.spec import Engine
from selfalign.errors import PromptRefused
from selfalign.propose.pool import Pool, Shown
from selfalign.propose.spec import ProposeSpec
from selfalign.records import (
    Completion,
    Instruction,
    Prompt,
    Rejection,
    RejectionReason,
    Round,
    Sampling,
    Usage,
    derive_seed,
)


@dataclass(frozen=True, slots=True)
class Choice:
    """What one proposal is made of: the instructions it shows."""

    shown: tuple[Shown, ...] = ()


class Proposer(Protocol):
    """One way to come by instructions; `name` is what rounds and instructions call it."""

    @property
    def name(self) -> str: ...

    def choose(self, pool: Pool, number: int) -> Choice:
        """What round `number` shows and asks for; a function of what was known after round `number` - window."""

    def render(self, choice: Choice) -> tuple[Prompt, Sampling]:
        """The request."""

    def parse(self, reply: Completion, choice: Choice, number: int) -> Iterable[Instruction | Rejection]:
        """The candidates in a reply, their ids counting from item 0 of round `number`, and what cannot be one."""


Open = tuple[Proposer, Choice, asyncio.Task[Completion | PromptRefused]]


async def propose(
    engine: Engine,
    pool: Pool,
    spec: ProposeSpec,
    proposer_of: Callable[[int], Proposer],
    *,
    rng_seed: int,
    journal: Callable[[Round], None],
) -> AsyncIterator[Instruction]:
    """Yield accepted instructions until the target is reached; each round is journalled before it is yielded.

    `proposer_of` says whose a round is. Continues after the rounds that `pool` has seen. Raises whatever the engine
    raises but `PromptRefused`, which ends a round with that rejection.
    """
    in_flight: deque[Open] = deque()
    try:
        while not pool.is_finished(spec):
            while len(in_flight) < min(spec.window, _rounds_to_go(pool, spec)):
                number = len(pool.sizes) + len(in_flight)
                proposer = proposer_of(number)
                choice = proposer.choose(pool, number)
                seed = derive_seed(rng_seed, "propose", number)
                in_flight.append((proposer, choice, asyncio.create_task(_ask(engine, *proposer.render(choice), seed))))
            proposer, choice, request = in_flight[0]
            reply = await request
            in_flight.popleft()
            finished = await screen_round(reply, proposer, choice, pool, spec)
            journal(finished)
            pool.note(finished)
            for instruction in finished.accepted:
                yield instruction
    finally:
        for *_, request in in_flight:
            request.cancel()
        await asyncio.gather(*(request for *_, request in in_flight), return_exceptions=True)


async def screen_round(
    reply: Completion | PromptRefused, proposer: Proposer, choice: Choice, pool: Pool, spec: ProposeSpec
) -> Round:
    """Parse and screen the reply of the pool's next round; what is accepted enters the pool's index at once."""
    number = len(pool.sizes)
    if isinstance(reply, PromptRefused):
        accepted, rejected = (), (Rejection("", "", RejectionReason.PROMPT_REFUSED, detail=str(reply)),)
        usage = Usage()
    else:
        candidates = proposer.parse(reply, choice, number)
        accepted, rejected = await pool.screen_all(candidates, choice.shown, spec.screen)
        usage = reply.usage
    return Round(number, tuple(item.id for item in choice.shown), accepted, rejected, usage, proposer.name)


async def _ask(engine: Engine, prompt: Prompt, sampling: Sampling, rng_seed: int) -> Completion | PromptRefused:
    try:
        return await engine.generate(prompt, sampling, rng_seed=rng_seed)
    except PromptRefused as refused:
        return refused


def _rounds_to_go(pool: Pool, spec: ProposeSpec) -> int:
    """Rounds the target still takes at the rate so far; to ask for more would be to throw replies away at the end.

    It decides when a request is sent, never what is in it. The first guess is that everything is accepted.
    """
    accepted_per_round = (len(pool.accepted) + spec.asked) / (len(pool.sizes) + 1)
    return math.ceil((spec.target - len(pool.accepted)) / accepted_per_round)
