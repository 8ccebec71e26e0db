"""Patrols at the command line: checkpoints and plates, plans, the rounds of a day, what was walked; households."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import pandas as pd
import typer

from gridmap.cli.given import refuse_unfit
from gridmap.cli.screen import language, moment_said, now, open_store, table, tell
from gridmap.domain.frequencies import FREQUENCIES
from gridmap.domain.model import Site
from gridmap.domain.rights import Viewer
from gridmap.errors import InputError
from gridmap.operations import households as homes
from gridmap.operations import patrols, tracks
from gridmap.operations import rounds as verbs
from gridmap.operations.households import HouseholdGiven
from gridmap.operations.patrols import CheckpointGiven
from gridmap.spatial.files.exports import write_table
from gridmap.spatial.files.tables import read_table
from gridmap.storage import households as stored_homes
from gridmap.storage import patrols as stored
from gridmap.storage import places
from gridmap.storage import rounds as stored_rounds

rounds = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Patrols: checkpoints, plans, rounds, coverage.")
households = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None,
    help="Households in need: their addresses go in here, and are shown to nobody at the command line.",
)  # fmt: skip
SiteCode = Annotated[str | None, typer.Option("--site", metavar="CODE", help="The site, if the store holds several.")]
PlanCode = Annotated[str, typer.Argument(metavar="CODE", help="The plan's code.")]
TABLES: Final = (".csv", ".xlsx")


def add_to(app: typer.Typer) -> None:
    app.add_typer(rounds, name="rounds")
    app.add_typer(households, name="households")


def _keeper(site: Site) -> Viewer:
    """Whoever has the store itself sees all of a site's rounds."""
    return Viewer(0, "command line", "admin", site.id, site.code)


# ---------------------------------------------------------------- plans


@rounds.command()
def ready() -> None:
    """The trade's own frequencies, which a plan can take by name.

    \b
    gridmap rounds ready
    """
    said = language()
    columns = ("name", "what", "how often", "role", "subject")
    table("", columns, [
        (name, duty.text.say(said), _often(duty.frequency.as_json()), duty.role, duty.subject)
        for name, duty in FREQUENCIES.items()
    ])  # fmt: skip


def _often(frequency: dict[str, Any]) -> str:
    rest = " ".join(f"{name}={value}" for name, value in frequency.items() if name != "unit")
    return f"{frequency['unit']} {rest}".strip()


@rounds.command()
def plan(
    code: PlanCode,
    ready_name: Annotated[
        str,
        typer.Option("--ready", metavar="NAME", help="One of `gridmap rounds ready`; what else is said goes before."),
    ],
    grid: Annotated[list[str] | None, typer.Option(metavar="CODE", help="Over this grid; repeat for several.")] = None,
    checkpoint: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="Past this checkpoint, in the order said; else all there.")
    ] = None,
    person: Annotated[str | None, typer.Option(metavar="CODE", help="This person's, not a role's.")] = None,
    role: Annotated[str | None, typer.Option(metavar="ROLE", help="Whose posts.")] = None,
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="From this day; else today.")] = None,
    site: SiteCode = None,
) -> None:
    """Make a plan of rounds, or change it; its rounds are given out at once.

    \b
    gridmap rounds plan night --ready guard_rounds --grid Z1
    """
    at = now()
    with open_store() as database, database.session() as session:
        where = places.site(session, site)
        day = since.date() if since else patrols.day_of(where, at)
        of = {"person": person, "role": role, "grids": tuple(grid or ()) or None}
        given = patrols.ready_plan(ready_name, code, day, checkpoints=tuple(checkpoint or ()) or None, **of)
        patrols.write_plan(session, where, given)
        count = verbs.plan_rounds(session, at)
        tell(f"plan {code} holds from {day} on; {count} new rounds are given out")


@rounds.command()
def plans(site: SiteCode = None) -> None:
    """The plans of rounds.

    \b
    gridmap rounds plans
    """
    columns = ("code", "name", "whose", "grids", "checkpoints", "how often", "since", "until", "closed")
    with open_store() as database, database.session() as session:
        where = places.site(session, site)
        table("", columns, [
            (
                row["code"], row["name"], row["person"] or row["role"], " ".join(row["grids"] or ()),
                len(row["checkpoints"] or ()) or "all there", _often(row["frequency"]), row["since"], row["until"],
                moment_said(row["closed_at"], where.timezone),
            )
            for row in stored.plan_list(session, _keeper(where), where.id)
        ])  # fmt: skip


@rounds.command()
def close(code: PlanCode, site: SiteCode = None) -> None:
    """End a plan: what has not begun of it is cancelled.

    \b
    gridmap rounds close night
    """
    with open_store() as database, database.session() as session:
        patrols.close_plan(session, places.site(session, site), code, now())
        tell(f"plan {code} has ended")


@rounds.command()
def checkpoints(
    file: Annotated[Path, typer.Argument(help="A table: code, name, and lon and lat, or building, or facility.")],
    tokens: Annotated[
        Path, typer.Option(metavar="FILE", help="Where the tokens of the plates go, .csv or .xlsx: shown this once.")
    ],
    site: SiteCode = None,
) -> None:
    """Add checkpoints, or bring them up to date by their codes; each gets a new plate.

    \b
    gridmap rounds checkpoints points.csv --tokens plates.csv
    """
    refuse_unfit([(tokens, TABLES)], [file])
    rows = read_table(file).to_dict("records")
    with open_store() as database, database.session() as session:
        made = patrols.write_checkpoints(session, places.site(session, site), [_checkpoint(file, row) for row in rows])
        write_table(pd.DataFrame({"code": list(made), "token": list(made.values())}), tokens)
        # Whoever reads a token can say that he was there.
        tokens.chmod(0o600)
        tell(f"{len(made)} checkpoints; the tokens of their plates are in {tokens}")


