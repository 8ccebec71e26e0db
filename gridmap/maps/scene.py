"""What a picture of a site is drawn from: its frames, looked through once, found by where they lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridmap.domain.frames import BUILDINGS, FACILITIES, GRIDS, GROUND_KINDS, HEAT, ISSUES, OVERLAYS, Shape
from gridmap.errors import InputError
from gridmap.maps.features import open_issues, rows
from gridmap.maps.places import bounds, label_places, lengths_m
from gridmap.maps.style import LOAD_BREAKS, MAIN_ROAD_M
from gridmap.maps.view import Bounds, View

SHAPES: Final[dict[str, Shape]] = {
    "grids": GRIDS, "buildings": BUILDINGS, "facilities": FACILITIES, "overlays": OVERLAYS, "issues": ISSUES,
    "heat": HEAT,
}  # fmt: skip
# Where a picture of nothing looks.
SOMEWHERE: Final[Bounds] = (104.0, 35.0, 105.0, 36.0)


@dataclass(frozen=True)
class Things:
    """Things of one sort: their shapes in degrees, and what is known of each, in the same order."""

    shapes: NDArray[Any]
    rows: tuple[dict[str, Any], ...]

    @classmethod
    def of(cls, frame: gpd.GeoDataFrame) -> Things:
        found = np.asarray(frame.geometry.array, dtype=object)
        there = ~(shapely.is_missing(found) | shapely.is_empty(found))
        return cls(found[there], tuple(row for row, drawn in zip(rows(frame), there, strict=True) if drawn))

    @cached_property
    def tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.shapes)

    @cached_property
    def labels(self) -> list[dict[str, Any] | None]:
        """Where a label has most room, as `label_places` says it."""
        return label_places(list(self.shapes))

    def within(self, view: View) -> NDArray[np.intp]:
        """Which of them are on the sheet, in their order."""
        if not len(self.shapes):
            return np.zeros(0, dtype=np.intp)
        return np.sort(self.tree.query(shapely.box(*view.bounds)))

    def drawn(self, view: View) -> list[tuple[int, Any]]:
        """Those on the sheet with their shapes in pixels."""
        chosen = self.within(view)
        return [
            (int(number), shape)
            for number, shape in zip(chosen, view.drawn(self.shapes[chosen]), strict=True)
            if shape is not None and not shape.is_empty
        ]


@dataclass(frozen=True)
class Scene:
    """Everything that can be drawn of some frames at a moment, and how much is open in each grid."""

    tiers: Mapping[int, Things]
    ground: Things
    buildings: Things
    facilities: Things
    overlays: Things
    issues: Things
    heat: NDArray[np.float64]
    loads: Mapping[str, float | None]
    at: datetime
    bounds: Bounds
    codes: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def leaf(self) -> int:
        """The lowest tier there is."""
        return max((tier for tier, things in self.tiers.items() if things.rows), default=3)

    @cached_property
    def beginning(self) -> str:
        """What all codes begin with: the site's own code, which a label leaves out."""
        beginnings = {code.partition("-")[0] for code in self.codes}
        shared = f"{next(iter(beginnings))}-" if len(beginnings) == 1 else ""
        return shared if shared and all(code.startswith(shared) for code in self.codes) else ""

    def grid(self, code: str) -> tuple[Any, dict[str, Any]]:
        """The shape of a grid, and what is known of it."""
        if code not in self.codes:
            raise InputError(f"the frames hold no grid {code}: name one of theirs")
        tier, number = self.codes[code]
        return self.tiers[tier].shapes[number], self.tiers[tier].rows[number]

    def above(self, code: str) -> list[str]:
        """The codes of the grids that one lies in, the nearest first."""
        found: list[str] = []
        parent = self.grid(code)[1].get("parent")
        while parent in self.codes and parent not in found:
            found.append(str(parent))
            parent = self.grid(str(parent))[1].get("parent")
        return found

    def short(self, code: str) -> str:
        """A code as a label has it."""
        return code.removeprefix(self.beginning)


def scene_of(frames: Mapping[str, Any], at: datetime) -> Scene:
    """Look through frames with the columns of `domain.frames`; those that are absent are empty."""
    given = {name: _frame(frames.get(name), shape) for name, shape in SHAPES.items()}
    grids, facilities = given["grids"], given["facilities"]
    tiers = {tier: Things.of(grids[grids["tier"] == tier].reset_index(drop=True)) for tier in (1, 2, 3)}
    is_ground = facilities["kind"].isin(GROUND_KINDS)
    issues = open_issues(given["issues"], at)
    return Scene(
        tiers,
        Things.of(_ground(facilities[is_ground].reset_index(drop=True))),
        Things.of(given["buildings"]),
        Things.of(facilities[~is_ground].reset_index(drop=True)),
        Things.of(given["overlays"]),
        Things.of(issues),
        given["heat"][["lon", "lat"]].to_numpy(float),
        _loads(grids, issues),
        at,
        _looked_at(given),
        {row["code"]: (tier, number) for tier, of in tiers.items() for number, row in enumerate(of.rows)},
    )


def _frame(given: Any, shape: Shape) -> Any:
    if given is None:
        empty = pd.DataFrame(columns=list(shape.columns))
        return gpd.GeoDataFrame(empty, geometry="geometry", crs=4326) if "geometry" in shape.columns else empty
    shape.check(given)
    return given


def _looked_at(given: Mapping[str, Any]) -> Bounds:
    return bounds(given[name] for name in ("grids", "buildings", "issues", "facilities")) or SOMEWHERE


def _ground(facilities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Ground with the `drawn` kind of each: a road that leads nowhere is a lane."""
    kinds = [
        "lane" if kind == "road" and "Line" in str(form) and length < MAIN_ROAD_M else kind
        for kind, form, length in zip(facilities["kind"], facilities.geom_type, lengths_m(facilities), strict=True)
    ]
    return facilities.assign(drawn=pd.Series(kinds, index=facilities.index, dtype=object))


def _loads(grids: gpd.GeoDataFrame, issues: gpd.GeoDataFrame) -> dict[str, float | None]:
    """Open issues per 100 households of every grid; None where nobody lives."""
    counts: dict[str, int] = {}
    for row in rows(issues):
        for code in {row.get(name) for name in ("grid", "tier1", "tier2", "tier3")} - {None}:
            counts[str(code)] = counts.get(str(code), 0) + 1
    return {
        row["code"]: 100 * counts.get(row["code"], 0) / row["households"] if row.get("households") else None
        for row in rows(grids)
    }


def load_class(load: float | None) -> int:
    """Which of the fixed classes a load is of."""
    return 0 if load is None else sum(load >= each for each in LOAD_BREAKS)
