"""Facilities: the states they were in, and which are overdue to be inspected."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path

from api.dependencies import DbSession, Now, TheSite
from api.routes.inspections import Inspecting, OfInspections, State
from api.routes.places import plan_of
from api.schemas import Body, Code, Moment, Words
from gridmap.domain.model import Site
from gridmap.domain.rights import Viewer
from gridmap.errors import NotFoundError
from gridmap.operations import facilities
from gridmap.storage import facilities as stored
from gridmap.storage import plan_views

router = APIRouter(tags=["facilities"])


class StateBody(Body):
    """The state a facility is in, since when, and a word about it."""

    state: State
    since: Moment | None = None
    note: Words | None = None
    issue: Code | None = None


def _refuse_unseen(session: DbSession, viewer: Viewer, site: Site, now: Now, code: str) -> None:
    if plan_views.plan_row(session, viewer, plan_of(session, site, now), "facilities", code) is None:
        raise NotFoundError(f"{code} is none of the facilities here")


@router.get("/facilities/{code}/states")
def list_states(
    session: DbSession, viewer: OfInspections, site: TheSite, now: Now, code: Annotated[Code, Path()]
) -> list[dict[str, Any]]:
    """The states a facility was in, the latest first."""
    _refuse_unseen(session, viewer, site, now, code)
    return stored.history(session, site.id, code)


@router.post("/facilities/{code}/states", status_code=204)
def write_state(
    session: DbSession, viewer: Inspecting, site: TheSite, now: Now, code: Annotated[Code, Path()], body: StateBody
) -> None:
    """Say what state a facility is in; what was earlier, and is told later, changes only its history."""
    _refuse_unseen(session, viewer, site, now, code)
    facilities.set_state(
        session, site, code, body.state, body.since or now, now, account_id=viewer.account_id,
        person_id=viewer.person_id, note=body.note, issue=body.issue,
    )  # fmt: skip


@router.get("/overdue-facilities")
def list_overdue(session: DbSession, viewer: OfInspections, site: TheSite, now: Now) -> list[dict[str, Any]]:
    """The facilities on one's ground whose inspection is overdue, the longest first."""
    seen = stored.seen_codes(session, viewer, plan_of(session, site, now))
    return [each for each in facilities.overdue(session, site, now) if each["code"] in seen]
