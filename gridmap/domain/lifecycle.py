"""An issue's life as one table: in each status, what may be done, by whom, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

STATUSES: Final = (
    "reported", "filed", "dispatched", "accepted", "in_progress", "on_hold", "referred",
    "resolved", "checked", "closed", "void", "merged",
)  # fmt: skip

# An issue that has ended keeps the grid and the owner it had.
ENDED: Final = ("closed", "void", "merged")
OPEN: Final = tuple(status for status in STATUSES if status not in ENDED)

# What people do to an issue.
ACTIONS: Final = (
    "file", "verify", "dispatch", "accept", "return", "transfer", "start", "arrive", "control", "hold", "resume",
    "support", "refer", "resolve", "check", "answer", "follow_up", "close", "reopen", "void", "merge", "supervise",
    "plan", "sign",
)  # fmt: skip

# What a line of history can say: an action, the report it begins with, that a new Edition moved it, that a deadline was
# set anew, that a limit was near or over, that a duplicate was hung under it, that its alarm went on or ended.
EVENTS: Final = ("report", "reroute", "deadline", "warn", "escalate", "link", "alarm", "recover", *ACTIONS)

KINDS: Final = ("repair", "complaint", "enquiry", "suggestion", "inspection", "alarm")
URGENCIES: Final = ("life", "emergency", "urgent", "normal")
POSITIONS: Final = ("inside", "boundary", "near", "outside")
# What goes out to everybody at once, at any hour.
EMERGENCIES: Final = ("life", "emergency")

# The moments of an issue that have limits.
STAMPS: Final = ("first_answer", "accepted", "on_site", "under_control", "resolved")
# How an issue ended: solved by those who handled it, without an answer of the reporter, under another issue, or
# because there was nothing to solve.
CLOSED_AS: Final = ("solved", "no_answer", "merged", "void")
# Who hands work out on a site: the dispatch centre at once by specialty and urgency; the coordinator, with a limit of
# his own; or the front desk, which writes the work order for engineering. Emergencies go out at once everywhere.
DISPATCH_MODELS: Final = ("centre", "coordinator", "front_desk")

PHOTO_SORTS: Final = ("near", "far", "reference", "before", "after")
WARNINGS: Final = ("storm", "typhoon", "flood", "snow", "heat", "cold", "other")
FOLLOWED_BY: Final = ("link", "phone", "visit", "page")
# What people are told of: work for them, an emergency, a limit that is near or over, an issue that came back, a step
# above them, an answer to what they reported, a round.
MESSAGES: Final = (
    "dispatched", "emergency", "to_dispatch", "near_limit", "over_limit", "returned", "reopened", "rework",
    "supervised", "support", "resolved", "overdue_round", "alarm", "recovered",
)  # fmt: skip

# ---------------------------------------------------------------- who

# Whoever holds it now, and whoever reported it: they may do some things whatever their role is.
HANDLER: Final = "handler"
REPORTER: Final = "reporter"
# gridmap itself: the clock and the intake.
SYSTEM: Final = "system"

_DESK: Final = ("dispatcher", "coordinator", "head", "admin", SYSTEM)
_DIRECTS: Final = ("supervisor", *_DESK)
# A grid owner also notes what the guards and cleaners of his ground do.
_GROUND: Final = ("grid_owner", *_DIRECTS)
_HANDLES: Final = (HANDLER, *_GROUND)
_ABOVE: Final = ("supervisor", "coordinator", "head", "auditor", SYSTEM)

# ---------------------------------------------------------------- what


@dataclass(frozen=True)
class Step:
    """What comes of an action: the status it leads to, or another one if what was looked at had failed; and by whom."""

    to: str
    roles: tuple[str, ...]
    failed: str | None = None


@dataclass(frozen=True)
class _Row:
    action: str
    statuses: tuple[str, ...]
    to: str | None  # None: the status stays
    roles: tuple[str, ...]
    failed: str | None = None


_NEW: Final = ("reported", "filed")
_HANDED: Final = ("dispatched", "accepted", "in_progress")
_WORKED: Final = ("accepted", "in_progress")
_RUNNING: Final = (*_NEW, *_HANDED, "on_hold", "referred")
_DONE: Final = ("resolved", "checked")

_ROWS: Final = (
    _Row("verify", _NEW, None, (HANDLER, *_GROUND)),
    _Row("file", ("reported",), "filed", _GROUND),
    _Row("dispatch", (*_NEW, *_HANDED, "on_hold", "referred"), "dispatched", _DIRECTS),
    _Row("accept", ("dispatched",), "accepted", _HANDLES),
    _Row("return", (*_HANDED, "on_hold", "referred"), "filed", _HANDLES),
    _Row("transfer", (*_HANDED, "on_hold"), "dispatched", _HANDLES),
    _Row("start", ("accepted",), "in_progress", _HANDLES),
    _Row("arrive", _HANDED, "in_progress", _HANDLES),
    _Row("control", _HANDED, "in_progress", _HANDLES),
    _Row("hold", _WORKED, "on_hold", _HANDLES),
    _Row("resume", ("on_hold",), "in_progress", _HANDLES),
    _Row("support", (*_HANDED, "on_hold"), None, _HANDLES),
    _Row("refer", (*_NEW, *_HANDED, "on_hold", "referred"), "referred", _HANDLES),
    # Solved on the spot, too: by whoever is there, before anything else was done about it.
    _Row("resolve", (*_NEW, *_WORKED, "referred"), "resolved", _HANDLES),
    _Row("check", ("resolved",), "checked", _GROUND, failed="in_progress"),
    _Row("answer", (*_RUNNING, *_DONE), None, _HANDLES),
    _Row("follow_up", (*_DONE, "closed"), None, (REPORTER, *_GROUND)),
    _Row("close", _DONE, "closed", _GROUND),
    _Row("reopen", (*_DONE, "closed"), "filed", (REPORTER, *_GROUND)),
    _Row("reopen", ("void", "merged"), "filed", _DIRECTS),
    _Row("void", _RUNNING, "void", _DIRECTS),
    _Row("merge", _RUNNING, "merged", _DIRECTS),
    _Row("supervise", _RUNNING, None, _ABOVE),
    _Row("plan", (*_HANDED, "on_hold"), None, _HANDLES),
    _Row("sign", (*_HANDED, "on_hold"), None, ("head",)),
)
# Whoever reported something may take it back, as long as nobody has set out because of it.
_WITHDRAWN: Final = {("reported", "void"): (REPORTER,), ("filed", "void"): (REPORTER,)}


def _steps() -> Iterator[tuple[tuple[str, str], Step]]:
    for row in _ROWS:
        for status in row.statuses:
            roles = (*_WITHDRAWN.get((status, row.action), ()), *row.roles)
            yield (status, row.action), Step(row.to or status, roles, row.failed)


STEPS: Final[dict[tuple[str, str], Step]] = dict(_steps())


def allowed(status: str, roles: Iterable[str]) -> tuple[str, ...]:
    """What somebody with these roles may do in a status, in the order of the words."""
    own = set(roles)
    return tuple(action for action in ACTIONS if (status, action) in STEPS and own & set(STEPS[status, action].roles))


# status: the action it waits for; one of handling waits for whoever has it, the others for those of a role
AWAITED: Final = {
    "reported": "dispatch",
    "filed": "dispatch",
    "dispatched": "accept",
    "accepted": "start",
    "in_progress": "resolve",
    "on_hold": "resume",
    "referred": "refer",
    "resolved": "check",
    "checked": "close",
}
HANDLED: Final = ("dispatched", "accepted", "in_progress", "on_hold", "referred")


def waits_for(role: str) -> tuple[str, ...]:
    """The statuses in which an issue waits for those of a role, whoever has it."""
    return tuple(
        status for status, action in AWAITED.items() if status not in HANDLED and role in STEPS[status, action].roles
    )
