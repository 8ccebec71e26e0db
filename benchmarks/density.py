"""How fast a density is, and how far off, beside what else Python has, on the same points in the same run.

    python benchmarks/density.py [--points 1000000] [--cells 512] [--rounds 7]

Each figure is the median of the rounds; all take turns within a round, on one thread. The time of the processor stands
beside that of the clock, which says little on a machine that does other things, and ratios are of the former. The error
is the largest difference from the sum of all kernels, taken at 300 cells and at the highest, as a share of the highest.
The fastest peer is coarser than ours, so it is also given finer cells, which bring its error down. What would take
minutes is done for a few points and cells, and the rest worked out by proportion.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

import datashader
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from KDEpy import FFTKDE
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.stats import gaussian_kde
from sklearn.neighbors import KernelDensity

from gridmap.analytics.density import density

Floats = NDArray[np.float64]
SIDE, BANDWIDTH = 40_000.0, 400.0
ASKED = 300


@dataclass
class Way:
    """Somebody's density per km2, at the cells of all others, and how long it took him."""

    name: str
    work: Callable[[], Floats]
    seconds: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)
    found: Floats | None = None

    def turn(self) -> None:
        start, worked = time.perf_counter(), time.process_time()
        self.found = self.work()
        self.seconds.append(time.perf_counter() - start)
        self.worked.append(time.process_time() - worked)


def crowd(count: int) -> Floats:
    """Half of them anywhere in a square of 40 km, half in 200 towns of 100 m to 2 km."""
    random = np.random.default_rng(1)
    towns = random.uniform(2000, SIDE - 2000, (200, 2))
    town = random.integers(0, 200, count)
    near = towns[town] + random.normal(size=(count, 2)) * random.uniform(100, 2000, 200)[town, None]
    places = np.where(random.random((count, 1)) < 0.5, near, random.uniform(0, SIDE, (count, 2)))
    return np.ascontiguousarray(np.clip(places, 0, SIDE - 1e-6))


