import asyncio

import pytest
from scripted import ScriptedEngine

from selfalign.engine.patience import PatientEngine
from selfalign.errors import PromptRefused, RequestFailed, RunStalled
from selfalign.records import Sampling


def ask(respond, times=1, pauses=(0.0, 0.0)):
    engine = ScriptedEngine(respond)
    patient = PatientEngine(engine, pauses)

    async def all_of_them():
        requests = (patient.generate("Say it.", Sampling(), rng_seed=number) for number in range(times))
        return await asyncio.gather(*requests)

    return asyncio.run(all_of_them()), engine


def failing(num_times):
    """An engine that fails on each seed's first requests."""
    seen = {}

    def respond(prompt, sampling, rng_seed):
        seen[rng_seed] = seen.get(rng_seed, 0) + 1
        if seen[rng_seed] <= num_times:
            raise RequestFailed("queue full")
        return "said"

    return respond


def test_a_failed_request_is_sent_again_unchanged():
    completions, engine = ask(failing(2))
    assert [each.text for each in completions] == ["said"]
    assert len(engine.requests) == 3
    assert len(set(engine.requests)) == 1


def test_nothing_is_given_up_while_others_succeed():
    """Every request fails three times, more often than there are pauses, but never all of them at once."""
    seen = {}

    def respond(prompt, sampling, rng_seed):
        seen[rng_seed] = seen.get(rng_seed, 0) + 1
        if rng_seed and seen[rng_seed] <= 3 * rng_seed:
            raise RequestFailed("queue full")
        return "said"

    completions, _ = ask(respond, times=4, pauses=(0.0, 0.0, 0.0))
    assert len(completions) == 4


def test_an_engine_that_only_fails_ends_the_run_with_one_line():
    with pytest.raises(RunStalled, match=r"failed 3 times and no other succeeded meanwhile \(queue full\)"):
        ask(failing(99))


def test_a_refused_prompt_is_not_sent_again():
    def refuse(prompt, sampling, rng_seed):
        raise PromptRefused("too long")

    engine = ScriptedEngine(refuse)
    with pytest.raises(PromptRefused):
        asyncio.run(PatientEngine(engine, (0.0,)).generate("Say it.", Sampling(), rng_seed=1))
    assert len(engine.requests) == 1
