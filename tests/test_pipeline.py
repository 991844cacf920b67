import asyncio
import heapq
import random
import selectors

import pytest
from scripted import ScriptedEngine
from worlds import world_model, world_recipe

from selfalign import pipeline
from selfalign.align.constitution import load_constitution
from selfalign.errors import EngineDied, RunDirError
from selfalign.novelty.index import NoveltyIndex
from selfalign.propose import Pool, load_seeds
from selfalign.records import Example
from selfalign.run.progress import Counters


class SleepClockLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer instead of waiting for it."""

    def __init__(self):
        selector = selectors.DefaultSelector()
        really_select = selector.select
        self.now = 0.0

        def select(timeout=None):
            self.now += timeout or 0.0
            return really_select(0)

        selector.select = select
        super().__init__(selector)

    def time(self):
        return self.now


def run(
    respond=world_model,
    *,
    delay=0.0,
    journal_outcome=lambda outcome: None,
    runner=asyncio,
    engine=None,
    **changes,
):
    recipe = world_recipe(**changes)
    plan = pipeline.Plan(
        rng_seed=recipe.rng_seed,
        slots=recipe.slots,
        style="text",
        constitution=load_constitution(recipe.constitution),
        propose=recipe.propose,
        align=recipe.align,
        checks=recipe.checks,
    )
    engine = engine or ScriptedEngine(respond, delay=delay)
    counters = Counters(target=recipe.propose.target)
    runner.run(
        pipeline.run(
            engine,
            plan,
            Pool(load_seeds(recipe.seeds), NoveltyIndex(recipe.novelty)),
            answered_ids=set(),
            counters=counters,
            journal_round=lambda finished: None,
            journal_outcome=journal_outcome,
        )
    )
    return engine, counters


def test_no_more_requests_than_slots_are_in_flight_and_the_slots_are_used():
    engine, counters = run(delay=lambda seed: 0.001 + seed % 5 / 2000, slots=6, propose__target=60)
    assert engine.max_in_flight == 6
    assert counters.in_flight == 0


def propose_new(prompt, sampling, rng_seed):
    if not prompt.endswith("Instruction:"):
        return world_model(prompt, sampling, rng_seed)
    items = (f"Explain {rng_seed}{item} and {item}{rng_seed} to {rng_seed * 7 + item} people" for item in range(4))
    return " " + "\n### Task 9\nInstruction: ".join(items)


def test_the_slots_are_as_busy_as_with_everything_known_beforehand():
    """On a clock that only sleeping moves, with log-normal requests: the run takes at most 5 % longer than the same
    requests, all known beforehand, take on as many slots. In waves, or in two stages, it would take twice as long."""
    lengths = random.Random(3)
    seconds = []

    def delay(seed):
        seconds.append(lengths.lognormvariate(0, 0.8))
        return seconds[-1]

    with asyncio.Runner(loop_factory=SleepClockLoop) as runner:
        run(propose_new, delay=delay, slots=16, runner=runner, propose__window=32, propose__target=1200)
        wall = runner.get_loop().time()
    free_at = [0.0] * 16
    for request in seconds:
        heapq.heapreplace(free_at, free_at[0] + request)
    assert wall <= 1.05 * max(free_at)


def test_many_dying_requests_are_one_error():
    def die(prompt, sampling, rng_seed):
        if prompt.endswith("Instruction:"):
            return world_model(prompt, sampling, rng_seed)
        raise EngineDied("the engine stopped")

    with pytest.raises(EngineDied, match=r"^the engine stopped$"):
        run(die, delay=lambda seed: seed % 3 / 1000, slots=8)


def test_a_journal_that_cannot_be_written_ends_the_run_as_itself():
    def full(outcome):
        raise RunDirError("the disk is full")

    with pytest.raises(RunDirError, match="disk is full"):
        run(journal_outcome=full)


def test_a_bug_keeps_its_traceback():
    def bug(prompt, sampling, rng_seed):
        raise ZeroDivisionError

    with pytest.raises((ZeroDivisionError, BaseExceptionGroup)):
        run(bug)


def test_prompts_of_all_answers_share_the_constitution_as_their_prefix():
    engine, _ = run()
    prompts = [request.prompt for request in engine.requests if not request.prompt.endswith("Instruction:")]
    assert len(prompts) > 10
    head = prompts[0][: prompts[0].rindex("### User")]
    assert len(head) > 5000
    assert all(prompt.startswith(head) for prompt in prompts)


def test_one_answer_goes_ahead_and_fills_the_prefix_cache_for_the_rest():
    together = []

    def respond(prompt, sampling, rng_seed):
        if not prompt.endswith("Instruction:"):
            asked = [request for request in engine.requests if not request.prompt.endswith("Instruction:")]
            together.append(len(asked))
        return world_model(prompt, sampling, rng_seed)

    engine = ScriptedEngine(respond, delay=0.001)
    run(engine=engine)
    assert together[0] == 1
    assert max(together) > 1


def test_an_answer_that_is_kept_is_whole():
    outcomes = []
    run(journal_outcome=outcomes.append)
    examples = [item for item in outcomes if isinstance(item, Example)]
    assert examples
    assert all(item.thought and item.answer and item.principles_cited for item in examples)
    assert all("###" not in item.answer and "Principles:" not in item.thought for item in examples)
