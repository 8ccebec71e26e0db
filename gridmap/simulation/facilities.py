"""What is looked after on the imaginary estate besides buildings: points, lines and areas."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import accumulate, pairwise
from typing import Any, Final

import numpy as np

from gridmap.simulation.buildings import Building
from gridmap.simulation.cells import Cell
from gridmap.simulation.chance import between, one_of, whole
from gridmap.simulation.drawing import Drawing, Metres, Patch, centre, in_metres, merged
from gridmap.simulation.surroundings import Thing
from gridmap.simulation.ways import Gate, along, beside, gates, inner_roads, length, neighbours

# kind: the prefix of its codes, its name, and every how many days it is inspected
KINDS: Final[dict[str, tuple[str, str, int | None]]] = {
    "lift": ("LF", "电梯", 365), "pump_room": ("PR", "水泵房", 90), "power_room": ("DR", "配电房", 90),
    "hydrant": ("HY", "消火栓", 180), "manhole": ("MH", "检查井", 180), "lamp": ("LP", "路灯", None),
    "gate": ("GT", "出入口", 30), "camera": ("CM", "监控", 90), "bin": ("BN", "垃圾桶", None),
    "playground": ("PG", "儿童乐园", 30), "charging": ("EC", "电动车充电棚", 30), "lane": ("LN", "内部路", None),
    "sewer": ("SW", "污水管", 365), "wall": ("WL", "围墙", 365), "lawn": ("LW", "草坪", None),
    "car_park": ("CP", "停车场", 90), "waste_station": ("WS", "垃圾中转站", 7), "water": ("WT", "湖", 30),
}  # fmt: skip
STATES: Final = (("in_order", 0.9), ("degraded", 0.06), ("out_of_order", 0.03), ("closed", 0.01))
MAKERS: Final = {
    "lift": ("通达电梯", "恒升电梯", "西部电梯"),
    "camera": ("明眸安防", "天目科技"),
    "charging": ("绿电充",),
}
HOUSING: Final = ("residential",)
CLOSE_M = 1.8  # how far beside a way things stand
# What stands along ways: every how many metres, from which share of them on, how far to the left.
ALONG_WAYS: Final = (
    ("lamp", 120, 0.12, CLOSE_M), ("manhole", 160, 0.42, -0.4), ("hydrant", 150, 0.68, -CLOSE_M),
)  # fmt: skip
GARAGE_LEVEL: Final = "B1"


@dataclass
class Ground:
    """What facilities are placed on."""

    draw: np.random.Generator
    cells: Sequence[Cell]
    buildings: Sequence[Building]
    drawing: Drawing
    today: date

    def __post_init__(self) -> None:
        self.sides = neighbours(self.cells)
        self.zones = {cell.zone: cell.compound for cell in self.cells}
        self.roads = {zone: inner_roads(self.sides, zone) for zone in self.zones}
        self.middles = {zone: centre([cell.ring for cell in self.cells if cell.zone == zone]) for zone in self.zones}
        self.gates: dict[str, list[Gate]] = {
            zone: [] if compound.kind == "roads" else gates(self.sides, zone, self.middles[zone])[:2]
            for zone, compound in self.zones.items()
        }
        self.main: list[tuple[str, list[Metres]]] = []
        self._counts: Counter[tuple[str, str]] = Counter()

    def thing(
        self, kind: str, zone: str, form: str, places: Sequence[Metres], name: str | None = None, **more: Any
    ) -> Thing:
        """A facility with the next code of its kind in its zone."""
        prefix, word, every = KINDS[kind]
        self._counts[kind, zone] += 1
        number = self._counts[kind, zone]
        said = {**self._said(kind, every), **more.pop("said", {})}
        name = name or f"{self.zones[zone].name}{word}{number}"
        return Thing(f"{prefix}-{zone}-{number:02d}", name, kind, form, tuple(places), said=tuple(said.items()), **more)

    def _said(self, kind: str, every: int | None) -> dict[str, Any]:
        drawn, bounds = float(self.draw.random()), accumulate(share for _, share in STATES)
        state = next((state for (state, _), bound in zip(STATES, bounds, strict=True) if drawn < bound), "in_order")
        said: dict[str, Any] = {"state": state if every else "in_order"}
        if kind in MAKERS:
            said["maker"] = one_of(self.draw, MAKERS[kind])
        if every:
            said["inspection_due"] = self.today + timedelta(days=whole(self.draw, -every // 20 - 1, every))
        return said


def facilities(ground: Ground) -> list[Thing]:
    """Every facility inside the border, kind by kind."""
    makers: tuple[Callable[[Ground], Iterator[Thing]], ...] = (
        _lifts, _machine_rooms, _along_ways, _gates, _cameras, _bins, _for_people, _lines, _areas, _garage,
    )  # fmt: skip
    return [thing for make in makers for thing in make(ground)]


def _lifts(ground: Ground) -> Iterator[Thing]:
    """A lift in each tower and in some slabs, one facility a house; those of new houses are under warranty."""
    for building in ground.buildings:
        if not building.sort.lifts or (building.cell.letter == "S" and building.number % 4):
            continue
        warranty = {"warranty_until": date(2028, 6, 30)} if building.cell.compound.built >= 2019 else {}
        yield ground.thing(
            "lift", building.cell.zone, "point", [building.middle], f"{building.name}电梯", said=warranty,
        )  # fmt: skip


def _machine_rooms(ground: Ground) -> Iterator[Thing]:
    for zone, compound in ground.zones.items():
        if compound.kind in ("roads", "park"):
            continue
        own = [building for building in ground.buildings if building.cell.zone == zone]
        for kind, building in (("pump_room", own[len(own) // 3]), ("power_room", own[2 * len(own) // 3])):
            yield ground.thing(kind, zone, "point", [_by(ground, building)])


def _by(ground: Ground, building: Building) -> Metres:
    """A spot between a house and the border of its cell."""
    corner = in_metres(one_of(ground.draw, building.cell.ring))
    (x, y), share = building.middle, between(ground.draw, 0.72, 0.86)
    return x + (corner[0] - x) * share, y + (corner[1] - y) * share


def _along_ways(ground: Ground) -> Iterator[Thing]:
    """Hydrants, manholes and lamps along inner and main roads."""
    for zone, ways in ground.roads.items():
        for way in ways:
            metres = length(way)
            for kind, every, first, aside in ALONG_WAYS:
                for number in range(int(metres // every)):
                    share = (number + between(ground.draw, first, first + 0.25)) / (metres // every)
                    yield ground.thing(kind, zone, "point", [along(way, share, aside)])


def _gates(ground: Ground) -> Iterator[Thing]:
    for zone, compound in ground.zones.items():
        for gate in ground.gates[zone]:
            yield ground.thing("gate", zone, "point", [gate.place], f"{compound.name}{gate.side}门")


def _cameras(ground: Ground) -> Iterator[Thing]:
    """One at each gate, one at each square, and one on the first inner road."""
    for zone, compound in ground.zones.items():
        for gate in ground.gates[zone]:
            place = (gate.place[0] + 2.5, gate.place[1] + 1.5)
            yield ground.thing("camera", zone, "point", [place], f"{compound.name}{gate.side}门监控")
        for cell in (cell for cell in ground.cells if cell.zone == zone and cell.letter in "qt"):
            yield ground.thing("camera", zone, "point", [_spot(ground, cell.patch)])


def _spot(ground: Ground, patch: Patch) -> Metres:
    return ground.drawing.place(*patch.at(between(ground.draw, 0.2, 0.8), between(ground.draw, 0.2, 0.8)))


def _bins(ground: Ground) -> Iterator[Thing]:
    for position, building in enumerate(ground.buildings):
        if position % 14 == 4:
            yield ground.thing("bin", building.cell.zone, "point", [_by(ground, building)], f"{building.name}旁垃圾桶")
    for cell in ground.cells:
        if cell.letter in "qw" and cell.number % 3 == 1:
            yield ground.thing("bin", cell.zone, "point", [_spot(ground, cell.patch)])


def _for_people(ground: Ground) -> Iterator[Thing]:
    """A playground in the first garden of each compound, and sheds where e-bikes are charged."""
    for zone, compound in ground.zones.items():
        garden = next((cell for cell in ground.cells if cell.zone == zone and cell.letter in "ga"), None)
        if garden and compound.kind != "offices":
            yield ground.thing("playground", zone, "point", [_spot(ground, garden.patch)])
        own = [building for building in ground.buildings if building.cell.zone == zone and building.households]
        if compound.kind in HOUSING and own:
            yield ground.thing("charging", zone, "point", [_by(ground, own[len(own) // 2])])


def _lines(ground: Ground) -> Iterator[Thing]:
    """Inner roads, a sewer beside the longest of them, and walls about housing."""
    for zone, compound in ground.zones.items():
        if compound.kind == "roads":
            continue
        ways = sorted(ground.roads[zone], key=length, reverse=True)
        for way in ways:
            yield ground.thing("lane", zone, "line", way)
        if ways:
            yield ground.thing("sewer", zone, "line", beside(ways[0], 2.2))
        if compound.kind in (*HOUSING, "school"):
            yield from _wall(ground, zone)


def _wall(ground: Ground, zone: str) -> Iterator[Thing]:
    """The border of a compound, open at its gates."""
    ring = merged(cell.ring for cell in ground.cells if cell.zone == zone)[0][0]
    border = [in_metres(vertex) for vertex in (*ring, ring[0])]
    openings = sorted(_share_of(border, gate.place) for gate in ground.gates[zone])
    half = 4.0 / length(border)
    for begin, end in zip(openings, (*openings[1:], openings[0] + 1), strict=True):
        places = [along(border, (begin + half) % 1)]
        places += [
            along(border, share % 1)
            for share in sorted(one + turn for one in _shares(border) for turn in (0, 1))
            if begin + half < share < end - half
        ]
        yield ground.thing("wall", zone, "line", [*places, along(border, (end - half) % 1)])


def _shares(way: Sequence[Metres]) -> list[float]:
    """Where the corners of a way lie along it; the last one is the first of a border."""
    total, gone, shares = length(way), 0.0, []
    for here, there in pairwise(way):
        shares.append(gone / total)
        gone += math.dist(here, there)
    return shares


def _share_of(way: Sequence[Metres], place: Metres) -> float:
    """Where on a way the corner next to a place lies."""
    shares = _shares(way)
    return shares[min(range(len(shares)), key=lambda row: math.dist(way[row], place))]


def _areas(ground: Ground) -> Iterator[Thing]:
    """Lawns, the lake, car parks and waste stations, each on its own cell."""
    for cell in ground.cells:
        name = ground.zones[cell.zone].name
        if cell.letter == "g":
            yield ground.thing("lawn", cell.zone, "area", blob(ground, cell.patch, 0.38, 0.1))
        elif cell.letter == "l":
            yield ground.thing("water", cell.zone, "area", blob(ground, cell.patch, 0.43, 0.16), f"{name}中心湖")
        elif cell.letter == "p":
            yield ground.thing(
                "car_park", cell.zone, "area", inset(ground.drawing, cell.patch, 0.1), f"{name}地面停车场"
            )
        elif cell.letter == "t":
            yield ground.thing(
                "waste_station", cell.zone, "area", inset(ground.drawing, cell.patch, 0.22), f"{name}垃圾中转站"
            )


def blob(ground: Ground, patch: Patch, reach: float, waves: float) -> list[Metres]:
    """A round shape within a patch, its edge in and out by some waves."""
    turns = [between(ground.draw, 0, 2 * math.pi) for _ in range(2)]
    places = []
    for step in range(28):
        angle = -2 * math.pi * step / 28
        far = reach * (1 + waves * (math.sin(2 * angle + turns[0]) + 0.6 * math.sin(3 * angle + turns[1])) / 1.6)
        places.append(ground.drawing.place(*patch.at(0.5 + far * math.cos(angle), 0.5 + far * math.sin(angle))))
    return places


def inset(drawing: Drawing, patch: Patch, share: float) -> list[Metres]:
    """A patch without a rim."""
    spots = [(share, share), (share, 1 - share), (1 - share, 1 - share), (1 - share, share), (share, share)]
    return drawing.strip([patch.at(*spot) for spot in spots])[:-1]


def _garage(ground: Ground) -> Iterator[Thing]:
    """The car park under the towers: it lies below many cells, and the garden's cell answers for it."""
    garden = next(cell for cell in ground.cells if cell.letter == "g")
    own = [cell for cell in ground.cells if cell.tier2 == garden.tier2]
    whole_cluster = Patch(
        min(cell.patch.west for cell in own), min(cell.patch.north for cell in own),
        max(cell.patch.east for cell in own), max(cell.patch.south for cell in own),
    )  # fmt: skip
    garage = ground.thing(
        "car_park", garden.zone, "area", inset(ground.drawing, whole_cluster, 0.06),
        f"{garden.compound.name}地下车库", level=GARAGE_LEVEL, grid=garden.code,
    )  # fmt: skip
    yield replace(garage, code="CP-A-B1")
