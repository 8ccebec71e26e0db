"""How fast and how large the locator is, beside geopandas.sjoin on the same points in the same run.

    python benchmarks/locator.py [--points 1000000 5000000] [--rounds 5] [--tiers 1]

Each figure of speed is the median of the rounds; locator and sjoin take turns within a round, so that a busy
machine hits both. Differences are counted against GEOS (STRtree, intersects) on every point.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from city import city, crowd
from numpy.typing import NDArray

from gridmap.spatial.locator import Locator, warm_up

Floats = NDArray[np.float64]


def seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def differences(grids: gpd.GeoDataFrame, found: NDArray[np.int32], lon: Floats, lat: Floats) -> int:
    """Points for which GEOS names another grid: the deepest tier's, of those the lowest code's."""
    ranked = grids.reset_index(drop=True).sort_values(["tier", "code"], ascending=[False, True])
    point, grid = shapely.STRtree(ranked.geometry.to_numpy()).query(shapely.points(lon, lat), predicate="intersects")
    best = np.full(len(lon), len(ranked))
    np.minimum.at(best, point, grid)
    return int((np.append(ranked.index, -1)[best] != found).sum())


def measure(grids: gpd.GeoDataFrame, locator: Locator, count: int, rounds: int) -> tuple[float, float, int]:
    """Seconds of locator and sjoin, and how many points GEOS judges otherwise."""
    lon, lat = crowd(grids, count)
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(lon, lat), crs=grids.crs)
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(seconds(lambda: locator.locate(lon, lat)))
        theirs.append(seconds(lambda: gpd.sjoin(points, grids[["code", "geometry"]], predicate="intersects")))
    return median(ours), median(theirs), differences(grids, locator.locate(lon, lat), lon, lat)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--points", type=int, nargs="+", default=[1_000_000, 5_000_000])
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--grids", type=int, default=10_000)
    options.add_argument("--tiers", type=int, default=1, help="sjoin then pairs every point with a grid of each")
    chosen = options.parse_args()

    first = seconds(warm_up)
    grids = city(chosen.grids, tiers=chosen.tiers)
    corners = len(shapely.get_coordinates(grids.geometry.to_numpy()))
    before = peak_mb()
    build = median([seconds(lambda: Locator(grids)) for _ in range(3)])
    locator = Locator(grids)
    print(f"{len(grids)} grids, {corners} corners; kernels ready after {first:.1f} s")
    print(
        f"build {build:.2f} s, index {locator.nbytes / 1e6:.0f} MB, peak of the process {before:.0f} MB before,",
        end=" ",
    )
    print(f"{peak_mb():.0f} MB after")
    print(f"{'points':>10} {'M points/s':>11} {'sjoin M/s':>10} {'ratio':>6} {'differences from GEOS':>22}")
    for count in chosen.points:
        ours, theirs, wrong = measure(grids, locator, count, chosen.rounds)
        print(
            f"{count:>10} {count / ours / 1e6:>11.1f} {count / theirs / 1e6:>10.3f} {theirs / ours:>6.1f} {wrong:>22}"
        )


if __name__ == "__main__":
    main()
