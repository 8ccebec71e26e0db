"""From limits to deadlines: when a stamp is due, what holds and the weather make of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from gridmap.domain.calendar import ZERO, Calendar, Calendars, midnight, utc
from gridmap.domain.limits import BY_DAYS, BY_ROLE, DAY, TRADE, Limit, Table

# Where life is in danger, or the ground is in trouble, no weather makes it wait.
NEVER_STRETCHED: Final = ("life", "emergency")
# Between the end of a day and the day itself.
INSTANT: Final = timedelta(microseconds=1)


@dataclass(frozen=True)
class Due:
    """When something is due; never while it is on hold; provisional if a year's calendar may still change it."""

    at: datetime | None
    provisional: bool = False


@dataclass(frozen=True)
class Hold:
    """A time in which nothing could be done; it has no end while it lasts."""

    begins: datetime
    ends: datetime | None = None


@dataclass(frozen=True)
class Stretch:
    """A weather warning: while it lasts, limits of some stamps on some grids take `factor` times as long."""

    kind: str
    starts: datetime
    ends: datetime | None
    factor: float = 1.5
    grids: tuple[str, ...] | None = None
    stamps: tuple[str, ...] | None = None

    def covers(self, chain: Collection[str]) -> bool:
        """Whether it is for a place, told by the grids it lies in."""
        return self.grids is None or any(code in chain for code in self.grids)

    def touches(self, start: datetime, end: datetime) -> bool:
        """Whether it is in force at some moment from the first to the second."""
        return self.starts <= end and (self.ends is None or self.ends > start)


@dataclass(frozen=True)
class Matter:
    """What limits ask of an issue, and the codes of the grids it lies in."""

    kind: str
    urgency: str
    group: str
    category: str
    chain: tuple[str, ...] = ()
    complex: bool = False


@dataclass(frozen=True)
class Deadline:
    """A stamp's limit as it runs for an issue: from when, until when, and by which rule; not due while on hold."""

    stamp: str
    started_at: datetime
    due_at: datetime | None
    provisional: bool
    rule: Mapping[str, Any]


@dataclass(frozen=True)
class _Counting:
    """How a clock counts: when so much has passed, how much lies between two moments, and so much later again."""

    end: Callable[[datetime, timedelta], datetime]
    between: Callable[[datetime, datetime], timedelta]
    later: Callable[[datetime, timedelta], datetime]


def due(
    limit: Limit,
    start: datetime,
    calendars: Calendars,
    holds: Sequence[Hold] = (),
    stretches: Sequence[Stretch] = (),
) -> Due:
    """When a limit that began at a moment is over.

    A hold counts in the limit's own clock, as far as the limit was running; one that began when the limit was over
    excuses nothing. The weather counts if it was in force before the limit was over, and the worst of it counts.
    """
    if limit.after is None:
        return Due(None)
    begun = utc(start)
    calendar = calendars.of_role(limit.role) if limit.clock in BY_ROLE and limit.role else None
    counting = _counting(limit, calendars, calendar)
    held = _merged(holds)
    end = _run(counting, begun, limit.after, held)
    if end is not None and stretches:
        factor = _factor(limit.stamp, begun, end, stretches)
        if factor > 1:
            end = _run(counting, begun, _stretched(limit, factor), held)
    if end is None:
        return Due(None)
    return Due(end, calendar is not None and calendar.tentative(begun, end))


def _run(counting: _Counting, start: datetime, after: timedelta, holds: Sequence[Hold]) -> datetime | None:
    end = counting.end(start, after)
    for hold in holds:
        if hold.begins >= end:
            break
        if hold.ends is None:
            return None
        if hold.ends > start:
            end = counting.later(end, counting.between(max(hold.begins, start), hold.ends))
    return end


def _factor(stamp: str, start: datetime, end: datetime, stretches: Sequence[Stretch]) -> float:
    return max(
        (
            stretch.factor
            for stretch in stretches
            if (stretch.stamps is None or stamp in stretch.stamps) and stretch.touches(start, end)
        ),
        default=1.0,
    )


