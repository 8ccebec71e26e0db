"""How often something is due, and the windows of site time in which it is: the frequencies of the trade as data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from gridmap.errors import InputError
from gridmap.language import Phrase, phrase

# `before` is due once a year, by a day, and may be done some days before it; `once` is due by one date.
UNITS: Final = ("hours", "daily", "weekly", "half_monthly", "monthly", "quarterly", "before", "once")
MOST_LEAD_DAYS: Final = 366
CLOCK: Final = re.compile(r"([01]\d|2[0-4]):([0-5]\d)")
MIDNIGHT: Final = 24 * 60


@dataclass(frozen=True)
class Window:
    """A time in which a round is due; `key` names it among those of one plan."""

    key: str
    starts: datetime
    ends: datetime


@dataclass(frozen=True)
class Frequency:
    """How often: every `every` hours between two times of the day, each day, week, half month … or by a day."""

    unit: str
    every: int = 1
    begins: str = "00:00"
    ends: str = "24:00"
    weekdays: tuple[int, ...] = ()
    by: str | None = None
    lead_days: int = 30

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise InputError(f"a frequency is one of {', '.join(UNITS)}, not {self.unit!r}")
        if not 1 <= self.every <= 24:
            raise InputError(f"rounds can be due every 1 to 24 hours, not every {self.every}")
        if not 0 <= self.lead_days <= MOST_LEAD_DAYS:
            raise InputError(f"a round may begin 0 to {MOST_LEAD_DAYS} days before its date, not {self.lead_days}")
        if any(day not in range(1, 8) for day in self.weekdays):
            raise InputError("weekdays are numbers from 1 (Monday) to 7")
        if self._minute("begins") >= self._minute("ends"):
            raise InputError(f"a day's rounds begin before they end: {self.begins} to {self.ends} is none")
        if self.unit in ("before", "once"):
            self._date_of(2026)

    def _minute(self, name: str) -> int:
        said = CLOCK.fullmatch(getattr(self, name))
        minute = int(said[1]) * 60 + int(said[2]) if said else MIDNIGHT + 1
        if minute > MIDNIGHT:
            raise InputError(f"{name} {getattr(self, name)!r} is no time of the day: write it like 07:30")
        return minute

    def _date_of(self, year: int) -> date:
        """The day by which it is due in a year; 29 February is the 28th where there is none."""
        said = self.by or ""
        try:
            if self.unit == "once":
                return date.fromisoformat(said)
            return date.fromisoformat(f"{year}-{'02-28' if said == '02-29' and not _leap(year) else said}")
        except ValueError:
            wanted = "2026-04-30" if self.unit == "once" else "04-30"
            raise InputError(f"a round that is due {self.unit} names its day like by = {wanted!r}") from None

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Frequency:
        """A frequency as it is stored and given, or by the name of one that is ready."""
        unknown = set(said) - set(cls.__dataclass_fields__)
        if unknown or "unit" not in said:
            raise InputError(f"a frequency says unit, and may say {', '.join(list(cls.__dataclass_fields__)[1:])}")
        try:
            return cls(**{**said, "weekdays": tuple(said.get("weekdays") or ())})
        except TypeError:
            raise InputError("a frequency says its unit as a word and its numbers as numbers") from None

    def as_json(self) -> dict[str, Any]:
        """What of it is not as usual."""
        usual = Frequency("daily")
        said = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in said.items()
            if name == "unit" or value != getattr(usual, name)
        }

    def windows(self, timezone: str, since: datetime, until: datetime) -> Iterator[Window]:
        """The windows that begin in [since, until), by the site's own clock, in order."""
        zone = ZoneInfo(timezone)
        first, last = since.astimezone(zone).date(), until.astimezone(zone).date()
        for key, starts, ends in self._walls(first, last):
            window = Window(key, _moment(*starts, zone), _moment(*ends, zone))
            # An hour that a clock leaps over has no rounds.
            if window.starts < window.ends and since <= window.starts < until:
                yield window

    def _walls(self, first: date, last: date) -> Iterator[tuple[str, tuple[date, int], tuple[date, int]]]:
        """Keys, beginnings and ends as days and minutes on the wall, from about `first` to about `last`."""
        if self.unit in ("hours", "daily"):
            yield from self._in_days(first, last)
            return
        if self.unit in ("before", "once"):
            years = (self._date_of(2026).year,) if self.unit == "once" else range(first.year, last.year + 2)
            for year in years:
                day = self._date_of(year)
                yield f"{day}", (day - timedelta(days=self.lead_days), 0), (day, MIDNIGHT)
            return
        for key, begins, ends in _periods(self.unit, first, last):
            yield key, (begins, self._minute("begins")), (ends, self._minute("ends"))

    def _in_days(self, first: date, last: date) -> Iterator[tuple[str, tuple[date, int], tuple[date, int]]]:
        begins, ends = self._minute("begins"), self._minute("ends")
        step = self.every * 60 if self.unit == "hours" else MIDNIGHT
        for n in range((last - first).days + 1):
            day = first + timedelta(days=n)
            if self.weekdays and day.isoweekday() not in self.weekdays:
                continue
            for minute in range(begins, ends, step):
                key = f"{day}" if self.unit == "daily" else f"{day}T{minute // 60:02}:{minute % 60:02}"
                yield key, (day, minute), (day, min(minute + step, ends))


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _moment(day: date, minute: int, zone: ZoneInfo) -> datetime:
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    return wall.replace(tzinfo=zone).astimezone(UTC)


