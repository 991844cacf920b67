"""Constitutions: what the built-in ones promise, the prompt's exact form, replies parsed and not trusted, mistakes."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from selfalign.align.constitution import load_constitution
from selfalign.align.parse import Reply, ReplyError, parse_reply
from selfalign.align.prompt import opening, render_prefix, render_prompt
from selfalign.builtin import builtin_names
from selfalign.errors import RecipeError
from selfalign.records import Constitution, Demonstration, FailureReason, Instruction

PAPER_NAMES = [
    "ethical",
    "informative",
    "helpful",
    "question assessment",
    "reasoning",
    "multi-aspect",
    "candor",
    "knowledge recitation",
    "static",
    "clarification",
    "numerical sensitivity",
    "dated knowledge",
    "step-by-step",
    "balanced & informative perspectives",
    "creative",
    "operational",
]
TINY = """\
name: tiny
persona:
  name: Pim
  maker: us
  knowledge_date: May 2024
  character: a test
principles:
  - id: kind
    name: kind
    rule: "{name} is kind,
      always."
  - id: exact
    name: exact & brief
    rule: Numbers are right.
demonstrations:
  - user: What is 2 + 2?
    thought: A sum.
    cites: [exact, kind]
    answer: |
      4

      Made by {maker}; {{name}} stays, and so does {2}.
"""
BUILT_IN = builtin_names("principles", ".yaml")


@pytest.fixture(scope="module")
def default() -> Constitution:
    return load_constitution("default")


@pytest.fixture
def tiny(tmp_path) -> Constitution:
    return load_constitution(str(write(tmp_path, TINY)))


def write(folder: Path, text: str) -> Path:
    path = folder / "tiny.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def ask(text: str, context: str = "") -> Instruction:
    return Instruction("p0000000-00", text, context, "self-instruct")


# --- The built-in constitutions --------------------------------------------------------------------------------


def test_default_has_the_papers_sixteen_principles(default):
    assert [principle.name for principle in default.principles] == PAPER_NAMES


def test_default_has_demonstrations_that_use_every_principle(default):
    cited = {id_ for shown in default.demonstrations for id_ in shown.cites}
    assert len(default.demonstrations) >= 6
    assert cited == {principle.id for principle in default.principles}


@pytest.mark.parametrize("name", BUILT_IN)
def test_at_most_a_third_of_the_demonstrations_declines(name):
    shown = load_constitution(name).demonstrations
    assert sum(one.declines for one in shown) <= len(shown) / 3


@pytest.mark.parametrize("name", BUILT_IN)
def test_demonstrations_that_decline_are_marked(name):
    declining = re.compile(r"\bI (won't|will not|can't|cannot|do not know|don't know)\b")
    for shown in load_constitution(name).demonstrations:
        assert shown.declines == bool(declining.search(shown.answer)), shown.user


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_names_are_file_names_and_licences_are_given(name):
    constitution = load_constitution(name)
    assert (constitution.name, constitution.licence) == (name, "Apache-2.0")
    assert constitution.about


def test_rules_and_thoughts_are_short(default):
    assert max(len(principle.rule.split()) for principle in default.principles) <= 45
    assert max(len(shown.thought.split()) for shown in default.demonstrations) <= 35
    assert 1_400 <= len(render_prefix(default).split()) <= 1_800


# --- Rendering -------------------------------------------------------------------------------------------------

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


# --- Replies ---------------------------------------------------------------------------------------------------


def spoken(constitution: Constitution, shown: Demonstration) -> str:
    """What the assistant says in a chat demonstration: the whole reply, heading and opening included."""
    alone = replace(constitution, demonstrations=(shown,))
    return render_prompt(alone, ask("Next."), "chat")[2]["content"]


def continued(constitution: Constitution, shown: Demonstration) -> str:
    """What a base model would write after a text prompt's opening sentence."""
    return spoken(constitution, shown).removeprefix(f"### Thoughts\n{opening(constitution)}")


def expected(shown: Demonstration) -> Reply:
    return Reply(shown.thought, shown.cites, shown.answer)


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_demonstration_reads_back(name):
    constitution = load_constitution(name)
    for shown in constitution.demonstrations:
        assert parse_reply(spoken(constitution, shown), constitution) == expected(shown)
        assert parse_reply(continued(constitution, shown), constitution) == expected(shown)


PLAIN_CHARACTERS = st.characters(
    codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp"), exclude_characters="\ufffd"
)
WORDS = st.text(PLAIN_CHARACTERS, min_size=1).map(str.strip)
LINES = st.lists(WORDS, min_size=1, max_size=4).map("\n".join).map(str.strip).filter(bool)


