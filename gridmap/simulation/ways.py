"""The inner roads of compounds: they run between clusters, and meet the border where the gates are."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from gridmap.simulation.cells import Cell
from gridmap.simulation.drawing import Metres, Vertex, in_metres

Edge = tuple[Vertex, Vertex]


@dataclass(frozen=True)
class Gate:
    """Where an inner road leaves its compound, and which way it goes there."""

    place: Metres
    side: str  # north, east …, as a word of Chinese
    onto_road: bool


def neighbours(cells: Iterable[Cell]) -> dict[Edge, list[Cell]]:
    """The cells on either side of each stretch of border."""
    sides: dict[Edge, list[Cell]] = defaultdict(list)
    for cell in cells:
        for here, there in zip(cell.ring, (*cell.ring[1:], cell.ring[0]), strict=True):
            sides[min(here, there), max(here, there)].append(cell)
    return sides


def inner_roads(sides: dict[Edge, list[Cell]], zone: str) -> list[list[Metres]]:
    """The ways between the clusters of a compound, from crossing to crossing."""
    edges = [
        edge
        for edge, cells in sides.items()
        if len(cells) == 2 and {cell.zone for cell in cells} == {zone} and cells[0].cluster != cells[1].cluster
    ]
    return [[in_metres(vertex) for vertex in way] for way in chained(edges)]


def chained(edges: Sequence[Edge]) -> list[list[Vertex]]:
    """Edges put end to end, up to where more than two meet or none goes on."""
    ends: dict[Vertex, list[Vertex]] = defaultdict(list)
    for here, there in sorted(edges):
        ends[here].append(there)
        ends[there].append(here)
    ways, used = [], set()
    for start in sorted(vertex for vertex, others in ends.items() if len(others) != 2):
        for onward in ends[start]:
            way, here, there = [start], start, onward
            while (min(here, there), max(here, there)) not in used:
                used.add((min(here, there), max(here, there)))
                way.append(there)
                if len(ends[there]) != 2:
                    break
                here, there = there, next(one for one in ends[there] if one != here)
            if len(way) > 1:
                ways.append(way)
    return ways


def gates(sides: dict[Edge, list[Cell]], zone: str, middle: Metres) -> list[Gate]:
    """Where the inner roads of a compound come to its border; those onto a road first."""
    beyond: dict[Vertex, set[str]] = defaultdict(set)
    for edge, cells in sides.items():
        zones = {cell.zone for cell in cells}
        if zone in zones and (len(cells) == 1 or len(zones) == 2):
            for vertex in edge:
                beyond[vertex] |= zones - {zone}
    places = {
        place: "M" in beyond[vertex]
        for way in inner_roads(sides, zone)
        for place in (way[0], way[-1])
        for vertex in beyond
        if math.dist(in_metres(vertex), place) < 0.01
    }
    found = [Gate(place, side(middle, place), onto) for place, onto in places.items()]
    return sorted(found, key=lambda gate: (not gate.onto_road, gate.place))


def side(middle: Metres, place: Metres) -> str:
    """On which side of the middle a place lies."""
    east, north = place[0] - middle[0], place[1] - middle[1]
    if abs(east) > abs(north):
        return "东" if east > 0 else "西"
    return "北" if north > 0 else "南"


def length(way: Sequence[Metres]) -> float:
    return math.fsum(math.dist(here, there) for here, there in pairwise(way))


def along(way: Sequence[Metres], share: float, aside: float = 0.0) -> Metres:
    """A place on a way at a share of its length, so many metres to its left."""
    left = share * length(way)
    for here, there in pairwise(way):
        step = math.dist(here, there)
        if left <= step or there == way[-1]:
            part = min(1.0, left / step)
            east, north = (there[0] - here[0]) / step, (there[1] - here[1]) / step
            return (
                here[0] + part * (there[0] - here[0]) - aside * north,
                here[1] + part * (there[1] - here[1]) + aside * east,
            )
        left -= step
    return way[-1]


def beside(way: Sequence[Metres], aside: float) -> list[Metres]:
    """A way moved to its left, corner by corner."""
    total = length(way)
    shares, gone = [0.0], 0.0
    for here, there in pairwise(way):
        gone += math.dist(here, there)
        shares.append(gone / total)
    return [along(way, share, aside) for share in shares]
