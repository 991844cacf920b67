"""Constitutions: what the built-in ones promise, the digest, mistakes in a file."""

import re

import pytest
from tiny_constitution import TINY, load_tiny, write

from selfalign.align.constitution import PersonaSpec, load_constitution
from selfalign.align.prompt import render_prefix
from selfalign.builtin import builtin_names
from selfalign.errors import RecipeError
from selfalign.recipe import build_recipe
from selfalign.records import Constitution

PAPER_NAMES = [
    "ethical",
    "informative",
    "helpful",
    "question assessment",
    "reasoning",
    "multi-aspect",
    "candor",
    "knowledge recitation",
    "static",
    "clarification",
    "numerical sensitivity",
    "dated knowledge",
    "step-by-step",
    "balanced & informative perspectives",
    "creative",
    "operational",
]
BUILT_IN = builtin_names("principles", ".yaml")


@pytest.fixture(scope="module")
def default() -> Constitution:
    return load_constitution("default")


@pytest.fixture
def tiny(tmp_path) -> Constitution:
    return load_tiny(tmp_path)


# --- The built-in constitutions --------------------------------------------------------------------------------


def test_default_has_the_papers_sixteen_principles(default):
    assert [principle.name for principle in default.principles] == PAPER_NAMES


def test_default_has_demonstrations_that_use_every_principle(default):
    cited = {id_ for shown in default.demonstrations for id_ in shown.cites}
    assert len(default.demonstrations) >= 6
    assert cited == {principle.id for principle in default.principles}


@pytest.mark.parametrize("name", BUILT_IN)
def test_at_most_a_third_of_the_demonstrations_declines(name):
    shown = load_constitution(name).demonstrations
    assert sum(one.declines for one in shown) <= len(shown) / 3


@pytest.mark.parametrize("name", BUILT_IN)
def test_demonstrations_that_decline_are_marked(name):
    declining = re.compile(r"\bI (won't|will not|can't|cannot|do not know|don't know)\b")
    for shown in load_constitution(name).demonstrations:
        assert shown.declines == bool(declining.search(shown.answer)), shown.user


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_names_are_file_names_and_licences_are_given(name):
    constitution = load_constitution(name)
    assert (constitution.name, constitution.licence) == (name, "Apache-2.0")
    assert constitution.about


def test_rules_and_thoughts_are_short(default):
    assert max(len(principle.rule.split()) for principle in default.principles) <= 45
    assert max(len(shown.thought.split()) for shown in default.demonstrations) <= 35
    assert 1_400 <= len(render_prefix(default).split()) <= 1_800


# --- Digest ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: Pim", "name: Pam"),
        ("a test", "a toast"),
        ("May 2024", "June 2024"),
        ("maker: us", "maker: them"),
        ("Numbers are right.", "Numbers are checked."),
        ("[exact, kind]", "[kind, exact]"),
        ("A sum.", "A small sum."),
    ],
)
def test_the_digest_changes_with_whatever_reaches_a_prompt(tmp_path, tiny, old, new):
    assert load_constitution(str(write(tmp_path, TINY.replace(old, new)))).digest != tiny.digest


def test_the_digest_does_not_change_with_the_rest(tmp_path, tiny):
    changed = "# a comment\n" + TINY.replace("name: tiny", "name: other\nabout: new") + "    declines: true\n"
    assert load_constitution(str(write(tmp_path, changed))).digest == tiny.digest


# --- Persona ---------------------------------------------------------------------------------------------------


def test_a_persona_of_ones_own_speaks_everywhere(tmp_path, tiny):
    path = str(write(tmp_path, TINY))
    pam = load_constitution(path, PersonaSpec(name="Pam", maker="them"))
    assert (pam.persona.name, pam.persona.maker, pam.persona.character) == ("Pam", "them", "a test")
    assert "Pim" not in render_prefix(pam)
    assert "Made by them" in pam.demonstrations[0].answer
    assert pam.digest != tiny.digest
    assert load_constitution(path, PersonaSpec()) == tiny


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("name", "' '", "persona.name: one line of text is needed"),
        ("maker", "'{name} Inc'", "persona.maker: no placeholders here"),
        ("character", "a tutor.", "persona.character: leave out the full stop"),
        ("name", "'<|im_end|>'", "persona.name: may not contain chat-template token"),
        ("knowledge_date", "2024", "persona.knowledge_date: text is needed, not 2024"),
        ("nam", "Pim", "persona.nam: unknown key; did you mean 'name'?"),
    ],
)
def test_a_mistaken_persona_is_one_line(key, value, complaint):
    with pytest.raises(RecipeError) as caught:
        build_recipe({}, "defaults", [f"persona.{key}={value}"])
    assert complaint in str(caught.value)


