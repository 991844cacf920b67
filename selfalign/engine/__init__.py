"""The engine room: one seam, and what is behind it.

    async with open_engine(EngineSpec(model="some/model"), slots=256) as engine:
        completion = await engine.generate(prompt, sampling, rng_seed=1)

spec         the Protocol of an engine, and which one a recipe asks for
vllm         vLLM in this process
choose       probabilities of options, from log-probabilities of tokens
chat         chat templates; a reasoning model's own thinking removed
prefix       the shared beginning of prompts, tokenised once
patience     a failed request is sent again
modelfiles   where weights are
log          what the engine's processes write
install      vLLM into this environment
"""

from contextlib import AbstractAsyncContextManager
from typing import Any

from selfalign.engine.spec import Engine, EngineSpec

__all__ = ["Engine", "EngineSpec", "open_engine"]


def open_engine(spec: EngineSpec, **how: Any) -> AbstractAsyncContextManager[Engine]:
    """Start the engine that a recipe asks for; leaving the context stops it. See `selfalign.engine.vllm`."""
    from selfalign.engine.vllm import open_engine as open_vllm

    return open_vllm(spec, **how)
