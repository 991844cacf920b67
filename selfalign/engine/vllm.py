"""The engine: vLLM in this process, behind one method. Every vLLM name of the package lives in this file.

    async with open_engine(EngineSpec(model="some/model")) as engine:
        completion = await engine.generate(prompt, sampling, rng_seed=1)

Callers hold as many awaits as they like; vLLM batches continuously, so there is no batching, timeout or retry here.
An engine belongs to the event loop that opened it. A prompt with the answer must fit the model's context: a prompt
that alone is too long is refused; where prompt and `max_tokens` together are too long, the text ends at the context's
end with finish_reason "length".
"""

import asyncio
import contextlib
import difflib
import gc
import itertools
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from selfalign.engine.chat import chat_renderer, remove_think_block
from selfalign.engine.log import EngineLog
from selfalign.engine.modelfiles import is_path, refuse_missing_model, weights_size
from selfalign.engine.prefix import PromptTokens
from selfalign.engine.spec import EngineSpec
from selfalign.errors import EngineDied, EngineStartError, PromptRefused, RecipeError, one_line
from selfalign.records import Completion, Messages, Prompt, Sampling, Usage

if TYPE_CHECKING:
    from vllm import RequestOutput, SamplingParams
    from vllm.v1.engine.async_llm import AsyncLLM

_WORDS = "what the user says next"

CTRL_C_SECONDS = 2.0
"""How long a death of the engine waits for a Ctrl-C that explains it."""

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


class VllmEngine:
    """vLLM's AsyncLLM as an `Engine`."""

    def __init__(self, llm: "AsyncLLM", spec: EngineSpec, log: EngineLog) -> None:
        self.llm = llm
        self._spec = spec
        self._log = log
        self._tokenizer = llm.get_tokenizer()
        self._tokens = PromptTokens(lambda text, special: self._tokenizer.encode(text, add_special_tokens=special))
        self._request_ids = itertools.count()
        try:
            self._keep_answer, self._shows_special = _reasoning_remover(spec.reasoning, self._tokenizer)
            self._render = _renderer(spec, self._tokenizer)
        except BaseException:
            self.close()
            raise

    @property
    def context_length(self) -> int:
        return self.llm.model_config.max_model_len

    def count_tokens(self, prompt: Prompt) -> int:
        return len(self.encode(prompt))

    def prepare(self, beginning: Prompt) -> int:
        """Tokenise what many prompts will begin with, once; returns its number of tokens."""
        is_plain = isinstance(beginning, str)
        text = beginning if is_plain else self._shared_text(beginning)
        self._tokens.prepare(text, add_special_tokens=is_plain)
        return len(self._tokens.encode(text, add_special_tokens=is_plain))

    def encode(self, prompt: Prompt) -> list[int]:
        """The token ids that the model reads. Raises `PromptRefused` where there can be none."""
        text = self._as_text(prompt)
        if not text or not _is_valid_unicode(text):
            raise PromptRefused("the prompt is empty" if not text else "the prompt holds an unpaired surrogate")
        # Special tokens already stand in what a chat template has made.
        return self._tokens.encode(text, add_special_tokens=isinstance(prompt, str))

    async def generate(self, prompt: Prompt, sampling: Sampling, *, rng_seed: int) -> Completion:
        try:
            return await self._generate(prompt, sampling, rng_seed)
        except EngineDied:
            # Ctrl-C reaches the engine's processes as well as us, and they may be gone before we are cancelled: the
            # cancellation ends this wait.
            await asyncio.sleep(CTRL_C_SECONDS)
            raise

    async def _generate(self, prompt: Prompt, sampling: Sampling, rng_seed: int) -> Completion:
        from vllm.exceptions import VLLMError

        request = self.llm.generate(
            {"prompt_token_ids": self.encode(prompt)},
            _sampling_params(sampling, rng_seed, self._shows_special),
            request_id=str(next(self._request_ids)),
        )
        output = None
        try:
            async for output in request:  # noqa: B007 - FINAL_ONLY: there is exactly one
                pass
        except VLLMError as error:
            raise self._translate(error) from None
        if output is None:
            raise self._died()
        return self._as_completion(output)

    def close(self) -> None:
        """Stop the engine and its processes. What is still open dies with it."""
        self.llm.shutdown()
        del self.llm
        gc.collect()  # vLLM's object shuts itself down when it is freed, and must not do so as Python exits

    def _as_text(self, prompt: Prompt) -> str:
        if isinstance(prompt, str):
            return prompt
        if self._render is None:
            raise PromptRefused("messages for a model of style 'text'")
        try:
            return self._render(prompt)
        except Exception as error:  # a template is a foreign program: it may raise anything
            raise PromptRefused(f"the chat template: {one_line(error)}") from error

    def _shared_text(self, messages: Messages) -> str:
        """What the chat template makes of messages, up to the words of the user turn that follows them."""
        return self._as_text((*messages, {"role": "user", "content": _WORDS})).partition(_WORDS)[0]

    def _as_completion(self, output: "RequestOutput") -> Completion:
        choice = output.outputs[0]
        if choice.finish_reason == "abort":  # nobody here aborts: the engine is going down
            raise self._died()
        if choice.finish_reason == "error":
            raise PromptRefused("the engine failed on this request and lives on")
        usage = Usage(len(output.prompt_token_ids or ()), output.num_cached_tokens or 0, len(choice.token_ids))
        return Completion(self._keep_answer(choice.text), choice.finish_reason or "stop", usage)

    def _translate(self, error: Exception) -> Exception:
        """Ours for vLLM's: `EngineDied` for a dead engine, `PromptRefused` for whatever the engine survives."""
        from vllm.v1.engine.exceptions import EngineDeadError

        if isinstance(error, EngineDeadError) or self.llm.errored:
            return self._died()
        return PromptRefused(one_line(error.__cause__ or error))

    def _died(self) -> EngineDied:
        reason = self._log.last_error() or "one of its processes ended"
        return EngineDied(f"the engine stopped ({reason}); what is finished is kept, the same command continues")


