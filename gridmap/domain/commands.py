"""What somebody wants done to an issue, and what has to be said with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from gridmap.domain.lifecycle import FOLLOWED_BY, HANDLER, REPORTER, SYSTEM
from gridmap.errors import FieldError

# From here down the answer of a reporter means that it is not solved.
DISSATISFIED: Final = 2


@dataclass(frozen=True)
class PlanStep:
    """One dated step of a rectification plan."""

    what: str
    due: datetime
    done: bool = False


@dataclass(frozen=True)
class Actor:
    """Who acts: by account and person, in a role."""

    role: str = SYSTEM
    account_id: int | None = None
    person: str | None = None
    # By the link that only the reporter has.
    is_reporter: bool = False

    def roles(self, handler: str | None, reporter: int | None) -> tuple[str, ...]:
        """The roles he has toward an issue: his own, and what he is to it."""
        mine = [self.role]
        if handler is not None and handler == self.person:
            mine.append(HANDLER)
        if self.is_reporter or (reporter is not None and reporter == self.account_id):
            mine.append(REPORTER)
        return tuple(mine)


@dataclass(frozen=True)
class Command:
    """One action on one issue, with what is said of it."""

    issue: str
    action: str
    actor: Actor = field(default_factory=Actor)
    at: datetime | None = None  # when it was done, if it is told later
    version: int | None = None
    note: str | None = None
    photos: tuple[int, ...] = ()
    lon: float | None = None
    lat: float | None = None
    to: str | None = None  # a person, by code
    due: datetime | None = None  # by when whoever hands it out wants it
    passed: bool | None = None
    body: str | None = None
    reference: str | None = None
    look_at: datetime | None = None
    satisfaction: int | None = None
    words: str | None = None
    via: str | None = None
    parent: str | None = None
    steps: tuple[PlanStep, ...] = ()
    no_answer: bool = False
    category: str | None = None
    urgency: str | None = None
    complex: bool | None = None
    reasons: tuple[dict[str, Any], ...] = ()


def _said(name: str, why: str) -> Callable[[Command], None]:
    def check(command: Command) -> None:
        if getattr(command, name) in (None, "", ()):
            raise FieldError(name, why)

    return check


def _follow_up(command: Command) -> None:
    if command.via not in FOLLOWED_BY:
        raise FieldError("via", f"say how the reporter was asked: {', '.join(FOLLOWED_BY)}")
    if command.satisfaction is None and not command.words and not command.no_answer:
        raise FieldError("satisfaction", "say how satisfied the reporter is, 1 to 5, or that there was no answer")
    if command.no_answer and (command.satisfaction is not None or command.words):
        raise FieldError("no_answer", "who has answered is not without an answer: leave out one of them")
    if command.satisfaction is not None and not 1 <= command.satisfaction <= 5:
        raise FieldError("satisfaction", "is a number from 1 to 5")


# action: what it cannot do without
NEEDS: Final[dict[str, tuple[Callable[[Command], None], ...]]] = {
    "return": (_said("note", "say why it is not yours"),),
    "transfer": (_said("to", "say to whom, by the code of a person"),),
    "hold": (_said("note", "say what it waits for"),),
    "support": (_said("note", "say what is needed"),),
    "refer": (_said("body", "say to whom it is referred"),),
    "check": (_said("passed", "say whether it has passed"),),
    "answer": (_said("note", "say what the reporter was told"),),
    "follow_up": (_follow_up,),
    "reopen": (_said("note", "say why"),),
    "void": (_said("note", "say why"),),
    "merge": (_said("parent", "say into which issue, by its code"),),
    "plan": (_said("steps", "a plan has at least one step with a date"),),
}
# field: the actions that it belongs to; anywhere else it would be forgotten, and so it is refused
BELONGS: Final[dict[str, tuple[str, ...]]] = {
    "to": ("dispatch", "transfer"),
    "due": ("dispatch", "transfer"),
    "passed": ("check",),
    "body": ("refer",),
    "reference": ("refer",),
    "look_at": ("refer", "hold"),
    "satisfaction": ("follow_up",),
    "words": ("follow_up",),
    "via": ("follow_up",),
    "parent": ("merge",),
    "steps": ("plan",),
    "no_answer": ("follow_up", "close"),
    "category": ("verify", "file"),
    "urgency": ("verify", "file"),
    "complex": ("verify", "file"),
}


def refuse_incomplete(command: Command) -> None:
    """Refuse a command that lacks something, or says something that its action has no place for."""
    for name, actions in BELONGS.items():
        if getattr(command, name) not in (None, (), False) and command.action not in actions:
            raise FieldError(name, f"{command.action} has no place for this; it goes with {', '.join(actions)}")
    for check in NEEDS.get(command.action, ()):
        check(command)
