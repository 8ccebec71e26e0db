"""How evenly load is shared: who has more than a fair part by more than chance, and what other lines would change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, betaincc, betaincinv

from gridmap.analytics.permutations import p_by_draws
from gridmap.analytics.significance import classes
from gridmap.errors import InputError

Floats = NDArray[np.float64]
CONFIDENCE: Final = 0.95
DRAWS: Final = 999
TENTH: Final = 0.1


@dataclass(frozen=True, eq=False)
class Fairness:
    """Load by owner, and how unevenly it is shared.

    `gini`: 0 where all have a fair part, toward 1 where one has all. `gini_by_chance`: what even shares would show on
    average, as reports fall as they fall; `p`: how often they would show as much (both NaN without draws).
    `busiest_to_least`: load to fair part of the busiest owner by that of the least busy. `busiest_tenth`: how much of
    the load the busiest have that make up a tenth of the exposure. `theil`: 0 where even; `between` is the part of it
    that lies between groups (NaN without groups).
    """

    owners: pd.DataFrame
    gini: float
    gini_by_chance: float
    p: float
    busiest_to_least: float
    busiest_tenth: float
    theil: float
    between: float

    def lorenz(self) -> pd.DataFrame:
        """Lorenz's curve: up to each owner, the least busy first, what part of all owners and of all load."""
        return _lorenz(self.owners["load"].to_numpy(), self.owners["exposure"].to_numpy())


@dataclass(frozen=True, eq=False)
class Moved:
    """What a redraw changes: each owner's load and grids before and after, and how even both are.

    `owners` has `before`, `after`, `change`, `grids_before`, `grids_after`, `gained` and `lost` (grids); `handed_over`
    is the part of the load that gets another owner.
    """

    owners: pd.DataFrame
    handed_over: float
    before: Fairness
    after: Fairness


def shares(
    load: pd.Series[Any],
    *,
    exposure: pd.Series[Any] | None = None,
    groups: pd.Series[Any] | None = None,
    grain: float = 1.0,
    draws: int = 0,
    random: np.random.Generator | None = None,
    confidence: float = CONFIDENCE,
) -> Fairness:
    r"""Who has more than a fair part of the load, and how uneven it is altogether.

    Of N reports an owner with exposure :math:`e_i` has a fair part of :math:`w_i = e_i/\sum e`; with even shares what
    he has is binomial, :math:`P(X \ge x) = I_{w}(x, N - x + 1)` (the incomplete beta function, which also takes loads
    that are no whole numbers). p is twice the smaller tail, and the interval is Clopper's and Pearson's, to the fair
    part.

    .. math:: G = \sum_{i<j} w_i w_j\, |r_i - r_j|, \quad T = \sum_i s_i \ln r_i, \quad s_i = x_i/N, \; r_i = s_i/w_i

    are Gini's and Theil's; Theil's between groups takes the sums of groups for owners.

    Parameters
    ----------
    load : pandas.Series, n rows
        By owner: reports, or minutes of work; 0 or more, those without any included.
    exposure : pandas.Series, n rows, optional
        By owner, what a fair part is in proportion to: households, days in post; above 0. Without, all alike.
    groups : pandas.Series, n rows, optional
        By owner: the supervisor, the zone.
    grain : float
        What comes at once, in units of the load: 1 for reports that come singly, their variance to mean for those that
        come in clumps; for minutes :math:`\sum m^2/\sum m` over the reports, so that few long jobs are not taken for
        many.
    draws : int
        How often even shares are drawn, to see what chance makes of them.
    random : numpy.random.Generator, optional
        What is drawn from; needed for draws.
    confidence : float
        Of the intervals, two-sided.

    Returns
    -------
    Fairness
        Its `owners`, on the load's index: `load`, `exposure`, `share`, `expected` (the fair part of the load),
        `ratio`, `low`, `high` (load to fair part), `p` (not corrected), `unfair` (-3 to 3 for less and more at 99, 95
        and 90 % after correction by Benjamini-Hochberg, 0 for what may be chance).

    Raises
    ------
    InputError
        If there are fewer than two owners, nothing is shared, a load is below 0, or an exposure is not above 0.

    References
    ----------
    Gini, C. (1912). Variabilità e mutabilità. Lorenz, M. O. (1905), JASA 9, 209-219. Theil, H. (1967). Economics and
    Information Theory. Clopper, C. J. and Pearson, E. S. (1934), Biometrika 26, 404-413.

    Examples
    --------
    >>> found = shares(pd.Series([80, 30, 25, 25], index=["Wu", "Li", "Xu", "He"]))
    >>> round(found.gini, 3), found.busiest_to_least, found.owners["unfair"].tolist()
    (0.266, 3.2, [3, -1, -3, -3])
    >>> shares(pd.Series([80, 40]), exposure=pd.Series([400, 200])).gini
    0.0
    """
    x, e = _given(load, exposure, grain)
    total, fair = x.sum(), e / e.sum()
    ratio = x / total / fair
    p, low, high = _tested(x / grain, fair, confidence)
    owners = pd.DataFrame({
        "load": x, "exposure": e, "share": x / total, "expected": total * fair, "ratio": ratio, "low": low,
        "high": high, "p": p, "unfair": classes(p, ratio - 1),
    }, index=load.index)  # fmt: skip
    gini = float(_gini(x, fair))
    by_chance, rarely = _by_chance(gini, total / grain, fair, draws, random)
    return Fairness(
        owners, gini, by_chance, rarely, float(ratio.max() / ratio.min()) if ratio.min() > 0 else float("inf"),
        _top(x, e, TENTH), _theil(x / total, fair), _between(x / total, fair, groups),
    )  # fmt: skip


