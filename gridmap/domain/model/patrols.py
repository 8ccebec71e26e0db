"""Patrols: plans, checkpoints, rounds and check-ins; inspections and sweeps; what state facilities were in."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from geoalchemy2 import WKBElement
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    Double,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    column,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.domain.model.base import Base, Id, degrees, one_of
from gridmap.domain.model.places import FACILITY_STATES
from gridmap.domain.patrols import (
    INSPECTION_KINDS,
    METHODS,
    PLAN_KINDS,
    ROUND_STATUSES,
    SWEEP_STATES,
    VERDICTS,
)
from gridmap.domain.roles import ROLES, SPECIALTIES
from gridmap.domain.subjects import ANSWERS, OPERATORS, SUBJECTS

_CODES = ARRAY(Text(collation="C"))


class Checkpoint(Base):
    """A place that rounds lead past, with its plate: only a digest of the plate's token is kept."""

    __tablename__ = "checkpoint"
    __table_args__ = (
        UniqueConstraint("site_id", "code"),
        CheckConstraint("radius_m > 0", name="radius_positive"),
        Index("ix_checkpoint_token", "token_digest", unique=True),
    )

    id: Mapped[Id]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    code: Mapped[str] = mapped_column(Text(collation="C"))
    name: Mapped[str]
    building_id: Mapped[int | None] = mapped_column(ForeignKey("building.id"))
    facility_id: Mapped[int | None] = mapped_column(ForeignKey("facility.id"))
    level: Mapped[str | None]
    radius_m: Mapped[float] = mapped_column(Double, server_default="50")
    photo: Mapped[bool] = mapped_column(server_default=text("false"))
    token_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    closed_at: Mapped[datetime | None]
    geom: Mapped[WKBElement] = mapped_column(degrees("POINT"))


class PatrolPlan(Base):
    """Whose rounds, over which grids, past which checkpoints, how often; of a role's holders, or of one person."""

    __tablename__ = "patrol_plan"
    __table_args__ = (
        UniqueConstraint("site_id", "code"),
        one_of("kind", PLAN_KINDS),
        one_of("role", tuple(ROLES)),
        one_of("specialty", SPECIALTIES),
        CheckConstraint("kind = 'visits' or (role is null) <> (person_id is null)", name="of_role_or_person"),
        CheckConstraint("subject between 1 and 15", name="subject_known"),
        CheckConstraint("sample > 0", name="sample_positive"),
        CheckConstraint("until is null or until >= since", name="forward"),
    )

    id: Mapped[Id]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    code: Mapped[str] = mapped_column(Text(collation="C"))
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(server_default="patrol")
    role: Mapped[str | None]
    specialty: Mapped[str | None]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    grids: Mapped[list[str] | None] = mapped_column(_CODES)
    checkpoints: Mapped[list[str] | None] = mapped_column(_CODES)
    # How many of its checkpoints each round leads past, if not all: others every time.
    sample: Mapped[int | None] = mapped_column(SmallInteger)
    subject: Mapped[int | None] = mapped_column(SmallInteger)
    frequency: Mapped[dict[str, Any]] = mapped_column(JSONB)
    grace_minutes: Mapped[int] = mapped_column(server_default="15")
    since: Mapped[date] = mapped_column(Date)
    until: Mapped[date | None] = mapped_column(Date)
    made_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    closed_at: Mapped[datetime | None]
    # Until when its rounds stand in the store, and the revision of posts and grids they were given out by.
    planned_until: Mapped[datetime | None]
    planned_revision: Mapped[int | None]


class Round(Base):
    """A planned patrol: one window of a plan on one post's ground, and what has become of it."""

    __tablename__ = "round"
    __table_args__ = (
        one_of("status", ROUND_STATUSES),
        CheckConstraint("ends > starts", name="forward"),
        Index("uq_round_key", "plan_id", func.coalesce(column("grid_code"), ""), "key", unique=True),
        Index("ix_round_person_id", "person_id", "starts"),
        Index("ix_round_site_id", "site_id", "starts"),
        Index("ix_round_open", "ends", postgresql_where=text("status in ('planned', 'started')")),
    )

    id: Mapped[Id]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    plan_id: Mapped[int] = mapped_column(ForeignKey("patrol_plan.id"))
    key: Mapped[str] = mapped_column(Text(collation="C"))
    grid_code: Mapped[str | None] = mapped_column(Text(collation="C"))
    role: Mapped[str | None]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    starts: Mapped[datetime]
    ends: Mapped[datetime]
    stops: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default="{}")
    due: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    visited: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    status: Mapped[str] = mapped_column(server_default="planned")
    started_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]


