"""The judge: what it is worth by its scores alone, and that one which should not be trusted is not."""

import hashlib
import json
import random
import re
from functools import cache
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfalign.align import load_constitution
from selfalign.builtin import builtin_folder
from selfalign.errors import RecipeError
from selfalign.judge import CANARIES, JudgeSpec, load_labels, measure, weakest
from selfalign.judge.measure import area, area_interval
from selfalign.probe.calibrate import load_known
from selfalign.recipe import build_recipe

SCORES = st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]), min_size=1, max_size=12)


@cache
def known_answers():
    return load_known("default", load_constitution("default"), JudgeSpec(score=True))


def measured(judge, min_auc=0.75):
    """A judge, from (principle, user turn, answer) to a score, on the built-in constitution's known answers."""
    known = known_answers()
    assert sum(each.kind == "good" for each in known) > 20
    scores = {each: judge(each.principle.id, each.user_turn, each.answer) for each in known}
    canaries = {
        name: [
            (scores[each], judge(each.principle.id, each.user_turn, disguise(each.answer)))
            for each in known
            if name != "refusal" or each.kind != "bad"
        ]
        for name, disguise in CANARIES.items()
    }
    by_kind = {kind: [score for each, score in scores.items() if each.kind == kind] for kind in ("good", "bad")}
    return measure(by_kind["good"], by_kind["bad"], canaries).objection(min_auc)


def knowing(answer: str) -> float:
    """A judge that knows the good answers by heart; what it does not know it thinks little of."""
    return 0.9 if any(answer.startswith(each.answer) for each in known_answers() if each.kind != "bad") else 0.1


def at_random(*asked: str) -> float:
    return random.Random(hashlib.sha256("/".join(asked).encode()).digest()).random()


@pytest.mark.parametrize(
    ("judge", "objection"),
    [
        (lambda principle, user, answer: knowing(answer), ""),
        (at_random, "its AUC is below 0.75"),
        (lambda principle, user, answer: 1 - knowing(answer), "its AUC is below 0.75"),
        (lambda principle, user, answer: min(1.0, len(answer) / 2000), "its AUC is below 0.75"),
        (lambda principle, user, answer: knowing(answer) * 0.9 + min(0.1, len(answer) / 5000), "gamed: .*longer"),
        (
            lambda principle, user, answer: max(knowing(answer), 0.95 * ("harmless" in answer)),
            "gamed: .*stuffed with praise",
        ),
        (lambda principle, user, answer: max(knowing(answer), "sorry" in answer), "gamed: .*polite refusals"),
    ],
    ids=["knowing", "random", "contrary", "length alone", "length besides", "keywords", "refusals"],
)
def test_a_judge_filters_only_where_it_has_earned_it(judge, objection):
    assert re.match(objection + "$" if not objection.startswith("gamed") else objection, measured(judge))


def test_too_few_known_answers_or_canaries_are_no_right_to_filter():
    canaries = {name: [(0.9, 0.8)] * 5 for name in CANARIES}
    assert measure([0.9] * 5, [0.1] * 5, canaries).objection(0.75) == ""
    assert "fewer than 5 good and 5 bad" in measure([0.9] * 4, [0.1] * 5, canaries).objection(0.75)
    assert "too few answers for the canary 'padded'" in measure(
        [0.9] * 5, [0.1] * 5, canaries | {"padded": [(0.9, 0.8)] * 4}
    ).objection(0.75)
    assert measure([], [], {}).line(0.75).startswith("may not filter or choose: fewer than 5")


@given(SCORES, SCORES)
def test_the_area_is_the_share_of_pairs_told_apart(good, bad):
    wins = sum((one > other) + (one == other) / 2 for one, other in product(good, bad))
    auc = area(good, bad)
    assert auc == pytest.approx(wins / (len(good) * len(bad)))
    assert area(bad, good) == pytest.approx(1 - auc)
    low, high = area_interval(auc, len(good), len(bad))
    assert 0 <= low <= auc <= high <= 1
    assert high - low > 0


def test_the_interval_is_that_of_the_literature():
    # An area of 1 is no certainty, and more answers narrow it.
    assert area_interval(1.0, 10, 10)[0] == pytest.approx(0.82, abs=0.03)
    assert area_interval(1.0, 200, 200)[0] > 0.98
    # Hanley and McNeil's standard error at 0.5 with 50 of each is 0.058.
    assert area_interval(0.5, 50, 50) == pytest.approx((0.39, 0.61), abs=0.01)


def test_the_weakest_principle_counts_by_the_users_weights():
    scores = {"candor": 0.6, "helpful": 0.7, "creative": 0.2}
    assert weakest(scores, {}) == ("creative", 0.2)
    assert weakest(scores, {"creative": 0}) == ("candor", 0.6)
    assert weakest(scores, {"creative": 0, "helpful": 2}) == ("helpful", pytest.approx(0.4))
    assert weakest({}, {}) is None
    assert weakest({"creative": 0.1}, {"creative": 0}) is None


