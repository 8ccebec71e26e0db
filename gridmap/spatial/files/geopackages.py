"""GeoPackages: databases from outside, copied without their views and triggers before anybody asks them anything."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import geopandas as gpd

from gridmap.spatial.files import ogr
from gridmap.spatial.files.limits import Limits, reading, refused

_MAGIC = b"SQLite format 3\0"
_PAGES_A_STEP = 4096
_KNOWN_MODULES = ("using rtree", "using fts")


def read_geopackage(path: Path, limits: Limits, layer: str | None) -> gpd.GeoDataFrame:
    """The one layer of a GeoPackage, or the one that is asked for."""
    with reading(path), path.open("rb") as file:
        if file.read(16) != _MAGIC:
            raise refused(path, "this is no GeoPackage; export it again")
    with tempfile.TemporaryDirectory(prefix="gridmap-") as name:
        copy = Path(name) / "layer.gpkg"
        try:
            table = _copy(path, copy, layer)
        except (sqlite3.Error, UnicodeError) as error:
            raise refused(path, f"the GeoPackage is broken ({error}); export it again") from None
        return ogr.read(copy, path, limits, layer=table)


def _copy(path: Path, copy: Path, layer: str | None) -> str:
    """Copy the database as it is in this moment, and say in which table the layer is."""
    address = f"file:{quote(str(path))}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as source, closing(sqlite3.connect(copy)) as target:
        for connection in (source, target):
            connection.execute("PRAGMA trusted_schema = OFF")
        source.backup(target, pages=_PAGES_A_STEP)
        _disarm(target, path)
        table = _chosen(target, path, layer)
        target.commit()
    return table


def _disarm(database: sqlite3.Connection, path: Path) -> None:
    """Leave nothing in the copy that runs when it is read."""
    rows = database.execute("SELECT type, name, coalesce(sql, '') FROM sqlite_master").fetchall()
    for kind, name, text in rows:
        code = " ".join(text.lower().split())
        if code.startswith("create virtual table") and not any(module in code for module in _KNOWN_MODULES):
            raise refused(path, f"the table {name!r} reaches out of the GeoPackage; export the layer again")
        if kind == "view" and name.lower().startswith(("gpkg_", "rtree_")):
            raise refused(path, f"{name!r} is a view where a table must be; export the layer again")
        if kind in ("view", "trigger"):
            quoted = name.replace('"', '""')
            database.execute(f'DROP {kind} "{quoted}"')


def _chosen(database: sqlite3.Connection, path: Path, layer: str | None) -> str:
    tables = [
        name
        for (name,) in database.execute(
            "SELECT c.table_name FROM gpkg_contents c JOIN sqlite_master m ON lower(m.name) = lower(c.table_name)"
            " WHERE c.data_type = 'features' AND m.type = 'table' ORDER BY 1"
        )
    ]
    names = ", ".join(tables) or "none"
    if layer is not None and layer not in tables:
        raise refused(path, f"it has no layer {layer!r} (there is {names}); name one of these")
    if layer is None and len(tables) != 1:
        raise refused(path, f"it has {len(tables)} layers ({names}); say which with the layer's name")
    return layer or tables[0]
