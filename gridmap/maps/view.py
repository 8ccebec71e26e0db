"""A piece of ground as it lies on paper or a picture: from degrees to pixels, 96 of them to the inch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmap.maps.places import DEGREE_M

PX_PER_MM: Final = 96 / 25.4
# What a web map shows in a pixel at zoom 0 on the equator: weights of lines are told by zoom, as on the screen.
ZOOM_0_M: Final = 156_543.034
# How much around a piece of ground is drawn beyond the sheet, so that no cut edge is seen.
BLEED_PX: Final = 24.0
# Nothing is looked at from nearer: a point has no size.
NARROWEST_M: Final = 60.0
DEGREES: Final = (-180.0, -90.0, 180.0, 90.0)

Bounds = tuple[float, float, float, float]


@dataclass(frozen=True)
class View:
    """West and north in degrees, pixels in a degree of longitude and of latitude, and the sheet's size in pixels."""

    west: float
    north: float
    scale_x: float
    scale_y: float
    width: float
    height: float

    @classmethod
    def of(
        cls, bounds: Bounds, width: float, height: float, margin: float = 0.04, above: float = 0, below: float = 0
    ) -> View:
        """The view that shows all of some bounds in the middle of a sheet, with a margin as a share of it.

        So many pixels are left `above` and `below` for what is written there.
        """
        room = max(height - above - below, height / 3)
        west, south, east, north = bounds
        middle_x, middle_y = (west + east) / 2, (south + north) / 2
        narrowing = max(math.cos(math.radians(middle_y)), 0.01)
        wide = max((east - west) * narrowing * DEGREE_M, NARROWEST_M)
        tall = max((north - south) * DEGREE_M, NARROWEST_M * room / width)
        per_px = max(wide / width, tall / room) / (1 - 2 * margin)
        scale_y = DEGREE_M / per_px
        scale_x = scale_y * narrowing
        north = middle_y + (height + above - below) / 2 / scale_y
        return cls(middle_x - width / 2 / scale_x, north, scale_x, scale_y, width, height)

    @property
    def metres_per_px(self) -> float:
        return DEGREE_M / self.scale_y

    @property
    def zoom(self) -> float:
        """The zoom of a web map that shows as much in a pixel."""
        latitude = self.north - self.height / 2 / self.scale_y
        return math.log2(ZOOM_0_M * max(math.cos(math.radians(latitude)), 0.01) / self.metres_per_px)

    @property
    def growth(self) -> float:
        """By how much lines are heavier than at zoom 16.25, as on the screen."""
        return float(2 ** (0.42 * min(max(self.zoom - 16.25, -1.2), 2.2)))

    @property
    def bounds(self) -> Bounds:
        """West, south, east and north of what is drawn, a little more than what is seen."""
        x, y = BLEED_PX / self.scale_x, BLEED_PX / self.scale_y
        east, south = self.west + self.width / self.scale_x, self.north - self.height / self.scale_y
        return self.west - x, south - y, east + x, self.north + y

    def drawn(self, shapes: NDArray[Any]) -> NDArray[Any]:
        """Shapes in pixels, without what lies beyond the sheet."""
        cut = shapely.clip_by_rect(shapes, *self.bounds)
        return np.asarray(shapely.transform(cut, self._pixels), dtype=object)

    def spot(self, lon: float, lat: float) -> tuple[float, float]:
        """A position in pixels."""
        return (lon - self.west) * self.scale_x, (self.north - lat) * self.scale_y

    def shows(self, x: float, y: float, within: float = 0.0) -> bool:
        """Whether a place in pixels lies on the sheet, so far from its edge at least."""
        return within <= x <= self.width - within and within <= y <= self.height - within

    def _pixels(self, places: NDArray[Any]) -> NDArray[Any]:
        return np.asarray((places - (self.west, self.north)) * (self.scale_x, -self.scale_y))
