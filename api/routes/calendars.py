"""How a site counts time: its calendar and own days, its hours, its limits, and weather warnings."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import AfterValidator, Field, StringConstraints

from api.dependencies import DbSession, Language, Now, OfPlan, TheSite, with_right
from api.schemas import Body, Code, Line, Moment, Words, among, listed
from gridmap.domain.lifecycle import STAMPS, WARNINGS
from gridmap.domain.rights import Viewer
from gridmap.errors import ForbiddenError
from gridmap.operations import calendars, warnings

router = APIRouter(tags=["time"])

MOST_ROWS: Final = 500
MOST_NUMBER: Final = 2**63 - 1


def _existing(said: str) -> str:
    try:
        date.fromisoformat(said)
    except ValueError:
        raise ValueError("is no day: write 2026-10-01") from None
    return said


Day = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_existing), Path()]
Hours = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{0,40}$")]
Number = Annotated[int, Path(ge=1, le=MOST_NUMBER)]
Stamp = Annotated[str, AfterValidator(among(STAMPS)), listed(STAMPS)]
Row = dict[str, Any]


async def of_calendar(viewer: Annotated[Viewer, Depends(with_right("calendar"))]) -> Viewer:
    """Who sets the time of a site: nobody for a part of it."""
    if viewer.grids is not None:
        raise ForbiddenError("the calendar is the whole site's: whoever directs all of it sets it")
    return viewer


OfCalendar = Annotated[Viewer, Depends(of_calendar)]
OfWarnings = Annotated[Viewer, Depends(with_right("warn"))]


class DayBody(Body):
    """What is worked on a day: windows such as `08:00-12:00`, none on a day off."""

    windows: Annotated[list[Annotated[str, StringConstraints(max_length=11)]], Field(max_length=48)]
    hours: Hours = ""
    name: Line | None = None


class HoursBody(Body):
    """The site's own hours by name, who keeps which, and the years whose make-up workdays it has entered itself."""

    hours: Row = Field(default_factory=dict, max_length=50)
    roles: dict[str, str] = Field(default_factory=dict, max_length=50)
    confirmed: list[int] = Field(default_factory=list, max_length=100)


class LimitsBody(Body):
    """The site's own limits, which come before those of the trade; null for none."""

    limits: Annotated[list[Row], Field(max_length=MOST_ROWS)] | None


class WarningBody(Body):
    """A weather warning: without grids for all of one's ground, without stamps for all limits."""

    kind: Annotated[str, AfterValidator(among(WARNINGS)), listed(WARNINGS)]
    starts: Moment | None = None
    ends: Moment | None = None
    factor: Annotated[float, Field(ge=1, le=warnings.MOST, allow_inf_nan=False)] = 1.5
    grids: Annotated[list[Code], Field(min_length=1, max_length=MOST_ROWS)] | None = None
    stamps: Annotated[list[Stamp], Field(min_length=1, max_length=len(STAMPS))] | None = None
    note: Words | None = None

    def weather(self, now: Now) -> warnings.Weather:
        """As the verbs take it; what does not say when it begins begins now."""
        return warnings.Weather(
            self.kind, self.starts or now, self.ends, self.factor,
            tuple(self.grids) if self.grids else None, tuple(self.stamps) if self.stamps else None, self.note,
        )  # fmt: skip


# ---------------------------------------------------------------- days


@router.get("/calendar")
def read_calendar(
    session: DbSession,
    _: OfPlan,
    site: TheSite,
    now: Now,
    language: Language,
    year: Annotated[int | None, Query(ge=calendars.FIRST, le=calendars.LAST)] = None,
    hours: Annotated[Hours, Query(description="The hours by name; /hours lists them.")] = "office",
) -> Row:
    """A year of some hours: the week, and the days that are unlike it; `provisional` until they are settled."""
    return calendars.year_of(session, site, year or calendars.year_now(site, now), hours, language)


@router.put("/calendar/{day}")
def set_day(session: DbSession, viewer: OfCalendar, site: TheSite, now: Now, day: Day, given: DayBody) -> Row:
    """Let a day be worked as said, or be off; `moved` counts the issues whose deadlines it moves."""
    moved = calendars.set_day(
        session, site, date.fromisoformat(day), given.windows, now, hours=given.hours, name=given.name, by=viewer
    )
    return {"day": day, "windows": given.windows, "moved": len(moved)}


@router.delete("/calendar/{day}")
def remove_day(
    session: DbSession,
    viewer: OfCalendar,
    site: TheSite,
    now: Now,
    day: Day,
    hours: Annotated[Hours, Query(description="The hours it was set for; else the day of all.")] = "",
) -> Row:
    """Let a day be again what it is by itself."""
    moved = calendars.remove_day(session, site, date.fromisoformat(day), now, hours=hours, by=viewer)
    return {"day": day, "moved": len(moved)}


# ---------------------------------------------------------------- hours and limits


@router.get("/hours")
def read_hours(session: DbSession, _: OfPlan, site: TheSite) -> Row:
    """The hours there are, by name, and who keeps which."""
    return calendars.hours_in_force(session, site)


@router.put("/hours")
def set_hours(session: DbSession, viewer: OfCalendar, site: TheSite, now: Now, given: HoursBody) -> Row:
    """Set the site's own hours, instead of those it had."""
    moved = calendars.set_hours(session, site, given.model_dump(), now, by=viewer)
    return {"moved": len(moved)}


@router.get("/limits")
def read_limits(_: OfPlan, site: TheSite) -> list[Row]:
    """The limits in the order in which they are looked at: for each stamp the first that holds decides."""
    return calendars.limits_in_force(site)


@router.put("/limits")
def set_limits(session: DbSession, viewer: OfCalendar, site: TheSite, now: Now, given: LimitsBody) -> Row:
    """Set the site's own limits, instead of those it had."""
    moved = calendars.set_limits(session, site, given.limits, now, by=viewer)
    return {"moved": len(moved)}


# ---------------------------------------------------------------- weather


@router.get("/warnings")
def list_warnings(
    session: DbSession, _: OfPlan, site: TheSite, now: Now, which: Annotated[Literal["now", "all"], Query()] = "now"
) -> list[Row]:
    """The weather warnings that are in force or will be, or all there ever were."""
    return warnings.listed(session, site, now, all_of_them=which == "all")


@router.post("/warnings", status_code=201)
def declare_warning(
    response: Response, session: DbSession, viewer: OfWarnings, site: TheSite, now: Now, given: WarningBody
) -> Row:
    """Declare a weather warning; `moved` counts the issues whose deadlines it moves."""
    row, moved = warnings.declare(session, site, given.weather(now), now, by=viewer)
    response.headers["Location"] = f"/warnings/{row.id}"
    return {**warnings.as_json(row, now), "moved": len(moved)}


@router.put("/warnings/{number}")
def change_warning(
    session: DbSession, viewer: OfWarnings, site: TheSite, now: Now, number: Number, given: WarningBody
) -> Row:
    """Let a warning say something else; what does not say when it begins begins now."""
    row, moved = warnings.change(session, site, number, given.weather(now), now, by=viewer)
    return {**warnings.as_json(row, now), "moved": len(moved)}


@router.delete("/warnings/{number}")
def end_warning(session: DbSession, viewer: OfWarnings, site: TheSite, now: Now, number: Number) -> Row:
    """End a warning now; one that has not begun is taken back."""
    return {"number": number, "moved": len(warnings.end(session, site, number, now, by=viewer))}
