"""What has happened on an estate, in numbers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from gridmap.domain.lifecycle import ENDED
from gridmap.domain.model import (
    Alarm,
    CheckIn,
    Deadline,
    FacilityState,
    FollowUp,
    Inspection,
    Issue,
    IssueEvent,
    Message,
    Position,
    Round,
    WeatherWarning,
)

TABLES = {
    "lines of history": IssueEvent, "answers of residents": FollowUp, "alarms": Alarm, "inspections": Inspection,
    "positions": Position, "facility states": FacilityState, "weather warnings": WeatherWarning,
}  # fmt: skip


def counts(session: Session, site_id: int, at: datetime) -> dict[str, Any]:
    """What a store holds of a site's life by a moment: issues by their end, check-ins, rounds, messages, and more."""
    issues = _by(session, func.coalesce(Issue.closed_as, "open"), Issue.site_id == site_id)
    visits = _by(session, CheckIn.verdict, CheckIn.received_at <= at)
    walked = _by(session, Round.status, and_(Round.site_id == site_id, Round.ends <= at))
    met, due = _on_time(session, site_id, at)
    return {
        "issues": sum(issues.values()),
        "by end": issues,
        "check-ins": sum(visits.values()),
        "by verdict": visits,
        "rounds due": sum(walked.values()),
        "rounds done": walked.get("done", 0) + walked.get("late", 0),
        "resolved when due": met,
        "due to be resolved": due,
        "messages": sum(_by(session, Message.kind, Message.site_id == site_id).values()),
        **{name: session.scalar(select(func.count()).select_from(table)) for name, table in TABLES.items()},
    }


def _by(session: Session, what: Any, where: Any) -> dict[str, int]:
    rows = session.execute(select(what, func.count()).where(where).group_by(what).order_by(what))
    return dict(rows.all())


def _on_time(session: Session, site_id: int, at: datetime) -> tuple[int, int]:
    """Of the issues that were to be resolved by a moment, how many were in time."""
    due = and_(
        Issue.site_id == site_id, Issue.closed_as.is_distinct_from("void"), Issue.closed_as.is_distinct_from("merged")
    )
    rows = session.execute(
        select(func.count().filter(Issue.resolved_at <= Deadline.due_at), func.count())
        .join(Deadline, and_(Deadline.issue_id == Issue.id, Deadline.stamp == "resolved"))
        .where(due, Deadline.due_at <= at, (Issue.held_at.is_(None)) | Issue.status.in_(ENDED))
    ).one()
    return int(rows[0]), int(rows[1])
