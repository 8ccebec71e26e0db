"""Frames written to files people open elsewhere: whole or not at all, and no cell that a spreadsheet would run."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import shapely

from gridmap.errors import InputError
from gridmap.spatial.coordinates import convert_geometries
from gridmap.spatial.files.export_formats import (
    excel_rows,
    flat,
    geojson_pieces,
    kml_pieces,
    short_names,
    short_texts,
    spreadsheet_safe,
)

EXPORT_SUFFIXES = (".geojson", ".json", ".gpkg", ".shp", ".zip", ".kml", ".csv", ".xlsx", ".parquet")
TABLE_EXPORTS = (".csv", ".xlsx", ".parquet")
WGS84 = 4326
_EXCEL_ROWS = 1_048_575
_ONLY_DEGREES = (".kml", ".xlsx")


@dataclass(frozen=True)
class _Job:
    """What a writer is asked for: the frame, where to, under which name, and where to note what was changed."""

    frame: gpd.GeoDataFrame
    target: Path
    name: str
    notes: list[str]


def write_layer(
    frame: gpd.GeoDataFrame,
    path: Path | str,
    *,
    layer: str | None = None,
    datum: str = "wgs84",
    crs: int | None = None,
) -> tuple[str, ...]:
    """Write a layer in the format its path's suffix names.

    Parameters
    ----------
    frame : geopandas.GeoDataFrame
        In EPSG:4326.
    path : path ending in .geojson, .gpkg, .shp, .zip (a shapefile), .kml, .csv, .xlsx or .parquet
        A file there is replaced only when the new one is whole. With `layer`, other layers of a GeoPackage stay.
    layer : str, optional
        The layer's name; the file's own name without it.
    datum : {"wgs84", "gcj02", "bd09"}
        What the degrees shall be in. Files in another datum than WGS 84 name no coordinate system.
    crs : int, optional
        The EPSG number of the system to write in; 4326 without it.

    Returns
    -------
    tuple of str
        A sentence for each thing the format did not let through as it was, such as shortened column names.

    Raises
    ------
    InputError
        For a suffix, system or shape the format does not have, or a place that cannot be written to.

    Notes
    -----
    CSV has points as lon and lat and other shapes as wkt, Excel every shape as the lon and lat of a point in it.
    In both, text that would run as a formula begins with an apostrophe. Binary formats, GeoJSON, KML and CSV keep
    every coordinate of the lattice exactly.

    Examples
    --------
    >>> frame = gpd.GeoDataFrame({"code": ["A"]}, geometry=gpd.points_from_xy([121.5], [31.25]), crs=4326)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = write_layer(frame, Path(folder) / "a.csv")
    ...     (Path(folder) / "a.csv").read_text(encoding="utf-8-sig")
    'code,lon,lat\\nA,121.5,31.25\\n'
    """
    target = Path(path)
    suffix = target.suffix.lower()
    writer = _WRITERS.get(suffix)
    if writer is None:
        raise InputError(f"{path}: a layer is written to {', '.join(EXPORT_SUFFIXES)}; choose one of them")
    moved = _moved(frame, datum, crs, suffix, path)
    notes: list[str] = []
    if datum != "wgs84":
        notes.append(
            f"the positions are in {datum}, which other programs do not know: they are off by hundreds of metres"
        )
    with _replacing(target, keep=layer is not None and suffix == ".gpkg") as new:
        _try(lambda: writer(_Job(moved, new, layer or target.stem, notes)), path)
    return tuple(notes)


def write_table(frame: pd.DataFrame, path: Path | str) -> tuple[str, ...]:
    """Write a frame without shapes to .csv, .xlsx or .parquet.

    Parameters
    ----------
    frame : pandas.DataFrame
        Its index is not written.
    path : path
        A file there is replaced only when the new one is whole.

    Returns
    -------
    tuple of str
        A sentence for each thing the format did not let through as it was.

    Raises
    ------
    InputError
        For another suffix, too many rows, or a place that cannot be written to.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = write_table(pd.DataFrame({"name": ["=1+1"]}), Path(folder) / "a.csv")
    ...     (Path(folder) / "a.csv").read_text(encoding="utf-8-sig")
    "name\\n'=1+1\\n"
    """
    target = Path(path)
    writer = {".csv": _write_cells, ".xlsx": _write_sheet, ".parquet": _write_columns}.get(target.suffix.lower())
    if writer is None:
        raise InputError(f"{path}: a table is written to {', '.join(TABLE_EXPORTS)}; choose one of them")
    notes: list[str] = []
    with _replacing(target) as new:
        _try(lambda: writer(pd.DataFrame(frame), new, notes), path)
    return tuple(notes)


def _try(write: Callable[[], None], path: Path | str) -> None:
    try:
        write()
    except OSError as error:
        raise InputError(f"{path}: it cannot be written ({error.strerror or error}); choose another place") from None
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError) as error:
        raise InputError(f"{path}: it cannot be written ({str(error)[:120]}); remove the old file") from None


def _moved(frame: gpd.GeoDataFrame, datum: str, crs: int | None, suffix: str, path: Path | str) -> gpd.GeoDataFrame:
    """The frame in the datum or the system that is asked for."""
    if datum != "wgs84" and crs is not None:
        raise InputError(f"{path}: give a datum or an EPSG system, not both")
    if crs not in (None, WGS84) and suffix in _ONLY_DEGREES:
        raise InputError(f"{path}: {suffix[1:].upper()} is in EPSG:4326 only; leave the system out")
    series = frame.geometry
    try:
        placed = series.to_crs(crs) if crs is not None else convert_geometries(series, "wgs84", datum)
    except pyproj.exceptions.ProjError:
        raise InputError(f"{path}: there is no system EPSG:{crs}; name another") from None
    if not np.isfinite(shapely.get_coordinates(placed.to_numpy())).all():
        raise InputError(f"{path}: EPSG:{crs} does not reach that far; name the system of the place")
    system = placed.crs if datum == "wgs84" else None
    attributes = pd.DataFrame(frame.drop(columns=series.name))
    return gpd.GeoDataFrame(attributes, geometry=placed.to_numpy(), crs=system)


@contextmanager
def _replacing(target: Path, *, keep: bool = False) -> Iterator[Path]:
    """A path in a folder of its own beside the target; what is there in the end takes the target's place."""
    try:
        folder = Path(tempfile.mkdtemp(prefix=".gridmap-", dir=target.parent))
    except OSError as error:
        raise InputError(f"{target}: it cannot be written ({error.strerror}); choose another place") from None
    try:
        new = folder / target.name
        if keep and target.is_file():
            shutil.copyfile(target, new)
        yield new
        # A shapefile is several files: the .shp that makes it one comes last.
        for part in sorted(folder.iterdir(), key=lambda part: part.suffix == target.suffix):
            _settle(part)
            part.replace(target.parent / part.name)
    except IsADirectoryError:
        raise InputError(f"{target}: there is a folder of this name; choose another") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _settle(part: Path) -> None:
    """On the disk before it has its name: a power cut leaves the old file or the new one."""
    with part.open("rb") as file:
        os.fsync(file.fileno())


