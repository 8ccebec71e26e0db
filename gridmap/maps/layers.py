"""The layers of a picture, each from a scene to SVG, in the look of the map on the screen."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import shapely
from PIL import Image
from scipy.ndimage import gaussian_filter

from gridmap.maps import style, symbols
from gridmap.maps.scene import Scene, load_class
from gridmap.maps.strokes import path_of, tag
from gridmap.maps.style import Theme
from gridmap.maps.view import View

# code and tier of a grid: its colour and opacity, or None for no colour at all
Painter = Callable[[str, int], tuple[str, float] | None]

FACILITIES_FROM_ZOOM: Final = 17.0
SYMBOL_PX, PLATE_PX = 21.0, 14.0
HEAT_PX, HEAT_STEP = 13.0, 3
LOAD_OPACITY: Final = {"light": 0.56, "dark": 0.6}
FAINT: Final = 0.18

# What stands beside the layers: paper, writing of four weights, and what it is written on.
INKS: Final[dict[str, dict[str, str]]] = {
    "light": {
        "paper": "#e6ebf1", "panel": "#ffffff", "halo": "#ffffff", "line": "#d9e0e9", "ink": "#16233d",
        "ink2": "#43536e", "ink3": "#6b7a92", "tier1": "#101b33", "tier2": "#22406f", "owner": "#56698a",
        "tier3": "#56698a", "building": "#6b7a92", "road": "#66758c",
    },
    "dark": {
        "paper": "#0a111e", "panel": "#101929", "halo": "#0d1626", "line": "#22304a", "ink": "#e8eef8",
        "ink2": "#a9b7cc", "ink3": "#8696ae", "tier1": "#f2f6ff", "tier2": "#b9d0f7", "owner": "#8ea6cc",
        "tier3": "#8ea6cc", "building": "#7f90aa", "road": "#7f90aa",
    },
}  # fmt: skip


@dataclass(frozen=True)
class Look:
    """How everything looks in a theme."""

    theme: Theme = "light"

    @cached_property
    def style(self) -> dict[str, Any]:
        return style.as_json(self.theme)

    @property
    def ink(self) -> dict[str, str]:
        return INKS[self.theme]

    def symbol(self, attention: str) -> str:
        """The symbol of what an issue asks for, in the colours of the theme."""
        light = style.ATTENTIONS[attention].colour
        drawn = symbols.attention_symbol(attention).replace(light, self.style["attentions"][attention])
        return drawn.replace('stroke="#fff" stroke-width="2"', f'stroke="{self.ink["halo"]}" stroke-width="2"')

    def plate(self, kind: str, state: str) -> str:
        state = state if state in style.FACILITY_STATES else "in_order"
        light = style.FACILITY_STATES[state][0]
        return symbols.facility_symbol(kind, state).replace(light, self.style["facilities"][state])


# ---------------------------------------------------------------- ground


def ground(scene: Scene, view: View, look: Look) -> str:
    """The paper: what is around, the land of the zones, what lies on it, and the roads over their edges."""
    around: list[str] = []
    on_land: list[str] = []
    edges: list[str] = []
    roads: list[str] = []
    drawn = scene.ground.drawn(view)
    order = {kind: said["order"] for kind, said in look.style["ground"].items()}
    for number, shape in sorted(drawn, key=lambda each: order[scene.ground.rows[each[0]]["drawn"]]):
        kind = scene.ground.rows[number]["drawn"]
        said = look.style["ground"][kind]
        if said["edge"]:
            edges.append(_way(shape, said, said["edge"], view, 2.0))
            roads.append(_way(shape, said, said["fill"], view, 0.0))
        else:
            (around if kind == "block" else on_land).append(_way(shape, said, said["fill"], view, 0.0))
    land = [shape for _, shape in scene.tiers[1].drawn(view)]
    filled = tag("path", d=path_of(land), fill=look.style["land"], fill_rule="evenodd") if land else ""
    return "".join([*around, filled, *on_land, *edges, *roads])


def _way(shape: Any, said: Mapping[str, Any], colour: str, view: View, more: float) -> str:
    """A piece of ground; a line is as wide as what it stands for."""
    if shapely.get_dimensions(shape) == 1:
        width = max(1.2, said["width_m"] / view.metres_per_px) + more
        return tag("path", d=path_of([shape]), fill="none", stroke=colour, stroke_width=round(width, 1),
                   stroke_linejoin="round")  # fmt: skip
    outline = {"stroke": colour, "stroke_width": more} if more else {}
    return tag("path", d=path_of([shape]), fill=colour, fill_rule="evenodd", **outline)


# ---------------------------------------------------------------- grids


def unpainted(_code: str, _tier: int) -> None:
    """The painter that gives no grid a colour."""


def load_painter(scene: Scene, look: Look, *, faint: bool = False) -> Painter:
    """The load of the leaf grids in its fixed classes; where nothing is open, no colour."""

    def paint(code: str, tier: int) -> tuple[str, float] | None:
        found = load_class(scene.loads.get(code)) if tier == scene.leaf else 0
        return (look.style["loadColours"][found], FAINT if faint else LOAD_OPACITY[look.theme]) if found else None

    return paint


def choropleth(scene: Scene, view: View, painter: Painter) -> str:
    """The ground of the grids in the colours a painter gives them, the lower tiers over the upper."""
    filled = []
    for tier in (1, 2, 3):
        things = scene.tiers[tier]
        if not things.rows:
            continue
        for number, shape in things.drawn(view):
            said = painter(things.rows[number]["code"], tier)
            if said is not None:
                filled.append(tag("path", d=path_of([shape]), fill=said[0], fill_opacity=said[1], fill_rule="evenodd"))
    return "".join(filled)


def tier_lines(scene: Scene, view: View, look: Look) -> str:
    """The lines of the tiers by weight, value and dash; one that two grids share is drawn once."""
    drawn = []
    for tier in (3, 2, 1):
        shapes = [shape for _, shape in scene.tiers[tier].drawn(view)]
        if not shapes:
            continue
        said = look.style["tiers"][str(tier)]
        shared = shapely.line_merge(shapely.union_all(shapely.boundary(np.asarray(shapes, dtype=object))))
        line = {"d": path_of([shared]), "fill": "none", "stroke_linejoin": "round"}
        if said["casing"]:
            drawn.append(tag("path", **line, stroke=look.style["casing"], stroke_width=said["casing"] * view.growth,
                             stroke_opacity=0.85))  # fmt: skip
        drawn.append(tag("path", **line, stroke=said["colour"], stroke_width=said["weight"] * view.growth,
                         stroke_dasharray=said["dash"], stroke_opacity=said["opacity"]))  # fmt: skip
    return "".join(drawn)


def highlight(scene: Scene, view: View, look: Look, code: str) -> str:
    """One grid before all others."""
    shape, _ = scene.grid(code)
    [drawn] = view.drawn(np.asarray([shape], dtype=object))
    colour, line = look.style["pointed"], path_of([drawn])
    return tag("path", d=line, fill=colour, fill_opacity=0.13, fill_rule="evenodd") + tag(
        "path", d=line, fill="none", stroke=colour, stroke_width=2.6 * view.growth, stroke_linejoin="round"
    )


# ---------------------------------------------------------------- what stands on them


def buildings(scene: Scene, view: View, look: Look) -> str:
    """The buildings, by what they are used for."""
    by_use: dict[str, list[Any]] = {}
    for number, shape in scene.buildings.drawn(view):
        by_use.setdefault(style.use_class(scene.buildings.rows[number].get("use")), []).append(shape)
    edge = {"stroke": look.style["buildingEdge"], "stroke_width": 0.7, "fill_rule": "evenodd"}
    return "".join(
        tag("path", d=path_of(by_use[use]), fill=fill, **edge)
        for use, fill in look.style["buildings"].items()
        if use in by_use
    )


def overlays(scene: Scene, view: View, look: Look) -> str:
    """Ground with a keeper of its own."""
    drawn = []
    for number, shape in scene.overlays.drawn(view):
        kinds = look.style["overlays"]
        colour = kinds.get(scene.overlays.rows[number]["kind"], kinds["keeper"])
        drawn.append(tag("path", d=path_of([shape]), fill=colour, fill_opacity=0.1, stroke=colour, stroke_width=1.4,
                         stroke_dasharray="5 3"))  # fmt: skip
    return "".join(drawn)


def facilities(scene: Scene, view: View, look: Look) -> str:
    """What runs through the ground, and from near plates where something stands."""
    lines: list[str] = []
    plates: list[str] = []
    for number, shape in scene.facilities.drawn(view):
        row = scene.facilities.rows[number]
        state = row.get("state") or "in_order"
        if shapely.get_dimensions(shape) == 0:
            if view.zoom >= FACILITIES_FROM_ZOOM:
                plates.extend(
                    _placed(look.plate(row["kind"], state), float(point.x), float(point.y), PLATE_PX)
                    for point in shapely.get_parts(shape)
                )
            continue
        colour = look.style["facilities"].get(state, look.style["facilities"]["in_order"])
        area = {"fill": colour, "fill_opacity": 0.07} if shapely.get_dimensions(shape) == 2 else {"fill": "none"}
        lines.append(tag("path", d=path_of([shape]), **area, stroke=colour, stroke_width=1, stroke_opacity=0.55,
                         stroke_dasharray="4 3" if row.get("level") else None))  # fmt: skip
    return "".join([*lines, *plates])


def issue_places(scene: Scene, view: View) -> list[tuple[str, float, float]]:
    """What the issues on the sheet ask for and where they stand, what burns most first."""
    found = []
    for number in scene.issues.within(view)[: style.MOST_DRAWN]:
        point = shapely.centroid(scene.issues.shapes[number])
        x, y = view.spot(point.x, point.y)
        if view.shows(x, y):
            found.append((str(scene.issues.rows[number]["attention"]), x, y))
    return found


def issues(places: list[tuple[str, float, float]], look: Look) -> str:
    """Each issue by its symbol, what burns most on top."""
    return "".join(_placed(look.symbol(attention), x, y, SYMBOL_PX) for attention, x, y in reversed(places))


def _placed(symbol: str, x: float, y: float, size: float) -> str:
    """A symbol of ours around a place."""
    corner = f'<svg x="{x - size / 2:.1f}" y="{y - size / 2:.1f}" width="{size:g}" height="{size:g}"'
    return corner + symbol.removeprefix("<svg").replace(' aria-hidden="true"', "")


# ---------------------------------------------------------------- heat


def heat(scene: Scene, view: View, look: Look) -> str:
    """Where much was reported, as a soft image."""
    columns, lines = (max(2, int(side / HEAT_STEP)) for side in (view.width, view.height))
    x = (scene.heat[:, 0] - view.west) * view.scale_x / HEAT_STEP
    y = (view.north - scene.heat[:, 1]) * view.scale_y / HEAT_STEP
    counts, _, _ = np.histogram2d(y, x, bins=(lines, columns), range=((0, lines), (0, columns)))
    if not counts.any():
        return ""
    density = gaussian_filter(counts, HEAT_PX / HEAT_STEP, mode="constant")
    share = np.clip(density / np.quantile(density[density > 0], 0.998), 0, 1)
    written = io.BytesIO()
    Image.fromarray(_coloured(share, look.style["heat"]), "RGBA").save(written, "PNG", optimize=True)
    link = "data:image/png;base64," + base64.b64encode(written.getvalue()).decode()
    return tag("image", x=0, y=0, width=view.width, height=view.height, href=link, preserveAspectRatio="none")


def _coloured(share: Any, ramp: Mapping[str, str]) -> Any:
    """Shares as colours; what is little is not seen."""
    stops = sorted((float(at), colour) for at, colour in ramp.items())
    known = [at for at, _ in stops]
    channels = [
        np.interp(share, known, [int(colour[1 + 2 * channel : 3 + 2 * channel], 16) for _, colour in stops])
        for channel in range(3)
    ]
    alpha = np.clip((share - 0.07) * 2.4, 0, 0.78) * 255
    return np.stack([*channels, alpha], axis=-1).round().astype(np.uint8)
