"""Rounds: given out ahead, read within what a viewer may see, and tallied by what was checked in on them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from gridmap.domain.rights import Viewer
from gridmap.storage.patrols import PLAN_COLUMNS
from gridmap.storage.sight import AREA, of_viewer

MOST_LISTED: Final = 1_000


# ---------------------------------------------------------------- who walks


def shifts(session: Session, site_id: int, since: datetime, until: datetime) -> list[tuple[str, datetime, datetime]]:
    """Who is on duty when, as far as shifts say it."""
    rows = session.execute(
        text("""
            select p.code, s.starts, s.ends from shift s join person p on p.id = s.person_id
            where p.site_id = :site and s.starts < :until and s.ends > :since
        """),
        {"site": site_id, "since": since, "until": until},
    )
    return [(code, starts, ends) for code, starts, ends in rows]


def visitors(session: Session, site_id: int, grids: Sequence[str] | None, at: datetime) -> list[tuple[str, int]]:
    """Who visits households, and how many each: a number, and no address."""
    rows = session.execute(
        text("""
            with recursive below as (
                select g.id, g.code from grid g join edition e on e.id = g.edition_id
                where e.site_id = :site and g.code = any(cast(:grids as text[]))
                union select g.id, g.code from grid g join below b on g.parent_id = b.id
            )
            select p.code, count(*) from household h join person p on p.id = h.visitor_id
            where h.site_id = :site and (h.closed_at is null or h.closed_at > :at)
              and (cast(:grids as text[]) is null or exists (
                select 1 from allotment a
                where a.building_id = h.building_id and a.grid_code in (select code from below)
              ))
            group by p.code order by p.code
        """),
        {"site": site_id, "grids": None if grids is None else list(grids), "at": at},
    )
    return [(code, count) for code, count in rows]


# ---------------------------------------------------------------- rounds


def lock_plans(session: Session, plans: Sequence[int]) -> list[Row[Any]]:
    """Some plans as they are once nobody else gives out their rounds, with the site's clock."""
    rows = session.execute(
        text(f"""
            select {PLAN_COLUMNS}, s.timezone from patrol_plan p join site s on s.id = p.site_id
            left join person w on w.id = p.person_id
            where p.id = any(:plans) order by p.id for update of p
        """),
        {"plans": list(plans)},
    )
    return list(rows)


def write_rounds(
    session: Session, plan_id: int, rows: Sequence[Mapping[str, Any]], at: datetime, until: datetime
) -> int:
    """Add the rounds of a plan that are not there, give those that have not begun to whoever walks them now.

    What the plan no longer has, and has not begun, is cancelled. How many are new.
    """
    added = session.execute(
        text("""
            with given as (
                select * from json_to_recordset(cast(:rows as json)) as g (
                    key text, grid text, role text, person text, starts timestamptz, ends timestamptz,
                    stops json, due smallint
                )
            )
            insert into round (site_id, plan_id, key, grid_code, role, person_id, starts, ends, stops, due)
            select p.site_id, p.id, g.key, g.grid, g.role,
                   (select w.id from person w where w.site_id = p.site_id and w.code = g.person), g.starts, g.ends,
                   array(select value::bigint from json_array_elements_text(g.stops)), g.due
            from given g join patrol_plan p on p.id = :plan
            on conflict (plan_id, coalesce(grid_code, ''), key) do update
            set person_id = excluded.person_id, stops = excluded.stops, due = excluded.due, starts = excluded.starts,
                ends = excluded.ends, role = excluded.role, status = 'planned'
            where round.status in ('planned', 'cancelled') and round.starts > :at
            returning (xmax = 0) as added
        """),
        {"rows": json.dumps(rows, default=str), "plan": plan_id, "at": at},
    ).scalars()
    count = sum(bool(new) for new in added)
    session.execute(
        text("""
            update round set status = 'cancelled'
            where plan_id = :plan and status = 'planned' and starts > :at and starts < :until and not exists (
                select 1 from json_to_recordset(cast(:rows as json)) as g (key text, grid text)
                where g.key = round.key and g.grid is not distinct from round.grid_code
            )
        """),
        {"rows": json.dumps(rows, default=str), "plan": plan_id, "at": at, "until": until},
    )
    return count


