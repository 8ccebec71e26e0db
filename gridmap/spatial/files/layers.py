"""Layers of a plan, read from any of the formats they come in, into EPSG:4326 and clean text."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from gridmap.spatial.coordinates import convert_geometries
from gridmap.spatial.files.cells import check_texts, clean_text
from gridmap.spatial.files.geojson import FeatureStream
from gridmap.spatial.files.geopackages import read_geopackage
from gridmap.spatial.files.kml import read_placemarks
from gridmap.spatial.files.limits import PLAN, Limits, check_columns, check_features, local_file, reading, refused
from gridmap.spatial.files.parquet import described_geometry, open_parquet
from gridmap.spatial.files.plausibility import FIT
from gridmap.spatial.files.point_columns import guess_columns
from gridmap.spatial.files.shapefiles import read_shapefile
from gridmap.spatial.files.shapes import check_shapes, shape_of, shapes_of_wkb, shapes_of_wkt
from gridmap.spatial.files.tables import read_table, suffix_of

Kinds = Literal["Polygon", "Point", "any"]
LAYER_SUFFIXES = (".geojson", ".json", ".gpkg", ".shp", ".zip", ".kml", ".csv", ".parquet")
WGS84 = 4326
_WKT_COLUMNS = ("wkt", "geometry", "geom", "the_geom", "shape")


def read_layer(
    path: Path | str,
    *,
    layer: str | None = None,
    datum: str = "wgs84",
    crs: int | str | None = None,
    fallback_crs: int | str | None = None,
    kinds: Kinds = "any",
    encoding: str | None = None,
    limits: Limits = PLAN,
) -> gpd.GeoDataFrame:
    """A layer of shapes from a file, in EPSG:4326.

    Parameters
    ----------
    path : path to a file
        GeoJSON, GeoPackage, Shapefile (plain or zipped), KML, CSV (a column of WKT, or longitude and latitude) or
        GeoParquet, told by its suffix; its content must be what the suffix says.
    layer : str, optional
        Which layer, where a file holds several; in KML a folder's name.
    datum : {"wgs84", "gcj02", "bd09"}
        What the file's degrees are in.
    crs : int or str, optional
        The file's EPSG number, where the file does not say it or says it wrongly.
    fallback_crs : int or str, optional
        Its EPSG number only if it says none, as CSV and a shapefile without .prj. CSV is taken as 4326 without it.
    kinds : {"Polygon", "Point", "any"}
        Which shapes fit. Single rows of another type are left to `plausible`; a file without any that fits is refused.
    encoding : str, optional
        The encoding of a shapefile's or a CSV's text, where it does not say so.
    limits : Limits
        What is refused as too large.

    Returns
    -------
    geopandas.GeoDataFrame
        One row for each feature of the file, in its order; flat shapes in degrees, not snapped to the lattice; text
        stripped, with None for what is empty. CSV and KML give text only.

    Raises
    ------
    FileRefusedError
        For a file that cannot be read or would do harm: one sentence with the file, the place in it and what to do.
    InputError
        For a datum that is not known.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "lamps.csv"
    ...     _ = file.write_text("code,lon,lat\\nL1,121.5,31.2\\n", encoding="utf-8")
    ...     read_layer(file, kinds="Point").geometry.iloc[0].wkt
    'POINT (121.5 31.2)'
    """
    file = local_file(path, limits)
    read = _READERS.get(suffix_of(file))
    if read is None:
        raise refused(path, f"a layer is read from {', '.join(LAYER_SUFFIXES)}; export it as one of them")
    frame = read(file, layer, encoding, limits)
    shapes = shapely.force_2d(frame.geometry.to_numpy())
    check_shapes(shapes, file, limits)
    _check_kinds(shapes, file, kinds)
    assumed = WGS84 if datum != "wgs84" or suffix_of(file).startswith(".csv") else None
    system = next((said for said in (crs, frame.crs, fallback_crs) if said is not None), assumed)
    texts = clean_text(pd.DataFrame(frame.drop(columns=frame.geometry.name)), path)
    placed = _in_degrees(gpd.GeoSeries(shapes, index=frame.index), system, file, limits)
    return gpd.GeoDataFrame(texts, geometry=convert_geometries(placed, datum), crs=WGS84)


def _check_kinds(shapes: np.ndarray[Any, Any], path: Path, kinds: Kinds) -> None:
    present = [shape.geom_type for shape in shapes if shape is not None and not shape.is_empty]
    if not present:
        raise refused(path, "it holds no shapes; choose another file or layer")
    if not set(present) & set(FIT[kinds]):
        raise refused(path, f"it holds {present[0]}s where {kinds}s are wanted; choose another file or layer")


def _in_degrees(series: gpd.GeoSeries, system: Any, path: Path, limits: Limits) -> gpd.GeoSeries:
    if system is None:
        raise refused(path, "it does not say its coordinate system; name it with --crs, for example --crs 4490")
    try:
        known = pyproj.CRS.from_user_input(system)
        moved = series.set_crs(known) if known == pyproj.CRS(WGS84) else series.set_crs(known).to_crs(WGS84)
    except (pyproj.exceptions.ProjError, RuntimeError, TypeError, ValueError):
        raise refused(path, f"its coordinate system {str(system)[:40]!r} is not known; name one with --crs") from None
    check_shapes(moved.to_numpy(), path, limits)
    return moved.set_crs(WGS84, allow_override=True)


def _read_geojson(path: Path, _layer: str | None, encoding: str | None, limits: Limits) -> gpd.GeoDataFrame:
    stream = FeatureStream(path, limits, encoding)
    rows: list[dict[str, Any]] = []
    shapes: list[Any] = []
    names: dict[str, None] = {}
    for row, feature in enumerate(stream, 1):
        check_features(path, row, limits)
        values = {name: _flat(value) for name, value in (feature.get("properties") or {}).items()}
        if "id" in feature:
            values.setdefault("id", feature["id"])
        names.update(dict.fromkeys(values))
        check_columns(path, len(names), limits)
        check_texts(values, path, row)
        rows.append(values)
        shapes.append(shape_of(feature.get("geometry"), path, row, limits))
    return _framed(rows, shapes, list(names), stream.crs)


def _read_kml(path: Path, layer: str | None, _encoding: str | None, limits: Limits) -> gpd.GeoDataFrame:
    placemarks = read_placemarks(path, limits)
    if layer is not None:
        folders = sorted({str(values["folder"]) for values, _ in placemarks if values["folder"]})
        placemarks = [(values, shape) for values, shape in placemarks if values["folder"] == layer]
        if not placemarks:
            raise refused(path, f"it has no folder {layer!r} (there is {', '.join(folders) or 'none'})")
    names = dict.fromkeys(name for values, _ in placemarks for name in values)
    check_columns(path, len(names), limits)
    return _framed([values for values, _ in placemarks], [shape for _, shape in placemarks], list(names), WGS84)


def _framed(rows: list[dict[str, Any]], shapes: list[Any], names: list[str], crs: Any) -> gpd.GeoDataFrame:
    """A frame whose numbers stay what they were where some rows have none."""
    columns = {name: pd.Series([row.get(name) for row in rows], dtype=object).infer_objects() for name in names}
    columns.pop("geometry", None)
    held = np.empty(len(shapes), dtype=object)
    held[:] = shapes
    return gpd.GeoDataFrame(pd.DataFrame(columns, index=range(len(rows))), geometry=held, crs=crs)


def _read_csv(path: Path, _layer: str | None, encoding: str | None, limits: Limits) -> gpd.GeoDataFrame:
    table = read_table(path, encoding=encoding, limits=limits)
    wkt = next((name for name in table.columns if str(name).casefold() in _WKT_COLUMNS), None)
    if wkt is not None:
        shapes = shapes_of_wkt(table[wkt].tolist(), path)
        return gpd.GeoDataFrame(table.drop(columns=wkt), geometry=shapes)
    guessed = guess_columns([str(name) for name in table.columns], {}, only=("lon", "lat"))
    if len(guessed) < 2:
        raise refused(path, "it has no column wkt and none for lon and lat; name the columns so")
    lon, lat = (_numbers(table[guessed[axis]], path) for axis in ("lon", "lat"))
    shapes = np.where(np.isnan(lon) | np.isnan(lat), None, shapely.points(lon, lat))  # type: ignore[call-overload]
    return gpd.GeoDataFrame(table.drop(columns=list(guessed.values())), geometry=shapes)


def _numbers(column: pd.Series, path: Path) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Coordinates of a table: a cell may be empty, but not another word."""
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = np.flatnonzero(column.notna().to_numpy() & ~np.isfinite(numbers))
    if len(wrong):
        row = int(wrong[0])
        raise refused(path, f"row {row + 1}, column {column.name}: {column.iloc[row]!r} is no coordinate; repair it")
    return numbers


