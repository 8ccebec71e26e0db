"""Shapes as they are drawn: at every level of simplification the ground is covered once, and edges are shared."""

from __future__ import annotations

import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.city import city
from gridmap.domain.zooms import BANDS, LAST_ZOOM, band_of, shown_from, tiers_of_band, tiers_shown
from gridmap.spatial.coordinates import snap_geometries
from gridmap.spatial.drawn import draw_grids, label_circles

EVERY_TIER = [((1, 2, 3), tolerance) for tolerance in (0.0, 20.0, 80.0, 300.0)]


@pytest.fixture(scope="module")
def plan() -> gpd.GeoDataFrame:
    """A city of 400 cells with wavy borders, in clusters and zones."""
    return city(400, corners=40, seed=3, tiers=3)


def of_tier(level: gpd.GeoDataFrame, tier: int) -> np.ndarray:
    return level.geometry[level["tier"] == tier].to_numpy()


def test_neighbours_share_their_edges_at_every_level_and_tier(plan: gpd.GeoDataFrame) -> None:
    for level in draw_grids(plan, EVERY_TIER):
        for tier in (1, 2, 3):
            assert shapely.coverage_is_valid(of_tier(level, tier))
        assert shapely.is_valid(level.geometry.to_numpy()).all()


def test_no_ground_is_lost_or_drawn_twice_at_any_level(plan: gpd.GeoDataFrame) -> None:
    whole = shapely.union_all(of_tier(draw_grids(plan, EVERY_TIER[:1])[0], 1))
    for level in draw_grids(plan, EVERY_TIER):
        for tier in (1, 2, 3):
            cells = of_tier(level, tier)
            union = shapely.union_all(cells)
            assert shapely.area(cells).sum() == pytest.approx(union.area, rel=1e-9)
            assert len(shapely.get_rings(union)) == 1
            assert union.area == pytest.approx(whole.area, rel=0.02)


def test_every_tier_is_drawn_by_the_same_edges(plan: gpd.GeoDataFrame) -> None:
    for level in draw_grids(plan, EVERY_TIER):
        shape = dict(zip(level["code"], level.geometry, strict=True))
        for parent, children in plan.groupby("parent")["code"]:
            union = shapely.union_all([shape[code] for code in children])
            assert union.symmetric_difference(shape[parent]).area < 1e-6 * union.area


def test_each_level_has_fewer_corners_than_the_one_before_it(plan: gpd.GeoDataFrame) -> None:
    corners = [shapely.get_num_coordinates(level.geometry.to_numpy()).sum() for level in draw_grids(plan, EVERY_TIER)]
    assert corners == sorted(corners, reverse=True)
    assert corners[-1] < corners[0] / 2


def test_only_the_tiers_of_a_level_are_drawn_in_the_order_of_the_plan(plan: gpd.GeoDataFrame) -> None:
    fine, coarse = draw_grids(plan, [((1, 2, 3), 0.0), ((1, 2), 80.0)])
    assert list(fine["code"]) == list(plan["code"])
    assert list(coarse["code"]) == list(plan.loc[plan["tier"] < 3, "code"])


def squares(*rows: tuple[str, int, str | None, shapely.Polygon]) -> gpd.GeoDataFrame:
    codes, tiers, parents, shapes = zip(*rows, strict=True)
    frame = gpd.GeoDataFrame({"code": codes, "tier": tiers}, geometry=list(shapes), crs=4326)
    return frame.assign(parent=pd.Series(parents, dtype=object))


def test_ground_of_a_parent_that_no_child_has_stays_its_own() -> None:
    parent, child = shapely.box(0, 0, 0.4, 0.4), shapely.box(0, 0, 0.2, 0.4)
    (level,) = draw_grids(squares(("P", 1, None, parent), ("C", 2, "P", child)), [((1, 2), 100.0)])
    assert level.geometry[0].area == pytest.approx(2 * level.geometry[1].area, rel=1e-3)


