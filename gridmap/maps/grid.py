"""The electronic grid map: frames in, a Folium map out."""

from __future__ import annotations

from collections.abc import Collection as Named
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import folium
import geopandas as gpd
import pandas as pd
from folium.elements import JSCSSMixin
from folium.template import Template

from gridmap.domain.frames import BUILDINGS, FACILITIES, GRIDS, GROUND_KINDS, HEAT, ISSUES, OVERLAYS, Shape
from gridmap.errors import InputError
from gridmap.language import DEFAULT, catalogue
from gridmap.maps import features, style, symbols, words
from gridmap.maps.escape import as_script
from gridmap.maps.features import Reader
from gridmap.maps.figure import Assets, LocalFigure
from gridmap.maps.overlays import Overlays
from gridmap.maps.places import bounds
from gridmap.maps.shell import Page, Shell, shell_of

# layer: the frame it is drawn from
SHAPES: Final[dict[str, Shape]] = {
    "grids": GRIDS,
    "buildings": BUILDINGS,
    "facilities": FACILITIES,
    "overlays": OVERLAYS,
    "issues": ISSUES,
    "heat": HEAT,
}

# Where a map of nothing looks.
SOMEWHERE: Final = (104.0, 35.0, 105.0, 36.0)


class Opening(JSCSSMixin):
    """What the script must know before the first layer is made."""

    default_js = [("gridmap_js", "gridmap.js")]  # noqa: RUF012 (as Folium declares them)
    default_css = [("gridmap_css", "gridmap.css")]  # noqa: RUF012
    _template = Template("""
        {% macro script(this, kwargs) %}
            GridMap.configure({{ this._parent.get_name() }}, {{ this.config }});
        {% endmacro %}
    """)

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Opening"
        self.config = as_script(dict(config))


class Behaviour(JSCSSMixin):
    """What the script does once every layer is there."""

    _template = Template("""
        {% macro script(this, kwargs) %}
            GridMap.start({ {%- for name, layer in this.layers.items() %} {{ name }}: {{ layer.get_name() }},
                {%- endfor %} });
        {% endmacro %}
    """)

    def __init__(self, layers: Mapping[str, Any]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Behaviour"
        self.layers = layers


def grid_map(
    frames: Mapping[str, Any],
    *,
    at: datetime,
    layers: Named[str] | None = None,
    language: str = DEFAULT,
    title: str | None = None,
    timezone: str = "Asia/Shanghai",
    assets: Assets = "embedded",
    nonce: str | None = None,
    contacts: bool = False,
    heat_days: int = style.HEAT_DAYS,
    page: Page | None = None,
) -> folium.Map:
    """Draw the grid map of these frames as it is at a moment.

    `page` puts a header, figures and the list of open issues around it. Phones that stand in the frames are shown
    only with `contacts`.
    """
    catalogue(language)
    reader = Reader(language, timezone, at)
    given = _checked(frames, layers)
    if not contacts:
        given["grids"] = given["grids"].drop(columns="phone", errors="ignore")
    issues = features.open_issues(given["issues"], at)
    heat = features.reported_since(given["heat"], at, heat_days)
    figure = LocalFigure(title=title or words.SCREEN["title"].say(language), language=language, assets=assets,
                         nonce=nonce)  # fmt: skip
    drawn = _empty_map(_extent(given))
    shown = set(SHAPES if layers is None else layers)
    Shell(shell_of(drawn.get_name(), issues, heat, shown, reader, heat_days, page)).add_to(figure)
    drawn.add_to(figure)
    Opening(_config(given, language)).add_to(drawn)
    overlays = Overlays(drawn)
    overlays.add_panes()
    _add_layers(overlays, given, issues, heat, shown, reader)
    Behaviour(overlays.layers).add_to(drawn)
    return drawn


def _checked(frames: Mapping[str, Any], layers: Named[str] | None) -> dict[str, Any]:
    """Every frame the map is drawn from: empty where it is not given or not wanted."""
    unknown = [name for name in (*frames, *(layers or ())) if name not in SHAPES]
    if unknown:
        raise InputError(f"no layer of the map is called {unknown[0]!r}: there are {', '.join(SHAPES)}")
    given: dict[str, Any] = {}
    for name, shape in SHAPES.items():
        frame = frames.get(name)
        if frame is None or not len(frame) or (layers is not None and name not in layers):
            given[name] = _no_rows(shape)
        else:
            shape.check(frame)
            given[name] = frame
    return given


def _no_rows(shape: Shape) -> Any:
    columns = {name: pd.Series([], dtype=object) for name in shape.columns if name != "geometry"}
    frame = pd.DataFrame(columns)
    return gpd.GeoDataFrame(frame, geometry=[], crs=4326) if "geometry" in shape.columns else frame


def _extent(given: Mapping[str, Any]) -> tuple[float, float, float, float]:
    top = given["grids"][given["grids"]["tier"] == 1]
    found = bounds([top, given["grids"], given["buildings"], given["issues"], given["facilities"]])
    return found or SOMEWHERE


def _empty_map(extent: tuple[float, float, float, float]) -> folium.Map:
    west, south, east, north = extent
    return folium.Map(
        [(south + north) / 2, (west + east) / 2], zoom_start=16, tiles=None, zoom_control=False, font_size="14px",
        attributionControl=False, maxZoom=21, minZoom=3, zoomSnap=0.1, zoomDelta=0.5, wheelPxPerZoomLevel=90,
    )  # fmt: skip


def _config(given: Mapping[str, Any], language: str) -> dict[str, Any]:
    west, south, east, north = _extent(given)
    return {
        "style": style.as_json(),
        "words": words.spoken(words.LABELS, language),
        "screen": words.spoken(words.SCREEN, language),
        "symbols": {name: symbols.attention_symbol(name) for name in style.ATTENTIONS},
        "plates": symbols.facility_symbols(),
        "bounds": [[south, west], [north, east]],
        "leaf": max((int(tier) for tier in given["grids"]["tier"]), default=3),
    }


def _add_layers(
    overlays: Overlays, given: Mapping[str, Any], issues: Any, heat: Any, shown: set[str], reader: Reader
) -> None:
    tiers = features.grid_features(given["grids"], issues, reader)
    facilities = given["facilities"]
    is_ground = facilities["kind"].isin(GROUND_KINDS)
    overlays.add_ground(facilities, tiers[1])
    overlays.add_grids(tiers)
    overlays.add_buildings(features.building_features(given["buildings"], reader))
    overlays.add_facilities(features.facility_features(facilities[~is_ground], reader))
    overlays.add_overlays(features.overlay_features(given["overlays"], reader))
    if "heat" in shown:
        overlays.add_heat(heat)
    overlays.add_issues(features.issue_features(issues.head(style.MOST_DRAWN), reader))
