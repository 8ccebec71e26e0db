"""Checkpoints and plans of patrols: written set by set, read within what a viewer may see."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from gridmap.domain.rights import Viewer
from gridmap.storage.sight import AREA, of_viewer

# The deepest grid in force that covers checkpoint `c`, ties by code; a facility lies where its plan says.
LEAF: Final = """
    select coalesce((select f.grid_code from facility f where f.id = c.facility_id), (
        select g.code from grid g join edition e on e.id = g.edition_id
        where e.site_id = c.site_id and e.status <> 'draft' and e.valid_from <= :at
          and (e.valid_to is null or :at < e.valid_to) and st_covers(g.geom, c.geom)
        order by g.tier desc, g.code limit 1
    )) as leaf
"""


# ---------------------------------------------------------------- checkpoints


def write_checkpoints(session: Session, site_id: int, rows: Sequence[Mapping[str, Any]]) -> int:
    """Add checkpoints or bring them up to date by their codes; a token that is not given stays as it is."""
    written = session.execute(
        text("""
            insert into checkpoint (site_id, code, name, building_id, facility_id, level, radius_m, photo,
                                    token_digest, geom)
            select :site, g.code, g.name, b.id, f.id, coalesce(g.level, f.level), coalesce(g.radius_m, 50),
                   coalesce(g.photo, false), decode(g.token_digest, 'hex'),
                   case when g.lon is not null then st_setsrid(st_makepoint(g.lon, g.lat), 4326)
                        else st_pointonsurface(coalesce(f.geom, b.geom)) end
            from json_to_recordset(cast(:rows as json)) as g (
                code text, name text, building text, facility text, level text, radius_m float8, photo boolean,
                token_digest text, lon float8, lat float8
            )
            left join building b on b.site_id = :site and b.code = g.building
            left join facility f on f.site_id = :site and f.code = g.facility
            on conflict (site_id, code) do update
            set name = excluded.name, building_id = excluded.building_id, facility_id = excluded.facility_id,
                level = excluded.level, radius_m = excluded.radius_m, photo = excluded.photo, geom = excluded.geom,
                token_digest = coalesce(excluded.token_digest, checkpoint.token_digest), closed_at = null
            returning id
        """),
        {"site": site_id, "rows": json.dumps(rows)},
    )
    return len(written.all())


def at_facilities(session: Session, site_id: int, facilities: Sequence[str]) -> list[Row[Any]]:
    """Some facilities, in the order said: the name of each, and its checkpoint if it has one."""
    rows = session.execute(
        text("""
            select f.code, f.name, min(c.code) as checkpoint
            from unnest(cast(:codes as text[])) with ordinality as asked (code, nth)
            join facility f on f.site_id = :site and f.code = asked.code
            left join checkpoint c on c.facility_id = f.id and c.closed_at is null
            group by f.id, asked.nth order by asked.nth
        """),
        {"site": site_id, "codes": list(facilities)},
    )
    return list(rows)


def close_checkpoint(session: Session, site_id: int, code: str, at: datetime) -> bool:
    """Lead no more rounds past a checkpoint."""
    closed = text("update checkpoint set closed_at = :at where site_id = :site and code = :code returning id")
    return session.execute(closed, {"site": site_id, "code": code, "at": at}).first() is not None


def known_codes(session: Session, table: str, site_id: int, codes: Iterable[str]) -> set[str]:
    """Which of some codes a site's buildings, facilities, checkpoints or people have."""
    if table not in ("building", "facility", "checkpoint", "person", "shelter"):
        raise ValueError(table)
    found = text(f"select code from {table} where site_id = :site and code = any(:codes)")
    return set(session.execute(found, {"site": site_id, "codes": list(codes)}).scalars())


def unknown_grids(session: Session, site_id: int, codes: Iterable[str]) -> list[str]:
    """Which of some codes no grid of any Edition of a site has, in order."""
    asked = list(codes)
    found = text("""
        select distinct g.code from grid g join edition e on e.id = g.edition_id
        where e.site_id = :site and g.code = any(cast(:codes as text[]))
    """)
    known = set(session.execute(found, {"site": site_id, "codes": asked}).scalars())
    return sorted(set(asked) - known)


def checkpoints(session: Session, site_id: int, at: datetime) -> list[Row[Any]]:
    """The checkpoints of a site that are not closed: id, code, and the leaf each lies in."""
    rows = session.execute(
        text(f"""
            select c.id, c.code, l.leaf from checkpoint c cross join lateral ({LEAF}) l
            where c.site_id = :site and (c.closed_at is null or c.closed_at > :at) order by c.code
        """),
        {"site": site_id, "at": at},
    )
    return list(rows)


