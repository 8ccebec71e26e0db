"""The map in a real browser: nothing is asked of other machines, nothing that others wrote runs, and it can be used."""

from __future__ import annotations

import html
from datetime import timedelta
from typing import Any

import folium
import pytest
from folium import DivIcon, GeoJson, GeoJsonPopup, GeoJsonTooltip, Marker, Popup
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from gridmap.domain.lifecycle import OPEN, URGENCIES
from gridmap.language import LANGUAGES
from gridmap.maps.escape import safe
from gridmap.maps.features import attention
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
    assert [url for url in asked if not url.startswith("data:")] == [page.url.partition("#")[0]]


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
        page.locator("#gm-list button").nth(number).click()
        expect(page.locator(".gm-card").last).to_contain_text("document.title='ran'")
    page.mouse.move(700, 400)
    page.wait_for_timeout(200)
    assert page.title() == "still"
    assert page.locator("img[src=x], [onmouseover]").count() == 0


def test_the_list_leads_to_the_card_by_keyboard_alone(page: Tab, serve: Serve, frames: dict[str, Any]) -> None:
    opened(page, serve, frames, page=PAGE, language="en")
    button = page.locator("#gm-list button").first
    button.focus()
    page.keyboard.press("Enter")
    card = page.locator(".gm-card")
    expect(card).to_contain_text("WJ-1")
    expect(card).to_contain_text("门关不上")
    assert page.evaluate("document.activeElement.classList.contains('leaflet-popup-content')")
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)
    expect(button).to_be_focused()


def card_of(page: Tab, code: str) -> Any:
    """The card of an issue in the list, opened."""
    page.locator(f'#gm-list [data-code="{code}"] button').click()
    return page.locator(".gm-card")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ("lift", "overdue", "门关不上", "05-01 11:00 · late by 5 h", "王海燕 · grid owner")),
        ("zh-Hans", ("电梯", "已超时", "门关不上", "超 5 时", "网格责任人")),
        ("zh-Hant", ("電梯", "已逾時", "门关不上", "網格責任人")),
    ],
)
def test_a_card_of_an_issue_speaks_the_readers_language(
    language: str, said: tuple[str, ...], page: Tab, serve: Serve, frames: dict[str, Any]
) -> None:
    opened(page, serve, frames, page=PAGE, language=language)
    card = card_of(page, "WJ-1")
    for word in said:
        expect(card).to_contain_text(word)


def test_the_list_names_each_issue_its_place_its_owner_and_how_late_it_is(
    page: Tab, serve: Serve, frames: dict[str, Any]
) -> None:
    opened(page, serve, frames, page=PAGE, language="en")
    assert [item.get_attribute("data-code") for item in page.locator("#gm-list li").all()] == [
        "WJ-1", "WJ-2", "WJ-3", "WJ-4", "WJ-5",
    ]  # fmt: skip
    first = page.locator("#gm-list li").first
    for word in ("lift: 门关不上", "Z1-C1-1 · 王海燕", "late by 5 h 0 min"):
        expect(first).to_contain_text(word)
    expect(page.locator("#gm-list [data-code=WJ-3]")).to_contain_text("月亮")


def test_a_card_says_whose_a_grid_is_how_to_reach_him_and_where_it_lies(
    page: Tab, serve: Serve, frames: dict[str, Any]
) -> None:
    opened(page, serve, frames, page=PAGE, language="en", contacts=True)
    page.keyboard.press("/")
    page.keyboard.type("Z1-C1-1")
    expect(page.locator("#gm-found [aria-selected=true] b")).to_have_text("Z1-C1-1")
    page.keyboard.press("Enter")
    card = page.locator(".gm-card")
    for word in ("grid Z1 › grid Z1-C1", "grid owner", "13812345678", "40"):
        expect(card).to_contain_text(word)


def test_the_figures_follow_the_issues(page: Tab, serve: Serve, frames: dict[str, Any]) -> None:
    opened(page, serve, frames, page=PAGE, language="en")
    assert page.locator("#gm-tiles b").all_inner_texts() == ["5", "1", "5"]
    expect(page.locator("#gm-chips")).to_contain_text("urgent 1")


