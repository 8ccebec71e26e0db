"""Deductions for what was put right too late: recorded once, judged once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.rights import Viewer


def record(session: Session, at: datetime, grace: timedelta, role: str) -> list[str]:
    """Record one for each public repair that is over its limit for so long, and nobody has signed for it."""
    rows = session.execute(
        text("""
            with late as (
                select i.id, i.code from deadline d join issue i on i.id = d.issue_id
                where d.stamp = 'resolved' and d.rule ->> 'trigger' = 'dispatch' and d.due_at <= :at - :grace
                  and i.resolved_at is null and i.held_at is null and i.status not in ('closed', 'void', 'merged')
                  and not coalesce((i.present ->> 'signed')::bool, false)
            ),
            recorded as (
                insert into deduction (issue_id, role, at) select id, :role, :at from late
                on conflict (issue_id) do nothing returning issue_id
            )
            select late.code from recorded join late on late.id = recorded.issue_id order by late.id
        """),
        {"at": at, "grace": grace, "role": role},
    )
    return list(rows.scalars())


def deductions(session: Session, viewer: Viewer, site_id: int, *, open_only: bool, limit: int) -> list[dict[str, Any]]:
    """The deductions of a site, the newest first; a complaint about whoever asks is none of his business."""
    rows = session.execute(
        text("""
            select d.id, i.code as issue, c.code as category, i.tier1, i.tier2, d.role, d.at, i.due_at, i.resolved_at,
                   coalesce((i.present ->> 'signed')::bool, false) as signed, d.judged_at, a.name as judged_by,
                   d.upheld, d.note
            from deduction d join issue i on i.id = d.issue_id join category c on c.id = i.category_id
            left join account a on a.id = d.judged_by
            where i.site_id = :site_id and (not :open_only or d.judged_at is null)
              and (i.about_id is null or i.about_id is distinct from cast(:person as bigint))
            order by d.at desc, d.id desc limit :limit
        """),
        {"site_id": site_id, "open_only": open_only, "limit": limit, "person": viewer.person_id},
    )
    return [dict(row) for row in rows.mappings()]


def judge(
    session: Session, site_id: int, number: int, account_id: int, at: datetime, *, upheld: bool, note: str | None
) -> bool | None:
    """Judge one: false if somebody has before, None if there is no such."""
    found = session.execute(
        text("""
            select d.judged_at from deduction d join issue i on i.id = d.issue_id
            where d.id = :id and i.site_id = :site_id for update of d
        """),
        {"id": number, "site_id": site_id},
    ).one_or_none()
    if found is None:
        return None
    if found.judged_at is not None:
        return False
    session.execute(
        text(
            "update deduction set judged_at = :at, judged_by = :account_id, upheld = :upheld, note = :note "
            "where id = :id"
        ),
        {"id": number, "at": at, "account_id": account_id, "upheld": upheld, "note": note},
    )
    return True
