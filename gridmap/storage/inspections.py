"""Filled forms: stored with their answers; failures stay open until a later check accepts them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from gridmap.domain.lifecycle import ENDED
from gridmap.domain.rights import Viewer
from gridmap.domain.subjects import Item
from gridmap.language import Phrase
from gridmap.storage.sight import AREA, of_viewer

MOST_LISTED: Final = 1_000
_ENDED: Final = "({})".format(", ".join(f"'{status}'" for status in ENDED))


# ---------------------------------------------------------------- a site's own items


def own_items(session: Session, site_id: int) -> list[Item | tuple[int, str]]:
    """The items that a site words in its own way or adds; those it leaves out by subject and code alone."""
    rows = session.execute(
        text("""
            select subject, item, left_out, text, category, answer, operator, "limit", unit, per_item, per_each
            from subject_item where site_id = :site order by subject, item
        """),
        {"site": site_id},
    )
    return [
        (row.subject, row.item)
        if row.left_out
        else Item(
            row.subject, row.item, Phrase(row.text), row.category, row.answer, row.operator, row.limit, row.unit,
            (row.per_item, row.per_each) if row.per_item else None,
        )
        for row in rows
    ]  # fmt: skip


def write_item(session: Session, site_id: int, item: Item, *, left_out: bool = False) -> None:
    """Let a site have an item in its own way, or not at all."""
    session.execute(
        text("""
            insert into subject_item (site_id, subject, item, left_out, text, category, answer, operator, "limit", unit,
                                      per_item, per_each)
            values (:site, :subject, :item, :left_out, :text, :category, :answer, :operator, :limit, :unit, :per, :each)
            on conflict (site_id, subject, item) do update
            set left_out = excluded.left_out, text = excluded.text, category = excluded.category,
                answer = excluded.answer, operator = excluded.operator, "limit" = excluded."limit",
                unit = excluded.unit, per_item = excluded.per_item, per_each = excluded.per_each
        """),
        {
            "site": site_id, "subject": item.subject, "item": item.code, "left_out": left_out, "text": item.text.key,
            "category": item.category, "answer": item.answer, "operator": item.operator, "limit": item.limit,
            "unit": item.unit, "per": item.per and item.per[0], "each": item.per and item.per[1],
        },
    )  # fmt: skip


# ---------------------------------------------------------------- where it is


def place_of(
    session: Session,
    site_id: int,
    at: datetime,
    building: str | None,
    facility: str | None,
    spot: tuple[float, float] | None,
) -> Row[Any] | None:
    """Where something was looked at: the position given, else of what was looked at; and its leaf."""
    lon, lat = spot or (None, None)
    return session.execute(
        text("""
            with place as (
                select b.id as building_id, f.id as facility_id, f.level, b.name as building, f.name as facility,
                       f.grid_code, coalesce(
                           case when cast(:lon as float8) is not null
                                then st_setsrid(st_makepoint(:lon, :lat), 4326) end,
                           st_pointonsurface(coalesce(f.geom, b.geom))) as geom
                from (select 1) as one
                left join building b on b.site_id = :site and b.code = :building
                left join facility f on f.site_id = :site and f.code = :facility
                where (cast(:building as text) is null or b.id is not null)
                  and (cast(:facility as text) is null or f.id is not null)
            ), edition as (
                select id, leaf_tier from edition where site_id = :site and status <> 'draft' and valid_from <= :at
                  and (valid_to is null or :at < valid_to)
            )
            select p.building_id, p.facility_id, p.level, p.building, p.facility,
                   st_x(p.geom) as lon, st_y(p.geom) as lat,
                   coalesce(
                       (select a.grid_code from allotment a, edition e where a.edition_id = e.id
                        and a.building_id = p.building_id order by a.area_m2 desc, a.grid_code limit 1),
                       p.grid_code,
                       (select g.code from grid g, edition e where g.edition_id = e.id and st_covers(g.geom, p.geom)
                        order by g.tier desc, g.code limit 1)) as grid
            from place p where p.geom is not null
        """),
        {"site": site_id, "at": at, "building": building, "facility": facility, "lon": lon, "lat": lat},
    ).one_or_none()


# ---------------------------------------------------------------- forms that were filled


def lock_upload(session: Session, account_id: int, uid: str) -> None:
    """One upload of a form at a time, so that the second of two finds the first."""
    session.execute(text("select pg_advisory_xact_lock(1735549286, hashtext(:key))"), {"key": f"{account_id}/{uid}"})


def number_of(session: Session, account_id: int, uid: str) -> int | None:
    """The inspection that an account has sent under its own number before."""
    found = text("select id from inspection where account_id = :account and uid = :uid")
    number: int | None = session.execute(found, {"account": account_id, "uid": uid}).scalar_one_or_none()
    return number


def write_inspection(session: Session, row: Mapping[str, Any]) -> int:
    """Store a filled form without its answers."""
    return int(
        session.execute(
            text("""
                insert into inspection (uid, site_id, subject, kind, building_id, facility_id, grid_code, round_id,
                                        account_id, person_id, joint_with_id, at, received_at, passed, note, geom)
                values (:uid, :site_id, :subject, :kind, :building_id, :facility_id, :grid, :round, :account_id,
                        :person_id, (select id from person where site_id = :site_id and code = :joint_with),
                        :at, :received_at, :passed, :note, st_setsrid(st_makepoint(:lon, :lat), 4326))
                returning id
            """),
            dict(row),
        ).scalar_one()
    )


def write_answers(session: Session, inspection: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store the answers of a form, each failure with its issue."""
    session.execute(
        text("""
            insert into inspection_answer (inspection_id, subject, item, value, passed, note, issue_id, earlier_id)
            select :inspection, g.subject, g.item, g.value, g.passed, g.note,
                   (select i.id from issue i where i.code = g.issue), g.earlier
            from json_to_recordset(cast(:rows as json)) as g (
                subject smallint, item text, value jsonb, passed boolean, note text, issue text, earlier bigint
            )
        """),
        {"inspection": inspection, "rows": json.dumps(rows, default=str)},
    )


