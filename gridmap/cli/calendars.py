"""How a site counts time: its calendar and own days, its hours and limits, and weather warnings."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from gridmap.cli.screen import language, moment_said, now, open_store, table, tell, tell_json
from gridmap.domain.lifecycle import STAMPS, WARNINGS
from gridmap.domain.limits import LIMITS, parse_limits
from gridmap.domain.limits import table as rows_of
from gridmap.domain.model import Site
from gridmap.errors import InputError
from gridmap.operations import calendars, warnings
from gridmap.storage import places

warning = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Weather warnings: while they last, limits take longer."
)
SiteCode = Annotated[str | None, typer.Argument(metavar="[SITE]", help="The site, if the store holds several.")]
WarningSite = Annotated[str | None, typer.Option("--site", metavar="CODE", help="The site, if there are several.")]
SetFile = Annotated[
    Path | None,
    typer.Option("--set", metavar="FILE", help="JSON of its own ones; what it had is replaced. null: none."),
]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, which --set takes.")]
BECAUSE = {"own": "the site's own", "makeup": "make-up workday", "holiday": "holiday"}


def add_to(app: typer.Typer) -> None:
    for command in (calendar, hours, limits):
        app.command()(command)
    app.add_typer(warning, name="warning")


# ---------------------------------------------------------------- days


def calendar(
    site: SiteCode = None,
    year: Annotated[int | None, typer.Option(help="The year; else this one.")] = None,
    name_of_hours: Annotated[
        str | None, typer.Option("--hours", metavar="NAME", help="Whose hours; office, or to set a day: all.")
    ] = None,
    day: Annotated[str | None, typer.Option(metavar="DAY", help="Set this day: off, or open as said.")] = None,
    opened: Annotated[
        list[str] | None, typer.Option("--open", metavar="WINDOW", help="Worked on that day, 08:00-12:00; repeat.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What that day is called.")] = None,
    forget: Annotated[bool, typer.Option("--forget", help="Let that day be again what it is by itself.")] = False,
) -> None:
    """The days of a year that are unlike their weekday: holidays, make-up workdays, the site's own.

    \b
    gridmap calendar WJ --year 2026
    gridmap calendar WJ --day 2026-05-20 --name "founding day"
    gridmap calendar WJ --day 2026-05-23 --open 08:00-12:00 --hours office
    """
    if day is not None:
        _set_day(site, _day(day), None if forget else opened or [], name_of_hours or "", name)
        return
    with open_store() as database, database.session() as session:
        where = places.site(session, site)
        asked = calendars.year_now(where, now()) if year is None else year
        shown = calendars.year_of(session, where, asked, name_of_hours or "office", language())
    _show(shown)


def _set_day(site: str | None, day: date, windows: list[str] | None, name_of_hours: str, name: str | None) -> None:
    with open_store() as database, database.session() as session:
        where = places.site(session, site)
        if windows is None:
            moved = calendars.remove_day(session, where, day, now(), hours=name_of_hours)
            tell(f"{day} is like any other; {_moved(moved)}")
        else:
            moved = calendars.set_day(session, where, day, windows, now(), hours=name_of_hours, name=name)
            tell(f"{day} is {' '.join(windows) or 'off'}; {_moved(moved)}")


def _day(said: str) -> date:
    try:
        return date.fromisoformat(said)
    except ValueError:
        raise InputError(f"--day {said}: this is no day; write 2026-10-01") from None


def _show(shown: dict[str, Any]) -> None:
    week = "; ".join(f"{days} {' '.join(windows)}" for days, windows in shown["week"].items())
    tell(f"{shown['year']}, {shown['hours']}: {week}; {shown['working_days']} working days")
    if shown["provisional"]:
        tell(f"provisional: the make-up workdays of {shown['year']} are not published yet, days may still change")
    rows = [
        (day["day"], _weekday(day["day"]), " ".join(day["windows"]) or "off", BECAUSE[day["because"]], day["name"])
        for day in shown["days"]
    ]
    table("", ("day", "", "worked", "because", "name"), rows)


def _weekday(day: str) -> str:
    return f"{date.fromisoformat(day):%a}"


# ---------------------------------------------------------------- hours and limits


def hours(site: SiteCode = None, given: SetFile = None, as_json: AsJson = False) -> None:
    """Who is at work when; with --set, by hours of the site's own.

    \b
    gridmap hours WJ
    gridmap hours WJ --set hours.json
    """
    said = _read(given)
    with open_store() as database, database.session() as session:
        where = places.site(session, site)
        if given is not None:
            moved = calendars.set_hours(session, where, _mapping(said), now())
            tell(f"the hours of {where.code} are set; {_moved(moved)}")
            return
        shown, own = calendars.hours_in_force(session, where), where.hours
    if as_json:
        tell_json(own)
        return
    kept: dict[str, list[str]] = {name: [] for name in shown["hours"]}
    for role, name in shown["roles"].items():
        kept[name].append(role)
    rows = [
        (
            name,
            "; ".join(f"{days} {' '.join(windows)}" for days, windows in each["week"].items()),
            "off" if each["holidays_off"] else "worked",
            " ".join(kept[name]),
        )
        for name, each in shown["hours"].items()
    ]
    table("", ("hours", "week", "holidays", "kept by"), rows)


def limits(site: SiteCode = None, given: SetFile = None, as_json: AsJson = False) -> None:
    """By when what has to have happened: for each stamp the first row that holds; with --set, by own rows first.

    \b
    gridmap limits WJ
    gridmap limits WJ --json > limits.json
    gridmap limits WJ --set limits.json
    """
    said = _read(given)
    with open_store() as database, database.session() as session:
        where = places.site(session, site)
        if given is not None:
            moved = calendars.set_limits(session, where, said, now())
            tell(f"the limits of {where.code} are set; {_moved(moved)}")
            return
        own = where.limits
    if as_json:
        tell_json(own)
        return
    head, *rows = rows_of((*parse_limits(own), *LIMITS))
    table("", ("", *head), [("own" if number < len(own or ()) else "", *row) for number, row in enumerate(rows)])


def _read(file: Path | None) -> Any:
    if file is None:
        return None
    try:
        return json.loads(file.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise InputError(f"{file}: this is no JSON: {error}") from None


def _mapping(said: Any) -> Any:
    if said is not None and not isinstance(said, dict):
        raise InputError("hours: an object with hours, roles and confirmed is wanted")
    return said


def _moved(codes: list[str]) -> str:
    if not codes:
        return "no deadline moves"
    return "1 open issue has new deadlines" if len(codes) == 1 else f"{len(codes)} open issues have new deadlines"


# ---------------------------------------------------------------- weather


def _moment(site: Site, said: str | None, name: str) -> datetime | None:
    """A moment as it is written, by the site's clock if it names no zone."""
    if said is None:
        return None
    try:
        found = datetime.fromisoformat(said)
    except ValueError:
        raise InputError(f"{name} {said}: this is no moment; write 2026-05-13T18:00") from None
    return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(site.timezone))


