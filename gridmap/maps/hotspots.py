"""How hot spots look: the colours of classes and categories, and a page with the map and the reasons."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from gridmap.domain.insights import CLASSES, EMERGING
from gridmap.language import phrase
from gridmap.maps.layers import Painter
from gridmap.maps.svg import SvgMap, svg_map

TEMPLATES: Final = Path(__file__).parent / "templates"

# Red for hot, blue for cold (ColorBrewer RdBu), told apart by all kinds of colour-blind eyes; on a dark ground what is
# surer is lighter. Each for the light theme and the dark one.
CLASS_COLOURS: Final[dict[int, tuple[str, str]]] = {
    3: ("#b2182b", "#ff6a55"), 2: ("#ef8a62", "#c4523c"), 1: ("#fddbc7", "#7c4238"),
    -1: ("#d1e5f0", "#35536b"), -2: ("#67a9cf", "#3f82b5"), -3: ("#2166ac", "#66b8ff"),
}  # fmt: skip
# What is surer or lasts longer is stronger; what is going or gone is grey, what swings is violet.
CATEGORY_COLOURS: Final[dict[str, tuple[str, str]]] = {
    "new hot": ("#e31a1c", "#ff5a4d"), "consecutive hot": ("#fb6a4a", "#e2694f"),
    "intensifying hot": ("#67000d", "#ff9a8a"), "persistent hot": ("#a50f15", "#ff7d6b"),
    "diminishing hot": ("#fcae91", "#a8604f"), "sporadic hot": ("#fdd0bc", "#7c4238"),
    "oscillating hot": ("#d95f8c", "#c95b8b"), "historical hot": ("#c7a9a1", "#6e5650"),
    "new cold": ("#1f78b4", "#4aa8ee"), "consecutive cold": ("#6baed6", "#4a90c2"),
    "intensifying cold": ("#08306b", "#a3d4ff"), "persistent cold": ("#08519c", "#74bdff"),
    "diminishing cold": ("#bdd7e7", "#4b6c85"), "sporadic cold": ("#d6e4f2", "#35536b"),
    "oscillating cold": ("#6a72c9", "#7f86d6"), "historical cold": ("#a1b4c7", "#52606e"),
}  # fmt: skip
SURGE: Final = "surge"
SURGE_COLOURS: Final = ("#ae017e", "#ff5fc4")
OPACITY: Final = 0.72


def legend(language: str) -> dict[str, Any]:
    """The classes and categories with their names and colours, as a screen shows them."""

    def row(name: str, colours: tuple[str, str], **code: Any) -> dict[str, Any]:
        return {**code, "name": name, "colour": colours[0], "dark": colours[1]}

    return {
        "classes": {
            kind: [
                row(named[bin_].say(language), colours, bin=bin_)
                for bin_, colours in CLASS_COLOURS.items()
                if bin_ in named
            ]
            for kind, named in CLASSES.items()
        },
        "categories": [
            row(EMERGING[code].say(language), colours, code=code) for code, colours in CATEGORY_COLOURS.items()
        ],
        "surge": row(phrase("surge of the last days").say(language), SURGE_COLOURS, code=SURGE),
    }


def painter(found: Mapping[str, str | int]) -> Painter:
    """The colour of each grid by its class or category; none for what may be chance."""
    known: dict[Any, tuple[str, str]] = {**CLASS_COLOURS, **CATEGORY_COLOURS, SURGE: SURGE_COLOURS}

    def paint(code: str, _tier: int) -> tuple[str, float] | None:
        colours = known.get(found.get(code))
        return (colours[0], OPACITY) if colours else None

    return paint


def picture(
    frames: Mapping[str, Any], found: Mapping[str, str | int], at: datetime, *, title: str, language: str, timezone: str
) -> SvgMap:
    """The map of the grids in the colours of what was found."""
    shown = [name for name in ("grids", "buildings", "facilities") if name in frames]
    quiet = {name: frame for name, frame in frames.items() if name in shown}
    return svg_map(
        quiet, at=at, layers=["grids", "buildings"], painter=painter(found), legend=False, title=title,
        language=language, timezone=timezone,
    )  # fmt: skip


def page(
    svg: SvgMap, found: Collection[Any], *, kind: str, title: str, settings: Sequence[str],
    spots: Sequence[Mapping[str, Any]], next_to_do: Mapping[str, Sequence[Mapping[str, Any]]], language: str,
) -> str:  # fmt: skip
    """One file with the map, its legend, what was chosen, why it is hot where it is, and what to do next."""
    rows = legend(language)
    kinds = [row for row in rows["classes"][kind] if row["bin"] in found]
    kinds += [row for row in (*rows["categories"], rows["surge"]) if row["code"] in found]
    pages = Environment(autoescape=True, loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined)
    return pages.get_template("hotspots.html").render(
        svg=Markup(svg), kinds=kinds, title=title, settings=settings, spots=spots, language=language,  # noqa: S704
        next_to_do=next_to_do,
        why=phrase("What stands out there, against the rest").say(language),
        nothing=phrase("Nothing is commoner there than elsewhere.").say(language),
    )  # fmt: skip
