"""The page as it lives: what others do is painted, and whatever breaks comes back without a reload."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from gridmap.storage.cluster import Cluster
from tests.conftest import fresh_store
from tests.estate import spot
from tests.pages.conftest import Served, served


def badge(page: Page, state: str) -> None:
    expect(page.locator(f"#gm-badge [data-state={state}]")).to_be_visible()


def painted(page: Page, code: str, number: int = 1) -> None:
    """An issue is in the list, which is the map for those who do not see it."""
    expect(page.locator(f"[data-code='{code}']")).to_have_count(number)


def shown(page: Page, visible: bool) -> None:
    """Put the tab away, or fetch it back."""
    page.evaluate(
        """hidden => {
            Object.defineProperty(document, 'hidden', {configurable: true, get: () => hidden});
            document.dispatchEvent(new Event('visibilitychange'));
        }""",
        not visible,
    )


@pytest.fixture
def screen(house: Served, screens: Callable[..., Page]) -> Page:
    """A dispatcher's screen that is live."""
    page = house.sign_in(screens(), "dispatcher")
    badge(page, "live")
    return page


def test_what_is_reported_is_painted_on_every_other_screen_and_goes_when_it_has_ended(
    house: Served, screen: Page, screens: Callable[..., Page]
) -> None:
    other = house.sign_in(screens(), "supervisor")
    badge(other, "live")
    code = house.report("painted", spot(0.5, 0.5), category="lift")
    for page in (screen, other):
        painted(page, code)
        expect(page.locator(".gm-issue.gm-changed")).to_have_count(1)
    answer = house.by("dispatcher").post(f"/issues/{code}/actions", json={"action": "void", "note": "nothing"})
    assert answer.status_code == 200
    for page in (screen, other):
        painted(page, code, 0)


def test_a_screen_of_somebody_else_is_told_nothing_of_it(house: Served, screens: Callable[..., Page]) -> None:
    page = house.sign_in(screens(), "resident")
    badge(page, "live")
    theirs = house.report("theirs", spot(0.5, 0.5), by="neighbour", category="noise")
    mine = house.report("mine", spot(0.5, 0.5), by="resident", category="noise")
    painted(page, mine)
    painted(page, theirs, 0)
    assert page.evaluate("document.documentElement.outerHTML").count(theirs) == 0


def test_a_tab_that_nobody_looks_at_closes_its_stream_and_catches_up_later(house: Served, screen: Page) -> None:
    with screen.expect_event("requestfailed", lambda request: re.search(r"/live(\?|$)", request.url) is not None):
        shown(screen, visible=False)
    code = house.report("meanwhile", spot(1.5, 0.5), category="lamp")
    with screen.expect_request(re.compile(r"/live(\?|$)")):
        shown(screen, visible=True)
    painted(screen, code)


def test_a_listener_that_is_cut_off_comes_back_by_itself(house: Served, screen: Page) -> None:
    house.sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'gridmap live'")
    code = house.report("after the cut", spot(1.5, 1.5), category="lamp")
    painted(screen, code)
    badge(screen, "live")


def test_who_is_signed_out_elsewhere_is_told_that_it_stands_still(
    house: Served, screen: Page, complaints: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.routes.live.CHECK_S", 0.2)
    screen.reload()
    badge(screen, "live")
    house.sql("update account set closed_at = :at where name = 'dispatcher'", at=house.clock())
    badge(screen, "off")
    house.sql("update account set closed_at = null where name = 'dispatcher'")
    complaints[:] = [said for said in complaints if "401" not in said]


def test_where_no_stream_comes_through_it_asks_every_few_seconds_and_says_so(
    house: Served, screens: Callable[..., Page], complaints: list[str]
) -> None:
    page = screens()
    page.route(re.compile(r"/live(\?|$)"), lambda route: route.abort())
    house.sign_in(page, "dispatcher")
    badge(page, "polling")
    code = house.report("asked for", spot(2.5, 0.5), category="lamp")
    painted(page, code)
    page.unroute(re.compile(r"/live(\?|$)"))
    badge(page, "live")
    complaints[:] = [said for said in complaints if "ERR_FAILED" not in said]


# ---------------------------------------------------------------- the service stops


@pytest.fixture
def homes(
    cluster: Cluster, estates_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., object]]:
    """The same store, served as often as is asked for."""
    with fresh_store(cluster, estates_template) as database:
        home = tmp_path_factory.mktemp("home")
        yield lambda port=0: served(database, home, port)


def test_a_service_that_is_stopped_and_started_again_is_caught_up_with(
    homes: Callable[..., object], screens: Callable[..., Page], complaints: list[str]
) -> None:
    page = screens()
    with homes() as house:  # type: ignore[attr-defined]
        house.add("dispatcher", "dispatcher")
        house.sign_in(page, "dispatcher")
        badge(page, "live")
        port, keys = int(house.address.rsplit(":", 1)[1]), house.keys
    badge(page, "again")
    with homes(port) as house:  # type: ignore[attr-defined]
        house.keys.update(keys)
        code = house.report("after the start", spot(0.5, 0.5), category="lift")
        painted(page, code)
        badge(page, "live")
        page.close()
    complaints[:] = [said for said in complaints if "net::ERR_" not in said]
