"""Metres: how much ground a shape covers, how wide it is, how much of a circle falls on it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from gridmap.errors import CoordinateError, InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Shapes = NDArray[np.object_]

WGS84 = 4326
_STEP_DEG = 1e-3  # central differences over 200 m: the slope of a projection to 3e-10


@lru_cache(maxsize=32)
def _projection(metric_crs: int) -> Transformer:
    try:
        crs = CRS.from_epsg(metric_crs)
    except CRSError:
        raise InputError(f"there is no EPSG:{metric_crs}: name the site's projected system") from None
    if not crs.is_projected or any(axis.unit_name not in ("metre", "meter") for axis in crs.axis_info[:2]):
        raise InputError(
            f"EPSG:{metric_crs} ({crs.name}) does not measure in metres: name a projected system that does"
        )
    return Transformer.from_crs(WGS84, crs, always_xy=True)


def metres(lon: ArrayLike, lat: ArrayLike, metric_crs: int) -> tuple[Floats, Floats]:
    """Positions in the plane of a projected system.

    Parameters
    ----------
    lon, lat : array_like, one shape
        Degrees, EPSG:4326.
    metric_crs : int
        EPSG code of a projected system in metres.

    Returns
    -------
    x, y : ndarray, the shape of the input
        Metres east and north, whatever order the system's own axes have.

    Raises
    ------
    InputError
        If the system is unknown or does not measure in metres.
    CoordinateError
        If the system does not reach a position; the message names it.

    Examples
    --------
    >>> x, y = metres([121.5], [31.25], 32651)
    >>> x.round(2), y.round(2)
    (array([357168.26]), array([3458278.82]))
    """
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    x, y = (np.asarray(axis, dtype=np.float64) for axis in _projection(metric_crs).transform(lon, lat))
    lost = (~np.isfinite(x) | ~np.isfinite(y)).ravel()
    if lost.any():
        worst = int(lost.argmax())
        raise CoordinateError(
            f"EPSG:{metric_crs} does not reach {lon.flat[worst]}, {lat.flat[worst]}: choose the site's own system"
        )
    return x, y


def to_metres(shapes: gpd.GeoSeries, metric_crs: int) -> gpd.GeoSeries:
    """Shapes moved into the plane of a projected system, vertex by vertex.

    Parameters
    ----------
    shapes : GeoSeries, shape (n,)
        In EPSG:4326, two-dimensional.
    metric_crs : int
        EPSG code of a projected system in metres.

    Returns
    -------
    GeoSeries, shape (n,)
        On the same index, x east and y north.

    Raises
    ------
    InputError, CoordinateError
        As `metres`.

    Examples
    --------
    >>> square = gpd.GeoSeries([shapely.box(121.5, 31.25, 121.501, 31.251)], crs=4326)
    >>> to_metres(square, 32651).area.round().tolist()
    [10558.0]
    """

    def project(positions: Floats) -> Floats:
        return np.column_stack(metres(positions[:, 0], positions[:, 1], metric_crs))

    moved = shapely.transform(shapes.to_numpy(), project)
    return gpd.GeoSeries(cast("Any", moved), index=shapes.index, crs=metric_crs)


def flattened(shapes: Shapes, metric_crs: int, origin: Shapes | None = None) -> Shapes:
    """Shapes in metres on the plane that touches the projection at a place.

    Projecting vertex by vertex bends what is straight in degrees: an edge of 1 km leaves the vertices
    of its neighbours along it by 2 cm, which looks like a sliver of 13 m2. The linear part of the
    projection keeps straight lines straight, so pieces cut out in degrees keep their true width.

    Parameters
    ----------
    shapes : ndarray of geometries, shape (n,)
        Degrees, EPSG:4326.
    metric_crs : int
        EPSG code of a projected system in metres.
    origin : ndarray of points, shape (n,) or (1,), optional
        Where each plane touches and has its zero; by default each shape's centroid, where the area is right
        to a millionth for anything the size of a city.

    Returns
    -------
    ndarray of geometries, shape (n,)
        Metres from the origin. Empty and missing shapes stay so.

    Raises
    ------
    InputError, CoordinateError
        As `metres`.

    Examples
    --------
    >>> sliver = shapely.Polygon([(121.5, 31.25), (121.52, 31.25), (121.51, 31.2500001)])
    >>> float(shapely.area(flattened(np.array([sliver]), 32651))[0].round(2))
    10.56
    """
    centres = np.broadcast_to(shapely.centroid(shapes) if origin is None else origin, shapes.shape)
    positions, owner = shapely.get_coordinates(shapes, return_index=True)
    needed, place = np.unique(owner, return_inverse=True)
    lon, lat = shapely.get_x(centres[needed]), shapely.get_y(centres[needed])
    slopes = _slopes(lon, lat, metric_crs)[place]
    offsets = positions - np.column_stack([lon, lat])[place]
    flat = np.array(shapes, dtype=object)
    return shapely.set_coordinates(flat, np.einsum("nij,nj->ni", slopes, offsets))


def _slopes(lon: Floats, lat: Floats, metric_crs: int) -> Floats:
    """The projection's linear part at each place, shape (n, 2, 2): metres for a degree."""
    east = np.subtract(metres(lon + _STEP_DEG, lat, metric_crs), metres(lon - _STEP_DEG, lat, metric_crs))
    north = np.subtract(metres(lon, lat + _STEP_DEG, metric_crs), metres(lon, lat - _STEP_DEG, metric_crs))
    return np.stack([east, north], axis=-1).transpose(1, 0, 2) / (2 * _STEP_DEG)


