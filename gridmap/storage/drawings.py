"""What an Edition is drawn by: the shapes and labels of its grids, and the tiles that are made of them ahead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.model import Drawing
from gridmap.domain.zooms import Tile
from gridmap.storage.bulk import stage

# Drawing an Edition takes seconds: who asks meanwhile waits for it.
DRAWING_LOCK = 0x64726177


def drawing(session: Session, edition_id: int) -> Drawing | None:
    """How an Edition is drawn; None if it is not."""
    return session.get(Drawing, edition_id)


def lock(session: Session, edition_id: int) -> None:
    """Let nobody else draw the Edition to the end of the transaction."""
    session.execute(
        text("select pg_advisory_xact_lock(:lock, hashtext(:edition))"),
        {"lock": DRAWING_LOCK, "edition": str(edition_id)},
    )


def extent(session: Session, edition_id: int) -> tuple[float, float, float, float]:
    """West, south, east and north of an Edition's grids."""
    row = session.execute(
        text("select st_xmin(b), st_ymin(b), st_xmax(b), st_ymax(b) from (select st_extent(geom) as b from grid "
             "where edition_id = :edition) e"),
        {"edition": edition_id},
    ).one()  # fmt: skip
    return row[0], row[1], row[2], row[3]


def write(session: Session, of: Drawing, levels: Mapping[int, gpd.GeoDataFrame], labels: gpd.GeoDataFrame) -> None:
    """The shapes of each band and the labels of an Edition, in the place of what it was drawn by before."""
    for table in ("grid_tile", "grid_label", "grid_shape", "drawing"):
        session.execute(text(f"delete from {table} where edition_id = :edition"), {"edition": of.edition_id})
    session.expire_all()
    session.add(of)
    session.flush()
    shapes = pd.concat([_packed(level).assign(band=band) for band, level in levels.items()], ignore_index=True)
    stage(session, "new_shape", shapes, {"code": "text", "band": "integer", "shape": "bytea"})
    session.execute(
        text("""
            insert into grid_shape (grid_id, band, edition_id, tier, shape)
            select g.id, n.band, g.edition_id, g.tier, st_setsrid(st_geomfromwkb(n.shape), 3857)
            from new_shape n join grid g on g.edition_id = :edition and g.code = n.code
        """),
        {"edition": of.edition_id},
    )
    stage(session, "new_label", _packed(labels), {"code": "text", "radius_m": "float8", "shape": "bytea"})
    session.execute(
        text("""
            insert into grid_label (grid_id, edition_id, tier, radius_m, place)
            select g.id, g.edition_id, g.tier, n.radius_m, st_setsrid(st_geomfromwkb(n.shape), 3857)
            from new_label n join grid g on g.edition_id = :edition and g.code = n.code
        """),
        {"edition": of.edition_id},
    )
    session.execute(text("analyze grid_shape, grid_label"))


def _packed(frame: gpd.GeoDataFrame) -> pd.DataFrame:
    """A frame whose shapes are bytes."""
    shapes = shapely.to_wkb(np.asarray(frame.geometry.array, dtype=object))
    return pd.DataFrame(frame.drop(columns="geometry")).assign(shape=shapes)


def write_tiles(session: Session, edition_id: int, layer: str, tiles: Iterable[tuple[Tile, bytes]]) -> None:
    """Tiles that are made ahead."""
    rows = pd.DataFrame([(at.z, at.x, at.y, tile) for at, tile in tiles], columns=["z", "x", "y", "tile"])
    stage(session, "new_tile", rows, {"z": "integer", "x": "integer", "y": "integer", "tile": "bytea"})
    session.execute(
        text("insert into grid_tile select :edition, :layer, z, x, y, tile from new_tile"),
        {"edition": edition_id, "layer": layer},
    )


def tile_made_ahead(session: Session, edition_id: int, layer: str, at: Tile) -> bytes | None:
    """A packed tile as it was made ahead; None where there is nothing to see."""
    found: Any = session.execute(
        text("""
            select tile from grid_tile where edition_id = :edition and layer = :layer and z = :z and x = :x and y = :y
        """),
        {"edition": edition_id, "layer": layer, "z": at.z, "x": at.x, "y": at.y},
    ).scalar_one_or_none()
    return None if found is None else bytes(found)


def tiers(session: Session, edition_id: int) -> Sequence[int]:
    """The tiers that an Edition has, from the first."""
    rows = session.execute(
        text("select distinct tier from grid where edition_id = :edition order by tier"), {"edition": edition_id}
    )
    return list(rows.scalars())
