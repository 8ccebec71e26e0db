"""Households in need, for those alone who visit them or direct the visitor; and what is settled before a flood."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Response
from pydantic import AfterValidator, Field

from api.dependencies import DbSession, Now, TheSite, with_right
from api.routes.patrols import Scheduling, in_wgs84
from api.schemas import Body, Code, Datum, Latitude, Line, Longitude, Moment, Words, among, listed
from gridmap.domain.patrols import NEEDS, VISIT_OUTCOMES
from gridmap.domain.rights import Viewer
from gridmap.operations import households
from gridmap.operations.households import HouseholdGiven

router = APIRouter(tags=["households"])

OfHouseholds = Annotated[Viewer, Depends(with_right("households"))]
OfFlood = Annotated[Viewer, Depends(with_right("flood"))]
Need = Annotated[str, AfterValidator(among(NEEDS)), listed(NEEDS)]
Outcome = Annotated[str, AfterValidator(among(VISIT_OUTCOMES)), listed(VISIT_OUTCOMES)]
# What is read of households is kept by no browser and no machine on the way.
UNKEPT = {"Cache-Control": "no-store"}


class HouseholdBody(Body):
    """A household in need or at risk, and who visits it."""

    code: Code
    address: Line
    visitor: Code
    building: Code | None = None
    needs: Annotated[list[Need], Field(max_length=len(NEEDS))] = Field(default_factory=list)
    risk: Line | None = None
    people: Annotated[int, Field(ge=1, le=100)] = 1
    visit_days: Annotated[int, Field(ge=1, le=366)] | None = None
    guardian: Code | None = None
    shelter: Code | None = None


class VisitBody(Body):
    """A visit; `uid` is the phone's own number of it. Where it was is not sent, and not kept."""

    uid: Code
    at: Moment
    outcome: Outcome
    note: Words | None = None


class ShelterBody(Body):
    """Where people go when their house is not safe."""

    code: Code
    name: Line
    lon: Longitude
    lat: Latitude
    datum: Datum = "wgs84"
    capacity: Annotated[int, Field(ge=1, le=100_000)] | None = None


@router.get("/households")
def list_households(
    response: Response, session: DbSession, viewer: OfHouseholds, site: TheSite, now: Now
) -> list[dict[str, Any]]:
    """The households one visits, or whose visitor one directs; those that are due first come first."""
    response.headers.update(UNKEPT)
    return households.seen(session, site, viewer, now)


@router.get("/households/{code}")
def read_household(
    response: Response, session: DbSession, viewer: OfHouseholds, site: TheSite, now: Now, code: Annotated[Code, Path()]
) -> dict[str, Any]:
    """One household; for whoever may not know of it, there is none."""
    response.headers.update(UNKEPT)
    return households.read(session, site, viewer, code, now)


@router.post("/households", status_code=204)
def write_household(session: DbSession, viewer: OfHouseholds, site: TheSite, now: Now, body: HouseholdBody) -> None:
    """Take a household on, or bring what is known of it up to date."""
    given = HouseholdGiven(**{**body.model_dump(), "needs": tuple(body.needs)})
    households.write(session, site, given, now, viewer)


@router.post("/households/{code}/visits", status_code=204)
def visit(
    session: DbSession, viewer: OfHouseholds, site: TheSite, now: Now, code: Annotated[Code, Path()], body: VisitBody
) -> None:
    """Note a visit, by the visitor himself."""
    households.visit(session, site, viewer, code, body.uid, body.at, body.outcome, now, body.note)


@router.post("/households/{code}/close", status_code=204)
def close_household(
    session: DbSession, viewer: OfHouseholds, site: TheSite, now: Now, code: Annotated[Code, Path()]
) -> None:
    """Visit a household no more: where it lived is forgotten."""
    households.close(session, site, viewer, code, now)


@router.get("/flood-readiness")
def flood_readiness(session: DbSession, _: OfFlood, site: TheSite) -> dict[str, Any]:
    """Unsafe buildings and shelters, and which households at risk are settled: by code, and no word of where."""
    return households.flood_readiness(session, site)


@router.post("/shelters", status_code=204)
def write_shelter(session: DbSession, _: Scheduling, site: TheSite, body: ShelterBody) -> None:
    """Add a shelter or bring it up to date."""
    lon, lat = in_wgs84(body.lon, body.lat, body.datum)
    households.write_shelter(session, site, body.code, body.name, float(lon or 0), float(lat or 0), body.capacity)
