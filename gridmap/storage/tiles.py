"""Vector tiles, made by the database of what a viewer may see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.attention import ATTENTIONS
from gridmap.domain.lifecycle import ENDED
from gridmap.domain.model import Drawing
from gridmap.domain.rights import Viewer
from gridmap.domain.zooms import (
    COARSE,
    EXTENT,
    FINE,
    MOST_SINGLES,
    PIXEL_AT_ZERO,
    SINGLES_FROM,
    Tile,
    band_of,
    tiers_shown,
)
from gridmap.storage.attention import RANK
from gridmap.storage.plan_views import Plan, of_plan
from gridmap.storage.sight import AREA, PART, of_viewer, seen
from gridmap.storage.views import LATELY

# How far lines are drawn beyond a tile, in its units, so that none is seen to end at its edge.
MARGIN: Final = 128
# A label whose circle is smaller on the screen is not sent.
LEAST_PIXELS: Final = 8
_SPHERE: Final = 6_378_137

# ---------------------------------------------------------------- the plan

_BOX: Final = f"""
    cross join lateral (
        select st_tileenvelope(t.z, t.x, t.y) as inner_box,
               st_tileenvelope(t.z, t.x, t.y, margin => {MARGIN / EXTENT}) as outer_box
    ) box
"""
_CUT: Final = f"st_asmvtgeom(s.shape, inner_box, {EXTENT}, {MARGIN}, true) as geom"
# layer: its rows in tile `t`; which of them are the viewer's, if he sees a part; their order, the last lies on top
_LAYERS: Final = {
    "grids": (
        f"""
        select g.code, g.name, g.tier, p.code as parent, g.households, {_CUT}
        from grid_shape s join grid g on g.id = s.grid_id left join grid p on p.id = g.parent_id
        where s.edition_id = :edition and s.band = t.band and s.tier = any(t.tiers) and s.shape && outer_box
        """,
        "g.id in (select id from up)",
        "v.tier desc, v.code",
    ),
    "labels": (
        f"""
        select g.code, g.name, g.tier, round(l.radius_m::numeric, 1)::float8 as r,
               st_asmvtgeom(l.place, inner_box, {EXTENT}, 0, true) as geom
        from grid_label l join grid g on g.id = l.grid_id
        where l.edition_id = :edition and l.tier = any(t.tiers) and l.place && inner_box
          and l.radius_m * cosh(st_y(l.place) / {_SPHERE}) * 2 ^ t.z >= {LEAST_PIXELS * PIXEL_AT_ZERO}
        """,
        "g.id in (select id from up)",
        "v.tier, v.r desc, v.code",
    ),
    "buildings": (
        f"""
        select b.code, b.name, b.use, {_CUT}
        from building_shape s join building b on b.id = s.building_id
        where s.site_id = :site and s.shape && outer_box
        """,
        """exists (
            select 1 from allotment a where a.edition_id = :edition and a.building_id = b.id
              and a.grid_code in (select code from down)
        )""",
        "v.code",
    ),
    "facilities": (
        f"""
        select f.code, f.name, f.kind, f.level, f.state, {_CUT}
        from facility_shape s join facility f on f.id = s.facility_id
        where s.site_id = :site and s.shape && outer_box
        """,
        """(
            f.kind = any(cast(:ground as text[])) or f.grid_code in (select code from down)
            or f.grid_code is null and exists (
                select 1 from grid g where g.id in (select id from down) and st_intersects(g.geom, f.geom)
                  and (st_dimension(f.geom) < 2 or not st_touches(g.geom, f.geom))
            )
        )""",
        "st_dimension(v.geom) desc, v.code",
    ),
}  # fmt: skip


def _made(layer: str, tiles: str, *, whole: bool) -> str:
    """The statement that makes tiles of a layer of the plan.

    What a part of the tree is, is asked only where it is needed: the mere mention of it costs thirty milliseconds.
    """
    rows, his, order = _LAYERS[layer]
    return f"""
        with recursive {"" if whole else f"{PART},"} t as ({tiles})
        select t.z, t.x, t.y, st_asmvt(v.*, '{layer}', {EXTENT}, 'geom' order by {order}) as tile
        from t {_BOX} cross join lateral ({rows} {"" if whole else f"and {his}"}) v
        where v.geom is not null group by t.z, t.x, t.y
    """


_ONE: Final = """
    select cast(:z as int) as z, cast(:x as int) as x, cast(:y as int) as y, cast(:band as int) as band,
           cast(:tiers as int[]) as tiers
