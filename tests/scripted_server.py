"""A server that speaks OpenAI's protocol on 127.0.0.1: a plain function answers, and faults come by script.

    with ScriptedServer(respond) as server:
        ... server.address ...

It runs in a thread of its own. `stop` closes its port as a kill does: what is in flight is reset, new connections are
refused; `start` opens the same port again.
"""

import asyncio
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

from selfalign.records import Completion, Sampling

Fault = Callable[[int], str | None]

STATUS = {"429": 429, "500": 500, "502": 502, "503": 503, "400": 400, "401": 401, "404": 404}
FAULTS = ("429", "500", "502", "503", "reset", "hang", "half", "no json", "no choice", "abort")


@dataclass
class ScriptedServer:
    """`respond` takes (prompt, sampling, rng_seed) as the scripted engine's does; of token ids it gets their text.
    `score` gives the log-probability of a token id behind the prompt's."""

    respond: Callable[..., Completion | str]
    model: str = "world"
    context_length: int | None = 8192
    fault: Fault = lambda number: None
    forgets: frozenset[str] = frozenset()
    retry_after: str = "0.01"
    key: str = ""
    delay: float = 0.0
    decode: Callable[[list[int]], str] | None = None
    score: Callable[[list[int], int], float] = lambda so_far, token_id: -1.0 - token_id % 7
    bodies: list[dict[str, Any]] = field(default_factory=list)
    in_flight: int = 0
    max_in_flight: int = 0
    num_posts: int = 0
    port: int = 0
    is_frozen: bool = False

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def start(self) -> None:
        self._call(self._start())

    def stop(self) -> None:
        self._call(self._stop())

    def _call(self, coroutine: Any) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    async def _start(self) -> None:
        application = web.Application()
        application.router.add_get("/v1/models", self._models)
        application.router.add_post("/v1/completions", self._complete)
        application.router.add_post("/v1/chat/completions", self._complete)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self._open: set[tuple[asyncio.Transport, asyncio.Task]] = set()

    async def _stop(self) -> None:
        for transport, task in list(self._open):
            transport.abort()
            task.cancel()
        await self._runner.cleanup()

    async def _models(self, request: web.Request) -> web.Response:
        if self.is_frozen:
            await asyncio.sleep(60)
        if self.key and request.headers.get("Authorization") != f"Bearer {self.key}":
            return self._refusal(401, f"wrong key: {request.headers.get('Authorization')}")
        entry: dict[str, Any] = {"id": self.model, "object": "model"}
        if self.context_length is not None:
            entry["max_model_len"] = self.context_length
        return web.json_response({"object": "list", "data": [entry]})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        self.num_posts += 1
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        connection = request.transport, asyncio.current_task()
        self._open.add(connection)
        try:
            body = await request.json()
            self.bodies.append(body)
            fault = self.fault(self.num_posts)
            if fault is not None:
                return await self._fail(fault, request)
            await asyncio.sleep(self.delay)
            return self._answer(body, is_chat="messages" in body)
        finally:
            self._open.discard(connection)
            self.in_flight -= 1

    async def _fail(self, fault: str, request: web.Request) -> web.StreamResponse:
        if fault in STATUS:
            return self._refusal(STATUS[fault], f"scripted for {request.headers.get('Authorization', 'nobody')}")
        if fault == "die":
            self._dying = asyncio.ensure_future(self._stop())
        if fault == "reset":
            request.transport.abort()
        if fault in ("hang", "reset", "die"):
            await asyncio.sleep(60)
        if fault == "half":
            response = web.StreamResponse(headers={"Content-Length": "1000"})
            await response.prepare(request)
            await response.write(b'{"choices": [{"text": "ha')
            request.transport.abort()
            return response
        contents = {"no json": "<html>", "no choice": '{"choices": []}', "abort": '{"choices": [%s]}'}
        choice = json.dumps({"text": "cut sho", "finish_reason": "abort", "message": {"content": "cut"}})
        return web.Response(text=contents[fault].replace("%s", choice), content_type="application/json")

    def _refusal(self, status: int, message: str) -> web.Response:
        headers = {"Retry-After": self.retry_after} if status in (429, 503) else {}
        return web.json_response({"error": {"message": message, "code": status}}, status=status, headers=headers)

    def _answer(self, body: dict[str, Any], is_chat: bool) -> web.Response:
        if self.forgets & body.keys() & {"top_k", "logprob_token_ids"} and "refuses" in self.forgets:
            return self._refusal(400, "unknown field")
        if isinstance(body.get("prompt"), list) and "token ids" in self.forgets:
            return self._refusal(400, "prompt must be text")
        prompt = tuple(body["messages"]) if is_chat else body["prompt"]
        num_tokens = len(prompt) if isinstance(prompt, list) else len(str(prompt).split())
        if isinstance(prompt, list):
            prompt = self.decode(prompt) if self.decode else " ".join(map(str, prompt))
        heeded = {name: value for name, value in body.items() if name not in self.forgets}
        is_greedy = heeded.get("temperature") == 0 or heeded.get("top_k") == 1 or heeded.get("min_p") == 1.0
        sampling = Sampling(max_tokens=body["max_tokens"], stop=tuple(body.get("stop", ())))
        seed = 0 if is_greedy else heeded.get("seed", self.num_posts)
        answer = self.respond(prompt, sampling, seed)
        if isinstance(answer, str):
            answer = Completion(answer, "stop", None)
        text = answer.text
        if any(word in text for word in heeded.get("bad_words", ())):
            text = f"not {text}"
        if answer.usage is not None:
            num_tokens = answer.usage.prompt_tokens
        choice: dict[str, Any] = {"index": 0, "finish_reason": answer.finish_reason}
        choice |= {"message": {"role": "assistant", "content": text}} if is_chat else {"text": text}
        if "logprobs" in body and "logprob_token_ids" in heeded:
            ids = heeded["logprob_token_ids"]
            choice["logprobs"] = {"top_logprobs": [{f"token_id:{id_}": self.score(body["prompt"], id_) for id_ in ids}]}
        usage: dict[str, Any] = {"prompt_tokens": num_tokens, "completion_tokens": len(text.split())}
        if "cached_tokens" not in self.forgets:
            usage["prompt_tokens_details"] = {"cached_tokens": num_tokens // 2}
        return web.json_response({"choices": [choice], "usage": usage})
