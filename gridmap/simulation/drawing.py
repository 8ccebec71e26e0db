"""Ground drawn between lines: patches that share their corners to the last bit, and what they add up to.

A patch is a rectangle between numbered lines, each band between two lines divided into `BAND` parts. Where two patches
meet they name the same corners, so that a tier drawn of them has neither gaps nor overlaps on the lattice.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import shapely

from gridmap.simulation.layout import BAND, MERIDIANS, PARALLELS, Line
from gridmap.spatial.coordinates import LATTICE

# Where the middle of the estate lies, how long a degree is there, and how far its north is turned from north.
LON, LAT = 104.0655, 30.6605
DEGREE_EAST_M, DEGREE_NORTH_M = 95_839.0, 110_864.0
COSINE, SINE = 0.998135, 0.061049
# How far an edge may run beside its curve before it gets another corner.
BEND_M = 0.35
# Enough for roads that lean a tenth to meet to the last bit.
MEETING_STEPS = 40

Vertex = tuple[int, int]  # on the lattice, in steps of 2^-24 degree
Metres = tuple[float, float]  # east and north of the middle
Ring = tuple[Vertex, ...]


def on_lattice(place: Metres) -> Vertex:
    """The point of the lattice next to a place."""
    east, north = place
    lon = LON + (east * COSINE + north * SINE) / DEGREE_EAST_M
    lat = LAT + (north * COSINE - east * SINE) / DEGREE_NORTH_M
    return round(lon / LATTICE), round(lat / LATTICE)


def in_metres(vertex: Vertex) -> Metres:
    """Where a point of the lattice lies on the drawing."""
    right = (vertex[0] * LATTICE - LON) * DEGREE_EAST_M
    up = (vertex[1] * LATTICE - LAT) * DEGREE_NORTH_M
    turned = COSINE * COSINE + SINE * SINE
    return (right * COSINE - up * SINE) / turned, (up * COSINE + right * SINE) / turned


def polygon(rings: Sequence[Ring]) -> shapely.Polygon:
    """An outline and its holes as a shape in degrees."""
    shell, *holes = ([(east * LATTICE, north * LATTICE) for east, north in ring] for ring in rings)
    return shapely.Polygon(shell, holes)


def outline(places: Iterable[Metres]) -> Ring:
    """Places in metres as a ring of the lattice, without repeated points."""
    ring = [on_lattice(place) for place in places]
    return tuple(vertex for vertex, before in zip(ring, [ring[-1], *ring[:-1]], strict=True) if vertex != before)


@dataclass(frozen=True)
class Patch:
    """A rectangle between the lines, in parts of bands: west and east of it, north and south."""

    west: int
    north: int
    east: int
    south: int

    def at(self, east: float, south: float) -> tuple[int, int]:
        """A spot in it, from (0, 0) in the north-west to (1, 1) in the south-east."""
        return (
            round(self.west + east * (self.east - self.west)),
            round(self.north + south * (self.south - self.north)),
        )

    def within(self, east: int, south: int) -> bool:
        return self.west < east < self.east and self.north < south < self.south


@dataclass(frozen=True)
class Twist:
    """A whole compound whose inner lines are turned against its border, which stays where it is."""

    patch: Patch
    east: float
    south: float

    def moved(self, east: int, south: int) -> tuple[float, float]:
        across, down = self.patch.east - self.patch.west, self.patch.south - self.patch.north
        s, t = (east - self.patch.west) / across, (south - self.patch.north) / down
        inside = 16 * s * (1 - s) * t * (1 - t)
        return east + self.east * (t - 0.5) * inside * across, south + self.south * (s - 0.5) * inside * down


class Drawing:
    """The patches of the smallest tier, and the rings that they become."""

    def __init__(self, patches: Sequence[Patch], twists: Sequence[Twist]) -> None:
        self.twists = twists
        self._places: dict[tuple[int, int], Metres] = {}
        corners_east, corners_south = defaultdict(set), defaultdict(set)
        for patch in patches:
            for east in (patch.west, patch.east):
                for south in (patch.north, patch.south):
                    corners_east[east].add(south)
                    corners_south[south].add(east)
        self._on_meridian = {east: sorted(corners) for east, corners in corners_east.items()}
        self._on_parallel = {south: sorted(corners) for south, corners in corners_south.items()}

    def place(self, east: int, south: int) -> Metres:
        """Where a spot between the lines lies, in metres."""
        if (east, south) not in self._places:
            twist = next((twist for twist in self.twists if twist.patch.within(east, south)), None)
            at = twist.moved(east, south) if twist else (float(east), float(south))
            self._places[east, south] = _meeting(*at)
        return self._places[east, south]

    def ring(self, patch: Patch) -> Ring:
        """The outline of a patch, against the clock from its north-west, with every corner of its neighbours on it."""
        west = [(patch.west, south) for south in _between(self._on_meridian[patch.west], patch.north, patch.south)]
        south = [(east, patch.south) for east in _between(self._on_parallel[patch.south], patch.west, patch.east)]
        east = [(patch.east, south) for south in _between(self._on_meridian[patch.east], patch.north, patch.south)]
        north = [(east, patch.north) for east in _between(self._on_parallel[patch.north], patch.west, patch.east)]
        corners = [*west, *south, *reversed(east), *reversed(north)]
        return outline(place for here, there in pairwise(corners) for place in self._edge(here, there))

    def strip(self, spots: Sequence[tuple[int, int]]) -> list[Metres]:
        """A line along spots, bent as the ground between the lines is."""
        return [
            *(place for here, there in pairwise(spots) for place in self._edge(here, there)),
            self.place(*spots[-1]),
        ]

    def axis(self, patch: Patch) -> tuple[Metres, Metres, float, float]:
        """The middle of a patch, the way its east lies, and how wide and how deep it is there."""
        west, east = self.place(*patch.at(0, 0.5)), self.place(*patch.at(1, 0.5))
        north, south = self.place(*patch.at(0.5, 0)), self.place(*patch.at(0.5, 1))
        wide, deep = math.dist(west, east), math.dist(north, south)
        middle = ((west[0] + east[0] + north[0] + south[0]) / 4, (west[1] + east[1] + north[1] + south[1]) / 4)
        return middle, ((east[0] - west[0]) / wide, (east[1] - west[1]) / wide), wide, deep

    def _edge(self, here: tuple[int, int], there: tuple[int, int]) -> list[Metres]:
        """The places from one corner up to the next, which is left out: the same ones from either side."""
        if here == there:
            return []
        first, last = min(here, there), max(here, there)
        bends = [self.place(*first), *self._bends(first, last), self.place(*last)]
        return bends[:-1] if here == first else bends[:0:-1]

    def _bends(self, first: tuple[int, int], last: tuple[int, int]) -> list[Metres]:
        middle = ((first[0] + last[0]) // 2, (first[1] + last[1]) // 2)
        begin, end, between = self.place(*first), self.place(*last), self.place(*middle)
        if _aside(between, begin, end) < BEND_M or math.dist(begin, end) < 2:
            return []
        return [*self._bends(first, middle), between, *self._bends(middle, last)]


def _between(corners: Sequence[int], first: int, last: int) -> Sequence[int]:
    return corners[bisect_left(corners, first) : bisect_right(corners, last)]


def _aside(place: Metres, begin: Metres, end: Metres) -> float:
    """How far a place lies from the line through two others."""
    across = (end[0] - begin[0]) * (place[1] - begin[1]) - (end[1] - begin[1]) * (place[0] - begin[0])
    return abs(across) / math.dist(begin, end)


def _meeting(east: float, south: float) -> Metres:
    """Where a line from north to south meets one from west to east."""
    meridian, parallel = _line(MERIDIANS, east), _line(PARALLELS, south)
    x = meridian(0.0)
    y = parallel(x)
    for _ in range(MEETING_STEPS):
        x, y = meridian(y), parallel(x)
    return x, y


def _line(lines: Sequence[Line], at: float) -> Callable[[float], float]:
    """The line so many parts of bands along; between two it takes after both."""
    number = min(int(at // BAND), len(lines) - 2)
    share = at / BAND - number
    first, second = lines[number], lines[number + 1]
    return lambda along: first(along) * (1 - share) + second(along) * share


def merged(rings: Iterable[Ring]) -> list[list[Ring]]:
    """What rings that share their edges add up to: outlines, each with its holes, every corner kept."""
    edges = {edge for ring in rings for edge in zip(ring, (*ring[1:], ring[0]), strict=True)}
    onward = {here: there for here, there in edges if (there, here) not in edges}
    closed = []
    while onward:
        vertex = min(onward)
        ring = []
        while vertex in onward:
            ring.append(vertex)
            vertex = onward.pop(vertex)
        closed.append(tuple(ring))
    shells = [[ring] for ring in closed if turning(ring) > 0]
    for hole in (ring for ring in closed if turning(ring) < 0):
        own = next(rings for rings in shells if shapely.contains_xy(polygon(rings[:1]), *_degrees(hole[0])))
        own.append(hole)
    return shells


def _degrees(vertex: Vertex) -> tuple[float, float]:
    return vertex[0] * LATTICE, vertex[1] * LATTICE


def turning(ring: Ring) -> int:
    """Twice the area of a ring in steps of the lattice: above nothing if it runs against the clock."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, (*ring[1:], ring[0]), strict=True))


def centre(rings: Iterable[Ring]) -> Metres:
    """The middle of the corners' extent, in metres."""
    places = [in_metres(vertex) for ring in rings for vertex in ring]
    return (
        (min(x for x, _ in places) + max(x for x, _ in places)) / 2,
        (min(y for _, y in places) + max(y for _, y in places)) / 2,
    )


def reading_order(middles: Sequence[Metres], depth: float) -> list[int]:
    """Positions as they are numbered: from west to east, then from north to south, in rows of so many metres."""
    left = sorted(range(len(middles)), key=lambda row: -middles[row][1])
    order: list[int] = []
    while left:
        top = middles[left[0]][1]
        row = [one for one in left if middles[one][1] > top - depth]
        order += sorted(row, key=lambda one: middles[one][0])
        left = [one for one in left if one not in row]
    return order
