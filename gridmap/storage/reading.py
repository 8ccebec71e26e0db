"""Many rows at once on the way out: copied out of the database as text, and read as columns."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv
from sqlalchemy import text
from sqlalchemy.orm import Session

_TYPES: Mapping[str, Any] = {
    # What is said again and again is kept once: rows of words are grouped by their numbers.
    "word": pa.dictionary(pa.int32(), pa.string()),
    "text": pa.string(),
    "integer": pa.int64(),
    "float8": pa.float64(),
    "boolean": pa.bool_(),
    "moment": pa.int64(),
}


def copied(session: Session, query: str, values: Mapping[str, Any], kinds: Mapping[str, str]) -> pd.DataFrame:
    """The rows of a query whose columns are named `kinds` in that order; moments it gives by `moment`.

    A tenth of the time it takes to fetch them row by row.
    """
    connection = session.connection()
    asked = text(query).bindparams(**values).compile(dialect=connection.dialect)
    driver = connection.connection.driver_connection
    if driver is None:
        raise RuntimeError("the session has no connection")
    rows = io.BytesIO()
    with driver.cursor() as cursor:
        said = cursor.mogrify(str(asked), asked.params).decode()
        cursor.copy_expert(f"copy ({said}) to stdout (format csv)", rows, size=1 << 20)
    if not rows.tell():
        table = pa.table({name: pa.array([], _TYPES[kind]) for name, kind in kinds.items()})
    else:
        table = csv.read_csv(
            pa.py_buffer(rows.getbuffer()),
            read_options=csv.ReadOptions(column_names=list(kinds)),
            convert_options=csv.ConvertOptions(
                column_types={name: _TYPES[kind] for name, kind in kinds.items()},
                strings_can_be_null=True, quoted_strings_can_be_null=False, true_values=["t"], false_values=["f"],
            ),
            parse_options=csv.ParseOptions(newlines_in_values=True),
        )  # fmt: skip
    return pd.DataFrame({name: _column(table[name], kind) for name, kind in kinds.items()})


def moment(column: str) -> str:
    """A column of moments as `copied` takes them: microseconds since 1970."""
    return f"(extract(epoch from {column}) * 1000000)::bigint"


def _column(array: Any, kind: str) -> pd.Series[Any]:
    if kind == "moment":
        return pd.Series(pc.cast(array, pa.timestamp("us", tz="UTC")).to_pandas())
    if kind == "text":
        return pd.Series(array.to_pandas(types_mapper=None).astype(object))
    return pd.Series(array.to_pandas())