def going_on(session: Session, site_id: int, place: Row[Any], subject: int, items: Sequence[str]) -> dict[str, str]:
    """Items that failed here before and whose issue has not ended: the issue's code by item."""
    rows = session.execute(
        text(f"""
            select a.item, max(i.code) as code from inspection_answer a join inspection n on n.id = a.inspection_id
            join issue i on i.id = a.issue_id
            where n.site_id = :site and a.subject = :subject and a.item = any(:items) and not a.passed
              and i.status not in {_ENDED}
              and n.building_id is not distinct from :building and n.facility_id is not distinct from :facility
              and (n.building_id is not null or n.facility_id is not null)
            group by a.item
        """),
        {
            "site": site_id, "subject": subject, "items": list(items), "building": place.building_id,
            "facility": place.facility_id,
        },
    )  # fmt: skip
    return {row.item: row.code for row in rows}


def issues_by_reference(session: Session, site_id: int, references: Sequence[str]) -> dict[str, str]:
    """The codes of issues that inspections have made, by their references."""
    rows = session.execute(
        text(
            "select reference, code from issue where site_id = :site and source = 'inspection' and reference = any(:r)"
        ),
        {"site": site_id, "r": list(references)},
    )
    return {row.reference: row.code for row in rows}


# ---------------------------------------------------------------- failures


def open_failures(
    session: Session, site_id: int, building_id: int | None = None, viewer: Viewer | None = None
) -> list[Row[Any]]:
    """What has failed and no check has accepted since, of a building or of the site, the oldest first.

    With a viewer, what he may see of it.
    """
    seen = "true" if viewer is None else seen_inspection(viewer)
    values = {} if viewer is None else of_viewer(viewer)
    rows = session.execute(
        text(f"""
            {"" if viewer is None else f"with recursive {AREA}"}
            select a.id, a.subject, a.item, a.value, a.note, a.rechecks, n.at, n.grid_code, b.code as building,
                   f.code as facility, i.code as issue, i.status
            from inspection_answer a join inspection n on n.id = a.inspection_id
            left join building b on b.id = n.building_id left join facility f on f.id = n.facility_id
            left join issue i on i.id = a.issue_id
            where n.site_id = :site and not a.passed and a.accepted_at is null and a.earlier_id is null
              and (cast(:building as bigint) is null or n.building_id = :building) and {seen}
            order by n.at, a.id
        """),
        {**values, "site": site_id, "building": building_id},
    )
    return list(rows)


