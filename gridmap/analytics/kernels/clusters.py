"""The compiled part of clusters: which points are cores, which cells hang together, whose a border point is.

Points come sorted by cell. A cell is so small that any two in it are neighbours, in space and in time: one that is
full is all cores, without a distance measured, and cores of one cell are always of one cluster. So what is joined are
cells, and a heap of a million points at one place costs no more than a million points apart.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridmap.compiling import inline, kernel, part

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
REACH = 2  # cells to either side in which a neighbour may lie; in time it is one
ROOM = 2 * REACH + 1


class Cells(NamedTuple):
    """Points in the order of their cells: those of cell c are `start[c]` to `start[c + 1]`.

    `key` says where a cell lies: neighbours along x follow one another, `row` takes to the next along y, `layer` to the
    next in time. There is room at every side, so that no step leads round to the other.
    """

    x: Floats
    y: Floats
    t: Ints
    weight: Floats
    key: Ints
    start: Ints
    row: int
    layer: int
    layers: int  # 1 where time counts, 0 where it does not


@inline
def _near(cells: Cells, i: int, j: int, square: float, span: int) -> bool:
    along, up = cells.x[i] - cells.x[j], cells.y[i] - cells.y[j]
    return bool(along * along + up * up <= square and abs(cells.t[i] - cells.t[j]) <= span)


@part
def _around(cells: Cells, c: int, first: Ints, found: Ints) -> int:
    """The cells about one, itself among them; `first` remembers where each row was left, as cells come in order."""
    count = 0
    for over in range(-cells.layers, cells.layers + 1):
        for up in range(-REACH, REACH + 1):
            row = (over + 1) * ROOM + up + REACH
            middle = cells.key[c] + over * cells.layer + up * cells.row
            at = first[row]
            while at < len(cells.key) and cells.key[at] < middle - REACH:
                at += 1
            first[row] = at
            while at < len(cells.key) and cells.key[at] <= middle + REACH:
                found[count] = at
                count += 1
                at += 1
    return count


@part
def _is_core(cells: Cells, c: int, i: int, about: Ints, least: float, square: float, span: int) -> bool:
    """Whether a point of a cell that is not full has enough about it."""
    held = 0.0
    for other in about:
        for j in range(cells.start[other], cells.start[other + 1]):
            if other == c or _near(cells, i, j, square, span):
                held += cells.weight[j]
                if held >= least:
                    return True
    return False


@kernel
def cores(cells: Cells, least: float, square: float, span: int) -> Flags:
    """Which points have so much weight about them, their own counted."""
    core = np.zeros(len(cells.x), dtype=np.bool_)
    first, found = np.zeros(3 * ROOM, dtype=np.int64), np.empty(3 * ROOM * ROOM, dtype=np.int64)
    for c in range(len(cells.key)):
        begin, end = cells.start[c], cells.start[c + 1]
        full = cells.weight[begin:end].sum() >= least
        count = 0 if full else _around(cells, c, first, found)
        for i in range(begin, end):
            core[i] = full or _is_core(cells, c, i, found[:count], least, square, span)
    return core


@part
def _root(parent: Ints, c: int) -> int:
    while parent[c] != c:
        parent[c] = parent[parent[c]]
        c = parent[c]
    return c


@part
def _boxes(cells: Cells, core: Flags) -> Floats:
    """West, south, east and north of the cores of each cell; west is infinite where there are none."""
    box = np.empty((len(cells.key), 4))
    box[:, :2], box[:, 2:] = np.inf, -np.inf
    for c in range(len(cells.key)):
        for i in range(cells.start[c], cells.start[c + 1]):
            if core[i]:
                box[c, 0], box[c, 1] = min(box[c, 0], cells.x[i]), min(box[c, 1], cells.y[i])
                box[c, 2], box[c, 3] = max(box[c, 2], cells.x[i]), max(box[c, 3], cells.y[i])
    return box


@inline
def _apart(west: float, south: float, east: float, north: float, box: Floats) -> float:
    """The square of the distance from one box to another."""
    along = max(box[0] - east, west - box[2], 0.0)
    up = max(box[1] - north, south - box[3], 0.0)
    return float(along * along + up * up)


@part
def _touch(cells: Cells, core: Flags, box: Floats, c: int, other: int, square: float, span: int) -> bool:
    """Whether a core of one cell is the neighbour of a core of another."""
    if _apart(box[c, 0], box[c, 1], box[c, 2], box[c, 3], box[other]) > square:
        return False
    for i in range(cells.start[c], cells.start[c + 1]):
        x, y = cells.x[i], cells.y[i]
        if not core[i] or _apart(x, y, x, y, box[other]) > square:
            continue
        for j in range(cells.start[other], cells.start[other + 1]):
            if core[j] and _near(cells, i, j, square, span):
                return True
    return False


@kernel
def joined(cells: Cells, core: Flags, square: float, span: int) -> Ints:
    """For each cell with cores the first cell of its cluster; -1 for a cell without."""
    parent, box = np.arange(len(cells.key)), _boxes(cells, core)
    first, found = np.zeros(3 * ROOM, dtype=np.int64), np.empty(3 * ROOM * ROOM, dtype=np.int64)
    for c in range(len(cells.key)):
        if box[c, 0] > box[c, 2]:
            continue
        for other in found[: _around(cells, c, first, found)]:
            if other < c and box[other, 0] <= box[other, 2]:
                one, two = _root(parent, c), _root(parent, other)
                if one != two and _touch(cells, core, box, c, other, square, span):
                    parent[max(one, two)] = min(one, two)
    for c in range(len(cells.key)):
        parent[c] = _root(parent, c) if box[c, 0] <= box[c, 2] else -1
    return parent


@inline
def _before(cells: Cells, i: int, one: int, two: int) -> bool:
    """Whether one core is nearer to a point than another: in space, then in time, then more to the south-west."""
    for d, e in (
        ((cells.x[i] - cells.x[one]) ** 2 + (cells.y[i] - cells.y[one]) ** 2,
         (cells.x[i] - cells.x[two]) ** 2 + (cells.y[i] - cells.y[two]) ** 2),
        (float(abs(cells.t[i] - cells.t[one])), float(abs(cells.t[i] - cells.t[two]))),
        (cells.x[one], cells.x[two]), (cells.y[one], cells.y[two]), (float(cells.t[one]), float(cells.t[two])),
    ):  # fmt: skip
        if d != e:
            return d < e
    return False


@kernel
def owned(cells: Cells, core: Flags, cluster: Ints, square: float, span: int) -> Ints:
    """The cluster of each point by that of its cell: a border point is of its nearest core; -1 where there is none."""
    label = np.full(len(cells.x), -1)
    first, found = np.zeros(3 * ROOM, dtype=np.int64), np.empty(3 * ROOM * ROOM, dtype=np.int64)
    for c in range(len(cells.key)):
        begin, end = cells.start[c], cells.start[c + 1]
        count = 0 if core[begin:end].all() else _around(cells, c, first, found)
        for i in range(begin, end):
            label[i] = cluster[c]
            if core[i]:
                continue
            nearest, label[i] = -1, -1
            for other in found[:count]:
                for j in range(cells.start[other], cells.start[other + 1]):
                    near = core[j] and _near(cells, i, j, square, span)
                    if near and (nearest < 0 or _before(cells, i, j, nearest)):
                        nearest, label[i] = j, cluster[other]
    return label


def warm() -> None:
    """Compile what is here."""
    one, none = np.ones(1), np.zeros(1, dtype=np.int64)
    cells = Cells(one, one, none, one, none, np.array([0, 1]), 1, 1, 1)
    core = cores(cells, 1.0, 1.0, 0)
    owned(cells, core, joined(cells, core, 1.0, 0), 1.0, 0)
