"""Figures of a dataset, warnings in words, and caps that hold exactly."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfalign.align.constitution import load_constitution
from selfalign.dataset.balance import balance_from_row, describe, measure
from selfalign.dataset.caps import BalanceSpec, surplus
from selfalign.dataset.verbs import leading_verb
from selfalign.records import Example, Instruction, Seed, Usage, to_row

REFUSAL = "I cannot help with that."
APOLOGY = "I apologize, but I can't provide that information."
PLAIN = "Boil the water, add the tea and wait for {} minutes before you pour it into the warm cups."


def example(at: int, answer: str, cited: tuple[str, ...] = ("helpful",), text: str = "Explain the tea.") -> Example:
    return Example(Instruction(f"p{at:07}-00", text, "", "test"), "A thought.", answer, cited, (), Usage())


def mixed(num: int, num_refusing: int) -> list[Example]:
    """`num` examples of which every first ones refuse."""
    return [example(at, REFUSAL if at < num_refusing else PLAIN.format(at)) for at in range(num)]


def test_a_cap_drops_the_latest_refusals_and_as_few_as_it_can():
    dropped = surplus(mixed(100, 40), BalanceSpec(max_refusal_share=0.15))
    # 60 comply; 10 of 70 are 14.3 %, 11 of 71 would be 15.5 %.
    assert len(dropped) == 30
    assert set(dropped) == {f"p{at:07}-00" for at in range(10, 40)}
    assert set(dropped.values()) == {"balance: refusals above 15 %"}


def test_without_caps_nothing_is_surplus():
    assert surplus(mixed(10, 10), BalanceSpec()) == {}


def test_a_cap_of_nought_drops_all_of_the_kind_and_a_cap_of_one_none():
    assert len(surplus(mixed(10, 4), BalanceSpec(max_refusal_share=0.0))) == 4
    assert surplus(mixed(10, 10), BalanceSpec(max_refusal_share=1.0)) == {}


answers = st.sampled_from([REFUSAL, APOLOGY, PLAIN, "It is important to note that tea is hot. Pour it."])
citations = st.lists(st.sampled_from(["helpful", "candor", "static"]), unique=True, max_size=3).map(tuple)
shares = st.sampled_from([None, 0.0, 0.1, 0.15, 1 / 3, 0.5, 0.9, 1.0])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(answers, citations), max_size=60), shares, shares, shares, shares)
def test_what_is_kept_obeys_every_cap(rows, refusals, hedges, apologies, principles):
    examples = [example(at, answer, cited) for at, (answer, cited) in enumerate(rows)]
    spec = BalanceSpec(refusals, hedges, apologies, principles)
    dropped = surplus(examples, spec)
    assert dropped == surplus(reversed(examples), spec)
    kept = [each for each in examples if each.instruction_id not in dropped]
    figures = measure(kept, None)
    for count, cap in ((figures.refused, refusals), (figures.hedged, hedges), (figures.apologised, apologies)):
        assert cap is None or count <= cap * len(kept) + 1e-9
    assert all(principles is None or use.cited <= principles * len(kept) + 1e-9 for use in figures.principles)
    assert surplus(kept, spec) == {}


def test_a_cap_outside_nought_to_one_is_refused_by_name():
    with pytest.raises(ValueError, match=r"^max_hedge_share: must lie between 0 and 1"):
        BalanceSpec(max_hedge_share=15)


def test_figures_count_what_they_say():
    constitution = load_constitution("default")
    rows = [
        example(0, REFUSAL, ("ethical",)),
        example(1, APOLOGY, ("ethical", "candor")),
        example(2, PLAIN.format(3), ("helpful", "reasoning"), "Write a short poem about tea."),
        example(3, PLAIN.format(4), ("helpful",), "How do I make tea?"),
    ]
    figures = measure(rows, constitution)
    assert (figures.num_examples, figures.refused, figures.apologised, figures.short_refused) == (4, 2, 1, 2)
    uses = {use.id: use for use in figures.principles}
    assert (uses["ethical"].cited, uses["ethical"].alone, uses["helpful"].alone) == (2, 1, 1)
    assert len(uses) == 16
    assert "creative" in figures.never_cited
    assert ("candor", "ethical", 1) in figures.together
    assert figures.verb_objects == (("explain", "tea", 2), ("write", "poem", 1))
    assert figures.answer_words.minimum == 5
    assert figures.answer_words.maximum == 19
    assert balance_from_row(json.loads(json.dumps(to_row(figures)))) == figures


def test_nothing_measured_is_no_error():
    figures = measure([], None)
    assert figures.num_examples == 0
    assert describe(figures) == ["no examples"]


def test_overlap_with_seeds_is_the_share_of_shared_wording():
    seed = Seed("s1", "tea", "Explain how green tea is made in Japan today.", "", "", False)
    copied = measure([example(0, PLAIN, text=seed.text)], None, [seed])
    fresh = measure([example(0, PLAIN, text="List five rivers that cross a border twice.")], None, [seed])
    assert (copied.seed_overlap, fresh.seed_overlap) == (1.0, 0.0)


LONG = (
    "The {0}th kettle holds water {0}, and a careful cook of place {0} fills it slowly before the guests of evening "
    "{0} arrive to drink."
)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (
            [example(at, REFUSAL) for at in range(30)] + [example(at, LONG.format(at) * 2) for at in range(30, 99)],
            "short answer",
        ),
        ([example(at, LONG.format(at)) for at in range(60)], "'helpful' is cited in 98%"),
        ([example(at, "Sure, here is " + LONG.format(at)) for at in range(60)], "open alike"),
        ([example(at, REFUSAL) for at in range(60)], "refuse or partly refuse"),
        ([example(at, PLAIN.format(1)) for at in range(60)], "repeat each other"),
    ],
)
def test_a_gamed_proxy_is_said_in_words(rows, words):
    other = [*rows, example(999, LONG.format(999), ("candor",))]
    assert any(re.search(words, each) for each in measure(other, None).warnings)


def test_a_healthy_dataset_draws_no_warning():
    topics = ["tea", "coffee", "bread", "rivers", "maps", "clocks", "stars", "trains", "paint", "music"]
    rows = [
        example(
            at,
            " ".join(f"{topics[(at * 7 + step * 3) % 10]}{at * step}" for step in range(3, 8 + at % 40)),
            (("helpful", "candor", "static", "creative")[at % 4],),
            f"{('Write', 'Explain', 'List', 'Compare')[at % 4]} the {topics[at % 10]}.",
        )
        for at in range(120)
    ]
    assert measure(rows, None).warnings == ()


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("Write a short story about a dog.", ("write", "story")),
        ("Please give me three tips for a walk.", ("give", "tip")),
        ("Can you list the planets?", ("list", "planet")),
        ("Explain why the sky is blue.", ("explain", "")),
        ("Come up with a slogan for a bakery.", ("come", "slogan")),
        ("What is the capital of France?", None),
        ("The sky is blue.", None),
        ("Rivers are long.", None),
        ("¿Por qué crece el pan?", None),
        ("", None),
        ("Quick dinner ideas for two", None),
        ("Best way to learn the guitar?", None),
        ("English to French: good morning", None),
        ("Digital marketing for a bakery", None),
        ("List of rivers in Asia", None),
        ("Design: a poster", None),
        ("Briefly explain the tides.", ("explain", "tide")),
        ("Re-write the letter.", ("re-write", "letter")),
        ("Summarise the text.", ("summarise", "text")),
        ("Analyse this poem.", ("analyse", "poem")),
    ],
)
def test_leading_verb(text, pair):
    assert leading_verb(text) == pair
