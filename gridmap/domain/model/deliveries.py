"""By which ways messages leave, and what became of each on each way."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.domain.letters import CHANNEL_KINDS, DELIVERY_STATES
from gridmap.domain.model.base import Base, Id, one_of
from gridmap.domain.roles import ROLES


class Channel(Base):
    """A way to a person, to whoever holds a role, or, without either, for all messages of a site.

    Its address and secret are needed as they are, so they are kept so; nobody is shown them again. A channel that
    was closed keeps its name for the record, and forgets them.
    """

    __tablename__ = "channel"
    __table_args__ = (
        one_of("kind", CHANNEL_KINDS),
        one_of("role", tuple(ROLES)),
        CheckConstraint("person_id is null or role is null", name="for_one_or_a_role"),
        Index("uq_channel_name", "site_id", "name", unique=True, postgresql_where=text("closed_at is null")),
    )

    id: Mapped[Id]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    name: Mapped[str] = mapped_column(Text(collation="C"))
    kind: Mapped[str]
    address: Mapped[str] = mapped_column(server_default="")
    secret: Mapped[str | None]
    language: Mapped[str] = mapped_column(server_default="zh-Hans")
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    role: Mapped[str | None]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class Delivery(Base):
    """A message on its way by a channel: claimed until a moment, and by `attempts` it is told by which claim."""

    __tablename__ = "delivery"
    __table_args__ = (
        one_of("state", DELIVERY_STATES),
        UniqueConstraint("message_id", "channel_id"),
        Index("ix_delivery_waiting", "next_at", postgresql_where=text("state = 'waiting'")),
        Index("ix_delivery_channel_id", "channel_id", "id"),
    )

    id: Mapped[Id]
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"))
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    state: Mapped[str] = mapped_column(server_default="waiting")
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    next_at: Mapped[datetime]
    claimed_until: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    error: Mapped[str | None]
