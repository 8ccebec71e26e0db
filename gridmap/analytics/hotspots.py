"""Where the problems are: Getis and Ord's G of all grids, and Gi and Gi* of each, corrected for how many there are."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from gridmap.analytics.autocorrelation import Overall, checked, needed
from gridmap.analytics.permutations import extremes, p_by_draws
from gridmap.analytics.significance import Alternative, check_alternative, classes, p_of
from gridmap.analytics.weights import Weights
from gridmap.errors import InputError

Floats = NDArray[np.float64]


def local_g(
    values: ArrayLike,
    weights: Weights,
    *,
    star: bool = True,
    own: float = 1.0,
    alternative: Alternative = "two-sided",
    permutations: int = 0,
    random: np.random.Generator | None = None,
) -> pd.DataFrame:
    r"""Getis and Ord's Gi* (hot and cold spots), or Gi without the grid itself.

    With :math:`w_{ii}` = `own`, :math:`W_i = \sum_j w_{ij}`, :math:`S_{1i} = \sum_j w_{ij}^2` and
    :math:`s^2 = \sum_j x_j^2 / n - \bar x^2`,

    .. math:: G_i^* = \frac{\sum_j w_{ij} x_j - W_i \bar x}{s \sqrt{(n S_{1i} - W_i^2)/(n-1)}}

    For Gi, grid i is left out of sums, mean and variance, and n is one less. These are scores already.

    Parameters
    ----------
    values : array_like, shape (n,)
        One for each grid of the weights, in their order: counts, rates or scores.
    weights : Weights
        Of n grids; binary as the trade does. Weights that are equal within each row give the same scores for Gi.
    star : bool
        With the grid itself.
    own : float
        What a grid counts for itself in Gi*.
    alternative : {"two-sided", "greater", "less"}
        What counts as extreme; two-sided unless asked.
    permutations : int
        Draws for p: the grid keeps its value, its neighbours draw from all others. Without any, p is the normal's,
        which is too sure of itself where counts are small.
    random : numpy.random.Generator, optional
        What is drawn from; needed for permutations.

    Returns
    -------
    pandas.DataFrame, n rows on `weights.ids`
        `GiZScore`, `GiPValue` (not corrected), `NNeighbors` (without the grid itself), and `Gi_Bin`: -3 to 3 for cold
        and hot spots at 99, 95 and 90 % after correction (Benjamini-Hochberg), 0 for what may be chance. Islands have
        NaN and class 0: they are in no cluster. By permutation, a class also needs score and neighbours on one side.

    Raises
    ------
    InputError
        If values are missing, infinite, fewer than four, or not as many as the grids.

    Notes
    -----
    Binary weights give what esda's `G_Local(transform="B")` and spdep's `localG` give. Weights that are equal within a
    row say no more when they are standardised, so the scores of Gi are the same; esda's are not, as it takes the
    variance of binary weights for them. Its p are one-sided.

    References
    ----------
    Getis, A. and Ord, J. K. (1992), Geogr. Anal. 24, 189-206. Ord, J. K. and Getis, A. (1995), Geogr. Anal. 27,
    286-306.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from gridmap.analytics.weights import contiguity
    >>> board = gpd.GeoDataFrame(geometry=[shapely.box(x, y, x + 1, y + 1) for y in range(8) for x in range(8)])
    >>> counts = np.ones(64); counts[[0, 1, 8, 9]] = 9
    >>> found = local_g(counts, contiguity(board), permutations=9999, random=np.random.default_rng(7))
    >>> found.loc[[0, 9, 63], ["NNeighbors", "Gi_Bin"]].values.tolist()
    [[3, 2], [8, 1], [3, 0]]
    """
    check_alternative(alternative)
    x = checked(values, weights)
    counts = weights.counts
    score = np.where(counts > 0, _with_itself(x, weights, own) if star else _without_itself(x, weights), np.nan)
    p, side = p_of(score, alternative), score
    if permutations:
        more, less = extremes(x, weights.matrix, permutations, needed(random))
        p = np.where(np.isnan(score), np.nan, p_by_draws(more, less, permutations, alternative))
        side = np.where(np.sign(less - more) == np.sign(score), score, 0.0)
    columns = {"GiZScore": score, "GiPValue": p, "NNeighbors": counts, "Gi_Bin": classes(p, side)}
    return pd.DataFrame(columns, index=weights.ids)


def _with_itself(x: Floats, weights: Weights, own: float) -> Floats:
    n, mean = len(x), x.mean()
    spread = np.sqrt(max(float((x**2).sum()) / n - mean**2, 0.0)) if np.ptp(x) > 0 else 0.0
    sums, squares = weights.sums + own, weights.squares + own**2
    with np.errstate(divide="ignore", invalid="ignore"):
        score = (weights.matrix @ x + own * x - sums * mean) / (spread * np.sqrt((n * squares - sums**2) / (n - 1)))
    return np.where(np.isfinite(score), score, np.nan)


def _without_itself(x: Floats, weights: Weights) -> Floats:
    n, others = len(x), len(x) - 1
    mean = (x.sum() - x) / others
    variance = ((x**2).sum() - x**2) / others - mean**2
    sums, squares = weights.sums, weights.squares
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(np.maximum(variance, 0.0) * (others * squares - sums**2) / (n - 2))
        score = (weights.matrix @ x - sums * mean) / spread
    return np.where(np.isfinite(score), score, np.nan)


def global_g(values: ArrayLike, weights: Weights, *, alternative: Alternative = "two-sided") -> Overall:
    r"""Getis and Ord's G of all grids: whether high values lie together (above what is expected) or low ones (below).

    .. math:: G = \frac{\sum_{i \ne j} w_{ij} x_i x_j}{\sum_{i \ne j} x_i x_j}, \qquad E[G] = \frac{\sum w_{ij}}{n(n-1)}

    Parameters
    ----------
    values : array_like, shape (n,)
        One for each grid of the weights, in their order; none below 0.
    weights : Weights
        Of n grids; binary.
    alternative : {"two-sided", "greater", "less"}
        What counts as extreme; two-sided unless asked.

    Returns
    -------
    Overall
        NaN throughout where at most one value is above 0 or all are equal.

    Raises
    ------
    InputError
        If a value is below 0, missing or infinite, or they are fewer than four or not as many as the grids.

    References
    ----------
    Getis, A. and Ord, J. K. (1992). The analysis of spatial association by use of distance statistics. Geogr. Anal. 24,
    189-206.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from gridmap.analytics.weights import contiguity
    >>> line = gpd.GeoDataFrame(geometry=[shapely.box(x, 0, x + 1, 1) for x in range(6)])
    >>> found = global_g([9, 8, 1, 1, 1, 1], contiguity(line))
    >>> round(found.statistic, 3), round(found.expected, 3)
    (0.568, 0.333)
    """
    check_alternative(alternative)
    x = checked(values, weights)
    if (x < 0).any():
        raise InputError(f"grid {weights.ids[int((x < 0).argmax())]} has less than 0: G is of amounts, not of changes")
    pairs = float(x.sum() ** 2 - (x**2).sum())
    if pairs <= 0 or np.ptp(x) == 0:
        return Overall(*[np.nan] * 5)
    n, total = len(x), float(weights.matrix.sum())
    statistic, expected = float(x @ (weights.matrix @ x)) / pairs, total / (n * (n - 1))
    variance = _variance_of_g(x, weights, total) - expected**2
    score = (statistic - expected) / np.sqrt(variance) if variance > 0 else np.nan
    return Overall(statistic, expected, variance, float(score), float(p_of(score, alternative)))


def _variance_of_g(x: Floats, weights: Weights, total: float) -> float:
    """The mean of G squared under randomisation (Getis and Ord 1992, equation 7)."""
    n, (_, ups, sums) = len(x), weights.moments
    m1, m2, m3, m4 = (float((x**power).sum()) for power in (1, 2, 3, 4))
    b0 = (n * n - 3 * n + 3) * ups - n * sums + 3 * total**2
    b1 = -((n * n - n) * ups - 2 * n * sums + 6 * total**2)
    b2 = -(2 * n * ups - (n + 3) * sums + 6 * total**2)
    b3 = 4 * (n - 1) * ups - 2 * (n + 1) * sums + 8 * total**2
    b4 = ups - sums + total**2
    above = b0 * m2**2 + b1 * m4 + b2 * m1**2 * m2 + b3 * m1 * m3 + b4 * m1**4
    return above / ((m1**2 - m2) ** 2 * n * (n - 1) * (n - 2) * (n - 3))
