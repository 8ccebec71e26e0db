"""The locator is right to the last bit, and takes whatever it is given."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.city import border_points, city, crowd
from gridmap import compiling
from gridmap.errors import InputError
from gridmap.spatial.kernels import cells, headers, points
from gridmap.spatial.locator import Locator
from tests.spatial import adversarial as nasty

PATIENT = settings(deadline=None, suppress_health_check=list(HealthCheck))


def frame_of(*shapes: shapely.Geometry | None, **columns: list[object]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=4326)


@pytest.fixture(scope="module")
def town() -> gpd.GeoDataFrame:
    return city(grids=600, corners=64, tiers=3)


# --- right, in rational arithmetic ---------------------------------------------------------------------------


def agrees_exactly(frame: gpd.GeoDataFrame, places: list[nasty.Place]) -> None:
    lon, lat = np.array(places, dtype=float).reshape(-1, 2).T
    locator = Locator(frame)
    found = locator.locate(lon, lat)
    ranked = nasty.ranking(frame)
    expected = [nasty.exactly(frame, ranked, *place) for place in places]
    assert found.tolist() == expected
    assert [locator.locate_one(*place) for place in places[:5]] == expected[:5]


@PATIENT
@given(st.data(), nasty.frames())
def test_every_point_gets_the_grid_that_rational_arithmetic_gives_it(data: st.DataObject, frame: gpd.GeoDataFrame):
    wild = st.floats(width=64, allow_nan=True, allow_infinity=True)
    places = nasty.nasty_points(frame, data.draw(st.lists(st.tuples(wild, wild), max_size=5)))
    agrees_exactly(frame, places[:: 1 + len(places) // 60])


@PATIENT
@given(st.data())
def test_edges_on_the_borders_of_cells_decide_nothing_wrongly(data: st.DataObject):
    """The cells hang on the extremes alone, so shapes may be drawn on their very lines."""
    frame = frame_of(shapely.box(0, 0, 1, 1), shapely.box(3, 2, 4, 5))
    raster = Locator(frame)._raster
    share = st.integers(1, 15).map(lambda n: n / 16)
    x = share.map(lambda s: raster.x0 + round(s * 2**raster.bits) * raster.step_x)
    y = share.map(lambda s: raster.y0 + round(s * 2**raster.bits) * raster.step_y)
    rings = data.draw(st.lists(st.lists(st.tuples(x, y), min_size=3, max_size=5), min_size=1, max_size=4))
    crossing = frame_of(*[shapely.Polygon(ring) for ring in rings], *frame.geometry)
    assert Locator(crossing)._raster == raster
    agrees_exactly(crossing, nasty.nasty_points(crossing))


@pytest.mark.parametrize("scale", [1.0, 2.0**-24, 2.0**-60, 1e-200, 1e-310, 1e60])
@pytest.mark.parametrize("offset", [0.0, 1.0, 180.0])
def test_no_extent_is_too_large_or_too_small(scale: float, offset: float):
    star = np.array([(0, 0), (4, 1), (1, 2), (5, 6), (2, 3), (0, 5)]) * scale + offset
    frame = frame_of(shapely.Polygon(star), shapely.Polygon(star[::-1] * 0.5), shapely.box(*star[0], *star[3]))
    agrees_exactly(frame, nasty.nasty_points(frame))


@pytest.mark.parametrize("turn", [0, 1])
def test_a_hundred_grids_upon_one_another_answer_with_the_first(turn: int):
    """Also where they are not copies: with a turn, each ring starts at another corner."""
    star = np.array([(0, 0), (4, 1), (1, 2), (5, 6), (2, 3), (0, 5)])
    stack = [shapely.Polygon(np.roll(star, turn * n, axis=0)) for n in range(100)]
    frame = frame_of(*stack, code=[f"{n:03}" for n in range(99, -1, -1)])
    assert set(Locator(frame).locate(*star.T)) == {99}


def test_thirty_different_grids_in_one_cell_are_all_tried():
    fan = [shapely.Polygon([(0, 0), (9, n / 3), (9, n / 3 + 1)]) for n in range(30)]
    frame = frame_of(shapely.box(500, 500, 501, 501), *fan)
    agrees_exactly(frame, nasty.nasty_points(frame)[::7])


def test_one_grid_far_away_does_not_make_the_others_wrong(town: gpd.GeoDataFrame):
    near = town[town.tier == 3].reset_index(drop=True)
    far = pd.concat([near, frame_of(shapely.box(-120, -40, -119, -39))], ignore_index=True)[["geometry"]]
    lon, lat = crowd(near, 20_000)
    assert (Locator(far).locate(lon, lat) == Locator(near[["geometry"]]).locate(lon, lat)).all()
    assert Locator(far).locate_one(-119.5, -39.5) == len(near)


# --- right, as GEOS has it -----------------------------------------------------------------------------------

LARGE = {
    "shifted city": lambda town: nasty.shifted_city(town[town.tier == 3].reset_index(drop=True), 200_000),
    "three tiers": lambda town: (town, *crowd(town, 100_000)),
    "aligned squares": lambda _: nasty.aligned_squares(200_000),
    "spiky stars": lambda _: nasty.spiky_stars(200_000),
    "lakes and islands": lambda _: nasty.lakes_and_islands(200_000),
}


@pytest.mark.parametrize("case", LARGE)
def test_geos_agrees_on_every_point_of_a_large_case(case: str, town: gpd.GeoDataFrame):
    frame, lon, lat = LARGE[case](town)
    found = Locator(frame).locate(lon, lat)
    assert (found == nasty.by_geos(frame, np.array(nasty.ranking(frame)), lon, lat)).all()
    assert len(np.unique(found)) > 50


def test_every_corner_and_edge_of_a_city_is_somebodys(town: gpd.GeoDataFrame):
    leaves = town[town.tier == 3].reset_index(drop=True)
    places = np.vstack(
        [
            shapely.get_coordinates(leaves.geometry.to_numpy()),
            border_points(leaves.geometry.to_numpy(), 30_000, np.random.default_rng(1))[:20_000],
        ]
    )
    found = Locator(leaves).locate(places[:, 0], places[:, 1])
    assert (found == nasty.by_geos(leaves, np.array(nasty.ranking(leaves)), *places.T.copy())).all()
    assert found.min() >= 0


# --- the rule ------------------------------------------------------------------------------------------------


def test_the_deepest_tier_wins_then_the_lowest_code_then_the_first_row():
    unit = shapely.box(0, 0, 1, 1)
    frame = frame_of(unit, unit, unit, unit, tier=[1, 2, 2, 2], code=["A", "C", "B", "B"])
    assert Locator(frame).locate_one(0.5, 0.5) == 2


def test_codes_are_compared_byte_by_byte():
    unit = shapely.box(0, 0, 1, 1)
    assert Locator(frame_of(unit, unit, code=["a", "Z"])).locate_one(0, 0) == 1
    assert Locator(frame_of(unit, unit, code=["10", "9"])).locate_one(0, 0) == 0


def test_where_no_deeper_tier_reaches_the_upper_one_answers():
    frame = frame_of(shapely.box(0, 0, 4, 4), shapely.box(0, 0, 2, 2), tier=[1, 2])
    assert Locator(frame).locate([1, 2, 3], [1, 2, 3]).tolist() == [1, 1, 0]


def test_a_hole_is_outside_but_its_rim_is_not():
    ring = shapely.box(0, 0, 3, 3).difference(shapely.box(1, 1, 2, 2))
    assert Locator(frame_of(ring)).locate([1.5, 1.0, 0.5], [1.5, 1.5, 0.5]).tolist() == [-1, 0, 0]


# --- whatever it is given ------------------------------------------------------------------------------------


def test_no_grids_and_no_points_are_no_trouble():
    assert Locator(frame_of()).locate([1.0], [1.0]).tolist() == [-1]
    assert Locator(frame_of()).locate_one(1.0, 1.0) == -1
    assert Locator(frame_of(None, shapely.Polygon())).locate([1.0], [1.0]).tolist() == [-1]
    assert Locator(frame_of(shapely.box(0, 0, 1, 1))).locate([], []).tolist() == []


def test_places_that_are_no_numbers_lie_outside():
    locator = Locator(frame_of(shapely.box(-1, -1, 1, 1)))
    odd = [np.nan, np.inf, -np.inf, 1e308, -1e308]
    assert set(locator.locate(odd, [0.0] * 5)) == set(locator.locate([0.0] * 5, odd)) == {-1}
    assert [locator.locate_one(0.0, value) for value in odd] == [-1] * 5


def test_answers_are_positions_whatever_the_index_of_the_frame():
    frame = frame_of(shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)).set_index(pd.Index(["x", "x"]))
    assert Locator(frame).locate([1.5], [0.5]).tolist() == [1]


def test_a_line_among_the_grids_is_refused_by_its_row():
    with pytest.raises(InputError, match="row 1 is a LineString"):
        Locator(frame_of(shapely.box(0, 0, 1, 1), shapely.LineString([(0, 0), (1, 1)])))


def test_a_coordinate_that_is_no_number_is_refused():
    with pytest.raises(InputError, match="no number"):
        Locator(frame_of(shapely.Polygon([(0, 0), (1, 0), (np.inf, 1)])))


def test_a_grid_without_a_tier_is_refused_by_its_row():
    with pytest.raises(InputError, match="row 1 has no tier"):
        Locator(frame_of(shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1), tier=[1, None]))


def test_points_come_as_two_rows_of_one_length():
    locator = Locator(frame_of(shapely.box(0, 0, 1, 1)))
    with pytest.raises(InputError, match="2 lon and 1 lat"):
        locator.locate([0, 1], [0])
    with pytest.raises(InputError, match="2 dimensions"):
        locator.locate([[0, 1]], [[0, 1]])
    with pytest.raises(InputError, match="lon holds something that is no number"):
        locator.locate(["here"], [0])


def test_a_locator_travels_to_another_process():
    locator = pickle.loads(pickle.dumps(Locator(frame_of(shapely.box(0, 0, 1, 1)))))
    assert locator.locate([1.0], [1.0]).tolist() == [0]


# --- the price -----------------------------------------------------------------------------------------------


def test_a_small_site_has_a_small_index():
    squares = [shapely.box(i, j, i + 1, j + 1) for i in range(15) for j in range(20)]
    assert Locator(frame_of(*squares)).nbytes < 2_000_000


def test_upper_tiers_that_lie_on_the_leaves_cost_no_edges(town: gpd.GeoDataFrame):
    leaves = Locator(town[town.tier == 3])
    assert len(Locator(town)._lines) < 1.01 * len(leaves._lines)


def test_one_compiled_form_of_each_kernel_serves_every_input():
    locator = Locator(frame_of(shapely.box(0, 0, 1, 1)))
    frozen = np.zeros((4, 2), np.float32)
    frozen.flags.writeable = False
    locator.locate(frozen[:, 0], frozen[:, 1])
    locator.locate(pd.Series([1, 2]), [True, False])
    locator.locate_one(np.float32(1), 1)
    Locator(frame_of())
    compiled = (cells.touch, cells.sweep, headers.seal, points.look_up, points.look_up_one)
    assert [len(kernel.signatures) for kernel in compiled] == [1] * 5


def test_a_kernel_that_can_be_kept_nowhere_is_compiled_in_memory():
    scope: dict[str, object] = {}
    exec("def twice(x): return 2 * x", scope)  # no file, so numba finds no place for a cache
    assert compiling.kernel(scope["twice"])(4) == 8


@pytest.mark.prove
def test_warming_up_fills_the_cache_that_the_environment_names(tmp_path: Path):
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "gridmap.spatial.locator"]
    said = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    assert said.stdout + said.stderr == ""
    kept = {path.name.split("-")[0] for path in tmp_path.rglob("*.nbi")}
    assert kept == {"cells.touch", "cells.sweep", "headers.seal", "points.look_up", "points.look_up_one"}
