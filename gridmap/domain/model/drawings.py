"""What maps draw: shapes in EPSG:3857, the places of labels, and tiles that are made ahead."""

from __future__ import annotations

from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import BigInteger, CheckConstraint, Double, ForeignKey, Index, Integer, LargeBinary, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.domain.model.base import Base, one_of


def web_metres(kind: str) -> Geometry:
    """A shape as web maps lay it out. Its index is declared by name."""
    return Geometry(kind, srid=3857, spatial_index=False)


def _of(table: str, **how: Any) -> Any:
    return mapped_column(BigInteger, ForeignKey(f"{table}.id", ondelete="CASCADE"), **how)


class Drawing(Base):
    """An Edition that is drawn: its tiers, and up to which zoom its tiles are made ahead."""

    __tablename__ = "drawing"

    edition_id: Mapped[int] = _of("edition", primary_key=True, autoincrement=False)
    first_tier: Mapped[int] = mapped_column(SmallInteger)
    leaf_tier: Mapped[int] = mapped_column(SmallInteger)
    built_to: Mapped[int] = mapped_column(SmallInteger)


class GridShape(Base):
    """A grid as it is drawn from a zoom on (`domain.zooms.BANDS`)."""

    __tablename__ = "grid_shape"
    __table_args__ = (Index("ix_grid_shape_shape", "edition_id", "band", "shape", postgresql_using="gist"),)

    grid_id: Mapped[int] = _of("grid", primary_key=True, autoincrement=False)
    band: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    edition_id: Mapped[int] = _of("edition")
    tier: Mapped[int] = mapped_column(SmallInteger)
    shape: Mapped[WKBElement] = mapped_column(web_metres("GEOMETRY"))


class GridLabel(Base):
    """Where the label of a grid stands, and how large a circle around it lies within the grid."""

    __tablename__ = "grid_label"
    __table_args__ = (
        CheckConstraint("radius_m >= 0", name="radius_positive"),
        Index("ix_grid_label_place", "edition_id", "place", postgresql_using="gist"),
    )

    grid_id: Mapped[int] = _of("grid", primary_key=True, autoincrement=False)
    edition_id: Mapped[int] = _of("edition")
    tier: Mapped[int] = mapped_column(SmallInteger)
    radius_m: Mapped[float] = mapped_column(Double)
    place: Mapped[WKBElement] = mapped_column(web_metres("POINT"))


class BuildingShape(Base):
    """A building as it is drawn. A trigger writes it with the building."""

    __tablename__ = "building_shape"
    __table_args__ = (Index("ix_building_shape_shape", "site_id", "shape", postgresql_using="gist"),)

    building_id: Mapped[int] = _of("building", primary_key=True, autoincrement=False)
    site_id: Mapped[int] = _of("site")
    shape: Mapped[WKBElement] = mapped_column(web_metres("GEOMETRY"))


class FacilityShape(Base):
    """A facility as it is drawn. A trigger writes it with the facility."""

    __tablename__ = "facility_shape"
    __table_args__ = (Index("ix_facility_shape_shape", "site_id", "shape", postgresql_using="gist"),)

    facility_id: Mapped[int] = _of("facility", primary_key=True, autoincrement=False)
    site_id: Mapped[int] = _of("site")
    shape: Mapped[WKBElement] = mapped_column(web_metres("GEOMETRY"))


class GridTile(Base):
    """A tile of grids or labels, made ahead for whoever sees the whole site: MVT, packed by gzip."""

    __tablename__ = "grid_tile"
    __table_args__ = (one_of("layer", ("grids", "labels")),)

    edition_id: Mapped[int] = _of("edition", primary_key=True, autoincrement=False)
    layer: Mapped[str] = mapped_column(primary_key=True)
    z: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    x: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    y: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    tile: Mapped[bytes] = mapped_column(LargeBinary)
