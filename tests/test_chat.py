"""Chat templates and the removal of a reasoning model's own thinking; no engine."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfalign.engine.chat import chat_renderer, fold_system, opens_think_block, remove_think_block
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


# The forms in which model families write their templates, in words of this test.
_TURNS = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
_ASSISTANT = "{% if add_generation_prompt %}<|assistant|>{% endif %}"
_ALTERNATING = (
    "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('user and assistant take turns') }}{% endif %}"
    "{% if m.role == 'user' %}[INST] {{ m.content }} [/INST]{% else %} {{ m.content }}</s>{% endif %}{% endfor %}"
)
FORMS = {
    "system turn of its own (Qwen 2.5, Phi)": _TURNS + _ASSISTANT,
    "dated system turn (Llama 3)": (
        "{% if not date_string is defined %}{% set date_string = strftime_now('%d %b %Y') %}{% endif %}"
        "<|system|>Today: {{ date_string }}\n{% if messages[0].role == 'system' %}{{ messages[0].content }}"
        "{% set messages = messages[1:] %}{% endif %}<|end|>" + _TURNS + _ASSISTANT
    ),
    "strict alternation, no system turn (Mistral)": _ALTERNATING,
    "no system turn, another name for the assistant (Gemma)": (
        "{% if messages[0].role == 'system' %}{{ raise_exception('no system turn') }}{% endif %}"
        "{% for m in messages %}{% set role = 'model' if m.role == 'assistant' else m.role %}"
        "<start_of_turn>{{ role }}\n{{ m.content | trim }}<end_of_turn>\n{% endfor %}<start_of_turn>model\n"
    ),
    "system turn dropped in silence": (
        "{% for m in messages %}{% if m.role != 'system' %}<{{ m.role }}>{{ m.content }}{% endif %}{% endfor %}"
    ),
    "thoughts of earlier turns dropped, thinking opened (DeepSeek-R1)": (
        "{% for m in messages %}{% if m.role == 'assistant' %}<A>{{ m.content.split('</think>')[-1] }}<end>"
        "{% else %}<{{ m.role }}>{{ m.content }}{% endif %}{% endfor %}<A><think>\n"
    ),
    "thinking switched off by an empty block (Qwen 3)": (
        _TURNS + "<|assistant|>"
        "{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}"
    ),
}
CONVERSATION = (
    {"role": "system", "content": "The constitution."},
    {"role": "user", "content": "A first question."},
    {"role": "assistant", "content": "### Thoughts\nA thought.\n### Answer\nAn answer."},
    {"role": "user", "content": "The question that counts."},
)
DAY = date(2026, 3, 1)


def tokenizer_of(template: str) -> object:
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE()), chat_template=template)


@pytest.mark.engine
@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_template_shows_the_whole_conversation_in_order(form: str) -> None:
    text = chat_renderer(tokenizer_of(FORMS[form]), None, {}, DAY)(CONVERSATION)
    places = [text.index(message["content"]) for message in CONVERSATION]
    assert places == sorted(places)


@pytest.mark.engine
@pytest.mark.parametrize("form", FORMS)
def test_all_prompts_of_a_run_begin_alike_whatever_the_form(form: str) -> None:
    render = chat_renderer(tokenizer_of(FORMS[form]), None, {}, DAY)
    first, second = (render((*CONVERSATION[:3], {"role": "user", "content": text})) for text in ("A", "What is B?"))
    shared = first[: first.index("An answer.") + len("An answer.")]
    assert "The constitution." in shared
    assert second.startswith(shared)


@pytest.mark.engine
def test_the_date_in_a_template_is_the_runs() -> None:
    tokenizer = tokenizer_of(FORMS["dated system turn (Llama 3)"])
    assert "Today: 01 Mar 2026\n" in chat_renderer(tokenizer, None, {}, DAY)(CONVERSATION)
    assert "Today: 1 May\n" in chat_renderer(tokenizer, None, {"date_string": "1 May"}, DAY)(CONVERSATION)


@pytest.mark.engine
def test_a_template_that_opens_the_models_thinking_is_noticed() -> None:
    thinking = "thoughts of earlier turns dropped, thinking opened (DeepSeek-R1)"
    for form, template in FORMS.items():
        text = chat_renderer(tokenizer_of(template), None, {"enable_thinking": False}, DAY)(CONVERSATION)
        assert opens_think_block(text) == (form == thinking), form


@pytest.mark.parametrize(
    ("text", "answer"), [("Still thinking.", ""), ("Hm.</think>\n\nYes.", "Yes."), ("<think>Hm.</think>Yes.", "Yes.")]
)
def test_what_a_prompt_has_opened_the_completion_must_close(text: str, answer: str) -> None:
    assert remove_think_block(text, is_open=True) == answer
