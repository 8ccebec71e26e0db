"""What decisions rest on, read once and kept as long as it holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from gridmap.domain.calendar import Calendars
from gridmap.domain.categories import CategoryRow
from gridmap.domain.facts import Keeper, Person, Roster, Tree
from gridmap.domain.lifecycle import EMERGENCIES
from gridmap.domain.limits import Table
from gridmap.domain.responsibility import Verdict
from gridmap.domain.rules import Rule
from gridmap.spatial.facts import Ground
from gridmap.storage import places

# A verdict takes about a kilobyte.
MOST_VERDICTS = 50_000


@dataclass(frozen=True)
class Ruling:
    """How a site routes, and hands out what is routed."""

    id: int
    code: str
    timezone: str
    fallback_role: str
    rules: tuple[Rule, ...]
    dispatch_model: str = "coordinator"
    silence_days: int = 3

    def goes_out(self, urgency: str) -> bool:
        """Whether an issue is dispatched at once, rather than when somebody hands it out."""
        return urgency in EMERGENCIES or self.dispatch_model == "centre"


@dataclass(frozen=True)
class Timing:
    """How a site counts time: the calendars of those who work there, and its limits before the trade's."""

    calendars: Calendars
    table: Table


@dataclass
class Known:
    """What has been read of sites, trees, posts and overlays, and what was decided by it.

    `kept` from one transaction to the next it is good for one revision only: see `current`.
    """

    revision: int = 0
    kept: bool = False
    timings: dict[str, Timing] = field(default_factory=dict)
    rulings: dict[str, Ruling] = field(default_factory=dict)
    categories: dict[str, dict[str, CategoryRow]] = field(default_factory=dict)
    trees: dict[int, tuple[Tree, dict[str, tuple[str, int]]]] = field(default_factory=dict)
    moments: dict[str, list[datetime]] = field(default_factory=dict)
    overlays: dict[int, dict[str, Keeper]] = field(default_factory=dict)
    people: dict[int, dict[str, Person]] = field(default_factory=dict)
    rosters: dict[tuple[int, datetime], Roster] = field(default_factory=dict)
    verdicts: dict[tuple[Any, ...], Verdict] = field(default_factory=dict)
    # The rows of verdicts by their identity, which lasts as long as this keeps them; `fresh` are not yet committed.
    decisions: dict[int, int] = field(default_factory=dict)
    fresh: dict[int, int] = field(default_factory=dict)
    grounds: dict[int, Ground] = field(default_factory=dict)

    def current(self, session: Session) -> Known:
        """This, if nothing has changed since it was read, else an empty one of the revision that holds now."""
        revision = places.revision(session)
        if revision != self.revision or len(self.verdicts) > MOST_VERDICTS:
            return Known(revision, kept=True)
        return self
