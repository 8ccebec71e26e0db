"""Vector tiles of a made-up city, ours beside tipg's on the same tables, in turns.

    python benchmarks/tiles.py [--grids 10000] [--buildings 100000] [--issues 100000] [--seconds 5] [--rounds 3]

Both serve the same addresses, zooms 14 to 16 anywhere in the city, to 8 connections that ask for gzip, in one process
each. Grids: ours come from the process once they were asked for. Issues: ours are made anew whenever one has changed,
and one is reported every second while both are measured; tipg reads its tables each time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from urllib.parse import quote

from city import EAST, NORTH, SOUTH, WEST
from filled import fill
from posting import served
from sqlalchemy import text

from gridmap.domain.zooms import tile_at
from gridmap.operations import accounts
from gridmap.settings import Settings
from gridmap.storage.database import Database

CLIENTS = 8
# What tipg finds: the shapes that our tiles are made of, and open issues.
VIEWS = """
    create or replace view tiles_grid as
    select g.code, g.name, g.tier, g.households, s.shape as geom
    from grid_shape s join grid g on g.id = s.grid_id
    where s.band = 14 and s.edition_id = (select max(id) from edition);
    create or replace view tiles_issue as
    select i.code, i.urgency, i.status, i.due_at, i.geom from issue i
    where i.status not in ('closed', 'void', 'merged');
"""


@dataclass(frozen=True)
class Server:
    """Who answers: a port, an address of tiles, and what it has to be told besides."""

    port: int
    path: str
    headers: str = ""


def addresses(count: int, zooms: tuple[int, ...], seed: int = 5) -> list[tuple[int, int, int]]:
    draw = random.Random(seed)
    spots = [(draw.uniform(WEST, EAST), draw.uniform(SOUTH, NORTH), draw.choice(zooms)) for _ in range(count)]
    return [(tile.z, tile.x, tile.y) for tile in (tile_at(*spot) for spot in spots)]


async def client(number: int, at: Server, tiles: list[tuple[int, int, int]], until: float, taken: list[float]) -> int:
    """Ask for one tile after the other over one connection; how many bytes came."""
    reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
    draw, received = random.Random(number), 0
    while time.perf_counter() < until:
        z, x, y = draw.choice(tiles)
        path = at.path.format(z=z, x=x, y=y)
        began = time.perf_counter()
        writer.write(f"GET {path} HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n{at.headers}\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert head[9:12] in (b"200", b"204"), head
        if length := re.search(rb"content-length: (\d+)", head, re.IGNORECASE):
            received += len(await reader.readexactly(int(length[1])))
        elif b"chunked" in head.lower():
            while size := int(await reader.readline(), 16):
                received += len(await reader.readexactly(size + 2))
            await reader.readline()
        taken.append(time.perf_counter() - began)
    writer.close()
    return received


def ask(at: Server, tiles: list[tuple[int, int, int]], seconds: float) -> tuple[float, float, float]:
    """Tiles a second, the middle of their times in milliseconds, and kilobytes a tile."""
    import uvloop

    taken: list[float] = []

    async def all_of_them() -> int:
        until = time.perf_counter() + seconds
        return sum(await asyncio.gather(*(client(number, at, tiles, until, taken) for number in range(CLIENTS))))

    began = time.perf_counter()
    received = uvloop.run(all_of_them())
    return len(taken) / (time.perf_counter() - began), median(taken) * 1000, received / len(taken) / 1000


@contextmanager
def tipg(url: str) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [os.environ.get("TIPG_PYTHON", sys.executable), "-m", "uvicorn", "tipg.main:app", "--port", str(port),
         "--no-access-log", "--log-level", "error"],
        env={**os.environ, "DATABASE_URL": url, "TIPG_DB_SCHEMAS": '["public"]'},
    )  # fmt: skip
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz").close()
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()


@contextmanager
def somebody_reporting(port: int, key: str) -> Iterator[None]:
    """One report a second."""
    over, draw = threading.Event(), random.Random(3)

    def report() -> None:
        while not over.wait(1):
            said = {"lon": draw.uniform(WEST, EAST), "lat": draw.uniform(SOUTH, NORTH), "category": "lamp"}
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
            request = urllib.request.Request(f"http://127.0.0.1:{port}/issues", json.dumps(said).encode(), headers)
            urllib.request.urlopen(request).close()

    thread = threading.Thread(target=report)
    thread.start()
    yield
    over.set()
    thread.join()


def compare(ours: dict[str, Server], theirs: dict[str, Server], key: str, options: argparse.Namespace) -> None:
    zooms = {"grids": (14, 15, 16), "issues": (14, 15, 16)}
    for layer in ("grids", "issues"):
        tiles = addresses(400, zooms[layer])
        ask(ours[layer], tiles, 2 * options.seconds)
        ask(theirs[layer], tiles, 1)
        with somebody_reporting(ours[layer].port, key):
            rounds = [
                (*ask(theirs[layer], tiles, options.seconds), *ask(ours[layer], tiles, options.seconds))
                for _ in range(options.rounds)
            ]
        their_rate, their_ms, their_kb, rate, ms, kb = (median(column) for column in zip(*rounds, strict=True))
        print(
            f"{layer:<8} tipg {their_rate:>7,.0f}/s {their_ms:>7.2f} ms {their_kb:>6.1f} kB   "
            f"ours {rate:>7,.0f}/s {ms:>6.2f} ms {kb:>6.1f} kB   {rate / their_rate:.1f} times", flush=True,
        )  # fmt: skip


def measure(database: Database, settings: Settings, options: argparse.Namespace) -> None:
    with database.session() as session:
        session.execute(text(VIEWS))
        now = datetime.now(UTC)
        account = accounts.add(session, f"bench-{now:%d%H%M%S}", "dispatcher", "CITY", None, None, None, now)
        key = accounts.new_key(session, account, settings.secret_key(), now)
    said = database.engine.url.query
    url = f"postgresql://{said['user']}@{quote(str(said['host']), safe='')}/{database.engine.url.database}"
    with served(settings.home) as port, tipg(url) as their_port:
        bearer = f"Authorization: Bearer {key}\r\n"
        ours = {
            layer: Server(port, f"/tiles/{layer}/{{z}}/{{x}}/{{y}}?site=CITY", bearer) for layer in ("grids", "issues")
        }
        view = "/collections/public.tiles_{}/tiles/WebMercatorQuad/{{z}}/{{x}}/{{y}}"
        theirs = {layer: Server(their_port, view.format(layer.removesuffix("s"))) for layer in ours}
        compare(ours, theirs, key, options)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--grids", type=int, default=10_000)
    asked.add_argument("--buildings", type=int, default=100_000)
    asked.add_argument("--issues", type=int, default=100_000)
    asked.add_argument("--seconds", type=int, default=5)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--home", type=Path, help="A store that is filled already (benchmarks.filled).")
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        settings = Settings(home=options.home or Path(folder) / "home")
        with Database.open(settings) as database:
            if options.home is None:
                fill(database, options.grids, options.buildings, options.issues)
            measure(database, settings, options)


if __name__ == "__main__":
    main()
