"""The estate as it lives: what is reported, walked, inspected and done, step by step, through the users' operations.

The same seed on the same empty store gives the same history. What is open is taken up again where it stands, so a
world can be left and entered at any time.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from sqlalchemy.orm import Session

from gridmap.domain.lifecycle import ENDED
from gridmap.domain.model import Site
from gridmap.operations import escalation, rounds, warnings
from gridmap.operations.clock import WORKS
from gridmap.operations.moves import Outcome, act
from gridmap.operations.routing import Router
from gridmap.simulation import shifts
from gridmap.simulation.cases import Case
from gridmap.simulation.crew import Crew
from gridmap.simulation.lives import Living
from gridmap.simulation.reception import Reception, mark
from gridmap.simulation.tales import ASKED, TRIED, Doing, Ground, Life
from gridmap.simulation.upkeep import Upkeep
from gridmap.simulation.visiting import Visits, viewer_of
from gridmap.simulation.walks import Walker
from gridmap.storage.database import Database
from gridmap.storage.prepared import weigh_anew

# What people do is written down every two hours, each thing with its own moment: batches are how it gets fast.
STEP: Final = timedelta(hours=2)
COMMITTED: Final = timedelta(hours=4)
WALKS_TOLD: Final = timedelta(hours=4)
# What state facilities are in moves the revision, and all that is known of the plan is read anew.
STATES_TOLD: Final = timedelta(hours=12)
LIVE_TOLD: Final = timedelta(minutes=5)
# How often the clock does its works, where once a day would not do; at night it is quiet.
A_DAY: Final = timedelta(days=1)
EVERY: Final = {"limits": timedelta(hours=2), "silence": timedelta(hours=6), "rounds": timedelta(hours=8)}
NIGHT: Final = range(6)
NIGHTLY: Final = timedelta(hours=3)
SHIFTS_AHEAD: Final = 14
WEIGHED: Final = 200
LONGEST_ROUND: Final = timedelta(days=20)


@dataclass(order=True)
class Turn:
    """Somebody's next doing, in the order of time."""

    at: datetime
    number: int
    living: Living = field(compare=False)
    tale: Life = field(compare=False)
    doing: Doing = field(compare=False)

    @property
    def waits(self) -> bool:
        """Whether the tale goes on only once it is known what came of it."""
        return self.doing[1].action in ASKED


