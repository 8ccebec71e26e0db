"""A grid's card: what whoever answers for a grid, or looks at it, wants to know first; as far as he may know it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.orm import Session

from gridmap.analytics.indicators.definitions import INDICATORS
from gridmap.domain.attention import ATTENTIONS
from gridmap.domain.model import Site
from gridmap.domain.periods import Span
from gridmap.domain.rights import Viewer
from gridmap.errors import NotFoundError
from gridmap.language import DEFAULT
from gridmap.operations import indicators
from gridmap.storage import cards as stored
from gridmap.storage.plan_views import Plan

# What a manager asks first of a grid; the issues reported this month are those a recurrence is counted out of.
FIGURES: Final = ("on_time_closing", "response", "satisfaction", "recurrence", "rework", "patrol_completion")
REPORTED: Final = "recurrence"
# Of fewer than that a share says little: its interval is wider than a fifth to either side.
FEW: Final = 20
MOST_URGENT: Final = 10
NEXT_ROUNDS: Final = 2

Card = dict[str, Any]


def grid_card(
    session: Session,
    site: Site,
    viewer: Viewer,
    plan: Plan,
    code: str,
    language: str = DEFAULT,
    *,
    counted: bool = True,
) -> dict[str, Any]:
    """What there is to know of a grid; what the viewer has no right to is not there at all.

    What takes longest, the figures of the month, is `counted` if somebody waits for it.
    """
    grid = stored.grid_of(session, viewer, plan, code)
    if grid is None:
        raise NotFoundError(f"{code} is none of the grids here")
    card: Card = {"at": plan.at, **grid}
    if viewer.reach("people"):
        card["owner"] = _owner(session, viewer, plan, grid)
    if viewer.reach("issues"):
        card["issues"] = _issues(session, viewer, plan, code)
    if counted and viewer.reach("figures") and grid["own"]:
        card["figures"] = _figures(session, site, viewer, plan, grid, language)
    card["facilities"] = stored.facilities_of(session, viewer, plan, code)
    if viewer.reach("rounds"):
        card["rounds"] = {
            "next": stored.next_rounds(session, viewer, plan, code, NEXT_ROUNDS),
            "last": stored.last_round(session, viewer, plan, code),
        }
    return card


def _owner(session: Session, viewer: Viewer, plan: Plan, grid: Mapping[str, Any]) -> Card | None:
    """Whoever is in charge, and his deputy; without their phones for those who may not have them."""
    found = stored.owner_of(session, viewer, plan, grid["code"], grid["tier"])
    if found is None or viewer.reach("phones"):
        return found
    people = [found] if found["deputy"] is None else [found, found["deputy"]]
    for person in people:
        del person["phone"]
    return found


def _issues(session: Session, viewer: Viewer, plan: Plan, code: str) -> Card:
    counts = stored.issue_counts(session, viewer, plan, code)
    by_attention = {name: sum(count for asked, _, count in counts if asked == name) for name in ATTENTIONS}
    by_status: dict[str, int] = {}
    for _, status, count in counts:
        by_status[status] = by_status.get(status, 0) + count
    return {
        "open": sum(by_status.values()),
        "overdue": by_attention.get("overdue", 0),
        "by_attention": {name: count for name, count in by_attention.items() if count},
        "by_status": by_status,
        "most_urgent": stored.most_urgent(session, viewer, plan, code, MOST_URGENT),
    }


def _figures(
    session: Session, site: Site, viewer: Viewer, plan: Plan, grid: Mapping[str, Any], language: str
) -> Card | None:
    """This month's indicators of the grid, each with what it is counted out of and how sure it is."""
    span, by = Span.month_of(plan.at, site.timezone), f"tier{grid['tier']}"
    if by not in indicators.TIERS:
        return None
    found = indicators.figures(session, site, span, plan.at, by=by, codes=FIGURES, viewer=viewer)
    mine = {row["indicator"]: row for row in found[found["subject"] == grid["code"]].to_dict("records")}
    reported = mine.get(REPORTED, {}).get("denominator", 0)
    return {
        "period": span.name,
        "reported": int(reported),
        "indicators": [_figure(mine[code], language) for code in FIGURES if code in mine],
    }


def _figure(row: Mapping[Any, Any], language: str) -> Card:
    indicator = INDICATORS[row["indicator"]]
    numbers = {name: _number(row[name]) for name in ("value", "low", "high", "before")}
    return {
        "code": indicator.code, "name": indicator.name.say(language), "counts": indicator.counts.say(language),
        "of": indicator.of.say(language), "sort": indicator.sort, "better": indicator.better,
        "counted": _number(row["numerator"]), "n": _number(row["denominator"]), **numbers,
        "few": bool(row["denominator"] < FEW), "direction": row["before_direction"], "sure": bool(row["before_sure"]),
    }  # fmt: skip


def _number(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None
