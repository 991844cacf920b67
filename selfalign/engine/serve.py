"""A recipe's model as a server that speaks OpenAI's protocol, for one or many runs.

It is vLLM's own server in a process of its own, with the arguments that an engine in this process would have (seeds
that do not kill a CPU's engine, sequences enough for the slots, the whole constitution kept in the prefix cache) and
with cached tokens counted. As a module this file is that process: `vllm serve`, the script, does not start on a CPU
build.
"""

import contextlib
import json
import os
import runpy
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TextIO

from selfalign.engine.log import EngineLog
from selfalign.engine.modelfiles import is_path, refuse_missing_model
from selfalign.engine.spec import EngineSpec
from selfalign.engine.start import Progress, engine_environment, sigterm_as_interrupt
from selfalign.engine.watchdog import engine_watched
from selfalign.errors import EngineDied, EngineStartError
from selfalign.records import to_row

LOOKS_EVERY = 0.5
"""Seconds between two looks at a server that starts or runs."""

CLOSES_IN = 20.0
"""Seconds that a server has to end by itself."""

_EVERYWHERE = ("0.0.0.0", "::", "")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server listens."""

    host: str = "127.0.0.1"
    port: int = 8000

    @property
    def address(self) -> str:
        """As a recipe's `model.endpoint` on this machine."""
        host = "127.0.0.1" if self.host in _EVERYWHERE else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/v1"


def serve(spec: EngineSpec, place: Place, *, slots: int | None = None, stream: TextIO | None = None) -> None:
    """Serve a recipe's model until Ctrl-C or SIGTERM, which are a KeyboardInterrupt; the server ends with us.

    Where the environment variable `spec.key_variable` holds a key, the server wants it. `stream` takes a line for every
    step of the start. Raises `EngineStartError`, and `EngineDied` where the server ends by itself.
    """
    refuse_missing_model(spec.location, spec.revision)
    with EngineLog() as log, engine_watched(), Progress(stream) as progress, sigterm_as_interrupt():
        progress.say(f"starting a server for {spec.model}")
        with log.taking_over(), engine_environment(is_local=is_path(spec.location)):
            # A session of its own: Ctrl-C reaches us alone, who then end the server in order.
            environment = {**os.environ, "VLLM_API_KEY": os.environ.get(spec.key_variable, "")}
            child = subprocess.Popen(_command(spec, place, slots), env=environment, start_new_session=True)
        try:
            with progress.following(log, spec):
                _wait_until_ready(child, place, spec, log)
            progress.say_ready()
            progress.say(f"serving; in a recipe, model.endpoint: {place.address}")
            while child.poll() is None:
                time.sleep(LOOKS_EVERY)
            raise EngineDied(f"the server ended ({log.last_error() or f'exit code {child.returncode}'})")
        finally:
            _end(child)


def server_flags(chosen: Mapping[str, Any], spec: EngineSpec, place: Place) -> list[str]:
    """vLLM's command line for its server, from engine arguments by name."""
    ours = {
        "host": place.host,
        "port": place.port,
        "served_model_name": spec.model,
        "enable_prompt_tokens_details": True,
        "disable_uvicorn_access_log": True,
        "generation_config": "vllm",  # the model's own could cut answers and change how they are drawn
        "chat_template": spec.chat_template,
    }
    flags = {key: value for key, value in {**ours, **chosen}.items() if value is not None or key in _NONE_IS_A_VALUE}
    return [part for key, value in flags.items() for part in _flag(key.replace("_", "-"), value)]


_NONE_IS_A_VALUE = {"prefix_cache_retention_interval"}


def _flag(name: str, value: Any) -> list[str]:
    if isinstance(value, bool):
        return [f"--{name}" if value else f"--no-{name}"]
    if isinstance(value, (list, tuple)):
        return [f"--{name}", *map(str, value)]
    return [f"--{name}={json.dumps(value) if isinstance(value, Mapping) else value}"]


def _command(spec: EngineSpec, place: Place, slots: int | None) -> list[str]:
    told = {"spec": to_row(replace(spec, endpoint=())), "place": [place.host, place.port], "slots": slots}
    return [sys.executable, "-m", "selfalign.engine.serve", json.dumps(told)]


def _wait_until_ready(child: subprocess.Popen[bytes], place: Place, spec: EngineSpec, log: EngineLog) -> None:
    while child.poll() is None:
        with contextlib.suppress(OSError):
            key = os.environ.get(spec.key_variable, "")
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            with urllib.request.urlopen(urllib.request.Request(f"{place.address}/models", headers=headers), timeout=5):
                return
        time.sleep(LOOKS_EVERY)
    raise EngineStartError(f"{spec.model}: the server did not start: {log.last_error() or 'it ended'}")


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(CLOSES_IN)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _become_server(told: Mapping[str, Any]) -> None:
    """Be vLLM's server, in the process that was made for it."""
    from selfalign.engine.arguments import chosen_arguments

    spec = EngineSpec(**told["spec"])
    sys.argv = ["vllm", *server_flags(chosen_arguments(spec, told["slots"]), spec, Place(*told["place"]))]
    runpy.run_module("vllm.entrypoints.openai.api_server", run_name="__main__")


if __name__ == "__main__":
    _become_server(json.loads(sys.argv[1]))
