"""Every file here would crash, fill, mislead or read beyond; each is refused in one sentence that names it."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import stat
import struct
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.errors import FileRefusedError, GridmapError
from gridmap.spatial.files.archives import opened
from gridmap.spatial.files.exports import write_layer, write_table
from gridmap.spatial.files.layers import read_layer
from gridmap.spatial.files.limits import Limits, local_file
from gridmap.spatial.files.points import read_points
from gridmap.spatial.files.shapes import shapes_of_wkb
from gridmap.spatial.files.tables import read_table

VRT = (
    '<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>/etc/passwd</SrcDataSource>'
    "</OGRVRTLayer></OGRVRTDataSource>"
)
Write = Callable[[Path], None]


def text(content: str) -> Write:
    return lambda path: path.write_text(content, encoding="utf-8", errors="surrogatepass") and None


def binary(content: bytes) -> Write:
    return lambda path: path.write_bytes(content) and None


def feature(geometry: str, properties: str = "{}") -> Write:
    whole = f'{{"type":"Feature","properties":{properties},"geometry":{geometry}}}'
    return text(f'{{"type":"FeatureCollection","features":[{whole}]}}')


def kml(content: str, before: str = "") -> Write:
    return text(f'<?xml version="1.0"?>{before}<kml xmlns="http://www.opengis.net/kml/2.2">{content}</kml>')


def placemark(coordinates: str) -> Write:
    return kml(f"<Placemark><Point><coordinates>{coordinates}</coordinates></Point></Placemark>")


def nested_wkb(depth: int) -> bytes:
    return struct.pack("<BII", 1, 7, 1) * depth + struct.pack("<BIdd", 1, 1, 0.0, 0.0)


def geoparquet(path: Path, blobs: list[bytes]) -> None:
    frame = gpd.GeoDataFrame({"code": ["A"] * len(blobs)}, geometry=[shapely.Point(0, 0)] * len(blobs), crs=4326)
    frame.to_parquet(path)
    table = pq.read_table(path)
    pq.write_table(table.set_column(1, "geometry", pa.array(blobs, type=pa.binary())), path)


def geopackage(*statements: str) -> Write:
    def write(path: Path) -> None:
        gpd.GeoDataFrame({"code": ["A"]}, geometry=[shapely.Point(1, 2)], crs=4326).to_file(path, layer="a")
        database = sqlite3.connect(path)
        for statement in statements:
            database.execute(statement)
        database.commit()
        database.close()

    return write


def plain_database(path: Path) -> None:
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE a (b)")
    database.close()


def view_posing_as_metadata(path: Path) -> None:
    geopackage()(path)
    database = sqlite3.connect(path)
    database.execute("ALTER TABLE gpkg_contents RENAME TO kept")
    database.execute("CREATE VIEW gpkg_contents AS SELECT * FROM kept")
    database.commit()
    database.close()


def truncated(suffix: str) -> Write:
    def write(path: Path) -> None:
        whole = path.with_name(f"whole{suffix}")
        frame = gpd.GeoDataFrame({"code": ["A"] * 50}, geometry=[shapely.Point(1, 2).buffer(1)] * 50, crs=4326)
        if suffix == ".parquet":
            frame.to_parquet(whole)
        else:
            frame.to_file(whole)
        content = whole.read_bytes()
        path.write_bytes(content[: len(content) // 2])

    return write


RING = ",".join(["[0,0]"] * 100_002)
SPHERE = '{"type":"GeometryCollection","geometries":[' * 200_000 + "]}" * 200_000
BILLION = (
    '<!DOCTYPE kml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
)

SUFFIXES = ("geojson", "gpkg", "zip", "kml", "csv", "parquet", "xlsx", "csv.gz")

REFUSED: dict[str, tuple[str, Write, str]] = {
    "nested collections": ("a.geojson", feature(SPHERE), "nested deeper"),
    "nested arrays": ("a.geojson", text('{"type":' + "[" * 300_000), "nested deeper"),
    "brackets behind a quote": ("a.geojson", feature("null", '{"a":"\\"}' + '","b":' + "[" * 200_000), "nested deeper"),
    "a shallow collection": (
        "a.geojson",
        feature('{"type":"GeometryCollection","geometries":[]}'),
        "GeometryCollection",
    ),
    "an endless ring": (
        "a.geojson",
        feature(f'{{"type":"Polygon","coordinates":[[{RING}]]}}'),
        "100,002 points is over",
    ),
    "NaN": ("a.geojson", feature('{"type":"Point","coordinates":[NaN,1]}'), "NaN is no JSON number"),
    "infinity": (
        "a.geojson",
        feature('{"type":"Point","coordinates":[1e999,1]}'),
        "feature 1: a coordinate is NaN or inf",
    ),
    "text as number": (
        "a.geojson",
        feature('{"type":"Point","coordinates":["1","2"]}'),
        "feature 1: the coordinates are",
    ),
    "huge integer": ("a.geojson", feature(f'{{"type":"Point","coordinates":[{"9" * 9000},1]}}'), "thousands of digits"),
    "ragged ring": ("a.geojson", feature('{"type":"Polygon","coordinates":[[[0,0],[1],[1,1]]]}'), "feature 1"),
    "a ring of two": ("a.geojson", feature('{"type":"Polygon","coordinates":[[[0,0],[1,1]]]}'), "feature 1"),
    "NUL in text": (
        "a.geojson",
        feature('{"type":"Point","coordinates":[1,2]}', '{"n":"a\\u0000"}'),
        "row 1, column n: .*NUL",
    ),
    "half a character": (
        "a.geojson",
        feature('{"type":"Point","coordinates":[1,2]}', '{"n":"\\ud800"}'),
        "half a character",
    ),
    "half a character as name": (
        "a.geojson",
        feature('{"type":"Point","coordinates":[1,2]}', '{"\\ud800":1}'),
        "column's name",
    ),
    "linked crs": (
        "a.geojson",
        text('{"type":"FeatureCollection","features":[],"crs":{"type":"link","properties":{"href":"x"}}}'),
        "crs",
    ),
    "broken off": ("a.geojson", text('{"type":"FeatureCollection","features":[{"type":"Fea'), "breaks off"),
    "wrong suffix": ("a.geojson", text("code,lon,lat\n"), "no GeoJSON"),
    "topology": ("a.json", text('{"type":"Topology","objects":{}}'), "no GeoJSON of features"),
    "two texts": ("a.json", text('{"type":"FeatureCollection","features":[]}{}'), "something follows"),
    "other encoding": ("a.geojson", binary('{"type":"路灯"}'.encode("gb18030")), "another encoding"),
    "nothing in it": ("a.geojson", text('{"type":"FeatureCollection","features":[]}'), "no shapes"),
    "empty": ("a.geojson", text(""), "is empty"),
    "VRT": ("a.vrt", text(VRT), "a layer is read from"),
    "VRT as shapefile": ("a.shp", text(VRT), "missing"),
    "VRT as kml": ("a.kml", text(VRT), "no KML"),
    "VRT in a kml": ("a.kml", kml(f"<!-- {VRT} -->"), "no shapes"),
    "VRT as geopackage": ("a.gpkg", text(VRT), "no GeoPackage"),
    "billion laughs": ("a.kml", kml("<name>&c;</name>", BILLION), "declares a document type"),
    "external entity": (
        "a.kml",
        kml("&x;", '<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
        "document type",
    ),
    "network link": ("a.kml", kml("<NetworkLink><Link><href>http://x/</href></Link></NetworkLink>"), "NetworkLink"),
    "nested kml": ("a.kml", kml("<Folder>" * 10_000), "nested deeper"),
    "broken kml": ("a.kml", kml("<Placemark>"), "KML is broken"),
    "NaN in kml": ("a.kml", placemark("nan,1"), "NaN or infinite"),
    "words in kml": ("a.kml", placemark("here"), "placemark 1: the coordinates"),
    "endless line in kml": (
        "a.kml",
        kml(f"<Placemark><LineString><coordinates>{'0,0 ' * 100_002}</coordinates></LineString></Placemark>"),
        "100,002 points",
    ),
    "no geopackage": ("a.gpkg", binary(b"SQLite format 3\0" + b"x" * 500), "GeoPackage is broken"),
    "plain sqlite": ("a.gpkg", plain_database, "broken"),
    "metadata as view": ("a.gpkg", view_posing_as_metadata, "'gpkg_contents' is a view"),
    "broken shapefile": ("a.zip", binary(b"PK\x03\x04" + b"x" * 50), "zip file is broken"),
    "no zip": ("a.zip", text("hello"), "zip file is broken"),
    "half a geopackage": ("a.gpkg", truncated(".gpkg"), "broken"),
    "half a parquet": ("a.parquet", truncated(".parquet"), "no Parquet file"),
    "plain parquet": ("a.parquet", lambda path: pd.DataFrame({"a": [1]}).to_parquet(path), "no GeoParquet"),
    "nested wkb": (
        "a.parquet",
        lambda path: geoparquet(path, [nested_wkb(200_000)]),
        "row 1: the shape is no plain WKB",
    ),
    "wkt of a collection": (
        "a.csv",
        text('wkt\n"GEOMETRYCOLLECTION (POINT (1 2))"\n'),
        "row 1: the shape is no plain WKT",
    ),
    "nested wkt": ("a.csv", text('wkt\n"' + "GEOMETRYCOLLECTION (" * 200_000 + '"\n'), "row 1|broken"),
    "many brackets of wkt": ("a.csv", text('wkt\n"POLYGON ' + "(" * 200_000 + '"\n'), "no WKT"),
    "NaN in wkt": ("a.csv", text("wkt\nPOINT (nan nan)\n"), "row 1"),
    "NaN in csv": ("a.csv", text("lon,lat\nnan,1\n"), "row 1, column lon: 'nan' is no coordinate"),
    "a million columns": ("a.csv", text("a," * 400_000 + "\n1\n"), "400,001 columns are more than"),
    "an endless first line": ("a.csv", text("a" * 2_000_000), "first line is longer"),
    "an endless cell": ("a.csv", text('lon,lat,a\n1,2,"' + "a" * 20_000_000), "CSV is broken"),
    "NUL in csv": ("a.csv", text("lon,lat,n\n1,2,a\0b\n"), "NUL"),
    "no columns of places": ("a.csv", text("a,b\n1,2\n"), "no column wkt"),
    "unknown format": ("a.dwg", text("x"), "a layer is read from"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_or_broken_layer_is_refused_in_a_sentence(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file, write, message = REFUSED[name]
    write(tmp_path / file)
    with pytest.raises(FileRefusedError, match=message) as refusal:
        read_layer(tmp_path / file)
    assert file in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 400
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "path",
    [
        "/vsicurl/http://localhost/a.geojson", "/vsizip/a.zip/a.shp", "vsimem/a.gpkg", "//vsistdin/", "/vsis3/b/a.shp",
        "PG:dbname=gridmap", "WFS:http://localhost", "https://localhost/a.geojson", "file:///etc/passwd", "a\0.geojson",
        "GPKG:a.gpkg:a", "/vsitar?x/a",
    ],
)  # fmt: skip
def test_what_is_no_file_of_this_machine_is_refused(path: str) -> None:
    with pytest.raises(FileRefusedError, match="only files on this machine are read"):
        read_layer(path)


def test_what_is_no_ordinary_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.geojson")
    (tmp_path / "loop.geojson").symlink_to(tmp_path / "loop.geojson")
    (tmp_path / "folder.gpkg").mkdir()
    for name, message in [
        ("pipe.geojson", "no ordinary file"),
        ("loop.geojson", "leads nowhere|cannot be read"),
        ("folder.gpkg", "this is a folder"),
        ("nowhere.csv", "there is no such file; check the path"),
        ("nowhere\n\x1b[31m.csv", r"nowhere\?\?\[31m.csv: there"),
    ]:
        with pytest.raises(FileRefusedError, match=message):
            read_layer(tmp_path / name)


def test_a_file_over_the_size_limit_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "a.geojson").open("wb") as file:
        file.truncate(201_000_000)
    with pytest.raises(FileRefusedError, match="larger than 200 MB"):
        local_file(tmp_path / "a.geojson")


def zipped(path: Path, *members: tuple[str, bytes], **attributes: int) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            member = zipfile.ZipInfo(name)
            member.compress_type = zipfile.ZIP_DEFLATED
            for attribute, value in attributes.items():
                setattr(member, attribute, value)
            archive.writestr(member, content)
    return path


@pytest.mark.parametrize("name", ["../a.shp", "/etc/a.shp", "a/../../b.shp", "..\\a.shp", "C:\\a.shp", "a.shp/../../x"])
def test_members_that_leave_their_folder_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileRefusedError, match="would be written outside its folder"):
        read_layer(zipped(tmp_path / "a.zip", (name, b"x")))
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_links_in_a_zip_are_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", ("a.shp", b"/etc/passwd"), external_attr=(stat.S_IFLNK | 0o777) << 16)
    with pytest.raises(FileRefusedError, match="is a link"):
        read_layer(path)


def test_bombs_are_refused_by_size_ratio_number_and_nesting(tmp_path: Path) -> None:
    zeros = b"\0" * 30_000_000
    for members, message in [
        ([(f"{i}.shp", zeros) for i in range(7)], "larger than 200 MB"),
        ([("a.shp", zeros)], "packed more than 100 to 1"),
        ([(f"{i}.txt", b"") for i in range(21)], "21 files in the zip are more than 20"),
        ([("a.shp", b"x"), ("b.ZIP", b"x")], "'b.ZIP' is packed itself"),
        ([("a.txt", b"x")], r"no shapefile \(there is none\)"),
        ([("a.shp", b"x")], "its .shx and .dbf is missing"),
    ]:
        with pytest.raises(FileRefusedError, match=message):
            read_layer(zipped(tmp_path / "a.zip", *members))


def test_a_member_that_holds_more_than_it_says_is_refused(tmp_path: Path) -> None:
    content = b"x" * 5000
    zipped(tmp_path / "a.zip", *((f"a.{part}", content) for part in ("shp", "shx", "dbf")))
    lying = (tmp_path / "a.zip").read_bytes().replace(struct.pack("<I", 5000), struct.pack("<I", 50))
    (tmp_path / "a.zip").write_bytes(lying)
    with pytest.raises(FileRefusedError, match=r"broken|more than it says"):
        read_layer(tmp_path / "a.zip")


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    content = zipped(tmp_path / "a.zip", ("a.shp", b"x")).read_bytes()
    at = content.index(b"PK\x01\x02") + 8
    (tmp_path / "a.zip").write_bytes(content[:at] + b"\x01\x00" + content[at + 2 :])
    with pytest.raises(FileRefusedError, match="is encrypted"):
        read_layer(tmp_path / "a.zip")


def test_a_harmless_zip_opens(tmp_path: Path) -> None:
    with opened(zipped(tmp_path / "a.zip", ("a/b.txt", b"x")), Limits()) as archive:
        assert archive.namelist() == ["a/b.txt"]


def test_views_and_triggers_of_a_geopackage_never_run(tmp_path: Path) -> None:
    endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c"
    write = geopackage(f"CREATE VIEW endless AS {endless}", "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END")
    write(tmp_path / "a.gpkg")
    before = (tmp_path / "a.gpkg").read_bytes()
    assert read_layer(tmp_path / "a.gpkg")["code"].tolist() == ["A"]
    assert (tmp_path / "a.gpkg").read_bytes() == before
    with pytest.raises(FileRefusedError, match="no layer 'endless'"):
        read_layer(tmp_path / "a.gpkg", layer="endless")


def test_a_vrt_posing_as_a_whole_shapefile_is_refused(tmp_path: Path) -> None:
    for suffix in (".shp", ".shx", ".dbf"):
        (tmp_path / f"a{suffix}").write_text(VRT)
    with pytest.raises(FileRefusedError, match="this is no shapefile"):
        read_layer(tmp_path / "a.shp")


def test_a_geopackages_window_to_other_files_is_refused(tmp_path: Path) -> None:
    geopackage()(tmp_path / "a.gpkg")
    database = sqlite3.connect(tmp_path / "a.gpkg")
    database.execute("PRAGMA writable_schema = ON")
    database.execute(
        "INSERT INTO sqlite_master VALUES ('table', 'w', 'w', 0, 'CREATE VIRTUAL TABLE w USING VirtualOGR(''/x'')')"
    )
    database.commit()
    database.close()
    with pytest.raises(FileRefusedError, match=r"'w' reaches out of the GeoPackage|GeoPackage is broken"):
        read_layer(tmp_path / "a.gpkg")


@pytest.mark.parametrize("kind", ["Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon"])
@pytest.mark.parametrize("flavor", ["iso", "extended"])
def test_plain_wkb_of_every_kind_passes(kind: str, flavor: str) -> None:
    ring = [[0.0, 0.0, 5.0], [1.0, 0.0, 5.0], [1.0, 1.0, 5.0], [0.0, 0.0, 5.0]]
    parts = {"Point": ring[0], "LineString": ring, "Polygon": [ring, ring]}
    coordinates = parts[kind] if kind in parts else [parts[kind.removeprefix("Multi")]] * 3
    shape = shapely.geometry.shape({"type": kind, "coordinates": coordinates})
    for dimension in (2, 3):
        blob = shapely.to_wkb(shape, output_dimension=dimension, flavor=flavor, include_srid=flavor == "extended")
        assert shapes_of_wkb([blob, None], Path("a"))[0].equals(shape)


def test_a_multipolygon_of_multipolygons_is_refused() -> None:
    blob = struct.pack("<BII", 1, 6, 1) * 50_000 + shapely.to_wkb(shapely.box(0, 0, 1, 1))
    with pytest.raises(FileRefusedError, match="no plain WKB"):
        shapes_of_wkb([blob], Path("a"))


@given(st.binary(max_size=200))
def test_no_wkb_does_more_than_be_refused(blob: bytes) -> None:
    with suppress(FileRefusedError):
        shapes_of_wkb([blob], Path("a"))


READERS = (read_layer, read_table, read_points)


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from(SUFFIXES), st.sampled_from(READERS))
def test_no_bytes_do_more_than_be_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str, read: Callable[[Path], object]
) -> None:
    path = tmp_path_factory.mktemp("any") / f"a.{suffix}"
    path.write_bytes(content)
    with suppress(GridmapError):
        read(path)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small sound file of each format."""
    folder = tmp_path_factory.mktemp("sound")
    rng = np.random.default_rng(1)
    lon, lat = rng.uniform(121, 122, 20), rng.uniform(31, 32, 20)
    shapes = shapely.buffer(shapely.points(lon, lat), 0.01, quad_segs=2)
    frame = gpd.GeoDataFrame({"code": "网格", "lon": lon, "lat": lat, "n": range(20)}, geometry=shapes, crs=4326)
    for suffix in SUFFIXES:
        if suffix != "csv.gz":
            write_layer(frame if suffix != "csv" else frame.drop(columns=["lon", "lat"]), folder / f"a.{suffix}")
    write_table(frame.drop(columns="geometry"), folder / "points.csv")
    (folder / "a.csv.gz").write_bytes(gzip.compress((folder / "points.csv").read_bytes()))
    return folder


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(SUFFIXES),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=6),
    st.sampled_from(READERS),
)
def test_no_damage_to_a_sound_file_does_more_than_be_refused(
    sound: Path,
    tmp_path_factory: pytest.TempPathFactory,
    suffix: str,
    damage: list[tuple[float, int]],
    read: Callable[[Path], object],
) -> None:
    content = bytearray((sound / f"a.{suffix}").read_bytes())
    for place, byte in damage:
        content[int(place * len(content))] = byte
    path = tmp_path_factory.mktemp("damaged") / f"a.{suffix}"
    path.write_bytes(content)
    with suppress(GridmapError):
        read(path)


def test_a_packed_bomb_of_csv_is_refused(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "a.csv.gz", "wb") as file:
        file.write(b"lon,lat\n" + b"1,2\n" * 20_000_000)
    with pytest.raises(FileRefusedError, match="packed more than 100 to 1"):
        read_points(tmp_path / "a.csv.gz")


def test_a_workbook_with_entities_is_refused(tmp_path: Path) -> None:
    openpyxl.Workbook().save(tmp_path / "a.xlsx")
    with zipfile.ZipFile(tmp_path / "a.xlsx") as old, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, content.replace(b"<sst", b"<!DOCTYPE a []><sst") if "shared" in name else content)
        new.writestr("xl/x.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a/>')
    with pytest.raises(FileRefusedError, match="declares entities"):
        read_table(tmp_path / "b.xlsx")


def test_json_that_is_deep_in_text_only_is_read(tmp_path: Path) -> None:
    brackets = json.dumps("[{" * 200_000 + '\\"')
    feature('{"type":"Point","coordinates":[1,2]}', f'{{"n":{brackets}}}')(tmp_path / "a.geojson")
    assert len(read_layer(tmp_path / "a.geojson")["n"].iloc[0]) > 400_000
