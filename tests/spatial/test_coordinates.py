from __future__ import annotations

import csv
import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gridmap.errors import CoordinateError, InputError
from gridmap.spatial.coordinates import (
    LATTICE,
    bd09_to_gcj02,
    convert_geometries,
    from_wgs84,
    gcj02_to_bd09,
    metric_crs,
    snap,
    snap_geometries,
    to_wgs84,
)
from gridmap.spatial.outlines import in_mainland

METRES_A_DEGREE = 111_320.0

# That library writes pi where Baidu's formula has pi * 3000 / 180, which costs its BD-09 10 to 45 m; the 664 cities
# are the reference for BD-09.
TOLERANCE = {"wgs2gcj": 1e-6, "bd2wgs": 4e-4}

HONG_KONG = {
    "Central": (114.1580, 22.2820), "airport": (113.9185, 22.3080), "Tai O": (113.8620, 22.2540),
    "Sheung Shui": (114.1281, 22.5011), "Lo Wu": (114.1133, 22.5282), "Lok Ma Chau": (114.0655, 22.5145),
    "Yuen Long": (114.0222, 22.4457), "Lau Fau Shan": (113.9830, 22.4690), "Mai Po": (114.0435, 22.4945),
    "Heung Yuen Wai": (114.1547, 22.5553), "Sha Tau Kok": (114.2240, 22.5440), "Sai Kung": (114.2740, 22.3810),
    "Ping Chau": (114.4340, 22.5450), "Po Toi": (114.2600, 22.1650),
}  # fmt: skip
MACAU = {
    "Senado": (113.5399, 22.1937), "Barrier Gate, south": (113.5490, 22.2140), "A-Ma": (113.5312, 22.1861),
    "Taipa": (113.5580, 22.1550), "Coloane": (113.5515, 22.1170), "airport": (113.5915, 22.1495),
}  # fmt: skip
TAIWAN = {
    "Taipei": (121.5654, 25.0330), "Keelung": (121.7400, 25.1300), "Kaohsiung": (120.3014, 22.6273),
    "Magong": (119.5660, 23.5650), "Kinmen": (118.3200, 24.4340), "Nangan": (119.9400, 26.1540),
    "Dongyin": (120.4900, 26.3680), "Orchid Island": (121.5450, 22.0500), "Taidong": (121.1400, 22.7500),
}  # fmt: skip
ABROAD = {
    "Seoul": (126.9780, 37.5665), "Pyongyang": (125.7540, 39.0392), "Tokyo": (139.6917, 35.6895),
    "Hanoi": (105.8342, 21.0278), "Ulaanbaatar": (106.9057, 47.8864), "Kathmandu": (85.3240, 27.7172),
    "Vladivostok": (131.9113, 43.1332), "Almaty": (76.9286, 43.2567), "Bishkek": (74.5698, 42.8746),
    "Manila": (120.9842, 14.5995), "Khabarovsk": (135.0719, 48.4827), "Yangon": (96.1561, 16.8661),
}  # fmt: skip
MAINLAND_EDGES = {
    "Luohu station": (114.1174, 22.5318), "Futian port": (114.0673, 22.5180), "Huanggang port": (114.0735, 22.5212),
    "Shenzhen Bay port": (113.9445, 22.5045), "Shekou": (113.9120, 22.4790), "Liantang": (114.1560, 22.5620),
    "Shatoujiao": (114.2360, 22.5560), "Yantian port": (114.2700, 22.5740), "Nan'ao": (114.4850, 22.5350),
    "Gongbei": (113.5500, 22.2200), "Wanzai": (113.5240, 22.1950), "Hengqin": (113.5400, 22.1400),
    "Guishan island": (113.8200, 22.1400), "Wailingding": (114.0300, 22.1100), "Xiamen": (118.0890, 24.4790),
    "Dadeng": (118.3300, 24.5560), "Pingtan": (119.7900, 25.5000), "Huangqi": (119.8800, 26.3300),
    "Heihe": (127.5285, 50.2451), "Xunke": (128.4700, 49.5700), "Fuyuan": (134.2960, 48.3620),
    "Mohe": (122.5380, 52.9720), "Manzhouli": (117.4550, 49.5900), "Erenhot": (111.9770, 43.6530),
    "Alashankou": (82.5700, 45.1700), "Khorgas": (80.4200, 44.2100), "Tashkurgan": (75.2280, 37.7750),
    "Yadong": (88.9060, 27.4850), "Medog": (95.3330, 29.3250), "Ruili": (97.8550, 24.0130),
    "Mengla": (101.5650, 21.4600), "Hekou": (103.9600, 22.5280), "Pingxiang": (106.7500, 22.1000),
    "Dongxing": (107.9720, 21.5470), "Sanya": (109.5080, 18.2470), "Yongxing island": (112.3380, 16.8340),
    "Dandong": (124.3830, 40.1240), "Hunchun": (130.3660, 42.8620), "Shengsi": (122.4500, 30.7250),
}  # fmt: skip

