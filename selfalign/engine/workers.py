"""Workers: replicas of a run's engine on other machines, and the line between each of them and the first machine.

vLLM's own parallelism does the work. What it lacks is said here: a worker has exactly the arguments of the recipe (a
rank with others dies or differs), the first machine hears of a worker that ends (vLLM would wait for its answers
without end), and a worker ends with the run.

    first machine    selfalign generate RECIPE ...       listens one port above data_parallel_rpc_port
    each other       selfalign worker RECIPE ... --start-rank N
"""

import contextlib
import multiprocessing
import shlex
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TextIO

from selfalign.engine.arguments import engine_arguments, num_replicas
from selfalign.engine.log import EngineLog
from selfalign.engine.modelfiles import is_path, refuse_missing_model
from selfalign.engine.spec import EngineSpec
from selfalign.engine.start import Progress, engine_environment, interrupts_heard, sigterm_as_interrupt
from selfalign.engine.watchdog import engine_watched
from selfalign.errors import EngineDied, EngineStartError, RecipeError, one_line

RPC_PORT = 29550
"""vLLM's own data_parallel_rpc_port."""

LOOKS_EVERY = 0.5
"""Seconds between two attempts to reach the first machine."""

_END = b"end\n"


@dataclass(frozen=True, slots=True)
class Layout:
    """Which replicas are where: all of them, those on each machine, and where the first machine hears of the others."""

    num_replicas: int
    per_machine: int
    host: str
    port: int

    def start_ranks(self) -> list[int]:
        """The first rank of each machine but the first."""
        return list(range(self.per_machine, self.num_replicas, self.per_machine))


def layout_of(spec: EngineSpec) -> Layout:
    """Where a recipe wants its replicas. Raises `RecipeError` where other machines are meant and have no address."""
    engine, total = spec.engine, num_replicas(spec.engine)
    here = engine.get("data_parallel_size_local") or total
    host = engine.get("data_parallel_address") or ""
    if here < total and not host:
        raise RecipeError("model.engine.data_parallel_address: the first machine's address is needed for several")
    return Layout(total, here, host, (engine.get("data_parallel_rpc_port") or RPC_PORT) + 1)


def worker_commands(spec: EngineSpec, recipe: str, overrides: Sequence[str]) -> list[str]:
    """What to type on each other machine; of the overrides only those that concern the engine."""
    ours = [override for override in overrides if override.startswith(("model.", "slots="))]
    command = shlex.join(["selfalign", "worker", recipe, *(part for each in ours for part in ("--set", each))])
    return [f"{command} --start-rank {rank}" for rank in ([] if spec.endpoints else layout_of(spec).start_ranks())]


def work(
    spec: EngineSpec, start_rank: int, num_ranks: int | None = None, *, slots: int, stream: TextIO | None = None
) -> None:
    """Be the replicas from `start_rank` on (None: as many as the first machine has) until the run ends.

    Waits `spec.join_seconds` for the first machine. Raises `RecipeError`, `EngineStartError`, `EngineDied` where a
    replica or the first machine ends, and KeyboardInterrupt on Ctrl-C and SIGTERM.
    """
    layout = layout_of(spec)
    num_ranks = num_ranks or layout.per_machine
    if not layout.per_machine <= start_rank <= layout.num_replicas - num_ranks:
        raise RecipeError(
            f"--start-rank {start_rank}: of {layout.num_replicas} replicas, 0 to {layout.per_machine - 1} are on the "
            f"first machine, so {num_ranks} can start at {', '.join(map(str, layout.start_ranks())) or 'none'}"
        )
    engine = {**spec.engine, "data_parallel_start_rank": start_rank, "data_parallel_size_local": num_ranks}
    refuse_missing_model(spec.location, spec.revision)
    with EngineLog() as log, engine_watched(), Progress(stream) as progress, sigterm_as_interrupt():
        progress.say(f"waiting for the run at {layout.host}:{layout.port}, {spec.join_seconds} s at most")
        with _line_to_first(layout, start_rank, spec.join_seconds) as line:
            progress.say(f"joined as replica {start_rank}; loading {spec.model}")
            with log.taking_over(), interrupts_heard(), progress.following(log, spec):
                _run_ranks(replace(spec, engine=engine), slots, line)
            if line.end is None:
                raise EngineDied(f"a replica ended ({log.last_error() or 'killed'}); the run hears of it")
            if not line.end:
                raise EngineDied("the first machine is gone; start this again when the run is started again")
            progress.say("the run has ended")


