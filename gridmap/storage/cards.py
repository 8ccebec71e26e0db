"""What is known of one grid at a glance, as far as a viewer sees: its chain, owner, issues, facilities and rounds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.frames import GROUND_KINDS
from gridmap.domain.lifecycle import ENDED
from gridmap.domain.rights import Viewer
from gridmap.domain.roles import ROLE_OF_RANK
from gridmap.storage.attention import ATTENTION, RANK
from gridmap.storage.plan_views import Plan, of_plan, plan_query
from gridmap.storage.rounds import seen_round
from gridmap.storage.sight import AREA, PART, of_viewer, seen
from gridmap.storage.views import ISSUE_TABLES, UNDER, issue_columns

# How far back the last round is looked for.
ROUNDS_BACK: Final = timedelta(days=60)
MOST_BROKEN: Final = 50


# ---------------------------------------------------------------- where it lies


def grid_of(session: Session, viewer: Viewer, plan: Plan, code: str) -> dict[str, Any] | None:
    """A grid, the chain above it from the top, and how much stands on it; None if it is none of the viewer's.

    `own` says whether it lies in his part of the tree, and not only above it. Where a grid says nothing of its
    households, those below it do.
    """
    row = session.execute(
        text(f"""
            with recursive {PART}, here as (
                select g.* from grid g where g.edition_id = :edition and g.code = :code and g.id in (select id from up)
            ), above as (
                select g.id, g.code, g.name, g.tier, g.parent_id from grid g join here on g.id = here.parent_id
                union all
                select g.id, g.code, g.name, g.tier, g.parent_id from grid g join above on g.id = above.parent_id
            ), below as (
                select id, code from here
                union all
                select g.id, g.code from grid g join below on g.parent_id = below.id
            ), homes as (
                select id, households from here
                union all
                select g.id, g.households from grid g join homes on g.parent_id = homes.id and homes.households is null
            )
            select here.code, here.name, here.tier, here.id in (select id from down) as own,
                   (select json_agg(json_build_object('code', code, 'name', name, 'tier', tier) order by tier)
                    from above) as chain,
                   (select sum(households)::int from homes) as households,
                   (select count(distinct t.building_id) from allotment t
                    where t.edition_id = :edition and t.grid_code in (select code from below)
                      and (:whole or t.grid_code in (select code from down))) as buildings
            from here
        """),
        {**of_plan(viewer, plan), "code": code},
    ).mappings().one_or_none()  # fmt: skip
    return None if row is None else {**row, "chain": row["chain"] or []}


# Until when somebody is away, if he is.
_AWAY: Final = """(
    select max(l.ends) from leave l where l.person_id = {} and l.starts <= :now and :now < l.ends
)"""


def owner_of(session: Session, viewer: Viewer, plan: Plan, code: str, tier: int) -> dict[str, Any] | None:
    """Who holds the post in charge of a grid, his deputy, and until when each is away; None if the post is vacant."""
    role = ROLE_OF_RANK["leaf" if tier == plan.leaf_tier else "top" if tier == 1 else "middle"]
    phone = "{}.phone" if viewer.reach("phones") else "null::text"
    row = session.execute(
        text(f"""
            select post.role, w.code, w.name, {phone.format("w")} as phone, {_AWAY.format("w.id")} as away_until,
                   d.code as deputy_code, d.name as deputy_name, {phone.format("d")} as deputy_phone,
                   {_AWAY.format("d.id")} as deputy_away_until
            from post join person w on w.id = post.person_id left join person d on d.id = post.deputy_id
            where post.site_id = :site and post.grid_code = :code and post.role = :role
              and post.valid_from <= :now and (post.valid_to is null or :now < post.valid_to)
            limit 1
        """),
        {"site": plan.site_id, "code": code, "role": role, "now": plan.at},
    ).mappings().one_or_none()  # fmt: skip
    if row is None:
        return None
    deputy = {name.removeprefix("deputy_"): value for name, value in row.items() if name.startswith("deputy_")}
    owner = {name: value for name, value in row.items() if not name.startswith("deputy_")}
    return {**owner, "deputy": deputy if deputy["code"] else None}


# ---------------------------------------------------------------- issues

_OPEN_HERE: Final = f"""
    i.site_id = :site and i.grid_id = any(array({UNDER})) and i.status <> all(cast(:ended as text[]))
