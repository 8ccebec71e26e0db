"""What comes in: complaints against households, work against people, and what comes back at one place."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from gridmap.analytics.indicators.parts import Flags, moments, parted, valid, within
from gridmap.domain.periods import Window

# One place, and so soon again: how far apart two reports lie, and how long.
METRES: Final = 30.0
DAYS: Final = 30.0
_EARTH_M: Final = 6_371_008.8
_DAY_S: Final = 86_400.0


def recurrence(facts: pd.DataFrame, window: Window, metres: float = METRES, days: float = DAYS) -> pd.DataFrame:
    """Reported before at the same place, of what was reported (同點復發率).

    Due is what was reported within the window. It counts if an issue of the same category was reported in the `days`
    before it at the same facility or, where either names none, at most `metres` away.

    Parameters
    ----------
    facts : pandas.DataFrame, n rows
        Columns of frames.ISSUE_FACTS: `status`, `reported_at`, `category`, `lon`, `lat` (degrees, WGS 84), `facility`.
        Issues of the `days` before the window must be among them, or what came back early in it is not seen.
    window : Window
        The period, and the moment it is seen at.
    metres : float
        More than 0; measured on a sphere, which is within 0.5 % of the ground.
    days : float
        More than 0, of 24 hours.

    Returns
    -------
    pandas.DataFrame, n rows, on the index of `facts`
        `numerator` and `denominator`, 0 or 1.

    Raises
    ------
    KeyError
        If `status`, `category`, `lon` or `lat` is missing.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from gridmap.domain.periods import Span
    >>> may = Span.read("2026-05", "Asia/Shanghai").window(datetime(2026, 6, 5, tzinfo=UTC))
    >>> facts = pd.DataFrame({
    ...     "status": "closed", "category": "lift", "lon": [121.5, 121.5001, 121.51], "lat": 31.25,
    ...     "reported_at": ["2026-04-20T08:00Z", "2026-05-02T08:00Z", "2026-05-03T08:00Z"],
    ... })
    >>> recurrence(facts, may).sum().tolist()
    [1.0, 2.0]
    """
    kept = valid(facts)
    reported = moments(facts, "reported_at")
    again = np.zeros(len(facts), dtype=bool)
    seconds = np.asarray((reported - pd.Timestamp(0, tz="UTC")).dt.total_seconds(), dtype=np.float64)
    latest = ((reported < window.over) & (reported >= window.start - pd.Timedelta(days=days))).to_numpy(dtype=bool)
    # Who has no facility is compared by place with everybody, those who have one with one another by it.
    facility = _codes(facts["facility"]) if "facility" in facts else np.full(len(facts), -1)
    rows = np.flatnonzero(kept & latest)
    for members in _groups(_codes(facts["category"])[rows]):
        among = rows[members]
        again[among] = _seen_before(_on_sphere(facts, among), seconds[among], facility[among], metres, days)
    return parted(facts, kept & within(reported, window), again)


def _codes(column: pd.Series[Any]) -> NDArray[np.intp]:
    return pd.factorize(column)[0]


def _groups(codes: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """The positions of each code."""
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(codes[order])) + 1) if len(order) else []


def _on_sphere(facts: pd.DataFrame, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """Places in metres from the middle of the earth: no system of its own is needed for any site."""
    lon, lat = (np.radians(facts[name].to_numpy(dtype=np.float64)[rows]) for name in ("lon", "lat"))
    return _EARTH_M * np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def _seen_before(
    places: NDArray[np.float64], seconds: NDArray[np.float64], facility: NDArray[np.intp], metres: float, days: float
) -> Flags:
    """Which of the reports of one category came after another at the same place."""
    again = np.zeros(len(seconds), dtype=bool)
    named = np.flatnonzero(facility >= 0)
    for members in _groups(facility[named]):
        at_one = named[members]
        at_one = at_one[np.argsort(seconds[at_one], kind="stable")]
        again[at_one[1:]] |= np.diff(seconds[at_one]) <= days * _DAY_S
    # Time is a fourth dimension in which `days` are as far as `metres`: pairs far apart in either are never made.
    space = np.column_stack([places, seconds / (days * _DAY_S) * metres])
    pairs = cKDTree(space).query_pairs(metres, p=np.inf, output_type="ndarray")
    one, other = pairs[:, 0], pairs[:, 1]
    near = np.linalg.norm(places[one] - places[other], axis=1) <= metres
    both_named = (facility[one] >= 0) & (facility[other] >= 0)
    one, other = one[near & ~both_named], other[near & ~both_named]
    # Of two at the same moment, the row that stands later is the second.
    later = np.where((seconds[one] > seconds[other]) | ((seconds[one] == seconds[other]) & (one > other)), one, other)
    again[later] = True
    return again


def complaints(facts: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Complaints that were reported, to be set against households (每百戶投訴量).

    Counted is each issue of the kind complaint that was reported within the window and is not void or merged. What it
    is divided by, the households of its group, is no sum over issues: `figures` is given it.

    Parameters
    ----------
    facts : pandas.DataFrame, n rows
        Columns of frames.ISSUE_FACTS: `status`, `reported_at`, `kind`.
    window : Window
        The period, and the moment it is seen at.

    Returns
    -------
    pandas.DataFrame, n rows, on the index of `facts`
        `numerator`, 0 or 1; `denominator` is the same.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from gridmap.domain.periods import Span
    >>> may = Span.read("2026-05", "Asia/Shanghai").window(datetime(2026, 6, 5, tzinfo=UTC))
    >>> facts = pd.DataFrame({
    ...     "status": "filed", "reported_at": "2026-05-03T08:00Z", "kind": ["complaint", "repair"],
    ... })
    >>> complaints(facts, may)["numerator"].tolist()
    [1.0, 0.0]
    """
    is_one = (facts["kind"] == "complaint").to_numpy(dtype=bool)
    due = valid(facts) & within(moments(facts, "reported_at"), window) & is_one
    return parted(facts, due, due)


def workload(facts: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Issues that came to somebody, to be set against those who own them (人均工單量).

    Counted is what was reported within the window, has an owner and is not void or merged. What it is divided by, the
    different owners of the group, is no sum over issues: `figures` counts them.

    Parameters
    ----------
    facts : pandas.DataFrame, n rows
        Columns of frames.ISSUE_FACTS: `status`, `reported_at`, `owner`.
    window : Window
        The period, and the moment it is seen at.

    Returns
    -------
    pandas.DataFrame, n rows, on the index of `facts`
        `numerator`, 0 or 1; `denominator` is the same.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from gridmap.domain.periods import Span
    >>> may = Span.read("2026-05", "Asia/Shanghai").window(datetime(2026, 6, 5, tzinfo=UTC))
    >>> facts = pd.DataFrame({"status": "filed", "reported_at": "2026-05-03T08:00Z", "owner": ["li", None]})
    >>> workload(facts, may)["numerator"].tolist()
    [1.0, 0.0]
    """
    due = valid(facts) & within(moments(facts, "reported_at"), window) & facts["owner"].notna().to_numpy(dtype=bool)
    return parted(facts, due, due)