def areas(shapes: Shapes, metric_crs: int) -> Floats:
    """How many square metres each shape covers.

    Parameters
    ----------
    shapes : ndarray of geometries, shape (n,)
        Degrees, EPSG:4326.
    metric_crs : int
        EPSG code of a projected system in metres.

    Returns
    -------
    ndarray, shape (n,)
        Square metres in that system; 0 for what is missing, empty, a line or a point.

    Raises
    ------
    InputError, CoordinateError
        As `metres`.

    Examples
    --------
    >>> areas(np.array([shapely.box(121.5, 31.25, 121.501, 31.251), None]), 32651).round()
    array([10558.,     0.])
    """
    return np.nan_to_num(shapely.area(flattened(shapes, metric_crs)))


def widths(shapes: Shapes, metric_crs: int) -> Floats:
    """How wide each shape is: twice its area by its perimeter, which for a strip is the strip's width.

    Parameters
    ----------
    shapes : ndarray of polygons, shape (n,)
        Degrees, EPSG:4326.
    metric_crs : int
        EPSG code of a projected system in metres.

    Returns
    -------
    ndarray, shape (n,)
        Metres; 0 for what has no area.

    Raises
    ------
    InputError, CoordinateError
        As `metres`.

    Examples
    --------
    >>> strip = shapely.box(121.5, 31.25, 121.51, 31.2500009)
    >>> widths(np.array([strip]), 32651).round(2)
    array([0.1])
    """
    flat = flattened(shapes, metric_crs)
    perimeter = shapely.length(flat)
    return np.divide(2 * shapely.area(flat), perimeter, out=np.zeros(len(flat)), where=perimeter > 0)


def circle_share(polygons: ArrayLike, x: ArrayLike, y: ArrayLike, radius: ArrayLike) -> Floats:
    """What share of a circle lies on a polygon, exactly.

    By Green's theorem the area common to a circle and a polygon is a signed sum over the polygon's edges:
    each edge makes with the centre a triangle where it runs inside the circle and sectors where it runs
    outside. `circle_share` in `gridmap/storage/sql/circle_share.sql` is the same sum.

    Parameters
    ----------
    polygons : array_like of Polygon and MultiPolygon
        In a plane, valid; holes and parts count as they should. Broadcast against the rest.
    x, y : array_like
        Centres, in the same plane.
    radius : array_like
        In the unit of the plane.

    Returns
    -------
    ndarray, the broadcast shape
        0 to 1; nan where the radius is not a positive number, the centre is not finite or the polygon is
        missing.

    Examples
    --------
    >>> float(circle_share(shapely.box(0, -10, 10, 10), 0, 0, 5).round(12))
    0.5
    """
    shapes, x, y, radius = np.broadcast_arrays(np.asarray(polygons, dtype=object), x, y, radius)
    known = ~shapely.is_missing(shapes) & np.isfinite(x) & np.isfinite(y) & np.isfinite(radius) & (radius > 0)
    shares: Floats = np.full(shapes.shape, np.nan)
    start, end, owner = _edges(shapes[known])
    centre, unit = np.column_stack([x[known], y[known]])[owner], radius[known][owner, None]
    swept = _swept((start - centre) / unit, (end - start) / unit)
    shares[known] = np.bincount(owner, swept, minlength=int(known.sum())) / (2 * np.pi)
    return np.clip(shares, 0, 1, out=shares)


def _edges(shapes: Shapes) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Every edge's start and end, the polygon on its left, and the position of the shape it belongs to."""
    parts, shape_of_part = shapely.get_parts(shapely.orient_polygons(shapes), return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    positions, ring = shapely.get_coordinates(rings, return_index=True)
    edge = np.flatnonzero(ring[1:] == ring[:-1])
    return positions[edge], positions[edge + 1], shape_of_part[part_of_ring[ring[edge]]]


def _swept(start: Floats, along: Floats) -> Floats:
    """Twice the signed area that each edge cuts, with the centre, out of the unit circle."""
    length2 = (along**2).sum(axis=1)
    towards = (start * along).sum(axis=1)
    across = start[:, 0] * along[:, 1] - start[:, 1] * along[:, 0]
    # The discriminant written with the cross product loses no digits where the centre is far away.
    reach = np.sqrt(np.maximum(length2 - across**2, 0))
    length2 = np.where(length2 > 0, length2, 1)
    enter, leave = np.clip(np.stack([-towards - reach, -towards + reach]) / length2, 0, 1)
    inside, outside = start + enter[:, None] * along, start + leave[:, None] * along
    swept: Floats = _angle(start, inside) + (leave - enter) * across + _angle(outside, start + along)
    return swept


def _angle(a: Floats, b: Floats) -> Floats:
    """From one direction to the other, anticlockwise, in radians."""
    angle: Floats = np.arctan2(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0], (a * b).sum(axis=1))
    return angle
