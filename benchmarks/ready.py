"""An engine that has its answers ready, for benchmarks of everything but the engine."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import islice

from selfalign.engine.spec import estimate_tokens
from selfalign.propose.selfinstruct import HEADING
from selfalign.records import Completion, Prompt, Sampling, Usage

REPLY = (
    " The request is plain and harmless.\nPrinciples: 2 (informative), 3 (helpful).\n### Answer\nThe first thing to "
    "look at is what is already there: write it down in a few lines, leave out what nobody will miss, and begin with "
    "the part that the others wait for. After a week, compare the list with what was done."
)


class ReadyEngine:
    """Answers proposals with the next texts of a stream and everything else with a fixed reply, each after `seconds`.

    One reply in `loops_every` repeats itself, which a check fails; 0 is none.
    """

    context_length = 8192

    def __init__(self, texts: Iterator[str], seconds: float = 0.005, loops_every: int = 0) -> None:
        self._texts = texts
        self._seconds = seconds
        self._loops_every = loops_every
        self._num_replies = 0

    def prepare(self, beginning: Prompt) -> int:
        return estimate_tokens(beginning)

    async def generate(self, prompt: Prompt, sampling: Sampling, *, rng_seed: int) -> Completion:
        await asyncio.sleep(self._seconds)
        text = self._propose() if HEADING in str(prompt) else self._reply()
        return Completion(text, "stop", Usage(2000, 1900, 80))

    async def choose(self, prompt: Prompt, options: Sequence[str]) -> tuple[float, ...]:
        await asyncio.sleep(self._seconds)
        return tuple(1 / len(options) for _ in options)

    def _reply(self) -> str:
        self._num_replies += 1
        is_loop = self._loops_every and self._num_replies % self._loops_every == 0
        return REPLY + "\nAnd once more the same." * 30 if is_loop else REPLY

    def _propose(self) -> str:
        items = islice(self._texts, 8)
        return " " + "\n\n".join(
            f"### Task {number}\nInstruction: {text}" if number > 9 else text for number, text in enumerate(items, 9)
        )
