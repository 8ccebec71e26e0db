"""What an SVG is written with: elements whose every attribute is escaped, and shapes as paths."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import shapely

from gridmap.maps.escape import safe

# The first of these that is there is written with; a browser, a printer and typst each look in their own place.
FAMILIES: Final = {
    "zh-Hans": ("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei"),
    "zh-Hant": ("Noto Sans CJK TC", "Noto Sans TC", "Source Han Sans TC", "PingFang TC", "Microsoft JhengHei"),
    "en": ("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei"),
}
# A tenth of a pixel: a fortieth of a millimetre.
DECIMALS: Final = 1


def tag(name: str, inner: str = "", /, **attributes: Any) -> str:
    """An element; `inner` is SVG already, an attribute that is None is left out, `stroke_width` is stroke-width."""
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{safe(number(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{said}>{inner}</{name}>" if inner else f"<{name}{said}/>"


def words(text: object, /, **attributes: Any) -> str:
    """A text, which stands for nothing but itself."""
    return tag("text", safe(text), **attributes)


def number(value: Any) -> Any:
    """A number as short as it can be written; anything else as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.floating):
        return value
    return f"{value:.3f}".rstrip("0").rstrip(".") if float(value) != int(value) else str(int(value))


def families(language: str) -> str:
    """The font families of a language, as an attribute names them."""
    return ", ".join(f"'{name}'" for name in FAMILIES[language]) + ", sans-serif"


def path_of(shapes: Iterable[Any]) -> str:
    """The lines and rings of shapes in pixels as the data of one path."""
    return "".join(_ring(part) for shape in shapes for part in _lines(shape))


def _lines(shape: Any) -> Iterable[Any]:
    for part in shapely.get_parts(shape):
        if part.is_empty:
            continue
        if part.geom_type == "Polygon":
            yield from (part.exterior, *part.interiors)
        elif part.geom_type in ("LineString", "LinearRing"):
            yield part
        elif part.geom_type not in ("Point", "MultiPoint"):
            yield from _lines(part)


def _ring(line: Any) -> str:
    places = np.round(shapely.get_coordinates(line), DECIMALS) + 0.0
    closed = len(places) > 2 and bool((places[0] == places[-1]).all())
    written = "L".join(f"{x:g} {y:g}" for x, y in (places[:-1] if closed else places).tolist())
    return f"M{written}{'Z' if closed else ''}"
