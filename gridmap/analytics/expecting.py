"""How many reports are to be expected of a grid in a part of a day, from those of the days before: a small model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridmap.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Off = Callable[[date], bool]
EPOCH: Final = date(1970, 1, 1)
A_DAY_H: Final = 24


def weekend(day: date) -> bool:
    """Whether a day is a Saturday or Sunday."""
    return day.weekday() >= 5


@dataclass(frozen=True, eq=False)
class Past:
    """Reports of n grids before a moment, a row each: grid, sort and part of the day by number, local day, age in days.

    `findable` says which count as what patrols find; `first` is the local day on which reports begin.
    """

    grid: Ints
    sort: Ints
    part: Ints
    day: Ints
    age: Floats
    findable: NDArray[np.bool_]
    first: int
    pools: Ints  # of each grid
    sorts: Sequence[Any]  # None for what has no name
    parts: int

    @classmethod
    def of(
        cls, reports: pd.DataFrame, grids: pd.DataFrame, until: pd.Timestamp, *, by: str, hours: int,
        findable: Sequence[str] | None, since: pd.Timestamp | None,
    ) -> Self:  # fmt: skip
        """The reports in these grids before a moment; the moment says in which zone days begin."""
        _check(reports, grids, until, by, hours, findable)
        rows = pd.Index(grids["code"].to_numpy(dtype=object)).get_indexer(pd.Index(reports[by].to_numpy(dtype=object)))
        begin = reports["reported_at"].min() if since is None else since
        within = (rows >= 0) & ((reports["reported_at"] < until) & (reports["reported_at"] >= begin)).to_numpy()
        if not within.any():
            raise InputError("no report lies in these grids before the moment: choose another tier, or a later moment")
        kept, rows = reports[within], rows[within].astype(np.int64)
        moments = kept["reported_at"].dt.tz_convert(until.tz)
        pools = _pools(grids)
        # Without categories, what is reported when is learnt from the neighbourhood.
        named = "category" in kept
        sort, sorts = pd.factorize(kept["category"] if named else pd.Series(pools[rows]), sort=True)
        found = np.ones(len(kept), bool) if findable is None else kept["source"].isin(list(findable)).to_numpy()
        return cls(
            rows, np.where(sort < 0, len(sorts), sort).astype(np.int64),
            (moments.dt.hour // hours).to_numpy(dtype=np.int64), _days(moments),
            ((until - moments) / pd.Timedelta(days=1)).to_numpy(dtype=np.float64), found,
            number(begin.tz_convert(until.tz).date()), pools, [*(sorts if named else [None] * len(sorts)), None],
            A_DAY_H // hours,
        )  # fmt: skip

    def before(self, day: int, until: int) -> Past:
        """The same reports as they were known when a day began; `until` is the day on which the moment lies."""
        known = self.day < day
        columns = {name: getattr(self, name)[known] for name in ("grid", "sort", "part", "day", "findable")}
        return replace(self, **columns, age=self.age[known] - (until - day))


@dataclass(frozen=True, eq=False)
class Expectation:
    """What is expected on a day: `rate` reports of a grid (gamma: `shape`, `scale`), and their `share` in each part.

    Of each sort (n, sorts) there is `mix`, and `told` (sorts, parts): how much of it comes in a part, and is findable.
    """

    shape: Floats
    scale: Floats
    mix: Floats
    told: Floats

    @property
    def rate(self) -> Floats:
        return self.shape * self.scale

    @property
    def share(self) -> Floats:
        """Of a usual day's reports, how many come in each part, and are findable: (n, parts)."""
        return np.asarray(self.mix @ self.told, dtype=np.float64)


def expectation(past: Past, day: int, until: float, half_life: float, off: Off) -> Expectation:
    """What the reports before a moment make one expect of a day; `until` is that moment in local days."""
    if not half_life > 0:
        raise InputError(f"half-life {half_life:g} days: above 0")
    length = until - past.first
    fade = np.exp2(-past.age / half_life)
    known = _faded(length, half_life)
    # Faded counts vary as if they came of so many days, and these were all counted whole; those in clumps, of fewer.
    clumps = _clumps(past)
    whole = known**2 / _faded(length, half_life / 2) / clumps
    n, sorts = len(past.pools), len(past.sorts)
    faded = np.bincount(past.grid * sorts + past.sort, fade * (whole / known), n * sorts)
    by_sort = np.asarray(faded.reshape(n, sorts), dtype=np.float64)
    shape, scale = _shrunk(by_sort.sum(axis=1), whole)
    kind, lengths = _kinds(past, until, off)
    cells = _hours(past, kind, lengths, clumps)
    chosen = int(off(dated(day)))
    told = cells[:, chosen] * (length / max(lengths[chosen], 1.0))
    return Expectation(shape, scale, _mixed(by_sort, past.pools), told * _findable(past)[:, None])


def drawn_to(counts: Floats, means: Floats) -> Floats:
    """Shares by row, drawn to those given the more the less is known (Dirichlet, its size by moments)."""
    of = counts.sum(axis=1)
    expected = of[:, None] * means
    squares = np.divide((counts - expected) ** 2, expected, out=np.zeros_like(counts), where=expected > 0).sum(axis=1)
    freedom = np.maximum((expected > 0).sum(axis=1) - 1, 0)
    many = of > 1
    room = float((freedom * (of - 1))[many].sum())
    alike = float((squares - freedom)[many].sum()) / room if room > 0 else 0.0
    if alike <= 0:
        return means
    size = 1 / min(alike, 1.0) - 1 + 1e-9
    return np.asarray((counts + size * means) / (of + size)[:, None], dtype=np.float64)


