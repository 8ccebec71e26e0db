"""How well issues are solved: for good at the first go, and to the satisfaction of those who reported them."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from gridmap.analytics.indicators.parts import closed_within, is_word, moments, numbers, parted, valid, within
from gridmap.domain.periods import Window

# From here up an answer of 1 to 5 says that the reporter is satisfied.
SATISFIED: Final = 4


def rework(facts: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Failed a check at least once, of what was resolved (返工率).

    Due is what was resolved, for good so far, within the window; self-made issues are due here like any other.

    Parameters
    ----------
    facts : pandas.DataFrame, n rows
        Columns of frames.ISSUE_FACTS: `status`, `resolved_at`, `reworks`.
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
    >>> facts = pd.DataFrame({"status": "closed", "resolved_at": ["2026-05-03T08:00Z"] * 3, "reworks": [0, 1, 3]})
    >>> rework(facts, may).sum().tolist()
    [2.0, 3.0]
    """
    due = valid(facts) & within(moments(facts, "resolved_at"), window)
    return parted(facts, due, numbers(facts, "reworks") > 0)


def reopen(facts: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Came back, of what was closed or came back (重開率).

    Due is what was closed or reopened within the window; it counts once, however often it was reopened in it.

    Parameters
    ----------
    facts : pandas.DataFrame, n rows
        Columns of frames.ISSUE_FACTS: `status`, `closed_at`, `reopened_at`.
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
    ...     "status": ["closed", "closed", "filed"], "closed_at": ["2026-05-03T08:00Z", "2026-05-09T08:00Z", None],
    ...     "reopened_at": [None, "2026-05-08T08:00Z", "2026-05-08T08:00Z"],
    ... })
    >>> reopen(facts, may).sum().tolist()
    [2.0, 3.0]
    """
    came_back = within(moments(facts, "reopened_at"), window)
    return parted(facts, valid(facts) & (came_back | closed_within(facts, window)), came_back)


def satisfaction(facts: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Satisfied, of those who answered (滿意率).

    Due is each issue whose reporter answered the follow-up within the window; his last answer in it counts, if it is
    4 or 5 of 5. Who did not answer is in neither number.

    Parameters
    ----------
    facts : pandas.DataFrame, n rows
        Columns of frames.ISSUE_FACTS: `status`, `answered_at`, `satisfaction`.
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
    ...     "status": "closed", "satisfaction": [5, 3, None],
    ...     "answered_at": ["2026-05-03T08:00Z", "2026-05-03T08:00Z", None],
    ... })
    >>> satisfaction(facts, may).sum().tolist()
    [1.0, 2.0]
    """
    said = numbers(facts, "satisfaction")
    due = within(moments(facts, "answered_at"), window) & ~np.isnan(said)
    return parted(facts, due, said >= SATISFIED)


def no_answer(facts: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Closed because the reporter did not answer, of what was closed (無應答結案占比).

    Due is what was closed within the window. It is shown so that silence is never taken for satisfaction.

    Parameters
    ----------
    facts : pandas.DataFrame, n rows
        Columns of frames.ISSUE_FACTS: `status`, `closed_at`, `closed_as`.
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
    ...     "status": "closed", "closed_at": ["2026-05-03T08:00Z"] * 2, "closed_as": ["solved", "no_answer"],
    ... })
    >>> no_answer(facts, may).sum().tolist()
    [1.0, 2.0]
    """
    return parted(facts, valid(facts) & closed_within(facts, window), is_word(facts, "closed_as", "no_answer"))
