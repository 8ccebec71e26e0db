"""The map in a real browser: nothing is asked of other machines, nothing that others wrote runs, and it can be used."""

from __future__ import annotations

import html
from typing import Any

import folium
import pytest
from folium import DivIcon, GeoJson, GeoJsonPopup, GeoJsonTooltip, Marker, Popup
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from gridmap.language import LANGUAGES
from gridmap.maps.escape import safe
from gridmap.maps.grid import grid_map
from gridmap.maps.shell import Page
from tests.maps.conftest import AT, Serve, issue, issues_of
from tests.maps.test_grid_map import PAGE, poisoned

# What was tried on Folium and ran, and what would run in our own way of writing pages.
PAYLOADS = {
    "a tag with a handler": "<img src=x onerror=\"document.title='ran'\">",
    "a place in a template literal": "${document.title='ran'}",
    "the end of the script": "</script><script>document.title='ran'</script>",
    "a backslash at the end": "abc\\",
    "a backtick and a backslash": "a\\`${document.title='ran'}\\",
    "a template of the server": "{{ 7 * 7 }}{% raw %}{#",
    "a quote in an attribute": "\" onmouseover=\"document.title='ran'\" x='",
    "a script address": "javascript:document.title='ran'",
}
SQUARE = {"type": "Polygon", "coordinates": [[[121.0, 31.0], [121.1, 31.0], [121.1, 31.1], [121.0, 31.0]]]}


def collection(text: str) -> dict[str, Any]:
    feature = {"type": "Feature", "properties": {"t": text}, "geometry": SQUARE}
    return {"type": "FeatureCollection", "features": [feature]}


def marked(**said: Any) -> Any:
    return lambda text: Marker([31.0, 121.0], **{name: made(text) for name, made in said.items()})


def named_layer(text: str) -> Any:
    return folium.FeatureGroup(name=text)


# Every way in which a string gets from Python into a page through Folium.
WAYS = {
    "popup": marked(popup=str),
    "popup that parses": marked(popup=lambda text: Popup(text, parse_html=True)),
    "popup that does not": marked(popup=Popup),
    "tooltip": marked(tooltip=str),
    "icon": marked(icon=lambda text: DivIcon(html=text)),
    "field in a popup": lambda text: GeoJson(collection(text), popup=GeoJsonPopup(fields=["t"])),
    "field in a tooltip": lambda text: GeoJson(collection(text), tooltip=GeoJsonTooltip(fields=["t"])),
    "field that is not shown": lambda text: GeoJson(collection(text)),
    "name of a layer": named_layer,
}
SHOWN = """name => {
    const read = [];
    const note = box => box && read.push(box.textContent);
    window[name].eachLayer(layer => {
        if (layer.openPopup && layer.openPopup().getPopup()) note(layer.getPopup().getElement());
        if (layer.openTooltip && layer.openTooltip().getTooltip()) note(layer.getTooltip().getElement());
        if (layer.getElement) note(layer.getElement());
    });
    note(document.querySelector('.leaflet-control-layers'));
    return read;
}"""


@pytest.mark.parametrize("way", WAYS)
def test_what_is_safe_stands_for_itself_wherever_folium_puts_it(way: str, page: Tab, serve: Serve) -> None:
    drawn = grid_map({}, at=AT, title="still")
    for payload in PAYLOADS.values():
        WAYS[way](safe(payload)).add_to(drawn)
    folium.LayerControl(collapsed=False).add_to(drawn)
    page.goto(serve(drawn.get_root().render()))
    shown = [" ".join(html.unescape(text).split()) for text in page.evaluate(SHOWN, drawn.get_name())]
    page.wait_for_timeout(100)
    assert page.title() == "still"
    assert page.locator("img[onerror], [onmouseover]").count() == 0
    if way != "field that is not shown":
        missing = [name for name, text in PAYLOADS.items() if not any(" ".join(text.split()) in read for read in shown)]
        assert missing == []


def opened(tab: Tab, serve: Serve, frames: dict[str, Any], **said: Any) -> Tab:
    """A map of these frames in the browser, under the policy of the service."""
    tab.goto(serve(grid_map(frames, **{"at": AT, **said}).get_root().render(), said.get("nonce")))
    tab.wait_for_selector(".gm-ready")
    return tab


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_of_the_service_opens_under_its_policy(
    language: str, page: Tab, serve: Serve, frames: dict[str, Any]
) -> None:
    opened(page, serve, frames, assets="linked", nonce="n0nce", page=PAGE, language=language, contacts=True)
    assert page.locator(".gm-issue").count() == 5
    assert page.locator("path.leaflet-interactive").count() >= 16 + 15


def test_a_file_opens_without_asking_anybody_for_anything(page: Tab, serve: Serve, frames: dict[str, Any]) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    opened(page, serve, frames, page=Page("望江花园"))
    page.locator("[data-layer=heat]").click()
    assert [url for url in asked if not url.startswith("data:")] == [page.url]


def test_a_cell_of_a_notebook_shows_the_map(page: Tab, serve: Serve, frames: dict[str, Any]) -> None:
    page.goto(serve(f"<!doctype html><title>notebook</title>{grid_map(frames, at=AT)._repr_html_()}"))
    inside = page.frame_locator("iframe")
    expect(inside.locator(".gm-ready")).to_be_visible()
    assert inside.locator(".gm-legend").count() == 1
    assert inside.locator(".gm-side").count() == 0


