"""Channels: the ways by which messages leave. A secret that was made is the only thing written to stdout."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from gridmap.channels.kinds import SENDERS
from gridmap.channels.sending import Address, Delivered, Failed, Outcome, Sender
from gridmap.cli.screen import now, open_store, table, tell, visible
from gridmap.domain.letters import CHANNEL_KINDS, Letter
from gridmap.domain.roles import ROLES
from gridmap.errors import InputError
from gridmap.language import DEFAULT, LANGUAGES
from gridmap.operations import channels as verbs
from gridmap.storage import deliveries as stored
from gridmap.storage import places

LONGEST: Final = 2_000

channels = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="The ways by which messages leave: webhooks, mail, work chats."
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The channel's name.")]
Site = Annotated[str | None, typer.Option("--site", metavar="CODE", help="The site, if the store holds several.")]


def add_to(app: typer.Typer) -> None:
    app.add_typer(channels, name="channels")


def _note(message: str) -> None:
    typer.echo(visible(message), err=True)


def senders() -> dict[str, Sender]:
    """How commands send: what goes to the log of a service, they write beside what they have to say."""
    return {**SENDERS, "log": _to_screen}


def _to_screen(_: Address, letter: Letter, __: datetime) -> Outcome:
    _note(f"{letter.facts.get('person') or '-'} {letter.subject}")
    return Delivered()


@channels.command()
def add(
    name: Name,
    kind: Annotated[str, typer.Option(metavar="KIND", help=f"One of {', '.join(CHANNEL_KINDS)}.")],
    address_file: Annotated[
        Path | None,
        typer.Option("--address-file", metavar="FILE", help="Its first line is the address; - is stdin."),
    ] = None,
    person: Annotated[str | None, typer.Option(metavar="CODE", help="For this person alone.")] = None,
    role: Annotated[str | None, typer.Option(metavar="ROLE", help=f"For one of {', '.join(ROLES)}.")] = None,
    language: Annotated[str, typer.Option(metavar="LANG", help=f"One of {', '.join(LANGUAGES)}.")] = DEFAULT,
    site: Site = None,
) -> None:
    """Add a channel for a person, for whoever holds a role, or, without either, for all messages.

    Addresses hold secrets, so they come from a file: https://… of a webhook, smtp://user:password@host?from=…&to=…,
    or what a work chat shows for its robot.

    \b
    gridmap channels add desk --kind wecombot --role dispatcher --address-file robot.txt
    """
    channel = stored.NewChannel(name, kind, _address(address_file), language=language, role=role)
    with open_store() as database, database.session() as session:
        where = places.site(session, site)
        added = verbs.add(session, where, channel, person, now())
        code = where.code
    secret = "; what it is signed by is shown this once:" if added.secret else ""
    _note(f"messages of {code} leave by {name} from now on: gridmap channels test {name} tries it{secret}")
    if added.secret:
        tell(added.secret)


def _address(file: Path | None) -> str:
    """The first line of a file; none without one."""
    if file is None:
        return ""
    if str(file) == "-":
        line = sys.stdin.readline(LONGEST + 2)
    else:
        with file.open(encoding="utf-8-sig") as stream:
            line = stream.readline(LONGEST + 2)
    address = line.strip()
    if not address or len(address) > LONGEST:
        raise InputError(f"{file}: its first line must be the address, of at most {LONGEST:,} characters")
    return address


@channels.command("list")
def list_channels(site: Site = None) -> None:
    """Every channel, and what became of the messages on it; no secret is shown again.

    \b
    gridmap channels list
    """
    columns = ("name", "kind", "site", "for", "language", "address", "waiting", "sent", "given up", "last failure")
    with open_store() as database, database.session() as session:
        site_id = places.site(session, site).id if site else None
        rows = verbs.as_json(stored.channels(session, site_id))
    table(
        "",
        columns,
        [
            (
                row["name"], row["kind"], row["site"], row["person"] or row["role"] or "all", row["language"],
                row["address"], row["waiting"], row["sent"], row["dead"], row["last_error"],
            )
            for row in rows
        ],
    )  # fmt: skip


@channels.command("test")
def try_channel(name: Name, site: Site = None) -> None:
    """Send a message that says it is a test, and say what became of it.

    \b
    gridmap channels test desk
    """
    with open_store() as database:
        with database.session() as session:
            where = places.site(session, site)
            row = verbs.named(session, where, name)
            said = where.name
        outcome = verbs.trial(row, said, now(), senders())
    if isinstance(outcome, Failed):
        raise InputError(f"{name} did not take it: {outcome.reason}")
    tell(f"{name} has taken it")


@channels.command()
def close(name: Name, site: Site = None) -> None:
    """Let no more messages leave by a channel, and forget its address.

    \b
    gridmap channels close desk
    """
    with open_store() as database, database.session() as session:
        where = places.site(session, site)
        stored.close_channel(session, where.id, verbs.named(session, where, name).id, now())
    _note(f"{name} is closed; messages stay on the pages of those they are for")
