"""Working time: windows, holidays and make-up workdays, and what they make of durations."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from holidays.countries import China
from hypothesis import given
from hypothesis import strategies as st

from gridmap.domain.almanac import Almanac, almanac
from gridmap.domain.calendar import Calendar, Calendars, midnight
from gridmap.domain.hours import HOURS, HOURS_OF_ROLE, Hours, hours_as_json, parse_own_hours, parse_windows
from gridmap.domain.roles import ROLES
from gridmap.errors import InputError

SHANGHAI, BERLIN, NEW_YORK = (ZoneInfo(name) for name in ("Asia/Shanghai", "Europe/Berlin", "America/New_York"))
WHOLE = ((0, 1440),)


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def office(**own: object) -> Calendar:
    return Calendar(HOURS["office"], SHANGHAI, almanac("CN"), **own)  # type: ignore[arg-type]


def local(moment: datetime) -> str:
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


class Unannounced(China):
    """China's calendar as it was known before the holidays of 2026 were announced."""

    def __init__(self, **said: Any) -> None:
        super().__init__(**said)
        self._forget()

    def _populate(self, year: int) -> None:
        self._forget()
        super()._populate(year)

    def _forget(self) -> None:
        known = self.special_public_holidays.items()
        self.special_public_holidays = {year: days for year, days in known if year < 2026}


BEFORE = Almanac("CN", Unannounced)


# ---------------------------------------------------------------- the country's days


@pytest.mark.parametrize("day", ["2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10", "2026-01-04"])
def test_a_make_up_workday_is_worked_like_a_working_day(day: str) -> None:
    found = date.fromisoformat(day)
    assert found.weekday() >= 5
    assert office().windows(found) == HOURS["office"].week[0]


def test_who_comes_every_day_does_not_care_for_make_up_workdays() -> None:
    technicians = Calendars("Asia/Shanghai").of_role("technician")
    assert {technicians.windows(date(2026, 10, day)) for day in range(1, 11)} == {((480, 1200),)}


@pytest.mark.parametrize("day", range(1, 8))
def test_all_seven_days_of_the_golden_week_are_off_the_sunday_among_them_too(day: int) -> None:
    assert not office().is_working(date(2026, 10, day))


def test_the_golden_week_ends_and_the_weekend_after_it_is_half_worked() -> None:
    days = {day: office().windows(date(2026, 10, day)) for day in (8, 9, 10, 11)}
    week, weekend = HOURS["office"].week[0], HOURS["office"].week[6]
    assert days == {8: week, 9: week, 10: week, 11: weekend}


def test_a_weekend_that_is_next_to_no_holiday_is_a_weekend() -> None:
    assert office().windows(date(2026, 7, 18)) == HOURS["office"].week[5]


def test_the_library_knows_the_days_of_other_countries_and_none_are_none() -> None:
    assert not Calendar(HOURS["office"], BERLIN, almanac("DE")).is_working(date(2026, 12, 25))
    assert Calendar(HOURS["office"], BERLIN, almanac("none")).is_working(date(2026, 12, 25))
    with pytest.raises(InputError, match="calendar 'XX'"):
        almanac("XX")


def test_holidays_have_names_in_the_languages_of_the_country() -> None:
    names = {language: almanac("CN").names(2026, language) for language in ("zh-Hans", "zh-Hant", "en")}
    day = date(2026, 10, 1)
    assert [names[language][day] for language in names] == ["国庆节", "國慶日", "National Day"]


# ---------------------------------------------------------------- years that are not settled


def test_a_year_is_provisional_until_its_make_up_workdays_are_published() -> None:
    before = Calendars("Asia/Shanghai", BEFORE)
    assert [before.named("office").provisional(year) for year in (2025, 2026)] == [False, True]
    assert not office().provisional(2026)
    assert not before.of_role("guard").provisional(2026)
    assert not Calendars("Europe/Berlin", "DE").named("office").provisional(2050)


def test_before_the_announcement_only_the_festivals_are_known() -> None:
    before = Calendar(HOURS["office"], SHANGHAI, BEFORE)
    days = [date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 4)]
    assert [before.is_working(day) for day in days] == [False, True, True]
    assert [office().is_working(day) for day in days] == [False, False, True]
    assert before.windows(days[2]) != office().windows(days[2])


