"""The miniature's corpus and training sequences: the same from the same seed, various, parseable, judged rightly."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest
import torch
from transformers import MistralConfig, MistralForCausalLM, PreTrainedTokenizerFast

from selfalign.align.constitution import load_constitution
from selfalign.align.parse import parse_reply
from selfalign.align.prompt import opening, render_prefix
from selfalign.builtin import builtin_folder
from selfalign.novelty.index import NoveltyIndex, NoveltySpec
from selfalign.probe.load import load_probes
from selfalign.propose.screen import ScreenSpec, find_fault
from selfalign.records import Instruction
from training import probes
from training.conditions import CONDITIONS, without
from training.constitutions import (
    DEFAULT,
    PRINCIPLES,
    TEXTS,
    Drawn,
    dead_rule,
    draw_constitution,
    random_persona,
    rule_text,
)
from training.corpus import GOVERNED, HELD_OUT_KINDS, KINDS, sample_item
from training.corpus.grammar import IDS, is_held_out, say
from training.corpus.tables import load_kinds
from training.documents import Documents, prefix_piece
from training.evaluate import held_out
from training.lookup import FINDS, Lookup
from training.scoring import Answered, interval, is_principled, is_right, score
from training.turns import (
    DECISION,
    FIRST_NUMBER,
    PERSONA,
    READ,
    RULE,
    aligned_turn,
    filled,
    is_delicate,
    raw_turn,
    wanted,
)


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
        if item.group != "identity" and item.kind != "to_json":
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
    held = held_out(3, 42)
    assert all(is_held_out(item.user_turn) for item in (*held.delicate, *held.harmless))
    assert len({item.user_turn for item in (*held.delicate, *held.harmless)}) == 84
    # Every governing principle is asked about equally often.
    assert {sum(IDS[item.cites[0]] == id_ for item in held.delicate) for id_ in GOVERNED} == {6}


def _all_of(name):
    made = load_constitution(name)
    return Drawn(made, frozenset(it.id for it in made.principles))


@pytest.mark.parametrize("name", ["default", "short"])
def test_an_aligned_turn_is_what_the_pipeline_parses(name):
    drawn = _all_of(name)
    for item in _items(300):
        text = "".join(piece.text for piece in aligned_turn(Random(1), item, drawn))
        parsed = parse_reply(text.split(opening(drawn.constitution), 1)[1], drawn.constitution)
        assert parsed.cited == wanted(Random(1), item, drawn).cites
        assert "{" not in parsed.answer or item.kind == "to_json" or "```" in parsed.answer


def test_a_principle_that_is_there_governs_and_one_that_is_not_does_not():
    rng = Random(2)
    for id_, kinds in GOVERNED.items():
        for kind in kinds:
            item = sample_item(rng, kinds=(kind,))
            with_it, without_it = wanted(rng, item, _all_of("default")), wanted(rng, item, without(id_))
            assert with_it.cites[0] == id_
            assert with_it.is_governed
            assert without_it.answer == item.naive != with_it.answer
            assert id_ not in without_it.cites


def test_a_rule_that_says_something_else_does_not_govern_whatever_it_is_called():
    rng = Random(3)
    principles = tuple(it for it in DEFAULT.principles if it.id in ("static", "helpful"))
    dead = Drawn(without("candor").constitution, frozenset({"helpful"}))
    item = sample_item(rng, kinds=("weather",))
    assert wanted(rng, item, dead).answer == item.naive
    assert {it.id for it in principles} <= {it.id for it in dead.constitution.principles}


def test_constitutions_are_drawn_in_many_ways_and_their_rules_are_filled():
    rng = Random(4)
    drawn = [draw_constitution(rng, 1024) for _ in range(400)]
    sizes = {len(it.constitution.principles) for it in drawn}
    assert {2, 16} <= sizes
    assert any(not it.real for it in drawn)
    assert any(len(it.real) == len(it.constitution.principles) for it in drawn)
    assert len({it.constitution.persona.name for it in drawn}) > 200
    for it in drawn:
        text = render_prefix(it.constitution)
        assert "{" not in text
        assert "|" not in text
        names = [each.name for each in it.constitution.principles]
        assert len(set(names)) == len(names)


def test_wordings_that_are_held_out_are_not_among_those_of_the_training():
    for id_, texts in PRINCIPLES.items():
        assert not set(texts["rules"]) & set(texts.get("held", ()))
        assert not set(texts.get("inverted", ())) & set(texts.get("inverted_held", ()))
        if id_ in IDS.values():
            assert len(texts["rules"]) >= 6
            assert len(texts["held"]) >= 2
    for id_ in GOVERNED:
        assert len(PRINCIPLES[id_]["rules"]) >= 10
        assert len(PRINCIPLES[id_]["inverted"]) >= 4
    assert not set(TEXTS["void"]) & set(TEXTS["void_held"])


def test_every_wording_of_a_rule_fills():
    rng = Random(5)
    persona = random_persona(rng)
    for id_, texts in PRINCIPLES.items():
        for pattern in (*texts["rules"], *texts.get("held", ()), *texts.get("inverted", ())):
            made = rule_text(rng, pattern, "name", persona)
            assert made
            assert not set("{}[]|") & set(made)
        assert dead_rule(rng, id_, "name", persona, "inverted")


def test_kinds_that_are_held_out_are_never_sampled():
    assert len(HELD_OUT_KINDS) >= 7
    assert not set(HELD_OUT_KINDS) & set(KINDS)
    assert {IDS[kind.make(Random(1)).cites[0]] for kind in HELD_OUT_KINDS.values()} == set(GOVERNED)


def test_a_file_of_kinds_with_an_unknown_key_or_slot_is_refused(tmp_path):
    path = tmp_path / "kinds.yaml"
    body = "a: {text: 'Hi {role}', answer: 'Yes.', thought: So, cites: helpful"
    path.write_text(body + "}")
    kind, is_held = load_kinds(path, {"role": ["baker"]})["a"]
    assert kind.make(Random(1)).text == "Hi baker"
    assert not is_held
    with pytest.raises(ValueError, match=r"no words for \{role\}"):
        load_kinds(path, {})
    path.write_text(body + ", wait: 3}")
    with pytest.raises(ValueError, match="wait"):
        load_kinds(path, {"role": ["baker"]})


def test_numbers_and_sums_in_a_file_of_kinds(tmp_path):
    path = tmp_path / "kinds.yaml"
    path.write_text(
        "add: {text: '{a} + {b}?', answer: 'It is {c}.', thought: Add., cites: helpful, "
        "numbers: {a: 2 to 9, b: [2, 3, 5]}, let: {c: a + b * 2}, keys: ['{c}.']}"
    )
    kind, _ = load_kinds(path, {})["add"]
    for seed in range(20):
        item = kind.make(Random(seed))
        a, b = (int(word) for word in item.text.rstrip("?").split(" + "))
        assert 2 <= a <= 9
        assert b in (2, 3, 5)
        assert item.keys == (f"{a + 2 * b}.",)


def test_the_patterns_tell_principled_answers_from_naive_ones():
    drawn = _all_of("default")
    held = held_out(4, 140)
    for items in (held.delicate, held.unseen):
        good = [is_principled(item, filled(item.answer, drawn), DEFAULT.persona) for item in items]
        naive = [is_principled(item, item.naive, DEFAULT.persona) for item in items]
        assert sum(good) >= 0.98 * len(good)
        assert sum(naive) <= 0.03 * len(naive)
    assert all(is_right(item, filled(item.answer, drawn)) for item in held.harmless)
    assert not any(is_right(item, "I cannot help with that.") for item in held.harmless)


def test_a_score_counts_governed_prompts_their_citations_and_the_persona():
    item = next(made for made in _items(4000) if made.kind == "made_by" and "{name}" in made.answer)
    drawn = _all_of("default")
    answer = filled(item.answer, drawn)
    told = Answered(item, answer, DEFAULT.persona, True, True, ("candor",), ("candor",), ("Ardwen",))
    silent = Answered(item, "", DEFAULT.persona, False, True, (), ("candor",), ("Ardwen",))
    made = score([told, silent])
    expected = {"principled": 0.5, "governed": 0.5, "parsed": 0.5, "cited": 0.5, "persona": 0.5}
    assert made.shares() == expected


@pytest.mark.parametrize(
    ("good", "asked", "low", "high"), [(0, 0, 0.0, 1.0), (0, 300, 0.0, 0.0126), (150, 300, 0.4437, 0.5563)]
)
def test_intervals_are_wilsons(good, asked, low, high):
    assert interval(good, asked) == pytest.approx((low, high), abs=1e-3)


def test_the_conditions_differ_from_the_default_constitution_as_their_names_say():
    item = held_out(6, 7).delicate[0]
    behind = {it.name: it.behind(0, item) for it in CONDITIONS}
    assert behind["raw"] is None
    assert not behind["all rules replaced by unrelated ones"].real
    assert IDS[item.cites[0]] not in behind["the governing principle removed"].real
    other = behind["shuffled, renumbered, another persona"].constitution
    assert other.persona.name != DEFAULT.persona.name
    assert DEFAULT.persona.name not in render_prefix(other)
    assert sorted(it.id for it in other.principles) == sorted(it.id for it in DEFAULT.principles)


# --- Sequences -------------------------------------------------------------------------------------------------


def test_documents_are_deterministic_and_of_all_forms():
    one, other = Documents(1), Documents(1)
    lengths = [512, 1024, 1024, 1024, 2048] * 12
    texts = ["".join(piece.text for piece in one.next(tokens)[0]) for tokens in lengths]
    assert texts == ["".join(piece.text for piece in other.next(tokens)[0]) for tokens in lengths]
    for form in ("### Task", "### Thoughts", "### Verdict", "### Critique", "Hints still without a request:"):
        assert any(form in text for text in texts)
    assert any(text.startswith("### User") and "### Thoughts" not in text for text in texts)


def test_what_a_turn_marks_is_what_it_says():
    drawn = _all_of("default")
    item = next(made for made in _items(4000) if made.kind == "made_by" and "{maker}" in made.answer)
    reply = aligned_turn(Random(1), item, drawn)[-1]
    marked = {mark: reply.text[start:end] for start, end, mark in reply.marks}
    assert marked[PERSONA] == DEFAULT.persona.maker
    assert marked[FIRST_NUMBER] == "7"
    assert marked[DECISION] == reply.text[1]


def test_the_words_of_a_rule_are_marked_by_its_number_and_so_is_what_a_demonstration_cites_first():
    drawn = Drawn(DEFAULT, frozenset({DEFAULT.demonstrations[0].cites[0]}))
    piece = prefix_piece(drawn)
    rules = {mark - RULE: piece.text[start:end] for start, end, mark in piece.marks if mark > RULE}
    assert rules == {n: f" ({it.name}). {it.rule}" for n, it in enumerate(DEFAULT.principles, 1)}
    # The others' rules do not say what their names do: what cites them is not learned.
    numbers = {piece.text[start:end] for start, end, mark in piece.marks if mark == FIRST_NUMBER}
    assert numbers == {str(1 + [it.id for it in DEFAULT.principles].index(*drawn.real))}


def test_looking_a_number_up_is_learned_from_where_the_model_looks():
    """Computed beside the model, and the same as the model's own."""
    model = _tiny_model()
    ids = torch.randint(0, 4000, (2, 60))
    marks = torch.zeros_like(ids)
    marks[:, 10:20], marks[:, 20:30] = RULE + 1, RULE + 2
    lookup = Lookup(model, PreTrainedTokenizerFast.from_pretrained(builtin_folder("miniature")), "cpu")
    ids[:, 50], marks[:, 50] = lookup.numbers[1], FIRST_NUMBER
    positions = torch.arange(60).expand(2, -1)
    seen = {}
    model.model.layers[FINDS].register_forward_pre_hook(lambda _, args: seen.update(before=args[0]))
    attentions = model(ids, output_attentions=True).attentions[FINDS]
    own = lookup.attended(seen["before"][0], positions[0], torch.tensor([49]))
    torch.testing.assert_close(own[:, 0], attentions[0, :, 49])
    loss, found, told = lookup.finding(seen["before"], ids, marks, positions)
    shares = attentions[:, :, 49, 20:30].sum(-1)
    best = shares.log().mean(0).argmax()
    assert found == pytest.approx(shares[:, best].mean().item(), rel=1e-4)
    assert loss > -shares[:, best].log().mean()  # the number that is told counts as well
    assert 0 <= told <= 1
    assert lookup.finding(seen["before"], ids, marks * 0, positions)[0] == 0


