"""The outbox in the store: channels, what is planned, claimed and settled, and the messages of a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from gridmap.domain.letters import Occasion
from gridmap.domain.lifecycle import STAMPS
from gridmap.domain.rights import BOUND_TO_GRID, Viewer

# ---------------------------------------------------------------- channels


@dataclass(frozen=True)
class NewChannel:
    """A channel as it is added: to one person, to whoever holds a role, or, without either, for all."""

    name: str
    kind: str
    address: str = field(default="", repr=False)
    secret: str | None = field(default=None, repr=False)
    language: str = "zh-Hans"
    person_id: int | None = None
    role: str | None = None


def add_channel(session: Session, site_id: int, channel: NewChannel, at: datetime) -> int | None:
    """Its number; None if a channel of this name is there."""
    found: int | None = session.execute(
        text("""
            insert into channel (site_id, name, kind, address, secret, language, person_id, role, created_at)
            values (:site_id, :name, :kind, :address, :secret, :language, :person_id, :role, :at)
            on conflict (site_id, name) where closed_at is null do nothing returning id
        """),
        {
            "site_id": site_id, "name": channel.name, "kind": channel.kind, "address": channel.address,
            "secret": channel.secret, "language": channel.language, "person_id": channel.person_id,
            "role": channel.role, "at": at,
        },
    ).scalar_one_or_none()  # fmt: skip
    return found


def channels(session: Session, site_id: int | None = None) -> Sequence[Row[Any]]:
    """The channels of a site, or of all, and how many letters wait, were sent and were given up on each."""
    return session.execute(
        text("""
            select c.id, s.code as site, c.name, c.kind, c.address, c.secret, c.language, p.code as person, c.role,
                   c.created_at, s.timezone,
                   count(*) filter (where d.state = 'waiting') as waiting,
                   count(*) filter (where d.state = 'sent') as sent,
                   count(*) filter (where d.state = 'dead') as dead,
                   (array_agg(d.error order by d.id desc) filter (where d.error is not null))[1] as last_error
            from channel c join site s on s.id = c.site_id left join person p on p.id = c.person_id
            left join delivery d on d.channel_id = c.id
            where c.closed_at is null and (cast(:site_id as bigint) is null or c.site_id = :site_id)
            group by c.id, s.id, p.id order by s.code, c.name
        """),
        {"site_id": site_id},
    ).all()


def close_channel(session: Session, site_id: int | None, channel_id: int, at: datetime) -> bool:
    """End a channel and forget its address; what still waited for it is given up."""
    closed = session.execute(
        text("""
            update channel set closed_at = :at, address = '', secret = null
            where id = :id and closed_at is null and (cast(:site_id as bigint) is null or site_id = :site_id)
            returning id
        """),
        {"id": channel_id, "site_id": site_id, "at": at},
    ).scalar_one_or_none()
    if closed is not None:
        session.execute(
            text("""
                update delivery set state = 'dead', claimed_until = null, error = 'the channel was closed'
                where channel_id = :id and state = 'waiting'
            """),
            {"id": channel_id},
        )
    return closed is not None


def person_id(session: Session, site_id: int, code: str) -> int | None:
    """The row of a person of a site."""
    found: int | None = session.execute(
        text("select id from person where site_id = :site_id and code = :code"), {"site_id": site_id, "code": code}
    ).scalar_one_or_none()
    return found


# ---------------------------------------------------------------- plan, claim, settle


def plan(session: Session, at: datetime, limit: int) -> int:
    """Make deliveries of the messages that are due, one a channel; how many messages there were.

    Where many read along, what is told to several people at once is said once, and a complaint about somebody never:
    he may be among them.
    """
    return int(
        session.execute(
            text("""
                with due as (
                    select m.id, m.site_id, m.person_id, m.role, m.issue_id, m.kind, m.created_at
                    from message m
                    where m.planned_at is null and m.not_before <= :at
                    order by m.not_before, m.id limit :limit for update skip locked
                ), fit as (
                    select due.*, c.id as channel_id, c.person_id is not null as personal
                    from due join channel c on c.site_id = due.site_id and c.closed_at is null
                    left join issue i on i.id = due.issue_id
                    -- What waited for duty hours may have become untrue meanwhile.
                    where (due.kind <> 'to_dispatch' or i.status in ('reported', 'filed'))
                      and case when c.person_id is not null then c.person_id = due.person_id
                               else (c.role is null or c.role = due.role) and i.about_id is null end
                ), once as (
                    select distinct on (
                        channel_id, case when personal or issue_id is null then id end, issue_id, kind, created_at
                    ) id, channel_id
                    from fit
                    where personal or issue_id is null or not exists (
                        select 1 from message same join delivery d on d.message_id = same.id
                        where same.issue_id = fit.issue_id and same.kind = fit.kind
                          and same.created_at = fit.created_at and d.channel_id = fit.channel_id
                    )
                    order by channel_id, case when personal or issue_id is null then id end, issue_id, kind,
                             created_at, id
                ), made as (
                    insert into delivery (message_id, channel_id, next_at) select id, channel_id, :at from once
                    on conflict (message_id, channel_id) do nothing
                ), planned as (
                    update message set planned_at = :at from due where message.id = due.id returning 1
                )
                select count(*) from planned
            """),
            {"at": at, "limit": limit},
        ).scalar_one()
    )


@dataclass(frozen=True)
class Claim:
    """A delivery that somebody has taken on: which, the how-manieth attempt it is, where to, and what it says."""

    id: int
    attempt: int
    kind: str
    address: str = field(repr=False)
    secret: str | None = field(repr=False)
    language: str
    occasion: Occasion


# What a message `m` is about; its limit is the one it names, or the next of its issue that has not been met.
OCCASION: Final = """
    m.id as message_id, m.uid, m.kind, m.created_at, m.urgent, m.read_at, m.data, s.code as site,
    s.name as site_name, s.timezone, i.code as issue, c.code as category, c.name as category_name,
    g.code as grid, p.code as person, coalesce(m.data ->> 'name', m.data ->> 'round') as round,
    coalesce(m.data ->> 'stamp', next.stamp) as stamp, next.due_at as next_due_at
