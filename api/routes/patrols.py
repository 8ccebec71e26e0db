"""Patrols: their plans and checkpoints, and how much of the ground was walked."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query
from pydantic import AfterValidator, BeforeValidator, Field

from api.dependencies import DbSession, Language, Now, TheSite, with_right
from api.routes.places import plan_of
from api.schemas import (
    Body,
    Code,
    Datum,
    Latitude,
    Line,
    Longitude,
    MomentAsked,
    among,
    listed,
)
from gridmap.domain.frequencies import FREQUENCIES, Frequency
from gridmap.domain.patrols import PLAN_KINDS
from gridmap.domain.rights import Viewer
from gridmap.domain.subjects import SUBJECTS
from gridmap.errors import FieldError, NotFoundError
from gridmap.operations import patrols, rounds, tracks
from gridmap.operations.patrols import CheckpointGiven, PlanGiven, day_of
from gridmap.spatial.coordinates import to_wgs84
from gridmap.storage import patrols as stored
from gridmap.storage import tracks as stored_tracks
from gridmap.storage.facilities import seen_codes

router = APIRouter(tags=["patrols"])

MOST_DAYS: Final = 92
LARGEST: Final = 2**63 - 1

OfRounds = Annotated[Viewer, Depends(with_right("rounds"))]
Scheduling = Annotated[Viewer, Depends(with_right("schedule"))]
Number = Annotated[int, Path(ge=1, le=LARGEST)]
Named = Annotated[int, Field(ge=1, le=LARGEST)]
PlanKind = Annotated[str, AfterValidator(among(PLAN_KINDS)), listed(PLAN_KINDS)]


def _in_our_years(day: date) -> date:
    if not 1970 <= day.year <= 2200:
        raise ValueError("is out of the years 1970 to 2200")
    return day


def _written_out(said: Any) -> Any:
    """Seconds since 1970 are no day."""
    if isinstance(said, date) or (isinstance(said, str) and len(said) == 10 and said[4] == "-"):
        return said
    raise ValueError("is no day: write 2026-05-01")


Day = Annotated[date, Field(strict=False), BeforeValidator(_written_out), AfterValidator(_in_our_years)]


def in_wgs84(lon: float | None, lat: float | None, datum: str) -> tuple[float | None, float | None]:
    """A place, if there is one, as it is stored."""
    if lon is None or lat is None or datum == "wgs84":
        return lon, lat
    lons, lats = to_wgs84([lon], [lat], datum)
    return float(lons[0]), float(lats[0])


def span_of(
    since: datetime | None, until: datetime | None, now: datetime, usual: timedelta
) -> tuple[datetime, datetime]:
    """The time that is asked about, which has an end."""
    last = until or now
    first = since or last - usual
    if first >= last:
        raise FieldError("until", "is not after since")
    if last - first > timedelta(days=MOST_DAYS):
        raise FieldError("since", f"at most {MOST_DAYS} days at once")
    return first, last


# ---------------------------------------------------------------- plans and checkpoints


class FrequencyBody(Body):
    """How often: as `GET /frequencies` shows them."""

    unit: Code
    every: int = 1
    begins: Code = "00:00"
    ends: Code = "24:00"
    weekdays: Annotated[list[int], Field(max_length=7)] = Field(default_factory=list)
    by: Code | None = None
    lead_days: int = 30


class PlanBody(Body):
    """A plan of rounds; `ready` takes everything that is not said from the trade's own frequencies."""

    code: Code
    ready: Code | None = None
    name: Line | None = None
    kind: PlanKind = "patrol"
    role: Code | None = None
    specialty: Code | None = None
    person: Code | None = None
    grids: Annotated[list[Code], Field(min_length=1, max_length=500)] | None = None
    checkpoints: Annotated[list[Code], Field(min_length=1, max_length=500)] | None = None
    facilities: Annotated[list[Code], Field(min_length=1, max_length=500)] | None = None
    sample: Annotated[int, Field(ge=1, le=500)] | None = None
    subject: Annotated[int, Field(ge=1, le=len(SUBJECTS))] | None = None
    frequency: FrequencyBody | None = None
    grace_minutes: Annotated[int, Field(ge=0, le=1440)] = 15
    since: Day | None = None
    until: Day | None = None


class CheckpointBody(Body):
    """A place that rounds lead past: its own, or that of a building or facility."""

    code: Code
    name: Line
    lon: Longitude | None = None
    lat: Latitude | None = None
    datum: Datum = "wgs84"
    building: Code | None = None
    facility: Code | None = None
    level: Code | None = None
    radius_m: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)] = 50.0
    photo: bool = False
    plate: bool = True


class CheckpointsBody(Body):
    """Checkpoints to add or to bring up to date by their codes."""

    checkpoints: Annotated[list[CheckpointBody], Field(min_length=1, max_length=500)]


@router.get("/frequencies")
def list_frequencies(_: OfRounds, language: Language) -> list[dict[str, Any]]:
    """How often what is due, as the trade has it: ready to use in a plan."""
    return [
        {
            "name": name,
            "text": duty.text.say(language),
            "frequency": duty.frequency.as_json(),
            "role": duty.role,
            "specialty": duty.specialty,
            "subject": duty.subject,
        }
        for name, duty in FREQUENCIES.items()
    ]


@router.get("/patrol-plans")
def list_plans(session: DbSession, viewer: OfRounds, site: TheSite) -> list[dict[str, Any]]:
    """The plans of rounds that have to do with one's ground."""
    return stored.plan_list(session, viewer, site.id)


