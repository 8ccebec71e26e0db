"""What was reported in the last days, as columns, and what grids are coloured by over any window of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from hashlib import blake2b
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AfterValidator
from sqlalchemy.orm import Session

from api.dependencies import DbSession, Language, Now, OfIssues, SiteOrAll, TheSite, with_right
from api.routes.places import plan_of
from api.schemas import Code, MomentAsked, among, listed
from gridmap.analytics.choropleth import MEASURES
from gridmap.domain.periods import Window
from gridmap.domain.rights import Viewer
from gridmap.operations import choropleth, past
from gridmap.storage import plan_views, views
from gridmap.storage.past import MOST_DAYS

router = APIRouter(tags=["past"])

JSON = "application/json"
AS_COLUMNS: dict[int | str, dict[str, Any]] = {200: {"content": {JSON: {}}}, 304: {"description": "As before"}}
MeasureAsked = Annotated[str, AfterValidator(among(tuple(MEASURES))), listed(tuple(MEASURES))]
Row = dict[str, Any]

OfFigures = Annotated[Viewer, Depends(with_right("figures"))]


@router.get("/past", response_class=Response, responses=AS_COLUMNS)
def read_past(
    request: Request,
    session: DbSession,
    viewer: OfIssues,
    site: TheSite,
    now: Now,
    days: Annotated[
        int, Query(ge=1, le=MOST_DAYS, description="So many whole days, the last of them today.")
    ] = past.DAYS,
    since: Annotated[MomentAsked | None, Query(description="From this moment on, instead.")] = None,
    until: Annotated[MomentAsked | None, Query(description="Up to this moment, instead of the end of today.")] = None,
    category: Annotated[list[Code] | None, Query(description="Only these; say it several times.")] = None,
) -> Response:
    """Where and when something was reported, as columns: `lon` and `lat` in steps of 1e-5 degree from `corner`.

    `minute` counts from `from` and is sorted; `grid` and `category` point into `grids` (each with those above it) and
    `categories`. Of more than 100,000 reports it is told how many there were in a grid on a day (`aggregated`).
    """
    asked = past.stretch(site, now, days=days, since=since, until=until, categories=category or ())
    stamp = (asked.start, asked.end, asked.categories)
    return _unless_known(request, session, viewer, plan_of(session, site, now), stamp,
                         lambda: past.past(session, viewer, asked))  # fmt: skip


@router.get("/measures")
def list_measures(_: OfFigures, __: SiteOrAll, language: Language) -> list[Row]:
    """What grids can be coloured by: each with its unit, where its classes begin and what they are called."""
    return choropleth.measures(language)


@router.get("/choropleth", response_class=Response, responses=AS_COLUMNS)
def read_choropleth(
    request: Request,
    session: DbSession,
    viewer: OfFigures,
    site: TheSite,
    now: Now,
    indicator: Annotated[MeasureAsked, Query(description="One of the measures.")],
    since: Annotated[MomentAsked, Query()],
    until: Annotated[MomentAsked, Query()],
    tier: Annotated[int, Query(ge=1, le=3)] = 3,
) -> Response:
    """A measure of each grid of a tier over a window: its value with what it is made of, and the class of its colour.

    Rates are per 30 days whatever the window, so that a colour means the same every day.
    """
    asked = {"indicator": indicator, "tier": tier, "since": since.isoformat(), "until": until.isoformat()}

    def told() -> str:
        grids = choropleth.choropleth(session, site, Window(since, until, now), viewer, indicator, tier)
        return json.dumps({**asked, "grids": grids}, ensure_ascii=False, separators=(",", ":"))

    # What is due passes with time alone, which moves no stamp.
    stamp = (*asked.values(), _minute(now))
    return _unless_known(request, session, viewer, plan_of(session, site, now), stamp, told)


def _minute(moment: datetime) -> int:
    return int(moment.timestamp()) // 60


def _unless_known(
    request: Request,
    session: Session,
    viewer: Viewer,
    plan: plan_views.Plan,
    stamp: tuple[Any, ...],
    told: Callable[[], str],
) -> Response:
    """What was asked, or that it is as it was: it moves with the history, the plan and whoever asks."""
    parts = [viewer.account_id, viewer.role, viewer.grids, viewer.person_id, plan.edition_id, *stamp,
             *plan_views.stamp_of_plan(session, plan), *views.stamp_of_issues(session)]  # fmt: skip
    etag = f'"{blake2b(repr(parts).encode(), digest_size=12).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}
    # What packs answers on their way marks their ETags as weak.
    known = (part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(","))
    if etag in known:
        return Response(status_code=304, headers=headers)
    return Response(told(), headers=headers, media_type=JSON)
