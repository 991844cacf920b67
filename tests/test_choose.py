"""Probabilities of options: the tree of their tokens, and on the real engine the model's own numbers."""

import asyncio
import math
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import ScriptedEngine

from selfalign.engine import Engine, EngineSpec, open_engine
from selfalign.engine.choose import choose_by_tokens, refuse_options, shares
from selfalign.errors import PromptRefused
from selfalign.judge.ask import Preference, better_of
from selfalign.judge.question import LETTERS, better_question
from selfalign.records import Principle, Prompt

WORDS = ("Answer:", " ", " Yes", " No", " No", "t", " w", "ay", "Yes")


def encode(text: str) -> list[int]:
    """Longest known word first, else one character: a tokenizer whose tokens reach across the end of a prompt."""
    ids = []
    while text:
        word = max((word for word in WORDS if text.startswith(word)), key=len, default=text[0])
        ids.append(WORDS.index(word) if word in WORDS else 100 + ord(word))
        text = text[len(word) :]
    return ids


def chance(so_far: list[int], token_id: int) -> float:
    """A made-up model: any function of the path will do."""
    return -1.0 - ((31 * sum(so_far) + 17 * len(so_far) + 7 * token_id) % 23) / 5


def choose(text: str, options: list[str]) -> tuple[tuple[float, ...], list[tuple[list[int], list[int]]]]:
    asked = []

    async def score(so_far: list[int], next_ids: list[int]) -> list[float]:
        asked.append((so_far, next_ids))
        return [chance(so_far, token_id) for token_id in next_ids]

    return asyncio.run(choose_by_tokens(encode, text, options, score)), asked


def test_options_of_one_token_are_one_request() -> None:
    found, asked = choose("Answer:", [" Yes", " No"])
    yes, no = WORDS.index(" Yes"), WORDS.index(" No")
    assert asked == [([0], [yes, no])]
    assert found == pytest.approx(shares([chance([0], yes), chance([0], no)]))


def test_options_that_share_their_first_token_share_its_request() -> None:
    found, asked = choose("Answer:", [" Not", " No way", " Yes"])
    no, yes, t, w, ay = (WORDS.index(word) for word in (" No", " Yes", "t", " w", "ay"))
    assert asked == [([0], [no, yes]), ([0, no], [t, w]), ([0, no, w], [ay])]
    sums = [
        chance([0], no) + chance([0, no], t),
        chance([0], no) + chance([0, no], w) + chance([0, no, w], ay),
        chance([0], yes),
    ]
    assert found == pytest.approx(shares(sums))


def test_a_token_across_the_end_of_the_prompt_belongs_to_the_options() -> None:
    assert choose("Answer: ", ["Yes", "No"]) == choose("Answer:", [" Yes", " No"])


@given(st.lists(st.sampled_from(["Yes", "No", "Not", " w", "ay", "q", "1"]), min_size=2, max_size=5))
def test_shares_sum_to_one_whatever_the_options_and_follow_their_order(options: list[str]) -> None:
    try:
        refuse_options(options)
    except ValueError:
        return
    found, _ = choose("Answer:", options)
    assert sum(found) == pytest.approx(1)
    turned, _ = choose("Answer:", options[::-1])
    assert turned[::-1] == pytest.approx(found)


@pytest.mark.parametrize("options", [[], ["A"], ["A", "A"], ["A", ""], ["A", "B", "Ab"]])
def test_options_that_cannot_be_told_apart_are_refused(options: list[str]) -> None:
    with pytest.raises(ValueError, match="option"):
        choose("Answer:", options)


def test_a_prompt_that_its_options_swallow_is_refused() -> None:
    with pytest.raises(PromptRefused, match="too short"):
        choose(" ", ["Yes", "No"])


def test_options_without_any_chance_are_alike() -> None:
    assert shares([-math.inf, -math.inf]) == (0.5, 0.5)
    assert shares([-math.inf, -2.0]) == (0.0, 1.0)
    assert shares([-2000.0, -2000.0 + math.log(3)]) == pytest.approx((0.25, 0.75))


# Two answers in both orders.

RULE = Principle("kind", "kind", "The answer does no harm.")
ANSWERS = ("Two and two make four.", "I would rather not say.")


def in_both_orders(log_probability: Callable[[str, str], float]) -> Preference:
    """The preference between `ANSWERS`, straight from the log-probabilities of the letters in each order."""
    orders = [better_question(RULE, "What is 2 + 2?", *order, "text") for order in (ANSWERS, ANSWERS[::-1])]
    (first, _), (_, second) = (shares([log_probability(str(text), letter) for letter in LETTERS]) for text in orders)
    return Preference(first, second)


