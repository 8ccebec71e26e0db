"""Reporting issues: one by one, or many at once; who must act is the answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import BaseModel

from api.dependencies import DbSession, Language, Now, Reporting, body_as, office_of, site_for, site_of
from api.problems import fields_of
from api.schemas import BatchBody, Faulty, Line, ReportBody
from gridmap.domain.rights import Viewer
from gridmap.errors import ConflictError, FieldError, ForbiddenError
from gridmap.operations.batches import take_many
from gridmap.operations.intake import Outcome, Report
from gridmap.operations.issues import Desk
from gridmap.spatial.coordinates import to_wgs84
from gridmap.storage import intake as stored

router = APIRouter(tags=["issues"])
Key = Annotated[
    Line | None,
    Header(alias="Idempotency-Key", description="Ask again with the same key and body, and nothing is stored twice."),
]
# Who reports is found without asking FastAPI, so its description has to be told of it.
SECURITY: list[dict[str, list[str]]] = [{"key": []}, {"password": []}, {"cookie": []}]
# What a report says in the same words as the body.
SAID = (
    "category", "kind", "urgency", "text", "level", "facility", "about", "accuracy_m", "extent_m", "reported_at",
    "reference",
)  # fmt: skip


def body_of(shape: type[BaseModel]) -> dict[str, Any]:
    """The description of a body that an endpoint reads by itself."""
    schema = shape.model_json_schema()
    whole = _with_parts(schema, schema.pop("$defs", {}))
    return {"security": SECURITY, "requestBody": {"required": True, "content": {"application/json": {"schema": whole}}}}


def _with_parts(schema: Any, parts: Mapping[str, Any]) -> Any:
    """A description in which its parts stand where they are named."""
    if isinstance(schema, list):
        return [_with_parts(each, parts) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _with_parts(parts[schema["$ref"].rpartition("/")[2]], parts)
    return {name: _with_parts(each, parts) for name, each in schema.items()}


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
    headers = {"Location": f"/issues/{json.loads(outcome.answer)['code']}"}
    if outcome.before:
        headers["Idempotency-Replayed"] = "true"
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
        named=viewer.reach("people") is not None,
        **{name: getattr(body, name) for name in SAID},
    )


async def body_bytes(request: Request) -> bytes:
    return await request.body()


@router.post(
    "/issues/batch",
    openapi_extra=body_of(BatchBody),
    response_class=Response,
    responses={200: {"description": "What became of each, in the order given", "content": {"application/json": {}}}},
)
def report_many(
    request: Request,
    session: DbSession,
    viewer: Reporting,
    now: Now,
    language: Language,
    body: Annotated[bytes, Depends(body_bytes)],
    key: Key = None,
) -> Response:
    """Report up to 5,000 issues of one site at once; each is taken or refused by itself."""
    if viewer.role == "resident":  # whose reports are counted one by one
        raise ForbiddenError("residents report one issue at a time: POST /issues")
    batch = body_as(BatchBody, request, body)
    office, digest = office_of(request), blake2b(body, digest_size=16).digest()
    known = stored.receipts(session, [(viewer.account_id, key)]) if key else {}
    if known:
        before, answer = known[viewer.account_id, key or ""]
        if before != digest:
            raise FieldError("Idempotency-Key", "this key came with another body before: use a new one")
        return Response(answer, 200, {"Idempotency-Replayed": "true"}, "application/json")
    site = site_of(session, viewer, batch.site)
    fates, sound = _looked_over(batch.issues, viewer, language, site.code)
    with office.at_the_desk:
        desk = office.desks.get(site.code)
        desk = office.desks[site.code] = desk.at(session) if desk else Desk(session, site)
        fates |= dict(zip(sound, take_many(session, desk, list(sound.values()), now), strict=True))
    answer = _told(fates)
    if key and not stored.keep_receipt(session, viewer.account_id, key, digest, answer, now):
        raise ConflictError("the first request with this Idempotency-Key is under way: ask again")
    return Response(answer, media_type="application/json")


def _looked_over(
    issues: Sequence[ReportBody | Faulty], viewer: Viewer, language: str, site: str
) -> tuple[dict[int, Outcome | Faulty], dict[int, Report]]:
    """What is wrong with some of the reports by themselves, and the others, by their place in the batch."""
    fates: dict[int, Outcome | Faulty] = {}
    sound: dict[int, Report] = {}
    for n, issue in enumerate(issues):
        if isinstance(issue, Faulty):
            fates[n] = issue
        elif issue.site not in (None, site):
            fates[n] = Outcome(error=FieldError("site", f"a batch is of one site, and this one of {site}"))
        else:
            sound[n] = report_of(issue, viewer, language)
    return fates, sound


def _told(fates: Mapping[int, Outcome | Faulty]) -> str:
    """The fates in the order of the batch, and how many there are of each."""
    told, stored_count = [], 0
    for n in range(len(fates)):
        fate = fates[n]
        if isinstance(fate, Outcome) and fate.error is None:
            stored_count += 1
            told.append(fate.answer)
        else:
            told.append(json.dumps({"errors": _faults(fate)}, ensure_ascii=False))
    counts = f'"stored":{stored_count},"rejected":{len(fates) - stored_count}'
    return f'{{{counts},"results":[{",".join(told)}]}}'


def _faults(fate: Outcome | Faulty) -> list[dict[str, str]]:
    if isinstance(fate, Faulty):
        return fields_of(fate.errors)
    field = fate.error.field if isinstance(fate.error, FieldError) else "reference"
    return [{"field": field, "message": str(fate.error)}]
