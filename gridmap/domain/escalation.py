"""Who hears of a limit that is near or over: a ladder as data, climbed one rung after another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gridmap.domain.dispatching import candidates
from gridmap.domain.facts import Roster
from gridmap.domain.history import PAUSED
from gridmap.domain.lifecycle import ENDED, STATUSES
from gridmap.domain.roles import DIRECTED_BY, ROLE_OF_RANK

# Whoever has the issue in hand, or hands it out as long as nobody has; and whoever directs him on that ground.
HANDLER: Final = "handler"
DIRECTING: Final = "directing"
# What an issue that has been resolved may still owe: an answer to whoever reported it.
OWED_AFTER_RESOLVED: Final = ("first_answer",)
# An issue that others have, or that waits for something, does not climb; nor does one that has ended.
CLIMBING: Final = tuple(status for status in STATUSES if status not in (*ENDED, *PAUSED))


@dataclass(frozen=True)
class Rung:
    """A step of the ladder: at which share of the time a limit gives, and whose turn it is."""

    step: str
    share: float
    seats: tuple[str, ...]

    @property
    def before(self) -> bool:
        """Whether it warns, rather than climbs."""
        return self.share < 1

    @property
    def action(self) -> str:
        """What the line of history says."""
        return "warn" if self.before else "escalate"

    @property
    def message(self) -> str:
        """The kind of message it sends."""
        return "near_limit" if self.before else "over_limit"


LADDER: Final = (
    Rung("warn", 0.75, (HANDLER,)),
    Rung("limit", 1.0, (HANDLER, DIRECTING, "grid_owner")),
    Rung("supervisor", 1.25, ("supervisor",)),
    Rung("coordinator", 1.5, ("coordinator",)),
    Rung("head", 2.0, ("department_head", "project_head")),
)
RUNGS: Final = {rung.step: rung for rung in LADDER}


@dataclass(frozen=True)
class Late:
    """What is known of an issue whose limit is near or over."""

    chain: tuple[str, ...]
    handler: str | None = None
    handler_role: str | None = None
    about: str | None = None
    # Who hands work out on the site, in turn.
    hands_out: tuple[str, ...] = ()


def told(rung: Rung, late: Late, roster: Roster) -> list[tuple[str, str]]:
    """Whom a rung tells, each once: role and person; nobody where no such post is held, and never whom it is about."""
    found: dict[str, str] = {}
    for seat in rung.seats:
        for role, person in _of_seat(seat, late, roster):
            if person != late.about:
                found.setdefault(person, role)
    return [(role, person) for person, role in found.items()]


def _of_seat(seat: str, late: Late, roster: Roster) -> Iterable[tuple[str, str]]:
    if seat == HANDLER:
        return _handler(late, roster)
    if seat == DIRECTING:
        director = DIRECTED_BY.get(late.handler_role or "")
        # Those in charge of a tier have their own rungs.
        above = director is None or director in ROLE_OF_RANK.values() or late.handler_role in ROLE_OF_RANK.values()
        return () if above else _nearest(director or "", late, roster)
    return _nearest(seat, late, roster)


def _handler(late: Late, roster: Roster) -> Iterator[tuple[str, str]]:
    """Whoever has it in hand, and while he is away those who stand in for him; else the first who can hand it out."""
    if late.handler is not None:
        posts = roster.by_person.get(late.handler, [])
        if late.handler not in roster.away and not any(post.away for post in posts):
            yield late.handler_role or "", late.handler
        for post in posts:
            if post.away and post.deputy is not None and not post.deputy_away:
                yield post.role, post.deputy.code
        return
    for role in late.hands_out:
        found = list(_nearest(role, late, roster))
        if found:
            yield found[0]
            return


def _nearest(role: str, late: Late, roster: Roster) -> Sequence[tuple[str, str]]:
    """The holders of a role for the smallest area around the spot that has any."""
    found = candidates(roster, role, late.chain, None, late.about)
    depth = min((each.depth for each in found), default=0)
    return sorted((role, each.person.code) for each in found if each.depth == depth)
