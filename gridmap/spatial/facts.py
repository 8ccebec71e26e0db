"""The facts of many places from frames: what storage's one statement says, for files of millions of points."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import repeat
from threading import get_ident
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from gridmap.spatial.measures import circle_share

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
# Distances that differ by less are one: two ways of computing them must name the same grid.
MICROMETRE = 1e-6


@dataclass
class Ground:
    """An Edition's grids and what stands on them, indexed once for many points.

    Parameters
    ----------
    grids, buildings, facilities, overlays
        Frames in EPSG:4326 with the columns of `gridmap.domain.frames`; grids also have `id`.
    metric_epsg
        The projected system that metres are measured in.
    tolerance_m
        How far outside every grid a point still counts as near the nearest leaf, in metres.
    building_reach_m
        How far from a building its surroundings reach, in metres.
    """

    grids: gpd.GeoDataFrame
    buildings: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame
    overlays: gpd.GeoDataFrame
    metric_epsg: int
    tolerance_m: float = 30.0
    building_reach_m: float = 50.0
    leaf_tier: int = field(init=False)

    def __post_init__(self) -> None:
        self.grids = self.grids.sort_values("code", key=lambda codes: codes.map(str.encode)).reset_index(drop=True)
        self.buildings = self.buildings.sort_values(
            "code", key=lambda codes: codes.map(str.encode), kind="stable"
        ).reset_index(drop=True)
        self.leaf_tier = int(self.grids["tier"].max())

    @cached_property
    def tiers(self) -> dict[int, Tier]:
        numbers = sorted(set(map(int, self.grids["tier"])))
        of_tier = [self.grids[self.grids["tier"] == number].reset_index(drop=True) for number in numbers]
        # What takes long is compiled, and lets other threads run.
        with ThreadPoolExecutor() as pool:
            tiers = pool.map(Tier, of_tier, repeat(self.metric_epsg))
        return dict(zip(numbers, tiers, strict=True))

    @cached_property
    def building_tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.buildings.to_crs(self.metric_epsg).geometry.to_numpy())

    @cached_property
    def overlay_terms(self) -> NDArray[Any]:
        """On which level and from when to when each overlay holds; None where that is not said."""
        table = pd.DataFrame(self.overlays).reindex(columns=["level", "valid_from", "valid_to"]).astype(object)
        return np.asarray(table.where(table.notna(), None).to_numpy())

    @cached_property
    def level_areas(self) -> gpd.GeoDataFrame:
        """The facilities that are a level of their own, the lowest code last."""
        flat = (shapely.get_dimensions(self.facilities.geometry) == 2) & self.facilities["level"].notna()
        areas: gpd.GeoDataFrame = self.facilities[flat]
        return areas.sort_values("code", key=lambda codes: codes.map(str.encode), ascending=False)

    def facts(self, points: pd.DataFrame, at: Sequence[Any], *, detail: bool = True) -> pd.DataFrame:
        """The facts of points, with the columns of `frames.FACTS` but for the site's and the Edition's.

        Parameters
        ----------
        points
            Columns `lon` and `lat` in degrees (EPSG:4326, on the lattice), and those of `frames.POINTS`.
        at
            The moment of each point, which overlays are looked up by.
        detail
            Whether distance to the boundary, runner-up and shares are wanted: they cost ten times the rest.

        Returns
        -------
        DataFrame of shape (len(points), columns), in the order of the points.
        """
        return _Places(self, points, at).fill(detail)


class Tier:
    """The grids of one tier, in the order of their codes, with what finds and measures them."""

    def __init__(self, grids: gpd.GeoDataFrame, metric_epsg: int) -> None:
        # It brings the compiler along, which a command that routes no file should not wait for.
        from gridmap.spatial.locator import Locator

        self.codes = grids["code"].to_numpy(dtype=object)
        self.ids = grids["id"].to_numpy(dtype=np.int64)
        self.grids, self.metric_epsg = grids, metric_epsg
        self.locator = Locator(grids)

    @cached_property
    def boundaries(self) -> NDArray[Any]:
        boundaries = shapely.boundary(self.grids.geometry.to_numpy())
        shapely.prepare(boundaries)
        return np.asarray(boundaries)

    @cached_property
    def shapes_m(self) -> NDArray[Any]:
        return np.asarray(self.grids.to_crs(self.metric_epsg).geometry.to_numpy())

    @cached_property
    def boundaries_m(self) -> NDArray[Any]:
        return np.asarray(shapely.boundary(self.shapes_m))

    @cached_property
    def tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.shapes_m)


@lru_cache(maxsize=64)
def _to_metres(epsg: int, _thread: int) -> pyproj.Transformer:
    """What projects degrees: to make one takes longer than to project a thousand places, and a thread has its own."""
    return pyproj.Transformer.from_crs(4326, epsg, always_xy=True)


class _Places:
    """The points of one call, and the columns as they are filled."""

    def __init__(self, ground: Ground, points: pd.DataFrame, at: Sequence[Any]) -> None:
        self.ground, self.points, self.at = ground, points, at
        self.lon = points["lon"].to_numpy(dtype=np.float64)
        self.lat = points["lat"].to_numpy(dtype=np.float64)
        self.n = len(points)
        self.columns: dict[str, NDArray[Any]] = {}
        self.leaf_row = np.full(self.n, -1, dtype=np.intp)
        self.leaf_of_tier = np.zeros(self.n, dtype=np.int8)

    @cached_property
    def degrees(self) -> NDArray[Any]:
        return np.asarray(shapely.points(self.lon, self.lat))

    def metres(self, rows: Rows) -> NDArray[Any]:
        """Some points in metres; empty for those a degree or more away from the plan."""
        to_metres = _to_metres(self.ground.metric_epsg, get_ident())
        west, south, east, north = self.ground.grids.total_bounds
        lon, lat = self.lon[rows], self.lat[rows]
        close = (lon >= west - 1) & (lon <= east + 1) & (lat >= south - 1) & (lat <= north + 1)
        x, y = to_metres.transform(np.where(close, lon, west), np.where(close, lat, south))
        placed = np.asarray(shapely.points(x, y))
        placed[~close] = shapely.Point()
        return placed

    def fill(self, detail: bool) -> pd.DataFrame:
        self.cover()
        self.reach_for_the_nearest()
        self.name_position()
        self.measure(detail)
        self.find_buildings()
        self.find_overlays()
        self.find_levels()
        self.find_facilities()
        self.find_touched()
        # Said of each column, for to guess that one holds text only costs more than to fill it.
        return pd.DataFrame({name: pd.Series(values, dtype=values.dtype) for name, values in self.columns.items()})

    def on_tier(self, tier: int) -> Rows:
        """The points whose deepest grid is of this tier."""
        return np.flatnonzero(self.leaf_of_tier == tier)

    def texts(self) -> NDArray[Any]:
        return np.full(self.n, None, dtype=object)

    def lists(self) -> NDArray[Any]:
        empty = np.empty(self.n, dtype=object)
        empty.fill(())
        return empty

    def asked(self, name: str) -> Floats:
        if name not in self.points.columns:
            return np.full(self.n, np.nan)
        return self.points[name].to_numpy(dtype=np.float64, na_value=np.nan)

    def cover(self) -> None:
        for number in (1, 2, 3):
            codes = self.texts()
            if number in self.ground.tiers:
                tier = self.ground.tiers[number]
                rows = tier.locator.locate(self.lon, self.lat)
                inside = rows >= 0
                codes[inside] = tier.codes[rows[inside]]
                self.leaf_row[inside] = rows[inside]
                self.leaf_of_tier[inside] = number
            self.columns[f"tier{number}"] = codes

    def reach_for_the_nearest(self) -> None:
        outside_m = np.zeros(self.n)
        lost = np.flatnonzero(self.leaf_row < 0)
        outside_m[lost] = np.nan
        places = self.metres(lost)
        lost, places = lost[~shapely.is_empty(places)], places[~shapely.is_empty(places)]
        if len(lost):
            leaves = self.ground.tiers[self.ground.leaf_tier]
            (asked, _), distances = leaves.tree.query_nearest(places, all_matches=False, return_distance=True)
            outside_m[lost[asked]] = distances
            asked, rows = leaves.tree.query(places, predicate="dwithin", distance=outside_m[lost] + MICROMETRE)
            near = outside_m[lost] <= self.ground.tolerance_m
            self.leaf_row[lost[near]] = rows[_first_of_each(asked, rows)][near]
            self.leaf_of_tier[lost[near]] = self.ground.leaf_tier
        self.columns["outside_m"] = outside_m

    def name_position(self) -> None:
        position = np.where(self.leaf_row < 0, "outside", np.where(self.columns["outside_m"] > 0, "near", "inside"))
        position = position.astype(object)
        leaf, grid_id = self.texts(), self.texts()
        for number, tier in self.ground.tiers.items():
            here = self.on_tier(number)
            rows = self.leaf_row[here]
            leaf[here], grid_id[here] = tier.codes[rows], tier.ids[rows]
            on_line = shapely.intersects_xy(tier.boundaries[rows], self.lon[here], self.lat[here])
            position[here[on_line & (position[here] == "inside")]] = "boundary"
        self.columns |= {"position": position, "leaf": leaf, "grid_id": grid_id}

    def measure(self, detail: bool) -> None:
        boundary_m, runner_up, runner_up_m, shares = np.full(self.n, np.nan), self.texts(), self.texts(), self.texts()
        for number, tier in self.ground.tiers.items() if detail else ():
            here = self.on_tier(number)
            places = self.metres(here)
            boundary_m[here] = shapely.distance(tier.boundaries_m[self.leaf_row[here]], places)
            rows, distances = _next_nearest(tier, places, self.leaf_row[here], boundary_m[here])
            known = rows >= 0
            runner_up[here[known]], runner_up_m[here[known]] = tier.codes[rows[known]], distances[known]
        accuracy = self.asked("accuracy_m")
        for number, tier in self.ground.tiers.items():
            here = self.on_tier(number)
            here = here[accuracy[here] > 0]
            if len(here):
                shares[here] = _shares(tier, self.metres(here), accuracy[here])
        self.columns |= {
            "boundary_m": boundary_m, "runner_up": runner_up, "runner_up_m": runner_up_m, "shares": shares,
        }  # fmt: skip

    def find_buildings(self) -> None:
        names = ("building", "building_grid", "building_m", "building_warranty")
        columns = {name: self.texts() for name in names}
        buildings = self.ground.buildings
        placed = np.flatnonzero(self.leaf_row >= 0)
        if len(buildings) and len(placed):
            places = self.metres(placed)
            asked, rows = self.ground.building_tree.query(
                places, predicate="dwithin", distance=self.ground.building_reach_m
            )
            distances = shapely.distance(self.ground.building_tree.geometries[rows], places[asked])
            asked = placed[asked]
            grid = buildings["grid"].to_numpy(dtype=object)
            elsewhere = grid[rows] != self.columns["leaf"][asked]
            best = np.lexsort((rows, np.round(distances, 6), elsewhere, asked))
            best = best[np.unique(asked[best], return_index=True)[1]]
            points, chosen = asked[best], rows[best]
            columns["building"][points] = buildings["code"].to_numpy(dtype=object)[chosen]
            columns["building_grid"][points] = grid[chosen]
            columns["building_m"][points] = distances[best]
            if "warranty_until" in buildings:
                columns["building_warranty"][points] = buildings["warranty_until"].to_numpy(dtype=object)[chosen]
        self.columns |= columns

    def find_overlays(self) -> None:
        overlays = self.ground.overlays
        asked, rows = self.covering(overlays)
        if not len(rows):
            self.columns["overlays"] = self.lists()
            return
        said = self.ground.overlay_terms[rows]
        level = self.levels()
        fits = np.array(
            [
                (want is None or want == level[point])
                and (start is None or self.at[point] >= start)
                and (end is None or self.at[point] < end)
                for point, (want, start, end) in zip(asked, said, strict=True)
            ],
            dtype=bool,
        )
        self.columns["overlays"] = self.gathered(asked[fits], rows[fits], overlays["code"].to_numpy(dtype=object))

    def covering(self, layer: gpd.GeoDataFrame) -> tuple[Rows, Rows]:
        """Pairs of points and shapes of a layer that cover them, where the point has a grid."""
        placed = np.flatnonzero(self.leaf_row >= 0)
        if not len(layer) or not len(placed):
            return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
        rows, asked = shapely.STRtree(self.degrees[placed]).query(layer.geometry.to_numpy(), predicate="covers")
        return placed[asked], rows

    def gathered(self, asked: Rows, rows: Rows, codes: NDArray[Any]) -> NDArray[Any]:
        """The codes of each point's rows as a tuple in bytewise order."""
        gathered = self.lists()
        pairs = pd.DataFrame({"point": asked, "code": codes[rows] if len(rows) else []})
        for point, found in pairs.groupby("point")["code"]:
            gathered[int(str(point))] = tuple(sorted(found, key=str.encode))
        return gathered

    def levels(self) -> NDArray[Any]:
        if "level" not in self.points.columns:
            return self.texts()
        level = self.points["level"].astype(object)
        return np.asarray(level.where(level.notna(), None), dtype=object)

    def find_levels(self) -> None:
        area, grid = self.texts(), self.texts()
        facilities = self.ground.facilities
        if len(facilities) and "level" in self.points.columns:
            flat = self.ground.level_areas
            asked, rows = self.covering(flat)
            same = self.levels()[asked] == flat["level"].to_numpy(dtype=object)[rows]
            asked, rows = asked[same], rows[same]
            order = np.argsort(rows, kind="stable")  # the lowest code is written last, and stays
            asked, rows = asked[order], rows[order]
            area[asked] = flat["code"].to_numpy(dtype=object)[rows]
            owners = flat["grid"].astype(object).where(flat["grid"].isin(self.ground.grids["code"]), None)
            grid[asked] = owners.to_numpy(dtype=object)[rows]
        self.columns |= {"level_area": area, "level_grid": grid}

    def find_facilities(self) -> None:
        named, warranty = self.texts(), self.texts()
        if "facility" in self.points.columns and len(self.ground.facilities):
            known = self.ground.facilities.set_index("code")
            asked = self.points["facility"].reset_index(drop=True)
            asked = asked[asked.isin(known.index)]
            named[asked.index] = known["id"].reindex(asked).to_numpy(dtype=object)
            warranty[asked.index] = known["warranty_until"].reindex(asked).to_numpy(dtype=object)
        self.columns |= {"facility_id": named, "facility_warranty": warranty}

    def find_touched(self) -> None:
        touches = self.lists()
        extent = self.asked("extent_m")
        here = np.flatnonzero((extent > 0) & (self.leaf_row >= 0))
        if len(here):
            leaves = self.ground.tiers[self.ground.leaf_tier]
            asked, rows = leaves.tree.query(self.metres(here), predicate="dwithin", distance=extent[here])
            touches = self.gathered(here[asked], rows, leaves.codes)
        self.columns["touches"] = touches