@router.post("/patrol-plans", status_code=201)
def write_plan(session: DbSession, viewer: Scheduling, site: TheSite, now: Now, body: PlanBody) -> dict[str, Any]:
    """Make a plan of rounds, or change it by its code; its rounds are given out at once."""
    plan = _plan_of(body, day_of(site, now))
    area = stored.area_codes(session, viewer)
    known = stored.plan_by_code(session, site.id, plan.code)
    for grids in (plan.grids, known.grids if known is not None else plan.grids):
        _refuse_outside(area, grids)
    if area is not None and plan.facilities:
        unseen = set(plan.facilities) - seen_codes(session, viewer, plan_of(session, site, now))
        if unseen:
            raise FieldError("facilities", f"no facility is called {min(unseen)!r} on your ground")
    patrols.write_plan(session, site, plan, viewer.account_id)
    return {"code": plan.code, "rounds": rounds.plan_rounds(session, now)}


def _plan_of(body: PlanBody, today: date) -> PlanGiven:
    said = {name: getattr(body, name) for name in body.model_fields_set - {"ready", "frequency", "code", "since"}}
    said |= {name: tuple(said[name]) for name in ("grids", "checkpoints", "facilities") if said.get(name)}
    if body.frequency is not None:
        said["frequency"] = Frequency.from_json(body.frequency.model_dump())
    since = body.since or today
    if body.ready is not None:
        return patrols.ready_plan(body.ready, body.code, since, **said)
    for name in ("frequency", "name"):
        if said.get(name) is None:
            raise FieldError(name, "say it, or name a frequency that is ready: GET /frequencies")
    return PlanGiven(code=body.code, since=since, **said)


def _refuse_outside(area: set[str] | None, grids: Any) -> None:
    """Who directs a part of the site plans for that part alone."""
    if area is not None and (grids is None or not set(grids) <= area):
        raise FieldError("grids", "plan for grids of your own: name them")


@router.post("/patrol-plans/{code}/close", status_code=204)
def close_plan(session: DbSession, viewer: Scheduling, site: TheSite, now: Now, code: Annotated[Code, Path()]) -> None:
    """End a plan of rounds: what has not begun of it is cancelled."""
    plan, area = stored.plan_by_code(session, site.id, code), stored.area_codes(session, viewer)
    if plan is None or (area is not None and (plan.grids is None or not set(plan.grids) <= area)):
        raise NotFoundError(f"there is no plan {code} here")
    patrols.close_plan(session, site, code, now)


@router.get("/checkpoints")
def list_checkpoints(session: DbSession, viewer: OfRounds, site: TheSite, now: Now) -> list[dict[str, Any]]:
    """The checkpoints on one's ground, and when each was visited last."""
    return stored.checkpoint_list(session, viewer, site.id, now)


@router.post("/checkpoints", status_code=201)
def write_checkpoints(
    session: DbSession, viewer: Scheduling, site: TheSite, now: Now, body: CheckpointsBody
) -> dict[str, Any]:
    """Add checkpoints: the tokens of their plates are shown this once, to be printed or written to tags."""
    given = []
    for each in body.checkpoints:
        lon, lat = in_wgs84(each.lon, each.lat, each.datum)
        given.append(CheckpointGiven(**{**each.model_dump(exclude={"datum"}), "lon": lon, "lat": lat}))
    area = stored.area_codes(session, viewer)
    before = {row.code: row.leaf for row in stored.checkpoints(session, site.id, now)}
    tokens = patrols.write_checkpoints(session, site, given)
    after = {row.code: row.leaf for row in stored.checkpoints(session, site.id, now)}
    for point in given:
        if area is not None and not {after.get(point.code), before.get(point.code, after.get(point.code))} <= area:
            raise FieldError("checkpoints", f"{point.code} is not on your ground")
    return {"tokens": tokens}


# ---------------------------------------------------------------- what was walked


@router.get("/coverage")
def read_coverage(
    session: DbSession,
    viewer: OfRounds,
    site: TheSite,
    now: Now,
    grid: Annotated[Code | None, Query(description="One grid of any tier; else the leaves of one's ground.")] = None,
    since: Annotated[MomentAsked | None, Query()] = None,
    until: Annotated[MomentAsked | None, Query()] = None,
) -> list[dict[str, Any]]:
    """How much of the ground was really walked: in sight of a walk, of what is no building; a month, unless said."""
    first, last = span_of(since, until, now, timedelta(days=30))
    area = stored.area_codes(session, viewer)
    if grid is not None and area is not None and grid not in area:
        raise NotFoundError(f"there is no grid {grid} here")
    grids = [grid] if grid else tracks.leaves(session, site, last, area)
    # Who has no ground of his own sees what he walked himself.
    walker = viewer.person_id if viewer.reach("rounds") == "work" else None
    found = tracks.coverage(session, site, first, last, grids, walker)
    if grid is not None and not found:
        raise NotFoundError(f"there is no grid {grid} here")
    return [
        {
            "grid": each.grid, "name": each.name, "tier": each.tier, "walkable_m2": round(each.walkable_m2, 1),
            "walked_m2": round(each.walked_m2, 1),
            "share": None if each.share is None else round(each.share, 4),
        }
        for each in found
    ]  # fmt: skip


@router.get("/coverage/checkpoints")
def read_checkpoint_coverage(
    session: DbSession,
    viewer: OfRounds,
    site: TheSite,
    now: Now,
    since: Annotated[MomentAsked | None, Query()] = None,
    until: Annotated[MomentAsked | None, Query()] = None,
) -> list[dict[str, Any]]:
    """For each checkpoint on one's ground: on how many rounds it was due, and on how many it was visited."""
    first, last = span_of(since, until, now, timedelta(days=30))
    codes = [each["code"] for each in stored.checkpoint_list(session, viewer, site.id, now)]
    rows = stored_tracks.checkpoint_coverage(session, site.id, codes, first, last)
    return [row._asdict() for row in rows]
