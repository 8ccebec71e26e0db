"""What chance would make of a place's neighbours: conditional permutations, all grids with as many neighbours at once.

A grid keeps its value; its neighbours get values drawn from all others without replacement. What is drawn for one grid
serves for every other with as many neighbours, but where it drew the grid itself: the draw has one value more, which
takes that one's place. So all grids with k neighbours share the sums of the first k values of each draw, which are
sorted once; only the few grids that were drawn are looked at draw by draw. 99,999 draws cost what 999 cost elsewhere.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from gridmap.analytics.significance import Alternative, check_alternative

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Values drawn at a time: what is worked on stays near the processor.
BLOCK: Final = 1 << 20
# Sums that differ by rounding alone are equal.
ROUNDING: Final = 1e-11


def drawn(random: np.random.Generator, times: int, size: int, among: int) -> Ints:
    """So many draws of `size` different numbers below `among`, each sequence as likely as any other.

    Parameters
    ----------
    random : numpy.random.Generator
        What is drawn from: nothing else is.
    times, size, among : int
        How many draws, how many numbers in each, and of how many; `size` at most `among`.

    Returns
    -------
    ndarray of int64, shape (times, size)
        No number twice in a row.

    Notes
    -----
    Numbers that come twice in a draw are drawn again until none does. That treats all numbers alike, and whatever
    treats all alike and ends in different numbers makes every sequence of them equally likely.

    Examples
    --------
    >>> rows = drawn(np.random.default_rng(1), 1000, 5, 7)
    >>> all(len(set(row)) == 5 for row in rows.tolist()), rows.min().item(), rows.max().item()
    (True, 0, 6)
    """
    if 4 * size > among:
        return random.permuted(np.tile(np.arange(among), (times, 1)), axis=1)[:, :size]
    rows = random.integers(0, among, (times, size))
    doubtful = np.arange(times)
    while len(doubtful):
        part = rows[doubtful]
        order = np.argsort(part, axis=1, kind="stable")
        ranked = np.take_along_axis(part, order, axis=1)
        again = np.zeros(part.shape, dtype=bool)
        np.put_along_axis(again, order[:, 1:], ranked[:, 1:] == ranked[:, :-1], axis=1)
        part[again] = random.integers(0, among, int(again.sum()))
        rows[doubtful] = part
        doubtful = doubtful[again.any(axis=1)]
    return rows


def extremes(values: Floats, matrix: sparse.csr_array, times: int, random: np.random.Generator) -> tuple[Ints, Ints]:
    """How many draws give each grid neighbours that add up to as much or more, and to as little or less.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Of the grids.
    matrix : scipy.sparse.csr_array, shape (n, n)
        What j counts for i, nothing on the diagonal.
    times : int
        Draws.
    random : numpy.random.Generator
        What is drawn from.

    Returns
    -------
    more, less : ndarray of int64, shape (n,)
        0 to `times`; a tie counts for both.

    Examples
    --------
    >>> line = sparse.csr_array([[0.0, 1, 0], [1, 0, 1], [0, 1, 0]])
    >>> more, less = extremes(np.array([1.0, 2, 3]), line, 1000, np.random.default_rng(1))
    >>> more[1].item(), less[1].item(), bool(400 < less[0] < 600)
    (1000, 1000, True)
    """
    counts = np.diff(matrix.indptr).astype(np.int64)
    rows = np.repeat(np.arange(len(values)), counts)
    first = matrix.data[np.minimum(matrix.indptr[:-1], max(matrix.nnz - 1, 0))] if matrix.nnz else np.ones(len(values))
    uneven = np.zeros(len(values), dtype=bool)
    uneven[rows[np.abs(matrix.data - first[rows]) > ROUNDING * np.abs(first[rows])]] = True
    more, less = np.zeros((2, len(values)), dtype=np.int64)
    size = min(int(counts.max(initial=0)) + 1, len(values))
    left = times
    while left:
        block = min(left, max(BLOCK // size, 1))
        table = drawn(random, block, size, len(values))
        for part in (_even(values, matrix, counts, ~uneven, table), _uneven(values, matrix, uneven, table)):
            more += part[0]
            less += part[1]
        left -= block
    return more, less


def p_by_draws(more: Ints, less: Ints, times: int, alternative: Alternative) -> Floats:
    r"""Pseudo-probabilities: :math:`(1 + \text{as extreme})/(1 + \text{draws})`, doubled for two sides.

    Parameters
    ----------
    more, less : ndarray of int64, shape (n,)
        As `extremes` gives them.
    times : int
        Draws.
    alternative : {"two-sided", "greater", "less"}
        What counts as extreme.

    Returns
    -------
    ndarray of float64, shape (n,)
        Never 0: the smallest of two sides is 2 / (1 + draws).

    References
    ----------
    Phipson, B. and Smyth, G. K. (2010). Permutation p-values should never be zero. SAGMB 9, 39.

    Examples
    --------
    >>> p_by_draws(np.array([0, 500]), np.array([999, 600]), 999, "two-sided").tolist()
    [0.002, 1.0]
    """
    check_alternative(alternative)
    greater, smaller = (1 + more) / (1 + times), (1 + less) / (1 + times)
    if alternative == "two-sided":
        return np.asarray(np.minimum(1.0, 2 * np.minimum(greater, smaller)), dtype=np.float64)
    return np.asarray(greater if alternative == "greater" else smaller, dtype=np.float64)


def _even(
    values: Floats, matrix: sparse.csr_array, counts: Ints, among: NDArray[np.bool_], table: Ints
) -> tuple[Ints, Ints]:
    """Grids whose neighbours count alike: their sums are a factor times those of the values drawn first."""
    sums = np.zeros((len(table), table.shape[1] + 1))
    np.cumsum(values[table], axis=1, out=sums[:, 1:])
    binary = sparse.csr_array((np.ones(matrix.nnz), matrix.indices, matrix.indptr), matrix.shape)
    slack = ROUNDING * float(np.abs(values).max(initial=0.0)) * table.shape[1]
    seen = np.asarray(binary @ values, dtype=np.float64)
    low, high = seen - slack, seen + slack
    more, less = np.zeros((2, len(values)), dtype=np.int64)
    for count in np.unique(counts[among]):
        of = np.flatnonzero(among & (counts == count))
        column = np.sort(sums[:, count])
        more[of] = len(table) - np.searchsorted(column, low[of], side="left")
        less[of] = np.searchsorted(column, high[of], side="right")
    # Where a grid was drawn for itself, the value drawn next takes its place.
    draw, place = np.nonzero(among[table] & (np.arange(table.shape[1]) < counts[table]))
    grid = table[draw, place]
    was, now = sums[draw, counts[grid]], sums[draw, counts[grid] + 1] - values[grid]
    np.add.at(more, grid, (now >= low[grid]).astype(np.int64) - (was >= low[grid]))
    np.add.at(less, grid, (now <= high[grid]).astype(np.int64) - (was <= high[grid]))
    return more, less


def _uneven(values: Floats, matrix: sparse.csr_array, among: NDArray[np.bool_], table: Ints) -> tuple[Ints, Ints]:
    """Grids whose neighbours count differently, one by one."""
    more, less = np.zeros((2, len(values)), dtype=np.int64)
    picked, seen = values[table], np.asarray(matrix @ values, dtype=np.float64)
    for grid in np.flatnonzero(among):
        factors = matrix.data[matrix.indptr[grid] : matrix.indptr[grid + 1]]
        sums = picked[:, : len(factors)] @ factors
        draw, place = np.nonzero(table[:, : len(factors)] == grid)
        sums[draw] += factors[place] * (picked[draw, len(factors)] - values[grid])
        slack = ROUNDING * np.abs(factors).sum() * np.abs(values).max()
        more[grid], less[grid] = (sums >= seen[grid] - slack).sum(), (sums <= seen[grid] + slack).sum()
    return more, less
