"""Places put into cells, laid on a plane and told inside from outside: a million at a time, without a copy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridmap.compiling import inline, kernel

Floats = NDArray[np.float64]
Flags = NDArray[np.uint8]
# Cells beside an edge that rounding might have put on its other side are touched, too.
SLACK = 1e-9
# Of a kernel no less than this is taken to lie inside, whatever rounding makes of slivers.
LEAST_SHARE = 1e-4
OUTSIDE, INSIDE, TOUCHED = 0, 1, 2


@kernel
def extent(places: Floats) -> tuple[float, float, float, float]:
    """West, south, east and north of all places that are somewhere."""
    west, south, east, north = np.inf, np.inf, -np.inf, -np.inf
    for i in range(len(places)):
        x, y = places[i, 0], places[i, 1]
        if np.isfinite(x) and np.isfinite(y):
            west, east = min(west, x), max(east, x)
            south, north = min(south, y), max(north, y)
    return west, south, east, north


@kernel
def lay(places: Floats, box: Floats, bent: Floats) -> None:
    """Write over each place where a polynomial of third degree in both axes leads; NaN over those beyond the box."""
    middle_x, middle_y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    half_x, half_y = (box[2] - box[0]) / 2, (box[3] - box[1]) / 2
    for i in range(len(places)):
        u, v = (places[i, 0] - middle_x) / half_x, (places[i, 1] - middle_y) / half_y
        if not (abs(u) <= 1 + SLACK and abs(v) <= 1 + SLACK):
            places[i, 0], places[i, 1] = np.nan, np.nan
            continue
        x, y = 0.0, 0.0
        for a in range(3, -1, -1):
            x = x * u + ((bent[a, 3, 0] * v + bent[a, 2, 0]) * v + bent[a, 1, 0]) * v + bent[a, 0, 0]
            y = y * u + ((bent[a, 3, 1] * v + bent[a, 2, 1]) * v + bent[a, 1, 1]) * v + bent[a, 0, 1]
        places[i, 0], places[i, 1] = x, y


@kernel
def spread(
    places: Floats, weights: Floats, keep: Flags, west: float, south: float, cell: float, rows: int, columns: int,
    inner: Floats, bins: Floats,
) -> float:  # fmt: skip
    """Put each place into the nine nodes about it, by the quadratic spline; what all of them weigh together.

    Node [0, 0] lies at west, south; what would touch others than so many rows and columns is left out. `weights` and
    `keep` may be empty: each weighs 1, all are kept. Where `inner`, the share of each kernel that lies inside, is not
    empty, each place is given back what lies outside of its own.
    """
    total, scale, left, below = 0.0, 1.0 / cell, 0.5 - west / cell, 0.5 - south / cell
    some, weigh, give_back = len(keep) > 0, len(weights) > 0, len(inner) > 0
    for i in range(len(places)):
        if some and keep[i] != INSIDE:
            continue
        x, y = places[i, 0] * scale + left, places[i, 1] * scale + below
        if not (x >= 1 and y >= 1 and x < columns - 1 and y < rows - 1):
            continue
        c, r = int(x), int(y)
        u, v = x - c, y - r
        a0, a2 = 0.5 * (1 - u) * (1 - u), 0.5 * u * u
        b0, b2 = 0.5 * (1 - v) * (1 - v), 0.5 * v * v
        a1, b1 = 1 - a0 - a2, 1 - b0 - b2
        weight = weights[i] if weigh else 1.0
        total += weight
        if give_back:
            share = b0 * (a0 * inner[r - 1, c - 1] + a1 * inner[r - 1, c] + a2 * inner[r - 1, c + 1])
            share += b1 * (a0 * inner[r, c - 1] + a1 * inner[r, c] + a2 * inner[r, c + 1])
            share += b2 * (a0 * inner[r + 1, c - 1] + a1 * inner[r + 1, c] + a2 * inner[r + 1, c + 1])
            weight /= max(share, LEAST_SHARE)
        b0, b1, b2 = b0 * weight, b1 * weight, b2 * weight
        bins[r - 1, c - 1] += b0 * a0
        bins[r - 1, c] += b0 * a1
        bins[r - 1, c + 1] += b0 * a2
        bins[r, c - 1] += b1 * a0
        bins[r, c] += b1 * a1
        bins[r, c + 1] += b1 * a2
        bins[r + 1, c - 1] += b2 * a0
        bins[r + 1, c] += b2 * a1
        bins[r + 1, c + 1] += b2 * a2
    return total


@kernel
def sort_out(places: Floats, cells: Flags, west: float, south: float, cell: float, found: Flags) -> None:
    """Whether each place lies in a cell that is outside, inside, or touched by the outline."""
    rows, columns = cells.shape
    for i in range(len(places)):
        x, y = (places[i, 0] - west) / cell, (places[i, 1] - south) / cell
        # On the very edge of the frame places belong to the last cell.
        if x >= 0 and y >= 0 and x <= columns and y <= rows:
            found[i] = cells[min(int(y), rows - 1), min(int(x), columns - 1)]
        else:
            found[i] = OUTSIDE


@inline
def _cross(row: int, x0: float, y0: float, x1: float, y1: float, up: float, cover: Floats, touched: Flags) -> None:
    """A piece of an edge within a row of cells: how much of each cell it crosses lies to its right."""
    left, right = min(x0, x1), max(x0, x1)
    last = cover.shape[1] - 2
    for c in range(max(int(left - SLACK), 0), min(int(right + SLACK), last) + 1):
        touched[row, c] = 1
    first, end = min(max(int(left), 0), last), min(max(int(right), 0), last)
    for c in range(first, end + 1):
        low, high = max(left, float(c)), min(right, c + 1.0)
        part = abs(y1 - y0) * ((high - low) / (right - left) if end > first else 1.0) * up
        beside = part * ((low + high) / 2 - c)
        cover[row, c] += part - beside
        cover[row, c + 1] += beside


@kernel
def coverage(edges: Floats, cover: Floats, touched: Flags) -> None:
    """The share of each cell that lies inside rings, their inside to the left: edges (n, 4) in cells, by signed areas.

    `cover` is a column wider than the cells, which are its running sums along the rows.
    """
    rows = len(touched)
    for i in range(len(edges)):
        x0, y0, x1, y1 = edges[i, 0], edges[i, 1], edges[i, 2], edges[i, 3]
        low, high = min(y0, y1), max(y0, y1)
        up = 1.0 if y0 > y1 else -1.0
        for row in range(max(int(low - SLACK), 0), min(int(high + SLACK), rows - 1) + 1):
            a, b = min(max(low, float(row)), high), max(min(high, row + 1.0), low)
            if high > low:
                xa, xb = x0 + (x1 - x0) * (a - y0) / (y1 - y0), x0 + (x1 - x0) * (b - y0) / (y1 - y0)
            else:
                xa, xb = x0, x1
            _cross(row, xa, a, xb, b, up, cover, touched)


def warm() -> None:
    """Compile what is here."""
    places, box = np.zeros((1, 2)), np.array([-1.0, -1.0, 1.0, 1.0])
    none, flags = np.empty((0, 0)), np.zeros((3, 3), np.uint8)
    extent(places)
    lay(places, box, np.zeros((4, 4, 2)))
    spread(places, np.empty(0), np.empty(0, np.uint8), -1.0, -1.0, 1.0, 3, 3, none, np.zeros((3, 3)))
    sort_out(places, flags, 0.0, 0.0, 1.0, np.zeros(1, np.uint8))
    coverage(np.zeros((1, 4)), np.zeros((3, 4)), flags)
