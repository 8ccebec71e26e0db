"""Evaluation: what a site weighs, what is typed in, and the scores of a period as they were when it was closed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, Double, ForeignKey, Index, Text, UniqueConstraint, column, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.domain.evaluation import PERIOD_KINDS, TYPED_IN
from gridmap.domain.model.base import Base, Id, one_of
from gridmap.domain.roles import ROLES


class Weight(Base):
    """What an indicator weighs for a role on a site: those of a role take the place of all the trade's for it."""

    __tablename__ = "weight"
    __table_args__ = (one_of("role", tuple(ROLES)), CheckConstraint("weight > 0", name="weight_positive"))

    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    indicator: Mapped[str] = mapped_column(primary_key=True)
    weight: Mapped[float] = mapped_column(Double)
    target: Mapped[float | None] = mapped_column(Double)
    floor: Mapped[float | None] = mapped_column(Double)


class PassLine(Base):
    """How many points of 100 a role needs on a site."""

    __tablename__ = "pass_line"
    __table_args__ = (
        one_of("role", tuple(ROLES)),
        CheckConstraint("points between 0 and 100", name="points_of_a_hundred"),
    )

    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    points: Mapped[float] = mapped_column(Double)


class Period(Base):
    """A month or a quarter of a site that was closed: by whom, when, and under which lines. It is open without one."""

    __tablename__ = "period"
    __table_args__ = (UniqueConstraint("site_id", "name"), one_of("kind", PERIOD_KINDS))

    id: Mapped[Id]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    name: Mapped[str] = mapped_column(Text(collation="C"))
    kind: Mapped[str]
    starts: Mapped[date] = mapped_column(Date)
    closed_at: Mapped[datetime]
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    lines: Mapped[dict[str, Any]] = mapped_column(JSONB)


class Score(Base):
    """What an indicator said of somebody in a role when the period was closed, and the points it gave him."""

    __tablename__ = "score"

    period_id: Mapped[int] = mapped_column(ForeignKey("period.id"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    indicator: Mapped[str] = mapped_column(primary_key=True)
    numerator: Mapped[float | None] = mapped_column(Double)
    denominator: Mapped[float | None] = mapped_column(Double)
    value: Mapped[float | None] = mapped_column(Double)
    low: Mapped[float | None] = mapped_column(Double)
    high: Mapped[float | None] = mapped_column(Double)
    weight: Mapped[float] = mapped_column(Double)
    target: Mapped[float | None] = mapped_column(Double)
    points: Mapped[float | None] = mapped_column(Double)


class Entry(Base):
    """A figure that is typed in, not measured: of the whole site, or of somebody."""

    __tablename__ = "entry"
    __table_args__ = (
        one_of("indicator", TYPED_IN),
        CheckConstraint("numerator >= 0 and denominator > 0", name="numbers_sound"),
        Index(
            "uq_entry_of",
            "site_id",
            "period",
            "indicator",
            func.coalesce(column("person_id"), 0),
            unique=True,
        ),
    )

    id: Mapped[Id]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    period: Mapped[str] = mapped_column(Text(collation="C"))
    indicator: Mapped[str]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    numerator: Mapped[float] = mapped_column(Double)
    denominator: Mapped[float] = mapped_column(Double, server_default="1")
    note: Mapped[str | None]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime]
