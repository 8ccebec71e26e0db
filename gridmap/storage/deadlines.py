"""What deadlines are made of, and the deadlines: a site's own days, weather warnings, the limits of issues that run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from gridmap.domain.hours import Windows
from gridmap.domain.model import CalendarDay, WeatherWarning
from gridmap.storage.prepared import run_prepared

Rows = Sequence[Mapping[str, Any]]
RENEWAL = {"issues": "json", "deadlines": "json", "at": "timestamptz", "account_id": "bigint", "role": "text"}


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


# ---------------------------------------------------------------- limits that run


def hold_running(
    session: Session, site_id: int, ids: Iterable[int] | None = None, *, provisional: bool = False
) -> list[str]:
    """The codes of the open issues of a site, or of some of them, that nobody else moves until we are done.

    `provisional`: of those alone with a deadline that rests on a year that is not settled yet.
    """
    held = session.execute(
        text("""
            select i.code from issue i
            where i.site_id = :site_id and i.status not in ('closed', 'void', 'merged')
              and (cast(:ids as bigint[]) is null or i.id = any(cast(:ids as bigint[])))
              and (not :provisional
                   or exists (select 1 from deadline d where d.issue_id = i.id and d.provisional))
            order by i.id for update of i
        """),
        {"site_id": site_id, "ids": None if ids is None else sorted(set(ids)), "provisional": provisional},
    )
    return list(held.scalars())


def deadlines_of(session: Session, codes: Sequence[str]) -> dict[int, dict[str, dict[str, Any]]]:
    """The deadlines of issues as they were last set, by the number of the issue and the stamp."""
    rows = session.execute(
        text("""
            select d.issue_id, d.stamp, d.due_at, d.provisional, d.rule
            from deadline d join issue i on i.id = d.issue_id where i.code = any(cast(:codes as text[]))
        """),
        {"codes": list(codes)},
    )
    found: dict[int, dict[str, dict[str, Any]]] = {}
    for row in rows.mappings():
        found.setdefault(row["issue_id"], {})[row["stamp"]] = dict(row)
    return found


def sites_in_suspense(session: Session) -> list[str]:
    """The sites where a deadline of an open issue rests on a year that is not settled yet."""
    rows = session.execute(
        text("""
            select s.code from site s where exists (
                select 1 from deadline d join issue i on i.id = d.issue_id
                where d.provisional and i.site_id = s.id and i.status not in ('closed', 'void', 'merged')
            )
            order by s.code
        """)
    )
    return list(rows.scalars())


def renew_deadlines(
    session: Session, issues: Rows, deadlines: Rows, at: datetime, account_id: int | None, role: str | None
) -> list[str]:
    """Store deadlines that came out anew, as the columns of `renew.sql`: the codes of the issues they move."""
    values = {
        "issues": json.dumps(issues),
        "deadlines": json.dumps(deadlines),
        "at": at,
        "account_id": account_id,
        "role": role,
    }
    return [row["code"] for row in run_prepared(session, "renew", RENEWAL, values)]
