"""The slider of time in a real browser: one window drives everything that looks back, and nobody waits for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

from gridmap.operations import atlas
from gridmap.storage.cluster import Cluster
from tests.api.conftest import NOW, STAFF
from tests.conftest import fresh_store
from tests.estate import spot
from tests.pages.conftest import PHONE, Served, served

# Where something was reported, and how many days before the page is opened.
REPORTED = (
    *(((0.3 + n / 10, 0.5), days) for days in (1, 2, 3) for n in range(4)),
    *(((2.5, 1.5), days) for days in (20, 21, 50)),
    *(((3.5, 3.4), days) for days in (60, 75, 80, 81)),
)
# What stands for what is seen: how much is drawn of heat and clusters, how the cells are filled, what the bar says.
LOOK = """() => {
    const ink = canvas => {
        if (!canvas || !canvas.width) return 0;
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        let sum = 0;
        for (let n = 3; n < data.length; n += 4) sum += data[n] * (n % 977);
        return sum;
    };
    return {
        heat: ink(document.querySelector('.leaflet-heatmap-layer')),
        clusters: ink(document.querySelector('.gm-clusters')),
        cells: [...document.querySelectorAll('.leaflet-cells-pane path')].map(
            path => `${path.getAttribute('fill')} ${path.getAttribute('fill-opacity')}`).join(),
        said: document.querySelector('.gm-time-said').textContent,
    };
}"""


@pytest.fixture(scope="module")
def house(cluster: Cluster, estates_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The service on an estate with a past of its own; every cell has households."""
    with fresh_store(cluster, estates_template) as database, served(database, tmp_path_factory.mktemp("home")) as house:
        for name, (role, of) in STAFF.items():
            house.add(name, role, site=None if role == "admin" else "WJ", **of)
        house.sql("update grid set households = 60 where tier = 3")
        for number, (place, days) in enumerate(REPORTED):
            house.clock.now = NOW - timedelta(days=days)
            house.report(f"old {number}", spot(*place), category="litter" if days > 40 else "lift")
        house.clock.now = NOW
        yield house


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    """What a browser keeps of those who signed in: nobody may come in as often as there are tests."""
    return {}


@pytest.fixture
def opened(house: Served, screens: Callable[..., Page], kept: dict[str, Any]) -> Callable[..., Page]:
    """The map with its slider, as somebody sees it."""

    def open_map(who: str = "head", more: str = "", **how: Any) -> Page:
        page = screens(storage_state=kept.get(who), **how)
        if who not in kept:
            house.sign_in(page, who)
            kept[who] = page.context.storage_state()
        page.goto(f"{house.address}/map{more}")
        expect(page.locator(".gm-ready")).to_be_visible()
        expect(said(page)).not_to_be_empty()
        return page

    return open_map


def said(page: Page) -> Any:
    return page.locator(".gm-time-said")


def thumb(page: Page, name: str) -> Any:
    return page.locator(f"[data-thumb={name}]")


def switch(page: Page, *layers: str) -> None:
    for layer in layers:
        page.locator(f"[data-layer={layer}]").click()


