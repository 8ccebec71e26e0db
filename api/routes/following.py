"""What residents follow without an account, and what sensors say."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import Field

from api.dependencies import DbSession, Language, Now, OfReporters, Reporting, TheSite, known_of, office_of
from api.pages import follow as paper
from api.schemas import Body, Code, Datum, Latitude, Line, Longitude, Urgency, Words
from gridmap.errors import ForbiddenError, NotFoundError
from gridmap.operations import alarms, follow_ups
from gridmap.spatial.coordinates import to_wgs84
from gridmap.storage import views

router = APIRouter(tags=["issues"])
Token = Annotated[str, Path(min_length=10, max_length=100)]


@router.post("/issues/{code}/link", status_code=201)
def new_link(
    request: Request, session: DbSession, viewer: OfReporters, now: Now, code: Annotated[Code, Path()]
) -> dict[str, str]:
    """A link by which whoever reported an issue follows it and answers; it is told this once."""
    if not views.codes_seen(session, viewer, [code]):
        raise NotFoundError(f"there is no issue {code} here")
    token = follow_ups.new_link(session, code, office_of(request).secret, now)
    return {"path": f"/follow/{token}", "url": f"{str(request.base_url).rstrip('/')}/follow/{token}"}


@router.get("/follow/{token}", response_class=Response, include_in_schema=False)
def follow(request: Request, session: DbSession, now: Now, language: Language, token: Token) -> HTMLResponse:
    """How an issue stands, for whoever has its link."""
    try:
        found = follow_ups.follow(session, token, office_of(request).secret, now)
    except NotFoundError:
        return paper.unknown(language)
    return paper.followed(found, token, language)


@router.post("/follow/{token}", response_class=Response, include_in_schema=False)
def answer(
    request: Request,
    session: DbSession,
    now: Now,
    token: Token,
    satisfaction: Annotated[Literal["1", "2", "3", "4", "5"], Form()],
    words: Annotated[str, Form(max_length=2000)] = "",
) -> RedirectResponse:
    """What the reporter says; who is dissatisfied reopens it."""
    said = paper.sound(words)
    secret = office_of(request).secret
    follow_ups.answer(session, token, secret, now, int(satisfaction), said, known_of(request, session))
    return RedirectResponse(f"/follow/{token}", 303)


class SignalBody(Body):
    """What a sensor or a camera says of a facility or a place."""

    sensor: Code
    state: Literal["alarm", "recovered"]
    category: Code = "alarm_system"
    facility: Code | None = None
    lon: Longitude | None = None
    lat: Latitude | None = None
    datum: Datum = "wgs84"
    text: Words | None = None
    level: Line | None = Field(default=None, max_length=20)
    urgency: Urgency | None = None


@router.post("/alarms")
def hear(
    request: Request, session: DbSession, viewer: Reporting, site: TheSite, now: Now, body: SignalBody
) -> dict[str, Any]:
    """One alarm of a sensor is one issue, until it says that it has recovered."""
    if viewer.role == "resident":
        raise ForbiddenError("residents report what they see: POST /issues")
    spot = None
    if body.lon is not None and body.lat is not None:
        lons, lats = to_wgs84([body.lon], [body.lat], body.datum)
        spot = float(lons[0]), float(lats[0])
    said = body.model_dump(exclude={"lon", "lat", "datum"})
    signal = alarms.Signal(account_id=viewer.account_id, spot=spot, **said)
    heard = alarms.hear(session, site, signal, now, known_of(request, session))
    return {"issue": heard.issue, "new": heard.new, "times": heard.times}
