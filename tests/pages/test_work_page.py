"""A day on the ground, on a phone: what waits, what is walked, and what is done without a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from api import sessions
from gridmap.operations import accounts
from tests.api.conftest import NOW
from tests.estate import spot
from tests.pages.conftest import PHONE, Served
from tests.pictures import small_picture

Screens = Callable[..., Tab]
HERE = {"longitude": spot(0.5, 0.5)[0], "latitude": spot(0.5, 0.5)[1], "accuracy": 5}


@pytest.fixture(scope="module", autouse=True)
def _rounds(house: Served) -> None:
    """A round of every day past a door and a gate, which wants a photo."""
    lon, lat = spot(0.5, 0.5)
    points = [
        {"code": "door", "name": "the door", "lon": lon, "lat": lat},
        {"code": "gate", "name": "the gate", "lon": lon, "lat": lat, "photo": True},
    ]
    made = house.by("supervisor").post("/checkpoints", json={"checkpoints": points})
    assert made.status_code == 201, made.text
    plan = {"code": "daily", "ready": "common_parts_all", "frequency": {"unit": "daily"}, "grids": ["Z1-C1-1"]}
    assert house.by("supervisor").post("/patrol-plans", json=plan).status_code == 201


@pytest.fixture(autouse=True)
def _anew(house: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing waits from the test before, and many come in within a minute."""
    monkeypatch.setattr(sessions, "ATTEMPTS_A_MINUTE", 1_000)
    yield
    house.clock.now = NOW
    codes = [each["code"] for each in house.by("dispatcher").get("/issues?open=true").json()["issues"]]
    for code in codes:
        house.by("dispatcher").post(f"/issues/{code}/actions", json={"action": "void", "note": "over"})


def opened(house: Served, screens: Screens, account: str = "in_person", **how: Any) -> Tab:
    page = screens(**{**PHONE, **how})
    page.request.post(house.link(account), max_redirects=0)
    page.goto(f"{house.address}/work")
    page.wait_for_selector("#list[data-ready]")
    return page


def given(house: Served, name: str, **said: Any) -> str:
    """An issue that the grid owner has in hand."""
    code = house.report(name, spot(0.5, 0.5), **{"category": "noise", "text": "loud music", **said})
    done = house.by("dispatcher").post(f"/issues/{code}/actions", json={"action": "dispatch", "to": "P-Z1-C1-1"})
    assert done.status_code == 200, done.text
    return code


def issue(house: Served, code: str) -> dict[str, Any]:
    return dict(house.by("dispatcher").get(f"/issues/{code}").json())


def task(page: Tab, code: str) -> Any:
    return page.locator(f".task[data-code='{code}']")


def quiet(complaints: list[str], *parts: str) -> None:
    complaints[:] = [each for each in complaints if not any(part in each for part in parts)]


# ---------------------------------------------------------------- coming in


def test_who_is_not_signed_in_comes_back_here_afterwards(house: Served, screens: Screens) -> None:
    with house.database.session() as session:
        account = accounts.known(session, "in_person")
        accounts.set_password(session, account, "correct horse battery", NOW)
    page = screens(**PHONE)
    page.goto(f"{house.address}/work")
    page.fill("#name", "in_person")
    page.fill("#password", "correct horse battery")
    page.locator("form button").tap()
    page.wait_for_selector("#list[data-ready]")
    assert page.url == f"{house.address}/work"


# ---------------------------------------------------------------- what waits


def test_what_waits_stands_by_its_deadline_with_a_running_clock(house: Served, screens: Screens) -> None:
    slow, quick = given(house, "slow"), given(house, "quick", category="theft")
    page = opened(house, screens, geolocation=HERE, permissions=["geolocation"])
    expect(page.locator(".task")).to_have_count(2)
    assert page.locator(".task").first.get_attribute("data-code") == quick
    expect(task(page, slow).locator(".clock")).to_contain_text("余")
    page.locator("#near").tap()
    expect(task(page, slow)).to_contain_text("距 0 米")
    assert str(task(page, slow).locator("a[href^='geo:']").get_attribute("href")).startswith("geo:31.25")


def test_one_thumb_takes_it_on_and_puts_it_right_with_a_photo(house: Served, screens: Screens, tmp_path: Path) -> None:
    code = given(house, "thumb", reporter={"name": "Li", "phone": "139 0000 0099"})
    page = opened(house, screens)
    task(page, code).locator("[data-action=accept]").tap()
    task(page, code).locator("[data-action=start]").tap()
    task(page, code).get_by_role("button", name="更多").tap()
    expect(task(page, code).locator("a[href='tel:13900000099']")).to_have_text("致电Li")
    task(page, code).locator("[data-action=resolve]").tap()
    (tmp_path / "after.jpg").write_bytes(small_picture("JPEG"))
    task(page, code).locator("input[type=file]").set_input_files(tmp_path / "after.jpg")
    expect(task(page, code).locator(".photos img")).to_have_count(1)
    task(page, code).locator("textarea").fill("turned down")
    task(page, code).locator("button.first").tap()
    expect(page.locator("#toast")).to_have_text("已完成：办结")
    found = issue(house, code)
    assert (found["status"], found["history"][-1]["note"]) == ("resolved", "turned down")
    assert [photo["sort"] for photo in found["photos"]] == ["after"]


