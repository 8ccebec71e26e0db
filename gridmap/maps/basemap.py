"""A base map under the paper, where somebody wants one: tiles of his own, in the datum that everything here is in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from gridmap.errors import InputError

# part of a host's name: the datum its tiles are drawn in, which lies hundreds of metres off
SHIFTED: Final = {
    "autonavi": "GCJ-02", "amap": "GCJ-02", "gtimg": "GCJ-02", "qq.com": "GCJ-02", "google.cn": "GCJ-02",
    "bdimg": "BD-09", "baidu": "BD-09",
}  # fmt: skip
PLACES: Final = ({"{z}", "{x}", "{y}"}, {"{TileMatrix}", "{TileCol}", "{TileRow}"})
FARTHEST_ZOOM: Final = 18


@dataclass(frozen=True)
class Basemap:
    """Tiles by address: XYZ, or WMTS by the names of its parts; `source` is where pages may load pictures from."""

    url: str
    source: str | None

    def as_json(self) -> dict[str, Any]:
        """What the script makes a layer of."""
        url = self.url
        for named, plain in (("{TileMatrix}", "{z}"), ("{TileCol}", "{x}"), ("{TileRow}", "{y}")):
            url = url.replace(named, plain)
        return {"url": url, "subdomains": "01234567", "maxNativeZoom": FARTHEST_ZOOM}


def basemap(url: str) -> Basemap:
    """A base map of an address, refused where its tiles would lie beside the ground.

    >>> basemap("/tiles-of-mine/{z}/{x}/{y}.png").source is None
    True
    >>> basemap("https://t{s}.tianditu.gov.cn/vec_w/wmts?tilematrix={z}&tilerow={y}&tilecol={x}&tk=k").source
    'https://*.tianditu.gov.cn'
    """
    parts = urlsplit(url)
    if parts.scheme not in ("", "http", "https") or (not parts.scheme and not url.startswith("/")):
        raise InputError(f"GRIDMAP_BASEMAP is {url!r}: give the address of tiles, https://… or /… of this service")
    if not any(all(name in url for name in names) for names in PLACES):
        raise InputError(f"GRIDMAP_BASEMAP is {url!r}: it must say where {{z}}, {{x}} and {{y}} stand")
    host = parts.hostname or ""
    for name, datum in SHIFTED.items():
        if name in host:
            raise InputError(
                f"GRIDMAP_BASEMAP: tiles of {host} are drawn in {datum} and would lie 300 to 600 m beside the grids: "
                "choose tiles in WGS 84 or CGCS2000, such as Tianditu's _w layers"
            )
    if "_c/" in parts.path and "tianditu" in host:
        raise InputError("GRIDMAP_BASEMAP: Tianditu's _c layers are in degrees: take the _w layers, in Web Mercator")
    source = f"{parts.scheme}://{parts.netloc}" if parts.netloc else None
    return Basemap(url, re.sub(r"//[^/.]*\{s\}[^/.]*\.", "//*.", source) if source else None)
