"""Sites, Editions, grids and what stands on them: read as frames, written as frames."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from gridmap.domain.facts import Keeper
from gridmap.domain.model import Edition, Site
from gridmap.errors import NotFoundError
from gridmap.storage.bulk import stage

# layer: the columns it is written from, besides its geometry
LAYERS: dict[str, dict[str, str]] = {
    "building": {
        "code": "text", "name": "text", "grid_code": "text", "floors": "integer", "households": "integer",
        "use": "text",
        "grade": "text", "built": "date", "accepted": "date", "delivered": "date", "warranty_until": "date",
        "risk": "text",
    },
    "facility": {
        "code": "text", "name": "text", "kind": "text", "level": "text", "grid_code": "text", "state": "text",
        "in_use": "boolean", "maker": "text", "warranty_until": "date", "inspection_due": "date",
    },
    "overlay": {
        "code": "text", "name": "text", "kind": "text", "level": "text", "role": "text", "keeper": "text",
        "valid_from": "timestamptz", "valid_to": "timestamptz",
    },
}  # fmt: skip

# Where the table says something else than the file: the table's column, and how it is made.
MADE = {
    "shape_m": "st_setsrid(st_transform(st_multi(geom), :epsg), 0)",
    "geom": "st_multi(geom)",
    "state": "coalesce(state, 'in_order')",
    "in_use": "coalesce(in_use, true)",
    "keeper": "(select p.id from person p where p.site_id = :site_id and p.code = keeper)",
}
TARGET = {"keeper": "keeper_id"}


def site(session: Session, code: str | None) -> Site:
    """The site of a code; without one, the only site there is."""
    if code is None:
        sites = session.scalars(select(Site).limit(2)).all()
        if len(sites) == 1:
            return sites[0]
        raise NotFoundError(
            "the store holds no site yet: gridmap load" if not sites else "which site? name it by --site"
        )
    found = session.scalar(select(Site).where(Site.code == code))
    if found is None:
        raise NotFoundError(f"there is no site {code}: gridmap sites lists them")
    return found


def lock_site(session: Session, code: str, *, exclusive: bool) -> None:
    """Hold a site's plan still to the end of the transaction: many may report under it, one may change it."""
    shared = "" if exclusive else "_shared"
    session.execute(text(f"select pg_advisory_xact_lock{shared}(1735549284, hashtext(:code))"), {"code": code})


def revision(session: Session) -> int:
    """The number that moves whenever a plan, its people or its categories change."""
    return int(session.execute(text("select number from revision")).scalar_one())


def first_site(session: Session) -> Site:
    """Any site of the store: what it needs to be more than empty, and whose clock stands for all."""
    found = session.scalar(select(Site).order_by(Site.id).limit(1))
    if found is None:
        raise NotFoundError("the store holds no site yet: gridmap load")
    return found


def edition_in_force(session: Session, site_id: int, at: datetime) -> Edition | None:
    """The Edition whose validity holds at a moment."""
    return session.scalar(
        select(Edition).where(
            Edition.site_id == site_id,
            Edition.status != "draft",
            Edition.valid_from <= at,
            (Edition.valid_to.is_(None)) | (Edition.valid_to > at),
        )
    )


def write_grids(session: Session, edition: Edition, grids: gpd.GeoDataFrame, metric_epsg: int) -> None:
    """The grids of a new Edition, parents first, then its extent."""
    columns = {"code": "text", "name": "text", "tier": "integer", "parent": "text", "households": "integer",
               "codes": "jsonb", "geometry": "geometry"}  # fmt: skip
    stage(session, "new_grid", grids, columns)
    session.execute(
        text("""
            insert into grid (edition_id, code, name, tier, households, codes, geom, shape_m)
            select :edition, code, name, tier, households, coalesce(codes, '{}'), st_multi(geometry),
                   st_setsrid(st_transform(st_multi(geometry), :epsg), 0)
            from new_grid order by tier, code collate "C"
        """),
        {"edition": edition.id, "epsg": metric_epsg},
    )
    session.execute(
        text("""
            update grid set parent_id = parent.id
            from new_grid n join grid parent on parent.edition_id = :edition and parent.code = n.parent
            where grid.edition_id = :edition and grid.code = n.code
        """),
        {"edition": edition.id},
    )
    session.execute(
        text("""
            update edition set extent = (
                select st_setsrid(st_expand(st_extent(geom), 1e-9), 4326)::geometry
                from grid where edition_id = :edition
            ) where id = :edition
        """),
        {"edition": edition.id},
    )


