"""Shapes from outside: built from numbers, WKT or WKB without ever handing a parser something nested."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gridmap.errors import FileRefusedError
from gridmap.spatial.files.limits import Limits, check_ring, refused

# One keyword and numbers: a collection inside a collection cannot be written so.
_PLAIN_WKT = re.compile(
    r"\s*(?:SRID=\d+;)?\s*((?:MULTI)?(?:POINT|LINESTRING|POLYGON)\s*(?:ZM?|M)?)\s*(EMPTY|[-+0-9.eE,()\s]+)",
    re.IGNORECASE,
)
_HEADER_BYTES = 5
_MULTI_PARTS = {4: 1, 5: 2, 6: 3}


def shape_of(geometry: object, path: Path, row: int, limits: Limits) -> BaseGeometry | None:
    """The shape of a GeoJSON geometry object; None for null."""
    if geometry is None:
        return None
    if not isinstance(geometry, dict):
        raise refused(path, f"feature {row}: the geometry is no object; export the file again")
    build = _BUILDERS.get(geometry.get("type"))  # type: ignore[arg-type]
    if build is None:
        kind = str(geometry.get("type"))[:40]
        raise refused(path, f"feature {row}: a geometry of type {kind!r} is not read; give points, lines or polygons")
    coordinates = geometry.get("coordinates")
    if not isinstance(coordinates, list):
        raise refused(path, f"feature {row}: the geometry has no coordinates; export the file again")
    try:
        return build(coordinates, lambda count: check_ring(path, row, count, limits))
    except (ValueError, TypeError, IndexError, OverflowError, shapely.errors.ShapelyError):
        raise refused(path, f"feature {row}: the coordinates are not those of a {geometry['type']}") from None


def shapes_of_wkt(texts: Sequence[object], path: Path) -> NDArray[np.object_]:
    """The shapes of a column of WKT; None where a cell is empty."""
    checked: list[str | None] = []
    for row, text in enumerate(texts, 1):
        if not isinstance(text, str) or not text.strip():
            checked.append(None)
            continue
        if not _PLAIN_WKT.fullmatch(text):
            raise refused(path, f"row {row}: the shape is no plain WKT such as POLYGON ((…)): {text[:30]!r}")
        checked.append(re.sub(r"^\s*SRID=\d+;", "", text, flags=re.IGNORECASE))
    try:
        return np.asarray(shapely.from_wkt(np.array(checked, dtype=object)))
    except shapely.errors.ShapelyError as error:
        raise refused(path, f"a shape is no WKT ({str(error)[:80]}); export the file again") from None


def shapes_of_wkb(blobs: Sequence[object], path: Path) -> NDArray[np.object_]:
    """The shapes of a column of WKB; None where a cell is empty."""
    for row, blob in enumerate(blobs, 1):
        if isinstance(blob, bytes) and not _is_plain(blob):
            raise refused(path, f"row {row}: the shape is no plain WKB point, line or polygon; export the file again")
    try:
        return np.asarray(shapely.from_wkb(np.array(blobs, dtype=object)))
    except (shapely.errors.ShapelyError, TypeError) as error:
        raise refused(path, f"a shape is no WKB ({str(error)[:80]}); export the file again") from None


def check_shapes(shapes: NDArray[np.object_], path: Path, limits: Limits) -> None:
    """Refuse rings without end, and coordinates that are no numbers."""
    for at in np.flatnonzero(shapely.get_num_coordinates(shapes) > limits.ring):
        for ring in shapely.get_rings(shapely.get_parts(shapes[at])):
            check_ring(path, int(at) + 1, shapely.get_num_coordinates(ring), limits)
    coordinates, owners = shapely.get_coordinates(shapes, return_index=True)
    wrong = ~np.isfinite(coordinates).all(axis=1)
    if wrong.any():
        row = int(owners[wrong][0]) + 1
        raise refused(path, f"feature {row}: a coordinate is NaN or infinite; repair it, or say the file's --crs")


def _positions(values: list[Any], count: Callable[[int], None]) -> NDArray[np.float64]:
    """An n x 2 array of a list of positions; strings are not numbers here, and heights are dropped."""
    count(len(values))
    array = np.asarray(values)
    if array.size == 0:
        return np.empty((0, 2))
    if array.dtype.kind not in "fi" or array.ndim != 2 or array.shape[1] < 2:
        raise ValueError
    return array[:, :2].astype(np.float64)


def _point(values: list[Any], count: Callable[[int], None]) -> BaseGeometry:
    return shapely.points(_positions([values], count)[0]) if values else shapely.Point()


def _line(values: list[Any], count: Callable[[int], None]) -> BaseGeometry:
    return shapely.LineString(_positions(values, count))


def _polygon(values: list[Any], count: Callable[[int], None]) -> BaseGeometry:
    rings = [shapely.LinearRing(_positions(ring, count)) for ring in values]
    return shapely.Polygon(rings[0], rings[1:]) if rings else shapely.Polygon()


def _several(
    build: Callable[[list[Any], Callable[[int], None]], BaseGeometry], gather: Callable[[Any], BaseGeometry]
) -> Callable[[list[Any], Callable[[int], None]], BaseGeometry]:
    return lambda values, count: gather([build(part, count) for part in values])


_BUILDERS: dict[str, Callable[[list[Any], Callable[[int], None]], BaseGeometry]] = {
    "Point": _point,
    "LineString": _line,
    "Polygon": _polygon,
    "MultiPoint": _several(_point, shapely.multipoints),
    "MultiLineString": _several(_line, shapely.multilinestrings),
    "MultiPolygon": _several(_polygon, shapely.multipolygons),
}


def _is_plain(blob: bytes) -> bool:
    """Whether WKB is a point, line or polygon, or several of one of these, and nothing in nothing else."""
    try:
        kind, _, at, order = _wkb_header(blob, 0)
        if kind not in _MULTI_PARTS:
            return kind in (1, 2, 3)
        (parts,) = struct.unpack_from(order + "I", blob, at)
        at += 4
        for _ in range(parts):
            at = _after_part(blob, at, _MULTI_PARTS[kind])
    except (struct.error, FileRefusedError, IndexError, ValueError):
        return False
    return True


def _wkb_header(blob: bytes, at: int) -> tuple[int, int, int, str]:
    """Kind, number of ordinates, where the body begins, and the byte order of a piece of ISO or extended WKB."""
    order = "<" if blob[at] else ">"
    (code,) = struct.unpack_from(order + "I", blob, at + 1)
    ordinates = 2 + bool(code & 0x80000000) + bool(code & 0x40000000)
    body = at + _HEADER_BYTES + (4 if code & 0x20000000 else 0)
    iso, kind = divmod(code & 0x0FFFFFFF, 1000)
    return kind, max(ordinates, 2 + (iso in (1, 2)) + 2 * (iso == 3)), body, order


def _after_part(blob: bytes, at: int, expected: int) -> int:
    """Where the part that begins here ends; ValueError if it is of another kind than its whole says."""
    kind, ordinates, at, order = _wkb_header(blob, at)
    if kind != expected:
        raise ValueError
    if kind == 1:
        return at + 8 * ordinates
    lists = 1
    if kind == 3:
        (lists,) = struct.unpack_from(order + "I", blob, at)
        at += 4
    for _ in range(lists):
        (points,) = struct.unpack_from(order + "I", blob, at)
        at += 4 + 8 * ordinates * points
        if at > len(blob):
            raise ValueError
    return at
