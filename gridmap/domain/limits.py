"""By when what has to have happened: limits as data, for the clocks that need no calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

# The stamps of an issue that have limits.
STAMPS: Final = ("first_answer", "accepted", "on_site", "under_control", "resolved")

# Round the clock from the report, or whole days that end at midnight by the site's clock.
Clock = Literal["round_the_clock", "natural_days"]


@dataclass(frozen=True)
class Limit:
    """A stamp that is due some time after the report, for issues of an urgency and of some kinds."""

    stamp: str
    after: timedelta
    clock: Clock
    urgency: str | None = None
    kinds: tuple[str, ...] = ()
    but_groups: tuple[str, ...] = ()

    def holds(self, kind: str, urgency: str, group: str) -> bool:
        """Whether the limit is one of such an issue."""
        return (
            self.urgency in (None, urgency) and (not self.kinds or kind in self.kinds) and group not in self.but_groups
        )

    def due(self, start: datetime, timezone: str) -> datetime:
        """The moment at which it is over."""
        if self.clock == "round_the_clock":
            return start + self.after
        zone = ZoneInfo(timezone)
        last = start.astimezone(zone).date() + self.after
        return datetime.combine(last + timedelta(days=1), time(), zone)


def _round(urgency: str, stamp: str, **after: float) -> Limit:
    return Limit(stamp, timedelta(**after), "round_the_clock", urgency)


# Cleaning and greening are due the same working day, which takes a calendar to tell.
BY_DAY: Final = ("cleaning", "greening", "sanitation")

LIMITS: Final = (
    _round("life", "on_site", minutes=5),
    _round("emergency", "on_site", minutes=15),
    _round("emergency", "under_control", hours=2),
    _round("emergency", "resolved", hours=24),
    _round("urgent", "first_answer", minutes=15),
    _round("urgent", "on_site", minutes=45),
    _round("urgent", "resolved", hours=24),
    Limit("resolved", timedelta(hours=24), "round_the_clock", "normal", ("repair", "inspection", "alarm"), BY_DAY),
    Limit("first_answer", timedelta(days=1), "natural_days", "normal", ("complaint",)),
    Limit("resolved", timedelta(days=7), "natural_days", "normal", ("complaint",)),
)


def deadlines(kind: str, urgency: str, group: str, reported_at: datetime, timezone: str) -> dict[str, datetime]:
    """When each stamp of an issue is due, by name."""
    return {limit.stamp: limit.due(reported_at, timezone) for limit in LIMITS if limit.holds(kind, urgency, group)}
