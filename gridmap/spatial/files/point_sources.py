"""The formats points come in, each as column names and batches of rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from gridmap.spatial.files.cells import check_names
from gridmap.spatial.files.geojson import FeatureStream
from gridmap.spatial.files.limits import Limits, check_columns, reading, refused
from gridmap.spatial.files.parquet import described_geometry, frame_of, open_parquet
from gridmap.spatial.files.tables import Batch, CsvRows, SheetRows, suffix_of

POINT_SUFFIXES = (".csv", ".csv.gz", ".geojson", ".json", ".parquet", ".xlsx")
Source = tuple[list[str], Iterator[Batch]]

_AXES = ("lon", "lat")
_FEATURES_A_BATCH = 50_000
_POINT_BYTES = 21


def opened_source(path: Path, limits: Limits, encoding: str | None, size: int) -> Source:
    """The columns of a file of points, and its rows in batches of about `size`."""
    kind = suffix_of(path)
    if kind in (".csv", ".csv.gz"):
        rows = CsvRows(path, limits, encoding)
        return rows.columns, rows.batches()
    if kind == ".xlsx":
        batches = SheetRows(path, limits).batches(size)
        first = next(batches)
        return [str(name) for name in first.frame.columns], _again(first, batches)
    if kind in (".geojson", ".json"):
        return _features(path, limits, encoding, min(size, _FEATURES_A_BATCH))
    if kind in (".parquet", ".geoparquet"):
        return _parquet(path, limits, size)
    raise refused(path, f"points are read from {', '.join(POINT_SUFFIXES)}; export them as one of these")


def _again(first: Batch, rest: Iterator[Batch]) -> Iterator[Batch]:
    yield first
    yield from rest


def _features(path: Path, limits: Limits, encoding: str | None, size: int) -> Source:
    """Read twice: the first time for the names of all properties and the system."""
    stream = FeatureStream(path, limits, encoding)
    names = dict.fromkeys(_AXES)
    for feature in stream:
        names.update(dict.fromkeys(_values(feature)))
        check_columns(path, len(names), limits)
    columns = list(names)
    check_names(columns, path)

    def batches() -> Iterator[Batch]:
        held: list[dict[str, Any]] = []
        row = 0
        for row, feature in enumerate(FeatureStream(path, limits, encoding), 1):
            held.append({**_position(feature.get("geometry")), **_values(feature)})
            if len(held) == size:
                yield _of_features(held, columns, row, stream.crs, path)
                held = []
        yield _of_features(held, columns, row, stream.crs, path)

    return columns, batches()


def _of_features(held: list[dict[str, Any]], columns: list[str], last: int, crs: str, path: Path) -> Batch:
    frame = pd.DataFrame({name: pd.Series([row.get(name) for row in held], dtype=object) for name in columns})
    if crs != "OGC:CRS84":
        lon, lat = (frame[axis].to_numpy(dtype=np.float64, na_value=np.nan) for axis in _AXES)
        frame["lon"], frame["lat"] = _in_degrees(lon, lat, crs, path)
    return Batch(frame, np.arange(last - len(held) + 1, last + 1, dtype=np.int64))


def _values(feature: Mapping[str, Any]) -> dict[str, Any]:
    properties = feature.get("properties") or {}
    return {f"{name}_in_file" if name in _AXES else name: value for name, value in properties.items()}


def _position(geometry: object) -> dict[str, object]:
    """Longitude and latitude of a GeoJSON point; anything else has none."""
    if isinstance(geometry, dict) and geometry.get("type") == "Point":
        coordinates = geometry.get("coordinates")
        if isinstance(coordinates, list) and len(coordinates) >= 2:
            return {
                axis: value if type(value) in (int, float) else None
                for axis, value in zip(_AXES, coordinates[:2], strict=True)
            }
    return dict.fromkeys(_AXES)


def _parquet(path: Path, limits: Limits, size: int) -> Source:
    parquet = open_parquet(path, limits)
    described = described_geometry(parquet.schema_arrow.metadata, path)
    names: list[str] = list(parquet.schema_arrow.names)
    if described is not None:
        names = [f"{name}_in_file" if name in _AXES else name for name in names if name != described[0]]
        names = [*_AXES, *names]

    def batches() -> Iterator[Batch]:
        start = 1
        with reading(path):
            for part in parquet.iter_batches(batch_size=size):
                frame = frame_of(part)
                if described is not None:
                    frame = _with_positions(frame, *described, path)
                yield Batch(frame, np.arange(start, start + len(frame), dtype=np.int64))
                start += len(frame)

    return names, batches()


def _with_positions(frame: pd.DataFrame, name: str, crs: Any, path: Path) -> pd.DataFrame:
    """The frame with lon and lat in place of its column of WKB points; what is no point has neither."""
    blobs = [blob if isinstance(blob, bytes) and len(blob) == _POINT_BYTES else None for blob in frame[name]]
    shapes = np.asarray(shapely.from_wkb(np.array(blobs, dtype=object), on_invalid="ignore"))
    lon, lat = _in_degrees(shapely.get_x(shapes), shapely.get_y(shapes), crs, path)
    rest = frame.drop(columns=name).rename(columns={axis: f"{axis}_in_file" for axis in _AXES})
    return pd.concat([pd.DataFrame({"lon": lon, "lat": lat}, index=frame.index), rest], axis=1)


def _in_degrees(
    x: NDArray[np.float64], y: NDArray[np.float64], crs: Any, path: Path
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Positions in EPSG:4326; where a file names no system, its numbers are taken as they are."""
    try:
        if crs is None or pyproj.CRS(crs).equals(pyproj.CRS(4326), ignore_axis_order=True):
            return x, y
        lon, lat = pyproj.Transformer.from_crs(crs, 4326, always_xy=True).transform(x, y)
    except pyproj.exceptions.ProjError:
        raise refused(path, f"its coordinate system {str(crs)[:40]!r} is not known; export it in EPSG:4326") from None
    return lon, lat
