"""How smoothly the slider of time moves over 100,000 reports, in a browser without a graphics card.

    python benchmarks/sliding.py [--reports 100000] [--seconds 5]

The service is real (`gridmap serve`, the demo estate with ninety days of reports) and so is the page. The pointer drags
the window there and back while the page notes when each picture was drawn; beside it stands what the page itself had to
do for a picture (processor time of its main thread), which does not depend on what else the machine is doing. A picture
every 16.7 ms is all that a screen shows.
"""

from __future__ import annotations

import argparse
import gzip
import math
import sys
import tempfile
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from playwright.sync_api import CDPSession, Page, sync_playwright
from posting import Ground, load_ground, served, settle
from sqlalchemy import text

from gridmap.operations import accounts
from gridmap.operations.issues import Desk
from gridmap.settings import Settings
from gridmap.storage import places
from gridmap.storage.database import Database

sys.path.insert(0, str(Path(__file__).parents[1]))
from setup import browser as browsers

CATEGORIES = ("lift", "lamp", "litter", "drain", "noise")
DAYS = 90
# What is on while the window moves.
SIGHTS: dict[str, tuple[str, ...]] = {
    "heat": ("heat",),
    "clusters": ("clusters",),
    "colours of the cells": ("choropleth",),
    "all three": ("heat", "clusters", "choropleth"),
}
START = """() => {
    window.pictures = [];
    const note = time => {
        window.pictures.push(time);
        window.noting = requestAnimationFrame(note);
    };
    window.noting = requestAnimationFrame(note);
}"""
STOP = """() => {
    cancelAnimationFrame(window.noting);
    return window.pictures;
}"""


def report(database: Database, ground: Ground, count: int) -> None:
    """So many reports around 300 places of the estate, all of them closed: the page has the past to draw, no issues."""
    random, now = np.random.default_rng(5), datetime.now(UTC)
    west, south, east, north = ground.box
    centre = random.uniform((west, south), (east, north), (300, 2))
    place = centre[random.integers(0, 300, count)] + random.normal(0, 0.0003, (count, 2))
    reported = now - pd.to_timedelta(random.uniform(0, (DAYS - 1) * 86_400, count), unit="s")
    rows = pd.DataFrame(
        {
            "lon": place[:, 0].clip(west, east), "lat": place[:, 1].clip(south, north),
            "category": random.choice(CATEGORIES, count), "reference": np.arange(count).astype(str),
            "reported_at": reported, "status": "closed", "closed_at": np.minimum(reported + timedelta(hours=9), now),
        }
    )  # fmt: skip
    with database.session() as session:
        Desk(session, places.site(session, ground.site)).report(rows, now, "bench")
    with database.session() as session:
        session.execute(text("analyze"))


def ask(port: int, key: str) -> None:
    """How long the past takes to be had, and how much of it goes over the wire."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/past?days={DAYS}", headers={"Authorization": f"Bearer {key}"}
    )
    taken = []
    for _ in range(5):
        began = time.perf_counter()
        said = urllib.request.urlopen(request).read()
        taken.append(time.perf_counter() - began)
    packed = len(gzip.compress(said, 6))
    print(f"GET /past: {sorted(taken)[2] * 1000:.0f} ms, {len(said) / 1e6:.2f} MB, {packed / 1e6:.2f} MB packed")


def drag(page: Page, seconds: float) -> None:
    """Take the window by its middle and move it there and back."""
    track = page.locator(".gm-time-track").bounding_box()
    assert track is not None
    middle, y = track["x"] + 0.8 * track["width"], track["y"] + 42
    page.mouse.move(middle, y)
    page.mouse.down()
    until, moved = time.perf_counter() + seconds, 0
    while time.perf_counter() < until:
        moved += 1
        page.mouse.move(middle - 0.5 * track["width"] * abs(math.sin(moved / 20)), y)
    page.mouse.up()


def used(wire: CDPSession) -> float:
    """Seconds of processor time that the page's main thread has had."""
    metrics = wire.send("Performance.getMetrics")["metrics"]
    return next(float(each["value"]) for each in metrics if each["name"] == "TaskDuration")


def watch(page: Page, wire: CDPSession, seconds: float) -> str:
    page.evaluate(START)
    before = used(wire)
    drag(page, seconds)
    spent = used(wire) - before
    pictures = np.diff(np.asarray(page.evaluate(STOP), dtype=float))
    return (
        f"{1000 / pictures.mean():.0f} pictures/s, middle {np.median(pictures):.1f} ms, "
        f"95 of 100 within {np.quantile(pictures, 0.95):.1f} ms, longest {pictures.max():.0f} ms; "
        f"the page itself {1000 * spent / len(pictures):.1f} ms a picture"
    )


def look(address: str, link: str, seconds: float) -> None:
    found = browsers.find()
    if found.executable is None:
        sys.exit(found.reason or "no browser is here")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=found.executable, args=["--disable-gpu", "--no-sandbox"], chromium_sandbox=False
        )
        page = chromium.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{address}/sign-in/link/{link}")
        page.wait_for_url(f"{address}/map**")
        page.wait_for_selector(".gm-ready")
        page.wait_for_selector(".gm-time-track")
        wire = page.context.new_cdp_session(page)
        wire.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.evaluate(START)
        page.wait_for_timeout(2000)
        rest = np.diff(np.asarray(page.evaluate(STOP), dtype=float))
        print(f"{'at rest':>22}: {1000 / rest.mean():.0f} pictures/s")
        for name, layers in SIGHTS.items():
            _switch(page, layers)
            print(f"{name:>22}: {watch(page, wire, seconds)}")
            _switch(page, layers)
        chromium.close()


def _switch(page: Page, layers: tuple[str, ...]) -> None:
    for layer in layers:
        page.locator(f"[data-layer={layer}]").click()
    page.wait_for_timeout(800)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--reports", type=int, default=100_000)
    asked.add_argument("--seconds", type=float, default=5)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        settings = Settings(home=Path(folder) / "home")
        with Database.open(settings) as database:
            ground = load_ground(database, 0)
            report(database, ground, options.reports)
            key = settle(database, settings, ground)
            with database.session() as session:
                account: Any = accounts.known(session, "bench")
                link = accounts.one_time_link_token(session, settings.secret_key(), account, datetime.now(UTC))
            with served(settings.home) as port:
                ask(port, key)
                look(f"http://127.0.0.1:{port}", link, options.seconds)


if __name__ == "__main__":
    main()
