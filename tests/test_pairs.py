"""Contrast pairs: what is asked for, which pairs are left out and why, and what a run makes of it."""

import json
import random
import re
from dataclasses import replace

import pytest
from run_fixtures import example, write_run
from test_generate import Killed, journal_bytes, killer, run
from test_report import Content
from worlds import dataset_bytes, read_sources_once, world_model, world_recipe

from selfalign import report
from selfalign.align import load_constitution, read_again
from selfalign.align.contrast import PairsSpec, contrary_of
from selfalign.dataset import export as dataset
from selfalign.dataset.pairs import PairFigures, PairTally
from selfalign.dataset.summary import read_summary
from selfalign.errors import RecipeError, RunDirError
from selfalign.publish.vet import object_to
from selfalign.records import CheckResult, Completion, Contrast, FailureReason, Usage, Verdict
from selfalign.run import directory as rundir
from selfalign.show.browse import show_examples
from selfalign.show.preview import preview
from selfalign.show.status import describe

HARBOUR = "The harbour of Quito does not exist, since the city lies high in the Andes, far from any sea or river."
TRAINS = "Trains run every hour, and the last one leaves a little before midnight from the second platform."
WALK = "It takes 20 minutes on foot and a little less by bus, since buses do not wait."
GERMAN = "Die Stadt liegt hoch in den Anden, weit weg vom Meer, und hat deshalb keinen Hafen."
FLAG = CheckResult("loop", Verdict.FLAG, 4.0, "repeats")
USAGE = Usage(9, 8, 7)


def contrasted(number, answer, *others, checks=()):
    found = tuple(Contrast(rung, text, USAGE, text) for rung, text in zip(("raw", "rules"), others, strict=False))
    return replace(example(number, answer), contrasts=found, checks=checks)


def reason_of(chosen, rejected, *, checks=()):
    pairs, unpaired = PairTally(PairsSpec(), ("loop",)).add(contrasted(1, chosen, rejected, checks=checks))
    assert len(pairs) + len(unpaired) == 1
    return unpaired[0].reason if unpaired else None


@pytest.mark.parametrize(
    ("chosen", "rejected", "reason"),
    [
        (HARBOUR, TRAINS, None),
        (HARBOUR, HARBOUR, "only_form"),
        (HARBOUR, f"**{HARBOUR[:20]}** {HARBOUR[20:].upper()}\n", "only_form"),
        (f"- {HARBOUR}\n- {TRAINS}", f"1. {HARBOUR}\n2. {TRAINS}", "only_form"),
        (HARBOUR, HARBOUR.replace("high", "up").replace("far", "away"), "same_substance"),
        (HARBOUR, HARBOUR.replace("not ", "still "), None),
        (WALK, WALK.replace("20", "90"), None),
        (HARBOUR, f"Good question, thank you! {HARBOUR} I hope that this helps; ask me anything else.", "only_length"),
        ("Paris is the capital of France, as everybody knows.", "Paris.", "only_length"),
        ("I can't help with that.", f"I can't help with that. {TRAINS} {HARBOUR} {TRAINS}", None),
        (HARBOUR, GERMAN, "other_language"),
    ],
)  # fmt: skip
def test_a_pair_that_teaches_the_wrong_thing_is_left_out_with_its_reason(chosen, rejected, reason):
    assert reason_of(chosen, rejected) == reason


def test_an_answer_that_the_checks_like_less_is_not_chosen_but_a_refusal_may_be():
    assert reason_of(HARBOUR, TRAINS, checks=(FLAG,)) == "chosen_worse"
    declines = CheckResult("refusal", Verdict.FLAG, 1.0, "refuses: it declines")
    assert reason_of("I will not help to trick anybody.", TRAINS, checks=(declines,)) is None


