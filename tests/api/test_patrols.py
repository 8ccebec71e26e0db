"""Patrols over HTTP: a day of a patroller and his superior, what is another's, and what nobody should send."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api.sessions import Limits
from tests.api.conftest import NOW, Caller, House, opened
from tests.conftest import fresh_store
from tests.estate import spot

DOOR, GATE = spot(0.5, 0.7), spot(1.5, 0.7)
AT = NOW.isoformat()
FORM = {"subject": 3, "at": AT, "building": "H-Z1-C1-1", "answers": {"fire_door": False, "lights": True}}


@pytest.fixture(scope="module")
def walked(cluster: Any, estates_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A plan of daily rounds, the plates of two checkpoints, and those who walk and direct."""
    with fresh_store(cluster, estates_template) as database, opened(database, tmp_path_factory.mktemp("home")) as house:
        for name, role, of in (
            ("owner", "grid_owner", {"person": "P-Z1-C1-1"}), ("next", "grid_owner", {"person": "P-Z1-C1-2"}),
            ("supervisor", "supervisor", {"person": "P-Z1-C1"}), ("coordinator", "coordinator", {"grid": "Z1"}),
            ("aside", "supervisor", {"person": "P-Z1-C2"}), ("head", "head", {}), ("auditor", "auditor", {}),
            ("guard", "technician", {"person": "GUS"}), ("officer", "technician", {"person": "EVE"}),
            ("environment", "grid_owner", {"person": "P-Z2-C2-1"}), ("resident", "resident", {}),
        ):  # fmt: skip
            house.add(name, role, **of)
        points = [
            {"code": "door", "name": "the door", "lon": DOOR[0], "lat": DOOR[1]},
            {"code": "gate", "name": "the gate", "lon": GATE[0], "lat": GATE[1], "photo": True},
        ]
        made = house.by("supervisor").post("/checkpoints", json={"checkpoints": points})
        assert made.status_code == 201, made.text
        house.issues |= made.json()["tokens"]
        plan = {"code": "daily", "ready": "common_parts_all", "frequency": {"unit": "daily"}, "grids": ["Z1-C1"]}
        assert house.by("supervisor").post("/patrol-plans", json=plan).json()["rounds"] > 4
        yield house


@pytest.fixture(autouse=True)
def unlimited(walked: House) -> None:
    app: Any = walked.client.app
    app.state.office.limits = Limits()


def mine(house: House, name: str) -> list[dict[str, Any]]:
    answer = house.by(name).get("/rounds/mine")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def check_in(caller: Caller, **said: Any) -> Any:
    usual = {
        "uid": "u",
        "at": AT,
        "method": "qr",
        "checkpoint": "door",
        "lon": DOOR[0],
        "lat": DOOR[1],
        "accuracy_m": 5,
    }
    return caller.post("/check-ins", json={"check_ins": [{**usual, **said}]})


# ---------------------------------------------------------------- a day


def test_a_patroller_sees_his_round_of_today_walks_it_and_is_done(walked: House) -> None:
    today = mine(walked, "owner")[0]
    assert (today["plan"], today["grid"], today["status"], today["due"]) == ("daily", "Z1-C1-1", "planned", 1)
    scan = {"uid": "d1", "token": walked.issues["door"], "round": today["number"]}
    done = check_in(walked.by("owner"), **scan).json()["results"][0]
    assert (done["verdict"], done["reasons"], done["before"]) == ("accepted", [], False)
    again = check_in(walked.by("owner"), **scan)
    assert again.json()["results"][0]["before"]
    seen = walked.by("supervisor").get(f"/rounds/{today['number']}").json()
    assert (seen["status"], seen["stops"][0]["code"], seen["check_ins"][0]["method"]) == ("done", "door", "qr")
    assert walked.by("owner").get("/checkpoints").json()[0]["last_visit"] is not None


