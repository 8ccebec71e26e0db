"""The page of residents on a phone: where, what, send; whatever the phone gives, and whatever the network does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from api import sessions, tickets
from gridmap.spatial.coordinates import from_wgs84
from tests.estate import spot
from tests.pages.conftest import PHONE, Served
from tests.pictures import small_picture

Screens = Callable[..., Tab]
THERE = {"longitude": spot(0.5, 0.5)[0], "latitude": spot(0.5, 0.5)[1], "accuracy": 9}
FAR = {"longitude": 121.9, "latitude": 31.25, "accuracy": 9}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test is quicker than people are, and comes more often."""
    monkeypatch.setattr(tickets, "SOONEST_S", 0.0)
    for name in ("LOOKS", "FORM", "FROM_ADDRESS"):
        monkeypatch.setattr(sessions, name, ())


def opened(house: Served, screens: Screens, path: str = "/report?site=WJ", **how: Any) -> Tab:
    page = screens(**{**PHONE, **how})
    page.goto(house.address + path)
    page.wait_for_selector("#form[data-ready]")
    page.wait_for_selector("#map .leaflet-control-zoom")
    return page


def tap_map(page: Tab, across: float = 0.5, down: float = 0.5) -> None:
    box = page.locator("#map").bounding_box()
    assert box
    page.touchscreen.tap(box["x"] + box["width"] * across, box["y"] + box["height"] * down)
    page.wait_for_selector("#place b")


def choose(page: Tab, tile: str = "light", category: str | None = "lamp") -> None:
    page.locator(f"[data-tile={tile}]").tap()
    if category:
        page.locator(f"[data-category={category}]").tap()


def sent(page: Tab) -> str:
    """The code of what was sent."""
    page.locator("#send").tap()
    page.wait_for_selector("#done .mark:not(.waits)")
    return page.locator("#done dt").inner_text().split()[-1]


def issue(house: Served, code: str) -> dict[str, Any]:
    return dict(house.by("dispatcher").get(f"/issues/{code}").json())


# ---------------------------------------------------------------- where


def test_from_a_plate_it_takes_three_taps(house: Served, screens: Screens) -> None:
    """Under thirty seconds, as steps: a picture, a word, send."""
    page = opened(house, screens, "/r/Z1-C1-2?site=WJ")
    expect(page.locator("#place b")).to_have_text("网格 Z1-C1-2")
    page.locator("[data-tile=light]").tap()
    page.locator("[data-category=lamp]").tap()
    expect(page.locator("#told")).to_contain_text("负责")
    code = sent(page)
    assert (issue(house, code)["grid"], issue(house, code)["category"]) == ("Z1-C1-2", "lamp")


def test_the_plate_of_a_facility_knows_what_is_mostly_wrong_with_it(house: Served, screens: Screens) -> None:
    page = opened(house, screens, "/r/LIFT?site=WJ")
    expect(page.locator("[data-category=lift]")).to_have_attribute("aria-pressed", "true")
    assert issue(house, sent(page))["facility"] == "LIFT"


def test_where_the_phone_may_say_so_it_is_where_one_stands(house: Served, screens: Screens) -> None:
    page = opened(house, screens, geolocation=THERE, permissions=["geolocation"])
    expect(page.locator("#place")).to_contain_text("精度约 9 米")
    choose(page)
    found = issue(house, sent(page))
    assert (found["grid"], found["accuracy_m"]) == ("Z1-C1-1", 9)


def test_a_phone_that_counts_in_another_datum_is_understood(house: Served, screens: Screens) -> None:
    lons, lats = from_wgs84([THERE["longitude"]], [THERE["latitude"]], "gcj02")
    said = {"longitude": float(lons[0]), "latitude": float(lats[0]), "accuracy": 9}
    page = opened(house, screens, "/report?site=WJ&datum=gcj02", geolocation=said, permissions=["geolocation"])
    page.wait_for_selector("#place b")
    choose(page)
    found = issue(house, sent(page))
    assert (found["lon"], found["lat"]) == pytest.approx(spot(0.5, 0.5), abs=1e-5)


def test_where_the_phone_may_not_say_it_a_tap_on_the_map_does(house: Served, screens: Screens) -> None:
    page = opened(house, screens)
    page.locator("#locate").tap()
    expect(page.locator("#place")).to_have_text("手机未授权定位：请在地图上点选位置。")
    tap_map(page, 0.62, 0.62)
    choose(page)
    assert issue(house, sent(page))["position"] == "inside"


def test_the_pin_is_dragged_to_where_it_should_be(house: Served, screens: Screens) -> None:
    page = opened(house, screens, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=False)
    tap_map(page, 0.5, 0.4)
    before = page.locator("#place b").inner_text()
    box = page.locator(".pin").bounding_box()
    assert box
    page.mouse.move(box["x"] + 22, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 82, box["y"] + 80, steps=5)
    page.mouse.up()
    expect(page.locator("#place b")).not_to_have_text(before)


