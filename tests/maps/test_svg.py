"""Our own SVG map: the same frames give the same well-formed picture, and what people write stays text."""

from __future__ import annotations

import io
import re
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.errors import InputError
from gridmap.language import LANGUAGES
from gridmap.maps.lettering import Label, Lettering, Line, meet
from gridmap.maps.scene import scene_of
from gridmap.maps.strokes import words
from gridmap.maps.style import ATTENTIONS, DARK, LAYERS
from gridmap.maps.svg import Sheet, drawn, svg_map
from gridmap.maps.typeset import picture
from gridmap.maps.view import View
from tests.estate import STEP, spot
from tests.maps.conftest import AT
from tests.maps.printed import raster, text

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = """<script>alert(1)</script>"'&]]>${x}{{y}} #panic() \\ * _ `z` \x00"""


def tree(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def texts(svg: str) -> list[str]:
    return ["".join(node.itertext()) for node in tree(svg).iter(f"{SVG}text")]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_map_is_well_formed_and_names_what_is_there(frames: dict[str, Any], theme: Any, language: str) -> None:
    svg = svg_map(frames, at=AT, theme=theme, language=language, layers=LAYERS, title="望江花园")
    said = texts(svg)
    assert {"望江花园", "grid Z1", "grid Z2", "2026-05-01 16:00"} <= set(said)
    assert {ATTENTIONS[name].term.say(language) for name in ATTENTIONS} <= set(said)
    assert not [node.tag for node in tree(svg).iter() if node.tag in (f"{SVG}script", f"{SVG}style")]


def test_the_same_frames_give_the_same_map(frames: dict[str, Any]) -> None:
    assert svg_map(frames, at=AT, layers=LAYERS) == svg_map(frames, at=AT, layers=LAYERS)


def test_a_notebook_shows_it(frames: dict[str, Any]) -> None:
    drawn = svg_map(frames, at=AT)
    assert drawn._repr_svg_() == str(drawn)


def test_the_dark_theme_has_colours_of_its_own(frames: dict[str, Any]) -> None:
    light, dark = (svg_map(frames, at=AT, theme=theme) for theme in ("light", "dark"))
    for name, attention in ATTENTIONS.items():
        assert attention.colour in light
        assert DARK["attentions"][name] in dark
        assert attention.colour not in dark


def test_names_stand_for_nothing_but_themselves(frames: dict[str, Any]) -> None:
    grids = frames["grids"].assign(name=HOSTILE, owner_name=HOSTILE)
    grids["code"] = grids["code"] + "<b>"
    parents = [None if parent is None else f"{parent}<b>" for parent in grids["parent"]]
    frames["grids"] = grids.assign(parent=pd.Series(parents, index=grids.index, dtype=object))
    frames["facilities"] = frames["facilities"].assign(name=HOSTILE)
    svg = svg_map(frames, at=AT, title=HOSTILE, size_mm=(400, 300))
    assert "<script" not in svg
    assert any(said.startswith("<script>alert(1)") for said in texts(svg))
    made = picture(frames, "pdf", at=AT, title=HOSTILE)
    assert "#panic()" in text(made)


def test_only_the_layers_that_are_asked_for_are_drawn(frames: dict[str, Any]) -> None:
    plain = svg_map(frames, at=AT, layers=("grids",))
    assert not any(colour in plain for colour in (ATTENTIONS["overdue"].colour, "#9dabbd", "<image"))
    assert "<image" in svg_map(frames, at=AT, layers=("grids", "heat"))
    with pytest.raises(InputError, match="no layer of the map is called 'weather'"):
        svg_map(frames, at=AT, layers=("weather",))


def test_a_painter_colours_the_grids_instead_of_their_load(frames: dict[str, Any]) -> None:
    def paint(code: str, tier: int) -> tuple[str, float] | None:
        return ("#123456", 0.5) if code == "Z1-C1-1" else None

    svg = svg_map(frames, at=AT, painter=paint, highlight="Z1-C1-2")
    assert svg.count('fill="#123456"') == 1
    assert "#1f5fd0" in svg
    with pytest.raises(InputError, match="no grid NOWHERE"):
        svg_map(frames, at=AT, highlight="NOWHERE")


def test_a_line_that_two_grids_share_is_drawn_once(frames: dict[str, Any]) -> None:
    scene = scene_of({"grids": frames["grids"]}, AT)
    svg = drawn(scene, Sheet(frozenset(("grids",)), labels=False, legend=False, scale=False))
    dashed = next(node for node in tree(svg).iter(f"{SVG}path") if node.get("stroke-dasharray"))
    # 16 square cells have 40 sides, of which 24 are shared by two.
    assert re.findall("[ML]", str(dashed.get("d")))
    length = _length(str(dashed.get("d")))
    side = View.of(scene.bounds, 945, 605, above=50).scale_y * STEP
    assert length == pytest.approx(40 * side, rel=0.12)


def _length(data: str) -> float:
    total = 0.0
    for part in data.split("M")[1:]:
        closed = part.endswith("Z")
        places = [tuple(map(float, place.split())) for place in part.rstrip("Z").split("L")]
        if closed:
            places.append(places[0])
        total += sum(((x - a) ** 2 + (y - b) ** 2) ** 0.5 for (a, b), (x, y) in pairwise(places))
    return total


def test_nothing_at_all_makes_a_map_too() -> None:
    assert tree(svg_map({}, at=AT)).tag == f"{SVG}svg"
    empty = gpd.GeoDataFrame({"code": [], "name": [], "tier": [], "parent": []}, geometry=[], crs=4326)
    assert tree(svg_map({"grids": empty}, at=AT)).tag == f"{SVG}svg"


def test_a_frame_that_lacks_columns_is_refused(frames: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="a frame of grids needs the columns tier"):
        svg_map({"grids": frames["grids"].drop(columns="tier")}, at=AT)


def test_a_picture_is_of_the_size_that_was_asked_for(frames: dict[str, Any]) -> None:
    made = raster(picture(frames, "png", at=AT, size_mm=(100, 60)))
    assert (made.width, made.height) == (567, 340)
    assert picture(frames, "svg", at=AT).startswith(b"<?xml")
    with pytest.raises(InputError, match="from 20 to 1200 mm"):
        svg_map(frames, at=AT, size_mm=(5, 5))
    with pytest.raises(InputError, match="bmp: a picture is written as svg, pdf, png"):
        picture(frames, "bmp", at=AT)  # type: ignore[arg-type]


@pytest.mark.parametrize("language", LANGUAGES)
def test_chinese_names_are_text_on_paper_in_every_language(frames: dict[str, Any], language: str) -> None:
    made = picture(frames, "pdf", at=AT, title="望江花园 發電機", language=language)
    assert "望江花园發電機" in text(made)
    assert "持有人12" in text(made)


@given(
    west=st.floats(-170, 170), south=st.floats(-90, 85), wide=st.floats(1e-6, 5), tall=st.floats(1e-6, 5),
    width=st.floats(200, 4000), height=st.floats(200, 4000),
)  # fmt: skip
def test_a_view_shows_all_of_what_it_was_asked_for(
    west: float, south: float, wide: float, tall: float, width: float, height: float
) -> None:
    view = View.of((west, south, west + wide, south + tall), width, height)
    assert -10 < view.zoom < 30
    for lon, lat in ((west, south), (west + wide, south + tall)):
        assert view.shows(*view.spot(lon, lat))


@given(st.lists(st.tuples(st.floats(0, 900), st.floats(0, 600), st.text(min_size=1, max_size=12)), max_size=60))
def test_no_label_stands_on_another(said: list[tuple[float, float, str]]) -> None:
    written = Lettering(View.of((0, 0, 1, 1), 900, 600), "#fff")
    written.add(Label(x, y, [Line(name, 12, "#000")], room=200) for x, y, name in said)
    boxes = written.labels
    assert not any(meet(one, other) for place, one in enumerate(boxes) for other in boxes[:place])
    assert all(left >= 0 and right <= 900 and top >= 0 and bottom <= 600 for left, top, right, bottom in boxes)


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_at_all_is_well_formed(said: str) -> None:
    ElementTree.parse(io.StringIO(words(said, x=1, y=2)))


def test_what_lies_beyond_the_sheet_is_not_drawn(frames: dict[str, Any]) -> None:
    near = svg_map(frames, at=AT, bounds=(*spot(0, 0), *spot(1, 1)))
    assert len(near) < len(svg_map(frames, at=AT)) * 1.2
    assert "Z2-C2-4" not in texts(near)
