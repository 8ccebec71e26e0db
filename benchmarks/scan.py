"""How fast a scan is, beside a plain one on the same map in the same run.

    python benchmarks/scan.py [--grids 300] [--replicas 999] [--rounds 5]

The plain one is what a good notebook has: the neighbours of every grid in order of distance, sums along them, numpy's
logarithms of all circles (or of all circles and spans) at once, a replica at a time. Both take turns within a round, on
one thread, and each figure is the median of the rounds; the plain scans in space and time take long, so they get fewer
replicas, and their time is taken times as many. Both are compared, too: the likeliest cluster is to be the same.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gridmap.analytics.scan import Scan, scan, scan_cylinders, scan_permuted

FEW = 9  # replicas of the plain scan in space and time


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found


def plain_order(grids: gpd.GeoDataFrame, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The grids about every grid by distance, and which circles hold at most half of all."""
    places = np.column_stack([grids.geometry.x, grids.geometry.y])
    order = np.argsort(((places[:, None] - places) ** 2).sum(axis=2), axis=1, kind="stable")
    return order, np.cumsum(sizes[order], axis=1) <= sizes.sum() / 2


def plain_largest(counts: np.ndarray, means: np.ndarray, total: int, within: np.ndarray) -> float:
    """The largest ratio of windows that hold more than expected."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rest = total - counts
        ratio = counts * np.log(counts / means) + np.where(rest > 0, rest * np.log(rest / (total - means)), 0.0)
    return float(ratio[within & (counts > means) & (counts >= 2)].max(initial=0.0))


def plain_circles(cases: np.ndarray, homes: np.ndarray, grids: gpd.GeoDataFrame, replicas: int) -> tuple[float, float]:
    """The largest ratio, and p."""
    random, total = np.random.default_rng(7), int(cases.sum())
    order, within = plain_order(grids, homes)
    means = np.cumsum((homes * total / homes.sum())[order], axis=1)
    seen = plain_largest(np.cumsum(cases[order], axis=1), means, total, within)
    above = 0
    for _ in range(replicas):
        drawn = random.multinomial(total, homes / homes.sum())
        above += plain_largest(np.cumsum(drawn[order], axis=1), means, total, within) >= seen
    return seen, (1 + above) / (1 + replicas)


def plain_alerts(cases: np.ndarray, grids: gpd.GeoDataFrame, longest: int, replicas: int) -> tuple[float, float]:
    """As many windows up to the last day, by shuffled days."""
    random, total = np.random.default_rng(7), int(cases.sum())
    where, when = (np.repeat(axis, cases.ravel()) for axis in np.indices(cases.shape).reshape(2, -1))
    order, within = plain_order(grids, cases.sum(axis=1))
    expected = np.outer(cases.sum(axis=1), cases.sum(axis=0)) / total

    def sums(table: np.ndarray) -> np.ndarray:
        return np.cumsum(np.cumsum(table[:, : -longest - 1 : -1], axis=1)[order], axis=1)

    means, windows = sums(expected), np.repeat(within[:, :, None], longest, axis=2)
    seen, above = plain_largest(sums(cases), means, total, windows), 0
    for _ in range(replicas):
        drawn = np.bincount(where * cases.shape[1] + random.permutation(when), minlength=cases.size)
        above += plain_largest(sums(drawn.reshape(cases.shape)), means, total, windows) >= seen
    return seen, (1 + above) / (1 + replicas)


def against(
    name: str,
    ours: Callable[[], Scan],
    theirs: Callable[[], tuple[float, float]] | None,
    rounds: int,
    times: float = 1.0,
) -> None:
    """A line with both medians, their ratio, and how far the largest ratios are apart."""
    mine, others, gap = [], [], 0.0
    ours()  # compiled, or read from where it is kept
    for _ in range(rounds):
        took, found = seconds(ours)
        mine.append(took)
        if theirs is not None:
            took, (seen, _) = seconds(theirs)
            others.append(took * times)
            gap = abs(found.clusters["llr"][0] - seen)
    windows = found.settings["windows"] * (found.settings["replicas"] + 1)
    said = f"{name:42} {median(mine):>8.2f} s {median(mine) / windows * 1e9:>6.2f} ns a window"
    if others:
        said += f" {median(others):>9.1f} s {median(others) / median(mine):>6.0f} x   difference {gap:.0e}"
    print(said, flush=True)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--grids", type=int, default=300)
    asked.add_argument("--replicas", type=int, default=999)
    asked.add_argument("--rounds", type=int, default=5)
    options = asked.parse_args()
    n, replicas, rounds = options.grids, options.replicas, options.rounds
    random = np.random.default_rng(1)
    places = gpd.points_from_xy(*random.uniform(0, 5000, (2, n)))
    grids = gpd.GeoDataFrame({"code": np.arange(n)}, geometry=places)
    homes = np.maximum(random.lognormal(4.2, 0.5, n).round(), 3)
    share = np.repeat(homes / homes.sum() / 90, 90)
    cases = pd.DataFrame(random.multinomial(4000, share).reshape(n, 90),
                         columns=pd.date_range("2026-01-01", periods=90, tz="UTC"))  # fmt: skip
    weeks = cases.iloc[:, -84:].T.groupby(np.arange(84) // 7).sum().T
    whole, table = cases.sum(axis=1).to_numpy(), cases.to_numpy()
    print(f"{n} grids, {replicas} replicas, {whole.sum()} cases; ours, plain, ratio")

    def drawn(times: int = replicas) -> dict[str, Any]:
        return {"replicas": times, "random": np.random.default_rng(7)}

    against("circles, Poisson", lambda: scan(whole, homes, grids, **drawn()),
            lambda: plain_circles(whole, homes, grids, replicas), rounds)  # fmt: skip
    against("circles, Poisson, 9,999 replicas", lambda: scan(whole, homes, grids, **drawn(9999)), None, rounds)
    against("alerts, shuffled, up to 14 of 90 days",
            lambda: scan_permuted(cases, grids, longest=14, prospective=True, **drawn()),
            lambda: plain_alerts(table, grids, 14, FEW), rounds, (replicas + 1) / (FEW + 1))  # fmt: skip
    against("alerts, Poisson, up to 14 of 90 days",
            lambda: scan_cylinders(cases, homes, grids, longest=14, prospective=True, **drawn()), None,
            rounds)  # fmt: skip
    against("cylinders, shuffled, up to 6 of 12 weeks", lambda: scan_permuted(weeks, grids, **drawn()), None, rounds)
    against("cylinders, Poisson, up to 6 of 12 weeks", lambda: scan_cylinders(weeks, homes, grids, **drawn()), None,
            rounds)  # fmt: skip


if __name__ == "__main__":
    main()
