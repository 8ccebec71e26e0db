"""How long `gridmap report` takes for a Parquet file of a million reports of a made-up city, the whole command.

    python benchmarks/reporting.py [--rows 1000000] [--grids 10000]

Everything is real: each row is checked, routed to its grid and owner, given its decision, stored with its first line of
history, and every index is there at the end. The store is a private durable PostGIS that holds the plan and no issue.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from city import city, crowd
from routing import load

from gridmap.settings import Settings
from gridmap.storage.database import Database

CATEGORIES = ("lift", "lamp", "litter", "drain", "noise")


def write_reports(file: Path, grids: object, rows: int) -> None:
    random = np.random.default_rng(9)
    lon, lat = crowd(grids, rows)  # type: ignore[arg-type]
    moments = pd.Timestamp("2026-04-01", tz="UTC") + pd.to_timedelta(random.integers(0, 30 * 86_400, rows), unit="s")
    pd.DataFrame(
        {
            "reference": np.arange(rows).astype(str),
            "lon": lon,
            "lat": lat,
            "category": random.choice(CATEGORIES, rows),
            "reported_at": moments,
            "text": "路灯不亮，请派人来看",
        }
    ).to_parquet(file)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, default=1_000_000)
    asked.add_argument("--grids", type=int, default=10_000)
    options = asked.parse_args()
    grids = city(options.grids, tiers=3)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        home, file = Path(folder) / "home", Path(folder) / "reports.parquet"
        with Database.open(Settings(home=home)) as database:
            load(database, grids)
            write_reports(file, grids[grids["tier"] == 3], options.rows)
            began = time.perf_counter()
            subprocess.run(
                [sys.executable, "-m", "gridmap.cli", "report", file],
                env={**os.environ, "GRIDMAP_HOME": str(home)}, check=True,
            )  # fmt: skip
            seconds = time.perf_counter() - began
        print(f"gridmap report: {options.rows:,} rows in {seconds:.1f} s, {options.rows / seconds:,.0f} rows/s")


if __name__ == "__main__":
    main()
