"""The day of whoever works on the ground, and how one comes to its page."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gridmap.operations import accounts
from tests.api.conftest import NOW, House
from tests.estate import spot
from tests.pictures import small_picture

BROWSER = {"Accept": "text/html,application/xhtml+xml"}
PASSWORD = "correct horse battery"


def test_browsers_are_shown_a_page_and_programs_a_list(house: House) -> None:
    page = house.by("in_person").get("/work?lang=en", headers=BROWSER)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<h1>My day</h1>" in page.text
    assert "script-src 'self';" in page.headers["content-security-policy"]
    assert house.by("in_person").get("/work").json() == []


def test_who_is_not_signed_in_is_led_there_and_back(house: House) -> None:
    led = house.by("nobody").get("/work", headers=BROWSER)
    assert (led.status_code, led.headers["location"]) == (303, "/sign-in?next=/work")
    assert 'name="next" value="/work"' in house.by("nobody").get("/sign-in?next=/work").text
    with house.database.session() as session:
        accounts.set_password(session, accounts.known(session, "in_person"), PASSWORD, NOW)
    wrong = house.by("nobody").post("/sign-in", data={"name": "in_person", "password": "no", "next": "/work"})
    assert 'name="next" value="/work"' in wrong.text
    right = house.by("nobody").post("/sign-in", data={"name": "in_person", "password": PASSWORD, "next": "/work"})
    house.client.cookies.clear()
    assert (right.status_code, right.headers["location"]) == (303, "/work")


@pytest.mark.parametrize(
    "elsewhere", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/x\n", "work"]
)
def test_nobody_is_sent_elsewhere_by_a_link_to_the_page_where_people_sign_in(house: House, elsewhere: str) -> None:
    said = house.by("nobody").get("/sign-in", params={"next": elsewhere})
    assert 'name="next"' not in said.text


def test_a_day_holds_what_waits_with_what_may_be_done(house: House) -> None:
    code = house.report("day", spot(0.5, 0.5), category="noise")
    house.by("dispatcher").post(f"/issues/{code}/actions", json={"action": "dispatch", "to": "P-Z1-C1-1"})
    day = house.by("in_person").get("/work/day").json()
    (issue,) = [each for each in day["issues"] if each["code"] == code]
    shown = house.by("in_person").get(f"/issues/{code}").json()
    assert issue["allowed"] == shown["allowed"]
    assert "accept" in issue["allowed"]
    assert (day["shift"], day["rounds"]) == (None, [])
    assert code not in str(house.by("contractor").get("/work/day").json())


def test_a_shift_begins_ends_and_ends_by_itself(house: House) -> None:
    tom = house.by("technician")
    begun = tom.post("/work/shift", json={"on": True}).json()["shift"]
    assert tom.post("/work/shift", json={"on": True}).json()["shift"] == begun
    house.clock.now = NOW + timedelta(hours=9)
    assert tom.get("/work/day").json()["shift"] is None
    later = tom.post("/work/shift", json={"on": True}).json()["shift"]
    assert later["since"] > begun["until"]
    house.clock.now += timedelta(hours=1)
    assert tom.post("/work/shift", json={"on": False}).json()["shift"] is None
    house.clock.now = NOW


def test_a_shift_that_was_planned_is_not_run_over(house: House) -> None:
    house.sql(
        "insert into shift (person_id, starts, ends) select id, :starts, :ends from person "
        "where code = 'CON' and site_id = (select id from site where code = 'WJ')",
        starts=NOW + timedelta(hours=3), ends=NOW + timedelta(hours=9),
    )  # fmt: skip
    begun = house.by("contractor").post("/work/shift", json={"on": True}).json()["shift"]
    assert begun["until"].startswith("2026-05-01T11:00")


def test_a_photo_for_a_check_in_is_drawn_anew_and_sent_twice_is_one(house: House) -> None:
    files = {"file": ("a.jpg", small_picture("JPEG", "plum"), "image/jpeg")}
    first = house.by("technician").post("/work/photos", files=files)
    assert first.status_code == 201
    assert house.by("technician").post("/work/photos", files=files).json() == first.json()
    assert house.by("dispatcher").get(f"/photos/{first.json()['id']}").status_code == 404
    refused = house.by("technician").post("/work/photos", files={"file": ("a.jpg", b"no picture", "image/jpeg")})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "file")
