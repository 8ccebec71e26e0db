"""What goes into exported files: flat values, names that fit, and the text of GeoJSON and KML."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar, cast
from xml.sax.saxutils import escape, quoteattr

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.spatial.files.cells import BELOW_ZERO, FORMULA_STARTS, safe_cell

Frame = TypeVar("Frame", bound=pd.DataFrame)

_SHORT_NAME = 10
_SHORT_TEXT = 254
_LONG_CELL = 32_767
_FORMULA = f"^('*[{re.escape(''.join(FORMULA_STARTS))}])"
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def flat(frame: Frame, *, dates: bool = True) -> Frame:
    """The frame with what a cell cannot hold as text: lists and objects as JSON, and times where there are none."""
    result = frame.copy()
    for name in result.columns:
        column = result[name]
        if isinstance(column.dtype, gpd.array.GeometryDtype):
            continue
        times = not dates and pd.api.types.is_datetime64_any_dtype(column.dtype)
        mixed = column.dtype == object and pd.api.types.infer_dtype(column, skipna=True) != "string"
        if mixed or times:
            result[name] = pd.Series([_plain(value, dates) for value in column], index=column.index, dtype=object)
    return result


def _plain(value: object, dates: bool) -> object:
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (list, tuple, dict, set, frozenset)):
        return json.dumps(sorted(value) if isinstance(value, (set, frozenset)) else value, ensure_ascii=False)
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, (dt.datetime, dt.date)) and not dates:
        return value.isoformat()
    return value


def spreadsheet_safe(table: pd.DataFrame) -> pd.DataFrame:
    """Every text of the table, and every column's name, as a spreadsheet may get it."""
    safe = {safe_cell(str(name)): _safe_column(table[name]) for name in table.columns}
    return pd.DataFrame(safe, index=table.index)


def _safe_column(column: pd.Series) -> pd.Series:
    """The same as `safe_cell` for each text, a million of them at once where all cells are text."""
    if not (column.dtype == object or pd.api.types.is_string_dtype(column.dtype)):
        return column
    try:
        texts = pa.array(column, type=pa.string(), from_pandas=True)
    except (pa.ArrowException, TypeError, UnicodeEncodeError):
        cells = [safe_cell(value) if isinstance(value, str) else value for value in column]
        return pd.Series(cells, index=column.index, dtype=object)
    marked = pc.replace_substring_regex(texts, pattern=_FORMULA, replacement=r"'\1")
    marked = pc.if_else(pc.match_substring_regex(texts, rf"\A{BELOW_ZERO}\z"), texts, marked)
    return pd.Series(marked.to_pandas().to_numpy(), index=column.index, dtype="str")


def excel_rows(table: pd.DataFrame, target: Path, notes: list[str]) -> None:
    """Write one sheet; characters that Excel's format cannot hold are left out, and too long texts cut."""
    import openpyxl  # takes a quarter of a second, which only workbooks are worth

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("gridmap")
    sheet.append([_excel_value(name) for name in table.columns])
    cut = 0
    for row in table.itertuples(index=False, name=None):
        cut += sum(1 for value in row if isinstance(value, str) and len(value) > _LONG_CELL)
        sheet.append([_excel_value(value) for value in row])
    book.save(target)
    if cut:
        notes.append(f"{cut:,} texts were cut to {_LONG_CELL:,} characters, as many as an Excel cell holds")


def _excel_value(value: Any) -> Any:
    if isinstance(value, str):
        return _CONTROL.sub("", value)[:_LONG_CELL]
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value if isinstance(value, (bool, int, float)) else str(value)


