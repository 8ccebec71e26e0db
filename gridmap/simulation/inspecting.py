"""Forms that are filled on the estate: most of them pass, and those that do not become issues."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from gridmap.domain.subjects import ITEMS, Item, form_of
from gridmap.operations.inspections import InspectionGiven
from gridmap.simulation.chance import one_of
from gridmap.simulation.crew import Hand

# What fails into a category, the first item of all that does.
FAILS_INTO: Final[dict[str, Item]] = {item.category: item for item in reversed(ITEMS)}
PASSING: Final[dict[str, Any]] = {"yes_no": True, "photo": True, "number": 100, "count": 5}
# Subjects of forms that pass, where they are filled: in a building.
SAMPLED: Final = (2, 3, 8, 10, 11)
ANSWERED_OF: Final = 6


def failed_form(uid: str, by: Hand, row: dict[str, Any], at: datetime, zone: ZoneInfo) -> InspectionGiven:
    """A form on which the item fails that a report is about."""
    item = FAILS_INTO[row["category"]]
    answers = {**passing(item.subject, at, zone), item.code: _failing(item, at, zone)}
    return InspectionGiven(
        uid, by.account_id, item.subject, answers, at, notes={item.code: row["text"]}, lon=row["lon"], lat=row["lat"],
        person_id=by.person_id, person=by.code,
    )  # fmt: skip


def passed_form(
    uid: str, by: Hand, building: str, at: datetime, zone: ZoneInfo, draw: np.random.Generator
) -> InspectionGiven:
    """A form of a building on which nothing fails."""
    subject = one_of(draw, SAMPLED)
    return InspectionGiven(
        uid, by.account_id, subject, passing(subject, at, zone), at, building=building, person_id=by.person_id,
        person=by.code,
    )  # fmt: skip


def passing(subject: int, at: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """Answers that pass, to the first items of a subject."""
    items = list(form_of(subject).values())[:ANSWERED_OF]
    return {item.code: _passing(item, at, zone) for item in items}


def _day(at: datetime, zone: ZoneInfo, days: float) -> str:
    return (at.astimezone(zone).date() + timedelta(days=days)).isoformat()


def _passing(item: Item, at: datetime, zone: ZoneInfo) -> Any:
    if item.answer == "date":
        return _day(at, zone, 90 if item.operator == "in_date" else 0)
    if item.operator == "at_most":
        return round((item.limit or 0) * 0.4)
    return PASSING[item.answer]


def _failing(item: Item, at: datetime, zone: ZoneInfo) -> Any:
    if item.answer == "date":
        return _day(at, zone, -12 if item.operator == "in_date" else -(item.limit or 0) - 9)
    if item.operator == "at_most":
        return round((item.limit or 0) * 1.5)
    return 0 if item.answer in ("number", "count") else False
