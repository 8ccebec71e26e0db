"""People and posts: read for a moment, written as a list that holds from a moment on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import pandas as pd
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.facts import Person, PostFact
from gridmap.storage.bulk import stage
from gridmap.storage.places import read_table

POST_COLUMNS = {"role": "text", "specialty": "text", "grid": "text", "person": "text", "deputy": "text",
                "valid_from": "timestamptz", "valid_to": "timestamptz"}  # fmt: skip


def write_people(session: Session, site_id: int, people: pd.DataFrame, since: datetime) -> dict[str, int]:
    """Add people or bring them up to date by their codes, and note when they are away.

    From `since` on, the rows that name a person are all the leaves that person has.
    """
    columns = {"code": "text", "name": "text", "phone": "text", "organisation": "text",
               "away_from": "timestamptz", "away_to": "timestamptz"}  # fmt: skip
    stage(session, "new_person", people, columns)
    added = list(
        session.execute(
            text("""
                insert into person (site_id, code, name, phone, organisation)
                select distinct on (code) :site_id, code, name, phone, organisation from new_person order by code, n
                on conflict (site_id, code) do update
                set name = excluded.name, phone = excluded.phone, organisation = excluded.organisation
                returning (xmax = 0)
            """),
            {"site_id": site_id},
        ).scalars()
    )
    _end_leaves(session, site_id, since)
    session.execute(
        text("""
            insert into leave (person_id, starts, ends)
            select p.id, n.away_from, max(n.away_to)
            from new_person n join person p on p.site_id = :site_id and p.code = n.code
            where n.away_from is not null
            group by p.id, n.away_from
            on conflict (person_id, starts) do update set ends = excluded.ends
        """),
        {"site_id": site_id},
    )
    return {"added": sum(added), "changed": len(added) - sum(added)}


def _end_leaves(session: Session, site_id: int, since: datetime) -> None:
    """Take back what is still to come of leaves that the staged people no longer have."""
    withdrawn = """
        leave.ends > :since
        and exists (
            select 1 from new_person n join person p on p.site_id = :site_id and p.code = n.code
            where p.id = leave.person_id
        )
        and not exists (
            select 1 from new_person n join person p on p.site_id = :site_id and p.code = n.code
            where p.id = leave.person_id and n.away_from = leave.starts
        )
    """
    values = {"site_id": site_id, "since": since}
    session.execute(text(f"delete from leave where starts >= :since and {withdrawn}"), values)
    session.execute(text(f"update leave set ends = :since where {withdrawn}"), values)


def write_posts(session: Session, site_id: int, posts: pd.DataFrame, since: datetime) -> dict[str, int]:
    """Make this the list of posts from a moment on; what was before that moment stays as it is.

    A post that is on the list and in the store keeps its row and takes the end the list gives it; one that is no
    longer listed ends at that moment, or never was if it had not begun; a new one begins then at the earliest.
    """
    stage(session, "new_post", posts, POST_COLUMNS)
    values = {"site_id": site_id, "since": since}
    session.execute(text("drop table if exists pg_temp.coming"))
    session.execute(text(COMING), values)
    listed = "(select post_id from coming where post_id is not null)"
    ended = session.execute(
        text(f"""
            with leaving as (
                select id, valid_from from post
                where site_id = :site_id and (valid_to is null or valid_to > :since) and id not in {listed}
            ), undone as (
                delete from post using leaving where post.id = leaving.id and leaving.valid_from >= :since
            ), closed as (
                update post set valid_to = :since from leaving
                where post.id = leaving.id and leaving.valid_from < :since
            )
            select count(*) from leaving
        """),
        values,
    ).scalar_one()
    _move_posts(session, site_id, since)
    added = session.execute(text("select count(*) from coming where post_id is null")).scalar_one()
    session.execute(text("drop table coming"))
    return {"added": added, "ended": ended}


# The listed posts as they will hold, each with the row of the store it goes on in. A person can hold a post in several
# periods: they are paired in their order. What began before stays in its row only if the list does not interrupt it.
COMING = """
    create temporary table coming on commit drop as
    with stated as (
        select distinct n.role, n.specialty, n.grid as grid_code, p.id as person_id, d.id as deputy_id,
               greatest(n.valid_from, :since) as valid_from, n.valid_to
        from new_post n
        join person p on p.site_id = :site_id and p.code = n.person
        left join person d on d.site_id = :site_id and d.code = n.deputy
        where n.valid_to is null or n.valid_to > :since
    ), listed as (
        select stated.*, row_number() over (
            partition by role, specialty, grid_code, person_id, deputy_id order by valid_from, valid_to
        ) as nth from stated
    ), held as (
        select post.*, row_number() over (
            partition by role, specialty, grid_code, person_id, deputy_id order by valid_from, id
        ) as nth from post where site_id = :site_id and (valid_to is null or valid_to > :since)
    )
    select l.role, l.specialty, l.grid_code, l.person_id, l.deputy_id, h.id as post_id, l.valid_to,
           case when h.valid_from < :since then h.valid_from else l.valid_from end as valid_from
    from listed l left join held h
      on h.role = l.role and h.person_id = l.person_id and h.nth = l.nth
     and h.specialty is not distinct from l.specialty and h.grid_code is not distinct from l.grid_code
     and h.deputy_id is not distinct from l.deputy_id and (h.valid_from >= :since or l.valid_from <= :since)