mainland_points = st.tuples(st.floats(80.0, 122.0), st.floats(22.7, 48.0)).filter(
    lambda point: bool(in_mainland(np.float64(point[0]), np.float64(point[1])))
)


@pytest.fixture(scope="session")
def cities(samples: Path) -> dict[str, np.ndarray]:
    """The positions of 664 Chinese cities in each datum, n x 2."""
    text = (samples / "reference" / "gcj02_bd09" / "gcoord_china-cities.json").read_text(encoding="utf-8")
    rows = [row["coords"] for row in json.loads(text)]
    return {name: np.array([row[name] for row in rows]) for name in ("WGS84", "GCJ02", "BD09")}


def metres(lon: np.ndarray, lat: np.ndarray, expected: np.ndarray) -> np.ndarray:
    east = (lon - expected[:, 0]) * METRES_A_DEGREE * np.cos(np.radians(lat))
    return np.hypot(east, (lat - expected[:, 1]) * METRES_A_DEGREE)


@pytest.mark.parametrize(("datum", "column"), [("gcj02", "GCJ02"), ("bd09", "BD09")])
def test_664_cities_come_out_within_a_metre_both_ways(cities: dict[str, np.ndarray], datum: str, column: str) -> None:
    assert len(cities["WGS84"]) == 664
    assert metres(*from_wgs84(*cities["WGS84"].T, datum), cities[column]).max() < 1.0
    assert metres(*to_wgs84(*cities[column].T, datum), cities["WGS84"]).max() < 1.0


def test_baidus_own_shift_comes_out_within_a_metre_both_ways(cities: dict[str, np.ndarray]) -> None:
    assert metres(*gcj02_to_bd09(*cities["GCJ02"].T), cities["BD09"]).max() < 1.0
    assert metres(*bd09_to_gcj02(*cities["BD09"].T), cities["GCJ02"]).max() < 1.0


def test_published_pairs_come_out_to_their_own_tolerance(samples: Path) -> None:
    with (samples / "reference" / "gcj02_bd09" / "eviltransform_tests.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 8
    for row in rows:
        lon, lat = float(row["in_lon"]), float(row["in_lat"])
        expected = pytest.approx((float(row["out_lon"]), float(row["out_lat"])), abs=TOLERANCE[row["transform"]])
        moved = from_wgs84(lon, lat, "gcj02") if row["transform"] == "wgs2gcj" else to_wgs84(lon, lat, "bd09")
        assert moved == expected


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
@pytest.mark.parametrize("place", [*HONG_KONG.values(), *MACAU.values(), *TAIWAN.values(), *ABROAD.values()])
def test_nothing_is_shifted_outside_the_mainland(datum: str, place: tuple[float, float]) -> None:
    assert tuple(from_wgs84(*place, datum)) == place


@pytest.mark.parametrize("place", [*TAIWAN.values(), *ABROAD.values(), HONG_KONG["Central"], MACAU["Senado"]])
def test_nothing_is_shifted_back_outside_the_mainland(place: tuple[float, float]) -> None:
    assert tuple(to_wgs84(*place, "gcj02")) == place


@pytest.mark.parametrize("name", MAINLAND_EDGES)
def test_the_mainland_is_shifted_right_up_to_its_borders(name: str) -> None:
    lon, lat = MAINLAND_EDGES[name]
    there = from_wgs84(lon, lat, "gcj02")
    assert abs(there[0] - lon) + abs(there[1] - lat) > 1e-4
    assert to_wgs84(*there, "gcj02") == pytest.approx((lon, lat), abs=1e-9)


@given(mainland_points, st.sampled_from(["gcj02", "bd09"]))
def test_the_inverse_is_exact(point: tuple[float, float], datum: str) -> None:
    back = to_wgs84(*from_wgs84(*point, datum), datum)
    assert back == pytest.approx(point, abs=1e-9)


def test_missing_positions_stay_missing() -> None:
    lon, lat = to_wgs84([np.nan, 116.4], [39.9, 39.9], "gcj02")
    assert np.isnan(lon[0])
    assert lon[1] < 116.4
    assert lat.shape == (2,)


def test_an_unknown_datum_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="'gcj-02' is not known: use wgs84, gcj02, bd09"):
        to_wgs84(116.4, 39.9, "gcj-02")


