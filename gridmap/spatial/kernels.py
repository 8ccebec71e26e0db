"""The compiled part of the locator: exact signs, cells cut into smaller cells, points looked up.

One file on purpose: numba keeps a compiled function as long as *its own* file is unchanged, so a kernel that
called into a second file would go on running that file's old code.

An edge is (ax, ay, bx, by) with ay < by, or ay == by and ax < bx. A cell is the set of doubles that
`_column` sends to it, so it has no blurred border. Its corner (left, below) is the place from which points
in it are judged: who lies under the corner is known, and the way from there to a point, first up and then
along, crosses only edges that touch the cell. A corner that lies on an edge counts as a hair to the right
and half a hair up of itself, always; that is why no case is left over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Pair = tuple[float, float]
F = TypeVar("F", bound=Callable[..., Any])

OUTSIDE = -1
UNDECIDED = -2  # left to rational arithmetic, see `wild`
FIRST_HEADER = -3  # header h is FIRST_HEADER - h
BLOCKS = -(2**30)  # below: a block of smaller cells, standing in the table at value - FIRST_BLOCK
FIRST_BLOCK = -(2**31)
SPLIT = 3  # a block has 2**3 cells a side
OWNERS = 4  # grids a header holds
BATCH = 2048  # points whose cache misses overlap
SLACK = 1e-6  # cells: far above every rounding error, see Raster
WILD = 2.0**-440
ORIENT_ERROR = 3.3306690738754716e-16


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


def kernel(function: F) -> F:
    """Compile at the first call and keep it on disk; where no folder can be written, only in memory."""
    options = {"nogil": True, "error_model": "numpy"}
    try:
        return numba.njit(cache=True, **options)(function)  # type: ignore[no-any-return]
    except RuntimeError:  # numba found no folder it may write to
        return numba.njit(**options)(function)  # type: ignore[no-any-return]


def part(function: F) -> F:
    """Part of a kernel, never called from Python."""
    return numba.njit(nogil=True, error_model="numpy")(function)  # type: ignore[no-any-return]


def inline(function: F) -> F:
    """A part that is copied to where it is used: handing over arrays would cost more than the work itself."""
    return numba.njit(nogil=True, error_model="numpy", inline="always")(function)  # type: ignore[no-any-return]


# --- exact signs ---------------------------------------------------------------------------------------------


@part
def wild(value: float) -> bool:
    """Products of such a number may underflow, and then no double arithmetic is exact."""
    return value != 0.0 and abs(value) < WILD


@part
def _two_sum(a: float, b: float) -> Pair:
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


@part
def _two_product(a: float, b: float) -> Pair:
    product = a * b
    c = 134217729.0 * a
    a_high = c - (c - a)
    a_low = a - a_high
    c = 134217729.0 * b
    b_high = c - (c - b)
    b_low = b - b_high
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


@part
def _grow(terms: Floats, size: int, value: float) -> None:
    """Add to an expansion of `size` terms that do not overlap, smallest first."""
    for i in range(size):
        value, terms[i] = _two_sum(value, terms[i])
    terms[size] = value


@part
def _sign_of_expansion(u: Pair, v: Pair, w: Pair, z: Pair) -> int:
    """Sign of (u0 + u1)(v0 + v1) - (w0 + w1)(z0 + z1)."""
    terms = np.zeros(16)
    size = 0
    for i in range(2):
        for j in range(2):
            high, low = _two_product(u[i], v[j])
            minus_high, minus_low = _two_product(-w[i], z[j])
            for value in (low, high, minus_low, minus_high):
                _grow(terms, size, value)
                size += 1
    for i in range(15, -1, -1):
        if terms[i] != 0.0:
            return 1 if terms[i] > 0.0 else -1
    return 0


@part
def _orient_exactly(ax: float, ay: float, bx: float, by: float, x: float, y: float) -> int:
    u = _two_sum(bx, -ax)
    v = _two_sum(y, -ay)
    w = _two_sum(x, -ax)
    z = _two_sum(by, -ay)
    if u[1] != 0.0 or v[1] != 0.0 or w[1] != 0.0 or z[1] != 0.0:
        return _sign_of_expansion(u, v, w, z)
    left, left_rest = _two_product(u[0], v[0])
    right, right_rest = _two_product(w[0], z[0])
    if left == right:
        left, right = left_rest, right_rest
    return 1 if left > right else (-1 if left < right else 0)


@part
def _turn(ax: float, ay: float, bx: float, by: float, x: float, y: float) -> tuple[float, float]:
    """Twice the area of a, b, (x, y), positive on the left, and how wrong its sign may be (Shewchuk 1997)."""
    left = (bx - ax) * (y - ay)
    right = (x - ax) * (by - ay)
    return left - right, ORIENT_ERROR * (abs(left) + abs(right))


@part
def orient(ax: float, ay: float, bx: float, by: float, x: float, y: float) -> int:
    """1 if (x, y) lies left of a -> b, -1 right, 0 on the line."""
    turn, error = _turn(ax, ay, bx, by, x, y)
    if turn > error:
        return 1
    if turn < -error:
        return -1
    return _orient_exactly(ax, ay, bx, by, x, y)


@part
def _is_right(ax: float, ay: float, bx: float, by: float, x: float, y: float) -> bool:
    """(x, y), a hair to the right and half a hair up, lies right of a -> b (below it, if it is level)."""
    sign = orient(ax, ay, bx, by, x, y)
    return sign < 0 or (sign == 0 and ay < by)


# --- cells ---------------------------------------------------------------------------------------------------


@part
def _column(x: float, x0: float, scale: float) -> float:
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
            ga = (_column(edges[edge, 0], raster.x0, raster.scale_x) - level.column[k]) * size
            fa = (_column(edges[edge, 1], raster.y0, raster.scale_y) - level.row[k]) * size
            gb = (_column(edges[edge, 2], raster.x0, raster.scale_x) - level.column[k]) * size
            fb = (_column(edges[edge, 3], raster.y0, raster.scale_y) - level.row[k]) * size
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
        if spans and _is_right(ax, ay, bx, by, x, y) != _is_right(ax, ay, bx, by, to_x, to_y):
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
            ranks[:size] = first[:size]
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


# --- headers: what is left to decide in a touched cell ---------------------------------------------------------


@inline
def _number_segments(edges: Floats, level: Level, k: int, segment: Ints) -> None:
    """Give edges of several grids that are the same segment the same number."""
    start = level.start[k]
    for t in range(start, level.stop[k]):
        segment[t - start] = t - start
        mine = edges[level.edges[t]]
        for other in range(start, t):
            if segment[other - start] == other - start:
                its = edges[level.edges[other]]
                if mine[0] == its[0] and mine[1] == its[1] and mine[2] == its[2] and mine[3] == its[3]:
                    segment[t - start] = other - start
                    break


@inline
def _is_held(level: Level, k: int, rank: int) -> bool:
    for i in range(level.start[k] + k, level.start[k] + k + level.holds[k]):
        if level.held[i] == rank:
            return True
    return False


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
            lines[last] = edges[edge]
            right = _is_right(edges[edge, 0], edges[edge, 1], edges[edge, 2], edges[edge, 3], x, y)
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
        _number_segments(edges, level, k, segment)
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


# --- looking up ----------------------------------------------------------------------------------------------


@inline
def _judge(raster: Raster, lines: Floats, words: Ints, owned: Bytes, unit: int, x: float, y: float) -> int:
    """The first of a header's grids that covers the point, or what it says of the rest."""
    shift = words[unit, 1]
    corner = raster.x0 + ((int(_column(x, raster.x0, raster.scale_x)) >> shift) << shift) * raster.step_x
    over = words[unit, 2]
    on = 0
    for k in range(unit + 1, unit + 1 + words[unit, 0]):
        ax, ay, bx, by = lines[k, 0], lines[k, 1], lines[k, 2], lines[k, 3]
        grids = owned[k] & ((1 << OWNERS) - 1)
        along = (ay <= y) & (y < by)
        up = (min(ax, bx) <= corner) & (corner < max(ax, bx))
        bend_turn, bend_error = _turn(ax, ay, bx, by, corner, y)
        turn, error = _turn(ax, ay, bx, by, x, y)
        # which side is a coin toss, so the common case must not branch on it
        bend, right = bend_turn < 0.0, turn < 0.0
        if (abs(bend_turn) <= bend_error) | (abs(turn) <= error):
            bend = _is_right(ax, ay, bx, by, corner, y)
            sign = orient(ax, ay, bx, by, x, y)
            right = sign <= 0
            if sign == 0 and ay <= y and y <= by and min(ax, bx) <= x and x <= max(ax, bx):
                on |= grids
        was_right = owned[k] >> OWNERS != 0
        over ^= grids * ((up & (bend != was_right)) ^ (along & (bend != right)))
    first = (over | on) & -(over | on)
    return words[unit, 3 + (first > 0) + (first > 1) + (first > 2) + (first > 4)]


@inline
def _at_root(raster: Raster, table: Ints, x: float, y: float) -> int:
    column = _column(x, raster.x0, raster.scale_x)
    row = _column(y, raster.y0, raster.scale_y)
    cells = float(1 << raster.bits)
    if not (column >= 0.0 and row >= 0.0 and column < cells and row < cells):
        return OUTSIDE
    shift = raster.bits - raster.root
    return table[((int(row) >> shift) << raster.root) + (int(column) >> shift)]


@inline
def _below(raster: Raster, table: Ints, x: float, y: float, value: int) -> int:
    """From a block down to a cell that is not cut further."""
    column = int(_column(x, raster.x0, raster.scale_x))
    row = int(_column(y, raster.y0, raster.scale_y))
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
