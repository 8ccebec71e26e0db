"""The fifteen inspection subjects: their items, and the standard that each is held against."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from gridmap.errors import FieldError, InputError
from gridmap.language import Phrase, phrase

ANSWERS: Final = ("yes_no", "number", "date", "count", "photo")
# `in_date` holds until its day; `within` is no longer ago than so many days; `noted` cannot fail.
OPERATORS: Final = ("is", "at_least", "at_most", "in_date", "within", "noted")
LARGEST: Final = 1e9


@dataclass(frozen=True)
class Item:
    """One thing to look at: what is answered, and which answer passes.

    With `per` the limit grows with another answer of the same form: one for each so many of it.
    """

    subject: int
    code: str
    text: Phrase
    category: str
    answer: str = "yes_no"
    operator: str = "is"
    limit: float | None = None
    unit: str | None = None
    per: tuple[str, float] | None = None

    def read(self, said: Any) -> Any:
        """What was answered, as it is kept; refuses what is no answer of its type."""
        if not READS[self.answer](said):
            raise FieldError(self.code, f"item {self.code} of subject {self.subject} asks for a {self.answer}")
        return said

    def passes(self, said: Any, others: Mapping[str, Any], day: date) -> bool | None:
        """Whether an answer meets the standard on a day; None if it cannot fail."""
        return TESTS[self.operator](self, said, self._limit_for(others), day)

    def _limit_for(self, others: Mapping[str, Any]) -> float:
        limit = self.limit or 0.0
        if self.per is not None and _number(others.get(self.per[0])):
            limit = max(limit, math.ceil(others[self.per[0]] / self.per[1]))
        return limit


def _number(said: Any) -> bool:
    return isinstance(said, int | float) and not isinstance(said, bool) and math.isfinite(said)


def _count(said: Any) -> bool:
    return isinstance(said, int) and not isinstance(said, bool) and 0 <= said <= LARGEST


def _date_of(said: Any) -> date | None:
    try:
        return date.fromisoformat(said) if isinstance(said, str) and len(said) == 10 else None
    except ValueError:
        return None


def _in_date(_: Item, said: Any, __: float, day: date) -> bool:
    until = _date_of(said)
    return until is not None and until >= day


def _within(_: Item, said: Any, limit: float, day: date) -> bool:
    last = _date_of(said)
    return last is not None and day - timedelta(days=limit) <= last <= day


READS: Final[dict[str, Callable[[Any], bool]]] = {
    "yes_no": lambda said: isinstance(said, bool),
    "photo": lambda said: isinstance(said, bool) or _count(said),
    "number": lambda said: _number(said) and -LARGEST <= said <= LARGEST,
    "count": lambda said: _count(said),
    "date": lambda said: _date_of(said) is not None,
}
TESTS: Final[dict[str, Callable[[Item, Any, float, date], bool | None]]] = {
    "is": lambda _, said, __, ___: said is True or (_number(said) and said > 0),
    "at_least": lambda _, said, limit, __: bool(said >= limit),
    "at_most": lambda _, said, limit, __: bool(said <= limit),
    "in_date": _in_date,
    "within": _within,
    "noted": lambda *_: None,
}

# number: what is looked at
SUBJECTS: Final[dict[int, Phrase]] = {
    1: phrase("site plan and signs"),
    2: phrase("façades"),
    3: phrase("building interior"),
    4: phrase("decoration sites"),
    5: phrase("building rounds"),
    6: phrase("common facilities"),
    7: phrase("drains, roads and covers"),
    8: phrase("lifts"),
    9: phrase("cleaning staff"),
    10: phrase("cleaning equipment"),
    11: phrase("cleaning inside"),
    12: phrase("cleaning outside"),
    13: phrase("indoor car park"),
    14: phrase("waste station"),
    15: phrase("water features"),
}

ITEMS: Final = (
    Item(1, "plan_at_entrances", phrase("a plan at every main entrance"), "sign"),
    Item(1, "signs_at_junctions", phrase("a sign at every main junction"), "sign"),
    Item(2, "no_bills", phrase("no bills or stains"), "flyposting"),
    Item(2, "tiles", phrase("no loose tiles"), "facade"),
    Item(2, "boards", phrase("boards and neon clean and safe"), "facade"),
    Item(2, "no_structures", phrase("no unauthorised structure or oversize grille"), "illegal_building"),
    Item(2, "balconies", phrase("balconies uniform"), "facade"),
    Item(3, "plates", phrase("number and notice plates complete"), "sign"),
    Item(3, "service_plate", phrase("the service plate by the lift"), "sign"),
    Item(3, "shaft_doors", phrase("shaft doors labelled, locked, empty"), "door_window"),
    Item(3, "roof", phrase("roof clear, parapet warned"), "roof"),
    Item(3, "lights", phrase("lights burn"), "lamp"),
    Item(3, "fire_door", phrase("the fire door opens, and shuts itself"), "fire_door"),
    Item(3, "stairs_clear", phrase("stairs and ways of escape are clear"), "fire_lane"),
    Item(4, "bearing_walls", phrase("no load-bearing part is cut"), "decoration"),
    Item(4, "wiring", phrase("no illegal wiring"), "decoration"),
    Item(4, "flammables", phrase("no flammables"), "decoration"),
    Item(4, "lodging", phrase("nobody lodges there"), "decoration"),
    Item(4, "hot_work", phrase("no hot work without a permit"), "decoration"),
    Item(4, "area", phrase("area under decoration"), "decoration", "number", "noted", unit="m2"),
    Item(4, "extinguishers", phrase("fire extinguishers, two at least and one for every 50 m2"), "decoration",
         "count", "at_least", 2, per=("area", 50)),
    Item(4, "permit", phrase("permit and round sheet are posted"), "decoration"),
    Item(4, "passes", phrase("workers carry passes"), "decoration"),
    Item(4, "lift_protected", phrase("the lift is protected, debris bagged"), "decoration"),
    Item(5, "sampled", phrase("buildings sampled today"), "service", "count", "at_least", 1),
    Item(5, "covered", phrase("share of buildings seen this week"), "service", "number", "at_least", 100, "%"),
    Item(5, "signed_in", phrase("signed in, and the log written"), "service"),
    Item(6, "public", phrase("rounds of public facilities today"), "power", "count", "at_least", 1),
    Item(6, "machines", phrase("rounds of pumps, fans and drainage today"), "power", "count", "at_least", 1),
    Item(6, "unused", phrase("rounds of what is not in use this week"), "power", "count", "at_least", 1),
    Item(6, "in_order", phrase("the facility is in order"), "power"),
    Item(6, "fire_equipment", phrase("fire equipment complete and in date"), "fire_equipment"),
    Item(7, "no_blockage", phrase("no blockage or overflow"), "drain"),
    Item(7, "silt", phrase("wells are free of silt"), "drain"),
    Item(7, "septic_emptied", phrase("the septic tank was emptied"), "drain", "date", "within", 365, "d"),
    Item(7, "covers", phrase("covers present, flush, firm"), "manhole"),
    Item(7, "paving", phrase("paving whole and level"), "road"),
    Item(7, "announced", phrase("closures are announced"), "road"),
    Item(8, "buttons", phrase("buttons and display work"), "lift"),
    Item(8, "certificate", phrase("the certificate is posted and in date"), "lift", "date", "in_date"),
    Item(8, "light_fan_intercom", phrase("light, fan and intercom work"), "lift"),
    Item(8, "light_curtain", phrase("the light curtain works"), "lift"),
    Item(8, "runs_smoothly", phrase("no noise, sway or jolt"), "lift"),
    Item(8, "key_rings", phrase("rings at the key-holes"), "lift"),
    Item(9, "contracted", phrase("cleaners contracted"), "service", "count", "noted"),
    Item(9, "present", phrase("cleaners present, as many as contracted"), "service", "count", "at_least", 0,
         per=("contracted", 1)),
    Item(9, "named_areas", phrase("no area without a name"), "service"),
    Item(9, "uniform", phrase("in uniform"), "service"),
    Item(10, "fixtures", phrase("fixtures without damage, stain or smell"), "dirty_interior"),
    Item(10, "tools", phrase("tools in their place"), "dirty_interior"),
    Item(11, "stairs", phrase("no litter on the stairs"), "dirty_interior"),
    Item(11, "tissue", phrase("a white tissue stays clean over 50 cm of wall and furniture"), "dirty_interior",
         "number", "at_least", 50, "cm"),
    Item(11, "glass", phrase("glass clean"), "dirty_interior"),
    Item(11, "dust", phrase("no dust on hydrants and letter boxes"), "dirty_interior"),
    Item(11, "lift_car", phrase("no bills in the lift"), "flyposting"),
    Item(12, "litter", phrase("how long litter has lain"), "litter", "number", "at_most", 60, "min"),
    Item(12, "bins", phrase("how full the bins are"), "bin_full", "number", "at_most", 67, "%"),
    Item(12, "snow_path", phrase("width of the path 4 hours after snow"), "snow", "number", "at_least", 1, "m"),
    Item(12, "snow_ways", phrase("doors, gates and lanes clear of snow"), "snow"),
    Item(12, "benches", phrase("a white tissue stays clean over 1 m of bench"), "litter", "number", "at_least", 1, "m"),
    Item(12, "fountain", phrase("the fountain is clean"), "water_feature"),
    Item(13, "lines", phrase("lines are legible"), "parking"),
    Item(13, "floor", phrase("no litter, oil or water"), "dirty_car_park"),
    Item(13, "webs", phrase("no webs"), "dirty_car_park"),
    Item(14, "emptied", phrase("the waste station was emptied"), "waste_removal", "date", "within", 1, "d"),
    Item(14, "pest_control", phrase("pest control was done and recorded"), "pests", "date", "within", 7, "d"),
    Item(14, "flammables", phrase("no flammables in the station"), "waste_removal"),
    Item(14, "run_off", phrase("no run-off, no flies"), "pests"),
    Item(15, "stone", phrase("no efflorescence on the stone"), "water_feature"),
    Item(15, "algae", phrase("no algae or larvae"), "water_feature"),
    Item(15, "waste", phrase("no sunk or floating waste"), "water_feature"),
)  # fmt: skip

Form = Mapping[str, Item]


def form_of(subject: int, own: Iterable[Item | tuple[int, str]] = ()) -> dict[str, Item]:
    """The items of a subject by code, with a site's own in their place; one it names without an Item is left out."""
    if subject not in SUBJECTS:
        raise InputError(f"there is no inspection subject {subject}: they are numbered 1 to {len(SUBJECTS)}")
    form = {item.code: item for item in ITEMS if item.subject == subject}
    for each in own:
        if isinstance(each, Item):
            if each.subject == subject:
                form[each.code] = each
        elif each[0] == subject:
            form.pop(each[1], None)
    return form


