"""Revising: what a check failed gets one critique and one revision, and what comes of it."""

import asyncio
from dataclasses import replace

import pytest
from scripted import ScriptedEngine
from test_generate import run
from worlds import world_model, world_recipe

from selfalign.align import Judge, load_constitution, read_again, read_outcome, render_prefix
from selfalign.align.improve import keep_better, low_principle
from selfalign.align.judging import score
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


WEAK, BETTER = "One is the Po.", "One is the Urubamba; it flows into the Ucayali, in the east."
JUDGE = Judge(chooses=True, threshold=0.5)


def improved(default, scores, reply=None, judge=JUDGE, checks=CHECKS):
    """The draft, what became of it, and what was asked; `scores` are those of each answer by every principle."""

    def prefer(prompt, options):
        answer = prompt.rpartition("### Answer\n")[2].partition("\n### Verdict")[0]
        return [scores[answer], 1 - scores[answer]]

    async def work():
        scored = await score(engine, outcome_of(WEAK, default), default, judge, style="text")
        if (principle := low_principle(scored, judge)) is None:
            return scored, scored
        how = {"style": "text", "rng_seed": 1, "low": principle}
        after = await revise(engine, scored, default, Sampling(), checks, **how)
        return scored, await keep_better(engine, scored, after, default, judge, style="text")

    reply = REVISED.replace(GOOD, BETTER) if reply is None else reply
    engine = ScriptedEngine(lambda *_: Completion(reply, "stop", Usage(5, 4, 3)), prefer=prefer)
    before, after = asyncio.run(work())
    return before, after, [each for each in engine.requests if "### Critique" in each.prompt]


def test_what_the_judge_scored_low_is_revised_by_its_weakest_principle_and_the_better_answer_stays(default):
    before, after, (asked,) = improved(default, {WEAK: 0.2, BETTER: 0.8})
    assert asked.prompt.endswith(f"### Draft\n{WEAK}\n### Critique\nThe draft breaks 2 (informative):")
    assert (after.answer, after.principles_cited, after.usage) == (BETTER, ("helpful",), before.usage)
    assert (after.revision.draft, after.revision.fault) == (WEAK, "judged low: informative 0.20")
    # It cites another principle than its draft, and is held to both.
    assert after.judging["scores"] == {"informative": 0.8, "helpful": 0.8}
    assert after.judging["questions"] == before.judging["questions"] + 2
    assert outcome_from_row(to_row(after)) == after
    assert read_again(after, default, CHECKS) == after


@pytest.mark.parametrize(
    ("reply", "scores", "detail"),
    [
        (None, {WEAK: 0.2, BETTER: 0.21}, "judged no better: "),
        (REVISED.replace(GOOD, GERMAN), {WEAK: 0.2}, "language: "),
        (REVISED.replace(GOOD, WEAK), {WEAK: 0.2}, "the same answer again"),
        (" no form", {WEAK: 0.2}, "unparseable: "),
    ],
)
def test_a_revision_that_is_no_better_is_kept_beside_the_draft(default, reply, scores, detail):
    before, after, asked = improved(default, scores, reply)
    assert len(asked) == 1
    assert after.revision.detail.startswith(detail)
    assert (after.answer, after.judging["scores"]) == (WEAK, {"informative": 0.2})
    assert replace(after, revision=None, judging=before.judging) == before
    assert outcome_from_row(to_row(after)) == after
    assert read_again(after, default, CHECKS) == after


def test_a_better_revision_that_other_checks_stop_gives_way_to_its_draft_and_comes_back(default):
    lenient = replace(CHECKS, language="off")
    before, after, _ = improved(default, {WEAK: 0.2, GERMAN: 0.8}, REVISED.replace(GOOD, GERMAN), checks=lenient)
    strict = read_again(after, default, CHECKS)
    assert (after.answer, strict.answer) == (GERMAN, WEAK)
    assert strict.judging["scores"] == before.judging["scores"]
    assert read_again(strict, default, lenient) == after


def test_the_judge_has_nothing_revised_that_is_good_or_where_it_may_not_judge(default):
    for scores, judge in [
        ({WEAK: 0.6}, JUDGE),
        ({WEAK: 0.2}, replace(JUDGE, chooses=False)),
        ({WEAK: 0.2}, replace(JUDGE, weights={"informative": 0})),
    ]:
        before, after, asked = improved(default, scores, judge=judge)
        assert (after, asked) == (before, [])
        assert after.revision is None
