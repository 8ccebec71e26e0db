"""How near two reports of one category lie, in place and time, to be likely the same: data."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, NamedTuple


class Near(NamedTuple):
    """So many metres, and so long."""

    metres: float
    within: timedelta


def _near(metres: float, hours: float) -> Near:
    return Near(metres, timedelta(hours=hours))


# category or group: what is seen or heard from afar reaches far, what is soon gone does not last
NEAR: Final[dict[str, Near]] = {
    "fire": _near(150, 6),
    "burst_main": _near(120, 24),
    "gas": _near(120, 12),
    "power": _near(120, 12),
    "noise": _near(100, 6),
    "fireworks": _near(200, 3),
    "decoration_noise": _near(60, 24),
    "fallen_tree": _near(40, 48),
    "lamp": _near(15, 240),
    "manhole": _near(15, 168),
    "litter": _near(20, 12),
    "bin_full": _near(15, 12),
    "lift": _near(25, 24),
    "lift_trapped": _near(25, 3),
    "cleaning": _near(20, 24),
    "order": _near(80, 3),
    "vehicles": _near(15, 12),
    "service": _near(0, 0),
    "fees": _near(0, 0),
}
OTHERWISE: Final = _near(30, 72)


def near(category: str, group: str) -> Near:
    """How near a twin of an issue would be."""
    return NEAR.get(category) or NEAR.get(group) or OTHERWISE
