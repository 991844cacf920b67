"""Chat models: messages become the text that a model's own template makes of them, and its own thinking is removed."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from selfalign.errors import EngineStartError, RecipeError
from selfalign.records import Messages

_OPENED = re.compile(r"\s*<think>")
_CLOSED = "</think>"


def opens_think_block(prompt: str) -> bool:
    """Whether a prompt ends in an open <think>, as some chat templates make it: the completion begins inside."""
    return prompt.rstrip().endswith("<think>")


def remove_think_block(text: str, is_open: bool = False) -> str:
    """The text behind a leading <think> block; nothing where the block was never closed.

    `is_open` says that the prompt has opened the block; a lone closing tag shows the same.
    """
    before, closed, rest = text.partition(_CLOSED)
    is_open = is_open or _OPENED.match(text) is not None
    if closed and (is_open or "<think>" not in before):
        return rest.lstrip()
    return "" if is_open else text


def chat_renderer(
    tokenizer: Any, template_path: str | None, arguments: Mapping[str, Any], today: date | None = None
) -> Callable[[Messages], str]:
    """What renders messages through the model's chat template, or through the template in a file.

    Templates that refuse a system message, or drop it, get it at the head of the first user turn. `today` is the date
    for templates that write one: a run's prompts must not change overnight. Raises `RecipeError` for a
    template file that cannot be read, `EngineStartError` where the model has no template or it cannot be used.
    """
    template = _read_template(template_path)
    if template is None and not getattr(tokenizer, "chat_template", None):
        raise EngineStartError(
            "the model has no chat template: use model.style text, or name a file as model.chat_template"
        )

    arguments = _fixed_date(template or tokenizer.chat_template, today) | dict(arguments)

    def render(messages: Messages) -> str:
        return tokenizer.apply_chat_template(
            [dict(message) for message in messages],
            chat_template=template,
            tokenize=False,
            add_generation_prompt=True,
            **arguments,
        )

    user = {"role": "user", "content": "Hello"}
    if _can_render(render, ({"role": "system", "content": "Be kind."}, user)):
        return render
    if not _can_render(render, (user,)):
        raise EngineStartError("the model's chat template cannot be used: name another as model.chat_template")
    return lambda messages: render(fold_system(messages))


def fold_system(messages: Messages) -> Messages:
    """The messages with a leading system message put at the head of the first user turn."""
    if len(messages) < 2 or messages[0]["role"] != "system":
        return messages
    system, user, *rest = messages
    return ({**user, "content": f"{system['content']}\n\n{user['content']}"}, *rest)


def _fixed_date(template: Any, today: date | None) -> dict[str, Any]:
    """The clock that templates may ask, stopped; nothing for those that do not ask."""
    if today is None or "strftime_now" not in str(template):
        return {}
    return {"strftime_now": datetime.combine(today, time()).strftime}


def _can_render(render: Callable[[Messages], str], messages: Messages) -> bool:
    try:
        return all(message["content"] in render(messages) for message in messages)
    except Exception:  # a template is a foreign program: it may raise anything
        return False


def _read_template(path: str | None) -> str | None:
    if path is None:
        return None
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"model.chat_template: {path} cannot be read ({error})") from error
