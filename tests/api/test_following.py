"""Residents follow by a link what they reported; sensors say what is wrong until it is well again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from gridmap.operations.follow_ups import close_silent
from tests.api.conftest import NOW, House
from tests.estate import spot

HOSTILE = "<script>alert(1)</script>{{7*7}}"


def reported(house: House, name: str, **said: Any) -> str:
    house.report(name, spot(0.5, 0.5), category="lamp", reporter={"name": "Li", "phone": "13900000099"}, **said)
    return house.issues[name]


def act(house: House, code: str, action: str, by: str = "dispatcher", **said: Any) -> dict[str, Any]:
    answer = house.by(by).post(f"/issues/{code}/actions", json={"action": action, **said})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def solved(house: House, name: str) -> tuple[str, str]:
    """A resolved issue, and the path of its link."""
    code = reported(house, name)
    act(house, code, "answer", note=HOSTILE)
    act(house, code, "resolve")
    link = house.by("dispatcher").post(f"/issues/{code}/link")
    assert link.status_code == 201
    return code, link.json()["path"]


def test_a_link_shows_how_an_issue_stands_and_names_nobody(house: House) -> None:
    code, path = solved(house, "followed")
    page = house.by("nobody").get(f"{path}?lang=en")
    assert page.status_code == 200
    assert code in page.text
    assert "It was put right." in page.text
    assert "Is it solved?" in page.text
    assert HOSTILE not in page.text
    assert "&lt;script&gt;" in page.text
    for private in ("13900000099", "Li<", "name of P-", "TOM"):
        assert private not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/follow/aaaaaaaaaaaaaaaaaaaaaaaa", "/follow/%00%00%00%00%00%00%00%00%00%00"])
def test_a_link_that_nobody_gave_leads_nowhere(house: House, path: str) -> None:
    assert house.by("nobody").get(path).status_code in (404, 422)
    assert house.by("nobody").post(path, data={"satisfaction": "5"}).status_code in (404, 422)


def test_who_is_dissatisfied_reopens_it_by_the_link_again_and_again(house: House) -> None:
    code, path = solved(house, "reopened")
    for times in (1, 2, 3):
        answer = house.by("nobody").post(path, data={"satisfaction": "1", "words": "still dark"})
        assert answer.status_code == 303
        found = house.by("dispatcher").get(f"/issues/{code}").json()
        assert (found["status"], found["reopens"], found["satisfaction"]) == ("filed", times, 1)
        assert "still dark" not in str(found["history"])
        act(house, code, "resolve")
    house.by("nobody").post(path, data={"satisfaction": "4"})
    assert act(house, code, "close")["closed_as"] == "solved"


def test_words_of_a_form_that_cannot_be_kept_are_refused(house: House) -> None:
    _, path = solved(house, "refused")
    for said in ({"satisfaction": "6"}, {"satisfaction": ""}, {"words": "x"}, {"satisfaction": "4", "words": "\x00"}):
        assert house.by("nobody").post(path, data=said).status_code == 422


def test_silence_closes_as_no_answer_after_three_days(house: House) -> None:
    code, _ = solved(house, "silent")
    early = house.by("dispatcher").post(f"/issues/{code}/actions", json={"action": "close", "no_answer": True})
    assert early.status_code == 409
    with house.database.session() as session:
        assert close_silent(session, NOW + timedelta(days=2, hours=23)) == ()
    with house.database.session() as session:
        assert close_silent(session, NOW + timedelta(days=3)) != ()
    found = house.by("dispatcher").get(f"/issues/{code}").json()
    assert (found["status"], found["closed_as"], found["satisfaction"]) == ("closed", "no_answer", None)


def test_one_alarm_is_one_issue_until_it_recovers(house: House) -> None:
    program = house.by("dispatcher")

    def hear(state: str, **said: Any) -> dict[str, Any]:
        answer = program.post("/alarms", json={"sensor": "S-1", "state": state, **said})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    assert hear("recovered") == {"issue": None, "new": False, "times": 0}
    first = hear("alarm", facility="PUMP", text="no flow")
    assert (first["new"], first["times"]) == (True, 1)
    assert hear("alarm", facility="PUMP") == {"issue": first["issue"], "new": False, "times": 2}
    act(house, first["issue"], "resolve")
    act(house, first["issue"], "close")
    assert hear("alarm")["issue"] == first["issue"]
    found = program.get(f"/issues/{first['issue']}").json()
    assert (found["status"], found["kind"], found["facility"], found["source"]) == ("filed", "alarm", "PUMP", "S-1")
    assert hear("recovered") == {"issue": first["issue"], "new": False, "times": 3}
    assert program.get(f"/issues/{first['issue']}").json()["history"][-1]["action"] == "recover"
    assert hear("alarm", facility="PUMP")["new"]


def test_a_sensor_says_where_it_is(house: House) -> None:
    for said in ({}, {"facility": "nothing"}):
        answer = house.by("dispatcher").post("/alarms", json={"sensor": "S-2", "state": "alarm", **said})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "facility"
