"""Where patrols should go: what is expected comes about, and plans made of it meet more than plain counts do."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.analytics.expecting import drawn_to
from gridmap.analytics.suggestions import hit_rate, plan, suggestions
from gridmap.errors import InputError
from gridmap.simulation.days import reports as lived
from gridmap.simulation.estate import Estate, estate
from gridmap.spatial.locator import Locator

ZONE = "Asia/Shanghai"
UNTIL = pd.Timestamp("2026-11-02", tz=ZONE)  # a Monday
DAYS = 120
VISITS = 20


@pytest.fixture(scope="module")
def place() -> Estate:
    return estate()


@pytest.fixture(scope="module")
def told(place: Estate) -> pd.DataFrame:
    return _told(place, 7)


def _told(place: Estate, seed: int) -> pd.DataFrame:
    """What was reported on the imaginary estate, with the leaf in which it lies."""
    found = lived(place, UNTIL.to_pydatetime(), DAYS, seed)
    leaves = place.layer("tier3")
    rows = Locator(leaves).locate(found["lon"], found["lat"])
    return found.assign(tier3=np.where(rows >= 0, leaves["code"].to_numpy()[rows], None))


def test_plans_meet_more_than_those_made_of_counts_and_far_more_than_chance(place: Estate) -> None:
    """On three estates' worth of days: the sum over them, as single months differ by luck."""
    found = sum(
        hit_rate(_told(place, seed), place.layer("tier3"), UNTIL, visits=VISITS, days=60)["met"] for seed in (7, 8, 9)
    )
    assert found["suggested"] >= max(found["most"], found["busiest"])
    assert found["suggested"] > 5 * found["chance"]


def test_plans_for_what_patrols_find_meet_more_of_it(place: Estate, told: pd.DataFrame) -> None:
    leaves = place.layer("tier3")
    found = hit_rate(told, leaves, UNTIL, visits=VISITS, days=60, findable=("patrol", "inspection"))
    assert found["met"]["suggested"] > max(found["met"]["most"], found["met"]["busiest"])
    assert found["index"]["chance"] == pytest.approx(1)
    assert found["of"].iloc[0] < 0.5 * DAYS / 60 * len(told)


def test_as_much_is_expected_as_comes(place: Estate) -> None:
    """Of four weeks that were not known, day by day, and of the quarter of grids with the most to expect."""
    told, leaves = _told(place, 11), place.layer("tier3")
    expected, came, top, came_top = 0.0, 0, 0.0, 0
    for back in range(28, 0, -1):
        start = UNTIL - pd.Timedelta(days=back)
        said = suggestions(told, leaves, start, day=start.date())
        on_the_day = told[(told["reported_at"] >= start) & (told["reported_at"] < start + pd.Timedelta(days=1))]
        by_grid = said.groupby("code")["expected"].sum().nlargest(80)
        expected, came = expected + said["expected"].sum(), came + on_the_day["tier3"].notna().sum()
        top, came_top = top + by_grid.sum(), came_top + on_the_day["tier3"].isin(by_grid.index).sum()
    assert came / expected == pytest.approx(1, abs=0.12)
    assert came_top / top == pytest.approx(1, abs=0.12)


def test_a_trouble_of_the_last_weeks_moves_its_grid_up(place: Estate, told: pd.DataFrame) -> None:
    quiet = told["tier3"].value_counts().index[-1]
    lately = UNTIL - pd.to_timedelta(np.arange(30) * 0.5, unit="D") - pd.Timedelta(hours=1)
    more = pd.DataFrame({"tier3": quiet, "reported_at": lately.tz_convert("UTC"), "category": "water_leak"})
    ranks = [
        suggestions(frame, place.layer("tier3"), UNTIL).groupby("code")["expected"].sum().rank(ascending=False)[quiet]
        for frame in (told, pd.concat([told, more], ignore_index=True))
    ]
    assert ranks[1] <= 10 < ranks[0]


def test_many_reports_of_one_afternoon_are_not_taken_for_many_afternoons(place: Estate, told: pd.DataFrame) -> None:
    """Somebody walks a street and reports every sign: that says less of tomorrow than a report every day."""
    leaves, quiet = place.layer("tier3"), told["tier3"].value_counts().index[-60:]
    each, at_once = np.tile(np.arange(30.0), 60), np.repeat(np.arange(60.0) % 30, 30)
    said = []
    for days in (each, at_once):
        moments = UNTIL - pd.to_timedelta(days, unit="D") - pd.Timedelta(hours=6)
        more = pd.DataFrame({"tier3": np.repeat(quiet.to_numpy(), 30), "reported_at": moments.tz_convert("UTC")})
        frame = pd.concat([told, more.assign(category="sign")], ignore_index=True)
        found = suggestions(frame, leaves, UNTIL)
        said.append((found["high"] / found["low"])[found["code"].isin(quiet)].median())
    assert said[1] > 1.2 * said[0]


def test_every_grid_and_part_of_the_day_has_a_row_with_its_reasons(place: Estate, told: pd.DataFrame) -> None:
    leaves = place.layer("tier3")
    last = pd.Series(UNTIL - pd.Timedelta(days=3), leaves["code"].head(5))
    found = suggestions(told, leaves, UNTIL, visited=last)
    assert len(found) == 8 * len(leaves)
    assert set(found["code"]) == set(leaves["code"])
    assert set(found["day"]) == {date(2026, 11, 3)}
    assert found["expected"].is_monotonic_decreasing
    assert (found["low"] < found["expected"]).all()
    assert (found["expected"] < found["high"]).all()
    assert found["reports"].sum() == told["tier3"].notna().sum()
    assert found["visited"].notna().sum() == 5 * 8
    assert found["per_hour"].isna().all()
    first = found.iloc[0]
    mine = told.loc[told["tier3"] == first["code"], "category"].value_counts()
    assert len(first["why"]) <= 3
    assert all(mine[category] == count for category, count in first["why"])


