"""A tier of grids has no overlaps and no gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from gridmap.domain.findings import Finding, found
from gridmap.spatial.measures import areas, flattened, widths
from gridmap.spatial.topology.pieces import (
    NEGLIGIBLE_M2,
    SLIVER_WIDTH_M,
    TOLERATED_M2,
    listed,
    names,
    place,
    polygons,
    size,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import geopandas as gpd
    from shapely.geometry.base import BaseGeometry

    from gridmap.spatial.topology.pieces import Positions, Shapes

# A file that holds its grids many times over has more overlaps than anyone can read.
MOST_OVERLAPS = 10_000
_BATCH = 64
_SLICE = 2_000
_TOUCHING_DEG = 1e-9  # a tenth of a millimetre: corners that a set operation has rounded


def overlaps(grids: gpd.GeoDataFrame, metric_crs: int) -> list[Finding]:
    """Ground that two grids of one tier both cover, a finding for each piece of it.

    Parameters
    ----------
    grids : GeoDataFrame, EPSG:4326
        Grids of one tier, with valid shapes.
    metric_crs : int
        EPSG code of the site's projected system in metres.

    Returns
    -------
    list of Finding
        `overlap`, or `sliver` under 1 m2 or 0.1 m in width; measures in m2. Under 0.01 m2 is nothing.
        After 10,000 pieces the search ends, and the last finding says so.

    Raises
    ------
    InputError, CoordinateError
        If the system does not measure in metres, or not there.

    Examples
    --------
    >>> import geopandas as gpd
    >>> squares = [shapely.box(0, 0, 0.001, 0.001), shapely.box(0.0009, 0, 0.002, 0.001)]
    >>> pair = gpd.GeoDataFrame({"code": ["A", "B"], "tier": 3}, geometry=squares, crs=4326)
    >>> [(finding.check, finding.codes, round(finding.measure)) for finding in overlaps(pair, 32631)]
    [('overlap', ('A', 'B'), 1233)]
    """
    codes, tier = names(grids).tolist(), _tier(grids)
    findings: list[Finding] = []
    for first, second, common in _shared_ground(grids.geometry.to_numpy()):
        pieces, pair = polygons(common)
        for piece, owner, area, thin in _measured(pieces, pair, metric_crs):
            one, other = sorted((codes[first[owner]], codes[second[owner]]))
            message = f"grids {one} and {other} overlap by {size(area)} at {place(piece)}"
            findings.append(_finding("sliver" if thin else "overlap", message, (one, other), tier, area, piece))
        if len(findings) >= MOST_OVERLAPS:
            rest = f"more than {MOST_OVERLAPS:,} overlaps in tier {tier}: mend these before the others are told"
            return [*findings[:MOST_OVERLAPS], found("overlap", "grids", rest, tier=tier)]
    return findings


def _shared_ground(shapes: Shapes) -> Iterator[tuple[Positions, Positions, Shapes]]:
    """Pairs of shapes whose insides meet, and where, batch by batch."""
    tree = shapely.STRtree(shapes)
    shapely.prepare(shapes)
    for start in range(0, len(shapes), _BATCH):
        first, second = tree.query(shapes[start : start + _BATCH])
        first = first + start
        once = first < second
        # In slices: where thousands of grids lie upon each other, the first of them end the search.
        pairs = np.column_stack([first[once], second[once]])
        for begin in range(0, len(pairs), _SLICE):
            one, other = pairs[begin : begin + _SLICE].T
            meet = shapely.relate_pattern(shapes[one], shapes[other], "T********")
            one, other = one[meet], other[meet]
            yield one, other, shapely.intersection(shapes[one], shapes[other])


def gaps(grids: gpd.GeoDataFrame, metric_crs: int) -> list[Finding]:
    """Ground enclosed by the grids of a tier that none of them covers, and slits open to the outside.

    Parameters
    ----------
    grids : GeoDataFrame, EPSG:4326
        Grids of one tier, with valid shapes.
    metric_crs : int
        EPSG code of the site's projected system in metres.

    Returns
    -------
    list of Finding
        `gap` for a hole, or `sliver` for one under 1 m2 or 0.1 m in width and for a slit under 0.1 m in
        width between two grids that opens to the outside; measures in m2. Under 0.01 m2 is nothing.
        Wider ground at the edge belongs to the outline: whether it is missing, the tier above tells.

    Raises
    ------
    InputError, CoordinateError
        If the system does not measure in metres, or not there.

    Examples
    --------
    >>> import geopandas as gpd
    >>> ring = shapely.box(0, 0, 0.003, 0.003) - shapely.box(0.001, 0.001, 0.002, 0.002)
    >>> frame = gpd.GeoDataFrame({"code": ["A"], "tier": 3}, geometry=[ring], crs=4326)
    >>> [(finding.check, finding.codes, round(finding.measure)) for finding in gaps(frame, 32631)]
    [('gap', ('A',), 12333)]
    """
    shapes = grids.geometry.to_numpy()
    if not len(shapes):
        return []
    tree, tier = shapely.STRtree(shapes), _tier(grids)
    codes = names(grids)
    covered = shapely.union_all(shapes)
    outline = _outline(covered)
    findings = []
    for piece, _, area, thin in _measured(*polygons(np.array([outline - covered])), metric_crs):
        around = _touching(tree, piece, codes)
        message = f"nobody covers {size(area)} between grids {listed(around)} at {place(piece)}"
        findings.append(_finding("sliver" if thin else "gap", message, around, tier, area, piece))
    for piece, _, area, _ in _measured(*polygons(np.array([_slits(outline, metric_crs)])), metric_crs):
        around = _touching(tree, piece, codes)
        if len(around) > 1:
            message = f"a slit of {size(area)} is open between grids {listed(around)} at {place(piece)}"
            findings.append(_finding("sliver", message, around, tier, area, piece))
    return findings


def _outline(covered: BaseGeometry) -> BaseGeometry:
    """All that a tier encloses: its ground, and what lies within rings of grids that only touch."""
    edges = shapely.get_parts(shapely.union_all([shapely.boundary(covered)]))
    return shapely.union_all(shapely.get_parts(shapely.polygonize(edges)))


def _slits(outline: BaseGeometry, metric_crs: int) -> BaseGeometry:
    """What closing the outline by half a sliver's width fills; in degrees."""
    whole = np.array([outline], dtype=object)
    origin = shapely.centroid(whole)
    flat = flattened(whole, metric_crs, origin)[0]
    half = SLIVER_WIDTH_M / 2
    filled = shapely.buffer(shapely.buffer(flat, half), -half) - flat
    return _unflattened(filled, metric_crs, origin)


