"""The demo: the estate in a store, and somebody to sign in for every role."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from gridmap.domain.model import Account, Person, Post, Site
from gridmap.errors import RefusedError
from gridmap.operations import accounts
from gridmap.settings import PROJECT, Settings
from gridmap.storage.database import Database

CODE: Final = "WJ"
NAME: Final = "望江片区"
PLAN: Final = PROJECT / "data" / "geojson" / "plan.toml"
# Who hands out work on this estate.
MODEL: Final = "centre"

# role of an account: the post its person holds, where it is of one
WITH_POST: Final = {
    "grid_owner": "grid_owner",
    "supervisor": "supervisor",
    "coordinator": "coordinator",
    "technician": "technician",
    "contractor": "contractor",
    "head": "project_head",
    "auditor": "audit",
}
PEOPLE: Final = ("admin", "dispatcher", *WITH_POST, "analyst", "resident")
PROGRAM: Final = "program"


@dataclass(frozen=True)
class Settled:
    """What somebody needs to come in: a link that works once, a program's key, and where passwords are written."""

    link_token: str
    key: str
    passwords: Path


def settle(database: Database, settings: Settings, at: datetime) -> Settled:
    """Make sure that the store holds the estate and its accounts; a store of somebody else's is left alone."""
    with database.session() as session:
        furnish(session, at)
    secret, passwords, key = settings.secret_key(), settings.home / "demo-passwords.txt", settings.home / "demo-key.txt"
    with database.session() as session:
        if not (passwords.exists() and key.exists() and session.scalar(select(func.count()).select_from(Account))):
            written = _let_everybody_in(session, at)
            _write_private(passwords, "".join(f"{name}\t{password}\n" for name, password in written))
            _write_private(key, accounts.new_key(session, _account(session, PROGRAM), secret, at) + "\n")
        token = accounts.one_time_link_token(session, secret, _account(session, "admin"), at)
    return Settled(token, key.read_text("utf-8").strip(), passwords)


def _refuse_foreign(session: Session) -> None:
    others = session.scalars(select(Site.code).where((Site.code != CODE) | (Site.name != NAME))).all()
    if others:
        raise RefusedError(
            f"this database holds {', '.join(sorted(others))}, which is no demo: unset DATABASE_URL, or name another "
            "place by GRIDMAP_HOME"
        )


def _publish(session: Session, at: datetime) -> None:
    # What is needed only once is imported only then: a demo that is started again answers at once.
    from gridmap.operations.checks import check
    from gridmap.operations.outlines import outline_from_toml
    from gridmap.operations.plans import read_plan
    from gridmap.operations.publication import publish
    from gridmap.simulation import estate

    if PLAN.exists():
        publish(session, check(session, read_plan(outline_from_toml(PLAN)), at), at)
        return
    with tempfile.TemporaryDirectory() as folder:
        plan = estate.write(Path(folder))
        publish(session, check(session, read_plan(outline_from_toml(plan)), at), at)


def _let_everybody_in(session: Session, at: datetime) -> Iterator[tuple[str, str]]:
    """An account for every role, named after it; those there are get a new password."""
    for role in PEOPLE:
        password = accounts.new_password()
        known = session.scalar(select(Account).where(Account.name == role))
        if known is None:
            accounts.add(
                session, role, role, None if role == "admin" else CODE, None, _holder(session, role, at), password, at
            )
        else:
            accounts.set_password(session, known, password, at)
        yield role, password
    if session.scalar(select(Account).where(Account.name == PROGRAM)) is None:
        accounts.add(session, PROGRAM, "dispatcher", CODE, None, None, None, at)


def _holder(session: Session, role: str, at: datetime) -> str | None:
    """Somebody who holds the post that an account's role is about."""
    post = WITH_POST.get(role)
    if post is None:
        return None
    return session.scalar(
        select(Person.code)
        .join(Post, Post.person_id == Person.id)
        .where(Post.role == post, Post.valid_from <= at, (Post.valid_to.is_(None)) | (Post.valid_to > at))
        .order_by(Post.grid_code, Person.code)
        .limit(1)
    )


def _account(session: Session, name: str) -> Account:
    return session.scalars(select(Account).where(Account.name == name)).one()


def _write_private(file: Path, text: str) -> None:
    """A file that nobody else can read, even while it is written."""
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)


def furnish(session: Session, at: datetime) -> None:
    """The estate alone, without anybody who could sign in: for a store that is thrown away."""
    _refuse_foreign(session)
    if session.scalar(select(Site.id)) is None:
        _publish(session, at)
        session.execute(update(Site).where(Site.code == CODE).values(dispatch_model=MODEL))
