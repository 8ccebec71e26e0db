"""Tracks: points of where people were, and how much of the ground of a grid was really walked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

# How far a patroller sees to either side; and when two points belong to no common walk.
SIGHT_M: Final = 15.0
LONGEST_PAUSE: Final = timedelta(minutes=5)
LONGEST_STEP_M: Final = 250.0
# How finely walks are noted: nobody knows where he was more closely.
SQUARE_M: Final = 3.0


def lock_track(session: Session, person_id: int) -> None:
    """One upload of a person at a time, so that two of the same do not store it twice."""
    session.execute(
        text("select pg_advisory_xact_lock(1735549285, cast(:person % 2147483647 as int))"), {"person": person_id}
    )


def stored_points(session: Session, person_id: int, moments: Sequence[datetime], around: timedelta) -> list[Row[Any]]:
    """The points of a person in the time of some moments, and a little before and after."""
    rows = session.execute(
        text("""
            select at, st_x(geom) as lon, st_y(geom) as lat, accuracy_m from position
            where person_id = :person and at between :since and :until order by at
        """),
        {"person": person_id, "since": min(moments) - around, "until": max(moments) + around},
    )
    return list(rows)


def write_points(session: Session, person_id: int, rows: Sequence[Mapping[str, Any]], at: datetime) -> int:
    """Store points that are not there yet."""
    written = session.execute(
        text("""
            insert into position (person_id, at, received_at, accuracy_m, geom)
            select :person, g.at, :at, g.accuracy_m, st_setsrid(st_makepoint(g.lon, g.lat), 4326)
            from json_to_recordset(cast(:rows as json)) as g (at timestamptz, lon float8, lat float8, accuracy_m float8)
            where not exists (select 1 from position p where p.person_id = :person and p.at = g.at)
            order by g.at
        """),
        {"person": person_id, "rows": json.dumps(rows, default=str), "at": at},
    )
    return int(written.rowcount)  # type: ignore[attr-defined]


# Points of a person that follow one another closely are a walk, and what lies in sight of it has been walked. A month
# of walks crosses itself without end, so it is first noted on a lattice: however often one was there, it is one square.
COVERAGE: Final = """
    with ground as materialized (
        select g.id, g.code, g.name, g.tier, s.metric_epsg, st_expand(g.geom, 0.0005) as reach,
               (st_xmin(g.shape_m) - :sight) / :square as west, (st_xmax(g.shape_m) + :sight) / :square as east,
               (st_ymin(g.shape_m) - :sight) / :square as south, (st_ymax(g.shape_m) + :sight) / :square as north,
               coalesce(st_difference(g.shape_m, (
                   select st_union(b.shape_m) from building b
                   where b.site_id = e.site_id and st_intersects(b.shape_m, g.shape_m)
               )), g.shape_m) as walkable
        from grid g join edition e on e.id = g.edition_id join site s on s.id = e.site_id
        where e.id = :edition and g.code = any(:grids)
    ),
    fixes as materialized (
        select p.person_id, p.at, st_transform(p.geom, (select metric_epsg from ground limit 1)) as spot
        from person w join position p on p.person_id = w.id
        where w.site_id = :site and p.at >= :since and p.at < :until
          and (cast(:person as bigint) is null or w.id = :person)
          and p.geom && (select st_extent(reach)::geometry from ground)
    ),
    steps as materialized (
        select st_x(spot) as x, st_y(spot) as y, at - lag(at) over walk <= :pause as goes_on,
               st_x(lag(spot) over walk) as last_x, st_y(lag(spot) over walk) as last_y
        from fixes window walk as (partition by person_id order by at)
    ),
    lengths as (
        select x, y, case when goes_on and d <= :step then last_x - x else 0 end as back_x,
               case when goes_on and d <= :step then last_y - y else 0 end as back_y,
               case when goes_on and d <= :step then ceil(d / :square) else 0 end as n
        from (select *, sqrt((x - last_x) ^ 2 + (y - last_y) ^ 2) as d from steps) measured
    ),
    squares as materialized (
        select distinct floor((x + back_x * k / greatest(n, 1)) / :square) as column_,
               floor((y + back_y * k / greatest(n, 1)) / :square) as row_
        from lengths cross join lateral generate_series(0, n::int) as k
    ),
    seen as (
        select g.id, st_buffer(st_union(st_makeenvelope(
            q.column_ * :square, q.row_ * :square, (q.column_ + 1) * :square, (q.row_ + 1) * :square
        )), :sight - :square / 2, 4) as seen
        from ground g join squares q
          on q.column_ between g.west - 1 and g.east and q.row_ between g.south - 1 and g.north
        group by g.id
    )
    select g.code, g.name, g.tier, st_area(g.walkable) as walkable_m2,
           coalesce(st_area(st_intersection(g.walkable, s.seen)), 0) as walked_m2
    from ground g left join seen s on s.id = g.id order by g.tier desc, g.code
"""


def coverage(
    session: Session,
    site_id: int,
    edition_id: int,
    grids: Sequence[str],
    since: datetime,
    until: datetime,
    person_id: int | None = None,
) -> list[Row[Any]]:
    """For each grid: its ground without buildings in m2, and how much of it was in sight of a walk."""
    return list(
        session.execute(
            text(COVERAGE),
            {
                "edition": edition_id, "grids": list(grids), "site": site_id, "since": since, "until": until,
                "person": person_id, "pause": LONGEST_PAUSE, "step": LONGEST_STEP_M, "sight": SIGHT_M,
                "square": SQUARE_M,
            },
        )
    )  # fmt: skip


def checkpoint_coverage(
    session: Session, site_id: int, codes: Sequence[str] | None, since: datetime, until: datetime
) -> list[Row[Any]]:
    """For each checkpoint: on how many rounds it was due in a time, on how many it was visited, and when last."""
    return list(
        session.execute(
            text("""
                select c.code, c.name, count(distinct r.id) as due, count(distinct k.round_id) as visited,
                       (select max(k.at) from check_in k where k.checkpoint_id = c.id
                        and (k.verdict = 'accepted' or k.upheld) and k.at < :until) as last_visit
                from checkpoint c
                left join round r on r.site_id = c.site_id and c.id = any(r.stops) and r.status <> 'cancelled'
                                 and r.ends > :since and r.ends <= :until
                left join check_in k on k.round_id = r.id and k.checkpoint_id = c.id
                                    and (k.verdict = 'accepted' or k.upheld)
                where c.site_id = :site and (c.closed_at is null or c.closed_at > :since)
                  and (cast(:codes as text[]) is null or c.code = any(cast(:codes as text[])))
                group by c.id order by c.code
            """),
            {"site": site_id, "codes": None if codes is None else list(codes), "since": since, "until": until},
        )
    )
