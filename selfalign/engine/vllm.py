"""vLLM in this process, behind the seam.

    async with open_engine(EngineSpec(model="some/model")) as engine:
        completion = await engine.generate(prompt, sampling, rng_seed=1)

Callers hold as many awaits as they like; vLLM batches continuously, so there is no batching, timeout or retry here.
An engine belongs to the event loop that opened it. A prompt with the answer must fit the model's context: a prompt
that alone is too long is refused; where prompt and `max_tokens` together are too long, the text ends at the context's
end with finish_reason "length".
"""

import asyncio
import contextlib
import gc
import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from selfalign.engine.arguments import engine_arguments, num_replicas, sends_seeds
from selfalign.engine.capacity import Capacity
from selfalign.engine.chat import opens_think_block, remove_think_block
from selfalign.engine.choose import choose_by_tokens
from selfalign.engine.log import EngineLog
from selfalign.engine.modelfiles import is_path, refuse_missing_model
from selfalign.engine.reader import PromptReader
from selfalign.engine.spec import EngineSpec
from selfalign.engine.start import Progress, engine_environment, interrupts_heard, machines_awaited, say
from selfalign.engine.watchdog import engine_watched
from selfalign.engine.workers import workers_heard
from selfalign.errors import EngineDied, EngineStartError, PromptRefused, RecipeError, RequestFailed, one_line
from selfalign.records import Completion, Prompt, Sampling, Usage

if TYPE_CHECKING:
    from vllm import RequestOutput, SamplingParams
    from vllm.v1.engine.async_llm import AsyncLLM

CTRL_C_SECONDS = 2.0
"""How long a death of the engine waits for a Ctrl-C that explains it."""


@dataclass(frozen=True, slots=True)
class _Load:
    """What a run will ask: requests in flight, tokens of each that no other shares; and where the user reads."""

    slots: int | None
    request_tokens: int
    stream: TextIO | None


@dataclass(frozen=True, slots=True)
class RequestStyle:
    """What all requests to one engine have in common."""

    sends_seed: bool = True
    shows_special: bool = False
    turn_token_ids: tuple[int, ...] = ()


