"""Indicators of groups: sums and their quotients with intervals, changes, and places only where they are sure."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridmap.analytics.indicators.definitions import Indicator
from gridmap.analytics.indicators.intervals import CONFIDENCE, difference, garwood, wilson

Floats = NDArray[np.float64]
# The group of what belongs to nobody and nowhere: sums over all groups are those of the whole.
NOBODY: Final = ""
# How much of its unit a rate is counted per.
HUNDRED: Final = 100.0


def figures(
    indicator: Indicator,
    parts: pd.DataFrame,
    subjects: pd.Series[Any],
    exposure: pd.Series[Any] | None = None,
    confidence: float = CONFIDENCE,
) -> pd.DataFrame:
    """What an indicator says of each subject.

    Parameters
    ----------
    indicator : Indicator
        Whose parts they are: shares get a Wilson interval, rates a Garwood interval.
    parts : pandas.DataFrame, n rows
        `numerator` and `denominator`, as its function gives them.
    subjects : pandas.Series, n rows, on the same index
        The group of each row; what has none is counted for `NOBODY`.
    exposure : pandas.Series, optional
        For a rate, what each subject is counted per, in units (households, owners); a rate without one is NaN.
    confidence : float
        Of the intervals, two-sided, between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        A row for each subject of which something is due, by its name, with the columns of frames.FIGURES.

    Examples
    --------
    >>> from gridmap.analytics.indicators.definitions import INDICATORS
    >>> parts = pd.DataFrame({"numerator": [1.0, 0.0, 1.0], "denominator": 1.0})
    >>> found = figures(INDICATORS["closing"], parts, pd.Series(["A", "A", "B"]))
    >>> found[["subject", "numerator", "denominator", "value"]].to_numpy().tolist()
    [['A', 1.0, 2.0, 0.5], ['B', 1.0, 1.0, 1.0]]
    """
    codes, names = pd.factorize(subjects.astype(object).fillna(NOBODY), sort=True)
    counted, of = (_summed(parts[name], codes, len(names)) for name in ("numerator", "denominator"))
    if indicator.sort == "rate":
        given = exposure if exposure is not None else pd.Series(dtype=float)
        # A subject that has households and no complaint has a rate of nothing, not no rate.
        names, counted = _with_all(names, counted, given)
        units = given.reindex(names).to_numpy(dtype=np.float64) / (HUNDRED if indicator.per == "households" else 1.0)
        there = (counted > 0) | (units > 0)
        names, counted, units = names[there], counted[there], units[there]
        return _framed(indicator, names, counted, units, garwood(counted, units, confidence))
    there = of > 0
    names, counted, of = names[there], counted[there], of[there]
    return _framed(indicator, names, counted, of, wilson(counted, of, confidence))


def _summed(part: pd.Series[Any], codes: NDArray[np.intp], count: int) -> Floats:
    sums = np.bincount(codes, weights=part.to_numpy(dtype=np.float64), minlength=count)
    return np.asarray(sums, dtype=np.float64)


def _with_all(names: Any, counted: Floats, exposure: pd.Series[Any]) -> tuple[Any, Floats]:
    everyone = pd.Index(names).union(exposure.index[exposure > 0], sort=False).astype(object)
    sums = pd.Series(counted, index=names).reindex(everyone, fill_value=0.0).sort_index()
    return sums.index, np.asarray(sums, dtype=np.float64)


def _framed(
    indicator: Indicator, names: Any, counted: Floats, of: Floats, reach: tuple[Floats, Floats]
) -> pd.DataFrame:
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(of > 0, counted / of, np.nan)
    columns = {
        "subject": np.asarray(names, dtype=object), "numerator": counted, "denominator": of, "value": value,
        "low": reach[0], "high": reach[1],
    }  # fmt: skip
    frame = pd.DataFrame(columns)
    frame.insert(0, "indicator", pd.Series([indicator.code] * len(frame), dtype=object))
    return frame


def compared(now: pd.DataFrame, then: pd.DataFrame, name: str) -> pd.DataFrame:
    """The figures beside those of another period: its value, the change, its direction, and whether it is sure.

    A change is sure where its interval (see `difference`) leaves out none. The columns are `{name}`, `{name}_change`,
    `{name}_direction` (up, down, same, or None without a figure then) and `{name}_sure`.

    Parameters
    ----------
    now, then : pandas.DataFrame
        Figures of the two periods, as `figures` gives them.
    name : str
        What the other period is to this one: `before` (環比) or `year_before` (同比).

    Returns
    -------
    pandas.DataFrame
        `now` with four more columns.

    Examples
    --------
    >>> from gridmap.analytics.indicators.definitions import INDICATORS
    >>> parts = pd.DataFrame({"numerator": [1.0, 1.0], "denominator": 1.0})
    >>> now = figures(INDICATORS["closing"], parts, pd.Series(["A", "B"]))
    >>> then = figures(INDICATORS["closing"], parts.assign(numerator=[0.0, 1.0])[:1], pd.Series(["A"]))
    >>> compared(now, then, "before")[["before", "before_change", "before_direction", "before_sure"]].values.tolist()
    [[0.0, 1.0, 'up', False], [nan, nan, None, False]]
    """
    keys = ["indicator", "subject"]
    past = now[keys].merge(then[[*keys, "value", "low", "high"]], on=keys, how="left")
    ours, theirs = (tuple(frame[part].to_numpy(float) for part in ("value", "low", "high")) for frame in (now, past))
    change, low, high = difference(ours, theirs)  # type: ignore[arg-type]
    direction = np.select([np.isnan(change), change > 0, change < 0], ["", "up", "down"], "same")
    columns = {
        name: past["value"].to_numpy(float), f"{name}_change": change,
        f"{name}_direction": pd.Series([word or None for word in direction.tolist()], index=now.index, dtype=object),
        f"{name}_sure": (low > 0) | (high < 0),
    }  # fmt: skip
    return pd.concat([now, pd.DataFrame(columns, index=now.index)], axis=1)


def ranked(indicator: Indicator, found: pd.DataFrame, confidence: float = CONFIDENCE) -> pd.DataFrame:
    """The figures with the places each subject may have among the others, and a rank where there is but one.

    One subject is surely better than another where their intervals do not meet, at a confidence shared out among all
    subjects (Bonferroni), so that all such statements hold together at `confidence`. `best` is one more than how many
    are surely better, `worst` the number of subjects less how many are surely worse; `rank` is given where the two
    agree. What neither is good nor bad, and whoever is `NOBODY`, has no place.

    Parameters
    ----------
    indicator : Indicator
        Whether more of it is better.
    found : pandas.DataFrame
        Its figures for some subjects.
    confidence : float
        Of all comparisons together.

    Returns
    -------
    pandas.DataFrame
        `found` with the columns `best`, `worst` and `rank`, whole numbers or NA.

    Examples
    --------
    >>> from gridmap.analytics.indicators.definitions import INDICATORS
    >>> parts = pd.DataFrame({"numerator": [950.0, 500.0, 2.0], "denominator": [1000.0, 1000.0, 3.0]})
    >>> found = figures(INDICATORS["closing"], parts, pd.Series(["A", "B", "C"]))
    >>> ranked(INDICATORS["closing"], found)[["best", "worst", "rank"]].values.tolist()
    [[1, 2, <NA>], [2, 3, <NA>], [1, 3, <NA>]]
    """
    placed = (found["subject"] != NOBODY).to_numpy(dtype=bool) & found["value"].notna().to_numpy(dtype=bool)
    nothing = pd.Series(pd.NA, index=found.index, dtype="Int64")
    places = pd.DataFrame({"best": nothing, "worst": nothing, "rank": nothing})
    if indicator.better != "neither" and indicator.sort != "amount" and placed.any():
        of = found[placed]
        interval = garwood if indicator.sort == "rate" else wilson
        low, high = interval(of["numerator"], of["denominator"], 1 - (1 - confidence) / len(of))
        if indicator.better == "low":
            low, high = -high, -low
        best = 1 + np.searchsorted(np.sort(-low), -high, side="left")
        worst = len(of) - np.searchsorted(np.sort(high), low, side="left")
        places.loc[placed, "best"], places.loc[placed, "worst"] = best, worst
        alone = placed.copy()
        alone[placed] = best == worst
        places.loc[alone, "rank"] = places.loc[alone, "best"]
    return pd.concat([found, places], axis=1)
