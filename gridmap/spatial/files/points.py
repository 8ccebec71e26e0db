"""Files of reported points, by the million: read in chunks, every row kept, what is wrong with one said beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gridmap.domain.frames import POINTS as CANONICAL
from gridmap.errors import InputError
from gridmap.spatial.files.cells import text_fault
from gridmap.spatial.files.limits import POINTS, Limits, local_file
from gridmap.spatial.files.point_columns import check_given, guess_columns, renamed
from gridmap.spatial.files.point_sources import opened_source
from gridmap.spatial.files.tables import Batch

_METRES = ("accuracy_m", "extent_m")
_RANGES = {"lon": 180.0, "lat": 90.0}
_AXES = {"lon": "longitude", "lat": "latitude"}


def read_points(
    path: Path | str, columns: Mapping[str, str] | None = None, *, encoding: str | None = None
) -> tuple[pd.DataFrame, dict[str, str]]:
    """All points of a file at once.

    Parameters
    ----------
    path, columns, encoding
        As for `iter_points`.

    Returns
    -------
    frame : pandas.DataFrame
        One row for each data row of the file, as `iter_points` gives them.
    guessed : dict of str to str
        Which column of the file was taken for which of ours without being told so.

    Raises
    ------
    FileRefusedError, InputError
        As for `iter_points`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "reports.csv"
    ...     _ = file.write_text("经度,纬度\\n121.5,31.2\\n121.5,\\n", encoding="utf-8")
    ...     frame, guessed = read_points(file)
    >>> guessed, frame["fault"].tolist()
    ({'lon': '经度', 'lat': '纬度'}, [None, 'the latitude is missing'])
    """
    chunks = iter_points(path, columns, encoding=encoding)
    frames = list(chunks)
    return pd.concat(frames, ignore_index=True), chunks.guessed


def iter_points(
    path: Path | str,
    columns: Mapping[str, str] | None = None,
    *,
    chunk: int = 200_000,
    encoding: str | None = None,
    limits: Limits = POINTS,
) -> PointChunks:
    """The points of a file in chunks, in the order of their rows.

    Parameters
    ----------
    path : path to a .csv, .csv.gz, .geojson, .parquet (also GeoParquet) or .xlsx file
        GeoJSON and GeoParquet are brought to EPSG:4326 if they say that they are in another system.
    columns : mapping of str to str, optional
        Our column (`domain.frames.POINTS`) to the file's, where the guess would be wrong.
    chunk : int
        The most rows in a chunk, about.
    encoding : str, optional
        The encoding of a CSV file that is neither UTF-8 nor GB18030.
    limits : Limits
        What is refused as too large.

    Returns
    -------
    PointChunks
        Iterating gives data frames, at least one, all with the same columns: `row` (the file's data row, from 1), our
        columns that the file has (lon and lat in degrees, accuracy and extent in metres as float64, the rest as it
        is), the file's other columns as they are (one that has a name of ours becomes `NAME_in_file`), and `fault`:
        why the row cannot be used, or None. No row is left out. `guessed` says which columns were guessed.

    Raises
    ------
    FileRefusedError
        For a file that cannot be read or would do harm.
    InputError
        If `columns` names a column that does not exist, or no column can be taken for longitude and latitude.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "reports.csv"
    ...     _ = file.write_text("X,Y,what\\n121.5,31.2,lamp\\n", encoding="utf-8")
    ...     next(iter(iter_points(file, {"category": "what"}))).to_dict("records")
    [{'row': 1, 'lon': 121.5, 'lat': 31.2, 'category': 'lamp', 'fault': None}]
    """
    file = local_file(path, limits)
    names, batches = opened_source(file, limits, encoding, chunk)
    return PointChunks(file, names, dict(columns or {}), batches, chunk)


class PointChunks:
    """The chunks of a file of points; `guessed` is which column was taken for which of ours without being told."""

    def __init__(
        self, path: Path, columns: list[str], given: Mapping[str, str], batches: Iterator[Batch], chunk: int
    ) -> None:
        self.path, self.columns = path, columns
        check_given(path, columns, given)
        self.guessed = guess_columns(columns, given)
        self._taken = {**self.guessed, **given}
        for axis in _RANGES:
            if axis not in self._taken:
                raise InputError(
                    f"{path}: no column looks like a {_AXES[axis]}: name it with {axis}=COLUMN;"
                    f" there are {', '.join(columns[:40])}"
                )
        self.names = renamed(columns, self._taken)
        self._batches, self._chunk = batches, chunk
        self._nothing_yet = True

    def __iter__(self) -> Iterator[pd.DataFrame]:
        held: list[pd.DataFrame] = []
        count = 0
        for batch in self._batches:
            for frame in self._frames(batch):
                held.append(frame)
                count += len(frame)
                if count >= self._chunk:
                    yield pd.concat(held, ignore_index=True) if len(held) > 1 else frame
                    held, count = [], 0
                    self._nothing_yet = False
        if held or self._nothing_yet:
            yield (
                pd.concat(held, ignore_index=True)
                if held
                else self._frame(Batch(pd.DataFrame(), np.empty(0, np.int64)))
            )

    def _frames(self, batch: Batch) -> Iterator[pd.DataFrame]:
        if batch.malformed:
            yield self._unreadable(batch.malformed)
        for start in range(0, len(batch.frame), self._chunk):
            part = slice(start, start + self._chunk)
            yield self._frame(Batch(batch.frame.iloc[part], batch.rows[part]))

    def _unreadable(self, malformed: Sequence[tuple[int, str]]) -> pd.DataFrame:
        numbers = np.array([row for row, _ in malformed], dtype=np.int64)
        nothing = pd.Series([None] * len(numbers), dtype="str")
        frame = self._frame(Batch(pd.DataFrame(dict.fromkeys(self.columns, nothing)), numbers))
        frame["fault"] = pd.Series([f"the row has {why}" for _, why in malformed], index=frame.index, dtype=object)
        return frame

    def _frame(self, batch: Batch) -> pd.DataFrame:
        """A batch under our names, with its rows' numbers and faults."""
        source = batch.frame.reindex(columns=self.columns).reset_index(drop=True)
        named = source.set_axis(self.names, axis=1)
        faults = np.full(len(named), None, dtype=object)
        ours = [name for name in CANONICAL.columns if name in self._taken]
        for name in (name for name in (*_METRES, "lat", "lon") if name in ours):
            named[name] = _numbers(named[name], name, faults)
        _note_text(named, faults)
        others = [name for name in self.names if name not in ours]
        result = named[ours + others]
        result.insert(0, "row", batch.rows)
        result["fault"] = pd.Series(faults, index=result.index, dtype=object)
        return result


def _numbers(column: pd.Series, name: str, faults: NDArray[np.object_]) -> NDArray[np.float64]:
    """A column as float64; a row without a fit number gets its fault, the last axis looked at having the last word."""
    numbers = _as_floats(column)
    limit = _RANGES.get(name)
    with np.errstate(invalid="ignore"):
        wrong = ~np.isfinite(numbers) if limit else np.isnan(numbers) & column.notna().to_numpy()
        beyond = np.abs(numbers) > limit if limit else np.zeros(len(numbers), dtype=bool)
    for row in np.flatnonzero(wrong | beyond).tolist():
        faults[row] = _fault(column.iloc[row], name, limit)
    return numbers


def _fault(value: object, name: str, limit: float | None) -> str:
    what = _AXES.get(name, name)
    if value is None or value is pd.NA or value != value or not str(value).strip():
        return f"the {what} is missing"
    shown = repr(str(value)[:40])
    try:
        number = float(str(value))
    except ValueError:
        return f"the {what} {shown} is no number"
    if limit is None or not np.isfinite(number):
        return f"the {what} {shown} is no number"
    hint = "; are longitude and latitude exchanged, or is it in metres?" if name == "lat" else ""
    return f"the {what} {shown} is not within {-limit:g} and {limit:g}{hint}"


def _as_floats(column: pd.Series) -> NDArray[np.float64]:
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    try:
        texts = pa.array(column, type=pa.string(), from_pandas=True)
        floats = pc.cast(pc.utf8_trim_whitespace(texts), pa.float64())
        return np.array(floats.to_numpy(zero_copy_only=False), dtype=np.float64)
    except pa.ArrowException:
        return pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)


def _note_text(frame: pd.DataFrame, faults: NDArray[np.object_]) -> None:
    """Rows whose text no store can hold; text straight from CSV cannot hold half a character."""
    for name in frame.columns:
        column = frame[name]
        if column.dtype == object:
            for row, value in enumerate(column):
                if isinstance(value, str) and (fault := text_fault(value)):
                    faults[row] = f"the text of {name} holds {fault}"
        elif pd.api.types.is_string_dtype(column.dtype):
            held = pc.match_substring(pa.array(column, from_pandas=True), "\0").fill_null(False)
            for row in np.flatnonzero(held.to_numpy(zero_copy_only=False)).tolist():
                faults[row] = f"the text of {name} holds a NUL character"