def planned(session: Session, plan_id: int, until: datetime, revision: int) -> None:
    """Note until when the rounds of a plan stand in the store."""
    session.execute(
        text("update patrol_plan set planned_until = :until, planned_revision = :revision where id = :plan"),
        {"plan": plan_id, "until": until, "revision": revision},
    )


ROUND_COLUMNS: Final = """
    r.id as number, p.code as plan, p.name, p.kind, p.subject, r.grid_code as grid, r.role,
    case when w.id is not null then json_build_object('code', w.code, 'name', w.name) end as person,
    r.starts, r.ends, r.due, r.visited, r.status, r.started_at, r.done_at
"""
ROUND_TABLES: Final = """
    round r join patrol_plan p on p.id = r.plan_id left join person w on w.id = r.person_id
"""


def seen_round(viewer: Viewer) -> str:
    """The condition on round `r` for what a viewer may see: his own, and those on his ground."""
    reach = viewer.reach("rounds")
    if reach is None:
        return "false"
    told = ["r.person_id = :viewer_person"]
    if reach == "area":
        told.append("true" if viewer.grids is None else "r.grid_code = any(array(select code from area))")
    site = " and r.site_id = :viewer_site" if viewer.site_id is not None else ""
    return f"({' or '.join(told)}){site}"


def round_list(
    session: Session,
    viewer: Viewer,
    site_id: int,
    since: datetime,
    until: datetime,
    *,
    own: bool = False,
    status: Sequence[str] = (),
    limit: int = MOST_LISTED,
) -> list[dict[str, Any]]:
    """The rounds that a viewer may see whose time meets [since, until), the earliest first; `own` are his alone."""
    rows = session.execute(
        text(f"""
            with recursive {AREA}
            select {ROUND_COLUMNS} from {ROUND_TABLES}
            where r.site_id = :site and r.starts < :until and r.ends > :since and {seen_round(viewer)}
              and (not :own or r.person_id = :viewer_person)
              and (cardinality(cast(:status as text[])) = 0 or r.status = any(cast(:status as text[])))
            order by r.starts, r.id limit :limit
        """),
        {
            **of_viewer(viewer), "site": site_id, "since": since, "until": until, "own": own, "status": list(status),
            "limit": min(limit, MOST_LISTED),
        },
    )  # fmt: skip
    return [dict(row) for row in rows.mappings()]


def round_by_number(session: Session, viewer: Viewer, number: int) -> dict[str, Any] | None:
    """A round with its checkpoints and what was checked in at each; None if it is none of the viewer's."""
    row = session.execute(
        text(f"""
            with recursive {AREA}
            select {ROUND_COLUMNS}, p.grace_minutes, r.site_id,
                   (select json_agg(json_build_object(
                        'code', c.code, 'name', c.name, 'level', c.level, 'photo', c.photo,
                        'lon', st_x(c.geom), 'lat', st_y(c.geom),
                        'visited_at', (select min(k.at) from check_in k where k.round_id = r.id
                                       and k.checkpoint_id = c.id and (k.verdict = 'accepted' or k.upheld))
                    ) order by s.nth)
                    from unnest(r.stops) with ordinality as s (id, nth) join checkpoint c on c.id = s.id) as stops,
                   (select json_agg(json_build_object(
                        'number', k.id, 'checkpoint', c.code, 'at', k.at, 'method', k.method, 'verdict', k.verdict,
                        'reasons', k.reasons, 'upheld', k.upheld, 'off_m', round(k.off_m::numeric, 1)
                    ) order by k.at, k.id)
                    from check_in k left join checkpoint c on c.id = k.checkpoint_id
                    where k.round_id = r.id) as check_ins
            from {ROUND_TABLES} where r.id = :number and {seen_round(viewer)}
        """),
        {**of_viewer(viewer), "number": number},
    ).mappings().one_or_none()  # fmt: skip
    return None if row is None else {**row, "stops": row["stops"] or [], "check_ins": row["check_ins"] or []}