def _unflattened(shape: BaseGeometry, metric_crs: int, origin: Shapes) -> BaseGeometry:
    """Back from the plane that touches the projection at the origin."""
    lon, lat = float(origin[0].x), float(origin[0].y)
    corners = np.array([shapely.Point(lon + 1e-3, lat), shapely.Point(lon, lat + 1e-3)])
    slopes = shapely.get_coordinates(flattened(corners, metric_crs, origin)).T / 1e-3
    back = np.linalg.inv(slopes)
    return shapely.transform(shape, lambda metres: metres @ back.T + (lon, lat))


def _touching(tree: shapely.STRtree, piece: BaseGeometry, codes: Shapes) -> tuple[str, ...]:
    rows = tree.query(piece, predicate="dwithin", distance=_TOUCHING_DEG)
    return tuple(sorted({str(code) for code in codes[rows]}))


def _measured(pieces: Shapes, owners: Positions, metric_crs: int) -> Iterator[tuple[BaseGeometry, int, float, bool]]:
    """The pieces that count, what they belong to, how large they are, and whether they are slivers."""
    if not len(pieces):
        return
    ground = areas(pieces, metric_crs)
    thin = (ground < TOLERATED_M2) | (widths(pieces, metric_crs) < SLIVER_WIDTH_M)
    for row in np.flatnonzero(ground >= NEGLIGIBLE_M2):
        yield pieces[row], int(owners[row]), float(ground[row]), bool(thin[row])


def _finding(
    check: str, message: str, codes: tuple[str, ...], tier: int | None, area: float, piece: BaseGeometry
) -> Finding:
    return found(check, "grids", message, codes=codes, tier=tier, measure=area, unit="m2", geometry=piece)


def _tier(grids: gpd.GeoDataFrame) -> int | None:
    return int(grids["tier"].iloc[0]) if len(grids) else None
