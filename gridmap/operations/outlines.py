"""What a plan says before its files are read: a TOML file or options of the command line, checked word by word."""

from __future__ import annotations

import io
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd
import pyproj

from gridmap.domain import codes
from gridmap.domain.almanac import almanac
from gridmap.domain.categories import CATEGORIES, GROUPS, CategoryRow
from gridmap.domain.findings import Acceptance
from gridmap.domain.frames import BUILDINGS, FACILITIES, GRIDS, OVERLAYS, PEOPLE, POSTS, UNITS, Shape
from gridmap.domain.hours import parse_own_hours
from gridmap.domain.lifecycle import DISPATCH_MODELS, KINDS, URGENCIES
from gridmap.domain.limits import limit_as_json, parse_limits
from gridmap.domain.model.places import OVERLAY_KINDS
from gridmap.domain.roles import ROLES, SPECIALTIES
from gridmap.domain.rules import DUTIES, IN_CHARGE, PLACES, QUESTIONS, parse_rules
from gridmap.errors import InputError
from gridmap.spatial.coordinates import DATUMS

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
FARTHEST_M = 100_000.0
MOST_SILENT_DAYS = 90
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
    limits: tuple[Mapping[str, Any], ...] | None = None
    hours: Mapping[str, Any] | None = None
    categories: tuple[CategoryRow, ...] = ()


# Gives a value as it is kept, or says in a ValueError or TypeError what is wrong with it.
Kept = Callable[[Any], Any]


