"""Analyses that are kept: what was asked, of which data, by which draws, and what it said of each grid."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Double, ForeignKey, Index, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.domain.insights import ANALYSES
from gridmap.domain.model.base import Base, Id, Json, one_of


class Analysis(Base):
    """One run: its settings and seed, the Edition and the window of its data, who made it, and its summary."""

    __tablename__ = "analysis"
    __table_args__ = (
        one_of("kind", tuple(ANALYSES)),
        CheckConstraint("since < until", name="window_sound"),
        Index("ix_analysis_latest", "site_id", "kind", text("made_at desc")),
    )

    id: Mapped[Id]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    name: Mapped[str]
    kind: Mapped[str]
    settings: Mapped[Json]
    seed: Mapped[int] = mapped_column(BigInteger)
    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"))
    since: Mapped[datetime]
    until: Mapped[datetime]
    made_at: Mapped[datetime]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    summary: Mapped[Json]


class AnalysisCell(Base):
    """What an analysis says of a grid: counts, rate, score, probability, class; its category if it has one.

    `expected` is the count that was to be expected, and `ratio` how many times as many there were, where it says so.
    """

    __tablename__ = "analysis_cell"
    __table_args__ = (CheckConstraint("bin between -3 and 3", name="bin_known"),)

    analysis_id: Mapped[int] = mapped_column(ForeignKey("analysis.id", ondelete="cascade"), primary_key=True)
    code: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    count: Mapped[int]
    rate: Mapped[float | None] = mapped_column(Double)
    few: Mapped[bool]
    expected: Mapped[float | None] = mapped_column(Double)
    ratio: Mapped[float | None] = mapped_column(Double)
    score: Mapped[float | None] = mapped_column(Double)
    p: Mapped[float | None] = mapped_column(Double)
    neighbours: Mapped[int]
    bin: Mapped[int] = mapped_column(SmallInteger)
    category: Mapped[str | None]
