"""To whom an issue is handed, and why: candidates from the posts, ranked; pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gridmap.domain.facts import Person, PostFact, Roster
from gridmap.domain.responsibility import Reason
from gridmap.domain.roles import ROLES
from gridmap.language import Phrase, phrase

# Work of these groups is the contractor's, where one is named for the ground.
CONTRACTED: Final = ("cleaning", "sanitation", "greening")
# Who knows of an emergency at the same moment, and where his post is looked for: on the ground, up the chain from the
# smallest area, or for the whole site.
EMERGENCY: Final = (
    "guard", "grid_owner", "technician", "emergency_team", "supervisor", "coordinator", "control_room",
    "department_head", "project_head",
)  # fmt: skip
# Who hands work out under each of the models, the first that is there.
HANDS_OUT: Final[dict[str, tuple[str, ...]]] = {
    "centre": ("dispatcher", "front_desk", "coordinator"),
    "coordinator": ("coordinator", "dispatcher", "front_desk"),
    "front_desk": ("front_desk", "dispatcher", "coordinator"),
}
# category: whom to call outside, and the number in mainland China; who has none has one of its own in every town.
OUTSIDE: Final[dict[str, tuple[Phrase, str | None]]] = {
    "fire": (phrase("fire brigade"), "119"),
    "theft": (phrase("police"), "110"),
    "fight": (phrase("police"), "110"),
    "group_complaint": (phrase("police"), "110"),
    "suspicious_person": (phrase("police"), "110"),
    "injury": (phrase("ambulance"), "120"),
    "lift_trapped": (phrase("lift rescue"), "96333"),
    "gas": (phrase("gas company"), None),
    "burst_main": (phrase("water company"), None),
}


@dataclass(frozen=True)
class Standing:
    """How somebody stands at a moment: on duty or not, how much he has in hand, and how far away he last was."""

    on_duty: bool = True
    open_work: int = 0
    distance_m: float | None = None


@dataclass(frozen=True)
class Candidate:
    """Somebody who could take it: in which role, and how many tiers above the ground his area lies."""

    person: Person
    role: str
    grid: str | None
    depth: int


@dataclass(frozen=True)
class Choice:
    """Who gets it, and why; nobody, if there is nobody."""

    candidate: Candidate | None
    reasons: tuple[Reason, ...]


def wanted(answers: Sequence[Mapping[str, Any]], group: str) -> tuple[str, ...]:
    """The roles whose work it is, the first that somebody holds: who repairs, who is contracted, who owns it."""
    repairs = [answer["role"] for answer in answers if answer["duty"] == "repairs"]
    contracted = ["contractor"] if group in CONTRACTED else []
    return tuple(dict.fromkeys([*contracted, *repairs, answers[0]["role"]]))


def candidates(
    roster: Roster, role: str, chain: Sequence[str], specialty: str | None, but: str | None = None
) -> list[Candidate]:
    """Everybody who holds a role for the ground, or his deputy while he is away; never the person complained of."""
    found: dict[str, Candidate] = {}
    for depth, area in enumerate((*chain, None)):
        for post in roster.at(role, area, specialty if role in ("technician", "contractor") else None):
            person = _present(post)
            if person is not None and person.code != but:
                found.setdefault(person.code, Candidate(person, role, area, depth))
    return list(found.values())


def _present(post: PostFact) -> Person | None:
    if not post.away:
        return post.person
    return None if post.deputy_away else post.deputy


def choose(candidates: Iterable[Candidate], standings: Mapping[str, Standing]) -> Choice:
    """The one on duty, of the smallest area, with the least open work, nearest by last position, lowest by code."""
    order = ranked(candidates, standings)
    if not order:
        return Choice(None, (Reason("dispatch", phrase("nobody is there whose work it is")),))
    first = order[0]
    standing = standings.get(first.person.code, Standing())
    reasons = [
        Reason(
            "dispatch",
            phrase("it is the work of the {role}: {person}", role=Phrase(ROLES[first.role]), person=first.person.name),
        )
    ]
    if not standing.on_duty:
        reasons.append(Reason("dispatch", phrase("nobody who could do it is on duty")))
    if len(order) > 1:
        reasons.append(_before(first, order[1], standings, len(order)))
    return Choice(first, tuple(reasons))


def ranked(candidates: Iterable[Candidate], standings: Mapping[str, Standing]) -> list[Candidate]:
    """In the order in which they are chosen."""
    return sorted(candidates, key=lambda each: _rank(each, standings.get(each.person.code, Standing())))


def _rank(candidate: Candidate, standing: Standing) -> tuple[Any, ...]:
    far = math.inf if standing.distance_m is None else standing.distance_m
    return (not standing.on_duty, candidate.depth, standing.open_work, far, candidate.person.code)


def _before(first: Candidate, second: Candidate, standings: Mapping[str, Standing], count: int) -> Reason:
    """What told the first from the second."""
    one, two = (_rank(each, standings.get(each.person.code, Standing())) for each in (first, second))
    place = next(n for n, (left, right) in enumerate(zip(one, two, strict=True)) if left != right)
    said = (
        phrase("of {count} the one on duty", count=count),
        phrase("of {count} the one with the smallest area", count=count),
        phrase("of {count} the one with the least open work: {work}", count=count, work=one[2]),
        phrase("of {count} the nearest by last position: {metres} m", count=count, metres=_metres(one[3])),
        phrase("of {count} that stand alike, the first by code", count=count),
    )
    return Reason("dispatch", said[place])


def _metres(far: float) -> int:
    return round(far) if math.isfinite(far) else 0


def alarmed(
    roster: Roster, chain: Sequence[str], specialty: str | None, in_charge: Mapping[str, str], but: str | None = None
) -> list[tuple[str, Person]]:
    """Everybody an emergency reaches at once, each in one role: those of the smallest area that has any of a role.

    `in_charge` names the role that each grid of the chain is bound to.
    """
    told: dict[str, tuple[str, Person]] = {}
    for role in EMERGENCY:
        areas: Sequence[str | None] = (*chain, None)
        if role in in_charge.values():
            areas = [code for code in chain if in_charge.get(code) == role]
        for area in areas:
            here = [
                person
                for post in roster.at(role, area, specialty if role == "technician" else None)
                for person in [_present(post)]
                if person is not None and person.code != but
            ]
            for person in here:
                told.setdefault(person.code, (role, person))
            if here:
                break
    return list(told.values())
