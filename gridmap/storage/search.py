"""What is called so: grids, buildings and issues within what a viewer may see."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.rights import Viewer
from gridmap.storage.plan_views import Plan, of_plan
from gridmap.storage.sight import AREA, PART, of_viewer, seen

MOST: Final = 12

_GRIDS: Final = """
    select 'grid' as kind, g.code, g.name, {owner} as more, st_asgeojson(st_envelope(g.geom), 7)::json as geometry
    from grid g {owners} where g.id in (select id from down)
      and (g.code ilike :like or g.name ilike :like or {owner} ilike :like)
    order by g.tier, g.code limit :most
"""
_OWNERS: Final = """
    left join post on post.site_id = :site and post.grid_code = g.code and post.valid_from <= :now
      and (post.valid_to is null or :now < post.valid_to)
      and post.role in ('grid_owner', 'supervisor', 'coordinator')
    left join person w on w.id = post.person_id
"""
_BUILDINGS: Final = """
    select 'building' as kind, b.code, b.name, null::text as more,
           st_asgeojson(st_envelope(b.geom), 7)::json as geometry
    from building b where b.site_id = :site and (b.code ilike :like or b.name ilike :like) and (
        :whole or exists (
            select 1 from allotment t where t.building_id = b.id and t.edition_id = :edition
              and t.grid_code in (select code from down)))
    order by length(b.name), b.code limit :most
"""


def found(session: Session, viewer: Viewer, plan: Plan, words: str) -> list[dict[str, Any]]:
    """The first that are called so: grids by code, name or who answers for them, buildings, issues by number."""
    wanted = words.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    values = {"like": f"%{wanted}%", "begins": f"{wanted}%", "most": MOST}
    with_people = viewer.reach("people") is not None
    grids = _GRIDS.format(owner="w.name" if with_people else "null::text", owners=_OWNERS if with_people else "")
    rows = session.execute(
        text(f"with recursive {PART} select * from (({grids}) union all ({_BUILDINGS})) f limit :most"),
        {**of_plan(viewer, plan), **values},
    ).mappings()
    return [*(dict(row) for row in rows), *_issues(session, viewer, plan, values)][:MOST]


def _issues(session: Session, viewer: Viewer, plan: Plan, values: dict[str, Any]) -> list[dict[str, Any]]:
    if viewer.reach("issues") is None:
        return []
    rows = session.execute(
        text(f"""
            with recursive {AREA}
            select 'issue' as kind, i.code, c.code as name, null::text as more,
                   st_asgeojson(i.geom, 7)::json as geometry
            from issue i join category c on c.id = i.category_id
            where i.site_id = :site and i.code ilike :begins and {seen(viewer)} order by i.id desc limit :most
        """),
        {**of_viewer(viewer), **values, "site": plan.site_id},
    ).mappings()
    return [dict(row) for row in rows]
