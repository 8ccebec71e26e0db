"""People, the posts they hold, and when they are away."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, column, func, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.domain.model.base import Base, Id, one_of
from gridmap.domain.roles import ROLE_OF_RANK, ROLES, SPECIALTIES


class Person(Base):
    """Somebody who can answer for something; a contractor's firm is its `organisation`."""

    __tablename__ = "person"
    __table_args__ = (UniqueConstraint("site_id", "code"),)

    id: Mapped[Id]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    code: Mapped[str] = mapped_column(Text(collation="C"))
    name: Mapped[str]
    phone: Mapped[str | None]
    organisation: Mapped[str | None]


class Leave(Base):
    """A person is away: the deputy stands in."""

    __tablename__ = "leave"
    __table_args__ = (
        UniqueConstraint("person_id", "starts"),
        CheckConstraint("ends > starts", name="forward"),
    )

    id: Mapped[Id]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    starts: Mapped[datetime]
    ends: Mapped[datetime]


class Post(Base):
    """A role held on a grid by a person for a period.

    The grid is named by its code, not by its row, so that a post outlives the Edition; without one it is
    held for the whole site.
    """

    __tablename__ = "post"
    __table_args__ = (
        one_of("role", tuple(ROLES)),
        one_of("specialty", SPECIALTIES),
        CheckConstraint("valid_to is null or valid_to > valid_from", name="forward"),
        ExcludeConstraint(
            ("site_id", "="),
            ("role", "="),
            ("grid_code", "="),
            (func.tstzrange(column("valid_from"), column("valid_to")), "&&"),
            where=text("role in ({})".format(", ".join(f"'{role}'" for role in ROLE_OF_RANK.values()))),
            name="ex_post_one_in_charge",
            using="gist",
        ),
        Index("ix_post_site_id_grid_code", "site_id", "grid_code"),
    )

    id: Mapped[Id]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    role: Mapped[str]
    specialty: Mapped[str | None]
    grid_code: Mapped[str | None] = mapped_column(Text(collation="C"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    deputy_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]
