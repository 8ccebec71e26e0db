"""Indicators and scores: what each counts, what it says of a period by whatever it is divided, and closing periods."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import AfterValidator, Field

from api.dependencies import DbSession, Language, Now, TheSite, with_right
from api.pages.sheets import AS_SHEET, sheet
from api.schemas import Body, Code, Line, among, listed
from gridmap.analytics.indicators.definitions import INDICATORS
from gridmap.domain.evaluation import LINE, TYPED_IN, Weighing
from gridmap.domain.model import Site
from gridmap.domain.periods import Span
from gridmap.domain.rights import Viewer
from gridmap.errors import ForbiddenError
from gridmap.operations import bulletins, evaluation
from gridmap.operations.indicators import BY
from gridmap.storage import evaluation as stored

router = APIRouter(tags=["indicators"])

Format = Literal["json", "csv", "xlsx", "html"]
By = Annotated[str, AfterValidator(among(tuple(BY))), listed(tuple(BY))]
Indicator = Annotated[str, AfterValidator(among(tuple(INDICATORS))), listed(tuple(INDICATORS))]
PeriodAsked = Annotated[Code, Query(description="A month, a quarter or a week: 2026-05, 2026-Q2, 2026-W21.")]
Period = Annotated[Code, Path(description="A month or a quarter: 2026-05, 2026-Q2.")]
Amount = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Row = dict[str, Any]

OfFigures = Annotated[Viewer, Depends(with_right("figures"))]
OfScores = Annotated[Viewer, Depends(with_right("scores"))]


async def of_evaluation(viewer: Annotated[Viewer, Depends(with_right("evaluate"))]) -> Viewer:
    """Who evaluates: nobody for a part of the site."""
    if viewer.grids is not None:
        raise ForbiddenError("people are evaluated for the whole site: whoever directs all of it does that")
    return viewer


OfEvaluation = Annotated[Viewer, Depends(of_evaluation)]


class WeighingBody(Body):
    """What an indicator weighs: all its points at the target, none at the floor; null is the base period's value."""

    indicator: Indicator
    weight: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]
    target: Amount | None = None
    floor: Amount | None = None


class WeightsBody(Body):
    """All that counts for a role, and how many points of 100 it needs; no weights: those of the trade."""

    weights: Annotated[list[WeighingBody], Field(max_length=len(INDICATORS))]
    line: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] | None = None


class EntryBody(Body):
    """A figure that is typed in, of the whole site or of somebody."""

    indicator: Annotated[str, AfterValidator(among(TYPED_IN)), listed(TYPED_IN)]
    numerator: Amount
    denominator: Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)] = 1.0
    person: Code | None = None
    note: Line | None = None


@router.get("/indicators")
def list_indicators(_: OfFigures, language: Language) -> list[Row]:
    """What each indicator counts, of what, and when something is due."""
    return [
        {
            "code": one.code,
            "name": one.name.say(language),
            "counts": one.counts.say(language),
            "of": one.of.say(language),
            "due": one.due.say(language),
            "sort": one.sort,
            "better": one.better,
        }
        for one in INDICATORS.values()
    ]


@router.get("/kpis", response_class=Response, responses=AS_SHEET)
def read_kpis(
    session: DbSession,
    viewer: OfFigures,
    site: TheSite,
    now: Now,
    language: Language,
    period: PeriodAsked,
    by: Annotated[By, Query(description="What they are divided by.")] = "site",
    indicator: Annotated[list[Indicator] | None, Query(description="Only these; say it several times.")] = None,
    format: Annotated[Format, Query()] = "json",  # noqa: A002 (the name of the parameter)
) -> Response:
    """The indicators of a period, of one's own ground or work, beside the period before and the year before."""
    span, codes = Span.read(period, site.timezone), tuple(dict.fromkeys(indicator or INDICATORS))
    found, paper = bulletins.bulletin(session, site, span, now, language, by=by, codes=codes, viewer=viewer)
    return sheet(paper, format, f"kpis-{span.name}", {"period": span.name, "by": by, "figures": found})


@router.get("/scores", response_class=Response, responses=AS_SHEET)
def read_scores(
    session: DbSession,
    viewer: OfScores,
    site: TheSite,
    now: Now,
    language: Language,
    period: PeriodAsked,
    format: Annotated[Format, Query()] = "json",  # noqa: A002
) -> Response:
    """Everybody's points in a period: of those on one's ground, or one's own; frozen if it is closed."""
    span = Span.read(period, site.timezone)
    found = bulletins.standings(session, site, span, now, viewer)
    people = viewer.reach("people") is not None
    paper = bulletins.score_sheet(session, site, span, found, language, people=people)
    return sheet(
        paper, format, f"scores-{span.name}", {"period": span.name, "scores": [_standing(each) for each in found]}
    )


def _standing(each: evaluation.Standing) -> Row:
    return {
        "role": each.role,
        "person": each.person,
        "total": each.total,
        "line": each.line,
        "below": each.below,
        "months_below": each.months_below,
        "indicators": [vars(line) for line in each.lines],
    }


@router.get("/periods")
def list_periods(session: DbSession, _: OfScores, site: TheSite) -> list[Row]:
    """The periods that are closed, the latest first."""
    return [{"name": each.name, "closed_at": each.closed_at} for each in stored.closed_periods(session, site.id)]


@router.post("/periods/{period}/close", status_code=201)
def close_period(session: DbSession, viewer: OfEvaluation, site: TheSite, now: Now, period: Period) -> Row:
    """Freeze a period that is over: later changes of issues do not change its scores."""
    span = _span(site, period)
    found = evaluation.close_period(session, site, span, now, viewer.account_id)
    return {"name": span.name, "closed_at": now, "scores": len(found)}


@router.post("/periods/{period}/entries", status_code=204)
def enter(session: DbSession, viewer: OfEvaluation, site: TheSite, now: Now, period: Period, given: EntryBody) -> None:
    """Type in accidents, what was saved, or the cleaners who were present of those in the contract."""
    evaluation.enter(
        session, site, _span(site, period), given.indicator, given.numerator, given.denominator,
        at=now, person=given.person, account_id=viewer.account_id, note=given.note,
    )  # fmt: skip


def _span(site: Site, period: str) -> Span:
    return Span.read(period, site.timezone)


@router.get("/weights")
def list_weights(session: DbSession, _: OfScores, site: TheSite) -> Row:
    """What counts for each role, and the line of each."""
    held = stored.lines(session, site.id)
    return {
        role: {
            "line": held.get(role, LINE),
            "weights": [
                {"indicator": row.indicator, "weight": row.weight, "target": row.target, "floor": row.floor}
                for row in rows
            ],
        }
        for role, rows in evaluation.weights(session, site).items()
    }


@router.put("/weights/{role}", status_code=204)
def set_weights(
    session: DbSession, _: OfEvaluation, site: TheSite, role: Annotated[Code, Path()], given: WeightsBody
) -> None:
    """Say what counts for a role; periods that are closed stay as they were."""
    rows = [Weighing(role, row.indicator, row.weight, row.target, row.floor) for row in given.weights]
    evaluation.weigh(session, site, role, rows, given.line)
