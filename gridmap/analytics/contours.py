"""Lines and areas of a density: where it passes a height, how much lies above, in degrees and ready for a map."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from contourpy import FillType, LineType, contour_generator
from numpy.typing import ArrayLike, NDArray

from gridmap.analytics.projection import WGS84, Floats
from gridmap.analytics.surface import KM2, Surface
from gridmap.errors import InputError

# What levels are: heights, shares of the peak, or the share of all that lies where it is at least as dense.
Of = Literal["units", "peak", "mass"]
KINDS: Final = ("units", "peak", "mass")
SLIVER: Final = 1e-6  # of a cell: an area that is smaller is rounding
POLYGON: Final = 3  # as GEOS numbers what a part is
LINES: Final = (1, 2, 5)


def contours(surface: Surface, levels: ArrayLike, *, of: Of = "units") -> gpd.GeoDataFrame:
    """The lines along which a density has certain heights.

    Between the middles of cells it is taken as linear. Lines end where the surface does: at the frame, at the outline
    of the area, at cells of which nothing is known. (The outlines of `bands` are closed.)

    Parameters
    ----------
    surface : Surface
        Of `density` or `relative_risk`.
    levels : array_like of float
        What is drawn, above 0 each; see `of`.
    of : {"units", "peak", "mass"}
        Levels are heights as the surface has them (per km2); shares of its peak; or shares of all: that of 0.5 is the
        line round the smallest area that holds half.

    Returns
    -------
    geopandas.GeoDataFrame, one row for each level that is reached, the lowest first
        `level` as asked, `height`, `metres` (length) and a MultiLineString in EPSG:4326, or in the surface's own
        numbers where it has no coordinate system. To the left of a line lies what is higher.

    Raises
    ------
    InputError
        If there are no levels, or they are none of what they are said to be.

    Examples
    --------
    >>> from gridmap.analytics.density import density
    >>> found = density(np.zeros((1000, 2)), metres=100.0)
    >>> lines = contours(found, [0.1, 0.5], of="peak")
    >>> lines["metres"].round(-1).tolist(), (2 * np.pi * 100 * np.sqrt(2 * np.log([10, 2]))).round(-1).tolist()
    ([1350.0, 740.0], [1350.0, 740.0])
    """
    asked, heights = _heights(surface, levels, of)
    drawn = contour_generator(*_field(surface), line_type=LineType.Separate)
    rows, shapes = [], []
    for level, height in zip(asked, heights, strict=True):
        lines: Any = drawn.lines(height)
        found: Any = shapely.MultiLineString(lines)
        if surface.within is not None:
            found = _only(shapely.line_merge(shapely.intersection(found, surface.within), directed=True), LINES)
        if not found.is_empty:
            rows.append((level, height, float(shapely.length(found))))
            shapes.append(found)
    return _framed(surface, rows, ["level", "height", "metres"], shapes)


def bands(surface: Surface, levels: ArrayLike, *, of: Of = "units") -> gpd.GeoDataFrame:
    """The areas in which a density lies between one level and the next, and above the highest.

    They are closed along the frame, along the outline of the area (which they follow exactly) and around cells of which
    nothing is known; they overlap nowhere. `bands(surface, [0.5], of="mass")` is the smallest area that holds half.

    Parameters
    ----------
    surface : Surface
        Of `density` or `relative_risk`.
    levels : array_like of float
        Where bands begin, above 0 each; see `of`.
    of : {"units", "peak", "mass"}
        As for `contours`.

    Returns
    -------
    geopandas.GeoDataFrame, one row for each band that is anywhere, the lowest first
        `level` as asked, `low`, `high` (heights; NaN above the highest level), `km2`, `holds` (which share of all the
        cells of the band hold) and valid polygons in EPSG:4326, or in the surface's own numbers where it has no
        coordinate system.

    Raises
    ------
    InputError
        If there are no levels, or they are none of what they are said to be.

    Examples
    --------
    >>> from gridmap.analytics.density import density
    >>> found = density(np.zeros((1000, 2)), metres=100.0)
    >>> half = bands(found, [0.5], of="mass")
    >>> half[["km2", "holds"]].round(4).values.tolist(), float((np.pi * 0.1**2 * 2 * np.log(2)).round(4))
    ([[0.0436, 0.5]], 0.0436)
    """
    asked, heights = _heights(surface, levels, of)
    drawn = contour_generator(*_field(surface), fill_type=FillType.OuterOffset)
    held = np.where(np.isnan(surface.values), 0.0, surface.field * (1.0 if surface.share is None else surface.share))
    rows, shapes = [], []
    for level, low, high in zip(asked, heights, np.append(heights, np.inf)[1:], strict=True):
        found = _areas(surface, drawn.filled(low, high)) if high > low else shapely.Polygon()
        if not found.is_empty:
            of_band = held[(surface.field >= low) & (surface.field < high)].sum() / held.sum()
            upper = high if np.isfinite(high) else np.nan
            rows.append((level, low, upper, float(shapely.area(found)) / KM2, float(of_band)))
            shapes.append(found)
    return _framed(surface, rows, ["level", "low", "high", "km2", "holds"], shapes)


def _heights(surface: Surface, levels: ArrayLike, of: Of) -> tuple[Floats, Floats]:
    """Levels as asked, and as heights, the lowest first; none where nothing is anywhere."""
    asked = np.unique(np.asarray(levels, dtype=np.float64).ravel())
    if of not in KINDS:
        raise InputError(f"levels of {of!r} are not known: choose {', '.join(KINDS)}")
    if not len(asked) or not (np.isfinite(asked) & (asked > 0)).all():
        raise InputError("levels are numbers above 0: give at least one")
    if of != "units" and asked[-1] >= 1:
        raise InputError(f"a level of {asked[-1]:g} is no share: give shares between 0 and 1, or levels of units")
    if surface.peak <= 0:
        return asked[:0], asked[:0]
    if of == "units":
        return asked, asked
    if of == "peak":
        return asked, asked * surface.peak
    known = ~np.isnan(surface.values)
    values = surface.field[known]
    order = np.argsort(values)[::-1]
    held = np.cumsum((values if surface.share is None else values * surface.share[known])[order])
    return asked[::-1], np.interp(asked[::-1] * held[-1], held, values[order])


def _field(surface: Surface) -> tuple[Floats, Floats, Any]:
    """The middles of cells and half a cell more at every side, so that bands end where the frame does."""
    west, south, cell, rows, columns = surface.frame
    x = np.concatenate([[west], surface.x, [west + columns * cell]])
    y = np.concatenate([[south], surface.y, [south + rows * cell]])
    return x, y, np.ma.masked_invalid(np.pad(surface.field, 1, mode="edge"))


def _areas(surface: Surface, filled: Any) -> Any:
    """Outer rings with their holes as one valid shape, no larger than the area."""
    polygons = []
    for places, offsets in zip(*filled, strict=True):
        rings = [places[start:stop] for start, stop in pairwise(offsets)]
        polygons.append(shapely.Polygon(rings[0], rings[1:]))
    found = shapely.union_all(shapely.make_valid(np.array(polygons, dtype=object)))
    if surface.within is not None:
        found = shapely.intersection(found, surface.within)
    return _only(found, (POLYGON, 6), SLIVER * surface.frame.cell**2)


def _only(shape: Any, kinds: tuple[int, ...], least: float = 0.0) -> Any:
    """Those parts of a shape that are of a kind, and no slivers."""
    parts = shapely.get_parts(shapely.get_parts(shape))
    kept = parts[np.isin(shapely.get_type_id(parts), kinds) & (shapely.area(parts) >= least)]
    return shapely.multipolygons(kept) if POLYGON in kinds else shapely.multilinestrings(kept)


def _framed(surface: Surface, rows: list[Any], columns: list[str], shapes: list[Any]) -> gpd.GeoDataFrame:
    """Rows and shapes as a frame in degrees; moving corners may bend a ring over itself, which is mended."""
    moved: NDArray[Any] = surface.plane.degrees(np.array(shapes, dtype=object))
    bent = ~shapely.is_valid(moved)
    moved[bent] = [_only(shape, (POLYGON, 6)) for shape in shapely.make_valid(moved[bent])]
    crs = None if surface.plane.crs is None else WGS84
    return gpd.GeoDataFrame(pd.DataFrame(rows, columns=columns, dtype=np.float64), geometry=list(moved), crs=crs)
