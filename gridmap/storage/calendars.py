"""What a site says of time: its zone, its hours, its own days and limits, and the weather that stretches them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import RowMapping
from sqlalchemy.orm import Session

from gridmap.domain.calendar import OwnDays
from gridmap.domain.deadlines import Stretch
from gridmap.domain.hours import Windows
from gridmap.domain.model import CalendarDay, WeatherWarning


def said_of_time(session: Session, code: str) -> RowMapping:
    """A site's zone, the country whose holidays it keeps, and its own hours and limits as it writes them."""
    query = text("select id, timezone, calendar, hours, limits from site where code = :code")
    return session.execute(query, {"code": code}).mappings().one()


def own_days(session: Session, site_id: int) -> OwnDays:
    """The days on which a site works otherwise than its weekdays say."""
    rows = session.execute(
        text("select day, hours, windows from calendar_day where site_id = :site_id"), {"site_id": site_id}
    )
    return {(day, hours): tuple((begin, end) for begin, end in windows) for day, hours, windows in rows}


def stretches(session: Session, site_id: int) -> list[Stretch]:
    """The weather warnings of a site, past ones too: what began in one is still counted from its end.

    As text, for every report asks it.
    """
    rows = session.execute(
        text("select kind, starts, ends, factor, grids, stamps from warning where site_id = :id order by starts, id"),
        {"id": site_id},
    )
    return [
        Stretch(kind, starts, ends, factor, *(None if each is None else tuple(each) for each in (grids, stamps)))
        for kind, starts, ends, factor, grids, stamps in rows
    ]


# ---------------------------------------------------------------- a site's own days


def listed_days(session: Session, site_id: int, year: int | None = None) -> list[CalendarDay]:
    """The days of a site's own, all or those of a year, in their order."""
    asked = select(CalendarDay).where(CalendarDay.site_id == site_id)
    if year is not None:
        asked = asked.where(CalendarDay.day.between(date(year, 1, 1), date(year, 12, 31)))
    return list(session.scalars(asked.order_by(CalendarDay.day, CalendarDay.hours)))


def write_day(session: Session, site_id: int, day: date, hours: str, windows: Windows, name: str | None) -> None:
    """Say what is worked on a day, instead of what was said before."""
    row = {"site_id": site_id, "day": day, "hours": hours, "windows": [list(each) for each in windows], "name": name}
    written = insert(CalendarDay).values(row)
    session.execute(
        written.on_conflict_do_update(
            index_elements=["site_id", "day", "hours"],
            set_={"windows": written.excluded.windows, "name": written.excluded.name},
        )
    )
    session.expire_all()


def remove_day(session: Session, site_id: int, day: date, hours: str) -> bool:
    """Let a day be like any other again; whether it was not."""
    gone = session.execute(
        delete(CalendarDay)
        .where(CalendarDay.site_id == site_id, CalendarDay.day == day, CalendarDay.hours == hours)
        .returning(CalendarDay.day)
    )
    return gone.first() is not None


# ---------------------------------------------------------------- weather warnings


def warnings(session: Session, site_id: int, since: datetime | None = None) -> list[WeatherWarning]:
    """The weather warnings of a site, or those that lasted beyond a moment, in their order."""
    asked = select(WeatherWarning).where(WeatherWarning.site_id == site_id)
    if since is not None:
        asked = asked.where(WeatherWarning.ends.is_(None) | (WeatherWarning.ends > since))
    return list(session.scalars(asked.order_by(WeatherWarning.starts, WeatherWarning.id)))


def warning(session: Session, site_id: int, number: int, *, to_change: bool = False) -> WeatherWarning | None:
    """One warning of a site; nobody else changes it until we are done, if we are going to."""
    asked = select(WeatherWarning).where(WeatherWarning.site_id == site_id, WeatherWarning.id == number)
    return session.scalar(asked.with_for_update() if to_change else asked)


def grids_in_force(session: Session, edition_id: int, within: Sequence[str] | None = None) -> set[str]:
    """The codes of an Edition's grids, or of some of them with all below."""
    rows = session.execute(
        text("""
            with recursive area as (
                select g.id, g.code from grid g where g.edition_id = :edition
                  and (cast(:within as text[]) is null or g.code = any(cast(:within as text[])))
                union
                select g.id, g.code from grid g join area a on g.parent_id = a.id
            )
            select code from area
        """),
        {"edition": edition_id, "within": None if within is None else list(within)},
    )
    return set(rows.scalars())
