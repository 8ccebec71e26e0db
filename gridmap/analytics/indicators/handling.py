"""How issues are handled in time: each limit that passes is due once, and what nobody can be late with is left out."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gridmap.analytics.indicators.parts import (
    Flags,
    charged,
    closed_within,
    flags,
    is_word,
    moments,
    parted,
    valid,
    within,
)
from gridmap.domain.periods import Window


def closing(facts: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Closed, of what was due to be closed (結案率).

    Due is what has its limit for resolving within the window; without a limit, what was closed in it. Void, merged,
    held, referred and self-made issues are not due. Of what is due, whatever is closed when it is looked at counts.

    Parameters
    ----------
    facts : pandas.DataFrame, n rows
        Columns of frames.ISSUE_FACTS: `status`, `closed_at`, `resolved_due`, `waiting`, `referred`, `self_made`.
    window : Window
        The period, and the moment it is seen at.

    Returns
    -------
    pandas.DataFrame, n rows, on the index of `facts`
        `numerator` and `denominator`, 0 or 1: the indicator of any group is the quotient of its sums.

    Raises
    ------
    KeyError
        If `status` is missing.

    References
    ----------
    The figures published by the city of Tianmen for December 2016: 911 of 972 due are closed, 93.72 %.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from gridmap.domain.periods import Span
    >>> may = Span.read("2026-05", "Asia/Shanghai").window(datetime(2026, 6, 5, tzinfo=UTC))
    >>> facts = pd.DataFrame({
    ...     "status": ["closed", "in_progress", "void"],
    ...     "closed_at": ["2026-05-03T08:00Z", None, "2026-05-03T08:00Z"],
    ...     "resolved_due": ["2026-05-02T08:00Z", "2026-05-09T08:00Z", "2026-05-09T08:00Z"],
    ... })
    >>> closing(facts, may).sum().tolist()
    [1.0, 2.0]
    """
    return parted(facts, _due_to_be_closed(facts, window), _closed(facts, window))


