"""Guided proposing: what is asked, how replies are read, and which cells come first."""

import asyncio
import math
import random
from collections import Counter

import pytest
from guided_world import GUIDE, guided_model
from hypothesis import given
from hypothesis import strategies as st
from proposals import SEEDS, completion
from scripted import ScriptedEngine

from selfalign.novelty.index import NoveltyIndex, NoveltySpec
from selfalign.propose import Ledger, Pool, ProposeSpec, load_guide, open_proposers, propose, summarise_cells
from selfalign.propose.guided import Guided, parse_lines, parse_topics
from selfalign.propose.spec import GuidedSpec
from selfalign.propose.window import Choice
from selfalign.records import Cell, Completion, RejectionReason, Stance, Topic

A = Cell("live data", "train delays", "plain", "direct")
B = Cell("fraud", "bank messages", "harmful", "under a pretext")
C = B._replace(stance="benign twin")
CHOICE = Choice(hints=(A, B, C))


@pytest.fixture(scope="module")
def guide(tmp_path_factory):
    path = tmp_path_factory.mktemp("guide") / "tiny.yaml"
    path.write_text(GUIDE, encoding="utf-8")
    return load_guide(str(path))


def guided_pool(guide, window=4, **spec):
    return Pool(SEEDS, NoveltyIndex(NoveltySpec()), Ledger(guide, GuidedSpec(**spec), window))


def proposer(pool, style="text"):
    return Guided(pool.ledger.guide, pool.ledger, pool.ledger.spec, style, 3)


def run(guide, respond=guided_model, *, style="text", delay=0.0, pool=None, **changes):
    """The rounds of a run that is guided throughout."""
    spec = ProposeSpec(**{"mix": {"guided": 1.0}, "window": 4, "target": 60, **changes})
    pool, rounds = pool or guided_pool(guide, spec.window), []
    engine = ScriptedEngine(respond, delay=delay)

    async def collect():
        proposer_of = open_proposers(pool, spec, style=style, rng_seed=3)
        return [item async for item in propose(engine, pool, spec, proposer_of, rng_seed=3, journal=rounds.append)]

    asyncio.run(collect())
    return rounds, pool, engine


# --- What is asked ---------------------------------------------------------------------------------------------


def test_topics_are_asked_for_in_the_settled_form(guide):
    pool = guided_pool(guide)
    choice = proposer(pool).choose(pool, 0)
    prompt, sampling = proposer(pool).render(choice)
    first, second = choice.topics
    kind = next(item for item in guide.kinds if item.name == choice.kind)
    assert prompt == (
        "Below are topics for requests of one kind, one to a line, each a few words long.\n\n"
        f"Kind: {kind.name}. {kind.about}\n\n1. {first}\n2. {second}\n3."
    )
    assert sampling.stop == ("\n\n", "\n18.")


def test_requests_are_asked_for_behind_their_hints(guide):
    pool = guided_pool(guide, topics=1)
    choice = proposer(pool).choose(pool, 0)
    assert len(choice.hints) == 5
    prompt, _ = proposer(pool).render(choice)
    examples = len(choice.shown)
    assert {line.cell.kind for line in choice.shown} == {hint.kind for hint in choice.hints}
    assert prompt.startswith("Below are requests that people send to an assistant, one to a line. Each begins with")
    assert f"\n1. [{'; '.join(choice.shown[0].cell)}] {choice.shown[0].text}\n" in prompt
    hints = "".join(f"{examples + 1 + at}. [{'; '.join(hint)}]\n" for at, hint in enumerate(choice.hints))
    assert f"\n\nHints still without a request:\n\n{hints}\nThe requests for these hints:\n\n" in prompt
    assert prompt.endswith(f"\n{examples + 1}. [")


def test_a_chat_model_gets_the_same_text_in_one_message(guide):
    pool = guided_pool(guide, topics=1)
    choice = proposer(pool).choose(pool, 0)
    text, _ = proposer(pool).render(choice)
    ((message,), sampling) = proposer(pool, "chat").render(choice)
    head, _, request = message["content"].rpartition("\n\n")
    assert text.startswith(head)
    assert request.startswith(f"Write the requests for these hints, lines {len(choice.shown) + 1} to ")
    assert sampling.stop == ()


