"""What indicators are counted from: the issues and rounds of a site and a period, one row each."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import pandas as pd
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.lifecycle import STAMPS
from gridmap.domain.periods import Window
from gridmap.domain.rights import Viewer
from gridmap.storage.places import read_table
from gridmap.storage.reading import copied, moment
from gridmap.storage.sight import AREA, HERE, of_viewer, seen

# How long before a period what came back in it may have been reported.
LOOK_BACK: Final = timedelta(days=30)

_STAMPED: Final = tuple(f"{stamp}_at" for stamp in STAMPS)
_DUE: Final = tuple(f"{stamp}_due" for stamp in STAMPS)
KINDS: Final[dict[str, str]] = {
    "code": "text", "category": "word", "group": "word", "kind": "word", "urgency": "word", "status": "word",
    "facility": "word", "lon": "float8", "lat": "float8", "tier1": "word", "tier2": "word", "tier3": "word",
    "owner": "word", "owner_role": "word", "owner_grid": "word", "post": "word",
    "handler": "word", "handler_role": "word", "contractor": "word",
    "reported_at": "moment", **dict.fromkeys(_STAMPED, "moment"), "closed_at": "moment",
    **dict.fromkeys(_DUE, "moment"), "closed_as": "word", "reopens": "integer", "reopened_at": "moment",
    "reworks": "integer", "satisfaction": "integer", "answered_at": "moment", "look_at": "moment",
    "waiting": "boolean", "referred": "boolean", "self_made": "boolean",
}  # fmt: skip

# An issue belongs to a period if anything that an indicator asks about lies in it: it was reported (or shortly before,
# for what comes back), resolved or closed, a limit passes, it was answered or reopened; or it is with others.
# Each way to belong to it is looked for by itself: in one condition they would be tried on every issue there is.
_WANTED: Final = """
    wanted as materialized (
        select i.id from issue i where i.site_id = :site and (
            i.reported_at >= :since and i.reported_at < :end
            or i.resolved_at >= :start and i.resolved_at < :end or i.closed_at >= :start and i.closed_at < :end
            or i.due_at >= :start and i.due_at < :end or i.status = 'referred' and i.reported_at < :end
        )
        union
        select d.issue_id from deadline d where d.due_at >= :start and d.due_at < :end
        union
        select f.issue_id from follow_up f where f.at >= :start and f.at < :end
        union
        select e.issue_id from issue i join issue_event e on e.issue_id = i.id
        where i.site_id = :site and i.reopens > 0 and e.action = 'reopen' and e.at >= :start and e.at < :end
    )
"""

# What was due by a limit of its own; an issue that came with its only limit, and no other, has that for resolving.
_LIMITS: Final = """
    left join (
        select d.issue_id, {stamps} from wanted join deadline d on d.issue_id = wanted.id group by d.issue_id
    ) d on d.issue_id = i.id
""".format(stamps=", ".join(f"max(d.due_at) filter (where d.stamp = '{stamp}') as {stamp}" for stamp in STAMPS))

# The reporter's last answer within the period; what was stored with the issue alone was said when it was closed.
_ANSWERS: Final = """
    left join (
        select distinct on (f.issue_id) f.issue_id, f.at, f.satisfaction from follow_up f
        where f.satisfaction is not null and f.at >= :start and f.at < :end order by f.issue_id, f.at desc, f.id desc
    ) f on f.issue_id = i.id
"""
_SAID: Final = """
    when i.satisfaction is not null and not exists (select 1 from follow_up other where other.issue_id = i.id) then
"""

# Found by who owns or handles it: he reported it, as himself or by the account of his post, or failed it in a check.
_SELF_MADE: Final = """
    a.person_id in (i.owner_id, i.handler_id)
    or a.person_id is null and a.role = i.owner_role and a.grid_code = i.owner_grid
    or exists (
        select 1 from inspection_answer n join inspection c on c.id = n.inspection_id
        where n.issue_id = i.id and c.person_id in (i.owner_id, i.handler_id)
    )
