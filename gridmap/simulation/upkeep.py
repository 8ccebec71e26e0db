"""What is out of order on the estate until it is put right, and sensors that are well again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from sqlalchemy.orm import Session

from gridmap.domain.model import Site
from gridmap.operations import alarms, facilities
from gridmap.operations.alarms import Signal
from gridmap.operations.known import Known
from gridmap.simulation.cases import Case
from gridmap.simulation.chance import between
from gridmap.simulation.crew import Crew
from gridmap.simulation.reception import mark

BREAKS: Final = ("lift", "access_control", "camera", "power", "playground")
BROKEN: Final = 0.3  # of those that are reported, the share that does not work until it is put right
RECOVERS_MIN: Final = (1.0, 60.0)


@dataclass
class Upkeep:
    """Knows what does not work because of which issue."""

    site: Site
    crew: Crew
    seed: int
    broken: dict[str, str] = field(default_factory=dict)
    states: list[tuple[datetime, str, str, str]] = field(default_factory=list)
    recovering: list[tuple[datetime, str]] = field(default_factory=list)
    told_at: datetime | None = None

    def begun(self, case: Case, at: datetime) -> None:
        """What an issue is about may not work until it is resolved."""
        if case.facility is None or case.category not in BREAKS or case.facility in self.broken.values():
            return
        if self._draw(13, case).random() < BROKEN:
            self.broken[case.code] = case.facility
            state = "degraded" if case.urgency == "normal" else "out_of_order"
            self.states.append((at, case.facility, state, case.code))

    def resolved(self, case: Case, at: datetime) -> None:
        facility = self.broken.pop(case.code, None)
        if facility is not None:
            self.states.append((at, facility, "in_order", case.code))
        if case.sensor is not None:
            minutes = between(self._draw(19, case), *RECOVERS_MIN)
            self.recovering.append((at + timedelta(minutes=minutes), case.sensor))

    def recover(self, session: Session, end: datetime, known: Known) -> None:
        """Sensors say that they are well again."""
        for at, sensor in sorted(each for each in self.recovering if each[0] <= end):
            desk = self.crew.desk(at, np.random.default_rng([self.seed, 2]))
            alarms.hear(session, self.site, Signal(sensor, "recovered", desk.account_id), at, known)
        self.recovering = [each for each in self.recovering if each[0] > end]

    def tell(self, session: Session, at: datetime) -> None:
        """The states of some hours are told together, each with its moment."""
        self.told_at = at
        for since, facility, state, issue in sorted(self.states):
            facilities.set_state(session, self.site, facility, state, since, at, issue=issue)
        self.states.clear()

    def _draw(self, of: int, case: Case) -> np.random.Generator:
        return np.random.default_rng([self.seed, of, mark(case.code)])