def _stretched(limit: Limit, factor: float) -> timedelta:
    after = limit.after or ZERO
    if limit.clock not in BY_DAYS:
        return after * factor
    # A day is whole or none: even the same day becomes the next one.
    return max(math.ceil(round(after.days * factor, 6)), after.days + 1) * DAY


def _merged(holds: Sequence[Hold]) -> list[Hold]:
    found: list[Hold] = []
    for hold in sorted(holds, key=lambda hold: hold.begins):
        before = found[-1] if found else None
        if before is None or (before.ends is not None and before.ends < hold.begins):
            found.append(Hold(utc(hold.begins), hold.ends and utc(hold.ends)))
        elif before.ends is not None:
            found[-1] = Hold(before.begins, None if hold.ends is None else max(before.ends, utc(hold.ends)))
    return found


def _counting(limit: Limit, calendars: Calendars, calendar: Calendar | None) -> _Counting:
    if calendar is None:
        return _natural(calendars) if limit.clock == "natural_days" else _PLAIN
    if limit.clock == "working_time":
        return _Counting(calendar.add, calendar.elapsed, calendar.add)
    return _working_days(calendar)


_PLAIN: Final = _Counting(
    lambda start, after: start + after, lambda begin, end: end - begin, lambda at, by: at + by
)  # fmt: skip


def _natural(calendars: Calendars) -> _Counting:
    zone = calendars.zone

    def day_of(at: datetime) -> date:
        return at.astimezone(zone).date()

    return _Counting(
        lambda start, after: midnight(day_of(start) + after, zone),
        lambda begin, end: day_of(end) - day_of(begin),
        lambda at, by: midnight(day_of(at - INSTANT) + by, zone),
    )


def _working_days(calendar: Calendar) -> _Counting:
    def later(at: datetime, by: timedelta) -> datetime:
        # A day worked to midnight ends when the next one has begun.
        return calendar.closing(calendar.working_day_after(calendar.day_of(at - INSTANT), by.days)) if by else at

    return _Counting(
        lambda start, after: calendar.day_end(start, after.days),
        lambda begin, end: timedelta(days=calendar.day_ends_between(begin, end)),
        later,
    )


def set_deadlines(
    matter: Matter,
    moments: Mapping[str, datetime],
    calendars: Calendars,
    table: Table = TRADE,
    holds: Sequence[Hold] = (),
    stretches: Sequence[Stretch] = (),
) -> dict[str, Deadline]:
    """The deadlines of an issue by stamp: of each stamp the first limit that holds, once what it runs from happened.

    `moments` are those of `report` and, as far as they came, of the other triggers and of `reopen`.
    """
    here = [stretch for stretch in stretches if stretch.covers(matter.chain)]
    found: dict[str, Deadline] = {}
    weather = () if matter.urgency in NEVER_STRETCHED else here
    for limit, rule in table.of(matter.kind, matter.urgency, matter.group, matter.category, matter.complex):
        start = _started(limit.trigger, moments, here)
        if start is None or limit.after is None:
            continue
        when = due(limit, start, calendars, holds, weather)
        found[limit.stamp] = Deadline(limit.stamp, start, when.at, when.provisional, rule)
    return found


def _started(trigger: str, moments: Mapping[str, datetime], stretches: Sequence[Stretch]) -> datetime | None:
    start = moments.get(trigger)
    if start is None and trigger == "weather_over":
        start = weather_over("snow", moments["report"], stretches)
    if start is None:
        return None
    # What was reopened begins anew, whatever had happened before.
    return max(utc(start), utc(moments.get("reopen", start)))


def weather_over(kind: str, reported_at: datetime, stretches: Sequence[Stretch]) -> datetime | None:
    """When weather of a kind was over for what was reported in it; None while it lasts, the report if there is none."""
    over = utc(reported_at)
    for stretch in sorted(stretches, key=lambda stretch: stretch.starts):
        # What follows without a break is the same weather.
        if stretch.kind == kind and stretch.touches(over, over):
            if stretch.ends is None:
                return None
            over = utc(stretch.ends)
    return over