class _Line:
    """A worker's connection to the first machine. `end` is what came of it: None while it stands."""

    def __init__(self, connection: socket.socket) -> None:
        self.end: bytes | None = None
        self._connection = connection
        self._stop: Callable[[], None] = lambda: None
        threading.Thread(target=self._listen, daemon=True).start()

    def when_it_ends(self, stop: Callable[[], None]) -> None:
        """Call `stop` then, or now where it has ended."""
        self._stop = stop
        if self.end is not None:
            stop()

    def _listen(self) -> None:
        self.end = _read(self._connection)
        self._stop()


@contextlib.contextmanager
def _line_to_first(layout: Layout, start_rank: int, seconds: float) -> Iterator[_Line]:
    started = time.monotonic()
    while True:
        try:
            connection = socket.create_connection((layout.host, layout.port), timeout=5)
            break
        except OSError as error:
            if time.monotonic() - started >= seconds:
                raise EngineStartError(
                    f"{layout.host}:{layout.port}: no run listens there ({one_line(error)}): start it first"
                ) from None
            time.sleep(LOOKS_EVERY)
    try:
        _keep_alive(connection)
        connection.sendall(f"{start_rank}\n".encode())
        yield _Line(connection)
    finally:
        _hang_up(connection)


def _run_ranks(spec: EngineSpec, slots: int, line: _Line) -> None:
    """vLLM's engine processes without a server, until one ends or the line does."""
    with engine_environment(is_local=is_path(spec.location)):
        try:
            manager = _start_ranks(spec, slots)
        except (ValueError, RuntimeError, OSError) as error:
            raise EngineStartError(f"{spec.model}: the worker did not start: {one_line(error)}") from error
    try:
        line.when_it_ends(manager.manager_stopped.set)
        manager.monitor_engine_liveness()
    finally:
        manager.shutdown()


def _start_ranks(spec: EngineSpec, slots: int) -> Any:
    from vllm.usage.usage_lib import UsageContext
    from vllm.utils.network_utils import get_tcp_uri
    from vllm.v1.engine.utils import CoreEngineProcManager
    from vllm.v1.executor import Executor

    arguments = engine_arguments(spec, slots)
    config = arguments.create_engine_config(usage_context=UsageContext.LLM_CLASS, headless=True)
    parallel = config.parallel_config
    return CoreEngineProcManager(
        local_engine_count=parallel.data_parallel_size_local,
        start_index=parallel.data_parallel_rank,
        local_start_index=0,
        vllm_config=config,
        local_client=False,
        handshake_address=get_tcp_uri(parallel.data_parallel_master_ip, parallel.data_parallel_rpc_port),
        executor_class=Executor.get_class(config),
        log_stats=not arguments.disable_log_stats,
    )


@contextlib.contextmanager
def workers_heard(spec: EngineSpec, log: EngineLog) -> Iterator[None]:
    """Inside, on the first machine: a worker that ends ends the engine, which says so; at the end all workers end.

    Raises `EngineStartError` where the port is taken.
    """
    layout = layout_of(spec)
    if not layout.start_ranks():
        yield
        return
    try:
        server = socket.create_server((layout.host, layout.port), backlog=64)
    except OSError as error:
        raise EngineStartError(
            f"{layout.host}:{layout.port}: cannot listen for workers there ({error.strerror}); the port is one above "
            "model.engine.data_parallel_rpc_port"
        ) from error
    workers = _Workers(server, log)
    try:
        yield
    finally:
        workers.dismiss()


class _Workers:
    """The lines to all workers; a thread for each."""

    def __init__(self, server: socket.socket, log: EngineLog) -> None:
        self._server = server
        self._log = log
        self._lines: list[socket.socket] = []
        self._is_over = False
        threading.Thread(target=self._accept, daemon=True).start()

    def dismiss(self) -> None:
        self._is_over = True
        _hang_up(self._server)
        for line in self._lines:
            with contextlib.suppress(OSError):
                line.sendall(_END)
            _hang_up(line)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                line, _ = self._server.accept()
                _keep_alive(line)
                self._lines.append(line)
                threading.Thread(target=self._listen, args=(line,), daemon=True).start()

    def _listen(self, line: socket.socket) -> None:
        said = _read(line).decode("ascii", "replace").strip()
        if said and not self._is_over:
            self._log.blame(f"the worker that began at replica {said} ended")
            # vLLM watches its own processes, and ends all requests when one is gone.
            for child in multiprocessing.active_children():
                child.kill()


def _read(connection: socket.socket) -> bytes:
    """All that comes until the other side ends."""
    said = b""
    with contextlib.suppress(OSError):
        while part := connection.recv(64):
            said += part
    return said


def _hang_up(connection: socket.socket) -> None:
    """Close it, also where a thread waits for it: closing alone would leave it open until that thread goes on."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


def _keep_alive(connection: socket.socket) -> None:
    """Notice a machine without power within about a minute."""
    connection.settimeout(None)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 20), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
