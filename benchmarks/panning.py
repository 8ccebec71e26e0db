"""The page of a made-up city in a headless browser without a GPU: how soon it stands, and how it moves under the mouse.

    python benchmarks/panning.py [--grids 10000] [--buildings 100000] [--issues 100000] [--rounds 3] [--home DIR]

It stands when the grids, buildings and issues of the view are painted, told from the moment the address was asked for
(the mark `gridmap-tiles-ready`): list, figures, names and colours come after. First by a browser that was never there,
then by one that has the scripts. Then the map is dragged to and fro for two seconds, with the button held down, and the
time between pictures is taken in the page.
"""

from __future__ import annotations

import argparse
import math
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from filled import SITE, fill
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from posting import served

from gridmap.operations import accounts
from gridmap.settings import Settings
from gridmap.storage.database import Database

SCREEN = {"width": 1440, "height": 900}
# What is looked at: the whole city, cells with counts of issues, cells with buildings and single issues.
VIEWS = {"whole city": "", "zoom 14.5": "#at=41.31,69.25,14.5", "zoom 16": "#at=41.31,69.25,16"}
DRAG_S = 2.0
PATIENCE_MS = 60_000
# All that comes after the first picture is there.
REST_MS = 2_500
BEGIN = """() => {
    window.pictures = [];
    let last = null;
    window.stop = false;
    const take = now => {
        if (last !== null) window.pictures.push(now - last);
        last = now;
        if (!window.stop) requestAnimationFrame(take);
    };
    requestAnimationFrame(take);
}"""
END = "() => { window.stop = true; return window.pictures; }"
READY = "() => performance.getEntriesByName('gridmap-tiles-ready')[0].startTime"


def sign_in(database: Database, settings: Settings) -> str:
    """The token of a link by which a dispatcher signs in."""
    with database.session() as session:
        now = datetime.now(UTC)
        name = f"bench-{now:%d%H%M%S}"
        accounts.add(session, name, "dispatcher", SITE, None, None, None, now)
        return accounts.one_time_link_token(session, settings.secret_key(), accounts.known(session, name), now)


@contextmanager
def screen(browser: Browser, cookies: list[object]) -> Iterator[Page]:
    context: BrowserContext = browser.new_context(viewport=SCREEN, storage_state={"cookies": cookies, "origins": []})  # type: ignore[typeddict-item]
    yield context.new_page()
    context.close()


def ready(page: Page, address: str) -> float:
    """Milliseconds until what is seen is painted."""
    page.goto("about:blank")
    page.goto(address)
    page.locator(".gm-tiles-ready").wait_for(state="attached", timeout=PATIENCE_MS)
    return float(page.evaluate(READY))


def drag(page: Page) -> list[float]:
    """Milliseconds between the pictures of a map that is dragged."""
    x, y = SCREEN["width"] / 2, SCREEN["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 5, y + 2)
    page.evaluate(BEGIN)
    began = time.perf_counter()
    while (since := time.perf_counter() - began) < DRAG_S:
        page.mouse.move(x + 200 * math.sin(3 * since), y + 120 * math.sin(2 * since))
    taken: list[float] = page.evaluate(END)
    page.mouse.up()
    return taken


def measure(browser: Browser, cookies: list[object], address: str, rounds: int) -> None:
    for name, view in VIEWS.items():
        first, again, rates, late = [], [], [], []
        for _ in range(rounds):
            with screen(browser, cookies) as page:
                first.append(ready(page, address + view))
                again.append(ready(page, address + view))
                page.wait_for_timeout(REST_MS)
                taken = sorted(drag(page))
            rates.append(1_000 * len(taken) / sum(taken))
            late.append(taken[int(0.95 * len(taken))])
        print(
            f"{name:<12} painted after {median(first):>5,.0f} ms the first time, {median(again):>5,.0f} ms again;   "
            f"dragged at {median(rates):.0f} pictures a second, 95 of 100 within {median(late):.0f} ms", flush=True,
        )  # fmt: skip


def look(database: Database, settings: Settings, rounds: int) -> None:
    token = sign_in(database, settings)
    with served(settings.home) as port, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        context = browser.new_context(viewport=SCREEN)
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{port}/sign-in/link/{token}")
        page.wait_for_url("**/map**")
        cookies = context.cookies()
        context.close()
        measure(browser, cookies, f"http://127.0.0.1:{port}/map", rounds)
        browser.close()


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--grids", type=int, default=10_000)
    asked.add_argument("--buildings", type=int, default=100_000)
    asked.add_argument("--issues", type=int, default=100_000)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--home", type=Path, help="A store that is filled already (benchmarks.filled).")
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        settings = Settings(home=options.home or Path(folder) / "home")
        with Database.open(settings) as database:
            if options.home is None:
                fill(database, options.grids, options.buildings, options.issues)
            look(database, settings, options.rounds)


if __name__ == "__main__":
    main()