@warning.command()
def declare(
    kind: Annotated[str, typer.Argument(metavar="KIND", help=f"One of {', '.join(WARNINGS)}.")],
    site: WarningSite = None,
    grid: Annotated[list[str] | None, typer.Option(metavar="CODE", help="A grid, with all below it; repeat.")] = None,
    begins: Annotated[str | None, typer.Option("--from", metavar="MOMENT", help="Else now.")] = None,
    until: Annotated[str | None, typer.Option(metavar="MOMENT", help="Else until it is ended.")] = None,
    factor: Annotated[float, typer.Option(help="How much longer limits take.")] = 1.5,
    stamp: Annotated[list[str] | None, typer.Option(metavar="STAMP", help=f"Of {', '.join(STAMPS)}; repeat.")] = None,
    note: Annotated[str | None, typer.Option(help="What people are told of it.")] = None,
) -> None:
    """Declare a warning: what runs on its grids while it lasts takes longer.

    \b
    gridmap warning declare storm --grid Z1 --grid Z2-C1 --until 2026-08-01T06:00
    """
    at = now()
    with open_store() as database, database.session() as session:
        where = places.site(session, site)
        weather = warnings.Weather(
            kind, _moment(where, begins, "--from") or at, _moment(where, until, "--until"), factor,
            tuple(grid) if grid else None, tuple(stamp) if stamp else None, note,
        )  # fmt: skip
        row, moved = warnings.declare(session, where, weather, at)
        tell(f"warning {row.id} of {kind} is declared; {_moved(moved)}")


@warning.command()
def end(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="As `gridmap warning list` shows it.")],
    site: WarningSite = None,
) -> None:
    """End a warning now; one that has not begun is taken back.

    \b
    gridmap warning end 3
    """
    with open_store() as database, database.session() as session:
        moved = warnings.end(session, places.site(session, site), number, now())
        tell(f"warning {number} has ended; {_moved(moved)}")


@warning.command("list")
def list_warnings(
    site: WarningSite = None,
    every: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
) -> None:
    """The warnings that are in force or will be.

    \b
    gridmap warning list
    """
    at = now()
    with open_store() as database, database.session() as session:
        where = places.site(session, site)
        rows = warnings.listed(session, where, at, all_of_them=every)
        table(
            "", ("number", "kind", "from", "to", "factor", "grids", "stamps", "note"),
            [_warning_row(row, where) for row in rows],
        )  # fmt: skip


def _warning_row(row: dict[str, Any], site: Site) -> tuple[Any, ...]:
    ends = datetime.fromisoformat(row["ends"]) if row["ends"] else None
    return (
        str(row["number"]), row["kind"], moment_said(datetime.fromisoformat(row["starts"]), site.timezone),
        moment_said(ends, site.timezone) or "until it is ended", f"{row['factor']:g}",
        " ".join(row["grids"] or ["all"]), " ".join(row["stamps"] or ["all"]), row["note"],
    )  # fmt: skip
