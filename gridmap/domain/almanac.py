"""Which days a country takes off, which weekend days it works for them, and for which years that is settled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any, Final

import holidays

from gridmap.errors import InputError

DAY: Final = timedelta(days=1)
# Countries whose government says each autumn how the next year's holidays are bridged and which weekend days are
# worked for it (調休): until then only the festivals themselves are known.
ANNOUNCED: Final = ("CN",)
# The bridge of New Year's Day may begin with these days of December, so they wait for the next year's announcement.
LAST_DAYS: Final = (12, 28)
# A site without public holidays.
NOWHERE: Final = "none"
# language of ours: languages of the library, the first that it speaks for a country
SPOKEN: Final = {"zh-Hans": ("zh_CN", "zh_TW"), "zh-Hant": ("zh_TW", "zh_HK", "zh_CN"), "en": ("en_US", "en_GB")}


@dataclass(frozen=True)
class Year:
    """A year's days off, and the weekend days that are worked."""

    off: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()


class Almanac:
    """The public holidays of one country, a year at a time."""

    def __init__(self, country: str, book: type[holidays.HolidayBase] | None) -> None:
        self.country = country
        self._book = book
        self._announced = frozenset(_special(book)) if book and country in ANNOUNCED else None
        # Filled in one assignment a year, so that threads may share it.
        self._years: dict[int, Year] = {}
        self._names: dict[tuple[int, str], dict[date, str]] = {}

    def is_off(self, day: date) -> bool:
        return day in self._year(day.year).off

    def is_worked(self, day: date) -> bool:
        """Whether a day is a make-up workday."""
        return day in self._year(day.year).worked

    def published(self, year: int) -> bool:
        """Whether a year's make-up workdays are known; years before the first announcement are past changing."""
        return self._announced is None or year in self._announced or year < min(self._announced)

    def names(self, year: int, language: str) -> dict[date, str]:
        """The holidays of a year as a country calls them, in the nearest language its calendar is kept in."""
        if self._book is None:
            return {}
        found = self._names.get((year, language))
        if found is None:
            spoken = next((word for word in SPOKEN.get(language, ()) if word in self._book.supported_languages), None)
            found = dict(self._book(years=[year], expand=False, language=spoken).items())
            self._names[year, language] = found
        return found

    def _year(self, year: int) -> Year:
        found = self._years.get(year)
        if found is None:
            found = self._years[year] = self._read(year)
        return found

    def _read(self, year: int) -> Year:
        if self._book is None:
            return Year()
        # One object a year: an object that grows by itself answers wrongly while another thread fills it.
        book = self._book(years=[year], expand=False)
        off, worked = frozenset(book), frozenset(day for day in book.weekend_workdays if day.year == year)
        return Year(_whole(off, worked) if self._announced is not None else off, worked)


def _whole(off: frozenset[date], worked: frozenset[date]) -> frozenset[date]:
    """Days off with the weekend days next to them: the library lists no Sunday that is off anyway.

    For who works at weekends the Sunday in the middle of the Golden Week is a holiday like the days around it.
    """
    found = set(off)
    for day in off:
        for step in (DAY, -DAY):
            beside = day + step
            while beside.weekday() >= 5 and beside not in worked and beside.year == day.year:
                found.add(beside)
                beside += step
    return frozenset(found)


def _special(book: type[holidays.HolidayBase]) -> dict[int, Any]:
    found: dict[int, Any] = getattr(book(), "special_public_holidays", {})
    return found


@cache
def almanac(country: str) -> Almanac:
    """The almanac of a country by its ISO code; `none` is a place without public holidays."""
    if country == NOWHERE:
        return Almanac(country, None)
    try:
        return Almanac(country, type(holidays.country_holidays(country)))
    except NotImplementedError as error:
        raise InputError(
            f"calendar {country!r}: no public holidays are known; give an ISO code such as CN, or {NOWHERE}"
        ) from error
