"""Who is whose neighbour: contiguity, distance bands, nearest grids, and barriers that come between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree

from gridmap.analytics.projection import Plane, box_of
from gridmap.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Pairs = tuple[Ints, Ints]
# Shapes touch along a line, or overlap: what DE-9IM says of the two boundaries.
ALONG_A_LINE: Final = "****1****"


@dataclass(frozen=True, eq=False)
class Weights:
    """Which grids are neighbours, and how much each counts for the other.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array, shape (n, n)
        `matrix[i, j]` is what j counts for i; nothing on the diagonal.
    ids : pandas.Index, n
        The grids by code, in the order of the frame they were made of.
    kind : str
        How they were made: queen, rook, distance, nearest.
    settings : mapping
        What was chosen, in metres and counts, so that it can be said and made again.

    Examples
    --------
    >>> squares = gpd.GeoDataFrame({"code": ["A", "B", "C"]}, geometry=[shapely.box(x, 0, x + 1, 1) for x in range(3)])
    >>> of = contiguity(squares)
    >>> of.neighbours("B"), of.counts.tolist()
    (['A', 'C'], [1, 2, 1])
    """

    matrix: sparse.csr_array
    ids: pd.Index[Any]
    kind: str
    settings: Mapping[str, Any]

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def counts(self) -> Ints:
        """How many neighbours each grid has."""
        return np.diff(self.matrix.indptr).astype(np.int64)

    @cached_property
    def sums(self) -> Floats:
        """What the neighbours of each grid count together."""
        return np.asarray(self.matrix.sum(axis=1), dtype=np.float64)

    @cached_property
    def squares(self) -> Floats:
        """The sum of the squares of what the neighbours of each grid count."""
        return np.asarray(self.matrix.power(2).sum(axis=1), dtype=np.float64)

    @cached_property
    def moments(self) -> tuple[float, float, float]:
        """The sum of all weights, and Cliff and Ord's S1 and S2, on which variances rest."""
        columns = np.asarray(self.matrix.sum(axis=0), dtype=np.float64)
        mutual = float(self.matrix.multiply(self.matrix.T).sum())
        total, ups = float(self.sums.sum()), float(self.squares.sum()) + mutual
        return total, ups, float(((self.sums + columns) ** 2).sum())

    @property
    def islands(self) -> list[Any]:
        """The grids without any neighbour."""
        return list(self.ids[self.counts == 0])

    def neighbours(self, code: Any) -> list[Any]:
        """The neighbours of a grid."""
        row = int(self.ids.get_indexer(pd.Index([code]))[0])
        if row < 0:
            raise InputError(f"these weights know no grid {code}: their grids are of one tier and one plan")
        return list(self.ids[self.matrix.indices[self.matrix.indptr[row] : self.matrix.indptr[row + 1]]])

    def row_standardised(self) -> Weights:
        """The same neighbours, each row adding up to 1; those of an island to 0."""
        sums = self.matrix.sum(axis=1)
        shares = np.divide(1.0, sums, out=np.zeros_like(sums), where=sums > 0)
        matrix = sparse.csr_array(self.matrix.multiply(shares[:, None]))
        return replace(self, matrix=matrix, settings=MappingProxyType({**self.settings, "standardised": "rows"}))


def contiguity(grids: gpd.GeoDataFrame, *, rook: bool = False) -> Weights:
    """Neighbours are grids that touch: at a point (queen), or along a line (rook).

    Corners and edges that two outlines share are found by their numbers; only outlines with an edge that no other has
    are asked of GEOS, so that corners in the middle of a neighbour's edge count, too.

    Parameters
    ----------
    grids : geopandas.GeoDataFrame, n rows
        One tier: shapes that overlap nowhere, in any system; `code` names them, else the index does.
    rook : bool
        Only along a line of some length.

    Returns
    -------
    Weights
        Binary and symmetric.

    Raises
    ------
    InputError
        If two grids have one code, or a shape is missing or no area.

    References
    ----------
    Cliff, A. D. and Ord, J. K. (1973). Spatial Autocorrelation. Pion.

    Examples
    --------
    >>> board = [shapely.box(x, y, x + 1, y + 1) for y in range(3) for x in range(3)]
    >>> squares = gpd.GeoDataFrame({"code": list("ABCDEFGHI")}, geometry=board)
    >>> contiguity(squares).counts.tolist()
    [3, 5, 3, 5, 8, 5, 3, 5, 3]
    >>> contiguity(squares, rook=True).neighbours("E")
    ['B', 'D', 'F', 'H']
    """
    ids, shapes = _named(grids), grids.geometry.to_numpy()
    if len(shapes) and not np.isin(shapely.get_type_id(shapes), (3, 6)).all():
        raise InputError("contiguity is of areas: a grid has no shape, or one that is no polygon")
    corner_owner, corner, edge_owner, edge = _outlines(shapes)
    found = _sharing(edge_owner, edge, len(ids)) if rook else _sharing(corner_owner, corner, len(ids))
    low, high = _unmatched(shapes, edge_owner, edge, found)
    touch = shapely.relate_pattern(shapes[low], shapes[high], ALONG_A_LINE) if rook else None
    near = shapely.intersects(shapes[low], shapes[high]) if touch is None else touch
    matrix = _symmetric(found, (low[near], high[near]), len(ids))
    return Weights(matrix, ids, "rook" if rook else "queen", MappingProxyType({}))


