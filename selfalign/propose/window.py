"""The window: proposals in flight, screened and committed strictly in the order of their rounds.

    choose -> render -> ask -> parse -> screen -> commit

Choosing, rendering and parsing are the proposer's. Up to `window` rounds are open, but round n is screened only after
round n-1, and its prompt was made from what was kept after round n - window. So prompts, ids and verdicts depend on
what the engine answered, never on when.
"""

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from selfalign.engine.spec import Engine
from selfalign.errors import PromptRefused
from selfalign.propose.pool import Candidate, Pool, Shown
from selfalign.propose.spec import ProposeSpec
from selfalign.records import (
    Cell,
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


def window_of(spec: ProposeSpec, slots: int) -> int:
    """Rounds that may be open at a time: as the recipe says, or as many as keep `slots` busy.

    A reply ten times as long as most holds up all rounds behind it. The fewer instructions a round brings, the more
    rounds it takes until answers fill the slots meanwhile (found by simulation, benchmarks/window.py).
    """
    asked = min(spec.asked, spec.guided.asked) if spec.is_guided else spec.asked
    return spec.window or 2 * slots + 6 * slots // asked


@dataclass(frozen=True, slots=True)
class Choice:
    """What one proposal is made of: instructions to show, and what a guided one asks for: requests for cells, or for
    more topics of a kind beside these."""

    shown: tuple[Shown, ...] = ()
    hints: tuple[Cell, ...] = ()
    kind: str = ""
    topics: tuple[str, ...] = ()


class Proposer(Protocol):
    """One way to come by instructions; `name` is what rounds and instructions call it."""

    @property
    def name(self) -> str: ...

    def choose(self, pool: Pool, number: int) -> Choice:
        """What round `number` shows and asks for; a function of what was known after round `number` - window."""

    def render(self, choice: Choice) -> tuple[Prompt, Sampling] | None:
        """The request; None where there is nothing to ask."""

    def parse(self, reply: Completion, choice: Choice, number: int) -> Iterable[Candidate]:
        """The candidates in a reply, their ids counting from item 0 of round `number`, and what cannot be one."""


async def always() -> bool:
    """Whether one more round may be opened, where nothing limits them."""
    return True


Open = tuple[Proposer, Choice, asyncio.Task[Completion | PromptRefused]]


async def propose(
    engine: Engine,
    pool: Pool,
    spec: ProposeSpec,
    proposer_of: Callable[[int], Proposer],
    *,
    rng_seed: int,
    journal: Callable[[Round], None],
    may_open: Callable[[], Awaitable[bool]] = always,
) -> AsyncIterator[Instruction]:
    """Yield accepted instructions until the target is reached; each round is journalled before it is yielded.

    `proposer_of` says whose a round is, `may_open` whether there may be one more; where it says no and none is open,
    this ends. Continues after the rounds that `pool` has seen. Raises whatever the engine raises but `PromptRefused`,
    which ends a round with that rejection.
    """
    in_flight: deque[Open] = deque()
    try:
        while not pool.is_finished(spec):
            while len(in_flight) < min(spec.window, _rounds_to_go(pool, spec)) and await may_open():
                number = len(pool.sizes) + len(in_flight)
                proposer = proposer_of(number)
                choice = proposer.choose(pool, number)
                seed = derive_seed(rng_seed, "propose", number)
                in_flight.append((proposer, choice, asyncio.create_task(_ask(engine, proposer.render(choice), seed))))
            if not in_flight:
                return
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
    if isinstance(reply, PromptRefused):
        refusal = Rejection("", "", RejectionReason.PROMPT_REFUSED, detail=str(reply))
        reply, candidates = _NOTHING, [refusal]
    else:
        candidates = proposer.parse(reply, choice, len(pool.sizes))
    finished = await pool.screen_all(candidates, choice.shown, spec.screen)
    return replace(finished, usage=reply.usage, proposer=proposer.name, hints=choice.hints, kind=choice.kind)


async def _ask(engine: Engine, request: tuple[Prompt, Sampling] | None, rng_seed: int) -> Completion | PromptRefused:
    if request is None:
        return _NOTHING
    try:
        return await engine.generate(*request, rng_seed=rng_seed)
    except PromptRefused as refused:
        return refused


def _rounds_to_go(pool: Pool, spec: ProposeSpec) -> int:
    """Rounds the target still takes at the rate so far; to ask for more would be to throw replies away at the end.

    It decides when a request is sent, never what is in it. The first guess is that everything is accepted.
    """
    accepted_per_round = (len(pool.accepted) + spec.asked) / (len(pool.sizes) + 1)
    return math.ceil((spec.target - len(pool.accepted)) / accepted_per_round)


_NOTHING = Completion("", "stop", Usage())
