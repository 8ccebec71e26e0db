"""How the day goes: the figures that stand over the map."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter

from api.dependencies import DbSession, Now, OfIssues, TheSite
from gridmap.storage import pulse

router = APIRouter(tags=["indicators"])


@router.get("/pulse")
def read_pulse(session: DbSession, viewer: OfIssues, site: TheSite, now: Now) -> dict[str, Any]:
    """What is open; of what is due today, how much is settled; median minutes to the first answer, now and before."""
    midnight = now.astimezone(ZoneInfo(site.timezone)).replace(hour=0, minute=0, second=0, microsecond=0)
    day = midnight, midnight + timedelta(days=1)
    return pulse.pulse(session, viewer, site.id, now, day)
