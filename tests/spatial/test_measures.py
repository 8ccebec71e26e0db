"""Metres, areas, and how much of a circle falls on a polygon."""

from __future__ import annotations

import math

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point, Polygon, box

from gridmap.errors import CoordinateError, InputError
from gridmap.spatial.measures import areas, circle_share, metres, to_metres, widths

UTM51 = 32651
far = st.floats(-1e4, 1e4)
radii = st.floats(0.01, 1e4)


def share(shape: object, x: float, y: float, radius: float) -> float:
    return float(circle_share(shape, x, y, radius))


def segment(distance: float) -> float:
    """The share of a unit circle beyond a line at a distance from its centre."""
    return (math.acos(distance) - distance * math.sqrt(1 - distance**2)) / math.pi


@given(far, far, radii)
def test_a_circle_wholly_inside_has_a_share_of_one(x: float, y: float, radius: float) -> None:
    assert share(box(-3e4, -3e4, 3e4, 3e4), x, y, radius) == pytest.approx(1, abs=1e-12)


@given(st.floats(-1, 1), radii, st.floats(0, 2 * math.pi))
def test_a_half_plane_takes_the_segment_beyond_its_edge(distance: float, radius: float, turn: float) -> None:
    square = box(distance * radius, -100 * radius, 200 * radius, 100 * radius)
    turned = shapely.affinity.rotate(square, turn, origin=(0, 0), use_radians=True)
    assert share(turned, 0, 0, radius) == pytest.approx(segment(distance), abs=1e-11)


@given(st.floats(0, 0.7), st.floats(0, 0.7))
def test_a_corner_inside_the_circle_takes_its_quadrant(x: float, y: float) -> None:
    beside = sum((near * math.sqrt(1 - near**2) + math.asin(near)) / 2 for near in (x, y))
    corner = math.pi / 4 + x * y + beside
    assert share(box(0, 0, 9, 9), x, y, 1) == pytest.approx(corner / math.pi, abs=1e-12)


@given(
    st.lists(st.tuples(st.integers(-320, 320), st.integers(-320, 320)), min_size=1, max_size=12, unique=True),
    st.floats(-5, 5),
    st.floats(-5, 5),
    st.floats(0.01, 20),
)
def test_the_shares_of_a_partition_of_the_plane_add_up_to_one(
    seeds: list[tuple[int, int]], x: float, y: float, radius: float
) -> None:
    frame = box(-100, -100, 100, 100)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(np.array(seeds) / 64), extend_to=frame))
    cells = cells if len(cells) else np.array([frame])
    assert circle_share(cells, x, y, radius).sum() == pytest.approx(1, abs=1e-9)


@given(st.integers(0, 2**32 - 1))
def test_any_star_has_the_area_that_a_fine_polygon_of_the_circle_gives(seed: int) -> None:
    rng = np.random.default_rng(seed)
    turns, reach = np.sort(rng.uniform(0, 2 * np.pi, 40)), rng.uniform(1, 3, 40)
    star = Polygon(np.column_stack([reach * np.cos(turns), reach * np.sin(turns)]))
    star = (star if star.is_valid else star.convex_hull) - Point(0.2, 0).buffer(0.5)
    x, y, radius = rng.uniform(-2, 2), rng.uniform(-2, 2), rng.uniform(0.1, 3)
    fine = Point(x, y).buffer(radius, quad_segs=4096)
    assert share(star, x, y, radius) == pytest.approx((star & fine).area / (math.pi * radius**2), abs=1e-6)


def test_a_hole_is_taken_off_and_parts_are_added() -> None:
    ring = box(-2, -2, 2, 2) - Point(0, 0).buffer(0.5)
    assert share(ring, 0, 0, 1) == pytest.approx(1 - Point(0, 0).buffer(0.5).area / math.pi, abs=1e-12)
    halves = shapely.MultiPolygon([box(-9, -9, 0, 9), box(0.5, -9, 9, 9)])
    assert share(halves, 0, 0, 1) == pytest.approx(0.5 + segment(0.5), abs=1e-12)


def test_the_order_of_a_rings_corners_does_not_matter() -> None:
    square = box(0, 0, 3, 3)
    assert share(square, 1, 1, 2) == share(square.reverse(), 1, 1, 2)


@pytest.mark.parametrize("centre", [(0, 0), (1, 0), (1, 1), (0.5, 0), (-1, 0), (0, -1)])
def test_a_centre_on_a_corner_on_an_edge_or_a_touch_is_no_exception(centre: tuple[float, float]) -> None:
    expected = {(0, 0): 0.25, (1, 0): 0.25, (1, 1): 0.25, (0.5, 0): 0.5, (-1, 0): 0, (0, -1): 0}[centre]
    radius = 0.5 if expected else 1
    assert share(box(0, 0, 1, 1), *centre, radius) == pytest.approx(expected, abs=1e-12)


def test_a_small_circle_far_from_the_corners_loses_no_digits() -> None:
    edge = Polygon([(4.1e6 - 1e4, 3e5 - 2e4), (4.1e6 + 3e4, 3e5 + 6e4), (4.1e6, 3e5 + 9e4)])
    assert share(edge, 4.1e6, 3e5, 1) == pytest.approx(0.5, abs=1e-9)


def test_pairs_are_measured_together_and_what_is_no_circle_is_nan() -> None:
    square = box(0, 0, 1, 1)
    shares = circle_share([square, square, square, None], 0, 0, [0.5, 0, math.nan, 1])
    assert shares[0] == pytest.approx(0.25)
    assert np.isnan(shares[1:]).all()
    assert circle_share([], [], [], []).shape == (0,)


@given(st.floats(121, 122), st.floats(31, 32), st.floats(1e-5, 1e-3))
def test_areas_equal_those_of_projected_shapes(lon: float, lat: float, size: float) -> None:
    shapes = gpd.GeoSeries([box(lon, lat, lon + size, lat + size)], crs=4326)
    projected = to_metres(shapes, UTM51).area.iloc[0]
    assert areas(shapes.to_numpy(), UTM51)[0] == pytest.approx(projected, rel=1e-6)


def test_long_edges_are_straight_in_degrees_as_they_are_when_points_are_looked_up() -> None:
    long = gpd.GeoSeries([Polygon([(121.4, 31.2), (121.6, 31.2), (121.55, 31.35)])], crs=4326)
    fine = to_metres(long.segmentize(1e-4), UTM51).area.iloc[0]
    assert areas(long.to_numpy(), UTM51)[0] == pytest.approx(fine, rel=1e-6)
    assert abs(to_metres(long, UTM51).area.iloc[0] - fine) > 10_000


def test_a_strip_along_a_parallel_keeps_its_width_whatever_its_length() -> None:
    strip = np.array([box(121.4, 31.2, 121.5, 31.2 + 2.0**-24)])
    assert widths(strip, UTM51)[0] == pytest.approx(0.0066, abs=1e-4)


def test_eastings_come_first_even_where_the_system_says_otherwise() -> None:
    x, y = metres(121.5, 31.25, 4549)  # CGCS2000 / 3-degree Gauss-Kruger, which puts the northing first
    assert x < 1e6 < y


@pytest.mark.parametrize("code", [4326, 2263, 999999])
def test_a_system_that_does_not_measure_in_metres_is_refused(code: int) -> None:
    with pytest.raises(InputError, match=f"EPSG:{code}"):
        metres(121.5, 31.25, code)


def test_a_position_the_system_does_not_reach_is_named() -> None:
    with pytest.raises(CoordinateError, match=r"does not reach 121\.5, 95"):
        metres([121.5, 121.5], [31.25, 95.0], UTM51)
