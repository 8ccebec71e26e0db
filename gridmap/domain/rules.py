"""The rules of responsibility as data: in order, the first whose conditions hold decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from gridmap.domain.categories import GROUPS
from gridmap.domain.facts import Facts
from gridmap.domain.roles import ROLES
from gridmap.errors import InputError
from gridmap.language import Phrase, phrase


@dataclass(frozen=True)
class When:
    """The conditions of a rule; one that is None does not matter."""

    groups: tuple[str, ...] | None = None
    kinds: tuple[str, ...] | None = None
    overlay: str | None = None
    near_building: bool | None = None
    own_level: bool | None = None
    under_warranty: bool | None = None
    several_grids: bool | None = None
    about_staff: bool | None = None
    referred: bool | None = None

    def holds(self, facts: Facts) -> bool:
        subject = facts.subject
        if self.groups is not None and subject.group not in self.groups:
            return False
        if self.kinds is not None and subject.kind not in self.kinds:
            return False
        if self.overlay is not None and all(keeper.kind != self.overlay for keeper in facts.overlays):
            return False
        return all(getattr(self, name) in (None, told(facts)) for name, told in QUESTIONS.items())


def _about_staff(facts: Facts) -> bool:
    subject = facts.subject
    return subject.about is not None or (subject.group == "service" and subject.kind == "complaint")


# The conditions that are a yes or a no, and what the facts say to them.
QUESTIONS: Final[dict[str, Callable[[Facts], bool]]] = {
    "near_building": lambda facts: facts.building_grid is not None,
    "own_level": lambda facts: facts.own_level,
    "under_warranty": lambda facts: facts.under_warranty,
    "several_grids": lambda facts: len(facts.touches) > 1,
    "about_staff": _about_staff,
    "referred": lambda facts: facts.subject.refer_to is not None,
}


@dataclass(frozen=True)
class Seat:
    """Where an answer is looked for: the duty it carries, a role, and the place that role is held at."""

    duty: str
    role: str
    place: str


@dataclass(frozen=True)
class Rule:
    """One rule: its name, when it holds, who then answers (first: the owner), and what it says."""

    name: str
    text: str
    when: When
    seats: tuple[Seat, ...]


DUTIES: Final = ("owns", "reports", "repairs", "helps", "follows", "refers")
# cell: the leaf grid; building: the leaf of the nearest building; area: the smallest area around the spot for
# which somebody holds the role; ancestor: the lowest grid all touched ones lie in; touched: each of them;
# overlay: its keeper; above: one post above the person complained of; site: the whole site.
PLACES: Final = ("cell", "building", "level", "area", "ancestor", "touched", "overlay", "above", "site")
# The role a tier of grids is bound to, whatever the tier.
IN_CHARGE: Final = "in_charge"


def _rule(name: str, text: Phrase, when: When, *seats: tuple[str, str, str]) -> Rule:
    return Rule(name, text.key, when, tuple(Seat(*seat) for seat in seats))


# In the order of the trade, but for one: a complaint about a person is nobody else's matter, wherever he works.
RULES: Final[tuple[Rule, ...]] = (
    _rule(
        "8 about staff",
        phrase("a complaint about service or staff starts one post above the person complained of"),
        When(about_staff=True),
        ("owns", IN_CHARGE, "above"),
    ),
    _rule(
        "1 special keeper", phrase("the place has a keeper of its own"),
        When(overlay="keeper", referred=False),
        ("owns", IN_CHARGE, "overlay"),
    ),
    _rule(
        "2 fire and security",
        phrase("fire protection and security: the guard of that ground finds and reports, the technician repairs"),
        When(groups=("fire_safety", "smart_systems")),
        ("owns", "guard", "area"), ("repairs", "technician", "area"),
    ),
    _rule(
        "3 decoration", phrase("decoration: the grid's owner and the guard"),
        When(groups=("decoration",)),
        ("owns", IN_CHARGE, "cell"), ("helps", "guard", "area"),
    ),
    _rule(
        "3 tenants", phrase("tenants: the guard of that ground"),
        When(groups=("tenants",)),
        ("owns", "guard", "area"),
    ),
    _rule(
        "4 sanitation",
        phrase("waste removal, pest control and first cleaning: the environment officer, wherever it is"),
        When(groups=("sanitation",)),
        ("owns", "environment_officer", "area"),
    ),
    _rule(
        "5 own level", phrase("cleaning on a level of its own: whoever answers for that level, not the tower above it"),
        When(groups=("cleaning",), own_level=True),
        ("owns", IN_CHARGE, "level"), ("helps", "environment_officer", "area"),
    ),
    _rule(
        "5 by a building", phrase("cleaning inside or close to a building: the building's grid owner"),
        When(groups=("cleaning",), near_building=True),
        ("owns", IN_CHARGE, "building"),
    ),
    _rule(
        "5 public ground", phrase("cleaning on public ground: the environment officer"),
        When(groups=("cleaning",)),
        ("owns", "environment_officer", "area"),
    ),
    _rule(
        "6 under warranty", phrase("a defect under warranty goes to the developer; the owner of the cell follows it"),
        When(groups=("equipment", "defects"), under_warranty=True),
        ("owns", "developer", "site"), ("follows", IN_CHARGE, "cell"),
    ),
    _rule(
        "7 equipment of several grids",
        phrase("equipment that reaches into several grids: the post above them all, the technician repairs it"),
        When(groups=("equipment", "greening", "defects"), several_grids=True),
        ("owns", IN_CHARGE, "ancestor"),
        ("repairs", "technician", "area"),
        ("helps", IN_CHARGE, "touched"),
    ),
    _rule(
        "6 equipment",
        phrase("equipment: the owner of the cell it lies in; the technician of the area repairs it"),
        When(groups=("equipment", "greening", "defects")),
        ("owns", IN_CHARGE, "cell"), ("repairs", "technician", "area"),
    ),
    _rule(
        "7 several grids",
        phrase("it touches several grids: the post of the lowest grid they all lie in, their owners helping"),
        When(several_grids=True, referred=False),
        ("owns", IN_CHARGE, "ancestor"), ("helps", IN_CHARGE, "touched"),
    ),
    _rule(
        "9 referred out",
        phrase("beyond the company's power: referred out, and followed until it is done"),
        When(referred=True),
        ("owns", IN_CHARGE, "cell"), ("refers", "outside_body", "site"),
    ),
    _rule(
        "the cell", phrase("everything else: the owner of the cell it lies in"),
        When(),
        ("owns", IN_CHARGE, "cell"),
    ),
)  # fmt: skip


def rule_as_json(rule: Rule) -> dict[str, Any]:
    """A rule as a plan writes it."""
    return {
        "name": rule.name,
        "text": rule.text,
        "when": {name: value for name, value in asdict(rule.when).items() if value is not None},
        "seats": [asdict(seat) for seat in rule.seats],
    }


def parse_rules(stored: Sequence[Mapping[str, Any]]) -> tuple[Rule, ...]:
    """The rules of a site's own list; every word in them must be known."""
    return tuple(_parse_rule(number, row) for number, row in enumerate(stored, start=1))


