"""Drafts over HTTP: begun, drawn upon, looked at, saved by one at a time, and published as a second step."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.api.conftest import Caller, House
from tests.estate import cell, spot


def ring(column: float, row: float, width: float = 1, height: float = 1) -> dict[str, Any]:
    corners = [[x, y] for x, y in cell(column, row, width, height).exterior.coords]
    return {"type": "Polygon", "coordinates": [corners]}


def drawn(code: str, geometry: dict[str, Any] | None, **said: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": {"code": code, **said}}


def changes(*features: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"grids": {"type": "FeatureCollection", "features": list(features)}, **more}


def moved(start: tuple[float, float], end: tuple[float, float]) -> dict[str, Any]:
    return {"start": list(start), "end": list(end)}


@pytest.fixture
def head(house: House) -> Caller:
    return house.by("head")


@pytest.fixture
def number(head: Caller) -> int:
    answer = head.post("/drafts", json={"note": "the east is too small"})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["number"])


def put(caller: Caller, number: int, **said: Any) -> Any:
    return caller("PUT", f"/drafts/{number}", json=said)


def test_a_draft_is_a_copy_of_what_is_in_force(head: Caller, number: int) -> None:
    said = head.get(f"/drafts/{number}").json()
    assert (said["version"], said["note"], said["made_by"]) == (1, "the east is too small", "head")
    assert said["in_force"] == said["based_on"]
    assert not said["outdated"]
    assert len(said["grids"]["features"]) == len(said["own"]) == 22
    assert number in [each["number"] for each in head.get("/drafts").json()]


def test_the_checks_answer_in_the_readers_language_and_store_nothing(head: Caller, number: int) -> None:
    gap = changes(drawn("Z1-C1-4", ring(1, 1, 0.9, 1)))
    said = head.post(f"/drafts/{number}/checks?lang=zh-Hans", json=gap).json()
    assert said["errors"] == 1
    found = said["findings"][0]
    assert (found["check"], found["accept"], found["severity"]) == ("gap", f"gap:{found['codes'][0]}", "error")
    assert "无网格覆盖" in found["text"]
    assert found["geometry"]["type"] == "Polygon"
    assert found["at"][0] == pytest.approx(spot(1.95, 1.5)[0])
    assert said["checked"] == {"grids": 22, "buildings": 15, "issues": 0}
    english = head.post(f"/drafts/{number}/checks?lang=en", json=gap).json()["findings"][0]["text"]
    assert "nobody covers" in english
    assert head.post(f"/drafts/{number}/checks", json={}).json()["errors"] == 0


def test_neighbours_and_parents_that_follow_come_back_with_the_checks(head: Caller, number: int) -> None:
    inner = {"moves": [moved(spot(1, 1), spot(1.1, 1.1))]}
    said = head.post(f"/drafts/{number}/checks", json=inner).json()
    assert sorted(each["id"] for each in said["grids"]["features"]) == [f"Z1-C1-{n}" for n in (1, 2, 3, 4)]
    border = {"moves": [moved(spot(2, 1), spot(2.1, 1))]}
    said = head.post(f"/drafts/{number}/checks", json=border).json()
    assert {"Z1-C1", "Z1-C2"} <= {each["id"] for each in said["grids"]["features"]}
    assert said["errors"] == 0


def test_what_moves_to_whom_is_told_with_names_and_codes(house: House, head: Caller, number: int) -> None:
    code = house.report("strip", spot(0.9, 0.1))
    strip = {"moves": [moved(spot(1, 0), spot(0.75, 0)), moved(spot(1, 1), spot(0.75, 1))]}
    said = head.post(f"/drafts/{number}/checks", json=strip).json()
    sides = {
        side: {"grid": grid, "name": f"grid {grid}", "person": {"code": f"P-{grid}", "name": f"name of P-{grid}"}}
        for side, grid in (("from", "Z1-C1-1"), ("to", "Z1-C1-2"))
    }
    assert said["moving"] == [{**sides, "issues": [code], "buildings": [], "households": 0}]
    before = {each["person"]["code"]: each["before"]["issues"] for each in said["balance"]}
    after = {each["person"]["code"]: each["after"]["issues"] for each in said["balance"]}
    assert (before, after) == ({"P-Z1-C1-1": 1, "P-Z1-C1-2": 0}, {"P-Z1-C1-1": 0, "P-Z1-C1-2": 1})
    house.by("dispatcher").post(f"/issues/{code}/actions", json={"action": "void", "note": "a test"})


def test_a_grid_is_divided_joined_and_carved_by_the_server(head: Caller, number: int) -> None:
    line = {"type": "LineString", "coordinates": [spot(0.2, -0.1), spot(0.2, 1.1)]}
    split = head.post(f"/drafts/{number}/split", json={"code": "Z1-C1-1", "line": line}).json()
    new = [each["id"] for each in split["grids"]["features"] if each["id"] not in ("Z1-C1-1", "Z1-C1-3")]
    assert new == ["Z1-C1-5"]
    so_far = changes(*[drawn(each["id"], each["geometry"]) for each in split["grids"]["features"]])
    merged = head.post(f"/drafts/{number}/merge", json={**so_far, "codes": ["Z1-C1-1", "Z1-C1-2"]}).json()
    assert merged["removed"] == ["Z1-C1-2"]
    assert "Z1-C1-5" in [each["id"] for each in merged["grids"]["features"]]
    carved = head.post(f"/drafts/{number}/carve", json={"area": ring(0.5, 0, 0.75, 1), "name": "middle"}).json()
    assert {each["properties"]["name"] for each in carved["grids"]["features"]} >= {"middle"}
    apart = head.post(f"/drafts/{number}/merge", json={"codes": ["Z1-C1-1", "Z2-C2-4"]})
    assert apart.status_code == 422


def test_a_draft_is_saved_by_one_at_a_time(head: Caller, number: int) -> None:
    renamed = changes(drawn("Z1-C1-1", None, name="the south"))
    assert put(head, number, **renamed, version=1).json() == {"number": number, "version": 2}
    late = put(head, number, **renamed, version=1)
    assert late.status_code == 409
    assert "meanwhile" in late.json()["detail"]
    names = {
        each["id"]: each["properties"]["name"] for each in head.get(f"/drafts/{number}").json()["grids"]["features"]
    }
    assert names["Z1-C1-1"] == "the south"
    assert head.get("/grids/Z1-C1-1").json()["name"] == "grid Z1-C1-1"


@pytest.mark.parametrize(
    "body",
    [
        {"grids": {"features": [drawn("A", {"type": "Polygon", "coordinates": []})]}},
        {"grids": {"features": [drawn("A", {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0]]]})]}},
        {"grids": {"features": [drawn("A", {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]})]}},
        {"grids": {"features": [drawn("A", {"type": "MultiPolygon", "coordinates": ring(0, 0)["coordinates"]})]}},
        {"grids": {"features": [drawn("A", {"type": "Polygon", "coordinates": [ring(0, 0)["coordinates"]]})]}},
        {"grids": {"features": [drawn("A", {"type": "Point", "coordinates": [0, 0]})]}},
        {"grids": {"features": [drawn("A", {"type": "Polygon", "coordinates": [[[181, 0], [1, 0], [1, 1]]]})]}},
        {"grids": {"features": [drawn(" ", ring(0, 0))]}},
        {"grids": {"features": [drawn("NEW", None)]}},
        {"moves": [{"start": [0, 0]}]},
        {"moves": [{"start": [0, 0], "end": [1, 1]}]},
        {"removed": "Z1"},
        {"surprise": 1},
    ],
)  # fmt: skip
def test_what_is_no_drawing_is_refused_by_its_field(head: Caller, number: int, body: dict[str, Any]) -> None:
    answer = head.post(f"/drafts/{number}/checks", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"]


def test_a_shape_that_crosses_itself_is_told_while_drawing(head: Caller, number: int) -> None:
    bow = {"type": "Polygon", "coordinates": [[spot(1, 1), spot(2, 2), spot(2, 1), spot(1, 2), spot(1, 1)]]}
    said = head.post(f"/drafts/{number}/checks", json=changes(drawn("Z1-C1-4", bow)))
    assert "invalid-geometry" in [each["check"] for each in said.json()["findings"]]
    assert put(head, number, **changes(drawn("Z1-C1-4", bow)), version=1).status_code == 409


def test_whoever_directs_a_part_draws_on_his_own_ground_alone(house: House, number: int) -> None:
    north = house.by("coordinator")
    said = north.get(f"/drafts/{number}").json()
    assert {each["id"][:2] for each in said["grids"]["features"]} == {"Z1"}
    inner = {"moves": [moved(spot(1, 1), spot(1.1, 1.1))]}
    assert north.post(f"/drafts/{number}/checks", json=inner).status_code == 200
    border = {"moves": [moved(spot(1, 2), spot(1.1, 2.1))]}
    assert north.post(f"/drafts/{number}/checks", json=border).status_code == 403
    assert put(north, number, **border, version=1).status_code == 403
    assert north("DELETE", f"/drafts/{number}").status_code == 403
    assert put(north, number, **inner, version=1).status_code == 200


def test_publishing_refuses_errors_unless_they_are_accepted_by_name(head: Caller, number: int) -> None:
    line = {"type": "LineString", "coordinates": [spot(3.2, 2.9), spot(3.2, 4.1)]}
    split = head.post(f"/drafts/{number}/split", json={"code": "Z2-C2-4", "line": line}).json()
    features = [
        drawn(each["id"], each["geometry"], parent=each["properties"]["parent"])
        for each in split["grids"]["features"]
        if each["properties"]["tier"] == 3
    ]
    version = put(head, number, **changes(*features), version=1).json()["version"]
    refused = head.post(f"/drafts/{number}/publish", json={"version": version})
    assert refused.status_code == 409
    assert "nobody-in-charge:Z2-C2-5" in refused.json()["detail"]
    assert head.post(f"/drafts/{number}/publish", json={"version": version, "accept": ["none"]}).status_code == 422
    said = {"version": version, "accept": ["nobody-in-charge:Z2-C2-5"]}
    published = head.post(f"/drafts/{number}/publish", json=said)
    assert published.status_code == 200, published.text
    assert published.json()["edition"] == number
    assert head.get("/grids/Z2-C2-5").status_code == 200
    assert head.get(f"/drafts/{number}").status_code == 404


def test_a_draft_upon_an_older_edition_says_so(house: House, head: Caller) -> None:
    first, second = (head.post("/drafts", json={}).json()["number"] for _ in range(2))
    house.clock.now += timedelta(hours=1)
    # What earlier tests have published stays to be accepted.
    known = head.post(f"/drafts/{first}/checks", json={}).json()["findings"]
    accept = [each["accept"] for each in known if each["severity"] == "error"]
    said = {"version": 1, "accept": accept}
    assert head.post(f"/drafts/{first}/publish", json=said).status_code == 200
    house.clock.now += timedelta(hours=1)
    assert head.get(f"/drafts/{second}").json()["outdated"]
    refused = head.post(f"/drafts/{second}/publish", json=said)
    assert refused.status_code == 409
    assert "would be undone" in refused.json()["detail"]
    assert head.post(f"/drafts/{second}/publish", json={**said, "over_newer": True}).status_code == 200


def test_a_draft_is_thrown_away(head: Caller, number: int) -> None:
    assert head("DELETE", f"/drafts/{number}").status_code == 204
    assert head.get(f"/drafts/{number}").status_code == 404
