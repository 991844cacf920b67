"""Budgets: what is typed, what a run spends, and that a larger one continues it."""

import asyncio
import io
import random

import pytest
from scripted import ScriptedEngine
from test_generate import opener
from test_pipeline import SleepClockLoop
from worlds import dataset_bytes, world_model, world_recipe

from selfalign import pipeline
from selfalign.align.constitution import load_constitution
from selfalign.dataset import export as dataset
from selfalign.errors import EngineDied, RecipeError
from selfalign.generate import generate
from selfalign.novelty.index import NoveltyIndex
from selfalign.propose import Pool, load_seeds
from selfalign.records import Completion, Usage
from selfalign.run import directory as rundir
from selfalign.run.budget import Budget, Price, parse_budget, parse_price, weighed
from selfalign.run.meter import FirstGuess, Meter
from selfalign.run.progress import Clock, Counters

CONSTITUTION = load_constitution("default")
GPU, MTOK = Price(per_gpu_hour=2.0), Price(per_mtok=(0.1, 0.4))


@pytest.mark.parametrize(
    ("text", "price", "seconds", "tokens"),
    [
        ("90s", Price(), 90, None),
        ("1.5 h", Price(), 5400, None),
        ("2d", GPU, 172_800, None),
        ("50Mtok", Price(), None, 50e6),
        ("300_000tok", MTOK, None, 3e5),
        ("20eur", GPU, 4500, None),
        ("$20", GPU, 4500, None),
        ("20eur", MTOK, None, 20e6),
    ],
)
def test_a_budget_is_time_or_tokens_whatever_it_is_written_in(text, price, seconds, tokens):
    budget = parse_budget(text, price, devices=8)
    assert budget.seconds == (seconds or float("inf"))
    assert budget.tokens == (tokens or float("inf"))
    if text == "20eur" and price is MTOK:
        assert weighed(Usage(100e6, 0, 25e6), budget.weights) == budget.tokens


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        (lambda: parse_budget("much", Price(), 1), "--budget much: a time, tokens or money"),
        (lambda: parse_budget("5", Price(), 1), "--budget 5: "),
        (lambda: parse_budget("0h", Price(), 1), "--budget 0h: "),
        (lambda: parse_budget("-2h", Price(), 1), "--budget -2h: "),
        (lambda: parse_budget("2,5h", Price(), 1), "--budget 2,5h: "),
        (lambda: parse_budget("€20usd", GPU, 1), "--budget €20usd: "),
        (lambda: parse_budget("20eur", Price(), 1), "--budget 20eur: money needs a price"),
        (lambda: parse_budget("20eur", Price(per_gpu_hour=0.0), 1), "--budget 20eur: money needs a price"),
        (lambda: parse_price("cheap"), "--per-gpu-hour cheap: a number is needed"),
        (lambda: parse_price(None, "0.1/much"), "--per-mtok 0.1/much: a number is needed"),
        (lambda: parse_price(None, "-1"), "--per-mtok -1: "),
        (lambda: parse_price("nan"), "--per-gpu-hour nan: "),
        (lambda: parse_price("1", "1"), "--per-mtok: one price is needed"),
    ],
)
def test_nonsense_is_one_line(typed, complaint):
    with pytest.raises(RecipeError) as raised:
        typed()
    assert str(raised.value).startswith(complaint)
    assert "\n" not in str(raised.value)


