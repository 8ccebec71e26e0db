"""What is done to issues over HTTP."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.api.conftest import NOW, House
from tests.estate import spot


def test_an_issue_goes_its_way_from_report_to_close(house: House) -> None:
    """The shortest way, with the version of each step."""
    house.report("way", spot(0.5, 0.5), category="lamp", reporter={"name": "resident", "phone": "13900000099"})
    code = house.issues["way"]
    dispatcher, technician = house.by("dispatcher"), house.by("technician")

    def act(caller: object, action: str, **said: object) -> dict[str, object]:
        answer = caller.post(f"/issues/{code}/actions", json={"action": action, **said})  # type: ignore[attr-defined]
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    assert act(dispatcher, "file", version=1)["status"] == "filed"
    sent = act(dispatcher, "dispatch")
    assert (sent["status"], sent["handler"]["person"]["code"]) == ("dispatched", "TOM")  # type: ignore[index]
    assert act(technician, "accept")["status"] == "accepted"
    assert act(technician, "arrive", lon=spot(0.5, 0.5)[0], lat=spot(0.5, 0.5)[1])["status"] == "in_progress"
    assert act(technician, "resolve", note="a new tube")["status"] == "resolved"
    refused = house.by("dispatcher").post(f"/issues/{code}/actions", json={"action": "accept"})
    assert refused.status_code == 409
    assert "check" in refused.json()["allowed"]
    assert refused.json()["issue"]["status"] == "resolved"
    assert act(house.by("supervisor"), "check", passed=True)["status"] == "checked"
    asked = dispatcher.post(f"/issues/{code}/actions", json={"action": "close"})
    assert asked.status_code == 409
    assert act(dispatcher, "follow_up", via="phone", satisfaction=5)["status"] == "checked"
    closed = act(dispatcher, "close")
    assert (closed["status"], closed["closed_as"], closed["satisfaction"]) == ("closed", "solved", 5)
    assert [line["action"] for line in closed["history"]] == [  # type: ignore[attr-defined]
        "report", "file", "dispatch", "accept", "arrive", "resolve", "check", "follow_up", "close",
    ]  # fmt: skip


def test_what_waits_is_listed_for_whom_it_waits(house: House) -> None:
    house.report("waits", spot(0.5, 0.5), category="lamp")
    code = house.issues["waits"]
    queue = house.by("dispatcher").get("/queue?lang=en").json()
    mine = next(each for each in queue if each["code"] == code)
    assert mine["suggestion"]["person"]["code"] == "TOM"
    assert mine["suggestion"]["reasons"][0]["text"].startswith("it is the work of the technician")
    house.by("dispatcher").post("/issues/actions", json={"actions": [{"issue": code, "action": "dispatch"}]})
    assert code in [each["code"] for each in house.by("technician").get("/work").json()]
    assert code not in [each["code"] for each in house.by("contractor").get("/work").json()]


def test_an_emergency_goes_out_at_once(house: House) -> None:
    answer = house.by("dispatcher").post(
        "/issues?lang=en", json={"lon": spot(0.5, 0.5)[0], "lat": spot(0.5, 0.5)[1], "category": "burst_main"}
    )
    said = answer.json()
    assert (said["status"], said["handler"]["person"]["code"]) == ("dispatched", "TOM")
    assert said["call"] == {"body": "water company", "number": None}


def test_what_turns_out_to_be_about_something_else_is_somebody_elses(house: House) -> None:
    house.report("wrong", spot(0.5, 0.5), category="lamp")
    code = house.issues["wrong"]
    answer = house.by("dispatcher").post(
        f"/issues/{code}/actions", json={"action": "verify", "category": "fire_door", "urgency": "urgent"}
    )
    found = answer.json()
    assert (found["category"], found["urgency"], found["owner"]["role"]) == ("fire_door", "urgent", "guard")
    assert [line["action"] for line in found["history"]] == ["report", "verify", "reroute"]
    assert set(found["deadlines"]) == {"on_site", "resolved", "first_answer"}


def acted(house: House, by: str, name: str, action: str, **said: Any) -> Any:
    return house.by(by).post(f"/issues/{house.issues[name]}/actions", json={"action": action, **said})


def done(house: House, by: str, name: str, action: str, **said: Any) -> dict[str, Any]:
    answer = acted(house, by, name, action, **said)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def codes(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [each["code"] for each in answer.json()]


# ---------------------------------------------------------------- refusals


def test_who_looked_too_early_is_told_how_it_stands_and_what_he_may_do(house: House) -> None:
    house.report("looked", spot(0.5, 0.5), category="lamp")
    done(house, "dispatcher", "looked", "file")
    refused = acted(house, "supervisor", "looked", "dispatch", version=1, to="TOM")
    assert (refused.status_code, refused.headers["content-type"]) == (409, "application/problem+json")
    said = refused.json()
    assert (said["type"], said["version"]) == ("urn:gridmap:problem:refused", 2)
    assert (said["issue"]["status"], said["issue"]["version"]) == ("filed", 2)
    assert said["allowed"] == said["issue"]["allowed"]
    assert "dispatch" in said["allowed"]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"action": "fly"}, "action"),
        ({"action": "link"}, "action"),
        ({"action": "dispatch", "to": "NOBODY"}, "to"),
        ({"action": "resolve", "photos": [1]}, "photos"),
        ({"action": "resolve", "lon": 121.5}, "lat"),
        ({"action": "resolve", "lat": 31.2}, "lon"),
        ({"action": "resolve", "at": "2026-05-01T08:00:00"}, "at"),
        ({"action": "resolve", "at": "2026-04-01T08:00:00Z"}, "at"),
        ({"action": "resolve", "satisfaction": 5}, "satisfaction"),
        ({"action": "resolve", "version": 0}, "version"),
        ({"action": "resolve", "colour": "red"}, "colour"),
        ({"action": "void"}, "note"),
        ({"action": "refer", "note": "x"}, "body"),
        ({"action": "merge", "parent": "FREMD7-000001"}, "parent"),
        ({"action": "verify", "category": "unicorn"}, "category"),
        ({"action": "verify", "urgency": "soon"}, "urgency"),
    ],
)
def test_what_is_wrong_is_named_by_its_field_and_nothing_is_written(
    house: House, said: dict[str, Any], field: str
) -> None:
    house.issues.get("wrong") or house.report("wrong", spot(0.5, 0.5), category="lamp")
    before = house.count("issue_event")
    answer = house.by("dispatcher").post(f"/issues/{house.issues['wrong']}/actions", json=said)
    assert (answer.status_code, [each["field"] for each in answer.json()["errors"]]) == (422, [field])
    assert house.count("issue_event") == before


def test_a_spot_of_a_map_in_china_is_put_right(house: House) -> None:
    house.report("spotted", spot(0.5, 0.5), category="lamp")
    line = done(house, "dispatcher", "spotted", "verify", lon=121.504, lat=31.248, datum="gcj02")["history"][-1]
    assert 300 < ((line["lon"] - 121.504) ** 2 + (line["lat"] - 31.248) ** 2) ** 0.5 * 100_000 < 700


def test_of_two_dispatchers_at_once_one_wins(house: House) -> None:
    house.report("raced", spot(0.5, 0.5), category="lamp")
    with ThreadPoolExecutor(2) as pool:
        answers = list(
            pool.map(lambda to: acted(house, "dispatcher", "raced", "dispatch", version=1, to=to), ("TOM", "GUS"))
        )
    won, lost = sorted(answers, key=lambda answer: answer.status_code)
    assert (won.status_code, lost.status_code) == (200, 409)
    assert lost.json()["issue"]["handler"] == won.json()["handler"]
    assert [line["action"] for line in lost.json()["issue"]["history"]] == ["report", "dispatch"]


def test_two_hundred_are_handed_out_at_once_each_told_what_became_of_it(house: House) -> None:
    reports = [
        dict(zip(("lon", "lat"), spot(2 + 0.005 * n, 2.5), strict=True)) | {"category": "lamp"} for n in range(199)
    ]
    stored = house.by("dispatcher").post("/issues/batch", json={"issues": reports}).json()
    wanted = [each["code"] for each in stored["results"]] + ["WJ-999999"]
    actions = [{"issue": code, "action": "dispatch", "to": "GUS"} for code in wanted]
    said = house.by("dispatcher").post("/issues/actions", json={"actions": actions}).json()
    assert said["done"] == 199
    assert [each["issue"] for each in said["results"]] == wanted
    assert {(each["status"], each["handler"], each["version"]) for each in said["results"][:-1]} == {
        ("dispatched", "GUS", 2)
    }
    assert said["results"][-1] == {"issue": "WJ-999999", "error": "there is no issue WJ-999999 here"}
    assert house.by("dispatcher").post("/issues/actions", json={"actions": actions * 3}).status_code == 422


# ---------------------------------------------------------------- whose work it is


def test_each_step_moves_an_issue_to_the_list_of_those_it_waits_for(house: House) -> None:
    house.report("moved", spot(0.5, 0.5), category="lamp")
    code = house.issues["moved"]

    def waiting() -> set[str]:
        return {who for who in ("in_person", "technician", "supervisor", "auditor", "resident")
                if code in codes(house.by(who).get("/work?limit=200"))}  # fmt: skip

    assert waiting() == {"in_person", "supervisor"}  # whose ground it is, and who may hand it out
    done(house, "supervisor", "moved", "dispatch", to="TOM")
    assert waiting() == {"technician"}
    done(house, "technician", "moved", "accept")
    done(house, "technician", "moved", "hold", note="a part", look_at="2026-05-03T08:00:00Z")
    assert waiting() == {"technician"}
    done(house, "technician", "moved", "resume")
    done(house, "technician", "moved", "resolve")
    assert waiting() == {"in_person", "supervisor"}  # to check it
    done(house, "in_person", "moved", "check", passed=True)
    done(house, "supervisor", "moved", "close")
    assert waiting() == set()


def test_what_presses_most_stands_first(house: House) -> None:
    house.clock.now = NOW + timedelta(days=200)
    for name, category in (("calm", "noise"), ("plain", "lamp"), ("burning", "burst_main"), ("soon", "lift")):
        house.report(name, spot(3.5, 1.5), category=category)
    queue = [each["code"] for each in house.by("dispatcher").get("/queue?limit=200").json()]
    named = [
        name
        for code in queue
        for name, own in house.issues.items()
        if own == code and name in ("calm", "plain", "soon")
    ]
    assert named == ["soon", "plain", "calm"]
    work = house.by("technician").get("/work?limit=200").json()
    pressing = [each["urgency"] in ("life", "emergency") for each in work]
    assert pressing == sorted(pressing, reverse=True)
    assert house.issues["burning"] in [each["code"] for each in work[: sum(pressing)]]
    house.clock.now = NOW


def test_what_one_has_given_away_is_no_business_of_ones_own_any_more(house: House) -> None:
    house.report("given", spot(2.5, 2.5), category="noise")
    done(house, "dispatcher", "given", "dispatch", to="CON")
    answer = acted(house, "contractor", "given", "return", note="not mine")
    assert (answer.status_code, answer.json()["status"], answer.json()["allowed"]) == (200, "filed", [])
    assert acted(house, "contractor", "given", "accept").status_code == 404


# ---------------------------------------------------------------- residents


def test_a_resident_follows_what_he_reported_and_reopens_it(house: House) -> None:
    house.report("mine", spot(0.5, 0.5), by="resident", category="lamp")
    assert acted(house, "neighbour", "mine", "void", note="x").status_code == 404
    done(house, "dispatcher", "mine", "dispatch", to="TOM", note="quickly")
    seen = house.by("resident").get(f"/issues/{house.issues['mine']}").json()
    assert (seen["handler"], seen["allowed"]) == ({"role": "technician", "person": None}, [])
    assert "TOM" not in str(seen)
    done(house, "technician", "mine", "accept")
    done(house, "technician", "mine", "resolve")
    assert acted(house, "dispatcher", "mine", "close").status_code == 409
    again = done(house, "resident", "mine", "follow_up", via="page", satisfaction=1, words="dark")
    assert (again["status"], again["reopens"], again["allowed"]) == ("filed", 1, ["void"])


# ---------------------------------------------------------------- a complaint about somebody


def test_a_complaint_about_somebody_is_in_nothing_that_reaches_him(house: House) -> None:
    house.report("lamp_there", spot(0.5, 0.5), category="service", kind="complaint", text="slow")
    house.report("rude", spot(0.5, 0.5), by="neighbour", category="service", about="P-Z1-C1-1", text="he was rude")
    code, other = house.issues["rude"], house.issues["lamp_there"]
    for who in ("in_person", "grid_owner"):
        for path in (f"/issues/{code}", f"/issues/{code}/candidates"):
            assert house.by(who).get(path).status_code in (403, 404)
        assert acted(house, who, "rude", "answer", note="it was not so").status_code == 404
        assert acted(house, who, "lamp_there", "verify", note="x").status_code in (200, 404)
        lon, lat = spot(0.5, 0.5)
        for path in ("/work", "/issues", f"/duplicates?lon={lon}&lat={lat}&category=service", "/messages"):
            assert code not in house.by(who).get(path).text, path
    assert acted(house, "dispatcher", "rude", "dispatch", to="P-Z1-C1-1").status_code == 422
    assert "P-Z1-C1-1" not in house.by("dispatcher").get(f"/issues/{code}/candidates").text
    # Hung under another one, it is not named there to him either.
    house.report("his", spot(0.5, 0.5), category="noise")
    done(house, "dispatcher", "rude", "merge", parent=house.issues["his"])
    seen = house.by("in_person").get(f"/issues/{house.issues['his']}").json()
    assert (seen["children"], code in str(seen), other in str(seen)) == ([], False, False)
    assert house.by("supervisor").get(f"/issues/{house.issues['his']}").json()["children"] == [code]


def test_the_coordinator_assigns_with_a_limit_of_his_own(house: House) -> None:
    """It takes the place of the table's, waits with what waits, and goes with a new beginning."""
    house.report("assigned", spot(0.5, 0.5), category="lamp")
    code = house.issues["assigned"]

    def act(action: str, **said: object) -> dict[str, Any]:
        answer = house.by("coordinator").post(f"/issues/{code}/actions", json={"action": action, **said})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    late = house.by("coordinator").post(
        f"/issues/{code}/actions", json={"action": "dispatch", "due": (NOW - timedelta(hours=1)).isoformat()}
    )
    assert late.json()["errors"][0]["field"] == "due"
    wanted = NOW + timedelta(hours=6)
    sent = act("dispatch", due=wanted.isoformat())
    assert datetime.fromisoformat(sent["due_at"]) == wanted
    assert sent["deadlines"]["resolved"]["rule"] == {"stamp": "resolved", "given": wanted.isoformat()}
    act("accept")
    act("hold", note="a part")
    try:
        house.clock.now = NOW + timedelta(hours=2)
        assert datetime.fromisoformat(act("resume")["due_at"]) == wanted + timedelta(hours=2)
        act("resolve")
        again = act("reopen", note="dark")
        assert again["deadlines"]["resolved"]["rule"].get("given") is None
        assert datetime.fromisoformat(again["due_at"]) == NOW + timedelta(hours=26)
    finally:
        house.clock.now = NOW
