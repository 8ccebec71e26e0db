"""Coming in and going out: the page, the link that works once, the token for programs, and who one is."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from fastapi.security import OAuth2PasswordRequestForm
from pydantic import BaseModel, StringConstraints
from starlette.concurrency import run_in_threadpool

from api import sessions
from api.dependencies import Language, Viewing, body_as, office_of
from api.pages.sign_in import ELSEWHERE, LINK_ENDED, TOO_MANY, WRONG, link_page, sign_in_page
from api.schemas import Body
from gridmap.domain.rights import RIGHTS
from gridmap.errors import ForbiddenError, NotSignedInError, TooManyError
from gridmap.operations import accounts
from gridmap.operations.accounts import SignedIn
from gridmap.storage.accounts import SignInKind

router = APIRouter(tags=["accounts"])

FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
# A path of this address: two slashes, or a backslash, would begin another.
OWN_PATH: Final = re.compile(r"/(?:[A-Za-z0-9._~?=&%-][A-Za-z0-9._~?=&%/-]*)?")
NOT_KEPT: Final = {"Cache-Control": "no-store"}


class SignInBody(Body):
    """A name and its password."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    password: Annotated[str, StringConstraints(min_length=1, max_length=256)]


class SignedInView(BaseModel):
    """Who has come in."""

    name: str
    role: str


class TokenView(BaseModel):
    """A token for a while, as OAuth 2 names its parts."""

    access_token: str
    token_type: str
    expires_in: int


class MeView(BaseModel):
    """Who asks, and what he may do: `rights` says how far each right of his reaches."""

    name: str
    role: str
    site: str | None
    grids: list[str] | None
    person: str | None
    rights: dict[str, str]


# ---------------------------------------------------------------- by password


@router.get("/sign-in", response_class=HTMLResponse)
def show_sign_in(language: Language, onward: Annotated[str, Query(alias="next", max_length=200)] = "") -> HTMLResponse:
    """The page where people sign in; `next` says where they were going."""
    return sign_in_page(language, onward=_own(onward))


def _own(path: str) -> str:
    """A path of ours to go on to: nobody is sent elsewhere by a link that leads here."""
    return path if OWN_PATH.fullmatch(path) else ""


def _either_body() -> dict[str, Any]:
    schema = SignInBody.model_json_schema()
    return {"requestBody": {"required": True, "content": {kind: {"schema": schema} for kind in (
        "application/json", FORMS[0],
    )}}}  # fmt: skip


