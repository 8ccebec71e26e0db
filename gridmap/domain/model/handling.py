"""What happens to issues beyond their lines of history: deadlines, warnings, photos, messages, follow-ups, shifts."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from geoalchemy2 import WKBElement
from sqlalchemy import (
    CheckConstraint,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    column,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.domain.lifecycle import FOLLOWED_BY, MESSAGES, PHOTO_SORTS, STAMPS, WARNINGS
from gridmap.domain.model.base import Base, Id, degrees, one_of


class Deadline(Base):
    """By when a stamp of an issue is due, as it was last computed, and of which limit; `cycle` counts reopenings."""

    __tablename__ = "deadline"
    __table_args__ = (one_of("stamp", STAMPS), Index("ix_deadline_due_at", "due_at"))

    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id"), primary_key=True)
    stamp: Mapped[str] = mapped_column(primary_key=True)
    cycle: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    started_at: Mapped[datetime]
    due_at: Mapped[datetime]
    provisional: Mapped[bool] = mapped_column(server_default=text("false"))
    rule: Mapped[dict[str, Any]] = mapped_column(JSONB)


class Escalation(Base):
    """A step that was climbed because a limit was near or over: each step once a cycle."""

    __tablename__ = "escalation"

    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id"), primary_key=True)
    stamp: Mapped[str] = mapped_column(primary_key=True)
    cycle: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    due_at: Mapped[datetime]


class CalendarDay(Base):
    """A day of a site's own: off (no windows), or worked at other hours than its weekday's."""

    __tablename__ = "calendar_day"

    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    hours: Mapped[str] = mapped_column(primary_key=True, server_default="")
    windows: Mapped[list[list[int]]] = mapped_column(JSONB)
    name: Mapped[str | None]


class WeatherWarning(Base):
    """A weather warning: it stretches limits of some grids and all below them (of the site without) while it lasts."""

    __tablename__ = "warning"
    __table_args__ = (
        one_of("kind", WARNINGS),
        CheckConstraint("ends is null or ends > starts", name="forward"),
        CheckConstraint("factor >= 1", name="stretches"),
        Index("ix_warning_site_id", "site_id", "starts"),
    )

    id: Mapped[Id]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    kind: Mapped[str]
    starts: Mapped[datetime]
    ends: Mapped[datetime | None]
    factor: Mapped[float] = mapped_column(Double, server_default="1.5")
    grids: Mapped[list[str] | None] = mapped_column(ARRAY(Text(collation="C")))
    stamps: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    note: Mapped[str | None]
    declared_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class Photo(Base):
    """A picture, re-encoded, with the place it was taken at; lines of history name it by its number."""

    __tablename__ = "photo"
    __table_args__ = (
        one_of("sort", PHOTO_SORTS),
        Index("ix_photo_issue_id", "issue_id"),
        Index("ix_photo_digest", "site_id", "digest"),
    )

    id: Mapped[Id]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    issue_id: Mapped[int | None] = mapped_column(ForeignKey("issue.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    sort: Mapped[str] = mapped_column(server_default="near")
    at: Mapped[datetime]
    taken_at: Mapped[datetime | None]
    geom: Mapped[WKBElement | None] = mapped_column(degrees("POINT"))
    width: Mapped[int]
    height: Mapped[int]
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class Message(Base):
    """One thing that one person is to be told: the outbox. Its `uid` stays the same however often it is sent."""

    __tablename__ = "message"
    __table_args__ = (
        one_of("kind", MESSAGES),
        Index("ix_message_unplanned", "not_before", postgresql_where=text("planned_at is null")),
        Index("ix_message_person_id", "person_id", "id"),
        Index("ix_message_issue_id", "issue_id"),
    )

    id: Mapped[Id]
    uid: Mapped[UUID] = mapped_column(server_default=func.gen_random_uuid(), unique=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    issue_id: Mapped[int | None] = mapped_column(ForeignKey("issue.id"))
    kind: Mapped[str]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    role: Mapped[str | None]
    urgent: Mapped[bool] = mapped_column(server_default=text("false"))
    data: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    created_at: Mapped[datetime]
    # Not before the duty hours of who is told; the outbox makes deliveries of it then.
    not_before: Mapped[datetime]
    planned_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]


class FollowUp(Base):
    """What the reporter said when asked: kept apart from the history, so that words can be erased."""

    __tablename__ = "follow_up"
    __table_args__ = (
        one_of("via", FOLLOWED_BY),
        CheckConstraint("satisfaction between 1 and 5", name="satisfaction_known"),
        Index("ix_follow_up_issue_id", "issue_id"),
    )

    id: Mapped[Id]
    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id"))
    at: Mapped[datetime]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    role: Mapped[str | None]
    via: Mapped[str]
    satisfaction: Mapped[int | None] = mapped_column(SmallInteger)
    words: Mapped[str | None]


class FollowLink(Base):
    """An unguessable link by which whoever reported an issue follows and answers without an account."""

    __tablename__ = "follow_link"

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Deduction(Base):
    """What a late public repair without a signature costs, recorded for audit to judge: nothing charges itself."""

    __tablename__ = "deduction"

    id: Mapped[Id]
    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id"), unique=True)
    role: Mapped[str]
    at: Mapped[datetime]
    judged_at: Mapped[datetime | None]
    judged_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    upheld: Mapped[bool | None]
    note: Mapped[str | None]


class Alarm(Base):
    """What a sensor or a camera says: one alarm and one issue until it recovers."""

    __tablename__ = "alarm"
    __table_args__ = (
        Index("uq_alarm_going", "site_id", "sensor", unique=True, postgresql_where=text("recovered_at is null")),
    )

    id: Mapped[Id]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    sensor: Mapped[str] = mapped_column(Text(collation="C"))
    facility_id: Mapped[int | None] = mapped_column(ForeignKey("facility.id"))
    issue_id: Mapped[int | None] = mapped_column(ForeignKey("issue.id"))
    raised_at: Mapped[datetime]
    last_at: Mapped[datetime]
    times: Mapped[int] = mapped_column(Integer, server_default="1")
    recovered_at: Mapped[datetime | None]


class Shift(Base):
    """When somebody is on duty; who has no shift near a moment is on duty in the hours of his posts."""

    __tablename__ = "shift"
    __table_args__ = (
        CheckConstraint("ends > starts", name="forward"),
        ExcludeConstraint(
            ("person_id", "="),
            (func.tstzrange(column("starts"), column("ends")), "&&"),
            name="ex_shift_one_at_once",
            using="gist",
        ),
    )

    id: Mapped[Id]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    starts: Mapped[datetime]
    ends: Mapped[datetime]


class Position(Base):
    """Where somebody on duty was: points of tracks and check-ins, in whatever order they come."""

    __tablename__ = "position"
    __table_args__ = (Index("ix_position_person_id", "person_id", "at"),)

    id: Mapped[Id]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    received_at: Mapped[datetime]
    accuracy_m: Mapped[float | None] = mapped_column(Double)
    geom: Mapped[WKBElement] = mapped_column(degrees("POINT"))