def _parse_rule(number: int, row: Mapping[str, Any]) -> Rule:
    place = f"rule {number} ({row.get('name', 'without a name')})"
    when = dict(row.get("when", {}))
    unknown = set(when) - {item.name for item in fields(When)}
    if unknown:
        raise InputError(f"{place}: no condition is called {', '.join(sorted(unknown))}")
    for name in ("groups", "kinds"):
        if name in when:
            when[name] = tuple(when[name])
    if strange := set(when.get("groups", ())) - set(GROUPS):
        raise InputError(f"{place}: no group is called {', '.join(sorted(strange))}; there are {', '.join(GROUPS)}")
    seats = tuple(_parse_seat(place, seat) for seat in row.get("seats", ()))
    if not seats or "name" not in row:
        raise InputError(f"{place}: a rule needs a name and at least one seat")
    return Rule(str(row["name"]), str(row.get("text", row["name"])), When(**when), seats)


def _parse_seat(place: str, seat: Mapping[str, Any]) -> Seat:
    for word, known in (("duty", DUTIES), ("role", (IN_CHARGE, *ROLES)), ("place", PLACES)):
        if seat.get(word) not in known:
            raise InputError(f"{place}: {word} {seat.get(word)!r} is none of {', '.join(known)}")
    return Seat(seat["duty"], seat["role"], seat["place"])