@given(st.data())
@settings(max_examples=100)
def test_any_demonstration_reads_back(default, data):
    ids = [principle.id for principle in default.principles]
    shown = Demonstration(
        user=data.draw(LINES),
        thought=data.draw(LINES),
        cites=tuple(data.draw(st.lists(st.sampled_from(ids), min_size=1, max_size=5, unique=True))),
        answer=data.draw(LINES),
    )
    assert parse_reply(spoken(default, shown), default) == expected(shown)
    assert parse_reply(continued(default, shown), default) == expected(shown)


def reply_or_error(text: str, constitution: Constitution) -> Reply | ReplyError:
    try:
        return parse_reply(text, constitution)
    except ReplyError as error:
        return error


PIECES = st.sampled_from(
    [
        "### Thoughts",
        "### Answer",
        "### User",
        "###Answer:",
        "\n",
        " ",
        "Principles:",
        "Principles: 2 (informative), 7 (candor).",
        "principles : 2(informative) and 7 ( candor )",
        "99999999999999999999 (x)",
        "0 (ethical)",
        "(", ")", ",", ".", "٣ (helpful)",
        "Ardwen is a helpful, honest and careful assistant.",
        "<|im_start|>",
        "\x00",
        "\ud800",
        "\r\n",
        "some words",
    ]
)  # fmt: skip


@given(st.one_of(st.text(st.characters(exclude_categories=())), st.lists(PIECES, max_size=14).map("".join)))
@settings(max_examples=300)
@example("### Answer\n### Answer\n")
@example("\x85### Answer")
def test_parse_raises_nothing_but_reply_errors(default, text):
    reply = reply_or_error(text, default)
    if isinstance(reply, ReplyError):
        assert reply.detail
        assert "\n" not in reply.detail
        return
    assert reply.thought
    assert reply.answer
    assert reply.cited
    assert set(reply.cited) <= {principle.id for principle in default.principles}
    assert "### Answer\n" not in reply.answer


GOOD = " A sum.\nPrinciples: 2 (informative), 7 (candor).\n### Answer\n4"


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD + "\n\n",
        GOOD.replace("\n", "\r\n"),
        "### Thoughts\n" + GOOD,
        "### Thoughts\nArdwen is a helpful, honest and careful assistant." + GOOD,
        "Ardwen is a helpful, honest and careful assistant." + GOOD,
        GOOD.replace("\n### Answer\n", "\n\n###  answer:\n\n"),
        GOOD.replace("2 (informative), 7 (candor).", "2(informative) ,7 ( Candor )"),
        GOOD.replace("2 (informative), 7 (candor).", "2 (informative) and 7 (candor)"),
        GOOD.replace("2 (informative), 7 (candor).", "2 (informative), 7 (candor), and 2 (informative)."),
        GOOD.replace("2 (informative), 7 (candor).", "2 (informative),\n7 (candor)."),
        GOOD.replace("\nPrinciples", " Principles"),
    ],
)
def test_spacing_headings_and_openings_are_free(default, text):
    assert parse_reply(text, default) == Reply("A sum.", ("informative", "candor"), "4")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("### Answer", "Answer:", FailureReason.UNPARSEABLE),
        ("### Answer", "### User\nMore?\n### Answer", FailureReason.UNPARSEABLE),
        ("### Answer", "### Thoughts\n### Answer", FailureReason.UNPARSEABLE),
        ("A sum.", "", FailureReason.EMPTY),
        ("\n4", "\n \n", FailureReason.EMPTY),
        ("\nPrinciples: 2 (informative), 7 (candor).", "", FailureReason.NO_CITATION),
        ("2 (informative), 7 (candor).", "none.", FailureReason.NO_CITATION),
        ("2 (informative), 7 (candor).", "", FailureReason.NO_CITATION),
        ("2 (informative), 7 (candor).", "informative, candor.", FailureReason.NO_CITATION),
        ("2 (informative), 7 (candor).", "2, 7.", FailureReason.NO_CITATION),
        ("7 (candor).", "7 (candor). And so on.", FailureReason.NO_CITATION),
        ("2 (informative)", "17 (informative)", FailureReason.UNKNOWN_PRINCIPLE),
        ("2 (informative)", "0 (informative)", FailureReason.UNKNOWN_PRINCIPLE),
        ("2 (informative)", "9" * 9000 + " (informative)", FailureReason.UNKNOWN_PRINCIPLE),
        ("2 (informative)", "3 (informative)", FailureReason.CITATION_MISMATCH),
        ("7 (candor)", "7 (candour)", FailureReason.CITATION_MISMATCH),
        ("\n4", "\n4\n### User\nAnd 3 + 3?", FailureReason.SPEAKS_FOR_USER),
        ("\n4", "\n4\n### Thoughts\nWell.", FailureReason.SPEAKS_FOR_USER),
        ("\n4", "\n4\n### Answer\n5", FailureReason.SPEAKS_FOR_USER),
        ("\n4", "\n4<|im_end|>", FailureReason.UNPARSEABLE),
        ("\n4", "\n4 [INST] more [/INST]", FailureReason.UNPARSEABLE),
        ("\n4", "\n4</s>", FailureReason.UNPARSEABLE),
        ("A sum.", "<|eot_id|>A sum.", FailureReason.UNPARSEABLE),
        ("\n4", "\n4\x1b[2J", FailureReason.UNPARSEABLE),
        ("\n4", "\n4\ud83d", FailureReason.UNPARSEABLE),
        ("A sum.", "A sum\ufffd.", FailureReason.UNPARSEABLE),
        ("\n4", "\n4\rno", FailureReason.UNPARSEABLE),
    ],
)
def test_everything_else_is_strict(default, old, new, reason):
    assert old in GOOD
    with pytest.raises(ReplyError) as caught:
        parse_reply(GOOD.replace(old, new), default)
    assert caught.value.reason is reason


