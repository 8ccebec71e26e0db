"""Folium's layers, empty: Python says what there is and where it lies, the script fills them and how they behave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import folium
from folium.map import CustomPane
from folium.plugins import HeatMap, MarkerCluster
from folium.utilities import JsCode

from gridmap.maps.style import HEAT

# pane: its height, and whether what lies in it can be pointed at; issues lie in Leaflet's own pane for markers, at 600
PANES: Final = {
    "ground": (200, False),
    "cells": (220, True),
    "buildings": (230, True),
    "lines": (235, True),
    "heat": (240, False),
    "overlays": (245, True),
    "tiers": (250, False),
    "facilities": (560, True),
    "labels": (590, False),
}

# Beyond these counts a layer is drawn on canvas, or gathered into clusters.
SVG_LIMIT: Final = 1_500
CLUSTER_LIMIT: Final = 300

# The ground, from the lowest up: what is around, the land of the zones, roads over their edges, lawns and water.
GROUND_LAYERS: Final = {"around": "ground", "land": "land", "on_land": "ground", "edge": "edge", "roads": "ground"}
NOTHING: Final[dict[str, Any]] = {"type": "FeatureCollection", "features": []}


@dataclass
class Overlays:
    """The layers of one map, by the names the script knows them under; the script fills them."""

    map: folium.Map
    counts: Mapping[str, int]
    leaf: int
    layers: dict[str, Any] = field(default_factory=dict)

    def add_all(self) -> None:
        """Everything a map can show, in the order in which it lies."""
        for name, (height, reachable) in PANES.items():
            CustomPane(name, z_index=height, pointer_events=reachable).add_to(self.map)
        for name, style in GROUND_LAYERS.items():
            self._shapes(name, style, "ground", interactive=False)
        self._add_grids()
        self._shapes("buildings", "building", "buildings")
        # Points as plates, lines and areas as they run.
        self._shapes("facilities", "facility", "lines", point_to_layer=JsCode("GridMap.facilityMarker"))
        self._shapes("overlays", "overlay", "overlays")
        self._add_heat()
        self._add_issues()

    def _add_grids(self) -> None:
        """The cells, which answer to the pointer, and the lines of the tiers above them."""
        self._shapes("casing", "casing", "tiers", interactive=False)
        for tier in (3, 2, 1):
            lowest = tier == self.leaf
            pane = "cells" if lowest else "tiers"
            self._shapes(f"tier{tier}", f"tier{tier}", pane, interactive=lowest, smooth_factor=0)

    def _add_heat(self) -> None:
        self.layers["heat"] = HeatMap(  # type: ignore[no-untyped-call]
            [], radius=26, blur=22, max_zoom=16, min_opacity=0.08, control=False, show=False, pane="heat",
            gradient={float(share): colour for share, colour in HEAT.items()},
        ).add_to(self.map)  # fmt: skip

    def _add_issues(self) -> None:
        """Each open issue by its symbol; many of them gathered where they stand close."""
        if self.counts.get("issues", 0) <= CLUSTER_LIMIT:
            self._shapes("issues", "issue", None, point_to_layer=JsCode("GridMap.issueMarker"))
            return
        self.layers["issues"] = MarkerCluster(  # type: ignore[no-untyped-call]
            control=False, icon_create_function="GridMap.clusterIcon", disable_clustering_at_zoom=18,
            max_cluster_radius=36, show_coverage_on_hover=False, spiderfy_on_max_zoom=False, chunked_loading=True,
        ).add_to(self.map)  # fmt: skip

    def _shapes(self, name: str, style: str, pane: str | None, **options: Any) -> None:
        if pane is not None:
            options["pane"] = pane
        if pane == "ground" or self.counts.get(name, 0) > SVG_LIMIT:
            options["renderer"] = JsCode(f"GridMap.canvas('{pane}')")
        self.layers[name] = folium.GeoJson(
            NOTHING, control=False, style=JsCode(f"function(feature) {{ return GridMap.style('{style}', feature); }}"),
            **options,
        ).add_to(self.map)  # fmt: skip
