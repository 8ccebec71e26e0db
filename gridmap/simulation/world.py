"""The estate as it lives: what is reported, walked, inspected and done, step by step, through the users' operations.

The same seed on the same empty store gives the same history. What is open is taken up again where it stands, so a
world can be left and entered at any time.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gridmap.domain.lifecycle import ENDED
from gridmap.domain.model import Alarm, Issue, IssueEvent, Site
from gridmap.domain.rights import Viewer
from gridmap.errors import GridmapError
from gridmap.operations import alarms, escalation, facilities, inspections, rounds, warnings
from gridmap.operations.alarms import Signal
from gridmap.operations.clock import WORKS
from gridmap.operations.intake import Intake, Report
from gridmap.operations.moves import act
from gridmap.operations.routing import Router
from gridmap.simulation import days, inspecting, lives, shifts, walks, weather
from gridmap.simulation.cases import Case, of_answer, of_row
from gridmap.simulation.chance import between, one_of
from gridmap.simulation.crew import Crew, Hand, crew_of
from gridmap.simulation.estate import Estate
from gridmap.simulation.lives import Doing, Ground, Life, Living
from gridmap.storage import places
from gridmap.storage.database import Database
from gridmap.storage.moves import issues_in_full

STEP: Final = timedelta(hours=1)
# Steps that are committed together, and after how many of them the clock does its works, by day and by night.
COMMITTED: Final = timedelta(hours=4)
A_DAY: Final = timedelta(days=1)
EVERY: Final = {"limits": timedelta(hours=1), "silence": timedelta(hours=6), "rounds": timedelta(hours=4)}
WALKS_TOLD: Final = timedelta(hours=4)
NIGHT: Final = range(6)
NIGHT_WORKED: Final = timedelta(hours=3)
# What cannot be told an hour later, even if it is dated to when it happened.
AT_ONCE: Final = ("life", "emergency")
OUT_OF_ORDER: Final = ("life", "emergency", "urgent")
PASSED_FORMS: Final = 3  # a day
WEAK_SEAT: Final = ("technician", "WJ-F", "repair")
BROKEN: Final = 0.3  # of the lifts and doors that are reported are out of order until they are put right
BREAKS: Final = ("lift", "access_control", "camera", "power", "playground")
# Minutes before its issue is resolved, or after, at which a sensor is well again.
RECOVERS_MIN: Final = (-20.0, 60.0)
SHIFTS_AHEAD: Final = 14
LONGEST_ROUND: Final = timedelta(days=20)

Tell = Callable[[datetime], None]


@dataclass(order=True)
class Turn:
    """Somebody's next doing, in the order of time."""

    at: datetime
    number: int
    living: Living = field(compare=False)
    tale: Life = field(compare=False)
    doing: Doing = field(compare=False)


