"""The estate as files: the same bytes wherever and whenever they are written."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
from shapely.geometry.base import BaseGeometry

# The lattice has steps of 6e-8 degree: eight digits name each of its points, and no other.
DIGITS: Final = 8


def write_features(frame: gpd.GeoDataFrame, path: Path) -> None:
    """A layer as GeoJSON, a line for each feature."""
    columns = [column for column in frame.columns if column != "geometry"]
    rows = frame[columns].astype(object).to_dict("records")
    features = [_feature(row, shape) for row, shape in zip(rows, frame.geometry, strict=True)]
    text = '{"type":"FeatureCollection","features":[\n' + ",\n".join(features) + "\n]}\n"
    path.write_bytes(text.encode())


def _feature(row: Mapping[Any, Any], shape: BaseGeometry) -> str:
    said = {str(name): _plain(value) for name, value in row.items() if not _missing(value)}
    properties = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    return f'{{"type":"Feature","properties":{properties},"geometry":{_geometry(shape)}}}'


def _geometry(shape: BaseGeometry) -> str:
    return f'{{"type":"{shape.geom_type}","coordinates":{_coordinates(shape)}}}'


def _coordinates(shape: Any) -> str:
    if shape.geom_type == "Point":
        return _position(shape.coords[0])
    if shape.geom_type == "LineString":
        return _line(shape)
    if shape.geom_type == "Polygon":
        return "[" + ",".join(_line(ring) for ring in (shape.exterior, *shape.interiors)) + "]"
    return "[" + ",".join(_coordinates(part) for part in shape.geoms) + "]"


def _line(line: Any) -> str:
    return "[" + ",".join(map(_position, line.coords)) + "]"


def _position(place: tuple[float, ...]) -> str:
    return "[" + ",".join(f"{degrees:.{DIGITS}f}".rstrip("0").rstrip(".") for degrees in place[:2]) + "]"


def write_rows(frame: pd.DataFrame, path: Path) -> None:
    """A table as CSV."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(frame.columns)
    for row in frame.astype(object).itertuples(index=False):
        rows.writerow("" if _missing(value) else _plain(value) for value in row)
    path.write_bytes(text.getvalue().encode())


def write_plan(site: Mapping[str, Any], layers: Mapping[str, str], path: Path) -> None:
    """The plan that names the files, as `gridmap load` reads it."""
    path.write_bytes("\n".join(_plan_lines(site, layers)).encode())


def _plan_lines(site: Mapping[str, Any], layers: Mapping[str, str]) -> Iterator[str]:
    yield f"# {site['name']}: an imaginary estate, written by `gridmap estate`. Nobody in it is real."
    yield "[site]"
    for key, value in site.items():
        yield f"{key} = {json.dumps(value, ensure_ascii=False)}"
    for layer, file in layers.items():
        yield f"\n[layers.{layer}]"
        yield f'file = "{file}"'
    yield ""


def _missing(value: object) -> bool:
    return value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and value != value)


def _plain(value: object) -> object:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, bool | int | float | str):
        return value
    return value.item() if hasattr(value, "item") else str(value)