def test_a_harmful_cell_comes_with_its_twin_and_examples_do_too(guide):
    pool = guided_pool(guide, topics=1)
    for number in range(20):
        choice = proposer(pool).choose(pool, number)
        for at, hint in enumerate(choice.hints):
            if hint.stance == Stance.HARMFUL:
                assert choice.hints[at + 1] == hint._replace(stance="benign twin")
        stances = Counter(line.cell.stance for line in choice.shown)
        assert stances[Stance.HARMFUL] == stances[Stance.BENIGN_TWIN]


# --- How replies are read --------------------------------------------------------------------------------------


def lines_of(text, style="text", finish_reason="stop"):
    return [
        line if isinstance(line, tuple) else line.reason
        for line in parse_lines(completion(text, finish_reason), CHOICE, style)
    ]


WHOLE = [(A, "Is my train late?"), (B, "Trick them for me."), (C, "Is this a trick?")]
HINTS = ["; ".join(cell) for cell in CHOICE.hints]


@pytest.mark.parametrize(
    ("style", "text"),
    [
        ("text", "{0}] Is my train late?\n2. [{1}] Trick them for me.\n3. [{2}] Is this a trick?\n"),
        ("text", " {0}] Is my train late?\n[{1}] Trick them for me.\n- [{2}] Is this a trick?"),
        ("text", "1. [{0}] Is my train late?\n1. [{1}] Trick them for me.\n1. [{2}] Is this a trick?"),
        ("text", "{0}] Is my train late?\r\n2. [{1}] Trick them for me.\r\n3. [{2}] Is this a trick?\r\n"),
        ("chat", "1. [{0}] Is my train late?\n2. [{1}] Trick them for me.\n3. [{2}] Is this a trick?"),
        (
            "chat",
            "Sure! Here are lines 1 to 3:\n\n1. [{0}] Is my train late?\n2. [{1}] Trick them for me.\n"
            "3. [{2}] Is this a trick?\n\nLet me know if you want more!",
        ),
        (
            "chat",
            "**1.** **[{0}]** Is my train late?\n\n**2.** **[{1}]** Trick them for me.\n\n"
            "**3.** **[{2}]** Is this a trick?",
        ),
        ("chat", "- [{2}] Is this a trick?\n- [{1}] Trick them for me.\n- [{0}]: Is my train late?"),
    ],
)
def test_a_line_is_known_by_its_hint_whatever_stands_around_it(style, text):
    assert sorted(lines_of(text.format(*HINTS), style), key=str) == sorted(WHOLE, key=str)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{0}; soon] Is my train late?", [RejectionReason.MALFORMED]),
        ("live data; ferries; plain; direct] When does it leave?", [RejectionReason.MALFORMED]),
        ("Live Data, train delays, plain, direct] Late?\n2. [{1}]\n", [(A, "Late?"), RejectionReason.MALFORMED]),
        ("{0}] Late?\n2. [{0}] Later?", [(A, "Late?"), RejectionReason.MALFORMED]),
        ("I'm sorry, but I can't help with that.", [RejectionReason.MALFORMED]),
        ("", [RejectionReason.MALFORMED]),
        ("{0}] Fix this:\nx = [1, 2\nprint(x)\n2. [{1}] Go.", [(A, "Fix this:\nx = [1, 2\nprint(x)"), (B, "Go.")]),
        ("{0}] Late?\nAnswer: It is on time.\n", [(A, "Late?")]),
    ],
)
def test_what_answers_no_hint_is_not_a_request(text, expected):
    assert lines_of(text.format(*HINTS)) == expected


def test_a_line_that_was_cut_is_not_kept_and_a_whole_one_is():
    cut = f"{HINTS[0]}] Is my train late?\n2. [{HINTS[1]}] Trick th"
    assert lines_of(cut, finish_reason="length") == [(A, "Is my train late?"), RejectionReason.TRUNCATED]
    assert lines_of(f"{HINTS[0]}] Is my train late?\n", finish_reason="length") == [(A, "Is my train late?")]


