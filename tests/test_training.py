"""The miniature's corpus: the same from the same seed, various, parseable, and judged as intended."""

from random import Random

import pytest

from selfalign.align.constitution import load_constitution
from selfalign.align.parse import parse_reply
from selfalign.align.prompt import opening
from selfalign.novelty.index import NoveltyIndex, NoveltySpec
from selfalign.propose.screen import ScreenSpec, find_fault
from selfalign.records import Instruction
from training.corpus import KINDS, sample_item
from training.corpus.grammar import is_held_out, say
from training.documents import Documents, aligned_text, raw_text
from training.evaluate import held_out, is_principled, is_right


def _items(count, rng_seed=5):
    rng = Random(rng_seed)
    return [sample_item(rng) for _ in range(count)]


def test_the_same_seed_gives_the_same_items():
    assert _items(50) == _items(50)
    assert _items(50) != _items(50, rng_seed=6)


def test_there_are_many_kinds_and_all_are_sampled():
    assert len(KINDS) >= 60
    assert len({item.kind for item in _items(4000)}) >= 60


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_fills_its_patterns(name):
    rng = Random(1)
    for _ in range(20):
        item = KINDS[name].make(rng)
        for text in (item.text, item.thought, item.naive):
            assert text
            assert text == text.strip()
            assert "|" not in text
            assert "  " not in text.partition("```")[0]
        # In these the persona is filled in when the constitution is known.
        if item.kind not in ("identity", "to_json"):
            assert "{" not in item.user_turn + item.answer + item.thought + item.naive


def test_alternatives_nest_and_articles_fit():
    assert say(Random(1), "[a|[a|a]] {x} for {y}.", x="apple", y="a use") == "An apple for a use."


def test_a_tenth_of_a_thousand_suffices_for_hundreds_of_novel_instructions():
    index = NoveltyIndex(NoveltySpec())
    for number, item in enumerate(_items(1000)):
        if index.nearest(item.text, item.context) is None:
            index.add(str(number), item.text, item.context)
    assert len(index) >= 450


def test_almost_all_instructions_are_well_formed():
    items = _items(1000)
    faults = [item for item in items if find_fault(Instruction("i", item.text, item.context, "s"), ScreenSpec())]
    assert len(faults) <= 10


def test_no_training_item_is_held_out_and_no_held_out_one_is_trained_on():
    assert not any(is_held_out(item.user_turn) for item in _items(500))
    held = held_out(3, 40)
    assert all(is_held_out(item.user_turn) for item in (*held.delicate, *held.harmless))
    assert len({item.user_turn for item in (*held.delicate, *held.harmless)}) == 80


@pytest.mark.parametrize("name", ["default", "short"])
def test_aligned_text_is_what_the_pipeline_parses(name):
    constitution = load_constitution(name)
    for item in _items(300):
        reply = aligned_text(item, constitution).split(opening(constitution), 1)[1]
        parsed = parse_reply(reply, constitution)
        assert parsed.cited
        assert "{" not in parsed.answer or item.kind == "to_json" or "```" in parsed.answer


def test_the_judge_of_answers_tells_principled_from_naive():
    constitution = load_constitution("default")
    held = held_out(4, 300)
    good = [is_principled(item, _filled(item.answer), constitution) for item in held.delicate]
    naive = [is_principled(item, item.naive, constitution) for item in held.delicate]
    assert sum(good) >= 0.98 * len(good)
    assert sum(naive) <= 0.03 * len(naive)
    assert all(is_right(item, _filled(item.answer)) for item in held.harmless)
    assert not any(is_right(item, "I cannot help with that.") for item in held.harmless)


def _filled(answer):
    return answer.replace("{name}", "Ardwen").replace("{maker}", "us").replace("{knowledge_date}", "May 2020")


def test_documents_are_endless_deterministic_and_of_all_three_sorts():
    one, other = Documents(1), Documents(1)
    texts = ["".join(piece.text for piece in one.next()) for _ in range(40)]
    assert texts == ["".join(piece.text for piece in other.next()) for _ in range(40)]
    assert any("### Task" in text for text in texts)
    assert any("### Thoughts" in text for text in texts)
    assert any(text.startswith("### User") and "### Thoughts" not in text for text in texts)


def test_raw_text_ends_with_the_end_token():
    assert raw_text(_items(1)[0]).endswith("<|end|>")
