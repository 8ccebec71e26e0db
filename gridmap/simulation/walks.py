"""Rounds as they are walked: past checkpoints at a walking pace; some are missed, a few scans are not believable."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from gridmap.domain.frequencies import Frequency
from gridmap.domain.model import Checkpoint, PatrolPlan, Round, Site
from gridmap.domain.patrols import Fix
from gridmap.operations import patrols, tracks
from gridmap.operations.patrols import CheckInGiven, CheckpointGiven, ready_plan
from gridmap.simulation.chance import between
from gridmap.simulation.drawing import DEGREE_EAST_M, DEGREE_NORTH_M
from gridmap.simulation.estate import Estate

PACE_M_S: Final = (1.0, 1.4)
AT_CHECKPOINT_S: Final = (40, 150)
# Shares of rounds: not walked at all, broken off, begun so late that they end late; of the weak far more are missed.
MISSED, BROKEN, WEAK_MISSED = 0.045, 0.03, 0.22
WEAK_ZONE: Final = "WJ-K"
# Shares of check-ins: of a copied plate, by the position alone, from too far away.
COPIED, BY_POSITION, FAR = 0.004, 0.12, 0.003
NOISE_M: Final = 5.0
FIX_EVERY_S: Final = 45
TRACKED: Final = 0.12  # the share of rounds whose walk is sent with them

Spot = tuple[float, float]


def write_plans(session: Session, site: Site, estate: Estate, since: date) -> dict[str, str]:
    """Checkpoints with new plates, and plans of rounds if there are none: the tokens of the plates."""
    points = list(_checkpoints(estate))
    tokens: dict[str, str] = patrols.write_checkpoints(session, site, [point for _, point in points])
    codes: dict[str, list[str]] = {}
    for sort, point in points:
        codes.setdefault(sort, []).append(point.code)
    if session.scalar(select(PatrolPlan.id).where(PatrolPlan.site_id == site.id).limit(1)) is None:
        for plan in _plans(codes, since):
            patrols.write_plan(session, site, plan)
    return tokens


def _checkpoints(estate: Estate) -> Iterator[tuple[str, CheckpointGiven]]:
    """Gates and cameras for guards, machine rooms, waste stations, and the doors of homes."""
    sorts = {"gate": "guard", "playground": "guard", "charging": "guard", "hydrant": "guard",
             "pump_room": "machines", "power_room": "machines", "waste_station": "stations"}  # fmt: skip
    for row in estate.facilities.to_dict("records"):
        sort = sorts.get(row["kind"])
        if sort is not None and row["code"].split("-")[1].isalpha() and len(row["code"].split("-")[1]) == 1:
            radius = 60.0 if row["kind"] == "waste_station" else 40.0
            yield sort, CheckpointGiven(f"CK-{row['code']}", row["name"], facility=row["code"], radius_m=radius)
    for row in estate.buildings.to_dict("records"):
        yield "home", CheckpointGiven(f"CK-B-{row['code']}", f"{row['name']}大堂", building=row["code"], radius_m=60.0)


def _plans(codes: dict[str, list[str]], since: date) -> Iterator[patrols.PlanGiven]:
    def points(sort: str) -> tuple[str, ...]:
        return tuple(codes[sort])

    yield ready_plan(
        "guard_rounds", "PL-GUARD", since, checkpoints=points("guard"), sample=2, grace_minutes=30,
        frequency=Frequency("hours", every=4),
    )  # fmt: skip
    yield ready_plan("machine_rooms", "PL-MACHINES", since, checkpoints=points("machines"), grace_minutes=30)
    yield ready_plan("sanitation", "PL-STATIONS", since, checkpoints=points("stations"), grace_minutes=30)
    yield ready_plan(
        "common_parts_sample", "PL-COMMON", since, role="supervisor", checkpoints=points("home"), sample=1,
        grace_minutes=30,
    )  # fmt: skip
    yield ready_plan("visits", "PL-VISITS", since)
    yield ready_plan("joint_check", "PL-JOINT", since, checkpoints=points("home"), sample=2, grace_minutes=60)


@dataclass
class Walker:
    """Walks the rounds that are given out, and tells of them what a phone would."""

    site: Site
    seed: int
    tokens: dict[str, str]
    spots: dict[int, tuple[str, Spot, float]] = field(default_factory=dict)
    waiting: list[CheckInGiven] = field(default_factory=list)
    fixes: dict[int, list[Fix]] = field(default_factory=dict)

    def read(self, session: Session, since: datetime, until: datetime, at: datetime) -> None:
        """The rounds that begin in [since, until) and are not over, and how each of them goes from a moment on."""
        if not self.spots:
            self.spots = _spots(session, self.site)
        rows = session.execute(
            select(Round.id, Round.person_id, Round.grid_code, Round.starts, Round.ends, Round.stops)
            .where(Round.site_id == self.site.id, Round.starts >= since, Round.starts < until, Round.ends > at)
            .where(Round.status == "planned", Round.person_id.is_not(None))
            .order_by(Round.starts, Round.plan_id, Round.grid_code, Round.key)
        ).all()
        for row in rows:
            self._walk(row, at)

    def _walk(self, row: Any, now: datetime) -> None:
        draw = np.random.default_rng([self.seed, 11, row.id])
        weak = str(row.grid_code or "").startswith(WEAK_ZONE)
        if draw.random() < (WEAK_MISSED if weak else MISSED):
            return
        stops = [self.spots[stop] for stop in row.stops]
        if draw.random() < BROKEN:
            stops = stops[: len(stops) // 2]
        spare = (row.ends - row.starts).total_seconds()
        at = row.starts + timedelta(seconds=round(spare * between(draw, *_begins(spare))))
        if at < now:  # it was under way when all this began
            at = now + timedelta(seconds=round((row.ends - now).total_seconds() * between(draw, 0.02, 0.5)))
        here: Spot | None = None
        tracked = draw.random() < TRACKED
        for number, (code, spot, radius) in enumerate(stops):
            leaves = at
            if here is not None:
                at += timedelta(seconds=round(_metres(here, spot) / between(draw, *PACE_M_S)))
            if tracked and here is not None:
                self.fixes.setdefault(row.person_id, []).extend(_on_the_way(draw, here, spot, leaves, at))
            self.waiting.append(self._scan(draw, row, f"{row.id}-{number}", code, spot, radius, at))
            at += timedelta(seconds=round(between(draw, *AT_CHECKPOINT_S)))
            here = spot

    def _scan(
        self, draw: np.random.Generator, row: Any, uid: str, code: str, spot: Spot, radius: float, at: datetime
    ) -> CheckInGiven:
        token = self.tokens.get(code)
        drawn = float(draw.random())
        far = radius * between(draw, 4, 9) if drawn < COPIED + FAR else 0.0
        by_position = token is None or COPIED <= drawn < COPIED + FAR + BY_POSITION
        lon, lat = _moved(draw, spot, NOISE_M + far, far)
        method = "gps" if by_position else "nfc" if draw.random() < 0.3 else "qr"
        return CheckInGiven(
            row.person_id, uid, at, method, round=row.id, checkpoint=code, token=None if by_position else token,
            lon=lon, lat=lat, accuracy_m=round(between(draw, 3, 12), 1),
        )  # fmt: skip

    def tell(self, session: Session, at: datetime) -> list[patrols.CheckedIn]:
        """Send what has been scanned by a moment, and the walks between."""
        due = sorted((each for each in self.waiting if each.at <= at), key=lambda each: (each.at, each.uid))
        if not due:
            return []
        self.waiting = [each for each in self.waiting if each.at > at]
        told = patrols.check_in(session, list(_by_now(session, due)), at)
        for person, fixes in sorted(self.fixes.items()):
            past = [fix for fix in fixes if fix.at <= at]
            if past:
                tracks.take_track(session, person, past, at)
        self.fixes = {person: left for person, fixes in self.fixes.items() if (left := [f for f in fixes if f.at > at])}
        return told


def _by_now(session: Session, due: Sequence[CheckInGiven]) -> Iterator[CheckInGiven]:
    """The same by whoever has each round by now: it may have been given to another since."""
    asked = select(Round.id, Round.person_id).where(Round.id.in_({each.round for each in due}))
    people = dict(session.execute(asked).all())
    for each in due:
        person = people.get(each.round or 0)
        if person is not None:
            yield replace(each, person_id=person)


def _begins(spare_s: float) -> tuple[float, float]:
    """Between which shares of its time a round begins: of a day's, in the working hours."""
    return (0.03, 0.7) if spare_s < 5 * 3600 else (0.36, 0.7) if spare_s < 26 * 3600 else (0.1, 0.9)


