"""Plans of patrols and their checkpoints; check-ins, taken many at once, late or twice, and judged."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Row
from sqlalchemy.orm import Session

from gridmap.domain.codes import fault_of, fault_of_name
from gridmap.domain.frequencies import FREQUENCIES, Frequency
from gridmap.domain.model import Site
from gridmap.domain.patrols import METHODS, PLAN_KINDS, USUAL_RADIUS_M, Scan, judge
from gridmap.domain.rights import Viewer
from gridmap.domain.roles import ROLES, SPECIALTIES
from gridmap.domain.subjects import SUBJECTS
from gridmap.errors import FieldError, GridmapError, NotFoundError, RefusedError
from gridmap.operations.rounds import tally
from gridmap.spatial.coordinates import snap
from gridmap.storage import check_ins as scans
from gridmap.storage import patrols as stored
from gridmap.storage import rounds

TOKEN_BYTES: Final = 24


# ---------------------------------------------------------------- checkpoints


@dataclass(frozen=True)
class CheckpointGiven:
    """A place that rounds lead past: by its position, or that of a building or facility; `plate` makes a new token."""

    code: str
    name: str
    lon: float | None = None
    lat: float | None = None
    building: str | None = None
    facility: str | None = None
    level: str | None = None
    radius_m: float = USUAL_RADIUS_M
    photo: bool = False
    plate: bool = True


def write_checkpoints(session: Session, site: Site, given: Sequence[CheckpointGiven]) -> dict[str, str]:
    """Add checkpoints or bring them up to date: the tokens of the plates that were made, shown here and never again."""
    _refuse_unknown(session, "building", site, [each.building for each in given])
    _refuse_unknown(session, "facility", site, [each.facility for each in given])
    for each in given:
        _refuse_names(each.code, each.name)
        if each.lon is None and each.building is None and each.facility is None:
            raise FieldError("lon", f"checkpoint {each.code} is nowhere: say lon and lat, or a building or a facility")
    tokens = {each.code: secrets.token_urlsafe(TOKEN_BYTES) for each in given if each.plate}
    rows = [
        {**asdict(each), "token_digest": digest_of(tokens[each.code]) if each.code in tokens else None}
        for each in given
    ]
    stored.write_checkpoints(session, site.id, rows)
    return tokens


def digest_of(token: str) -> str:
    """What is kept of a plate's token: it is random, so that nobody finds it by its digest."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _refuse_names(code: str, name: str) -> None:
    if fault := fault_of(code):
        raise FieldError("code", f"the code {fault}")
    if fault := fault_of_name(name):
        raise FieldError("name", f"the name {fault}")


def _refuse_unknown(session: Session, table: str, site: Site, codes: Iterable[str | None]) -> None:
    asked = {code for code in codes if code is not None}
    unknown = asked - stored.known_codes(session, table, site.id, asked) if asked else ()
    if unknown:
        raise FieldError(table, f"no {table} is called {min(unknown)!r} in {site.code}")


# ---------------------------------------------------------------- plans


@dataclass(frozen=True)
class PlanGiven:
    """A plan of rounds: of a role's holders or of one person, over some grids, past some checkpoints, how often."""

    code: str
    name: str
    frequency: Frequency
    since: date
    kind: str = "patrol"
    role: str | None = None
    specialty: str | None = None
    person: str | None = None
    grids: tuple[str, ...] | None = None
    checkpoints: tuple[str, ...] | None = None
    facilities: tuple[str, ...] | None = None
    sample: int | None = None
    subject: int | None = None
    grace_minutes: int = 15
    until: date | None = None


def ready_plan(name: str, code: str, since: date, /, **said: Any) -> PlanGiven:
    """A plan by one of the trade's frequencies, which are ready to use."""
    duty = FREQUENCIES.get(name)
    if duty is None:
        raise FieldError("ready", f"no frequency is called {name!r}: there are {', '.join(FREQUENCIES)}")
    kind = "visits" if name == "visits" else "patrol"
    usual = {
        "name": duty.text.say(), "kind": kind, "role": None if said.get("person") else duty.role,
        "specialty": duty.specialty, "subject": duty.subject, "frequency": duty.frequency,
    }  # fmt: skip
    return PlanGiven(
        code=code, since=since, **{**usual, **{key: value for key, value in said.items() if value is not None}}
    )


