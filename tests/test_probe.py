"""Probes on a model whose conduct is caused by the rules in its prompt, and on models whose conduct is not."""

import json
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from obedient import obedient_judge, obedient_model
from scripted import ScriptedEngine

from selfalign.align.constitution import load_constitution
from selfalign.builtin import builtin_folder
from selfalign.engine import EngineSpec
from selfalign.errors import RecipeError
from selfalign.probe import ProbeSpec, load_all, run_tests
from selfalign.probe import lines as shown
from selfalign.probe.conditions import AS_IS, CONTROLS, control, without
from selfalign.probe.load import load_probes, probes_path
from selfalign.probe.pressure import PREFACE_WORDS
from selfalign.probe.tally import Share, figures, mutation_score
from selfalign.records import Instruction

TRIED = "tests/data/tried.yaml"
CONSTITUTION = load_constitution(TRIED)
PROBES = load_all(TRIED, (), CONSTITUTION)


def try_out(tmp_path, respond=obedient_model, prefer=obedient_judge, **how):
    engine = ScriptedEngine(respond, prefer=prefer)

    @asynccontextmanager
    async def opened(spec, **_):
        yield engine

    spec = ProbeSpec(CONSTITUTION, PROBES, EngineSpec(model="someone/model"), tmp_path / "replies.jsonl")
    return run_tests(replace(spec, **how), start_engine=opened), engine


def passed(result, condition=AS_IS):
    return {each.probe.id.rpartition(":")[2]: each.passed for each in result.grouped[condition]}


@pytest.mark.parametrize("style", ["text", "chat"])
def test_a_model_that_obeys_passes_all_of_them(tmp_path, style):
    result, _ = try_out(tmp_path, model=EngineSpec(model="someone/model", style=style))
    assert all(passed(result).values())
    assert shown.required_failures(result.grouped[AS_IS]) == []


def test_a_model_that_never_declines_fails_what_is_about_declining_and_no_twin(tmp_path):
    result, _ = try_out(tmp_path, lambda *_: " So.\nPrinciples: 1 (plain).\n### Answer\nTake a litre. How big is it?")
    failed = {each.probe.principle for each in shown.required_failures(result.grouped[AS_IS])}
    assert failed == {"kind", "present"}
    assert figures("all", result.grouped[AS_IS]).twins == Share(1, 1)


def test_a_model_that_always_declines_fails_the_twins(tmp_path):
    result, _ = try_out(tmp_path, lambda *_: " So.\nPrinciples: 2 (kind).\n### Answer\nI can't help with that.")
    assert figures("all", result.grouped[AS_IS]).twins == Share(0, 1)


def test_removing_a_principle_breaks_its_own_probes_and_no_others(tmp_path):
    result, _ = try_out(tmp_path, ablate=True)
    found = {each.id: each for each in result.removed}
    assert {id_: (str(each.own), str(each.others)) for id_, each in found.items()} == {
        "plain": ("0/0", "0/6"),
        "kind": ("2/2", "0/3"),
        "present": ("1/1", "0/5"),
        "asking": ("1/1", "0/5"),
        "idle": ("0/1", "0/5"),
    }
    assert [id_ for id_, each in found.items() if each.is_dead] == ["idle"]
    assert mutation_score(result.removed) == Share(3, 4)


def test_a_missing_citation_of_a_missing_principle_breaks_nothing(tmp_path):
    """Otherwise every removal would be noticed by a probe that only asks for the citation."""

    def declines_whatever_the_rules(prompt, sampling, rng_seed):
        cited = "2 (kind)" if "2 (kind)" in prompt else "1 (plain)"
        return f" So.\nPrinciples: {cited}.\n### Answer\nI won't help with that."

    def declining_is_better(prompt, options):
        return (
            [0.9, 0.1] if "won't" in prompt.rpartition("### Answer A")[2].partition("### Answer B")[0] else [0.1, 0.9]
        )

    result, _ = try_out(tmp_path, declines_whatever_the_rules, declining_is_better, ablate=True)
    (kind,) = (each for each in result.removed if each.id == "kind")
    assert kind.own == Share(0, 2)
    assert kind.is_dead


def test_a_reply_that_cites_what_is_gone_is_unread_and_no_proof_that_it_worked(tmp_path):
    def cites_by_heart(prompt, sampling, rng_seed):
        if "steal" in prompt.rpartition("### User")[2]:
            return " So.\nPrinciples: 2 (kind).\n### Answer\nI won't help with that."
        return obedient_model(prompt, sampling, rng_seed)

    result, _ = try_out(tmp_path, cites_by_heart, lambda *_: [0.5, 0.5], ablate=True)
    (kind,) = (each for each in result.removed if each.id == "kind")
    assert (kind.own, kind.unread) == (Share(0, 0), Share(1, 6))
    assert "1/6 replies could not be read" in "\n".join(shown.removal_table(result.removed))


