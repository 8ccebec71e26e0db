"""Frames as features: what each thing on the map says of itself, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from gridmap.domain.lifecycle import OPEN
from gridmap.language import say
from gridmap.maps import words
from gridmap.maps.places import Collection, collection, label_places, lengths_m
from gridmap.maps.style import (
    ATTENTIONS,
    FACILITY_STATES,
    GROUND,
    LOAD_BREAKS,
    MAIN_ROAD_M,
    OVERLAYS,
    use_class,
)
from gridmap.maps.words import given, moment_words, role_term, term

URGENT: Final = ("life", "emergency", "urgent")
TO_VERIFY: Final = ("resolved", "checked")
BEGUN: Final = ("accepted", "in_progress", "on_hold", "referred")


@dataclass(frozen=True)
class Reader:
    """Who reads the map: in which language, by which clock, and when."""

    language: str
    timezone: str
    at: datetime

    def moment(self, value: Any) -> str | None:
        return moment_words(value, self.timezone)


def rows(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The rows of a frame without its shapes; what is absent is None."""
    plain = pd.DataFrame(frame.drop(columns="geometry", errors="ignore"))
    for row in plain.to_dict("records"):
        yield {str(name): value if given(value) else None for name, value in row.items()}


def attention(row: Mapping[str, Any], at: datetime) -> str:
    """What an open issue asks for."""
    if row["status"] in TO_VERIFY:
        return "verify"
    if row.get("due_at") is not None and row["due_at"] < at:
        return "overdue"
    if row["urgency"] in URGENT:
        return "urgent"
    return "doing" if row["status"] in BEGUN else "new"


def open_issues(issues: gpd.GeoDataFrame, at: datetime) -> gpd.GeoDataFrame:
    """The issues that have not ended with their `attention`, what burns first."""
    shown = issues[issues["status"].isin(OPEN)].reset_index(drop=True)
    asked = [attention(row, at) for row in rows(shown)]
    order = [list(ATTENTIONS).index(name) for name in asked]
    shown = shown.assign(attention=pd.Series(asked, dtype=object), order=pd.Series(order, dtype="int64"))
    for name in ("due_at", "reported_at"):
        moments = shown[name] if name in shown else pd.Series(None, index=shown.index, dtype=object)
        shown[name] = pd.to_datetime(moments, utc=True)
    return shown.sort_values(["order", "due_at", "reported_at"], kind="stable").reset_index(drop=True)


# ---------------------------------------------------------------- grids


def grid_features(grids: gpd.GeoDataFrame, issues: gpd.GeoDataFrame, reader: Reader) -> dict[int, Collection]:
    """The grids of each tier, with how many issues are open in them."""
    names = dict(zip(grids["code"], grids["name"], strict=True))
    parents = dict(zip(grids["code"], grids["parent"], strict=True))
    short = _short_codes(grids["code"])
    counts = _open_by_grid(issues)
    made: dict[int, Collection] = {}
    for tier in (1, 2, 3):
        of_tier = grids[grids["tier"] == tier]
        places = label_places(list(of_tier.geometry))
        made[tier] = collection(
            of_tier,
            [
                {
                    **_grid(row, counts.get(row["code"], 0)),
                    "short": short[row["code"]],
                    "label": place,
                    "rows": _grid_rows(row, _chain(row["code"], names, parents), counts.get(row["code"], 0), reader),
                }
                for row, place in zip(rows(of_tier), places, strict=True)
            ],
        )
    return made


def _grid(row: Mapping[str, Any], count: int) -> dict[str, Any]:
    households = row.get("households")
    load = 100 * count / households if households else 0
    return {
        "code": row["code"],
        "title": row["code"],
        "sub": row["name"],
        "name": row["name"],
        "owner": row.get("owner_name"),
        "load": sum(load >= each for each in LOAD_BREAKS),
    }


def _grid_rows(row: Mapping[str, Any], chain: list[str], count: int, reader: Reader) -> dict[str, Any]:
    role = role_term(row.get("owner_role"), reader.language)
    owner = row.get("owner_name")
    said = {
        "chain": " › ".join(chain) or None,
        "owner": f"{owner} · {role}" if owner and role else owner or None,
        "phone": row.get("phone"),
        "households": None if row.get("households") is None else str(int(row["households"])),
        "open": str(count) if count else None,
    }
    return {name: value for name, value in said.items() if value is not None}


def _chain(code: str, names: Mapping[str, str], parents: Mapping[str, str | None]) -> list[str]:
    """The names of the grids above, from the top."""
    links: list[str] = []
    above = parents.get(code)
    while above is not None and above in names and len(links) < len(names):
        links.append(str(names[above]))
        above = parents.get(above)
    return links[::-1]


def _short_codes(codes: pd.Series[Any]) -> dict[str, str]:
    """Codes without what all of them begin with: the site's own code."""
    beginnings = {str(code).partition("-")[0] for code in codes if "-" in str(code)}
    every = len(beginnings) == 1 and all(str(code).startswith(f"{next(iter(beginnings))}-") for code in codes)
    return {code: str(code).partition("-")[2] if every else str(code) for code in codes}