def write_plan(session: Session, site: Site, plan: PlanGiven, account_id: int | None = None) -> int:
    """Add a plan or bring it up to date by its code; `rounds.plan_rounds` gives its rounds out."""
    _refuse_names(plan.code, plan.name)
    words = {"kind": (plan.kind, PLAN_KINDS), "role": (plan.role, ROLES), "specialty": (plan.specialty, SPECIALTIES),
             "subject": (plan.subject, SUBJECTS)}  # fmt: skip
    for field, (said, known) in words.items():
        if said is not None and said not in known:
            raise FieldError(field, f"{field} {said!r} is not known: choose one of {', '.join(map(str, known))}")
    if plan.kind == "patrol" and (plan.role is None) == (plan.person is None):
        raise FieldError("role", "a plan is of the holders of a role, or of one person: say one of them")
    if plan.until is not None and plan.until < plan.since:
        raise FieldError("until", f"the plan ends on {plan.until}, before it begins on {plan.since}")
    _refuse_unknown(session, "person", site, [plan.person])
    _refuse_unknown(session, "checkpoint", site, plan.checkpoints or ())
    unknown = stored.unknown_grids(session, site.id, plan.grids or ())
    if unknown:
        raise FieldError("grids", f"there is no grid {unknown[0]} in {site.code}")
    plan = replace(plan, checkpoints=_with_facilities(session, site, plan))
    return stored.write_plan(session, site.id, _plan_row(plan), account_id)


def _with_facilities(session: Session, site: Site, plan: PlanGiven) -> tuple[str, ...] | None:
    """The checkpoints of a plan, and those of its facilities: one that has none gets one, yet without a plate."""
    if not plan.facilities:
        return plan.checkpoints
    _refuse_unknown(session, "facility", site, plan.facilities)
    found = stored.at_facilities(session, site.id, list(dict.fromkeys(plan.facilities)))
    new = [
        CheckpointGiven(each.code, each.name, facility=each.code, plate=False) for each in found if not each.checkpoint
    ]
    _refuse_taken(session, site, new)
    write_checkpoints(session, site, new)
    return (*(plan.checkpoints or ()), *(each.checkpoint or each.code for each in found))


def _refuse_taken(session: Session, site: Site, points: Sequence[CheckpointGiven]) -> None:
    taken = stored.known_codes(session, "checkpoint", site.id, [point.code for point in points])
    if taken:
        raise FieldError("facilities", f"a checkpoint {min(taken)} is elsewhere: make one for that facility first")


def _plan_row(plan: PlanGiven) -> dict[str, Any]:
    lists = {
        name: list(dict.fromkeys(value)) if (value := getattr(plan, name)) else None
        for name in ("grids", "checkpoints")
    }
    return {**vars(plan), **lists, "frequency": plan.frequency.as_json()}


def close_plan(session: Session, site: Site, code: str, at: datetime) -> None:
    """End a plan; what has not begun of it is cancelled."""
    plan = stored.plan_by_code(session, site.id, code)
    if plan is None:
        raise NotFoundError(f"there is no plan {code} in {site.code}: gridmap rounds plans lists them")
    stored.close_plan(session, plan.id, at)


# ---------------------------------------------------------------- check-ins


@dataclass(frozen=True)
class CheckInGiven:
    """Somebody says he was there then: on a round, or on the one of his that fits; `uid` is his phone's own number."""

    person_id: int
    uid: str
    at: datetime
    method: str
    round: int | None = None
    checkpoint: str | None = None
    token: str | None = None
    lon: float | None = None
    lat: float | None = None
    accuracy_m: float | None = None
    photo: int | None = None
    note: str | None = None


@dataclass
class CheckedIn:
    """What became of a check-in: how it was judged, on which round it counts, or why it was not taken at all."""

    verdict: str | None = None
    reasons: tuple[str, ...] = ()
    round: int | None = None
    before: bool = False
    error: GridmapError | None = None


def check_in(session: Session, given: Sequence[CheckInGiven], at: datetime) -> list[CheckedIn]:
    """Take check-ins in any order, late and twice: each is judged, those that are refused are kept and do not count."""
    outcomes = [CheckedIn(error=NotFoundError("nobody of that number walks here")) for _ in given]
    given = _on_lattice(given)
    first: dict[tuple[int, str], int] = {}
    for n, each in enumerate(given):
        first.setdefault((each.person_id, each.uid), n)
    rows = [_asked(n, given[n]) for n in first.values()]
    found = scans.facts(session, rows) if rows else []
    taken = []
    for fact in found:
        outcomes[fact.n] = _outcome(fact, given[fact.n], at)
        if outcomes[fact.n].error is None and not outcomes[fact.n].before:
            taken.append(_row(fact, given[fact.n], outcomes[fact.n]))
    if taken:
        scans.write(session, taken, at)
        tally(session, {row["round_id"] for row in taken if row["round_id"] is not None}, at)
    for n, each in enumerate(given):
        if (earlier := first[each.person_id, each.uid]) != n:
            outcomes[n] = replace(outcomes[earlier], before=True)
    return outcomes