def test_a_doubtful_check_in_counts_once_a_superior_upholds_it_and_nobody_judges_his_own(walked: House) -> None:
    number = mine(walked, "next")[0]["number"]
    there = {"uid": "g1", "checkpoint": "gate", "token": walked.issues["gate"], "lon": GATE[0], "lat": GATE[1]}
    told = check_in(walked.by("next"), round=number, **there).json()["results"][0]
    assert (told["verdict"], told["reasons"][0]["name"]) == ("doubtful", "no_photo")
    seen = walked.by("supervisor").get(f"/rounds/{number}").json()
    judged = f"/check-ins/{seen['check_ins'][0]['number']}/judgement"
    assert seen["status"] == "planned"
    assert walked.by("next").post(judged, json={"upheld": True}).status_code == 403
    assert walked.by("aside").post(judged, json={"upheld": True}).status_code == 404
    assert walked.by("supervisor").post(judged, json={"upheld": True}).status_code == 204
    assert walked.by("supervisor").get(f"/rounds/{number}").json()["status"] == "done"


def test_a_track_is_taken_and_the_ground_it_covers_is_measured(walked: House) -> None:
    points = [
        {"at": (NOW - timedelta(minutes=30, seconds=-10 * n)).isoformat(), "lon": spot(0.02 * n, 0.2)[0],
         "lat": spot(0, 0.2)[1], "accuracy_m": 5}
        for n in range(40)
    ]  # fmt: skip
    told = walked.by("owner").post("/tracks", json={"points": points[::-1]}).json()
    assert told == {"stored": 40, "before": 0, "noise": {}}
    assert walked.by("owner").post("/tracks", json={"points": points}).json()["before"] == 40
    shares = {row["grid"]: row["share"] for row in walked.by("owner").get("/coverage").json()}
    assert list(shares) == ["Z1-C1-1"]
    assert shares["Z1-C1-1"] > 0.1
    assert {row["grid"] for row in walked.by("supervisor").get("/coverage").json()} == {
        f"Z1-C1-{n}" for n in range(1, 5)
    }
    assert walked.by("supervisor").get("/coverage?grid=Z1-C1").json()[0]["tier"] == 2
    for grid in ("Z1-C1", "Z2", "none"):
        assert walked.by("owner").get(f"/coverage?grid={grid}").status_code == 404
    assert [row["code"] for row in walked.by("head").get("/coverage/checkpoints").json()] == ["door", "gate"]


# ---------------------------------------------------------------- what is another's


def test_anothers_round_is_not_there(walked: House) -> None:
    number = mine(walked, "owner")[0]["number"]
    for name, status in {"next": 404, "aside": 404, "guard": 404, "officer": 404, "resident": 403, "nobody": 401,
                         "supervisor": 200, "coordinator": 200, "head": 200, "auditor": 200}.items():  # fmt: skip
        assert walked.by(name).get(f"/rounds/{number}").status_code == status, name
    told = check_in(walked.by("next"), uid="x1", round=number, token=walked.issues["door"]).json()["results"][0]
    assert told["errors"][0]["field"] == "round"
    assert {row["grid"] for row in walked.by("next").get("/rounds").json()} == {"Z1-C1-2"}
    assert walked.by("aside").get("/rounds").json() == []
    assert walked.by("head").get(f"/rounds/{2**62}").status_code == 404


def test_nobody_checks_in_for_another_and_an_account_of_no_person_not_at_all(walked: House) -> None:
    for name, status in {"coordinator": 403, "head": 403, "auditor": 403, "resident": 403, "nobody": 401}.items():
        assert check_in(walked.by(name)).status_code == status
        assert walked.by(name).post("/tracks", json={"points": []}).status_code in (status, 422)
    assert walked.by("coordinator").get("/rounds/mine").status_code == 403


def test_who_directs_a_part_plans_for_that_part_alone(walked: House) -> None:
    aside = walked.by("aside")
    plan = {"code": "daily", "ready": "common_parts_all", "grids": ["Z1-C2"]}
    assert aside.post("/patrol-plans", json=plan).status_code == 422
    for grids in (["Z1"], ["Z1-C1-1"], None):
        body = {"code": "other", "ready": "drills", "grids": grids} if grids else {"code": "other", "ready": "drills"}
        assert aside.post("/patrol-plans", json=body).json()["errors"][0]["field"] == "grids"
    pump = {"code": "other", "ready": "drills", "grids": ["Z1-C2"], "facilities": ["PUMP"]}
    assert aside.post("/patrol-plans", json=pump).json()["errors"][0]["field"] == "facilities"
    assert aside.post("/patrol-plans/daily/close").status_code == 404
    here = {"code": "door", "name": "mine now", "lon": spot(2.5, 0.5)[0], "lat": spot(2.5, 0.5)[1]}
    assert aside.post("/checkpoints", json={"checkpoints": [here]}).status_code == 422
    number = mine(walked, "owner")[0]["number"]
    assert aside.post(f"/rounds/{number}/assign", json={"person": "P-Z1-C2"}).status_code == 404
    for name in ("owner", "guard", "auditor", "resident"):
        assert walked.by(name).post("/patrol-plans", json={**plan, "code": "z"}).status_code == 403