"""
ABOUT: Final = """
    join site s on s.id = m.site_id
    left join issue i on i.id = m.issue_id left join category c on c.id = i.category_id
    left join grid g on g.id = i.grid_id left join person p on p.id = m.person_id
    left join lateral (
        select d.stamp, d.due_at from deadline d
        where d.issue_id = i.id and (m.data ->> 'stamp' is null or d.stamp = m.data ->> 'stamp')
          and case d.stamp {unmet} end
        order by d.due_at, d.stamp limit 1
    ) next on true
""".format(unmet=" ".join(f"when '{stamp}' then i.{stamp}_at is null" for stamp in STAMPS))


def claim(session: Session, at: datetime, until: datetime, limit: int) -> list[Claim]:
    """Take on deliveries whose time has come and that nobody has, until a moment; the urgent ones first."""
    rows = session.execute(
        text(f"""
            with chosen as (
                select d.id from delivery d join message m on m.id = d.message_id
                where d.state = 'waiting' and d.next_at <= :at and (d.claimed_until is null or d.claimed_until <= :at)
                order by m.urgent desc, d.next_at, d.id limit :limit for update of d skip locked
            ), claimed as (
                update delivery set claimed_until = :until, attempts = attempts + 1
                from chosen where delivery.id = chosen.id
                returning delivery.id, delivery.attempts, delivery.message_id, delivery.channel_id
            )
            select claimed.id, claimed.attempts, ch.kind as channel, ch.address, ch.secret, ch.language, {OCCASION}
            from claimed join channel ch on ch.id = claimed.channel_id
            join message m on m.id = claimed.message_id {ABOUT}
            order by m.urgent desc, claimed.id
        """),
        {"at": at, "until": until, "limit": limit},
    )
    return [
        Claim(row.id, row.attempts, row.channel, row.address, row.secret, row.language, occasion_of(row))
        for row in rows
    ]


def occasion_of(row: Row[Any]) -> Occasion:
    """What a message is about, as `OCCASION` reads it."""
    same = ("uid", "kind", "urgent", "site", "site_name", "timezone", "issue", "category", "category_name", "grid",
            "stamp", "round", "person")  # fmt: skip
    # A round is due by when it ends.
    due_at = _moment(row.data.get("due_at")) or _moment(row.data.get("ends")) or row.next_due_at
    return Occasion(at=row.created_at, due_at=due_at, **{name: getattr(row, name) for name in same})


def _moment(said: object) -> datetime | None:
    """A moment that a message says; what is none must not keep all others from being sent."""
    try:
        moment = datetime.fromisoformat(str(said))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def settle_sent(session: Session, delivery_id: int, at: datetime) -> None:
    """It has been taken, whoever has the claim by now."""
    session.execute(
        text("""
            update delivery set state = 'sent', sent_at = coalesce(sent_at, :at), claimed_until = null, error = null
            where id = :id and state <> 'sent'
        """),
        {"id": delivery_id, "at": at},
    )


def settle_failed(session: Session, claimed: Claim, reason: str, next_at: datetime | None) -> None:
    """It has not been taken: it waits until a moment, or is given up; nothing happens if somebody else has it now."""
    session.execute(
        text("""
            update delivery
            set state = case when cast(:next_at as timestamptz) is null then 'dead' else 'waiting' end,
                next_at = coalesce(:next_at, next_at), claimed_until = null, error = :reason
            where id = :id and attempts = :attempt and state = 'waiting'
        """),
        {"id": claimed.id, "attempt": claimed.attempt, "reason": reason, "next_at": next_at},
    )


# ---------------------------------------------------------------- one's own messages

# An account of a grid, but of no person, reads along with whoever holds the post there.
_MINE: Final = """(
    m.person_id = :viewer_person or (
        cast(:viewer_person as bigint) is null and :bound and m.role = :viewer_role and m.person_id in (
            select unnest(array[post.person_id, post.deputy_id]) from post
            where post.site_id = :viewer_site and post.role = :viewer_role
              and post.grid_code = any(cast(:viewer_grids as text[]))
              and post.valid_from <= :at and (post.valid_to is null or :at < post.valid_to)
        )
    )
)"""


def _of(viewer: Viewer, at: datetime) -> dict[str, Any]:
    return {
        "viewer_person": viewer.person_id, "viewer_role": viewer.role, "viewer_site": viewer.site_id,
        "viewer_grids": list(viewer.grids or ()), "bound": viewer.role in BOUND_TO_GRID, "at": at,
    }  # fmt: skip


@dataclass(frozen=True)
class Told:
    """A message as its reader finds it."""

    id: int
    occasion: Occasion
    read_at: datetime | None


def messages_of(
    session: Session, viewer: Viewer, at: datetime, limit: int, after: tuple[bool, int] | None = None
) -> list[Told]:
    """The viewer's own messages that are due, unread ones first, each sort newest first; nobody's about himself."""
    read, last = after or (False, 2**62)
    rows = session.execute(
        text(f"""
            select {OCCASION} from message m {ABOUT}
            where {_MINE} and m.not_before <= :at and (i.about_id is null or i.about_id <> m.person_id)
              and ((m.read_at is not null) > :read or (m.read_at is not null) = :read and m.id < :last)
            order by m.read_at is not null, m.id desc limit :limit
        """),
        {**_of(viewer, at), "read": read, "last": last, "limit": limit},
    )
    return [Told(row.message_id, occasion_of(row), row.read_at) for row in rows]


def unread(session: Session, viewer: Viewer, at: datetime) -> int:
    """How many of his messages the viewer has not read."""
    return int(
        session.execute(
            text(f"""
                select count(*) from message m left join issue i on i.id = m.issue_id
                where {_MINE} and m.not_before <= :at and m.read_at is null
                  and (i.about_id is null or i.about_id <> m.person_id)
            """),
            _of(viewer, at),
        ).scalar_one()
    )


def mark_read(session: Session, viewer: Viewer, uid: UUID, at: datetime) -> bool:
    """Note that the viewer has read a message of his; whether there is such a message."""
    found = session.execute(
        text(f"""
            update message m set read_at = coalesce(m.read_at, :at)
            where m.uid = :uid and m.not_before <= :at and {_MINE} returning m.id
        """),
        {**_of(viewer, at), "uid": uid},
    ).scalar_one_or_none()
    return found is not None
