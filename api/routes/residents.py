"""What residents do without an account: report something, be told at once whose it is and by when, add a photo."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, File, Query, Request, Response, UploadFile
from fastapi import Path as InPath
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse
from pydantic import Field, StringConstraints
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile as Upload

from api import sessions, tickets
from api.dependencies import DbSession, Language, Now, body_as, known_of, office_of, remembering
from api.pages import report as paper
from api.routes.following import Token
from api.routes.photos import drawing
from api.routes.reports import body_of
from api.schemas import Body, Code, Datum, Latitude, Line, Longitude, Metres, Phone, Words
from gridmap.domain.model import Site
from gridmap.errors import FieldError, NotFoundError
from gridmap.operations import follow_ups, photos, residents
from gridmap.operations.intake import Report
from gridmap.operations.residents import Asked, Contact, Found
from gridmap.spatial.coordinates import to_wgs84
from gridmap.spatial.files.photos import Photo
from gridmap.storage import places
from gridmap.storage import residents as stored

router = APIRouter(tags=["residents"])
STATIC: Final = Path(__file__).parent.parent / "static"
MOST_PHOTOS: Final = 3
PART_BYTES: Final = 20_000
# The outline of a site moves with its plan: it is asked for again after a while, and answered from the tag.
KEPT: Final = "public, max-age=300"
Uid = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]


class ResidentBody(Body):
    """What somebody without an account has seen; `uid` is his phone's own number of it, so that it may come twice."""

    uid: Uid
    ticket: Annotated[str, StringConstraints(max_length=200)]
    site: Code
    lon: Longitude
    lat: Latitude
    datum: Datum = "wgs84"
    accuracy_m: Metres | None = None
    category: Code
    text: Words | None = None
    level: Annotated[Code, Field(max_length=20)] | None = None
    facility: Code | None = None
    name: Line | None = None
    phone: Phone | None = None
    code: Line | None = None
    same_as: Annotated[str | None, StringConstraints(max_length=40)] = None
    # People do not see this field, and leave it empty.
    website: Annotated[str, StringConstraints(max_length=200)] = ""


# ---------------------------------------------------------------- the page, and what it asks


@router.get("/report", response_class=HTMLResponse, include_in_schema=False)
def show_report(
    request: Request,
    session: DbSession,
    now: Now,
    language: Language,
    g: Annotated[Code | None, Query()] = None,
    f: Annotated[Code | None, Query()] = None,
    site: Annotated[Code | None, Query()] = None,
    datum: Annotated[Datum, Query()] = "wgs84",
) -> HTMLResponse:
    """The page on which anybody reports what he sees; a plate's code says where."""
    found = [each for each in stored.sites(session) if site in (None, each.code)]
    plates = residents.plate(session, g or f or "", now, site) if g or f else []
    named = {each["site"] for each in plates}
    fitting = [each for each in found if not named or each.code in named]
    ticket = tickets.issued(office_of(request).secret, time.time())
    if len(fitting) != 1:
        return paper.which_site(fitting, language, {"g": g, "f": f, "datum": datum})
    there = {
        "plate": plates[0] if plates else None,
        "unknown": (g or f) if not plates else None,
        "datum": datum,
        "asked": {"g": g, "f": f, "site": site, "datum": None if datum == "wgs84" else datum},
    }
    return remembering(request, paper.report_page(session, fitting[0], language, ticket, there), language)


@router.get("/r/{code}", include_in_schema=False)
def short(
    session: DbSession, now: Now, code: Annotated[Code, InPath()], site: Annotated[Code | None, Query()] = None
) -> RedirectResponse:
    """The address on a plate: short, so that its picture stays coarse."""
    found = residents.plate(session, code, now, site)
    kind = "f" if found and found[0]["kind"] == "facility" else "g"
    said = {kind: code, **({"site": site} if site else {})}
    return RedirectResponse(f"/report?{urlencode(said)}", 303)


@router.get("/report/worker.js", response_class=FileResponse, include_in_schema=False)
def worker() -> FileResponse:
    """The script that opens the page without a network; it may see to /report alone."""
    # What it may fetch is said by its own headers, not by those of the page.
    policy = "default-src 'none'; connect-src 'self'"
    headers = {"Service-Worker-Allowed": "/report", "Cache-Control": "no-cache", "Content-Security-Policy": policy}
    return FileResponse(STATIC / "worker.js", media_type="text/javascript", headers=headers)