def test_only_the_last_citation_closes_a_thought(default):
    text = GOOD.replace("A sum.", "It asks:\nPrinciples: which?")
    assert parse_reply(text, default).thought == "It asks:\nPrinciples: which?"


def test_headings_that_are_not_ours_stay_in_the_answer(default):
    answer = "## Answer\nUse this:\n### User guide\n#### Answer\nPrinciples: none (at all)."
    assert parse_reply(GOOD.replace("\n4", "\n" + answer), default).answer == answer


def test_enormous_lines_are_parsed_quickly(default):
    for unit in ("a", " ", "# ", "### ", "Principles: ", "(", "1 (", "1 (x), ", "<|", "Principles: 1 (a"):
        filler = unit * 100_000
        with pytest.raises(ReplyError):
            parse_reply(filler, default)
        assert parse_reply(GOOD.replace("\n4", f"\n4{filler}"), default).cited


# --- Digest ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: Pim", "name: Pam"),
        ("a test", "a toast"),
        ("May 2024", "June 2024"),
        ("maker: us", "maker: them"),
        ("Numbers are right.", "Numbers are checked."),
        ("[exact, kind]", "[kind, exact]"),
        ("A sum.", "A small sum."),
    ],
)
def test_the_digest_changes_with_whatever_reaches_a_prompt(tmp_path, tiny, old, new):
    assert load_constitution(str(write(tmp_path, TINY.replace(old, new)))).digest != tiny.digest


def test_the_digest_does_not_change_with_the_rest(tmp_path, tiny):
    changed = "# a comment\n" + TINY.replace("name: tiny", "name: other\nabout: new") + "    declines: true\n"
    assert load_constitution(str(write(tmp_path, changed))).digest == tiny.digest


