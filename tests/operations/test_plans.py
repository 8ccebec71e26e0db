"""What a plan says is read as it is meant, or refused in one line that names the place."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain import codes
from gridmap.domain.findings import Finding
from gridmap.domain.model import Site
from gridmap.domain.rules import RULES, rule_as_json
from gridmap.errors import InputError
from gridmap.operations.checks import Checked
from gridmap.operations.outlines import Outline, Source, checked_site, local_moment, outline_from_toml
from gridmap.operations.plans import read_plan, stored_timezone
from gridmap.operations.publication import publish
from tests.estate import Estate, grids
from tests.operations.conftest import NOW, Publisher

Check = Callable[..., Checked]
CATEGORY = '[[categories]]\ncode = "koi"\ngroup = "greening"\nname = "koi pond"\n'
RULE = '[[rules]]\nname = "r"\nseats = [{duty = "owns", role = "guard", place = "area"}]\n'


def written(folder: Path, said: str) -> Path:
    path = folder / "plan.toml"
    path.write_text(said, encoding="utf-8")
    return path


def wrong(checked: Checked, check_name: str = "wrong-value") -> list[Finding]:
    return [finding for finding in checked.errors if finding.check == check_name]


# ---------------------------------------------------------------- the plan file


@pytest.mark.parametrize(
    ("said", "place", "why"),
    [
        ("site = 3", "the plan site", "is no table"),
        ("plan = 3", "the plan plan", "is no table"),
        ("layers = 3", "the plan layers", "is no table"),
        ("rules = 5", "the plan rules", "is no list of tables"),
        ("rules = [5]", "the plan rules", "is no table"),
        ("categories = 5", "the plan categories", "is no list of tables"),
        ("moon = 5", "the plan", "has no 'moon'"),
        ("[site]\nname = 'x'", "[site]", "needs its code"),
        ("[site]\ncode = true", "[site] code", "is no text"),
        ("[site]\ncode = ''", "[site] code", "it is empty"),
        ("[site]\ncode = 'a\\nb'".replace("'", '"'), "[site] code", "control character"),
        ('[site]\ncode = "W"\nname = "\\u001b[31m"', "[site] name", "control character"),
        (f'[site]\ncode = "W"\nname = "{"x" * 10_000}"', "[site] name", "longer than 200"),
        (f'[site]\ncode = "{"x" * 10_000}"', "[site] code", "longer than 64"),
        ('[site]\ncode = "W"\ntimezone = "Mars/X"', "[site] timezone", "is no time zone"),
        ('[site]\ncode = "W"\ntimezone = "Asia"', "[site] timezone", "is no time zone"),
        ('[site]\ncode = "W"\ntimezone = 8', "[site] timezone", "is no time zone"),
        ('[site]\ncode = "W"\nmetric_epsg = "abc"', "[site] metric_epsg", "is no EPSG number"),
        ('[site]\ncode = "W"\nmetric_epsg = 4326', "[site] metric_epsg", "does not measure in metres"),
        ('[site]\ncode = "W"\nmetric_epsg = 2263', "[site] metric_epsg", "does not measure in metres"),
        ('[site]\ncode = "W"\nmetric_epsg = 99999999999', "[site] metric_epsg", "is no EPSG number"),
        ('[site]\ncode = "W"\ntolerance_m = -1', "[site] tolerance_m", "is no number from 0"),
        ('[site]\ncode = "W"\ntolerance_m = "x"', "[site] tolerance_m", "is no number from 0"),
        ('[site]\ncode = "W"\nbuilding_reach_m = inf', "[site] building_reach_m", "is no number from 0"),
        ('[site]\ncode = "W"\ngross_area_m2 = nan', "[site] gross_area_m2", "is no number from 0"),
        ('[site]\ncode = "W"\nfallback_role = "king"', "[site] fallback_role", "is none of grid_owner"),
        ('[site]\ncode = "W"\ngrade = [1]', "[site] grade", "is no text"),
        ("[plan]\nvalid_from = 5", "[plan] valid_from", "is no date or time"),
        ("[plan]\nvalid_from = 08:00:00", "[plan] valid_from", "is no date or time"),
        ('[plan]\nvalid_from = "soon"', "[plan] valid_from", "is no date or time"),
        ('[plan]\ndatum = "moon"', "[plan] datum", "is none of wgs84"),
        ('[plan]\naccept = "moon"', "[plan] accept", "no check is called 'moon'"),
        ("[plan]\naccept = [5]", "[plan] accept", "no check is called '5'"),
        ("[layers]\ntier1 = 3", "[layers] tier1", "is no table"),
        ("[layers.tier9]\nfile = 'x'", "[layers]", "has no 'tier9'"),
        ("[layers.tier1]\ncode = 'x'", "[layers.tier1]", "needs its file"),
        ("[layers.tier1]\nfile = 5", "[layers.tier1] file", "is no path"),
        ('[layers.tier1]\nfile = "x"\ncrs = [1]', "[layers.tier1] crs", "is no text"),
        ('[layers.tier1]\nfile = "x"\ndatum = 3', "[layers.tier1] datum", "is none of wgs84"),
        ('[layers.tier1]\nfile = "x"\nencoding = "moon"', "[layers.tier1] encoding", "is no encoding"),
        ('[layers.tier1]\nfile = "x"\ncode = []', "[layers.tier1] code", "is no text"),
        (RULE + "when = 5", "[[rules]] 1 when", "is no table"),
        (RULE + "when = {groups = 5}", "[[rules]] 1 when groups", "is none of fire_safety"),
        (RULE + "when = {kinds = ['war']}", "[[rules]] 1 when kinds", "is none of repair"),
        (RULE + "when = {near_building = 1}", "[[rules]] 1 when near_building", "neither true nor false"),
        ('[[rules]]\nname = "r"\nseats = 5', "[[rules]] 1 seats", "is no list of tables"),
        ('[[rules]]\nname = "r"\nseats = [5]', "[[rules]] 1 seats", "is no table"),
        ('[[rules]]\nname = "r"\nseats = []', "plan.toml", "at least one seat"),
        ('[[rules]]\nname = "r"\nseats = [{duty = "owns"}]', "[[rules]] 1 seats", "needs its role"),
        (CATEGORY + 'urgency = "soon"', "[[categories]] 1 urgency", "is none of life"),
        (CATEGORY + 'kind = "moan"', "[[categories]] 1 kind", "is none of repair"),
        (CATEGORY + 'specialty = "magic"', "[[categories]] 1 specialty", "is none of repair"),
        (CATEGORY + "subject = 16", "[[categories]] 1 subject", "is none of the subjects 1 to 15"),
        (CATEGORY + CATEGORY, "[[categories]] 2", "is taken"),
        (CATEGORY.replace("koi", "lamp"), "[[categories]] 1", "call it something else"),
        (CATEGORY.replace("greening", "moon"), "[[categories]] 1 group", "is none of fire_safety"),
        ('[[categories]]\ncode = "koi"', "[[categories]] 1", "needs its group"),
        ("limits = 5", "the plan limits", "is no list of tables"),
        ('[[limits]]\nstamp = "solved"', "[[limits]]", "limit 1, stamp: 'solved' is none of first_answer"),
        ('[[limits]]\nstamp = "resolved"\nafter = "soon"', "[[limits]]", "limit 1, after: 'soon'"),
        ("hours = 5", "the plan hours", "is no table"),
        ('[hours.roles]\nking = "office"', "[hours]", "no role is called 'king'"),
        ('[hours.hours.late.week]\nmon = ["\\u001b-12:00"]', "[hours]", "is no window"),
        ('[site]\ncode = "W"\ncalendar = "moon"', "[site] calendar", "no public holidays are known"),
        ("x = " + "[" * 5000, "plan.toml", "not a plan in TOML"),
        ("x = " + "9" * 5000, "plan.toml", "not a plan in TOML"),
    ],
)
def test_a_value_that_cannot_be_is_one_line_that_names_its_place(
    tmp_path: Path, said: str, place: str, why: str
) -> None:
    with pytest.raises(InputError) as refused:
        outline_from_toml(
            written(tmp_path, said if "[site]" in said or "site" in said else f'{said}\n[site]\ncode="W"')
        )
    message = str(refused.value)
    assert place in message
    assert why in message
    assert "\n" not in message
    assert "\x1b" not in message


def test_a_number_without_quotes_is_a_code_and_a_word_alone_is_a_list(tmp_path: Path) -> None:
    said = '[site]\ncode = 5\n[plan]\naccept = "gap"\n' + RULE + 'when = {groups = "cleaning"}'
    outline = outline_from_toml(written(tmp_path, said))
    assert outline.site["code"] == "5"
    assert [each.check for each in outline.accept] == ["gap"]
    assert outline.rules is not None
    assert outline.rules[0]["when"] == {"groups": ["cleaning"]}


def test_the_built_in_rules_are_read_as_they_are_printed(tmp_path: Path) -> None:
    def inline(value: Any) -> str:
        if isinstance(value, dict):
            return "{" + ", ".join(f"{key} = {inline(each)}" for key, each in value.items()) + "}"
        if isinstance(value, list | tuple):
            return "[" + ", ".join(map(inline, value)) + "]"
        return json.dumps(value)

    printed = [rule_as_json(rule) for rule in RULES]
    outline = outline_from_toml(written(tmp_path, f'rules = {inline(printed)}\n[site]\ncode = "W"'))
    assert outline.rules is not None
    assert json.loads(json.dumps(outline.rules)) == json.loads(json.dumps(printed))


def test_options_are_held_to_the_same_as_a_plan_file(tmp_path: Path) -> None:
    assert checked_site({"code": "W", "timezone": "America/New_York"})["timezone"] == "America/New_York"
    for said in (
        {"code": ""},
        {"code": "W", "name": "a\nb"},
        {"code": "W", "timezone": "Mars/X"},
        {"code": "W", "x": 1},
    ):
        with pytest.raises(InputError, match="the site"):
            checked_site(said)
        with pytest.raises(InputError, match="the site"):
            read_plan(Outline(site=said, sources={"grids": Source(tmp_path / "none.geojson")}))


# ---------------------------------------------------------------- the site's zone


def test_the_zone_of_a_site_that_is_there_holds_for_every_date_of_a_plan(
    session: Session, published: Publisher, tmp_path: Path
) -> None:
    published(Estate(), timezone="America/New_York")
    york = ZoneInfo("America/New_York")
    again = Estate(plan="[plan]\nvalid_from = 2026-06-01")
    again.layers["posts"]["valid_to"] = "2030-01-01"
    outline = outline_from_toml(again.write(tmp_path / "again"))
    plan = read_plan(outline, stored_timezone(session, outline))
    assert plan.outline.valid_from == datetime(2026, 6, 1, tzinfo=york)
    assert plan.layers["posts"]["valid_to"].iloc[0] == datetime(2030, 1, 1, tzinfo=york)
    named = outline_from_toml(again.write(tmp_path / "named", timezone="Europe/Paris"))
    begins = read_plan(named, stored_timezone(session, named)).outline.valid_from
    assert begins == datetime(2026, 6, 1, tzinfo=ZoneInfo("Europe/Paris"))


def test_a_site_that_is_not_there_has_no_zone(session: Session) -> None:
    outline = Outline(site={"code": "NOWHERE"}, sources={})
    assert stored_timezone(session, outline) is None


@pytest.mark.parametrize("said", ["9999-12-31T23:59-05:00", "0001-01-01", 5, [], "", "soon"])
def test_a_moment_beyond_the_calendar_is_none(said: Any) -> None:
    with pytest.raises(InputError, match="is no date or time"):
        local_moment(said, None)


# ---------------------------------------------------------------- files


def test_a_system_for_silent_files_leaves_files_that_state_theirs(tmp_path: Path) -> None:
    frame = grids().to_crs(32651)
    frame.to_file(tmp_path / "grids.gpkg")
    frame.to_file(tmp_path / "grids.shp")
    frame.to_csv(tmp_path / "grids.csv", index=False)
    grids().to_file(tmp_path / "grids.geojson", driver="GeoJSON")
    (tmp_path / "grids.prj").unlink()
    expected = grids().total_bounds
    for name in ("grids.gpkg", "grids.shp", "grids.csv", "grids.geojson"):
        source = Source(tmp_path / name, fallback_crs="32651")
        read = read_plan(Outline(site={"code": "W"}, sources={"grids": source})).grids
        assert read.total_bounds == pytest.approx(expected, abs=1e-7), name


def test_a_layers_own_system_is_believed_over_the_files(tmp_path: Path) -> None:
    grids().to_crs(32651).set_crs(32650, allow_override=True).to_file(tmp_path / "grids.gpkg")
    plan = written(tmp_path, '[site]\ncode = "W"\n[layers.grids]\nfile = "grids.gpkg"\ncrs = 32651\ntier = "tier"\n')
    assert read_plan(outline_from_toml(plan)).grids.total_bounds == pytest.approx(grids().total_bounds, abs=1e-7)


def test_a_table_without_a_system_is_in_degrees(tmp_path: Path) -> None:
    grids().to_csv(tmp_path / "grids.csv", index=False)
    read = read_plan(Outline(site={"code": "W"}, sources={"grids": Source(tmp_path / "grids.csv")})).grids
    assert read.total_bounds == pytest.approx(grids().total_bounds)


# ---------------------------------------------------------------- values of rows


@pytest.mark.parametrize("count", ["1e400", "-5", str(10**12), "nan", "many"])
def test_a_count_that_no_place_has_is_found(checked: Check, count: str) -> None:
    estate = Estate()
    estate.grids["households"] = count
    estate.layers["buildings"]["floors"] = count
    found = wrong(checked(estate))
    assert {finding.layer for finding in found} == {"grids", "buildings"}
    assert len(found) == len(estate.grids) + len(estate.layers["buildings"])


def test_a_tier_is_one_two_or_three(checked: Check, tmp_path: Path) -> None:
    estate = Estate()
    estate.grids["tier"] = [*estate.grids["tier"].astype(str)[:-1], "1e400"]
    assert [finding.codes for finding in wrong(checked(estate))] == [("Z2-C2-4",)]
    estate.grids["tier"] = "x"
    with pytest.raises(InputError, match="no row of it has a tier"):
        checked(estate)


def test_names_do_not_reach_a_terminal_with_letters_that_act_on_it(checked: Check) -> None:
    estate = Estate()
    estate.grids["name"] = "\x1b[31mred\u202e\nline\u2028\u3000西"
    estate.layers["people"]["organisation"] = "\x1b"
    plan = checked(estate).plan
    assert set(plan.grids["name"]) == {"[31mred  line \u3000西"}
    assert plan.layers["people"]["organisation"].isna().all()


@given(st.text())
def test_what_is_left_of_a_text_acts_on_nothing(said: str) -> None:
    left = codes.without_control(said)
    assert not codes.holds_control(left)
    assert codes.without_control(left) == left


def test_other_codes_of_a_grid_are_json(session: Session, checked: Check) -> None:
    estate = Estate()
    estate.grids["codes"] = '{"police": "P1"}'
    assert checked(estate).errors == []
    estate.grids.loc[0, "codes"] = "police P1"
    assert [finding.codes for finding in wrong(checked(estate))] == [("Z1",)]


@pytest.mark.parametrize(
    ("layer", "column"), [("posts", "role"), ("posts", "person"), ("overlays", "kind"), ("facilities", "kind")]
)
def test_a_row_without_what_it_needs_is_found_and_left_out_if_accepted(
    session: Session, checked: Check, layer: str, column: str
) -> None:
    estate = Estate(plan='[plan]\naccept = ["wrong-value", "nobody-in-charge"]')
    estate.layers[layer].loc[estate.layers[layer].index[-1], column] = None
    done = checked(estate)
    assert [finding.message for finding in done.findings if finding.check == "wrong-value"] == [
        f"row {len(estate.layers[layer])}: it has no {column}"
    ]
    publish(session, done, NOW)
    table = {"posts": "post", "overlays": "overlay", "facilities": "facility"}[layer]
    stored = session.execute(text(f"select count(*) from {table}")).scalar_one()
    assert stored == len(estate.layers[layer]) - 1


def test_words_and_codes_that_do_not_fit_are_left_out_if_accepted(session: Session, checked: Check) -> None:
    estate = Estate(plan='[plan]\naccept = ["wrong-value", "duplicate-code", "missing-code"]')
    facilities = estate.layers["facilities"]
    doubled = pd.concat([facilities, facilities.iloc[[1]], facilities.iloc[[1]].assign(code="a\x1bb")])
    estate.layers["facilities"] = gpd.GeoDataFrame(doubled, crs=4326)
    estate.layers["posts"].loc[len(estate.layers["posts"])] = {"role": "king", "person": "TOM"}
    publish(session, checked(estate), NOW)
    assert session.execute(text("select count(*) from facility")).scalar_one() == 2


def test_a_period_that_runs_backwards_is_found(checked: Check) -> None:
    estate = Estate()
    estate.layers["posts"].loc[0, ["valid_from", "valid_to"]] = ["2026-02-01", "2026-01-01"]
    estate.layers["overlays"].loc[0, ["valid_from", "valid_to"]] = ["2026-02-01", "2026-02-01"]
    estate.layers["people"].loc[0, ["away_from", "away_to"]] = ["2026-02-01", "2026-01-01"]
    assert {(each.layer, each.message) for each in wrong(checked(estate))} == {
        ("posts", "row 1: valid_to is not later than valid_from"),
        ("overlays", "row 1: valid_to is not later than valid_from"),
        ("people", "row 1: away_to is not later than away_from"),
    }


@pytest.mark.parametrize("missing", ["away_from", "away_to"])
def test_a_leave_without_a_beginning_or_an_end_is_found(checked: Check, missing: str) -> None:
    estate = Estate()
    estate.layers["people"].loc[0, ["away_from", "away_to"]] = ["2026-02-01", "2026-03-01"]
    estate.layers["people"].loc[0, missing] = None
    messages = [each.message for each in wrong(checked(estate))]
    assert messages == ["row 1: away_from and away_to go together, and one is missing"]


def test_rows_of_one_person_are_leaves_unless_they_disagree(checked: Check) -> None:
    estate = Estate()
    people = estate.layers["people"]
    first = people.iloc[[0, 0]].assign(away_from=["2026-07-01", "2026-08-01"], away_to=["2026-07-09", "2026-08-09"])
    estate.layers["people"] = pd.concat([first, people.iloc[1:]])
    assert checked(estate).errors == []
    estate.layers["people"] = pd.concat([first.assign(name=["one", "another"]), people.iloc[1:]])
    assert [finding.message for finding in wrong(checked(estate), "duplicate-code")] == [
        "P-Z1 stands on 2 rows that disagree"
    ]


# ---------------------------------------------------------------- who is in charge


def test_a_post_that_has_run_out_is_held_by_nobody(checked: Check) -> None:
    estate = Estate()
    owned = estate.layers["posts"]["grid"].isin(["Z1-C1-1", "Z1-C1-2"])
    estate.layers["posts"].loc[owned, "valid_to"] = "2020-01-01"
    assert [each.codes for each in wrong(checked(estate), "nobody-in-charge")] == [("Z1-C1-1",), ("Z1-C1-2",)]


@pytest.mark.parametrize(("begins", "vacant"), [("2026-06-01", 1), ("2026-08-01", 0)])
def test_who_is_in_charge_is_asked_of_the_moment_the_edition_begins(checked: Check, begins: str, vacant: int) -> None:
    estate = Estate(plan=f"[plan]\nvalid_from = {begins}")
    estate.layers["posts"].loc[estate.layers["posts"]["grid"] == "Z1-C1-1", "valid_from"] = "2026-07-01"
    assert len(wrong(checked(estate), "nobody-in-charge")) == vacant


def test_stored_posts_that_end_before_the_edition_begins_leave_it_vacant(
    session: Session, estate: Site, checked: Check
) -> None:
    session.execute(
        text("update post set valid_to = :end where grid_code = 'Z1-C1-1'"), {"end": NOW + timedelta(days=10)}
    )
    redrawn = Estate(plan="[plan]\nvalid_from = 2026-08-01")
    del redrawn.layers["posts"]
    assert [each.codes for each in wrong(checked(redrawn), "nobody-in-charge")] == [("Z1-C1-1",)]


def test_only_what_overlaps_from_the_beginning_on_is_held_by_two(
    session: Session, estate: Site, checked: Check
) -> None:
    def with_another(**period: str) -> Estate:
        changed = Estate()
        row = {"role": "grid_owner", "grid": "Z1-C1-1", "person": "DEP", **period}
        changed.layers["posts"] = pd.concat([changed.layers["posts"], pd.DataFrame([row])])
        return changed

    assert checked(with_another(valid_to="2020-01-01")).errors == []
    twice = wrong(checked(with_another(valid_to="2030-01-01")), "two-in-charge")
    assert [each.message for each in twice] == ["Z1-C1-1: DEP and P-Z1-C1-1 hold its post at once"]


def test_a_tiers_post_held_twice_on_a_grid_of_another_tier_is_found(checked: Check) -> None:
    estate = Estate()
    rows = pd.DataFrame([{"role": "supervisor", "grid": "Z1-C1-1", "person": person} for person in ("GUS", "TOM")])
    estate.layers["posts"] = pd.concat([estate.layers["posts"], rows])
    assert [each.codes for each in wrong(checked(estate), "two-in-charge")] == [("Z1-C1-1",)]


def test_an_edition_begins_when_its_plan_says(checked: Check) -> None:
    plan = checked(Estate(plan='[plan]\nvalid_from = "2026-06-01T00:00Z"')).plan
    assert plan.outline.valid_from == datetime(2026, 6, 1, tzinfo=UTC)
