"""Moran, Getis and Ord: what others published, what chance makes, and what is refused."""

from __future__ import annotations

import json
from itertools import permutations as orders
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from gridmap.analytics.autocorrelation import local_moran, moran
from gridmap.analytics.hotspots import global_g, local_g
from gridmap.analytics.permutations import drawn, extremes
from gridmap.analytics.scale import best_distance
from gridmap.analytics.significance import adjusted, classes, p_of
from gridmap.analytics.weights import Weights, contiguity, distance_band, nearest
from gridmap.errors import InputError
from tests.analytics.test_weights import board


def published(samples: Path) -> Path:
    return samples / "reference" / "spatial_statistics"


def given_weights(matrix: Any) -> Weights:
    return Weights(sparse.csr_array(matrix), pd.RangeIndex(len(matrix)), "given", {})


# ---------------------------------------------------------------- what others published


def test_the_values_that_esda_asserts_come_out(samples: Path) -> None:
    said = json.loads((published(samples) / "esda_expected.json").read_text())["test_getisord.py"]
    points = gpd.GeoDataFrame(geometry=[shapely.Point(place) for place in said["points"]])
    near = distance_band(points, 15)
    overall = global_g(said["y"], near, alternative="greater")
    assert overall.statistic == pytest.approx(said["G"], abs=1e-8)
    assert overall.p == pytest.approx(said["G_p_norm"], abs=1e-6)
    assert local_g(said["y"], near, star=False)["GiZScore"][0] == pytest.approx(said["Gi_z[0] binary"], abs=1e-7)
    assert local_g(said["y"], near)["GiZScore"][0] == pytest.approx(said["Gi*_z[0] binary"], abs=1e-7)


def test_weights_alike_within_a_row_say_no_more_when_standardised() -> None:
    """Where esda differs: it takes the variance of binary weights for standardised ones."""
    frame, values = board(6, 6), np.random.default_rng(3).poisson(4, 36)
    of = contiguity(frame)
    same = local_g(values, of.row_standardised(), star=False)["GiZScore"]
    assert np.allclose(local_g(values, of, star=False)["GiZScore"], same)


def test_the_cells_of_getis_and_ord_have_the_scores_of_their_paper(samples: Path) -> None:
    cells = pd.read_csv(published(samples) / "getisord_xyz.csv")
    spdep = pd.read_csv(published(samples) / "getisord_ref.csv")
    frame = gpd.GeoDataFrame(geometry=gpd.points_from_xy(cells["x"], cells["y"]))
    printed = {30: 1.222, 60: 1.748, 90: 1.986, 120: 1.893, 150: 1.237}
    for metres, score in printed.items():
        near = distance_band(frame, metres)
        without, with_itself = (local_g(cells["val"], near, star=star)["GiZScore"] for star in (False, True))
        assert np.allclose(without, spdep[f"Gi_{metres}"], atol=1e-12)
        assert np.allclose(with_itself, spdep[f"GiStar_{metres}"], atol=1e-12)
        assert round(without[119], 3) == score
    assert round(local_g(cells["val"], distance_band(frame, 30))["GiZScore"][119], 4) == 1.4508


def test_local_moran_of_columbus_is_that_of_spdep(samples: Path) -> None:
    said = pd.read_csv(published(samples) / "columbus_ref.csv")
    pairs = pd.read_csv(published(samples) / "columbus_w_gal.csv")
    matrix = np.zeros((len(said), len(said)))
    matrix[pairs["i"] - 1, pairs["j"] - 1] = 1
    of = given_weights(matrix)
    found = local_moran(said["CRIME"], of.row_standardised())
    assert np.allclose(found["LMiIndex"], said["Ii"], atol=1e-12)
    assert np.allclose(found["LMiZScore"], said["Z"], atol=1e-12)
    assert np.allclose(local_g(said["CRIME"], of)["GiZScore"], said["GiStar_B"], atol=1e-12)
    assert np.allclose(local_g(said["CRIME"], of, star=False)["GiZScore"], said["Gi_B"], atol=1e-12)


def test_moran_has_the_variance_that_is_published_for_nine_squares(samples: Path) -> None:
    said = json.loads((published(samples) / "esda_expected.json").read_text())["test_moran.py"]
    found = moran(np.arange(1, 10), contiguity(board(3, 3), rook=True))
    assert found.variance == pytest.approx(said["lat2W(3,3), y=1..9, B"]["VI_rand"], abs=1e-12)


