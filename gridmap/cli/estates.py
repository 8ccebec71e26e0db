"""The imaginary estate: as files, to be looked at, loaded and changed; and the days lived on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridmap.cli.screen import now, open_store, progress_bar, table, tell, tell_json, whisper
from gridmap.errors import InputError
from gridmap.settings import Settings

if TYPE_CHECKING:
    from gridmap.storage.database import Database


def add_to(app: typer.Typer) -> None:
    for command in (estate, simulate):
        app.command()(command)


def estate(
    folder: Annotated[
        Path, typer.Option("--out", "-o", metavar="FOLDER", help="Where to; files of the same names are replaced.")
    ] = Path("estate"),
    seed: Annotated[int | None, typer.Option(min=0, help="Another number draws another estate.")] = None,
) -> None:
    """Write an imaginary estate: grids of three tiers, buildings, facilities, people and posts, and their plan.

    \b
    gridmap estate -o estate
    gridmap load estate/plan.toml
    """
    # Drawing takes shapes and frames along, which other commands should not wait for.
    from gridmap.simulation import estate as estates

    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: there is a file of this name; choose another folder")
    drawn = estates.estate(estates.SEED if seed is None else seed)
    plan = drawn.write(folder)
    tiers = " > ".join(str(int((drawn.grids["tier"] == tier).sum())) for tier in (1, 2, 3))
    tell(f"{drawn.site['name']}: {tiers} grids, {len(drawn.buildings)} buildings, {len(drawn.people)} people")
    tell(f"written to {folder}: load it with gridmap load {plan}")


def simulate(
    days: Annotated[int, typer.Option(min=1, max=400, help="How many days up to now.")] = 90,
    seed: Annotated[int, typer.Option(min=0, help="Another number draws other days.")] = 7,
    until: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="Up to when instead: 2026-11-01T08:00+08:00.")
    ] = None,
    store: Annotated[
        bool, typer.Option("--store", help="In the store itself, not in one that is thrown away.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Counts as JSON.")] = False,
) -> None:
    """Live days on the imaginary estate: residents, staff, patrols, sensors and storms; and count what happened.

    \b
    gridmap simulate --days 90 --seed 7
    """
    end = _moment(until)
    with _stage(store=store) as database:
        found = _lived(database, days, seed, end)
    if as_json:
        tell_json(found)
        return
    tell(f"{days} day{'s' if days > 1 else ''} up to {end:%Y-%m-%d %H:%M %Z}, seed {seed}")
    table("", ("what", "count"), _rows(found))


def _moment(said: str | None) -> datetime:
    if said is None:
        return now().replace(second=0, microsecond=0)
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        raise InputError(f"--until {said!r} is no moment: write 2026-11-01T08:00+08:00") from None
    if moment.tzinfo is None:
        raise InputError(f"--until {said} has no time zone: write 2026-11-01T08:00+08:00")
    return moment


@contextmanager
def _stage(*, store: bool) -> Iterator[Database]:
    """The store itself, or one that is gone afterwards."""
    from gridmap.storage.clones import throw_away

    if store:
        with open_store() as database:
            yield database
    else:
        with throw_away(Settings.from_environment().home, whisper) as database:
            yield database


def _lived(database: Database, days: int, seed: int, end: datetime) -> dict[str, Any]:
    """Let the days happen, with a word on how far they have come."""
    from gridmap.simulation import demo, entering
    from gridmap.simulation import estate as estates
    from gridmap.simulation.counting import counts

    since, drawn = end - timedelta(days=days), estates.estate()
    with database.session() as session:
        demo.furnish(session, since)
    world = entering.enter(database, demo.CODE, drawn, seed, since, end)
    entering.expect_history(world, drawn, end, days)
    with progress_bar("hours of the estate", days * 24) as advance:
        world.live(end, _steps(world.at, advance))
    with database.session() as session:
        return counts(session, world.site.id, end)


def _steps(begun: datetime, advance: Callable[[int], None]) -> Callable[[datetime], None]:
    """Turns moments into hours that have gone by since the last one."""
    last = [begun]

    def step(at: datetime) -> None:
        advance(round((at - last[0]) / timedelta(hours=1)))
        last[0] = at

    return step


def _rows(found: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for name, value in found.items():
        if isinstance(value, dict):
            yield from ((f"  {part}", count) for part, count in value.items())
        else:
            yield name, value