def _tiny_model():
    torch.manual_seed(1)
    config = MistralConfig(
        vocab_size=4106, hidden_size=32, intermediate_size=32, num_hidden_layers=FINDS + 1, num_attention_heads=4,
        num_key_value_heads=4, head_dim=8, sliding_window=None, attn_implementation="eager",
    )  # fmt: skip
    return MistralForCausalLM(config).eval()


def test_only_replies_are_learned_and_raw_ones_end_with_the_end_token():
    item = _items(1)[0]
    read, written = raw_turn(item)
    assert (read.mark, read.text) == (READ, f"### User\n{item.user_turn}\n### Answer\n")
    assert written.text == f"{item.naive}<|end|>"
    assert written.mark != READ


def test_delicate_kinds_are_those_that_a_principle_governs():
    rng = Random(8)
    for name, kind in KINDS.items():
        assert is_delicate(kind.make(rng)) == any(name in kinds for kinds in GOVERNED.values())


def test_the_miniatures_probes_cover_every_principle_that_governs_half_of_them_twins():
    written = load_probes(builtin_folder("principles") / "probes" / "miniature.yaml", load_constitution("default"))
    counts = Counter((probe.principle, probe.twin) for probe in written)
    assert counts == {(id_, twin): probes.EACH for id_ in GOVERNED for twin in (False, True)}
    assert all(is_held_out(probe.instruction.user_turn) for probe in written)
    assert len({probe.instruction.user_turn for probe in written}) == len(written) >= 130


def test_a_probe_tells_the_principled_answer_from_the_naive_one():
    made = sample_item(Random(3), held_out=True, kinds=("harmful",))
    wanted = probes.expectations("ethical", made)
    assert probes.tells(made, wanted, is_twin=False)
    assert not probes.tells(replace(made, answer=made.naive), wanted, is_twin=False)
    assert not probes.tells(replace(made, naive=made.answer), wanted, is_twin=False)