def checkpoint_list(session: Session, viewer: Viewer, site_id: int, at: datetime) -> list[dict[str, Any]]:
    """The checkpoints on a viewer's ground, with their last visit."""
    rows = session.execute(
        text(f"""
            with recursive {AREA}
            select c.code, c.name, b.code as building, f.code as facility, c.level, c.radius_m, c.photo,
                   c.token_digest is not null as plate, l.leaf as grid, st_x(c.geom) as lon, st_y(c.geom) as lat,
                   (select max(k.at) from check_in k where k.checkpoint_id = c.id
                    and (k.verdict = 'accepted' or k.upheld)) as last_visit
            from checkpoint c cross join lateral ({LEAF}) l
            left join building b on b.id = c.building_id left join facility f on f.id = c.facility_id
            where c.site_id = :site and (c.closed_at is null or c.closed_at > :at)
              and (:whole or l.leaf in (select code from area))
            order by c.code
        """),
        {**of_viewer(viewer), "site": site_id, "at": at},
    )
    return [dict(row) for row in rows.mappings()]


# ---------------------------------------------------------------- plans

PLAN_COLUMNS: Final = """
    p.id, p.site_id, p.code, p.name, p.kind, p.role, p.specialty, w.code as person, p.person_id, p.grids,
    p.checkpoints, p.sample, p.subject, p.frequency, p.grace_minutes, p.since, p.until, p.closed_at,
    p.planned_until, p.planned_revision
"""


def write_plan(session: Session, site_id: int, plan: Mapping[str, Any], account_id: int | None) -> int:
    """Add a plan or bring it up to date by its code; its rounds are then given out anew."""
    return int(
        session.execute(
            text("""
                insert into patrol_plan (site_id, code, name, kind, role, specialty, person_id, grids, checkpoints,
                                         sample, subject, frequency, grace_minutes, since, until, made_by)
                values (:site, :code, :name, :kind, :role, :specialty,
                        (select id from person where site_id = :site and code = :person), :grids, :checkpoints,
                        :sample, :subject, cast(:frequency as jsonb), :grace_minutes, :since, :until, :account)
                on conflict (site_id, code) do update
                set name = excluded.name, kind = excluded.kind, role = excluded.role, specialty = excluded.specialty,
                    person_id = excluded.person_id, grids = excluded.grids, checkpoints = excluded.checkpoints,
                    sample = excluded.sample, subject = excluded.subject, frequency = excluded.frequency,
                    grace_minutes = excluded.grace_minutes, since = excluded.since, until = excluded.until,
                    closed_at = null, planned_until = null, planned_revision = null
                returning id
            """),
            {**plan, "site": site_id, "account": account_id, "frequency": json.dumps(plan["frequency"])},
        ).scalar_one()
    )


def plans_in_force(session: Session, at: datetime) -> list[Row[Any]]:
    """The plans that are not closed, of all sites, with the site's clock."""
    rows = session.execute(
        text(f"""
            select {PLAN_COLUMNS}, s.timezone, s.code as site from patrol_plan p join site s on s.id = p.site_id
            left join person w on w.id = p.person_id
            where p.closed_at is null or p.closed_at > :at order by p.site_id, p.code
        """),
        {"at": at},
    )
    return list(rows)


def plan_by_code(session: Session, site_id: int, code: str) -> Row[Any] | None:
    """One plan, closed or not."""
    return session.execute(
        text(f"""
            select {PLAN_COLUMNS} from patrol_plan p left join person w on w.id = p.person_id
            where p.site_id = :site and p.code = :code
        """),
        {"site": site_id, "code": code},
    ).one_or_none()


def plan_list(session: Session, viewer: Viewer, site_id: int) -> list[dict[str, Any]]:
    """The plans that have to do with a viewer's ground, or are his own."""
    rows = session.execute(
        text(f"""
            with recursive {AREA}
            select p.code, p.name, p.kind, p.role, p.specialty, w.code as person, p.grids, p.checkpoints, p.sample,
                   p.subject, p.frequency, p.grace_minutes, p.since, p.until, p.closed_at
            from patrol_plan p left join person w on w.id = p.person_id
            where p.site_id = :site and (:whole or p.person_id = :viewer_person or exists (
                select 1 from round r where r.plan_id = p.id and r.grid_code in (select code from area)
            ) or p.grids && array(select code from area))
            order by p.code
        """),
        {**of_viewer(viewer), "site": site_id},
    )
    return [dict(row) for row in rows.mappings()]


def close_plan(session: Session, plan_id: int, at: datetime) -> None:
    """End a plan: what has not begun of it is cancelled."""
    session.execute(text("update patrol_plan set closed_at = :at where id = :plan"), {"plan": plan_id, "at": at})
    session.execute(
        text("update round set status = 'cancelled' where plan_id = :plan and status = 'planned' and starts > :at"),
        {"plan": plan_id, "at": at},
    )


def area_codes(session: Session, viewer: Viewer) -> set[str] | None:
    """The codes of a viewer's grids and all below them; None for all of the site."""
    if viewer.grids is None:
        return None
    rows = session.execute(text(f"with recursive {AREA} select code from area"), of_viewer(viewer))
    return set(rows.scalars())
