"""What each action says in its line of history, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from gridmap.domain.categories import CategoryRow
from gridmap.domain.commands import DISSATISFIED, Command
from gridmap.domain.lifecycle import EMERGENCIES, ENDED, allowed
from gridmap.errors import FieldError, ForbiddenError, MoveRefusedError
from gridmap.operations.dispatch import Dispatch
from gridmap.operations.moving import Moving, Row, iso
from gridmap.operations.routing import Router, answer_as_json, reason_as_json
from gridmap.operations.telling import Telling


class Acting(Protocol):
    """Whoever moves issues at a moment."""

    at: datetime
    router: Router
    dispatch: Dispatch
    telling: Telling
    moving: dict[str, Moving]

    def do(self, moving: Moving, command: Command) -> None: ...

    def write_line(self, moving: Moving, command: Command, status: str, data: dict[str, Any]) -> None: ...

    def send_out(self, moving: Moving) -> None: ...


Data = Callable[[Acting, Moving, Command], dict[str, Any]]
Follows = Callable[[Acting, Moving, Command], None]


def no_data(_: Acting, moving: Moving, command: Command) -> dict[str, Any]:
    if strange := set(command.photos) - set(moving.row["photos"] or ()):
        raise FieldError("photos", f"{moving.row['code']} has no photo {min(strange)}: put it there first")
    return {"photos": list(command.photos)} if command.photos else {}


def no_more(_: Acting, __: Moving, ___: Command) -> None:
    return


def _dispatched(moves: Acting, moving: Moving, command: Command) -> dict[str, Any]:
    """To whom: the one who is named, or the one the rules choose; never the person complained of."""
    reasons, to = command.reasons, command.to
    if to is None:
        choice = moves.dispatch.choose(moving.row, moving.present.returned)
        if choice.candidate is None:
            raise FieldError("to", "nobody is there whose work it is: name a person")
        to, reasons = choice.candidate.person.code, tuple(reason_as_json(reason) for reason in choice.reasons)
    if moves.dispatch.person(moving.row, to) is None:
        raise FieldError("to", f"nobody is known as {to!r} here")
    if to == moving.row["about"]:
        raise FieldError("to", "a complaint about somebody does not go to him")
    if command.due is not None and command.due <= moves.at:
        raise FieldError("due", "lies in the past: nobody can keep that")
    said = {"to": to, "role": moves.dispatch.role_of(moving.row, to), "reasons": list(reasons)}
    due = {"due": iso(command.due)} if command.due is not None else {}
    return {**no_data(moves, moving, command), **said, **due}


def _subject(moves: Acting, moving: Moving, command: Command) -> dict[str, Any]:
    """What it is about, or how urgent it is, put right."""
    data = no_data(moves, moving, command)
    if command.category is not None:
        found = moves.router.categories(moving.row["site"]).get(command.category)
        if found is None:
            raise FieldError("category", f"no category is called {command.category!r}")
        data["category"] = [moving.category, command.category]
        moving.category = command.category
        moving.row = {**moving.row, **_about(moves, moving.row, found)}
    if command.urgency is not None:
        data["urgency"] = [moving.urgency, command.urgency]
        moving.urgency = command.urgency
    if command.complex is not None:
        data["complex"] = command.complex
    return data


PLACE: Final = ("lon", "lat", "kind", "about", "level", "facility", "extent_m", "accuracy_m")


def _about(moves: Acting, row: Row, category: CategoryRow) -> dict[str, Any]:
    """What an issue says of itself once it is about something else, and whose work that is."""
    place = {**{name: row[name] for name in PLACE}, "category": category.code}
    answers = moves.router.routes([place], [moves.at], row["site"])[0].verdict.answers
    said = {"category": category.code, "group": category.group, "specialty": category.specialty}
    if not answers:
        return said
    owner = answers[0].person.code if answers[0].person else None
    return {
        **said, "answers": [answer_as_json(answer) for answer in answers], "owner": owner,
        "owner_role": answers[0].role, "owner_grid": answers[0].post,
    }  # fmt: skip


def _held(moves: Acting, moving: Moving, command: Command) -> dict[str, Any]:
    look_at = {"look_at": iso(command.look_at)} if command.look_at else {}
    return {**no_data(moves, moving, command), **look_at}


def _referred(moves: Acting, moving: Moving, command: Command) -> dict[str, Any]:
    return {**_held(moves, moving, command), "body": command.body, "reference": command.reference}


def _checked(moves: Acting, moving: Moving, command: Command) -> dict[str, Any]:
    """Nobody checks his own work."""
    if command.actor.person is not None and command.actor.person == moving.present.handler:
        raise ForbiddenError("whoever has handled it does not check it: somebody else has to look")
    return {**no_data(moves, moving, command), "passed": command.passed}


def _followed(moves: Acting, moving: Moving, command: Command) -> dict[str, Any]:
    moving.follow_ups.append(
        {
            "issue_id": moving.row["id"], "at": moves.at, "account_id": command.actor.account_id,
            "role": command.actor.role, "via": command.via, "satisfaction": command.satisfaction,
            "words": command.words,
        }
    )  # fmt: skip
    if command.no_answer:
        return {"no_answer": True, "via": command.via}
    said = {"satisfaction": command.satisfaction} if command.satisfaction is not None else {}
    return {**said, "via": command.via}


def _returned(moves: Acting, moving: Moving, command: Command) -> dict[str, Any]:
    """Who had it, and who says that it is not his."""
    people = [code for code in (moving.present.handler, command.actor.person) if code]
    return {**no_data(moves, moving, command), "from": list(dict.fromkeys(people))}


def _closed(moves: Acting, moving: Moving, command: Command) -> dict[str, Any]:
    """Only once whoever reported it has been asked, or has been silent for long enough."""
    present, row = moving.present, moving.row
    if not row["has_reporter"] or (present.followed and not command.no_answer):
        return {**no_data(moves, moving, command), "as": "solved"}
    site = moves.router.site(row["site"])
    days = site.silence_days
    silent = (present.resolved_at or moves.at) + timedelta(days=days)
    if command.no_answer and moves.at >= silent:
        return {**no_data(moves, moving, command), "as": "no_answer"}
    may = allowed(present.status, moving.roles(command.actor))
    raise MoveRefusedError(
        f"{row['code']}: ask whoever reported it first (follow_up); "
        f"after {days} days without an answer, from {silent.astimezone(ZoneInfo(site.timezone)):%Y-%m-%d %H:%M} on, "
        "it can be closed as no_answer",
        row["code"], present.status, moving.version, may,
    )  # fmt: skip


def _merged(moves: Acting, moving: Moving, command: Command) -> dict[str, Any]:
    parent = moves.moving.get(command.parent or "")
    if parent is None or parent.row["site_id"] != moving.row["site_id"]:
        raise FieldError("parent", f"there is no issue {command.parent} here")
    if parent is moving or parent.present.status in ENDED:
        raise FieldError("parent", f"{command.parent} has ended, or is the same: name another one that is open")
    return {**no_data(moves, moving, command), "parent": command.parent}


def _planned(moves: Acting, moving: Moving, command: Command) -> dict[str, Any]:
    steps = [{"what": step.what, "due": iso(step.due), "done": step.done} for step in command.steps]
    return {**no_data(moves, moving, command), "steps": steps}


def _signed(moves: Acting, moving: Moving, command: Command) -> dict[str, Any]:
    due = moving.present.deadlines.get("resolved")
    if not moving.present.plan and (due is None or moves.at <= due):
        raise FieldError("action", "only what is overdue is signed for, or has a plan of its own")
    return no_data(moves, moving, command)


DATA: Final[dict[str, Data]] = {
    "verify": _subject, "file": _subject, "dispatch": _dispatched, "transfer": _dispatched, "return": _returned,
    "hold": _held,
    "refer": _referred, "check": _checked, "follow_up": _followed, "close": _closed, "merge": _merged,
    "plan": _planned, "sign": _signed,
}  # fmt: skip
CHOOSING: Final = ("verify", "file", "dispatch", "return", "reopen", "follow_up")


def _handed(moves: Acting, moving: Moving, command: Command) -> None:
    moves.dispatch.given_to(moving.row, moving.present.handler or "")
    moves.telling.handed(moving, command.actor)


def _more_urgent(moves: Acting, moving: Moving, command: Command) -> None:
    """What turns out to be an emergency reaches everybody now, and goes out."""
    before = (moving.lines[-1]["data"] or {}).get("urgency", ("",))[0]
    if command.urgency in EMERGENCIES and before not in EMERGENCIES:
        moves.telling.emergency(moving)
        moves.send_out(moving)


def _came_back(moves: Acting, moving: Moving, _: Command) -> None:
    """Whoever returned it is not the right one: the next is chosen, or whoever hands work out is told."""
    if moves.router.site(moving.row["site"]).goes_out(moving.urgency):
        moves.send_out(moving)
    else:
        moves.telling.to_dispatch(moving, "returned")


def _begun_again(moves: Acting, moving: Moving, command: Command) -> None:
    """It goes out again at once where the centre hands out; all who had to do with it know."""
    moves.telling.reopened(moving, command.actor)
    if moves.router.site(moving.row["site"]).goes_out(moving.urgency):
        moves.send_out(moving)
    else:
        moves.telling.to_dispatch(moving)


def _unsatisfied(moves: Acting, moving: Moving, command: Command) -> None:
    """Dissatisfied reopens by itself."""
    if command.satisfaction is not None and command.satisfaction <= DISSATISFIED:
        again = Command(command.issue, "reopen", replace(command.actor, is_reporter=True), note="unsatisfied")
        moves.do(moving, again)


def _linked(moves: Acting, moving: Moving, command: Command) -> None:
    """The parent says what hangs under it."""
    parent = moves.moving[command.parent or ""]
    link = Command(parent.row["code"], "link", command.actor)
    moves.write_line(parent, link, parent.present.status, {"child": moving.row["code"]})


def _reworked(moves: Acting, moving: Moving, command: Command) -> None:
    if command.passed is False:
        moves.telling.told(moving, "rework", [moving.present.handler], command.actor)


def _above(moves: Acting, moving: Moving, command: Command) -> None:
    moves.telling.above(moving, "support", command.actor)


def _supervised(moves: Acting, moving: Moving, command: Command) -> None:
    moves.telling.told(moving, "supervised", [moving.present.handler, moving.row["owner"]], command.actor)


def _resolved(moves: Acting, moving: Moving, command: Command) -> None:
    moves.telling.told(moving, "resolved", [moving.row["owner"]], command.actor)


FOLLOWS: Final[dict[str, Follows]] = {
    "verify": _more_urgent, "file": _more_urgent,
    "dispatch": _handed, "transfer": _handed, "return": _came_back, "reopen": _begun_again,
    "follow_up": _unsatisfied, "merge": _linked, "check": _reworked, "support": _above, "supervise": _supervised,
    "resolve": _resolved,
}  # fmt: skip
