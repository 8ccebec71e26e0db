"""Inspections: the subjects and their standards, filled forms, failures that are open, and sweeps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query
from pydantic import AfterValidator, Field

from api.dependencies import DbSession, Language, Now, TheSite, with_right
from api.routes.patrols import Day, Named, Number, Scheduling, in_wgs84, span_of
from api.schemas import Body, Code, Datum, Latitude, Line, Longitude, Moment, MomentAsked, Words, among, listed
from gridmap.domain.model.places import FACILITY_STATES
from gridmap.domain.patrols import INSPECTION_KINDS, SWEEP_STATES
from gridmap.domain.rights import Viewer
from gridmap.domain.subjects import ANSWERS, OPERATORS, SUBJECTS, Item, form_of
from gridmap.errors import FieldError, NotFoundError
from gridmap.language import Phrase
from gridmap.operations import inspections, sweeps
from gridmap.operations.inspections import InspectionGiven
from gridmap.storage import inspections as stored
from gridmap.storage import patrols
from gridmap.storage import sweeps as stored_sweeps

router = APIRouter(tags=["inspections"])

MOST_ITEMS: Final = 100
Inspecting = Annotated[Viewer, Depends(with_right("inspect"))]
OfInspections = Annotated[Viewer, Depends(with_right("inspections"))]
Subject = Annotated[int, Field(ge=1, le=len(SUBJECTS))]
InspectionKind = Annotated[str, AfterValidator(among(INSPECTION_KINDS)), listed(INSPECTION_KINDS)]
State = Annotated[str, AfterValidator(among(FACILITY_STATES)), listed(FACILITY_STATES)]
SweepState = Annotated[str, AfterValidator(among(SWEEP_STATES)), listed(SWEEP_STATES)]
Answered = bool | Annotated[int, Field(ge=-(10**9), le=10**9)] | Annotated[float, Field(allow_inf_nan=False)] | Code


# ---------------------------------------------------------------- subjects


@router.get("/subjects")
def list_subjects(session: DbSession, _: OfInspections, site: TheSite, language: Language) -> list[dict[str, Any]]:
    """The fifteen subjects with their items and standards, as this site has them."""
    own = stored.own_items(session, site.id)
    return [
        {
            "subject": number,
            "name": name.say(language),
            "items": [_item(item, language) for item in form_of(number, own).values()],
        }
        for number, name in SUBJECTS.items()
    ]


def _item(item: Item, language: str) -> dict[str, Any]:
    per = None if item.per is None else {"item": item.per[0], "each": item.per[1]}
    return {
        "item": item.code, "text": item.text.say(language), "answer": item.answer, "operator": item.operator,
        "limit": item.limit, "unit": item.unit, "per": per, "category": item.category,
    }  # fmt: skip


class PerBody(Body):
    """One more for each so many of another item's answer."""

    item: Code
    each: Annotated[float, Field(gt=0, le=10**9, allow_inf_nan=False)]


class ItemBody(Body):
    """An item as this site wants it; `left_out` takes it off the form."""

    item: Code
    text: Line
    category: Code
    answer: Annotated[str, AfterValidator(among(ANSWERS)), listed(ANSWERS)] = "yes_no"
    operator: Annotated[str, AfterValidator(among(OPERATORS)), listed(OPERATORS)] = "is"
    limit: Annotated[float, Field(ge=-(10**9), le=10**9, allow_inf_nan=False)] | None = None
    unit: Code | None = None
    per: PerBody | None = None
    left_out: bool = False


@router.post("/subjects/{subject}/items", status_code=204)
def write_item(
    session: DbSession, viewer: Scheduling, site: TheSite, subject: Annotated[int, Path(ge=1, le=15)], body: ItemBody
) -> None:
    """Let this site hold an item against its own standard, add one, or leave one out."""
    if viewer.grids is not None:
        raise FieldError("subject", "a standard is the whole site's: who directs a part of it does not set it")
    per = None if body.per is None else (body.per.item, body.per.each)
    item = Item(
        subject, body.item, Phrase(body.text), body.category, body.answer, body.operator, body.limit, body.unit, per
    )
    inspections.write_item(session, site, item, left_out=body.left_out)


# ---------------------------------------------------------------- forms


class RecheckBody(Body):
    """A failure that is still open, by its number, and whether it is put right."""

    failure: Named
    passed: bool


class InspectionBody(Body):
    """A filled form: answers by item; `uid` is the phone's own number of it, so that it may be sent again."""

    uid: Code
    subject: Subject
    at: Moment
    answers: Annotated[dict[Code, Answered], Field(max_length=MOST_ITEMS)] = Field(default_factory=dict)
    notes: Annotated[dict[Code, Words], Field(max_length=MOST_ITEMS)] = Field(default_factory=dict)
    kind: InspectionKind = "sample"
    building: Code | None = None
    facility: Code | None = None
    lon: Longitude | None = None
    lat: Latitude | None = None
    datum: Datum = "wgs84"
    joint_with: Code | None = None
    round: Named | None = None
    note: Words | None = None
    rechecks: Annotated[list[RecheckBody], Field(max_length=500)] = Field(default_factory=list)
    state: State | None = None
    next_due: Day | None = None


@router.post("/inspections", status_code=201)
def inspect(
    session: DbSession, viewer: Inspecting, site: TheSite, now: Now, language: Language, body: InspectionBody
) -> dict[str, Any]:
    """Send a filled form: what has failed becomes an issue, already routed; the same form again is the same one."""
    lon, lat = in_wgs84(body.lon, body.lat, body.datum)
    said = {name: getattr(body, name) for name in (
        "uid", "subject", "at", "answers", "notes", "kind", "building", "facility", "joint_with", "round", "note",
        "state", "next_due",
    )}  # fmt: skip
    given = InspectionGiven(
        **said, lon=lon, lat=lat, account_id=viewer.account_id, person_id=viewer.person_id, person=viewer.person,
        rechecks={each.failure: each.passed for each in body.rechecks}, language=language,
        within=patrols.area_codes(session, viewer),
    )  # fmt: skip
    done = inspections.inspect(session, site, given, now)
    return {**_read(session, viewer, done.number), "before": done.before}


