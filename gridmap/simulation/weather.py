"""The weather over the estate: warnings declared by the dispatch centre before it comes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from gridmap.operations.warnings import Weather
from gridmap.simulation.days import STORM_BEGINS_H, STORM_DAYS_AGO, STORM_LASTS_H

BEFORE: Final = timedelta(hours=1, minutes=30)


@dataclass(frozen=True)
class Spell:
    """Bad weather so many days ago, from some hour on, over some grids or all of them."""

    kind: str
    days_ago: int
    begins_h: float
    lasts_h: float
    note: str
    grids: tuple[str, ...] | None = None


SPELLS: Final = (
    Spell("storm", STORM_DAYS_AGO, STORM_BEGINS_H - 0.5, STORM_LASTS_H + 3, "暴雨红色预警"),
    Spell("flood", STORM_DAYS_AGO - 1, 8, 10, "河水上涨，滨河与低洼片区", ("WJ-J", "WJ-L")),
    Spell("heat", 75, 11, 7, "高温红色预警"),
)  # fmt: skip


def spells(until: datetime, since: datetime) -> Iterator[tuple[datetime, Weather]]:
    """The warnings declared in [since, until), by the days before `until`: when each was, and what it says."""
    for spell in SPELLS:
        day = until.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=spell.days_ago)
        starts = day + timedelta(hours=spell.begins_h)
        if since <= starts - BEFORE < until:
            ends = starts + timedelta(hours=spell.lasts_h)
            yield starts - BEFORE, Weather(spell.kind, starts, ends, grids=spell.grids, note=spell.note)
