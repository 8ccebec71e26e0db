"""Accounts: who may come in, by what, and for how long. Secrets are given out once; the store keeps digests."""

from __future__ import annotations

import hmac
import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy.orm import Session

from gridmap.domain import passwords
from gridmap.domain.model import Account, Person, Site
from gridmap.domain.rights import ACCOUNT_ROLES, BOUND_TO_GRID, Viewer
from gridmap.errors import InputError, NotFoundError, RefusedError
from gridmap.storage import accounts as stored
from gridmap.storage import places
from gridmap.storage.accounts import SignInKind

COOKIE_LASTS: Final = timedelta(hours=12)
TOKEN_LASTS: Final = timedelta(minutes=15)
LINK_MINUTES: Final = 30
LONGEST_LINK_MINUTES: Final = 7 * 24 * 60
RECEIPTS_LAST: Final = timedelta(days=7)
LASTS: Final[dict[SignInKind, timedelta]] = {"cookie": COOKIE_LASTS, "token": TOKEN_LASTS}

KEY_PREFIX: Final = "gm_"
BEGINNING: Final = 8
# 32 random bytes as they are written: of keys, cookies, tokens and links.
TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")
NAME: Final = re.compile(r"[^\W_][\w.@-]{0,63}")

# A signing-in takes 19 MB and a few hundredths of a second: many may come at once, yet guessing is slow.
HASHER: Final = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19_456, parallelism=1),))


@dataclass(frozen=True)
class SignedIn:
    """Somebody who has come in: the token is for him alone, and is not kept."""

    token: str
    viewer: Viewer


# ---------------------------------------------------------------- accounts


def add(
    session: Session,
    name: str,
    role: str,
    site: str | None,
    grid: str | None,
    person: str | None,
    password: str | None,
    at: datetime,
) -> Account:
    """Let somebody in: without a password only by a key or a link; an administrator of no site is of all."""
    name = _new_name(session, name)
    if role not in ACCOUNT_ROLES:
        raise InputError(f"role {role!r} is not known: choose one of {', '.join(ACCOUNT_ROLES)}")
    of_all = role == "admin" and site is None and grid is None and person is None
    where = None if of_all else places.site(session, site)
    if where is not None and grid is not None:
        _refuse_unknown_grid(session, where, grid, at)
    who = _person(session, where, person) if where is not None and person is not None else None
    _refuse_unbound(session, role, grid, who, at)
    account = Account(
        name=name,
        role=role,
        site_id=where.id if where else None,
        grid_code=grid,
        person_id=who.id if who else None,
        password_hash=None if password is None else _hashed(password, name),
        failures=0,
        created_at=at,
    )
    session.add(account)
    session.flush()
    return account


def _new_name(session: Session, said: str) -> str:
    name = unicodedata.normalize("NFC", said)
    if not NAME.fullmatch(name):
        raise InputError(
            f"name {said!r} is not possible: 1 to 64 letters, digits and . _ @ -, and the first a letter or a digit"
        )
    known = stored.account(session, name)
    if known is not None:
        closed = " (it is closed)" if known.closed_at else ""
        raise RefusedError(f"there is an account {name} already{closed}: choose another name")
    return name


def _refuse_unknown_grid(session: Session, site: Site, grid: str, at: datetime) -> None:
    edition = places.edition_in_force(session, site.id, at)
    if edition is None:
        raise NotFoundError(f"no Edition of {site.code} is in force: gridmap editions lists them")
    if not stored.has_grid(session, edition.id, grid):
        raise NotFoundError(
            f"there is no grid {grid} in Edition {edition.number} of {site.code}: gridmap export grids lists them"
        )


def _person(session: Session, site: Site, code: str) -> Person:
    found = stored.person(session, site.id, code)
    if found is None:
        raise NotFoundError(f"there is nobody {code} in {site.code}: gridmap export people lists them")
    return found


def _refuse_unbound(session: Session, role: str, grid: str | None, who: Person | None, at: datetime) -> None:
    """An account whose role is bound to a part of the tree, or to work, has to say which or whose."""
    if role in stored.OF_PERSON and who is None:
        raise InputError(f"a {ACCOUNT_ROLES[role]} sees the work of a person: name him by --person CODE")
    if role not in BOUND_TO_GRID or grid is not None:
        return
    if who is None:
        raise InputError(
            f"a {ACCOUNT_ROLES[role]} is of a grid: name it by --grid CODE, or by --person CODE who answers for it"
        )
    if not stored.holds_post(session, who.site_id, who.id, role, at):
        raise RefusedError(
            f"{who.code} is {ACCOUNT_ROLES[role]} of no grid: name the grid by --grid CODE, or load the posts first"
        )


def known(session: Session, name: str) -> Account:
    """The open account of a name."""
    account = stored.account(session, unicodedata.normalize("NFC", name)) if _fit_for_store(name) else None
    if account is None:
        raise NotFoundError(f"there is no account {name}: gridmap accounts list lists them")
    if account.closed_at is not None:
        raise RefusedError(f"account {name} is closed: add one of another name")
    return account


def close(session: Session, account: Account, at: datetime) -> None:
    """Let nobody in by this account any more: its keys and sign-ins end with it."""
    account.closed_at = at
    session.flush()
    stored.revoke_keys(session, account.id, at)
    stored.end_sign_ins(session, account.id, at)


