"""How a world is entered: everything it needs is made where it is not there, and what is open is gone on with."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gridmap.domain.lifecycle import ENDED
from gridmap.domain.model import Alarm, Issue, IssueEvent, Reporter
from gridmap.operations import rounds
from gridmap.operations.known import Known
from gridmap.operations.routing import Router
from gridmap.simulation import days, shifts, walks, weather
from gridmap.simulation.crew import Crew, crew_of
from gridmap.simulation.estate import Estate
from gridmap.simulation.reception import Reception
from gridmap.simulation.tales import Ground
from gridmap.simulation.upkeep import Upkeep
from gridmap.simulation.visiting import Visits, begin_sweep, settle_households
from gridmap.simulation.walks import Walker
from gridmap.simulation.world import World
from gridmap.storage import places
from gridmap.storage.database import Database

# The technician who is slow: his post, and a part of his ground.
WEAK: Final = ("technician", "WJ-F", "repair")


def enter(database: Database, site: str, estate: Estate, seed: int, since: datetime, until: datetime) -> World:
    """The estate of a store, as it is at the beginning of some days, or where its history has come to."""
    with database.session() as session:
        here = places.site(session, site)
        crew = crew_of(session, here, since)
        last = _last(session, crew, until)
        begins = since if last is None else max(since, last)
        tokens = walks.write_plans(session, here, estate, begins.astimezone(ZoneInfo(here.timezone)).date())
        if last is None:
            length = max((until - since) // timedelta(days=1), 1)
            shifts.write_leaves(session, crew, np.random.default_rng([seed, 1]), since, length)
    with database.session() as session:
        here = places.site(session, site)
        session.expunge(here)
        world = World(
            database, here, crew, begins,
            Reception(here, crew, seed, estate.buildings["code"].tolist()),
            Upkeep(here, crew, seed), Walker(here, seed, tokens), Visits(here, crew, seed),
            _ground(session, site, crew),
        )  # fmt: skip
        world.reception.intake.warm(session, begins)
        world.write_shifts(session)
        settle_households(session, world.visits, estate, begins)
        if last is None:
            begin_sweep(session, world.visits, estate, begins, until)
        rounds.plan_rounds(session, begins)
        world.read_rounds(session, begins)
        take_up(session, world)
    return world


def _last(session: Session, crew: Crew, until: datetime) -> datetime | None:
    """Up to when these people have reported and done things; what others did in the store meanwhile does not count."""
    accounts = crew.accounts
    moments = (
        select(func.max(IssueEvent.at)).where(IssueEvent.at <= until, IssueEvent.account_id.in_(accounts)),
        select(func.max(Issue.reported_at))
        .join(Reporter, Reporter.issue_id == Issue.id)
        .where(Issue.reported_at <= until, Reporter.account_id.in_(accounts)),
    )
    found = [at for asked in moments if (at := session.scalar(asked)) is not None]
    return max(found, default=None)


def _ground(session: Session, site: str, crew: Crew) -> Ground:
    role, grid, specialty = WEAK
    weak = frozenset(code for code in crew.seats.get((role, grid), ()) if crew.hands[code].specialty == specialty)
    return Ground(crew, Router(session, Known()).timing(site).calendars, weak)


def take_up(session: Session, world: World) -> None:
    """What is open is gone on with; afterwards, what others report."""
    asked = select(Issue.code).where(Issue.site_id == world.site.id, Issue.status.not_in(ENDED)).order_by(Issue.id)
    if world.seen:
        others = select(Reporter.issue_id).where(Reporter.account_id.not_in(world.crew.accounts))
        asked = asked.where(Issue.id > world.seen, Issue.id.in_(others))
    codes = session.scalars(asked).all()
    world.seen = session.scalar(select(func.max(Issue.id))) or 0
    going = select(Issue.code, Alarm.sensor).join(Alarm, Alarm.issue_id == Issue.id).where(Alarm.recovered_at.is_(None))
    sensors: dict[str, str] = dict(session.execute(going).all())
    for case in world.reception.cases(session, codes):
        world.enter(replace(case, sensor=sensors.get(case.code)), world.at)


def expect_history(world: World, estate: Estate, until: datetime, length: int) -> None:
    """What happens in the days before a moment: reports, and the weather."""
    world.reception.expect(days.reports(estate, until, length, world.reception.seed), world.at)
    world.spells = list(weather.spells(until.astimezone(world.reception.zone), world.at))


def expect_a_day(world: World, estate: Estate, after: datetime) -> datetime:
    """What happens in the ordinary day after a moment: when that ends."""
    until = after + timedelta(days=1)
    seed = world.reception.seed + until.toordinal()
    world.reception.expect(days.reports(estate, until, 1, seed, ordinary=True), after)
    return until
