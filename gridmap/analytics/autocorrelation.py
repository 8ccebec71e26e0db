"""Whether like lies beside like: Moran's I of all grids, and which grids it is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from gridmap.analytics.permutations import extremes, p_by_draws
from gridmap.analytics.significance import Alternative, check_alternative, found_at, p_of
from gridmap.analytics.weights import Weights
from gridmap.errors import InputError

Floats = NDArray[np.float64]
FEWEST: Final = 4
# A grid and its neighbours, high or low: what `COType` says of those that are no chance.
SORTS: Final = pd.CategoricalDtype(["", "HH", "HL", "LH", "LL"])


@dataclass(frozen=True)
class Overall:
    """What a statistic of all grids together says: itself, what chance would give, and how likely that is."""

    statistic: float
    expected: float
    variance: float
    z: float
    p: float


def moran(
    values: ArrayLike,
    weights: Weights,
    *,
    alternative: Alternative = "two-sided",
    permutations: int = 0,
    random: np.random.Generator | None = None,
) -> Overall:
    r"""Moran's I: above 0 where like lies beside like.

    With :math:`z = x - \bar x` and :math:`S_0 = \sum_{ij} w_{ij}`,

    .. math:: I = \frac{n}{S_0} \frac{\sum_{ij} w_{ij} z_i z_j}{\sum_i z_i^2}, \qquad E[I] = -\frac{1}{n-1}

    and the variance under randomisation, of Cliff and Ord.

    Parameters
    ----------
    values : array_like, shape (n,)
        One for each grid of the weights, in their order; any unit.
    weights : Weights
        Of n grids; row-standardised or binary.
    alternative : {"two-sided", "greater", "less"}
        What counts as extreme; two-sided unless asked.
    permutations : int
        Draws for p; without any, p is the normal's.
    random : numpy.random.Generator, optional
        What is drawn from; needed for permutations.

    Returns
    -------
    Overall
        NaN throughout where all values are equal or nobody has a neighbour.

    Raises
    ------
    InputError
        If values are missing, infinite, fewer than four, or not as many as the grids.

    References
    ----------
    Cliff, A. D. and Ord, J. K. (1981). Spatial Processes. Pion, 21 and 46.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from gridmap.analytics.weights import contiguity
    >>> line = gpd.GeoDataFrame(geometry=[shapely.box(x, 0, x + 1, 1) for x in range(6)])
    >>> found = moran([1, 2, 3, 4, 5, 6], contiguity(line))
    >>> round(found.statistic, 3), found.expected, round(found.z, 3)
    (0.6, -0.2, 2.058)
    """
    check_alternative(alternative)
    x = checked(values, weights)
    z, n = x - x.mean(), len(x)
    total, ups, sums = weights.moments
    square = float(z @ z)
    if square == 0 or total == 0:
        return Overall(*[np.nan] * 5)
    statistic = n / total * float(z @ (weights.matrix @ z)) / square
    expected, kurtosis = -1 / (n - 1), n * float((z**4).sum()) / square**2
    wide = n * ((n * n - 3 * n + 3) * ups - n * sums + 3 * total**2)
    narrow = kurtosis * ((n * n - n) * ups - 2 * n * sums + 6 * total**2)
    variance = (wide - narrow) / ((n - 1) * (n - 2) * (n - 3) * total**2) - expected**2
    score = (statistic - expected) / np.sqrt(variance) if variance > 0 else np.nan
    p = float(p_of(score, alternative))
    if permutations:
        p = _by_shuffling(z, weights.matrix, n / total / square, statistic, permutations, needed(random), alternative)
    return Overall(statistic, expected, variance, float(score), p)


def _by_shuffling(
    z: Floats, matrix: sparse.csr_array, scale: float, seen: float, times: int, random: np.random.Generator,
    alternative: Alternative,
) -> float:  # fmt: skip
    more = less = 0
    for start in range(0, times, 64):
        shuffled = random.permuted(np.tile(z[:, None], (1, min(64, times - start))), axis=0)
        found = scale * (shuffled * (matrix @ shuffled)).sum(axis=0)
        more, less = more + int((found >= seen - 1e-12).sum()), less + int((found <= seen + 1e-12).sum())
    return float(p_by_draws(np.array([more]), np.array([less]), times, alternative)[0])


def local_moran(
    values: ArrayLike,
    weights: Weights,
    *,
    level: float = 0.05,
    permutations: int = 0,
    random: np.random.Generator | None = None,
) -> pd.DataFrame:
    r"""Local Moran: which grids lie among their like, and which stand out from their neighbours.

    With :math:`z = x - \bar x` and :math:`m_2 = \sum z^2 / n`, :math:`I_i = z_i \sum_j w_{ij} z_j / m_2`. Its score is
    by the moments of conditional randomisation (Sokal 1998): the value of the grid itself is held. So it is the score
    of Getis and Ord's Gi of the grid, with the sign of :math:`z_i`.

    Parameters
    ----------
    values : array_like, shape (n,)
        One for each grid of the weights, in their order; any unit.
    weights : Weights
        Of n grids; row-standardised, unless you have a reason.
    level : float
        How many of the clusters may be chance, on average (Benjamini-Hochberg).
    permutations : int
        Draws for p; without any, p is the normal's.
    random : numpy.random.Generator, optional
        What is drawn from; needed for permutations.

    Returns
    -------
    pandas.DataFrame, n rows on `weights.ids`
        `LMiIndex`, `LMiZScore`, `LMiPValue` (two-sided, not corrected), `COType` (HH, LL, HL, LH, or "" for what may be
        chance after correction), `NNeighbors`. Islands have NaN.

    Raises
    ------
    InputError
        If values are missing, infinite, fewer than four, or not as many as the grids.

    Notes
    -----
    esda multiplies with :math:`(n-1)/n` and gives one-sided p; spdep's `localmoran` is the same as here.

    References
    ----------
    Anselin, L. (1995). Local indicators of spatial association. Geogr. Anal. 27, 93-115. Sokal, R. R., Oden, N. L. and
    Thomson, B. A. (1998). Local spatial autocorrelation in a biological model. Geogr. Anal. 30, 331-354.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from gridmap.analytics.weights import contiguity
    >>> line = gpd.GeoDataFrame(geometry=[shapely.box(x, 0, x + 1, 1) for x in range(12)])
    >>> found = local_moran([9, 9, 9, 8] + [1] * 8, contiguity(line).row_standardised(), level=0.2)
    >>> found["COType"].tolist()
    ['', 'HH', 'HH', '', '', '', '', '', '', '', '', '']
    """
    x = checked(values, weights)
    z, n = x - x.mean(), len(x)
    spread = float(z @ z) / n
    counts, lag = weights.counts, weights.matrix @ z
    sums, squares = weights.sums, weights.squares
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(counts > 0, z * lag / spread, np.nan)
        own = z**2 / spread
        expected = own * sums / (1 - n)
        variance = own * (1 - own / (n - 1)) * (squares - sums**2 / (n - 1)) * (n / (n - 2))
        score = (statistic - expected) / np.sqrt(variance)
    p = p_of(score)
    if permutations:
        p = p_by_draws(*extremes(x, weights.matrix, permutations, needed(random)), permutations, "two-sided")
    p = np.where((counts > 0) & (spread > 0), p, np.nan)
    columns = {
        "LMiIndex": statistic, "LMiZScore": score, "LMiPValue": p,
        "COType": _sorts(z, lag, found_at(p, level)), "NNeighbors": counts,
    }  # fmt: skip
    return pd.DataFrame(columns, index=weights.ids)


def _sorts(z: Floats, lag: Floats, sure: NDArray[np.bool_]) -> pd.Categorical:
    """High or low among high or low; "" for what may be chance."""
    sides = (1 + 2 * (z < 0) + (lag < 0)) * ((z != 0) & (lag != 0) & sure)
    return pd.Categorical.from_codes(sides.astype(np.int8), dtype=SORTS)


def checked(values: ArrayLike, weights: Weights) -> Floats:
    """The values as numbers, if they are fit for the weights.

    Parameters
    ----------
    values : array_like, shape (n,)
        A pandas Series must be on the weights' index.
    weights : Weights
        Of n grids.

    Returns
    -------
    ndarray of float64, shape (n,)
        The same values.

    Raises
    ------
    InputError
        If they are missing, infinite, fewer than four, of other grids, or not as many as the grids.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from gridmap.analytics.weights import contiguity
    >>> line = gpd.GeoDataFrame({"code": list("ABCD")}, geometry=[shapely.box(x, 0, x + 1, 1) for x in range(4)])
    >>> checked([1, 2, 3, 4], contiguity(line)).tolist()
    [1.0, 2.0, 3.0, 4.0]
    """
    if isinstance(values, pd.Series) and not values.index.equals(weights.ids):
        raise InputError("the values are of other grids than the weights, or in another order: reindex them")
    x = np.asarray(values, dtype=np.float64)
    if x.shape != (len(weights),):
        raise InputError(f"{x.size} values for {len(weights)} grids: give one for each")
    if len(x) < FEWEST:
        raise InputError(f"{len(x)} grids are too few to tell a pattern from chance: at least {FEWEST}")
    if not np.isfinite(x).all():
        raise InputError(
            f"grid {weights.ids[int((~np.isfinite(x)).argmax())]} has no number: count it as 0 or leave it out"
        )
    return x


def needed(random: np.random.Generator | None) -> np.random.Generator:
    """The generator, if there is one: nothing here draws from one of its own."""
    if random is None:
        raise InputError("permutations draw from a generator: hand one in, as numpy.random.default_rng(7)")
    return random
