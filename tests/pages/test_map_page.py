"""The map page of the running service, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page as Tab
from playwright.sync_api import Response, expect

from tests.estate import spot
from tests.pages.conftest import Served

Screens = Callable[..., Tab]

WIDE = {"viewport": {"width": 1280, "height": 800}}
SIZES = {
    "a desk": WIDE,
    "a phone": {"viewport": {"width": 390, "height": 844}},
    "a small phone": {"viewport": {"width": 320, "height": 640}},
}


@pytest.fixture(scope="module", autouse=True)
def _issues(house: Served) -> None:
    house.report("lift", spot(0.5, 0.5), category="lift", text="电梯停在三楼")
    house.report("lamp", spot(1.5, 0.5), category="lamp", text="路灯不亮")
    house.report("fire", spot(2.5, 2.5), category="fire_lane", text="消防通道被堵")
    house.report("theirs", spot(3.5, 3.5), by="resident", category="litter", text="居民自己报的")


def at_the_map(house: Served, page: Tab, account: str = "dispatcher") -> Tab:
    house.sign_in(page, account)
    page.wait_for_selector(".gm-ready")
    return page


def test_who_signs_in_stands_at_the_map_with_what_is_open_on_it(house: Served, page: Tab) -> None:
    at_the_map(house, page)
    expect(page.locator("#gm-list li")).to_have_count(4)
    expect(page.locator(".gm-issue")).to_have_count(4)
    expect(page.locator(".gm-tile.gm-is-open b")).to_have_text("4")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_nobody_is_kept_out_by_how_the_page_is_made(house: Served, screens: Screens, theme: str, size: str) -> None:
    page = at_the_map(house, screens(**SIZES[size], color_scheme=theme, bypass_csp=True))
    page.locator(".gm-filters summary").click()
    found = Axe().run(page)
    told = {each["id"]: [node["html"][:120] for node in each["nodes"][:3]] for each in found.response["violations"]}
    assert told == {}
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_can_be_touched_on_a_phone_is_large_enough(house: Served, screens: Screens) -> None:
    page = at_the_map(house, screens(**SIZES["a phone"], has_touch=True, is_mobile=True))
    small = page.evaluate("""() => [...document.querySelectorAll('button, select, summary, .gm-top a, .gm-issue')]
        .filter(each => each.checkVisibility() && each.getBoundingClientRect().width)
        .filter(each => Math.min(each.getBoundingClientRect().height, 44) < 40)
        .map(each => [each.className, each.textContent, each.getBoundingClientRect().height])""")
    assert small == []


def test_everything_can_be_reached_by_the_keyboard(house: Served, page: Tab) -> None:
    at_the_map(house, page)
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(
            """() => {
                const at = document.activeElement;
                const { tool, only, layer } = at.dataset;
                return at.id || tool || only || layer || at.closest('[data-code]')?.dataset.code || at.className;
            }"""
        ))  # fmt: skip
    for wanted in ("gm-search", "theme", "overdue", house.issues["lift"], "tier1", "heat"):
        assert wanted in reached, wanted


@pytest.mark.parametrize(
    ("language", "said"), [("en", "Open issues"), ("zh-Hans", "待办清单"), ("zh-Hant", "待辦清單")]
)
def test_the_language_is_switched_in_the_menu_and_kept(house: Served, page: Tab, language: str, said: str) -> None:
    at_the_map(house, page)
    page.locator(".gm-menu summary").click()
    page.locator(f".gm-languages [hreflang={language}]").click()
    expect(page.locator("#gm-list-name")).to_contain_text(said)
    page.goto(f"{house.address}/map")
    expect(page.locator("html")).to_have_attribute("lang", language)


def test_no_word_of_the_page_is_left_in_its_key(house: Served, page: Tab) -> None:
    at_the_map(house, page)
    text = page.locator("body").inner_text()
    assert re.findall(r"\b(?:screen|labels|spans|desk|slider|live)\.\w+", text) == []
    assert re.findall(r"\{\w+\}", text) == []


def test_a_residents_browser_receives_nothing_that_he_may_not_see(house: Served, page: Tab) -> None:
    bodies: list[str] = []

    def keep(answer: Response) -> None:
        if "/live" not in answer.url and "/static/" not in answer.url and answer.status < 300:
            bodies.append(answer.text())

    page.on("response", keep)
    at_the_map(house, page, "resident")
    expect(page.locator("#gm-list li")).to_have_count(1)
    page.locator("#gm-list button").first.click()
    expect(page.locator("#gm-card")).to_contain_text("居民自己报的")
    page.wait_for_timeout(500)
    received = "\n".join([*bodies, page.content()])
    assert "居民自己报的" in received
    for word in ("电梯停在三楼", "路灯不亮", house.issues["lift"], "name of P-", "13800000000", "name of DIS"):
        assert word not in received, word


def test_a_search_asks_the_service_for_what_the_page_does_not_hold(house: Served, page: Tab) -> None:
    at_the_map(house, page)
    page.keyboard.press("/")
    page.keyboard.type("H-Z1-C2-3")
    expect(page.locator("#gm-found [role=option]").first).to_contain_text("H-Z1-C2-3")
    page.keyboard.press("Enter")
    expect(page.locator("#gm-card")).to_contain_text("H-Z1-C2-3")


def test_somebody_else_sees_what_i_see_by_the_address_i_send(house: Served, screens: Screens) -> None:
    mine, yours = at_the_map(house, screens()), at_the_map(house, screens(), "head")
    mine.locator("[data-layer=overlays]").click()
    mine.locator(".gm-filters summary").click()
    mine.locator("[data-filter=category]").select_option("lamp")
    expect(mine.locator("#gm-list li")).to_have_count(1)
    yours.goto(mine.url)
    yours.wait_for_selector(".gm-ready")
    expect(yours.locator("#gm-list li")).to_have_count(1)
    expect(yours.locator("[data-layer=overlays]")).to_have_attribute("aria-pressed", "true")


def test_who_is_signed_out_elsewhere_is_told_so(house: Served, page: Tab) -> None:
    at_the_map(house, page)
    page.context.clear_cookies()
    other = page.context.new_page()
    other.goto(f"{house.address}/map")
    expect(other).to_have_url(re.compile("/sign-in"))
