"""What waits to be handed out, and to whom it best goes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from gridmap.domain.duplicates import near
from gridmap.domain.rights import Viewer
from gridmap.language import DEFAULT
from gridmap.operations.dispatch import Dispatch
from gridmap.operations.known import Known
from gridmap.operations.moving import Row
from gridmap.operations.routing import Router, reason_as_json, reason_from_json
from gridmap.storage import moves as stored_moves
from gridmap.storage import waiting as stored


def queue(
    session: Session, viewer: Viewer, at: datetime, known: Known, limit: int, language: str = DEFAULT
) -> list[dict[str, Any]]:
    """What waits to be handed out, the most pressing first, each with whom the rules would choose and its twins."""
    waiting = stored.queue_of(session, viewer, at, limit)
    rows = {row["code"]: dict(row) for row in stored_moves.issues_in_full(session, [each["code"] for each in waiting])}
    dispatch = Dispatch(Router(session, known), at)
    dispatch.prepare(rows.values())
    return [
        {
            **each,
            "suggestion": suggestion(dispatch, rows[each["code"]], language),
            "likely_duplicates": twins(session, viewer, rows[each["code"]], at),
        }
        for each in waiting
    ]


def suggestion(dispatch: Dispatch, row: Row, language: str) -> dict[str, Any]:
    """Whom the rules would choose, and why."""
    choice = dispatch.choose(row, row["present"].get("returned", ()))
    found = choice.candidate
    return {
        "person": {"code": found.person.code, "name": found.person.name} if found else None,
        "role": found.role if found else None,
        "reasons": [reason_from_json(reason_as_json(reason), language) for reason in choice.reasons],
    }


def candidates(session: Session, code: str, at: datetime, known: Known, language: str = DEFAULT) -> dict[str, Any]:
    """Everybody whose work an issue is, in the order in which the rules would choose them."""
    row = dict(stored_moves.issues_in_full(session, [code])[0])
    dispatch = Dispatch(Router(session, known), at)
    return {**suggestion(dispatch, row, language), "candidates": dispatch.ranking(row)}


def twins(session: Session, viewer: Viewer, row: Row, at: datetime) -> list[dict[str, Any]]:
    """Open issues that are likely the same as one."""
    reach = near(row["category"], row["group"])
    return stored.alike(
        session, viewer, (row["lon"], row["lat"]), row["category"], reach, min(row["reported_at"], at), row["code"]
    )


def likely(
    session: Session, viewer: Viewer, spot: tuple[float, float], category: str, group: str, at: datetime
) -> list[dict[str, Any]]:
    """Open issues that something about to be reported is likely the same as."""
    return stored.alike(session, viewer, spot, category, near(category, group), at)
