"""What the columns of a file of points are called elsewhere, and what they are called here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from gridmap.domain.frames import POINTS
from gridmap.errors import InputError

# Columns that reading adds.
OWN = ("row", "fault")

# What each column is called elsewhere, best first; letters' case, spaces and underscores do not count.
GUESSES: Mapping[str, tuple[str, ...]] = {
    "lon": ("lon", "lng", "long", "longitude", "经度", "經度", "x"),
    "lat": ("lat", "latitude", "纬度", "緯度", "y"),
    "category": (
        "category", "servicecode", "type", "类别", "類別", "类型", "類型", "问题类型", "問題類型", "servicename",
        "servicecodedescription",
    ),
    "reported_at": (
        "reported_at", "time", "时间", "時間", "上报时间", "上報時間", "adddate", "requested_datetime", "created_at",
        "datetime", "timestamp", "date", "日期",
    ),
    "accuracy_m": ("accuracy_m", "accuracy", "精度"),
    "text": ("text", "description", "描述", "内容", "內容"),
    "reference": ("reference", "service_request_id", "编号", "編號", "工单号", "工單號"),
    **{name: (name,) for name in POINTS.columns if name not in
       ("lon", "lat", "category", "reported_at", "accuracy_m", "text", "reference")},
}  # fmt: skip


def guess_columns(
    columns: Sequence[str], given: Mapping[str, str], only: Sequence[str] = POINTS.columns
) -> dict[str, str]:
    """Which of a file's columns is which of ours, by its name; those that were given are left aside.

    Parameters
    ----------
    columns : sequence of str
        The file's columns.
    given : mapping of str to str
        Ours to the file's, as far as known.
    only : sequence of str
        Which of ours to look for.

    Returns
    -------
    dict of str to str
        Ours to the file's.

    Examples
    --------
    >>> guess_columns(["ADDDATE", "LONGITUDE", "lat", "lon"], {"lat": "lat"})
    {'lon': 'lon', 'reported_at': 'ADDDATE'}
    """
    free = {_plain(name): name for name in reversed(columns) if name not in given.values()}
    guessed: dict[str, str] = {}
    for ours in only:
        name = next((free[_plain(other)] for other in GUESSES[ours] if _plain(other) in free), None)
        if ours not in given and name is not None and name not in guessed.values():
            guessed[ours] = name
    return guessed


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter not in " _-")


def check_given(path: Path, columns: Sequence[str], given: Mapping[str, str]) -> None:
    for ours, name in given.items():
        if ours not in POINTS.columns:
            raise InputError(f"{ours} is no column of points; there are {', '.join(POINTS.columns)}")
        if name not in columns:
            raise InputError(f"{path}: there is no column {name!r} for {ours}; there are {', '.join(columns[:40])}")


def renamed(columns: Sequence[str], taken: Mapping[str, str]) -> list[str]:
    """Our names for the columns taken; another that bears one of them steps aside."""
    ours = {name: canonical for canonical, name in taken.items()}
    reserved = {*taken, *OWN}
    names = [ours.get(name) or (f"{name}_in_file" if name in reserved else name) for name in columns]
    if len(set(names)) < len(names):
        raise InputError("two columns would bear one name: rename those that end in _in_file")
    return names
