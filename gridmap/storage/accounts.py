"""Accounts, keys and sign-ins: who is behind a credential is one statement, and so is whatever works only once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from gridmap.domain.model import Account, Grid, Person
from gridmap.domain.rights import BOUND_TO_GRID, Viewer

SignInKind = Literal["cookie", "token"]

# Accounts in these roles are of a person unless they are of a grid, and see what that person's posts reach.
OF_PERSON: Final = ("technician", "contractor")
BY_POSTS: Final = (*BOUND_TO_GRID, *OF_PERSON)

# After so many wrong passwords in a row an account is locked: the first time for a minute, then for twice as long.
WRONG_ALLOWED: Final = 5
FIRST_LOCK: Final = timedelta(minutes=1)
LONGEST_LOCK: Final = timedelta(hours=1)

# The posts of account `a` at a moment, in its own role alone: what its person holds, and what he stands in for.
HELD: Final = """
    from post
    where post.site_id = a.site_id and post.role = a.role
      and post.valid_from <= :at and (post.valid_to is null or :at < post.valid_to)
      and (post.person_id = a.person_id or post.deputy_id = a.person_id and exists (
          select 1 from leave l where l.person_id = post.person_id and l.starts <= :at and :at < l.ends
      ))
"""
VIEWER: Final = f"""
    select a.id, a.name, a.role, a.site_id, s.code as site, a.grid_code, a.person_id, p.code as person,
           held.whole, held.grids
    from found f
    join account a on a.id = f.account_id and a.closed_at is null
    left join site s on s.id = a.site_id
    left join person p on p.id = a.person_id
    cross join lateral (
        select bool_or(post.grid_code is null) as whole,
               array_agg(distinct post.grid_code) filter (where post.grid_code is not null) as grids
        {HELD} and a.grid_code is null
    ) held
"""


def viewer_of_key(session: Session, digest: bytes, at: datetime) -> Viewer | None:
    """Who a key belongs to, if it and its account are still good."""
    row = session.execute(
        text(f"""
            with found as (
                select account_id from api_key
                where digest = :digest and revoked_at is null and (expires_at is null or :at < expires_at)
            ) {VIEWER}
        """),
        {"digest": digest, "at": at},
    ).one_or_none()
    return _viewer(row)


def viewer_of_sign_in(session: Session, digest: bytes, kind: SignInKind, at: datetime) -> Viewer | None:
    """Who came in by a cookie or a token, if it and the account are still good."""
    row = session.execute(
        text(f"""
            with found as (
                select account_id from sign_in
                where digest = :digest and kind = :kind and ended_at is null and :at < expires_at
            ) {VIEWER}
        """),
        {"digest": digest, "kind": kind, "at": at},
    ).one_or_none()
    return _viewer(row)


def viewer_of_account(session: Session, account_id: int, at: datetime) -> Viewer | None:
    """What an account may see at a moment."""
    row = session.execute(
        text(f"with found as (select cast(:id as bigint) as account_id) {VIEWER}"), {"id": account_id, "at": at}
    ).one_or_none()
    return _viewer(row)


def _viewer(row: Row[Any] | None) -> Viewer | None:
    if row is None:
        return None
    grids: tuple[str, ...] | None = None
    if row.grid_code is not None:
        grids = (row.grid_code,)
    elif row.role in BY_POSTS and not row.whole:
        # Whoever holds no post any more sees nothing, rather than everything.
        grids = tuple(sorted(row.grids or ()))
    return Viewer(row.id, row.name, row.role, row.site_id, row.site, grids, row.person_id, row.person)


# ---------------------------------------------------------------- passwords


def begin_attempt(session: Session, name: str, at: datetime) -> Row[Any] | None:
    """The `id` and `password_hash` to try a password against; nothing if there is none, or it is locked.

    The attempt counts as a failure until it succeeds: as many as come at once, no more than allowed are tried.
    """
    # Waiting for the disk would take longer for a name that is known than for one that is not.
    session.execute(text("set local synchronous_commit = off"))
    return session.execute(
        text("""
            update account set
                failures = failures + 1,
                locked_until = case when failures + 1 >= :allowed then
                    :at + least(:first_lock * power(2, least(failures + 1 - :allowed, 30)), :longest_lock) end
            where name = :name and closed_at is null and password_hash is not null
              and (locked_until is null or locked_until <= :at)
            returning id, password_hash
        """),
        {"name": name, "at": at, "allowed": WRONG_ALLOWED, "first_lock": FIRST_LOCK, "longest_lock": LONGEST_LOCK},
    ).one_or_none()


def write_password(session: Session, account_id: int, password_hash: str) -> None:
    """Keep the hash of an account's password, and forget how often another was tried."""
    session.execute(
        text("update account set failures = 0, locked_until = null, password_hash = :hash where id = :id"),
        {"id": account_id, "hash": password_hash},
    )


