"""Many rows at once: a frame into a temporary table by COPY, from where one statement takes them on."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

ARROW_TYPES: Mapping[str, Any] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "bigint": pa.int64(),
    "float8": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.string(),
    "jsonb": pa.string(),
    "bytea": pa.string(),
    "timestamptz": pa.timestamp("us", tz="UTC"),
    "geometry": pa.string(),
}


def stage(session: Session, name: str, frame: pd.DataFrame, columns: Mapping[str, str]) -> None:
    """Fill a temporary table `name`, gone at the end of the transaction, with these columns and a row number `n`.

    A column that the frame lacks is null; a `geometry` column is written as EWKB in EPSG:4326.
    """
    arrays = {"n": pa.array(range(len(frame)), pa.int64())}
    for column, kind in columns.items():
        arrays[column] = _arrow(frame, column, kind)
    buffer = io.BytesIO()
    pyarrow.csv.write_csv(
        pa.table(arrays), buffer, pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")
    )
    buffer.seek(0)
    session.execute(text(f"drop table if exists pg_temp.{name}"))
    declared = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
    session.execute(text(f"create temporary table {name} (n bigint, {declared}) on commit drop"))
    connection = session.connection().connection.driver_connection
    if connection is None:
        raise RuntimeError("the session has no connection")
    with connection.cursor() as cursor:
        cursor.copy_expert(f"copy {name} from stdin (format csv)", buffer)
    session.execute(text(f"analyze {name}"))


def _arrow(frame: pd.DataFrame, column: str, kind: str) -> Any:
    arrow = ARROW_TYPES[kind]
    if column not in frame.columns:
        return pa.nulls(len(frame), arrow)
    values = frame[column]
    if kind == "geometry":
        shapes = np.asarray(values.array, dtype=object)
        return pa.array(shapely.to_wkb(shapely.set_srid(shapes, 4326), hex=True, include_srid=True), arrow)
    if kind == "timestamptz":
        return pa.array(pd.to_datetime(values, utc=True), arrow, from_pandas=True)
    if kind in ("integer", "bigint"):
        return pa.array(values.astype("Int64"), arrow, from_pandas=True)
    if kind == "float8":
        return pa.array(values.astype("float64"), arrow, from_pandas=True)
    if kind == "boolean":
        return pa.array(values.astype("boolean"), arrow, from_pandas=True)
    try:
        return pa.array(values, arrow, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if pd.isna(value) else str(value) for value in values], arrow)
