"""The windows of a scan: circles of all sizes about every place, and spans of periods that make cylinders of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridmap.analytics.weights import middles
from gridmap.errors import InputError

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
# Distances and shares that differ by rounding alone are equal.
ROUNDING: Final = 1e-9
# Distances that are looked at together.
BLOCK: Final = 1 << 21


@dataclass(frozen=True, eq=False)
class Circles:
    """The circles about some centres, each as the grids whose middles it holds.

    Parameters
    ----------
    codes, centres : pandas.Index
        The grids, and the centres.
    first : ndarray of int64, shape (centres + 1,)
        `members[first[i]:first[i + 1]]` are those of centre i, the nearest first.
    members : ndarray of int32
        Grids by their place in `codes`.
    closes : ndarray of bool
        Whether a circle ends with this member: not in the middle of those that are equally far.
    radii : ndarray of float64
        How far each member is from its centre, in metres.

    Examples
    --------
    >>> import shapely
    >>> line = gpd.GeoDataFrame({"code": list("ABCD")}, geometry=[shapely.Point(x, 0) for x in (0, 1, 2, 3)])
    >>> found = circles(line, np.ones(4), most=0.8)
    >>> found.held(0, 2), found.held(1, 2), found.count
    (['A', 'B', 'C'], ['B', 'A', 'C'], 10)
    """

    codes: pd.Index[Any]
    centres: pd.Index[Any]
    first: Longs
    members: NDArray[np.int32]
    closes: NDArray[np.bool_]
    radii: Floats

    @property
    def count(self) -> int:
        """How many there are."""
        return int(self.closes.sum())

    def held(self, centre: int, last: int) -> list[Any]:
        """The codes of what the circle about a centre holds up to its member of that rank."""
        return list(self.codes[self.members[self.first[centre] :][: last + 1]])


def circles(
    grids: gpd.GeoDataFrame,
    sizes: Floats,
    *,
    most: float = 0.5,
    metres: float | None = None,
    centres: gpd.GeoDataFrame | None = None,
) -> Circles:
    """Circles about every centre, from one grid up to a share of all that live there.

    A circle holds all grids whose middles lie within its radius, so grids that are equally far join it together, and
    several at one place are never parted.

    Parameters
    ----------
    grids : geopandas.GeoDataFrame, n rows
        Shapes or points in degrees, or in a system of metres; `code` names them, else the index does.
    sizes : ndarray of float64, shape (n,)
        What the share is of: population, or cases.
    most : float
        The largest share in a circle, above 0 and at most 1.
    metres : float, optional
        The largest radius.
    centres : geopandas.GeoDataFrame, optional
        Where circles are drawn about; without any, about the middle of every grid.

    Returns
    -------
    Circles
        Without those that hold too much.

    Raises
    ------
    InputError
        If two grids have one code, the share or the radius cannot be, or no circle is small enough.

    Examples
    --------
    >>> import shapely
    >>> board = gpd.GeoDataFrame(geometry=[shapely.Point(x, y) for y in range(3) for x in range(3)])
    >>> found = circles(board, np.ones(9), most=0.6, metres=1.0)
    >>> [found.held(4, last) for last in np.flatnonzero(found.closes[found.first[4] : found.first[5]]).tolist()]
    [[4], [4, 1, 3, 5, 7]]
    """
    if not 0 < most <= 1:
        raise InputError(f"circles of up to {most} of all: give a share above 0 and at most 1, as 0.5")
    if metres is not None and not metres >= 0:
        raise InputError(f"circles of up to {metres} m: give metres, 0 or more")
    codes, names = _named(grids), _named(grids if centres is None else centres)
    places, about = _laid_out(grids, centres)
    rows, limit = max(BLOCK // len(places), 1), np.inf if metres is None else metres
    parts = [_about(about[row : row + rows], places, sizes, most, limit) for row in range(0, len(about), rows)]
    counts, members, closes, radii = (np.concatenate(column) for column in zip(*parts, strict=True))
    if not closes.any():
        raise InputError(f"no circle holds at most {most:.0%} of all: raise the share, or use smaller grids")
    return Circles(codes, names, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), members, closes, radii)


def _named(grids: gpd.GeoDataFrame) -> pd.Index[Any]:
    ids = pd.Index(grids["code"], name="code") if "code" in grids else grids.index
    if not ids.is_unique:
        raise InputError(f"two grids are called {ids[ids.duplicated()][0]}: give grids of one tier, each once")
    if not len(ids):
        raise InputError("there is no grid to look at: give at least two")
    return ids


def _laid_out(grids: gpd.GeoDataFrame, centres: gpd.GeoDataFrame | None) -> tuple[Floats, Floats]:
    """Both in metres, in one layout."""
    if (grids.geometry.isna() | grids.geometry.is_empty).any():
        raise InputError("a grid has no shape: give one, or leave it out with its cases")
    if centres is None:
        places = middles(grids)
        return places, places
    if centres.crs != grids.crs:
        raise InputError(f"centres in {centres.crs} and grids in {grids.crs}: bring them to one system")
    both = middles(gpd.GeoDataFrame(geometry=pd.concat([grids.geometry, centres.geometry], ignore_index=True)))
    return both[: len(grids)], both[len(grids) :]


def _about(about: Floats, places: Floats, sizes: Floats, most: float, metres: float) -> tuple[Any, ...]:
    """For some centres: how many members each has, who they are, where circles close, and how far it is."""
    apart = np.hypot(*(about[:, None, :] - places[None, :, :]).transpose(2, 0, 1))
    order = np.argsort(apart, axis=1, kind="stable")
    apart = np.take_along_axis(apart, order, axis=1)
    slack = ROUNDING * max(float(apart.max()), 1e-300)
    within = np.cumsum(sizes[order], axis=1) <= most * sizes.sum() * (1 + ROUNDING)
    ends = np.ones(apart.shape, dtype=np.bool_)
    ends[:, :-1] = np.diff(apart, axis=1) > slack
    closes = ends & within & (apart <= metres * (1 + ROUNDING))
    counts = np.where(closes.any(axis=1), closes.shape[1] - closes[:, ::-1].argmax(axis=1), 0)
    kept = np.arange(closes.shape[1]) < counts[:, None]
    return counts, order[kept].astype(np.int32), closes[kept], apart[kept]


@dataclass(frozen=True, eq=False)
class Spans:
    """Spans of up to `longest` periods, as steps between them: before the first that any holds, some are `skipped`."""

    starts: Longs
    stops: Longs
    skipped: int
    longest: int


def spans(periods: int, longest: int | None = None, *, prospective: bool = False) -> Spans:
    """All spans of up to so many periods, or those alone that last up to the end.

    Parameters
    ----------
    periods : int
        How many there are.
    longest : int, optional
        In periods; half of them, if nothing is said.
    prospective : bool
        Only spans with the last period.

    Returns
    -------
    Spans
        In order of their start, the shortest first.

    Raises
    ------
    InputError
        If the longest is no period, or more than there are.

    Examples
    --------
    >>> found = spans(10, 3, prospective=True)
    >>> found.skipped, found.starts.tolist(), found.stops.tolist()
    (7, [0, 1, 2], [3, 3, 3])
    >>> len(spans(4).starts)
    7
    """
    most = max(periods // 2, 1) if longest is None else longest
    if not 1 <= most <= periods:
        raise InputError(f"spans of up to {most} of {periods} periods: choose 1 to {periods}")
    if prospective:
        return Spans(np.arange(most), np.full(most, most), periods - most, most)
    starts, lengths = (axis.ravel() for axis in np.mgrid[:periods, 1 : most + 1])
    within = starts + lengths <= periods
    return Spans(starts[within].astype(np.int64), (starts + lengths)[within].astype(np.int64), 0, most)
