"""Grids under the pen: shared edges stay shared, ground is divided and joined, parents follow their children."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

import geopandas
import numpy as np
import shapely
from scipy.spatial import cKDTree

from gridmap.domain.findings import Finding, found
from gridmap.errors import InputError
from gridmap.spatial.coordinates import snap_geometries
from gridmap.spatial.measures import areas
from gridmap.spatial.topology.pieces import TOLERATED_M2, areal, listed, place, polygons, size, sound

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from gridmap.spatial.topology.pieces import Shapes

    Corner = tuple[float, float]
    # What stands between two corners of a ring.
    Between = dict[tuple[Corner, Corner], list[Corner]]

NEAR_DEG = 5e-7  # five centimetres: nobody means two corners that lie so close to be two
_BEYOND_DEG = 1e-6  # how far a line is drawn out, so that one that ends on an edge crosses it


def moved(shapes: Shapes, start: Corner, end: Corner) -> Shapes:
    """Shapes with one corner elsewhere, in all of them that share it.

    Parameters
    ----------
    shapes : ndarray of geometries, shape (n,)
        Degrees, EPSG:4326.
    start, end : tuple of float
        Longitude and latitude of the corner as it is, and as it will be.

    Returns
    -------
    ndarray of geometries, shape (n,)
        New ones where they have the corner, the same where they do not.

    Examples
    --------
    >>> pair = np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])
    >>> [shape.area for shape in moved(pair, (1, 1), (1.5, 1))]
    [1.25, 0.75]
    """

    def elsewhere(corners: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where((corners == start).all(axis=1)[:, None], end, corners)

    return np.asarray(shapely.transform(shapes, elsewhere), dtype=object)


def conformed(grids: geopandas.GeoDataFrame, drawn: Iterable[str]) -> geopandas.GeoDataFrame:
    """Grids whose common edges have the same corners on both sides.

    A corner of a drawn grid that lies within 5 cm of another grid's corner becomes that corner; then every edge takes
    the corners that lie on it, within 5 cm.

    Parameters
    ----------
    grids : GeoDataFrame, EPSG:4326
        Grids of one tier, on the lattice, with `code`.
    drawn : iterable of str
        The codes of those that were drawn: these give way.

    Returns
    -------
    GeoDataFrame
        A new one, same rows.

    Examples
    --------
    >>> shapes = [shapely.box(0, 0, 1, 2), shapely.box(1, 0, 2, 1), shapely.box(1, 1, 2, 2)]
    >>> grids = geopandas.GeoDataFrame({"code": ["A", "B", "C"]}, geometry=shapes, crs=4326)
    >>> conformed(grids, ["B"]).geometry.iloc[0].wkt
    'POLYGON ((1 0, 1 1, 1 2, 0 2, 0 0, 1 0))'
    """
    shapes = np.array(grids.geometry.to_numpy(), dtype=object)
    of_drawn = grids["code"].isin(list(drawn)).to_numpy() & ~shapely.is_missing(shapes)
    shapes[of_drawn] = _tied(shapes[of_drawn], shapely.get_coordinates(shapes[~of_drawn]))
    between = _between(shapes)
    for row in sorted({row for row, _ in between}):
        own = {edge: corners for (of, edge), corners in between.items() if of == row}
        shapes[row] = _with_corners(shapes[row], own)
    return grids.set_geometry(snap_geometries(_series(grids, shapes)))


def _series(grids: geopandas.GeoDataFrame, shapes: Shapes) -> geopandas.GeoSeries:
    return geopandas.GeoSeries(list(shapes), index=grids.index, crs=grids.crs, name=grids.geometry.name)


def _tied(shapes: Shapes, corners: NDArray[np.float64]) -> Shapes:
    """Shapes whose corners are those that lie beside them."""
    if not len(shapes) or not len(corners):
        return shapes
    tree = cKDTree(corners)

    def beside(own: NDArray[np.float64]) -> NDArray[np.float64]:
        distance, nearest = tree.query(own, distance_upper_bound=NEAR_DEG)
        near = np.isfinite(distance)
        return np.where(near[:, None], corners[np.where(near, nearest, 0)], own)

    return np.asarray(shapely.transform(shapes, beside), dtype=object)


def _between(shapes: Shapes) -> dict[tuple[int, tuple[Corner, Corner]], list[Corner]]:
    """The corners of others that lie on each edge, by the shape and the edge, in the order of the way along it."""
    there = np.flatnonzero(~shapely.is_missing(shapes))
    parts, owner = shapely.get_parts(shapes[there], return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    follows = np.flatnonzero(ring[1:] == ring[:-1])
    edges = shapely.linestrings(np.stack([corners[follows], corners[follows + 1]], axis=1))
    distinct = np.unique(corners, axis=0)
    tree = shapely.STRtree(np.array(shapely.points(distinct), dtype=object, ndmin=1))
    edge, corner = tree.query(edges, predicate="dwithin", distance=NEAR_DEG)
    ends = np.stack([corners[follows[edge]], corners[follows[edge] + 1]])
    new = np.hypot(*np.moveaxis(ends - distinct[corner], -1, 0)).min(axis=0) > NEAR_DEG
    between: dict[tuple[int, tuple[Corner, Corner]], list[Corner]] = defaultdict(list)
    for at, point in zip(follows[edge[new]], distinct[corner[new]], strict=True):
        row = int(there[owner[part[ring[at]]]])
        between[row, (_corner(corners[at]), _corner(corners[at + 1]))].append(_corner(point))
    for (_, (first, _last)), points in between.items():
        points.sort(key=lambda point: float(np.hypot(point[0] - first[0], point[1] - first[1])))
    return between


def _corner(point: NDArray[np.float64]) -> Corner:
    return float(point[0]), float(point[1])


def _with_corners(shape: BaseGeometry, between: Between) -> BaseGeometry:
    """A shape whose edges have more corners."""

    def ring(line: BaseGeometry) -> list[Corner]:
        corners = [_corner(each) for each in shapely.get_coordinates(line)]
        walked = [each for edge in pairwise(corners) for each in (edge[0], *between.get(edge, ()))]
        return [*walked, corners[-1]]

    parts = [
        shapely.Polygon(ring(part.exterior), [ring(hole) for hole in part.interiors])
        for part in shapely.get_parts(shape)
    ]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def outlined(grids: geopandas.GeoDataFrame, above: Iterable[str]) -> geopandas.GeoDataFrame:
    """Grids of which some take the outline of their children, whatever it has become.

    Parameters
    ----------
    grids : GeoDataFrame, EPSG:4326
        Grids of all tiers with `code`, `tier` and `parent`.
    above : iterable of str
        The codes of the grids that follow their children; one without sound children stays as it is.

    Returns
    -------
    GeoDataFrame
        A new one, same rows, the lower tiers first to be followed.

    Examples
    --------
    >>> shapes = [shapely.box(0, 0, 1, 1), shapely.box(0, 0, 1, 2)]
    >>> tree = {"code": ["P", "C"], "tier": [1, 2], "parent": [None, "P"]}
    >>> grids = geopandas.GeoDataFrame(tree, geometry=shapes, crs=4326)
    >>> outlined(grids, ["P"]).geometry.iloc[0].area
    2.0
    """
    shapes = np.array(grids.geometry.to_numpy(), dtype=object)
    wanted = grids["code"].isin(list(above)).to_numpy()
    for tier in sorted(grids["tier"].unique(), reverse=True):
        for row in map(int, np.flatnonzero(wanted & (grids["tier"] == tier).to_numpy())):
            children = shapes[(grids["parent"] == grids["code"].iloc[row]).to_numpy()]
            if len(children) and sound(children).all():
                union = shapely.union_all(children)
                shapes[row] = shapes[row] if shapely.equals(union, shapes[row]) else union
    return grids.set_geometry(snap_geometries(_series(grids, shapes)))


def divided(shape: BaseGeometry, line: BaseGeometry) -> list[BaseGeometry]:
    """The pieces that a line cuts an area into, the largest first.

    Parameters
    ----------
    shape : Polygon or MultiPolygon
        Degrees, EPSG:4326.
    line : LineString
        In the same system; a line that ends on the area's edge crosses it.

    Returns
    -------
    list of Polygon
        On the lattice.

    Raises
    ------
    InputError
        If the line does not divide the area.

    Examples
    --------
    >>> pieces = divided(shapely.box(0, 0, 3, 1), shapely.LineString([(1, 0), (1, 1)]))
    >>> [piece.area for piece in pieces]
    [2.0, 1.0]
    """
    edges = shapely.union_all([shapely.boundary(shape), _drawn_out(line)])
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(edges)))
    inside = faces[shapely.covers(shape, shapely.point_on_surface(faces))]
    if len(inside) <= shapely.get_num_geometries(shape):
        raise InputError("the line does not divide the grid: begin and end it on the edge or outside")
    pieces = snap_geometries(_as_series(inside)).to_numpy()
    return sorted(pieces, key=lambda piece: -piece.area)


def _drawn_out(line: BaseGeometry) -> BaseGeometry:
    """A line that goes on for a little at both ends."""
    corners = shapely.get_coordinates(line)
    for end, next_to in ((0, 1), (-1, -2)):
        way = corners[end] - corners[next_to]
        length = float(np.hypot(*way))
        if length > 0:
            corners[end] = corners[end] + way / length * _BEYOND_DEG
    return shapely.LineString(corners)


def _as_series(shapes: Shapes) -> geopandas.GeoSeries:
    return geopandas.GeoSeries(list(shapes), crs=4326)


def joined(shapes: Shapes) -> BaseGeometry:
    """One area from several that touch.

    Parameters
    ----------
    shapes : ndarray of geometries, shape (n,)
        Degrees, EPSG:4326.

    Returns
    -------
    Polygon
        On the lattice.

    Raises
    ------
    InputError
        If they do not make up one piece.

    Examples
    --------
    >>> joined(np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])).area
    2.0
    """
    pieces, _ = polygons(np.array([shapely.union_all(shapes)], dtype=object))
    if len(pieces) != 1:
        raise InputError("the grids do not touch along an edge: choose neighbours")
    whole: BaseGeometry = snap_geometries(_as_series(pieces)).iloc[0]
    return whole


def without(shapes: Shapes, ground: BaseGeometry) -> Shapes:
    """What areas leave when some ground is taken from them.

    Parameters
    ----------
    shapes : ndarray of geometries, shape (n,)
        Valid areas in degrees, EPSG:4326.
    ground : Polygon or MultiPolygon
        What is taken.

    Returns
    -------
    ndarray of geometries, shape (n,)
        On the lattice; None where nothing is left, the same shape where nothing was taken.

    Examples
    --------
    >>> rest = without(np.array([shapely.box(0, 0, 2, 1), shapely.box(0, 0, 1, 1)]), shapely.box(0, 0, 1, 1))
    >>> [shape and shape.area for shape in rest]
    [1.0, None]
    """
    result = np.array(shapes, dtype=object)
    for row in np.flatnonzero(shapely.relate_pattern(shapes, ground, "T********")):
        rest = areal(np.array([shapely.difference(shapes[row], ground)], dtype=object))
        result[row] = rest[0] if rest[0] is None else snap_geometries(_as_series(rest)).iloc[0]
    return result


def given_up(before: geopandas.GeoDataFrame, after: geopandas.GeoDataFrame, metric_crs: int) -> list[Finding]:
    """Ground that grids covered and others, drawn upon them, do not: a finding for each piece.

    Parameters
    ----------
    before, after : GeoDataFrame, EPSG:4326
        Grids of one tier, with `code`, `tier` and valid shapes.
    metric_crs : int
        EPSG code of the site's projected system in metres.

    Returns
    -------
    list of Finding
        `given-up` above 1 m2; its codes are the grids that had the ground. Measures in m2.

    Raises
    ------
    InputError, CoordinateError
        If the system does not measure in metres, or not there.

    Examples
    --------
    >>> columns = {"code": ["A"], "tier": 3}
    >>> before = geopandas.GeoDataFrame(columns, geometry=[shapely.box(0, 0, 0.002, 0.001)], crs=4326)
    >>> after = before.set_geometry([shapely.box(0, 0, 0.001, 0.001)], crs=4326)
    >>> [(finding.check, finding.codes, round(finding.measure)) for finding in given_up(before, after, 32631)]
    [('given-up', ('A',), 12333)]
    """
    shapes = before.geometry.to_numpy()
    lost = shapely.difference(shapely.union_all(shapes), shapely.union_all(after.geometry.to_numpy()))
    pieces, _ = polygons(np.array([lost], dtype=object))
    ground, tree = areas(pieces, metric_crs), shapely.STRtree(shapes)
    findings = []
    for piece, area in zip(pieces, ground, strict=True):
        if area > TOLERATED_M2:
            rows = tree.query(piece, predicate="intersects")
            had = tuple(sorted(str(code) for code in before["code"].to_numpy()[rows]))
            message = f"{size(area)} of {listed(had)} are covered no more at {place(piece)}"
            tier = int(before["tier"].iloc[0])
            findings.append(
                found(
                    "given-up", "grids", message, codes=had, tier=tier, measure=float(area), unit="m2", geometry=piece
                )
            )
    return findings
