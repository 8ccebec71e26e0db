"""Tables without a map: CSV, Excel and Parquet, as text and in order of their rows."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

from gridmap.spatial.files.archives import opened
from gridmap.spatial.files.cells import clean_text
from gridmap.spatial.files.limits import (
    MEGABYTE,
    PLAN,
    Limits,
    check_columns,
    check_features,
    local_file,
    reading,
    refused,
)
from gridmap.spatial.files.parquet import open_parquet

TABLE_SUFFIXES = (".csv", ".csv.gz", ".xlsx", ".parquet")
_HEADER = 1 << 20
_BLOCK = 8 << 20
_XLSX_PARTS = 2_000
_UNPACKED_FREELY = 50 * MEGABYTE


def read_table(path: Path | str, *, encoding: str | None = None, limits: Limits = PLAN) -> pd.DataFrame:
    """A table without shapes, such as people or posts.

    Parameters
    ----------
    path : path to a .csv, .csv.gz, .xlsx or .parquet file
        CSV is UTF-8 or GB18030, with commas, semicolons or tabs.
    encoding : str, optional
        The encoding of a CSV file that is neither.
    limits : Limits
        What is refused as too large.

    Returns
    -------
    pandas.DataFrame
        One row for each row of the file. CSV and Excel give text and None only: no number is guessed at, so that
        "007" stays. Apostrophes that kept a cell from being a formula are taken off.

    Raises
    ------
    FileRefusedError
        For a file that cannot be read or should not be.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "people.csv"
    ...     _ = file.write_text("code,phone\\n007,'+86 138\\n", encoding="utf-8")
    ...     read_table(file).to_dict("records")
    [{'code': '007', 'phone': '+86 138'}]
    """
    file = local_file(path, limits)
    kind = suffix_of(file)
    if kind in (".csv", ".csv.gz"):
        return clean_text(_whole(CsvRows(file, limits, encoding), limits), path, spreadsheet=True)
    if kind == ".xlsx":
        return clean_text(_whole(SheetRows(file, limits), limits), path, spreadsheet=True)
    if kind == ".parquet":
        parquet = open_parquet(file, limits)
        with reading(path):
            return clean_text(parquet.read().replace_schema_metadata(None).to_pandas(), path)
    raise refused(path, f"a table is read from {', '.join(TABLE_SUFFIXES)}; save it as one of them")


def suffix_of(path: Path) -> str:
    """The suffix that names a file's format, in small letters, `.csv.gz` as one."""
    return ".csv.gz" if path.name.lower().endswith(".csv.gz") else path.suffix.lower()


@dataclass(frozen=True)
class Batch:
    """Some rows of a table: `rows` numbers them from 1; `malformed` are those whose cells cannot be told apart."""

    frame: pd.DataFrame
    rows: NDArray[np.int64]
    malformed: tuple[tuple[int, str], ...] = ()


class CsvRows:
    """A CSV file, read in batches of text; a row with too many or too few cells is reported, never dropped."""

    def __init__(self, path: Path, limits: Limits, encoding: str | None = None) -> None:
        self.path, self._limits = path, limits
        with reading(path):
            self.encoding = encoding or _encoding_of(path, limits)
            self.delimiter, self.columns = _header(path, self.encoding, limits)

    def batches(self) -> Iterator[Batch]:
        malformed: dict[int, str] = {}

        def set_aside(row: Any) -> str:
            malformed[row.number] = f"{row.actual_columns} cells instead of {row.expected_columns}"
            return "skip"

        try:
            with reading(self.path), _bytes_of(self.path) as source:
                yield from _numbered(self._open(source, set_aside), malformed)
        except pa.ArrowException as error:
            raise refused(self.path, f"the CSV is broken ({_first_line(error)}); save it again") from None

    def _open(self, source: Any, set_aside: Any) -> Iterator[pa.RecordBatch]:
        """The header is read as a row, for its names may be doubled; it is dropped here."""
        reader = pa_csv.open_csv(
            source,
            read_options=pa_csv.ReadOptions(
                column_names=self.columns, block_size=_BLOCK, encoding=self.encoding, use_threads=False
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=self.delimiter, newlines_in_values=True, invalid_row_handler=set_aside
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(self.columns, pa.string()), null_values=[""], strings_can_be_null=True
            ),
        )
        unpacked = 0
        for at, batch in enumerate(reader):
            unpacked += batch.nbytes
            _check_unpacked(self.path, unpacked, self._limits)
            yield batch.slice(1) if at == 0 else batch


