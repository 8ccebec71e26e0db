"""How fast a city's reports are routed and stored, one at a time and by the file, on a private durable PostGIS.

    python benchmarks/routing.py [--rows 200000] [--grids 10000]

The same points go each way in the same run: one statement a point, one statement for 5,000, frames, and frames with
storing. PostGIS's own covering join on the same table stands beside them.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import numpy as np
import pandas as pd
from city import city, crowd
from sqlalchemy import text

from gridmap.domain.findings import Acceptance
from gridmap.operations.checks import Checked, check
from gridmap.operations.issues import Desk
from gridmap.operations.outlines import Outline
from gridmap.operations.plans import Plan
from gridmap.operations.publication import publish
from gridmap.operations.routing import Router, moments_of, on_lattice
from gridmap.settings import Settings
from gridmap.storage import facts, places
from gridmap.storage.database import Database

NOW = datetime(2026, 5, 1, tzinfo=UTC)
BATCH = 200_000


@contextmanager
def timed(what: str, rows: int) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds = time.perf_counter() - start
    print(f"{what:<58} {seconds:>8.2f} s {rows / seconds:>12,.0f} rows/s", flush=True)


def people_of(grids: Any) -> dict[str, pd.DataFrame]:
    """An owner for every leaf, so that decisions differ from place to place."""
    leaves = grids.loc[grids["tier"] == 3, "code"]
    people = pd.DataFrame({"code": [f"p{code}" for code in leaves]})
    return {
        "people": people.assign(name=people["code"]),
        "posts": pd.DataFrame({"role": "grid_owner", "grid": leaves.to_numpy(), "person": people["code"]}),
    }


def load(database: Database, grids: Any) -> None:
    outline = Outline({"code": "CITY"}, {}, accept=(Acceptance("childless-parent"),))
    with database.session() as session:
        with timed("check a plan of three tiers", len(grids)):
            checked = check(session, Plan(outline, grids, people_of(grids), [], 32642), NOW)
        assert not checked.errors, checked.errors[:3]
        with timed("publish it", len(grids)):
            publish(session, Checked(checked.plan, checked.grids, checked.layers, checked.findings), NOW)


def one_by_one(database: Database, points: pd.DataFrame, count: int = 300) -> None:
    with database.session() as session:
        router, taken = Router(session), []
        for row in range(count):
            start = time.perf_counter()
            router.locate(points.iloc[[row]], NOW)
            taken.append(1000 * (time.perf_counter() - start))
        worst = quantiles(taken, n=100)[98]
        print(f"{'one place: facts, decision and reasons':<58} {median(taken):>8.2f} ms median, {worst:.2f} ms p99")
        with timed(f"{2 * facts.BATCH:,} places, 5,000 a statement", 2 * facts.BATCH):
            many = on_lattice(points.iloc[: 2 * facts.BATCH])
            found = facts.facts(session, many, moments_of(many, NOW))
            router.decide(many, found, moments_of(many, NOW))


def join_in_the_database(database: Database, points: pd.DataFrame) -> None:
    """What a covering join alone costs, without tiers, ties, distances or decisions."""
    with database.session() as session, timed("PostGIS: st_covers on the leaf tier, nothing else", len(points)):
        session.execute(
            text("""
                select count(*) from unnest(:lon, :lat) as p (lon, lat)
                join grid g on g.tier = 3 and g.edition_id = (select max(id) from edition)
                  and st_covers(g.geom, st_setsrid(st_makepoint(p.lon, p.lat), 4326))
            """),
            {"lon": points["lon"].tolist(), "lat": points["lat"].tolist()},
        )


def by_the_file(database: Database, points: pd.DataFrame) -> None:
    parts = [points.iloc[start : start + BATCH] for start in range(0, len(points), BATCH)]
    with database.session() as session:
        desk = Desk(session, places.site(session, "CITY"))
        desk.route(parts[0].iloc[:1000], NOW)
        with timed("route by frames: grid, tiers, owner", len(points)):
            for part in parts:
                desk.route(part, NOW)
    desk = None
    with timed("report: route and store with the first line of history", len(points)):
        for part in parts:
            with database.session() as session:
                desk = desk.at(session) if desk else Desk(session, places.site(session, "CITY"))
                assert len(desk.report(part, NOW, "bench").stored) == len(part)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rows", type=int, default=200_000)
    options.add_argument("--grids", type=int, default=10_000)
    chosen = options.parse_args()
    grids = city(chosen.grids, tiers=3)
    lon, lat = crowd(grids[grids["tier"] == 3], chosen.rows)
    draw = np.random.default_rng(7)
    points = pd.DataFrame(
        {
            "lon": lon, "lat": lat, "reported_at": NOW, "reference": np.arange(len(lon)).astype(str),
            "category": draw.choice(["litter", "lift", "lamp", "noise", "fire_door"], len(lon)),
        }
    )  # fmt: skip
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with Database.open(Settings(home=Path(folder) / "home")) as database:
            load(database, grids)
            one_by_one(database, points)
            join_in_the_database(database, points.iloc[:50_000])
            by_the_file(database, points)
            database.cluster.stop() if database.cluster else None


if __name__ == "__main__":
    main()
