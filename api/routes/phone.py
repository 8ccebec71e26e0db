"""A day on the ground, for the page of whoever walks it: what waits, what is to be walked, whether he is on duty."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, File, UploadFile
from sqlalchemy.orm import Session

from api.dependencies import DbSession, Now, OfIssues, TheSite
from api.routes.photos import PhotoView, drawing
from api.routes.rounds import Patrolling, person_of
from api.schemas import Body
from gridmap.domain.commands import Actor
from gridmap.domain.lifecycle import allowed
from gridmap.domain.model import Site
from gridmap.domain.rights import Viewer
from gridmap.operations import patrols, photos
from gridmap.storage import deliveries, rounds, shifts
from gridmap.storage.waiting import work_of

router = APIRouter(tags=["work"])
MOST: Final = 100
# A shift that somebody forgets to end, ends by itself.
SHIFT_LASTS: Final = timedelta(hours=8)


class OnDutyBody(Body):
    """Whether somebody is on duty from now on."""

    on: bool


@router.get("/work/day")
def read_day(session: DbSession, viewer: OfIssues, site: TheSite, now: Now) -> dict[str, Any]:
    """All that one's day on the ground asks for: issues with what one may do to them, rounds, shift, messages."""
    return {
        "now": now,
        "issues": [{**row, "allowed": _allowed(viewer, row)} for row in work_of(session, viewer, now, MOST)],
        "rounds": _rounds(session, viewer, site, now),
        "shift": _shift(session, viewer, now),
        "unread": deliveries.unread(session, viewer, now),
    }


def _allowed(viewer: Viewer, row: dict[str, Any]) -> list[str]:
    handler = (row["handler"] or {}).get("person") or {}
    roles = Actor(viewer.role, viewer.account_id, viewer.person).roles(handler.get("code"), None)
    return list(allowed(row["status"], roles))


def _rounds(session: Session, viewer: Viewer, site: Site, now: datetime) -> list[dict[str, Any]]:
    """The rounds of today with their checkpoints; of those who walk none, none."""
    if viewer.person_id is None or viewer.reach("patrol") is None:
        return []
    first = patrols.midnight(site, patrols.day_of(site, now))
    listed = rounds.round_list(session, viewer, site.id, first, first + timedelta(days=1), own=True)
    found = [rounds.round_by_number(session, viewer, each["number"]) for each in listed if each["kind"] == "patrol"]
    kept = ("number", "name", "grid", "starts", "ends", "due", "visited", "status", "stops")
    return [{name: each[name] for name in kept} for each in found if each is not None]


def _shift(session: Session, viewer: Viewer, now: datetime) -> dict[str, Any] | None:
    row = shifts.running(session, viewer.person_id, now) if viewer.person_id is not None else None
    return row and {"since": row.starts, "until": row.ends}


@router.post("/work/shift")
def be_on_duty(session: DbSession, viewer: Patrolling, now: Now, body: OnDutyBody) -> dict[str, Any]:
    """Say that one is on duty, for eight hours at most, or no longer: who is gets work before those who are not."""
    person = person_of(viewer)
    if body.on:
        shifts.begin(session, person, now, now + SHIFT_LASTS)
    else:
        shifts.end(session, person, now)
    return {"shift": _shift(session, viewer, now)}


@router.post("/work/photos", status_code=201)
def put_photo(
    session: DbSession,
    viewer: Patrolling,
    site: TheSite,
    now: Now,
    file: Annotated[UploadFile, File(description="JPEG, PNG or WebP, at most 10 MB.")],
) -> PhotoView:
    """A photo for a check-in, which names it by its number."""
    person_of(viewer)
    content = file.file.read()
    with drawing():
        return PhotoView(id=photos.put_apart(session, site, viewer.account_id, content, now))
