"""What several test modules share: the real engine, started once for all tests that only ask it something.

An engine belongs to the event loop that opened it, so tests run their coroutines through `on_engine_loop`.
"""

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Two threads that share two cores with everything else wait for each other; one does not.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import settings
from tiny_model import make_tiny_model

from selfalign.engine import EngineSpec, open_engine
from selfalign.engine.vllm import VllmEngine

# A job in the background ignores Ctrl-C, and so would all that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says more about the machine than about the code.
settings.register_profile("selfalign", deadline=None)
settings.load_profile("selfalign")


# Files with tests on the engine; two engines at a time would be in each other's way.
ENGINE_FILES = {file.name for file in Path(__file__).parent.glob("test_*.py") if "mark.engine" in file.read_text()}


def _on_engine(nodeid: str) -> bool:
    return nodeid.split("::")[0].rpartition("/")[2] in ENGINE_FILES


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The engine's files first: side by side with the others they take longest."""
    items.sort(key=lambda item: not _on_engine(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Side by side, the tests of a file stay in one process, and so do all that are on the engine."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "engine" if _on_engine(nodeid) else nodeid.split("::")[0]

    return ByFile(config, log)


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a randomly initialised model."""
    return make_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def engine_loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="session")
def engine(tiny_model: Path, engine_loop: asyncio.Runner) -> Iterator[VllmEngine]:
    """The real engine with the random model, as a chat model that takes plain text as well."""
    opened = open_engine(EngineSpec(model=str(tiny_model), style="chat"))
    yield engine_loop.run(opened.__aenter__())
    engine_loop.run(opened.__aexit__(None, None, None))
