from __future__ import annotations

import json
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gridmap.errors import FileRefusedError, InputError
from gridmap.spatial.coordinates import from_wgs84
from gridmap.spatial.files.cells import as_text
from gridmap.spatial.files.layers import read_layer
from gridmap.spatial.files.limits import Limits
from gridmap.spatial.files.plausibility import plausible
from gridmap.spatial.files.tables import read_table

SQUARE = shapely.box(121.47, 31.22, 121.48, 31.23)


def geojson(path: Path, *geometries: object, **members: Any) -> Path:
    features = [{"type": "Feature", "properties": {"code": f"G{i}"}, "geometry": g} for i, g in enumerate(geometries)]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features, **members}), encoding="utf-8")
    return path


def chinese_shapefile(folder: Path, encoding: str, name: str = "一号网格", column: str = "名称") -> Path:
    """A shapefile whose .dbf is in `encoding` and says nothing about it."""
    frame = gpd.GeoDataFrame({column: [name]}, geometry=[SQUARE], crs=4326)
    frame.to_file(folder / "a.shp", encoding=encoding, engine="pyogrio")
    (folder / "a.cpg").unlink()
    return folder / "a.shp"


def test_the_wards_of_a_real_city_are_read(samples: Path) -> None:
    for name, rows in (("tier1_ward_2012", 8), ("tier2_anc_2013", 40), ("tier3_smd_2013", 296)):
        frame = read_layer(samples / "dc" / f"{name}.geojson", kinds="Polygon")
        same = gpd.read_file(samples / "dc" / f"{name}.geojson")
        assert len(frame) == rows
        assert frame.crs.to_epsg() == 4326
        assert all(
            shapely.equals_identical(a, b) for a, b in zip(frame.geometry, shapely.force_2d(same.geometry), strict=True)
        )
        assert plausible(frame, name, kinds="Polygon") == []


def test_a_geopackage_in_web_mercator_is_read_in_degrees(samples: Path) -> None:
    frame = read_layer(samples / "bubenec" / "bubenec.gpkg", layer="buildings", kinds="Polygon")
    west, south, east, north = frame.total_bounds
    assert len(frame) == 144
    assert 14.39 < west < east < 14.41
    assert 50.09 < south < north < 50.11


def test_a_layer_must_be_named_where_a_file_holds_several(samples: Path) -> None:
    with pytest.raises(FileRefusedError, match=r"layers \(.*buildings.*\); say which"):
        read_layer(samples / "bubenec" / "bubenec.gpkg")
    with pytest.raises(FileRefusedError, match="no layer 'houses'"):
        read_layer(samples / "bubenec" / "bubenec.gpkg", layer="houses")


def test_a_shapefile_in_feet_is_read_in_degrees(samples: Path) -> None:
    folder = samples / "reference" / "spatial_statistics" / "libpysal_snow_maps"
    frame = read_layer(folder / "SohoPeople.shp", kinds="Point")
    assert np.allclose(frame.total_bounds, [-0.137, 51.512, -0.137, 51.512], atol=0.01)


@pytest.mark.parametrize("encoding", ["GB18030", "UTF-8"])
def test_chinese_text_of_a_shapefile_is_found_out(tmp_path: Path, encoding: str) -> None:
    frame = read_layer(chinese_shapefile(tmp_path, encoding))
    assert frame["名称"].tolist() == ["一号网格"]


def test_the_encoding_of_a_shapefile_can_be_told(tmp_path: Path) -> None:
    path = chinese_shapefile(tmp_path, "BIG5", "路燈損壞", "名稱")
    assert "路燈損壞" in read_layer(path, encoding="big5hkscs").iloc[0].tolist()
    (tmp_path / "a.cpg").write_text("BIG5", encoding="ascii")
    assert "路燈損壞" in read_layer(path).iloc[0].tolist()
    with pytest.raises(FileRefusedError, match="encoding 'klingon' is not known"):
        read_layer(path, encoding="klingon")


def test_a_character_cut_off_by_the_field_does_not_spoil_the_rest(tmp_path: Path) -> None:
    path = chinese_shapefile(tmp_path, "UTF-8", "网" * 3)
    content = (tmp_path / "a.dbf").read_bytes()
    (tmp_path / "a.dbf").write_bytes(content.replace("网".encode() * 3, "网".encode() * 2 + b"\xe7\xbd "))
    assert read_layer(path)["名称"].tolist() == ["网网"]


