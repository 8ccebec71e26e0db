"""Households that are visited every week, where those at risk go in a flood, and a sweep from house to house."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from gridmap.domain.model import Household, Site, Sweep
from gridmap.domain.rights import Viewer
from gridmap.operations import households, sweeps
from gridmap.operations.households import HouseholdGiven
from gridmap.simulation.chance import between, one_of
from gridmap.simulation.crew import Crew, Hand
from gridmap.simulation.estate import Estate
from gridmap.simulation.spots import spots_of

HOUSEHOLDS: Final = 14
NEEDS: Final = (("alone", "elderly"), ("elderly",), ("disabled",), ("hardship",), ("ill",), ("children",))
AT_RISK: Final = 5  # of them; the last one is not settled yet
RISKS: Final = ("一楼易涝", "屋面漏雨", "外墙脱落风险")
SHELTERS: Final = (("SH-01", "望江小学体育馆", 120), ("SH-02", "社区活动中心", 60))
CALLED_ON: Final = 0.93
WELL, NOT_MET = 0.82, 0.12
HOURS: Final = (9.0, 17.0)
SWEPT: Final = "WJ-I"
SWEPT_AFTER_DAYS, SWEEP_DAYS = 8, 3
FAULT, NO_ACCESS = 0.08, 0.06


@dataclass
class Visits:
    """Who is called on, and when next."""

    site: Site
    crew: Crew
    seed: int
    visited: list[tuple[str, str]] = field(default_factory=list)  # household, visitor
    due: list[tuple[datetime, str, str]] = field(default_factory=list)
    looked_at: list[tuple[datetime, str]] = field(default_factory=list)

    def begin_day(self, day: date, since: datetime) -> None:
        """Each household on a weekday of its own."""
        for number, (household, visitor) in enumerate(self.visited):
            draw = self._draw(23, day.toordinal(), number)
            if number % 5 != day.weekday() or draw.random() > CALLED_ON:
                continue
            at = _moment(draw, day, ZoneInfo(self.site.timezone))
            if at > since:
                self.due.append((at, household, visitor))
        self.due.sort()

    def tell(self, session: Session, end: datetime) -> None:
        """The visits up to a moment, each noted by the visitor himself."""
        while self.due and self.due[0][0] <= end:
            at, household, code = self.due.pop(0)
            hand = self.crew.hands[code]
            if not self.crew.away(code, at):
                outcome = self._outcome(household, at)
                uid = f"V-{household}-{at:%y%m%d}"
                households.visit(session, self.site, viewer_of(self.site, hand), household, uid, at, outcome, end)
        while self.looked_at and self.looked_at[0][0] <= end:
            at, building = self.looked_at.pop(0)
            drawn = self._draw(29, *building.encode()).random()
            state = "fault" if drawn < FAULT else "no_access" if drawn < FAULT + NO_ACCESS else "in_order"
            by = self.crew.holder("supervisor", (f"{SWEPT}-01", f"{SWEPT}-02"), at)
            person = by.person_id if by else None
            sweeps.look_at(session, self.site, "SW-01", building, state, at, end, person_id=person)

    def _outcome(self, household: str, at: datetime) -> str:
        drawn = self._draw(31, *household.encode(), at.toordinal()).random()
        return "well" if drawn < WELL else "not_met" if drawn < WELL + NOT_MET else "help_needed"

    def _draw(self, *of: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, *of])


def viewer_of(site: Site, hand: Hand) -> Viewer:
    """Somebody as he comes in."""
    return Viewer(hand.account_id, hand.code.lower(), hand.role, site.id, site.code, None, hand.person_id, hand.code)


def settle_households(session: Session, visits: Visits, estate: Estate, at: datetime) -> None:
    """Households with their visitors, and shelters; those that are there are visited on."""
    known = session.execute(
        select(Household.code, Household.visitor_id).where(Household.site_id == visits.site.id)
    ).all()
    codes = {hand.person_id: hand.code for hand in visits.crew.hands.values()}
    if known:
        visits.visited = sorted((code, codes[person]) for code, person in known if person in codes)
        return
    draw = np.random.default_rng([visits.seed, 37])
    squares = spots_of(estate)["square"]
    for number, (code, name, capacity) in enumerate(SHELTERS):
        lon, lat = float(squares.lon[number]), float(squares.lat[number])
        households.write_shelter(session, visits.site, code, name, lon, lat, capacity)
    for given in _households(draw, visits, estate):
        households.write(session, visits.site, given, at)
        visits.visited.append((given.code, given.visitor))


def _households(draw: np.random.Generator, visits: Visits, estate: Estate) -> Iterator[HouseholdGiven]:
    homes = estate.buildings[(estate.buildings["households"] > 0) & estate.buildings["grid"].notna()]
    for number in range(HOUSEHOLDS):
        home = homes.iloc[int(draw.random() * len(homes))]
        visitor = visits.crew.seats["grid_owner", str(home["grid"])][0]
        risky, settled = number < AT_RISK, number < AT_RISK - 1
        door = f"{1 + int(draw.random() * home['floors'])}0{1 + int(draw.random() * 4)}"
        yield HouseholdGiven(
            f"H-{number + 1:03d}", f"{home['name']}{door}", visitor, str(home["code"]), one_of(draw, NEEDS),
            one_of(draw, RISKS) if risky else None, 1 + int(draw.random() * 3), 7,
            visitor if settled else None, one_of(draw, SHELTERS)[0] if settled else None,
        )  # fmt: skip


def begin_sweep(session: Session, visits: Visits, estate: Estate, since: datetime, until: datetime) -> None:
    """From house to house of one compound in three days, if there is time for it."""
    starts = since + timedelta(days=SWEPT_AFTER_DAYS)
    ends = starts + timedelta(days=SWEEP_DAYS)
    if ends > until or session.scalar(select(Sweep.id).limit(1)) is not None:
        return
    sweeps.begin(session, visits.site, "SW-01", "排水管网拉网式排查", starts, ends, since, grids=[SWEPT], subject=7)
    draw = np.random.default_rng([visits.seed, 41])
    zone = ZoneInfo(visits.site.timezone)
    inside = estate.buildings["grid"].fillna("").str.startswith(SWEPT)
    days = [starts.astimezone(zone).date() + timedelta(days=number) for number in range(1, SWEEP_DAYS)]
    visits.looked_at = sorted(
        (_moment(draw, one_of(draw, days), zone), str(code)) for code in estate.buildings.loc[inside, "code"]
    )


def _moment(draw: np.random.Generator, day: date, zone: ZoneInfo) -> datetime:
    minutes = round(60 * between(draw, *HOURS))
    return datetime.combine(day, time(), zone) + timedelta(minutes=minutes)
