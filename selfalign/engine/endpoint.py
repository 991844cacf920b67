"""The engine: servers that speak OpenAI's protocol (`vllm serve`, a gateway ...), behind the same seam.

Where the model's tokenizer is on this machine, prompts go as token ids, each in a request of its own: the server reads
what an engine in this process would read. Elsewhere it gets text, or messages for its own chat template.

No error of a server is an answer, and none costs an instruction: see `servers`. What a server cannot do is found out
before the first request: see `abilities`.
"""

import contextlib
import ipaddress
import os
import resource
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, TextIO
from urllib.parse import urlsplit

import orjson

from selfalign.engine.abilities import (
    NEUTRAL,
    Abilities,
    find_abilities,
    logprobs_of,
    refuse_unlike,
    scoring,
    shared_abilities,
    text_of,
)
from selfalign.engine.chat import fold_system, opens_think_block, remove_think_block
from selfalign.engine.choose import choose_by_tokens
from selfalign.engine.reader import PromptReader, find_reader, refuse_no_text
from selfalign.engine.servers import Failed, Server, Servers, Timing, Unreachable
from selfalign.engine.spec import EngineSpec
from selfalign.errors import EngineStartError, PromptRefused, RecipeError
from selfalign.records import Completion, Prompt, Sampling, Usage

MAX_STOPS = 4
"""Stop strings that OpenAI's protocol allows."""

MAX_FILES = 65536
"""Open files that are asked of the system."""

IDLE_SECONDS = 3.0
"""An unused connection is kept so long: less than servers keep it (vLLM: 5), or the next request would meet its end."""


class EndpointEngine:
    """Servers as an `Engine`."""

    def __init__(self, servers: Servers, spec: EngineSpec, wire: "PromptWire", abilities: Abilities) -> None:
        self.abilities = abilities
        self._servers = servers
        self._wire = wire
        self._has_think_blocks = spec.reasoning == "tags"
        self._sends_seed = spec.seeded == "always" or (spec.seeded == "auto" and abilities.keeps_seeds)

    @property
    def context_length(self) -> int:
        return self.abilities.context_length

    def prepare(self, beginning: Prompt) -> int:
        """Exact where the tokenizer is on this machine, else an estimate on the long side."""
        reader = self._wire.reader
        return reader.prepare(beginning) if reader else _estimate(beginning)

    async def generate(self, prompt: Prompt, sampling: Sampling, *, rng_seed: int) -> Completion:
        path, body = self._wire.form(prompt, self.abilities)
        body |= self._sampling(sampling, self._wire.num_tokens(prompt, body))
        if self._sends_seed:
            body["seed"] = rng_seed
        more_stops, is_thinking = sampling.stop[MAX_STOPS:], self._wire.opens_think_block(prompt)
        return await self._servers.post(
            path, orjson.dumps(body), lambda answer: self._as_completion(answer, more_stops, is_thinking)
        )

    async def choose(self, prompt: Prompt, options: Sequence[str]) -> tuple[float, ...]:
        """Shares of the options as the next text; of messages, as the beginning of the assistant's turn."""
        reader = self._wire.reader
        if reader is None or not self.abilities.scores_tokens:
            raise RecipeError(
                "choosing by log-probabilities needs "
                + ("the model's tokenizer on this machine" if reader is None else "a server that has them by token id")
            )
        encode = partial(reader.encode, is_plain=isinstance(prompt, str))
        return await choose_by_tokens(encode, reader.as_text(prompt), options, self._score)

    async def _score(self, token_ids: list[int], next_ids: list[int]) -> list[float]:
        if len(token_ids) >= self.context_length:
            raise PromptRefused(_too_long(len(token_ids), self.context_length))
        body = {"model": self.abilities.model, "prompt": token_ids, "max_tokens": 1, "temperature": 0.0}

        def read(answer: Mapping[str, Any]) -> list[float]:
            return logprobs_of(answer, next_ids)

        return await self._servers.post("/completions", orjson.dumps(body | scoring(next_ids)), read)

    def _sampling(self, sampling: Sampling, num_prompt_tokens: int | None) -> dict[str, Any]:
        """The fields of a request; nothing is left to the server's own defaults."""
        max_tokens = sampling.max_tokens
        if num_prompt_tokens is not None:
            # Servers refuse what does not fit; the engine in this process writes up to the context's end.
            max_tokens = min(max_tokens, self.context_length - num_prompt_tokens)
            if max_tokens < 1:
                raise PromptRefused(_too_long(num_prompt_tokens, self.context_length))
        body = {
            "model": self.abilities.model,
            "max_tokens": max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "presence_penalty": sampling.presence_penalty,
            "frequency_penalty": sampling.frequency_penalty,
        }
        if sampling.stop:
            body["stop"] = list(sampling.stop[:MAX_STOPS])
        return body | self._extras(sampling)

    def _extras(self, sampling: Sampling) -> dict[str, Any]:
        wanted = {name: getattr(sampling, name) for name in NEUTRAL}
        extras = {**wanted, "top_k": sampling.top_k or NEUTRAL["top_k"], "bad_words": list(sampling.bad_words)}
        for name, value in extras.items():
            if value != NEUTRAL[name] and name not in self.abilities.fields:
                raise RecipeError(f"sampling: the endpoint ignores {name}: take it out, or use a server that heeds it")
        if not self.abilities.takes_extras:
            return {}
        # Turn tokens are special: without this they vanish from the text, and what is invented behind them stays.
        turns = self._wire.reader.turn_token_ids if self._wire.reader else ()
        return {**extras, "stop_token_ids": list(turns)} if turns else extras

    def _as_completion(self, answer: Mapping[str, Any], more_stops: Sequence[str], is_thinking: bool) -> Completion:
        text = text_of(answer)
        finish_reason = answer["choices"][0].get("finish_reason") or "stop"
        ends = [place for place in (text.find(stop) for stop in more_stops) if place >= 0]
        if ends:
            text, finish_reason = text[: min(ends)], "stop"
        if self._has_think_blocks:
            text = remove_think_block(text, is_thinking)
        return Completion(text, finish_reason, _usage(answer))


