"""A map of any grids in the colours of what was found of them, for notebooks and paper; and maps side by side."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridmap.errors import InputError
from gridmap.language import catalogue
from gridmap.maps import key, marginalia
from gridmap.maps.escape import clipped, safe
from gridmap.maps.layers import Look
from gridmap.maps.lettering import Label, Lettering, Line
from gridmap.maps.marks import Given, Marks, Points
from gridmap.maps.places import label_places
from gridmap.maps.scene import SOMEWHERE
from gridmap.maps.shades import COUNTED, MISSING, NO_DATA, Colours, Shade, Shades, Shading, Written
from gridmap.maps.strokes import families, number, path_of, tag
from gridmap.maps.style import Theme
from gridmap.maps.svg import LEAST_MM, MOST_MM, SvgMap
from gridmap.maps.view import PX_PER_MM, Bounds, View
from gridmap.maps.words import moment_words

SIZE_MM: Final = (180.0, 120.0)
# Corners nearer to their line than this nobody sees.
FINEST_PX: Final = 0.35
LEAF: Final = 3
NAMED: Final = 26
GAP_PX: Final = 6.0
SIZED: Final = re.compile(r'<svg [^>]*?viewBox="0 0 ([\d.]+) ([\d.]+)" width="([\d.]+)mm" height="([\d.]+)mm"')


def shaded_map(
    grids: gpd.GeoDataFrame,
    found: pd.Series[Any] | None = None,
    *,
    kind: str | None = None,
    breaks: int | Sequence[float] = 5,
    middle: float | None = None,
    colours: Colours | None = None,
    written: Written | None = None,
    title: str | None = None,
    legend: str | None = None,
    points: Points = None,
    lines: Given = None,
    outlines: Given = None,
    said: Mapping[str, str] | None = None,
    labels: Sequence[str] | Mapping[str, str] = (),
    language: str = "en",
    theme: Theme = "light",
    size_mm: tuple[float, float] = SIZE_MM,
    at: datetime | None = None,
    timezone: str = "Asia/Shanghai",
) -> SvgMap:
    """Grids (code, name, geometry; tier where there are several) in the colours of a series by code.

    Numbers are cut into `breaks` (so many classes of equally many grids, or where each but the first begins), around a
    `middle` from blue to red; `Gi_Bin`, `COType`, emerging categories and changes have the colours of hot spots; other
    words those of `colours`. Grids that are not in the series have no data. `points` (shapes, or rows with lon and lat)
    may have a `weight`, `lines` (or polygons) a `level`, `outlines` a `name`; `said` tells in the legend what points,
    lines and outlines are. Each code of `labels` is named, or called as a mapping says.
    """
    catalogue(language)  # a language there is not is refused
    if not all(LEAST_MM <= side <= MOST_MM for side in size_mm):
        raise InputError(f"a picture is from {LEAST_MM:g} to {MOST_MM:g} mm wide and high: choose such a size")
    plan, look = Plan.of(grids), Look(theme)
    shades = _shades(plan, found, Shading(kind, breaks, middle, colours, written, theme, language))
    marks = Marks.of(points, lines, outlines, said or {}, look)
    rows = [*_legend(plan, shades, legend, look, language), *marks.rows()]
    moment = moment_words(at, timezone)
    sheet = _Sheet(plan, shades, marks, look, language, title, moment, tuple(rows), size_mm)
    return SvgMap(sheet.svg(_named(plan, labels)))


def beside(*maps: SvgMap) -> SvgMap:
    """Maps side by side as one: what was before, and what is after."""
    sizes = [SIZED.match(each) for each in maps]
    if not maps or None in sizes:
        raise InputError("only maps of ours stand side by side: give them as shaded_map or svg_map made them")
    given = [tuple(map(float, size.groups())) for size in sizes if size]
    parts, left = [], 0.0
    for drawn, (width, height, _, _) in zip(maps, given, strict=True):
        inside = f'width="{number(width)}" height="{number(height)}" viewBox="0 0 {number(width)} {number(height)}"'
        parts.append(f'<svg x="{number(round(left, 1))}" {inside}{drawn[drawn.index(" font-family") :]}')
        left += width + GAP_PX
    left -= GAP_PX
    high = max(size[1] for size in given)
    return SvgMap(
        tag(
            "svg", "".join(parts), xmlns="http://www.w3.org/2000/svg",
            viewBox=f"0 0 {number(round(left, 1))} {number(high)}", width=f"{number(round(left / PX_PER_MM, 2))}mm",
            height=f"{number(max(size[3] for size in given))}mm", font_family=families("en"), role="img",
        )
    )  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """Grids to be shaded: the shape of each in degrees, its tier, and what it is called."""

    codes: tuple[str, ...]
    names: Mapping[str, str]
    tiers: NDArray[np.int64]
    shapes: NDArray[Any]

    @classmethod
    def of(cls, grids: gpd.GeoDataFrame) -> Plan:
        """Look through a frame of grids."""
        if "code" not in grids:
            raise InputError("a frame of grids needs the column code")
        if grids.crs is None:
            raise InputError("the grids do not say in which system they lie: set their crs")
        codes = pd.Index([str(code) for code in grids["code"]])
        if not codes.is_unique:
            raise InputError(f"grid {codes[codes.duplicated()][0]} comes twice: draw the grids of one edition")
        names = [str(name) for name in grids["name" if "name" in grids else "code"]]
        tiers = grids["tier"].to_numpy(dtype=np.int64) if "tier" in grids else np.full(len(codes), LEAF)
        shapes = np.asarray(grids.to_crs(4326).geometry.array, dtype=object)
        return cls(tuple(codes), dict(zip(codes, names, strict=True)), tiers, shapes)

    @cached_property
    def there(self) -> NDArray[np.bool_]:
        """Which of them have any ground."""
        return np.asarray(~(shapely.is_missing(self.shapes) | shapely.is_empty(self.shapes)))

    @property
    def bounds(self) -> Bounds:
        if not self.there.any():
            return SOMEWHERE
        west, south, east, north = (float(side) for side in shapely.total_bounds(self.shapes))
        return west, south, east, north

    def shaded(self, shades: Shades | None) -> int:
        """The tier that is shaded: the lowest of which something was found."""
        found = [tier for code, tier in zip(self.codes, self.tiers, strict=True) if shades and code in shades.colours]
        return int(max(found or self.tiers, default=LEAF))

    def drawn(self, view: View, tier: int) -> list[tuple[str, Any]]:
        """The grids of a tier with their shapes in pixels, as fine as they are seen; shared lines stay shared."""
        chosen = np.flatnonzero((self.tiers == tier) & self.there)
        shapes = _simpler(view.drawn(self.shapes[chosen]))
        return [(self.codes[each], shape) for each, shape in zip(chosen, shapes, strict=True) if not shape.is_empty]


def _simpler(shapes: NDArray[Any]) -> NDArray[Any]:
    """Shapes in pixels without what nobody sees; one that crosses itself stays as it is."""
    sound = shapely.is_valid(shapes)
    if sound.any():
        shapes[sound] = shapely.coverage_simplify(shapes[sound], FINEST_PX)
    return shapes


def _shades(plan: Plan, found: pd.Series[Any] | None, shading: Shading) -> Shades | None:
    if found is None:
        return None
    if not found.index.is_unique:
        raise InputError(f"grid {found.index[found.index.duplicated()][0]} was found twice: give one value for each")
    strange = next((code for code in map(str, found.index) if code not in plan.names), None)
    if strange is not None:
        raise InputError(f"no grid is called {strange}: give what was found by the codes of these grids")
    return shading.of(found)


def _named(plan: Plan, labels: Sequence[str] | Mapping[str, str]) -> dict[str, str]:
    strange = next((code for code in labels if code not in plan.names), None)
    if strange is not None:
        raise InputError(f"no grid is called {strange}: label one of these grids")
    return dict(labels) if isinstance(labels, Mapping) else {code: plan.names[code] for code in labels}


def _legend(plan: Plan, shades: Shades | None, title: str | None, look: Look, language: str) -> list[key.Row]:
    if shades is None:
        return key.heading(title, look) if title else []
    without = int((plan.tiers == plan.shaded(shades)).sum()) - len(shades.colours)
    rows = [key.swatch(shade, look) for shade in shades.legend if shade.count or len(shades.legend) < 10]
    if without > 0:
        rows.append(key.swatch(Shade(MISSING[look.theme], NO_DATA.say(language), without), look))
    return [*key.heading(title or "", look, counted=COUNTED.say(language)), *rows]


@dataclass(frozen=True)
class _Sheet:
    """A shaded map with everything that stands on it."""

    plan: Plan
    shades: Shades | None
    marks: Marks
    look: Look
    language: str
    title: str | None
    moment: str | None
    rows: tuple[key.Row, ...]
    size_mm: tuple[float, float]

    @cached_property
    def size(self) -> tuple[float, float]:
        return round(self.size_mm[0] * PX_PER_MM, 1), round(self.size_mm[1] * PX_PER_MM, 1)

    def svg(self, named: Mapping[str, str]) -> str:
        width, height = self.size
        aside = key.width_of(self.rows)
        above = marginalia.BAND if self.title or self.moment else 0.0
        view = View.of(self.plan.bounds, max(width - aside, width / 3), height, 0.03, above)
        inner = "".join([
            tag("rect", width=width, height=height, fill=self.look.ink["paper"]), self._grids(view),
            self.marks.under(view), self._tiers(view), self.marks.over(view), self._labels(view, named),
            marginalia.heading(self.look, self.title, self.moment), marginalia.scale_bar(view, self.look),
            key.column(self.rows, width, height, self.look),
        ])  # fmt: skip
        return tag(
            "svg", inner, xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {number(width)} {number(height)}",
            width=f"{number(self.size_mm[0])}mm", height=f"{number(self.size_mm[1])}mm",
            font_family=families(self.language), role="img", aria_label=self.title,
        )  # fmt: skip

    def _grids(self, view: View) -> str:
        """The grids of the tier that is shaded; whoever points at one reads what was found."""
        plain = MISSING[self.look.theme] if self.shades else self.look.style["land"]
        drawn = []
        for code, shape in self.plan.drawn(view, self.plan.shaded(self.shades)):
            told = f"{self.plan.names[code]}: {self._value(code)}" if self.shades else self.plan.names[code]
            colour = self.shades.colours.get(code, plain) if self.shades else plain
            drawn.append(tag("path", tag("title", safe(told)), d=path_of([shape]), fill=colour, fill_rule="evenodd"))
        line = self.look.ink["paper"] if self.shades else self.look.style["tiers"]["3"]["colour"]
        return tag("g", "".join(drawn), stroke=line, stroke_width=0.6, stroke_linejoin="round") if drawn else ""

    def _value(self, code: str) -> str:
        return self.shades.values.get(code) or NO_DATA.say(self.language) if self.shades else ""

    def _tiers(self, view: View) -> str:
        """The lines of the tiers above, where they are there."""
        drawn = []
        for tier in range(self.plan.shaded(self.shades) - 1, 0, -1):
            if shapes := [shape for _, shape in self.plan.drawn(view, tier)]:
                line = {"stroke": self.look.ink[f"tier{tier}"], "stroke_width": 1.7 if tier == 1 else 1.0}
                drawn.append(tag("path", d=path_of(shapes), fill="none", **line, stroke_linejoin="round",
                                 stroke_opacity=0.8))  # fmt: skip
        return "".join(drawn)

    def _labels(self, view: View, named: Mapping[str, str]) -> str:
        written = Lettering(view, self.look.ink["halo"])
        written.closed.append((view.width - marginalia.SCALE_PX, view.height - 36, view.width, view.height))
        places = {code: place for place, code in enumerate(self.plan.codes)}
        middles = label_places([self.plan.shapes[places[code]] for code in named])
        for code, middle in zip(named, middles, strict=True):
            if middle is not None:
                x, y = view.spot(middle["at"][1], middle["at"][0])
                line = Line(clipped(named[code], NAMED), 11, self.look.ink["ink"], 700)
                written.add([Label(x, y, [line], 40.0, must=True)])
        written.add(self.marks.labels(view))
        return written.svg()
