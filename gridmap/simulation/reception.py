"""What comes in on the estate: reports of residents and staff, alarms of sensors, and forms, each by its own way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from gridmap.domain.lifecycle import EMERGENCIES
from gridmap.domain.model import Site
from gridmap.operations import alarms, inspections
from gridmap.operations.alarms import Signal
from gridmap.operations.intake import Intake, Outcome, Report
from gridmap.operations.routing import Router
from gridmap.simulation import inspecting
from gridmap.simulation.cases import Case, of_answer, of_row
from gridmap.simulation.chance import between, one_of
from gridmap.simulation.crew import Crew, Hand
from gridmap.storage.moves import issues_in_full

PASSED_FORMS: Final = 3  # a day
FORM_HOURS: Final = (8.5, 17.0)
# Who finds something has nobody to be asked afterwards.
FOUND: Final = ("patrol", "inspection")
CALLED: Final = ("hotline", "front_desk")
SAID: Final = (
    "lon", "lat", "category", "kind", "urgency", "text", "level", "facility", "about", "accuracy_m",
)  # fmt: skip
Row = dict[str, Any]


@dataclass
class Reception:
    """Takes what comes, and says which issues came of it."""

    site: Site
    crew: Crew
    seed: int
    buildings: Sequence[str]
    # What is written down later went out when it came.
    intake: Intake = field(default_factory=lambda: Intake(later=True))
    coming: list[Row] = field(default_factory=list)  # the latest first
    forms: list[tuple[datetime, str]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.site.timezone)

    def draw(self, *of: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, *of])

    def expect(self, table: pd.DataFrame, since: datetime) -> None:
        """Let the reports of a frame come in that are yet to come."""
        rows = table[table["reported_at"] > since].to_dict("records")
        for row in rows:
            row["reported_at"] = row["reported_at"].to_pydatetime()
        self.coming = [{str(name): value for name, value in row.items()} for row in reversed(rows)] + self.coming

    def begin_day(self, day: date, since: datetime) -> None:
        """The buildings where a form is filled that passes, and when."""
        draw = self.draw(3, day.toordinal())
        for _ in range(PASSED_FORMS):
            at = datetime.combine(day, time(), self.zone) + timedelta(minutes=round(60 * between(draw, *FORM_HOURS)))
            if at > since:
                self.forms.append((at, one_of(draw, self.buildings)))
        self.forms.sort()

    def take(self, session: Session, end: datetime) -> Iterator[tuple[Case, datetime]]:
        """Everything that comes in by a moment: each new issue, and when it was reported."""
        while self.forms and self.forms[0][0] <= end:
            self._pass(session, *self.forms.pop(0))
        for group in self._groups(end):
            yield from self._take(session, group)

    def _groups(self, end: datetime) -> Iterator[list[Row]]:
        """Reports as they are written down: together, and at once with one that cannot wait."""
        group: list[Row] = []
        while self.coming and self.coming[-1]["reported_at"] <= end:
            group.append(self.coming.pop())
            if group[-1]["urgency"] in EMERGENCIES:
                yield group
                group = []
        if group:
            yield group

    def _take(self, session: Session, group: Sequence[Row]) -> Iterator[tuple[Case, datetime]]:
        plain: list[Row] = []
        for row in group:
            if row["source"] == "sensor":
                yield from self._hear(session, row)
            elif row["source"] == "inspection" and row["category"] in inspecting.FAILS_INTO:
                yield from self._fail(session, row)
            else:
                plain.append(row)
        reports = [self._report(row) for row in plain]
        at: datetime = group[-1]["reported_at"]
        outcomes = self.intake.take(session, reports, at) if reports else []
        self.intake.committed()
        for row, report, outcome in zip(plain, reports, outcomes, strict=True):
            if outcome.error is not None:
                self.refused.append(f"report {row['reference']}: {outcome.error}")
            else:
                yield self._case(row, report, outcome), row["reported_at"]

    def _case(self, row: Row, report: Report, outcome: Outcome) -> Case:
        known = self.intake.known.categories[self.site.code][row["category"]]
        return of_answer(
            outcome.answer, group=known.group, refer_to=known.refer_to, reporter=report.account_id,
            has_reporter=report.reporter_name is not None,
            **{name: row[name] for name in
               ("category", "kind", "urgency", "lon", "lat", "reported_at", "about", "facility")},
        )  # fmt: skip

    def _report(self, row: Row) -> Report:
        """A report as it comes in: by whose account, and who can be asked afterwards."""
        draw = self.draw(7, mark(row["reference"]))
        neighbour = one_of(draw, self.crew.neighbours)
        said = {name: row[name] for name in SAID} | {"source": row["source"], "reported_at": row["reported_at"]}
        if row["source"] in FOUND:
            return Report(account_id=self._finder(draw, row["reported_at"]).account_id, site=self.site.code, **said)
        account = neighbour.account_id
        if row["source"] in CALLED:
            account = self.crew.desk(row["reported_at"], draw).account_id
        return Report(
            account_id=account, site=self.site.code, reporter_name=neighbour.name, reporter_phone=neighbour.phone,
            **said,
        )  # fmt: skip

    def _finder(self, draw: np.random.Generator, at: datetime) -> Hand:
        """Whoever is out on the estate and finds something."""
        able = [*self.crew.of("guard"), *self.crew.of("grid_owner")]
        return one_of(draw, [hand for hand in able if not self.crew.away(hand.code, at)])

    # ------------------------------------------------------------ sensors and forms

    def _hear(self, session: Session, row: Row) -> Iterator[tuple[Case, datetime]]:
        """A sensor says something; while it does, there is one issue of it."""
        at = row["reported_at"]
        sensor = row["facility"] or f"SN-{mark(row['text']) % 97:02d}"
        signal = Signal(
            sensor, "alarm", self.crew.desk(at, self.draw(2)).account_id, row["category"], row["facility"],
            (row["lon"], row["lat"]), row["text"], row["level"], row["urgency"],
        )  # fmt: skip
        heard = alarms.hear(session, self.site, signal, at, self.intake.known)
        if heard.new and heard.issue is not None:
            for case in self.cases(session, [heard.issue]):
                yield replace(case, sensor=sensor, facility=row["facility"]), at

    def _fail(self, session: Session, row: Row) -> Iterator[tuple[Case, datetime]]:
        """A form is filled on which an item fails: that is the issue, unless there is one already."""
        at = row["reported_at"]
        by = self._finder(self.draw(7, mark(row["reference"])), at)
        given = inspecting.failed_form(row["reference"], by, row, at, self.zone)
        inspected = inspections.inspect(session, self.site, given, at, self.intake)
        self.counts["inspections"] += 1
        for case in self.cases(session, inspected.issues.values()):
            if case.reported_at == at:
                yield case, at

    def _pass(self, session: Session, at: datetime, building: str) -> None:
        draw = self.draw(17, mark(building), int(at.timestamp()))
        by = one_of(draw, [hand for hand in self.crew.of("supervisor") if not self.crew.away(hand.code, at)])
        uid = f"F-{at:%y%m%d%H%M}-{building}"
        given = inspecting.passed_form(uid, by, building, at, self.zone, draw)
        inspections.inspect(session, self.site, given, at, self.intake)
        self.counts["inspections"] += 1

    def cases(self, session: Session, codes: Iterable[str]) -> Iterator[Case]:
        """Issues of the store as cases."""
        categories = Router(session, self.intake.known).categories(self.site.code)
        for row in issues_in_full(session, codes):
            yield of_row(dict(row), categories[row["category"]].refer_to)


def mark(text: str) -> int:
    """A number of a text, the same in every run."""
    return int.from_bytes(text.encode()[-7:], "big")
