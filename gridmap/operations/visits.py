"""Where a round would find most tomorrow, told from what was reported of late on one's ground."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy.orm import Session

from gridmap.analytics.suggestions import plan, suggestions
from gridmap.domain.insights import Question
from gridmap.domain.model import Site
from gridmap.domain.rights import Viewer
from gridmap.language import phrase
from gridmap.operations.grids import edition
from gridmap.operations.insights import seen_grids
from gridmap.operations.reasons import Names
from gridmap.storage import analyses

# How far back is looked: older reports weigh little.
DAYS: Final = 180
MOST: Final = 5
AT_ONCE: Final = 2
# Hours between which rounds are suggested: what is told at night is mostly to be seen by day as well.
DAYLIGHT: Final = (6, 21)
FOUND_BY_ROUNDS: Final = ("patrol", "inspection")


def suggested(
    session: Session, site: Site, viewer: Viewer, at: datetime, tier: int = 3, most: int = MOST
) -> pd.DataFrame:
    """The rounds of tomorrow that would find most, one for each grid: code, part of the day, how many, and why."""
    grids = seen_grids(session, site, viewer, Question(tier=tier), edition(session, site, at).id, at)
    reports = analyses.reported(session, viewer, site.id, at - timedelta(days=DAYS), at)
    if reports.empty:
        return pd.DataFrame(columns=["code", "begins", "ends", "expected", "low", "high", "why"])
    until = pd.Timestamp(at).tz_convert(ZoneInfo(site.timezone))
    # What rounds have found says what rounds find; where none has been walked, all that was reported has to.
    findable = FOUND_BY_ROUNDS if reports["source"].isin(FOUND_BY_ROUNDS).any() else None
    rows = suggestions(reports, grids, until, by=f"tier{tier}", findable=findable)
    by_day = rows["begins"].ge(DAYLIGHT[0]) & rows["ends"].le(DAYLIGHT[1])
    return plan(rows[by_day], most, at_once=AT_ONCE)


def told(rows: pd.DataFrame, names: Names, language: str) -> list[dict[str, Any]]:
    """The rounds as data, each with its sentence."""
    return [_told(row, names, language) for row in rows.to_dict("records")]


def _told(row: Mapping[Any, Any], names: Names, language: str) -> dict[str, Any]:
    code, hours = str(row["code"]), f"{row['begins']:02d}–{row['ends']:02d}"
    known = ", ".join(f"{names.value('category', category, language)} {count}" for category, count in row["why"])
    said = phrase("{hours}, {expected} to expect ({low} – {high})", hours=hours, expected=f"{row['expected']:.2f}",
                  low=f"{row['low']:.2f}", high=f"{row['high']:.2f}").say(language)  # fmt: skip
    return {
        "grid": code,
        "title": f"{code} {names.grids.get(code, '')}".strip(),
        "day": f"{row['day']:%Y-%m-%d}",
        "begins": int(row["begins"]),
        "ends": int(row["ends"]),
        **{name: round(float(row[name]), 4) for name in ("expected", "low", "high")},
        "why": [{"category": str(category), "count": int(count)} for category, count in row["why"]],
        "said": f"{said}: {known}" if known else said,
    }