def settle(session: Session, inspection: int, at: datetime, rechecked: Mapping[int, bool]) -> None:
    """Accept the failures that are put right, and count how often the others have failed again."""
    session.execute(
        text("""
            update inspection_answer a
            set accepted_in_id = case when g.passed then cast(:inspection as bigint) end,
                accepted_at = case when g.passed then cast(:at as timestamptz) end,
                rechecks = a.rechecks + case when g.passed then 0 else 1 end
            from json_to_recordset(cast(:rows as json)) as g (id bigint, passed boolean)
            where a.id = g.id and a.accepted_at is null
        """),
        {
            "inspection": inspection, "at": at,
            "rows": json.dumps([{"id": number, "passed": passed} for number, passed in rechecked.items()]),
        },
    )  # fmt: skip


# ---------------------------------------------------------------- reading

COLUMNS: Final = """
    n.id as number, n.subject, n.kind, b.code as building, f.code as facility, n.grid_code as grid, n.round_id as round,
    w.code as person, j.code as joint_with, n.at, n.received_at, n.passed, n.note,
    st_x(n.geom) as lon, st_y(n.geom) as lat
"""
TABLES: Final = """
    inspection n left join building b on b.id = n.building_id left join facility f on f.id = n.facility_id
    left join person w on w.id = n.person_id left join person j on j.id = n.joint_with_id
"""


def seen_inspection(viewer: Viewer) -> str:
    """The condition on inspection `n` for what a viewer may see: his own, and those on his ground."""
    reach = viewer.reach("inspections")
    if reach is None:
        return "false"
    told = ["n.account_id = :viewer_account", "n.person_id = :viewer_person", "n.joint_with_id = :viewer_person"]
    if reach == "area":
        told.append("true" if viewer.grids is None else "n.grid_code = any(array(select code from area))")
    site = " and n.site_id = :viewer_site" if viewer.site_id is not None else ""
    return f"({' or '.join(told)}){site}"


def inspection_list(
    session: Session,
    viewer: Viewer,
    site_id: int,
    since: datetime,
    until: datetime,
    building: str | None = None,
    subject: int | None = None,
    limit: int = 100,
) -> list[dict[str, Any]]:
    """The newest inspections of a time that a viewer may see."""
    rows = session.execute(
        text(f"""
            with recursive {AREA}
            select {COLUMNS}, (select count(*) from inspection_answer a where a.inspection_id = n.id
                               and not a.passed) as failed
            from {TABLES}
            where n.site_id = :site and n.at >= :since and n.at < :until and {seen_inspection(viewer)}
              and (cast(:building as text) is null or b.code = :building)
              and (cast(:subject as int) is null or n.subject = :subject)
            order by n.at desc, n.id desc limit :limit
        """),
        {
            **of_viewer(viewer), "site": site_id, "since": since, "until": until, "building": building,
            "subject": subject, "limit": min(limit, MOST_LISTED),
        },
    )  # fmt: skip
    return [dict(row) for row in rows.mappings()]


def inspection_by_number(session: Session, viewer: Viewer, number: int) -> dict[str, Any] | None:
    """One inspection with its answers; None if it is none of the viewer's."""
    row = session.execute(
        text(f"""
            with recursive {AREA}
            select {COLUMNS}, (
                select json_agg(json_build_object(
                    'number', a.id, 'subject', a.subject, 'item', a.item, 'value', a.value, 'passed', a.passed,
                    'note', a.note, 'issue', i.code, 'earlier', a.earlier_id, 'accepted_at', a.accepted_at,
                    'rechecks', a.rechecks
                ) order by a.id) from inspection_answer a left join issue i on i.id = a.issue_id
                where a.inspection_id = n.id
            ) as answers
            from {TABLES} where n.id = :number and {seen_inspection(viewer)}
        """),
        {**of_viewer(viewer), "number": number},
    ).mappings().one_or_none()  # fmt: skip
    return None if row is None else {**row, "answers": row["answers"] or []}
