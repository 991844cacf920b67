"""Servers that share one run's requests: each goes to the one with the fewest of ours, and again where one fails.

Three things can happen to a request, and none of them may cost an instruction:

    failed        a reset, a timeout, 429, 5xx, no JSON: sent again after a pause, a bounded number of times
    unreachable   the server is gone: the others go on; it is asked every few seconds until it is back
    all gone      requests wait; without a single answer for `patience` seconds, the run ends and keeps everything

A server that is told to wait (Retry-After) is left alone so long. A machine that lost its power resets nothing: where
answers are due and none has come for a while, the server is asked whether it is there at all.
"""

import asyncio
import contextlib
import json
import os
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from time import time
from typing import TYPE_CHECKING, Any, TypeVar

from selfalign.errors import EngineDied, EngineStartError, PromptRefused, RequestFailed, one_line

if TYPE_CHECKING:
    import aiohttp

T = TypeVar("T")

MODELS = "/models"
"""What is asked of a server to see whether it is there."""

LONGEST_WAIT = 120.0
"""Seconds that a server's Retry-After is obeyed at most."""

MAX_FAILURES = 8
"""Failures in a row, of any requests, after which a server counts as gone."""

_REFUSED = (400, 413, 414, 422)
_TRY_AGAIN = (408, 409, 425, 429)


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. `pauses` come before a failed request is sent again, `looks` before a server that is gone is asked
    whether it is back (the last one for all further times). An answer may take `request`; after `silence` without any
    answer a server must say within `reply` that it is there. `patience` is for all of them gone."""

    request: float = 3600.0
    reply: float = 30.0
    silence: float = 60.0
    pauses: tuple[float, ...] = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
    looks: tuple[float, ...] = (0.5, 1.0, 2.0, 5.0, 10.0)
    patience: float = 600.0


class Unreachable(Exception):
    """A server is not there, or no longer what it was."""


class Failed(Exception):
    """A server failed on one request; `wait` is how many seconds it wants to be left alone."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