def test_what_is_not_his_is_handed_back_with_a_reason(house: Served, screens: Screens) -> None:
    code = given(house, "back")
    page = opened(house, screens)
    task(page, code).get_by_role("button", name="更多").tap()
    task(page, code).locator("[data-action=return]").tap()
    task(page, code).locator("button.first").tap()
    expect(task(page, code).locator("[role=alert]")).to_have_text("请填写说明。")
    task(page, code).locator("textarea").fill("<img src=x onerror=alert(1)>")
    task(page, code).locator("button.first").tap()
    expect(page.locator("#toast")).to_have_text("已完成：退单")
    assert issue(house, code)["status"] == "filed"


# ---------------------------------------------------------------- without a network


def test_what_is_done_without_a_network_is_sent_once_and_in_its_order(
    house: Served, screens: Screens, complaints: list[str]
) -> None:
    code = given(house, "tunnel")
    page = opened(house, screens)
    page.context.set_offline(True)
    task(page, code).locator("[data-action=accept]").tap()
    task(page, code).locator("[data-action=start]").tap()
    expect(page.locator("#network")).to_have_text("2 件待联网后提交")
    assert issue(house, code)["status"] == "dispatched"
    page.context.set_offline(False)
    expect(page.locator("#network")).to_be_hidden()
    found = issue(house, code)
    assert found["status"] == "in_progress"
    assert [line["action"] for line in found["history"]].count("accept") == 1
    quiet(complaints, "ERR_INTERNET_DISCONNECTED")


def test_a_conflict_is_shown_and_what_was_done_is_not_lost(
    house: Served, screens: Screens, complaints: list[str]
) -> None:
    code = given(house, "conflict")
    page = opened(house, screens)
    page.context.set_offline(True)
    task(page, code).locator("[data-action=accept]").tap()
    expect(page.locator("#network")).to_have_text("1 件待联网后提交")
    house.by("dispatcher").post(f"/issues/{code}/actions", json={"action": "answer", "note": "on the way"})
    page.context.set_offline(False)
    expect(page.locator(".refusal")).to_contain_text(code)
    assert issue(house, code)["status"] == "dispatched"
    page.locator(".refusal").get_by_role("button", name="仍要提交").tap()
    expect(page.locator(".refusal")).to_have_count(0)
    assert issue(house, code)["status"] == "accepted"
    quiet(complaints, "ERR_INTERNET_DISCONNECTED", "409")


# ---------------------------------------------------------------- the patrol


def test_he_walks_his_round_and_checks_in_where_he_is(house: Served, screens: Screens, tmp_path: Path) -> None:
    page = opened(house, screens, geolocation=HERE, permissions=["geolocation"])
    page.locator("#tab-patrol").tap()
    expect(page.locator(".stop")).to_have_count(2)
    page.locator(".stop", has_text="the door").get_by_role("button").tap()
    expect(page.locator("#toast")).to_contain_text("打卡")
    expect(page.locator(".stop", has_text="the door").locator(".ok")).to_be_visible()
    house.clock.now += timedelta(minutes=20)
    (tmp_path / "gate.jpg").write_bytes(small_picture("JPEG", "gray"))
    with page.expect_response(f"{house.address}/check-ins"):
        page.locator(".stop", has_text="the gate").locator("input").set_input_files(tmp_path / "gate.jpg")
    expect(page.locator(".stop .ok")).to_have_count(2)
    number = house.by("in_person").get("/rounds/mine").json()[0]["number"]
    checked = house.by("supervisor").get(f"/rounds/{number}").json()["check_ins"]
    assert {each["checkpoint"]: each["method"] for each in checked} == {"door": "gps", "gate": "gps"}


def test_he_says_that_he_is_on_duty_and_no_longer(house: Served, screens: Screens) -> None:
    page = opened(house, screens, geolocation=HERE, permissions=["geolocation"])
    duty = page.get_by_role("switch")
    duty.tap()
    expect(duty).to_have_attribute("aria-checked", "true")
    assert house.by("in_person").get("/work/day").json()["shift"]["until"].startswith("2026-05-01T16:00")
    duty.tap()
    expect(duty).to_have_attribute("aria-checked", "false")
    assert house.by("in_person").get("/work/day").json()["shift"] is None


# ---------------------------------------------------------------- for everybody


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390])
def test_the_page_is_fit_for_everybody(house: Served, screens: Screens, width: int, scheme: str) -> None:
    codes = [given(house, f"fit{number}", category=name) for number, name in enumerate(("noise", "theft", "lift"))]
    house.clock.now = NOW + timedelta(days=2)
    page = opened(house, screens, viewport={"width": width, "height": 800}, color_scheme=scheme)
    task(page, codes[0]).get_by_role("button", name="更多").tap()
    page.wait_for_selector(".ways")
    assert _violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    task(page, codes[0]).locator("[data-action=return]").tap()
    assert _violations(page) == []
    small = page.evaluate(
        "[...document.querySelectorAll('button, a')].filter(each => each.offsetParent && "
        "(each.offsetHeight < 44 || each.offsetWidth < 44)).map(each => each.outerHTML)"
    )
    assert small == []
    page.locator("#tab-patrol").tap()
    assert _violations(page) == []


def _violations(page: Tab) -> list[tuple[str, list[str]]]:
    found = Axe().run(page).response["violations"]
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]


@pytest.mark.parametrize(("language", "title"), [("zh-Hans", "我的一天"), ("zh-Hant", "我的一天"), ("en", "My day")])
def test_the_page_speaks_three_languages(house: Served, screens: Screens, language: str, title: str) -> None:
    page = opened(house, screens)
    page.locator(f"nav [hreflang={language}]").tap()
    page.wait_for_selector(f"html[lang={language}] #list[data-ready]")
    assert page.title() == title
