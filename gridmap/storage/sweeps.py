"""Sweeps: which buildings are to be looked at, and how each stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from gridmap.domain.rights import Viewer
from gridmap.storage.sight import AREA, of_viewer


def write_sweep(session: Session, site_id: int, row: Mapping[str, Any], at: datetime) -> int:
    """Begin a sweep over the buildings that its grids answer for, or change it: those looked at stay."""
    number = int(
        session.execute(
            text("""
                insert into sweep (site_id, code, name, subject, grids, starts, ends, account_id)
                values (:site, :code, :name, :subject, :grids, :starts, :ends, :account_id)
                on conflict (site_id, code) do update
                set name = excluded.name, subject = excluded.subject, grids = excluded.grids,
                    starts = excluded.starts, ends = excluded.ends
                returning id
            """),
            {**row, "site": site_id},
        ).scalar_one()
    )
    session.execute(
        text("""
            with recursive in_force as (
                select id from edition where site_id = :site and status <> 'draft' and valid_from <= :at
                  and (valid_to is null or :at < valid_to)
            ), below as (
                select g.id, g.code from grid g join in_force e on e.id = g.edition_id
                where cast(:grids as text[]) is null or g.code = any(cast(:grids as text[]))
                union select g.id, g.code from grid g join below b on g.parent_id = b.id
            ), wanted as (
                select distinct a.building_id from allotment a join in_force e on e.id = a.edition_id
                where a.grid_code in (select code from below)
            ), gone as (
                delete from sweep_building where sweep_id = :sweep and state = 'to_do'
                  and building_id not in (select building_id from wanted)
            )
            insert into sweep_building (sweep_id, building_id) select :sweep, building_id from wanted
            on conflict do nothing
        """),
        {"site": site_id, "sweep": number, "grids": row["grids"], "at": at},
    )
    return number


# The leaf that answers for building `b` in the Edition in force.
_LEAF: Final = """
    select a.grid_code as grid from allotment a join edition e on e.id = a.edition_id
    where a.building_id = b.id and e.status <> 'draft'
      and e.valid_from <= :at and (e.valid_to is null or :at < e.valid_to)
    order by a.area_m2 desc, a.grid_code limit 1
"""


def sweep_list(session: Session, viewer: Viewer, site_id: int, at: datetime) -> list[dict[str, Any]]:
    """The sweeps that have something on the viewer's ground, and how far each has come there."""
    rows = session.execute(
        text(f"""
            with recursive {AREA}
            select s.code, s.name, s.subject, s.grids, s.starts, s.ends, count(*) as buildings,
                   count(*) filter (where v.state <> 'to_do') as looked_at,
                   count(*) filter (where v.state = 'fault') as faults,
                   count(*) filter (where v.state = 'no_access') as no_access
            from sweep s join sweep_building v on v.sweep_id = s.id join building b on b.id = v.building_id
            left join lateral ({_LEAF}) l on true
            where s.site_id = :site and (:whole or l.grid in (select code from area))
            group by s.id order by s.starts desc, s.code
        """),
        {**of_viewer(viewer), "site": site_id, "at": at},
    )
    return [dict(row) for row in rows.mappings()]


def building_list(session: Session, viewer: Viewer, site_id: int, code: str, at: datetime) -> list[dict[str, Any]]:
    """How each building of a sweep stands, on the viewer's ground, with its shape."""
    rows = session.execute(
        text(f"""
            with recursive {AREA}
            select b.code, b.name, l.grid, v.state, v.at, v.note, p.code as person,
                   st_asgeojson(b.geom, 8)::json as geometry
            from sweep s join sweep_building v on v.sweep_id = s.id join building b on b.id = v.building_id
            left join person p on p.id = v.person_id left join lateral ({_LEAF}) l on true
            where s.site_id = :site and s.code = :code and (:whole or l.grid in (select code from area))
            order by b.code
        """),
        {**of_viewer(viewer), "site": site_id, "code": code, "at": at},
    )
    return [dict(row) for row in rows.mappings()]


def sweep_by_code(session: Session, site_id: int, code: str) -> Row[Any] | None:
    """One sweep."""
    found = text("select id, code, subject, grids, starts, ends from sweep where site_id = :site and code = :code")
    return session.execute(found, {"site": site_id, "code": code}).one_or_none()


def mark(session: Session, sweep: int, row: Mapping[str, Any]) -> bool:
    """Note how a building stands; what was seen later stays. False if the building is not of the sweep."""
    found = session.execute(
        text("""
            update sweep_building v
            set state = case when later then v.state else :state end, note = case when later then v.note else :note end,
                person_id = case when later then v.person_id else :person_id end,
                at = case when later then v.at else :at end
            from (
                select b.id, coalesce(w.at > :at, false) as later from building b
                join sweep_building w on w.building_id = b.id and w.sweep_id = :sweep
                where b.code = :building
            ) b
            where v.sweep_id = :sweep and v.building_id = b.id returning v.building_id
        """),
        {"sweep": sweep, **row},
    )
    return found.first() is not None
