"""How evenly load is shared: between even and all on one, no more unfair than chance, and what a redraw moves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from gridmap.analytics.fairness import moved, shares
from gridmap.analytics.significance import LEVELS
from gridmap.errors import InputError
from tests.analytics.test_honesty import most

Loads = st.lists(st.tuples(st.integers(0, 90), st.integers(1, 50)), min_size=2, max_size=15).filter(
    lambda rows: sum(load for load, _ in rows) > 0
)


def _given(rows: list[tuple[int, int]]) -> tuple[pd.Series, pd.Series]:
    return pd.Series([load for load, _ in rows]), pd.Series([of for _, of in rows])


@given(Loads)
def test_gini_is_as_it_is_defined_and_theil_too(rows: list[tuple[int, int]]) -> None:
    load, of = _given(rows)
    found = shares(load, exposure=of)
    part, ratio = of / of.sum(), found.owners["ratio"]
    pairs = sum(part[i] * part[j] * abs(ratio[i] - ratio[j]) for i in range(len(rows)) for j in range(i + 1, len(rows)))
    assert found.gini == pytest.approx(pairs, abs=1e-9)
    assert 0 <= found.gini < 1
    assert 0 <= found.theil <= np.log(of.sum() / of.min()) + 1e-9


@given(Loads, st.integers(1, 40))
def test_it_is_as_uneven_whatever_is_counted_in_and_in_whatever_order(rows: list[tuple[int, int]], times: int) -> None:
    load, of = _given(rows)
    found, scaled = shares(load, exposure=of), shares(times * load[::-1], exposure=3 * of[::-1], grain=times)
    assert scaled.gini == pytest.approx(found.gini, abs=1e-9)
    assert scaled.busiest_tenth == pytest.approx(found.busiest_tenth, abs=1e-9)
    assert scaled.owners["p"][::-1].to_numpy() == pytest.approx(found.owners["p"].to_numpy(), abs=1e-9)


@settings(max_examples=40)
@given(Loads)
def test_p_and_interval_are_those_of_the_exact_binomial(rows: list[tuple[int, int]]) -> None:
    load, of = _given(rows)
    found = shares(load, exposure=of).owners
    for (x, e), row in zip(rows, found.itertuples(), strict=True):
        part = e / of.sum()
        tails = [binomtest(x, int(load.sum()), part, side).pvalue for side in ("less", "greater")]
        assert row.p == pytest.approx(min(1.0, 2 * min(tails)), rel=1e-9)
        said = binomtest(x, int(load.sum()), part).proportion_ci(0.95)
        assert [row.low * part, row.high * part] == pytest.approx([said.low, said.high], abs=1e-9)


@given(Loads)
def test_the_curve_bends_below_the_line_from_nothing_to_all(rows: list[tuple[int, int]]) -> None:
    load, of = _given(rows)
    found = shares(load, exposure=of)
    curve = found.lorenz()
    assert curve.iloc[0].tolist() == [0, 0]
    assert curve.iloc[-1].tolist() == pytest.approx([1, 1])
    assert (curve["load"] <= curve["owners"] + 1e-9).all()
    area = np.trapezoid(curve["load"], curve["owners"])
    assert found.gini == pytest.approx(1 - 2 * area, abs=1e-9)


def test_even_is_even_and_all_on_one_is_as_uneven_as_can_be() -> None:
    even, one = shares(pd.Series([30] * 10)), shares(pd.Series([300] + [0] * 9))
    assert (even.gini, even.theil, even.busiest_to_least, even.busiest_tenth) == pytest.approx((0, 0, 1, 0.1))
    assert (one.gini, one.busiest_tenth) == pytest.approx((0.9, 1))
    assert one.theil == pytest.approx(np.log(10))
    assert one.busiest_to_least == np.inf
    assert one.owners["unfair"].tolist() == [3] + [-3] * 9


def test_twice_the_households_may_have_twice_the_load() -> None:
    load, homes = pd.Series([200, 100, 100], list("ABC")), pd.Series([400, 200, 200], list("ABC"))
    assert shares(load).owners["unfair"].tolist() == [3, -3, -3]
    assert shares(load, exposure=homes).owners["unfair"].tolist() == [0, 0, 0]


def test_chance_alone_is_not_called_unfair_more_often_than_stated() -> None:
    found, tested = np.zeros(len(LEVELS), dtype=int), 0
    fair = np.random.default_rng(1).lognormal(0, 0.4, 60)
    for seed in range(100):
        random = np.random.default_rng(seed)
        load = pd.Series(random.multinomial(900, fair / fair.sum()))
        said = shares(load, exposure=pd.Series(fair), draws=199, random=random)
        found += [(said.owners["unfair"].abs() >= level).any() for level in (1, 2, 3)]
        tested += said.p <= 0.05
        assert said.gini_by_chance == pytest.approx(said.gini, abs=0.06)
    assert all(count <= most(100, level) for count, level in zip(found, LEVELS, strict=True)), found
    assert tested <= most(100, 0.05)


def test_long_jobs_are_not_taken_for_many() -> None:
    """Minutes of work: few reports of very different length, shared by chance."""
    wrong, right = 0, 0
    for seed in range(100):
        random = np.random.default_rng(seed)
        minutes = random.exponential(40, 600)
        load = pd.Series(np.bincount(random.integers(0, 20, 600), minutes, 20))
        grain = float((minutes**2).sum() / minutes.sum())
        wrong += bool(shares(load).owners["unfair"].any())
        right += bool(shares(load, grain=grain).owners["unfair"].any())
    assert right <= most(100, 0.1)
    assert wrong > 90


def test_an_owner_with_far_too_much_is_named_and_the_unevenness_is_no_chance() -> None:
    random = np.random.default_rng(2)
    load = pd.Series(random.poisson([30.0] * 19 + [90.0]), [f"owner {n}" for n in range(20)])
    found = shares(load, draws=999, random=random)
    assert found.owners["unfair"].idxmax() == "owner 19"
    assert found.owners["unfair"].max() == 3
    assert found.p < 0.01
    assert found.gini > 1.5 * found.gini_by_chance


def test_what_lies_between_groups_is_part_of_the_whole() -> None:
    load, zones = pd.Series([60, 40, 20, 0]), pd.Series(["east", "east", "west", "west"])
    found = shares(load, groups=zones)
    assert 0 < found.between < found.theil
    assert shares(load, groups=pd.Series(range(4))).between == pytest.approx(found.theil)
    assert shares(load, groups=pd.Series([0] * 4)).between == 0
    assert np.isnan(shares(load).between)


# ---------------------------------------------------------------- a redraw

OWNERS = ["a", "b", "c"]
Redrawn = st.lists(
    st.tuples(st.integers(0, 30), st.sampled_from(OWNERS), st.sampled_from([*OWNERS, None])), min_size=3, max_size=20
).filter(lambda rows: sum(row[0] for row in rows if row[2]) > 0 and len({row[1] for row in rows}) > 1)


@settings(max_examples=40)
@given(Redrawn)
def test_a_redraw_moves_load_and_loses_none(rows: list[tuple[int, str, str | None]]) -> None:
    load, before, after = (pd.Series(list(part)) for part in zip(*rows, strict=True))
    found = moved(load, before, after.astype(object))
    kept = load[after.notna()].sum()
    assert found.owners["before"].sum() == load.sum()
    assert found.owners["after"].sum() == kept
    assert (found.owners["grids_after"] - found.owners["grids_before"]).tolist() == (
        (found.owners["gained"] - found.owners["lost"]).tolist()
    )
    assert 0 <= found.handed_over <= 1
    back = moved(load, before, before)
    assert back.handed_over == 0
    assert (back.owners["change"] == 0).all()
    assert back.before.gini == back.after.gini


def test_a_redraw_that_evens_out_says_so() -> None:
    grids = [f"G{n}" for n in range(6)]
    load = pd.Series([30, 30, 30, 10, 10, 10], grids)
    homes = pd.Series([100] * 6, grids)
    before = pd.Series(["Wu", "Wu", "Wu", "Li", "Li", "Li"], grids)
    after = pd.Series(["Wu", "Wu", "Li", "Wu", "Li", "Li"], grids)
    found = moved(load, before, after, exposure=homes)
    assert found.owners.loc["Wu"].to_dict() == {
        "before": 90, "after": 70, "change": -20, "grids_before": 3, "grids_after": 3, "gained": 1, "lost": 1,
    }  # fmt: skip
    assert found.handed_over == pytest.approx(40 / 120)
    assert (found.before.gini, found.after.gini) == pytest.approx((0.25, 1 / 12))


def test_what_is_not_shared_is_refused_in_a_sentence() -> None:
    two = pd.Series([3, 4], ["A", "B"])
    for load in (two[:1], 0 * two, two - 4, two * np.nan):
        with pytest.raises(InputError, match="two owners or more"):
            shares(load)
    with pytest.raises(InputError, match="B has no exposure"):
        shares(two, exposure=pd.Series([1, 0], ["A", "B"]))
    with pytest.raises(InputError, match="other owners"):
        shares(two, exposure=pd.Series([1, 1], ["B", "A"]))
    with pytest.raises(InputError, match="grain 0"):
        shares(two, grain=0)
    with pytest.raises(InputError, match="generator"):
        shares(two, draws=9)
    with pytest.raises(InputError, match="one for each"):
        shares(two, groups=pd.Series(["x", None]))
    with pytest.raises(InputError, match="reindex them to the load"):
        moved(two, two[::-1], two)