def test_shapes_are_converted_vertex_by_vertex_and_keep_their_index() -> None:
    square = shapely.box(121.47, 31.22, 121.48, 31.23)
    series = gpd.GeoSeries([square, None], index=[7, 9], crs=4326, name="geometry")
    there = convert_geometries(series, "wgs84", "bd09")
    back = convert_geometries(there, "bd09")
    assert there.iloc[0].centroid.distance(square.centroid) > 0.005
    assert shapely.equals_exact(back.iloc[0], square, 1e-9)
    assert back.iloc[1] is None
    assert list(back.index) == [7, 9]
    assert back.crs == series.crs


@given(st.lists(st.floats(-180, 180), max_size=20))
def test_snapping_moves_by_half_a_step_at_most_and_only_once(values: list[float]) -> None:
    snapped = snap(values)
    assert np.all(np.abs(snapped - values) <= LATTICE / 2)
    assert np.array_equal(snap(snapped), snapped)
    assert np.array_equal(snapped / LATTICE, np.rint(snapped / LATTICE))
    assert not np.any(np.signbit(snapped) & (snapped == 0))


def test_snapped_shapes_have_no_repeated_points() -> None:
    ring = [(0, 0), (1, 0), (1 + 1e-9, 1e-9), (1, 1), (0, 1), (0, 0)]
    series = gpd.GeoSeries([shapely.Polygon(ring), None, shapely.Point(0.1, 0.1)], crs=4326)
    snapped = snap_geometries(series)
    assert len(snapped.iloc[0].exterior.coords) == 5
    assert snapped.iloc[1] is None
    assert snapped.iloc[2].x == snap(0.1)


def test_a_ring_smaller_than_the_lattice_survives_for_the_check_to_find() -> None:
    speck = shapely.box(10, 10, 10 + 1e-9, 10 + 1e-9)
    snapped = snap_geometries(gpd.GeoSeries([speck], crs=4326)).iloc[0]
    assert snapped.is_empty or not snapped.is_valid


@pytest.mark.parametrize(
    ("lon", "lat", "expected"),
    [(73.6, 39.4, 4534), (116.4, 39.9, 4548), (121.47, 31.23, 4549), (134.7, 48.3, 4554), (121.56, 25.03, 32651),
     (113.54, 22.19, 32649), (-77.03, 38.9, 32618), (151.2, -33.87, 32756), (180, 10, 32660), (0, 89, 32661),
     (0, -89, 32761)],
)  # fmt: skip
def test_each_place_has_a_system_in_metres(lon: float, lat: float, expected: int) -> None:
    assert metric_crs(lon, lat) == expected


@pytest.mark.parametrize("lon", [73.7, 90.0, 102.7, 116.4, 134.5])
def test_the_system_measures_true_metres_to_a_part_in_a_thousand(lon: float) -> None:
    lat = 47.5 if lon > 134 else 39.0
    system = pyproj.CRS(metric_crs(lon, lat))
    assert system.axis_info[0].unit_name == "metre"
    to_plane = pyproj.Transformer.from_crs(4326, system, always_xy=True)
    (x, y), (x2, y2) = to_plane.transform(lon, lat), to_plane.transform(lon, lat + 0.001)
    true = pyproj.Geod(ellps="WGS84").inv(lon, lat, lon, lat + 0.001)[2]
    assert np.hypot(x2 - x, y2 - y) == pytest.approx(true, rel=1e-3)


@pytest.mark.parametrize(("lon", "lat"), [(31.2, 121.5), (float("nan"), 0.0), (500000.0, 4400000.0)])
def test_a_place_that_is_not_on_earth_has_none(lon: float, lat: float) -> None:
    with pytest.raises(CoordinateError, match="no place on earth"):
        metric_crs(lon, lat)
