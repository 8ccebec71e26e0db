"""The electronic grid map: frames in, a Folium map out; or, for the service's page, a map that asks for its data."""

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

from gridmap.domain.frames import BUILDINGS, FACILITIES, GRIDS, HEAT, ISSUES, OVERLAYS, Shape
from gridmap.errors import InputError
from gridmap.language import DEFAULT, catalogue
from gridmap.maps import features, parts, words
from gridmap.maps.config import Asked, Reader, config_of, past_of
from gridmap.maps.escape import as_script
from gridmap.maps.figure import Assets, LocalFigure
from gridmap.maps.overlays import Overlays
from gridmap.maps.places import bounds
from gridmap.maps.shell import Page, Shell, shell_of
from gridmap.maps.style import HEAT_DAYS, MOST_DRAWN

# layer: the frame it is drawn from
SHAPES: Final[dict[str, Shape]] = {
    "grids": GRIDS,
    "buildings": BUILDINGS,
    "facilities": FACILITIES,
    "overlays": OVERLAYS,
    "issues": ISSUES,
    "heat": HEAT,
}

ON_THE_GROUND: Final = ("buildings", "facilities", "overlays")
# Where a map of nothing looks.
SOMEWHERE: Final = (104.0, 35.0, 105.0, 36.0)


class Opening(JSCSSMixin):
    """What the script must know before the first layer is made."""

    default_js = [(f"gridmap_{name}_js", f"{name}.js") for name in parts.BASE]  # noqa: RUF012 (as Folium declares them)
    default_css = [("gridmap_gridmap_css", "gridmap.css")]  # noqa: RUF012
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
    heat_days: int = HEAT_DAYS,
    page: Page | None = None,
) -> folium.Map:
    """Draw the grid map of these frames as it is at a moment.

    `page` puts a header, figures and the list of open issues around it. Phones that stand in the frames are shown
    only with `contacts`.
    """
    given = _checked(frames, layers)
    if not contacts:
        given["grids"] = given["grids"].drop(columns="phone", errors="ignore")
    issues = features.open_issues(given["issues"], at)
    past = features.reported_since(given["heat"], at, heat_days)
    asked = Asked(
        reader=Reader(language, timezone, at),
        layers=tuple(SHAPES if layers is None else layers),
        bounds=_extent(given),
        leaf=max((int(tier) for tier in given["grids"]["tier"]), default=3),
        counts={"issues": len(issues), **{name: len(given[name]) for name in ON_THE_GROUND},
                **{f"tier{tier}": int((given["grids"]["tier"] == tier).sum()) for tier in (1, 2, 3)}},
        parts=tuple(parts.EVERYWHERE),
        said={
            "total": len(issues),
            "data": {
                **features.grid_features(given["grids"]),
                **{name: features.layer_features(given[name], name) for name in ON_THE_GROUND},
                "issues": features.layer_features(issues.head(MOST_DRAWN), "issues"),
            },
            "past": past_of(past, at, heat_days),
        },
    )  # fmt: skip
    return draw(asked, page=page, title=title, assets=assets, nonce=nonce)


def draw(
    asked: Asked,
    *,
    page: Page | None,
    title: str | None = None,
    assets: Assets = "linked",
    nonce: str | None = None,
    tiles: Mapping[str, bool] | None = None,
) -> folium.Map:
    """The map that was asked for: with data inside, or without for the service's page, which fetches them."""
    reader = asked.reader
    catalogue(reader.language)
    named = title or words.SCREEN["title"].say(reader.language)
    figure = LocalFigure(title=named, language=reader.language, assets=assets, nonce=nonce)
    drawn = _empty_map(asked.bounds or SOMEWHERE)
    Shell(shell_of(drawn.get_name(), reader.language, page)).add_to(figure)
    drawn.add_to(figure)
    Opening(config_of(asked, page, tiles)).add_to(drawn)
    parts.Parts(asked.parts).add_to(drawn)
    overlays = Overlays(drawn, asked.counts, asked.leaf)
    overlays.add_all()
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


def _extent(given: Mapping[str, Any]) -> tuple[float, float, float, float] | None:
    top = given["grids"][given["grids"]["tier"] == 1]
    return bounds([top, given["grids"], given["buildings"], given["issues"], given["facilities"]])


def _empty_map(extent: tuple[float, float, float, float]) -> folium.Map:
    west, south, east, north = extent
    return folium.Map(
        [(south + north) / 2, (west + east) / 2], zoom_start=16, tiles=None, zoom_control=False, font_size="14px",
        attributionControl=False, maxZoom=21, minZoom=3, zoomSnap=0.1, zoomDelta=0.5, wheelPxPerZoomLevel=90,
    )  # fmt: skip
