"""Frames in, a map out: what it shows, in whose language, and that it shows nothing else."""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta
from typing import Any

import folium
import geopandas as gpd
import pandas as pd
import pytest
import shapely

from gridmap.errors import InputError
from gridmap.language import LANGUAGES
from gridmap.maps.features import Reader, attention, grid_features, open_issues
from gridmap.maps.grid import grid_map
from gridmap.maps.shell import Page
from gridmap.maps.style import ATTENTIONS
from gridmap.maps.words import due_words, span_words
from tests import estate
from tests.maps.conftest import AT, issue, issues_of

READER = Reader("en", "Asia/Shanghai", AT)
PAGE = Page("望江花园", account="wang", sign_out="/sign-out", languages={name: f"?lang={name}" for name in LANGUAGES})


def drawn(frames: dict[str, Any], **said: Any) -> str:
    """The page of a map, without the files of others."""
    return str(grid_map(frames, **{"at": AT, "assets": "linked", **said}).get_root().render())


def layers_of(frames: dict[str, Any], **said: Any) -> list[dict[str, Any]]:
    """The collections a map is drawn from, in the order they are drawn."""
    made = grid_map(frames, **{"at": AT, **said})
    return [child.data for child in made._children.values() if isinstance(child, folium.GeoJson)]


def cards_of(frames: dict[str, Any], **said: Any) -> dict[str, dict[str, Any]]:
    """What each thing says of itself, by its code; as a reader sees it."""
    found = [feature["properties"] for layer in layers_of(frames, **said) for feature in layer["features"]]
    return {card["code"]: json.loads(html.unescape(json.dumps(card))) for card in found if "code" in card}


# ---------------------------------------------------------------- what burns


@pytest.mark.parametrize(
    ("status", "urgency", "due_in_hours", "asks"),
    [
        ("reported", "normal", 2, "new"),
        ("filed", "normal", None, "new"),
        ("dispatched", "normal", 2, "new"),
        ("accepted", "normal", 2, "doing"),
        ("in_progress", "normal", 2, "doing"),
        ("on_hold", "normal", None, "doing"),
        ("referred", "normal", 2, "doing"),
        ("reported", "life", 2, "urgent"),
        ("dispatched", "emergency", None, "urgent"),
        ("in_progress", "urgent", 2, "urgent"),
        ("in_progress", "normal", -1, "overdue"),
        ("reported", "life", -1, "overdue"),
        ("resolved", "normal", -1, "verify"),
        ("checked", "life", -1, "verify"),
    ],
)
def test_what_an_open_issue_asks_for(status: str, urgency: str, due_in_hours: int | None, asks: str) -> None:
    due = None if due_in_hours is None else AT + timedelta(hours=due_in_hours)
    assert attention({"status": status, "urgency": urgency, "due_at": due}, AT) == asks


def test_what_burns_comes_first_and_what_has_ended_does_not_come(frames: dict[str, Any]) -> None:
    shown = open_issues(frames["issues"], AT)
    assert list(zip(shown["code"], shown["attention"], strict=True)) == [
        ("WJ-1", "overdue"), ("WJ-2", "urgent"), ("WJ-3", "new"), ("WJ-4", "doing"), ("WJ-5", "verify"),
    ]  # fmt: skip


def test_among_equals_the_earlier_limit_comes_first_and_no_limit_last() -> None:
    rows = [issue(code, 0.1, 0.1, due_at=due) for code, due in (
        ("late", AT + timedelta(hours=9)), ("none", None), ("soon", AT + timedelta(hours=1)))]  # fmt: skip
    assert open_issues(issues_of(*rows), AT)["code"].tolist() == ["soon", "late", "none"]


@pytest.mark.parametrize(
    ("minutes", "said"), [(0, "0 min"), (59, "59 min"), (61, "1 h 1 min"), (1439, "23 h 59 min"), (1500, "1 d 1 h")]
)
def test_spans_are_said_in_two_units_at_most(minutes: int, said: str) -> None:
    assert span_words(timedelta(minutes=minutes), "en") == said
    assert due_words(AT + timedelta(minutes=minutes), AT, "en") == f"{said} left"
    assert due_words(AT - timedelta(minutes=minutes + 1440), AT, "en") != f"{said} left"


# ---------------------------------------------------------------- what a card says


