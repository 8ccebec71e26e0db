"""Where things happen on an estate: candidate spots of each sort, from its frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridmap.simulation.drawing import DEGREE_EAST_M, DEGREE_NORTH_M
from gridmap.simulation.estate import CELL_NAMES, Estate

# How many times as often something is wrong with a facility, by the state it is in.
TROUBLE: Final = {"in_order": 1.0, "degraded": 6.0, "out_of_order": 9.0, "closed": 0.2}
CELL_SORTS: Final = {"g": "garden", "a": "garden", "q": "square", "w": "walk"}
BUILDING_SORTS: Final = {"commercial": "shop", "office": "office"}
OLD, NEW, HIGH, LOW = 2005, 2021, 18, 3
AROUND_M: Final = {"lift": 1.5, "charging": 4.0, "gate": 6.0, "playground": 6.0, "bin": 2.0, "waste_station": 6.0}


@dataclass(frozen=True)
class Spots:
    """Spots of one sort, an array for each thing that is known of them."""

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    around_m: NDArray[np.float64]
    weight: NDArray[np.float64]
    label: NDArray[np.object_]
    facility: NDArray[np.object_]
    level: NDArray[np.object_]


def spots_of(estate: Estate) -> dict[str, Spots]:
    """The spots of an estate by their sort."""
    rows = [*_in_buildings(estate), *_on_ground(estate), *_at_facilities(estate)]
    columns = ["sort", "lon", "lat", "around_m", "weight", "label", "facility", "level"]
    table = pd.DataFrame(rows, columns=columns)
    return {
        str(sort): Spots(
            *(own[name].to_numpy(dtype=np.float64) for name in columns[1:5]),
            *(own[name].to_numpy(dtype=object) for name in columns[5:]),
        )
        for sort, own in table.groupby("sort", sort=True)
    }


Row = tuple[str, float, float, float, float, str, str | None, str | None]


def _in_buildings(estate: Estate) -> Iterator[Row]:
    frame = estate.buildings
    for row, (lon, lat), around in zip(frame.to_dict("records"), _middles(frame), _reaches(frame, 0.3), strict=True):
        for sort, weight in _sorts_of(row):
            yield sort, lon, lat, around, weight, str(row["name"]), None, None


def _sorts_of(row: dict[Any, Any]) -> Iterator[tuple[str, float]]:
    homes = int(row["households"])
    if row["use"] in BUILDING_SORTS:
        yield BUILDING_SORTS[row["use"]], 1.0
    if not homes:
        return
    yield "home", float(homes + 4)
    if row["floors"] >= HIGH:
        yield "tower", float(homes)
    if row["floors"] <= LOW:
        yield "villa", 1.0
    if row["built"].year < OLD:
        yield "old", 1.0
    if row["built"].year >= NEW:
        yield "new", 1.0


def _on_ground(estate: Estate) -> Iterator[Row]:
    """Public ground by the names of its cells, and the main roads."""
    words = {CELL_NAMES[letter]: sort for letter, sort in CELL_SORTS.items()}
    cells = estate.grids[estate.grids["tier"] == 3]
    roads = estate.grids.loc[(estate.grids["tier"] == 1), "code"].max()
    for row, (lon, lat), around in zip(cells.to_dict("records"), _middles(cells), _reaches(cells, 0.33), strict=True):
        name = str(row["name"])
        sort = words.get(next((word for word in words if name.rstrip("0123456789").endswith(word)), ""))
        sort = "street" if str(row["code"]).startswith(roads) else sort
        if sort:
            yield sort, lon, lat, around if sort != "street" else 9.0, around, name, None, None


def _at_facilities(estate: Estate) -> Iterator[Row]:
    """Facilities inside the border by their kind: those of a compound bear its letter."""
    zones = {code.split("-")[1] for code in estate.grids["code"]}
    frame = estate.facilities
    for row, (lon, lat), reach in zip(frame.to_dict("records"), _middles(frame), _reaches(frame, 0.3), strict=True):
        code, kind = str(row["code"]), str(row["kind"])
        parts = code.split("-")
        if parts[1] not in zones:
            continue
        sort = {"water": "lake", "car_park": "garage" if row["level"] else "car_park"}.get(kind, kind)
        around = reach or AROUND_M.get(kind, 3.0)
        yield sort, lon, lat, around, TROUBLE[row["state"]], str(row["name"]), code, row["level"]


def _middles(frame: Any) -> list[tuple[float, float]]:
    """A place of each shape that lies on it: of a way half along it."""
    shapes = frame.geometry.to_numpy()
    lines = shapely.get_type_id(shapes) == shapely.GeometryType.LINESTRING
    halves = shapely.line_interpolate_point(np.where(lines, shapes, None), 0.5, normalized=True)
    places = np.where(lines, halves, shapely.point_on_surface(shapes))
    return list(zip(shapely.get_x(places).tolist(), shapely.get_y(places).tolist(), strict=True))


def _reaches(frame: Any, share: float) -> list[float]:
    """How far from its middle something reaches: a share of a square's side, in metres; nothing for a point."""
    west, south, east, north = frame.geometry.bounds.to_numpy().T
    sides = np.sqrt((east - west) * DEGREE_EAST_M * (north - south) * DEGREE_NORTH_M)
    areas = frame.geometry.geom_type.isin(["Polygon", "MultiPolygon"]).to_numpy()
    return [float(side) for side in np.where(areas, share * sides, 0.0)]
