"""Days on the estate from start to end, over HTTP, by a clock that is put forward by hand.

Every moment is by the clocks of the estate, in Shanghai; the deadlines are counted by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.sessions import Limits
from gridmap.operations.clock import tick
from gridmap.storage.cluster import Cluster
from tests.api.conftest import STAFF, House, opened
from tests.conftest import fresh_store
from tests.estate import spot

SURE = "13700000000"


def shanghai(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


@dataclass
class Walk:
    """An estate of its own, and what has been told on it so far."""

    house: House
    code: str = ""

    def at(self, month: int, day: int, hour: int = 0, minute: int = 0) -> Walk:
        """It is that moment now; the clock has done what was due by then."""
        self.house.clock.now = shanghai(month, day, hour, minute)
        beats = tick(self.house.database, self.house.clock)
        assert [beat.error for beat in beats] == [None] * len(beats)
        return self

    def report(
        self, category: str, where: tuple[float, float] = (0.5, 0.5), by: str = "dispatcher", **said: Any
    ) -> str:
        self.code = self.house.report(f"{category} {self.house.clock.now}", spot(*where), by, category=category, **said)
        return self.code

    def tried(self, by: str, action: str, **said: Any) -> Any:
        limits: Any = self.house.client.app
        limits.state.office.limits = Limits()
        return self.house.by(by).post(f"/issues/{self.code}/actions", json={"action": action, **said})

    def does(self, by: str, action: str, **said: Any) -> dict[str, Any]:
        answer = self.tried(by, action, **said)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def seen(self, code: str = "", by: str = "dispatcher") -> dict[str, Any]:
        answer = self.house.by(by).get(f"/issues/{code or self.code}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def due(self, code: str = "") -> dict[str, datetime]:
        """When what is due, as it is shown."""
        return {stamp: datetime.fromisoformat(each["due_at"]) for stamp, each in self.seen(code)["deadlines"].items()}

    def history(self, code: str = "") -> list[str]:
        return [line["action"] for line in self.seen(code)["history"]]

    def told(self, code: str = "") -> list[tuple[str, str, datetime]]:
        """Who is told what, and not before when, of what was written at this moment."""
        rows = self.house.sql(
            "select m.kind, p.code, m.not_before from message m join person p on p.id = m.person_id "
            "join issue i on i.id = m.issue_id where i.code = :code and m.created_at = :now order by m.id",
            code=code or self.code, now=self.house.clock.now,
        )  # fmt: skip
        return [tuple(row) for row in rows]

    def person(self, code: str, role: str) -> None:
        """Somebody more, in a post of the whole site since ever."""
        self.house.sql(
            "with made as (insert into person (site_id, code, name) select id, :code, :code from site where code = 'WJ'"
            " returning id, site_id) insert into post (site_id, role, person_id, valid_from) "
            "select site_id, :role, id, '1970-01-01Z' from made",
            code=code, role=role,
        )  # fmt: skip


@pytest.fixture
def walk(cluster: Cluster, estates_template: str, tmp_path: Path) -> Iterator[Walk]:
    with fresh_store(cluster, estates_template) as database, opened(database, tmp_path) as house:
        for name, (role, of) in STAFF.items():
            house.add(name, role, site=None if role == "admin" else "WJ", **of)
        walk = Walk(house)
        for code, role in (("HED", "project_head"), ("ENG", "head_of_engineering"), ("EM1", "emergency_team")):
            walk.person(code, role)
        yield walk


def test_a_burst_pipe_at_three_in_the_night_of_a_holiday(walk: Walk) -> None:
    walk.at(5, 1, 3)
    answer = walk.house.by("dispatcher").post(
        "/issues?lang=en",
        json=dict(zip(("lon", "lat"), spot(0.5, 0.5), strict=True))
        | {"category": "burst_main", "text": "water in the lobby", "reporter": {"name": "Li", "phone": SURE}},
    )
    walk.code = answer.json()["code"]
    assert (answer.status_code, answer.json()["status"], answer.json()["handler"]["person"]["code"]) == (
        201, "dispatched", "TOM",
    )  # fmt: skip
    assert answer.json()["call"]["body"] == "water company"
    assert walk.due() == {
        "on_site": shanghai(5, 1, 3, 15), "under_control": shanghai(5, 1, 5), "resolved": shanghai(5, 2, 3),
    }  # fmt: skip
    told = walk.told()
    assert sorted(who for kind, who, _ in told if kind == "emergency") == [
        "EM1", "GUS", "HED", "P-Z1", "P-Z1-C1", "P-Z1-C1-1", "TOM",
    ]  # fmt: skip
    assert [(kind, who) for kind, who, _ in told if kind != "emergency"] == [("dispatched", "TOM")]
    assert {when for _, _, when in told} == {shanghai(5, 1, 3)}  # nobody sleeps through it

    walk.at(5, 1, 3, 2).does("technician", "accept")
    walk.at(5, 1, 3, 10).does("technician", "arrive")
    walk.does("technician", "answer", note="I am shutting the valve")
    walk.at(5, 1, 3, 50).does("technician", "control", note="shut")
    walk.at(5, 1, 9, 40).does("technician", "resolve", note="a new joint")
    assert walk.told() == [("resolved", "P-Z1-C1-1", shanghai(5, 1, 9, 40))]
    assert walk.at(5, 1, 10).does("in_person", "check", passed=True)["status"] == "checked"
    walk.at(5, 1, 11).does("dispatcher", "follow_up", via="phone", satisfaction=5, words="so fast")
    closed = walk.does("dispatcher", "close")
    assert (closed["status"], closed["closed_as"], closed["overdue"]) == ("closed", "solved", False)
    assert walk.history() == [
        "report", "dispatch", "accept", "arrive", "answer", "control", "resolve", "check", "follow_up", "close",
    ]  # fmt: skip
    assert walk.at(5, 5, 12).history()[-1] == "close"  # no limit was near, none climbs


def test_a_cleaning_item_that_fails_twice_when_it_is_looked_at_again(walk: Walk) -> None:
    """The grid owner and the environment officer look together; the contractor does it again until it is clean."""
    walk.house.add("cleaning_owner", "grid_owner", person="P-Z2-C2-1")
    walk.at(5, 13, 9, 30)

    def looks(**said: Any) -> dict[str, Any]:
        form = {"uid": str(walk.house.clock.now), "subject": 11, "at": walk.house.clock.now.isoformat(),
                "building": "H-Z2-C2-1", **said}  # fmt: skip
        answer = walk.house.by("cleaning_owner").post("/inspections", json=form)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    looks(answers={"stairs": False, "glass": True})
    (failure,) = walk.house.by("cleaning_owner").get("/failures").json()
    walk.code = failure["issue"]
    first = walk.seen()
    assert (first["category"], first["kind"], first["status"]) == ("dirty_interior", "inspection", "reported")
    # Cleaners work from seven to eleven and from one to six: there within an hour, clean the same day.
    assert walk.due() == {"on_site": shanghai(5, 13, 10, 30), "resolved": shanghai(5, 13, 18)}
    assert walk.does("dispatcher", "dispatch")["handler"]["person"]["code"] == "CON"
    assert walk.told()[-1] == ("dispatched", "CON", shanghai(5, 13, 9, 30))
    walk.does("contractor", "accept")
    walk.at(5, 13, 10).does("contractor", "resolve")

    for day, reworks in ((14, 1), (15, 2)):
        walk.at(5, day, 9)
        looks(kind="joint", joint_with="EVE", rechecks=[{"failure": failure["failure"], "passed": False}])
        again = walk.seen()
        assert (again["status"], again["reworks"], again["resolved_at"]) == ("in_progress", reworks, None)
        assert again["handler"]["person"]["code"] == "CON"
        assert ("rework", "CON", shanghai(5, day, 9)) in walk.told()
        assert walk.due()["resolved"] == shanghai(5, 13, 18)  # doing it again takes no new day
        walk.at(5, day, 10).does("contractor", "resolve")
        assert walk.seen()["overdue"]

    walk.at(5, 18, 9)
    looks(kind="joint", joint_with="EVE", rechecks=[{"failure": failure["failure"], "passed": True}])
    assert walk.seen()["status"] == "checked"
    assert walk.does("dispatcher", "close")["closed_as"] == "solved"
    assert walk.house.by("cleaning_owner").get("/failures").json() == []
    done = [action for action in walk.history() if action not in ("warn", "escalate")]
    assert done == [
        "report", "dispatch", "accept", "resolve", "check", "resolve", "check", "resolve", "check", "close",
    ]  # fmt: skip


def test_a_resident_who_reopens_it_three_times_and_then_says_nothing(walk: Walk) -> None:
    walk.at(5, 13, 10)
    walk.report("lamp", by="resident", text="the lamp at the door")
    walk.does("dispatcher", "answer", note="somebody comes today")
    begins = [(13, 10)]
    for day in (14, 16, 18):
        assert walk.due()["resolved"] == shanghai(5, begins[-1][0] + 1, begins[-1][1])
        walk.does("dispatcher", "dispatch", to="TOM")
        walk.does("technician", "accept")
        walk.does("technician", "resolve", note="a new bulb")
        walk.at(5, day, 9)
        again = walk.does("resident", "follow_up", via="page", satisfaction=1, words="dark again")
        assert (again["status"], again["reopens"], again["handler"]) == ("filed", len(begins), None)
        assert [(kind, who) for kind, who, _ in walk.told()] == [
            ("reopened", "TOM"), ("reopened", "P-Z1-C1-1"), ("to_dispatch", "P-Z1"),
        ]  # fmt: skip
        begins.append((day, 9))
    walk.does("dispatcher", "dispatch", to="TOM")
    walk.does("technician", "accept")
    walk.at(5, 18, 11).does("technician", "resolve", note="a new cable")
    walk.does("supervisor", "check", passed=True)
    assert walk.tried("dispatcher", "close").status_code == 409
    assert walk.at(5, 21, 10, 59).seen()["status"] == "checked"
    closed = walk.at(5, 21, 11).seen()
    assert (closed["status"], closed["closed_as"], closed["satisfaction"], closed["reopens"]) == (
        "closed", "no_answer", 1, 3,
    )  # fmt: skip
    once = ["dispatch", "accept", "resolve"]
    assert walk.history() == ["report", "answer", *3 * [*once, "follow_up", "reopen"], *once, "check", "close"]
    assert "dark again" not in walk.house.by("resident").get(f"/issues/{walk.code}").text


def test_a_grid_owner_on_leave(walk: Walk) -> None:
    walk.house.sql(
        "insert into leave (person_id, starts, ends) select p.id, :starts, :ends from person p "
        "join site s on s.id = p.site_id where p.code = 'P-Z1-C1-1' and s.code = 'WJ'",
        starts=shanghai(5, 11), ends=shanghai(5, 18),
    )  # fmt: skip
    walk.house.add("deputy", "grid_owner", grid="Z1-C1-1", person="DEP")
    walk.at(5, 13, 19)
    walk.report("noise")
    first = walk.seen()
    assert first["owner"]["person"]["code"] == "DEP"
    assert "deputy" in [reason["rule"] for reason in first["reasons"]]
    sent = walk.does("dispatcher", "dispatch")
    assert (sent["handler"]["person"]["code"], sent["handler"]["role"]) == ("DEP", "grid_owner")
    assert walk.told()[-1] == ("dispatched", "DEP", shanghai(5, 14, 8))  # when the office opens
    assert walk.code in [each["code"] for each in walk.house.by("deputy").get("/work").json()]
    assert walk.code not in [each["code"] for each in walk.house.by("in_person").get("/work").json()]
    walk.at(5, 14, 9).does("deputy", "accept")
    walk.does("deputy", "resolve", note="I have talked to them")
    assert walk.due() == {"first_answer": shanghai(5, 15), "resolved": shanghai(5, 21)}

    walk.at(5, 18, 9)  # he is back
    later = walk.report("noise")
    assert walk.does("dispatcher", "dispatch")["handler"]["person"]["code"] == "P-Z1-C1-1"
    assert later in [each["code"] for each in walk.house.by("in_person").get("/work").json()]


def test_a_public_repair_that_goes_over_its_fifteen_days(walk: Walk) -> None:
    """One has a plan and a signature; of the other, a deduction is noted for audit to judge."""
    walk.at(5, 13, 10)
    signed, silent = (walk.report("road", where) for where in ((0.5, 0.5), (1.5, 1.5)))
    for walk.code in (signed, silent):
        assert set(walk.due()) == {"first_answer", "on_site"}
        walk.does("dispatcher", "dispatch", to="TOM")
        assert walk.due()["resolved"] == shanghai(5, 29)  # fifteen days after the order: the end of the 28th
        walk.does("dispatcher", "answer", note="it will take a while")
        walk.does("technician", "accept")
        walk.does("technician", "arrive")
    walk.code = signed
    steps = [{"what": "order stone", "due": "2026-05-20T10:00:00Z"}, {"what": "lay it", "due": "2026-06-05T10:00:00Z"}]
    assert walk.does("technician", "plan", steps=steps)["plan"][1]["what"] == "lay it"
    assert walk.tried("coordinator", "sign").status_code == 403

    walk.at(5, 25, 2, 29)  # three quarters of 374 hours are over at half past two
    assert (walk.told(signed), walk.told(silent)) == ([], [])
    walk.at(5, 25, 2, 30)
    for code in (signed, silent):
        assert walk.told(code) == [("near_limit", "TOM", shanghai(5, 25, 8))]
    walk.at(5, 29, 9)
    assert {(kind, who) for kind, who, _ in walk.told(silent)} == {
        ("over_limit", "TOM"), ("over_limit", "ENG"), ("over_limit", "P-Z1-C1-4"),
    }  # fmt: skip
    assert walk.does("head", "sign", note="the stone comes late")["signed"] is True
    assert walk.at(5, 30, 9).seen()["overdue"]
    noted = walk.house.by("auditor").get("/deductions").json()
    assert [each["issue"] for each in noted] == [silent]
    walk.at(6, 2, 0)  # a quarter of the time beyond
    assert [(kind, who) for kind, who, _ in walk.told(signed)] == [("over_limit", "P-Z1-C1")]
    walk.at(6, 5, 16).does("technician", "resolve", note="laid")
    history = walk.history()
    assert [action for action in history if action not in ("warn", "escalate")] == [
        "report", "dispatch", "answer", "accept", "arrive", "plan", "sign", "resolve",
    ]  # fmt: skip
    assert (history.count("warn"), history.count("escalate")) == (1, 2)
    assert walk.does("supervisor", "check", passed=True)["status"] == "checked"


def test_two_dispatchers_at_once(walk: Walk) -> None:
    walk.house.add("second", "dispatcher")
    walk.at(5, 13, 10)
    walk.report("lift")
    version = walk.seen()["version"]

    def sends(who: str, to: str) -> Any:
        body = {"action": "dispatch", "to": to, "version": version}
        return walk.house.by(who).post(f"/issues/{walk.code}/actions", json=body)

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(sends, ("dispatcher", "second"), ("TOM", "GUS")))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    won, lost = sorted(answers, key=lambda answer: int(answer.status_code))
    handler = won.json()["handler"]["person"]["code"]
    assert (lost.json()["version"], lost.json()["issue"]["handler"]["person"]["code"]) == (version + 1, handler)
    assert "transfer" in lost.json()["allowed"]
    assert [(kind, who) for kind, who, _ in walk.told() if kind == "dispatched"] == [("dispatched", handler)]
    # Who was late looks again, and may still decide otherwise.
    other = {"TOM": "GUS", "GUS": "TOM"}[handler]
    again = walk.does("second", "transfer", to=other, version=lost.json()["version"])
    assert again["handler"]["person"]["code"] == other
    assert walk.history() == ["report", "dispatch", "transfer"]
    assert walk.due() == {
        "first_answer": shanghai(5, 13, 10, 15), "on_site": shanghai(5, 13, 10, 45), "resolved": shanghai(5, 14, 10),
    }  # fmt: skip


def test_a_patrol_that_finds_a_wedged_fire_door(walk: Walk) -> None:
    walk.at(5, 13, 9)
    house, door = walk.house, spot(0.5, 0.7)
    points = [{"code": "door", "name": "the door", "lon": door[0], "lat": door[1]}]
    tokens = house.by("supervisor").post("/checkpoints", json={"checkpoints": points}).json()["tokens"]
    plan = {"code": "daily", "ready": "common_parts_all", "frequency": {"unit": "daily"}, "grids": ["Z1-C1"]}
    assert house.by("supervisor").post("/patrol-plans", json=plan).status_code == 201
    now = house.clock.now.isoformat()
    number = house.by("in_person").get("/rounds/mine").json()[0]["number"]
    scan = {"uid": "d1", "at": now, "method": "qr", "checkpoint": "door", "token": tokens["door"], "round": number,
            "lon": door[0], "lat": door[1], "accuracy_m": 5}  # fmt: skip
    (checked,) = house.by("in_person").post("/check-ins", json={"check_ins": [scan]}).json()["results"]
    assert checked["verdict"] == "accepted"
    form = {"uid": "f1", "subject": 3, "at": now, "building": "H-Z1-C1-1", "round": number,
            "answers": {"fire_door": False, "lights": True}, "notes": {"fire_door": "a wedge"}}  # fmt: skip
    assert house.by("in_person").post("/inspections", json=form).status_code == 201
    (failure,) = house.by("in_person").get("/failures").json()
    walk.code = failure["issue"]

    found = walk.seen()
    assert (found["category"], found["kind"], found["tier3"]) == ("fire_door", "inspection", "Z1-C1-1")
    assert found["owner"]["person"]["code"] == "GUS"  # the guard of that ground
    assert "a wedge" in found["text"]
    assert walk.due() == {"on_site": shanghai(5, 13, 13), "resolved": shanghai(5, 14, 9)}
    assert walk.told() == [("to_dispatch", "P-Z1", shanghai(5, 13, 9))]
    sent = walk.at(5, 13, 9, 5).does("dispatcher", "dispatch")
    assert sent["handler"]["person"]["code"] == "GUS"  # no technician of security is there
    house.add("guard", "technician", person="GUS")
    walk.does("guard", "accept")
    walk.at(5, 13, 9, 30).does("guard", "resolve", note="the wedge is gone")
    assert walk.does("supervisor", "check", passed=True)["status"] == "checked"
    assert walk.does("supervisor", "close")["closed_as"] == "solved"  # nobody is there to be asked
    assert walk.history() == ["report", "dispatch", "accept", "resolve", "check", "close"]


def test_a_storm_over_two_grids(walk: Walk) -> None:
    walk.at(5, 13, 10)
    here, there, dry = (walk.report("lamp", where) for where in ((0.5, 0.5), (2.5, 0.5), (1.5, 1.5)))
    burst = walk.report("burst_main", (0.6, 0.6))
    plain = {"first_answer": shanghai(5, 13, 10, 30), "on_site": shanghai(5, 13, 14), "resolved": shanghai(5, 14, 10)}
    # One and a half times as long: 45 minutes and 6 hours of work, 36 hours by the clock.
    longer = {"first_answer": shanghai(5, 13, 10, 45), "on_site": shanghai(5, 13, 16), "resolved": shanghai(5, 14, 22)}
    assert [walk.due(code) for code in (here, there, dry)] == [plain] * 3
    emergency = walk.due(burst)

    walk.at(5, 13, 10, 20)
    storm = {"kind": "storm", "grids": ["Z1-C1-1", "Z1-C2-1"], "note": "red"}
    declared = walk.house.by("coordinator").post("/warnings?site=WJ", json=storm)
    assert declared.status_code == 201, declared.text
    assert [walk.due(code) for code in (here, there, dry)] == [longer, longer, plain]
    assert walk.due(burst) == emergency  # no weather makes that wait
    line = walk.seen(here)["history"][-1]
    assert (line["action"], line["role"], line["data"]["why"]) == ("deadline", "coordinator", "warning")
    assert {
        stamp: [datetime.fromisoformat(each) for each in both] for stamp, both in line["data"]["deadlines"].items()
    } == {stamp: [plain[stamp], longer[stamp]] for stamp in plain}
    assert walk.history(dry) == ["report"]
    walk.code = here
    walk.does("dispatcher", "dispatch", to="TOM")
    assert walk.told() == [("dispatched", "TOM", shanghai(5, 13, 10, 20))]

    walk.at(5, 13, 12)
    ended = {**storm, "starts": shanghai(5, 13, 10, 20).isoformat(), "ends": shanghai(5, 13, 12).isoformat()}
    number = declared.json()["number"]
    assert walk.house.by("coordinator")("PUT", f"/warnings/{number}?site=WJ", json=ended).status_code == 200
    assert walk.due(here) == longer  # it was in force while they ran
    after = walk.at(5, 13, 13).report("lamp")
    assert walk.due(after) == {
        "first_answer": shanghai(5, 13, 13, 30), "on_site": shanghai(5, 13, 17), "resolved": shanghai(5, 14, 13),
    }  # fmt: skip
