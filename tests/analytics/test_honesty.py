"""Held against what is stated: how often chance looks like a hot spot, and how often a hot spot is found."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from gridmap.analytics.autocorrelation import local_moran
from gridmap.analytics.hotspots import local_g
from gridmap.analytics.rates import rates
from gridmap.analytics.significance import LEVELS
from gridmap.analytics.surges import surges
from gridmap.analytics.weights import Weights, contiguity
from tests.analytics.test_weights import board

SIDE = 18
FRAME = board(SIDE, SIDE)
NEAR = contiguity(FRAME)
HOMES = np.maximum(np.random.default_rng(1).lognormal(4.2, 0.5, SIDE * SIDE).round(), 3)
BLOCK = [SIDE * row + column for row in (7, 8, 9) for column in (7, 8, 9)]
Drawn = Callable[[np.random.Generator], np.ndarray]


def _counts(mean: float) -> Drawn:
    return lambda random: random.multinomial(round(mean * len(NEAR)), np.full(len(NEAR), 1 / len(NEAR)))


def _rates(mean: float) -> Drawn:
    def drawn(random: np.random.Generator) -> np.ndarray:
        counted = random.multinomial(round(mean * len(NEAR)), HOMES / HOMES.sum())
        return rates(pd.Series(counted), HOMES)["score"].to_numpy()

    return drawn


CHANCE = {"sparse counts": _counts(0.3), "counts": _counts(2.0), "rates": _rates(10.0)}


def false_maps(drawn: Drawn, maps: int, times: int, weights: Weights = NEAR) -> list[int]:
    """In how many maps of chance alone a grid is called hot or cold, at each level."""
    found = np.zeros(len(LEVELS), dtype=int)
    for seed in range(maps):
        random = np.random.default_rng(seed)
        bins = local_g(drawn(random), weights, permutations=times, random=random)["Gi_Bin"].abs()
        found += [(bins >= level).any() for level in (1, 2, 3)]
    return found.tolist()


def most(maps: int, level: float) -> int:
    """How many false ones a stated level allows, all but once in a thousand runs."""
    return int(binom.ppf(0.999, maps, level))


@pytest.mark.parametrize("sort", CHANCE)
def test_chance_looks_like_a_hot_spot_no_more_often_than_stated(sort: str) -> None:
    found = false_maps(CHANCE[sort], 100, 9999)
    assert all(count <= most(100, level) for count, level in zip(found, LEVELS, strict=True)), found


@pytest.mark.prove
@pytest.mark.parametrize("sort", CHANCE)
def test_chance_looks_like_a_hot_spot_no_more_often_in_a_thousand_maps(sort: str) -> None:
    found = false_maps(CHANCE[sort], 1000, 99_999)
    assert all(count <= most(1000, level) for count, level in zip(found, LEVELS, strict=True)), found


def test_the_normal_is_too_sure_of_itself_where_counts_are_small() -> None:
    """Why draws are what the command and the service use."""
    assert false_maps(CHANCE["sparse counts"], 100, 0)[0] > most(100, LEVELS[0])


def test_clusters_of_moran_are_false_no_more_often_than_stated() -> None:
    standardised, found = NEAR.row_standardised(), 0
    for seed in range(100):
        random = np.random.default_rng(seed)
        said = local_moran(_counts(2.0)(random), standardised, permutations=9999, random=random)
        found += bool((said["COType"] != "").any())
    assert found <= most(100, 0.05)


# A block of 9 grids of 324: how many reports a grid has, how many times as many the block has, and in how many maps of
# a hundred at least one of its grids is called hot. docs/guide/hotspots.md says so.
POWER = [(2.0, 3.0, 95), (5.0, 2.0, 85), (10.0, 1.5, 60), (10.0, 2.0, 99)]


@pytest.mark.parametrize(("mean", "times", "stated"), POWER)
def test_a_planted_cluster_is_found_as_often_as_the_docs_say(mean: float, times: float, stated: int) -> None:
    found = 0
    for seed in range(100):
        random = np.random.default_rng(seed)
        expected = np.full(len(NEAR), mean)
        expected[BLOCK] *= times
        bins = local_g(random.poisson(expected), NEAR, permutations=9999, random=random)["Gi_Bin"]
        found += bool((bins.iloc[BLOCK] > 0).any())
    assert found >= stated


# ---------------------------------------------------------------- surges


def _days_of(random: np.random.Generator, reports: int) -> tuple[pd.Series, pd.Series]:
    """Reports whose places and days have nothing to do with one another; some grids and weekdays have many."""
    share = HOMES / HOMES.sum()
    where = pd.Series(random.choice(FRAME["code"].to_numpy(), reports, p=share), dtype=object)
    ago = np.sort(random.integers(0, 90, reports) + random.random(reports))
    return where, UNTIL - pd.to_timedelta(pd.Series(ago), unit="D")


UNTIL = pd.Timestamp("2026-11-01", tz="UTC")


def test_chance_looks_like_a_surge_no_more_often_than_stated() -> None:
    found = 0
    for seed in range(100):
        where, when = _days_of(np.random.default_rng(seed), 3800)
        found += bool(surges(where, when, FRAME["code"], UNTIL)["surge"].any())
    assert found <= most(100, 0.05)


def test_a_trouble_that_has_begun_is_found_among_grids_that_always_have_much() -> None:
    found = 0
    for seed in range(50):
        random = np.random.default_rng(seed)
        where, when = _days_of(random, 3800)
        grid = str(random.choice(FRAME["code"].to_numpy()))
        begun = UNTIL - pd.to_timedelta(pd.Series(random.random(25) * 14), unit="D")
        said = surges(pd.concat([where, pd.Series([grid] * 25)]), pd.concat([when, begun]), FRAME["code"], UNTIL)
        found += said.index[said["surge"]].tolist() == [grid]
    assert found >= 45