def short_names(frame: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Column names of ten bytes, all different, and a sentence about those that were longer."""
    taken: set[str] = set()
    names: dict[str, str] = {}
    for name in (str(name) for name in frame.columns if name != frame.geometry.name):
        short, count = _cut(name, _SHORT_NAME), 0
        while short.casefold() in taken:
            count += 1
            short = _cut(name, _SHORT_NAME - len(str(count)) - 1) + f"_{count}"
        taken.add(short.casefold())
        names[name] = short
    changed = ", ".join(f"{name} → {short}" for name, short in names.items() if name != short)
    notes = [f"a shapefile's column names have ten bytes at most: {changed}"] if changed else []
    return frame.rename(columns=names), notes


def short_texts(frame: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Texts of 254 bytes at most, cut between characters, and a sentence about those that were longer."""
    result, cut = frame.copy(), 0
    for name in frame.columns:
        column = frame[name]
        if name == frame.geometry.name or not (column.dtype == object or pd.api.types.is_string_dtype(column.dtype)):
            continue
        shorter = [_cut(value, _SHORT_TEXT) if isinstance(value, str) else value for value in column]
        cut += sum(1 for old, new in zip(column, shorter, strict=True) if isinstance(old, str) and old != new)
        result[name] = pd.Series(shorter, index=column.index, dtype=object)
    notes = [f"{cut:,} texts were cut to the {_SHORT_TEXT} bytes a shapefile's cell holds"] if cut else []
    return result, notes


def _cut(text: str, size: int) -> str:
    return text.encode("utf-8", "replace")[:size].decode("utf-8", "ignore")


def geojson_pieces(frame: gpd.GeoDataFrame, name: str) -> Iterator[str]:
    """A FeatureCollection, one feature a line, with the shortest digits that give each coordinate back."""
    head: dict[str, Any] = {"type": "FeatureCollection", "name": name}
    epsg = frame.crs.to_epsg() if frame.crs is not None else None
    if epsg not in (None, 4326):
        head["crs"] = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{epsg}"}}
    yield json.dumps(head, ensure_ascii=False)[:-1] + ', "features": [\n'
    shapes = shapely.orient_polygons(frame.geometry.to_numpy())
    texts = np.asarray(shapely.to_geojson(shapes)).tolist()
    attributes = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    names = [json.dumps(str(column), ensure_ascii=False) for column in attributes.columns]
    before = ""
    for row, shape in zip(attributes.itertuples(index=False, name=None), texts, strict=True):
        pairs = ", ".join(f"{key}: {_json_value(value)}" for key, value in zip(names, row, strict=True))
        yield f'{before}{{"type": "Feature", "properties": {{{pairs}}}, "geometry": {shape or "null"}}}'
        before = ",\n"
    yield "\n]}\n"


def _json_value(value: Any) -> str:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and not math.isfinite(value)):
        return "null"
    if isinstance(value, str):
        return json.dumps(value.encode("utf-8", "replace").decode(), ensure_ascii=False)
    if isinstance(value, (bool, int, float, list, dict)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return json.dumps(value.isoformat() if hasattr(value, "isoformat") else str(value), ensure_ascii=False)


def kml_pieces(frame: gpd.GeoDataFrame, name: str) -> Iterator[str]:
    """One folder of placemarks; every column is a value of theirs, `name` also their title."""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
    yield f"<Folder><name>{_xml(name)}</name>\n"
    columns = [str(column) for column in frame.columns if column != frame.geometry.name]
    attributes = pd.DataFrame(frame[columns])
    for row, shape in zip(attributes.itertuples(index=False, name=None), frame.geometry, strict=True):
        values = {key: _kml_value(value) for key, value in zip(columns, row, strict=True)}
        yield "<Placemark>"
        for tag in ("name", "description"):
            if (text := values.pop(tag, None)) is not None:
                yield f"<{tag}>{_xml(text)}</{tag}>"
        data = (f"<Data name={quoteattr(_CONTROL.sub('', key))}><value>{_xml(text)}</value></Data>"
                for key, text in values.items() if text is not None)  # fmt: skip
        yield f"<ExtendedData>{''.join(data)}</ExtendedData>{_kml_shape(shape)}</Placemark>\n"
    yield "</Folder></Document></kml>\n"


def _kml_value(value: Any) -> str | None:
    text = _json_value(value)
    return None if text == "null" else cast(str, json.loads(text)) if text.startswith('"') else text


def _xml(text: str) -> str:
    return escape(_CONTROL.sub("", text))


def _kml_shape(shape: BaseGeometry | None) -> str:
    if shape is None or shape.is_empty:
        return ""
    if isinstance(shape, shapely.Polygon):
        outer, *inner = (f"<LinearRing>{_positions(ring)}</LinearRing>" for ring in (shape.exterior, *shape.interiors))
        holes = "".join(f"<innerBoundaryIs>{ring}</innerBoundaryIs>" for ring in inner)
        return f"<Polygon><outerBoundaryIs>{outer}</outerBoundaryIs>{holes}</Polygon>"
    if isinstance(shape, (shapely.Point, shapely.LineString)):
        return f"<{shape.geom_type}>{_positions(shape)}</{shape.geom_type}>"
    return f"<MultiGeometry>{''.join(map(_kml_shape, shapely.get_parts(shape)))}</MultiGeometry>"


def _positions(shape: BaseGeometry) -> str:
    places = " ".join(f"{x!r},{y!r}" for x, y in shapely.get_coordinates(shape).tolist())
    return f"<coordinates>{places}</coordinates>"
