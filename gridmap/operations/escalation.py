"""The clock over limits: it warns before one, and climbs after it; each step once."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.orm import Session

from gridmap.domain.dispatching import HANDS_OUT
from gridmap.domain.escalation import LADDER, RUNGS, Late, told
from gridmap.domain.lifecycle import EMERGENCIES
from gridmap.operations.clockwork import Clockwork
from gridmap.operations.routing import Router
from gridmap.storage import escalations as stored

# Steps taken in one transaction; what is left waits for the next beat of the clock.
AT_ONCE: Final = 500


def escalate(session: Session, at: datetime, router: Router | None = None) -> dict[str, int]:
    """Take the steps that have become due: how many warned, how many climbed, and how many found nobody to tell."""
    router = router or Router(session)
    clockwork = Clockwork(session, router, at)
    taken = [_step(row, clockwork) for row in stored.due(session, at, LADDER, AT_ONCE)]
    if taken:
        stored.climb(session, at, taken)
    counts = {"warn": 0, "escalate": 0, "nobody": 0}
    for step in taken:
        counts[step["action"] if step["told"] else "nobody"] += 1
    return counts


def _step(row: Row[Any], clockwork: Clockwork) -> dict[str, Any]:
    router, at = clockwork.router, clockwork.at
    rung, urgent = RUNGS[row.step], row.urgency in EMERGENCIES
    # A clock that stood still does not warn of what is over by now.
    missed = rung.before and row.due_at <= at
    people = [] if missed else told(rung, _late(row, router), router.roster_at(row.site, at))
    return {
        "issue_id": row.issue_id, "stamp": row.stamp, "cycle": row.cycle, "step": row.step, "due_at": row.due_at,
        "action": rung.action, "kind": rung.message, "urgent": urgent,
        "told": [
            {"person": person, "role": role, "not_before": at if urgent else clockwork.on_duty(row.site, role)}
            for role, person in people
        ],
    }  # fmt: skip


def _late(row: Row[Any], router: Router) -> Late:
    tree, _ = router.tree(row.edition_id)
    return Late(
        chain=tree.chain(row.grid),
        handler=row.handler,
        handler_role=row.handler_role,
        about=row.about,
        hands_out=HANDS_OUT[router.site(row.site).dispatch_model],
    )
