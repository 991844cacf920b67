"""Reading continued lists: every form of the open part of tests/data/proposals.jsonl, and what must not be a task."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.proposals import tasks
from selfalign.propose.listing import parse_list

ROWS = [
    json.loads(line)
    for line in (Path(__file__).parent / "data" / "proposals.jsonl").read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize("row", [row for row in ROWS if row["part"] == "open"], ids=lambda row: row["id"])
def test_a_list_is_read_in_whatever_form_it_comes(row):
    assert tasks(row) == row["expected"]


def test_most_lists_that_the_parser_was_not_made_with_are_read_right():
    held_back = [row for row in ROWS if row["part"] == "held-back"]
    assert sum(tasks(row) == row["expected"] for row in held_back) >= 0.9 * len(held_back)


def texts(text, style="chat", first=9):
    return [item[0] if item else None for item in parse_list(text, style, first)[0]]


@pytest.mark.parametrize(
    ("style", "text", "expected"),
    [
        ("chat", "Sure! Here are tasks 9 to 16:", []),
        ("text", " I'm sorry, but I can't help with that.", []),
        (
            "text",
            " Sure! Here is one more task:\nName a river.\n\n### Task 10\nInstruction: Go.",
            ["Name a river.", "Go."],
        ),
        ("chat", "### Task 9\nTides", [None]),
        ("chat", "**Task 9:** Explain the tides.\n**Task 10:** Name a river.", ["Explain the tides.", "Name a river."]),
        ("chat", "```\n### Task 9\nInstruction: Name a river.\n```", ["Name a river."]),
        ("chat", "9. **Name a river.**\n10. **Go.**", ["Name a river.", "Go."]),
        ("chat", "1. Name a river.\n2. Go.", ["Name a river.", "Go."]),
        ("chat", "Instruction: Name a river.\nInput: none\n\nInstruction: Go.", ["Name a river.", "Go."]),
    ],
)
def test_a_preamble_is_never_an_instruction(style, text, expected):
    assert texts(text, style) == expected


@pytest.mark.parametrize(
    ("tail", "is_whole"),
    [
        ("", False),
        ("\n\n### Task 11", True),
        ("\n\n### Ta", True),
        ("\n\n### Task 11\nInstruction:", False),
        ("\n\n**", True),
        ("\n\n#", True),
        (" # of", False),
    ],
)
def test_a_last_item_is_whole_where_the_next_heading_has_begun(tail, is_whole):
    items, whole = parse_list(f" Name a river.\n\n### Task 10\nInstruction: Name a lake.{tail}", "text", 9)
    assert whole == is_whole
    if is_whole:
        assert [item[0] for item in items] == ["Name a river.", "Name a lake."]


@given(st.text(max_size=300), st.sampled_from(["text", "chat"]))
def test_reading_never_raises_and_never_yields_an_empty_instruction(text, style):
    items, _ = parse_list(text, style, 9)
    assert all(item is None or (item[0] and item[0] == item[0].strip()) for item in items)
