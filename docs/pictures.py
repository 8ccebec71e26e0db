"""Takes the pictures of the docs: `make pictures`, or python -m docs.pictures.

It starts the demo on a store of its own, waits until its ninety days have happened, signs in by the link that the demo
prints, and writes docs/pictures/*.webp by Chromium itself. Look at them before they are committed.
"""

from __future__ import annotations

import base64
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from setup import browser as browsers
from tests.browsing import ARGUMENTS, may_have_a_sandbox

HERE = Path(__file__).parent / "pictures"
LINK = re.compile(r"http://\S+/sign-in/link/\S+")
WIDE = {"viewport": {"width": 1600, "height": 1000}}
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
CARD = {"x": 900, "y": 70, "width": 460, "height": 780, "scale": 1}
WHOLE_PHONE = {"x": 0, "y": 0, "width": 390, "height": 844, "scale": 2}
QUALITY = 88
LARGEST = 400_000


@dataclass
class Demo:
    """The running demo, and the link it printed."""

    link: str
    program: subprocess.Popen[str]


@contextmanager
def demo() -> Iterator[Demo]:
    """The demo on a store of its own, after all of its history."""
    with tempfile.TemporaryDirectory(prefix="gridmap-pictures-", ignore_cleanup_errors=True) as home:
        Path(home).chmod(0o755)  # the server's user has to pass through
        surroundings = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        program = subprocess.Popen(  # noqa: S603 (our own command)
            [Path(sys.executable).with_name("gridmap"), "demo", "--port", str(_free_port())],
            env={**surroundings, "GRIDMAP_HOME": home}, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            yield Demo(_link_after_history(program), program)
        finally:
            program.send_signal(signal.SIGINT)
            program.wait(timeout=60)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _link_after_history(program: subprocess.Popen[str]) -> str:
    link = None
    for line in program.stdout or ():
        sys.stderr.write(line)
        link = link or LINK.search(line)
        if link and line.startswith("90 days"):
            return link[0]
    raise SystemExit("the demo ended before its history had happened")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Chromium without a window, as for the tests."""
    found = browsers.find()
    if found.executable is None:
        raise SystemExit(found.reason or "no browser is here")
    os.environ.update(found.environment)
    with sync_playwright() as playwright:
        program = playwright.chromium.launch(
            executable_path=found.executable, args=list(ARGUMENTS), chromium_sandbox=may_have_a_sandbox()
        )
        yield program
        program.close()


def take(page: Page, name: str, clip: dict[str, Any] | None = None, ready: str = ".gm-ready") -> None:
    """Write what a page shows, when nothing moves any more."""
    page.wait_for_selector(ready)
    page.wait_for_timeout(2500)
    asked = {"format": "webp", "quality": QUALITY, **({"clip": clip} if clip else {})}
    shot = page.context.new_cdp_session(page).send("Page.captureScreenshot", asked)
    written = base64.b64decode(shot["data"])
    if len(written) > LARGEST:
        raise SystemExit(f"{name} has {len(written):,} bytes, and {LARGEST:,} are enough: lower its quality")
    (HERE / f"{name}.webp").write_bytes(written)
    sys.stderr.write(f"{HERE / name}.webp: {len(written):,} bytes\n")


def take_the_map(page: Page, link: str) -> None:
    """The map as it opens, a card on it, and the past in the dark."""
    page.goto(link)
    page.wait_for_url("**/map**")
    take(page, "map")
    page.locator("#gm-list .gm-is-urgent button").first.click()
    page.wait_for_selector("#gm-card:not([hidden])")
    take(page, "card", CARD)
    page.goto("about:blank")
    page.goto(page_of(link, "/map#theme=dark&on=heat&off=load"))
    take(page, "heat")


def page_of(link: str, path: str) -> str:
    return link.partition("/sign-in")[0] + path


def main() -> None:
    """Take them all."""
    HERE.mkdir(exist_ok=True)
    common: dict[str, Any] = {"locale": "zh-CN", "timezone_id": "Asia/Shanghai", "color_scheme": "light"}
    with demo() as running, chromium() as browser:
        wide = browser.new_context(**common, **WIDE)
        take_the_map(wide.new_page(), running.link)
        phone = browser.new_context(**common, **PHONE, storage_state=wide.storage_state()).new_page()
        phone.goto(page_of(running.link, "/map"))
        take(phone, "phone", WHOLE_PHONE)
        resident = browser.new_context(**common, **PHONE).new_page()
        resident.goto(page_of(running.link, "/report"))
        take(resident, "report", WHOLE_PHONE, ready="main")


if __name__ == "__main__":
    main()
