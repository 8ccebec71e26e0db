"""What may stand in a cell: text that no spreadsheet runs on the way out, and no store chokes on on the way in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from gridmap.spatial.files.limits import refused

# The full-width forms count too: spreadsheets set to Chinese or Japanese run them as well.
# A number that is below zero runs nothing, and must stay a number: coordinates west of Greenwich are such.
BELOW_ZERO = r"-[0-9]+(\.[0-9]+)?"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe_cell(text: str) -> str:
    """Text as a spreadsheet may get it: an apostrophe before what it would run as a formula.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        Text that begins with none of `FORMULA_STARTS`, or is a plain number; `plain_cell` gives the text back.

    Examples
    --------
    >>> safe_cell("=1+1"), safe_cell("+86 138"), safe_cell("-77.03"), safe_cell("A-1")
    ("'=1+1", "'+86 138", '-77.03', 'A-1')
    """
    if re.fullmatch(BELOW_ZERO, text):
        return text
    return f"'{text}" if text.lstrip("'").startswith(FORMULA_STARTS) else text


def plain_cell(text: str) -> str:
    """The text that `safe_cell` was given.

    Parameters
    ----------
    text : str
        A cell of a table.

    Returns
    -------
    str
        Without the apostrophe that keeps it from being a formula.

    Examples
    --------
    >>> plain_cell("'=1+1"), plain_cell("'t Hof")
    ('=1+1', "'t Hof")
    """
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(FORMULA_STARTS) else text


def as_text(column: pd.Series) -> pd.Series:
    """A column as text, however a format typed it: codes and numbers of houses are no quantities.

    Parameters
    ----------
    column : pandas.Series of length n
        Text, whole numbers, or whole numbers that a missing value turned into floats.

    Returns
    -------
    pandas.Series of object, length n
        str or None, without white space around it; 101.0 is "101".

    Examples
    --------
    >>> as_text(pd.Series([101.0, None, " A "], dtype=object)).tolist()
    ['101', None, 'A']
    """
    return pd.Series([_text(value) for value in column], index=column.index, name=column.name, dtype=object)


def _text(value: object) -> str | None:
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip() or None


def clean_text(frame: pd.DataFrame, path: Path | str, *, spreadsheet: bool = False) -> pd.DataFrame:
    """The frame with its text stripped, empty cells as None, and nothing in it that a store cannot hold."""
    check_names(frame.columns.tolist(), path)
    cleaned = {}
    for at, name in enumerate(frame.columns):
        column = frame.iloc[:, at]
        if pd.api.types.is_string_dtype(column.dtype) or column.dtype == object:
            values = [_cleaned(value, path, row, name, spreadsheet) for row, value in enumerate(column, 1)]
            column = pd.Series(values, index=frame.index, dtype=object)
        cleaned[name] = column
    return pd.DataFrame(cleaned, index=frame.index)


def check_names(names: Sequence[object], path: Path | str) -> None:
    """Refuse column names that cannot be named."""
    for name in names:
        if text_fault(str(name)):
            raise refused(path, f"a column's name holds {text_fault(str(name))}; rename it")


def _cleaned(value: object, path: Path | str, row: int, name: object, spreadsheet: bool) -> object:
    if not isinstance(value, str):
        return None if value is None or value is pd.NA or value is pd.NaT or value != value else value
    if fault := text_fault(value):
        raise refused(path, f"row {row}, column {name}: the text holds {fault}; remove it")
    text = value.strip()
    return (plain_cell(text) if spreadsheet else text) or None


def check_texts(values: Mapping[str, object], path: Path | str, row: int) -> None:
    """Refuse a feature with text that could not even be put into a frame."""
    check_names(list(values), path)
    for name, value in values.items():
        _cleaned(value, path, row, name, spreadsheet=False)


def text_fault(text: str) -> str | None:
    """What in a text no store can hold, if anything."""
    if "\0" in text:
        return "a NUL character"
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return "half a character (a lone surrogate)"
    return None
