"""The buildings of the imaginary estate and their units: one in each cell whose letter is a capital."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import numpy as np
import shapely

from gridmap.simulation import footprints
from gridmap.simulation.cells import Cell
from gridmap.simulation.chance import between, one_of, whole
from gridmap.simulation.drawing import Drawing, Metres, Ring, in_metres, merged, outline
from gridmap.simulation.footprints import Corners

KERB_M = 2.5  # what a building keeps from the border of its cell
SHRINK = 0.95
SMALLEST = 0.3


@dataclass(frozen=True)
class Sort:
    """What buildings of one letter have in common."""

    use: str
    forms: tuple[str, ...]
    wide: tuple[float, float]
    deep: tuple[float, float]
    floors: tuple[int, int]
    units: tuple[int, int] = (1, 1)
    flats: int = 0  # on a floor of a unit
    name: str = "{}栋"
    lifts: bool = False


SORTS: Final = {
    "T": Sort("residential", ("tower",), (27, 34), (20, 25), (24, 33), (1, 2), 3, lifts=True),
    "S": Sort("residential", ("slab",), (38, 48), (13, 15), (9, 11), (2, 3), 2, lifts=True),
    "W": Sort("residential", ("slab",), (34, 46), (11, 13), (6, 7), (3, 4), 2),
    "X": Sort("residential", ("slab",), (80, 86), (14, 14.5), (11, 11), (6, 6), 2, lifts=True),
    "V": Sort("residential", ("villa",), (17, 23), (14, 19), (2, 3), (1, 1), 1, "{}号别墅"),
    "Y": Sort("residential", ("court", "corner"), (28, 36), (24, 30), (4, 5), (2, 3), 2, "{}号院"),
    "C": Sort("commercial", ("podium", "podium", "bar"), (46, 62), (34, 46), (2, 5), lifts=True),
    "O": Sort("office", ("octagon", "bar", "tower"), (36, 46), (26, 34), (18, 28), lifts=True),
    "E": Sort("public", ("hall", "hall", "bar"), (46, 58), (20, 26), (3, 5)),
    "P": Sort("public", ("octagon", "hall"), (20, 26), (12, 16), (1, 2)),
    "K": Sort("public", ("podium",), (30, 36), (20, 24), (2, 3), name="会所"),
}  # fmt: skip
RISKS: Final = (
    "外墙面砖空鼓，2026-06 已围挡",
    "地下室易涝，2026-05 已备挡水板",
    "阳台栏杆锈蚀，2026-08 已加固",
    "屋面防水老化，2026-09 待大修",
)
RISKY: Final = (("I", 6), ("I", 15), ("C", 4), ("C", 19), ("E", 9))  # zone and number
WARRANTY_YEARS = 5
LONG_WALLS: Final = (-0.5, -0.335, -0.165, 0.165, 0.335, 0.5)  # of a slab that two cells share, but for the middle one
NEW_SINCE = 2021


@dataclass
class Building:
    """A building as it stands: the first of its cells answers for it."""

    cell: Cell
    number: int
    sort: Sort
    ring: Ring
    floors: int
    units: list[Ring] = field(default_factory=list)
    name: str = ""
    shared: Cell | None = None

    @property
    def code(self) -> str:
        return f"{self.cell.zone}{self.number:02d}"

    @property
    def households(self) -> int:
        return self.floors * self.sort.flats * max(1, len(self.units))

    @property
    def middle(self) -> Metres:
        places = [in_metres(vertex) for vertex in self.ring]
        return math.fsum(x for x, _ in places) / len(places), math.fsum(y for _, y in places) / len(places)

    def of_cell(self, cell: Cell) -> int:
        """The households of this building that a cell has."""
        if cell is not self.cell and cell is not self.shared:
            return 0
        return self.households // 2 if self.shared else self.households

    def row(self) -> dict[str, Any]:
        """As a layer of buildings has it."""
        built = self.cell.compound.built + self.number % 2
        delivered = date(built + 1, 3 + self.number % 8, 1)
        new = built >= NEW_SINCE
        return {
            "code": self.code, "name": self.name, "grid": None if self.shared else self.cell.code,
            "floors": self.floors, "households": self.households, "use": self.sort.use,
            "grade": self.cell.compound.grade, "built": date(built, 10, 15), "accepted": date(built, 12, 20),
            "delivered": delivered,
            "warranty_until": delivered.replace(year=delivered.year + WARRANTY_YEARS) if new else None,
            "risk": dict(zip(RISKY, (*RISKS, RISKS[0]), strict=True)).get((self.cell.zone, self.number)),
        }  # fmt: skip

    def unit_rows(self) -> Iterator[tuple[dict[str, Any], Ring]]:
        for number, ring in enumerate(self.units, start=1):
            yield {
                "building": self.code, "code": str(number), "name": f"{self.name}{number}单元",
                "households": self.floors * self.sort.flats,
            }, ring  # fmt: skip


def estate_buildings(draw: np.random.Generator, cells: Iterable[Cell], drawing: Drawing) -> list[Building]:
    """The buildings in the order of their cells, numbered in each compound."""
    buildings: list[Building] = []
    numbers: dict[str, int] = {}
    half: Cell | None = None
    for cell in cells:
        if cell.letter.islower():
            continue
        if cell.letter == "X" and half is None:
            half = cell
            continue
        numbers[cell.zone] = number = numbers.get(cell.zone, 0) + 1
        building = _divided(draw, half, cell, number, drawing) if half else _in_cell(draw, cell, number, drawing)
        building.name = _name(building)
        buildings.append(building)
        half = None
    return buildings


def _name(building: Building) -> str:
    compound, number = building.cell.compound, building.number
    if compound.named:
        return compound.named[number - 1]
    return compound.name + building.sort.name.format(number)


def _in_cell(draw: np.random.Generator, cell: Cell, number: int, drawing: Drawing) -> Building:
    """A building along the lines of its cell, made smaller until it keeps off the cell's border."""
    sort = SORTS[cell.letter]
    (x, y), way, wide, deep = drawing.axis(cell.patch)
    size = between(draw, *sort.wide), between(draw, *sort.deep)
    form, flipped, units = one_of(draw, sort.forms), draw.random() < 0.5, whole(draw, *sort.units)
    aside = between(draw, -0.05, 0.05) * wide, between(draw, -0.02, 0.07) * deep
    floors = whole(draw, *sort.floors)
    ground = shapely.Polygon([in_metres(vertex) for vertex in cell.ring])
    scale = 1.0
    while scale > SMALLEST:
        moved = _moved((x + aside[0] * scale * scale, y + aside[1] * scale * scale), way)
        pieces = _pieces(form, size[0] * scale, size[1] * scale, units)
        corners = [moved(corner) for corner in footprints.joined(pieces)] if pieces else [
            moved(corner) for corner in _form(form, size[0] * scale, size[1] * scale, flipped)
        ]  # fmt: skip
        shape = shapely.Polygon(corners)
        if ground.contains(shape) and ground.exterior.distance(shape) >= KERB_M:
            break
        scale *= SHRINK
    rings = [outline(map(moved, piece)) for piece in pieces]
    return Building(cell, number, sort, outline(corners), floors, rings)


