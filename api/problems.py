"""What goes wrong, as problem+json: one table from errors to answers."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from gridmap.errors import (
    ConflictError,
    FieldError,
    ForbiddenError,
    GridmapError,
    MoveRefusedError,
    NotFoundError,
    NotSignedInError,
    RefusedError,
    StoreError,
    TooManyError,
)

LOG = logging.getLogger("gridmap.api")

# error: status and name of the problem; the first that fits holds
PROBLEMS: tuple[tuple[type[Exception], int, str], ...] = (
    (NotSignedInError, 401, "not-signed-in"),
    (ForbiddenError, 403, "forbidden"),
    (NotFoundError, 404, "not-found"),
    (ConflictError, 409, "conflict"),
    (RefusedError, 409, "refused"),
    (FieldError, 422, "invalid"),
    (TooManyError, 429, "too-many"),
    (StoreError, 503, "store"),
    (GridmapError, 422, "invalid"),
    (IntegrityError, 409, "conflict"),
    (OperationalError, 503, "store"),
    (PoolTimeoutError, 503, "store"),
)
# What pydantic puts before what a check of our own has said.
OURS_SAID = "Value error, "
UNSAID = {
    IntegrityError: "somebody else was first: look again, then try again",
    OperationalError: "the database does not answer just now: try again",
    PoolTimeoutError: "too many requests wait for the database: try again",
}


_TEXT = {"type": "string"}
_FIELD = {"type": "object", "required": ["field", "message"], "properties": {"field": _TEXT, "message": _TEXT}}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "errors": {"type": "array", "items": _FIELD, "description": "What is wrong, field by field."},
        "allowed": {"type": "array", "items": _TEXT, "description": "What may be done to the issue as it is."},
        "version": {"type": "integer", "description": "The version of the issue as it is."},
        "issue": {"type": ["object", "null"], "description": "The issue as it is."},
    },
}
_AS_PROBLEM = {"application/problem+json": {"schema": _PROBLEM}}
# For the description of the API: what any endpoint may answer instead of what was asked for.
RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "What is wrong with the request", "content": _AS_PROBLEM},
    503: {"description": "The database does not answer", "content": _AS_PROBLEM},
}


class Problem(JSONResponse):
    """An answer that says what is wrong."""

    media_type = "application/problem+json"

    def __init__(
        self,
        status: int,
        name: str,
        detail: str,
        fields: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        body: dict[str, Any] = {
            "type": f"urn:gridmap:problem:{name}",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": _sound(detail),
            **(more or {}),
        }
        if fields:
            body["errors"] = [{key: _sound(value) for key, value in field.items()} for field in fields]
        super().__init__(body, status, headers=dict(headers or {}))


def _sound(text: str) -> str:
    """Text that can be sent, whatever somebody put into it."""
    return text.encode("utf-8", "replace").decode()


def problem_of(error: Exception) -> Problem:
    """The answer to an error of the table."""
    status, name = next(((status, name) for kind, status, name in PROBLEMS if isinstance(error, kind)), (500, "fault"))
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooManyError):
        headers["Retry-After"] = str(error.retry_after_s)
    elif status == 503:
        headers["Retry-After"] = "2"
    detail = next((said for kind, said in UNSAID.items() if isinstance(error, kind)), None) or str(error)
    fields = [{"field": error.field, "message": str(error)}] if isinstance(error, FieldError) else ()
    more = {}
    if isinstance(error, MoveRefusedError):
        more = {"allowed": list(error.allowed), "version": error.version, "issue": error.view}
    return Problem(status, name, detail, fields, headers, more)


def fields_of(errors: Sequence[Any]) -> list[dict[str, str]]:
    """What validation found, by field; what was sent is not repeated."""
    return [{"field": _field(error["loc"]), "message": error["msg"].removeprefix(OURS_SAID)} for error in errors]


def _field(place: Sequence[int | str]) -> str:
    """The name of a field: where it stands is said only within a list."""
    names = [str(part) for part in place if part not in ("body", "query", "path", "header")]
    return ".".join(names) or "body"


def invalid(errors: Sequence[Any]) -> Problem:
    """The answer to a request whose fields are not what they must be."""
    fields = fields_of(errors)
    said = "; ".join(f"{each['field']}: {each['message']}" for each in fields[:3])
    return Problem(422, "invalid", said, fields)


async def _known(_: Request, error: Exception) -> Problem:
    return problem_of(error)


async def _invalid(_: Request, error: Exception) -> Problem:
    assert isinstance(error, RequestValidationError | ValidationError)  # noqa: S101 (registered for these alone)
    return invalid(error.errors())


async def _http(request: Request, error: Exception) -> Problem:
    assert isinstance(error, HTTPException)  # noqa: S101 (registered for these alone)
    if error.status_code == 405:
        allowed = ", ".join(_methods(request))
        return Problem(
            405, "method", f"{request.method} is not for this address: {allowed}", headers={"Allow": allowed}
        )
    name = {404: "not-found"}.get(error.status_code, "http")
    return Problem(error.status_code, name, str(error.detail), headers=error.headers)


def _methods(request: Request) -> list[str]:
    """What an address is for: each method may have a route of its own."""
    found = {"GET"} if request.url.path.startswith("/static") else set()
    for route in iter_route_contexts(request.app.routes):
        if route.methods and route.path_regex.match(request.url.path):
            found |= route.methods
    return sorted(found)


async def _fault(request: Request, error: Exception) -> Problem:
    LOG.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return Problem(500, "fault", "something went wrong here, and was written down")


def add_to(app: FastAPI) -> None:
    """Answer every error by the table."""
    for kind in (GridmapError, IntegrityError, OperationalError, PoolTimeoutError):
        app.add_exception_handler(kind, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(ValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(SQLAlchemyError, _fault)
    app.add_exception_handler(Exception, _fault)
