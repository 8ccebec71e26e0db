"""Analyses: what was reported in a window, as far as somebody sees it, and the results that are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import pandas as pd
from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from gridmap.domain.model import Analysis, AnalysisCell
from gridmap.domain.rights import Viewer
from gridmap.storage.places import read_table
from gridmap.storage.reading import copied, moment
from gridmap.storage.sight import AREA, of_viewer, seen

KINDS: Final = {
    "category": "word", "facility": "word", "tier1": "word", "tier2": "word", "tier3": "word", "reported_at": "moment",
    "closed_at": "moment", "source": "word",
}  # fmt: skip
CELL: Final = ("code", "count", "rate", "few", "expected", "ratio", "score", "p", "neighbours", "bin", "category")


def reported(
    session: Session, viewer: Viewer, site_id: int, since: datetime, until: datetime, categories: Sequence[str] = ()
) -> pd.DataFrame:
    """What was reported in a window, void and merged left out: category, facility, tier1 to tier3, when, source."""
    of_categories = "and c.code = any(:categories)" if categories else ""
    query = f"""
        with recursive {AREA}
        select c.code, f.code, i.tier1, i.tier2, i.tier3, {moment("i.reported_at")}, {moment("i.closed_at")}, i.source
        from issue i join category c on c.id = i.category_id left join facility f on f.id = i.facility_id
        where i.site_id = :site and i.reported_at >= :since and i.reported_at < :until
          and i.status not in ('void', 'merged') {of_categories} and {seen(viewer)}
        order by i.id
    """
    values = {
        **of_viewer(viewer), "site": site_id, "since": since, "until": until, "categories": list(categories),
    }  # fmt: skip
    found = copied(session, query, {name: value for name, value in values.items() if f":{name}" in query}, KINDS)
    words = [name for name in KINDS if KINDS[name] == "word"]
    return found.astype(dict.fromkeys(words, object))


def keep(session: Session, analysis: Analysis, cells: pd.DataFrame) -> Analysis:
    """Store an analysis with what it says of each grid."""
    session.add(analysis)
    session.flush()
    held = cells[list(CELL)].astype(object)
    rows: list[Any] = held.where(held.notna(), None).assign(analysis_id=analysis.id).to_dict("records")
    if rows:
        session.execute(insert(AnalysisCell), rows)
    return analysis


def of_site(session: Session, site_id: int, limit: int = 100) -> list[Analysis]:
    """The analyses of a site, the latest first."""
    asked = select(Analysis).where(Analysis.site_id == site_id).order_by(Analysis.made_at.desc(), Analysis.id.desc())
    return list(session.scalars(asked.limit(limit)))


def one(session: Session, site_id: int, number: int) -> Analysis | None:
    return session.scalar(select(Analysis).where(Analysis.site_id == site_id, Analysis.id == number))


def cells(session: Session, analysis_id: int) -> pd.DataFrame:
    """What an analysis says of each grid, by code."""
    return read_table(
        session,
        f"select {', '.join(CELL)} from analysis_cell where analysis_id = :analysis order by code",
        {"analysis": analysis_id},
    ).set_index("code")


def names(session: Session, site_id: int, sort: str) -> dict[str, str]:
    """How the facilities or the grids of a site are called, by code."""
    queries = {
        "facility": "select f.code, f.name from facility f where f.site_id = :site",
        "account": "select a.id::text, a.name from account a where a.site_id is null or a.site_id = :site",
    }
    rows: Any = session.execute(text(queries[sort]), {"site": site_id})
    return dict(rows.all())
