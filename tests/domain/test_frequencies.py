"""When rounds are due, by the site's own clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.domain.frequencies import FREQUENCIES, UNITS, Frequency
from gridmap.domain.roles import ROLES
from gridmap.domain.subjects import SUBJECTS
from gridmap.errors import InputError

SHANGHAI = "Asia/Shanghai"
ZONES = (SHANGHAI, "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia")


def keys(frequency: Frequency, since: str, until: str, zone: str = SHANGHAI) -> list[str]:
    first, last = (datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)) for day in (since, until))
    return [window.key for window in frequency.windows(zone, first, last)]


def test_a_day_begins_at_midnight_of_the_site() -> None:
    since, until = (datetime(2026, 5, day, tzinfo=UTC) for day in (1, 3))
    day = next(iter(Frequency("daily").windows(SHANGHAI, since, until)))
    assert (day.key, day.starts) == ("2026-05-02", datetime(2026, 5, 1, 16, tzinfo=UTC))
    assert day.ends - day.starts == timedelta(days=1)


def test_guards_walk_every_four_hours_between_two_times_of_the_night() -> None:
    night = Frequency("hours", every=4, begins="18:00", ends="23:30")
    assert keys(night, "2026-05-01", "2026-05-02") == ["2026-05-01T18:00", "2026-05-01T22:00"]


@pytest.mark.parametrize(
    ("frequency", "wanted"),
    [
        (Frequency("weekly"), ["2026-W01", "2026-W02", "2026-W03", "2026-W04", "2026-W05"]),
        (Frequency("half_monthly"), ["2026-01-1", "2026-01-2"]),
        (Frequency("monthly"), ["2026-01"]),
        (Frequency("quarterly"), ["2026-Q1"]),
        (Frequency("once", by="2026-02-10"), ["2026-02-10"]),
        (Frequency("before", by="02-29", lead_days=40), ["2026-02-28"]),
        (Frequency("daily", weekdays=(6, 7)), [f"2026-01-{day:02}" for day in (3, 4, 10, 11, 17, 18, 24, 25, 31)]),
    ],
)
def test_each_frequency_has_its_windows(frequency: Frequency, wanted: list[str]) -> None:
    assert keys(frequency, "2025-12-29", "2026-02-01")[-len(wanted) :] == wanted


def test_what_is_due_before_a_season_may_begin_so_many_days_before() -> None:
    sweep = FREQUENCIES["flood_sweep"].frequency
    window = next(iter(sweep.windows(SHANGHAI, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC))))
    assert window.starts == datetime(2026, 3, 30, 16, tzinfo=UTC)
    assert window.ends == datetime(2026, 4, 30, 16, tzinfo=UTC)


def test_a_night_in_which_the_clock_leaps_has_a_round_less() -> None:
    hourly = Frequency("hours", every=1)
    assert len(keys(hourly, "2026-03-29", "2026-03-30", "Europe/Berlin")) == 23


units = st.sampled_from([unit for unit in UNITS if unit not in ("before", "once")])
moments = st.integers(0, 5_000_000).map(lambda minutes: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes))


@given(units, st.integers(1, 24), st.sampled_from(ZONES), moments, st.integers(1, 40))
def test_windows_do_not_overlap_and_are_the_same_whoever_asks(
    unit: str, every: int, zone: str, since: datetime, days: int
) -> None:
    frequency, until = Frequency(unit, every=every), since + timedelta(days=days)
    windows = list(frequency.windows(zone, since, until))
    assert all(one.ends <= other.starts for one, other in pairwise(windows))
    assert len({window.key for window in windows}) == len(windows)
    middle = since + timedelta(days=days) / 2
    halves = [*frequency.windows(zone, since, middle), *frequency.windows(zone, middle, until)]
    assert halves == windows


@given(units, st.sampled_from(ZONES), moments)
def test_no_moment_of_a_year_is_without_a_window(unit: str, zone: str, moment: datetime) -> None:
    windows = Frequency(unit).windows(zone, moment - timedelta(days=100), moment + timedelta(days=1))
    assert any(window.starts <= moment < window.ends for window in windows)


@pytest.mark.parametrize(
    "said",
    [
        {}, {"unit": "yearly"}, {"unit": "daily", "when": 1}, {"unit": "hours", "every": 0}, {"unit": "before"},
        {"unit": "before", "by": "13-01"}, {"unit": "once", "by": "04-30"}, {"unit": "daily", "begins": "25:00"},
        {"unit": "daily", "begins": "24:30"}, {"unit": "daily", "begins": "12:00", "ends": "12:00"},
        {"unit": "weekly", "weekdays": [0]}, {"unit": "daily", "lead_days": 400}, {"unit": "hours", "every": "4"},
    ],
)  # fmt: skip
def test_a_frequency_that_makes_no_sense_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        Frequency.from_json(said)


def test_the_ready_ones_are_of_known_roles_and_subjects_and_come_back_from_the_store() -> None:
    for duty in FREQUENCIES.values():
        assert Frequency.from_json(duty.frequency.as_json()) == duty.frequency
        assert duty.role in ROLES
        assert duty.subject is None or duty.subject in SUBJECTS
