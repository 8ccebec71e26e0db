"""Whose turn it is, where several clocks go over one store."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session


def have_turn(session: Session, work: str) -> bool:
    """Whether this transaction does some work alone; another one that asks meanwhile is told no."""
    mine = session.execute(text("select pg_try_advisory_xact_lock(hashtextextended(:work, 7))"), {"work": work})
    return bool(mine.scalar_one())
