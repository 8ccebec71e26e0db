"""Links by which reporters follow their issues, and issues whose reporters are silent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session


def write_link(session: Session, issue: str, digest: bytes, at: datetime, expires_at: datetime) -> bool:
    """Keep the digest of a new link to an issue; false if there is no such issue."""
    written = session.execute(
        text("""
            insert into follow_link (digest, issue_id, created_at, expires_at)
            select :digest, id, :at, :expires_at from issue where code = :issue returning issue_id
        """),
        {"issue": issue, "digest": digest, "at": at, "expires_at": expires_at},
    )
    return written.first() is not None


def followed(session: Session, digest: bytes, at: datetime) -> dict[str, Any] | None:
    """What whoever has a link is told of an issue: how it stands and what was answered, but of nobody by name."""
    row = session.execute(
        text("""
            with l as (
                select issue_id, expires_at, false as supports from follow_link where digest = :digest
                union all
                select issue_id, expires_at, true from supporter where digest = :digest
            )
            select i.code, i.status, l.supports, i.reported_at, i.due_at, i.resolved_at, i.closed_at, i.closed_as,
                   i.held_at,
                   c.code as category, c.name as category_name, s.name as site, s.timezone, i.owner_role, i.owner_grid,
                   i.handler_role, i.satisfaction, i.reopens, parent.code as parent, parent.status as parent_status,
                   coalesce((i.present ->> 'followed')::bool, false) as followed, i.present -> 'referral' as referral,
                   (select json_agg(json_build_object('at', e.at, 'action', e.action, 'status', e.status,
                        'note', case when e.action = 'answer' and not l.supports then e.note end) order by e.id)
                    from issue_event e where e.issue_id = i.id and e.action = any(cast(:told as text[]))) as history
            from l join issue i on i.id = l.issue_id join site s on s.id = i.site_id
            join category c on c.id = i.category_id left join issue parent on parent.id = i.parent_id
            where l.expires_at > :at
        """),
        {"digest": digest, "at": at, "told": list(TOLD)},
    ).mappings()
    found = row.one_or_none()
    return None if found is None else dict(found)


# What happened that concerns whoever reported it.
TOLD = (
    "report", "file", "dispatch", "accept", "arrive", "control", "hold", "resume", "refer", "resolve", "check",
    "answer", "follow_up", "close", "reopen", "void", "merge",
)  # fmt: skip


def silent(session: Session, at: datetime, limit: int) -> list[str]:
    """Issues that were resolved so many days ago as their site waits, and whose reporters have not said a word."""
    rows = session.execute(
        text("""
            select i.code from issue i join site s on s.id = i.site_id
            join reporter r on r.issue_id = i.id left join account a on a.id = r.account_id
            where i.status in ('resolved', 'checked') and not coalesce((i.present ->> 'followed')::bool, false)
              and i.resolved_at <= :at - make_interval(days => s.silence_days)
              and (r.name is not null or r.phone is not null or a.role = 'resident')
            order by i.resolved_at, i.id limit :limit
        """),
        {"at": at, "limit": limit},
    )
    return list(rows.scalars())


def erase_words(session: Session, issue: str) -> int:
    """Forget who reported an issue and what they said of it; what was done stays."""
    gone = session.execute(
        text("""
            with found as (select id from issue where code = :issue),
            unsaid as (
                update follow_up set words = null where issue_id in (select id from found) and words is not null
                returning id
            ),
            unlinked as (delete from follow_link where issue_id in (select id from found) returning issue_id),
            unnamed as (
                update reporter set name = null, phone = null, account_id = null
                where issue_id in (select id from found) returning issue_id
            ),
            unheard as (
                update supporter set name = null, phone = null, text = null, expires_at = at
                where issue_id in (select id from found) returning issue_id
            ),
            untold as (update issue set text = null where id in (select id from found) and text is not null)
            select (select count(*) from unsaid) + (select count(*) from unlinked) + (select count(*) from unnamed)
                   + (select count(*) from unheard)
        """),
        {"issue": issue},
    )
    return int(gone.scalar_one())
