"""Shaded maps: the colours of what was found, a legend that counts, and names that stand for nothing but themselves."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gridmap.domain.insights import CLASSES, EMERGING
from gridmap.errors import InputError
from gridmap.language import LANGUAGES
from gridmap.maps.hotspots import CATEGORY_COLOURS, CLASS_COLOURS
from gridmap.maps.shaded import beside, shaded_map
from gridmap.maps.shades import MISSING, OUTLIERS, Shading
from gridmap.maps.style import DARK, LOAD_COLOURS
from gridmap.maps.typeset import as_file
from tests.maps.conftest import AT
from tests.maps.printed import text

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = """<script>alert(1)</script>"'&]]>${x}{{y}} #panic() \\ * _ `z` \x00"""


def board(side: int = 4) -> gpd.GeoDataFrame:
    """Square cells of half a kilometre in a system of metres, called A1, A2 … from the south west."""
    cells = [
        {"code": f"{'ABCDEFGH'[row]}{column + 1}", "name": f"cell {row}-{column}",
         "geometry": shapely.box(500_000 + 500 * column, 3_400_000 + 500 * row,
                                 500_500 + 500 * column, 3_400_500 + 500 * row)}
        for row in range(side) for column in range(side)
    ]  # fmt: skip
    return gpd.GeoDataFrame(cells, crs=32651)


def of_board(values: Any, **said: Any) -> pd.Series[Any]:
    found: pd.Series[Any] = pd.Series(values, index=board()["code"][: len(values)], **said)
    return found


