"""Vector tiles of the map, for plans that are too large to be sent whole."""

from __future__ import annotations

from hashlib import blake2b
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy.orm import Session
from starlette.responses import Response as Answer

from api.dependencies import DbSession, Now, OfIssues, OfPlan, SiteAsked, TheSite, allow, office_of
from api.routes.places import plan_of
from api.shelf import MEDIA_TYPE, Key, Made, Shelf, answer
from gridmap.domain.rights import Viewer
from gridmap.domain.zooms import BUILDINGS_FROM, FACILITIES_FROM, LAST_ZOOM, TILE_LAYERS, Tile, TileLayer
from gridmap.errors import FieldError, NotFoundError
from gridmap.operations import tiles
from gridmap.storage import drawings, places, views
from gridmap.storage import tiles as stored
from gridmap.storage.plan_views import Plan

router = APIRouter(tags=["places"])
FROM: dict[str, int] = {"buildings": BUILDINGS_FROM, "facilities": FACILITIES_FROM}
AS_TILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {MEDIA_TYPE: {}}},
    204: {"description": "There is nothing to see on this tile"},
    304: {"description": "As before"},
}
Number = Annotated[int, Path()]


@router.get("/tiles")
def list_tiles(session: DbSession, viewer: OfPlan, site: TheSite, now: Now) -> dict[str, Any]:
    """Which layers there are tiles of, from which zoom to which, of how many things, and where they lie."""
    plan = plan_of(session, site, now)
    counted = stored.counts(session, viewer, plan)
    return {
        "bounds": drawings.extent(session, plan.edition_id),
        "layers": [
            {
                "name": layer,
                "from_zoom": FROM.get(layer, 0),
                "to_zoom": LAST_ZOOM,
                "count": counted[layer],
                "tiles": f"/tiles/{layer}/{{z}}/{{x}}/{{y}}?site={site.code}",
            }
            for layer in TILE_LAYERS
        ],
    }


@router.get("/tiles/loads", responses={304: {"description": "As before"}})
def loads(request: Request, session: DbSession, viewer: OfIssues, site: TheSite, now: Now) -> Response:
    """How many open issues lie in each grid of every tier: by these its tiles are coloured."""
    plan = plan_of(session, site, now)
    parts = repr((_eye(viewer, "issues"), plan.edition_id, views.stamp_of_issues(session)))
    etag = f'"{blake2b(parts.encode(), digest_size=12).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Answer(stored.open_by_grid(session, viewer, plan), headers=headers, media_type="application/json")


@router.get("/tiles/{layer}/{z}/{x}/{y}", response_class=Response, responses=AS_TILE)
def tile(
    request: Request,
    session: DbSession,
    viewer: OfPlan,
    site: TheSite,
    now: Now,
    layer: Annotated[TileLayer, Path()],
    z: Number,
    x: Number,
    y: Number,
    asked: SiteAsked = None,
) -> Response:
    """A Mapbox vector tile of what one may see, packed by gzip, with an ETag."""
    at = _address(layer, z, x, y)
    if layer == "issues":
        allow(viewer, "issues")
    plan = plan_of(session, site, now)
    shelf = office_of(request).shelf
    key = _key(session, shelf, viewer, plan, layer)
    shelf.saw(viewer, asked or "", layer, key)
    place = shelf.place(key, at)
    made = shelf.get(place)
    if made is None:
        with shelf.making(place):
            made = shelf.get(place) or shelf.put(place, tiles.tile(session, viewer, plan, layer, at))
    return _sent(made, request)


def _address(layer: TileLayer, z: int, x: int, y: int) -> Tile:
    at = Tile(z, x, y)
    fault = at.fault()
    if fault is not None:
        raise FieldError(*fault)
    if z < FROM.get(layer, 0):
        raise NotFoundError(f"{layer} are drawn from zoom {FROM[layer]} on, not at {z}")
    return at


def _key(session: Session, shelf: Shelf, viewer: Viewer, plan: Plan, layer: TileLayer) -> Key:
    """What a layer looks like to this viewer: issues also change where they are written about, and by the minute."""
    key: Key = (layer, _eye(viewer, layer), plan.site_id, plan.edition_id, places.revision(session))
    return (*key, shelf.hear(session), int(plan.at.timestamp()) // 60) if layer == "issues" else key


def _eye(viewer: Viewer, layer: str) -> Key:
    """How far somebody sees: those who see the same share their tiles."""
    if layer != "issues":
        return () if viewer.grids is None else viewer.grids
    if viewer.grids is None and viewer.person_id is None and viewer.reach("issues") == "area":
        return ()
    return viewer.account_id, viewer.role, viewer.grids, viewer.person_id


def _sent(made: Made, request: Request) -> Response:
    status, headers, body = answer(made, request.scope)
    response = Response(body, status)
    response.raw_headers = headers
    return response
