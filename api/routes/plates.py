"""Sign plates to be printed: one's grids with who answers for them and the code that leads to their page."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from api.dependencies import DbSession, Language, Now, OfPeople, TheSite, allow
from api.press import as_print, at_the_press, printed
from api.schemas import Code

router = APIRouter(tags=["plates"])


@router.get("/plates.pdf", response_class=Response, responses=as_print("pdf"))
def print_plates(
    request: Request,
    session: DbSession,
    viewer: OfPeople,
    site: TheSite,
    now: Now,
    language: Language,
    grid: Annotated[list[Code] | None, Query(description="These grids; else all that are one's own.")] = None,
    size: Annotated[Literal["A4", "A5"], Query()] = "A4",
    phones: Annotated[
        bool, Query(description="With the phones of those who answer; whoever prints them vouches for their consent.")
    ] = False,
    keep: Annotated[bool, Query(description="To be kept as a file, not shown.")] = False,
) -> Response:
    """The plates of one's grids as one PDF, a page each; the code leads to where this is asked for."""
    from gridmap.operations import plates

    if phones:
        allow(viewer, "phones")
    with at_the_press():
        [content] = plates.plates(
            session, site, viewer, now, grid, address=str(request.base_url), size=size, language=language,
            phones=phones,
        )  # fmt: skip
    return printed(content, "plates", "pdf", keep=keep)