def test_a_round_is_given_to_another_and_back(walked: House) -> None:
    number = mine(walked, "owner")[0]["number"]
    supervisor = walked.by("supervisor")
    assert supervisor.post(f"/rounds/{number}/assign", json={"person": "NOBODY"}).status_code == 422
    assert supervisor.post(f"/rounds/{number}/assign", json={"person": "GUS"}).status_code == 204
    assert [row["number"] for row in mine(walked, "guard")] == [number]
    assert walked.by("guard").get(f"/rounds/{number}").status_code == 200
    assert supervisor.post(f"/rounds/{number}/assign", json={"person": "P-Z1-C1-1"}).status_code == 204


# ---------------------------------------------------------------- inspections and facilities


def test_a_failed_item_is_an_issue_that_its_owner_finds_and_the_form_is_sent_twice_in_vain(walked: House) -> None:
    sent = walked.by("owner").post("/inspections", json={**FORM, "uid": "f1"})
    assert sent.status_code == 201, sent.text
    failed = [each for each in sent.json()["answers"] if each["passed"] is False]
    assert [each["item"] for each in failed] == ["fire_door"]
    issue = walked.by("owner").get(f"/issues/{failed[0]['issue']}").json()
    assert (issue["kind"], issue["category"], issue["grid"]) == ("inspection", "fire_door", "Z1-C1-1")
    assert "楼宇内部 · 防火门开启正常并能自动关闭" in issue["text"]
    before = walked.count()
    again = walked.by("owner").post("/inspections", json={**FORM, "uid": "f1"}).json()
    assert (again["before"], again["number"], walked.count()) == (True, sent.json()["number"], before)
    for name, status in {"supervisor": 200, "next": 404, "aside": 404, "auditor": 200, "resident": 403}.items():
        assert walked.by(name).get(f"/inspections/{again['number']}").status_code == status, name
    assert [row["item"] for row in walked.by("supervisor").get("/failures").json()] == ["fire_door"]
    assert walked.by("aside").get("/failures").json() == []


def test_a_form_of_anothers_house_is_refused_and_says_what_to_do(walked: House) -> None:
    sent = walked.by("next").post("/inspections", json={**FORM, "uid": "n1"})
    assert (sent.status_code, "report" in sent.json()["detail"]) == (404, True)
    assert walked.by("auditor").post("/inspections", json={**FORM, "uid": "n2"}).status_code == 403


def test_the_subjects_are_given_with_their_items_in_ones_language(walked: House) -> None:
    found = walked.by("owner").get("/subjects?lang=en").json()
    assert [each["subject"] for each in found] == list(range(1, 16))
    bins = next(item for item in found[11]["items"] if item["item"] == "bins")
    assert (bins["limit"], bins["operator"], bins["unit"]) == (67, "at_most", "%")
    own = {
        "item": "bins",
        "text": "bins",
        "category": "bin_full",
        "answer": "number",
        "operator": "at_most",
        "limit": 50,
    }
    assert walked.by("supervisor").post("/subjects/12/items", json=own).status_code == 422
    assert walked.by("head").post("/subjects/12/items", json={**own, "category": "none"}).status_code == 422
    assert walked.by("head").post("/subjects/12/items", json=own).status_code == 204
    found = walked.by("owner").get("/subjects?lang=en").json()
    assert next(item for item in found[11]["items"] if item["item"] == "bins")["limit"] == 50


