"""Headers: what is left to decide in a cell that edges touch, side by side for the cache's sake."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridmap.compiling import inline, kernel
from gridmap.spatial.kernels.cells import FIRST_HEADER, OUTSIDE, Ints, Level, Longs, Raster
from gridmap.spatial.kernels.signs import Floats, is_right

Bytes = NDArray[np.uint8]

OWNERS = 4  # grids a header holds


@inline
def _number_segments(edges: Floats, level: Level, k: int, segment: Ints, distinct: Ints) -> None:
    """Give edges of several grids that are the same segment the same number."""
    count = 0
    for t in range(level.start[k], level.stop[k]):
        mine = level.edges[t]
        number = 0
        while number < count:
            its = distinct[number]
            if (
                edges[mine, 0] == edges[its, 0]
                and edges[mine, 1] == edges[its, 1]
                and edges[mine, 2] == edges[its, 2]
                and edges[mine, 3] == edges[its, 3]
            ):
                break
            number += 1
        if number == count:
            distinct[count] = mine
            count += 1
        segment[t - level.start[k]] = number


@inline
def _is_held(level: Level, k: int, rank: int) -> bool:
    found = False
    for i in range(level.start[k] + k, level.start[k] + k + level.holds[k]):
        found |= level.held[i] == rank
    return found


@inline
def _needed(rank: Ints, level: Level, k: int, segment: Ints, odd: Bytes) -> tuple[int, int]:
    """Where the edges that matter end, and the rank that holds the rest of the cell (-1: nobody).

    If each segment belongs to an even number of the first grids, and an odd number of them is over the corner,
    then an odd number of them is over every place of the cell: nobody behind them can be first. It is what
    keeps upper tiers, whose edges lie on edges of the leaves, out of the way.
    """
    start = level.start[k]
    t = start
    odd[: level.stop[k] - start] = 0
    odds = 0
    over = False
    grid = -1
    while t < level.stop[k]:
        grid = rank[level.edges[t]]
        while t < level.stop[k] and rank[level.edges[t]] == grid:
            odd[segment[t - start]] ^= 1
            odds += 1 if odd[segment[t - start]] else -1
            t += 1
        over ^= _is_held(level, k, grid)
        if odds == 0 and over:
            return t, -1
    last = level.held[start + k + level.holds[k] - 1] if level.holds[k] > 0 else -1
    return t, last if last > grid else -1


@inline
def _write_header(
    raster: Raster, edges: Floats, rank: Ints, position: Ints, level: Level, k: int, shift: int, t: int, stop: int,
    segment: Ints, record: Ints, lines: Floats, words: Ints, owned: Bytes, unit: int,
) -> int:  # fmt: skip
    """Write the edges from t of at most OWNERS grids; the first edge that did not go in."""
    x = raster.x0 + level.column[k] * raster.step_x
    y = raster.y0 + level.row[k] * raster.step_y
    header = words[unit]
    last = unit
    owners = inside = 0
    grid = -1
    while t < stop:
        edge = level.edges[t]
        if rank[edge] != grid:
            if owners == OWNERS:
                break
            grid = rank[edge]
            header[4 + owners] = position[grid]
            inside |= _is_held(level, k, grid) << owners
            owners += 1
        bit = 1 << (owners - 1)
        same = t - level.start[k]
        at = record[segment[same]]
        if at > unit and not owned[at] & bit:  # a spike, the same segment twice, is written twice
            owned[at] |= bit
        else:
            last += 1
            record[segment[same]] = last
            ax, ay, bx, by = edges[edge, 0], edges[edge, 1], edges[edge, 2], edges[edge, 3]
            lines[last, 0], lines[last, 1], lines[last, 2], lines[last, 3] = ax, ay, bx, by
            right = is_right(ax, ay, bx, by, x, y)
            owned[last] = bit | (right << OWNERS)
        t += 1
    header[0] = last - unit
    header[1] = shift
    header[2] = inside
    return t


@kernel
def seal(
    raster: Raster, edges: Floats, rank: Ints, position: Ints, level: Level, cell: Longs, shift: int,
    table: Ints, lines: Floats, words: Ints, owned: Bytes, unit: int,
) -> int:  # fmt: skip
    """Write what the lookup needs of touched cells, from line `unit` on; the line after the last.

    `words` are the bytes of `lines` read as whole numbers. A cell is a header and its edges, a line each, side
    by side for the cache's sake. A header says: how many edges, the cell's size, who of its grids is over the
    corner, what holds if none of them covers the point (a row, OUTSIDE or a further header), and its grids.
    """
    most = 1
    for k in cell:
        most = max(most, level.stop[k] - level.start[k])
    segment, record = np.empty(most, np.int32), np.empty(most, np.int32)
    odd = np.empty(most, np.uint8)
    for k in cell:
        _number_segments(edges, level, k, segment, record)
        stop, rest = _needed(rank, level, k, segment, odd)
        record[: level.stop[k] - level.start[k]] = -1
        table[level.slot[k]] = FIRST_HEADER - unit
        t = level.start[k]
        while t < stop:
            t = _write_header(
                raster, edges, rank, position, level, k, shift, t, stop, segment, record, lines, words, owned, unit
            )
            header = words[unit]
            unit += 1 + header[0]
            header[3] = FIRST_HEADER - unit if t < stop else (position[rest] if rest >= 0 else OUTSIDE)
    return unit
