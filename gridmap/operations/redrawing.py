"""What a hand does to grids: corners moved, shapes drawn, grids divided, joined, carved out of others, taken away."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely import GeometryType
from shapely.geometry.base import BaseGeometry

from gridmap.domain import codes
from gridmap.errors import FieldError, ForbiddenError, NotFoundError, RefusedError
from gridmap.spatial.measures import areas
from gridmap.spatial.topology import (
    conformed,
    derive_parents,
    divided,
    invalid_rings,
    joined,
    moved,
    outlined,
    snap_to_lattice,
    without,
)
from gridmap.spatial.topology.pieces import sound

Place = tuple[float, float]
Shapes = NDArray[np.object_]
# What a corner on the lattice shifts when a neighbour's edge takes it.
UNCHANGED_M2: Final = 0.05


@dataclass(frozen=True)
class Drawn:
    """A grid as it was drawn: what is not said of one that is there stays as it is."""

    code: str
    name: str | None = None
    parent: str | None = None
    shape: BaseGeometry | None = None


@dataclass(frozen=True)
class Changes:
    """What was done to a draft since it was saved: corners moved with all that share them, then the rest."""

    drawn: tuple[Drawn, ...] = ()
    removed: tuple[str, ...] = ()
    moves: tuple[tuple[Place, Place], ...] = ()


@dataclass(frozen=True)
class Sheet:
    """The grids of a draft as they are drawn upon, and how much of them somebody may change (None for all)."""

    grids: gpd.GeoDataFrame
    leaf_tier: int
    metric_epsg: int
    roots: tuple[str, ...] | None = None
    taken: frozenset[str] = field(default_factory=frozenset)  # codes that no new grid may have

    @property
    def leaves(self) -> gpd.GeoDataFrame:
        leaves: gpd.GeoDataFrame = self.grids[self.grids["tier"] == self.leaf_tier]
        return leaves

    @property
    def parents(self) -> dict[str, str | None]:
        return dict(zip(self.grids["code"], self.grids["parent"], strict=True))

    @property
    def own(self) -> frozenset[str]:
        """The codes of the grids that may be changed."""
        return frozenset(self.parents) if self.roots is None else below(self.parents, self.roots)

    def shape(self, code: str) -> BaseGeometry:
        """The ground of a leaf that may be changed."""
        found = self.leaves[self.leaves["code"] == code]
        if not len(found):
            raise NotFoundError(f"the draft has no grid {code} of tier {self.leaf_tier}")
        if code not in self.own:
            raise ForbiddenError(f"{code} is not on your ground")
        ground: BaseGeometry = found.geometry.iloc[0]
        return ground


def below(parents: Mapping[str, str | None], roots: Iterable[str]) -> frozenset[str]:
    """The codes of some grids and of all below them."""
    found = {code for code in roots if code in parents}
    while more := {code for code, parent in parents.items() if parent in found} - found:
        found |= more
    return frozenset(found)


# ---------------------------------------------------------------- changes


def redrawn(sheet: Sheet, changes: Changes) -> Sheet:
    """The sheet with changes: neighbours keep to common edges, and parents follow their children."""
    grids = sheet.grids
    for start, end in changes.moves:
        grids = _with_corner_moved(sheet, grids, start, end)
    grids = _with_drawn(sheet, grids, changes.drawn)
    grids = _without(sheet, grids, changes.removed)
    touched = {each.code for each in changes.drawn} | _changed(sheet.grids, grids)
    grids = _conformed(sheet, grids, touched)
    grids = _without_childless(sheet, grids)
    grids = outlined(grids, _above(sheet, grids))
    result = replace(sheet, grids=grids.reset_index(drop=True))
    _refuse_beyond(sheet, result)
    return result


def _with_corner_moved(sheet: Sheet, grids: gpd.GeoDataFrame, start: Place, end: Place) -> gpd.GeoDataFrame:
    leaves = (grids["tier"] == sheet.leaf_tier).to_numpy()
    shapes = np.array(grids.geometry.to_numpy(), dtype=object)
    shapes[leaves] = moved(shapes[leaves], start, end)
    if (shapes == grids.geometry.to_numpy()).all():
        raise FieldError("moves", f"no grid has a corner at {start[0]:.7f}, {start[1]:.7f}")
    return snap_to_lattice(_with_shapes(grids, shapes))


def _with_shapes(grids: gpd.GeoDataFrame, shapes: Iterable[Any]) -> gpd.GeoDataFrame:
    return grids.set_geometry(gpd.GeoSeries(list(shapes), index=grids.index, crs=grids.crs))


def _with_drawn(sheet: Sheet, grids: gpd.GeoDataFrame, drawn: Iterable[Drawn]) -> gpd.GeoDataFrame:
    rows = {code: row for row, code in enumerate(grids["code"])}
    table: list[dict[Any, Any]] = grids.drop(columns="geometry").to_dict("records")
    shapes: list[BaseGeometry | None] = list(grids.geometry)
    for each in drawn:
        if each.code not in rows:
            rows[each.code] = len(table)
            table.append(_new_row(sheet, each))
            shapes.append(each.shape)
        row, stored = rows[each.code], table[rows[each.code]]
        said = {"name": each.name, "parent": each.parent}
        stored |= {name: value for name, value in said.items() if value is not None}
        if each.shape is not None and stored["tier"] == sheet.leaf_tier:
            shapes[row] = each.shape
    frame = pd.DataFrame(table, columns=[name for name in grids.columns if name != "geometry"]).astype(object)
    frame = frame.where(frame.notna(), None).astype({"tier": int})
    return _with_parents(sheet, snap_to_lattice(gpd.GeoDataFrame(frame, geometry=plain(shapes), crs=4326)))


def _new_row(sheet: Sheet, each: Drawn) -> dict[str, Any]:
    if fault := codes.fault_of(each.code):
        raise FieldError("code", f"the code {each.code!r} {fault}")
    if each.shape is None:
        raise FieldError("geometry", f"{each.code} is a new grid: it needs its ground")
    return {"code": each.code, "name": each.name or each.code, "tier": sheet.leaf_tier, "parent": each.parent,
            "households": None, "codes": {}}  # fmt: skip


def _with_parents(sheet: Sheet, grids: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The grids with a parent for each new one that names none: whose ground it mostly lies on."""
    orphans = (grids["parent"].isna() & (grids["tier"] == sheet.leaf_tier)).to_numpy()
    if sheet.leaf_tier > 1 and orphans.any():
        above = sheet.grids[sheet.grids["tier"] == sheet.leaf_tier - 1]
        grids.loc[orphans, "parent"] = derive_parents(grids[orphans], above).to_numpy()
    return grids


