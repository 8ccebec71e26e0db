"""Papers as answers: data, a file to keep, or a page to print."""

from __future__ import annotations

import json
import math
import secrets
from datetime import datetime
from typing import Any

import pandas as pd
from fastapi import Response

from api.pages.paper import POLICY
from gridmap.operations.papers import MEDIA, Paper, written


def sheet(paper: Paper, kind: str, name: str, data: dict[str, Any]) -> Response:
    """A paper of a kind; its data as JSON, CSV and Excel under a name to be kept by, HTML to be printed."""
    headers = {"Cache-Control": "no-store"}
    if kind == "json":
        return Response(json.dumps(_plain(data), ensure_ascii=False), headers=headers, media_type=MEDIA["json"])
    if kind == "html":
        nonce = secrets.token_urlsafe(16)
        headers["Content-Security-Policy"] = POLICY.format(nonce=nonce)
        return Response(written(paper, kind, nonce), headers=headers, media_type=MEDIA[kind])
    headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return Response(written(paper, kind), headers=headers, media_type=MEDIA[kind])


def _plain(value: Any) -> Any:
    """A value as JSON has it: no number that is none."""
    if isinstance(value, pd.DataFrame):
        return [_plain(row) for row in value.to_dict("records")]
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value.item() if hasattr(value, "item") else value
