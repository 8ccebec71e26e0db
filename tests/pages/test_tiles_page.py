"""A plan that is too large to be sent whole: its page is painted from tiles, and what is clicked is what lies there."""

from __future__ import annotations

import math
from typing import Any

import pytest
from PIL import ImageColor
from playwright.sync_api import Page, expect

from gridmap.maps.style import BUILDINGS
from tests.estate import spot
from tests.pages.conftest import Served

NONE = dict.fromkeys(("grids", "buildings", "facilities", "issues"), 0)
ZOOM = 17.5
# The whole suite runs beside it.
PATIENCE_MS = 30_000


@pytest.fixture(autouse=True)
def _few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is more than is sent whole."""
    monkeypatch.setattr("gridmap.operations.atlas.MOST_DRAWN_WHOLE", NONE)


@pytest.fixture(scope="module")
def lift(house: Served) -> str:
    return house.report("lift", spot(1.25, 1.75), category="lift")


def opened(page: Page, house: Served, account: str = "dispatcher") -> Page:
    """The map with the middle of the estate in the middle of the screen, painted."""
    lon, lat = spot(2, 2)
    house.sign_in(page, account)
    page.goto(f"{house.address}/map?site=WJ#at={lat},{lon},{ZOOM}")
    page.reload()
    expect(page.locator(".gm-tiles-ready")).to_be_visible(timeout=PATIENCE_MS)
    return page


def on_screen(page: Page, column: float, row: float) -> dict[str, Any]:
    """Where a position of the estate lies on the screen."""
    size = page.viewport_size or {"width": 0, "height": 0}
    (lon, lat), (middle_lon, middle_lat) = spot(column, row), spot(2, 2)
    scale = 256 * 2**ZOOM / 360
    x = size["width"] / 2 + (lon - middle_lon) * scale
    return {"x": x, "y": size["height"] / 2 - (lat - middle_lat) * scale / math.cos(math.radians(lat))}


def pixels(page: Page, pane: str) -> dict[str, int]:
    """How often each colour is on the canvases of a pane."""
    found: dict[str, int] = page.evaluate(
        """pane => {
            const colours = {};
            for (const canvas of document.querySelectorAll(`.leaflet-${pane}-pane canvas`)) {
                const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d');
                copy.drawImage(canvas, 0, 0);
                const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
                for (let n = 0; n < data.length; n += 4) {
                    if (data[n + 3] < 255) continue;
                    const name = `${data[n]} ${data[n + 1]} ${data[n + 2]}`;
                    colours[name] = (colours[name] || 0) + 1;
                }
            }
            return colours;
        }""",
        pane,
    )
    return found


def houses(colours: dict[str, int]) -> int:
    """How many pixels have the colour of a building."""
    fills = [ImageColor.getrgb(colour) for colour in BUILDINGS.values()]
    return sum(colours.get(f"{red} {green} {blue}", 0) for red, green, blue, *_ in fills)


def test_the_page_asks_for_tiles_and_not_for_whole_layers(page: Page, house: Served, lift: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    opened(page, house)
    assert any("/tiles/grids/" in url for url in asked)
    assert not [url for url in asked if "/layers/tier" in url or "/layers/buildings" in url]


def test_land_houses_lines_and_issues_are_painted_in_their_panes(page: Page, house: Served, lift: str) -> None:
    opened(page, house)
    ground = pixels(page, "ground")
    assert ground.get("253 253 254", 0) > 200_000
    assert houses(ground)
    assert pixels(page, "tiers").get("24 40 72", 0) > 5_000
    # The lift is urgent.
    assert pixels(page, "marker").get("239 138 0", 0) > 100
    expect(page.locator(".leaflet-labels-pane .gm-label", has_text="Z1-C2-1")).to_be_visible()


def test_a_click_opens_what_lies_there(page: Page, house: Served, lift: str) -> None:
    opened(page, house)
    for column, row, said in [(2.2, 0.8, "Z1-C2-1"), (3.5, 2.5, "H-Z2-C2-2"), (1.2, 0.3, "CARPARK")]:
        page.mouse.click(**on_screen(page, column, row))
        expect(page.locator("#gm-card")).to_contain_text(said, timeout=PATIENCE_MS)


def test_a_click_on_an_issue_opens_it(page: Page, house: Served, lift: str) -> None:
    opened(page, house)
    page.mouse.click(**on_screen(page, 1.25, 1.75))
    expect(page.locator("#gm-card")).to_contain_text(lift, timeout=PATIENCE_MS)


def test_pointing_at_a_grid_says_what_it_is(page: Page, house: Served, lift: str) -> None:
    opened(page, house)
    at = on_screen(page, 2.2, 1.2)
    page.mouse.move(at["x"] - 5, at["y"])
    page.mouse.move(**at)
    expect(page.locator(".leaflet-tooltip")).to_contain_text("Z1-C2-3")


def test_an_issue_of_somebody_else_is_painted_without_a_reload(page: Page, house: Served, lift: str) -> None:
    opened(page, house)
    before = pixels(page, "marker")
    house.report("noise", spot(3.25, 1.25), category="noise")
    for _ in range(PATIENCE_MS // 250):
        if sum(pixels(page, "marker").values()) > sum(before.values()) + 50:
            break
        page.wait_for_timeout(250)
    else:
        pytest.fail("the new issue was not painted")


def test_in_the_dark_everything_is_painted_anew(page: Page, house: Served, lift: str) -> None:
    opened(page, house)
    light = pixels(page, "ground")
    page.locator('[data-tool="theme"]').click()
    page.wait_for_timeout(300)
    dark = pixels(page, "ground")
    assert max(dark, key=dark.__getitem__) != max(light, key=light.__getitem__)


def test_a_layer_that_is_switched_off_is_gone(page: Page, house: Served, lift: str) -> None:
    opened(page, house)
    assert houses(pixels(page, "ground"))
    page.locator('[data-layer="buildings"]').click()
    page.wait_for_timeout(300)
    assert not houses(pixels(page, "ground"))


def test_an_owner_sees_his_part_alone(page: Page, house: Served, lift: str) -> None:
    opened(page, house, "grid_owner")
    expect(page.locator(".leaflet-labels-pane .gm-label", has_text="Z1-C1-1")).to_be_visible()
    assert page.locator(".leaflet-labels-pane .gm-label", has_text="Z2").count() == 0
