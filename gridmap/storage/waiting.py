"""What waits for somebody, and what is likely the same as something else."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.duplicates import Near
from gridmap.domain.lifecycle import HANDLED, STAMPS, waits_for
from gridmap.domain.rights import Viewer
from gridmap.storage.sight import AREA, of_viewer, seen
from gridmap.storage.views import ISSUE_TABLES, issue_columns

# The first deadline of an issue that has not been met.
NEXT_DUE: Final = """
    left join lateral (
        select d.stamp, d.due_at from deadline d
        where d.issue_id = i.id and i.held_at is null and case d.stamp {} end is null
        order by d.due_at limit 1
    ) next on true
""".format(" ".join(f"when '{stamp}' then i.{stamp}_at" for stamp in STAMPS))

MINE: Final = """(
    i.handler_id = :viewer_person and i.status = any(cast(:handled as text[]))
    or i.owner_id = :viewer_person and i.status in ('reported', 'filed')
    or i.status = any(cast(:waiting as text[])) and coalesce(i.handler_id <> :viewer_person, true)
)"""


def work_of(session: Session, viewer: Viewer, at: datetime, limit: int) -> list[dict[str, Any]]:
    """What waits for somebody, the most pressing first: what he has in hand, and what those of his role see to."""
    return _listed(
        session, viewer, at, MINE, {"handled": list(HANDLED), "waiting": list(waits_for(viewer.role))}, limit
    )


def queue_of(session: Session, viewer: Viewer, at: datetime, limit: int) -> list[dict[str, Any]]:
    """What waits to be handed out, the most pressing first."""
    return _listed(session, viewer, at, "i.status in ('reported', 'filed')", {}, limit)


def _listed(
    session: Session, viewer: Viewer, at: datetime, condition: str, values: dict[str, Any], limit: int
) -> list[dict[str, Any]]:
    rows = session.execute(
        text(f"""
            with recursive {AREA}
            select row_to_json(v) as issue from {ISSUE_TABLES} {NEXT_DUE}
            cross join lateral (
                select {issue_columns(viewer)}, st_x(i.geom) as lon, st_y(i.geom) as lat,
                       next.stamp as next_stamp, next.due_at as next_due_at, i.look_at
            ) v
            where {seen(viewer)} and i.status not in ('closed', 'void', 'merged') and {condition}
            order by i.urgency not in ('life', 'emergency'), next.due_at nulls last, i.reported_at, i.id limit :limit
        """),
        {**of_viewer(viewer), **values, "now": at, "limit": limit},
    )
    return list(rows.scalars())


def alike(
    session: Session,
    viewer: Viewer,
    spot: tuple[float, float],
    category: str,
    near: Near,
    at: datetime,
    but: str | None = None,
) -> list[dict[str, Any]]:
    """Open issues of one category that were reported near a spot shortly before, the nearest first.

    Of those the viewer may not see, only that there is something, since when and how near.
    """
    words = "case when mine.sees then i.text end" if viewer.reach("words") else "null"
    rows = session.execute(
        text(f"""
            with recursive {AREA}, spot as (select st_setsrid(st_makepoint(:lon, :lat), 4326)::geography as geog)
            select json_build_object('code', case when mine.sees then i.code end,
                                     'status', i.status, 'reported_at', i.reported_at,
                                     'text', {words},
                                     'metres', round(st_distance(i.geom::geography, spot.geog)::numeric, 1)) as issue
            from issue i join category c on c.id = i.category_id cross join spot
            cross join lateral (select {seen(viewer)} as sees) mine
            where c.code = :category and i.status not in ('closed', 'void', 'merged')
              and (:viewer_site is null or i.site_id = :viewer_site) and (mine.sees or i.about_id is null)
              and i.reported_at <= :at and i.reported_at > :since and (cast(:but as text) is null or i.code <> :but)
              and i.geom && st_expand(st_setsrid(st_makepoint(:lon, :lat), 4326), :reach_deg)
              and st_dwithin(i.geom::geography, spot.geog, :metres)
            order by st_distance(i.geom::geography, spot.geog), i.id limit 10
        """),
        {
            **of_viewer(viewer), "lon": spot[0], "lat": spot[1], "category": category, "metres": near.metres,
            "reach_deg": near.metres / 20_000 if abs(spot[1]) > 80 else near.metres / 30_000, "at": at,
            "since": at - near.within, "but": but,
        },
    )  # fmt: skip
    return list(rows.scalars())
