"""Whether trouble brings trouble nearby: near repeats, by distance and time, against what chance would bring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridmap.analytics.events import SECOND, Ints, laid_out, ticks
from gridmap.analytics.kernels.near_repeats import close
from gridmap.analytics.projection import Floats, Points
from gridmap.analytics.significance import adjusted
from gridmap.errors import InputError
from gridmap.language import Phrase, phrase

METRES: Final = (50.0, 100.0, 200.0, 300.0)
DAYS: Final = (1.0, 7.0, 14.0, 28.0)
DRAWS: Final = 999
LEVEL: Final = 0.05
# Fewer pairs than these are an anecdote.
LEAST: Final = 5
SAME: Final = 0.01  # metres, within which two are at one place
A_DAY: Final = 86_400  # seconds
LONGEST: Final = 2**31 - 1  # seconds
# Orders of the times that are gone through together: what is worked on stays near the processor.
BLOCK: Final = 64
COLUMNS: Final = (
    "metres_from", "metres", "days_from", "days", "observed", "expected", "ratio", "p", "sure",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class NearRepeats:
    """Pairs by how far apart they are in space and in time, against what chance would bring.

    `table` has a row for each band of distance and of time: `metres_from` and `metres`, `days_from` and `days` (beyond
    the first, up to and with the second; 0 and 0 m is one place), `observed` and `expected` pairs, their `ratio`, `p`,
    and `sure`. `count` is how many points there were, `draws` how often their times were put in another order.
    """

    table: pd.DataFrame
    count: int
    draws: int

    def reading(self) -> list[Phrase]:
        """What is sure, in sentences, the nearest first."""
        return [_said(row) for row in self.table[self.table["sure"]].to_dict("records")]


def knox(
    points: Points,
    moments: pd.Series[Any],
    *,
    random: np.random.Generator,
    metres: Sequence[float] = METRES,
    days: Sequence[float] = DAYS,
    draws: int = DRAWS,
    level: float = LEVEL,
    least: int = LEAST,
) -> NearRepeats:
    r"""How many times as likely another is close by and soon after as if place and time had nothing to do (Knox).

    Pairs are counted in bands of distance (one place, then as given) and of time. If places and times had nothing to do
    with one another, any order of the times would be as likely as any other; over all orders, a cell has
    :math:`S_d T_t / \binom n2` pairs on average, :math:`S_d` being the pairs in the band of distance and :math:`T_t`
    those in the band of time. The ratio is of the observed to that; p is :math:`(1 + g)/(1 + \text{draws})`, :math:`g`
    of the drawn orders having as many pairs or more (one-sided). Cells are corrected together (Benjamini-Hochberg). A
    place that always has much, and a day on which everybody reports, are no near repeat.

    Parameters
    ----------
    points : GeoDataFrame, GeoSeries, DataFrame with lon and lat, or ndarray of float64, shape (n, 2)
        Degrees, a system of metres, or bare metres; of one sort of trouble.
    moments : pandas.Series of aware datetimes, n rows
        When each was, in the order of the points; waits are told apart to the second.
    random : numpy.random.Generator
        What orders are drawn from: nothing else is.
    metres, days : sequence of float
        The ends of the bands, upwards.
    draws : int
        Orders drawn. The work is draws times pairs within the last distance: a million pairs take 999 about a second.
    level : float
        How many of the cells that are sure may be so by chance, on average.
    least : int
        How many pairs a cell has to have to be sure.

    Returns
    -------
    NearRepeats
        With a row for each pair of bands.

    Raises
    ------
    InputError
        If there are less than two points, a place or moment is missing, bands are no rising numbers above 0, or there
        are no draws.

    References
    ----------
    Knox, E. G. (1964). The detection of space-time interactions. Appl. Stat. 13, 25-30. Ratcliffe, J. H. and Rengert,
    G. F. (2008). Near-repeat patterns in Philadelphia shootings. Security J. 21, 58-76.

    Examples
    --------
    >>> random = np.random.default_rng(1)
    >>> homes = random.random((100, 2)) * 2000
    >>> leaks = np.concatenate([homes, homes[:40] + 30])
    >>> first = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(random.random(100) * 365, unit="D")
    >>> when = pd.Series([*first, *(first[:40] + pd.Timedelta(days=3))])
    >>> found = knox(leaks, when, random=random, metres=[100, 400], days=[7, 30])
    >>> found.table.loc[found.table["sure"], ["metres", "days", "observed"]].values.tolist()
    [[100.0, 7.0, 44.0]]
    >>> found.reading()[0].say("en")
    'up to 100 m away, within 7 days: another is 10.1 times as likely as by chance (44 pairs, 4.4 expected)'
    """
    places = laid_out(points).metres
    when = ticks(moments, len(places)) // SECOND
    near, late = _ends(metres, "metres"), _ends(days, "days")
    if len(when) < 2 or draws < 1:
        raise InputError(f"{len(when)} points and {draws} draws show no near repeat: give 2 points and 1 draw or more")
    if when.max() > LONGEST or late[-1] * A_DAY > LONGEST:
        raise InputError("moments lie more than 68 years apart: is one of them wrong?")
    spans = np.floor(late * A_DAY + 1e-6).astype(np.int32)
    pairs, counted = _counted(places, when, near, spans, draws, random)
    among = np.diff(_within(when, spans), prepend=0)
    expected = np.outer(pairs, among) / (len(when) * (len(when) - 1) / 2)
    observed, drawn = counted[..., 0], counted[..., 1:]
    p = (1 + (drawn >= observed[..., None]).sum(axis=-1)) / (1 + draws)
    return NearRepeats(_table(near, late, observed, expected, p, level, least), len(when), draws)


def _ends(given: Sequence[float], name: str) -> Floats:
    ends = np.asarray(given, dtype=np.float64)
    if not ends.size or not np.isfinite(ends).all() or ends[0] <= 0 or (np.diff(ends) <= 0).any():
        raise InputError(f"bands end at {name} that rise from above 0, as 50, 100, 200: give such")
    return ends


def _counted(
    places: Floats, when: Ints, near: Floats, spans: NDArray[np.int32], draws: int, random: np.random.Generator
) -> tuple[Ints, Ints]:
    """Pairs in each band of distance, and how many in each band of time: first as observed, then order by order."""
    reach = float(near[-1])
    squares = np.concatenate([[SAME], near * (1 + 1e-12)]) ** 2
    row = np.floor((places[:, 1] - places[:, 1].min()) / (reach * (1 + 1e-9))).astype(np.int64)
    # Draws are of times sorted by place, so that the order in which points are given changes nothing.
    order = np.lexsort((when, places[:, 1], places[:, 0], row))
    x, y = places[order].T.copy()
    times, parts = when[order].astype(np.int32), []
    for begin in range(0, draws + 1, BLOCK):
        block = np.tile(times, (min(BLOCK, draws + 1 - begin), 1))
        random.permuted(block[not begin :], axis=1, out=block[not begin :])
        pairs, found = close(x, y, row[order], reach * (1 + 1e-9), squares, np.ascontiguousarray(block.T), spans)
        parts.append(np.diff(found.astype(np.int64), axis=1, prepend=0))
    return pairs, np.concatenate(parts, axis=-1)


def _within(when: Ints, spans: NDArray[np.int32]) -> Ints:
    """How many pairs of all lie within each span of time."""
    ranked = np.sort(when)
    after = np.arange(1, len(ranked) + 1)
    return np.array([(np.searchsorted(ranked, ranked + span, side="right") - after).sum() for span in spans.tolist()])


def _table(
    near: Floats, late: Floats, observed: Ints, expected: Floats, p: Floats, level: float, least: int
) -> pd.DataFrame:
    far = np.concatenate([[0.0], near])
    bands = [np.repeat(np.concatenate([[0.0], far[:-1]]), len(late)), np.repeat(far, len(late)),
             np.tile(np.concatenate([[0.0], late[:-1]]), len(far)), np.tile(late, len(far))]  # fmt: skip
    some = np.where(expected > 0, expected, np.nan)
    # A cell in which no order could bring a pair is not asked.
    sure = (adjusted(np.where(expected > 0, p, np.nan).ravel()) <= level) & (observed.ravel() >= least)
    columns = [*bands, *(part.ravel() for part in (observed, expected, observed / some, p, sure))]
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))


def _said(row: dict[Any, Any]) -> Phrase:
    metres, days = {name: f"{row[name]:g}" for name in ("metres_from", "metres")}, f"{row['days']:g}"
    where = phrase("{metres_from} to {metres} m away", **metres)
    if row["metres_from"] == 0:
        where = phrase("up to {metres} m away", metres=metres["metres"])
    if row["metres"] == 0:
        where = phrase("at the same place")
    when = phrase("{days_from} to {days} days later", days_from=f"{row['days_from']:g}", days=days)
    if row["days_from"] == 0:
        when = phrase("within a day") if days == "1" else phrase("within {days} days", days=days)
    return phrase(
        "{where}, {when}: another is {ratio} times as likely as by chance ({pairs} pairs, {expected} expected)",
        where=where, when=when, ratio=f"{row['ratio']:.1f}", pairs=int(row["observed"]),
        expected=f"{row['expected']:.1f}",
    )  # fmt: skip
