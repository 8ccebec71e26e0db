"""Files of reports on their way in, and routed rows on their way out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from gridmap.domain.lifecycle import KINDS
from gridmap.errors import CoordinateError, InputError
from gridmap.operations.plans import local_moment, time_zone
from gridmap.spatial.coordinates import to_wgs84
from gridmap.spatial.files.exports import write_layer, write_table
from gridmap.spatial.files.points import PointChunks, iter_points
from gridmap.storage import issues as stored_issues

MOMENTS = ("reported_at", "due_at", "closed_at")
TEXTS = ("category", "kind", "urgency", "level", "facility", "about", "text", "source", "reference", "status")
# What routing adds to a row, and what only --detail asks for.
ADDED = ("position", "grid", "tier1", "tier2", "tier3", "owner_role", "owner_grid", "owner", "owner_name", "rule")
DETAIL = ("boundary_m", "outside_m", "runner_up", "runner_up_m")


@dataclass
class Rows:
    """Rows of a file: as they stand there, and as they are understood."""

    given: pd.DataFrame
    points: pd.DataFrame

    def __len__(self) -> int:
        return len(self.points)


@dataclass
class PointFile:
    """A file of reports that is open."""

    chunks: PointChunks
    datum: str
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def guessed(self) -> Mapping[str, str]:
        return self.chunks.guessed

    def batches(self, timezone: str) -> Iterator[Rows]:
        """The rows, understood: moments aware, words as text, positions in WGS 84."""
        own_names = dict(zip(self.chunks.names, self.chunks.columns, strict=True))
        for frame in self.chunks:
            given = frame[[name for name in self.chunks.names if name in frame]].rename(columns=own_names)
            yield Rows(given, _prepared(frame, self.datum, timezone, self.words))


def open_points(
    path: Path, columns: Mapping[str, str], datum: str, words: Mapping[str, Mapping[str, str]] | None = None
) -> PointFile:
    """A file of reports; which column is what is guessed where it is not said, `words` are theirs by column to ours."""
    return PointFile(iter_points(path, columns), datum, words or {})


def _prepared(frame: pd.DataFrame, datum: str, timezone: str, words: Mapping[str, Mapping[str, str]]) -> pd.DataFrame:
    frame = frame.copy()
    if datum != "wgs84":
        sound = frame["fault"].isna().to_numpy()
        lon, lat = frame["lon"].to_numpy(float, copy=True), frame["lat"].to_numpy(float, copy=True)
        lon[sound], lat[sound] = to_wgs84(lon[sound], lat[sound], datum)
        frame["lon"], frame["lat"] = lon, lat
    for name in TEXTS:
        if name in frame:
            frame[name] = _texts(frame[name])
        if name in frame and name in words:
            frame[name] = frame[name].map(lambda said, known=words[name]: known.get(said, said))
    for name in MOMENTS:
        if name in frame:
            frame[name], unread = _moments(frame[name], timezone)
            bad = unread & frame["fault"].isna()
            frame.loc[bad, "fault"] = f"{name} is no time"
    return frame


def _texts(column: pd.Series[Any]) -> pd.Series[Any]:
    if column.dtype.kind in "if":
        column = column.map(lambda value: None if pd.isna(value) else f"{value:g}")
    column = column.astype(object)
    return column.where(column.notna() & (column != ""), None)


def _moments(column: pd.Series[Any], timezone: str) -> tuple[pd.Series[Any], pd.Series[bool]]:
    """The moments of a column, and where it holds something that is none; without a zone, the site's holds."""
    given = column.notna() & (column.astype(str).str.strip() != "")
    moments = pd.to_datetime(column.where(given), errors="coerce", format="ISO8601", utc=False)
    if moments.dtype == object:  # zones differ from row to row, or some have none
        moments = pd.Series([_moment(value, timezone) for value in column.where(given)], index=column.index)
        moments = pd.to_datetime(moments, utc=True)
    elif moments.dt.tz is None:
        moments = moments.dt.tz_localize(time_zone(timezone), ambiguous=True, nonexistent="shift_forward")
    return moments.dt.tz_convert("UTC"), given & moments.isna()


