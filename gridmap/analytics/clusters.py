"""Where reports lie thick: clusters of points in metres, and in metres and hours, and the areas they take up."""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray

from gridmap.analytics.events import SECOND, Ints, Places, laid_out, ticks
from gridmap.analytics.kernels.clusters import REACH, Cells, cores, joined, owned
from gridmap.analytics.projection import WGS84, Floats, Points, weights_of
from gridmap.errors import InputError

NOISE: Final = -1
LEAST: Final = 5
MARGIN: Final = 10.0  # metres
# What is a hair beyond for rounding alone is within; a cell is a hair smaller than two neighbours may lie apart.
HAIR: Final = 1 + 1e-12
SNUG: Final = 1 - 1e-6
MOST_CELLS: Final = 2**62


def dbscan(points: Points, *, metres: float, least: float = LEAST, weights: ArrayLike | None = None) -> pd.Series[Any]:
    r"""Clusters of points that lie thick (DBSCAN), each with its number, and what is in none.

    A point is a core if at least `least` lie within `metres` of it, itself counted (as in PostGIS and scikit-learn).
    Cores within `metres` of one another are of one cluster. Any other point is of the cluster of its nearest core, if
    one is within `metres`; else it is noise. So neither the clusters nor their numbers hang on the order of the points:
    0 is the one that weighs most, and of two that weigh alike the one that begins further west (then south).

    Parameters
    ----------
    points : GeoDataFrame, GeoSeries, DataFrame with lon and lat, or ndarray of float64, shape (n, 2)
        Degrees, a system of metres, or bare metres. A million are fine: memory grows with the points, not with their
        pairs.
    metres : float
        How near is near; itself within.
    least : float
        How many have to lie so near, or what they have to weigh together.
    weights : array_like, shape (n,), optional
        What each counts for, 0 or more; else 1.

    Returns
    -------
    pandas.Series of int64, n rows on the points' index
        `cluster`: 0 and up, -1 for noise.

    Raises
    ------
    InputError
        If a point has no place, or lies thousands of kilometres from the others; if metres, `least` or a weight is
        none.

    References
    ----------
    Ester, M., Kriegel, H.-P., Sander, J. and Xu, X. (1996). A density-based algorithm for discovering clusters. KDD-96,
    226-231. Gunawan, A. (2013). A faster algorithm for DBSCAN. Master's thesis, TU Eindhoven, for the cells.

    Examples
    --------
    >>> row = np.array([[0.0, 0], [9, 0], [18, 0], [500, 0], [100, 0], [110, 0], [120, 0], [130, 0]])
    >>> dbscan(row, metres=10, least=3).tolist()
    [1, 1, 1, -1, 0, 0, 0, 0]
    """
    places = laid_out(points)
    return _clusters(places, np.zeros(len(places.metres), np.int64), metres, None, least, weights)


def st_dbscan(
    points: Points,
    moments: pd.Series[Any],
    *,
    metres: float,
    hours: float,
    least: float = LEAST,
    weights: ArrayLike | None = None,
) -> pd.Series[Any]:
    """Clusters of points that lie thick in space and time together (ST-DBSCAN).

    As `dbscan`, but two are near only if they lie within `metres` and within `hours` of one another. What goes on and
    on is one cluster, however long it lasts; what comes again after a pause is another.

    Parameters
    ----------
    points : GeoDataFrame, GeoSeries, DataFrame with lon and lat, or ndarray of float64, shape (n, 2)
        Degrees, a system of metres, or bare metres.
    moments : pandas.Series of aware datetimes, n rows
        When each was, in the order of the points; told apart to the microsecond.
    metres, hours : float
        How near is near, in space and in time; themselves within.
    least : float
        How many have to lie so near, itself counted, or what they have to weigh together.
    weights : array_like, shape (n,), optional
        What each counts for, 0 or more; else 1.

    Returns
    -------
    pandas.Series of int64, n rows on the points' index
        `cluster`: 0 and up by weight, then from west to east, then by time; -1 for noise.

    Raises
    ------
    InputError
        As `dbscan`; and if a moment is missing or says no time zone, or hours are none.

    References
    ----------
    Birant, D. and Kut, A. (2007). ST-DBSCAN: An algorithm for clustering spatial-temporal data. Data Knowl. Eng. 60,
    208-221, with time as their second distance.

    Examples
    --------
    >>> night = pd.Series(pd.to_datetime(["2026-05-01 01:00", "2026-05-01 02:00", "2026-05-09 01:00"], utc=True))
    >>> st_dbscan(np.zeros((3, 2)), night, metres=50, hours=24, least=2).tolist()
    [0, 0, -1]
    """
    places = laid_out(points)
    if not (np.isfinite(hours) and hours >= 0):
        raise InputError(f"within {hours} hours nothing lies: give hours, 0 or more")
    return _clusters(places, ticks(moments, len(places.metres)), metres, round(hours * 3600 * SECOND), least, weights)


