"""How soon those who watch are told: from the moment a report is sent until every screen has it.

    python benchmarks/watching.py [--changes 60] [--every 0.5]

The service is real (`gridmap serve`, one process, the demo estate) and so are the streams. Watched by 50 who see the
same, by 50 who each see another part, and by 300; what is measured holds taking the report, its commit, and the way to
the last of them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from posting import At, Ground, body, load_ground, served, settle
from sqlalchemy import text

from gridmap.operations import accounts
from gridmap.settings import Settings
from gridmap.storage.database import Database

CODE = re.compile(rb'"id" ?: ?"([^"]+)"')
# A screen that has heard nothing for so long will not.
PATIENCE_S = 20.0


@dataclass
class Screen:
    """Somebody who watches, and when he was told of which issue."""

    told: dict[str, float] = field(default_factory=dict)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    received: int = 0

    async def watch(self, port: int, key: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 26)
        writer.write(f"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 200 " in head[:20], head
        try:
            while True:
                event = await reader.readuntil(b"\n\n")
                self._take(event, time.perf_counter())
        finally:
            writer.close()

    def _take(self, event: bytes, at: float) -> None:
        self.received += len(event)
        if b"event: snapshot" in event:
            self.ready.set()
        elif b"event: upsert" in event:
            for code in CODE.findall(event):
                self.told.setdefault(code.decode(), at)


async def report(port: int, key: str, ground: Ground, draw: random.Random) -> tuple[str, float]:
    """The code of a new issue, and when it was sent."""
    said = json.dumps(body(draw, ground)).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = (
        f"POST /issues HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(said)}\r\n\r\n"
    )
    began = time.perf_counter()
    writer.write(head.encode() + said)
    answer = await reader.read()
    writer.close()
    return str(json.loads(answer.partition(b"\r\n\r\n")[2])["code"]), began


async def watched(
    at: At, keys: Sequence[str], changes: int, every: float, *, all_of_it: bool
) -> tuple[list[float], float]:
    """How long each of the screens waited for each change it was told of, and how long the slowest for its snapshot."""
    screens = [Screen() for _ in keys]
    began = time.perf_counter()
    tasks = [asyncio.create_task(screen.watch(at.port, key)) for screen, key in zip(screens, keys, strict=True)]
    for screen, task in zip(screens, tasks, strict=True):
        waiting = asyncio.create_task(screen.ready.wait())
        await asyncio.wait((waiting, task), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()  # it says why nobody watches
    opened = time.perf_counter() - began
    draw, sent = random.Random(changes), {}
    for _ in range(changes):
        code, moment = await report(at.port, at.key, at.ground, draw)
        sent[code] = moment
        await asyncio.sleep(every)
    if all_of_it:
        for _ in range(int(PATIENCE_S * 10)):
            if all(len(screen.told) >= changes for screen in screens):
                break
            await asyncio.sleep(0.1)
        missing = sum(changes - len(screen.told) for screen in screens)
        assert not missing, f"{missing} were never told"
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    waits = [told - sent[code] for screen in screens for code, told in screen.told.items() if code in sent]
    return sorted(waits), opened


def owners(database: Database, settings: Settings, ground: Ground, number: int) -> list[str]:
    """Keys of grid owners, each of another cell."""
    now = datetime.now(UTC)
    with database.session() as session:
        cells = session.execute(
            text("select g.code from grid g join edition e on e.id = g.edition_id where g.tier = e.leaf_tier "
                 "order by g.code limit :number"), {"number": number},
        ).scalars().all()  # fmt: skip
        made = [
            accounts.add(session, f"owner-{code}", "grid_owner", ground.site, code, None, None, now) for code in cells
        ]
        return [accounts.new_key(session, account, settings.secret_key(), now) for account in made]


def several(database: Database, settings: Settings, ground: Ground, number: int) -> list[str]:
    """Keys of accounts that see all of the site."""
    now = datetime.now(UTC)
    with database.session() as session:
        made = [
            accounts.add(session, f"screen-{count}", "dispatcher", ground.site, None, None, None, now)
            for count in range(number)
        ]
        return [accounts.new_key(session, account, settings.secret_key(), now) for account in made]


def run(database: Database, settings: Settings, at: At, changes: int, every: float) -> None:
    dispatchers = several(database, settings, at.ground, 10)
    cases = (
        ("50 who see the same", [dispatchers[n % 10] for n in range(50)], True),
        ("50 who each see another part", [*owners(database, settings, at.ground, 49), dispatchers[0]], False),
        ("300 who see the same", [dispatchers[n % 10] for n in range(300)], True),
    )
    for name, keys, all_of_it in cases:
        waits, opened = asyncio.run(watched(at, keys, changes, every, all_of_it=all_of_it))
        p50, p95 = (waits[int(len(waits) * share)] * 1000 for share in (0.5, 0.95))
        print(f"{name}: {len(waits):,} told, p50 {p50:.0f} ms, p95 {p95:.0f} ms, max {waits[-1] * 1000:.0f} ms, "
              f"all had a snapshot after {opened:.1f} s", flush=True)  # fmt: skip


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--changes", type=int, default=60)
    asked.add_argument("--every", type=float, default=0.5)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        settings = Settings(home=Path(folder) / "home")
        with Database.open(settings) as database:
            ground = load_ground(database, 0)
            key = settle(database, settings, ground)
            with served(settings.home) as port:
                run(database, settings, At(port, key, ground), options.changes, options.every)


if __name__ == "__main__":
    main()