def test_outside_the_right_channel_is_told_and_nothing_can_be_sent(house: Served, screens: Screens) -> None:
    page = opened(house, screens, geolocation=FAR, permissions=["geolocation"])
    expect(page.locator("#told .call")).to_have_attribute("href", "tel:12345")
    expect(page.locator("#send")).to_be_disabled()


def test_without_https_the_page_says_why_there_is_no_position(house: Served, screens: Screens) -> None:
    page = screens(**PHONE)
    page.add_init_script("Object.defineProperty(window, 'isSecureContext', { value: false })")
    page.goto(f"{house.address}/report?site=WJ")
    page.wait_for_selector("#form[data-ready]")
    page.locator("#locate").tap()
    expect(page.locator("#place")).to_contain_text("不是 https")


# ---------------------------------------------------------------- what, and more


def test_what_is_missing_is_said_in_turn(house: Served, screens: Screens) -> None:
    page = opened(house, screens)
    for complaint, then in (
        ("请先选择位置。", lambda: tap_map(page)),
        ("请先选择问题类型。", lambda: page.locator("[data-tile=other]").tap()),
        ("请用文字说明是什么问题。", lambda: page.fill("#text", "<b>长椅</b>坏了")),
    ):
        page.locator("#send").tap()
        expect(page.locator("#complaint")).to_have_text(complaint)
        then()
    assert issue(house, sent(page))["text"] == "<b>长椅</b>坏了"


def test_whom_to_call_stands_above_everything_where_life_is_at_risk(house: Served, screens: Screens) -> None:
    page = opened(house, screens, "/report?g=Z1-C1-1&site=WJ")
    choose(page, "fire", "fire")
    expect(page.locator("#told .call")).to_have_attribute("href", "tel:119")


def test_photos_go_along_without_what_the_camera_wrote(house: Served, screens: Screens, tmp_path: Path) -> None:
    page = opened(house, screens, "/report?g=Z1-C1-1&site=WJ")
    choose(page)
    for name, color in (("a.jpg", "red"), ("b.jpg", "blue")):
        (tmp_path / name).write_bytes(small_picture("JPEG", color, (3000, 900)))
    page.set_input_files("#photo", [tmp_path / "a.jpg", tmp_path / "b.jpg"])
    expect(page.locator("#photos img")).to_have_count(2)
    page.locator("#photos button").first.tap()
    expect(page.locator("#photos img")).to_have_count(1)
    (photo,) = issue(house, sent(page))["photos"]
    assert photo["taken_at"] is None


def test_what_others_reported_is_joined_by_one_more_tap(house: Served, screens: Screens) -> None:
    code = house.report("seen", spot(2.5, 2.5), category="manhole", reporter={"name": "Wang Secret"})
    page = opened(house, screens, "/report?g=Z2-C2-1&site=WJ")
    choose(page, "water", "manhole")
    expect(page.locator("#twins li")).to_have_count(1)
    assert "Secret" not in page.content()
    page.locator(".joins").tap()
    expect(page.locator("#send")).to_have_text("我也遇到，一起上报")
    before = house.count()
    page.locator("#send").tap()
    expect(page.locator("#done h2")).to_contain_text("合并登记")
    assert house.count() == before
    assert len(issue(house, code)["supporters"]) == 1


# ---------------------------------------------------------------- afterwards


def test_the_link_is_shown_copied_remembered_and_leads_to_how_it_stands(house: Served, screens: Screens) -> None:
    page = opened(house, screens, "/report?g=Z1-C1-1&site=WJ", permissions=["clipboard-read", "clipboard-write"])
    choose(page)
    code = sent(page)
    page.get_by_role("button", name="复制链接").tap()
    address = page.locator("#done .address").inner_text()
    assert page.evaluate("navigator.clipboard.readText()") == address
    page.get_by_role("button", name="再报一件").tap()
    page.wait_for_selector("#mine li a")
    page.locator("#mine li a").first.tap()
    page.wait_for_url("**/follow/**")
    assert page.url == address
    assert code in page.content()


def test_a_photo_is_added_by_the_link(house: Served, screens: Screens, tmp_path: Path) -> None:
    page = opened(house, screens, "/report?g=Z1-C1-1&site=WJ")
    choose(page)
    code = sent(page)
    page.locator("#done .action.first").tap()
    (tmp_path / "a.jpg").write_bytes(small_picture("JPEG"))
    page.set_input_files("input[type=file]", tmp_path / "a.jpg")
    with page.expect_navigation(url="**/follow/*"):
        page.locator(".photo button").tap()
    assert len(issue(house, code)["photos"]) == 1


# ---------------------------------------------------------------- without a network


def test_without_a_network_it_is_kept_and_sent_once(
    house: Served, screens: Screens, complaints: list[str], tmp_path: Path
) -> None:
    page = opened(house, screens, "/report?g=Z1-C1-1&site=WJ")
    choose(page)
    (tmp_path / "a.jpg").write_bytes(small_picture("JPEG"))
    page.set_input_files("#photo", tmp_path / "a.jpg")
    expect(page.locator("#photos img")).to_have_count(1)
    before = house.count()
    page.context.set_offline(True)
    page.locator("#send").tap()
    expect(page.locator("#done h2")).to_contain_text("已存在本机")
    expect(page.locator("#network")).to_have_text("1 件待联网后提交")
    assert house.count() == before
    page.context.set_offline(False)
    page.wait_for_selector("#done dt")
    assert house.count() == before + 1
    code = page.locator("#done dt").inner_text().split()[-1]
    assert len(issue(house, code)["photos"]) == 1
    expect(page.locator("#network")).to_be_hidden()
    page.reload()
    page.wait_for_selector("#mine li a")
    assert house.count() == before + 1
    complaints[:] = [each for each in complaints if "ERR_INTERNET_DISCONNECTED" not in each]


