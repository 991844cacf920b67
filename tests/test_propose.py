import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import ScriptedEngine
from worlds import SEEDS as SEED_FILE

from selfalign.errors import EngineDied, PromptRefused
from selfalign.novelty.index import NoveltyIndex, NoveltySpec
from selfalign.propose.seeds import load_seeds
from selfalign.propose.selfinstruct import (
    Pool,
    ProposeSpec,
    choose_shown,
    derive_seed,
    parse_proposal,
    propose,
    render_proposal,
    screen_round,
)
from selfalign.records import Completion, Instruction, RejectionReason, Usage

SEEDS = load_seeds([str(SEED_FILE)])
A, B = "Do this.", "Do that."
WORDS = "amber birch cedar delta ember fjord grove haven islet jetty knoll ledge maple north ocean prism".split()


def made_up(number: int) -> str:
    """An instruction that shares few words with another one's."""
    chosen = [WORDS[number // 16**place % 16] + WORDS[(number // 16**place + 5 * place) % 16] for place in range(3)]
    return f"Describe {chosen[0]} beside {chosen[1]} under {chosen[2]} {number}"


def completion(text: str, finish_reason: str = "stop") -> Completion:
    return Completion(text, finish_reason, Usage(100, 90, 20))


def listing(*items: str, first: int = 9) -> str:
    """What a model writes behind an open "### Task 9 / Instruction:"."""
    rest = [f"### Task {first + number}\nInstruction: {item}" for number, item in enumerate(items) if number]
    return "\n\n".join([f" {items[0]}", *rest])


def make_pool() -> Pool:
    return Pool(SEEDS, NoveltyIndex(NoveltySpec()))


def judged(text: str, finish_reason: str = "stop", spec: ProposeSpec | None = None):
    return asyncio.run(screen_round(completion(text, finish_reason), SEEDS[:2], make_pool(), spec or ProposeSpec(), 0))


async def collect(engine, pool, spec, rounds=None):
    journal = rounds.append if rounds is not None else lambda finished: None
    return [item async for item in propose(engine, pool, spec, style="text", rng_seed=3, journal=journal)]


def test_the_prompt_is_the_numbered_list_open_at_its_next_item():
    prompt = render_proposal(SEEDS[:2], ProposeSpec(), "text")
    assert prompt.endswith(
        "### Task 1\nInstruction: Name three rivers that flow through Vienna.\n\n"
        "### Task 2\nInstruction: Correct the spelling of this sentence.\nInput: Teh cat sat on teh mat.\n\n"
        "### Task 3\nInstruction:"
    )


def test_a_chat_model_is_asked_in_one_user_message():
    (message,) = render_proposal(SEEDS[:2], ProposeSpec(asked=5), "chat")
    assert message["role"] == "user"
    assert "tasks 3 to 7" in message["content"]


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        (f" {A}\n\n### Task 10\nInstruction: {B}\nInput: with this\nand this", [(A, ""), (B, "with this\nand this")]),
        (f" {A}\nInput: none\n", [(A, "")]),
        (f"### Task 9\nInstruction: {A}\n### Task 10:\n10. Instruction: {B}", [(A, ""), (B, "")]),
        (f" {A}\nInput: x\nOutput: y\n### Task 10\nInstruction: {B}\nAnswer: z", [(A, "x"), (B, "")]),
        (f" {A}\n### Task 10\nno label here", [(A, ""), None]),
        (f" {A}\n### Task 10\nInstruction:\nInput: x", [(A, ""), None]),
        ("", []),
        (" \n\n", []),
    ],
)
def test_continued_lists_are_parsed_tolerantly(text, pairs):
    assert parse_proposal(text) == pairs


@given(st.lists(st.tuples(st.text(max_size=40), st.text(max_size=40)), max_size=4), st.text(max_size=60))
def test_parsing_never_raises_and_never_yields_an_empty_instruction(items, noise):
    text = noise.join(f"\n### Task {n}\nInstruction: {a}\nInput: {b}" for n, (a, b) in enumerate(items))
    assert all(pair is None or (pair[0] and pair[0] == pair[0].strip()) for pair in parse_proposal(text))


@given(st.text(max_size=300), st.sampled_from(["stop", "length"]))
def test_every_parsed_item_is_accepted_or_rejected_with_a_reason(text, finish_reason):
    finished = judged(text, finish_reason)
    expected = min(len(parse_proposal(text)), ProposeSpec().asked) or 1
    assert len(finished.accepted) + len(finished.rejected) == expected


def test_what_is_kept_and_why_the_rest_is_not():
    finished = judged(
        listing(
            "List five ways to reuse a glass jar at home.",
            "List five ways to reuse a glass jar at home!",
            "name three rivers that flow through vienna.",
            "Why is the sky so blue on a clear day?",
            "Go.",
            "Draw a cat on a red sofa.",
        )
    )
    assert [item.id for item in finished.accepted] == ["p0000000-00"]
    reasons = [(item.reason, item.nearest_id) for item in finished.rejected]
    assert reasons == [
        (RejectionReason.NEAR_DUPLICATE, "p0000000-00"),
        (RejectionReason.REPEATS_SHOWN, "seed-0"),
        (RejectionReason.NEAR_DUPLICATE, "seed-3"),
        (RejectionReason.TOO_SHORT, None),
        (RejectionReason.NOT_TEXT, None),
    ]
    assert all(item.similarity > 0.7 for item in finished.rejected if item.reason is RejectionReason.NEAR_DUPLICATE)


