"""What waits for whoever asks: his own work, and what is to be handed out."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import RedirectResponse

from api import sessions
from api.dependencies import (
    DbSession,
    Dispatching,
    Language,
    Now,
    Reporting,
    SiteAsked,
    SiteOrAll,
    allow,
    known_of,
    remembering,
    site_for,
)
from api.pages.work import work_page
from api.routes.reports import SECURITY
from api.schemas import Code, Datum, Latitude, Longitude
from gridmap.errors import FieldError, NotFoundError, NotSignedInError
from gridmap.operations import waiting
from gridmap.spatial.coordinates import to_wgs84
from gridmap.storage import issues as stored_issues
from gridmap.storage import places, views
from gridmap.storage.waiting import work_of

router = APIRouter(tags=["work"])
MOST = 200


@router.get("/work", response_model=list[dict[str, Any]], openapi_extra={"security": SECURITY})
def list_work(
    request: Request,
    session: DbSession,
    now: Now,
    language: Language,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
    asked: SiteAsked = None,
) -> Any:
    """What waits for whoever is signed in, the most pressing first; browsers are shown it as a page for a phone."""
    by_page = "text/html" in request.headers.get("accept", "")
    try:
        viewer = allow(sessions.viewer_of_request(request), "issues")
    except NotSignedInError:
        if by_page:
            return RedirectResponse("/sign-in?next=/work", 303)
        raise
    if not by_page:
        return work_of(session, viewer, now, limit)
    code = site_for(viewer, asked)
    site = places.site(session, code) if code else places.first_site(session)
    return remembering(request, work_page(session, viewer, site, language), language)


@router.get("/queue")
def list_queue(
    request: Request,
    session: DbSession,
    viewer: Dispatching,
    now: Now,
    language: Language,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
) -> list[dict[str, Any]]:
    """What waits to be handed out, each with whom the rules would choose and why, and what it may be a twin of."""
    return waiting.queue(session, viewer, now, known_of(request, session), limit, language)


@router.get("/issues/{code}/candidates")
def list_candidates(
    request: Request,
    session: DbSession,
    viewer: Dispatching,
    now: Now,
    language: Language,
    code: Annotated[Code, Path()],
) -> dict[str, Any]:
    """Who could handle an issue, in the order in which the rules would choose."""
    if not views.codes_seen(session, viewer, [code]):
        raise NotFoundError(f"there is no issue {code} here")
    return waiting.candidates(session, code, now, known_of(request, session), language)


@router.get("/duplicates")
def list_duplicates(
    session: DbSession,
    viewer: Reporting,
    now: Now,
    site: SiteOrAll,
    lon: Annotated[Longitude, Query()],
    lat: Annotated[Latitude, Query()],
    category: Annotated[Code, Query()],
    datum: Annotated[Datum, Query()] = "wgs84",
) -> list[dict[str, Any]]:
    """Open issues that something about to be reported is likely the same as; of others' only where and when."""
    known = stored_issues.categories(session, site.id if site else None)
    if category not in known:
        raise FieldError("category", f"no category is called {category!r}")
    lons, lats = to_wgs84([lon], [lat], datum)
    spot = float(lons[0]), float(lats[0])
    return waiting.likely(session, viewer, spot, category, known[category].group, now)