def refuse_unfit(item: Item) -> Item:
    """An item of a site's own, if it makes sense."""
    if item.answer not in ANSWERS or item.operator not in OPERATORS:
        raise InputError(f"item {item.code}: {item.answer}, {item.operator} is not known")
    wanted = {
        "is": ("yes_no", "photo"), "at_least": ("number", "count"), "at_most": ("number", "count"),
        "in_date": ("date",), "within": ("date",), "noted": ANSWERS,
    }  # fmt: skip
    if item.answer not in wanted[item.operator]:
        raise InputError(f"item {item.code}: {item.operator} says nothing of a {item.answer}")
    if item.operator in ("at_least", "at_most", "within") and not _number(item.limit):
        raise InputError(f"item {item.code}: {item.operator} needs a limit")
    if item.per is not None and not (_number(item.per[1]) and item.per[1] > 0):
        raise InputError(f"item {item.code}: one for each {item.per[1]} of {item.per[0]} cannot be counted")
    return item


@dataclass(frozen=True)
class Answer:
    """An answer on a form: what was seen, whether that passes, and a word about it."""

    item: Item
    value: Any
    passed: bool | None
    note: str | None = None


def judge(form: Form, said: Mapping[str, Any], at: datetime, timezone: str) -> list[Answer]:
    """The answers of a form held against its standards; what is not on the form is refused by name."""
    unknown = next((code for code in said if code not in form), None)
    if unknown is not None:
        raise FieldError(unknown, f"no item of this form is called {unknown}: it has {', '.join(form)}")
    day = at.astimezone(ZoneInfo(timezone)).date()
    values = {code: form[code].read(value) for code, value in said.items()}
    return [Answer(form[code], value, form[code].passes(value, values, day)) for code, value in values.items()]


def with_note(answer: Answer, note: str | None) -> Answer:
    """The answer with a word about it."""
    return replace(answer, note=note)