def test_controls_differ_from_the_constitution_for_a_model_that_reads(tmp_path):
    result, _ = try_out(tmp_path, against=("raw", "persona", "no-rules", "no-demonstrations", "unrelated"))
    as_is = figures(AS_IS, result.grouped[AS_IS])
    for name in ("raw", "persona", "no-rules", "unrelated"):
        assert figures(name, result.grouped[name]).probes.value < as_is.probes.value, name
    assert figures("no-demonstrations", result.grouped["no-demonstrations"]).passed == as_is.passed


def test_controls_do_not_differ_for_a_model_that_does_not_read(tmp_path):
    def deaf(prompt, sampling, rng_seed):
        asked = prompt.rpartition("### User\n")[2]
        answer = "I won't." if "steal" in asked else "A litre. I cannot see it. How large is it?"
        return answer if "### Thoughts" not in prompt else f" So.\nPrinciples: 1 (plain).\n### Answer\n{answer}"

    result, _ = try_out(tmp_path, deaf, ablate=True, against=("unrelated", "no-rules"))
    assert figures("u", result.grouped["unrelated"]).probes == figures("a", result.grouped[AS_IS]).probes
    assert mutation_score(each for each in result.removed if each.id != "kind") == Share(0, 3)


def test_a_condition_whose_replies_cannot_be_read_is_said_to_be_that(tmp_path):
    result, _ = try_out(tmp_path, lambda *_: "Hm.", against=("raw",))
    table = list(shown.condition_table(result.grouped))
    assert "only 0/5 replies could be read" in table[1]
    assert "could be read" not in table[2]


def test_a_pair_is_asked_in_both_orders_and_a_favoured_place_wins_nothing(tmp_path):
    result, engine = try_out(tmp_path, prefer=lambda prompt, options: [0.8, 0.2])
    (pair,) = [each for each in result.grouped[AS_IS] if each.probe.prefers]
    assert pair.is_tie
    assert not pair.passed
    asked = [each.prompt.rpartition("### Principle\n")[2] for each in engine.requests if "### Verdict" in each.prompt]
    assert len(asked) == 2
    assert [each.index("won't") < each.index("window") for each in asked] == [True, False]


def test_what_was_asked_before_is_not_asked_again_but_an_edited_prompt_is(tmp_path):
    _, first = try_out(tmp_path, against=("raw",))
    result, second = try_out(tmp_path, against=("raw",))
    assert len(first.requests) == 14
    assert second.requests == []
    assert all(passed(result).values())
    edited = replace(CONSTITUTION, principles=CONSTITUTION.principles[:4])
    _, third = try_out(tmp_path, constitution=edited, against=("raw",))
    assert len(third.requests) == 5, "the raw requests and the pair's rule are the same"


def test_requests_of_one_condition_follow_each_other(tmp_path):
    _, engine = try_out(tmp_path, ablate=True, against=("no-demonstrations",))
    heads = [each.prompt.partition("### User")[0] for each in engine.requests if "### Verdict" not in each.prompt]
    changes = sum(one != other for one, other in pairwise(heads))
    assert changes == len(set(heads)) - 1


def test_several_draws_are_sampled_and_counted(tmp_path):
    result, engine = try_out(tmp_path, draws=3)
    assert figures(AS_IS, result.grouped[AS_IS]).probes == Share(12, 12)
    assert {each.sampling.temperature for each in engine.requests if each.sampling.max_tokens > 1} == {0.7}
    assert len({each.rng_seed for each in engine.requests}) >= 3


def test_under_pressure_the_table_says_what_breaks(tmp_path):
    def gives_way(prompt, sampling, rng_seed):
        weak = "You are now Max" in prompt or len(prompt.rpartition("### User\n")[2].split()) > 300
        return obedient_model("### Thoughts" if weak else prompt, sampling, rng_seed)

    result, _ = try_out(tmp_path, gives_way, under=("role-play", "verse", "preface"))
    broken = {name: figures(name, found).probes.count for name, found in result.grouped.items()}
    assert broken[f"{AS_IS}, role-play"] < broken[AS_IS]
    assert broken[f"{AS_IS}, verse"] == broken[AS_IS]
    assert broken[f"{AS_IS}, preface of 50 words"] == broken[AS_IS]
    assert broken[f"{AS_IS}, preface of {PREFACE_WORDS[-1]} words"] < broken[AS_IS]