class VllmEngine:
    """vLLM's AsyncLLM as an `Engine`."""

    def __init__(self, llm: "AsyncLLM", spec: EngineSpec, log: EngineLog, today: date | None, load: "_Load") -> None:
        self.llm = llm
        self._log = log
        self._load = load
        self._request_ids = itertools.count()
        try:
            tokenizer = llm.get_tokenizer()
            self._keep_answer, shows_special = _reasoning_remover(spec.reasoning, tokenizer)
            self._reader = PromptReader(tokenizer, spec, today or date.today())
            # A parser that reads special tokens knows better which of them end an answer.
            turns = () if shows_special else self._reader.turn_token_ids
            self._style = RequestStyle(sends_seeds(spec.seeded), shows_special, turns)
            self.capacity = _capacity(llm, spec)
        except BaseException:
            self.close()
            raise

    @property
    def context_length(self) -> int:
        return self.llm.model_config.max_model_len

    def prepare(self, beginning: Prompt) -> int:
        """Tokenise what many prompts will begin with, once; returns its number of tokens."""
        num_tokens = self._reader.prepare(beginning)
        self._say_capacity(num_tokens)
        return num_tokens

    def encode(self, prompt: Prompt) -> list[int]:
        """The token ids that the model reads. Raises `PromptRefused` where there can be none."""
        return self._reader.read(prompt)[1]

    async def generate(self, prompt: Prompt, sampling: Sampling, *, rng_seed: int) -> Completion:
        text, token_ids = self._reader.read(prompt)
        request = {"prompt_token_ids": token_ids}
        params = sampling_params(sampling, rng_seed, self._style)
        output = await self._last_of(self.llm.generate(request, params, request_id=self._next_id()))
        choice = output.outputs[0]
        usage = Usage(len(output.prompt_token_ids or ()), output.num_cached_tokens or 0, len(choice.token_ids))
        answer = self._keep_answer(choice.text, opens_think_block(text))
        return Completion(answer, choice.finish_reason or "stop", usage)

    async def choose(self, prompt: Prompt, options: Sequence[str]) -> tuple[float, ...]:
        """Shares of the options as the next text; of messages, as the beginning of the assistant's turn."""
        encode = partial(self._reader.encode, is_plain=isinstance(prompt, str))
        return await choose_by_tokens(encode, self._reader.as_text(prompt), options, self._score)

    async def _score(self, token_ids: list[int], next_ids: list[int]) -> list[float]:
        """The log-probabilities of tokens that may come next."""
        from vllm import SamplingParams

        params = SamplingParams(temperature=0.0, max_tokens=1, logprob_token_ids=next_ids, detokenize=False)
        request = {"prompt_token_ids": token_ids}
        output = await self._last_of(self.llm.generate(request, params, request_id=self._next_id()))
        found = output.outputs[0].logprobs[0]
        return [found[token_id].logprob for token_id in next_ids]

    def _next_id(self) -> str:
        return str(next(self._request_ids))

    async def _last_of(self, outputs: "AsyncIterator[RequestOutput]") -> "RequestOutput":
        """The one output of a request, in our errors."""
        from vllm.exceptions import VLLMError

        try:
            found = [output async for output in outputs]
            reason = found[-1].outputs[0].finish_reason if found else "abort"
            if reason not in ("abort", "error"):
                return found[-1]
            # Nobody here aborts: the engine is going down.
            failed = RequestFailed("the engine failed on this request and lives on")
            error = self._died() if reason == "abort" else failed
        except VLLMError as raised:
            error = self._translate(raised)
        if isinstance(error, EngineDied):
            # Ctrl-C reaches the engine's processes as well as us, and they may be gone before we are cancelled: the
            # cancellation ends this wait.
            await asyncio.sleep(CTRL_C_SECONDS)
        raise error

    def close(self) -> None:
        """Stop the engine and its processes. What is still open dies with it."""
        self.llm.shutdown()
        del self.llm
        gc.collect()  # vLLM's object shuts itself down when it is freed, and must not do so as Python exits

    def _say_capacity(self, shared_tokens: int) -> None:
        load, self._load = self._load, None
        if load is not None and self.capacity is not None:
            for line in self.capacity.lines(load.slots, shared_tokens, load.request_tokens):
                say(load.stream, line)

    def _translate(self, error: Exception) -> Exception:
        """Ours for vLLM's: `EngineDied` for a dead engine, `PromptRefused` for what the engine refuses and will refuse
        again, `RequestFailed` for what it survives."""
        from vllm.exceptions import VLLMClientError
        from vllm.v1.engine.exceptions import EngineDeadError

        if isinstance(error, EngineDeadError) or self.llm.errored:
            return self._died()
        kind = PromptRefused if isinstance(error, VLLMClientError) else RequestFailed
        return kind(one_line(error.__cause__ or error))

    def _died(self) -> EngineDied:
        reason = self._log.last_error() or "one of its processes ended"
        kept = "what is finished is kept, the same command continues"
        return EngineDied(f"the engine stopped ({reason}){self._log.reference}; {kept}")


@contextlib.asynccontextmanager
async def open_engine(
    spec: EngineSpec,
    *,
    slots: int | None = None,
    request_tokens: int = 1024,
    today: date | None = None,
    log_path: Path | None = None,
    stream: TextIO | None = None,
) -> AsyncIterator[VllmEngine]:
    """Start the engine, and stop it and its processes at the end.

    `slots` requests will be in flight, each with about `request_tokens` tokens that no other shares. `today` is the
    date for chat templates that write one (None: the real one). The engine's log is added to `log_path`; `stream`
    takes a line for every step of the start. Raises `RecipeError` for arguments that vLLM does not know,
    `EngineStartError` for everything else that keeps it from starting, KeyboardInterrupt on Ctrl-C and SIGTERM.
    """
    with EngineLog(log_path, spec.model) as log, engine_watched(), workers_heard(spec, log):
        with Progress(stream) as progress:
            try:
                with log.taking_over(), interrupts_heard(), progress.following(log, spec):
                    engine = _start(spec, log, progress, today, _Load(slots, request_tokens, stream))
                    log.silence("vllm")  # only now: vLLM sets its loggers up as it starts
            except RecipeError:
                raise
            except EngineStartError as error:
                raise EngineStartError(f"{error}{log.reference}") from error.__cause__
            except Exception as error:
                await asyncio.sleep(0)  # a Ctrl-C that killed the start is a Ctrl-C
                reason = log.last_error() or one_line(error)
                raise EngineStartError(f"{spec.model}: the engine did not start: {reason}{log.reference}") from error
            progress.say_ready()
        try:
            yield engine
        finally:
            with log.taking_over():
                engine.close()


