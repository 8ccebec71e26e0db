"""What the map is drawn from, as frames, within what its viewer may see."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import geopandas as gpd
import pandas as pd
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.lifecycle import ENDED
from gridmap.domain.rights import Viewer
from gridmap.domain.roles import ROLE_OF_RANK
from gridmap.storage.places import read_frame, read_table
from gridmap.storage.plan_views import Plan, of_plan, plan_query
from gridmap.storage.sight import AREA, PART, of_viewer, seen
from gridmap.storage.views import ISSUE_TABLES


def layer(session: Session, viewer: Viewer, plan: Plan, name: str) -> gpd.GeoDataFrame:
    """A layer of the plan, the viewer's part of it: grids with who answers for them, buildings with their leaf."""
    frame = read_frame(
        session,
        f"with recursive {PART}, v as ({plan_query(viewer, name)}) select v.*, st_asbinary(v.geom) as geometry from v",
        of_plan(viewer, plan),
    ).drop(columns="geom")
    if name == "grids":
        return _with_owners(frame, plan.leaf_tier)
    if name == "buildings":
        leaves = [grids[0] if grids else None for grids in frame["grids"]]
        return frame.drop(columns="grids").assign(grid=pd.Series(leaves, index=frame.index, dtype=object))
    return _holding(frame, plan.at) if name == "overlays" else frame


def _holding(frame: gpd.GeoDataFrame, at: datetime) -> gpd.GeoDataFrame:
    """Those that hold at a moment."""
    since, until = (pd.to_datetime(frame[name], utc=True) for name in ("valid_from", "valid_to"))
    return frame[(since.isna() | (since <= at)) & (until.isna() | (until > at))].reset_index(drop=True)


def _with_owners(frame: gpd.GeoDataFrame, leaf_tier: int) -> gpd.GeoDataFrame:
    owners = [owner or {} for owner in frame["owner"]]
    roles = [
        ROLE_OF_RANK["leaf" if tier == leaf_tier else "top" if tier == 1 else "middle"] if owner else None
        for tier, owner in zip(frame["tier"], owners, strict=True)
    ]
    said = {"owner": "code", "owner_name": "name", "phone": "phone"}
    columns = {
        column: pd.Series([owner.get(key) for owner in owners], index=frame.index, dtype=object)
        for column, key in said.items()
    }
    return frame.assign(owner_role=pd.Series(roles, index=frame.index, dtype=object), **columns)


def open_issues(session: Session, viewer: Viewer, plan: Plan) -> gpd.GeoDataFrame:
    """The issues of the plan's site that have not ended, with the columns of frames.ISSUES."""
    words = "i.text" if viewer.reach("words") else "null::text"
    owner = "p.code as owner, p.name" if viewer.reach("people") else "null::text as owner, null::text"
    return read_frame(
        session,
        f"""
        with recursive {AREA}
        select i.code, s.code as site, c.code as category, c.name as category_name, i.kind, i.urgency, i.status,
               i.reported_at, i.due_at, i.held_at, i.closed_at, i.position, i.level, g.code as grid,
               i.tier1, i.tier2, i.tier3, i.owner_role, i.owner_grid,
               {owner} as owner_name, {words} as text, st_asbinary(i.geom) as geometry
        from {ISSUE_TABLES}
        where i.site_id = :site and i.status not in {_list(ENDED)} and {seen(viewer)}
        order by i.id
        """,
        {**of_viewer(viewer), "site": plan.site_id},
    )


def heat_points(session: Session, viewer: Viewer, plan: Plan, since: datetime) -> pd.DataFrame:
    """Where and when something was reported since a moment: the columns of frames.HEAT, and no word of what it was."""
    return read_table(
        session,
        f"""
        with recursive {AREA}
        select st_x(i.geom) as lon, st_y(i.geom) as lat, i.reported_at from issue i
        where i.site_id = :site and i.reported_at > :since and i.reported_at <= :now and {seen(viewer)}
        order by i.reported_at, i.id
        """,
        {**of_viewer(viewer), "site": plan.site_id, "since": since, "now": plan.at},
    )


def _list(words: Any) -> str:
    return "({})".format(", ".join(f"'{word}'" for word in words))


# Beyond this many it makes no difference how many there are, and to count all of a city takes longer than its page.
MOST_COUNTED: Final = 10_000
COUNTED: Final = """
    select 'tier' || g.tier as name, count(*) as number from grid g where g.edition_id = :edition group by g.tier
    union all select 'overlays', count(*) from overlay where site_id = :site
    union all select 'buildings', count(*) from (select from building where site_id = :site limit :most) b
    union all select 'facilities', count(*) from (select from facility where site_id = :site limit :most) f
    union all select 'issues', count(*) from (
        select from issue where site_id = :site and status not in {ended} limit :most
    ) i
"""


def counts(session: Session, plan: Plan) -> dict[str, int]:
    """How much of everything the site has, as far as it makes a difference to how a map is drawn."""
    values = {"edition": plan.edition_id, "site": plan.site_id, "most": MOST_COUNTED}
    rows = session.execute(text(COUNTED.format(ended=_list(ENDED))), values).all()
    return {row.name: row.number for row in rows}


def extent(session: Session, viewer: Viewer, plan: Plan) -> tuple[float, float, float, float] | None:
    """West, south, east and north of the ground that is the viewer's."""
    part, his = ("", "g.parent_id is null") if viewer.grids is None else (f"{PART},", "g.id in (select id from down)")
    box = session.execute(
        text(f"""
            with recursive {part}
            box as (select st_extent(g.geom) as b from grid g where g.edition_id = :edition and {his})
            select st_xmin(b), st_ymin(b), st_xmax(b), st_ymax(b) from box
        """),
        of_plan(viewer, plan),
    ).one()
    return None if box[0] is None else (box[0], box[1], box[2], box[3])
