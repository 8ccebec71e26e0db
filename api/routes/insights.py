"""Where and why: looked for, kept, shown on the map, and what stands out there."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from pydantic import AfterValidator, Field

from api.dependencies import DbSession, Language, Now, TheSite, with_right
from api.schemas import Body, Code, Line, among, listed
from gridmap.domain.insights import ANALYSES, DRAWS, LONGEST_DAYS, NEIGHBOURS, PER, SEED, Question
from gridmap.domain.model import Analysis, Site
from gridmap.domain.rights import Viewer
from gridmap.errors import ForbiddenError, NotFoundError
from gridmap.language import Phrase
from gridmap.maps.hotspots import legend
from gridmap.operations import insights, reasons, recurring, spots, visits
from gridmap.operations.papers import plain
from gridmap.storage import analyses as stored

router = APIRouter(tags=["insights"])

Row = dict[str, Any]
OfInsights = Annotated[Viewer, Depends(with_right("insights"))]
Analysing = Annotated[Viewer, Depends(with_right("analyse"))]
Number = Annotated[int, Path(ge=1, le=2**62, description="The number of a kept analysis.")]
# What cells are called where analysts know the names.
FIELDS = {"score": "GiZScore", "p": "GiPValue", "neighbours": "NNeighbors", "bin": "Gi_Bin"}


class AnalysisBody(Body):
    """What is asked, and the name it is kept by."""

    name: Line
    kind: Annotated[str, AfterValidator(among(tuple(ANALYSES))), listed(tuple(ANALYSES))] = "hotspots"
    tier: Annotated[int, Field(ge=1, le=3)] = 3
    days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)] = 90
    categories: Annotated[list[Code], Field(max_length=100, default_factory=list)]
    per: Annotated[str, AfterValidator(among(PER)), listed(PER)] = "households"
    neighbours: Annotated[str, AfterValidator(among(NEIGHBOURS)), listed(NEIGHBOURS)] = "queen"
    reach: Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)] | None = None
    draws: Annotated[int, Field(ge=0, le=DRAWS)] = DRAWS
    seed: Annotated[int, Field(ge=0, le=2**53)] = SEED

    def question(self) -> Question:
        said = self.model_dump(exclude={"name"})
        return Question.of_json(said)


@router.post("/analyses", status_code=201)
def keep_analysis(
    session: DbSession, viewer: Analysing, site: TheSite, now: Now, language: Language, given: AnalysisBody
) -> Row:
    """Look for hot spots in what one sees, and keep what is found with all that was chosen."""
    found = insights.ask(session, site, viewer, given.question(), now)
    kept = insights.keep(session, site, found, given.name, now, viewer.account_id or None)
    return _told(session, site, viewer, kept, language)


@router.get("/analyses")
def list_analyses(session: DbSession, viewer: OfInsights, site: TheSite, language: Language) -> Row:
    """The analyses that are kept, the latest first, and what their classes and categories look like."""
    rows = stored.of_site(session, site.id)
    return {"analyses": [_line(row) for row in rows if _may_see(viewer, row)], "legend": legend(language)}


@router.get("/analyses/{number}")
def read_analysis(session: DbSession, viewer: OfInsights, site: TheSite, language: Language, number: Number) -> Row:
    """One analysis: its settings, in words, too, and how many of one's grids are of each class."""
    return _told(session, site, viewer, _one(session, site, viewer, number), language)


@router.get("/analyses/{number}/cells")
def read_cells(session: DbSession, viewer: OfInsights, site: TheSite, number: Number) -> dict[str, Row]:
    """What an analysis says of each of one's grids, by code."""
    cells = insights.seen_cells(session, viewer, _one(session, site, viewer, number))
    return {str(row.pop("code")): row for row in plain(cells.rename(columns=FIELDS).reset_index(names="code"))}


