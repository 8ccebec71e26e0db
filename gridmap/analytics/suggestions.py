"""Where patrols should go next: grids and parts of a day, by what is to be expected there; and how well that does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import gamma

from gridmap.analytics.expecting import Expectation, Off, Past, dated, expectation, number, weekend
from gridmap.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
HALF_LIFE: Final = 60.0  # days
HOURS: Final = 3
CONFIDENCE: Final = 0.95
# Categories that are named as reasons, and the days that are counted for those who go by counts alone.
NAMED, LATELY = 3, 90
METHODS: Final = ("suggested", "most", "busiest", "chance")


def suggestions(
    reports: pd.DataFrame,
    grids: pd.DataFrame,
    until: pd.Timestamp,
    *,
    by: str = "tier3",
    day: date | None = None,
    half_life: float = HALF_LIFE,
    hours: int = HOURS,
    off: Off = weekend,
    findable: Sequence[str] | None = None,
    minutes: pd.Series[Any] | None = None,
    visited: pd.Series[Any] | None = None,
    since: pd.Timestamp | None = None,
    confidence: float = CONFIDENCE,
) -> pd.DataFrame:
    r"""How many issues a patrol may expect that visits a grid in a part of a day, the most first.

    .. math:: \lambda_g \sum_c m_{gc}\, f_c\, q_c(d, h)

    * :math:`\lambda_g`, reports a day: gamma-Poisson, the grid's own drawn to the mean of all by what is known of it
      (Clayton and Kaldor 1987); a report of `half_life` days ago counts half;
    * :math:`m_{gc}`, what they are about: the grid's categories, drawn to those of its neighbourhood (`parent`), and
      these to all;
    * :math:`f_c`, which share of a category is found by patrols, where `findable` says which sources those are;
    * :math:`q_c(d, h)`, when a category is reported: on a workday or a day off, in which part of the day.

    How strongly things are drawn to one another is found from how much they vary beyond chance; reports that come in
    clumps, many of a grid on one day, count for fewer. It says how much is
    reported, not what goes unseen: a place that nobody looks at looks quiet. Send some visits there regardless, by when
    each grid was last `visited`.

    Parameters
    ----------
    reports : pandas.DataFrame, m rows
        `reported_at` (aware) and the codes in column `by`; where there are, `category` and `source`.
    grids : pandas.DataFrame, n rows
        `code` of one tier; where there is, `parent`.
    until : pandas.Timestamp
        What is known then is what counts; in the zone by which days begin.
    by : str
        Column of the reports with the codes of that tier.
    day : datetime.date, optional
        The day the patrol goes; the day after `until` unless said.
    half_life : float
        Days.
    hours : int
        How long a part of the day is; a divisor of 24.
    off : callable
        Whether a day is off: weekends, unless a calendar of holidays and make-up workdays is given.
    findable : sequence of str, optional
        Sources that are patrols; without, all that is reported counts.
    minutes : pandas.Series, optional
        By code, how long a visit takes with the way there; then the most per hour comes first.
    visited : pandas.Series of datetimes, optional
        By code, when each was last visited.
    since : pandas.Timestamp, optional
        From when on the reports are complete; from the first unless said.
    confidence : float
        Of the interval of the expectation, two-sided.

    Returns
    -------
    pandas.DataFrame, a row for each grid and part of the day
        `code`, `day`, `begins` and `ends` (hours), `expected`, `low`, `high` (how sure the expectation is: what is
        found on one visit varies more), `per_hour` (NaN without minutes), `reports` (in that grid and part of day so
        far), `why` (up to three categories with how many reports of the grid were of them, those first that matter most
        in that part of the day), `visited`.

    Raises
    ------
    InputError
        If a column is missing, no report lies in the grids, or the parts do not fill a day.

    References
    ----------
    Clayton, D. and Kaldor, J. (1987). Empirical Bayes estimates of age-standardized relative risks. Biometrics 43,
    671-681. Chainey, S., Tompson, L. and Uhlig, S. (2008). The utility of hotspot mapping for predicting spatial
    patterns of crime. Security Journal 21, 4-28.

    Examples
    --------
    >>> until = pd.Timestamp("2026-11-01", tz="Asia/Shanghai")
    >>> evenings = pd.date_range(end=until, periods=60, freq="D") - pd.Timedelta(hours=4)
    >>> reports = pd.DataFrame({"tier3": ["A"] * 55 + ["B"] * 5, "reported_at": evenings, "category": "litter"})
    >>> found = suggestions(reports, pd.DataFrame({"code": ["A", "B", "C"]}), until)
    >>> found.loc[[0], ["code", "begins", "ends", "expected", "why"]].round(2).values.tolist()
    [['A', 18, 21, 0.86, (('litter', 55),)]]
    """
    past = Past.of(reports, grids, until, by=by, hours=hours, findable=findable, since=since)
    today = number(until.date())
    moment = today + (until - until.normalize()) / pd.Timedelta(days=1)
    goes = today + 1 if day is None else number(day)
    expected = expectation(past, goes, moment, half_life, off)
    n, parts = len(past.pools), past.parts
    grid, part = np.repeat(np.arange(n), parts), np.tile(np.arange(parts), n)
    share = expected.share.ravel()
    tail = (1 - confidence) / 2
    ends = (np.asarray(gamma.ppf(q, expected.shape, scale=expected.scale), dtype=np.float64) for q in (tail, 1 - tail))
    low, high = (end[grid] * share for end in ends)
    codes = grids["code"].to_numpy(dtype=object)
    mean = expected.rate[grid] * share
    takes = _by_code(minutes, codes, np.nan)
    found = pd.DataFrame({
        "code": codes[grid], "day": dated(goes), "begins": part * hours, "ends": (part + 1) * hours,
        "expected": mean, "low": low, "high": high, "per_hour": 60 * mean / takes.astype(np.float64)[grid],
        "reports": np.bincount(past.grid * parts + past.part, minlength=n * parts),
        "why": _reasons(past, expected), "visited": _by_code(visited, codes, pd.NaT)[grid],
    })  # fmt: skip
    order = ["expected" if minutes is None else "per_hour", "code", "begins"]
    return found.sort_values(order, ascending=[False, True, True], kind="stable", ignore_index=True)


def plan(suggested: pd.DataFrame, visits: int, *, at_once: int | None = None, again: int = 1) -> pd.DataFrame:
    """The best visits of a day: from the top, leaving out what is visited already and parts of the day that are full.

    Parameters
    ----------
    suggested : pandas.DataFrame
        As `suggestions` gives it, or any with `code` and `begins`, the best first.
    visits : int
        How many, at most.
    at_once : int, optional
        How many can be made in one part of the day: patrols times what each manages.
    again : int
        How often a grid may be visited on the day.

    Returns
    -------
    pandas.DataFrame, up to `visits` rows of `suggested`
        In the order in which they were chosen.

    Raises
    ------
    InputError
        If there is nothing to plan.

    Notes
    -----
    Without `at_once` no other choice of visits has a greater sum; with it, none has twice as great a one (Fisher,
    Nemhauser and Wolsey 1978, for two matroids).

    Examples
    --------
    >>> ranked = pd.DataFrame({"code": ["A", "A", "B", "C"], "begins": [18, 21, 18, 18], "expected": [4, 3, 2, 1]})
    >>> plan(ranked, 2).values.tolist(), plan(ranked, 3, at_once=1, again=2).values.tolist()
    ([['A', 18, 4], ['B', 18, 2]], [['A', 18, 4], ['A', 21, 3]])
    """
    if visits < 1 or again < 1 or (at_once is not None and at_once < 1):
        raise InputError("a plan has at least one visit, each grid at least once, and one at a time: give 1 or more")
    chosen = _greedy(suggested["code"].tolist(), suggested["begins"].tolist(), visits, at_once, again)
    return suggested.iloc[chosen]


def hit_rate(
    reports: pd.DataFrame,
    grids: pd.DataFrame,
    until: pd.Timestamp,
    *,
    visits: int,
    days: int = 28,
    by: str = "tier3",
    half_life: float = HALF_LIFE,
    hours: int = HOURS,
    off: Off = weekend,
    findable: Sequence[str] | None = None,
    since: pd.Timestamp | None = None,
) -> pd.DataFrame:
    r"""How much of what was then reported would have been met by such plans, made each day of what was known before it.

    Each of the last `days` is planned from the days before it alone. What was reported in the visited grid in the
    visited part of the day was met. With :math:`n/N` of the reports met in :math:`a/A` of all grids and parts of days,
    the predictive accuracy index is :math:`(n/N)/(a/A)`: 1 is chance.

    Parameters
    ----------
    reports, grids, until, by, half_life, hours, off, findable, since
        As `suggestions` has them; with `findable`, only what patrols found has to be met.
    visits : int
        A day, each to another grid.
    days : int
        How many are tried; there have to be more in the reports.

    Returns
    -------
    pandas.DataFrame by method
        `suggested`; `most`, the grids and parts of the day with most reports in 90 days; `busiest`, the grids with most
        reports in 90 days, in the part of the day with most; `chance`, what lots would meet on average. `met`, `of`,
        `rate`, `area` (both shares) and `index`.

    Raises
    ------
    InputError
        As `suggestions`, or if there are not more days than are tried.

    References
    ----------
    Chainey, S., Tompson, L. and Uhlig, S. (2008). Security Journal 21, 4-28, for the index.

    Examples
    --------
    >>> until = pd.Timestamp("2026-11-01", tz="Asia/Shanghai")
    >>> evenings = pd.date_range(end=until, periods=60, freq="D", inclusive="left") - pd.Timedelta(hours=4)
    >>> reports = pd.DataFrame({"tier3": ["A", "B"] * 29 + ["A"], "reported_at": evenings})
    >>> hit_rate(reports, pd.DataFrame({"code": ["A", "B", "C"]}), until, visits=2, days=10)["met"].tolist()
    [9.0, 9.0, 9.0, 0.75]
    """
    last = number(until.date())
    past = Past.of(reports, grids, until.normalize(), by=by, hours=hours, findable=findable, since=since)
    if last - days <= past.first or days < 1:
        raise InputError(f"{days} days are tried, and the reports begin {last - past.first} days ago: try fewer")
    met, of = np.zeros(len(METHODS)), 0
    everything = len(past.pools) * past.parts
    visited = min(visits, len(past.pools))
    for day in range(last - days, last):
        came = (past.day == day) & past.findable
        there = np.bincount(past.grid[came] * past.parts + past.part[came], minlength=everything)
        of += int(came.sum())
        known = past.before(day, last)
        for row, ranked in enumerate(_ranked(known, day, half_life, off)):
            met[row] += there[_best(ranked, past.parts, visited)].sum()
    area = visited / everything
    met[-1] = of * area
    columns = {"met": met, "of": of, "rate": met / max(of, 1), "area": area, "index": met / max(of, 1) / area}
    return pd.DataFrame(columns, index=pd.Index(METHODS, name="method"))


def _ranked(known: Past, day: int, half_life: float, off: Off) -> Iterator[Floats]:
    """What each method goes by, for each grid and part of the day: (n, parts)."""
    expected = expectation(known, day, float(day), half_life, off)
    yield expected.rate[:, None] * expected.share
    lately = known.findable & (known.age <= LATELY)
    shape = (len(known.pools), known.parts)
    counted = np.bincount(known.grid[lately] * known.parts + known.part[lately], minlength=shape[0] * shape[1])
    table = counted.reshape(shape).astype(np.float64)
    of_grid, of_part = table.sum(axis=1), table.sum(axis=0)
    # Where counts are the same, the grid with more goes first.
    yield table + of_grid[:, None] / (of_grid.sum() + 1)
    yield np.where(np.arange(known.parts) == of_part.argmax(), of_grid[:, None], -1.0)


def _best(ranked: Floats, parts: int, visits: int) -> Ints:
    """The cells a plan visits, each grid once: its best part, and the best of those."""
    part = ranked.argmax(axis=1)
    grid = np.argsort(-ranked.max(axis=1), kind="stable")[:visits]
    return np.asarray(grid * parts + part[grid], dtype=np.int64)


def _greedy(codes: Sequence[Any], begins: Sequence[Any], visits: int, at_once: int | None, again: int) -> list[int]:
    chosen: list[int] = []
    times: Counter[Any] = Counter()
    full: Counter[Any] = Counter()
    for row, (code, begin) in enumerate(zip(codes, begins, strict=True)):
        if len(chosen) == visits:
            break
        if times[code] < again and (at_once is None or full[begin] < at_once):
            chosen.append(row)
            times[code] += 1
            full[begin] += 1
    return chosen


def _by_code(given: pd.Series[Any] | None, codes: NDArray[np.object_], missing: Any) -> NDArray[Any]:
    if given is None:
        return np.full(len(codes), missing)
    return given.reindex(codes).to_numpy()


def _reasons(past: Past, expected: Expectation) -> list[tuple[tuple[str, int], ...]]:
    """The categories of each grid that matter most in each part of the day, with how many were reported there."""
    n, sorts, parts = len(past.pools), len(past.sorts), past.parts
    counted = np.bincount(past.grid * sorts + past.sort, minlength=n * sorts).reshape(n, sorts)
    matters = np.where(counted[:, None, :] > 0, expected.mix[:, None, :] * expected.told.T, 0.0)
    first = np.argsort(-matters, axis=2, kind="stable")[:, :, :NAMED].reshape(n * parts, -1)
    times = counted[np.repeat(np.arange(n), parts)[:, None], first]
    return [
        tuple((past.sorts[sort], count) for sort, count in zip(row, many, strict=True) if count and past.sorts[sort])
        for row, many in zip(first.tolist(), times.tolist(), strict=True)
    ]
