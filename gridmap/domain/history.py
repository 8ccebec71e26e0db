"""The present of an issue, derived from its history line by line: `after(present, line)`, pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce
from typing import Any, Final

from gridmap.domain.lifecycle import ENDED, STAMPS

# While an issue waits, or others have it, its limits do not run.
PAUSED: Final = ("on_hold", "referred")

Hold = tuple[datetime, datetime | None]


@dataclass(frozen=True)
class Line:
    """One line of history: what happened, when, and the status it left the issue in."""

    action: str
    status: str
    at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Present:
    """Where an issue stands."""

    status: str = "reported"
    handler: str | None = None
    handler_role: str | None = None
    first_answer_at: datetime | None = None
    accepted_at: datetime | None = None
    on_site_at: datetime | None = None
    under_control_at: datetime | None = None
    resolved_at: datetime | None = None
    held_at: datetime | None = None
    look_at: datetime | None = None
    closed_at: datetime | None = None
    closed_as: str | None = None
    reopens: int = 0
    reworks: int = 0
    satisfaction: int | None = None
    parent: str | None = None
    # Of the present cycle: since the report, or since it was reopened.
    holds: tuple[Hold, ...] = ()
    moments: Mapping[str, datetime] = field(default_factory=dict)
    # Whose work it is not, as they said.
    returned: tuple[str, ...] = ()
    followed: bool = False
    referral: Mapping[str, Any] | None = None
    plan: tuple[Mapping[str, Any], ...] = ()
    supervised: int = 0
    signed: bool = False
    complex: bool = False
    # When somebody handed it out with a time of his own, and by when he wants it.
    given: tuple[datetime, datetime] | None = None
    deadlines: Mapping[str, datetime] = field(default_factory=dict)

    def stamp(self, name: str) -> datetime | None:
        """When the stamp was set."""
        moment: datetime | None = getattr(self, f"{name}_at")
        return moment


# Which stamps an action sets, if they have not been set before: whoever is on site has accepted it.
SETS: Final[dict[str, tuple[str, ...]]] = {
    "answer": ("first_answer",),
    "accept": ("accepted",),
    "start": ("accepted",),
    "arrive": ("accepted", "on_site"),
    "control": ("accepted", "on_site", "under_control"),
    "resolve": ("accepted", "on_site", "under_control", "resolved"),
}


def after(present: Present, line: Line) -> Present:
    """The present once a line has been written."""
    changed: dict[str, Any] = {f"{stamp}_at": present.stamp(stamp) or line.at for stamp in SETS.get(line.action, ())}
    changed["deadlines"] = _kept({**present.deadlines, **_deadlines(line)})
    if present.held_at is not None and line.status not in PAUSED:
        changed |= {"holds": _released(present, line.at), "held_at": None, "look_at": None}
    if line.action in CHANGES:
        changed |= CHANGES[line.action](replace(present, **changed), line)
    return replace(present, **{**changed, "status": line.status})


def replay(lines: Iterable[Line]) -> Present:
    """The present that a history leads to."""
    return reduce(after, lines, Present())


def _released(present: Present, at: datetime) -> tuple[Hold, ...]:
    """The holds with the last one ended."""
    return tuple((start, at if end is None else end) for start, end in present.holds)


def _report(_: Present, line: Line) -> dict[str, Any]:
    return {"moments": {"report": line.at}}


def _dispatch(present: Present, line: Line) -> dict[str, Any]:
    """The limits of a work order run from the first one of a cycle; a time that somebody gave takes their place."""
    due = _moment(line, "due")
    return {
        "given": (line.at, due) if due is not None else present.given,
        "handler": line.data.get("to"),
        "handler_role": line.data.get("role"),
        "moments": {"dispatch": line.at, **present.moments},
        "referral": None,
    }


def _subject(present: Present, line: Line) -> dict[str, Any]:
    return {"complex": line.data.get("complex", present.complex)}


def _return(present: Present, line: Line) -> dict[str, Any]:
    """Whoever had it does not get it again by the rules; nor does whoever says so, if it was not he."""
    said = dict.fromkeys((*present.returned, *line.data.get("from", ())))
    return {"handler": None, "handler_role": None, "referral": None, "returned": tuple(said)}


def _hold(present: Present, line: Line) -> dict[str, Any]:
    return {"held_at": line.at, "holds": (*present.holds, (line.at, None)), "look_at": _moment(line, "look_at")}


def _refer(present: Present, line: Line) -> dict[str, Any]:
    """What others do takes its own time: to our limits it is a hold, which may have begun before."""
    going = present.held_at is not None
    return {
        "referral": {name: line.data.get(name) for name in ("body", "reference")},
        "look_at": _moment(line, "look_at"),
        "holds": present.holds if going else (*present.holds, (line.at, None)),
        "held_at": present.held_at or line.at,
    }


def _resolve(_: Present, line: Line) -> dict[str, Any]:
    return {"resolved_at": line.at}


def _check(present: Present, line: Line) -> dict[str, Any]:
    if line.data.get("passed"):
        return {}
    return {"resolved_at": None, "reworks": present.reworks + 1, "followed": False}


def _follow_up(present: Present, line: Line) -> dict[str, Any]:
    """Who was asked and did not answer has not been followed up."""
    said = line.data.get("satisfaction")
    return {
        "followed": present.followed or not line.data.get("no_answer"),
        "satisfaction": said if said is not None else present.satisfaction,
    }


def _close(_: Present, line: Line) -> dict[str, Any]:
    """Of what others have closed, nobody says how."""
    return {"closed_at": line.at, "closed_as": line.data.get("as")}


def _end(_: Present, line: Line) -> dict[str, Any]:
    return {"closed_at": line.at, "closed_as": line.status, "parent": line.data.get("parent")}


def _reopen(present: Present, line: Line) -> dict[str, Any]:
    """All begins anew; that somebody was answered once stays true. The line says which limits begin with it."""
    return {
        **{f"{stamp}_at": None for stamp in ("accepted", "on_site", "under_control", "resolved", "closed")},
        **dict.fromkeys(("handler", "handler_role", "closed_as", "parent", "referral")),
        "followed": False,
        "signed": False,
        "given": None,
        "returned": (),
        "plan": (),
        "holds": (),
        "reopens": present.reopens + 1,
        "moments": {"report": present.moments["report"], "reopen": line.at},
    }


def _plan(_: Present, line: Line) -> dict[str, Any]:
    return {"plan": tuple(line.data.get("steps", ()))}


def _supervise(present: Present, _: Line) -> dict[str, Any]:
    return {"supervised": present.supervised + 1}


def _sign(_: Present, __: Line) -> dict[str, Any]:
    return {"signed": True}


CHANGES: Final[dict[str, Callable[[Present, Line], dict[str, Any]]]] = {
    "report": _report,
    "dispatch": _dispatch,
    "transfer": _dispatch,
    "return": _return,
    "hold": _hold,
    "refer": _refer,
    "resolve": _resolve,
    "check": _check,
    "follow_up": _follow_up,
    "close": _close,
    "void": _end,
    "merge": _end,
    "reopen": _reopen,
    "verify": _subject,
    "file": _subject,
    "plan": _plan,
    "supervise": _supervise,
    "sign": _sign,
}


def _deadlines(line: Line) -> dict[str, datetime | None]:
    """The deadlines that a line sets; one that sets them anew says what they were before, too."""
    said = {
        stamp: moment if isinstance(moment, str) else moment[1]
        for stamp, moment in line.data.get("deadlines", {}).items()
    }
    return {stamp: None if moment is None else datetime.fromisoformat(moment) for stamp, moment in said.items()}


def _kept(deadlines: Mapping[str, datetime | None]) -> dict[str, datetime]:
    return {stamp: moment for stamp, moment in deadlines.items() if moment is not None}


def _moment(line: Line, name: str) -> datetime | None:
    said = line.data.get(name)
    return datetime.fromisoformat(said) if isinstance(said, str) else said


def is_late(present: Present, stamp: str, at: datetime) -> bool:
    """Whether a stamp was, or is by now, set after its deadline; nothing is late while it is held or with others."""
    due = present.deadlines.get(stamp)
    if due is None or stamp not in STAMPS:
        return False
    met = present.stamp(stamp)
    if met is None and present.status in (*ENDED, *PAUSED):
        return False
    return (met or at) > due
