"""Debate: who sees whose answer, what is kept of it, and which of the last answers is the outcome."""

import asyncio
import random

import pytest
from scripted import ScriptedEngine
from test_generate import Killed, journal_bytes, killer, run
from worlds import dataset_bytes, read_sources_once, world_recipe

from selfalign.align import AlignSpec, Judge, load_constitution, read_again, render_prefix, render_prompt
from selfalign.align.ask import DebateSpec
from selfalign.align.debate import debate, most_agreed
from selfalign.checks import ChecksSpec
from selfalign.dataset import export as dataset
from selfalign.errors import PromptRefused, RecipeError
from selfalign.generate import load_sources, plan_of
from selfalign.pipeline import first_guess, samplings
from selfalign.recheck import recheck
from selfalign.records import Example, Failure, FailureReason, Instruction, Usage, to_row
from selfalign.records.lines import outcome_from_row
from selfalign.run import directory as rundir
from selfalign.show.preview import preview

ASKED = Instruction("p0000001-00", "Name a river in Peru and say where it ends.", "", "self-instruct")
CHECKS = ChecksSpec()
GERMAN = "Der Fluss heißt Urubamba und mündet in den Ucayali, der weiter nach Norden zum Amazonas fließt."
DEBATE = "{agents: 3, rounds: 2}"
NUM_KILLS = 3


@pytest.fixture(scope="module")
def default():
    return load_constitution("default")


def reply(answer):
    return f" The user wants a river.\nPrinciples: 3 (helpful).\n### Answer\n{answer}"


def debated(default, said, *, rounds=2, agents=3, judge=None, style="text", prefer=None):
    """The outcome of a debate in which these replies are given one after the other, and what was asked."""
    replies = iter(said)

    def respond(prompt, sampling, rng_seed):
        given = next(replies)
        if isinstance(given, Exception):
            raise given
        return given

    engine = ScriptedEngine(respond, prefer=prefer or (lambda prompt, options: [0.5, 0.5]))
    spec = AlignSpec(debate=DebateSpec(agents, rounds))
    how = {"style": style, "rng_seed": 1, "judge": judge}
    outcome = asyncio.run(debate(engine, ASKED, default, spec, CHECKS, **how))
    assert next(replies, None) is None, "not all replies were asked for"
    return outcome, [each for each in engine.requests if each.sampling.max_tokens > 1]


def said_by(outcome):
    return {(each["agent"], each["round"]): each["reply"] for each in outcome.judging["others"]}


def test_each_sees_the_others_answers_and_its_own_last_and_no_thought(default):
    first = ["The Urubamba.", "It is the Ucayali.", "That would be the Amazon."]
    last = ["The Amazon, I think.", "The river Amazon, I think.", "No, the Mantaro."]
    outcome, requests = debated(default, map(reply, first + last))
    opening = render_prompt(default, ASKED, "text").removeprefix(f"{render_prefix(default)}### User\n{ASKED.user_turn}")
    assert [each.prompt for each in requests[:3]] == [render_prompt(default, ASKED, "text")] * 3
    for number, request in enumerate(requests[3:]):
        drafts = [*first[:number], *first[number + 1 :], first[number]]
        shown = "".join(f"\n### Draft\n{draft}" for draft in drafts)
        assert request.prompt == f"{render_prefix(default)}### User\n{ASKED.user_turn}{shown}{opening}"
    assert len({each.rng_seed for each in requests}) == 6
    assert isinstance(outcome, Example)
    assert outcome.answer == last[0], "nearest to all others, the first of two that are alike"
    told = {(agent, 1): reply(text) for agent, text in enumerate(first, 1)}
    assert said_by(outcome) == told | {(2, 2): reply(last[1]), (3, 2): reply(last[2])}
    assert outcome.usage.output_tokens == sum(len(reply(text).split()) for text in first + last)
    assert outcome.usage.prompt_tokens == sum(len(each.prompt.split()) for each in requests)
    assert outcome_from_row(to_row(outcome)) == outcome
    assert read_again(outcome, default, CHECKS) == outcome


@pytest.mark.parametrize("bad", ["I agree with the others.", reply(GERMAN)])
def test_a_later_reply_that_is_not_sound_leaves_the_earlier_answer_and_is_kept_beside_it(default, bad):
    said = [reply("The Amazon."), reply("The Amazon River."), bad, reply("The Amazon.")]
    outcome, _ = debated(default, said, agents=2, rounds=3)
    assert outcome.answer == "The Amazon."
    assert [(each["agent"], each["round"]) for each in outcome.judging["others"] if "failed" in each] == [(1, 2)]


def test_who_failed_sees_the_others_and_who_sees_nobody_is_not_asked(default):
    outcome, requests = debated(default, ["no form", reply("The Amazon."), reply("The Urubamba.")], agents=2)
    assert requests[2].prompt.count("### Draft\nThe Amazon.\n### Thoughts\n") == 1
    assert said_by(outcome) == {(1, 1): "no form", (2, 1): reply("The Amazon.")}
    outcome, _ = debated(default, [reply("The Amazon.")] * 3, rounds=4)
    assert outcome.answer == "The Amazon.", "all agree: nothing to debate"
    outcome, _ = debated(default, ["no form", "nor here"], agents=2, rounds=4)
    assert isinstance(outcome, Failure)
    assert (outcome.reply, said_by(outcome)) == ("no form", {(2, 1): "nor here"})