def test_parts_of_a_shapefile_may_have_capital_suffixes(tmp_path: Path) -> None:
    path = chinese_shapefile(tmp_path, "UTF-8")
    for suffix in (".dbf", ".shx", ".prj"):
        path.with_suffix(suffix).rename(path.with_suffix(suffix.upper()))
    assert len(read_layer(path)) == 1


def test_a_shapefile_without_a_prj_asks_for_its_system(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"a": [1]}, geometry=[SQUARE], crs=4326).to_crs(4549)
    frame.to_file(tmp_path / "a.shp", engine="pyogrio")
    (tmp_path / "a.prj").unlink()
    with pytest.raises(FileRefusedError, match="does not say its coordinate system; name it with --crs"):
        read_layer(tmp_path / "a.shp")
    back = read_layer(tmp_path / "a.shp", crs=4549)
    assert shapely.hausdorff_distance(back.geometry.iloc[0], SQUARE) < 1e-9


def test_a_zip_made_on_chinese_windows_is_read_by_its_layers_name(tmp_path: Path) -> None:
    chinese_shapefile(tmp_path, "GB18030")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for suffix in ("shp", "shx", "dbf", "prj"):
            for stem in ("WANG", "LOUD"):
                archive.write(tmp_path / f"a.{suffix}", f"{stem}.{suffix}")
    content = (tmp_path / "a.zip").read_bytes()
    for stem, chinese in (("WANG", "网格"), ("LOUD", "楼栋")):
        content = content.replace(stem.encode(), chinese.encode("gb18030"))
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(FileRefusedError, match=r"several shapefiles \(楼栋, 网格\)"):
        read_layer(tmp_path / "a.zip")
    assert len(read_layer(tmp_path / "a.zip", layer="网格")) == 1


def test_an_old_geojson_may_name_its_system(tmp_path: Path) -> None:
    plane = gpd.GeoSeries([SQUARE], crs=4326).to_crs(4549).iloc[0]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4549"}}
    path = geojson(tmp_path / "a.geojson", shapely.geometry.mapping(plane), crs=crs)
    assert shapely.hausdorff_distance(read_layer(path).geometry.iloc[0], SQUARE) < 1e-9


def test_a_geojson_may_be_one_feature_or_one_shape(tmp_path: Path) -> None:
    shape = shapely.geometry.mapping(SQUARE)
    (tmp_path / "a.json").write_text(json.dumps({"geometry": shape, "properties": None, "id": 7, "type": "Feature"}))
    (tmp_path / "b.json").write_text("\ufeff  " + json.dumps(shape), encoding="utf-8")
    assert read_layer(tmp_path / "a.json")["id"].tolist() == [7]
    assert read_layer(tmp_path / "b.json").geometry.iloc[0].equals(SQUARE)


def test_features_larger_than_a_piece_are_put_together(tmp_path: Path) -> None:
    ring = shapely.Point(121.47, 31.23).buffer(0.01, quad_segs=20_000)
    path = geojson(tmp_path / "a.geojson", *[shapely.geometry.mapping(ring)] * 3)
    assert path.stat().st_size > 4_000_000
    assert all(shapely.equals_identical(shape, ring) for shape in read_layer(path).geometry)


def test_numbers_of_a_layer_with_gaps_stay_whole(tmp_path: Path) -> None:
    features = [
        {"type": "Feature", "properties": {"code": code, "tags": ["a"]}, "geometry": None} for code in (101, None)
    ]
    features.append({"type": "Feature", "properties": {"code": 103}, "geometry": shapely.geometry.mapping(SQUARE)})
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    frame = read_layer(tmp_path / "a.geojson")
    assert as_text(frame["code"]).tolist() == ["101", None, "103"]
    assert frame["tags"].tolist() == ['["a"]', '["a"]', None]


