"""The browser of the tests sees this machine only, and says what pages complain of."""

from __future__ import annotations

import asyncio
import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browsing import browser, complaints, page

__all__ = ["browser", "complaints", "page"]


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """A folder served from this machine."""
    answer = functools.partial(_Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def write(folder: Path, body: str) -> None:
    text = f"<!doctype html><meta charset=utf-8><link rel=icon href='data:,'><title>t</title>{body}"
    (folder / "index.html").write_text(text, "utf-8")


def test_a_page_of_this_machine_is_opened_without_complaint(page: Page, site: str, tmp_path: Path) -> None:
    write(tmp_path, "<h1>网格地图</h1><script>document.title = 'run'</script>")
    page.goto(site)
    assert page.inner_text("h1") == "网格地图"
    assert page.title() == "run"


def test_chinese_signs_are_drawn_with_a_font_that_has_them(page: Page, site: str, tmp_path: Path) -> None:
    write(tmp_path, "<canvas width=80 height=40></canvas>")
    page.goto(site)
    draw = """sign => {
        const pen = document.querySelector("canvas").getContext("2d");
        pen.clearRect(0, 0, 80, 40);
        pen.font = "32px sans-serif";
        pen.fillText(sign, 4, 32);
        return document.querySelector("canvas").toDataURL();
    }"""
    # Signs without a font all look alike: boxes.
    assert len({page.evaluate(draw, sign) for sign in "网格地图"}) == 4


def test_a_foreign_request_is_noted(page: Page, site: str, tmp_path: Path, complaints: list[str]) -> None:
    write(tmp_path, "<img src='http://elsewhere.invalid/a.png'>")
    page.goto(site, wait_until="load")
    assert "a request to http://elsewhere.invalid/a.png" in complaints
    complaints.clear()


def test_an_error_of_a_script_is_noted(page: Page, site: str, tmp_path: Path, complaints: list[str]) -> None:
    write(tmp_path, "<script>console.error('said'); throw new Error('thrown')</script>")
    page.goto(site, wait_until="load")
    assert complaints == ["a console error: said", "a page error: thrown"]
    complaints.clear()


@pytest.fixture(scope="module", autouse=True)
def _nothing_of_the_browser_is_left() -> Iterator[None]:
    yield
    asyncio.run(asyncio.sleep(0))