class SheetRows:
    """The first sheet of an Excel file, in batches of text."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path, self._limits = path, limits
        _check_workbook(path, limits)

    def batches(self, size: int = 50_000) -> Iterator[Batch]:
        import openpyxl  # takes a quarter of a second, which only workbooks are worth
        from openpyxl.utils.exceptions import InvalidFileException

        # Opened here, so that it is closed however far the workbook can be read.
        with reading(self.path):
            file = self.path.open("rb")
        with file:
            try:
                with reading(self.path):
                    book = openpyxl.load_workbook(file, read_only=True, data_only=True)
            except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, TypeError, SyntaxError):
                raise refused(self.path, "this is no Excel workbook; save it as .xlsx again") from None
            try:
                yield from self._rows(book.worksheets[0].iter_rows(values_only=True), size)
            finally:
                book.close()

    def _rows(self, rows: Iterator[tuple[object, ...]], size: int) -> Iterator[Batch]:
        header = list(next(rows, ()))
        while header and header[-1] is None:
            header.pop()
        columns = named(["" if name is None else str(name) for name in header])
        check_columns(self.path, len(columns), self._limits)
        if not columns:
            raise refused(self.path, "the first sheet has no header row; name the columns")
        held: list[list[str | None]] = []
        numbers: list[int] = []
        for number, row in enumerate(rows, 1):
            cells = [_cell_text(value) for value in row[: len(columns)]]
            if any(cell is not None for cell in cells):
                held.append(cells + [None] * (len(columns) - len(cells)))
                numbers.append(number)
            if len(held) == size:
                yield Batch(pd.DataFrame(held, columns=columns, dtype=object), np.array(numbers, dtype=np.int64))
                held, numbers = [], []
        yield Batch(pd.DataFrame(held, columns=columns, dtype=object), np.array(numbers, dtype=np.int64))


def named(names: list[str]) -> list[str]:
    """Column names as they are, an empty one by its place, a doubled one with a number."""
    taken: set[str] = set()
    result = []
    for place, name in enumerate((name.strip() for name in names), 1):
        base = name or f"column{place}"
        unique, count = base, 0
        while unique in taken:
            count += 1
            unique = f"{base}.{count}"
        taken.add(unique)
        result.append(unique)
    return result


def _whole(rows: CsvRows | SheetRows, limits: Limits) -> pd.DataFrame:
    """All rows of a table that must be without fault."""
    frames, count = [], 0
    for batch in rows.batches():
        if batch.malformed:
            row, why = batch.malformed[0]
            raise refused(rows.path, f"row {row} has {why}; repair it")
        count += len(batch.frame)
        check_features(rows.path, count, limits)
        frames.append(batch.frame)
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _numbered(batches: Iterator[pa.RecordBatch], malformed: dict[int, str]) -> Iterator[Batch]:
    """Batches with the number of each row: the reader counts the header as row 1 and says which it left out."""
    start = 2
    for batch in batches:
        apart = np.fromiter(malformed, dtype=np.int64, count=len(malformed))
        numbers = np.setdiff1d(np.arange(start, start + batch.num_rows + len(apart)), apart)[: batch.num_rows]
        start = int(numbers[-1]) + 1 if len(numbers) else start
        ready = sorted(number for number in malformed if number < start)
        faults = tuple((number - 1, malformed.pop(number)) for number in ready)
        yield Batch(batch.to_pandas(), numbers - 1, faults)
    if malformed:
        rest = tuple((number - 1, why) for number, why in sorted(malformed.items()))
        yield Batch(pd.DataFrame(), np.empty(0, dtype=np.int64), rest)


def _bytes_of(path: Path) -> Any:
    return pa.input_stream(str(path), compression="gzip" if path.suffix.lower() == ".gz" else None)


def _encoding_of(path: Path, limits: Limits) -> str:
    """UTF-8 if all of it is, UTF-16 if it says so, else GB18030, which Chinese spreadsheets write."""
    with _binary(path) as file:
        if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16"
    return "utf-8" if _decodes(path, "utf-8", limits) else "gb18030"


def _decodes(path: Path, encoding: str, limits: Limits) -> bool:
    decoder, unpacked = codecs.getincrementaldecoder(encoding)(), 0
    with _binary(path) as file:
        try:
            while piece := file.read(_BLOCK):
                unpacked += len(piece)
                _check_unpacked(path, unpacked, limits)
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _check_unpacked(path: Path, unpacked: int, limits: Limits) -> None:
    if unpacked > _UNPACKED_FREELY and unpacked > limits.ratio * path.stat().st_size:
        raise refused(path, f"it is packed more than {limits.ratio} to 1; unpack it first")


def _binary(path: Path) -> IO[bytes]:
    if path.suffix.lower() == ".gz":
        return cast(IO[bytes], gzip.open(path, "rb"))
    return path.open("rb")


def _header(path: Path, encoding: str, limits: Limits) -> tuple[str, list[str]]:
    """The delimiter, and the names of the columns."""
    with _binary(path) as file:
        start = file.read(_HEADER)
    text = codecs.getincrementaldecoder(encoding)().decode(start).removeprefix("\ufeff")
    line = text.partition("\n")[0]
    if not line.strip():
        raise refused(path, "the first line is empty; it must name the columns")
    if len(start) == _HEADER and len(line) == len(text):
        raise refused(path, "the first line is longer than a million characters; is this a CSV file?")
    if "\0" in line:
        raise refused(path, "the first line holds NUL characters; is this a CSV file?")
    delimiter = max(",;\t|", key=line.count)
    check_columns(path, line.count(delimiter) + 1, limits)
    try:
        names = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except (csv.Error, StopIteration):
        raise refused(path, "the first line does not name columns; is this a CSV file?") from None
    return delimiter, named(names)


def _check_workbook(path: Path, limits: Limits) -> None:
    """A workbook is a zip of XML: no bomb of either kind may be in it."""
    with opened(path, Limits(size=limits.size, ratio=limits.ratio, members=_XLSX_PARTS)) as archive:
        for member in archive.infolist():
            if member.filename.lower().endswith((".xml", ".rels")):
                with archive.open(member) as file:
                    if b"<!DOCTYPE" in file.read(4096).upper():
                        raise refused(path, "the workbook declares entities; save it again as .xlsx")


def _cell_text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return str(value)


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__
