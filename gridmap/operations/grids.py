"""The layers of a site, as they are given out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from gridmap.domain.model import Edition, Site
from gridmap.errors import InputError, NotFoundError
from gridmap.storage import people, places

EXPORTS = (
    "grids", "tier1", "tier2", "tier3", "buildings", "units", "facilities", "overlays", "people", "posts", "issues",
)  # fmt: skip


def edition(session: Session, site: Site, at: datetime, number: int | None = None) -> Edition:
    """An Edition by its number, or the one in force."""
    if number is None:
        found = places.edition_in_force(session, site.id, at)
    else:
        found = session.scalar(select(Edition).where(Edition.site_id == site.id, Edition.number == number))
    if found is None:
        raise NotFoundError(f"{site.code} has no such Edition: gridmap editions --site {site.code} lists them")
    return found


def export(session: Session, site: Site, layer: str, at: datetime, number: int | None = None) -> Any:
    """A layer as a frame, without what is the store's own business."""
    if layer not in EXPORTS:
        raise InputError(f"no layer is called {layer!r}: there are {', '.join(EXPORTS)}")
    if layer in ("buildings", "units", "facilities", "overlays"):
        return places.layer(session, layer, site.id).drop(columns="id", errors="ignore")
    if layer == "people":
        return people.people_list(session, site.id)
    if layer == "posts":
        return people.post_list(session, site.id, at)
    if layer == "issues":
        return places.read_frame(session, places.ISSUES, {"site_id": site.id})
    frame = places.grids(session, edition(session, site, at, number).id).drop(columns="id")
    if layer != "grids":
        frame = frame[frame["tier"] == int(layer[-1])].reset_index(drop=True)
    codes = pd.DataFrame(frame["codes"].tolist()).add_prefix("code_")
    return pd.concat([frame.drop(columns="codes"), codes], axis=1)
