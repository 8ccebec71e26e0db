"""Millions of points to the grid that covers each, exactly.

The ground is cut into cells, finer where grids are small. Nine points in ten fall into a cell that no edge
touches, and one look at a table answers them. For the rest a handful of edges decides, with a sign that is
exact for every double (`gridmap.spatial.kernels`).

The kernels are compiled once per machine and kept by numba, beside this file if its folder can be written to.
Where it cannot, set NUMBA_CACHE_DIR to a folder that the running user may *write* to (numba passes over one
it can only read), else numba takes the user's own cache folder, and without any of them every new process
compiles anew. `python -m gridmap.spatial.locator` fills the cache; set-up runs it, so that no service waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from gridmap.errors import InputError
from gridmap.spatial.kernels.cells import UNDECIDED, Ints, Raster
from gridmap.spatial.kernels.cutting import Cutting, raster_over
from gridmap.spatial.kernels.headers import Bytes
from gridmap.spatial.kernels.points import look_up, look_up_one
from gridmap.spatial.kernels.signs import WILD, Floats

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import ArrayLike, NDArray

FURTHEST = 2.0**400  # beyond it products overflow


class Locator:
    """Finds the grid that covers a point: of several the deepest tier's, then the lowest code's.

    A point on a boundary is covered. A grid is what an odd number of its rings surrounds, so holes, several
    parts, overlaps, gaps and spikes are all allowed.

    Parameters
    ----------
    frame : geopandas.GeoDataFrame, n rows
        Polygons or multipolygons in degrees (EPSG:4326). `tier`, if there, ranks grids: the highest number
        first; `code`, if there, decides ties: the lowest first, compared bytewise as COLLATE "C" does. What is
        still equal is decided by the order of rows. Rows without a geometry are never found.

    Raises
    ------
    InputError
        A geometry that is no polygon, a coordinate that is not finite, a tier that is no number.

    Notes
    -----
    Cells with true hits follow Kipf et al., "Adaptive Main-Memory Indexing for High-Performance Point-Polygon
    Joins", EDBT 2020; the exact sign follows Shewchuk, "Adaptive Precision Floating-Point Arithmetic", 1997.

    Examples
    --------
    >>> import geopandas, shapely
    >>> frame = geopandas.GeoDataFrame(
    ...     {"code": ["B", "A"]}, geometry=[shapely.box(1, 0, 2, 1), shapely.box(0, 0, 1, 1)], crs=4326)
    >>> locator = Locator(frame)
    >>> locator.locate([0.5, 1.0, 1.5, 7.0], [0.5, 0.5, 0.5, 0.5]).tolist()
    [1, 1, 0, -1]
    >>> locator.locate_one(1.5, 0.5)
    0
    """

    def __init__(self, frame: gpd.GeoDataFrame) -> None:
        self._order = _ranking(frame)
        self._polygons = _without_copies(np.asarray(frame.geometry.array, dtype=object)[self._order])
        _refuse_other_shapes(self._polygons, self._order)
        edges, rank = _edges(self._polygons)
        self._only_exactly = bool(((edges != 0.0) & (np.abs(edges) < WILD)).any())
        if self._only_exactly:
            edges, rank = edges[:0], rank[:0]
        self._raster = raster_over(edges, len(self._polygons))
        self._table, self._lines, self._owned = Cutting(self._raster, edges, rank, self._order).run()

    @property
    def nbytes(self) -> int:
        """Bytes in the index, without the geometries, which belong to the frame."""
        return sum(part.nbytes for part in (self._order, self._table, self._lines, self._owned))

    def locate(self, lon: ArrayLike, lat: ArrayLike) -> NDArray[np.int32]:
        """Row position of each point's grid in the frame.

        Parameters
        ----------
        lon, lat : array_like of float, shape (m,)
            Degrees. What is not finite lies outside.

        Returns
        -------
        numpy.ndarray of int32, shape (m,)
            Positions as for `frame.iloc`, -1 for points that no grid covers.

        Raises
        ------
        InputError
            Unless both are rows of numbers of one length.

        Examples
        --------
        >>> import geopandas, shapely
        >>> frame = geopandas.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1)], crs=4326)
        >>> Locator(frame).locate([0.0, float("nan")], [1.0, 1.0]).tolist()
        [0, -1]
        """
        lons, lats = _numbers(lon, "lon"), _numbers(lat, "lat")
        if lons.shape != lats.shape:
            raise InputError(f"there are {len(lons)} lon and {len(lats)} lat: give one of each for every point")
        rows = np.empty(len(lons), np.int32)
        look_up(*self._index, lons, lats, rows)
        left = np.arange(len(rows)) if self._only_exactly else np.flatnonzero(rows == UNDECIDED)
        for i in left:
            rows[i] = self._locate_exactly(lons[i], lats[i])
        return rows

    def locate_one(self, lon: float, lat: float) -> int:
        """Row position of the grid that covers one point, -1 if none does.

        Parameters
        ----------
        lon, lat : float
            Degrees. What is not finite lies outside.

        Examples
        --------
        >>> import geopandas, shapely
        >>> Locator(geopandas.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1)], crs=4326)).locate_one(2, 0)
        -1
        """
        row = int(look_up_one(*self._index, float(lon), float(lat)))
        if row == UNDECIDED or self._only_exactly:
            return self._locate_exactly(lon, lat)
        return row

    @property
    def _index(self) -> tuple[Raster, Ints, Floats, Ints, Bytes]:
        return self._raster, self._table, self._lines, self._lines.view(np.int32), self._owned

    def _locate_exactly(self, lon: float, lat: float) -> int:
        """In rational arithmetic: for numbers so small that products of doubles vanish."""
        west, south, east, north = self._bounds
        near = np.flatnonzero((west <= lon) & (lon <= east) & (south <= lat) & (lat <= north))
        return next((int(self._order[i]) for i in near if _covers_exactly(self._polygons[i], lon, lat)), -1)

    @cached_property
    def _bounds(self) -> Floats:
        """Of every ring: a hole that hangs out of its polygon counts too."""
        return np.asarray(shapely.bounds(shapely.boundary(self._polygons))).T


def _ranking(frame: gpd.GeoDataFrame) -> Ints:
    """Row positions, the grid that wins ties first."""
    rows = len(frame)
    tier = pd.to_numeric(frame["tier"], errors="coerce").to_numpy(float) if "tier" in frame else np.zeros(rows)
    if np.isnan(tier).any():
        raise InputError(f"row {int(np.argmax(np.isnan(tier)))} has no tier: give every grid the number of its tier")
    # the order of code points, which str compares by, is the order of their UTF-8 bytes
    codes = [str(code) for code in frame["code"]] if "code" in frame else [""] * rows
    return np.array(sorted(range(rows), key=lambda i: (-tier[i], codes[i], i)), np.int32)


def _without_copies(polygons: NDArray[np.object_]) -> NDArray[np.object_]:
    """A grid that has the very shape of one before it is never first; stacks of them would cost dearly."""
    seen: set[bytes | None] = set()
    kept = polygons.copy()
    for i, shape in enumerate(shapely.to_wkb(polygons)):
        if shape in seen:
            kept[i] = None
        seen.add(shape)
    return kept


def _refuse_other_shapes(polygons: NDArray[np.object_], order: Ints) -> None:
    allowed = np.isin(
        shapely.get_type_id(polygons), (-1, shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
    )
    if not allowed.all():
        i = int(np.argmin(allowed))
        raise InputError(f"row {order[i]} is a {polygons[i].geom_type}: the locator takes polygons and multipolygons")


def _edges(polygons: NDArray[np.object_]) -> tuple[Floats, Ints]:
    """Every edge as (ax, ay, bx, by), lower end first, and the index of its polygon, ascending."""
    parts, owner = shapely.get_parts(polygons, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    places, ring = shapely.get_coordinates(rings, return_index=True)
    if not (np.abs(places) < FURTHEST).all():
        bad = owner[part[ring[int(np.argmin((np.abs(places) < FURTHEST).all(axis=1)))]]]
        raise InputError(f"{polygons[bad].wkt[:60]}… has a coordinate that is no number: repair the layer first")
    first = np.flatnonzero(ring[1:] == ring[:-1])
    a, b = places[first], places[first + 1]
    swap = (a[:, 1] > b[:, 1]) | ((a[:, 1] == b[:, 1]) & (a[:, 0] > b[:, 0]))
    edges = np.hstack([a, b])
    edges[swap] = np.hstack([b[swap], a[swap]])
    return edges, owner[part[ring[first]]].astype(np.int32)


def _numbers(values: ArrayLike, name: str) -> Floats:
    """A row of floats, read-only: one compiled kernel then serves what may be written and what may not."""
    try:
        numbers = np.ascontiguousarray(values, np.float64).view()
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} holds something that is no number: give degrees") from error
    if numbers.ndim != 1:
        raise InputError(f"{name} has {numbers.ndim} dimensions: give a row of degrees")
    numbers.flags.writeable = False
    return numbers


def _covers_exactly(polygon: shapely.Geometry, lon: float, lat: float) -> bool:
    x, y = Fraction(lon), Fraction(lat)
    inside = False
    for ax, ay, bx, by in _fractions(polygon):
        turn = (bx - ax) * (y - ay) - (x - ax) * (by - ay)
        if turn == 0 and min(ax, bx) <= x <= max(ax, bx) and ay <= y <= by:
            return True
        inside ^= ay <= y < by and turn < 0
    return inside


def _fractions(polygon: shapely.Geometry) -> Iterator[tuple[Fraction, ...]]:
    for edge in _edges(np.array([polygon], dtype=object))[0].tolist():
        yield tuple(Fraction(value) for value in edge)


def warm_up() -> None:
    """Compile every kernel into numba's cache, so that nobody waits for it later."""
    import geopandas as gpd

    locator = Locator(gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1)]))
    locator.locate([0.5], [0.5])
    locator.locate_one(0.5, 0.5)


if __name__ == "__main__":
    warm_up()
