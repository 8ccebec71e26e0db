"""Whether something grows: periods cut out of time, Mann and Kendall's test with ties, and Sen's slope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from gridmap.analytics.significance import Alternative, p_of
from gridmap.errors import InputError

Floats = NDArray[np.float64]
# Pairs of moments that are compared at a time.
BLOCK: Final = 1 << 22


@dataclass(frozen=True)
class Trend:
    """Mann and Kendall's test of one series: s, its variance, z, p, tau; Sen's slope (per step) and intercept."""

    s: float
    variance: float
    z: float
    p: float
    tau: float
    slope: float
    intercept: float


def cube(
    grids: pd.Series[Any],
    moments: pd.Series[Any],
    codes: ArrayLike,
    start: pd.Timestamp,
    period: pd.Timedelta,
    count: int,
) -> pd.DataFrame:
    """How many were found in each grid in each period, zeros included.

    Parameters
    ----------
    grids : pandas.Series, m rows
        The code of the grid in which each lies; None outside of all.
    moments : pandas.Series of aware datetimes, m rows
        When each was reported.
    codes : array_like, shape (n,)
        The grids of one tier.
    start : pandas.Timestamp
        When the first period begins; aware.
    period : pandas.Timedelta
        How long each is.
    count : int
        How many periods, each up to the moment at which the next begins.

    Returns
    -------
    pandas.DataFrame of int64, n rows, `count` columns
        By code and the moment at which each period begins; what lies in no grid or period is not counted.

    Raises
    ------
    InputError
        If there is no period, it has no length, or a code comes twice.

    Examples
    --------
    >>> when = pd.Series(pd.to_datetime(["2026-05-01T08:00Z", "2026-05-09T08:00Z", "2026-05-09T09:00Z"]))
    >>> start = pd.Timestamp("2026-05-01", tz="UTC")
    >>> cube(pd.Series(["A", "A", "B"]), when, ["A", "B"], start, pd.Timedelta(days=7), 2).values.tolist()
    [[1, 1], [0, 1]]
    """
    if count < 1 or period <= pd.Timedelta(0):
        raise InputError("a cube has at least one period of some length: choose another start or period")
    names = pd.Index(np.asarray(codes, dtype=object), name="code")
    if not names.is_unique:
        raise InputError(f"grid {names[names.duplicated()][0]} comes twice: count in one tier at a time")
    rows = names.get_indexer(pd.Index(np.asarray(grids, dtype=object)))
    steps = np.floor(((moments - start) / period).to_numpy(dtype=np.float64)).astype(np.int64)
    within = (rows >= 0) & (steps >= 0) & (steps < count)
    flat = np.bincount(rows[within] * count + steps[within], minlength=len(names) * count)
    begins = pd.DatetimeIndex([start + period * step for step in range(count)], name="period")
    return pd.DataFrame(flat.reshape(len(names), count), index=names, columns=begins)


def mann_kendall(values: ArrayLike, *, alternative: Alternative = "two-sided") -> Trend:
    r"""Mann and Kendall's test for a trend in one series, ties considered, with Sen's slope.

    .. math:: S = \sum_{i<j} \operatorname{sign}(x_j - x_i), \quad
        \operatorname{Var} S = \frac{n(n-1)(2n+5) - \sum_t t(t-1)(2t+5)}{18}, \quad
        z = \frac{S - \operatorname{sign} S}{\sqrt{\operatorname{Var} S}}

    over groups of t equal values. The slope is the median of :math:`(x_j - x_i)/(j - i)`, the intercept the median of x
    less slope times the middle of the series.

    Parameters
    ----------
    values : array_like, shape (n,)
        In order of time, evenly spaced; NaN is missing, and left out of the test as if it had never been.
    alternative : {"two-sided", "greater", "less"}
        "greater" asks for a rise.

    Returns
    -------
    Trend
        z is 0 and p 1 where all values are equal.

    Raises
    ------
    InputError
        If fewer than three values are known.

    Notes
    -----
    It takes the values of a series to be independent of one another; those that are not have trends too easily.

    References
    ----------
    Mann, H. B. (1945), Econometrica 13, 245-259. Kendall, M. G. (1975), Rank Correlation Methods. Sen, P. K. (1968),
    JASA 63, 1379-1389.

    Examples
    --------
    >>> found = mann_kendall([1, 2, 2, 4, 5, 7])
    >>> found.s, round(found.variance, 2), round(found.p, 4), round(found.slope, 2)
    (14.0, 27.33, 0.0129, 1.0)
    """
    given = np.asarray(values, dtype=np.float64)
    known = ~np.isnan(given)
    x = given[known]
    if x.ndim != 1 or len(x) < 3:
        raise InputError(f"{len(x)} values make no trend: at least 3 of one series")
    found = trends(x[None, :], alternative=alternative).iloc[0]
    slope = float(_slopes(given[None, :])[0])
    n = len(x)
    middle = float(np.nanmedian(given)) - float(np.median(np.arange(len(given))[known])) * slope
    s, variance, z, p = (float(found[name]) for name in ("s", "variance", "z", "p"))
    return Trend(s, variance, z, p, s / (n * (n - 1) / 2), slope, middle)


def trends(values: ArrayLike, *, alternative: Alternative = "two-sided") -> pd.DataFrame:
    """Mann and Kendall's test of many series at once, as `mann_kendall` has it of one.

    Parameters
    ----------
    values : array_like, shape (n, t)
        A series a row, in order of time, none missing.
    alternative : {"two-sided", "greater", "less"}
        "greater" asks for a rise.

    Returns
    -------
    pandas.DataFrame, n rows
        `s`, `variance`, `z`, `p`, `slope` (Sen's, per step); on the index of the values if they are a frame.

    Raises
    ------
    InputError
        If a series has fewer than three steps, or a value is missing.

    Examples
    --------
    >>> trends([[1, 2, 3, 4], [4, 4, 4, 4]])[["s", "z", "slope"]].round(3).values.tolist()
    [[6.0, 1.698, 1.0], [0.0, 0.0, 0.0]]
    """
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 2 or x.shape[1] < 3:
        raise InputError("a trend is of a table with a series a row and at least 3 steps in each")
    if not np.isfinite(x).all():
        raise InputError(f"row {int((~np.isfinite(x)).any(axis=1).argmax())} has no number at a step: count it as 0")
    n = x.shape[1]
    s = np.zeros(len(x))
    for ahead in range(1, n):
        s += np.sign(x[:, ahead:] - x[:, :-ahead]).sum(axis=1)
    variance = (n * (n - 1) * (2 * n + 5) - _ties(x)) / 18
    z = np.divide(s - np.sign(s), np.sqrt(variance), out=np.zeros_like(s), where=variance > 0)
    columns = {"s": s, "variance": variance, "z": z, "p": p_of(z, alternative), "slope": _slopes(x)}
    return pd.DataFrame(columns, index=values.index if isinstance(values, pd.DataFrame) else None)


def _ties(x: Floats) -> Floats:
    """The sum of t (t - 1) (2 t + 5) over each row's groups of t equal values."""
    ranked = np.sort(x, axis=1)
    fresh = np.ones(ranked.shape, dtype=bool)
    fresh[:, 1:] = ranked[:, 1:] != ranked[:, :-1]
    group = np.cumsum(fresh.ravel()) - 1
    sizes = np.bincount(group).astype(np.float64)
    of_row = np.repeat(np.arange(len(x)), x.shape[1])[fresh.ravel()]
    return np.asarray(np.bincount(of_row, weights=sizes * (sizes - 1) * (2 * sizes + 5), minlength=len(x)))


def _slopes(x: Floats) -> Floats:
    """Each row's median of the slopes between any two of its steps; NaN is left out."""
    one, other = np.triu_indices(x.shape[1], k=1)
    rows = max(BLOCK // len(one), 1)
    parts = [
        np.nanmedian((x[start : start + rows, other] - x[start : start + rows, one]) / (other - one), axis=1)
        for start in range(0, len(x), rows)
    ]
    return np.concatenate(parts) if parts else np.zeros(0)
