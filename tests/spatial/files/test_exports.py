from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.errors import InputError
from gridmap.spatial.coordinates import snap, snap_geometries
from gridmap.spatial.files.cells import FORMULA_STARTS, plain_cell, safe_cell
from gridmap.spatial.files.export_formats import spreadsheet_safe
from gridmap.spatial.files.exports import write_layer, write_table
from gridmap.spatial.files.layers import read_layer
from gridmap.spatial.files.tables import read_table

CODES = ["WJ-A-01", "007", "-负号", "=1+1"]
NAMES = ["一号网格", "Łódź, “quoted”", None, "line\nbreak & <tag>"]
SUFFIXES = ["geojson", "gpkg", "shp", "zip", "kml", "csv", "parquet"]


@pytest.fixture
def grids() -> gpd.GeoDataFrame:
    """Four shapes on the lattice: with a hole, of two parts, with awkward digits."""
    rng = np.random.default_rng(7)
    ring = shapely.Point(121.47, 31.23).buffer(0.01).exterior.coords
    shapes = [
        shapely.Polygon(np.array(ring) + rng.normal(0, 1e-5, 2)),
        shapely.Polygon(
            shapely.box(121.5, 31.2, 121.6, 31.3).exterior, [shapely.box(121.51, 31.21, 121.52, 31.22).exterior]
        ),
        shapely.MultiPolygon([shapely.box(121.1, 31.1, 121.2, 31.2), shapely.box(121.3, 31.3, 121.4, 31.4)]),
        shapely.box(-77.03, 38.9, -77.02, 38.91),
    ]
    series = snap_geometries(gpd.GeoSeries(shapes, crs=4326))
    return gpd.GeoDataFrame({"code": CODES, "name": NAMES, "tier": [1, 2, 3, 3]}, geometry=series)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_was_written_reads_back_the_same(grids: gpd.GeoDataFrame, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"网 格!a#b?.{suffix}"
    write_layer(grids, path)
    back = read_layer(path, kinds="Polygon")
    assert back["code"].tolist() == CODES
    assert back["name"].tolist() == NAMES
    assert [int(tier) for tier in back["tier"]] == [1, 2, 3, 3]
    assert back.crs == grids.crs
    for shape, old in zip(back.geometry, grids.geometry, strict=True):
        assert shapely.equals_identical(shapely.normalize(shape), shapely.normalize(old))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_points_read_back_the_same(tmp_path: Path, suffix: str) -> None:
    rng = np.random.default_rng(3)
    lon, lat = snap(rng.uniform(-180, 180, 200)), snap(rng.uniform(-90, 90, 200))
    frame = gpd.GeoDataFrame({"code": [f"P{i}" for i in range(200)]}, geometry=gpd.points_from_xy(lon, lat), crs=4326)
    write_layer(frame, tmp_path / f"lamps.{suffix}")
    back = read_layer(tmp_path / f"lamps.{suffix}", kinds="Point")
    assert back["code"].tolist() == frame["code"].tolist()
    assert np.array_equal(shapely.get_coordinates(back.geometry.to_numpy()), np.column_stack([lon, lat]))


def test_excel_gets_a_point_in_each_shape_and_says_so(grids: gpd.GeoDataFrame, tmp_path: Path) -> None:
    notes = write_layer(grids, tmp_path / "grids.xlsx")
    table = read_table(tmp_path / "grids.xlsx")
    assert table["code"].tolist() == CODES
    inside = gpd.points_from_xy(table["lon"].astype(float), table["lat"].astype(float))
    assert all(shape.covers(point) for shape, point in zip(grids.geometry, inside, strict=True))
    assert "Excel has no shapes" in notes[0]


@given(st.text(max_size=30))
def test_no_exported_cell_begins_like_a_formula_and_none_is_lost(text: str) -> None:
    cell = safe_cell(text)
    assert runs_nothing(cell)
    assert plain_cell(cell) == text


def runs_nothing(cell: str) -> bool:
    return not cell.startswith(FORMULA_STARTS) or re.fullmatch(r"-[0-9]+(\.[0-9]+)?", cell) is not None


@pytest.mark.parametrize("number", ["-77.03", "-1"])
def test_a_number_below_zero_stays_a_number(number: str) -> None:
    assert safe_cell(number) == number
    assert spreadsheet_safe(pd.DataFrame({"a": [number, "-1+2"]}))["a"].tolist() == [number, "'-1+2"]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12), min_size=1, max_size=5))
