"""Where, and when, there is more than chance explains, of any size: Kulldorff's scan statistic."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from gridmap.analytics.cases import by_period, of_margins, of_population, sorts, whole
from gridmap.analytics.replicas import Trial, by_expectation, by_permutation
from gridmap.analytics.scanned import LEVEL, Cluster, Scan, apart, cells_table, clusters_table
from gridmap.analytics.windows import Circles, circles, spans
from gridmap.errors import InputError

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Look = Literal["high", "low", "both"]
SIDES: Final[dict[str, tuple[int, ...]]] = {"high": (1,), "low": (-1,), "both": (1, -1)}


@dataclass(frozen=True, eq=False)
class _Asked:
    """What was chosen, and what is drawn from."""

    model: str
    random: np.random.Generator
    most: float
    metres: float | None
    look: Look
    least: int
    clusters: int
    replicas: int
    centres: gpd.GeoDataFrame | None
    longest: int | None = None
    prospective: bool = False
    iterative: bool = False

    def __post_init__(self) -> None:
        if self.look not in SIDES:
            raise InputError(f"look {self.look!r}: choose one of {', '.join(SIDES)}")
        if self.replicas < 1:
            raise InputError(f"{self.replicas} replicas: a scan needs at least 1, as 999")

    def circles(self, grids: gpd.GeoDataFrame, sizes: Floats, *given: Any) -> Circles:
        """The circles, if what was given is of these grids."""
        found = circles(grids, sizes, most=self.most, metres=self.metres, centres=self.centres)
        for frame in given:
            if isinstance(frame, (pd.Series, pd.DataFrame)) and not frame.index.equals(found.codes):
                raise InputError("the counts are of other grids than the shapes, or in another order: reindex them")
        return found

    def apart(self, trial: Trial) -> tuple[list[Cluster], Floats]:
        """The clusters, none with a grid of those before, and the maxima of the replicas they are held against."""
        return apart(trial, SIDES[self.look], self.least, self.clusters, self.replicas)


@dataclass(frozen=True, eq=False)
class _Table:
    """What was counted and expected by grid and period, and what is scanned of it."""

    counted: Longs
    expected: Floats
    trial: Trial


def scan(
    cases: ArrayLike,
    population: ArrayLike,
    grids: gpd.GeoDataFrame,
    *,
    random: np.random.Generator,
    most: float = 0.5,
    metres: float | None = None,
    look: Look = "high",
    least: int = 2,
    clusters: int = 10,
    replicas: int = 999,
    centres: gpd.GeoDataFrame | None = None,
    iterative: bool = False,
) -> Scan:
    r"""Circles in which more (or less) was counted than the population explains: Poisson, purely spatial.

    Of C cases, c lie in a circle in which e are expected. Its log likelihood ratio is

    .. math:: \log\Lambda = c \log\frac{c}{e} + (C - c) \log\frac{C - c}{C - e}

    where :math:`c > e` (or :math:`c < e`, for low ones), else 0. The circle with the largest one is the most likely
    cluster; the next are those with the largest among circles that share no grid with those before. A replica lets all
    cases fall anew by the population, and :math:`p = (1 + r)/(1 + R)` if r of R replicas have a circle with as much: so
    p holds for all circles looked at, of all places and sizes, and needs no correction.

    Parameters
    ----------
    cases : array_like of whole numbers, shape (n,)
        In the order of the grids; a Series has to be by their codes.
    population : array_like, shape (n,)
        Who could be a case, or how many are expected, in any unit; 0 where nobody is.
    grids : geopandas.GeoDataFrame, n rows
        Shapes or points in degrees, or in a system of metres; `code` names them, else the index does.
    random : numpy.random.Generator
        What is drawn from.
    most : float
        The largest share of the population in a circle.
    metres : float, optional
        The largest radius of a circle.
    look : {"high", "low", "both"}
        For more than expected, for less, or for either.
    least : int
        How many cases a cluster of more has to have.
    clusters : int
        How many are listed, likely or not.
    replicas : int
        How many; p can be as small as 1 / (1 + replicas).
    centres : geopandas.GeoDataFrame, optional
        What circles are drawn about, named as the grids are; without any, the middles of the grids.
    iterative : bool
        Look for each further cluster as if those before were not there, cases and population, with replicas of its own,
        until p is above 0.05.

    Returns
    -------
    Scan
        Without clusters where nowhere are more cases than expected.

    Raises
    ------
    InputError
        If numbers are missing, below 0 or not as many as the grids, cases are not whole or lie where nobody is, or no
        circle is small enough.

    Notes
    -----
    Figures are those of SaTScan; its secondary clusters are chosen among the best of every centre, these among all
    circles. Grids that are equally far from a centre join a circle together.

    References
    ----------
    Kulldorff, M. (1997). A spatial scan statistic. Commun. Stat. Theory Methods 26, 1481-1496. Zhang, Z., Assuncao, R.
    and Kulldorff, M. (2010). Spatial scan statistics adjusted for multiple clusters. J. Probab. Stat., 642379. Abrams,
    A. M., Kleinman, K. and Kulldorff, M. (2010). Gumbel based p-value approximations. Int. J. Health Geogr. 9, 61.

    Examples
    --------
    >>> import shapely
    >>> board = gpd.GeoDataFrame(geometry=[shapely.Point(100 * x, 100 * y) for y in range(6) for x in range(6)])
    >>> counts = np.full(36, 2); counts[[0, 1, 6, 7]] = 9
    >>> found = scan(counts, np.full(36, 50), board, random=np.random.default_rng(7))
    >>> found.clusters[["centre", "codes", "observed", "expected", "p"]].round(3).values.tolist()[0]
    [0, (0, 1, 6, 7), 36, 11.111, 0.001]
    """
    asked = _Asked("poisson", random, most, metres, look, least, clusters, replicas, centres, 1, iterative=iterative)
    people = by_period(population, counted := whole(cases, len(grids), 1))
    table = _poisson(asked, grids, counted, people, sorts(None, 1), cases, population)
    found = _in_turn(asked, grids, table, people) if iterative else asked.apart(table.trial)
    return _told(asked, table, *found, None)


def scan_cylinders(
    cases: pd.DataFrame,
    population: ArrayLike,
    grids: gpd.GeoDataFrame,
    *,
    random: np.random.Generator,
    kinds: ArrayLike | None = None,
    longest: int | None = None,
    prospective: bool = False,
    most: float = 0.5,
    metres: float | None = None,
    look: Look = "high",
    least: int = 2,
    clusters: int = 10,
    replicas: int = 999,
    centres: gpd.GeoDataFrame | None = None,
) -> Scan:
    """Circles and spans of periods in which more was counted than the population explains: Poisson, in space and time.

    As `scan`, of cylinders: a circle for its base, a span of periods for its height. What is expected is the population
    of grid and period times the rate of all, or of all periods of the kind.

    Parameters
    ----------
    cases : pandas.DataFrame of whole numbers, n rows, t columns
        By grid and period in order of time, as `trends.cube` gives it; columns that are moments begin their periods.
    population : array_like, shape (n,) or (n, t)
        Who could be a case, of all periods alike or period by period, in any unit.
    grids : geopandas.GeoDataFrame, n rows
        As for `scan`.
    random : numpy.random.Generator
        What is drawn from.
    kinds : array_like, shape (t,), optional
        The kind of each period, as its weekday: what all periods of a kind have more or less of is no cluster. A kind
        for each period takes out all that is common to all grids.
    longest : int, optional
        How many periods a cylinder lasts at most; half of them, if nothing is said.
    prospective : bool
        Only cylinders that last up to the last period: what is going on now, for alerts.
    most, metres, look, least, clusters, replicas, centres
        As for `scan`; the share is of all periods together.

    Returns
    -------
    Scan
        With `since`, `until` (the end of the last period; of columns that are no moments, the last one itself) and
        `periods`; prospective with `recurrence_days` (columns that are no moments are taken for days).

    Raises
    ------
    InputError
        As `scan`; or if the kinds or the longest do not fit the periods.

    References
    ----------
    Kulldorff, M. (2001). Prospective time periodic geographical disease surveillance using a scan statistic. JRSS A
    164, 61-72.

    Examples
    --------
    >>> import shapely
    >>> board = gpd.GeoDataFrame(geometry=[shapely.Point(100 * x, 100 * y) for y in range(4) for x in range(4)])
    >>> weeks = pd.date_range("2026-03-02", periods=8, freq="7D", tz="UTC")
    >>> counts = pd.DataFrame(np.full((16, 8), 2), columns=weeks); counts.iloc[[0, 1, 4], 6:] = 9
    >>> found = scan_cylinders(counts, np.ones(16), board, prospective=True, random=np.random.default_rng(7))
    >>> first = found.clusters.iloc[0]
    >>> first["codes"], str(first["since"].date()), str(first["until"].date()), round(first["recurrence_days"])
    ((0, 1, 4), '2026-04-13', '2026-04-27', 7000)
    """
    asked = _Asked("poisson", random, most, metres, look, least, clusters, replicas, centres, longest, prospective)
    counted = whole(cases, len(grids), 2)
    people, by_kind = by_period(population, counted), sorts(kinds, counted.shape[1])
    table = _poisson(asked, grids, counted, people, by_kind, cases, population)
    return _told(asked, table, *asked.apart(table.trial), cases.columns)


def scan_permuted(
    cases: pd.DataFrame,
    grids: gpd.GeoDataFrame,
    *,
    random: np.random.Generator,
    kinds: ArrayLike | None = None,
    longest: int | None = None,
    prospective: bool = False,
    most: float = 0.5,
    metres: float | None = None,
    look: Look = "high",
    least: int = 2,
    clusters: int = 10,
    replicas: int = 999,
    centres: gpd.GeoDataFrame | None = None,
) -> Scan:
    r"""Circles and spans of periods with more cases than those of the grids and of the periods explain: no population.

    Of C cases, :math:`C_i` lie in grid i and :math:`C_t` in period t. If place and time had nothing to do with one
    another, :math:`C_i C_t / C` would be expected in both: so a grid that always has much, and a day on which everybody
    reports, are no cluster. A replica lets the cases keep their grids and change their periods among one another.

    Parameters
    ----------
    cases : pandas.DataFrame of whole numbers, n rows, t columns
        By grid and period in order of time, as `trends.cube` gives it; columns that are moments begin their periods.
    grids : geopandas.GeoDataFrame, n rows
        As for `scan`.
    random : numpy.random.Generator
        What is drawn from.
    kinds : array_like, shape (t,), optional
        The kind of each period, as its weekday: periods are changed within a kind alone, so a grid whose cases come on
        weekends is no cluster on every weekend.
    longest, prospective, most, metres, look, least, clusters, replicas, centres
        As for `scan_cylinders`; the share is of the cases.

    Returns
    -------
    Scan
        As `scan_cylinders` gives it, and with its errors.

    Notes
    -----
    The ratio is that of the Poisson model, as Kulldorff and others take it: p does not rest on its distribution. A
    cluster that lasts through all periods cannot be seen.

    References
    ----------
    Kulldorff, M., Heffernan, R., Hartman, J., Assuncao, R. and Mostashari, F. (2005). A space-time permutation scan
    statistic for disease outbreak detection. PLoS Med. 2, e59.

    Examples
    --------
    >>> import shapely
    >>> board = gpd.GeoDataFrame(geometry=[shapely.Point(100 * x, 100 * y) for y in range(4) for x in range(4)])
    >>> counts = pd.DataFrame(np.full((16, 10), 2)); counts.iloc[15] = 20; counts.iloc[[0, 1, 4], 8:] = 9
    >>> found = scan_permuted(counts, board, prospective=True, random=np.random.default_rng(7))
    >>> found.clusters[["codes", "since", "until", "p", "recurrence_days"]].values.tolist()[0]
    [(0, 1, 4), 8, 9, 0.001, 1000.0]
    """
    asked = _Asked("permutation", random, most, metres, look, least, clusters, replicas, centres, longest, prospective)
    counted = whole(cases, len(grids), 2)
    windows, by_kind = spans(counted.shape[1], longest, prospective=prospective), sorts(kinds, counted.shape[1])
    expected = of_margins(counted, by_kind)
    found = asked.circles(grids, counted.sum(axis=1).astype(np.float64), cases)
    draw = by_permutation(counted, by_kind, windows.skipped, random)
    table = _Table(counted, expected, Trial.of(found, windows, counted, expected, draw))
    return _told(asked, table, *asked.apart(table.trial), cases.columns)


def _poisson(
    asked: _Asked, grids: gpd.GeoDataFrame, counted: Longs, people: Floats, by_kind: Longs, *given: Any
) -> _Table:
    """What is scanned if the population explains what is expected."""
    windows = spans(counted.shape[1], asked.longest, prospective=asked.prospective)
    found = asked.circles(grids, people.sum(axis=1), *given)
    empty = ((counted > 0) & (people <= 0)).any(axis=1)
    if empty.any():
        raise InputError(f"grid {found.codes[int(empty.argmax())]} has cases where nobody is: give it a population")
    expected = of_population(counted, people, by_kind)
    draw = by_expectation(expected, int(counted.sum()), windows.skipped, asked.random)
    return _Table(counted, expected, Trial.of(found, windows, counted, expected, draw))


def _in_turn(asked: _Asked, grids: gpd.GeoDataFrame, table: _Table, people: Floats) -> tuple[list[Cluster], Floats]:
    """Cluster after cluster among what those before have left, each held against replicas of its own."""
    one = replace(asked, clusters=min(asked.clusters, 1))
    found, replicas = one.apart(table.trial)
    left = np.ones((len(grids), 1), dtype=np.bool_)
    while 0 < len(found) < asked.clusters and found[-1].p <= LEVEL:
        left[found[-1].grids] = False
        rest = _poisson(one, grids, table.counted * left, people * left, np.zeros(1, np.int64))
        further, _ = one.apart(rest.trial)
        if not further:
            break
        held = further[0].grids
        found.append(replace(further[0], grids=held[left[held, 0]]))
    return found, replicas


def _told(asked: _Asked, table: _Table, found: list[Cluster], replicas: Floats, labels: pd.Index[Any] | None) -> Scan:
    trial = table.trial
    settings = {
        "model": asked.model, "look": asked.look, "most": asked.most, "metres": asked.metres, "least": asked.least,
        "replicas": asked.replicas, "iterative": asked.iterative, "cases": trial.total, "circles": trial.circles.count,
        "windows": trial.circles.count * len(trial.spans.starts),
    }  # fmt: skip
    if labels is not None:
        settings |= {"prospective": asked.prospective, "periods": len(labels), "longest": trial.spans.longest}
    clusters = clusters_table(found, labels, prospective=asked.prospective)
    cells = cells_table(found, trial.circles.codes, table.counted, table.expected)
    return Scan(clusters, cells, replicas, MappingProxyType(settings))
