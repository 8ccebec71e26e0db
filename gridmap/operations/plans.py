"""A plan as its makers write it: a TOML file or options of the command line, and the files these name."""

from __future__ import annotations

import io
import json
import math
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
from sqlalchemy import select
from sqlalchemy.orm import Session

from gridmap.domain import codes
from gridmap.domain.categories import CATEGORIES, GROUPS, CategoryRow
from gridmap.domain.findings import Acceptance, Finding, found
from gridmap.domain.frames import BUILDINGS, FACILITIES, GRIDS, OVERLAYS, PEOPLE, POSTS, UNITS, Shape
from gridmap.domain.lifecycle import KINDS, URGENCIES
from gridmap.domain.model import Site
from gridmap.domain.model.places import OVERLAY_KINDS
from gridmap.domain.roles import ROLES, SPECIALTIES
from gridmap.domain.rules import DUTIES, IN_CHARGE, PLACES, QUESTIONS, parse_rules
from gridmap.errors import InputError
from gridmap.spatial.coordinates import DATUMS, metric_crs
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
# What a column holds, where it is not text for people; faults of codes are left to be found by their rows.
CODES = ("code", "parent", "grid", "building", "person", "deputy", "keeper")
DATES = ("built", "accepted", "delivered", "warranty_until", "inspection_due")
MOMENTS = ("valid_from", "valid_to", "away_from", "away_to")
NUMBERS = ("floors", "households")
TRUTHS = {"true": True, "yes": True, "1": True, "是": True, "false": False, "no": False, "0": False, "否": False}
LARGEST = 2_000_000_000  # what a column of whole numbers surely holds
FARTHEST_M = 100_000.0
SUBJECTS = 15

@dataclass(frozen=True)
class Source:
    """A file of a plan: which layer of it, in which system, and which of its columns is what."""

    file: Path
    layer: str | None = None
    crs: int | str | None = None
    fallback_crs: int | str | None = None  # for a file that states no system
    datum: str = "wgs84"
    encoding: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outline:
    """What a plan says before any of its files is read.

    `begins` is when its Edition begins, as it was written; `valid_from` the moment that is in the site's zone.
    """

    site: Mapping[str, Any]
    sources: Mapping[str, Source]
    begins: date | datetime | str | None = None
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


# ---------------------------------------------------------------- what a plan may say

# Gives a value as it is kept, or says in a ValueError what is wrong with it.
Kept = Callable[[Any], Any]


