"""What every request passes before anything looks at it: size, sound names, and the headers of every answer."""

from __future__ import annotations

import logging
import re
from time import perf_counter
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import Problem

LOG = logging.getLogger("gridmap.api.requests")
SECRET: Final = re.compile(r"(/sign-in/link/|/follow/)[^/]+")
MEGABYTE: Final = 1_000_000
# What a body may weigh, where it is not a megabyte.
LARGER: Final = {"/issues/batch": 20 * MEGABYTE, "/report": 16 * MEGABYTE}
# A photo of ten, and what a form puts around it.
PHOTOS: Final = re.compile(r"/((issues|follow)/[^/]+|work)/photos")
PHOTO_BYTES: Final = 11 * MEGABYTE
HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


class TooLargeError(Exception):
    """A body goes on for longer than it may."""


class Gate:
    """Refuses bodies that are too large and addresses no database could hold; puts the headers on what goes out."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        send = _written_down(scope, send)
        limit = PHOTO_BYTES if PHOTOS.fullmatch(scope["path"]) else LARGER.get(scope["path"], MEGABYTE)
        refusal = _refusal(scope, limit)
        if refusal is not None:
            await refusal(scope, receive, _with_headers(send))
            return
        began = False

        async def sending(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self.app(scope, _counted(receive, limit), _with_headers(sending))
        except TooLargeError:
            if not began:
                await _too_large(limit)(scope, receive, _with_headers(send))


def _written_down(scope: Scope, send: Send) -> Send:
    """One line a request in the log: no body, no query, and no token that stands in a path."""
    began = perf_counter()

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start" and LOG.isEnabledFor(logging.INFO):
            path = SECRET.sub(r"\1…", scope["path"])
            LOG.info("%s %r %d %.0f ms", scope["method"], path, message["status"], (perf_counter() - began) * 1000)
        await send(message)

    return sending


def _refusal(scope: Scope, limit: int) -> Problem | None:
    if "\x00" in scope["path"] or b"%00" in scope.get("query_string", b""):
        return Problem(422, "invalid", "an address holds no NUL character", [{"field": "address", "message": "NUL"}])
    for name, value in scope["headers"]:
        # Python refuses to read numbers of thousands of digits.
        if name == b"content-length" and (not value.isdigit() or int(value[-20:]) > limit or len(value) > 20):
            return _too_large(limit)
    return None


def _too_large(limit: int) -> Problem:
    return Problem(413, "too-large", f"a body here is at most {limit:,} bytes: send less at once")


def _counted(receive: Receive, limit: int) -> Receive:
    taken = 0

    async def counting() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise TooLargeError
        return message

    return counting


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending
