"""When the staff of the estate are on duty, and when some of them are away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from gridmap.domain.model import Leave, Shift
from gridmap.simulation.chance import shuffled, whole
from gridmap.simulation.crew import Crew, Hand

# post: the hour at which a shift begins, and how long it lasts; those who share round the clock change every week
DAY_SHIFTS: Final = {
    "technician": (8, 12), "contractor": (7, 11), "environment_officer": (7, 11), "grid_owner": (8, 10),
    "front_desk": (8, 10), "emergency_team": (8, 12),
}  # fmt: skip
ROUND_THE_CLOCK: Final = ("guard", "dispatcher", "control_room")
WEEK_DAYS: Final = 7
# Who shares a rest day rests on it; the others of the role stand in.
RESTING: Final = ("grid_owner",)
ON_LEAVE: Final = (("grid_owner", 4), ("supervisor", 1), ("technician", 1))
LEAVE_DAYS: Final = (3, 8)


def write_shifts(session: Session, crew: Crew, zone: ZoneInfo, since: date, until: date) -> int:
    """Put the shifts of all days of [since, until) down that are not there: how many."""
    people = [hand.person_id for hand in crew.hands.values()]
    last = session.scalar(select(func.max(Shift.starts)).where(Shift.person_id.in_(people)))
    if last is not None:
        since = max(since, last.astimezone(zone).date() + timedelta(days=1))
    rows = [
        row
        for number in range((until - since).days)
        for row in _of_day(crew, since + timedelta(days=number), zone)
    ]  # fmt: skip
    if rows:
        session.execute(insert(Shift), rows)
    return len(rows)


def _of_day(crew: Crew, day: date, zone: ZoneInfo) -> Iterator[dict[str, Any]]:
    for role, (begins, hours) in DAY_SHIFTS.items():
        for number, hand in enumerate(crew.of(role)):
            if role not in RESTING or (day.toordinal() + number) % WEEK_DAYS:
                yield _shift(hand, day, begins, hours, zone)
    week = day.toordinal() // WEEK_DAYS
    for role in ROUND_THE_CLOCK:
        for shared in _together(crew, role):
            for number, hand in enumerate(shared):
                night = len(shared) > 1 and (number + week) % 2
                yield _shift(hand, day, 19 if night else 7, 12, zone)


def _together(crew: Crew, role: str) -> list[list[Hand]]:
    """Those who share a ground: two of them are day and night."""
    return [
        [crew.hands[code] for code in held]
        for (post, _), held in sorted(crew.seats.items(), key=str)
        if post == role
    ]  # fmt: skip


def _shift(hand: Hand, day: date, begins: int, hours: int, zone: ZoneInfo) -> dict[str, Any]:
    starts = datetime.combine(day, time(begins), zone)
    return {"person_id": hand.person_id, "starts": starts, "ends": starts + timedelta(hours=hours)}


def write_leaves(session: Session, crew: Crew, draw: np.random.Generator, since: datetime, days: int) -> None:
    """A few go away for some days each; never somebody and his deputy together."""
    busy: set[str] = set(crew.leaves)
    for role, count in ON_LEAVE:
        able = [hand for hand in shuffled(draw, crew.of(role)) if hand.code in crew.deputies]
        for hand in able[:count]:
            deputy = crew.deputies[hand.code]
            # Everybody is back when the days are over.
            starts = since + timedelta(days=int(draw.random() * max(days - LEAVE_DAYS[1], 0)))
            ends = starts + timedelta(days=whole(draw, *LEAVE_DAYS))
            if {hand.code, deputy} & busy or days <= LEAVE_DAYS[1]:
                continue
            busy |= {hand.code, deputy}
            session.add(Leave(person_id=hand.person_id, starts=starts, ends=ends))
            crew.leaves[hand.code].append((starts, ends))
