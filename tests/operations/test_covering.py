"""The locator and PostGIS name the same grid for every corner, every edge and any other place on the lattice."""

from __future__ import annotations

import io

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from benchmarks.city import city, crowd
from gridmap.spatial.coordinates import snap
from gridmap.spatial.locator import Locator
from gridmap.storage.bulk import stage
from tests.spatial import adversarial

Floats = NDArray[np.float64]


def every_corner_and_edge(grids: gpd.GeoDataFrame) -> Floats:
    """Each corner, and on each edge a lattice place as near its middle as there is."""
    corners = np.unique(shapely.get_coordinates(grids.geometry.to_numpy()), axis=0)
    middles = [
        (ring[1:] + ring[:-1]) / 2
        for ring in map(shapely.get_coordinates, shapely.get_rings(shapely.get_parts(grids.geometry.to_numpy())))
    ]
    return np.vstack([corners, snap(np.vstack(middles))])


def named_by_the_store(session: Session, grids: gpd.GeoDataFrame, places: Floats) -> NDArray[np.int64]:
    """The row of the grid that covers each place: the deepest tier's, of those the lowest code's, -1 for none."""
    frame = grids.assign(row=range(len(grids))).rename_geometry("geom")
    stage(session, "asked_grid", frame, {"row": "integer", "tier": "integer", "code": "text", "geom": "geometry"})
    session.execute(text("create index on asked_grid using gist (geom)"))
    connection = session.connection().connection.driver_connection
    assert connection is not None
    session.execute(text("create temporary table place (n integer, lon float8, lat float8) on commit drop"))
    table = pd.DataFrame(places, columns=["lon", "lat"])
    with connection.cursor() as cursor:
        cursor.copy_expert("copy place from stdin (format csv)", io.StringIO(table.to_csv(header=False)))
    rows = session.execute(
        text("""
            select distinct on (p.n) p.n, g.row
            from place p join asked_grid g on st_covers(g.geom, st_setsrid(st_makepoint(p.lon, p.lat), 4326))
            order by p.n, g.tier desc, g.code collate "C"
        """)
    ).all()
    named = np.full(len(places), -1, dtype=np.int64)
    found = np.array([tuple(row) for row in rows], dtype=np.int64)
    named[found[:, 0]] = found[:, 1]
    return named


def assert_they_agree(session: Session, grids: gpd.GeoDataFrame, places: Floats) -> None:
    ours = Locator(grids).locate(places[:, 0], places[:, 1])
    theirs = named_by_the_store(session, grids, places)
    unlike = np.flatnonzero(ours != theirs)
    assert len(unlike) == 0, [(places[n].tolist(), int(ours[n]), int(theirs[n])) for n in unlike[:3]]


@pytest.fixture(scope="module")
def town() -> gpd.GeoDataFrame:
    return city(400, corners=40, seed=3, tiers=3)


def test_they_agree_on_every_corner_and_edge_and_all_over_a_town_of_three_tiers(
    session: Session, town: gpd.GeoDataFrame
) -> None:
    elsewhere = snap(np.column_stack(crowd(town[town["tier"] == 3], 50_000)))
    assert_they_agree(session, town, np.vstack([every_corner_and_edge(town), elsewhere]))


@pytest.mark.parametrize("name", ["spiky_stars", "lakes_and_islands"])
def test_they_agree_on_grids_that_overlap_and_leave_holes(session: Session, name: str) -> None:
    frame, lon, lat = getattr(adversarial, name)(20_000)
    grids = frame.assign(tier=frame.get("tier", 3))
    if "code" not in grids:
        grids["code"] = [f"{row:06d}" for row in range(len(grids))]
    assert_they_agree(session, grids, np.column_stack([snap(lon), snap(lat)]))


@pytest.mark.prove
def test_they_agree_on_a_city_and_a_million_places(session: Session) -> None:
    grids = city(10_000, tiers=1)
    elsewhere = snap(np.column_stack(crowd(grids, 1_000_000)))
    assert_they_agree(session, grids, np.vstack([every_corner_and_edge(grids), elsewhere]))
