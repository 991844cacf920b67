"""The window: rounds in flight, committed in their order whatever comes back first."""

import asyncio

import pytest
from proposals import collect, completion, make_pool, propose_three
from scripted import ScriptedEngine

from benchmarks.window import busy
from selfalign.errors import EngineDied, PromptRefused
from selfalign.propose import ProposeSpec, window_of
from selfalign.records import RejectionReason, derive_seed


def test_request_seeds_differ_by_run_and_by_request_and_fit_into_31_bits():
    seeds = {derive_seed(run, "propose", number) for run in range(10) for number in range(100)}
    assert len(seeds) == 1000
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_rounds_do_not_depend_on_latency():
    spec = ProposeSpec(target=40, window=4)

    def rounds_at(delay):
        rounds = []
        asyncio.run(collect(ScriptedEngine(propose_three, delay=delay), make_pool(), spec, rounds))
        return rounds

    steady = rounds_at(lambda rng_seed: 0.0)
    assert steady == rounds_at(lambda rng_seed: rng_seed % 7 / 2000)
    assert [finished.index for finished in steady] == list(range(len(steady)))


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


@pytest.mark.parametrize("field", ["target", "window", "shown_seeds", "asked", "max_dry_rounds"])
def test_counts_below_one_are_refused(field):
    with pytest.raises(ValueError, match=f"{field}: must be at least 1"):
        ProposeSpec(**{field: 0})


@pytest.mark.parametrize("asked", [1, 8])
def test_the_default_window_keeps_the_slots_busy_whatever_is_asked(asked):
    """Against the same requests, all known beforehand; with a window as wide as the slots it would be 0.4 and 0.9."""
    assert busy(64, asked, None, 0.8, per_slot=120) >= 0.95


def test_a_window_that_is_given_stays():
    assert window_of(ProposeSpec(window=7), 64) == 7
    assert window_of(ProposeSpec(), 64) < window_of(ProposeSpec(asked=1), 64)
