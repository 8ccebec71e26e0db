"""To whom issues go: who gets one and why, who hands it out, who knows of an emergency at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from gridmap.domain.dispatching import (
    HANDS_OUT,
    Candidate,
    Choice,
    Standing,
    alarmed,
    candidates,
    choose,
    ranked,
    wanted,
)
from gridmap.domain.facts import Person, Roster, Tree
from gridmap.domain.patrols import Fix, metres_between
from gridmap.domain.roles import ROLE_OF_RANK
from gridmap.operations.moving import Row
from gridmap.operations.routing import Router
from gridmap.storage import moves as stored


@dataclass
class Dispatch:
    """Chooses at one moment; what it has asked of people it remembers, with the work it has given them since."""

    router: Router
    at: datetime
    known: dict[tuple[int, str], Any] = field(default_factory=dict)
    given: dict[tuple[int, str], int] = field(default_factory=dict)

    def choose(self, row: Row, but: Iterable[str] = ()) -> Choice:
        """Who gets an issue: the roles whose work it is in turn, until somebody holds one."""
        return self._among(row, self._candidates(row, frozenset(but)))

    def ranking(self, row: Row) -> list[dict[str, Any]]:
        """Everybody who could be chosen, in the order in which they would be, and how each stands."""
        found = self._candidates(row, frozenset())
        self._ask(row["site_id"], {each.person.code for each in found})
        standings = {each.person.code: self._standing(row, each) for each in found}
        return [
            {
                "person": {"code": each.person.code, "name": each.person.name}, "role": each.role, "grid": each.grid,
                **asdict(standings[each.person.code]),
            }
            for each in ranked(found, standings)
        ]  # fmt: skip

    def prepare(self, rows: Iterable[Row]) -> None:
        """Ask for everybody at once who may get one of these issues."""
        asked: dict[int, set[str]] = {}
        for row in rows:
            for candidate in self._candidates(row, frozenset()):
                asked.setdefault(row["site_id"], set()).add(candidate.person.code)
        for site_id, people in asked.items():
            self._ask(site_id, people)

    def given_to(self, row: Row, person: str) -> None:
        """Count work that is not yet in the store."""
        key = row["site_id"], person
        self.given[key] = self.given.get(key, 0) + 1

    def on_shift(self, row: Row, person: str) -> bool:
        """Whether a shift of somebody runs."""
        self._ask(row["site_id"], [person])
        said = self.known[row["site_id"], person]
        return said is not None and bool(said["on_shift"])

    def alarmed(self, row: Row) -> list[tuple[str, Person]]:
        """Everybody who is told of an emergency at the same moment."""
        roster, tree, chain = self._ground(row)
        in_charge = {code: ROLE_OF_RANK[tree.rank(code)] for code in chain}
        return alarmed(roster, chain, row["specialty"], in_charge, row["about"])

    def hands_out(self, row: Row) -> Candidate | None:
        """Who hands work out on that ground, by the model of the site."""
        return self.first(row, HANDS_OUT[self.router.site(row["site"]).dispatch_model])

    def first(self, row: Row, roles: Iterable[str]) -> Candidate | None:
        """The one who holds the first of some roles for the ground."""
        roster, _, chain = self._ground(row)
        for role in roles:
            found = candidates(roster, role, chain, None, row["about"])
            if found:
                return min(found, key=lambda each: (each.depth, each.person.code))
        return None

    def person(self, row: Row, code: str) -> Person | None:
        """Somebody of the site by code."""
        return self.router.people(self.router.site(row["site"])).get(code)

    def role_of(self, row: Row, code: str) -> str:
        """In which role somebody is handed an issue: the one whose work it is, if he holds it, else any he holds."""
        roster, _, chain = self._ground(row)
        for role in wanted(row["answers"], row["group"]):
            if any(each.person.code == code for each in candidates(roster, role, chain, row["specialty"])):
                return role
        held = roster.by_person.get(code, [])
        return min((post.role for post in held), default=wanted(row["answers"], row["group"])[-1])

    # ------------------------------------------------------------

    def _ground(self, row: Row) -> tuple[Roster, Tree, tuple[str, ...]]:
        tree, _ = self.router.tree(row["edition_id"])
        return self.router.roster_at(row["site"], self.at), tree, tree.chain(row["grid"])

    def _candidates(self, row: Row, but: frozenset[str]) -> list[Candidate]:
        roster, _, chain = self._ground(row)
        for role in wanted(row["answers"], row["group"]):
            found = candidates(roster, role, chain, row["specialty"], row["about"])
            found = [each for each in found if each.person.code not in but]
            if found:
                return found
        return self._owner(row, but)

    def _owner(self, row: Row, but: frozenset[str]) -> list[Candidate]:
        """Whoever routing found, where nobody holds the post itself."""
        person = self.person(row, row["owner"]) if row["owner"] else None
        if person is None or person.code in but or person.code == row["about"]:
            return []
        return [Candidate(person, row["owner_role"], row["owner_grid"], 0)]

    def _among(self, row: Row, found: list[Candidate]) -> Choice:
        self._ask(row["site_id"], {each.person.code for each in found})
        return choose(found, {each.person.code: self._standing(row, each) for each in found})

    def _ask(self, site_id: int, people: Iterable[str]) -> None:
        new = [code for code in people if (site_id, code) not in self.known]
        if new:
            rows = stored.standings(self.router.session, site_id, new, self.at)
            self.known.update({(site_id, code): rows.get(code) for code in new})

    def _standing(self, row: Row, candidate: Candidate) -> Standing:
        key = row["site_id"], candidate.person.code
        said = self.known.get(key)
        if said is None:
            return Standing()
        standing = Standing(
            said["on_shift"] if said["has_shifts"] else self._in_hours(row, candidate.role),
            said["open_work"] + self.given.get(key, 0),
        )
        if said["lon"] is None:
            return standing
        here, there = (Fix(self.at, each["lon"], each["lat"]) for each in (said, row))
        return replace(standing, distance_m=metres_between(here, there))

    def _in_hours(self, row: Row, role: str) -> bool:
        return self.router.timing(row["site"]).calendars.of_role(role).is_open(self.at)
