"""Who is out on the ground: where staff on duty were last, and the ways they walked on their rounds."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.rights import Viewer
from gridmap.storage.plan_views import Plan, of_plan
from gridmap.storage.rounds import seen_round
from gridmap.storage.sight import AREA, PART, of_viewer
from gridmap.storage.tracks import LONGEST_PAUSE, LONGEST_STEP_M

# What is older says nothing of where somebody is; who has no shifts, and was not seen for so long, has gone home.
LONGEST: Final = timedelta(hours=24)
UNSHIFTED: Final = timedelta(hours=4)
# More rounds than this nobody can tell apart on a map.
MOST_TRACKS: Final = 500


def staff(session: Session, viewer: Viewer, plan: Plan) -> str:
    """Where those on duty were last, as the text of a FeatureCollection: of the viewer's part of the tree and the site.

    Nobody is shown after his shift, nor by a position from before it. Who has but his own rounds to see sees himself.
    """
    phone = ", 'phone', p.phone" if viewer.reach("phones") else ""
    himself = "p.id = :viewer_person" if viewer.reach("rounds") == "work" else "true"
    return str(
        session.execute(
            text(f"""
                with recursive {PART}, seen as (
                    select p.id, p.code, p.name, p.phone, (array_agg(post.role order by post.grid_code nulls last))[1]
                           as role, (array_agg(post.grid_code order by post.grid_code))[1] as grid
                    from post join person p on p.id in (post.person_id, post.deputy_id)
                    where post.site_id = :site and post.valid_from <= :now
                      and (post.valid_to is null or :now < post.valid_to)
                      and (:whole or post.grid_code is null or post.grid_code in (select code from up))
                      and {himself}
                    group by p.id
                )
                select json_build_object('type', 'FeatureCollection', 'features', coalesce(json_agg(json_build_object(
                    'type', 'Feature', 'id', p.code, 'geometry', st_asgeojson(here.geom, 7)::json,
                    'properties', json_build_object(
                        'code', p.code, 'name', p.name, 'role', p.role, 'grid', p.grid, 'at', here.at,
                        'accuracy_m', here.accuracy_m, 'until', duty.ends{phone}
                    )
                ) order by p.code), '[]'::json))::text
                from seen p
                left join lateral (
                    select s.starts, s.ends from shift s
                    where s.person_id = p.id and s.starts <= :now and :now < s.ends limit 1
                ) duty on true
                join lateral (
                    select at, geom, accuracy_m from position
                    where person_id = p.id and at <= :now and at > :now - cast(:longest as interval)
                    order by at desc limit 1
                ) here on true
                where case when duty.starts is not null then here.at >= duty.starts
                      else here.at > :now - cast(:unshifted as interval) and not exists (
                          select 1 from shift s where s.person_id = p.id
                            and tstzrange(s.starts, s.ends) && tstzrange(:now - interval '36 hours',
                                                                         :now + interval '36 hours')
                      ) end
            """),
            {**of_plan(viewer, plan), "longest": LONGEST, "unshifted": UNSHIFTED},
        ).scalar_one()
    )


def tracks(session: Session, viewer: Viewer, site_id: int, since: datetime, until: datetime) -> str:
    """The ways walked on rounds that begin in [since, until), as the text of a FeatureCollection, a feature a round.

    Points that are far apart in time or place belong to no common way.
    """
    return str(
        session.execute(
            text(f"""
                with recursive {AREA}, walked as materialized (
                    select r.id, p.code as plan, p.name, w.code as person, w.name as person_name, r.person_id,
                           r.grid_code, r.status, r.due, r.visited, coalesce(r.started_at, r.starts) as begins,
                           coalesce(r.done_at, r.ends) as ends
                    from round r join patrol_plan p on p.id = r.plan_id join person w on w.id = r.person_id
                    where r.site_id = :site and r.starts >= :since and r.starts < :until
                      and r.status not in ('planned', 'cancelled') and {seen_round(viewer)}
                    order by r.starts desc limit :most
                ),
                points as (
                    select v.id, here.at, here.geom,
                           here.at - lag(here.at) over walk > :pause or st_distance(
                               here.geom::geography, (lag(here.geom) over walk)::geography
                           ) > :step as breaks
                    from walked v join position here
                      on here.person_id = v.person_id and here.at >= v.begins and here.at <= v.ends
                    window walk as (partition by v.id order by here.at)
                ),
                parts as (
                    select id, at, geom, count(*) filter (where breaks) over (partition by id order by at) as part
                    from points
                ),
                ways as (
                    select id, st_makeline(geom order by at) as way from parts group by id, part having count(*) > 1
                ),
                lines as (select id, st_multi(st_collect(way)) as geom from ways group by id)
                select json_build_object('type', 'FeatureCollection', 'features', coalesce(json_agg(json_build_object(
                    'type', 'Feature', 'id', v.id, 'geometry', st_asgeojson(l.geom, 6)::json,
                    'properties', json_build_object(
                        'number', v.id, 'plan', v.plan, 'name', v.name, 'grid', v.grid_code, 'status', v.status,
                        'due', v.due, 'visited', v.visited, 'begins', v.begins, 'ends', v.ends,
                        'person', json_build_object('code', v.person, 'name', v.person_name)
                    )
                ) order by v.begins, v.id), '[]'::json))::text
                from walked v join lines l on l.id = v.id
            """),
            {
                **of_viewer(viewer), "site": site_id, "since": since, "until": until, "pause": LONGEST_PAUSE,
                "step": LONGEST_STEP_M, "most": MOST_TRACKS,
            },
        ).scalar_one()
    )  # fmt: skip