def give_round(session: Session, number: int, site_id: int, person: str) -> None:
    """Let another of the site walk a round."""
    session.execute(
        text("""
            update round set person_id = w.id from person w
            where round.id = :number and w.site_id = :site and w.code = :person
        """),
        {"number": number, "site": site_id, "person": person},
    )


def hold_rounds(session: Session, rounds: Iterable[int]) -> None:
    """Let nobody else tally rounds until the end of the transaction: what others have committed is then counted too."""
    session.execute(
        text("select id from round where id = any(:rounds) order by id for no key update"),
        {"rounds": sorted(set(rounds))},
    )


def tallies(session: Session, rounds: Iterable[int]) -> list[Row[Any]]:
    """What check-ins, or visits, that count have been made on rounds: how many of what is due, the first, the last."""
    rows = session.execute(
        text("""
            with counted as (
                select r.id, coalesce(k.checkpoint_id, 0) as stop, k.at from round r
                join check_in k on k.round_id = r.id and (k.verdict = 'accepted' or k.upheld)
                where r.id = any(:rounds)
                union all
                select r.id, v.household_id, v.at from round r join visit v on v.round_id = r.id
                where r.id = any(:rounds)
            ), stops as (
                select id, stop, min(at) as at from counted group by id, stop
            )
            select r.id, r.due, r.ends, r.status, r.told_at, p.grace_minutes, count(s.stop) as visited,
                   min(s.at) as first_at, max(s.at) as last_at
            from round r join patrol_plan p on p.id = r.plan_id left join stops s on s.id = r.id
            where r.id = any(:rounds) group by r.id, p.grace_minutes
        """),
        {"rounds": sorted(set(rounds))},
    )
    return list(rows)


def write_tallies(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """What has become of rounds."""
    session.execute(
        text("""
            update round set visited = g.visited, status = g.status, started_at = g.first_at, done_at = g.done_at
            from json_to_recordset(cast(:rows as json)) as g (
                id bigint, visited smallint, status text, first_at timestamptz, done_at timestamptz
            ) where round.id = g.id
        """),
        {"rows": json.dumps(rows, default=str)},
    )


def rounds_over(session: Session, at: datetime) -> list[Row[Any]]:
    """The rounds whose time is over and which are not done, held until the end of the transaction."""
    rows = session.execute(
        text("""
            select r.id, r.site_id, s.code as site, r.grid_code, r.role, w.code as person, r.starts, r.ends, r.due,
                   r.visited, p.code as plan, p.name
            from round r join patrol_plan p on p.id = r.plan_id join site s on s.id = r.site_id
            left join person w on w.id = r.person_id
            where r.status in ('planned', 'started') and r.ends + make_interval(mins => p.grace_minutes) < :at
              and r.told_at is null
            order by r.id for update of r skip locked
        """),
        {"at": at},
    )
    return list(rows)


def miss_rounds(session: Session, rounds: Sequence[int], at: datetime) -> None:
    """Note that rounds were missed, and that it was told."""
    session.execute(
        text("update round set status = 'missed', told_at = :at where id = any(:rounds)"),
        {"rounds": list(rounds), "at": at},
    )


def write_messages(session: Session, rows: Sequence[Mapping[str, Any]], at: datetime) -> None:
    """What people are to be told, for the outbox to send."""
    session.execute(
        text("""
            insert into message (site_id, kind, person_id, role, data, created_at, not_before)
            select g.site_id, g.kind, (select id from person w where w.site_id = g.site_id and w.code = g.person),
                   g.role, g.data, :at, g.not_before
            from json_to_recordset(cast(:rows as json)) as g (
                site_id bigint, kind text, person text, role text, data jsonb, not_before timestamptz
            )
        """),
        {"rows": json.dumps(rows, default=str), "at": at},
    )