def distance_band(grids: gpd.GeoDataFrame, metres: float) -> Weights:
    """Neighbours are grids whose middles lie within so many metres.

    Parameters
    ----------
    grids : geopandas.GeoDataFrame, n rows
        Shapes in degrees, or in a system of metres.
    metres : float
        The band, itself within.

    Returns
    -------
    Weights
        Binary and symmetric; `settings["metres"]` is the band.

    Raises
    ------
    InputError
        If the band is no positive number, or two grids have one code.

    Examples
    --------
    >>> squares = gpd.GeoDataFrame({"code": ["A", "B", "C"]}, geometry=[shapely.box(x, 0, x + 1, 1) for x in (0, 1, 5)])
    >>> distance_band(squares, 1.0).islands
    ['C']
    """
    if not (np.isfinite(metres) and metres > 0):
        raise InputError(f"a distance band of {metres} m has nobody in it: give metres above 0")
    ids, places = _named(grids), middles(grids)
    # What is a hair beyond for rounding alone is within.
    pairs = cKDTree(places).query_pairs(metres * (1 + 1e-12), output_type="ndarray").astype(np.int64)
    matrix = _symmetric(sparse.csr_array((len(ids), len(ids))), (pairs[:, 0], pairs[:, 1]), len(ids))
    return Weights(matrix, ids, "distance", MappingProxyType({"metres": float(metres)}))


def nearest(grids: gpd.GeoDataFrame, count: int) -> Weights:
    """Neighbours are the grids whose middles lie nearest, so many for each.

    Parameters
    ----------
    grids : geopandas.GeoDataFrame, n rows
        Shapes in degrees, or in a system of metres.
    count : int
        How many, 1 to n - 1.

    Returns
    -------
    Weights
        Binary, and not symmetric: A may be among the nearest of B, and B not among those of A.

    Raises
    ------
    InputError
        If there are not so many others, or two grids have one code.

    Examples
    --------
    >>> squares = gpd.GeoDataFrame({"code": ["A", "B", "C"]}, geometry=[shapely.box(x, 0, x + 1, 1) for x in (0, 1, 5)])
    >>> nearest(squares, 1).neighbours("C")
    ['B']
    """
    ids, places = _named(grids), middles(grids)
    if not 1 <= count < len(ids):
        raise InputError(f"the {count} nearest of {len(ids)} grids: choose 1 to {max(len(ids) - 1, 0)}")
    found = np.asarray(cKDTree(places).query(places, k=count + 1)[1])
    # A grid is its own nearest, unless another lies in the same place.
    own = found == np.arange(len(ids))[:, None]
    own[~own.any(axis=1), -1] = True
    columns = found[~own]
    matrix = sparse.csr_array((np.ones(len(columns)), columns, np.arange(len(ids) + 1) * count), (len(ids), len(ids)))
    matrix.sort_indices()
    return Weights(matrix, ids, "nearest", MappingProxyType({"count": int(count)}))


def cut(weights: Weights, grids: gpd.GeoDataFrame, barriers: gpd.GeoSeries) -> Weights:
    """The weights without those neighbours between whom a barrier lies: a wall, a road, water.

    A barrier lies between two grids if the straight way from a place inside the one to a place inside the other
    (`shapely.point_on_surface`) meets it.

    Parameters
    ----------
    weights : Weights
        Of these grids.
    grids : geopandas.GeoDataFrame, n rows
        In the order of the weights.
    barriers : geopandas.GeoSeries
        Lines or areas, in the system of the grids.

    Returns
    -------
    Weights
        `settings["cut"]` says how many neighbours were parted.

    Raises
    ------
    InputError
        If the grids are others than the weights', or lie in another system than the barriers.

    Examples
    --------
    >>> squares = gpd.GeoDataFrame({"code": ["A", "B", "C"]}, geometry=[shapely.box(x, 0, x + 1, 1) for x in range(3)])
    >>> wall = gpd.GeoSeries([shapely.LineString([(1, -1), (1, 2)])])
    >>> parted = cut(contiguity(squares), squares, wall)
    >>> parted.islands, parted.neighbours("C"), parted.settings["cut"]
    (['A'], ['B'], 1)
    """
    if not _named(grids).equals(weights.ids):
        raise InputError("the grids are not those of the weights: give the same frame, in the same order")
    if grids.crs != barriers.crs:
        raise InputError(f"barriers in {barriers.crs} and grids in {grids.crs}: bring them to one system")
    here, there = weights.matrix.nonzero()
    inner = shapely.get_coordinates(shapely.point_on_surface(grids.geometry.to_numpy()))
    ways = shapely.linestrings(np.stack([inner[here], inner[there]], axis=1))
    solid = barriers.to_numpy()[~(barriers.isna() | barriers.is_empty).to_numpy()]
    parted = np.unique(shapely.STRtree(solid).query(ways, predicate="intersects")[0])
    kept = np.setdiff1d(np.arange(len(here)), parted)
    matrix = sparse.csr_array((weights.matrix.data[kept], (here[kept], there[kept])), weights.matrix.shape)
    pairs = {(min(a, b), max(a, b)) for a, b in zip(here[parted].tolist(), there[parted].tolist(), strict=True)}
    return replace(weights, matrix=matrix, settings=MappingProxyType({**weights.settings, "cut": len(pairs)}))


