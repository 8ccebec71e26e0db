"""Counts, rates and what stands out: zeros, small numbers, and no mean made up."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.analytics.explaining import standing_out
from gridmap.analytics.rates import counts, rates
from gridmap.errors import InputError

CODES = [f"G{n}" for n in range(12)]


def test_grids_with_nothing_are_counted_and_strangers_are_not() -> None:
    found = counts(pd.Series(["G1", "G1", "G5", None, "X"]), CODES)
    assert found.sum() == 3
    assert len(found) == 12
    assert found["G0"] == 0
    with pytest.raises(InputError, match="G1 comes twice"):
        counts(pd.Series(["G1"]), ["G1", "G1"])


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 400)), min_size=2, max_size=30).filter(
        lambda rows: any(of for _, of in rows)
    )
)
def test_a_shrunk_rate_lies_between_the_rate_and_the_mean(rows: list[tuple[int, int]]) -> None:
    counted, of = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    found = rates(pd.Series(counted), of)
    known = of > 0
    mean = counted[known].sum() / of[known].sum()
    low, high = (side(found["rate"][known], mean) for side in (np.minimum, np.maximum))
    assert ((found["shrunk"][known] >= low - 1e-12) & (found["shrunk"][known] <= high + 1e-12)).all()
    assert found["rate"][~known].isna().all()
    assert found["few"][~known].all()
    assert found["expected"][known].sum() == pytest.approx(counted[known].sum())


def test_a_small_grid_with_a_wild_rate_is_warned_of_and_moved_to_the_mean() -> None:
    found = rates(pd.Series([40, 45, 38, 2], index=list("ABCD")), [400, 400, 400, 4])
    assert found["rate"]["D"] > 4 * found["rate"]["A"]
    assert abs(found["shrunk"]["D"] - 0.104) < 0.03
    assert found["few"].tolist() == [False, False, False, True]


def test_the_scores_of_chance_spread_alike_in_small_and_large_grids() -> None:
    random = np.random.default_rng(5)
    of = np.tile([20.0, 2000.0], 200)
    found = np.array([rates(pd.Series(random.poisson(of * 0.05)), of)["score"] for _ in range(60)])
    small, large = found[:, ::2].std(), found[:, 1::2].std()
    assert 0.85 < small / large < 1.15


def test_what_makes_no_rate_is_refused_in_a_sentence() -> None:
    with pytest.raises(InputError, match="one for each"):
        rates(pd.Series([1, 2]), [1.0])
    with pytest.raises(InputError, match="0 or more"):
        rates(pd.Series([1, -2]), [1.0, 1.0])
    with pytest.raises(InputError, match="bare counts"):
        rates(pd.Series([1, 2]), [0.0, np.nan])


def test_what_stands_out_is_what_was_put_there_with_an_interval_about_its_ratio() -> None:
    random = np.random.default_rng(1)
    rest = pd.DataFrame(
        {"category": random.choice(["lift", "lamp", "noise"], 900), "hour": random.integers(0, 24, 900)}
    )
    spot = pd.DataFrame({"category": ["leak"] * 30 + ["lift"] * 10, "hour": random.integers(0, 24, 40)})
    found = pd.concat([rest.assign(inside=False), spot.assign(inside=True)], ignore_index=True)
    said = standing_out(found, found["inside"], ("category", "hour"))
    assert said[said["stands_out"]]["value"].tolist() == ["leak"]
    first = said.iloc[0]
    assert (first["inside"], first["of_inside"], first["outside"], first["of_outside"]) == (30, 40, 0, 900)
    assert first["low"] < first["ratio"] < first["high"]


def test_without_a_pattern_nothing_stands_out_more_often_than_stated() -> None:
    random = np.random.default_rng(2)
    maps = 0
    for _ in range(100):
        found = pd.DataFrame({"category": random.choice(list("abcdefgh"), 400), "hour": random.integers(0, 24, 400)})
        inside = pd.Series(random.random(400) < 0.2)
        maps += bool(standing_out(found, inside, ("category", "hour"))["stands_out"].any())
    assert maps <= 10


def test_nothing_is_said_where_there_is_no_rest_or_no_word() -> None:
    found = pd.DataFrame({"category": ["a", "b", None]})
    assert standing_out(found, pd.Series([True, True, True]), ("category",)).empty
    assert standing_out(found, pd.Series([False, False, True]), ("category",)).empty
