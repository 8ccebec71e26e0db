"""A plane of metres about the middle of what is asked, and a million places laid on it in a few milliseconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.polynomial.polynomial import polyvander2d
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Proj, Transformer
from shapely.geometry.base import BaseGeometry

from gridmap.analytics.kernels.density import extent, lay
from gridmap.errors import CoordinateError, InputError

Floats = NDArray[np.float64]
Box = tuple[float, float, float, float]
# Points of any system, reports with columns lon and lat, or metres: x east and y north.
Points = gpd.GeoDataFrame | gpd.GeoSeries | pd.DataFrame | NDArray[np.float64]
WGS84: Final = CRS.from_epsg(4326)
MANY: Final = 2000  # from so many places on the bent lattice is quicker than the projection itself
CLOSE: Final = 1e-6  # of the side of the box: how far the bent lattice may be off
STRETCH: Final = 0.01  # a system whose areas are off by more does not measure here
FARTHEST: Final = 2e6  # metres: what lies within is true to 0.4 %


def read(points: Points) -> tuple[Floats, CRS | None]:
    """Places as numbers, and their system.

    Parameters
    ----------
    points : geopandas.GeoDataFrame, GeoSeries, pandas.DataFrame or ndarray of float64, shape (n, 2)
        A frame without a geometry has columns `lon` and `lat` in EPSG:4326; bare numbers are metres.

    Returns
    -------
    places : ndarray of float64, shape (n, 2)
        A copy, but of bare numbers.
    crs : pyproj.CRS or None

    Raises
    ------
    InputError
        If one is no point or has no place, or the numbers are not of this shape.

    Examples
    --------
    >>> places, crs = read(pd.DataFrame({"lon": [121.5], "lat": [31.25]}))
    >>> places.tolist(), crs.to_epsg()
    ([[121.5, 31.25]], 4326)
    """
    crs: CRS | None = None
    if isinstance(points, gpd.GeoDataFrame | gpd.GeoSeries):
        shapes, crs = points.geometry.to_numpy(), points.crs
        if not np.isin(shapely.get_type_id(shapes), (-1, 0)).all():
            raise InputError("a place is no point: take the middle of areas")
        places = np.column_stack([shapely.get_x(shapes), shapely.get_y(shapes)])
    elif isinstance(points, pd.DataFrame):
        if not {"lon", "lat"} <= set(points.columns):
            raise InputError("points need the columns lon and lat, or a geometry")
        places, crs = points[["lon", "lat"]].to_numpy(dtype=np.float64, copy=True), WGS84
    else:
        places = np.asarray(points, dtype=np.float64)
        if places.ndim != 2 or places.shape[1] != 2:
            raise InputError(f"points of shape {places.shape}: give x and y of each, in metres")
    # One that is missing makes the sum of all missing, which is quicker to see.
    missing = 0 if np.isfinite(places.sum()) else int((~np.isfinite(places)).any(axis=1).sum())
    if missing:
        raise InputError(f"{missing} of {len(places)} points have no place: leave them out first")
    return np.ascontiguousarray(places), crs


def box_of(places: Floats) -> Box:
    """West, south, east and north of places, in their own system; infinite the wrong way round where there are none.

    Parameters
    ----------
    places : ndarray of float64, shape (n, 2)
        NaN is nowhere.

    Returns
    -------
    tuple of four floats

    Examples
    --------
    >>> box_of(np.array([[3.0, 5.0], [1.0, 7.0]]))
    (1.0, 5.0, 3.0, 7.0)
    """
    west, south, east, north = extent(places)
    return float(west), float(south), float(east), float(north)


@dataclass(frozen=True, eq=False)
class Plane:
    """The metres in which something is counted (`crs`), and the system in which it was given (`source`).

    Examples
    --------
    >>> plane = Plane.about((121.4, 31.1, 121.6, 31.3), WGS84)
    >>> plane.lay(np.array([[121.5, 31.2], [121.5, 31.21]]), WGS84).round(1).tolist()
    [[0.0, 0.0], [0.0, 1108.7]]
    """

    source: CRS | None
    crs: CRS | None

    @classmethod
    def about(cls, box: Box, source: CRS | None) -> Plane:
        """The source's own metres where they are metres on the ground; else azimuthal equidistant about the middle."""
        if source is None:
            return cls(None, None)
        middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        lon, lat = Transformer.from_crs(source, WGS84, always_xy=True).transform(*middle)
        if not (abs(lon) <= 180 and abs(lat) <= 90):
            raise CoordinateError(f"{middle[0]:g}, {middle[1]:g} is no place in {source.name}: give x, then y")
        if _measures(source, lon, lat):
            return cls(source, source)
        return cls(source, CRS.from_proj4(f"+proj=aeqd +lat_0={lat!r} +lon_0={lon!r} +datum=WGS84 +units=m"))

    def shape(self, shape: BaseGeometry) -> BaseGeometry:
        """A shape of the source in metres, corner by corner."""
        moved: BaseGeometry = self._moved(shape, self.source, self.crs)
        return moved

    def degrees(self, shapes: NDArray[Any]) -> NDArray[Any]:
        """Shapes in metres as EPSG:4326, corner by corner; as they are where no system is known."""
        return shapes if self.crs is None else self._moved(shapes, self.crs, WGS84)

    def box(self, box: Box, *, back: bool = False) -> Box:
        """What a box of the source covers in metres, or, back, one in metres of the source."""
        if self.crs is None or self.source is None or self.crs == self.source:
            return box
        west, south, east, north = self._way(back=back).transform_bounds(*box, densify_pts=21)
        return float(west), float(south), float(east), float(north)

    def lay(self, places: Floats, source: CRS | None, near: Box | None = None) -> Floats:
        """Places in metres, NaN for those beyond a box of their own system; all but bare numbers are written over."""
        if source is None or self.crs is None:
            if source != self.crs:
                raise InputError("one of these has a coordinate system and the other has none: set it")
            return places
        if source == self.crs or not len(places):
            return places
        way = Transformer.from_crs(source, self.crs, always_xy=True)
        box = near or box_of(places)
        bent = _bent(way, box) if len(places) > MANY else None
        if bent is not None:
            lay(places, np.array(box), bent)
            return places
        beyond = (places < box[:2]).any(axis=1) | (places > box[2:]).any(axis=1)
        places[:, 0], places[:, 1] = way.transform(places[:, 0], places[:, 1])
        places[beyond] = np.nan
        return places

    def _way(self, *, back: bool = False) -> Transformer:
        ends = (self.crs, self.source) if back else (self.source, self.crs)
        return Transformer.from_crs(*ends, always_xy=True)

    @staticmethod
    def _moved(shape: Any, source: CRS | None, to: CRS | None) -> Any:
        if source is None or source == to:
            return shape
        way = Transformer.from_crs(source, to, always_xy=True)
        return shapely.transform(shape, lambda corners: np.column_stack(way.transform(corners[:, 0], corners[:, 1])))


