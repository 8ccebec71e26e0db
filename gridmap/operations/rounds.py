"""Rounds: given out ahead, tallied, told of when they were missed. Doing it twice, or two at once, is harmless."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import blake2b
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Row
from sqlalchemy.orm import Session

from gridmap.domain.facts import PostFact
from gridmap.domain.frequencies import Frequency, Window
from gridmap.domain.patrols import holder, status_of
from gridmap.domain.roles import ROLE_OF_RANK
from gridmap.domain.superiors import acting, superior
from gridmap.operations.clockwork import Clockwork
from gridmap.operations.known import Known
from gridmap.operations.moving import iso
from gridmap.operations.rosters import Rosters
from gridmap.operations.routing import Router
from gridmap.storage import patrols as stored
from gridmap.storage import places, rounds

AHEAD: Final = timedelta(days=2)
# A window that is under way when a plan is made may have begun so long ago.
LONGEST_WINDOW: Final = timedelta(days=400)
# So many rounds of one plan are given out at once, and no more: the next time brings the others.
MOST_AT_ONCE: Final = 20_000


@dataclass
class Ground:
    """What one plan's rounds of a site are given out by."""

    rosters: Rosters
    checkpoints: Sequence[Row[Any]]
    shifts: Sequence[tuple[str, datetime, datetime]]
    visitors: dict[tuple[str, ...] | None, list[tuple[str, int]]] = field(default_factory=dict)

    @cached_property
    def below(self) -> dict[str | None, list[Row[Any]]]:
        """The checkpoints on each grid; all of them under None."""
        found: dict[str | None, list[Row[Any]]] = {None: list(self.checkpoints)}
        for point in self.checkpoints:
            for code in self.rosters.tree.chain(point.leaf):
                found.setdefault(code, []).append(point)
        return found


def plan_rounds(session: Session, at: datetime, ahead: timedelta = AHEAD) -> int:
    """Give out the rounds of every plan that begin before `at + ahead`: how many are new.

    What is given out stays, but rounds that have not begun go to whoever holds the post by now.
    """
    revision, until = places.revision(session), at + ahead
    grounds: dict[int, Ground] = {}
    new = 0
    for plan in rounds.lock_plans(session, [plan.id for plan in stored.plans_in_force(session, at)]):
        fresh = plan.planned_until is None or plan.planned_until < at + ahead / 2
        if not fresh and plan.planned_revision == revision:
            continue
        if plan.site_id not in grounds:
            grounds[plan.site_id] = Ground(
                Rosters(session, plan.site_id, at),
                stored.checkpoints(session, plan.site_id, at),
                rounds.shifts(session, plan.site_id, at - LONGEST_WINDOW, until),
            )
        rows = list(_rounds_of(session, plan, grounds[plan.site_id], at, until))[:MOST_AT_ONCE]
        new += rounds.write_rounds(session, plan.id, rows, at, until)
        rounds.planned(session, plan.id, until, revision)
    return new


def _rounds_of(
    session: Session, plan: Row[Any], ground: Ground, at: datetime, until: datetime
) -> Iterator[dict[str, Any]]:
    first = datetime.combine(plan.since, datetime.min.time(), ZoneInfo(plan.timezone))
    begins = at - LONGEST_WINDOW if plan.planned_until is None else min(at, plan.planned_until)
    for window in Frequency.from_json(plan.frequency).windows(plan.timezone, begins, until):
        day = window.starts.astimezone(ZoneInfo(plan.timezone)).date()
        over = plan.until is not None and day > plan.until
        if over or window.ends <= first or (plan.planned_until is None and window.ends <= at):
            continue
        if plan.kind == "visits":
            yield from _visits(session, plan, ground, window, at)
        else:
            yield from _walks(plan, ground, window)


def _visits(session: Session, plan: Row[Any], ground: Ground, window: Window, at: datetime) -> Iterator[dict[str, Any]]:
    """One round for each visitor, with a number of households and no word of where they are."""
    within = None if plan.grids is None else tuple(plan.grids)
    if within not in ground.visitors:
        ground.visitors[within] = rounds.visitors(session, plan.site_id, plan.grids, at)
    for person, households in ground.visitors[within]:
        yield _row(window, f"{window.key}/{person}", None, plan.role, person, (), households)


