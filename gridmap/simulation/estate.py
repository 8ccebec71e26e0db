"""The imaginary estate 望江片区: a district that nobody lives in, drawn from a seed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap.domain.frames import FACILITIES, OVERLAYS, PEOPLE, POSTS
from gridmap.simulation.buildings import Building, estate_buildings
from gridmap.simulation.cells import SITE, Cell, estate_cells, tier_rings
from gridmap.simulation.drawing import DEGREE_EAST_M, DEGREE_NORTH_M, Ring, merged, on_lattice, outline, polygon
from gridmap.simulation.facilities import GARAGE_LEVEL, Ground, facilities
from gridmap.simulation.files import write_features, write_plan, write_rows
from gridmap.simulation.staff import Staff, estate_staff
from gridmap.simulation.surroundings import Thing, surroundings
from gridmap.spatial.coordinates import LATTICE

SEED: Final = 20
TODAY: Final = date(2026, 11, 1)  # what its dates are about
TIMEZONE: Final = "Asia/Shanghai"
NAME: Final = "望江片区"
FILES: Final = {
    "tier1": "tier1.geojson", "tier2": "tier2.geojson", "tier3": "tier3.geojson", "buildings": "buildings.geojson",
    "units": "units.geojson", "facilities": "facilities.geojson", "overlays": "overlays.geojson",
    "people": "people.csv", "posts": "posts.csv",
}  # fmt: skip
CELL_NAMES: Final = {
    "g": "花园",
    "q": "广场",
    "a": "运动场",
    "l": "湖区",
    "w": "滨河步道",
    "p": "停车场",
    "t": "垃圾站",
}


@dataclass(frozen=True)
class Estate:
    """An estate as frames with the columns of `gridmap.domain.frames`, EPSG:4326, every corner on the lattice."""

    site: Mapping[str, Any]
    grids: gpd.GeoDataFrame
    buildings: gpd.GeoDataFrame
    units: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame
    overlays: gpd.GeoDataFrame
    people: pd.DataFrame
    posts: pd.DataFrame

    def layer(self, name: str) -> Any:
        """A layer as a plan has it: a tier of the grids, or another frame."""
        if name.startswith("tier"):
            tier = self.grids[self.grids["tier"] == int(name[-1])]
            return tier.drop(columns="tier").reset_index(drop=True)
        return getattr(self, name)

    def write(self, folder: Path) -> Path:
        """Write the layers and the plan.toml that names them into a folder, and say where that is."""
        folder.mkdir(parents=True, exist_ok=True)
        for layer, file in FILES.items():
            frame = self.layer(layer)
            write = write_features if isinstance(frame, gpd.GeoDataFrame) else write_rows
            write(frame, folder / file)
        plan = folder / "plan.toml"
        write_plan(self.site, FILES, plan)
        return plan


def imagine(draw: np.random.Generator, today: date = TODAY) -> Estate:
    """An estate from a generator's draws; `today` is what inspections, leaves and deadlines are dated by."""
    cells, drawing = estate_cells(draw)
    buildings = estate_buildings(draw, cells, drawing)
    ground = Ground(draw, cells, buildings, drawing, today)
    things = [*facilities(ground), *surroundings(drawing)]
    staff = estate_staff(draw, cells, today)
    return Estate(
        site=_site(buildings),
        grids=_grids(cells, buildings),
        buildings=_framed((building.row(), building.ring) for building in buildings),
        units=_framed(row for building in buildings for row in building.unit_rows()),
        facilities=_facilities(things),
        overlays=_overlays(staff, cells, buildings, things),
        people=_table(staff.people, PEOPLE.columns),
        posts=_table(staff.posts, POSTS.columns),
    )


def estate(seed: int = SEED) -> Estate:
    """The estate of a seed; without one, that which `data/geojson` holds."""
    return imagine(np.random.default_rng(seed))


def write(folder: Path, seed: int = SEED) -> Path:
    """Write the estate of a seed into a folder, and say where its plan is."""
    return estate(seed).write(folder)


def _site(buildings: Iterable[Building]) -> dict[str, Any]:
    floors = math.fsum(_square_metres(building.ring) * building.floors for building in buildings)
    return {
        "code": SITE, "name": NAME, "kind": "mixed", "grade": "一级", "community": "望江社区", "street": "清溪街道",
        "gross_area_m2": float(round(floors, -3)), "timezone": TIMEZONE,
        "public_map": True, "plate_phone": "100-0000-9999",
    }  # fmt: skip


def _square_metres(ring: Ring) -> float:
    east, north = ring[0]
    inside = sum(
        (a[0] - east) * (b[1] - north) - (b[0] - east) * (a[1] - north)
        for a, b in zip(ring, (*ring[1:], ring[0]), strict=True)
    )
    return inside / 2 * (LATTICE * DEGREE_EAST_M) * (LATTICE * DEGREE_NORTH_M)


def _framed(rows: Iterable[tuple[dict[str, Any], Ring]]) -> gpd.GeoDataFrame:
    said = list(rows)
    table = pd.DataFrame([row for row, _ in said], dtype=object)
    return gpd.GeoDataFrame(table, geometry=[polygon([ring]) for _, ring in said], crs=4326)


def _table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, dtype=object).reindex(columns=list(columns))
    return table.where(table.notna(), None)


# ---------------------------------------------------------------- grids