def test_on_a_ladder_neighbours_make_pairs_and_a_broken_rung_is_stepped_over():
    tally = PairTally(PairsSpec(contrast="ladder"), ())
    other = "Nobody has ever asked for a boat up there; take the cable car to the volcano instead."
    pairs, unpaired = tally.add(contrasted(1, HARBOUR, TRAINS, other))
    assert [(pair.chosen.answer, pair.rejected.answer) for pair in pairs] == [(HARBOUR, other), (other, TRAINS)]
    broken = Contrast("rules", "", USAGE, reason=FailureReason.EMPTY, detail="the answer is empty")
    whole = contrasted(2, HARBOUR, TRAINS)
    pairs, unpaired = tally.add(replace(whole, contrasts=(*whole.contrasts, broken)))
    assert [(pair.chosen.rung, pair.rejected.rung) for pair in pairs] == [("aligned", "raw")]
    assert [(each.rejected, each.reason) for each in unpaired] == [("rules", "broken")]
    figures = tally.figures()
    assert figures.num_pairs == 3
    assert figures.left_out == {"broken": 1}
    assert (figures.chosen_longer, figures.rejected_longer) == (2, 0)  # the third pair's sides are equally long


def test_lopsided_pairs_are_warned_about():
    figures = PairFigures(100, chosen_longer=71, rejected_longer=20, chosen_refuses=40, rejected_refuses=5)
    length, refusals = figures.warnings
    assert "chosen side is the longer one in 71%" in length
    assert "40% of the chosen sides and 5% of the rejected ones refuse" in refusals
    assert not replace(figures, chosen_longer=70, chosen_refuses=20).warnings
    assert not replace(figures, num_pairs=9, chosen_longer=9).warnings


def test_caps_leave_out_the_surplus_of_lopsided_pairs_and_hold_exactly(tmp_path):
    longer = [contrasted(number, f"{HARBOUR} {number} boats.", f"Go by train {number}.") for number in range(12)]
    shorter = [contrasted(number, f"Go by train {number}.", f"{HARBOUR} {number} boats.") for number in range(12, 18)]
    refusing = [contrasted(number, f"I won't help with that, {number}.", TRAINS) for number in range(18, 21)]
    path, caps = tmp_path / "run", {"max_longer_share": 0.55}
    dataset.export(write_run(path, [*longer, *shorter, *refusing], {"pairs": caps}))
    pairs = read_summary(path).pairs
    assert (pairs.num_pairs, pairs.chosen_longer, pairs.rejected_longer) == (20, 11, 9)
    assert pairs.left_out == {"longer_chosen": 1}
    write_run(path, [], {"pairs": caps | {"max_refusal_share": 0.1}})
    told = [json.loads(line) for line in (dataset.export(path) / "unpaired.jsonl").read_text().splitlines()]
    assert [each["reason"] for each in told] == ["longer_chosen"] * 4 + ["refusing_chosen"] * 2
    assert [each["id"] for each in told if each["reason"] == "refusing_chosen"] == ["p0000019-00", "p0000020-00"]


