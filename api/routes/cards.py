"""Cards of the map: all that somebody wants to know of a grid at once."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from api.dependencies import DbSession, Language, Now, OfPlan, TheSite
from api.routes.places import plan_of
from api.schemas import Code
from gridmap.operations import cards

router = APIRouter(tags=["places"])


@router.get("/grids/{code}/card")
def read_card(
    session: DbSession,
    viewer: OfPlan,
    site: TheSite,
    now: Now,
    language: Language,
    code: Annotated[Code, Path()],
    figures: Annotated[bool, Query(description="With the figures of the month; it is answered sooner without.")] = True,
) -> dict[str, Any]:
    """A grid with its chain, owner, open issues, figures of the month, facilities and rounds, as far as one may see."""
    plan = plan_of(session, site, now)
    return cards.grid_card(session, site, viewer, plan, code, language, counted=figures)
