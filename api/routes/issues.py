"""Issues as far as one may see them: a list by what one looks for, and each with its history."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy.orm import Session

from api.dependencies import DbSession, Language, Now, OfIssues, SiteOrAll
from api.filters import Narrowed
from api.schemas import Code, Line
from gridmap.domain.rights import Viewer
from gridmap.errors import FieldError, NotFoundError
from gridmap.operations.intake import call
from gridmap.operations.routing import reason_from_json
from gridmap.storage import residents, views

router = APIRouter(tags=["issues"])


@router.get(
    "/issues",
    response_class=Response,
    responses={200: {"content": {"application/json": {}, "application/geo+json": {}}}},
)
def list_issues(
    request: Request,
    session: DbSession,
    viewer: OfIssues,
    now: Now,
    site: SiteOrAll,
    narrowed: Narrowed,
    limit: Annotated[int, Query(ge=1, le=views.MOST)] = 100,
    after: Annotated[Line | None, Query(description="The `next` of the page before.")] = None,
    format: Annotated[Literal["json", "geojson"], Query()] = "json",  # noqa: A002 (the name of the parameter)
) -> Response:
    """The newest issues first, a page at a time: `next` (or the Link header) leads on."""
    wanted = replace(narrowed, site=site.code if site else None)
    geojson = format == "geojson"
    page = views.issue_list(
        session, viewer, wanted, now, limit=limit, after=_place_of(after) if after else None, geojson=geojson
    )
    following = None if page.after is None else _mark_of(page.after)
    headers = {}
    if following is not None:
        headers["Link"] = f'<{request.url.include_query_params(after=following)}>; rel="next"'
    return Response(_page(page.rows, following, geojson=geojson), headers=headers, media_type=_kind(geojson=geojson))


def _page(rows: Any, following: str | None, *, geojson: bool) -> str:
    items, mark = ",".join(rows), "null" if following is None else f'"{following}"'
    if geojson:
        return f'{{"type":"FeatureCollection","features":[{items}],"next":{mark}}}'
    return f'{{"issues":[{items}],"next":{mark}}}'


def _kind(*, geojson: bool) -> str:
    return "application/geo+json" if geojson else "application/json"


def _mark_of(place: tuple[datetime, int]) -> str:
    return urlsafe_b64encode(f"{place[0].astimezone(UTC).isoformat()}|{place[1]}".encode()).decode().rstrip("=")


def _place_of(mark: str) -> tuple[datetime, int]:
    try:
        said, _, number = urlsafe_b64decode(mark + "=" * (-len(mark) % 4)).decode().partition("|")
        place = datetime.fromisoformat(said), int(number)
        ours = _mark_of(place) == mark
    except (ValueError, OverflowError):
        ours = False
    if not ours:
        raise FieldError("after", "this is no `next` of a page: begin without it")
    return place


@router.get("/issues/{code}")
def read_issue(
    session: DbSession, viewer: OfIssues, now: Now, language: Language, code: Annotated[Code, Path()]
) -> dict[str, Any]:
    """One issue: where it lies, who answers and why, and all that has happened to it."""
    found = shown(session, viewer, code, now, language)
    if found is None:
        raise NotFoundError(f"there is no issue {code} here")
    return found


def shown(session: Session, viewer: Viewer, code: str, at: datetime, language: str) -> dict[str, Any] | None:
    """An issue as its viewer reads it; None if it is none of his."""
    found = views.issue_by_code(session, viewer, code, at)
    if found is None:
        return None
    if not viewer.reach("people"):
        found["answers"] = [{**answer, "person": None} for answer in found["answers"]]
    found["reasons"] = [reason_from_json(reason, language) for reason in found["reasons"]]
    found["call"] = call(found["category"], language)
    found["supporters"] = residents.supporters(session, viewer, code)
    for line in found["history"]:
        if line["data"] and "reasons" in line["data"]:
            line["data"]["reasons"] = [reason_from_json(reason, language) for reason in line["data"]["reasons"]]
    return found
