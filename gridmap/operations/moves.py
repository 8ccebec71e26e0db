"""What people do to issues: each command is a step of the table, a line of history, and all that follows from it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.orm import Session

from gridmap.domain.commands import Actor, Command, refuse_incomplete
from gridmap.domain.deadlines import Deadline
from gridmap.domain.history import PAUSED, Line, Present, after
from gridmap.domain.lifecycle import ACTIONS, ENDED, STAMPS, STEPS, Step, allowed
from gridmap.errors import FieldError, ForbiddenError, GridmapError, MoveRefusedError, NotFoundError
from gridmap.operations import issues
from gridmap.operations.clockwork import Clockwork, as_row
from gridmap.operations.dispatch import Dispatch
from gridmap.operations.known import Known
from gridmap.operations.moving import Moving, columns_of, iso
from gridmap.operations.routing import Router, reason_as_json
from gridmap.operations.steps import CHOOSING, DATA, FOLLOWS, no_data, no_more
from gridmap.operations.telling import Telling
from gridmap.storage import moves as stored
from gridmap.storage import places

# How far back a line may be written that was made where there is no network.
LATE: Final = timedelta(hours=48)
AHEAD: Final = timedelta(minutes=5)


@dataclass
class Outcome:
    """What became of a command: where the issue stands now, or why it was refused."""

    command: Command
    status: str = ""
    version: int = 0
    allowed: tuple[str, ...] = ()
    handler: str | None = None
    error: GridmapError | None = None


def act(
    session: Session,
    commands: Sequence[Command],
    at: datetime,
    known: Known | None = None,
    sight: Container[str] | None = None,
) -> list[Outcome]:
    """Do what is commanded, in order: each is done, or refused with nothing changed by it.

    Where `sight` says which issues those who command may see, all others are none.
    """
    return Moves(session, at, known, sight).act(commands)


def act_on(session: Session, command: Command, at: datetime, known: Known | None = None) -> Outcome:
    """Do one thing; a refusal is raised."""
    outcome = act(session, [command], at, known)[0]
    if outcome.error is not None:
        raise outcome.error
    return outcome


class Moves:
    """Acts at one moment."""

    def __init__(
        self, session: Session, at: datetime, known: Known | None = None, sight: Container[str] | None = None
    ) -> None:
        self.session, self.at, self.sight = session, at, sight
        self.router = Router(session, known or Known(kept=True))
        self.dispatch = Dispatch(self.router, at)
        self.clockwork = Clockwork(session, self.router, at)
        self.telling = Telling(self.dispatch, self.clockwork, at)
        self.moving: dict[str, Moving] = {}
        # When what is handed out by itself came in, if that is written down later.
        self.came: Mapping[str, datetime] = {}

    def act(self, commands: Sequence[Command]) -> list[Outcome]:
        named = {code for command in commands for code in (command.issue, command.parent) if code}
        self._hold(code for code in named if self.sight is None or code in self.sight)
        self.dispatch.prepare(
            self.moving[command.issue].row
            for command in commands
            if command.action in CHOOSING and command.to is None and command.issue in self.moving
        )
        outcomes = [self._outcome(command) for command in commands]
        versions = self.write()
        for outcome in outcomes:
            outcome.version = versions.get(outcome.command.issue, outcome.version)
        return outcomes

    def hand_out(self, codes: Iterable[str], came: Mapping[str, datetime] | None = None) -> dict[str, dict[str, Any]]:
        """Of what has just been reported, what cannot wait goes out; of the rest, those who hand it out are told.

        What has become of those that went out, by code. What is written down later went out when it `came`.
        """
        codes, self.came = list(codes), came or {}
        self._hold(codes)
        self.dispatch.prepare(moving.row for moving in self.moving.values())
        for code in codes:
            self._begin(self.moving[code])
        self.write()
        return {code: self._sent(self.moving[code]) for code in codes if self.moving[code].lines}

    def recovered(self, code: str) -> None:
        """The alarm that an issue is about is over: it says so, and whoever has it is told."""
        self._hold([code])
        moving = self.moving[code]
        if moving.present.status not in ENDED:
            self.write_line(moving, Command(code, "recover"), moving.present.status, {})
            self.telling.told(moving, "recovered", [moving.present.handler, moving.row["owner"]], Actor())
            self.write()

    # ------------------------------------------------------------ one command

    def _outcome(self, command: Command) -> Outcome:
        moving = self.moving.get(command.issue)
        if moving is None:
            return Outcome(command, error=NotFoundError(f"there is no issue {command.issue} here"))
        before = moving.copy()
        try:
            self.do(moving, command)
        except GridmapError as error:
            self.moving[command.issue] = moving = before
            return self._told(moving, command, error)
        return self._told(moving, command)

    def _told(self, moving: Moving, command: Command, error: GridmapError | None = None) -> Outcome:
        present = moving.present
        may = allowed(present.status, moving.roles(command.actor))
        return Outcome(command, present.status, moving.version, may, present.handler, error)

    def do(self, moving: Moving, command: Command) -> None:
        refuse_incomplete(command)
        step = self._step(moving, command)
        data = DATA.get(command.action, no_data)(self, moving, command)
        status = step.failed if step.failed and command.passed is False else step.to
        self.write_line(moving, command, status, data)
        FOLLOWS.get(command.action, no_more)(self, moving, command)

    def _step(self, moving: Moving, command: Command) -> Step:
        """The step of the table; refused if there is none, or if somebody else was first, or it is not his to take."""
        present, roles = moving.present, moving.roles(command.actor)
        may = allowed(present.status, roles)
        if command.action not in ACTIONS:
            raise FieldError("action", f"{command.action!r} is none of {', '.join(ACTIONS)}")
        where = (moving.row["code"], present.status, moving.version, may)
        if command.version is not None and command.version != moving.version:
            raise MoveRefusedError(
                f"{moving.row['code']} has changed since you looked: it is {present.status} now", *where
            )
        step = STEPS.get((present.status, command.action))
        said = f"you may {', '.join(may)}" if may else "there is nothing for you to do"
        if step is None:
            raise MoveRefusedError(
                f"{moving.row['code']} is {present.status}: it cannot take {command.action}; {said}", *where
            )
        if not set(step.roles) & set(roles):
            raise ForbiddenError(f"{command.action} is not yours to do here; {said}")
        return step

    def write_line(self, moving: Moving, command: Command, status: str, data: dict[str, Any]) -> None:
        """One line more, and what it changes of the present and the deadlines."""
        at = self._moment(moving, command)
        actor, before = command.actor, moving.present
        line = Line(command.action, status, at, data)
        present = after(before, line)
        if self._runs_otherwise(before, present, command) and (moved := self._set_deadlines(moving, before, present)):
            data = {**data, "deadlines": moved}
            present = after(before, replace(line, data=data))
        moving.present = present
        moving.lines.append(
            {
                "issue_id": moving.row["id"], "at": at, "action": command.action, "status": status,
                "person": actor.person, "account_id": actor.account_id, "role": actor.role, "lon": command.lon,
                "lat": command.lat, "note": command.note, "data": data or None,
            }
        )  # fmt: skip

    def _set_deadlines(self, moving: Moving, before: Present, present: Present) -> dict[str, Any]:
        """Count the limits of an issue anew: which of them are due at another time, or not at all any more.

        What had been reached stays as it was judged, and what others say it is due at is not ours to move.
        """
        reached = {stamp for stamp in STAMPS if before.stamp(stamp) is not None and present.stamp(stamp) is not None}
        if moving.given_due is not None and not present.reopens:
            reached.add("resolved")
        found = self.clockwork.deadlines(moving.row, moving.category, moving.urgency, present)
        running = {each.stamp: each for each in found if each.stamp not in reached}
        moving.deadlines |= {
            stamp: as_row(each, issue_id=moving.row["id"], cycle=present.reopens) for stamp, each in running.items()
        }
        gone = [stamp for stamp in before.deadlines if stamp not in running and stamp not in reached]
        for stamp in gone:
            moving.deadlines.pop(stamp, None)
        return {**{stamp: [iso(before.deadlines[stamp]), None] for stamp in gone}, **_moved(before, running.values())}

    def _moment(self, moving: Moving, command: Command) -> datetime:
        """When it was done: now, or earlier if there was no network, but not before what was written last."""
        made = command.at or self.came.get(moving.row["code"])
        if made is not None and not self.at - LATE <= made <= self.at + AHEAD:
            raise FieldError("at", "is not within the last 48 hours")
        # Who had to wait for somebody else comes after him, though he asked before.
        last = moving.lines[-1]["at"] if moving.lines else moving.row["last_at"]
        return max(min(made or self.at, self.at), last or self.at - LATE)

    def _runs_otherwise(self, before: Present, present: Present, command: Command) -> bool:
        """Whether a step changes when limits run: a work order, a new beginning, an end of waiting, another subject."""
        released = before.held_at is not None and present.held_at is None and present.status not in ENDED
        return (
            released or dict(before.moments) != dict(present.moments) or command.category is not None
            or command.urgency is not None or command.due is not None or before.complex != present.complex
        ) and present.status not in PAUSED  # fmt: skip

    # ------------------------------------------------------------ what gridmap does itself

    def _begin(self, moving: Moving) -> None:
        if moving.emergency:
            self.telling.emergency(moving)
        if self.router.site(moving.row["site"]).goes_out(moving.urgency):
            self.send_out(moving)
        else:
            self.telling.to_dispatch(moving)

    def _sent(self, moving: Moving) -> dict[str, Any]:
        """Where an issue stands that went out, as whoever reported it is told."""
        present = moving.present
        person = self.dispatch.person(moving.row, present.handler) if present.handler else None
        who = {"code": person.code, "name": person.name} if person else None
        return {
            "status": present.status,
            "handler": {"role": present.handler_role, "person": who},
            "deadlines": {stamp: iso(due) for stamp, due in present.deadlines.items()},
        }

    def send_out(self, moving: Moving) -> None:
        """Dispatch an issue by the rules; where there is nobody, whoever hands work out is told."""
        choice = self.dispatch.choose(moving.row, moving.present.returned)
        if choice.candidate is None:
            self.telling.to_dispatch(moving)
            return
        reasons = tuple(reason_as_json(reason) for reason in choice.reasons)
        self.do(moving, Command(moving.row["code"], "dispatch", to=choice.candidate.person.code, reasons=reasons))

    # ------------------------------------------------------------ in and out of the store

    def _hold(self, codes: Iterable[str]) -> None:
        new = [code for code in codes if code not in self.moving]
        if not new:
            return
        stored.hold_issues(self.session, new)
        # Who had to wait may know of plans and calendars that hold no more.
        self.router.known = self.router.known.current(self.session)
        for row in stored.issues_in_full(self.session, new):
            self.moving[row["code"]] = Moving.of(dict(row))

    def write(self) -> dict[str, int]:
        """Store what has been done: the new version of each issue that was moved."""
        moved = [moving for moving in self.moving.values() if moving.lines or moving.messages]
        if not moved:
            return {}
        versions = stored.write_moves(
            self.session,
            [columns_of(moving) for moving in moved if moving.lines],
            [{"n": n, **line} for n, line in enumerate(line for moving in moved for line in moving.lines)],
            [row for moving in moved for row in moving.deadlines.values()],
            [row for moving in moved for row in moving.follow_ups],
            [row for moving in moved for row in moving.messages],
        )
        self._reroute(moved)
        return versions

    def _reroute(self, moved: Iterable[Moving]) -> None:
        """What turns out to be about something else may be somebody else's."""
        others: dict[str, list[int]] = {}
        for moving in moved:
            if any("category" in (line["data"] or {}) for line in moving.lines):
                others.setdefault(moving.row["site"], []).append(moving.row["id"])
        for site, ids in others.items():
            issues.reroute(self.session, places.site(self.session, site), self.at, "subject", ids)


def _moved(before: Present, deadlines: Iterable[Deadline]) -> dict[str, list[str | None]]:
    """The deadlines that are not what they were: what they were, and what they are."""
    found: dict[str, list[str | None]] = {}
    for each in deadlines:
        was = before.deadlines.get(each.stamp)
        if each.due_at is not None and was != each.due_at:
            found[each.stamp] = [iso(was) if was else None, iso(each.due_at)]
    return found
