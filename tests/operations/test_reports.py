"""Files of reports as they are understood: numbers as text, times of every sort, and history that stays."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gridmap.domain.model import Site
from gridmap.errors import NotFoundError
from gridmap.operations.reports import Seen, checked_point, open_points
from tests.estate import spot

NUMBERS = list(range(20260001, 20260051))


def understood(path: Path, timezone: str = "Asia/Shanghai") -> pd.DataFrame:
    batches = list(open_points(path, {}, "wgs84").batches(timezone))
    return pd.concat([batch.points for batch in batches], ignore_index=True)


def points_file(folder: Path, **columns: Any) -> Path:
    """A Parquet file of points with columns exactly as they are given."""
    count = len(next(iter(columns.values())))
    lon, lat = spot(0.5, 0.5)
    table = pa.table({"lon": pa.array([lon] * count), "lat": pa.array([lat] * count), **columns})
    pq.write_table(table, folder / "points.parquet")
    return folder / "points.parquet"


def times(folder: Path, *said: str, timezone: str = "Asia/Shanghai") -> pd.DataFrame:
    file = folder / "points.csv"
    pd.DataFrame({"lon": 121.5, "lat": 31.2, "reported_at": said}).to_csv(file, index=False)
    return understood(file, timezone)


@pytest.mark.parametrize(
    "column",
    [
        pa.array(NUMBERS, pa.int64()),
        pa.array(NUMBERS, pa.float64()),
        pa.array([*NUMBERS[:-1], None], pa.int64()),
        pa.array([*NUMBERS[:-1], None], pa.uint32()),
        pa.array([str(number) for number in NUMBERS]),
    ],
    ids=["whole", "floating", "with one missing", "small with one missing", "text"],
)
def test_references_that_are_numbers_keep_all_their_digits(tmp_path: Path, column: pa.Array) -> None:
    references = understood(points_file(tmp_path, reference=column))["reference"]
    expected: list[str | None] = [str(number) for number in NUMBERS]
    if column.null_count:
        expected[-1] = None
    assert references.tolist() == expected
    assert Seen().with_references(pd.DataFrame({"reference": references}))["reference"].nunique() == len(NUMBERS)


def test_a_nullable_column_and_one_that_is_not_whole_become_text(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "lon": 121.5,
            "lat": 31.2,
            "reference": pd.array([20260001, None, 2**60], dtype="Int64"),
            "level": [1.5, 0.1, np.nan],
        }
    )
    frame.to_parquet(tmp_path / "points.parquet")
    points = understood(tmp_path / "points.parquet")
    assert points["reference"].tolist() == ["20260001", None, str(2**60)]
    assert points["level"].tolist() == ["1.5", "0.1", None]


def test_times_of_any_zone_and_of_none_stand_side_by_side(tmp_path: Path) -> None:
    points = times(
        tmp_path,
        "2026-05-01T08:12Z",
        "2026-05-01T08:12+08:00",
        "2026-05-01T08:12",
        "2026-05-01",
        "2026-05-01 08:12:00.123456789-0430",
    )
    assert points["fault"].isna().all()
    assert points["reported_at"].tolist() == [
        datetime(2026, 5, 1, 8, 12, tzinfo=UTC),
        datetime(2026, 5, 1, 0, 12, tzinfo=UTC),
        datetime(2026, 5, 1, 0, 12, tzinfo=UTC),
        datetime(2026, 4, 30, 16, 0, tzinfo=UTC),
        datetime(2026, 5, 1, 12, 42, 0, 123456, tzinfo=UTC),
    ]


@pytest.mark.parametrize("zone", ["", "Z", "+14:00", "-12:00"])
def test_a_year_nobody_can_mean_is_a_fault_of_its_row_alone(tmp_path: Path, zone: str) -> None:
    said = [f"{year}-06-30T23:59{zone}" for year in ("0001", "1969", "2026", "2300", "9999")]
    points = times(tmp_path, *said, "soon", "now", "1777600000", "2026-02-30", "")
    out, none = "reported_at is out of the years 1970 to 2200", "reported_at is no time"
    assert points["fault"].tolist() == [out, out, None, out, out, none, none, none, none, None]
    assert points["reported_at"].notna().tolist() == [False, False, True, *[False] * 7]


def test_an_end_in_1900_is_read_wherever_the_site_lies(tmp_path: Path) -> None:
    file = tmp_path / "points.csv"
    file.write_text("lon,lat,closed_at\n1,2,1900-01-01T00:00\n1,2,1900-01-01T00:00+08:00\n", encoding="utf-8")
    for timezone in ("Asia/Shanghai", "America/New_York"):
        assert understood(file, timezone)["fault"].isna().all()


def test_an_hour_that_comes_twice_is_the_first_and_one_that_never_comes_is_moved_on(tmp_path: Path) -> None:
    points = times(tmp_path, "2015-11-01T01:30", "2015-03-08T02:30", timezone="America/New_York")
    assert points["reported_at"].tolist() == [
        datetime(2015, 11, 1, 5, 30, tzinfo=UTC),
        datetime(2015, 3, 8, 7, 0, tzinfo=UTC),
    ]


@pytest.mark.parametrize(
    "column",
    [
        pa.array([datetime(2026, 5, 1, 8, tzinfo=UTC), None], pa.timestamp("ns", tz="Asia/Shanghai")),
        pa.array([datetime(2026, 5, 1, 16), None], pa.timestamp("ms")),  # noqa: DTZ001
        pa.array([date(2026, 5, 1), None], pa.date32()),
        pa.array([20260501, None], pa.int64()),
    ],
    ids=["aware", "naive", "a day", "a number"],
)
def test_times_that_a_file_types_are_read_as_they_are(tmp_path: Path, column: pa.Array) -> None:
    points = understood(points_file(tmp_path, reported_at=column))
    day = datetime(2026, 4, 30, 16, tzinfo=UTC)
    wanted = datetime(2026, 5, 1, 8, tzinfo=UTC) if pa.types.is_timestamp(column.type) else day
    assert points["reported_at"].iloc[0] == wanted
    assert points["fault"].isna().all()


@pytest.mark.parametrize("unit", ["s", "us"])
def test_a_typed_time_far_away_is_a_fault_too(tmp_path: Path, unit: str) -> None:
    column = pa.array([-60_000_000_000, 1_777_600_000, 60_000_000_000], pa.timestamp("s")).cast(pa.timestamp(unit))
    points = understood(points_file(tmp_path, reported_at=column))
    assert points["fault"].isna().tolist() == [False, True, False]


@given(
    st.lists(
        st.datetimes(datetime(1971, 1, 1), datetime(2199, 12, 31)).flatmap(  # noqa: DTZ001
            lambda moment: st.sampled_from(["", "Z", "+08:00", "-0330", "+05"]).map(lambda zone: (moment, zone))
        ),
        min_size=1,
        max_size=20,
    )
)
def test_every_way_to_write_a_time_is_read_as_python_reads_it(rows: list[tuple[datetime, str]]) -> None:
    from gridmap.operations.reports import _moments

    said = [moment.isoformat() + zone for moment, zone in rows]
    moments, wrong = _moments(pd.Series(said, dtype="str"), "reported_at", "UTC")
    expected = [datetime.fromisoformat(each) for each in said]
    assert moments.tolist() == [each if each.tzinfo else each.replace(tzinfo=UTC) for each in expected]
    assert wrong.isna().all()


def test_a_file_of_parquet_says_how_many_rows_it_has_and_comes_in_as_many_as_asked(tmp_path: Path) -> None:
    file = points_file(tmp_path, reference=pa.array(range(50)))
    source = open_points(file, {}, "wgs84", rows=20)
    assert source.total == 50
    assert [len(rows) for rows in source.batches("UTC")] == [20, 20, 10]


def test_a_facility_or_a_person_nobody_knows_is_refused(session: Session, estate: Site) -> None:
    lon, lat = spot(0.5, 0.5)
    point = {"lon": lon, "lat": lat}
    for site in (estate.code, None):
        assert len(checked_point(session, {**point, "facility": "PUMP", "about": "TOM"}, site)) == 1
        with pytest.raises(NotFoundError, match="facility 'LIFT 9' is not known"):
            checked_point(session, {**point, "facility": "LIFT 9"}, site)
        with pytest.raises(NotFoundError, match="person 'NOBODY' is not known"):
            checked_point(session, {**point, "about": "NOBODY"}, site)


@pytest.mark.parametrize(
    "change",
    [
        "update issue_event set note = 'x'",
        "delete from issue_event",
        "truncate issue_event",
        "truncate issue cascade",
    ],
)
def test_history_is_neither_changed_nor_emptied(session: Session, change: str) -> None:
    with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
        session.execute(text(change))
