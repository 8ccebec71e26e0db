"""A plan as its makers write it: a TOML file or options of the command line, and the files these name."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import geopandas as gpd
import numpy as np
import pandas as pd

from gridmap.domain.categories import GROUPS, CategoryRow
from gridmap.domain.findings import Acceptance, Finding, found
from gridmap.domain.frames import BUILDINGS, FACILITIES, GRIDS, OVERLAYS, PEOPLE, POSTS, UNITS, Shape
from gridmap.domain.rules import parse_rules
from gridmap.errors import InputError
from gridmap.spatial.coordinates import metric_crs
from gridmap.spatial.files.layers import read_layer
from gridmap.spatial.files.tables import read_table

TIERS = ("tier1", "tier2", "tier3")
LAYERS: dict[str, Shape] = {
    **dict.fromkeys((*TIERS, "grids"), GRIDS),
    "buildings": BUILDINGS,
    "units": UNITS,
    "facilities": FACILITIES,
    "overlays": OVERLAYS,
    "people": PEOPLE,
    "posts": POSTS,
}
# What a column holds, where it is not text.
DATES = ("built", "accepted", "delivered", "warranty_until", "inspection_due")
MOMENTS = ("valid_from", "valid_to", "away_from", "away_to")
NUMBERS = ("floors", "households", "tier")
TRUTHS = {"true": True, "yes": True, "1": True, "是": True, "false": False, "no": False, "0": False, "否": False}
SITE_KEYS = (
    "code", "name", "kind", "grade", "community", "street", "gross_area_m2", "timezone", "calendar", "metric_epsg",
    "tolerance_m", "building_reach_m", "fallback_role",
)  # fmt: skip
PLAN_KEYS = ("valid_from", "datum", "national_division", "accept")


@dataclass(frozen=True)
class Source:
    """A file of a plan: which layer of it, in which system, and which of its columns is what."""

    file: Path
    layer: str | None = None
    crs: int | str | None = None
    datum: str = "wgs84"
    encoding: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outline:
    """What a plan says before any of its files is read."""

    site: Mapping[str, Any]
    sources: Mapping[str, Source]
    valid_from: datetime | None = None
    national_division: str | None = None
    accept: tuple[Acceptance, ...] = ()
    rules: tuple[Mapping[str, Any], ...] | None = None
    categories: tuple[CategoryRow, ...] = ()


@dataclass
class Plan:
    """A plan as read: the frames of its layers, and what was wrong with single rows."""

    outline: Outline
    grids: gpd.GeoDataFrame
    layers: dict[str, Any]
    findings: list[Finding]
    metric_epsg: int


def outline_from_toml(path: Path) -> Outline:
    """The outline a plan file describes; paths in it are relative to it."""
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such plan") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise InputError(f"{path}: not a plan in TOML: {error}") from None
    _only(path, "the plan", said, ("site", "plan", "layers", "rules", "categories"))
    site, plan, layers = said.get("site", {}), said.get("plan", {}), said.get("layers", {})
    _only(path, "[site]", site, SITE_KEYS)
    _only(path, "[plan]", plan, PLAN_KEYS)
    _only(path, "[layers]", layers, tuple(LAYERS))
    if "code" not in site:
        raise InputError(f"{path}: [site] needs a code")
    datum = plan.get("datum", "wgs84")
    return Outline(
        site=site,
        sources={name: _source(path, name, row, datum) for name, row in layers.items()},
        valid_from=local_moment(plan.get("valid_from"), site.get("timezone")),
        national_division=plan.get("national_division"),
        accept=tuple(Acceptance.parse(text) for text in plan.get("accept", ())),
        rules=_checked_rules(said.get("rules")),
        categories=tuple(_category(path, row) for row in said.get("categories", ())),
    )


def _only(path: Path, place: str, said: Mapping[str, Any], known: Iterable[str]) -> None:
    known = tuple(known)
    for key in said:
        if key not in known:
            raise InputError(f"{path}: {place} has no {key!r}; it may have {', '.join(known)}")


def _source(path: Path, name: str, row: Mapping[str, Any], datum: str) -> Source:
    if "file" not in row:
        raise InputError(f"{path}: [layers.{name}] needs a file")
    options = {key: row[key] for key in ("layer", "crs", "encoding") if key in row}
    columns = {key: value for key, value in row.items() if key not in ("file", "layer", "crs", "datum", "encoding")}
    _only(path, f"[layers.{name}]", columns, LAYERS[name].columns)
    return Source(path.parent / row["file"], datum=row.get("datum", datum), columns=columns, **options)


def _checked_rules(rows: Any) -> tuple[Mapping[str, Any], ...] | None:
    if rows is None:
        return None
    parse_rules(rows)
    return tuple(rows)


def _category(path: Path, row: Mapping[str, Any]) -> CategoryRow:
    try:
        category = CategoryRow(**row)
    except TypeError as error:
        raise InputError(f"{path}: [[categories]] {row.get('code', '')}: {error}") from None
    if category.group not in GROUPS:
        raise InputError(f"{path}: category {category.code}: group {category.group!r} is none of {', '.join(GROUPS)}")
    return category


def time_zone(name: str | None) -> ZoneInfo:
    """A time zone by its name; without one, China's."""
    try:
        return ZoneInfo(name or "Asia/Shanghai")
    except (ZoneInfoNotFoundError, ValueError):
        raise InputError(f"{name!r} is no time zone: write it like Asia/Shanghai") from None


def local_moment(said: date | datetime | str | None, timezone: str | None) -> datetime | None:
    """A moment from a date or a time; where it has no zone, the site's holds."""
    if said is None or (not isinstance(said, str) and pd.isna(said)):
        return None
    if isinstance(said, str):
        try:
            said = datetime.fromisoformat(said.strip())
        except ValueError:
            raise InputError(
                f"{said!r} is no date or time: write it like 2026-01-31 or 2026-01-31T08:00+08:00"
            ) from None
    if not isinstance(said, datetime):
        said = datetime.combine(said, time())
    return said if said.tzinfo else said.replace(tzinfo=time_zone(timezone))


# ---------------------------------------------------------------- reading


def read_plan(outline: Outline) -> Plan:
    """Read every file of a plan; what is wrong with a row is a finding, what is wrong with a file an error."""
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
        except (ValueError, InputError) as error:
            code = frame["code"].iloc[row] if "code" in frame else f"row {row + 1}"
            findings.append(found("wrong-value", layer, f"{code}: {column}: {error}", codes=(str(code),)))
            values.append(None)
    return pd.Series(values, index=frame.index, dtype=object)


def _value(column: str, value: Any, outline: Outline) -> Any:
    if value is None or value is pd.NaT or value != value or (isinstance(value, str) and not value.strip()):
        return None
    if column in NUMBERS:
        return int(float(value))
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
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))  # a code that some program took for a number
    return str(value).strip()


def with_options(outline: Outline, **changes: Any) -> Outline:
    """An outline with what the command line says on top of it."""
    return replace(outline, **{name: value for name, value in changes.items() if value is not None})
