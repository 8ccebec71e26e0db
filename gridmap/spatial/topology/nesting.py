"""A child lies in its parent, and the children of a parent add up to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from gridmap.domain.findings import Finding, Severity, found
from gridmap.spatial.measures import areas
from gridmap.spatial.topology.pieces import NEGLIGIBLE_M2, TOLERATED_M2, areal, part, place, size, sound
from gridmap.spatial.topology.shares import largest_share

if TYPE_CHECKING:
    import geopandas as gpd

    from gridmap.spatial.topology.pieces import Positions, Shapes

GRAVE_SHARE = 0.05


def derive_parents(children: gpd.GeoDataFrame, parents: gpd.GeoDataFrame) -> pd.Series[str]:
    """Each child's parent: the one it names, else the one that holds most of its area.

    Parameters
    ----------
    children : GeoDataFrame, shape (n,)
        Grids of one tier, with or without a column `parent`.
    parents : GeoDataFrame
        Grids of the tier above, in the same system.

    Returns
    -------
    Series of str or None, shape (n,)
        Codes on the index of `children`; of equal shares the lowest, bytewise; None where the child
        shares no ground with any parent.

    Examples
    --------
    >>> import geopandas as gpd
    >>> parents = gpd.GeoDataFrame({"code": ["P"]}, geometry=[shapely.box(0, 0, 2, 2)], crs=4326)
    >>> children = gpd.GeoDataFrame({"code": ["C"]}, geometry=[shapely.box(0, 0, 1, 1)], crs=4326)
    >>> derive_parents(children, parents).tolist()
    ['P']
    """
    if "parent" in children:
        named = children["parent"].astype(object)
        named = named.where(named.notna() & named.astype(str).str.strip().ne(""), None)
    else:
        named = pd.Series(None, index=children.index, dtype=object)
    missing = named.isna().to_numpy()
    values = named.to_numpy(dtype=object, copy=True)
    values[missing] = largest_share(children[missing].geometry, parents).to_numpy(dtype=object)
    return pd.Series(values, index=children.index, dtype=object, name="parent")


def unknown_parents(children: gpd.GeoDataFrame, parents: gpd.GeoDataFrame) -> list[Finding]:
    """Children whose parent is not a grid of the tier above, `unknown-parent` each.

    Parameters
    ----------
    children, parents : GeoDataFrame
        Grids of one tier with `parent`, and those of the tier above.

    Returns
    -------
    list of Finding

    Examples
    --------
    >>> import geopandas as gpd
    >>> parents = gpd.GeoDataFrame({"code": ["P"], "tier": 1}, geometry=[shapely.box(0, 0, 2, 2)], crs=4326)
    >>> children = parents.assign(code="C", tier=2, parent="Q")
    >>> unknown_parents(children, parents)[0].message
    'grid C names the parent Q, which is no grid of tier 1'
    """
    known = set(parents["code"].astype(str))
    above = int(parents["tier"].iloc[0]) if len(parents) else "the tier above"
    findings = []
    for code, tier, parent in zip(children["code"], children["tier"], children["parent"], strict=True):
        if pd.isna(parent):
            message = f"grid {code} names no parent and lies in no grid of tier {above}"
            findings.append(found("unknown-parent", "grids", message, codes=(str(code),), tier=int(tier)))
        elif str(parent) not in known:
            message = f"grid {code} names the parent {parent}, which is no grid of tier {above}"
            codes = (str(code), str(parent))
            findings.append(found("unknown-parent", "grids", message, codes=codes, tier=int(tier)))
    return findings


def childless_parents(children: gpd.GeoDataFrame, parents: gpd.GeoDataFrame) -> list[Finding]:
    """Grids above the leaf tier that no child names, `childless-parent` each.

    Parameters
    ----------
    children, parents : GeoDataFrame
        Grids of one tier with `parent`, and those of the tier above.

    Returns
    -------
    list of Finding

    Examples
    --------
    >>> import geopandas as gpd
    >>> parents = gpd.GeoDataFrame({"code": ["P"], "tier": 1}, geometry=[shapely.box(0, 0, 2, 2)], crs=4326)
    >>> childless_parents(parents.iloc[:0].assign(parent=None), parents)[0].message
    'grid P of tier 1 has no children, at 1.000000, 1.000000'
    """
    findings = []
    lonely = parents[~parents["code"].isin(children["parent"]) & parents["code"].notna()]
    fit = sound(lonely.geometry.to_numpy())
    for code, tier, shape, known in zip(lonely["code"], lonely["tier"], lonely.geometry, fit, strict=True):
        message = f"grid {code} of tier {tier} has no children{', at ' + place(shape) if known else ''}"
        findings.append(found("childless-parent", "grids", message, codes=(str(code),), tier=int(tier), geometry=shape))
    return findings


def outside_parent(children: gpd.GeoDataFrame, parents: gpd.GeoDataFrame, metric_crs: int) -> list[Finding]:
    """Children that reach out of their parent, a finding for each child.

    Parameters
    ----------
    children, parents : GeoDataFrame, EPSG:4326
        Grids of one tier with `parent`, and those of the tier above; valid shapes. Children of an unknown
        parent are left out.
    metric_crs : int
        EPSG code of the site's projected system in metres.

    Returns
    -------
    list of Finding
        `outside-parent`: an error from 5 % of the child, a warning above 1 m2; what is less is told in one
        note for the tier. Measures in m2.

    Raises
    ------
    InputError, CoordinateError
        If the system does not measure in metres, or not there.

    Examples
    --------
    >>> import geopandas as gpd
    >>> parents = gpd.GeoDataFrame(
    ...     {"code": ["P"], "tier": 1}, geometry=[shapely.box(0, 0, 0.002, 0.002)], crs=4326
    ... )
    >>> children = gpd.GeoDataFrame(
    ...     {"code": ["C"], "tier": 2, "parent": "P"}, geometry=[shapely.box(0, 0, 0.00201, 0.002)], crs=4326
    ... )
    >>> outside_parent(children, parents, 32631)[0].message
    'grid C reaches 247 m2 (0.50 %) out of its parent P at 0.002005, 0.001000'
    """
    row, parent = _families(children, parents)
    child, above = children.geometry.to_numpy()[row], parents.geometry.to_numpy()[parent]
    shapely.prepare(above)
    out = ~shapely.covers(above, child)
    row, parent, child = row[out], parent[out], child[out]
    rest = areal(shapely.difference(child, above[out]))
    ground, whole = areas(rest, metric_crs), areas(child, metric_crs)
    findings = []
    for i in np.flatnonzero(ground > TOLERATED_M2):
        code, parent_code = str(children["code"].iloc[row[i]]), str(parents["code"].iloc[parent[i]])
        share = ground[i] / whole[i]
        message = (
            f"grid {code} reaches {size(ground[i])} ({part(ground[i], whole[i])})"
            f" out of its parent {parent_code} at {place(rest[i])}"
        )
        findings.append(
            found(
                "outside-parent", "grids", message, severity=_severity(share), codes=(code, parent_code),
                tier=int(children["tier"].iloc[row[i]]), measure=float(ground[i]), unit="m2", geometry=rest[i],
            )
        )  # fmt: skip
    return findings + _aggregate("outside-parent", "children reach out of their parents", children, ground)


def uncovered_parent(children: gpd.GeoDataFrame, parents: gpd.GeoDataFrame, metric_crs: int) -> list[Finding]:
    """Ground of a parent that no grid of the child tier covers, a finding for each parent.

    Ground that another parent's child covers is not counted: that child is told by `outside_parent`, and
    one fault is accepted once.

    Parameters
    ----------
    children, parents : GeoDataFrame, EPSG:4326
        Grids of one tier with `parent`, and those of the tier above; valid shapes. Parents without any
        children are left to `childless_parents`.
    metric_crs : int
        EPSG code of the site's projected system in metres.

    Returns
    -------
    list of Finding
        `uncovered-parent`: an error from 5 % of the parent, a warning above 1 m2; what is less is told in
        one note for the tier. Measures in m2.

    Raises
    ------
    InputError, CoordinateError
        If the system does not measure in metres, or not there.

    Examples
    --------
    >>> import geopandas as gpd
    >>> parents = gpd.GeoDataFrame(
    ...     {"code": ["P"], "tier": 1}, geometry=[shapely.box(0, 0, 0.002, 0.002)], crs=4326
    ... )
    >>> children = gpd.GeoDataFrame(
    ...     {"code": ["C"], "tier": 2, "parent": "P"}, geometry=[shapely.box(0, 0, 0.001, 0.002)], crs=4326
    ... )
    >>> uncovered_parent(children, parents, 32631)[0].message
    'no child covers 24,666 m2 (50.00 %) of grid P at 0.001500, 0.001000'
    """
    rows, rest = _uncovered(children, parents)
    ground, whole = areas(rest, metric_crs), areas(parents.geometry.to_numpy()[rows], metric_crs)
    findings = []
    for i in np.flatnonzero(ground > TOLERATED_M2):
        code, share = str(parents["code"].iloc[rows[i]]), ground[i] / whole[i]
        message = f"no child covers {size(ground[i])} ({part(ground[i], whole[i])}) of grid {code} at {place(rest[i])}"
        findings.append(
            found(
                "uncovered-parent", "grids", message, severity=_severity(share), codes=(code,),
                tier=int(parents["tier"].iloc[rows[i]]), measure=float(ground[i]), unit="m2", geometry=rest[i],
            )
        )  # fmt: skip
    return findings + _aggregate("uncovered-parent", "parents have ground no child covers", parents, ground)


def _uncovered(children: gpd.GeoDataFrame, parents: gpd.GeoDataFrame) -> tuple[Positions, Shapes]:
    """Which parents have children, and what these leave of them."""
    row, parent = _families(children, parents)
    shapes = children.geometry.to_numpy()
    families = pd.Series(row).groupby(parent)
    rows = np.array(list(families.groups), dtype=np.intp)
    unions = np.array([shapely.union_all(shapes[own]) for _, own in families], dtype=object)
    rest = areal(shapely.difference(parents.geometry.to_numpy()[rows], unions))
    first, other = shapely.STRtree(shapes).query(rest, predicate="intersects")
    for i in np.unique(first):
        rest[i] = shapely.difference(rest[i], shapely.union_all(shapes[other[first == i]]))
    return rows, areal(rest)


def _families(children: gpd.GeoDataFrame, parents: gpd.GeoDataFrame) -> tuple[Positions, Positions]:
    """The positions of the children whose parent is known, and of those parents."""
    rows = np.flatnonzero((parents["code"].notna() & ~parents["code"].duplicated()).to_numpy())
    parent = pd.Index(parents["code"].iloc[rows]).get_indexer(pd.Index(children["parent"]))
    row = np.flatnonzero((parent >= 0) & children["parent"].notna().to_numpy())
    return row, rows[parent[row]]


def _aggregate(check: str, what: str, grids: gpd.GeoDataFrame, ground: np.ndarray) -> list[Finding]:
    """One note for all that is too small to be told by itself."""
    small = ground[(ground >= NEGLIGIBLE_M2) & (ground <= TOLERATED_M2)]
    if not len(small):
        return []
    total = float(small.sum())
    message = f"{len(small)} {what} by {TOLERATED_M2:g} m2 or less, {size(total)} altogether"
    tier = int(grids["tier"].iloc[0])
    return [found(check, "grids", message, severity="note", tier=tier, measure=total, unit="m2")]


def _severity(share: float) -> Severity:
    return "error" if share >= GRAVE_SHARE else "warning"