class PromptWire:
    """Prompts as fields of a request."""

    def __init__(self, spec: EngineSpec, reader: PromptReader | None) -> None:
        self.reader = reader
        self._arguments = dict(spec.chat_arguments)
        self._style = spec.style
        hello = ({"role": "user", "content": "Hello"},)
        self._opens_think_block = (
            reader is not None and spec.style == "chat" and opens_think_block(reader.as_text(hello))
        )
        if reader is None and spec.style == "chat" and spec.chat_template:
            raise RecipeError("model.chat_template: needs the model's tokenizer on this machine, or the server's own")
        if spec.reasoning not in ("tags", "none"):
            raise RecipeError(f"model.reasoning: tags or none where an endpoint is asked, not {spec.reasoning!r}")

    def form(self, prompt: Prompt, abilities: Abilities) -> tuple[str, dict[str, Any]]:
        """A request's path, and its fields for the prompt. Raises `PromptRefused` for what no model can read."""
        if self.reader is None:
            return self._plain_form(prompt, abilities)
        if abilities.takes_token_ids:
            return "/completions", {"prompt": self.token_ids(prompt)}
        text = self.reader.as_text(prompt)
        refuse_no_text(text)
        # Special tokens already are in what a chat template has made.
        return "/completions", {"prompt": text, **({} if isinstance(prompt, str) else {"add_special_tokens": False})}

    def token_ids(self, prompt: Prompt) -> list[int]:
        """What the model reads of a prompt; nothing where its tokenizer is not here."""
        return self.reader.read(prompt)[1] if self.reader else []

    def opens_think_block(self, prompt: Prompt) -> bool:
        """Whether the completion begins inside of a <think> block, as far as that can be known here."""
        return opens_think_block(prompt) if isinstance(prompt, str) else self._opens_think_block

    def num_tokens(self, prompt: Prompt, body: Mapping[str, Any]) -> int | None:
        """A prompt's tokens, where they can be known; `body` is what `form` made of it."""
        if self.reader is None:
            return None
        return len(body["prompt"]) if isinstance(body["prompt"], list) else len(self.token_ids(prompt))

    def _plain_form(self, prompt: Prompt, abilities: Abilities) -> tuple[str, dict[str, Any]]:
        if isinstance(prompt, str):
            refuse_no_text(prompt)
            return "/completions", {"prompt": prompt}
        if self._style != "chat":
            raise PromptRefused("messages for a model of style 'text'")
        refuse_no_text("".join(message["content"] for message in prompt))
        messages = prompt if abilities.takes_system else fold_system(prompt)
        more = {"chat_template_kwargs": self._arguments} if self._arguments else {}
        return "/chat/completions", {"messages": [dict(message) for message in messages], **more}


