"""When people are on duty, as they say it themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session


def running(session: Session, person_id: int, at: datetime) -> Row[Any] | None:
    """The shift of somebody that runs at a moment."""
    return session.execute(
        text("select starts, ends from shift where person_id = :person and starts <= :at and :at < ends"),
        {"person": person_id, "at": at},
    ).one_or_none()


def begin(session: Session, person_id: int, at: datetime, until: datetime) -> None:
    """Begin a shift of somebody: one that was to begin before it ends is shortened to it."""
    session.execute(
        text("""
            insert into shift (person_id, starts, ends)
            select :person, :at,
                   least(:until, (select min(starts) from shift where person_id = :person and starts > :at))
            where not exists (select 1 from shift where person_id = :person and starts <= :at and :at < ends)
        """),
        {"person": person_id, "at": at, "until": until},
    )


def end(session: Session, person_id: int, at: datetime) -> None:
    """End the shift of somebody that runs; one that has only just begun never was."""
    values = {"person": person_id, "at": at}
    session.execute(text("delete from shift where person_id = :person and starts = :at"), values)
    session.execute(
        text("update shift set ends = :at where person_id = :person and starts < :at and :at < ends"), values
    )
