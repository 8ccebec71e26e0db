"""Staff, ways and coverage on the map, and the public map, as a browser shows them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.api.conftest import NOW
from tests.estate import spot
from tests.pages.conftest import PHONE, Served

DUTY = "028-8500 0000"


def was(house: Served, code: str, minutes: int, place: tuple[float, float]) -> None:
    house.sql(
        "insert into position (person_id, at, received_at, geom) select p.id, :at, :at, "
        "st_setsrid(st_makepoint(:lon, :lat), 4326) from person p join site s on s.id = p.site_id "
        "where p.code = :code and s.code = 'WJ'",
        code=code, at=NOW - timedelta(minutes=minutes), lon=place[0], lat=place[1],
    )  # fmt: skip


@pytest.fixture
def out(house: Served) -> Iterator[Served]:
    """Two people are out, one of whom was seen just now."""
    was(house, "TOM", 0, spot(0.5, 0.5))
    was(house, "P-Z1-C1-1", 180, spot(0.8, 0.8))
    yield house
    house.sql("delete from position")


def test_staff_are_shown_by_their_last_position_and_paler_with_its_age(
    out: Served, screens: Callable[..., Page]
) -> None:
    page = out.sign_in(screens(locale="en-GB"), "dispatcher")
    staff = page.locator(".gm-staff")
    expect(staff).to_have_count(2)
    pale = {
        one.get_attribute("aria-label"): float(one.evaluate("each => getComputedStyle(each).opacity"))
        for one in staff.all()
    }
    old, new = sorted(pale.items(), key=lambda pair: pair[1])
    assert "name of P-Z1-C1-1" in str(old[0])
    assert "3 h" in str(old[0])
    assert "name of TOM" in str(new[0])
    assert old[1] < 0.6 < new[1]


def test_a_row_of_the_legend_shows_ways_and_coverage_of_a_day(out: Served, screens: Callable[..., Page]) -> None:
    page = out.sign_in(screens(locale="en-GB"), "dispatcher")
    day = page.locator("[data-panel=ground] input[type=date]")
    expect(day).to_be_hidden()
    with page.expect_response("**/tracks**"), page.expect_response("**/coverage**"):
        for name in ("ground_tracks", "ground_coverage"):
            page.locator(f"[data-layer={name}]").press("Enter")
    expect(day).to_have_value("2026-05-01")
    expect(page.locator(".leaflet-walked-pane canvas")).to_have_count(1)
    with page.expect_request("**/tracks?**day=2026-04-30**"):
        day.fill("2026-04-30")


def test_who_may_not_see_people_has_no_such_rows(house: Served, screens: Callable[..., Page]) -> None:
    page = house.sign_in(screens(), "resident")
    expect(page.locator("[data-layer=issues]")).to_be_visible()
    expect(page.locator("[data-layer^=ground_]")).to_have_count(0)


# ---------------------------------------------------------------- the public map


@pytest.fixture
def public(house: Served) -> Iterator[Served]:
    """The site shows itself to everybody."""
    house.sql("update site set public_map = true, plate_phone = :phone where code = 'WJ'", phone=DUTY)
    for number in range(3):
        house.report(f"lift {number}", spot(0.5, 0.5), category="lift")
    house.report("litter", spot(0.5, 0.5), category="litter")
    yield house
    house.sql("update site set public_map = false")


@pytest.mark.parametrize("how", [{}, PHONE], ids=["desktop", "phone"])
def test_anybody_finds_who_answers_and_roughly_what_is_open(
    public: Served, screens: Callable[..., Page], how: dict[str, object]
) -> None:
    page = screens(**how, locale="en-GB")
    page.goto(f"{public.address}/public")
    page.get_by_role("searchbox").fill("Z1-C1-1")
    page.locator(".gm-places button:visible").click()
    card = page.locator("#gm-card")
    expect(card).to_contain_text("name of P-Z1-C1-1")
    expect(card).to_contain_text(re.compile(r": \d"))
    expect(card).to_contain_text("fewer than 3")
    expect(card.get_by_role("link")).to_have_attribute("href", "tel:02885000000")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