def _pieces(form: str, wide: float, deep: float, units: int) -> list[Corners]:
    return [footprints.piece(wide, deep, units, number) for number in range(units)] if form == "slab" else []


def _form(form: str, wide: float, deep: float, flipped: bool) -> Corners:
    corners = footprints.FORMS[form](wide, deep)
    return footprints.mirrored(corners) if flipped else corners


def _moved(middle: Metres, way: Metres) -> Callable[[tuple[float, float]], Metres]:
    """From a building's own metres to those of the drawing."""
    (x, y), (east, north) = middle, way
    return lambda corner: (x + corner[0] * east - corner[1] * north, y + corner[0] * north + corner[1] * east)


def _divided(draw: np.random.Generator, west: Cell, east: Cell, number: int, drawing: Drawing) -> Building:
    """A long slab across the border of two cells, which runs along the wall between two of its units."""
    sort = SORTS["X"]
    border = drawing.strip([west.patch.at(1, 1), west.patch.at(1, 0)])
    begin, end = drawing.place(*west.patch.at(0, 0.5)), drawing.place(*east.patch.at(1, 0.5))
    length = math.dist(begin, end)
    way = (end[0] - begin[0]) / length, (end[1] - begin[1]) / length
    middle = drawing.place(*west.patch.at(1, 0.5))
    moved = _moved(middle, way)
    wide, deep = min(length - 14, between(draw, *sort.wide)), between(draw, *sort.deep)

    def own(place: Metres) -> tuple[float, float]:
        x, y = place[0] - middle[0], place[1] - middle[1]
        return x * way[0] + y * way[1], y * way[0] - x * way[1]

    walls = [[(wide * share, -deep / 2), (wide * share, deep / 2)] for share in LONG_WALLS]
    walls.insert(len(walls) // 2, footprints.clipped(list(map(own, border)), deep))
    units = [outline(map(moved, piece)) for piece in footprints.row_between(walls)]
    ((whole_slab,),) = merged(units)
    return Building(west, number, sort, whole_slab, whole(draw, *sort.floors), units, shared=east)
