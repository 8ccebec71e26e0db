"""Puts a made-up city into a store: grids of three tiers, buildings, and open issues in every state of their lives.

    GRIDMAP_HOME=… python -m benchmarks.filled [--grids 10000] [--buildings 100000] [--issues 100000] [--seed 7]

Grids are checked and published, issues routed and handed to their owners, all as it is done with any plan and any file
of reports. How far each has come since, and by when it is due, is drawn afterwards and written straight into the store.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from sqlalchemy import text

sys.path.insert(0, str(Path(__file__).parent))

from city import city, crowd, houses
from routing import load, timed

from gridmap.operations.issues import Desk
from gridmap.settings import Settings
from gridmap.storage import places
from gridmap.storage.database import Database

SITE = "CITY"
CATEGORIES = ("lift", "lamp", "litter", "drain", "noise")
AT_ONCE = 100_000


def plan(grids: int, seed: int) -> gpd.GeoDataFrame:
    """The city's grids, with households."""
    frame = city(grids, seed=seed, tiers=3)
    leaf = frame["tier"] == 3
    drawn = np.random.default_rng(seed).integers(60, 400, leaf.sum())
    frame["households"] = pd.array([pd.NA] * len(frame), dtype="Int64")
    frame.loc[leaf, "households"] = drawn
    for tier in (2, 1):
        below = frame[frame["tier"] == tier + 1].groupby("parent")["households"].sum()
        of_tier = frame["tier"] == tier
        frame.loc[of_tier, "households"] = frame.loc[of_tier, "code"].map(below)
    return frame


def fill(database: Database, grids: int, buildings: int, issues: int, seed: int = 7) -> gpd.GeoDataFrame:
    """All of it, into a store that has no site yet; the grids of the deepest tier."""
    frame = plan(grids, seed)
    leaves = frame[frame["tier"] == 3].reset_index(drop=True)
    load(database, frame)
    if buildings:
        with timed("buildings, with who answers for each", buildings), database.session() as session:
            site = places.site(session, SITE)
            places.write_layer(session, "building", site, houses(leaves, buildings, seed + 2))
            edition = places.edition_in_force(session, site.id, datetime.now(UTC))
            assert edition is not None
            places.allot_buildings(session, edition)
    if issues:
        with timed("open issues, routed and stored", issues):
            report(database, leaves, issues, seed + 1)
    with database.session() as session:
        session.execute(text("analyze"))
    return leaves


def report(database: Database, leaves: gpd.GeoDataFrame, count: int, seed: int) -> None:
    random, now = np.random.default_rng(seed), datetime.now(UTC)
    lon, lat = crowd(leaves, count, seed)
    rows = pd.DataFrame(
        {
            "lon": lon, "lat": lat, "category": random.choice(CATEGORIES, count), "text": "路灯不亮，请派人来看",
            "reference": np.arange(count).astype(str),
            "reported_at": now - pd.to_timedelta(random.exponential(3 * 86_400, count), unit="s"),
        }
    )  # fmt: skip
    for start in range(0, count, AT_ONCE):
        with database.session() as session:
            desk = Desk(session, places.site(session, SITE))
            desk.report(rows.iloc[start : start + AT_ONCE], now, "bench")
    with database.session() as session:
        session.execute(text("select setseed(:seed)"), {"seed": seed / 1000})
        session.execute(
            text("""
                update issue set
                    status = (array['reported', 'filed', 'dispatched', 'accepted', 'in_progress', 'resolved'])
                             [1 + floor(6 * random())],
                    urgency = (array['urgent', 'normal', 'normal', 'normal', 'normal'])[1 + floor(5 * random())],
                    due_at = cast(:now as timestamptz) + (random() - 0.15) * interval '6 days'
                where source = 'bench'
            """),
            {"now": now + timedelta(hours=1)},
        )


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--grids", type=int, default=10_000)
    asked.add_argument("--buildings", type=int, default=100_000)
    asked.add_argument("--issues", type=int, default=100_000)
    asked.add_argument("--seed", type=int, default=7)
    options = asked.parse_args()
    with Database.open(Settings.from_environment()) as database:
        fill(database, options.grids, options.buildings, options.issues, options.seed)


if __name__ == "__main__":
    main()
