"""Replies parsed and not trusted: generous in form, strict in meaning."""

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tiny_constitution import ask

from selfalign.align.constitution import load_constitution
from selfalign.align.parse import Reply, ReplyError, parse_reply
from selfalign.align.prompt import opening, render_prompt
from selfalign.builtin import builtin_names
from selfalign.records import Constitution, Demonstration, FailureReason, Verdict

BUILT_IN = builtin_names("principles", ".yaml")


@pytest.fixture(scope="module")
def default() -> Constitution:
    return load_constitution("default")


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


# Not what headings, labels and emphasis are made of: text that looks like a part of a reply is read as one.
PLAIN_CHARACTERS = st.characters(
    codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp"), exclude_characters="\ufffd#:：<[{*_|`~"
)
WORDS = st.text(PLAIN_CHARACTERS, min_size=1).map(str.strip)
LINES = st.lists(WORDS, min_size=1, max_size=4).map("\n".join).map(str.strip).filter(bool)


@given(st.data())
@settings(max_examples=100)
def test_any_demonstration_reads_back(default, data):
    ids = [principle.id for principle in default.principles]
    shown = Demonstration(
        user=data.draw(LINES),
        thought="It is asked for this " + data.draw(LINES),
        cites=tuple(data.draw(st.lists(st.sampled_from(ids), min_size=1, max_size=5, unique=True))),
        answer="Here it is " + data.draw(LINES),
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
        GOOD.replace("### Answer", "Answer:"),
        GOOD.replace("### Answer", "Answer\n------"),
        GOOD.replace("\n### Answer\n", "\n✅ **Answer:** "),
        GOOD.replace("\n### Answer\n", "\n### Answer – "),
        GOOD.replace("### Answer", "<answer>") + "\n</answer>",
        "Sure! Here is my reply:\n\n## Thoughts\n" + GOOD,
        "<think>\nA sum?\n</think>\n\n### Thoughts\n" + GOOD,
        "```\n### Thoughts\n" + GOOD + "\n```",
        GOOD.replace("2 (informative), 7 (candor).", "informative, candor."),
        GOOD.replace("2 (informative), 7 (candor).", "2, 7."),
        GOOD.replace("7 (candor).", "7 (candor). And so on."),
        GOOD.replace("2 (informative), 7 (candor).", "1. 2 (informative)\n2. 7 (candor)"),
        GOOD.replace("2 (informative), 7 (candor).", "2 (informative): facts first; 7 (candor): no guessing."),
        GOOD.replace("2 (informative), 7 (candor).", "the informative principle (2) and the candor principle (7)"),
        GOOD.replace("2 (informative), 7 (candor).", "２（informative）、７（candor）。"),
        GOOD.replace("2 (informative), 7 (candor).", "{2: informative, 7: candor}"),
        GOOD.replace("Principles: 2", "The principles which apply here are 2"),
        GOOD.replace("Principles: ", ""),
        GOOD.replace("2 (informative), 7", "2 (informative)\nPrinciple: 7"),
        GOOD.replace("7 (candor).", "17 (brevity), 7 (candor)."),
    ],
)
def test_spacing_headings_and_openings_are_free(default, text):
    assert parse_reply(text, default) == Reply("A sum.", ("informative", "candor"), "4")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("### Answer", "### User\nMore?\n### Answer", FailureReason.UNPARSEABLE),
        ("### Answer", "### Thoughts\n### Answer", FailureReason.UNPARSEABLE),
        ("A sum.", "", FailureReason.EMPTY),
        ("\n4", "\n \n", FailureReason.EMPTY),
        ("\nPrinciples: 2 (informative), 7 (candor).", "", FailureReason.NO_CITATION),
        ("2 (informative), 7 (candor).", "none.", FailureReason.NO_CITATION),
        ("2 (informative), 7 (candor).", "", FailureReason.NO_CITATION),
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
        ("2 (informative), 7 (candor).", "17 (brevity), 99.", FailureReason.UNKNOWN_PRINCIPLE),
        ("2 (informative), 7 (candor).", "9" * 9000 + ".", FailureReason.UNKNOWN_PRINCIPLE),
        ("A sum.", "[Your thoughts here]", FailureReason.PLACEHOLDER),
        ("\n4", "\n[Insert answer here]", FailureReason.PLACEHOLDER),
        ("\n4", "\n```\n```", FailureReason.EMPTY),
        ("\n4", "\n<think>2 + 2</think>4", FailureReason.THINKS_ALOUD),
        ("\n4", "\nArdwen is a helpful, honest, and careful assistant. A sum.", FailureReason.THINKS_ALOUD),
        ("\n4", "\n4\n\n## Thoughts\nThat was easy.", FailureReason.THINKS_ALOUD),
        ("\n4", "\n4\n\nPrinciples: 2 (informative).", FailureReason.RECITES),
        ("\n4", "\n2 (informative), 7 (candor)", FailureReason.RECITES),
        ("\n4", "\nArdwen says plainly what it does not know or is not sure of.", FailureReason.RECITES),
        ("\n4", "\n4\n\nQ: And 3 + 3?\nA: 6", FailureReason.SPEAKS_FOR_USER),
        ("\n4", "\n4\n\n[User]: And 3 + 3?", FailureReason.SPEAKS_FOR_USER),
        ("\n4", "\n4\n\nUser (later):", FailureReason.SPEAKS_FOR_USER),
        ("\n4", "\n4\n\nArdwen: Anything else?", FailureReason.SPEAKS_FOR_USER),
        ("\n4", "\n4\n\n### Response\n5", FailureReason.SPEAKS_FOR_USER),
    ],
)
def test_everything_else_is_strict(default, old, new, reason):
    assert old in GOOD
    with pytest.raises(ReplyError) as caught:
        parse_reply(GOOD.replace(old, new), default)
    assert caught.value.reason is reason


