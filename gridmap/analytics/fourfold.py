"""Fourfold tables (here or elsewhere, before or after), exactly, many at once, of what comes singly or in clumps.

Of what came in a grid in both periods, so many came after. Each table is looked at with its margins given: what could
have been is then one number from `least` to `most`, and the numbers of all tables stand in one flat array.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Ratios are looked for between exp(-30) and exp(30), until the tail holds what it should to eight digits.
WIDEST, ROUNDS, EXACT = 30.0, 60, 1e-8
ROUNDING: Final = 1e-9


@dataclass(frozen=True, eq=False)
class Fourfold:
    r"""Tables of `after` of `both` in a grid, of `all_after` of `all_both` with the others; without others, None.

    Counts that come singly are binomial of odds `odds`, or with others hypergeometric. Those that come in clumps, with
    a variance of `dispersion` times the mean, are gamma-mixed (negative binomial, variance in proportion to the mean):
    each number k weighs :math:`\Gamma(k + a)/k!`, with a the mean divided by dispersion less 1. A ratio of 1 is no
    change beyond the odds.
    """

    after: Ints
    both: Ints
    odds: Floats
    all_after: Ints | None = None
    all_both: Ints | None = None
    dispersion: float = 1.0

    @cached_property
    def least(self) -> Ints:
        """The fewest that could have come after."""
        if self.all_after is None or self.all_both is None:
            return np.zeros_like(self.both)
        return np.maximum(self.all_after - (self.all_both - self.both), 0)

    @cached_property
    def most(self) -> Ints:
        """The most that could have come after."""
        return self.both if self.all_after is None else np.minimum(self.both, self.all_after)

    @cached_property
    def p(self) -> Floats:
        """Twice the smaller tail, at most 1: how often chance alone is as far off, to either side."""
        more, less = self._tails(np.zeros(len(self.both)))
        return np.asarray(np.minimum(1.0, 2 * np.minimum(more, less)), dtype=np.float64)

    def interval(self, confidence: float) -> tuple[Floats, Floats]:
        """Ratios that the counts do not rule out: each tail holds half of what is left; 0 and inf at the ends."""
        half = (1 - confidence) / 2
        low, high = self._solved(0, half), self._solved(1, half)
        return np.where(self.after > self.least, low, 0.0), np.where(self.after < self.most, high, np.inf)

    def _solved(self, side: int, tail: float) -> Floats:
        """The ratio at which a tail holds so much: by false position, Illinois' way (Dowell and Jarratt 1971)."""
        low, high = self._around(side, tail)
        below, above = self._short(low, side, tail), self._short(high, side, tail)
        found, last = np.where(above <= EXACT, high, low), np.zeros(len(low), dtype=np.int64)
        for _ in range(ROUNDS):
            open_yet = (below < -EXACT) & (above > EXACT)
            if not open_yet.any():
                break
            wide = np.where(open_yet, above - below, 1.0)
            found = np.where(open_yet, (low * above - high * below) / wide, found)
            short = self._short(found, side, tail)
            up, down = open_yet & (short < 0), open_yet & (short >= 0)
            # An end that stays twice counts half, so that the other does not creep.
            above, below = np.where(up & (last > 0), above / 2, above), np.where(down & (last < 0), below / 2, below)
            low, below = np.where(up, found, low), np.where(up, short, below)
            high, above = np.where(down, found, high), np.where(down, short, above)
            last = np.where(up, 1, np.where(down, -1, last))
        return np.asarray(np.exp(found), dtype=np.float64)

    def _around(self, side: int, tail: float) -> tuple[Floats, Floats]:
        """Logarithms of ratios between which the one that is looked for lies, or the widest that are looked at."""
        before = self.both - self.after + 0.5
        middle = np.log((self.after + 0.5) / before / self.odds)
        step = 2 * np.sqrt(self.dispersion * (1 / (self.after + 0.5) + 1 / before))
        low, high = middle - step, middle + step
        for _ in range(ROUNDS):
            too_high, too_low = self._short(low, side, tail) > 0, self._short(high, side, tail) < 0
            if not (too_high | too_low).any():
                break
            step = 2 * step
            low, high = np.where(too_high, low - step, low), np.where(too_low, high + step, high)
            low, high = np.maximum(low, -WIDEST), np.minimum(high, WIDEST)
        return low, high

    def _short(self, log_ratio: Floats, side: int, tail: float) -> Floats:
        """By how much a tail holds too little (below 0) or too much; of the lower tail, which falls, the other way.

        Tables with one possible number are at rest: their tails hold all, whatever the ratio.
        """
        still = (self.after == self.least) if side == 0 else (self.after == self.most)
        held = np.log(np.maximum(self._tails(log_ratio)[side], 1e-300) / tail)
        return np.where(still, 0.0, held if side == 0 else -held)

    def _tails(self, log_ratio: Floats) -> tuple[Floats, Floats]:
        """How likely as many or more came after, and as many or fewer."""
        weight = self._fixed + self._moving(log_ratio)
        starts = self._starts
        share = np.exp(weight - np.maximum.reduceat(weight, starts)[self._row])
        total = np.add.reduceat(share, starts)
        more, less = (np.add.reduceat(np.where(side, share, 0.0), starts) / total for side in self._sides)
        return more, less

    # ------------------------------------------------------------ the flat array

    @cached_property
    def _row(self) -> Ints:
        return np.repeat(np.arange(len(self.both)), self.most - self.least + 1)

    @cached_property
    def _starts(self) -> Ints:
        lengths = self.most - self.least + 1
        return np.asarray(np.cumsum(lengths) - lengths, dtype=np.int64)

    @cached_property
    def _k(self) -> Ints:
        return np.arange(len(self._row)) - self._starts[self._row] + self.least[self._row]

    @cached_property
    def _sides(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        seen = self.after[self._row]
        return self._k >= seen, self._k <= seen

    @cached_property
    def _fixed(self) -> Floats:
        """What weighs alike whatever the ratio is."""
        k, row = self._k, self._row
        weight = -gammaln(k + 1.0) - gammaln(self.both[row] - k + 1.0)
        if self.all_after is None or self.all_both is None:
            return np.asarray(weight, dtype=np.float64)
        after = self.all_after[row] - k
        before = self.all_both[row] - self.both[row] - after
        weight = weight - gammaln(after + 1.0) - gammaln(before + 1.0)
        if self.dispersion > 1 + ROUNDING:
            size = np.maximum(self.all_both - self.both, 1) / (self.dispersion - 1)
            share = self.odds / (1 + self.odds)
            weight = weight + gammaln(after + (size * share)[row]) + gammaln(before + (size * (1 - share))[row])
        return np.asarray(weight, dtype=np.float64)

    def _moving(self, log_ratio: Floats) -> Floats:
        """What weighs by the ratio."""
        k, row = self._k, self._row
        if self.dispersion <= 1 + ROUNDING:
            # With others, their odds are in the margins already.
            tilt = log_ratio if self.all_after is not None else log_ratio + np.log(self.odds)
            return np.asarray(k * tilt[row], dtype=np.float64)
        turned = self.odds * np.exp(log_ratio)
        size = np.maximum(self.both, 1) / (self.dispersion - 1)
        after, before = (size * turned / (1 + turned))[row], (size / (1 + turned))[row]
        return np.asarray(gammaln(k + after) + gammaln(self.both[row] - k + before), dtype=np.float64)