def on_time_closing(facts: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Resolved in time and closed, of what had a limit (按期結案率).

    Due is what has its limit for resolving within the window, with the exceptions of `closing`. It counts if it is
    closed when it is looked at and was resolved by its limit; where nobody noted that it was resolved, closed by it.

    Parameters
    ----------
    facts : pandas.DataFrame, n rows
        As for `closing`, and `resolved_at`.
    window : Window
        The period, and the moment it is seen at.

    Returns
    -------
    pandas.DataFrame, n rows, on the index of `facts`
        `numerator` and `denominator`, 0 or 1.

    References
    ----------
    Tianmen, December 2016: 737 of 972 due are closed on time, 75.82 %.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from gridmap.domain.periods import Span
    >>> may = Span.read("2026-05", "Asia/Shanghai").window(datetime(2026, 6, 5, tzinfo=UTC))
    >>> facts = pd.DataFrame({
    ...     "status": ["closed", "closed"], "closed_at": ["2026-05-03T08:00Z", "2026-05-09T07:00Z"],
    ...     "resolved_due": ["2026-05-02T08:00Z", "2026-05-09T08:00Z"],
    ... })
    >>> on_time_closing(facts, may).sum().tolist()
    [1.0, 2.0]
    """
    due = moments(facts, "resolved_due")
    met = moments(facts, "resolved_at").fillna(moments(facts, "closed_at"))
    in_time = (met <= due).to_numpy(dtype=bool)
    return parted(facts, charged(facts) & within(due, window), _closed(facts, window) & in_time)


def response(facts: pd.DataFrame, window: Window) -> pd.DataFrame:
    """First answer to the reporter in time, of what was to be answered (首次響應及時率). See `in_time`."""
    return in_time(facts, window, "first_answer")


def accepted_in_time(facts: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Accepted in time, of what was to be accepted (接單及時率). See `in_time`."""
    return in_time(facts, window, "accepted")


def on_site_in_time(facts: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Somebody on site in time, of what was to be gone to (到場及時率). See `in_time`."""
    return in_time(facts, window, "on_site")


def under_control_in_time(facts: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Under control in time, of what was to be brought under control (控制及時率). See `in_time`."""
    return in_time(facts, window, "under_control")


def in_time(facts: pd.DataFrame, window: Window, stamp: str) -> pd.DataFrame:
    """A stamp set by its limit, of all whose limit for it lies within the window.

    Not due is what has no such limit, and void, merged, held, referred and self-made issues.

    Parameters
    ----------
    facts : pandas.DataFrame, n rows
        Columns of frames.ISSUE_FACTS: `status`, `{stamp}_at`, `{stamp}_due`, `waiting`, `referred`, `self_made`.
    window : Window
        The period, and the moment it is seen at.
    stamp : str
        One of lifecycle.STAMPS.

    Returns
    -------
    pandas.DataFrame, n rows, on the index of `facts`
        `numerator` and `denominator`, 0 or 1.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from gridmap.domain.periods import Span
    >>> may = Span.read("2026-05", "Asia/Shanghai").window(datetime(2026, 6, 5, tzinfo=UTC))
    >>> facts = pd.DataFrame({
    ...     "status": ["closed", "closed"], "on_site_at": ["2026-05-03T08:00Z", None],
    ...     "on_site_due": ["2026-05-03T08:00Z", "2026-05-09T08:00Z"],
    ... })
    >>> in_time(facts, may, "on_site").sum().tolist()
    [1.0, 2.0]
    """
    due = moments(facts, f"{stamp}_due")
    met = (moments(facts, f"{stamp}_at") <= due).to_numpy(dtype=bool)
    return parted(facts, charged(facts) & within(due, window), met)


def self_made(facts: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Found by the one who owns or handles it, of what was reported (自采自辦占比).

    Due is what was reported within the window. Such issues are left out of the rates in time: who reports what he has
    just mended would raise his own.

    Parameters
    ----------
    facts : pandas.DataFrame, n rows
        Columns of frames.ISSUE_FACTS: `status`, `reported_at`, `self_made`.
    window : Window
        The period, and the moment it is seen at.

    Returns
    -------
    pandas.DataFrame, n rows, on the index of `facts`
        `numerator` and `denominator`, 0 or 1.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from gridmap.domain.periods import Span
    >>> may = Span.read("2026-05", "Asia/Shanghai").window(datetime(2026, 6, 5, tzinfo=UTC))
    >>> facts = pd.DataFrame({
    ...     "status": "closed", "reported_at": ["2026-05-03T08:00Z"] * 2, "self_made": [True, False],
    ... })
    >>> self_made(facts, may).sum().tolist()
    [1.0, 2.0]
    """
    return parted(facts, valid(facts) & within(moments(facts, "reported_at"), window), flags(facts, "self_made"))


def self_made_in_time(facts: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Self-made issues resolved in time and closed, of those with a limit (自采自辦按期結案率).

    Due is what `on_time_closing` leaves out because it is self-made, and nothing else.

    Parameters
    ----------
    facts : pandas.DataFrame, n rows
        As for `on_time_closing`.
    window : Window
        The period, and the moment it is seen at.

    Returns
    -------
    pandas.DataFrame, n rows, on the index of `facts`
        `numerator` and `denominator`, 0 or 1.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from gridmap.domain.periods import Span
    >>> may = Span.read("2026-05", "Asia/Shanghai").window(datetime(2026, 6, 5, tzinfo=UTC))
    >>> facts = pd.DataFrame({
    ...     "status": "closed", "closed_at": "2026-05-03T08:00Z", "resolved_due": "2026-05-03T09:00Z",
    ...     "self_made": [True, False],
    ... })
    >>> self_made_in_time(facts, may).sum().tolist()
    [1.0, 1.0]
    """
    made = flags(facts, "self_made")
    parts = on_time_closing(facts.assign(self_made=False), window)
    return parts.where(pd.Series(made, index=facts.index), 0.0)


def referred_looked_after(facts: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Looked at again by the day it was to be, of what is with others (轉辦跟蹤及時率).

    Due is what is referred out and not yet done when it is looked at: it runs on a clock of its own, the next look, and
    is in no rate of what is late. It counts while its next look lies ahead.

    Parameters
    ----------
    facts : pandas.DataFrame, n rows
        Columns of frames.ISSUE_FACTS: `reported_at`, `status`, `look_at`.
    window : Window
        The period, and the moment it is seen at.

    Returns
    -------
    pandas.DataFrame, n rows, on the index of `facts`
        `numerator` and `denominator`, 0 or 1.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from gridmap.domain.periods import Span
    >>> may = Span.read("2026-05", "Asia/Shanghai").window(datetime(2026, 6, 5, tzinfo=UTC))
    >>> facts = pd.DataFrame({
    ...     "status": "referred", "reported_at": "2026-05-03T08:00Z", "look_at": ["2026-06-09T08:00Z", None],
    ... })
    >>> referred_looked_after(facts, may).sum().tolist()
    [1.0, 2.0]
    """
    reported = (moments(facts, "reported_at") < window.over).to_numpy(dtype=bool)
    ahead = (moments(facts, "look_at") >= window.over).to_numpy(dtype=bool)
    return parted(facts, is_word(facts, "status", "referred") & reported, ahead)


def _closed(facts: pd.DataFrame, window: Window) -> Flags:
    """What is closed when it is looked at."""
    by_then = (moments(facts, "closed_at") <= window.at).to_numpy(dtype=bool)
    return is_word(facts, "status", "closed") & by_then


def _due_to_be_closed(facts: pd.DataFrame, window: Window) -> Flags:
    limit: pd.Series[Any] = moments(facts, "resolved_due")
    without = limit.isna().to_numpy(dtype=bool) & closed_within(facts, window)
    return charged(facts) & (within(limit, window) | without)
