"""What is known of a place, a subject and the posts in force: all that a decision looks at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from gridmap.domain.roles import Rank


@dataclass(frozen=True)
class Subject:
    """What an issue is about, as far as it matters for who answers."""

    group: str = "other"
    kind: str = "repair"
    specialty: str | None = None
    refer_to: str | None = None
    about: str | None = None


@dataclass(frozen=True)
class Keeper:
    """An overlay at the spot, and who keeps it: a person, or the holder of a role."""

    overlay: str
    name: str
    kind: str
    person: str | None = None
    role: str | None = None


@dataclass(frozen=True)
class Facts:
    """What is known of a place and a subject: everything `decide` looks at, and nothing else."""

    position: str
    leaf: str | None
    chain: tuple[str, ...] = ()
    building_grid: str | None = None
    inside_building: bool = False
    own_level: bool = False
    level_grid: str | None = None
    under_warranty: bool = False
    overlays: tuple[Keeper, ...] = ()
    touches: tuple[str, ...] = ()
    straddles: bool = False
    subject: Subject = field(default_factory=Subject)


@dataclass(frozen=True)
class Person:
    """Somebody, as an answer names him."""

    code: str
    name: str


@dataclass(frozen=True)
class PostFact:
    """A post in force: who holds it, who stands in, and which of them is away."""

    role: str
    grid: str | None
    person: Person
    specialty: str | None = None
    deputy: Person | None = None
    away: bool = False
    deputy_away: bool = False


class Tree:
    """The grids of an Edition by code: parents and ranks."""

    def __init__(self, parents: Mapping[str, str | None], tiers: Mapping[str, int]) -> None:
        self.parents = parents
        self.tiers = tiers
        self.leaf_tier = max(tiers.values(), default=1)
        self._chains: dict[str | None, tuple[str, ...]] = {}

    def chain(self, code: str | None) -> tuple[str, ...]:
        """The grid and those above it, from the bottom up."""
        known = self._chains.get(code)
        if known is None:
            known = self._chains[code] = tuple(self._upward(code))
        return known

    def _upward(self, code: str | None) -> Iterator[str]:
        while code is not None and code in self.tiers:
            yield code
            code = self.parents.get(code)

    def rank(self, code: str) -> Rank:
        tier = self.tiers[code]
        if tier == self.leaf_tier:
            return "leaf"
        return "top" if tier == 1 else "middle"

    def ancestor(self, codes: Iterable[str]) -> str | None:
        """The lowest grid that all of them lie in."""
        chains = [self.chain(code) for code in codes]
        if not chains:
            return None
        shared = set(chains[0]).intersection(*chains[1:])
        return next((code for code in chains[0] if code in shared), None)


class Roster:
    """The posts in force at one moment."""

    def __init__(
        self, posts: Iterable[PostFact], people: Mapping[str, Person] | None = None, away: Iterable[str] = ()
    ) -> None:
        self.people = people or {}
        self.away = frozenset(away)
        self.by_seat: dict[tuple[str, str | None], list[PostFact]] = {}
        self.by_person: dict[str, list[PostFact]] = {}
        for post in posts:
            self.by_seat.setdefault((post.role, post.grid), []).append(post)
            self.by_person.setdefault(post.person.code, []).append(post)

    def at(self, role: str, grid: str | None, specialty: str | None = None) -> list[PostFact]:
        """Who holds a role on a grid; a technician of no specialty takes any work."""
        held = self.by_seat.get((role, grid), ())
        fit = [post for post in held if specialty is None or post.specialty in (specialty, None)]
        return sorted(fit, key=lambda post: (post.specialty is None, post.person.code))
