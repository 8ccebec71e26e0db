"""What a viewer may see of a plan, as JSON made by the database: grids, what stands on them, who holds which post."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.frames import GROUND_KINDS
from gridmap.domain.rights import Viewer
from gridmap.storage.sight import PART, of_viewer

_OWNER: Final = """
    left join lateral (
        select w.code, w.name, w.phone from post join person w on w.id = post.person_id
        where post.site_id = :site and post.grid_code = g.code and post.valid_from <= :now
          and (post.valid_to is null or :now < post.valid_to)
          and post.role = case when g.tier = :leaf_tier then 'grid_owner' when g.tier = 1 then 'coordinator'
                               else 'supervisor' end
        limit 1
    ) w on true
"""


def _owner(viewer: Viewer) -> str:
    if not viewer.reach("people"):
        return "null::json as owner"
    phone = ", 'phone', w.phone" if viewer.reach("phones") else ""
    return f"case when w.code is not null then json_build_object('code', w.code, 'name', w.name{phone}) end as owner"


def _grid_columns(viewer: Viewer) -> str:
    return f"""
        g.code, g.name, g.tier, (select code from grid where id = g.parent_id) as parent, g.households, g.codes,
        {_owner(viewer)}
    """


BUILDING_COLUMNS: Final = """
    b.code, b.name, a.grids, b.floors, b.households, b.use, b.grade, b.built, b.accepted, b.delivered,
    b.warranty_until, b.risk
"""
FACILITY_COLUMNS: Final = """
    f.code, f.name, f.kind, f.level, f.grid_code as grid, f.state, f.in_use, f.maker, f.warranty_until,
    f.inspection_due
"""
OVERLAY_COLUMNS: Final = "o.code, o.name, o.kind, o.level, o.role, o.valid_from, o.valid_to"


def plan_query(viewer: Viewer, layer: str) -> str:
    """The rows of a layer of the plan that are the viewer's: columns `v`, shape `geom`, in order."""
    tables = {
        "grids": f"""
            select g.geom, {_grid_columns(viewer)} from grid g {_OWNER}
            where g.edition_id = :edition and (:whole or g.id in (select id from up))
              and (cast(:tier as int) is null or g.tier = :tier)
            order by g.tier, g.code
        """,
        "buildings": f"""
            select b.geom, {BUILDING_COLUMNS} from building b
            join lateral (
                select array_agg(t.grid_code order by t.area_m2 desc, t.grid_code) as grids,
                       bool_or(t.grid_code in (select code from down)) as his
                from allotment t where t.edition_id = :edition and t.building_id = b.id
            ) a on true
            where b.site_id = :site and (:whole or a.his) order by b.code
        """,
        "facilities": f"""
            select f.geom, {FACILITY_COLUMNS} from facility f
            where f.site_id = :site and (
                :whole or f.kind = any(cast(:ground as text[])) or f.grid_code in (select code from down)
                or f.grid_code is null and exists (
                    select 1 from grid g where g.id in (select id from down) and st_intersects(g.geom, f.geom)
                      and (st_dimension(f.geom) < 2 or not st_touches(g.geom, f.geom))
                )
            ) order by f.code
        """,
        "overlays": f"""
            select o.geom, {OVERLAY_COLUMNS} from overlay o
            where o.site_id = :site and (
                :whole or exists (
                    select 1 from grid g where g.id in (select id from down) and st_intersects(g.geom, o.geom)
                      and not st_touches(g.geom, o.geom)
                )
            ) order by o.code
        """,
    }
    return tables[layer]


PLAN_LAYERS: Final = ("grids", "buildings", "facilities", "overlays")


@dataclass(frozen=True)
class Plan:
    """Which plan is looked at: the site's Edition in force."""

    site_id: int
    edition_id: int
    leaf_tier: int
    at: datetime


def of_plan(viewer: Viewer, plan: Plan, tier: int | None = None) -> dict[str, Any]:
    """The values that `plan_query` asks for."""
    return {
        **of_viewer(viewer), "edition": plan.edition_id, "site": plan.site_id, "leaf_tier": plan.leaf_tier,
        "now": plan.at, "tier": tier, "ground": list(GROUND_KINDS),
    }  # fmt: skip


def plan_features(session: Session, viewer: Viewer, plan: Plan, layer: str, tier: int | None = None) -> str:
    """A layer of the plan as the text of a FeatureCollection."""
    return str(
        session.execute(
            text(f"""
                with recursive {PART}, v as ({plan_query(viewer, layer)})
                select json_build_object('type', 'FeatureCollection', 'features', coalesce(json_agg(
                    json_build_object('type', 'Feature', 'id', v.code, 'geometry', st_asgeojson(v.geom, 8)::json,
                                      'properties', to_jsonb(v) - 'geom')
                ), '[]'::json))::text from v
            """),
            of_plan(viewer, plan, tier),
        ).scalar_one()
    )


def plan_row(session: Session, viewer: Viewer, plan: Plan, layer: str, code: str) -> dict[str, Any] | None:
    """One grid, building, facility or overlay with its shape; None if it is none of the viewer's."""
    found: Mapping[str, Any] | None = session.execute(
        text(f"""
            with recursive {PART}, v as ({plan_query(viewer, layer)})
            select to_jsonb(v) - 'geom' || jsonb_build_object('geometry', st_asgeojson(v.geom, 8)::jsonb)
            from v where v.code = :code
        """),
        {**of_plan(viewer, plan, None), "code": code},
    ).scalar_one_or_none()
    return None if found is None else dict(found)


def people_seen(session: Session, viewer: Viewer, plan: Plan) -> list[dict[str, Any]]:
    """Who holds a post in the viewer's part of the tree or for the whole site, with phones for those who may."""
    phone = "p.phone" if viewer.reach("phones") else "null::text"
    rows = session.execute(
        text(f"""
            with recursive {PART}
            select p.code, p.name, {phone} as phone, p.organisation,
                   json_agg(json_build_object('role', post.role, 'grid', post.grid_code, 'specialty', post.specialty)
                            order by post.role, post.grid_code) as posts
            from post join person p on p.id in (post.person_id, post.deputy_id)
            where post.site_id = :site and post.valid_from <= :now and (post.valid_to is null or :now < post.valid_to)
              and (:whole or post.grid_code is null or post.grid_code in (select code from up))
            group by p.id order by p.code
        """),
        of_plan(viewer, plan, None),
    )
    return [dict(row) for row in rows.mappings()]


def stamp_of_plan(session: Session, plan: Plan) -> tuple[Any, ...]:
    """What moves when a layer of the plan has changed: the revision, and when somebody last took or left a post."""
    return tuple(
        session.execute(
            text("""
                select (select number from revision), max(moment) from (
                    select valid_from as moment from post where site_id = :site and valid_from <= :now
                    union all
                    select valid_to from post where site_id = :site and valid_to <= :now
                ) moments
            """),
            {"site": plan.site_id, "now": plan.at},
        ).one()
    )
