"""Many rows at once: encoded as PostgreSQL takes them, and copied into a table."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import psycopg2
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray
from psycopg2.errors import UniqueViolation
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

ARROW_TYPES: Mapping[str, Any] = {
    "text": pa.large_string(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "float8": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "jsonb": pa.large_string(),
    "bytea": pa.large_binary(),
    "timestamptz": pa.timestamp("us", tz="UTC"),
    "geometry": pa.large_binary(),
}
# PostgreSQL counts days and microseconds from 2000-01-01.
_EPOCH_DAYS = 10_957
_EPOCH_MICROSECONDS = _EPOCH_DAYS * 86_400_000_000
_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_READ_AT_ONCE = 1 << 28
_SRID_FLAG, _POINT, _DEGREES = 0x20000000, 1, 4326
Parts = list[tuple[str, Any]]


def stage(session: Session, name: str, frame: pd.DataFrame, columns: Mapping[str, str]) -> None:
    """Fill a temporary table `name`, gone at the end of the transaction, with these columns and a row number `n`.

    A column that the frame lacks is null; a `geometry` column is written as EWKB in EPSG:4326.
    """
    session.execute(text(f"drop table if exists pg_temp.{name}"))
    declared = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
    session.execute(text(f"create temporary table {name} (n bigint, {declared}) on commit drop"))
    arrays = {column: arrow(frame[column], kind) for column, kind in columns.items() if column in frame.columns}
    numbers = pa.array(np.arange(len(frame)), pa.int64())
    copy_rows(session, packed(name, {"n": numbers, **arrays}, {"n": "bigint", **columns}))
    session.execute(text(f"analyze {name}"))


@dataclass(frozen=True)
class Copy:
    """Rows that are ready to be copied into a table."""

    statement: str
    rows: io.BytesIO


def packed(table: str, arrays: Mapping[str, Any], kinds: Mapping[str, str]) -> Copy:
    """Columns of one length for a table; where one has nothing at all, the table's default holds."""
    said = {name: array for name, array in arrays.items() if array.null_count < len(array)}
    names = ", ".join(f'"{name}"' for name in said)
    rows = encoded([(kinds[name], array) for name, array in said.items()]) if said else io.BytesIO()
    return Copy(f"copy {table} ({names}) from stdin (format binary)", rows)


def copy_rows(session: Session, *copies: Copy) -> None:
    """Copy rows straight into their tables."""
    connection = session.connection().connection.driver_connection
    if connection is None:
        raise RuntimeError("the session has no connection")
    for copy in copies:
        copy.rows.seek(0)
        try:
            with connection.cursor() as cursor:
                if copy.rows.getbuffer().nbytes:
                    cursor.copy_expert(copy.statement, copy.rows, size=_READ_AT_ONCE)
        except psycopg2.Error as error:
            raise DBAPIError.instance(copy.statement, None, error, psycopg2.Error) from error


def came_twice(error: IntegrityError) -> bool:
    """Whether rows were refused because such rows are there already, and not for any other promise they break."""
    return isinstance(error.orig, UniqueViolation)


