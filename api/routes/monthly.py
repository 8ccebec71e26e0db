"""The monthly report to be printed: figures of one's ground or work, with maps."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from api.dependencies import DbSession, Language, Now, TheSite, with_right
from api.press import as_print, at_the_press, printed
from api.schemas import Code
from gridmap.domain.periods import Span
from gridmap.domain.rights import Viewer

router = APIRouter(tags=["monthly report"])
OfFigures = Annotated[Viewer, Depends(with_right("figures"))]


@router.get("/monthly.pdf", response_class=Response, responses=as_print("pdf"))
def print_report(
    session: DbSession,
    viewer: OfFigures,
    site: TheSite,
    now: Now,
    language: Language,
    month: Annotated[Code | None, Query(description="As 2026-05; else the month that is.")] = None,
    keep: Annotated[bool, Query(description="To be kept as a file, not shown.")] = False,
) -> Response:
    """The report of a month as PDF, counted from what one may see; scores are in it for those who may see them."""
    from gridmap.operations.monthly import monthly

    span = Span.read(month, site.timezone) if month else Span.month_of(now, site.timezone)
    with at_the_press():
        [content] = monthly(session, site, span, viewer, now, language)
    return printed(content, f"monthly-{span.name}", "pdf", keep=keep)
