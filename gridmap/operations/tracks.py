"""Tracks as phones send them: late, out of order and twice; and how much of each grid was really walked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from sqlalchemy.orm import Session

from gridmap.domain.model import Edition, Site
from gridmap.domain.patrols import Fix, noise_of, walked
from gridmap.errors import NotFoundError
from gridmap.spatial.coordinates import snap
from gridmap.storage import places
from gridmap.storage import tracks as stored

# What is already stored so long before and after decides whether a new point is a leap.
AROUND: Final = timedelta(minutes=10)


@dataclass
class Track:
    """What became of an upload: how many points were new, were there before, and were noise, by why."""

    stored: int = 0
    before: int = 0
    noise: Counter[str] = field(default_factory=Counter)


def take_track(session: Session, person_id: int, fixes: Sequence[Fix], at: datetime) -> Track:
    """Store where somebody was: noise is dropped and counted, and what was sent before is not stored again."""
    track, sound = Track(), []
    for fix in fixes:
        noise = noise_of(fix, at)
        if noise is None:
            sound.append(fix)
        else:
            track.noise[noise] += 1
    if not sound:
        return track
    stored.lock_track(session, person_id)
    rows = stored.stored_points(session, person_id, [fix.at for fix in sound], AROUND)
    known = [Fix(row.at, row.lon, row.lat, row.accuracy_m) for row in rows]
    moments = {fix.at for fix in known}
    fresh = {fix.at: fix for fix in sound if fix.at not in moments}
    track.before = len(sound) - len(fresh)
    line = sorted([*known, *fresh.values()], key=lambda fix: fix.at)
    kept = [fix for fix, fits in zip(line, walked(line), strict=True) if fits and fix.at in fresh]
    track.noise["leap"] = len(fresh) - len(kept)
    if kept:
        track.stored = stored.write_points(session, person_id, _rows(kept), at)
    return track


def _rows(fixes: Sequence[Fix]) -> list[dict[str, Any]]:
    spots = snap(np.array([(fix.lon, fix.lat) for fix in fixes])).tolist()
    return [
        {"at": fix.at, "lon": lon, "lat": lat, "accuracy_m": fix.accuracy_m}
        for fix, (lon, lat) in zip(fixes, spots, strict=True)
    ]


@dataclass(frozen=True)
class Covered:
    """How much of a grid was walked: of its ground without buildings, the part in sight of a walk."""

    grid: str
    name: str
    tier: int
    walkable_m2: float
    walked_m2: float

    @property
    def share(self) -> float | None:
        """Between 0 and 1; None for a grid that is all building."""
        return min(1.0, self.walked_m2 / self.walkable_m2) if self.walkable_m2 > 0 else None


def coverage(
    session: Session,
    site: Site,
    since: datetime,
    until: datetime,
    grids: Sequence[str] | None = None,
    person_id: int | None = None,
) -> list[Covered]:
    """How much of some grids of the Edition in force at the end, else of its leaves, was walked in [since, until)."""
    edition = _edition(session, site, until)
    codes = leaves(session, site, until) if grids is None else list(grids)
    rows = stored.coverage(session, site.id, edition.id, codes, since, until, person_id)
    return [Covered(row.code, row.name, row.tier, row.walkable_m2, row.walked_m2) for row in rows]


def leaves(session: Session, site: Site, at: datetime, area: Container[str] | None = None) -> list[str]:
    """The leaves of the Edition in force, all or those of some part of the tree."""
    edition = _edition(session, site, at)
    rows = places.tree_rows(session, edition.id)
    return sorted(code for code, _, _, tier in rows if tier == edition.leaf_tier and (area is None or code in area))


def _edition(session: Session, site: Site, at: datetime) -> Edition:
    found = places.edition_in_force(session, site.id, at)
    if found is None:
        raise NotFoundError(f"no plan of {site.code} was in force on {at:%Y-%m-%d}")
    return found
