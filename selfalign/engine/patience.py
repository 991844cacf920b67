"""An engine that is asked again: what fails in passing is nobody's answer."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import TypeVar

from selfalign.engine.spec import Engine
from selfalign.errors import RequestFailed, RunStalled
from selfalign.records import Completion, Prompt, Sampling

T = TypeVar("T")

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds before a failed request is sent again, the last one for all further times."""


class PatientEngine:
    """The engine; where a request fails and the engine lives on, the same request again after a pause.

    `took` hears of every request that succeeds: its seconds, pauses included, and whether it was a choice. Raises
    `RunStalled` when a request has failed once more than there are `pauses` and none of all the others has succeeded
    since it was first sent.
    """

    def __init__(
        self, engine: Engine, pauses: Sequence[float] = (), *, took: Callable[[float, bool], None] | None = None
    ) -> None:
        self._engine = engine
        self._took = took
        self._pauses = pauses or PAUSES
        self._num_completed = 0

    async def generate(self, prompt: Prompt, sampling: Sampling, *, rng_seed: int) -> Completion:
        pause, started = self._pausing(), monotonic()
        while True:
            try:
                return self._done(await self._engine.generate(prompt, sampling, rng_seed=rng_seed), started)
            except RequestFailed as error:
                await pause(error)

    async def choose(self, prompt: Prompt, options: Sequence[str]) -> tuple[float, ...]:
        pause, started = self._pausing(), monotonic()
        while True:
            try:
                return self._done(await self._engine.choose(prompt, options), started, is_choice=True)
            except RequestFailed as error:
                await pause(error)

    def _done(self, result: T, started: float, *, is_choice: bool = False) -> T:
        self._num_completed += 1
        if self._took is not None:
            self._took(monotonic() - started, is_choice)
        return result

    def _pausing(self) -> Callable[[RequestFailed], Awaitable[None]]:
        """What waits after each failure of one request, as long as there is hope."""
        num_failures, completed_before = 0, self._num_completed

        async def pause(error: RequestFailed) -> None:
            nonlocal num_failures
            num_failures += 1
            if num_failures > len(self._pauses) and self._num_completed == completed_before:
                raise RunStalled(
                    f"a request failed {num_failures} times and no other succeeded meanwhile ({error}); "
                    "what is finished is kept, the same command continues"
                ) from error
            await asyncio.sleep(self._pauses[min(num_failures, len(self._pauses)) - 1])

        return pause
