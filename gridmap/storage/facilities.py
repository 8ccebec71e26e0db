"""The states facilities were in, and which are due to be inspected."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.rights import Viewer
from gridmap.storage.plan_views import Plan, of_plan, plan_query
from gridmap.storage.sight import PART


def write_state(session: Session, site_id: int, code: str, row: dict[str, Any]) -> bool:
    """Note a state in the history; a facility is in the latest of them. False if there is no such facility."""
    written = session.execute(
        text("""
            insert into facility_state (facility_id, at, received_at, state, note, account_id, person_id, issue_id)
            select f.id, :at, :received_at, :state, :note, :account_id, :person_id,
                   (select i.id from issue i where i.site_id = f.site_id and i.code = :issue)
            from facility f where f.site_id = :site and f.code = :code
            returning facility_id
        """),
        {"site": site_id, "code": code, **row},
    ).scalar_one_or_none()
    if written is None:
        return False
    session.execute(
        text("""
            update facility set state = latest.state from (
                select state from facility_state where facility_id = :id order by at desc, id desc limit 1
            ) latest where id = :id and facility.state <> latest.state
        """),
        {"id": written},
    )
    return True


def history(session: Session, site_id: int, code: str) -> list[dict[str, Any]]:
    """The states of a facility, the latest first."""
    rows = session.execute(
        text("""
            select h.at, h.received_at, h.state, h.note, p.code as person, i.code as issue
            from facility_state h join facility f on f.id = h.facility_id
            left join person p on p.id = h.person_id left join issue i on i.id = h.issue_id
            where f.site_id = :site and f.code = :code order by h.at desc, h.id desc
        """),
        {"site": site_id, "code": code},
    )
    return [dict(row) for row in rows.mappings()]


def seen_codes(session: Session, viewer: Viewer, plan: Plan) -> set[str]:
    """The facilities of a plan that are the viewer's to see."""
    query = f"with recursive {PART}, v as ({plan_query(viewer, 'facilities')}) select code from v"
    return set(session.execute(text(query), of_plan(viewer, plan)).scalars())


def set_due(session: Session, site_id: int, code: str, due: date) -> None:
    """Note when a facility is to be inspected next."""
    session.execute(
        text("update facility set inspection_due = :due where site_id = :site and code = :code"),
        {"site": site_id, "code": code, "due": due},
    )


def overdue(session: Session, site_id: int, day: date) -> list[dict[str, Any]]:
    """The facilities whose inspection should have been before a day, the longest overdue first."""
    rows = session.execute(
        text("""
            select f.code, f.name, f.kind, f.level, f.state, f.inspection_due, :day - f.inspection_due as days,
                   (select max(n.at) from inspection n where n.facility_id = f.id) as last_inspected
            from facility f where f.site_id = :site and f.inspection_due < :day order by f.inspection_due, f.code
        """),
        {"site": site_id, "day": day},
    )
    return [dict(row) for row in rows.mappings()]
