"""The compiled part of near repeats: pairs close in space, and in how many orders of the times they are close in time.

A pair is found once for a whole block of orders, whose times of one point lie side by side: so what is done for each
order is a subtraction and a comparison, several at a time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridmap.compiling import kernel, part

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Seconds = NDArray[np.int32]


@part
def _count(one: Seconds, other: Seconds, spans: Seconds, found: Seconds) -> None:
    """Add a pair to each order in which its times are no farther apart than each span."""
    for k in range(len(spans)):
        span, row = spans[k], found[k]
        for b in range(len(one)):
            row[b] += np.int32(abs(one[b] - other[b]) <= span)


@part
def _pair(x: Floats, y: Floats, i: int, j: int, squares: Floats) -> int:
    """The band of distance a pair lies in, or how many there are if it lies beyond."""
    along, up = x[i] - x[j], y[i] - y[j]
    square = along * along + up * up
    band = 0
    while band < len(squares) and square > squares[band]:
        band += 1
    return band


@kernel
def close(
    x: Floats, y: Floats, row: Ints, reach: float, squares: Floats, times: Seconds, spans: Seconds
) -> tuple[Ints, Seconds]:
    """Pairs in each band of distance, and of them those within each span, for each order of the times.

    Points come by row, a strip as high as the reach, and by x within it. `times[i]` are those of point i in each order.
    """
    pairs = np.zeros(len(squares), dtype=np.int64)
    found = np.zeros((len(squares), len(spans), times.shape[1]), dtype=np.int32)
    above = 0
    for i in range(len(x)):
        while above < len(x) and (row[above] <= row[i] or (row[above] == row[i] + 1 and x[above] < x[i] - reach)):
            above += 1
        for strip in range(2):
            j = i + 1 if strip == 0 else above
            while j < len(x) and row[j] == row[i] + strip and x[j] - x[i] <= reach:
                band = _pair(x, y, i, j, squares)
                if band < len(squares):
                    pairs[band] += 1
                    _count(times[i], times[j], spans, found[band])
                j += 1
    return pairs, found


def warm() -> None:
    """Compile what is here."""
    one, times = np.ones(2), np.zeros((2, 2), dtype=np.int32)
    close(one, one, np.zeros(2, dtype=np.int64), 1.0, one[:1], times, times[0, :1])
