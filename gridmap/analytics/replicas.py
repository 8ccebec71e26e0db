"""What chance makes of a scan: replicas of what was counted, and the largest likelihood ratio of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from gridmap.analytics.kernels import scanning
from gridmap.analytics.windows import ROUNDING, Circles, Spans
from gridmap.errors import InputError

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Number = TypeVar("Number", np.int64, np.float64)
# So many replicas of places and periods, as `kernels.scanning.maxima` takes them.
Draw = Callable[[int], NDArray[np.float32]]
# Replicas that are looked at together: enough to keep the wide registers of a processor busy.
LANES: Final = 64
# Numbers that are held for them at a time, of places and steps.
HELD: Final = 1 << 25
# Above this, numbers of single precision are whole no more.
MOST_CASES: Final = (1 << 24) - 1


@dataclass(frozen=True, eq=False)
class Window:
    """A circle or cylinder by its place in the circles and spans, and its log likelihood ratio."""

    centre: int
    member: int
    span: int
    llr: float


@dataclass(frozen=True, eq=False)
class Trial:
    """What is scanned: windows, and what was counted and expected in each grid up to each step of time."""

    circles: Circles
    spans: Spans
    counts: Longs
    expected: Floats
    total: int
    draw: Draw

    @classmethod
    def of(cls, circles: Circles, spans: Spans, counted: Longs, expected: Floats, draw: Draw) -> Trial:
        """Of counts and expectations by grid and period; the expected add up to the cases."""
        total = int(counted.sum())
        if total > MOST_CASES:
            raise InputError(f"{total} cases are too many for one scan: take at most {MOST_CASES}, as of fewer days")
        kept = slice(spans.skipped, None)
        return cls(circles, spans, _ahead(counted[:, kept]), _ahead(expected[:, kept]), total, draw)

    def grids(self, window: Window) -> NDArray[np.int32]:
        """What the circle of a window holds, the nearest first."""
        return self.circles.members[self.circles.first[window.centre] : window.member + 1]

    def within(self, window: Window) -> tuple[Longs, Floats]:
        """How many were counted in each grid of a window, and how many were expected."""
        start, stop = self.spans.starts[window.span], self.spans.stops[window.span]
        held = self.grids(window)
        return (self.counts[held, stop] - self.counts[held, start],
                self.expected[held, stop] - self.expected[held, start])  # fmt: skip


def _ahead(values: NDArray[Number]) -> NDArray[Number]:
    """Sums up to each step, from nothing."""
    sums = np.zeros((values.shape[0], values.shape[1] + 1), values.dtype)
    np.cumsum(values, axis=1, out=sums[:, 1:])
    return sums


def _logarithms(total: int) -> Floats:
    """Of k to the power of k, for all whole numbers up to a total."""
    whole = np.arange(total + 1, dtype=np.float64)
    return np.asarray(xlogy(whole, whole), dtype=np.float64)


def by_expectation(expected: Floats, total: int, skipped: int, random: np.random.Generator) -> Draw:
    """All cases fall anew, where and when as much as is expected: multinomial, as their total is given.

    Parameters
    ----------
    expected : ndarray of float64, shape (n, t)
        By grid and period; they add up to the cases.
    total : int
        How many cases.
    skipped : int
        Periods before the first that is kept.
    random : numpy.random.Generator
        What is drawn from.

    Returns
    -------
    callable
        Of how many replicas; gives an ndarray of float32, shape (n, t - skipped + 1, replicas): in each grid up to each
        step of time, the first of which is before all periods that are kept.

    Examples
    --------
    >>> draw = by_expectation(np.array([[2.0, 2.0], [0.0, 4.0]]), 8, 0, np.random.default_rng(1))
    >>> found = draw(5)
    >>> found.shape, found[:, -1].sum(axis=0).tolist(), found[1, 1].tolist()
    ((2, 3, 5), [8.0, 8.0, 8.0, 8.0, 8.0], [0.0, 0.0, 0.0, 0.0, 0.0])
    """
    kept = expected[:, skipped:]
    chances = np.append(kept.ravel(), float(expected[:, :skipped].sum())) / max(total, 1)
    held = np.flatnonzero(chances > 0)
    shares = chances[held] / chances[held].sum()

    def draw(times: int) -> NDArray[np.float32]:
        fallen = np.zeros((times, len(chances)), np.int64)
        fallen[:, held] = random.multinomial(total, shares, size=times)
        counts = np.zeros((len(kept), kept.shape[1] + 1, times), np.float32)
        np.cumsum(fallen[:, :-1].reshape(times, *kept.shape).transpose(1, 2, 0), axis=1, out=counts[:, 1:])
        return counts

    return draw


def by_permutation(counted: Longs, kinds: Longs, skipped: int, random: np.random.Generator) -> Draw:
    """The cases keep their grids and change their periods among one another, within periods of a kind.

    Parameters
    ----------
    counted : ndarray of int64, shape (n, t)
        By grid and period.
    kinds : ndarray of int64, shape (t,)
        Of the periods, by number from 0.
    skipped : int
        Periods before the first that is kept.
    random : numpy.random.Generator
        What is drawn from.

    Returns
    -------
    callable
        As `by_expectation` gives it.

    Examples
    --------
    >>> draw = by_permutation(np.array([[3, 0], [1, 2]]), np.zeros(2, np.int64), 0, np.random.default_rng(1))
    >>> found = draw(4)
    >>> found[:, -1].T.tolist(), found[:, 1].sum(axis=0).tolist()
    ([[3.0, 3.0], [3.0, 3.0], [3.0, 3.0], [3.0, 3.0]], [4.0, 4.0, 4.0, 4.0])
    """
    order = np.argsort(kinds, kind="stable")
    column, place = (axis.repeat(counted[:, order].T.ravel()) for axis in np.nonzero(np.ones_like(counted.T)))
    bounds = np.searchsorted(kinds[order][column], np.arange(int(kinds.max(initial=0)) + 2))
    places, periods = place.astype(np.int32), order[column] - skipped

    def draw(times: int) -> NDArray[np.float32]:
        rows = np.tile(periods, (times, 1))
        for start, stop in pairwise(bounds.tolist()):
            rows[:, start:stop] = random.permuted(rows[:, start:stop], axis=1)
        counts = np.zeros((len(counted), counted.shape[1] - skipped + 1, times), np.float32)
        scanning.placed(places, rows, counts)
        return counts

    return draw


def maxima(trial: Trial, sides: Sequence[int], least: int, replicas: int) -> Floats:
    """The largest log likelihood ratio of each replica, in order; `sides` are 1 for more than expected, -1 for less."""
    table, circles, found = _logarithms(trial.total), trial.circles, np.zeros(replicas)
    lanes = max(min(LANES, HELD // trial.counts.size), 1)
    for start in range(0, replicas if trial.total else 0, lanes):
        part = found[start : start + lanes]
        counts = trial.draw(len(part))
        for side in sides:
            scanning.maxima(circles.first, circles.members, circles.closes, trial.expected, counts, trial.spans.starts,
                            trial.spans.stops, table, side, least, part)  # fmt: skip
    return np.sort(found)


def likeliest(trial: Trial, sides: Sequence[int], least: int, barred: NDArray[np.bool_]) -> Window | None:
    """The window with the largest ratio among those that hold no barred grid."""
    table, circles, best = _logarithms(trial.total), trial.circles, None
    for side in sides:
        llr, centre, member, span = scanning.likeliest(
            circles.first, circles.members, circles.closes, circles.radii, trial.expected, trial.counts,
            trial.spans.starts, trial.spans.stops, table, side, least, barred,
        )  # fmt: skip
        if member >= 0 and (best is None or llr > best.llr):
            best = Window(centre, member, span, llr)
    return best


def p_of(llr: float, maxima_: Floats) -> tuple[float, float]:
    """How often chance makes as much: counted, and by Gumbel's distribution with the mean and spread of theirs."""
    counted = (1 + int((maxima_ >= llr - scanning.TIE).sum())) / (1 + len(maxima_))
    spread = float(maxima_.std(ddof=1)) * np.sqrt(6) / np.pi if len(maxima_) > 1 else 0.0
    if spread <= ROUNDING:
        return counted, np.nan
    return counted, float(-np.expm1(-np.exp(-((llr - maxima_.mean()) / spread + np.euler_gamma))))