def _checkpoint(file: Path, row: dict[Any, Any]) -> CheckpointGiven:
    said = {name: _text(row.get(name)) for name in ("code", "name", "building", "facility", "level")}
    if said["code"] is None or said["name"] is None:
        raise InputError(f"{file}: every checkpoint has a code and a name")
    metres = {name: _number(file, row, name) for name in ("lon", "lat", "radius_m")}
    radius = metres.pop("radius_m")
    where = {name: value for name, value in {**said, **metres}.items() if name not in ("code", "name")}
    further: dict[str, Any] = where if radius is None else {**where, "radius_m": radius}
    photo = (_text(row.get("photo")) or "").lower() in ("yes", "true", "1", "是")
    return CheckpointGiven(said["code"], said["name"], photo=photo, **further)


def _text(said: Any) -> str | None:
    return None if said is None or pd.isna(said) or not str(said).strip() else str(said).strip()


def _number(file: Path, row: dict[Any, Any], name: str) -> float | None:
    said = _text(row.get(name))
    try:
        return None if said is None else float(said)
    except ValueError:
        raise InputError(f"{file}: {name} {said!r} of {_text(row.get('code'))} is no number") from None


# ---------------------------------------------------------------- rounds


@rounds.command("list")
def list_rounds(
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day; else today.")] = None,
    site: SiteCode = None,
) -> None:
    """The rounds of a day, by the site's clock, and what has become of them.

    \b
    gridmap rounds list --day 2026-05-01
    """
    columns = ("number", "plan", "grid", "who", "from", "to", "visited", "status")
    with open_store() as database, database.session() as session:
        where = places.site(session, site)
        begins = patrols.midnight(where, day.date() if day else patrols.day_of(where, now()))
        found = stored_rounds.round_list(session, _keeper(where), where.id, begins, begins + timedelta(days=1))
        table("", columns, [
            (
                row["number"], row["plan"], row["grid"], (row["person"] or {}).get("name"),
                moment_said(row["starts"], where.timezone), moment_said(row["ends"], where.timezone),
                f"{row['visited']} of {row['due']}", row["status"],
            )
            for row in found
        ])  # fmt: skip


@rounds.command()
def coverage(
    grid: Annotated[list[str] | None, typer.Option(metavar="CODE", help="This grid; else every leaf.")] = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="The last so many days.")] = 30,
    site: SiteCode = None,
) -> None:
    """How much of the ground was really walked: in sight of a walk, of what is no building.

    \b
    gridmap rounds coverage --grid Z1 --days 7
    """
    at = now()
    with open_store() as database, database.session() as session:
        where = places.site(session, site)
        found = tracks.coverage(session, where, at - timedelta(days=days), at, grid or None)
        columns = ("grid", "name", "walkable m2", "walked m2", "share %")
        table("", columns, [
            (row.grid, row.name, row.walkable_m2, row.walked_m2, None if row.share is None else 100 * row.share)
            for row in found
        ])  # fmt: skip


# ---------------------------------------------------------------- households


@households.command()
def load(
    file: Annotated[Path, typer.Argument(help="A table: code, address, visitor, and what else is known.")],
    site: SiteCode = None,
) -> None:
    """Take households on, or bring them up to date by their codes: needs are words with spaces between them.

    Columns: code address visitor building needs risk people visit_days guardian shelter.

    \b
    gridmap households load households.csv
    """
    rows = read_table(file).to_dict("records")
    with open_store() as database, database.session() as session:
        where, at = places.site(session, site), now()
        for row in rows:
            homes.write(session, where, _household(file, row), at)
        tell(f"{len(rows)} households; who visits them, and who directs the visitor, sees where they live")


def _household(file: Path, row: dict[Any, Any]) -> HouseholdGiven:
    said = {name: _text(row.get(name)) for name in ("building", "risk", "guardian", "shelter")}
    code, address, visitor = (_text(row.get(name)) for name in ("code", "address", "visitor"))
    if code is None or address is None or visitor is None:
        raise InputError(f"{file}: every household has a code, an address and a visitor")
    people, visit_days = (_number(file, row, name) for name in ("people", "visit_days"))
    return HouseholdGiven(
        code, address, visitor, needs=tuple((_text(row.get("needs")) or "").split()), people=int(people or 1),
        visit_days=None if visit_days is None else int(visit_days), **said,
    )  # fmt: skip


@households.command()
def summary(site: SiteCode = None) -> None:
    """How many households there are, how many visits are overdue, and who is settled before a flood: no address.

    \b
    gridmap households summary
    """
    with open_store() as database, database.session() as session:
        where = places.site(session, site)
        counts = stored_homes.counts(session, where.id, now())
        flood = homes.flood_readiness(session, where)
    unsettled = [each for each in flood["households"] if not each["complete"]]
    table("", ("households", ""), [
        ("all", counts["households"]), ("to be visited by now", counts["overdue"]), ("at risk", counts["at_risk"]),
        ("of these without shelter or guardian", len(unsettled)), ("unsafe buildings", len(flood["unsafe_buildings"])),
        ("shelters", len(flood["shelters"])),
    ])  # fmt: skip
    for each in unsettled:
        tell(f"{each['code']} lacks a {' and a '.join(each['missing'])}")
