"""Frames as features, in the very shapes in which the service gives them out: the script words them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from gridmap.domain.attention import ATTENTIONS, attention, rules
from gridmap.domain.lifecycle import OPEN
from gridmap.maps.places import Collection, collection
from gridmap.maps.words import given

__all__ = ["attention", "rules"]

# layer: what of its frame a feature says
COLUMNS: Final = {
    "buildings": ("code", "name", "grid", "use", "floors", "households", "warranty_until", "risk"),
    "facilities": ("code", "name", "kind", "level", "grid", "state", "warranty_until", "inspection_due"),
    "overlays": ("code", "name", "kind", "level", "role", "keeper_name"),
    "issues": (
        "code", "category", "category_name", "kind", "urgency", "status", "reported_at", "due_at", "held_at",
        "position", "level", "grid", "tier1", "tier2", "tier3", "text",
    ),
}  # fmt: skip


def rows(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The rows of a frame without its shapes; what is absent is None."""
    plain = pd.DataFrame(frame.drop(columns="geometry", errors="ignore"))
    for row in plain.to_dict("records"):
        yield {str(name): value if given(value) else None for name, value in row.items()}


# ---------------------------------------------------------------- issues


def open_issues(issues: gpd.GeoDataFrame, at: datetime) -> gpd.GeoDataFrame:
    """The issues that have not ended with their `attention`, what burns first."""
    shown = issues[issues["status"].isin(OPEN)].reset_index(drop=True)
    asked = [attention(row, at) for row in rows(shown)]
    order = [ATTENTIONS.index(name) for name in asked]
    shown = shown.assign(attention=pd.Series(asked, dtype=object), order=pd.Series(order, dtype="int64"))
    for name in ("due_at", "reported_at"):
        moments = shown[name] if name in shown else pd.Series(None, index=shown.index, dtype=object)
        shown[name] = pd.to_datetime(moments, utc=True)
    return shown.sort_values(["order", "due_at", "reported_at"], kind="stable").reset_index(drop=True)


def reported_since(heat: pd.DataFrame, at: datetime, days: int) -> pd.DataFrame:
    """Those of the last days."""
    moments = pd.to_datetime(heat["reported_at"], utc=True)
    return heat[(moments > at - timedelta(days=days)) & (moments <= at)]


# ---------------------------------------------------------------- features


def grid_features(grids: gpd.GeoDataFrame) -> dict[str, Collection]:
    """The grids of each tier, with who answers for them."""
    return {f"tier{tier}": _features(grids[grids["tier"] == tier], _grid) for tier in (1, 2, 3)}


def layer_features(frame: gpd.GeoDataFrame, layer: str) -> Collection:
    """What stands on the grids, layer by layer, or what was reported there."""
    columns = COLUMNS[layer]
    if layer == "issues":
        return _features(
            frame, lambda row: {**{name: row.get(name) for name in columns}, "owner": _owner_of_issue(row)}
        )
    return _features(frame, lambda row: {name: row.get(name) for name in columns})


def _features(frame: gpd.GeoDataFrame, said: Any) -> Collection:
    return collection(frame, [{name: _plain(value) for name, value in said(row).items()} for row in rows(frame)])


def _grid(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "code": row["code"],
        "name": row["name"],
        "tier": row["tier"],
        "parent": row["parent"],
        "households": row.get("households"),
        "owner": _without_gaps(
            {
                "code": row.get("owner"),
                "name": row.get("owner_name"),
                "phone": row.get("phone"),
                "role": row.get("owner_role"),
            }
        ),
    }


def _owner_of_issue(row: Mapping[str, Any]) -> dict[str, Any]:
    person = _without_gaps({"code": row.get("owner"), "name": row.get("owner_name")})
    return {"role": row.get("owner_role"), "grid": row.get("owner_grid"), "person": person}


def _without_gaps(said: Mapping[str, Any]) -> dict[str, Any] | None:
    return {name: value for name, value in said.items() if value is not None} if said.get("name") is not None else None


def _plain(value: Any) -> Any:
    """A value as JSON has it: moments written out, whole numbers without a point."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value.item() if hasattr(value, "item") else value
