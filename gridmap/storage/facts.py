"""The facts of places from the store: one set-based statement for up to 5,000 of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy.orm import Session

from gridmap.domain.frames import FACTS
from gridmap.storage.prepared import run_prepared

BATCH = 5_000
TYPES = {
    "lon": "float8[]", "lat": "float8[]", "at": "timestamptz[]", "site": "text", "level": "text[]",
    "facility": "text[]", "accuracy_m": "float8[]", "extent_m": "float8[]",
}  # fmt: skip
UNKNOWN = {name: () if name in ("overlays", "touches") else None for name in FACTS.columns}


def facts(session: Session, points: pd.DataFrame, at: Sequence[datetime], site: str | None = None) -> pd.DataFrame:
    """What frames.FACTS says of each point at its moment; a point without any Edition in force has no site."""
    found: list[dict[str, Any]] = []
    for start in range(0, len(points), BATCH):
        part = points.iloc[start : start + BATCH]
        found += rows(session, part.to_dict("records"), at[start : start + BATCH], site)
    columns = {name: [row[name] for row in found] for name in FACTS.columns}
    return pd.DataFrame({name: pd.Series(column, dtype=object) for name, column in columns.items()})


def rows(
    session: Session, points: Sequence[Mapping[Any, Any]], at: Sequence[datetime], site: str | None = None
) -> list[dict[str, Any]]:
    """The same, a dict each, for up to BATCH points."""
    values = {
        "lon": [point["lon"] for point in points],
        "lat": [point["lat"] for point in points],
        "at": list(at),
        "site": site,
        **{name: [_said(point, name) for point in points] for name in ("level", "facility", "accuracy_m", "extent_m")},
    }
    found: list[dict[str, Any]] = [dict(UNKNOWN) for _ in points]
    for row in run_prepared(session, "facts", TYPES, values):
        fact = found[row["n"] - 1]
        fact.update((name, row[name]) for name in FACTS.columns)
        fact["overlays"], fact["touches"] = tuple(fact["overlays"] or ()), tuple(fact["touches"] or ())
    return found


def _said(point: Mapping[Any, Any], name: str) -> Any:
    value = point.get(name)
    return None if value is None or value != value else value  # a gap in a frame is not equal to itself
