"""What endpoints ask for, as nouns: who is asking, a session, the moment, the language."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from typing import Annotated, TypeVar

from babel.core import negotiate_locale
from fastapi import Depends, Query, Request, Response, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute
from pydantic import BaseModel
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from api import sessions
from api.office import Office
from api.schemas import Code
from gridmap.domain.model import Site
from gridmap.domain.rights import Viewer
from gridmap.errors import FieldError, ForbiddenError, NotFoundError
from gridmap.language import DEFAULT, LANGUAGES
from gridmap.operations.known import Known
from gridmap.storage import places

# Parameters that every address understands.
ANYWHERE = {"lang"}
# What browsers call the languages we speak.
BROWSER_NAMES = {
    "zh-cn": "zh-Hans", "zh-sg": "zh-Hans", "zh-hans": "zh-Hans", "zh": "zh-Hans",
    "zh-tw": "zh-Hant", "zh-hk": "zh-Hant", "zh-mo": "zh-Hant", "zh-hant": "zh-Hant", "en": "en",
}  # fmt: skip


YEAR_S = 365 * 24 * 3600
Shown = TypeVar("Shown", bound=Response)
Shape = TypeVar("Shape", bound=BaseModel)


def office_of(request: Request) -> Office:
    office: Office = request.app.state.office
    return office


def session_of(request: Request) -> Iterator[Session]:
    """One transaction a request, committed before the answer is sent."""
    with office_of(request).database.session() as session:
        yield session


async def refuse_unknown_parameters(request: Request) -> None:
    """A parameter that is misspelt is refused: without it, the answer would be to another question."""
    route = request.scope.get("route")
    if not request.query_params or not isinstance(route, APIRoute):
        return
    unknown = set(request.query_params) - _parameters(route) - ANYWHERE
    if unknown:
        name = min(unknown)
        raise FieldError(name, "there is no such parameter: /docs lists them")


# The parameters of each endpoint, found when it is first asked with any.
_FOUND: dict[object, frozenset[str]] = {}


def _parameters(route: APIRoute) -> frozenset[str]:
    found = _FOUND.get(route.endpoint)
    if found is None:
        asked = get_flat_params(route.dependant)
        found = frozenset(field.alias for field in asked if isinstance(field.field_info, params.Query))
        _FOUND[route.endpoint] = found
    return found


# What waits for nothing is asynchronous: a function that is not would be sent to a thread of its own.
async def moment_of(request: Request) -> datetime:
    return office_of(request).clock()


async def language_of(request: Request) -> str:
    """The language that is asked for by `lang`, by the page's cookie, or by the browser."""
    for wanted in (request.query_params.get("lang"), request.cookies.get("gridmap_language")):
        if wanted in LANGUAGES:
            return wanted
    accepted = [part.split(";")[0].strip() for part in request.headers.get("accept-language", "").split(",")]
    found = negotiate_locale([name for name in accepted if name.isascii()], list(BROWSER_NAMES), sep="-")
    if found is None:
        found = next((name[:2].lower() for name in accepted if name[:2].lower() in BROWSER_NAMES), "")
    return BROWSER_NAMES.get(found.lower(), DEFAULT)


def remembering(request: Request, answer: Shown, language: str) -> Shown:
    """A page whose language was chosen on it: the browser is asked for no other from then on."""
    if request.query_params.get("lang") in LANGUAGES:
        answer.set_cookie("gridmap_language", language, max_age=YEAR_S, samesite="lax")
    return answer


def allow(viewer: Viewer, right: str) -> Viewer:
    """The viewer, if his role has a right at all."""
    if viewer.reach(right) is None:
        raise ForbiddenError(f"the role {viewer.role} may not do this: it lacks the right {right!r}")
    return viewer


def with_right(right: str) -> Callable[[Viewer], Awaitable[Viewer]]:
    async def allowed(viewer: Viewing) -> Viewer:
        return allow(viewer, right)

    return allowed


async def reporting(request: Request) -> Viewer:
    """Who reports: known within the process, or looked up without keeping others waiting."""
    viewer = sessions.known_viewer(request)
    if viewer is None:
        viewer = await run_in_threadpool(sessions.viewer_of_request, request)
    return allow(viewer, "report")


Viewing = Annotated[Viewer, Depends(sessions.viewer_of_request)]
Reporting = Annotated[Viewer, Depends(reporting)]
OfIssues = Annotated[Viewer, Depends(with_right("issues"))]
Dispatching = Annotated[Viewer, Depends(with_right("dispatch"))]
OfReporters = Annotated[Viewer, Depends(with_right("reporters"))]
OfPlan = Annotated[Viewer, Depends(with_right("plan"))]
OfPeople = Annotated[Viewer, Depends(with_right("people"))]
# With this scope the commit comes before the answer, so that a commit that fails is not answered as done.
DbSession = Annotated[Session, Depends(session_of, scope="function")]
Now = Annotated[datetime, Depends(moment_of)]
Language = Annotated[str, Depends(language_of)]
SiteAsked = Annotated[Code | None, Query(alias="site", description="The site, for accounts that see several.")]


def known_of(request: Request, session: Session) -> Known:
    """What the process knows of plans, as far as it still holds."""
    office = office_of(request)
    office.known = office.known.current(session)
    return office.known


def site_for(viewer: Viewer, asked: str | None) -> str | None:
    """The code of the site that is meant: one's own, or any for those who see all."""
    if viewer.site is not None and asked not in (None, viewer.site):
        raise NotFoundError(f"there is no site {asked} here")
    return viewer.site or asked


def site_of(session: DbSession, viewer: Viewing, asked: SiteAsked = None) -> Site:
    """The site that is meant; it must be named by those who see several."""
    code = site_for(viewer, asked)
    try:
        return places.site(session, code)
    except NotFoundError:
        if code is None:
            raise FieldError("site", "there are several sites, or none: name one by site=…") from None
        raise NotFoundError(f"there is no site {code} here") from None


def site_if_asked(session: DbSession, viewer: Viewing, asked: SiteAsked = None) -> Site | None:
    """The site that is meant, or None for all that one sees."""
    return None if viewer.site is None and asked is None else site_of(session, viewer, asked)


TheSite = Annotated[Site, Depends(site_of)]
SiteOrAll = Annotated[Site | None, Depends(site_if_asked)]


def body_as(shape: type[Shape], request: Request, body: bytes) -> Shape:
    """A body as JSON of a shape."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise FieldError("Content-Type", "send the body as application/json")
    return shape.model_validate_json(body)