@router.get("/report/ticket")
def new_ticket(request: Request) -> JSONResponse:
    """A ticket for a form that has lain open, or waited for a network."""
    office = office_of(request)
    office.limits.count("look", sessions.address_of(request), *sessions.LOOKS)
    return JSONResponse({"ticket": tickets.issued(office.secret, time.time())}, headers={"Cache-Control": "no-store"})


@router.get("/report/here")
def look_here(
    request: Request,
    response: Response,
    session: DbSession,
    now: Now,
    language: Language,
    lon: Annotated[Longitude, Query()],
    lat: Annotated[Latitude, Query()],
    datum: Annotated[Datum, Query()] = "wgs84",
    site: Annotated[Code | None, Query()] = None,
    category: Annotated[Code | None, Query()] = None,
    level: Annotated[Code | None, Query()] = None,
    facility: Annotated[Code | None, Query()] = None,
    accuracy_m: Annotated[Metres | None, Query()] = None,
) -> dict[str, Any]:
    """What is at a place: its grid, who is responsible and by when, and what others have reported of the kind."""
    office = office_of(request)
    office.limits.count("look", sessions.address_of(request), *sessions.LOOKS)
    response.headers["Cache-Control"] = "no-store"
    lon, lat = _wgs84(lon, lat, datum)
    asked = Asked(lon, lat, site, category, level, facility, accuracy_m)
    found = residents.look(session, known_of(request, session), asked, now)
    return residents.told(found, asked, office.secret, language)


@router.get("/report/outline", response_class=Response, responses={200: {"content": {"application/json": {}}}})
def read_outline(request: Request, session: DbSession, now: Now, site: Annotated[Code, Query()]) -> Response:
    """The shapes of a site's grids and buildings, for a small map: they name nobody."""
    where = residents.site_of(session, site)
    edition = places.edition_in_force(session, where.id, now)
    tag = f'"{blake2b(f"{places.revision(session)} {edition and edition.id}".encode(), digest_size=12).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": KEPT}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(residents.outline(session, where, now), headers=headers, media_type="application/json")


def _wgs84(lon: float, lat: float, datum: str) -> tuple[float, float]:
    if datum == "wgs84":
        return lon, lat
    lons, lats = to_wgs84([lon], [lat], datum)
    return float(lons[0]), float(lats[0])


# ---------------------------------------------------------------- what is sent


@router.post("/report", status_code=201, response_class=JSONResponse, openapi_extra=body_of(ResidentBody))
async def report(request: Request, language: Language) -> Response:
    """Report something without an account: as JSON, or as a form of it with up to three photos."""
    said, pictures = await _read(request)
    report, drawn = await run_in_threadpool(_admitted, request, said, pictures, language)
    if said.same_as is not None:
        answer = await run_in_threadpool(_joined, request, said, drawn, language)
        return JSONResponse(answer, 201)
    outcome = await office_of(request).gathering.take(report)
    if outcome.error is not None:
        raise outcome.error
    taken = json.loads(outcome.answer)
    return JSONResponse(await run_in_threadpool(_taken, request, said, drawn, taken, report.account_id, language), 201)


async def _read(request: Request) -> tuple[ResidentBody, list[bytes]]:
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return body_as(ResidentBody, request, await request.body()), []
    async with request.form(max_files=MOST_PHOTOS, max_fields=1, max_part_size=PART_BYTES) as form:
        written = form.get("report")
        if not isinstance(written, str):
            raise FieldError("report", "say it in a part of the form that is called report, as JSON")
        files = [part for part in form.getlist("photo") if isinstance(part, Upload)]
        return ResidentBody.model_validate_json(written), [await file.read() for file in files]


def _admitted(
    request: Request, said: ResidentBody, pictures: Sequence[bytes], language: str
) -> tuple[Report, list[Photo]]:
    """The report as it is taken, after everything that a flood of them would not pass."""
    office, address = office_of(request), sessions.address_of(request)
    if said.website:
        raise FieldError("website", "leave this field empty")
    tickets.check(office.secret, said.ticket, time.time())
    office.limits.count("form", said.ticket, *sessions.FORM)
    office.limits.count("report", address, *sessions.FROM_ADDRESS)
    with office.database.session() as session:
        site = residents.site_of(session, said.site)
        office.limits.count("code", address, *(sessions.CODES if site.report_code else ()))
        if not residents.right_code(site, said.code):
            raise FieldError("code", "this is not the code: it stands on the plates, or ask the front desk")
        _refuse_elsewhere(request, session, said, site)
        office.limits.count("site", site.code, *sessions.TO_SITE)
        account, zone = residents.account_of(session, site, office.clock()), site.timezone
    drawn = []
    for content in pictures:
        with drawing():
            drawn.append(photos.drawn(content, zone))
    return _report_of(said, account, language), drawn


