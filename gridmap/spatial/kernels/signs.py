"""On which side of a line a point lies, exactly, for every double that is not wild.

Shewchuk, "Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric Predicates", 1997.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridmap.compiling import part

Floats = NDArray[np.float64]
Pair = tuple[float, float]

WILD = 2.0**-440
ORIENT_ERROR = 3.3306690738754716e-16


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
def turn_of(ax: float, ay: float, bx: float, by: float, x: float, y: float) -> tuple[float, float]:
    """Twice the area of a, b, (x, y), positive on the left, and how wrong its sign may be (Shewchuk 1997)."""
    left = (bx - ax) * (y - ay)
    right = (x - ax) * (by - ay)
    return left - right, ORIENT_ERROR * (abs(left) + abs(right))


@part
def orient(ax: float, ay: float, bx: float, by: float, x: float, y: float) -> int:
    """1 if (x, y) lies left of a -> b, -1 right, 0 on the line."""
    turn, error = turn_of(ax, ay, bx, by, x, y)
    if turn > error:
        return 1
    if turn < -error:
        return -1
    return _orient_exactly(ax, ay, bx, by, x, y)


@part
def is_right(ax: float, ay: float, bx: float, by: float, x: float, y: float) -> bool:
    """(x, y), a hair to the right and half a hair up, lies right of a -> b (below it, if it is level)."""
    sign = orient(ax, ay, bx, by, x, y)
    return sign < 0 or (sign == 0 and ay < by)