def moved(
    load: pd.Series[Any],
    before: pd.Series[Any],
    after: pd.Series[Any],
    *,
    exposure: pd.Series[Any] | None = None,
) -> Moved:
    """What a redraw would change for each owner, and whether load would be shared more evenly.

    Parameters
    ----------
    load : pandas.Series, n rows
        By grid of one tier (or by building, or report): what there is to do.
    before, after : pandas.Series, n rows
        By the same, who answers for it, None for nobody.
    exposure : pandas.Series, n rows, optional
        By the same, what a fair part is in proportion to: households. Without, all owners have a like part.

    Returns
    -------
    Moved
        Owners of either are in both: who has nothing, has 0. With an exposure of 0 on one side an owner is left out of
        that side's fairness.

    Raises
    ------
    InputError
        If the three are not on one index, or fewer than two owners have anything to share.

    Examples
    --------
    >>> grids = ["A", "B", "C", "D"]
    >>> load = pd.Series([50, 40, 10, 20], grids)
    >>> found = moved(load, pd.Series(["Wu", "Wu", "Li", "Li"], grids), pd.Series(["Wu", "Li", "Li", "Wu"], grids))
    >>> found.owners[["before", "after", "change"]].values.tolist(), found.handed_over
    ([[30.0, 50.0, 20.0], [90.0, 70.0, -20.0]], 0.5)
    >>> round(found.before.gini, 3), round(found.after.gini, 3)
    (0.25, 0.083)
    """
    parts = [load, before, after] if exposure is None else [load, before, after, exposure]
    if not all(part.index.equals(load.index) for part in parts):
        raise InputError("load and owners are of other grids, or in another order: reindex them to the load's")
    who = pd.Index(sorted({*before.dropna(), *after.dropna()}, key=str), name="owner")
    changed = (before != after) & ~(before.isna() & after.isna())
    one = pd.Series(1, load.index)
    columns = {
        "before": _summed(load, before, who), "after": _summed(load, after, who),
        "grids_before": _summed(one, before, who).astype(np.int64),
        "grids_after": _summed(one, after, who).astype(np.int64),
        "gained": _summed(one[changed], after[changed], who).astype(np.int64),
        "lost": _summed(one[changed], before[changed], who).astype(np.int64),
    }  # fmt: skip
    owners = pd.DataFrame(columns, index=who)
    owners.insert(2, "change", owners["after"] - owners["before"])
    total = float(load.sum())
    then, now = (_sides(owners[name], exposure, of) for name, of in (("before", before), ("after", after)))
    return Moved(owners, float(load[changed].sum()) / total if total > 0 else 0.0, then, now)


