"""What is done to issues over HTTP."""

from __future__ import annotations

from tests.api.conftest import House
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
