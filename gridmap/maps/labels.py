"""Which labels a picture has: zones, clusters with who answers, cells, buildings and roads, at the zoom of each."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any, Final

import shapely

from gridmap.maps.escape import clipped
from gridmap.maps.layers import Look
from gridmap.maps.lettering import Label, Line
from gridmap.maps.places import NAME_LENGTH
from gridmap.maps.scene import Scene, Things
from gridmap.maps.view import View

# tier: from which zoom to which it is named; paper is sharper than a screen, and read from nearer
ZOOMS: Final = {1: (0.0, 17.3), 2: (15.3, 18.6), 3: (16.9, 30.0)}
BUILDINGS_FROM: Final = 17.6
ROADS_FROM: Final = 14.8
LONGEST: Final = 24
CHINESE: Final = re.compile("[\u3000-\u9fff]")
# The number of a building stands before its kind: 5栋, 3号楼, Block 7.
BUILDING_NUMBER: Final = re.compile(r"\d+\s*(?:栋|棟|号楼|號樓|座|幢)|(?:Block|Building)\s*\w+", re.IGNORECASE)


def labels_of(
    scene: Scene, view: View, look: Look, *, highlighted: str | None = None, owners: bool = True
) -> Iterator[Label]:
    """The labels of the grids, most important first; around one before all others, none of those it lies in."""
    without: frozenset[str] = frozenset()
    if highlighted is not None:
        yield from _of_highlighted(scene, view, look, highlighted)
        without = frozenset((highlighted, *scene.above(highlighted)))
    for tier, (first, last) in ZOOMS.items():
        if first <= view.zoom < last:
            yield from _of_tier(scene, view, look, tier, without, owners=owners)


def labels_of_things(scene: Scene, view: View, look: Look, *, buildings: bool) -> Iterator[Label]:
    """The labels of what stands on them, and of the roads."""
    if buildings and view.zoom >= BUILDINGS_FROM:
        yield from _of_buildings(scene, view, look)
    if view.zoom >= ROADS_FROM:
        yield from _of_roads(scene, view, look)


def _of_highlighted(scene: Scene, view: View, look: Look, code: str) -> Iterator[Label]:
    tier, number = scene.codes[code]
    place = scene.tiers[tier].labels[number]
    if place is not None:
        x, y = view.spot(place["at"][1], place["at"][0])
        yield Label(x, y, [Line(scene.short(code), 15, look.style["pointed"], 700)], _room(place, view), must=True)


def _of_tier(
    scene: Scene, view: View, look: Look, tier: int, without: frozenset[str], *, owners: bool
) -> Iterator[Label]:
    things = scene.tiers[tier]
    for number in things.within(view):
        place, row = things.labels[number], things.rows[number]
        if place is None or row["code"] in without:
            continue
        x, y = view.spot(place["at"][1], place["at"][0])
        if view.shows(x, y, 4):
            yield Label(x, y, _lines(scene, look, tier, row, owners=owners), _room(place, view), must=tier == 1)


def _lines(scene: Scene, look: Look, tier: int, row: dict[str, Any], *, owners: bool) -> list[Line]:
    ink = look.ink
    if tier == 1:
        return [Line(clipped(str(row["name"]), LONGEST), 16, ink["tier1"], 700, 1.5)]
    if tier == 3:
        return [Line(scene.short(row["code"]), 10.5, ink["tier3"])]
    lines = [Line(scene.short(row["code"]), 12.5, ink["tier2"], 700)]
    if owners and row.get("owner_name"):
        lines.append(Line(clipped(str(row["owner_name"]), LONGEST), 11, ink["owner"]))
    return lines


def _of_buildings(scene: Scene, view: View, look: Look) -> Iterator[Label]:
    things: Things = scene.buildings
    for number in things.within(view):
        place, row = things.labels[number], things.rows[number]
        found = BUILDING_NUMBER.search(str(row.get("name") or ""))
        text = found[0] if found else clipped(str(row.get("name") or row["code"]), LONGEST)
        if place is not None:
            x, y = view.spot(place["at"][1], place["at"][0])
            yield Label(x, y, [Line(clipped(text, NAME_LENGTH), 9.5, look.ink["building"])], _room(place, view) * 1.6)


def _of_roads(scene: Scene, view: View, look: Look) -> Iterator[Label]:
    """A road's name along it, upright where it is Chinese and the road runs down the sheet."""
    for number, shape in scene.ground.drawn(view):
        row = scene.ground.rows[number]
        if row["drawn"] != "road" or not row.get("name") or shapely.get_dimensions(shape) != 1:
            continue
        longest = max(shapely.get_parts(shape), key=shapely.length)
        for share in (0.25, 0.5, 0.75):
            at = shapely.line_interpolate_point(longest, share, normalized=True)
            on = shapely.line_interpolate_point(longest, share + 0.02, normalized=True)
            angle = math.degrees(math.atan2(on.y - at.y, on.x - at.x))
            yield _along(str(row["name"]), at.x, at.y, (angle + 90) % 180 - 90, look.ink["road"])


def _along(name: str, x: float, y: float, angle: float, colour: str) -> Label:
    name = clipped(name, LONGEST)
    if abs(angle) > 55 and CHINESE.search(name):
        return Label(x, y, [Line(letter, 10.5, colour) for letter in name])
    return Label(x, y, [Line(name, 10.5, colour, 400, 3 if CHINESE.search(name) else 0)], angle=round(angle, 1) or 0.1)


def _room(place: dict[str, Any], view: View) -> float:
    return float(place["r"]) / view.metres_per_px
