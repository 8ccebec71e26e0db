"""Working time: who works when, on which days, and what that makes of a duration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from gridmap.domain.almanac import DAY, LAST_DAYS, Almanac, almanac
from gridmap.domain.hours import HOURS, HOURS_OF_ROLE, Hours, OwnHours, Windows
from gridmap.errors import InputError

# Where somebody never comes to work is looked no farther.
FARTHEST: Final = 3660
ZERO: Final = timedelta(0)

# Days of a site's own: (day, name of hours, or "" for all that ever close): what is worked on it.
OwnDays = Mapping[tuple[date, str], Windows]


class Calendar:
    """The working time of some hours at a place: moments in, moments in UTC out.

    Arithmetic is on moments, never on clock faces, so that a day on which the clocks change is as long as it is.
    """

    def __init__(
        self,
        hours: Hours,
        zone: ZoneInfo,
        country: Almanac,
        own_days: OwnDays | None = None,
        confirmed: frozenset[int] = frozenset(),
    ) -> None:
        self.hours = hours
        self.zone = zone
        self.almanac = country
        self.confirmed = confirmed
        self._own = own_days or {}
        # Days once worked out are kept: a deadline is then a few look-ups.
        self._days: dict[date, tuple[tuple[datetime, datetime], ...]] = {}

    def windows(self, day: date) -> Windows:
        """What is worked on a day, in minutes of it."""
        own = self.own_windows(day)
        if own is not None:
            return own
        # A make-up workday stands in for some working day: it is worked like the first of the week.
        if self.hours.makeup_worked and self.almanac.is_worked(day):
            return self.hours.week[0]
        if self.hours.holidays_off and self.almanac.is_off(day):
            return ()
        return self.hours.week[day.weekday()]

    def own_windows(self, day: date) -> Windows | None:
        """What the site itself says of a day; a day off for all does not send the guards home."""
        named = self._own.get((day, self.hours.name))
        if named is not None or self.hours.round_the_clock:
            return named
        return self._own.get((day, ""))

    def is_working(self, day: date) -> bool:
        return bool(self._moments(day))

    def is_open(self, at: datetime) -> bool:
        moment = utc(at)
        return any(opens <= moment < closes for opens, closes in self._moments(self.day_of(moment)))

    def next_open(self, at: datetime) -> datetime:
        """The moment itself if somebody is at work, else when work begins again."""
        moment = utc(at)
        for opens, closes in self._from(moment):
            if closes > moment:
                return max(opens, moment)
        raise self._never(at)

    def add(self, start: datetime, length: timedelta) -> datetime:
        """The first moment by which so much working time has passed."""
        moment, left = utc(start), length
        if left <= ZERO:
            return moment
        for opens, closes in self._from(moment):
            if closes <= moment:
                continue
            begin = max(opens, moment)
            if left <= closes - begin:
                return begin + left
            left -= closes - begin
        raise self._never(start)

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        """How much working time lies between two moments; none if the second is the earlier."""
        moment, until, found = utc(start), utc(end), ZERO
        if until <= moment:
            return found
        day, last = self.day_of(moment), self.day_of(until)
        while day <= last:
            for opens, closes in self._moments(day):
                if closes > moment and opens < until:
                    found += min(closes, until) - max(opens, moment)
            day += DAY
        return found

    def day_end(self, start: datetime, days: int) -> datetime:
        """When the n-th working day after the start ends.

        For none the working day of the start itself, or the next one if that has ended or is none.
        """
        moment = utc(start)
        day = self.day_of(moment)
        if days > 0:
            return self.closing(self.working_day_after(day, days))
        today = self._moments(day)
        if today and moment < today[-1][1]:
            return today[-1][1]
        return self.closing(self.working_day_after(day, 1))

    def working_day_after(self, day: date, days: int) -> date:
        """The n-th working day after a day."""
        for later in range(1, FARTHEST):
            found = day + timedelta(days=later)
            days -= self.is_working(found)
            if days <= 0:
                return found
        raise self._never(day)

    def closing(self, day: date) -> datetime:
        """When a working day ends."""
        return self._moments(day)[-1][1]

    def day_ends_between(self, start: datetime, end: datetime) -> int:
        """How many working days end after the first moment and by the second."""
        moment, until, found = utc(start), utc(end), 0
        # A day that is worked to midnight ends when the next one begins.
        day, last = self.day_of(moment) - DAY, self.day_of(until)
        while day <= last:
            today = self._moments(day)
            found += bool(today) and moment < today[-1][1] <= until
            day += DAY
        return found

    def provisional(self, year: int) -> bool:
        """Whether a year's make-up workdays are not published yet, and matter for these hours."""
        return self.hours.by_holidays and not self._published(year)

    def tentative(self, start: datetime, end: datetime) -> bool:
        """Whether a day between two moments may still turn out to be worked, or not."""
        if not self.hours.by_holidays:
            return False
        day, last = self.day_of(utc(start)), self.day_of(utc(end))
        if all(self._published(year) for year in range(day.year, last.year + 2)):
            return False
        while day <= last:
            if not self._settled(day):
                return True
            day += DAY
        return False

    def _settled(self, day: date) -> bool:
        if self.own_windows(day) is not None:
            return True
        return self._published(day.year) and ((day.month, day.day) < LAST_DAYS or self._published(day.year + 1))

    def _published(self, year: int) -> bool:
        return year in self.confirmed or self.almanac.published(year)

    def day_of(self, moment: datetime) -> date:
        """The day it is at a moment by the clocks of the place."""
        return moment.astimezone(self.zone).date()

    def _from(self, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
        day = self.day_of(moment)
        for _ in range(FARTHEST):
            yield from self._moments(day)
            day += DAY

    def _moments(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        found = self._days.get(day)
        if found is None:
            found = self._days[day] = tuple(self._open(day))
        return found

    def _open(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        last = utc(datetime.min.replace(tzinfo=UTC))
        for begin, end in self.windows(day):
            # Where the clocks go forward a window may begin when the one before has ended, or be gone.
            opens, closes = max(self._at(day, begin), last), self._at(day, end)
            if opens < closes:
                yield opens, closes
                last = closes

    def _at(self, day: date, minute: int) -> datetime:
        on = day + timedelta(days=minute // 1440)
        return datetime.combine(on, time(minute % 1440 // 60, minute % 60), self.zone).astimezone(UTC)

    def _never(self, start: object) -> InputError:
        return InputError(f"hours {self.hours.name!r}: nothing is worked in the ten years after {start}")


class Calendars:
    """The calendars of one site, each made once."""

    def __init__(
        self,
        timezone: str,
        country: str | Almanac = "CN",
        own_days: OwnDays | None = None,
        own_hours: OwnHours | None = None,
    ) -> None:
        self.zone = ZoneInfo(timezone)
        self.almanac = almanac(country) if isinstance(country, str) else country
        self.own_days = own_days or {}
        own = own_hours or OwnHours()
        self.confirmed = own.confirmed
        self.hours = {**HOURS, **own.hours}
        self.roles = {**HOURS_OF_ROLE, **own.roles}
        self._kept: dict[str, Calendar] = {}

    def of_role(self, role: str) -> Calendar:
        """The calendar of those who hold a role."""
        return self.named(self.roles[role])

    def named(self, name: str) -> Calendar:
        """The calendar of hours by their name."""
        found = self._kept.get(name)
        if found is None:
            if name not in self.hours:
                raise InputError(f"no hours are called {name!r}; there are {', '.join(self.hours)}")
            found = Calendar(self.hours[name], self.zone, self.almanac, self.own_days, self.confirmed)
            self._kept[name] = found
        return found


def utc(at: datetime) -> datetime:
    """A moment without the clock it was read from; one that names no zone is nowhere."""
    if at.tzinfo is None:
        raise InputError(f"{at.isoformat()} has no time zone: say which clock it was read from")
    return at.astimezone(UTC)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a day ends by the clocks of a place."""
    return datetime.combine(day + DAY, time(), zone).astimezone(UTC)
