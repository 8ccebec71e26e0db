"""Households in need and shelters. Where such a household lives is for its visitor and his superior alone."""

from __future__ import annotations

from datetime import date, datetime

from geoalchemy2 import WKBElement
from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, SmallInteger, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.domain.model.base import Base, Id, degrees, one_of
from gridmap.domain.patrols import VISIT_OUTCOMES


class Shelter(Base):
    """Where people go when their house is not safe."""

    __tablename__ = "shelter"
    __table_args__ = (
        UniqueConstraint("site_id", "code"),
        CheckConstraint("capacity > 0", name="capacity_positive"),
    )

    id: Mapped[Id]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    code: Mapped[str] = mapped_column(Text(collation="C"))
    name: Mapped[str]
    capacity: Mapped[int | None]
    closed_at: Mapped[datetime | None]
    geom: Mapped[WKBElement] = mapped_column(degrees("POINT"))


class Household(Base):
    """A household in need or at risk. It has no shape, so that no layer can ever draw it."""

    __tablename__ = "household"
    __table_args__ = (
        UniqueConstraint("site_id", "code"),
        Index("ix_household_visitor_id", "visitor_id"),
        CheckConstraint("visit_days > 0", name="visit_days_positive"),
        CheckConstraint("people > 0", name="people_positive"),
    )

    id: Mapped[Id]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    code: Mapped[str] = mapped_column(Text(collation="C"))
    building_id: Mapped[int | None] = mapped_column(ForeignKey("building.id"))
    address: Mapped[str]
    needs: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    risk: Mapped[str | None]
    people: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    visitor_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    visit_days: Mapped[int | None] = mapped_column(SmallInteger)
    guardian_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    shelter_id: Mapped[int | None] = mapped_column(ForeignKey("shelter.id"))
    since: Mapped[date] = mapped_column(Date)
    closed_at: Mapped[datetime | None]


class Visit(Base):
    """Somebody called on a household; where he stood then is not kept."""

    __tablename__ = "visit"
    __table_args__ = (
        UniqueConstraint("person_id", "uid"),
        one_of("outcome", VISIT_OUTCOMES),
        Index("ix_visit_household_id", "household_id", "at"),
    )

    id: Mapped[Id]
    uid: Mapped[str] = mapped_column(Text(collation="C"))
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    round_id: Mapped[int | None] = mapped_column(ForeignKey("round.id"))
    at: Mapped[datetime]
    received_at: Mapped[datetime]
    outcome: Mapped[str]
    note: Mapped[str | None]
