"""What is called so."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.dependencies import DbSession, Now, OfPlan, TheSite
from api.routes.places import plan_of
from api.schemas import Line
from gridmap.storage import search

router = APIRouter(tags=["places"])


@router.get("/search")
def find(
    session: DbSession, viewer: OfPlan, site: TheSite, now: Now, q: Annotated[Line, Query()]
) -> list[dict[str, Any]]:
    """The first dozen grids, buildings and issues that are called so, with where they lie."""
    return search.found(session, viewer, plan_of(session, site, now), q)
