"""What a site says of time: its zone, its hours, its own days and limits, and the weather that stretches them."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.engine import RowMapping
from sqlalchemy.orm import Session

from gridmap.domain.calendar import OwnDays
from gridmap.domain.deadlines import Stretch


def said_of_time(session: Session, code: str) -> RowMapping:
    """A site's zone, the country whose holidays it keeps, and its own hours and limits as it writes them."""
    query = text("select id, timezone, calendar, hours, limits from site where code = :code")
    return session.execute(query, {"code": code}).mappings().one()


def own_days(session: Session, site_id: int) -> OwnDays:
    """The days on which a site works otherwise than its weekdays say."""
    rows = session.execute(
        text("select day, hours, windows from calendar_day where site_id = :site_id"), {"site_id": site_id}
    )
    return {(day, hours): tuple((begin, end) for begin, end in windows) for day, hours, windows in rows}


def stretches(session: Session, site_ids: Iterable[int]) -> dict[int, list[Stretch]]:
    """The weather warnings of sites, past ones too: what began in one is still counted from its end."""
    rows = session.execute(
        text("""
            select site_id, kind, starts, ends, factor, grids, stamps from warning
            where site_id = any(cast(:sites as bigint[])) order by starts, id
        """),
        {"sites": sorted(set(site_ids))},
    )
    found: dict[int, list[Stretch]] = {}
    for site_id, kind, starts, ends, factor, grids, stamps in rows:
        places, stretched = (None if each is None else tuple(each) for each in (grids, stamps))
        found.setdefault(site_id, []).append(Stretch(kind, starts, ends, factor, places, stretched))
    return found