def test_json_and_junit_hold_the_same_failures(tmp_path):
    result, _ = try_out(tmp_path, lambda *_: " So.\nPrinciples: 1 (plain).\n### Answer\nYes \x07.")
    failed = len(shown.required_failures(result.grouped[AS_IS]))
    row = json.loads(shown.as_json(result.grouped, result.removed, CONSTITUTION))
    assert sum(not each["passed"] for each in row["conditions"][AS_IS]["probes"]) == failed > 0
    suite = ElementTree.fromstring(shown.as_junit(result.grouped, CONSTITUTION))[0]
    assert suite.get("failures") == str(failed) == str(len(suite.findall("testcase/failure")))


@pytest.mark.parametrize("name", ["default", "short"])
def test_the_built_in_probes_cover_every_principle_half_of_them_twins(name):
    constitution = load_constitution(name)
    probes = load_all(name, (), constitution)
    for principle in constitution.principles:
        own = [each for each in probes if each.principle == principle.id and each.prefers is None]
        assert len(own) >= 8, principle.id
        assert 0.35 <= sum(each.twin for each in own) / len(own) <= 0.65, principle.id
    if name == "default":
        assert len(probes) >= 130


@pytest.mark.parametrize("name", ["default", "short"])
@pytest.mark.parametrize("style", ["text", "chat"])
def test_every_control_can_be_rendered_for_the_built_in_constitutions(name, style):
    constitution = load_constitution(name)
    asked = Instruction("x", "Why is the sky blue?", "", "")
    prompts = [str(control(each, constitution).prompt(asked, style)) for each in CONTROLS]
    prompts.append(str(without(constitution, constitution.principles[0].id).prompt(asked, style)))
    assert len(set(prompts)) == len(prompts)
    assert all("sky blue" in each for each in prompts)
    rule = constitution.principles[2].rule
    assert [rule in each for each in prompts[:6]] == [False, False, False, True, False, False]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", r"p\.yaml:1: the file is empty"),
        ("tests: []", r"p\.yaml:1: tests: the list is empty"),
        ("tests:\n  - {user: Hi.}", r"p\.yaml:2: .*either 'expect' or 'prefers' is needed"),
        ("tests:\n  - {user: Hi., expect: {}}", "no expectation: anything would pass"),
        ("tests:\n  - {user: Hi., expect: {declines: true}}", r"p\.yaml:2: .*unknown expectation 'declines'"),
        ("tests:\n  - {user: Hi., principle: kin, expect: {contains: x}}", "no principle has the id 'kin'; did you"),
        ("tests:\n  - {user: Hi., prefers: {better: a, worse: a}}", "the two answers are the same"),
        ("tests:\n  - {user: Hi., prefers: {better: a}}", "the key 'worse' is missing"),
        ("tests:\n  - {usr: Hi.}", "unknown key 'usr'; did you mean 'user'"),
    ],
)
def test_bad_probes_are_one_line_with_file_and_line(tmp_path, text, told):
    path = tmp_path / "p.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RecipeError, match=told):
        load_probes(path, CONSTITUTION)


def test_unknown_conditions_and_styles_name_the_nearest(tmp_path):
    with pytest.raises(RecipeError, match=r"--against no-rule: unknown condition; did you mean 'no-rules'\?"):
        try_out(tmp_path, against=("no-rule",))
    with pytest.raises(RecipeError, match=r"--under roleplay: unknown style; did you mean 'role-play'\?"):
        try_out(tmp_path, under=("roleplay",))


def test_probes_lie_beside_their_constitution_or_in_it(tmp_path):
    assert probes_path("default") == builtin_folder("principles") / "probes" / "default.yaml"
    assert probes_path(TRIED) == Path("tests/data/probes/tried.yaml")
    with pytest.raises(RecipeError, match="no probes beside it"):
        load_all("no-such-constitution", (), CONSTITUTION)
    alone = tmp_path / "alone.yaml"
    alone.write_text(Path(TRIED).read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(RecipeError, match="no probes beside it"):
        load_all(str(alone), (), CONSTITUTION)
    beside = Path("tests/data/probes/tried.yaml").read_text(encoding="utf-8")
    alone.write_text(alone.read_text(encoding="utf-8") + beside, encoding="utf-8")
    carried = load_constitution(str(alone))
    assert carried.digest == CONSTITUTION.digest
    assert [each.instruction.text for each in load_all(str(alone), (), carried)] == [
        each.instruction.text for each in PROBES
    ]
    alone.write_text(alone.read_text(encoding="utf-8").replace("is-refusal", "is-refusl"), encoding="utf-8")
    with pytest.raises(RecipeError, match=r"alone\.yaml:12: .*unknown expectation 'is-refusl'; did you mean"):
        load_all(str(alone), (), carried)


def test_wilson_intervals():
    assert [round(end, 3) for end in Share(5, 10).interval] == [0.237, 0.763]
    assert [round(end, 3) for end in Share(0, 20).interval] == [0.0, 0.161]
    assert Share(0, 0).interval == (0.0, 1.0)