def test_a_card_says_whose_a_grid_is_and_where_it_lies(frames: dict[str, Any]) -> None:
    card = cards_of(frames, language="en", contacts=True)["Z1-C1-1"]
    assert (card["title"], card["name"], card["owner"]) == ("Z1-C1-1", "grid Z1-C1-1", "持有人2")
    assert card["rows"] == {
        "chain": "grid Z1 › grid Z1-C1", "owner": "持有人2 · grid owner", "phone": "13812345678", "households": "40",
        "open": "5",
    }  # fmt: skip


def test_a_card_of_an_issue_speaks_the_readers_language(frames: dict[str, Any]) -> None:
    english, chinese = cards_of(frames, language="en")["WJ-1"], cards_of(frames)["WJ-1"]
    assert (english["title"], english["pill"], english["text"]) == ("lift", "overdue", "门关不上")
    assert (chinese["title"], chinese["pill"], chinese["text"]) == ("电梯", "已超时", "门关不上")
    assert english["rows"] == {
        "status": "reported", "urgency": "normal", "reported": "2026-05-01 14:00",
        "due": "2026-05-01 11:00 · late by 5 h 0 min", "grid": "Z1-C1-1", "owner": "王海燕 · grid owner",
    }  # fmt: skip


def test_a_category_of_the_sites_own_is_called_as_the_site_calls_it(frames: dict[str, Any]) -> None:
    for language in LANGUAGES:
        assert cards_of(frames, language=language)["WJ-3"]["title"] == "月亮"


def test_buildings_and_facilities_say_what_is_known_of_them_and_no_more(frames: dict[str, Any]) -> None:
    cards = cards_of(frames, language="en")
    assert cards["H-Z1-C1-1"]["rows"] == {"use": "住宅", "floors": "6"}
    assert cards["CARPARK"]["rows"] == {"kind": "car park", "state": "degraded", "level": "B1", "grid": "Z2-C2-4"}
    assert cards["KEY"]["rows"] == {"kind": "key area", "level": "B2"}


def test_issues_count_for_their_cell_and_for_every_grid_above(frames: dict[str, Any]) -> None:
    tiers = grid_features(frames["grids"], open_issues(frames["issues"], AT), READER)
    cards = [feature["properties"] for tier in tiers.values() for feature in tier["features"]]
    counts = {card["code"]: card["rows"].get("open") for card in cards}
    assert counts["Z1-C1-1"] == counts["Z1-C1"] == counts["Z1"] == "5"
    assert counts["Z2"] is None


def test_the_load_of_a_cell_is_a_rate_with_fixed_breaks(frames: dict[str, Any]) -> None:
    grids = frames["grids"].assign(households=[1000 if tier == 3 else None for tier in frames["grids"]["tier"]])
    cards = cards_of(frames | {"grids": grids})
    assert [cards[code]["load"] for code in ("Z1-C1-1", "Z1-C1-2", "Z1-C1")] == [1, 0, 0]


def test_codes_on_the_ground_leave_out_what_all_of_them_begin_with(frames: dict[str, Any]) -> None:
    grids = frames["grids"].assign(
        code="WJ-" + frames["grids"]["code"], parent=[parent and f"WJ-{parent}" for parent in frames["grids"]["parent"]]
    )
    assert cards_of({"grids": grids})["WJ-Z1-C1-1"]["short"] == "Z1-C1-1"
    assert cards_of(frames)["Z1-C1-1"]["short"] == "Z1-C1-1"


# ---------------------------------------------------------------- who may see what


def test_phones_are_shown_only_where_they_are_asked_for(frames: dict[str, Any]) -> None:
    assert "13812345678" in drawn(frames, contacts=True, page=PAGE)
    assert "13812345678" not in drawn(frames, page=PAGE)


def test_only_the_layers_that_are_wanted_are_drawn(frames: dict[str, Any]) -> None:
    cards = cards_of(frames, layers=["grids"])
    assert set(cards) == set(frames["grids"]["code"])
    page = drawn(frames, layers=["grids"])
    assert re.findall(r'data-layer="(\w+)"', page) == ["tier1", "tier2", "tier3"]


@pytest.mark.parametrize("said", [{"layers": ["grids", "weather"]}, {"frames": {"weather": 1}}])
def test_a_layer_that_no_map_has_is_refused_by_name(said: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="'weather': there are grids, buildings"):
        grid_map(said.get("frames", {}), at=AT, layers=said.get("layers"))


def test_a_frame_without_what_it_needs_is_refused_by_its_columns(frames: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="a frame of issues needs the columns status"):
        grid_map({"issues": frames["issues"].drop(columns="status")}, at=AT)


def test_the_callers_frames_stay_as_they_were(frames: dict[str, Any]) -> None:
    before = {name: frame.copy() for name, frame in frames.items()}
    drawn(frames, page=PAGE)
    assert all(before[name].equals(frame) and list(before[name]) == list(frame) for name, frame in frames.items())


# ---------------------------------------------------------------- the page around it


def test_the_figures_of_the_page(frames: dict[str, Any]) -> None:
    page = drawn(frames, page=PAGE, language="en")
    tiles = re.findall(r"<span>([^<]*)</span><b>(\d+)</b>", page)
    assert tiles == [("Open", "5"), ("Overdue", "1"), ("Urgent", "1"), ("Reported today", "1")]


def test_today_begins_at_midnight_by_the_sites_clock(frames: dict[str, Any]) -> None:
    # 08:00 UTC is 16:00 in Shanghai and 01:00 in Los Angeles: the report of 07:00 UTC is of this day in both.
    for zone, count in (("Asia/Shanghai", 1), ("America/Los_Angeles", 1), ("Pacific/Kiritimati", 1)):
        assert f"<b>{count}</b><em>" in drawn(frames, page=PAGE, timezone=zone).split("gm-is-today")[1]


def test_the_list_names_each_issue_its_place_its_owner_and_how_late_it_is(frames: dict[str, Any]) -> None:
    page = drawn(frames, page=PAGE, language="en")
    items = re.findall(r'data-code="([^"]+)">.*?</span>(.*?)</b><span>(.*?)</span><time>(.*?)</time>', page)
    assert items[0] == ("WJ-1", "lift: 门关不上", "Z1-C1-1 · 王海燕", "late by 5 h 0 min")
    assert [item[0] for item in items] == ["WJ-1", "WJ-2", "WJ-3", "WJ-4", "WJ-5"]


def test_more_issues_than_a_list_can_hold_are_counted(frames: dict[str, Any]) -> None:
    many = issues_of(*(issue(f"WJ-{number}", 0.1, 0.1) for number in range(450)))
    page = drawn(frames | {"issues": many}, page=PAGE, language="en")
    assert page.count('data-code="') == 100
    assert "and 350 more on the map" in page
    assert "markerClusterGroup" in page


def test_of_very_many_issues_those_that_burn_are_drawn_and_all_are_counted(frames: dict[str, Any]) -> None:
    rows = [issue(f"WJ-{number}", 0.1, 0.1, urgency="life" if number == 2400 else "normal") for number in range(2500)]
    many = frames | {"issues": issues_of(*rows)}
    page = drawn(many, page=PAGE, language="en")
    assert "2500 in all; the 2000 most urgent are on the map" in page
    assert "<b>2500</b>" in page
    assert page.count('"code": "WJ-') == 2000
    assert '"code": "WJ-2400"' in page


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh-Hans", ("电子网格地图", "已超时", "退出登录", "楼栋", "待办清单")),
        ("zh-Hant", ("電子網格地圖", "已逾時", "登出", "樓棟", "待辦清單")),
        ("en", ("Electronic grid map", "overdue", "Sign out", "buildings", "Open issues")),
    ],
)
def test_the_page_speaks_each_language(frames: dict[str, Any], language: str, words: tuple[str, ...]) -> None:
    page = drawn(frames, page=PAGE, language=language)
    assert f'<html lang="{language}">' in page
    assert [word for word in words if word not in page] == []
    assert f'lang="{language}" hreflang="{language}" aria-current="true"' in page


def test_a_language_that_is_not_known_is_refused(frames: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="'fr' is not known"):
        grid_map(frames, at=AT, language="fr")


def test_the_page_signs_out_and_a_file_does_not(frames: dict[str, Any]) -> None:
    assert '<form class="gm-account" method="post" action="/sign-out">' in drawn(frames, page=PAGE)
    assert "<form" not in drawn(frames, page=Page("望江花园"))
    assert "<form" not in drawn(frames)


