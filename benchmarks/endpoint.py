"""How busy endpoints are kept, and what a request costs the client.

    python benchmarks/endpoint.py [--demo]

Against a server of our own in a process of its own, on this machine, with a fixed number of slots:

busy    1,000 rows of two chained calls on 64 slots; service times are log-normal (median 0.2 s, sigma 1, cap 8 s) and
        known beforehand, so that the ideal is known as well: a list schedule of the same rows on as many slots that
        costs no time of its own. A line is written for every row.
cost    processor time of this process per request, with many in flight; every prompt is the default constitution's
        and goes as token ids.

With --demo instead: the demo through `selfalign serve` on this machine, and the demo in this process, on real vLLM:
seconds from the first request to the last answer.
"""

import argparse
import asyncio
import contextlib
import heapq
import io
import json
import math
import multiprocessing
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path

from selfalign.align.constitution import load_constitution
from selfalign.align.prompt import render_prompt, render_shared
from selfalign.engine import EngineSpec
from selfalign.engine.abilities import QUESTION
from selfalign.engine.endpoint import open_endpoint
from selfalign.engine.modelfiles import find_tokenizer_file
from selfalign.records import Instruction, Sampling

SLOTS, ROWS, CALLS = 64, 1000, 2
MEDIAN, SIGMA, CAP = 0.2, 1.0, 8.0
SHARED_TOKENS = 1750


def service_time(row: int, call: int) -> float:
    """Seconds that one call takes, the same wherever it is asked for."""
    return min(CAP, MEDIAN * math.exp(SIGMA * random.Random(f"{row}/{call}").gauss(0, 1)))


def ideal_seconds(slots: int) -> float:
    """The end of the last row when a free slot takes the next row at once."""
    free = [0.0] * slots
    for row in range(ROWS):
        heapq.heapreplace(free, free[0] + sum(service_time(row, call) for call in range(CALLS)))
    return max(free)


@cache
def question_tokens() -> int:
    """Tokens of what an endpoint is asked at first, by the miniature's tokenizer, which a client checks."""
    from tokenizers import Tokenizer

    file = find_tokenizer_file(EngineSpec().location, None)
    return len(Tokenizer.from_file(str(file)).encode(QUESTION).ids)


def be_server(told: Connection, slots: int, seconds: float | None) -> None:
    """A server that answers after the time that a prompt asks for ("row/call" in it), or after `seconds`.

    It sends its port, and where asked, how many seconds its slots were busy together.
    """
    from aiohttp import web

    busy = 0.0

    async def complete(request: web.Request) -> web.Response:
        nonlocal busy
        body = await request.json()
        prompt = body["prompt"]
        wait = seconds
        if isinstance(prompt, str) and prompt.startswith("row "):
            wait = service_time(*map(int, prompt.removeprefix("row ").split("/")))
        if body["max_tokens"] == 64:  # one of the measured requests
            async with free:
                begun = time.perf_counter()
                await asyncio.sleep(wait or 0.0)
                busy += time.perf_counter() - begun
        num_tokens = len(prompt) if isinstance(prompt, list) else question_tokens()
        usage = {"prompt_tokens": num_tokens, "completion_tokens": 1}
        return web.json_response({"choices": [{"text": " a", "finish_reason": "stop"}], "usage": usage})

    async def models(request: web.Request) -> web.Response:
        return web.json_response(
            {"data": [{"id": "miniature", "max_model_len": 8192}, {"id": "none", "max_model_len": 8192}]}
        )

    async def serve() -> None:
        nonlocal free
        free = asyncio.Semaphore(slots)
        application = web.Application(client_max_size=2**24)
        application.router.add_get("/v1/models", models)
        application.router.add_post("/v1/completions", complete)
        runner = web.AppRunner(application)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=10_000).start()
        told.send(runner.addresses[0][1])
        await asyncio.get_running_loop().run_in_executor(None, told.recv)
        told.send(busy)

    free = asyncio.Semaphore()
    asyncio.run(serve())


@contextlib.contextmanager
def server(slots: int, seconds: float | None = None) -> Iterator[tuple[str, Connection]]:
    """The server's address, and the line to it."""
    ours, its = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=be_server, args=(its, slots, seconds), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}/v1", ours
    finally:
        process.terminate()
        process.join()