def _refuse_elsewhere(request: Request, session: Session, said: ResidentBody, site: Site) -> None:
    """What is beyond the ground of the site has its own channel; what says nothing at all, none."""
    found = residents.look(session, known_of(request, session), _asked(said), office_of(request).clock())
    if not found.ours or found.site is None or found.site.code != site.code:
        raise FieldError("lon", "this place is not ours: the city hotline 12345 knows whose it is")
    if said.category == "other" and not said.text:
        raise FieldError("text", "say in words what it is")


def _asked(said: ResidentBody) -> Asked:
    lon, lat = _wgs84(said.lon, said.lat, said.datum)
    return Asked(lon, lat, said.site, said.category, said.level, said.facility, said.accuracy_m)


def _report_of(said: ResidentBody, account: int, language: str) -> Report:
    words = said.model_dump(mode="json", exclude={"ticket", "website", "code"})
    return Report(
        **{name: getattr(_asked(said), name) for name in ("lon", "lat", "site", "level", "facility", "accuracy_m")},
        account_id=account,
        source=residents.SOURCE,
        category=said.category,
        text=said.text,
        reporter_name=said.name,
        reporter_phone=said.phone,
        key=said.uid,
        digest=blake2b(json.dumps(words, sort_keys=True).encode(), digest_size=16).digest(),
        language=language,
        named=False,
        unverified=True,
    )


def _taken(
    request: Request, said: ResidentBody, drawn: Sequence[Photo], taken: dict[str, Any], account: int, language: str
) -> dict[str, Any]:
    """What is told of a report that is stored: whose it is, by when, and the link to follow it."""
    office, now = office_of(request), office_of(request).clock()
    token = residents.token_of(said.site, said.uid, office.secret)
    with office.database.session() as session:
        found = residents.look(session, known_of(request, session), _asked(said), now)
        residents.link(session, taken["code"], token, office.secret, now)
        residents.put_photos(session, taken["code"], account, drawn, now)
    return {**_answer(request, said, found, token, language), "code": taken["code"], "due": taken["deadlines"]}


def _joined(request: Request, said: ResidentBody, drawn: Sequence[Photo], language: str) -> dict[str, Any]:
    office, now = office_of(request), office_of(request).clock()
    token = residents.token_of(said.site, said.uid, office.secret)
    contact = Contact(said.text, said.name, said.phone)
    with office.database.session() as session:
        code, found = residents.join(
            session, known_of(request, session), _asked(said), said.same_as or "", contact, token, office.secret, now
        )
        residents.put_photos(session, code, None, drawn, now)
    return {**_answer(request, said, found, token, language), "code": None}


def _answer(request: Request, said: ResidentBody, found: Found, token: str, language: str) -> dict[str, Any]:
    told = residents.told(found, _asked(said), office_of(request).secret, language)
    return {**told, "twins": [], "follow": f"/follow/{token}"}


@router.post("/follow/{token}/photos", status_code=201, include_in_schema=False)
def add_photo(
    request: Request,
    session: DbSession,
    now: Now,
    token: Token,
    file: Annotated[UploadFile, File(description="JPEG, PNG or WebP, at most 10 MB.")],
    back: Annotated[Literal["page"] | None, Query()] = None,
) -> Response:
    """One more photo by whoever has the link; a form of the page is sent back there."""
    office = office_of(request)
    office.limits.count("report", sessions.address_of(request), *sessions.FROM_ADDRESS)
    found = follow_ups.follow(session, token, office.secret, now)
    if found["closed_at"] is not None:
        raise NotFoundError("it is closed: report it anew if it is there again")
    content = file.file.read()
    with drawing():
        photos.put_by_link(session, found["code"], content, now)
    return RedirectResponse(f"/follow/{token}", 303) if back else JSONResponse({"done": True}, 201)