def write_layer(session: Session, table: str, of_site: Site, frame: gpd.GeoDataFrame) -> dict[str, int]:
    """Add or bring up to date the rows of a layer by their codes: how many were added and how many changed.

    A column that the frame does not have keeps what is stored.
    """
    columns = {name: kind for name, kind in LAYERS[table].items() if name in frame}
    staged = frame.rename_geometry("geom") if frame.geometry.name != "geom" else frame
    stage(session, f"new_{table}", staged, {**columns, "geom": "geometry"})
    shapes = {"building": ("geom", "shape_m"), "overlay": ("geom",), "facility": ()}[table]
    sources = {TARGET.get(column, column): MADE.get(column, f'"{column}"') for column in columns}
    sources |= {shape: MADE[shape] for shape in shapes}
    if table == "facility":
        sources["geom"] = "geom"
    names = ", ".join(f'"{name}"' for name in sources)
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in sources if name != "code")
    written = session.execute(
        text(
            f"insert into {table} (site_id, {names}) select :site_id, {', '.join(sources.values())} from new_{table} "
            f"order by code on conflict (site_id, code) do update set {changes} returning (xmax = 0) as added"
        ),
        {"site_id": of_site.id, "epsg": of_site.metric_epsg},
    ).scalars()
    added = list(written)
    return {"added": sum(added), "changed": len(added) - sum(added)}


def allot_buildings(session: Session, edition: Edition) -> None:
    """Note which leaves answer for each building of the site: the one its plan names, else each it stands in.

    A building that is divided along its units stands in several; a square metre over the line is none.
    """
    # A draft that was withdrawn and comes back finds other buildings than it left.
    session.execute(text("delete from allotment where edition_id = :edition"), {"edition": edition.id})
    session.execute(
        text("""
            insert into allotment (edition_id, building_id, grid_code, area_m2)
            select :edition, id, code, area_m2
            from (
                select b.id, g.code, part.area_m2, g.code is not distinct from b.grid_code as named,
                       bool_or(g.code is not distinct from b.grid_code) over (partition by b.id) as any_named,
                       row_number() over (partition by b.id order by part.area_m2 desc, g.code) as rank
                from building b
                join grid g on g.edition_id = :edition and g.tier = :leaf_tier
                  and (g.code = b.grid_code or st_intersects(g.geom, b.geom))
                cross join lateral (select st_area(st_intersection(g.shape_m, b.shape_m)) as area_m2) part
                where b.site_id = :site_id
            ) candidate
            where case when any_named then named else area_m2 > 1 or rank = 1 end
        """),
        {"edition": edition.id, "leaf_tier": edition.leaf_tier, "site_id": edition.site_id},
    )


def write_units(session: Session, of_site: Site, units: gpd.GeoDataFrame) -> int:
    """The units of buildings that are already written."""
    staged = units.rename_geometry("geom") if units.geometry.name != "geom" else units
    columns = {"building": "text", "code": "text", "name": "text", "households": "integer", "geom": "geometry"}
    stage(session, "new_unit", staged, columns)
    return len(
        session.execute(
            text("""
                insert into unit (building_id, code, name, households, geom)
                select b.id, n.code, n.name, n.households, st_multi(n.geom)
                from new_unit n join building b on b.site_id = :site_id and b.code = n.building
                on conflict (building_id, code) do update
                set name = excluded.name, households = excluded.households, geom = excluded.geom
                returning id
            """),
            {"site_id": of_site.id},
        ).all()
    )


def grids(session: Session, edition_id: int) -> gpd.GeoDataFrame:
    """The grids of an Edition with the columns of frames.GRIDS and their `id`, deepest tier and lowest code first."""
    return read_frame(
        session,
        """
        select g.id, g.code, g.name, g.tier, p.code as parent, g.households, g.codes, st_asbinary(g.geom) as geometry
        from grid g left join grid p on p.id = g.parent_id
        where g.edition_id = :edition order by g.tier desc, g.code
        """,
        {"edition": edition_id},
    )


