"""Rounds: those of today, check-ins by whoever walks them, and tracks."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from pydantic import AfterValidator, Field

from api.dependencies import DbSession, Language, Now, TheSite, with_right
from api.routes.patrols import Day, Named, Number, OfRounds, Scheduling, in_wgs84, span_of
from api.schemas import Body, Code, Datum, Latitude, Longitude, Metres, Moment, MomentAsked, Words, among, listed
from gridmap.domain.patrols import METHODS, ROUND_STATUSES, WHY, Fix
from gridmap.domain.rights import Viewer
from gridmap.errors import ForbiddenError, NotFoundError
from gridmap.operations import patrols, tracks
from gridmap.operations.patrols import CheckedIn, CheckInGiven, day_of
from gridmap.spatial.coordinates import to_wgs84
from gridmap.storage import rounds as stored

router = APIRouter(tags=["patrols"])

MOST_CHECK_INS: Final = 500
MOST_POINTS: Final = 5_000

Patrolling = Annotated[Viewer, Depends(with_right("patrol"))]
Method = Annotated[str, AfterValidator(among(tuple(METHODS))), listed(tuple(METHODS))]
RoundStatus = Annotated[str, AfterValidator(among(ROUND_STATUSES)), listed(ROUND_STATUSES)]


def person_of(viewer: Viewer) -> int:
    """The person an account is of: nobody walks for another."""
    if viewer.person_id is None:
        raise ForbiddenError(f"the account {viewer.name} is of no person: whoever walks signs in as himself")
    return viewer.person_id


# ---------------------------------------------------------------- rounds


@router.get("/rounds")
def list_rounds(
    session: DbSession,
    viewer: OfRounds,
    site: TheSite,
    now: Now,
    since: Annotated[MomentAsked | None, Query()] = None,
    until: Annotated[MomentAsked | None, Query()] = None,
    status: Annotated[list[RoundStatus] | None, Query()] = None,
) -> list[dict[str, Any]]:
    """The rounds on one's ground, and one's own: those of the day around now, unless another time is said."""
    day = timedelta(days=1)
    first, last = span_of(since or (now - day / 2 if until is None else None), until or now + day / 2, now, day)
    return stored.round_list(session, viewer, site.id, first, last, status=status or ())


@router.get("/rounds/mine")
def my_rounds(
    session: DbSession, viewer: Patrolling, site: TheSite, now: Now, day: Annotated[Day | None, Query()] = None
) -> list[dict[str, Any]]:
    """What one has to walk today, or on another day of the site's calendar."""
    person_of(viewer)
    first = patrols.midnight(site, day or day_of(site, now))
    return stored.round_list(session, viewer, site.id, first, first + timedelta(days=1), own=True)


@router.get("/rounds/{number}")
def read_round(session: DbSession, viewer: OfRounds, language: Language, number: Number) -> dict[str, Any]:
    """One round: its checkpoints, and what was checked in at each."""
    found = stored.round_by_number(session, viewer, number)
    if found is None:
        raise NotFoundError(f"there is no round {number} here")
    for each in found["check_ins"]:
        each["reasons"] = _why(each["reasons"], language)
    return {name: value for name, value in found.items() if name != "site_id"}


class GivenToBody(Body):
    """Who walks a round instead."""

    person: Code


@router.post("/rounds/{number}/assign", status_code=204)
def give_round(session: DbSession, viewer: Scheduling, number: Number, body: GivenToBody) -> None:
    """Let another walk a round."""
    found = stored.round_by_number(session, viewer, number)
    if found is None:
        raise NotFoundError(f"there is no round {number} here")
    if found["kind"] == "visits":
        raise ForbiddenError("visits are the visitor's own: change who visits the household")
    patrols.give(session, found["site_id"], number, body.person)


# ---------------------------------------------------------------- checking in


class CheckInBody(Body):
    """One check-in; `uid` is the phone's own number of it, so that it may be sent again."""

    uid: Code
    at: Moment
    method: Method
    round: Named | None = None
    checkpoint: Code | None = None
    token: Code | None = None
    lon: Longitude | None = None
    lat: Latitude | None = None
    datum: Datum = "wgs84"
    accuracy_m: Metres | None = None
    photo: Named | None = None
    note: Words | None = None


class CheckInsBody(Body):
    """What a phone has gathered, in any order."""

    check_ins: Annotated[list[CheckInBody], Field(min_length=1, max_length=MOST_CHECK_INS)]


class JudgementBody(Body):
    """Whether a doubtful check-in counts."""

    upheld: bool


@router.post("/check-ins")
def check_in(
    session: DbSession, viewer: Patrolling, now: Now, language: Language, body: CheckInsBody
) -> dict[str, Any]:
    """Check in, by oneself: what was sent before is answered as before, and what cannot be believed says why."""
    person = person_of(viewer)
    given = []
    for each in body.check_ins:
        lon, lat = in_wgs84(each.lon, each.lat, each.datum)
        given.append(CheckInGiven(person, **{**each.model_dump(exclude={"datum"}), "lon": lon, "lat": lat}))
    outcomes = patrols.check_in(session, given, now)
    return {"results": [_told(each.uid, outcome, language) for each, outcome in zip(given, outcomes, strict=True)]}


def _told(uid: str, outcome: CheckedIn, language: str) -> dict[str, Any]:
    if outcome.error is not None:
        field = getattr(outcome.error, "field", "round")
        return {"uid": uid, "errors": [{"field": field, "message": str(outcome.error)}]}
    return {
        "uid": uid,
        "verdict": outcome.verdict,
        "reasons": _why(outcome.reasons, language),
        "round": outcome.round,
        "before": outcome.before,
    }


def _why(reasons: Any, language: str) -> list[dict[str, str]]:
    return [{"name": name, "text": WHY[name].say(language)} for name in reasons]


@router.post("/check-ins/{number}/judgement", status_code=204)
def judge_check_in(session: DbSession, viewer: Scheduling, now: Now, number: Number, body: JudgementBody) -> None:
    """Say whether a doubtful check-in counts; nobody judges his own."""
    patrols.uphold(session, viewer, number, now, upheld=body.upheld)


class PointBody(Body):
    """Where somebody was."""

    at: Moment
    lon: Longitude
    lat: Latitude
    accuracy_m: Metres | None = None


class TrackBody(Body):
    """Points of a track, late and out of order as they may be."""

    points: Annotated[list[PointBody], Field(min_length=1, max_length=MOST_POINTS)]
    datum: Datum = "wgs84"


@router.post("/tracks")
def send_track(session: DbSession, viewer: Patrolling, now: Now, body: TrackBody) -> dict[str, Any]:
    """Send where one was: noise is dropped and counted, what was sent before is not stored again."""
    lons, lats = [each.lon for each in body.points], [each.lat for each in body.points]
    if body.datum != "wgs84":
        lons, lats = ([float(value) for value in axis] for axis in to_wgs84(lons, lats, body.datum))
    fixes = [Fix(each.at, lon, lat, each.accuracy_m) for each, lon, lat in zip(body.points, lons, lats, strict=True)]
    track = tracks.take_track(session, person_of(viewer), fixes, now)
    return {
        "stored": track.stored,
        "before": track.before,
        "noise": {key: count for key, count in track.noise.items() if count},
    }
