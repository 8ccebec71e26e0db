"""By when what has to have happened: the table of the trade row by row, holds, weather, and a site's own rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.domain.calendar import Calendars
from gridmap.domain.categories import CATEGORIES
from gridmap.domain.deadlines import Due, Hold, Matter, Stretch, due, set_deadlines
from gridmap.domain.lifecycle import STAMPS
from gridmap.domain.limits import BY_DAYS, CLOCKS, LIMITS, Limit, Table, limit_as_json, parse_limits, table
from gridmap.errors import InputError
from tests.domain.test_calendar import BEFORE, at, local

CALENDARS = Calendars("Asia/Shanghai")
ROWS = {row.code: row for row in CATEGORIES}
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def matter(category: str, **said: Any) -> Matter:
    row = ROWS[category]
    return Matter(**{"kind": row.kind, "urgency": row.urgency, "group": row.group, "category": category, **said})


def deadlines(issue: Matter, reported: str, calendars: Calendars = CALENDARS, **said: Any) -> dict[str, str]:
    """The deadlines of an issue by the clock of the place."""
    moments = {"report": at(reported), **{name: at(text) for name, text in said.pop("moments", {}).items()}}
    found = set_deadlines(issue, moments, calendars, **said)
    return {stamp: local(set_.due_at) if set_.due_at else "held" for stamp, set_ in found.items()}


# ---------------------------------------------------------------- the table of the trade, row by row


# Wednesday 13 May 2026, and the evening of the day before the Golden Week.
@pytest.mark.parametrize(
    ("issue", "reported", "wanted"),
    [
        (matter("gas"), "2026-05-13T10:00", {"on_site": "2026-05-13 10:05"}),
        (
            matter("burst_main"),
            "2026-10-01T03:00",
            {"on_site": "2026-10-01 03:15", "under_control": "2026-10-01 05:00", "resolved": "2026-10-02 03:00"},
        ),
        (
            matter("lift"),
            "2026-05-13T23:50",
            {"first_answer": "2026-05-14 00:05", "on_site": "2026-05-14 00:35", "resolved": "2026-05-14 23:50"},
        ),
        (
            matter("lamp"),
            "2026-05-13T11:45",
            {"first_answer": "2026-05-13 13:15", "on_site": "2026-05-13 15:45", "resolved": "2026-05-14 11:45"},
        ),
        (
            matter("lamp", complex=True),
            "2026-05-13T11:45",
            {"first_answer": "2026-05-13 13:15", "on_site": "2026-05-13 15:45", "resolved": "2026-05-15 11:45"},
        ),
        (
            matter("lamp"),
            "2026-09-30T19:00",
            {"first_answer": "2026-10-08 08:30", "on_site": "2026-10-01 11:00", "resolved": "2026-10-01 19:00"},
        ),
        (
            matter("lamp", kind="inspection"),
            "2026-05-13T10:00",
            {"on_site": "2026-05-13 14:00", "resolved": "2026-05-14 10:00"},
        ),
        (matter("dogs"), "2026-05-13T10:00", {"first_answer": "2026-05-15 00:00", "resolved": "2026-05-21 00:00"}),
        (matter("fees"), "2026-05-13T10:00", {"first_answer": "2026-05-13 15:00", "resolved": "2026-05-18 18:00"}),
        (
            matter("fees", kind="suggestion"),
            "2026-05-13T10:00",
            {"first_answer": "2026-05-13 15:00", "resolved": "2026-05-18 18:00"},
        ),
        (matter("dirty_interior"), "2026-05-13T10:30", {"on_site": "2026-05-13 13:30", "resolved": "2026-05-13 18:00"}),
        (matter("greening"), "2026-05-13T19:00", {"on_site": "2026-05-14 08:00", "resolved": "2026-05-14 18:00"}),
        (matter("pests"), "2026-05-13T07:00", {"on_site": "2026-05-13 08:00", "resolved": "2026-05-13 18:00"}),
        (matter("litter"), "2026-05-13T20:30", {"resolved": "2026-05-14 07:30"}),
        (matter("bin_full"), "2026-10-03T12:00", {"resolved": "2026-10-03 13:00"}),
        (matter("waste_removal"), "2026-05-13T20:30", {"resolved": "2026-05-13 21:00"}),
        (matter("snow"), "2026-01-20T22:00", {"resolved": "2026-01-21 02:00"}),
        (
            matter("road"),
            "2026-05-13T10:00",
            {"first_answer": "2026-05-13 10:30", "on_site": "2026-05-13 14:00"},
        ),
    ],
    ids=lambda value: f"{value.category} {value.kind}" if isinstance(value, Matter) else None,
)
def test_a_row_of_the_table(issue: Matter, reported: str, wanted: dict[str, str]) -> None:
    assert deadlines(issue, reported) == wanted


def test_a_public_repair_has_fifteen_days_from_when_the_work_order_is_written() -> None:
    found = deadlines(matter("road"), "2026-05-13T10:00", moments={"dispatch": "2026-05-14T09:00"})
    assert found["resolved"] == "2026-05-30 00:00"


def test_snow_has_four_hours_from_when_it_stops() -> None:
    snow = Stretch("snow", at("2026-01-20T18:00"), None)
    reported = "2026-01-20T22:00"
    assert deadlines(matter("snow"), reported, stretches=[snow]) == {}
    stopped = Stretch("snow", snow.starts, at("2026-01-21T05:00"))
    assert deadlines(matter("snow"), reported, stretches=[stopped]) == {"resolved": "2026-01-21 09:00"}


def test_snow_elsewhere_stops_nobody() -> None:
    snow = Stretch("snow", at("2026-01-20T18:00"), None, grids=("Z2",))
    found = deadlines(matter("snow", chain=("Z1", "Z1-C1")), "2026-01-20T22:00", stretches=[snow])
    assert found == {"resolved": "2026-01-21 02:00"}


def test_what_is_reopened_begins_anew() -> None:
    again = {"dispatch": "2026-05-14T09:00", "reopen": "2026-06-10T09:00"}
    found = deadlines(matter("road"), "2026-05-13T10:00", moments=again)
    assert found == {"first_answer": "2026-06-10 09:30", "on_site": "2026-06-10 13:00", "resolved": "2026-06-26 00:00"}


@pytest.mark.parametrize("category", ROWS)
def test_every_category_has_a_time_by_which_something_has_to_happen(category: str) -> None:
    found = set_deadlines(matter(category), {"report": at("2026-05-13T10:00")}, CALENDARS)
    assert found
    assert all(deadline.due_at and deadline.due_at > deadline.started_at for deadline in found.values())


def test_a_deadline_says_its_rule() -> None:
    found = set_deadlines(matter("litter"), {"report": at("2026-05-13T10:00")}, CALENDARS)["resolved"]
    assert found.started_at == at("2026-05-13T10:00")
    assert {name: found.rule[name] for name in ("after", "clock", "role")} == {
        "after": "1 h", "clock": "working_time", "role": "environment_officer",
    }  # fmt: skip


# ---------------------------------------------------------------- holds


def limit(after: timedelta, clock: str, role: str | None = "front_desk") -> Limit:
    return Limit("resolved", after, clock, role if clock in ("working_time", "working_days") else None)  # type: ignore[arg-type]


def due_at(one: Limit, start: str, *holds: tuple[str, str | None], **said: Any) -> str:
    held = [Hold(at(begins), at(ends) if ends else None) for begins, ends in holds]
    found = due(one, at(start), CALENDARS, held, **said).at
    return local(found) if found else "held"


@pytest.mark.parametrize(
    ("one", "without", "held"),
    [
        # From Wednesday 17:00 to Thursday 13:30 is 20.5 hours, 1 + 4 + 0.5 of them at work, one midnight, one evening.
        (limit(24 * HOUR, "round_the_clock"), "2026-05-14 10:00", "2026-05-15 06:30"),
        (limit(10 * HOUR, "working_time"), "2026-05-14 11:00", "2026-05-14 17:30"),
        (limit(7 * DAY, "natural_days"), "2026-05-21 00:00", "2026-05-22 00:00"),
        (limit(2 * DAY, "working_days"), "2026-05-15 18:00", "2026-05-16 16:00"),
        (limit(0 * DAY, "working_days"), "2026-05-13 18:00", "2026-05-14 18:00"),
    ],
    ids=lambda value: value.clock if isinstance(value, Limit) else None,
)
def test_a_hold_is_measured_in_the_limits_own_clock(one: Limit, without: str, held: str) -> None:
    assert due_at(one, "2026-05-13T10:00") == without
    assert due_at(one, "2026-05-13T10:00", ("2026-05-13T17:00", "2026-05-14T13:30")) == held


def test_a_limit_on_hold_is_not_running() -> None:
    assert due_at(limit(24 * HOUR, "round_the_clock"), "2026-05-13T10:00", ("2026-05-13T17:00", None)) == "held"


def test_a_hold_excuses_nothing_that_was_over_before() -> None:
    one = limit(2 * HOUR, "round_the_clock")
    assert due_at(one, "2026-05-13T10:00", ("2026-05-13T12:00", None)) == "2026-05-13 12:00"
    assert due_at(one, "2026-05-13T10:00", ("2026-05-13T13:00", "2026-05-14T13:00")) == "2026-05-13 12:00"


def test_holds_that_overlap_are_counted_once() -> None:
    holds = ("2026-05-13T11:00", "2026-05-13T13:00"), ("2026-05-13T12:00", "2026-05-13T14:00")
    assert due_at(limit(2 * HOUR, "round_the_clock"), "2026-05-13T10:00", *holds) == "2026-05-13 15:00"


def test_a_hold_before_a_limit_began_does_not_count() -> None:
    hold = ("2026-05-13T08:00", "2026-05-13T11:00")
    assert due_at(limit(2 * HOUR, "round_the_clock"), "2026-05-13T10:00", hold) == "2026-05-13 13:00"


def test_on_hold_at_night_costs_no_working_time() -> None:
    night = ("2026-05-13T18:30", "2026-05-14T07:30")
    one = limit(12 * HOUR, "working_time")
    assert due_at(one, "2026-05-13T10:00", night) == due_at(one, "2026-05-13T10:00")


# ---------------------------------------------------------------- weather


STORM = Stretch("storm", at("2026-05-13T12:00"), at("2026-05-13T13:00"), 1.5, ("Z1",))


@pytest.mark.parametrize(
    ("one", "stretched"),
    [
        (limit(24 * HOUR, "round_the_clock"), "2026-05-14 22:00"),
        (limit(8 * HOUR, "working_time"), "2026-05-14 14:00"),
        (limit(7 * DAY, "natural_days"), "2026-05-25 00:00"),  # ten and a half days are eleven
        (limit(0 * DAY, "working_days"), "2026-05-14 18:00"),
    ],
    ids=lambda value: value.clock if isinstance(value, Limit) else None,
)
def test_a_warning_stretches_what_runs_while_it_lasts(one: Limit, stretched: str) -> None:
    assert due_at(one, "2026-05-13T10:00", stretches=[STORM]) == stretched


@pytest.mark.parametrize(
    ("reported", "issue"),
    [
        ("2026-05-13T13:00", matter("lift", chain=("Z1",))),  # it is over
        ("2026-05-12T11:00", matter("lift", chain=("Z1",))),  # the limit is over
        ("2026-05-13T12:30", matter("lift", chain=("Z2",))),  # elsewhere
        ("2026-05-13T12:30", matter("burst_main", chain=("Z1",))),  # nothing makes that wait
    ],
)
def test_a_warning_stretches_nothing_else(reported: str, issue: Matter) -> None:
    assert deadlines(issue, reported, stretches=[STORM]) == deadlines(issue, reported)


def test_a_warning_is_for_the_grids_it_names_and_all_below_them() -> None:
    below = matter("lift", chain=("Z1", "Z1-C1", "Z1-C1-1"))
    assert deadlines(below, "2026-05-13T12:30", stretches=[STORM])["resolved"] == "2026-05-15 00:30"


def test_a_warning_may_be_for_some_stamps_alone() -> None:
    some = Stretch("storm", STORM.starts, STORM.ends, 2.0, stamps=("on_site",))
    plain = deadlines(matter("lift"), "2026-05-13T12:30")
    assert deadlines(matter("lift"), "2026-05-13T12:30", stretches=[some]) == {**plain, "on_site": "2026-05-13 14:00"}


def test_the_worst_of_several_warnings_counts_and_no_more() -> None:
    worse = Stretch("typhoon", STORM.starts, None, 2.0)
    assert (
        due_at(limit(24 * HOUR, "round_the_clock"), "2026-05-13T10:00", stretches=[STORM, worse]) == "2026-05-15 10:00"
    )


# ---------------------------------------------------------------- across New Year


def test_a_deadline_in_a_year_that_is_not_settled_is_provisional_and_comes_out_anew_when_it_is() -> None:
    """4 January 2026, a Sunday, became a make-up workday, and 2 January, a Friday, a holiday."""
    asked, moments = matter("fees"), {"report": at("2025-12-31T16:00")}
    before = set_deadlines(asked, moments, Calendars("Asia/Shanghai", BEFORE))["first_answer"]
    after = set_deadlines(asked, moments, CALENDARS)["first_answer"]
    assert (before.provisional, after.provisional) == (True, False)
    assert (local(before.due_at or at("2025-01-01")), local(after.due_at or at("2025-01-01"))) == (
        "2026-01-02 10:00",
        "2026-01-04 10:00",
    )


def test_what_does_not_ask_for_a_calendar_is_never_provisional() -> None:
    found = set_deadlines(matter("lift"), {"report": at("2025-12-31T16:00")}, Calendars("Asia/Shanghai", BEFORE))
    assert not any(deadline.provisional for deadline in found.values())


# ---------------------------------------------------------------- a site's own rows


def test_a_sites_own_rows_come_first() -> None:
    own = parse_limits([{"stamp": "resolved", "after": "2 h", "categories": ["lamp"]}])
    found = deadlines(matter("lamp"), "2026-05-13T10:00", table=Table(own))
    assert found["resolved"] == "2026-05-13 12:00"
    assert found["on_site"] == "2026-05-13 14:00"
    assert deadlines(matter("door_window"), "2026-05-13T10:00", table=Table(own))["resolved"] == "2026-05-14 10:00"


def test_a_site_may_say_that_something_is_never_due() -> None:
    own = parse_limits([{"stamp": "on_site", "after": None, "urgencies": ["normal"]}])
    assert set(deadlines(matter("lamp"), "2026-05-13T10:00", table=Table(own))) == {"first_answer", "resolved"}


def test_limits_read_as_they_are_written() -> None:
    assert parse_limits([limit_as_json(row) for row in LIMITS]) == LIMITS
    assert parse_limits(None) == ()


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ({"stamp": "resolved"}, "a list of rows is wanted"),
        (["resolved"], "limit 1: 'resolved' is not an object"),
        ([{"stamp": "solved", "after": "1 h"}], "limit 1, stamp: 'solved' is none of first_answer"),
        ([{"stamp": "resolved", "after": "1 h", "urgency": "life"}], "limit 1: 'urgency' means nothing here"),
        ([{"stamp": "resolved", "after": "1 h", "clock": "sundial"}], "limit 1, clock: 'sundial'"),
        ([{"stamp": "resolved", "after": "1 h", "trigger": "mood"}], "limit 1, trigger: 'mood'"),
        ([{"stamp": {}, "after": "1 h", "trigger": []}], "limit 1, stamp: {}"),
        ([{"stamp": "resolved", "after": "1 h", "trigger": []}], "limit 1, trigger: \\[\\]"),
        ([{"stamp": "resolved", "after": "1 h", "clock": "working_time"}], "limit 1, role: working_time is somebody's"),
        ([{"stamp": "resolved", "after": "1 h", "role": "king"}], "limit 1, role: 'king'"),
        ([{"stamp": "resolved", "after": "1 h"}, {"stamp": "resolved", "after": "soon"}], "limit 2, after: 'soon'"),
        ([{"stamp": "resolved", "after": "1 h", "clock": "natural_days"}], "write 7 days"),
        ([{"stamp": "resolved", "after": 3600}], "limit 1, after: 3600"),
        ([{"stamp": "resolved", "after": "0 min"}], "over when it begins"),
        ([{"stamp": "resolved", "after": "99999999999999 h"}], "longer than ten years"),
        ([{"stamp": "resolved"}], "limit 1, after: ''"),
        ([{"stamp": "resolved", "after": "1 h", "kinds": "repair"}], "limit 1, kinds: 'repair' is not a list"),
        ([{"stamp": "resolved", "after": "1 h", "kinds": ["repairs"]}], "limit 1, kinds: 'repairs' is none of repair"),
        ([{"stamp": "resolved", "after": "1 h", "categories": ["lampp"]}], "limit 1, categories: 'lampp' is none of"),
        ([{"stamp": "resolved", "after": "1 h", "complex": "yes"}], "limit 1, complex"),
    ],
)
def test_a_row_that_makes_no_sense_is_refused_by_its_number_and_word(stored: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse_limits(stored, categories=ROWS)


def test_the_table_has_a_line_for_every_limit() -> None:
    head, *rows = table()
    assert len(rows) == len(LIMITS)
    assert {len(row) for row in (head, *rows)} == {5}
    assert {row[1] for row in rows} <= set(STAMPS)


# ---------------------------------------------------------------- what always holds


MOMENTS = st.datetimes(datetime(2025, 12, 1), datetime(2026, 12, 1), timezones=st.just(UTC))  # noqa: DTZ001
HOLDS = st.lists(
    st.builds(lambda begins, length: Hold(begins, begins + length), MOMENTS, st.timedeltas(timedelta(0), 9 * DAY)),
    max_size=4,
)


@st.composite
def _limits(draw: st.DrawFn) -> Limit:
    clock = draw(st.sampled_from(CLOCKS))
    after = draw(st.integers(0, 12)) * DAY if clock in BY_DAYS else draw(st.integers(1, 3000)) * timedelta(minutes=1)
    return limit(after, clock)


@given(_limits(), MOMENTS, HOLDS)
def test_nothing_is_due_before_it_begins_and_a_hold_never_makes_it_earlier(
    one: Limit, start: datetime, holds: list[Hold]
) -> None:
    plain, held = due(one, start, CALENDARS).at, due(one, start, CALENDARS, holds).at
    assert plain is not None
    assert held is not None
    assert start < plain <= held


@given(_limits(), MOMENTS, HOLDS, st.randoms())
def test_the_order_in_which_holds_are_told_does_not_matter(
    one: Limit, start: datetime, holds: list[Hold], chance: Any
) -> None:
    mixed = list(holds)
    chance.shuffle(mixed)
    assert due(one, start, CALENDARS, mixed) == due(one, start, CALENDARS, holds)


@given(_limits(), MOMENTS, MOMENTS, st.floats(1, 4))
def test_weather_never_makes_it_earlier(one: Limit, start: datetime, storm: datetime, factor: float) -> None:
    weather = [Stretch("storm", storm, storm + 2 * DAY, factor)]
    plain, stretched = due(one, start, CALENDARS).at, due(one, start, CALENDARS, (), weather).at
    assert plain is not None
    assert stretched is not None
    assert plain <= stretched


@given(_limits(), MOMENTS, MOMENTS)
def test_what_begins_later_is_due_no_earlier(one: Limit, first: datetime, second: datetime) -> None:
    found = [due(one, moment, CALENDARS).at for moment in sorted((first, second))]
    assert found[0] is not None
    assert found[1] is not None
    assert found[0] <= found[1]


def test_a_limit_without_a_time_is_never_due() -> None:
    assert due(Limit("resolved", None), at("2026-05-13T10:00"), CALENDARS) == Due(None)
