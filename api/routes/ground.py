"""Who is out on the ground: where staff on duty were last, and the ways they walked, as layers of the map."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Response

from api.dependencies import DbSession, Now, OfPeople, TheSite, allow
from api.routes.patrols import Day
from api.routes.places import AS_GEOJSON, GEOJSON, plan_of
from gridmap.domain.rights import Viewer
from gridmap.storage import ground

router = APIRouter(tags=["patrols"])


async def of_ground(viewer: OfPeople) -> Viewer:
    """Who may see both who holds which post, and rounds."""
    return allow(viewer, "rounds")


OfGround = Annotated[Viewer, Depends(of_ground)]
HEADERS: dict[str, Any] = {"Cache-Control": "private, no-store"}


@router.get("/staff", response_class=Response, responses=AS_GEOJSON)
def list_staff(session: DbSession, viewer: OfGround, site: TheSite, now: Now) -> Response:
    """Where those on duty were last, as GeoJSON: on one's ground, or at work for the whole site."""
    return Response(ground.staff(session, viewer, plan_of(session, site, now)), media_type=GEOJSON, headers=HEADERS)


@router.get("/tracks", response_class=Response, responses=AS_GEOJSON)
def list_tracks(
    session: DbSession,
    viewer: OfGround,
    site: TheSite,
    now: Now,
    day: Annotated[Day | None, Query(description="By the site's clock; else today.")] = None,
) -> Response:
    """The ways walked on the rounds of a day, as GeoJSON, a feature a round."""
    zone = ZoneInfo(site.timezone)
    asked = day or now.astimezone(zone).date()
    since = datetime.combine(asked, time(), zone)
    until = datetime.combine(asked + timedelta(days=1), time(), zone)
    return Response(ground.tracks(session, viewer, site.id, since, until), media_type=GEOJSON, headers=HEADERS)