def _moment(value: Any, timezone: str) -> Any:
    try:
        return local_moment(value, timezone) or pd.NaT
    except InputError:
        return pd.NaT


def checked_point(session: Session, point: Mapping[str, Any]) -> pd.DataFrame:
    """One point as a frame, or an error that names what is wrong with it."""
    lon, lat = point["lon"], point["lat"]
    if not (np.isfinite([lon, lat]).all() and abs(lon) <= 180 and abs(lat) <= 90):
        raise CoordinateError(f"{lon} {lat} is no position: longitude -180 to 180, then latitude -90 to 90")
    for name in ("accuracy_m", "extent_m"):
        if point.get(name) is not None and not 0 <= point[name] <= 100_000:
            raise InputError(f"{name.removesuffix('_m')} {point[name]} is no distance: 0 to 100000 metres")
    if point.get("kind") is not None and point["kind"] not in KINDS:
        raise InputError(f"kind {point['kind']!r} is none of {', '.join(KINDS)}")
    category = point.get("category")
    if category is not None and category not in stored_issues.categories(session):
        raise InputError(f"no category is called {category!r}: gridmap categories lists them")
    return pd.DataFrame([dict(point)])


@dataclass
class Seen:
    """How often each row has come, so that a row that is there twice is stored twice, and a file read twice once."""

    counts: dict[bytes, int] = field(default_factory=dict)

    def with_references(self, points: pd.DataFrame) -> pd.DataFrame:
        """What a row is known by: its own reference, else its content and how often that has come."""
        own = points["reference"] if "reference" in points else pd.Series([None] * len(points), index=points.index)
        if own.notna().all():
            return points
        content = points.drop(columns=[name for name in ("row", "fault") if name in points])
        made = [self._made(values) for values in content.astype(str).itertuples(index=False, name=None)]
        made_column = pd.Series(made, index=points.index, dtype=object)
        return points.assign(reference=own.astype(object).where(own.notna(), made_column))

    def _made(self, values: tuple[Any, ...]) -> str:
        digest = blake2b(json.dumps(values).encode(), digest_size=12).digest()
        self.counts[digest] = self.counts.get(digest, 0) + 1
        return f"{digest.hex()}-{self.counts[digest]}"


def given_out(rows: Rows, routed: pd.DataFrame, *, detail: bool) -> pd.DataFrame:
    """Routed rows as `gridmap route` writes them: as they stand in the file, then what routing adds."""
    added = routed[[name for name in (*ADDED, *(DETAIL if detail else ())) if name in routed]]
    given = rows.given.iloc[routed["n"]].reset_index(drop=True)
    clash = {name: f"{name}_in_file" for name in given.columns.intersection(added.columns)}
    placed = rows.points[["lon", "lat"]].iloc[routed["n"]].reset_index(drop=True)
    return pd.concat([given.rename(columns=clash), added], axis=1).set_index(
        pd.MultiIndex.from_frame(placed), drop=True
    )


def rejected_rows(rows: Rows, rejected: pd.DataFrame) -> pd.DataFrame:
    """Rejected rows as they stand in the file, after the row's number and the reason."""
    given = rows.given.iloc[rejected["n"]].reset_index(drop=True)
    return pd.concat([rejected[["row", "fault"]].reset_index(drop=True), given], axis=1)


def write_routed(routed: pd.DataFrame, out: Path) -> None:
    """Routed rows: a table where the file is one, else points."""
    if out.name.endswith((".csv", ".xlsx")):
        write_table(routed, out)
        return
    lon, lat = (routed.index.get_level_values(name) for name in ("lon", "lat"))
    write_layer(gpd.GeoDataFrame(routed.reset_index(drop=True), geometry=gpd.points_from_xy(lon, lat), crs=4326), out)
