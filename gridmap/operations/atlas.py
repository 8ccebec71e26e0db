"""The electronic grid map of a site: its frames as far as somebody may see them, and the map drawn from them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import folium
import pandas as pd
from sqlalchemy.orm import Session

from gridmap.domain.categories import CATEGORIES
from gridmap.domain.model import Site
from gridmap.domain.rights import RIGHTS, Viewer
from gridmap.errors import InputError
from gridmap.language import DEFAULT, LANGUAGES
from gridmap.maps.basemap import Basemap
from gridmap.maps.config import Asked, Reader
from gridmap.maps.figure import Assets
from gridmap.maps.grid import draw
from gridmap.maps.grid import grid_map as drawn
from gridmap.maps.parts import EVERYWHERE, OF_SERVICE
from gridmap.maps.shell import Page
from gridmap.maps.style import HEAT_DAYS, LAYERS
from gridmap.operations.grids import edition
from gridmap.storage import atlas, places
from gridmap.storage import issues as stored_issues
from gridmap.storage.plan_views import Plan

# What people write into their reports, and what a map for nobody in particular leaves out.
_NUMBERS: Final = re.compile(
    r"(?<!\d)(?:(1[3-9]\d)[ -]?\d{4}[ -]?(\d{4})|(\d{4})\d{7,11}(\d{3}[\dXx]))(?!\d)"  # phones; identity, bank cards
)


def frames(
    session: Session,
    viewer: Viewer | None,
    at: datetime,
    layers: Collection[str] | None = None,
    site: str | None = None,
    contacts: bool = False,
    heat_days: int = HEAT_DAYS,
) -> dict[str, Any]:
    """The frames of the map as a viewer may see them; without one, everything but contacts.

    A viewer has the phones he has a right to. Without a viewer they come with `contacts` alone, and without them
    numbers of phones and identity cards that stand in reports are covered.
    """
    _check(layers)
    of_site = places.site(session, site or (viewer.site if viewer else None))
    return _frames(session, of_site, viewer, at, layers, contacts=contacts, heat_days=heat_days)


def grid_map(
    session: Session,
    layers: Collection[str] | None = None,
    *,
    viewer: Viewer | None = None,
    at: datetime | None = None,
    site: str | None = None,
    language: str = DEFAULT,
    assets: Assets = "embedded",
    nonce: str | None = None,
    contacts: bool = False,
    heat_days: int = HEAT_DAYS,
    page: Page | None = None,
) -> folium.Map:
    """The map of a site as it is now, or at a moment: in a notebook, `grid_map(session)` shows it.

    It is a file by itself, or the cell of a notebook: all it shows lies in it.
    """
    _check(layers)
    at = at or datetime.now(UTC)
    of_site = places.site(session, site or (viewer.site if viewer else None))
    return drawn(
        _frames(session, of_site, viewer, at, layers, contacts=contacts, heat_days=heat_days),
        at=at,
        layers=layers,
        language=language,
        timezone=of_site.timezone,
        assets=assets,
        nonce=nonce,
        contacts=contacts or viewer is not None,
        heat_days=heat_days,
        page=page,
    )


def service_map(
    session: Session,
    viewer: Viewer,
    *,
    at: datetime,
    site: str,
    language: str,
    nonce: str,
    under: Basemap | None = None,
) -> folium.Map:
    """The page of the service for its viewer: it holds no data, for those are asked for as he looks."""
    of_site = places.site(session, site)
    in_force = edition(session, of_site, at)
    plan = Plan(of_site.id, in_force.id, in_force.leaf_tier, at)
    rights = [right for right in RIGHTS if viewer.reach(right)]
    counts = atlas.counts(session, plan)
    asked = Asked(
        reader=Reader(language, of_site.timezone, at),
        layers=LAYERS if "issues" in rights else tuple(name for name in LAYERS if name not in ("issues", "heat")),
        bounds=atlas.extent(session, viewer, plan),
        leaf=in_force.leaf_tier,
        counts=counts,
        parts=_parts(rights, counts),
        said={
            "site": of_site.code, "siteName": of_site.name, "rights": rights, "role": viewer.role,
            "account": viewer.name, "person": viewer.person, "ownCategories": _categories(session, of_site),
            "basemap": under.as_json() if under else None,
        },
    )  # fmt: skip
    return draw(asked, page=_service_page(of_site, viewer, rights), nonce=nonce, tiles=tiled(counts))


# Beyond this many a layer is drawn from tiles.
MOST_DRAWN_WHOLE: Final = {"grids": 1_000, "buildings": 1_500, "facilities": 1_500, "issues": 2_000}


def tiled(counts: Mapping[str, int]) -> dict[str, bool]:
    """Which layers are too large to be sent whole."""
    grids = sum(counts.get(f"tier{tier}", 0) for tier in (1, 2, 3))
    held = {**counts, "grids": grids}
    return {name: held.get(name, 0) > most for name, most in MOST_DRAWN_WHOLE.items()}


# part: the right without which it has nothing to show
WANTS: Final = {
    "live": "issues",
    "slider": "issues",
    "list": "issues",
    "ground": "rounds",
    "hotspots": "insights",
    "drawing": "draw",
}


def _parts(rights: Collection[str], counts: Mapping[str, int]) -> tuple[str, ...]:
    wanted = [name for name in (*EVERYWHERE, *OF_SERVICE) if name not in WANTS or WANTS[name] in rights]
    return tuple(name for name in wanted if name != "tiles" or any(tiled(counts).values()))


def _categories(session: Session, site: Site) -> dict[str, str]:
    """The categories a site has of its own, as it calls them."""
    known = {row.code for row in CATEGORIES}
    rows = stored_issues.categories(session, site.id).values()
    return {row.code: row.name for row in rows if row.code not in known}


# link in the menu: where it leads, and the right without which it leads nowhere
LINKS: Final = {
    "work": ("/work", "patrol"),
    "messages": ("/messages/page", "issues"),
    "report": ("/report", "report"),
    "docs": ("/docs", "plan"),
}


def _service_page(site: Site, viewer: Viewer, rights: Collection[str]) -> Page:
    """The page of the service; its languages keep the site that is looked at."""
    languages = {name: f"?{urlencode({'lang': name, 'site': site.code})}" for name in LANGUAGES}
    links = {name: link for name, (link, right) in LINKS.items() if right in rights}
    return Page(site.name, viewer.name, "/sign-out", languages, links, service=True)


def _check(layers: Collection[str] | None) -> None:
    unknown = [name for name in layers or () if name not in LAYERS]
    if unknown:
        raise InputError(f"no layer of the map is called {unknown[0]!r}: there are {', '.join(LAYERS)}")


def _frames(
    session: Session,
    site: Site,
    viewer: Viewer | None,
    at: datetime,
    layers: Collection[str] | None,
    *,
    contacts: bool,
    heat_days: int,
) -> dict[str, Any]:
    wanted = set(LAYERS if layers is None else layers)
    looking = viewer or Viewer(0, "", "admin", site.id, site.code)
    in_force = edition(session, site, at)
    plan = Plan(site.id, in_force.id, in_force.leaf_tier, at)
    read: dict[str, Any] = {
        name: atlas.layer(session, looking, plan, name) for name in LAYERS if name in wanted & _OF_PLAN
    }
    if "issues" in wanted:
        read["issues"] = atlas.open_issues(session, looking, plan)
    # Today's count stands on the page whether the heat is wanted or not.
    read["heat"] = atlas.heat_points(session, looking, plan, at - timedelta(days=max(heat_days, 1)))
    return read if viewer is not None or contacts else _without_contacts(read)


_OF_PLAN: Final = {"grids", "buildings", "facilities", "overlays"}


def _without_contacts(read: dict[str, Any]) -> dict[str, Any]:
    """The same frames without anybody's phone."""
    if "grids" in read:
        read["grids"] = read["grids"].drop(columns="phone")
    if "issues" in read:
        covered = [covered_numbers(text) for text in read["issues"]["text"]]
        read["issues"] = read["issues"].assign(text=pd.Series(covered, index=read["issues"].index, dtype=object))
    return read


def covered_numbers(text: str | None) -> str | None:
    """A text without the middle of its phone and identity numbers."""
    if text is None:
        return None
    return _NUMBERS.sub(lambda found: f"{found[1] or found[3]}****{found[2] or found[4]}", text)