LAYER_QUERIES = {
    "buildings": """
        select code, name, grid_code as grid, floors, households, use, grade, built, accepted, delivered,
               warranty_until, risk, st_asbinary(geom) as geometry
        from building where site_id = :site_id order by code
    """,
    "units": """
        select b.code as building, u.code, u.name, u.households, st_asbinary(u.geom) as geometry
        from unit u join building b on b.id = u.building_id where b.site_id = :site_id order by b.code, u.code
    """,
    "facilities": """
        select id, code, name, kind, level, grid_code as grid, state, in_use, maker, warranty_until, inspection_due,
               st_asbinary(geom) as geometry
        from facility where site_id = :site_id order by code
    """,
    "overlays": """
        select o.code, o.name, o.kind, o.level, p.code as keeper, o.role, o.valid_from, o.valid_to,
               st_asbinary(o.geom) as geometry
        from overlay o left join person p on p.id = o.keeper_id where o.site_id = :site_id order by o.code
    """,
}


ISSUES = """
    select i.code, c.code as category, i.kind, i.urgency, i.status, i.reported_at, i.due_at, i.closed_at,
           i.position, g.code as grid, i.tier1, i.tier2, i.tier3, i.owner_role, i.owner_grid, p.code as owner,
           i.level, i.source, i.reference, st_asbinary(i.geom) as geometry
    from issue i join category c on c.id = i.category_id
    left join grid g on g.id = i.grid_id left join person p on p.id = i.owner_id
    where i.site_id = :site_id order by i.id
"""


def layer(session: Session, name: str, site_id: int) -> gpd.GeoDataFrame:
    """A layer of a site: buildings, units, facilities or overlays."""
    return read_frame(session, LAYER_QUERIES[name], {"site_id": site_id})


def allotted_buildings(session: Session, edition_id: int) -> gpd.GeoDataFrame:
    """The buildings that an Edition's leaves answer for, with their `grid`."""
    return read_frame(
        session,
        """
        select b.code, b.name, a.grid_code as grid, b.warranty_until, st_asbinary(b.geom) as geometry
        from allotment a join building b on b.id = a.building_id
        where a.edition_id = :edition order by b.code, a.area_m2 desc, a.grid_code
        """,
        {"edition": edition_id},
    )


def read_frame(session: Session, query: str, values: dict[str, Any]) -> gpd.GeoDataFrame:
    """The rows of a query whose `geometry` is WKB, in EPSG:4326."""
    frame = read_table(session, query, values)
    shapes = shapely.from_wkb([None if shape is None else bytes(shape) for shape in frame["geometry"]])
    return gpd.GeoDataFrame(frame.drop(columns="geometry"), geometry=shapes, crs=4326)


def read_table(session: Session, query: str, values: dict[str, Any]) -> pd.DataFrame:
    """The rows of a query."""
    result = session.execute(text(query), values)
    rows: Sequence[Any] = result.all()
    frame = pd.DataFrame.from_records([tuple(row) for row in rows], columns=list(result.keys()))
    for name in frame.columns:
        if pd.api.types.is_string_dtype(frame[name]):
            # What is absent stays None, so that a test for it is the same here and in the statements.
            frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
    return frame


def tree_rows(session: Session, edition_id: int) -> list[tuple[str, str, str | None, int]]:
    """Code, name, parent's code and tier of every grid of an Edition."""
    rows = session.execute(
        text("""
            select g.code, g.name, p.code, g.tier from grid g left join grid p on p.id = g.parent_id
            where g.edition_id = :edition
        """),
        {"edition": edition_id},
    )
    return [(code, name, parent, tier) for code, name, parent, tier in rows]


def facility_codes(session: Session, site_id: int) -> set[str]:
    """The codes of a site's facilities."""
    rows = session.execute(text("select code from facility where site_id = :site_id"), {"site_id": site_id})
    return set(rows.scalars())


def keepers(session: Session, site_id: int) -> dict[str, Keeper]:
    """Who keeps each overlay of a site, by the overlay's code."""
    rows = session.execute(
        text("""
            select o.code, o.name, o.kind, p.code, o.role from overlay o left join person p on p.id = o.keeper_id
            where o.site_id = :site_id
        """),
        {"site_id": site_id},
    )
    return {row[0]: Keeper(*row) for row in rows}