"""

_CONTRACTOR: Final = """
    case when i.handler_role = 'contractor' then coalesce(h.organisation, h.code)
         when i.owner_role = 'contractor' then coalesce(o.organisation, o.code) end
"""

_TABLES: Final = f"""
    wanted join issue i on i.id = wanted.id join category c on c.id = i.category_id
    left join facility fa on fa.id = i.facility_id
    left join person o on o.id = i.owner_id left join person h on h.id = i.handler_id
    left join reporter r on r.issue_id = i.id left join account a on a.id = r.account_id
    {_LIMITS} {_ANSWERS}
"""


def _columns() -> dict[str, str]:
    """How each column is made."""
    due = {f"{stamp}_due": moment(f"d.{stamp}") for stamp in STAMPS}
    due["resolved_due"] = moment("case when d.issue_id is not null then d.resolved else i.due_at end")
    return {
        "code": "i.code", "category": "c.code", "group": 'c."group"', "kind": "i.kind", "urgency": "i.urgency",
        "status": "i.status", "facility": "fa.code", "lon": "st_x(i.geom)", "lat": "st_y(i.geom)",
        "tier1": "i.tier1", "tier2": "i.tier2", "tier3": "i.tier3",
        "owner": "o.code", "owner_role": "i.owner_role", "owner_grid": "i.owner_grid",
        "post": "concat_ws(' ', i.owner_role, i.owner_grid)",
        "handler": "h.code", "handler_role": "i.handler_role", "contractor": _CONTRACTOR,
        "reported_at": moment("i.reported_at"), **{name: moment(f"i.{name}") for name in (*_STAMPED, "closed_at")},
        **due, "closed_as": "i.closed_as", "reopens": "i.reopens",
        "reopened_at": moment("""case when i.reopens > 0 then (
            select max(e.at) from issue_event e
            where e.issue_id = i.id and e.action = 'reopen' and e.at >= :start and e.at < :end) end"""),
        "reworks": "i.reworks",
        "satisfaction": f"case when f.at is not null then f.satisfaction {_SAID} i.satisfaction end",
        "answered_at": moment(f"case when f.at is not null then f.at {_SAID} i.closed_at end"),
        "look_at": moment("i.look_at"),
        "waiting": "i.held_at is not null or i.status in ('on_hold', 'referred')",
        "referred": "i.status = 'referred' or coalesce(jsonb_typeof(i.present -> 'referral') = 'object', false)",
        "self_made": f"coalesce({_SELF_MADE}, false)",
    }  # fmt: skip


def issue_facts(session: Session, site_id: int, window: Window, viewer: Viewer | None = None) -> pd.DataFrame:
    """The issues a period's indicators are counted from, with the columns of frames.ISSUE_FACTS; all, or a viewer's.

    Words that are said again and again are categories. Nobody's work is counted from what he may not see.
    """
    chosen = _columns()
    area, condition, values = "", "true", {}
    if viewer is not None:
        area, condition, values = f"{AREA},", f"{seen(viewer)} and {_own(viewer)}", of_viewer(viewer)
    query = f"""
        with recursive {area} {_WANTED}
        select {", ".join(chosen[name] for name in KINDS)} from {_TABLES} where i.site_id = :site and {condition}
    """
    asked = {"site": site_id, "start": window.start, "end": window.end, "since": window.start - LOOK_BACK}
    bound = {name: value for name, value in {**values, **asked}.items() if f":{name}" in query}
    return copied(session, query, bound, KINDS)


def _own(viewer: Viewer) -> str:
    """What is counted for a viewer: the work of his ground; or his own alone, not that of those he works with."""
    if viewer.reach("issues") == "work":
        return "(:viewer_person in (i.owner_id, i.handler_id))"
    return "true" if viewer.grids is None else f"({HERE})"


def grids_of(session: Session, viewer: Viewer) -> set[str] | None:
    """The codes of the grids that are a viewer's and of all below them; None for all of the site."""
    if viewer.grids is None:
        return None
    query = f"with recursive {AREA} select code from area"
    bound = {name: value for name, value in of_viewer(viewer).items() if f":{name}" in query}
    return set(session.execute(text(query), bound).scalars())


