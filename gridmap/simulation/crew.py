"""Who works and who lives on the estate, as the days need them: an account each, posts, grounds, who is away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from gridmap.domain.commands import Actor
from gridmap.domain.model import Account, Leave, Person, Post, Site
from gridmap.operations import accounts
from gridmap.simulation.chance import one_of

# post: in which role its holder comes in; who is not named does not
COMES_IN_AS: Final = {
    "grid_owner": "grid_owner", "supervisor": "supervisor", "coordinator": "coordinator", "dispatcher": "dispatcher",
    "front_desk": "dispatcher", "control_room": "dispatcher", "technician": "technician", "guard": "technician",
    "environment_officer": "technician", "emergency_team": "technician", "reception_lead": "technician",
    "contractor": "contractor", "developer": "contractor", "head_of_engineering": "head", "project_head": "head",
    "department_head": "head", "audit": "auditor",
}  # fmt: skip
RESIDENTS: Final = 60
CALLED: Final = ("女士", "先生", "阿姨", "师傅")
SURNAMES: Final = "王李张刘陈杨赵黄周吴徐孙马朱胡林"


@dataclass(frozen=True)
class Hand:
    """Somebody who works here: by which account he comes in, and which post he holds."""

    code: str
    person_id: int
    account_id: int
    role: str
    post: str
    specialty: str | None = None

    @property
    def actor(self) -> Actor:
        return Actor(self.role, self.account_id, self.code)


@dataclass(frozen=True)
class Neighbour:
    """Somebody who lives here, with a phone that cannot ring."""

    account_id: int
    name: str
    phone: str

    @property
    def actor(self) -> Actor:
        return Actor("resident", self.account_id)


@dataclass
class Crew:
    """Everybody, found by what they are for."""

    hands: dict[str, Hand] = field(default_factory=dict)
    seats: dict[tuple[str, str | None], list[str]] = field(default_factory=lambda: defaultdict(list))
    deputies: dict[str, str] = field(default_factory=dict)
    leaves: dict[str, list[tuple[datetime, datetime]]] = field(default_factory=lambda: defaultdict(list))
    neighbours: list[Neighbour] = field(default_factory=list)

    @property
    def accounts(self) -> list[int]:
        """Those by which all of them come in."""
        return [hand.account_id for hand in self.hands.values()] + [each.account_id for each in self.neighbours]

    def away(self, code: str, at: datetime) -> bool:
        return any(starts <= at < ends for starts, ends in self.leaves.get(code, ()))

    def present(self, code: str | None, at: datetime) -> Hand | None:
        """Somebody, or his deputy while he is away."""
        if code is None or not self.away(code, at):
            return self.hands.get(code or "")
        deputy = self.deputies.get(code)
        return None if deputy is None or self.away(deputy, at) else self.hands.get(deputy)

    def holder(self, role: str, areas: Iterable[str | None], at: datetime, but: str | None = None) -> Hand | None:
        """Whoever holds a post for the first of some areas that has it, or his deputy."""
        for area in areas:
            for code in self.seats.get((role, area), ()):
                found = self.present(code, at)
                if found is not None and found.code != but:
                    return found
        return None

    def desk(self, at: datetime, draw: np.random.Generator, but: str | None = None) -> Hand:
        """Somebody of the dispatch centre or the front desk."""
        posts = (*self.seats["dispatcher", None], *self.seats["front_desk", None])
        found = [hand for code in posts if (hand := self.present(code, at)) is not None and hand.code != but]
        return one_of(draw, found)

    def of(self, role: str) -> list[Hand]:
        """Everybody who holds a role anywhere, each once."""
        codes = (code for (post, _), held in sorted(self.seats.items(), key=str) for code in held if post == role)
        return [self.hands[code] for code in dict.fromkeys(codes)]


def crew_of(session: Session, site: Site, at: datetime) -> Crew:
    """Everybody who has a post, with an account of his own; those who have none yet get one, without a password."""
    crew = Crew()
    posts = session.execute(
        select(Post.role, Post.grid_code, Post.specialty, Person.code, Person.id, Post.deputy_id)
        .join(Person, Person.id == Post.person_id)
        .where(Post.site_id == site.id, Post.valid_to.is_(None))
        .order_by(Post.role, Post.grid_code, Person.code)
    ).all()
    people = session.execute(select(Person.id, Person.code).where(Person.site_id == site.id))
    codes: dict[int, str] = dict(people.all())
    there = session.execute(select(Account.name, Account.id).where(Account.site_id == site.id))
    known: dict[str, int] = dict(there.all())
    for role, grid, specialty, code, person_id, deputy_id in posts:
        comes_in_as = COMES_IN_AS.get(role)
        if comes_in_as is None:
            continue
        crew.seats[role, grid].append(code)
        if deputy_id is not None:
            crew.deputies[code] = codes[deputy_id]
        if code not in crew.hands:
            name = code.lower()
            number = known.get(name) or accounts.add(session, name, comes_in_as, site.code, None, code, None, at).id
            crew.hands[code] = Hand(code, person_id, number, comes_in_as, role, specialty)
    for person_id, starts, ends in session.execute(select(Leave.person_id, Leave.starts, Leave.ends)):
        if person_id in codes:
            crew.leaves[codes[person_id]].append((starts, ends))
    crew.neighbours = [_neighbour(session, site, number, known, at) for number in range(RESIDENTS)]
    return crew


def _neighbour(session: Session, site: Site, number: int, known: dict[str, int], at: datetime) -> Neighbour:
    name = f"resident-{number + 1:02d}"
    account = known.get(name) or accounts.add(session, name, "resident", site.code, None, None, None, at).id
    called = SURNAMES[number % len(SURNAMES)] + CALLED[number * 7 % len(CALLED)]
    return Neighbour(account, called, f"100-1000-{number + 1:04d}")