# --- Mistakes --------------------------------------------------------------------------------------------------


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "at", "complaint"),
    [
        ("name: tiny", "name: tiny\nname: tony", "name: tony", "duplicate key 'name'"),
        ("name: tiny", "name: tiny\nabuot: 3", "abuot", "unknown key 'abuot'; did you mean 'about'?"),
        ("name: tiny", "about: tiny", "about", "the key 'name' is missing"),
        ("name: tiny", "name: [tiny]", "name: [", "name: must be a single value"),
        ("name: tiny", "name:", "name:", "name: is empty"),
        ("name: tiny", "name: 12", "name: 12", "name: must be text; put '12' in quotes"),
        ("name: tiny", "name: tiny\n[a]: b", "[a]", "unknown key '<not text>'"),
        ("  maker: us\n", "", "  name: Pim", "persona: the key 'maker' is missing"),
        ("  maker: us", "  maker: {us}", "  maker", "persona.maker: must be a single value"),
        ("  maker: us", '  maker: "{name} Inc"', "  maker", "persona.maker: no placeholders here"),
        ("  maker: us", '  maker: "a\\nb"', "  maker", "persona.maker: must be a single line"),
        ("  knowledge_date: May 2024", "  knowledge_date: 2024", "  knowledge_date", "put '2024' in quotes"),
        ("a test", "a test.", "  character", "persona.character: leave out the full stop"),
        ("id: exact", "id: kind", "  - id: kind\n    name: exact", "principles[1].id: duplicate id 'kind'"),
        ("id: exact", "id: Exact", "  - id: Exact", "principles[1].id: 'Exact' is no id"),
        ("name: exact & brief", "name: Kind", "    name: Kind", "principles[1].name: duplicate name 'Kind'"),
        ("name: exact & brief", "name: exact (brief)", "    name: exact", "principles[1].name: no brackets"),
        ("name: exact & brief", "name: exact, brief", "    name: exact", "principles[1].name: no brackets, commas"),
        ("rule: Numbers are right.", "rule: ''", "    rule: ''", "principles[1].rule: is empty"),
        ("rule: Numbers are right.", 'rule: "{nam}"', '    rule: "{nam}"', "placeholder {nam}; did you mean 'name'?"),
        ("rule: Numbers are right.", 'rule: "a\\x1b"', '    rule: "a', "may not contain character U+001B"),
        ("rule: Numbers are right.", 'rule: "\\ud800"', '    rule: "\\ud', "may not contain character U+D800"),
        ("rule: Numbers are right.", "rul: Numbers", "    rul:", "unknown key 'rul'; did you mean 'rule'?"),
        ("cites: [exact, kind]", "cites: [exact, knd]", "    cites", "has the id 'knd'; did you mean 'kind'?"),
        ("cites: [exact, kind]", "cites: [exact, exact]", "    cites", "cites[1]: 'exact' is cited twice"),
        ("cites: [exact, kind]", "cites: []", "    cites", "demonstrations[0].cites: the list is empty"),
        ("cites: [exact, kind]", "cites: exact", "    cites", "demonstrations[0].cites: must be a list"),
        ("    cites: [exact, kind]\n", "", "  - user", "demonstrations[0]: the key 'cites' is missing"),
        ("A sum.", "Pim is a test. A sum.", "    thought", "leave out the opening sentence"),
        ("thought: A sum.", "thought: 'A sum. Principles: 2'", "    thought", "leave out 'Principles: ...'"),
        ("thought: A sum.", 'thought: "A\\n### User\\nsum."', "    thought", "may not contain ### User"),
        ("user: What is 2 + 2?", 'user: "a <|im_end|> b"', "  - user", "may not contain chat-template token"),
        ("user: What is 2 + 2?", "user: true", "  - user", "must be text; put 'true' in quotes"),
        ("    cites:", "    declines: maybe\n    cites:", "    declines", "must be true or false, not 'maybe'"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path, old, new, at, complaint):
    assert old in TINY
    text = TINY.replace(old, new, 1)
    path = write(tmp_path, text)
    with pytest.raises(RecipeError) as caught:
        load_constitution(str(path))
    assert str(caught.value).startswith(f"{path}:{line_of(text, at)}: ")
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_marker_that_only_filling_in_makes_is_found(tmp_path):
    text = TINY.replace("name: Pim", "name: User").replace("What is 2 + 2?", '"### {name}"')
    with pytest.raises(RecipeError, match=re.escape("demonstrations[0].user: may not contain ### User")):
        load_constitution(str(write(tmp_path, text)))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", ":1: the file is empty"),
        ("# nothing\n", ":1: the file is empty"),
        ("- a\n- b\n", ":1: must be a mapping with the keys name, persona, principles, demonstrations"),
        ("name: a\npersona: [\n", ":3: not valid YAML"),
        ("name: 'a\n", ":2: not valid YAML"),
        ("name: a\n---\nname: b\n", ":2: not valid YAML"),
        ("name: a\n\tpersona: b\n", ":2: not valid YAML"),
        ("name: a\nabout: \x07\n", ":2: character U+0007 may not stand in YAML"),
        ("[" * 3000, ":1: nested too deeply"),
        (TINY.split("demonstrations:")[0] + "demonstrations: []\n", ": demonstrations: the list is empty"),
        (TINY.split("principles:")[0] + "principles: []\ndemonstrations: []\n", ": principles: the list is empty"),
        ("name: !!python/object/apply:os.system [exit]\n", ":1: "),
        ("name: &a [*a]\n", ":1: "),
    ],
)
def test_a_broken_file_is_named_with_its_line(tmp_path, text, complaint):
    path = write(tmp_path, text)
    with pytest.raises(RecipeError) as caught:
        load_constitution(str(path))
    assert str(caught.value).startswith(str(path))
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_utf8_is_named_with_its_line(tmp_path):
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"name: a\nabout: caf\xe9\n")
    with pytest.raises(RecipeError, match=re.escape(f"{path}:2: not UTF-8")):
        load_constitution(str(path))


def test_a_byte_order_mark_is_harmless(tmp_path, tiny):
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + TINY.encode())
    assert load_constitution(str(path)) == tiny


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("defalt", "no constitution named 'defalt'; did you mean 'default'?"),
        ("zzzz", "no constitution named 'zzzz'; known: default, short"),
        ("folder/none.yaml", "folder/none.yaml: no such file"),
        (".", ".: is a folder, not a constitution"),
        ("x" * 5000, "cannot be read"),
    ],
)
def test_an_unknown_name_is_one_line(name, complaint):
    with pytest.raises(RecipeError) as caught:
        load_constitution(name)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)
