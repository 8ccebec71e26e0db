"""Sites, the Editions of their grids, and what stands on the ground."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from geoalchemy2 import WKBElement
from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, Text, UniqueConstraint, column, func, text
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from gridmap.domain.lifecycle import DISPATCH_MODELS
from gridmap.domain.model.base import Base, Id, degrees, metres, one_of

EDITION_STATUSES = ("draft", "published", "retired")
FACILITY_STATES = ("in_order", "degraded", "out_of_order", "closed")
OVERLAY_KINDS = ("keeper", "contractor", "key_area")


class Site(Base):
    """A managed place: what it is, how it measures ground and time, and how it routes."""

    __tablename__ = "site"
    __table_args__ = (
        CheckConstraint("tolerance_m >= 0 and building_reach_m >= 0", name="reach_positive"),
        CheckConstraint("silence_days > 0", name="silence_positive"),
        CheckConstraint("report_code <> ''", name="report_code_said"),
        one_of("dispatch_model", DISPATCH_MODELS),
    )

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(server_default="residential")
    grade: Mapped[str | None]
    community: Mapped[str | None]
    street: Mapped[str | None]
    gross_area_m2: Mapped[float | None]
    timezone: Mapped[str] = mapped_column(server_default="Asia/Shanghai")
    calendar: Mapped[str] = mapped_column(server_default="CN")
    metric_epsg: Mapped[int]
    tolerance_m: Mapped[float] = mapped_column(Double, server_default="30")
    building_reach_m: Mapped[float] = mapped_column(Double, server_default="50")
    fallback_role: Mapped[str] = mapped_column(server_default="dispatcher")
    rules: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    # Its own limits before the trade's, its hours by name, the hours each role keeps, and how far duplicates lie.
    limits: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    hours: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    dispatch_model: Mapped[str] = mapped_column(server_default="coordinator")
    silence_days: Mapped[int] = mapped_column(server_default="3")
    # Whether anybody may report from a phone without an account; the code that is asked for then, if there is one; and
    # whether plates, and what residents are told, name who answers for a grid.
    report_open: Mapped[bool] = mapped_column(server_default=text("true"))
    report_code: Mapped[str | None]
    plate_names: Mapped[bool] = mapped_column(server_default=text("true"))
    # Whether residents without an account may look at a map of the grids, and the phone that stands on every plate.
    public_map: Mapped[bool] = mapped_column(server_default=text("false"))
    plate_phone: Mapped[str | None]


class Edition(Base):
    """A plan of grids with its validity: what happened under it stays with it."""

    __tablename__ = "edition"
    __table_args__ = (
        UniqueConstraint("site_id", "number"),
        one_of("status", EDITION_STATUSES),
        CheckConstraint("status = 'draft' or valid_from is not null", name="published_is_dated"),
        CheckConstraint("valid_to is null or valid_to > valid_from", name="validity_forward"),
        ExcludeConstraint(
            ("site_id", "="),
            (func.tstzrange(column("valid_from"), column("valid_to")), "&&"),
            where=text("status <> 'draft'"),
            name="ex_edition_one_in_force",
            using="gist",
        ),
    )

    id: Mapped[Id]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    number: Mapped[int]
    status: Mapped[str]
    valid_from: Mapped[datetime | None]
    valid_to: Mapped[datetime | None]
    leaf_tier: Mapped[int]
    accepted: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    extent: Mapped[WKBElement | None] = mapped_column(degrees("POLYGON"))

    site: Mapped[Site] = relationship()


class Grid(Base):
    """One piece of ground of one tier of one Edition."""

    __tablename__ = "grid"
    __table_args__ = (
        UniqueConstraint("edition_id", "code"),
        CheckConstraint("tier between 1 and 3", name="tier_known"),
        # The first column keeps retired Editions out of a probe.
        Index("ix_grid_geom", "edition_id", "geom", postgresql_using="gist"),
        Index("ix_grid_shape_m", "edition_id", "tier", "shape_m", postgresql_using="gist"),
        Index("ix_grid_parent_id", "parent_id"),
    )

    id: Mapped[Id]
    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id", ondelete="CASCADE"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("grid.id", ondelete="CASCADE"))
    code: Mapped[str] = mapped_column(Text(collation="C"))
    name: Mapped[str]
    tier: Mapped[int]
    households: Mapped[int | None]
    codes: Mapped[dict[str, str]] = mapped_column(JSONB, server_default="{}")
    geom: Mapped[WKBElement] = mapped_column(degrees("MULTIPOLYGON"))
    shape_m: Mapped[WKBElement] = mapped_column(metres("MULTIPOLYGON"))


class Building(Base):
    """A building; `grid_code` is the leaf that its plan names for it, if it names one."""

    __tablename__ = "building"
    __table_args__ = (
        UniqueConstraint("site_id", "code"),
        Index("ix_building_shape_m", "site_id", "shape_m", postgresql_using="gist"),
    )

    id: Mapped[Id]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    code: Mapped[str] = mapped_column(Text(collation="C"))
    name: Mapped[str]
    grid_code: Mapped[str | None] = mapped_column(Text(collation="C"))
    floors: Mapped[int | None]
    households: Mapped[int | None]
    use: Mapped[str | None]
    grade: Mapped[str | None]
    built: Mapped[date | None]
    accepted: Mapped[date | None]
    delivered: Mapped[date | None]
    warranty_until: Mapped[date | None]
    risk: Mapped[str | None]
    geom: Mapped[WKBElement] = mapped_column(degrees("MULTIPOLYGON"))
    shape_m: Mapped[WKBElement] = mapped_column(metres("MULTIPOLYGON"))


class Allotment(Base):
    """Which leaf answers for a building under an Edition: as its plan says, else each that it stands in."""

    __tablename__ = "allotment"

    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id", ondelete="CASCADE"), primary_key=True)
    building_id: Mapped[int] = mapped_column(ForeignKey("building.id", ondelete="CASCADE"), primary_key=True)
    grid_code: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    area_m2: Mapped[float]


class Unit(Base):
    """Part of a large building with an entrance of its own (單元)."""

    __tablename__ = "unit"
    __table_args__ = (UniqueConstraint("building_id", "code"),)

    id: Mapped[Id]
    building_id: Mapped[int] = mapped_column(ForeignKey("building.id", ondelete="CASCADE"))
    code: Mapped[str] = mapped_column(Text(collation="C"))
    name: Mapped[str | None]
    households: Mapped[int | None]
    geom: Mapped[WKBElement] = mapped_column(degrees("MULTIPOLYGON"))


class Facility(Base):
    """A point, line or area that is looked after; an area with a level lies under or over the ground."""

    __tablename__ = "facility"
    __table_args__ = (
        UniqueConstraint("site_id", "code"),
        one_of("state", FACILITY_STATES),
        Index("ix_facility_geom", "site_id", "geom", postgresql_using="gist"),
    )

    id: Mapped[Id]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    code: Mapped[str] = mapped_column(Text(collation="C"))
    name: Mapped[str]
    kind: Mapped[str]
    level: Mapped[str | None]
    grid_code: Mapped[str | None] = mapped_column(Text(collation="C"))
    state: Mapped[str] = mapped_column(server_default="in_order")
    in_use: Mapped[bool] = mapped_column(server_default=text("true"))
    maker: Mapped[str | None]
    warranty_until: Mapped[date | None]
    inspection_due: Mapped[date | None]
    geom: Mapped[WKBElement] = mapped_column(degrees("GEOMETRY"))


class Overlay(Base):
    """Ground with a special keeper, a contractor, or a key area, over whatever grid lies there."""

    __tablename__ = "overlay"
    __table_args__ = (
        UniqueConstraint("site_id", "code"),
        one_of("kind", OVERLAY_KINDS),
        Index("ix_overlay_geom", "site_id", "geom", postgresql_using="gist"),
    )

    id: Mapped[Id]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    code: Mapped[str] = mapped_column(Text(collation="C"))
    name: Mapped[str]
    kind: Mapped[str]
    level: Mapped[str | None]
    keeper_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    role: Mapped[str | None]
    valid_from: Mapped[datetime | None]
    valid_to: Mapped[datetime | None]
    geom: Mapped[WKBElement] = mapped_column(degrees("MULTIPOLYGON"))
