"""How sure: probabilities, corrected for how many were asked at once, and classes of certainty."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from gridmap.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Alternative = Literal["two-sided", "greater", "less"]
ALTERNATIVES: Final = ("two-sided", "greater", "less")
# What share of the grids that are called hot or cold may be so by chance: classes 1, 2 and 3.
LEVELS: Final = (0.10, 0.05, 0.01)


def p_of(z: ArrayLike, alternative: Alternative = "two-sided") -> Floats:
    r"""How often a standard normal score is as extreme by chance.

    :math:`2\,\Phi(-|z|)`, or :math:`\Phi(-z)` (greater) and :math:`\Phi(z)` (less).

    Parameters
    ----------
    z : array_like, shape (n,)
        Scores; NaN stays NaN.
    alternative : {"two-sided", "greater", "less"}
        What counts as extreme.

    Returns
    -------
    ndarray of float64, shape (n,)
        Probabilities.

    Raises
    ------
    InputError
        If the alternative is none of the three.

    Examples
    --------
    >>> p_of([1.96, -1.96]).round(3).tolist(), p_of([1.645], "greater").round(3).tolist()
    ([0.05, 0.05], [0.05])
    """
    check_alternative(alternative)
    scores = np.asarray(z, dtype=np.float64)
    if alternative == "two-sided":
        return np.asarray(2 * ndtr(-np.abs(scores)), dtype=np.float64)
    return np.asarray(ndtr(-scores if alternative == "greater" else scores), dtype=np.float64)


def check_alternative(alternative: str) -> None:
    """Refuse what is no alternative."""
    if alternative not in ALTERNATIVES:
        raise InputError(f"alternative {alternative!r}: choose one of {', '.join(ALTERNATIVES)}")


def adjusted(p: ArrayLike) -> Floats:
    r"""Probabilities corrected for how many there are (Benjamini-Hochberg).

    With the :math:`m` known ones in order, :math:`q_{(i)} = \min_{j \ge i} \min(1, m\,p_{(j)}/j)`. Among those with
    :math:`q \le \alpha`, the share of false ones is at most :math:`\alpha` on average; where nothing is there at all,
    any is found with a chance of at most :math:`\alpha`.

    Parameters
    ----------
    p : array_like, shape (n,)
        Probabilities; NaN is not counted and stays NaN.

    Returns
    -------
    ndarray of float64, shape (n,)
        0 to 1.

    References
    ----------
    Benjamini, Y. and Hochberg, Y. (1995). Controlling the false discovery rate. JRSS B 57, 289-300.

    Examples
    --------
    >>> adjusted([0.01, 0.04, 0.03, 0.005]).round(3).tolist()
    [0.02, 0.04, 0.04, 0.02]
    """
    given = np.asarray(p, dtype=np.float64)
    known = np.flatnonzero(~np.isnan(given))
    order = known[np.argsort(given[known], kind="stable")]
    scaled = given[order] * len(order) / np.arange(1, len(order) + 1)
    q = np.full(given.shape, np.nan)
    q[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return q


def found_at(p: ArrayLike, level: float) -> NDArray[np.bool_]:
    """Which are found, if so many of those found may be chance: `adjusted(p) <= level`, without ordering the others.

    Parameters
    ----------
    p : array_like, shape (n,)
        Probabilities, not corrected; NaN is never found.
    level : float
        The share of those found that may be false, on average (Benjamini-Hochberg).

    Returns
    -------
    ndarray of bool, shape (n,)
        Whether each is found.

    Examples
    --------
    >>> found_at([0.01, 0.04, 0.03, 0.005, np.nan], 0.03).tolist()
    [True, False, False, True, False]
    """
    return np.asarray(_among_sure(np.asarray(p, dtype=np.float64), level) <= level, dtype=np.bool_)


def _among_sure(p: Floats, level: float) -> Floats:
    """The corrected probabilities of those that can be at or below a level; above 1 for all others.

    What is corrected is never less than it was, and only smaller ones count for its rank: the rest needs no order.
    """
    sure = np.flatnonzero(p <= level)
    order = sure[np.argsort(p[sure], kind="stable")]
    scaled = p[order] * np.count_nonzero(p == p) / np.arange(1, len(order) + 1)
    q = np.full(p.shape, 2.0)
    q[order] = np.minimum.accumulate(scaled[::-1])[::-1]
    return q


def classes(p: ArrayLike, side: ArrayLike) -> Ints:
    """Classes of certainty: 1, 2, 3 for 90, 95 and 99 %, with the sign of the side; 0 for what may be chance.

    Parameters
    ----------
    p : array_like, shape (n,)
        Probabilities, not corrected: `adjusted` is applied here. NaN is class 0.
    side : array_like, shape (n,)
        Above 0 for hot, below 0 for cold; 0 is class 0.

    Returns
    -------
    ndarray of int64, shape (n,)
        -3 to 3: what the trade calls `Gi_Bin`.

    Examples
    --------
    >>> classes([0.001, 0.001, 0.02, 0.5], [1, -1, 1, 1]).tolist()
    [3, -3, 2, 0]
    """
    q = _among_sure(np.asarray(p, dtype=np.float64), max(LEVELS))
    found = sum((q <= level).astype(np.int64) for level in LEVELS)
    return np.asarray(found * np.sign(np.nan_to_num(np.asarray(side, dtype=np.float64))), dtype=np.int64)