def rounds(session: Session, site_id: int, window: Window, viewer: Viewer | None = None) -> pd.DataFrame:
    """The rounds whose time ends in a period, with the columns of frames.ROUNDS; all, or those of a viewer's part."""
    area, condition, values = "", "true", {}
    if viewer is not None:
        area, condition, values = f"with recursive {AREA}", _rounds_seen(viewer), of_viewer(viewer)
    query = f"""
        {area}
        select plan.code || ' ' || r.key as code, r.grid_code as grid, g.tier1, g.tier2, g.tier3, r.role,
               p.code as person, concat_ws(' ', r.role, r.grid_code) as post, r.ends as due_at, r.done_at,
               r.due::float8 as planned, r.visited::float8 as visited
        from round r join patrol_plan plan on plan.id = r.plan_id left join person p on p.id = r.person_id
        left join lateral (
            with recursive up as (
                select g.id, g.parent_id, g.tier, g.code from grid g join edition e on e.id = g.edition_id
                where e.site_id = :site and g.code = r.grid_code and e.status <> 'draft'
                  and e.valid_from <= r.starts and (e.valid_to is null or r.starts < e.valid_to)
                union all
                select g.id, g.parent_id, g.tier, g.code from grid g join up on g.id = up.parent_id
            ) select max(code) filter (where tier = 1) as tier1, max(code) filter (where tier = 2) as tier2,
                     max(code) filter (where tier = 3) as tier3 from up
        ) g on true
        where r.site_id = :site and r.ends >= :start and r.ends < :end and {condition}
        order by r.id
    """
    return read_table(session, query, {**values, "site": site_id, "start": window.start, "end": window.end})


def _rounds_seen(viewer: Viewer) -> str:
    """His own rounds, and all on the ground that is his."""
    reach = viewer.reach("issues")
    own = "r.person_id = :viewer_person" if viewer.person_id is not None else "false"
    if reach == "area":
        return "true" if viewer.grids is None else f"({own} or r.grid_code = any(array(select code from area)))"
    return own if reach == "work" else "false"


def households(session: Session, site_id: int, at: datetime) -> pd.DataFrame:
    """The grids of the plan at a moment with how many households live there: of a grid that says nothing, those below.

    Columns code, tier, parent, households.
    """
    return read_table(
        session,
        """
        with recursive tree as (
            select g.id, g.id as top, g.households, g.households as said
            from grid g join edition e on e.id = g.edition_id
            where e.site_id = :site and e.status <> 'draft' and e.valid_from <= :at
              and (e.valid_to is null or :at < e.valid_to)
            union all
            select g.id, tree.top, g.households, tree.said from grid g join tree on g.parent_id = tree.id
            where tree.said is null and tree.households is null
        )
        select g.code, g.tier, (select p.code from grid p where p.id = g.parent_id) as parent,
               sum(tree.households)::float8 as households
        from tree join grid g on g.id = tree.top group by g.id order by g.code
        """,
        {"site": site_id, "at": at},
    )


def posts_within(session: Session, site_id: int, window: Window) -> pd.DataFrame:
    """Who held which post on a grid at any time of a period: role, grid, person, valid_from, valid_to."""
    return read_table(
        session,
        """
        select post.role, post.grid_code as grid, p.code as person, post.valid_from, post.valid_to
        from post join person p on p.id = post.person_id
        where post.site_id = :site and post.valid_from < :end and (post.valid_to is null or post.valid_to > :start)
        order by post.id
        """,
        {"site": site_id, "start": window.start, "end": window.end},
    )


def names(session: Session, site_id: int) -> dict[str, str]:
    """How everybody on a site is called, by code."""
    rows: Any = session.execute(text("select code, name from person where site_id = :site"), {"site": site_id})
    return dict(rows.all())
