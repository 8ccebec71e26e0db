"""Scans held against SaTScan's own figures, against a plain look at every window, and against chance."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import hypot, log
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from gridmap.analytics.kernels import scanning
from gridmap.analytics.replicas import Trial, by_expectation, by_permutation, maxima
from gridmap.analytics.scan import Scan, scan, scan_cylinders, scan_permuted
from gridmap.analytics.windows import circles, spans
from gridmap.errors import InputError

DAYS = pd.date_range("2026-03-01", periods=21, tz="Asia/Shanghai")
NEW_YORK = Path(__file__).parent / "files" / "new_york.csv"


def board(wide: int, high: int, side: float = 100.0) -> gpd.GeoDataFrame:
    places = [shapely.Point(x * side, y * side) for y in range(high) for x in range(wide)]
    return gpd.GeoDataFrame({"code": [f"C{n:03d}" for n in range(len(places))]}, geometry=places)


def drawn(seed: int = 7) -> np.random.Generator:
    return np.random.default_rng(seed)


SQUARE = board(12, 12)
HOMES = np.maximum(drawn(1).lognormal(4.2, 0.5, 144).round(), 3)
BLOCK = [12 * row + column for row in (4, 5, 6) for column in (4, 5, 6)]


# ---------------------------------------------------------------- what SaTScan says

# Clusters of SaTScan 9.6: tracts, cases, expected, relative risk, log likelihood ratio, p of 999 replicas.
BINGHAMTON = "52 50 37 49 38 48 53 39 15 47 51 1 40 44 16 2 55 36 14 43 13 45 3 35 17 11 12 46"
SYRACUSE = (
    "112 113 115 111 116 219 117 123 218 114 122 110 124 220 118 133 121 125 216 120 134 217 126 139 215 132 141 140 "
    "127 142 138 131 119"
)
SATSCAN = [
    (BINGHAMTON, 100, 58.28, 1.87, 14.083511, 0.001),
    ("89 88 87 84 90 86 92 85", 38, 17.79, 2.22, 9.019716, 0.016),
    (SYRACUSE, 64, 40.85, 1.64, 6.114140, 0.248),
    ("62 64 67 65", 25, 12.82, 1.99, 4.651839, 0.645),
    ("266 281 267 265", 12, 5.14, 2.37, 3.363518, 0.965),
    ("166 159 167", 11, 4.61, 2.41, 3.209485, 0.982),
]


def new_york() -> tuple[pd.DataFrame, gpd.GeoDataFrame]:
    table = pd.read_csv(NEW_YORK, comment="#")
    places = gpd.points_from_xy(table["latitude"], table["longitude"])
    return table, gpd.GeoDataFrame({"code": table["tract"]}, geometry=places)


def test_the_clusters_of_new_york_are_those_of_satscan() -> None:
    table, places = new_york()
    found = scan(table["cases"].to_numpy(), table["population"].to_numpy(), places, clusters=6, random=drawn())
    for (_, row), (tracts, cases, expected, risk, llr, p) in zip(found.clusters.iterrows(), SATSCAN, strict=True):
        assert set(row["codes"]) == {int(tract) for tract in tracts.split()}
        assert row["observed"] == cases
        assert round(row["expected"], 2) == expected
        assert round(row["relative_risk"], 2) == risk
        assert round(row["llr"], 6) == llr
        assert row["p"] == pytest.approx(p, abs=0.05)
    assert found.clusters["p_gumbel"][0] == pytest.approx(0.00015, rel=0.6)
    assert len(found.sure()) == 2


def test_a_smaller_share_of_the_population_gives_the_circles_that_satscan_gives() -> None:
    table, places = new_york()
    found = scan(table["cases"], table["population"], places.set_axis(table.index).drop(columns="code"), most=0.1,
                 replicas=99, random=drawn())  # fmt: skip
    first = "49 48 50 47 1 15 51 2 13 14 3 35 16 52 36 37 12 11 5 17 10 4 6 38 18 9"
    assert {code + 1 for code in found.clusters["codes"][0]} == {int(tract) for tract in first.split()}
    assert {code + 1 for code in found.clusters["codes"][6]} == {166, 159, 167}


# ---------------------------------------------------------------- what a plain look says


def ratio(inside: float, mean: float, total: int) -> float:
    outside = total - inside
    return (inside * log(inside / mean) if inside else 0.0) + (
        outside * log(outside / (total - mean)) if outside else 0.0
    )


def plain_circles(places: gpd.GeoDataFrame, sizes: np.ndarray, most: float) -> Iterator[tuple[int, frozenset[int]]]:
    points = [(point.x, point.y) for point in places.geometry]
    for centre, (x, y) in enumerate(points):
        apart = [hypot(a - x, b - y) for a, b in points]
        for radius in sorted(set(apart)):
            held = frozenset(i for i, distance in enumerate(apart) if distance <= radius)
            if sizes[list(held)].sum() <= most * sizes.sum() + 1e-9:
                yield centre, held


def plainly(
    counted: np.ndarray, expected: np.ndarray, places: gpd.GeoDataFrame, sizes: np.ndarray, *, side: int = 1,
    longest: int = 1, prospective: bool = False, most: float = 0.5, barred: frozenset[int] = frozenset(),
) -> float:  # fmt: skip
    """The largest ratio, each window by itself."""
    total, best, periods = int(counted.sum()), 0.0, counted.shape[1]
    for _, held in plain_circles(places, sizes, most):
        rows = list(held)
        for start in range(periods):
            for stop in range(start + 1, min(start + longest, periods) + 1):
                if held & barred or (prospective and stop < periods):
                    continue
                inside, mean = counted[rows, start:stop].sum(), expected[rows, start:stop].sum()
                if mean <= 0 or mean >= total or (inside - mean) * side <= 0 or (side > 0 and inside < 2):
                    continue
                best = max(best, ratio(inside, mean, total))
    return best


MAPS = st.integers(2, 9).flatmap(
    lambda n: st.tuples(
        st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=n, max_size=n),
        st.lists(st.integers(0, 9), min_size=n, max_size=n),
        st.lists(st.integers(1, 40), min_size=n, max_size=n),
    )
)


@settings(max_examples=80)
@given(MAPS, st.sampled_from(["high", "low", "both"]))
def test_the_likeliest_circle_is_what_a_look_at_every_circle_finds(given_map: Any, look: Any) -> None:
    points, cases, people = given_map
    places = gpd.GeoDataFrame(geometry=[shapely.Point(point) for point in points])
    counted, sizes = np.array(cases)[:, None], np.array(people, dtype=np.float64)
    expected = sizes[:, None] * counted.sum() / sizes.sum()
    found = scan(cases, people, places, look=look, most=1.0, replicas=1, random=drawn()).clusters
    sides = {"high": (1,), "low": (-1,), "both": (1, -1)}[look]
    barred: frozenset[int] = frozenset()
    for _, row in found.iterrows():
        best = max(plainly(counted, expected, places, sizes, side=side, most=1.0, barred=barred) for side in sides)
        assert row["llr"] == pytest.approx(best, abs=1e-7)
        assert row["observed"] == counted[list(row["codes"])].sum()
        assert row["expected"] == pytest.approx(expected[list(row["codes"])].sum())
        assert row["llr"] == pytest.approx(ratio(row["observed"], row["expected"], int(counted.sum())), abs=1e-9)
        assert not barred & set(row["codes"])
        barred |= set(row["codes"])
    assert max(plainly(counted, expected, places, sizes, side=side, most=1.0, barred=barred) for side in sides) <= 1e-7


@settings(max_examples=50)
@given(st.integers(0, 10_000), st.sampled_from([1, -1]), st.booleans(), st.integers(1, 5), st.floats(0.2, 8.0))
def test_the_largest_ratio_of_a_replica_is_what_a_look_at_every_cylinder_finds(
    seed: int, side: int, prospective: bool, longest: int, mean: float
) -> None:
    random = drawn(seed)
    places = gpd.GeoDataFrame(geometry=[shapely.Point(point) for point in random.integers(0, 6, (7, 2))])
    sizes = random.integers(1, 30, 7).astype(np.float64)
    counted = random.poisson(mean * random.random((7, 5)))
    counted[0, 0] += 2
    expected = np.outer(sizes, np.ones(5)) * counted.sum() / sizes.sum() / 5
    windows, held = spans(5, longest, prospective=prospective), circles(places, sizes, most=0.8)

    def draw(times: int) -> np.ndarray:
        replicas = np.zeros((7, 6 - windows.skipped, times), np.float32)
        replicas[:, 1:] = np.cumsum(counted[:, windows.skipped :], axis=1)[:, :, None]
        return replicas

    found = maxima(Trial.of(held, windows, counted, expected, draw), (side,), 2, 70)
    best = plainly(counted, expected, places, sizes, side=side, longest=longest, prospective=prospective, most=0.8)
    assert found == pytest.approx(best, abs=1e-7)


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.booleans(), st.integers(1, 6))
def test_the_likeliest_cylinder_is_what_a_look_at_every_cylinder_finds(
    seed: int, prospective: bool, longest: int
) -> None:
    random = drawn(seed)
    places = gpd.GeoDataFrame(geometry=[shapely.Point(point) for point in random.integers(0, 6, (6, 2))])
    cases = pd.DataFrame(random.poisson(1.0, (6, 6)))
    cases.iloc[0, 0] += 2
    counted = cases.to_numpy()
    expected = np.outer(counted.sum(axis=1), counted.sum(axis=0)) / counted.sum()
    found = scan_permuted(cases, places, longest=longest, prospective=prospective, most=0.9, replicas=1,
                          random=drawn()).clusters  # fmt: skip
    best = plainly(counted, expected, places, counted.sum(axis=1), longest=longest, prospective=prospective, most=0.9)
    assert (found["llr"][0] if len(found) else 0.0) == pytest.approx(best, abs=1e-7)
    for row in found.itertuples():
        inside = counted[list(row.codes), row.since : row.until + 1]
        assert row.observed == inside.sum()
        assert row.periods == row.until - row.since + 1 <= longest
        assert not prospective or row.until == 5


# ---------------------------------------------------------------- windows


def test_grids_that_are_equally_far_join_a_circle_together_and_those_at_one_place_are_never_parted() -> None:
    places = gpd.GeoDataFrame(geometry=[shapely.Point(p) for p in [(0, 0), (1, 0), (-1, 0), (0, 1), (0, 0), (9, 9)]])
    found = circles(places, np.ones(6), most=1.0)
    first = [set(found.held(0, last)) for last in np.flatnonzero(found.closes[: found.first[1]])]
    assert first == [{0, 4}, {0, 1, 2, 3, 4}, {0, 1, 2, 3, 4, 5}]


def test_no_circle_is_wider_or_holds_more_than_was_asked_for() -> None:
    found = circles(SQUARE, HOMES, most=0.2, metres=250.0)
    for start, stop in pairwise(found.first):
        assert HOMES[found.members[start:stop]].sum() <= 0.2 * HOMES.sum()
        assert found.radii[start:stop].max(initial=0) <= 250.0
        assert found.closes[stop - 1]
    assert circles(SQUARE, HOMES, metres=0.0).count == 144


def test_circles_may_be_drawn_about_other_places_and_degrees_are_metres() -> None:
    about = gpd.GeoDataFrame({"code": ["gate"]}, geometry=[shapely.Point(500, 500)])
    counts = np.full(144, 2)
    counts[BLOCK] = 8
    found = scan(counts, np.ones(144), SQUARE, centres=about, random=drawn())
    assert found.clusters["centre"].tolist() == ["gate"]
    assert found.clusters["radius_m"][0] == pytest.approx(np.hypot(100, 100))
    shanghai = SQUARE.set_crs(32651).translate(350_000, 3_450_000)
    moved = gpd.GeoDataFrame({"code": SQUARE["code"]}, geometry=shanghai)
    ours, theirs = (scan(counts, np.ones(144), grids, random=drawn()) for grids in (moved, moved.to_crs(4326)))
    assert set(ours.clusters["codes"][0]) == set(theirs.clusters["codes"][0]) == {f"C{n:03d}" for n in BLOCK}
    assert ours.clusters["radius_m"][0] == pytest.approx(theirs.clusters["radius_m"][0], rel=1e-3)


# ---------------------------------------------------------------- replicas


def test_a_shuffled_replica_keeps_what_each_grid_and_each_period_of_a_kind_has() -> None:
    counted, kinds = drawn().poisson(1.5, (9, 14)), np.arange(14) % 7
    replicas = np.diff(by_permutation(counted, kinds, 0, drawn())(40), axis=1).astype(int)
    assert (replicas.sum(axis=0) == counted.sum(axis=0)[:, None]).all()
    for kind in range(7):
        assert (replicas[:, kinds == kind].sum(axis=1) == counted[:, kinds == kind].sum(axis=1)[:, None]).all()
    assert replicas.std(axis=2).max() > 0.5


def test_a_shuffled_replica_has_on_average_what_the_margins_expect() -> None:
    counted = drawn().poisson(1.5, (9, 14))
    late = np.diff(by_permutation(counted, np.zeros(14, np.int64), 10, drawn())(4000), axis=1)
    expected = np.outer(counted.sum(axis=1), counted.sum(axis=0)) / counted.sum()
    assert late.mean(axis=2) == pytest.approx(expected[:, 10:], abs=0.12)


def test_a_replica_of_the_population_has_all_cases_and_on_average_what_is_expected() -> None:
    expected = drawn().random((9, 14)) * 3
    expected[4] = 0
    expected *= 150 / expected.sum()
    whole = np.diff(by_expectation(expected, 150, 0, drawn())(50), axis=1)
    assert (whole.sum(axis=(0, 1)) == 150).all()
    assert (whole[4] == 0).all()
    late = np.diff(by_expectation(expected, 150, 10, drawn())(4000), axis=1)
    assert late.mean(axis=2) == pytest.approx(expected[:, 10:], abs=0.15)


def test_a_seed_gives_the_same_to_the_bit_and_nothing_given_is_changed() -> None:
    cases = pd.DataFrame(drawn().poisson(1.0, (144, 21)), index=pd.Index(SQUARE["code"]), columns=DAYS)
    kept, homes = cases.copy(), HOMES.copy()
    np.random.seed(11)  # noqa: NPY002 (the global generator is what this is about)
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    for again in (
        lambda: scan(cases.sum(axis=1), HOMES, SQUARE, random=drawn(), replicas=99),
        lambda: scan_cylinders(cases, HOMES, SQUARE, random=drawn(), replicas=99, longest=3),
        lambda: scan_permuted(cases, SQUARE, random=drawn(), replicas=99, longest=3, prospective=True),
    ):
        one, other = again(), again()
        assert (one.maxima == other.maxima).all()
        pd.testing.assert_frame_equal(one.clusters, other.clusters, check_exact=True)
        pd.testing.assert_frame_equal(one.cells, other.cells, check_exact=True)
    assert (np.random.get_state()[1] == state).all()  # noqa: NPY002
    pd.testing.assert_frame_equal(cases, kept)
    assert (homes == HOMES).all()


def test_p_is_the_share_of_replicas_with_as_much_and_gumbel_agrees_where_both_can_tell() -> None:
    counts = drawn(3).multinomial(600, HOMES / HOMES.sum())
    found = scan(counts, HOMES, SQUARE, replicas=1999, random=drawn())
    for row in found.clusters.itertuples():
        assert row.p == (1 + (found.maxima >= row.llr).sum()) / 2000
        assert row.p_gumbel == pytest.approx(row.p, abs=0.05)
    assert found.settings["windows"] == circles(SQUARE, HOMES).count


# ---------------------------------------------------------------- chance and power


def falls(mean: float) -> Any:
    def drawn_map(random: np.random.Generator, replicas: int) -> Scan:
        counts = random.multinomial(round(mean * 144), HOMES / HOMES.sum())
        return scan(counts, HOMES, SQUARE, random=random, replicas=replicas, clusters=1)

    return drawn_map


def shuffled(random: np.random.Generator, replicas: int) -> Scan:
    share = np.outer(HOMES, np.tile([3, 1, 1, 1, 1, 1, 2], 3)).ravel()
    counts = random.multinomial(700, share / share.sum()).reshape(144, 21)
    return scan_permuted(pd.DataFrame(counts, index=SQUARE["code"], columns=DAYS), SQUARE, longest=7, prospective=True,
                         random=random, replicas=replicas, clusters=1)  # fmt: skip


def in_time(random: np.random.Generator, replicas: int) -> Scan:
    share = np.repeat(HOMES / HOMES.sum() / 6, 6)
    counts = pd.DataFrame(random.multinomial(500, share).reshape(144, 6), index=SQUARE["code"])
    return scan_cylinders(counts, HOMES, SQUARE, look="both", random=random, replicas=replicas, clusters=1)


CHANCE = {"sparse": falls(0.5), "circles": falls(5.0), "shuffled": shuffled, "cylinders": in_time}


def chances(sort: str, maps: int, replicas: int) -> np.ndarray:
    """p of the likeliest cluster in so many maps of chance alone; 1 where there is none."""
    found = (CHANCE[sort](drawn(seed), replicas).clusters["p"] for seed in range(maps))
    return np.array([p.iloc[0] if len(p) else 1.0 for p in found])


@pytest.mark.parametrize("sort", CHANCE)
def test_chance_looks_like_a_cluster_as_often_as_stated(sort: str) -> None:
    p = chances(sort, 100, 99)
    for level in (0.01, 0.05, 0.10):
        assert (p <= level).sum() <= binom.ppf(0.999, 100, level)
    assert 0.4 < p.mean() < 0.6


@pytest.mark.prove
@pytest.mark.parametrize("sort", CHANCE)
def test_chance_looks_like_a_cluster_as_often_as_stated_in_a_thousand_maps(sort: str) -> None:
    p = chances(sort, 1000, 199)
    for level in (0.01, 0.05, 0.10, 0.5):
        assert binom.ppf(0.001, 1000, level) <= (p <= level).sum() <= binom.ppf(0.999, 1000, level)


# A block of 9 grids of 144: how many reports a grid has, how many times as many the block has, and in how many maps of
# 50 the most likely cluster is no chance (5 %) and holds a grid of the block.
POWER = [(2.0, 3.0, 48), (5.0, 2.0, 45), (10.0, 1.5, 35), (10.0, 2.0, 50)]


@pytest.mark.parametrize(("mean", "times", "stated"), POWER)
def test_a_planted_cluster_is_found_as_often_as_stated(mean: float, times: float, stated: int) -> None:
    found, block = 0, {f"C{n:03d}" for n in BLOCK}
    for seed in range(50):
        random = drawn(seed)
        expected = mean * HOMES / HOMES.mean()
        expected[BLOCK] *= times
        said = scan(random.poisson(expected), HOMES, SQUARE, random=random, replicas=99, clusters=1)
        found += any(block & set(codes) for codes in said.sure()["codes"])
    assert found >= stated


# ---------------------------------------------------------------- what is told


def outbreak(first: int, last: int) -> pd.DataFrame:
    """Three weeks, some grids busy and Sundays full; a block that has six times as many in some days."""
    share = np.outer(HOMES, np.tile([4.0, 1, 1, 1, 1, 1, 1], 3))
    share[:12] *= 5
    share *= 900 / share.sum()
    share[BLOCK, first:last] *= 6
    return pd.DataFrame(drawn(2).poisson(share), index=SQUARE["code"], columns=DAYS)


def test_what_goes_on_now_is_an_alert_with_its_days_and_how_rarely_chance_makes_one() -> None:
    found = scan_permuted(outbreak(17, 21), SQUARE, prospective=True, longest=7, random=drawn())
    first = found.clusters.iloc[0]
    assert set(first["codes"]) >= {f"C{n:03d}" for n in BLOCK[1:8:2]}
    assert (first["since"], first["until"], first["periods"]) == (DAYS[17], DAYS[20] + pd.Timedelta(days=1), 4)
    assert first["recurrence_days"] == 1 / first["p"] == 1000.0
    cells = found.cells
    assert cells.index.tolist() == SQUARE["code"].tolist()
    assert cells.index[cells["rank"] == 1].tolist() == sorted(first["codes"])
    assert cells.loc[cells["rank"] == 1, "observed"].sum() == first["observed"]
    assert cells.loc[cells["rank"] == 1, "llr"].eq(first["llr"]).all()
    assert cells.loc[cells["rank"] == 0, "p"].isna().all()


def test_what_is_over_is_no_alert_but_a_cluster_of_the_past() -> None:
    over = outbreak(5, 9)
    assert scan_permuted(over, SQUARE, prospective=True, longest=7, random=drawn()).sure().empty
    past = scan_permuted(over, SQUARE, longest=7, random=drawn()).clusters.iloc[0]
    assert past["p"] == 0.001
    assert DAYS[5] <= past["since"] < past["until"] <= DAYS[9]
    assert "recurrence_days" not in past


def test_a_grid_that_always_has_much_and_a_day_on_which_all_report_are_no_cluster() -> None:
    calm = outbreak(0, 0)
    assert scan_permuted(calm, SQUARE, longest=7, random=drawn()).sure().empty
    weekdays = DAYS.day_of_week
    homes = HOMES * np.where(np.arange(144) < 12, 5, 1)
    assert not scan_cylinders(calm, homes, SQUARE, longest=3, most=1.0, random=drawn()).sure().empty
    assert scan_cylinders(calm, homes, SQUARE, longest=3, most=1.0, kinds=weekdays, random=drawn()).sure().empty


def test_grids_whose_cases_come_on_weekends_are_no_cluster_among_days_of_a_kind() -> None:
    share = np.outer(HOMES, np.ones(21))
    share[np.ix_(BLOCK, np.flatnonzero(DAYS.day_of_week >= 5))] *= 8
    counts = pd.DataFrame(drawn(5).poisson(share * 700 / share.sum()), index=SQUARE["code"], columns=DAYS)
    assert not scan_permuted(counts, SQUARE, longest=2, random=drawn()).sure().empty
    assert scan_permuted(counts, SQUARE, longest=2, kinds=DAYS.day_of_week, random=drawn()).sure().empty


def test_less_than_expected_is_found_where_it_is_asked_for() -> None:
    counts = np.full(144, 10)
    counts[BLOCK] = 1
    assert scan(counts, np.ones(144), SQUARE, random=drawn(), clusters=1).clusters["ratio"][0] > 1
    for look in ("low", "both"):
        first = scan(counts, np.ones(144), SQUARE, look=look, random=drawn()).clusters.iloc[0]  # type: ignore[arg-type]
        assert set(first["codes"]) == {f"C{n:03d}" for n in BLOCK}
        assert first["ratio"] < 1
        assert first["relative_risk"] == pytest.approx((9 / first["expected"]) / (1350 / (1359 - first["expected"])))


def test_a_lesser_cluster_in_the_shade_of_a_greater_is_seen_when_that_is_taken_away() -> None:
    random, expected = drawn(4), np.full(144, 4.0)
    expected[BLOCK] = 40.0
    expected[[130, 131, 142, 143]] = 9.0
    counts = random.poisson(expected)
    at_once, in_turn = (
        scan(counts, np.ones(144), SQUARE, iterative=way, random=drawn(), clusters=3) for way in (False, True)
    )
    assert at_once.clusters["codes"][0] == in_turn.clusters["codes"][0]
    assert in_turn.clusters["p"][1] < at_once.clusters["p"][1]
    assert {"C130", "C131", "C142", "C143"} <= set(in_turn.clusters["codes"][1])
    parts = [set(codes) for codes in in_turn.clusters["codes"]]
    assert sum(map(len, parts)) == len(set().union(*parts))


def test_the_unit_of_the_population_does_not_matter() -> None:
    counts = drawn().multinomial(500, HOMES / HOMES.sum())
    people, expected = (scan(counts, HOMES * unit, SQUARE, random=drawn(), replicas=99) for unit in (1, 0.003))
    assert people.clusters["llr"].to_numpy() == pytest.approx(expected.clusters["llr"].to_numpy())
    by_period = np.outer(HOMES, np.ones(21))
    cases = outbreak(5, 9)
    one, other = (scan_cylinders(cases, people, SQUARE, random=drawn(), replicas=9, longest=3)
                  for people in (HOMES, by_period))  # fmt: skip
    pd.testing.assert_frame_equal(one.clusters, other.clusters)


def test_where_nobody_is_there_may_be_no_cases_and_circles_go_on() -> None:
    homes, counts = HOMES.copy(), drawn().poisson(2, 144)
    homes[[0, 53]] = 0
    counts[BLOCK] += 9
    counts[[0, 53]] = 0
    first = scan(counts, homes, SQUARE, random=drawn()).clusters.iloc[0]
    assert "C053" in first["codes"]
    counts[53] = 1
    with pytest.raises(InputError, match="C053 has cases where nobody is"):
        scan(counts, homes, SQUARE, random=drawn())


def test_without_cases_there_is_no_cluster_and_every_grid_is_still_told() -> None:
    nothing = pd.DataFrame(0, index=SQUARE["code"], columns=DAYS)
    for found in (
        scan(nothing.sum(axis=1), HOMES, SQUARE, random=drawn(), iterative=True),
        scan_cylinders(nothing, HOMES, SQUARE, random=drawn()),
        scan_permuted(nothing, SQUARE, random=drawn(), prospective=True),
    ):
        assert found.clusters.empty
        assert found.sure().empty
        assert (found.cells["rank"] == 0).all()
        assert (found.maxima == 0).all()
        assert {"rank", "codes", "llr", "p"} <= set(found.clusters.columns)
    assert "recurrence_days" in found.clusters


def test_columns_of_other_periods_than_moments_are_told_as_they_are() -> None:
    counts = outbreak(17, 21)
    years = counts.set_axis([f"year {n}" for n in range(21)], axis=1)
    first = scan_permuted(years, SQUARE, random=drawn(), replicas=99).clusters.iloc[0]
    assert (first["since"], first["until"]) == ("year 17", "year 20")
    weeks = counts.T.groupby(np.arange(21) // 7).sum().T.set_axis(DAYS[::7], axis=1)
    alert = scan_permuted(weeks, SQUARE, random=drawn(), prospective=True, replicas=99).clusters.iloc[0]
    assert alert["recurrence_days"] == 7 / alert["p"]
    assert alert["until"] == DAYS[14] + pd.Timedelta(days=7)


def test_what_cannot_be_scanned_is_refused_in_a_sentence() -> None:
    ones, frame = np.ones(144), pd.DataFrame(1, index=SQUARE["code"], columns=DAYS)
    for asked, words in [
        (lambda: scan(ones[:9], ones, SQUARE, random=drawn()), "give a row for each"),
        (lambda: scan(ones / 2, ones, SQUARE, random=drawn()), "whole numbers"),
        (lambda: scan(-ones, ones, SQUARE, random=drawn()), "below 0"),
        (lambda: scan(ones * np.nan, ones, SQUARE, random=drawn()), "missing"),
        (lambda: scan(frame, ones, SQUARE, random=drawn()), "a column by grid"),
        (lambda: scan(ones, frame, SQUARE, random=drawn()), "give the same"),
        (lambda: scan(pd.Series(ones), ones, SQUARE, random=drawn()), "reindex"),
        (lambda: scan(ones, ones, SQUARE, random=drawn(), most=0.0), "give a share"),
        (lambda: scan(ones, ones, SQUARE, random=drawn(), most=0.001), "no circle"),
        (lambda: scan(ones, ones, SQUARE, random=drawn(), metres=-1.0), "give metres"),
        (lambda: scan(ones, ones, SQUARE, random=drawn(), look="hot"), "choose one of"),  # type: ignore[arg-type]
        (lambda: scan(ones, ones, SQUARE, random=drawn(), replicas=0), "at least 1"),
        (lambda: scan(ones, ones, pd.concat([SQUARE[:-1], SQUARE[:1]]), random=drawn()), "two grids are called"),
        (lambda: scan([], [], SQUARE[:0], random=drawn()), "give a row for each"),
        (lambda: scan(ones * 1_000_000, ones, SQUARE, random=drawn()), "too many"),
        (lambda: scan(ones, ones, SQUARE, random=drawn(), centres=SQUARE.set_crs(32651)), "one system"),
        (lambda: scan_cylinders(frame, np.ones((144, 3)), SQUARE, random=drawn()), "give the same"),
        (lambda: scan_permuted(frame, SQUARE, random=drawn(), longest=22), "choose 1 to 21"),
        (lambda: scan_permuted(frame, SQUARE, random=drawn(), kinds=[1, 2]), "one for each"),
        (lambda: scan(ones[:1], ones[:1], gpd.GeoDataFrame(geometry=[None]), random=drawn()), "no shape"),
    ]:
        with pytest.raises(InputError, match=words):
            asked()


def test_kernels_can_be_compiled_beforehand() -> None:
    scanning.warm()