# ---------------------------------------------------------------- what chance makes


@given(
    st.lists(st.integers(0, 5), min_size=5, max_size=5),
    st.lists(st.booleans(), min_size=20, max_size=20),
    st.booleans(),
)
def test_draws_agree_with_every_order_there_is(values: list[int], there: list[bool], uneven: bool) -> None:
    matrix = np.zeros((5, 5))
    matrix[~np.eye(5, dtype=bool)] = there
    if uneven:
        matrix *= np.array([1.0, 2.0, 1.0, 3.0, 1.0])
    x, times = np.array(values, dtype=np.float64), 4000
    more, less = extremes(x, sparse.csr_array(matrix), times, np.random.default_rng(1))
    for grid in range(5):
        others = [other for other in range(5) if other != grid]
        sums = [matrix[grid, others] @ x[list(order)] for order in orders(others)]
        seen = matrix[grid] @ x
        assert more[grid] / times == pytest.approx(np.mean(np.array(sums) >= seen - 1e-9), abs=0.04)
        assert less[grid] / times == pytest.approx(np.mean(np.array(sums) <= seen + 1e-9), abs=0.04)


@pytest.mark.parametrize(("size", "among"), [(2, 4), (3, 40), (7, 8)])
def test_every_sequence_is_drawn_as_often_as_any_other(size: int, among: int) -> None:
    rows = drawn(np.random.default_rng(5), 60_000, size, among)
    assert all(len(set(row)) == size for row in rows[:2000].tolist())
    pairs = np.bincount(rows[:, 0] * among + rows[:, -1], minlength=among**2).reshape(among, among)
    off = pairs[~np.eye(among, dtype=bool)]
    expected = len(rows) / len(off)
    assert ((off - expected) ** 2 / expected).sum() < len(off) + 5 * np.sqrt(2 * len(off))


def test_permutations_and_the_normal_agree_where_values_are_normal() -> None:
    frame = board(30, 30)
    values = np.random.default_rng(2).normal(size=900)
    of = contiguity(frame)
    normal = local_g(values, of, star=False)["GiPValue"]
    shuffled = local_g(values, of, star=False, permutations=9999, random=np.random.default_rng(3))["GiPValue"]
    assert np.abs(normal - shuffled).max() < 0.05


def test_a_seed_gives_the_same_to_the_bit_and_the_global_generator_is_left_alone() -> None:
    frame, values = board(12, 12), np.random.default_rng(4).poisson(3, 144)
    np.random.seed(11)  # noqa: NPY002 (the global generator is what this is about)
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    kept = values.copy()
    runs = [local_g(values, contiguity(frame), permutations=4999, random=np.random.default_rng(9)) for _ in range(2)]
    pd.testing.assert_frame_equal(*runs, check_exact=True)
    assert (np.random.get_state()[1] == state).all()  # noqa: NPY002
    assert (values == kept).all()


def test_the_shuffled_moran_says_what_the_normal_says() -> None:
    frame, values = board(15, 15), np.random.default_rng(6).normal(size=225)
    of = contiguity(frame).row_standardised()
    by_normal = moran(values, of)
    by_draws = moran(values, of, permutations=2000, random=np.random.default_rng(7))
    assert by_draws.p == pytest.approx(by_normal.p, abs=0.05)
    assert by_draws.statistic == by_normal.statistic


# ---------------------------------------------------------------- classes


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_correction_keeps_the_order_and_never_makes_anything_surer(p: list[float]) -> None:
    q = adjusted(p)
    assert (q >= np.array(p) - 1e-15).all()
    order = np.argsort(p, kind="stable")
    assert (np.diff(q[order]) >= 0).all()


def test_classes_are_those_of_the_trade_and_what_is_not_known_is_none() -> None:
    assert classes([1e-6, 1e-6, 0.5, np.nan], [2.0, -2.0, 1.0, 1.0]).tolist() == [3, -3, 0, 0]
    assert p_of([3.0], "less").item() > 0.99


