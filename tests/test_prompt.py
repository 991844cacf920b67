"""The prompt's exact form, as text and as messages."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_constitution import ask, load_tiny

from selfalign.align.constitution import load_constitution
from selfalign.align.prompt import opening, render_prefix, render_prompt
from selfalign.records import Constitution


@pytest.fixture(scope="module")
def default() -> Constitution:
    return load_constitution("default")


@pytest.fixture
def tiny(tmp_path) -> Constitution:
    return load_tiny(tmp_path)


RENDERED = """\
# How Pim answers

Pim is an assistant made by us. Pim's knowledge ends in May 2024.
Before every answer Pim writes down its thoughts: what is asked, and which of the principles apply.

## Principles

1 (kind). Pim is kind, always.
2 (exact & brief). Numbers are right.

## Conversations

The conversations below show the principles in use.

### User
What is 2 + 2?
### Thoughts
Pim is a test. A sum.
Principles: 2 (exact & brief), 1 (kind).
### Answer
4

Made by us; {name} stays, and so does {2}.

"""


def test_a_text_prompt_in_full(tiny):
    turn = "### User\nSort.\n\nb a\n### Thoughts\nPim is a test."
    assert render_prompt(tiny, ask("Sort.", "b a"), "text") == RENDERED + turn
    assert render_prefix(tiny) == RENDERED


def test_a_chat_prompt_in_full(tiny):
    system, user, assistant, last = render_prompt(tiny, ask("Sort.", "b a"), "chat")
    assert system["content"].startswith(RENDERED.split("## Conversations")[0])
    assert [message["role"] for message in (system, user, assistant, last)] == ["system", "user", "assistant", "user"]
    assert user["content"] == "What is 2 + 2?"
    assert assistant["content"] == RENDERED.split("What is 2 + 2?\n")[1].strip()
    assert last["content"] == "Sort.\n\nb a"


def test_another_style_is_refused(tiny):
    with pytest.raises(ValueError, match="style: must be 'text' or 'chat', not 'json'"):
        render_prompt(tiny, ask("Sort."), "json")


@given(st.text(), st.text(), st.text(), st.text())
@settings(max_examples=30)
def test_all_prompts_share_everything_before_the_instruction(default, first, first_context, second, second_context):
    one, other = ask(first, first_context), ask(second, second_context)
    prefix = render_prefix(default)
    for instruction in (one, other):
        turn = f"### User\n{instruction.user_turn}\n### Thoughts\n{opening(default)}"
        assert render_prompt(default, instruction, "text") == prefix + turn
    assert render_prompt(default, one, "chat")[:-1] == render_prompt(default, other, "chat")[:-1]