def _spots(session: Session, site: Site) -> dict[int, tuple[str, Spot, float]]:
    rows = session.execute(
        select(
            Checkpoint.id, Checkpoint.code, Checkpoint.radius_m, Checkpoint.geom.ST_X(), Checkpoint.geom.ST_Y()
        ).where(Checkpoint.site_id == site.id)
    )
    return {number: (code, (lon, lat), radius) for number, code, radius, lon, lat in rows}


def _metres(one: Spot, other: Spot) -> float:
    return math.hypot((one[0] - other[0]) * DEGREE_EAST_M, (one[1] - other[1]) * DEGREE_NORTH_M)


def _moved(draw: np.random.Generator, spot: Spot, most_m: float, least_m: float = 0.0) -> Spot:
    far, turn = between(draw, least_m, most_m), 2 * math.pi * float(draw.random())
    return spot[0] + far * math.cos(turn) / DEGREE_EAST_M, spot[1] + far * math.sin(turn) / DEGREE_NORTH_M


def _on_the_way(
    draw: np.random.Generator, here: Spot, there: Spot, leaves: datetime, arrives: datetime
) -> Sequence[Fix]:
    """Where a phone was between two checkpoints, as closely as it knows."""
    seconds = (arrives - leaves).total_seconds()
    found = []
    for number in range(1, int(seconds // FIX_EVERY_S)):
        share = number * FIX_EVERY_S / seconds
        spot = here[0] + share * (there[0] - here[0]), here[1] + share * (there[1] - here[1])
        lon, lat = _moved(draw, spot, NOISE_M)
        moment = leaves + timedelta(seconds=number * FIX_EVERY_S)
        found.append(Fix(moment, lon, lat, round(between(draw, 3, 12), 1)))
    return found