def texts(svg: str) -> list[str]:
    return ["".join(node.itertext()) for node in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def fills(svg: str) -> dict[str, str]:
    """The colour of each grid, by what stands there when somebody points at it."""
    nodes = ElementTree.fromstring(svg).iter(f"{SVG}path")
    return {str(title.text): str(node.get("fill")) for node in nodes if (title := node.find(f"{SVG}title")) is not None}


def test_numbers_are_cut_into_classes_of_equally_many() -> None:
    svg = shaded_map(board(), of_board(list(range(16))), breaks=4, legend="reports of a month")
    said = texts(svg)
    assert {"reports of a month", "0–3", "4–7", "8–11", "≥12", "grids"} <= set(said)
    assert said.count("4") == 4
    found = fills(svg)
    assert found["cell 0-0: 0"] == LOAD_COLOURS[0]
    assert found["cell 3-3: 15"] == LOAD_COLOURS[-1]
    assert len(set(found.values())) == 4


def test_breaks_are_taken_as_given_and_a_value_on_one_belongs_above_it() -> None:
    svg = shaded_map(board(), of_board([0.5] * 8 + [1.0] * 8), breaks=[1.0], written=lambda value: f"{value:.0%}")
    assert {"<100%", "≥100%"} <= set(texts(svg))
    assert fills(svg)["cell 2-0: 100%"] != fills(svg)["cell 0-0: 50%"]


def test_around_a_middle_what_is_above_is_red_and_what_is_below_blue() -> None:
    values = np.linspace(-8, 8, 16)
    found = fills(shaded_map(board(), of_board(values), middle=0.0))
    assert found["cell 0-0: -8"] == CLASS_COLOURS[-3][0]
    assert found["cell 3-3: 8"] == CLASS_COLOURS[3][0]
    assert set(found.values()) <= {light for light, _ in CLASS_COLOURS.values()}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_classes_have_the_colours_and_words_of_hot_spots(theme: Any, language: str) -> None:
    bins = of_board([3, 2, 1, 0, -1, -2, -3], name="Gi_Bin")
    svg = shaded_map(board(), bins, theme=theme, language=language)
    assert {CLASSES["hotspots"][bin_].say(language) for bin_ in range(-3, 4)} <= set(texts(svg))
    assert {colours[theme == "dark"] for colours in CLASS_COLOURS.values()} <= set(fills(svg).values())


def test_outliers_categories_and_changes_are_known_by_their_columns() -> None:
    outliers = shaded_map(board(), of_board(["HH", "", "LH"], name="COType"))
    assert {OUTLIERS[word].say("en") for word in OUTLIERS} <= set(texts(outliers))
    emerging = shaded_map(board(), of_board(["new hot", "none", "sporadic cold"], name="category"))
    assert EMERGING["new hot"].say("en") in texts(emerging)
    assert EMERGING["new cold"].say("en") not in texts(emerging)
    assert CATEGORY_COLOURS["new hot"][0] in fills(emerging).values()
    changes = shaded_map(board(), of_board([3.0, np.nan], name="change"))
    assert CLASSES["changes"][3].say("en") in texts(changes)


def test_small_counts_are_not_taken_for_classes() -> None:
    svg = shaded_map(board(), of_board([0, 1, 2, 3], name="count"), breaks=2)
    assert CLASSES["hotspots"][3].say("en") not in texts(svg)


def test_words_have_the_colours_they_are_given_in_that_order() -> None:
    svg = shaded_map(board(), of_board(["calm", "busy"]), colours={"busy": "#aa0000", "calm": ("#00aa00", "#003300")})
    assert fills(svg)["cell 0-1: busy"] == "#aa0000"
    said = texts(svg)
    assert said.index("busy") < said.index("calm")
    dark = shaded_map(board(), of_board(["calm"]), colours={"calm": ("#00aa00", "#003300")}, theme="dark")
    assert "#003300" in fills(dark).values()
    with pytest.raises(InputError, match="no colour for 'mad' among the words"):
        shaded_map(board(), of_board(["mad"]), colours={"busy": "#aa0000"})
    with pytest.raises(InputError, match="9 different words"):
        shaded_map(board(), of_board(list("abcdefghi")))


def test_what_is_not_known_is_grey_and_said_to_be() -> None:
    svg = shaded_map(board(), of_board([1.5, np.nan, np.inf, 2.5]), language="zh-Hant")
    assert "無資料" in texts(svg)
    assert "14" in texts(svg)
    assert list(fills(svg).values()).count(MISSING["light"]) == 14
    assert MISSING["light"] not in shaded_map(board(), of_board([1.5] * 16))


def test_without_anything_found_the_map_is_plain() -> None:
    spots = gpd.GeoSeries(gpd.points_from_xy([500_100, 501_900], [3_400_100, 3_401_900]), crs=32651)
    svg = shaded_map(board(), points=spots, said={"points": "one report"}, title="Raw", at=AT)
    assert {"one report", "Raw", "2026-05-01 16:00"} <= set(texts(svg))
    assert svg.count("h.01") == 2
    assert len(set(fills(svg).values())) == 1


def test_reports_with_lon_and_lat_are_points_and_those_without_a_place_are_left_out() -> None:
    there = board().to_crs(4326).geometry[0].centroid
    reports = pd.DataFrame({"lon": [there.x, np.nan], "lat": [there.y, np.nan]})
    assert shaded_map(board(), points=reports).count("h.01") == 1
    with pytest.raises(InputError, match="rows with the columns lon and lat"):
        shaded_map(board(), points=pd.DataFrame({"x": [1]}))


def test_the_areas_of_points_are_as_their_weights() -> None:
    spots = gpd.GeoDataFrame({"weight": [1.0, 4.0]}, geometry=[shapely.Point(500_100, 3_400_100)] * 2, crs=32651)
    drawn = ElementTree.fromstring(shaded_map(board(), points=spots)).iter(f"{SVG}path")
    wide = sorted(float(str(node.get("stroke-width"))) for node in drawn if "h.01" in str(node.get("d")))
    assert wide[1] == pytest.approx(2 * wide[0], abs=1)


def test_contours_bands_and_outlines_are_drawn_and_named() -> None:
    bands = gpd.GeoDataFrame({"level": [1.0, 2.0]}, geometry=list(board().geometry[:2]), crs=32651)
    rings = bands.assign(geometry=bands.geometry.boundary)
    around = gpd.GeoDataFrame({"name": ["cluster 1"]}, geometry=[board().geometry[5].buffer(900)], crs=32651)
    svg = shaded_map(board(), lines=bands, outlines=around, said={"lines": "per km²", "outlines": "circle"})
    assert {"per km²", "≥1", "≥2", "circle", "cluster 1"} <= set(texts(svg))
    assert {"1", "2"} <= set(texts(shaded_map(board(), lines=rings, said={"lines": "per km²"})))
    with pytest.raises(InputError, match="says what 'dots' are"):
        shaded_map(board(), said={"dots": "?"})


def test_of_several_tiers_the_one_that_was_found_is_shaded_and_those_above_are_lines(frames: dict[str, Any]) -> None:
    grids = frames["grids"]
    leaves = grids[grids["tier"] == 3]
    svg = shaded_map(grids, pd.Series(range(len(leaves)), leaves["code"]))
    assert len(fills(svg)) == len(leaves)
    assert "no data" not in texts(svg)
    clusters = grids[grids["tier"] == 2]
    assert len(fills(shaded_map(grids, pd.Series(1.5, clusters["code"])))) == len(clusters)


def test_names_stand_for_nothing_but_themselves() -> None:
    grids = board().assign(name=HOSTILE)
    grids["code"] = grids["code"] + HOSTILE
    found = pd.Series([HOSTILE] * 16, index=grids["code"])
    around = gpd.GeoDataFrame({"name": [HOSTILE]}, geometry=[board().geometry[5]], crs=32651)
    svg = shaded_map(grids, found, title=HOSTILE, legend=HOSTILE, labels=list(grids["code"]), outlines=around,
                     said={"outlines": HOSTILE}, size_mm=(300, 200))  # fmt: skip
    assert not [node for node in ElementTree.fromstring(svg).iter() if node.tag.endswith("script")]
    assert "<script" not in svg
    assert "#panic()" in text(as_file(svg, "pdf", at=AT, language="en", size_mm=(300, 200)))


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), min_size=1, max_size=16), st.integers(2, 9))
def test_every_number_has_a_class_and_every_class_of_the_legend_is_counted(values: list[float], breaks: int) -> None:
    found = Shading(breaks=breaks).of(of_board(values))
    known = int(np.isfinite(np.asarray(values)).sum())
    assert len(found.colours) == known == sum(shade.count for shade in found.legend)
    assert len({shade.colour for shade in found.legend}) == len(found.legend) <= breaks


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=16), st.integers(-20, 20))
def test_around_a_middle_every_number_has_a_colour_too(values: list[int], middle: int) -> None:
    found = Shading(middle=float(middle)).of(of_board(values))
    assert sum(shade.count for shade in found.legend) == len(values)
    hot = {light for bin_, (light, _) in CLASS_COLOURS.items() if bin_ > 0}
    assert not any(value < middle and found.colours[code] in hot
                   for code, value in zip(found.colours, values, strict=True))  # fmt: skip


