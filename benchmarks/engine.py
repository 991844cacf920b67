"""How busy a run keeps the engine: its wall time over that of raw AsyncLLM on the very same requests.

    python benchmarks/engine.py [--target 2000] [--pairs 5] [--model miniature] [--lengths drawn]

Both sides run on one engine, started once, in alternating order, the prefix cache emptied before each. Our side is a
whole run: proposals whose prompts depend on earlier answers, near-duplicates, checks, journals, progress. The raw side
knows every request beforehand (token ids, sampling, seed; recorded from our side), holds as many in flight, and throws
the text away: our side tokenises, and what that costs counts. Engine start counts on neither side.

Output lengths vary strongly: with `--lengths drawn` every request of an answer writes a number of tokens drawn from a
log-normal distribution (median 60, sigma 0.8, 8 to 320), end of text or not, and the run sees the part before the end.
With `--lengths natural` the model ends its answers itself.
"""

import argparse
import asyncio
import contextlib
import math
import os
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

from selfalign import generate
from selfalign.align.prompt import STOP, render_prefix
from selfalign.engine.spec import EngineSpec
from selfalign.engine.vllm import VllmEngine, open_engine
from selfalign.recipe import Recipe, load_recipe, recipe_row
from selfalign.records import Completion, Prompt, Sampling, Usage
from selfalign.run.directory import RunDir

MEDIAN, SIGMA, SHORTEST, LONGEST = 60, 0.8, 8, 320


@dataclass
class Recorder:
    """The engine of our side: draws the lengths, and keeps what was asked, as token ids, for the raw side."""

    engine: VllmEngine
    draws_lengths: bool
    shared_prefix: str
    requests: list[tuple[list[int], Any]] = field(default_factory=list)
    output_tokens: list[int] = field(default_factory=list)
    align_usage: Usage = field(default_factory=Usage)

    @property
    def context_length(self) -> int:
        return self.engine.context_length

    def prepare(self, beginning: Prompt) -> int:
        return self.engine.prepare(beginning)

    async def generate(self, prompt: str, sampling: Sampling, *, rng_seed: int) -> Completion:
        is_align = prompt.startswith(self.shared_prefix)
        params = sampling_params(sampling, rng_seed, self.draws_lengths and is_align)
        token_ids = self.engine.encode(prompt)  # as VllmEngine.generate asks
        self.requests.append((token_ids, params))
        output = await ask(self.engine.llm, token_ids, params, f"run-{len(self.requests)}")
        choice = output.outputs[0]
        usage = Usage(len(output.prompt_token_ids), output.num_cached_tokens or 0, len(choice.token_ids))
        self.output_tokens.append(usage.output_tokens)
        if is_align:
            self.align_usage += usage
        if params.ignore_eos:
            return self.natural_part(choice.token_ids, usage)
        return Completion(choice.text, choice.finish_reason, usage)

    def natural_part(self, token_ids: list[int], usage: Usage) -> Completion:
        """What the model would have written had it been allowed to end; "length" where it had not ended yet."""
        tokenizer = self.engine.llm.get_tokenizer()
        ids = list(token_ids)
        has_ended = tokenizer.eos_token_id in ids
        if has_ended:
            ids = ids[: ids.index(tokenizer.eos_token_id)]
        text, stop, _ = tokenizer.decode(ids, skip_special_tokens=True).partition(STOP)
        return Completion(text, "stop" if has_ended or stop else "length", usage)


def sampling_params(sampling: Sampling, rng_seed: int, draws_length: bool) -> Any:
    """vLLM's form of a request's sampling, with a drawn length where wanted."""
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind

    shared: dict[str, Any] = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "seed": rng_seed,
        "output_kind": RequestOutputKind.FINAL_ONLY,
    }
    if not draws_length:
        return SamplingParams(**shared, max_tokens=sampling.max_tokens, stop=list(sampling.stop))
    drawn = round(random.Random(rng_seed).lognormvariate(math.log(MEDIAN), SIGMA))
    return SamplingParams(**shared, max_tokens=min(max(drawn, SHORTEST), LONGEST), ignore_eos=True)


async def ask(llm: Any, token_ids: list[int], params: Any, request_id: str) -> Any:
    """The one output of one request."""
    output = None
    async for output in llm.generate({"prompt_token_ids": token_ids}, params, request_id=request_id):  # noqa: B007 - exactly one
        pass
    return output


