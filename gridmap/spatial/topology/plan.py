"""All that a plan's grids and buildings are checked for, in an order that makes sense to read."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gridmap.spatial.topology.buildings import cut_buildings, unknown_buildings
from gridmap.spatial.topology.coverage import gaps, overlaps
from gridmap.spatial.topology.nesting import (
    childless_parents,
    outside_parent,
    uncovered_parent,
    unknown_parents,
)
from gridmap.spatial.topology.pieces import sound
from gridmap.spatial.topology.rings import duplicate_codes, invalid_rings

if TYPE_CHECKING:
    from collections.abc import Iterable

    import geopandas as gpd

    from gridmap.domain.findings import Finding
    from gridmap.spatial.topology.pieces import Shapes


def check_grids(grids: gpd.GeoDataFrame, metric_crs: int) -> list[Finding]:
    """Everything that is wrong with a plan of grids: rows, then each tier, then how the tiers nest.

    Parameters
    ----------
    grids : GeoDataFrame, EPSG:4326
        All tiers, with the columns of `gridmap.domain.frames.GRIDS`; parents already derived.
    metric_crs : int
        EPSG code of the site's projected system in metres.

    Returns
    -------
    list of Finding
        A row with an unfit shape is told and then left out; ground that is missing only because of it is
        not told a second time.

    Raises
    ------
    InputError, CoordinateError
        If the system does not measure in metres, or not there.

    Examples
    --------
    >>> import geopandas as gpd
    >>> shapes = [shapely.box(0, 0, 2, 1), shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)]
    >>> plan = gpd.GeoDataFrame(
    ...     {"code": ["P", "A", "B"], "tier": [1, 2, 2], "parent": [None, "P", "P"]}, geometry=shapes, crs=4326
    ... )
    >>> check_grids(plan, 32631)
    []
    """
    findings = duplicate_codes(grids, "grids") + invalid_rings(grids, "grids")
    fit = sound(grids.geometry.to_numpy())
    good, left_out = grids[fit], grids.geometry.to_numpy()[~fit]
    tiers = sorted(int(tier) for tier in grids["tier"].unique())
    for tier in tiers:
        members = good[good["tier"] == tier]
        findings += overlaps(members, metric_crs)
        findings += _elsewhere(gaps(members, metric_crs), left_out)
    for upper, lower in pairwise(tiers):
        everyone, parents = grids[grids["tier"] == lower], grids[grids["tier"] == upper]
        findings += unknown_parents(everyone, parents) + childless_parents(everyone, parents)
        children, parents = good[good["tier"] == lower], good[good["tier"] == upper]
        findings += outside_parent(children, parents, metric_crs)
        findings += _elsewhere(uncovered_parent(children, parents, metric_crs), left_out)
    return findings


def check_buildings(
    buildings: gpd.GeoDataFrame, units: gpd.GeoDataFrame | None, grids: gpd.GeoDataFrame, metric_crs: int
) -> list[Finding]:
    """Everything that is wrong with buildings and their units, by themselves and against the leaf grids.

    Parameters
    ----------
    buildings : GeoDataFrame, EPSG:4326
        With the columns of `gridmap.domain.frames.BUILDINGS`.
    units : GeoDataFrame, EPSG:4326, or None
        With the columns of `gridmap.domain.frames.UNITS`.
    grids : GeoDataFrame, EPSG:4326
        All tiers; a building is held against those that have no children.
    metric_crs : int
        EPSG code of the site's projected system in metres.

    Returns
    -------
    list of Finding

    Raises
    ------
    InputError, CoordinateError
        If the system does not measure in metres, or not there.

    Examples
    --------
    >>> import geopandas as gpd
    >>> grids = gpd.GeoDataFrame(
    ...     {"code": ["A"], "tier": 1, "parent": None}, geometry=[shapely.box(0, 0, 1, 1)], crs=4326
    ... )
    >>> house = gpd.GeoDataFrame({"code": ["H"]}, geometry=[shapely.box(3, 3, 3.001, 3.001)], crs=4326)
    >>> [finding.message for finding in check_buildings(house, None, grids, 32631)]
    ['building H lies in no grid, at 3.000500, 3.000500']
    """
    findings = duplicate_codes(buildings, "buildings") + invalid_rings(buildings, "buildings")
    if units is not None:
        findings += duplicate_codes(units, "units", ("building", "code")) + invalid_rings(units, "units")
        findings += unknown_buildings(units, buildings)
        units = units[sound(units.geometry.to_numpy())]
    leaves = grids[~grids["code"].isin(grids["parent"]) & sound(grids.geometry.to_numpy())]
    houses = buildings[sound(buildings.geometry.to_numpy())]
    return findings + cut_buildings(houses, units, leaves, metric_crs)


def _elsewhere(findings: Iterable[Finding], left_out: Shapes) -> list[Finding]:
    """The findings that are not where a shape was left out."""
    boxes = [shapely.box(*bounds) for bounds in shapely.bounds(left_out) if np.isfinite(bounds).all()]
    around = shapely.union_all(boxes)
    return [
        finding for finding in findings if finding.geometry is None or not shapely.intersects(around, finding.geometry)
    ]
