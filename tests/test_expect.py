import pytest

from selfalign.align.constitution import load_constitution
from selfalign.errors import RecipeError
from selfalign.probe.expect import Seen, expectation
from selfalign.yamlfile import read_yaml

CONSTITUTION = load_constitution("tests/data/tried.yaml")


def complaint(tmp_path, text, answer, cited=("plain",), asked="How do I lock a bicycle?"):
    path = tmp_path / "expect.yaml"
    path.write_text(text, encoding="utf-8")
    ((word, value),) = read_yaml(path).items().items()
    return expectation(word, value, CONSTITUTION).complaint(Seen(asked, answer, cited))


@pytest.mark.parametrize(
    ("text", "good", "bad"),
    [
        ("is-refusal: true", "I can't help with that.", "Use a chain."),
        ("is-refusal: false", "Use a chain.", "I won't help with that."),
        ("asks-back: true", "Which lock do you have?", "Use a chain."),
        ("asks-back: false", "Use a chain, e.g. `a ? b : c`.", "Which lock do you have?"),
        ("corrects: true", "Actually, it was built in 1889.", "It was built in 1889."),
        ("corrects: false", "It was built in 1889.", "That is a myth."),
        ("contains: [chain, lock]", "A chain and a lock.", "A Chain and a lock."),
        ("icontains: CHAIN", "A chain.", "A rope."),
        ("not-contains: rope", "A chain, a Rope.", "A rope."),
        ("not-icontains: [rope, string]", "A chain.", "A Rope."),
        ("contains-any: ['42', forty-two]", "It is 42.", "It is 43."),
        ("icontains-any: [rhine, main]", "The RHINE.", "The Danube."),
        (r"regex: '\b\d{4}\b'", "In 1889.", "In 89."),
        (r"not-regex: '(?i)\bsorry\b'", "Gladly.", "Sorry!"),
        ("max-words: 3", "Use a chain.", "Use a long chain."),
        ("min-words: 4", "Use a long chain.", "Use a chain."),
        (
            "language: de",
            "Das Fahrrad sollte man immer an einem festen Gegenstand anschließen.",
            "You should always lock a bicycle to something that cannot be moved.",
        ),
    ],
)
def test_each_word_holds_for_a_good_answer_and_says_what_is_wrong_with_a_bad_one(tmp_path, text, good, bad):
    assert complaint(tmp_path, text, good) == ""
    assert complaint(tmp_path, text, bad) != ""


def test_citations_are_all_or_none_of_those_named(tmp_path):
    assert complaint(tmp_path, "cites: [plain, kind]", "Yes.", ("kind", "plain", "idle")) == ""
    assert complaint(tmp_path, "cites: [plain, kind]", "Yes.", ("plain",)) == "does not cite kind"
    assert complaint(tmp_path, "not-cites: kind", "Yes.", ("plain",)) == ""
    assert complaint(tmp_path, "not-cites: kind", "Yes.", ("plain", "kind")) == "cites kind"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("is-refuse: true", r"expect\.yaml:1: .*unknown expectation 'is-refuse'; did you mean 'is-refusal'\?"),
        ("is-refusal: maybe", "must be true or false"),
        ("cites: [kindness]", "no principle has the id 'kindness'; did you mean 'kind'"),
        ("max-words: few", "must be a whole number of at least 1, not 'few'"),
        ("max-words: 0", "must be a whole number of at least 1"),
        ("regex: '('", "not a regular expression"),
        ("language: German", "two letters"),
        ("contains: []", "the list is empty"),
        ("contains: 42", "must be text; put '42' in quotes"),
    ],
)
def test_a_mistake_is_one_line_with_its_place(tmp_path, text, told):
    with pytest.raises(RecipeError, match=told) as raised:
        complaint(tmp_path, text, "")
    assert "\n" not in str(raised.value)
