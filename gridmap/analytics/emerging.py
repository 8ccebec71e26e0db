"""Emerging hot spots: what the hot and cold periods of a grid make of it, by a table that is published whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from gridmap.analytics.hotspots import local_g
from gridmap.analytics.trends import trends
from gridmap.analytics.weights import Weights
from gridmap.errors import InputError

# Below this the categories run into one another: a single hot period would be a quarter of them all.
FEWEST: Final = 4
# A trend of the scores, two-sided.
TREND_LEVEL: Final = 0.10
MOST: Final = 0.9
NONE: Final = "none"

Way = Literal["up", "none", "down"]


@dataclass(frozen=True)
class Row:
    """What has to hold for a category; None where it does not matter.

    `last`: the last period is hot. `before`: an earlier one is. `most`: 90 % or more are. `run`: all hot periods are
    one run of two or more up to the last. `opposite`: one is cold. `trend`: where the scores go.
    """

    category: str
    last: bool
    before: bool | None = None
    most: bool | None = None
    run: bool | None = None
    opposite: bool | None = None
    trend: Way | None = None


# For hot spots; for cold spots read cold for hot. Exactly one row holds for any series.
TABLE: Final = (
    Row("new", last=True, before=False),
    Row("consecutive", last=True, before=True, most=False, run=True),
    Row("intensifying", last=True, before=True, most=True, trend="up"),
    Row("persistent", last=True, before=True, most=True, trend="none"),
    Row("diminishing", last=True, before=True, most=True, trend="down"),
    Row("sporadic", last=True, before=True, most=False, run=False, opposite=False),
    Row("oscillating", last=True, before=True, most=False, run=False, opposite=True),
    Row("historical", last=False, most=True),
    Row(NONE, last=False, most=False),
)
CATEGORIES: Final = tuple(f"{row.category} {side}" for side in ("hot", "cold") for row in TABLE[:-1])


def category(flags: ArrayLike, trend: Way = "none") -> str:
    """What a series of hot (1), cold (-1) and other (0) periods is.

    Parameters
    ----------
    flags : array_like of int, shape (t,)
        In order of time, at least four.
    trend : {"up", "none", "down"}
        Where the scores go. Up makes a hot spot stronger; for a cold spot, down does.

    Returns
    -------
    str
        One of `CATEGORIES` ("new hot" to "historical cold"), or "none".

    Raises
    ------
    InputError
        If there are fewer than four periods.

    References
    ----------
    The names are those of Esri's Emerging Hot Spot Analysis; the order in which they are tried is that of `TABLE`.

    Examples
    --------
    >>> category([0, 0, 0, 1]), category([1, 1, 1, 1, 1], "up"), category([0, -1, 0, -1])
    ('new hot', 'intensifying hot', 'sporadic cold')
    """
    given = np.asarray(flags, dtype=np.int64)
    if given.ndim != 1 or len(given) < FEWEST:
        raise InputError(f"{given.size} periods are too few for a category: cut at least {FEWEST}")
    for side, word in ((1, "hot"), (-1, "cold")):
        found = _row(given * side, trend if side == 1 else _turned(trend))
        if found.category != NONE:
            return f"{found.category} {word}"
    return NONE


def _turned(trend: Way) -> Way:
    return {"up": "down", "down": "up", "none": "none"}[trend]  # type: ignore[return-value]


def _row(flags: NDArray[np.int64], trend: Way) -> Row:
    """The row of the table that holds."""
    hot = flags == 1
    known = {
        "last": bool(hot[-1]), "before": bool(hot[:-1].any()), "most": bool(hot.sum() >= MOST * len(hot) - 1e-9),
        "run": _is_run(hot), "opposite": bool((flags == -1).any()), "trend": trend,
    }  # fmt: skip
    return next(row for row in TABLE if all(getattr(row, name) in (None, value) for name, value in known.items()))


def _is_run(hot: NDArray[np.bool_]) -> bool:
    """Whether all that is hot is the last so many, two at least."""
    count = int(hot.sum())
    return count >= 2 and bool(hot[-count:].all())


def emerging(
    cube: pd.DataFrame,
    weights: Weights,
    *,
    back: int = 1,
    permutations: int = 0,
    random: np.random.Generator | None = None,
) -> pd.DataFrame:
    """The category of each grid: Gi* of all grids and periods together, then the table.

    The neighbours of a grid in a period are the grid and its neighbours in that period and in `back` periods before it.
    Hot and cold are what remains of all grids and periods at 90 % after correction; the trend is Mann and Kendall's of
    the scores of a grid.

    Parameters
    ----------
    cube : pandas.DataFrame, n rows, t columns
        Counts, rates or scores by grid and period, in order of time: at least four, none missing.
    weights : Weights
        Of these n grids.
    back : int
        How many earlier periods are neighbours, 0 or more.
    permutations : int
        Draws for p; without any, p is the normal's.
    random : numpy.random.Generator, optional
        What is drawn from; needed for permutations.

    Returns
    -------
    pandas.DataFrame, n rows on `weights.ids`
        `category`; `hot` and `cold`, how many periods were; `trend_z`, `trend_p`; `GiZScore`, `GiPValue` and `Gi_Bin`
        of the last period; `NNeighbors` within a period.

    Raises
    ------
    InputError
        If there are fewer than four periods, or the cube is of other grids than the weights.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from gridmap.analytics.weights import contiguity
    >>> board = gpd.GeoDataFrame(geometry=[shapely.box(x, y, x + 1, y + 1) for y in range(6) for x in range(6)])
    >>> table = pd.DataFrame(np.random.default_rng(1).poisson(2.0, (36, 8)))
    >>> table.iloc[[0, 1, 6, 7], 5:] += 9
    >>> emerging(table, contiguity(board))["category"].loc[[0, 7, 35]].tolist()
    ['consecutive hot', 'consecutive hot', 'none']
    """
    if not cube.index.equals(weights.ids):
        raise InputError("the cube is of other grids than the weights, or in another order: reindex it")
    if cube.shape[1] < FEWEST:
        raise InputError(f"{cube.shape[1]} periods are too few for a category: cut at least {FEWEST}")
    if back < 0:
        raise InputError(f"{back} periods before: 0 or more")
    periods = cube.shape[1]
    found = local_g(cube.to_numpy(dtype=np.float64).ravel(), _through_time(weights, periods, back),
                    permutations=permutations, random=random)  # fmt: skip
    scores = found["GiZScore"].to_numpy().reshape(cube.shape)
    bins = found["Gi_Bin"].to_numpy().reshape(cube.shape)
    going = trends(np.nan_to_num(scores))
    sure = going["p"].to_numpy() <= TREND_LEVEL
    ways = np.where(sure, np.where(going["z"] > 0, "up", "down"), "none")
    columns: dict[str, Any] = {
        "category": [category(np.sign(row), way) for row, way in zip(bins, ways.tolist(), strict=True)],
        "hot": (bins > 0).sum(axis=1), "cold": (bins < 0).sum(axis=1),
        "trend_z": going["z"].to_numpy(), "trend_p": going["p"].to_numpy(), "GiZScore": scores[:, -1],
        "GiPValue": found["GiPValue"].to_numpy().reshape(cube.shape)[:, -1], "Gi_Bin": bins[:, -1],
        "NNeighbors": weights.counts,
    }  # fmt: skip
    return pd.DataFrame(columns, index=weights.ids)


def _through_time(weights: Weights, periods: int, back: int) -> Weights:
    """The neighbours of each grid in each period: row `i * periods + t`."""
    n = len(weights)
    near = sparse.csr_array(weights.matrix + sparse.eye_array(n))
    steps = np.arange(periods)
    lag = steps[:, None] - steps
    before = sparse.csr_array(((lag >= 0) & (lag <= back)).astype(np.float64))
    whole = sparse.csr_array(sparse.kron(near, before))
    apart = sparse.csr_array(whole - sparse.eye_array(n * periods))
    apart.eliminate_zeros()
    return Weights(apart, pd.RangeIndex(n * periods), weights.kind, weights.settings)
