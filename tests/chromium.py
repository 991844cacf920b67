"""A real headless Chromium for the tests of the report: found, else installed from Debian's packages, and driven
through the DevTools protocol over a pipe, which needs no driver and no further package."""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
)


def find_chromium() -> str | None:
    """The Chromium of this machine, if there is one."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def install_chromium() -> str:
    """Install Debian's package, where this process may; returns why it could not, empty when it could."""
    if not shutil.which("apt-get"):
        return "there is no apt-get to install one with"
    if os.geteuid() != 0:
        return "installing one (apt-get install chromium) needs root"
    for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", "chromium"]):
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        )
        if done.returncode:
            return f"`{' '.join(command)}` failed: {(done.stderr or done.stdout).strip()[-300:]}"
    return ""


def require_chromium() -> str:
    """The Chromium, installed first where it must be and can; else a loud skip, and in CI a failure."""
    if found := find_chromium():
        return found
    why = install_chromium()
    if found := find_chromium():
        return found
    message = f"NO CHROMIUM: the report was not tested in a browser; {why or 'the package that was installed has none'}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


class Chromium:
    """A browser process; `call` sends one command of the DevTools protocol and waits for its answer."""

    def __init__(self, executable: str, profile: Path) -> None:
        pipes = (*os.pipe(), *os.pipe())
        # The browser reads commands from descriptor 3 and writes answers to 4: keep our own ends above those.
        to_browser, self._write, self._read, from_browser = (
            fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in pipes
        )
        for end in pipes:
            os.close(end)

        def connect() -> None:
            os.dup2(to_browser, 3)
            os.dup2(from_browser, 4)

        self._process = subprocess.Popen(
            [executable, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=connect,
            close_fds=False,  # 3 and 4 must survive; everything else Python opened closes itself.
        )
        os.close(to_browser)
        os.close(from_browser)
        self._buffer = b""
        self._next_id = 0
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, session: str | None = None, /, timeout: float = 60.0, **parameters: Any) -> Any:
        """The result of one command. Raises RuntimeError where the browser refuses it or does not answer in time."""
        self._next_id += 1
        message = {"id": self._next_id, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + timeout
        while True:
            answer = self._receive(deadline, method)
            if answer.get("id") != self._next_id:
                self.events.append(answer)
            elif "error" in answer:
                raise RuntimeError(f"{method}: {answer['error'].get('message')}")
            else:
                return answer["result"]

    def _receive(self, deadline: float, waiting_for: str) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise RuntimeError(f"Chromium did not answer {waiting_for} in time")
            content = os.read(self._read, 1 << 20)
            if not content:
                raise RuntimeError(f"Chromium ended while {waiting_for} was under way")
            self._buffer += content
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)

    def close(self) -> None:
        """End the browser and whatever it started."""
        try:
            self.call("Browser.close", timeout=10)
        except (RuntimeError, OSError):
            self._process.kill()
        self._process.wait(timeout=20)
        os.close(self._write)
        os.close(self._read)


class Page:
    """One tab: what it says, what it asked the network for, what went wrong in it."""

    def __init__(self, browser: Chromium) -> None:
        self._browser = browser
        self._target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = browser.call("Target.attachToTarget", targetId=self._target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, /, **parameters: Any) -> Any:
        """One command of the protocol, to this tab."""
        return self._browser.call(method, self._session, **parameters)

    def open(self, address: str) -> None:
        """Go to an address."""
        self.call("Page.navigate", url=address)

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression (a promise is awaited). Raises RuntimeError where it throws."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {json.dumps(answer['exceptionDetails'])[:500]}")
        return answer["result"].get("value")

    def wait_for(self, condition: str, timeout: float = 30.0) -> None:
        """Wait until a JavaScript expression is true. Raises TimeoutError."""
        deadline = time.monotonic() + timeout
        while not self.evaluate(f"Boolean({condition})"):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{condition} did not become true; the page said {self.complaints()}")
            time.sleep(0.03)

    def resize(self, width: int, height: int, *, dark: bool = False) -> None:
        """The size of the window in CSS pixels, and the user's preferred colours."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[feature])

    def screenshot(self, path: Path, *, whole: bool = False) -> None:
        """Save what is seen (or the whole page) as a PNG."""
        parameters: Mapping[str, Any] = {"captureBeyondViewport": True} if whole else {}
        if whole:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            parameters = {**parameters, "clip": {"x": 0, "y": 0, "scale": 1, **_size(size)}}
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", **parameters)["data"]))

    def events(self, method: str) -> list[dict[str, Any]]:
        """The parameters of all events of one kind so far."""
        self.evaluate("0")  # Whatever happened before this answer has arrived with it.
        mine = (event for event in self._browser.events if event.get("sessionId") == self._session)
        return [event["params"] for event in mine if event["method"] == method]

    def complaints(self) -> list[str]:
        """Exceptions, refusals by the page's policy, and everything else the console would show."""
        thrown = [event["exceptionDetails"] for event in self.events("Runtime.exceptionThrown")]
        found = [item.get("exception", {}).get("description") or item.get("text", "") for item in thrown]
        found += [event["entry"]["text"] for event in self.events("Log.entryAdded")]
        return found + [json.dumps(event["args"])[:300] for event in self.events("Runtime.consoleAPICalled")]

    def requests(self) -> list[str]:
        """Addresses that were asked for, the page's own and data: addresses aside."""
        found = [event["request"]["url"] for event in self.events("Network.requestWillBeSent")]
        return [address for address in found if not address.startswith(("file:", "data:", "about:", "blob:null"))]

    def dialogs(self) -> list[str]:
        """Messages of alerts and other dialogs."""
        return [event["message"] for event in self.events("Page.javascriptDialogOpening")]

    def close(self) -> None:
        self._browser.call("Target.closeTarget", targetId=self._target)


def _size(size: Mapping[str, float]) -> dict[str, float]:
    return {"width": size["width"], "height": min(16000, size["height"])}


@contextmanager
def open_chromium(executable: str, profile: Path) -> Iterator[Chromium]:
    """A browser with a fresh profile."""
    browser = Chromium(executable, profile)
    try:
        yield browser
    finally:
        browser.close()


@contextmanager
def open_page(browser: Chromium, address: str = "") -> Iterator[Page]:
    """A tab at an address."""
    page = Page(browser)
    try:
        if address:
            page.open(address)
        yield page
    finally:
        page.close()
