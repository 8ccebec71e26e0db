"""How grids are coloured by what is counted in them: one table of fixed breaks, so that a colour means the same daily.

What comes in grows with the days it is counted over: rates are per 30 days, whatever the window.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from gridmap.analytics.indicators.definitions import INDICATORS, MEASURED, Indicator
from gridmap.language import Phrase, phrase

MONTH_DAYS: Final = 30.0
# A share of fewer than so many, or a rate of fewer households, says little: one case more or less is another colour.
SMALL_DUE: Final = 10.0
SMALL_HOMES: Final = 20.0
HUNDRED: Final = 100.0
NO_CLASS: Final = -1


@dataclass(frozen=True)
class Scale:
    """From where on each class but the first begins, and what each is called."""

    breaks: tuple[float, ...]
    terms: tuple[str, ...]


@dataclass(frozen=True)
class Measure:
    """What grids are coloured by: an indicator, or how much there is of something, and what it is counted in.

    `tells` is what its value is made of: a `share` of what is due, a `rate` in 30 days, a `stock` at the end of the
    window per something, or a plain `count`.
    """

    indicator: Indicator
    scale: Scale
    unit: Phrase
    tells: Literal["share", "rate", "stock", "count"]

    @property
    def code(self) -> str:
        return self.indicator.code

    @property
    def meaning(self) -> Phrase:
        """What it means that a grid is darker."""
        return MEANINGS[self.indicator.better]


MEANINGS: Final[dict[str, Phrase]] = {
    "high": phrase("darker is better"),
    "low": phrase("darker is worse"),
    "neither": phrase("darker is more"),
}

# What is there is more than nothing: the first class of what is counted is none at all.
ANY: Final = 1e-9

_GOOD: Final = Scale((0.6, 0.75, 0.85, 0.95), ("<60%", "60–75", "75–85", "85–95", "≥95%"))
_BAD: Final = Scale((0.02, 0.05, 0.1, 0.2), ("<2%", "2–5", "5–10", "10–20", "≥20%"))
_PART: Final = Scale((0.1, 0.25, 0.5, 0.75), ("<10%", "10–25", "25–50", "50–75", "≥75%"))
_REPORTS: Final = Scale((1, 5, 20, 50), ("0", "1–4", "5–19", "20–49", "≥50"))
_OPEN: Final = Scale((1, 3, 6, 12), ("0", "1–2", "3–5", "6–11", "≥12"))
_DEMAND: Final = Scale((ANY, 5, 10, 20), ("0", "<5", "5–10", "10–20", "≥20"))
_COMPLAINTS: Final = Scale((ANY, 0.5, 1, 2), ("0", "<0.5", "0.5–1", "1–2", "≥2"))
_WORKLOAD: Final = Scale((2, 5, 10, 20), ("<2", "2–5", "5–10", "10–20", "≥20"))
# The load of the cells, as the map shows it from the beginning.
_LOAD: Final = Scale((ANY, 1, 2, 4), ("0", "<1", "1–2", "2–4", "≥4"))

_SHARE: Final = phrase("share")
_PER_HOMES: Final = phrase("per 100 households and 30 days")
_ISSUES: Final = phrase("issues")


def _plain(code: str, name: Phrase, due: Phrase, *, rate: bool) -> Indicator:
    """How many there are, or how many per 100 households, told as the indicators are."""
    of = phrase("hundreds of households") if rate else phrase("nothing: it is a count")
    return Indicator(
        code, name, _ISSUES, of, due, sort="rate" if rate else "amount", better="neither",
        per="households" if rate else None,
    )  # fmt: skip


_IN_WINDOW: Final = phrase("reported in the period")
_AT_END: Final = phrase("reported and not ended by the end of the period")
_TABLE: Final = (
    Measure(
        _plain("reports_rate", phrase("reports per 100 households"), _IN_WINDOW, rate=True),
        _DEMAND, _PER_HOMES, "rate",
    ),
    Measure(_plain("reports", phrase("reports"), _IN_WINDOW, rate=False), _REPORTS, _ISSUES, "count"),
    Measure(
        _plain("open_rate", phrase("open issues per 100 households"), _AT_END, rate=True),
        _LOAD, phrase("per 100 households"), "stock",
    ),
    Measure(_plain("open", phrase("open issues"), _AT_END, rate=False), _OPEN, _ISSUES, "count"),
)  # fmt: skip
PLAIN: Final = tuple(measure.code for measure in _TABLE)


def _of(indicator: Indicator) -> Measure:
    if indicator.code == "complaints":
        return Measure(indicator, _COMPLAINTS, _PER_HOMES, "rate")
    if indicator.sort == "rate":
        return Measure(indicator, _WORKLOAD, phrase("per owner and 30 days"), "rate")
    return Measure(indicator, {"high": _GOOD, "low": _BAD, "neither": _PART}[indicator.better], _SHARE, "share")


# What was typed in is the site's or a person's: only what is counted from issues and rounds lies in grids.
MEASURES: Final[dict[str, Measure]] = {
    measure.code: measure for measure in (*_TABLE, *(_of(INDICATORS[code]) for code in MEASURED))
}


def classes(values: ArrayLike, breaks: tuple[float, ...]) -> NDArray[np.int64]:
    """The class of each value: how many of the breaks it has reached.

    Parameters
    ----------
    values : array_like, shape (n,)
        In the unit of the breaks; NaN for what is not known.
    breaks : tuple of float, ascending, shape (k,)
        From where on each class but the first begins: a value on a break belongs above it.

    Returns
    -------
    ndarray of int64, shape (n,)
        0 to k; `NO_CLASS` for NaN.

    Examples
    --------
    >>> classes([0.0, 0.6, 0.97, float("nan")], (0.6, 0.75, 0.85, 0.95)).tolist()
    [0, 1, 4, -1]
    """
    given = np.asarray(values, dtype=np.float64)
    found = np.searchsorted(np.asarray(breaks, dtype=np.float64), given, side="right").astype(np.int64)
    return np.where(np.isnan(given), NO_CLASS, found)


def coloured(measure: Measure, figures: pd.DataFrame, days: float) -> pd.DataFrame:
    """The figures of grids with the class each is coloured by, and whether it rests on small numbers.

    Parameters
    ----------
    measure : Measure
        What they are figures of: a rate is told per 30 days, with its interval.
    figures : pandas.DataFrame, n rows
        Columns of frames.FIGURES.
    days : float, above 0
        How long the window is that was counted.

    Returns
    -------
    pandas.DataFrame, n rows, on the index of `figures`
        The columns of `figures`, `class` (0 to 4, or `NO_CLASS`) and `small`.

    Raises
    ------
    ValueError
        If the window is empty.

    Examples
    --------
    >>> figures = pd.DataFrame({
    ...     "indicator": "complaints", "subject": ["A", "B"], "numerator": [1.0, 0.0], "denominator": [0.5, 0.1],
    ...     "value": [2.0, 0.0], "low": [0.05, 0.0], "high": [11.1, 36.9],
    ... })
    >>> found = coloured(MEASURES["complaints"], figures, days=60.0)
    >>> found[["value", "class", "small"]].to_numpy().tolist()
    [[1.0, 3, False], [0.0, 0, True]]
    """
    if not days > 0:
        raise ValueError("a window has some length")
    factor = MONTH_DAYS / days if measure.tells == "rate" else 1.0
    scaled = {name: figures[name].to_numpy(dtype=np.float64) * factor for name in ("value", "low", "high")}
    of = figures["denominator"].to_numpy(dtype=np.float64)
    return figures.assign(
        **scaled, **{"class": classes(scaled["value"], measure.scale.breaks)}, small=_small(measure, of)
    )


def _small(measure: Measure, of: NDArray[np.float64]) -> NDArray[np.bool_]:
    if measure.tells == "share":
        return of < SMALL_DUE
    if measure.indicator.per == "households":
        return of * HUNDRED < SMALL_HOMES
    return np.zeros(len(of), dtype=bool)
