"""Densities held against the plain sum of all kernels, areas against their outlines, lines against heights."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pyproj import Geod

from gridmap.analytics.contours import bands, contours
from gridmap.analytics.density import bandwidth, density
from gridmap.analytics.lattice import STEPS, Frame, shares
from gridmap.analytics.projection import Plane
from gridmap.analytics.surface import Surface, relative_risk
from gridmap.errors import CoordinateError, InputError

Floats = NDArray[np.float64]
SQUARE = shapely.box(0, 0, 3000, 2000)
# An area with a notch, a hole and an island.
ODD = shapely.MultiPolygon(
    [
        shapely.Polygon(
            [(0, 0), (3000, 100), (2700, 1900), (1500, 900), (300, 2100)],
            [[(800, 500), (800, 900), (1200, 900), (1200, 500)]],
        ),
        shapely.box(3300, 1200, 3600, 1900),
    ]
)


def crowd(
    count: int, seed: int = 1, low: tuple[float, float] = (0, 0), high: tuple[float, float] = (3000, 2000)
) -> Floats:
    return np.random.default_rng(seed).uniform(low, high, (count, 2))


def summed(places: Floats, weights: Floats, metres: float, at: Floats) -> Floats:
    """Every kernel at every place, per km2."""
    far = ((at[:, None, :] - places[None, :, :]) ** 2).sum(axis=2)
    return np.asarray(np.exp(-far / (2 * metres**2)) @ weights / (2 * np.pi * metres**2) * 1e6)


def middles(found: Surface) -> Floats:
    x, y = np.meshgrid(found.x, found.y)
    return np.column_stack([x.ravel(), y.ravel()])


def corrected(found: Surface, places: Floats, weights: Floats) -> Floats:
    """The density within an area by its formula: every kernel and every cell, one by one."""
    assert found.share is not None
    cells, share = middles(found), found.share.ravel()
    inside = share > 0
    part = share[inside] * found.frame.cell**2 / 1e6
    near = summed(cells[inside], np.eye(inside.sum()), found.metres, cells[inside])
    lift = np.ones(inside.sum())
    for _ in range(STEPS):
        lift = np.sqrt(lift / (near @ (lift * part)))
    back = summed(cells[inside], lift * part, found.metres, places)
    exact = np.full(len(cells), np.nan)
    exact[inside] = lift * summed(places, weights / back, found.metres, cells[inside])
    return exact.reshape(found.field.shape)


# ---------------------------------------------------------------- how far off


@settings(max_examples=60)
@given(
    places=st.lists(
        st.tuples(st.floats(-3000, 3000), st.floats(-3000, 3000), st.floats(0, 50)), min_size=1, max_size=30
    ),
    metres=st.floats(30, 3000),
    shape=st.tuples(st.integers(20, 90), st.integers(20, 90)),
    origin=st.tuples(st.floats(-4e5, 4e5), st.floats(0, 4e6)),
)
def test_no_cell_is_off_by_more_than_is_said(
    places: list[tuple[float, float, float]], metres: float, shape: tuple[int, int], origin: tuple[float, float]
) -> None:
    x, y, weights = np.array(places).T
    assume(weights.sum() > 1e-3)
    points = np.column_stack([x, y]) + origin
    side = max(np.ptp(x) / shape[1], np.ptp(y) / shape[0])
    assume(metres - 8 * metres * 1.5 / min(shape) > 1.5 * side)
    found = density(points, metres=metres, weights=weights, shape=shape)
    exact = summed(points, weights, metres, middles(found)).reshape(found.field.shape)
    assert np.abs(found.field - exact).max() <= found.error * exact.max()
    assert found.integral == pytest.approx(weights.sum(), rel=3e-4)


@settings(max_examples=30)
@given(
    seed=st.integers(0, 10_000),
    metres=st.floats(200, 900),
    turn=st.floats(0, 6.28),
    count=st.integers(1, 200),
)
def test_within_an_area_nothing_is_lost_and_no_cell_is_off_by_more_than_is_said(
    seed: int, metres: float, turn: float, count: int
) -> None:
    area = shapely.transform(
        ODD, lambda at: at @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    )
    west, south, east, north = area.bounds
    random = np.random.default_rng(seed)
    points, weights = random.uniform((west, south), (east, north), (count, 2)), random.exponential(1, count)
    inside = shapely.intersects_xy(area, *points.T)
    assume(inside.any())
    found = density(points, metres=metres, weights=weights, within=area, shape=(36, 40))
    assert found.total == pytest.approx(weights[inside].sum())
    assert found.left_out == pytest.approx(weights[~inside].sum())
    assert found.integral == pytest.approx(found.total, rel=3e-4)
    exact = corrected(found, points[inside], weights[inside])
    assert np.array_equal(np.isnan(found.values), np.isnan(exact))
    assert np.nanmax(np.abs(found.values - exact)) <= found.error * np.nanmax(exact)


def test_where_many_lie_the_error_is_far_smaller_than_what_is_said_of_any_few() -> None:
    points = np.vstack([crowd(30_000), crowd(10_000, 2, (500, 500), (600, 700))])
    found = density(points, metres=60.0)
    some = np.append(np.arange(0, found.field.size, 2503), found.field.argmax())
    exact = summed(points, np.ones(len(points)), 60.0, middles(found)[some])
    assert found.error < 2e-3
    assert np.abs(found.field.ravel()[some] - exact).max() < found.error / 20 * found.peak


def test_what_lies_beyond_the_bounds_counts_as_far_as_it_reaches_in() -> None:
    points = crowd(500, 4, (-2000, -2000), (5000, 5000))
    found = density(points, metres=200.0, bounds=(0, 0, 3000, 2000), shape=(60, 90))
    exact = summed(points, np.ones(500), 200.0, middles(found)).reshape(60, 90)
    assert found.frame == pytest.approx(Frame(0.0, 0.0, 3000 / 90, 60, 90))
    assert np.abs(found.field - exact).max() <= found.error * exact.max()
    assert found.left_out > 0


def test_what_lies_far_to_one_side_does_not_come_round_to_the_other() -> None:
    for far in (2900.0, 3100.0, 4000.0, 1e5):
        found = density(np.array([[far, 1000.0]]), metres=200.0, bounds=(0, 0, 3000, 2000), shape=(60, 90))
        assert found.field[:, :40].max() < 1e-6


def test_a_heap_in_one_place_is_a_kernel_of_the_right_height() -> None:
    found = density(np.full((10_000, 2), 123.4), metres=250.0)
    assert found.at(np.array([[123.4, 123.4]]))[0] == pytest.approx(1e10 / (2 * np.pi * 250**2), rel=1e-5)


def test_weights_are_as_good_as_repeated_points() -> None:
    points = crowd(50)
    times = np.arange(50) % 4
    one = density(points, metres=300.0, weights=times, bounds=(0, 0, 3000, 2000))
    other = density(np.repeat(points, times, axis=0), metres=300.0, bounds=(0, 0, 3000, 2000))
    assert np.allclose(one.field, other.field, rtol=1e-9, atol=1e-9)


def test_places_between_cells_are_as_good_as_cells() -> None:
    points, at = crowd(400), crowd(300, 9, (100, 100), (2900, 1900))
    found = density(points, metres=150.0, bounds=(0, 0, 3000, 2000), shape=(80, 120))
    exact = summed(points, np.ones(400), 150.0, at)
    assert np.abs(found.at(at) - exact).max() <= 2 * found.error * found.peak


# ---------------------------------------------------------------- the edge


def test_even_ground_is_even_up_to_its_edge() -> None:
    """Without the share that is given back, an edge has half and a corner a quarter of what there is."""
    x, y = np.meshgrid(np.arange(5, 3000, 10.0), np.arange(5, 2000, 10.0))
    points = np.column_stack([x.ravel(), y.ravel()])
    levelled = density(points, metres=100.0, within=SQUARE, shape=(100, 150))
    naive = density(points, metres=100.0, bounds=SQUARE.bounds, shape=(100, 150))
    truth = len(points) / 6.0
    assert levelled.integral == pytest.approx(len(points), rel=1e-6)
    assert levelled.field == pytest.approx(np.full((100, 150), truth), rel=0.025)
    assert levelled.field[:, 30:-30] == pytest.approx(np.full((100, 90), truth), rel=0.01)
    assert naive.field[0, 75] < 0.6 * truth
    assert naive.field[0, 0] < 0.35 * truth
    assert naive.integral < 0.95 * len(points)


def test_cells_outside_say_nothing_and_points_outside_do_not_count() -> None:
    points = np.vstack([crowd(300), [[1000.0, 700.0], [2000.0, 1800.0], [3150.0, 1500.0]]])
    found = density(points, metres=120.0, within=ODD, shape=(100, 100))
    assert np.isnan(found.at(np.array([[1000.0, 700.0], [1500.0, 1800.0], [9000.0, 0.0]]))).all()
    assert found.total + found.left_out == 303
    assert found.left_out == 303 - shapely.intersects_xy(ODD, *points.T).sum()


def test_a_point_on_the_outline_counts() -> None:
    corners = np.array([[0.0, 0.0], [3000.0, 2000.0], [3000.0, 700.0], [1500.0, 2000.0]])
    found = density(corners, metres=300.0, within=SQUARE)
    assert found.total == 4
    assert found.integral == pytest.approx(4)


@given(
    corners=st.lists(st.tuples(st.floats(0, 12), st.floats(0, 9)), min_size=3, max_size=9),
    hole=st.booleans(),
)
def test_shares_are_the_areas_of_what_is_cut_from_cells(corners: list[tuple[float, float]], hole: bool) -> None:
    area = shapely.MultiPoint(corners).convex_hull
    assume(area.geom_type == "Polygon" and area.area > 0.01)
    if hole:
        area = area.difference(shapely.Point(area.centroid).buffer(0.2, quad_segs=3))
        assume(area.geom_type in ("Polygon", "MultiPolygon") and not area.is_empty)
    found, cells = shares(area, Frame(0.0, 0.0, 1.0, 9, 12))
    for row in range(9):
        for column in range(12):
            cell = shapely.box(column, row, column + 1, row + 1)
            assert found[row, column] == pytest.approx(cell.intersection(area).area, abs=2e-9)
            if cells[row, column] != 2:
                assert cell.buffer(-1e-9).intersects(area) == bool(cells[row, column])


# ---------------------------------------------------------------- metres anywhere


@pytest.mark.parametrize(("lon", "lat"), [(121.5, 31.2), (0.0, 0.0), (-77.0, 38.9), (18.1, 69.6), (-70.9, -53.2)])
def test_metres_are_metres_wherever_it_is(lon: float, lat: float) -> None:
    """A place 500 m from a single point, in any direction, has what 500 m leave of its kernel."""
    directions = np.arange(0, 360, 30.0)
    there = Geod(ellps="WGS84").fwd(np.full(12, lon), np.full(12, lat), directions, np.full(12, 500.0))
    found = density(pd.DataFrame({"lon": [lon], "lat": [lat]}), metres=400.0)
    said = found.at(gpd.GeoSeries.from_xy(there[0], there[1], crs=4326))
    assert said == pytest.approx(np.full(12, 1e6 / (2 * np.pi * 400**2) * np.exp(-(500**2) / (2 * 400**2))), rel=1e-4)


def test_a_city_laid_out_by_the_polynomial_lies_where_the_projection_has_it() -> None:
    random = np.random.default_rng(5)
    for half in (0.02, 0.3, 3.0):
        places = random.uniform((121 - half, 31 - half), (121 + half, 31 + half), (5000, 2))
        plane = Plane.about((121 - half, 31 - half, 121 + half, 31 + half), gpd.GeoSeries(crs=4326).crs)
        one_by_one = np.vstack([plane.lay(part.copy(), plane.source) for part in np.array_split(places, 5)])
        side = np.ptp(one_by_one, axis=0).max()
        assert np.abs(plane.lay(places.copy(), plane.source) - one_by_one).max() <= 1e-6 * side


def test_degrees_metres_and_stretched_metres_give_one_density() -> None:
    points = gpd.GeoSeries.from_xy(*np.random.default_rng(2).normal((121.5, 31.2), 0.01, (500, 2)).T, crs=4326)
    frame = pd.DataFrame({"lon": points.x, "lat": points.y})
    at = points.iloc[:50]
    first = density(points, metres=200.0)
    assert first.plane.crs is not None
    for other in (frame, points.to_crs(32651), points.to_crs(3857), gpd.GeoDataFrame(geometry=points)):
        assert density(other, metres=200.0).at(at) == pytest.approx(first.at(at), rel=2e-3)


def test_an_area_in_degrees_serves_points_in_metres() -> None:
    random = np.random.default_rng(3)
    points = gpd.GeoSeries.from_xy(*random.uniform((121.49, 31.19), (121.51, 31.21), (3000, 2)).T, crs=4326)
    area = gpd.GeoSeries(
        [shapely.box(121.49, 31.19, 121.50, 31.21), shapely.box(121.50, 31.19, 121.505, 31.21)], crs=4326
    )
    one, other = (density(of, metres=150.0, within=area) for of in (points, points.to_crs(32651)))
    assert one.total == other.total == (points.x <= 121.505).sum()
    assert one.at(points.iloc[:20]) == pytest.approx(other.at(points.iloc[:20]), rel=5e-3, nan_ok=True)


def test_one_place_far_off_does_not_disturb_those_within() -> None:
    near = np.random.default_rng(2).normal((121.5, 31.2), 0.01, (3000, 2))
    bounds = (121.48, 31.18, 121.52, 31.22)
    frames = [pd.DataFrame(of, columns=["lon", "lat"]) for of in (near, np.vstack([near, [[0.0, 0.0]]]))]
    clean, stained = (density(of, metres=200.0, bounds=bounds) for of in frames)
    assert np.allclose(clean.field, stained.field, rtol=1e-9)
    with pytest.raises(InputError, match="is a point at 0, 0"):
        density(frames[1], metres=200.0)


# ---------------------------------------------------------------- the bandwidth


def test_the_bandwidth_is_chosen_from_what_counts_and_is_said() -> None:
    points = crowd(4000)
    found = density(np.vstack([points, crowd(9000, 7, (5000, 5000), (9000, 9000))]), within=SQUARE)
    assert found.metres == pytest.approx(bandwidth(points))
    assert density(points).metres == pytest.approx(bandwidth(points))


def test_the_bandwidth_hardly_minds_what_lies_far_out() -> None:
    cloud = np.random.default_rng(1).normal(0, 1000, (5000, 2))
    assert bandwidth(np.vstack([cloud, [[9e5, 9e5]] * 5])) == pytest.approx(bandwidth(cloud), rel=0.02)


def test_the_bandwidth_of_weighted_points_is_that_of_repeated_ones() -> None:
    cloud = np.random.default_rng(1).normal(0, 1000, (500, 2))
    assert bandwidth(cloud, np.full(500, 7.0)) == pytest.approx(bandwidth(cloud), rel=0.01)
    half = np.where(np.arange(500) < 250, 2.0, 0.0)
    assert bandwidth(cloud, half) == pytest.approx(bandwidth(cloud[:250]), rel=0.01)


# ---------------------------------------------------------------- lines and areas


def town(within: shapely.Geometry | None = None) -> Surface:
    random = np.random.default_rng(6)
    places = np.vstack(
        [random.normal((121.49, 31.20), 0.002, (600, 2)), random.normal((121.51, 31.21), 0.003, (400, 2))]
    )
    area = within if within is None else gpd.GeoSeries([within], crs=4326)
    return density(pd.DataFrame(places, columns=["lon", "lat"]), metres=150.0, within=area, shape=(150, 150))


def test_along_a_line_the_density_is_its_height_and_to_its_left_it_is_higher() -> None:
    found = town()
    lines = contours(found, [0.2, 0.6], of="peak")
    assert lines.crs == 4326
    for row in lines.itertuples():
        for line in row.geometry.geoms:
            assert line.is_ring
            assert shapely.is_ccw(line)
            places = gpd.GeoSeries.from_xy(*shapely.get_coordinates(line).T, crs=4326)
            assert found.at(places) == pytest.approx(np.full(len(places), row.height), abs=0.02 * found.peak)


@pytest.mark.parametrize("within", [None, shapely.box(121.485, 31.195, 121.512, 31.2095)])
def test_bands_are_valid_apart_from_one_another_and_hold_what_they_say(within: shapely.Geometry | None) -> None:
    found = town(within)
    areas = bands(found, [0.05, 0.2, 0.6], of="peak")
    assert areas.crs == 4326
    assert areas.geometry.is_valid.all()
    assert areas["level"].tolist() == [0.05, 0.2, 0.6]
    assert areas["high"].iloc[:2].tolist() == areas["low"].iloc[1:].tolist()
    assert np.isnan(areas["high"].iloc[2])
    for first, second in ((0, 1), (1, 2), (0, 2)):
        assert areas.geometry[first].intersection(areas.geometry[second]).area < 1e-13
    places = gpd.GeoSeries.from_xy(
        *np.random.default_rng(1).uniform((121.48, 31.19), (121.52, 31.22), (3000, 2)).T, crs=4326
    )
    height = found.at(places)
    for row in areas.itertuples():
        inside = height[places.intersects(row.geometry)]
        assert inside.min() > row.low - 0.01 * found.peak
        assert np.isnan(row.high) or inside.max() < row.high + 0.01 * found.peak
    assert areas["km2"].to_numpy() == pytest.approx(areas.to_crs(32651).area.to_numpy() / 1e6, rel=2e-3)


def test_a_hole_in_a_band_is_filled_by_the_next() -> None:
    areas = bands(town(), [0.1, 0.5], of="peak")
    assert sum(len(part.interiors) for part in areas.geometry[0].geoms) == len(areas.geometry[1].geoms)


def test_the_area_that_holds_half_holds_half_and_no_smaller_one_does() -> None:
    found = town()
    half = bands(found, [0.5], of="mass")
    assert half["holds"].tolist() == pytest.approx([0.5], abs=0.01)
    cells = np.sort(found.field.ravel())[::-1]
    needed = int(np.searchsorted(np.cumsum(cells), cells.sum() / 2)) * found.frame.cell**2 / 1e6
    assert half["km2"][0] == pytest.approx(needed, rel=0.01)
    both = bands(found, [0.5, 0.9], of="mass")
    assert both["level"].tolist() == [0.9, 0.5]
    assert both["holds"].sum() == pytest.approx(0.9, abs=0.01)


def test_bands_of_even_ground_fill_the_area_to_its_outline() -> None:
    x, y = np.meshgrid(np.arange(-500, 4000, 20.0), np.arange(-500, 3000, 20.0))
    found = density(np.column_stack([x.ravel(), y.ravel()]), metres=200.0, within=ODD, shape=(70, 110))
    whole = bands(found, [1.0])
    assert whole.geometry[0].equals(ODD) or whole.geometry[0].symmetric_difference(ODD).area < 1.0
    assert whole["holds"].tolist() == pytest.approx([1.0])
    assert whole.crs is None


def test_bands_are_closed_at_the_frame_and_lines_end_there() -> None:
    points = crowd(2000, 3, (-1000, -1000), (4000, 3000))
    found = density(points, metres=300.0, bounds=(0, 0, 3000, 2000), shape=(60, 90))
    whole = bands(found, [0.001], of="peak")
    assert whole.geometry[0].symmetric_difference(SQUARE).area < 1.0
    lines = contours(found, [float(np.median(found.field))])
    ends = shapely.get_coordinates(
        [shapely.get_point(line, end) for line in lines.geometry[0].geoms for end in (0, -1)]
    )
    opened = ends[[not line.is_ring for line in lines.geometry[0].geoms for _ in (0, 1)]]
    assert len(opened)
    assert shapely.distance(shapely.points(opened), SQUARE.exterior).max() < 1e-6


def test_what_is_reached_nowhere_is_drawn_nowhere() -> None:
    found = town()
    assert contours(found, [10 * found.peak]).empty
    assert bands(found, [found.peak / 2, 10 * found.peak])["level"].tolist() == [found.peak / 2]
    nothing = density(np.empty((0, 2)), metres=100.0, bounds=(0, 0, 3000, 2000))
    assert nothing.peak == 0
    for empty in (contours(nothing, [0.5], of="mass"), bands(nothing, [1.0])):
        assert empty.empty
        assert "geometry" in empty


# ---------------------------------------------------------------- relative risk


def test_the_risk_is_one_where_cases_are_a_sample_and_double_where_they_are_doubled() -> None:
    homes = crowd(200_000)
    east = homes[:, 0] > 2000
    ill = np.vstack([homes[::20], homes[east][::20]])
    found = relative_risk(*(density(of, metres=150.0, within=SQUARE, shape=(80, 120)) for of in (ill, homes)))
    west_at, east_at = found.at(np.array([[700.0, 1000.0], [2600.0, 1000.0]]))
    assert east_at / west_at == pytest.approx(2.0, rel=0.15)
    assert west_at == pytest.approx(0.75, rel=0.1)


def test_of_ground_without_people_no_risk_is_said_and_bands_go_round_it() -> None:
    homes = crowd(20_000, 1, (0, 0), (1400, 2000))
    found = relative_risk(*(density(of, metres=60.0, within=SQUARE, shape=(120, 180)) for of in (homes[::10], homes)))
    assert np.isnan(found.at(np.array([[2500.0, 1000.0]])))[0]
    assert found.at(np.array([[700.0, 1000.0]]))[0] == pytest.approx(1.0, abs=0.3)
    areas = bands(found, [0.01])
    assert areas.geometry.is_valid.all()
    assert 1400 < areas.geometry[0].bounds[2] < 1700
    assert contours(found, [1.0]).geometry.is_valid.all()


# ---------------------------------------------------------------- what is refused, and what stays


def test_what_cannot_be_is_refused_in_one_line() -> None:
    points = crowd(10)
    degrees = gpd.GeoSeries.from_xy([121.5], [31.2], crs=4326)
    cases = {
        "is under 1.5 cells of 30 m: ask for": lambda: density(
            points, metres=20.0, bounds=(0, 0, 3000, 2000), shape=(100, 100)
        ),
        "smooths nothing": lambda: density(points, metres=0.0),
        "not both": lambda: density(points, metres=9.0, within=SQUARE, bounds=(0, 0, 1, 1)),
        "nothing to show": lambda: density(np.empty((0, 2)), metres=9.0),
        "from 5, 5 to 1, 1 lies nothing": lambda: density(points, metres=9.0, bounds=(5, 5, 1, 1)),
        "weights of shape": lambda: density(points, metres=9.0, weights=[1.0]),
        "missing, infinite or below 0": lambda: density(points, metres=9.0, weights=[-1.0] * 10),
        "1 of 2 points have no place": lambda: density(np.array([[0, 0], [np.nan, 1]]), metres=9.0),
        "lon and lat": lambda: density(pd.DataFrame({"x": [1.0]}), metres=9.0),
        "take the middle": lambda: density(gpd.GeoSeries([SQUARE]), metres=9.0),
        "x and y of each": lambda: density(np.zeros(4), metres=9.0),
        "valid polygons": lambda: density(points, metres=9.0, within=shapely.LineString([(0, 0), (1, 1)])),
        "only one has a coordinate system": lambda: density(
            points, metres=9.0, within=gpd.GeoSeries([SQUARE], crs=3857)
        ),
        "the other has none": lambda: density(points, metres=900.0).at(degrees),
        "all points lie in one place": lambda: density(np.zeros((5, 2))),
        "give metres": lambda: density(points, bounds=(9e5, 9e5, 9.1e5, 9.1e5)),
        "no points have no bandwidth": lambda: bandwidth(np.empty((0, 2))),
        "0 by 512 has no cells": lambda: density(points, metres=900.0, shape=(0, 512)),
        "of 'odd' are not known": lambda: contours(town(), [0.5], of="odd"),  # type: ignore[arg-type]
        "is no share": lambda: bands(town(), [50.0], of="mass"),
        "above 0": lambda: bands(town(), []),
        "one frame and one bandwidth": lambda: relative_risk(
            density(points, metres=900.0), density(points, metres=901.0)
        ),
    }
    for said, asked in cases.items():
        with pytest.raises(InputError, match=said) as refused:
            asked()
        assert "\n" not in str(refused.value)
    with pytest.raises(CoordinateError, match="no place in"):
        density(pd.DataFrame({"lon": [31.2], "lat": [121.5]}), metres=100.0)


def test_nothing_of_the_caller_is_changed_and_the_same_comes_out_to_the_bit() -> None:
    points, weights = crowd(5000), np.arange(5000.0)
    frame = pd.DataFrame(points / 1e5, columns=["lon", "lat"])
    kept = points.copy(), weights.copy(), frame.copy()
    first, second = (density(points, metres=200.0, weights=weights, within=SQUARE) for _ in range(2))
    density(frame, weights=weights)
    assert np.array_equal(points, kept[0])
    assert np.array_equal(weights, kept[1])
    pd.testing.assert_frame_equal(frame, kept[2])
    assert np.array_equal(first.field, second.field)


# ---------------------------------------------------------------- a real city


def test_half_of_washingtons_requests_lie_in_a_small_part_of_it(samples: Path) -> None:
    wards = gpd.read_file(samples / "dc" / "tier1_ward_2012.geojson")
    points = pd.read_csv(samples / "dc" / "issues_311_2015-09-11_to_10-11.csv.gz", usecols=["lon", "lat"]).dropna()
    found = density(points, metres=400.0, within=wards)
    assert found.total > 0.99 * len(points)
    assert found.integral == pytest.approx(found.total, rel=1e-9)
    half = bands(found, [0.5], of="mass")
    assert half.geometry.is_valid.all()
    inside = gpd.GeoSeries.from_xy(points["lon"], points["lat"], crs=4326).intersects(half.geometry[0]).mean()
    assert inside == pytest.approx(0.5, abs=0.08)
    assert half["km2"][0] < 0.35 * wards.to_crs(32618).union_all().area / 1e6