"""


def _move_posts(session: Session, site_id: int, since: datetime) -> None:
    """Give the listed posts their periods: all are shortened before any is prolonged, so that no two ever overlap."""
    values = {"site_id": site_id, "since": since}
    changed = """
        coming c where post.id = c.post_id
        and (post.valid_from <> c.valid_from or post.valid_to is distinct from c.valid_to)
    """
    session.execute(text(f"delete from post using {changed} and post.valid_from >= :since"), values)
    session.execute(text(f"update post set valid_to = :since from {changed} and post.valid_from < :since"), values)
    session.execute(text(f"update post set valid_to = c.valid_to from {changed}"), values)
    session.execute(
        text("""
            insert into post (site_id, role, specialty, grid_code, person_id, deputy_id, valid_from, valid_to)
            select :site_id, role, specialty, grid_code, person_id, deputy_id, valid_from, valid_to from coming c
            where not exists (select 1 from post where post.id = c.post_id)
        """),
        values,
    )


def people(session: Session, site_id: int) -> dict[str, Person]:
    """Everybody a site knows, by code."""
    rows = session.execute(text("select code, name from person where site_id = :site_id"), {"site_id": site_id})
    return {code: Person(code, name) for code, name in rows}


def post_moments(session: Session, site_id: int) -> list[datetime]:
    """Every moment at which who holds which post changes, in order."""
    rows = session.execute(
        text("""
            select valid_from from post where site_id = :site_id
            union select valid_to from post where site_id = :site_id and valid_to is not null
            union select l.starts from leave l join person p on p.id = l.person_id where p.site_id = :site_id
            union select l.ends from leave l join person p on p.id = l.person_id where p.site_id = :site_id
            order by 1
        """),
        {"site_id": site_id},
    ).scalars()
    return list(rows)


def posts_in_force(
    session: Session, site_id: int, at: datetime, grids: Iterable[str] | None = None, persons: Iterable[str] = ()
) -> list[PostFact]:
    """The posts in force at a moment: all, or those of some grids, of the whole site, and of some people."""
    rows = session.execute(
        text("""
            select post.role, post.grid_code, post.specialty, p.code, p.name, d.code, d.name,
                   exists (select 1 from leave where person_id = p.id and starts <= :at and :at < ends),
                   exists (select 1 from leave where person_id = d.id and starts <= :at and :at < ends)
            from post join person p on p.id = post.person_id left join person d on d.id = post.deputy_id
            where post.site_id = :site_id and post.valid_from <= :at and (post.valid_to is null or :at < post.valid_to)
              and (:everything or post.grid_code is null or post.grid_code = any(:grids) or p.code = any(:persons))
        """),
        {
            "site_id": site_id,
            "at": at,
            "everything": grids is None,
            "grids": list(grids or ()),
            "persons": list(persons),
        },
    )
    return [
        PostFact(role, grid, Person(code, name), specialty, Person(deputy, stand_in) if deputy else None, away, gone)
        for role, grid, specialty, code, name, deputy, stand_in, away, gone in rows
    ]


def post_list(session: Session, site_id: int, at: datetime) -> pd.DataFrame:
    """The posts in force at a moment, with the columns of frames.POSTS."""
    return read_table(
        session,
        """
        select post.role, p.code as person, post.grid_code as grid, post.specialty, d.code as deputy,
               post.valid_from, post.valid_to
        from post join person p on p.id = post.person_id left join person d on d.id = post.deputy_id
        where post.site_id = :site_id and post.valid_from <= :at and (post.valid_to is null or :at < post.valid_to)
        order by post.role, post.grid_code, p.code
        """,
        {"site_id": site_id, "at": at},
    )


def people_list(session: Session, site_id: int) -> pd.DataFrame:
    """The people of a site with the columns of frames.PEOPLE."""
    return read_table(
        session,
        """
        select p.code, p.name, p.phone, p.organisation, l.starts as away_from, l.ends as away_to
        from person p left join leave l on l.person_id = p.id where p.site_id = :site_id order by p.code, l.starts
        """,
        {"site_id": site_id},
    )


def away(session: Session, site_id: int, at: datetime) -> set[str]:
    """The codes of those who are on leave at a moment."""
    rows = session.execute(
        text("""
            select p.code from leave l join person p on p.id = l.person_id
            where p.site_id = :site_id and l.starts <= :at and :at < l.ends
        """),
        {"site_id": site_id, "at": at},
    )
    return set(rows.scalars())
