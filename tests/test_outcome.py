"""What becomes of a reply: rows in the forms that models write, and outcomes read again without the engine."""

import pytest

from benchmarks.replies import Figures, measure, read_part
from selfalign.align import load_constitution, read_again
from selfalign.checks import ChecksSpec
from selfalign.records import Completion, Example, Failure, FailureReason, Instruction, Usage

# By default these only flag.
STRICT = ChecksSpec(leak="fail", rule_leak="fail", self_reference="fail", role_marker="fail")

OPEN = list(read_part("open"))
INSTRUCTION = Instruction("p0000000-00", "What is 2 + 2?", "", "self-instruct")
REPLY = " A sum.\nPrinciples: 2 (informative).\n**Answer:** It is four."


@pytest.mark.parametrize(("row", "outcome"), OPEN, ids=[f"{row['id']}-{row['form']}" for row, _ in OPEN])
def test_every_open_row_is_read_right(row, outcome):
    figures = Figures()
    figures.count(row, outcome)
    assert figures == Figures(num_good=int(row["good"]), num_bad=int(not row["good"]))


def test_replies_that_the_parser_was_not_written_with():
    """The figures of benchmarks/replies.md."""
    figures = measure("held-back")
    assert figures == Figures(num_good=52, num_bad=31)


@pytest.fixture(scope="module")
def default():
    return load_constitution("default")


def test_a_parse_failure_is_read_again_by_todays_parser(default):
    failure = Failure(INSTRUCTION, "parse", FailureReason.UNPARSEABLE, "no answer", REPLY, Usage(9, 8, 7))
    again = read_again(failure, default, STRICT)
    assert isinstance(again, Example)
    assert (again.answer, again.principles_cited, again.reply, again.usage) == (
        "It is four.",
        ("informative",),
        REPLY,
        Usage(9, 8, 7),
    )
    assert read_again(again, default, STRICT) == again


def test_an_example_that_todays_parser_refuses_becomes_a_failure(default):
    example = Example(INSTRUCTION, "A sum.", "TBD", ("informative",), (), Usage(), REPLY.replace("It is four.", "TBD"))
    again = read_again(example, default, STRICT)
    assert isinstance(again, Failure)
    assert (again.reason, again.reply) == (FailureReason.PLACEHOLDER, example.reply)


def test_what_was_cut_off_stays_so(default):
    cut = Failure(INSTRUCTION, "parse", FailureReason.TRUNCATED, "cut off after 7 tokens", REPLY, Usage(9, 8, 7))
    assert read_again(cut, default, STRICT) == cut


def test_a_refused_prompt_has_no_reply_to_read(default):
    refused = Failure(INSTRUCTION, "align", FailureReason.PROMPT_REFUSED, "too long", "", Usage())
    assert read_again(refused, default, STRICT) == refused


def test_a_flagged_citation_stays_flagged_when_it_is_read_again(default):
    text = REPLY.replace("2 (informative)", "3 (informative)")
    failure = Failure(INSTRUCTION, "parse", FailureReason.UNPARSEABLE, "", text, Usage())
    once = read_again(failure, default, STRICT)
    assert [result.name for result in once.checks] == ["citation"]
    assert read_again(once, default, STRICT) == once


def test_a_completion_that_was_cut_is_no_example(default):
    from selfalign.align import read_outcome

    outcome = read_outcome(INSTRUCTION, Completion(REPLY, "length", Usage(9, 8, 7)), default, STRICT)
    assert (outcome.reason, outcome.reply) == (FailureReason.TRUNCATED, REPLY)