def middles(grids: gpd.GeoDataFrame) -> Floats:
    """The centres of gravity of grids in metres, x east and y north.

    Degrees, and systems whose metres are none on the ground (Web Mercator), are laid out about the middle of them all
    (azimuthal equidistant), which keeps the distances of a city to a part in 10,000; shapes without a system are taken
    to be in metres.

    Parameters
    ----------
    grids : geopandas.GeoDataFrame, n rows
        Shapes in degrees, or in a system of metres.

    Returns
    -------
    ndarray of float64, shape (n, 2)
        Metres.

    Examples
    --------
    >>> two = [shapely.Point(121.5, 31.25), shapely.Point(121.5, 31.251)]
    >>> places = middles(gpd.GeoDataFrame(geometry=two, crs=4326))
    >>> round(float(np.hypot(*(places[1] - places[0]))), 1)
    110.9
    """
    centres = np.asarray(shapely.get_coordinates(shapely.centroid(grids.geometry.to_numpy())), dtype=np.float64)
    if grids.crs is None or not len(centres):
        return centres
    return Plane.about(box_of(centres), grids.crs).lay(centres, grids.crs)


def _named(grids: gpd.GeoDataFrame) -> pd.Index[Any]:
    ids = pd.Index(grids["code"], name="code") if "code" in grids else grids.index
    if not ids.is_unique:
        raise InputError(f"two grids are called {ids[ids.duplicated()][0]}: give grids of one tier, each once")
    return ids


def _outlines(shapes: NDArray[Any]) -> tuple[Ints, Ints, Ints, Ints]:
    """Whose each corner is and which, whose each edge and which: equal ones have one number."""
    parts, of_part = shapely.get_parts(shapes, return_index=True)
    rings, of_ring = shapely.get_rings(parts, return_index=True)
    places, of_corner = shapely.get_coordinates(rings, return_index=True)
    (x, _), (y, high) = (pd.factorize(np.ascontiguousarray(axis) + 0.0) for axis in places.T)
    corner, _ = pd.factorize(x.astype(np.int64) * max(len(high), 1) + y)
    owner = of_part[of_ring[of_corner]].astype(np.int64)
    along = of_corner[1:] == of_corner[:-1]
    ends = np.sort(np.stack([corner[:-1][along], corner[1:][along]]), axis=0).astype(np.int64)
    edge, _ = pd.factorize(ends[0] * (len(corner) + 1) + ends[1])
    return owner, corner.astype(np.int64), owner[:-1][along], edge.astype(np.int64)


def _sharing(owner: Ints, part: Ints, count: int) -> sparse.csr_array:
    """Which shapes have a part in common."""
    held = sparse.csr_array((np.ones(len(part), np.int32), (owner, part)), (count, int(part.max(initial=-1)) + 1))
    return sparse.csr_array(held @ held.T)


def _unmatched(shapes: NDArray[Any], edge_owner: Ints, edge: Ints, found: sparse.csr_array) -> Pairs:
    """Pairs that are not found but may touch: one of them has an edge that is nobody else's."""
    alone = np.zeros(len(shapes), dtype=bool)
    alone[edge_owner[np.bincount(edge)[edge] == 1]] = True
    lonely = np.flatnonzero(alone)
    one, other = shapely.STRtree(shapes).query(shapes[lonely])
    one, other = lonely[one].astype(np.int64), other.astype(np.int64)
    keys = np.unique(np.minimum(one, other) * len(shapes) + np.maximum(one, other))
    low, high = np.divmod(keys, max(len(shapes), 1))
    known = np.asarray(found[low, high]).ravel() != 0 if len(low) else np.zeros(0, dtype=bool)
    fresh = (low != high) & ~known
    return low[fresh], high[fresh]


def _symmetric(found: sparse.csr_array, pairs: Pairs, count: int) -> sparse.csr_array:
    """Ones where two were found together, whichever way round; none on the diagonal."""
    rows, columns = found.nonzero()
    ones = np.concatenate([rows, pairs[0], pairs[1]]), np.concatenate([columns, pairs[1], pairs[0]])
    apart = ones[0] != ones[1]
    matrix = sparse.csr_array((np.ones(int(apart.sum())), (ones[0][apart], ones[1][apart])), (count, count))
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix
