"""Asking whoever reported something whether it is solved; and what becomes of those who do not answer."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.orm import Session

from gridmap.domain.commands import Actor, Command
from gridmap.errors import NotFoundError, RefusedError
from gridmap.operations.accounts import digest
from gridmap.operations.known import Known
from gridmap.operations.moves import act, act_on
from gridmap.storage import follow_ups as stored

LASTS: Final = timedelta(days=180)
AT_ONCE: Final = 500
BYTES: Final = 18


def new_link(session: Session, issue: str, secret: bytes, at: datetime) -> str:
    """A token by which an issue is followed without an account; only its digest is kept."""
    token = secrets.token_urlsafe(BYTES)
    if not stored.write_link(session, issue, digest(secret, token), at, at + LASTS):
        raise NotFoundError(f"there is no issue {issue} here")
    return token


def follow(session: Session, token: str, secret: bytes, at: datetime) -> dict[str, Any]:
    """How an issue stands, for whoever has its link."""
    found = stored.followed(session, digest(secret, token), at)
    if found is None:
        raise NotFoundError("this link is not known, or too old: ask the front desk for a new one")
    return found


def answer(
    session: Session,
    token: str,
    secret: bytes,
    at: datetime,
    satisfaction: int | None,
    words: str | None,
    known: Known | None = None,
) -> dict[str, Any]:
    """What the reporter says by the link; who is dissatisfied reopens it."""
    found = follow(session, token, secret, at)
    if found["supports"]:
        raise RefusedError("whoever reported it first says whether it is solved: report it anew if it is not")
    code = found["code"]
    reporter = Actor("resident", is_reporter=True)
    said = Command(code, "follow_up", reporter, via="link", satisfaction=satisfaction, words=words)
    act_on(session, said, at, known)
    return follow(session, token, secret, at)


def close_silent(session: Session, at: datetime) -> Sequence[str]:
    """Close what nobody has answered for so many days as its site waits: never as satisfied."""
    closed = 0
    while codes := stored.silent(session, at, AT_ONCE):
        outcomes = act(session, [Command(code, "close", no_answer=True) for code in codes], at)
        done = sum(outcome.error is None for outcome in outcomes)
        closed += done
        if not done or len(codes) < AT_ONCE:
            break
    return (f"{closed} issues closed without an answer",) if closed else ()