@contextlib.asynccontextmanager
async def open_engine(spec: EngineSpec) -> AsyncIterator[VllmEngine]:
    """Start the engine, and stop it and its processes at the end.

    Raises `RecipeError` for arguments that vLLM does not know and `EngineStartError` for everything else that keeps it
    from starting. A start takes half a minute on a CPU and longer for large models.
    """
    with EngineLog() as log:
        try:
            with log.taking_over(), _plain_interrupts():
                engine = _start(spec, log)
                log.silence("vllm")  # only now: vLLM sets its loggers up as it starts
        except (RecipeError, EngineStartError):
            raise
        except Exception as error:
            await asyncio.sleep(0)  # a Ctrl-C that killed the start is a Ctrl-C
            reason = log.last_error() or one_line(error)
            raise EngineStartError(f"{spec.model}: the engine did not start: {reason}") from error
        try:
            yield engine
        finally:
            with log.taking_over():
                engine.close()


def _start(spec: EngineSpec, log: EngineLog) -> VllmEngine:
    refuse_missing_model(spec.location, spec.revision)
    with _environment(is_local=is_path(spec.location)):
        try:
            from vllm import AsyncEngineArgs
            from vllm.platforms import current_platform
            from vllm.v1.engine.async_llm import AsyncLLM
        except ImportError as error:
            raise EngineStartError(
                f"vLLM cannot be imported ({one_line(error)}): install it with `selfalign install-engine`"
            ) from error
        _refuse_unknown_arguments(spec, AsyncEngineArgs)
        defaults = _known(_DEFAULTS | (_cpu_defaults(spec) if current_platform.is_cpu() else {}), AsyncEngineArgs)
        named = {"model": spec.location, "revision": spec.revision, "tokenizer_revision": spec.revision}
        arguments = AsyncEngineArgs(**{**defaults, **spec.engine, **named})
        # Not held by a name here: frames of a start live on in exceptions that libraries keep.
        return VllmEngine(AsyncLLM.from_engine_args(arguments), spec, log)


