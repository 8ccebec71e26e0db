"""The public map, for residents without an account, where the site wants one."""

from __future__ import annotations

import secrets
from hashlib import blake2b
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse, Response

from api.dependencies import DbSession, Language, Now
from api.pages.paper import LOCAL_POLICY
from api.routes.places import GEOJSON
from api.schemas import Code
from gridmap.storage.public import public_site

router = APIRouter(tags=["public"])
Layer = Literal["tier1", "tier2", "tier3", "buildings", "facilities"]
AskedSite = Annotated[Code | None, Query(alias="site", description="The site, where several have a public map.")]
# Counts are rough and may be some minutes old.
KEPT: dict[str, Any] = {"Cache-Control": "public, max-age=300"}


@router.get("/public", response_class=HTMLResponse, include_in_schema=False)
def public_page(session: DbSession, now: Now, language: Language, asked: AskedSite = None) -> HTMLResponse:
    """The grids, who answers for them, and roughly how much is open: never a reporter, a word or a place."""
    from gridmap.operations import public

    site = public_site(session, asked)
    nonce = secrets.token_urlsafe(16)
    drawn = public.public_map(session, site, at=now, language=language, nonce=nonce)
    headers = {"Content-Security-Policy": LOCAL_POLICY.format(nonce=nonce), "Cache-Control": "no-store"}
    return HTMLResponse(drawn.get_root().render(), headers=headers)


@router.get("/public/layers/{name}.geojson", response_class=Response, responses={304: {"description": "As before"}})
def public_layer(
    request: Request, session: DbSession, now: Now, name: Annotated[Layer, Path()], asked: AskedSite = None
) -> Response:
    """A layer of the public map, as everybody may have it."""
    from gridmap.operations import public

    body = public.public_layer(session, public_site(session, asked), name, now)
    headers = {**KEPT, "ETag": f'"{blake2b(body.encode(), digest_size=12).hexdigest()}"'}
    known = (part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(","))
    if headers["ETag"] in known:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=GEOJSON, headers=headers)