def _periods(unit: str, first: date, last: date) -> Iterator[tuple[str, date, date]]:
    """Weeks, half months, months or quarters that begin between two days: key, first day, last day."""
    day = first
    while day <= last:
        begins, following, key = _period_of(unit, day)
        if begins >= first:
            yield key, begins, following - timedelta(days=1)
        day = following


def _period_of(unit: str, day: date) -> tuple[date, date, str]:
    """The first day of the period a day lies in, the first of the next, and its key."""
    if unit == "weekly":
        monday = day - timedelta(days=day.weekday())
        year, week, _ = monday.isocalendar()
        return monday, monday + timedelta(days=7), f"{year}-W{week:02}"
    month = day.replace(day=1)
    if unit == "half_monthly":
        half = 1 if day.day < 16 else 2
        return day.replace(day=1 if half == 1 else 16), (
            day.replace(day=16) if half == 1 else _months_on(month, 1)
        ), f"{day:%Y-%m}-{half}"  # fmt: skip
    if unit == "monthly":
        return month, _months_on(month, 1), f"{day:%Y-%m}"
    quarter = (day.month - 1) // 3
    begins = date(day.year, 3 * quarter + 1, 1)
    return begins, _months_on(begins, 3), f"{day.year}-Q{quarter + 1}"


def _months_on(month: date, count: int) -> date:
    number = month.year * 12 + month.month - 1 + count
    return date(number // 12, number % 12 + 1, 1)


@dataclass(frozen=True)
class Duty:
    """Something of the trade that is due again and again: what, how often, whose, and by which subject's form."""

    text: Phrase
    frequency: Frequency
    role: str
    subject: int | None = None
    specialty: str | None = None


FREQUENCIES: Final[dict[str, Duty]] = {
    "common_parts_sample": Duty(phrase("common parts, sampled"), Frequency("daily"), "grid_owner", 5),
    "common_parts_all": Duty(phrase("common parts, all of them"), Frequency("weekly"), "grid_owner", 5),
    "decoration": Duty(phrase("each decoration site"), Frequency("daily"), "grid_owner", 4),
    "empty_flats": Duty(phrase("each empty flat"), Frequency("weekly"), "grid_owner"),
    "facilities": Duty(phrase("facilities in use"), Frequency("daily"), "technician", 6, "repair"),
    "machine_rooms": Duty(
        phrase("fire pumps, fan rooms, drainage"), Frequency("daily"), "technician", 6, "repair"
    ),
    "facilities_unused": Duty(phrase("facilities not yet in use"), Frequency("weekly"), "technician", 6, "repair"),
    "guard_rounds": Duty(phrase("the guards' route"), Frequency("hours", every=4), "guard"),
    "sanitation": Duty(phrase("sanitation facilities"), Frequency("daily"), "environment_officer", 14),
    "clubhouse": Duty(phrase("the clubhouse"), Frequency("daily"), "reception_lead", 3),
    "tenants": Duty(phrase("tenants, building by building"), Frequency("daily"), "guard"),
    "key_areas": Duty(phrase("key areas"), Frequency("daily"), "guard", 6),
    "pest_control": Duty(phrase("pest control at the waste station"), Frequency("weekly"), "environment_officer", 14),
    "septic_tanks": Duty(
        phrase("septic tanks"), Frequency("before", by="06-30", lead_days=60), "technician", 7, "repair"
    ),
    "flood_sweep": Duty(phrase("the sweep before the floods"), Frequency("before", by="04-30"), "supervisor", 7),
    "typhoon_sweep": Duty(phrase("the sweep before the typhoons"), Frequency("before", by="06-15"), "supervisor", 2),
    "year_end_test": Duty(
        phrase("the year-end test of cameras, intercom and fire systems"), Frequency("before", by="12-31"),
        "technician", 6, "security",
    ),
    "drills": Duty(phrase("drills"), Frequency("quarterly"), "coordinator"),
    "joint_check": Duty(
        phrase("the joint check inside buildings"), Frequency("half_monthly"), "environment_officer", 11
    ),
    "visits": Duty(phrase("visits to households in need"), Frequency("weekly"), "grid_owner"),
}  # fmt: skip
