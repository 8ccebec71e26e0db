from __future__ import annotations

import gzip
import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gridmap.errors import FileRefusedError, InputError
from gridmap.spatial.files.exports import write_layer, write_table
from gridmap.spatial.files.points import iter_points, read_points


def csv(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_the_requests_of_a_real_city_are_read(samples: Path) -> None:
    path = samples / "dc" / "issues_311_2015-09-11_to_10-11.csv.gz"
    frame, guessed = read_points(path)
    assert guessed == {
        "lon": "lon",
        "lat": "lat",
        "category": "SERVICECODE",
        "reported_at": "ADDDATE",
        "reference": "SERVICEREQUESTID",
    }
    assert len(frame) == 11_473
    assert frame["row"].tolist() == list(range(1, 11_474))
    assert frame["fault"].isna().all()
    assert frame["lon"].between(-77.2, -76.9).all()
    assert set(frame["WARD"].dropna()) >= {"1", "8"}


def test_our_columns_come_first_and_others_stay_as_they_are(tmp_path: Path) -> None:
    path = csv(tmp_path / "a.csv", "no,Type,经度,纬度,精度,category", "007,lamp,121.5, 31.2 ,20,x")
    frame, guessed = read_points(path, {"category": "Type"})
    assert guessed == {"lon": "经度", "lat": "纬度", "accuracy_m": "精度"}
    assert frame.columns.tolist() == ["row", "lon", "lat", "category", "accuracy_m", "no", "category_in_file", "fault"]
    assert frame.iloc[0].tolist() == [1, 121.5, 31.2, "lamp", 20.0, "007", "x", None]


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ("121.5,31.2", None),
        (",31.2", "the longitude is missing"),
        ("121.5, ", "the latitude is missing"),
        ("east,31.2", "the longitude 'east' is no number"),
        ("nan,31.2", "the longitude 'nan' is no number"),
        ("121.5,1e400", "the latitude '1e400' is no number"),
        ("31.2,121.5", "the latitude '121.5' is not within -90 and 90; are longitude and latitude exchanged"),
        ("500000,4400000", "the longitude '500000' is not within -180 and 180"),
        ("121.5,31.2,7,x", "the row has 4 cells instead of 2"),
        ("121.5", "the row has 1 cells instead of 2"),
    ],
)
def test_a_row_that_cannot_be_used_stays_and_says_why(tmp_path: Path, cells: str, fault: str | None) -> None:
    frame, _ = read_points(csv(tmp_path / "a.csv", "lon,lat", "1,2", cells, "3,4"))
    assert len(frame) == 3
    frame = frame.set_index("row")
    assert frame["fault"].drop(2).isna().all()
    said = frame["fault"].loc[2]
    assert said is None if fault is None else str(said).startswith(fault)


def test_an_unreadable_accuracy_and_a_nul_are_faults_too(tmp_path: Path) -> None:
    path = csv(tmp_path / "a.csv", "lon,lat,accuracy,text", "1,2,good,a", "1,2,,b", "1,2,5,c\0d")
    frame, _ = read_points(path)
    assert frame["fault"].tolist() == [
        "the accuracy_m 'good' is no number",
        None,
        "the text of text holds a NUL character",
    ]


@pytest.mark.parametrize("chunk", [70, 1000])
def test_rows_keep_their_numbers_over_chunks_and_broken_rows(tmp_path: Path, chunk: int) -> None:
    lines = [f"{i / 100},{i / 200},{'x' * (i % 50)}" if i % 97 else f"{i},1" for i in range(1, 3001)]
    chunks = list(iter_points(csv(tmp_path / "a.csv", "lon,lat,text", *lines), chunk=chunk))
    frame = pd.concat(chunks, ignore_index=True).sort_values("row")
    assert frame["row"].tolist() == list(range(1, 3001))
    broken = frame["fault"].notna()
    assert frame.loc[broken, "row"].tolist() == [i for i in range(1, 3001) if not i % 97]
    good = frame[~broken]
    assert np.array_equal(good["lon"], good["row"] / 100)


def test_rows_keep_their_numbers_over_the_readers_blocks(tmp_path: Path) -> None:
    long = "x" * 2000
    lines = [f"{i / 1000},1,{long}" if i % 997 else f"{i}" for i in range(1, 20_001)]
    frame, _ = read_points(csv(tmp_path / "a.csv", "lon,lat,text", *lines))
    frame = frame.sort_values("row")
    assert frame["row"].tolist() == list(range(1, 20_001))
    good = frame[frame["fault"].isna()]
    assert len(good) == 20_000 - 20_000 // 997
    assert np.array_equal(good["lon"], good["row"] / 1000)


