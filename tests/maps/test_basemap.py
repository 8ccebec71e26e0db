"""A base map is a setting; what would lie beside the ground is refused."""

from __future__ import annotations

import pytest

from gridmap.errors import InputError
from gridmap.maps.basemap import basemap


@pytest.mark.parametrize(
    ("url", "source"),
    [
        ("https://tiles.example/{z}/{x}/{y}.png", "https://tiles.example"),
        ("http://10.0.0.7:8080/{z}/{x}/{y}.png", "http://10.0.0.7:8080"),
        ("/static/tiles/{z}/{x}/{y}.png", None),
        ("https://t{s}.tianditu.gov.cn/vec_w/wmts?l=vec&z={TileMatrix}&y={TileRow}&x={TileCol}", "https://*.tianditu.gov.cn"),
    ],
)  # fmt: skip
def test_pages_may_load_pictures_from_where_the_tiles_lie_and_nowhere_else(url: str, source: str | None) -> None:
    assert basemap(url).source == source


def test_the_parts_of_wmts_become_those_of_xyz() -> None:
    assert basemap("https://a.example/?m={TileMatrix}&r={TileRow}&c={TileCol}").as_json()["url"] == (
        "https://a.example/?m={z}&r={y}&c={x}"
    )


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://webrd01.is.autonavi.com/appmaptile?x={x}&y={y}&z={z}", "GCJ-02"),
        ("https://rt0.map.gtimg.com/tile?z={z}&x={x}&y={y}", "GCJ-02"),
        ("https://maponline0.bdimg.com/tile/?x={x}&y={y}&z={z}", "BD-09"),
        ("https://t0.tianditu.gov.cn/vec_c/wmts?z={z}&x={x}&y={y}", "_w layers"),
        ("https://tiles.example/map.png", "{z}, {x} and {y}"),
        ("javascript:alert('{x}{y}{z}')", "the address of tiles"),
        ("tiles/{z}/{x}/{y}", "the address of tiles"),
    ],
)
def test_what_would_lie_beside_the_ground_is_refused_with_the_reason(url: str, why: str) -> None:
    with pytest.raises(InputError, match=why.replace("{", r"\{").replace("}", r"\}")):
        basemap(url)
