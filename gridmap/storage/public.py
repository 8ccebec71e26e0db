"""What everybody may see of a site that has a public map: its grids, what stands on their plates, and rough counts."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from gridmap.domain.lifecycle import ENDED
from gridmap.domain.model import Site
from gridmap.errors import NotFoundError
from gridmap.storage.plan_views import Plan

# Fewer could be told apart: who lives there would know whose they are.
FEWEST: Final = 3
_ENDED: Final = ", ".join(f"'{status}'" for status in ENDED)
_COLLECTION: Final = """json_build_object('type', 'FeatureCollection', 'features', coalesce(json_agg(json_build_object(
    'type', 'Feature', 'id', v.code, 'geometry', st_asgeojson(v.geom, 7)::json, 'properties', to_jsonb(v) - 'geom'
) order by v.code), '[]'::json))::text"""


def public_site(session: Session, code: str | None) -> Site:
    """The site of a code, else the only one, of those that show a public map."""
    asked = select(Site).where(Site.public_map).order_by(Site.code).limit(2)
    found = session.scalars(asked if code is None else asked.where(Site.code == code)).all()
    if len(found) == 1:
        return found[0]
    raise NotFoundError("there is no public map here" if not found else "which site? name it by ?site=…")


def public_grids(session: Session, plan: Plan, tier: int, *, names: bool) -> str:
    """The grids of a tier, with who answers for them if plates say so, and of leaves how much is open, roughly.

    Issues are counted by groups of categories; of fewer than three it is said that they are few, and no more.
    Complaints, which are about people, are not counted.
    """
    owner = (
        "(select json_build_object('name', w.name) from post join person w on w.id = post.person_id "
        "where post.site_id = :site and post.grid_code = g.code and post.valid_from <= :now "
        "and (post.valid_to is null or :now < post.valid_to) and post.role = case when g.tier = :leaf "
        "then 'grid_owner' when g.tier = 1 then 'coordinator' else 'supervisor' end limit 1)"
        if names
        else "null::json"
    )
    return str(
        session.execute(
            text(f"""
                with counted as (
                    select i.grid_id, c."group", count(*) as number
                    from issue i join category c on c.id = i.category_id
                    where i.site_id = :site and i.status not in ({_ENDED})
                      and i.about_id is null and i.kind <> 'complaint'
                    group by i.grid_id, c."group"
                ),
                rough as (
                    select g.code, json_object_agg(
                        counted."group", case when counted.number >= :fewest then counted.number end
                    ) as counts
                    from counted join grid g on g.id = counted.grid_id where g.tier = :leaf group by g.code
                ),
                v as (
                    select g.code, g.name, g.tier, (select code from grid where id = g.parent_id) as parent,
                           {owner} as owner, coalesce(rough.counts, '{{}}'::json) as counts, g.geom
                    from grid g left join rough on rough.code = g.code and g.tier = :leaf
                    where g.edition_id = :edition and g.tier = :tier
                )
                select {_COLLECTION} from v
            """),
            {
                "site": plan.site_id, "edition": plan.edition_id, "leaf": plan.leaf_tier, "now": plan.at,
                "tier": tier, "fewest": FEWEST,
            },
        ).scalar_one()
    )  # fmt: skip


def public_buildings(session: Session, plan: Plan) -> str:
    """The outlines of the buildings, by which people find their way."""
    return str(
        session.execute(
            text(f"""
                with v as (select code, name, use, geom from building where site_id = :site)
                select {_COLLECTION} from v
            """),
            {"site": plan.site_id},
        ).scalar_one()
    )


def public_ground(session: Session, plan: Plan, kinds: list[str]) -> str:
    """Roads, water and green: what everybody can see who stands there."""
    return str(
        session.execute(
            text(f"""
                with v as (
                    select code, name, kind, geom from facility
                    where site_id = :site and kind = any(cast(:kinds as text[]))
                )
                select {_COLLECTION} from v
            """),
            {"site": plan.site_id, "kinds": kinds},
        ).scalar_one()
    )