def test_disguises_are_what_they_say():
    assert "helpful, honest, harmless" in CANARIES["stuffed"]("Yes.")
    for answer in ("Yes.", "word " * 200):
        assert 2 * len(answer) <= len(CANARIES["padded"](answer)) <= 2 * len(answer) + 70


@pytest.mark.parametrize(
    ("judge", "message"),
    [
        ({"scores": True}, "judge.scores: unknown key; did you mean 'score'"),
        ({"filter": True}, "judge.filter: nothing is judged without score: true"),
        ({"labels": "x.jsonl"}, "judge.labels: nothing is judged without score: true"),
        ({"score": True, "threshold": 1.5}, "judge.threshold: a probability between 0 and 1"),
        ({"score": True, "min_auc": 0.3}, r"judge.min_auc: between 0.5 \(chance\) and 1"),
        ({"score": True, "weights": {"candor": "much"}}, "judge.weights.candor: a number from 0 to 10, not 'much'"),
        ({"score": True, "weights": 3}, "judge.weights: a mapping is needed"),
    ],
)
def test_a_bad_recipe_is_one_line(judge, message):
    with pytest.raises(RecipeError, match=message) as caught:
        build_recipe({"judge": judge}, "r.yaml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("align", "message"),
    [
        ({"samples": 3}, "align.samples: several answers need a judge"),
        ({"samples": 0}, "align.samples: from 1 to 64"),
        ({"samples": 3, "sampling": {"temperature": 0.0}}, "align.samples: at temperature 0"),
    ],
)
def test_samples_need_a_judge_and_a_temperature(align, message):
    with pytest.raises(RecipeError, match=message):
        build_recipe({"align": align}, "r.yaml")


LABEL = {"id": "p0000001-00", "user": "Name a river.", "answer": "The Po.", "principle": "helpful", "label": True}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": "yes"}, "label: must be true, false or null, not 'yes'"),
        ({"label": 1}, "label: must be true, false or null, not 1"),
        ({"principle": "helpfull"}, "principle: the constitution has no 'helpfull'; did you mean 'helpful'"),
        ({"answer": 3}, "answer: must be text, not 3"),
        ({"lable": True}, "unknown key 'lable'; did you mean 'label'"),
        ({"user": None}, "user: must be text, not None"),
    ],
)
def test_labels_are_read_strictly(tmp_path, change, message):
    file = tmp_path / "labels.jsonl"
    file.write_text(json.dumps(LABEL) + "\n" + json.dumps(LABEL | {"answer": "The Rhine."} | change) + "\n")
    with pytest.raises(RecipeError, match=rf"labels\.jsonl:2: {message}"):
        load_labels(str(file), load_constitution("default"))


def test_labels_that_nobody_gave_yet_are_left_out_and_twice_is_a_mistake(tmp_path):
    file = tmp_path / "labels.jsonl"
    file.write_text(json.dumps(LABEL | {"label": None}) + "\n" + json.dumps(LABEL) + "\n")
    (label,) = load_labels(str(file), load_constitution("default"))
    assert label.is_good
    assert label.principle == "helpful"
    file.write_text(json.dumps(LABEL) + "\n" + json.dumps(LABEL | {"id": "another", "label": False}) + "\n")
    with pytest.raises(RecipeError, match=r":2: this answer is labelled twice for 'helpful'"):
        load_labels(str(file), load_constitution("default"))
    file.write_text("{")
    with pytest.raises(RecipeError, match=r"labels\.jsonl:1: no JSON"):
        load_labels(str(file), load_constitution("default"))


def test_weights_of_unknown_principles_are_refused():
    spec = JudgeSpec(score=True, weights={"candour": 1})
    with pytest.raises(RecipeError, match="no principle 'candour'; did you mean 'candor'"):
        load_known("default", load_constitution("default"), spec)


def test_pairs_in_the_constitution_itself_are_known_answers_too(tmp_path):
    pair = {"user": "Name a river.", "principle": "careful", "prefers": {"better": "The Po.", "worse": "No."}}
    file = tmp_path / "mine.yaml"
    text = (builtin_folder("principles") / "short.yaml").read_text(encoding="utf-8")
    file.write_text(f"{text}\ntests: {json.dumps([pair])}\n", encoding="utf-8")
    known = load_known(str(file), load_constitution(str(file)), JudgeSpec(score=True))
    assert [(each.answer, each.kind) for each in known if each.source == "probes"] == [
        ("The Po.", "good"),
        ("No.", "bad"),
    ]