def _given(load: pd.Series[Any], exposure: pd.Series[Any] | None, grain: float) -> tuple[Floats, Floats]:
    x = np.asarray(load, dtype=np.float64)
    e = np.ones(len(x)) if exposure is None else np.asarray(exposure, dtype=np.float64)
    if exposure is not None and not exposure.index.equals(load.index):
        raise InputError("exposures are of other owners than loads, or in another order: reindex them")
    if len(x) < 2 or not np.isfinite(x).all() or (x < 0).any() or x.sum() <= 0:
        raise InputError("load is shared by two owners or more, 0 or above each, and not 0 for all")
    if not (np.isfinite(e).all() and (e > 0).all()):
        raise InputError(f"{load.index[int((~(e > 0)).argmax())]} has no exposure above 0: leave such owners out")
    if not grain > 0:
        raise InputError(f"grain {grain:g}: what comes at once is above 0")
    return x, e


def _tested(x: Floats, fair: Floats, confidence: float) -> tuple[Floats, Floats, Floats]:
    """How often even shares are as far off, and which ratios to the fair part are not ruled out."""
    n, half = x.sum(), (1 - confidence) / 2
    more = np.where(x > 0, betainc(np.maximum(x, 1e-12), n - x + 1, fair), 1.0)
    less = np.where(x < n, betaincc(x + 1, np.maximum(n - x, 1e-12), fair), 1.0)
    low = np.where(x > 0, betaincinv(np.maximum(x, 1e-12), n - x + 1, half), 0.0) / fair
    high = np.where(x < n, betaincinv(x + 1, np.maximum(n - x, 1e-12), 1 - half), 1.0) / fair
    return np.minimum(1.0, 2 * np.minimum(more, less)), low, high


def _gini(x: Floats, fair: Floats) -> Floats:
    """Of the last axis: twice the area between Lorenz's curve and the line of equal shares."""
    share = x / x.sum(axis=-1, keepdims=True)
    order = np.argsort(share / fair, axis=-1, kind="stable")
    part = np.take_along_axis(share, order, axis=-1)
    width = np.broadcast_to(fair, x.shape)
    width = np.take_along_axis(width, order, axis=-1)
    up_to = np.cumsum(part, axis=-1) - part / 2
    return np.asarray(np.maximum(1 - 2 * (up_to * width).sum(axis=-1), 0.0), dtype=np.float64)


def _by_chance(
    gini: float, cases: float, fair: Floats, draws: int, random: np.random.Generator | None
) -> tuple[float, float]:
    if not draws:
        return float("nan"), float("nan")
    if random is None:
        raise InputError("draws need a generator to draw from: give random=numpy.random.default_rng(seed)")
    lots = _gini(random.multinomial(max(round(cases), 1), fair, size=draws).astype(np.float64), fair)
    more, less = (np.array([side.sum()]) for side in (lots >= gini - 1e-12, lots <= gini + 1e-12))
    return float(lots.mean()), float(p_by_draws(more, less, draws, "greater")[0])


def _lorenz(load: ArrayLike, exposure: ArrayLike) -> pd.DataFrame:
    x, e = np.asarray(load, dtype=np.float64), np.asarray(exposure, dtype=np.float64)
    order = np.argsort(x / e, kind="stable")
    sums = [np.concatenate([[0.0], np.cumsum(part[order]) / part.sum()]) for part in (e, x)]
    return pd.DataFrame({"owners": sums[0], "load": sums[1]})


def _top(x: Floats, e: Floats, part: float) -> float:
    """The share of the load that the busiest have who make up a part of the exposure."""
    curve = _lorenz(x, e)
    return float(1 - np.interp(1 - part, curve["owners"], curve["load"]))


def _theil(share: Floats, fair: Floats) -> float:
    some = share > 0
    return max(float((share[some] * np.log(share[some] / fair[some])).sum()), 0.0)


def _between(share: Floats, fair: Floats, groups: pd.Series[Any] | None) -> float:
    if groups is None:
        return float("nan")
    number = pd.factorize(groups)[0]
    if len(number) != len(share) or (number < 0).any():
        raise InputError("each owner belongs to one group: give one for each")
    sums = (np.asarray(np.bincount(number, part), dtype=np.float64) for part in (share, fair))
    return _theil(*sums)


def _summed(values: pd.Series[Any], owner: pd.Series[Any], who: pd.Index[Any]) -> pd.Series[Any]:
    return values.astype(np.float64).groupby(owner).sum().reindex(who, fill_value=0.0)


def _sides(load: pd.Series[Any], exposure: pd.Series[Any] | None, owner: pd.Series[Any]) -> Fairness:
    if exposure is None:
        return shares(load)
    per = _summed(exposure, owner, load.index)
    return shares(load[per > 0], exposure=per[per > 0])
