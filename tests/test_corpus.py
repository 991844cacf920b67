"""The grammar of the kinds' files: what is drawn together, what is calculated, and what every mistake says."""

from random import Random

import pytest
import yaml

from training import show
from training.corpus.entries import read_entries
from training.corpus.tables import DATA, load_all, load_kinds, load_words

WORDS = {"role": ["baker", "nurse"], "animal": [{"name": "cow", "food": "grass"}, {"name": "owl", "food": "mice"}]}


def _made(tmp_path, text, count=60):
    path = tmp_path / "pets.yaml"
    path.write_text(text)
    ((kind, _),) = load_kinds(path, WORDS).values()
    return [kind.make(Random(seed)) for seed in range(count)]


def test_siblings_differ_and_the_fields_of_a_row_belong_together(tmp_path):
    items = _made(
        tmp_path,
        "a:\n  cites: helpful\n  thought: So.\n  text: '{role}, {role2}: what do {animal} and {animal2} eat?'\n"
        "  answer: '{animal.food}, {animal2.food}'\n",
    )
    assert {item.text for item in items} == {
        f"{roles}: what do {animals} eat?"
        for roles in ("Baker, nurse", "Nurse, baker")
        for animals in ("cow and owl", "owl and cow")
    }
    assert all((item.answer == "Grass, mice") == ("cow and owl" in item.text) for item in items)


def test_a_row_fills_slots_or_takes_the_place_of_fields_as_often_as_its_share_says(tmp_path):
    items = _made(
        tmp_path,
        "a:\n  cites: helpful\n  thought: '{sort}.'\n  text: Which {sort}?\n  answer: None.\n"
        "  rows:\n    - {sort: tree, share: 9}\n"
        "    - {sort: fish, answer: '{kind}.', kind: [cod, eel], cites: candor}\n",
        400,
    )
    assert {(item.thought, item.cites, item.answer) for item in items} == {
        ("Tree.", ("helpful",), "None."),
        ("Fish.", ("candor",), "Cod."),
        ("Fish.", ("candor",), "Eel."),
    }
    assert 340 <= sum(item.answer == "None." for item in items) <= 380


def test_what_is_calculated_sees_what_was_drawn(tmp_path):
    items = _made(
        tmp_path,
        "a:\n  cites: helpful\n  thought: So.\n  numbers: {n: 2 to 4}\n  text: '{n} or {n2}?'\n"
        "  let: {more: 'n if n > n2 else n2', sorted: 'descending(n, n2)'}\n  answer: '{more}, {sorted}'\n"
        "  words: {animal: [{food: [hay, oats]}]}\n  keys: animal.food\n",
    )
    assert {item.text[0] for item in items} == set("234")
    for item in items:
        drawn = sorted((item.text[0], item.text[5]), reverse=True)
        assert item.answer == f"{drawn[0]}, {drawn[0]}, {drawn[1]}"
        assert drawn[0] != drawn[1]
        assert item.keys == ("hay", "oats")


GOOD = "a:\n  cites: helpful\n  thought: So.\n  text: '{role}?'\n  answer: 'Yes.'\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD.replace("{role}", "{rolle}"), r"pets.yaml:4: a: no words for \{rolle\}"),
        (GOOD.replace("'{role}?'", "\n    - Who?\n    - '{rolle}?'"), r"pets.yaml:6: a: no words for \{rolle\}"),
        (GOOD.replace("{role}", "{role} {role2} {role3}"), r"pets.yaml:4: a: \{role3\}: only 2 to draw from"),
        (GOOD.replace("{role}", "{animal.fod}"), r"pets.yaml:4: a: \{animal\} has no field 'fod' in each of its rows"),
        (GOOD.replace("{role}", "{role.fod}"), r"pets.yaml:4: a: \{role\} has no field 'fod' in each of its rows"),
        (GOOD.replace("{role}", "[{role}|he"), r"pets.yaml:4: a: a bracket is not closed"),
        (GOOD.replace("{role}", "{role"), r"pets.yaml:4: a: expected '}' before end of string"),
        (GOOD.replace("helpful", "helpful, kind"), r"pets.yaml:2: a: unknown principle 'kind'"),
        (GOOD.replace("  thought: So.\n", ""), r"pets.yaml:1: a: no thought"),
        (GOOD.replace("'Yes.'", "{role}"), r"pets.yaml:5: a: role is empty; a text that begins with a brace"),
        (GOOD.replace("'Yes.'", "{say: 'Yes.'}"), r"pets.yaml:5: a: answer is no text; one that begins with a brace"),
        (GOOD + "  wait: 3\n", r"pets.yaml:6: a: unknown field 'wait'"),
        (GOOD + "  group: hamful\n", r"pets.yaml:6: a: unknown group 'hamful'"),
        (GOOD + "  weight: much\n", r"pets.yaml:6: a: weight is no number"),
        (GOOD + "  numbers: {n: 2-9}\n", r"pets.yaml:6: n: numbers are a range such as 2 to 9"),
        (GOOD + "  words: {thing: [pen]}\n", r"pets.yaml:6: a: thing is never used"),
        (GOOD + "  rows:\n    - {role: cook}\n    - {roles: cook}\n", r"pets.yaml:8: a: roles is never used"),
        (GOOD + "  let: {role: sin(n)}\n", r"pets.yaml:6: a: no function sin; there are max, min"),
        (GOOD + "  let: {role: 2 + n}\n", r"pets.yaml:6: a: no words for \{n\}"),
        (GOOD + "  let: {role: 2 +}\n", r"pets.yaml:6: a: '2 \+' is no expression"),
        (GOOD + "  let: {role: '[1]'}\n", r"pets.yaml:6: a: '\[1\]' may not hold List"),
        (GOOD + "  keys: fruit.word\n", r"pets.yaml:6: a: no words for \{fruit\}"),
        (GOOD + "  text: Again?\n", r"pets.yaml:6: duplicate key 'text'"),
        (GOOD + "  keys: [yes\n", r"pets.yaml:7: "),
        ("- a\n", r"pets.yaml:1: entries are wanted"),
    ],
)
def test_every_mistake_is_one_line_with_file_and_line(tmp_path, text, message):
    assert _made(tmp_path, GOOD, 1)
    path = tmp_path / "pets.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as raised:
        load_kinds(path, WORDS)
    assert "\n" not in str(raised.value)


def test_a_kind_has_one_place(tmp_path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(GOOD.replace("{role}", "Who"))
    with pytest.raises(ValueError, match=r"two.yaml: there is a kind a in another file already"):
        load_all(tmp_path)


@pytest.mark.parametrize("path", sorted(DATA.rglob("*.yaml")), ids=lambda path: path.name)
def test_the_files_read_the_same_with_and_without_libyaml(path):
    assert read_entries(path) == yaml.load(path.read_text(encoding="utf-8"), yaml.SafeLoader)


def test_the_lists_that_kinds_share_have_no_entry_twice():
    for name, entries in load_words().items():
        assert len({str(entry) for entry in entries}) == len(entries), name


def test_show_prints_what_a_kind_makes(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["show", "price", "--count", "2"])
    assert show.main() == 0
    assert capsys.readouterr().out.count("### Naive answer\nIt costs ") == 2
    monkeypatch.setattr("sys.argv", ["show", "prize"])
    assert show.main() == 2
    assert "no kind 'prize'" in capsys.readouterr().err
