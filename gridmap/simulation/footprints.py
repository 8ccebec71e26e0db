"""What buildings look like from above: outlines in metres, east and north of their middle, against the clock."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Final

Corners = list[tuple[float, float]]
BAY_M = 1.6  # how far the bays of a stairwell or a balcony stand out


def bar(wide: float, deep: float) -> Corners:
    x, y = wide / 2, deep / 2
    return [(-x, -y), (x, -y), (x, y), (-x, y)]


def slab(wide: float, deep: float, units: int = 3) -> Corners:
    """A row of units, each with a bay to the south and a stairwell to the north."""
    return joined([piece(wide, deep, units, number) for number in range(units)])


def piece(wide: float, deep: float, units: int, number: int) -> Corners:
    """One unit of a slab, counted from the west: its walls to its neighbours are straight."""
    own, y = wide / units, deep / 2
    west = -wide / 2 + number * own
    at = [west + own * share for share in (0.0, 0.14, 0.44, 0.62, 0.86, 1.0)]
    south = [(at[0], -y + BAY_M), (at[1], -y + BAY_M), (at[1], -y), (at[2], -y), (at[2], -y + BAY_M),
             (at[3], -y + BAY_M), (at[3], -y), (at[4], -y), (at[4], -y + BAY_M), (at[5], -y + BAY_M)]  # fmt: skip
    middle = (at[2] + at[3]) / 2
    north = [(at[5], y - BAY_M), (middle + own * 0.12, y - BAY_M), (middle + own * 0.12, y),
             (middle - own * 0.12, y), (middle - own * 0.12, y - BAY_M), (at[0], y - BAY_M)]  # fmt: skip
    return [*south, *north]


def joined(pieces: list[Corners]) -> Corners:
    """The outline of units that stand in a row: the south sides from the west, then the north sides back."""
    south = [corner for each in pieces for corner in each[:10]]
    north = [corner for each in reversed(pieces) for corner in each[10:]]
    ring = [*south, *north]
    return [corner for corner, before in zip(ring, [ring[-1], *ring[:-1]], strict=True) if corner != before]


def tower(wide: float, deep: float) -> Corners:
    """Four wings about a core, as towers are built that give every flat two sides of daylight."""
    x, y, notch, side = wide / 2, deep / 2, wide * 0.13, deep * 0.2
    core = wide * 0.1
    return [
        (-x, -y), (-core - notch, -y), (-core - notch, -y + side), (core + notch, -y + side), (core + notch, -y),
        (x, -y),
        (x, -side / 2), (x - notch, -side / 2), (x - notch, side / 2), (x, side / 2),
        (x, y), (core + notch, y), (core + notch, y - side * 0.6), (core, y - side * 0.6), (core, y + 1.2),
        (-core, y + 1.2), (-core, y - side * 0.6), (-core - notch, y - side * 0.6), (-core - notch, y), (-x, y),
        (-x, side / 2), (-x + notch, side / 2), (-x + notch, -side / 2), (-x, -side / 2),
    ]  # fmt: skip


def villa(wide: float, deep: float) -> Corners:
    """A house with a wing, a porch and a garage."""
    x, y = wide / 2, deep / 2
    return [
        (-x, -y), (-x * 0.1, -y), (-x * 0.1, -y * 0.6), (x * 0.5, -y * 0.6), (x * 0.5, -y * 0.8), (x, -y * 0.8),
        (x, y * 0.5), (x * 0.3, y * 0.5), (x * 0.3, y), (-x, y),
    ]  # fmt: skip


def court(wide: float, deep: float) -> Corners:
    """Three wings about a yard that is open to the south."""
    x, y, wing = wide / 2, deep / 2, min(wide, deep) * 0.3
    return [
        (-x, -y),
        (-x + wing, -y),
        (-x + wing, y - wing),
        (x - wing, y - wing),
        (x - wing, -y),
        (x, -y),
        (x, y),
        (-x, y),
    ]


def corner(wide: float, deep: float) -> Corners:
    """Two wings at a right angle."""
    x, y, wing = wide / 2, deep / 2, min(wide, deep) * 0.38
    return [(-x, -y), (x, -y), (x, -y + wing), (-x + wing, -y + wing), (-x + wing, y), (-x, y)]


def podium(wide: float, deep: float) -> Corners:
    """A block of shops with cut corners and a forecourt."""
    x, y, cut = wide / 2, deep / 2, min(wide, deep) * 0.16
    return [
        (-x + cut, -y), (-x * 0.25, -y), (-x * 0.25, -y + cut * 0.7), (x * 0.3, -y + cut * 0.7), (x * 0.3, -y),
        (x - cut, -y), (x, -y + cut), (x, y - cut), (x - cut, y), (-x, y), (-x, -y + cut),
    ]  # fmt: skip


def hall(wide: float, deep: float) -> Corners:
    """A long house with a wing in the middle of its north side."""
    x, y, core = wide / 2, deep / 2, wide * 0.16
    return [
        (-x, -y),
        (x, -y),
        (x, y * 0.35),
        (core, y * 0.35),
        (core, y),
        (-core, y),
        (-core, y * 0.35),
        (-x, y * 0.35),
    ]


def octagon(wide: float, deep: float) -> Corners:
    x, y = wide / 2, deep / 2
    return [
        (-x * 0.4, -y), (x * 0.4, -y), (x, -y * 0.4), (x, y * 0.4),
        (x * 0.4, y), (-x * 0.4, y), (-x, y * 0.4), (-x, -y * 0.4),
    ]  # fmt: skip


def mirrored(corners: Corners) -> Corners:
    """East for west."""
    return [(-x, y) for x, y in reversed(corners)]


def crossing(way: Corners, northing: float) -> float:
    """The easting at which a way from south to north passes a northing."""
    (x, y), (p, q) = next((here, there) for here, there in pairwise(way) if here[1] <= northing <= there[1])
    return x + (p - x) * ((northing - y) / (q - y))


def clipped(way: Corners, deep: float) -> Corners:
    """The part of a way from south to north that lies inside a slab."""
    y = deep / 2
    inside = [place for place in way if -y < place[1] < y]
    return [(crossing(way, -y), -y), *inside, (crossing(way, y), y)]


def row_between(walls: list[Corners]) -> list[Corners]:
    """Units of a slab between its walls, each given from south to north."""
    return [[west[0], *east, *reversed(west[1:])] for west, east in pairwise(walls)]


FORMS: Final[dict[str, Callable[[float, float], Corners]]] = {
    "bar": bar, "slab": slab, "tower": tower, "villa": villa, "court": court, "corner": corner, "podium": podium,
    "hall": hall, "octagon": octagon,
}  # fmt: skip
