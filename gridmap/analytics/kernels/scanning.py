"""Scanning: every circle and span of periods, with what lies inside summed up from one circle to the next."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gridmap.compiling import kernel, part

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Longs = NDArray[np.int64]
Ints = NDArray[np.int32]
Flags = NDArray[np.bool_]

# Log likelihood ratios that differ by less differ by rounding alone.
TIE: Final = 1e-8
# The quick bound is of single precision: what it rounds away is far less.
SLACK: Final = 0.999


@part
def promising(sums: Singles, start: int, stop: int, mean: float, total: int, side: int, bars: Singles) -> int:
    """In how many replicas a window may be the likeliest so far.

    As log(1 + x) <= x (6 + x) / (6 + 4 x), no ratio is above (c - e)^2 ((c + 2 e) / (e (2 e + 4 c)) + h / (C - e)) with
    h = 1 for more cases than expected, and 1/2 for fewer. Of windows as they come, one in 50,000 has more by this bound
    than the largest ratio so far. There is no logarithm or division in it, so replicas are asked side by side at once.
    """
    rest = mean / (total - mean) * (1.0 if side > 0 else 0.5)
    slope, offset = np.float32((0.25 + rest) / mean), np.float32((1.0 + rest) / 2.0)
    middle, half, sign = np.float32(mean), np.float32(mean / 2.0), np.float32(side)
    count = 0
    for replica in range(len(bars)):
        inside = sums[stop, replica] - sums[start, replica]
        gap = inside - middle
        count += sign * gap * abs(gap) * (inside * slope + offset) > bars[replica] * (inside + half)
    return count


@part
def raise_to(
    sums: Singles, start: int, stop: int, mean: float, total: int, table: Floats, side: int, least: int, found: Floats,
    bars: Singles,
) -> None:  # fmt: skip
    """Take the ratios of a window into account."""
    within, without = np.log(mean), np.log(total - mean)
    for replica in range(len(bars)):
        inside = int(sums[stop, replica] - sums[start, replica])
        if (inside - mean) * side > 0.0 and (side < 0 or inside >= least):
            ratio = table[inside] - inside * within + table[total - inside] - (total - inside) * without
            if ratio > found[replica]:
                found[replica] = ratio
                bars[replica] = ratio * SLACK


@kernel
def maxima(
    first: Longs, members: Ints, closes: Flags, expected: Floats, counts: Singles, starts: Longs, stops: Longs,
    table: Floats, side: int, least: int, found: Floats,
) -> None:  # fmt: skip
    """Raise `found` to the largest ratio of each replica; `counts[place, step, replica]` are sums over the steps."""
    steps, replicas, total = counts.shape[1], counts.shape[2], len(table) - 1
    sums, means = np.empty((steps, replicas), np.float32), np.empty(steps)
    bars = (found * SLACK).astype(np.float32)
    for centre in range(len(first) - 1):
        sums[:] = 0.0
        means[:] = 0.0
        for at in range(first[centre], first[centre + 1]):
            for step in range(1, steps):
                means[step] += expected[members[at], step]
                for replica in range(replicas):
                    sums[step, replica] += counts[members[at], step, replica]
            if not closes[at]:
                continue
            for span in range(len(starts)):
                start, stop = starts[span], stops[span]
                mean = means[stop] - means[start]
                if 0.0 < mean < total and promising(sums, start, stop, mean, total, side, bars):
                    raise_to(sums, start, stop, mean, total, table, side, least, found, bars)


@kernel
def likeliest(
    first: Longs, members: Ints, closes: Flags, radii: Floats, expected: Floats, counts: Longs, starts: Longs,
    stops: Longs, table: Floats, side: int, least: int, barred: Flags,
) -> tuple[float, int, int, int]:  # fmt: skip
    """The largest ratio, and its centre, last member and span; of equal ones those of the smallest circle.

    No circle holds a place that is barred; without any window the ratio is 0.
    """
    steps, total = counts.shape[1], len(table) - 1
    best, of_centre, of_member, of_span = 0.0, -1, -1, -1
    sums, means = np.empty(steps, np.int64), np.empty(steps)
    for centre in range(len(first) - 1):
        sums[:] = 0
        means[:] = 0.0
        for at in range(first[centre], first[centre + 1]):
            place = members[at]
            if barred[place]:
                break
            for step in range(1, steps):
                means[step] += expected[place, step]
                sums[step] += counts[place, step]
            if not closes[at]:
                continue
            for span in range(len(starts)):
                mean = means[stops[span]] - means[starts[span]]
                inside = sums[stops[span]] - sums[starts[span]]
                if mean <= 0.0 or mean >= total or (inside - mean) * side <= 0.0 or (side > 0 and inside < least):
                    continue
                outside, rest = total - inside, total - mean
                ratio = table[inside] - inside * np.log(mean) + table[outside] - outside * np.log(rest)
                if ratio > best + TIE or (of_member >= 0 and ratio > best - TIE and radii[at] < radii[of_member]):
                    best, of_centre, of_member, of_span = ratio, centre, at, span
    return best, of_centre, of_member, of_span


@kernel
def placed(places: Ints, periods: Longs, counts: Singles) -> None:
    """Count the cases of each replica by place and step, summed up over the steps; `periods[replica, case]`.

    Step 0 is before all periods; what is in a period before the first has a number below 0 and is not counted.
    """
    counts[:] = 0.0
    for replica in range(periods.shape[0]):
        for case in range(len(places)):
            if periods[replica, case] >= 0:
                counts[places[case], periods[replica, case] + 1, replica] += 1.0
    for place in range(counts.shape[0]):
        for step in range(2, counts.shape[1]):
            for replica in range(counts.shape[2]):
                counts[place, step, replica] += counts[place, step - 1, replica]


def warm() -> None:
    """Compile all of it."""
    first, members, closes = np.array([0, 1]), np.zeros(1, np.int32), np.ones(1, np.bool_)
    expected, starts, stops, table = np.array([[0.0, 1.0]]), np.array([0]), np.array([1]), np.zeros(3)
    counts = np.zeros((1, 2, 1), np.float32)
    placed(np.zeros(1, np.int32), np.zeros((1, 1), np.int64), counts)
    maxima(first, members, closes, expected, counts, starts, stops, table, 1, 2, np.zeros(1))
    likeliest(first, members, closes, np.zeros(1), expected, counts[:, :, 0].astype(np.int64), starts, stops, table, 1,
              2, np.zeros(1, np.bool_))  # fmt: skip