def _walks(plan: Row[Any], ground: Ground, window: Window) -> Iterator[dict[str, Any]]:
    """One round for each ground that a post of the plan's role is held on; one in all for a plan of a person."""
    seats = _seats(plan, ground, window.starts) if plan.role else {None: [plan.person]}
    nth = int(window.starts.timestamp() // (window.ends - window.starts).total_seconds())
    on_duty = [code for code, starts, ends in ground.shifts if starts < window.ends and ends > window.starts]
    for grid, people in sorted(seats.items(), key=lambda seat: seat[0] or ""):
        stops = _stops(plan, ground, grid, window.key)
        if stops or plan.checkpoints is None:
            yield _row(window, window.key, grid, plan.role, holder(people, on_duty, nth), stops, len(stops) or 1)


def _row(
    window: Window, key: str, grid: str | None, role: str | None, person: str | None, stops: Sequence[int], due: int
) -> dict[str, Any]:
    return {
        "key": key, "grid": grid, "role": role, "person": person, "starts": window.starts, "ends": window.ends,
        "stops": list(stops), "due": due,
    }  # fmt: skip


def _seats(plan: Row[Any], ground: Ground, at: datetime) -> dict[str | None, list[str]]:
    """Who can walk, by the grid the plan's role is held on; a grid whose own post is vacant has nobody."""
    tree = ground.rosters.tree
    seats: dict[str | None, list[str]] = {}
    if plan.role in ROLE_OF_RANK.values():
        seats = {
            code: []
            for code in tree.tiers
            if ROLE_OF_RANK[tree.rank(code)] == plan.role and _within(plan, ground, code)
        }
    for post in ground.rosters.posts(at):
        if post.role == plan.role and _fits(post, plan) and _meets(plan, ground, post.grid):
            people = seats.setdefault(post.grid, [])
            person = acting(post)
            if person is not None and person.code not in people:
                people.append(person.code)
    return seats


def _fits(post: PostFact, plan: Row[Any]) -> bool:
    return plan.specialty is None or post.specialty in (plan.specialty, None)


def _within(plan: Row[Any], ground: Ground, grid: str | None) -> bool:
    """Whether a grid lies on the plan's ground."""
    return plan.grids is None or bool(set(plan.grids) & set(ground.rosters.tree.chain(grid)))


def _meets(plan: Row[Any], ground: Ground, grid: str | None) -> bool:
    """Whether a post held on a grid, or for the whole site, has to do with the plan's ground."""
    if _within(plan, ground, grid) or grid is None:
        return True
    return any(grid in ground.rosters.tree.chain(code) for code in plan.grids)


def _stops(plan: Row[Any], ground: Ground, grid: str | None, key: str) -> list[int]:
    """The checkpoints of a round: the plan's in its order, or all on the ground; of a sample others every time."""
    here = {
        point.code: point.id
        for point in ground.below.get(grid, ())
        if plan.checkpoints or _within(plan, ground, point.leaf)
    }
    codes = [code for code in plan.checkpoints if code in here] if plan.checkpoints is not None else list(here)
    if plan.sample is not None and plan.sample < len(codes):
        drawn = set(sorted(codes, key=lambda code: blake2b(f"{key}/{code}".encode()).digest())[: plan.sample])
        codes = [code for code in codes if code in drawn]
    return [here[code] for code in codes]


# ---------------------------------------------------------------- what becomes of them


def tally(session: Session, numbers: Iterable[int], at: datetime) -> None:
    """Write down what has become of rounds, by what was checked in on them."""
    numbers = set(numbers)
    rounds.hold_rounds(session, numbers)
    rows = [_tallied(row, at) for row in rounds.tallies(session, numbers)]
    if rows:
        rounds.write_tallies(session, rows)


def _tallied(row: Row[Any], at: datetime) -> dict[str, Any]:
    grace = timedelta(minutes=row.grace_minutes)
    status = status_of(row.due, row.visited, row.last_at, row.ends, grace, at)
    # The clock alone says that a round was missed, and tells of it.
    if status == "missed" and row.told_at is None:
        status = "started" if row.visited else "planned"
    ended = status in ("done", "late")
    return {
        "id": row.id, "visited": min(row.visited, row.due), "status": status, "first_at": row.first_at,
        "done_at": row.last_at if ended else None,
    }  # fmt: skip


def overdue(session: Session, at: datetime) -> int:
    """Rounds whose time is over are missed: whoever walks them and his superior are told, once. How many."""
    missed = rounds.rounds_over(session, at)
    if not missed:
        return 0
    rosters: dict[int, Rosters] = {}
    clockwork = Clockwork(session, Router(session, Known(kept=True)), at)
    messages: list[Mapping[str, Any]] = []
    for row in missed:
        if row.site_id not in rosters:
            rosters[row.site_id] = Rosters(session, row.site_id, at)
        messages += _told(row, rosters[row.site_id], clockwork)
    rounds.miss_rounds(session, [row.id for row in missed], at)
    rounds.write_messages(session, messages, at)
    return len(missed)


def _told(row: Row[Any], rosters: Rosters, clockwork: Clockwork) -> Iterator[dict[str, Any]]:
    """Whoever walks it and whoever directs him, each in the hours that he keeps."""
    data = {
        "round": row.id, "plan": row.plan, "name": row.name, "grid": row.grid_code, "starts": iso(row.starts),
        "ends": iso(row.ends), "due_at": iso(row.ends), "due": row.due, "visited": row.visited,
    }  # fmt: skip
    told = {row.person: row.role or "grid_owner"}
    above = superior(row.person, row.grid_code, rosters.tree, rosters.roster(clockwork.at))
    if above is not None and above.person is not None:
        told.setdefault(above.person.code, above.role)
    for person, role in told.items():
        if person is not None:
            yield {
                "site_id": row.site_id, "kind": "overdue_round", "person": person, "role": role, "data": data,
                "not_before": clockwork.on_duty(row.site, role),
            }  # fmt: skip