def pairs_world(prompt, sampling, rng_seed):
    """The world's model, which also answers raw turns (badly at times), lapses into German, and revises that."""
    if "\n### Critique\n" in prompt:
        answer = "" if rng_seed % 2 else f"{TRAINS} {rng_seed}"
        reply = f" It is not in English.\n### Thoughts\nA slip.\nPrinciples: 3 (helpful).\n### Answer\n{answer}"
        return Completion(reply, "stop", Usage(6, 0, 30))
    if not prompt.endswith("### Answer\n"):
        if rng_seed % 4 == 0 and not prompt.endswith("Instruction:"):
            return Completion(f" Plain.\nPrinciples: 3 (helpful).\n### Answer\n{GERMAN}", "stop", Usage(5, 0, 20))
        return world_model(prompt, sampling, rng_seed)
    kinds = (HARBOUR, f"{TRAINS} {rng_seed}", "", "<|im_end|>", "one\n### Draft\ntwo")
    answer = kinds[rng_seed % len(kinds)]
    return Completion(answer, "length" if rng_seed % 11 == 0 else "stop", Usage(5, 0, len(answer) // 4))


@pytest.mark.parametrize("contrast", ["raw", "contrary", "ladder"])
def test_every_example_gets_its_contrasts_and_every_contrast_ends_in_one_place(tmp_path, contrast):
    asked = []

    def respond(prompt, sampling, rng_seed):
        if prompt.endswith("### Answer\n"):
            asked.append(prompt)
        return pairs_world(prompt, sampling, rng_seed)

    path = tmp_path / "run"
    counters = run(path, world_recipe(pairs__contrast=contrast), respond)
    outcomes = list(rundir.read_outcomes(path))
    found = [each for outcome in outcomes for each in outcome.contrasts]
    default, checks = load_constitution("default"), world_recipe().checks
    assert [read_again(outcome, default, checks) for outcome in outcomes] == outcomes
    assert len(asked) == len(found) == counters.num_contrasts
    assert counters.num_contrasts == counters.num_examples * (2 if contrast == "ladder" else 1)
    assert counters.pairs_usage.output_tokens == sum(each.usage.output_tokens for each in found) > 0
    assert counters.usage.output_tokens > counters.align_usage.output_tokens + counters.propose_usage.output_tokens
    assert all(("## Principles" in prompt) == ("opposite" in prompt) for prompt in asked) == (contrast != "ladder")
    folder = dataset.export(path)
    pairs = read_summary(path).pairs
    assert pairs.num_pairs + pairs.left_out.total() == counters.num_contrasts
    told = [json.loads(line) for line in (folder / "unpaired.jsonl").read_text().splitlines()]
    assert len(told) == pairs.left_out.total() > 0
    assert {each.reason for each in found if not each.answer} >= {FailureReason.EMPTY, FailureReason.UNPARSEABLE}


def test_a_run_with_pairs_and_revising_resumes_byte_for_byte_at_every_kill_point(tmp_path, monkeypatch):
    read_sources_once(monkeypatch)
    recipe = world_recipe(pairs__contrast="ladder", revise="{}", propose__target=8)
    counters = run(tmp_path / "whole", recipe, pairs_world)
    assert 0 < counters.num_recovered < counters.num_revised
    expected = dataset_bytes(dataset.export(tmp_path / "whole"))
    assert any(name.startswith("preference/train-") for name in expected)
    rng, total = random.Random(7), journal_bytes(tmp_path / "whole")
    for number in range(8):
        path = tmp_path / f"kill-{number}" / "whole"
        with monkeypatch.context() as patched:
            patched.setattr(rundir.os, "write", killer(rng.randrange(total)))
            with pytest.raises((Killed, BaseExceptionGroup)):
                run(path, recipe, pairs_world, delay=lambda seed, salt=number: (seed * (salt + 1)) % 5 / 20000)
        assert run(path, recipe, pairs_world, delay=0.0).num_unanswered == 0
        assert dataset_bytes(dataset.export(path)) == expected


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"pairs__contrast": "worse"}, r"pairs\.contrast: one of raw, contrary, ladder, not 'worse'"),
        ({"pairs__contrasts": "raw"}, r"pairs\.contrasts: unknown key; did you mean 'contrast'"),
        ({"pairs__contrary": "bad.yaml"}, r"pairs\.contrary: is for contrast: contrary, not for raw"),
        ({"pairs__max_similarity": "1.5"}, r"pairs\.max_similarity: must be above 0 and at most 1, is 1\.5"),
        ({"pairs__max_longer_share": "0.3"}, r"pairs\.max_longer_share: must lie between 0\.5 and 1, is 0\.3"),
        ({"pairs__sampling": "{max_tokens: 0}"}, r"pairs\.sampling\.max_tokens: must lie between"),
        ({"revise": "3"}, r"revise: a mapping is needed, not 3"),
        ({"revise__rounds": "2"}, r"revise\.rounds: unknown key"),
    ],
)
def test_a_bad_recipe_is_one_line(changes, complaint):
    with pytest.raises(RecipeError, match=complaint) as raised:
        world_recipe(**changes)
    assert "\n" not in str(raised.value)