def test_nothing_that_others_wrote_runs_on_the_map(page: Tab, serve: Serve, frames: dict[str, Any]) -> None:
    spoilt = poisoned(frames)
    spoilt["issues"]["text"] = "\n".join(PAYLOADS.values())
    ours = Page(PAYLOADS["a tag with a handler"], account=PAYLOADS["a quote in an attribute"], sign_out="/sign-out")
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    opened(page, serve, spoilt, page=ours, title="still", contacts=True)
    for number in range(5):
        page.locator(".gm-list li button").nth(number).click()
        expect(page.locator(".gm-card").last).to_contain_text("document.title='ran'")
    page.mouse.move(700, 400)
    page.wait_for_timeout(200)
    assert page.title() == "still"
    assert page.locator("img[src=x], [onmouseover]").count() == 0


def test_the_list_leads_to_the_card_by_keyboard_alone(page: Tab, serve: Serve, frames: dict[str, Any]) -> None:
    opened(page, serve, frames, page=PAGE, language="en")
    button = page.locator(".gm-list li button").first
    button.focus()
    page.keyboard.press("Enter")
    card = page.locator(".gm-card")
    expect(card).to_contain_text("WJ-1")
    expect(card).to_contain_text("门关不上")
    assert page.evaluate("document.activeElement.classList.contains('leaflet-popup-content')")
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)
    expect(button).to_be_focused()


def test_the_legend_switches_layers(page: Tab, serve: Serve, frames: dict[str, Any]) -> None:
    opened(page, serve, frames, page=PAGE)
    for layer, what in (("issues", ".gm-issue"), ("buildings", ".leaflet-buildings-pane path")):
        button = page.locator(f"[data-layer={layer}]")
        expect(page.locator(what)).not_to_have_count(0)
        button.click()
        expect(button).to_have_attribute("aria-pressed", "false")
        expect(page.locator(what)).to_have_count(0)
        button.click()
        expect(page.locator(what)).not_to_have_count(0)
    expect(page.locator(".leaflet-overlays-pane path")).to_have_count(0)
    page.locator("[data-layer=overlays]").click()
    expect(page.locator(".leaflet-overlays-pane path")).to_have_count(2)


def test_a_figure_that_is_pressed_leaves_only_what_it_counts(page: Tab, serve: Serve, frames: dict[str, Any]) -> None:
    opened(page, serve, frames, page=PAGE)
    page.locator("[data-only=overdue]").click()
    assert page.locator(".gm-issue:visible").count() == 1
    assert page.locator(".gm-list li:visible").count() == 1
    page.locator("[data-only=overdue]").click()
    assert page.locator(".gm-list li:visible").count() == 5


def test_a_search_finds_a_grid_by_its_owner(page: Tab, serve: Serve, frames: dict[str, Any]) -> None:
    opened(page, serve, frames, page=PAGE, contacts=True)
    page.keyboard.press("/")
    page.keyboard.type("持有人9")
    page.keyboard.press("Enter")
    expect(page.locator(".gm-card")).to_contain_text("持有人9")
    expect(page.locator(".gm-card a")).to_have_attribute("href", "tel:13812345678")


def test_pointing_at_a_cell_says_whose_it_is(page: Tab, serve: Serve, frames: dict[str, Any]) -> None:
    opened(page, serve, {"grids": frames["grids"]})
    page.locator(".leaflet-cells-pane path").nth(5).hover()
    expect(page.locator(".leaflet-tooltip")).to_contain_text("持有人")


def test_many_issues_are_gathered_where_they_stand_close(page: Tab, serve: Serve, frames: dict[str, Any]) -> None:
    many = issues_of(*(issue(f"WJ-{number}", 0.1 + number % 20 / 40, 0.1 + number // 20 / 40) for number in range(400)))
    opened(page, serve, frames | {"issues": many}, page=PAGE)
    for _ in range(4):
        page.locator(".leaflet-control-zoom-out").click()
        page.wait_for_timeout(300)
    assert 0 < page.locator(".gm-cluster").count() < 40
    assert sum(int(text) for text in page.locator(".gm-cluster").all_inner_texts()) > 350


@pytest.mark.parametrize("frames_of", ["nothing", "two tiers", "one grid without a shape"])
def test_odd_estates_open_without_an_error(frames_of: str, page: Tab, serve: Serve, frames: dict[str, Any]) -> None:
    grids = frames["grids"]
    shapeless = grids.iloc[:1].copy()
    shapeless.loc[0, "geometry"] = None
    odd: dict[str, dict[str, Any]] = {
        "nothing": {},
        "two tiers": {"grids": grids[grids["tier"] < 3]},
        "one grid without a shape": {"grids": shapeless},
    }
    opened(page, serve, odd[frames_of], page=PAGE)


def test_a_marker_of_folium_has_a_pin_of_ours(page: Tab, serve: Serve, frames: dict[str, Any]) -> None:
    drawn = grid_map(frames, at=AT)
    Marker([31.252, 121.502], popup="a pin").add_to(drawn)
    page.goto(serve(drawn.get_root().render()))
    assert page.locator("img.leaflet-marker-icon").evaluate("pin => pin.complete && pin.naturalWidth > 0")


def test_on_a_phone_the_map_keeps_its_share(page: Tab, serve: Serve, frames: dict[str, Any]) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    opened(page, serve, frames, page=PAGE)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    panel = page.locator(".gm-side").bounding_box()
    assert panel is not None
    assert panel["y"] > 400