def test_a_refused_prompt_is_one_failure_at_first_and_none_later(default):
    outcome, _ = debated(default, [PromptRefused("too long")])
    assert (outcome.reason, outcome.usage, outcome.judging) == (FailureReason.PROMPT_REFUSED, Usage(), None)
    said = [reply("The Amazon."), reply("The Ucayali."), PromptRefused("too long"), reply("The Urubamba.")]
    outcome, _ = debated(default, said, agents=2)
    assert (outcome.answer, list(said_by(outcome))) == ("The Amazon.", [(2, 1), (2, 2)])


def test_the_judge_decides_where_it_may_choose(default):
    said = [
        reply(text) for text in ("The Amazon.", "The Amazon River.", "The Po.", "Amazon.", "The Amazon.", "The Po!")
    ]

    def prefer(prompt, options):
        share = 0.9 if "The Po!\n### Verdict" in prompt else 0.2
        return [share, 1 - share]

    outcome, _ = debated(default, said, judge=Judge(chooses=True), prefer=prefer)
    assert (outcome.answer, outcome.judging["scores"]) == ("The Po!", {"helpful": 0.9})
    assert outcome.judging["questions"] == 3
    scores = {(each["agent"], each["round"]): each["scores"] for each in outcome.judging["others"]}
    assert scores[1, 2] == {"helpful": 0.2}
    assert scores[3, 1] == {}
    outcome, _ = debated(default, said, judge=Judge(chooses=False), prefer=prefer)
    assert outcome.answer == "The Amazon."


def test_agreement_counts_sound_answers_alone(default):
    failed = Failure(ASKED, "check", FailureReason.CHECK, "", "", Usage(), "", "The Po.")
    sound = [Example(ASKED, "", text, (), (), Usage()) for text in ("The Amazon, surely.", "The Po.", "The Amazon.")]
    assert most_agreed([failed, *sound]) == 3
    assert most_agreed([failed, failed]) == 0
    assert most_agreed([failed, sound[0]]) == 1


def test_a_chat_model_is_told_what_the_drafts_are_in_the_last_turn(default):
    said = [reply(text) for text in ("The Amazon.", "The Po.", "The Amazon.", "The Amazon.")]
    _, requests = debated(default, said, agents=2, style="chat")
    *_, last = requests[2].prompt
    assert last["content"].startswith(
        f"{ASKED.user_turn}\n### Draft\nThe Po.\n### Draft\nThe Amazon.\n\nThese are drafts"
    )
    assert requests[2].prompt[:-1] == requests[0].prompt[:-1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"align__debate": DEBATE, "align__samples": 2, "judge__score": "true"}, r"align\.debate: .*align\.samples"),
        ({"align__debate": "{agents: 1}"}, r"align\.debate\.agents: from 2 to 16, not 1"),
        ({"align__debate": "{rounds: 1}"}, r"align\.debate\.rounds: from 2 to 16, not 1"),
        ({"align__debate": "{}", "align__sampling__temperature": 0}, r"align\.debate: at temperature 0"),
    ],
)
def test_a_debate_that_cannot_be_is_refused_in_one_line(changes, message):
    with pytest.raises(RecipeError, match=message) as caught:
        world_recipe(**changes)
    assert "\n" not in str(caught.value)


def test_a_plan_counts_all_replies_and_the_drafts_in_their_prompts():
    plan = plan_of(recipe := world_recipe(align__debate=DEBATE), load_sources(recipe))
    assert len(samplings(plan)) == 6
    most = plan.align.sampling.max_tokens
    assert first_guess(plan, 100).answer == Usage(6 * 100 + 6 * most + 9 * most, 0, 6 * most)


def test_show_has_the_prompt_of_a_later_round_where_there_is_one():
    assert not any("debate: the prompt" in line for line in preview(world_recipe()))
    lines = list(preview(world_recipe(align__debate=DEBATE)))
    title = next(number for number, line in enumerate(lines) if "debate: the prompt for the first seed" in line)
    assert lines[title + 1].count("\n### Draft\n") == 3


def test_resume_equals_uninterrupted_and_every_instruction_has_one_line(tmp_path, monkeypatch):
    read_sources_once(monkeypatch)
    recipe = world_recipe(align__debate=DEBATE, propose__target=8)
    counters = run(tmp_path / "whole", recipe)
    answered = list(rundir.read_outcomes(tmp_path / "whole"))
    assert len(answered) == len({each.instruction_id for each in answered}) >= 8
    assert all(len(each.judging["others"]) >= 2 for each in answered)
    assert any(each["round"] == 2 for outcome in answered for each in outcome.judging["others"])
    assert counters.align_usage == sum((each.usage for each in answered), Usage())
    expected = dataset_bytes(dataset.export(tmp_path / "whole"))
    total, rng = journal_bytes(tmp_path / "whole"), random.Random(3)
    for number in range(NUM_KILLS):
        path = tmp_path / f"kill-{number}" / "whole"
        with monkeypatch.context() as patched:
            patched.setattr(rundir.os, "write", killer(rng.randrange(100, total)))
            with pytest.raises((Killed, BaseExceptionGroup)):
                run(path, recipe)
        run(path, recipe)
        assert sorted(map(str, rundir.read_outcomes(path))) == sorted(map(str, answered)), f"kill {number}"
    assert dataset_bytes(dataset.export(path)) == expected
    recheck(path, ["checks.loop=fail"])
    assert sorted(map(str, rundir.read_outcomes(path))) == sorted(map(str, answered))
