"""What vLLM is started with: the recipe's arguments, over ours, over its own defaults for offline throughput.

vLLM's defaults depend on who asks. A caller that does not say is given 128 sequences and 2,048 tokens a step on any
GPU; one that says "offline" (`UsageContext.LLM_CLASS`) is given what the GPU's memory is good for. On top of that
every replica must hold its share of a run's requests in flight, or requests wait in its queue while it computes.
"""

import difflib
import math
import os
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from selfalign.engine.modelfiles import weights_size
from selfalign.engine.spec import EngineSpec
from selfalign.errors import RecipeError

if TYPE_CHECKING:
    from vllm import AsyncEngineArgs

LEAST_TOKENS = 8192
"""Tokens that a GPU computes in one step at least."""

# What is right everywhere, where the recipe says nothing. Models with a sliding attention window keep by default only
# what the very same prompt would need again, not the constitution that all prompts share: keep all of it.
_DEFAULTS = {"prefix_cache_retention_interval": None}

# What is right for a CPU, where the recipe says nothing. Compiling costs minutes and gains little there. A prompt
# that is prefilled in pieces with a seed of its own kills vLLM's CPU engine (torch's CPU generator has no offset):
# with chunked prefill off, a prompt waits for a step that it fits into instead. The prefix cache holds whole blocks,
# and of vLLM's 128 tokens for a CPU the last one of the shared prefix is computed again by every request.
_CPU_DEFAULTS = {"enforce_eager": True, "enable_chunked_prefill": False, "block_size": 32}

_SMALL_MODEL = 2**28
_CACHE_OF_SMALL, _CACHE_OF_OTHERS = 2**29, 2**32
"""Bytes: folders of weights up to the first get a cache of the second on a CPU, others the third. Filling the cache
with zeros is a good part of a small engine's start."""


def engine_arguments(spec: EngineSpec, slots: int | None = None) -> "AsyncEngineArgs":
    """vLLM's arguments for a recipe's engine that is to hold `slots` requests in flight (None: vLLM's own number).

    Raises `RecipeError` for an argument that vLLM does not know.
    """
    from vllm import AsyncEngineArgs

    return AsyncEngineArgs(**chosen_arguments(spec, slots))


def chosen_arguments(spec: EngineSpec, slots: int | None = None) -> dict[str, Any]:
    """The same by name, without those that are left to vLLM."""
    from vllm import AsyncEngineArgs
    from vllm.platforms import current_platform

    _refuse_unknown(spec.engine, AsyncEngineArgs)
    ours = _DEFAULTS | (_cpu_defaults(spec) if current_platform.is_cpu() else {})
    ours |= _batch_sizes(spec.engine, slots, AsyncEngineArgs, is_cpu=current_platform.is_cpu())
    named = {"model": spec.location, "revision": spec.revision, "tokenizer_revision": spec.revision}
    return {**_known(ours, AsyncEngineArgs), **spec.engine, **named}


def num_replicas(arguments: Mapping[str, Any]) -> int:
    """How many copies of the model the engine's arguments ask for."""
    replicas = arguments.get("data_parallel_size")
    return replicas if isinstance(replicas, int) and replicas > 0 else 1


def num_devices(spec: EngineSpec) -> int:
    """How many devices compute: those of every replica in this engine; of servers, which say nothing about it, one
    each."""
    if spec.endpoints:
        return len(spec.endpoints)
    parallel = ("tensor_parallel_size", "pipeline_parallel_size")
    return num_replicas(spec.engine) * math.prod(int(spec.engine.get(name) or 1) for name in parallel)


def sends_seeds(seeded: str) -> bool:
    """Whether requests carry their seed: always, never, or ("auto") where the same seed gives the same text.

    That is so on a CPU and in vLLM's batch-invariant mode. On a GPU otherwise it does not, since the other requests in
    a batch change the last digits, and one seed alone keeps a whole batch from the fastest way of sampling.
    """
    from vllm.platforms import current_platform

    if seeded != "auto":
        return seeded == "always"
    return current_platform.is_cpu() or os.environ.get("VLLM_BATCH_INVARIANT", "0") not in ("", "0")


def _batch_sizes(given: Mapping[str, Any], slots: int | None, kind: Any, *, is_cpu: bool) -> dict[str, int]:
    """Sequences and tokens per step where vLLM's defaults are too small for the run; the recipe's own come first."""
    tokens, sequences = _offline_defaults(given, kind)
    sizes: dict[str, int] = {}
    if tokens < LEAST_TOKENS and not is_cpu:
        sizes["max_num_batched_tokens"] = tokens = LEAST_TOKENS
    # No step can hold more sequences than tokens. Each costs memory for its logits as well, so no more than is needed.
    tokens = given.get("max_num_batched_tokens") or tokens
    wanted = min(math.ceil((slots or 0) / num_replicas(given)), tokens)
    if wanted > sequences:
        sizes["max_num_seqs"] = wanted
    return sizes


def _offline_defaults(given: Mapping[str, Any], kind: Any) -> tuple[int, int]:
    """vLLM's own tokens and sequences per step for offline use of this machine's device."""
    from vllm.usage.usage_lib import UsageContext

    world_size = (given.get("pipeline_parallel_size") or 1) * (given.get("tensor_parallel_size") or 1)
    tokens, sequences = kind.get_batch_defaults(world_size)
    factor = 2 if given.get("performance_mode") == "throughput" else 1
    return factor * tokens[UsageContext.LLM_CLASS], factor * sequences[UsageContext.LLM_CLASS]


def _cpu_defaults(spec: EngineSpec) -> dict[str, Any]:
    is_small = 0 < weights_size(spec.location) <= _SMALL_MODEL
    return {**_CPU_DEFAULTS, "kv_cache_memory_bytes": _CACHE_OF_SMALL if is_small else _CACHE_OF_OTHERS}


def _known(defaults: Mapping[str, Any], kind: Any) -> dict[str, Any]:
    """Our defaults without those that another version of vLLM does not have."""
    names = {item.name for item in fields(kind)}
    return {name: value for name, value in defaults.items() if name in names}


def _refuse_unknown(given: Mapping[str, Any], kind: Any) -> None:
    names = [item.name for item in fields(kind)]
    for key in given:
        if key not in names:
            close = difflib.get_close_matches(str(key), names, n=1, cutoff=0.5)
            hint = f"; did you mean model.engine.{close[0]}?" if close else ""
            raise RecipeError(f"model.engine.{key}: vLLM has no such engine argument{hint}")
