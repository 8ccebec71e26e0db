"""Who answers for an issue, and why: `decide(facts, ...)`, pure, over rules that are data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gridmap.domain.facts import Facts, Person, PostFact, Roster, Tree
from gridmap.domain.roles import DIRECTED_BY, LAST_RESORT, ROLE_OF_RANK, ROLES
from gridmap.domain.rules import IN_CHARGE, RULES, Rule, Seat
from gridmap.language import Phrase, phrase


@dataclass(frozen=True)
class Reason:
    """One step of the decision, in words."""

    rule: str
    text: Phrase


@dataclass(frozen=True)
class Answer:
    """Who has which duty: the role, the grid its post is held on, and its holder if there is one."""

    duty: str
    role: str
    post: str | None
    person: Person | None
    body: str | None = None


@dataclass(frozen=True)
class Verdict:
    """Who answers (the first is the owner) and why."""

    answers: tuple[Answer, ...]
    reasons: tuple[Reason, ...]

    @property
    def owner(self) -> Answer:
        return self.answers[0]


def decide(
    facts: Facts, tree: Tree, roster: Roster, rules: Sequence[Rule] = RULES, fallback: str = LAST_RESORT[0]
) -> Verdict:
    """Who answers for these facts: the first rule that holds, its posts, and those who stand in for them."""
    return _Deciding(facts, tree, roster, fallback).verdict(rules)


class _Deciding:
    """One decision on its way: the reasons gather as the seats are filled."""

    def __init__(self, facts: Facts, tree: Tree, roster: Roster, fallback: str) -> None:
        self.facts, self.tree, self.roster, self.fallback = facts, tree, roster, fallback
        self.reasons: list[Reason] = []

    def verdict(self, rules: Sequence[Rule]) -> Verdict:
        self.explain_place()
        if self.facts.leaf is None:
            return Verdict((self.last_resort("owns"),), tuple(self.reasons))
        rule = next(rule for rule in (*rules, RULES[-1]) if rule.when.holds(self.facts))
        self.because(rule.name, Phrase(rule.text))
        answers = [answer for seat in rule.seats for answer in self.fill(seat)]
        return Verdict(tuple(_once(answers)), tuple(self.reasons))

    def because(self, rule: str, text: Phrase) -> None:
        self.reasons.append(Reason(rule, text))

    def explain_place(self) -> None:
        leaf = self.facts.leaf
        said = {
            "inside": phrase("the place lies in grid {grid}", grid=leaf),
            "boundary": phrase("the place lies on the line of grid {grid}, which comes first", grid=leaf),
            "near": phrase("the place lies outside every grid; {grid} is the nearest within reach", grid=leaf),
            "outside": phrase("the place lies outside every grid and too far from the nearest"),
        }
        self.because("place", said[self.facts.position])
        if self.facts.straddles:
            self.because(
                "place",
                phrase("the grids of the upper tiers at this spot are not those above {grid}", grid=leaf),
            )

    def fill(self, seat: Seat) -> list[Answer]:
        """The answers a seat stands for: one, or one for each grid that is touched."""
        if seat.role == "outside_body":
            return [Answer(seat.duty, seat.role, None, None, body=self.facts.subject.refer_to)]
        if seat.place == "overlay":
            return [self.keeper(seat)]
        if seat.place == "touched":
            return [self.in_charge(seat.duty, code) for code in self.facts.touches]
        if seat.place == "level" and self.facts.level_grid is None:
            return [self.by_area(Seat(seat.duty, "environment_officer", "area"))]
        if seat.place == "above":
            return [self.above(seat.duty)]
        if seat.role != IN_CHARGE:
            return [self.by_area(seat)]
        return [self.in_charge(seat.duty, self.grid_at(seat.place))]

    def grid_at(self, place: str) -> str | None:
        facts = self.facts
        if place == "building":
            return facts.building_grid or facts.leaf
        if place == "level":
            return facts.level_grid
        if place == "ancestor":
            return self.tree.ancestor(facts.touches)
        return facts.leaf

    def holder(self, post: PostFact) -> Person | None:
        """The holder of a post, or the deputy while he is away."""
        if not post.away:
            return post.person
        if post.deputy is not None and not post.deputy_away:
            self.because(
                "deputy",
                phrase("{person} is away: {deputy} stands in", person=post.person.name, deputy=post.deputy.name),
            )
            return post.deputy
        self.because("deputy", phrase("{person} is away and nobody stands in", person=post.person.name))
        return None

    def held(self, role: str, grid: str | None, specialty: str | None = None) -> Person | None:
        """Who can act in a role on a grid now, but never the person a complaint is about."""
        for post in self.roster.at(role, grid, specialty):
            person = self.holder(post)
            if person is not None and person.code != self.facts.subject.about:
                return person
        return None

    def in_charge(self, duty: str, grid: str | None) -> Answer:
        """The post bound to a grid; nobody on it: the next one up; nobody at all: the last resort."""
        chain = self.tree.chain(grid)
        for code in chain:
            role = ROLE_OF_RANK[self.tree.rank(code)]
            person = self.held(role, code)
            if person is not None:
                if code != grid:
                    self.because(
                        "up the tiers",
                        phrase("nobody is on the post of {grid}: it goes up to {above}", grid=grid, above=code),
                    )
                return Answer(duty, role, code, person)
        if grid is not None and chain and not self.anybody_in_reserve():
            role = ROLE_OF_RANK[self.tree.rank(grid)]
            self.because("up the tiers", phrase("nobody holds the post of {grid} or one above it", grid=grid))
            return Answer(duty, role, grid, None)
        return self.last_resort(duty)

    def anybody_in_reserve(self) -> bool:
        return any(self.roster.at(role, None) for role in (self.fallback, *LAST_RESORT))

    def last_resort(self, duty: str) -> Answer:
        for role in dict.fromkeys((self.fallback, *LAST_RESORT)):
            person = self.held(role, None)
            if person is not None:
                self.because("fallback", phrase("it goes to the site's {role}", role=Phrase(ROLES[role])))
                return Answer(duty, role, None, person)
        self.because(
            "fallback",
            phrase("it goes to the site's {role}, a post that nobody holds", role=Phrase(ROLES[self.fallback])),
        )
        return Answer(duty, self.fallback, None, None)

    def by_area(self, seat: Seat) -> Answer:
        """The holder of a role for the smallest area around the spot; an owner's seat is never left empty."""
        specialty = self.facts.subject.specialty if seat.role == "technician" else None
        areas: tuple[str | None, ...] = (None,) if seat.place == "site" else (*self.facts.chain, None)
        for area in areas:
            person = self.held(seat.role, area, specialty)
            if person is not None:
                return Answer(seat.duty, seat.role, area, person)
        self.because(
            "nobody on the post",
            phrase("no {role} is named for this ground", role=Phrase(ROLES[seat.role])),
        )
        if seat.duty == "owns":
            return self.in_charge(seat.duty, self.facts.leaf)
        return Answer(seat.duty, seat.role, None, None)

    def keeper(self, seat: Seat) -> Answer:
        """The keeper of the overlay; away or complained of, whoever holds his role."""
        overlay = next(keeper for keeper in self.facts.overlays if keeper.kind == "keeper")
        self.because("keeper", phrase("{name} has a keeper", name=overlay.name))
        person = self.roster.people.get(overlay.person) if overlay.person else None
        if person is not None and person.code in self.roster.away:
            self.because("deputy", phrase("{person} is away and nobody stands in", person=person.name))
        elif person is not None and person.code != self.facts.subject.about:
            return Answer(seat.duty, overlay.role or "reception_lead", None, person)
        return self.by_area(Seat(seat.duty, overlay.role or "reception_lead", "area"))

    def above(self, duty: str) -> Answer:
        """One post above the person complained of; without a name, above the owner of the cell. Never below."""
        about = self.facts.subject.about
        posts = self.roster.by_person.get(about, []) if about else []
        bound = [post for post in posts if post.role in ROLE_OF_RANK.values() and post.grid in self.tree.tiers]
        if posts and not bound:
            return self.directing(duty, min(posts, key=lambda post: (post.role, post.grid or "")))
        highest = min(
            (self.tree.chain(post.grid) for post in bound), key=lambda chain: (len(chain), chain), default=None
        )
        over = (highest or self.facts.chain)[1:]
        return self.in_charge(duty, over[0]) if over else self.senior(duty, DIRECTED_BY["coordinator"])

    def directing(self, duty: str, post: PostFact) -> Answer:
        """Whoever directs the holder of a post that no tier is bound to."""
        role = DIRECTED_BY.get(post.role, "project_head")
        if role in ROLE_OF_RANK.values():
            return self.in_charge(duty, post.grid or self.facts.leaf)
        return self.senior(duty, role)

    def senior(self, duty: str, role: str | None) -> Answer:
        """The holder of a role for the ground or the site, or of the one that directs it, and so on up."""
        while role is not None and role not in ROLE_OF_RANK.values():
            for area in (*self.facts.chain, None):
                person = self.held(role, area)
                if person is not None:
                    return Answer(duty, role, area, person)
            role = DIRECTED_BY.get(role)
        return self.last_resort(duty)


def _once(answers: Iterable[Answer]) -> Iterable[Answer]:
    """Nobody is named twice: the first duty counts."""
    seen: set[object] = set()
    for answer in answers:
        who = answer.person.code if answer.person else (answer.role, answer.post, answer.body)
        if who not in seen:
            seen.add(who)
            yield answer
