"""Weather warnings: declared for some ground, changed, ended; what runs there takes longer while they last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from gridmap.domain.lifecycle import STAMPS, WARNINGS
from gridmap.domain.model import Site, WeatherWarning
from gridmap.domain.rights import Viewer
from gridmap.errors import FieldError, ForbiddenError, NotFoundError
from gridmap.operations.deadlines import recompute
from gridmap.storage import calendars as stored
from gridmap.storage import places

# Beyond this, nobody would call it a limit any more.
MOST: Final = 10.0


@dataclass(frozen=True)
class Weather:
    """What a warning says: of which weather, from when to when, by how much it stretches which limits, and where.

    Without grids it is for all of the site, without stamps for all limits; without an end it lasts until it is ended.
    """

    kind: str
    starts: datetime
    ends: datetime | None = None
    factor: float = 1.5
    grids: tuple[str, ...] | None = None
    stamps: tuple[str, ...] | None = None
    note: str | None = None


def declare(
    session: Session, site: Site, weather: Weather, at: datetime, *, by: Viewer | None = None
) -> tuple[WeatherWarning, list[str]]:
    """Declare a warning: it, and the codes of the issues whose deadlines it moves."""
    places.lock_site(session, site.code, exclusive=True)
    row = WeatherWarning(site_id=site.id, declared_by=by.account_id if by else None)
    session.add(_said(session, site, row, weather, at, by))
    session.flush()
    return row, recompute(session, site, at, "warning", by=by)


def change(
    session: Session, site: Site, number: int, weather: Weather, at: datetime, *, by: Viewer | None = None
) -> tuple[WeatherWarning, list[str]]:
    """Let a warning say something else."""
    places.lock_site(session, site.code, exclusive=True)
    row = _said(session, site, _mine(session, site, number, at, by), weather, at, by)
    session.flush()
    return row, recompute(session, site, at, "warning", by=by)


def end(session: Session, site: Site, number: int, at: datetime, *, by: Viewer | None = None) -> list[str]:
    """End a warning now; one that has not begun is taken back."""
    places.lock_site(session, site.code, exclusive=True)
    row = _mine(session, site, number, at, by)
    if row.starts >= at:
        session.delete(row)
    elif row.ends is None or row.ends > at:
        row.ends = at
    session.flush()
    return recompute(session, site, at, "warning", by=by)


def _mine(session: Session, site: Site, number: int, at: datetime, by: Viewer | None) -> WeatherWarning:
    row = stored.warning(session, site.id, number, to_change=True)
    if row is None:
        raise NotFoundError(f"{site.code} has no warning {number}")
    if by is not None and by.grids is not None:
        own = _within(session, site, at, by.grids)
        if row.grids is None or not set(row.grids) <= own:
            raise ForbiddenError(f"warning {number} is for more than your own ground: whoever directs it changes it")
    return row


def _said(
    session: Session, site: Site, row: WeatherWarning, weather: Weather, at: datetime, by: Viewer | None
) -> WeatherWarning:
    _refuse_nonsense(weather)
    row.kind, row.starts, row.ends, row.factor = weather.kind, weather.starts, weather.ends, weather.factor
    row.grids = _ground(session, site, weather.grids, at, by)
    row.stamps = None if weather.stamps is None else list(dict.fromkeys(weather.stamps))
    row.note = weather.note
    return row


def _refuse_nonsense(weather: Weather) -> None:
    if weather.kind not in WARNINGS:
        raise FieldError("kind", f"{weather.kind!r} is none of {', '.join(WARNINGS)}")
    if weather.ends is not None and weather.ends <= weather.starts:
        raise FieldError("ends", "a warning ends after it has begun")
    if not 1 <= weather.factor <= MOST:
        raise FieldError("factor", f"limits are stretched by a factor of 1 to {MOST:g}")
    if weather.stamps is not None and (strange := [stamp for stamp in weather.stamps if stamp not in STAMPS]):
        raise FieldError("stamps", f"{', '.join(map(repr, strange))} is none of {', '.join(STAMPS)}")


def _ground(
    session: Session, site: Site, grids: Sequence[str] | None, at: datetime, by: Viewer | None
) -> list[str] | None:
    """The grids that are meant: who directs a part of the site speaks for that part alone."""
    own = by.grids if by is not None else None
    if grids is None:
        return None if own is None else list(own)
    if not grids:
        raise FieldError("grids", "name at least one, or none at all for the whole site")
    there = _within(session, site, at, None)
    if strange := [code for code in grids if code not in there]:
        raise FieldError("grids", f"{site.code} has no grid {', '.join(strange)}")
    if own is not None and not set(grids) <= _within(session, site, at, own):
        raise FieldError("grids", f"you may declare warnings for {', '.join(own)} and what lies below")
    return list(dict.fromkeys(grids))


def _within(session: Session, site: Site, at: datetime, grids: Sequence[str] | None) -> set[str]:
    edition = places.edition_in_force(session, site.id, at)
    return set() if edition is None else stored.grids_in_force(session, edition.id, grids)


def as_json(row: WeatherWarning, at: datetime) -> dict[str, Any]:
    """A warning as it is given out."""
    return {
        "number": row.id,
        "kind": row.kind,
        "starts": row.starts.isoformat(),
        "ends": row.ends.isoformat() if row.ends else None,
        "in_force": row.starts <= at and (row.ends is None or at < row.ends),
        "factor": row.factor,
        "grids": row.grids,
        "stamps": row.stamps,
        "note": row.note,
    }


def listed(session: Session, site: Site, at: datetime, *, all_of_them: bool = False) -> list[dict[str, Any]]:
    """The warnings that are or will be in force, or all there ever were."""
    return [as_json(row, at) for row in stored.warnings(session, site.id, None if all_of_them else at)]
