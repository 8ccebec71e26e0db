"""A plan as its makers wrote it: every file it names is read, and every value is what its column holds."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from gridmap.domain import codes
from gridmap.domain.findings import Finding, found
from gridmap.domain.model import Site
from gridmap.errors import InputError
from gridmap.operations.outlines import (
    LAYERS,
    TIERS,
    Outline,
    Source,
    completed,
    local_moment,
    name_of,
    shown,
    table_of,
)
from gridmap.spatial.coordinates import metric_crs
from gridmap.spatial.files.layers import read_layer
from gridmap.spatial.files.tables import read_table

# What a column holds, where it is not text for people; faults of codes are left to be found by their rows.
CODES = ("code", "parent", "grid", "building", "person", "deputy", "keeper")
DATES = ("built", "accepted", "delivered", "warranty_until", "inspection_due")
MOMENTS = ("valid_from", "valid_to", "away_from", "away_to")
NUMBERS = ("floors", "households")
TRUTHS = {"true": True, "yes": True, "1": True, "是": True, "false": False, "no": False, "0": False, "否": False}
LARGEST = 2_000_000_000


@dataclass
class Plan:
    """A plan as read: the frames of its layers, and what was wrong with single rows."""

    outline: Outline
    grids: gpd.GeoDataFrame
    layers: dict[str, Any]
    findings: list[Finding]
    metric_epsg: int


def stored_timezone(session: Session, outline: Outline) -> str | None:
    """The time zone of the plan's site, if the store knows the site."""
    return session.scalar(select(Site.timezone).where(Site.code == outline.site.get("code")))


def read_plan(outline: Outline, timezone: str | None = None) -> Plan:
    """Read every file of a plan; what is wrong with a row is a finding, what is wrong with a file an error.

    `timezone` is that of the site as it is stored: times without a zone are in it, unless the plan names another.
    """
    outline = completed(outline, timezone)
    findings: list[Finding] = []
    tiers = [name for name in TIERS if name in outline.sources]
    if not tiers and "grids" not in outline.sources:
        raise InputError("a plan needs grids: --tier1, --tier2 (and --tier3), or one file with --grids and --tier")
    parts = [
        _read_tier(outline, name, findings) for name in (*tiers, *(["grids"] if "grids" in outline.sources else []))
    ]
    grids = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs=4326)
    layers = {
        name: _read(outline, name, findings)
        for name in ("buildings", "units", "facilities", "overlays", "people", "posts")
        if name in outline.sources
    }
    return Plan(outline, grids, layers, findings, _metric_epsg(outline, grids))


def _metric_epsg(outline: Outline, grids: gpd.GeoDataFrame) -> int:
    if "metric_epsg" in outline.site:
        return int(outline.site["metric_epsg"])
    west, south, east, north = grids.total_bounds
    if not np.isfinite([west, south, east, north]).all() or max(-west, east) > 180 or max(-south, north) > 90:
        return 3857  # nothing will be measured: the coordinates themselves are findings
    return metric_crs((west + east) / 2, (south + north) / 2)


def _read_tier(outline: Outline, name: str, findings: list[Finding]) -> gpd.GeoDataFrame:
    frame = _read(outline, name, findings)
    if name in TIERS:
        frame["tier"] = TIERS.index(name) + 1
    elif "tier" not in frame:
        raise InputError(f"{outline.sources[name].file}: which column holds the tier? name it by --tier")
    known = frame["tier"].isin([1, 2, 3])
    findings += [
        found("wrong-value", name, f"{code}: its tier is none of 1, 2, 3", codes=(str(code),))
        for code in frame.loc[~known, "code"]
    ]
    if not known.any():
        raise InputError(
            f"{outline.sources[name].file}: no row of it has a tier of 1, 2 or 3; name its column by --tier"
        )
    kept: gpd.GeoDataFrame = frame[known]
    return kept