async def chained_rows(address: str) -> float:
    """Seconds for all rows, at most as many at a time as the server has slots."""
    rows = iter(range(ROWS))

    async def work(engine, file) -> None:
        for row in rows:
            for call in range(CALLS):
                done = await engine.generate(f"row {row}/{call}", Sampling(max_tokens=64), rng_seed=row)
            file.write(json.dumps({"row": row, "text": done.text}) + "\n")
            file.flush()

    spec = EngineSpec(model="none", endpoint=address, seeded="never")
    async with open_endpoint(spec, stream=io.StringIO()) as engine:
        with tempfile.TemporaryFile("w") as file:
            begun = time.perf_counter()
            await asyncio.gather(*(work(engine, file) for _ in range(SLOTS)))
            return time.perf_counter() - begun


async def cost(address: str, in_flight: int, num_requests: int) -> tuple[float, float]:
    """Processor and wall seconds per request."""
    constitution = load_constitution("default")
    async with open_endpoint(EngineSpec(endpoint=address), stream=io.StringIO()) as engine:
        engine.prepare(render_shared(constitution, "text"))
        numbers = iter(range(num_requests))

        async def work() -> None:
            for number in numbers:
                instruction = Instruction(f"p{number}", f"Name {number} rivers of the world.", "", "source")
                prompt = render_prompt(constitution, instruction, "text")
                await engine.generate(prompt, Sampling(max_tokens=64), rng_seed=number)

        begun, used = time.perf_counter(), time.process_time()
        await asyncio.gather(*(work() for _ in range(in_flight)))
        wall, processor = time.perf_counter() - begun, time.process_time() - used
        return processor / num_requests, wall / num_requests


async def bare_cost(address: str, in_flight: int, num_requests: int) -> float:
    """Processor seconds per request of aiohttp alone, for one ready body of the same size."""
    import aiohttp

    body = json.dumps({"prompt": list(range(1000, 1000 + SHARED_TOKENS)), "max_tokens": 64}).encode()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        numbers = iter(range(num_requests))

        async def work() -> None:
            for _ in numbers:
                async with session.post(f"{address}/completions", data=body) as response:
                    await response.read()

        used = time.process_time()
        await asyncio.gather(*(work() for _ in range(in_flight)))
        return (time.process_time() - used) / num_requests


def demo_seconds(folder: Path, name: str, *more: str) -> float:
    """Seconds in which the demo was made, its engine's start or its server's not among them."""
    command = [sys.executable, "-m", "selfalign", "generate", "demo", "--output", str(folder / name), *more]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return float(json.loads((folder / name / "metrics.jsonl").read_text(encoding="utf-8").splitlines()[-1])["working"])


def compare_demos(port: int = 8765) -> None:
    """The demo through a server and in one process, each twice, in turn."""
    command = [sys.executable, "-m", "selfalign", "serve", "demo", "--port", str(port)]
    with tempfile.TemporaryDirectory() as name, subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as served:
        next(line for line in served.stderr if "serving; in a recipe" in line)
        threading.Thread(target=served.stderr.read, daemon=True).start()
        there = ("--set", f"model.endpoint=http://127.0.0.1:{port}/v1")
        through, here = [], []
        for number in range(2):
            through.append(demo_seconds(Path(name), f"through-{number}", *there))
            here.append(demo_seconds(Path(name), f"here-{number}"))
        served.terminate()
    for what, seconds in (("served", through), ("in one process", here)):
        print(f"demo   {what}: {', '.join(f'{each:.1f}' for each in seconds)} s")
    print(f"       ratio of the sums {sum(through) / sum(here):.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--in-flight", type=int, nargs="*", default=[500, 8000])
    parser.add_argument("--demo", action="store_true")
    arguments = parser.parse_args()
    if arguments.demo:
        compare_demos()
        return
    total = sum(service_time(row, call) for row in range(ROWS) for call in range(CALLS))
    ideal = ideal_seconds(SLOTS)
    with server(SLOTS) as (address, line):
        wall = asyncio.run(chained_rows(address))
        line.send(None)
        busy = line.recv()
    print(f"ideal  {ideal:.2f} s, slots busy {total / SLOTS / ideal:.1%}")
    print(f"ours   {wall:.2f} s, slots busy {total / SLOTS / wall:.1%}: {ideal / wall:.3f} of the ideal")
    print(f"       (by the server's own clock its slots were busy {busy / SLOTS / wall:.1%})")
    for in_flight in arguments.in_flight:
        with server(in_flight, 2.0) as (address, line):
            bare = asyncio.run(bare_cost(address, in_flight, 2 * in_flight))
            processor, each = asyncio.run(cost(address, in_flight, 2 * in_flight))
        print(
            f"cost   {in_flight:,} in flight: {1000 * processor:.2f} ms of processor time a request, "
            f"aiohttp alone {1000 * bare:.2f} ({1 / each:,.0f}/s)"
        )


if __name__ == "__main__":
    main()
