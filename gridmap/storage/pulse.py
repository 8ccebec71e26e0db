"""How a day goes: what of it is settled, and how quickly people are answered, this week and the week before."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.attention import ATTENTIONS
from gridmap.domain.rights import Viewer
from gridmap.storage.attention import ATTENTION
from gridmap.storage.sight import AREA, of_viewer, seen


def pulse(
    session: Session, viewer: Viewer, site_id: int, now: datetime, day: tuple[datetime, datetime]
) -> dict[str, Any]:
    """What is open by what it asks for; of what is due on a day or was settled on it, how much is settled.

    And the median minutes to the first answer, of this week and of the one before it.
    """
    weeks = now - timedelta(days=7), now - timedelta(days=14)
    row = session.execute(
        text(f"""
            with recursive {AREA},
            of_day as (
                select i.resolved_at is not null or i.status in ('closed', 'void', 'merged') as settled from issue i
                where i.site_id = :site and {seen(viewer)}
                  and (i.due_at >= :begins and i.due_at < :ends or i.resolved_at >= :begins and i.resolved_at < :ends)
            ),
            answered as (
                select extract(epoch from i.first_answer_at - i.reported_at) / 60 as minutes,
                       i.reported_at >= :week as new
                from issue i
                where i.site_id = :site and {seen(viewer)} and i.reported_at >= :week_before
                  and i.first_answer_at is not null
            )
            select (
                select coalesce(json_object_agg(asked, many), '{{}}') from (
                    select {ATTENTION} as asked, count(*) as many from issue i
                    where i.site_id = :site and i.status not in ('closed', 'void', 'merged')
                      and {seen(viewer)} group by 1
                ) open
            ) as open, (select count(*) from of_day) as due, (select count(*) from of_day where settled) as settled,
                   (select percentile_cont(0.5) within group (order by minutes) from answered where new) as now,
                   (select percentile_cont(0.5) within group (order by minutes) from answered where not new) as before
        """),
        {
            **of_viewer(viewer), "site": site_id, "begins": day[0], "ends": day[1], "week": weeks[0],
            "week_before": weeks[1], "now": now,
        },
    ).one()  # fmt: skip
    minutes = {"answer_minutes": row.now, "before_minutes": row.before}
    return {
        "open": {name: row.open.get(name, 0) for name in ATTENTIONS},
        "settled": row.settled,
        "due": row.due,
        **{name: None if value is None else round(float(value), 1) for name, value in minutes.items()},
    }