def test_what_is_computed_across_new_year_is_tentative_until_the_next_year_is_announced() -> None:
    before, after = Calendar(HOURS["office"], SHANGHAI, BEFORE), office()
    start, end = at("2025-12-29T10:00"), at("2026-01-06T10:00")
    assert before.tentative(start, end)
    assert not after.tentative(start, end)


def test_the_last_days_of_a_year_wait_for_the_next_years_announcement() -> None:
    before = Calendar(HOURS["office"], SHANGHAI, BEFORE)
    assert not before.tentative(at("2025-12-22T10:00"), at("2025-12-27T10:00"))
    assert before.tentative(at("2025-12-22T10:00"), at("2025-12-29T10:00"))


def test_a_year_that_the_site_has_entered_itself_is_settled() -> None:
    start, end = at("2025-12-29T10:00"), at("2026-01-06T10:00")
    confirmed = Calendar(HOURS["office"], SHANGHAI, BEFORE, {}, frozenset({2026}))
    assert not confirmed.tentative(start, end)
    assert not confirmed.provisional(2026)


# ---------------------------------------------------------------- a site's own days


def test_a_sites_own_day_comes_before_the_countrys() -> None:
    own = {(date(2026, 10, 1), ""): ((600, 720),), (date(2026, 5, 20), "office"): ()}
    calendar = office(own_days=own)
    assert calendar.windows(date(2026, 10, 1)) == ((600, 720),)
    assert not calendar.is_working(date(2026, 5, 20))


def test_a_day_for_one_name_of_hours_comes_before_one_for_all() -> None:
    day = date(2026, 5, 20)
    site = Calendars("Asia/Shanghai", "CN", {(day, ""): (), (day, "cleaning"): ((420, 480),)})
    assert site.named("cleaning").windows(day) == ((420, 480),)
    assert not site.named("office").is_working(day)


def test_a_day_off_for_all_does_not_send_the_guards_home() -> None:
    day = date(2026, 5, 20)
    site = Calendars("Asia/Shanghai", "CN", {(day, ""): ()})
    assert site.of_role("guard").windows(day) == WHOLE


# ---------------------------------------------------------------- moments


def test_lunch_is_not_working_time() -> None:
    assert local(office().add(at("2026-05-13T11:30"), timedelta(hours=1))) == "2026-05-13 13:30"
    assert not office().is_open(at("2026-05-13T12:30"))
    assert local(office().next_open(at("2026-05-13T12:30"))) == "2026-05-13 13:00"


def test_what_fills_a_window_is_over_when_the_window_is() -> None:
    assert local(office().add(at("2026-05-13T08:00"), timedelta(hours=4))) == "2026-05-13 12:00"


def test_working_time_goes_on_after_the_golden_week() -> None:
    assert local(office().add(at("2026-09-30T17:30"), timedelta(hours=2))) == "2026-10-08 09:30"


def test_a_make_up_saturday_takes_working_time() -> None:
    assert local(office().add(at("2026-10-09T17:00"), timedelta(hours=9))) == "2026-10-10 17:00"


def test_nights_are_worked_in_two_windows_a_day() -> None:
    night = Hours("night", (((0, 360), (1320, 1440)),) * 7, holidays_off=False, makeup_worked=False)
    calendar = Calendar(night, SHANGHAI, almanac("CN"))
    assert local(calendar.add(at("2026-05-13T23:00"), timedelta(hours=5))) == "2026-05-14 04:00"
    assert calendar.elapsed(at("2026-05-13T20:00"), at("2026-05-14T20:00")) == timedelta(hours=8)
    assert local(calendar.day_end(at("2026-05-13T03:00"), 0)) == "2026-05-14 00:00"


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-05-13T10:00", 0, "2026-05-13 18:00"),
        ("2026-05-13T10:00", 1, "2026-05-14 18:00"),
        ("2026-05-13T19:00", 0, "2026-05-14 18:00"),  # the day's windows are over
        ("2026-05-13T18:00", 0, "2026-05-14 18:00"),
        ("2026-05-13T19:00", 1, "2026-05-14 18:00"),
        ("2026-05-15T10:00", 1, "2026-05-16 16:00"),  # a Saturday of the office
        ("2026-10-01T10:00", 0, "2026-10-08 18:00"),
        ("2026-09-30T10:00", 1, "2026-10-08 18:00"),
        ("2026-10-09T10:00", 1, "2026-10-10 18:00"),  # a make-up Saturday
    ],
)
def test_a_working_day_ends_with_its_last_window(start: str, days: int, end: str) -> None:
    assert local(office().day_end(at(start), days)) == end