def test_every_format_gives_the_same_points(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    table = pd.DataFrame(
        {
            "lon": rng.uniform(-180, 180, 50),
            "lat": rng.uniform(-90, 90, 50),
            "category": "灯",
            "n": [f"0{i}" for i in range(50)],
        }
    )
    shapes = gpd.GeoDataFrame(
        table[["category", "n"]], geometry=gpd.points_from_xy(table["lon"], table["lat"]), crs=4326
    )
    write_table(table, tmp_path / "a.csv")
    write_table(table, tmp_path / "a.xlsx")
    write_table(table, tmp_path / "plain.parquet")
    write_layer(shapes, tmp_path / "a.parquet")
    write_layer(shapes, tmp_path / "a.geojson")
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress((tmp_path / "a.csv").read_bytes()))
    for name in ("a.csv", "a.csv.gz", "a.xlsx", "plain.parquet", "a.parquet", "a.geojson"):
        frame, guessed = read_points(tmp_path / name)
        assert guessed["lon"] == "lon"
        assert frame["row"].tolist() == list(range(1, 51))
        assert frame["fault"].isna().all()
        digits = 1e-12 if name.endswith("xlsx") else 0.0  # Excel keeps sixteen of them
        assert np.allclose(frame[["lon", "lat"]], table[["lon", "lat"]], rtol=0, atol=digits)
        assert frame["n"].tolist() == table["n"].tolist()
        assert frame["category"].tolist() == table["category"].tolist()


@pytest.mark.parametrize("suffix", ["geojson", "parquet"])
def test_points_in_a_plane_system_are_brought_to_degrees(tmp_path: Path, suffix: str) -> None:
    frame = gpd.GeoDataFrame({"lon": ["own"]}, geometry=[shapely.Point(121.5, 31.2)], crs=4326)
    write_layer(frame, tmp_path / f"a.{suffix}", crs=4549)
    points, _ = read_points(tmp_path / f"a.{suffix}")
    assert points.loc[0, ["lon", "lat"]].tolist() == pytest.approx([121.5, 31.2], abs=1e-9)
    assert points["lon_in_file"].tolist() == ["own"]


@pytest.mark.parametrize("suffix", ["geojson", "parquet"])
def test_what_is_no_point_is_a_fault_of_its_row(tmp_path: Path, suffix: str) -> None:
    shapes = np.array([shapely.Point(1, 2), shapely.box(0, 0, 1, 1), None], dtype=object)
    write_layer(gpd.GeoDataFrame({"n": ["a", "b", "c"]}, geometry=shapes, crs=4326), tmp_path / f"a.{suffix}")
    frame, _ = read_points(tmp_path / f"a.{suffix}")
    assert frame["fault"].isna().tolist() == [True, False, False]
    assert frame["row"].tolist() == [1, 2, 3]


def test_properties_that_only_late_features_have_are_kept(tmp_path: Path) -> None:
    point = {"type": "Point", "coordinates": [1, 2]}
    features = [{"type": "Feature", "properties": {}, "geometry": point} for _ in range(5)]
    features.append({"type": "Feature", "properties": {"late": "\ud800"}, "geometry": point})
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    frames = list(iter_points(tmp_path / "a.geojson", chunk=2))
    assert [len(frame) for frame in frames] == [2, 2, 2]
    assert all("late" in frame.columns for frame in frames)
    assert frames[-1]["fault"].tolist() == [None, "the text of late holds half a character (a lone surrogate)"]


def test_a_file_without_rows_gives_its_columns(tmp_path: Path) -> None:
    frame, _ = read_points(csv(tmp_path / "a.csv", "lon,lat,n"))
    assert frame.columns.tolist() == ["row", "lon", "lat", "n", "fault"]
    assert frame.empty


def test_empty_lines_are_no_rows_and_quotes_may_span_lines(tmp_path: Path) -> None:
    frame, _ = read_points(csv(tmp_path / "a.csv", "lon,lat,text", "", '1,2,"a', 'b"', "", "3,4,c", ""))
    assert frame["row"].tolist() == [1, 2]
    assert frame["text"].tolist() == ["a\nb", "c"]


@pytest.mark.parametrize(
    ("header", "columns", "message"),
    [
        ("a,b", {}, "no column looks like a longitude: name it with lon=COLUMN; there are a, b"),
        ("lon,b", {}, "no column looks like a latitude"),
        ("lon,lat", {"category": "what"}, "no column 'what' for category"),
        ("lon,lat", {"colour": "lon"}, "colour is no column of points"),
        ("lon,lat,row,row_in_file", {}, "two columns would bear one name"),
    ],
)
def test_columns_that_cannot_be_found_are_named(
    tmp_path: Path, header: str, columns: dict[str, str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read_points(csv(tmp_path / "a.csv", header, "1,2"), columns)


def test_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError, match=r"points are read from \.csv"):
        read_points(csv(tmp_path / "a.txt", "lon,lat"))
