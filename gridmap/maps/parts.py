"""The parts of the page: a script each, perhaps a style, and what they say."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

from folium.elements import JSCSSMixin
from folium.template import Template

from gridmap.maps.assets import STATIC
from gridmap.maps.words import spoken
from gridmap.maps.words.parts import OF_PARTS

# What a map stands on, in this order.
BASE: Final = ("gridmap", "looks", "things", "legend")
# What stands in every map, also in one that is a file: names on the ground, the list, small cards, the slider of time.
EVERYWHERE: Final = ("labels", "list", "card", "slider")
# What asks the service: what lives, and what can be done from here.
OF_SERVICE: Final = ("live", "tiles", "ground", "hotspots", "desk", "drawing")
# part: its scripts in the order they are loaded, the first of which registers it; one without a row is its own script
FILES: Final = {
    "slider": ("past", "slider", "heat", "clusters", "choropleth"),
    "tiles": ("tiles", "vectors", "sheets", "painting", "marks", "names"),
    "desk": ("desk", "places", "issue", "fields", "acting", "handing", "exporting"),
    "drawing": ("drawing", "shaping", "judging"),
}
# part: what of others it needs in the page
NEEDS: Final = {"drawing": ("geoman_js", "geoman_css")}


class Parts(JSCSSMixin):
    """Loads the scripts and the style of each part; they register themselves."""

    _template = Template("")

    def __init__(self, names: Collection[str]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Parts"
        files = [*_needed(names), *(found for name in names for found in _own(name))]
        self.default_js = [(name, f"{name}.js") for name in files if name.endswith("_js")]
        self.default_css = [(name, f"{name}.css") for name in files if name.endswith("_css")]


def _needed(names: Collection[str]) -> Iterator[str]:
    for name in names:
        yield from NEEDS.get(name, ())


def _own(name: str) -> Iterator[str]:
    files = (*((script, "js") for script in FILES.get(name, (name,))), (name, "css"))
    for file, suffix in files:
        if (STATIC / f"{file}.{suffix}").is_file():
            yield f"gridmap_{file}_{suffix}"


def words_of(names: Collection[str], language: str) -> dict[str, Any]:
    """What the parts say, by their names."""
    return {name: spoken(OF_PARTS[name], language) for name in names if name in OF_PARTS}
