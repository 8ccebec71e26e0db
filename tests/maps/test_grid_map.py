"""Frames in, a map out: what it shows, in whose language, and that it shows nothing else."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from gridmap.errors import InputError
from gridmap.language import LANGUAGES
from gridmap.maps.features import attention, open_issues
from gridmap.maps.grid import grid_map
from gridmap.maps.shell import Page
from tests import estate
from tests.maps.conftest import AT, issue, issues_of

PAGE = Page("望江花园", account="wang", sign_out="/sign-out", languages={name: f"?lang={name}" for name in LANGUAGES})


def drawn(frames: dict[str, Any], **said: Any) -> str:
    """The page of a map, without the files of others."""
    return str(grid_map(frames, **{"at": AT, "assets": "linked", **said}).get_root().render())


def config_of(frames: dict[str, Any], **said: Any) -> dict[str, Any]:
    """What the script is told."""
    made = grid_map(frames, **{"at": AT, **said})
    told: dict[str, Any] = json.loads(
        next(child.config for child in made._children.values() if hasattr(child, "config"))
    )
    return told


def things_of(frames: dict[str, Any], **said: Any) -> dict[str, dict[str, Any]]:
    """What each thing says of itself, by its code."""
    layers = config_of(frames, **said)["data"].values()
    return {feature["properties"]["code"]: feature["properties"] for layer in layers for feature in layer["features"]}


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


def test_nothing_gets_late_while_it_waits_with_a_reason() -> None:
    held = {"status": "on_hold", "urgency": "normal", "due_at": AT - timedelta(hours=1), "held_at": AT}
    assert attention(held, AT) == "doing"


def test_what_burns_comes_first_and_what_has_ended_does_not_come(frames: dict[str, Any]) -> None:
    shown = open_issues(frames["issues"], AT)
    assert list(zip(shown["code"], shown["attention"], strict=True)) == [
        ("WJ-1", "overdue"), ("WJ-2", "urgent"), ("WJ-3", "new"), ("WJ-4", "doing"), ("WJ-5", "verify"),
    ]  # fmt: skip


def test_among_equals_the_earlier_limit_comes_first_and_no_limit_last() -> None:
    rows = [issue(code, 0.1, 0.1, due_at=due) for code, due in (
        ("late", AT + timedelta(hours=9)), ("none", None), ("soon", AT + timedelta(hours=1)))]  # fmt: skip
    assert open_issues(issues_of(*rows), AT)["code"].tolist() == ["soon", "late", "none"]


# ---------------------------------------------------------------- what things say of themselves


def test_a_grid_says_whose_it_is_and_under_which_it_lies(frames: dict[str, Any]) -> None:
    assert things_of(frames, contacts=True)["Z1-C1-1"] == {
        "code": "Z1-C1-1", "name": "grid Z1-C1-1", "tier": 3, "parent": "Z1-C1", "households": 40,
        "owner": {"name": "持有人2", "phone": "13812345678", "role": "grid_owner"},
    }  # fmt: skip


def test_an_issue_says_what_the_service_would_say_of_it(frames: dict[str, Any]) -> None:
    said = things_of(frames)["WJ-1"]
    assert (said["category"], said["text"], said["due_at"]) == ("lift", "门关不上", "2026-05-01T03:00:00+00:00")
    assert said["owner"] == {"role": "grid_owner", "grid": None, "person": {"name": "王海燕"}}


def test_the_script_has_the_words_of_every_code_in_the_readers_language(frames: dict[str, Any]) -> None:
    english, chinese = config_of(frames, language="en")["terms"], config_of(frames)["terms"]
    assert (english["categories"]["lift"], english["attentions"]["overdue"]) == ("lift", "overdue")
    assert (chinese["categories"]["lift"], chinese["attentions"]["overdue"]) == ("电梯", "已超时")
    assert all(set(english[table]) == set(chinese[table]) for table in english)


def test_a_category_of_the_sites_own_is_called_as_the_site_calls_it(frames: dict[str, Any]) -> None:
    assert things_of(frames)["WJ-3"]["category_name"] == "月亮"


def test_what_was_reported_before_is_columns_sorted_by_time(frames: dict[str, Any]) -> None:
    past = config_of(frames, heat_days=90)["past"]
    assert past["minute"] == sorted(past["minute"])
    assert {len(past[name]) for name in ("minute", "lon", "lat")} == {3}
    assert past["lon"][0] == round(estate.spot(0.2, 0.2)[0] * 100_000)


# ---------------------------------------------------------------- who may see what


def test_phones_are_shown_only_where_they_are_asked_for(frames: dict[str, Any]) -> None:
    assert "13812345678" in drawn(frames, contacts=True, page=PAGE)
    assert "13812345678" not in drawn(frames, page=PAGE)


def test_only_the_layers_that_are_wanted_are_drawn(frames: dict[str, Any]) -> None:
    assert set(things_of(frames, layers=["grids"])) == set(frames["grids"]["code"])
    assert [row["name"] for row in config_of(frames, layers=["grids"])["legend"]] == ["tier1", "tier2", "tier3"]


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


def test_many_issues_are_gathered_into_clusters(frames: dict[str, Any]) -> None:
    many = issues_of(*(issue(f"WJ-{number}", 0.1, 0.1) for number in range(450)))
    assert "markerClusterGroup" in drawn(frames | {"issues": many}, page=PAGE)
    assert "markerClusterGroup" not in drawn(frames, page=PAGE)


def test_of_very_many_issues_those_that_burn_are_drawn_and_all_are_counted(frames: dict[str, Any]) -> None:
    rows = [issue(f"WJ-{number}", 0.1, 0.1, urgency="life" if number == 2400 else "normal") for number in range(2500)]
    told = config_of(frames | {"issues": issues_of(*rows)}, page=PAGE)
    codes = [feature["properties"]["code"] for feature in told["data"]["issues"]["features"]]
    assert len(codes) == 2000
    assert codes[0] == "WJ-2400"
    assert told["total"] == 2500


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
    assert '<form method="post" action="/sign-out">' in drawn(frames, page=PAGE)
    assert "<form" not in drawn(frames, page=Page("望江花园"))
    assert "<form" not in drawn(frames)


def test_both_themes_colour_the_same_things(frames: dict[str, Any]) -> None:
    light, dark = (config_of(frames)["styles"][theme] for theme in ("light", "dark"))
    assert set(light) == set(dark)
    for table in ("tiers", "ground", "buildings", "facilities", "overlays", "attentions"):
        assert set(light[table]) == set(dark[table])
        assert light[table] != dark[table]


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
    assert len(things_of({"buildings": houses})) == len(houses) - 2
    nowhere = frames["grids"].copy()
    nowhere.loc[0, "geometry"] = None
    assert len(things_of({"grids": nowhere})) == len(nowhere) - 1


def test_a_kind_that_nobody_foresaw_is_drawn_and_named_as_it_is(frames: dict[str, Any]) -> None:
    odd = gpd.GeoDataFrame(
        [{"code": "X", "name": "", "kind": "时空门", "state": "humming", "geometry": shapely.Point(estate.spot(1, 1))}],
        crs=4326,
    )
    said = things_of({"facilities": odd})["X"]
    assert (said["kind"], said["state"]) == ("时空门", "humming")


def test_huge_texts_are_cut_short(frames: dict[str, Any]) -> None:
    huge = "长" * 200_000
    frames["issues"].loc[0, "text"] = huge
    frames["grids"].loc[:, "name"] = huge
    assert len(drawn(frames, page=Page(huge))) < 290_000


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