@dataclass
class World:
    """An estate, its people, and all that is under way on it."""

    database: Database
    site: Site
    estate: Estate
    seed: int
    at: datetime
    entered: datetime
    crew: Crew
    walker: walks.Walker
    ground: Ground
    intake: Intake = field(default_factory=lambda: Intake(later=True))
    turns: list[Turn] = field(default_factory=list)
    coming: list[dict[str, Any]] = field(default_factory=list)  # reports, the latest first
    spells: list[tuple[datetime, warnings.Weather]] = field(default_factory=list)
    recovering: list[tuple[datetime, str]] = field(default_factory=list)
    states: list[tuple[datetime, str, str, str]] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    number: int = 0
    worked: dict[str, datetime] = field(default_factory=dict)
    told_at: datetime | None = None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.site.timezone)

    # ------------------------------------------------------------ the days

    def live(self, until: datetime, tell: Tell | None = None, stop: Callable[[], bool] | None = None) -> None:
        """Let everything happen up to a moment."""
        while self.at < until and not (stop and stop()):
            end = min(self.at + COMMITTED, until)
            with self.database.session() as session:
                while self.at < end:
                    self._step(session, min(self.at + STEP, end))
                self._tell_states(session)
            if tell:
                tell(self.at)

    def _step(self, session: Session, end: datetime) -> None:
        """What happens by `end`, in the order in which it would be told."""
        self._of_day(session, end)
        self._walk(session, end)
        while self.spells and self.spells[0][0] <= end:
            at, said = self.spells.pop(0)
            warnings.declare(session, self.site, said, at, by=self._viewer(self.crew.desk(at, self._draw(5))))
            self.intake.known = self.intake.known.current(session)
        for group in self._groups(end):
            self._take(session, group)
        self._act(session, end)
        self._recover(session, end)
        self._work(session, end)
        self.at = end

    def _of_day(self, session: Session, end: datetime) -> None:
        """What a day begins with: its shifts, its forms."""
        day = self.at.astimezone(self.zone).date()
        if self.counts["day"] == day.toordinal():
            return
        self.counts["day"] = day.toordinal()
        shifts.write_shifts(session, self.crew, self.zone, day, day + timedelta(days=SHIFTS_AHEAD))
        self.forms = list(self._forms(day))

    forms: list[tuple[datetime, str]] = field(default_factory=list)

    def _forms(self, day: date) -> Iterator[tuple[datetime, str]]:
        """Buildings where a form is filled that passes, and when."""
        draw = self._draw(day.toordinal(), 3)
        for _ in range(PASSED_FORMS):
            minute = round(between(draw, 8.5 * 60, 17 * 60))
            at = datetime.combine(day, datetime.min.time(), self.zone) + timedelta(minutes=minute)
            if at > self.at:
                yield at, one_of(draw, self.estate.buildings["code"].tolist())

    def _draw(self, *of: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, *of])

    def _viewer(self, hand: Hand) -> Viewer:
        return Viewer(
            hand.account_id, hand.code.lower(), hand.role, self.site.id, self.site.code, None, hand.person_id, hand.code
        )

    # ------------------------------------------------------------ patrols and the clock

    def _walk(self, session: Session, end: datetime) -> None:
        if self.told_at is None or end - self.told_at >= WALKS_TOLD:
            told = self.walker.tell(session, end)
            self.counts["check-ins"] += len(told)
            self.refused += [f"{end:%m-%d %H:%M} check-in: {each.error}" for each in told if each.error is not None]
            self.told_at = end

    def _work(self, session: Session, end: datetime) -> None:
        """What the clock does by itself, each of its works as often as it matters here."""
        night = end.astimezone(self.zone).hour in NIGHT
        for name, work in WORKS.items():
            every = NIGHT_WORKED if night and name == "limits" else EVERY.get(name, A_DAY)
            if end - self.worked.get(name, self.entered) >= every:
                self.worked[name] = end
                if name == "limits":
                    escalation.escalate(session, end, Router(session, self.intake.known))
                else:
                    work(session, end)
                if name == "rounds":
                    self.read_rounds(session, end)

    def read_rounds(self, session: Session, end: datetime) -> None:
        """Learn of the rounds that have been given out."""
        until = end + rounds.AHEAD / 2
        self.walker.read(session, self.read_until or end - LONGEST_ROUND, until, end)
        self.read_until = until

    read_until: datetime | None = None

    # ------------------------------------------------------------ reports

    def _groups(self, end: datetime) -> Iterator[list[dict[str, Any]]]:
        """The reports by `end` as they are taken: together, and at once with one that cannot wait."""
        group: list[dict[str, Any]] = []
        while self.coming and self.coming[-1]["reported_at"] <= end:
            row = self.coming.pop()
            group.append(row)
            if row["urgency"] in AT_ONCE:
                yield group
                group = []
        if group:
            yield group

    def _take(self, session: Session, group: Sequence[dict[str, Any]]) -> None:
        at: datetime = group[-1]["reported_at"]
        for row in group:
            if row["source"] == "sensor":
                self._hear(session, row)
            elif row["source"] == "inspection" and self._inspect(session, row):
                continue
        rows = [row for row in group if row["source"] not in ("sensor", "inspected")]
        reports = [self._report(row) for row in rows]
        outcomes = self.intake.take(session, reports, at) if rows else []
        self.intake.committed()
        for row, report, outcome in zip(rows, reports, outcomes, strict=True):
            if outcome.error is not None:
                self.refused.append(f"report {row['reference']}: {outcome.error}")
                continue
            known = self.intake.known.categories[self.site.code][row["category"]]
            case = of_answer(
                outcome.answer, category=row["category"], group=known.group, kind=row["kind"], urgency=row["urgency"],
                lon=row["lon"], lat=row["lat"], reported_at=row["reported_at"], about=row["about"],
                reporter=report.account_id, has_reporter=report.reporter_name is not None, refer_to=known.refer_to,
                facility=row["facility"],
            )  # fmt: skip
            self._begin(session, case, row["reported_at"])

    def _report(self, row: dict[str, Any]) -> Report:
        """A report as it comes in: by whose account, and who can be asked afterwards."""
        draw = self._draw(7, _mark(row["reference"]))
        source, at = row["source"], row["reported_at"]
        said = {
            name: row[name] for name in
            ("lon", "lat", "category", "kind", "urgency", "text", "level", "facility", "about", "accuracy_m")
        }  # fmt: skip
        neighbour = one_of(draw, self.crew.neighbours)
        account: int = neighbour.account_id
        if source in ("patrol", "inspection"):
            account = self._finder(draw, row).account_id
        elif source in ("hotline", "front_desk"):
            account = self.crew.desk(at, draw).account_id
        named = {} if source in ("patrol", "inspection") else {
            "reporter_name": neighbour.name, "reporter_phone": neighbour.phone,
        }  # fmt: skip
        return Report(
            account_id=account, source=source, reported_at=at, site=self.site.code, **said, **named,
        )  # fmt: skip

    def _finder(self, draw: np.random.Generator, row: dict[str, Any]) -> Hand:
        """Whoever is out on the estate and finds something."""
        able = [*self.crew.of("guard"), *self.crew.of("grid_owner")]
        able = [hand for hand in able if not self.crew.away(hand.code, row["reported_at"])]
        return one_of(draw, able)

    def _begin(self, session: Session, case: Case, at: datetime) -> None:
        """An issue begins to live."""
        self.counts["issues"] += 1
        if case.status not in ENDED:
            self.ground.twins[case.category, case.tiers[1]] = case.code
            self._enter(case, at)
        if case.facility is not None and case.category in BREAKS:
            self._break(session, case, at)

    def _enter(self, case: Case, at: datetime) -> None:
        living = Living(case, self.ground, self._draw(9, _mark(case.code)), max(at, case.reported_at))
        self.ground.at = max(self.ground.at, at)
        self._go_on(living, living.tale(), None)

    def _break(self, session: Session, case: Case, at: datetime) -> None:
        if self._draw(13, _mark(case.code)).random() < BROKEN and case.facility not in self.broken.values():
            self.broken[case.code] = str(case.facility)
            state = "out_of_order" if case.urgency in OUT_OF_ORDER else "degraded"
            self.states.append((at, str(case.facility), state, case.code))

    def _hear(self, session: Session, row: dict[str, Any]) -> None:
        """A sensor says something; while it does, there is one issue of it."""
        sensor = row["facility"] or f"SN-{_mark(row['text']) % 97:02d}"
        desk = self.crew.desk(row["reported_at"], self._draw(2))
        signal = Signal(
            sensor, "alarm", desk.account_id, row["category"], row["facility"], (row["lon"], row["lat"]), row["text"],
            row["level"], row["urgency"],
        )  # fmt: skip
        heard = alarms.hear(session, self.site, signal, row["reported_at"], self.intake.known)
        if heard.new and heard.issue is not None:
            for case in self._cases(session, [heard.issue]):
                self._begin(session, replace(case, sensor=sensor, facility=row["facility"]), row["reported_at"])

    def _inspect(self, session: Session, row: dict[str, Any]) -> bool:
        """What is found on a form: true if a form was filled, whose failure is the issue."""
        at = row["reported_at"]
        by = self._finder(self._draw(7, _mark(row["reference"])), row)
        given = inspecting.failed_form(row["reference"], by, row, at, self.zone)
        if given is None:
            return False
        row["source"] = "inspected"
        found = inspections.inspect(session, self.site, given, at, self.intake)
        self.counts["inspections"] += 1
        for case in self._cases(session, found.issues.values()):
            if not any(turn.living.case.code == case.code for turn in self.turns):
                self._begin(session, case, at)
        return True

    def _cases(self, session: Session, codes: Any) -> Iterator[Case]:
        categories = Router(session, self.intake.known).categories(self.site.code)
        for row in issues_in_full(session, codes):
            yield of_row(row, categories[row["category"]].refer_to)

    # ------------------------------------------------------------ what people do

    def _act(self, session: Session, end: datetime) -> None:
        """Everything that people do by `end`; what asks for its outcome goes on once it is known."""
        self._fill(session, end)
        self.ground.at = end
        while self.turns and self.turns[0].at <= end:
            taken: list[Turn] = []
            while self.turns and self.turns[0].at <= end:
                turn = heapq.heappop(self.turns)
                taken.append(turn)
                if turn.doing[1].action not in lives.ASKED:
                    self._go_on(turn.living, turn.tale, None)
            outcomes = act(session, [turn.doing[1] for turn in taken], end, self.intake.known)
            for turn, outcome in zip(taken, outcomes, strict=True):
                self.counts["actions"] += 1
                if outcome.error is not None:
                    self._refuse(turn, outcome.error)
                if turn.doing[1].action in lives.ASKED:
                    self._go_on(turn.living, turn.tale, outcome)
                if turn.doing[1].action == "resolve":
                    self._mended(session, turn)

    def _go_on(self, living: Living, tale: Life, outcome: Any) -> None:
        """The next doing of a tale."""
        try:
            doing = tale.send(outcome)
        except StopIteration:
            twin = (living.case.category, living.case.tiers[1])
            if self.ground.twins.get(twin) == living.case.code:
                del self.ground.twins[twin]
            return
        self.number += 1
        heapq.heappush(self.turns, Turn(doing[0], self.number, living, tale, doing))

    def _refuse(self, turn: Turn, error: GridmapError) -> None:
        if turn.doing[1].action != "merge":  # the other one may have ended meanwhile
            self.refused.append(f"{turn.doing[0]:%m-%d %H:%M} {turn.doing[1].action} {turn.doing[1].issue}: {error}")

    def _fill(self, session: Session, end: datetime) -> None:
        while self.forms and min(self.forms)[0] <= end:
            at, building = min(self.forms)
            self.forms.remove((at, building))
            draw = self._draw(17, _mark(f"{at:%y%m%d%H%M}{building}"))
            by = one_of(draw, self.crew.of("supervisor"))
            given = inspecting.passed_form(f"F-{at:%y%m%d%H%M}-{building}", by, building, at, self.zone, draw)
            inspections.inspect(session, self.site, given, at, self.intake)
            self.counts["inspections"] += 1

    def _mended(self, session: Session, turn: Turn) -> None:
        """What was out of order works again, and its sensor says so after a while."""
        case, at = turn.living.case, turn.doing[0]
        facility = self.broken.pop(case.code, None)
        if facility is not None:
            self.states.append((at, facility, "in_order", case.code))
        if case.sensor is not None:
            minutes = between(self._draw(19, _mark(case.code)), *RECOVERS_MIN)
            self.recovering.append((at + timedelta(minutes=max(0.0, minutes)), case.sensor))

    def _tell_states(self, session: Session) -> None:
        """What state facilities are in is told with the rest of some hours: all that is known of a plan is read anew."""
        for since, facility, state, issue in self.states:
            facilities.set_state(session, self.site, facility, state, since, self.at, issue=issue)
        self.states.clear()

    def _recover(self, session: Session, end: datetime) -> None:
        for at, sensor in sorted(each for each in self.recovering if each[0] <= end):
            desk = self.crew.desk(at, self._draw(2))
            alarms.hear(session, self.site, Signal(sensor, "recovered", desk.account_id), at, self.intake.known)
        self.recovering = [each for each in self.recovering if each[0] > end]


def _mark(text: str) -> int:
    """A number of a text, the same in every run."""
    return int.from_bytes(text.encode()[-7:], "big")