def test_more_issues_than_a_list_can_hold_are_shown_when_they_are_asked_for(
    page: Tab, serve: Serve, frames: dict[str, Any]
) -> None:
    many = issues_of(*(issue(f"WJ-{number}", 0.1, 0.1) for number in range(150)))
    opened(page, serve, frames | {"issues": many}, page=PAGE, language="en")
    expect(page.locator("#gm-list li")).to_have_count(100)
    page.get_by_role("button", name="Show 50 more").click()
    expect(page.locator("#gm-list li")).to_have_count(150)


def test_what_is_chosen_stands_in_the_address_and_comes_back_by_it(
    page: Tab, serve: Serve, frames: dict[str, Any]
) -> None:
    opened(page, serve, frames, page=PAGE)
    page.locator("#gm-tiles [data-only=overdue]").click()
    page.locator("[data-layer=overlays]").click()
    page.locator(".leaflet-control-zoom-in").click()
    page.wait_for_timeout(500)
    sent = page.url
    assert "only=overdue" in sent
    assert "on=overlays" in sent
    other = page.context.new_page()
    other.goto(sent)
    expect(other.locator("#gm-list li")).to_have_count(1)
    expect(other.locator("[data-layer=overlays]")).to_have_attribute("aria-pressed", "true")


def test_the_theme_is_kept_and_follows_the_system_at_first(page: Tab, serve: Serve, frames: dict[str, Any]) -> None:
    page.emulate_media(color_scheme="dark")
    opened(page, serve, frames, page=PAGE)
    root = page.locator("html")
    expect(root).to_have_attribute("data-theme", "dark")
    page.locator("[data-tool=theme]").click()
    expect(root).to_have_attribute("data-theme", "light")
    page.reload()
    expect(root).to_have_attribute("data-theme", "light")


def test_filters_leave_what_passes_them_all(page: Tab, serve: Serve, frames: dict[str, Any]) -> None:
    opened(page, serve, frames, page=PAGE, language="en")
    page.locator(".gm-filters summary").click()
    page.locator("[data-filter=category]").select_option("lift")
    expect(page.locator("#gm-list li")).to_have_count(4)
    page.locator("[data-filter=status]").select_option("in_progress")
    expect(page.locator("#gm-list li")).to_have_count(1)
    expect(page.locator(".gm-issue")).to_have_count(1)
    page.locator("[data-filter=under]").select_option("Z2")
    expect(page.locator("#gm-more")).to_contain_text("None of the 5 open issues")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#gm-list li")).to_have_count(5)


def test_the_script_and_python_agree_on_what_an_issue_asks_for(page: Tab, serve: Serve, frames: dict[str, Any]) -> None:
    rows = [
        issue(f"{status}.{urgency}.{hours}.{held}", 0.2, 0.2, status=status, urgency=urgency,
              due_at=None if hours is None else AT + timedelta(hours=hours), held_at=AT if held else None)
        for status in OPEN for urgency in URGENCIES for hours in (-1, 1, None) for held in (False, True)
    ]  # fmt: skip
    opened(page, serve, {"grids": frames["grids"], "issues": issues_of(*rows)}, page=PAGE)
    for _ in range(2):
        page.locator("#gm-more button").click()
    items = page.evaluate(
        "() => [...document.querySelectorAll('#gm-list li')].map(item => [item.dataset.code, item.className])"
    )
    shown = {code: said.split("gm-is-")[1].split()[0] for code, said in items}
    assert shown == {row["code"]: attention(row, AT) for row in rows}


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
    tile = page.locator("#gm-tiles [data-only=overdue]")
    tile.click()
    expect(page.locator(".gm-issue")).to_have_count(1)
    expect(page.locator("#gm-list li")).to_have_count(1)
    expect(tile).to_have_attribute("aria-pressed", "true")
    tile.click()
    expect(page.locator("#gm-list li")).to_have_count(5)


def test_a_search_finds_a_grid_by_its_owner(page: Tab, serve: Serve, frames: dict[str, Any]) -> None:
    opened(page, serve, frames, page=PAGE, contacts=True)
    page.keyboard.press("/")
    page.keyboard.type("持有人9")
    expect(page.locator("#gm-found [aria-selected=true]")).to_contain_text("持有人9")
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
