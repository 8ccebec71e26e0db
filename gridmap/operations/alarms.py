"""What sensors and cameras say: one alarm is one issue until it recovers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from gridmap.domain.commands import Command
from gridmap.domain.lifecycle import ENDED
from gridmap.domain.model import Site
from gridmap.errors import FieldError
from gridmap.operations.intake import Intake, Report
from gridmap.operations.known import Known
from gridmap.operations.moves import Moves, act_on
from gridmap.storage import alarms as stored


@dataclass(frozen=True)
class Signal:
    """What a sensor says: that something is wrong at a place or a facility, or that it is well again."""

    sensor: str
    state: str
    account_id: int
    category: str = "alarm_system"
    facility: str | None = None
    spot: tuple[float, float] | None = None
    text: str | None = None
    level: str | None = None
    urgency: str | None = None


@dataclass(frozen=True)
class Heard:
    """What came of it: the issue it is seen to as, if there is one, and whether that is new."""

    issue: str | None
    new: bool = False
    times: int = 0


def hear(session: Session, site: Site, signal: Signal, at: datetime, known: Known | None = None) -> Heard:
    """Take what a sensor says: begin an issue, count that it goes on, or note that it is over."""
    alarm = stored.going(session, site.id, signal.sensor)
    if signal.state == "recovered":
        if alarm is None:
            return Heard(None)
        stored.end(session, alarm["id"], at)
        Moves(session, at, known).recovered(alarm["issue"])
        return Heard(alarm["issue"], times=alarm["times"])
    if alarm is None:
        return _begin(session, site, signal, at)
    stored.again(session, alarm["id"], at)
    if alarm["status"] in ENDED and alarm["status"] != "merged":
        again = Command(alarm["issue"], "reopen", note=f"{signal.sensor}: the alarm goes on")
        act_on(session, again, at, known)
    return Heard(alarm["issue"], times=alarm["times"] + 1)


def _begin(session: Session, site: Site, signal: Signal, at: datetime) -> Heard:
    spot = signal.spot
    if spot is None and signal.facility is not None:
        spot = stored.spot_of(session, site.id, signal.facility)
        if spot is None:
            raise FieldError("facility", f"no facility is called {signal.facility!r} here")
    if spot is None:
        raise FieldError("facility", "say where it is: a facility, or lon and lat")
    report = Report(
        lon=spot[0], lat=spot[1], account_id=signal.account_id, source=signal.sensor, category=signal.category,
        kind="alarm", urgency=signal.urgency, text=signal.text, level=signal.level, facility=signal.facility,
        reported_at=at, site=site.code,
    )  # fmt: skip
    outcome = Intake().take(session, [report], at)[0]
    if outcome.error is not None:
        raise outcome.error
    code = json.loads(outcome.answer)["code"]
    stored.begin(session, site.id, signal.sensor, signal.facility, code, at)
    return Heard(code, new=True, times=1)
