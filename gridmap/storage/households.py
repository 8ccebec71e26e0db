"""Households in need, their visits, and shelters. Only `private_rows` reads where a household lives."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from gridmap.domain.rights import BOUND_TO_GRID, Viewer

# The leaf that answers for the building of household `h`: who directs the ground it stands on.
_GROUND: Final = """
    select a.grid_code as ground from allotment a join edition e on e.id = a.edition_id
    where a.building_id = h.building_id and e.status <> 'draft' and e.valid_from <= :at
      and (e.valid_to is null or :at < e.valid_to)
    order by a.area_m2 desc, a.grid_code limit 1
"""
# A visit is due so many days after the last, or after the household was taken on.
DUE: Final = """
    coalesce((select max(v.at) from visit v where v.household_id = h.id and v.outcome <> 'not_met'),
             cast(h.since as timestamptz)) + make_interval(days => h.visit_days)
"""


def people_of(session: Session, viewer: Viewer, at: datetime) -> frozenset[str]:
    """The codes of the people an account stands for: its own, or whoever holds its post if it is of a grid alone."""
    if viewer.person is not None:
        return frozenset({viewer.person})
    if viewer.role not in BOUND_TO_GRID or not viewer.grids:
        return frozenset()
    rows = session.execute(
        text("""
            select p.code from post join person p on p.id = post.person_id
            where post.site_id = :site and post.role = :role and post.grid_code = any(:grids)
              and post.valid_from <= :at and (post.valid_to is null or :at < post.valid_to)
        """),
        {"site": viewer.site_id, "role": viewer.role, "grids": list(viewer.grids), "at": at},
    )
    return frozenset(rows.scalars())


def visitors(session: Session, site_id: int, at: datetime) -> list[Row[Any]]:
    """Who visits on which ground: what it takes to say who may know."""
    rows = session.execute(
        text(f"""
            select distinct h.visitor_id, p.code as visitor, l.ground from household h
            join person p on p.id = h.visitor_id left join lateral ({_GROUND}) l on true
            where h.site_id = :site and (h.closed_at is null or h.closed_at > :at)
        """),
        {"site": site_id, "at": at},
    )
    return list(rows)


def private_rows(
    session: Session, site_id: int, allowed: Sequence[tuple[int, str | None]], at: datetime, code: str | None = None
) -> list[dict[str, Any]]:
    """The households of visitors on grounds whose addresses may be known to who asks, the visit due first first."""
    rows = session.execute(
        text(f"""
            select h.code, h.address, b.code as building, h.needs, h.risk, h.people, p.code as visitor,
                   g.code as guardian, s.code as shelter, h.visit_days, h.since, {DUE} as due_at,
                   (select json_agg(json_build_object('at', v.at, 'by', w.code, 'outcome', v.outcome, 'note', v.note)
                                    order by v.at desc)
                    from (select * from visit v where v.household_id = h.id order by v.at desc limit 20) v
                    join person w on w.id = v.person_id) as visits
            from household h join person p on p.id = h.visitor_id left join building b on b.id = h.building_id
            left join person g on g.id = h.guardian_id left join shelter s on s.id = h.shelter_id
            left join lateral ({_GROUND}) l on true
            where h.site_id = :site and (h.closed_at is null or h.closed_at > :at)
              and (cast(:code as text) is null or h.code = :code) and exists (
                select 1 from json_to_recordset(cast(:allowed as json)) as a (visitor bigint, ground text)
                where a.visitor = h.visitor_id and a.ground is not distinct from l.ground
              )
            order by {DUE} nulls last, h.code
        """),
        {
            "site": site_id, "at": at, "code": code,
            "allowed": json.dumps([{"visitor": visitor, "ground": ground} for visitor, ground in allowed]),
        },
    )  # fmt: skip
    return [{**row, "visits": row["visits"] or []} for row in rows.mappings()]


def ground_of(session: Session, site_id: int, building: str | None, at: datetime) -> str | None:
    """The leaf that answers for a building."""
    found: str | None = session.execute(
        text(f"""
            select l.ground from (select id as building_id from building where site_id = :site and code = :building) h
            left join lateral ({_GROUND}) l on true
        """),
        {"site": site_id, "building": building, "at": at},
    ).scalar_one_or_none()
    return found


def write_household(session: Session, site_id: int, row: Mapping[str, Any]) -> int:
    """Take a household on, or bring what is known of it up to date by its code."""
    return int(
        session.execute(
            text("""
                insert into household (site_id, code, building_id, address, needs, risk, people, visitor_id, visit_days,
                                       guardian_id, shelter_id, since)
                values (:site, :code, (select id from building where site_id = :site and code = :building), :address,
                        :needs, :risk, :people, (select id from person where site_id = :site and code = :visitor),
                        :visit_days, (select id from person where site_id = :site and code = :guardian),
                        (select id from shelter where site_id = :site and code = :shelter), :since)
                on conflict (site_id, code) do update
                set building_id = excluded.building_id, address = excluded.address, needs = excluded.needs,
                    risk = excluded.risk, people = excluded.people, visitor_id = excluded.visitor_id,
                    visit_days = excluded.visit_days, guardian_id = excluded.guardian_id,
                    shelter_id = excluded.shelter_id, closed_at = null
                returning id
            """),
            {**row, "site": site_id},
        ).scalar_one()
    )


def household(session: Session, site_id: int, code: str, at: datetime) -> Row[Any] | None:
    """Who visits a household, and on which ground; no word of where."""
    return session.execute(
        text(f"""
            select h.id, h.code, h.visitor_id, p.code as visitor, l.ground, h.closed_at from household h
            join person p on p.id = h.visitor_id left join lateral ({_GROUND}) l on true
            where h.site_id = :site and h.code = :code
        """),
        {"site": site_id, "code": code, "at": at},
    ).one_or_none()


def close_household(session: Session, household_id: int, at: datetime) -> None:
    """Visit a household no more; where it lived is forgotten."""
    session.execute(
        text("""
            update household set closed_at = :at, address = '', building_id = null, risk = null, needs = '{}'
            where id = :id
        """),
        {"id": household_id, "at": at},
    )
    session.execute(text("update visit set note = null where household_id = :id"), {"id": household_id})


def write_visit(session: Session, row: Mapping[str, Any]) -> int | None:
    """Store a visit, with the round it belongs to if there is one: that round's number."""
    found: int | None = session.execute(
        text("""
            insert into visit (uid, household_id, person_id, round_id, at, received_at, outcome, note)
            values (:uid, :household_id, :person_id, (
                select r.id from round r join patrol_plan p on p.id = r.plan_id
                where p.kind = 'visits' and r.person_id = :person_id and r.status <> 'cancelled'
                  and r.starts <= :at and r.ends > :at order by r.ends - r.starts, r.id limit 1
            ), :at, :received_at, :outcome, :note)
            on conflict (person_id, uid) do nothing
            returning round_id
        """),
        dict(row),
    ).scalar_one_or_none()
    return found