def _on_lattice(given: Sequence[CheckInGiven]) -> list[CheckInGiven]:
    """Places as everything that is compared with grids must be; half a place is none."""
    spots = {n: (each.lon, each.lat) for n, each in enumerate(given) if each.lon is not None and each.lat is not None}
    snapped = snap(np.array([*spots.values()], dtype=float).reshape(-1, 2)).tolist()
    places = dict(zip(spots, snapped, strict=True))
    return [
        replace(each, **dict(zip(("lon", "lat"), places.get(n, (None, None)), strict=True)))
        for n, each in enumerate(given)
    ]


def _asked(n: int, each: CheckInGiven) -> dict[str, Any]:
    token = None if each.token is None else digest_of(each.token)
    return {
        "n": n, "uid": each.uid, "person_id": each.person_id, "round": each.round, "checkpoint": each.checkpoint,
        "token": token, "at": each.at, "lon": each.lon, "lat": each.lat, "photo": each.photo,
    }  # fmt: skip


def _outcome(fact: Row[Any], given: CheckInGiven, at: datetime) -> CheckedIn:
    if fact.known_id is not None:
        return CheckedIn(fact.known_verdict, tuple(fact.known_reasons), fact.known_round, before=True)
    if given.method not in METHODS:
        return CheckedIn(error=FieldError("method", f"a check-in is by {', '.join(METHODS)}"))
    if given.round is not None and not fact.his:
        return CheckedIn(error=NotFoundError(f"there is no round {given.round} of yours"))
    if fact.round_status == "cancelled":
        return CheckedIn(error=RefusedError(f"round {given.round} was cancelled: begin another"))
    if given.checkpoint is not None and fact.checkpoint_id is None:
        return CheckedIn(error=FieldError("checkpoint", f"no checkpoint is called {given.checkpoint!r} here"))
    if given.photo is not None and fact.photo_id is None:
        return CheckedIn(error=FieldError("photo", f"there is no photo {given.photo} here"))
    judged = judge(_scan(fact, given, at))
    return CheckedIn(judged.verdict, judged.reasons, fact.round_id)


def _scan(fact: Row[Any], given: CheckInGiven, at: datetime) -> Scan:
    return Scan(
        at=given.at,
        received_at=at,
        method=given.method,
        off_m=fact.off_m,
        accuracy_m=given.accuracy_m,
        radius_m=fact.radius_m or USUAL_RADIUS_M,
        token=fact.fits,
        starts=fact.starts,
        ends=fact.ends,
        grace=timedelta(minutes=fact.grace_minutes or 0),
        on_route=fact.round_id is None or bool(fact.on_route),
        last_at=fact.last_at,
        last_m=fact.last_m,
        same_at=fact.same_at,
        replayed=fact.replayed,
        photo_wanted=bool(fact.photo_wanted),
        photo_given=fact.photo_id is not None,
    )


def _row(fact: Row[Any], given: CheckInGiven, outcome: CheckedIn) -> Mapping[str, Any]:
    return {
        "uid": given.uid, "person_id": given.person_id, "round_id": fact.round_id, "checkpoint_id": fact.checkpoint_id,
        "at": given.at, "method": given.method, "lon": given.lon, "lat": given.lat, "accuracy_m": given.accuracy_m,
        "off_m": fact.off_m, "verdict": outcome.verdict, "reasons": list(outcome.reasons), "photo_id": fact.photo_id,
        "note": given.note,
    }  # fmt: skip


def uphold(session: Session, viewer: Viewer, number: int, at: datetime, *, upheld: bool) -> None:
    """A superior says whether a doubtful check-in counts; nobody judges his own."""
    found = scans.check_in_seen(session, viewer, number)
    if found is None:
        raise NotFoundError(f"there is no check-in {number} here")
    if found.person_id == viewer.person_id:
        raise RefusedError("nobody judges his own check-in: ask whoever directs you")
    if found.verdict != "doubtful":
        raise RefusedError(f"the check-in was {found.verdict}: only a doubtful one is judged")
    scans.uphold(session, number, viewer.account_id, at, upheld=upheld)
    tally(session, [found.round_id], at)


def give(session: Session, site_id: int, number: int, person: str) -> None:
    """Let another walk a round."""
    if person not in stored.known_codes(session, "person", site_id, [person]):
        raise FieldError("person", f"nobody is known as {person!r} here")
    rounds.give_round(session, number, site_id, person)


def midnight(site: Site, day: date) -> datetime:
    """The moment at which a day of the site begins."""
    return datetime.combine(day, time(), ZoneInfo(site.timezone))


def day_of(site: Site, at: datetime) -> date:
    """The day of a moment by the site's own clock."""
    return at.astimezone(ZoneInfo(site.timezone)).date()