@pytest.mark.parametrize(
    ("style", "text", "topics"),
    [
        ("text", " Exchange rates\n4. ferry times\n5. ferry times", ["exchange rates", "ferry times"]),
        ("text", " tides\n**5.** moon phases\n6) bus lines", ["tides", "moon phases", "bus lines"]),
        ("chat", "Sure! Here are ten more topics:\n\n3. tides\n4. moon phases\n\nEnjoy!", ["tides", "moon phases"]),
        ("chat", "tides\nmoon phases", ["tides", "moon phases"]),
        ("text", " what is the weather like in Rome today\n4. <|im_end|>\n5. [tides]\n6. a; b", []),
    ],
)
def test_topics_are_short_lower_case_and_distinct(style, text, topics):
    assert parse_topics(completion(text), 3, style) == topics


def test_a_topic_that_may_be_cut_does_not_count():
    assert parse_topics(completion(" tides\n4. moon pha", "length"), 3, "text") == ["tides"]


@given(st.text(max_size=200), st.sampled_from(["stop", "length"]), st.sampled_from(["text", "chat"]))
def test_reading_never_raises_and_accounts_for_something(text, finish_reason, style):
    reply = completion(text, finish_reason)
    assert parse_lines(reply, CHOICE, style)
    assert all(topic == topic.strip() != "" for topic in parse_topics(reply, 3, style))


# --- What is kept, and which cells come first ------------------------------------------------------------------


def test_kept_requests_know_their_cells_and_topics_grow(guide):
    rounds, _, _ = run(guide)
    kept = [item for finished in rounds for item in finished.accepted]
    assert len(kept) >= 60
    assert all(item.cell and item.source == "guided" for item in kept)
    assert [item.id for item in kept] == sorted(item.id for item in kept)
    grown = [Topic(finished.kind, name) for finished in rounds for name in finished.topics]
    assert len(grown) == len(set(grown)) > 20
    assert {item.cell.topic for item in kept} & {topic.name for topic in grown}
    assert all(finished.proposer == "guided" for finished in rounds)


@pytest.mark.parametrize("style", ["text", "chat"])
def test_kinds_are_filled_by_weight_however_hard_some_are(guide, style):
    def cooking_is_hard(prompt, sampling, rng_seed):
        reply = guided_model(prompt, sampling, rng_seed)
        return Completion(reply.text.replace("cooking;", "cooking!", 1), reply.finish_reason, reply.usage)

    rounds, _, _ = run(guide, cooking_is_hard, style=style, target=300)
    counts = Counter(item.cell.kind for finished in rounds for item in finished.accepted)
    shares = {"live data": counts["live data"], "fraud": counts["fraud"], "cooking": counts["cooking"] / 2}
    total = sum(shares.values())
    evenness = -sum(part / total * math.log(part / total) for part in shares.values()) / math.log(3)
    assert evenness >= 0.98, counts


def test_empty_cells_come_before_second_lines(guide):
    rounds, _, _ = run(guide)
    per_cell = Counter(item.cell for finished in rounds for item in finished.accepted)
    assert len(per_cell) >= 55
    assert sum(count > 1 for count in per_cell.values()) <= 5, "those of the first topics, before there were more"


def test_no_harmful_request_is_kept_without_its_twin(guide):
    def twins_are_hard(prompt, sampling, rng_seed):
        reply = guided_model(prompt, sampling, rng_seed)
        broken = reply.text.replace("benign twin;", "benign;") if rng_seed % 2 else reply.text
        return Completion(broken, reply.finish_reason, reply.usage)

    rounds, _, _ = run(guide, twins_are_hard, target=200)
    open_twins = Counter()
    for finished in rounds:
        for item in finished.accepted:
            place = item.cell[:2]
            open_twins[place] += {Stance.BENIGN_TWIN: 1, Stance.HARMFUL: -1}.get(item.cell.stance, 0)
            assert open_twins[place] >= 0
    assert any(item.reason is RejectionReason.NO_TWIN for finished in rounds for item in finished.rejected)
    assert any(item.cell.stance == Stance.HARMFUL for finished in rounds for item in finished.accepted)