def test_an_output_cut_by_length_loses_its_last_item():
    finished = judged(listing("List five ways to reuse a glass jar.", "Explain why the"), "length")
    assert [item.text for item in finished.accepted] == ["List five ways to reuse a glass jar."]
    assert [item.reason for item in finished.rejected] == [RejectionReason.TRUNCATED]


def test_a_contaminated_instruction_names_where_it_stands():
    pool = make_pool()
    pool.find_contamination = lambda text, context: "evaluation.jsonl:7" if "jar" in text else None
    finished = asyncio.run(screen_round(completion(" List five ways to reuse a jar."), (), pool, ProposeSpec(), 0))
    assert [(item.reason, item.detail) for item in finished.rejected] == [
        (RejectionReason.CONTAMINATED, "evaluation.jsonl:7")
    ]


def test_shown_are_seeds_first_and_own_ones_once_there_are_any():
    pool, spec = make_pool(), ProposeSpec(window=2)
    assert len(choose_shown(pool, spec, 0, 1)) == 8
    pool.accepted = [Instruction(f"p{n}", f"own {n}", "", "") for n in range(5)]
    pool.sizes = [3, 5]
    shown = choose_shown(pool, spec, 2, 1)
    assert sum(item.id.startswith("seed") for item in shown) == 6
    own = {item.id for item in shown if item.id.startswith("p")}
    assert len(own) == 2
    assert own <= {"p0", "p1", "p2"}, "round 2 with a window of 2 knows what was kept after round 0 only"


def test_request_seeds_differ_by_run_and_by_request_and_fit_into_31_bits():
    seeds = {derive_seed(run, "propose", number) for run in range(10) for number in range(100)}
    assert len(seeds) == 1000
    assert all(0 <= seed < 2**31 for seed in seeds)


def propose_three(prompt, sampling, rng_seed):
    return completion(listing(*(made_up(rng_seed % 10**6 * 3 + item) for item in range(3))))


def test_rounds_do_not_depend_on_latency():
    spec = ProposeSpec(target=40, window=4)

    def rounds_at(delay):
        rounds = []
        asyncio.run(collect(ScriptedEngine(propose_three, delay=delay), make_pool(), spec, rounds))
        return rounds

    steady = rounds_at(lambda rng_seed: 0.0)
    assert steady == rounds_at(lambda rng_seed: rng_seed % 7 / 2000)
    assert [finished.index for finished in steady] == list(range(len(steady)))


def test_others_have_their_turn_between_two_verdicts():
    pool, turns = make_pool(), []

    async def others():
        while True:
            turns.append(len(pool.index))
            await asyncio.sleep(0)

    async def judge_beside_others():
        beside = asyncio.create_task(others())
        reply = " " + "\n\n### Task 9\nInstruction: ".join(made_up(273 * number) for number in range(6))
        finished = await screen_round(completion(reply), SEEDS[:2], pool, ProposeSpec(), 0)
        beside.cancel()
        return finished

    assert len(asyncio.run(judge_beside_others()).accepted) == 6
    assert set(range(len(SEEDS) + 1, len(SEEDS) + 6)) <= set(turns)


def test_the_window_bounds_the_requests_in_flight():
    engine = ScriptedEngine(propose_three, delay=lambda rng_seed: rng_seed % 5 / 2000)
    asyncio.run(collect(engine, make_pool(), ProposeSpec(target=40, window=4)))
    assert engine.max_in_flight == 4


def test_proposing_ends_when_nothing_new_comes():
    engine = ScriptedEngine(lambda *_: completion(" Name three rivers that flow through Vienna."))
    pool = make_pool()
    assert asyncio.run(collect(engine, pool, ProposeSpec(target=5, window=2, max_dry_rounds=6))) == []
    assert pool.dry_rounds == 6


def test_a_refused_prompt_ends_its_round_and_no_other():
    def refuse_first(prompt, sampling, rng_seed):
        if rng_seed == derive_seed(3, "propose", 0):
            raise PromptRefused("the prompt has 5,000 tokens")
        return propose_three(prompt, sampling, rng_seed)

    rounds = []
    kept = asyncio.run(collect(ScriptedEngine(refuse_first), make_pool(), ProposeSpec(target=9, window=2), rounds))
    assert [item.reason for item in rounds[0].rejected] == [RejectionReason.PROMPT_REFUSED]
    assert len(kept) >= 9


def test_a_dead_engine_passes_through_and_leaves_no_request_behind():
    async def run():
        def die(prompt, sampling, rng_seed):
            raise EngineDied("the engine stopped")

        with pytest.raises(EngineDied):
            await collect(ScriptedEngine(die), make_pool(), ProposeSpec(window=8))
        return [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]

    assert asyncio.run(run()) == []


def test_stop_strings_end_the_list_after_the_items_asked_for():
    seen = []

    def respond(prompt, sampling, rng_seed):
        seen.append((prompt, sampling.stop))
        return propose_three(prompt, sampling, rng_seed)

    asyncio.run(collect(ScriptedEngine(respond), make_pool(), ProposeSpec(target=1, window=1, asked=5)))
    prompt, stop = seen[0]
    assert stop == ("\n### Task 14",)
    assert re.findall(r"### Task (\d+)", prompt)[-1] == "9"


@pytest.mark.parametrize("field", ["target", "window", "shown_seeds", "asked", "max_dry_rounds"])
def test_counts_below_one_are_refused(field):
    with pytest.raises(ValueError, match=f"{field}: must be at least 1"):
        ProposeSpec(**{field: 0})
