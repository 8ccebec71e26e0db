"""The share of a circle is the same in the store and in frames."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from gridmap.spatial.measures import circle_share

numbers = st.integers(-40, 40).map(lambda value: value / 4)


@given(
    corners=st.lists(st.tuples(numbers, numbers), min_size=3, max_size=9),
    centre=st.tuples(numbers, numbers),
    radius=st.floats(0.1, 20),
)
def test_the_store_and_the_frames_share_a_circle_alike(
    engine: Engine, corners: list[tuple[float, float]], centre: tuple[float, float], radius: float
) -> None:
    hull = shapely.MultiPoint(corners).convex_hull
    if hull.area < 0.01:
        return
    hollow = hull.difference(hull.centroid.buffer(0.2, quad_segs=2))
    shape = gpd.GeoSeries([hollow]).iloc[0]
    with engine.connect() as connection:
        stored = connection.execute(
            text("select circle_share(st_geomfromwkb(:shape), :x, :y, :radius)"),
            {"shape": shapely.to_wkb(shape), "x": centre[0], "y": centre[1], "radius": radius},
        ).scalar_one()
    framed = circle_share(np.array([shape]), centre[0], centre[1], radius)[0]
    assert stored == pytest.approx(framed, abs=1e-12)
