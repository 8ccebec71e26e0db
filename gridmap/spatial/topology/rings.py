"""What can be wrong with a row by itself: its code and its shape."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from shapely import GeometryType

from gridmap.domain.findings import Finding, found
from gridmap.spatial.topology.pieces import AREAL, listed

if TYPE_CHECKING:
    import geopandas as gpd
    from shapely.geometry.base import BaseGeometry

LONGEST_CODE = 64

# A layer that is not named here takes any shape.
SHAPES: dict[str, tuple[GeometryType, ...]] = {
    "grids": AREAL,
    "buildings": AREAL,
    "units": AREAL,
    "overlays": AREAL,
}

_PLACE = re.compile(r"(?P<fault>[^\[]*)\[(?P<lon>[^ \]]+) (?P<lat>[^ \]]+)")


def invalid_rings(frame: gpd.GeoDataFrame, layer: str) -> list[Finding]:
    """Rows whose shape is missing, of another type than the layer's, or crosses or touches itself.

    Parameters
    ----------
    frame : GeoDataFrame, EPSG:4326
        With `code`, and `tier` if it has tiers.
    layer : str
        The name of the frame's columns, such as `grids`.

    Returns
    -------
    list of Finding
        At most one a row: `empty-geometry`, `wrong-geometry` or `invalid-geometry`. Nothing is repaired:
        what a bow tie was meant to be, only its author knows.

    Examples
    --------
    >>> import geopandas as gpd
    >>> bow = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    >>> frame = gpd.GeoDataFrame({"code": ["A"]}, geometry=[bow], crs=4326)
    >>> invalid_rings(frame, "grids")[0].message
    'grid A: the ring crosses itself at 0.500000, 0.500000'
    """
    shapes = frame.geometry.to_numpy()
    nothing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    types = shapely.get_type_id(shapes)
    fit = np.isin(types, SHAPES[layer]) if layer in SHAPES else types >= 0
    wrong = ~nothing & ~fit
    invalid = ~nothing & fit & ~shapely.is_valid(shapes)
    findings: dict[int, Finding] = {}
    for row in map(int, np.flatnonzero(nothing)):
        findings[row] = _about(frame, row, layer, "empty-geometry", "has no shape")
    for row in map(int, np.flatnonzero(wrong)):
        findings[row] = _about(
            frame, row, layer, "wrong-geometry", f"is a {shapes[row].geom_type}, {layer} are areas", shapes[row]
        )
    for row in map(int, np.flatnonzero(invalid)):
        findings[row] = _invalid(frame, row, layer, shapely.is_valid_reason(shapes[row]))
    return [findings[row] for row in sorted(findings)]


def _invalid(frame: gpd.GeoDataFrame, row: int, layer: str, reason: str) -> Finding:
    match = _PLACE.match(reason)
    fault = _FAULTS.get(match["fault"] if match else reason, (match["fault"] if match else reason).lower())
    try:
        lon, lat = (float(match["lon"]), float(match["lat"])) if match else (np.nan, np.nan)
    except ValueError:
        lon = lat = np.nan
    if not np.isfinite([lon, lat]).all():
        return _about(frame, row, layer, "invalid-geometry", fault)
    at = shapely.Point(lon, lat)
    return _about(frame, row, layer, "invalid-geometry", f"{fault} at {lon:.6f}, {lat:.6f}", at)


# What the geometry library calls a fault, and what a person does.
_FAULTS = {
    "Self-intersection": "the ring crosses itself",
    "Ring Self-intersection": "the ring touches itself",
    "Too few points in geometry component": "a ring has fewer than three corners",
    "Hole lies outside shell": "a hole lies outside",
    "Holes are nested": "a hole lies in another",
    "Nested shells": "a part lies in another",
    "Interior is disconnected": "holes cut the area in two",
    "Duplicate Rings": "a ring is there twice",
    "Invalid Coordinate": "a coordinate is not a number",
    "Ring is not closed": "a ring is not closed",
}


def _about(
    frame: gpd.GeoDataFrame,
    row: int,
    layer: str,
    check: str,
    fault: str,
    shape: BaseGeometry | None = None,
) -> Finding:
    code, tier = frame["code"].iloc[row], frame["tier"].iloc[row] if "tier" in frame else None
    name = f"row {row + 1} of {layer}" if pd.isna(code) else f"{layer.removesuffix('s')} {code}"
    link = " " if fault.startswith(("has ", "is ")) else ": "
    return found(
        check,
        layer,
        f"{name}{link}{fault}",
        codes=() if pd.isna(code) else (str(code),),
        tier=None if pd.isna(tier) else int(tier),
        geometry=shape,
    )


def duplicate_codes(frame: pd.DataFrame, layer: str, columns: tuple[str, ...] = ("code",)) -> list[Finding]:
    """Rows without a code, with an unfit one, or with one that another row has.

    Parameters
    ----------
    frame : DataFrame
        With the columns that make up the code.
    layer : str
        The name of the frame's columns, such as `grids`.
    columns : tuple of str
        What has to be unique together; for units `building` and `code`.

    Returns
    -------
    list of Finding
        `missing-code` for each blank, over-long or unprintable code, `duplicate-code` once for each code
        that stands on several rows. Rows count from 1.

    Examples
    --------
    >>> frame = pd.DataFrame({"code": ["A", "B", "A", " "]})
    >>> [finding.message for finding in duplicate_codes(frame, "grids")]
    ['row 4 of grids has no code', 'A stands on rows 1 and 3 of grids']
    """
    findings = []
    whole: dict[tuple[str, ...], list[int]] = {}
    for row, values in enumerate(frame[list(columns)].itertuples(index=False), start=1):
        faults = [(value, fault) for value in values if (fault := _unfit(value))]
        for value, fault in faults[:1]:
            codes = () if pd.isna(value) or not str(value).strip() else (str(value),)
            message = f"row {row} of {layer} {fault}"
            findings.append(found("missing-code", layer, message, codes=codes, tier=_tier(frame, row)))
        if not faults:
            whole.setdefault(tuple(map(str, values)), []).append(row)
    for code, rows in whole.items():
        if len(rows) > 1:
            name = "/".join(code)
            message = f"{name} stands on rows {listed(tuple(map(str, rows)))} of {layer}"
            findings.append(found("duplicate-code", layer, message, codes=(name,), tier=_tier(frame, rows[0])))
    return findings


def _tier(frame: pd.DataFrame, row: int) -> int | None:
    tier = frame["tier"].iloc[row - 1] if "tier" in frame else None
    return None if pd.isna(tier) else int(tier)


def _unfit(code: Any) -> str:
    """What is wrong with a code, or nothing."""
    if pd.isna(code) or not str(code).strip():
        return "has no code"
    text = str(code)
    if len(text) > LONGEST_CODE:
        return f"has a code of {len(text)} characters, {LONGEST_CODE} are allowed: {text[:16]!a}…"
    if any(unicodedata.category(letter) in _UNPRINTABLE for letter in text):
        return f"has a code with characters that cannot be printed: {text!a}"
    return ""


_UNPRINTABLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
