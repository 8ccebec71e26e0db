"""Papers as answers: data, a file to keep, or a page to print."""

from __future__ import annotations

import json
import secrets
from typing import Any

from fastapi import Response

from api.pages.paper import POLICY
from gridmap.operations.papers import MEDIA, Paper, plain, written

# For the description of the API: what a paper can be answered as.
AS_SHEET: dict[int | str, dict[str, Any]] = {
    200: {"content": {media.partition(";")[0]: {} for media in MEDIA.values()}}
}


def sheet(paper: Paper, kind: str, name: str, data: dict[str, Any]) -> Response:
    """A paper of a kind; its data as JSON, CSV and Excel under a name to be kept by, HTML to be printed."""
    headers = {"Cache-Control": "no-store"}
    if kind == "json":
        return Response(json.dumps(plain(data), ensure_ascii=False), headers=headers, media_type=MEDIA["json"])
    if kind == "html":
        nonce = secrets.token_urlsafe(16)
        headers["Content-Security-Policy"] = POLICY.format(nonce=nonce)
        return Response(written(paper, kind, nonce), headers=headers, media_type=MEDIA[kind])
    headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return Response(written(paper, kind), headers=headers, media_type=MEDIA[kind])
