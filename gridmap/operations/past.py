"""What was reported in the last days, or between two moments, as a map with a slider of time plays it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from gridmap.domain.model import Site
from gridmap.domain.rights import Viewer
from gridmap.errors import FieldError
from gridmap.storage import past as stored
from gridmap.storage.indicators import grids_of
from gridmap.storage.past import MOST, MOST_DAYS, Stretch

DAYS: Final = 90
_LISTS: Final = ("lon", "lat", "minute", "grid")


def stretch(
    site: Site,
    at: datetime,
    *,
    days: int = DAYS,
    since: datetime | None = None,
    until: datetime | None = None,
    categories: Iterable[str] = (),
) -> Stretch:
    """From a moment to another; what is not said are whole days by the site's clock, the last of them today's.

    So it is the same from midnight to midnight, and what was told of it is not told again.
    """
    zone = ZoneInfo(site.timezone)
    tomorrow = at.astimezone(zone).date() + timedelta(days=1)
    end = until or datetime.combine(tomorrow, time(), zone)
    first = end.astimezone(zone).date() - timedelta(days=days)
    start = since or (datetime.combine(first, time(), zone) if until is None else until - timedelta(days=days))
    if start >= end:
        raise FieldError("since", f"since {start.isoformat()} must lie before until {end.isoformat()}")
    if end - start > timedelta(days=MOST_DAYS, hours=1):
        raise FieldError("since", f"no more than {MOST_DAYS} days are told at once: choose a later since")
    return Stretch(site.id, start, end, tuple(sorted(set(categories))))


def past(session: Session, viewer: Viewer, asked: Stretch, most: int = MOST) -> str:
    """What the viewer may see of a stretch, as the text of a JSON object of columns.

    `lon` and `lat` are whole steps of 1e-5 degree from `corner`, `minute` whole minutes since `from`, sorted;
    `category` and `grid` point into `categories` and `grids`, where each grid comes with those above it. Of more than
    `most` reports it is told how many there were (`count`) in a grid on a day, and where the middle of them lies.
    `area` are the grids of which the viewer sees everything, null for all of them: any other is seen in part alone.
    """
    found, counted = stored.told(session, viewer, asked, counted=False, most=most), False
    if found["rows"] > most:
        found, counted = stored.told(session, viewer, asked, counted=True, most=most), True
    his = grids_of(session, viewer)
    said = {
        "from": json.dumps(asked.start.isoformat()),
        "to": json.dumps(asked.end.isoformat()),
        "aggregated": json.dumps(counted),
        "reports": str(found["reports"]),
        "corner": found["corner"],
        **{name: f"[{found[name] or ''}]" for name in _LISTS},
        "grids": f"[{found['grids'] or ''}]",
        "area": json.dumps(None if his is None else sorted(his), ensure_ascii=False),
        "categories": found["categories"],
        **({"count": f"[{found['count'] or ''}]"} if counted else {"category": f"[{found['category'] or ''}]"}),
    }
    return "{" + ",".join(f'"{name}":{value}' for name, value in said.items()) + "}"


def columns(session: Session, viewer: Viewer, asked: Stretch) -> dict[str, Any]:
    """The same as an object, for a page that has its data inside."""
    read: dict[str, Any] = json.loads(past(session, viewer, asked))
    return read
