"""Reporting issues: one by one, or many at once; who must act is the answer."""

from __future__ import annotations

from hashlib import blake2b
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel

from api.dependencies import Language, Reporting, body_as, office_of, site_for
from api.schemas import Line, ReportBody
from gridmap.domain.rights import Viewer
from gridmap.errors import FieldError
from gridmap.operations.intake import Report
from gridmap.spatial.coordinates import to_wgs84

router = APIRouter(tags=["issues"])
Key = Annotated[
    Line | None,
    Header(alias="Idempotency-Key", description="Ask again with the same key and body, and nothing is stored twice."),
]
# What a report says in the same words as the body.
SAID = (
    "category", "kind", "urgency", "text", "level", "facility", "about", "accuracy_m", "extent_m", "reported_at",
    "reference",
)  # fmt: skip


def body_of(shape: type[BaseModel]) -> dict[str, Any]:
    """The description of a body that an endpoint reads by itself."""
    schema = shape.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


@router.post(
    "/issues",
    status_code=201,
    openapi_extra=body_of(ReportBody),
    responses={201: {"description": "Its code, who must act and why, and by when"}},
)
async def report_issue(request: Request, viewer: Reporting, language: Language, key: Key = None) -> Response:
    """Report an issue at a place; the answer says who must act, why, and by when."""
    body = await request.body()
    report = report_of(body_as(ReportBody, request, body), viewer, language)
    if key is not None:
        report = Report(**{**vars(report), "key": key, "digest": blake2b(body, digest_size=16).digest()})
    outcome = await office_of(request).gathering.take(report)
    if outcome.error is not None:
        raise outcome.error
    headers = {"Idempotency-Replayed": "true"} if outcome.before else None
    return Response(outcome.answer, 201, headers, "application/json")


def report_of(body: ReportBody, viewer: Viewer, language: str) -> Report:
    """A body as the report of somebody; whoever speaks for others says who reported."""
    lon, lat = body.lon, body.lat
    if body.datum != "wgs84":
        lons, lats = to_wgs84([lon], [lat], body.datum)
        lon, lat = float(lons[0]), float(lats[0])
    if viewer.role == "resident" and body.source is not None:
        raise FieldError("source", "residents report in their own name")
    reporter = body.reporter
    return Report(
        lon=lon,
        lat=lat,
        account_id=viewer.account_id,
        source=body.source or viewer.name,
        site=site_for(viewer, body.site),
        reporter_name=reporter.name if reporter else None,
        reporter_phone=reporter.phone if reporter else None,
        language=language,
        **{name: getattr(body, name) for name in SAID},
    )