class CheckIn(Base):
    """Somebody says he was there then: `uid` is his phone's, so that a repeated upload is known."""

    __tablename__ = "check_in"
    __table_args__ = (
        UniqueConstraint("person_id", "uid"),
        one_of("method", tuple(METHODS)),
        one_of("verdict", VERDICTS),
        Index("ix_check_in_person_id", "person_id", "at"),
        Index("ix_check_in_round_id", "round_id"),
        Index("ix_check_in_checkpoint_id", "checkpoint_id", "at"),
    )

    id: Mapped[Id]
    uid: Mapped[str] = mapped_column(Text(collation="C"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    round_id: Mapped[int | None] = mapped_column(ForeignKey("round.id"))
    checkpoint_id: Mapped[int | None] = mapped_column(ForeignKey("checkpoint.id"))
    at: Mapped[datetime]
    received_at: Mapped[datetime]
    method: Mapped[str]
    accuracy_m: Mapped[float | None] = mapped_column(Double)
    off_m: Mapped[float | None] = mapped_column(Double)
    verdict: Mapped[str]
    reasons: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    photo_id: Mapped[int | None] = mapped_column(ForeignKey("photo.id"))
    note: Mapped[str | None]
    # What a superior made of a doubtful one.
    upheld: Mapped[bool | None]
    judged_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    judged_at: Mapped[datetime | None]
    geom: Mapped[WKBElement | None] = mapped_column(degrees("POINT"))


class SubjectItem(Base):
    """An item of an inspection subject that a site words or limits in its own way, adds, or leaves out."""

    __tablename__ = "subject_item"
    __table_args__ = (
        one_of("answer", ANSWERS),
        one_of("operator", OPERATORS),
        CheckConstraint(f"subject between 1 and {len(SUBJECTS)}", name="subject_known"),
    )

    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), primary_key=True)
    subject: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    item: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    left_out: Mapped[bool] = mapped_column(server_default=text("false"))
    text: Mapped[str]
    category: Mapped[str]
    answer: Mapped[str] = mapped_column(server_default="yes_no")
    operator: Mapped[str] = mapped_column(server_default="is")
    limit: Mapped[float | None] = mapped_column(Double)
    unit: Mapped[str | None]
    per_item: Mapped[str | None]
    per_each: Mapped[float | None] = mapped_column(Double)


class Inspection(Base):
    """A form that was filled: what was looked at, by whom (two in a joint check), and whether all of it passed."""

    __tablename__ = "inspection"
    __table_args__ = (
        UniqueConstraint("account_id", "uid"),
        one_of("kind", INSPECTION_KINDS),
        CheckConstraint("(kind = 'joint') = (joint_with_id is not null)", name="joint_is_of_two"),
        Index("ix_inspection_site_id", "site_id", "at"),
        Index("ix_inspection_building_id", "building_id", "at"),
        Index("ix_inspection_facility_id", "facility_id", "at"),
    )

    id: Mapped[Id]
    uid: Mapped[str] = mapped_column(Text(collation="C"))
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    subject: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[str] = mapped_column(server_default="sample")
    building_id: Mapped[int | None] = mapped_column(ForeignKey("building.id"))
    facility_id: Mapped[int | None] = mapped_column(ForeignKey("facility.id"))
    grid_code: Mapped[str | None] = mapped_column(Text(collation="C"))
    round_id: Mapped[int | None] = mapped_column(ForeignKey("round.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    joint_with_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    received_at: Mapped[datetime]
    passed: Mapped[bool]
    note: Mapped[str | None]
    geom: Mapped[WKBElement] = mapped_column(degrees("POINT"))


class InspectionAnswer(Base):
    """One item of a filled form; a failure stays open until a later check accepts it."""

    __tablename__ = "inspection_answer"
    __table_args__ = (
        Index(
            "uq_inspection_answer_item",
            "inspection_id",
            "subject",
            "item",
            func.coalesce(column("earlier_id"), 0),
            unique=True,
        ),
        Index(
            "ix_inspection_answer_open", "inspection_id", postgresql_where=text("not passed and accepted_at is null")
        ),
        Index("ix_inspection_answer_issue_id", "issue_id", postgresql_where=text("issue_id is not null")),
    )

    id: Mapped[Id]
    inspection_id: Mapped[int] = mapped_column(ForeignKey("inspection.id"))
    subject: Mapped[int] = mapped_column(SmallInteger)
    item: Mapped[str] = mapped_column(Text(collation="C"))
    value: Mapped[Any] = mapped_column(JSONB)
    passed: Mapped[bool | None]
    note: Mapped[str | None]
    issue_id: Mapped[int | None] = mapped_column(ForeignKey("issue.id"))
    # The failure that this one looks at again, and the check that accepted this failure.
    earlier_id: Mapped[int | None] = mapped_column(ForeignKey("inspection_answer.id"))
    accepted_in_id: Mapped[int | None] = mapped_column(ForeignKey("inspection.id"))
    accepted_at: Mapped[datetime | None]
    rechecks: Mapped[int] = mapped_column(SmallInteger, server_default="0")


class Sweep(Base):
    """A sweep (拉網式排查): every building of some grids is looked at, one by one."""

    __tablename__ = "sweep"
    __table_args__ = (UniqueConstraint("site_id", "code"),)

    id: Mapped[Id]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    code: Mapped[str] = mapped_column(Text(collation="C"))
    name: Mapped[str]
    subject: Mapped[int | None] = mapped_column(SmallInteger)
    grids: Mapped[list[str] | None] = mapped_column(_CODES)
    starts: Mapped[datetime]
    ends: Mapped[datetime]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class SweepBuilding(Base):
    """How a building of a sweep stands."""

    __tablename__ = "sweep_building"
    __table_args__ = (one_of("state", SWEEP_STATES),)

    sweep_id: Mapped[int] = mapped_column(ForeignKey("sweep.id"), primary_key=True)
    building_id: Mapped[int] = mapped_column(ForeignKey("building.id", ondelete="CASCADE"), primary_key=True)
    state: Mapped[str] = mapped_column(server_default="to_do")
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime | None]
    note: Mapped[str | None]


class FacilityState(Base):
    """The state a facility was in from a moment on: the latest is the one it is in."""

    __tablename__ = "facility_state"
    __table_args__ = (
        one_of("state", FACILITY_STATES),
        Index("ix_facility_state_facility_id", "facility_id", "at"),
    )

    id: Mapped[Id]
    facility_id: Mapped[int] = mapped_column(ForeignKey("facility.id"))
    at: Mapped[datetime]
    received_at: Mapped[datetime]
    state: Mapped[str]
    note: Mapped[str | None]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    issue_id: Mapped[int | None] = mapped_column(ForeignKey("issue.id"))
