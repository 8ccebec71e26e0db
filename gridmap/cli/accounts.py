"""Accounts: who may come in. A secret is the only thing a command writes to stdout, so that it can be piped."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import Row

from gridmap.cli.screen import moment_said, now, open_store, table, tell, visible
from gridmap.domain.passwords import LONGEST
from gridmap.domain.rights import ACCOUNT_ROLES
from gridmap.errors import InputError
from gridmap.operations import accounts as verbs
from gridmap.settings import Settings
from gridmap.storage import accounts as stored

LONGEST_KEY_DAYS = 3650

accounts = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Who may come in: people by password or link, programs by keys."
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The account's name.")]
Site = Annotated[str | None, typer.Option("--site", metavar="CODE", help="The site, if the store holds several.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--password-file", metavar="FILE", help="Its first line is the password; - is stdin. Else one is made."
    ),
]


def add_to(app: typer.Typer) -> None:
    app.add_typer(accounts, name="accounts")


def _secret() -> bytes:
    return Settings.from_environment().secret_key()


def _note(message: str) -> None:
    typer.echo(visible(message), err=True)


def _password(file: Path | None) -> str | None:
    """The password of a file's first line; None without a file."""
    if file is None:
        return None
    if str(file) == "-":
        line = sys.stdin.readline(LONGEST + 2)
    else:
        with file.open(encoding="utf-8-sig") as stream:
            line = stream.readline(LONGEST + 2)
    password = line.rstrip("\r\n")
    if not password:
        raise InputError(f"{file}: its first line is empty: write the password there")
    return password


@accounts.command()
def add(
    name: Name,
    role: Annotated[str, typer.Option(metavar="ROLE", help=f"One of {', '.join(ACCOUNT_ROLES)}.")],
    grid: Annotated[str | None, typer.Option(metavar="CODE", help="The grid whose part of the tree is seen.")] = None,
    person: Annotated[str | None, typer.Option(metavar="CODE", help="The person of the site who signs in.")] = None,
    site: Site = None,
    password_file: PasswordFile = None,
) -> None:
    """Let somebody in; a password that was made is shown once.

    \b
    gridmap accounts add li --role grid_owner --grid Z1-C1-1
    """
    given = _password(password_file)
    made = None if given else verbs.new_password()
    with open_store() as database, database.session() as session:
        account = verbs.add(session, name, role, site, grid, person, given or made, now())
        told = f"{account.name} may sign in as {ACCOUNT_ROLES[account.role]}"
    _note(told + ("; the password is shown this once:" if made else ""))
    if made:
        tell(made)


@accounts.command()
def key(
    name: Name,
    days: Annotated[
        int | None, typer.Option(min=1, max=LONGEST_KEY_DAYS, help="How long it is good; else until it is revoked.")
    ] = None,
) -> None:
    """Give a program a key, which is shown once: it sends `Authorization: Bearer KEY`.

    \b
    gridmap accounts key hotline --days 365 > hotline.key
    """
    at = now()
    with open_store() as database, database.session() as session:
        expires = None if days is None else at + timedelta(days=days)
        made = verbs.new_key(session, verbs.known(session, name), _secret(), at, expires)
    lasting = "until it is revoked" if days is None else f"for {days} days"
    _note(f"a key of {name}, good {lasting}, shown this once; gridmap accounts revoke {name} {made[:8]} ends it")
    tell(made)


@accounts.command("list")
def list_accounts() -> None:
    """Every account, and how its keys begin.

    \b
    gridmap accounts list
    """
    columns = ("name", "role", "site", "grid", "person", "password", "keys", "state")
    with open_store() as database, database.session() as session:
        table("", columns, [_row(row) for row in stored.listed(session, now())])


def _row(row: Row[Any]) -> tuple[object, ...]:
    state = "open"
    if row.closed_at:
        state = f"closed {moment_said(row.closed_at, row.timezone)}"
    elif row.locked_until:
        state = f"locked until {moment_said(row.locked_until, row.timezone)}"
    has_password = "yes" if row.has_password else "no"
    return (row.name, row.role, row.site, row.grid, row.person, has_password, " ".join(row.keys), state)


@accounts.command()
def link(
    name: Name,
    minutes: Annotated[
        int, typer.Option(min=1, max=verbs.LONGEST_LINK_MINUTES, help="How long it works.")
    ] = verbs.LINK_MINUTES,
) -> None:
    """A path that signs somebody in once, without a password.

    \b
    gridmap accounts link li
    """
    with open_store() as database, database.session() as session:
        token = verbs.one_time_link_token(session, _secret(), verbs.known(session, name), now(), minutes)
    _note(f"signs {name} in once, within {minutes} minutes; write the address of your gridmap before it:")
    tell(f"/sign-in/link/{token}")


@accounts.command()
def password(name: Name, password_file: PasswordFile = None) -> None:
    """Give an account another password; whoever came in by the old one has to sign in again.

    \b
    gridmap accounts password li --password-file li.txt
    """
    given = _password(password_file)
    made = None if given else verbs.new_password()
    with open_store() as database, database.session() as session:
        verbs.set_password(session, verbs.known(session, name), given or made or "", now())
    _note(f"{name} has another password" + ("; it is shown this once:" if made else ""))
    if made:
        tell(made)


@accounts.command()
def close(name: Name) -> None:
    """Let nobody in by an account any more: its keys and sign-ins end with it.

    \b
    gridmap accounts close li
    """
    with open_store() as database, database.session() as session:
        verbs.close(session, verbs.known(session, name), now())
    _note(f"{name} is closed; its keys and sign-ins have ended")


@accounts.command()
def revoke(
    name: Name,
    begins: Annotated[str, typer.Argument(metavar="BEGINS", help="The first 8 characters of the key.")],
) -> None:
    """End a key of an account.

    \b
    gridmap accounts revoke hotline gm_Ab3xY
    """
    with open_store() as database, database.session() as session:
        verbs.revoke(session, verbs.known(session, name), begins, now())
    _note(f"the key of {name} that begins with {begins[:8]} has ended")
