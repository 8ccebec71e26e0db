"""The plan as far as one may see it: sites, grids, what stands on them, who answers, and the layers of a map."""

from __future__ import annotations

from hashlib import blake2b
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import select

from api.dependencies import DbSession, Language, Now, OfPeople, OfPlan, SiteOrAll, TheSite, allow
from api.schemas import Code
from gridmap.domain.categories import GROUPS
from gridmap.domain.model import Site
from gridmap.domain.rights import Viewer
from gridmap.errors import NotFoundError
from gridmap.language import say
from gridmap.storage import issues as stored_issues
from gridmap.storage import places, plan_views, views

router = APIRouter(tags=["places"])
GEOJSON = "application/geo+json"
Layer = Literal["tier1", "tier2", "tier3", "buildings", "facilities", "overlays", "issues"]
Kind = Literal["grids", "buildings", "facilities", "overlays"]
AS_GEOJSON: dict[int | str, dict[str, Any]] = {200: {"content": {GEOJSON: {}}}}


def plan_of(session: DbSession, site: TheSite, now: Now) -> plan_views.Plan:
    """The site's plan in force."""
    edition = places.edition_in_force(session, site.id, now)
    if edition is None:
        raise NotFoundError(f"no plan of {site.code} is in force")
    return plan_views.Plan(site.id, edition.id, edition.leaf_tier, now)


@router.get("/sites")
def list_sites(session: DbSession, viewer: OfPlan) -> list[dict[str, Any]]:
    """The sites one may see."""
    asked = select(Site).order_by(Site.code)
    if viewer.site_id is not None:
        asked = asked.where(Site.id == viewer.site_id)
    return [
        {
            "code": site.code,
            "name": site.name,
            "kind": site.kind,
            "timezone": site.timezone,
            "community": site.community,
        }
        for site in session.scalars(asked)
    ]


@router.get("/categories")
def list_categories(session: DbSession, _: OfPlan, site: SiteOrAll, language: Language) -> list[dict[str, Any]]:
    """What an issue can be about."""
    return [
        {
            "code": row.code,
            "name": say(row.name, language),
            "group": row.group,
            "group_name": say(GROUPS.get(row.group, row.group), language),
            "kind": row.kind,
            "urgency": row.urgency,
        }
        for row in stored_issues.categories(session, site.id if site else None).values()
    ]


@router.get("/grids", response_class=Response, responses=AS_GEOJSON)
def list_grids(
    session: DbSession,
    viewer: OfPlan,
    site: TheSite,
    now: Now,
    tier: Annotated[Literal["1", "2", "3"] | None, Query()] = None,
) -> Response:
    """One's own part of the tree of grids, with the chain above it, as GeoJSON."""
    return _features(session, viewer, site, now, "grids", int(tier) if tier else None)


@router.get("/buildings", response_class=Response, responses=AS_GEOJSON)
def list_buildings(session: DbSession, viewer: OfPlan, site: TheSite, now: Now) -> Response:
    """The buildings that one's grids answer for, as GeoJSON."""
    return _features(session, viewer, site, now, "buildings")


@router.get("/facilities", response_class=Response, responses=AS_GEOJSON)
def list_facilities(session: DbSession, viewer: OfPlan, site: TheSite, now: Now) -> Response:
    """The facilities on one's ground, as GeoJSON."""
    return _features(session, viewer, site, now, "facilities")


@router.get("/grids/{code}")
def read_grid(
    session: DbSession, viewer: OfPlan, site: TheSite, now: Now, code: Annotated[Code, Path()]
) -> dict[str, Any]:
    """One grid: its name, its place in the tree, its owner, its outline."""
    return _row(session, viewer, site, now, "grids", code)


@router.get("/buildings/{code}")
def read_building(
    session: DbSession, viewer: OfPlan, site: TheSite, now: Now, code: Annotated[Code, Path()]
) -> dict[str, Any]:
    """One building, and the grids that answer for it."""
    return _row(session, viewer, site, now, "buildings", code)


@router.get("/facilities/{code}")
def read_facility(
    session: DbSession, viewer: OfPlan, site: TheSite, now: Now, code: Annotated[Code, Path()]
) -> dict[str, Any]:
    """One facility and its state."""
    return _row(session, viewer, site, now, "facilities", code)


@router.get("/people")
def list_people(session: DbSession, viewer: OfPeople, site: TheSite, now: Now) -> list[dict[str, Any]]:
    """Who holds which post in one's part of the tree, or for the whole site."""
    return plan_views.people_seen(session, viewer, plan_of(session, site, now))


@router.get("/people/{code}")
def read_person(
    session: DbSession, viewer: OfPeople, site: TheSite, now: Now, code: Annotated[Code, Path()]
) -> dict[str, Any]:
    """One person, his posts, and his phone for those who work with him."""
    for person in plan_views.people_seen(session, viewer, plan_of(session, site, now)):
        if person["code"] == code:
            return person
    raise NotFoundError(f"nobody is known as {code} here")


def _features(
    session: DbSession, viewer: Viewer, site: Site, now: Now, layer: Kind, tier: int | None = None
) -> Response:
    plan = plan_of(session, site, now)
    return Response(plan_views.plan_features(session, viewer, plan, layer, tier), media_type=GEOJSON)


def _row(session: DbSession, viewer: Viewer, site: Site, now: Now, layer: Kind, code: str) -> dict[str, Any]:
    found = plan_views.plan_row(session, viewer, plan_of(session, site, now), layer, code)
    if found is None:
        raise NotFoundError(f"{code} is none of the {layer} here")
    return found


@router.get(
    "/layers/{name}.geojson", response_class=Response, responses={**AS_GEOJSON, 304: {"description": "As before"}}
)
def layer(
    request: Request, session: DbSession, viewer: OfPlan, site: TheSite, now: Now, name: Annotated[Layer, Path()]
) -> Response:
    """A layer of the map, with an ETag: what has not changed is not sent again. `issues` are the open ones."""
    plan = plan_of(session, site, now)
    etag = _etag(session, viewer, plan, name)
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}
    # What packs answers on their way marks their ETags as weak.
    known = (part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(","))
    if etag in known:
        return Response(status_code=304, headers=headers)
    return Response(_layer(session, viewer, plan, name), headers=headers, media_type=GEOJSON)


def _layer(session: DbSession, viewer: Viewer, plan: plan_views.Plan, name: Layer) -> str:
    if name == "issues":
        return views.open_features(session, allow(viewer, "issues"), plan)
    if name.startswith("tier"):
        return plan_views.plan_features(session, viewer, plan, "grids", int(name[-1]))
    return plan_views.plan_features(session, viewer, plan, name)


def _etag(session: DbSession, viewer: Viewer, plan: plan_views.Plan, name: str) -> str:
    """What a layer looks like to this viewer: issues also change with whatever is written, and by the minute."""
    parts = [viewer.account_id, viewer.role, viewer.grids, viewer.person_id, plan.edition_id, name]
    parts += plan_views.stamp_of_plan(session, plan)
    if name == "issues":
        parts += [*views.stamp_of_issues(session), int(plan.at.timestamp()) // 60]
    return f'"{blake2b(repr(parts).encode(), digest_size=12).hexdigest()}"'