def test_what_was_kept_is_sent_at_the_next_visit(house: Served, screens: Screens, complaints: list[str]) -> None:
    page = opened(house, screens, "/report?g=Z1-C1-1&site=WJ")
    choose(page)
    before = house.count()
    page.context.set_offline(True)
    page.locator("#send").tap()
    page.wait_for_selector("#done .mark.waits")
    second = page.context.new_page()
    page.close()
    second.context.set_offline(False)
    second.goto(f"{house.address}/report?site=WJ")
    second.wait_for_selector("#mine li a")
    assert house.count() == before + 1
    complaints[:] = [each for each in complaints if "ERR_INTERNET_DISCONNECTED" not in each]


def test_the_page_opens_without_a_network_once_it_has_been_seen(
    house: Served, screens: Screens, complaints: list[str]
) -> None:
    page = opened(house, screens)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()
    page.wait_for_selector("#map .leaflet-control-zoom")
    page.evaluate(
        "(async () => { while (!(await (await caches.open('gridmap-report-1')).match('/report?site=WJ')))"
        " await new Promise(settle => setTimeout(settle, 50)); })()"
    )
    page.context.set_offline(True)
    page.reload()
    page.wait_for_selector("#map .leaflet-control-zoom")
    tap_map(page)
    choose(page)
    page.locator("#send").tap()
    expect(page.locator("#done h2")).to_contain_text("已存在本机")
    page.context.set_offline(False)
    page.wait_for_selector("#done dt")
    complaints[:] = [each for each in complaints if "ERR_INTERNET_DISCONNECTED" not in each]


def test_a_form_that_is_too_fresh_or_too_old_is_renewed_without_a_word(
    house: Served, screens: Screens, complaints: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened(house, screens, "/report?g=Z1-C1-1&site=WJ")
    choose(page)
    monkeypatch.setattr(tickets, "LASTS_S", 0.0)
    with page.expect_response(lambda answer: answer.url.startswith(f"{house.address}/report/ticket")):
        page.locator("#send").tap()
        page.wait_for_event("response", lambda answer: answer.status == 422)
        monkeypatch.setattr(tickets, "LASTS_S", 3600.0)
    page.wait_for_selector("#done dt")
    complaints[:] = [each for each in complaints if "422" not in each]


# ---------------------------------------------------------------- for everybody


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390])
def test_the_page_is_fit_for_everybody(house: Served, screens: Screens, width: int, scheme: str) -> None:
    how = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme, "reduced_motion": "reduce"}
    page = opened(house, screens, "/report?g=Z1-C1-1&site=WJ", **how)
    choose(page, "fire", "fire")
    page.wait_for_selector("#told .call")
    assert _violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    small = page.evaluate(
        "[...document.querySelectorAll('button, main a, summary, input:not([type=file]):not(#website)')]"
        ".filter(each => each.offsetParent && (each.offsetHeight < 44 || each.offsetWidth < 44))"
        ".map(each => each.outerHTML)"
    )
    assert small == []
    sent(page)
    assert _violations(page) == []
    page.locator("#done .action.first").tap()
    page.wait_for_url("**/follow/**")
    assert _violations(page) == []


def _violations(page: Tab) -> list[tuple[str, list[str]]]:
    found = Axe().run(page).response["violations"]
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]


@pytest.mark.parametrize(
    ("language", "title", "button"),
    [("zh-Hans", "我要上报", "提交"), ("zh-Hant", "我要上報", "提交"), ("en", "Report something", "Send the report")],
)
def test_the_page_speaks_three_languages_and_remembers_the_one_that_was_chosen(
    house: Served, screens: Screens, language: str, title: str, button: str
) -> None:
    page = opened(house, screens, "/report?g=Z1-C1-1&site=WJ")
    page.locator(f"nav [hreflang={language}]").tap()
    page.wait_for_selector(f"html[lang={language}] #form[data-ready]")
    assert page.title() == title
    expect(page.locator("#send")).to_have_text(button)
    expect(page.locator("#place")).to_contain_text("Z1-C1-1")
    page.goto(f"{house.address}/report?site=WJ")
    assert page.locator("html").get_attribute("lang") == language


def test_all_is_done_by_the_keyboard_alone(house: Served, screens: Screens) -> None:
    page = opened(house, screens, is_mobile=False)
    page.locator("#map").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#place b")
    page.locator("[data-tile=light]").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.locator("[data-category=lamp]")).to_have_attribute("aria-pressed", "true")
    page.locator("#send").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#done dt")
