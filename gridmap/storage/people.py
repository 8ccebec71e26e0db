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


def write_people(session: Session, site_id: int, people: pd.DataFrame) -> dict[str, int]:
    """Add people or bring them up to date by their codes, and note when they are away."""
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
    session.execute(
        text("""
            insert into leave (person_id, starts, ends)
            select p.id, n.away_from, n.away_to
            from new_person n join person p on p.site_id = :site_id and p.code = n.code
            where n.away_from is not null
            on conflict (person_id, starts) do update set ends = excluded.ends
        """),
        {"site_id": site_id},
    )
    return {"added": sum(added), "changed": len(added) - sum(added)}


def write_posts(session: Session, site_id: int, posts: pd.DataFrame, since: datetime) -> dict[str, int]:
    """Make this the list of posts from a moment on: those no longer on it end then, new ones begin."""
    stage(session, "new_post", posts, POST_COLUMNS)
    values = {"site_id": site_id, "since": since}
    session.execute(
        text("""
            create temporary table coming on commit drop as
            select n.role, n.specialty, n.grid as grid_code, p.id as person_id, d.id as deputy_id,
                   coalesce(n.valid_from, :since) as valid_from, n.valid_to
            from new_post n
            join person p on p.site_id = :site_id and p.code = n.person
            left join person d on d.site_id = :site_id and d.code = n.deputy
        """),
        values,
    )
    same = """
        c.role = post.role and c.person_id = post.person_id and c.specialty is not distinct from post.specialty
        and c.grid_code is not distinct from post.grid_code and c.deputy_id is not distinct from post.deputy_id
    """
    ended = session.execute(
        text(f"""
            with leaving as (
                select post.id from post
                where site_id = :site_id and (valid_to is null or valid_to > :since)
                  and not exists (select 1 from coming c where {same})
            ), undone as (
                delete from post using leaving where post.id = leaving.id and post.valid_from >= :since
                returning post.id
            ), closed as (
                update post set valid_to = :since from leaving
                where post.id = leaving.id and post.valid_from < :since returning post.id
            )
            select (select count(*) from undone) + (select count(*) from closed)
        """),
        values,
    ).scalar_one()
    added = session.execute(
        text(f"""
            insert into post (site_id, role, specialty, grid_code, person_id, deputy_id, valid_from, valid_to)
            select :site_id, role, specialty, grid_code, person_id, deputy_id, valid_from, valid_to from coming c
            where not exists (
                select 1 from post where site_id = :site_id and (valid_to is null or valid_to > :since) and {same}
            )
            returning id
        """),
        values,
    ).all()
    session.execute(text("drop table coming"))
    return {"added": len(added), "ended": ended}


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
