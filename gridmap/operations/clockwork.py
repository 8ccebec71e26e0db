"""By when the stamps of issues are due, by the limits, hours, holidays and weather of their site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from gridmap.domain.deadlines import Deadline, Hold, Matter, Stretch, set_deadlines
from gridmap.domain.history import Present
from gridmap.operations.routing import Router
from gridmap.storage import calendars as stored


@dataclass
class Clockwork:
    """Counts at one moment; the weather is read once."""

    session: Session
    router: Router
    at: datetime
    weather: dict[int, list[Stretch]] = field(default_factory=dict)

    def deadlines(self, row: Mapping[str, Any], category: str, urgency: str, present: Present) -> list[Deadline]:
        """The deadlines of an issue as it stands; what is on hold is not due, and keeps those it had."""
        tree, _ = self.router.tree(row["edition_id"])
        tiers = (code for name in ("tier1", "tier2", "tier3") if (code := row[name]))
        matter = self.matter(row["site"], row["kind"], urgency, category, (*tree.chain(row["grid"]), *tiers))
        holds = [Hold(begins, ends) for begins, ends in present.holds]
        found = self.of(row["site"], replace(matter, complex=present.complex), present.moments, holds)
        if present.given is not None:
            found = [each for each in found if each.stamp != "resolved"] + [_of_somebody(*present.given, holds)]
        return [deadline for deadline in found if deadline.due_at is not None]

    def matter(self, site: str, kind: str, urgency: str, category: str, chain: tuple[str, ...]) -> Matter:
        """What limits ask of an issue of a site."""
        return Matter(kind, urgency, self.router.subject(site, category).group, category, chain)

    def of(
        self, site: str, matter: Matter, moments: Mapping[str, datetime], holds: Sequence[Hold] = ()
    ) -> list[Deadline]:
        """The deadlines of a matter of a site, by the moments that limits run from."""
        timing, weather = self.router.timing(site), self._weather(self.router.site(site).id)
        return list(set_deadlines(matter, moments, timing.calendars, timing.table, holds, weather).values())

    def on_duty(self, site: str, role: str) -> datetime:
        """The next moment at which those who hold a role are at work; at once, where nothing is said of its hours."""
        calendars = self.router.timing(site).calendars
        return calendars.of_role(role).next_open(self.at) if role in calendars.roles else self.at

    def _weather(self, site_id: int) -> list[Stretch]:
        if site_id not in self.weather:
            self.weather[site_id] = stored.stretches(self.session, site_id)
        return self.weather[site_id]


def _of_somebody(given_at: datetime, due: datetime, holds: Sequence[Hold]) -> Deadline:
    """The time that somebody gave when he handed it out, and as much more as it has waited since."""
    since = [hold for hold in holds if hold.begins >= given_at]
    at = None if any(hold.ends is None for hold in since) else due
    for hold in since:
        if at is not None and hold.ends is not None:
            at += hold.ends - hold.begins
    return Deadline("resolved", given_at, at, False, {"stamp": "resolved", "given": due.isoformat()})


def as_row(deadline: Deadline, **of: int) -> dict[str, Any]:
    """A deadline as it is stored, with the issue it is of and its cycle."""
    return {
        **of, "stamp": deadline.stamp, "started_at": deadline.started_at, "due_at": deadline.due_at,
        "provisional": deadline.provisional, "rule": dict(deadline.rule),
    }  # fmt: skip