def _read(session: DbSession, viewer: Viewer, number: int) -> dict[str, Any]:
    found = stored.inspection_by_number(session, viewer, number)
    if found is None:
        raise NotFoundError(f"there is no inspection {number} here")
    return dict(found)


@router.get("/inspections")
def list_inspections(
    session: DbSession,
    viewer: OfInspections,
    site: TheSite,
    now: Now,
    since: Annotated[MomentAsked | None, Query()] = None,
    until: Annotated[MomentAsked | None, Query()] = None,
    building: Annotated[Code | None, Query()] = None,
    subject: Annotated[int | None, Query(ge=1, le=15)] = None,
    limit: Annotated[int, Query(ge=1, le=stored.MOST_LISTED)] = 100,
) -> list[dict[str, Any]]:
    """The newest inspections on one's ground, and one's own; a month's, unless said."""
    first, last = span_of(since, until, now + timedelta(minutes=5), timedelta(days=30))
    return stored.inspection_list(session, viewer, site.id, first, last, building, subject, limit)


@router.get("/inspections/{number}")
def read_inspection(session: DbSession, viewer: OfInspections, number: Number) -> dict[str, Any]:
    """One filled form with its answers and the issues of what has failed."""
    return _read(session, viewer, number)


@router.get("/failures")
def list_failures(
    session: DbSession,
    viewer: OfInspections,
    site: TheSite,
    language: Language,
    building: Annotated[Code | None, Query()] = None,
) -> list[dict[str, Any]]:
    """What has failed on one's ground and no joint check has accepted since, the oldest first."""
    own = stored.own_items(session, site.id)
    texts = {(item.subject, item.code): item.text for number in SUBJECTS for item in form_of(number, own).values()}
    return [
        _failure(row._asdict(), texts, language)
        for row in stored.open_failures(session, site.id, viewer=viewer)
        if building in (None, row.building)
    ]


def _failure(row: Mapping[str, Any], texts: Mapping[tuple[int, str], Phrase], language: str) -> dict[str, Any]:
    text = texts.get((row["subject"], row["item"]))
    return {
        "failure": row["id"], "subject": row["subject"], "subject_name": SUBJECTS[row["subject"]].say(language),
        "item": row["item"], "text": text.say(language) if text else row["item"], "value": row["value"],
        "note": row["note"], "at": row["at"], "grid": row["grid_code"], "building": row["building"],
        "facility": row["facility"], "issue": row["issue"], "status": row["status"], "rechecks": row["rechecks"],
    }  # fmt: skip


# ---------------------------------------------------------------- sweeps


class SweepBody(Body):
    """A sweep over all buildings of some grids."""

    code: Code
    name: Line
    starts: Moment
    ends: Moment
    grids: Annotated[list[Code], Field(min_length=1, max_length=500)] | None = None
    subject: Subject | None = None


class LookBody(Body):
    """How a building of a sweep stands."""

    state: SweepState
    at: Moment | None = None
    note: Words | None = None


@router.get("/sweeps")
def list_sweeps(session: DbSession, viewer: OfInspections, site: TheSite, now: Now) -> list[dict[str, Any]]:
    """The sweeps, and how far each has come on one's ground."""
    return stored_sweeps.sweep_list(session, viewer, site.id, now)


@router.post("/sweeps", status_code=201)
def begin_sweep(session: DbSession, viewer: Scheduling, site: TheSite, now: Now, body: SweepBody) -> dict[str, Any]:
    """Begin a sweep, or change it by its code: what was looked at stays."""
    area, known = patrols.area_codes(session, viewer), stored_sweeps.sweep_by_code(session, site.id, body.code)
    for grids in (body.grids, known.grids if known is not None else body.grids):
        if area is not None and (grids is None or not set(grids) <= area):
            raise FieldError("grids", "sweep grids of your own: name them")
    sweeps.begin(
        session, site, body.code, body.name, body.starts, body.ends, now, grids=body.grids, subject=body.subject,
        account_id=viewer.account_id,
    )  # fmt: skip
    return {"code": body.code}


@router.get("/sweeps/{code}")
def read_sweep(
    session: DbSession, viewer: OfInspections, site: TheSite, now: Now, code: Annotated[Code, Path()]
) -> dict[str, Any]:
    """How each building of a sweep stands, as GeoJSON: coverage building by building."""
    found = stored_sweeps.building_list(session, viewer, site.id, code, now)
    if not found:
        raise NotFoundError(f"there is no sweep {code} here")
    features = [
        {"type": "Feature", "id": each["code"], "geometry": each.pop("geometry"), "properties": each} for each in found
    ]
    return {"type": "FeatureCollection", "features": features}


@router.post("/sweeps/{code}/buildings/{building}", status_code=204)
def look_at(
    session: DbSession,
    viewer: Inspecting,
    site: TheSite,
    now: Now,
    code: Annotated[Code, Path()],
    building: Annotated[Code, Path()],
    body: LookBody,
) -> None:
    """Say how a building of a sweep stands."""
    seen = {each["code"] for each in stored_sweeps.building_list(session, viewer, site.id, code, now)}
    if building not in seen:
        raise NotFoundError(f"{building} is no building of a sweep {code} here")
    sweeps.look_at(
        session, site, code, building, body.state, body.at or now, now, person_id=viewer.person_id, note=body.note
    )