# ---------------------------------------------------------------- flood season


def write_shelter(session: Session, site_id: int, row: Mapping[str, Any]) -> None:
    """Add a shelter or bring it up to date by its code."""
    session.execute(
        text("""
            insert into shelter (site_id, code, name, capacity, geom)
            values (:site, :code, :name, :capacity, st_setsrid(st_makepoint(:lon, :lat), 4326))
            on conflict (site_id, code) do update
            set name = excluded.name, capacity = excluded.capacity, geom = excluded.geom, closed_at = null
        """),
        {**row, "site": site_id},
    )


def shelters(session: Session, site_id: int) -> list[dict[str, Any]]:
    """The shelters of a site: where each is, for how many, and how many are to go there."""
    rows = session.execute(
        text("""
            select s.code, s.name, s.capacity, st_x(s.geom) as lon, st_y(s.geom) as lat,
                   coalesce(sum(h.people) filter (where h.closed_at is null and h.risk is not null), 0) as expected
            from shelter s left join household h on h.shelter_id = s.id
            where s.site_id = :site and s.closed_at is null group by s.id order by s.code
        """),
        {"site": site_id},
    )
    return [dict(row) for row in rows.mappings()]


def at_risk(session: Session, site_id: int) -> list[Row[Any]]:
    """Households at risk by their codes, with shelter and guardian: nothing of where they are."""
    rows = session.execute(
        text("""
            select h.code, s.code as shelter, g.code as guardian, h.people from household h
            left join shelter s on s.id = h.shelter_id and s.closed_at is null
            left join person g on g.id = h.guardian_id
            where h.site_id = :site and h.closed_at is null and h.risk is not null order by h.code
        """),
        {"site": site_id},
    )
    return list(rows)


def unsafe_buildings(session: Session, site_id: int) -> list[dict[str, Any]]:
    """The buildings with a risk, as the plan of the site has them."""
    rows = session.execute(
        text("select code, name, risk from building where site_id = :site and risk is not null order by code"),
        {"site": site_id},
    )
    return [dict(row) for row in rows.mappings()]


def counts(session: Session, site_id: int, at: datetime) -> dict[str, int]:
    """How many households there are, how many are at risk, and how many should have been visited by now."""
    row = session.execute(
        text(f"""
            select count(*) as households, count(*) filter (where risk is not null) as at_risk,
                   count(*) filter (where {DUE} < :at) as overdue
            from household h where site_id = :site and closed_at is null
        """),
        {"site": site_id, "at": at},
    ).mappings().one()  # fmt: skip
    return {name: int(value) for name, value in row.items()}