def test_a_kml_gives_its_values_holes_and_folders(tmp_path: Path) -> None:
    (tmp_path / "a.kml").write_text(
        """<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>plan</name>
        <Folder><name>一级</name><Placemark><name>甲</name><ExtendedData><Data name="code"><value>A1</value></Data>
        <SchemaData><SimpleData name="households">12</SimpleData></SchemaData></ExtendedData><Polygon>
        <innerBoundaryIs><LinearRing><coordinates>1,1 2,1 2,2 1,2 1,1</coordinates></LinearRing></innerBoundaryIs>
        <outerBoundaryIs><LinearRing><coordinates>0,0,5 9,0,5 9, 9,5 0,9,5 0,0,5</coordinates></LinearRing>
        </outerBoundaryIs></Polygon></Placemark></Folder>
        <Folder><name>二级</name><Placemark><MultiGeometry><Point><coordinates>1,2</coordinates></Point>
        <Point><coordinates>3,4</coordinates></Point></MultiGeometry></Placemark></Folder></Document></kml>""",
        encoding="utf-8",
    )
    frame = read_layer(tmp_path / "a.kml")
    assert frame.loc[0, ["name", "folder", "code", "households"]].tolist() == ["甲", "一级", "A1", "12"]
    assert frame.geometry.iloc[0].area == 80
    assert frame.geometry.iloc[1].wkt == "MULTIPOINT ((1 2), (3 4))"
    assert len(read_layer(tmp_path / "a.kml", layer="二级")) == 1
    with pytest.raises(FileRefusedError, match="no folder '三级' \\(there is 一级, 二级\\)"):
        read_layer(tmp_path / "a.kml", layer="三级")


