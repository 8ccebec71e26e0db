"""Verdicts as they are stored: once for all issues decided alike."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

from sqlalchemy.orm import Session

from gridmap.storage.prepared import run_prepared


def decision_ids(session: Session, site_id: int, verdicts: Iterable[Mapping[str, Any]]) -> list[int]:
    """The row of each verdict (its answers and reasons as JSON), which is written if it is new."""
    rows = [{"n": n, "digest": _digest(verdict), **verdict} for n, verdict in enumerate(verdicts)]
    values = {"site_id": site_id, "rows": json.dumps(rows)}
    ids: list[int | None] = [None]
    # A verdict that somebody else has written at this very moment is seen by the next look.
    while None in ids:
        ids = [row["id"] for row in run_prepared(session, "decide", {"site_id": "bigint", "rows": "json"}, values)]
    return [number for number in ids if number is not None]


def _digest(verdict: Mapping[str, Any]) -> str:
    said = json.dumps(verdict["answers"]) + json.dumps(verdict["reasons"])
    return blake2b(said.encode(), digest_size=16).hexdigest()