def _grids(cells: Sequence[Cell], buildings: Sequence[Building]) -> gpd.GeoDataFrame:
    """All three tiers: the upper ones are the sum of the cells, in outline and in households."""
    homes = {cell.code: sum(building.of_cell(cell) for building in buildings) for cell in cells}
    names = _cell_names(cells, buildings)
    rows = []
    for tier in (1, 2, 3):
        for code in dict.fromkeys(cell.chain[tier - 1] for cell in cells):
            own = [cell for cell in cells if cell.chain[tier - 1] == code]
            zone = own[0].compound.name
            rows.append(
                {
                    "code": code,
                    "name": (zone, f"{zone}第{own[0].cluster}组团", names[own[0].code])[tier - 1],
                    "tier": tier,
                    "parent": own[0].chain[tier - 2] if tier > 1 else None,
                    "households": sum(homes[cell.code] for cell in own),
                    "geometry": _shape(own),
                }
            )
    return gpd.GeoDataFrame(pd.DataFrame(rows).astype({"parent": object}), geometry="geometry", crs=4326)


def _shape(cells: Sequence[Cell]) -> shapely.Polygon | shapely.MultiPolygon:
    parts = [polygon(rings) for rings in tier_rings(cells)]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def _cell_names(cells: Sequence[Cell], buildings: Sequence[Building]) -> dict[str, str]:
    """What each leaf is called: after its house, its units, or what its ground is."""
    names: dict[str, str] = {}
    for building in buildings:
        if building.shared:
            half = len(building.units) // 2
            names[building.cell.code] = f"{building.name}1-{half}单元"
            names[building.shared.code] = f"{building.name}{half + 1}-{2 * half}单元"
        else:
            names[building.cell.code] = f"{building.name}及周边"
    counts: dict[tuple[str, str], int] = {}
    for cell in cells:
        if cell.code not in names:
            counts[cell.zone, cell.letter] = number = counts.get((cell.zone, cell.letter), 0) + 1
            names[cell.code] = cell.name or f"{cell.compound.name}{CELL_NAMES[cell.letter]}{number}"
    return names


# ---------------------------------------------------------------- facilities and overlays


def _facilities(things: Iterable[Thing]) -> gpd.GeoDataFrame:
    rows = [
        {"code": thing.code, "name": thing.name, "kind": thing.kind, "level": thing.level, "grid": thing.grid,
         "state": "in_order", "in_use": True, **dict(thing.said), "geometry": _drawn(thing)}
        for thing in things
    ]  # fmt: skip
    table = pd.DataFrame(rows, dtype=object).reindex(columns=list(FACILITIES.columns))
    return gpd.GeoDataFrame(table.where(table.notna(), None), geometry="geometry", crs=4326)


def _drawn(thing: Thing) -> Any:
    if thing.form == "area":
        return polygon([outline(thing.places)])
    vertices = dict.fromkeys(map(on_lattice, thing.places)) if thing.form == "line" else [on_lattice(thing.places[0])]
    places = [(east * LATTICE, north * LATTICE) for east, north in vertices]
    return shapely.LineString(places) if thing.form == "line" else shapely.Point(places[0])


def _overlays(
    staff: Staff, cells: Sequence[Cell], buildings: Sequence[Building], things: Sequence[Thing]
) -> gpd.GeoDataFrame:
    """A clubhouse and show flats with their keeper, key areas, and a cleaning contractor's ground."""
    rows = [dict.fromkeys(OVERLAYS.columns) | row for row in _overlay_rows(staff, cells, buildings, things)]
    table = pd.DataFrame(rows, dtype=object).reindex(columns=list(OVERLAYS.columns))
    return gpd.GeoDataFrame(table, geometry="geometry", crs=4326)


def _overlay_rows(
    staff: Staff, cells: Sequence[Cell], buildings: Sequence[Building], things: Sequence[Thing]
) -> Iterator[dict[str, Any]]:
    held = {post["role"]: post["person"] for post in reversed(staff.posts)}
    lead = {"kind": "keeper", "keeper": held["reception_lead"], "role": "reception_lead"}
    club = next(building for building in buildings if building.cell.letter == "K" and building.cell.zone == "A")
    show = next(building for building in buildings if building.cell.zone == "L")
    yield {"code": "OV-CLUB", "name": club.name, **lead, "geometry": polygon([club.ring])}
    yield {"code": "OV-SHOW", "name": f"{show.name}样板房", **lead, "geometry": polygon([show.ring])}
    garage = next(thing for thing in things if thing.level == GARAGE_LEVEL)
    yield {
        "code": "OV-GARAGE", "name": garage.name, "kind": "key_area", "level": garage.level,
        "geometry": polygon([outline(garage.places)]),
    }  # fmt: skip
    for thing in (thing for thing in things if thing.kind == "power_room" and thing.code[3] in "FG"):
        (x, y), half = thing.places[0], 3.5
        corners = [(x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half)]
        yield {
            "code": f"OV-{thing.code}",
            "name": thing.name,
            "kind": "key_area",
            "geometry": polygon([outline(corners)]),
        }
    shops = merged(cell.ring for cell in cells if cell.zone == "F")
    yield {
        "code": "OV-CLEAN", "name": "望江天街外包保洁区", "kind": "contractor", "keeper": held["contractor"],
        "role": "contractor", "geometry": polygon(shops[0]),
    }  # fmt: skip
