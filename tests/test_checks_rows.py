"""The checks on the rows of tests/data that were written apart from the rules; only their open part is asserted on."""

import json
from pathlib import Path

import pytest

from selfalign.align.constitution import load_constitution
from selfalign.checks import ChecksSpec, Compliance, Subject, is_placeholder, recites, refusal_of, run_checks
from selfalign.checks.languages import language_of
from selfalign.records import Instruction, Verdict

DATA = Path(__file__).parent / "data"
CONSTITUTION = load_constitution("default")
IDS = {item.name.lower(): item.id for item in CONSTITUTION.principles}


def open_rows(name: str) -> list[dict]:
    rows = map(json.loads, (DATA / name).read_text(encoding="utf-8").splitlines())
    return [row for row in rows if row["part"] == "open"]


def found(row: dict) -> bool:
    """Whether the check that a row is about finds anything in it."""
    instruction = Instruction(row["id"], row["instruction"], row["context"], "")
    subject = Subject(instruction, row["thought"], row["answer"], tuple(IDS[name.lower()] for name in row["cited"]))
    results = run_checks(subject, CONSTITUTION, ChecksSpec())
    return next(each for each in results if each.name == row["check"]).verdict is not Verdict.PASS


def test_no_good_row_is_found_and_three_bad_ones_in_four_are():
    rows = [row for row in open_rows("checks.jsonl") if row["check"] != "principle_conflict"]
    assert [row["id"] for row in rows if row["good"] and found(row)] == []
    bad = [row for row in rows if not row["good"]]
    assert sum(map(found, bad)) >= 0.75 * len(bad)


@pytest.mark.parametrize("english", [True, False])
def test_refusals_in_english_and_in_thirty_other_languages(english):
    rows = [row for row in open_rows("refusals.jsonl") if (row["language"] == "en") is english]
    declines = {
        row["id"]: refusal_of(row["answer"], row["instruction"]).stance is not Compliance.COMPLIES for row in rows
    }
    refusals = [row for row in rows if row["stance"] == "refusal"]
    complying = [row for row in rows if row["stance"] == "none"]
    assert sum(declines[row["id"]] for row in refusals) >= 0.95 * len(refusals)
    assert sum(declines[row["id"]] for row in complying) <= 0.02 * len(complying)


@pytest.mark.parametrize("text", ["...", "N/A", "TBD", "<answer>", "{answer}", "[Hier Antwort einfügen]", "____", ""])
def test_placeholders(text):
    assert is_placeholder(text)


@pytest.mark.parametrize("text", ["42.", "[0, 1)", "`[item]`", "No.", "<br>", '{"a": 1}', "[NAME] called [NAME]."])
def test_short_answers_are_no_placeholders(text):
    assert not is_placeholder(text)


def test_a_rule_is_recited_whoever_speaks():
    assert recites("I put the strongest case of each main side fairly and with facts, and stop.", CONSTITUTION)
    assert recites(f"Window. {CONSTITUTION.principles[15].rule}", CONSTITUTION)
    assert not recites("Candor means that we say plainly what we do not know.", CONSTITUTION)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("de", "Wie komme ich zum Bahnhof?"),
        ("es", "¿Cómo llego a la estación?"),
        ("it", "Come arrivo alla stazione?"),
        ("pl", "Jak dojść na dworzec?"),
        ("uk", "Як дістатися до вокзалу?"),
        ("vi", "Làm sao để đến nhà ga?"),
        ("ko", "역에 어떻게 가나요?"),
        ("ja", "駅へはどう行けばいいですか。"),
        (None, "42 kg, 17 m, 3 °C"),
        (None, "Paris"),
    ],
)
def test_languages_of_short_texts(code, text):
    assert language_of(text) == code


def test_a_judge_may_take_the_place_of_the_wording():
    judged = refusal_of("I can't help with that.")
    subject = Subject(Instruction("p0", "Name a river.", "", ""), "", "The Rhine.", (), judged=judged)
    result = next(each for each in run_checks(subject, None, ChecksSpec()) if each.name == "refusal")
    assert result.verdict is Verdict.FLAG