"""
# All tiles of a zoom within a range of columns and rows.
_MANY: Final = """
    select cast(:z as int) as z, x, y, cast(:band as int) as band, cast(:tiers as int[]) as tiers
    from generate_series(:west, :east) x cross join generate_series(:north, :south) y
"""


def plan_tile(
    session: Session, viewer: Viewer, plan: Plan, layer: str, tile: Tile, drawing: Drawing | None = None
) -> bytes:
    """A tile of a layer as far as the viewer sees it, empty where there is nothing; grids need a drawing."""
    shown = tiers_shown(tile.z, drawing.first_tier, drawing.leaf_tier) if drawing else []
    values = {
        **of_plan(viewer, plan), "z": tile.z, "x": tile.x, "y": tile.y, "band": band_of(tile.z).first, "tiers": shown,
    }  # fmt: skip
    row = session.execute(text(_made(layer, _ONE, whole=viewer.grids is None)), values).one_or_none()
    return b"" if row is None else bytes(row.tile)


def all_tiles(session: Session, of: Drawing, layer: str, corner: Tile, other: Tile) -> Iterator[tuple[Tile, bytes]]:
    """The tiles of grids or labels between two corners that hold anything, for whoever sees the whole site."""
    values = {
        "edition": of.edition_id, "z": corner.z, "band": band_of(corner.z).first,
        "tiers": tiers_shown(corner.z, of.first_tier, of.leaf_tier),
        "west": corner.x, "east": other.x, "north": corner.y, "south": other.y,
    }  # fmt: skip
    for row in session.execute(text(_made(layer, _MANY, whole=True)), values):
        yield Tile(row.z, row.x, row.y), bytes(row.tile)


# ---------------------------------------------------------------- issues

_OPEN: Final = "i.status not in ({})".format(", ".join(f"'{status}'" for status in ENDED))
# Positions are laid out here rather than transformed one by one: a tenth of the time.
_ISSUES: Final = """
    with recursive {area}
    open as materialized (
        select i.code, i.category_id, i.urgency, i.status, i.due_at, i.held_at is not null as held, {rank} as rank,
               (st_x(i.geom) + 180) / 360 * :columns - :x as u,
               (0.5 - ln(tan(pi() / 4 + radians(st_y(i.geom)) / 2)) / (2 * pi())) * :columns - :y as v
        from issue i
        where i.site_id = :site and {is_open} and i.geom && st_makeenvelope(:west, :south, :east, :north, 4326)
          and {seen}
    ),
    here as (select * from open where u >= 0 and u < 1 and v >= 0 and v < 1),
    way as (select :singles and (select count(*) from here) <= {most} as one_by_one),
    cell as (
        select min(u) as u, min(v) as v, 1 as count, rank, code, category_id, urgency, status, due_at, held
        from here where (select one_by_one from way) group by code, category_id, urgency, status, due_at, held, rank
        union all
        select avg(u), avg(v), count(*)::int, min(rank), case when count(*) = 1 then min(code) end,
               case when count(*) = 1 then min(category_id) end, case when count(*) = 1 then min(urgency) end,
               case when count(*) = 1 then min(status) end, case when count(*) = 1 then min(due_at) end,
               case when count(*) = 1 then bool_or(held) end
        from here where not (select one_by_one from way) group by floor(u * :cells), floor(v * :cells)
    )
    select st_asmvt(t.*, 'issues', {extent}, 'geom' order by t.rank desc, t.count, t.code) from (
        select cell.rank, cell.count, cell.code, (cast(:names as text[]))[cell.rank + 1] as attention,
               c.code as category, cell.urgency, cell.status, to_json(cell.due_at) #>> '{{}}' as due_at, cell.held,
               st_makepoint(least(cell.u, 0.99999) * {extent}, least(cell.v, 0.99999) * {extent}) as geom
        from cell left join category c on c.id = cell.category_id
    ) t
