"""What forms are filled from: issues, rounds, inspections and history, as far as a viewer may see and read them."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
from sqlalchemy.orm import Session

from gridmap.domain.periods import Window
from gridmap.domain.rights import Viewer
from gridmap.storage.places import read_table
from gridmap.storage.sight import AREA, of_viewer, seen
from gridmap.storage.views import UNDER

# The subjects of inspections that are of cleaning.
OF_CLEANING: Final = (10, 11, 12, 13, 14, 15)
_UNDER: Final = """
    cast(:grid as text) is null or :grid in (i.tier1, i.tier2, i.tier3, i.owner_grid)
"""


def _issue_columns(viewer: Viewer) -> str:
    """An issue as forms have it; words and names only for those who may have them."""
    words = "i.text" if viewer.reach("words") else "null::text"
    name, code = ("{}.name", "h.code") if viewer.reach("people") else ("null::text", "null::text")
    return f"""
        i.code, c.code as category, c.name as category_name, c."group", i.kind, i.urgency, i.status, i.level,
        coalesce(i.tier3, i.tier2, i.tier1) as grid, i.tier2, f.code as facility, i.reported_at, i.first_answer_at,
        i.accepted_at, i.on_site_at, i.resolved_at, i.closed_at, i.closed_as, i.reworks, i.satisfaction,
        coalesce(d.due_at, i.due_at) as due_at, i.owner_role, {name.format("o")} as owner, i.handler_role,
        {name.format("h")} as handler, {code} as handler_code, h.organisation, {words} as text
    """


_ISSUE_TABLES: Final = """
    issue i join category c on c.id = i.category_id left join facility f on f.id = i.facility_id
    left join person o on o.id = i.owner_id left join person h on h.id = i.handler_id
    left join deadline d on d.issue_id = i.id and d.stamp = 'resolved'
"""


def issues(
    session: Session,
    viewer: Viewer,
    site_id: int,
    window: Window,
    *,
    grid: str | None = None,
    groups: tuple[str, ...] = (),
    handlers: tuple[str, ...] = (),
) -> pd.DataFrame:
    """The issues that were reported in a period: of a grid and all in it, of groups, handled by some roles."""
    return read_table(
        session,
        f"""
        with recursive {AREA} select {_issue_columns(viewer)} from {_ISSUE_TABLES}
        where i.site_id = :site and i.reported_at >= :start and i.reported_at < :end and ({_UNDER})
          and (cast(:groups as text[]) = '{{}}' or c."group" = any(cast(:groups as text[])))
          and (cast(:handlers as text[]) = '{{}}' or i.handler_role = any(cast(:handlers as text[])))
          and {seen(viewer)} order by i.reported_at, i.id
        """,
        {
            **of_viewer(viewer), "site": site_id, "start": window.start, "end": window.end, "grid": grid,
            "groups": list(groups), "handlers": list(handlers),
        },
    )  # fmt: skip


def history(session: Session, viewer: Viewer, site_id: int, window: Window, grid: str | None) -> pd.DataFrame:
    """What happened to issues in a period, line by line."""
    words = "e.note" if viewer.reach("words") else "null::text"
    name = "a.name" if viewer.reach("people") else "null::text"
    return read_table(
        session,
        f"""
        with recursive {AREA}
        select e.at, i.code, c.code as category, c.name as category_name, coalesce(i.tier3, i.tier2, i.tier1) as grid,
               e.action, e.status, e.role, {name} as person, {words} as note
        from issue_event e join issue i on i.id = e.issue_id join category c on c.id = i.category_id
        left join person a on a.id = e.actor_id
        where i.site_id = :site and e.at >= :start and e.at < :end and ({_UNDER}) and {seen(viewer)}
        order by e.at, e.id
        """,
        {**of_viewer(viewer), "site": site_id, "start": window.start, "end": window.end, "grid": grid},
    )


def rounds(session: Session, viewer: Viewer, site_id: int, window: Window, grid: str | None) -> pd.DataFrame:
    """The rounds of a period with what came of each, his own and those on his ground; no visits to households."""
    whole = viewer.reach("rounds") == "area" and viewer.grids is None
    mine = "r.person_id = :viewer_person" if viewer.person_id is not None else "false"
    there = "r.grid_code = any(array(select code from area))" if viewer.reach("rounds") == "area" else "false"
    name = "p.name" if viewer.reach("people") else "null::text"
    return read_table(
        session,
        f"""
        with recursive {AREA}
        select r.starts, r.ends, plan.name as plan, r.grid_code as grid, r.role, {name} as person, r.status, r.due,
               r.visited, r.started_at, r.done_at,
               (select count(*) from check_in k where k.round_id = r.id and k.verdict = 'doubtful') as doubtful
        from round r join patrol_plan plan on plan.id = r.plan_id left join person p on p.id = r.person_id
        where r.site_id = :site and r.starts >= :start and r.starts < :end and plan.kind = 'patrol'
          and (cast(:under as text) is null
               or r.grid_code in (select g.code from grid g where g.id = any(array({UNDER}))))
          and {"true" if whole else f"({mine} or {there})"}
        order by r.starts, r.grid_code, r.id
        """,
        {
            **of_viewer(viewer), "site": site_id, "start": window.start, "end": window.end, "under": grid,
        },
    )  # fmt: skip


def cleaning_checks(session: Session, viewer: Viewer, site_id: int, window: Window) -> pd.DataFrame:
    """What inspections of cleaning found in a period, by cluster and subject: how much was looked at, and passed."""
    whole = "true" if viewer.grids is None else "g.code in (select code from area)"
    return read_table(
        session,
        f"""
        with recursive {AREA},
        up as (
            select g.id as leaf, g.id, g.parent_id, g.tier, g.code from grid g join edition e on e.id = g.edition_id
            where e.site_id = :site and e.status <> 'draft' and e.valid_from < :end
              and (e.valid_to is null or e.valid_to >= :end)
            union all
            select up.leaf, g.id, g.parent_id, g.tier, g.code from grid g join up on g.id = up.parent_id
        )
        select coalesce(top.code, g.code, '') as cluster, n.subject, count(*) as looked,
               count(*) filter (where n.passed) as passed, coalesce(sum(n.rechecks), 0) as rechecks
        from inspection c join inspection_answer n on n.inspection_id = c.id
        left join up g on g.id = g.leaf and g.code = c.grid_code
        left join up top on top.leaf = g.leaf and top.tier = 2
        where c.site_id = :site and c.at >= :start and c.at < :end and n.subject = any(:subjects)
          and n.passed is not null and {whole}
        group by 1, 2 order by 1, 2
        """,
        {
            **_bound(viewer), "site": site_id, "start": window.start, "end": window.end, "subjects": list(OF_CLEANING),
        },
    )  # fmt: skip


def _bound(viewer: Viewer) -> dict[str, Any]:
    return {name: value for name, value in of_viewer(viewer).items() if name in ("viewer_site", "viewer_grids")}
