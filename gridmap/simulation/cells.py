"""The cells of the imaginary estate: its compounds divided by the letters of their layout, numbered, and added up."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from gridmap.simulation.chance import jittered
from gridmap.simulation.drawing import Drawing, Metres, Patch, Ring, Twist, centre, merged, reading_order
from gridmap.simulation.layout import (
    BAND,
    BETWEEN_COLUMNS,
    BETWEEN_ROWS,
    COMPOUNDS,
    EAST,
    HEIGHTS,
    MAIN_ROADS,
    NORTH,
    ROADS_NAME,
    SOUTH,
    WEST,
    WIDTHS,
    Bands,
    Cluster,
    Compound,
)

SITE = "WJ"
ROW_M = {"cluster": 60.0, "cell": 18.0}  # how deep a row is that is numbered from west to east
ROADS = Compound(ROADS_NAME, "roads", 0, 0, (), "一级", 2005)


@dataclass(frozen=True)
class Cell:
    """A leaf: what its letter says stands there, where, in which compound and cluster, and its number."""

    letter: str
    patch: Patch
    ring: Ring
    compound: Compound
    zone: str  # A, B …
    cluster: int
    number: int
    name: str = ""

    @property
    def tier1(self) -> str:
        return f"{SITE}-{self.zone}"

    @property
    def tier2(self) -> str:
        return f"{self.tier1}-{self.cluster:02d}"

    @property
    def code(self) -> str:
        return f"{self.tier2}-{self.number:02d}"

    @property
    def chain(self) -> tuple[str, str, str]:
        """The codes of its grid in each tier."""
        return self.tier1, self.tier2, self.code


@dataclass(frozen=True)
class _Piece:
    """A patch with its letter, before it is numbered."""

    letter: str
    patch: Patch
    name: str = ""


def estate_cells(draw: np.random.Generator) -> tuple[list[Cell], Drawing]:
    """Every leaf of the estate in the order of its codes, and the drawing they lie in."""
    zones: list[tuple[Compound, list[list[_Piece]]]] = [
        (compound, [_rows(draw, patch, cluster) for patch, cluster in _clusters(draw, compound)])
        for compound in COMPOUNDS
    ]
    zones.append((ROADS, _road_pieces()))
    twists = [Twist(_ground(compound), *compound.twist) for compound in COMPOUNDS]
    drawing = Drawing([piece.patch for _, clusters in zones for pieces in clusters for piece in pieces], twists)
    cells = [
        cell
        for letter, (compound, clusters) in zip("ABCDEFGHIJKLM", zones, strict=True)
        for cell in _numbered(drawing, compound, letter, clusters)
    ]
    return cells, drawing


def _ground(compound: Compound) -> Patch:
    """The part of its block that a compound has."""
    west, east = ((compound.column + part) * BAND for part in compound.part)
    return Patch(round(west), compound.row * BAND, round(east), (compound.row + 1) * BAND)


def _clusters(draw: np.random.Generator, compound: Compound) -> Iterator[tuple[Patch, Cluster]]:
    """A compound's bands from north to south, each divided into clusters from west to east."""
    whole = _ground(compound)
    for (north, south), band in zip(
        _shares(draw, whole.north, whole.south, _depths(compound.bands)), compound.bands, strict=True
    ):
        widths = [max(_width(row) for row in cluster) for cluster in band]
        for (west, east), cluster in zip(_shares(draw, whole.west, whole.east, widths), band, strict=True):
            yield Patch(west, north, east, south), cluster


def _rows(draw: np.random.Generator, ground: Patch, cluster: Cluster) -> list[_Piece]:
    """A cluster's rows from north to south, each divided into cells from west to east."""
    pieces = []
    heights = [_height(row) for row in cluster]
    for (north, south), row in zip(_shares(draw, ground.north, ground.south, heights), cluster, strict=True):
        widths = [WIDTHS[letter] for letter in row]
        for (west, east), letter in zip(_shares(draw, ground.west, ground.east, widths), row, strict=True):
            pieces.append(_Piece(letter, Patch(west, north, east, south)))
    return pieces


def _shares(draw: np.random.Generator, first: int, last: int, weights: Sequence[float]) -> list[tuple[int, int]]:
    uneven = jittered(draw, weights)
    cuts = [0.0, *accumulate(uneven)]
    return list(pairwise(first + round((last - first) * cut / cuts[-1]) for cut in cuts))


def _depths(bands: Bands) -> list[float]:
    return [max(math.fsum(map(_height, cluster)) for cluster in band) for band in bands]


def _width(row: str) -> float:
    return math.fsum(WIDTHS[letter] for letter in row)


def _height(row: str) -> float:
    return max(HEIGHTS.get(letter, 1.0) for letter in row)


def _road_pieces() -> list[list[_Piece]]:
    """The main roads' ground, from crossing to crossing: each crossing with the stretches nearest to it."""
    lines = {number: name for name, (_, number) in MAIN_ROADS.items() if name in ("竹林街", "书院南路")}
    rows = {number: name for name, (_, number) in MAIN_ROADS.items() if name in ("望江路", "滨河路")}

    def along(column: int, row: int) -> _Piece:
        names = [lines[column]] if column in lines else []
        names += [rows[row]] if row in rows else []
        patch = Patch(column * BAND, row * BAND, (column + 1) * BAND, (row + 1) * BAND)
        if len(names) == 2:
            return _Piece("r", patch, "".join(names) + "路口")
        side = {WEST: "西段", EAST - 1: "东段", NORTH: "北段", SOUTH - 1: "南段"}
        return _Piece("r", patch, names[0] + side.get(row if column in lines else column, "中段"))

    (west, east), (north, south) = BETWEEN_COLUMNS, BETWEEN_ROWS
    return [
        [along(west, NORTH), along(WEST, north), along(west, north), along(west + 1, north)],
        [along(east, NORTH), along(east, north), along(EAST - 1, north), along(east, north + 1)],
        [along(west, north + 1), along(WEST, south), along(west, south), along(west, SOUTH - 1)],
        [along(west + 1, south), along(east, south), along(EAST - 1, south), along(east, SOUTH - 1)],
    ]


def _numbered(drawing: Drawing, compound: Compound, zone: str, clusters: list[list[_Piece]]) -> Iterator[Cell]:
    rings = [[drawing.ring(piece.patch) for piece in pieces] for pieces in clusters]
    order = reading_order([centre(own) for own in rings], ROW_M["cluster"])
    for cluster, place in enumerate(order, start=1):
        pieces, own = clusters[place], rings[place]
        for number, row in enumerate(reading_order([centre([ring]) for ring in own], ROW_M["cell"]), start=1):
            piece = pieces[row]
            yield Cell(piece.letter, piece.patch, own[row], compound, zone, cluster, number, piece.name)


def tier_rings(cells: Sequence[Cell]) -> list[list[Ring]]:
    """What cells add up to."""
    return merged(cell.ring for cell in cells)


def middle(cell: Cell) -> Metres:
    return centre([cell.ring])