def test_labels_stand_where_they_are_asked_for() -> None:
    assert "cell 1-1" in texts(shaded_map(board(), labels=["B2"]))
    assert "here" in texts(shaded_map(board(), labels={"B2": "here"}))
    with pytest.raises(InputError, match="no grid is called Z9: label one"):
        shaded_map(board(), labels=["Z9"])


def test_two_maps_stand_side_by_side_as_one() -> None:
    one = shaded_map(board(), of_board([1, 2]), title="before", size_mm=(90, 60))
    other = shaded_map(board(), of_board([2, 1]), title="after", size_mm=(90, 80), theme="dark")
    both = beside(one, other)
    root = ElementTree.fromstring(both)
    assert float(str(root.get("width")).removesuffix("mm")) == pytest.approx(182, abs=1)
    assert root.get("height") == "80mm"
    assert {"before", "after"} <= set(texts(both))
    assert "after" in text(as_file(both, "pdf", at=AT, language="en", size_mm=(180, 80)))
    with pytest.raises(InputError, match="only maps of ours"):
        beside(one, type(one)("<svg/>"))


def test_the_dark_theme_has_a_ramp_of_its_own() -> None:
    found = fills(shaded_map(board(), of_board(list(range(16))), theme="dark"))
    assert set(found.values()) == set(DARK["loadColours"])