@router.post(
    "/sign-in",
    response_model=SignedInView,
    openapi_extra=_either_body(),
    responses={
        303: {"description": "The form of the page was right: on to the map"},
        401: {"description": "Name or password is wrong, or the account is locked"},
        403: {"description": "The form was sent from a page of another address"},
        429: {"description": "Too many attempts from one address"},
    },
)
async def sign_in(request: Request, language: Language) -> Response:
    """Sign in: by the page's form, or by JSON; the answer sets the cookie."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in FORMS:
        given = body_as(SignInBody, request, await request.body())
        signed = await run_in_threadpool(_by_password, request, given.name, given.password)
        answer: Response = JSONResponse({"name": signed.viewer.name, "role": signed.viewer.role}, headers=NOT_KEPT)
        sessions.set_cookie(request, answer, signed.token)
        return answer
    async with request.form(max_files=0, max_fields=8) as form:
        name, password, onward = (str(form.get(field, "")) for field in ("name", "password", "next"))
    return await run_in_threadpool(_answer_form, request, language, name, password, _own(onward))


def _answer_form(request: Request, language: str, name: str, password: str, onward: str) -> Response:
    """On to where they were going, or the page again with a sentence."""
    try:
        signed = _by_password(request, name, password)
    except NotSignedInError:
        return sign_in_page(language, WRONG, name, 401, onward)
    except ForbiddenError:
        return sign_in_page(language, ELSEWHERE, name, 403, onward)
    except TooManyError as error:
        return _too_many(language, name, error, onward)
    return _on(request, signed, onward)


def _too_many(language: str, name: str, error: TooManyError, onward: str = "") -> HTMLResponse:
    answer = sign_in_page(language, TOO_MANY, name, 429, onward)
    answer.headers["Retry-After"] = str(error.retry_after_s)
    return answer


def _by_password(request: Request, name: str, password: str, kind: SignInKind = "cookie") -> SignedIn:
    sessions.check_origin(request, required=False)
    office = office_of(request)
    with office.limits.trying(sessions.address_of(request)), office.database.session() as session:
        signed = accounts.sign_in(session, office.secret, name, password, office.clock(), kind)
    # A failure is committed by now.
    if signed is None:
        raise NotSignedInError(WRONG.say("en"))
    return signed


def _on(request: Request, signed: SignedIn, onward: str = "") -> Response:
    answer = RedirectResponse(onward or "/map", 303, NOT_KEPT)
    sessions.set_cookie(request, answer, signed.token)
    return answer


@router.post(
    "/token",
    response_model=TokenView,
    responses={401: {"description": "Name or password is wrong, or the account is locked"}},
)
def get_token(
    request: Request, response: Response, form: Annotated[OAuth2PasswordRequestForm, Depends()]
) -> dict[str, Any]:
    """A token for a quarter of an hour, sent as `Authorization: Bearer`: what the page of the API asks for."""
    signed = _by_password(request, form.username, form.password, "token")
    response.headers.update(NOT_KEPT)
    lasts = int(accounts.TOKEN_LASTS.total_seconds())
    return {"access_token": signed.token, "token_type": "bearer", "expires_in": lasts}


# ---------------------------------------------------------------- by a link


@router.get("/sign-in/link/{token}", response_class=HTMLResponse)
def show_link(token: str, language: Language) -> HTMLResponse:  # noqa: ARG001 (it is used by the form's POST)
    """The page of a one-time link: looking at it uses nothing up."""
    return link_page(language)


@router.post(
    "/sign-in/link/{token}",
    response_class=HTMLResponse,
    status_code=303,
    responses={
        401: {"description": "The link has been used, or has ended"},
        403: {"description": "The form was sent from a page of another address"},
        429: {"description": "Too many attempts from one address"},
    },
)
def sign_in_by_link(request: Request, token: str, language: Language) -> Response:
    """Sign in by a one-time link."""
    office = office_of(request)
    try:
        sessions.check_origin(request, required=False)
        with office.limits.trying(sessions.address_of(request)), office.database.session() as session:
            signed = accounts.use_link(session, office.secret, token, office.clock())
    except ForbiddenError:
        return sign_in_page(language, ELSEWHERE, status=403)
    except TooManyError as error:
        return _too_many(language, "", error)
    return sign_in_page(language, LINK_ENDED, status=401) if signed is None else _on(request, signed)


# ---------------------------------------------------------------- going out, and who one is


@router.post(
    "/sign-out", status_code=204, responses={303: {"description": "A browser is shown the page where people sign in"}}
)
def sign_out(request: Request) -> Response:
    """End the cookie or the token one came by; whoever has neither is out already."""
    credential = sessions.credential_of(request)
    if credential is not None and credential.kind == "cookie":
        sessions.check_origin(request)
    if credential is not None and credential.kind != "key":
        office = office_of(request)
        with office.database.session() as session:
            accounts.sign_out(session, office.secret, credential.value, office.clock())
        office.limits.recent.forget()
    by_page = "text/html" in request.headers.get("accept", "")
    answer = RedirectResponse("/sign-in", 303) if by_page else Response(status_code=204)
    sessions.drop_cookie(request, answer)
    return answer


@router.get("/me", response_model=MeView)
def who_am_i(viewer: Viewing) -> dict[str, Any]:
    """Who one is, the part of the tree that is one's own, and what one may do there."""
    return {
        "name": viewer.name,
        "role": viewer.role,
        "site": viewer.site,
        "grids": None if viewer.grids is None else list(viewer.grids),
        "person": viewer.person,
        "rights": {right: reach for right in RIGHTS if (reach := viewer.reach(right))},
    }
