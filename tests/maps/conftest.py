"""The small estate as frames, without a store; and a page that is served here with the policy of the service."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from gridmap.maps.assets import STATIC
from tests import estate
from tests.browsing import browser, complaints, page

__all__ = ["browser", "complaints", "page"]

AT = datetime(2026, 5, 1, 8, tzinfo=UTC)
KINDS = {".js": "text/javascript", ".css": "text/css", ".png": "image/png"}
POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


def issue(code: str, column: float, row: float, **said: Any) -> dict[str, Any]:
    """An issue of the estate, at a place in units of cells."""
    known: dict[str, Any] = {
        "code": code, "category": "lift", "category_name": "lift", "status": "reported", "urgency": "normal",
        "reported_at": AT - timedelta(hours=2), "due_at": AT + timedelta(hours=2), "grid": "Z1-C1-1", "tier1": "Z1",
        "tier2": "Z1-C1", "tier3": "Z1-C1-1", "owner_role": "grid_owner", "owner_name": "王海燕", "level": None,
        "text": None, "geometry": shapely.Point(estate.spot(column, row)),
    }  # fmt: skip
    return known | said


def issues_of(*rows: dict[str, Any]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(list(rows), crs=4326)


def small_frames() -> dict[str, Any]:
    """Every layer of the estate, with owners and phones, and one issue of each sort."""
    grids = estate.grids()
    grids = grids.assign(
        households=40, owner_role="grid_owner", phone="13812345678",
        owner_name=[f"持有人{number}" for number in range(len(grids))],
    )  # fmt: skip
    road = shapely.LineString([estate.spot(-20, -1), estate.spot(20, -1)])
    ground = [
        {"code": "RD-1", "name": "望江路", "kind": "road", "geometry": road},
        {"code": "RV-1", "name": "锦江", "kind": "river", "geometry": estate.cell(-4, -3, 12, 1)},
    ]
    return {
        "grids": grids,
        "buildings": estate.houses().assign(name="1号楼", use="住宅", floors=6.0),
        "facilities": pd.concat(
            [gpd.GeoDataFrame(ground, crs=4326), estate.facilities().assign(state="degraded")], ignore_index=True
        ),
        "overlays": estate.overlays(),
        "issues": issues_of(
            issue("WJ-1", 0.2, 0.2, due_at=AT - timedelta(hours=5), text="门关不上"),
            issue("WJ-2", 1.2, 0.2, urgency="emergency"),
            issue("WJ-3", 2.2, 0.2, category="moon", category_name="月亮"),
            issue("WJ-4", 3.2, 0.2, status="in_progress"),
            issue("WJ-5", 0.2, 1.2, status="resolved"),
            issue("WJ-6", 1.2, 1.2, status="closed"),
        ),
        "heat": pd.DataFrame(
            {
                "lon": [estate.spot(0.2, 0.2)[0]] * 3,
                "lat": [estate.spot(0.2, 0.2)[1]] * 3,
                "reported_at": [AT - timedelta(days=days, hours=1) for days in (0, 1, 89)],
            }
        ),
    }


@pytest.fixture
def frames() -> dict[str, Any]:
    return small_frames()


Serve = Callable[..., str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve a page and our static files on this machine: its address; without `nonce` nothing but the page."""
    with serving() as serve_page:
        yield serve_page


@contextmanager
def serving() -> Iterator[Serve]:
    known: dict[str, tuple[str, str | None]] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path in known:
                html, nonce = known[path]
                headers = {"Content-Security-Policy": POLICY.format(nonce=nonce)} if nonce else {}
                self.answer(html.encode(), "text/html; charset=utf-8", headers)
                return
            file = (STATIC / path.removeprefix("/static/")).resolve()
            if path.startswith("/static/") and file.is_relative_to(STATIC) and file.is_file():
                self.answer(file.read_bytes(), KINDS.get(file.suffix, "text/plain"), {})
            elif path == "/favicon.ico":
                self.answer(b"", "image/x-icon", {})
            else:
                self.send_error(404)

        def answer(self, body: bytes, kind: str, headers: dict[str, str]) -> None:
            self.send_response(200)
            for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()

    def serve_page(html: str, nonce: str | None = None) -> str:
        path = f"/page{len(known)}"
        known[path] = (html, nonce)
        return f"http://127.0.0.1:{server.server_port}{path}"

    try:
        yield serve_page
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
