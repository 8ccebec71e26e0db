"""What time brings by itself, as a table of work; several clocks at once do no harm.

Each work has a transaction of its own: what fails does not keep the others, and is tried again at the next beat.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from gridmap.domain.model import Site
from gridmap.operations import accounts, deadlines, deductions, escalation, follow_ups, publication, rounds
from gridmap.storage.database import Database
from gridmap.storage.turns import have_turn

Work = Callable[[Session, datetime], Sequence[str]]


def tidy(session: Session, at: datetime) -> Sequence[str]:
    """Sign-ins and old answers end."""
    accounts.prune(session, at)
    return ()


def take_over(session: Session, at: datetime) -> Sequence[str]:
    """Editions that were dated ahead and have begun take over the open issues."""
    sites = session.scalars(select(Site).order_by(Site.code)).all()
    moves = {site.code: publication.take_over(session, site, at) for site in sites}
    return [
        f"{code}: {changed} open issues moved to another grid or owner, {kept} stay"
        for code, (changed, kept) in moves.items()
        if changed or kept
    ]


def escalate(session: Session, at: datetime) -> Sequence[str]:
    """Limits that are near or over are told of."""
    counts = escalation.escalate(session, at)
    if not counts["warn"] and not counts["escalate"]:
        return ()
    return (f"limits: {counts['warn']} warnings before them, {counts['escalate']} steps after them",)


def walk(session: Session, at: datetime) -> Sequence[str]:
    """Rounds are planned ahead, and those whose time is over are missed."""
    planned, missed = rounds.plan_rounds(session, at), rounds.overdue(session, at)
    return (f"rounds: {planned} planned, {missed} missed",) if planned or missed else ()


# What is due by itself, in this order; a name tells it apart from the work of other clocks.
WORKS: Final[dict[str, Work]] = {
    "tidy": tidy,
    "editions": take_over,
    "calendars": deadlines.renew_provisional,
    "limits": escalate,
    "silence": follow_ups.close_silent,
    "deductions": deductions.record,
    "rounds": walk,
}


@dataclass(frozen=True)
class Beat:
    """What came of one work: what there is to say of it, or what went wrong."""

    work: str
    said: tuple[str, ...] = ()
    error: Exception | None = None


def tick(database: Database, clock: Callable[[], datetime]) -> list[Beat]:
    """Do what has become due, each work by itself; one that another clock does just now is left to it."""
    return [_beat(database, clock, name, work) for name, work in WORKS.items()]


def _beat(database: Database, clock: Callable[[], datetime], name: str, work: Work) -> Beat:
    try:
        with database.session() as session:
            return Beat(name, tuple(work(session, clock())) if have_turn(session, name) else ())
    except Exception as error:  # the other works are none the worse for it
        return Beat(name, error=error)