def _read(outline: Outline, name: str, findings: list[Finding]) -> Any:
    source, shape = outline.sources[name], LAYERS[name]
    if "geometry" in shape.required:
        frame: Any = read_layer(
            source.file,
            layer=source.layer,
            datum=source.datum,
            crs=source.crs,
            fallback_crs=source.fallback_crs,
            encoding=source.encoding,
            kinds="any" if name == "facilities" else "Polygon",
        )
    else:
        frame = read_table(source.file, encoding=source.encoding)
    frame = _renamed(frame, source, name)
    for column in frame.columns.difference(["geometry"]):
        frame[column] = _valued(frame, column, name, outline, findings)
    if "name" in shape.required and "name" in frame and "code" in frame:
        frame["name"] = frame["name"].where(frame["name"].notna(), frame["code"])
    return frame


def _renamed(frame: Any, source: Source, name: str) -> Any:
    """The columns a layer is made of, under our names; a name that is missing is the code."""
    shape = LAYERS[name]
    kept: dict[str, Any] = {}
    for column in shape.columns:
        if column == "geometry":
            continue
        theirs = source.columns.get(column, column)
        if theirs in frame.columns:
            kept[column] = frame[theirs]
        elif column in source.columns:
            raise InputError(f"{source.file}: it has no column {theirs!r}, but {', '.join(_others(frame))}")
    if "name" in shape.required and "name" not in kept and "code" in kept:
        kept["name"] = kept["code"]
    for column in shape.required:
        if column not in ("geometry", "tier", "parent") and column not in kept:
            option = f"--code{name[-1]}" if name in TIERS and column == "code" else f"[layers.{name}] {column} = …"
            there = ", ".join(_others(frame))
            raise InputError(f"{source.file}: which column holds the {column}? name it by {option}; there are {there}")
    if name in (*TIERS, "grids") and "parent" not in kept:
        kept["parent"] = None
    table = pd.DataFrame(kept, index=frame.index)
    if "geometry" not in shape.required:
        return table
    return gpd.GeoDataFrame(table, geometry=frame.geometry.to_numpy(), crs=4326)


def _others(frame: Any) -> list[str]:
    return [str(column) for column in frame.columns if column != "geometry"]


def _valued(frame: Any, column: str, layer: str, outline: Outline, findings: list[Finding]) -> Any:
    """A column with its values as what they are; one that is not is a finding, and becomes nothing."""
    values = []
    for row, value in enumerate(frame[column]):
        try:
            values.append(_value(column, value, outline))
        except (ValueError, TypeError, OverflowError, InputError) as error:
            code = frame["code"].iloc[row] if "code" in frame else f"row {row + 1}"
            findings.append(found("wrong-value", layer, f"{code}: {column}: {error}", codes=(str(code),)))
            values.append(None)
    return pd.Series(values, index=frame.index, dtype=object)


def _value(column: str, value: Any, outline: Outline) -> Any:
    if value is None or value is pd.NaT or value != value or (isinstance(value, str) and not value.strip()):
        return None
    if column == "tier":
        return next((tier for tier in (1, 2, 3) if str(value).strip() in (f"{tier}", f"{tier}.0")), None)
    if column in NUMBERS:
        return _count(value)
    if column == "in_use":
        truth = value if isinstance(value, bool | np.bool_) else TRUTHS.get(str(value).strip().lower())
        if truth is None:
            raise ValueError(f"{value!r} is neither yes nor no")
        return bool(truth)
    if column in MOMENTS:
        return local_moment(
            value if isinstance(value, str) else pd.Timestamp(value).to_pydatetime(), outline.site.get("timezone")
        )
    if column in DATES:
        moment = local_moment(value if isinstance(value, str) else pd.Timestamp(value).to_pydatetime(), None)
        return moment.date() if moment else None
    if column == "codes":
        return _other_codes(value)
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))  # a code that some program took for a number
    return str(value).strip() if column in CODES else codes.without_control(str(value)) or None


def _count(value: Any) -> int:
    count = float(value)
    if not (math.isfinite(count) and 0 <= count <= LARGEST):
        raise ValueError(f"{shown(value)} is no number from 0 to {LARGEST:,}")
    return int(count)


def _other_codes(value: Any) -> str:
    """A grid's codes in other lists, as JSON: {"list": "code"}."""
    try:
        return json.dumps({name_of(key): name_of(code) for key, code in table_of(json.loads(str(value))).items()})
    except (TypeError, ValueError, RecursionError):
        raise ValueError(f'{shown(value)} is not written like {{"list": "code"}}') from None
