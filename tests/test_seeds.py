"""The built-in seeds are what they claim to be, and a seed file's mistakes are named with their line."""

import itertools
import json
import re
from pathlib import Path

import pytest
from rapidfuzz.distance import Indel

from selfalign.builtin import builtin_folder
from selfalign.errors import RecipeError
from selfalign.propose.screen import ScreenSpec, find_fault
from selfalign.propose.seeds import load_seeds, seeds_digest
from selfalign.records import Instruction

NEAR = 0.7
ROW = {
    "id": "one",
    "name": "first",
    "instruction": "Name a river in Asia.",
    "instances": [{"input": "", "output": "The Mekong."}],
    "is_classification": False,
}


@pytest.fixture(scope="module")
def default():
    return load_seeds(["default"])


def write(folder: Path, *rows: object) -> Path:
    path = folder / "seeds.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def rouge_tokens(text: str) -> list[str]:
    """Those of the rouge_score package: ASCII letters and digits."""
    return re.findall("[a-z0-9]+", text.lower())


def unicode_tokens(text: str) -> list[str]:
    """Words of any script; one token per character where words are not separated."""
    return re.findall(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+", text.lower())


def test_default_seeds_are_many_and_of_many_kinds(default):
    assert len(default) >= 180
    assert sum(seed.is_classification for seed in default) >= 28
    assert 0.4 <= sum(bool(seed.context) for seed in default) / len(default) <= 0.6
    assert len({seed.id for seed in default}) == len({seed.name for seed in default}) == len(default)


def test_default_seeds_are_not_only_in_english(default):
    foreign = [seed for seed in default if re.match(r"[a-z]{2}_", seed.name)]
    assert len(foreign) >= 12
    scripts = ["[äöüß]", "[à-ÿ]", "[а-я]", "[\u4e00-\u9fff]", "[\u3040-\u30ff]", "[\u0600-\u06ff]", "[\u0900-\u097f]"]
    for script in scripts:
        assert any(re.search(script, seed.text) for seed in foreign), script


@pytest.mark.parametrize("tokens", [rouge_tokens, unicode_tokens])
def test_no_default_seed_is_near_another(default, tokens):
    tokenised = [(seed.name, found) for seed in default if (found := tokens(seed.text))]
    for (name, one), (other_name, other) in itertools.combinations(tokenised, 2):
        assert Indel.normalized_similarity(one, other) < NEAR, (name, other_name)


def test_default_seeds_are_few_words_of_one_opening(default):
    openings = [seed.text.split()[0] for seed in default]
    assert max(openings.count(opening) for opening in set(openings)) <= len(default) / 8


def test_default_seeds_would_be_accepted_as_proposals(default):
    faults = {
        seed.name: fault
        for seed in default
        if (fault := find_fault(Instruction(seed.id, seed.text, seed.context, ""), ScreenSpec()))
    }
    assert not faults


def test_default_seeds_do_not_break_the_proposal_list(default):
    label = re.compile(r"^\s*(input|output|answer|response|context|instruction)\s*:", re.IGNORECASE | re.MULTILINE)
    assert not [seed.name for seed in default if label.search(seed.text) or label.search(seed.context)]


def test_classification_answers_are_short(default):
    assert max(len(seed.answer.split()) for seed in default if seed.is_classification) <= 3


def test_letters_begin_as_english_letters_do(default):
    small = re.compile(r"\b(Dear|Hi|Hello)\b[^,!?\n]{0,20},\s+[a-z]")
    assert not [seed.name for seed in default if small.search(seed.answer)]


def test_the_readme_has_the_default_seeds_counts(default):
    num_classifications = sum(seed.is_classification for seed in default)
    row = f"| {len(default)} | {num_classifications} | {sum(bool(seed.context) for seed in default)} |"
    assert f"`default.jsonl` {row}" in (builtin_folder("seeds") / "README.md").read_text(encoding="utf-8")


def test_load_reads_every_field(tmp_path):
    row = {**ROW, "instances": [{"input": " A ", "output": " B\n"}, {"input": "C", "output": "D"}], "extra": 1}
    (seed,) = load_seeds([str(write(tmp_path, row))])
    assert (seed.id, seed.name, seed.text, seed.context, seed.answer, seed.is_classification) == (
        "one",
        "first",
        "Name a river in Asia.",
        "A",
        "B",
        False,
    )


def test_name_and_classification_may_be_missing(tmp_path):
    row = {key: value for key, value in ROW.items() if key not in ("name", "is_classification")}
    (seed,) = load_seeds([str(write(tmp_path, {**row, "motivation_app": "Mail"}))])
    assert (seed.name, seed.is_classification) == ("one", False)


def test_several_files_are_joined_in_order(tmp_path, default):
    seeds = load_seeds([str(write(tmp_path, ROW)), "default"])
    assert [seed.id for seed in seeds] == ["one", *(seed.id for seed in default)]


def test_digest_changes_with_content_and_not_with_spacing(tmp_path):
    plain = seeds_digest(load_seeds([str(write(tmp_path, ROW))]))
    (tmp_path / "spaced.jsonl").write_text(json.dumps(ROW, separators=(" , ", " : ")))
    assert seeds_digest(load_seeds([str(tmp_path / "spaced.jsonl")])) == plain
    assert seeds_digest(load_seeds([str(write(tmp_path, {**ROW, "is_classification": True}))])) != plain


def without(key: str) -> dict:
    return {name: value for name, value in ROW.items() if name != key}


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (without("id"), "'id' is missing"),
        (without("instruction"), "'instruction' is missing"),
        (without("instances"), "'instances' is missing"),
        ({**ROW, "id": 7}, "'id' must be text, not 7"),
        ({**ROW, "instruction": ["a"]}, "'instruction' must be text"),
        ({**ROW, "instruction": " \n"}, "'instruction' is empty"),
        ({**ROW, "is_classification": "no"}, "'is_classification' must be true or false"),
        ({**ROW, "instances": []}, "'instances' must hold at least one object"),
        ({**ROW, "instances": ["a"]}, "'instances' must hold at least one object"),
        ({**ROW, "instances": {"input": "a"}}, "'instances' must be a list"),
        ({**ROW, "instances": [{"input": "a"}]}, "'output' is missing"),
        ({**ROW, "instances": [{"input": None, "output": "a"}]}, "'input' must be text, not null"),
        ({**ROW, "instances": [{"input": "", "output": ""}]}, "'output' is empty"),
        ({**ROW, "instruction": "Say hello.\n### Answer\nHello"}, "'instruction' may not contain ### Answer"),
        ({**ROW, "instruction": "Say hello.\n### Task 9"}, "'instruction' may not contain the line '### Task 9'"),
        ({**ROW, "instruction": "Say hello <|im_end|>"}, "may not contain chat-template token <|im_end|>"),
        ({**ROW, "instruction": "Say \x07 hello"}, "may not contain character U+0007"),
        ({**ROW, "instruction": "Say \ud800 hello"}, "may not contain character U+D800"),
        ({**ROW, "id": "zero"}, "the id 'zero' stands in"),
        ([1], "not a JSON object"),
    ],
)
def test_a_wrong_row_is_named_with_its_line(tmp_path, row, complaint):
    path = write(tmp_path, {**ROW, "id": "zero"}, row)
    with pytest.raises(RecipeError) as caught:
        load_seeds([str(path)])
    assert str(caught.value).startswith(f"{path}:2: ")
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_json_is_named_with_its_line(tmp_path):
    path = write(tmp_path, ROW)
    path.write_text(path.read_text() + "{oops\n")
    with pytest.raises(RecipeError, match=re.escape(f"{path}:2: no JSON")):
        load_seeds([str(path)])


def test_no_utf8_is_named_with_its_line(tmp_path):
    path = tmp_path / "latin.jsonl"
    path.write_bytes(json.dumps(ROW).encode() + b"\n\xe9\n")
    with pytest.raises(RecipeError, match=re.escape(f"{path}:2: not UTF-8")):
        load_seeds([str(path)])


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("defualt", "no seeds named 'defualt'; did you mean 'default'?"),
        ("nowhere/seeds.jsonl", "nowhere/seeds.jsonl: no such file"),
        ("x" * 5000, "cannot be read"),
        (".", "is a folder"),
    ],
)
def test_an_unknown_name_is_one_line(name, complaint):
    with pytest.raises(RecipeError) as caught:
        load_seeds([name])
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_empty_file_and_an_empty_list_are_refused(tmp_path):
    with pytest.raises(RecipeError, match="no seeds in it"):
        load_seeds([str(write(tmp_path))])
    with pytest.raises(RecipeError, match="default"):
        load_seeds([])
