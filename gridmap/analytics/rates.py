"""Counts and rates of grids, zeros included, and what small numbers do to them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from gridmap.analytics.indicators.intervals import garwood
from gridmap.errors import InputError

Floats = NDArray[np.float64]
# A rate from fewer expected than this says little: at five, chance alone moves it by nearly half.
FEW: Final = 5.0


def counts(found: pd.Series[Any], codes: ArrayLike) -> pd.Series[Any]:
    """How many were found in each grid, those with none included.

    Parameters
    ----------
    found : pandas.Series, m rows
        The code of the grid in which each lies, of the tier that is counted; None outside of all.
    codes : array_like, shape (n,)
        The grids of that tier.

    Returns
    -------
    pandas.Series of int64, n rows
        By code, in the order of the codes; what lies in none of them is not counted.

    Raises
    ------
    InputError
        If a code comes twice.

    Examples
    --------
    >>> counts(pd.Series(["A", "A", None, "Z"]), ["A", "B"]).to_dict()
    {'A': 2, 'B': 0}
    """
    grids = pd.Index(np.asarray(codes, dtype=object), name="code")
    if not grids.is_unique:
        raise InputError(f"grid {grids[grids.duplicated()][0]} comes twice: count in one tier at a time")
    rows = grids.get_indexer(pd.Index(np.asarray(found, dtype=object)))
    return pd.Series(np.bincount(rows[rows >= 0], minlength=len(grids)), index=grids, name="count", dtype=np.int64)


def rates(
    counted: pd.Series[Any], denominator: ArrayLike, *, few: float = FEW, confidence: float = 0.95
) -> pd.DataFrame:
    r"""Rates with their intervals, shrunk and standardised ones, and a warning where numbers are small.

    With counts :math:`x_i`, denominators :math:`P_i`, :math:`m = \sum x / \sum P`, and the variance between grids
    :math:`s^2 = \sum P_i (x_i/P_i - m)^2 / \sum P - m / \bar P`, at least 0 (Marshall 1991):

    * shrunk (empirical Bayes): :math:`m + \frac{s^2}{s^2 + m/P_i} (x_i/P_i - m)`, near the rate where much is known and
      near the mean where little is;
    * score: :math:`(x_i/P_i - m) / \sqrt{s^2 + m/P_i}` (Assunção and Reis 1999), whose variance is the same everywhere.
      It is what hot spots are looked for in: raw rates of small grids would be hot and cold by chance.

    Parameters
    ----------
    counted : pandas.Series, n rows
        Whole numbers, 0 or more.
    denominator : array_like, shape (n,)
        What they are counted per (households, square metres, facilities); 0 or NaN where there is none.
    few : float
        How many have to be expected (:math:`m P_i`) for a rate to say something.
    confidence : float
        Of the interval, two-sided (Garwood).

    Returns
    -------
    pandas.DataFrame, n rows on the counts' index
        `count`, `denominator`, `rate`, `low`, `high`, `shrunk` (per unit of the denominator), `score`, `expected`, and
        `few`: True where less than `few` are expected. NaN where there is no denominator.

    Raises
    ------
    InputError
        If a count or denominator is below 0, or there is no denominator at all.

    References
    ----------
    Marshall, R. J. (1991). Mapping disease and mortality rates using empirical Bayes estimators. Appl. Stat. 40,
    283-294. Assunção, R. M. and Reis, E. A. (1999). A new proposal to adjust Moran's I for population density. Stat.
    Med. 18, 2147-2162.

    Examples
    --------
    >>> found = rates(pd.Series([30, 2, 0], index=["A", "B", "C"]), [300, 5, 0])
    >>> found[["rate", "shrunk", "few"]].round(3).values.tolist()
    [[0.1, 0.102, False], [0.4, 0.115, True], [nan, nan, True]]
    """
    x = np.asarray(counted, dtype=np.float64)
    given = np.asarray(denominator, dtype=np.float64)
    if given.shape != x.shape:
        raise InputError(f"{given.size} denominators for {x.size} counts: give one for each")
    if (x < 0).any() or (given < 0).any():
        raise InputError("counts and denominators are 0 or more: one is less")
    units = np.where(given > 0, given, np.nan)
    known = ~np.isnan(units)
    if not known.any():
        raise InputError("no grid has anything to count per: take bare counts")
    total = units[known].sum()
    mean = x[known].sum() / total
    rate = x / units
    between = max(float((units * (rate - mean) ** 2)[known].sum() / total - mean * known.sum() / total), 0.0)
    chance = mean / units
    with np.errstate(divide="ignore", invalid="ignore"):
        trust = np.where(between > 0, between / (between + chance), 0.0)
        score = np.where(mean > 0, (rate - mean) / np.sqrt(between + chance), 0.0)
    low, high = garwood(x, units, confidence)
    expected = mean * units
    columns = {
        "count": x.astype(np.int64), "denominator": given, "rate": rate, "low": low, "high": high,
        "shrunk": np.where(known, mean + trust * (rate - mean), np.nan), "score": np.where(known, score, np.nan),
        "expected": expected, "few": ~(expected >= few),
    }  # fmt: skip
    return pd.DataFrame(columns, index=counted.index)
