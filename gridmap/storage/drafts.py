"""Drafts as they are kept: listed, held by one hand at a time, and written over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from gridmap.domain.model import Draft, Edition
from gridmap.domain.rights import Viewer
from gridmap.storage.sight import AREA, of_viewer, seen


def drafts(session: Session, site_id: int) -> list[dict[str, Any]]:
    """The drafts of a site, the newest first; one that was loaded from files has nobody who drew it."""
    rows = session.execute(
        text("""
            select e.number, d.note, coalesce(d.version, 0) as version, b.number as based_on, d.made_by, d.made_at,
                   d.saved_by, d.saved_at, (select count(*) from grid g where g.edition_id = e.id) as grids
            from edition e left join draft d on d.edition_id = e.id left join edition b on b.id = d.based_on_id
            where e.site_id = :site and e.status = 'draft' order by e.number desc
        """),
        {"site": site_id},
    )
    return [dict(row) for row in rows.mappings()]


def draft(session: Session, site_id: int, number: int, *, held: bool = False) -> tuple[Edition, Draft | None] | None:
    """A draft and what is known of its making; `held` keeps others from writing it meanwhile."""
    asked = select(Edition).where(Edition.site_id == site_id, Edition.number == number, Edition.status == "draft")
    edition = session.scalar(asked.with_for_update() if held else asked)
    return None if edition is None else (edition, session.get(Draft, edition.id, populate_existing=True))


def next_number(session: Session, site_id: int) -> int:
    """The number of the site's next Edition."""
    return 1 + (session.scalar(select(func.max(Edition.number)).where(Edition.site_id == site_id)) or 0)


def clear(session: Session, edition: Edition) -> None:
    """Take the grids of a draft away, to write others."""
    session.execute(text("delete from grid where edition_id = :edition"), {"edition": edition.id})


def codes_ever(session: Session, site_id: int) -> set[str]:
    """Every code that a grid of the site has or had: a new one inherits nothing from an old one."""
    rows = session.execute(
        text("""
            select distinct g.code from grid g join edition e on e.id = g.edition_id where e.site_id = :site
            union select grid_code from post where site_id = :site and grid_code is not null
        """),
        {"site": site_id},
    )
    return set(rows.scalars())


def seen_among(session: Session, viewer: Viewer, ids: Sequence[int]) -> set[int]:
    """Which of some issues the viewer may see."""
    rows = session.execute(
        text(f"with recursive {AREA} select i.id from issue i where i.id = any(:ids) and {seen(viewer)}"),
        {**of_viewer(viewer), "ids": list(ids)},
    )
    return set(rows.scalars())


def name_grids(session: Session, table: str, site_id: int, grids: Mapping[str, str | None]) -> None:
    """Which grid buildings or facilities name, by their codes."""
    if not grids:
        return
    kept = {"building": "building", "facility": "facility"}[table]
    session.execute(
        text(f"""
            update {kept} t set grid_code = n.grid
            from unnest(cast(:codes as text[]), cast(:grids as text[])) n (code, grid)
            where t.site_id = :site and t.code = n.code
        """),
        {"site": site_id, "codes": list(grids), "grids": list(grids.values())},
    )