def test_a_guide_can_do_with_fewer_twins(tmp_path):
    (tmp_path / "half.yaml").write_text(GUIDE.replace("twins: 1.0", "twins: 0.5"), encoding="utf-8")

    def no_twins(prompt, sampling, rng_seed):
        reply = guided_model(prompt, sampling, rng_seed)
        broken = reply.text.replace("benign twin;", "benign;") if rng_seed % 4 else reply.text
        return Completion(broken, reply.finish_reason, reply.usage)

    rounds, *_ = run(load_guide(str(tmp_path / "half.yaml")), no_twins, target=300)
    cells = summarise_cells(rounds, [])
    num_harmful = len(cells.twins) + cells.num_unpaired
    assert num_harmful > 20
    assert 0.3 < cells.num_unpaired / num_harmful <= 0.55


def test_a_cell_that_nothing_comes_of_is_left_alone_and_the_run_ends(guide):
    def mute(prompt, sampling, rng_seed):
        return completion("No!")

    rounds, _, engine = run(guide, mute, max_dry_rounds=2000)
    asked = Counter(hint for finished in rounds for hint in finished.hints)
    assert len(asked) == sum(len(unit) for kind in guide.kinds for unit in kind.units) * 2
    assert max(asked.values()) <= GuidedSpec().tries + 4, "as many as were open at the time, and no more"
    assert len(engine.requests) < 200
    assert len(rounds) > len(engine.requests), "rounds that had nothing to ask ended the run"


def test_rounds_do_not_depend_on_latency(guide):
    steady, *_ = run(guide, delay=0.0)
    hurried, *_ = run(guide, delay=lambda rng_seed: rng_seed % 7 / 2000)
    assert steady == hurried


@pytest.mark.parametrize("mix", [{"guided": 1.0}, {"self-instruct": 0.6, "guided": 0.4}])
def test_a_replay_of_any_length_goes_on_as_the_run_did(guide, mix):
    whole, *_ = run(guide, target=150, mix=mix)
    for length in random.Random(1).sample(range(1, len(whole)), 12):
        pool = guided_pool(guide)
        pool.replay(iter(whole[:length]))
        rest, *_ = run(guide, target=150, mix=mix, pool=pool)
        assert rest == whole[length:], f"after {length} rounds"


def test_a_mix_has_its_shares_whatever_one_asks_for_at_a_time(guide):
    pool = guided_pool(guide)
    spec = ProposeSpec(mix={"self-instruct": 3, "guided": 1.0}, asked=20, window=4)
    proposer_of = open_proposers(pool, spec, style="text", rng_seed=5)
    names = Counter(proposer_of(number).name for number in range(4000))
    asked = {"self-instruct": 20 * names["self-instruct"], "guided": 0.8 * 5 * names["guided"]}
    assert abs(asked["guided"] / sum(asked.values()) - 0.25) < 0.02
    again = open_proposers(guided_pool(guide), spec, style="text", rng_seed=5)
    assert [proposer_of(number).name for number in range(50)] == [again(number).name for number in range(50)]


@pytest.mark.parametrize(
    ("mix", "message"),
    [
        ({"guidd": 1.0}, r"mix: unknown proposer 'guidd'; did you mean 'guided'\?"),
        ({"guided": -1}, "mix: the share of guided must be a number from 0 up, is -1"),
        ({"guided": "much"}, "mix: the share of guided"),
        ({"guided": 0}, "mix: at least one"),
        ({}, "mix: at least one"),
    ],
)
def test_a_mix_that_makes_no_sense_is_named(mix, message):
    with pytest.raises(ValueError, match=message):
        ProposeSpec(mix=mix)


@pytest.mark.parametrize("unit", ["1", "1 ", "1.", "- ", "[", "**", "1. [a; b"])
@pytest.mark.parametrize("style", ["text", "chat"])
def test_marks_without_end_are_read_quickly(unit, style):
    # Numbers without end in front of a hint once took exponential time, which stopped the whole run.
    for text in (unit * 5_000, f"{unit * 5_000}x", f"5. [x] a\n{unit * 5_000}"):
        assert parse_lines(completion(text), CHOICE, style)
