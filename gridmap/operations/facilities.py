"""Facilities: the state they are in, with its history, and when they are to be inspected."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from gridmap.domain.model import Site
from gridmap.domain.model.places import FACILITY_STATES
from gridmap.errors import FieldError, NotFoundError
from gridmap.storage import facilities as stored

AHEAD: Final = timedelta(minutes=5)


def set_state(
    session: Session,
    site: Site,
    code: str,
    state: str,
    since: datetime,
    at: datetime,
    *,
    account_id: int | None = None,
    person_id: int | None = None,
    note: str | None = None,
    issue: str | None = None,
) -> None:
    """Note the state a facility is in since a moment; what was earlier, and is told later, changes only its history."""
    if state not in FACILITY_STATES:
        raise FieldError("state", f"a facility is one of {', '.join(FACILITY_STATES)}")
    if since > at + AHEAD:
        raise FieldError("since", "this lies in the future")
    row = {
        "at": since, "received_at": at, "state": state, "note": note, "account_id": account_id,
        "person_id": person_id, "issue": issue,
    }  # fmt: skip
    if not stored.write_state(session, site.id, code, row):
        raise NotFoundError(f"{code} is none of the facilities of {site.code}")


def set_due(session: Session, site: Site, code: str, due: date) -> None:
    """Note when a facility is to be inspected next."""
    stored.set_due(session, site.id, code, due)


def overdue(session: Session, site: Site, at: datetime) -> list[dict[str, Any]]:
    """The facilities whose inspection is overdue, by the site's own day."""
    return stored.overdue(session, site.id, at.astimezone(ZoneInfo(site.timezone)).date())
