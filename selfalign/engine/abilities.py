"""What a server can do, found out by asking before the first request: many ignore in silence what they do not know."""

import contextlib
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from selfalign.engine.servers import MODELS, Failed, Server, Timing, Unreachable, ask_again
from selfalign.engine.spec import EngineSpec
from selfalign.errors import EngineStartError, PromptRefused
from selfalign.records import Prompt

T = TypeVar("T")

NEUTRAL = {"top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0, "bad_words": []}
"""Sampling that OpenAI's form of a request lacks, as values that change nothing. A server that takes it must be told:
what is left out may come from the model's own generation_config.json."""

QUESTION = "Name three rivers and three towns.\nThe rivers are"

NO_CHANCE = -9999.0
"""What servers write for a log-probability of minus infinity."""


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a server can do. `fields` are the keys of `NEUTRAL` it heeds; none where it refuses them."""

    model: str
    context_length: int
    takes_token_ids: bool = False
    takes_system: bool = True
    keeps_seeds: bool = False
    scores_tokens: bool = False
    counts_cached: bool = False
    takes_extras: bool = False
    fields: frozenset[str] = frozenset()

    def line(self) -> str:
        """For the user."""
        ignored = [key for key in NEUTRAL if key not in self.fields]
        parts = [
            f"{self.model}, {self.context_length:,} tokens of context",
            f"prompts as {'token ids' if self.takes_token_ids else 'text'}",
            f"seeds {'kept' if self.keeps_seeds else 'ignored'}",
            f"{'' if self.scores_tokens else 'no '}log-probabilities of tokens",
            f"cached tokens {'' if self.counts_cached else 'not '}counted",
            *([f"without {', '.join(ignored)}"] if ignored else []),
        ]
        return "; ".join(parts)


class Wire(Protocol):
    """How prompts and answers look on the way to a server."""

    def form(self, prompt: Prompt, abilities: Abilities) -> tuple[str, dict[str, Any]]:
        """A request's path, and its fields for the prompt."""

    def token_ids(self, prompt: Prompt) -> list[int]:
        """What the model reads of a prompt; nothing where its tokenizer is not here."""


async def find_abilities(server: Server, spec: EngineSpec, wire: Wire, timing: Timing) -> Abilities:
    """Ask a server. Raises `EngineStartError` for one that will not do, `Unreachable` or `Failed` where it does not
    say."""
    found = await _find_model(server, spec, timing)
    prompt: Prompt = QUESTION if spec.style == "text" else ({"role": "user", "content": QUESTION},)
    asking = _Asking(server, wire, timing, prompt)
    ids = wire.token_ids(prompt)
    found = replace(found, takes_token_ids=bool(ids) and await _takes_token_ids(asking, found, len(ids)))
    takes_extras = await asking.ask(found, text_of, **NEUTRAL) is not None
    return replace(
        found,
        takes_system=spec.style == "text" or bool(ids) or await _takes_system(asking, found),
        keeps_seeds=await _keeps_seeds(asking, found),
        scores_tokens=found.takes_token_ids and await _scores_tokens(asking, found, ids),
        counts_cached=await _counts_cached(asking, found),
        takes_extras=takes_extras,
        fields=await _find_fields(asking, found) if takes_extras else frozenset(),
    )


def logprobs_of(answer: Mapping[str, Any], token_ids: Iterable[int]) -> list[float]:
    """The log-probabilities of these as a completion's first token. Raises `Failed`."""
    try:
        found = answer["choices"][0]["logprobs"]["top_logprobs"][0]
        values = [float(found[f"token_id:{token_id}"]) for token_id in token_ids]
    except (LookupError, TypeError, ValueError):
        raise Failed("the answer lacks the log-probability of a token") from None
    return [value if value > NO_CHANCE else -math.inf for value in values]


def text_of(answer: Mapping[str, Any]) -> str:
    """What was written; of a chat the content. Raises `Failed` where nothing was written to its end."""
    try:
        choice = answer["choices"][0]
        text = choice["message"]["content"] if "message" in choice else choice["text"]
    except (LookupError, TypeError):
        raise Failed("the answer holds no completion") from None
    if choice.get("finish_reason") in ("abort", "error"):
        raise Failed(f"the server ended the request ({choice['finish_reason']})")
    return text or ""  # a chat's content is null where all of it was thought


@dataclass(frozen=True, slots=True)
class _Asking:
    """One question, asked in different ways."""

    server: Server
    wire: Wire
    timing: Timing
    prompt: Prompt

    async def ask(self, found: Abilities, read: Callable[[dict[str, Any]], T], **fields: Any) -> T | None:
        """What `read` makes of the answer; None where the request is refused."""
        path, body = self.wire.form(self.prompt, found)
        body |= {"model": found.model, "max_tokens": 1, "temperature": 0.0, **fields}
        try:
            return await ask_again(self.server, path, body, self.timing, read)
        except PromptRefused:
            return None

    async def text(self, found: Abilities, **fields: Any) -> str | None:
        """What is written; None where the request is refused."""
        return await self.ask(found, text_of, max_tokens=16, **fields)


async def _find_model(server: Server, spec: EngineSpec, timing: Timing) -> Abilities:
    try:
        entries = await ask_again(
            server, MODELS, None, timing, lambda answer: {each["id"]: each for each in answer["data"]}
        )
    except (LookupError, TypeError, PromptRefused, Unreachable) as error:
        if isinstance(error, Unreachable) and not str(error).startswith("404"):
            raise
        raise EngineStartError(f"{server.address}: no list of models; such addresses usually end in /v1") from None
    wanted = {spec.model, spec.location}
    name = next((name for name, entry in entries.items() if not wanted.isdisjoint({name, entry.get("root")})), None)
    if name is None:
        raise EngineStartError(f"{server.address}: has {', '.join(entries) or 'no model'}, not {spec.model}")
    return Abilities(name, _context_length(server, name, entries[name].get("max_model_len"), spec))


def _context_length(server: Server, name: str, told: object, spec: EngineSpec) -> int:
    wanted = spec.engine.get("max_model_len")
    wanted = wanted if isinstance(wanted, int) else None
    if not isinstance(told, int):
        if wanted is None:
            raise EngineStartError(
                f"{server.address}: does not say how much context {name} has: write it as model.engine.max_model_len"
            )
        return wanted
    if wanted is not None and wanted > told:
        raise EngineStartError(
            f"{server.address}: {name} has {told:,} tokens of context, model.engine.max_model_len wants {wanted:,}"
        )
    return wanted or told


async def _takes_token_ids(asking: _Asking, found: Abilities, num_tokens: int) -> bool:
    """Refuses a server whose tokenizer is another one: ids would mean other words there."""
    read = await asking.ask(found, _prompt_tokens)
    if read != num_tokens:
        raise EngineStartError(
            f"{asking.server.address}: reads {read or 'unknown'} tokens where {found.model}'s tokenizer here finds "
            f"{num_tokens}: it serves another model under this name"
        )
    return await asking.ask(replace(found, takes_token_ids=True), _prompt_tokens) == num_tokens


def _prompt_tokens(answer: Mapping[str, Any]) -> int | None:
    text_of(answer)
    return (answer.get("usage") or {}).get("prompt_tokens")


async def _takes_system(asking: _Asking, found: Abilities) -> bool:
    with_system = replace(asking, prompt=({"role": "system", "content": "Be kind."}, *asking.prompt))
    return await with_system.ask(found, text_of) is not None


async def _keeps_seeds(asking: _Asking, found: Abilities) -> bool:
    texts = [await asking.text(found, temperature=1.5, seed=seed) for seed in (7, 7)]
    return texts[0] is not None and texts[0] == texts[1]


async def _scores_tokens(asking: _Asking, found: Abilities, token_ids: list[int]) -> bool:
    wanted = sorted(set(token_ids))[:3]

    def are_there(answer: Mapping[str, Any]) -> bool:
        text_of(answer)
        with contextlib.suppress(Failed):
            return bool(logprobs_of(answer, wanted))
        return False

    return bool(await asking.ask(found, are_there, **scoring(wanted)))


def scoring(next_ids: list[int]) -> dict[str, Any]:
    """What asks for the log-probabilities of these tokens as the next one."""
    return {"logprobs": 1, "logprob_token_ids": next_ids, "return_tokens_as_token_ids": True}


async def _counts_cached(asking: _Asking, found: Abilities) -> bool:
    def are_there(answer: Mapping[str, Any]) -> bool:
        text_of(answer)
        return "cached_tokens" in ((answer.get("usage") or {}).get("prompt_tokens_details") or {})

    return bool(await asking.ask(found, are_there))


async def _find_fields(asking: _Asking, found: Abilities) -> frozenset[str]:
    """By what they do: the likeliest text alone where any could be drawn, another one where its words are banned.

    One that heeds top_k and min_p is believed to heed the penalty as well, which need not change anything.
    """
    greedy = await asking.text(found)
    fields = set()
    for key, value in (("top_k", 1), ("min_p", 1.0)):
        drawn = {**NEUTRAL, "temperature": 2.0, key: value}
        if {await asking.text(found, **drawn, seed=seed) for seed in (7, 8)} == {greedy}:
            fields.add(key)
    words = sorted(set(re.findall(r"\w+", greedy or "")))
    if not words or await asking.text(found, **{**NEUTRAL, "bad_words": words}) != greedy:
        fields.add("bad_words")
    return frozenset(fields | ({"repetition_penalty"} if {"top_k", "min_p"} <= fields else set()))


def refuse_unlike(server: Server, found: Abilities, ours: Abilities) -> None:
    """Raise `EngineStartError` for a server that cannot take the requests that are made for the others."""
    if found.model != ours.model:
        raise EngineStartError(f"{server.address}: calls the model {found.model}, the others {ours.model}")
    if found.context_length < ours.context_length:
        raise EngineStartError(
            f"{server.address}: has {found.context_length:,} tokens of context, the others {ours.context_length:,}"
        )
    for name in ("takes_token_ids", "takes_system", "scores_tokens", "takes_extras"):
        if getattr(ours, name) and not getattr(found, name):
            raise EngineStartError(f"{server.address}: unlike the others, {name.replace('_', ' ')}: no")


def shared_abilities(each: list[Abilities]) -> Abilities:
    """What all of them can do."""
    return replace(
        each[0],
        context_length=min(one.context_length for one in each),
        fields=frozenset.intersection(*(one.fields for one in each)),
        **{name: all(getattr(one, name) for one in each) for name in _SWITCHES},
    )


_SWITCHES = ("takes_token_ids", "takes_system", "keeps_seeds", "scores_tokens", "counts_cached", "takes_extras")
