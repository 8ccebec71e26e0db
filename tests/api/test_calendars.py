"""How a site counts time, over HTTP: days, hours, limits and warnings, and what they do to issues that run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gridmap.storage.cluster import Cluster
from tests.api.conftest import House, opened
from tests.conftest import fresh_store
from tests.estate import spot

WEDNESDAY = datetime(2026, 5, 13, 2, tzinfo=UTC)  # ten in the morning there


@pytest.fixture
def here(cluster: Cluster, estates_template: str, tmp_path: Any) -> Iterator[House]:
    """The service with a head, a coordinator of one zone, a dispatcher and a resident, on a Wednesday."""
    with fresh_store(cluster, estates_template) as database, opened(database, tmp_path) as house:
        house.clock.now = WEDNESDAY
        house.add("head", "head")
        house.add("coordinator", "coordinator", grid="Z1")
        house.add("dispatcher", "dispatcher")
        house.add("resident", "resident")
        yield house


def due(house: House, name: str) -> dict[str, str]:
    said = house.by("dispatcher").get(f"/issues/{house.issues[name]}").json()
    return {stamp: deadline["due_at"] for stamp, deadline in said["deadlines"].items()}


def moment(said: str) -> datetime:
    return datetime.fromisoformat(said).astimezone(UTC)


def test_a_day_off_moves_deadlines_and_the_day_is_shown_to_everybody(here: House) -> None:
    here.report("asked", spot(0.5, 0.5), category="fees")
    before = due(here, "asked")
    answer = here.by("head")("PUT", "/calendar/2026-05-14", json={"windows": [], "name": "司慶"})
    assert answer.json() == {"day": "2026-05-14", "windows": [], "moved": 1}
    after = due(here, "asked")
    assert after["first_answer"] == before["first_answer"]
    assert moment(after["resolved"]) > moment(before["resolved"])
    year = here.by("resident").get("/calendar?year=2026&hours=office").json()
    assert {"day": "2026-05-14", "windows": [], "because": "own", "name": "司慶"} in year["days"]
    assert here.by("head")("DELETE", "/calendar/2026-05-14").json() == {"day": "2026-05-14", "moved": 1}
    assert due(here, "asked") == before
    assert here.by("head")("DELETE", "/calendar/2026-05-14").status_code == 404


def test_each_time_the_history_says_why(here: House) -> None:
    here.report("asked", spot(0.5, 0.5), category="fees")
    here.by("head")("PUT", "/calendar/2026-05-14", json={"windows": []})
    history = here.by("dispatcher").get(f"/issues/{here.issues['asked']}").json()["history"]
    (line,) = [line for line in history if line["action"] == "deadline"]
    assert line["data"]["why"] == "calendar"
    assert [len(change) for change in line["data"]["deadlines"].values()] == [2]


def test_a_year_is_told_in_the_language_of_who_asks_and_is_this_one_if_none_is_said(here: House) -> None:
    year = here.by("resident").get("/calendar?lang=zh-Hans").json()
    names = {day["day"]: day["name"] for day in year["days"]}
    assert (year["year"], year["provisional"], year["country"]) == (2026, False, "CN")
    assert names["2026-10-01"] == "国庆节"
    assert here.by("resident").get("/calendar?year=2190").json()["provisional"] is True
    assert here.by("resident").get("/calendar?year=1066").status_code == 422


def test_hours_and_limits_of_the_site_come_before_those_of_the_trade(here: House) -> None:
    here.report("lamp", spot(0.5, 0.5), category="lamp")
    own = [{"stamp": "resolved", "after": "2 h", "categories": ["lamp"]}]
    assert here.by("head")("PUT", "/limits", json={"limits": own}).json() == {"moved": 1}
    assert moment(due(here, "lamp")["resolved"]) == WEDNESDAY + timedelta(hours=2)
    assert here.by("resident").get("/limits").json()[0]["own"] is True
    late = {"hours": {"late": {"week": {"mon-sun": ["14:00-22:00"]}}}, "roles": {"technician": "late"}}
    assert here.by("head")("PUT", "/hours", json=late).json() == {"moved": 1}
    assert here.by("resident").get("/hours").json()["roles"]["technician"] == "late"
    assert moment(due(here, "lamp")["on_site"]) == WEDNESDAY + timedelta(hours=8)


@pytest.mark.parametrize(
    ("method", "path", "said", "words"),
    [
        ("PUT", "/limits", {"limits": [{"stamp": "resolved", "after": "soon"}]}, "limit 1, after: 'soon'"),
        ("PUT", "/limits", {"limits": [{"stamp": [], "after": {}}]}, "limit 1, stamp"),
        ("PUT", "/hours", {"roles": {"king": "office"}}, "no role is called 'king'"),
        ("PUT", "/hours", {"hours": {"\x00": {"week": {"mon": ["08:00-09:00"]}}}}, "call them by up to 40"),
        ("PUT", "/calendar/2026-02-30", {"windows": []}, "is no day"),
        ("PUT", "/calendar/0001-01-01", {"windows": []}, "out of the years"),
        ("PUT", "/calendar/2026-05-14", {"windows": ["10:00-09:00"]}, "ends before it begins"),
        ("PUT", "/calendar/2026-05-14", {"windows": [], "hours": "siesta"}, "no hours are called"),
        ("POST", "/warnings", {"kind": "drizzle"}, "is none of storm"),
        ("POST", "/warnings", {"kind": "storm", "grids": ["Z9"]}, "has no grid Z9"),
        ("POST", "/warnings", {"kind": "storm", "ends": "2026-05-01T00:00:00Z"}, "ends after it has begun"),
        ("POST", "/warnings", {"kind": "storm", "factor": 11}, "less than or equal to 10"),
    ],
)
def test_what_makes_no_sense_is_told_by_its_name(
    here: House, method: str, path: str, said: dict[str, Any], words: str
) -> None:
    answer = here.by("head")(method, path, json=said)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]


def test_a_storm_over_one_zone_gives_its_issues_more_time(here: House) -> None:
    here.report("inside", spot(0.5, 0.5), category="lift")
    here.report("outside", spot(0.5, 2.5), category="lift")
    before = due(here, "outside")
    said = {"kind": "storm", "factor": 2.0, "stamps": ["resolved"]}
    declared = here.by("coordinator").post("/warnings", json=said)
    assert declared.status_code == 201
    assert (declared.json()["grids"], declared.json()["moved"]) == (["Z1"], 1)
    assert declared.headers["Location"] == f"/warnings/{declared.json()['number']}"
    assert moment(due(here, "inside")["resolved"]) == WEDNESDAY + timedelta(hours=48)
    assert due(here, "outside") == before
    assert [row["in_force"] for row in here.by("resident").get("/warnings").json()] == [True]


def test_a_warning_is_changed_and_ended_by_whoever_directs_its_ground(here: House) -> None:
    whole = here.by("dispatcher").post("/warnings", json={"kind": "flood"}).json()["number"]
    assert here.by("coordinator")("DELETE", f"/warnings/{whole}").status_code == 403
    changed = here.by("dispatcher")("PUT", f"/warnings/{whole}", json={"kind": "flood", "grids": ["Z2"]})
    assert changed.json()["grids"] == ["Z2"]
    here.clock.now += timedelta(hours=1)
    assert here.by("dispatcher")("DELETE", f"/warnings/{whole}").json() == {"number": whole, "moved": 0}
    assert here.by("resident").get("/warnings").json() == []
    assert [row["kind"] for row in here.by("resident").get("/warnings?which=all").json()] == ["flood"]


def test_whoever_directs_a_part_does_not_set_the_time_of_all(here: House) -> None:
    answer = here.by("coordinator")("PUT", "/calendar/2026-05-14", json={"windows": []})
    assert answer.status_code == 403
    assert "whole site" in answer.json()["detail"]
