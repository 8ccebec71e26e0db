"""Issues, how they were routed, and their append-only history."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from geoalchemy2 import WKBElement
from sqlalchemy import (
    CheckConstraint,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    column,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.domain.lifecycle import CLOSED_AS, ENDED, EVENTS, KINDS, POSITIONS, STATUSES, URGENCIES
from gridmap.domain.model.base import Base, Id, degrees, one_of

IS_OPEN = "status not in ({})".format(", ".join(f"'{status}'" for status in ENDED))


class Category(Base):
    """What an issue is about; the built-in ones belong to no site, a site's own to it alone."""

    __tablename__ = "category"
    __table_args__ = (
        one_of("kind", KINDS),
        one_of("urgency", URGENCIES),
        Index("uq_category_code", func.coalesce(column("site_id"), 0), "code", unique=True),
    )

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(Text(collation="C"))
    site_id: Mapped[int | None] = mapped_column(ForeignKey("site.id"))
    group: Mapped[str]
    name: Mapped[str]
    specialty: Mapped[str | None]
    kind: Mapped[str] = mapped_column(server_default="repair")
    urgency: Mapped[str] = mapped_column(server_default="normal")
    subject: Mapped[int | None]
    refer_to: Mapped[str | None]


class Decision(Base):
    """Who answers and why: stored once for all issues that were decided alike."""

    __tablename__ = "decision"
    __table_args__ = (UniqueConstraint("site_id", "digest"),)

    id: Mapped[Id]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    answers: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)


class Issue(Base):
    """Something at a place that somebody has to see to.

    Grid and owner are those of the Edition it was routed by; `owner_grid` and `owner_role` name the post,
    `owner_id` its holder, if anybody held it.
    """

    __tablename__ = "issue"
    __table_args__ = (
        one_of("kind", KINDS),
        one_of("urgency", URGENCIES),
        one_of("status", STATUSES),
        one_of("position", POSITIONS),
        one_of("closed_as", CLOSED_AS),
        CheckConstraint("accuracy_m >= 0", name="accuracy_positive"),
        CheckConstraint("(position = 'outside') = (grid_id is null)", name="grid_unless_outside"),
        Index("ix_issue_geom", "geom", postgresql_using="gist"),
        Index("ix_issue_grid_id", "grid_id", "reported_at"),
        Index("ix_issue_reported_at", "site_id", "reported_at", "id"),
        Index("ix_issue_owner_id", "owner_id", postgresql_where=text(IS_OPEN)),
        Index("ix_issue_handler_id", "handler_id", postgresql_where=text(IS_OPEN)),
        Index("ix_issue_decision_id", "decision_id"),
        Index("ix_issue_parent_id", "parent_id", postgresql_where=text("parent_id is not null")),
        Index("ix_issue_open", "site_id", "id", postgresql_where=text(IS_OPEN)),
        # What makes a repeated run, or a program that asks twice, harmless.
        Index(
            "uq_issue_reference",
            "site_id",
            "source",
            "reference",
            unique=True,
            postgresql_where=text("reference is not null"),
        ),
    )

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(Text(collation="C"), unique=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    kind: Mapped[str]
    urgency: Mapped[str]
    status: Mapped[str]
    source: Mapped[str]
    reference: Mapped[str | None]
    text: Mapped[str | None]
    level: Mapped[str | None]
    accuracy_m: Mapped[float | None] = mapped_column(Double)
    extent_m: Mapped[float | None] = mapped_column(Double)
    facility_id: Mapped[int | None] = mapped_column(ForeignKey("facility.id"))
    about_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    reported_at: Mapped[datetime]
    received_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    geom: Mapped[WKBElement] = mapped_column(degrees("POINT"))

    position: Mapped[str]
    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"))
    grid_id: Mapped[int | None] = mapped_column(ForeignKey("grid.id"))
    tier1: Mapped[str | None] = mapped_column(Text(collation="C"))
    tier2: Mapped[str | None] = mapped_column(Text(collation="C"))
    tier3: Mapped[str | None] = mapped_column(Text(collation="C"))
    decision_id: Mapped[int] = mapped_column(ForeignKey("decision.id"))
    owner_role: Mapped[str]
    owner_grid: Mapped[str | None] = mapped_column(Text(collation="C"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

    # What follows is derived from the history, line by line (`domain.history.after`).
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    handler_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    handler_role: Mapped[str | None]
    first_answer_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    on_site_at: Mapped[datetime | None]
    under_control_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    held_at: Mapped[datetime | None]
    look_at: Mapped[datetime | None]
    reopens: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    reworks: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    satisfaction: Mapped[int | None] = mapped_column(SmallInteger)
    closed_as: Mapped[str | None]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("issue.id"))
    # The rest of the present, which nothing is looked for by: holds, the referral, the plan, the level of supervision.
    present: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")


class Reporter(Base):
    """Who reported an issue and how to reach them: apart from the history, so that it can be erased."""

    __tablename__ = "reporter"
    __table_args__ = (Index("ix_reporter_account_id", "account_id", "issue_id"),)

    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id"), primary_key=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    name: Mapped[str | None]
    phone: Mapped[str | None]


class IssueEvent(Base):
    """One line of an issue's history. A trigger refuses to change or delete it."""

    __tablename__ = "issue_event"
    __table_args__ = (
        one_of("action", EVENTS),
        one_of("status", STATUSES),
        Index("ix_issue_event_issue_id", "issue_id", "id"),
    )

    id: Mapped[Id]
    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id"))
    at: Mapped[datetime]
    action: Mapped[str]
    status: Mapped[str]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    role: Mapped[str | None]
    geom: Mapped[WKBElement | None] = mapped_column(degrees("POINT"))
    note: Mapped[str | None]
    data: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
