"""A scripted engine: a plain function answers, with delays and faults, and everything asked is remembered.

The function takes (prompt, sampling, rng_seed) and returns a text or a `Completion`, or raises what a real engine
raises: `PromptRefused`, `RequestFailed`, `EngineDied`. `prefer` takes (prompt, options) and gives what `choose` scales.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from selfalign.records import Completion, Prompt, Sampling, Usage

Respond = Callable[[Prompt, Sampling, int], Completion | str]
Delay = float | Callable[[int], float]


@dataclass(frozen=True, slots=True)
class Request:
    """One call of `generate`."""

    prompt: Prompt
    sampling: Sampling
    rng_seed: int


@dataclass
class ScriptedEngine:
    """An `Engine` of one function. `delay` is in seconds, one for all or a function of the request's seed."""

    respond: Respond
    delay: Delay = 0.0
    prefer: Callable[[Prompt, Sequence[str]], Sequence[float]] = lambda prompt, options: (
        [1 / len(options)] * len(options)
    )
    context_length: int = 8192
    requests: list[Request] = field(default_factory=list)
    in_flight: int = 0
    max_in_flight: int = 0

    def _count(self, prompt: Prompt) -> int:
        """Words, as good a count as any here."""
        texts = [prompt] if isinstance(prompt, str) else [message["content"] for message in prompt]
        return sum(len(text.split()) for text in texts)

    def prepare(self, beginning: Prompt) -> int:
        """The same count; there is nothing to prepare."""
        return self._count(beginning)

    async def generate(self, prompt: Prompt, sampling: Sampling, *, rng_seed: int) -> Completion:
        self.requests.append(Request(prompt, sampling, rng_seed))
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        try:
            await asyncio.sleep(self.delay(rng_seed) if callable(self.delay) else self.delay)
            answer = self.respond(prompt, sampling, rng_seed)
        finally:
            self.in_flight -= 1
        if isinstance(answer, Completion):
            return answer
        num_prompt_tokens, num_output_tokens = self._count(prompt), self._count(answer)
        is_cut = num_output_tokens > sampling.max_tokens
        text = " ".join(answer.split(" ")[: sampling.max_tokens]) if is_cut else answer
        usage = Usage(num_prompt_tokens, 0, min(num_output_tokens, sampling.max_tokens))
        return Completion(text, "length" if is_cut else "stop", usage)

    async def choose(self, prompt: Prompt, options: Sequence[str]) -> tuple[float, ...]:
        self.requests.append(Request(prompt, Sampling(max_tokens=1), 0))
        await asyncio.sleep(0.0 if callable(self.delay) else self.delay)
        shares = self.prefer(prompt, options)
        return tuple(share / sum(shares) for share in shares)
