"""What stands out in some grids against the rest: categories, hours, weekdays, facilities, with intervals."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import hypergeom, norm

from gridmap.analytics.significance import adjusted

CONFIDENCE: Final = 0.95
LEVEL: Final = 0.05
# What is said of fewer is an anecdote.
LEAST: Final = 3
COLUMNS: Final = (
    "attribute", "value", "inside", "of_inside", "outside", "of_outside", "share", "share_outside", "ratio", "low",
    "high", "p", "stands_out",
)  # fmt: skip


def standing_out(
    found: pd.DataFrame,
    inside: pd.Series[Any],
    attributes: tuple[str, ...],
    *,
    level: float = LEVEL,
    least: int = LEAST,
) -> pd.DataFrame:
    r"""How much commoner each word of each attribute is inside than among the rest.

    With :math:`a` of :math:`A` inside and :math:`b` of :math:`B` outside, the ratio is :math:`(a/A)/(b/B)`, its
    interval that of Katz on the logarithm (with a half added to each count where one is 0), and p Fisher's, one-sided:
    as many or more inside, if the word had nothing to do with the place. All words of all attributes are corrected
    together.

    Parameters
    ----------
    found : pandas.DataFrame, m rows
        What was found, one row each, with a column for each attribute; missing words are left out of theirs.
    inside : pandas.Series of bool, m rows
        Whether it lies in the grids that are asked about.
    attributes : tuple of str
        Columns of `found`: category, hour, weekday, facility.
    level : float
        How many of those that stand out may do so by chance, on average (Benjamini-Hochberg).
    least : int
        How many there have to be inside.

    Returns
    -------
    pandas.DataFrame
        `attribute`, `value`, `inside` (a), `of_inside` (A), `outside` (b), `of_outside` (B), `share`, `share_outside`,
        `ratio`, `low`, `high` (95 %), `p`, `stands_out`; the surest first. Nothing where there is no inside or no rest.

    References
    ----------
    Katz, D., Baptista, J., Azen, S. P. and Pike, M. C. (1978). Obtaining confidence intervals for the risk ratio in
    cohort studies. Biometrics 34, 469-474.

    Examples
    --------
    >>> found = pd.DataFrame({"category": ["leak"] * 20 + ["lift"] * 30})
    >>> said = standing_out(found, pd.Series([True] * 18 + [False] * 32), ("category",))
    >>> said[["value", "inside", "outside", "ratio", "stands_out"]].values.tolist()[0]
    ['leak', 18, 2, 16.0, True]
    """
    within = np.asarray(inside, dtype=bool)
    parts = [_of(found[name], within, name) for name in attributes] if within.any() and (~within).any() else []
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*COLUMNS[:6], "p"])
    a, of_a, b, of_b = (rows[name].to_numpy(dtype=np.float64) for name in COLUMNS[2:6])
    ratio, low, high = _ratio(a, of_a, b, of_b)
    p = rows["p"].to_numpy(dtype=np.float64)
    rows = rows.assign(
        share=a / of_a, share_outside=b / of_b, ratio=ratio, low=low, high=high,
        stands_out=(adjusted(p) <= level) & (a >= least),
    )  # fmt: skip
    return rows[list(COLUMNS)].sort_values(["p", "inside"], ascending=[True, False], kind="stable", ignore_index=True)


def _of(words: pd.Series[Any], within: NDArray[np.bool_], name: str) -> pd.DataFrame:
    """Each word's counts inside and outside, and how often chance would put as many inside."""
    said = words.notna().to_numpy()
    codes, values = pd.factorize(words[said], sort=True)
    a = np.bincount(codes[within[said]], minlength=len(values))
    b = np.bincount(codes[~within[said]], minlength=len(values))
    of_a, of_b = int(a.sum()), int(b.sum())
    rows = pd.DataFrame({
        "attribute": name, "value": np.asarray(values, dtype=object), "inside": a, "of_inside": of_a, "outside": b,
        "of_outside": of_b, "p": hypergeom.sf(a - 1, of_a + of_b, a + b, of_a),
    })  # fmt: skip
    return rows if of_a and of_b else rows[:0]


def _ratio(
    a: NDArray[np.float64], of_a: NDArray[np.float64], b: NDArray[np.float64], of_b: NDArray[np.float64]
) -> tuple[NDArray[np.float64], ...]:
    half = np.where((a == 0) | (b == 0), 0.5, 0.0)
    a, of_a, b, of_b = a + half, of_a + half, b + half, of_b + half
    ratio = (a / of_a) / (b / of_b)
    spread = norm.ppf((1 + CONFIDENCE) / 2) * np.sqrt(1 / a - 1 / of_a + 1 / b - 1 / of_b)
    return ratio, ratio * np.exp(-spread), ratio * np.exp(spread)
