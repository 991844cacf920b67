"""Self-Instruct: what it shows, how it asks, and how it reads a continued list."""

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proposals import SEEDS, WORDS, collect, listing, make_pool, propose_three, screened
from scripted import ScriptedEngine

from selfalign.propose import ProposeSpec, SelfInstruct
from selfalign.propose.listing import parse_list
from selfalign.propose.selfinstruct import render_list
from selfalign.records import Cell, Instruction, RejectionReason

A, B = "Do this.", "Do that."


def test_the_prompt_is_the_numbered_list_open_at_its_next_item():
    prompt = render_list(SEEDS[:2], 8, "text")
    assert prompt.endswith(
        "### Task 1\nInstruction: Name three rivers that flow through Vienna.\n\n"
        "### Task 2\nInstruction: Correct the spelling of this sentence.\nInput: Teh cat sat on teh mat.\n\n"
        "### Task 3\nInstruction:"
    )


def test_a_chat_model_is_asked_in_one_user_message():
    (message,) = render_list(SEEDS[:2], 5, "chat")
    assert message["role"] == "user"
    assert "tasks 3 to 7" in message["content"]


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        (f" {A}\n\n### Task 10\nInstruction: {B}\nInput: with this\nand this", [(A, ""), (B, "with this\nand this")]),
        (f" {A}\nInput: none\n", [(A, "")]),
        (f"### Task 9\nInstruction: {A}\n### Task 10:\n10. Instruction: {B}", [(A, ""), (B, "")]),
        (f" {A}\nInput: x\nOutput: y\n### Task 10\nInstruction: {B}\nAnswer: z", [(A, "x"), (B, "")]),
        (f" {A}\n### Task 10\nno label here", [(A, ""), None]),
        (f" {A}\n### Task 10\nInstruction:\nInput: x", [(A, ""), None]),
        ("", []),
        (" \n\n", []),
    ],
)
def test_continued_lists_are_parsed_tolerantly(text, pairs):
    assert parse_list(text, "text", 9)[0] == pairs


@given(st.lists(st.tuples(st.text(max_size=40), st.text(max_size=40)), max_size=4), st.text(max_size=60))
def test_parsing_never_raises_and_never_yields_an_empty_instruction(items, noise):
    text = noise.join(f"\n### Task {n}\nInstruction: {a}\nInput: {b}" for n, (a, b) in enumerate(items))
    assert all(pair is None or (pair[0] and pair[0] == pair[0].strip()) for pair in parse_list(text, "text", 9)[0])


@given(st.text(max_size=300), st.sampled_from(["stop", "length"]))
def test_every_parsed_item_is_accepted_or_rejected_with_a_reason(text, finish_reason):
    finished = screened(text, finish_reason)
    expected = min(len(parse_list(text, "text", 9)[0]), ProposeSpec().asked) or 1
    assert len(finished.accepted) + len(finished.rejected) == expected


def test_an_output_cut_by_length_loses_its_last_item():
    finished = screened(listing("List five ways to reuse a glass jar.", "Explain why the"), "length")
    assert [item.text for item in finished.accepted] == ["List five ways to reuse a glass jar."]
    assert [item.reason for item in finished.rejected] == [RejectionReason.TRUNCATED]


def test_a_last_item_that_is_whole_is_not_called_cut():
    reply = listing("List five ways to reuse a glass jar.", "Explain why the sea is salty.") + "\n\n### Task 1"
    finished = screened(reply, "length")
    assert [item.text for item in finished.accepted][1:] == ["Explain why the sea is salty."]
    assert finished.rejected == ()


def test_what_comes_behind_the_items_asked_for_makes_none_of_them_cut():
    items = [f"Name {number} {word} of the {word}house." for number, word in enumerate(WORDS[:9])]
    finished = screened(listing(*items), "length")
    assert [item.text for item in finished.accepted] == items[:8]


def test_shown_are_seeds_first_and_own_ones_once_there_are_any():
    pool, proposer = make_pool(), SelfInstruct(ProposeSpec(window=2), "text", 1)
    assert len(proposer.choose(pool, 0).shown) == 8
    pool.accepted = [Instruction(f"p{n}", f"own {n}", "", "") for n in range(5)]
    pool.sizes = [3, 5]
    shown = proposer.choose(pool, 2).shown
    assert sum(item.id.startswith("seed") for item in shown) == 6
    own = {item.id for item in shown if item.id.startswith("p")}
    assert len(own) == 2
    assert own <= {"p0", "p1", "p2"}, "round 2 with a window of 2 knows what was kept after round 0 only"


def test_what_was_guided_is_not_shown_as_an_own_task():
    pool, proposer = make_pool(), SelfInstruct(ProposeSpec(window=1), "text", 1)
    cell = Cell("fraud", "fake shops", "harmful", "direct")
    pool.accepted = [Instruction(f"p{n}", f"own {n}", "", "", cell if n % 2 else None) for n in range(40)]
    pool.sizes = [40]
    for number in range(1, 30):
        pool.sizes.append(40)
        shown = proposer.choose(pool, number).shown
        assert len(shown) == 8
        assert not {item.id for item in shown} & {item.id for item in pool.accepted if item.cell}


def test_stop_strings_end_the_list_after_the_items_asked_for():
    seen = []

    def respond(prompt, sampling, rng_seed):
        seen.append((prompt, sampling.stop))
        return propose_three(prompt, sampling, rng_seed)

    asyncio.run(collect(ScriptedEngine(respond), make_pool(), ProposeSpec(target=1, window=1, asked=5)))
    prompt, stop = seen[0]
    assert stop == ("\n### Task 14",)
    assert re.findall(r"### Task (\d+)", prompt)[-1] == "9"