@contextlib.asynccontextmanager
async def open_endpoint(
    spec: EngineSpec, *, today: date | None = None, stream: TextIO | None = None, timing: Timing | None = None, **_: Any
) -> AsyncIterator[EndpointEngine]:
    """Reach the servers of `spec.endpoint`, and find out what they can do.

    `today` is the date for chat templates that write one (None: the real one). `stream` (None: stderr) takes a line
    for whatever happens to the servers. Waits for the first one as long as
    `spec.patience` says. Raises `RecipeError`, and `EngineStartError` for a server that will not do or where none is
    there.
    """
    import aiohttp

    wire = PromptWire(spec, find_reader(spec, today or date.today()))
    key = os.environ.get(spec.key_variable, "").strip()
    timing = timing or Timing(patience=spec.patience)

    def say(line: str) -> None:
        with contextlib.suppress(OSError, ValueError):  # a closed terminal ends no run
            (stream or sys.stderr).write(f"endpoint: {line}\n")
            (stream or sys.stderr).flush()

    _warn_of_open_key(spec, key, say)
    _raise_file_limit()
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=timing.reply),
        headers={"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})},
    )
    async with session:
        survey = _Survey(spec, wire, timing, say)
        servers = Servers([Server(address, session, key) for address in spec.endpoints], timing, survey.check, say)
        try:
            yield EndpointEngine(servers, spec, wire, await survey.agree(servers))
        finally:
            await servers.close()


class _Survey:
    """What the servers can do; when all have been asked, none may be unlike the others."""

    def __init__(self, spec: EngineSpec, wire: PromptWire, timing: Timing, say: Callable[[str], None]) -> None:
        self._spec = spec
        self._wire = wire
        self._timing = timing
        self._say = say
        self._found: dict[str, Abilities] = {}
        self._ours: Abilities | None = None

    async def check(self, server: Server) -> None:
        found = await find_abilities(server, self._spec, self._wire, self._timing)
        if self._ours is not None:
            refuse_unlike(server, found, self._ours)
        if self._found.get(server.address) != found:
            self._say(f"{server.address}: {found.line()}")
        self._found[server.address] = found

    async def agree(self, servers: Servers) -> Abilities:
        for server in servers.all:
            try:
                await self.check(server)
            except (Unreachable, Failed) as error:
                servers.lose(server, str(error))
        await servers.wait()
        ours = shared_abilities(list(self._found.values()))
        for server in servers.all:
            if server.address in self._found:
                refuse_unlike(server, self._found[server.address], ours)
        if self._spec.seeded == "always" and not ours.keeps_seeds:
            raise EngineStartError("the same seed gives other texts at the endpoint: set model.seeded to auto or never")
        self._ours = ours
        return ours


def _usage(answer: Mapping[str, Any]) -> Usage:
    usage = answer.get("usage") or {}
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    return Usage(usage.get("prompt_tokens") or 0, cached, usage.get("completion_tokens") or 0)


def _estimate(prompt: Prompt) -> int:
    texts = [prompt] if isinstance(prompt, str) else [message["content"] for message in prompt]
    return sum(len(text.encode("utf-8", "replace")) // 3 + 1 for text in texts)


def _too_long(num_tokens: int, context_length: int) -> str:
    return f"the prompt takes {num_tokens} tokens of a maximum context length of {context_length}"


def _warn_of_open_key(spec: EngineSpec, key: str, say: Callable[[str], None]) -> None:
    for address in spec.endpoints if key else ():
        parts = urlsplit(address)
        if parts.scheme == "http" and not _is_here(parts.hostname or ""):
            say(f"warning: {address}: the key of {spec.key_variable} goes there unencrypted: use https, or unset it")


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _raise_file_limit() -> None:
    """Each request in flight is an open file; the usual limit of 1,024 can be raised to a higher one by anybody."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
