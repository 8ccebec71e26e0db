"""What a scan found, told as tables: clusters with all that is known of them, and what each grid is part of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import xlogy

from gridmap.analytics.replicas import Trial, Window, likeliest, maxima, p_of

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
LEVEL: Final = 0.05
DAY: Final = pd.Timedelta(days=1)
OF_SPACE: Final = {
    "rank": "int64", "centre": "object", "radius_m": "float64", "grids": "int64", "codes": "object",
    "observed": "int64", "expected": "float64", "ratio": "float64", "relative_risk": "float64", "llr": "float64",
    "p": "float64", "p_gumbel": "float64",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Scan:
    """What a scan found.

    Parameters
    ----------
    clusters : pandas.DataFrame
        One row each, the most likely first, no grid in two: `rank`, `centre`, `radius_m`, `grids` (how many) and
        `codes` (the nearest first), `observed`, `expected`, `ratio` of the two, `relative_risk` (inside against
        outside), `llr`, `p` (counted among the replicas) and `p_gumbel` (by Gumbel's distribution of their maxima, for
        what is rarer than they can tell). Of cylinders also `since`, `until` and `periods`; of prospective ones
        `recurrence_days`, the days in which chance makes one such on average if it is looked for every period.
    cells : pandas.DataFrame, n rows by code
        For a map: `rank` of the cluster, 0 for none; `observed`, `expected` and `ratio` of the grid itself, in the
        periods of its cluster, or in all; `relative_risk`, `llr` and `p` of the cluster, NaN without.
    maxima : ndarray of float64, shape (replicas,)
        The largest log likelihood ratio of each replica, in order: its quantiles are critical values.
    settings : mapping
        What was chosen, and how much was looked at.
    """

    clusters: pd.DataFrame
    cells: pd.DataFrame
    maxima: Floats
    settings: Mapping[str, Any]

    def sure(self, level: float = LEVEL) -> pd.DataFrame:
        """The clusters that chance makes no more often than so."""
        return self.clusters[self.clusters["p"] <= level]


@dataclass(frozen=True, eq=False)
class Cluster:
    """A window among those of a trial, the grids it takes, and the replicas it is held against."""

    trial: Trial
    window: Window
    grids: NDArray[np.int32]
    maxima: Floats

    @property
    def p(self) -> float:
        """How often chance makes as much."""
        return p_of(self.window.llr, self.maxima)[0]


def apart(
    trial: Trial, sides: Sequence[int], least: int, count: int, replicas: int
) -> tuple[list[Cluster], Floats]:  # fmt: skip
    """Cluster after cluster, none with a grid of those before, all held against the same replicas."""
    found, largest = list[Cluster](), maxima(trial, sides, least, replicas)
    barred = np.zeros(len(trial.counts), dtype=np.bool_)
    while len(found) < count:
        window = likeliest(trial, sides, least, barred)
        if window is None:
            break
        found.append(Cluster(trial, window, trial.grids(window), largest))
        barred[found[-1].grids] = True
    return found, largest


def clusters_table(found: Sequence[Cluster], labels: pd.Index[Any] | None, *, prospective: bool) -> pd.DataFrame:
    """A row for each cluster; `labels` are the periods, of cylinders."""
    rows = [_of_space(rank, cluster) for rank, cluster in enumerate(found, start=1)]
    table = pd.DataFrame(rows, columns=list(OF_SPACE)).astype(OF_SPACE)
    if labels is None:
        return table
    ends, days = _ends(labels)
    steps = [_steps(cluster) for cluster in found]
    table["since"] = labels[[start for start, _ in steps]]
    table["until"] = ends[[stop - 1 for _, stop in steps]]
    table["periods"] = np.array([stop - start for start, stop in steps], np.int64)
    if prospective:
        table["recurrence_days"] = days / table["p"]
    return table


def _of_space(rank: int, cluster: Cluster) -> tuple[Any, ...]:
    trial, window = cluster.trial, cluster.window
    observed, expected = (float(part.sum()) for part in trial.within(window))
    total, circles = trial.total, trial.circles
    outside = (total - observed) / (total - expected)
    llr = xlogy(observed, observed / expected) + xlogy(total - observed, outside)
    codes = tuple(circles.codes[cluster.grids].tolist())
    return (rank, circles.centres[window.centre], circles.radii[window.member], len(codes), codes, observed, expected,
            observed / expected, observed / expected / outside if outside > 0 else np.inf, llr,
            *p_of(window.llr, cluster.maxima))  # fmt: skip


def _steps(cluster: Cluster) -> tuple[int, int]:
    """The first period of a cluster, and the one after its last."""
    spans, window = cluster.trial.spans, cluster.window
    return int(spans.starts[window.span]) + spans.skipped, int(spans.stops[window.span]) + spans.skipped


def _ends(labels: pd.Index[Any]) -> tuple[pd.Index[Any], float]:
    """Where periods end: where the next begins, the last as long as the one before; and how many days the last has."""
    if not isinstance(labels, pd.DatetimeIndex):
        return labels, 1.0
    last = labels[-1] - labels[-2] if len(labels) > 1 else DAY
    return labels[1:].append(pd.DatetimeIndex([labels[-1] + last])), last / DAY


def cells_table(found: Sequence[Cluster], codes: pd.Index[Any], counted: Longs, expected: Floats) -> pd.DataFrame:
    """A row for each grid: the cluster it is in, and what was counted and expected in it."""
    table = pd.DataFrame({"rank": 0, "observed": counted.sum(axis=1), "expected": expected.sum(axis=1)}, index=codes)
    told = pd.DataFrame(np.nan, index=codes, columns=["relative_risk", "llr", "p"])
    for rank, cluster in enumerate(found, start=1):
        start, stop = _steps(cluster)
        rows = cluster.grids
        table.iloc[rows, 0] = rank
        table.iloc[rows, 1] = counted[rows, start:stop].sum(axis=1)
        table.iloc[rows, 2] = expected[rows, start:stop].sum(axis=1)
        told.iloc[rows] = _of_space(rank, cluster)[8:11]
    table["ratio"] = table["observed"] / table["expected"].where(table["expected"] > 0)
    return table.join(told)
