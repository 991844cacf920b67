"""Guides: the built-in one loads, and every mistake in one's own is named with its line."""

import re

import pytest
from guided_world import GUIDE

from selfalign.builtin import builtin_folder
from selfalign.errors import RecipeError
from selfalign.propose import load_guide
from selfalign.records import Cell, Stance


@pytest.fixture
def load(tmp_path):
    def load(text):
        path = tmp_path / "tiny.yaml"
        path.write_text(text, encoding="utf-8")
        return load_guide(str(path))

    return load


def test_the_built_in_guide_has_what_its_readers_are_promised():
    guide = load_guide("default")
    assert len(guide.kinds) >= 40
    assert sum((Stance.HARMFUL, "direct") in [unit[0] for unit in kind.units] for kind in guide.kinds) >= 12
    assert len({line.id for line in guide.lines}) == len(list(guide.lines)) > 300
    assert guide.digest == load_guide(str(builtin_folder("guides") / "default.yaml")).digest


def test_a_harmful_line_and_its_twin_are_one_example_and_one_unit(load):
    fraud = load(GUIDE).kinds[1]
    assert fraud.units == ((("harmful", "direct"), ("benign twin", "direct")),)
    harmful, twin = fraud.examples[1]
    assert harmful.cell == Cell("fraud", "fake shops", "harmful", "direct")
    assert (twin.id, twin.cell) == ("fraud-4", harmful.cell._replace(stance="benign twin"))


def test_what_reaches_no_prompt_does_not_change_the_digest(load):
    digest = load(GUIDE).digest
    assert load(GUIDE.replace("Three kinds", "3 kinds")).digest == digest
    assert load(GUIDE.replace("too salty", "too hot")).digest != digest
    assert load(GUIDE.replace("twins: 1.0", "twins: 0.5")).digest != digest


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("twins: 1.0", "twins: 1.5", 4, "twins: must be a number between 0 and 1, not '1.5'"),
        ("twins: 1.0", "twins: 'all'", 4, "twins: must be a number"),
        ("twins: 1.0", "twin: 1.0", 4, "unknown key 'twin'; did you mean 'twins'?"),
        ("weight: 2.0", "weight: 0x10", 29, "weight: must be a number"),
        ("styles: [direct, verse]\nkinds", "styles: [direct, direct]\nkinds", 5, "'direct' is in the list already"),
        ("stances: [plain]", "stances: [plan]", 9, "unknown: 'plan'; did you mean 'plain'?"),
        ("stances: [harmful, benign twin]", "stances: [harmful]", 19, "harmful and benign twin stand together"),
        (
            "styles: [direct, verse]\n    topics",
            "styles: [rhyme]\n    topics",
            10,
            "unknown: 'rhyme'; known: direct, verse",
        ),
        ("topics: [soups, bread]", "topics: []", 30, "the list is empty"),
        ("topics: [soups, bread]", "topics: [soups; bread]", 30, "without semicolon"),
        ("topics: [soups, bread]", "topics: [Soups, bread]", 30, "must be lower case"),
        ("topics: [soups, bread]", "topics: [soups]", 34, "unknown: 'bread'"),
        ("name: cooking", "name: fraud", 26, "a second kind named 'fraud'"),
        ('{topic: soups, request: "What', '{topic: soups, stance: harmful, request: "What', 32, "unknown: 'harmful'"),
        (
            '      - {topic: bread, request: "How long does sourdough keep?"}\n',
            "",
            32,
            "3 lines; at least 4 are needed",
        ),
        ("fake shops, stance: benign twin", "bank messages, stance: benign twin", 24, "has no benign twin"),
        ("fake shops, stance: harmful", "fake shops, stance: benign twin", 24, "is the twin of nothing"),
        ("What goes into a minestrone?", "### User", 32, "may not contain ### User"),
        ("What goes into a minestrone?", "two\\nlines", 32, "must be a single line"),
        ("about: Questions about cooking.", "about: ''", 27, "is empty"),
        ("about: Questions about cooking.", "", 26, "the key 'about' is missing"),
    ],
)
def test_a_mistake_is_one_line_with_file_and_line_number(load, old, new, line, message):
    assert old in GUIDE
    with pytest.raises(RecipeError, match=re.escape(message)) as complaint:
        load(GUIDE.replace(old, new, 1))
    assert re.match(rf"\S+tiny\.yaml:{line}: ", str(complaint.value)), complaint.value
    assert "\n" not in str(complaint.value)


def test_a_guide_that_is_not_there_is_one_line():
    with pytest.raises(
        RecipeError, match=r"^propose\.guide: no file or built-in guide 'defalt'; did you mean 'default'\?$"
    ):
        load_guide("defalt")
