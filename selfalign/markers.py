"""Text that would pass for a part of a prompt: role headings, chat-template tokens, characters nobody types.

Generated text is hostile: none of this may reach a later prompt or a row. The pipeline's own prompts use the
headings `### User`, `### Thoughts`, `### Answer`, `### Draft` and `### Critique`, each on a line of its own: "### User
guide" is no marker, nor is "## Answer". A proposal's list has `### Task <number>`.
"""

import re

ROLE_HEADING = re.compile(
    r"^[ \t]{0,3}#{3}[ \t]*(user|thoughts?|answer|draft|critique)[ \t]*:?[ \t]*$", re.IGNORECASE | re.MULTILINE
)
"""A line that opens a part of a conversation; group 1 is which one, as written."""

LIST_ITEM = re.compile(r"^[ \t]*#{1,6}[ \t]*Task[ \t]*\d+[.:)]?[ \t]*$", re.MULTILINE | re.IGNORECASE)
"""A line that opens an item of a proposal's list."""

_CHAT_TOKEN = re.compile(
    r"<\|[\w .:/-]{1,60}\|>"  # ChatML, Llama 3, Phi ...
    r"|<｜[^<>\n]{1,60}｜>"  # DeepSeek
    r"|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]|<</?SYS>>"  # Llama 2, Mistral
    r"|<(?:start|end)_of_turn>|<(?:bos|eos|pad|unk|s|/s)>",  # Gemma, SentencePiece
)

_STRUCK_OUT = re.compile(r"<s>[^<>\n]{1,200}</s>")
"""HTML for text that is struck out, not the tokens around a sequence."""

_BAD_CHARACTER = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffd-\uffff]")
"""Controls other than newline and tab, line separators, lone surrogates, the replacement character."""


def role_marker(text: str) -> str | None:
    """The first line of `text` that opens a part of a conversation, stripped; None if there is none."""
    found = ROLE_HEADING.search(text)
    return found.group().strip() if found else None


def bad_character(text: str) -> str | None:
    """The first character of `text` that may not stand in a prompt or a row: a control other than newline and tab,
    a line separator, a lone surrogate, U+FFFD (broken bytes); None if there is none."""
    found = _BAD_CHARACTER.search(text)
    return found.group() if found else None


def chat_token(text: str) -> str | None:
    """The first token of a chat template that stands in `text`; None if there is none."""
    found = _CHAT_TOKEN.search(_STRUCK_OUT.sub("", text) if "<s>" in text else text)
    return found.group() if found else None


def hostile(text: str) -> str | None:
    """What in `text` may not stand in a prompt or a row, in words for a person; None if nothing."""
    if character := bad_character(text):
        return f"character U+{ord(character):04X}"
    if token := chat_token(text):
        return f"chat-template token {token}"
    return None