def _open_by_grid(issues: gpd.GeoDataFrame) -> dict[str, int]:
    """How many issues are open in each grid of every tier."""
    counted: dict[str, int] = {}
    for row in rows(issues):
        for code in {row.get(name) for name in ("grid", "tier1", "tier2", "tier3")} - {None}:
            counted[str(code)] = counted.get(str(code), 0) + 1
    return counted


# ---------------------------------------------------------------- what stands on them


def building_features(buildings: gpd.GeoDataFrame, reader: Reader) -> Collection:
    """The buildings."""
    return collection(
        buildings,
        [
            {
                "code": row["code"],
                "title": row["name"] or row["code"],
                "sub": row["code"] if row["name"] and row["name"] != row["code"] else None,
                "use": use_class(row.get("use")),
                "rows": _said({
                    "grid": row.get("grid"),
                    "use": term(words.BUILDING_USES, row.get("use"), reader.language),
                    "floors": row.get("floors"),
                    "households": row.get("households"),
                    "warranty": row.get("warranty_until"),
                    "risk": row.get("risk"),
                }),
            }
            for row in rows(buildings)
        ],
    )  # fmt: skip


def ground_features(facilities: gpd.GeoDataFrame) -> Collection:
    """The facilities that are ground, from the lowest up; a short road is a lane."""
    lengths = lengths_m(facilities)
    kinds = [
        "lane" if kind == "road" and "Line" in form and length < MAIN_ROAD_M else kind
        for kind, form, length in zip(facilities["kind"], facilities.geom_type, lengths, strict=True)
    ]
    order = pd.Series([GROUND[kind].order for kind in kinds], index=facilities.index, dtype="int64")
    ordered = order.sort_values(kind="stable").index
    drawn = facilities.assign(drawn=pd.Series(kinds, index=facilities.index, dtype=object)).loc[ordered]
    return collection(drawn, [{"kind": row["drawn"], "name": row["name"]} for row in rows(drawn)])


def facility_features(facilities: gpd.GeoDataFrame, reader: Reader) -> Collection:
    """The facilities that stand on the ground, or run through it."""
    return collection(
        facilities,
        [
            {
                "code": row["code"],
                "title": row["name"] or row["code"],
                "sub": row["code"],
                "kind": row["kind"],
                "state": row.get("state") or "in_order",
                "rows": _said({
                    "kind": term(words.FACILITIES, row["kind"], reader.language),
                    "state": _state(row.get("state") or "in_order", reader.language),
                    "level": row.get("level"),
                    "grid": row.get("grid"),
                    "warranty": row.get("warranty_until"),
                    "inspection": row.get("inspection_due"),
                }),
            }
            for row in rows(facilities)
        ],
    )  # fmt: skip


def overlay_features(overlays: gpd.GeoDataFrame, reader: Reader) -> Collection:
    """Ground with a keeper of its own."""
    return collection(
        overlays,
        [
            {
                "code": row["code"],
                "title": row["name"] or row["code"],
                "sub": row["code"],
                "kind": row["kind"],
                "rows": _said({
                    "kind": _overlay(row["kind"], reader.language),
                    "keeper": row.get("keeper_name") or role_term(row.get("role"), reader.language),
                    "level": row.get("level"),
                }),
            }
            for row in rows(overlays)
        ],
    )  # fmt: skip


def issue_features(issues: gpd.GeoDataFrame, reader: Reader) -> Collection:
    """Open issues, as `open_issues` gives them."""
    return collection(issues, [issue_card(row, reader) for row in rows(issues)])


def issue_card(row: Mapping[str, Any], reader: Reader) -> dict[str, Any]:
    """What an issue says of itself."""
    language, asks = reader.language, row["attention"]
    role = role_term(row.get("owner_role"), language)
    due = reader.moment(row.get("due_at"))
    late = words.due_words(row.get("due_at"), reader.at, language)
    return {
        "code": row["code"],
        "asks": asks,
        "title": category_term(row, language),
        "sub": row["code"],
        "pill": ATTENTIONS[asks].term.say(language),
        "text": row.get("text"),
        "rows": _said({
            "status": term(words.STATUSES, row["status"], language),
            "urgency": term(words.URGENCIES, row["urgency"], language),
            "reported": reader.moment(row["reported_at"]),
            "due": f"{due} · {late}" if due else None,
            "grid": row.get("grid"),
            "level": row.get("level"),
            "owner": " · ".join(each for each in (row.get("owner_name"), role) if each) or None,
        }),
    }  # fmt: skip


def category_term(row: Mapping[str, Any], language: str) -> str:
    """The category in the reader's language; a site's own is called as the site calls it."""
    return say(str(row.get("category_name") or row["category"]), language)


def reported_since(heat: pd.DataFrame, at: datetime, days: int) -> pd.DataFrame:
    """Those of the last days."""
    moments = pd.to_datetime(heat["reported_at"], utc=True)
    return heat[(moments > at - timedelta(days=days)) & (moments <= at)]


def _said(values: Mapping[str, Any]) -> dict[str, str]:
    """What there is to say, as text: a whole number has no point."""
    said = {name: value for name, value in values.items() if given(value) and value != ""}
    return {
        name: str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        for name, value in said.items()
    }


def _state(state: str, language: str) -> str:
    return FACILITY_STATES[state][1].say(language) if state in FACILITY_STATES else state


def _overlay(kind: str, language: str) -> str:
    return OVERLAYS[kind][1].say(language) if kind in OVERLAYS else kind
