"""What all mapped nouns share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar

from geoalchemy2 import Geometry
from sqlalchemy import BigInteger, CheckConstraint, DateTime, Identity, MetaData, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

Id = Annotated[int, mapped_column(BigInteger, Identity(always=False), primary_key=True)]
Json = Annotated[dict[str, Any], mapped_column(JSONB)]
Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]


class Base(DeclarativeBase):
    """The registry of every table."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: DateTime(timezone=True)}


def one_of(column: str, words: Sequence[str]) -> CheckConstraint:
    """Text with a CHECK: a word can be added without rewriting a type."""
    allowed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(text(f"{column} in ({allowed})"), name=f"{column}_known")


def degrees(kind: str) -> Geometry:
    """A shape as it is stored and given out: EPSG:4326, on the lattice. Its index is declared by name."""
    return Geometry(kind, srid=4326, spatial_index=False)


def metres(kind: str) -> Geometry:
    """The same shape in the site's metric system, for distances; it has no SRID."""
    return Geometry(kind, spatial_index=False)
