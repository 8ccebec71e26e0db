"""The public map: what residents without an account may see of a site that wants them to."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

import folium
import shapely
from shapely.geometry import shape
from sqlalchemy.orm import Session

from gridmap.domain.frames import GROUND_KINDS
from gridmap.domain.model import Site
from gridmap.language import LANGUAGES
from gridmap.maps.config import Asked, Reader
from gridmap.maps.grid import draw
from gridmap.maps.shell import Page
from gridmap.operations.grids import edition
from gridmap.storage import public
from gridmap.storage.plan_views import Plan

LAYERS: Final = ("tier1", "tier2", "tier3", "buildings", "facilities")
PARTS: Final = ("labels", "public")


def public_layer(session: Session, site: Site, name: str, at: datetime) -> str:
    """A layer of the public map as the text of a FeatureCollection."""
    in_force = edition(session, site, at)
    plan = Plan(site.id, in_force.id, in_force.leaf_tier, at)
    if name == "buildings":
        return public.public_buildings(session, plan)
    if name == "facilities":
        return public.public_ground(session, plan, list(GROUND_KINDS))
    return public.public_grids(session, plan, int(name[-1]), names=site.plate_names)


def public_map(session: Session, site: Site, *, at: datetime, language: str, nonce: str) -> folium.Map:
    """The page of the public map; what it shows lies in it."""
    data = {name: json.loads(public_layer(session, site, name, at)) for name in LAYERS}
    in_force = edition(session, site, at)
    asked = Asked(
        reader=Reader(language, site.timezone, at),
        layers=("grids", "buildings"),
        bounds=_bounds(data["tier1"]),
        leaf=in_force.leaf_tier,
        counts={name: len(found["features"]) for name, found in data.items()},
        parts=PARTS,
        said={
            "site": site.code, "siteName": site.name, "data": data, "platePhone": site.plate_phone,
            "fewest": public.FEWEST,
        },
    )  # fmt: skip
    languages = {name: f"?{urlencode({'lang': name, 'site': site.code})}" for name in LANGUAGES}
    links = {"report": "/report"} if site.report_open else {}
    return draw(asked, page=Page(site.name, languages=languages, links=links), nonce=nonce)


def _bounds(found: dict[str, Any]) -> tuple[float, float, float, float] | None:
    shapes = [shape(each["geometry"]) for each in found["features"]]
    if not shapes:
        return None
    west, south, east, north = shapely.total_bounds(shapes).tolist()
    return west, south, east, north
