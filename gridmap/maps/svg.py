"""Our own map as SVG: for paper, pictures and notebooks, in the look of the map on the screen."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from gridmap.errors import InputError
from gridmap.language import DEFAULT, catalogue
from gridmap.maps import layers, marginalia
from gridmap.maps.labels import labels_of, labels_of_things
from gridmap.maps.layers import Look, Painter
from gridmap.maps.lettering import Lettering
from gridmap.maps.scene import Scene, scene_of
from gridmap.maps.strokes import families, number, tag
from gridmap.maps.style import LAYERS, Theme
from gridmap.maps.view import PX_PER_MM, Bounds, View
from gridmap.maps.words import moment_words

# Heat is drawn where it is asked for: it would lie over what is open now.
USUAL: Final = tuple(name for name in LAYERS if name != "heat")
SIZE_MM: Final = (250.0, 160.0)
LEAST_MM, MOST_MM = 20.0, 1200.0


class SvgMap(str):
    """A map as the text of an SVG; a notebook shows it."""

    __slots__ = ()

    def _repr_svg_(self) -> str:
        return str(self)


@dataclass(frozen=True)
class Sheet:
    """What a picture is to show, and how: its layers, language and theme, and what stands at its edge."""

    layers: frozenset[str] = frozenset(USUAL)
    language: str = DEFAULT
    theme: Theme = "light"
    timezone: str = "Asia/Shanghai"
    highlight: str | None = None
    labels: bool = True
    owners: bool = True
    legend: bool = True
    scale: bool = True
    title: str | None = None
    dated: bool = True
    painter: Painter | None = None


def svg_map(
    frames: Mapping[str, Any],
    *,
    at: datetime,
    bounds: Bounds | None = None,
    size_mm: tuple[float, float] = SIZE_MM,
    language: str = DEFAULT,
    theme: Theme = "light",
    layers: Collection[str] | None = None,
    timezone: str = "Asia/Shanghai",
    highlight: str | None = None,
    labels: bool = True,
    legend: bool = True,
    title: str | None = None,
    painter: Painter | None = None,
) -> SvgMap:
    """The map of some frames as they are at a moment: the same frames, the same SVG."""
    sheet = Sheet(
        _known(layers), language, theme, timezone, highlight, labels, legend=legend, title=title, painter=painter
    )
    return drawn(scene_of(frames, at), sheet, size_mm=size_mm, bounds=bounds)


def _known(wanted: Collection[str] | None) -> frozenset[str]:
    unknown = [name for name in wanted or () if name not in LAYERS]
    if unknown:
        raise InputError(f"no layer of the map is called {unknown[0]!r}: there are {', '.join(LAYERS)}")
    return frozenset(USUAL if wanted is None else wanted)


def drawn(
    scene: Scene, sheet: Sheet, *, size_mm: tuple[float, float] = SIZE_MM, bounds: Bounds | None = None,
    margin: float = 0.04,
) -> SvgMap:  # fmt: skip
    """A scene on a sheet: of several sheets of one scene, each costs only what it shows."""
    catalogue(sheet.language)  # a language there is not is refused
    if not all(LEAST_MM <= side <= MOST_MM for side in size_mm):
        raise InputError(f"a picture is from {LEAST_MM:g} to {MOST_MM:g} mm wide and high: choose such a size")
    width, height = (round(side * PX_PER_MM, 1) for side in size_mm)
    look = Look(sheet.theme)
    view = View.of(bounds or scene.bounds, width, height, margin, *_bands(scene, look, sheet, width))
    paper = tag("rect", width=width, height=height, fill=look.ink["paper"])
    inner = paper + _body(scene, view, look, sheet)
    return SvgMap(
        tag(
            "svg", inner, xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {number(width)} {number(height)}",
            width=f"{number(size_mm[0])}mm", height=f"{number(size_mm[1])}mm", font_family=families(sheet.language),
            role="img", aria_label=sheet.title,
        )
    )  # fmt: skip


def _body(scene: Scene, view: View, look: Look, sheet: Sheet) -> str:
    shown, parts = sheet.layers, [layers.ground(scene, view, look)]
    hot = "heat" in shown
    if "grids" in shown:
        painter = sheet.painter or layers.load_painter(scene, look, faint=hot)
        parts.append(layers.choropleth(scene, view, painter))
    if "buildings" in shown:
        parts.append(layers.buildings(scene, view, look))
    if hot:
        parts.append(layers.heat(scene, view, look))
    if "overlays" in shown:
        parts.append(layers.overlays(scene, view, look))
    if "grids" in shown:
        parts.append(layers.tier_lines(scene, view, look))
    if sheet.highlight is not None:
        parts.append(layers.highlight(scene, view, look, sheet.highlight))
    if "facilities" in shown:
        parts.append(layers.facilities(scene, view, look))
    places = layers.issue_places(scene, view) if "issues" in shown else []
    if sheet.labels:
        parts.append(_lettering(scene, view, look, sheet, places).svg())
    return "".join([*parts, layers.issues(places, look), _edge(scene, view, look, sheet)])


def _lettering(scene: Scene, view: View, look: Look, sheet: Sheet, places: list[tuple[str, float, float]]) -> Lettering:
    """The labels, which keep clear of issues and of what stands at the edge."""
    written = Lettering(view, look.ink["halo"])
    for _, x, y in places:
        written.keep_free(x, y, layers.SYMBOL_PX / 2 - 2)
    if sheet.scale:
        written.closed.append((view.width - marginalia.SCALE_PX, view.height - 36, view.width, view.height))
    if "grids" in sheet.layers:
        written.add(labels_of(scene, view, look, highlighted=sheet.highlight, owners=sheet.owners))
    written.add(labels_of_things(scene, view, look, buildings="buildings" in sheet.layers))
    return written


def _bands(scene: Scene, look: Look, sheet: Sheet, width: float) -> tuple[float, float]:
    """What is left free above and below for what stands at the edge."""
    above = marginalia.BAND + marginalia.EDGE if sheet.title or sheet.dated else 0.0
    return above, marginalia.height_of(_entries(scene, look, sheet), width)


def _entries(scene: Scene, look: Look, sheet: Sheet) -> list[marginalia.Entry]:
    if not sheet.legend:
        return []
    asked = {row["attention"] for row in scene.issues.rows} if "issues" in sheet.layers else set()
    load = "grids" in sheet.layers and sheet.painter is None
    return marginalia.entries_of(look, sheet.language, load=load, shown=asked)


def _edge(scene: Scene, view: View, look: Look, sheet: Sheet) -> str:
    moment = moment_words(scene.at, sheet.timezone) if sheet.dated else None
    parts = [marginalia.heading(look, sheet.title, moment)]
    if sheet.scale:
        parts.append(marginalia.scale_bar(view, look))
    return "".join([*parts, marginalia.legend(view, look, _entries(scene, look, sheet))])