def _read_parquet(path: Path, _layer: str | None, _encoding: str | None, limits: Limits) -> gpd.GeoDataFrame:
    parquet = open_parquet(path, limits)
    described = described_geometry(parquet.schema_arrow.metadata, path)
    if described is None:
        raise refused(path, "it is no GeoParquet: no column of it is described as shapes; export it as GeoParquet")
    name, crs = described
    with reading(path):
        table = parquet.read().replace_schema_metadata(None).to_pandas()
    if name not in table.columns:
        raise refused(path, f"its column of shapes {name!r} is missing; export it again")
    shapes = shapes_of_wkb(table[name].tolist(), path)
    return gpd.GeoDataFrame(table.drop(columns=name), geometry=shapes, crs=crs)


def _flat(value: object) -> object:
    """A property that is itself a list or an object, as JSON."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else value


def _read_gpkg(path: Path, layer: str | None, _encoding: str | None, limits: Limits) -> gpd.GeoDataFrame:
    return read_geopackage(path, limits, layer)


def _read_shp(path: Path, layer: str | None, encoding: str | None, limits: Limits) -> gpd.GeoDataFrame:
    return read_shapefile(path, limits, layer, encoding)


_READERS: dict[str, Callable[[Path, str | None, str | None, Limits], gpd.GeoDataFrame]] = {
    ".geojson": _read_geojson,
    ".json": _read_geojson,
    ".gpkg": _read_gpkg,
    ".shp": _read_shp,
    ".zip": _read_shp,
    ".kml": _read_kml,
    ".csv": _read_csv,
    ".csv.gz": _read_csv,
    ".parquet": _read_parquet,
    ".geoparquet": _read_parquet,
}
