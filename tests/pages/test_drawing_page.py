"""Grids are drawn on the map: corners move with neighbours, the checks speak, a draft is published."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect
from playwright.sync_api import Page as Tab

from tests.estate import spot
from tests.pages.conftest import Served


def drawing(house: Served, page: Tab, account: str = "head") -> Locator:
    """The panel, with a draft just begun."""
    page.emulate_media(reduced_motion="reduce")  # so that the map is there at once where it flies to
    house.sign_in(page, account)
    page.wait_for_selector(".gm-ready")
    page.locator("[data-tool=draw]").click()
    panel = page.locator(".gm-drawing")
    panel.locator("form button").click()
    panel.locator("[data-act]").first.wait_for()
    settled(panel)
    return panel


def settled(panel: Locator) -> None:
    """What was drawn has been looked at."""
    expect(panel.locator(".gm-state")).to_have_text(re.compile(r"\d"))
    expect(panel.locator("[aria-busy]")).to_have_count(0)


def on_screen(page: Tab, at: tuple[float, float]) -> tuple[float, float]:
    """Where a position lies on the screen."""
    x, y = page.evaluate(
        """([lon, lat]) => {
            const map = Object.entries(window).find(([name]) => name.startsWith('map_'))[1];
            const box = map.getContainer().getBoundingClientRect();
            const at = map.latLngToContainerPoint([lat, lon]);
            return [at.x + box.left, at.y + box.top];
        }""",
        list(at),
    )
    return float(x), float(y)


def drag(page: Tab, start: tuple[float, float], end: tuple[float, float]) -> None:
    here, there = on_screen(page, start), on_screen(page, end)
    page.mouse.move(*here)
    page.mouse.down()
    page.mouse.move((here[0] + there[0]) / 2, (here[1] + there[1]) / 2, steps=4)
    page.mouse.move(*there, steps=6)
    page.mouse.up()


def choose(panel: Locator, code: str) -> None:
    panel.locator("select[name=grid]").select_option(code)


def test_a_corner_moves_with_all_that_share_it_and_the_draft_is_published(house: Served, page: Tab) -> None:
    code = house.report("moving", spot(0.97, 0.8))
    panel = drawing(house, page)
    choose(panel, "Z1-C1-1")
    drag(page, spot(1, 1), spot(0.8, 0.9))
    expect(panel.locator(".gm-unsaved")).to_contain_text("4")
    expect(panel.locator(".gm-moving").first).to_contain_text("name of P-Z1-C1-2")
    settled(panel)
    expect(panel.locator(".gm-finding.gm-is-error")).to_have_count(0)
    panel.locator("footer button").first.click()
    expect(panel.locator(".gm-unsaved")).to_have_count(0)
    before = house.by("head").get(f"/issues/{code}").json()["grid"]
    assert before == "Z1-C1-1"
    house.clock.now = house.clock.now.replace(hour=9)
    panel.locator("footer button").nth(1).click()
    page.locator(".gm-ask footer .gm-main").click()
    expect(page.locator(".gm-ask h2")).to_contain_text("1")
    assert house.by("head").get(f"/issues/{code}").json()["grid"] == "Z1-C1-2"
    with page.expect_navigation():
        page.locator(".gm-ask footer .gm-main").click()
    page.wait_for_selector(".gm-ready")
    shape = house.by("head").get("/grids/Z1-C1-1").json()["geometry"]
    assert min(abs(lon - spot(0.8, 0)[0]) for lon, _ in shape["coordinates"][0][0]) < 5e-5


def test_a_cut_house_is_found_while_drawing_and_gone_when_it_is_undone(house: Served, page: Tab) -> None:
    panel = drawing(house, page)
    choose(panel, "Z2-C1-1")
    drag(page, spot(1, 2), spot(0.3, 2))
    expect(panel.locator(".gm-finding.gm-is-error")).to_have_count(2)
    expect(panel.locator(".gm-scroll")).to_contain_text("H-Z2-C1-1")
    panel.locator("[data-act=undo]").click()
    expect(panel.locator(".gm-finding.gm-is-error")).to_have_count(0)
    expect(panel.locator("[data-act=redo]")).to_be_enabled()


def test_a_grid_is_divided_by_a_line_and_joined_again(house: Served, page: Tab) -> None:
    panel = drawing(house, page)
    choose(panel, "Z2-C2-4")
    panel.locator("[data-act=split]").click()
    page.mouse.click(*on_screen(page, spot(3.2, 2.95)))
    page.mouse.dblclick(*on_screen(page, spot(3.2, 4.05)))
    expect(panel.locator("select[name=grid] option[value='Z2-C2-5']")).to_have_count(1)
    settled(panel)
    expect(panel.locator(".gm-finding.gm-is-error")).to_contain_text("Z2-C2-5")
    page.mouse.click(*on_screen(page, spot(3.1, 3.5)))
    page.keyboard.down("Shift")
    page.mouse.click(*on_screen(page, spot(3.6, 3.5)))
    page.keyboard.up("Shift")
    panel.locator("[data-act=merge]").click()
    expect(panel.locator(".gm-finding.gm-is-error")).to_have_count(0)


def test_whoever_may_not_draw_has_no_tool_for_it(house: Served, page: Tab) -> None:
    house.sign_in(page, "dispatcher")
    page.wait_for_selector(".gm-ready")
    expect(page.locator("[data-tool=draw]")).to_have_count(0)
    assert page.evaluate("typeof L.PM") == "undefined"


def test_a_coordinator_draws_but_does_not_publish(house: Served, page: Tab) -> None:
    panel = drawing(house, page, "coordinator")
    expect(panel.locator("footer button")).to_have_count(2)
    expect(panel.locator("select[name=grid] option")).to_have_count(9)


def test_what_is_not_saved_is_not_left_without_a_question(house: Served, page: Tab) -> None:
    panel = drawing(house, page)
    choose(panel, "Z1-C2-1")
    name = panel.locator("input[name=name]")
    name.fill("the market")
    name.press("Tab")
    expect(panel.locator(".gm-unsaved")).to_contain_text("1")
    panel.locator("header button").click()
    page.locator(".gm-ask button").first.click()
    expect(panel).to_be_visible()
    panel.locator("header button").click()
    page.locator(".gm-ask .gm-main").click()
    expect(panel).to_be_hidden()
    expect(page.locator(".gm-side")).to_be_visible()


def test_a_draft_is_begun_checked_and_saved_by_the_keyboard_alone(house: Served, page: Tab) -> None:
    house.sign_in(page, "head")
    page.wait_for_selector(".gm-ready")
    page.locator("[data-tool=draw]").focus()
    page.keyboard.press("Enter")
    form = page.locator(".gm-drawing form input")
    form.focus()
    page.keyboard.type("by hand")
    page.keyboard.press("Enter")
    panel = page.locator(".gm-drawing")
    panel.locator("[data-act]").first.wait_for()
    settled(panel)
    picker = panel.locator("select[name=grid]")
    picker.focus()
    picker.select_option("Z1-C2-2")
    panel.locator("input[name=name]").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("the school")
    page.keyboard.press("Tab")
    expect(panel.locator(".gm-unsaved")).to_have_count(1)
    panel.locator("footer button").first.focus()
    page.keyboard.press("Enter")
    expect(panel.locator(".gm-unsaved")).to_have_count(0)
    assert house.by("head").get("/drafts").json()[0]["note"] == "by hand"
