"""Many reports of one site at once: each is taken or refused by itself, and each is told what became of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy.orm import Session

from gridmap.domain.frames import POINTS
from gridmap.errors import ConflictError, FieldError
from gridmap.operations.intake import AHEAD, Outcome, Report
from gridmap.operations.issues import Batch, Desk
from gridmap.operations.moves import Moves
from gridmap.storage import intake as stored

# A fault begins with the name of the field it is about.
FIELDS = ("category", "kind", "urgency", "facility", "about", "reported_at")


def take_many(session: Session, desk: Desk, reports: Sequence[Report], at: datetime) -> list[Outcome]:
    """Route and store reports of the desk's site by frames; a reference that was reported before stays one issue."""
    outcomes = [_early(report, at) for report in reports]
    rows = [n for n, outcome in enumerate(outcomes) if outcome.error is None]
    if not rows:
        return outcomes
    # As objects, so that what is not said stays None in a column of texts.
    points = pd.DataFrame([_point(reports[n], at) for n in rows], dtype=object)
    points = points.astype(dict.fromkeys(("lon", "lat", "accuracy_m", "extent_m"), float))
    batch = desk.report(points, at, "")
    for n, fault in zip(batch.rejected["n"], batch.rejected["fault"], strict=True):
        outcomes[rows[n]].error = FieldError(next((name for name in FIELDS if fault.startswith(name)), "lon"), fault)
    # What is stored is numbered by its place among what was routed, and that by its place in the batch.
    codes = dict(zip(batch.stored["n"], batch.stored["code"], strict=True))
    sent = Moves(desk.session, at, desk.router.known).hand_out(codes.values())
    for place, row in enumerate(batch.routed.to_dict("records")):
        code = codes.get(place)
        outcomes[rows[row["n"]]] = _outcome(row, code, sent.get(code or "", {}))
    routed = [reports[rows[n]] for n in batch.routed.get("n", ())]
    _write_reporters(session, batch, routed)
    return outcomes


def _early(report: Report, at: datetime) -> Outcome:
    late = report.reported_at is not None and report.reported_at > at + AHEAD
    return Outcome(error=FieldError("reported_at", "reported_at lies in the future") if late else None)


def _point(report: Report, at: datetime) -> dict[str, Any]:
    """A report as a row."""
    point = {name: value for name, value in vars(report).items() if name in POINTS.columns}
    point["reported_at"] = min(report.reported_at or at, at)
    return point


def _outcome(row: Mapping[Any, Any], code: str | None, sent: Mapping[str, Any]) -> Outcome:
    """What a routed row is told: its code, its grid and who owns it."""
    if code is None:
        return Outcome(error=ConflictError(f"{row['source']} has reported {row['reference']!r} before"))
    person = {"code": row["owner"], "name": row["owner_name"]} if row["owner"] else None
    said = {
        "code": code,
        "status": sent.get("status", row["status"]),
        "handler": sent.get("handler"),
        "position": row["position"],
        "grid": row["grid"],
        "owner": {"role": row["owner_role"], "grid": row["owner_grid"], "person": person},
        "rule": row["rule"],
    }
    return Outcome(answer=json.dumps(said, ensure_ascii=False))


def _write_reporters(session: Session, batch: Batch, reports: Sequence[Report]) -> None:
    stored.write_reporters(
        session,
        [
            {
                "issue_id": int(number),
                "account_id": reports[n].account_id,
                "name": reports[n].reporter_name,
                "phone": reports[n].reporter_phone,
            }
            for n, number in zip(batch.stored["n"], batch.stored["id"], strict=True)
        ],
    )
