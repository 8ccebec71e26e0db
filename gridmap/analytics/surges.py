"""Where more has come lately than the place and the days explain: an exact test of every grid and span of days."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import hypergeom

from gridmap.analytics.rates import counts
from gridmap.analytics.significance import adjusted
from gridmap.errors import InputError

SPANS: Final = (7, 14, 30)  # days
LEVEL: Final = 0.05
LEAST: Final = 5


def surges(
    grids: pd.Series[Any],
    moments: pd.Series[Any],
    codes: ArrayLike,
    until: pd.Timestamp,
    *,
    spans: Sequence[int] = SPANS,
    level: float = LEVEL,
    least: int = LEAST,
) -> pd.DataFrame:
    r"""Grids in which far more was reported in the last days than their share of all days.

    Of N reports, :math:`N_g` lie in a grid and :math:`N_t` in the last days. If place and time had nothing to do with
    one another, the number of those that are both would be hypergeometric about :math:`N_g N_t / N`; p is how often it
    would be as large or larger. So a grid that always has much, and a day on which everybody reports, are no surge. All
    grids and spans are corrected together (Benjamini-Hochberg), and the surest span of a grid is given.

    Parameters
    ----------
    grids : pandas.Series, m rows
        The code of the grid in which each report lies; None outside of all.
    moments : pandas.Series of aware datetimes, m rows
        When each was reported, before `until`.
    codes : array_like, shape (n,)
        The grids of one tier.
    until : pandas.Timestamp
        The end of the spans; aware.
    spans : sequence of int
        Days, counted back from `until`.
    level : float
        How many of the surges may be chance, on average.
    least : int
        How many there have to be in the span.

    Returns
    -------
    pandas.DataFrame, n rows by code
        `days`, `recent` (how many in them), `count` (of all days), `expected`, `ratio`, `p`, `surge`.

    Raises
    ------
    InputError
        If there is no span, or a code comes twice.

    References
    ----------
    Kulldorff, M. et al. (2005). A space-time permutation scan statistic for disease outbreak detection. PLoS Med. 2,
    e59, for the expectation.

    Examples
    --------
    >>> until = pd.Timestamp("2026-05-31", tz="UTC")
    >>> often = pd.date_range(end=until, periods=91, freq="D", inclusive="left")
    >>> lately = pd.date_range(end=until, periods=21, freq="4h", inclusive="left")
    >>> where = pd.Series(["A"] * 90 + ["B"] * 90 + ["B"] * 20)
    >>> when = pd.Series([*often, *often, *lately])
    >>> found = surges(where, when, ["A", "B"], until)
    >>> found[["days", "recent", "surge"]].values.tolist()
    [[30, 30, False], [7, 27, True]]
    """
    if not spans:
        raise InputError("surges are looked for in spans of days: give at least one")
    within = grids[(moments < until).to_numpy()]
    total = counts(within, codes)
    whole, parts = int(total.sum()), []
    for days in spans:
        late = ((moments >= until - pd.Timedelta(days=days)) & (moments < until)).to_numpy()
        recent = counts(grids[late], codes)
        lately = int(recent.sum())
        p = hypergeom.sf(recent.to_numpy() - 1, max(whole, 1), total.to_numpy(), lately)
        expected = total.to_numpy() * lately / max(whole, 1)
        parts.append(pd.DataFrame({"days": days, "recent": recent, "count": total, "expected": expected, "p": p}))
    found = pd.concat(parts)
    sure = adjusted(found["p"]) <= level
    found = found.assign(ratio=found["recent"] / found["expected"].where(found["expected"] > 0),
                         surge=sure & (found["recent"] >= least).to_numpy())  # fmt: skip
    best = found.assign(order=np.arange(len(found))).sort_values(["p", "order"], kind="stable")
    best = best[~best.index.duplicated()].reindex(total.index)
    return best[["days", "recent", "count", "expected", "ratio", "p", "surge"]]
