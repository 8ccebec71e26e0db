"""Why: where something stands out, what is commoner there than elsewhere, and where it would pay to look next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

import pandas as pd
from scipy.sparse.csgraph import connected_components
from sqlalchemy.orm import Session

from gridmap.analytics.explaining import standing_out
from gridmap.analytics.surges import surges
from gridmap.analytics.weights import contiguity
from gridmap.domain.insights import Question
from gridmap.domain.model import Analysis, Site
from gridmap.domain.rights import Viewer
from gridmap.operations.insights import Found, seen_cells, seen_grids
from gridmap.storage import analyses

HOURS: Final = 3  # a part of the day that is told apart
OF_SURGES: Final = ("category", "facility", "hour", "weekday")
ATTRIBUTES: Final = ("category", "facility", "hour", "weekday", "day", "third")
# What is told of one after the other, where a sort tells clusters apart.
BY_CATEGORY: Final = ("scan", "outbreaks")


@dataclass(frozen=True, eq=False)
class Spot:
    """Grids in which something stands out, the most striking first, and what is commoner there than elsewhere.

    `expected` is how many were to be expected, and `days` how long it has lasted, where that is known.
    """

    codes: tuple[str, ...]
    count: int
    reasons: pd.DataFrame
    days: int | None = None
    expected: float | None = None


def spots(site: Site, found: Found, most: int = 10) -> list[Spot]:
    """Where more was than chance explains, grids that belong together in one, the most reports first."""
    told = _told(site, found)
    made = []
    for codes, days in _groups(found):
        inside = told[found.tier].isin(codes)
        if days is not None:
            inside &= found.reports["reported_at"] >= found.until - timedelta(days=days)
        reasons = standing_out(told, inside, ATTRIBUTES if days is None else OF_SURGES)
        reasons = reasons[reasons["stands_out"]].reset_index(drop=True)
        wanted = found.cells.loc[list(codes), "expected"]
        expected = None if wanted.isna().any() else float(wanted.sum())
        made.append(Spot(codes, int(inside.sum()), reasons, days, expected))
    return sorted(made, key=lambda spot: (-spot.count, spot.codes))[:most]


def _groups(found: Found) -> Iterator[tuple[tuple[str, ...], int | None]]:
    """The grids that stand out: those of one cluster together, else those that touch; and the days of an outbreak."""
    cells = found.cells[found.cells["bin"] > 0].sort_values(["score", "ratio"], ascending=False, kind="stable")
    if found.question.kind in BY_CATEGORY:
        for name, rows in cells.groupby("category", sort=False):
            yield tuple(rows.index), found.days.get(str(name))
        return
    if len(cells):
        grids = found.every.set_index("code").loc[cells.index].reset_index()
        _, groups = connected_components(contiguity(grids).matrix, directed=False)
        for group in range(groups.max() + 1):
            yield tuple(cells.index[groups == group]), None


def risen(site: Site, found: Found, most: int = 10) -> list[Spot]:
    """Grids in which far more came in the last days than before, the surest first, and what stands out in them."""
    told, tier = _told(site, found), found.tier
    reports, until = found.reports, pd.Timestamp(found.until)
    codes = found.every["code"]
    rows = surges(reports[tier], reports["reported_at"], codes, until)
    rows = rows[rows["surge"]].sort_values("p", kind="stable").head(most)
    made = []
    for code, row in rows.iterrows():
        lately = reports["reported_at"] >= until - timedelta(days=int(row["days"]))
        reasons = standing_out(told, (reports[tier] == code) & lately, OF_SURGES)
        reasons = reasons[reasons["stands_out"]].reset_index(drop=True)
        made.append(Spot((str(code),), int(row["recent"]), reasons, int(row["days"]), float(row["expected"])))
    return made


def _told(site: Site, found: Found) -> pd.DataFrame:
    """The reports with what may stand out: part of the day, weekday, day, and third of the window."""
    moments = found.reports["reported_at"].dt.tz_convert(ZoneInfo(site.timezone))
    begins = moments.dt.hour // HOURS * HOURS
    third = ((found.reports["reported_at"] - found.since) / ((found.until - found.since) / 3)).clip(0, 2).astype(int)
    return found.reports.assign(
        hour=[f"{hour:02d}–{hour + HOURS:02d}" for hour in begins], weekday=moments.dt.day_of_week,
        day=moments.dt.strftime("%Y-%m-%d"), third=third,
    )  # fmt: skip


def recalled(session: Session, site: Site, viewer: Viewer, kept: Analysis) -> Found:
    """A kept analysis as what it found, with what the viewer sees of its grids and of the reports of its window."""
    question = Question.of_json(kept.settings)
    grids = seen_grids(session, site, viewer, question, kept.edition_id, kept.until)
    cells = seen_cells(session, viewer, kept)
    cells = cells.loc[cells.index.isin(grids["code"])]
    reports = analyses.reported(session, viewer, site.id, kept.since, kept.until, question.categories)
    days = kept.summary.get("days", {})
    return Found(question, kept.since, kept.until, kept.edition_id, True, cells, grids, reports, (), days)
