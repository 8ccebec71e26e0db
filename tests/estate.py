"""A small estate for tests: 2 zones > 4 clusters > 16 square cells on the lattice, with houses, people and posts."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

WEST, SOUTH, STEP = 121.5, 31.25, 2.0**-10  # degrees: a cell is about 93 x 108 m
SITE = {"code": "WJ", "name": "望江花园", "metric_epsg": 32651}
PARK = "Z2-C2-4"  # the one cell without a house


def cell(column: float, row: float, width: float = 1, height: float = 1) -> shapely.Polygon:
    """A rectangle in units of cells from the south-west corner."""
    return shapely.box(
        WEST + column * STEP, SOUTH + row * STEP, WEST + (column + width) * STEP, SOUTH + (row + height) * STEP
    )


def spot(column: float, row: float) -> tuple[float, float]:
    """A position in units of cells from the south-west corner."""
    return WEST + column * STEP, SOUTH + row * STEP


def grids() -> gpd.GeoDataFrame:
    """All three tiers with their parents."""
    rows: list[dict[str, Any]] = []
    for zone in (1, 2):
        rows.append({"code": f"Z{zone}", "tier": 1, "parent": None, "geometry": cell(0, 2 * (zone - 1), 4, 2)})
        for cluster in (1, 2):
            code, left, bottom = f"Z{zone}-C{cluster}", 2 * (cluster - 1), 2 * (zone - 1)
            rows.append({"code": code, "tier": 2, "parent": f"Z{zone}", "geometry": cell(left, bottom, 2, 2)})
            for number in range(4):
                shape = cell(left + number % 2, bottom + number // 2)
                rows.append({"code": f"{code}-{number + 1}", "tier": 3, "parent": code, "geometry": shape})
    frame = gpd.GeoDataFrame(rows, crs=4326)
    parents = pd.Series([row["parent"] for row in rows], dtype=object)
    return frame.assign(name="grid " + frame["code"], parent=parents)


def houses() -> gpd.GeoDataFrame:
    """One house in the middle of every cell but the park."""
    leaves = grids().query("tier == 3 and code != @PARK")
    west, south = leaves.geometry.bounds["minx"], leaves.geometry.bounds["miny"]
    shapes = [
        shapely.box(x + STEP * 0.375, y + STEP * 0.375, x + STEP * 0.625, y + STEP * 0.625)
        for x, y in zip(west, south, strict=True)
    ]
    return gpd.GeoDataFrame({"code": ["H-" + code for code in leaves["code"]]}, geometry=shapes, crs=4326)


def people() -> pd.DataFrame:
    codes = [f"P-{code}" for code in grids()["code"]] + ["DIS", "GUS", "EVE", "TOM", "DEP"]
    return pd.DataFrame({"code": codes, "name": [f"name of {code}" for code in codes], "phone": "13800000000"})


def posts() -> pd.DataFrame:
    """An owner for every cell, and those above; guards and technicians for areas; a dispatcher for all."""
    role = {1: "coordinator", 2: "supervisor", 3: "grid_owner"}
    rows = [
        {"role": role[tier], "grid": code, "person": f"P-{code}", "deputy": "DEP" if tier == 3 else None}
        for code, tier in zip(grids()["code"], grids()["tier"], strict=True)
    ]
    rows += [
        {"role": "dispatcher", "grid": None, "person": "DIS"},
        {"role": "guard", "grid": "Z1", "person": "GUS"},
        {"role": "environment_officer", "grid": "Z2-C2", "person": "EVE"},
        {"role": "technician", "grid": None, "person": "TOM", "specialty": "repair"},
    ]
    return pd.DataFrame(rows)


def facilities() -> gpd.GeoDataFrame:
    rows = [
        {"code": "CARPARK", "name": "car park", "kind": "car_park", "level": "B1", "grid": PARK,
         "geometry": cell(0, 0, 2, 1)},
        {"code": "PUMP", "name": "pump", "kind": "pump", "warranty_until": "2030-01-01",
         "geometry": shapely.Point(spot(0.2, 0.2))},
    ]  # fmt: skip
    return gpd.GeoDataFrame(rows, crs=4326)


def overlays() -> gpd.GeoDataFrame:
    rows = [
        {
            "code": "CLUB",
            "name": "clubhouse",
            "kind": "keeper",
            "keeper": "TOM",
            "geometry": cell(3.6, 3.6, 0.25, 0.25),
        },
        {"code": "KEY", "name": "machine room", "kind": "key_area", "level": "B2", "geometry": cell(2, 2, 1, 1)},
    ]
    return gpd.GeoDataFrame(rows, crs=4326)


@dataclass
class Estate:
    """The estate's frames, to be changed before they are written as a plan."""

    grids: gpd.GeoDataFrame = field(default_factory=grids)
    layers: dict[str, Any] = field(
        default_factory=lambda: {
            "buildings": houses(), "facilities": facilities(), "overlays": overlays(),
            "people": people(), "posts": posts(),
        }
    )  # fmt: skip
    plan: str = ""

    def write(self, folder: Path, **site: Any) -> Path:
        """The files and the plan.toml that names them."""
        folder.mkdir(parents=True, exist_ok=True)
        keys = "\n".join(f"{key} = {json.dumps(value)}" for key, value in {**SITE, **site}.items())
        said = [f"[site]\n{keys}", self.plan]
        self.grids.to_file(folder / "grids.geojson", driver="GeoJSON")
        said.append('[layers.grids]\nfile = "grids.geojson"')
        for name, frame in self.layers.items():
            if isinstance(frame, gpd.GeoDataFrame):
                frame.to_file(folder / f"{name}.geojson", driver="GeoJSON")
                said.append(f'[layers.{name}]\nfile = "{name}.geojson"')
            else:
                frame.to_csv(folder / f"{name}.csv", index=False)
                said.append(f'[layers.{name}]\nfile = "{name}.csv"')
        path = folder / "plan.toml"
        path.write_text("\n\n".join(part for part in said if part) + "\n", encoding="utf-8")
        return path