def test_day_ends_are_counted_after_the_first_moment_and_by_the_second() -> None:
    count = office().day_ends_between
    assert count(at("2026-05-13T10:00"), at("2026-05-13T17:59")) == 0
    assert count(at("2026-05-13T10:00"), at("2026-05-13T18:00")) == 1
    assert count(at("2026-05-13T18:00"), at("2026-05-14T18:00")) == 1
    assert count(at("2026-09-30T10:00"), at("2026-10-08T10:00")) == 1


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(InputError, match="no time zone"):
        office().add(datetime(2026, 5, 13, 10), timedelta(hours=1))  # noqa: DTZ001


def test_hours_that_are_never_worked_are_told_rather_than_searched_for_ever() -> None:
    calendar = Calendar(Hours("never", ((),) * 7), SHANGHAI, almanac("none"))
    with pytest.raises(InputError, match="nothing is worked"):
        calendar.next_open(at("2026-05-13T10:00"))


def test_a_day_is_as_long_as_it_is_when_the_clocks_change() -> None:
    always = Calendar(HOURS["always"], BERLIN, almanac("DE"))
    forward, back = at("2026-03-29T00:00", BERLIN), at("2026-10-25T00:00", BERLIN)
    assert always.elapsed(forward, midnight(date(2026, 3, 29), BERLIN)) == timedelta(hours=23)
    assert always.elapsed(back, midnight(date(2026, 10, 25), BERLIN)) == timedelta(hours=25)
    assert always.add(forward, timedelta(hours=3)).astimezone(BERLIN).hour == 4


def test_windows_in_the_hour_that_is_left_out_do_not_overlap() -> None:
    hours = Hours("early", (((120, 150), (150, 200)),) * 7, holidays_off=False, makeup_worked=False)
    calendar = Calendar(hours, NEW_YORK, almanac("none"))
    day = at("2026-03-08T00:00", NEW_YORK)
    worked = calendar.elapsed(day, midnight(date(2026, 3, 8), NEW_YORK))
    assert timedelta(0) < worked <= timedelta(minutes=80)


# ---------------------------------------------------------------- what always holds


