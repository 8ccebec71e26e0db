"""Who is told what about issues: messages for the outbox, in duty hours unless it is an emergency."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from gridmap.domain.commands import Actor
from gridmap.operations.clockwork import Clockwork
from gridmap.operations.dispatch import Dispatch
from gridmap.operations.moving import Moving, Row


@dataclass
class Telling:
    """Writes messages at one moment."""

    dispatch: Dispatch
    clockwork: Clockwork
    at: datetime

    def emergency(self, issue: Moving) -> None:
        """Everybody knows at the same moment."""
        for role, person in self.dispatch.alarmed(issue.row):
            self._write(issue, "emergency", person.code, role)

    def to_dispatch(self, issue: Moving, kind: str = "to_dispatch") -> None:
        """Whoever hands work out has something to hand out."""
        found = self.dispatch.hands_out(issue.row)
        if found is not None:
            self._write(issue, kind, found.person.code, found.role)

    def handed(self, issue: Moving, by: Actor) -> None:
        """Whoever gets it is told, unless he took it himself."""
        self.told(issue, "dispatched", [issue.present.handler], by)

    def reopened(self, issue: Moving, by: Actor) -> None:
        """Whoever had it, and whoever owns it."""
        self.told(issue, "reopened", [issue.row["handler"], issue.row["owner"]], by)

    def above(self, issue: Moving, kind: str, by: Actor) -> None:
        """Whoever is above those who handle it."""
        found = self.dispatch.first(issue.row, ("supervisor", "coordinator", "project_head"))
        if found is not None:
            self.told(issue, kind, [found.person.code], by)

    def told(self, issue: Moving, kind: str, people: Iterable[str | None], by: Actor) -> None:
        """Tell some people, each once; not the one who did it, and never the one it is about."""
        for code in dict.fromkeys(people):
            if code is not None and code != by.person and code != issue.row["about"]:
                self._write(issue, kind, code, self.dispatch.role_of(issue.row, code))

    def _write(self, issue: Moving, kind: str, person: str, role: str) -> None:
        urgent, row = issue.emergency, issue.row
        issue.messages.append(
            {
                "issue_id": issue.row["id"], "kind": kind, "person": person, "role": role, "urgent": urgent,
                "data": {}, "at": self.at,
                "not_before": self.at if urgent else self._on_duty(row, person, role),
            }
        )  # fmt: skip

    def _on_duty(self, row: Row, person: str, role: str) -> datetime:
        """When somebody is at work next: in a shift of his, whatever the hours of his role are."""
        opens = self.clockwork.on_duty(row["site"], role)
        return self.at if opens > self.at and self.dispatch.on_shift(row, person) else opens
