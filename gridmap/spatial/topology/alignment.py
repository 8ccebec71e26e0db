"""Coordinates on one lattice, and parents that are exactly the sum of their children."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap.domain.findings import Finding, found
from gridmap.spatial.coordinates import LATTICE, snap_geometries
from gridmap.spatial.measures import areas, flattened
from gridmap.spatial.topology.pieces import areal, place, sound

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from gridmap.spatial.topology.pieces import Shapes

NEAR_M = 0.05


def snap_to_lattice(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The frame with every vertex on the lattice of 2^-24 degree and without heights.

    Parameters
    ----------
    frame : GeoDataFrame, EPSG:4326

    Returns
    -------
    GeoDataFrame
        A new one. Points that fall together become one; a ring may collapse, so check after this.

    Examples
    --------
    >>> frame = gpd.GeoDataFrame(geometry=[shapely.Point(121.5, 31.2500000001, 7)], crs=4326)
    >>> snap_to_lattice(frame).geometry.iloc[0].wkt
    'POINT (121.5 31.25)'
    """
    return frame.set_geometry(snap_geometries(frame.geometry))


def align_parents(grids: gpd.GeoDataFrame, metric_crs: int) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """The plan with each parent that nearly is the union of its children made exactly that.

    Snapping to the lattice tilts a parent's long edges against the corners of its children. A parent is
    near the union when no point of the one lies farther than 0.05 m from the other (the Hausdorff distance
    of the two areas): a strip along the outline may be 0.05 m wide, a slit between two children 0.1 m.
    Tiers are taken from the bottom up, so that the next one sees the parents as they have become.

    Parameters
    ----------
    grids : GeoDataFrame, EPSG:4326
        Grids of all tiers, on the lattice, with their parents.
    metric_crs : int
        EPSG code of the site's projected system in metres.

    Returns
    -------
    grids : GeoDataFrame
        A new one, same rows.
    findings : list of Finding
        Notes: one a tier for the parents that were changed, one for each that is near the union but had
        to stay because the union is no valid area on the lattice. Parents farther from their children
        stay too: `outside_parent` and `uncovered_parent` tell them.

    Raises
    ------
    InputError, CoordinateError
        If the system does not measure in metres, or not there.

    Examples
    --------
    >>> step = 2.0**-24
    >>> shapes = [shapely.box(0, 0, 0.25, 0.25 + step), shapely.box(0, 0, 0.25, 0.25)]
    >>> plan = gpd.GeoDataFrame(
    ...     {"code": ["P", "C"], "tier": [1, 2], "parent": [None, "P"]}, geometry=shapes, crs=4326
    ... )
    >>> aligned, notes = align_parents(plan, 32631)
    >>> bool(aligned.geometry.iloc[0].equals(aligned.geometry.iloc[1]))
    True
    """
    shapes = np.array(grids.geometry.to_numpy(), dtype=object)
    fit, tiers = sound(shapes), grids["tier"].to_numpy()
    families = _families(grids)
    findings: list[Finding] = []
    steps = np.unique(tiers)
    for upper, lower in zip(steps[-2::-1], steps[:0:-1], strict=True):
        before = shapes.copy()
        changed: list[int] = []
        for row in map(int, np.flatnonzero((tiers == upper) & fit)):
            children = families.get((int(lower), str(grids["code"].iloc[row])))
            if children is None or not fit[children].all():
                continue
            union = shapely.union_all(shapes[children])
            if shapely.equals(union, shapes[row]) or not _near(shapes[row], union, metric_crs):
                continue
            if fault := _unfit(union):
                findings.append(_left_alone(grids, row, fault))
            else:
                shapes[row] = union
                changed.append(row)
        findings += _changed(grids.iloc[changed], before[changed], shapes[changed], metric_crs)
    return _with_shapes(grids, shapes), findings


def _families(grids: gpd.GeoDataFrame) -> dict[tuple[int, str], list[int]]:
    """The rows of the children of each parent, by their tier and the parent's code."""
    families: dict[tuple[int, str], list[int]] = {}
    for row, (tier, parent) in enumerate(zip(grids["tier"], grids["parent"], strict=True)):
        if not pd.isna(parent):
            families.setdefault((int(tier), str(parent)), []).append(row)
    return families


def _near(parent: BaseGeometry, union: BaseGeometry, metric_crs: int) -> bool:
    """Whether no point of the one area lies farther than the tolerance from the other."""
    pair = np.array([parent, union], dtype=object)
    one, other = flattened(pair, metric_crs, shapely.centroid(pair[:1]))
    return bool(
        shapely.covers(shapely.buffer(other, NEAR_M), one) and shapely.covers(shapely.buffer(one, NEAR_M), other)
    )


def _unfit(union: BaseGeometry) -> str:
    """Why a union cannot be a parent, or nothing."""
    if not sound(np.array([union], dtype=object))[0]:
        return "is no valid area"
    scaled = shapely.get_coordinates(union) / LATTICE
    return "" if (scaled == np.round(scaled)).all() else "has corners off the lattice"


def _left_alone(grids: gpd.GeoDataFrame, row: int, fault: str) -> Finding:
    code, tier, shape = str(grids["code"].iloc[row]), int(grids["tier"].iloc[row]), grids.geometry.iloc[row]
    message = f"grid {code} keeps its own outline: the union of its children {fault}, near {place(shape)}"
    return found("aligned-parent", "grids", message, severity="note", codes=(code,), tier=tier)


def _changed(changed: gpd.GeoDataFrame, before: Shapes, after: Shapes, metric_crs: int) -> list[Finding]:
    """One note for the parents of a tier that took their children's outline."""
    if not len(changed):
        return []
    ground = areas(areal(shapely.symmetric_difference(before, after)), metric_crs)
    tier, codes = int(changed["tier"].iloc[0]), tuple(changed["code"].astype(str))
    message = (
        f"{len(codes)} grids of tier {tier} took the outline of their children, at most {NEAR_M} m away: "
        f"{ground.sum():,.2f} m2 altogether, {ground.max():,.2f} m2 at grid {codes[int(ground.argmax())]}"
    )
    return [
        found(
            "aligned-parent", "grids", message, severity="note",
            codes=codes, tier=tier, measure=float(ground.sum()), unit="m2",
        )
    ]  # fmt: skip


def _with_shapes(frame: gpd.GeoDataFrame, shapes: Shapes) -> gpd.GeoDataFrame:
    return frame.set_geometry(gpd.GeoSeries(list(shapes), index=frame.index, crs=frame.crs))
