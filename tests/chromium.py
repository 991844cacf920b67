"""The system's Chromium, found or else installed from Debian's packages, driven by Playwright."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")


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


class Page:
    """One tab: what it says, what it asked the network for, what went wrong in it."""

    def __init__(self, browser: Browser) -> None:
        # The page's own policy is under test, so nothing of Playwright may go round it.
        self.tab = browser.new_page(bypass_csp=False)
        self._thrown: list[str] = []
        self._said: list[str] = []
        self._requests: list[str] = []
        self._dialogs: list[str] = []
        self.failures: list[str] = []
        self.tab.on("pageerror", lambda error: self._thrown.append(str(error)))
        self.tab.on("console", lambda message: self._said.append(message.text))
        self.tab.on("request", lambda request: self._requests.append(request.url))
        self.tab.on("requestfailed", lambda request: self.failures.append(request.failure or ""))
        self.tab.on("dialog", self._dismiss)

    def _dismiss(self, dialog: Any) -> None:
        self._dialogs.append(dialog.message)
        dialog.dismiss()

    def open(self, address: str) -> None:
        """Go to an address."""
        self.tab.goto(address, wait_until="commit")

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression (a promise is awaited). Raises playwright's Error where it throws."""
        return self.tab.evaluate(f"() => ({expression})")

    def wait_for(self, condition: str, timeout: float = 30.0) -> None:
        """Wait until a JavaScript expression is true. Raises TimeoutError."""
        for _ in range(int(timeout / 0.03) + 1):
            if self.evaluate(f"Boolean({condition})"):
                return
            self.tab.wait_for_timeout(30)
        raise TimeoutError(f"{condition} did not become true; the page said {self.complaints()}")

    def resize(self, width: int, height: int, *, dark: bool = False) -> None:
        """The size of the window in CSS pixels, and the user's preferred colours."""
        self.tab.set_viewport_size({"width": width, "height": height})
        self.tab.emulate_media(color_scheme="dark" if dark else "light")

    def screenshot(self, path: Path, *, whole: bool = False) -> None:
        """Save what is seen (or the whole page) as a PNG."""
        self.tab.screenshot(path=path, full_page=whole)

    def complaints(self) -> list[str]:
        """Exceptions, refusals by the page's policy, and everything else the console would show."""
        self.evaluate("0")  # whatever happened before this answer has arrived with it
        return self._thrown + self._said

    def requests(self) -> list[str]:
        """Addresses that were asked for, the page's own and data: addresses aside."""
        self.evaluate("0")
        return [url for url in self._requests if not url.startswith(("file:", "data:", "about:", "blob:null"))]

    def dialogs(self) -> list[str]:
        """Messages of alerts and other dialogs."""
        self.evaluate("0")
        return self._dialogs


@contextmanager
def open_chromium(executable: str) -> Iterator[Browser]:
    """A browser with a fresh profile."""
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=flags)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_page(browser: Browser, address: str = "") -> Iterator[Page]:
    """A tab at an address."""
    page = Page(browser)
    try:
        if address:
            page.open(address)
        yield page
    finally:
        page.tab.close()
