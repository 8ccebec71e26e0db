"""Points looked up: in the table, and in what a touched cell holds."""

from __future__ import annotations

import numpy as np

from gridmap.compiling import inline, kernel
from gridmap.spatial.kernels.cells import (
    BLOCKS,
    FIRST_BLOCK,
    FIRST_HEADER,
    OUTSIDE,
    SPLIT,
    UNDECIDED,
    Ints,
    Raster,
    column_of,
)
from gridmap.spatial.kernels.headers import OWNERS, Bytes
from gridmap.spatial.kernels.signs import Floats, is_right, orient, turn_of, wild

BATCH = 2048  # points whose cache misses overlap


@inline
def _judge(raster: Raster, lines: Floats, words: Ints, owned: Bytes, unit: int, x: float, y: float) -> int:
    """The first of a header's grids that covers the point, or what it says of the rest."""
    shift = words[unit, 1]
    corner = raster.x0 + ((int(column_of(x, raster.x0, raster.scale_x)) >> shift) << shift) * raster.step_x
    over = words[unit, 2]
    on = 0
    for k in range(unit + 1, unit + 1 + words[unit, 0]):
        ax, ay, bx, by = lines[k, 0], lines[k, 1], lines[k, 2], lines[k, 3]
        grids = owned[k] & ((1 << OWNERS) - 1)
        along = (ay <= y) & (y < by)
        up = (min(ax, bx) <= corner) & (corner < max(ax, bx))
        bend_turn, bend_error = turn_of(ax, ay, bx, by, corner, y)
        turn, error = turn_of(ax, ay, bx, by, x, y)
        # which side is a coin toss, so the common case must not branch on it
        bend, right = bend_turn < 0.0, turn < 0.0
        if (abs(bend_turn) <= bend_error) | (abs(turn) <= error):
            bend = is_right(ax, ay, bx, by, corner, y)
            sign = orient(ax, ay, bx, by, x, y)
            right = sign <= 0
            if sign == 0 and ay <= y and y <= by and min(ax, bx) <= x and x <= max(ax, bx):
                on |= grids
        was_right = owned[k] >> OWNERS != 0
        over ^= grids * ((up & (bend != was_right)) ^ (along & (bend != right)))
    first = (over | on) & -(over | on)
    return int(words[unit, 3 + (first > 0) + (first > 1) + (first > 2) + (first > 4)])


@inline
def _at_root(raster: Raster, table: Ints, x: float, y: float) -> int:
    column = column_of(x, raster.x0, raster.scale_x)
    row = column_of(y, raster.y0, raster.scale_y)
    cells = float(1 << raster.bits)
    if not (column >= 0.0 and row >= 0.0 and column < cells and row < cells):
        return OUTSIDE
    shift = raster.bits - raster.root
    return int(table[((int(row) >> shift) << raster.root) + (int(column) >> shift)])


@inline
def _below(raster: Raster, table: Ints, x: float, y: float, value: int) -> int:
    """From a block down to a cell that is not cut further."""
    column = int(column_of(x, raster.x0, raster.scale_x))
    row = int(column_of(y, raster.y0, raster.scale_y))
    shift = raster.bits - raster.root
    while value < BLOCKS:
        shift -= SPLIT
        inner = (((row >> shift) & 7) << SPLIT) + ((column >> shift) & 7)
        value = table[value - FIRST_BLOCK + inner]
    return value


@inline
def _in_cell(raster: Raster, lines: Floats, words: Ints, owned: Bytes, x: float, y: float, value: int) -> int:
    if wild(x) or wild(y):
        return UNDECIDED
    while value <= FIRST_HEADER:
        value = _judge(raster, lines, words, owned, FIRST_HEADER - value, x, y)
    return value


@kernel
def look_up(
    raster: Raster, table: Ints, lines: Floats, words: Ints, owned: Bytes, lon: Floats, lat: Floats, out: Ints
) -> float:
    """The row of each point's grid, OUTSIDE or UNDECIDED, into `out`. What it returns means nothing.

    Each pass over a batch touches one table only, and what a cell holds is read once for nothing before
    it is used: the processor waits for many of them at the same time instead of for one after another.
    """
    pending = np.empty(BATCH, np.int64)
    seen = 0.0
    for start in range(0, len(lon), BATCH):
        left = 0
        for i in range(start, min(len(lon), start + BATCH)):
            out[i] = _at_root(raster, table, lon[i], lat[i])
            pending[left] = i
            left += out[i] < UNDECIDED
        count, left = left, 0
        for t in range(count):
            i = pending[t]
            out[i] = _below(raster, table, lon[i], lat[i], out[i])
            pending[left] = i
            left += out[i] < UNDECIDED
        for t in range(left):
            unit = FIRST_HEADER - out[pending[t]]
            seen += words[unit, 0] + lines[unit + 1, 0] + owned[unit + 1]
        for t in range(left):
            i = pending[t]
            out[i] = _in_cell(raster, lines, words, owned, lon[i], lat[i], out[i])
    return seen


@kernel
def look_up_one(raster: Raster, table: Ints, lines: Floats, words: Ints, owned: Bytes, lon: float, lat: float) -> int:
    """The row of one point's grid, OUTSIDE or UNDECIDED."""
    value = _at_root(raster, table, lon, lat)
    value = _below(raster, table, lon, lat, value)
    return _in_cell(raster, lines, words, owned, lon, lat, value) if value < UNDECIDED else value
