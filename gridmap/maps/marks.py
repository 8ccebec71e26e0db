"""What lies over shaded grids: points by their weight, contours and bands by their level, outlines with names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridmap.errors import InputError
from gridmap.maps import key
from gridmap.maps.layers import Look
from gridmap.maps.lettering import Label, Line
from gridmap.maps.shades import between, figure
from gridmap.maps.strokes import path_of, tag
from gridmap.maps.view import View

Given = gpd.GeoDataFrame | gpd.GeoSeries | None
# Reports come with lon and lat, or with a shape.
Points = pd.DataFrame | Given

# Points are drawn in so many sheets, one over the other, so that where many lie it is darker.
SHEETS: Final = 10
# Points of one size, the largest of those of several, and what that has to share with the others.
SMALLEST_PX, LARGEST_PX, ROOM_PX = 3.2, 17.0, 190.0
MANY: Final = 2_000
LEVELS: Final = 9
DOT: Final = {"light": "#16233d", "dark": "#e8eef8"}
OUTLINE: Final = {"light": "#7a0177", "dark": "#ff8ad8"}


@dataclass(frozen=True)
class Marks:
    """Shapes in degrees with the weight, level or name of each, and what the legend calls them."""

    points: NDArray[np.float64]
    weights: NDArray[np.float64]
    shapes: NDArray[Any]
    levels: NDArray[np.float64]
    outlines: NDArray[Any]
    names: tuple[str, ...]
    said: Mapping[str, str]
    look: Look = field(default_factory=Look)

    @classmethod
    def of(cls, points: Points, lines: Given, outlines: Given, said: Mapping[str, str], look: Look) -> Marks:
        """Look through what is to be drawn over the grids."""
        strange = next((name for name in said if name not in ("points", "lines", "outlines")), None)
        if strange is not None:
            raise InputError(f"the key says what {strange!r} are: there are points, lines and outlines")
        points = _placed(points)
        spots, shapes, around = _shapes(points, "points"), _shapes(lines, "lines"), _shapes(outlines, "outlines")
        names = outlines["name"] if isinstance(outlines, gpd.GeoDataFrame) and "name" in outlines else None
        return cls(
            shapely.get_coordinates(spots), _column(points, "weight", len(spots)),
            shapes, _column(lines, "level", len(shapes)), around,
            tuple("" if name is None or name != name else str(name) for name in (names if names is not None else ())),
            said, look,
        )  # fmt: skip

    # ---------------------------------------------------------------- drawn

    def under(self, view: View) -> str:
        """Bands between levels, which cover the grids."""
        return "".join(
            tag("path", d=path_of([shape]), fill=colour, fill_opacity=0.8, fill_rule="evenodd")
            for shape, colour in self._by_level(view)
            if shapely.get_dimensions(shape) == 2
        )

    def over(self, view: View) -> str:
        """Contours, points and outlines."""
        contours = "".join(
            tag("path", d=path_of([shape]), fill="none", stroke=colour, stroke_width=1.5, stroke_linejoin="round")
            for shape, colour in self._by_level(view)
            if shapely.get_dimensions(shape) == 1
        )
        return contours + self._dots(view) + self._around(view)

    def labels(self, view: View) -> list[Label]:
        """The names of the outlines, over them."""
        found = []
        for shape, name in zip(self.outlines, self.names, strict=False):
            if name:
                west, _, east, north = shapely.bounds(shape)
                x, y = view.spot(float(west + east) / 2, float(north))
                found.append(Label(x, y - 7, [Line(name[:40], 10.5, OUTLINE[self.look.theme], 700)], 60.0, must=True))
        return found

    def _by_level(self, view: View) -> list[tuple[Any, str]]:
        """What is low lies under what is high."""
        colours = self._colours()
        order = np.argsort(self.levels, kind="stable")
        drawn: Any = view.drawn(self.shapes[order]) if len(order) else []
        return [(shape, colours[level]) for shape, level in zip(drawn, self.levels[order], strict=True)
                if not shape.is_empty]  # fmt: skip

    def _colours(self) -> dict[float, str]:
        levels = sorted({float(level) for level in self.levels})
        ramp = list(self.look.style["heat"].values())
        stops = ramp[1:] if self.look.theme == "light" else ramp
        return dict(zip(levels, between(stops, len(levels)), strict=True))

    def _radii(self) -> NDArray[np.float64]:
        """Across, in pixels: areas are as the weights."""
        if not len(self.weights) or np.ptp(self.weights) == 0:
            return np.full(len(self.weights), SMALLEST_PX * (0.6 if len(self.weights) > MANY else 1.0))
        share = np.sqrt(np.clip(self.weights, 0, None) / self.weights.max())
        largest = min(LARGEST_PX, ROOM_PX / np.sqrt(len(share)))
        return np.asarray(np.maximum(np.round(share * largest), 1.5), dtype=np.float64)

    def _dots(self, view: View) -> str:
        across = self._radii()
        spots = [view.spot(lon, lat) for lon, lat in self.points.tolist()]
        sheets: dict[tuple[float, int], list[str]] = {}
        for place, (x, y) in enumerate(spots):
            if view.shows(x, y):
                sheets.setdefault((float(across[place]), place % SHEETS), []).append(f"M{x:.1f} {y:.1f}h.01")
        return "".join(self._dot("".join(sheets[sheet]), sheet[0]) for sheet in sorted(sheets, reverse=True))

    def _dot(self, line: str, across: float) -> str:
        seen = 0.6 if len(self.points) <= MANY else 0.32
        return tag("path", d=line, fill="none", stroke=DOT[self.look.theme], stroke_width=across,
                   stroke_linecap="round", stroke_opacity=seen)  # fmt: skip

    def _around(self, view: View) -> str:
        drawn: Any = view.drawn(self.outlines) if len(self.outlines) else []
        colour = OUTLINE[self.look.theme]
        return "".join(
            tag("path", d=path_of([shape]), fill=colour, fill_opacity=0.05, stroke=stroke, stroke_width=width,
                stroke_linejoin="round")
            for shape in drawn if not shape.is_empty
            for stroke, width in ((self.look.ink["halo"], 4.0), (colour, 2.0))
        )  # fmt: skip

    # ---------------------------------------------------------------- said

    def rows(self) -> list[key.Row]:
        """What the legend says of them, as far as it is told what they are."""
        found: list[key.Row] = []
        if "lines" in self.said and len(self.shapes):
            found += [key.gap(), *key.heading(self.said["lines"], self.look), *self._levels()]
        signs = {"points": self._sign_of_points, "outlines": self._sign_of_outlines}
        told = [name for name in ("points", "outlines") if name in self.said and len(getattr(self, name))]
        return [
            *found,
            *([key.gap()] if told else []),
            *(key.row(signs[name], self.said[name], self.look) for name in told),
        ]

    def _levels(self) -> list[key.Row]:
        colours = self._colours()
        areas = (shapely.get_dimensions(self.shapes) == 2).any()

        def row(level: float, colour: str) -> key.Row:
            def sign(x: float, y: float) -> str:
                if areas:
                    return tag("rect", x=round(x, 1), y=round(y + 2.5, 1), width=13, height=11, rx=2, fill=colour)
                return tag("path", d=f"M{x:.1f} {y + 8:.1f}h14", stroke=colour, stroke_width=2.5)

            return key.row(sign, f"≥{figure(level)}" if areas else figure(level), self.look)

        steps = sorted(colours, reverse=True)
        shown = steps if len(steps) <= LEVELS else [steps[0], steps[len(steps) // 2], steps[-1]]
        return [row(level, colours[level]) for level in shown if np.isfinite(level)]

    def _sign_of_points(self, x: float, y: float) -> str:
        return tag("circle", cx=round(x + 7, 1), cy=round(y + 8, 1), r=2.6, fill=DOT[self.look.theme], fill_opacity=0.7)

    def _sign_of_outlines(self, x: float, y: float) -> str:
        colour = OUTLINE[self.look.theme]
        return tag("circle", cx=round(x + 7, 1), cy=round(y + 8, 1), r=5.5, fill="none", stroke=colour, stroke_width=2)


def _placed(points: Points) -> Given:
    """Points of columns lon and lat, without those that have no place."""
    if points is None or isinstance(points, gpd.GeoDataFrame | gpd.GeoSeries):
        return points
    if not {"lon", "lat"} <= set(points):
        raise InputError("points are shapes, or rows with the columns lon and lat")
    there = points[points["lon"].notna() & points["lat"].notna()]
    return gpd.GeoDataFrame(there, geometry=gpd.points_from_xy(there["lon"], there["lat"]), crs=4326)


def _shapes(given: Given, name: str) -> NDArray[Any]:
    if given is None:
        return np.zeros(0, dtype=object)
    if given.crs is None:
        raise InputError(f"the {name} do not say in which system they lie: set their crs")
    return np.asarray(given.to_crs(4326).geometry.array, dtype=object)


def _column(given: Given, name: str, count: int) -> NDArray[np.float64]:
    if isinstance(given, gpd.GeoDataFrame) and name in given:
        return given[name].to_numpy(dtype=np.float64)
    return np.ones(count)