def arrow(values: pd.Series[Any], kind: str) -> Any:
    """A column of a frame as an Arrow array of the kind a table's column is."""
    wanted = ARROW_TYPES[kind]
    if kind == "geometry":
        shapes = np.asarray(values.array, dtype=object)
        return pa.array(shapely.to_wkb(shapely.set_srid(shapes, _DEGREES), include_srid=True), wanted)
    if kind == "timestamptz":
        return pa.array(pd.to_datetime(values, utc=True).dt.as_unit("us"), wanted, from_pandas=True)
    try:
        return pa.array(values, wanted, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        if kind in _NUMBERS:
            return pa.array(values.astype(pd.api.types.pandas_dtype(_NUMBERS[kind])), wanted, from_pandas=True)
        texts = pa.array([None if pd.isna(value) else str(value) for value in values], pa.large_string())
        return texts.cast(wanted)


_NUMBERS = {"integer": "Int64", "bigint": "Int64", "float8": "float64", "boolean": "boolean"}


def points(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> Any:
    """Points in EPSG:4326 as EWKB."""
    shapes = np.empty(len(lon), [("order", "u1"), ("type", "<u4"), ("srid", "<u4"), ("x", "<f8"), ("y", "<f8")])
    shapes["order"], shapes["type"], shapes["srid"] = 1, _POINT | _SRID_FLAG, _DEGREES
    shapes["x"], shapes["y"] = lon, lat
    return _side_by_side(shapes)


def constant(value: object, kind: str, count: int) -> Any:
    """One value for every row."""
    return pa.repeat(pa.scalar(value, ARROW_TYPES[kind]), count)


def new_ids(session: Session, table: str, count: int) -> NDArray[np.int64]:
    """Numbers for rows that are about to be copied into a table."""
    numbers = text("""
        select string_agg(nextval(sequence)::text, ',')
        from (select pg_get_serial_sequence(:table, 'id')::regclass as sequence offset 0) as found,
             generate_series(1, :count)
    """)
    found = session.execute(numbers, {"table": table, "count": count}).scalar_one()
    return np.array(str(found).split(","), dtype=np.int64)


# ---------------------------------------------------------------- PostgreSQL's binary format


def encoded(columns: Sequence[tuple[str, Any]]) -> io.BytesIO:
    """Rows as COPY takes them: each field is its length and its bytes, and what is null has the length -1.

    Fields of fixed length stand side by side in one block of bytes a row; blocks and fields of any length are
    then joined row by row.
    """
    count = len(columns[0][1])
    parts: Parts = [(">i2", len(columns))]
    pieces: list[Any] = []
    for kind, array in columns:
        array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
        lengths, body = _FIXED[kind](array) if kind in _FIXED else _texts(array, kind)
        if isinstance(body, np.ndarray):
            parts += [(">i4", lengths), (body.dtype.str, body)]
            continue
        pieces += [_block([*parts, (">i4", lengths)], count), body]
        parts = []
    if parts:
        pieces.append(_block(parts, count))
    rows = pc.binary_join_element_wise(*pieces, pa.scalar(b"", pa.large_binary())) if len(pieces) > 1 else pieces[0]
    first, last = np.frombuffer(rows.buffers()[1], np.int64)[[rows.offset, rows.offset + len(rows)]].tolist()
    stream = io.BytesIO()
    stream.write(_SIGNATURE)
    stream.write(memoryview(rows.buffers()[2])[first:last] if count else b"")
    stream.write(struct.pack(">h", -1))
    stream.seek(0)
    return stream


def _block(parts: Parts, count: int) -> Any:
    block = np.empty(count, [(str(place), kind) for place, (kind, _) in enumerate(parts)])
    for place, (_, values) in enumerate(parts):
        block[str(place)] = values
    return _side_by_side(block)


def _side_by_side(rows: NDArray[Any]) -> Any:
    """Rows of fixed length as binary values."""
    offsets = np.arange(len(rows) + 1, dtype=np.int64) * rows.dtype.itemsize
    return pa.Array.from_buffers(
        pa.large_binary(), len(rows), [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(rows))]
    )


def _fixed(numbers: Callable[[Any], NDArray[Any]], dtype: str) -> Callable[[Any], tuple[Any, Any]]:
    """How a type of fixed length is written: in the block, unless some are null and take no room."""

    def written(array: Any) -> tuple[Any, Any]:
        size = np.dtype(dtype).itemsize
        if not array.null_count:
            return size, numbers(array).astype(dtype)
        valid = array.is_valid().to_numpy(zero_copy_only=False)
        values = numbers(array.drop_null()).astype(dtype)
        offsets = np.append(0, np.cumsum(valid, dtype=np.int64)) * size
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(values)]
        return np.where(valid, size, -1), pa.Array.from_buffers(pa.large_binary(), len(array), buffers)

    return written


def _plain(array: Any) -> NDArray[Any]:
    return np.asarray(array.to_numpy(zero_copy_only=False))


_FIXED: Mapping[str, Callable[[Any], tuple[Any, Any]]] = {
    "integer": _fixed(_plain, ">i4"),
    "bigint": _fixed(_plain, ">i8"),
    "float8": _fixed(_plain, ">f8"),
    "boolean": _fixed(_plain, "u1"),
    "date": _fixed(lambda array: _plain(array.cast(pa.int32())) - _EPOCH_DAYS, ">i4"),
    "timestamptz": _fixed(lambda array: _plain(array.cast(pa.int64())) - _EPOCH_MICROSECONDS, ">i8"),
}


def _texts(array: Any, kind: str) -> tuple[Any, Any]:
    body = array.cast(pa.large_binary())
    if kind == "jsonb":  # the version of its format comes first
        body = pc.binary_join_element_wise(pa.scalar(b"\1", pa.large_binary()), body, pa.scalar(b"", pa.large_binary()))
    lengths = pc.binary_length(body).fill_null(-1).to_numpy(zero_copy_only=False)
    return lengths, body.fill_null(b"") if body.null_count else body


# ---------------------------------------------------------------- tables that take very many


def _superuser(session: Session) -> bool:
    return bool(session.execute(text("select current_setting('is_superuser') = 'on'")).scalar_one())


@contextmanager
def without_triggers(session: Session) -> Iterator[bool]:
    """Rows copied in here are not checked one by one against what they point to, if the role is allowed to say so."""
    allowed = _superuser(session)
    if allowed:
        session.execute(text("set local session_replication_role = replica"))
    yield allowed
    if allowed:
        session.execute(text("set local session_replication_role = origin"))


@contextmanager
def indexed_at_the_end(session: Session, *tables: str) -> Iterator[None]:
    """Take the indexes away that hold no promise, and build them anew at the end of the same transaction.

    Nobody else can read or write the tables until it is committed; if it is not, the indexes were never away.
    """
    session.execute(text(f"lock table {', '.join(tables)} in access exclusive mode"))
    found = session.execute(
        text("""
            select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition
            from pg_index i where i.indrelid::regclass::text = any(:tables) and not i.indisunique
            order by i.indexrelid
        """),
        {"tables": list(tables)},
    ).all()
    for index in found:
        session.execute(text(f"drop index {index.name}"))
    yield
    if _superuser(session):  # to compress what is logged of them takes longer than to build them
        session.execute(text("set local wal_compression = off"))
    for index in found:
        session.execute(text(index.definition.replace(":", r"\:")))
