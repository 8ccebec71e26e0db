"""Positions as numbers: the lattice, China's shifted datums, and a system to measure metres in.

GCJ-02 and BD-09 are no EPSG systems: a frame's `crs` never names them. What comes in is turned into WGS 84 at once,
what goes out is turned back at the last moment.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

from gridmap.errors import CoordinateError, InputError
from gridmap.spatial.outlines import in_mainland

Datum = Literal["wgs84", "gcj02", "bd09"]
DATUMS: tuple[Datum, ...] = ("wgs84", "gcj02", "bd09")
Degrees = NDArray[np.float64]
Shift = Callable[[Degrees, Degrees], tuple[Degrees, Degrees]]

LATTICE = 2.0**-24

# The ellipsoid of Krassowski (1940), which the published formula is built on.
_KRASSOWSKI_AXIS = 6378245.0
_KRASSOWSKI_ECCENTRICITY2 = 0.00669342162296594323
_BD09_TURN = math.pi * 3000.0 / 180.0
_INVERSE_STEPS = 12


def snap(values: ArrayLike) -> Degrees:
    """Degrees moved to the nearest point of the lattice every stored coordinate lies on.

    Parameters
    ----------
    values : array_like of float, any shape
        Degrees.

    Returns
    -------
    numpy.ndarray of float64, same shape
        Multiples of 2^-24 degree (6.6 mm at the equator); none is moved by more than half of that. There is no -0.0.

    Examples
    --------
    >>> snap([116.4, -1e-9]).tolist()
    [116.39999997615814, 0.0]
    """
    return np.rint(np.asarray(values, dtype=np.float64) / LATTICE) * LATTICE + 0.0


def snap_geometries(geometries: gpd.GeoSeries) -> gpd.GeoSeries:
    """Shapes with every vertex on the lattice and without the repeated points that snapping makes.

    Parameters
    ----------
    geometries : geopandas.GeoSeries of length n
        In EPSG:4326; missing shapes stay missing.

    Returns
    -------
    geopandas.GeoSeries of length n
        On the same index. A ring smaller than the lattice is left as points upon each other, which a check calls
        invalid.

    Examples
    --------
    >>> series = gpd.GeoSeries.from_wkt(["LINESTRING (0 0, 1e-9 0, 1 0)"], crs=4326)
    >>> snap_geometries(series).iloc[0].wkt
    'LINESTRING (0 0, 1 0)'
    """
    moved = shapely.transform(geometries.to_numpy(), snap)
    snapped = np.array([_without_repeats(shape) for shape in moved], dtype=object)
    return gpd.GeoSeries(snapped, index=geometries.index, crs=geometries.crs, name=geometries.name)


def to_wgs84(lon: ArrayLike, lat: ArrayLike, datum: str) -> tuple[Degrees, Degrees]:
    """Positions of a map service's datum in WGS 84.

    Parameters
    ----------
    lon, lat : array_like of float, broadcast against one another
        Degrees in `datum`.
    datum : {"wgs84", "gcj02", "bd09"}
        What the positions were given in.

    Returns
    -------
    lon, lat : numpy.ndarray of float64
        Degrees in WGS 84. What lies outside mainland China comes back as it was.

    Raises
    ------
    InputError
        For a datum that is not known.

    Notes
    -----
    The exact inverse of `from_wgs84` (to 1e-9 degree) on the whole mainland. In a strip of some 600 m beyond the
    borders of Hong Kong and Macau a position can be read both ways, as one there or as a shifted one of Shenzhen
    or Zhuhai: it is taken as shifted, for only the mainland's services give these datums.

    Source: the published formula (github.com/googollee/eviltransform), inverted by iteration.

    Examples
    --------
    >>> lon, lat = to_wgs84([116.404, 114.17], [39.915, 22.3], "gcj02")
    >>> lon.round(6).tolist(), lat.round(6).tolist()
    ([116.397756, 114.17], [39.913596, 22.3])
    """
    east, north = _degrees(lon, lat)
    if _known(datum) == "wgs84":
        return east, north
    # Away from China the formula leads nowhere, and its inverse runs off: there it is not asked.
    about = (np.abs(east - 105.0) < 50.0) & (np.abs(north - 35.0) < 30.0)
    unshifted = _invert(_SHIFTS[datum], np.where(about, east, 105.0), np.where(about, north, 35.0))
    mainland = about & in_mainland(*unshifted)
    return np.where(mainland, unshifted[0], east), np.where(mainland, unshifted[1], north)


def from_wgs84(lon: ArrayLike, lat: ArrayLike, datum: str) -> tuple[Degrees, Degrees]:
    """WGS 84 positions as a map service's datum has them.

    Parameters
    ----------
    lon, lat : array_like of float, broadcast against one another
        Degrees in WGS 84.
    datum : {"wgs84", "gcj02", "bd09"}
        What is wanted.

    Returns
    -------
    lon, lat : numpy.ndarray of float64
        Degrees in `datum`. Nothing outside mainland China is shifted; Hong Kong, Macau and Taiwan are not.

    Raises
    ------
    InputError
        For a datum that is not known.

    Examples
    --------
    >>> lon, lat = from_wgs84(121.5272106, 31.1774276, "gcj02")
    >>> float(lon.round(6)), float(lat.round(6))
    (121.531542, 31.175304)
    """
    east, north = _degrees(lon, lat)
    if _known(datum) == "wgs84":
        return east, north
    mainland = in_mainland(east, north)
    shifted = _SHIFTS[datum](east, north)
    return np.where(mainland, shifted[0], east), np.where(mainland, shifted[1], north)


def convert_geometries(geometries: gpd.GeoSeries, datum: str, to: str = "wgs84") -> gpd.GeoSeries:
    """Shapes of one datum in another.

    Parameters
    ----------
    geometries : geopandas.GeoSeries of length n
        Degrees in `datum`.
    datum, to : {"wgs84", "gcj02", "bd09"}
        What they are in and what they shall be in.

    Returns
    -------
    geopandas.GeoSeries of length n
        On the same index and with the same `crs`, every vertex converted on its own.

    Raises
    ------
    InputError
        For a datum that is not known.

    Examples
    --------
    >>> series = gpd.GeoSeries.from_xy([116.404], [39.915], crs=4326)
    >>> round(convert_geometries(series, "gcj02").iloc[0].x, 6)
    116.397756
    """
    if _known(datum) == _known(to):
        return geometries

    def convert(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(from_wgs84(*to_wgs84(points[:, 0], points[:, 1], datum), to))

    shapes = shapely.transform(geometries.to_numpy(), convert)
    return gpd.GeoSeries(shapes, index=geometries.index, crs=geometries.crs, name=geometries.name)


def gcj02_to_bd09(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Baidu's own shift on top of GCJ-02, by the published formula, wherever the positions lie.

    Parameters
    ----------
    lon, lat : numpy.ndarray of float64, same shape
        Degrees in GCJ-02.

    Returns
    -------
    lon, lat : numpy.ndarray of float64
        Degrees in BD-09.

    Examples
    --------
    >>> lon, lat = gcj02_to_bd09(np.array(114.022306), np.array(33.0115324))
    >>> float(lon.round(6)), float(lat.round(6))
    (114.028778, 33.01767)
    """
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD09_TURN)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD09_TURN)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def bd09_to_gcj02(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """The exact inverse of `gcj02_to_bd09`, which the published closed form misses by up to a metre.

    Parameters
    ----------
    lon, lat : numpy.ndarray of float64, same shape
        Degrees in BD-09.

    Returns
    -------
    lon, lat : numpy.ndarray of float64
        Degrees in GCJ-02.

    Examples
    --------
    >>> lon, lat = bd09_to_gcj02(np.array(114.0287781), np.array(33.0176697))
    >>> float(lon.round(6)), float(lat.round(6))
    (114.022306, 33.011532)
    """
    return _invert(gcj02_to_bd09, lon, lat)


def metric_crs(lon: float, lat: float) -> int:
    """The EPSG number of a projected system fit to measure metres around a position.

    Parameters
    ----------
    lon, lat : float
        Degrees in WGS 84, the middle of what is to be measured.

    Returns
    -------
    int
        In mainland China CGCS2000's 3-degree Gauss-Kruger zone without a zone prefix (4534 to 4554), elsewhere the
        UTM zone (326xx north, 327xx south), beyond 84 degrees the polar system.

    Raises
    ------
    CoordinateError
        For a position that is not on earth.

    Examples
    --------
    >>> metric_crs(121.47, 31.2), metric_crs(114.17, 22.3), metric_crs(-77.03, 38.9)
    (4549, 32650, 32618)
    """
    if not (abs(lon) <= 180 and abs(lat) <= 90):
        raise CoordinateError(f"{lon}, {lat} is no place on earth: give longitude, then latitude, in degrees")
    if in_mainland(*_degrees(lon, lat)):
        return 4534 + min(max(round((lon - 75) / 3), 0), 20)
    north = lat >= 0
    if abs(lat) > 84:
        return 32661 if north else 32761
    return (32600 if north else 32700) + min(int((lon + 180) // 6) + 1, 60)


def _without_repeats(shape: BaseGeometry | None) -> BaseGeometry | None:
    try:
        return shapely.remove_repeated_points(shape)
    except shapely.GEOSException:  # a ring of it would keep under three points
        return shape


def _known(datum: str) -> Datum:
    if datum not in DATUMS:
        raise InputError(f"the datum {datum!r} is not known: use {', '.join(DATUMS)}")
    return datum


def _degrees(lon: ArrayLike, lat: ArrayLike) -> tuple[Degrees, Degrees]:
    east, north = np.broadcast_arrays(np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64))
    return east, north


def _invert(shift: Shift, lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Where a shift must start to end here: each step leaves under a hundredth of the error."""
    east, north = lon, lat
    for _ in range(_INVERSE_STEPS):
        there = shift(east, north)
        east_error, north_error = there[0] - lon, there[1] - lat
        east, north = east - east_error, north - north_error
        if not np.any((np.abs(east_error) > 1e-12) | (np.abs(north_error) > 1e-12)):
            break
    return east, north


def _wgs84_to_gcj02(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """The published formula, wherever the positions lie."""
    x, y = lon - 105.0, lat - 35.0
    root, product = np.sqrt(np.abs(x)), x * y
    waves = 20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)
    metres_north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * product + 0.2 * root + waves * 2.0 / 3.0
    metres_north += (20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi / 3.0 * y)) * 2.0 / 3.0
    metres_north += (160.0 * np.sin(np.pi / 12.0 * y) + 320.0 * np.sin(np.pi / 30.0 * y)) * 2.0 / 3.0
    metres_east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * product + 0.1 * root + waves * 2.0 / 3.0
    metres_east += (20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi / 3.0 * x)) * 2.0 / 3.0
    metres_east += (150.0 * np.sin(np.pi / 12.0 * x) + 300.0 * np.sin(np.pi / 30.0 * x)) * 2.0 / 3.0
    radians = np.radians(lat)
    flat = 1.0 - _KRASSOWSKI_ECCENTRICITY2 * np.sin(radians) ** 2
    meridian = _KRASSOWSKI_AXIS * (1.0 - _KRASSOWSKI_ECCENTRICITY2) / (flat * np.sqrt(flat))
    parallel = _KRASSOWSKI_AXIS / np.sqrt(flat) * np.cos(radians)
    return lon + np.degrees(metres_east / parallel), lat + np.degrees(metres_north / meridian)


def _wgs84_to_bd09(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    return gcj02_to_bd09(*_wgs84_to_gcj02(lon, lat))


_SHIFTS: dict[str, Shift] = {"gcj02": _wgs84_to_gcj02, "bd09": _wgs84_to_bd09}