"""


def _area(condition: str) -> str:
    """The grids of the viewer, for a condition that asks for them."""
    return f"{AREA}," if "from area" in condition else ""


def issue_tile(session: Session, viewer: Viewer, plan: Plan, tile: Tile) -> bytes:
    """Open issues that the viewer may see: counted by cells with the worst of each, or one by one close up."""
    west, south, east, north = tile.bounds
    his = seen(viewer)
    sql = _ISSUES.format(area=_area(his), rank=RANK, is_open=_OPEN, seen=his, most=MOST_SINGLES, extent=EXTENT)
    near = tile.z >= SINGLES_FROM
    values = {
        **of_viewer(viewer), "site": plan.site_id, "now": plan.at, "columns": 2**tile.z, "x": tile.x, "y": tile.y,
        "west": west, "south": south, "east": east, "north": north, "singles": near, "names": list(ATTENTIONS),
        "cells": FINE if near else COARSE,
    }  # fmt: skip
    return bytes(session.execute(text(sql), values).scalar_one() or b"")


def open_by_grid(session: Session, viewer: Viewer, plan: Plan) -> str:
    """How many open issues that the viewer may see lie in each grid of every tier, as the text of a JSON object."""
    his = seen(viewer)
    return str(
        session.execute(
            text(f"""
                with recursive {_area(his)}
                counted as (
                    select coalesce(i.tier1, i.tier2, i.tier3) as code, count(*) from issue i
                    where i.site_id = :site and {_OPEN} and {his}
                    group by grouping sets ((i.tier1), (i.tier2), (i.tier3))
                )
                select coalesce(json_object_agg(code, count), '{{}}')::text from counted where code is not null
            """),
            {**of_viewer(viewer), "site": plan.site_id},
        ).scalar_one()
    )


@dataclass(frozen=True)
class Heard:
    """What was known of the history of issues: its newest line, and how many there were among the last."""

    newest: int
    count: int


# Of more places at once it is no longer said which.
MOST_PLACES: Final = 1_000


def heard_since(session: Session, last: Heard | None) -> tuple[Heard, list[tuple[float, float]] | None]:
    """Where issues were written about since; None if that cannot be told, so that anything may have changed.

    A line that is written first may be committed last: then there are more of the old ones than there were.
    """
    row = session.execute(
        text("""
            with newest as (select coalesce(max(id), 0) as id from issue_event)
            select newest.id, (select count(*) from issue_event e where e.id > newest.id - :lately) as lately,
                   (select count(*) from issue_event e where e.id > :last - :lately and e.id <= :last) as before,
                   (select json_agg(json_build_array(st_x(geom), st_y(geom))) from (
                       select distinct i.geom from issue_event e join issue i on i.id = e.issue_id
                       where e.id > :last limit :most + 1
                   ) place) as places
            from newest
        """),
        {"last": last.newest if last else 2**62, "lately": LATELY, "most": MOST_PLACES},
    ).one()
    places = row.places or []
    told = last is not None and row.before == last.count and len(places) <= MOST_PLACES
    return Heard(row.id, row.lately), [(lon, lat) for lon, lat in places] if told else None


# ---------------------------------------------------------------- what there is

_COUNTS: Final = """
    select (select count(*) from grid where edition_id = :edition),
           (select count(*) from building where site_id = :site),
           (select count(*) from facility where site_id = :site)
"""


def counts(session: Session, viewer: Viewer, plan: Plan) -> dict[str, int]:
    """How much there is of each layer on the whole site, and how many open issues the viewer may see."""
    grids, buildings, facilities = session.execute(
        text(_COUNTS), {"edition": plan.edition_id, "site": plan.site_id}
    ).one()
    his = seen(viewer) if viewer.reach("issues") else "false"
    issues = session.execute(
        text(f"""
            with recursive {_area(his)} his as (select from issue i where i.site_id = :site and {_OPEN} and {his})
            select count(*) from his
        """),
        {**of_viewer(viewer), "site": plan.site_id},
    ).scalar_one()
    return {"grids": grids, "labels": grids, "buildings": buildings, "facilities": facilities, "issues": issues}
