"""Clusters against PostGIS, scikit-learn and plain arithmetic; their numbers, their hulls, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components
from sklearn.cluster import DBSCAN
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.analytics.clusters import NOISE, dbscan, hulls, st_dbscan
from gridmap.analytics.events import laid_out
from gridmap.errors import InputError

DAWN = pd.Timestamp("2026-05-01", tz="Asia/Shanghai")
HOUR = 3600
SHANGHAI = np.array([351_000, 3_460_000])  # EPSG:32651


def at(hours: object) -> pd.Series:
    """Moments so many hours after dawn."""
    return pd.Series(DAWN + pd.to_timedelta(np.asarray(hours, dtype=float), unit="h"))


def near(places: np.ndarray, hours: np.ndarray, metres: float, within: float) -> np.ndarray:
    gaps = ((places[:, None] - places[None]) ** 2).sum(axis=2)
    return (gaps <= metres**2 * (1 + 1e-11)) & (np.abs(hours[:, None] - hours[None]) <= within + 1e-9)


def by_hand(
    places: np.ndarray, hours: np.ndarray, metres: float, within: float, least: float, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The clusters by the definition, every pair looked at; and which points are cores."""
    close = near(places, hours, metres, within)
    core = close @ weights >= least - 1e-9
    label = np.full(len(places), NOISE)
    if core.any():
        label[core] = connected_components(close[np.ix_(core, core)], directed=False)[1]
    for i in np.flatnonzero(~core & (close & core).any(axis=1)):
        there = np.flatnonzero(close[i] & core)
        keys = [(((places[i] - places[j]) ** 2).sum(), abs(hours[i] - hours[j]), *places[j], hours[j]) for j in there]
        label[i] = label[there[min(range(len(there)), key=keys.__getitem__)]]
    return label, core


def partition(labels: np.ndarray) -> set[frozenset[int]]:
    """Who is with whom, whatever the numbers."""
    return {frozenset(np.flatnonzero(labels == one).tolist()) for one in set(labels.tolist()) - {NOISE}}


