"""Parquet files: what their footers say is looked at before their rows are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj

from gridmap.errors import FileRefusedError
from gridmap.spatial.files.limits import MEGABYTE, Limits, check_columns, check_features, reading, refused


def open_parquet(path: Path, limits: Limits) -> pq.ParquetFile:
    """A Parquet file whose width and length are bearable."""
    try:
        with reading(path):
            parquet = pq.ParquetFile(path)
    except pa.ArrowException as error:
        raise refused(
            path,
            f"this is no Parquet file ({str(error)[:80]!r}); export it again",
        ) from None
    check_columns(path, parquet.metadata.num_columns, limits)
    check_features(path, parquet.metadata.num_rows, limits)
    unpacked = sum(
        parquet.metadata.row_group(group).total_byte_size for group in range(parquet.metadata.num_row_groups)
    )
    if unpacked > 10 * limits.size:
        raise refused(path, f"unpacked it would be larger than {10 * limits.size // MEGABYTE} MB; split it")
    return parquet


# Whole numbers stay whole where one is missing: as floats, those above 2**53 would lose their last digits.
_WHOLE = {
    pa.int8(): pd.Int8Dtype(), pa.int16(): pd.Int16Dtype(), pa.int32(): pd.Int32Dtype(), pa.int64(): pd.Int64Dtype(),
    pa.uint8(): pd.UInt8Dtype(), pa.uint16(): pd.UInt16Dtype(), pa.uint32(): pd.UInt32Dtype(),
    pa.uint64(): pd.UInt64Dtype(),
}  # fmt: skip


def frame_of(rows: pa.RecordBatch) -> pd.DataFrame:
    """Rows as a frame whose whole numbers keep all their digits."""
    # What pandas once noted of the columns is not asked for: it may be damaged, and none of it matters here.
    frame: pd.DataFrame = rows.replace_schema_metadata(None).to_pandas()
    for name, column in zip(rows.schema.names, rows.columns, strict=True):
        if column.null_count and pa.types.is_integer(column.type) and name in frame:
            frame[name] = column.to_pandas(types_mapper=_WHOLE.get).set_axis(frame.index)
    return frame


def described_geometry(metadata: dict[bytes, bytes] | None, path: Path) -> tuple[str, Any] | None:
    """The column of shapes and the system a GeoParquet describes; None for a plain Parquet."""
    if not metadata or b"geo" not in metadata:
        return None
    try:
        geo = json.loads(metadata[b"geo"])
        name = geo["primary_column"]
        column = geo["columns"][name]
        system = column.get("crs", "OGC:CRS84")
        if column["encoding"] != "WKB":
            raise refused(path, "its shapes are not WKB; export it as GeoParquet with WKB")
        return str(name), pyproj.CRS.from_user_input(system) if system is not None else None
    except FileRefusedError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, pyproj.exceptions.ProjError):
        raise refused(path, "its description of shapes is broken; export it again") from None
