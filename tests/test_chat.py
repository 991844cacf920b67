"""Chat templates and the removal of a reasoning model's own thinking; no engine."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfalign.engine.chat import chat_renderer, fold_system, remove_think_block
from selfalign.errors import EngineStartError, RecipeError

SYSTEM = {"role": "system", "content": "Be kind."}
USER = {"role": "user", "content": "Hello"}


class Template:
    """A tokenizer of which only the template is used; it records what it was given."""

    def __init__(self, *, takes_system: bool = True, chat_template: str | None = "model's own") -> None:
        self.takes_system = takes_system
        self.chat_template = chat_template
        self.arguments: dict[str, object] = {}

    def apply_chat_template(self, messages: list[dict[str, str]], **arguments: object) -> str:
        if messages[0]["role"] == "system" and not self.takes_system:
            raise ValueError("System role not supported")
        self.arguments = arguments
        return "".join(f"[{message['role']}]{message['content']}" for message in messages)


def test_messages_are_rendered_with_the_arguments_of_the_recipe() -> None:
    template = Template()
    render = chat_renderer(template, None, {"enable_thinking": False})
    assert render((SYSTEM, USER)) == "[system]Be kind.[user]Hello"
    assert template.arguments == {
        "chat_template": None,
        "tokenize": False,
        "add_generation_prompt": True,
        "enable_thinking": False,
    }


def test_a_template_without_system_messages_gets_it_in_the_first_user_turn() -> None:
    render = chat_renderer(Template(takes_system=False), None, {})
    assert render((SYSTEM, USER)) == "[user]Be kind.\n\nHello"
    assert render((USER,)) == "[user]Hello"


def test_folding_leaves_other_messages_alone() -> None:
    assert fold_system((USER, SYSTEM)) == (USER, SYSTEM)
    assert fold_system((SYSTEM,)) == (SYSTEM,)


def test_a_template_from_a_file_replaces_the_models_own(tmp_path: Path) -> None:
    (tmp_path / "mine.jinja").write_text("mine", encoding="utf-8")
    template = Template(chat_template=None)
    chat_renderer(template, str(tmp_path / "mine.jinja"), {})((USER,))
    assert template.arguments["chat_template"] == "mine"
    with pytest.raises(RecipeError, match=r"model\.chat_template: .*missing"):
        chat_renderer(template, str(tmp_path / "missing"), {})


def test_a_model_without_a_template_is_told_of_style_text() -> None:
    with pytest.raises(EngineStartError, match="style text"):
        chat_renderer(Template(chat_template=None), None, {})


def test_a_template_that_drops_the_user_is_refused() -> None:
    template = Template()
    template.apply_chat_template = lambda messages, **arguments: "always the same"
    with pytest.raises(EngineStartError, match="cannot be used"):
        chat_renderer(template, None, {})


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<think>\nHm.\n</think>\n\nYes.", "Yes."),
        ("\n<think></think>Yes.", "Yes."),
        ("Hm, the template opened it.</think> Yes.", "Yes."),
        ("<think>never closed", ""),
        ("Plain.", "Plain."),
        ("Write <think> around it.", "Write <think> around it."),
        ("Use <think>a</think> as a tag.", "Use <think>a</think> as a tag."),
        ("", ""),
    ],
)
def test_a_leading_think_block_is_removed(text: str, answer: str) -> None:
    assert remove_think_block(text) == answer


@given(st.text(alphabet="ab \n"), st.text(alphabet="ab \n<>/"))
def test_whatever_is_thought_only_the_answer_stays(thought: str, answer: str) -> None:
    assert remove_think_block(f"<think>{thought}</think>{answer}") == answer.lstrip()
