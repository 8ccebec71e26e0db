"""Indicators, scores and forms over HTTP: who is shown what, in which shape."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import openpyxl
import pytest

from gridmap.domain.model import Site
from gridmap.storage import places
from gridmap.storage.cluster import Cluster
from tests.api.conftest import STAFF, House, opened
from tests.conftest import fresh_store
from tests.evaluated import Book

SEEN = datetime(2026, 6, 5, tzinfo=UTC)


@dataclass
class May:
    """The service in June, and what happened in May: one issue in time and one late in Z1-C1, one in time in Z2-C2."""

    house: House
    codes: list[str]

    def read(self, who: str, path: str) -> Any:
        answer = self.house.by(who).get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def figures(self, who: str, by: str, code: str = "on_time_closing") -> dict[str, tuple[float, float]]:
        said = self.read(who, f"/kpis?period=2026-05&by={by}&indicator={code}&site=WJ")
        return {row["subject"]: (row["numerator"], row["denominator"]) for row in said["figures"]}


@pytest.fixture(scope="module")
def may(cluster: Cluster, estates_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[May]:
    with fresh_store(cluster, estates_template) as database, opened(database, tmp_path_factory.mktemp("home")) as house:
        house.clock.now = SEEN
        for name, (role, of) in STAFF.items():
            house.add(name, role, site=None if role == "admin" else "WJ", **of)
        house.add("other_contractor", "contractor", person="EVE")
        with database.session() as session:
            site: Site = places.site(session, "WJ")
            book = Book(session, site)
            ids = [
                book.handled("Z1-C1-1", handler="TOM", handler_role="technician", text="=1+1"),
                book.handled("Z1-C1-2", late=True, handler="TOM", handler_role="technician"),
                book.handled("Z2-C2-1", handler="CON", handler_role="contractor", category="litter"),
                book.handled("Z2-C2-1", handler="EVE", handler_role="contractor", category="litter"),
            ]
            codes = [str(book.one("select code from issue where id = :id", id=number)) for number in ids]
        yield May(house, codes)


# ---------------------------------------------------------------- figures


def test_every_indicator_is_explained_in_the_readers_language(may: May) -> None:
    closing = next(row for row in may.read("analyst", "/indicators?lang=en") if row["code"] == "closing")
    assert (closing["counts"], closing["of"]) == ("issues closed", "issues due to be closed")
    assert "its limit for resolving passes in the period" in closing["due"]
    assert may.read("analyst", "/indicators?lang=zh-Hans")[0]["name"] == "结案率"


@pytest.mark.parametrize(
    ("who", "figures"),
    [
        ("head", {"Z1-C1": (1, 2), "Z2-C2": (2, 2)}),
        ("auditor", {"Z1-C1": (1, 2), "Z2-C2": (2, 2)}),
        ("analyst", {"Z1-C1": (1, 2), "Z2-C2": (2, 2)}),
        ("admin", {"Z1-C1": (1, 2), "Z2-C2": (2, 2)}),
        ("supervisor", {"Z1-C1": (1, 2)}),
        ("grid_owner", {}),
        ("technician", {"Z1-C1": (1, 2)}),
        ("contractor", {"Z2-C2": (1, 1)}),
        ("other_contractor", {"Z2-C2": (1, 1)}),
    ],
)
def test_each_is_shown_the_figures_of_his_ground_or_of_his_work(
    may: May, who: str, figures: dict[str, tuple[float, float]]
) -> None:
    assert may.figures(who, "tier2") == figures


def test_a_contractor_is_shown_himself_alone_among_those_who_handle(may: May) -> None:
    assert may.figures("contractor", "handler") == {"CON": (1, 1)}
    assert set(may.figures("head", "handler")) == {"TOM", "CON", "EVE"}


def test_an_analyst_is_shown_people_by_their_codes_alone(may: May) -> None:
    path = "/kpis?period=2026-05&by=handler&indicator=closing&site=WJ"
    assert {row["name"] for row in may.read("analyst", path)["figures"]} == {"TOM", "CON", "EVE"}
    assert "name of TOM" in {row["name"] for row in may.read("head", path)["figures"]}
    for kind in ("csv", "html"):
        assert "name of" not in may.house.by("analyst").get(f"{path}&format={kind}").text


def test_a_figure_comes_with_its_interval_and_what_it_is_compared_with(may: May) -> None:
    row = may.read("head", "/kpis?period=2026-05&indicator=on_time_closing")["figures"][0]
    assert (row["value"], row["before"], row["before_direction"]) == (0.75, None, None)
    assert 0.3 < row["low"] < 0.75 < row["high"] < 0.96


def test_figures_come_as_tables_with_numbers_and_as_a_page_to_print(may: May) -> None:
    path, caller = "/kpis?period=2026-05&by=tier2&indicator=closing&lang=en", may.house.by("head")
    table = list(csv.DictReader(io.StringIO(caller.get(f"{path}&format=csv").content.decode("utf-8-sig"))))
    assert [(row["tier 2 · clusters"], float(row["value"])) for row in table] == [("Z1-C1", 1), ("Z2-C2", 1)]
    answer = caller.get(f"{path}&format=xlsx")
    assert "kpis-2026-05.xlsx" in answer.headers["content-disposition"]
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    assert [cell.value for cell in sheet[2]][1:6] == ["closing rate", "Z1-C1", "Z1-C1", 2, 2]
    page = caller.get(f"{path}&format=html")
    assert "<style nonce=" in page.text
    assert "'nonce-" in page.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ("period=soon", "period"),
        ("period=2026-05&by=moon", "by"),
        ("period=2026-05&indicator=luck", "indicator"),
        ("", "period"),
    ],
)
def test_what_cannot_be_counted_is_refused_by_its_field(may: May, asked: str, field: str) -> None:
    answer = may.house.by("head").get(f"/kpis?{asked}")
    assert answer.status_code == 422
    assert field in answer.json()["errors"][0]["field"]


# ---------------------------------------------------------------- scores


def test_each_is_shown_the_scores_of_his_people_or_his_own(may: May) -> None:
    def people(who: str) -> set[str]:
        return {row["person"] for row in may.read(who, "/scores?period=2026-05&site=WJ")["scores"]}

    assert people("head") >= {"P-Z1-C1-1", "P-Z1-C1", "P-Z1", "TOM", "CON", "P-Z2-C2-1"}
    assert people("supervisor") == {"P-Z1-C1-1", "P-Z1-C1-2", "P-Z1-C1"}
    assert people("in_person") == {"P-Z1-C1-1"}
    assert people("technician") == {"TOM"}
    assert people("contractor") == {"CON"}


def test_a_period_is_closed_once_by_who_may_and_stays_as_it_was(may: May) -> None:
    head = may.house.by("head")
    assert head.post("/periods/2026-05/entries", json={"indicator": "accidents", "numerator": 1}).status_code == 204
    assert may.house.by("coordinator").post("/periods/2026-05/close").status_code == 403
    before = may.read("head", "/scores?period=2026-05")
    answer = head.post("/periods/2026-05/close")
    assert (answer.status_code, answer.json()["name"]) == (201, "2026-05")
    may.house.sql("update issue set resolved_at = resolved_at + interval '9 days', status = 'closed'")
    assert may.read("head", "/scores?period=2026-05") == before
    assert head.post("/periods/2026-05/close").status_code == 409
    assert head.post("/periods/2026-05/entries", json={"indicator": "accidents", "numerator": 2}).status_code == 409
    assert head.post("/periods/2026-06/close").status_code == 409
    assert [row["name"] for row in may.read("head", "/periods")] == ["2026-05"]
    may.house.sql("update issue set resolved_at = resolved_at - interval '9 days'")


def test_what_counts_is_said_for_a_role_and_read_again(may: May) -> None:
    head = may.house.by("head")
    row = {"indicator": "on_site", "weight": 100, "target": 0.9, "floor": 0.5}
    assert head("PUT", "/weights/guard", json={"weights": [row], "line": 70}).status_code == 204
    assert may.read("head", "/weights")["guard"] == {"line": 70, "weights": [row]}
    assert head("PUT", "/weights/wizard", json={"weights": []}).status_code == 422
    assert head("PUT", "/weights/guard", json={"weights": [{**row, "weight": 0}]}).status_code == 422


# ---------------------------------------------------------------- forms


def test_a_form_is_a_page_of_the_readers_language_by_default(may: May) -> None:
    answer = may.house.by("dispatcher").get(f"/forms/work_order?issue={may.codes[0]}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1>工程维修单</h1>" in answer.text


def test_forms_hold_what_their_reader_may_see(may: May) -> None:
    def orders(who: str) -> set[str]:
        paper = may.read(who, "/forms/stewards_log?period=2026-05&format=json&lang=en&site=WJ")
        return {row[paper["columns"].index("order no.")] for row in paper["rows"]}

    assert orders("head") == set(may.codes)
    assert orders("supervisor") == set(may.codes[:2])
    assert orders("contractor") == {may.codes[2]}
    assert may.house.by("contractor").get(f"/forms/work_order?issue={may.codes[0]}").status_code == 404


def test_a_form_as_a_table_runs_nothing(may: May) -> None:
    answer = may.house.by("dispatcher").get("/forms/stewards_log?period=2026-05&format=csv")
    assert "'=1+1" in answer.content.decode("utf-8-sig")


def test_a_form_there_is_not_is_refused(may: May) -> None:
    assert may.house.by("dispatcher").get("/forms/love_letter").status_code == 422
    assert may.house.by("dispatcher").get("/forms/work_order").json()["errors"][0]["field"] == "issue"