def test_a_symbol_is_the_same_on_the_map_in_the_list_and_in_the_legend(frames: dict[str, Any]) -> None:
    page = drawn(frames, page=PAGE)
    for asked in ATTENTIONS.values():
        assert page.count(f'fill="{asked.colour}"') >= 2
        assert page.count(f'fill=\\"{asked.colour}\\"') >= 1


# ---------------------------------------------------------------- odd estates


def test_nothing_at_all_can_be_drawn() -> None:
    for language in LANGUAGES:
        assert "GridMap.start" in drawn({}, page=PAGE, language=language)


def test_an_empty_frame_is_as_good_as_none(frames: dict[str, Any]) -> None:
    assert "GridMap.start" in drawn({name: frame.iloc[:0] for name, frame in frames.items()}, page=PAGE)


def test_in_a_plan_of_two_tiers_the_second_answers_to_the_pointer(frames: dict[str, Any]) -> None:
    two = frames["grids"][frames["grids"]["tier"] < 3].reset_index(drop=True)
    page = drawn({"grids": two})
    assert '"leaf": 2' in page
    cells = next(block for block in page.split("L.geoJson(null") if "GridMap.style('tier2'" in block)
    assert '"pane": "cells"' in cells


def test_a_shape_that_is_missing_is_left_out(frames: dict[str, Any]) -> None:
    houses = frames["buildings"].copy()
    houses.loc[0, "geometry"] = None
    houses.loc[1, "geometry"] = shapely.Polygon()
    assert len(cards_of({"buildings": houses})) == len(houses) - 2
    nowhere = frames["grids"].copy()
    nowhere.loc[0, "geometry"] = None
    assert len(cards_of({"grids": nowhere})) == len(nowhere) - 1


def test_a_kind_that_nobody_foresaw_is_drawn_and_named_as_it_is(frames: dict[str, Any]) -> None:
    odd = gpd.GeoDataFrame(
        [{"code": "X", "name": "", "kind": "时空门", "state": "humming", "geometry": shapely.Point(estate.spot(1, 1))}],
        crs=4326,
    )
    assert cards_of({"facilities": odd})["X"]["rows"] == {"kind": "时空门", "state": "humming"}


def test_huge_texts_are_cut_short(frames: dict[str, Any]) -> None:
    huge = "长" * 200_000
    frames["issues"].loc[0, "text"] = huge
    frames["grids"].loc[:, "name"] = huge
    assert len(drawn(frames, page=Page(huge))) < 250_000


# ---------------------------------------------------------------- what others write

NASTY = (
    "\"'><img src=x onerror=alert(1)>${alert(1)}`\\</script><script>alert(1)</script>{{7*7}}{% raw %}{#\u2028\x00\ud800"
)


def poisoned(frames: dict[str, Any]) -> dict[str, Any]:
    """The same frames with something nasty in every field that holds text, codes among them."""

    def spoil(name: str, column: str, value: Any) -> Any:
        known = {"issues": ("status", "urgency"), "facilities": ("kind",)}.get(name, ())
        fixed = column in known or (name == "facilities" and value in ("road", "river"))
        return value if fixed or not isinstance(value, str) else NASTY + value

    made = {}
    for name, frame in frames.items():
        frame = frame.copy()
        for column in frame.columns:
            if column not in ("geometry", "parent", "tier"):
                values = [spoil(name, column, value) for value in frame[column].astype(object)]
                frame[column] = pd.Series(values, index=frame.index, dtype=object)
        made[name] = frame
    parents = [None if parent is None else NASTY + parent for parent in frames["grids"]["parent"]]
    made["grids"]["parent"] = pd.Series(parents, dtype=object)
    return made


def test_no_field_of_any_frame_can_break_out(frames: dict[str, Any]) -> None:
    clean, spoilt = (
        drawn(frames, page=PAGE, contacts=True),
        drawn(poisoned(frames), page=Page(NASTY, account=NASTY, sign_out="/sign-out"), contacts=True, title=NASTY),
    )
    for sign in ("<img src=x", "${alert", "<script>alert", "{{7*7}}", "{% raw", "\x00"):
        assert sign not in spoilt
    assert "49" not in re.findall(r"onerror=alert\(1\)(.{0,200})", spoilt)
    # There are as many scripts as before, and none of them holds what could end it.
    assert spoilt.count("<script") == clean.count("<script")
    assert spoilt.count("</script") == clean.count("</script")
    spoilt.encode("utf-8")