def look(page: Page) -> dict[str, Any]:
    """What is seen, once two pictures were drawn."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    seen: dict[str, Any] = page.evaluate(LOOK)
    return seen


@pytest.fixture
def screen(opened: Callable[..., Page]) -> Page:
    return opened()


# ---------------------------------------------------------------- one window, everything


def test_the_bar_says_how_much_was_reported_in_the_last_thirty_days(screen: Page) -> None:
    expect(said(screen)).to_have_text("05-01 · 14件")
    expect(screen.locator(".gm-time-length [aria-pressed=true]")).to_have_text("30天")
    screen.locator(".gm-time-length").get_by_text("7天", exact=True).click()
    expect(said(screen)).to_have_text("05-01 · 12件")
    screen.locator(".gm-time-length").get_by_text("90天").click()
    expect(said(screen)).to_have_text(f"05-01 · {len(REPORTED)}件")


def test_moving_the_window_moves_heat_colours_clusters_and_the_count_together(screen: Page) -> None:
    switch(screen, "heat", "clusters", "choropleth")
    expect(screen.locator("[data-slider=measure]")).to_have_value("reports_rate")
    screen.locator(".gm-time-length").get_by_text("7天", exact=True).click()
    before = look(screen)
    thumb(screen, "window").focus()
    screen.keyboard.press("Home")
    expect(said(screen)).to_have_text(re.compile("· 0件"))
    empty = look(screen)
    assert not empty["heat"]
    assert not empty["clusters"]
    thumb(screen, "end").focus()
    for _ in range(3):
        screen.keyboard.press("PageUp")
    expect(said(screen)).to_have_text(re.compile("· 3件"))
    after = look(screen)
    assert all(len({each[part] for each in (before, empty, after)}) == 3 for part in before), (before, empty, after)


def test_heat_takes_the_colour_of_the_cells_back(screen: Page) -> None:
    switch(screen, "choropleth")
    expect(screen.locator(".gm-ramp:visible").first).to_be_visible()
    full = look(screen)["cells"]
    switch(screen, "heat")
    under = look(screen)["cells"]
    assert "0.56" in full
    assert "0.18" in under
    assert "0.56" not in under


def test_an_end_is_dragged_by_the_pointer_and_what_lies_between_moves_both(screen: Page) -> None:
    rail = screen.locator(".gm-time-track").bounding_box()
    assert rail is not None

    def at(days: float) -> tuple[float, float]:
        return rail["x"] + rail["width"] * (1 - days / 90), rail["y"] + 42

    screen.mouse.move(*at(30))
    screen.mouse.down()
    screen.mouse.move(*at(10), steps=4)
    screen.mouse.up()
    expect(said(screen)).to_have_text("05-01 · 12件")
    screen.mouse.move(*at(5))
    screen.mouse.down()
    screen.mouse.move(*at(21), steps=6)
    screen.mouse.up()
    expect(said(screen)).to_have_text("04-15 · 2件")


def test_who_moves_time_where_nothing_shows_it_sees_heat(screen: Page) -> None:
    expect(screen.locator("[data-layer=heat]")).to_have_attribute("aria-pressed", "false")
    thumb(screen, "window").focus()
    screen.keyboard.press("ArrowLeft")
    expect(screen.locator("[data-layer=heat]")).to_have_attribute("aria-pressed", "true")


def test_a_cluster_that_is_clicked_is_looked_at_closer(screen: Page) -> None:
    switch(screen, "clusters", "issues")
    zoom = "() => new URLSearchParams(location.hash.slice(1)).get('at')"
    before = screen.evaluate(zoom)
    spots = screen.evaluate(
        """() => {
            const canvas = document.querySelector('.gm-clusters');
            const { width, height } = canvas;
            const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
            const { left, top } = canvas.getBoundingClientRect();
            const found = [];
            for (let y = 2; y < height; y += 4) for (let x = 2; x < width; x += 4)
                if (data[(y * width + x) * 4 + 3] > 200) found.push([left + x + 6, top + y + 6]);
            return found;
        }"""
    )
    x, y = next(spot for spot in spots if 380 < spot[0] < 1100 and 120 < spot[1] < 700)
    screen.mouse.click(x, y)
    screen.wait_for_timeout(600)
    assert screen.evaluate(zoom) != before


# ---------------------------------------------------------------- by the keyboard, by itself


def test_the_window_is_moved_by_the_keyboard_step_by_step(screen: Page) -> None:
    window, start, end = (thumb(screen, name) for name in ("window", "start", "end"))
    end.focus()
    screen.keyboard.press("ArrowLeft")
    expect(end).to_have_attribute("aria-valuetext", "04-30")
    screen.keyboard.press("PageDown")
    expect(end).to_have_attribute("aria-valuetext", "04-23")
    start.focus()
    screen.keyboard.press("Home")
    expect(start).to_have_attribute("aria-valuenow", "0")
    window.focus()
    screen.keyboard.press("End")
    expect(end).to_have_attribute("aria-valuetext", "05-01")
    expect(window).to_have_attribute("aria-valuetext", re.compile(r"02-\d\d 至 05-01，共 \d+ 件"))


def test_steps_are_hours_days_or_weeks(screen: Page) -> None:
    end = thumb(screen, "end")
    screen.locator("[data-value=hour]").click()
    expect(said(screen)).to_have_text(re.compile("05-02 00:00 · "))
    end.focus()
    screen.keyboard.press("ArrowLeft")
    expect(end).to_have_attribute("aria-valuetext", "05-01 23:00")
    screen.locator("[data-value=week]").click()
    thumb(screen, "window").focus()
    screen.keyboard.press("ArrowLeft")
    expect(end).to_have_attribute("aria-valuetext", "04-24")


def test_it_plays_to_the_end_and_stops_there(screen: Page) -> None:
    screen.locator(".gm-time-length").get_by_text("7天", exact=True).click()
    screen.locator("[data-value=week]").click()
    screen.evaluate(
        """() => {
            window.told = [];
            const said = document.querySelector('.gm-time-said');
            new MutationObserver(() => window.told.push(said.textContent)).observe(said, {childList: true});
        }"""
    )
    button = screen.locator(".gm-time-play")
    button.click()
    expect(button).to_have_accessible_name("暂停")
    expect(button).to_have_attribute("aria-pressed", "false", timeout=20_000)
    told = screen.evaluate("() => window.told")
    # A picture may be left out, but time goes one way, over all of the past.
    assert told == sorted(told)
    assert 5 <= len(set(told)) <= 13
    assert told[0] < "02-20"
    assert told[-1] == "05-01 · 12件"


def test_it_rests_while_nobody_looks(screen: Page) -> None:
    button = screen.locator(".gm-time-play")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    screen.evaluate(
        """() => {
            Object.defineProperty(document, 'hidden', {configurable: true, get: () => true});
            document.dispatchEvent(new Event('visibilitychange'));
        }"""
    )
    expect(button).to_have_attribute("aria-pressed", "false")


def test_what_is_seen_can_be_sent(screen: Page) -> None:
    screen.locator(".gm-time-length").get_by_text("7天", exact=True).click()
    thumb(screen, "window").focus()
    screen.keyboard.press("PageDown")
    screen.keyboard.press("PageDown")
    there = "04-17 · 1件"
    expect(said(screen)).to_have_text(there)
    # The address follows a little later, once the window rests.
    screen.wait_for_url(re.compile("time=[^&]*2026-?04-?17"))
    screen.reload()
    expect(said(screen)).to_have_text(there)


# ---------------------------------------------------------------- figures


def test_reports_are_counted_in_the_page_and_other_figures_by_the_service(screen: Page) -> None:
    asked: list[Request] = []
    screen.on("request", lambda request: asked.append(request) if "/choropleth" in request.url else None)
    switch(screen, "choropleth")
    expect(screen.locator(".gm-time-meaning")).to_contain_text("颜色越深越多")
    thumb(screen, "window").focus()
    screen.keyboard.press("ArrowLeft")
    look(screen)
    assert asked == []
    with screen.expect_response("**/choropleth**") as answer:
        screen.locator("[data-slider=measure]").select_option("closing")
    assert answer.value.ok
    expect(screen.locator(".gm-time-meaning")).to_contain_text("颜色越深越好")
    expect(screen.locator(".gm-time-state")).to_be_empty()
    with screen.expect_response("**/choropleth**tier=1**"):
        screen.locator("[data-slider=tier]").select_option("1")


def test_a_figure_that_was_had_is_not_asked_for_again(screen: Page) -> None:
    switch(screen, "choropleth")
    expect(screen.locator("[data-slider=measure]")).to_have_value("reports_rate")
    for measure in ("open", "workload"):
        with screen.expect_response("**/choropleth**"):
            screen.locator("[data-slider=measure]").select_option(measure)
        expect(screen.locator(".gm-time-state")).to_be_empty()
    asked: list[str] = []
    screen.on("request", lambda request: asked.append(request.url) if "/choropleth" in request.url else None)
    screen.locator("[data-slider=measure]").select_option("open")
    look(screen)
    screen.wait_for_timeout(400)
    assert asked == []


def test_the_page_and_the_service_count_the_same(house: Served, screen: Page) -> None:
    switch(screen, "choropleth")
    screen.locator("[data-slider=tier]").select_option("2")
    screen.locator("[data-slider=measure]").select_option("reports")
    before = look(screen)["cells"]
    rows = (
        house.by("head")
        .get(
            f"/choropleth?indicator=reports&tier=2&since={(NOW - timedelta(days=30)).strftime('%Y-%m-%dT16:00:00Z')}"
            f"&until={NOW.strftime('%Y-%m-%dT16:00:00Z')}"
        )
        .json()["grids"]
    )
    assert {row["grid"]: row["value"] for row in rows if row["value"]} == {"Z1-C1": 12, "Z1-C2": 2}
    ramp = screen.evaluate(
        "() => [2, 1, 0].map(n => getComputedStyle(document.documentElement).getPropertyValue(`--load-${n}`).trim())"
    )
    assert [before.count(f"{colour} ") for colour in ramp] == [4, 4, 8]


def test_the_filter_of_categories_holds_for_the_past_too(screen: Page) -> None:
    screen.locator(".gm-time-length").get_by_text("90天").click()
    screen.locator(".gm-filters summary").click()
    screen.locator("[data-filter=category]").select_option("lift")
    expect(said(screen)).to_have_text(re.compile(f"· {sum(days <= 40 for _, days in REPORTED)}件"))


# ---------------------------------------------------------------- for whom, in which words, where


def test_each_sees_his_own_past_alone(opened: Callable[..., Page]) -> None:
    page = opened("grid_owner")
    expect(said(page)).to_have_text("05-01 · 12件")
    resident = opened("resident")
    expect(said(resident)).to_have_text("05-01 · 0件")
    expect(resident.locator("[data-layer=choropleth]")).to_have_count(0)


@pytest.mark.parametrize(
    ("language", "words", "name"),
    [("en", "05-01 · 14 reports", "Play"), ("zh-Hant", "05-01 · 14件", "播放"), ("zh-Hans", "05-01 · 14件", "播放")],
)
def test_it_speaks_the_readers_language(opened: Callable[..., Page], language: str, words: str, name: str) -> None:
    page = opened(more=f"?lang={language}")
    expect(said(page)).to_have_text(words)
    expect(page.locator(".gm-time-play")).to_have_accessible_name(name)


def test_dark_has_a_ramp_of_its_own(screen: Page) -> None:
    switch(screen, "heat", "choropleth")
    expect(screen.locator("[data-slider=measure]")).to_have_value("reports_rate")
    light = look(screen)["cells"]
    screen.locator("[data-tool=theme]").click()
    expect(screen.locator("html")).to_have_attribute("data-theme", "dark")
    assert look(screen)["cells"] != light


def test_on_a_phone_it_comes_with_what_it_moves(opened: Callable[..., Page]) -> None:
    page = opened(**PHONE)
    expect(page.locator("#gm-slider")).to_be_hidden()
    page.locator(".gm-legend summary").click()
    switch(page, "heat")
    expect(page.locator("#gm-slider")).to_be_visible()
    box = page.locator("#gm-slider").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390


def test_what_is_new_is_counted_by_and_by(house: Served, screen: Page) -> None:
    expect(said(screen)).to_have_text("05-01 · 14件")
    house.report("just now", spot(1.5, 1.5), category="lamp")
    expect(said(screen)).to_have_text("05-01 · 15件", timeout=45_000)


def test_a_map_in_a_file_has_its_past_inside(
    house: Served, screens: Callable[..., Page], complaints: list[str], tmp_path: Path
) -> None:
    with house.database.session() as session:
        drawn = atlas.grid_map(session, at=NOW + timedelta(minutes=1), site="WJ")
    path = tmp_path / "map.html"
    drawn.get_root().save(str(path))
    page = screens(offline=True)
    page.goto(path.as_uri())
    expect(said(page)).to_have_text(re.compile(r"05-01 · 1[45]件"))
    switch(page, "heat")
    before = look(page)
    thumb(page, "window").focus()
    page.keyboard.press("Home")
    assert look(page)["heat"] != before["heat"]
    # The file itself is all that is asked for.
    assert complaints == [f"a request to {path.as_uri()}"]
    complaints.clear()