def test_what_cannot_be_drawn_is_refused_with_what_to_do() -> None:
    with pytest.raises(InputError, match="no grid is called Z9"):
        shaded_map(board(), pd.Series([1], index=["Z9"]))
    with pytest.raises(InputError, match="grid A1 was found twice"):
        shaded_map(board(), pd.Series([1, 2], index=["A1", "A1"]))
    with pytest.raises(InputError, match="grid A1 comes twice"):
        shaded_map(pd.concat([board(), board()[:1]]))
    with pytest.raises(InputError, match="set their crs"):
        shaded_map(gpd.GeoDataFrame(board().drop(columns="geometry"), geometry=board().geometry.to_numpy()))
    with pytest.raises(InputError, match="needs the column code"):
        shaded_map(board().drop(columns="code"))
    with pytest.raises(InputError, match="breaks rise"):
        shaded_map(board(), of_board([1, 2]), breaks=[3, 2])
    with pytest.raises(InputError, match="an eye tells 2 to 9"):
        shaded_map(board(), of_board([1, 2]), breaks=40)
    with pytest.raises(InputError, match="no kind of shades"):
        shaded_map(board(), of_board([1, 2]), kind="rainbow")
    with pytest.raises(InputError, match="from 20 to 1200 mm"):
        shaded_map(board(), size_mm=(5, 5))


def test_nothing_at_all_makes_a_map_too() -> None:
    assert ElementTree.fromstring(shaded_map(board()[:0])).tag == f"{SVG}svg"
    nothing = shaded_map(board(), pd.Series([], index=[], dtype=float))
    assert list(fills(nothing).values()) == [MISSING["light"]] * 16


def test_the_same_grids_give_the_same_map_and_stay_as_they_were() -> None:
    grids, found = board(), of_board([1.0, np.nan, 3.0])
    assert shaded_map(grids, found) == shaded_map(grids, found)
    assert grids.equals(board())
    assert found.equals(of_board([1.0, np.nan, 3.0]))


def test_a_grid_that_crosses_itself_is_drawn_too() -> None:
    bow = shapely.Polygon([(500_000, 3_400_000), (500_500, 3_400_500), (500_500, 3_400_000), (500_000, 3_400_500)])
    grids = pd.concat([board(), gpd.GeoDataFrame([{"code": "X", "name": "bow", "geometry": bow}], crs=32651)])
    assert "bow: 2" in fills(shaded_map(grids, pd.Series([1, 2], index=["A1", "X"])))


@pytest.mark.parametrize("words", ["reports of a month " * 5, "每百戶每月上報的件數與全市平均的比較" * 3])
def test_a_long_heading_is_broken_and_loses_nothing(words: str) -> None:
    said = [line for line in texts(shaded_map(board(), of_board([1, 2]), legend=words)) if line in words]
    assert len(said) > 1
    assert "".join("".join(said).split()) == "".join(words.split())


def test_maps_with_like_legends_show_the_same_piece_of_ground() -> None:
    one, other = (shaded_map(board(), of_board([1, 2]), legend=words) for words in ("before", "after it"))
    shapes = [[node.get("d") for node in ElementTree.fromstring(svg).iter(f"{SVG}path")] for svg in (one, other)]
    assert shapes[0] == shapes[1]
