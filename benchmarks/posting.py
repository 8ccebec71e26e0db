"""How many reports a service takes over HTTP, beside pgbench running the same statements on the same cluster.

    python benchmarks/posting.py [--seconds 6] [--rounds 3] [--clients 32] [--grids N]

The plan is the demo estate's (319 cells, 250 buildings, a post for each), or with `--grids` a city of so many cells.

The service is real: `gridmap serve`, one process, with a key, an Idempotency-Key for every report, routing, the history
and the word to whoever listens. pgbench runs what one report runs in the database, prepared, a transaction each. Both
take turns in the same run; then batches of a thousand go against single posts.
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
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from city import city
from routing import load
from sqlalchemy import text

from gridmap.operations import accounts
from gridmap.operations.checks import check
from gridmap.operations.outlines import outline_from_toml
from gridmap.operations.plans import read_plan
from gridmap.operations.publication import publish
from gridmap.settings import Settings
from gridmap.simulation.demo import PLAN
from gridmap.storage.binaries import available, private_prefixes
from gridmap.storage.database import Database
from gridmap.storage.sql import statement

CATEGORIES = ("lift", "lamp", "litter", "drain")


@dataclass(frozen=True)
class Ground:
    """A site whose reports are posted, and the box they come from."""

    site: str
    box: tuple[float, float, float, float]


def body(draw: random.Random, ground: Ground) -> dict[str, Any]:
    west, south, east, north = ground.box
    return {
        "lon": draw.uniform(west, east),
        "lat": draw.uniform(south, north),
        "category": draw.choice(CATEGORIES),
        "text": "路灯不亮，请派人来看",
        "accuracy_m": 15,
    }


# ---------------------------------------------------------------- over HTTP


@dataclass(frozen=True)
class At:
    """A service that answers, and a key to it."""

    port: int
    key: str
    ground: Ground


async def client(number: int, at: At, until: float, taken: list[float]) -> None:
    """Post one report after the other over one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
    draw, count = random.Random(number), 0
    while time.perf_counter() < until:
        count += 1
        said = json.dumps(body(draw, at.ground)).encode()
        head = (
            f"POST /issues HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {at.key}\r\n"
            f"Content-Type: application/json\r\nIdempotency-Key: {number}-{count}-{until}\r\n"
            f"Content-Length: {len(said)}\r\n\r\n"
        )
        began = time.perf_counter()
        writer.write(head.encode() + said)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", answer)
        assert length is not None
        rest = await reader.readexactly(int(length[1]))
        assert b" 201 " in answer[:20], rest
        taken.append(time.perf_counter() - began)
    writer.close()


