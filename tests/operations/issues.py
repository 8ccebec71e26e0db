"""Issues and messages written straight into the store, where a test needs them to stand exactly so."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session


def sql(session: Session, statement: str, **values: Any) -> Any:
    result = session.execute(text(statement), values)
    return result.all() if result.returns_rows else None


def person(session: Session, code: str, role: str | None = None, grid: str | None = None, **more: Any) -> int:
    """Somebody, and a post of his since ever."""
    (row,) = sql(
        session,
        "insert into person (site_id, code, name) select id, :code, :name from site where code = 'WJ' "
        "on conflict (site_id, code) do update set name = excluded.name returning id",
        code=code, name=f"name of {code}",
    )  # fmt: skip
    if role is not None:
        sql(
            session,
            "insert into post (site_id, role, grid_code, person_id, specialty, valid_from) "
            "select id, :role, :grid, :person, :specialty, '1970-01-01Z' from site where code = 'WJ'",
            role=role, grid=grid, person=row.id, specialty=more.get("specialty"),
        )  # fmt: skip
    return int(row.id)


def issue(session: Session, code: str, at: datetime, grid: str = "Z1-C1-1", **said: Any) -> int:
    """An issue of a grid as it is said: handler and about by the codes of people."""
    values = {
        "code": code, "at": at, "grid": grid, "status": "accepted", "urgency": "urgent", "handler": None,
        "handler_role": None, "about": None, "category": "lift", **said,
    }  # fmt: skip
    (row,) = sql(
        session,
        """
        with made as (
            insert into decision (site_id, digest, answers, reasons)
            select id, decode(md5(:code), 'hex'), '[]', '[]' from site where code = 'WJ' returning id, site_id
        )
        insert into issue (code, site_id, category_id, kind, urgency, status, source, reported_at, received_at, geom,
                           position, edition_id, grid_id, decision_id, owner_role, owner_grid, owner_id, handler_id,
                           handler_role, about_id)
        select :code, made.site_id, c.id, 'repair', :urgency, :status, 'test', :at, :at, st_pointonsurface(g.geom),
               'inside', e.id, g.id, made.id, 'grid_owner', g.code,
               (select id from person p where p.site_id = made.site_id and p.code = 'P-' || g.code),
               (select id from person p where p.site_id = made.site_id and p.code = :handler), :handler_role,
               (select id from person p where p.site_id = made.site_id and p.code = :about)
        from made join edition e on e.site_id = made.site_id join grid g on g.edition_id = e.id and g.code = :grid
        join category c on c.code = :category and c.site_id is null
        returning id
        """,
        **values,
    )
    return int(row.id)


def limit(session: Session, issue_id: int, stamp: str, started: datetime, due: datetime, cycle: int = 0) -> None:
    """By when a stamp of an issue is due."""
    sql(
        session,
        "insert into deadline (issue_id, stamp, cycle, started_at, due_at, rule) "
        "values (:issue, :stamp, :cycle, :started, :due, '{}') on conflict (issue_id, stamp) do update "
        "set cycle = excluded.cycle, started_at = excluded.started_at, due_at = excluded.due_at",
        issue=issue_id, stamp=stamp, started=started, due=due, cycle=cycle,
    )  # fmt: skip


def message(session: Session, kind: str, to: str | None, at: datetime, **said: Any) -> str:
    """Something that somebody is to be told; its uid."""
    values = {"kind": kind, "to": to, "at": at, "issue": None, "role": None, "urgent": False, "not_before": at, **said}
    (row,) = sql(
        session,
        "insert into message (site_id, issue_id, kind, person_id, role, urgent, created_at, not_before) "
        "select s.id, :issue, :kind, p.id, :role, :urgent, :at, :not_before "
        "from site s left join person p on p.site_id = s.id and p.code = :to where s.code = 'WJ' returning uid",
        **values,
    )
    return str(row.uid)
