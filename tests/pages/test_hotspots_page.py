"""Hot spots on the map: looked for by whoever may, chosen, said in words, and seen by others on their own ground."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.estate import spot
from tests.pages.conftest import Served

PANEL = '[data-panel="hotspots"]'


@pytest.fixture(scope="module")
def leaking(house: Served) -> Served:
    """A house in which one corner leaks."""
    rows = []
    for place in range(16):
        column, row = place % 4, place // 4
        lon, lat = spot(column + 0.5, row + 0.5)
        count = 12 if column < 2 and row < 2 else 2 + (3 * column + row) % 3
        for n in range(count):
            at = house.clock.now - timedelta(days=n, minutes=5)
            rows.append({"lon": lon, "lat": lat, "category": "water_leak" if count == 12 else "lamp",
                         "reported_at": f"{at:%Y-%m-%dT%H:%M:%SZ}"})  # fmt: skip
    assert house.by("dispatcher").post("/issues/batch", json={"issues": rows, "site": "WJ"}).status_code == 200
    return house


def test_whoever_may_analyse_looks_now_and_is_told_what_stands_out(leaking: Served, page: Page) -> None:
    leaking.sign_in(page, "head")
    row = page.locator('[data-layer="hotspots"]')
    row.click()
    panel = page.locator(PANEL)
    expect(panel).to_contain_text("尚未做过分析")
    panel.get_by_role("button", name="立即分析").click()
    expect(panel.locator("select option")).to_have_count(1)
    expect(panel).to_contain_text("漏水")
    expect(panel.locator(".gm-hot-classes li")).to_have_count(6)
    panel.locator("summary").click()
    expect(panel).to_contain_text("99,999")
    expect(panel).to_contain_text("Benjamini-Hochberg")
    panel.locator(".gm-hot-spot button").first.click()
    expect(page.locator("#gm-card")).to_contain_text(re.compile("Z1-C1-"))
    row.click()
    expect(panel).to_be_hidden()


def test_one_thing_colours_the_cells_at_a_time(leaking: Served, page: Page) -> None:
    kept = leaking.by("head").post("/analyses", json={"name": "weeks", "kind": "emerging", "days": 56})
    assert kept.status_code == 201, kept.text
    leaking.sign_in(page, "analyst")
    hot, emerging = (page.locator(f'[data-layer="{name}"]') for name in ("hotspots", "emerging"))
    hot.click()
    expect(hot).to_have_attribute("aria-pressed", "true")
    emerging.click()
    expect(hot).to_have_attribute("aria-pressed", "false")
    expect(page.locator(PANEL)).to_contain_text("weeks")
    choropleth = page.locator('[data-layer="choropleth"]')
    choropleth.click()
    expect(emerging).to_have_attribute("aria-pressed", "false")
    expect(page.locator(PANEL)).to_be_hidden()


def test_an_owner_of_a_grid_is_shown_what_is_kept_and_cannot_look_himself(leaking: Served, page: Page) -> None:
    assert leaking.by("head").post("/analyses", json={"name": "for all"}).status_code == 201
    leaking.sign_in(page, "grid_owner")
    page.locator('[data-layer="hotspots"]').click()
    panel = page.locator(PANEL)
    expect(panel).to_contain_text("for all")
    expect(panel.get_by_role("button", name="立即分析")).to_have_count(0)
    assert "Z1-C1-2" not in panel.inner_text()


def test_every_sort_of_analysis_has_its_row_and_rounds_lead_to_their_grids(leaking: Served, page: Page) -> None:
    leaking.sign_in(page, "head")
    page.locator('[data-layer="scan"]').click()
    panel = page.locator(PANEL)
    panel.get_by_role("button", name="立即分析").click()
    expect(panel.locator("select option")).to_have_count(1)
    expect(panel.locator(".gm-hot-classes li")).to_have_count(3)
    expect(panel).to_contain_text("明日巡查最可能发现问题的地方")
    panel.locator(".gm-hot-spot button").last.click()
    expect(page.locator("#gm-card")).to_contain_text(re.compile("Z[12]-C"))
    page.locator('[data-layer="outbreaks"]').click()
    expect(page.locator('[data-layer="scan"]')).to_have_attribute("aria-pressed", "false")
    panel.get_by_role("button", name="立即分析").click()
    expect(panel.locator(".gm-hot-classes li")).to_have_count(3)


def test_who_may_not_see_insights_has_no_row(leaking: Served, page: Page) -> None:
    leaking.sign_in(page, "technician")
    expect(page.locator('[data-layer="buildings"]')).to_be_visible()
    expect(page.locator('[data-layer="hotspots"]')).to_have_count(0)