def filtered(cells: int, times: int, counted: Callable[[int], Floats]) -> Floats:
    """Counts in cells, smoothed; with finer cells, every so many of them are read."""
    fine, cell = cells * times, SIDE / (cells * times)
    smooth = gaussian_filter(counted(fine), BANDWIDTH / cell, mode="constant", truncate=6) / cell**2 * 1e6
    # An odd number of finer cells have the middle of the coarse one among their own.
    return smooth[times // 2 :: times, times // 2 :: times]


def kdepy(places: Floats, cells: int) -> Floats:
    """On a wider lattice, as it puts nothing round its ends."""
    cell, room = SIDE / cells, int(6 * BANDWIDTH * cells / SIDE) + 1
    axis = (np.arange(-room, cells + room) + 0.5) * cell
    lattice = np.column_stack([np.repeat(axis, len(axis)), np.tile(axis, len(axis))])
    found = FFTKDE(kernel="gaussian", bw=BANDWIDTH).fit(places).evaluate(lattice).reshape(len(axis), len(axis)).T
    return np.asarray(found[room:-room, room:-room] * len(places) * 1e6)


def ways(places: Floats, cells: int) -> list[Way]:
    """Ours first."""
    box = (0.0, 0.0, SIDE, SIDE)
    ends = ((0, SIDE), (0, SIDE))
    frame = pd.DataFrame(places, columns=["x", "y"])

    def histogram(fine: int) -> Floats:
        return np.histogram2d(places[:, 1], places[:, 0], bins=fine, range=ends)[0]

    def bincount(fine: int) -> Floats:
        column, row = (places * (fine / SIDE)).astype(np.int32).T
        return np.bincount(row * fine + column, minlength=fine * fine).reshape(fine, fine).astype(np.float64)

    def shaded(fine: int) -> Floats:
        canvas = datashader.Canvas(fine, fine, x_range=ends[0], y_range=ends[1])
        return np.asarray(canvas.points(frame, "x", "y", datashader.count()), dtype=np.float64)

    counts = {"np.histogram2d": histogram, "np.bincount": bincount, "datashader": shaded}
    found = [Way("ours", lambda: density(places, metres=BANDWIDTH, bounds=box, shape=(cells, cells)).field)]
    for name, counted in counts.items():
        found.append(Way(f"{name} + gaussian_filter", lambda c=counted: filtered(cells, 1, c)))
    for times in (3, 5):
        name = f"np.bincount + gaussian_filter, {times} x finer"
        found.append(Way(name, lambda t=times: filtered(cells, t, bincount)))
    found.append(Way("KDEpy FFTKDE", lambda: kdepy(places, cells)))
    return found


def summed(places: Floats, x: Floats, y: Floats) -> Floats:
    """Every kernel, at some places."""
    exponents = (np.exp(-((places - at) ** 2).sum(axis=1) / (2 * BANDWIDTH**2)).sum() for at in np.column_stack([x, y]))
    return np.fromiter(exponents, np.float64) / (2 * np.pi * BANDWIDTH**2) * 1e6


def worked_out(places: Floats, cells: int) -> None:
    """What takes minutes: a few cells, or a few points, and the rest by proportion."""
    few, middle = 20, (np.arange(20) + 0.5) * SIDE / 20
    asked = np.column_stack([middle, middle[::-1]])
    start = time.perf_counter()
    tree = KernelDensity(bandwidth=BANDWIDTH, rtol=1e-3, algorithm="kd_tree").fit(places)
    fitted = time.perf_counter() - start
    start = time.perf_counter()
    tree.score_samples(asked)
    print(f"{'sklearn KernelDensity, rtol 1e-3':44} {fitted + (time.perf_counter() - start) / few * cells**2:>10.0f} s")
    part = places[:: max(len(places) // 100_000, 1)]
    start = time.perf_counter()
    gaussian_kde(part.T, bw_method=0.02)(asked.T)
    taken = (time.perf_counter() - start) * len(places) / len(part) * cells**2 / few
    print(f"{'scipy gaussian_kde':44} {taken:>10.0f} s")


def others(places: Floats, cells: int, rounds: int) -> None:
    """Ours from degrees, within an area, with weights: what the peers do not do."""
    lon, lat = 121.2 + places[:, 0] / 95_000, 31.0 + places[:, 1] / 111_000
    frame = pd.DataFrame({"lon": lon, "lat": lat})
    points = gpd.GeoSeries(shapely.points(lon, lat), crs=4326)
    town = shapely.Point(SIDE / 2, SIDE / 2).buffer(SIDE / 2.2, quad_segs=250)
    shape = (cells, cells)
    weights = np.linspace(0, 2, len(places))
    asked = {
        "ours, lon and lat of a frame": lambda: density(frame, metres=BANDWIDTH, shape=shape).field,
        "ours, points of a GeoSeries in degrees": lambda: density(points, metres=BANDWIDTH, shape=shape).field,
        "ours, weighted": lambda: density(places, metres=BANDWIDTH, weights=weights, shape=shape).field,
        "ours, within 1,000 corners": lambda: density(places, metres=BANDWIDTH, within=town, shape=shape).field,
        "ours, bandwidth chosen": lambda: density(places, shape=shape).field,
    }
    found = [Way(*both) for both in asked.items()]
    for _ in range(rounds):
        for way in found:
            way.turn()
    for way in found:
        print(f"{way.name:44} {median(way.seconds) * 1000:>10.1f} ms {median(way.worked) * 1000:>9.1f} ms", flush=True)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--points", type=int, default=1_000_000)
    asked.add_argument("--cells", type=int, default=512)
    asked.add_argument("--rounds", type=int, default=7)
    options = asked.parse_args()
    places, cells = crowd(options.points), options.cells
    found = ways(places, cells)
    density(places[:10], metres=BANDWIDTH)  # compiled before anybody is timed
    before = os.getloadavg()[0]
    for _ in range(options.rounds):
        for way in found:
            way.turn()
    ours = found[0].found
    assert ours is not None
    random = np.random.default_rng(2)
    rows, columns = random.integers(0, cells, (2, ASKED + 1))
    rows[0], columns[0] = divmod(int(ours.argmax()), cells)
    exact = summed(places, *((index + 0.5) * SIDE / cells for index in (columns, rows)))
    print(f"{options.points} points on {cells} x {cells}, bandwidth {BANDWIDTH:.0f} m; load {before:.1f} before, "
          f"{os.getloadavg()[0]:.1f} after; clock, processor, ratio to ours, error as a share of the peak")  # fmt: skip
    mine = median(found[0].worked)
    for way in found:
        assert way.found is not None
        off = np.abs(way.found[rows, columns] - exact).max() / exact.max()
        said = f"{way.name:44} {median(way.seconds) * 1000:>10.1f} ms {median(way.worked) * 1000:>9.1f} ms"
        print(f"{said} {median(way.worked) / mine:>7.1f} x {off:>9.1e}", flush=True)
    worked_out(places, cells)
    others(places, cells, options.rounds)


if __name__ == "__main__":
    main()
