"""What the tales of issues are told with: a step and its moment, hours of work, chances, whoever is there."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np

from gridmap.domain.calendar import Calendars
from gridmap.domain.commands import Actor, Command
from gridmap.domain.lifecycle import STEPS
from gridmap.domain.limits import BY_DAY
from gridmap.operations.moves import Outcome
from gridmap.simulation.cases import Case
from gridmap.simulation.chance import between
from gridmap.simulation.crew import Crew, Hand
from gridmap.simulation.drawing import DEGREE_EAST_M, DEGREE_NORTH_M
from gridmap.spatial.coordinates import snap

Doing = tuple[datetime, Command]
Life = Generator[Doing, Outcome | None, None]
# A part of a tale that says whether anything came of it.
Part = Generator[Doing, Outcome | None, bool]

BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
# After these the tale waits to hear what came of it.
ASKED: Final = ("return", "dispatch", "transfer", "follow_up", "merge", "close", "sign")
# These may be refused without harm.
TRIED: Final = ("merge", "sign")
# How much longer those take who are slow, and how uneven it all is.
WEAK_TIMES: Final = 1.9
UNEVEN: Final = 0.65


@dataclass
class Ground:
    """What all lives share: who is there, when they work, and who they are slow with."""

    crew: Crew
    calendars: Calendars
    weak: frozenset[str] = frozenset()
    # The open issues by category and middle grid, for duplicates.
    twins: dict[tuple[str, str | None], str] = field(default_factory=dict)
    # Up to when has been acted: what follows by itself on an action is dated so.
    at: datetime = BEGINNING


@dataclass
class Teller:
    """One issue, the draws that decide what becomes of it, and how far its tale has come."""

    case: Case
    ground: Ground
    draw: np.random.Generator
    now: datetime

    def do(self, at: datetime, actor: Actor, action: str, **said: Any) -> Part:
        """One step: whether it was taken."""
        case = self.case
        self.now = max(at, self.now + timedelta(seconds=30)).replace(microsecond=0)
        outcome = yield self.now, Command(case.code, action, actor, at=self.now, **said)
        if outcome is not None and outcome.error is not None:
            return False
        if outcome is not None:
            case.status, case.handler = outcome.status, outcome.handler
            self.now = max(self.now, self.ground.at)
            return True
        step = STEPS[case.status, action]
        case.status = step.failed if step.failed and said.get("passed") is False else step.to
        return True

    def after(self, minutes: float, uneven: float = UNEVEN) -> datetime:
        """Some minutes from now, more or less."""
        return self.now + timedelta(minutes=minutes * math.exp(uneven * self.draw.standard_normal()))

    def within(self, due: datetime, middle: float, uneven: float) -> datetime:
        """A moment on the way to a limit, or somewhat after it."""
        share = middle * math.exp(uneven * self.draw.standard_normal()) * self.slowness()
        return self.case.started_at + share * (due - self.case.started_at)

    def slowness(self) -> float:
        return WEAK_TIMES if self.case.handler in self.ground.weak else 1.0

    def chance(self, share: float) -> bool:
        return float(self.draw.random()) < share

    def open(self, at: datetime, post: str) -> datetime:
        """That moment, or when those of a post are at work again; what cannot wait is seen to at any hour."""
        if self.case.urgency != "normal":
            return at
        if self.case.group in BY_DAY:
            post = "environment_officer"
        begins = self.ground.calendars.of_role(post).next_open(at)
        return at if begins <= at else begins + timedelta(minutes=between(self.draw, 2, 40))

    def daytime(self, at: datetime) -> datetime:
        """In the daytime; an estate is lived in on holidays, too."""
        begins = self.ground.calendars.of_role("technician").next_open(at)
        return at if begins <= at else begins + timedelta(minutes=between(self.draw, 2, 50))

    def desk(self, at: datetime) -> Hand:
        return self.ground.crew.desk(at, self.draw, self.case.about)

    def handler(self, at: datetime) -> Generator[Doing, Outcome | None, Hand]:
        """Whoever has it; while he is away it is handed out again first."""
        crew, case = self.ground.crew, self.case
        found = crew.hands.get(case.handler or "")
        if found is not None and crew.away(found.code, at) and case.status in ("dispatched", "accepted", "in_progress"):
            deputy = crew.present(found.code, at)
            if deputy is not None and deputy.code != case.about:
                yield from self.do(at, self.desk(at).actor, "dispatch", to=deputy.code)
                if case.status == "dispatched":
                    yield from self.do(self.after(5), deputy.actor, "accept")
                found = deputy
        return found or self.desk(at)

    def place(self) -> dict[str, float]:
        """Where he stands: by the issue, as exactly as a phone knows."""
        far, turn = 4 + 8 * float(self.draw.random()), 2 * math.pi * float(self.draw.random())
        lon = self.case.lon + far * math.cos(turn) / DEGREE_EAST_M
        lat = self.case.lat + far * math.sin(turn) / DEGREE_NORTH_M
        spot = snap((lon, lat))
        return {"lon": float(spot[0]), "lat": float(spot[1])}
