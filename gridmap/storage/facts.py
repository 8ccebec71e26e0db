"""The facts of places from the store: one set-based statement for up to 5,000 of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy.orm import Session

from gridmap.domain.frames import FACTS
from gridmap.storage.sql import statement

BATCH = 5_000


def facts(session: Session, points: pd.DataFrame, at: Sequence[datetime], site: str | None = None) -> pd.DataFrame:
    """What frames.FACTS says of each point at its moment; a point without any Edition in force has no site."""
    parts = [
        _batch(session, points.iloc[start : start + BATCH], at[start : start + BATCH], site)
        for start in range(0, len(points), BATCH)
    ]
    if not parts:
        return pd.DataFrame(columns=list(FACTS.columns))
    return pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]


def _batch(session: Session, points: pd.DataFrame, at: Sequence[datetime], site: str | None) -> pd.DataFrame:
    values = {
        "lon": points["lon"].tolist(),
        "lat": points["lat"].tolist(),
        "at": list(at),
        "site": site,
        **{name: _column(points, name) for name in ("level", "facility", "accuracy_m", "extent_m")},
    }
    result = session.connection().exec_driver_sql(statement("facts"), values)
    rows = {row.n - 1: row for row in result}
    columns: dict[str, list[Any]] = {
        name: [getattr(rows[n], name) if n in rows else None for n in range(len(points))] for name in FACTS.columns
    }
    for name in ("overlays", "touches"):
        columns[name] = [tuple(codes or ()) for codes in columns[name]]
    return pd.DataFrame({name: pd.Series(column, dtype=object) for name, column in columns.items()})


def _column(points: pd.DataFrame, name: str) -> list[Any]:
    if name not in points.columns:
        return [None] * len(points)
    column = points[name].astype(object)
    return [None if pd.isna(value) else value for value in column]