def word(value: Any) -> str:
    """Text of any sort; a whole number is a code that was written without quotes."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"{_shown(value)} is no text: put it in quotes")
    if not str(value).strip():
        raise ValueError("it is empty")
    return str(value)


def name(value: Any) -> str:
    text = word(value).strip()
    if fault := codes.fault_of_name(text):
        raise ValueError(f"{_shown(text)} {fault}")
    return text


def code(value: Any) -> str:
    text = word(value)
    if fault := codes.fault_of(text):
        raise ValueError(f"{_shown(text)} {fault}")
    return text


def one_of(words: Iterable[str]) -> Kept:
    known = tuple(words)

    def known_word(value: Any) -> str:
        if value not in known:
            raise ValueError(f"{_shown(value)} is none of {', '.join(known)}")
        return str(value)

    return known_word


def number(largest: float) -> Kept:
    def amount(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= largest:
            raise ValueError(f"{_shown(value)} is no number from 0 to {largest:,.0f}")
        return float(value)

    return amount


def subject(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= SUBJECTS:
        raise ValueError(f"{_shown(value)} is none of the subjects 1 to {SUBJECTS}")
    return value


def truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{_shown(value)} is neither true nor false")  # noqa: TRY004
    return value


def zone(value: Any) -> str:
    return time_zone(word(value)).key


def metric_system(value: Any) -> int:
    """The number of a projected system in metres."""
    try:
        system = pyproj.CRS.from_epsg(int(word(value)))
    except (ValueError, OverflowError, pyproj.exceptions.ProjError):
        raise ValueError(f"{_shown(value)} is no EPSG number") from None
    if not system.is_projected or [axis.unit_name for axis in system.axis_info] != ["metre", "metre"]:
        raise ValueError(f"EPSG:{int(value)} does not measure in metres: name a projected system, such as 32651")
    return int(value)


def system(value: Any) -> int | str:
    return value if isinstance(value, int) and not isinstance(value, bool) else word(value)


def encoding(value: Any) -> str:
    try:
        return io.TextIOWrapper(io.BytesIO(), encoding=word(value)).encoding
    except LookupError:
        raise ValueError(f"{_shown(value)} is no encoding: write it like gb18030") from None


def date_or_time(value: Any) -> Any:
    local_moment(value, None)
    return value


def table(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{_shown(value)} is no table")  # noqa: TRY004
    return value


def tables(value: Any) -> list[Mapping[str, Any]]:
    if not isinstance(value, list):
        raise ValueError(f"{_shown(value)} is no list of tables")  # noqa: TRY004
    return [table(row) for row in value]


def each(kept: Kept) -> Kept:
    """A list of such values; one alone is a list too."""
    return lambda value: [kept(item) for item in (value if isinstance(value, list) else [value])]


SITE: Mapping[str, Kept] = {
    "code": code, "name": name, "kind": name, "grade": name, "community": name, "street": name,
    "gross_area_m2": number(1e12), "timezone": zone, "calendar": name, "metric_epsg": metric_system,
    "tolerance_m": number(FARTHEST_M), "building_reach_m": number(FARTHEST_M), "fallback_role": one_of(ROLES),
}  # fmt: skip
PLAN: Mapping[str, Kept] = {
    "valid_from": date_or_time, "datum": one_of(DATUMS), "national_division": name,
    "accept": each(lambda value: Acceptance.parse(word(value))),
}  # fmt: skip
SOURCE: Mapping[str, Kept] = {
    "file": word, "layer": word, "crs": system, "datum": one_of(DATUMS), "encoding": encoding,
}  # fmt: skip
RULE: Mapping[str, Kept] = {"name": name, "text": name, "when": table, "seats": tables}
WHEN: Mapping[str, Kept] = {
    "groups": each(one_of(GROUPS)), "kinds": each(one_of(KINDS)), "overlay": one_of(OVERLAY_KINDS),
    **dict.fromkeys(QUESTIONS, truth),
}  # fmt: skip
SEAT: Mapping[str, Kept] = {"duty": one_of(DUTIES), "role": one_of((IN_CHARGE, *ROLES)), "place": one_of(PLACES)}
CATEGORY: Mapping[str, Kept] = {
    "code": code, "group": one_of(GROUPS), "name": name, "specialty": one_of(SPECIALTIES), "kind": one_of(KINDS),
    "urgency": one_of(URGENCIES), "subject": subject, "refer_to": name,
}  # fmt: skip
BUILT_IN = frozenset(row.code for row in CATEGORIES)


def _said(place: str, said: Any, known: Mapping[str, Kept], needed: Iterable[str] = ()) -> dict[str, Any]:
    """The values of one table of a plan as they are kept; what is wrong with one is an error that names its place."""
    kept = {}
    for key, value in _at(place, table, said).items():
        if key not in known:
            raise InputError(f"{place} has no {key!r}; it may have {', '.join(known)}")
        kept[key] = _at(f"{place} {key}", known[key], value)
    for key in needed:
        if key not in kept:
            raise InputError(f"{place} needs a {key}")
    return kept


def _at(place: str, kept: Kept, value: Any) -> Any:
    try:
        return kept(value)
    except (InputError, ValueError) as error:
        raise InputError(f"{place}: {error}") from None


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def checked_site(said: Mapping[str, Any], place: str = "the site") -> dict[str, Any]:
    """What is said of a site, as it is kept; the first value that cannot be is an error."""
    return _said(place, said, SITE)


def outline_from_toml(path: Path) -> Outline:
    """The outline a plan file describes; paths in it are relative to it."""
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such plan") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError, RecursionError) as error:
        raise InputError(f"{path}: not a plan in TOML: {error}") from None
    parts: dict[str, Kept] = {"site": table, "plan": table, "layers": table, "rules": tables, "categories": tables}
    said = {"site": {}, **_said(f"{path}: the plan", said, parts)}
    plan = _said(f"{path}: [plan]", said.get("plan", {}), PLAN)
    layers = _said(f"{path}: [layers]", said.get("layers", {}), dict.fromkeys(LAYERS, table))
    return Outline(
        site=_said(f"{path}: [site]", said["site"], SITE, needed=("code",)),
        sources={layer: _source(path, layer, row, plan.get("datum", "wgs84")) for layer, row in layers.items()},
        begins=plan.get("valid_from"),
        national_division=plan.get("national_division"),
        accept=tuple(plan.get("accept", ())),
        rules=_rules(path, said["rules"]) if "rules" in said else None,
        categories=_categories(path, said.get("categories", [])),
    )


def _source(path: Path, layer: str, row: Mapping[str, Any], datum: str) -> Source:
    columns = {column: word for column in LAYERS[layer].columns if column not in SOURCE}
    said = _said(f"{path}: [layers.{layer}]", row, {**SOURCE, **columns}, needed=("file",))
    options = {key: value for key, value in said.items() if key in SOURCE}
    return Source(
        **{"datum": datum, **options, "file": path.parent / options["file"]},
        columns={key: value for key, value in said.items() if key not in SOURCE},
    )


def _rules(path: Path, rows: list[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    rules = []
    for count, row in enumerate(rows, start=1):
        place = f"{path}: [[rules]] {count}"
        rule = _said(place, row, RULE, needed=("name", "seats"))
        when = _said(f"{place} when", rule.get("when", {}), WHEN)
        seats = [_said(f"{place} seats", seat, SEAT, needed=SEAT) for seat in rule["seats"]]
        rules.append({**rule, "when": when, "seats": seats})
    _at(str(path), parse_rules, rules)
    return tuple(rules)


def _categories(path: Path, rows: list[Mapping[str, Any]]) -> tuple[CategoryRow, ...]:
    categories: dict[str, CategoryRow] = {}
    for count, row in enumerate(rows, start=1):
        place = f"{path}: [[categories]] {count}"
        category = CategoryRow(**_said(place, row, CATEGORY, needed=("code", "group", "name")))
        if category.code in BUILT_IN:
            raise InputError(f"{place}: every site has the category {category.code} already: call it something else")
        if category.code in categories:
            raise InputError(f"{place}: the code {category.code} is taken by another of the plan's categories")
        categories[category.code] = category
    return tuple(categories.values())


def time_zone(name: str | None) -> ZoneInfo:
    """A time zone by its name; without one, China's."""
    try:
        return ZoneInfo(name or "Asia/Shanghai")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InputError(f"{_shown(name)} is no time zone: write it like Asia/Shanghai") from None