def _first_of_each(asked: Rows, rows: Rows) -> Rows:
    """For pairs grouped by `asked`, the position of the one with the lowest row of each."""
    order = np.lexsort((rows, asked))
    return order[np.unique(asked[order], return_index=True)[1]]


def _next_nearest(tier: Tier, places: NDArray[Any], own: Rows, reach: Floats) -> tuple[Rows, Floats]:
    """The nearest other grid of a tier: looked for within the boundary's distance, then ever wider."""
    rows, distances = np.full(len(places), -1, dtype=np.intp), np.full(len(places), np.nan)
    radius = np.maximum(reach * 1.001, 1.0)
    left = np.arange(len(places)) if len(tier.codes) > 1 else np.empty(0, dtype=np.intp)
    while len(left):
        asked, found = tier.tree.query(places[left], predicate="dwithin", distance=radius[left])
        other = found != own[left[asked]]
        asked, found = left[asked[other]], found[other]
        away = shapely.distance(tier.shapes_m[found], places[asked])
        order = np.lexsort((found, np.round(away, 6), asked))
        best = order[np.unique(asked[order], return_index=True)[1]]
        rows[asked[best]], distances[asked[best]] = found[best], away[best]
        left = np.setdiff1d(left, asked)
        radius[left] *= 2
    return rows, distances


def _shares(tier: Tier, places: NDArray[Any], accuracy: Floats) -> NDArray[Any]:
    """How an accuracy circle is shared between grids: [{code, share}], the largest first."""
    shares = np.empty(len(places), dtype=object)
    if not len(places):
        return shares
    asked, rows = tier.tree.query(places, predicate="dwithin", distance=accuracy)
    parts = circle_share(
        tier.shapes_m[rows], shapely.get_x(places[asked]), shapely.get_y(places[asked]), accuracy[asked]
    )
    pairs = pd.DataFrame({"point": asked, "code": tier.codes[rows], "share": parts})
    pairs = pairs[pairs["share"] > 0]
    for point in range(len(places)):
        shares[point] = []
    for point, group in ((int(str(key)), rows) for key, rows in pairs.groupby("point")):
        listed = sorted(zip(group["code"], group["share"], strict=True), key=lambda pair: (-pair[1], pair[0].encode()))
        shares[point] = [{"code": code, "share": float(share)} for code, share in listed]
    return shares