def test_the_way_there_counts_where_it_is_known(place: Estate, told: pd.DataFrame) -> None:
    leaves = place.layer("tier3")
    first = suggestions(told, leaves, UNTIL)["code"].iloc[0]
    takes = pd.Series(10.0, leaves["code"])
    takes[first] = 600.0
    found = suggestions(told, leaves, UNTIL, minutes=takes)
    assert found["code"].iloc[0] != first
    assert found["per_hour"].iloc[0] == pytest.approx(6 * found["expected"].iloc[0])


def test_holidays_are_days_off_if_the_calendar_says_so(place: Estate, told: pd.DataFrame) -> None:
    leaves = place.layer("tier3")
    working = suggestions(told, leaves, UNTIL, day=date(2026, 11, 4))
    resting = suggestions(told, leaves, UNTIL, day=date(2026, 11, 7))
    assert working["expected"].sum() != pytest.approx(resting["expected"].sum(), rel=1e-3)
    same = suggestions(told, leaves, UNTIL, day=date(2026, 11, 4), off=lambda day: day.weekday() in (2, 5, 6))
    assert same["expected"].sum() != pytest.approx(working["expected"].sum(), rel=1e-3)


def test_nothing_that_is_given_changes_and_what_comes_later_is_not_looked_at(place: Estate, told: pd.DataFrame) -> None:
    leaves, copy = place.layer("tier3"), told.copy()
    early = UNTIL - pd.Timedelta(days=20)
    found = suggestions(told, leaves, early)
    pd.testing.assert_frame_equal(told, copy)
    pd.testing.assert_frame_equal(found, suggestions(told[told["reported_at"] < early], leaves, early))


def test_reports_without_category_or_parent_make_suggestions_too() -> None:
    evenings = pd.date_range(end=UNTIL, periods=40, freq="D", tz=ZONE) - pd.Timedelta(hours=5)
    reports = pd.DataFrame({"cell": ["A"] * 30 + ["B"] * 9 + [None], "reported_at": evenings.tz_convert("UTC")})
    found = suggestions(reports, pd.DataFrame({"code": ["A", "B"]}), UNTIL, by="cell", hours=6)
    assert found[["code", "begins", "ends"]].iloc[0].tolist() == ["A", 18, 24]
    assert set(found["why"]) == {()}


# ---------------------------------------------------------------- plans

Ranked = st.lists(st.tuples(st.sampled_from("ABCDE"), st.sampled_from([0, 6, 12])), unique=True, min_size=1)


@given(Ranked, st.integers(1, 6), st.one_of(st.none(), st.integers(1, 3)), st.integers(1, 2))
def test_a_plan_keeps_to_what_can_be_done(
    rows: list[tuple[str, int]], visits: int, at_once: int | None, again: int
) -> None:
    ranked = pd.DataFrame(rows, columns=["code", "begins"]).assign(expected=range(len(rows), 0, -1))
    found = plan(ranked, visits, at_once=at_once, again=again)
    assert len(found) <= visits
    assert found["code"].value_counts().max() <= again
    assert at_once is None or found["begins"].value_counts().max() <= at_once
    assert found.index[0] == 0
    left_out = ranked.drop(found.index)
    if len(found) < visits and at_once is None:
        assert (left_out["code"].map(found["code"].value_counts()) == again).all()


@settings(max_examples=50)
@given(st.lists(st.lists(st.integers(0, 30), min_size=4, max_size=4), min_size=2, max_size=8))
def test_shares_that_are_drawn_to_others_stay_shares_between_both(rows: list[list[int]]) -> None:
    counts, means = np.array(rows, dtype=float), np.full((len(rows), 4), 0.25)
    found = drawn_to(counts, means)
    assert found.sum(axis=1) == pytest.approx(np.ones(len(rows)))
    of = counts.sum(axis=1)
    own = np.divide(counts, of[:, None], out=means.copy(), where=of[:, None] > 0)
    assert (found >= np.minimum(own, means) - 1e-9).all()
    assert (found <= np.maximum(own, means) + 1e-9).all()


def test_what_makes_no_suggestion_is_refused_in_a_sentence(place: Estate, told: pd.DataFrame) -> None:
    leaves = place.layer("tier3")
    with pytest.raises(InputError, match="no tier4"):
        suggestions(told, leaves, UNTIL, by="tier4")
    with pytest.raises(InputError, match="no source"):
        suggestions(told.drop(columns="source"), leaves, UNTIL, findable=("patrol",))
    with pytest.raises(InputError, match="no time zone"):
        suggestions(told, leaves, UNTIL.tz_localize(None))
    with pytest.raises(InputError, match="5 hours"):
        suggestions(told, leaves, UNTIL, hours=5)
    with pytest.raises(InputError, match="no report lies"):
        suggestions(told, leaves, UNTIL - pd.Timedelta(days=999))
    with pytest.raises(InputError, match="above 0"):
        suggestions(told, leaves, UNTIL, half_life=0)
    with pytest.raises(InputError, match="comes twice"):
        suggestions(told, pd.concat([leaves, leaves]), UNTIL)
    with pytest.raises(InputError, match="try fewer"):
        hit_rate(told, leaves, UNTIL, visits=3, days=DAYS)
    with pytest.raises(InputError, match="1 or more"):
        plan(suggestions(told, leaves, UNTIL), 0)
