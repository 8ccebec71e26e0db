"""Who is whose neighbour, held against what a plain look at the shapes says."""

from __future__ import annotations

from itertools import combinations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gridmap.analytics.weights import Weights, contiguity, cut, distance_band, middles, nearest
from gridmap.errors import InputError


def board(wide: int, high: int, side: float = 100.0) -> gpd.GeoDataFrame:
    shapes = [shapely.box(x * side, y * side, (x + 1) * side, (y + 1) * side) for y in range(high) for x in range(wide)]
    return gpd.GeoDataFrame({"code": [f"C{n:03d}" for n in range(len(shapes))]}, geometry=shapes)


def pairs(weights: Weights) -> set[tuple[int, int]]:
    return {(a, b) for a, b in zip(*map(np.ndarray.tolist, weights.matrix.nonzero()), strict=True) if a < b}


def plainly(frame: gpd.GeoDataFrame, *, rook: bool) -> set[tuple[int, int]]:
    """Every pair of shapes, asked one after another."""
    shapes = frame.geometry.to_numpy()
    return {
        (a, b)
        for a, b in combinations(range(len(shapes)), 2)
        if shapes[a].intersects(shapes[b]) and (not rook or shapes[a].intersection(shapes[b]).length > 0)
    }


def bricks(rows: int, shifts: list[float]) -> gpd.GeoDataFrame:
    """Rows of bricks: their corners lie in the middle of the edges of others."""
    shapes = [
        shapely.box(shift + 4 * n, row, shift + 4 * n + 4, row + 1)
        for row, shift in zip(range(rows), shifts, strict=False)
        for n in range(4)
    ]
    return gpd.GeoDataFrame(geometry=shapes)


@pytest.mark.parametrize("rook", [False, True])
@given(shifts=st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.5, 4.0]), min_size=4, max_size=4))
def test_corners_in_the_middle_of_a_neighbours_edge_count(shifts: list[float], rook: bool) -> None:
    wall = bricks(4, shifts)
    found = contiguity(wall, rook=rook)
    assert pairs(found) == plainly(wall, rook=rook)
    assert (found.matrix != found.matrix.T).nnz == 0


@pytest.mark.parametrize("rook", [False, True])
def test_holes_islands_and_shapes_of_several_parts_are_neighbours_as_they_touch(rook: bool) -> None:
    ring = shapely.box(0, 0, 9, 9).difference(shapely.box(3, 3, 6, 6))
    parts = shapely.MultiPolygon([shapely.box(9, 0, 12, 3), shapely.box(20, 20, 21, 21)])
    shapes = [ring, shapely.box(3, 3, 6, 6), parts, shapely.box(21, 21, 22, 22), shapely.box(40, 40, 41, 41)]
    frame = gpd.GeoDataFrame({"code": list("ABCDE")}, geometry=shapes)
    found = contiguity(frame, rook=rook)
    assert pairs(found) == plainly(frame, rook=rook)
    assert found.islands == (["D", "E"] if rook else ["E"])


def test_rows_add_up_to_one_or_to_nothing_and_the_binary_weights_stay_as_they_were() -> None:
    frame = gpd.GeoDataFrame(geometry=[*board(3, 3).geometry, shapely.box(900, 900, 950, 950)])
    binary = contiguity(frame)
    before = binary.matrix.copy()
    sums = binary.row_standardised().matrix.sum(axis=1)
    assert np.allclose(sums[:-1], 1)
    assert sums[-1] == 0
    assert (binary.matrix != before).nnz == 0


def test_a_band_holds_whom_it_just_reaches_and_nobody_beyond() -> None:
    row = board(5, 1)
    assert distance_band(row, 100.0).counts.tolist() == [1, 2, 2, 2, 1]
    assert distance_band(row, 99.9).islands == row["code"].tolist()
    assert distance_band(row, 200.0).neighbours("C000") == ["C001", "C002"]


def test_the_nearest_are_so_many_for_each_even_where_two_lie_in_one_place() -> None:
    places = [shapely.Point(0, 0)] * 3 + [shapely.Point(5, 0), shapely.Point(9, 0)]
    found = nearest(gpd.GeoDataFrame(geometry=places), 2)
    assert found.counts.tolist() == [2] * 5
    assert not found.matrix.diagonal().any()
    assert set(found.neighbours(4)) <= {0, 1, 2, 3}


def test_distances_of_grids_in_degrees_are_metres() -> None:
    lon, lat = 104.06, 30.66
    away = gpd.GeoSeries(gpd.points_from_xy([lon, lon + 0.01], [lat, lat + 0.01]), crs=4326)
    places = middles(gpd.GeoDataFrame(geometry=away))
    flat = away.to_crs(away.estimate_utm_crs())
    assert np.hypot(*(places[1] - places[0])) == pytest.approx(flat.iloc[0].distance(flat.iloc[1]), rel=1e-3)


def test_metres_of_a_web_map_are_no_metres_on_the_ground() -> None:
    degrees = gpd.GeoDataFrame(geometry=[shapely.Point(-0.13, 51.51), shapely.Point(-0.12, 51.52)], crs=4326)
    true, of_web = (np.ptp(middles(frame), axis=0) for frame in (degrees, degrees.to_crs(3857)))
    assert np.allclose(of_web, true, rtol=1e-6)


def test_a_barrier_parts_those_it_comes_between() -> None:
    frame = board(4, 4)
    river = gpd.GeoSeries([shapely.box(198, -10, 202, 290)])
    parted = cut(contiguity(frame), frame, river)
    assert parted.neighbours("C001") == ["C000", "C004", "C005"]
    # The river ends before the last row: there one still goes across.
    assert "C014" in parted.neighbours("C013")
    assert parted.settings["cut"] == 7
    assert (parted.matrix != parted.matrix.T).nnz == 0


def test_what_makes_no_weights_is_refused_in_a_sentence() -> None:
    frame = board(2, 2)
    with pytest.raises(InputError, match="called C000"):
        contiguity(gpd.GeoDataFrame({"code": ["C000"] * 4}, geometry=frame.geometry))
    with pytest.raises(InputError, match="no polygon"):
        contiguity(gpd.GeoDataFrame(geometry=[shapely.Point(0, 0)]))
    with pytest.raises(InputError, match="metres above 0"):
        distance_band(frame, 0.0)
    with pytest.raises(InputError, match="choose 1 to 3"):
        nearest(frame, 4)
    with pytest.raises(InputError, match="same frame"):
        cut(contiguity(frame), frame.iloc[::-1], gpd.GeoSeries([shapely.box(0, 0, 1, 1)]))
    with pytest.raises(InputError, match="one system"):
        cut(contiguity(frame), frame, gpd.GeoSeries([shapely.box(0, 0, 1, 1)], crs=4326))
    with pytest.raises(InputError, match="no grid Z"):
        contiguity(frame).neighbours("Z")
