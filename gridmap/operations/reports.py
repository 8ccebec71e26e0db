"""Files of reports on their way in, and routed rows on their way out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import select
from sqlalchemy.orm import Session

from gridmap.domain.lifecycle import KINDS
from gridmap.domain.model import Facility, Person, Site
from gridmap.errors import CoordinateError, InputError, NotFoundError
from gridmap.operations.outlines import local_moment, time_zone
from gridmap.spatial.coordinates import to_wgs84
from gridmap.spatial.files.cells import as_text
from gridmap.spatial.files.exports import write_layer, write_table
from gridmap.spatial.files.limits import POINTS
from gridmap.spatial.files.parquet import open_parquet
from gridmap.spatial.files.points import PointChunks, iter_points
from gridmap.storage import issues as stored_issues
from gridmap.storage import places

EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2201, 1, 1, tzinfo=UTC)
# Grids hold since 1970 at the earliest; an end in 1900 is how some programs write that there is none.
MOMENTS = {"reported_at": datetime(1970, 1, 1, tzinfo=UTC), "due_at": EARLIEST, "closed_at": EARLIEST}
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

    @property
    def total(self) -> int | None:
        """How many rows the file has, where it says so."""
        if self.chunks.path.suffix.lower() not in (".parquet", ".geoparquet"):
            return None
        return int(open_parquet(self.chunks.path, POINTS).metadata.num_rows)

    def batches(self, timezone: str) -> Iterator[Rows]:
        """The rows, understood: moments aware, words as text, positions in WGS 84."""
        own_names = dict(zip(self.chunks.names, self.chunks.columns, strict=True))
        for frame in self.chunks:
            given = frame[[name for name in self.chunks.names if name in frame]].rename(columns=own_names)
            yield Rows(given, _prepared(frame, self.datum, timezone, self.words))


def open_points(
    path: Path,
    columns: Mapping[str, str],
    datum: str,
    words: Mapping[str, Mapping[str, str]] | None = None,
    *,
    rows: int = 200_000,
    encoding: str | None = None,
) -> PointFile:
    """A file of reports, `rows` at a time.

    Which column is what is guessed where it is not said; `words` are theirs by column to ours.
    """
    return PointFile(iter_points(path, columns, chunk=rows, encoding=encoding), datum, words or {})


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
            frame[name], wrong = _moments(frame[name], name, timezone)
            frame["fault"] = frame["fault"].where(frame["fault"].notna(), wrong)
    return frame


def _texts(column: pd.Series[Any]) -> pd.Series[Any]:
    """A column as text, with None where it is empty: a number that is whole has all its digits and no point."""
    if isinstance(column.dtype, pd.StringDtype):
        texts = pc.utf8_trim_whitespace(pa.array(column, pa.large_string(), from_pandas=True))
    elif pd.api.types.is_integer_dtype(column.dtype):
        texts = pa.array(column, from_pandas=True).cast(pa.large_string())
    else:
        return as_text(column)
    said = pc.if_else(pc.equal(texts, ""), None, texts).to_numpy(zero_copy_only=False)
    return pd.Series(said, column.index, object, column.name)


# A date at least, written from the year on; a zone can only stand behind a time.
_DATED = r"^\d{4}[-/]?\d\d[-/]?\d\d"
_ZONED = r"\d[T ].*(?:[Zz]|[+-]\d)"


def _moments(column: pd.Series[Any], name: str, timezone: str) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """The moments of a column in UTC, and what is wrong with the others; without a zone, the site's holds."""
    parsed, zoned, given = _parsed(column)
    # A day more, for years begin earlier in the east.
    near = (parsed >= MOMENTS[name] - timedelta(days=1)) & (parsed < LATEST)
    wrong = pd.Series([None] * len(column), index=column.index, dtype=object)
    wrong[given & parsed.isna()] = f"{name} is no time"
    wrong[parsed.notna() & ~near] = f"{name} is out of the years {MOMENTS[name].year} to {LATEST.year - 1}"
    moments = parsed.where(near).dt.as_unit("us")
    local = moments[~zoned].dt.tz_localize(None)
    local = local.dt.tz_localize(time_zone(timezone), ambiguous=True, nonexistent="shift_forward")
    moments[~zoned] = local.dt.tz_convert("UTC")
    return moments, wrong


def _parsed(column: pd.Series[Any]) -> tuple[pd.Series[Any], pd.Series[bool], pd.Series[bool]]:
    """The times of a column as if all without a zone were in UTC; which have one; and which cells hold anything."""
    if column.dtype.kind == "M":
        aware = isinstance(column.dtype, pd.DatetimeTZDtype)
        return pd.to_datetime(column, utc=True), pd.Series(aware, index=column.index), column.notna()
    texts = _texts(column).astype("str")
    dated = texts.where(texts.str.contains(_DATED, na=False))
    # With more digits than these, a column would be read in nanoseconds, which end in 2262.
    dated = dated.str.replace(r"(\.\d{6})\d+", r"\1", regex=True)
    parsed = pd.to_datetime(dated, errors="coerce", format="ISO8601", utc=True)
    return parsed, texts.str.contains(_ZONED, na=False), texts.notna()


def moment_meant(session: Session, said: str | None, site: str | None, now: datetime) -> datetime:
    """The moment that is said, or now: without a site it must be the same by the clock of every site."""
    asked = [places.first_site(session)] if site is None else [places.site(session, site)]
    if said is None:
        return now
    zones = {each.timezone for each in (asked if site is not None else session.scalars(select(Site)))}
    meant = {moment for zone in zones if (moment := local_moment(said, zone))}
    if len(meant) > 1:
        raise InputError(
            f"{said!r} is not one moment in {' and '.join(sorted(zones))}: add its zone (+08:00), or name the site"
        )
    moment = meant.pop() if meant else now
    if not EARLIEST <= moment < LATEST:
        raise InputError(f"{said!r} is out of the years {EARLIEST.year} to {LATEST.year - 1}")
    return moment


def checked_point(session: Session, point: Mapping[str, Any], site: str | None = None) -> pd.DataFrame:
    """One point as a frame, or an error that names what is wrong with it; of a site, or of any."""
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
    for name, table, listed in (("facility", Facility, "facilities"), ("about", Person, "people")):
        if point.get(name) is not None:
            _check_known(session, table, listed, str(point[name]), site)
    return pd.DataFrame([dict(point)])


def _check_known(
    session: Session, table: type[Facility] | type[Person], listed: str, code: str, site: str | None
) -> None:
    """Refuse a code that no row of the site has; without a site, that none of any site has."""
    asked = select(table.id).join(Site, Site.id == table.site_id).where(table.code == code)
    if session.scalar((asked if site is None else asked.where(Site.code == site)).limit(1)) is None:
        where = f" in {site}" if site is not None else ""
        raise NotFoundError(f"{table.__tablename__} {code!r} is not known{where}: gridmap export {listed} lists them")


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
    if out.suffix.lower() in (".csv", ".xlsx"):
        write_table(routed, out)
        return
    lon, lat = (routed.index.get_level_values(name) for name in ("lon", "lat"))
    write_layer(gpd.GeoDataFrame(routed.reset_index(drop=True), geometry=gpd.points_from_xy(lon, lat), crs=4326), out)
