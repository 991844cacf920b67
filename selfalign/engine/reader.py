"""What a model reads: prompts as text and as token ids, by its own tokenizer and chat template."""

import logging
from collections.abc import Callable
from datetime import date
from typing import Any

from selfalign.engine.chat import chat_renderer
from selfalign.engine.modelfiles import find_tokenizer_file
from selfalign.engine.prefix import Encode, PromptTokens
from selfalign.engine.spec import EngineSpec
from selfalign.engine.turns import turn_token_ids
from selfalign.errors import PromptRefused, one_line
from selfalign.records import Messages, Prompt

_WORDS = "what the user says next"


class PromptReader:
    """A recipe's tokenizer, with the chat template where the model is asked by messages.

    `today` is the date for templates that write one. Raises like `chat_renderer`.
    """

    def __init__(self, tokenizer: Any, spec: EngineSpec, today: date) -> None:
        self.turn_token_ids = turn_token_ids(tokenizer)
        self._render: Callable[[Messages], str] | None = None
        if spec.style == "chat":
            self._render = chat_renderer(tokenizer, spec.chat_template, spec.chat_arguments, today)
        self._tokens = PromptTokens(_encoder(tokenizer))

    def as_text(self, prompt: Prompt) -> str:
        """The prompt as one text. Raises `PromptRefused` where there is none."""
        if isinstance(prompt, str):
            return prompt
        if self._render is None:
            raise PromptRefused("messages for a model of style 'text'")
        try:
            return self._render(prompt)
        except Exception as error:  # a template is a foreign program: it may raise anything
            raise PromptRefused(f"the chat template: {one_line(error)}") from error

    def read(self, prompt: Prompt) -> tuple[str, list[int]]:
        """The prompt as one text, and its token ids. Raises `PromptRefused` where there can be none."""
        text = self.as_text(prompt)
        return text, self.encode(text, is_plain=isinstance(prompt, str))

    def encode(self, text: str, *, is_plain: bool) -> list[int]:
        """The token ids of a prompt's text; what a chat template made (not `is_plain`) has its special tokens already.

        Raises `PromptRefused` where there can be none.
        """
        refuse_no_text(text)
        return self._tokens.encode(text, add_special_tokens=is_plain)

    def prepare(self, beginning: Prompt) -> int:
        """Tokenise what many prompts will begin with, once; returns its number of tokens."""
        is_plain = isinstance(beginning, str)
        text = beginning
        if not is_plain:
            text = self.as_text((*beginning, {"role": "user", "content": _WORDS})).partition(_WORDS)[0]
        self._tokens.prepare(text, add_special_tokens=is_plain)
        return len(self._tokens.encode(text, add_special_tokens=is_plain))


def _encoder(tokenizer: Any) -> Encode:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return lambda text, special: tokenizer.encode(text, add_special_tokens=special)
    # The same without what transformers does around it, which takes longer than the few words of an instruction.
    backend.no_truncation()
    backend.no_padding()
    return lambda text, special: backend.encode(text, add_special_tokens=special).ids


def refuse_no_text(text: str) -> None:
    """Raise `PromptRefused` for what no engine can read."""
    try:
        is_text = bool(text.encode())
    except UnicodeEncodeError:
        raise PromptRefused("the prompt holds an unpaired surrogate") from None
    if not is_text:
        raise PromptRefused("the prompt is empty")


def find_reader(spec: EngineSpec, today: date) -> PromptReader | None:
    """The reader of a recipe's model, where its tokenizer, and a library that reads it, are on this machine."""
    if find_tokenizer_file(spec.location, spec.revision) is None:
        return None
    try:
        logging.getLogger("transformers").setLevel(logging.ERROR)  # it would advise everybody to install torch
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(spec.location, revision=spec.revision, local_files_only=True)
    except Exception:  # not installed, or a model's own code: the server can read text as well
        return None
    return PromptReader(tokenizer, spec, today)
