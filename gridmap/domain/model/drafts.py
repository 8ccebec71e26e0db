"""Drafts: Editions on the drawing board."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.domain.model.base import Base


class Draft(Base):
    """Who drew an Edition, upon which other, and how often it was saved; it stays when the Edition is published."""

    __tablename__ = "draft"
    __table_args__ = (CheckConstraint("version > 0", name="version_counts"),)

    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id", ondelete="CASCADE"), primary_key=True)
    based_on_id: Mapped[int | None] = mapped_column(ForeignKey("edition.id", ondelete="SET NULL"), index=True)
    note: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(server_default=text("1"))
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    saved_by: Mapped[str]
    saved_at: Mapped[datetime]
