"""Whether it helped: what was done in some grids, held against the others, and against what falls by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm
from scipy.stats import t as student

from gridmap.analytics.changes import CONFIDENCE, checked
from gridmap.analytics.fourfold import Fourfold
from gridmap.analytics.permutations import drawn, p_by_draws
from gridmap.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Sums = tuple[int, int, int, int]  # treated before and after, others before and after
DRAWS: Final = 9999
# Draws that are worked on at a time.
BLOCK: Final = 1 << 22
# What is to fall by itself by more than this was chosen because it was high.
BY_ITSELF: Final = 0.95
# Newton's steps; a fit of shares needs about six.
STEPS, EXACT = 100, 1e-10


@dataclass(frozen=True)
class Effect:
    """What was done against the others: counts, ratio of ratios with interval and p, and two second opinions.

    A `ratio` below 1 is less than the others' change makes one expect. `p` is exact, `placebo_p` by draws of which
    grids might have been treated. `regression` is what the treated would have come to by themselves, as grids that
    happened to be high before (1: nothing); `corrected` is the ratio without it. `controls` are the others by code.
    """

    treated_before: int
    treated_after: int
    others_before: int
    others_after: int
    ratio: float
    low: float
    high: float
    p: float
    placebo_p: float
    regression: float
    corrected: float
    corrected_low: float
    corrected_high: float
    controls: tuple[Any, ...]

    @property
    def chosen_high(self) -> bool:
        """Whether a fall by itself is to be expected: then believe `corrected`, or matched grids, not `ratio`."""
        return self.regression < BY_ITSELF


@dataclass(frozen=True, eq=False)
class Interrupted:
    """How many times as much came of the treated as of the others, from a moment on: ratio, interval, p.

    `dispersion` is the variance of the weeks against chance; `autocorrelation` that of a week's residual with the next:
    far above 0, the interval is too narrow. `weeks` has, by week, `treated`, `control`, `fitted` (the treated by the
    fit) and `without` (what the others make one expect, had nothing been done).
    """

    ratio: float
    low: float
    high: float
    p: float
    dispersion: float
    autocorrelation: float
    weeks: pd.DataFrame


def effect(
    before: pd.Series[Any],
    after: pd.Series[Any],
    treated: pd.Series[Any],
    *,
    random: np.random.Generator,
    dispersion: float = 1.0,
    matched: int = 0,
    draws: int = DRAWS,
    confidence: float = CONFIDENCE,
) -> Effect:
    r"""Whether what was done in some grids changed what was reported there (difference in differences, of logarithms).

    With T and C the sums of treated and other grids, the ratio is :math:`(T_1/T_0) / (C_1/C_0)`: how long the periods
    were cancels. Interval and p are those of the fourfold table given its margins (exact, as `changes`), and take all
    grids to change alike; the placebo's p does not: it is how often as many grids, chosen by lot, have a ratio as far
    from 1 (to the side that is rarer, doubled). Believe the larger.

    Grids that were chosen because they were high fall by themselves, and the others rise. With m and :math:`s^2` the
    mean and variance before of all grids, what a grid has in the long run is taken for
    :math:`k_i = w m + (1 - w) x_{0i}`, :math:`w = \min(1, \phi m/s^2)`, whose variance is :math:`(1 - w) \phi k_i`.
    With K and L its sums over treated and others, `regression` is :math:`(K/T_0)/(L/C_0)`, and `corrected` Hauer's
    :math:`(T_1/E)/(1 + v)` with :math:`E = K C_1/L` and v the variance of E by its square.

    Parameters
    ----------
    before, after : pandas.Series, n rows
        Whole numbers by grid, on the same index.
    treated : pandas.Series of bool, n rows
        Where it was done.
    random : numpy.random.Generator
        What is drawn from.
    dispersion : float
        Variance to mean, 1 or more (`changes.dispersion`).
    matched : int
        With how many of the others each treated grid is compared, those nearest to it before, none twice; 0 for all.
        Matched ones fall by themselves as much as it does.
    draws : int
        How often grids are chosen by lot; of matched ones, one within each match.
    confidence : float
        Of the intervals, two-sided.

    Returns
    -------
    Effect
        Ratios are inf, and intervals open, where nothing came before.

    Raises
    ------
    InputError
        If no grid is treated, too few are not, or the counts are none.

    References
    ----------
    Hauer, E. (1997). Observational Before-After Studies in Road Safety. Pergamon, 11. Fisher, R. A. (1935). The Design
    of Experiments, 21, for lots. Card, D. and Krueger, A. B. (1994). AER 84, 772-793, for differences.

    Examples
    --------
    >>> random = np.random.default_rng(1)
    >>> usual = pd.Series(20.0, index=[f"G{n}" for n in range(60)])
    >>> done = pd.Series(np.arange(60) < 12, index=usual.index)
    >>> before, after = (pd.Series(random.poisson(mean), usual.index) for mean in (usual, usual.where(~done, 12.0)))
    >>> found = effect(before, after, done, random=random)
    >>> round(found.ratio, 2), round(found.low, 2), round(found.high, 2), found.placebo_p < 0.01, found.chosen_high
    (0.62, 0.49, 0.78, True, False)
    """
    x, y, done = _given(before, after, treated, dispersion)
    pairs = _matches(x, done, matched)
    used = done if matched == 0 else np.isin(np.arange(len(x)), pairs)
    others = ~done if matched == 0 else used & ~done
    sums = (int(x[done].sum()), int(y[done].sum()), int(x[others].sum()), int(y[others].sum()))
    table = _table(sums, dispersion)
    low, high = table.interval(confidence)
    lots = _by_lot(x, y, done, pairs, draws, random)
    regression, corrected = _corrected(x, done, others, sums, dispersion, confidence)
    whole = (_ratio(*sums), float(low[0]), float(high[0]), float(table.p[0]), lots, regression)
    return Effect(*sums, *whole, *corrected, tuple(before.index[others]))


def interrupted(
    treated: pd.Series[Any], control: pd.Series[Any], at: Any, *, trend: bool = True, confidence: float = CONFIDENCE
) -> Interrupted:
    r"""Whether the treated left the others' way at a moment: an interrupted series of weeks, with a control.

    Of the :math:`n_t` reports of a week, those of the treated are binomial with
    :math:`\operatorname{logit} \pi_t = a + b t + d\,[t \ge \text{at}]`, so whatever the weeks did to both cancels:
    storms, holidays, seasons. The ratio is :math:`e^d`. Its interval is Student's with the variance that the weeks
    show (quasi-likelihood), though no less than that of reports that come singly.

    Parameters
    ----------
    treated, control : pandas.Series, t rows
        Counts by the moment at which each week begins, in order, on the same index.
    at : comparable with the index
        The first week after.
    trend : bool
        Whether the two may have drifted apart all along (b): safer, and it takes many weeks before. Without it, b is 0.
    confidence : float
        Of the interval, two-sided.

    Returns
    -------
    Interrupted
        With the fit by week.

    Raises
    ------
    InputError
        If there are fewer than three weeks (with a trend, four) before or two after, or nothing came of one in them.

    References
    ----------
    Wagner, A. K. et al. (2002). Segmented regression analysis of interrupted time series studies. J. Clin. Pharm. Ther.
    27, 299-309. Wedderburn, R. W. M. (1974). Quasi-likelihood functions. Biometrika 61, 439-447.

    Examples
    --------
    >>> random = np.random.default_rng(1)
    >>> weeks = pd.date_range("2026-03-02", periods=26, freq="7D", tz="UTC")
    >>> season = 1 + 0.3 * np.sin(np.arange(26))
    >>> there = pd.Series(random.poisson(40 * season * np.where(np.arange(26) < 13, 1, 0.5)), weeks)
    >>> elsewhere = pd.Series(random.poisson(200 * season), weeks)
    >>> found = interrupted(there, elsewhere, weeks[13])
    >>> round(found.ratio, 2), round(found.low, 2), round(found.high, 2)
    (0.54, 0.39, 0.75)
    """
    x, y = checked(treated, control, 1.0)
    late = np.asarray(treated.index >= at)
    _check_weeks(x, y, late, trend)
    steps = np.arange(len(x)) - (len(x) - 1) / 2
    columns = [np.ones(len(x)), late.astype(np.float64), *([steps / len(x)] if trend else [])]
    design = np.column_stack(columns)
    found, spread = _fitted(x, x + y, design)
    share = 1 / (1 + np.exp(-design @ found))
    with np.errstate(divide="ignore", invalid="ignore"):
        residual = np.nan_to_num((x - (x + y) * share) / np.sqrt((x + y) * share * (1 - share)))
    freedom = int((x + y > 0).sum()) - design.shape[1]
    clumps = max(float((residual**2).sum()) / freedom, 1.0)
    wide = float(np.sqrt(clumps * spread[1, 1]))
    reach = float(student.ppf((1 + confidence) / 2, freedom)) * wide
    level = float(found[1])
    weeks = pd.DataFrame({"treated": x, "control": y, "fitted": (x + y) * share,
                          "without": y * np.exp(design @ found - level * late)}, index=treated.index)  # fmt: skip
    return Interrupted(
        float(np.exp(level)), float(np.exp(level - reach)), float(np.exp(level + reach)),
        float(2 * student.sf(abs(level) / wide, freedom)), clumps, _with_the_next(residual), weeks,
    )  # fmt: skip


def _given(
    before: pd.Series[Any], after: pd.Series[Any], treated: pd.Series[Any], dispersion: float
) -> tuple[Ints, Ints, Flags]:
    x, y = checked(before, after, dispersion)
    if not treated.index.equals(before.index):
        raise InputError("it is said of other grids where it was done: reindex to those of the counts")
    done = treated.to_numpy(dtype=np.bool_)
    if not done.any() or done.all():
        raise InputError("an effect needs grids where it was done and others to hold them against")
    return x, y, done


def _matches(x: Ints, done: Flags, matched: int) -> Ints:
    """Each treated grid with so many of the others, the nearest before; the highest choose first."""
    if matched < 0 or matched * int(done.sum()) > int((~done).sum()):
        raise InputError(f"{int((~done).sum())} others are too few for {matched} to each of {int(done.sum())} grids")
    free = ~done
    rows = []
    for grid in np.flatnonzero(done)[np.argsort(-x[done], kind="stable")] if matched else ():
        left = np.flatnonzero(free)
        near = left[np.argsort(np.abs(x[left] - x[grid]), kind="stable")[:matched]]
        free[near] = False
        rows.append([grid, *near])
    return np.array(rows, dtype=np.int64).reshape(len(rows), matched + 1)


def _ratio(treated_before: int, treated_after: int, others_before: int, others_after: int) -> float:
    above, below = treated_after * others_before, treated_before * others_after
    if below == 0:
        return float("inf") if above else float("nan")
    return above / below


def _table(sums: Sums, dispersion: float) -> Fourfold:
    treated_before, treated_after, others_before, others_after = sums
    after, both = (np.array([part]) for part in (treated_after, treated_before + treated_after))
    all_after = after + others_after
    all_before = both - after + others_before
    odds = np.maximum(all_after, 0.5) / np.maximum(all_before, 0.5)
    return Fourfold(after, both, odds, all_after, all_after + all_before, dispersion)


def _by_lot(x: Ints, y: Ints, done: Flags, pairs: Ints, draws: int, random: np.random.Generator) -> float:
    """How often grids that are chosen by lot have a ratio as far from 1."""
    used = pairs.ravel() if len(pairs) else np.arange(len(x))
    of_all = x[used].sum(), y[used].sum()
    seen = _far(x[done].sum(), y[done].sum(), *of_all)
    more, less, left = 0, 0, draws
    while left:
        times = min(left, max(BLOCK // len(x), 1))
        if len(pairs):
            chosen = pairs[np.arange(len(pairs)), random.integers(0, pairs.shape[1], (times, len(pairs)))]
        else:
            chosen = drawn(random, times, int(done.sum()), len(x))
        lots = _far(x[chosen].sum(axis=1), y[chosen].sum(axis=1), *of_all)
        more += int((lots >= seen - EXACT).sum())
        less += int((lots <= seen + EXACT).sum())
        left -= times
    return float(p_by_draws(np.array([more]), np.array([less]), draws, "two-sided")[0])


def _far(before: Any, after: Any, all_before: int, all_after: int) -> Any:
    """The logarithm of the ratio of ratios, with a half in each cell so that there always is one."""
    others = np.log(all_after - after + 0.5) - np.log(all_before - before + 0.5)
    return np.log(after + 0.5) - np.log(before + 0.5) - others


def _corrected(
    x: Ints, done: Flags, others: Flags, sums: Sums, dispersion: float, confidence: float
) -> tuple[float, tuple[float, float, float]]:
    """What the treated would come to by themselves, and the ratio without it, with its interval."""
    treated_before, treated_after, others_before, others_after = sums
    variance = float(x.var(ddof=1))
    to_mean = min(1.0, dispersion * float(x.mean()) / variance) if variance > 0 else 1.0
    usual = to_mean * x.mean() + (1 - to_mean) * x
    here, there = float(usual[done].sum()), float(usual[others].sum())
    if min(treated_before, others_before, others_after) == 0:
        return 1.0, (float("nan"), 0.0, float("inf"))
    doubt = dispersion * ((1 - to_mean) * (1 / here + 1 / there) + 1 / others_after)
    ratio = treated_after * there / (here * others_after) / (1 + doubt)
    reach = float(norm.ppf((1 + confidence) / 2)) * np.sqrt(doubt + dispersion / max(treated_after, 0.5))
    regression = (here / treated_before) / (there / others_before)
    return regression, (ratio, float(ratio * np.exp(-reach)), float(ratio * np.exp(reach)))


# ---------------------------------------------------------------- weeks


def _check_weeks(x: Ints, y: Ints, late: Flags, trend: bool) -> None:
    least = 4 if trend else 3
    if int((~late).sum()) < least or int(late.sum()) < 2:
        raise InputError(f"{int((~late).sum())} weeks before and {int(late.sum())} after: at least {least} and 2")
    for side in (late, ~late):
        if x[side].sum() == 0 or y[side].sum() == 0:
            raise InputError("nothing came of one of the two before, or after: take more grids, or more weeks")


def _fitted(x: Ints, n: Ints, design: Floats) -> tuple[Floats, Floats]:
    """Logits of shares by Newton's steps, and the inverse of their information."""
    found = np.zeros(design.shape[1])
    found[0] = np.log(x.sum() / (n.sum() - x.sum()))
    for _ in range(STEPS):
        share = 1 / (1 + np.exp(-design @ found))
        information = design.T @ (design * (n * share * (1 - share))[:, None])
        inverse = np.asarray(np.linalg.inv(information), dtype=np.float64)
        step = inverse @ (design.T @ (x - n * share))
        found = found + np.clip(step, -1, 1)
        if np.abs(step).max() < EXACT:
            return found, inverse
    raise InputError("the weeks do not say where the two went: take more weeks, or no trend")


def _with_the_next(residual: Floats) -> float:
    apart = residual - residual.mean()
    whole = float((apart**2).sum())
    return float((apart[1:] * apart[:-1]).sum()) / whole if whole > 0 else 0.0
