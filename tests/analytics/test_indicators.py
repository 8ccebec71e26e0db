"""Indicators by hand, by the figures a city published, and by what holds of any frame."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.analytics.indicators.definitions import INDICATORS, MEASURED
from gridmap.analytics.indicators.demand import recurrence
from gridmap.analytics.indicators.figures import NOBODY, compared, figures, ranked
from gridmap.analytics.indicators.handling import closing, in_time, on_time_closing, self_made_in_time
from gridmap.analytics.indicators.intervals import garwood, wilson
from gridmap.analytics.indicators.outcomes import reopen, rework, satisfaction
from gridmap.analytics.indicators.patrols import patrol_completion, patrol_coverage
from gridmap.domain.frames import ISSUE_FACTS, ROUNDS
from gridmap.domain.lifecycle import STAMPS, STATUSES
from gridmap.domain.periods import Span, Window

MAY = Span.read("2026-05", "Asia/Shanghai")
SEEN = datetime(2026, 6, 5, tzinfo=UTC)
IN_MAY = datetime(2026, 5, 10, tzinfo=UTC)


def may(at: datetime = SEEN) -> Window:
    return MAY.window(at)


def issues(*rows: dict[str, Any], **everywhere: Any) -> pd.DataFrame:
    """Facts of some issues; what is said of all of them, and of each."""
    common = {"status": "closed", "reported_at": IN_MAY, "closed_at": IN_MAY, "category": "lift", "kind": "repair"}
    return pd.DataFrame([{**common, **everywhere, **row} for row in rows])


def sums(parts: pd.DataFrame) -> tuple[int, int]:
    return int(parts["numerator"].sum()), int(parts["denominator"].sum())


# ---------------------------------------------------------------- the figures of a city


def bulletin(due: int, closed: int, in_time: int) -> pd.DataFrame:
    """So many issues due, of which so many are closed, so many of them in time."""
    met = IN_MAY + timedelta(hours=1)
    kept = {"status": "closed", "closed_at": IN_MAY, "resolved_due": met}
    late = {"status": "closed", "closed_at": met + timedelta(hours=1), "resolved_due": met}
    left = {"status": "in_progress", "closed_at": None, "resolved_due": met}
    return issues(*[kept] * in_time, *[late] * (closed - in_time), *[left] * (due - closed))


@pytest.mark.parametrize(
    ("due", "closed", "in_time", "measure", "percent"),
    [
        (972, 911, 737, closing, 93.72),
        (972, 911, 737, on_time_closing, 75.82),
        (956, 902, 902, closing, 94.35),
        (16, 9, 9, closing, 56.25),
    ],
)
def test_the_published_figures_of_a_city_come_out_to_the_hundredth(
    due: int, closed: int, in_time: int, measure: Callable[..., pd.DataFrame], percent: float
) -> None:
    counted, of = sums(measure(bulletin(due, closed, in_time), may()))
    assert of == due
    assert round(100 * counted / of, 2) == percent


def test_a_rate_is_divided_by_what_was_due_and_not_by_what_came_in() -> None:
    later = {"resolved_due": datetime(2026, 6, 20, tzinfo=UTC), "status": "filed", "closed_at": None}
    facts = issues({"resolved_due": IN_MAY}, later, later)
    assert sums(closing(facts, may())) == (1, 1)


# ---------------------------------------------------------------- what is due, and what is not


def test_an_issue_without_a_limit_is_due_to_be_closed_when_it_is_closed_and_never_late() -> None:
    facts = issues({}, {"status": "filed", "closed_at": None}, {"closed_at": datetime(2026, 4, 1, tzinfo=UTC)})
    assert sums(closing(facts, may())) == (1, 1)
    assert sums(on_time_closing(facts, may())) == (0, 0)


@pytest.mark.parametrize(
    "apart",
    [
        {"status": "void"}, {"status": "merged"}, {"status": "on_hold", "waiting": True},
        {"status": "referred", "waiting": True, "referred": True}, {"referred": True}, {"self_made": True},
    ],
)  # fmt: skip
def test_what_nobody_can_be_late_with_is_in_no_rate_in_time(apart: dict[str, Any]) -> None:
    late = IN_MAY + timedelta(days=1)
    limits = {f"{stamp}_due": IN_MAY for stamp in STAMPS} | {f"{stamp}_at": late for stamp in STAMPS}
    facts = issues({**limits, "closed_at": late}, {**limits, "closed_at": late, **apart})
    assert sums(closing(facts, may())) == (1, 1)
    assert sums(on_time_closing(facts, may())) == (0, 1)
    for stamp in STAMPS:
        assert sums(in_time(facts, may(), stamp)) == (0, 1)


def test_a_limit_that_has_not_passed_yet_is_not_due() -> None:
    facts = issues({"resolved_due": datetime(2026, 5, 20, tzinfo=UTC)}, {"resolved_due": IN_MAY})
    assert sums(closing(facts, may(at=datetime(2026, 5, 15, tzinfo=UTC)))) == (1, 1)


def test_a_limit_met_to_the_second_is_met() -> None:
    facts = issues({"on_site_due": IN_MAY, "on_site_at": IN_MAY})
    assert sums(in_time(facts, may(), "on_site")) == (1, 1)


def test_the_months_begin_and_end_by_the_clock_of_the_site() -> None:
    """At 23:30 on 30 April in London it is 1 May in Shanghai."""
    facts = issues(
        {"resolved_due": datetime(2026, 4, 30, 15, 30, tzinfo=UTC)},
        {"resolved_due": datetime(2026, 4, 30, 16, 30, tzinfo=UTC)},
        {"resolved_due": datetime(2026, 5, 31, 15, 30, tzinfo=UTC)},
        {"resolved_due": datetime(2026, 5, 31, 16, 30, tzinfo=UTC)},
    )
    assert closing(facts, may())["denominator"].tolist() == [0, 1, 1, 0]


def test_self_made_issues_are_shown_apart() -> None:
    kept = {"resolved_due": IN_MAY, "closed_at": IN_MAY}
    facts = issues(kept, {**kept, "self_made": True}, {**kept, "self_made": True})
    assert sums(on_time_closing(facts, may())) == (1, 1)
    assert sums(self_made_in_time(facts, may())) == (2, 2)


def test_silence_is_neither_satisfied_nor_dissatisfied() -> None:
    facts = issues(
        {"satisfaction": 5, "answered_at": IN_MAY},
        {"satisfaction": 3, "answered_at": IN_MAY},
        {"satisfaction": None, "closed_as": "no_answer"},
    )
    assert sums(satisfaction(facts, may())) == (1, 2)


def test_an_issue_that_failed_three_checks_is_one_rework() -> None:
    facts = issues({"resolved_at": IN_MAY, "reworks": 3}, {"resolved_at": IN_MAY, "reworks": 0})
    assert sums(rework(facts, may())) == (1, 2)


def test_what_was_reopened_and_is_open_still_counts_as_reopened() -> None:
    facts = issues({"reopened_at": None}, {"status": "filed", "closed_at": None, "reopened_at": IN_MAY})
    assert sums(reopen(facts, may())) == (1, 2)


def at(days: float, east_m: float = 0.0, **more: Any) -> dict[str, Any]:
    return {
        "reported_at": datetime(2026, 5, 1, tzinfo=UTC) + timedelta(days=days),
        "lon": 121.5 + east_m / 95_200, "lat": 31.25, **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("first", "second", "again"),
    [
        (at(-20), at(5, 25), 1),
        (at(-20), at(5, 35), 0),
        (at(-26), at(5), 0),
        (at(-20, category="drain"), at(5), 0),
        (at(-20, status="void"), at(5), 0),
        (at(-20, facility="LIFT1"), at(5, 500, facility="LIFT1"), 1),
        (at(-20, facility="LIFT1"), at(5, 5, facility="LIFT2"), 0),
        (at(-20, facility="LIFT1"), at(5, 5), 1),
    ],
)
def test_what_comes_back_is_of_the_same_category_at_the_same_place_and_soon(
    first: dict[str, Any], second: dict[str, Any], again: int
) -> None:
    assert sums(recurrence(issues(first, second, facility=None), may())) == (again, 1)
    assert sums(recurrence(issues(second, first, facility=None), may())) == (again, 1)


def test_recurrence_is_what_comparing_every_pair_says() -> None:
    draw = np.random.default_rng(4)
    count = 400
    facts = pd.DataFrame(
        {
            "status": "closed",
            "category": draw.choice(["lift", "drain"], count),
            "facility": pd.Series(draw.choice(["A", "B", "C", None], count), dtype=object),
            "lon": 121.5 + draw.uniform(0, 0.002, count),
            "lat": 31.25 + draw.uniform(0, 0.002, count),
            "reported_at": pd.Timestamp("2026-04-01T00:00Z") + pd.to_timedelta(draw.uniform(0, 1400, count), unit="h"),
        }
    )  # fmt: skip
    found = recurrence(facts, may())["numerator"].to_numpy()
    for row in range(count):
        one = facts.iloc[row]
        before = facts[(facts["category"] == one["category"]) & (facts["reported_at"] < one["reported_at"])]
        before = before[before["reported_at"] >= one["reported_at"] - timedelta(days=30)]
        metres = np.hypot((before["lon"] - one["lon"]) * 95_060, (before["lat"] - one["lat"]) * 111_195)
        named = before["facility"].notna() & (one["facility"] is not None)
        same = (before["facility"] == one["facility"]) & named
        wanted = bool((same | (~named & (metres <= 30))).any()) and MAY.start <= one["reported_at"] < MAY.end
        assert found[row] == wanted, row


def test_rounds_made_and_ground_looked_at_are_two_things() -> None:
    rounds = pd.DataFrame(
        {
            "due_at": [IN_MAY] * 4,
            "done_at": [IN_MAY, IN_MAY + timedelta(hours=1), None, IN_MAY],
            "planned": [8.0, 8.0, 8.0, 0.0],
            "visited": [4.0, 8.0, 0.0, 0.0],
        }
    )
    assert sums(patrol_completion(rounds, may())) == (2, 4)
    assert sums(patrol_coverage(rounds, may())) == (13, 25)


# ---------------------------------------------------------------- what holds of any frame

MOMENTS = st.datetimes(datetime(2026, 4, 20), datetime(2026, 6, 10), timezones=st.just(UTC))  # noqa: DTZ001
MAYBE = st.none() | MOMENTS
ANY_ISSUE = st.fixed_dictionaries(
    {
        "status": st.sampled_from(STATUSES), "reported_at": MOMENTS, "closed_at": MAYBE, "reopened_at": MAYBE,
        **{f"{stamp}_{end}": MAYBE for stamp in STAMPS for end in ("at", "due")},
        "closed_as": st.sampled_from(["solved", "no_answer", None]), "reworks": st.integers(0, 3),
        "satisfaction": st.none() | st.integers(1, 5), "answered_at": MAYBE, "look_at": MAYBE,
        "waiting": st.booleans(), "referred": st.booleans(), "self_made": st.booleans(),
        "category": st.sampled_from(["lift", "drain"]), "kind": st.sampled_from(["repair", "complaint"]),
        "facility": st.sampled_from([None, "A"]), "owner": st.sampled_from([None, "li", "wu"]),
        "tier2": st.sampled_from([None, "C1", "C2"]), "lon": st.floats(121.5, 121.501), "lat": st.just(31.25),
        "due_at": MOMENTS, "done_at": MAYBE, "planned": st.integers(0, 9), "visited": st.integers(0, 9),
    }
)  # fmt: skip
ANY_ISSUES = st.lists(ANY_ISSUE, min_size=1, max_size=12).map(pd.DataFrame)


MEASURES = {code: measure for code in MEASURED if (measure := INDICATORS[code].measure) is not None}


@settings(max_examples=30)
@given(facts=ANY_ISSUES, seen=MOMENTS)
def test_no_more_is_counted_than_is_due_and_nothing_that_is_given_changes(facts: pd.DataFrame, seen: datetime) -> None:
    before = facts.copy(deep=True)
    for code, measure in MEASURES.items():
        parts = measure(facts, may(seen))
        assert parts.index.equals(facts.index), code
        assert (parts["numerator"] >= 0).all(), code
        assert (parts["numerator"] <= parts["denominator"]).all(), code
    pd.testing.assert_frame_equal(facts, before)


@settings(max_examples=30)
@given(facts=ANY_ISSUES)
def test_the_order_of_the_rows_is_nothing_to_an_indicator(facts: pd.DataFrame) -> None:
    for code, measure in MEASURES.items():
        assert sums(measure(facts, may())) == sums(measure(facts.iloc[::-1], may())), code


@settings(max_examples=30)
@given(facts=ANY_ISSUES)
def test_the_groups_add_up_to_the_whole(facts: pd.DataFrame) -> None:
    for code, measure in MEASURES.items():
        parts = measure(facts, may())
        found = figures(INDICATORS[code], parts, facts["tier2"], pd.Series(1.0, index=["C1", "C2", NOBODY]))
        assert found["numerator"].sum() == parts["numerator"].sum(), code
        if INDICATORS[code].sort == "share":
            assert found["denominator"].sum() == parts["denominator"].sum(), code
        assert ((found["low"] <= found["value"]) & (found["value"] <= found["high"])).all(), code


# ---------------------------------------------------------------- intervals, changes, places


def test_a_small_number_has_a_wide_interval() -> None:
    few, many = (tuple(float(side[0]) for side in wilson([share], [of])) for share, of in ((3, 3), (3000, 3000)))
    assert few == pytest.approx((0.4385, 1.0), abs=1e-4)
    assert many[0] > 0.998


def test_no_complaints_do_not_mean_that_there_never_are_any() -> None:
    low, high = garwood([0], [1.2])
    assert (low[0], round(float(high[0]), 3)) == (0.0, 3.074)


def of(code: str, counted: list[float], due: list[float], subjects: list[str]) -> pd.DataFrame:
    parts = pd.DataFrame({"numerator": counted, "denominator": due})
    return figures(INDICATORS[code], parts, pd.Series(subjects, dtype=object))


def test_a_place_is_given_only_where_the_intervals_allow_no_other() -> None:
    found = ranked(INDICATORS["closing"], of("closing", [990, 700, 690, 100], [1000] * 4, ["A", "B", "C", "D"]))
    assert found["rank"].tolist() == [1, pd.NA, pd.NA, 4]
    assert found[["best", "worst"]].to_numpy().tolist() == [[1, 1], [2, 3], [2, 3], [4, 4]]


def test_where_less_is_better_the_least_comes_first() -> None:
    found = ranked(INDICATORS["rework"], of("rework", [10, 500], [1000, 1000], ["A", "B"]))
    assert found["rank"].tolist() == [1, 2]


def test_what_belongs_to_nobody_is_counted_and_has_no_place() -> None:
    found = ranked(INDICATORS["closing"], of("closing", [10, 5], [1000, 1000], ["A", NOBODY]))
    assert dict(zip(found["subject"], found["rank"], strict=True)) == {"A": 1, NOBODY: pd.NA}


def test_a_change_is_sure_only_beyond_chance() -> None:
    now, then = of("closing", [90, 9], [100, 10], ["A", "B"]), of("closing", [50, 5], [100, 10], ["A", "B"])
    found = compared(now, then, "before")
    assert found["before_direction"].tolist() == ["up", "up"]
    assert found["before_sure"].tolist() == [True, False]
    assert found["before_change"].tolist() == pytest.approx([0.4, 0.4])


def test_households_without_a_complaint_have_a_rate_of_nothing() -> None:
    parts = pd.DataFrame({"numerator": [1.0, 1.0, 1.0], "denominator": 1.0})
    homes = pd.Series({"C1": 150.0, "C2": 50.0})
    found = figures(INDICATORS["complaints"], parts, pd.Series(["C1", "C1", "C9"]), homes)
    assert found[["subject", "numerator", "denominator"]].to_numpy().tolist()[:2] == [
        ["C1", 2.0, 1.5],
        ["C2", 0.0, 0.5],
    ]
    assert np.isnan(found.set_index("subject").loc["C9", "value"])


# ---------------------------------------------------------------- the table


def test_every_indicator_says_what_it_counts_of_what_and_when_it_is_due() -> None:
    for code, indicator in INDICATORS.items():
        assert indicator.code == code
        for said in (indicator.name, indicator.counts, indicator.of, indicator.due):
            for language in ("en", "zh-Hans", "zh-Hant"):
                assert said.say(language)
        assert (indicator.measure is None) == (indicator.source == "entries")


def test_the_columns_that_indicators_ask_for_are_those_of_the_frames() -> None:
    known = {*ISSUE_FACTS.columns, *ROUNDS.columns}
    everything = pd.DataFrame({name: pd.Series(dtype=object) for name in known})
    for code in MEASURED:
        measure = INDICATORS[code].measure
        assert measure is not None
        assert sums(measure(everything, may())) == (0, 0)
