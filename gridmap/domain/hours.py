"""When who is at work: hours as data, and how a site writes its own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from gridmap.domain.roles import ROLES
from gridmap.errors import InputError

# Minutes of a day from which to which is worked; 1440 is midnight at its end.
Window = tuple[int, int]
Windows = tuple[Window, ...]
WHOLE_DAY: Final[Windows] = ((0, 1440),)
_NAME: Final = re.compile(r"[a-z0-9_]{1,40}")
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Hours:
    """When somebody works: windows for each day of the week, and whether public holidays change that."""

    name: str
    week: tuple[Windows, ...]
    holidays_off: bool = True
    makeup_worked: bool = True

    @property
    def round_the_clock(self) -> bool:
        return self.week == (WHOLE_DAY,) * 7

    @property
    def by_holidays(self) -> bool:
        """Whether the country's calendar matters at all."""
        return self.holidays_off or (self.makeup_worked and self.week[5:] != (self.week[0],) * 2)


def _span(text: str) -> Window:
    begin, _, end = text.partition("-")
    return int(begin) * 60, int(end) * 60


def _week(working: str, weekend: str) -> tuple[Windows, ...]:
    spans = [tuple(_span(part) for part in text.split()) for text in (working, weekend)]
    return (spans[0],) * 5 + (spans[1],) * 2


# The office keeps holidays. Who repairs, cleans and guards comes on holidays too: the estate is lived in.
HOURS: Final[dict[str, Hours]] = {
    hours.name: hours
    for hours in (
        Hours("office", _week("8-12 13-18", "9-16")),
        Hours("technicians", _week("8-20", "8-20"), holidays_off=False, makeup_worked=False),
        Hours("cleaning", _week("7-11 13-18", "7-11 13-18"), holidays_off=False, makeup_worked=False),
        Hours("site", _week("7-21", "7-21"), holidays_off=False, makeup_worked=False),
        Hours("always", (WHOLE_DAY,) * 7, holidays_off=False, makeup_worked=False),
    )
}

# role: the name of the hours it keeps; an environment officer sees to litter as long as the ground is used
HOURS_OF_ROLE: Final[dict[str, str]] = {
    "grid_owner": "office",
    "supervisor": "office",
    "coordinator": "office",
    "front_desk": "office",
    "dispatcher": "always",
    "environment_officer": "site",
    "guard": "always",
    "control_room": "always",
    "technician": "technicians",
    "head_of_engineering": "office",
    "audit": "office",
    "emergency_team": "always",
    "reception_lead": "office",
    "contractor": "cleaning",
    "developer": "office",
    "department_head": "office",
    "project_head": "office",
    "owners_committee": "office",
    "outside_body": "office",
}


@dataclass(frozen=True)
class OwnHours:
    """What a site says of hours: its own ones, who keeps which, and years whose make-up workdays it has entered."""

    hours: Mapping[str, Hours] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    confirmed: frozenset[int] = frozenset()


def parse_own_hours(stored: Mapping[str, Any] | None) -> OwnHours:
    """A site's own hours; every word in them must be known."""
    given = _known_keys("hours", stored or {}, ("hours", "roles", "confirmed"))
    hours = {name: _parse_hours(name, row) for name, row in _mapping("hours", given.get("hours", {})).items()}
    roles = _mapping("roles", given.get("roles", {}))
    for role, name in roles.items():
        if role not in ROLES:
            raise InputError(f"roles: no role is called {shown(role)}; there are {', '.join(ROLES)}")
        if name not in (*hours, *HOURS):
            raise InputError(
                f"roles, {role}: no hours are called {shown(name)}; there are {', '.join({**HOURS, **hours})}"
            )
    years = given.get("confirmed", [])
    if not isinstance(years, list) or not all(type(year) is int and 1970 <= year <= 2200 for year in years):
        raise InputError(f"confirmed: {shown(years)} is not a list of years")
    return OwnHours(hours, dict(roles), frozenset(years))