@router.post("/analyses/{number}/again")
def run_again(session: DbSession, viewer: Analysing, site: TheSite, number: Number) -> Row:
    """Ask once more what it asked, of the same window: which grids are of another class by now. Nothing is kept."""
    kept = _one(session, site, viewer, number)
    if viewer.grids is not None and kept.account_id != viewer.account_id:
        raise ForbiddenError("this was looked for in the whole site: whoever sees all of it can ask it again")
    found = insights.again(session, site, viewer, kept)
    changed = insights.compared(insights.seen_cells(session, viewer, kept), found.cells)
    return {"grids": len(found.cells), "changed": plain(changed.reset_index(names="code"))}


@router.get("/insights")
def read_insights(
    session: DbSession,
    viewer: OfInsights,
    site: TheSite,
    language: Language,
    analysis: Annotated[int | None, Query(ge=1, le=2**62, description="Else the latest of hot spots.")] = None,
) -> Row:
    """Where it is hot on one's ground or more comes lately, and what stands out there: counts, never words."""
    if analysis is not None:
        kept: Analysis | None = _one(session, site, viewer, analysis)
    else:
        rows = [row for row in stored.of_site(session, site.id) if _may_see(viewer, row) and row.kind == "hotspots"]
        kept = rows[0] if rows else None
    if kept is None:
        return {"analysis": None, "spots": [], "surges": []}
    found = spots.recalled(session, site, viewer, kept)
    names = reasons.names_of(session, site, kept, language)
    spoken = {
        name: [reasons.told(spot, names, language) for spot in told]
        for name, told in (("spots", spots.spots(site, found)), ("surges", spots.risen(site, found)))
    }
    return {"analysis": _line(kept), **spoken}


@router.get("/insights/rounds")
def suggest_rounds(
    session: DbSession,
    viewer: OfInsights,
    site: TheSite,
    now: Now,
    language: Language,
    tier: Annotated[int, Query(ge=1, le=3, description="The tier whose grids are walked.")] = 3,
    most: Annotated[int, Query(ge=1, le=100, description="How many rounds.")] = visits.MOST,
) -> Row:
    """Where on one's ground a round would find most tomorrow, and of what: counts, never words."""
    names = reasons.names_now(session, site, now, language)
    return {"rounds": visits.told(visits.suggested(session, site, viewer, now, tier, most), names, language)}


@router.get("/insights/repeats")
def read_repeats(
    session: DbSession,
    viewer: OfInsights,
    site: TheSite,
    now: Now,
    language: Language,
    days: Annotated[int, Query(ge=7, le=LONGEST_DAYS, description="How far back.")] = recurring.DAYS,
) -> Row:
    """Which facilities on one's ground come back more often than chance brings, how often, and whether worse."""
    found = recurring.returning(session, site, viewer, now, days)
    return {"days": days, "repeats": recurring.told(found, days, language)}


def _one(session: DbSession, site: Site, viewer: Viewer, number: int) -> Analysis:
    found = stored.one(session, site.id, number)
    if found is None or not _may_see(viewer, found):
        raise NotFoundError(f"there is no analysis {number} here: GET /analyses lists them")
    return found


def _may_see(viewer: Viewer, kept: Analysis) -> bool:
    """What was looked for in a part of the site is for whoever looked, and for those who see the whole."""
    return not kept.summary.get("part") or viewer.grids is None or kept.account_id == viewer.account_id


def _line(kept: Analysis) -> Row:
    return {
        "number": kept.id,
        "name": kept.name,
        "kind": kept.kind,
        "tier": kept.settings["tier"],
        "since": kept.since,
        "until": kept.until,
        "made_at": kept.made_at,
    }


def _told(session: DbSession, site: Site, viewer: Viewer, kept: Analysis, language: str) -> Row:
    names = reasons.names_of(session, site, kept, language)
    notes = [Phrase.from_json(note) for note in kept.summary["notes"]]
    question = Question.of_json(kept.settings)
    cells = insights.seen_cells(session, viewer, kept)
    return {
        **_line(kept),
        "settings": kept.settings,
        "said": reasons.chosen(question, kept.since, kept.until, notes, names, language),
        "reports": int(cells["count"].sum()),
        "grids": len(cells),
        "found": insights.classes(kept.kind, cells),
    }