def thick_and_thin(seed: int, count: int) -> np.ndarray:
    """Half of the points in heaps, half anywhere."""
    random = np.random.default_rng(seed)
    middles = random.random((6, 2)) * 1000
    heaps = middles[random.integers(0, 6, count // 2)] + random.normal(0, 20, (count // 2, 2))
    return np.concatenate([heaps, random.random((count - count // 2, 2)) * 1000])


# ---------------------------------------------------------------- what others say


def test_the_published_labels_of_postgis_are_ours(samples: Path) -> None:
    said = json.loads((samples / "reference" / "spatial_statistics" / "postgis_dbscan_expected.json").read_text())
    places = np.array(list(said["points"].values()), dtype=float)
    assert len(said["ST_ClusterDBSCAN"]) == 3
    for case in said["ST_ClusterDBSCAN"]:
        found = dbscan(places, metres=case["eps"], least=case["minpoints"])
        assert found.tolist() == [NOISE if label is None else label for label in case["labels"]]


@pytest.mark.parametrize("seed", range(6))
def test_postgis_finds_the_same_clusters_of_the_same_cores(session: Session, seed: int) -> None:
    places, metres, least = thick_and_thin(seed, 600), 15.0 + 5 * seed, 3 + 2 * (seed % 3)
    places = np.round(places + SHANGHAI, 3)
    ours = dbscan(gpd.GeoSeries(shapely.points(places), crs=32651), metres=metres, least=least).to_numpy()
    rows = session.execute(
        text("""select n, ST_ClusterDBSCAN(ST_SetSRID(ST_MakePoint(x, y), 32651), :metres, :least) over ()
                  from unnest(cast(:x as float8[]), cast(:y as float8[])) with ordinality as p (x, y, n) order by n"""),
        {"metres": metres, "least": least, "x": places[:, 0].tolist(), "y": places[:, 1].tolist()},
    ).all()
    theirs = np.array([NOISE if label is None else label for _, label in rows])
    _, core = by_hand(places, np.zeros(600), metres, 0.0, least, np.ones(600))
    assert 1 < len(partition(ours)) < core.sum() < 600
    # A border point between two clusters is of the nearer one here, of either there.
    assert partition(np.where(core, ours, NOISE)) == partition(np.where(core, theirs, NOISE))
    assert ((ours == NOISE) == (theirs == NOISE)).all()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("metres", [8.0, 25.0, 60.0])
def test_scikit_learn_finds_the_same_clusters_of_the_same_cores(metres: float, weighted: bool) -> None:
    places = thick_and_thin(11, 3000)
    weights = np.random.default_rng(2).integers(0, 4, 3000) if weighted else None
    ours = dbscan(places, metres=metres, least=8, weights=weights).to_numpy()
    theirs = DBSCAN(eps=metres, min_samples=8).fit(places, sample_weight=weights)
    core = np.isin(np.arange(3000), theirs.core_sample_indices_)
    assert partition(np.where(core, ours, NOISE)) == partition(np.where(core, theirs.labels_, NOISE))
    assert ((ours == NOISE) == (theirs.labels_ == NOISE)).all()


# Numbers as reports have them: often the same place, often the same distance apart, often just so far.
GRID = st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(0, 6), st.sampled_from([0.0, 0.5, 1.0, 2.0]))


@given(st.lists(GRID, min_size=1, max_size=40), st.sampled_from([1.0, 2.0, 5.0]), st.integers(0, 2), st.integers(1, 6))
def test_space_and_time_together_are_as_by_hand(rows: list[tuple], metres: float, hours: int, least: int) -> None:
    given = np.array(rows, dtype=float)
    places, when, weights = given[:, :2], given[:, 2], given[:, 3]
    found = st_dbscan(places, at(when), metres=metres, hours=hours, least=least, weights=weights).to_numpy()
    said, core = by_hand(places, when, metres, hours, least, weights)
    assert partition(np.where(core, found, NOISE)) == partition(np.where(core, said, NOISE))
    assert partition(found) == partition(said)


@pytest.mark.parametrize("seed", range(4))
def test_many_points_in_space_and_time_are_as_by_hand(seed: int) -> None:
    random = np.random.default_rng(seed)
    places, when = thick_and_thin(seed, 1500), random.integers(0, 10 * 24 * HOUR, 1500) / HOUR
    found = st_dbscan(places, at(when), metres=30, hours=24, least=4).to_numpy()
    said, _ = by_hand(places, when, 30, 24, 4, np.ones(1500))
    assert len(partition(said)) > 5
    assert partition(found) == partition(said)


# ---------------------------------------------------------------- numbers


@given(st.lists(GRID, min_size=2, max_size=30), st.randoms(use_true_random=False))
def test_the_order_of_the_points_changes_nothing(rows: list[tuple], shuffler: object) -> None:
    given = np.array(rows, dtype=float)
    order = list(range(len(given)))
    shuffler.shuffle(order)  # type: ignore[attr-defined]
    for hours in (0, 1):
        first = st_dbscan(given[:, :2], at(given[:, 2]), metres=2, hours=hours, least=3).to_numpy()
        again = st_dbscan(given[order, :2], at(given[order, 2]), metres=2, hours=hours, least=3).to_numpy()
        assert again.tolist() == first[order].tolist()


def test_clusters_are_numbered_by_size_and_then_from_west_to_east() -> None:
    row = [0, 1, 2, 50, 51, 52, 53, 100, 101, 102, 200]
    found = dbscan(np.column_stack([row, np.zeros(11)]), metres=1, least=2)
    assert found.tolist() == [1, 1, 1, 0, 0, 0, 0, 2, 2, 2, NOISE]
    assert found.name == "cluster"


def test_what_weighs_most_comes_first() -> None:
    row, weights = np.column_stack([[0, 1, 2, 50, 51], np.zeros(5)]), [1, 1, 1, 5, 0]
    clusters = dbscan(row, metres=1, least=2, weights=weights)
    assert clusters.tolist() == [1, 1, 1, 0, 0]
    found = hulls(row, clusters, weights=weights)
    assert found[["count", "weight", "x"]].values.tolist() == [[2, 5, 50], [3, 3, 1]]
    assert found["per_km2"].tolist() == pytest.approx([5 / found["area_km2"][0], 3 / found["area_km2"][1]])
    assert hulls(row, clusters, weights=np.zeros(5))["x"].tolist() == [50.5, 1]


def test_a_point_between_two_clusters_is_of_the_nearer_one() -> None:
    row = np.array([[0.0, 0], [1, 0], [2, 0], [12, 0], [13, 0], [14, 0], [6.5, 0]])
    # The last has three cores within 6, and with them weighs 4: one short of being a core.
    assert dbscan(row, metres=6, least=5, weights=[3, 1, 1, 1, 1, 3, 1]).tolist() == [0, 0, 0, 1, 1, 1, 0]


def test_labels_stand_on_the_index_of_the_points_and_nothing_is_changed() -> None:
    frame = gpd.GeoDataFrame({"code": list("abc")}, geometry=gpd.points_from_xy([121.5] * 3, [31.25] * 3),
                             crs=4326, index=[7, 3, 5])  # fmt: skip
    before = frame.copy()
    found = dbscan(frame, metres=5, least=3)
    assert found.to_dict() == {7: 0, 3: 0, 5: 0}
    pd.testing.assert_frame_equal(frame, before)


def test_metres_are_metres_in_degrees_in_a_system_of_metres_and_in_web_mercator() -> None:
    flat = thick_and_thin(3, 400) + SHANGHAI
    metric = gpd.GeoSeries(shapely.points(flat), crs=32651)
    said = dbscan(metric, metres=25, least=4)
    assert said.max() > 2
    for system in (4326, 4490, 3857):
        pd.testing.assert_series_equal(dbscan(metric.to_crs(system), metres=25, least=4), said)
    wide = np.hypot(*np.diff(laid_out(metric.to_crs(3857).iloc[[0, -1]]).metres, axis=0)[0])
    assert wide == pytest.approx(np.hypot(*(flat[-1] - flat[0])), rel=1e-3)


def test_feet_are_no_metres() -> None:
    two = gpd.GeoSeries([shapely.Point(1_000_000, 200_000), shapely.Point(1_000_100, 200_000)], crs=2263)
    assert dbscan(two, metres=31, least=2).tolist() == [0, 0]
    assert dbscan(two, metres=30, least=2).tolist() == [NOISE, NOISE]


def test_a_heap_at_one_place_costs_no_more_than_points_apart() -> None:
    heap = np.repeat([[0.0, 0.0], [1000.0, 0.0]], 150_000, axis=0)
    assert np.bincount(dbscan(heap, metres=30)).tolist() == [150_000, 150_000]
    hours = np.tile(np.arange(150_000) / 1000, 2)
    assert st_dbscan(heap, at(hours), metres=30, hours=1, least=900).max() == 1


def test_what_comes_again_after_a_pause_is_another_cluster() -> None:
    hours = [0, 10, 20, 30, 200, 210, 220]
    assert st_dbscan(np.zeros((7, 2)), at(hours), metres=10, hours=12, least=2).tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert dbscan(np.zeros((7, 2)), metres=10, least=2).tolist() == [0] * 7


# ---------------------------------------------------------------- hulls


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(-1, 2)), min_size=1, max_size=40),
    st.sampled_from([0.0, 0.4, 1.0]),
)
def test_hulls_are_valid_areas_that_hold_their_members(rows: list[tuple], ratio: float) -> None:
    given = np.array(rows, dtype=float)
    points = gpd.GeoSeries(shapely.points(121.5 + given[:, 0] / 1e4, 31.25 + given[:, 1] / 1e4), crs=4326)
    clusters = given[:, 2].astype(int)
    found = hulls(points, clusters, margin=5, ratio=ratio)
    assert found["cluster"].tolist() == sorted(set(clusters.tolist()) - {NOISE})
    assert found.crs == 4326
    assert found.is_valid.all()
    assert (found.geom_type == "Polygon").all()
    for row in found.itertuples():
        members = points[clusters == row.cluster]
        assert row.count == len(members)
        assert members.within(row.geometry).all()
        assert (row.lon, row.lat) == pytest.approx((members.x.mean(), members.y.mean()), abs=1e-8)
        assert row.per_km2 == pytest.approx(row.count / row.area_km2)


def test_a_cluster_at_one_place_has_a_small_area_and_its_days() -> None:
    hours = [30, 5, 12]
    moments = at(hours)
    moments.index = [9, 8, 7]
    one = gpd.GeoDataFrame(geometry=gpd.points_from_xy([121.5] * 3, [31.25] * 3), crs=4326)
    found = hulls(one, [0, 0, 0], moments=moments).iloc[0]
    assert found["area_km2"] == pytest.approx(np.pi * 0.01**2, rel=0.01)
    assert (found["since"], found["until"]) == (DAWN + pd.Timedelta(hours=5), DAWN + pd.Timedelta(hours=30))


def test_a_hull_that_follows_the_members_is_smaller() -> None:
    corner = np.array([[x, y] for x in range(0, 200, 10) for y in range(0, 200, 10) if min(x, y) < 40], dtype=float)
    convex, close = (hulls(corner, np.zeros(len(corner)), ratio=ratio)["area_km2"].item() for ratio in (1.0, 0.1))
    assert close < 0.7 * convex


def test_where_there_is_no_cluster_there_is_no_hull() -> None:
    points = gpd.GeoSeries(gpd.points_from_xy([121.5, 121.6], [31.2, 31.2]), crs=4326)
    found = hulls(points, [NOISE, NOISE], moments=at([1, 2]))
    assert len(found) == 0
    assert {"cluster", "count", "lon", "lat", "since", "until", "area_km2", "per_km2"} < {*found.columns}


# ---------------------------------------------------------------- what is refused


def test_no_points_and_one_point_have_no_clusters() -> None:
    for empty in (np.zeros((0, 2)), gpd.GeoSeries([], crs=4326)):
        assert dbscan(empty, metres=10).tolist() == []
        assert st_dbscan(empty, at([]), metres=10, hours=1).tolist() == []
        assert len(hulls(empty, [])) == 0
    assert dbscan(np.zeros((1, 2)), metres=10).tolist() == [NOISE]
    assert dbscan(np.zeros((1, 2)), metres=10, least=1).tolist() == [0]


def test_what_is_no_place_is_refused_in_a_sentence() -> None:
    with pytest.raises(InputError, match="1 of 2 points have no place: leave them out first"):
        dbscan(np.array([[0.0, 0], [np.nan, 1]]), metres=10)
    for none in (None, shapely.Point()):
        with pytest.raises(InputError, match="1 of 2 points have no place"):
            dbscan(gpd.GeoSeries([shapely.Point(0, 0), none]), metres=10)
    with pytest.raises(InputError, match="is no point"):
        dbscan(gpd.GeoSeries([shapely.box(0, 0, 1, 1)]), metres=10)
    with pytest.raises(InputError, match="2,000 km apart: is one at 0, 0"):
        dbscan(gpd.GeoSeries(gpd.points_from_xy([0, 121.5], [0, 31.25]), crs=4326), metres=10)
    with pytest.raises(InputError, match="is no place"):
        dbscan(gpd.GeoSeries(gpd.points_from_xy([121.5, 121.5], [31.2, 9e9]), crs=4326), metres=10)
    with pytest.raises(InputError, match="give x and y"):
        dbscan(np.zeros(4), metres=10)


def test_what_is_no_moment_is_refused_in_a_sentence() -> None:
    places = np.zeros((2, 2))
    with pytest.raises(InputError, match="1 of 2 have no moment"):
        st_dbscan(places, at([1, np.nan]), metres=10, hours=1)
    with pytest.raises(InputError, match="time zone"):
        st_dbscan(places, at([1, 2]).dt.tz_localize(None), metres=10, hours=1)
    with pytest.raises(InputError, match="1 moments for 2 points"):
        st_dbscan(places, at([1]), metres=10, hours=1)


def test_settings_that_mean_nothing_are_refused_in_a_sentence() -> None:
    places = np.zeros((2, 2))
    for metres in (0, -1, np.nan, np.inf):
        with pytest.raises(InputError, match="metres above 0"):
            dbscan(places, metres=metres)
    for least in (0, -1, np.nan):
        with pytest.raises(InputError, match="number above 0"):
            dbscan(places, metres=1, least=least)
    for weights, said in (([1], "for 2 points"), ([1, -1], "below 0"), ([1, np.nan], "missing")):
        with pytest.raises(InputError, match=said):
            dbscan(places, metres=1, weights=weights)
    with pytest.raises(InputError, match="0 or more"):
        st_dbscan(places, at([1, 2]), metres=1, hours=-1)
    with pytest.raises(InputError, match="too small a step"):
        st_dbscan(np.array([[0, 0], [1e6, 1e6]]), at([0, 1e5]), metres=1e-3, hours=0)
    with pytest.raises(InputError, match="1 clusters for 2 points"):
        hulls(places, [0])
    for margin, ratio in ((0, 1), (np.nan, 1), (1, 2)):
        with pytest.raises(InputError, match="metres above 0"):
            hulls(places, [0, 0], margin=margin, ratio=ratio)