def _parse_hours(name: str, row: Any) -> Hours:
    place = f"hours {shown(name)}"
    if not _NAME.fullmatch(name):
        raise InputError(f"{place}: call them by up to 40 small letters, digits and _")
    given = _known_keys(place, _mapping(place, row), ("week", "holidays_off", "makeup_worked"))
    for word in ("holidays_off", "makeup_worked"):
        if not isinstance(given.get(word, True), bool):
            raise InputError(f"{place}, {word}: {shown(given[word])} is neither true nor false")
    week: list[Windows] = [()] * 7
    for days, windows in _mapping(f"{place}, week", given.get("week")).items():
        for weekday in _weekdays(place, days):
            week[weekday] = parse_windows(f"{place}, {days}", windows)
    if not any(week):
        raise InputError(f"{place}: nobody ever works: give windows such as {{'mon-fri': ['08:00-12:00']}}")
    return Hours(name, tuple(week), given.get("holidays_off", True), given.get("makeup_worked", True))


def _weekdays(place: str, days: str) -> range:
    first, _, last = days.partition("-")
    if first not in WEEKDAYS or (last or first) not in WEEKDAYS:
        raise InputError(
            f"{place}: {shown(days)} are no days of the week: write mon, or mon-fri ({', '.join(WEEKDAYS)})"
        )
    found = range(WEEKDAYS.index(first), WEEKDAYS.index(last or first) + 1)
    if not found:
        raise InputError(f"{place}: {shown(days)} runs backwards")
    return found


def parse_windows(place: str, given: Any) -> Windows:
    """Windows of a day, written `08:00-12:00`; they come in order and do not overlap."""
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise InputError(f"{place}: windows are a list such as ['08:00-12:00', '13:00-18:00'], not {shown(given)}")
    found = tuple(_parse_window(place, window) for window in given)
    for before, after in pairwise(found):
        if after[0] < before[1]:
            raise InputError(f"{place}: {spoken(after)} begins before {spoken(before)} has ended")
    return found


def _parse_window(place: str, window: Any) -> Window:
    begin, _, end = str(window).partition("-")
    minutes = _minute(begin), _minute(end)
    if not isinstance(window, str) or None in minutes:
        raise InputError(f"{place}: {shown(window)} is no window: write 08:00-12:00 (24:00 is midnight)")
    opens, closes = minutes
    if opens is None or closes is None or opens >= closes:
        raise InputError(f"{place}: {window} ends before it begins; what goes past midnight is two windows")
    return opens, closes


def _minute(text: str) -> int | None:
    hour, _, minute = text.strip().partition(":")
    if not (hour.isascii() and hour.isdigit() and minute.isascii() and minute.isdigit() and len(minute) == 2):
        return None
    found = int(hour) * 60 + int(minute)
    return found if int(minute) < 60 and found <= 1440 else None


def spoken(window: Window) -> str:
    """A window as people write it."""
    return "-".join(f"{minute // 60:02d}:{minute % 60:02d}" for minute in window)


def hours_as_json(hours: Hours) -> dict[str, Any]:
    """Hours as a site writes them; days alike in a row stand together."""
    week: dict[str, list[str]] = {}
    first = 0
    for after in range(1, 8):
        if after == 7 or hours.week[after] != hours.week[first]:
            days = WEEKDAYS[first] if after == first + 1 else f"{WEEKDAYS[first]}-{WEEKDAYS[after - 1]}"
            if hours.week[first]:
                week[days] = [spoken(window) for window in hours.week[first]]
            first = after
    return {"week": week, "holidays_off": hours.holidays_off, "makeup_worked": hours.makeup_worked}


def shown(value: Any) -> str:
    """A value that was given, as far as it helps to see it."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _mapping(place: str, given: Any) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise InputError(f"{place}: {shown(given)} is not an object of names and values")
    return given


def _known_keys(place: str, given: Mapping[str, Any], known: Sequence[str]) -> Mapping[str, Any]:
    if unknown := [word for word in given if word not in known]:
        raise InputError(f"{place}: {', '.join(map(shown, unknown))} means nothing here; there are {', '.join(known)}")
    return given
