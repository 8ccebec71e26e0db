"""Check-ins: what is known of each, of all that were sent, by one statement; stored by another."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from gridmap.domain.rights import Viewer
from gridmap.storage.rounds import seen_round
from gridmap.storage.sight import AREA, of_viewer

# A round is found for a check-in that names none, as long as it is about its time.
_ABOUT: Final = "interval '2 hours'"

FACTS: Final = f"""
    with given as materialized (
        select g.*, case when g.lon is not null then st_setsrid(st_makepoint(g.lon, g.lat), 4326) end as geom
        from json_to_recordset(cast(:rows as json)) as g (
            n int, uid text, person_id bigint, round bigint, checkpoint text, token text, at timestamptz,
            lon float8, lat float8, photo bigint
        )
    ),
    placed as materialized (
        select g.*, w.site_id, k.id as known_id, k.verdict as known_verdict, k.reasons as known_reasons,
               k.round_id as known_round,
               c.id as checkpoint_id, c.geom as spot, c.radius_m, c.photo as photo_wanted,
               case when g.token is not null
                    then c.token_digest is not distinct from decode(g.token, 'hex') end as fits,
               ph.id as photo_id
        from given g join person w on w.id = g.person_id
        left join check_in k on k.person_id = g.person_id and k.uid = g.uid
        -- Each way by its own index: as one condition it would be asked of every checkpoint there is.
        left join lateral (
            select c.* from checkpoint c
            where c.site_id = w.site_id and (c.closed_at is null or c.closed_at > g.at) and c.code = g.checkpoint
            union all
            select c.* from checkpoint c
            where c.site_id = w.site_id and (c.closed_at is null or c.closed_at > g.at)
              and g.checkpoint is null and c.token_digest = decode(g.token, 'hex')
        ) c on true
        left join photo ph on ph.id = g.photo and ph.site_id = w.site_id
    ),
    walked as materialized (
        select p.*, r.id as round_id, r.starts, r.ends, r.grid_code, r.status as round_status, plan.grace_minutes,
               r.person_id = p.person_id as his,
               case when p.checkpoint_id is null then cardinality(r.stops) = 0
                    else p.checkpoint_id = any(r.stops) end as on_route
        from placed p
        left join lateral (
            select r.* from round r where r.id = p.round and r.site_id = p.site_id
            union all
            (select r.* from round r
             where p.round is null and r.person_id = p.person_id and r.status <> 'cancelled'
               and r.starts - {_ABOUT} <= p.at and r.ends + {_ABOUT} > p.at
               and (p.checkpoint_id = any(r.stops) or p.checkpoint_id is null and cardinality(r.stops) = 0)
             order by greatest(r.starts - p.at, p.at - r.ends, interval '0'), r.ends - r.starts, r.id limit 1)
        ) r on true
        left join patrol_plan plan on plan.id = r.plan_id
    ),
    around as (
        select person_id, round_id, checkpoint_id, at, geom, n from walked where known_id is null
        union all
        select k.person_id, k.round_id, k.checkpoint_id, k.at, k.geom, -1 from check_in k
        where k.verdict <> 'refused' and k.person_id = any(array(select person_id from given))
          and k.at between (select min(at) - interval '1 hour' from given) and (select max(at) from given)
    ),
    before as (
        select n, lag(at) over walk as last_at, lag(geom) over walk as last_geom,
               lag(at) over same as same_at
        from around
        window walk as (partition by person_id, geom is null order by at, n),
               same as (partition by person_id, round_id, checkpoint_id order by at, n)
    )
    select w.n, w.site_id, w.person_id, w.uid, w.at, w.known_id, w.known_verdict, w.known_reasons, w.known_round,
           w.round, w.checkpoint, w.checkpoint_id, w.round_id, w.his, w.on_route, w.starts, w.ends, w.round_status,
           w.grace_minutes, w.fits, w.radius_m, w.photo_wanted, w.photo_id,
           case when w.geom is null then null
                when w.spot is not null then st_distancesphere(w.geom, w.spot)
                when w.round_id is null or w.grid_code is null then 0
                else (select min(st_distance(g.shape_m, st_setsrid(st_transform(w.geom, s.metric_epsg), 0)))
                      from grid g join edition e on e.id = g.edition_id join site s on s.id = e.site_id
                      where e.site_id = w.site_id and g.code = w.grid_code and e.status <> 'draft'
                        and e.valid_from <= w.at and (e.valid_to is null or w.at < e.valid_to)) end as off_m,
           b.last_at, st_distancesphere(w.geom, b.last_geom) as last_m, b.same_at,
           exists (select 1 from check_in k where k.person_id = w.person_id and k.checkpoint_id = w.checkpoint_id
                   and k.at = w.at and k.uid <> w.uid) as replayed
    from walked w left join before b on b.n = w.n
    order by w.n
"""


def facts(session: Session, rows: Sequence[Mapping[str, Any]]) -> list[Row[Any]]:
    """What is known of check-ins that were sent, in their order; those of unknown people are left out."""
    return list(session.execute(text(FACTS), {"rows": json.dumps(rows, default=str)}))


def write(session: Session, rows: Sequence[Mapping[str, Any]], at: datetime) -> dict[tuple[int, str], int]:
    """Store check-ins, and where they were made as positions: the numbers of those that were new, by person and uid."""
    written = session.execute(
        text("""
            with given as materialized (
                select g.*, case when g.lon is not null then st_setsrid(st_makepoint(g.lon, g.lat), 4326) end as geom
                from json_to_recordset(cast(:rows as json)) as g (
                    uid text, person_id bigint, round_id bigint, checkpoint_id bigint, at timestamptz, method text,
                    lon float8, lat float8, accuracy_m float8, off_m float8, verdict text, reasons json,
                    photo_id bigint, note text
                )
            ), stored as (
                insert into check_in (uid, person_id, round_id, checkpoint_id, at, received_at, method, accuracy_m,
                                      off_m, verdict, reasons, photo_id, note, geom)
                select uid, person_id, round_id, checkpoint_id, at, :at, method, accuracy_m, off_m, verdict,
                       array(select json_array_elements_text(reasons)), photo_id, note, geom from given
                on conflict (person_id, uid) do nothing
                returning id, person_id, uid, at, accuracy_m, geom, verdict
            ), walked as (
                insert into position (person_id, at, received_at, accuracy_m, geom)
                select person_id, at, :at, accuracy_m, geom from stored s
                where geom is not null and verdict <> 'refused'
                  and not exists (select 1 from position p where p.person_id = s.person_id and p.at = s.at)
            )
            select id, person_id, uid from stored
        """),
        {"rows": json.dumps(rows, default=str), "at": at},
    )
    return {(person_id, uid): number for number, person_id, uid in written}


def check_in_seen(session: Session, viewer: Viewer, number: int) -> Row[Any] | None:
    """A check-in on a round that the viewer may see: its round, its verdict and whose it is."""
    return session.execute(
        text(f"""
            with recursive {AREA}
            select k.id, k.round_id, k.person_id, k.verdict, k.upheld from check_in k join round r on r.id = k.round_id
            where k.id = :number and {seen_round(viewer)} for update of k
        """),
        {**of_viewer(viewer), "number": number},
    ).one_or_none()


def uphold(session: Session, number: int, account_id: int, at: datetime, *, upheld: bool) -> None:
    """What a superior made of a doubtful check-in."""
    session.execute(
        text("update check_in set upheld = :upheld, judged_by = :account, judged_at = :at where id = :number"),
        {"number": number, "upheld": upheld, "account": account_id, "at": at},
    )
