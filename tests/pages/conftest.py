"""The service on a port of this machine, with a store of its own, looked at through a real browser."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from playwright.sync_api import Browser, Page

from api.app import create_app
from gridmap.operations import accounts
from gridmap.settings import Settings
from gridmap.storage.cluster import Cluster
from gridmap.storage.database import Database
from tests.api.conftest import SECRET, STAFF, Clock, House, _beats, estates_template
from tests.browsing import browser, complaints, page, watch
from tests.conftest import fresh_store

__all__ = ["_beats", "browser", "complaints", "estates_template", "page"]

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}


@dataclass
class Served(House):
    """A house that browsers can reach."""

    address: str = ""

    def link(self, account: str) -> str:
        """An address by which somebody comes in once."""
        with self.database.session() as session:
            known = accounts.known(session, account)
            token = accounts.one_time_link_token(session, SECRET.encode(), known, self.clock())
        return f"{self.address}/sign-in/link/{token}"

    def sign_in(self, page: Page, account: str) -> Page:
        """The page, signed in: it stands at the map."""
        page.goto(self.link(account))
        page.wait_for_url(f"{self.address}/map**")
        return page


@contextmanager
def served(database: Database, home: Path, port: int = 0) -> Iterator[Served]:
    """The service on a port, answered by a thread of this process; its clock is put forward by hand."""
    clock = Clock()
    app = create_app(Settings(home=home, secret=SECRET), clock, lambda _: database)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        port = int(probe.getsockname()[1])
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the service did not start"
        time.sleep(0.02)
    address = f"http://127.0.0.1:{port}"
    with httpx2.Client(base_url=address, timeout=30) as client:
        yield Served(database, client, clock, address=address)
    app.state.office.hub.end()  # as a signal to stop would
    server.should_exit = True
    thread.join(timeout=30)


@pytest.fixture(scope="module", autouse=True)
def _many_sign_ins() -> Iterator[None]:
    """The tests of a module come in from one address, more often than people do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.sessions.ATTEMPTS_A_MINUTE", 1_000)
        yield


@pytest.fixture(scope="module")
def house(cluster: Cluster, estates_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The service for all tests of a module, with an account of every role."""
    with fresh_store(cluster, estates_template) as database, served(database, tmp_path_factory.mktemp("home")) as house:
        for name, (role, of) in STAFF.items():
            house.add(name, role, site=None if role == "admin" else "WJ", **of)
        house.add("stranger", "dispatcher", site="FREMD7")
        yield house


@pytest.fixture
def screens(browser: Browser, complaints: list[str]) -> Iterator[Callable[..., Page]]:
    """As many screens as are asked for, each of a profile of its own; whatever they complain of fails the test."""
    contexts = []

    def opened(**how: Any) -> Page:
        asked = {"locale": "zh-CN", "timezone_id": "Asia/Shanghai", "viewport": {"width": 1440, "height": 900}, **how}
        context = browser.new_context(**asked)
        contexts.append(context)
        watch(context, complaints)
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
