"""What a site says of its time: its own days, its hours, its limits. Whatever runs is computed anew by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from gridmap.domain.calendar import Calendar
from gridmap.domain.hours import Windows, hours_as_json, parse_own_hours, parse_windows, spoken
from gridmap.domain.limits import LIMITS, limit_as_json, parse_limits
from gridmap.domain.model import Site
from gridmap.domain.rights import Viewer
from gridmap.errors import FieldError, InputError, NotFoundError
from gridmap.language import DEFAULT
from gridmap.operations.deadlines import recompute
from gridmap.operations.known import Known, Timing
from gridmap.operations.routing import Router
from gridmap.storage import calendars as stored
from gridmap.storage import issues as stored_issues
from gridmap.storage import places

FIRST: Final = 1970
LAST: Final = 2200


# ---------------------------------------------------------------- what is said


def set_day(
    session: Session,
    site: Site,
    day: date,
    windows: Sequence[str],
    at: datetime,
    *,
    hours: str = "",
    name: str | None = None,
    by: Viewer | None = None,
) -> list[str]:
    """Let a day be worked as said, or not at all: for all hours that ever close, or for those of a name.

    This and what else is said of time gives the codes of the issues whose deadlines it moves.
    """
    _refuse_other_times(day)
    places.lock_site(session, site.code, exclusive=True)
    known = timing(session, site).calendars.hours
    if hours and hours not in known:
        raise FieldError("hours", f"no hours are called {hours!r}; there are {', '.join(known)}")
    stored.write_day(session, site.id, day, hours, parse_windows(f"{day}", windows), name)
    return recompute(session, site, at, "calendar", by=by)


def remove_day(
    session: Session, site: Site, day: date, at: datetime, *, hours: str = "", by: Viewer | None = None
) -> list[str]:
    """Let a day be again what it would be by itself."""
    places.lock_site(session, site.code, exclusive=True)
    if not stored.remove_day(session, site.id, day, hours):
        raise NotFoundError(f"{site.code} has no day of its own on {day}" + (f" for {hours}" if hours else ""))
    return recompute(session, site, at, "calendar", by=by)


def set_hours(
    session: Session, site: Site, said: Mapping[str, Any] | None, at: datetime, *, by: Viewer | None = None
) -> list[str]:
    """Let a site keep hours of its own; without any, those of the trade."""
    parse_own_hours(said)
    places.lock_site(session, site.code, exclusive=True)
    site.hours = None if said is None else dict(said)
    session.flush()
    return recompute(session, site, at, "hours", by=by)


def set_limits(
    session: Session, site: Site, said: Sequence[Mapping[str, Any]] | None, at: datetime, *, by: Viewer | None = None
) -> list[str]:
    """Let a site have limits of its own before those of the trade; without any, those alone."""
    parse_limits(said, stored_issues.categories(session, site.id))
    places.lock_site(session, site.code, exclusive=True)
    site.limits = None if said is None else [dict(row) for row in said]
    session.flush()
    return recompute(session, site, at, "limits", by=by)


def _refuse_other_times(day: date) -> None:
    if not FIRST <= day.year <= LAST:
        raise FieldError("day", f"{day} is out of the years {FIRST} to {LAST}")


# ---------------------------------------------------------------- what is in force


def timing(session: Session, site: Site) -> Timing:
    """How a site counts time, as it says now."""
    return Router(session, Known(kept=True)).timing(site.code)


def year_of(session: Session, site: Site, year: int, hours: str = "office", language: str = DEFAULT) -> dict[str, Any]:
    """A year of some hours: the week as it is, and the days that are not like their weekday, with the reason.

    `provisional`: its make-up workdays are not published yet, so that days may still change.
    """
    if not FIRST <= year <= LAST:
        raise FieldError("year", f"{year} is out of the years {FIRST} to {LAST}")
    calendars = timing(session, site).calendars
    try:
        calendar = calendars.named(hours)
    except InputError as error:
        raise FieldError("hours", str(error)) from None
    names = calendars.almanac.names(year, language)
    own = {(row.day, row.hours): row.name for row in stored.listed_days(session, site.id, year)}
    first = date(year, 1, 1)
    days = [first + timedelta(days=number) for number in range((date(year + 1, 1, 1) - first).days)]
    return {
        "year": year,
        "country": calendars.almanac.country,
        "hours": hours,
        "provisional": calendar.provisional(year),
        **hours_as_json(calendar.hours),
        "working_days": sum(calendar.is_working(day) for day in days),
        "days": [_day(calendar, day, names, own) for day in days if _is_other(calendar, day)],
    }


def _is_other(calendar: Calendar, day: date) -> bool:
    return calendar.windows(day) != calendar.hours.week[day.weekday()] or calendar.own_windows(day) is not None


def _day(
    calendar: Calendar, day: date, names: Mapping[date, str], own: Mapping[tuple[date, str], str | None]
) -> dict[str, Any]:
    if calendar.own_windows(day) is not None:
        because, name = "own", own.get((day, calendar.hours.name), own.get((day, "")))
    elif calendar.hours.makeup_worked and calendar.almanac.is_worked(day):
        because, name = "makeup", None
    else:
        because, name = "holiday", names.get(day)
    return {"day": day.isoformat(), "windows": said_windows(calendar.windows(day)), "because": because, "name": name}


def said_windows(windows: Windows) -> list[str]:
    """Windows as people write them."""
    return [spoken(window) for window in windows]


def year_now(site: Site, at: datetime) -> int:
    """The year it is at a site."""
    return at.astimezone(ZoneInfo(site.timezone)).year


def hours_in_force(session: Session, site: Site) -> dict[str, Any]:
    """The hours there are, and who keeps which."""
    calendars = timing(session, site).calendars
    return {
        "hours": {name: hours_as_json(hours) for name, hours in calendars.hours.items()},
        "roles": calendars.roles,
        "confirmed": sorted(calendars.confirmed),
    }


def limits_in_force(site: Site) -> list[dict[str, Any]]:
    """The limits in the order in which they are looked at: for each stamp the first that holds decides."""
    own = parse_limits(site.limits)
    return [{**limit_as_json(limit), "own": number < len(own)} for number, limit in enumerate((*own, *LIMITS))]