def test_a_kml_in_gbk_is_read(tmp_path: Path) -> None:
    text = "<?xml version='1.0' encoding='GBK'?><kml><Placemark><name>路灯</name><Point><coordinates>1,2</coordinates>"
    (tmp_path / "a.kml").write_bytes((text + "</Point></Placemark></kml>").encode("gbk"))
    assert read_layer(tmp_path / "a.kml")["name"].tolist() == ["路灯"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_is_read_as_spreadsheets_write_it(tmp_path: Path, encoding: str, delimiter: str) -> None:
    rows = [["编号", "名称", "经度", "纬度"], ["007", "路灯", "121.5", "31.2"], ["", " 公园 ", "", ""]]
    text = "\r\n".join(delimiter.join(row) for row in rows)
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    frame = read_layer(tmp_path / "a.csv", kinds="Point")
    assert frame["编号"].tolist() == ["007", None]
    assert frame["名称"].tolist() == ["路灯", "公园"]
    assert frame.geometry.iloc[0].wkt == "POINT (121.5 31.2)"
    assert frame.geometry.iloc[1] is None


def test_csv_in_a_plane_system_is_read_with_it(tmp_path: Path) -> None:
    plane = gpd.GeoSeries([shapely.Point(121.5, 31.2)], crs=4326).to_crs(4549).iloc[0]
    (tmp_path / "a.csv").write_text(f"x,y\n{plane.x!r},{plane.y!r}\n")
    assert read_layer(tmp_path / "a.csv", crs=4549).geometry.iloc[0].distance(shapely.Point(121.5, 31.2)) < 1e-9


def test_a_declared_datum_is_converted(tmp_path: Path) -> None:
    lon, lat = from_wgs84(116.3912, 39.9073, "gcj02")
    (tmp_path / "a.csv").write_text(f"lon,lat\n{float(lon)!r},{float(lat)!r}\n")
    point = read_layer(tmp_path / "a.csv", datum="gcj02").geometry.iloc[0]
    assert point.distance(shapely.Point(116.3912, 39.9073)) < 1e-9
    with pytest.raises(InputError, match="datum 'mars' is not known"):
        read_layer(tmp_path / "a.csv", datum="mars")


def test_heights_are_dropped(tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", {"type": "Point", "coordinates": [1, 2, 30.5]})
    assert not read_layer(path).geometry.iloc[0].has_z


def test_a_layer_of_other_shapes_is_refused(tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", {"type": "Point", "coordinates": [1, 2]})
    with pytest.raises(FileRefusedError, match="holds Points where Polygons are wanted"):
        read_layer(path, kinds="Polygon")


def test_limits_are_the_callers(tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", *[{"type": "Point", "coordinates": [1, 2]}] * 3)
    with pytest.raises(FileRefusedError, match="more than the 2 features"):
        read_layer(path, limits=Limits(features=2))


def test_a_table_keeps_its_text(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text('code,phone,phone,\n007,"138\n0000",x,\n\n008,NA,,z\n', encoding="utf-8")
    table = read_table(tmp_path / "people.csv")
    assert table.columns.tolist() == ["code", "phone", "phone.1", "column4"]
    assert table.to_numpy().tolist() == [["007", "138\n0000", "x", None], ["008", "NA", None, "z"]]


def test_a_row_with_too_many_cells_is_named(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("a,b\n1,2\n1,2,3\n", encoding="utf-8")
    with pytest.raises(FileRefusedError, match="row 2 has 3 cells instead of 2"):
        read_table(tmp_path / "people.csv")


def test_real_tables_are_read(samples: Path) -> None:
    areas = read_table(samples / "codes" / "areas_all.csv")
    assert len(areas) == 2978
    assert areas["code"].str.fullmatch(r"\d{6}").all()


def test_what_lies_where_it_says_has_no_findings() -> None:
    frame = gpd.GeoDataFrame({"code": ["A"]}, geometry=[SQUARE], crs=4326)
    assert plausible(frame, "tier1", kinds="Polygon", beside=(121.4, 31.2, 121.5, 31.3)) == []


def found(frame: gpd.GeoDataFrame, **options: Any) -> list[tuple[str, tuple[str, ...]]]:
    return [(finding.check, finding.codes) for finding in plausible(frame, "layer", **options)]


def test_exchanged_axes_are_found() -> None:
    exchanged = shapely.transform(SQUARE, lambda points: points[:, ::-1])
    frame = gpd.GeoDataFrame({"code": ["A", "B"]}, geometry=[exchanged, SQUARE], crs=4326)
    assert found(frame) == [("swapped-axes", ("A",))]


def test_exchanged_axes_that_could_be_true_are_found_beside_the_rest() -> None:
    frame = gpd.GeoDataFrame({"code": ["A"]}, geometry=[shapely.box(38.89, -77.04, 38.9, -77.03)], crs=4326)
    assert found(frame) == []
    assert found(frame, beside=(-77.1, 38.8, -76.9, 39.0)) == [("swapped-axes", ("A",))]


@pytest.mark.parametrize("scale", [1.0, 3.2808])
def test_metres_and_feet_posing_as_degrees_are_found(scale: float) -> None:
    plane = gpd.GeoSeries([SQUARE], crs=4326).to_crs(4549).scale(scale, scale, origin=(0, 0))
    frame = gpd.GeoDataFrame({"code": ["A"]}, geometry=plane.to_numpy(), crs=4326)
    assert found(frame) == [("not-degrees", ("A",))]


def test_empty_unfit_and_infinite_shapes_are_found() -> None:
    shapes = [None, shapely.Polygon(), shapely.Point(1, 2), shapely.Point(np.inf, 2), SQUARE]
    frame = gpd.GeoDataFrame({"code": list("ABCDE")}, geometry=np.array(shapes, dtype=object), crs=4326)
    assert found(frame, kinds="Polygon") == [
        ("empty-geometry", ("A",)), ("empty-geometry", ("B",)), ("wrong-geometry", ("C",)), ("wrong-geometry", ("D",)),
        ("not-degrees", ("D",)),
    ]  # fmt: skip


def test_a_layer_wrong_throughout_is_said_once() -> None:
    frame = gpd.GeoDataFrame({"code": range(500)}, geometry=[shapely.Point(500000, 4_000_000)] * 500, crs=4326)
    (finding,) = plausible(frame, "facilities")
    assert "500 of 500 rows" in finding.message
    assert len(finding.codes) == 500


def test_a_geopackage_being_written_to_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    gpd.GeoDataFrame({"code": ["A"]}, geometry=[SQUARE], crs=4326).to_file(path, layer="a", engine="pyogrio")
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA journal_mode = WAL")
        for (name,) in other.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            other.execute(f'DROP TRIGGER "{name}"')  # they need functions that only GDAL has
        other.execute("UPDATE a SET code = 'B'")
        other.commit()
        assert read_layer(path)["code"].tolist() == ["B"]
    other.close()


def test_a_frame_of_parquet_with_numbers_keeps_them(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"households": pd.array([1, None], dtype="Int64")}, geometry=[SQUARE, SQUARE], crs=4490)
    frame.to_parquet(tmp_path / "a.parquet")
    assert as_text(read_layer(tmp_path / "a.parquet")["households"]).tolist() == ["1", None]
