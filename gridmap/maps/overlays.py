"""Folium's layers, put together from frames: Python says what there is, the script how it behaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import folium
import geopandas as gpd
import pandas as pd
from folium.map import CustomPane
from folium.plugins import HeatMap, MarkerCluster
from folium.utilities import JsCode

from gridmap.domain.frames import GROUND_KINDS
from gridmap.maps import features
from gridmap.maps.places import Collection
from gridmap.maps.style import GROUND, HEAT

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
# How finely a heat map tells places apart: about ten metres.
HEAT_DECIMALS: Final = 4


@dataclass
class Overlays:
    """The layers of one map, by the names the script knows them under."""

    map: folium.Map
    layers: dict[str, Any] = field(default_factory=dict)

    def add_panes(self) -> None:
        for name, (height, reachable) in PANES.items():
            CustomPane(name, z_index=height, pointer_events=reachable).add_to(self.map)

    def add_ground(self, facilities: gpd.GeoDataFrame, tier1: Collection) -> None:
        """The paper: what is around, the land of the zones, roads over their edges, then lawns and water."""
        ground = features.ground_features(facilities[facilities["kind"].isin(GROUND_KINDS)])
        by_order: dict[str, list[Any]] = {"around": [], "roads": [], "on_land": []}
        for feature in ground["features"]:
            kind = feature["properties"]["kind"]
            part = "roads" if GROUND[kind].edge else "around" if kind == "block" else "on_land"
            by_order[part].append(feature)
        self._ground("around", by_order["around"])
        self._ground("land", [{**feature, "properties": {}} for feature in tier1["features"]])
        self._ground("on_land", by_order["on_land"])
        self._ground("edge", by_order["roads"])
        self._ground("roads", by_order["roads"])

    def _ground(self, name: str, drawn: list[Any]) -> None:
        style = name if name in ("land", "edge") else "ground"
        self._shapes(name, {"type": "FeatureCollection", "features": drawn}, style, "ground", interactive=False)

    def add_grids(self, tiers: Mapping[int, Collection]) -> None:
        """The cells, which answer to the pointer, and the lines of the tiers above them."""
        leaf = max((tier for tier, found in tiers.items() if found["features"]), default=3)
        for tier in (3, 2, 1):
            lowest = tier == leaf
            pane = "cells" if lowest else "tiers"
            self._shapes(f"tier{tier}", tiers[tier], f"tier{tier}", pane, interactive=lowest, smooth_factor=0)

    def add_buildings(self, found: Collection) -> None:
        self._shapes("buildings", found, "building", "buildings")

    def add_facilities(self, found: Collection) -> None:
        """Points as plates, lines and areas as they run."""
        marker = JsCode("GridMap.facilityMarker")
        self._shapes("facilities", found, "facility", "lines", point_to_layer=marker)

    def add_overlays(self, found: Collection) -> None:
        self._shapes("overlays", found, "overlay", "overlays")

    def add_issues(self, found: Collection) -> None:
        """Each open issue by its symbol; many of them gathered where they stand close."""
        marker = JsCode("GridMap.issueMarker")
        if len(found["features"]) <= CLUSTER_LIMIT:
            self._shapes("issues", found, "issue", None, point_to_layer=marker)
            return
        cluster = MarkerCluster(  # type: ignore[no-untyped-call]
            control=False, icon_create_function="GridMap.clusterIcon", disable_clustering_at_zoom=18,
            max_cluster_radius=36, show_coverage_on_hover=False, spiderfy_on_max_zoom=False,
        ).add_to(self.map)  # fmt: skip
        folium.GeoJson(found, control=False, point_to_layer=marker).add_to(cluster)
        self.layers["issues"] = cluster

    def add_heat(self, heat: pd.DataFrame) -> None:
        """Where much was reported, gathered by place."""
        rounded = heat[["lat", "lon"]].astype(float).round(HEAT_DECIMALS)
        points = rounded.groupby(["lat", "lon"]).size().reset_index().to_numpy().tolist()
        self.layers["heat"] = HeatMap(  # type: ignore[no-untyped-call]
            points, radius=26, blur=22, max_zoom=16, min_opacity=0.08, control=False, show=False, pane="heat",
            gradient={float(share): colour for share, colour in HEAT.items()},
        ).add_to(self.map)  # fmt: skip

    def _shapes(self, name: str, found: Collection, style: str, pane: str | None, **options: Any) -> None:
        if pane is not None:
            options["pane"] = pane
        if pane == "ground" or len(found["features"]) > SVG_LIMIT:
            options["renderer"] = JsCode(f"GridMap.canvas('{pane}')")
        self.layers[name] = folium.GeoJson(
            found, control=False, style=JsCode(f"function(feature) {{ return GridMap.style('{style}', feature); }}"),
            **options,
        ).add_to(self.map)  # fmt: skip
