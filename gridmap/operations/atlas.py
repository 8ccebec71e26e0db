"""The electronic grid map of a site: its frames as far as somebody may see them, and the map drawn from them."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import folium
import pandas as pd
from sqlalchemy.orm import Session

from gridmap.domain.model import Site
from gridmap.domain.rights import Viewer
from gridmap.errors import InputError
from gridmap.language import DEFAULT, LANGUAGES
from gridmap.maps.figure import Assets
from gridmap.maps.grid import grid_map as drawn
from gridmap.maps.shell import Page
from gridmap.maps.style import HEAT_DAYS, LAYERS
from gridmap.operations.grids import edition
from gridmap.storage import atlas, places
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

    With `assets="linked"` it is the service's page, for its viewer.
    """
    _check(layers)
    at = at or datetime.now(UTC)
    of_site = places.site(session, site or (viewer.site if viewer else None))
    if page is None and assets == "linked":
        page = _service_page(of_site, viewer)
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


def _service_page(site: Site, viewer: Viewer | None) -> Page:
    """The page of the service; its languages keep the site that is looked at."""
    links = {name: f"?{urlencode({'lang': name, 'site': site.code})}" for name in LANGUAGES}
    if viewer is None:
        return Page(site.name, languages=links)
    return Page(site.name, viewer.name, "/sign-out", "/messages/page", links)


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
