"""The pages: the grid map, and the description of the API."""

from __future__ import annotations

import secrets
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api import sessions
from api.dependencies import DbSession, Language, Now, SiteAsked, office_of, site_for
from api.pages.paper import LOCAL_POLICY, page
from gridmap.errors import NotSignedInError
from gridmap.language import LANGUAGES
from gridmap.maps.basemap import Basemap, basemap
from gridmap.storage import places

router = APIRouter(include_in_schema=False)
YEAR_S: Final = 365 * 24 * 3600


@router.get("/")
def front() -> RedirectResponse:
    """The map is the front page."""
    return RedirectResponse("/map", 303)


@router.get("/map")
def map_page(request: Request, session: DbSession, now: Now, language: Language, asked: SiteAsked = None) -> Response:
    """The electronic grid map, as far as one may see it; who is not signed in is asked to."""
    try:
        viewer = sessions.viewer_of_request(request)
    except NotSignedInError:
        return RedirectResponse("/sign-in", 303)
    # Folium takes longest to import of all: the service answers before it is there.
    from gridmap.operations import atlas

    under = basemap(said) if (said := office_of(request).settings.basemap) else None
    code = site_for(viewer, asked) or places.first_site(session).code
    nonce = secrets.token_urlsafe(16)
    drawn = atlas.service_map(session, viewer, at=now, site=code, language=language, nonce=nonce, under=under)
    headers = {"Content-Security-Policy": _policy(nonce, under), "Cache-Control": "no-store"}
    answer = HTMLResponse(drawn.get_root().render(), headers=headers)
    if request.query_params.get("lang") in LANGUAGES:
        answer.set_cookie("gridmap_language", language, max_age=YEAR_S, samesite="lax")
    return answer


def _policy(nonce: str, under: Basemap | None) -> str:
    """Nothing from elsewhere but the pictures of a base map that somebody has asked for."""
    policy = LOCAL_POLICY.format(nonce=nonce)
    return policy.replace("img-src 'self'", f"img-src 'self' {under.source}") if under and under.source else policy


@router.get("/docs")
def docs(language: Language) -> HTMLResponse:
    """The API, to be read and tried."""
    from gridmap.maps.assets import asset

    script, style = (asset(name, "/docs") for name in ("swagger_js", "swagger_css"))
    assert script is not None  # noqa: S101 (both are in the table of assets)
    assert style is not None  # noqa: S101
    return page("docs.html", language, policy=LOCAL_POLICY, script=script.url, style=style.url)
