"""Period against period: which grids, or categories, have more or less than before, by more than chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridmap.analytics.fourfold import Fourfold
from gridmap.analytics.rates import FEW
from gridmap.analytics.significance import classes
from gridmap.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Against = Literal["others", "nothing"]
AGAINST: Final = ("others", "nothing")
CONFIDENCE: Final = 0.95
# A dispersion is looked for from 1 to this, by so many halvings.
MOST, HALVINGS = 1000.0, 60


@dataclass(frozen=True)
class Change:
    """How many before and after, how many times as many (per day) with its interval, and how sure that is."""

    before: int
    after: int
    ratio: float
    low: float
    high: float
    p: float


def changes(
    before: pd.Series[Any],
    after: pd.Series[Any],
    *,
    exposure: tuple[float, float] = (1.0, 1.0),
    against: Against = "others",
    dispersion: float = 1.0,
    confidence: float = CONFIDENCE,
    few: float = FEW,
) -> pd.DataFrame:
    r"""Where more or less came than in the period before, against the change of the others or against none.

    Of :math:`n_i = x_{0i} + x_{1i}` in a grid, :math:`x_{1i}` came after. With nothing changed, it is binomial with
    :math:`\pi = e_1/(e_0 + e_1)` of the exposures (Przyborowski and Wilenski 1940). With the grid changed as all others
    did, whatever that was, it is hypergeometric: Fisher's test of the grid against the others, so that a storm over all
    of them, or a quiet month, is no change of any. p is twice the smaller tail, and the interval inverts it: where it
    leaves out 1, p is below 1 - confidence. Both are exact, and so on the safe side.

    Reports often come in clumps: one burst pipe, nine calls. With a variance of :math:`\phi` times the mean
    (`dispersion`), counts are taken for negative binomial, of which :math:`x_{1i}` given the margins is
    beta-binomial, of size :math:`n_i/(\phi - 1)`. Without it, clumps look like changes.

    Parameters
    ----------
    before, after : pandas.Series, n rows
        Whole numbers by grid of one tier (`rates.counts`, zeros included), or by category, on the same index.
    exposure : (float, float)
        How long the periods are: days. Against the others it says nothing.
    against : {"others", "nothing"}
        What a grid is held against: how all others changed, or no change.
    dispersion : float
        Variance to mean, 1 or more, as :func:`dispersion` finds it; 1 for reports that come singly.
    confidence : float
        Of the interval, two-sided.
    few : float
        How many have to be expected in each period for a change to say something.

    Returns
    -------
    pandas.DataFrame, n rows on the index of `before`
        `before`, `after`; `expected`, after, by what it is held against; `ratio`, after to expected, with `low` and
        `high` (inf where nothing came before); `p`, not corrected; `change`, -3 to 3 for less and more at 99, 95 and
        90 % after correction (Benjamini-Hochberg), 0 for what may be chance; `shrunk`, the ratio drawn to that of all
        the more the less is known (empirical Bayes), for a map; `few`. NaN where there is nothing to compare.

    Raises
    ------
    InputError
        If the periods are of other grids, a count is no whole number from 0 on, or an exposure is not above 0.

    Notes
    -----
    With :math:`\hat\pi = N_1/N`, the shrunk ratio is that of the odds of :math:`(x_{1i} + m\hat\pi)/(n_i + m)`; m
    comes by moments from what the counts vary beyond chance. A grid that is a large part of the whole is held against
    what is left: of two, one up is the other down.

    References
    ----------
    Przyborowski, J. and Wilenski, H. (1940). Homogeneity of results in testing samples from Poisson series. Biometrika
    31, 313-323. Clopper, C. J. and Pearson, E. S. (1934), Biometrika 26, 404-413. Fisher, R. A. (1935). The logic of
    inductive inference. JRSS 98, 39-82. Skellam, J. G. (1948), JRSS B 10, 257-261, for the beta-binomial.

    Examples
    --------
    >>> grids = list("ABCD")
    >>> found = changes(pd.Series([20, 22, 19, 3], grids), pd.Series([41, 40, 90, 2], grids), exposure=(30, 30))
    >>> found[["expected", "ratio", "change", "few"]].round(2).values.tolist()
    [[60.0, 0.68, 0, False], [69.67, 0.57, 0, False], [35.04, 2.57, 2, False], [8.41, 0.24, 0, True]]
    """
    x, y = checked(before, after, dispersion, exposure)
    both = x + y
    odds = _odds(int(x.sum()), int(y.sum()), exposure, against)
    p, low, high = _tested(x, y, odds, against, dispersion, confidence)
    expected = _expected(x, y, exposure, against)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = y / expected
    share = odds / (1 + odds)
    columns = {
        "before": x, "after": y, "expected": expected, "ratio": ratio,
        "low": np.where(np.isnan(expected), np.nan, low), "high": np.where(np.isnan(expected), np.nan, high), "p": p,
        "change": classes(p, np.nan_to_num(y - expected)), "shrunk": _shrunk(y, both, odds, dispersion),
        "few": both * min(share, 1 - share) < few,
    }  # fmt: skip
    return pd.DataFrame(columns, index=before.index)


def overall(
    before: pd.Series[Any] | int,
    after: pd.Series[Any] | int,
    *,
    exposure: tuple[float, float] = (1.0, 1.0),
    dispersion: float = 1.0,
    confidence: float = CONFIDENCE,
) -> Change:
    """One number for all of a site: how many times as much came after, per day.

    Parameters
    ----------
    before, after : pandas.Series or int
        Whole numbers; of a series, the sum.
    exposure : (float, float)
        How long the periods are: days.
    dispersion : float
        Variance to mean of what is summed, 1 or more: that of the site's weeks, not of its grids'.
    confidence : float
        Of the interval, two-sided.

    Returns
    -------
    Change
        As `changes` against nothing has it of one row.

    Raises
    ------
    InputError
        As `changes`.

    Examples
    --------
    >>> found = overall(300, 240, exposure=(30, 30))
    >>> round(found.ratio, 2), round(found.low, 2), round(found.high, 2), round(found.p, 3)
    (0.8, 0.67, 0.95, 0.011)
    """
    x, y = (pd.Series([int(given if isinstance(given, int) else given.sum())]) for given in (before, after))
    row = changes(x, y, exposure=exposure, against="nothing", dispersion=dispersion, confidence=confidence).iloc[0]
    return Change(int(row["before"]), int(row["after"]), *(float(row[name]) for name in ("ratio", "low", "high", "p")))


def dispersion(*cubes: pd.DataFrame, against: Against = "others") -> float:
    r"""How much more counts vary from week to week than those that come singly: variance to mean, all grids together.

    Pearson's squares :math:`\sum (x_{it} - e_{it})^2 / e_{it}` of all cubes are held against what they come to on
    average for a dispersion of :math:`\phi`, which is :math:`n_i \phi/(n_i + \phi - 1)` for each degree of freedom of a
    grid with :math:`n_i` reports: where there are few, clumps hardly show. Against the others
    :math:`e_{it} = n_i x_{.t} / x_{..}`, so that weeks in which all had much are no clumps; against nothing
    :math:`e_{it} = n_i / t`.

    Parameters
    ----------
    *cubes : pandas.DataFrame, n rows, t columns each
        Counts by grid and period (`trends.cube`), of weeks rather than days: clumps longer than a period are not seen.
        The period before and the one after are two cubes, so that what changed between them is no clump.
    against : {"others", "nothing"}
        As `changes` is asked.

    Returns
    -------
    float
        1 or more.

    Raises
    ------
    InputError
        If there are not two periods and two grids (against nothing, one) with anything in them.

    References
    ----------
    McCullagh, P. and Nelder, J. A. (1989). Generalized Linear Models, 4.5 and 6.2.

    Examples
    --------
    >>> random = np.random.default_rng(1)
    >>> single, clumped = random.poisson(2.0, (900, 12)), random.negative_binomial(1.0, 1 / 3, (900, 12))
    >>> round(dispersion(pd.DataFrame(single)), 1), round(dispersion(pd.DataFrame(clumped)), 1)
    (1.0, 3.0)
    """
    _check_against(against)
    seen, freedom, totals = 0.0, [], []
    for cube in cubes:
        table = cube.to_numpy(dtype=np.float64)
        table = table[table.sum(axis=1) > 0]
        weeks = table.sum(axis=0) if against == "others" else np.full(table.shape[1], 1.0)
        table, weeks = table[:, weeks > 0], weeks[weeks > 0]
        rows, columns = table.shape
        of = table.sum(axis=1)
        expected = np.outer(of, weeks / max(weeks.sum(), 1.0))
        seen += float(((table - expected) ** 2 / expected).sum())
        freedom.append(np.full(rows, (columns - 1) * ((rows - 1) / rows if against == "others" else 1.0)))
        totals.append(of)
    return _solved(seen, np.concatenate(freedom), np.concatenate(totals))


def _solved(seen: float, freedom: Floats, of: Floats) -> float:
    """The dispersion with which the squares are as large as they are, by halving; few reports can vary by little."""
    if freedom.sum() < 1:
        raise InputError("clumps are looked for in two periods and two grids with anything in them: cut shorter ones")
    low, high = 1.0, MOST
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        less = float((freedom * of * middle / (of + middle - 1)).sum()) < seen
        low, high = (middle, high) if less else (low, middle)
    return low


def checked(
    before: pd.Series[Any], after: pd.Series[Any], dispersion: float, exposure: tuple[float, float] = (1.0, 1.0)
) -> tuple[Ints, Ints]:
    """The counts of two periods; refuse what cannot be compared."""
    if not before.index.equals(after.index):
        raise InputError("the two periods are of other grids, or in another order: reindex one to the other")
    if not (min(exposure) > 0 and np.isfinite(exposure).all()):
        raise InputError(f"exposures {exposure[0]:g} and {exposure[1]:g}: give how long each period is, above 0")
    if not (dispersion >= 1 and np.isfinite(dispersion)):
        raise InputError(f"dispersion {dispersion:g}: variance to mean is 1 or more")
    return whole_numbers(before), whole_numbers(after)


def whole_numbers(counted: pd.Series[Any]) -> Ints:
    """Counts as they are; refuse what is none."""
    given = np.asarray(counted, dtype=np.float64)
    wrong = ~(np.isfinite(given) & (given >= 0) & (given == np.floor(given)))
    if wrong.any():
        place = counted.index[int(wrong.argmax())]
        raise InputError(f"{place} has {given[wrong][0]:g}: counts are whole numbers from 0 on")
    return given.astype(np.int64)


def _check_against(against: str) -> None:
    if against not in AGAINST:
        raise InputError(f"against {against!r}: choose one of {', '.join(AGAINST)}")


def _odds(all_before: int, all_after: int, exposure: tuple[float, float], against: Against) -> float:
    """Of coming after rather than before, where nothing changed but what is to be left out."""
    _check_against(against)
    if against == "nothing":
        return exposure[1] / exposure[0]
    # With nothing in one of the periods there is one table only, and its odds say nothing.
    return max(all_after, 0.5) / max(all_before, 0.5)


def _tested(
    x: Ints, y: Ints, odds: float, against: Against, dispersion: float, confidence: float
) -> tuple[Floats, Floats, Floats]:
    """How often chance is as far off, and the interval; grids with the same counts are looked at once."""
    if not len(x):
        return (np.zeros(0),) * 3
    pairs, of = np.unique(np.column_stack([y, x + y]), axis=0, return_inverse=True)
    after, both = np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1])
    margins: tuple[Ints | None, Ints | None] = (None, None)
    if against == "others":
        margins = np.full_like(both, y.sum()), np.full_like(both, x.sum() + y.sum())
    table = Fourfold(after, both, np.full(len(both), odds), margins[0], margins[1], dispersion)
    low, high = table.interval(confidence)
    rows = of.ravel()
    return table.p[rows], low[rows], high[rows]


def _expected(x: Ints, y: Ints, exposure: tuple[float, float], against: Against) -> Floats:
    if against == "nothing":
        return np.asarray(x * exposure[1] / exposure[0], dtype=np.float64)
    others_before, others_after = (x.sum() - x).astype(np.float64), (y.sum() - y).astype(np.float64)
    factor = np.divide(others_after, others_before, out=np.full(len(x), np.nan), where=others_before > 0)
    return np.asarray(x * factor, dtype=np.float64)


def _shrunk(y: Ints, both: Ints, odds: float, dispersion: float) -> Floats:
    """Ratios drawn to that of all, the more the less is known."""
    total = int(both.sum())
    mean = y.sum() / total if total else 0.0
    if not 0 < mean < 1:
        return np.full(len(y), np.nan)
    chance = mean * (1 - mean)
    clumped = both * dispersion / np.maximum(both + dispersion - 1, 1)
    beyond = float(((y - both * mean) ** 2 - both * clumped * chance).sum())
    pairs = chance * float((both * (both - 1)).sum())
    alike = min(beyond / pairs, 1 - 1e-9) if pairs > 0 else 0.0
    if alike <= 0:
        return np.full(len(y), mean / (1 - mean) / odds)
    prior = 1 / alike - 1
    return np.asarray((y + prior * mean) / (both - y + prior * (1 - mean)) / odds, dtype=np.float64)
