"""Prompts that begin alike: the ids are those of the tokenizer, whatever it is, and the beginning is read once."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from selfalign import miniature as builtin_model
from selfalign.align.constitution import load_constitution
from selfalign.align.prompt import render_prompt, render_shared
from selfalign.engine.prefix import PromptTokens
from selfalign.records import Instruction

CONSTITUTION = load_constitution("default")
SHARED = render_shared(CONSTITUTION, "text")
TRAINING = [render_prompt(CONSTITUTION, Instruction("p", "Why is the sky blue?", "", "x"), "text")] * 2


def trained(model: str, *, marks_words: bool = False, is_whole: bool = False) -> Tokenizer:
    """A tokenizer of a kind that is about: byte-level, or words marked by what stands before them, or undivided text,
    in which tokens may reach over line ends."""
    kinds = {
        "bpe": (models.BPE(unk_token="<unk>"), trainers.BpeTrainer),
        "unigram": (models.Unigram(), trainers.UnigramTrainer),
    }
    empty, trainer = kinds[model]
    tokenizer = Tokenizer(empty)
    if marks_words:
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
        tokenizer.decoder = decoders.Metaspace()
    if not is_whole:
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    special = {"unk_token": "<unk>"} if model == "unigram" else {}
    settled = trainer(vocab_size=600, special_tokens=["<unk>", "<s>", "</s>"], show_progress=False, **special)
    tokenizer.train_from_iterator(TRAINING, settled)
    return tokenizer


def with_ends(tokenizer: Tokenizer, template: str) -> Tokenizer:
    ids = [(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing(single=template, special_tokens=ids)
    return tokenizer


TOKENIZERS = {
    "the miniature's": Tokenizer.from_file(str(Path(builtin_model.__path__[0]) / "tokenizer.json")),
    "byte-level": trained("bpe"),
    "byte-level, opening token": with_ends(trained("bpe"), "<s> $A"),
    "byte-level, closing token": with_ends(trained("bpe"), "$A </s>"),
    "marked words": with_ends(trained("bpe", marks_words=True, is_whole=True), "<s> $A"),
    "undivided text": trained("bpe", is_whole=True),
    "most likely pieces": trained("unigram"),
}
TEXTS = st.text("ab \n\t.#1é漢\u0301\r", max_size=12) | st.text(max_size=20)


class Counting:
    """Encodes with a tokenizer and counts the characters."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.num_characters = 0

    def __call__(self, text: str, add_special_tokens: bool) -> list[int]:
        self.num_characters += len(text)
        return self.tokenizer.encode(text, add_special_tokens=add_special_tokens).ids


def prompt(text: str, context: str = "") -> str:
    return render_prompt(CONSTITUTION, Instruction("p0000001-00", text, context, "self-instruct"), "text")


@pytest.mark.parametrize("name", TOKENIZERS)
@settings(max_examples=40)
@given(texts=st.lists(st.tuples(TEXTS, TEXTS), min_size=3, max_size=8), is_special=st.booleans())
def test_the_ids_are_those_of_the_tokenizer(name: str, texts: list[tuple[str, str]], is_special: bool) -> None:
    encode = Counting(TOKENIZERS[name])
    tokens = PromptTokens(encode)
    tokens.prepare(SHARED, is_special)
    for text in [prompt(*each) for each in texts] + [each[0] for each in texts]:
        assert tokens.encode(text, is_special) == encode(text, is_special)


@pytest.mark.parametrize("name", sorted(TOKENIZERS.keys() - {"byte-level, closing token", "undivided text"}))
def test_a_shared_beginning_is_read_once(name: str) -> None:
    encode = Counting(TOKENIZERS[name])
    tokens = PromptTokens(encode)
    tokens.prepare(SHARED)
    encode.num_characters = 0
    for number in range(100):
        tokens.encode(prompt(f"Explain in {number} words what a river is."))
    assert encode.num_characters < 100 * len(SHARED) / 20


def test_a_beginning_whose_end_is_not_the_end_of_a_token_is_never_used() -> None:
    # One token for everything up to the second line end: its ids would be wrong wherever the text is cut.
    tokenizer = TOKENIZERS["undivided text"]
    text = "### User\nName"
    tokens = PromptTokens(Counting(tokenizer))
    tokens.prepare(text)
    assert tokens.encode(text) == tokenizer.encode(text).ids


def test_a_beginning_without_a_line_end_is_read_with_every_prompt() -> None:
    encode = Counting(TOKENIZERS["byte-level"])
    tokens = PromptTokens(encode)
    for beginning in ("", "no line end"):
        tokens.prepare(beginning)
    assert tokens.encode("no line ends here") == encode.tokenizer.encode("no line ends here").ids


def test_several_beginnings_do_not_mix() -> None:
    encode = Counting(TOKENIZERS["byte-level"])
    tokens = PromptTokens(encode)
    others = ["Another constitution.\nBe brief.\n", "Another constitution.\nBe brief.\nBe kind.\n"]
    for beginning in (SHARED, *others, SHARED):
        tokens.prepare(beginning)
    for number in range(30):
        for text in (prompt(f"Name {number} rivers."), *(f"{other}Name {number} rivers." for other in others)):
            assert tokens.encode(text) == encode.tokenizer.encode(text).ids


def test_special_tokens_are_part_of_what_is_remembered() -> None:
    encode = Counting(TOKENIZERS["byte-level, opening token"])
    tokens = PromptTokens(encode)
    tokens.prepare(SHARED, True)
    tokens.prepare(SHARED, False)
    for number in range(6):
        for is_special in (True, False):
            text = prompt(f"Name {number} rivers.")
            assert tokens.encode(text, is_special) == encode(text, is_special)