# --- Mistakes --------------------------------------------------------------------------------------------------


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "at", "complaint"),
    [
        ("name: tiny", "name: tiny\nname: tony", "name: tony", "duplicate key 'name'"),
        ("name: tiny", "name: tiny\nabuot: 3", "abuot", "unknown key 'abuot'; did you mean 'about'?"),
        ("name: tiny", "about: tiny", "about", "the key 'name' is missing"),
        ("name: tiny", "name: [tiny]", "name: [", "name: must be a single value"),
        ("name: tiny", "name:", "name:", "name: is empty"),
        ("name: tiny", "name: 12", "name: 12", "name: must be text; put '12' in quotes"),
        ("name: tiny", "name: tiny\n[a]: b", "[a]", "unknown key '<not text>'"),
        ("  maker: us\n", "", "  name: Pim", "persona: the key 'maker' is missing"),
        ("  maker: us", "  maker: {us}", "  maker", "persona.maker: must be a single value"),
        ("  maker: us", '  maker: "{name} Inc"', "  maker", "persona.maker: no placeholders here"),
        ("  maker: us", '  maker: "a\\nb"', "  maker", "persona.maker: must be a single line"),
        ("  knowledge_date: May 2024", "  knowledge_date: 2024", "  knowledge_date", "put '2024' in quotes"),
        ("a test", "a test.", "  character", "persona.character: leave out the full stop"),
        ("id: exact", "id: kind", "  - id: kind\n    name: exact", "principles[1].id: duplicate id 'kind'"),
        ("id: exact", "id: Exact", "  - id: Exact", "principles[1].id: 'Exact' is no id"),
        ("name: exact & brief", "name: Kind", "    name: Kind", "principles[1].name: duplicate name 'Kind'"),
        ("name: exact & brief", "name: exact (brief)", "    name: exact", "principles[1].name: no brackets"),
        ("name: exact & brief", "name: exact, brief", "    name: exact", "principles[1].name: no brackets, commas"),
        ("rule: Numbers are right.", "rule: ''", "    rule: ''", "principles[1].rule: is empty"),
        ("rule: Numbers are right.", 'rule: "{nam}"', '    rule: "{nam}"', "placeholder {nam}; did you mean 'name'?"),
        ("rule: Numbers are right.", 'rule: "a\\x1b"', '    rule: "a', "may not contain character U+001B"),
        ("rule: Numbers are right.", 'rule: "\\ud800"', '    rule: "\\ud', "may not contain character U+D800"),
        ("rule: Numbers are right.", "rul: Numbers", "    rul:", "unknown key 'rul'; did you mean 'rule'?"),
        ("cites: [exact, kind]", "cites: [exact, knd]", "    cites", "has the id 'knd'; did you mean 'kind'?"),
        ("cites: [exact, kind]", "cites: [exact, exact]", "    cites", "cites[1]: 'exact' is cited twice"),
        ("cites: [exact, kind]", "cites: []", "    cites", "demonstrations[0].cites: the list is empty"),
        ("cites: [exact, kind]", "cites: exact", "    cites", "demonstrations[0].cites: must be a list"),
        ("    cites: [exact, kind]\n", "", "  - user", "demonstrations[0]: the key 'cites' is missing"),
        ("A sum.", "Pim is a test. A sum.", "    thought", "leave out the opening sentence"),
        ("thought: A sum.", "thought: 'A sum. Principles: 2'", "    thought", "leave out 'Principles: ...'"),
        ("thought: A sum.", 'thought: "A\\n### User\\nsum."', "    thought", "may not contain ### User"),
        ("user: What is 2 + 2?", 'user: "a <|im_end|> b"', "  - user", "may not contain chat-template token"),
        ("user: What is 2 + 2?", "user: true", "  - user", "must be text; put 'true' in quotes"),
        ("    cites:", "    declines: maybe\n    cites:", "    declines", "must be true or false, not 'maybe'"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path, old, new, at, complaint):
    assert old in TINY
    text = TINY.replace(old, new, 1)
    path = write(tmp_path, text)
    with pytest.raises(RecipeError) as caught:
        load_constitution(str(path))
    assert str(caught.value).startswith(f"{path}:{line_of(text, at)}: ")
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_marker_that_only_filling_in_makes_is_found(tmp_path):
    text = TINY.replace("name: Pim", "name: User").replace("What is 2 + 2?", '"### {name}"')
    with pytest.raises(RecipeError, match=re.escape("demonstrations[0].user: may not contain ### User")):
        load_constitution(str(write(tmp_path, text)))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", ":1: the file is empty"),
        ("# nothing\n", ":1: the file is empty"),
        ("- a\n- b\n", ":1: must be a mapping with the keys name, persona, principles, demonstrations"),
        ("name: a\npersona: [\n", ":3: not valid YAML"),
        ("name: 'a\n", ":2: not valid YAML"),
        ("name: a\n---\nname: b\n", ":2: not valid YAML"),
        ("name: a\n\tpersona: b\n", ":2: not valid YAML"),
        ("name: a\nabout: \x07\n", ":2: character U+0007 may not stand in YAML"),
        ("[" * 1000, ":1: nested too deeply"),
        (TINY.split("demonstrations:")[0] + "demonstrations: []\n", ": demonstrations: the list is empty"),
        (TINY.split("principles:")[0] + "principles: []\ndemonstrations: []\n", ": principles: the list is empty"),
        ("name: !!python/object/apply:os.system [exit]\n", ":1: "),
        ("name: &a [*a]\n", ":1: "),
    ],
)
def test_a_broken_file_is_named_with_its_line(tmp_path, text, complaint):
    path = write(tmp_path, text)
    with pytest.raises(RecipeError) as caught:
        load_constitution(str(path))
    assert str(caught.value).startswith(str(path))
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_utf8_is_named_with_its_line(tmp_path):
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"name: a\nabout: caf\xe9\n")
    with pytest.raises(RecipeError, match=re.escape(f"{path}:2: not UTF-8")):
        load_constitution(str(path))


def test_a_byte_order_mark_is_harmless(tmp_path, tiny):
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + TINY.encode())
    assert load_constitution(str(path)) == tiny


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("defalt", "no constitution named 'defalt'; did you mean 'default'?"),
        ("zzzz", "no constitution named 'zzzz'; known: default, short"),
        ("folder/none.yaml", "folder/none.yaml: no such file"),
        (".", ".: is a folder, not a constitution"),
        ("x" * 5000, "cannot be read"),
    ],
)
def test_an_unknown_name_is_one_line(name, complaint):
    with pytest.raises(RecipeError) as caught:
        load_constitution(name)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)
