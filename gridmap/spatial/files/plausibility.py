"""Whether a layer's shapes can be where it says: findings before any check of how they fit together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from gridmap.domain.findings import Finding, found
from gridmap.spatial.files.cells import as_text

Kinds = Literal["Polygon", "Point", "any"]
Bounds = tuple[float, float, float, float]
FIT: dict[str, tuple[str, ...]] = {
    "Polygon": ("Polygon", "MultiPolygon"),
    "Point": ("Point",),
    "any": ("Point", "MultiPoint", "LineString", "MultiLineString", "LinearRing", "Polygon", "MultiPolygon"),
}
# Findings of one kind are listed singly up to this many; a layer that is wrong throughout is said once.
_LISTED = 100


def plausible(
    frame: gpd.GeoDataFrame,
    layer_name: str,
    *,
    kinds: Kinds = "any",
    beside: Sequence[float] | None = None,
    tier: int | None = None,
) -> list[Finding]:
    """What about a layer's shapes cannot be.

    Parameters
    ----------
    frame : geopandas.GeoDataFrame of n rows
        Degrees of EPSG:4326, or what poses as them. Findings name rows by the column `code`, if there is one.
    layer_name : str
        What the findings call the layer.
    kinds : {"Polygon", "Point", "any"}
        The types of shapes that fit the layer.
    beside : sequence of four floats, optional
        West, south, east and north of the rest of the plan, in degrees: a layer that lies there only with its axes
        exchanged has them in the wrong order.
    tier : int, optional
        The tier the findings are about.

    Returns
    -------
    list of Finding
        `empty-geometry`, `wrong-geometry`, `not-degrees`, `swapped-axes`; empty if all can be true.

    Examples
    --------
    >>> frame = gpd.GeoDataFrame({"code": ["A"]}, geometry=gpd.points_from_xy([31.2], [121.5]), crs=4326)
    >>> [finding.check for finding in plausible(frame, "facilities")]
    ['swapped-axes']
    """
    shapes = np.asarray(frame.geometry.array, dtype=object)
    about = _Rows(frame, layer_name, tier)
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    findings = about.each("empty-geometry", empty, "the row has no shape")
    types = np.array(["" if shape is None else shape.geom_type for shape in shapes], dtype=object)
    unfit = ~empty & ~np.isin(types, FIT[kinds])
    wanted = "a point, a line or a polygon" if kinds == "any" else f"a {kinds.lower()}"
    findings += about.each("wrong-geometry", unfit, "the shape is no " + wanted.removeprefix("a "))
    return findings + _misplaced(shapes, ~empty, about, beside)


def _misplaced(
    shapes: NDArray[np.object_], present: NDArray[np.bool_], about: _Rows, beside: Sequence[float] | None
) -> list[Finding]:
    """Metres and exchanged axes; both are faults of a layer, but single rows can have them."""
    west, south, east, north = shapely.bounds(shapes).T
    coordinates, owners = shapely.get_coordinates(shapes, return_index=True)
    infinite = np.zeros(len(shapes), dtype=bool)
    infinite[owners[~np.isfinite(coordinates).all(axis=1)]] = True
    x, y = np.fmax(np.abs(west), np.abs(east)), np.fmax(np.abs(south), np.abs(north))
    swapped = present & (y > 90) & (y <= 180) & (x <= 90)
    metres = present & ~infinite & ~swapped & ((x > 180) | (y > 90))
    if beside is not None and not swapped.any() and not metres.any() and present.any():
        swapped = swapped | (present & _lies_there_exchanged((west, south, east, north), present, beside))
    return [
        *about.each("not-degrees", infinite, "a coordinate is NaN or infinite"),
        *about.each("swapped-axes", swapped, "longitude and latitude stand in the wrong order; exchange them"),
        *about.each("not-degrees", metres, "the coordinates are no degrees; name the file's system with --crs"),
    ]


def _lies_there_exchanged(
    bounds: tuple[NDArray[np.float64], ...], present: NDArray[np.bool_], beside: Sequence[float]
) -> NDArray[np.bool_]:
    """All rows, where the layer misses the rest of the plan as it is and meets it with its axes exchanged."""
    west, south = (float(np.nanmin(side[present])) for side in bounds[:2])
    east, north = (float(np.nanmax(side[present])) for side in bounds[2:])
    reach = max(beside[2] - beside[0], beside[3] - beside[1], 0.01)
    room = shapely.box(beside[0] - reach, beside[1] - reach, beside[2] + reach, beside[3] + reach)
    as_is, exchanged = shapely.box(west, south, east, north), shapely.box(south, west, north, east)
    return np.full(len(present), exchanged.intersects(room) and not as_is.intersects(room))


class _Rows:
    """Turns a mask of rows into findings that name them."""

    def __init__(self, frame: gpd.GeoDataFrame, layer: str, tier: int | None) -> None:
        self._frame, self._layer, self._tier = frame, layer, tier
        self._codes = as_text(frame["code"]).tolist() if "code" in frame.columns else [None] * len(frame)

    def each(self, check: str, mask: NDArray[np.bool_], message: str) -> list[Finding]:
        """One finding a row, or a single one for all where nearly everything is wrong in the same way."""
        rows = np.flatnonzero(mask)
        if len(rows) > _LISTED:
            codes = tuple(code for code in (self._codes[row] for row in rows) if code)
            return [self._found(check, f"{message} ({len(rows):,} of {len(mask):,} rows)", codes, None)]
        return [
            self._found(check, f"row {row + 1}: {message}", (code,) if code else (), self._frame.geometry.iloc[row])
            for row, code in ((row, self._codes[row]) for row in rows)
        ]

    def _found(self, check: str, message: str, codes: tuple[str, ...], shape: object) -> Finding:
        drawable = shape is not None and check == "wrong-geometry"
        return found(check, self._layer, message, codes=codes, tier=self._tier, geometry=shape if drawable else None)
