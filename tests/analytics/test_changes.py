"""Period against period, and whether something helped: exact, honest about chance and clumps, and strong enough."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, contingency, fisher_exact

from gridmap.analytics.changes import Against, changes, dispersion, overall
from gridmap.analytics.effects import effect, interrupted
from gridmap.analytics.fourfold import Fourfold
from gridmap.analytics.significance import LEVELS
from gridmap.errors import InputError
from tests.analytics.test_honesty import most

N = 120
WEEKS = 12
Drawn = Callable[[np.random.Generator], pd.DataFrame]
Pairs = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=2, max_size=12).filter(
    lambda rows: sum(a for a, _ in rows) > 0 and sum(b for _, b in rows) > 0
)


def _periods(rows: list[tuple[int, int]]) -> tuple[pd.Series, pd.Series]:
    return pd.Series([before for before, _ in rows]), pd.Series([after for _, after in rows])


@settings(max_examples=40)
@given(Pairs, st.sampled_from([(1.0, 1.0), (30.0, 90.0)]))
def test_against_nothing_it_is_the_exact_binomial(rows: list[tuple[int, int]], lengths: tuple[float, float]) -> None:
    before, after = _periods(rows)
    found = changes(before, after, exposure=lengths, against="nothing")
    chance = lengths[1] / sum(lengths)
    for (x, y), row in zip(rows, found.itertuples(), strict=True):
        tails = [binomtest(y, x + y, chance, side).pvalue for side in ("less", "greater")] if x + y else [1.0]
        assert row.p == pytest.approx(min(1.0, 2 * min(tails)), abs=1e-12)
        if x + y:
            ends = [end / (1 - end) / (chance / (1 - chance)) if end < 1 else np.inf
                    for end in binomtest(y, x + y, chance).proportion_ci(0.95)]  # fmt: skip
            assert [row.low, row.high] == pytest.approx(ends, rel=1e-6)


@settings(max_examples=40)
@given(Pairs)
def test_against_the_others_it_is_fishers_exact_test(rows: list[tuple[int, int]]) -> None:
    before, after = _periods(rows)
    found = changes(before, after)
    for (x, y), row in zip(rows, found.itertuples(), strict=True):
        table = [[y, after.sum() - y], [x, before.sum() - x]]
        tails = [fisher_exact(table, side).pvalue for side in ("less", "greater")]
        assert row.p == pytest.approx(min(1.0, 2 * min(tails)), abs=1e-9)


def test_the_interval_against_the_others_is_the_exact_conditional_one() -> None:
    random = np.random.default_rng(3)
    before, after = pd.Series(random.poisson(6, 12)), pd.Series(random.poisson(9, 12))
    found = changes(before, after)
    for place in range(12):
        table = [[after[place], after.sum() - after[place]], [before[place], before.sum() - before[place]]]
        said = contingency.odds_ratio(table).confidence_interval(0.95)
        assert [found["low"][place], found["high"][place]] == pytest.approx([said.low, said.high], rel=1e-6)


@settings(max_examples=40)
@given(Pairs, st.sampled_from(["others", "nothing"]), st.sampled_from([1.0, 1.7, 4.0]))
def test_the_interval_leaves_out_no_change_where_p_is_small_and_turns_with_time(
    rows: list[tuple[int, int]], against: Against, clumps: float
) -> None:
    before, after = _periods(rows)
    found = changes(before, after, against=against, dispersion=clumps)
    back = changes(after, before, against=against, dispersion=clumps)
    known = found["low"].notna()
    outside = (found["low"] > 1 + 1e-6) | (found["high"] < 1 - 1e-6)
    assert (found["p"][outside & known] <= 0.05 + 1e-6).all()
    assert (found["p"][~outside & known] >= 0.05 - 1e-6).all()
    assert found["p"].to_numpy() == pytest.approx(back["p"].to_numpy(), abs=1e-9)
    assert found["change"].tolist() == (-back["change"]).tolist()
    assert ((found["p"] > 0) & (found["p"] <= 1)).all()


@pytest.mark.parametrize("against", ["others", "nothing"])
def test_clumps_make_less_sure_and_next_to_none_change_nothing(against: Against) -> None:
    random = np.random.default_rng(6)
    before, after = pd.Series(random.poisson(8, 40)), pd.Series(random.poisson(16 * random.lognormal(0, 0.6, 40)))
    single, barely, clumped = (
        changes(before, after, against=against, dispersion=clumps) for clumps in (1.0, 1 + 1e-6, 3.0)
    )
    assert barely["p"].to_numpy() == pytest.approx(single["p"].to_numpy(), abs=1e-4)
    sure = single["p"] < 0.3
    assert sure.sum() > 10
    assert (clumped["p"][sure] > single["p"][sure]).all()
    assert (clumped["high"] > single["high"]).all()
    assert (clumped["low"] < single["low"]).all()


def test_a_storm_over_all_is_no_change_of_any_unless_asked() -> None:
    before = pd.Series(np.full(50, 20))
    assert (changes(before, 3 * before)["change"] == 0).all()
    assert (changes(before, 3 * before, against="nothing")["change"] == 3).all()
    twice = changes(before, 2 * before, exposure=(30, 60), against="nothing")
    assert twice["ratio"].tolist() == [1.0] * 50


def test_the_shrunk_ratio_is_near_what_is_known_and_near_all_where_little_is() -> None:
    random = np.random.default_rng(2)
    usual = np.where(np.arange(60) % 2, 3.0, 150.0)
    times = random.lognormal(0, 0.5, 60)
    before, after = random.poisson(usual), random.poisson(usual * times)
    before[1], after[1] = 0, 3
    found = changes(pd.Series(before), pd.Series(after))
    far = (np.log(found["shrunk"]) - np.log(found["ratio"].replace([0, np.inf], np.nan))).abs()
    assert far[usual > 3].median() < 0.1 < far[usual <= 3].median()
    assert np.isfinite(found["shrunk"]).all()
    assert np.isinf(found["ratio"][1])
    assert np.isinf(found["high"][1])
    assert found["few"].tolist() == (usual <= 3).tolist()


def test_one_number_for_the_site_and_a_table_by_category() -> None:
    before, after = pd.Series([50, 60], ["lift", "lamp"]), pd.Series([50, 20], ["lift", "lamp"])
    whole = overall(before, after, exposure=(30, 30))
    assert (whole.before, whole.after, whole.ratio) == (110, 70, pytest.approx(70 / 110))
    assert whole.low < whole.ratio < whole.high < 1
    assert changes(before, after, against="nothing")["change"].to_dict() == {"lift": 0, "lamp": -3}


def test_a_site_whose_weeks_vary_is_less_sure_of_its_one_number() -> None:
    random = np.random.default_rng(7)
    weeks = pd.DataFrame([random.negative_binomial(10, 10 / 60, 26)])  # a mean of 50, a variance of 300
    spread = dispersion(weeks.iloc[:, :13], weeks.iloc[:, 13:], against="nothing")
    assert 3 < spread < 12
    sums = int(weeks.iloc[0, :13].sum()), int(weeks.iloc[0, 13:].sum())
    single, clumped = overall(*sums), overall(*sums, dispersion=spread)
    assert clumped.low < single.low < single.ratio == clumped.ratio < single.high < clumped.high


def test_empty_periods_and_empty_grids_say_nothing() -> None:
    none, some = pd.Series([0, 0, 0]), pd.Series([0, 4, 5])
    for before, after in ((none, some), (some, none), (none, none)):
        found = changes(before, after)
        assert (found["change"] == 0).all()
        assert (found["p"] == 1).all()
    assert changes(pd.Series(dtype=float), pd.Series(dtype=float)).empty


def test_what_cannot_be_compared_is_refused_in_a_sentence() -> None:
    one = pd.Series([1, 2], ["A", "B"])
    with pytest.raises(InputError, match="reindex one to the other"):
        changes(one, one[::-1])
    with pytest.raises(InputError, match=r"B has 2\.5"):
        changes(one, one.add([0, 0.5]))
    with pytest.raises(InputError, match="how long each period is"):
        changes(one, one, exposure=(30, 0))
    with pytest.raises(InputError, match="1 or more"):
        changes(one, one, dispersion=0.5)
    with pytest.raises(InputError, match="others, nothing"):
        changes(one, one, against="all")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="two periods and two grids"):
        dispersion(pd.DataFrame([[1, 2, 3]]))


# ---------------------------------------------------------------- honesty


def _single(random: np.random.Generator) -> pd.DataFrame:
    """Weeks of reports that come singly; some grids have many, and one week a storm."""
    usual = np.random.default_rng(1).lognormal(-0.5, 1.0, N)
    return pd.DataFrame(random.poisson(usual[:, None] * _busy(random)))


def _clumped(random: np.random.Generator) -> pd.DataFrame:
    """The same of troubles that bring two and a half reports each on average, within a week."""
    troubles = _single(random).to_numpy()
    return pd.DataFrame(troubles + random.negative_binomial(np.maximum(troubles, 1), 0.4) * (troubles > 0))


def _busy(random: np.random.Generator) -> np.ndarray:
    weeks = np.where(np.arange(WEEKS) < WEEKS // 2, 1.0, 1.3)
    weeks[random.integers(WEEKS)] *= 4
    return weeks


def false_maps(drawn: Drawn, maps: int, *, clumps: bool) -> list[int]:
    """In how many maps of weeks that differ by chance alone a grid is said to have changed, at each level."""
    found = np.zeros(len(LEVELS), dtype=int)
    for seed in range(maps):
        cube = drawn(np.random.default_rng(seed))
        then, now = cube.iloc[:, : WEEKS // 2], cube.iloc[:, WEEKS // 2 :]
        spread = dispersion(then, now) if clumps else 1.0
        classes = changes(then.sum(axis=1), now.sum(axis=1), dispersion=spread)["change"].abs()
        found += [(classes >= level).any() for level in (1, 2, 3)]
    return found.tolist()


def _mixed(random: np.random.Generator) -> pd.DataFrame:
    """Weeks whose means differ from grid to grid and week to week as gammas do: a variance of three times the mean."""
    usual = np.random.default_rng(1).lognormal(0.5, 1.0, N)[:, None] * _busy(random)
    return pd.DataFrame(random.negative_binomial(usual / 2, 1 / 3))


CHANCE = {"single": _single, "clumped": _clumped, "mixed": _mixed}


@pytest.mark.parametrize("sort", CHANCE)
def test_chance_looks_like_a_change_no_more_often_than_stated(sort: str) -> None:
    found = false_maps(CHANCE[sort], 100, clumps=True)
    assert all(count <= most(100, level) for count, level in zip(found, LEVELS, strict=True)), found


@pytest.mark.prove
@pytest.mark.parametrize("sort", CHANCE)
def test_chance_looks_like_a_change_no_more_often_in_a_thousand_maps(sort: str) -> None:
    found = false_maps(CHANCE[sort], 1000, clumps=True)
    assert all(count <= most(1000, level) for count, level in zip(found, LEVELS, strict=True)), found


def test_clumps_that_are_not_allowed_for_look_like_changes() -> None:
    """Why the dispersion of the weeks belongs into the test."""
    assert false_maps(_clumped, 100, clumps=False)[0] > most(100, LEVELS[0])


# How many reports a grid has in each of two periods, how many times as many one has in the second, and in how many maps
# of a hundred it is said to have more, of 120 grids.
POWER = [(20.0, 3.0, 70), (20.0, 4.0, 95), (60.0, 2.0, 80)]


@pytest.mark.parametrize(("mean", "times", "stated"), POWER)
def test_a_grid_that_changed_is_found_as_often_as_is_said(mean: float, times: float, stated: int) -> None:
    found = 0
    for seed in range(100):
        random = np.random.default_rng(seed)
        before, after = random.poisson(mean, N), random.poisson(mean, N)
        after[17] = random.poisson(mean * times)
        found += changes(pd.Series(before), pd.Series(after))["change"][17] > 0
    assert found >= stated, found


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    random = np.random.default_rng(4)
    before, after = random.poisson(12.0, 2000), random.poisson(24.0, 2000)
    found = changes(pd.Series(before), pd.Series(after), against="nothing")
    held = ((found["low"] <= 2) & (found["high"] >= 2)).mean()
    assert 0.95 <= held <= 0.99


@given(st.integers(1, 30), st.data())
def test_tables_with_margins_weigh_every_number_that_could_have_been(both: int, data: st.DataObject) -> None:
    after = data.draw(st.integers(0, both))
    others = data.draw(st.tuples(st.integers(0, 20), st.integers(0, 20)))
    all_after, all_both = after + others[0], both + sum(others)
    table = Fourfold(*(np.array([part]) for part in (after, both)), np.ones(1), np.array([all_after]),
                     np.array([all_both]), 2.0)  # fmt: skip
    assert table.least[0] <= after <= table.most[0]
    more, less = table._tails(np.zeros(1))
    assert more[0] + less[0] >= 1 - 1e-9


# ---------------------------------------------------------------- whether it helped

GRIDS = pd.Index([f"G{n}" for n in range(150)])
USUAL = np.random.default_rng(9).gamma(6.0, 3.0, len(GRIDS))  # reports of a grid in a period


def _twice(random: np.random.Generator, times: np.ndarray | float = 1.0) -> tuple[pd.Series, pd.Series]:
    """Two periods of the grids; the second is busier for all, and has so many times as many as that."""
    return pd.Series(random.poisson(USUAL), GRIDS), pd.Series(random.poisson(1.4 * USUAL * times), GRIDS)


def _some(random: np.random.Generator, count: int = 30) -> pd.Series:
    return pd.Series(np.isin(np.arange(len(GRIDS)), random.choice(len(GRIDS), count, replace=False)), GRIDS)


def test_an_effect_is_the_ratio_of_ratios_with_fishers_p() -> None:
    random = np.random.default_rng(1)
    (before, after), done = _twice(random), _some(random)
    found = effect(before, after, done, random=random, draws=99)
    table = [[after[done].sum(), after[~done].sum()], [before[done].sum(), before[~done].sum()]]
    assert found.ratio == pytest.approx(contingency.odds_ratio(table, kind="sample").statistic)
    said = contingency.odds_ratio(table).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((said.low, said.high), rel=1e-6)
    assert found.p == pytest.approx(2 * min(fisher_exact(table, side).pvalue for side in ("less", "greater")))
    assert set(found.controls) == set(GRIDS[~done])
    assert (found.treated_before, found.others_after) == (before[done].sum(), after[~done].sum())


def test_where_nothing_was_done_nothing_helped_more_often_than_stated() -> None:
    found = np.zeros(3, dtype=int)
    for seed in range(100):
        random = np.random.default_rng(seed)
        (before, after), done = _twice(random), _some(random)
        said = effect(before, after, done, random=random, draws=199)
        found += [said.p <= 0.05, said.placebo_p <= 0.05, not said.corrected_low <= 1 <= said.corrected_high]
    assert (found <= most(100, 0.05)).all(), found


def test_what_helped_is_found_with_its_size() -> None:
    held = 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        done = _some(random)
        before, after = _twice(random, np.where(done, 0.7, 1.0))
        said = effect(before, after, done, random=random, draws=199)
        assert said.p < 0.01
        assert said.placebo_p <= 0.05
        held += said.low <= 0.7 <= said.high
    assert held >= 35


def test_grids_that_were_chosen_because_they_were_high_fall_by_themselves() -> None:
    """Nothing was done but to choose them; the bare ratio praises it, correction and matches do not."""
    praised, corrected, matched = 0, 0, 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        before, after = _twice(random)
        done = before.rank(method="first", ascending=False) <= 20
        said = effect(before, after, done, random=random, draws=99)
        assert said.chosen_high
        praised += said.high < 1
        corrected += said.corrected_low <= 1 <= said.corrected_high
        near = effect(before, after, before.rank(method="first", ascending=False).isin(range(1, 41, 2)),
                      random=random, matched=1, draws=99)  # fmt: skip
        assert not near.chosen_high
        matched += near.low <= 1 <= near.high
    assert praised > 15
    assert corrected >= 54
    assert matched >= 54


def test_matches_are_the_nearest_before_and_none_serves_twice() -> None:
    random = np.random.default_rng(5)
    (before, after), done = _twice(random), _some(random, 20)
    found = effect(before, after, done, matched=2, random=random, draws=99)
    assert len(found.controls) == len(set(found.controls)) == 40
    assert not done[list(found.controls)].any()
    assert abs(before[list(found.controls)].mean() - before[done].mean()) < abs(
        before[~done].mean() - before[done].mean()
    )
    again = effect(before, after, done, matched=2, random=np.random.default_rng(5), draws=99)
    assert again == effect(before, after, done, matched=2, random=np.random.default_rng(5), draws=99)


def test_clumps_widen_an_effect_and_lots_see_them_anyway() -> None:
    random = np.random.default_rng(8)
    (before, after), done = _twice(random), _some(random)
    single = effect(3 * before, 3 * after, done, random=np.random.default_rng(1))
    clumped = effect(3 * before, 3 * after, done, random=np.random.default_rng(1), dispersion=3.0)
    assert clumped.low < single.low < single.high < clumped.high
    assert clumped.p > single.p
    assert clumped.placebo_p == single.placebo_p


def test_clumps_that_are_allowed_for_are_no_effect() -> None:
    single, allowed, lots = 0, 0, 0
    for seed in range(100):
        random = np.random.default_rng(seed)
        before, after = (pd.Series(random.negative_binomial(USUAL / 3, 1 / 4), GRIDS) for _ in range(2))
        done = _some(random)
        said = effect(before, after, done, random=random, draws=199)
        single, lots = single + (said.p <= 0.05), lots + (said.placebo_p <= 0.05)
        allowed += effect(before, after, done, random=random, draws=9, dispersion=4.0).p <= 0.05
    assert max(allowed, lots) <= most(100, 0.05) < single


def test_an_effect_without_others_or_grids_is_refused_in_a_sentence() -> None:
    random = np.random.default_rng(1)
    (before, after), done = _twice(random), _some(random)
    for wrong in (done & False, done | True):
        with pytest.raises(InputError, match="others to hold them against"):
            effect(before, after, wrong, random=random)
    with pytest.raises(InputError, match="where it was done"):
        effect(before, after, done[::-1], random=random)
    with pytest.raises(InputError, match="120 others are too few for 5"):
        effect(before, after, done, matched=5, random=random)


def test_nothing_before_is_an_open_interval() -> None:
    done = pd.Series([True, False, False])
    found = effect(pd.Series([0, 5, 5]), pd.Series([4, 5, 5]), done, random=np.random.default_rng(1), draws=99)
    assert (found.ratio, found.high) == (np.inf, np.inf)
    assert found.low > 0


WEEKLY = pd.date_range("2026-01-05", periods=30, freq="7D", tz="UTC")


def _weekly(random: np.random.Generator, times: float, drift: float = 0.0) -> tuple[pd.Series, pd.Series]:
    """Weeks of two parts of a site, with storms over both; from the sixteenth on, one has so many times as many."""
    season = random.gamma(8.0, 1 / 8, len(WEEKLY))
    late = np.where(np.arange(len(WEEKLY)) >= 15, times, 1.0) * np.exp(drift * np.arange(len(WEEKLY)))
    return pd.Series(random.poisson(40 * season * late), WEEKLY), pd.Series(random.poisson(160 * season), WEEKLY)


@pytest.mark.parametrize(("trend", "drift"), [(False, 0.0), (True, 0.03)])
def test_an_interrupted_series_holds_the_truth_as_often_as_it_says(trend: bool, drift: float) -> None:
    for times in (1.0, 0.6):
        held = 0
        for seed in range(100):
            found = interrupted(*_weekly(np.random.default_rng(seed), times, drift), WEEKLY[15], trend=trend)
            held += found.low <= times <= found.high
            assert (found.p < 0.05) == (not found.low <= 1 <= found.high)
        assert held >= 100 - most(100, 0.05)


def test_the_weeks_of_an_interrupted_series_can_be_drawn() -> None:
    there, elsewhere = _weekly(np.random.default_rng(3), 0.5)
    found = interrupted(there, elsewhere, WEEKLY[15])
    weeks = found.weeks
    assert weeks["fitted"].sum() == pytest.approx(there.sum())
    assert weeks["fitted"][15:].sum() == pytest.approx(there[15:].sum())
    assert weeks["without"][15:].sum() > 1.5 * there[15:].sum()
    assert abs(found.autocorrelation) < 0.5
    assert found.dispersion >= 1


def test_a_drift_that_was_there_before_is_no_effect() -> None:
    there, elsewhere = _weekly(np.random.default_rng(4), 1.0, drift=-0.05)
    assert interrupted(there, elsewhere, WEEKLY[15], trend=False).high < 0.8
    assert interrupted(there, elsewhere, WEEKLY[15]).high > 1


def test_weeks_that_say_nothing_are_refused_in_a_sentence() -> None:
    there, elsewhere = _weekly(np.random.default_rng(5), 1.0)
    with pytest.raises(InputError, match="at least 4 and 2"):
        interrupted(there, elsewhere, WEEKLY[2])
    with pytest.raises(InputError, match="nothing came of one"):
        interrupted(there.where(there.index < WEEKLY[15], 0), elsewhere, WEEKLY[15])