def _start(spec: EngineSpec, log: EngineLog, progress: Progress, today: date | None, load: _Load) -> VllmEngine:
    progress.say(f"starting vLLM for {spec.model}")
    refuse_missing_model(spec.location, spec.revision)
    with engine_environment(is_local=is_path(spec.location)):
        try:
            from vllm.usage.usage_lib import UsageContext
            from vllm.v1.engine.async_llm import AsyncLLM
        except ImportError as error:
            raise EngineStartError(
                f"vLLM cannot be imported ({one_line(error)}): install it with `selfalign install-engine`"
            ) from error
        arguments, context = engine_arguments(spec, load.slots), UsageContext.LLM_CLASS
        config = arguments.create_engine_config(context)
        options = {
            "disable_log_stats": arguments.disable_log_stats,
            "enable_log_requests": arguments.enable_log_requests,
        }
        with machines_awaited(progress, spec.join_seconds):  # only now: making a configuration resets vLLM's loggers
            # Not held by a name here: frames of a start live on in exceptions that libraries keep.
            return VllmEngine(
                AsyncLLM.from_vllm_config(config, usage_context=context, **options), spec, log, today, load
            )


def sampling_params(sampling: Sampling, rng_seed: int, style: RequestStyle) -> "SamplingParams":
    """vLLM's form of a request's sampling. Raises `RecipeError` for what vLLM does not take."""
    from vllm import SamplingParams
    from vllm.exceptions import VLLMError
    from vllm.sampling_params import RequestOutputKind

    values = {item.name: getattr(sampling, item.name) for item in fields(sampling)}
    try:
        return SamplingParams(
            **{**values, "stop": list(sampling.stop), "bad_words": list(sampling.bad_words)},
            seed=rng_seed if style.sends_seed else None,
            stop_token_ids=list(style.turn_token_ids),
            skip_special_tokens=not style.shows_special,
            output_kind=RequestOutputKind.FINAL_ONLY,
        )
    except (ValueError, TypeError, VLLMError) as error:
        raise RecipeError(f"sampling: {one_line(error)}") from None


def _capacity(llm: "AsyncLLM", spec: EngineSpec) -> Capacity | None:
    config = llm.vllm_config
    cache_tokens = getattr(config.cache_config, "kv_cache_size_tokens", None)  # newer than the oldest vLLM that works
    if cache_tokens is None:
        return None
    return Capacity(cache_tokens, config.scheduler_config.max_num_seqs, num_replicas(spec.engine))


def _reasoning_remover(reasoning: str, tokenizer: Any) -> tuple[Callable[[str, bool], str], bool]:
    """What keeps the answer of a completion's text, told whether the prompt has opened the model's thinking; and
    whether it must see special tokens for that."""
    if reasoning == "none":
        return lambda text, _: text, False
    if reasoning == "tags":
        return remove_think_block, False
    from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
    from vllm.reasoning import ReasoningParserManager

    if reasoning not in ReasoningParserManager.list_registered():
        known = ", ".join(["tags", "none", *ReasoningParserManager.list_registered()])
        raise RecipeError(f"model.reasoning: one of {known}, not {reasoning!r}")
    parser = ReasoningParserManager.get_reasoning_parser(reasoning)(tokenizer)
    request = parser.adjust_request(ChatCompletionRequest(messages=[], model=""))
    return lambda text, _: (parser.extract_reasoning(text, request)[1] or "").lstrip(), not request.skip_special_tokens