def hulls(
    points: Points,
    clusters: ArrayLike,
    *,
    moments: pd.Series[Any] | None = None,
    weights: ArrayLike | None = None,
    margin: float = MARGIN,
    ratio: float = 1.0,
) -> gpd.GeoDataFrame:
    """The area each cluster takes up, where its middle is, how many it holds, and from when until when.

    The hull of the members, `margin` metres wider, so that members lie inside, not on the line, and a cluster at one
    place, or along a line, has an area, too. Densities are of that area.

    Parameters
    ----------
    points : GeoDataFrame, GeoSeries, DataFrame with lon and lat, or ndarray of float64, shape (n, 2)
        The points that were clustered.
    clusters : array_like of int, shape (n,)
        As `dbscan` and `st_dbscan` give them; below 0 is noise, which has no hull.
    moments : pandas.Series of aware datetimes, n rows, optional
        When each was.
    weights : array_like, shape (n,), optional
        What each counts for, 0 or more.
    margin : float
        Metres, above 0.
    ratio : float
        1 for convex hulls; less, down to 0, for hulls that follow the members more closely (`shapely.concave_hull`).

    Returns
    -------
    geopandas.GeoDataFrame, one row a cluster, by number
        `cluster`, `count`, `weight` (with weights only), `lon`, `lat` (mean of the members, weighted if they are),
        `since` and `until` (first and last; with moments only), `area_km2`, `per_km2` (weighted if they are), and
        `geometry` in EPSG:4326. For bare metres `x` and `y`, and a geometry in metres.

    Raises
    ------
    InputError
        If there is not one cluster for each point, a moment is missing, or the margin or ratio is none.

    References
    ----------
    Duckham, M., Kulik, L., Worboys, M. and Galton, A. (2008). Efficient generation of simple polygons for
    characterizing the shape of a set of points in the plane. Pattern Recognit. 41, 3224-3236.

    Examples
    --------
    >>> square = np.array([[0.0, 0], [100, 0], [100, 100], [0, 100], [900, 0]])
    >>> found = hulls(square, [0, 0, 0, 0, -1], margin=1)
    >>> found[["count", "x", "y", "area_km2"]].round(3).values.tolist(), round(found["per_km2"][0])
    ([[4.0, 50.0, 50.0, 0.01]], 384)
    """
    places, of = laid_out(points), np.asarray(clusters, dtype=np.int64)
    if of.shape != (len(places.metres),):
        raise InputError(f"{of.size} clusters for {len(places.metres)} points: give one for each")
    if not (np.isfinite(margin) and margin > 0 and 0 <= ratio <= 1):
        raise InputError(f"margin {margin} m, ratio {ratio}: give metres above 0, and 0 to 1")
    weight = np.ones(len(of)) if weights is None else weights_of(weights, len(of))
    order = np.argsort(of, kind="stable")
    order = order[of[order] >= 0]
    numbers, rows = np.unique(of[order], return_inverse=True)
    shapes = _wrapped(places.metres[order], rows, margin, ratio)
    held = np.asarray(np.bincount(rows, weight[order], minlength=len(numbers)), dtype=np.float64)
    found: dict[str, Any] = {"cluster": numbers, "count": np.bincount(rows, minlength=len(numbers))}
    found |= {} if weights is None else {"weight": held}
    found |= _middles(places, order, rows, weight, held)
    if moments is not None:
        ticks(moments, len(of))
        spans = moments.reset_index(drop=True).iloc[order].groupby(rows).agg(["min", "max"])
        found |= {"since": spans["min"].array, "until": spans["max"].array}
    area = shapely.area(shapes) / 1e6
    found |= {"area_km2": area, "per_km2": held / area}
    crs = None if places.plane.crs is None else WGS84
    return gpd.GeoDataFrame(found, geometry=places.plane.degrees(shapes), crs=crs)