@pytest.mark.parametrize(
    "citation", ["3 (informative)", "0 (informative)", "informative (3)", "9" * 900 + ". informative"]
)
def test_a_number_that_disagrees_with_its_name_is_flagged(default, citation):
    reply = parse_reply(GOOD.replace("2 (informative)", citation), default)
    assert reply.cited == ("informative", "candor")
    assert [(remark.name, remark.verdict) for remark in reply.remarks] == [("citation", Verdict.FLAG)]
    assert len(reply.remarks[0].reason) < 100


CONTENT = [
    "## User\n\nThe user table.\n\n## Role\n\nThe role table.",
    "```\nUser: hi\nAssistant: ho\n```",
    "user: deploy\nshell: /bin/bash",
    "User: jdoe\nPassword: secret",
    "---\ntitle: x\n---\nbody",
    "Use <s>this</s> <b>that</b>.",
    "### Input\n\nA file.\n\n### Output\n\nA table.",
    "Here are two:\n\nQ: Why?\nA: Because.\n\nQ: Who?\nA: Me.",
    "1. Which?\n   Answer: That.",
    "## Mood\nGood.\n## Thoughts\nMany.\n## Plans\nNone.",
    "The user clicks the button.",
    "[2, 3, 5]",
    "👍",
]


@pytest.mark.parametrize("answer", CONTENT)
def test_markdown_html_and_yaml_are_content(default, answer):
    assert parse_reply(GOOD.replace("\n4", "\n" + answer), default).answer == answer


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("Write a dialogue between a user and an assistant.", "User: Hi.\nAssistant: Hello."),
        ("Write a quiz.", "It is easy.\n\nQuestion: Why?\nThat is all."),
        ("What are your thoughts on rain?", "My thoughts: it is wet."),
    ],
)
def test_what_was_asked_for_is_content(default, asked, answer):
    text = GOOD.replace("\n4", "\n" + answer)
    assert parse_reply(text, default, asked).answer == answer
    with pytest.raises(ReplyError):
        parse_reply(text, default, "Name a river.")


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


@pytest.mark.parametrize("unit", ["-", "- ", "*", "_ ", "=", "#", ">", "---\n", "\n", " "])
def test_marks_without_end_around_a_thought_are_parsed_quickly(default, unit):
    # Such lines were read once by a pattern that took exponential time, which stopped the whole run.
    for text in (f"A sum.\n{unit * 5_000}x", f"{unit * 5_000}\nA sum.", f"A sum.\n{unit * 5_000}\n"):
        assert "A sum." in parse_reply(GOOD.replace("A sum.", text), default).thought