def number(day: date) -> int:
    """A day as days since 1970."""
    return (day - EPOCH).days


def dated(day: int) -> date:
    """The day of such a number."""
    return EPOCH + timedelta(days=day)


def _faded(length: float, half_life: float) -> float:
    return float(half_life / np.log(2) * (1 - np.exp2(-length / half_life)))


def _days(moments: pd.Series[Any]) -> Ints:
    local = moments.dt.tz_localize(None).dt.normalize()
    return np.asarray((local - pd.Timestamp(EPOCH)) // pd.Timedelta(days=1), dtype=np.int64)


def _clumps(past: Past) -> float:
    """How many reports come at once, on average of reports: more of a day in one grid than days and grids explain."""
    total = len(past.grid)
    if total < 2:
        return 1.0
    together = np.unique(past.grid * (past.day.max() + 1) + past.day, return_counts=True)[1]
    of_grid, of_day = np.bincount(past.grid), np.bincount(past.day - past.day.min())
    seen, grids, days = (float((counts * (counts - 1.0)).sum()) for counts in (together, of_grid, of_day))
    return max(1.0, 1 + (seen - grids * days / (total * (total - 1.0))) / total)


def _shrunk(counted: Floats, length: float) -> tuple[Floats, Floats]:
    """The gamma distributions of daily rates after what was counted in so many days (Clayton and Kaldor 1987)."""
    mean = counted.mean() / length
    between = float(((counted / length - mean) ** 2).mean() - mean / length)
    if between <= 0 or mean == 0:
        return np.full(len(counted), counted.sum() + 0.5), np.full(len(counted), 1 / (len(counted) * length))
    return counted + mean**2 / between, np.full(len(counted), 1 / (length + mean / between))


def _kinds(past: Past, until: float, off: Off) -> tuple[Ints, Floats]:
    """Whether each report came on a day off, and how many days there were of both kinds."""
    last = int(np.ceil(until))
    free = np.array([off(dated(day)) for day in range(past.first, last)], dtype=np.int64)
    lasted = np.minimum(until - np.arange(past.first, last), 1.0)
    return free[past.day - past.first], np.asarray(np.bincount(free, lasted, 2), dtype=np.float64)


def _hours(past: Past, kind: Ints, lengths: Floats, clumps: float) -> Floats:
    """How the reports of each sort are spread over kinds of days and parts of them: (sorts, 2, parts)."""
    sorts, cells = len(past.sorts), 2 * past.parts
    counted = np.bincount((past.sort * 2 + kind) * past.parts + past.part, minlength=sorts * cells)
    table = counted.reshape(sorts, cells) / clumps
    # One more, spread evenly: nothing is impossible because it has not been seen.
    even = np.repeat(lengths / lengths.sum() / past.parts, past.parts)
    every = (table.sum(axis=0) + even) / (table.sum() + 1)
    return drawn_to(table, np.tile(every, (sorts, 1))).reshape(sorts, 2, past.parts)


def _mixed(by_sort: Floats, pools: Ints) -> Floats:
    """What the reports of a grid are about: as in its neighbourhood, and that as everywhere, where little is known."""
    every = by_sort.sum(axis=0) / max(float(by_sort.sum()), 1e-300)
    together = np.zeros((int(pools.max()) + 1, by_sort.shape[1]))
    np.add.at(together, pools, by_sort)
    near = drawn_to(together, np.tile(every, (len(together), 1)))
    return drawn_to(by_sort, near[pools])


def _findable(past: Past) -> Floats:
    """What share of each sort patrols find."""
    found = np.bincount(past.sort, past.findable, len(past.sorts))
    of = np.bincount(past.sort, minlength=len(past.sorts)).astype(np.float64)
    mean = found.sum() / max(float(of.sum()), 1.0)
    pair = np.column_stack([found, of - found])
    return np.asarray(drawn_to(pair, np.tile([mean, 1 - mean], (len(pair), 1)))[:, 0], dtype=np.float64)


def _pools(grids: pd.DataFrame) -> Ints:
    """The neighbourhoods that share what is known, by number: the parent, or all."""
    if "parent" not in grids:
        return np.zeros(len(grids), dtype=np.int64)
    numbers = pd.factorize(grids["parent"])[0]
    return np.where(numbers < 0, numbers.max(initial=-1) + 1, numbers).astype(np.int64)


def _check(
    reports: pd.DataFrame, grids: pd.DataFrame, until: pd.Timestamp, by: str, hours: int, findable: Sequence[str] | None
) -> None:
    needed = {by, "reported_at", *(["source"] if findable is not None else [])}
    missing = sorted(needed - set(reports.columns))
    if missing:
        raise InputError(f"the reports have no {', '.join(missing)}: give that column, or the name of another")
    if grids["code"].duplicated().any():
        twice = grids["code"][grids["code"].duplicated()].iloc[0]
        raise InputError(f"grid {twice} comes twice: suggest in one tier at a time")
    if until.tz is None:
        raise InputError("the moment has no time zone: give it that of the site, by which its days begin")
    if hours not in (1, 2, 3, 4, 6, 8, 12, 24):
        raise InputError(f"parts of {hours} hours do not fill a day: choose 1, 2, 3, 4, 6, 8, 12 or 24")