def _clusters(
    places: Places, t: Ints, metres: float, span: int | None, least: float, weights: ArrayLike | None
) -> pd.Series[Any]:
    """The clusters, numbered by weight, then by which begins first: from west to east, south to north, in time."""
    if not (np.isfinite(metres) and metres > 0):
        raise InputError(f"within {metres} m nothing lies: give metres above 0")
    if not (np.isfinite(least) and least > 0):
        raise InputError(f"clusters of at least {least}: give a number above 0")
    weight = np.ones(len(places.metres)) if weights is None else weights_of(weights, len(places.metres))
    x, y = places.metres.T
    first = np.lexsort((t, y, x))
    key, row, layer = _keys(places.metres, t, metres, span)
    order = first[np.argsort(key[first], kind="stable")]
    keys, start = np.unique(key[order], return_index=True)
    cells = Cells(x[order], y[order], t[order], weight[order], keys, np.append(start, len(order)), row, layer,
                  int(span is not None))  # fmt: skip
    square, within = (metres * HAIR) ** 2, span or 0
    core = cores(cells, least / HAIR, square, within)
    label = np.empty(len(order), dtype=np.int64)
    label[order] = owned(cells, core, joined(cells, core, square, within), square, within)
    return pd.Series(_numbered(label, first, weight), index=places.index, name="cluster")


def _keys(places: Floats, t: Ints, metres: float, span: int | None) -> tuple[Ints, int, int]:
    """The cell of each point as one number, and how far the next row and the next layer are from it."""
    if not len(places):
        return np.zeros(0, np.int64), 1, 1
    side = metres / np.sqrt(2) * SNUG
    cell = np.floor((places - places.min(axis=0)) / side).astype(np.int64) + REACH
    row, rows = (int(most) + REACH + 1 for most in cell.max(axis=0))
    over = t // (span + 1) + 1 if span is not None else np.ones(len(t), np.int64)
    if row * rows * (int(over.max()) + 2) > MOST_CELLS:
        raise InputError(f"{metres} m is too small a step for points so far apart: give more metres or hours")
    return (over * rows + cell[:, 1]) * row + cell[:, 0], row, row * rows


def _numbered(label: Ints, first: Ints, weight: Floats) -> Ints:
    """Clusters renumbered: the heaviest is 0, and of two as heavy the one that comes first in this order."""
    held = first[label[first] != NOISE]
    found, begins, which = np.unique(label[held], return_index=True, return_inverse=True)
    size = np.bincount(which, weight[held], minlength=len(found))
    rank = np.empty(len(found), dtype=np.int64)
    rank[np.lexsort((begins, -size))] = np.arange(len(found))
    numbered = np.full(len(label), NOISE, dtype=np.int64)
    numbered[held] = rank[which]
    return numbered


def _wrapped(places: Floats, rows: Ints, margin: float, ratio: float) -> NDArray[Any]:
    groups = shapely.multipoints(places, indices=rows) if len(places) else np.zeros(0, dtype=object)
    bare = shapely.convex_hull(groups) if ratio == 1 else shapely.concave_hull(groups, ratio=ratio)
    return np.asarray(shapely.buffer(bare, margin))


def _middles(places: Places, order: Ints, rows: Ints, weight: Floats, held: Floats) -> dict[str, NDArray[Any]]:
    """The mean of each cluster's members: in degrees, or in metres where it is not known where they are."""
    # Where nothing weighs anything, all weigh the same.
    share = np.where(held[rows] > 0, weight[order], 1.0)
    total = np.bincount(rows, share, minlength=len(held))
    x, y = (np.bincount(rows, axis[order] * share, minlength=len(held)) / total for axis in places.metres.T)
    if places.plane.crs is None:
        return {"x": x, "y": y}
    centres = places.plane.degrees(np.asarray(shapely.points(x, y)))
    return {"lon": shapely.get_x(centres), "lat": shapely.get_y(centres)}
