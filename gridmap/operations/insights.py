"""Where and why: asked of what somebody sees, kept with all that was chosen, asked again and compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from gridmap.analytics.rates import counts, rates
from gridmap.domain.insights import Question
from gridmap.domain.model import Analysis, Site
from gridmap.domain.rights import Viewer
from gridmap.errors import FieldError, InputError
from gridmap.language import Phrase, phrase
from gridmap.operations.grids import edition
from gridmap.operations.looking import DAY, Ground, look
from gridmap.storage import analyses, indicators, issues, places

# Below this share of grids with enough expected, rates of small grids make the map.
ENOUGH: Final = 0.5
# What compares a place with itself needs no denominator.
WITHOUT_HOMES: Final = ("outbreaks", "changes")


@dataclass(frozen=True, eq=False)
class Found:
    """What a question found: a row for each grid by code, what was chosen on the way, and the reports it rests on.

    `cells` has the grid's name, count, rate (per 100 households), few, and what its sort says (`looking.SAID`);
    `days` how long each cluster that began lately has lasted; `part` says that a part of the site was looked at alone.
    """

    question: Question
    since: datetime
    until: datetime
    edition_id: int
    part: bool
    cells: pd.DataFrame
    every: gpd.GeoDataFrame
    reports: pd.DataFrame
    notes: tuple[Phrase, ...]
    days: Mapping[str, int]

    @property
    def tier(self) -> str:
        return f"tier{self.question.tier}"


def ask(session: Session, site: Site, viewer: Viewer, question: Question, at: datetime) -> Found:
    """Look at what was reported in the days before a moment, as far as the viewer sees it."""
    return _look(session, site, viewer, question, at - question.days * DAY, at, edition(session, site, at).id)


def again(session: Session, site: Site, viewer: Viewer, kept: Analysis) -> Found:
    """Ask once more what a kept analysis asked: the same settings, draws, Edition and window."""
    return _look(session, site, viewer, Question.of_json(kept.settings), kept.since, kept.until, kept.edition_id)


def _look(
    session: Session, site: Site, viewer: Viewer, question: Question, since: datetime, until: datetime, edition_id: int
) -> Found:
    question.check()
    _check_categories(session, site, question.categories)
    grids = seen_grids(session, site, viewer, question, edition_id, until)
    homeless = question.per == "households" and not (grids["households"] > 0).any()
    if homeless or question.kind in WITHOUT_HOMES:
        question = replace(question, per="nothing")
    before = since - question.days * DAY if question.kind == "changes" else since
    reports = analyses.reported(session, viewer, site.id, before, until, question.categories)
    late = (reports["reported_at"] >= since).to_numpy()
    reports, earlier = reports[late].reset_index(drop=True), reports[~late]
    table = _table(counts(reports[f"tier{question.tier}"], grids["code"]), grids, question)
    held = grids[table["value"].notna().to_numpy()].reset_index(drop=True)
    table = table.loc[held["code"]]
    if len(held) < 4:
        raise InputError(
            f"{len(held)} grids of tier {question.tier} have what is counted per: choose a lower tier, or per nothing"
        )
    looked = look(Ground(question, held, table, reports, earlier, since, until))
    bare = homeless and question.kind not in WITHOUT_HOMES
    notes = [phrase("bare counts, as no grid says how many households it has")] if bare else []
    notes += [*looked.notes, *_warnings(table, len(grids))]
    cells = table[["name", "count", "rate", "few"]].join(looked.cells)
    part = viewer.grids is not None
    return Found(question, since, until, edition_id, part, cells, grids, reports, tuple(notes), looked.days)


def _check_categories(session: Session, site: Site, asked: Sequence[str]) -> None:
    known = issues.categories(session, site.id)
    for code in asked:
        if code not in known:
            raise FieldError("category", f"there is no category {code}: gridmap categories lists them")


def seen_grids(
    session: Session, site: Site, viewer: Viewer, question: Question, edition_id: int, at: datetime
) -> gpd.GeoDataFrame:
    """The viewer's grids of the tier, with the households who live there."""
    frame = places.grids(session, edition_id)
    frame = frame[frame["tier"] == question.tier]
    own = indicators.grids_of(session, viewer)
    if own is not None:
        frame = frame[frame["code"].isin(own)]
    homes = indicators.households(session, site.id, at).set_index("code")["households"]
    return frame.assign(households=frame["code"].map(homes).astype(float)).reset_index(drop=True)


def _table(counted: pd.Series[Any], grids: gpd.GeoDataFrame, question: Question) -> pd.DataFrame:
    """By code: name, count, rate per 100 households, whether that says little, and the value that is looked at."""
    table = pd.DataFrame({"name": grids["name"].to_numpy(), "count": counted}, index=counted.index)
    homes = grids["households"].to_numpy(dtype=np.float64)
    if question.per == "nothing":
        return table.assign(rate=np.nan, few=False, value=counted.astype(float), households=homes)
    found = rates(counted, homes)
    return table.assign(rate=100 * found["rate"], few=found["few"], value=found["score"], households=homes)


def _warnings(table: pd.DataFrame, asked: int) -> Iterator[Phrase]:
    """What the reader has to know of counts and rates before he believes them."""
    if asked > len(table):
        yield phrase("{count} grids are left out: nobody lives there", count=asked - len(table))
    few = int(table["few"].sum())
    if few > (1 - ENOUGH) * len(table):
        yield phrase("{count} of {of} grids expect fewer than 5: take a higher tier, more days, or per nothing",
                     count=few, of=len(table))  # fmt: skip


# ---------------------------------------------------------------- kept


def keep(session: Session, site: Site, found: Found, name: str, at: datetime, account_id: int | None) -> Analysis:
    """Store what was found, with everything that is needed to find it again."""
    analysis = Analysis(
        site_id=site.id, name=name, kind=found.question.kind, settings=found.question.as_json(),
        seed=found.question.seed, edition_id=found.edition_id, since=found.since, until=found.until, made_at=at,
        account_id=account_id, summary=summary(found),
    )  # fmt: skip
    return analyses.keep(session, analysis, found.cells.reset_index(names="code"))


def summary(found: Found) -> dict[str, Any]:
    """How much was looked at, and what was noted on the way."""
    return {
        "reports": int(found.cells["count"].sum()),
        "grids": len(found.cells),
        "part": found.part,
        "notes": [note.as_json() for note in found.notes],
        "days": dict(found.days),
    }


def classes(kind: str, cells: pd.DataFrame) -> dict[str, int]:
    """How many grids are of each class, or of each category."""
    column = "category" if kind == "emerging" else "bin"
    return {str(name): int(count) for name, count in cells[column].value_counts().sort_index().items()}


def seen_cells(session: Session, viewer: Viewer, kept: Analysis) -> pd.DataFrame:
    """What a kept analysis says of the viewer's own grids."""
    cells, own = analyses.cells(session, kept.id), indicators.grids_of(session, viewer)
    return cells if own is None else cells[cells.index.isin(own)]


def compared(before: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """The grids whose class or category has changed: code, and both of before and now."""
    columns = ["count", "bin", "category"]
    both = before[columns].add_suffix("_before").join(now[columns], how="outer")
    same = (both["bin_before"] == both["bin"]) & (both["category_before"].fillna("") == both["category"].fillna(""))
    return both[~same]
