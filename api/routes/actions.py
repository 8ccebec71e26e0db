"""What one does to issues, what waits to be done, and by whom it best would be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import AfterValidator, Field
from sqlalchemy.orm import Session

from api.dependencies import DbSession, Language, Now, OfIssues, known_of
from api.routes.issues import shown
from api.schemas import (
    Body,
    Code,
    Datum,
    Latitude,
    Line,
    Longitude,
    Moment,
    Urgency,
    Words,
    among,
    listed,
)
from gridmap.domain.commands import Actor, Command, PlanStep
from gridmap.domain.lifecycle import ACTIONS, FOLLOWED_BY
from gridmap.domain.rights import Viewer
from gridmap.errors import FieldError, MoveRefusedError, NotFoundError
from gridmap.operations import moves
from gridmap.spatial.coordinates import to_wgs84
from gridmap.storage import views

router = APIRouter(tags=["issues"])
Action = Annotated[str, AfterValidator(among(ACTIONS)), listed(ACTIONS)]
Via = Annotated[str, AfterValidator(among(FOLLOWED_BY)), listed(FOLLOWED_BY)]
MOST_AT_ONCE = 500
MOST_STEPS = 50


class StepBody(Body):
    """One dated step of a rectification plan."""

    what: Line
    due: Moment
    done: bool = False


class ActionBody(Body):
    """One thing that is done to an issue, and what is said with it."""

    action: Action
    version: Annotated[int | None, Field(ge=1, description="Refuse it if the issue has changed since.")] = None
    at: Annotated[Moment | None, Field(description="When it was done, if it is told later; at most two days.")] = None
    note: Words | None = None
    photos: list[Annotated[int, Field(ge=1)]] = Field(default=[], max_length=20)
    lon: Longitude | None = None
    lat: Latitude | None = None
    datum: Datum = "wgs84"
    to: Annotated[Code | None, Field(description="A person, by code; without one the rules choose.")] = None
    due: Annotated[Moment | None, Field(description="By when whoever hands it out wants it resolved.")] = None
    passed: bool | None = None
    body: Line | None = None
    reference: Line | None = None
    look_at: Moment | None = None
    satisfaction: Annotated[int | None, Field(ge=1, le=5)] = None
    words: Words | None = None
    via: Via | None = None
    parent: Code | None = None
    steps: list[StepBody] = Field(default=[], max_length=MOST_STEPS)
    no_answer: bool = False
    category: Code | None = None
    urgency: Urgency | None = None
    complex: bool | None = None

    def command(self, issue: str, viewer: Viewer) -> Command:
        """What is commanded, by the one who is signed in."""
        said = self.model_dump(exclude={"issue", "datum", "steps", "photos"})
        if (self.lon is None) != (self.lat is None):
            raise FieldError("lat" if self.lat is None else "lon", "say both lon and lat, or neither")
        if self.lon is not None and self.lat is not None:
            lons, lats = to_wgs84([self.lon], [self.lat], self.datum)
            said |= {"lon": float(lons[0]), "lat": float(lats[0])}
        steps = tuple(PlanStep(step.what, step.due, step.done) for step in self.steps)
        actor = Actor(viewer.role, viewer.account_id, viewer.person)
        return Command(issue=issue, actor=actor, photos=tuple(self.photos), steps=steps, **said)


class OneOfMany(ActionBody):
    """One thing that is done to one of several issues."""

    issue: Code


class ActionsBody(Body):
    """Several things at once: each is done or refused by itself."""

    actions: Annotated[list[OneOfMany], Field(min_length=1, max_length=MOST_AT_ONCE)]


@router.post("/issues/actions")
def act_on_many(request: Request, session: DbSession, viewer: OfIssues, now: Now, body: ActionsBody) -> dict[str, Any]:
    """Do something to several issues at once, as a dispatcher hands them out; each is done or refused by itself."""
    commands = [each.command(each.issue, viewer) for each in body.actions]
    outcomes = moves.act(session, commands, now, known_of(request, session), _sight(session, viewer, commands))
    return {"done": sum(each.error is None for each in outcomes), "results": [_fate(each) for each in outcomes]}


def _sight(session: Session, viewer: Viewer, commands: Sequence[Command]) -> set[str]:
    named = {code for command in commands for code in (command.issue, command.parent) if code}
    return views.codes_seen(session, viewer, named)


def _fate(outcome: moves.Outcome) -> dict[str, Any]:
    told = {"issue": outcome.command.issue, "error": None if outcome.error is None else str(outcome.error)}
    if isinstance(outcome.error, NotFoundError):
        return told
    return {
        **told,
        "status": outcome.status,
        "version": outcome.version,
        "handler": outcome.handler,
        "allowed": list(outcome.allowed),
    }


@router.post("/issues/{code}/actions")
def act_on(
    request: Request,
    session: DbSession,
    viewer: OfIssues,
    now: Now,
    language: Language,
    code: Annotated[Code, Path()],
    body: ActionBody,
) -> dict[str, Any]:
    """Do something to an issue: the answer is the issue as it is then, with what may be done next."""
    command = body.command(code, viewer)
    outcome = moves.act(session, [command], now, known_of(request, session), _sight(session, viewer, [command]))[0]
    if isinstance(outcome.error, MoveRefusedError):
        outcome.error.view = shown(session, viewer, code, now, language)
    if outcome.error is not None:
        raise outcome.error
    # What one has given away may be none of one's business any more.
    return shown(session, viewer, code, now, language) or {**_fate(outcome), "code": code, "allowed": []}