@given(st.integers(0, 10**6))
def test_a_pair_is_scored_as_its_log_probabilities_say(salt: int) -> None:
    def log_probability(text: str, letter: str) -> float:
        return -float(zlib.crc32(f"{salt}{text}{letter}".encode()) % 1000) / 100

    engine = ScriptedEngine(
        lambda *_: "", prefer=lambda text, options: [math.exp(log_probability(str(text), it)) for it in options]
    )
    found = asyncio.run(better_of(engine, RULE, "What is 2 + 2?", *ANSWERS, style="text"))
    wanted = in_both_orders(log_probability)
    assert (found.as_first, found.as_second) == pytest.approx((wanted.as_first, wanted.as_second), abs=1e-6)
    assert found.winner == wanted.winner


@pytest.mark.parametrize(
    ("as_first", "as_second", "winner"),
    [(0.9, 0.6, "first"), (0.4, 0.1, "second"), (0.9, 0.1, "tie"), (0.1, 0.9, "tie"), (0.5, 0.5, "tie")],
)
def test_a_pair_is_never_won_by_position(as_first: float, as_second: float, winner: str) -> None:
    assert Preference(as_first, as_second).winner == winner


# On the real engine.

PAIR = "Which answer follows the rule?\nA: {}\nB: {}\nThe better one is"


@pytest.fixture(scope="module")
def exact_engine(tiny_model: Path, engine_loop: asyncio.Runner) -> Iterator[Engine]:
    """The random model in float32."""
    opened = open_engine(EngineSpec(model=str(tiny_model), style="chat", engine={"dtype": "float32"}))
    yield engine_loop.run(opened.__aenter__())
    engine_loop.run(opened.__aexit__(None, None, None))


def direct(model_path: Path, prompt: str, options: tuple[str, ...], *, special: bool) -> tuple[float, ...]:
    """The same from a forward pass over the prompt with each option."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model_path)
    model = AutoModelForCausalLM.from_pretrained(model_path, dtype=torch.float32)
    num_before = len(tokenizer.encode(prompt, add_special_tokens=special))
    sums = []
    for option in options:
        ids = tokenizer.encode(prompt + option, add_special_tokens=special)
        with torch.no_grad():
            logits = model(torch.tensor([ids])).logits[0].double().log_softmax(-1)
        sums.append(sum(logits[place - 1, ids[place]].item() for place in range(num_before, len(ids))))
    return shares(sums)


@pytest.mark.engine
def test_a_pair_in_both_orders_has_the_models_own_probabilities(
    exact_engine: Engine, engine_loop: asyncio.Runner, tiny_model: Path
) -> None:
    for prompt in (PAIR.format(*ANSWERS), PAIR.format(*ANSWERS[::-1])):
        for options in (("A", "B"), (" the first", " the second", " none")):
            found = engine_loop.run(exact_engine.choose(prompt, options))
            assert found == pytest.approx(direct(tiny_model, prompt, options, special=True), abs=1e-6)
            assert len(set(found)) == len(options)


@pytest.mark.engine
def test_a_compared_pair_is_scored_as_the_models_log_probabilities_say(
    exact_engine: Engine, engine_loop: asyncio.Runner, tiny_model: Path
) -> None:
    found = engine_loop.run(better_of(exact_engine, RULE, "What is 2 + 2?", *ANSWERS, style="text"))
    wanted = in_both_orders(
        lambda text, letter: math.log(direct(tiny_model, text, LETTERS, special=True)[LETTERS.index(letter)])
    )
    assert (found.as_first, found.as_second) == pytest.approx((wanted.as_first, wanted.as_second), abs=1e-6)


@pytest.mark.engine
def test_of_messages_the_options_begin_the_assistants_turn(
    exact_engine: Engine, engine_loop: asyncio.Runner, tiny_model: Path
) -> None:
    messages: Prompt = ({"role": "user", "content": "Is water wet?"},)
    options = ("Yes", "Not at all", "None of it")
    found = engine_loop.run(exact_engine.choose(messages, options))
    text = "<|user|>Is water wet?\n<|assistant|>"
    assert found == pytest.approx(direct(tiny_model, text, options, special=False), abs=1e-6)


@pytest.mark.engine
def test_what_cannot_be_chosen_is_refused_and_the_engine_lives_on(
    exact_engine: Engine, engine_loop: asyncio.Runner
) -> None:
    with pytest.raises(ValueError, match="at least two options"):
        engine_loop.run(exact_engine.choose("Which?", ("A",)))
    with pytest.raises(ValueError, match="the beginning of"):
        engine_loop.run(exact_engine.choose("Which?", ("A", "A or B")))
    with pytest.raises(PromptRefused, match="empty"):
        engine_loop.run(exact_engine.choose("", ("A", "B")))
    with pytest.raises(PromptRefused, match="maximum"):
        engine_loop.run(exact_engine.choose("word " * 9000, ("A", "B")))
    assert sum(engine_loop.run(exact_engine.choose("Which?", ("A", "B")))) == pytest.approx(1)
