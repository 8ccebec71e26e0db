"""Deadlines of issues that run, set anew when a site says otherwise of its time, or the weather of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from gridmap.domain.deadlines import Deadline
from gridmap.domain.model import Site
from gridmap.domain.rights import Viewer
from gridmap.operations.clockwork import Clockwork, as_row
from gridmap.operations.known import Known
from gridmap.operations.moving import iso, present_of
from gridmap.operations.routing import Router
from gridmap.storage import deadlines as stored
from gridmap.storage import moves, places

# Why deadlines come out anew, as the line of history says it.
REASONS: Final = ("calendar", "hours", "limits", "warning", "published")
# The stored rules of an issue's stamps.
Before = Mapping[str, Mapping[str, Any]]


def recompute(
    session: Session,
    site: Site,
    at: datetime,
    why: str,
    ids: Iterable[int] | None = None,
    *,
    by: Viewer | None = None,
    provisional: bool = False,
) -> list[str]:
    """Set the deadlines of open issues anew: the codes of those whose stamps are due at another time now.

    What has been reached stays as it was judged, and what is on hold is computed when it goes on.
    """
    codes = stored.hold_running(session, site.id, ids, provisional=provisional)
    if not codes:
        return []
    session.flush()
    clockwork = Clockwork(session, Router(session, Known(kept=True)), at)
    before = stored.deadlines_of(session, codes)
    renewals = []
    for row in moves.issues_in_full(session, codes):
        issue = dict(row)
        found = clockwork.deadlines(issue, issue["category"], issue["urgency"], present_of(issue))
        renewals.append(_Renewal(issue, before.get(issue["id"], {}), found))
    changed = [renewal for renewal in renewals if renewal.rows or renewal.gone]
    if not changed:
        return []
    rows = [row for renewal in changed for row in renewal.rows]
    account = (by.account_id, by.role) if by is not None else (None, None)
    return stored.renew_deadlines(session, [renewal.as_json(why) for renewal in changed], rows, at, *account)


def renew_provisional(session: Session, at: datetime) -> Sequence[str]:
    """Set anew what rested on a year whose make-up workdays were not known: a line for each site it changed."""
    said = []
    for code in stored.sites_in_suspense(session):
        changed = recompute(session, places.site(session, code), at, "published", provisional=True)
        if changed:
            said.append(f"{code}: {len(changed)} open issues have new deadlines: their year's calendar is published")
    return said


class _Renewal:
    """What becomes of the deadlines of one issue."""

    def __init__(self, issue: Mapping[str, Any], before: Before, found: Iterable[Deadline]) -> None:
        self.issue = issue
        self.rows: list[dict[str, Any]] = []
        self.gone: list[str] = []
        self.moved: dict[str, list[str | None]] = {}
        now = {deadline.stamp: deadline for deadline in found}
        for stamp in dict.fromkeys((*before, *now)):
            if self._runs(stamp, before):
                self._compare(stamp, before.get(stamp), now.get(stamp))

    def _runs(self, stamp: str, before: Before) -> bool:
        if self.issue[f"{stamp}_at"] is not None:
            return False
        # A time that was given with the report, as other systems do, is not ours to move.
        return not (stamp == "resolved" and stamp not in before and self.issue["due_at"] is not None)

    def _compare(self, stamp: str, old: Mapping[str, Any] | None, new: Deadline | None) -> None:
        was = old["due_at"] if old else None
        if new is None:
            # What is on hold has no deadline for now, but it has a limit.
            if was is not None and self.issue["held_at"] is None:
                self.gone.append(stamp)
                self.moved[stamp] = [iso(was), None]
            return
        due = new.due_at
        if due is None:
            return
        if was != due:
            self.moved[stamp] = [iso(was) if was else None, iso(due)]
        if old is None or (was, old["provisional"], old["rule"]) != (due, new.provisional, new.rule):
            row = as_row(new, issue_id=self.issue["id"], cycle=self.issue["reopens"])
            self.rows.append({**row, "started_at": iso(new.started_at), "due_at": iso(due)})

    def as_json(self, why: str) -> dict[str, Any]:
        resolved = self.moved.get("resolved")
        return {
            "id": self.issue["id"], "data": {"why": why, "deadlines": self.moved} if self.moved else None,
            "resolved": resolved is not None, "due_at": resolved[1] if resolved else None, "gone": self.gone,
        }  # fmt: skip
