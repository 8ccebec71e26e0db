"""The pages as a browser has them: signed in by a link, on a service that answers on a port."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from playwright.sync_api import Page, expect

from api.app import create_app
from gridmap.operations import accounts
from gridmap.settings import Settings
from gridmap.storage.cluster import Cluster
from gridmap.storage.database import Database
from tests.api.conftest import SECRET
from tests.conftest import fresh_store
from tests.estate import spot

TAG, LITERAL = "<img src=x onerror=\"document.title='ran'\">", "${document.title='ran'}"
SCRIPT = "</script><script>document.title='ran'</script>"
# What ran in Folium, or blanked the map, when it came as the text of an issue: raw, escaped, and broken off.
HOSTILE = (
    TAG, LITERAL, SCRIPT, escape(TAG), escape(LITERAL), escape(SCRIPT), "abc\\", escape("abc\\"), "a\\`${1}\\",
    "`+(document.title='ran')+`", "{{ document.title }}", "{% raw %}", "\" onmouseover=\"document.title='ran'\" x='",
    "javascript:document.title='ran'", "<svg onload=\"document.title='ran'\">",
    "]]><script>document.title='ran'</script>",
    "<!--", "<iframe srcdoc=\"<script>parent.document.title='ran'</script>\">", "\u2028document.title='ran'\u2029",
    "\\u003cimg src=x onerror=document.title='ran'\\u003e", "&lt;img src=x onerror=document.title='ran'&gt;",
    "<a href=\"javascript:document.title='ran'\">x</a>", "$" + "{`${document.title='ran'}`}",
)  # fmt: skip


@dataclass
class Service:
    """A service on a port, and a program's key to it."""

    address: str
    database: Database
    key: str
    link: Callable[[str], str]

    def report(self, **said: Any) -> str:
        lon, lat = spot(0.5, 0.5)
        answer = httpx2.post(
            f"{self.address}/issues",
            json={"lon": lon, "lat": lat, "category": "lift", **said},
            headers={"Authorization": f"Bearer {self.key}"},
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["code"])


@pytest.fixture(scope="module")
def service(cluster: Cluster, estates_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service on a free port of this machine, on a store with the small estate."""
    home: Path = tmp_path_factory.mktemp("home")
    with fresh_store(cluster, estates_template) as database:
        app = create_app(Settings(home=home, secret=SECRET), database=lambda _: database)
        server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", access_log=False))
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        port = server.servers[0].sockets[0].getsockname()[1]
        address = f"http://127.0.0.1:{port}"

        def link(name: str) -> str:
            with database.session() as session:
                account = accounts.known(session, name)
                token = accounts.one_time_link_token(session, SECRET.encode(), account, datetime.now(UTC))
            return f"{address}/sign-in/link/{token}"

        with database.session() as session:
            now = datetime.now(UTC)
            for name in ("dispatcher", "resident", "analyst"):
                accounts.add(session, name, name, "WJ", None, None, None, now)
            key = accounts.new_key(session, accounts.known(session, "dispatcher"), SECRET.encode(), now)
        yield Service(address, database, key, link)
        server.should_exit = True
        thread.join()


@pytest.fixture
def signed_in(page: Page, service: Service) -> Page:
    """The map, as the dispatcher has it."""
    page.goto(service.link("dispatcher"))
    page.wait_for_url("**/map")
    page.wait_for_selector(".gm-ready")
    return page


def test_the_map_opens_by_the_link_without_a_foreign_request_or_an_error(signed_in: Page) -> None:
    assert signed_in.locator("path.leaflet-interactive").count() >= 16
    expect(signed_in.locator("html")).to_have_attribute("lang", "zh-Hans")


def test_an_issue_that_is_posted_is_on_the_map(signed_in: Page, service: Service) -> None:
    code = service.report(text="电梯停运了")
    signed_in.locator(f'#gm-list [data-code="{code}"] button').click()
    expect(signed_in.locator("#gm-card")).to_contain_text("电梯停运了")


def test_nothing_that_is_posted_runs_on_the_map(signed_in: Page, service: Service) -> None:
    assert len(HOSTILE) == 23
    codes = [service.report(text=said, level=said[:20].strip(), urgency="urgent") for said in HOSTILE]
    signed_in.reload()
    signed_in.wait_for_selector(".gm-ready")
    title = signed_in.title()
    for code, said in zip(codes, HOSTILE, strict=True):
        signed_in.locator(f'#gm-list [data-code="{code}"] button').click()
        expect(signed_in.locator("#gm-card")).to_contain_text(" ".join(said.split()))
        signed_in.keyboard.press("Escape")
        expect(signed_in.locator("#gm-card")).to_be_hidden()
    assert signed_in.title() == title
    assert signed_in.locator("img[src=x], [onmouseover], svg[onload], iframe").count() == 0


def test_who_is_not_signed_in_is_asked_to(page: Page, service: Service) -> None:
    page.goto(f"{service.address}/")
    expect(page).to_have_url(f"{service.address}/sign-in")


def test_a_resident_is_sent_nothing_that_he_may_not_see(page: Page, service: Service) -> None:
    code = service.report(text="不给居民看的内容", reporter={"name": "赵敏", "phone": "13712345678"})
    page.goto(service.link("resident"))
    page.wait_for_url("**/map")
    sent = page.context.request.get(f"{service.address}/map").text()
    assert [
        word for word in (code, "不给居民看的内容", "赵敏", "13712345678", "13800000000", "name of P-") if word in sent
    ] == []


def test_the_language_is_switched_and_kept(signed_in: Page, service: Service) -> None:
    signed_in.goto(f"{service.address}/map?lang=en")
    expect(signed_in.locator("html")).to_have_attribute("lang", "en")
    signed_in.goto(f"{service.address}/map")
    expect(signed_in.locator("html")).to_have_attribute("lang", "en")


def test_the_description_of_the_api_opens_and_asks_nobody_else(page: Page, service: Service) -> None:
    page.goto(f"{service.address}/docs")
    expect(page.locator("#api .opblock").first).to_be_visible()
    # Of so many operations those are laid out that are in view.
    page.mouse.wheel(0, 4_000)
    expect(page.locator("#api .opblock-tag").last).to_be_visible()
    assert page.locator("#api .opblock").count() >= 5