def test_no_cell_of_a_written_file_begins_like_a_formula(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("cells")
    frame = pd.DataFrame({"=cmd": texts, "@b": ["\t=x"] * len(texts)})
    write_table(frame, folder / "a.csv")
    write_table(frame, folder / "a.xlsx")
    csv = pd.read_csv(folder / "a.csv", dtype=str, keep_default_na=False, skip_blank_lines=False)
    book = openpyxl.load_workbook(folder / "a.xlsx")
    cells = [cell for row in book.active.iter_rows() for cell in row]
    book.close()
    shown = [*csv.columns, *csv.to_numpy().ravel(), *(str(cell.value or "") for cell in cells)]
    assert all(runs_nothing(cell) for cell in shown)
    assert not [cell for cell in cells if cell.data_type == "f"]


@given(st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)))
def test_a_column_is_made_safe_like_its_cells(texts: list[str | None]) -> None:
    made = spreadsheet_safe(pd.DataFrame({"a": pd.Series(texts, dtype="str")}))["a"]
    assert [None if pd.isna(cell) else cell for cell in made] == [text and safe_cell(text) for text in texts]


def test_a_column_of_many_kinds_is_made_safe_cell_by_cell() -> None:
    made = spreadsheet_safe(pd.DataFrame({"a": pd.Series(["=1", 2, None, "\ud800"], dtype=object)}))["a"]
    assert made.tolist() == ["'=1", 2, None, "\ud800"]


def test_csv_tells_excel_that_it_is_utf8(tmp_path: Path) -> None:
    write_table(pd.DataFrame({"名称": ["路灯"]}), tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_a_failed_export_leaves_the_old_file_as_it_was(grids: gpd.GeoDataFrame, tmp_path: Path) -> None:
    path = tmp_path / "a.shp"
    write_layer(grids, path)
    old = path.read_bytes()
    mixed = gpd.GeoDataFrame(geometry=[shapely.Point(0, 0), shapely.box(0, 0, 1, 1)], crs=4326)
    with pytest.raises(InputError, match="shapes of one kind only"):
        write_layer(mixed, path)
    assert path.read_bytes() == old
    assert sorted(part.suffix for part in tmp_path.iterdir()) == [".cpg", ".dbf", ".prj", ".shp", ".shx"]


def test_nothing_but_the_file_is_left_behind(grids: gpd.GeoDataFrame, tmp_path: Path) -> None:
    for suffix in ("geojson", "gpkg", "zip", "kml", "csv", "xlsx", "parquet"):
        write_layer(grids, tmp_path / f"a.{suffix}")
    assert len(list(tmp_path.iterdir())) == 7


def test_shortened_column_names_are_unique_and_told(grids: gpd.GeoDataFrame, tmp_path: Path) -> None:
    frame = grids.assign(responsible_person="a", responsible_phone="b", 网格责任人姓名="c")
    notes = write_layer(frame, tmp_path / "a.zip")
    back = read_layer(tmp_path / "a.zip")
    assert back.columns.drop("geometry").tolist() == ["code", "name", "tier", "responsibl", "responsi_1", "网格责"]
    assert "responsible_phone → responsi_1" in notes[0]


def test_long_texts_of_a_shapefile_are_cut_between_characters_and_told(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"text": ["路" * 100]}, geometry=[shapely.Point(1, 1)], crs=4326)
    notes = write_layer(frame, tmp_path / "a.shp")
    assert read_layer(tmp_path / "a.shp")["text"].tolist() == ["路" * 84]
    assert notes == ("1 texts were cut to the 254 bytes a shapefile's cell holds",)


def test_a_geopackage_gets_a_second_layer_beside_the_first(grids: gpd.GeoDataFrame, tmp_path: Path) -> None:
    path = tmp_path / "plan.gpkg"
    write_layer(grids.iloc[:1], path, layer="tier1")
    write_layer(grids.iloc[1:], path, layer="tier2")
    write_layer(grids.iloc[2:], path, layer="tier2")
    assert [len(read_layer(path, layer=name)) for name in ("tier1", "tier2")] == [1, 2]