"""


def _asked(viewer: Viewer, plan: Plan, code: str) -> dict[str, Any]:
    return {**of_viewer(viewer), "site": plan.site_id, "under": code, "now": plan.at, "ended": list(ENDED)}


def issue_counts(session: Session, viewer: Viewer, plan: Plan, code: str) -> list[tuple[str, str, int]]:
    """How many open issues there are in a grid and below it: what they ask for, their status, how many."""
    rows = session.execute(
        text(f"""
            with recursive {AREA}
            select {ATTENTION} as attention, i.status, count(*) as many
            from issue i where {_OPEN_HERE} and {seen(viewer)} group by 1, 2
        """),
        _asked(viewer, plan, code),
    )
    return [(row.attention, row.status, row.many) for row in rows]


def most_urgent(session: Session, viewer: Viewer, plan: Plan, code: str, limit: int) -> list[dict[str, Any]]:
    """The open issues of a grid and below it that press most, in the order of the map's list."""
    rows = session.execute(
        text(f"""
            with recursive {AREA}
            select json_build_object('attention', {ATTENTION}) as asked, row_to_json(v) as issue
            from {ISSUE_TABLES} cross join lateral (select {issue_columns(viewer)}) v
            where {_OPEN_HERE} and {seen(viewer)}
            order by {RANK}, i.due_at nulls last, i.reported_at, i.id limit :limit
        """),
        {**_asked(viewer, plan, code), "limit": limit},
    )
    return [{**row.issue, **row.asked} for row in rows]


# ---------------------------------------------------------------- facilities

_BELOW: Final = """
    below as (
        select id, code, geom from grid where edition_id = :edition and code = :code
        union all
        select g.id, g.code, g.geom from grid g join below on g.parent_id = below.id
    )
"""
# What stands in the grid by its code; what has none, by its shape.
_STANDS_HERE: Final = """
    v.kind <> all(cast(:ground as text[])) and (
        v.grid in (select code from below)
        or v.grid is null and exists (
            select 1 from below b where b.code = :code and st_intersects(b.geom, v.geom)
              and (st_dimension(v.geom) < 2 or not st_touches(b.geom, v.geom))
        )
    )
"""


def facilities_of(session: Session, viewer: Viewer, plan: Plan, code: str) -> list[dict[str, Any]]:
    """How many facilities of each kind are in which state in a grid, with those that do not work by name."""
    rows = session.execute(
        text(f"""
            with recursive {PART}, {_BELOW}, v as ({plan_query(viewer, "facilities")})
            select v.kind, v.state, count(*) as count,
                   (json_agg(json_build_object('code', v.code, 'name', v.name) order by v.code)
                    filter (where v.state <> 'in_order')) as which
            from v where {_STANDS_HERE} group by v.kind, v.state
            order by array_position(array['out_of_order', 'closed', 'degraded', 'in_order'], v.state), v.kind
        """),
        {**of_plan(viewer, plan), "code": code, "ground": list(GROUND_KINDS)},
    )
    return [{**row, "which": (row["which"] or [])[:MOST_BROKEN]} for row in rows.mappings()]


# ---------------------------------------------------------------- rounds

# A round is the grid's if it is walked on it, below it, or from above by a checkpoint that lies in it: which these are
# is looked up once, not round by round.
_WALKED_HERE: Final = """(
    r.grid_code = any(array(select code from below)) or r.stops && array(
        select c.id from checkpoint c join below b on b.code = :code and st_covers(b.geom, c.geom)
        where c.site_id = :site
    )
)"""


def _rounds(session: Session, viewer: Viewer, plan: Plan, code: str, condition: str, order: str, limit: int) -> Any:
    person = (
        "case when w.id is not null then json_build_object('code', w.code, 'name', w.name) end"
        if viewer.reach("people")
        else "null::json"
    )
    return session.execute(
        text(f"""
            with recursive {AREA}, {_BELOW}
            select r.id as number, p.name, p.kind, r.grid_code as grid, r.role, {person} as person, r.starts, r.ends,
                   r.due, r.visited, r.status, r.done_at
            from round r join patrol_plan p on p.id = r.plan_id left join person w on w.id = r.person_id
            where r.site_id = :site and p.kind <> 'visits' and {seen_round(viewer)} and {condition}
              and {_WALKED_HERE}
            order by {order} limit :limit
        """),
        {
            **of_viewer(viewer), "site": plan.site_id, "edition": plan.edition_id, "code": code, "now": plan.at,
            "since": plan.at - ROUNDS_BACK, "limit": limit,
        },
    ).mappings()  # fmt: skip


def next_rounds(session: Session, viewer: Viewer, plan: Plan, code: str, limit: int) -> Sequence[dict[str, Any]]:
    """The rounds in a grid that are under way, or begin next."""
    ahead = "r.ends > :now and r.status in ('planned', 'started')"
    return [dict(row) for row in _rounds(session, viewer, plan, code, ahead, "r.starts, r.id", limit)]


def last_round(session: Session, viewer: Viewer, plan: Plan, code: str) -> dict[str, Any] | None:
    """The round in a grid that ended last, whatever became of it."""
    over = "r.ends > :since and (r.status in ('done', 'late') or r.status = 'missed' and r.ends <= :now)"
    rows = _rounds(session, viewer, plan, code, over, "coalesce(r.done_at, r.ends) desc, r.id desc", 1)
    return next((dict(row) for row in rows), None)