def weights_of(weights: ArrayLike | None, count: int) -> Floats:
    """What each point weighs; nothing where each weighs 1.

    Parameters
    ----------
    weights : array_like, shape (n,), or None
        None below 0.
    count : int
        How many points there are.

    Returns
    -------
    ndarray of float64, shape (n,) or (0,)

    Raises
    ------
    InputError
        If there are not so many, or one is missing, infinite or below 0.

    Examples
    --------
    >>> weights_of(None, 2), weights_of([1, 3], 2)
    (array([], dtype=float64), array([1., 3.]))
    """
    if weights is None:
        return np.empty(0)
    found = np.ascontiguousarray(weights, dtype=np.float64)
    if found.shape != (count,):
        raise InputError(f"weights of shape {found.shape} for {count} points: give one for each")
    if not (np.isfinite(found).all() and (found >= 0).all()):
        raise InputError("a weight is missing, infinite or below 0: give 0 to what is not to count")
    return found


def _measures(crs: CRS, lon: float, lat: float) -> bool:
    """Whether a metre of a system is a metre on the ground about a place."""
    if not crs.is_projected or any(axis.unit_conversion_factor != 1.0 for axis in crs.axis_info[:2]):
        return False
    scale = Proj(crs).get_factors(lon, lat).areal_scale
    return bool(abs(scale - 1) <= STRETCH)


def _bent(way: Transformer, box: Box) -> Floats | None:
    """A projection over a box as a polynomial of third degree in both axes; None if it is not that smooth there."""
    west, south, east, north = box
    nodes, tested = np.cos(np.pi * (np.arange(4) + 0.5) / 4), np.linspace(-1, 1, 9)

    def asked(places: Floats) -> tuple[Floats, Floats]:
        u, v = (axis.ravel() for axis in np.meshgrid(places, places))
        x, y = west + (u + 1) / 2 * (east - west), south + (v + 1) / 2 * (north - south)
        return np.asarray(polyvander2d(u, v, [3, 3]), dtype=np.float64), np.column_stack(way.transform(x, y))

    if not (east > west and north > south):
        return None
    terms, there = asked(nodes)
    found = np.linalg.solve(terms, there)
    terms, there = asked(tested)
    off = np.abs(terms @ found - there).max() / np.ptp(there, axis=0).max()
    return np.ascontiguousarray(found, dtype=np.float64).reshape(4, 4, 2) if off <= CLOSE else None