def _write_geojson(job: _Job) -> None:
    with job.target.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(geojson_pieces(job.frame, job.name))


def _write_kml(job: _Job) -> None:
    with job.target.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(kml_pieces(job.frame, job.name))


def _write_geopackage(job: _Job) -> None:
    with _plain_folder() as folder:
        plain = folder / "layer.gpkg"
        if job.target.is_file():
            shutil.copyfile(job.target, plain)
        _write_through_gdal(flat(job.frame), plain, layer=job.name, driver="GPKG", promote_to_multi=False)
        shutil.copyfile(plain, job.target)


def _write_shapefile(job: _Job) -> None:
    kinds = {kind.removeprefix("Multi") for kind in job.frame.geom_type.dropna()}
    if len(kinds) > 1:
        raise InputError(
            f"{job.name}: a shapefile has shapes of one kind only; write {' and '.join(sorted(kinds))} apart"
        )
    frame, notes = short_names(flat(job.frame, dates=False))
    frame, more = short_texts(frame)
    job.notes.extend((*notes, *more))
    with _plain_folder() as folder:
        _write_through_gdal(frame, folder / "layer.shp", driver="ESRI Shapefile", encoding="UTF-8")
        for part in sorted(folder.iterdir()):
            shutil.copyfile(part, job.target.with_suffix(part.suffix))


def _write_zipped(job: _Job) -> None:
    with _plain_folder() as folder:
        _write_shapefile(_Job(job.frame, folder / f"{job.name}.shp", job.name, job.notes))
        with zipfile.ZipFile(job.target, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in sorted(folder.iterdir()):
                archive.write(part, part.name)


def _write_through_gdal(frame: gpd.GeoDataFrame, target: Path, **options: Any) -> None:
    """That a shifted datum has no system is meant so, and what a shapefile cannot hold is told in our own notes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pyogrio.write_dataframe(frame, target, **options)


@contextmanager
def _plain_folder() -> Iterator[Path]:
    """A folder whose path has no sign in it that GDAL would take for an archive or an address."""
    with tempfile.TemporaryDirectory(prefix="gridmap-") as name:
        yield Path(name)


def _write_geoparquet(job: _Job) -> None:
    flat(job.frame).to_parquet(job.target, index=False)


def _write_csv(job: _Job) -> None:
    table = pd.DataFrame(job.frame.drop(columns="geometry"))
    shapes = job.frame.geometry.to_numpy()
    if set(job.frame.geom_type.dropna()) == {"Point"}:
        table["lon"], table["lat"] = shapely.get_x(shapes), shapely.get_y(shapes)
    else:
        table["wkt"] = shapely.to_wkt(shapes, rounding_precision=-1)
    _write_cells(table, job.target, job.notes)


def _write_excel(job: _Job) -> None:
    table = pd.DataFrame(job.frame.drop(columns="geometry"))
    inside = shapely.point_on_surface(job.frame.geometry.to_numpy())
    table["lon"], table["lat"] = shapely.get_x(inside), shapely.get_y(inside)
    if set(job.frame.geom_type.dropna()) != {"Point"}:
        job.notes.append("Excel has no shapes: lon and lat are those of a point inside each")
    _write_sheet(table, job.target, job.notes)


def _write_cells(table: pd.DataFrame, target: Path, _notes: list[str]) -> None:
    # The mark at the start tells Excel that Chinese text is UTF-8.
    spreadsheet_safe(flat(table)).to_csv(target, index=False, encoding="utf-8-sig", lineterminator="\n")


def _write_sheet(table: pd.DataFrame, target: Path, notes: list[str]) -> None:
    if len(table) > _EXCEL_ROWS:
        raise InputError(f"{target.name}: Excel has {_EXCEL_ROWS:,} rows and these are {len(table):,}; write CSV")
    excel_rows(spreadsheet_safe(flat(table, dates=False)), target, notes)


def _write_columns(table: pd.DataFrame, target: Path, _notes: list[str]) -> None:
    flat(table).to_parquet(target, index=False)


_WRITERS: dict[str, Callable[[_Job], None]] = {
    ".geojson": _write_geojson,
    ".json": _write_geojson,
    ".gpkg": _write_geopackage,
    ".shp": _write_shapefile,
    ".zip": _write_zipped,
    ".kml": _write_kml,
    ".csv": _write_csv,
    ".xlsx": _write_excel,
    ".parquet": _write_geoparquet,
}