class Server:
    """One address, and how it is doing."""

    def __init__(self, address: str, session: "aiohttp.ClientSession", secret: str = "") -> None:
        self.address = address
        self.in_flight = 0
        self.is_up = True
        self.not_before = 0.0
        self.num_failures = 0
        self.last_sign = asyncio.get_running_loop().time()
        self._session = session
        self._secret = secret
        self._limits: set[asyncio.Timeout] = set()

    async def ask(self, path: str, body: bytes | None = None, *, seconds: float) -> dict[str, Any]:
        """The JSON object that a GET, or a POST of `body`, answers with.

        Raises `Unreachable`, `Failed`, and `PromptRefused` for a request that would be refused again.
        """
        self.in_flight += 1
        try:
            status, headers, content = await self._exchange(path, body, seconds)
        finally:
            self.in_flight -= 1
        self.last_sign = asyncio.get_running_loop().time()
        if status == 200:
            with contextlib.suppress(ValueError):
                answer = json.loads(content)
                if isinstance(answer, dict):
                    return answer
            raise Failed("the answer is no JSON object")
        raise self._as_error(status, headers, content)

    async def _exchange(self, path: str, body: bytes | None, seconds: float) -> tuple[int, Mapping[str, str], bytes]:
        import aiohttp

        method = "GET" if body is None else "POST"
        try:
            async with asyncio.timeout(seconds) as limit:
                self._limits.add(limit)
                try:
                    # A redirect could carry the key to another host.
                    async with self._session.request(
                        method, self.address + path, data=body, allow_redirects=False
                    ) as response:
                        return response.status, response.headers, await response.read()
                finally:
                    self._limits.discard(limit)
        except aiohttp.ClientConnectorError as error:
            raise Unreachable(_why(error.os_error)) from None
        except aiohttp.ConnectionTimeoutError:
            raise Unreachable("no connection in time") from None
        except TimeoutError:
            raise Failed(f"no answer within {seconds:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise Failed(self._hidden(error)) from None

    def give_up(self) -> None:
        """End what is in flight here as if its time were over."""
        now = asyncio.get_running_loop().time()
        for limit in self._limits:
            limit.reschedule(now)

    def _as_error(self, status: int, headers: Mapping[str, str], content: bytes) -> Exception:
        reason = f"{status} {self._hidden(_message(content))}".strip()
        if status in _REFUSED:
            return PromptRefused(reason)
        if status in _TRY_AGAIN or status >= 500:
            return Failed(reason, _retry_after(headers.get("Retry-After", "")))
        if 300 <= status < 400:
            reason = f"{status}, moved to {headers.get('Location', 'another place')}: write that address"
        return Unreachable(reason)

    def _hidden(self, what: object) -> str:
        """One line that does not hold the key, which some servers repeat in their complaints."""
        text = one_line(what) if isinstance(what, Exception) else " ".join(str(what).split())[:300]
        return text.replace(self._secret, "***") if self._secret else text


class Servers:
    """Several servers as one. `check` is asked about a server that comes back, and raises where it will not do."""

    def __init__(
        self,
        servers: Sequence[Server],
        timing: Timing,
        check: Callable[[Server], Awaitable[None]],
        say: Callable[[str], None],
    ) -> None:
        self.all = tuple(servers)
        self._timing = timing
        self._check = check
        self._say = say
        self._has_changed = asyncio.Event()
        self._has_changed.set()
        self._trouble_since: float | None = None
        self._death = ""
        self._tasks = {asyncio.create_task(self._listen(server)) for server in self.all}

    async def close(self) -> None:
        """End the tasks that look after the servers."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def post(self, path: str, body: bytes, read: Callable[[dict[str, Any]], T]) -> T:
        """What `read` makes of a server's answer; where that raises `Failed`, it was none.

        Raises `PromptRefused`, `RequestFailed` after the last of the pauses, `EngineDied` when all servers are gone
        for good.
        """
        num_failures = 0
        while True:
            server = await self._least_busy()
            try:
                answer = read(await server.ask(path, body, seconds=self._timing.request))
            except Unreachable as error:
                self.lose(server, str(error))
            except Failed as error:
                self._note_failure(server, error)
                if num_failures >= len(self._timing.pauses):
                    raise RequestFailed(f"{server.address}: {error}") from None
                await asyncio.sleep(self._timing.pauses[num_failures] * random.uniform(0.5, 1.5))
                num_failures += 1
            else:
                server.num_failures = 0
                self._trouble_since = None
                return answer

    def lose(self, server: Server, reason: str) -> None:
        """Leave a server out until it is back."""
        if not server.is_up:
            return
        server.is_up = False
        num_left = sum(each.is_up for each in self.all)
        what = f"{num_left} of {len(self.all)} left" if num_left else f"waiting {self._timing.patience:g} s at most"
        self._say(f"{server.address} is gone ({reason}); {what}")
        if not num_left:
            self._has_changed.clear()
            self._trouble_since = self._trouble_since or asyncio.get_running_loop().time()
        task = asyncio.create_task(self._await_return(server, reason))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def wait(self) -> None:
        """Until one is there. Raises `EngineDied` when patience is over."""
        await self._least_busy()

    async def _least_busy(self) -> Server:
        while True:
            if self._death:
                raise EngineDied(self._death)
            up = [server for server in self.all if server.is_up]
            now = asyncio.get_running_loop().time()
            ready = [server for server in up if server.not_before <= now]
            if ready:
                return min(ready, key=lambda server: server.in_flight)
            if up:
                await asyncio.sleep(min(server.not_before for server in up) - now)
            else:
                await self._has_changed.wait()

    def _note_failure(self, server: Server, error: Failed) -> None:
        server.num_failures += 1
        server.not_before = max(server.not_before, asyncio.get_running_loop().time() + error.wait)
        # A server that asks for time is there.
        if server.num_failures >= MAX_FAILURES and not error.wait:
            self.lose(server, str(error))

    async def _await_return(self, server: Server, reason: str) -> None:
        clock = asyncio.get_running_loop().time
        lost_at = clock()
        for look in _endless(self._timing.looks):
            if self._is_over(reason):
                return
            await asyncio.sleep(look)
            try:
                await server.ask(MODELS, seconds=self._timing.reply)
                await self._check(server)
            except (Unreachable, Failed, PromptRefused, EngineStartError) as error:
                if isinstance(error, EngineStartError) and str(error) != reason:
                    self._say(f"{error}: left out")
                reason = str(error)
            else:
                break
        server.is_up, server.num_failures = True, 0
        self._has_changed.set()
        self._say(f"{server.address} is back after {clock() - lost_at:.0f} s")

    def _is_over(self, reason: str) -> bool:
        """Whether all are gone for longer than patience lasts; then every request hears of it."""
        since = self._trouble_since
        if any(server.is_up for server in self.all) or since is None:
            return False
        if asyncio.get_running_loop().time() - since < self._timing.patience:
            return False
        servers = "the server is" if len(self.all) == 1 else f"all {len(self.all)} servers are"
        self._death = (
            f"{servers} gone for {self._timing.patience:g} s ({reason}); "
            "what is finished is kept, the same command continues"
        )
        self._has_changed.set()
        return True

    async def _listen(self, server: Server) -> None:
        """Ask a server that owes answers and is silent whether it is there."""
        while True:
            await asyncio.sleep(self._timing.silence / 4)
            silent_for = asyncio.get_running_loop().time() - server.last_sign
            if not server.is_up or not server.in_flight or silent_for < self._timing.silence:
                continue
            try:
                await server.ask(MODELS, seconds=self._timing.reply)
            except PromptRefused:
                continue
            except (Unreachable, Failed) as error:
                self.lose(server, str(error))
                server.give_up()


async def ask_again(
    server: Server, path: str, body: Mapping[str, Any] | None, timing: Timing, read: Callable[[dict[str, Any]], T]
) -> T:
    """What `read` makes of one server's answer, asked for again after each pause where it fails. Raises like
    `Server.ask`."""
    content = None if body is None else json.dumps(body).encode()
    for pause in timing.pauses:
        with contextlib.suppress(Failed):
            return read(await server.ask(path, content, seconds=timing.request))
        await asyncio.sleep(pause)
    return read(await server.ask(path, content, seconds=timing.request))


def _endless(pauses: Sequence[float]) -> Iterator[float]:
    yield from pauses
    while True:
        yield pauses[-1]


def _why(error: OSError) -> str:
    """Of a connection that was not made; the error of a name that was not found has its own numbers."""
    return os.strerror(error.errno) if (error.errno or 0) > 0 else one_line(error)


def _message(content: bytes) -> str:
    """What a server says is wrong, in whichever of the usual forms."""
    text = content[:10_000].decode("utf-8", "replace")
    with contextlib.suppress(ValueError):
        found = json.loads(text)
        while isinstance(found, dict):
            found = next((found[key] for key in ("error", "message", "detail") if found.get(key)), "")
        return str(found)
    return text


def _retry_after(value: str) -> float:
    """Seconds from a Retry-After header: a number, or a date."""
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time()
        except ValueError:
            return 0.0
    return min(max(seconds, 0.0), LONGEST_WAIT) if seconds == seconds else 0.0