def _without(sheet: Sheet, grids: gpd.GeoDataFrame, removed: Iterable[str]) -> gpd.GeoDataFrame:
    for code in removed:
        if code not in sheet.parents:
            raise NotFoundError(f"the draft has no grid {code} to take away")
    kept: gpd.GeoDataFrame = grids[~grids["code"].isin(list(removed))]
    return kept.reset_index(drop=True)


def _changed(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> set[str]:
    """The codes of grids that are new, gone, or of another shape, name or parent."""
    columns = ["name", "parent", "geometry"]
    old = dict(zip(before["code"], before[columns].itertuples(index=False, name=None), strict=True))
    new = dict(zip(after["code"], after[columns].itertuples(index=False, name=None), strict=True))
    return {code for code in old.keys() | new.keys() if not _same(old.get(code), new.get(code))}


def _same(old: tuple[Any, ...] | None, new: tuple[Any, ...] | None) -> bool:
    if old is None or new is None:
        return False
    return old[:-1] == new[:-1] and (
        old[-1] is new[-1] or bool(shapely.normalize(old[-1]) == shapely.normalize(new[-1]))
    )


def plain(shapes: Iterable[BaseGeometry | None]) -> Shapes:
    """Shapes of which an area of one part is no longer said to be several."""
    found = np.array([*shapes, None], dtype=object)[:-1]
    alone = (shapely.get_type_id(found) == GeometryType.MULTIPOLYGON) & (shapely.get_num_geometries(found) == 1)
    found[alone] = shapely.get_geometry(found[alone], 0)
    return found


def _conformed(sheet: Sheet, grids: gpd.GeoDataFrame, touched: Iterable[str]) -> gpd.GeoDataFrame:
    leaves = (grids["tier"] == sheet.leaf_tier).to_numpy()
    shapes = np.array(grids.geometry.to_numpy(), dtype=object)
    shapes[leaves] = conformed(grids[leaves], touched).geometry.to_numpy()
    return _with_shapes(grids, shapes)


def _without_childless(sheet: Sheet, grids: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The grids without those whose last child has gone."""
    had = set(sheet.grids["parent"].dropna())
    for tier in range(sheet.leaf_tier - 1, 0, -1):
        left = set(grids["parent"].dropna())
        gone = (grids["tier"] == tier) & grids["code"].isin(had) & ~grids["code"].isin(left)
        grids = grids[~gone]
    return grids


def _above(sheet: Sheet, grids: gpd.GeoDataFrame) -> set[str]:
    """The grids above those that have changed, as they were and as they are."""
    found: set[str] = set()
    for code in _changed(sheet.grids, grids):
        for parents in (sheet.parents, dict(zip(grids["code"], grids["parent"], strict=True))):
            above = parents.get(code)
            while above is not None and above not in found:
                found.add(above)
                above = parents.get(above)
    return found


def _refuse_beyond(before: Sheet, after: Sheet) -> None:
    """Refuse what reaches beyond the ground of somebody who directs a part: others' grids, and the line to them."""
    if before.roots is None or not sound(after.leaves.geometry.to_numpy()).all():
        return
    strange = (frozenset(before.parents) - before.own) | (frozenset(after.parents) - after.own)
    old, new = (dict(zip(sheet.leaves["code"], sheet.leaves.geometry, strict=True)) for sheet in (before, after))
    of_others = [(old.get(code), new.get(code)) for code in strange if code in old or code in new]
    whole = [
        shapely.union_all([shape for code, shape in leaves.items() if code in sheet.own])
        for leaves, sheet in ((old, before), (new, after))
    ]
    pairs = [*of_others, (whole[0], whole[1])]
    shifts = [one.symmetric_difference(other) for one, other in pairs if one is not None and other is not None]
    shifted = areas(np.array(shifts, dtype=object), before.metric_epsg) > UNCHANGED_M2
    if shifted.any() or len(shifts) < len(pairs):
        raise ForbiddenError(
            "this reaches beyond your ground: others share its outline, whoever directs the whole site moves that"
        )


def refuse_unfit(sheet: Sheet) -> None:
    """Refuse shapes that cannot be kept, not even in a draft."""
    faults = invalid_rings(sheet.leaves.reset_index(drop=True), "grids")
    if faults:
        raise RefusedError(f"{faults[0].message}: put it right first")


def fit(sheet: Sheet) -> Sheet:
    """The sheet without leaves whose shape is none: nothing can be measured against them."""
    unfit = (sheet.grids["tier"] == sheet.leaf_tier).to_numpy() & ~sound(sheet.grids.geometry.to_numpy())
    return replace(sheet, grids=sheet.grids[~unfit].reset_index(drop=True)) if unfit.any() else sheet


def difference(before: Sheet, after: Sheet) -> tuple[gpd.GeoDataFrame, list[str]]:
    """The grids that are new or not as they were, and the codes of those that are gone."""
    changed = _changed(before.grids, after.grids)
    kept: gpd.GeoDataFrame = after.grids[after.grids["code"].isin(list(changed))]
    return kept, sorted(changed - set(after.grids["code"]))


# ---------------------------------------------------------------- what the server draws


def split(sheet: Sheet, code: str, line: BaseGeometry) -> Changes:
    """A grid divided by a line: the largest piece keeps the code, and so the owner."""
    pieces = divided(sheet.shape(code), line)
    row = sheet.leaves[sheet.leaves["code"] == code].iloc[0]
    new = _new_codes(sheet, code, len(pieces) - 1)
    return Changes(
        (
            Drawn(code, shape=pieces[0]),
            *(Drawn(each, each, row["parent"], piece) for each, piece in zip(new, pieces[1:], strict=True)),
        )
    )


def merge(sheet: Sheet, names: Iterable[str]) -> Changes:
    """Neighbours made one: the first keeps its code, name, parent and owner, the others are gone."""
    first, *others = dict.fromkeys(names)
    if not others:
        raise FieldError("codes", "two grids at least are merged")
    shapes = np.array([sheet.shape(code) for code in (first, *others)], dtype=object)
    return Changes((Drawn(first, shape=joined(shapes)),), tuple(others))


def carve(sheet: Sheet, ground: BaseGeometry, code: str | None = None, name: str | None = None) -> Changes:
    """A new grid that takes its ground from those which have it; a grid that loses all of it is gone."""
    leaves = sheet.leaves
    if fault := invalid_rings(gpd.GeoDataFrame({"code": ["new"]}, geometry=[ground], crs=4326), "grids"):
        raise FieldError("geometry", fault[0].message)
    new = _new_row(sheet, Drawn("new", shape=ground)) | {"geometry": ground}
    # Its corners first, so that what is taken ends where the neighbours' corners are.
    tied = conformed(
        snap_to_lattice(gpd.GeoDataFrame(pd.concat([leaves, pd.DataFrame([new])]), geometry="geometry", crs=4326)),
        ["new"],
    )
    whole = np.array(tied.geometry.to_numpy(), dtype=object)
    ground, shapes = whole[-1], whole[:-1]
    if not sound(whole[-1:])[0]:
        raise FieldError("geometry", "the new grid is too small to be drawn")
    rest = without(shapes, ground)
    hit = [row for row in range(len(rest)) if rest[row] is not shapes[row]]
    losing = leaves.iloc[hit]
    for each in losing["code"]:
        sheet.shape(each)
    most = max(hit, key=lambda row: float(shapely.area(shapely.intersection(shapes[row], ground))), default=None)
    neighbour = leaves.iloc[most if most is not None else 0]
    code = code or _new_codes(sheet, str(neighbour["code"]), 1)[0]
    drawn = [Drawn(str(leaves["code"].iloc[row]), shape=rest[row]) for row in hit if rest[row] is not None]
    gone = [str(leaves["code"].iloc[row]) for row in hit if rest[row] is None]
    return Changes((*drawn, Drawn(code, name or code, neighbour["parent"], ground)), tuple(gone))


def _new_codes(sheet: Sheet, like: str, count: int) -> list[str]:
    """Codes in the manner of another, which no grid of the site ever had."""
    stem, digits = found.groups() if (found := re.match(r"^(.*?)(\d{1,9})$", like)) else (f"{like}-", "1")
    taken = sheet.taken | set(sheet.parents)
    numbers = [int(code[len(stem) :]) for code in taken if re.fullmatch(re.escape(stem) + r"\d{1,9}", code)]
    after = max([*numbers, int(digits)])
    return [f"{stem}{after + n:0{len(digits)}d}" for n in range(1, count + 1)]
