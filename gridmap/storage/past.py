"""What was reported where and when, as columns made by the database: small enough for ninety days of a city."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.rights import Viewer
from gridmap.storage.sight import AREA, of_viewer, seen

# So many reports are told one by one; of more, it is told how many there were in a grid on a day.
MOST: Final = 100_000
MOST_DAYS: Final = 400
# The fifth decimal of a degree: about a metre.
UNIT: Final = 100_000


@dataclass(frozen=True)
class Stretch:
    """From a moment up to another, on one site; of some categories only, if any are named."""

    site_id: int
    start: datetime
    end: datetime
    categories: tuple[str, ...] = ()


# What was reported in the stretch as far as the viewer sees: places as whole numbers, times as minutes since it began.
_FOUND: Final = f"""
    found as materialized (
        select floor(extract(epoch from i.reported_at - :start) / 60)::int as minute, i.id, i.category_id as kind,
               round(st_x(i.geom) * {UNIT})::int as x, round(st_y(i.geom) * {UNIT})::int as y,
               i.tier1, i.tier2, i.tier3
        from issue i
        where i.site_id = :site and i.reported_at >= :start and i.reported_at < :end and {{condition}}
        order by i.reported_at, i.id limit :most
    )
"""
_OF_CATEGORY: Final = (
    "i.category_id = any(array(select id from category where code = any(cast(:categories as text[]))))"
)

# Both ways end in `told`, a row for each or for so many, in order of time; `lies` is a grid with those above it.
_EACH: Final = """
    told as materialized (
        select minute, id, kind, x, y, 1 as count,
               jsonb_build_array(tier1, tier2, tier3)::text as lies
        from found
    )
"""
# Counted in the deepest tier that is not too much to tell; where they lie is the middle of them.
_COUNTED: Final = """
    days as materialized (
        select minute / 1440 * 1440 as minute, tier1, tier2, tier3, count(*) as count, sum(x) as x, sum(y) as y
        from found group by 1, 2, 3, 4
    ),
    depth as materialized (
        select case when (select count(*) from days) <= :told then 3
                    when (select count(*) from (select distinct minute, tier1, tier2 from days) d) <= :told then 2
                    else 1 end as tier
    ),
    told as materialized (
        select minute, row_number() over () as id, null::bigint as kind, lies, sum(count) as count,
               round(sum(x) / sum(count))::int as x, round(sum(y) / sum(count))::int as y
        from days cross join depth
        cross join lateral (select jsonb_build_array(
            tier1, case when tier > 1 then tier2 end, case when tier > 2 then tier3 end)::text as lies) l
        group by minute, lies
    )
"""

_COLUMNS: Final = """
    kinds as (
        select k.kind, c.code, row_number() over (order by c.code) - 1 as number
        from (select distinct kind from told) k join category c on c.id = k.kind
    ),
    grids as (
        select lies, row_number() over (order by lies) - 1 as number from (select distinct lies from told) g
    ),
    corner as (select coalesce(min(x), 0) as x, coalesce(min(y), 0) as y from told),
    lines as (
        select told.minute, told.x - corner.x as lon, told.y - corner.y as lat, kinds.number as kind,
               grids.number as grid, told.count
        from told cross join corner join grids using (lies) left join kinds using (kind)
        order by told.minute, told.id
    )
    select count(*) as rows, coalesce(sum(count), 0)::bigint as reports,
           (select '[' || x || ',' || y || ']' from corner) as corner,
           string_agg(lon::text, ',') as lon, string_agg(lat::text, ',') as lat,
           string_agg(minute::text, ',') as minute, string_agg(grid::text, ',') as grid,
           string_agg(kind::text, ',') as category, string_agg(count::text, ',') as count,
           (select coalesce(json_agg(code order by number), '[]')::text from kinds) as categories,
           (select string_agg(lies, ',' order by number) from grids) as grids
    from lines
"""


def told(session: Session, viewer: Viewer, stretch: Stretch, *, counted: bool, most: int = MOST) -> Mapping[str, Any]:
    """The columns of a stretch as texts that JSON lists are made of, with how many rows and reports they tell of.

    One by one, but no more than one over `most`, so that more are noticed; or `counted` by grid and day.
    """
    conditions = [seen(viewer), *([_OF_CATEGORY] if stretch.categories else [])]
    found = _FOUND.format(condition=" and ".join(conditions))
    query = f"with recursive {AREA}, {found}, {_COUNTED if counted else _EACH}, {_COLUMNS}"
    values = {
        **of_viewer(viewer), "site": stretch.site_id, "start": stretch.start, "end": stretch.end,
        "categories": list(stretch.categories), "most": None if counted else most + 1, "told": most,
    }  # fmt: skip
    bound = {name: value for name, value in values.items() if f":{name}" in query}
    return dict(session.execute(text(query), bound).mappings().one())


def reports_by_grid(session: Session, viewer: Viewer, stretch: Stretch, tier: int) -> dict[str, int]:
    """How much was reported in each grid of a tier in a stretch, as far as the viewer sees."""
    condition = "i.reported_at >= :start and i.reported_at < :end"
    return _by_grid(session, viewer, tier, condition, site=stretch.site_id, start=stretch.start, end=stretch.end)


def open_by_grid(session: Session, viewer: Viewer, site_id: int, at: datetime, tier: int) -> dict[str, int]:
    """How much was open in each grid of a tier at a moment, as far as the viewer sees."""
    condition = "i.reported_at < :at and (i.closed_at is null or i.closed_at >= :at)"
    return _by_grid(session, viewer, tier, condition, site=site_id, at=at)


def _by_grid(session: Session, viewer: Viewer, tier: int, condition: str, **values: Any) -> dict[str, int]:
    query = f"""
        with recursive {AREA}
        select i.tier{int(tier)}, count(*) from issue i
        where i.site_id = :site and {condition} and {seen(viewer)} group by 1
    """
    bound = {name: value for name, value in {**of_viewer(viewer), **values}.items() if f":{name}" in query}
    rows: Any = session.execute(text(query), bound)
    return {grid: int(number) for grid, number in rows if grid is not None}
