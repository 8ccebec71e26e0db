"""In which colours grids are shaded by what was found of them, and what a legend says of each colour."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridmap.domain.insights import CLASSES, EMERGING
from gridmap.errors import InputError
from gridmap.language import Phrase, phrase
from gridmap.maps.hotspots import CATEGORY_COLOURS, CLASS_COLOURS
from gridmap.maps.style import DARK, LAND, LOAD_COLOURS, Theme

Colours = Mapping[Any, str | tuple[str, str]]
Written = Callable[[float], str]

# What stands in a legend besides.
NO_DATA: Final = phrase("no data")
COUNTED: Final = phrase("grids")
# What is not known is grey without blue or red in it; what may be chance looks like plain land.
MISSING: Final = {"light": "#c9c6c0", "dark": "#45423d"}
PLAIN: Final = (LAND, str(DARK["land"]))
OUTLIERS: Final[dict[str, Phrase]] = {
    "HH": phrase("high among high"),
    "HL": phrase("high among low"),
    "": phrase("may be chance"),
    "LH": phrase("low among high"),
    "LL": phrase("low among low"),
}
OUTLIER_COLOURS: Final[dict[str, tuple[str, str]]] = {
    "HH": ("#b2182b", "#ff6a55"), "HL": ("#f4a261", "#d98a45"), "": PLAIN, "LH": ("#92b4e3", "#5f86c4"),
    "LL": ("#2166ac", "#66b8ff"),
}  # fmt: skip
_BY_CLASS: Final = {**dict.fromkeys((3, 2, 1, 0, -1, -2, -3), PLAIN), **CLASS_COLOURS}
# kind: its colours in the order of the legend, and what each is called
TABLES: Final[dict[str, tuple[Mapping[Any, tuple[str, str]], Mapping[Any, Phrase]]]] = {
    **{kind: ({bin_: _BY_CLASS[bin_] for bin_ in named}, named) for kind, named in CLASSES.items()},
    "outliers": (OUTLIER_COLOURS, OUTLIERS),
    "emerging": ({**CATEGORY_COLOURS, "none": PLAIN}, EMERGING),
}
# column of analytics: what it holds
COLUMNS: Final[dict[str, str]] = {
    "Gi_Bin": "hotspots", "COType": "outliers", "category": "emerging", "change": "changes", "class": "changes",
}  # fmt: skip
# Told apart by all kinds of colour-blind eyes (Okabe and Ito), a little softer.
PALETTE: Final = ("#3d7fc1", "#e69f00", "#3aa287", "#cc79a7", "#d5603a", "#7cc0e8", "#8a7bc8", "#a3a04c")


@dataclass(frozen=True)
class Shade:
    """A colour, what it is called, and how many grids have it."""

    colour: str
    term: str
    count: int


@dataclass(frozen=True)
class Shades:
    """What colour each grid has by its code, and the legend of them from the top; grids without one are not known."""

    colours: Mapping[str, str]
    values: Mapping[str, str]
    legend: Sequence[Shade]


@dataclass(frozen=True)
class Shading:
    """How what was found becomes colours: of which kind it is, where classes begin, around which middle.

    `breaks` is how many classes of equally many grids there are, or where each class but the first begins.
    """

    kind: str | None = None
    breaks: int | Sequence[float] = 5
    middle: float | None = None
    colours: Colours | None = None
    written: Written | None = None
    theme: Theme = "light"
    language: str = "en"

    def of(self, found: pd.Series[Any]) -> Shades:
        """The colours of a series by code."""
        known = found[found.notna().to_numpy()]
        kind = self.kind or kind_of(known)
        if kind == "numbers":
            return self._of_numbers(known)
        if kind not in (*TABLES, "words"):
            raise InputError(f"{kind!r} is no kind of shades: choose numbers, words, {', '.join(TABLES)}")
        return self._of_words(known, kind)

    def _of_words(self, found: pd.Series[Any], kind: str) -> Shades:
        values = [_plain(value) for value in found]
        colours, terms = (self.colours or _palette(values), {}) if kind == "words" else TABLES[kind]
        strange = next((value for value in values if value not in colours), None)
        if strange is not None:
            raise InputError(f"no colour for {strange!r} among the {kind}: there are {', '.join(map(str, colours))}")
        said = {value: terms[value].say(self.language) if value in terms else str(value) for value in colours}
        codes = [str(code) for code in found.index]
        shown = [value for value in colours if kind != "emerging" or value == "none" or value in values]
        return Shades(
            {code: self._lit(colours[value]) for code, value in zip(codes, values, strict=True)},
            {code: said[value] for code, value in zip(codes, values, strict=True)},
            [Shade(self._lit(colours[value]), said[value], values.count(value)) for value in shown],
        )

    def _of_numbers(self, found: pd.Series[Any]) -> Shades:
        values = found.to_numpy(dtype=np.float64)
        fit = np.isfinite(values)
        codes, values = [str(code) for code in found.index[fit]], values[fit]
        breaks = self._breaks(values)
        colours = self._ramp(breaks)
        whole = bool((values == np.rint(values)).all()) and all(each == round(each) for each in breaks)
        written = self.written or figure
        terms = _terms(breaks, values, written, whole=whole and self.written is None)
        classes = np.searchsorted(np.asarray(breaks), values, side="right")
        counts = np.bincount(classes, minlength=len(colours))
        rows = [Shade(colours[each], terms[each], int(counts[each])) for each in range(len(colours))]
        return Shades(
            {code: colours[each] for code, each in zip(codes, classes, strict=True)},
            {code: written(float(value)) for code, value in zip(codes, values, strict=True)},
            rows[::-1],  # much stands above little
        )

    def _breaks(self, values: NDArray[np.float64]) -> list[float]:
        if not isinstance(self.breaks, int):
            given = [float(each) for each in self.breaks]
            if not given or any(one >= other for one, other in pairwise(given)):
                raise InputError(f"breaks rise from class to class: {given} do not")
            return given
        if not 2 <= self.breaks <= 9:
            raise InputError(f"{self.breaks} classes: an eye tells 2 to 9 apart")
        if not len(values):
            return []
        if self.middle is None:
            return _rounded(np.quantile(values, np.arange(1, self.breaks) / self.breaks), values)
        away = np.quantile(np.abs(values - self.middle), np.arange(1, 3) / 3)
        apart = _rounded(np.concatenate([self.middle - away, self.middle + away]), values)
        return sorted({*apart, self.middle} if values.min() < self.middle <= values.max() else apart)

    def _ramp(self, breaks: Sequence[float]) -> list[str]:
        """A colour for each class: from little to much, or from blue through plain to red around the middle."""
        dark = self.theme == "dark"
        if self.middle is None:
            return between(DARK["loadColours"] if dark else LOAD_COLOURS, len(breaks) + 1)
        below = sum(each <= self.middle for each in breaks)
        above = sum(each >= self.middle for each in breaks)
        cold, hot = ([CLASS_COLOURS[side * sure][dark] for sure in (1, 2, 3)] for side in (-1, 1))
        most = max(below, above)
        plain = [] if any(each == self.middle for each in breaks) else [PLAIN[dark]]
        return [*between(cold, most)[:below][::-1], *plain, *between(hot, most)[:above]]

    def _lit(self, colour: str | tuple[str, str]) -> str:
        return colour if isinstance(colour, str) else colour[self.theme == "dark"]


def kind_of(found: pd.Series[Any]) -> str:
    """What a series holds: by its name where analytics gave it, else by its values."""
    by_name = COLUMNS.get(str(found.name))
    if by_name and {_plain(value) for value in found} <= set(TABLES[by_name][0]):
        return by_name
    if pd.api.types.is_bool_dtype(found):
        return "words"
    if pd.api.types.is_numeric_dtype(found) or not len(found):
        return "numbers"
    values = set(found)
    return next((kind for kind in ("outliers", "emerging") if values <= set(TABLES[kind][0])), "words")


def _plain(value: Hashable) -> Any:
    """A number that is whole as int, so that tables find it; anything else as it is."""
    if isinstance(value, float | np.number) and not isinstance(value, bool) and float(value).is_integer():
        return int(value)
    return value


def _palette(values: Sequence[Any]) -> dict[Any, str]:
    words = sorted(set(values), key=str)
    if len(words) > len(PALETTE):
        raise InputError(f"{len(words)} different words: say with `colours` which colour each has")
    return dict(zip(words, PALETTE, strict=False))


def _rounded(breaks: Any, values: NDArray[np.float64]) -> list[float]:
    """Breaks as people write them, each once, and none that leaves a class empty at an end."""
    spread = float(np.ptp(values))
    if (values == np.rint(values)).all():
        near = {float(np.ceil(each)) for each in breaks}
    else:
        decimals = 1 - int(np.floor(np.log10(spread / 4))) if spread > 0 else 0
        near = {round(float(each), decimals) for each in breaks}
    return sorted(each for each in near if values.min() < each <= values.max())


def _terms(breaks: Sequence[float], values: NDArray[np.float64], written: Written, *, whole: bool) -> list[str]:
    if not breaks:
        return [written(float(values[0])) if len(values) else "–"]
    least = float(values.min()) if whole and len(values) else 0.0
    first = _range(least, breaks[0] - 1, written) if whole and least < breaks[0] else f"<{written(breaks[0])}"
    last = 1 if whole else 0  # of whole numbers a class ends one before the next begins
    inner = [_range(low, high - last, written) for low, high in pairwise(breaks)]
    return [first, *inner, f"≥{written(breaks[-1])}"]


def _range(low: float, high: float, written: Written) -> str:
    one, other = written(low), written(high)
    if one == other:
        return one
    # A dash between signs would be another sign.
    return f"{one} … {other}" if {one[:1], other[:1]} & {"+", "-", "−"} else f"{one}–{other}"


def figure(value: float) -> str:
    """A number as short as it is still told from others."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == round(value) else f"{value:.3g}"


def between(stops: Sequence[str], count: int) -> list[str]:
    """So many colours along some, the ends among them; one alone is in the middle."""
    parts = np.array([[int(stop[at : at + 2], 16) for at in (1, 3, 5)] for stop in stops], dtype=np.float64)
    places = np.linspace(0, len(stops) - 1, count) if count > 1 else np.full(count, (len(stops) - 1) / 2)
    mixed = [np.interp(places, np.arange(len(stops)), parts[:, channel]) for channel in range(3)]
    return [f"#{round(r):02x}{round(g):02x}{round(b):02x}" for r, g, b in zip(*mixed, strict=True)]
