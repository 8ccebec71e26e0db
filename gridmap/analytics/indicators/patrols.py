"""What was patrolled: rounds made of rounds due, and how much of the ground was looked at. They are two things."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridmap.analytics.indicators.parts import moments, numbers, parted, within
from gridmap.domain.periods import Window


def patrol_completion(rounds: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Rounds made in time, of those that were due (巡查完成率).

    Due is a round whose time ends within the window. It counts if it was finished by then.

    Parameters
    ----------
    rounds : pandas.DataFrame, n rows
        Columns of frames.ROUNDS: `due_at`, `done_at`.
    window : Window
        The period, and the moment it is seen at.

    Returns
    -------
    pandas.DataFrame, n rows, on the index of `rounds`
        `numerator` and `denominator`, 0 or 1.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from gridmap.domain.periods import Span
    >>> may = Span.read("2026-05", "Asia/Shanghai").window(datetime(2026, 6, 5, tzinfo=UTC))
    >>> rounds = pd.DataFrame({"due_at": ["2026-05-03T08:00Z"] * 2, "done_at": ["2026-05-03T07:00Z", None]})
    >>> patrol_completion(rounds, may).sum().tolist()
    [1.0, 2.0]
    """
    due_at = moments(rounds, "due_at")
    made = (moments(rounds, "done_at") <= due_at).to_numpy(dtype=bool)
    return parted(rounds, within(due_at, window), made)


def patrol_coverage(rounds: pd.DataFrame, window: Window) -> pd.DataFrame:
    """What was visited, of what the rounds were to visit (巡查覆蓋率).

    Due are all checkpoints and facilities of the rounds whose time ends within the window, made or not. A round that
    was to visit nothing by name is due as one visit.

    Parameters
    ----------
    rounds : pandas.DataFrame, n rows
        Columns of frames.ROUNDS: `due_at`, `done_at`, `planned`, `visited` (numbers of checkpoints).
    window : Window
        The period, and the moment it is seen at.

    Returns
    -------
    pandas.DataFrame, n rows, on the index of `rounds`
        `numerator` and `denominator`, 0 or more.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from gridmap.domain.periods import Span
    >>> may = Span.read("2026-05", "Asia/Shanghai").window(datetime(2026, 6, 5, tzinfo=UTC))
    >>> rounds = pd.DataFrame({
    ...     "due_at": "2026-05-03T08:00Z", "done_at": ["2026-05-03T07:00Z", None], "planned": [8, 4], "visited": [6, 0],
    ... })
    >>> patrol_coverage(rounds, may).sum().tolist()
    [6.0, 12.0]
    """
    due = within(moments(rounds, "due_at"), window)
    planned, visited = (np.nan_to_num(numbers(rounds, name)) for name in ("planned", "visited"))
    whole = moments(rounds, "done_at").notna().to_numpy(dtype=np.float64)
    of = np.where(due, np.where(planned > 0, planned, 1.0), 0.0)
    counted = np.where(due, np.where(planned > 0, np.minimum(visited, planned), whole), 0.0)
    return pd.DataFrame({"numerator": counted, "denominator": of}, index=rounds.index)
