"""By when what has to have happened: the limits as data, in the order in which they are looked at."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any, Final, Literal, get_args

from gridmap.domain.categories import GROUPS
from gridmap.domain.hours import shown
from gridmap.domain.lifecycle import KINDS, STAMPS, URGENCIES
from gridmap.domain.roles import ROLES
from gridmap.errors import InputError

# Plain time; whole days that end at midnight by the site's clock; the working time, or the working days, of a role.
# The n-th day after the start counts as day n, so that none is the day of the start itself.
Clock = Literal["round_the_clock", "natural_days", "working_time", "working_days"]
CLOCKS: Final[tuple[Clock, ...]] = get_args(Clock)
BY_DAYS: Final = ("natural_days", "working_days")
BY_ROLE: Final = ("working_time", "working_days")

# trigger: what a limit runs from. When an issue is reopened all of its limits begin anew.
TRIGGERS: Final[dict[str, str]] = {
    "report": "the report",
    "dispatch": "when the work order is written",
    "weather_over": "when the weather is over",
}


@dataclass(frozen=True)
class Limit:
    """A stamp that is due some time after something happened, for some issues; without a time it is never due.

    A condition that is empty does not matter.
    """

    stamp: str
    after: timedelta | None
    clock: Clock = "round_the_clock"
    role: str | None = None
    trigger: str = "report"
    kinds: tuple[str, ...] = ()
    urgencies: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    but_groups: tuple[str, ...] = ()
    but_categories: tuple[str, ...] = ()
    complex: bool | None = None

    def holds(self, kind: str, urgency: str, group: str, category: str = "", hard: bool = False) -> bool:
        """Whether the limit is one of such an issue."""
        return (
            (not self.urgencies or urgency in self.urgencies)
            and (not self.kinds or kind in self.kinds)
            and (not self.groups or group in self.groups)
            and (not self.categories or category in self.categories)
            and group not in self.but_groups
            and category not in self.but_categories
            and self.complex in (None, hard)
        )


# Something to be put right, whoever found it; and what somebody asked who waits for an answer.
WORK: Final = ("repair", "inspection", "alarm")
ASKED: Final = ("repair", "complaint", "enquiry", "suggestion")
# Cleaning and greening are due the same working day.
BY_DAY: Final = ("cleaning", "greening", "sanitation")
SEEN_AT_ONCE: Final = ("litter", "bin_full")
# Building works on common parts, which take an order, material and often a scaffold.
PUBLIC_WORKS: Final = ("facade", "roof", "road", "playground", "sign")

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SAME_DAY: Final = timedelta(0)

_LIFE: Final = {"urgencies": ("life",)}
_EMERGENCY: Final = {"urgencies": ("emergency",)}
_SNOW: Final = {"urgencies": ("urgent", "normal"), "categories": ("snow",)}
_URGENT: Final = {"urgencies": ("urgent",), "but_categories": ("snow",)}
_NORMAL: Final = {"urgencies": ("normal",), "kinds": WORK}
_CLEANING: Final = {**_NORMAL, "groups": BY_DAY, "but_categories": (*SEEN_AT_ONCE, "waste_removal", "snow")}
_REPAIR: Final = {**_NORMAL, "but_groups": BY_DAY}
_COMPLAINT: Final = {"urgencies": ("normal",), "kinds": ("complaint",), "but_categories": ("snow",)}
_QUESTION: Final = {
    "urgencies": ("normal",),
    "kinds": ("enquiry", "suggestion"),
    "clock": "working_time",
    "role": "front_desk",
}


def _limits(*rows: tuple[str, timedelta, Mapping[str, Any]]) -> tuple[Limit, ...]:
    return tuple(Limit(stamp, after, **conditions) for stamp, after, conditions in rows)


# For each stamp the first row that holds decides.
LIMITS: Final = _limits(
    ("on_site", 5 * MINUTE, _LIFE),
    ("on_site", 15 * MINUTE, _EMERGENCY),
    ("under_control", 2 * HOUR, _EMERGENCY),
    ("resolved", 24 * HOUR, _EMERGENCY),
    ("resolved", 4 * HOUR, {**_SNOW, "trigger": "weather_over"}),
    ("first_answer", 15 * MINUTE, {**_URGENT, "kinds": ASKED}),
    ("on_site", 45 * MINUTE, _URGENT),
    ("resolved", 24 * HOUR, _URGENT),
    ("resolved", 15 * DAY, {**_NORMAL, "categories": PUBLIC_WORKS, "clock": "natural_days", "trigger": "dispatch"}),
    (
        "resolved",
        1 * HOUR,
        {**_NORMAL, "categories": SEEN_AT_ONCE, "clock": "working_time", "role": "environment_officer"},
    ),
    (
        "resolved",
        SAME_DAY,
        {**_NORMAL, "categories": ("waste_removal",), "clock": "working_days", "role": "environment_officer"},
    ),
    ("on_site", 1 * HOUR, {**_CLEANING, "clock": "working_time", "role": "contractor"}),
    ("resolved", SAME_DAY, {**_CLEANING, "clock": "working_days", "role": "contractor"}),
    (
        "first_answer",
        30 * MINUTE,
        {**_REPAIR, "kinds": ("repair",), "clock": "working_time", "role": "front_desk"},
    ),
    ("on_site", 4 * HOUR, {**_REPAIR, "clock": "working_time", "role": "technician"}),
    ("resolved", 48 * HOUR, {**_REPAIR, "complex": True}),
    ("resolved", 24 * HOUR, _REPAIR),
    ("first_answer", 1 * DAY, {**_COMPLAINT, "clock": "natural_days"}),
    ("resolved", 7 * DAY, {**_COMPLAINT, "clock": "natural_days"}),
    ("first_answer", 4 * HOUR, _QUESTION),
    ("resolved", 48 * HOUR, _QUESTION),
)


class Table:
    """The limits of a site, its own before the trade's; which are an issue's is looked up once for each sort."""

    def __init__(self, own: Sequence[Limit] = ()) -> None:
        self.rows = (*own, *LIMITS)
        self._kept: dict[tuple[str, str, str, str, bool], tuple[tuple[Limit, Mapping[str, Any]], ...]] = {}

    def of(
        self, kind: str, urgency: str, group: str, category: str, hard: bool = False
    ) -> tuple[tuple[Limit, Mapping[str, Any]], ...]:
        """The limit of each stamp, the first that holds, with the rule as it is shown."""
        sort = (kind, urgency, group, category, hard)
        found = self._kept.get(sort)
        if found is None:
            first: dict[str, Limit] = {}
            for limit in self.rows:
                if limit.holds(*sort):
                    first.setdefault(limit.stamp, limit)
            found = self._kept[sort] = tuple((limit, limit_as_json(limit)) for limit in first.values())
        return found


# condition: the words it may hold, where they are not the site's own
_WORDS: Final[dict[str, Collection[str] | None]] = {
    "urgencies": URGENCIES,
    "kinds": KINDS,
    "groups": GROUPS,
    "categories": None,
    "but_groups": GROUPS,
    "but_categories": None,
}
_UNITS: Final = {"min": MINUTE, "h": HOUR, "days": DAY}


def limit_as_json(limit: Limit) -> dict[str, Any]:
    """A limit as a site writes it: what does not matter is left out."""
    found: dict[str, Any] = {"stamp": limit.stamp, "after": lasting(limit), "clock": limit.clock}
    if limit.role is not None:
        found["role"] = limit.role
    if limit.trigger != "report":
        found["trigger"] = limit.trigger
    found.update({name: list(getattr(limit, name)) for name in _WORDS if getattr(limit, name)})
    if limit.complex is not None:
        found["complex"] = limit.complex
    return found


def lasting(limit: Limit) -> str | None:
    """How long it is, in the largest unit that says it whole."""
    if limit.after is None:
        return None
    for unit in ("days",) if limit.clock in BY_DAYS else ("h", "min"):
        if limit.after % _UNITS[unit] == SAME_DAY:
            count = limit.after // _UNITS[unit]
            return "1 day" if (count, unit) == (1, "days") else f"{count} {unit}"
    raise AssertionError(limit)


def parse_limits(
    stored: Sequence[Mapping[str, Any]] | None, categories: Collection[str] | None = None
) -> tuple[Limit, ...]:
    """A site's own limits, which come before the trade's; every word in them must be known."""
    if stored is not None and (isinstance(stored, str | Mapping) or not isinstance(stored, Sequence)):
        raise InputError(f"limits: a list of rows is wanted, not {shown(stored)}")
    return tuple(_parse_limit(number, row, categories) for number, row in enumerate(stored or (), start=1))


def _parse_limit(number: int, row: Any, categories: Collection[str] | None) -> Limit:
    place = f"limit {number}"
    if not isinstance(row, Mapping):
        raise InputError(f"{place}: {shown(row)} is not an object of names and values")
    known = [item.name for item in fields(Limit)]
    if unknown := [name for name in row if name not in known]:
        raise InputError(f"{place}: {', '.join(map(shown, unknown))} means nothing here; there are {', '.join(known)}")
    given = {"clock": "round_the_clock", "trigger": "report", **row}
    for name, words in (("stamp", STAMPS), ("clock", CLOCKS), ("trigger", TRIGGERS), ("role", (*ROLES, None))):
        if given.get(name) not in tuple(words):
            raise InputError(f"{place}, {name}: {shown(given.get(name))} is none of {', '.join(w for w in words if w)}")
    if given["clock"] in BY_ROLE and given.get("role") is None:
        raise InputError(f"{place}, role: {given['clock']} is somebody's: name the role whose hours count")
    if not isinstance(given.get("complex"), bool | None):
        raise InputError(f"{place}, complex: {shown(given['complex'])} is neither true nor false")
    after = _parse_length(place, given.get("after", ""), given["clock"])
    lists = {
        name: _parse_words(f"{place}, {name}", given.get(name, ()), words or categories)
        for name, words in _WORDS.items()
    }
    return Limit(
        given["stamp"],
        after,
        given["clock"],
        given.get("role"),
        given["trigger"],
        complex=given.get("complex"),
        **lists,
    )


def _parse_words(place: str, given: Any, known: Collection[str] | None) -> tuple[str, ...]:
    if isinstance(given, str) or not isinstance(given, Sequence) or not all(isinstance(word, str) for word in given):
        raise InputError(f"{place}: {shown(given)} is not a list of words")
    if known is not None and (unknown := [word for word in given if word not in known]):
        raise InputError(f"{place}: {', '.join(map(shown, unknown))} is none of {', '.join(known)}")
    return tuple(given)


def _parse_length(place: str, given: Any, clock: str) -> timedelta | None:
    if given is None or given == "never":
        return None
    units = ("days",) if clock in BY_DAYS else ("min", "h")
    number, _, unit = str(given).partition(" ")
    unit = "days" if unit == "day" else unit
    if not isinstance(given, str) or unit not in units or not (number.isascii() and number.isdigit()):
        example = "7 days (0 days: the same day)" if units == ("days",) else "30 min or 4 h"
        raise InputError(
            f"{place}, after: {shown(given)} is no time of {clock}: write {example}, or null (never) for no limit"
        )
    if len(number) > 5 or (after := int(number) * _UNITS[unit]) > 3650 * DAY:
        raise InputError(f"{place}, after: {given} is longer than ten years")
    if units != ("days",) and not after:
        raise InputError(f"{place}, after: {given} is over when it begins")
    return after


def table(limits: Sequence[Limit] = LIMITS) -> Iterator[tuple[str, ...]]:
    """Limits for people to read, a head and a row for each, in English."""
    yield ("for", "stamp", "due after", "counted", "from")
    for limit in limits:
        counted = limit.clock.replace("_", " ") + (f" of the {ROLES[limit.role]}" if limit.role else "")
        yield (_applies(limit), limit.stamp, _spoken(limit), counted, TRIGGERS[limit.trigger])


def _applies(limit: Limit) -> str:
    said = [", ".join(words) for name in _WORDS if not name.startswith("but_") and (words := getattr(limit, name))]
    if limit.complex:
        said.append("complex")
    if but := (*limit.but_groups, *limit.but_categories):
        said.append(f"but not {', '.join(but)}")
    return "; ".join(said) or "every issue"


def _spoken(limit: Limit) -> str:
    text = lasting(limit)
    if text is None:
        return "never"
    return "the same day" if text == "0 days" else text


# What holds at a site that says nothing of its own.
TRADE: Final = Table()