@pytest.mark.parametrize("suffix", ["geojson", "gpkg", "zip", "csv", "parquet"])
def test_a_plane_system_goes_out_and_comes_back(grids: gpd.GeoDataFrame, tmp_path: Path, suffix: str) -> None:
    east = grids.iloc[:3]
    write_layer(east, tmp_path / f"a.{suffix}", crs=4549)
    back = read_layer(tmp_path / f"a.{suffix}", crs=4549 if suffix == "csv" else None)
    assert shapely.hausdorff_distance(back.geometry.to_numpy(), east.geometry.to_numpy()).max() < 1e-9


@pytest.mark.parametrize("suffix", ["geojson", "gpkg", "zip", "csv", "kml", "parquet"])
def test_a_chinese_datum_goes_out_and_comes_back(grids: gpd.GeoDataFrame, tmp_path: Path, suffix: str) -> None:
    east = grids.iloc[:3]
    notes = write_layer(east, tmp_path / f"a.{suffix}", datum="bd09")
    back = read_layer(tmp_path / f"a.{suffix}", datum="bd09")
    assert shapely.hausdorff_distance(back.geometry.to_numpy(), east.geometry.to_numpy()).max() < 1e-9
    assert "bd09" in notes[0]


def test_times_and_lists_are_written_as_they_read(tmp_path: Path) -> None:
    when = pd.to_datetime(["2026-11-22T08:00:00+08:00"])
    frame = gpd.GeoDataFrame({"at": when, "codes": [["A", "B"]]}, geometry=[shapely.Point(1, 1)], crs=4326)
    for suffix in ("geojson", "kml", "zip", "csv"):
        write_layer(frame, tmp_path / f"a.{suffix}")
        back = read_layer(tmp_path / f"a.{suffix}")
        assert json.loads(back["codes"].iloc[0]) == ["A", "B"]
        assert pd.Timestamp(back["at"].iloc[0]) == when[0]
    for suffix in ("gpkg", "xlsx", "parquet"):
        write_layer(frame, tmp_path / f"a.{suffix}")


def test_rows_without_a_shape_stay_rows(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"code": ["A", "B"]}, geometry=[shapely.box(0, 0, 1, 1), None], crs=4326)
    for suffix in SUFFIXES:
        write_layer(frame, tmp_path / f"a.{suffix}")
        back = read_layer(tmp_path / f"a.{suffix}")
        assert back["code"].tolist() == ["A", "B"]
        assert back.geometry.isna().tolist() == [False, True]


def test_a_zip_holds_the_five_parts_under_the_layers_name(grids: gpd.GeoDataFrame, tmp_path: Path) -> None:
    write_layer(grids, tmp_path / "out.zip", layer="网格")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert sorted(archive.namelist()) == [f"网格.{part}" for part in ("cpg", "dbf", "prj", "shp", "shx")]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("a.pdf", {}, "a layer is written to .geojson"),
        ("nowhere/a.csv", {}, "cannot be written"),
        ("folder.csv", {}, "a folder of this name"),
        ("a.kml", {"crs": 4549}, "KML is in EPSG:4326 only"),
        ("a.csv", {"crs": 4549, "datum": "gcj02"}, "not both"),
        ("a.csv", {"crs": 999999}, "no system EPSG:999999"),
        ("a.csv", {"datum": "mars"}, "datum 'mars' is not known"),
    ],
)
def test_what_cannot_be_written_is_said_in_a_sentence(
    grids: gpd.GeoDataFrame, tmp_path: Path, name: str, options: dict[str, object], message: str
) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError, match=message):
        write_layer(grids, tmp_path / name, **options)  # type: ignore[arg-type]
    assert [path.name for path in tmp_path.iterdir()] == ["folder.csv"]


def test_tables_read_back_the_same(tmp_path: Path) -> None:
    table = pd.DataFrame({"code": CODES, "phone": ["+86 138", "0571", None, "138****5678"]})
    for suffix in ("csv", "xlsx", "parquet"):
        write_table(table, tmp_path / f"people.{suffix}")
        back = read_table(tmp_path / f"people.{suffix}")
        assert back["code"].tolist() == CODES
        assert back["phone"].tolist() == ["+86 138", "0571", None, "138****5678"]