@st.composite
def _windows(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    cuts = sorted(draw(st.sets(st.integers(0, 1440), min_size=0, max_size=6)))
    return tuple(zip(cuts[::2], cuts[1::2], strict=False))


@st.composite
def _calendars(draw: st.DrawFn) -> Calendar:
    week = (*(draw(_windows()) for _ in range(6)), ((540, 960),))
    hours = Hours("some", week, draw(st.booleans()), draw(st.booleans()))
    zone = draw(st.sampled_from([SHANGHAI, BERLIN, NEW_YORK]))
    own = draw(st.dictionaries(st.tuples(st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.just("")), _windows()))
    return Calendar(hours, zone, almanac(draw(st.sampled_from(["CN", "DE", "none"]))), own)


MOMENTS = st.datetimes(datetime(2025, 12, 1), datetime(2027, 2, 1), timezones=st.just(UTC))  # noqa: DTZ001
LENGTHS = st.timedeltas(timedelta(0), timedelta(hours=60))


@given(_calendars(), MOMENTS, LENGTHS)
def test_so_much_time_has_passed_when_it_is_over(calendar: Calendar, start: datetime, length: timedelta) -> None:
    end = calendar.add(start, length)
    assert end >= start
    assert calendar.elapsed(start, end) == length


@given(_calendars(), MOMENTS, LENGTHS, LENGTHS)
def test_one_after_the_other_is_both_together(
    calendar: Calendar, start: datetime, one: timedelta, other: timedelta
) -> None:
    assert calendar.add(calendar.add(start, one), other) == calendar.add(start, one + other)


@given(_calendars(), MOMENTS, MOMENTS, LENGTHS)
def test_what_begins_later_is_over_no_earlier(
    calendar: Calendar, one: datetime, other: datetime, length: timedelta
) -> None:
    first, second = sorted((one, other))
    assert calendar.add(first, length) <= calendar.add(second, length)
    assert calendar.day_end(first, 3) <= calendar.day_end(second, 3)


@given(_calendars(), st.lists(MOMENTS, min_size=3, max_size=3))
def test_time_adds_up_over_any_moment_between(calendar: Calendar, moments: list[datetime]) -> None:
    first, middle, last = sorted(moments)
    assert calendar.elapsed(first, middle) + calendar.elapsed(middle, last) == calendar.elapsed(first, last)
    ends = calendar.day_ends_between
    assert ends(first, middle) + ends(middle, last) == ends(first, last)


@given(_calendars(), MOMENTS, st.integers(0, 20))
def test_so_many_days_have_ended_when_the_last_of_them_has(calendar: Calendar, start: datetime, days: int) -> None:
    end = calendar.day_end(start, days)
    counted = calendar.day_ends_between(start, end)
    assert end > start
    # The day of the start counts if it is worked and not over; it is day none.
    assert counted in (days, days + 1)


@given(_calendars(), MOMENTS)
def test_somebody_is_at_work_when_work_begins_again(calendar: Calendar, start: datetime) -> None:
    begins = calendar.next_open(start)
    assert begins >= start
    assert calendar.is_open(begins)
    assert calendar.elapsed(start, begins) == timedelta(0)


# ---------------------------------------------------------------- hours as a site writes them


def test_every_role_keeps_some_hours() -> None:
    assert set(HOURS_OF_ROLE) == set(ROLES)
    assert set(HOURS_OF_ROLE.values()) <= set(HOURS)


@pytest.mark.parametrize("name", HOURS)
def test_hours_read_as_they_are_written(name: str) -> None:
    written = {"hours": {name: hours_as_json(HOURS[name])}}
    assert parse_own_hours(written).hours[name] == HOURS[name]


def test_a_site_gives_a_role_hours_of_its_own() -> None:
    own = parse_own_hours({"hours": {"late": {"week": {"mon-sun": ["14:00-22:00"]}}}, "roles": {"technician": "late"}})
    site = Calendars("Asia/Shanghai", "none", {}, own)
    assert site.of_role("technician").windows(date(2026, 5, 13)) == ((840, 1320),)
    assert site.of_role("front_desk").hours == HOURS["office"]
    assert site.of_role("technician") is site.named("late")


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ({"hour": {}}, "'hour' means nothing here"),
        ({"hours": []}, "hours: .* is not an object"),
        ({"roles": {"king": "office"}}, "no role is called 'king'"),
        ({"roles": {"guard": ["office"]}}, "no hours are called"),
        ({"hours": {"the late ones": {}}}, "call them by up to 40"),
        ({"roles": {"guard": "siesta"}}, "roles, guard: no hours are called 'siesta'"),
        ({"confirmed": ["2027"]}, "is not a list of years"),
        ({"hours": {"x": {"week": {}}}}, "hours 'x': nobody ever works"),
        ({"hours": {"x": {"week": {"mon": ["08:00-12:00"]}, "holidays_off": 1}}}, "holidays_off: 1 is neither"),
        ({"hours": {"x": {"week": {"someday": []}}}}, "'someday' are no days of the week"),
        ({"hours": {"x": {"week": {"fri-mon": []}}}}, "runs backwards"),
        ({"hours": {"x": {"week": {"mon": "08:00-12:00"}}}}, "windows are a list"),
        ({"hours": {"x": {"week": {"mon": ["8-12"]}}}}, "is no window"),
        ({"hours": {"x": {"week": {"mon": ["22:00-06:00"]}}}}, "past midnight is two windows"),
        ({"hours": {"x": {"week": {"mon": ["08:00-25:00"]}}}}, "is no window"),
        ({"hours": {"x": {"week": {"mon": ["08:00-12:00", "11:00-13:00"]}}}}, "begins before"),
        ({"hours": {"x": {"week": {"mon": [480]}}}}, "is no window"),
    ],
)
def test_hours_that_make_no_sense_are_refused_by_name(stored: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse_own_hours(stored)


def test_midnight_is_the_end_of_a_day() -> None:
    assert parse_windows("a day", ["22:00-24:00"]) == ((1320, 1440),)
