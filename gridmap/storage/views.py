"""What a viewer may see of issues, as JSON made by the database: reads that climb through no model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.commands import Actor
from gridmap.domain.lifecycle import ENDED, allowed
from gridmap.domain.rights import Viewer
from gridmap.storage.plan_views import Plan
from gridmap.storage.sight import AREA, of_viewer, seen

_ENDED: Final = "({})".format(", ".join(f"'{status}'" for status in ENDED))
MOST: Final = 1_000


@dataclass(frozen=True)
class IssueFilter:
    """Which issues are meant; what is not said does not narrow them."""

    grid: str | None = None
    under: str | None = None
    status: tuple[str, ...] = ()
    category: str | None = None
    owner: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    bbox: tuple[float, float, float, float] | None = None
    open_only: bool = False
    site: str | None = None


@dataclass(frozen=True)
class Page:
    """Some rows as JSON texts, and where the next begin: after the moment and the id of the last."""

    rows: Sequence[str]
    after: tuple[datetime, int] | None


# Residents report under the name of their account.
NAMELESS: Final = """case when exists (
    select 1 from reporter r join account a on a.id = r.account_id where r.issue_id = i.id and a.role = 'resident'
) then 'resident' else i.source end"""


# Nothing gets late while it waits with a reason, or while others have it.
LATE: Final = f"""(
    coalesce(i.due_at < coalesce(i.resolved_at, :now), false) and i.status not in {_ENDED} and i.held_at is null
)"""


def issue_columns(viewer: Viewer) -> str:
    """The columns of an issue as its view gives it; words and names only to those who may have them."""
    words = "i.text" if viewer.reach("words") else "null::text"
    source = "i.source" if viewer.reach("reporters") else NAMELESS
    person = (
        "case when p.id is not null then json_build_object('code', p.code, 'name', p.name) end"
        if viewer.reach("people")
        else "null::json"
    )
    handler = (
        "case when h.id is not null then json_build_object('role', i.handler_role, 'person', "
        "json_build_object('code', h.code, 'name', h.name)) end"
        if viewer.reach("people")
        else "case when h.id is not null then json_build_object('role', i.handler_role, 'person', null) end"
    )
    return f"""
        i.code, s.code as site, c.code as category, i.kind, i.urgency, i.status, i.version, i.reported_at, i.due_at,
        i.resolved_at, i.held_at, i.closed_at, {LATE} as overdue, i.position, i.level, g.code as grid,
        i.tier1, i.tier2, i.tier3,
        json_build_object('role', i.owner_role, 'grid', i.owner_grid, 'person', {person}) as owner,
        {handler} as handler,
        {words} as text, {source} as source, i.reference
    """


ISSUE_TABLES: Final = """
    issue i join site s on s.id = i.site_id join category c on c.id = i.category_id
    left join grid g on g.id = i.grid_id left join person p on p.id = i.owner_id
    left join person h on h.id = i.handler_id
"""


def issue_list(
    session: Session,
    viewer: Viewer,
    wanted: IssueFilter,
    at: datetime,
    *,
    limit: int = 100,
    after: tuple[datetime, int] | None = None,
    geojson: bool = False,
) -> Page:
    """The newest issues that the viewer may see, each as JSON; with `geojson` as features."""
    conditions, values = _narrowed(wanted, after)
    place = "st_asgeojson(i.geom, 8)::json"
    item = (
        f"json_build_object('type', 'Feature', 'id', v.code, 'geometry', {place}, 'properties', row_to_json(v))"
        if geojson
        else "row_to_json(v)"
    )
    place_columns = "" if geojson else ", st_x(i.geom) as lon, st_y(i.geom) as lat"
    # Site by site, for the issues of each are kept in the order that is asked for.
    rows = session.execute(
        text(f"""
            with recursive {AREA}
            select ({item})::text as item, i.reported_at, i.id
            from {ISSUE_TABLES}
            join (
                select newest.id from site cross join lateral (
                    select i.id, i.reported_at from issue i
                    where i.site_id = site.id and {seen(viewer)} and {conditions}
                    order by i.reported_at desc, i.id desc limit :limit
                ) newest
                where (:viewer_site is null or site.id = :viewer_site)
                  and (cast(:wanted_site as text) is null or site.code = :wanted_site)
                order by newest.reported_at desc, newest.id desc limit :limit
            ) wanted on wanted.id = i.id
            cross join lateral (select {issue_columns(viewer)} {place_columns}) v
            order by i.reported_at desc, i.id desc
        """),
        {**of_viewer(viewer), **values, "now": at, "limit": min(limit, MOST) + 1},
    ).all()
    more = len(rows) > min(limit, MOST)
    kept = rows[: min(limit, MOST)]
    return Page([row.item for row in kept], (kept[-1].reported_at, kept[-1].id) if more else None)


UNDER: Final = """
    with recursive below as (
        select id from grid where code = :under
        union
        select child.id from grid child join below on child.parent_id = below.id
    ) select id from below
