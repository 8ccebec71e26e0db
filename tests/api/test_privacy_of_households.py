"""Where a household in need lives is known to its visitor and his superior: it is in no other answer, list or log."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from api.sessions import Limits
from gridmap.operations import rounds
from tests.api.conftest import NOW, House, opened
from tests.conftest import fresh_store
from tests.estate import spot

ADDRESS, NOTE, RISK = "GEHEIM-3-201", "she sleeps badly", "cellar under water"
HOUSEHOLD = {
    "code": "HH-1", "address": ADDRESS, "building": "H-Z1-C1-1", "visitor": "P-Z1-C1-1", "needs": ["alone", "elderly"],
    "risk": RISK, "visit_days": 7,
}  # fmt: skip
# account: its role, what it is of, and what it gets of the household
PEOPLE: dict[str, tuple[str, dict[str, str | None], int]] = {
    "visitor": ("grid_owner", {"person": "P-Z1-C1-1"}, 200),
    "visitors_grid": ("grid_owner", {"grid": "Z1-C1-1"}, 200),
    "superior": ("supervisor", {"person": "P-Z1-C1"}, 200),
    "superiors_grid": ("supervisor", {"grid": "Z1-C1"}, 200),
    "neighbour": ("grid_owner", {"person": "P-Z1-C1-2"}, 404),
    "other_superior": ("supervisor", {"person": "P-Z1-C2"}, 404),
    "coordinator": ("coordinator", {"person": "P-Z1"}, 404),
    "coordinators_grid": ("coordinator", {"grid": "Z1"}, 404),
    "head": ("head", {}, 404),
    "technician": ("technician", {"person": "TOM"}, 404),
    "deputy": ("grid_owner", {"person": "DEP", "grid": "Z1-C1-3"}, 404),
    "dispatcher": ("dispatcher", {}, 403),
    "contractor": ("contractor", {"person": "CON"}, 403),
    "auditor": ("auditor", {}, 403),
    "analyst": ("analyst", {}, 403),
    "resident": ("resident", {}, 403),
    "admin": ("admin", {}, 403),
}
READ = (
    "/map", "/grids", "/buildings", "/facilities", "/people", "/issues?limit=1000", "/issues?format=geojson",
    "/rounds", "/rounds/mine", "/patrol-plans", "/checkpoints", "/inspections", "/failures", "/sweeps", "/coverage",
    "/flood-readiness", "/households", "/households/HH-1", "/overdue-facilities", "/me", "/categories", "/subjects",
    *(f"/layers/{name}.geojson" for name in (
        "tier1", "tier2", "tier3", "buildings", "facilities", "overlays", "issues",
    )),
)  # fmt: skip


@pytest.fixture(scope="module")
def house(cluster: Any, estates_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with fresh_store(cluster, estates_template) as database, opened(database, tmp_path_factory.mktemp("home")) as house:
        for name, (role, of, _) in PEOPLE.items():
            house.add(name, role, site="WJ", **of)
        taken = house.by("superior").post("/households", json=HOUSEHOLD)
        assert taken.status_code == 204, taken.text
        plan = {"code": "V", "ready": "visits", "grids": ["Z1-C1"]}
        assert house.by("superior").post("/patrol-plans", json=plan).json()["rounds"] >= 1
        visit = {"uid": "v1", "at": NOW.isoformat(), "outcome": "help_needed", "note": NOTE}
        told = house.by("visitor").post("/households/HH-1/visits", json=visit)
        assert told.status_code == 204, told.text
        yield house


@pytest.fixture(autouse=True)
def unlimited(house: House) -> None:
    app: Any = house.client.app
    app.state.office.limits = Limits()


@pytest.mark.parametrize("name", list(PEOPLE))
def test_the_address_is_shown_to_the_visitor_and_his_superior_alone(house: House, name: str) -> None:
    wanted = PEOPLE[name][2]
    caller = house.by(name)
    answer = caller.get("/households/HH-1")
    assert answer.status_code == wanted
    listed = caller.get("/households")
    assert listed.status_code == (403 if wanted == 403 else 200)
    if wanted == 200:
        assert (answer.json()["address"], answer.json()["visits"][0]["note"]) == (ADDRESS, NOTE)
        assert [each["code"] for each in listed.json()] == ["HH-1"]
        assert answer.headers["cache-control"] == "no-store"
    elif wanted == 404:
        assert listed.json() == []


@pytest.mark.parametrize("name", [name for name, (_, _, status) in PEOPLE.items() if status != 200])
def test_nothing_of_it_is_in_any_answer_to_anybody_else(house: House, name: str) -> None:
    for path in READ:
        text = house.by(name).get(path).text
        for secret in (ADDRESS, NOTE, RISK):
            assert secret not in text, f"{secret} in {path}"


def test_what_everybody_reads_has_no_address_even_for_those_who_know_it(house: House) -> None:
    for name in ("visitor", "superior"):
        for path in READ:
            if not path.startswith("/households"):
                text = house.by(name).get(path).text
                assert ADDRESS not in text, path
                assert NOTE not in text, path


def test_the_round_of_visits_shows_how_many_and_not_where(house: House) -> None:
    found = house.by("visitor").get("/rounds/mine").json()
    visits = next(row for row in found if row["kind"] == "visits")
    assert (visits["due"], visits["visited"], visits["status"], visits["grid"]) == (1, 1, "done", None)
    read = house.by("visitor").get(f"/rounds/{visits['number']}").json()
    assert (read["stops"], read["check_ins"]) == ([], [])
    taken = house.by("superior").post(f"/rounds/{visits['number']}/assign", json={"person": "TOM"})
    assert taken.status_code in (403, 404)


def test_a_visit_leaves_no_position_no_line_of_history_and_no_message(house: House) -> None:
    assert house.count("position") == 0
    with house.database.session() as session:
        rounds.overdue(session, NOW + timedelta(days=30))
    kept = str(house.sql("select * from issue_event")) + str(house.sql("select data from message"))
    kept += str(house.sql("select answer from receipt"))
    assert ADDRESS not in kept
    assert NOTE not in kept


def test_no_log_has_it(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    house.by("superior").post("/households", json={**HOUSEHOLD, "people": 2})
    house.by("superior").post("/households", json={**HOUSEHOLD, "visitor": "NOBODY"})
    house.by("visitor").get("/households/HH-1")
    ours = [record.getMessage() for record in caplog.records if record.name.startswith(("gridmap", "api"))]
    assert not [line for line in ours if ADDRESS in line or RISK in line]


def test_who_may_not_know_of_it_can_neither_take_its_code_nor_visit_nor_close_it(house: House) -> None:
    for name in ("other_superior", "neighbour", "head"):
        caller = house.by(name)
        stolen = caller.post("/households", json={**HOUSEHOLD, "visitor": "P-Z1-C2-1", "building": "H-Z1-C2-1"})
        assert stolen.status_code in (403, 422)
        assert "address" not in stolen.text
        visit = {"uid": "x", "at": NOW.isoformat(), "outcome": "well"}
        assert caller.post("/households/HH-1/visits", json=visit).status_code == 404
        assert caller.post("/households/HH-1/close").status_code == 404
    assert house.by("visitor").get("/households/HH-1").json()["visitor"] == "P-Z1-C1-1"


def test_the_superior_sees_visits_but_does_not_make_them(house: House) -> None:
    visit = {"uid": "s", "at": NOW.isoformat(), "outcome": "well"}
    assert house.by("superior").post("/households/HH-1/visits", json=visit).status_code == 403
    future = {"uid": "f", "at": "2190-01-01T00:00:00Z", "outcome": "well"}
    assert house.by("visitor").post("/households/HH-1/visits", json=future).status_code == 422


def test_before_a_flood_a_household_is_settled_by_shelter_and_guardian(house: House) -> None:
    shelter = {"code": "SCHOOL", "name": "the school", "lon": spot(2, 2)[0], "lat": spot(2, 2)[1], "capacity": 1}
    assert house.by("head").post("/shelters", json=shelter).status_code == 204
    told = house.by("head").get("/flood-readiness").json()
    assert told["households"] == [{"code": "HH-1", "complete": False, "missing": ["shelter", "guardian"]}]
    settled = {**HOUSEHOLD, "shelter": "SCHOOL", "guardian": "GUS"}
    assert house.by("superior").post("/households", json=settled).status_code == 204
    told = house.by("head").get("/flood-readiness").json()
    assert (told["complete"], told["shelters"][0]["expected"]) == (True, 1)
    house.by("superior").post("/households", json={**settled, "people": 3})
    assert house.by("head").get("/flood-readiness").json()["crowded"] == ["SCHOOL"]
    house.sql("update building set risk = 'unsafe structure' where code = 'H-Z1-C1-4'")
    unsafe = house.by("head").get("/flood-readiness").json()["unsafe_buildings"]
    assert [each["code"] for each in unsafe if "FREMD" not in each["name"]] == ["H-Z1-C1-4"]


def test_when_the_visitor_is_away_his_deputy_does_not_learn_the_address_but_the_superiors_does(house: House) -> None:
    house.add("stand_in", "supervisor", person="P-Z2-C1")
    house.sql(
        "insert into leave (person_id, starts, ends) select p.id, :a, :b from person p join site s on s.id = p.site_id "
        "where s.code = 'WJ' and p.code in ('P-Z1-C1-1', 'P-Z1-C1')",
        a=NOW - timedelta(days=1), b=NOW + timedelta(days=1),
    )  # fmt: skip
    assert house.by("deputy").get("/households/HH-1").status_code == 404
    assert house.by("coordinator").get("/households/HH-1").status_code == 200
    assert house.by("superior").get("/households/HH-1").status_code == 404
    house.sql("delete from leave")


def test_what_is_closed_is_forgotten(house: House) -> None:
    assert house.by("superior").post("/households/HH-1/close").status_code == 204
    assert house.by("visitor").get("/households/HH-1").status_code == 404
    kept = str(house.sql("select * from household")) + str(house.sql("select * from visit"))
    for secret in (ADDRESS, NOTE, RISK):
        assert secret not in kept