def test_hot_and_cold_lie_where_they_were_put_and_outliers_are_told_apart() -> None:
    values = np.random.default_rng(8).normal(10, 1, (20, 20))
    values[2:7, 2:7] += 8
    values[13:18, 13:18] -= 8
    values[4, 4] = 0.0
    frame, random = board(20, 20), np.random.default_rng(1)
    found = local_g(values.ravel(), contiguity(frame), permutations=99_999, random=random)["Gi_Bin"]
    bins = found.to_numpy().reshape(20, 20)
    assert (bins[3:6, 3:6][values[3:6, 3:6] > 5] == 3).all()
    assert (bins[14:17, 14:17] == -3).all()
    sorts = local_moran(values.ravel(), contiguity(frame).row_standardised())["COType"].to_numpy().reshape(20, 20)
    assert sorts[4, 4] == "LH"
    assert sorts[15, 15] == "LL"
    assert sorts[3, 3] == "HH"


def test_islands_and_equal_values_are_in_no_cluster() -> None:
    frame = gpd.GeoDataFrame(geometry=[*board(3, 3).geometry, shapely.box(900, 900, 950, 950)])
    found = local_g([1.0, 2, 3, 4, 5, 6, 7, 8, 9, 99], contiguity(frame), permutations=99,
                    random=np.random.default_rng(1))  # fmt: skip
    assert np.isnan(found.iloc[-1]["GiZScore"])
    assert np.isnan(found.iloc[-1]["GiPValue"])
    assert found.iloc[-1][["NNeighbors", "Gi_Bin"]].tolist() == [0, 0]
    same = local_g([3.0] * 10, contiguity(frame), permutations=99, random=np.random.default_rng(1))
    assert (same["Gi_Bin"] == 0).all()
    assert same["GiPValue"].isna().all()
    assert np.isnan(moran([3.0] * 10, contiguity(frame)).z)
    assert np.isnan(global_g([3.0] * 10, contiguity(frame)).z)
    assert (local_moran([3.0] * 10, contiguity(frame))["COType"] == "").all()


def test_one_side_is_asked_for_by_name() -> None:
    frame, values = board(8, 8), np.random.default_rng(1).poisson(3, 64)
    of = contiguity(frame)
    both, greater, less = (
        local_g(values, of, alternative=side)["GiPValue"] for side in ("two-sided", "greater", "less")
    )
    assert np.allclose(both, 2 * np.minimum(greater, less))


def test_what_cannot_be_answered_is_refused_in_a_sentence() -> None:
    frame = board(3, 3)
    of = contiguity(frame)
    for values, words in [
        ([1.0] * 8, "give one for each"),
        ([1.0] * 8 + [np.nan], "C008 has no number"),
        (pd.Series([1.0] * 9), "reindex"),
    ]:
        with pytest.raises(InputError, match=words):
            local_g(values, of)
    with pytest.raises(InputError, match="hand one in"):
        local_g([1.0, 2] * 4 + [3], of, permutations=99)
    with pytest.raises(InputError, match="too few"):
        moran([1.0, 2, 3], nearest(board(3, 1), 1))
    with pytest.raises(InputError, match="less than 0"):
        global_g([-1.0] + [1] * 8, of)
    with pytest.raises(InputError, match="choose one of"):
        local_g([1.0] * 9, of, alternative="both")  # type: ignore[arg-type]


# ---------------------------------------------------------------- the scale


def test_the_distance_of_a_cluster_is_found_and_every_step_is_told() -> None:
    values = np.random.default_rng(3).normal(5, 1, (20, 20))
    values[5:11, 5:11] += 6
    found = best_distance(values.ravel(), board(20, 20))
    assert found.why == "peak"
    assert 200 <= found.metres <= 600
    assert found.steps["metres"].tolist() == [100.0 * n for n in range(1, 13)]
    assert found.steps.loc[found.steps["metres"] == found.metres, "z"].item() > 1.645


def test_without_a_pattern_the_distance_is_that_of_eight_neighbours_and_says_so() -> None:
    values = np.tile([1.0, 2.0], 200)
    found = best_distance(values, board(20, 20))
    assert found.why in ("neighbours", "peak", "highest")
    noise = best_distance(np.random.default_rng(12).normal(size=400), board(20, 20))
    assert noise.why == "neighbours"
    assert noise.steps.loc[noise.steps["metres"] == noise.metres, "neighbours"].item() >= 8
    with pytest.raises(InputError, match="at least 3"):
        best_distance(values, board(20, 20), steps=2)