"""


def _narrowed(wanted: IssueFilter, after: tuple[datetime, int] | None) -> tuple[str, dict[str, Any]]:
    conditions = {
        "i.grid_id = any(array(select id from grid where code = :grid))": wanted.grid,
        f"i.grid_id = any(array({UNDER}))": wanted.under,
        "i.status = any(cast(:status as text[]))": list(wanted.status) or None,
        "i.category_id = any(array(select id from category where code = :category))": wanted.category,
        "i.owner_id = any(array(select id from person where code = :owner))": wanted.owner,
        "i.reported_at >= :since": wanted.since,
        "i.reported_at < :until": wanted.until,
        "i.geom && st_makeenvelope(:west, :south, :east, :north, 4326)": wanted.bbox,
        f"i.status not in {_ENDED}": wanted.open_only or None,
        "(i.reported_at, i.id) < (:after_at, :after_id)": after,
    }
    west, south, east, north = wanted.bbox or (None,) * 4
    after_at, after_id = after or (None, None)
    values = {
        "grid": wanted.grid, "under": wanted.under, "status": list(wanted.status), "category": wanted.category,
        "owner": wanted.owner, "wanted_site": wanted.site, "since": wanted.since, "until": wanted.until, "west": west,
        "south": south, "east": east, "north": north, "after_at": after_at, "after_id": after_id,
    }  # fmt: skip
    told = [condition for condition, value in conditions.items() if value is not None]
    return " and ".join(told) or "true", values


def open_features(session: Session, viewer: Viewer, plan: Plan) -> str:
    """All open issues of a site that the viewer may see, as the text of a FeatureCollection."""
    return str(
        session.execute(
            text(f"""
                with recursive {AREA}
                select json_build_object('type', 'FeatureCollection', 'features', coalesce(json_agg(
                    json_build_object('type', 'Feature', 'id', v.code, 'geometry', st_asgeojson(i.geom, 8)::json,
                                      'properties', row_to_json(v)) order by i.id
                ), '[]'::json))::text
                from {ISSUE_TABLES}
                cross join lateral (select {issue_columns(viewer)}) v
                where i.site_id = :site and i.status not in {_ENDED} and {seen(viewer)}
            """),
            {**of_viewer(viewer), "site": plan.site_id, "now": plan.at},
        ).scalar_one()
    )


# What is read of one issue beside its columns, and the name it has.
PARTS: Final = """
    d.answers, d.reasons, i.present, r.account_id as reported_by, h.code as handled_by,
    (select json_object_agg(deadline.stamp, json_build_object(
        'started_at', deadline.started_at, 'due_at', deadline.due_at,
        'provisional', deadline.provisional, 'rule', deadline.rule))
     from deadline where deadline.issue_id = i.id) as deadlines,
    (select json_agg(json_build_object('id', photo.id, 'sort', photo.sort, 'at', photo.at,
                                       'taken_at', photo.taken_at) order by photo.id)
     from photo where photo.issue_id = i.id) as photos,
    (select json_agg(child.code order by child.id) from issue child where child.parent_id = i.id) as children,
    (select json_agg(json_build_object('at', e.at, 'action', e.action, 'status', e.status, 'role', e.role,
                                       'note', e.note, 'data', e.data, 'person', actor.name,
                                       'lon', st_x(e.geom), 'lat', st_y(e.geom)) order by e.id)
     from issue_event e left join person actor on actor.id = e.actor_id where e.issue_id = i.id) as history