def test_a_contrary_constitution_of_ones_own_is_shown_and_may_not_change(tmp_path):
    own = tmp_path / "contrary.yaml"
    text = (
        "name: contrary\npersona: {name: X, maker: Y, knowledge_date: June 2020, character: rude}\n"
        'principles: [{id: rude, name: rude, rule: "{name} is rude to everybody."}]\n'
        "demonstrations: [{user: Hi., thought: A greeting., cites: [rude], answer: Go away.}]\n"
    )
    own.write_text(text)
    recipe = world_recipe(pairs=f"{{contrast: contrary, contrary: {own}}}", propose__target=8)
    asked = []

    def respond(prompt, sampling, rng_seed):
        asked.append(prompt)
        return pairs_world(prompt, sampling, rng_seed)

    run(tmp_path / "run", recipe, respond)
    contrary = next(prompt for prompt in asked if prompt.endswith("### Answer\n"))
    assert "1 (rude). Ardwen is rude to everybody.\n\n### User\nHi.\n### Answer\nGo away.\n\n### User\n" in contrary
    own.write_text(text.replace("everybody", "nobody"))
    with pytest.raises(RunDirError, match="the contrary changed since this run began"):
        run(tmp_path / "run", recipe, respond)


def test_the_contrary_turns_every_rule_round_and_shows_none_of_them_in_use():
    default = load_constitution("default")
    contrary = contrary_of(default)
    assert not contrary.demonstrations
    for turned, rule in zip(contrary.principles, default.principles, strict=True):
        assert turned.rule.endswith(rule.rule)
        assert "opposite" in turned.rule


def test_a_run_without_pairs_has_no_such_configuration(tmp_path):
    folder = dataset.export(write_run(tmp_path / "run", [example(1)]))
    assert not (folder / "preference").exists()
    assert not (folder / "unpaired.jsonl").exists()
    assert read_summary(tmp_path / "run").pairs is None


def test_pairs_and_revising_and_their_cost_are_told_wherever_a_run_is_looked_at(tmp_path):
    path, recipe = tmp_path / "run", world_recipe(pairs__contrast="ladder", revise="{}", propose__target=60)
    counters = run(path, recipe, pairs_world)
    card = (dataset.export(path) / "README.md").read_text()
    pairs, whole = read_summary(path).pairs, counters.usage.output_tokens
    part = f"{counters.pairs_usage.output_tokens / whole:.1%}"
    status = list(describe(path))
    assert f"pairs     {counters.num_contrasts} contrasting answers; " in "\n".join(status)
    took = [line for line in status if line.startswith("pairs ") and line.endswith("% of the requests' time")]
    assert [f" tokens written, {part} of all; " in line for line in took] == [True]
    assert any(re.match(rf"revise    {counters.num_recovered} of {counters.num_revised} failed", it) for it in status)
    assert any(
        line.startswith(f"pairs     {pairs.num_pairs} pairs, {pairs.left_out.total()} left out (") for line in status
    )
    assert f"| Of {pairs.num_pairs} pairs | Chosen | Rejected |" in card
    assert f"| broken | {pairs.left_out['broken']} |" in card
    assert f"| Tokens for pairs | {counters.pairs_usage.output_tokens:,} written, {part} of all" in card
    page = Content(report.write_report(path))
    beside = page.facts["beside"]
    assert ["Preference pairs", str(pairs.num_pairs)] in beside["lines"]
    assert any(name.startswith("Tokens for pairs: ") and value == part for name, value in beside["lines"])
    saved = next(row for row in page.rows("examples") if row.get("beside") and row["beside"][0] == ["Draft", GERMAN])
    titles = [title for title, _ in saved["beside"]]
    assert titles == ["Draft", "Critique by helpful", "Contrast, raw", "Contrast, rules"]
    shown = "\n".join(show_examples(path, which="examples", principle=None, grep=TRAINS[:40], limit=99))
    assert re.search(r"draft +Die Stadt.*\n +.*\n? *why +language: .*\n +critique +\(helpful\) It is not", shown)
    assert re.search(r"\n  raw +\S", shown)
    titles = [line for line in preview(recipe) if ": the prompt for the first seed" in line]
    assert [title.split(":")[0].strip("\n- ") for title in titles] == ["align", "revise", "pairs, raw", "pairs, rules"]


def test_a_secret_in_a_rejected_answer_stands_against_publishing(tmp_path):
    path = write_run(tmp_path / "run", [contrasted(1, HARBOUR, f"{TRAINS} AKIA{'Z3XQ' * 4}")], {"pairs": {}})
    objections = object_to(path, dataset.export(path), with_report=False, decontaminate=())
    assert [each.text for each in objections if each.name == "secrets" and "contrasts" in each.text]
