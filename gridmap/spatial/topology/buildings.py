"""A grid does not cut a building, except along its units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from gridmap.domain.findings import Finding, found
from gridmap.spatial.measures import areas
from gridmap.spatial.topology.pieces import NEGLIGIBLE_M2, TOLERATED_M2, areal, listed, names, part, place, size
from gridmap.spatial.topology.shares import held, largest_share

if TYPE_CHECKING:
    import geopandas as gpd
    from shapely.geometry.base import BaseGeometry

    from gridmap.spatial.topology.pieces import Shapes


def grid_of_buildings(buildings: gpd.GeoDataFrame, leaf_grids: gpd.GeoDataFrame) -> pd.Series[str]:
    """The leaf grid that holds most of each building.

    Parameters
    ----------
    buildings : GeoDataFrame, shape (n,)
        What is not a valid area lies in no grid.
    leaf_grids : GeoDataFrame
        In the same system.

    Returns
    -------
    Series of str or None, shape (n,)
        Codes on the index of `buildings`; of equal shares the lowest, bytewise.

    Examples
    --------
    >>> import geopandas as gpd
    >>> grids = gpd.GeoDataFrame({"code": ["G"]}, geometry=[shapely.box(0, 0, 2, 2)], crs=4326)
    >>> houses = gpd.GeoDataFrame({"code": ["H"]}, geometry=[shapely.box(1, 1, 2.5, 2)], crs=4326)
    >>> grid_of_buildings(houses, grids).tolist()
    ['G']
    """
    return largest_share(buildings.geometry, leaf_grids).rename("grid")


def unknown_buildings(units: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame) -> list[Finding]:
    """Units of a building that is not there, `unknown-building` each.

    Parameters
    ----------
    units, buildings : GeoDataFrame

    Returns
    -------
    list of Finding

    Examples
    --------
    >>> units = pd.DataFrame({"building": ["H9"], "code": ["1"]})
    >>> unknown_buildings(units, pd.DataFrame({"code": ["H1"]}))[0].message
    'unit 1 names the building H9, which the plan does not have'
    """
    known = set(buildings["code"].astype(str))
    return [
        found(
            "unknown-building",
            "units",
            f"unit {code} names the building {building}, which the plan does not have",
            codes=(f"{building}/{code}",),
        )
        for building, code in zip(units["building"], units["code"], strict=True)
        if str(building) not in known
    ]


def cut_buildings(
    buildings: gpd.GeoDataFrame, units: gpd.GeoDataFrame | None, leaf_grids: gpd.GeoDataFrame, metric_crs: int
) -> list[Finding]:
    """Buildings that lie in several leaf grids other than unit by unit, and those outside.

    A building's main grid holds most of it. It is cut when more than 1 m2 lies in other grids, unless
    every unit lies in one grid and the units cover the building, each to 1 m2.

    Parameters
    ----------
    buildings, leaf_grids : GeoDataFrame, EPSG:4326
        Valid areas.
    units : GeoDataFrame, EPSG:4326, or None
        Valid areas with `building` and `code`.
    metric_crs : int
        EPSG code of the site's projected system in metres.

    Returns
    -------
    list of Finding
        `cut-building`: an error above 1 m2, a warning above 0.01 m2; its codes are the building, its main
        grid, the others. `building-outside`: a warning if no grid holds any of it, or more than 1 m2 lies
        in none. Measures in m2.

    Raises
    ------
    InputError, CoordinateError
        If the system does not measure in metres, or not there.

    Examples
    --------
    >>> import geopandas as gpd
    >>> halves = [shapely.box(0, 0, 0.001, 0.001), shapely.box(0.001, 0, 0.002, 0.001)]
    >>> grids = gpd.GeoDataFrame({"code": ["A", "B"]}, geometry=halves, crs=4326)
    >>> house = gpd.GeoDataFrame(
    ...     {"code": ["H"]}, geometry=[shapely.box(0.0008, 0.0002, 0.0011, 0.0004)], crs=4326
    ... )
    >>> cut_buildings(house, None, grids, 32631)[0].message
    'building H lies in grid A but 247 m2 (33.33 %) of it in B, and it has no units, at 0.001050, 0.000300'
    """
    shapes, grids = buildings.geometry.to_numpy(), leaf_grids.geometry.to_numpy()
    codes, ground = names(buildings).tolist(), areas(shapes, metric_crs)
    shares = held(shapes, grids)
    shares["code"] = names(leaf_grids)[shares["outer"]]
    shares = shares.sort_values(["share", "code"], ascending=[False, True])
    inside = {int(share["inner"].iloc[0]): share for _, share in shares.groupby("inner")}
    along = _Units(units, grids, metric_crs)
    findings = []
    for row, (code, shape) in enumerate(zip(codes, shapes, strict=True)):
        if row not in inside:
            findings.append(_outside(code, shape, float(ground[row]), whole=True))
        elif inside[row]["share"].iloc[0] < 1:
            holders, parts = tuple(inside[row]["code"]), grids[inside[row]["outer"]]
            findings += _across(code, shape, holders, parts, along, metric_crs)
    return findings


def _across(
    code: str, shape: BaseGeometry, holders: tuple[str, ...], grids: Shapes, units: _Units, metric_crs: int
) -> list[Finding]:
    """What is to be said of a building that its main grid, the first, does not wholly cover."""
    outside = shape - shapely.union_all(grids)
    cut = (shape - grids[0]) - outside
    whole, cut_m2, outside_m2 = areas(np.array([shape, cut, outside], dtype=object), metric_crs)
    findings = []
    fault = units.fault(code, shape) if cut_m2 > TOLERATED_M2 else ""
    if cut_m2 > NEGLIGIBLE_M2 and (cut_m2 <= TOLERATED_M2 or fault):
        message = (
            f"building {code} lies in grid {holders[0]} but {size(cut_m2)} ({part(cut_m2, whole)}) of it"
            f" in {listed(holders[1:])}{fault and ', and '}{fault}, at {place(cut)}"
        )
        findings.append(
            found(
                "cut-building", "buildings", message, severity="error" if fault else "warning",
                codes=(code, *holders), measure=float(cut_m2), unit="m2", geometry=areal(np.array([cut]))[0],
            )
        )  # fmt: skip
    if outside_m2 > TOLERATED_M2:
        findings.append(_outside(code, areal(np.array([outside]))[0], float(outside_m2), whole=False))
    return findings


def _outside(code: str, shape: BaseGeometry, ground: float, *, whole: bool) -> Finding:
    what = "lies in no grid" if whole else f"has {size(ground)} in no grid"
    message = f"building {code} {what}, at {place(shape)}"
    return found("building-outside", "buildings", message, codes=(code,), measure=ground, unit="m2", geometry=shape)


class _Units:
    """The units of each building, and how far each of them lies out of its grid."""

    def __init__(self, units: gpd.GeoDataFrame | None, grids: Shapes, metric_crs: int) -> None:
        self.metric_crs = metric_crs
        self.rows: dict[str, list[int]] = {}
        if units is None or not len(units):
            return
        self.shapes, self.codes = units.geometry.to_numpy(), units["code"].astype(str).to_numpy()
        for row, building in enumerate(units["building"].astype(str)):
            self.rows.setdefault(building, []).append(row)
        most = held(self.shapes, grids).groupby("inner")["share"].max()
        share = most.reindex(range(len(self.shapes)), fill_value=0.0).to_numpy()
        self.off = (1 - share) * areas(self.shapes, metric_crs)

    def fault(self, building: str, shape: BaseGeometry) -> str:
        """Why a building cannot be divided along its units, or nothing."""
        rows = np.array(self.rows.get(building, []), dtype=np.intp)
        if not len(rows):
            return "it has no units"
        cut = rows[self.off[rows] > TOLERATED_M2]
        if len(cut):
            return f"not along its units: {listed(tuple(self.codes[cut]))} cut too"
        left = shape - shapely.union_all(self.shapes[rows])
        ground = float(areas(np.array([left]), self.metric_crs)[0])
        return f"its units leave out {size(ground)} of it" if ground > TOLERATED_M2 else ""