"""
REPORTER: Final = """(
    select json_build_object('name', r.name, 'phone', r.phone) from reporter r
    where r.issue_id = i.id and (r.name is not null or r.phone is not null)
)"""
# The columns that one issue has beside those of a list.
DETAIL: Final = """
    st_x(i.geom) as lon, st_y(i.geom) as lat, i.accuracy_m, i.extent_m,
    (select f.code from facility f where f.id = i.facility_id) as facility,
    i.first_answer_at, i.accepted_at, i.on_site_at, i.under_control_at, i.look_at,
    i.reopens, i.reworks, i.satisfaction, i.closed_as,
    (select parent.code from issue parent where parent.id = i.parent_id) as parent
"""


def issue_by_code(session: Session, viewer: Viewer, code: str, at: datetime) -> dict[str, Any] | None:
    """An issue with its answers, reasons, reporter and history; None if it is none of the viewer's."""
    reporter = REPORTER if viewer.reach("reporters") else "null::json"
    row = session.execute(
        text(f"""
            with recursive {AREA}
            select row_to_json(v) as view, {reporter} as reporter, {PARTS}
            from {ISSUE_TABLES} join decision d on d.id = i.decision_id
            left join reporter r on r.issue_id = i.id
            cross join lateral (select {issue_columns(viewer)}, {DETAIL}) v
            where i.code = :code and {seen(viewer)}
        """),
        {**of_viewer(viewer), "code": code, "now": at},
    ).one_or_none()
    if row is None:
        return None
    history = [_line(viewer, line) for line in row.history or ()]
    linked = {row.view["parent"], *(row.children or ()), *(_linked(line) for line in history)} - {None}
    hidden = linked - codes_seen(session, viewer, linked) if linked else set()
    return {
        **row.view,
        "parent": None if row.view["parent"] in hidden else row.view["parent"],
        "answers": row.answers,
        "reasons": [reason for reason in row.reasons if viewer.reach("people") or reason["rule"] != "deputy"],
        "reporter": row.reporter,
        "deadlines": row.deadlines or {},
        "photos": row.photos or [],
        "children": [code for code in row.children or () if code not in hidden],
        **{name: row.present.get(name) for name in ("referral", "plan", "supervised", "signed")},
        "allowed": list(allowed(row.view["status"], _toward(viewer, row))),
        "history": [{**line, "data": None} if _linked(line) in hidden else line for line in history],
    }


def codes_seen(session: Session, viewer: Viewer, codes: Iterable[str]) -> set[str]:
    """Those of the codes whose issues the viewer may see."""
    rows = session.execute(
        text(f"""
            with recursive {AREA}
            select i.code from issue i where i.code = any(cast(:codes as text[])) and {seen(viewer)}
        """),
        {**of_viewer(viewer), "codes": sorted(set(codes))},
    )
    return set(rows.scalars())


def _toward(viewer: Viewer, row: Any) -> tuple[str, ...]:
    """What the viewer is to an issue."""
    return Actor(viewer.role, viewer.account_id, viewer.person).roles(row.handled_by, row.reported_by)


def _line(viewer: Viewer, line: dict[str, Any]) -> dict[str, Any]:
    """A line of history without the words and the people that the viewer may not have."""
    note = line["note"] if viewer.reach("words") else None
    named = viewer.reach("people")
    where = {} if named else {"lon": None, "lat": None}
    return {
        **line, "note": note, "data": line["data"] if named else _told_all(line["data"]),
        "person": line["person"] if named else None, **where,
    }  # fmt: skip


def _linked(line: Mapping[str, Any]) -> str | None:
    """The issue that a line of history names."""
    data = line["data"] or {}
    return data.get("child") or data.get("parent")


def _told_all(data: dict[str, Any] | None) -> dict[str, Any] | None:
    """Of what a line says, what names nobody."""
    kept = {name: value for name, value in (data or {}).items() if name in ("deadlines", "photos", "passed", "as")}
    return kept or None


# A line that is written first may be committed last: so many before the newest are counted, not only the newest known.
LATELY: Final = 10_000


def stamp_of_issues(session: Session) -> tuple[Any, ...]:
    """What moves when anything has been written about an issue: its history, for nothing changes without a line."""
    return tuple(
        session.execute(
            text("""
                select newest.id, (select count(*) from issue_event e where e.id > newest.id - :lately)
                from (select max(id) as id from issue_event) newest
            """),
            {"lately": LATELY},
        ).one()
    )
