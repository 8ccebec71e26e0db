"""What somebody sees who watches: the open issues as they are, and of those that changed what they have become."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.lifecycle import ENDED, URGENCIES
from gridmap.domain.rights import Viewer
from gridmap.storage.sight import AREA, of_viewer, seen
from gridmap.storage.views import ISSUE_TABLES, LATE, issue_columns

_OPEN: Final = "i.status not in ({})".format(", ".join(f"'{status}'" for status in ENDED))
_BY_URGENCY: Final = "array_position(array[{}], i.urgency)".format(", ".join(f"'{each}'" for each in URGENCIES))
_FEATURE: Final = """json_build_object(
    'type', 'Feature', 'id', i.code, 'geometry', st_asgeojson(i.geom, 8)::json, 'properties', row_to_json(v)
)::text"""
# So many are painted one by one; of more, the most urgent.
MOST: Final = 2_000


def sight_of(viewer: Viewer) -> Viewer:
    """The viewer without what his sight does not hang on: those who have the same see the same, word for word."""
    whole = viewer.reach("issues") == "area" and viewer.grids is None
    return replace(viewer, name="", account_id=0 if whole else viewer.account_id)


@dataclass(frozen=True)
class Scene:
    """What is open at a site for a sight: how much, by status, and the features of the most urgent as JSON texts."""

    at: datetime
    total: int
    late: int
    counts: Mapping[str, int]
    features: Mapping[str, str]

    @property
    def more(self) -> bool:
        """Whether there are more than are given."""
        return self.total > len(self.features)

    def as_json(self) -> str:
        """All of it, but for the moment."""
        said = {"total": self.total, "late": self.late, "counts": self.counts, "more": self.more}
        return envelope(said, self.features.values())


def scene(session: Session, viewer: Viewer, site_id: int, at: datetime) -> Scene:
    """The open issues of a site that the viewer may see, the most urgent first."""
    values = {**of_viewer(viewer), "site": site_id, "now": at, "most": MOST}
    counted = session.execute(
        text(f"""
            with recursive {AREA}
            select i.status, count(*) as number, count(*) filter (where {LATE}) as late
            from issue i where i.site_id = :site and {_OPEN} and {seen(viewer)} group by i.status
        """),
        values,
    ).all()
    rows = session.execute(
        text(f"""
            with recursive {AREA}, urgent as materialized (
                select i.id, row_number() over (order by {LATE} desc, {_BY_URGENCY}, i.due_at, i.id desc) as place
                from issue i where i.site_id = :site and {_OPEN} and {seen(viewer)}
                order by place limit :most
            )
            select i.code, {_FEATURE} as feature
            from {ISSUE_TABLES} join urgent on urgent.id = i.id
            cross join lateral (select {issue_columns(viewer)}) v
            order by urgent.place
        """),
        values,
    )
    return Scene(
        at,
        total=sum(row.number for row in counted),
        late=sum(row.late for row in counted),
        counts={row.status: row.number for row in counted},
        features={row.code: row.feature for row in rows},
    )


def features_of(session: Session, viewer: Viewer, site_id: int, codes: Collection[str], at: datetime) -> dict[str, str]:
    """Of some issues those that are open and seen by the viewer, by code: what is missing here, he sees no more."""
    rows = session.execute(
        text(f"""
            with recursive {AREA}
            select i.code, {_FEATURE} as feature from {ISSUE_TABLES}
            cross join lateral (select {issue_columns(viewer)}) v
            where i.code = any(cast(:codes as text[])) and i.site_id = :site and {_OPEN} and {seen(viewer)}
            order by i.id
        """),
        {**of_viewer(viewer), "site": site_id, "codes": sorted(codes), "now": at},
    )
    return {row.code: row.feature for row in rows}


@dataclass(frozen=True)
class Touch:
    """What a changed issue touches: its site, its reporter's account, the grids and the people it has to do with."""

    code: str
    site_id: int
    account_id: int | None
    grids: frozenset[str] = field(default_factory=frozenset)
    people: frozenset[str] = field(default_factory=frozenset)


def touches(session: Session, codes: Collection[str]) -> list[Touch]:
    """What some issues touch, so that only those are asked about who could see them."""
    rows = session.execute(
        text("""
            with recursive changed as materialized (
                select i.* from issue i where i.code = any(cast(:codes as text[]))
            ),
            chain as (
                (select c.id as issue_id, g.id, g.code, g.parent_id from changed c join grid g on g.id = c.grid_id
                 union
                 select c.id, g.id, g.code, g.parent_id from changed c
                 join edition e on e.site_id = c.site_id
                 join grid g on g.edition_id = e.id and g.code = c.owner_grid)
                union
                select chain.issue_id, g.id, g.code, g.parent_id from grid g join chain on g.id = chain.parent_id
            )
            select c.code, c.site_id, r.account_id,
                   array(select chain.code from chain where chain.issue_id = c.id)
                   || array[c.tier1, c.tier2, c.tier3, c.owner_grid] as grids,
                   array(select answer #>> '{person,code}' from jsonb_array_elements(d.answers) as answer)
                   || array[o.code, h.code] as people
            from changed c left join decision d on d.id = c.decision_id left join reporter r on r.issue_id = c.id
            left join person o on o.id = c.owner_id left join person h on h.id = c.handler_id
        """),
        {"codes": sorted(codes)},
    )
    return [
        Touch(row.code, row.site_id, row.account_id, frozenset(row.grids) - {None}, frozenset(row.people) - {None})
        for row in rows
    ]


def may_concern(viewer: Viewer, touch: Touch) -> bool:
    """Whether a viewer might see an issue: never no where `seen` would say yes."""
    reach = viewer.reach("issues")
    if reach is None:
        return False
    if reach == "area" and (viewer.grids is None or not touch.grids.isdisjoint(viewer.grids)):
        return True
    if reach != "own" and viewer.person is not None and viewer.person in touch.people:
        return True
    return touch.account_id is not None and touch.account_id == viewer.account_id


def envelope(parts: Mapping[str, Any], features: Collection[str]) -> str:
    """An object as JSON, with features that are JSON texts already."""
    head = json.dumps(dict(parts), separators=(",", ":"))
    return f'{head[:-1]}{"," if parts else ""}"features":[{",".join(features)}]}}'
