"""The pieces that geometry checks are about: where they are and which of them count."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely import GeometryType

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    Shapes = NDArray[np.object_]
    Positions = NDArray[np.intp]

NEGLIGIBLE_M2 = 0.01  # what the lattice of coordinates leaves along a tilted edge
TOLERATED_M2 = 1.0  # what nobody would redraw a plan for
SLIVER_WIDTH_M = 0.1

AREAL = (GeometryType.POLYGON, GeometryType.MULTIPOLYGON)


def sound(shapes: Shapes) -> NDArray[np.bool_]:
    """Which shapes are areas that geometry can be done with."""
    return np.isin(shapely.get_type_id(shapes), AREAL) & ~shapely.is_empty(shapes) & shapely.is_valid(shapes)


def polygons(shapes: Shapes) -> tuple[Shapes, Positions]:
    """The polygons in a set operation's results, and the position of the result each came from."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    areal = (shapely.get_type_id(parts) == GeometryType.POLYGON) & ~shapely.is_empty(parts)
    return parts[areal], owner[areal]


def areal(shapes: Shapes) -> Shapes:
    """The same results without the lines and points that touching leaves; None where nothing is left."""
    result = np.full(len(shapes), None, dtype=object)
    parts, owner = polygons(shapes)
    shapely.multipolygons(parts, indices=owner, out=result)
    return np.where(shapely.get_num_geometries(result) == 1, shapely.get_geometry(result, 0), result)


def position(shape: BaseGeometry) -> tuple[float, float]:
    """A longitude and latitude on a shape."""
    point = shapely.point_on_surface(shape)
    if not shapely.is_empty(point):
        return float(point.x), float(point.y)
    lon, lat = shapely.get_coordinates(shape)[0]
    return float(lon), float(lat)


def place(shape: BaseGeometry) -> str:
    """Where a shape is, in words."""
    lon, lat = position(shape)
    return f"{lon:.6f}, {lat:.6f}"


def names(frame: pd.DataFrame) -> Shapes:
    """The codes of a frame's rows as text; a dash for a row without one, which another check tells."""
    codes = frame["code"]
    return codes.astype(str).where(codes.notna(), "–").to_numpy(dtype=object)


def size(area: float) -> str:
    """Square metres in words."""
    return f"{area:,.2f} m2" if area < 100 else f"{area:,.0f} m2"


def part(area: float, whole: float) -> str:
    """A part of a whole in words."""
    percent = 100 * area / whole
    return f"{percent:.2f} %" if percent >= 0.01 else "under 0.01 %"


def listed(codes: tuple[str, ...], most: int = 6) -> str:
    """Codes as a phrase: `A, B and C`."""
    shown = codes[:most]
    if len(codes) > most:
        return f"{', '.join(shown)} and {len(codes) - most} more"
    return " and ".join(filter(None, (", ".join(shown[:-1]), *shown[-1:])))