def test_a_facility_has_a_state_with_its_history_and_is_listed_when_it_is_overdue(walked: House) -> None:
    owner = walked.by("owner")
    assert owner.post("/facilities/PUMP/states", json={"state": "degraded", "note": "it drips"}).status_code == 204
    assert owner.get("/facilities/PUMP").json()["state"] == "degraded"
    assert [row["note"] for row in owner.get("/facilities/PUMP/states").json()] == ["it drips"]
    assert owner.post("/facilities/LIFT/states", json={"state": "closed"}).status_code == 404
    future = (NOW + timedelta(days=4000)).isoformat()
    assert owner.post("/facilities/PUMP/states", json={"state": "closed", "since": future}).status_code == 422
    walked.sql("update facility set inspection_due = '2026-04-01' where code in ('PUMP', 'LIFT')")
    assert [row["code"] for row in owner.get("/overdue-facilities").json()] == ["PUMP"]
    assert [row["code"] for row in walked.by("head").get("/overdue-facilities").json()] == ["LIFT", "PUMP"]


def test_a_sweep_is_seen_building_by_building_by_those_on_whose_ground_it_is(walked: House) -> None:
    ends = (NOW + timedelta(days=9)).isoformat()
    sweep = {"code": "S1", "name": "before the floods", "starts": AT, "ends": ends, "grids": ["Z1-C1"]}
    assert walked.by("aside").post("/sweeps", json=sweep).status_code == 422
    assert walked.by("supervisor").post("/sweeps", json=sweep).status_code == 201
    seen = walked.by("owner").get("/sweeps/S1").json()["features"]
    assert [each["id"] for each in seen] == ["H-Z1-C1-1"]
    look = {"state": "fault", "note": "a crack"}
    assert walked.by("owner").post("/sweeps/S1/buildings/H-Z1-C1-1", json=look).status_code == 204
    assert walked.by("owner").post("/sweeps/S1/buildings/H-Z1-C1-2", json=look).status_code == 404
    told = walked.by("supervisor").get("/sweeps").json()[0]
    assert (told["buildings"], told["looked_at"], told["faults"]) == (4, 1, 1)
    assert walked.by("aside").get("/sweeps").json() == []


