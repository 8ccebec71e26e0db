"""The demo's estate, alive: its last ninety days first, then on with the time.

A process of its own, so that nobody who looks at the map waits for it: `python -m gridmap.simulation.living`. It says
on stdout how far it has come, a line each time: simulated hours done, and of how many.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from gridmap.errors import ConflictError
from gridmap.operations import channels, outbox
from gridmap.operations.clock import WORKS
from gridmap.settings import Settings
from gridmap.simulation import estate as estates
from gridmap.simulation.demo import CODE
from gridmap.simulation.entering import enter, expect_a_day, expect_history, take_up
from gridmap.simulation.estate import Estate
from gridmap.simulation.world import World
from gridmap.storage import places
from gridmap.storage.database import Database
from gridmap.storage.deliveries import NewChannel
from gridmap.storage.turns import have_turn

DAYS: Final = 90
SEED: Final = 7
EVERY_S: Final = 30.0
# So far behind, what has been missed is lived first.
BEHIND: Final = timedelta(minutes=5)
WORK: Final = "simulation"

Tell = Callable[[int, int], None]
Stop = Callable[[], bool]


def live_on(database: Database, clock: Callable[[], datetime], tell: Tell, stop: Stop) -> None:
    """Live the days up to now that the store does not have, then every half minute what has happened in it."""
    with alone(database, stop, WORK) as mine:
        if not mine:
            return
        drawn = estates.estate()
        with alone(database, stop, *WORKS) as turns:
            if turns:
                world = catch_up(database, drawn, clock(), tell, stop)
        if turns and not stop():
            open_log(database, clock())
            _go_on(world, drawn, clock, stop)


def catch_up(database: Database, drawn: Estate, now: datetime, tell: Tell, stop: Stop) -> World:
    """The days before a moment; the clock of a service that runs meanwhile must leave its works to this one."""
    since = now - timedelta(days=DAYS)
    world = enter(database, CODE, drawn, SEED, since, now)
    expect_history(world, drawn, now, DAYS)
    begun = world.at
    hours = max(round((now - begun) / timedelta(hours=1)), 1)
    if now - begun > BEHIND:
        world.live(now, lambda at: tell(round((at - begun) / timedelta(hours=1)), hours), stop)
    else:
        tell(hours, hours)
    return world


def open_log(database: Database, now: datetime) -> None:
    """From now on messages also go to the service's log; those of the days that were caught up with do not."""
    with database.session() as session:
        outbox.plan(session, now)
        with suppress(ConflictError):
            channels.add(session, places.site(session, CODE), NewChannel("log", "log"), None, now)


def _go_on(world: World, drawn: Estate, clock: Callable[[], datetime], stop: Stop) -> None:
    """With the time: reports of a day after the other, and what people do about them."""
    world.clock, world.reception.intake.later = False, False
    until = world.at
    while not stop():
        if world.at >= until - timedelta(minutes=1):
            until = expect_a_day(world, drawn, max(until, world.at))
        _wait(EVERY_S, stop)
        if not stop():
            with world.database.session() as session:
                take_up(session, world)
            world.live(clock())


def _wait(seconds: float, stop: Stop) -> None:
    over = time.monotonic() + seconds
    while time.monotonic() < over and not stop():
        time.sleep(0.2)


@contextmanager
def alone(database: Database, stop: Stop, *works: str) -> Iterator[bool]:
    """Have the turn of some works until the block ends; false if that was stopped before it came."""
    with database.session() as session:
        missing = list(works)
        while missing and not stop():
            missing = [work for work in missing if not have_turn(session, work)]
            if missing:
                _wait(1.0, stop)
        yield not missing


def main() -> None:
    """Live on with the store of the surroundings, for as long as whoever started this lives."""
    parent = os.getppid()

    def tell(done: int, hours: int) -> None:
        print(done, hours, flush=True)  # noqa: T201 (the parent reads it)

    with suppress(KeyboardInterrupt, BrokenPipeError), Database.open(Settings.from_environment()) as database:
        live_on(database, lambda: datetime.now(UTC), tell, lambda: os.getppid() != parent)


if __name__ == "__main__":
    main()
