"""Issues on the command line: one with its history, what is done to it, and what waits."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer

from gridmap.cli.screen import language, moment_said, now, open_store, table, tell, tell_json
from gridmap.domain.commands import Actor, Command
from gridmap.domain.lifecycle import ACTIONS, FOLLOWED_BY, URGENCIES
from gridmap.domain.rights import Viewer
from gridmap.errors import FieldError, InputError, NotFoundError
from gridmap.operations import accounts, follow_ups, moves, waiting
from gridmap.operations.known import Known
from gridmap.operations.outlines import local_moment
from gridmap.settings import Settings
from gridmap.storage import accounts as stored_accounts
from gridmap.storage import places, views
from gridmap.storage.waiting import work_of

issues = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Issues: how one stands, what is done to it, what waits."
)
# Whoever has the store may do what an administrator may.
EVERYBODY: Final = Viewer(0, "gridmap", "admin")
Code = Annotated[str, typer.Argument(metavar="CODE", help="The issue, as WJ-000001.")]
As = Annotated[
    str | None, typer.Option("--as", metavar="ACCOUNT", help="In the place of an account; else as an administrator.")
]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
OPTIONS: Final = {"action": "ACTION", "passed": "--passed or --failed"}
WAITING: Final = ("issue", "category", "urgency", "status", "grid", "due", "handler")


def add_to(app: typer.Typer) -> None:
    app.add_typer(issues, name="issues")


def _viewer(session: Any, name: str | None, at: datetime) -> Viewer:
    if name is None:
        return EVERYBODY
    viewer = stored_accounts.viewer_of_account(session, accounts.known(session, name).id, at)
    if viewer is None:
        raise NotFoundError(f"{name} is closed: gridmap accounts list shows who is not")
    return viewer


def _seen(session: Any, viewer: Viewer, code: str, at: datetime) -> dict[str, Any]:
    found = views.issue_by_code(session, viewer, code, at)
    if found is None:
        raise NotFoundError(f"there is no issue {code} here")
    return found


@issues.command()
def show(code: Code, account: As = None, as_json: AsJson = False) -> None:
    """How an issue stands, by when what is due, and all that has happened to it.

    \b
    gridmap issues show WJ-000001
    """
    with open_store() as database, database.session() as session:
        at = now()
        found = _seen(session, _viewer(session, account, at), code, at)
        zone = places.site(session, found["site"]).timezone
    if as_json:
        tell_json(found)
        return
    handler = (found["handler"] or {}).get("person") or {}
    where = found["grid"] or found["position"]
    tell(f"{code}: {found['category']}, {found['urgency']}, {found['status']}; {where}")
    tell(f"with {handler['name']}" if handler else f"owned by {_owner(found)}")
    due = [
        (stamp, _said(each["due_at"], zone), _said(found[f"{stamp}_at"], zone))
        for stamp, each in found["deadlines"].items()
    ]
    if due:
        table("", ("limit", "due", "reached"), due)
    lines = [(_said(line["at"], zone), line["action"], line["status"], line["person"] or line["role"], line["note"])
             for line in found["history"]]  # fmt: skip
    table("", ("at", "action", "status", "by", "note"), lines)
    tell(f"may be done: {', '.join(found['allowed']) or 'nothing'}")


def _owner(found: dict[str, Any]) -> str:
    owner = found["owner"]
    return owner["person"]["name"] if owner["person"] else f"the {owner['role']} of {owner['grid'] or found['site']}"


def _said(moment: str | None, zone: str) -> str:
    return moment_said(datetime.fromisoformat(moment), zone) if moment else ""


@issues.command()
def act(
    code: Code,
    action: Annotated[str, typer.Argument(metavar="ACTION", help=f"One of {', '.join(ACTIONS)}.")],
    account: As = None,
    note: Annotated[str | None, typer.Option(help="What there is to say of it.")] = None,
    to: Annotated[str | None, typer.Option(metavar="PERSON", help="To whom, by code; else the rules choose.")] = None,
    due: Annotated[str | None, typer.Option(metavar="TIME", help="By when it is wanted, as 2026-05-02T18:00.")] = None,
    passed: Annotated[bool | None, typer.Option("--passed/--failed", help="What a check found.")] = None,
    body: Annotated[str | None, typer.Option(help="To whom it is referred out.")] = None,
    reference: Annotated[str | None, typer.Option(help="The number it has there.")] = None,
    look_at: Annotated[str | None, typer.Option("--look-at", metavar="TIME", help="When to look at it again.")] = None,
    via: Annotated[str | None, typer.Option(help=f"How the reporter was asked: {', '.join(FOLLOWED_BY)}.")] = None,
    satisfaction: Annotated[int | None, typer.Option(min=1, max=5, help="What the reporter said.")] = None,
    words: Annotated[str | None, typer.Option(help="The reporter's words.")] = None,
    parent: Annotated[str | None, typer.Option(metavar="CODE", help="The issue it is a duplicate of.")] = None,
    category: Annotated[str | None, typer.Option(help="What it is about after all.")] = None,
    urgency: Annotated[str | None, typer.Option(help=f"How urgent after all: {', '.join(URGENCIES)}.")] = None,
    no_answer: Annotated[bool, typer.Option("--no-answer", help="Nobody has answered.")] = False,
) -> None:
    """Do something to an issue; what is refused changes nothing, and says what would be allowed.

    \b
    gridmap issues act WJ-000001 dispatch
    gridmap issues act WJ-000001 hold --note "waits for a pump" --as tom
    """
    said = {name: value for name, value in locals().items() if name in {item.name for item in fields(Command)}}
    with open_store() as database, database.session() as session:
        at = now()
        viewer = _viewer(session, account, at)
        zone = places.site(session, _seen(session, viewer, code, at)["site"]).timezone
        for name in ("due", "look_at"):
            said[name] = _moment(f"--{name.replace('_', '-')}", said[name], zone)
        who = Actor(viewer.role, viewer.account_id or None, viewer.person)
        outcome = _done(session, Command(issue=code, actor=who, **said), at)
    tell(f"{code} is {outcome.status}" + (f", with {outcome.handler}" if outcome.handler else ""))


def _done(session: Any, command: Command, at: datetime) -> moves.Outcome:
    """What came of a command; what it lacks is named as it is written here."""
    try:
        return moves.act_on(session, command, at)
    except FieldError as error:
        raise InputError(f"{OPTIONS.get(error.field, '--' + error.field.replace('_', '-'))}: {error}") from None


def _moment(name: str, said: str | None, zone: str) -> datetime | None:
    if said is None:
        return None
    try:
        return local_moment(datetime.fromisoformat(said), zone)
    except ValueError:
        raise InputError(f"{name}: {said!r} is no moment: write 2026-05-02T18:00") from None


@issues.command()
def queue(
    account: As = None, limit: Annotated[int, typer.Option(min=1, max=500)] = 50, as_json: AsJson = False
) -> None:
    """What waits to be handed out, the most pressing first, and whom the rules would choose.

    \b
    gridmap issues queue
    """
    with open_store() as database, database.session() as session:
        at = now()
        viewer = _viewer(session, account, at)
        found = waiting.queue(session, viewer, at, Known(kept=True), limit, language())
    if as_json:
        tell_json(found)
        return
    rows = [(*_row(each), ((each["suggestion"] or {}).get("person") or {}).get("name")) for each in found]
    table("", (*WAITING[:-1], "suggested"), rows)


@issues.command()
def work(
    account: Annotated[str, typer.Option("--as", metavar="ACCOUNT", help="Whose work.")],
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
    as_json: AsJson = False,
) -> None:
    """What waits for somebody, the most pressing first.

    \b
    gridmap issues work --as tom
    """
    with open_store() as database, database.session() as session:
        at = now()
        found = work_of(session, _viewer(session, account, at), at, limit)
    if as_json:
        tell_json(found)
        return
    table("", WAITING, [(*_row(each), ((each["handler"] or {}).get("person") or {}).get("name")) for each in found])


def _row(each: dict[str, Any]) -> tuple[Any, ...]:
    due = each["next_due_at"]
    said = f"{datetime.fromisoformat(due).astimezone(UTC):%Y-%m-%d %H:%MZ} {each['next_stamp']}" if due else ""
    return each["code"], each["category"], each["urgency"], each["status"], each["grid"], said


@issues.command()
def link(code: Code) -> None:
    """A path by which whoever reported an issue follows it and answers, without an account; shown this once.

    \b
    gridmap issues link WJ-000001
    """
    settings = Settings.from_environment()
    with open_store() as database, database.session() as session:
        token = follow_ups.new_link(session, code, settings.secret_key(), now())
    tell(f"/follow/{token}")