def set_password(session: Session, account: Account, password: str, at: datetime) -> None:
    """Give an account another password; whoever came in by the old one has to come in again, and no lock stays."""
    stored.write_password(session, account.id, _hashed(password, account.name))
    session.expire(account)
    stored.end_sign_ins(session, account.id, at)


# ---------------------------------------------------------------- passwords


def new_password() -> str:
    """A password nobody guesses, for those who were given none."""
    return secrets.token_urlsafe(12)


def _hashed(password: str, name: str) -> str:
    passwords.check(password, name)
    return HASHER.hash(_bytes(password))


def _bytes(password: str) -> bytes:
    # What a keyboard writes in two ways is one password; a lone surrogate is wrong, but no fault of ours.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


@cache
def _of_nobody() -> str:
    return HASHER.hash(secrets.token_bytes(32))


def _fit_for_store(name: str) -> bool:
    return NAME.fullmatch(unicodedata.normalize("NFC", name)) is not None


# ---------------------------------------------------------------- coming in


def sign_in(
    session: Session, secret: bytes, name: str, password: str, at: datetime, kind: SignInKind = "cookie"
) -> SignedIn | None:
    """Come in by name and password; None if that was wrong or the account is locked, which nobody is told apart.

    A failure is written, so the caller commits whatever the answer is. An unknown name takes as long as a known one.
    """
    attempt = stored.begin_attempt(session, unicodedata.normalize("NFC", name), at) if _fit_for_store(name) else None
    against = _of_nobody()
    if attempt is not None:
        against = attempt.password_hash
    fitting, newer = HASHER.verify_and_update(_bytes(password[: passwords.LONGEST + 1]), against)
    if attempt is None or not fitting:
        return None
    stored.write_password(session, attempt.id, newer or against)
    return _let_in(session, secret, attempt.id, kind, at)


def _let_in(session: Session, secret: bytes, account_id: int, kind: SignInKind, at: datetime) -> SignedIn | None:
    viewer = stored.viewer_of_account(session, account_id, at)
    if viewer is None:
        return None
    token = secrets.token_urlsafe(32)
    stored.write_sign_in(session, account_id, kind, digest(secret, token), at, at + LASTS[kind])
    return SignedIn(token, viewer)


def one_time_link_token(
    session: Session, secret: bytes, account: Account, at: datetime, minutes: int = LINK_MINUTES
) -> str:
    """A token that lets its bearer in once: /sign-in/link/TOKEN."""
    if not 1 <= minutes <= LONGEST_LINK_MINUTES:
        raise InputError(f"a link cannot last {minutes} minutes: 1 to {LONGEST_LINK_MINUTES}")
    token = secrets.token_urlsafe(32)
    stored.write_sign_in(session, account.id, "link", digest(secret, token), at, at + timedelta(minutes=minutes))
    return token


def use_link(session: Session, secret: bytes, token: str, at: datetime) -> SignedIn | None:
    """Come in by a link: of all who try it at once, one does."""
    if not TOKEN.fullmatch(token):
        return None
    account_id = stored.use_link(session, digest(secret, token), at)
    return None if account_id is None else _let_in(session, secret, account_id, "cookie", at)


def sign_out(session: Session, secret: bytes, token: str, at: datetime) -> None:
    """End a cookie or a token."""
    stored.end_sign_in(session, digest(secret, token), at)


# ---------------------------------------------------------------- keys


def new_key(session: Session, account: Account, secret: bytes, at: datetime, expires: datetime | None = None) -> str:
    """A key for a program, which is seen here and never again."""
    if expires is not None and expires <= at:
        raise InputError("a key must be good for some time: give it at least one day")
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    stored.write_key(session, account.id, digest(secret, key), key[:BEGINNING], at, expires)
    return key


def revoke(session: Session, account: Account, begins: str, at: datetime) -> None:
    """End the key of an account that begins so; the whole key will do."""
    if len(begins) < BEGINNING or not stored.revoke_keys(session, account.id, at, begins[:BEGINNING]):
        raise NotFoundError(
            f"{account.name} has no key that begins with {begins[:BEGINNING]}: gridmap accounts list shows the first "
            f"{BEGINNING} characters of each"
        )


def digest(secret: bytes, token: str) -> bytes:
    """What is kept of a key, a cookie, a token or a link."""
    return hmac.digest(secret, token.encode("utf-8", "surrogatepass"), "sha256")


def viewer_of_key(session: Session, secret: bytes, key: str, at: datetime) -> Viewer | None:
    """Who a key belongs to, and what he may see at this moment."""
    if not (key.startswith(KEY_PREFIX) and TOKEN.fullmatch(key, len(KEY_PREFIX))):
        return None
    return stored.viewer_of_key(session, digest(secret, key), at)


def viewer_of_sign_in(session: Session, secret: bytes, token: str, kind: SignInKind, at: datetime) -> Viewer | None:
    """Who came in by a cookie or a token, and what he may see at this moment."""
    if not TOKEN.fullmatch(token):
        return None
    return stored.viewer_of_sign_in(session, digest(secret, token), kind, at)


def prune(session: Session, at: datetime) -> int:
    """Remove what is over: sign-ins, and answers that were kept for those who ask twice."""
    return stored.prune(session, at, at - RECEIPTS_LAST)