def spend(seed: int, budget: Budget) -> tuple[Counters, float]:
    """A run of the little world on a clock that only sleeping moves: replies of very different lengths, a second for
    50 of their tokens; returns what it made, and the time when it ended."""
    lengths = random.Random(seed)

    def respond(prompt, sampling, rng_seed):
        reply = world_model(prompt, sampling, rng_seed)
        return Completion(reply.text, "stop", Usage(len(prompt) // 40, 0, drawn[rng_seed]))

    def delay(rng_seed):
        drawn[rng_seed] = min(1000, int(lengths.lognormvariate(5, 1)))
        return drawn[rng_seed] / 50

    drawn: dict[int, int] = {}
    recipe = world_recipe(
        slots=16, propose__target=200, propose__window=12, rng_seed=seed, align__sampling__max_tokens=1000
    )
    counters = Counters(target=recipe.propose.target)
    plan = pipeline.Plan(
        recipe.rng_seed, recipe.slots, "text", CONSTITUTION, recipe.propose, recipe.align, recipe.checks
    )
    with asyncio.Runner(loop_factory=SleepClockLoop) as runner:
        loop = runner.get_loop()
        meter = Meter(counters, budget, slots=recipe.slots, clock=Clock(now=loop.time))
        meter.guess = FirstGuess(Usage(100, 0, 1000), Usage(100, 0, 1000), 4)
        runner.run(
            pipeline.run(
                ScriptedEngine(respond, delay=delay),
                plan,
                Pool(load_seeds(recipe.seeds), NoveltyIndex(recipe.novelty)),
                answered_ids=set(),
                counters=counters,
                meter=meter,
                journal_round=lambda finished: None,
                journal_outcome=lambda outcome: None,
            )
        )
        return counters, loop.time()


@pytest.mark.parametrize("seed", range(6))
def test_a_limit_is_overshot_by_three_percent_at_most_and_nearly_used(seed):
    whole, seconds = spend(seed, Budget())
    everything = weighed(whole.usage, (1.0, 1.0))
    assert whole.num_answered == whole.num_accepted >= 200
    counters, _ = spend(seed, Budget("", tokens=0.5 * everything))
    assert 0.93 <= weighed(counters.usage, (1.0, 1.0)) / (0.5 * everything) <= 1.03
    assert counters.num_unanswered <= 0.03 * counters.num_accepted
    counters, ended = spend(seed, Budget("", seconds=0.7 * seconds))
    assert 0.7 <= ended / (0.7 * seconds) <= 1.03
    assert counters.num_answered > 0.4 * whole.num_answered


def test_a_budget_ends_with_a_dataset_and_a_larger_one_continues(tmp_path):
    said, engine, recipe = io.StringIO(), ScriptedEngine(world_model), world_recipe(propose__target=60)

    def run(tokens: int) -> Counters:
        budget = Budget(f"{tokens}tok", tokens=tokens)
        return generate(recipe, tmp_path / "run", budget=budget, stream=said, start_engine=opener(engine))

    counters = run(100_000)
    assert 90_000 <= weighed(counters.usage, (1.0, 1.0)) <= 103_000
    assert 0 <= counters.num_unanswered <= 2 < counters.num_accepted < 60
    bought = f"{counters.num_examples} examples of {counters.num_accepted} instructions for "
    assert f"budget   100000tok: {bought}" in said.getvalue()
    assert "spent; the same command with a larger --budget continues" in said.getvalue()
    assert dataset_bytes(dataset.export(tmp_path / "run"))
    num_requests = len(engine.requests)
    run(99_000)
    assert len(engine.requests) == num_requests
    assert run(1_000_000).num_answered >= 60
    assert "the run is complete" in said.getvalue()
    generate(recipe, tmp_path / "whole" / "run", start_engine=opener(ScriptedEngine(world_model)))
    ours, whole = (dataset_bytes(dataset.export(tmp_path / name)) for name in ("run", "whole/run"))
    assert ours == whole


def test_what_earlier_starts_spent_counts(tmp_path):
    def die(prompt, sampling, rng_seed):
        if len(engine.requests) > 12:
            raise EngineDied("the engine stopped")
        return world_model(prompt, sampling, rng_seed)

    engine = ScriptedEngine(die, delay=0.01)
    with pytest.raises(EngineDied):
        generate(world_recipe(), tmp_path / "run", start_engine=opener(engine))
    before = rundir.read_clock(tmp_path / "run")
    assert before.seconds() >= before.working() >= 0.01
    counters = generate(
        world_recipe(),
        tmp_path / "run",
        budget=Budget("40ktok", tokens=40_000),
        start_engine=opener(ScriptedEngine(world_model, delay=0.01)),
    )
    assert weighed(counters.usage, (1.0, 1.0)) <= 1.03 * 40_000
    after = rundir.read_clock(tmp_path / "run")
    assert after.working() > before.working()
    late = generate(
        world_recipe(), tmp_path / "run", budget=Budget("1s", seconds=after.seconds_before), start_engine=opener(None)
    )
    assert late.num_answered == counters.num_answered


def test_tokens_of_what_was_asked_again_are_spent(tmp_path):
    recipe = world_recipe()
    first = generate(recipe, tmp_path / "run", start_engine=opener(ScriptedEngine(world_model)))
    again = generate(recipe, tmp_path / "run", retry=["all"], start_engine=opener(ScriptedEngine(world_model)))
    assert first.num_failed
    lost = rundir.read_lost_usage(tmp_path / "run")
    assert lost.prompt_tokens > 0
    assert again.usage.prompt_tokens == first.usage.prompt_tokens
