"""Revising: what a check failed gets one critique and one revision, and what comes of it."""

import asyncio
from dataclasses import replace

import pytest
from scripted import ScriptedEngine
from test_generate import run
from worlds import world_model, world_recipe

from selfalign.align import load_constitution, read_again, read_outcome, render_prefix
from selfalign.align.revise import broken_principle, is_revisable, render_revision, revise
from selfalign.checks import ChecksSpec
from selfalign.errors import PromptRefused
from selfalign.records import Completion, Example, FailureReason, Instruction, Sampling, Usage, to_row
from selfalign.records.lines import outcome_from_row
from selfalign.run import directory as rundir

ASKED = Instruction("p0000001-00", "Name a river in Peru and say where it ends.", "", "self-instruct")
GERMAN = "Der Fluss heißt Urubamba und mündet in den Ucayali, der weiter nach Norden zum Amazonas fließt."
GOOD = "One is the Urubamba; it flows into the Ucayali."
REVISED = f" It is not in English.\n### Thoughts\nThe user wants a river.\nPrinciples: 3 (helpful).\n### Answer\n{GOOD}"
CHECKS = ChecksSpec()


@pytest.fixture(scope="module")
def default():
    return load_constitution("default")


def outcome_of(answer, default, checks=CHECKS):
    reply = f" A river.\nPrinciples: 2 (informative).\n### Answer\n{answer}"
    return read_outcome(ASKED, Completion(reply, "stop", Usage(9, 8, 7)), default, checks)


def revised(outcome, default, reply=REVISED, *, style="text", finish_reason="stop"):
    def respond(prompt, sampling, rng_seed):
        if isinstance(reply, Exception):
            raise reply
        return Completion(reply, finish_reason, Usage(5, 4, 3))

    engine = ScriptedEngine(respond)
    after = asyncio.run(revise(engine, outcome, default, Sampling(), CHECKS, style=style, rng_seed=1))
    return after, [request.prompt for request in engine.requests]


def test_a_failed_answer_is_revised_by_the_principle_it_broke_and_both_are_kept(default):
    failure = outcome_of(GERMAN, default)
    assert failure.reason is FailureReason.CHECK
    after, (prompt,) = revised(failure, default)
    turn = f"### User\n{ASKED.user_turn}\n### Draft\n{GERMAN}\n### Critique\nThe draft breaks 3 (helpful):"
    assert prompt == render_prefix(default) + turn
    assert isinstance(after, Example)
    assert (after.answer, after.principles_cited) == (GOOD, ("helpful",))
    assert after.revision.draft == GERMAN
    assert after.revision.fault.startswith("language: ")
    assert after.revision.critique == "It is not in English."
    assert (after.usage, after.revision.usage) == (Usage(9, 8, 7), Usage(5, 4, 3))
    assert outcome_from_row(to_row(after)) == after
    assert read_again(after, default, CHECKS) == after


@pytest.mark.parametrize(
    ("reply", "finish_reason", "detail"),
    [
        ("", "stop", "unparseable: "),
        (" Too short.\n### Thoughts\nA river.\n### Answer\nThe Urubamba.", "stop", "no_citation: "),
        (REVISED.replace(GOOD, GERMAN), "stop", "language: "),
        (REVISED, "length", "truncated: "),
        (f" Bad\x00 draft.{REVISED}", "stop", "unparseable: character U+0000"),
    ],
)
def test_a_revision_is_parsed_and_checked_like_any_other_and_the_failure_stays(default, reply, finish_reason, detail):
    failure = outcome_of(GERMAN, default)
    after, _ = revised(failure, default, reply, finish_reason=finish_reason)
    assert after.revision.detail.startswith(detail)
    assert replace(after, revision=None) == failure
    assert after.revision.reply == reply
    assert outcome_from_row(to_row(after)) == after
    assert read_again(after, default, CHECKS) == after


def test_good_answers_and_what_asking_again_mends_are_never_touched(default):
    strict = replace(CHECKS, loop="fail")
    looping = outcome_of("It ends in the sea. " * 30, default, strict)
    assert any(check.name == "loop" for check in looping.checks)
    for outcome in (
        outcome_of(GOOD, default),
        read_outcome(ASKED, Completion("no form", "stop", Usage()), default, CHECKS),
        looping,
        replace(outcome_of(GERMAN, default), answer=f"{GERMAN}\n### Draft\n{GERMAN}"),
    ):
        assert not is_revisable(outcome)
        assert revised(outcome, default) == (outcome, [])
    failure = outcome_of(GERMAN, default)
    assert revised(failure, default, PromptRefused("too long"))[0] == failure


def test_a_check_that_no_longer_fails_the_draft_leaves_the_draft_and_keeps_the_revision(default):
    after, _ = revised(outcome_of(GERMAN, default), default)
    lenient = read_again(after, default, replace(CHECKS, language="off"))
    assert lenient.answer == GERMAN
    assert lenient.revision == after.revision
    assert read_again(lenient, default, CHECKS) == after


def test_a_constitution_without_the_checks_principle_is_broken_where_the_answer_meant_to_follow(default):
    failure = outcome_of(GERMAN, default)
    kept = tuple(each for each in default.principles if each.id != "helpful")
    assert broken_principle(failure, default) == "helpful"
    assert broken_principle(failure, replace(default, principles=kept)) == "informative"


def test_a_chat_model_is_told_what_to_do_in_the_last_turn(default):
    *shared, last = render_revision(default, ASKED, GERMAN, "helpful", "chat")
    assert [message["role"] for message in shared[:2]] == ["system", "user"]
    assert last["content"].startswith(f"{ASKED.user_turn}\n### Draft\n{GERMAN}\n")
    assert "breaks 3 (helpful):" in last["content"]
    chatty = f"### Critique\nIt is not in English.\n\n{REVISED.partition('English.')[2].strip()}"
    after, _ = revised(outcome_of(GERMAN, default), default, chatty, style="chat")
    assert (after.answer, after.revision.critique) == (GOOD, "It is not in English.")


def test_a_run_counts_what_revising_saved_and_what_it_cost(tmp_path):
    def respond(prompt, sampling, rng_seed):
        if "\n### Critique\n" in prompt:
            return Completion(REVISED, "stop", Usage(5, 4, 3))
        if prompt.endswith("Instruction:"):
            return world_model(prompt, sampling, rng_seed)
        return Completion(f" Plain.\nPrinciples: 3 (helpful).\n### Answer\n{GERMAN}", "stop", Usage(9, 8, 7))

    counters = run(tmp_path / "run", world_recipe(revise="{}", propose__target=6), respond)
    assert counters.num_revised == counters.num_recovered == counters.num_examples == counters.num_accepted
    assert counters.revise_usage.output_tokens == 3 * counters.num_revised
    assert counters.align_usage.output_tokens == 7 * counters.num_revised
    assert all(outcome.revision for outcome in rundir.read_outcomes(tmp_path / "run"))