def local_moment(said: date | datetime | str | None, timezone: str | None) -> datetime | None:
    """A moment from a date or a time; where it has no zone, the site's holds."""
    if said is None or said is pd.NaT:
        return None
    try:
        moment = datetime.fromisoformat(said.strip()) if isinstance(said, str) else said
        if not isinstance(moment, datetime):
            moment = datetime.combine(moment, time())
        moment = moment if moment.tzinfo else moment.replace(tzinfo=time_zone(timezone))
        moment.astimezone(UTC)  # the ends of the calendar have no other zones
    except (ValueError, TypeError, OverflowError):
        raise InputError(
            f"{_shown(said)} is no date or time: write it like 2026-01-31 or 2026-01-31T08:00+08:00"
        ) from None
    return moment


# ---------------------------------------------------------------- reading


def stored_timezone(session: Session, outline: Outline) -> str | None:
    """The time zone of the plan's site, if the store knows the site."""
    return session.scalar(select(Site.timezone).where(Site.code == outline.site.get("code")))


def completed(outline: Outline, timezone: str | None = None) -> Outline:
    """The outline with its site checked and its beginning a moment: in its own zone, else in `timezone`, the stored."""
    site = checked_site(outline.site)
    if timezone is not None:
        site.setdefault("timezone", timezone)
    begins = outline.valid_from or local_moment(outline.begins, site.get("timezone"))
    return replace(outline, site=site, valid_from=begins)


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
        raise InputError(f"{outline.sources[name].file}: no row of it has a tier of 1, 2 or 3; name its column by --tier")
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
        raise ValueError(f"{_shown(value)} is no number from 0 to {LARGEST:,}")
    return int(count)


def _other_codes(value: Any) -> str:
    """A grid's codes in other lists, as JSON: {"list": "code"}."""
    try:
        return json.dumps(_said("codes", json.loads(str(value)), {}))
    except (ValueError, RecursionError):
        raise ValueError(f"{_shown(value)} is no JSON object") from None
