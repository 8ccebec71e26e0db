"""What lies around the imaginary estate: the river and its banks, roads that run on, and the neighbours' blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gridmap.simulation.drawing import Drawing, Metres
from gridmap.simulation.layout import (
    BAND,
    BANKS,
    EAST,
    MAIN_ROADS,
    MERIDIANS,
    NORTH,
    PARALLELS,
    RIVER,
    RIVER_NAME,
    SIDE_ROADS,
    SOUTH,
    WEST,
)

LAST_COLUMN, LAST_ROW = len(MERIDIANS) - 1, len(PARALLELS) - 1
ROAD_COLUMNS = {number for road, number in (*MAIN_ROADS.values(), *SIDE_ROADS.values()) if road == "meridian"}
ROAD_ROWS = {number for road, number in (*MAIN_ROADS.values(), *SIDE_ROADS.values()) if road == "parallel"}
ROUNDING = 0.04  # what is cut off the corners of a block, as a share of its side


@dataclass(frozen=True)
class Thing:
    """Something on the ground before it is put on the lattice: a place, a way or an outline in metres."""

    code: str
    name: str
    kind: str
    form: str  # point, line, area
    places: tuple[Metres, ...]
    level: str | None = None
    grid: str | None = None
    said: tuple[tuple[str, Any], ...] = ()


def surroundings(drawing: Drawing) -> Iterator[Thing]:
    """Everything beyond the border, and the main roads, which cross it."""
    yield from _roads(drawing)
    yield Thing("RV-1", RIVER_NAME, "water", "area", tuple(_band(drawing, RIVER)))
    for number, bank in enumerate(BANKS, start=1):
        yield Thing(
            f"BK-{number}", f"{RIVER_NAME}{'北南'[number - 1]}岸绿带", "green", "area", tuple(_band(drawing, bank))
        )
    yield from _blocks(drawing)


def _roads(drawing: Drawing) -> Iterator[Thing]:
    """The middle of each road, from end to end of the drawing."""
    for prefix, roads in (("RD", MAIN_ROADS), ("SR", SIDE_ROADS)):
        for number, (name, (direction, band)) in enumerate(roads.items(), start=1):
            middle = band * BAND + BAND // 2
            ends = range(LAST_ROW + 1) if direction == "meridian" else range(LAST_COLUMN + 1)
            spots = [(middle, end * BAND) if direction == "meridian" else (end * BAND, middle) for end in ends]
            yield Thing(f"{prefix}-{number}", name, "road", "line", tuple(drawing.strip(spots)))


def _band(drawing: Drawing, rows: tuple[int, int]) -> list[Metres]:
    """The ground between two parallels, from end to end of the drawing."""
    north, south = (
        drawing.strip(
            [(column * BAND + part * BAND // 3, row * BAND) for column in range(LAST_COLUMN) for part in range(3)]
        )
        for row in rows
    )
    return [*north, *reversed(south)]


def _blocks(drawing: Drawing) -> Iterator[Thing]:
    """The blocks beyond the border, their corners cut."""
    river = {row for rows in (RIVER, *BANKS) for row in range(*rows)}
    number = 0
    for row in range(LAST_ROW):
        for column in range(LAST_COLUMN):
            inside = WEST <= column < EAST and NORTH <= row < SOUTH
            if inside or column in ROAD_COLUMNS or row in ROAD_ROWS | river | {12}:
                continue
            number += 1
            yield Thing(f"NB-{number:02d}", f"周边地块{number}", "block", "area", tuple(_rounded(drawing, column, row)))


def _rounded(drawing: Drawing, column: int, row: int) -> list[Metres]:
    west, north, east, south = column * BAND, row * BAND, (column + 1) * BAND, (row + 1) * BAND
    cut = round(ROUNDING * BAND)
    strips = (
        [(west, north + cut), (west, south - cut)], [(west + cut, south), (east - cut, south)],
        [(east, south - cut), (east, north + cut)], [(east - cut, north), (west + cut, north)],
    )  # fmt: skip
    return [place for strip in strips for place in drawing.strip(strip)]
