"""Tokens that end an answer besides the model's own end token: a turn's beginning or end, in any model's spelling.

A base model ends with its own end token alone. Its tokenizer knows the turn tokens of its chat version all the same,
and the model writes them where it would go on with an invented conversation. They are special, so the detokenizer
drops them, and the invented turns behind them would stay in the answer as plain words.
"""

import re
from typing import Any

_TURN_WORDS = frozenset(
    """
    im_start im_end im_sep eot eot_id eom_id start_header_id end_header_id header_start header_end
    start_of_turn end_of_turn start_of_turn_token end_of_turn_token turn start_of_role end_of_role
    user user_token assistant chatbot_token system system_token human bot observation end inst /inst sys /sys
    system_prompt /system_prompt begin_of_text end_of_text endoftext begin_of_sentence end_of_sentence eod eos bos s /s
    """.split()
)
_NAME = re.compile(r"[<\[][|｜]?(/?[^<>\[\]|｜]+)[|｜]?[>\]]")


def is_turn_token(token: str) -> bool:
    """Whether a tokenizer's added token opens or closes a turn or a text: "<|im_end|>", "[/INST]", "<｜User｜>"."""
    match = _NAME.fullmatch(token.strip())
    return match is not None and match[1].strip().replace("▁", "_").lower() in _TURN_WORDS


def turn_token_ids(tokenizer: Any) -> tuple[int, ...]:
    """The ids of a tokenizer's turn tokens, in order; its own end token is not among them, as vLLM knows it."""
    added = getattr(tokenizer, "added_tokens_decoder", None) or {}
    end = getattr(tokenizer, "eos_token_id", None)
    return tuple(sorted(id_ for id_, token in added.items() if id_ != end and is_turn_token(str(token))))
