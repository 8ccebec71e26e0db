"""How the ground is cut: finer where edges lie close, until a cell holds a handful of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridmap.spatial.kernels.cells import FIRST_BLOCK, SPLIT, Ints, Level, Longs, Raster, sweep, touch
from gridmap.spatial.kernels.headers import Bytes, seal
from gridmap.spatial.kernels.signs import Floats

DEEPEST = 24  # halvings of a side: what a column costs in rounding stays far below the slack of cells
BUSY_SHARE = 0.12  # of the ground in touched cells: above, all of them are cut again
MOST_CELLS = 4_000_000  # about 300 MB
CROWDED = 16  # edges in a cell: above, it is cut on its own
GROWTH = 3.0  # times more edges after a cut: they were only copied into more cells, and it is no use to go on


class Cutting:
    """The cells while they are cut, from one that holds everything to those that are looked up."""

    def __init__(self, raster: Raster, edges: Floats, rank: Ints, position: Ints) -> None:
        self.raster, self.edges, self.rank, self.position = raster, edges, rank, position
        self.table = np.empty(0, np.int32)
        self.lines = np.empty((0, 4), np.float64)
        self.owned = np.empty(0, np.uint8)

    def run(self) -> tuple[Ints, Floats, Bytes]:
        everything = _everything(len(self.edges))
        level = self.cut(everything, np.zeros(1, np.int64), self.raster.root, self.raster.bits - self.raster.root)
        shift, growth = self.raster.bits - self.raster.root, 0.0
        while len(level.slot):
            again = self.to_be_cut(level, shift, growth)
            self.seal(level, np.flatnonzero(~again & (level.stop > level.start)), shift)
            chosen = np.flatnonzero(again)
            before = int((level.stop - level.start)[chosen].sum())
            if before == 0:
                break
            shift -= SPLIT
            level = self.cut(level, chosen, SPLIT, shift)
            growth = (level.stop - level.start).sum() / before
        return self.table, self.lines, self.owned

    def to_be_cut(self, level: Level, shift: int, growth: float) -> NDArray[np.bool_]:
        """All cells while they are too coarse for the grids; then those in which edges gather."""
        cells = len(level.slot)
        share = cells / 4.0 ** (self.raster.bits - shift)
        again = level.stop - level.start > (0 if share > BUSY_SHARE else CROWDED)
        grown = growth > GROWTH and share <= BUSY_SHARE
        too_many = np.count_nonzero(again) * 2**SPLIT > MOST_CELLS
        return again & (shift >= SPLIT and not grown and not too_many)

    def cut(self, level: Level, chosen: Longs, bits: int, shift: int) -> Level:
        """Cut the chosen cells of a level into `4**bits` each; the touched ones among them."""
        base = len(self.table)
        self.table = np.append(self.table, np.zeros(len(chosen) << (2 * bits), np.int32))
        if base:
            blocks = base + (np.arange(len(chosen)) << (2 * bits)) + FIRST_BLOCK
            self.table[level.slot[chosen]] = blocks
        arguments = (self.raster, self.edges, level, chosen, bits, shift, base, self.table)
        touch(*arguments, np.empty(0, np.int64), np.empty(0, np.int32))
        child = self.number(level, chosen, bits, shift, base)
        touch(*arguments, child.start.astype(np.int64), child.edges)
        sweep(self.raster, self.edges, self.rank, self.position, level, chosen, bits, shift, base, self.table, child)
        return child

    def number(self, level: Level, chosen: Longs, bits: int, shift: int, base: int) -> Level:
        """Make room for the touched ones among new cells, and write their numbers into the table."""
        counts = self.table[base:]
        slot = np.flatnonzero(counts)
        stop = np.cumsum(counts[slot], dtype=np.int32)
        start = stop - counts[slot]
        counts[:] = -1
        counts[slot] = np.arange(len(slot))
        parent, inner = chosen[slot >> (2 * bits)], slot & ((1 << (2 * bits)) - 1)
        row = level.row[parent] + ((inner >> bits) << shift)
        column = level.column[parent] + ((inner & ((1 << bits) - 1)) << shift)
        total = int(stop[-1]) if len(stop) else 0
        return Level(
            (slot + base).astype(np.int32), row.astype(np.int32), column.astype(np.int32), start, stop,
            np.empty(total, np.int32), np.zeros(len(slot), np.int32), np.empty(total + len(slot), np.int32),
        )  # fmt: skip

    def seal(self, level: Level, chosen: Longs, shift: int) -> None:
        """Write the headers of cells that are not cut again."""
        used = len(self.lines)
        most = 2 * int((level.stop - level.start)[chosen].sum())
        lines, owned = _with_room(self.lines, most), _with_room(self.owned, most)
        used = seal(
            self.raster, self.edges, self.rank, self.position, level, chosen, shift,
            self.table, lines, lines.view(np.int32), owned, used,
        )  # fmt: skip
        self.lines, self.owned = lines[:used], owned[:used]


def _with_room(part: NDArray[Any], rows: int) -> NDArray[Any]:
    """A copy with room at its end; pages of it that are never written take no memory."""
    larger = np.empty((len(part) + rows, *part.shape[1:]), part.dtype)
    larger[: len(part)] = part
    return larger


def raster_over(edges: Floats, grids: int) -> Raster:
    """Cells over all edges, with a margin: nothing lies left of or below the first corner."""
    if not len(edges):
        return Raster(0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0, 0)
    x0, width, x_bits = _axis(edges[:, 0::2])
    y0, height, y_bits = _axis(edges[:, 1::2])
    deepest = min(DEEPEST, x_bits, y_bits)
    root = min(deepest, 9 if grids > 500 else 6)
    bits = root + (deepest - root) // SPLIT * SPLIT
    cells = 2.0**bits
    return Raster(x0, y0, width / cells, height / cells, cells / width, cells / height, root, bits)


def _axis(values: Floats) -> tuple[float, float, int]:
    """Start and width of the cells along one axis, and how often they can be halved without losing exactness."""
    low, high = float(values.min()), float(values.max())
    unit = max(math.ulp(low), math.ulp(high), 2.0**-440)
    width = max(high - low, unit * 2**24)
    return low - width * 2.0**-10, width * (1 + 2.0**-9), math.frexp(width / unit)[1] - 24


def _everything(edges: int) -> Level:
    """The one cell before the first cut: nobody holds its corner."""
    nothing = np.zeros(1, np.int32)
    stop = np.full(1, edges, np.int32)
    return Level(nothing, nothing, nothing, nothing, stop, np.arange(edges, dtype=np.int32), nothing, nothing)
