"""How people are evaluated: what each indicator weighs for a role, what is expected, and how a value becomes points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PERIOD_KINDS: Final = ("month", "quarter")
# What is typed in rather than counted.
TYPED_IN: Final = ("accidents", "saving", "cleaners")


@dataclass(frozen=True)
class Weighing:
    """What an indicator weighs for a role: all its points at `target`, none at `floor`, in between in proportion.

    Without a target, it is what the indicator was in the base period, and the floor twice that.
    """

    role: str
    indicator: str
    weight: float
    target: float | None
    floor: float | None = 0.0


def _of(role: str, **rows: tuple[float, float | None, float | None]) -> tuple[Weighing, ...]:
    return tuple(Weighing(role, indicator, *row) for indicator, row in rows.items())


# indicator of a role: weight, target, floor; a site changes them
WEIGHTS: Final = (
    *_of(
        "grid_owner",
        closing=(10, 0.95, 0.5), on_time_closing=(25, 0.90, 0.5), response=(10, 0.95, 0.5),
        patrol_completion=(15, 0.98, 0.7), patrol_coverage=(10, 0.95, 0.6), satisfaction=(15, 0.85, 0.5),
        rework=(5, 0.05, 0.25), reopen=(5, 0.05, 0.25), recurrence=(5, 0.10, 0.40),
    ),
    *_of(
        "supervisor",
        closing=(10, 0.95, 0.5), on_time_closing=(30, 0.90, 0.5), response=(10, 0.95, 0.5),
        patrol_completion=(20, 0.98, 0.7), satisfaction=(15, 0.85, 0.5), rework=(5, 0.05, 0.25),
        complaints=(10, None, None),
    ),
    *_of(
        "coordinator",
        closing=(20, 0.95, 0.5), on_time_closing=(30, 0.90, 0.5), satisfaction=(20, 0.85, 0.5),
        complaints=(20, None, None), accidents=(10, 0, 1),
    ),
    *_of(
        "technician",
        on_site=(25, 0.95, 0.5), on_time_closing=(35, 0.90, 0.5), rework=(20, 0.05, 0.25),
        satisfaction=(20, 0.85, 0.5),
    ),
    *_of(
        "environment_officer",
        on_time_closing=(40, 0.90, 0.5), rework=(20, 0.05, 0.25), patrol_completion=(20, 0.98, 0.7),
        satisfaction=(20, 0.85, 0.5),
    ),
    *_of("guard", on_site=(40, 0.95, 0.5), patrol_completion=(40, 0.98, 0.7), patrol_coverage=(20, 0.95, 0.6)),
    *_of(
        "contractor",
        on_time_closing=(40, 0.90, 0.5), rework=(25, 0.05, 0.25), cleaners=(20, 1.0, 0.8),
        satisfaction=(15, 0.85, 0.5),
    ),
)  # fmt: skip
# Out of 100: who has fewer is below the line.
LINE: Final = 80.0


def points(value: float | None, weighing: Weighing, base: float | None = None) -> float | None:
    """The points a value gives, 0 to the weight; None where there is no value, or nothing to hold it against."""
    target, floor = weighing.target, weighing.floor
    if target is None:
        target, floor = base, None if base is None else 2 * base
    if value is None or target is None:
        return None
    floor = 0.0 if floor is None else floor
    if floor == target:
        return weighing.weight if value == target else 0.0
    share = (value - floor) / (target - floor)
    return weighing.weight * min(max(share, 0.0), 1.0)


def total(given: list[tuple[float | None, float]]) -> float | None:
    """Points and weights as one number out of 100, of what has points at all; None where nothing has."""
    counted = [(got, weight) for got, weight in given if got is not None]
    weights = sum(weight for _, weight in counted)
    return 100 * sum(got for got, _ in counted) / weights if weights else None