def post(at: At, clients: int, seconds: float) -> tuple[float, float, float]:
    """Reports a second, and the middle and the slowest hundredth of them in milliseconds."""
    import uvloop

    taken: list[float] = []

    async def all_of_them() -> None:
        until = time.perf_counter() + seconds
        await asyncio.gather(*(client(number, at, until, taken) for number in range(clients)))

    uvloop.run(all_of_them())
    taken.sort()
    return len(taken) / seconds, taken[len(taken) // 2] * 1000, taken[int(len(taken) * 0.99)] * 1000


def post_batches(at: At, rows: int, count: int) -> float:
    """Reports a second in batches, one after the other."""
    draw = random.Random(5)
    bodies = [json.dumps({"issues": [body(draw, at.ground) for _ in range(rows)]}).encode() for _ in range(count)]
    began = time.perf_counter()
    for said in bodies:
        request = urllib.request.Request(
            f"http://127.0.0.1:{at.port}/issues/batch",
            said,
            {"Authorization": f"Bearer {at.key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            told = json.load(answer)
        assert told["stored"] == rows, told
    return rows * count / (time.perf_counter() - began)


# ---------------------------------------------------------------- pgbench


def script(decision_id: int, ground: Ground) -> str:
    """What one report runs in the database, with a place of its own each time."""
    facts = statement("facts")
    for name, kind in (("lon", "float8"), ("lat", "float8"), ("accuracy_m", "float8")):
        facts = facts.replace(f"%({name})s", f"array[:{name}::{kind}]")
    for name in ("level", "facility", "extent_m"):
        facts = facts.replace(f"%({name})s", "array[null]")
    facts = facts.replace("%(at)s", "array[now()]").replace("%(site)s", f"'{ground.site}'")
    # Of the facts, pgbench keeps what the issue needs.
    facts = f"select site_id as s, edition_id as e, grid_id as g, tier1 as a, tier2 as b, tier3 as c from ({facts}) f"
    row = {
        "id": ":id::bigint", "code": f"'{ground.site}-' || :id::text", "site_id": ":s::bigint", "category": "'lamp'",
        "kind": "'repair'", "urgency": "'normal'", "source": "'bench'", "text": "'路灯不亮，请派人来看'",
        "accuracy_m": "15", "reported_at": "now()", "received_at": "now()", "lon": ":lon::float8",
        "lat": ":lat::float8", "position": "'inside'", "edition_id": ":e::bigint", "grid_id": ":g::bigint",
        "tier1": ":a::text", "tier2": ":b::text", "tier3": ":c::text", "decision_id": str(decision_id),
        "owner_role": "'grid_owner'", "owner_grid": ":c::text", "account_id": "1", "key": "'k' || :id::text",
        "digest": "'00'", "answer": "repeat('x', 1200)",
    }  # fmt: skip
    made = ", ".join(f"'{name}', {value}" for name, value in row.items())
    take = statement("take").replace("%(rows)s", f"json_build_array(json_build_object({made}))")
    west, south, east, north = ground.box
    return "\n".join(
        (
            f"\\set lon random({int(west * 1e7)}, {int(east * 1e7)}) / 10000000.0",
            f"\\set lat random({int(south * 1e7)}, {int(north * 1e7)}) / 10000000.0",
            "begin;",
            "select pg_advisory_xact_lock_shared(1735549284, hashtext('" + ground.site + "'));",
            "select number as revision, nextval('issue_id_seq') as id from revision \\gset",
            "select count(*) as r from receipt where account_id = 1 and key = 'k' || :id::text \\gset",
            _plain(facts) + " \\gset",
            _plain(take) + ";",
            "commit;",
        )
    )


def _plain(sql: str) -> str:
    """A statement on one line, without comments: pgbench takes a colon in one for a variable."""
    return " ".join(re.sub(r"--.*", "", sql).split()).replace("%%", "%")


def pgbench(binaries: Path, url: str, file: Path, clients: int, seconds: int) -> float:
    """Transactions a second."""
    host, user = re.search(r"host=([^&]+)", url)[1], re.search(r"user=([^&]+)", url)[1]  # type: ignore[index]
    said = subprocess.run(
        [binaries / "pgbench", "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", str(seconds),
         "-f", file, "-h", host, "-U", user, "gridmap"],
        capture_output=True, text=True, check=False,
        env={**os.environ, "PGOPTIONS": "-c plan_cache_mode=force_generic_plan"},
    )  # fmt: skip
    found = re.search(r"tps = ([\d.]+)", said.stdout)
    assert found is not None, said.stdout + said.stderr
    return float(found[1])


# ---------------------------------------------------------------- the run


@contextmanager
def served(home: Path) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "GRIDMAP_HOME": str(home), "GRIDMAP_PORT": str(port)}
    environment.pop("DATABASE_URL", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "gridmap.cli", "serve", "--quiet"], env=environment, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health").close()
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()


def settle(database: Database, settings: Settings, ground: Ground) -> str:
    now = datetime.now(UTC)
    with database.session() as session:
        account = accounts.add(session, "bench", "dispatcher", ground.site, None, None, None, now)
        return accounts.new_key(session, account, settings.secret_key(), now)


def load_ground(database: Database, grids: int) -> Ground:
    if grids:
        load(database, city(grids, tiers=3))
    else:
        with database.session() as session:
            now = datetime.now(UTC)
            publish(session, check(session, read_plan(outline_from_toml(PLAN)), now), now)
    with database.session() as session:
        row = session.execute(
            text("""
                select s.code, st_xmin(e.extent), st_ymin(e.extent), st_xmax(e.extent), st_ymax(e.extent)
                from edition e join site s on s.id = e.site_id
            """)
        ).one()
    return Ground(row[0], tuple(row[1:]))


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seconds", type=int, default=6)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--clients", type=int, default=32)
    asked.add_argument("--grids", type=int, default=0)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        settings = Settings(home=Path(folder) / "home")
        with Database.open(settings) as database:
            ground = load_ground(database, options.grids)
            key = settle(database, settings, ground)
            with served(settings.home) as port:
                run(database, At(port, key, ground), options, Path(folder) / "report.sql")


def run(database: Database, at: At, options: argparse.Namespace, file: Path) -> None:
    post(at, options.clients, 3)
    with database.session() as session:
        session.execute(text("analyze"))
        decision = session.execute(text("select min(id) from decision")).scalar_one()
    file.write_text(script(decision, at.ground), encoding="utf-8")
    url = str(database.engine.url.render_as_string(hide_password=False)).replace("%2F", "/")
    rounds = []
    for number in range(options.rounds):
        plain = pgbench(available(private_prefixes(Path()))[0].programs, url, file, options.clients, options.seconds)
        rate, middle, slow = post(at, options.clients, options.seconds)
        rounds.append((plain, rate, middle, slow, rate / plain))
        print(f"round {number + 1}: pgbench {plain:,.0f}/s, HTTP {rate:,.0f}/s ({rate / plain:.2f}), "
              f"p50 {middle:.1f} ms, p99 {slow:.1f} ms", flush=True)  # fmt: skip
    plain, rate, middle, slow, ratio = (median(values) for values in zip(*rounds, strict=True))
    print(f"median: pgbench {plain:,.0f}/s, HTTP {rate:,.0f}/s ({ratio:.2f}), p50 {middle:.1f} ms, p99 {slow:.1f} ms")
    for clients in (1, 8):
        alone, middle, slow = post(at, clients, options.seconds)
        print(f"{clients} at once: {alone:,.0f}/s, p50 {middle:.1f} ms, p99 {slow:.1f} ms", flush=True)
        if clients == 1:
            single = alone
    many = median(post_batches(at, 1_000, 5) for _ in range(options.rounds))
    print(
        f"batches of 1,000: {many:,.0f}/s, {many / single:.1f} x one client and {many / rate:.1f} x {options.clients}"
    )


if __name__ == "__main__":
    main()
