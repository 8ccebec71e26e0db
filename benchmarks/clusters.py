"""How fast clusters and near repeats are, beside scikit-learn, pointpats and plain numpy on the same points.

    python benchmarks/clusters.py [--points 100000] [--rounds 3]

Each figure is the median of the rounds; all take turns within a round, on one thread. ST-DBSCAN in plain Python is what
its packages do: neighbours in space from a tree, those thrown away that are not neighbours in time, the rest to
scikit-learn as distances known before. Knox in plain numpy goes through the pairs of a KD-tree once for each order of
the times. Clusters are to have the same cores and noise, Knox the same pairs: that is checked, too.
"""

from __future__ import annotations

import argparse
import warnings
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from pointpats import Knox
from scipy.spatial import cKDTree
from sklearn.cluster import DBSCAN
from sklearn.neighbors import NearestNeighbors
from turns import against

from gridmap.analytics.clusters import dbscan, st_dbscan
from gridmap.analytics.near_repeats import knox

BEGIN = pd.Timestamp("2026-01-01", tz="UTC")
YEAR = 365.0
METRES, HOURS, LEAST = 60.0, 72.0, 5


def estate(count: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Points as reports lie: half about places where it happens again and again, half anywhere; and their days."""
    random = np.random.default_rng(seed)
    side = 10_000 * np.sqrt(count / 100_000)
    places = random.random((max(count // 200, 1), 2)) * side
    heaps = places[random.integers(0, len(places), count // 2)] + random.normal(0, 25, (count // 2, 2))
    points = np.concatenate([heaps, random.random((count - count // 2, 2)) * side])
    return points, np.floor(random.random(count) * YEAR * 86_400) / 86_400


def plain_st_dbscan(points: np.ndarray, days: np.ndarray) -> np.ndarray:
    graph = NearestNeighbors(radius=METRES).fit(points).radius_neighbors_graph(mode="distance")
    rows = np.repeat(np.arange(len(points)), np.diff(graph.indptr))
    graph.data[np.abs(days[rows] - days[graph.indices]) * 24 > HOURS] = 2 * METRES
    return DBSCAN(eps=METRES, min_samples=LEAST, metric="precomputed").fit(graph).labels_


def plain_knox(points: np.ndarray, days: np.ndarray, metres: list[float], ends: list[float], draws: int) -> np.ndarray:
    """Pairs in each cell as observed, and by so many orders of the times."""
    pairs = cKDTree(points).query_pairs(metres[-1], output_type="ndarray")
    far = np.searchsorted(metres, np.hypot(*(points[pairs[:, 0]] - points[pairs[:, 1]]).T))
    random, found = np.random.default_rng(7), []
    for draw in range(draws + 1):
        when = random.permutation(days) if draw else days
        late = np.searchsorted(ends, np.abs(when[pairs[:, 0]] - when[pairs[:, 1]]))
        cells = np.bincount(far * (len(ends) + 1) + late, minlength=len(metres) * (len(ends) + 1))
        found.append(cells.reshape(-1, len(ends) + 1)[: len(metres), : len(ends)])
    return np.array(found)


def clusters(count: int, rounds: int) -> None:
    points, days = estate(count)
    moments = pd.Series(BEGIN + pd.to_timedelta(days, unit="D"))
    for metres in (30.0, 100.0):
        settings: Any = {"metres": metres, "least": 2 * LEAST}
        peer = DBSCAN(eps=metres, min_samples=2 * LEAST)
        against(f"DBSCAN, {count:,} points, {metres:g} m (scikit-learn)", partial(dbscan, points, **settings),
                partial(peer.fit, points), rounds)  # fmt: skip
        agree("DBSCAN", dbscan(points, **settings), peer.fit(points).labels_)
    settings = {"metres": METRES, "hours": HOURS, "least": LEAST}
    against(f"ST-DBSCAN, {count:,} points, {METRES:g} m, {HOURS:g} h (plain)",
            lambda: st_dbscan(points, moments, **settings), lambda: plain_st_dbscan(points, days), rounds)  # fmt: skip
    agree("ST-DBSCAN", st_dbscan(points, moments, **settings), plain_st_dbscan(points, days))
    many, _ = estate(10 * count)
    against(f"DBSCAN, {10 * count:,} points, 30 m", lambda: dbscan(many, metres=30, least=10), None, rounds)


def agree(name: str, ours: pd.Series, theirs: np.ndarray) -> None:
    noise = int(((ours.to_numpy() < 0) != (theirs < 0)).sum())
    print(
        f"  {name}: {ours.max() + 1} clusters, theirs {theirs.max() + 1}; noise differs in {noise} points", flush=True
    )


def near_repeats(rounds: int) -> None:
    metres, ends = [50.0, 100.0, 200.0, 300.0], [1.0, 7.0, 14.0, 28.0]
    points, days = estate(10_000)
    moments = pd.Series(BEGIN + pd.to_timedelta(days, unit="D"))

    def ours(draws: int) -> pd.DataFrame:
        return knox(points, moments, metres=metres, days=ends, draws=draws, random=np.random.default_rng(7)).table

    against("Knox, 10,000 points, 16 cells, 999 draws", lambda: ours(999), None, rounds)
    against("Knox, 10,000 points, 16 cells, 49 draws (plain numpy)", lambda: ours(49),
            lambda: plain_knox(points, days, metres, ends, 49), rounds)  # fmt: skip
    counted = ours(1).query("metres > 0")["observed"].to_numpy() - plain_knox(points, days, metres, ends, 0)[0].ravel()
    few, when = points[::10], days[::10]
    moments_of_few = pd.Series(BEGIN + pd.to_timedelta(when, unit="D"))

    def one_cell() -> Any:
        return knox(few, moments_of_few, metres=[100.0], days=[7.0], draws=99, random=np.random.default_rng(7))

    def peer() -> Any:
        np.random.seed(7)  # noqa: NPY002 (it draws from there)
        return Knox(few, when[:, None], delta=100.0, tau=7.0, permutations=99)

    against("Knox, 1,000 points, 1 cell, 99 draws (pointpats)", one_cell, peer, rounds)
    print(f"  Knox: largest difference of a cell {np.abs(counted).max()}; of the one cell"
          f" {abs(one_cell().table['observed'].sum() - peer().nst):g}", flush=True)  # fmt: skip


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--points", type=int, default=100_000)
    asked.add_argument("--rounds", type=int, default=3)
    options = asked.parse_args()
    warnings.simplefilter("ignore")
    warm = estate(1000)
    st_dbscan(warm[0], pd.Series(BEGIN + pd.to_timedelta(warm[1], unit="D")), metres=50, hours=24)
    print("ours, theirs, ratio")
    clusters(options.points, options.rounds)
    near_repeats(options.rounds)


if __name__ == "__main__":
    main()
