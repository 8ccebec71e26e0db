"""Alarms of sensors that go on: found, counted, ended."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session


def going(session: Session, site_id: int, sensor: str) -> dict[str, Any] | None:
    """The alarm of a sensor that has not recovered, held against others, with how its issue stands."""
    session.execute(
        text("select pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"alarm {site_id} {sensor}"}
    )
    row = session.execute(
        text("""
            select a.id, a.times, a.raised_at, a.last_at, i.code as issue, i.status from alarm a
            left join issue i on i.id = a.issue_id
            where a.site_id = :site_id and a.sensor = :sensor and a.recovered_at is null
        """),
        {"site_id": site_id, "sensor": sensor},
    ).mappings()
    found = row.one_or_none()
    return None if found is None else dict(found)


def begin(session: Session, site_id: int, sensor: str, facility: str | None, issue: str, at: datetime) -> None:
    """An alarm has begun, and is seen to as an issue."""
    session.execute(
        text("""
            insert into alarm (site_id, sensor, facility_id, issue_id, raised_at, last_at)
            values (:site_id, :sensor, (select id from facility where site_id = :site_id and code = :facility),
                    (select id from issue where code = :issue), :at, :at)
        """),
        {"site_id": site_id, "sensor": sensor, "facility": facility, "issue": issue, "at": at},
    )


def again(session: Session, alarm_id: int, at: datetime) -> None:
    """It goes on."""
    session.execute(
        text("update alarm set times = times + 1, last_at = greatest(last_at, :at) where id = :id"),
        {"id": alarm_id, "at": at},
    )


def end(session: Session, alarm_id: int, at: datetime) -> None:
    """It is over."""
    session.execute(text("update alarm set recovered_at = :at where id = :id"), {"id": alarm_id, "at": at})


def spot_of(session: Session, site_id: int, facility: str) -> tuple[float, float] | None:
    """A place on a facility."""
    row = session.execute(
        text("""
            select st_x(p), st_y(p) from (
                select st_pointonsurface(geom) as p from facility where site_id = :site_id and code = :code
            ) f
        """),
        {"site_id": site_id, "code": facility},
    ).one_or_none()
    return None if row is None else (row[0], row[1])
