"""The engine room: one seam, and what is behind it.

    async with open_engine(EngineSpec(model="some/model"), slots=256) as engine:
        completion = await engine.generate(prompt, sampling, rng_seed=1)

spec         the Protocol of an engine, and which one a recipe asks for
vllm         vLLM in this process
endpoint     servers that speak OpenAI's protocol
servers      which of them is asked, and what happens when one fails or goes
abilities    what a server can do
reader       prompts as text and token ids, by the model's tokenizer
serve        such a server from a recipe
workers      replicas of the engine on other machines
choose       probabilities of options, from log-probabilities of tokens
chat         chat templates; a reasoning model's own thinking removed
prefix       the shared beginning of prompts, tokenised once
turns        tokens that end an answer
patience     a failed request is sent again
modelfiles   where weights are
provenance   which weights, template, versions and device answered
arguments    what vLLM is started with
capacity     what a started engine can hold
start        what the user sees and can do meanwhile
watchdog     the engine's processes end with ours
log          what the engine's processes write
install      vLLM into this environment
"""

from contextlib import AbstractAsyncContextManager
from typing import Any

from selfalign.engine.spec import Engine, EngineSpec

__all__ = ["Engine", "EngineSpec", "open_engine"]


def open_engine(spec: EngineSpec, **how: Any) -> AbstractAsyncContextManager[Engine]:
    """Start the engine that a recipe asks for, or reach its servers; leaving the context ends that.

    See `selfalign.engine.vllm` and `selfalign.engine.endpoint`.
    """
    if spec.endpoints:
        from selfalign.engine.endpoint import open_endpoint

        return open_endpoint(spec, **how)
    from selfalign.engine.vllm import open_engine as open_vllm

    return open_vllm(spec, **how)
