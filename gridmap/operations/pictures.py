"""A site's map as a picture, without a browser: what somebody may see, as he has filtered it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import geopandas as gpd
import pandas as pd
from sqlalchemy.orm import Session

from gridmap.domain.rights import Viewer
from gridmap.errors import FieldError
from gridmap.language import DEFAULT
from gridmap.maps.features import attention, rows
from gridmap.maps.style import Theme
from gridmap.maps.svg import USUAL, SvgMap, svg_map
from gridmap.maps.typeset import Kind, as_file
from gridmap.maps.view import PX_PER_MM, Bounds
from gridmap.operations import atlas
from gridmap.storage import places

WIDTH_PX, HEIGHT_PX = 1200.0, 800.0
SMALLEST_PX, LARGEST_PX = 200.0, 4000.0
MOST_PX: Final = 12e6
TIERS: Final = ("grid", "tier1", "tier2", "tier3")


@dataclass(frozen=True)
class Filters:
    """Which issues are on a picture: all that is not said is no matter."""

    categories: Collection[str] = ()
    statuses: Collection[str] = ()
    urgencies: Collection[str] = ()
    attentions: Collection[str] = ()
    codes: Collection[str] = ()
    grid: str | None = None
    under: str | None = None
    owner: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def of(self, issues: gpd.GeoDataFrame, at: datetime) -> gpd.GeoDataFrame:
        """The issues that pass as they are at a moment."""
        kept = pd.Series(data=True, index=issues.index)
        among = {"category": self.categories, "status": self.statuses, "urgency": self.urgencies, "code": self.codes}
        for column, wanted in among.items():
            if wanted:
                kept &= issues[column].isin(list(wanted))
        if self.attentions:
            asked = [attention(row, at) in self.attentions for row in rows(issues)]
            kept &= pd.Series(asked, index=issues.index, dtype=bool)
        if self.grid is not None:
            kept &= issues["grid"].eq(self.grid)
        if self.under is not None:
            kept &= issues[list(TIERS)].isin([self.under]).any(axis=1)
        if self.owner is not None:
            kept &= issues["owner"].eq(self.owner)
        reported = pd.to_datetime(issues["reported_at"], utc=True)
        if self.since is not None:
            kept &= reported >= self.since
        if self.until is not None:
            kept &= reported < self.until
        return issues[kept].reset_index(drop=True)


EVERYTHING: Final = Filters()


def picture(
    session: Session,
    kind: Kind,
    *,
    at: datetime,
    viewer: Viewer | None = None,
    site: str | None = None,
    language: str = DEFAULT,
    theme: Theme = "light",
    layers: Collection[str] | None = None,
    bounds: Bounds | None = None,
    width: float = WIDTH_PX,
    height: float = HEIGHT_PX,
    filters: Filters = EVERYTHING,
) -> bytes:
    """The map as a file of a kind, so many pixels wide and high, 96 of them to the inch."""
    _check(width, height)
    drawn = site_map(
        session, at=at, viewer=viewer, site=site, language=language, theme=theme, layers=layers, bounds=bounds,
        width=width, height=height, filters=filters,
    )  # fmt: skip
    size = (width / PX_PER_MM, height / PX_PER_MM)
    return as_file(drawn, kind, at=at, language=language, size_mm=size, ppi=96.0)


def site_map(
    session: Session,
    *,
    at: datetime | None = None,
    viewer: Viewer | None = None,
    site: str | None = None,
    language: str = DEFAULT,
    theme: Theme = "light",
    layers: Collection[str] | None = None,
    bounds: Bounds | None = None,
    width: float = WIDTH_PX,
    height: float = HEIGHT_PX,
    filters: Filters = EVERYTHING,
    **said: Any,
) -> SvgMap:
    """The map of the very frames that `atlas.grid_map` draws, as SVG: in a notebook, `site_map(session)` shows it."""
    at = at or datetime.now(UTC)
    of_site = places.site(session, site or (viewer.site if viewer else None))
    wanted = USUAL if layers is None else tuple(layers)
    frames = dict(atlas.frames(session, viewer, at, wanted, of_site.code))
    if "issues" in frames:
        frames["issues"] = filters.of(frames["issues"], at)
    return svg_map(
        frames, at=at, bounds=bounds, size_mm=(width / PX_PER_MM, height / PX_PER_MM), language=language, theme=theme,
        layers=wanted, timezone=of_site.timezone, title=of_site.name, **said,
    )  # fmt: skip


def _check(width: float, height: float) -> None:
    for name, side in (("width", width), ("height", height)):
        if not SMALLEST_PX <= side <= LARGEST_PX:
            raise FieldError(name, f"a picture is from {SMALLEST_PX:g} to {LARGEST_PX:g} pixels wide and high")
    if width * height > MOST_PX:
        raise FieldError("width", f"a picture has {MOST_PX / 1e6:g} million pixels at most: make it smaller")
