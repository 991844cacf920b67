"""The engine behind OpenAI's protocol, against a scripted server: faults, refusals, keys, and what goes over the wire."""

import asyncio
import functools
import io
import random
from pathlib import Path
from typing import Any

import pytest
from scripted_server import FAULTS, ScriptedServer
from worlds import dataset_bytes, world_model, world_recipe

from selfalign.dataset import export as dataset
from selfalign.engine import EngineSpec
from selfalign.engine.endpoint import EndpointEngine, open_endpoint
from selfalign.engine.servers import Timing
from selfalign.generate import generate
from selfalign.records import Completion, Sampling
from selfalign.run import directory as rundir

QUICK = Timing(
    request=0.25, reply=0.25, silence=20.0, pauses=(0.001,) * 4 + (0.01,) * 30, looks=(0.01, 0.02, 0.05), patience=20.0
)
KEY = "sk-not-to-be-seen-anywhere"


def whole(
    path: Path, *servers: ScriptedServer, timing: Timing = QUICK, said: io.StringIO | None = None, **changes: Any
):
    """A whole run of the little world through endpoints."""
    recipe = world_recipe(model__model="world", model__endpoint=[server.address for server in servers], **changes)
    opened = functools.partial(open_endpoint, timing=timing, stream=said or io.StringIO())
    return generate(recipe, path, start_engine=lambda spec, **_: opened(spec))


def ask(spec: EngineSpec, action: Any, *, timing: Timing = QUICK) -> tuple[Any, str]:
    """What an action on the engine returns, and what was said meanwhile."""
    said = io.StringIO()

    async def main() -> Any:
        async with open_endpoint(spec, timing=timing, stream=said) as engine:
            return await action(engine)

    return asyncio.run(main()), said.getvalue()


def hello(**sampling: Any) -> Any:
    async def action(engine: EndpointEngine) -> Completion:
        return await engine.generate("Hello", Sampling(**sampling), rng_seed=5)

    return action


@pytest.fixture
def server():
    with ScriptedServer(world_model) as started:
        yield started


def test_with_a_fifth_of_all_requests_failing_a_run_is_complete_and_the_same(tmp_path: Path) -> None:
    with ScriptedServer(world_model) as server:
        whole(tmp_path / "calm" / "run", server)
        expected = dataset_bytes(dataset.export(tmp_path / "calm" / "run"))
        num_posts = server.num_posts
        seen = set()
        for seed in range(200):
            rng = random.Random(seed)

            def fault(number: int, rng: random.Random = rng) -> str | None:
                found = rng.choice(FAULTS) if rng.random() < 0.2 else None
                seen.add(found)
                return found

            server.fault, server.num_posts = fault, 0
            counters = whole(tmp_path / str(seed) / "run", server)
            assert counters.num_unanswered == 0
            assert server.num_posts > num_posts
            path = tmp_path / str(seed) / "run"
            ids = [outcome.instruction_id for outcome in rundir.read_outcomes(path)]
            assert len(ids) == len(set(ids))
            if seed % 20 == 0:
                assert dataset_bytes(dataset.export(path)) == expected
            assert sorted((path / rundir.OUTCOMES).read_bytes().splitlines()) == sorted(
                (tmp_path / "calm" / "run" / rundir.OUTCOMES).read_bytes().splitlines()
            )
        assert seen == {None, *FAULTS}
