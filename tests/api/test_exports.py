"""What is seen of issues, taken along: the same issues, columns and words as on the screen, and no cell that runs."""

from __future__ import annotations

import csv
import io
import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import openpyxl
import pytest

from gridmap.operations import exports
from gridmap.storage.cluster import Cluster
from tests.api.conftest import NOW, STAFF, House, opened
from tests.conftest import fresh_store
from tests.estate import spot

FORMULA = '=HYPERLINK("http://example.net","x")'


@pytest.fixture(scope="module")
def estate(cluster: Cluster, estates_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with fresh_store(cluster, estates_template) as database, opened(database, tmp_path_factory.mktemp("home")) as house:
        for name, (role, of) in STAFF.items():
            house.add(name, role, site=None if role == "admin" else "WJ", **of)
        house.report("lift", spot(0.5, 0.5), category="lift", text=FORMULA)
        house.report("noise", spot(1.5, 0.5), by="resident", category="noise", text="第二行\n=1+1")
        house.report("far", spot(0.5, 2.5), category="noise", text="far away")
        yield house


def taken(house: House, who: str, asked: str, kind: str = "csv") -> Any:
    answer = house.by(who).get(f"/export.{kind}?site=WJ&lang=en{asked}")
    assert answer.status_code == 200, answer.text
    return answer


def table(house: House, who: str = "dispatcher", asked: str = "") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(taken(house, who, asked).content.decode("utf-8-sig"))))


def names(house: House, rows: list[dict[str, str]]) -> set[str]:
    codes = {code: name for name, code in house.issues.items()}
    return {codes[row["code"]] for row in rows}


def test_all_that_is_seen_comes_along_newest_first(estate: House) -> None:
    assert [row["code"] for row in table(estate)] == [estate.issues[name] for name in ("far", "noise", "lift")]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("&category=noise", {"noise", "far"}),
        ("&under=Z1", {"lift", "noise"}),
        ("&grid=Z1-C1-1", {"lift"}),
        ("&bbox=121.5,31.25,121.5009,31.2509", {"lift"}),
        ("&owner=P-Z1-C1-2", {"noise"}),
        ("&open=true&status=closed", set()),
        ("&codes={noise},{far}", {"noise", "far"}),
        ("&codes={noise}&category=lift", set()),
    ],
)
def test_the_filters_of_the_list_hold_for_the_file(estate: House, asked: str, found: set[str]) -> None:
    assert names(estate, table(estate, asked=asked.format(**estate.issues))) == found


def test_what_asks_for_something_can_be_taken_alone(estate: House) -> None:
    estate.sql(
        "update issue set due_at = :due where code = :code", due=NOW - timedelta(hours=1), code=estate.issues["far"]
    )
    assert names(estate, table(estate, asked="&attention=overdue")) == {"far"}
    assert "far" not in names(estate, table(estate, asked="&attention=new&attention=urgent&attention=doing"))


def test_headings_and_words_are_in_the_readers_language(estate: House) -> None:
    row = table(estate, asked="&category=lift")[0]
    assert row["owner"] == "name of P-Z1-C1-1"
    assert row["reported at"].startswith("2026-05-01 16:00")
    answer = estate.by("dispatcher").get("/export.csv?site=WJ&lang=zh-Hant")
    head = answer.content.decode("utf-8-sig").splitlines()[0]
    assert "進度" in head
    assert "status" not in head


def test_no_cell_of_a_table_runs(estate: House) -> None:
    assert table(estate, asked="&category=lift")[0]["what was reported"] == f"'{FORMULA}"
    book = openpyxl.load_workbook(io.BytesIO(taken(estate, "dispatcher", "", "xlsx").content))
    rows = list(book.active.iter_rows())
    assert len(rows) == 4
    assert {cell.data_type for row in rows for cell in row} <= {"s", "n"}
    assert f"'{FORMULA}" in {cell.value for row in rows for cell in row}


def test_geojson_has_the_properties_of_the_api_and_the_points(estate: House) -> None:
    features = taken(estate, "dispatcher", "&category=lift", "geojson").json()["features"]
    assert len(features) == 1
    asked = estate.by("dispatcher").get(f"/issues/{estate.issues['lift']}").json()
    said = features[0]["properties"]
    assert {name: said[name] for name in ("code", "category", "owner", "text")} == {
        name: asked[name] for name in ("code", "category", "owner", "text")
    }
    assert features[0]["geometry"]["coordinates"] == [asked["lon"], asked["lat"]]


@pytest.mark.parametrize("kind", ["csv", "xlsx", "geojson"])
def test_nothing_to_take_along_is_still_a_file(estate: House, kind: str) -> None:
    content = taken(estate, "dispatcher", "&status=void", kind).content
    assert content
    if kind == "geojson":
        assert json.loads(content)["features"] == []
    if kind == "csv":
        assert content.decode("utf-8-sig").startswith("code,")


def test_a_resident_takes_along_his_own_report_and_nobodys_name(estate: House) -> None:
    assert names(estate, table(estate, "resident")) == {"noise"}
    for kind in ("csv", "geojson"):
        content = taken(estate, "resident", "", kind).content.decode("utf-8-sig")
        assert "name of" not in content
        assert "P-Z1" not in content
        assert "13800000000" not in content


def test_an_analyst_takes_no_words_and_no_names_along(estate: House) -> None:
    row = table(estate, "analyst")[0]
    assert not {"what was reported", "owner", "handler"} & set(row)
    said = taken(estate, "analyst", "", "geojson").content.decode()
    assert "far away" not in said
    assert "name of" not in said
    assert estate.by("analyst").get("/export.csv?site=WJ&owner=P-Z1-C1-2").status_code == 403


def test_a_grid_owner_takes_along_what_lies_on_his_ground(estate: House) -> None:
    assert names(estate, table(estate, "grid_owner")) == {"lift"}


def test_the_file_has_a_name_to_be_kept_by(estate: House) -> None:
    said = taken(estate, "dispatcher", "", "xlsx").headers["content-disposition"]
    assert said.startswith('attachment; filename="issues-WJ-20260501-1600.xlsx"')


def test_it_is_noted_who_took_what_along(estate: House, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="gridmap.api.exports"):
        taken(estate, "dispatcher", "&category=lift")
    assert caplog.messages == ["dispatcher (dispatcher) took along 1 issues of WJ as csv"]


def test_more_than_can_be_waited_for_is_refused_and_says_what_to_do(
    estate: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "MOST", 2)
    answer = estate.by("dispatcher").get("/export.csv?site=WJ")
    assert answer.status_code == 409
    assert "narrow them" in answer.json()["detail"]


@pytest.mark.parametrize("asked", ["bbox=1,2,3", "attention=sad", "status=sad", "colour=red", "since=1700000000"])
def test_a_filter_that_is_none_is_refused(estate: House, asked: str) -> None:
    assert estate.by("dispatcher").get(f"/export.csv?site=WJ&{asked}").status_code == 422


def test_too_many_codes_are_refused(estate: House) -> None:
    codes = ",".join(f"WJ-{number:06}" for number in range(501))
    assert estate.by("dispatcher").get(f"/export.csv?site=WJ&codes={codes}").status_code == 422
