"""Tokens that end an answer: an invented turn never stays behind, through vLLM's own stop check and detokenizer."""

from typing import Any

import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from selfalign.engine.turns import is_turn_token, turn_token_ids

TURNS = ["<|im_start|>", "<|im_end|>", "<|eot_id|>", "<|start_header_id|>", "<end_of_turn>", "[/INST]", "<｜User｜>"]
NO_TURNS = [
    "<think>",
    "</think>",
    "<|fim_middle|>",
    "<pad>",
    "<unk>",
    "<|vision_start|>",
    "[TOOL_CALLS]",
    "<tool_call>",
]


def tokenizer_with(tokens: list[str]) -> Any:
    """A tokenizer of single bytes whose end token is <|endoftext|>, as in base models, and that knows `tokens`."""
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: number for number, letter in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in ("<|endoftext|>", *tokens)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|endoftext|>")


@pytest.mark.parametrize(
    "token",
    [
        *TURNS,
        *("<|user|>", "<|assistant|>", "<|end|>", "<start_of_turn>", "<|END_OF_TURN_TOKEN|>", "<|USER_TOKEN|>", "</s>"),
        *("<s>", "<turn|>", "<|turn>", "<|header_start|>", "<|eom_id|>", "<｜end▁of▁sentence｜>", "[SYSTEM_PROMPT]"),
    ],
)
def test_turn_tokens_are_known_in_every_spelling(token: str) -> None:
    assert is_turn_token(token)


@pytest.mark.parametrize("token", [*NO_TURNS, "user", "end", "<|reserved_special_token_7|>", "<|end|> ok", ""])
def test_other_tokens_end_nothing(token: str) -> None:
    assert not is_turn_token(token)


def test_the_models_own_end_is_left_to_the_engine() -> None:
    tokenizer = tokenizer_with([*TURNS, *NO_TURNS])
    assert tokenizer.convert_ids_to_tokens(turn_token_ids(tokenizer)) == TURNS


def completion(tokenizer: Any, written: str, turn_ids: tuple[int, ...]) -> tuple[str, str | None]:
    """The text and the reason of its end that vLLM makes of what a model writes, token for token."""
    from vllm.v1.core.sched.utils import check_stop
    from vllm.v1.engine import EngineCoreRequest
    from vllm.v1.engine.detokenizer import IncrementalDetokenizer
    from vllm.v1.request import Request

    from selfalign.engine.vllm import RequestStyle, sampling_params
    from selfalign.records import Sampling

    params = sampling_params(Sampling(max_tokens=500), 1, RequestStyle(turn_token_ids=turn_ids))
    params.update_from_generation_config({}, tokenizer.eos_token_id)
    asked = EngineCoreRequest("1", [0], None, params, None, 0.0, None, None, None)
    detokenizer = IncrementalDetokenizer.from_new_request(tokenizer, asked)
    request = Request("1", [0], params, None)
    for token_id in tokenizer.encode(written):
        request.append_output_token_ids(token_id)
        has_stopped = check_stop(request, max_model_len=10_000)
        detokenizer.update([token_id], has_stopped)
        if has_stopped:
            break
    reason = request.get_finished_reason()
    text = detokenizer.get_next_output_text(finished=True, delta=False)
    return text, None if reason is None else reason.name.lower()  # the first reason counts as false


INVENTED = [
    "A river is water.<|im_end|>\n<|im_start|>user\nAnd a lake?<|im_end|>\n<|im_start|>assistant\nA lake is wide.",
    "A river is water.<|im_start|>assistant\nIt is.",
    "A river is water.<|eot_id|><|start_header_id|>user\n\nAnd a lake?",
    "A river is water.<end_of_turn>\nuser\nAnd a lake?",
    "A river is water.[/INST] And more.",
    "A river is water.<｜User｜>And a lake?",
    "A river is water.<|endoftext|>Another page.",
]


@pytest.mark.engine
@pytest.mark.parametrize("written", INVENTED)
def test_an_invented_turn_is_cut_off(written: str) -> None:
    tokenizer = tokenizer_with([*TURNS, *NO_TURNS])
    assert completion(tokenizer, written, turn_token_ids(tokenizer)) == ("A river is water.", "stop")


@pytest.mark.engine
def test_without_them_the_invented_turn_would_stay_as_plain_words() -> None:
    text, _ = completion(tokenizer_with([*TURNS, *NO_TURNS]), INVENTED[0], ())
    assert text == "A river is water.\nuser\nAnd a lake?\nassistant\nA lake is wide."


@pytest.mark.engine
def test_turn_words_in_plain_text_end_nothing() -> None:
    tokenizer = tokenizer_with([*TURNS, *NO_TURNS])
    text = "<|im_ end|> user: [INST ] </think> is markup."
    assert completion(tokenizer, text, turn_token_ids(tokenizer))[0].startswith("<|im_ end|> user: [INST ]")
