"""Shapes as a map draws them: simplified without tearing what neighbours share, and where their labels stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridmap.spatial.topology.pieces import areal

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from gridmap.spatial.topology.pieces import Shapes

WEB_MERCATOR = 3857
EARTH_M = 6_378_137.0  # the radius of its sphere
# Corners that are nearer than this are one when a plan's cells do not meet exactly: less than any screen shows.
JOINED_M = 0.1
# A parent that differs from its children by less than this share of it has no ground beside theirs.
LEAST_SHARE = 1e-4
# How far a label's circle may be from the largest one, as a share of the square root of its area.
ROUGH = 0.05


def draw_grids(grids: gpd.GeoDataFrame, levels: Sequence[tuple[Sequence[int], float]]) -> list[gpd.GeoDataFrame]:
    """The grids of a plan as each level of a web map draws them, neighbours and tiers sharing their edges.

    The cells of the deepest tier of a level are simplified together, as one coverage (Visvalingam and Whyatt, 1993,
    on edges rather than rings), and every parent is drawn as the union of what it consists of. Ground of a parent
    that no child has is a cell of its own for this. Cells that do not meet corner to corner are joined first.

    Parameters
    ----------
    grids : GeoDataFrame, EPSG:4326, n rows
        Grids of all tiers with the columns `code`, `tier` and `parent`.
    levels : sequence of (tiers, tolerance)
        The tiers that each level draws, and the square root of the area in EPSG:3857 of the triangles that it leaves
        out, in metres of that system. From the finest to the coarsest: each level is made from the one before it.

    Returns
    -------
    list of GeoDataFrame, EPSG:3857
        For each level the columns `code`, `tier` and `geometry` of the grids of its tiers, in the order of the plan.

    Examples
    --------
    >>> left = shapely.Polygon([(0, 0), (1, 0), (1.00001, 0.5), (1, 1), (0, 1)])
    >>> right = shapely.Polygon([(1, 0), (2, 0), (2, 1), (1, 1), (1.00001, 0.5)])
    >>> plan = gpd.GeoDataFrame(
    ...     {"code": ["P", "A", "B"], "tier": [1, 2, 2], "parent": [None, "P", "P"]},
    ...     geometry=[shapely.box(0, 0, 2, 1), left, right], crs=4326,
    ... )
    >>> fine, coarse = draw_grids(plan, [((1, 2), 0.0), ((1, 2), 1000.0)])
    >>> [[len(shape.exterior.coords) for shape in level.geometry] for level in (fine, coarse)]
    [[5, 6, 6], [7, 5, 5]]
    """
    flat = gpd.GeoDataFrame(grids[["code", "tier", "parent"]], geometry=grids.geometry.to_crs(WEB_MERCATOR))
    drawn: list[gpd.GeoDataFrame] = []
    for tiers, tolerance in levels:
        flat = _simplified(_cut_off(flat, max(tiers)), tolerance)
        drawn.append(flat.loc[flat["tier"].isin(tiers), ["code", "tier", "geometry"]].reset_index(drop=True))
    return drawn


def _cut_off(grids: gpd.GeoDataFrame, deepest: int) -> gpd.GeoDataFrame:
    return grids[grids["tier"] <= deepest].reset_index(drop=True)


def _simplified(grids: gpd.GeoDataFrame, tolerance: float) -> gpd.GeoDataFrame:
    """The same grids with fewer corners; without a tolerance they are left as they are."""
    if tolerance <= 0 or not len(grids):
        return grids
    cells, owner = _cells(grids)
    cells = shapely.coverage_simplify(_joined(cells), tolerance)
    shapes = grids.geometry.to_numpy().copy()
    above = _parents(grids)
    parts: dict[int, list[BaseGeometry]] = {}
    for cell_of, cell in zip(owner.tolist(), cells, strict=True):
        row: int | None = cell_of
        while row is not None:
            parts.setdefault(row, []).append(cell)
            row = above.get(row)
    for row, members in parts.items():
        union = members[0] if len(members) == 1 else _union(members)
        if not union.is_empty:
            shapes[row] = union
    return grids.set_geometry(gpd.GeoSeries(shapes, index=grids.index, crs=WEB_MERCATOR))


def _cells(grids: gpd.GeoDataFrame) -> tuple[Shapes, NDArray[np.int64]]:
    """The ground in pieces that do not lie over one another, and the row of the deepest grid that each is of."""
    shapes = grids.geometry.to_numpy()
    children: dict[int, list[int]] = {}
    for row, above in _parents(grids).items():
        children.setdefault(above, []).append(row)
    rows = np.array([row for row in range(len(grids)) if row not in children], dtype=np.int64)
    cells, owner = list(shapes[rows]), list(rows)
    area = shapely.area(shapes)
    for row, below in children.items():
        least = LEAST_SHARE * area[row]
        if abs(area[row] - area[below].sum()) < least:
            continue
        rest = areal(np.array([shapely.difference(shapes[row], shapely.union_all(shapes[below]))], dtype=object))[0]
        if rest is not None and shapely.area(rest) >= least:
            cells.append(rest)
            owner.append(np.int64(row))
    return np.array(cells, dtype=object), np.array(owner, dtype=np.int64)


def _parents(grids: gpd.GeoDataFrame) -> dict[int, int]:
    """The row of the parent of each row that has one here."""
    number = {code: row for row, code in enumerate(grids["code"])}
    found = {row: number.get(parent) for row, parent in enumerate(grids["parent"]) if not pd.isna(parent)}
    return {row: above for row, above in found.items() if above is not None}


def _joined(cells: Shapes) -> Shapes:
    """Cells whose common borders have the same corners on both sides."""
    if shapely.coverage_is_valid(cells, gap_width=JOINED_M):
        return cells
    joined: Shapes = shapely.coverage_clean(  # type: ignore[attr-defined]
        cells, gap_width=JOINED_M, snapping_distance=JOINED_M
    )
    return joined


def _union(members: Sequence[BaseGeometry]) -> BaseGeometry:
    try:
        return shapely.coverage_union_all(members)
    except shapely.GEOSException:  # they lie over one another
        return shapely.union_all(members)


def label_circles(shapes: gpd.GeoSeries) -> gpd.GeoDataFrame:
    """Where the label of each shape stands: the middle of about the largest circle within, and its radius.

    Parameters
    ----------
    shapes : GeoSeries of n areas, EPSG:3857
        As they are drawn.

    Returns
    -------
    GeoDataFrame, EPSG:3857, on the same index
        `geometry`, a point within the shape, and `radius_m`, on the ground.

    Examples
    --------
    >>> circles = label_circles(gpd.GeoSeries([shapely.box(0, 0, 20, 10)], crs=3857))
    >>> float(circles["radius_m"].iloc[0].round(1)), circles.geometry.iloc[0].y
    (5.0, 5.0)
    """
    given = shapes.to_numpy()
    rough = np.sqrt(shapely.area(given)) * ROUGH
    circles = shapely.maximum_inscribed_circle(shapely.simplify(given, rough), tolerance=np.maximum(rough, 0.1))
    ends = shapely.get_coordinates(circles).reshape(-1, 2, 2)
    radius = np.hypot(*(ends[:, 1] - ends[:, 0]).T)
    middles = np.asarray(shapely.points(ends[:, 0]))
    inside = np.asarray(shapely.point_on_surface(given))
    middles = np.where(shapely.covers(given, middles), middles, inside)
    # A metre of this system is longer the farther from the equator it lies.
    on_ground = radius / np.cosh(shapely.get_y(middles) / EARTH_M)
    return gpd.GeoDataFrame({"radius_m": on_ground}, geometry=middles, index=shapes.index, crs=shapes.crs)