def _cpu_defaults(spec: EngineSpec) -> dict[str, Any]:
    is_small = 0 < weights_size(spec.location) <= _SMALL_MODEL
    return {**_CPU_DEFAULTS, "kv_cache_memory_bytes": _CACHE_OF_SMALL if is_small else _CACHE_OF_OTHERS}


@contextlib.contextmanager
def _environment(is_local: bool) -> Iterator[None]:
    """vLLM's own switches, for its import and for the processes it starts; what the user has set stays."""
    wanted = {
        "VLLM_LOGGING_LEVEL": "ERROR",
        "VLLM_LOGGING_STREAM": "ext://sys.stderr",  # stdout is for results
        "VLLM_NO_USAGE_STATS": "1",
    }
    if is_local:
        import huggingface_hub.constants  # noqa: F401 - reads its variable now, so that this process stays online

        wanted["HF_HUB_OFFLINE"] = "1"
    added = {name: value for name, value in wanted.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


@contextlib.contextmanager
def _plain_interrupts() -> Iterator[None]:
    """Starting blocks the event loop, which would hear of a Ctrl-C only at the end: raise it at once instead.

    The same for a SIGTERM that somebody handles, which must not wait for another signal to be heard.
    """
    numbers = [number for number in (signal.SIGINT, signal.SIGTERM) if callable(signal.getsignal(number))]
    if threading.current_thread() is not threading.main_thread():
        numbers = []
    before = {number: signal.signal(number, signal.default_int_handler) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _known(defaults: Mapping[str, Any], arguments: Any) -> dict[str, Any]:
    """Our defaults without those that another version of vLLM does not have."""
    names = {item.name for item in fields(arguments)}
    return {name: value for name, value in defaults.items() if name in names}


def _refuse_unknown_arguments(spec: EngineSpec, known: Any) -> None:
    names = [item.name for item in fields(known)]
    for key in spec.engine:
        if key not in names:
            close = difflib.get_close_matches(str(key), names, n=1, cutoff=0.5)
            hint = f"; did you mean model.engine.{close[0]}?" if close else ""
            raise RecipeError(f"model.engine.{key}: vLLM has no such engine argument{hint}")


def _sampling_params(sampling: Sampling, rng_seed: int, shows_special: bool) -> "SamplingParams":
    from vllm import SamplingParams
    from vllm.exceptions import VLLMError
    from vllm.sampling_params import RequestOutputKind

    values = {item.name: getattr(sampling, item.name) for item in fields(sampling)}
    try:
        return SamplingParams(
            **{**values, "stop": list(sampling.stop), "bad_words": list(sampling.bad_words)},
            seed=rng_seed,
            skip_special_tokens=not shows_special,
            output_kind=RequestOutputKind.FINAL_ONLY,
        )
    except (ValueError, TypeError, VLLMError) as error:
        raise RecipeError(f"sampling: {one_line(error)}") from None


def _renderer(spec: EngineSpec, tokenizer: Any) -> Callable[[Messages], str] | None:
    return chat_renderer(tokenizer, spec.chat_template, spec.chat_arguments) if spec.style == "chat" else None


def _reasoning_remover(reasoning: str, tokenizer: Any) -> tuple[Callable[[str], str], bool]:
    """What keeps the answer of a completion's text, and whether it must see special tokens for that."""
    if reasoning == "none":
        return str, False
    if reasoning == "tags":
        return remove_think_block, False
    from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
    from vllm.reasoning import ReasoningParserManager

    if reasoning not in ReasoningParserManager.list_registered():
        known = ", ".join(["tags", "none", *ReasoningParserManager.list_registered()])
        raise RecipeError(f"model.reasoning: one of {known}, not {reasoning!r}")
    parser = ReasoningParserManager.get_reasoning_parser(reasoning)(tokenizer)
    request = parser.adjust_request(ChatCompletionRequest(messages=[], model=""))
    return lambda text: (parser.extract_reasoning(text, request)[1] or "").lstrip(), not request.skip_special_tokens


def _is_valid_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