async def our_side(engine: VllmEngine, recipe: Recipe, draws_lengths: bool, folder: Path) -> tuple[float, Recorder]:
    """Seconds of a whole run in an empty folder, and what it asked."""

    @contextlib.asynccontextmanager
    async def at_hand(_: EngineSpec, **how: Any) -> AsyncIterator[Recorder]:
        yield recorder

    started = time.perf_counter()
    sources = generate.load_sources(recipe)
    recorder = Recorder(engine, draws_lengths, render_prefix(sources.constitution))
    with RunDir(folder, recipe_row(recipe), generate.make_manifest(recipe, sources)) as run:
        state = generate.replay(folder, recipe, sources)
        meter = generate._open_meter(folder, recipe, state, None)
        await generate._run(run, recipe, sources, state, meter, None, at_hand)
    return time.perf_counter() - started, recorder


async def raw_side(engine: VllmEngine, requests: list[tuple[list[int], Any]], slots: int) -> tuple[float, int]:
    """Seconds that AsyncLLM needs for requests that are all known, `slots` in flight; tokens written."""
    waiting = iter(enumerate(requests))
    written = 0

    async def worker() -> None:
        nonlocal written
        for number, (token_ids, params) in waiting:
            output = await ask(engine.llm, token_ids, params, f"raw-{number}")
            written += len(output.outputs[0].token_ids)

    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(slots):
            group.create_task(worker())
    return time.perf_counter() - started, written


def engine_counters() -> dict[str, float]:
    """The engine's own counts, over all its replicas."""
    from vllm.v1.metrics.reader import get_metrics_snapshot

    counts: dict[str, float] = {}
    for metric in get_metrics_snapshot():
        if metric.name in ("vllm:prefix_cache_queries", "vllm:prefix_cache_hits"):
            counts[metric.name] = counts.get(metric.name, 0) + metric.value
    return counts


async def measure(recipe: Recipe, draws_lengths: bool, num_pairs: int, folder: Path) -> None:
    """Run the pairs and print what they show."""
    async with open_engine(recipe.model, slots=recipe.slots) as engine:
        await engine.llm.reset_prefix_cache()
        warm_up, recorder = await our_side(engine, recipe, draws_lengths, folder / "warm-up")
        requests = recorder.requests
        print(f"{len(requests)} requests, {recipe.slots} in flight; a first run, not counted, took {warm_up:.1f} s")
        print("output tokens:", describe(recorder.output_tokens))
        ours: list[float] = []
        raw: list[float] = []
        for pair in range(num_pairs):
            for side in ("ours", "raw") if pair % 2 else ("raw", "ours"):
                await engine.llm.reset_prefix_cache()
                before, processor = engine_counters(), time.process_time()
                if side == "raw":
                    seconds, num_tokens = await raw_side(engine, requests, recipe.slots)
                    raw.append(seconds)
                else:
                    seconds, recorder = await our_side(engine, recipe, draws_lengths, folder / f"run-{pair}")
                    num_tokens = sum(recorder.output_tokens)
                    ours.append(seconds)
                processor = time.process_time() - processor
                spent = {name: value - before[name] for name, value in engine_counters().items()}
                share = spent["vllm:prefix_cache_hits"] / spent["vllm:prefix_cache_queries"]
                print(
                    f"{side:4}  {seconds:6.1f} s  {num_tokens:,} tokens  {num_tokens / seconds:,.0f} tokens/s"
                    f"  {processor:.1f} s of this process's processor time"
                    f"  {share:.1%} of all prompt tokens from the prefix cache (engine's counters)",
                    flush=True,
                )
        usage = recorder.align_usage
        print(f"align: {usage.cached_tokens / usage.prompt_tokens:.1%} of {usage.prompt_tokens:,} prompt tokens cached")
        ratios = sorted(mine / theirs for mine, theirs in zip(ours, raw, strict=True))
        print(
            f"ours / raw: median {statistics.median(ratios):.3f} of {len(ratios)} pairs, "
            f"{ratios[0]:.3f} to {ratios[-1]:.3f}  (sums: {sum(ours) / sum(raw):.3f})"
        )


def describe(lengths: list[int]) -> str:
    """Mean, deciles and extremes."""
    deciles = statistics.quantiles(lengths, n=10)
    return (
        f"mean {statistics.mean(lengths):.0f}, 10 % below {deciles[0]:.0f}, 10 % above {deciles[-1]:.0f}, "
        f"{min(lengths)} to {max(lengths)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", default="demo")
    parser.add_argument("--model", default="miniature")
    parser.add_argument("--target", type=int, default=2000)
    parser.add_argument("--slots", type=int, default=64, help="requests in flight, on both sides")
    parser.add_argument("--window", type=int, default=64, help="proposals in flight at most")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--lengths", choices=("drawn", "natural"), default="drawn")
    options = parser.parse_args()
    overrides = {
        "propose.target": options.target,
        "propose.window": options.window,
        "model.model": options.model,
        "slots": options.slots,
    }
    recipe = load_recipe(options.recipe, [f"{key}={value}" for key, value in overrides.items()])
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(recipe, options.lengths == "drawn", options.pairs, Path(folder)))


if __name__ == "__main__":
    main()
