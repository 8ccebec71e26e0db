"""Cells: where they lie, which edges touch them, and who is over their corners."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridmap.compiling import inline, kernel, part
from gridmap.spatial.kernels.signs import Floats, is_right

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]

# What a cell of the table says: from 0 up the row of the grid that holds all of it, else one of these.
OUTSIDE = -1
UNDECIDED = -2  # left to rational arithmetic
FIRST_HEADER = -3  # the header at line u is FIRST_HEADER - u
BLOCKS = -(2**30)  # below: a block of smaller cells, standing in the table at value - FIRST_BLOCK
FIRST_BLOCK = -(2**31)

SPLIT = 3  # a block has 2**3 cells a side
SLACK = 1e-6  # cells: far above every rounding error, see Raster


class Raster(NamedTuple):
    """Where the cells lie: `2**bits` a side, the first `2**root` of them looked up at once.

    The side of the smallest cell is at least 2**21 units in the last place of any coordinate, so that a
    corner, which is rounded, is off by less than SLACK.
    """

    x0: float
    y0: float
    step_x: float
    step_y: float
    scale_x: float
    scale_y: float
    root: int
    bits: int


class Level(NamedTuple):
    """Touched cells of one size: where each is, the edges in it, and the grids over its corner.

    `edges[start:stop]` are rows of the edge table in order of rank, `held[start + i:][:holds]` ranks in
    ascending order. Both end at the first grid that holds the whole cell: nobody behind it can be first.
    """

    slot: Ints
    row: Ints
    column: Ints
    start: Ints
    stop: Ints
    edges: Ints
    holds: Ints
    held: Ints


@part
def column_of(x: float, x0: float, scale: float) -> float:
    """The smallest cell of a coordinate, before it is cut to a whole number: never decreases with x."""
    return (x - x0) * scale


@part
def _span(a: float, b: float, side: int) -> tuple[int, int]:
    """First and last of `side` cells that the stretch between a and b touches, with SLACK."""
    return max(0, int(np.floor(min(a, b) - SLACK))), min(side - 1, int(np.floor(max(a, b) + SLACK)))


@kernel
def touch(
    raster: Raster, edges: Floats, level: Level, cell: Longs, bits: int, shift: int,
    base: int, table: Ints, cursor: Longs, found: Ints,
) -> None:  # fmt: skip
    """Cut cells into blocks of `4**bits`: count the edges in each new cell, or list them.

    Counting (`cursor` empty) adds to `table`. Listing takes from `table` the number of the new cell and
    writes the edge at `found[cursor[number]]`.
    """
    side = 1 << bits
    size = 1.0 / (1 << shift)
    for block in range(len(cell)):
        k = cell[block]
        origin = base + (block << (2 * bits))
        for t in range(level.start[k], level.stop[k]):
            edge = level.edges[t]
            ga = (column_of(edges[edge, 0], raster.x0, raster.scale_x) - level.column[k]) * size
            fa = (column_of(edges[edge, 1], raster.y0, raster.scale_y) - level.row[k]) * size
            gb = (column_of(edges[edge, 2], raster.x0, raster.scale_x) - level.column[k]) * size
            fb = (column_of(edges[edge, 3], raster.y0, raster.scale_y) - level.row[k]) * size
            low, high = _span(fa, fb, side)
            for row in range(low, high + 1):
                left, right = ga, gb
                if fb - fa > 1e-9:
                    left = ga + (gb - ga) * min(1.0, max(0.0, (row - SLACK - fa) / (fb - fa)))
                    right = ga + (gb - ga) * min(1.0, max(0.0, (row + 1 + SLACK - fa) / (fb - fa)))
                first, last = _span(left, right, side)
                for at in range(origin + (row << bits) + first, origin + (row << bits) + last + 1):
                    if len(cursor) == 0:
                        table[at] += 1
                    else:
                        number = table[at]
                        found[cursor[number]] = edge
                        cursor[number] += 1


@inline
def _toggle(ranks: Ints, size: int, rank: int) -> int:
    """Put a rank into a sorted list, or take it out; the new length."""
    i = 0
    while i < size and ranks[i] < rank:
        i += 1
    if i < size and ranks[i] == rank:
        for j in range(i, size - 1):
            ranks[j] = ranks[j + 1]
        return size - 1
    for j in range(size, i, -1):
        ranks[j] = ranks[j - 1]
    ranks[i] = rank
    return size + 1


@inline
def _walk(
    edges: Floats, rank: Ints, child: Level, number: int, ranks: Ints, size: int,
    x: float, y: float, to_x: float, to_y: float,
) -> int:  # fmt: skip
    """Who is over a cell's next corner, to the right (to_y == y) or up (to_x == x)."""
    for t in range(child.start[number], child.stop[number]):
        edge = child.edges[t]
        ax, ay, bx, by = edges[edge, 0], edges[edge, 1], edges[edge, 2], edges[edge, 3]
        spans = (ay <= y and y < by) if to_y == y else (min(ax, bx) <= x and x < max(ax, bx))
        if spans and is_right(ax, ay, bx, by, x, y) != is_right(ax, ay, bx, by, to_x, to_y):
            size = _toggle(ranks, size, rank[edge])
    return size


@inline
def _note_corner(rank: Ints, child: Level, number: int, ranks: Ints, size: int) -> None:
    """Write who is over the corner of a touched cell, up to the first grid that holds all of it."""
    t = child.start[number]
    at = t + number
    for i in range(size):
        child.held[at + i] = ranks[i]
        child.holds[number] = i + 1
        while t < child.stop[number] and rank[child.edges[t]] < ranks[i]:
            t += 1
        if t == child.stop[number] or rank[child.edges[t]] != ranks[i]:
            child.stop[number] = t
            return


@kernel
def sweep(
    raster: Raster, edges: Floats, rank: Ints, position: Ints, level: Level, cell: Longs, bits: int, shift: int,
    base: int, table: Ints, child: Level,
) -> None:  # fmt: skip
    """Walk over the corners of new cells: owners of untouched ones into `table`, the rest into `child`."""
    side = 1 << bits
    first = np.empty(len(position) + 1, np.int32)
    ranks = np.empty(len(position) + 1, np.int32)
    # `stop` shrinks when a corner is noted, but the way to the next corner needs every edge
    whole = Level(
        child.slot, child.row, child.column, child.start, child.stop.copy(), child.edges, child.holds, child.held
    )
    for block in range(len(cell)):
        k = cell[block]
        start = level.holds[k]
        for i in range(start):
            first[i] = level.held[level.start[k] + k + i]
        for row in range(side):
            y = raster.y0 + (level.row[k] + (row << shift)) * raster.step_y
            above = raster.y0 + (level.row[k] + ((row + 1) << shift)) * raster.step_y
            size = start
            for i in range(size):  # a slice would do, and bring seconds of numba's error texts with it
                ranks[i] = first[i]
            for column in range(side):
                at = base + (((block << bits) + row) << bits) + column
                number = table[at]
                if number < 0:
                    table[at] = position[ranks[0]] if size > 0 else OUTSIDE
                    continue
                x = raster.x0 + (level.column[k] + (column << shift)) * raster.step_x
                _note_corner(rank, child, number, ranks, size)
                if child.start[number] == child.stop[number]:
                    table[at] = position[ranks[0]]
                if column == 0:
                    start = _walk(edges, rank, whole, number, first, start, x, y, x, above)
                beside = raster.x0 + (level.column[k] + ((column + 1) << shift)) * raster.step_x
                size = _walk(edges, rank, whole, number, ranks, size, x, y, beside, y)
