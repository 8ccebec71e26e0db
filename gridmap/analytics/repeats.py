"""Which facilities and addresses come back more often than chance: how often, how soon, in a burst or all along."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binom

from gridmap.analytics.indicators.intervals import garwood
from gridmap.analytics.significance import adjusted
from gridmap.errors import InputError
from gridmap.language import Phrase, phrase

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
LEVEL: Final = 0.05
# What came fewer times is an anecdote.
LEAST: Final = 3
LATELY: Final = 30  # days
SPAN: Final = 14  # days
WITHIN: Final = 30  # days
DAY: Final = pd.Timedelta(days=1)


def repeats(
    reports: pd.DataFrame,
    by: str,
    *,
    since: pd.Timestamp,
    until: pd.Timestamp,
    things: pd.DataFrame | None = None,
    apart: float = 0.0,
    lately: float = LATELY,
    span: float = SPAN,
    within: float = WITHIN,
    level: float = LEVEL,
    least: int = LEAST,
) -> pd.DataFrame:
    r"""Which things (lifts, doors, homes) more was reported of than chance would bring to any of their kind.

    Of the :math:`N` reports of a kind, each would fall on thing :math:`i` with the chance :math:`e_i / E`, its share of
    the exposure. So its count is binomial, :math:`N e_i / E` are expected, and p is how often chance would bring as
    many or more. All things are corrected together (Benjamini-Hochberg). Of those that are sure it is asked when they
    came, which says nothing new of how many: given the count, times would be even over the window. So a **burst** is
    more within some `span` days than even times would bring together (Wallenstein and Neff; corrected); what is sure
    and no burst is **chronic**; and **worse** is more in the last days than their share (binomial; corrected).

    Parameters
    ----------
    reports : pandas.DataFrame, m rows
        `reported_at` (aware), the column `by`, and, where it is known, `closed_at` (missing where open). What was
        merged into another is to be left out.
    by : str
        The column that says which thing each is about; missing where none.
    since, until : pandas.Timestamp
        The window, its end not in it; aware.
    things : pandas.DataFrame, n rows by thing, optional
        Every thing there is, those without a report, too; `kind` (only like is held against like) and `exposure`
        (homes, days in service) where there are any. Without it only those with a report are known, so that
        expectations are too high, and less is found.
    apart : float
        Hours: what comes so soon after the report before it, of the same thing, is the same trouble, told again.
    lately, span, within : float
        Days: what counts as lately; how long a burst lasts; how soon something comes again.
    level : float
        How many of those found may be so by chance, on average.
    least : int
        How many times it has to have come.

    Returns
    -------
    pandas.DataFrame, n rows by thing, the surest first
        `kind` (if given), `count`, `expected`, `ratio` with `low` and `high` (95 %), `p`, `repeats`;
        `every_days` (median from one to the next); `closed` (how many were, early enough to see what followed),
        `again` (share of them after which it came again `within` days), `again_days` (median from a closing to the
        next); `lately`, `lately_expected`, `worse`; `pattern` ("burst", "chronic", or "" where nothing is sure), `most`
        (in the thickest span) and `most_since` (when that began), where it repeats.

    Raises
    ------
    InputError
        If a column or moment is missing, the window is empty, a thing comes twice, or an exposure is below 0.

    References
    ----------
    Wallenstein, S. and Neff, N. (1987). An approximation for the distribution of the scan statistic. Stat. Med. 6,
    197-207. Naus, J. I. (1965), JASA 60, 532-538, to whom it is equal where more than half lie together.

    Examples
    --------
    >>> until = pd.Timestamp("2026-05-31", tz="UTC")
    >>> often = pd.date_range(end=until, periods=10, freq="9D", inclusive="left")
    >>> once = until - pd.to_timedelta([70, 50, 44, 20, 3], unit="D")
    >>> reports = pd.DataFrame({"lift": ["A"] * 9 + list("BCDEF"), "reported_at": [*often, *once]})
    >>> lifts = pd.DataFrame(index=list("ABCDEFGHIJ"))
    >>> found = repeats(reports, "lift", since=until - 90 * DAY, until=until, things=lifts)
    >>> found[["count", "every_days", "repeats", "pattern"]].head(2).values.tolist()
    [[9, 9.0, True, 'chronic'], [1, nan, False, '']]
    >>> found["expected"].round(1).tolist()[0]
    1.4
    """
    came = _troubles(reports, by, since, until, apart)
    known = _things(things, came)
    came = came[came["thing"].isin(known.index)]
    found = _counted(came, known, level, least)
    share = min(lately * DAY / (until - since), 1.0)
    late = came.loc[came["at"] >= until - lately * DAY, "thing"].value_counts().reindex(found.index, fill_value=0)
    found = found.join(_gaps(came)).join(_again(came, until, within))
    found = found.assign(closed=found["closed"].fillna(0).astype(np.int64), lately=late,
                         lately_expected=found["count"] * share)  # fmt: skip
    sure = found["repeats"].to_numpy()
    # Of those that are sure, how many came lately says nothing new of how many came.
    p = np.where(sure, binom.sf(found["lately"] - 1, found["count"], share), np.nan)
    found = found.assign(worse=adjusted(p) <= level)
    found = found.join(_thickest(came, found.index[sure], span * DAY, until - since, level))
    found = found.assign(pattern=found["pattern"].fillna(""))
    order = np.lexsort((found.index.astype(str), -found["count"], found["p"], ~sure))
    return found.iloc[order].rename_axis(by)


def told(row: pd.Series[Any], days: float, *, lately: float = LATELY, span: float = SPAN) -> list[Phrase]:
    """What a row of `repeats` says, in sentences: how often, how soon again, in a burst or all along, worse or not.

    Parameters
    ----------
    row : pandas.Series
        Of `repeats`.
    days, lately, span : float
        The window, and what was given to `repeats`.

    Returns
    -------
    list of Phrase
        The first always; the others where there is something to say.

    Examples
    --------
    >>> row = pd.Series({"count": 9, "expected": 2.13, "every_days": 8.2, "again": np.nan, "pattern": "chronic",
    ...                  "most": 3, "worse": True, "lately": 6})
    >>> "; ".join(said.say("en") for said in told(row, 90))
    '9 times in 90 days, where 2.1 were to be expected; every 8 days; all the time; worse lately: 6 in the last 30 days'
    """
    said = [phrase("{count} times in {days} days, where {expected} were to be expected", count=int(row["count"]),
                   days=f"{days:g}", expected=f"{row['expected']:.1f}")]  # fmt: skip
    if row["every_days"] >= 1.5:
        said.append(phrase("every {days} days", days=f"{row['every_days']:.0f}"))
    if row["again"] > 0:
        said.append(phrase("{share} % came again after they were closed", share=f"{row['again'] * 100:.0f}"))
    if row["pattern"] == "burst":
        said.append(phrase("in a burst: {count} within {days} days", count=int(row["most"]), days=f"{span:g}"))
    elif row["pattern"]:
        said.append(phrase("all the time"))
    if row["worse"]:
        said.append(phrase("worse lately: {count} in the last {days} days", count=int(row["lately"]),
                           days=f"{lately:g}"))  # fmt: skip
    return said


def burst_p(most: int, count: int, share: float) -> float:
    r"""How often even times bring so many together (the scan statistic of Wallenstein and Neff).

    With :math:`k` times even over a window, the chance that some span, a share :math:`w` of it, holds :math:`m` or more
    is about :math:`(m/w - k - 1)\,b(m) + 2\,P(X \ge m)`, where :math:`X` is binomial of :math:`k` and :math:`w` and
    :math:`b` its probability; exactly so if :math:`m > k/2` and :math:`w \le 1/2`.

    Parameters
    ----------
    most : int
        :math:`m`, 1 to `count`.
    count : int
        :math:`k`.
    share : float
        :math:`w`, 0 to 1.

    Returns
    -------
    float
        0 to 1; 1 where a span is over half the window, as nothing can be said then.

    References
    ----------
    Wallenstein, S. and Neff, N. (1987). An approximation for the distribution of the scan statistic. Stat. Med. 6,
    197-207.

    Examples
    --------
    >>> round(burst_p(5, 8, 0.1), 4)  # five of eight in a tenth of the time
    0.0176
    """
    over = most / share - count - 1 if share > 0 else 0.0
    if share > 0.5 or over <= 0:
        return 1.0
    return float(min(over * binom.pmf(most, count, share) + 2 * binom.sf(most - 1, count, share), 1.0))


def _troubles(reports: pd.DataFrame, by: str, since: pd.Timestamp, until: pd.Timestamp, apart: float) -> pd.DataFrame:
    """What came in the window, by time: the thing, when, and when it was closed; what was told again counts once."""
    missing = [name for name in (by, "reported_at") if name not in reports]
    if missing:
        raise InputError(f"repeats need the columns {', '.join(missing)}")
    if since.tzinfo is None or until.tzinfo is None or not since < until:
        raise InputError(f"a window from {since} to {until}: give two moments with a time zone, the first one earlier")
    at, closed = _moments(reports, "reported_at"), _moments(reports, "closed_at")
    unsaid = int(at.isna().sum())
    if unsaid:
        raise InputError(f"{unsaid} of {len(at)} reports have no moment: leave them out first")
    came = pd.DataFrame({"thing": reports[by].to_numpy(), "at": at.to_numpy(), "closed": closed.to_numpy()})
    came = came.assign(at=came["at"].dt.tz_localize("UTC"), closed=came["closed"].dt.tz_localize("UTC"))
    inside = came["thing"].notna() & (came["at"] >= since) & (came["at"] < until)
    came = came[inside].sort_values("at", kind="stable", ignore_index=True)
    if apart <= 0:
        return came
    wait = came.groupby("thing", sort=False)["at"].diff()
    return came[~(wait <= pd.Timedelta(hours=apart))].reset_index(drop=True)


def _moments(reports: pd.DataFrame, name: str) -> pd.Series[Any]:
    if name not in reports:
        return pd.Series(pd.NaT, index=reports.index, dtype="datetime64[us]")
    given = reports[name]
    if not isinstance(given.dtype, pd.DatetimeTZDtype):
        raise InputError(f"{name} is to say its time zone: localise it, or read it as UTC")
    plain: pd.Series[Any] = given.dt.tz_convert("UTC").dt.tz_localize(None).dt.as_unit("us")
    return plain


def _things(things: pd.DataFrame | None, came: pd.DataFrame) -> pd.DataFrame:
    """Every thing with its kind and its exposure."""
    if things is None:
        things = pd.DataFrame(index=pd.Index(sorted(came["thing"].unique(), key=str), dtype=object))
    if not things.index.is_unique:
        raise InputError(f"{things.index[things.index.duplicated()][0]} comes twice among the things: give each once")
    exposure = things["exposure"].astype(np.float64) if "exposure" in things else pd.Series(1.0, index=things.index)
    if (exposure < 0).any():
        raise InputError("exposures are 0 or more: one is less")
    kind = things["kind"] if "kind" in things else pd.Series("", index=things.index, dtype=object)
    return pd.DataFrame({"kind": kind, "exposure": exposure.where(exposure > 0)})


def _counted(came: pd.DataFrame, known: pd.DataFrame, level: float, least: int) -> pd.DataFrame:
    """How often each thing came, how often it was to be expected, and whether chance explains it."""
    count = came["thing"].value_counts().reindex(known.index, fill_value=0).astype(np.int64)
    kind = known["kind"].to_numpy()
    exposed = known["exposure"].notna()
    total = count.where(exposed, 0).groupby(kind).transform("sum")
    share = (known["exposure"] / known["exposure"].groupby(kind).transform("sum")).clip(upper=1.0)
    p = pd.Series(binom.sf(count - 1, total, share), index=known.index)
    expected = total * share
    low, high = garwood(count, expected)
    found = pd.DataFrame({
        "kind": kind, "count": count, "expected": expected, "ratio": count / expected.where(expected > 0),
        "low": low, "high": high, "p": p, "repeats": (adjusted(p) <= level) & (count >= least),
    })  # fmt: skip
    return found if (known["kind"] != "").any() else found.drop(columns="kind")


def _gaps(came: pd.DataFrame) -> pd.DataFrame:
    """The median of the days from one report of a thing to the next."""
    wait = came.groupby("thing", sort=False)["at"].diff().dt.total_seconds() / DAY.total_seconds()
    return pd.DataFrame({"every_days": wait.groupby(came["thing"]).median()})


def _again(came: pd.DataFrame, until: pd.Timestamp, within: float) -> pd.DataFrame:
    """After how many of those closed early enough it came again, and how soon it came again at all."""
    ended = came.loc[came["closed"].notna() & (came["closed"] < until), ["thing", "closed"]]
    ended = ended.sort_values("closed", kind="stable")
    # What comes at the very moment of closing was reported before anybody could know.
    after = pd.merge_asof(ended, came[["thing", "at"]], left_on="closed", right_on="at", by="thing",
                          direction="forward", allow_exact_matches=False)  # fmt: skip
    days = (after["at"] - after["closed"]).dt.total_seconds() / DAY.total_seconds()
    seen = after["closed"] <= until - within * DAY
    return pd.DataFrame({
        "closed": seen.groupby(after["thing"]).sum(),
        "again": (days <= within)[seen].groupby(after["thing"][seen]).mean(),
        "again_days": days.groupby(after["thing"]).median(),
    })  # fmt: skip


def _thickest(
    came: pd.DataFrame, names: pd.Index[Any], span: pd.Timedelta, window: pd.Timedelta, level: float
) -> pd.DataFrame:
    """For things that repeat: the most within a span, when it began, and whether even times would bring as many."""
    begins, most, p = [], [], []
    moments = came.groupby("thing", sort=False)["at"]
    for name in names:
        at = moments.get_group(name)
        held = at.searchsorted(at + span, side="right") - np.arange(len(at))
        begins.append(at.iloc[int(np.argmax(held))])
        most.append(int(held.max()))
        p.append(burst_p(most[-1], len(at), span / window))
    pattern = np.where(adjusted(p) <= level, "burst", "chronic").astype(object)
    begun = pd.Series(begins, index=names, dtype=came["at"].dtype)
    return pd.DataFrame({"pattern": pattern, "most": most, "most_since": begun}, index=names)
