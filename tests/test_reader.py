"""Prompts as a model reads them, without the model."""

from datetime import date
from pathlib import Path

import pytest

from selfalign.engine.reader import find_reader
from selfalign.engine.spec import EngineSpec
from selfalign.errors import PromptRefused

pytestmark = pytest.mark.engine  # it needs transformers, which comes with the engine

TODAY = date(2026, 1, 2)
TEXTS = ("Hello", "### Task\nInstruction: Name a river.", " a\n\n b", "\u6f22\u5b57 and \U0001f642", "<s></s>")


def test_the_reader_reads_what_transformers_reads(tiny_model: Path) -> None:
    from transformers import AutoTokenizer

    for location in (str(tiny_model), EngineSpec().location):
        tokenizer = AutoTokenizer.from_pretrained(location)
        reader = find_reader(EngineSpec(location), TODAY)
        assert reader is not None
        for text in TEXTS:
            for is_plain in (True, False):
                assert reader.encode(text, is_plain=is_plain) == tokenizer.encode(text, add_special_tokens=is_plain)


def test_messages_are_read_through_the_template_and_their_beginning_once(tiny_model: Path) -> None:
    reader = find_reader(EngineSpec(str(tiny_model), style="chat"), TODAY)
    assert reader is not None
    system = {"role": "system", "content": "Be kind.\nBe brief."}
    assert reader.as_text((system, {"role": "user", "content": "Hello"})) == (
        "<|system|>Be kind.\nBe brief.\n<|user|>Hello\n<|assistant|>"
    )
    assert reader.prepare((system,)) == len(reader.encode("<|system|>Be kind.\nBe brief.\n<|user|>", is_plain=False))


def test_a_model_that_is_not_here_has_no_reader_and_text_that_is_none_is_refused(tiny_model: Path) -> None:
    assert find_reader(EngineSpec("some/model-that-is-nowhere"), TODAY) is None
    reader = find_reader(EngineSpec(str(tiny_model)), TODAY)
    assert reader is not None
    for text in ("", "a \ud800 b"):
        with pytest.raises(PromptRefused):
            reader.encode(text, is_plain=True)
    with pytest.raises(PromptRefused, match="style 'text'"):
        reader.as_text(({"role": "user", "content": "Hello"},))
