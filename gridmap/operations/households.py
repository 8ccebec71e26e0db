"""Households in need: visited, and where they live is known to the visitor and his superior alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from gridmap.domain.codes import fault_of, fault_of_name
from gridmap.domain.households import missing, told
from gridmap.domain.model import Site
from gridmap.domain.patrols import NEEDS, VISIT_OUTCOMES
from gridmap.domain.rights import Viewer
from gridmap.errors import FieldError, ForbiddenError, NotFoundError
from gridmap.operations.rosters import Rosters
from gridmap.operations.rounds import tally
from gridmap.storage import households as stored
from gridmap.storage import patrols

AHEAD: Final = timedelta(minutes=5)
OLDEST: Final = timedelta(days=31)


@dataclass(frozen=True)
class HouseholdGiven:
    """A household in need or at risk, and who visits it; `visit_days` says how often at least."""

    code: str
    address: str
    visitor: str
    building: str | None = None
    needs: tuple[str, ...] = ()
    risk: str | None = None
    people: int = 1
    visit_days: int | None = None
    guardian: str | None = None
    shelter: str | None = None


def seen(session: Session, site: Site, viewer: Viewer, at: datetime, code: str | None = None) -> list[dict[str, Any]]:
    """The households that the viewer visits, or whose visitor he directs: nobody else's are there for him."""
    own = stored.people_of(session, viewer, at)
    if not own:
        return []
    rosters = Rosters(session, site.id, at)
    allowed = [
        (row.visitor_id, row.ground)
        for row in stored.visitors(session, site.id, at)
        if own & told(row.visitor, row.ground, rosters.tree, rosters.roster(at))
    ]
    return stored.private_rows(session, site.id, allowed, at, code) if allowed else []


def read(session: Session, site: Site, viewer: Viewer, code: str, at: datetime) -> dict[str, Any]:
    """One household; for whoever may not know of it, there is none."""
    found = seen(session, site, viewer, at, code)
    if not found:
        raise NotFoundError("there is no such household here")
    return found[0]


def write(session: Session, site: Site, given: HouseholdGiven, at: datetime, viewer: Viewer | None = None) -> None:
    """Take a household on, or bring what is known of it up to date: by whoever directs its visitor, or visits it.

    Without a viewer it is the store's own keeper who writes, at the command line.
    """
    _refuse_unfit(session, site, given)
    if viewer is not None:
        _refuse_stranger(session, site, viewer, given, at)
    row = {
        **vars(given), "needs": list(dict.fromkeys(given.needs)),
        "since": at.astimezone(ZoneInfo(site.timezone)).date(),
    }  # fmt: skip
    stored.write_household(session, site.id, row)


def _refuse_unfit(session: Session, site: Site, given: HouseholdGiven) -> None:
    if fault := fault_of(given.code):
        raise FieldError("code", f"the code {fault}")
    if fault := fault_of_name(given.address):
        raise FieldError("address", f"the address {fault}")
    if unknown := set(given.needs) - set(NEEDS):
        raise FieldError("needs", f"a need is one of {', '.join(NEEDS)}, not {min(unknown)!r}")
    if given.people < 1 or (given.visit_days is not None and given.visit_days < 1):
        raise FieldError("people" if given.people < 1 else "visit_days", "this is a number from 1 on")
    for field, table, code in (
        ("visitor", "person", given.visitor), ("guardian", "person", given.guardian),
        ("building", "building", given.building), ("shelter", "shelter", given.shelter),
    ):  # fmt: skip
        if code is not None and not patrols.known_codes(session, table, site.id, [code]):
            raise FieldError(field, f"no {table} is called so in {site.code}")


def _refuse_stranger(session: Session, site: Site, viewer: Viewer, given: HouseholdGiven, at: datetime) -> None:
    """Who writes must be told of the household, both as it is and as it will be."""
    own = stored.people_of(session, viewer, at)
    rosters = Rosters(session, site.id, at)
    ground = stored.ground_of(session, site.id, given.building, at)
    if not own & told(given.visitor, ground, rosters.tree, rosters.roster(at)):
        raise ForbiddenError("a household is written by its visitor, or by whoever directs him")
    known = stored.household(session, site.id, given.code, at)
    if known is None or known.closed_at is not None:
        return
    if not own & told(known.visitor, known.ground, rosters.tree, rosters.roster(at)):
        # Whoever may not know of it is told what he would be told of any code he may not use.
        raise FieldError("code", "this code cannot be used: choose another")


def close(session: Session, site: Site, viewer: Viewer, code: str, at: datetime) -> None:
    """Visit a household no more: where it lived, and what was said there, is forgotten."""
    read(session, site, viewer, code, at)
    known = stored.household(session, site.id, code, at)
    if known is not None:
        stored.close_household(session, known.id, at)


def visit(
    session: Session,
    site: Site,
    viewer: Viewer,
    code: str,
    uid: str,
    made_at: datetime,
    outcome: str,
    at: datetime,
    note: str | None = None,
) -> None:
    """Note a visit by the visitor himself; sent again, it is the same one."""
    if outcome not in VISIT_OUTCOMES:
        raise FieldError("outcome", f"a visit ends as {', '.join(VISIT_OUTCOMES)}")
    if not at - OLDEST <= made_at <= at + AHEAD:
        raise FieldError("at", "a visit was within the last 31 days, and not in the future")
    known = stored.household(session, site.id, code, at)
    if known is None or known.closed_at is not None or viewer.person_id is None or known.visitor_id != viewer.person_id:
        # His superior sees it, but did not call.
        read(session, site, viewer, code, at)
        raise ForbiddenError("a visit is noted by the visitor himself")
    number = stored.write_visit(
        session,
        {
            "uid": uid, "household_id": known.id, "person_id": viewer.person_id, "at": made_at, "received_at": at,
            "outcome": outcome, "note": note,
        },
    )  # fmt: skip
    if number is not None:
        tally(session, [number], at)


# ---------------------------------------------------------------- flood season


def write_shelter(
    session: Session, site: Site, code: str, name: str, lon: float, lat: float, capacity: int | None = None
) -> None:
    """Add a shelter or bring it up to date."""
    if fault := fault_of(code):
        raise FieldError("code", f"the code {fault}")
    if fault := fault_of_name(name):
        raise FieldError("name", f"the name {fault}")
    if capacity is not None and capacity < 1:
        raise FieldError("capacity", "a shelter is for one at least")
    stored.write_shelter(session, site.id, {"code": code, "name": name, "lon": lon, "lat": lat, "capacity": capacity})


def flood_readiness(session: Session, site: Site) -> dict[str, Any]:
    """Unsafe buildings, shelters, and which households at risk are settled: by their codes alone."""
    households = [_settled(row._asdict()) for row in stored.at_risk(session, site.id)]
    places = stored.shelters(session, site.id)
    crowded = [each["code"] for each in places if each["capacity"] is not None and each["expected"] > each["capacity"]]
    return {
        "unsafe_buildings": stored.unsafe_buildings(session, site.id),
        "shelters": places,
        "crowded": crowded,
        "households": households,
        "complete": all(each["complete"] for each in households) and not crowded,
    }


def _settled(row: dict[str, Any]) -> dict[str, Any]:
    lacking = missing(row)
    return {"code": row["code"], "complete": not lacking, "missing": list(lacking)}