# ---------------------------------------------------------------- things that work once, or for a while


def write_key(
    session: Session, account_id: int, digest: bytes, begins: str, at: datetime, expires: datetime | None
) -> None:
    """Keep the digest of a new key."""
    session.execute(
        text("""
            insert into api_key (account_id, digest, begins, created_at, expires_at)
            values (:account_id, :digest, :begins, :at, :expires)
        """),
        {"account_id": account_id, "digest": digest, "begins": begins, "at": at, "expires": expires},
    )


def revoke_keys(session: Session, account_id: int, at: datetime, begins: str | None = None) -> int:
    """End the keys of an account that begin so, or all of them: how many that were."""
    return len(
        session.execute(
            text("""
                update api_key set revoked_at = :at
                where account_id = :account_id and revoked_at is null
                  and (cast(:begins as text) is null or begins = :begins)
                returning id
            """),
            {"account_id": account_id, "at": at, "begins": begins},
        ).all()
    )


def write_sign_in(
    session: Session, account_id: int, kind: SignInKind | Literal["link"], digest: bytes, at: datetime, ends: datetime
) -> None:
    """Keep the digest of a cookie, a token or a link that was given out."""
    session.execute(
        text("""
            insert into sign_in (account_id, kind, digest, created_at, expires_at)
            values (:account_id, :kind, :digest, :at, :ends)
        """),
        {"account_id": account_id, "kind": kind, "digest": digest, "at": at, "ends": ends},
    )


def use_link(session: Session, digest: bytes, at: datetime) -> int | None:
    """Whose link this is: of all who ask, one is told, once."""
    return session.execute(
        text("""
            update sign_in set ended_at = :at from account a
            where digest = :digest and kind = 'link' and ended_at is null and :at < expires_at
              and a.id = account_id and a.closed_at is null
            returning account_id
        """),
        {"digest": digest, "at": at},
    ).scalar_one_or_none()


def end_sign_in(session: Session, digest: bytes, at: datetime) -> None:
    """What a browser or a program came in by is good no longer."""
    session.execute(
        text("update sign_in set ended_at = :at where digest = :digest and ended_at is null"),
        {"digest": digest, "at": at},
    )


def end_sign_ins(session: Session, account_id: int, at: datetime) -> None:
    """Everybody who came in by an account has to come in again."""
    session.execute(
        text("update sign_in set ended_at = :at where account_id = :account_id and ended_at is null"),
        {"account_id": account_id, "at": at},
    )


def prune(session: Session, at: datetime, receipts_before: datetime) -> int:
    """Remove sign-ins that are over and receipts that are old; keys stay, so that it is known when they ended."""
    signed = session.execute(
        text("delete from sign_in where expires_at <= :at or ended_at <= :at returning id"), {"at": at}
    ).all()
    receipts = session.execute(
        text("delete from receipt where at < :before returning account_id"), {"before": receipts_before}
    ).all()
    return len(signed) + len(receipts)


# ---------------------------------------------------------------- accounts


def account(session: Session, name: str) -> Account | None:
    """The account of a name, open or closed."""
    return session.scalar(select(Account).where(Account.name == name))


def person(session: Session, site_id: int, code: str) -> Person | None:
    """Somebody of a site by his code."""
    return session.scalar(select(Person).where(Person.site_id == site_id, Person.code == code))


def has_grid(session: Session, edition_id: int, code: str) -> bool:
    """Whether an Edition has a grid of this code."""
    found = select(Grid.id).where(Grid.edition_id == edition_id, Grid.code == code)
    return session.scalar(found) is not None


def holds_post(session: Session, site_id: int, person_id: int, role: str, at: datetime) -> bool:
    """Whether a person has a post in a role, or is the deputy of one."""
    return bool(
        session.scalar(
            text("""
                select exists (
                    select 1 from post
                    where site_id = :site_id and role = :role and :person_id in (person_id, deputy_id)
                      and valid_from <= :at and (valid_to is null or :at < valid_to)
                )
            """),
            {"site_id": site_id, "person_id": person_id, "role": role, "at": at},
        )
    )


def listed(session: Session, at: datetime) -> Sequence[Row[Any]]:
    """Every account with what it is of, and how the keys begin that are good at a moment."""
    return session.execute(
        text("""
            select a.name, a.role, s.code as site, coalesce(s.timezone, 'UTC') as timezone, a.grid_code as grid,
                   p.code as person, a.password_hash is not null as has_password, a.closed_at,
                   case when a.locked_until > :at then a.locked_until end as locked_until,
                   array(
                       select k.begins from api_key k
                       where k.account_id = a.id and k.revoked_at is null
                         and (k.expires_at is null or :at < k.expires_at)
                       order by k.id
                   ) as keys
            from account a left join site s on s.id = a.site_id left join person p on p.id = a.person_id
            order by s.code nulls first, a.name
        """),
        {"at": at},
    ).all()
