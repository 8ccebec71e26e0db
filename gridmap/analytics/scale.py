"""At what distance grids are alike: the band for hot spots, and why it was chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.spatial import cKDTree

from gridmap.analytics.autocorrelation import moran
from gridmap.analytics.weights import distance_band, middles
from gridmap.errors import InputError

STEPS: Final = 12
SURE: Final = 1.645  # a score of Moran's I that is above chance, one-sided, at 95 %
ENOUGH: Final = 8  # neighbours that a grid has on average where no distance stands out

# Why a distance was chosen: the first peak of the score, the highest score there is, or neither is above chance.
Why = Literal["peak", "highest", "neighbours"]


@dataclass(frozen=True, eq=False)
class Scale:
    """A distance band, why it was chosen, and everything that was tried.

    `steps` has a row for each distance: metres, statistic, z (Moran's I), neighbours (mean), islands.
    """

    metres: float
    why: Why
    steps: pd.DataFrame


def best_distance(values: ArrayLike, grids: gpd.GeoDataFrame, steps: int = STEPS) -> Scale:
    """The distance at which like lies beside like most clearly (incremental Moran's I).

    The first band is the shortest in which 99 of 100 grids have a neighbour; each next one is wider by the mean
    distance to the nearest grid. Chosen is the first peak of the score of Moran's I that is above chance (1.645);
    without a peak the highest such score; without one above chance the first distance at which a grid has eight
    neighbours on average, or the last.

    Parameters
    ----------
    values : array_like, shape (n,)
        One for each grid, in their order.
    grids : geopandas.GeoDataFrame, n rows
        One tier, in degrees or in a system of metres.
    steps : int
        How many distances are tried, at least 3.

    Returns
    -------
    Scale
        With the choice and its reason.

    Raises
    ------
    InputError
        If there are fewer than three steps, or the values are not fit (see `autocorrelation.checked`).

    References
    ----------
    Getis, A. and Ord, J. K. (1992), Geogr. Anal. 24, 189-206, for distances tried one after another.

    Examples
    --------
    >>> import shapely
    >>> board = [shapely.box(x, y, x + 100, y + 100) for y in range(0, 1200, 100) for x in range(0, 1200, 100)]
    >>> grids = gpd.GeoDataFrame(geometry=board)
    >>> values = np.ones((12, 12)); values[3:6, 3:6] = 9
    >>> found = best_distance(values.ravel(), grids)
    >>> found.metres, found.why, len(found.steps)
    (200.0, 'peak', 12)
    """
    if steps < 3:
        raise InputError(f"{steps} distances show no peak: try at least 3")
    found = _tried(values, grids, steps)
    scores = found["z"].fillna(-np.inf).to_numpy()
    inner = np.flatnonzero((scores[1:-1] > scores[:-2]) & (scores[1:-1] >= scores[2:]) & (scores[1:-1] > SURE)) + 1
    why: Why = "peak"
    if len(inner):
        row = int(inner[0])
    elif scores.max() > SURE:
        row, why = int(scores.argmax()), "highest"
    else:
        enough = np.flatnonzero(found["neighbours"].to_numpy() >= ENOUGH)
        row, why = int(enough[0]) if len(enough) else len(found) - 1, "neighbours"
    return Scale(float(found["metres"].iloc[row]), why, found)


def _tried(values: ArrayLike, grids: gpd.GeoDataFrame, steps: int) -> pd.DataFrame:
    """Moran's I at each distance."""
    places = middles(grids)
    if len(places) < 2:
        raise InputError("one grid has no distance to others: choose a lower tier")
    gaps = np.asarray(cKDTree(places).query(places, k=2)[0])[:, 1]
    first, wider = float(np.quantile(gaps, 0.99, method="higher")), float(gaps.mean())
    rows = []
    for metres in first + wider * np.arange(steps):
        weights = distance_band(grids, float(metres))
        said = moran(values, weights)
        rows.append((float(metres), said.statistic, said.z, float(weights.counts.mean()), len(weights.islands)))
    return pd.DataFrame(rows, columns=["metres", "statistic", "z", "neighbours", "islands"])
