"""Commands as people use them, and as they misuse them: one line says what is wrong and what to do."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import text

from gridmap.domain.rules import RULES
from gridmap.settings import Settings
from gridmap.storage.database import Database
from tests.cli.conftest import Run
from tests.conftest import PROJECT
from tests.estate import Estate, spot

EXAMPLE = PROJECT / "docs" / "guide" / "example"
COMMANDS = (
    "load",
    "publish",
    "tick",
    "sites",
    "editions",
    "export",
    "store",
    "locate",
    "rules",
    "categories",
    "route",
    "report",
)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("a plan with spaces 网格")
    shutil.copytree(EXAMPLE, folder / "example")
    return folder / "example" / "plan.toml"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(run: Run, command: str) -> None:
    ran = run(command, "--help")
    assert ran.status == 0
    assert f"\n  gridmap {command}" in ran.out


def test_0_a_store_without_a_site_says_what_to_do(run: Run) -> None:
    ran = run("locate", "121.5", "31.2")
    assert (ran.status, ran.err.splitlines()[-1]) == (1, "gridmap: the store holds no site yet: gridmap load")


def test_1_a_plan_is_loaded_and_its_layers_come_back_in_every_format(run: Run, plan: Path, tmp_path: Path) -> None:
    assert run("load", plan).status == 0
    for layer in ("grids", "tier3", "buildings", "facilities", "overlays"):
        for suffix in ("geojson", "gpkg", "zip", "kml", "csv", "xlsx", "parquet"):
            if (layer, suffix) == ("facilities", "zip"):  # points and areas do not go into one shapefile
                continue
            ran = run("export", layer, tmp_path / f"{layer}.{suffix}")
            assert ran.status == 0, ran.err
    for layer in ("people", "posts"):
        assert run("export", layer, tmp_path / f"{layer}.xlsx").status == 0
    again = run("load", "--site", "WJ", "--grids", tmp_path / "grids.gpkg", "--tier", "tier", "--check")
    assert "checked: 2 > 4 > 16 grids, 0 errors; nothing was written" in again.out


@pytest.mark.parametrize("suffix", ["gpkg", "zip", "kml", "csv", "parquet", "geojson"])
def test_2_a_tier_read_back_from_any_format_is_the_same(run: Run, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"tier3.{suffix}"
    run("export", "tier3", out, "--site", "WJ")
    ran = run("load", "--site", f"OWN-{suffix}", "--tier3", out, "--accept", "nobody-in-charge")
    assert ran.status == 0, ran.err
    assert "16 grids, 0 errors" in ran.out


def test_3_rows_in_are_rows_routed_and_rejected(run: Run, plan: Path, tmp_path: Path) -> None:
    ran = run("route", plan.parent / "reports.csv", "-o", tmp_path / "routed.csv", "--site", "WJ")
    assert "8 rows = 7 routed + 1 rejected" in ran.out
    routed = pd.read_csv(tmp_path / "routed.csv")
    assert routed["grid"].tolist() == ["Z1-C1-1", "Z1-C1-2", "Z2-C2-4", "Z2-C2-4", "Z1-C1-4", "Z1-C1-3", "Z1-C1-1"]
    assert list(routed.columns[:3]) == ["编号", "经度", "纬度"]


def test_4_a_report_that_was_interrupted_is_finished_by_the_next(
    run: Run, store: Database, plan: Path, tmp_path: Path
) -> None:
    lines = (plan.parent / "reports.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    half = tmp_path / "reports.csv"
    half.write_text("".join(lines[:4]), encoding="utf-8")
    assert "3 rows = 3 stored + 0 rejected" in run("report", half, "--site", "WJ").out
    half.write_text("".join(lines), encoding="utf-8")
    assert "8 rows = 4 stored + 3 already stored + 1 rejected" in run("report", half, "--site", "WJ").out
    with store.engine.connect() as connection:
        assert connection.execute(text("select count(*) from issue")).scalar_one() == 7


def test_5_a_draft_is_published_and_moves_the_open_issues(run: Run, plan: Path) -> None:
    redrawn = plan.parent / "redrawn.geojson"
    words = ("--grids", redrawn, "--tier", "tier", "--accept", "cut-building")
    assert "kept as draft: Edition 2 of WJ" in run("load", "--site", "WJ", *words, "--draft").out
    ran = run("publish", "2", "--site", "WJ")
    assert "published: Edition 2 of WJ" in ran.out
    assert "1 moved to another grid or owner, 6 stay" in ran.out
    assert run("publish", "2", "--site", "WJ").err == "gridmap: Edition 2 of WJ is published already\n"


def test_a_place_in_gcj02_is_looked_up_where_it_is(run: Run) -> None:
    said = json.loads(run("locate", "121.5048", "31.2486", "--datum", "gcj02", "--site", "WJ").out)
    assert said["grid"]["code"] == "Z1-C1-1"


def test_the_rules_are_printed_as_a_plan_writes_them_and_read_back(run: Run, tmp_path: Path) -> None:
    rules = json.loads(run("rules", "--json").out)
    assert [rule["name"] for rule in rules] == [rule.name for rule in RULES]
    own = '[[rules]]\nname = "all to the guard"\nseats = [{duty = "owns", role = "guard", place = "area"}]'
    plan = Estate(plan=own).write(tmp_path / "plan")
    text_of_plan = plan.read_text(encoding="utf-8").replace('code = "WJ"', 'code = "GUARDED"')
    plan.write_text(text_of_plan, encoding="utf-8")
    assert run("load", plan).status == 0
    lon, lat = spot(0.1, 0.1)
    said = json.loads(run("locate", lon, lat, "--site", "GUARDED", "--category", "lift").out)
    assert said["answers"] == [
        {"duty": "owns", "role": "guard", "post": "Z1", "person": {"code": "GUS", "name": "name of GUS"}}
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("locate", "31.2", "121.5"), "latitude -90 to 90"),
        (("locate", "nan", "31"), "no position"),
        (("locate", "1e400", "31"), "no position"),
        (("locate", "121.5", "31.2", "--category", "moon"), "gridmap categories lists them"),
        (("locate", "121.5", "31.2", "--accuracy", "-1"), "0 to 100000 metres"),
        (("locate", "121.5", "31.2", "--at", "soon"), "write it like 2026-01-31"),
        (("locate", "121.5", "31.2", "--datum", "moon"), "moon"),
        (("locate", "121.5", "31.2", "--site", "MOON"), "there is no site MOON"),
        (("locate", "121.5", "31.2", "--at", "0001-01-01"), "write it like 2026-01-31"),
        (("locate", "121.5", "31.2", "--at", "2300-01-01"), "out of the years 1900 to 2200"),
        (("locate", "121.5", "31.2", "--facility", "moon"), "facility 'moon' is not known in WJ"),
        (("locate", "121.5", "31.2", "--facility", "\udcff\udcfe"), "there is text that is no UTF-8"),
        (("locate", "121.5", "31.2", "--about", "moon"), "person 'moon' is not known in WJ"),
        (("locate", "121.5", "31.2", "--about", "m\n\x1b[31moon"), r"person 'm\n\x1b[31moon' is not known"),
        (("locate", "121.5", "31.2", "--language", "fr"), "choose one of zh-Hans, zh-Hant, en"),
        (("rules", "--language", "../zh-Hans"), "choose one of zh-Hans, zh-Hant, en"),
        (("categories", "--language", ""), "choose one of zh-Hans, zh-Hant, en"),
        (("load",), "name it by --site CODE"),
        (("load", "nowhere.toml"), "there is no such plan"),
        (("load", "--site", "X"), "a plan needs grids"),
        (("load", "--site", "X", "--tier1", "nowhere.geojson"), "nowhere.geojson: there is no such file"),
        (("load", "--site", "X", "--tier1", "/vsicurl/http://x/y.geojson"), "/vsi"),
        (("load", "--site", "X", "--accept", "moon"), "no check is called 'moon'"),
        (("load", "--site", "X", "--column", "moon"), "write LAYER.NAME=COL"),
        (("load", "--site", "X", "--layer", "moon"), "write NAME=LAYER"),
        (("load", "--site", "X", "--layer", "people=Sheet1"), "write NAME=LAYER"),
        (("load", "--site", "X", "--layer", "tier1=zones"), "no file of tier1 is given"),
        (("load", "--site", "X", "--encoding", "moon"), "no encoding is called so"),
        (("load", "--site", "X", "--encoding", "moon=big5"), "write NAME=ENC"),
        (("load", "--site", "X", "--tier1", "x.csv", "--findings", "x.csv"), "would be written over"),
        (("export", "grids", "x.doc"), "it can be written as .geojson"),
        (("export", "people", "x.gpkg"), "it can be written as .csv, .xlsx, .parquet"),
        (("export", "grids", "nowhere/x.csv"), "there is no folder nowhere"),
        (("route", "x.csv", "-o", "x.CSV.gz"), "it can be written as"),
        (("route", "x.csv", "-o", "x.csv"), "would be written over"),
        (("route", "x.csv", "-o", "y.csv", "--rejected", "y.csv"), "two things would be written"),
        (("report", "x.csv", "--encoding", "hex"), "no encoding is called so"),
        (("export", "moon", "x.csv"), "no layer is called 'moon'"),
        (("route", "nowhere.csv", "-o", "x.csv"), "nowhere.csv: there is no such file"),
        (("report", "nowhere.csv", "--column", "moon"), "write NAME=COL"),
    ],
)
def test_a_wrong_word_is_answered_by_one_line(run: Run, words: tuple[str, ...], said: str) -> None:
    if words[0] in ("locate", "export", "route") and "--site" not in words:
        words = (*words, "--site", "WJ")
    ran = run(*words)
    complaint = [line for line in ran.err.splitlines() if line.startswith("gridmap: ")]
    assert ran.status == 1
    assert len(complaint) == 1
    assert said in complaint[0]
    assert "Traceback" not in ran.err


def test_a_hostile_file_is_refused_in_a_sentence_and_nothing_is_written(
    run: Run, store: Database, tmp_path: Path
) -> None:
    nested = tmp_path / "nested.geojson"
    nested.write_text('{"type":"GeometryCollection","geometries":[' * 100_000, encoding="utf-8")
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.shp", b"\0" * 50_000_000)
    climber = tmp_path / "climber.zip"
    with zipfile.ZipFile(climber, "w") as archive:
        archive.writestr("../a.shp", b"x")
    disguised = tmp_path / "disguised.shp"
    disguised.write_text("<OGRVRTDataSource></OGRVRTDataSource>", encoding="utf-8")
    for file in (nested, bomb, climber, disguised):
        ran = run("load", "--site", "HOSTILE", "--tier1", file)
        assert ran.status == 1
        assert len(ran.err.splitlines()) == 1
        assert ran.err.startswith(f"gridmap: {file}")
    assert "HOSTILE" not in run("sites").out


def test_a_name_cannot_write_to_the_terminal(run: Run, tmp_path: Path) -> None:
    estate = Estate()
    estate.grids["name"] = "\x1b[31mred[bold]"
    plan = estate.write(tmp_path / "plan")
    ran = run("load", plan, "--check")
    assert "\x1b" not in ran.out + ran.err


def test_a_database_that_is_not_there_is_said_in_a_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gridmap.cli.screen.Settings.from_environment", lambda: _settings("mysql://x"))
    assert run("sites").err == (
        "gridmap: DATABASE_URL names no PostgreSQL: write postgresql://user:password@host/database\n"
    )
    monkeypatch.setattr("gridmap.cli.screen.Settings.from_environment", lambda: _settings("postgresql:///x?host=/no"))
    assert "gridmap: the database does not answer" in run("sites").err


def _settings(url: str) -> Settings:
    return Settings(home=Path("/nowhere"), database_url=url)
