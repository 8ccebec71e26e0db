"""Where things lie, as the map needs it: collections of features, places for labels, lengths in metres."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from gridmap.maps.escape import clipped_deep

DEGREE_M = 111_320.0
# A centimetre: more of a coordinate nobody sees.
DECIMALS = 7

# How much of a text a map shows: enough to know what is meant.
NAME_LENGTH = 120
LONGEST = {"text": 500}

Collection = dict[str, Any]


def collection(frame: gpd.GeoDataFrame, properties: Iterable[dict[str, Any]]) -> Collection:
    """The shapes of a frame as GeoJSON, with properties whose strings are cut short; no shape, no feature."""
    shapes = shapely.transform(np.asarray(frame.geometry.array, dtype=object), lambda xy: np.round(xy, DECIMALS))
    features = [
        {
            "type": "Feature",
            "properties": {
                name: clipped_deep(value, LONGEST.get(name, NAME_LENGTH))
                for name, value in row.items()
                if value is not None
            },
            "geometry": json.loads(shapely.to_geojson(shape)),
        }
        for shape, row in zip(shapes, properties, strict=True)
        if shape is not None and not shape.is_empty
    ]
    return {"type": "FeatureCollection", "features": features}


def bounds(frames: Iterable[gpd.GeoDataFrame]) -> tuple[float, float, float, float] | None:
    """West, south, east and north of the first frame that has any shape."""
    for frame in frames:
        around = frame.total_bounds if len(frame) else np.full(4, np.nan)
        if np.isfinite(around).all():
            west, south, east, north = (float(value) for value in around)
            return west, south, east, north
    return None


def in_metres(shapes: NDArray[Any], latitude: float) -> NDArray[Any]:
    """Shapes in metres east and north, near enough for a label or a length."""
    scale = np.array([DEGREE_M * math.cos(math.radians(latitude)), DEGREE_M])
    return np.asarray(shapely.transform(shapes, lambda xy: xy * scale), dtype=object)


def label_places(shapes: Sequence[Any]) -> list[dict[str, Any] | None]:
    """For each area the middle of its largest circle as [lat, lon], and that circle's radius in metres."""
    given = np.asarray(shapes, dtype=object)
    drawable = ~(shapely.is_missing(given) | shapely.is_empty(given))
    if not drawable.any():
        return [None] * len(given)
    latitude = float(np.nanmean(shapely.bounds(given[drawable])[:, 1::2]))
    flat = in_metres(given, latitude)
    scale = (DEGREE_M * math.cos(math.radians(latitude)), DEGREE_M)
    return [_largest_circle(shape, scale) if fit else None for shape, fit in zip(flat, drawable, strict=True)]


def _largest_circle(shape: Any, scale: tuple[float, float]) -> dict[str, Any] | None:
    circle = shapely.maximum_inscribed_circle(shape, tolerance=max(1.0, shape.length / 200))
    if circle.is_empty:
        return None
    (x, y), (edge_x, edge_y) = circle.coords
    at = [round(y / scale[1], 6), round(x / scale[0], 6)]
    return {"at": at, "r": round(math.hypot(edge_x - x, edge_y - y), 1)}


def lengths_m(frame: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """How long the lines of a frame are."""
    if not len(frame):
        return np.zeros(0)
    shapes = np.asarray(frame.geometry.array, dtype=object)
    middle = float(np.nanmean(shapely.bounds(shapes)[:, 1::2]))
    return np.nan_to_num(shapely.length(in_metres(shapes, middle)))
