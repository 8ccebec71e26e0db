"""Whose a place is, without reporting anything."""

from __future__ import annotations

from typing import Annotated, Any

import pandas as pd
from fastapi import APIRouter, Query, Request

from api.dependencies import DbSession, Language, Now, SiteOrAll, Viewing, known_of
from api.schemas import Code, Datum, Kind, Latitude, Longitude, Metres, MomentAsked
from gridmap.domain.model import Site
from gridmap.errors import FieldError, NotFoundError
from gridmap.operations.reports import checked_point
from gridmap.operations.routing import Router, without_people
from gridmap.spatial.coordinates import to_wgs84
from gridmap.storage import issues as stored_issues

router = APIRouter(tags=["places"])


@router.get("/locate")
def locate(
    request: Request,
    session: DbSession,
    viewer: Viewing,
    now: Now,
    language: Language,
    site: SiteOrAll,
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
    at: Annotated[MomentAsked | None, Query(description="As it was then, with its zone; else now.")] = None,
) -> dict[str, Any]:
    """Say whose a place is, and why: what `gridmap locate` says."""
    lons, lats = to_wgs84([lon], [lat], datum)
    point = {
        "lon": float(lons[0]), "lat": float(lats[0]), "category": category, "kind": kind, "level": level,
        "accuracy_m": accuracy_m, "extent_m": extent_m, "facility": facility, "about": about,
    }  # fmt: skip
    code = site.code if site else None
    points = _checked(session, point, site)
    found = Router(session, known_of(request, session)).locate(points, at or now, code)[0].as_json(language)
    return found if viewer.reach("people") else without_people(found)


def _checked(session: DbSession, point: dict[str, Any], site: Site | None) -> pd.DataFrame:
    """The point as a frame; what it names and is not there is refused by its field."""
    category, code = point["category"], site.code if site else None
    if category is not None and category not in stored_issues.categories(session, site.id if site else None):
        raise FieldError("category", f"no category is called {category!r}")
    for name in ("facility", "about"):
        try:
            checked_point(session, {"lon": point["lon"], "lat": point["lat"], name: point[name]}, code)
        except NotFoundError:
            raise FieldError(name, f"{point[name]!r} is not known here") from None
    return pd.DataFrame([point])
