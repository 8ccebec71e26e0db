"""A real browser for tests: `page` sees only this machine, and a test fails on what its page complains of."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from setup import browser as browsers

ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # What a test notes as a foreign request reaches nobody all the same.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
# A machine that is busy with other things is waited for: what comes at all comes in time.
expect.set_options(timeout=30_000)
WITHIN = {"data", "blob", "about"}


def known() -> browsers.Browser:
    """What the set-up found, if it is still there; else what can be found now."""
    if browsers.RESULT.is_file():
        found = browsers.Browser(**json.loads(browsers.RESULT.read_text("utf-8")))
        if found.executable and shutil.which(found.executable) and not os.environ.get("GRIDMAP_BROWSER"):
            return found
    return browsers.find()


@cache
def may_have_a_sandbox() -> bool:
    """Chromium's sandbox wants a user namespace, which root, containers and chroots often cannot have."""
    unshare = shutil.which("unshare")
    if os.geteuid() == 0 or unshare is None:
        return False
    return subprocess.run([unshare, "--user", "true"], capture_output=True, check=False).returncode == 0


def watch(context: BrowserContext, complaints: list[str]) -> None:
    """Note every request that leaves the machine, every error of a script and every error on the console."""

    def note_if_foreign(url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in WITHIN and parts.hostname != "127.0.0.1":
            complaints.append(f"a request to {url}")

    def watch_sockets(page: Page) -> None:
        page.on("websocket", lambda socket: note_if_foreign(socket.url))

    context.on("page", watch_sockets)
    context.on("request", lambda request: note_if_foreign(request.url))
    context.on("weberror", lambda error: complaints.append(f"a page error: {error.error}"))
    context.on(
        "console",
        lambda message: complaints.append(f"a console error: {message.text}") if message.type == "error" else None,
    )


# Not for the session: playwright's loop runs in the thread of the tests as long as the browser
# does, and the asyncio.run of a later file's test would be refused.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    found = known()
    if found.executable is None:
        pytest.skip(found.reason or "no browser is here")
    with pytest.MonkeyPatch.context() as surroundings:
        # Playwright's own program, too, wants a library that came with the private browser.
        for name, value in found.environment.items():
            surroundings.setenv(name, value)
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(
                executable_path=found.executable,
                args=list(ARGUMENTS),
                chromium_sandbox=may_have_a_sandbox(),
            )
            surroundings.undo()
            yield chromium
            chromium.close()


@pytest.fixture
def complaints() -> list[str]:
    """What pages complained of so far; a test that expects one takes it out."""
    return []


@pytest.fixture
def page(browser: Browser, complaints: list[str]) -> Iterator[Page]:
    """A page in a fresh profile; whatever it complains of fails the test."""
    context = browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai", viewport={"width": 1280, "height": 800})
    watch(context, complaints)
    yield context.new_page()
    context.close()
    assert complaints == []
