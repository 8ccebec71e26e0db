"""What is drawn at which zoom of a web map, and how finely: the rules of vector tiles as data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

TileLayer = Literal["grids", "labels", "buildings", "facilities", "issues"]
TILE_LAYERS: Final[tuple[TileLayer, ...]] = ("grids", "labels", "buildings", "facilities", "issues")

# Beyond the last zoom a screen enlarges what it has: a unit of a tile is a centimetre there.
LAST_ZOOM: Final = 18
EXTENT: Final = 4096
# What a pixel measures at zoom 0, in units of EPSG:3857, with 256 to a tile.
PIXEL_AT_ZERO: Final = 40_075_016.685578488 / 256

BUILDINGS_FROM: Final = 15
FACILITIES_FROM: Final = 14
# Between the first tier, which is always drawn, and the leaf.
MIDDLE_FROM: Final = 10
LEAF_FROM: Final = 13
# From here on issues are drawn one by one, unless a tile holds too many of them.
SINGLES_FROM: Final = 15
MOST_SINGLES: Final = 1_000
# Into how many columns and rows a tile is divided to count what lies in it: far out, and close up.
COARSE: Final = 8
FINE: Final = 16


@dataclass(frozen=True)
class Band:
    """Zooms at which a grid is drawn by the same shape: from `first` on, corners within `tolerance_m` left out."""

    first: int
    tolerance_m: float


def _pixel(zoom: int) -> float:
    return float(PIXEL_AT_ZERO / 2**zoom)


# From the finest: each is made from the one before it. Nothing is left out where a corner would be seen to go.
BANDS: Final = (Band(14, 0.0), Band(12, _pixel(13)), Band(10, _pixel(11)), Band(0, _pixel(9)))


def band_of(zoom: int) -> Band:
    """By which shapes grids are drawn at a zoom."""
    return next(band for band in BANDS if zoom >= band.first)


def shown_from(tier: int, first_tier: int, leaf_tier: int) -> int:
    """The zoom from which a tier is drawn; the first one always is, so that there is something to see."""
    if tier == first_tier:
        return 0
    return LEAF_FROM if tier == leaf_tier else MIDDLE_FROM


def tiers_shown(zoom: int, first_tier: int, leaf_tier: int) -> list[int]:
    """The tiers that are drawn at a zoom."""
    return [tier for tier in range(first_tier, leaf_tier + 1) if zoom >= shown_from(tier, first_tier, leaf_tier)]


def tiers_of_band(band: Band, first_tier: int, leaf_tier: int) -> list[int]:
    """The tiers that are drawn at any zoom of a band."""
    last = max(zoom for zoom in range(LAST_ZOOM + 1) if band_of(zoom) == band)
    return tiers_shown(last, first_tier, leaf_tier)


@dataclass(frozen=True)
class Tile:
    """An address of a tile: of `2 ** z` columns the `x`th from the west, of as many rows the `y`th from the north."""

    z: int
    x: int
    y: int

    def fault(self) -> tuple[str, str] | None:
        """Which of its numbers there is no tile of, and why."""
        if not 0 <= self.z <= LAST_ZOOM:
            return "z", f"there are tiles of zooms 0 to {LAST_ZOOM}, not {self.z}: enlarge what is there"
        for name, number in (("x", self.x), ("y", self.y)):
            if not 0 <= number < 2**self.z:
                return name, f"at zoom {self.z}, {name} is from 0 to {2**self.z - 1}, not {number}"
        return None

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east and north in degrees."""
        return (
            self.x / 2**self.z * 360 - 180,
            _latitude((self.y + 1) / 2**self.z),
            (self.x + 1) / 2**self.z * 360 - 180,
            _latitude(self.y / 2**self.z),
        )


def _latitude(share: float) -> float:
    """The latitude at a share of the way from the north edge of the map to its south edge."""
    return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * share))))


def tile_at(lon: float, lat: float, zoom: int) -> Tile:
    """The tile that holds a position."""
    lat = max(-_latitude(0), min(_latitude(0), lat))
    x = (lon + 180) / 360
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    last = 2**zoom - 1
    return Tile(zoom, min(last, int(x * 2**zoom)), max(0, min(last, int(y * 2**zoom))))
