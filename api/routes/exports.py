"""What is seen of issues, to be taken along: GeoJSON, CSV, Excel."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Annotated, Literal
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query, Response
from pydantic import AfterValidator

from api.dependencies import DbSession, Language, Now, OfIssues, TheSite
from api.filters import Narrowed
from api.schemas import among, listed
from gridmap.errors import FieldError
from gridmap.maps.style import ATTENTIONS
from gridmap.operations import exports

router = APIRouter(tags=["issues"])
LOG = logging.getLogger("gridmap.api.exports")
Attention = Annotated[str, AfterValidator(among(tuple(ATTENTIONS))), listed(tuple(ATTENTIONS))]
# Addresses are cut off by what stands between a browser and us: who wants more says it by filters.
MOST_PICKED = 500


def _picked(text: str | None) -> tuple[str, ...]:
    codes = tuple(code for code in (text or "").split(",") if code)
    if len(codes) > MOST_PICKED:
        raise FieldError("codes", f"names more than {MOST_PICKED} issues: narrow them by time, grid or the view")
    return codes


@router.get(
    "/export.{kind}",
    response_class=Response,
    responses={200: {"content": {media.partition(";")[0]: {} for media in exports.MEDIA_OF.values()}}},
)
def export_issues(
    session: DbSession,
    viewer: OfIssues,
    now: Now,
    site: TheSite,
    language: Language,
    kind: Annotated[Literal["geojson", "csv", "xlsx"], Path()],
    narrowed: Narrowed,
    attention: Annotated[list[Attention] | None, Query(description="Asking for one of these.")] = None,
    codes: Annotated[str | None, Query(description="These alone: codes with commas between.")] = None,
) -> Response:
    """The issues that pass the filters as a file: tables with headings in the reader's language, GeoJSON as the API."""
    wanted = replace(narrowed, site=site.code, open_only=narrowed.open_only or bool(attention))
    rows = exports.issues_seen(session, viewer, wanted, now, attentions=attention or (), codes=_picked(codes))
    name = f"issues-{site.code}-{now.astimezone(ZoneInfo(site.timezone)):%Y%m%d-%H%M}"
    content = exports.export(session, viewer, site, rows, kind, language, name)
    LOG.info("%s (%s) took along %d issues of %s as %s", viewer.name, viewer.role, len(rows), site.code, kind)
    headers = {"Content-Disposition": _kept_as(f"{name}.{kind}"), "Cache-Control": "no-store"}
    return Response(content, headers=headers, media_type=exports.MEDIA_OF[kind])


def _kept_as(name: str) -> str:
    """A header that names a file in any script; what knows ASCII alone has a name, too."""
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-._") else "_" for letter in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