# ---------------------------------------------------------------- what nobody should send


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/check-ins", '{"check_ins": []}', "check_ins"),
        ("/check-ins", '{"check_ins": [{"uid": "", "at": NOW, "method": "qr"}]}', "check_ins.0.uid"),
        ("/check-ins", '{"check_ins": [{"uid": "a", "at": "9999-01-01T00:00:00Z", "method": "qr"}]}', "check_ins.0.at"),
        ("/check-ins", '{"check_ins": [{"uid": "a", "at": 5, "method": "qr"}]}', "check_ins.0.at"),
        ("/check-ins", '{"check_ins": [{"uid": "a", "at": NOW, "method": "smell"}]}', "check_ins.0.method"),
        ("/check-ins", '{"check_ins": [{"uid": "a", "at": NOW, "method": "qr", "lon": NaN}]}', "check_ins.0.lon"),
        ("/check-ins", '{"check_ins": [{"uid": "a", "at": NOW, "method": "qr", "round": 1e30}]}', "check_ins.0.round"),
        ("/check-ins", '{"check_ins": [{"uid": "a", "at": NOW, "method": "qr", "who": "GUS"}]}', "check_ins.0.who"),
        ("/tracks", '{"points": [{"at": NOW, "lon": 1e400, "lat": 0}]}', "points.0.lon"),
        ("/tracks", '{"points": [{"at": NOW, "lon": 181, "lat": 0}]}', "points.0.lon"),
        ("/tracks", '{"points": [{"at": NOW, "lon": 1, "lat": 0, "accuracy_m": -1}]}', "points.0.accuracy_m"),
        ("/inspections", '{"uid": "a", "subject": 16, "at": NOW}', "subject"),
        ("/inspections", '{"uid": "a", "subject": 3, "at": NOW, HOUSE}', "answers"),
        ("/inspections", '{"uid": "a", "subject": 3, "at": NOW, HOUSE, "answers": {"roof": "yes"}}', "roof"),
        ("/inspections", '{"uid": "a", "subject": 3, "at": NOW, "lon": 0, "lat": 91}', "lat"),
        ("/inspections", '{"uid": "a", "subject": 3, "at": "2200-01-01T00:00:00Z", HOUSE, ROOF}', "at"),
        ("/inspections", '{"uid": "a", "subject": 3, "at": NOW, HOUSE, ROOF, "state": "closed"}', "state"),
        ("/inspections", '{"uid": "a", "subject": 3, "at": NOW, HOUSE, ROOF, "rechecks": [AGAIN]}', "rechecks"),
        ("/sweeps/S1/buildings/H-Z1-C1-1", '{"state": "fine"}', "state"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_by_its_field(walked: House, path: str, body: str, field: str) -> None:
    said = {"NOW": f'"{AT}"', "HOUSE": '"building": "H-Z1-C1-1"', "ROOF": '"answers": {"roof": true}'}
    said["AGAIN"] = '{"failure": 1, "passed": true}'
    for word, meant in said.items():
        body = body.replace(word, meant)
    answer = walked.by("owner").post(path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422, answer.text
    assert any(each["field"].startswith(field) for each in answer.json()["errors"]), answer.text


def test_ten_thousand_points_at_once_are_too_many_and_five_thousand_are_not(walked: House) -> None:
    points = [
        {"at": (NOW - timedelta(days=2, seconds=n)).isoformat(), "lon": DOOR[0], "lat": DOOR[1]} for n in range(10_000)
    ]
    many = walked.by("next").post("/tracks", json={"points": points})
    assert many.status_code in (413, 422)
    assert walked.by("next").post("/tracks", json={"points": points[:5_000]}).json()["stored"] == 5_000


def test_a_check_in_of_the_far_future_is_kept_apart_and_counts_for_nothing(walked: House) -> None:
    told = check_in(walked.by("owner"), uid="later", at="2199-12-31T00:00:00Z", token=walked.issues["door"])
    assert told.json()["results"][0]["verdict"] == "refused"
    noise = [{"at": "2199-12-31T00:00:00Z", "lon": DOOR[0], "lat": DOOR[1]}]
    assert walked.by("owner").post("/tracks", json={"points": noise}).json() == {
        "stored": 0, "before": 0, "noise": {"future": 1},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"ready": "nothing"}, "ready"),
        ({"frequency": {"unit": "daily"}}, "name"),
        ({"name": "x", "role": "guard"}, "frequency"),
        ({"name": "x", "role": "guard", "person": "GUS", "frequency": {"unit": "daily"}}, "role"),
        ({"ready": "drills", "subject": 99}, "subject"),
        ({"ready": "drills", "since": "0001-01-01"}, "since"),
        ({"ready": "drills", "until": "2020-01-01"}, "until"),
        ({"ready": "drills", "grids": ["Z9"]}, "grids"),
        ({"ready": "drills", "checkpoints": ["none"]}, "checkpoint"),
        ({"ready": "drills", "kind": "party"}, "kind"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_by_its_field(walked: House, body: dict[str, Any], field: str) -> None:
    answer = walked.by("head").post("/patrol-plans", json={"code": "bad", **body})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == field
    unit = walked.by("head").post("/patrol-plans", json={"code": "b", "name": "b", "frequency": {"unit": "x"}})
    assert unit.status_code == 422


def test_times_that_make_no_sense_are_refused(walked: House) -> None:
    head = walked.by("head")
    for asked in ("since=2026-05-02T00:00:00Z&until=2026-05-01T00:00:00Z", "since=2020-01-01T00:00:00Z", "since=now"):
        for path in ("/rounds", "/coverage", "/coverage/checkpoints", "/inspections"):
            assert head.get(f"{path}?{asked}").status_code == 422, path
    assert head.get("/rounds/0").status_code == 422
    assert head.get("/rounds/99999999999999999999").status_code == 422
    assert walked.by("owner").get("/rounds/mine?day=2026-13-01").status_code == 422
    assert walked.by("owner").get("/rounds/mine?day=9999-12-31").status_code == 422


def test_nothing_is_read_of_another_site(walked: House, tmp_path: Path) -> None:
    for path in ("/rounds", "/patrol-plans", "/checkpoints", "/inspections", "/failures", "/sweeps", "/coverage",
                 "/subjects", "/overdue-facilities"):  # fmt: skip
        assert walked.by("head").get(f"{path}?site=FREMD7").status_code == 404


def test_a_plan_that_is_ready_may_have_a_name_of_its_own(house: House) -> None:
    said = {"code": "OWN-NAME", "ready": "machine_rooms", "name": "the pumps", "grids": ["Z1-C1-1"]}
    answer = house.by("head").post("/patrol-plans?site=WJ", json=said)
    assert answer.status_code in (200, 201), answer.text
