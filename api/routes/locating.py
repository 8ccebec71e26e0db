"""Whose a place is, without reporting anything."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from api.dependencies import DbSession, Language, Now, SiteAsked, Viewing, office_of, site_for
from api.schemas import Code, Datum, Kind, Latitude, Longitude, Metres, Moment
from gridmap.operations.reports import checked_point
from gridmap.operations.routing import Router
from gridmap.spatial.coordinates import to_wgs84

router = APIRouter(tags=["places"])


@router.get("/locate")
def locate(
    request: Request,
    session: DbSession,
    viewer: Viewing,
    now: Now,
    language: Language,
    lon: Annotated[Longitude, Query()],
    lat: Annotated[Latitude, Query()],
    datum: Annotated[Datum, Query()] = "wgs84",
    category: Annotated[Code | None, Query()] = None,
    kind: Annotated[Kind | None, Query()] = None,
    level: Annotated[Code | None, Query()] = None,
    accuracy_m: Annotated[Metres | None, Query()] = None,
    extent_m: Annotated[Metres | None, Query()] = None,
    facility: Annotated[Code | None, Query()] = None,
    about: Annotated[Code | None, Query()] = None,
    at: Annotated[Moment | None, Query(description="As it was then, with its zone; else now.")] = None,
    site: SiteAsked = None,
) -> dict[str, Any]:
    """Say whose a place is, and why: what `gridmap locate` says."""
    lons, lats = to_wgs84([lon], [lat], datum)
    point = {
        "lon": float(lons[0]), "lat": float(lats[0]), "category": category, "kind": kind, "level": level,
        "accuracy_m": accuracy_m, "extent_m": extent_m, "facility": facility, "about": about,
    }  # fmt: skip
    meant = site_for(viewer, site)
    office = office_of(request)
    office.known = office.known.current(session)
    points = checked_point(session, point, meant)
    return Router(session, office.known).locate(points, at or now, meant)[0].as_json(language)
