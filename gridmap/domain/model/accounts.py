"""Who may come in: accounts, the keys of programs, sign-ins of people, and answers kept for those who ask twice."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, LargeBinary, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.domain.model.base import Base, Id, one_of
from gridmap.domain.rights import ACCOUNT_ROLES

SIGN_IN_KINDS = ("cookie", "link", "token")


class Account(Base):
    """A person or a program that may come in, in one role; without a site it is of all sites."""

    __tablename__ = "account"
    __table_args__ = (
        one_of("role", tuple(ACCOUNT_ROLES)),
        CheckConstraint("site_id is not null or role = 'admin'", name="site_unless_admin"),
    )

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(Text(collation="C"), unique=True)
    role: Mapped[str]
    site_id: Mapped[int | None] = mapped_column(ForeignKey("site.id"))
    grid_code: Mapped[str | None] = mapped_column(Text(collation="C"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    password_hash: Mapped[str | None]
    failures: Mapped[int] = mapped_column(Integer, server_default="0")
    locked_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class ApiKey(Base):
    """A program's key: only its digest is kept, and how it begins, so that people can tell keys apart."""

    __tablename__ = "api_key"

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    begins: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class SignIn(Base):
    """A person who came in: by the cookie of a browser, a link that works once, or a token for a while."""

    __tablename__ = "sign_in"
    __table_args__ = (one_of("kind", SIGN_IN_KINDS),)

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    kind: Mapped[str]
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Receipt(Base):
    """The answer that was given to a request with an Idempotency-Key, to be given again."""

    __tablename__ = "receipt"
    __table_args__ = (Index("ix_receipt_at", "at"),)

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    key: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    answer: Mapped[str]
    at: Mapped[datetime]


class Revision(Base):
    """One row whose number moves whenever something changes that decisions and the layers of a plan rest on."""

    __tablename__ = "revision"
    __table_args__ = (CheckConstraint("single", name="one_row"),)

    single: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    number: Mapped[int] = mapped_column(server_default="1")
