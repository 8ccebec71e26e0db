"""Residents who report without an account."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.domain.model.base import Base


class Supporter(Base):
    """Somebody who saw what others had reported: known by his link alone, and what he said can be erased."""

    __tablename__ = "supporter"

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id"), index=True)
    at: Mapped[datetime]
    expires_at: Mapped[datetime]
    text: Mapped[str | None]
    name: Mapped[str | None]
    phone: Mapped[str | None]