def test_a_parent_without_children_is_drawn_beside_the_cells_of_others() -> None:
    left, right = shapely.box(0, 0, 0.2, 0.4), shapely.box(0.2, 0, 0.4, 0.4)
    plan = squares(("P", 1, None, left), ("Q", 1, None, right), ("C", 2, "Q", right))
    (level,) = draw_grids(plan, [((1, 2), 100.0)])
    assert shapely.coverage_is_valid(of_tier(level, 1))
    assert level.geometry[1].equals(level.geometry[2])


def test_cells_that_do_not_meet_corner_to_corner_are_joined_before_they_are_simplified() -> None:
    wave = [(0.2 + 0.002 * np.sin(step), 0.4 * step / 40) for step in range(41)]
    between = [((x + u) / 2, (y + v) / 2) for (x, y), (u, v) in itertools.pairwise(wave)]
    left = shapely.Polygon([(0, 0), *sorted([*wave, *between], key=lambda place: place[1]), (0, 0.4)])
    # The neighbour's border lies a centimetre off, and has half the corners.
    right = shapely.Polygon([*[(x + 1e-7, y) for x, y in wave[::-1]], (0.4, 0), (0.4, 0.4)])
    plan = squares(("A", 1, None, left), ("B", 1, None, right))
    assert not shapely.coverage_is_valid(plan.geometry.to_crs(3857).to_numpy(), gap_width=0.1)
    for level in draw_grids(plan, [((1,), 30.0), ((1,), 200.0)]):
        assert shapely.coverage_is_valid(level.geometry.to_numpy(), gap_width=1)
        assert len(shapely.get_rings(shapely.union_all(level.geometry.to_numpy()))) == 1


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), tolerance=st.floats(1, 2_000))
def test_whatever_is_left_out_neighbours_never_part(seed: int, tolerance: float) -> None:
    random = np.random.default_rng(seed)
    # Voronoi cells of random spots, on the lattice, as plans are.
    spots = shapely.MultiPoint(random.uniform(0, 0.5, (24, 2)))
    cells = gpd.GeoSeries(list(shapely.voronoi_polygons(spots).geoms), crs=4326)
    plan = squares(*((f"G{n}", 1, None, cell) for n, cell in enumerate(snap_geometries(cells))))
    (level,) = draw_grids(plan, [((1,), tolerance)])
    assert shapely.coverage_is_valid(level.geometry.to_numpy())


def test_a_label_stands_within_its_grid_with_a_circle_that_fits(plan: gpd.GeoDataFrame) -> None:
    shapes = plan.geometry.to_crs(3857)
    labels = label_circles(shapes)
    assert shapely.contains(shapes.to_numpy(), labels.geometry.to_numpy()).all()
    stretched = labels["radius_m"] * np.cosh(labels.geometry.y / 6_378_137)
    largest = shapely.length(shapely.maximum_inscribed_circle(shapes.to_numpy()))
    assert (stretched < 1.25 * largest).all()
    assert (stretched > 0.6 * largest).all()


def test_the_first_tier_is_drawn_at_every_zoom_and_the_leaf_close_up() -> None:
    assert [tiers_shown(zoom, 1, 3) for zoom in (0, 9, 10, 12, 13, 18)] == [
        [1],
        [1],
        [1, 2],
        [1, 2],
        [1, 2, 3],
        [1, 2, 3],
    ]
    assert tiers_shown(0, 3, 3) == [3]
    assert shown_from(2, 1, 2) == 13


def test_every_zoom_has_a_band_and_every_band_the_tiers_of_its_zooms() -> None:
    for zoom in range(LAST_ZOOM + 1):
        assert set(tiers_shown(zoom, 1, 3)) <= set(tiers_of_band(band_of(zoom), 1, 3))
    assert [band.first for band in BANDS] == sorted(
        {band_of(zoom).first for zoom in range(LAST_ZOOM + 1)}, reverse=True
    )
