"""The seam: what the steps of a run see of an engine, and the recipe's part that says which one.

    completion = await engine.generate(prompt, sampling, rng_seed=1)

Callers hold as many awaits as they like; the engine batches continuously, so there is no batching here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit

from selfalign.builtin import builtin_folder
from selfalign.engine.modelfiles import find_tokenizer_file
from selfalign.records import Completion, Prompt, Sampling

MINIATURE = "miniature"
"""The name of the built-in demonstration model."""

_OURS = {"model": "model.model", "revision": "model.revision", "tokenizer_revision": "model.revision"}

TokenCounter = Callable[[Prompt], int]


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """Which model answers, and how it is run.

    `model` is a Hub name, a folder, or "miniature", the built-in one. `style` is "text" for base models and "chat"
    for models with a chat template; `chat_template` names a file that replaces the model's own, `chat_arguments` are
    passed to it (for instance `enable_thinking: false`). `reasoning` says how a reasoning model's own thinking is
    recognised and kept out of the text: "tags" (<think> ... </think>), "none", or the name of one of vLLM's reasoning
    parsers. `seeded` says whether requests carry their own seeds: "auto" sends them where the same seed gives the same
    text (on a CPU, and in vLLM's batch-invariant mode). `engine` holds any argument of vLLM's AsyncEngineArgs; where
    it shares the work with other machines, the start waits `join_seconds` for them.

    With `endpoint`, the address of an OpenAI-compatible server (http://host:8000/v1) or several, that model is asked
    there; of `engine` only `max_model_len` then counts. A key is read from the environment variable `key_variable`.
    When all servers are gone, the run waits `patience` seconds for one to come back.
    """

    model: str = MINIATURE
    revision: str | None = None
    style: Literal["text", "chat"] = "text"
    chat_template: str | None = None
    chat_arguments: Mapping[str, Any] = field(default_factory=dict)
    reasoning: str = "tags"
    seeded: Literal["auto", "always", "never"] = "auto"
    join_seconds: int = 300
    engine: Mapping[str, Any] = field(default_factory=dict)
    endpoint: str | tuple[str, ...] = ()
    key_variable: str = "OPENAI_API_KEY"
    patience: float = 600.0

    def __post_init__(self) -> None:
        if not self.model.strip():
            raise ValueError("model: a Hub name, a folder or 'miniature' is needed")
        if self.style not in ("text", "chat"):
            raise ValueError(f"style: one of text, chat, not {self.style!r}")
        if self.seeded not in ("auto", "always", "never"):
            raise ValueError(f"seeded: one of auto, always, never, not {self.seeded!r}")
        if self.join_seconds < 1:
            raise ValueError(f"join_seconds: must be at least 1, is {self.join_seconds}")
        for key in self.engine:
            if key in _OURS:
                raise ValueError(f"engine.{key}: say it as {_OURS[key]}")
        for address in self.endpoints:
            _refuse_address(address)
        if len(set(self.endpoints)) < len(self.endpoints):
            raise ValueError("endpoint: an address is there twice")
        if not self.patience >= 0:
            raise ValueError(f"patience: at least 0 seconds, not {self.patience}")

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The addresses of servers, without a slash at the end."""
        addresses = (self.endpoint,) if isinstance(self.endpoint, str) else self.endpoint
        return tuple(address.strip().rstrip("/") for address in addresses)

    @property
    def location(self) -> str:
        """The folder or Hub name that the weights come from."""
        return str(builtin_folder(MINIATURE)) if self.model == MINIATURE else self.model


def _refuse_address(address: str) -> None:
    try:
        parts = urlsplit(address)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise ValueError(f"endpoint: an address like http://host:8000/v1, not {address!r}")
    if parts.username is not None or parts.query or parts.fragment:
        # Recipes are kept and published: no place for a password. Not repeated here either.
        raise ValueError("endpoint: an address without user, password or parameters; keys come from model.key_variable")


class Engine(Protocol):
    """What the steps of a run see of an engine."""

    async def generate(self, prompt: Prompt, sampling: Sampling, *, rng_seed: int) -> Completion:
        """One completion. Raises `PromptRefused` and `RequestFailed` (the engine lives on), `RecipeError` for sampling
        that the engine does not take, `EngineDied`."""

    async def choose(self, prompt: Prompt, options: Sequence[str]) -> tuple[float, ...]:
        """How probable each of the options is as the next text, as shares of 1 over the options alone.

        Raises like `generate`, and ValueError for fewer than two options or one that another begins with.
        """


class StartedEngine(Protocol):
    """What whoever starts an engine sees of it besides."""

    @property
    def context_length(self) -> int:
        """Tokens that a prompt and its completion may have together."""

    def prepare(self, beginning: Prompt) -> int:
        """Read once what many prompts will begin with: a text, or messages before the last user turn. Returns its
        length in tokens."""


def estimate_tokens(prompt: Prompt) -> int:
    """About how many tokens a prompt has where no tokenizer is at hand: four characters each, as in English."""
    texts = [prompt] if isinstance(prompt, str) else [message["content"] for message in prompt]
    return sum(map(len, texts)) // 4


def find_token_counter(spec: EngineSpec) -> TokenCounter | None:
    """What counts a prompt's tokens without an engine, where the model's tokenizer is on this machine; else None.

    Of messages it counts the contents, without what the chat template puts around them.
    """
    file = find_tokenizer_file(spec.location, spec.revision)
    if file is None:
        return None
    try:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(file))
    except Exception:  # the library raises bare exceptions; a count is a courtesy
        return None

    def count(prompt: Prompt) -> int:
        texts = [prompt] if isinstance(prompt, str) else [message["content"] for message in prompt]
        return sum(len(tokenizer.encode(text).ids) for text in texts)

    return count
