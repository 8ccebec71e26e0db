"""Tiles that were made, kept in the process: who asks for one again is answered before anything else is looked at.

What a tile was made for is its key: how far the viewer sees, and what moves when the tile may have changed. Which key
holds for a viewer is asked of the database, and known for a moment: in between nobody waits for it.
"""

from __future__ import annotations

import gzip
import math
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from threading import Lock
from typing import Final

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.types import ASGIApp, Receive, Scope, Send

from api import sessions
from api.gate import HEADERS
from gridmap.domain.rights import Viewer
from gridmap.domain.zooms import LAST_ZOOM, Tile, tile_at
from gridmap.errors import NotSignedInError
from gridmap.storage import tiles

MEDIA_TYPE: Final = "application/vnd.mapbox-vector-tile"
# Issues move all the time; a screen is told so, gathers for a while, and then asks.
KNOWN_S: Final = {"issues": 0.2}
KNOWN_ELSE_S: Final = 1.0
MOST_BYTES: Final = 64_000_000
MOST_VIEWS: Final = 10_000
# What a kept tile takes beside its bytes.
BESIDE: Final = 600
ADDRESS: Final = re.compile(r"/tiles/([a-z]+)/(\d{1,2})/(\d{1,6})/(\d{1,6})")
SITE: Final = re.compile(rb"(?:site=([A-Za-z0-9_.-]+))?")

MOST_WRITTEN: Final = 200_000
# It stands before the gate, which puts these on all else.
GUARDS: Final = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]

Key = tuple[Hashable, ...]
Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Made:
    """A tile, packed by gzip, and what it is known by."""

    body: bytes
    etag: bytes

    @classmethod
    def of(cls, body: bytes) -> Made:
        return cls(body, b'"' + blake2b(body, digest_size=12).hexdigest().encode() + b'"')


class Shelf:
    """The tiles of a process, the longest unasked leaving first, and which of them are whose at this moment."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._made: OrderedDict[Key, Made] = OrderedDict()
        self._bytes = 0
        self._views: dict[tuple[Viewer, str, str], tuple[float, Key]] = {}
        self._lock = Lock()
        self._making = [Lock() for _ in range(64)]
        self._heard: tuple[float, tiles.Heard | None] = (-math.inf, None)
        self._hearing = Lock()
        # How often issues were written about on a tile; all of it is forgotten when that cannot be told.
        self._written: dict[Tile, int] = {}
        self._forgotten = 0

    def key(self, viewer: Viewer, site: str, layer: str) -> Key | None:
        """What the viewer sees of a layer, if that was asked a moment ago."""
        since, key = self._views.get((viewer, site, layer), (0.0, None))
        return key if key is not None and self._clock() - since < KNOWN_S.get(layer, KNOWN_ELSE_S) else None

    def saw(self, viewer: Viewer, site: str, layer: str, key: Key) -> None:
        if len(self._views) >= MOST_VIEWS:
            self._views.clear()
        self._views[viewer, site, layer] = (self._clock(), key)

    def hear(self, session: Session) -> int:
        """Find out on which tiles issues were written about; the number moves when that cannot be told."""
        with self._hearing:
            since, last = self._heard
            if self._clock() - since >= KNOWN_S.get("issues", 0.0):
                began = self._clock()
                heard, places = tiles.heard_since(session, last)
                self._note(places)
                self._heard = began, heard
            return self._forgotten

    def _note(self, places: list[tuple[float, float]] | None) -> None:
        if places is None or len(self._written) > MOST_WRITTEN:
            self._forgotten += 1
            self._written.clear()
        for lon, lat in places or ():
            for zoom in range(LAST_ZOOM + 1):
                tile = tile_at(lon, lat, zoom)
                self._written[tile] = self._written.get(tile, 0) + 1

    def place(self, key: Key, tile: Tile) -> Key:
        """Under what a tile is kept; to be asked before it is made, for it may change meanwhile."""
        return (*key, tile, self._written.get(tile, 0)) if key[0] == "issues" else (*key, tile)

    def get(self, place: Key) -> Made | None:
        with self._lock:
            made = self._made.get(place)
            if made is not None:
                self._made.move_to_end(place)
            return made

    def put(self, place: Key, body: bytes) -> Made:
        made = Made.of(body)
        with self._lock:
            if place not in self._made:
                self._bytes += len(body) + BESIDE
            self._made[place] = made
            while self._bytes > MOST_BYTES:
                _, old = self._made.popitem(last=False)
                self._bytes -= len(old.body) + BESIDE
        return made

    @contextmanager
    def making(self, place: Key) -> Iterator[None]:
        """One makes a tile; whoever wants it meanwhile waits, and finds it."""
        with self._making[hash(place) % len(self._making)]:
            yield


def answer(made: Made, scope: Scope) -> tuple[int, Headers, bytes]:
    """Status, headers and body by which a tile is sent."""
    accepted = _header(scope, b"accept-encoding")
    plain = b"gzip" not in accepted
    etag = made.etag[:-1] + b'-plain"' if plain and made.body else made.etag
    headers: Headers = [
        (b"etag", etag),
        (b"cache-control", b"private, no-cache"),
        (b"vary", b"Accept-Encoding, Authorization, Cookie"),
    ]
    if etag in (part.strip().removeprefix(b"W/") for part in _header(scope, b"if-none-match").split(b",")):
        return 304, headers, b""
    if not made.body:
        return 204, headers, b""
    body = gzip.decompress(made.body) if plain else made.body
    headers += [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    if not plain:
        headers.append((b"content-encoding", b"gzip"))
    return 200, headers, body


def _header(scope: Scope, name: bytes) -> bytes:
    return next((value for key, value in scope["headers"] if key == name), b"")


class FromTheShelf:
    """Answers who asks for a tile that is there, and was admitted to it a moment ago; all else goes on."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        made = _found(scope) if scope["type"] == "http" and scope["path"].startswith("/tiles/") else None
        if made is None:
            await self.app(scope, receive, send)
            return
        status, headers, body = answer(made, scope)
        await send({"type": "http.response.start", "status": status, "headers": headers + GUARDS})
        await send({"type": "http.response.body", "body": body})


def _found(scope: Scope) -> Made | None:
    address, site = ADDRESS.fullmatch(scope["path"]), SITE.fullmatch(scope["query_string"])
    if address is None or site is None or scope["method"] != "GET":
        return None
    try:
        viewer = sessions.known_viewer(Request(scope))
    except NotSignedInError:
        return None
    if viewer is None:
        return None
    shelf: Shelf = scope["app"].state.office.shelf
    key = shelf.key(viewer, (site[1] or b"").decode(), address[1])
    if key is None:
        return None
    return shelf.get(shelf.place(key, Tile(int(address[2]), int(address[3]), int(address[4]))))