@dataclass
class World:
    """An estate, its people, and all that is under way on it up to `at`."""

    database: Database
    site: Site
    crew: Crew
    at: datetime
    reception: Reception
    upkeep: Upkeep
    walker: Walker
    visits: Visits
    ground: Ground
    # Whether it does the works of the clock itself; where a service runs, that has one.
    clock: bool = True
    spells: list[tuple[datetime, warnings.Weather]] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    worked: dict[str, datetime] = field(default_factory=dict)
    told_at: datetime | None = None
    read_until: datetime | None = None
    day: int = 0
    # The last issue that was looked at for whether somebody else has reported it.
    seen: int = 0

    def live(
        self,
        until: datetime,
        tell: Callable[[datetime], None] | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> None:
        """Let everything happen up to a moment."""
        while self.at < until and not (stop and stop()):
            end = min(self.at + COMMITTED, until)
            with self.database.session() as session:
                while self.at < end:
                    self._step(session, min(self.at + STEP, end))
                last = self.upkeep.told_at
                if not self.clock or last is None or self.at - last >= STATES_TOLD or self.at >= until:
                    self.upkeep.tell(session, self.at)
                self._weigh(session)
            if tell:
                tell(self.at)

    def _step(self, session: Session, end: datetime) -> None:
        if not self.clock:  # others may change the plan
            self.reception.intake.known = self.reception.intake.known.current(session)
        self._begin_day(session)
        self._walk(session, end)
        self.visits.tell(session, end)
        self._weather(session, end)
        for case, at in self.reception.take(session, end):
            self.begin(case, at)
        self._act(session, end)
        self.upkeep.recover(session, end, self.reception.intake.known)
        self._work(session, end)
        self.at = end

    def _weigh(self, session: Session) -> None:
        """Each time that there is twice as much, statements are planned anew."""
        if self.counts["actions"] >= 2 * self.counts["weighed"] + WEIGHED:
            self.counts["weighed"] = self.counts["actions"]
            weigh_anew(session)

    def _begin_day(self, session: Session) -> None:
        day = self.at.astimezone(self.reception.zone).date()
        if self.day != day.toordinal():
            self.day = day.toordinal()
            self.write_shifts(session)
            self.reception.begin_day(day, self.at)
            self.visits.begin_day(day, self.at)

    def write_shifts(self, session: Session) -> None:
        """Who is on duty in the next days."""
        zone = self.reception.zone
        day = self.at.astimezone(zone).date()
        shifts.write_shifts(session, self.crew, zone, day, day + timedelta(days=SHIFTS_AHEAD))

    def _weather(self, session: Session, end: datetime) -> None:
        while self.spells and self.spells[0][0] <= end:
            at, said = self.spells.pop(0)
            desk = self.crew.desk(at, np.random.default_rng([self.reception.seed, 5]))
            warnings.declare(session, self.site, said, at, by=viewer_of(self.site, desk))

    # ------------------------------------------------------------ patrols and the clock

    def _walk(self, session: Session, end: datetime) -> None:
        if self.told_at is not None and end - self.told_at < (WALKS_TOLD if self.clock else LIVE_TOLD):
            return
        self._tell_walks(session, end)

    def _tell_walks(self, session: Session, end: datetime) -> None:
        told = self.walker.tell(session, end)
        self.counts["check-ins"] += len(told)
        self.refused += [f"check-in {end:%m-%d %H:%M}: {each.error}" for each in told if each.error is not None]
        self.told_at = end

    def _work(self, session: Session, end: datetime) -> None:
        """What the clock does by itself, each of its works as often as it matters here."""
        night = end.astimezone(self.reception.zone).hour in NIGHT
        for name, work in WORKS.items():
            every = NIGHTLY if night and name == "limits" else EVERY.get(name, A_DAY)
            if end - self.worked.setdefault(name, self.at) < every:
                continue
            self.worked[name] = end
            if name == "rounds":  # before it is said which were missed
                self._tell_walks(session, end)
            if self.clock and name == "limits":
                escalation.escalate(session, end, Router(session, self.reception.intake.known))
            elif self.clock:
                work(session, end)
            if name == "rounds":
                self.read_rounds(session, end)

    def read_rounds(self, session: Session, end: datetime) -> None:
        """Learn of the rounds that have been given out."""
        until = end + rounds.AHEAD / 2
        self.walker.read(session, self.read_until or end - LONGEST_ROUND, until, end)
        self.read_until = until

    # ------------------------------------------------------------ what people do

    def begin(self, case: Case, at: datetime) -> None:
        """An issue begins to live."""
        self.counts["issues"] += 1
        self.upkeep.begun(case, at)
        self.enter(case, at)

    def enter(self, case: Case, at: datetime) -> None:
        """An issue is lived with, from where it stands."""
        if case.status in ENDED:
            return
        self.ground.twins.setdefault((case.category, case.tiers[1]), case.code)
        draw = np.random.default_rng([self.reception.seed, 9, mark(case.code)])
        living = Living(case, self.ground, draw, max(at, case.reported_at))
        self._go_on(living, living.tale(), None)

    def _act(self, session: Session, end: datetime) -> None:
        """Everything that people do by `end`; what waits for an outcome goes on once it is known."""
        self.ground.at = end
        while self.turns and self.turns[0].at <= end:
            taken: list[Turn] = []
            while self.turns and self.turns[0].at <= end:
                turn = heapq.heappop(self.turns)
                taken.append(turn)
                if not turn.waits:
                    self._go_on(turn.living, turn.tale, None)
            outcomes = act(session, [turn.doing[1] for turn in taken], end, self.reception.intake.known)
            lost = {turn.living.case.code for turn, said in zip(taken, outcomes, strict=True) if self._lost(turn, said)}
            for turn, outcome in zip(taken, outcomes, strict=True):
                if turn.living.case.code not in lost:
                    self._done(turn, outcome)
            if lost:
                self._find_again(session, lost, end)

    def _lost(self, turn: Turn, outcome: Outcome) -> bool:
        """Whether a tale and the store differ: somebody else has acted. What may be refused is no such sign."""
        at, command = turn.doing
        self.counts["actions"] += 1
        if outcome.error is None or command.action in TRIED:
            return False
        self.refused.append(f"{command.issue} {at:%m-%d %H:%M} {command.action}: {outcome.error}")
        return True

    def _find_again(self, session: Session, codes: set[str], end: datetime) -> None:
        """Issues go on from where they really stand."""
        self.turns = [turn for turn in self.turns if turn.living.case.code not in codes]
        heapq.heapify(self.turns)
        for case in self.reception.cases(session, sorted(codes)):
            self.enter(case, end)

    def _done(self, turn: Turn, outcome: Outcome) -> None:
        if turn.doing[1].action == "resolve":
            self.upkeep.resolved(turn.living.case, turn.doing[0])
        if turn.waits:
            self._go_on(turn.living, turn.tale, outcome)

    def _go_on(self, living: Living, tale: Life, outcome: Outcome | None) -> None:
        """The next doing of a tale, if it has any."""
        try:
            doing = tale.send(outcome)
        except StopIteration:
            twin = (living.case.category, living.case.tiers[1])
            if self.ground.twins.get(twin) == living.case.code:
                del self.ground.twins[twin]
            return
        self.counts["turns"] += 1
        heapq.heappush(self.turns, Turn(doing[0], self.counts["turns"], living, tale, doing))