def _word(value: Any) -> str:
    """Text of any sort; a whole number is a code that was written without quotes."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError(f"{shown(value)} is no text: put it in quotes")
    if not str(value).strip():
        raise ValueError("it is empty")
    return str(value)


def _file(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{shown(value)} is no path of a file")
    return _word(value)


def name_of(value: Any) -> str:
    text = _word(value).strip()
    if fault := codes.fault_of_name(text):
        raise ValueError(f"{shown(text)} {fault}")
    return text


def _code(value: Any) -> str:
    text = _word(value)
    if fault := codes.fault_of(text):
        raise ValueError(f"{shown(text)} {fault}")
    return text


def _one_of(words: Iterable[str]) -> Kept:
    known = tuple(words)

    def known_word(value: Any) -> str:
        if value not in known:
            raise ValueError(f"{shown(value)} is none of {', '.join(known)}")
        return str(value)

    return known_word


def _number(largest: float) -> Kept:
    def amount(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= largest:
            raise ValueError(f"{shown(value)} is no number from 0 to {largest:,.0f}")
        return float(value)

    return amount


def _subject(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= SUBJECTS:
        raise ValueError(f"{shown(value)} is none of the subjects 1 to {SUBJECTS}")
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{shown(value)} is neither true nor false")
    return value


def _zone(value: Any) -> str:
    return time_zone(_word(value)).key


def _metric_system(value: Any) -> int:
    """The number of a projected system in metres."""
    try:
        known = pyproj.CRS.from_epsg(int(_word(value)))
    except (TypeError, ValueError, OverflowError, pyproj.exceptions.ProjError):
        raise ValueError(f"{shown(value)} is no EPSG number") from None
    if not known.is_projected or [axis.unit_name for axis in known.axis_info] != ["metre", "metre"]:
        raise ValueError(f"EPSG:{int(value)} does not measure in metres: name a projected system, such as 32651")
    return int(value)


def _system(value: Any) -> int | str:
    return value if isinstance(value, int) and not isinstance(value, bool) else _word(value)


def _encoding(value: Any) -> str:
    try:
        return io.TextIOWrapper(io.BytesIO(), encoding=_word(value)).encoding
    except LookupError:
        raise ValueError(f"{shown(value)} is no encoding: write it like gb18030") from None


def _date_or_time(value: Any) -> Any:
    local_moment(value, None)
    return value


def table_of(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"{shown(value)} is no table")
    return value


def _tables(value: Any) -> list[Mapping[str, Any]]:
    if not isinstance(value, list):
        raise TypeError(f"{shown(value)} is no list of tables")
    return [table_of(row) for row in value]


def _each(kept: Kept) -> Kept:
    """A list of such values; one alone is a list too."""
    return lambda value: [kept(item) for item in (value if isinstance(value, list) else [value])]


def _days(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_SILENT_DAYS:
        raise ValueError(f"{shown(value)} is no number of days from 1 to {MOST_SILENT_DAYS}")
    return value


def _country(value: Any) -> str:
    """A country whose public holidays are known, by its ISO code."""
    return almanac(name_of(value)).country


SITE: Mapping[str, Kept] = {
    "code": _code, "name": name_of, "kind": name_of, "grade": name_of, "community": name_of, "street": name_of,
    "gross_area_m2": _number(1e12), "timezone": _zone, "calendar": _country, "metric_epsg": _metric_system,
    "tolerance_m": _number(FARTHEST_M), "building_reach_m": _number(FARTHEST_M), "fallback_role": _one_of(ROLES),
    "dispatch_model": _one_of(DISPATCH_MODELS), "silence_days": _days,
    "report_open": _truth, "report_code": name_of, "plate_names": _truth,
    "public_map": _truth, "plate_phone": name_of,
}  # fmt: skip
PLAN: Mapping[str, Kept] = {
    "valid_from": _date_or_time, "datum": _one_of(DATUMS), "national_division": name_of,
    "accept": _each(lambda value: Acceptance.parse(_word(value))),
}  # fmt: skip
SOURCE: Mapping[str, Kept] = {
    "file": _file, "layer": _word, "crs": _system, "datum": _one_of(DATUMS), "encoding": _encoding,
}  # fmt: skip
RULE: Mapping[str, Kept] = {"name": name_of, "text": name_of, "when": table_of, "seats": _tables}
WHEN: Mapping[str, Kept] = {
    "groups": _each(_one_of(GROUPS)), "kinds": _each(_one_of(KINDS)), "overlay": _one_of(OVERLAY_KINDS),
    **dict.fromkeys(QUESTIONS, _truth),
}  # fmt: skip
SEAT: Mapping[str, Kept] = {"duty": _one_of(DUTIES), "role": _one_of((IN_CHARGE, *ROLES)), "place": _one_of(PLACES)}
CATEGORY: Mapping[str, Kept] = {
    "code": _code, "group": _one_of(GROUPS), "name": name_of, "specialty": _one_of(SPECIALTIES), "kind": _one_of(KINDS),
    "urgency": _one_of(URGENCIES), "subject": _subject, "refer_to": name_of,
}  # fmt: skip
BUILT_IN = frozenset(row.code for row in CATEGORIES)


def _said(place: str, said: Any, known: Mapping[str, Kept], needed: Iterable[str] = ()) -> dict[str, Any]:
    """The values of one table of a plan as they are kept; what is wrong with one is an error that names its place."""
    kept = {}
    for key, value in _at(place, table_of, said).items():
        if key not in known:
            raise InputError(f"{place} has no {key!r}; it may have {', '.join(known)}")
        kept[key] = _at(f"{place} {key}", known[key], value)
    for key in needed:
        if key not in kept:
            raise InputError(f"{place} needs its {key}")
    return kept


def _at(place: str, kept: Kept, value: Any) -> Any:
    try:
        return kept(value)
    except (InputError, TypeError, ValueError) as error:
        raise InputError(f"{place}: {error}") from None


def shown(value: Any) -> str:
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
    except (ValueError, OSError, RecursionError) as error:
        raise InputError(f"{path}: not a plan in TOML: {error}") from None
    parts: dict[str, Kept] = {
        "site": table_of,
        "plan": table_of,
        "layers": table_of,
        "rules": _tables,
        "limits": _tables,
        "hours": table_of,
        "categories": _tables,
    }
    said = {"site": {}, **_said(f"{path}: the plan", said, parts)}
    plan = _said(f"{path}: [plan]", said.get("plan", {}), PLAN)
    layers = _said(f"{path}: [layers]", said.get("layers", {}), dict.fromkeys(LAYERS, table_of))
    return Outline(
        site=_said(f"{path}: [site]", said["site"], SITE, needed=("code",)),
        sources={layer: _source(path, layer, row, plan.get("datum", "wgs84")) for layer, row in layers.items()},
        begins=plan.get("valid_from"),
        national_division=plan.get("national_division"),
        accept=tuple(plan.get("accept", ())),
        rules=_rules(path, said["rules"]) if "rules" in said else None,
        **_time(path, said),
        categories=_categories(path, said.get("categories", [])),
    )


def _source(path: Path, layer: str, row: Mapping[str, Any], datum: str) -> Source:
    columns = {column: _word for column in LAYERS[layer].columns if column not in SOURCE}
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


def _time(path: Path, said: Mapping[str, Any]) -> dict[str, Any]:
    """What a plan says of the site's time: limits that come before those of the trade, and hours."""
    found: dict[str, Any] = {}
    if "limits" in said:
        found["limits"] = tuple(limit_as_json(row) for row in _at(f"{path}: [[limits]]", parse_limits, said["limits"]))
    if "hours" in said:
        _at(f"{path}: [hours]", parse_own_hours, said["hours"])
        found["hours"] = said["hours"]
    return found


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
        raise InputError(f"{shown(name)} is no time zone: write it like Asia/Shanghai") from None


def local_moment(said: date | datetime | str | None, timezone: str | None) -> datetime | None:
    """A moment from a date or a time; where it has no zone, the site's holds."""
    if said is None or (isinstance(said, date) and pd.isna(said)):
        return None
    try:
        moment = datetime.fromisoformat(said.strip()) if isinstance(said, str) else said
        if not isinstance(moment, datetime):
            moment = datetime.combine(moment, time())
        moment = moment if moment.tzinfo else moment.replace(tzinfo=time_zone(timezone))
        moment.astimezone(UTC)  # the ends of the calendar have no other zones
    except (ValueError, TypeError, OverflowError):
        raise InputError(
            f"{shown(said)} is no date or time: write it like 2026-01-31 or 2026-01-31T08:00+08:00"
        ) from None
    return moment


def completed(outline: Outline, timezone: str | None = None) -> Outline:
    """The outline with its site checked and its beginning a moment: in its own zone, else in `timezone`, the stored."""
    site = checked_site(outline.site)
    if timezone is not None:
        site.setdefault("timezone", timezone)
    begins = outline.valid_from or local_moment(outline.begins, site.get("timezone"))
    return replace(outline, site=site, valid_from=begins)
